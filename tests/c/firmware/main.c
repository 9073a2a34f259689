/* Classifies ten images as tests/firmware/src/bin/classify.rs does, and reports class and hash of the logits.
 *
 * A product needs only `classify`. The compiler is told the sizes that `export` prints: IMAGE_LEN and ARENA_LEN.
 */
#include "ocelli.h"

#include "../fnv.h"
#include "board.h"

enum { IMAGES = 10, BYTES_OF_AN_IMAGE_IN_FLASH = 3072 };

extern const uint8_t BLOB[], BLOB_END[], PHOTOGRAPHS[];

static uint64_t memory[OCELLI_MODEL_SIZE / sizeof(uint64_t)];
static uint8_t arena[ARENA_LEN];

static ocelli_status classify(
    const ocelli_model *model, const uint8_t *image, ocelli_output *output, size_t *class_index
) {
    count_start();
    ocelli_status status = ocelli_run(model, image, IMAGE_LEN, arena, sizeof arena, output);
    count_stop();
    return status != OCELLI_STATUS_OK ? status : ocelli_class(output, class_index);
}

int main(void) {
    const ocelli_model *model;
    ocelli_status status = ocelli_parse(BLOB, (size_t)(BLOB_END - BLOB), memory, sizeof memory, &model);
    uint64_t hash = FNV_START;
    for (int image = 0; status == OCELLI_STATUS_OK && image < IMAGES; image++) {
        ocelli_output output;
        const int32_t *logits;
        size_t class_index, count = 0;
        status = classify(model, PHOTOGRAPHS + image * BYTES_OF_AN_IMAGE_IN_FLASH, &output, &class_index);
        if (status == OCELLI_STATUS_OK) {
            status = ocelli_logits(&output, &logits, &count);
            print_number("class", class_index);
        }
        for (size_t at = 0; at < count; at++) {
            hash = fnv(hash, logits[at]);
        }
    }
    print_hexadecimal("hash", hash);
    return status;
}
