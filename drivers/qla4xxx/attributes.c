// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SCSI host's attributes that are the adapter's: what it is, which firmware it runs and how that does. Most is what the last start
 * told; some asks the firmware.
 */
#include <linux/sysfs.h>

#include "drivers/qla4xxx/config.h"

static struct qla_host *host_of_dev(struct device *dev)
{
	return host_of(class_to_shost(dev));
}

static u32 about(struct device *dev, enum isp_row row)
{
	return field_get(row, host_of_dev(dev)->config->about);
}

static const char *about_text(struct device *dev, enum isp_row row)
{
	return field_at(row, host_of_dev(dev)->config->about);
}

/* Texts end by NUL, blanks, or with their field. */
static ssize_t show_text(char *page, const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	while (length && text[length - 1] == ' ')
		length--;
	while (length && *text == ' ') {
		text++;
		length--;
	}
	return sysfs_emit(page, "%.*s\n", (int)length, text);
}

static ssize_t fw_version_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%d.%02d.%02d.%02d\n", about(dev, ISP_ABOUT_ROW_FIRMWARE_MAJOR), about(dev, ISP_ABOUT_ROW_FIRMWARE_MINOR),
			  about(dev, ISP_ABOUT_ROW_FIRMWARE_PATCH), about(dev, ISP_ABOUT_ROW_FIRMWARE_BUILD));
}
static DEVICE_ATTR_RO(fw_version);

static ssize_t optrom_version_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%d.%02d.%02d.%02d\n", about(dev, ISP_ABOUT_ROW_LOADER_MAJOR), about(dev, ISP_ABOUT_ROW_LOADER_MINOR),
			  about(dev, ISP_ABOUT_ROW_LOADER_PATCH), about(dev, ISP_ABOUT_ROW_LOADER_BUILD));
}
static DEVICE_ATTR_RO(optrom_version);

static ssize_t iscsi_version_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%d.%02d\n", about(dev, ISP_ABOUT_ROW_ISCSI_MAJOR), about(dev, ISP_ABOUT_ROW_ISCSI_MINOR));
}
static DEVICE_ATTR_RO(iscsi_version);

static ssize_t serial_num_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%s\n", host_of_dev(dev)->config->serial);
}
static DEVICE_ATTR_RO(serial_num);

static ssize_t hba_model_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%s\n", host_of_dev(dev)->config->model);
}
static DEVICE_ATTR_RO(hba_model);

static ssize_t board_id_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, "0x%08X\n", host_of_dev(dev)->config->board_id);
}
static DEVICE_ATTR_RO(board_id);

static ssize_t fw_state_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	u32 regs[ISP_MAILBOXES] = { 0 };
	int result = mailbox_ask(host_of_dev(dev), ISP_MBOX_GET_FW_STATE, regs);

	if (result)
		return result;
	return sysfs_emit(page, "0x%08X%8X\n", regs[1], regs[3]);
}
static DEVICE_ATTR_RO(fw_state);

static ssize_t fw_uptime_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	u32 regs[ISP_MAILBOXES] = { [4] = ISP_ABOUT_SIZE };
	u8 bytes[ISP_ABOUT_SIZE];
	int result = mailbox_transfer(host_of_dev(dev), ISP_MBOX_ABOUT_FW, regs, 2, bytes, sizeof(bytes), DMA_FROM_DEVICE);

	if (result)
		return result;
	return sysfs_emit(page, "%u.%u secs\n", regs[5], regs[6]);
}
static DEVICE_ATTR_RO(fw_uptime);

static ssize_t fw_timestamp_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return sysfs_emit(page, "%.*s %.*s\n", isp_fields[ISP_ABOUT_ROW_BUILD_DATE].width, about_text(dev, ISP_ABOUT_ROW_BUILD_DATE),
			  isp_fields[ISP_ABOUT_ROW_BUILD_TIME].width, about_text(dev, ISP_ABOUT_ROW_BUILD_TIME));
}
static DEVICE_ATTR_RO(fw_timestamp);

static ssize_t fw_build_user_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return show_text(page, about_text(dev, ISP_ABOUT_ROW_BUILD_USER), isp_fields[ISP_ABOUT_ROW_BUILD_USER].width);
}
static DEVICE_ATTR_RO(fw_build_user);

static ssize_t fw_ext_timestamp_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return show_text(page, about_text(dev, ISP_ABOUT_ROW_TIMESTAMP), isp_fields[ISP_ABOUT_ROW_TIMESTAMP].width);
}
static DEVICE_ATTR_RO(fw_ext_timestamp);

static ssize_t fw_load_src_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	static const char * const sources[] = { "Undefined", "Flash Primary", "Flash Secondary", "Host Download" };
	u32 source = about(dev, ISP_ABOUT_ROW_LOAD_SOURCE);

	return sysfs_emit(page, "%s\n", sources[source < ARRAY_SIZE(sources) ? source : 0]);
}
static DEVICE_ATTR_RO(fw_load_src);

/* Of later chips only; known to tools, which get an error. */
static ssize_t later_show(struct device *dev, struct device_attribute *attribute, char *page)
{
	return -ENOSYS;
}

static struct device_attribute dev_attr_phy_port_cnt = __ATTR(phy_port_cnt, 0444, later_show, NULL);
static struct device_attribute dev_attr_phy_port_num = __ATTR(phy_port_num, 0444, later_show, NULL);
static struct device_attribute dev_attr_iscsi_func_cnt = __ATTR(iscsi_func_cnt, 0444, later_show, NULL);

static struct attribute *attributes[] = {
	&dev_attr_fw_version.attr,
	&dev_attr_serial_num.attr,
	&dev_attr_iscsi_version.attr,
	&dev_attr_optrom_version.attr,
	&dev_attr_board_id.attr,
	&dev_attr_fw_state.attr,
	&dev_attr_phy_port_cnt.attr,
	&dev_attr_phy_port_num.attr,
	&dev_attr_iscsi_func_cnt.attr,
	&dev_attr_hba_model.attr,
	&dev_attr_fw_timestamp.attr,
	&dev_attr_fw_build_user.attr,
	&dev_attr_fw_ext_timestamp.attr,
	&dev_attr_fw_load_src.attr,
	&dev_attr_fw_uptime.attr,
	NULL
};

static const struct attribute_group group = { .attrs = attributes };

const struct attribute_group *qla_host_groups[] = { &group, NULL };
