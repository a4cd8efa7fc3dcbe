/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what firmware leaves behind: the input is a raw iBFT (as it is, then with its checksum made right, so that damage inside is
 * met) and an Open Firmware boot path. What was taken must pass the gate again unchanged, print, and make a record.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/boot_ibft.h"
#include "lib/boot_openfw.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(const struct boot_target *target)
{
	struct boot_target again = *target;
	struct text text = {0};
	struct record node;

	for (size_t i = 0; i < BOOT_COUNT; i++)
		if (boot_set(&again, (enum boot_field)i, target->values[i]) || strcmp(again.values[i], target->values[i]))
			abort();
	boot_complete(&again);
	boot_format(&again, &text);
	if (text.failed || !text.len)
		abort();
	text_done(&text);
	record_init(&node, RECORD_NODE);
	if (boot_to_node(&again, &node) == 0 && strcmp(record_text(&node, F_NODE_NAME), target->values[BOOT_TARGET_NAME]))
		abort();
	record_done(&node);
}

static void parse_table(const uint8_t *bytes, size_t len)
{
	struct boot_list list = {0};
	int r = boot_ibft_parse(bytes, len, &list);

	if (list.count > 2 || (r && r != -12 && list.count))
		abort();
	for (size_t i = 0; i < list.count; i++)
		check(&list.targets[i]);
	boot_list_done(&list);
}

static void parse_corrected(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len), sum = 0;
	size_t whole;

	if (!copy)
		abort();
	memcpy(copy, bytes, len);
	memcpy(copy, "iBFT", 4);
	copy[8] = 1;
	whole = copy[4] | (size_t)copy[5] << 8;
	copy[6] = copy[7] = copy[9] = 0;
	for (size_t i = 0; i < whole && i < len; i++)
		sum = (uint8_t)(sum + copy[i]);
	copy[9] = (uint8_t)-sum;
	parse_table(copy, len);
	free(copy);
}

static void parse_path(const uint8_t *bytes, size_t len)
{
	struct boot_target target;
	char node[128];

	if (boot_openfw_parse((const char *)bytes, len, &target, node, sizeof(node)) == 0) {
		if (strlen(node) >= sizeof(node) || strstr(node, "/.") || node[0] == '.' || node[0] == '/')
			abort();
		if (*target.values[BOOT_TARGET_NAME])
			check(&target);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	parse_table(bytes, len);
	if (len > 10)
		parse_corrected(bytes, len);
	parse_path(bytes, len);
	return 0;
}
