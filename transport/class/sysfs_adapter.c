// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of an adapter's network entities (ifaces) and of the targets in its flash. These objects are devices themselves. All
 * text is the driver's.
 */
#include <linux/capability.h>

#include "transport/class/sysfs.h"

/* ---- ifaces: one group for both families, of which each object shows its own ---- */

static ssize_t read_iface(struct device *dev, const struct sysfs_row *row, char *text)
{
	struct iscsi_iface *iface = iscsi_dev_to_iface(dev);

	return iface->transport->get_iface_param(iface, row->param_type, row->param, text);
}

/* The families of the rows, and whether such a row is an attribute at all. */
enum iface_family { BOTH, V4 = ISCSI_IFACE_TYPE_IPV4, V6 = ISCSI_IFACE_TYPE_IPV6 };

#define IF_BOTH(...)	__VA_ARGS__
#define IF_V4(...)	__VA_ARGS__
#define IF_V6(...)	__VA_ARGS__
#define IF_HIDDEN(...)

#define IFACE_ROW(_type, _param, _name, _family) \
	[_param] = { SYSFS_FILE(_name, 0444), .read = read_iface, .param_type = _type, .param = _param, .family = _family },

static struct sysfs_row net_rows[] = {
#define NET_PARAM(number, id, family_of, name, type, sentence) IF_##family_of(IFACE_ROW(ISCSI_NET_PARAM, number, name, family_of))
#include "transport/abi/net_params.def"
#undef NET_PARAM
};

static struct sysfs_row iface_rows[] = {
#define IFACE_PARAM(number, id, family_of, name, type, sentence) IF_##family_of(IFACE_ROW(ISCSI_IFACE_PARAM, number, name, family_of))
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
};

static struct attribute *iface_files[ARRAY_SIZE(net_rows) + ARRAY_SIZE(iface_rows) + 1];

static umode_t iface_visible(struct kobject *kobj, struct attribute *attribute, int index)
{
	const struct sysfs_row *row = container_of(attribute, struct sysfs_row, attribute.attr);
	const struct iscsi_iface *iface = iscsi_dev_to_iface(kobj_to_dev(kobj));

	if (row->family != BOTH && row->family != iface->iface_type)
		return 0;
	return sysfs_visible(iface->transport, attribute);
}

const struct attribute_group sysfs_iface_group = { .attrs = iface_files, .is_visible = iface_visible };

/* ---- flashnodes ---- */

static ssize_t read_flash_session(struct device *dev, const struct sysfs_row *row, char *text)
{
	struct iscsi_bus_flash_session *session = iscsi_dev_to_flash_session(dev);

	return session->transport->get_flashnode_param(session, row->param, text);
}

/* The driver finds the connection of its entry by itself. */
static ssize_t read_flash_conn(struct device *dev, const struct sysfs_row *row, char *text)
{
	return read_flash_session(dev->parent, row, text);
}

#define FLASH_ROW(_param, _name, _read) \
	[_param] = { SYSFS_FILE(_name, 0444), .read = _read, .param_type = ISCSI_FLASHNODE_PARAM, .param = _param, \
		     .root_only = (_param) == ISCSI_FLASHNODE_PASSWORD || (_param) == ISCSI_FLASHNODE_PASSWORD_IN },

#define SESSION(...)	__VA_ARGS__
#define CONN(...)
static struct sysfs_row flash_session_rows[] = {
#define FLASHNODE(number, id, object, name, ...) object(FLASH_ROW(number, name, read_flash_session))
#include "transport/abi/flashnode.def"
#undef FLASHNODE
};

static struct attribute *flash_session_files[ARRAY_SIZE(flash_session_rows) + 1];

#undef SESSION
#undef CONN

#define SESSION(...)
#define CONN(...)	__VA_ARGS__
static struct sysfs_row flash_conn_rows[] = {
#define FLASHNODE(number, id, object, name, ...) object(FLASH_ROW(number, name, read_flash_conn))
#include "transport/abi/flashnode.def"
#undef FLASHNODE
};

static struct attribute *flash_conn_files[ARRAY_SIZE(flash_conn_rows) + 1];

static umode_t flash_session_visible(struct kobject *kobj, struct attribute *attribute, int index)
{
	return sysfs_visible(iscsi_dev_to_flash_session(kobj_to_dev(kobj))->transport, attribute);
}

static umode_t flash_conn_visible(struct kobject *kobj, struct attribute *attribute, int index)
{
	return sysfs_visible(iscsi_dev_to_flash_conn(kobj_to_dev(kobj))->transport, attribute);
}

static const struct attribute_group flash_session_group = { .attrs = flash_session_files, .is_visible = flash_session_visible };
static const struct attribute_group flash_conn_group = { .attrs = flash_conn_files, .is_visible = flash_conn_visible };
const struct attribute_group *sysfs_flash_session_groups[] = { &flash_session_group, NULL };
const struct attribute_group *sysfs_flash_conn_groups[] = { &flash_conn_group, NULL };

void sysfs_adapter_files_init(void)
{
	sysfs_list(sysfs_list(iface_files, net_rows, ARRAY_SIZE(net_rows)), iface_rows, ARRAY_SIZE(iface_rows));
	sysfs_list(flash_session_files, flash_session_rows, ARRAY_SIZE(flash_session_rows));
	sysfs_list(flash_conn_files, flash_conn_rows, ARRAY_SIZE(flash_conn_rows));
}
