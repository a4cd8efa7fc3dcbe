/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plugin of QEMU that counts the guest's instructions by where they are, for machines with one virtual CPU. It counts exactly: each
 * block of code adds its length when it is run. The guest says where a measured section begins and ends by executing a long nop that
 * does nothing else (PROFILE_MARK in io_load.c); at each mark "== N" and all counters are appended to the file out=FILE, one
 * "ADDRESS COUNT" for each block of kernel code and "user COUNT" for all programs together. tests/bench/io makes tables of it.
 *
 * The interface of QEMU is declared here: Debian has no package of qemu-plugin.h. This is version 1 of it (QEMU 4.2 to 8.2).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define VERSION	 1
#define TABLE	 (1u << 20)
#define MARK_BYTES 8

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, void (*translated)(uint64_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, enum qemu_plugin_op op, void *number, uint64_t operand);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*executed)(unsigned int cpu, void *data),
					    enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

EXPORTED int qemu_plugin_version = VERSION;
EXPORTED int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

struct block {
	uint64_t address;
	uint64_t count;
};

static struct block *blocks; /* TABLE of them, hashed by address; never moved: translated code has pointers into it */
static uint32_t block_count;
static uint64_t user_count;
static FILE *out;

static struct block *block_at(uint64_t address)
{
	uint32_t i = (uint32_t)((address * 0x9e3779b97f4a7c15u) >> 44) % TABLE;

	while (blocks[i].address && blocks[i].address != address)
		i = (i + 1) % TABLE;
	if (!blocks[i].address && ++block_count > TABLE / 8 * 7)
		abort();
	blocks[i].address = address;
	return &blocks[i];
}

static void marked(unsigned int cpu, void *number)
{
	fprintf(out, "== %u\nuser %llu\n", (unsigned int)(uintptr_t)number, (unsigned long long)user_count);
	for (uint32_t i = 0; i < TABLE; i++)
		if (blocks[i].count)
			fprintf(out, "%llx %llu\n", (unsigned long long)blocks[i].address, (unsigned long long)blocks[i].count);
	fflush(out);
}

/* nopl 0x15c5NNNN(%rax,%rax,1): NNNN is the mark's number */
static bool is_mark(const struct qemu_plugin_insn *insn, unsigned int *number)
{
	static const uint8_t begin[4] = {0x0f, 0x1f, 0x84, 0x00};
	const uint8_t *bytes = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != MARK_BYTES || memcmp(bytes, begin, sizeof(begin)) || bytes[6] != 0xc5 || bytes[7] != 0x15)
		return false;
	*number = bytes[4] | (unsigned int)bytes[5] << 8;
	return true;
}

static void translated(uint64_t id, struct qemu_plugin_tb *block)
{
	uint64_t address = qemu_plugin_tb_vaddr(block);
	size_t count = qemu_plugin_tb_n_insns(block);
	bool is_kernel = address >> 63;
	unsigned int number;

	qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, is_kernel ? &block_at(address)->count : &user_count, count);
	for (size_t i = 0; !is_kernel && i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);

		if (is_mark(insn, &number))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)number);
	}
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "we");
	blocks = calloc(TABLE, sizeof(*blocks));
	if (!out || !blocks)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
