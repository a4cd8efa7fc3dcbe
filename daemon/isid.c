/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Derives ISIDs: type and naming authority 00 02 3d (the OUI format and number open-iscsi uses, so
 * that targets see the same kind of initiator) and a 24-bit qualifier. FNV-1a is enough: the probe
 * in session.c settles collisions.
 */
#include "daemon/isid.h"

#include <stdio.h>
#include <string.h>

static const uint8_t authority[3] = {0x00, 0x02, 0x3d};

static uint32_t hash_bytes(uint32_t hash, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len--)
		hash = (hash ^ *at++) * 16777619u;
	return hash;
}

static void isid_fill(uint8_t isid[ISID_BYTES], uint32_t qualifier)
{
	memcpy(isid, authority, sizeof(authority));
	isid[3] = (uint8_t)(qualifier >> 16);
	isid[4] = (uint8_t)(qualifier >> 8);
	isid[5] = (uint8_t)qualifier;
}

void isid_derive(const struct isid_source *source, unsigned int probe, uint8_t isid[ISID_BYTES])
{
	const char *const parts[] = {source->initiator, source->target, source->address,
				     source->iface};
	uint32_t numbers[] = {(uint32_t)source->port, source->ordinal, probe};
	uint32_t hash = 2166136261u;

	/* The NUL is hashed too: "ab","c" must differ from "a","bc". */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash = hash_bytes(hash, parts[i], strlen(parts[i]) + 1);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint8_t bytes[4] = {(uint8_t)numbers[i], (uint8_t)(numbers[i] >> 8),
				    (uint8_t)(numbers[i] >> 16), (uint8_t)(numbers[i] >> 24)};

		hash = hash_bytes(hash, bytes, sizeof(bytes));
	}
	isid_fill(isid, hash ^ (hash >> 24));
}

void isid_from_sid(unsigned int sid, uint8_t isid[ISID_BYTES])
{
	isid_fill(isid, sid);
}

const char *isid_format(const uint8_t isid[ISID_BYTES], char text[ISID_TEXT_MAX])
{
	for (int i = 0; i < ISID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", isid[i]);
	return text;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool isid_parse(const char *text, uint8_t isid[ISID_BYTES])
{
	if (strlen(text) != 2 * ISID_BYTES)
		return false;
	for (int i = 0; i < ISID_BYTES; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		isid[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
