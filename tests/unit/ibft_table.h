/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A raw iBFT for tests: one initiator, two NICs, two targets. After a change ibft_sum() makes the checksum right again. */
#ifndef OPENHBA_TESTS_UNIT_IBFT_TABLE_H
#define OPENHBA_TESTS_UNIT_IBFT_TABLE_H

#include <stdint.h>
#include <string.h>

enum {
	IBFT_CONTROL = 48,
	IBFT_INITIATOR = 72,
	IBFT_NIC_0 = 152,
	IBFT_TARGET_0 = 256,
	IBFT_NIC_1 = 312,
	IBFT_TARGET_1 = 416,
	IBFT_STRINGS = 472,
	IBFT_BYTES = 600,
};

struct ibft_table {
	uint8_t bytes[IBFT_BYTES];
	unsigned int strings;
};

static void ibft_u16(struct ibft_table *table, unsigned int at, unsigned int value)
{
	table->bytes[at] = (uint8_t)value;
	table->bytes[at + 1] = (uint8_t)(value >> 8);
}

static void ibft_string(struct ibft_table *table, unsigned int at, const char *text)
{
	size_t len = strlen(text);

	ibft_u16(table, at, (unsigned int)len);
	ibft_u16(table, at + 2, len ? table->strings : 0);
	memcpy(table->bytes + table->strings, text, len);
	table->strings += (unsigned int)len + 1;
}

static void ibft_structure(struct ibft_table *table, unsigned int at, unsigned int id, unsigned int len, unsigned int index)
{
	table->bytes[at] = (uint8_t)id;
	table->bytes[at + 1] = 1;
	ibft_u16(table, at + 2, len);
	table->bytes[at + 4] = (uint8_t)index;
	table->bytes[at + 5] = 3;
}

static void ibft_address(struct ibft_table *table, unsigned int at, unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	const uint8_t four[] = {0xff, 0xff, (uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};

	memcpy(table->bytes + at + 10, four, sizeof(four));
}

static void ibft_sum(struct ibft_table *table)
{
	uint8_t sum = 0;

	table->bytes[9] = 0;
	for (size_t i = 0; i < IBFT_BYTES; i++)
		sum = (uint8_t)(sum + table->bytes[i]);
	table->bytes[9] = (uint8_t)-sum;
}

static void ibft_pair(struct ibft_table *table, unsigned int nic, unsigned int target, unsigned int index)
{
	ibft_structure(table, nic, 3, 102, index);
	ibft_address(table, nic + 6, 10, 9, index, 10);
	table->bytes[nic + 22] = 24;
	table->bytes[nic + 23] = index ? 3 : 1;
	ibft_address(table, nic + 24, 10, 9, index, 254);
	ibft_u16(table, nic + 88, 7 * index);
	memcpy(table->bytes + nic + 90, "\x52\x54\0\0\0", 5);
	table->bytes[nic + 95] = (uint8_t)(index + 1);
	ibft_structure(table, target, 4, 54, index);
	ibft_address(table, target + 6, 10, 9, index, 1);
	ibft_u16(table, target + 22, 3260 + index);
	table->bytes[target + 33] = (uint8_t)index;
}

static void ibft_make(struct ibft_table *table)
{
	static const uint16_t offsets[] = {0, IBFT_INITIATOR, IBFT_NIC_0, IBFT_TARGET_0, IBFT_NIC_1, IBFT_TARGET_1};

	*table = (struct ibft_table){.bytes = "iBFT", .strings = IBFT_STRINGS};
	ibft_u16(table, 4, IBFT_BYTES);
	table->bytes[8] = 1;
	ibft_structure(table, IBFT_CONTROL, 1, 18, 0);
	for (unsigned int i = 0; i < 6; i++)
		ibft_u16(table, IBFT_CONTROL + 6 + 2 * i, offsets[i]);
	ibft_structure(table, IBFT_INITIATOR, 2, 74, 0);
	ibft_string(table, IBFT_INITIATOR + 70, "iqn.2026-01.lab:me");
	ibft_pair(table, IBFT_NIC_0, IBFT_TARGET_0, 0);
	ibft_pair(table, IBFT_NIC_1, IBFT_TARGET_1, 1);
	ibft_string(table, IBFT_TARGET_0 + 34, "iqn.2026-01.lab:t0");
	ibft_string(table, IBFT_TARGET_1 + 34, "iqn.2026-01.lab:t1");
	ibft_string(table, IBFT_TARGET_1 + 38, "alice");
	ibft_string(table, IBFT_TARGET_1 + 42, "secret12");
	ibft_sum(table);
}

#endif
