/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plugin of QEMU that counts the guest's instructions by where they are, for machines with one virtual CPU. It counts exactly: each
 * block of code adds its length when it is run. The guest says where a measured section begins and ends by executing a long nop that
 * does nothing else (PROFILE_MARK in io_load.c); at each mark "== N" and all counters are appended to the file out=FILE, one
 * "ADDRESS COUNT" for each block of kernel code and "user COUNT" for all programs together. tests/bench/counts.py reads it.
 *
 * The interface of QEMU is declared here: Debian has no package of qemu-plugin.h. It is version 1 (QEMU 4.2 to 8.2) or 7 (11.1),
 * by the functions that there are when the plugin is loaded; what only one of them has is weak.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))
#define WEAK __attribute__((weak))
#define VERSION_POINTERS 1
#define VERSION_SCOREBOARDS 7
#define TABLE (1u << 18)
#define USER TABLE /* the counter of all programs, behind those of blocks */
#define MARK_BYTES 8

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_op { QEMU_PLUGIN_INLINE_ADD_U64 };
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*executed)(unsigned int cpu, void *data),
					    enum qemu_plugin_cb_flags flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/* Version 1: a counter is a pointer. */
void on_block_by_id(uint64_t id,
		    void (*translated)(uint64_t id, struct qemu_plugin_tb *block)) __asm__("qemu_plugin_register_vcpu_tb_trans_cb");
const void *data_pointer(const struct qemu_plugin_insn *insn) __asm__("qemu_plugin_insn_data");
WEAK void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, enum qemu_plugin_op op, void *number,
						   uint64_t operand);

/* Version 7: a counter is a place in a scoreboard, which has one element for each virtual CPU. */
struct qemu_plugin_scoreboard;
struct qemu_plugin_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};
void on_block(uint64_t id, void (*translated)(struct qemu_plugin_tb *block, void *data),
	      void *data) __asm__("qemu_plugin_register_vcpu_tb_trans_cb");
size_t data_copy(const struct qemu_plugin_insn *insn, void *to, size_t bytes) __asm__("qemu_plugin_insn_data");
WEAK struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element);
WEAK void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int cpu);
WEAK void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *block, enum qemu_plugin_op op,
							    struct qemu_plugin_u64 place, uint64_t operand);

EXPORTED int qemu_plugin_version;
EXPORTED int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv);

static uint64_t *addresses; /* TABLE of them, hashed: the place of a block's counter. Never moved */
static uint32_t block_count;
static uint64_t *counters;			  /* version 1: TABLE, and USER */
static struct qemu_plugin_scoreboard *scoreboard; /* version 7: the same */
static FILE *out;

/* QEMU looks at the version before it calls anything. */
__attribute__((constructor)) static void choose_version(void)
{
	qemu_plugin_version = qemu_plugin_scoreboard_new ? VERSION_SCOREBOARDS : VERSION_POINTERS;
}

static bool counters_init(void)
{
	size_t bytes = (TABLE + 1) * sizeof(*counters);

	if (qemu_plugin_scoreboard_new)
		scoreboard = qemu_plugin_scoreboard_new(bytes);
	else
		counters = calloc(1, bytes);
	return scoreboard || counters;
}

static void count(struct qemu_plugin_tb *block, size_t counter, uint64_t number)
{
	if (scoreboard)
		qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(block, QEMU_PLUGIN_INLINE_ADD_U64,
								  (struct qemu_plugin_u64){scoreboard, counter * sizeof(*counters)},
								  number);
	else
		qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &counters[counter], number);
}

static bool insn_data(const struct qemu_plugin_insn *insn, uint8_t to[MARK_BYTES])
{
	if (qemu_plugin_insn_size(insn) != MARK_BYTES)
		return false;
	if (scoreboard)
		return data_copy(insn, to, MARK_BYTES) == MARK_BYTES;
	memcpy(to, data_pointer(insn), MARK_BYTES);
	return true;
}

static size_t place_of(uint64_t address)
{
	uint32_t i = (uint32_t)((address * 0x9e3779b97f4a7c15u) >> 46) % TABLE;

	while (addresses[i] && addresses[i] != address)
		i = (i + 1) % TABLE;
	if (!addresses[i] && ++block_count > TABLE / 8 * 7)
		abort();
	addresses[i] = address;
	return i;
}

static void marked(unsigned int cpu, void *number)
{
	const uint64_t *now = scoreboard ? qemu_plugin_scoreboard_find(scoreboard, cpu) : counters;

	fprintf(out, "== %u\nuser %llu\n", (unsigned int)(uintptr_t)number, (unsigned long long)now[USER]);
	for (uint32_t i = 0; i < TABLE; i++)
		if (now[i])
			fprintf(out, "%llx %llu\n", (unsigned long long)addresses[i], (unsigned long long)now[i]);
	fflush(out);
}

/* nopl 0x15c5NNNN(%rax,%rax,1): NNNN is the mark's number */
static bool is_mark(const struct qemu_plugin_insn *insn, unsigned int *number)
{
	static const uint8_t begin[4] = {0x0f, 0x1f, 0x84, 0x00};
	uint8_t bytes[MARK_BYTES];

	if (!insn_data(insn, bytes) || memcmp(bytes, begin, sizeof(begin)) || bytes[6] != 0xc5 || bytes[7] != 0x15)
		return false;
	*number = bytes[4] | (unsigned int)bytes[5] << 8;
	return true;
}

static void translated(struct qemu_plugin_tb *block, void *data)
{
	uint64_t address = qemu_plugin_tb_vaddr(block);
	size_t insns = qemu_plugin_tb_n_insns(block);
	bool is_kernel = address >> 63;
	unsigned int number;

	count(block, is_kernel ? place_of(address) : USER, insns);
	for (size_t i = 0; !is_kernel && i < insns; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);

		if (is_mark(insn, &number))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, QEMU_PLUGIN_CB_NO_REGS, (void *)(uintptr_t)number);
	}
}

static void translated_by_id(uint64_t id, struct qemu_plugin_tb *block)
{
	translated(block, NULL);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "we");
	addresses = calloc(TABLE, sizeof(*addresses));
	if (!out || !addresses || !counters_init())
		return -1;
	if (scoreboard)
		on_block(id, translated, NULL);
	else
		on_block_by_id(id, translated_by_id);
	return 0;
}
