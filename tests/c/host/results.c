/* Prints hashes of everything that the library finds in ten images. They are compared with those of the runtime. */
#include "test.h"

#include "../fnv.h"

#include <inttypes.h>

enum { IMAGES = 10, BEST = 3, NEAREST = 5 };

struct hashes {
    uint64_t logits, best, probabilities, embedding, evidence, difference, attributes, fingerprints, nearest;
};

static uint64_t text_hash(uint64_t hash, ocelli_text text) {
    for (size_t at = 0; at < text.len; at++) {
        hash = fnv(hash, text.bytes[at]);
    }
    return hash;
}

static void outputs(const ocelli_output *output, const ocelli_info *info, struct hashes *hashes) {
    const int32_t *logits;
    const int8_t *embedding;
    size_t class_index, count;
    EXPECT(OK, ocelli_class(output, &class_index));
    printf("class %zu\n", class_index);
    EXPECT(OK, ocelli_logits(output, &logits, &count));
    CHECK(count == info->classes);
    for (size_t at = 0; at < count; at++) {
        hashes->logits = fnv(hashes->logits, logits[at]);
    }
    ocelli_ranked best[BEST];
    EXPECT(OK, ocelli_top(output, best, BEST, &count));
    CHECK(count == BEST && best[0].class_index == class_index);
    for (size_t at = 0; at < count; at++) {
        hashes->best = fnv(hashes->best, (int32_t)best[at].class_index);
        hashes->best = fnv(hashes->best, best[at].logit);
        hashes->best = fnv(hashes->best, best[at].probability);
    }
    uint16_t *probabilities = block(info->classes * sizeof *probabilities);
    EXPECT(OK, ocelli_probabilities(output, probabilities, info->classes));
    for (size_t at = 0; at < info->classes; at++) {
        hashes->probabilities = fnv(hashes->probabilities, probabilities[at]);
    }
    free(probabilities);
    EXPECT(OK, ocelli_embedding(output, &embedding, &count));
    for (size_t at = 0; at < count; at++) {
        hashes->embedding = fnv(hashes->embedding, embedding[at]);
    }
    int32_t *map = block(info->tokens * sizeof *map);
    EXPECT(OK, ocelli_evidence(output, class_index, map, info->tokens));
    for (size_t at = 0; at < info->tokens; at++) {
        hashes->evidence = fnv(hashes->evidence, map[at]);
    }
    EXPECT(OK, ocelli_difference(output, class_index, best[1].class_index, map, info->tokens));
    for (size_t at = 0; at < info->tokens; at++) {
        hashes->difference = fnv(hashes->difference, map[at]);
    }
    free(map);
}

static void attributes_of(
    const ocelli_output *output,
    const ocelli_attributes *attributes,
    const ocelli_info *info,
    struct hashes *hashes
) {
    size_t len = ocelli_attributes_len(attributes);
    ocelli_attribute *values = block(len * sizeof *values);
    int32_t *map = block(info->tokens * sizeof *map);
    EXPECT(OK, ocelli_attributes_of(output, attributes, values, len));
    for (size_t at = 0; at < len; at++) {
        ocelli_text name;
        EXPECT(OK, ocelli_attribute_name(attributes, at, &name));
        hashes->attributes = text_hash(hashes->attributes, name);
        hashes->attributes = fnv(hashes->attributes, values[at].logit);
        hashes->attributes = fnv(hashes->attributes, values[at].probability);
        EXPECT(OK, ocelli_attribute_evidence(output, attributes, at, map, info->tokens));
        hashes->attributes = fnv(hashes->attributes, map[info->tokens - 1]);
    }
    free(map);
    free(values);
}

static uint64_t part_hash(uint64_t hash, const ocelli_part *part) {
    for (size_t at = 0; at < part->len; at++) {
        hash = fnv(hash, part->vector[at]);
    }
    return fnv(fnv(hash, (int32_t)(uint32_t)part->code), (int32_t)(uint32_t)(part->code >> 32));
}

static void neighbours_of(
    const ocelli_index *index, const ocelli_fingerprint *seen, struct hashes *hashes
) {
    hashes->fingerprints = part_hash(hashes->fingerprints, &seen->class_part);
    hashes->fingerprints = part_hash(hashes->fingerprints, &seen->appearance_part);
    hashes->fingerprints = fnv(hashes->fingerprints, seen->class_weight);
    for (int32_t likeness = OCELLI_LIKENESS_MIXED; likeness <= OCELLI_LIKENESS_APPEARANCE; likeness++) {
        ocelli_neighbour found[NEAREST];
        size_t count;
        EXPECT(OK, ocelli_nearest(index, seen, likeness, found, NEAREST, &count));
        CHECK(count == NEAREST);
        for (size_t at = 0; at < count; at++) {
            ocelli_entry entry;
            EXPECT(OK, ocelli_index_entry(index, found[at].position, &entry));
            CHECK(entry.id == found[at].id);
            hashes->nearest = fnv(hashes->nearest, (int32_t)entry.id);
            hashes->nearest = fnv(hashes->nearest, (int32_t)found[at].distance);
            hashes->nearest = fnv(hashes->nearest, entry.label);
            hashes->nearest = text_hash(hashes->nearest, entry.name);
            hashes->nearest = text_hash(hashes->nearest, entry.label_name);
        }
    }
}

void print_results(const struct inputs *inputs) {
    struct hashes hashes = {
        FNV_START, FNV_START, FNV_START, FNV_START, FNV_START, FNV_START, FNV_START, FNV_START, FNV_START,
    };
    const ocelli_model *model;
    ocelli_info info;
    ocelli_descriptor descriptor;
    ocelli_attributes attributes;
    ocelli_index index;
    uint64_t *memory = block(OCELLI_MODEL_SIZE);
    EXPECT(OK, ocelli_parse(inputs->blob.bytes, inputs->blob.len, memory, OCELLI_MODEL_SIZE, &model));
    EXPECT(OK, ocelli_model_info(model, &info));
    EXPECT(OK, ocelli_attributes_parse(model, &attributes));
    EXPECT(OK, ocelli_descriptor_parse(model, &descriptor));
    EXPECT(OK, ocelli_index_parse(inputs->index.bytes, inputs->index.len, &index));
    printf("sizes %zu %zu %zu %zu\n", info.width, info.height, info.classes, info.arena_len);
    for (size_t at = 0; at < info.classes; at++) {
        ocelli_text name;
        EXPECT(OK, ocelli_class_name(model, at, &name));
        printf("name %.*s\n", (int)name.len, name.bytes);
    }
    size_t arena_len = ocelli_descriptor_arena_len(&descriptor);
    uint8_t *arena = block(arena_len);
    for (size_t image = 0; image < IMAGES; image++) {
        const uint8_t *pixels = inputs->images.bytes + image * info.image_len;
        ocelli_output output;
        ocelli_fingerprint seen;
        EXPECT(OK, ocelli_describe(
            &descriptor, pixels, info.image_len, arena, arena_len, &output, &seen));
        outputs(&output, &info, &hashes);
        attributes_of(&output, &attributes, &info, &hashes);
        neighbours_of(&index, &seen, &hashes);
    }
    printf("logits %016" PRIx64 "\n", hashes.logits);
    printf("best %016" PRIx64 "\n", hashes.best);
    printf("probabilities %016" PRIx64 "\n", hashes.probabilities);
    printf("embedding %016" PRIx64 "\n", hashes.embedding);
    printf("evidence %016" PRIx64 "\n", hashes.evidence);
    printf("difference %016" PRIx64 "\n", hashes.difference);
    printf("attributes %016" PRIx64 "\n", hashes.attributes);
    printf("fingerprints %016" PRIx64 "\n", hashes.fingerprints);
    printf("nearest %016" PRIx64 "\n", hashes.nearest);
    free(arena);
    free(memory);
}
