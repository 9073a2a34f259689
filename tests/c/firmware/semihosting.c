/* Lines for the computer that debugs or emulates the board. A product has the driver of its UART here. */
#include "board.h"

enum { WRITE0 = 0x04, EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

/* One call as defined in Arm's "Semihosting for AArch32 and AArch64" and in its RISC-V counterpart. */
static void call(uintptr_t operation, const void *parameter) {
#ifdef __arm__
    register uintptr_t first __asm__("r0") = operation;
    register const void *second __asm__("r1") = parameter;
    __asm__ volatile("bkpt 0xAB" : "+r"(first) : "r"(second) : "memory");
#else
    register uintptr_t first __asm__("a0") = operation;
    register const void *second __asm__("a1") = parameter;
    __asm__ volatile(
        ".balign 16\n"
        ".option push\n"
        ".option norvc\n"
        "slli x0, x0, 0x1f\n"
        "ebreak\n"
        "srai x0, x0, 7\n"
        ".option pop\n"
        : "+r"(first)
        : "r"(second)
        : "memory"
    );
#endif
}

static void line(const char *name, const char *value) {
    call(WRITE0, name);
    call(WRITE0, " ");
    call(WRITE0, value);
    call(WRITE0, "\n");
}

void print_number(const char *name, uint32_t number) {
    char digits[11];
    char *at = digits + sizeof digits - 1;
    *at = '\0';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    line(name, at);
}

void print_hexadecimal(const char *name, uint64_t number) {
    char digits[17];
    for (int at = 15; at >= 0; at--) {
        digits[at] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
    digits[16] = '\0';
    line(name, digits);
}

_Noreturn void exit_emulation(uint32_t status) {
    const uint32_t block[] = {APPLICATION_EXIT, status};
    for (;;) {
        call(EXIT_EXTENDED, block);
    }
}
