/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parses the raw iBFT. The table comes from firmware, so it is taken for hostile: one struct is the window into it, and only
 * table_at() makes pointers, after it has seen that what they point to is inside.
 */
#include "lib/boot_ibft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEADER_BYTES 36
#define CONTROL_AT 48
#define STRUCT_HEADER_BYTES 6
#define ADDRESS_BYTES 16
#define PAIRS 2 /* NIC 0 with target 0, NIC 1 with target 1 */

enum structure { CONTROL = 1, INITIATOR = 2, NIC = 3, TARGET = 4 };

/* Bytes a structure must have. */
static const size_t structure_bytes[] = {[CONTROL] = 18, [INITIATOR] = 74, [NIC] = 102, [TARGET] = 54};

/* Offsets inside the structures. */
enum {
	CONTROL_INITIATOR = 8,
	CONTROL_NIC_0 = 10,
	CONTROL_TARGET_0 = 12,
	CONTROL_NIC_1 = 14,
	CONTROL_TARGET_1 = 16,
	INITIATOR_NAME = 70,
	NIC_ADDRESS = 6,
	NIC_PREFIX = 22,
	NIC_ORIGIN = 23,
	NIC_GATEWAY = 24,
	NIC_PRIMARY_DNS = 40,
	NIC_SECONDARY_DNS = 56,
	NIC_DHCP = 72,
	NIC_VLAN = 88,
	NIC_MAC = 90,
	NIC_PCI = 96,
	NIC_HOSTNAME = 98,
	TARGET_ADDRESS = 6,
	TARGET_PORT = 22,
	TARGET_LUN = 24,
	TARGET_NIC = 33,
	TARGET_NAME = 34,
	TARGET_CHAP_NAME = 38,
	TARGET_CHAP_SECRET = 42,
	TARGET_REVERSE_NAME = 46,
	TARGET_REVERSE_SECRET = 50,
};

struct table {
	const uint8_t *bytes;
	size_t len;
};

static const uint8_t *table_at(const struct table *table, size_t offset, size_t len)
{
	return offset <= table->len && len <= table->len - offset ? table->bytes + offset : NULL;
}

static unsigned int u16(const uint8_t *at)
{
	return at[0] | (unsigned int)at[1] << 8;
}

static uint32_t u32(const uint8_t *at)
{
	return u16(at) | (uint32_t)u16(at + 2) << 16;
}

static bool sum_is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *bytes++);
	return sum == 0;
}

/* The table proper: its own length may be shorter than what was read. */
static int table_open(const uint8_t *bytes, size_t len, struct table *ret_table)
{
	if (len < CONTROL_AT + structure_bytes[CONTROL] || (memcmp(bytes, "iBFT", 4) && memcmp(bytes, "IBFT", 4)))
		return -EINVAL;
	ret_table->bytes = bytes;
	ret_table->len = u32(bytes + 4);
	if (ret_table->len > len || ret_table->len < CONTROL_AT + structure_bytes[CONTROL] || bytes[8] != 1)
		return -EINVAL;
	return sum_is_zero(bytes, ret_table->len) ? 0 : -EINVAL;
}

/* The structure at offset; NULL in *ret where there is none: offset 0, or not valid by its flags. */
static int table_structure(const struct table *table, size_t offset, enum structure id, const uint8_t **ret)
{
	const uint8_t *at;
	size_t len;

	*ret = NULL;
	if (!offset)
		return 0;
	at = table_at(table, offset, STRUCT_HEADER_BYTES);
	if (!at || offset < HEADER_BYTES || at[0] != id || at[1] != 1)
		return -EINVAL;
	len = u16(at + 2);
	if (len < structure_bytes[id] || !table_at(table, offset, len))
		return -EINVAL;
	/* Some firmware does not say "valid" but "selected": any flag counts. Of the control structure the flags mean something else. */
	if (at[5] || id == CONTROL)
		*ret = at;
	return 0;
}

/* A string: length and offset at place. What does not lie in the table is left out. */
static void take_string(const struct table *table, const uint8_t *place, struct boot_target *target, enum boot_field field)
{
	size_t len = u16(place), offset = u16(place + 2);
	const uint8_t *at = table_at(table, offset, len);
	char text[BOOT_VALUE_MAX + 1];

	if (!len || !offset || !at || len > BOOT_VALUE_MAX || memchr(at, '\0', len))
		return;
	memcpy(text, at, len);
	text[len] = '\0';
	(void)boot_set(target, field, text);
	explicit_bzero(text, sizeof(text));
}

/* 16 bytes: IPv6, or IPv4 mapped into it. */
static void take_address(const uint8_t *at, struct boot_target *target, enum boot_field field)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];

	memcpy(&address, at, ADDRESS_BYTES);
	if (inet_ntop(IN6_IS_ADDR_V4MAPPED(&address) ? AF_INET : AF_INET6,
		      IN6_IS_ADDR_V4MAPPED(&address) ? (const void *)(at + 12) : (const void *)&address, text, sizeof(text)))
		(void)boot_set(target, field, text);
}

static void take_number(unsigned int number, struct boot_target *target, enum boot_field field)
{
	char text[12];

	snprintf(text, sizeof(text), "%u", number);
	(void)boot_set(target, field, text);
}

static void take_nic(const struct table *table, const uint8_t *nic, struct boot_target *target)
{
	unsigned int pci = u16(nic + NIC_PCI);
	const uint8_t *mac = nic + NIC_MAC;
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	(void)boot_set(target, BOOT_MAC, text);
	snprintf(target->nic, sizeof(target->nic), "ethernet%u", nic[4]);
	if (pci)
		snprintf(target->device, sizeof(target->device), "bus/pci/devices/0000:%02x:%02x.%x", pci >> 8, pci >> 3 & 31, pci & 7);
	take_address(nic + NIC_ADDRESS, target, BOOT_ADDRESS);
	if (nic[NIC_PREFIX])
		take_number(nic[NIC_PREFIX], target, BOOT_PREFIX_LEN);
	take_number(nic[NIC_ORIGIN], target, BOOT_ORIGIN);
	take_address(nic + NIC_GATEWAY, target, BOOT_GATEWAY);
	take_address(nic + NIC_PRIMARY_DNS, target, BOOT_PRIMARY_DNS);
	take_address(nic + NIC_SECONDARY_DNS, target, BOOT_SECONDARY_DNS);
	take_address(nic + NIC_DHCP, target, BOOT_DHCP);
	take_number(u16(nic + NIC_VLAN), target, BOOT_VLAN);
	take_string(table, nic + NIC_HOSTNAME, target, BOOT_HOSTNAME);
}

/* As the kernel writes it: each byte in hexadecimal, without leading zeros. */
static void take_lun(const uint8_t *lun, struct boot_target *target)
{
	char text[17] = "";

	for (int i = 0; i < 8; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%x", lun[i]);
	(void)boot_set(target, BOOT_LUN, text);
}

static void take_target(const struct table *table, const uint8_t *at, struct boot_target *target)
{
	snprintf(target->target, sizeof(target->target), "target%u", at[4]);
	target->flags = at[5];
	take_address(at + TARGET_ADDRESS, target, BOOT_TARGET_ADDRESS);
	take_number(u16(at + TARGET_PORT), target, BOOT_TARGET_PORT);
	take_lun(at + TARGET_LUN, target);
	take_string(table, at + TARGET_NAME, target, BOOT_TARGET_NAME);
	take_string(table, at + TARGET_CHAP_NAME, target, BOOT_USERNAME);
	take_string(table, at + TARGET_CHAP_SECRET, target, BOOT_PASSWORD);
	take_string(table, at + TARGET_REVERSE_NAME, target, BOOT_USERNAME_IN);
	take_string(table, at + TARGET_REVERSE_SECRET, target, BOOT_PASSWORD_IN);
}

struct structures {
	const uint8_t *initiator, *nics[PAIRS], *targets[PAIRS];
};

static int find_structures(const struct table *table, struct structures *ret)
{
	const uint8_t *control;
	int r = table_structure(table, CONTROL_AT, CONTROL, &control);

	if (r < 0)
		return r;
	r = table_structure(table, u16(control + CONTROL_INITIATOR), INITIATOR, &ret->initiator);
	if (r == 0)
		r = table_structure(table, u16(control + CONTROL_NIC_0), NIC, &ret->nics[0]);
	if (r == 0)
		r = table_structure(table, u16(control + CONTROL_NIC_1), NIC, &ret->nics[1]);
	if (r == 0)
		r = table_structure(table, u16(control + CONTROL_TARGET_0), TARGET, &ret->targets[0]);
	return r < 0 ? r : table_structure(table, u16(control + CONTROL_TARGET_1), TARGET, &ret->targets[1]);
}

/* The NIC a target says it is behind. */
static const uint8_t *nic_of(const struct structures *found, const uint8_t *target)
{
	for (int i = 0; i < PAIRS; i++)
		if (found->nics[i] && found->nics[i][4] == target[TARGET_NIC])
			return found->nics[i];
	return NULL;
}

int boot_ibft_parse(const uint8_t *bytes, size_t len, struct boot_list *list)
{
	struct structures found = {0};
	struct table table;
	int r = table_open(bytes, len, &table);

	if (r == 0)
		r = find_structures(&table, &found);
	for (int i = 0; r == 0 && i < PAIRS; i++) {
		struct boot_target target = {.root = "ibft"};
		const uint8_t *nic;

		if (!found.targets[i])
			continue;
		nic = nic_of(&found, found.targets[i]);
		take_target(&table, found.targets[i], &target);
		if (nic)
			take_nic(&table, nic, &target);
		if (found.initiator)
			take_string(&table, found.initiator + INITIATOR_NAME, &target, BOOT_INITIATOR_NAME);
		r = boot_list_add(list, &target);
		explicit_bzero(&target, sizeof(target));
	}
	return r;
}
