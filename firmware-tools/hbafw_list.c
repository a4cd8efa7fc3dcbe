/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The HBAs of this machine: the PCI functions (libpci) that carry an iSCSI host, or that are known for it and have no driver. What libpci
 * does not know is read from sysfs. Read only.
 */
#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <pci/pci.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware-tools/hbafw.h"
#include "lib/library.h"
#include "transport/abi/isp4xxx.h"
#include "transport/user/sysfs.h"

/* iSCSI functions of cards whose driver might be absent. */
static const struct {
	uint16_t vendor, device;
	const char *model;
} known[] = {
	{ISP_VENDOR, ISP_DEVICE_4010, "ISP4010"}, {ISP_VENDOR, ISP_DEVICE_4022, "ISP4022"}, {ISP_VENDOR, ISP_DEVICE_4032, "ISP4032"},
	{ISP_VENDOR, 0x8022, "ISP8022"},	  {ISP_VENDOR, 0x8032, "ISP8324"},	    {ISP_VENDOR, 0x8042, "ISP8042"},
};

/* A line of the list. host is "" where there is none. */
struct hba {
	char slot[32], model[128], driver[64], host[32], firmware[64], serial[64], mac[32], state[32], speed[32];
};

static struct {
	struct pci_access *(*alloc)(void);
	void (*init)(struct pci_access *access);
	void (*scan)(struct pci_access *access);
	int (*fill)(struct pci_dev *device, int flags);
	char *(*name)(struct pci_access *access, char *buffer, int size, int flags, ...);
	void (*cleanup)(struct pci_access *access);
	int (*set)(struct pci_access *access, char *name, char *value);
} pci;

static const struct library_symbol pci_symbols[] = {
	{"pci_alloc", 0 * sizeof(void *)},	 {"pci_init", 1 * sizeof(void *)},    {"pci_scan_bus", 2 * sizeof(void *)},
	{"pci_fill_info", 3 * sizeof(void *)}, {"pci_lookup_name", 4 * sizeof(void *)}, {"pci_cleanup", 5 * sizeof(void *)},
	{"pci_set_param", 6 * sizeof(void *)},
};

/* The host below a PCI function, by number; -1: none. */
static long find_host(const struct hbafw *hbafw, const char *slot)
{
	char path[PATH_MAX], probe[PATH_MAX + 320];
	struct dirent *entry;
	long host_no = -1;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", hbafw->sysfs, slot);
	folder = opendir(path);
	while (folder && host_no < 0 && (entry = readdir(folder))) {
		char *end;
		long number;

		if (strncmp(entry->d_name, "host", 4) != 0)
			continue;
		number = strtol(entry->d_name + 4, &end, 10);
		snprintf(probe, sizeof(probe), "%s/class/iscsi_host/%s", hbafw->sysfs, entry->d_name);
		if (end != entry->d_name + 4 && !*end && access(probe, F_OK) == 0)
			host_no = number;
	}
	if (folder)
		closedir(folder);
	return host_no;
}

static void read_attribute(const struct hbafw *hbafw, const char *class, const char *host, const char *name, char *text, size_t room)
{
	char path[256];

	snprintf(path, sizeof(path), "class/%s/%s/%s", class, host, name);
	if (sysfs_read(hbafw->sysfs, path, text, room) < 0)
		*text = '\0';
}

static void read_driver(const struct hbafw *hbafw, struct hba *hba)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver", hbafw->sysfs, hba->slot);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = '\0';
	snprintf(hba->driver, sizeof(hba->driver), "%.63s", strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
}

static void read_host(const struct hbafw *hbafw, struct hba *hba)
{
	char model[64];

	read_attribute(hbafw, "scsi_host", hba->host, "hba_model", model, sizeof(model));
	if (*model)
		snprintf(hba->model, sizeof(hba->model), "%s", model);
	read_attribute(hbafw, "scsi_host", hba->host, "fw_version", hba->firmware, sizeof(hba->firmware));
	read_attribute(hbafw, "scsi_host", hba->host, "serial_num", hba->serial, sizeof(hba->serial));
	read_attribute(hbafw, "iscsi_host", hba->host, "hwaddress", hba->mac, sizeof(hba->mac));
	read_attribute(hbafw, "iscsi_host", hba->host, "port_state", hba->state, sizeof(hba->state));
	read_attribute(hbafw, "iscsi_host", hba->host, "port_speed", hba->speed, sizeof(hba->speed));
}

static const char *known_model(uint16_t vendor, uint16_t device)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].vendor == vendor && known[i].device == device)
			return known[i].model;
	return NULL;
}

static const struct {
	const char *name, *title;
	size_t offset;
	int width;
} columns[] = {
	{"host", "HOST", offsetof(struct hba, host), -7},	      {"model", "MODEL", offsetof(struct hba, model), -10},
	{"slot", "SLOT", offsetof(struct hba, slot), -13},	      {"driver", "DRIVER", offsetof(struct hba, driver), -9},
	{"firmware", "FIRMWARE", offsetof(struct hba, firmware), -13}, {"serial", "SERIAL", offsetof(struct hba, serial), -14},
	{"mac", "MAC", offsetof(struct hba, mac), -18},		      {"port_state", "PORT", offsetof(struct hba, state), -10},
	{"port_speed", "SPEED", offsetof(struct hba, speed), 0},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void put_hba(const struct hbafw *hbafw, const struct hba *hba)
{
	struct json_object *object = hbafw->json ? json_object_new_object() : NULL;

	if (object)
		json_object_object_add(object, "type", json_object_new_string("hba"));
	for (size_t i = 0; i < COLUMNS; i++) {
		const char *text = (const char *)hba + columns[i].offset;

		if (object)
			json_object_object_add(object, columns[i].name, *text ? json_object_new_string(text) : NULL);
		else
			fprintf(hbafw->out, "%*s%s", columns[i].width, *text ? text : "-", i + 1 < COLUMNS ? " " : "\n");
	}
	if (object)
		fprintf(hbafw->out, "%s\n",
			json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void put_titles(const struct hbafw *hbafw)
{
	for (size_t i = 0; i < COLUMNS && !hbafw->json; i++)
		fprintf(hbafw->out, "%*s%s", columns[i].width, columns[i].title, i + 1 < COLUMNS ? " " : "\n");
}

/* False: not an HBA. */
static bool list_function(const struct hbafw *hbafw, struct pci_access *bus, struct pci_dev *device, bool is_first)
{
	struct hba hba = {0};
	const char *model;
	long host_no;

	pci.fill(device, PCI_FILL_IDENT);
	model = known_model(device->vendor_id, device->device_id);
	snprintf(hba.slot, sizeof(hba.slot), "%04x:%02x:%02x.%d", (unsigned int)device->domain, device->bus, device->dev, device->func);
	host_no = find_host(hbafw, hba.slot);
	if (!model && host_no < 0)
		return false;
	if (model)
		snprintf(hba.model, sizeof(hba.model), "%s", model);
	else
		pci.name(bus, hba.model, sizeof(hba.model), PCI_LOOKUP_DEVICE, device->vendor_id, device->device_id);
	read_driver(hbafw, &hba);
	if (host_no >= 0) {
		snprintf(hba.host, sizeof(hba.host), "host%ld", host_no);
		read_host(hbafw, &hba);
	}
	if (is_first)
		put_titles(hbafw);
	put_hba(hbafw, &hba);
	return true;
}

int hbafw_list(struct hbafw *hbafw)
{
	char path[PATH_MAX], parameter[] = "sysfs.path";
	struct pci_access *bus;
	unsigned int found = 0;
	int r;

	snprintf(path, sizeof(path), "%s/bus/pci", hbafw->sysfs);
	if (access(path, R_OK) < 0)
		return errno == ENOENT ? HBAFW_OK : hbafw_fail(hbafw, "%s: %s", path, strerror(errno));
	r = library_open("libpci.so.3", pci_symbols, sizeof(pci_symbols) / sizeof(pci_symbols[0]), &pci);
	if (r < 0)
		return hbafw_fail(hbafw, "libpci is not installed: %s", strerror(-r));
	bus = pci.alloc();
	bus->method = PCI_ACCESS_SYS_BUS_PCI;
	pci.set(bus, parameter, path);
	pci.init(bus);
	pci.scan(bus);
	for (struct pci_dev *device = bus->devices; device; device = device->next)
		found += list_function(hbafw, bus, device, !found);
	pci.cleanup(bus);
	return HBAFW_OK;
}
