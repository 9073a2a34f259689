/* What the firmware uses of its board. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Writes a line to the computer that debugs or emulates the board: a name, and a number in decimal. */
void print_number(const char *name, uint32_t number);

/* Writes a line: a name, and 16 hexadecimal digits. */
void print_hexadecimal(const char *name, uint64_t number);

/* Ends the emulation; 0 is success. */
_Noreturn void exit_emulation(uint32_t status);

/* Marks for the instruction counter, tests/firmware/host/count.c: instructions that do nothing. */
static inline void count_start(void) {
#ifdef __arm__
    __asm__ volatile("mov r10, r10" ::: "memory");
#else
    __asm__ volatile("addi x0, x0, 10" ::: "memory");
#endif
}

static inline void count_stop(void) {
#ifdef __arm__
    __asm__ volatile("mov r11, r11" ::: "memory");
#else
    __asm__ volatile("addi x0, x0, 11" ::: "memory");
#endif
}

#endif
