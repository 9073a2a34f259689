/* FNV-1a with 64 bits over integers, each as four little-endian bytes, as the crate `kit` computes it. */
#ifndef FNV_H
#define FNV_H

#include <stdint.h>

#define FNV_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t fnv(uint64_t hash, int32_t value) {
    for (int byte = 0; byte < 4; byte++) {
        hash = (hash ^ ((uint32_t)value >> (8 * byte) & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

#endif
