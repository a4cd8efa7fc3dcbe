// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ifaces: what the class shows of the port, its addresses and options, and what user space makes of them. Requests are checked here as
 * a whole before anything is changed; which parameter is which field is the table's business (iface_rows.c).
 */
#include <linux/slab.h>
#include <net/netlink.h>
#include <scsi/iscsi_if.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/iface_rows.h"
#include "drivers/qla4xxx/session.h"

/* --- objects --- */

static bool has_ipv6(struct qla_host *host)
{
	return host->chip.model->has_ipv6 && acb_get(host, ISP_ACB_ROW_ACB_VERSION) == ISP_ACB_VERSION2;
}

static void object_set(struct qla_host *host, struct iscsi_iface **object, bool wanted, u32 family, u32 number)
{
	if (wanted == !!*object)
		return;
	if (!wanted) {
		iscsi_destroy_iface(*object);
		*object = NULL;
		return;
	}
	*object = iscsi_create_iface(host->shost, &qla_transport, family, number, 0);
	if (!*object)
		host_err(host, "cannot show IPv%u iface %u: out of memory\n", family == ISCSI_IFACE_TYPE_IPV4 ? 4 : 6, number);
}

static void objects_set(struct qla_host *host)
{
	struct config *config = host->config;
	bool ipv6 = has_ipv6(host) && acb_get(host, ISP_ACB_ROW_IPV6_ENABLE);

	lockdep_assert_held(&host->config_mutex);
	if (host_state(host) == HOST_REMOVING)
		return;
	object_set(host, &config->ipv4, acb_get(host, ISP_ACB_ROW_IPV4_ENABLE), ISCSI_IFACE_TYPE_IPV4, 0);
	object_set(host, &config->ipv6[0], ipv6, ISCSI_IFACE_TYPE_IPV6, 0);
	object_set(host, &config->ipv6[1], ipv6, ISCSI_IFACE_TYPE_IPV6, 1);
}

void ifaces_create(struct qla_host *host)
{
	mutex_lock(&host->config_mutex);
	objects_set(host);
	mutex_unlock(&host->config_mutex);
}

void ifaces_destroy(struct qla_host *host)
{
	struct config *config = host->config;

	mutex_lock(&host->config_mutex);
	object_set(host, &config->ipv4, false, ISCSI_IFACE_TYPE_IPV4, 0);
	object_set(host, &config->ipv6[0], false, ISCSI_IFACE_TYPE_IPV6, 0);
	object_set(host, &config->ipv6[1], false, ISCSI_IFACE_TYPE_IPV6, 1);
	mutex_unlock(&host->config_mutex);
}

/* --- their attributes --- */

int iface_get_param(struct iscsi_iface *iface, enum iscsi_param_type type, int param, char *page)
{
	struct iface_place place = { iface->iface_type, iface->iface_num };
	struct qla_host *host = host_of(iscsi_iface_to_shost(iface));
	int length;

	spin_lock(&host->config->acb_lock);
	length = iface_row_show(host->config->acb, &place, type, param, page);
	spin_unlock(&host->config->acb_lock);
	return length;
}

static bool host_param_is_shown(int param)
{
	return param == ISCSI_HOST_PARAM_HWADDRESS || param == ISCSI_HOST_PARAM_IPADDRESS || param == ISCSI_HOST_PARAM_INITIATOR_NAME ||
	       param == ISCSI_HOST_PARAM_PORT_STATE || param == ISCSI_HOST_PARAM_PORT_SPEED;
}

static bool is_shown(int type, int param)
{
	switch ((enum iscsi_param_type)type) {
	case ISCSI_PARAM:
		return param_is_shown(param);
	case ISCSI_HOST_PARAM:
		return host_param_is_shown(param);
	case ISCSI_NET_PARAM:
	case ISCSI_IFACE_PARAM:
		return iface_row_is_shown(type, param);
	case ISCSI_FLASHNODE_PARAM:
		return flashnode_param_is_shown(param);
	case ISCSI_CHAP_PARAM:
		break;
	}
	return false;
}

umode_t param_is_visible(int type, int param)
{
	return is_shown(type, param) ? 0444 : 0;
}

/* --- attributes of the host --- */

static int port_speed(struct qla_host *host)
{
	static const struct { u32 bit; int speed; } speeds[] = {
		{ ISP_FW_SPEED_10M, ISCSI_PORT_SPEED_10MBPS }, { ISP_FW_SPEED_100M, ISCSI_PORT_SPEED_100MBPS },
		{ ISP_FW_SPEED_1G, ISCSI_PORT_SPEED_1GBPS }, { ISP_FW_SPEED_10G, ISCSI_PORT_SPEED_10GBPS },
	};
	u32 regs[ISP_MAILBOXES] = { 0 };
	unsigned int i;

	if (!test_bit(HOST_LINK_UP, &host->flags) || mailbox_ask(host, ISP_MBOX_GET_FW_STATE, regs))
		return ISCSI_PORT_SPEED_UNKNOWN;
	for (i = 0; i < ARRAY_SIZE(speeds); i++)
		if (regs[3] & speeds[i].bit)
			return speeds[i].speed;
	return ISCSI_PORT_SPEED_UNKNOWN;
}

static int name_show(struct qla_host *host, char *page)
{
	char name[224];

	acb_bytes(host, ISP_ACB_ROW_NAME, name);
	return sysfs_emit(page, "%.*s\n", (int)isp_fields[ISP_ACB_ROW_NAME].width, name);
}

static int address_show(struct qla_host *host, char *page)
{
	u8 address[4];

	acb_bytes(host, ISP_ACB_ROW_IPV4_ADDRESS, address);
	return sysfs_emit(page, "%pI4\n", address);
}

int host_get_param(struct Scsi_Host *shost, enum iscsi_host_param param, char *page)
{
	struct iscsi_cls_host *class_host = shost->shost_data;
	struct qla_host *host = host_of(shost);

	switch (param) {
	case ISCSI_HOST_PARAM_HWADDRESS:
		return sysfs_emit(page, "%pM\n", host->config->mac);
	case ISCSI_HOST_PARAM_INITIATOR_NAME:
		return name_show(host, page);
	case ISCSI_HOST_PARAM_IPADDRESS:
		return address_show(host, page);
	case ISCSI_HOST_PARAM_PORT_STATE:
		class_host->port_state = test_bit(HOST_LINK_UP, &host->flags) ? ISCSI_PORT_STATE_UP : ISCSI_PORT_STATE_DOWN;
		return sysfs_emit(page, "%s\n", iscsi_get_port_state_name(shost));
	case ISCSI_HOST_PARAM_PORT_SPEED:
		class_host->port_speed = port_speed(host);
		return sysfs_emit(page, "%s\n", iscsi_get_port_speed_name(shost));
	default:
		return -ENODATA;
	}
}

/* --- requests --- */

static int apply_one(struct qla_host *host, void *acb, const struct nlattr *attribute)
{
	const struct iscsi_iface_param_info *info = nla_data(attribute);
	struct iface_place place;
	int result;

	if (nla_len(attribute) < (int)sizeof(*info) || info->len > nla_len(attribute) - sizeof(*info))
		return -EINVAL;
	if (info->iface_type != ISCSI_IFACE_TYPE_IPV4 && (info->iface_type != ISCSI_IFACE_TYPE_IPV6 || !has_ipv6(host)))
		return -EINVAL;
	place = (struct iface_place) { info->iface_type, info->iface_num };
	result = iface_row_set(acb, &place, info->param_type, info->param, info->value, info->len);
	if (result == -EINVAL)
		host_warn(host, "iface parameter %u of kind %u cannot be what was asked for\n", info->param, info->param_type);
	/* What this adapter has not is sent all the same, with the rest of a record. */
	return result == -ENODATA ? 0 : result;
}

static int apply(struct qla_host *host, void *acb, const void *data, u32 bytes)
{
	const struct nlattr *attribute;
	int rest, result = 0;

	nla_for_each_attr(attribute, data, bytes, rest) {
		result = apply_one(host, acb, attribute);
		if (result)
			return result;
	}
	return 0;
}

/* All that is asked for at once: the port's sessions drop for it, but not for what it already is. */
static int change(struct qla_host *host, u8 *acb, const void *data, u32 bytes)
{
	bool differs;
	int result = acb_read(host);

	if (result)
		return result;
	spin_lock(&host->config->acb_lock);
	memcpy(acb, host->config->acb, ISP_ACB_SIZE);
	spin_unlock(&host->config->acb_lock);
	result = apply(host, acb, data, bytes);
	if (result)
		return result;
	spin_lock(&host->config->acb_lock);
	differs = memcmp(acb, host->config->acb, ISP_ACB_SIZE);
	spin_unlock(&host->config->acb_lock);
	if (differs)
		result = acb_change(host, acb);
	objects_set(host);
	return result;
}

int iface_set_param(struct Scsi_Host *shost, void *data, u32 bytes)
{
	struct qla_host *host = host_of(shost);
	u8 *acb = kmalloc(ISP_ACB_SIZE, GFP_KERNEL);
	int result;

	if (!acb)
		return -ENOMEM;
	mutex_lock(&host->config_mutex);
	result = change(host, acb, data, bytes);
	mutex_unlock(&host->config_mutex);
	kfree(acb);
	return result;
}
