/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CRC32C: by SSE 4.2 or ARMv8's instruction where the processor has it, else eight bytes at a time by tables, which are made at the
 * first use. Called where a connection has digests and no kernel that computes them. Not for threads at the first use.
 */
#include "lib/crc32c.h"

#include <stdbool.h>
#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* reflected */
#define STEP 8

static uint32_t tables[STEP][256];

static void fill_tables(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][i] = crc;
	}
	for (int step = 1; step < STEP; step++)
		for (int i = 0; i < 256; i++)
			tables[step][i] = tables[step - 1][i] >> 8 ^ tables[0][tables[step - 1][i] & 0xff];
}

static uint32_t eight_bytes(uint32_t crc, const unsigned char *at)
{
	crc ^= (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	return tables[7][crc & 0xff] ^ tables[6][crc >> 8 & 0xff] ^ tables[5][crc >> 16 & 0xff] ^ tables[4][crc >> 24] ^
	       tables[3][at[4]] ^ tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
}

uint32_t crc32c_by_table(uint32_t crc, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	if (!tables[0][1])
		fill_tables();
	crc = ~crc;
	for (; length >= STEP; length -= STEP, at += STEP)
		crc = eight_bytes(crc, at);
	for (; length; length--)
		crc = crc >> 8 ^ tables[0][(crc ^ *at++) & 0xff];
	return ~crc;
}

#if defined(__x86_64__)
static bool has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const unsigned char *at, size_t length)
{
	uint64_t state = ~crc, word;

	for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		state = __builtin_ia32_crc32di(state, word);
	}
	for (crc = (uint32_t)state; length; length--)
		crc = __builtin_ia32_crc32qi(crc, *at++);
	return ~crc;
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static bool has_instruction(void)
{
	return true;
}

static uint32_t by_instruction(uint32_t crc, const unsigned char *at, size_t length)
{
	uint64_t word;

	crc = ~crc;
	for (; length >= sizeof(word); length -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		crc = __crc32cd(crc, word);
	}
	for (; length; length--)
		crc = __crc32cb(crc, *at++);
	return ~crc;
}
#else
static bool has_instruction(void)
{
	return false;
}

static uint32_t by_instruction(uint32_t crc, const unsigned char *at, size_t length)
{
	return crc32c_by_table(crc, at, length);
}
#endif

uint32_t crc32c(uint32_t crc, const void *bytes, size_t length)
{
	return has_instruction() ? by_instruction(crc, bytes, length) : crc32c_by_table(crc, bytes, length);
}
