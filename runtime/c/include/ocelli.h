/* Ocelli: classifies, explains and searches images with a quantized vision transformer, in integers.
 *
 * Made by cbindgen from the sources of runtime/c. Do not edit: tests/c/run --renew writes it.
 *
 * Every function except `ocelli_status_text` takes pointers of the caller and returns an `ocelli_status`, or
 * a length that is 0 after an error. No function allocates memory or keeps memory of its own. The library
 * calls nothing but functions such as `memcpy`, which compilers insert.
 *
 * Rules for pointers. The library checks for null pointers, alignment, lengths, overlapping arenas, and
 * objects that were not made. It cannot check the following, which the caller promises:
 *
 * 1. A pointer with a length points to that many values. A pointer without a length points to one value.
 *    Values that the library reads are initialised.
 * 2. An object borrows what it was made from: a model its blob, a descriptor and attributes their model, an
 *    output its model and its arena, a fingerprint its arena or its index. What is borrowed stays where it
 *    is, unchanged, as long as the object is used. Only functions of this library change an object. Do not
 *    copy or move the memory of a model.
 * 3. While a call writes to memory, no other thread uses this memory. Threads may share a model, attributes,
 *    descriptors and an index.
 */

#ifndef OCELLI_H
#define OCELLI_H

#include <stddef.h>
#include <stdint.h>
#if UINTPTR_MAX == 0xFFFFFFFF
#define OCELLI_POINTERS_OF_32_BITS
#else
#define OCELLI_POINTERS_OF_64_BITS
#endif

/**
 * The largest number of neighbours of one search.
 */
#define OCELLI_MAX_NEIGHBOURS 32

#if defined(OCELLI_POINTERS_OF_32_BITS)
/**
 * Bytes of memory for a model.
 */
#define OCELLI_MODEL_SIZE 5120
#endif

#if defined(OCELLI_POINTERS_OF_64_BITS)
/**
 * Bytes of memory for a model.
 */
#define OCELLI_MODEL_SIZE 9728
#endif

/**
 * Alignment of the memory for a model. An array of `uint64_t` has it.
 */
#define OCELLI_MODEL_ALIGN 8

/**
 * What a call returns. The numbers do not change from version to version.
 */
enum ocelli_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * The call did what it says.
     */
    OCELLI_STATUS_OK = 0,
    /**
     * The run is not finished: call `ocelli_step` again.
     */
    OCELLI_STATUS_MORE = 1,
    /**
     * A pointer is null.
     */
    OCELLI_STATUS_NULL = 10,
    /**
     * A pointer does not have the alignment of its type.
     */
    OCELLI_STATUS_MISALIGNED = 11,
    /**
     * The memory for an object is too short.
     */
    OCELLI_STATUS_SHORT = 12,
    /**
     * A length is larger than the address space allows.
     */
    OCELLI_STATUS_TOO_LONG = 13,
    /**
     * Memory that the call writes overlaps with other memory that it uses.
     */
    OCELLI_STATUS_OVERLAP = 14,
    /**
     * The object was not made: the call that makes it was not called, or failed.
     */
    OCELLI_STATUS_NOT_MADE = 15,
    /**
     * The blob does not have this part, or has no name for this number.
     */
    OCELLI_STATUS_ABSENT = 16,
    /**
     * A number is outside its range.
     */
    OCELLI_STATUS_NUMBER = 17,
    /**
     * The bytes are too few for a blob or an index.
     */
    OCELLI_STATUS_TRUNCATED = 20,
    /**
     * The bytes are not a blob, or not an index.
     */
    OCELLI_STATUS_MAGIC = 21,
    /**
     * The bytes have a version that this library does not know.
     */
    OCELLI_STATUS_VERSION = 22,
    /**
     * The blob has f16 weights.
     */
    OCELLI_STATUS_ARITHMETIC = 23,
    /**
     * The bytes are fewer or more than their prelude says.
     */
    OCELLI_STATUS_LENGTH = 24,
    /**
     * The bytes are damaged.
     */
    OCELLI_STATUS_CHECKSUM = 25,
    /**
     * A record does not decode.
     */
    OCELLI_STATUS_RECORD = 26,
    /**
     * The description of the network is not valid.
     */
    OCELLI_STATUS_CONFIG = 27,
    /**
     * A tensor has another length than the description asks for.
     */
    OCELLI_STATUS_TENSOR = 28,
    /**
     * A stored value is outside its range.
     */
    OCELLI_STATUS_RANGE = 29,
    /**
     * A part is missing, or must not be there.
     */
    OCELLI_STATUS_PRESENCE = 30,
    /**
     * The cells of a descriptor do not divide the grid of tokens.
     */
    OCELLI_STATUS_CELLS = 31,
    /**
     * The number of class names is not the number of classes.
     */
    OCELLI_STATUS_CLASS_NAMES = 32,
    /**
     * Bytes are left after the last record.
     */
    OCELLI_STATUS_TRAILING = 33,
    /**
     * The bytes have another fault.
     */
    OCELLI_STATUS_FORMAT = 34,
    /**
     * The image has another size than the network's input.
     */
    OCELLI_STATUS_IMAGE = 40,
    /**
     * The arena is too short.
     */
    OCELLI_STATUS_ARENA = 41,
    /**
     * The row has another length than a row of the network's input.
     */
    OCELLI_STATUS_ROW = 42,
    /**
     * There are too few or too many rows.
     */
    OCELLI_STATUS_ROWS = 43,
    /**
     * The run has another fault.
     */
    OCELLI_STATUS_RUN = 44,
    /**
     * The class head does not read the mean of the tokens, so there is no evidence.
     */
    OCELLI_STATUS_FLATTEN = 50,
    /**
     * The class head has hidden layers, so there is no evidence.
     */
    OCELLI_STATUS_HIDDEN_LAYERS = 51,
    /**
     * There is no such class.
     */
    OCELLI_STATUS_CLASS = 52,
    /**
     * There is no such attribute.
     */
    OCELLI_STATUS_ATTRIBUTE = 53,
    /**
     * The attributes are those of another network.
     */
    OCELLI_STATUS_OTHER_NETWORK = 54,
    /**
     * The array has another length than the result.
     */
    OCELLI_STATUS_ARRAY_LENGTH = 55,
    /**
     * The evidence has another fault.
     */
    OCELLI_STATUS_EVIDENCE = 56,
    /**
     * The fingerprint is of another network than those in the index.
     */
    OCELLI_STATUS_INDEX_NETWORK = 60,
    /**
     * A vector of the fingerprint has another length than those in the index.
     */
    OCELLI_STATUS_INDEX_LENGTH = 61,
    /**
     * The search has another fault.
     */
    OCELLI_STATUS_SEARCH = 62,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ocelli_status ocelli_status;
#else
typedef int32_t ocelli_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * Which parts of two fingerprints are compared.
 */
enum ocelli_likeness
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    /**
     * Both parts, weighted by the `class_weight` of the fingerprint.
     */
    OCELLI_LIKENESS_MIXED = 0,
    /**
     * The class parts.
     */
    OCELLI_LIKENESS_CLASS = 1,
    /**
     * The appearance parts.
     */
    OCELLI_LIKENESS_APPEARANCE = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum ocelli_likeness ocelli_likeness;
#else
typedef int32_t ocelli_likeness;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A network, in memory of the caller. It uses the bytes of its blob, which must stay where they are. Several
 * threads may use one model, each with an arena of its own.
 */
typedef struct ocelli_model ocelli_model;

/**
 * The attributes that a network was taught. They use the bytes of the blob.
 */
typedef struct {
    size_t private_[20];
} ocelli_attributes;

/**
 * A name in UTF-8, without a zero at its end. It lies in the blob or in the index. To print it:
 * `printf("%.*s", (int)name.len, name.bytes)`.
 */
typedef struct {
    /**
     * The first byte; null if there is no name.
     */
    const char *bytes;
    /**
     * Number of bytes.
     */
    size_t len;
} ocelli_text;

/**
 * The result of a run. It uses the arena and the model of the run: read it before the next run with this
 * arena.
 */
typedef struct {
    size_t private_[20];
} ocelli_output;

/**
 * One attribute of an image.
 */
typedef struct {
    /**
     * Positive if the image more likely has the attribute than not. Logits of different attributes have
     * different scales.
     */
    int32_t logit;
    /**
     * Its probability times 65,536, at most 65,535.
     */
    uint16_t probability;
} ocelli_attribute;

/**
 * Makes fingerprints with a model. It uses the model, which must stay where it is.
 */
typedef struct {
    size_t private_[64];
} ocelli_descriptor;

/**
 * One part of a fingerprint.
 */
typedef struct {
    /**
     * 64 bits. The more bits of two codes are equal, the more alike the images.
     */
    uint64_t code;
    /**
     * `len` values. The nearer two vectors, the more alike the images.
     */
    const int8_t *vector;
    /**
     * Number of values of the vector, 1 to 128.
     */
    size_t len;
} ocelli_part;

/**
 * Describes an image. The vectors lie in the arena of the run that made them, or in the index.
 */
typedef struct {
    /**
     * What the image shows, as far as the network was taught.
     */
    ocelli_part class_part;
    /**
     * What the image looks like.
     */
    ocelli_part appearance_part;
    /**
     * The network that made the fingerprint: CRC-32 in the prelude of its blob.
     */
    uint32_t network;
    /**
     * Weight of the class part in `OCELLI_LIKENESS_MIXED`, in 256ths. `ocelli_describe` sets it: the nearer
     * the image is to the classes that the network was taught, the larger.
     */
    uint8_t class_weight;
} ocelli_fingerprint;

/**
 * The fingerprints of known images. They lie in the bytes of the index, which must stay where they are.
 */
typedef struct {
    size_t private_[36];
} ocelli_index;

/**
 * An entry of an index.
 */
typedef struct {
    /**
     * Its fingerprint, with a `class_weight` of 255.
     */
    ocelli_fingerprint fingerprint;
    /**
     * Its name; null if the index has no names, or an empty name for this entry.
     */
    ocelli_text name;
    /**
     * The name of its label; null if the index has no names of labels.
     */
    ocelli_text label_name;
    /**
     * Its number, which no other entry has.
     */
    uint32_t id;
    /**
     * Its label; -1 if the index has no labels.
     */
    int32_t label;
} ocelli_entry;

/**
 * An entry of an index that was found.
 */
typedef struct {
    /**
     * Its position in the index.
     */
    size_t position;
    /**
     * Its number, which no other entry has.
     */
    uint32_t id;
    /**
     * Its distance from the fingerprint of the query; 0 if both are equal.
     */
    uint32_t distance;
} ocelli_neighbour;

/**
 * One part of the fingerprints of all entries.
 */
typedef struct {
    /**
     * The vectors, one after another.
     */
    const int8_t *vectors;
    /**
     * The codes, one for each entry.
     */
    const uint64_t *codes;
    /**
     * Number of values of each vector, 1 to 128.
     */
    size_t len;
} ocelli_part_list;

/**
 * What goes into an index.
 */
typedef struct {
    /**
     * The number of each entry, ascending, no number twice.
     */
    const uint32_t *ids;
    /**
     * The label of each entry; null if there are no labels.
     */
    const uint16_t *labels;
    /**
     * Number of entries, at least 1.
     */
    size_t count;
    /**
     * The names of the labels, separated by newlines; empty if there are none.
     */
    ocelli_text label_names;
    /**
     * The names of the entries, separated by newlines; empty if there are none.
     */
    ocelli_text names;
    /**
     * The class parts.
     */
    ocelli_part_list class_parts;
    /**
     * The appearance parts.
     */
    ocelli_part_list appearance_parts;
    /**
     * The network that made the fingerprints: `network` of each of them.
     */
    uint32_t network;
} ocelli_index_contents;

/**
 * Sizes of a model.
 */
typedef struct {
    /**
     * Width of the image in pixels.
     */
    size_t width;
    /**
     * Height of the image in pixels.
     */
    size_t height;
    /**
     * Bytes of an image: `height * width * 3`.
     */
    size_t image_len;
    /**
     * Number of classes.
     */
    size_t classes;
    /**
     * Number of tokens, which is the length of a map of evidence.
     */
    size_t tokens;
    /**
     * Rows of tokens in the map; 0 if the tokens form no grid.
     */
    size_t token_rows;
    /**
     * Tokens in a row of the map; 0 if the tokens form no grid.
     */
    size_t token_columns;
    /**
     * Bytes of arena that a run needs.
     */
    size_t arena_len;
    /**
     * Bytes of arena with which a run is fastest on a computer.
     */
    size_t arena_len_fast;
} ocelli_info;

/**
 * A class in a ranking.
 */
typedef struct {
    /**
     * Index of the class.
     */
    size_t class_index;
    /**
     * Its logit.
     */
    int32_t logit;
    /**
     * Its probability times 65,536, at most 65,535.
     */
    uint16_t probability;
} ocelli_ranked;

/**
 * Says which part of a run is next. Begin with zeros: `ocelli_step_state step = {0};`.
 */
typedef struct {
    size_t private_[2];
} ocelli_step_state;

/**
 * An image that comes row by row and is never in memory as a whole. It uses its model and its arena.
 */
typedef struct {
    size_t private_[12];
} ocelli_rows;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Checks the attributes in the blob of a model. `OCELLI_STATUS_ABSENT` if the blob has none.
 */
ocelli_status ocelli_attributes_parse(const ocelli_model *model, ocelli_attributes *attributes);

/**
 * Number of attributes, 1 to 256; 0 if the pointer has no attributes.
 */
size_t ocelli_attributes_len(const ocelli_attributes *attributes);

/**
 * Writes the name of an attribute. `OCELLI_STATUS_ATTRIBUTE` if there is no such attribute.
 */
ocelli_status ocelli_attribute_name(const ocelli_attributes *attributes,
                                    size_t attribute,
                                    ocelli_text *name);

/**
 * Writes the values of all attributes for an image. `len` is the number of attributes.
 */
ocelli_status ocelli_attributes_of(const ocelli_output *output,
                                   const ocelli_attributes *attributes,
                                   ocelli_attribute *values,
                                   size_t len);

/**
 * Writes what each token adds to the logit of an attribute, as `ocelli_evidence` does for a class.
 */
ocelli_status ocelli_attribute_evidence(const ocelli_output *output,
                                        const ocelli_attributes *attributes,
                                        size_t attribute,
                                        int32_t *map,
                                        size_t len);

/**
 * Checks the descriptor in the blob of a model. `OCELLI_STATUS_ABSENT` if the blob has none.
 */
ocelli_status ocelli_descriptor_parse(const ocelli_model *model, ocelli_descriptor *descriptor);

/**
 * Bytes of arena that `ocelli_describe` needs, at any alignment; 0 if there is no descriptor.
 */
size_t ocelli_descriptor_arena_len(const ocelli_descriptor *descriptor);

/**
 * Classifies an image as `ocelli_run` does, and makes its fingerprint. `arena` has
 * `ocelli_descriptor_arena_len` bytes or more. Use `*fingerprint` only after `OCELLI_STATUS_OK`.
 */
ocelli_status ocelli_describe(const ocelli_descriptor *descriptor,
                              const uint8_t *image,
                              size_t image_len,
                              uint8_t *arena,
                              size_t arena_len,
                              ocelli_output *output,
                              ocelli_fingerprint *fingerprint);

/**
 * Checks the bytes of an index completely. `bytes` is what `export index` writes, at any alignment.
 */
ocelli_status ocelli_index_parse(const uint8_t *bytes, size_t len, ocelli_index *index);

/**
 * Number of entries; 0 if there is no index.
 */
size_t ocelli_index_len(const ocelli_index *index);

/**
 * Writes the entry at a position. `OCELLI_STATUS_NUMBER` if the index has no such position.
 */
ocelli_status ocelli_index_entry(const ocelli_index *index, size_t position, ocelli_entry *entry);

/**
 * Finds the `capacity` entries with the nearest vectors, the nearest first. Every entry is compared.
 *
 * `likeness` is a number of `ocelli_likeness`. `capacity` is 1 to `OCELLI_MAX_NEIGHBOURS`. `*count` becomes
 * the number of entries found, which is below `capacity` only if the index has fewer entries. Entries at the
 * same distance are in the order of their ids. The distance is the square of the Euclidean distance. With
 * `OCELLI_LIKENESS_MIXED` it is the weighted sum of the distances of both parts, times 256.
 */
ocelli_status ocelli_nearest(const ocelli_index *index,
                             const ocelli_fingerprint *fingerprint,
                             int32_t likeness,
                             ocelli_neighbour *found,
                             size_t capacity,
                             size_t *count);

/**
 * Writes an index to the start of `buffer`, and its length in bytes to `*written`.
 *
 * The index is one that `ocelli_index_parse` accepts; contents that it would refuse are an error. An index takes
 * at most `count * (values + 38) + texts + 128` bytes, where `values` is the sum of both lengths of vectors and
 * `texts` the sum of both lengths of names. If it does not fit, the status is `OCELLI_STATUS_SHORT`. After an
 * error, the buffer holds no index.
 */
ocelli_status ocelli_index_write(const ocelli_index_contents *contents,
                                 uint8_t *buffer,
                                 size_t buffer_len,
                                 size_t *written);

/**
 * Checks a blob completely, and makes a model of it in `memory`.
 *
 * `blob` is what `export` writes, at any alignment. `memory` has `OCELLI_MODEL_SIZE` bytes or more, at a
 * multiple of `OCELLI_MODEL_ALIGN`. `*model` becomes a pointer into it, or null after an error. After this,
 * nothing in the blob can make a run fail.
 */
ocelli_status ocelli_parse(const uint8_t *blob,
                           size_t blob_len,
                           void *memory,
                           size_t memory_len,
                           const ocelli_model **model);

/**
 * Bytes of arena that `ocelli_run` needs, at any alignment; 0 if there is no model.
 */
size_t ocelli_arena_len(const ocelli_model *model);

/**
 * Writes the sizes of a model.
 */
ocelli_status ocelli_model_info(const ocelli_model *model, ocelli_info *info);

/**
 * Writes the name of a class. `OCELLI_STATUS_ABSENT` if the blob has no names, or no such class.
 */
ocelli_status ocelli_class_name(const ocelli_model *model, size_t class_index, ocelli_text *name);

/**
 * Writes the index of the class with the largest logit; the first one if logits are equal.
 */
ocelli_status ocelli_class(const ocelli_output *output, size_t *class_index);

/**
 * Writes a pointer to the logits, one for each class. They are exact sums, all at the same scale.
 */
ocelli_status ocelli_logits(const ocelli_output *output, const int32_t **logits, size_t *count);

/**
 * Writes a pointer to the embedding, a vector that describes the image. In a network with a mean pool, it is
 * the pooled tokens.
 */
ocelli_status ocelli_embedding(const ocelli_output *output,
                               const int8_t **embedding,
                               size_t *len);

/**
 * Writes the `capacity` classes with the largest logits, the largest first, and their number to `*count`. If
 * there are fewer classes, it is all of them. Classes with equal logits keep their order.
 */
ocelli_status ocelli_top(const ocelli_output *output,
                         ocelli_ranked *ranked,
                         size_t capacity,
                         size_t *count);

/**
 * Writes the probability of each class times 65,536, at most 65,535. `len` is the number of classes.
 */
ocelli_status ocelli_probabilities(const ocelli_output *output,
                                   uint16_t *probabilities,
                                   size_t len);

/**
 * Writes what each token adds to the logit of a class: a map of the evidence in the image, row by row.
 *
 * The sum of the map and the bias of the class is the logit, exactly. A positive value is evidence for the
 * class, a negative one is evidence against it. `len` is the number of tokens. `map` is unchanged after an
 * error.
 */
ocelli_status ocelli_evidence(const ocelli_output *output,
                              size_t class_index,
                              int32_t *map,
                              size_t len);

/**
 * Writes what each token adds to the logit of a class minus the logit of another class. A positive value is
 * evidence for the first class rather than the other. Otherwise as `ocelli_evidence`.
 */
ocelli_status ocelli_difference(const ocelli_output *output,
                                size_t class_index,
                                size_t other_index,
                                int32_t *map,
                                size_t len);

/**
 * Classifies an image.
 *
 * `image` has the red, green and blue byte of each pixel, row by row. `arena` has `ocelli_arena_len` bytes or
 * more, at any alignment; its contents before the call do not matter. After an error, `*output` holds no
 * result.
 */
ocelli_status ocelli_run(const ocelli_model *model,
                         const uint8_t *image,
                         size_t image_len,
                         uint8_t *arena,
                         size_t arena_len,
                         ocelli_output *output);

/**
 * Runs the next part of `ocelli_run`, for a program that has other work between two parts.
 *
 * Call it with the same arguments as long as it returns `OCELLI_STATUS_MORE`. After the last part it returns
 * `OCELLI_STATUS_OK`. The result is that of `ocelli_run`. Fill `*step` with zeros before the first call; after
 * the last call it is ready for the next run. Do not change the arena between two calls.
 */
ocelli_status ocelli_step(const ocelli_model *model,
                          const uint8_t *image,
                          size_t image_len,
                          uint8_t *arena,
                          size_t arena_len,
                          ocelli_step_state *step,
                          ocelli_output *output);

/**
 * The text of a status, in English. For any other number, the text says that it is not a status. Never null.
 */
const char *ocelli_status_text(int32_t status);

/**
 * Begins an image whose rows come one by one. The arena is as for `ocelli_run`. Do not change it until
 * `ocelli_rows_finish` has returned.
 */
ocelli_status ocelli_rows_begin(const ocelli_model *model,
                                uint8_t *arena,
                                size_t arena_len,
                                ocelli_rows *rows);

/**
 * Takes the next row, from top to bottom: the red, green and blue byte of each pixel. A row that leads to an
 * error is ignored, and the image continues with the next call.
 */
ocelli_status ocelli_rows_next(ocelli_rows *rows,
                               const uint8_t *row,
                               size_t row_len);

/**
 * Writes the result after the last row. It is that of `ocelli_run`. After this call `*rows` has no image, even
 * if rows were missing.
 */
ocelli_status ocelli_rows_finish(ocelli_rows *rows,
                                 ocelli_output *output);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* OCELLI_H */
