/* What the sample uses of Zephyr's kernel. */
#include <stdio.h>

#define printk printf
