/* The blob and the images, in flash. */
    .section .rodata.data, "a"
    .global BLOB, BLOB_END, PHOTOGRAPHS
    .balign 4
BLOB:
    .incbin BLOB_FILE
BLOB_END:
    .balign 4
PHOTOGRAPHS:
    .incbin IMAGES_FILE
