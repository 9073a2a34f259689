/* Calls with arguments that are null, short, misaligned, overlapping or not made. Each must return an error code. */
#include "test.h"

#include <string.h>

/* A pointer without the alignment of an object. */
#define ASKEW(pointer) ((void *)((char *)(pointer) + 1))

static void statuses(void) {
    int texts = 0;
    for (int32_t number = -1; number < 100; number++) {
        const char *text = ocelli_status_text(number);
        CHECK(text != NULL && strlen(text) > 3);
        texts += strcmp(text, ocelli_status_text(-1)) != 0;
    }
    CHECK(texts == 40);
    CHECK(strcmp(ocelli_status_text(OCELLI_STATUS_OK), "success") == 0);
}

static void parsing(const struct inputs *inputs, uint64_t *memory) {
    const ocelli_model *model;
    const uint8_t *blob = inputs->blob.bytes;
    size_t len = inputs->blob.len;
    EXPECT(NULL, ocelli_parse(NULL, len, memory, OCELLI_MODEL_SIZE, &model));
    CHECK(model == NULL);
    EXPECT(NULL, ocelli_parse(blob, len, NULL, OCELLI_MODEL_SIZE, &model));
    EXPECT(NULL, ocelli_parse(blob, len, memory, OCELLI_MODEL_SIZE, NULL));
    EXPECT(SHORT, ocelli_parse(blob, len, memory, OCELLI_MODEL_SIZE - 1, &model));
    EXPECT(MISALIGNED, ocelli_parse(blob, len, ASKEW(memory), OCELLI_MODEL_SIZE, &model));
    EXPECT(MISALIGNED, ocelli_parse(blob, len, memory, OCELLI_MODEL_SIZE, ASKEW(&model)));
    EXPECT(TOO_LONG, ocelli_parse(blob, SIZE_MAX, memory, OCELLI_MODEL_SIZE, &model));
    EXPECT(OVERLAP, ocelli_parse((uint8_t *)memory + 8, 8, memory, OCELLI_MODEL_SIZE, &model));
    EXPECT(TRUNCATED, ocelli_parse(blob, 3, memory, OCELLI_MODEL_SIZE, &model));
    EXPECT(LENGTH, ocelli_parse(blob, len - 1, memory, OCELLI_MODEL_SIZE, &model));
    EXPECT(MAGIC, ocelli_parse(inputs->index.bytes, inputs->index.len, memory, OCELLI_MODEL_SIZE, &model));
    uint8_t *damaged = block(len);
    memcpy(damaged, blob, len);
    damaged[len / 2] ^= 1;
    EXPECT(CHECKSUM, ocelli_parse(damaged, len, memory, OCELLI_MODEL_SIZE, &model));
    CHECK(model == NULL);
    free(damaged);
    ocelli_index index;
    EXPECT(MAGIC, ocelli_index_parse(blob, len, &index));
    EXPECT(NULL, ocelli_index_parse(NULL, len, &index));
    EXPECT(NULL, ocelli_index_parse(inputs->index.bytes, inputs->index.len, NULL));
    EXPECT(MISALIGNED, ocelli_index_parse(inputs->index.bytes, inputs->index.len, ASKEW(&index)));
    CHECK(ocelli_index_len(&index) == 0 && ocelli_index_len(NULL) == 0);
}

static void runs(const ocelli_model *model, const uint8_t *image, const ocelli_info *info) {
    size_t len = info->arena_len, image_len = info->image_len;
    uint8_t *arena = block(len);
    ocelli_output output;
    size_t class_index;
    EXPECT(NULL, ocelli_run(NULL, image, image_len, arena, len, &output));
    EXPECT(NULL, ocelli_run(model, NULL, image_len, arena, len, &output));
    EXPECT(NULL, ocelli_run(model, image, image_len, NULL, len, &output));
    EXPECT(NULL, ocelli_run(model, image, image_len, arena, len, NULL));
    EXPECT(IMAGE, ocelli_run(model, image, image_len - 1, arena, len, &output));
    EXPECT(ARENA, ocelli_run(model, image, image_len, arena, len - 1, &output));
    EXPECT(TOO_LONG, ocelli_run(model, image, image_len, arena, SIZE_MAX, &output));
    EXPECT(MISALIGNED, ocelli_run(ASKEW(model), image, image_len, arena, len, &output));
    EXPECT(MISALIGNED, ocelli_run(model, image, image_len, arena, len, ASKEW(&output)));
    EXPECT(OVERLAP, ocelli_run(model, arena, image_len, arena, len, &output));
    EXPECT(OVERLAP, ocelli_run(model, arena + len - 1, image_len, arena, len, &output));
    EXPECT(NOT_MADE, ocelli_class(&output, &class_index));
    EXPECT(OK, ocelli_run(model, image, image_len, arena, len, &output));
    EXPECT(IMAGE, ocelli_run(model, image, 0, arena, len, &output));
    EXPECT(NOT_MADE, ocelli_class(&output, &class_index));

    ocelli_step_state step = {0};
    EXPECT(NULL, ocelli_step(model, image, image_len, arena, len, NULL, &output));
    EXPECT(ARENA, ocelli_step(model, image, image_len, arena, 1, &step, &output));
    EXPECT(OVERLAP, ocelli_step(model, image, image_len, arena, len, (ocelli_step_state *)arena, &output));
    ocelli_rows rows;
    EXPECT(NULL, ocelli_rows_begin(NULL, arena, len, &rows));
    EXPECT(ARENA, ocelli_rows_begin(model, arena, len - 1, &rows));
    EXPECT(NULL, ocelli_rows_begin(model, arena, len, NULL));
    EXPECT(NOT_MADE, ocelli_rows_next(&rows, image, 3));
    EXPECT(NULL, ocelli_rows_next(NULL, image, 3));
    EXPECT(NULL, ocelli_rows_finish(NULL, &output));
    free(arena);
}

static void results(const ocelli_model *model, const uint8_t *image, const ocelli_info *info) {
    uint8_t *arena = block(info->arena_len);
    int32_t *map = block(info->tokens * sizeof *map);
    uint16_t probabilities[2];
    const int32_t *logits;
    const int8_t *embedding;
    ocelli_ranked ranked[1];
    ocelli_output output;
    size_t count;
    EXPECT(OK, ocelli_run(model, image, info->image_len, arena, info->arena_len, &output));
    EXPECT(NULL, ocelli_class(NULL, &count));
    EXPECT(NULL, ocelli_class(&output, NULL));
    EXPECT(MISALIGNED, ocelli_class(ASKEW(&output), &count));
    EXPECT(NULL, ocelli_logits(&output, NULL, &count));
    EXPECT(NULL, ocelli_logits(&output, &logits, NULL));
    EXPECT(NULL, ocelli_embedding(&output, NULL, &count));
    EXPECT(NULL, ocelli_embedding(&output, &embedding, NULL));
    EXPECT(NULL, ocelli_top(&output, NULL, 1, &count));
    EXPECT(NULL, ocelli_top(&output, ranked, 1, NULL));
    EXPECT(OK, ocelli_top(&output, ranked, 0, &count));
    CHECK(count == 0);
    EXPECT(ARRAY_LENGTH, ocelli_probabilities(&output, probabilities, 2));
    EXPECT(CLASS, ocelli_evidence(&output, info->classes, map, info->tokens));
    EXPECT(CLASS, ocelli_difference(&output, 0, info->classes, map, info->tokens));
    EXPECT(ARRAY_LENGTH, ocelli_evidence(&output, 0, map, info->tokens - 1));
    EXPECT(NULL, ocelli_evidence(&output, 0, NULL, info->tokens));
    EXPECT(MISALIGNED, ocelli_evidence(&output, 0, ASKEW(map), info->tokens - 1));

    ocelli_text name;
    EXPECT(ABSENT, ocelli_class_name(model, info->classes, &name));
    CHECK(name.bytes == NULL && name.len == 0);
    EXPECT(NULL, ocelli_class_name(model, 0, NULL));
    EXPECT(NULL, ocelli_class_name(NULL, 0, &name));
    EXPECT(NULL, ocelli_model_info(model, NULL));
    CHECK(ocelli_arena_len(NULL) == 0 && ocelli_arena_len(ASKEW(model)) == 0);

    ocelli_attributes attributes;
    EXPECT(NULL, ocelli_attributes_parse(NULL, &attributes));
    CHECK(ocelli_attributes_len(&attributes) == 0);
    EXPECT(NOT_MADE, ocelli_attribute_name(&attributes, 0, &name));
    EXPECT(OK, ocelli_attributes_parse(model, &attributes));
    EXPECT(ATTRIBUTE, ocelli_attribute_name(&attributes, 256, &name));
    EXPECT(ATTRIBUTE, ocelli_attribute_evidence(&output, &attributes, 256, map, info->tokens));
    ocelli_attribute values[1];
    EXPECT(ARRAY_LENGTH, ocelli_attributes_of(&output, &attributes, values, 1));
    free(map);
    free(arena);
}

static void searches(const struct inputs *inputs, const ocelli_model *model, const ocelli_info *info) {
    ocelli_descriptor descriptor;
    ocelli_output output;
    ocelli_fingerprint seen;
    ocelli_index index;
    ocelli_entry entry;
    ocelli_neighbour found[OCELLI_MAX_NEIGHBOURS + 1];
    size_t count;
    EXPECT(NULL, ocelli_descriptor_parse(NULL, &descriptor));
    CHECK(ocelli_descriptor_arena_len(&descriptor) == 0);
    EXPECT(OK, ocelli_descriptor_parse(model, &descriptor));
    size_t len = ocelli_descriptor_arena_len(&descriptor);
    CHECK(len > info->arena_len);
    uint8_t *arena = block(len);
    const uint8_t *image = inputs->images.bytes;
    EXPECT(ARENA, ocelli_describe(&descriptor, image, info->image_len, arena, len - 1, &output, &seen));
    EXPECT(NULL, ocelli_describe(&descriptor, image, info->image_len, arena, len, &output, NULL));
    EXPECT(NULL, ocelli_describe(&descriptor, image, info->image_len, arena, len, NULL, &seen));
    EXPECT(OVERLAP, ocelli_describe(&descriptor, arena, info->image_len, arena, len, &output, &seen));
    EXPECT(OK, ocelli_describe(&descriptor, image, info->image_len, arena, len, &output, &seen));
    EXPECT(OK, ocelli_index_parse(inputs->index.bytes, inputs->index.len, &index));
    size_t entries = ocelli_index_len(&index);
    EXPECT(NUMBER, ocelli_index_entry(&index, entries, &entry));
    EXPECT(NULL, ocelli_index_entry(&index, 0, NULL));
    EXPECT(NUMBER, ocelli_nearest(&index, &seen, 3, found, 1, &count));
    EXPECT(NUMBER, ocelli_nearest(&index, &seen, OCELLI_LIKENESS_CLASS, found, 0, &count));
    EXPECT(NUMBER, ocelli_nearest(&index, &seen, OCELLI_LIKENESS_CLASS, found, OCELLI_MAX_NEIGHBOURS + 1, &count));
    EXPECT(NULL, ocelli_nearest(&index, NULL, OCELLI_LIKENESS_CLASS, found, 1, &count));
    EXPECT(NULL, ocelli_nearest(&index, &seen, OCELLI_LIKENESS_CLASS, NULL, 1, &count));
    EXPECT(NULL, ocelli_nearest(&index, &seen, OCELLI_LIKENESS_CLASS, found, 1, NULL));
    EXPECT(OK, ocelli_nearest(&index, &seen, OCELLI_LIKENESS_CLASS, found, OCELLI_MAX_NEIGHBOURS, &count));
    CHECK(count == (entries < OCELLI_MAX_NEIGHBOURS ? entries : OCELLI_MAX_NEIGHBOURS));
    EXPECT(OK, ocelli_index_entry(&index, found[0].position, &entry));
    EXPECT(OK, ocelli_nearest(&index, &entry.fingerprint, OCELLI_LIKENESS_APPEARANCE, found, 1, &count));
    CHECK(count == 1 && found[0].id == entry.id && found[0].distance == 0);
    seen.appearance_part.len--;
    EXPECT(INDEX_LENGTH, ocelli_nearest(&index, &seen, OCELLI_LIKENESS_CLASS, found, 1, &count));
    seen.appearance_part.vector = NULL;
    EXPECT(NULL, ocelli_nearest(&index, &seen, OCELLI_LIKENESS_CLASS, found, 1, &count));
    entry.fingerprint.network++;
    EXPECT(INDEX_NETWORK, ocelli_nearest(&index, &entry.fingerprint, OCELLI_LIKENESS_CLASS, found, 1, &count));
    free(arena);
}

void check_faults(const struct inputs *inputs) {
    const ocelli_model *model;
    ocelli_info info;
    uint64_t *memory = block(OCELLI_MODEL_SIZE);
    statuses();
    parsing(inputs, memory);
    EXPECT(OK, ocelli_parse(inputs->blob.bytes, inputs->blob.len, memory, OCELLI_MODEL_SIZE, &model));
    CHECK((uintptr_t)model % OCELLI_MODEL_ALIGN == 0);
    EXPECT(OK, ocelli_model_info(model, &info));
    runs(model, inputs->images.bytes, &info);
    results(model, inputs->images.bytes, &info);
    searches(inputs, model, &info);
    free(memory);
}
