/* Definitions that the files of the test program share. */
#ifndef TEST_H
#define TEST_H

#include "ocelli.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct bytes {
    const uint8_t *bytes;
    size_t len;
};

struct inputs {
    struct bytes blob, index, images;
};

extern int failures;

/* Whether a condition holds. The program goes on, so that one run shows every failure. */
#define CHECK(condition) \
    ((condition) ? (void)0 : (failures++, (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition)))

/* Whether a call returns a status. */
#define EXPECT(status, call) expect(OCELLI_STATUS_##status, (call), __FILE__, __LINE__)

void expect(ocelli_status expected, ocelli_status found, const char *file, int line);

/* A block of the heap, so that a sanitizer notices every byte beyond it. */
void *block(size_t len);

void print_results(const struct inputs *inputs);
void check_faults(const struct inputs *inputs);
void check_index(const struct inputs *inputs);
void check_parts(const struct inputs *inputs);

#endif
