/* Cortex-M: vector table, memory, floating-point unit, then `main`. */
#include "board.h"

enum { FAULT = 102 };

extern uint32_t SECTION_DATA[], SECTION_DATA_END[], SECTION_BSS[], SECTION_BSS_END[], STACK[];
extern const uint32_t SECTION_DATA_IN_FLASH[];

int main(void);

static _Noreturn void fault(void) {
    exit_emulation(FAULT);
}

_Noreturn void reset(void) {
#ifdef __ARM_FP
    /* Full access to the coprocessors 10 and 11, which are the floating-point unit. */
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm__ volatile("dsb\nisb" ::: "memory");
#endif
    const uint32_t *from = SECTION_DATA_IN_FLASH;
    for (volatile uint32_t *to = SECTION_DATA; to < SECTION_DATA_END; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = SECTION_BSS; to < SECTION_BSS_END; to++) {
        *to = 0;
    }
    exit_emulation((uint32_t)main());
}

/* No interrupt is enabled, so the table ends with the faults. */
__attribute__((section(".vectors"), used)) static void (*const VECTORS[])(void) = {
    (void (*)(void))STACK, reset, fault, fault, fault, fault, fault,
};
