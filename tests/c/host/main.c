/* Tests the library on a computer, under sanitizers: prints its results, and checks faulty arguments.
 *
 *   host BLOB INDEX IMAGES
 */
#include "test.h"

int failures;

void expect(ocelli_status expected, ocelli_status found, const char *file, int line) {
    if (expected != found) {
        failures++;
        fprintf(stderr, "%s:%d: \"%s\" instead of \"%s\"\n", file, line, ocelli_status_text(found),
            ocelli_status_text(expected));
    }
}

void *block(size_t len) {
    void *block = malloc(len);
    if (block == NULL) {
        exit(EXIT_FAILURE);
    }
    return block;
}

static struct bytes read_file(const char *name) {
    FILE *file = fopen(name, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(name);
        exit(EXIT_FAILURE);
    }
    size_t len = (size_t)ftell(file);
    uint8_t *bytes = block(len);
    rewind(file);
    if (fread(bytes, 1, len, file) != len) {
        perror(name);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    return (struct bytes){bytes, len};
}

int main(int count, char **words) {
    if (count != 4) {
        fprintf(stderr, "usage: %s BLOB INDEX IMAGES\n", words[0]);
        return EXIT_FAILURE;
    }
    struct inputs inputs = {read_file(words[1]), read_file(words[2]), read_file(words[3])};
    print_results(&inputs);
    check_parts(&inputs);
    check_index(&inputs);
    check_faults(&inputs);
    free((void *)inputs.blob.bytes);
    free((void *)inputs.index.bytes);
    free((void *)inputs.images.bytes);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
