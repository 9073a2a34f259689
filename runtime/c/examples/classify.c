/* Prints the three most probable classes of an image.
 *
 *   classify model.bin image.rgb
 *
 * The image has the red, green and blue byte of each pixel, row by row.
 */
#include "ocelli.h"

#include <stdio.h>

static uint64_t memory[OCELLI_MODEL_SIZE / sizeof(uint64_t)];
static uint8_t arena[64 * 1024];

/* Classifies one image. On a device, call ocelli_parse once, at the start. */
static ocelli_status classify(
    const uint8_t *blob, size_t blob_len, const uint8_t *image, size_t image_len)
{
    const ocelli_model *model;
    ocelli_output output;
    ocelli_ranked best[3];
    size_t count;
    ocelli_status status = ocelli_parse(blob, blob_len, memory, sizeof memory, &model);
    if (status == OCELLI_STATUS_OK)
        status = ocelli_run(model, image, image_len, arena, sizeof arena, &output);
    if (status == OCELLI_STATUS_OK)
        status = ocelli_top(&output, best, 3, &count);
    for (size_t at = 0; status == OCELLI_STATUS_OK && at < count; at++) {
        ocelli_text name;
        status = ocelli_class_name(model, best[at].class_index, &name);
        printf("%5.1f %% %.*s\n", best[at].probability / 655.36, (int)name.len, name.bytes);
    }
    return status;
}

static size_t read_file(const char *name, uint8_t *bytes, size_t room)
{
    FILE *file = fopen(name, "rb");
    size_t len = 0;
    if (file == NULL) {
        perror(name);
        return 0;
    }
    len = fread(bytes, 1, room, file);
    fclose(file);
    return len;
}

int main(int count, char **words)
{
    static uint8_t blob[1024 * 1024], image[256 * 1024];
    ocelli_status status;
    if (count != 3) {
        fprintf(stderr, "usage: %s model.bin image.rgb\n", words[0]);
        return 2;
    }
    status = classify(blob, read_file(words[1], blob, sizeof blob), image,
        read_file(words[2], image, sizeof image));
    if (status != OCELLI_STATUS_OK)
        fprintf(stderr, "error: %s\n", ocelli_status_text(status));
    return status != OCELLI_STATUS_OK;
}
