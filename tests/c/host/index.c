/* Writes an index with the entries of another one: its bytes must be the same. */
#include "test.h"

#include <string.h>

enum { LONGEST_VECTOR = 128, LONGEST_NAME = 255 };

/* The memory for the contents of an index of `count` entries. */
struct contents {
    uint32_t *ids;
    uint16_t *labels;
    int8_t *vectors[2];
    uint64_t *codes[2];
    char *names, *label_names;
    size_t names_len, label_names_len;
};

static struct contents with_room(size_t count) {
    struct contents contents = {
        .ids = block(count * sizeof *contents.ids),
        .labels = block(count * sizeof *contents.labels),
        .vectors = {block(count * LONGEST_VECTOR), block(count * LONGEST_VECTOR)},
        .codes = {block(count * sizeof **contents.codes), block(count * sizeof **contents.codes)},
        .names = block(count * (LONGEST_NAME + 1)),
        .label_names = block(count * (LONGEST_NAME + 1)),
    };
    return contents;
}

static void release(struct contents *contents) {
    for (int part = 0; part < 2; part++) {
        free(contents->vectors[part]);
        free(contents->codes[part]);
    }
    free(contents->label_names);
    free(contents->names);
    free(contents->labels);
    free(contents->ids);
}

/* Appends a name to a list of names. */
static void append(char *names, size_t *len, ocelli_text name) {
    CHECK(name.len <= LONGEST_NAME);
    if (*len > 0) {
        names[(*len)++] = '\n';
    }
    memcpy(names + *len, name.bytes, name.len);
    *len += name.len;
}

/* Appends the names of all labels, which are 0, 1 and so on. */
static void append_labels(const ocelli_index *index, size_t count, struct contents *contents) {
    int found = 1;
    for (int32_t label = 0; found; label++) {
        found = 0;
        for (size_t at = 0; at < count && !found; at++) {
            ocelli_entry entry;
            EXPECT(OK, ocelli_index_entry(index, at, &entry));
            if (entry.label == label) {
                append(contents->label_names, &contents->label_names_len, entry.label_name);
                found = 1;
            }
        }
    }
}

void check_index(const struct inputs *inputs) {
    ocelli_index index;
    ocelli_entry entry;
    EXPECT(OK, ocelli_index_parse(inputs->index.bytes, inputs->index.len, &index));
    size_t count = ocelli_index_len(&index), written;
    struct contents found = with_room(count);
    for (size_t at = 0; at < count; at++) {
        EXPECT(OK, ocelli_index_entry(&index, at, &entry));
        const ocelli_part *parts[2] = {&entry.fingerprint.class_part, &entry.fingerprint.appearance_part};
        found.ids[at] = entry.id;
        found.labels[at] = (uint16_t)entry.label;
        append(found.names, &found.names_len, entry.name);
        for (int part = 0; part < 2; part++) {
            found.codes[part][at] = parts[part]->code;
            memcpy(found.vectors[part] + at * parts[part]->len, parts[part]->vector, parts[part]->len);
        }
    }
    append_labels(&index, count, &found);
    ocelli_index_contents contents = {
        .ids = found.ids,
        .labels = found.labels,
        .count = count,
        .label_names = {found.label_names, found.label_names_len},
        .names = {found.names, found.names_len},
        .class_parts = {found.vectors[0], found.codes[0], entry.fingerprint.class_part.len},
        .appearance_parts = {found.vectors[1], found.codes[1], entry.fingerprint.appearance_part.len},
        .network = entry.fingerprint.network,
    };
    size_t values = contents.class_parts.len + contents.appearance_parts.len;
    size_t room = count * (values + 38) + found.names_len + found.label_names_len + 128;
    uint8_t *buffer = block(room);
    EXPECT(OK, ocelli_index_write(&contents, buffer, room, &written));
    CHECK(written == inputs->index.len && memcmp(buffer, inputs->index.bytes, written) == 0);
    EXPECT(SHORT, ocelli_index_write(&contents, buffer, written - 1, &written));
    CHECK(written == 0);
    EXPECT(NULL, ocelli_index_write(NULL, buffer, room, &written));
    EXPECT(NULL, ocelli_index_write(&contents, NULL, room, &written));
    EXPECT(NULL, ocelli_index_write(&contents, buffer, room, NULL));
    EXPECT(OVERLAP, ocelli_index_write(&contents, (uint8_t *)found.names, found.names_len, &written));
    found.ids[count - 1] = found.ids[0];
    EXPECT(RANGE, ocelli_index_write(&contents, buffer, room, &written));
    EXPECT(TRUNCATED, ocelli_index_parse(buffer, 0, &index));
    EXPECT(MAGIC, ocelli_index_parse(buffer, room, &index));
    contents.class_parts.len = 256;
    EXPECT(NUMBER, ocelli_index_write(&contents, buffer, room, &written));
    contents.ids = NULL;
    EXPECT(NULL, ocelli_index_write(&contents, buffer, room, &written));
    free(buffer);
    release(&found);
}
