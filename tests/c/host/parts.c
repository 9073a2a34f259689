/* Checks that a run in parts and an image row by row give the same bits as one call. */
#include "test.h"

#include <string.h>

static void same(const ocelli_output *output, const int32_t *expected, size_t count) {
    const int32_t *logits;
    size_t found;
    EXPECT(OK, ocelli_logits(output, &logits, &found));
    CHECK(found == count && memcmp(logits, expected, count * sizeof *logits) == 0);
}

void check_parts(const struct inputs *inputs) {
    const ocelli_model *model;
    const int32_t *logits;
    ocelli_info info;
    ocelli_output output;
    size_t count, calls = 0;
    const uint8_t *image = inputs->images.bytes;
    uint64_t *memory = block(OCELLI_MODEL_SIZE);
    EXPECT(OK, ocelli_parse(inputs->blob.bytes, inputs->blob.len, memory, OCELLI_MODEL_SIZE, &model));
    EXPECT(OK, ocelli_model_info(model, &info));
    uint8_t *arena = block(info.arena_len);
    EXPECT(OK, ocelli_run(model, image, info.image_len, arena, info.arena_len, &output));
    EXPECT(OK, ocelli_logits(&output, &logits, &count));
    int32_t *expected = block(count * sizeof *expected);
    memcpy(expected, logits, count * sizeof *expected);

    ocelli_step_state step = {0};
    for (int run = 0; run < 2; run++) {
        ocelli_status status;
        do {
            status = ocelli_step(model, image, info.image_len, arena, info.arena_len, &step, &output);
            calls++;
        } while (status == OCELLI_STATUS_MORE);
        EXPECT(OK, status);
        same(&output, expected, count);
    }
    CHECK(calls > 2);

    ocelli_rows rows;
    size_t row_len = 3 * info.width;
    EXPECT(OK, ocelli_rows_begin(model, arena, info.arena_len, &rows));
    for (size_t y = 0; y < info.height; y++) {
        EXPECT(ROW, ocelli_rows_next(&rows, image, row_len - 1));
        EXPECT(OK, ocelli_rows_next(&rows, image + y * row_len, row_len));
    }
    EXPECT(ROWS, ocelli_rows_next(&rows, image, row_len));
    EXPECT(OK, ocelli_rows_finish(&rows, &output));
    same(&output, expected, count);
    EXPECT(NOT_MADE, ocelli_rows_finish(&rows, &output));
    EXPECT(NOT_MADE, ocelli_logits(&output, &logits, &count));
    EXPECT(OK, ocelli_rows_begin(model, arena, info.arena_len, &rows));
    EXPECT(ROWS, ocelli_rows_finish(&rows, &output));
    EXPECT(NOT_MADE, ocelli_rows_next(&rows, image, row_len));

    uint8_t *fast = block(info.arena_len_fast + 1);
    EXPECT(OK, ocelli_run(model, image, info.image_len, fast + 1, info.arena_len_fast, &output));
    same(&output, expected, count);
    free(fast);
    free(expected);
    free(arena);
    free(memory);
}
