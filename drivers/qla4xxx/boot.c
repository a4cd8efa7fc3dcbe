// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the BIOS boots from, as the EEPROM says: indices of targets in the flash; shown in /sys/firmware/iscsi_bootN if user space is to log
 * in to them. Read once, when the host is made.
 */
/* It wants these before it. */
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/iscsi_boot_sysfs.h>
#include <linux/slab.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/iface_rows.h"

#define NVRAM_SECONDS	5
#define MODE		0x0700		/* of the flags: 0 does not boot from iSCSI */
#define TARGET_VALID	0x80
#define TARGET_INDEX	0x7f

/* One target, or (index unused) the port itself. What is shown is as it was at the start: that is what the machine has booted from. */
struct boot_object {
	struct qla_host *host;
	u8 entry[ISP_DDB_SIZE];
};

/* --- the EEPROM --- */

/* Function 1's rows lie at these places, function 3's BOOT_STEP behind. */
#define BOOT_STEP	(0x7b0 - 0x3b0)

static u8 eeprom_byte(const struct chip *chip, unsigned int at)
{
	return eeprom_word(chip, at / 2) >> 8 * (at % 2);
}

static void targets_read(const struct chip *chip, unsigned int base, u16 targets[CONFIG_BOOT_TARGETS])
{
	static const enum isp_row rows[CONFIG_BOOT_TARGETS] = { ISP_NVRAM_4022_ROW_BOOT_TARGET1, ISP_NVRAM_4022_ROW_BOOT_SECOND_TARGET1 };
	unsigned int i;
	u8 target;

	if (!(eeprom_word(chip, (base + isp_fields[ISP_NVRAM_4022_ROW_BOOT_FLAGS1].offset) / 2) & MODE))
		return;
	for (i = 0; i < CONFIG_BOOT_TARGETS; i++) {
		target = eeprom_byte(chip, base + isp_fields[rows[i]].offset);
		if (target & TARGET_VALID && (target & TARGET_INDEX) < ISP_FLASH_DDBS)
			targets[i] = target & TARGET_INDEX;
	}
}

/* An ISP4010's EEPROM ends before the place where the others have this. */
static void targets_find(struct qla_host *host)
{
	struct config *config = host->config;
	unsigned int function = PCI_FUNC(host->pdev->devfn);

	config->boot_targets[0] = CONFIG_NO_TARGET;
	config->boot_targets[1] = CONFIG_NO_TARGET;
	if (host->chip.model->eeprom_words < ISP_EEPROM_4022_WORDS || (function != 1 && function != 3))
		return;
	if (chip_take(&host->chip, CHIP_NVRAM, NVRAM_SECONDS)) {
		host_warn(host, "cannot read the boot targets: the EEPROM is in use\n");
		return;
	}
	targets_read(&host->chip, function == 3 ? BOOT_STEP : 0, config->boot_targets);
	chip_release(&host->chip, CHIP_NVRAM);
}

bool boot_is_target(struct qla_host *host, u16 flash_index)
{
	const struct config *config = host->config;

	return flash_index < ISP_FLASH_DDBS && (flash_index == config->boot_targets[0] || flash_index == config->boot_targets[1]);
}

/* --- attributes --- */

static ssize_t credentials_show(struct boot_object *object, u16 index, bool peer, bool secret, char *page)
{
	struct { char name[257], secret[101]; } *text = kzalloc(sizeof(*text), GFP_KERNEL);
	ssize_t result;
	bool is_peer;

	if (!text)
		return -ENOMEM;
	result = chap_entry(object->host, index, text->name, text->secret, &is_peer);
	result = result || is_peer != peer ? sysfs_emit(page, "\n") : sysfs_emit(page, "%s\n", secret ? text->secret : text->name);
	kfree_sensitive(text);
	return result;
}

/* The firmware takes whatever entry of a target comes first in the table. */
static ssize_t peer_show(struct boot_object *object, bool secret, char *page)
{
	u16 index;

	if (!field_get(ISP_DDB_ROW_BIDI_CHAP, object->entry) || chap_first_peer(object->host, &index))
		return sysfs_emit(page, "\n");
	return credentials_show(object, index, true, secret, page);
}

static ssize_t local_show(struct boot_object *object, bool secret, char *page)
{
	if (!field_get(ISP_DDB_ROW_CHAP, object->entry))
		return sysfs_emit(page, "\n");
	return credentials_show(object, field_get(ISP_DDB_ROW_CHAP_INDEX, object->entry), false, secret, page);
}

static ssize_t target_show(void *data, int type, char *page)
{
	struct boot_object *object = data;
	const u8 *address = field_at(ISP_DDB_ROW_ADDRESS, object->entry);

	switch (type) {
	case ISCSI_BOOT_TGT_FLAGS:
		return sysfs_emit(page, "2\n");		/* boots from it */
	case ISCSI_BOOT_TGT_NIC_ASSOC:
		return sysfs_emit(page, "0\n");
	case ISCSI_BOOT_TGT_IP_ADDR:
		return field_get(ISP_DDB_ROW_IS_IPV6, object->entry) ? ipv6_show(address, page) : ipv4_show(address, page);
	case ISCSI_BOOT_TGT_PORT:
		return sysfs_emit(page, "%u\n", (u32)field_get(ISP_DDB_ROW_PORT, object->entry));
	case ISCSI_BOOT_TGT_NAME:
		return sysfs_emit(page, "%.*s\n", (int)isp_fields[ISP_DDB_ROW_NAME].width,
				  (char *)field_at(ISP_DDB_ROW_NAME, object->entry));
	case ISCSI_BOOT_TGT_CHAP_NAME:
	case ISCSI_BOOT_TGT_CHAP_SECRET:
		return local_show(object, type == ISCSI_BOOT_TGT_CHAP_SECRET, page);
	case ISCSI_BOOT_TGT_REV_CHAP_NAME:
	case ISCSI_BOOT_TGT_REV_CHAP_SECRET:
		return peer_show(object, type == ISCSI_BOOT_TGT_REV_CHAP_SECRET, page);
	}
	return -ENODATA;
}

static umode_t target_visible(void *data, int type)
{
	switch (type) {
	case ISCSI_BOOT_TGT_FLAGS:
	case ISCSI_BOOT_TGT_NIC_ASSOC:
	case ISCSI_BOOT_TGT_IP_ADDR:
	case ISCSI_BOOT_TGT_PORT:
	case ISCSI_BOOT_TGT_NAME:
	case ISCSI_BOOT_TGT_CHAP_NAME:
	case ISCSI_BOOT_TGT_CHAP_SECRET:
	case ISCSI_BOOT_TGT_REV_CHAP_NAME:
	case ISCSI_BOOT_TGT_REV_CHAP_SECRET:
		return 0444;
	}
	return 0;
}

static ssize_t initiator_show(void *data, int type, char *page)
{
	struct boot_object *object = data;

	if (type != ISCSI_BOOT_INI_INITIATOR_NAME)
		return -ENODATA;
	return host_get_param(object->host->shost, ISCSI_HOST_PARAM_INITIATOR_NAME, page);
}

static umode_t initiator_visible(void *data, int type)
{
	return type == ISCSI_BOOT_INI_INITIATOR_NAME ? 0444 : 0;
}

static ssize_t ethernet_show(void *data, int type, char *page)
{
	struct boot_object *object = data;

	switch (type) {
	case ISCSI_BOOT_ETH_FLAGS:
		return sysfs_emit(page, "2\n");
	case ISCSI_BOOT_ETH_INDEX:
		return sysfs_emit(page, "0\n");
	case ISCSI_BOOT_ETH_MAC:
		return host_get_param(object->host->shost, ISCSI_HOST_PARAM_HWADDRESS, page);
	}
	return -ENODATA;
}

static umode_t ethernet_visible(void *data, int type)
{
	return type == ISCSI_BOOT_ETH_FLAGS || type == ISCSI_BOOT_ETH_INDEX || type == ISCSI_BOOT_ETH_MAC ? 0444 : 0;
}

/* --- objects --- */

/* An attribute that somebody has open keeps its object, and with it the host. */
static struct boot_object *object_new(struct qla_host *host)
{
	struct boot_object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object || !scsi_host_get(host->shost)) {
		kfree(object);
		return NULL;
	}
	object->host = host;
	return object;
}

static void object_free(void *data)
{
	struct boot_object *object = data;

	scsi_host_put(object->host->shost);
	kfree(object);
}

static int target_add(struct qla_host *host, unsigned int number, u16 index)
{
	struct boot_object *object = object_new(host);
	int result;

	if (!object)
		return -ENOMEM;
	mutex_lock(&host->config_mutex);
	result = flash_read(host, ISP_FLASH_DDB + index * ISP_DDB_SIZE, object->entry, ISP_DDB_SIZE);
	mutex_unlock(&host->config_mutex);
	if (!result && field_get(ISP_DDB_ROW_COOKIE, object->entry) != ISP_DDB_COOKIE)
		result = -ENOENT;
	if (!result && !iscsi_boot_create_target(host->config->boot, number, object, target_show, target_visible, object_free))
		result = -ENOMEM;
	if (result)
		object_free(object);
	return result;
}

static int port_add(struct qla_host *host)
{
	struct boot_object *object = object_new(host);

	if (!object)
		return -ENOMEM;
	if (!iscsi_boot_create_initiator(host->config->boot, 0, object, initiator_show, initiator_visible, object_free))
		goto free;
	object = object_new(host);
	if (!object)
		return -ENOMEM;
	if (iscsi_boot_create_ethernet(host->config->boot, 0, object, ethernet_show, ethernet_visible, object_free))
		return 0;
free:
	object_free(object);
	return -ENOMEM;
}

/* Numbers without gaps: the first of them is where user space begins. */
static int targets_add(struct qla_host *host, unsigned int *ret_count)
{
	unsigned int i;
	int result = -ENOENT;

	*ret_count = 0;
	for (i = 0; i < CONFIG_BOOT_TARGETS; i++) {
		if (host->config->boot_targets[i] == CONFIG_NO_TARGET)
			continue;
		result = target_add(host, *ret_count, host->config->boot_targets[i]);
		if (result)
			host_warn(host, "cannot show boot target %u: error %d\n", host->config->boot_targets[i], result);
		else
			++*ret_count;
	}
	return *ret_count ? 0 : result;
}

int boot_create(struct qla_host *host)
{
	unsigned int count;
	int result;

	targets_find(host);
	if (ql4xdisablesysfsboot ||
	    (host->config->boot_targets[0] == CONFIG_NO_TARGET && host->config->boot_targets[1] == CONFIG_NO_TARGET))
		return 0;
	host->config->boot = iscsi_boot_create_host_kset(host->shost->host_no);
	result = host->config->boot ? targets_add(host, &count) : -ENOMEM;
	if (!result)
		result = port_add(host);
	if (!result)
		return 0;
	host_warn(host, "cannot show what the machine boots from: error %d\n", result);
	boot_destroy(host);
	return result;
}

void boot_destroy(struct qla_host *host)
{
	if (host->config->boot)
		iscsi_boot_destroy_kset(host->config->boot);
	host->config->boot = NULL;
}
