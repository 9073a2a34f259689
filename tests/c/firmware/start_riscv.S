/* RISC-V: stack pointer, global pointer, a trap handler, zeroed memory, then `main`. */
    .section .text.start, "ax"
    .global _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, _stack_start
    la t0, 3f
    csrw mtvec, t0
    la t0, __sbss
    la t1, __ebss
1:  bgeu t0, t1, 2f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 1b
2:  call main
    j exit_emulation
    /* The vector's lowest two bits are its mode. */
    .balign 4
3:  li a0, 102
    j exit_emulation
