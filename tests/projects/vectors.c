/* What a Cortex-M4F needs in QEMU before the start of newlib: vectors, and the floating-point unit switched on. */
#include <stdint.h>

void _start(void);

static void reset(void) {
    /* Full access to the coprocessors 10 and 11, which are the floating-point unit. */
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm__ volatile("dsb\nisb" ::: "memory");
    _start();
}

/* The stack until newlib asks the emulator for another one, and the first instruction. */
__attribute__((section(".vectors"), used)) void (*const VECTORS[])(void) = {
    (void (*)(void))0x20400000, reset,
};
