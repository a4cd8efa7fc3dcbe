// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flash nodes: the targets in the card's flash, as objects of the class that user space makes, changes, removes and logs in to. An object
 * holds its entry (DDB) as the flash has it, or will have it once it is set for the first time. Logins are the sessions' business.
 */
#include <linux/slab.h>
#include <net/netlink.h>
#include <scsi/iscsi_if.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/flashnode_rows.h"
#include "drivers/qla4xxx/session.h"
#include "transport/class/compat.h"

#define FIRST_NEW	2		/* the entries below are those to boot from */
#define PIECE		0x4000		/* of flash, read at once */

/* Data of the class's object. */
struct flashnode {
	u8 entry[ISP_DDB_SIZE];		/* node_lock */
	bool is_saved;			/* config_mutex; the flash has it */
	bool is_boot;			/* the BIOS boots from it */
};

static struct flashnode *node_of(const struct iscsi_bus_flash_session *session)
{
	return session->dd_data;
}

static struct qla_host *host_of_node(const struct iscsi_bus_flash_session *session)
{
	return host_of(iscsi_flash_session_to_shost(session));
}

static u32 address_of(u32 index)
{
	return ISP_FLASH_DDB + index * ISP_DDB_SIZE;
}

static bool entry_is_valid(const void *entry)
{
	return field_get(ISP_DDB_ROW_COOKIE, entry) == ISP_DDB_COOKIE;
}

static bool entry_is_nameless(void *entry)
{
	return !*(u8 *)field_at(ISP_DDB_ROW_NAME, entry);
}

/* A copy to work with. NULL: no memory */
static u8 *entry_copy(const struct iscsi_bus_flash_session *session)
{
	struct qla_host *host = host_of_node(session);
	u8 *entry = kmalloc(ISP_DDB_SIZE, GFP_KERNEL);

	if (!entry)
		return NULL;
	spin_lock(&host->config->node_lock);
	memcpy(entry, node_of(session)->entry, ISP_DDB_SIZE);
	spin_unlock(&host->config->node_lock);
	return entry;
}

/* --- objects --- */

static int node_create(struct qla_host *host, u32 index, const void *entry, bool is_saved)
{
	struct iscsi_bus_flash_session *session;
	struct flashnode *node;

	lockdep_assert_held(&host->config_mutex);
	if (host_state(host) == HOST_REMOVING)
		return -ENODEV;
	session = iscsi_create_flashnode_sess(host->shost, index, &qla_transport, sizeof(*node));
	if (!session)
		return -ENOMEM;
	node = session->dd_data;
	spin_lock(&host->config->node_lock);
	memcpy(node->entry, entry, ISP_DDB_SIZE);
	spin_unlock(&host->config->node_lock);
	node->is_saved = is_saved;
	node->is_boot = boot_is_target(host, index);
	if (iscsi_create_flashnode_conn(host->shost, session, &qla_transport, 0))
		return 0;
	iscsi_destroy_flashnode_sess(session);
	return -ENOMEM;
}

static void export_piece(struct qla_host *host, u32 first, u8 *piece)
{
	unsigned int i;

	for (i = 0; i < PIECE / ISP_DDB_SIZE; i++)
		if (entry_is_valid(piece + i * ISP_DDB_SIZE) && node_create(host, first + i, piece + i * ISP_DDB_SIZE, true))
			host_err(host, "cannot show target %u of the flash: out of memory\n", first + i);
}

void flashnodes_export(struct qla_host *host)
{
	u8 *piece = kvmalloc(PIECE, GFP_KERNEL);
	u32 first;
	int result = 0;

	if (!piece)
		return;
	mutex_lock(&host->config_mutex);
	for (first = 0; first < ISP_FLASH_DDBS && !result; first += PIECE / ISP_DDB_SIZE) {
		result = flash_read(host, address_of(first), piece, PIECE);
		if (!result)
			export_piece(host, first, piece);
	}
	mutex_unlock(&host->config_mutex);
	if (result)
		host_warn(host, "cannot read the targets of the flash: error %d\n", result);
	kvfree(piece);
}

void flashnodes_destroy(struct qla_host *host)
{
	mutex_lock(&host->config_mutex);
	iscsi_destroy_all_flashnode(host->shost);
	mutex_unlock(&host->config_mutex);
}

/* --- attributes --- */

static int credentials_show(struct qla_host *host, void *entry, bool secret, char *page)
{
	struct { char name[257], secret[101]; } *text = kzalloc(sizeof(*text), GFP_KERNEL);
	bool is_peer;
	int result;

	if (!text)
		return -ENOMEM;
	result = chap_entry(host, field_get(ISP_DDB_ROW_CHAP_INDEX, entry), text->name, text->secret, &is_peer);
	if (result || is_peer || !field_get(ISP_DDB_ROW_CHAP, entry))
		result = sysfs_emit(page, "\n");
	else
		result = sysfs_emit(page, "%s\n", secret ? text->secret : text->name);
	kfree_sensitive(text);
	return result;
}

bool flashnode_param_is_shown(int param)
{
	return param != ISCSI_FLASHNODE_CHAP_IN_IDX && param != ISCSI_FLASHNODE_USERNAME_IN && param != ISCSI_FLASHNODE_PASSWORD_IN;
}

int flashnode_get_param(struct iscsi_bus_flash_session *session, int param, char *page)
{
	u8 *entry = entry_copy(session);
	int result;

	if (!entry)
		return -ENOMEM;
	switch (param) {
	case ISCSI_FLASHNODE_IS_BOOT_TGT:
		result = sysfs_emit(page, "%u\n", node_of(session)->is_boot);
		break;
	case ISCSI_FLASHNODE_USERNAME:
	case ISCSI_FLASHNODE_PASSWORD:
		result = credentials_show(host_of_node(session), entry, param == ISCSI_FLASHNODE_PASSWORD, page);
		break;
	default:
		result = flashnode_row_show(entry, param, page);
	}
	kfree(entry);
	return result;
}

/* --- set --- */

/* Credentials go with the switch that says they are used. */
static int credentials_check(struct qla_host *host, void *entry, const struct iscsi_param_info *info)
{
	struct { char name[257], secret[101]; } *text;
	bool is_peer;
	int result;

	if (info->param == ISCSI_FLASHNODE_CHAP_AUTH_EN && !field_get(ISP_DDB_ROW_CHAP, entry))
		field_set(ISP_DDB_ROW_CHAP_INDEX, entry, ISP_DDB_NO_CHAP);
	if (info->param != ISCSI_FLASHNODE_CHAP_OUT_IDX || field_get(ISP_DDB_ROW_CHAP_INDEX, entry) == ISP_DDB_NO_CHAP)
		return 0;
	text = kzalloc(sizeof(*text), GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	result = chap_entry(host, field_get(ISP_DDB_ROW_CHAP_INDEX, entry), text->name, text->secret, &is_peer);
	kfree_sensitive(text);
	if (result || is_peer)
		return -EINVAL;
	field_set(ISP_DDB_ROW_CHAP, entry, 1);
	return 0;
}

static int apply_one(struct qla_host *host, void *entry, const struct nlattr *attribute)
{
	const struct iscsi_param_info *info = nla_data(attribute);
	int result;

	if (nla_len(attribute) < (int)sizeof(*info) || info->len > nla_len(attribute) - sizeof(*info))
		return -EINVAL;
	result = flashnode_row_set(entry, info->param, info->value, info->len);
	if (!result)
		result = credentials_check(host, entry, info);
	if (result == -EINVAL)
		host_warn(host, "flash node parameter %u cannot be what was asked for\n", info->param);
	return result == -ENODATA ? 0 : result;
}

static int apply(struct qla_host *host, void *entry, const void *data, int bytes)
{
	const struct nlattr *attribute;
	int rest, result;

	nla_for_each_attr(attribute, data, bytes, rest) {
		result = apply_one(host, entry, attribute);
		if (result)
			return result;
	}
	return 0;
}

static int save(struct iscsi_bus_flash_session *session, const void *entry)
{
	struct qla_host *host = host_of_node(session);
	int result = flash_write(host, address_of(session->target_id), entry, ISP_DDB_SIZE);

	if (result)
		return result;
	spin_lock(&host->config->node_lock);
	memcpy(node_of(session)->entry, entry, ISP_DDB_SIZE);
	spin_unlock(&host->config->node_lock);
	node_of(session)->is_saved = true;
	return 0;
}

int flashnode_set_param(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn, void *data, int bytes)
{
	struct qla_host *host = host_of_node(session);
	u8 *entry;
	int result = -ENOMEM;

	mutex_lock(&host->config_mutex);
	entry = entry_copy(session);
	if (entry)
		result = apply(host, entry, data, bytes);
	if (!result) {
		field_set(ISP_DDB_ROW_COOKIE, entry, ISP_DDB_COOKIE);
		result = save(session, entry);
	}
	mutex_unlock(&host->config_mutex);
	kfree(entry);
	return result;
}

/* --- made and removed --- */

struct search { u32 index; bool unsaved; };

/* The one at an index, or the one that is not saved yet. */
static int matches(struct device *dev, compat_match_data *data)
{
	const struct iscsi_bus_flash_session *session;
	const struct search *search = data;

	/* Below a host there are devices of all kinds. */
	if (!iscsi_flashnode_bus_match(dev, NULL))
		return 0;
	session = iscsi_dev_to_flash_session(dev);
	return search->unsaved ? !node_of(session)->is_saved : session->target_id == search->index;
}

static bool is_there(struct qla_host *host, struct search search)
{
	struct device *dev = iscsi_find_flashnode_sess(host->shost, &search, matches);

	put_device(dev);
	return dev;
}

/* The first place that neither an object nor the flash holds: tools write to the flash, too. */
static int place_find(struct qla_host *host, u8 *entry, u32 *ret_index)
{
	struct search search = { 0 };
	u32 index;
	int result;

	for (index = FIRST_NEW; index < ISP_FLASH_DDBS; index++) {
		search.index = index;
		if (is_there(host, search))
			continue;
		result = flash_read(host, address_of(index), entry, ISP_DDB_SIZE);
		if (result)
			return result;
		if (!entry_is_valid(entry)) {
			*ret_index = index;
			return 0;
		}
	}
	return -ENOSPC;
}

static int node_new(struct qla_host *host, bool ipv6, u8 *entry, u32 *ret_index)
{
	struct search unsaved = { .unsaved = true };
	int result;

	/* One at a time, or the places of those that nobody ever set would be lost. */
	if (is_there(host, unsaved))
		return -EPERM;
	result = place_find(host, entry, ret_index);
	if (!result)
		result = ddb_defaults(host, ipv6, entry);
	return result ?: node_create(host, *ret_index, entry, false);
}

int flashnode_new(struct Scsi_Host *shost, const char *text, int bytes)
{
	struct qla_host *host = host_of(shost);
	bool ipv6 = bytes >= 4 && !memcmp(text, "ipv6", 4);
	u32 index = 0;
	u8 *entry;
	int result;

	if (!ipv6 && (bytes < 4 || memcmp(text, "ipv4", 4)))
		return -EINVAL;
	entry = kmalloc(ISP_DDB_SIZE, GFP_KERNEL);
	if (!entry)
		return -ENOMEM;
	mutex_lock(&host->config_mutex);
	result = node_new(host, ipv6, entry, &index);
	mutex_unlock(&host->config_mutex);
	kfree(entry);
	return result ?: (int)index;
}

static int erase(struct qla_host *host, u32 index)
{
	u8 *entry = kzalloc(ISP_DDB_SIZE, GFP_KERNEL);
	int result;

	if (!entry)
		return -ENOMEM;
	field_set(ISP_DDB_ROW_COOKIE, entry, ISP_DDB_COOKIE_DELETED);
	result = flash_write(host, address_of(index), entry, ISP_DDB_SIZE);
	kfree(entry);
	return result;
}

int flashnode_del(struct iscsi_bus_flash_session *session)
{
	struct qla_host *host = host_of_node(session);
	struct flashnode *node = node_of(session);
	int result = 0;

	if (node->is_boot)
		return -EPERM;
	mutex_lock(&host->config_mutex);
	if (host_state(host) == HOST_REMOVING)
		result = -ENODEV;
	else if (node->is_saved)
		result = erase(host, session->target_id);
	if (!result)
		iscsi_destroy_flashnode_sess(session);
	mutex_unlock(&host->config_mutex);
	return result;
}

/* --- logins --- */

int flashnode_login(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn)
{
	u8 *entry = entry_copy(session);
	int result;

	if (!entry)
		return -ENOMEM;
	result = flash_session_login(host_of_node(session), entry);
	kfree(entry);
	return result;
}

int flashnode_logout(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn)
{
	u8 *entry;
	int result = -EPERM;

	if (node_of(session)->is_boot)
		return -EPERM;
	entry = entry_copy(session);
	if (!entry)
		return -ENOMEM;
	if (!entry_is_nameless(entry))
		result = flash_session_logout(host_of_node(session), entry);
	kfree(entry);
	return result;
}

static int is_boot_of(struct device *dev, compat_match_data *data)
{
	return iscsi_flashnode_bus_match(dev, NULL) && node_of(iscsi_dev_to_flash_session(dev))->is_boot &&
	       ddb_same_target(node_of(iscsi_dev_to_flash_session(dev))->entry, data, true);
}

int flashnode_logout_sid(struct iscsi_cls_session *cls)
{
	struct qla_session *session = session_of(cls);
	struct qla_host *host = session->host;
	struct device *boot;
	u8 *entry;
	int result = -EPERM;

	if (session->kind != SESSION_FLASH)
		return -EPERM;
	mutex_lock(&session->mutex);
	entry = kmemdup(session->wanted, ISP_DDB_SIZE, GFP_KERNEL);
	mutex_unlock(&session->mutex);
	if (!entry)
		return -ENOMEM;
	boot = iscsi_find_flashnode_sess(host->shost, entry, is_boot_of);
	if (!boot)
		result = flash_session_logout(host, entry);
	put_device(boot);
	kfree(entry);
	return result;
}
