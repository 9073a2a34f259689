/* QEMU plugin: counts the guest's instructions in regions that the guest marks.

   A region starts after the Thumb instruction `mov r10, r10` (AArch64 `mov x10, x10`, RISC-V
   `addi x0, x0, 10`) and ends before `mov r11, r11` (`mov x11, x11`, `addi x0, x0, 11`); its count
   is printed as a line on stderr. The instructions of a block are added when the block starts, except
   where the block holds a mark.

   The declarations are those of the plugin interface that this uses, version 1, since not every
   distribution packages the header. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
/* The first member of a longer structure. */
typedef struct {
    const char *target_name;
} qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0, ADD_U64 = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                           void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *,
                                            void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

enum mark { NONE, START, STOP };
static uint64_t total, started;
/* What marks a region for one processor is an ordinary instruction for another. */
static enum { THUMB, AARCH64, RISCV } processor;

static void start(unsigned cpu, void *data) {
    (void)cpu, (void)data;
    started = total;
}

/* The mark's own instruction has been counted. */
static void stop(unsigned cpu, void *data) {
    (void)cpu, (void)data;
    fprintf(stderr, "instructions %llu\n", (unsigned long long)(total - started - 1));
}

static enum mark mark(const struct qemu_plugin_insn *instruction) {
    const uint8_t *byte = qemu_plugin_insn_data(instruction);
    size_t size = qemu_plugin_insn_size(instruction);
    if (processor == THUMB) {
        if (size != 2)
            return NONE;
        unsigned half = byte[0] | byte[1] << 8;
        return half == 0x46d2 ? START : half == 0x46db ? STOP : NONE;
    }
    if (size != 4)
        return NONE;
    uint32_t word = byte[0] | byte[1] << 8 | byte[2] << 16 | (uint32_t)byte[3] << 24;
    if (processor == AARCH64)
        return word == 0xaa0a03ea ? START : word == 0xaa0b03eb ? STOP : NONE;
    return word == 0x00a00013 ? START : word == 0x00b00013 ? STOP : NONE;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    size_t len = qemu_plugin_tb_n_insns(block);
    bool marked = false;
    for (size_t at = 0; at < len; at++)
        marked |= mark(qemu_plugin_tb_get_insn(block, at)) != NONE;
    if (!marked) {
        qemu_plugin_register_vcpu_tb_exec_inline(block, ADD_U64, &total, len);
        return;
    }
    for (size_t at = 0; at < len; at++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, at);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, ADD_U64, &total, 1);
        switch (mark(instruction)) {
        case START:
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, start, NO_REGISTERS, NULL);
            break;
        case STOP:
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, stop, NO_REGISTERS, NULL);
            break;
        case NONE:
            break;
        }
    }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                               char **argv) {
    (void)argc, (void)argv;
    processor = !strncmp(info->target_name, "riscv", 5) ? RISCV
                : !strcmp(info->target_name, "aarch64") ? AARCH64
                                                        : THUMB;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
