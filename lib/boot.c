/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot targets as rows: the gate every source's values pass, what follows from them, printing, and the way into a node record.
 * Called by the readers of the sources, iscsiadm and iscsistart. Opens no file and touches no network.
 */
#include "lib/boot.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "lib/portal.h"

#define TARGETS_MAX 255
#define TPGT 1 /* firmware tells none */
#define RETRIES 30
#define REDIRECTS 30

const struct boot_row boot_rows[BOOT_COUNT] = {
#define BOOT(id, object_word, attribute_text, name_text, kind_word, max_number, flag_word) \
	[BOOT_##id] = {                                                                     \
		.attribute = attribute_text,                                                \
		.name = name_text,                                                          \
		.object = BOOT_OF_##object_word,                                            \
		.kind = BOOT_IS_##kind_word,                                                \
		.max = max_number,                                                          \
		.flags = BOOT_IS_##flag_word,                                               \
	},
#include "lib/boot.def"
#undef BOOT
};

/* ---- the gate ---- */

static int take_address(const char *text, char *value)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, text, &four) == 1) {
		if (four.s_addr != INADDR_ANY)
			inet_ntop(AF_INET, &four, value, INET6_ADDRSTRLEN);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &six) != 1)
		return -EINVAL;
	if (!IN6_IS_ADDR_UNSPECIFIED(&six))
		inet_ntop(AF_INET6, &six, value, INET6_ADDRSTRLEN);
	return 0;
}

static int take_mac(const char *text, char *value)
{
	if (!name_is_mac(text))
		return -EINVAL;
	for (size_t i = 0; text[i]; i++)
		value[i] = (char)tolower((unsigned char)text[i]);
	return 0;
}

static int take_number(const char *text, unsigned int max, char *value)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || !isdigit((unsigned char)text[0]) || number > max)
		return -EINVAL;
	snprintf(value, BOOT_VALUE_MAX + 1, "%lu", number);
	return 0;
}

static int take_text(const char *text, unsigned int max, char *value)
{
	size_t len = strlen(text);

	if (len > max)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			return -EINVAL;
	memcpy(value, text, len + 1);
	return 0;
}

static int take_value(const struct boot_row *row, const char *text, char *value)
{
	if (!*text)
		return 0;
	switch (row->kind) {
	case BOOT_IS_NAME:
		return name_is_storable(text) ? take_text(text, row->max, value) : -EINVAL;
	case BOOT_IS_ADDRESS:
		return take_address(text, value);
	case BOOT_IS_MAC:
		return take_mac(text, value);
	case BOOT_IS_NUMBER:
		return take_number(text, row->max, value);
	case BOOT_IS_TEXT:
		return take_text(text, row->max, value);
	}
	return -EINVAL;
}

int boot_set(struct boot_target *target, enum boot_field field, const char *text)
{
	char copy[BOOT_VALUE_MAX + 1], *value = target->values[field];
	size_t len;
	int r;

	memset(value, 0, sizeof(target->values[field]));
	text += strspn(text, " \t\r\n");
	len = strlen(text);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (len > BOOT_VALUE_MAX)
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	r = take_value(&boot_rows[field], copy, value);
	explicit_bzero(copy, sizeof(copy));
	return r;
}

/* ---- what follows from it ---- */

bool boot_is_dhcp(const struct boot_target *target)
{
	const char *origin = target->values[BOOT_ORIGIN];

	return *origin ? atoi(origin) == BOOT_ORIGIN_DHCP : *target->values[BOOT_DHCP] != '\0';
}

static void prefix_from_mask(struct boot_target *target)
{
	char number[12];
	struct in_addr mask;
	uint32_t bits;
	int length;

	if (inet_pton(AF_INET, target->values[BOOT_SUBNET_MASK], &mask) != 1)
		return;
	bits = ntohl(mask.s_addr);
	length = __builtin_popcount(bits);
	/* A mask with holes has no length. */
	if (length < 32 && bits << length)
		return;
	snprintf(number, sizeof(number), "%d", length);
	(void)boot_set(target, BOOT_PREFIX_LEN, number);
}

static void mask_from_prefix(struct boot_target *target)
{
	int length = atoi(target->values[BOOT_PREFIX_LEN]);
	char text[INET_ADDRSTRLEN];
	struct in_addr mask;

	if (length < 1 || length > 32 || strchr(target->values[BOOT_ADDRESS], ':'))
		return;
	mask.s_addr = htonl(UINT32_MAX << (32 - length));
	if (inet_ntop(AF_INET, &mask, text, sizeof(text)))
		(void)boot_set(target, BOOT_SUBNET_MASK, text);
}

void boot_complete(struct boot_target *target)
{
	if (!*target->values[BOOT_PREFIX_LEN])
		prefix_from_mask(target);
	else if (!*target->values[BOOT_SUBNET_MASK])
		mask_from_prefix(target);
	if (*target->values[BOOT_ORIGIN] || *target->values[BOOT_DHCP] || *target->values[BOOT_ADDRESS])
		(void)boot_set(target, BOOT_BOOTPROTO, boot_is_dhcp(target) ? "DHCP" : "STATIC");
	if (!*target->values[BOOT_TARGET_PORT] || !atoi(target->values[BOOT_TARGET_PORT]))
		(void)boot_set(target, BOOT_TARGET_PORT, "3260");
}

/* ---- lists ---- */

void boot_list_done(struct boot_list *list)
{
	if (list->targets)
		explicit_bzero(list->targets, list->count * sizeof(list->targets[0]));
	free(list->targets);
	*list = (struct boot_list){0};
}

int boot_list_add(struct boot_list *list, const struct boot_target *target)
{
	struct boot_target *targets;

	if (!*target->values[BOOT_TARGET_NAME] || !*target->values[BOOT_TARGET_ADDRESS])
		return 0;
	if (list->count >= TARGETS_MAX)
		return -E2BIG;
	targets = calloc(list->count + 1, sizeof(targets[0]));
	if (!targets)
		return -ENOMEM;
	targets[0] = *target;
	if (list->count) {
		memcpy(&targets[1], list->targets, list->count * sizeof(targets[0]));
		explicit_bzero(list->targets, list->count * sizeof(targets[0]));
	}
	free(list->targets);
	list->targets = targets;
	list->count++;
	return 0;
}

/* ---- out of it ---- */

void boot_format(const struct boot_target *target, struct text *text)
{
	text_add(text, "# BEGIN RECORD " COMPAT_VERSION "\n");
	for (size_t i = 0; i < BOOT_COUNT; i++)
		if (*boot_rows[i].name && *target->values[i])
			text_add_setting(text, boot_rows[i].name, target->values[i]);
	text_add(text, "# END RECORD\n");
}

/* An offload port is an iface of its own; a session over TCP is one of the default iface, bound to the NIC. */
static int set_iface(const struct boot_target *target, struct record *node)
{
	const char *transport = target->values[BOOT_TRANSPORT];
	char name[BOOT_VALUE_MAX + 1] = "default";
	int r;

	if (*transport && strcmp(transport, "tcp") && *target->values[BOOT_MAC])
		snprintf(name, sizeof(name), "%.15s.%.17s", transport, target->values[BOOT_MAC]);
	r = record_set(node, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD);
	if (r == 0 && *target->values[BOOT_BOOTPROTO])
		r = record_set(node, F_IFACE_BOOTPROTO, boot_is_dhcp(target) ? "dhcp" : "static", ORIGIN_RECORD);
	return r;
}

static int set_origin(struct record *node)
{
	int r = record_set(node, F_NODE_DISCOVERY_TYPE, "fw", ORIGIN_RECORD);

	if (r == 0)
		r = record_set(node, F_NODE_STARTUP, "onboot", ORIGIN_RECORD);
	if (r == 0)
		r = record_set(node, F_NODE_CONN_STARTUP, "onboot", ORIGIN_RECORD);
	return r < 0 ? r : record_set_number(node, F_NODE_TPGT, TPGT, ORIGIN_RECORD);
}

int boot_to_node(const struct boot_target *target, struct record *node)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < BOOT_COUNT; i++) {
		enum field field = *boot_rows[i].name && i != BOOT_BOOTPROTO ? field_find(RECORD_NODE, boot_rows[i].name) : FIELD_NONE;

		if (field != FIELD_NONE && *target->values[i])
			r = record_set(node, field, target->values[i], ORIGIN_RECORD);
	}
	if (r == 0 && *target->values[BOOT_USERNAME])
		r = record_set(node, F_NODE_SESSION_AUTH_AUTHMETHOD, "CHAP", ORIGIN_RECORD);
	if (r == 0)
		r = set_iface(target, node);
	return r < 0 ? r : set_origin(node);
}

int boot_login_defaults(struct record *node)
{
	int r = record_set_number(node, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, RETRIES, ORIGIN_RECORD);

	if (r == 0)
		r = record_set_number(node, F_NODE_SESSION_LOGIN_REDIRECT_MAX, REDIRECTS, ORIGIN_RECORD);
	if (r == 0)
		r = record_set_number(node, F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL, 0, ORIGIN_RECORD);
	if (r == 0)
		r = record_set_number(node, F_NODE_CONN_TIMEO_NOOP_OUT_TIMEOUT, 0, ORIGIN_RECORD);
	return r < 0 ? r : record_set(node, F_NODE_SESSION_SCAN, "auto", ORIGIN_RECORD);
}
