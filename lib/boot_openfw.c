/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads the boot target out of the Open Firmware device tree. Arguments are rows; what is in no row is the firmware's own business. */
#include "lib/boot_openfw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BOOTPATH_MAX 8192
#define MAC_BYTES 6

static const struct {
	const char *name;
	enum boot_field field;
} arguments[] = {
	{"itname", BOOT_INITIATOR_NAME},
	{"isid", BOOT_ISID},
	{"ciaddr", BOOT_ADDRESS},
	{"subnet-mask", BOOT_SUBNET_MASK},
	{"giaddr", BOOT_GATEWAY},
	{"dhcp", BOOT_DHCP},
	{"iname", BOOT_TARGET_NAME},
	{"siaddr", BOOT_TARGET_ADDRESS},
	{"iport", BOOT_TARGET_PORT},
	{"ilun", BOOT_LUN},
	{"ichapid", BOOT_USERNAME},
	{"ichappw", BOOT_PASSWORD},
	{"chapid", BOOT_USERNAME_IN},
	{"chappw", BOOT_PASSWORD_IN},
};

static void take_argument(struct boot_target *target, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		if (!strcmp(arguments[i].name, name))
			(void)boot_set(target, arguments[i].field, value);
}

/* The tree is the kernel's, the path the firmware's: it must stay in the tree. */
static int take_node(const char *path, char *ret_node, size_t room)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len < 2 || len > room || strstr(path, "/.") || strstr(path, "//"))
		return -EINVAL;
	snprintf(ret_node, room, "%s", path + 1);
	return 0;
}

int boot_openfw_parse(const char *bytes, size_t len, struct boot_target *ret_target, char *ret_node, size_t room)
{
	char copy[BOOTPATH_MAX + 1], *rest, *word, *value;
	bool is_iscsi = false;
	int r;

	len = strnlen(bytes, len);
	if (len > BOOTPATH_MAX)
		return -EINVAL;
	memcpy(copy, bytes, len);
	copy[len] = '\0';
	memset(ret_target, 0, sizeof(*ret_target));
	rest = strchr(copy, ':');
	if (!rest)
		return -ENOENT;
	*rest++ = '\0';
	while ((word = strsep(&rest, ","))) {
		value = strchr(word, '=');
		is_iscsi |= !strcmp(word, "iscsi");
		if (!value)
			continue;
		*value++ = '\0';
		take_argument(ret_target, word, value);
	}
	r = is_iscsi ? take_node(copy, ret_node, room) : -ENOENT;
	explicit_bzero(copy, sizeof(copy));
	if (r < 0)
		explicit_bzero(ret_target, sizeof(*ret_target));
	return r;
}

static bool read_mac(const char *tree, const char *node, const char *property, struct boot_target *target)
{
	char path[1024], mac[18];
	struct text text = {0};
	const unsigned char *byte;

	snprintf(path, sizeof(path), "%s/%s/%s", tree, node, property);
	if (text_read_file(path, 64, &text) == 0 && text.len == MAC_BYTES) {
		byte = (const unsigned char *)text.data;
		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", byte[0], byte[1], byte[2], byte[3], byte[4], byte[5]);
		(void)boot_set(target, BOOT_MAC, mac);
	}
	text_done(&text);
	return *target->values[BOOT_MAC];
}

int boot_openfw_read(const char *tree, struct boot_list *list)
{
	struct boot_target target;
	char path[512], node[512];
	struct text text = {0};
	int r;

	snprintf(path, sizeof(path), "%s/chosen/bootpath", tree);
	r = text_read_file(path, BOOTPATH_MAX, &text);
	if (r == 0)
		r = text.len ? boot_openfw_parse(text.data, text.len, &target, node, sizeof(node)) : -ENOENT;
	text_done(&text);
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	if (!read_mac(tree, node, "local-mac-address", &target))
		(void)read_mac(tree, node, "mac-address", &target);
	snprintf(target.root, sizeof(target.root), "openfirmware");
	target.flags = BOOT_FLAG_SELECTED;
	r = boot_list_add(list, &target);
	explicit_bzero(&target, sizeof(target));
	return r;
}
