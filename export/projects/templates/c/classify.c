/* Memory for the model, and for the intermediate values of a run. */
static uint64_t memory[OCELLI_MODEL_SIZE / sizeof(uint64_t)];
static uint8_t arena[OCELLI_NETWORK_ARENA_LEN];
static const ocelli_model *model;

/* Checks every byte of the network. Call it once, at the start. */
static ocelli_status start(void) {
    return ocelli_parse(
        ocelli_network_blob, sizeof ocelli_network_blob, memory, sizeof memory, &model
    );
}

/* Finds the most probable class of an image. */
static ocelli_status classify(const uint8_t *image, ocelli_ranked *best) {
    ocelli_output output;
    size_t count;
    ocelli_status status =
        ocelli_run(model, image, OCELLI_NETWORK_IMAGE_LEN, arena, sizeof arena, &output);
    if (status == OCELLI_STATUS_OK) {
        status = ocelli_top(&output, best, 1, &count);
    }
    return status;
}
