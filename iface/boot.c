/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Collects boot targets from the places firmware leaves them in, and finds the NIC that is meant: the device the firmware names,
 * because some adapters have one MAC address for the network and one for iSCSI; else the NIC with the MAC address.
 */
#include "iface/boot.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/boot_ibft.h"
#include "lib/boot_openfw.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define FIRMWARE "firmware"
#define OBJECTS_MAX 256
#define FOLDER_BYTES 128 /* of a path below the root */

/* NIC drivers whose adapters have an iSCSI engine, and the transport that drives it. */
static const struct {
	const char *driver, *transport;
} offloads[] = {
	{"bnx2", "bnx2i"}, {"bnx2x", "bnx2i"}, {"cxgb3", "cxgb3i"}, {"cxgb4", "cxgb4i"}, {"qede", "qedi"},
};

/* ---- folders ---- */

static DIR *open_folder(const char *root, const char *folder)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	return opendir(path);
}

static int by_number(const void *a, const void *b)
{
	unsigned int left = *(const unsigned int *)a, right = *(const unsigned int *)b;

	return left < right ? -1 : left > right;
}

/* The numbers N of the entries prefixN of a folder, rising; how many, or -errno. */
static int list_numbers(const char *root, const char *folder, const char *prefix, unsigned int numbers[OBJECTS_MAX])
{
	DIR *stream = open_folder(root, folder);
	struct dirent *entry;
	size_t len = strlen(prefix);
	int count = 0;

	if (!stream)
		return -errno;
	while ((entry = readdir(stream)) && count < OBJECTS_MAX) {
		const char *digits = entry->d_name + len;
		char *end;

		if (strncmp(entry->d_name, prefix, len) != 0 || *digits < '0' || *digits > '9')
			continue;
		numbers[count] = (unsigned int)strtoul(digits, &end, 10);
		count += !*end;
	}
	closedir(stream);
	qsort(numbers, (size_t)count, sizeof(numbers[0]), by_number);
	return count;
}

static bool read_attribute(const char *root, const char *folder, const char *name, char text[BOOT_VALUE_MAX + 1])
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return sysfs_read(root, path, text, BOOT_VALUE_MAX + 1) > 0;
}

static bool read_number(const char *root, const char *folder, const char *name, unsigned int *ret_number)
{
	char text[BOOT_VALUE_MAX + 1], *end;

	if (!read_attribute(root, folder, name, text))
		return false;
	*ret_number = (unsigned int)strtoul(text, &end, 0);
	return !*end;
}

/* ---- NICs ---- */

static bool has_mac(const char *root, const char *netdev, const char *mac)
{
	char folder[sizeof("class/net/") + NAME_MAX], text[BOOT_VALUE_MAX + 1];

	snprintf(folder, sizeof(folder), "class/net/%s", netdev);
	return read_attribute(root, folder, "address", text) && !strcasecmp(text, mac);
}

/* VLANs, bonds and bridges borrow addresses; what firmware used is a device of a bus. */
static bool is_physical(const char *root, const char *netdev)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/class/net/%s/device", root, netdev);
	return access(path, F_OK) == 0;
}

/*
 * The NIC of a folder that fits best: of those with the address, else of all where any will do, the first by name. "": none.
 */
static void pick_netdev(const char *root, const char *folder, const char *mac, bool any_will_do, char netdev[IFNAMSIZ])
{
	DIR *stream = open_folder(root, folder);
	struct dirent *entry;
	bool best_fits = false;

	netdev[0] = '\0';
	while (stream && (entry = readdir(stream))) {
		bool fits = *mac && has_mac(root, entry->d_name, mac);

		if (entry->d_name[0] == '.' || strlen(entry->d_name) >= IFNAMSIZ || (!fits && !any_will_do) ||
		    (!any_will_do && !is_physical(root, entry->d_name)))
			continue;
		if (*netdev && (best_fits > fits || (best_fits == fits && strcmp(netdev, entry->d_name) < 0)))
			continue;
		snprintf(netdev, IFNAMSIZ, "%.15s", entry->d_name);
		best_fits = fits;
	}
	if (stream)
		closedir(stream);
}

static void find_netdev(const char *root, struct boot_target *target)
{
	char folder[sizeof(target->device) + 8], netdev[IFNAMSIZ] = "";

	snprintf(folder, sizeof(folder), "%s/net", target->device);
	if (target->device[0])
		pick_netdev(root, folder, target->values[BOOT_MAC], true, netdev);
	if (!netdev[0] && *target->values[BOOT_MAC])
		pick_netdev(root, "class/net", target->values[BOOT_MAC], false, netdev);
	(void)boot_set(target, BOOT_NETDEV, netdev);
}

/* An engine counts only if its driver is there: an adapter that has one works as an ordinary NIC as well. */
static const char *nic_transport(const char *root, const char *netdev)
{
	char path[PATH_MAX], driver[PATH_MAX];
	const char *name;
	uint64_t handle;
	uint32_t caps;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/class/net/%s/device/driver", root, netdev);
	len = readlink(path, driver, sizeof(driver) - 1);
	driver[len < 0 ? 0 : len] = '\0';
	name = strrchr(driver, '/');
	for (size_t i = 0; name && i < sizeof(offloads) / sizeof(offloads[0]); i++)
		if (!strcmp(name + 1, offloads[i].driver) && transport_handle(root, offloads[i].transport, &handle, &caps) == 0)
			return offloads[i].transport;
	return "tcp";
}

/* A target of an adapter that has no NIC goes by the adapter's host: firmware/iscsi_bootN belongs to hostN. */
static void find_path(const char *root, struct boot_target *target)
{
	struct sysfs_host host;
	unsigned int number;
	char rest;

	if (sscanf(target->root, "iscsi_boot%u%c", &number, &rest) == 1 && sysfs_host_read(root, number, &host) == 0) {
		(void)boot_set(target, BOOT_TRANSPORT, host.transport);
		return;
	}
	find_netdev(root, target);
	(void)boot_set(target, BOOT_TRANSPORT, nic_transport(root, target->values[BOOT_NETDEV]));
}

/* ---- the tree of iscsi_boot_sysfs ---- */

static void read_object(const char *root, const char *folder, enum boot_object object, struct boot_target *target)
{
	char text[BOOT_VALUE_MAX + 1];

	for (size_t i = 0; i < BOOT_COUNT; i++)
		if (boot_rows[i].object == object && read_attribute(root, folder, boot_rows[i].attribute, text))
			(void)boot_set(target, (enum boot_field)i, text);
	explicit_bzero(text, sizeof(text));
}

/* The NIC of the number the target names. */
static void read_nic(const char *root, const char *kset, unsigned int association, struct boot_target *target)
{
	unsigned int numbers[OBJECTS_MAX], index;
	char folder[FOLDER_BYTES];
	int count = list_numbers(root, kset, "ethernet", numbers);

	for (int i = 0; i < count; i++) {
		snprintf(folder, sizeof(folder), "%s/ethernet%u", kset, numbers[i]);
		if (!read_number(root, folder, "index", &index))
			index = numbers[i];
		if (index != association)
			continue;
		snprintf(target->nic, sizeof(target->nic), "ethernet%u", numbers[i]);
		snprintf(target->device, sizeof(target->device), "%s/device", folder);
		read_object(root, folder, BOOT_OF_ETHERNET, target);
		return;
	}
}

static int read_target(const char *root, const char *name, unsigned int number, struct boot_list *list)
{
	char kset[64], folder[FOLDER_BYTES];
	struct boot_target target = {.flags = BOOT_FLAG_SELECTED};
	unsigned int association = 0;
	int r;

	snprintf(kset, sizeof(kset), FIRMWARE "/%.31s", name);
	snprintf(folder, sizeof(folder), "%s/target%u", kset, number);
	(void)read_number(root, folder, "flags", &target.flags);
	if (!target.flags)
		return 0;
	snprintf(target.root, sizeof(target.root), "%.31s", name);
	snprintf(target.target, sizeof(target.target), "target%u", number);
	(void)read_number(root, folder, "nic-assoc", &association);
	read_object(root, folder, BOOT_OF_TARGET, &target);
	read_nic(root, kset, association, &target);
	snprintf(folder, sizeof(folder), "%s/initiator", kset);
	read_object(root, folder, BOOT_OF_INITIATOR, &target);
	r = boot_list_add(list, &target);
	explicit_bzero(&target, sizeof(target));
	return r;
}

/* -ENOENT: there is no such tree. */
static int read_kset(const char *root, const char *name, struct boot_list *list)
{
	unsigned int numbers[OBJECTS_MAX];
	char kset[64];
	int count, r = 0;

	snprintf(kset, sizeof(kset), FIRMWARE "/%.31s", name);
	count = list_numbers(root, kset, "target", numbers);
	if (count < 0)
		return count;
	for (int i = 0; r == 0 && i < count; i++)
		r = read_target(root, name, numbers[i], list);
	return r;
}

/* ---- the sources ---- */

static int read_raw_table(const char *root, struct boot_list *list)
{
	static const char *const names[] = {"iBFT", "IBFT"};
	struct text text = {0};
	char path[PATH_MAX];
	int r = -ENOENT;

	for (size_t i = 0; r == -ENOENT && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/" FIRMWARE "/acpi/tables/%s", root, names[i]);
		r = text_read_file(path, BOOT_IBFT_MAX, &text);
	}
	if (r == 0)
		r = boot_ibft_parse((const uint8_t *)text.data, text.len, list);
	text_done(&text);
	return r == -ENOENT || r == -ENOTDIR ? 0 : r;
}

static int read_ibft(const char *root, struct boot_list *list)
{
	int r = read_kset(root, "ibft", list);

	return r == -ENOENT || r == -ENOTDIR ? read_raw_table(root, list) : r;
}

static int read_adapters(const char *root, struct boot_list *list)
{
	unsigned int numbers[OBJECTS_MAX];
	int count = list_numbers(root, FIRMWARE, "iscsi_boot", numbers), r = 0;
	char name[32];

	for (int i = 0; r == 0 && i < count; i++) {
		snprintf(name, sizeof(name), "iscsi_boot%u", numbers[i]);
		r = read_kset(root, name, list);
		if (r == -ENOENT)
			r = 0;
	}
	return r;
}

int boot_read(const char *root, struct boot_list *ret_list)
{
	char tree[PATH_MAX];
	int r, error;

	*ret_list = (struct boot_list){0};
	snprintf(tree, sizeof(tree), "%s/" FIRMWARE "/devicetree/base", root);
	error = boot_openfw_read(tree, ret_list);
	if (!ret_list->count) {
		r = read_ibft(root, ret_list);
		error = error ? error : r;
		r = read_adapters(root, ret_list);
		error = error ? error : r;
	}
	if (error && (error == -ENOMEM || !ret_list->count)) {
		boot_list_done(ret_list);
		return error;
	}
	for (size_t i = 0; i < ret_list->count; i++) {
		find_path(root, &ret_list->targets[i]);
		boot_complete(&ret_list->targets[i]);
	}
	return 0;
}
