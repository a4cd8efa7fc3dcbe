// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CHAP table of the flash: read once, kept, written an entry at a time. Asked by user space through the class, by logins for the place
 * of credentials, and by attributes. What logins the firmware does with an entry is its own business: an entry that a session names stays.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include <scsi/iscsi_if.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"

#define TABLE_BYTES	(ISP_FLASH_CHAPS * ISP_CHAP_SIZE)

static u8 *entry_at(const struct config *config, u16 index)
{
	return (u8 *)config->chap_table + index * ISP_CHAP_SIZE;
}

/* An entry whose length cannot be is none. */
static bool entry_is_valid(const void *entry)
{
	u64 length = field_get(ISP_CHAP_ROW_SECRET_LENGTH, entry);

	return field_get(ISP_CHAP_ROW_COOKIE, entry) == ISP_CHAP_COOKIE && length && length <= isp_fields[ISP_CHAP_ROW_SECRET].width;
}

static bool entry_is_peer(const void *entry)
{
	return (field_get(ISP_CHAP_ROW_FLAGS, entry) & (ISP_CHAP_LOCAL | ISP_CHAP_PEER)) == ISP_CHAP_PEER;
}

/* --- the copy --- */

int chap_load(struct qla_host *host)
{
	struct config *config = host->config;
	void *table = kvzalloc(TABLE_BYTES, GFP_KERNEL), *old;
	int result;

	lockdep_assert_held(&host->config_mutex);
	if (!table)
		return -ENOMEM;
	result = flash_read(host, ISP_FLASH_CHAP, table, TABLE_BYTES);
	if (result) {
		host_warn(host, "cannot read the CHAP table: error %d\n", result);
		kvfree_sensitive(table, TABLE_BYTES);
		return result;
	}
	spin_lock(&config->chap_lock);
	old = config->chap_table;
	config->chap_table = table;
	spin_unlock(&config->chap_lock);
	kvfree_sensitive(old, TABLE_BYTES);
	return 0;
}

static int load_once(struct qla_host *host)
{
	return host->config->chap_table ? 0 : chap_load(host);
}

/* A copy of a valid entry. -ENOENT */
static int entry_get(struct qla_host *host, u16 index, u8 *entry)
{
	struct config *config = host->config;
	int result = -ENOENT;

	spin_lock(&config->chap_lock);
	if (index < ISP_FLASH_CHAPS && config->chap_table && entry_is_valid(entry_at(config, index))) {
		memcpy(entry, entry_at(config, index), ISP_CHAP_SIZE);
		result = 0;
	}
	spin_unlock(&config->chap_lock);
	return result;
}

static int entry_write(struct qla_host *host, u16 index, const u8 *entry)
{
	struct config *config = host->config;
	int result = flash_write(host, ISP_FLASH_CHAP + index * ISP_CHAP_SIZE, entry, ISP_CHAP_SIZE);

	if (result)
		return result;
	spin_lock(&config->chap_lock);
	memcpy(entry_at(config, index), entry, ISP_CHAP_SIZE);
	spin_unlock(&config->chap_lock);
	return 0;
}

int chap_entry(struct qla_host *host, u16 index, char *name, char *secret, bool *ret_peer)
{
	u8 entry[ISP_CHAP_SIZE];
	u32 length;

	if (entry_get(host, index, entry))
		return -ENOENT;
	length = field_get(ISP_CHAP_ROW_SECRET_LENGTH, entry);
	strscpy(name, field_at(ISP_CHAP_ROW_NAME, entry), isp_fields[ISP_CHAP_ROW_NAME].width);
	memcpy(secret, field_at(ISP_CHAP_ROW_SECRET, entry), length);
	secret[length] = '\0';
	*ret_peer = entry_is_peer(entry);
	memzero_explicit(entry, sizeof(entry));
	return 0;
}

int chap_first_peer(struct qla_host *host, u16 *ret_index)
{
	struct config *config = host->config;
	u16 index;

	spin_lock(&config->chap_lock);
	for (index = 0; config->chap_table && index < ISP_FLASH_CHAPS; index++)
		if (entry_is_valid(entry_at(config, index)) && entry_is_peer(entry_at(config, index)))
			break;
	spin_unlock(&config->chap_lock);
	*ret_index = index;
	return config->chap_table && index < ISP_FLASH_CHAPS ? 0 : -ENOENT;
}

/* --- entries made --- */

static int entry_make(u8 *entry, const char *name, const u8 *secret, size_t length, bool peer)
{
	size_t name_length = strlen(name);

	if (!length || length > isp_fields[ISP_CHAP_ROW_SECRET].width || !name_length || name_length >= isp_fields[ISP_CHAP_ROW_NAME].width)
		return -EINVAL;
	memset(entry, 0, ISP_CHAP_SIZE);
	field_set(ISP_CHAP_ROW_FLAGS, entry, peer ? ISP_CHAP_PEER : ISP_CHAP_LOCAL);
	field_set(ISP_CHAP_ROW_SECRET_LENGTH, entry, length);
	memcpy(field_at(ISP_CHAP_ROW_SECRET, entry), secret, length);
	memcpy(field_at(ISP_CHAP_ROW_NAME, entry), name, name_length);
	field_set(ISP_CHAP_ROW_COOKIE, entry, ISP_CHAP_COOKIE);
	return 0;
}

/* What a login sends is the same. */
static bool entry_is_alike(u8 *one, u8 *other)
{
	u32 length = field_get(ISP_CHAP_ROW_SECRET_LENGTH, one);

	return entry_is_peer(one) == entry_is_peer(other) && length == field_get(ISP_CHAP_ROW_SECRET_LENGTH, other) &&
	       !memcmp(field_at(ISP_CHAP_ROW_SECRET, one), field_at(ISP_CHAP_ROW_SECRET, other), length) &&
	       !strncmp(field_at(ISP_CHAP_ROW_NAME, one), field_at(ISP_CHAP_ROW_NAME, other), isp_fields[ISP_CHAP_ROW_NAME].width);
}

/* The index of one like it, or the first free one: below ISP_CHAP_RESERVED only who asks for an index gets one. */
static u16 place_for(struct config *config, u8 *entry, bool *ret_found)
{
	u16 index, free = ISP_FLASH_CHAPS;

	for (index = ISP_FLASH_CHAPS; index--;) {
		u8 *other = entry_at(config, index);

		*ret_found = entry_is_valid(other) && entry_is_alike(entry, other);
		if (*ret_found)
			return index;
		if (index >= ISP_CHAP_RESERVED && !entry_is_valid(other))
			free = index;
	}
	return free;
}

int chap_find_or_add(struct qla_host *host, const char *name, const char *secret, bool peer, u16 *ret_index)
{
	u8 entry[ISP_CHAP_SIZE];
	bool found;
	int result = load_once(host);

	lockdep_assert_held(&host->config_mutex);
	if (!result)
		result = entry_make(entry, name, (const u8 *)secret, strlen(secret), peer);
	if (result)
		return result;
	*ret_index = place_for(host->config, entry, &found);
	if (*ret_index == ISP_FLASH_CHAPS)
		result = -ENOSPC;
	else if (!found)
		result = entry_write(host, *ret_index, entry);
	memzero_explicit(entry, sizeof(entry));
	return result;
}

/* --- requests --- */

static void record_fill(struct iscsi_chap_rec *record, u16 index, u8 *entry)
{
	record->chap_tbl_idx = index;
	record->chap_type = entry_is_peer(entry) ? CHAP_TYPE_IN : CHAP_TYPE_OUT;
	strscpy(record->username, field_at(ISP_CHAP_ROW_NAME, entry), sizeof(record->username));
	record->password_length = field_get(ISP_CHAP_ROW_SECRET_LENGTH, entry);
	memcpy(record->password, field_at(ISP_CHAP_ROW_SECRET, entry), record->password_length);
}

/* *entries: in, how many records there is room for in buffer; out, how many there are. The flash may have been written to by tools. */
int chap_get(struct Scsi_Host *shost, u16 index, u32 *entries, char *buffer)
{
	struct iscsi_chap_rec *records = (struct iscsi_chap_rec *)buffer;
	struct qla_host *host = host_of(shost);
	u32 room = *entries, count = 0;
	u8 entry[ISP_CHAP_SIZE];
	int result;

	mutex_lock(&host->config_mutex);
	result = chap_load(host);
	mutex_unlock(&host->config_mutex);
	if (result)
		return result;
	for (; index < ISP_FLASH_CHAPS && count < room; index++)
		if (!entry_get(host, index, entry))
			record_fill(&records[count++], index, entry);
	memzero_explicit(entry, sizeof(entry));
	*entries = count;
	return 0;
}

static int session_uses(struct device *dev, void *data)
{
	const u16 *index = data;
	const struct qla_session *session;

	if (!iscsi_is_session_dev(dev))
		return 0;
	session = session_of(iscsi_dev_to_session(dev));
	return session->host && field_get(ISP_DDB_ROW_CHAP, session->entry) &&
	       field_get(ISP_DDB_ROW_CHAP_INDEX, session->entry) == *index;
}

static bool is_in_use(struct qla_host *host, u16 index)
{
	return device_for_each_child(&host->shost->shost_gendev, &index, session_uses);
}

struct chap_request {
	u16 index;
	bool has_index, has_type, peer;
	const char *name;
	u32 name_length;
	const u8 *secret;
	u32 secret_length;
};

static int request_one(struct chap_request *request, const struct iscsi_param_info *info)
{
	switch (info->param) {
	case ISCSI_CHAP_PARAM_INDEX:
		if (info->len != sizeof(request->index))
			return -EINVAL;
		memcpy(&request->index, info->value, sizeof(request->index));
		request->has_index = true;
		return 0;
	case ISCSI_CHAP_PARAM_CHAP_TYPE:
		if (!info->len || info->value[0] > CHAP_TYPE_IN)
			return -EINVAL;
		request->peer = info->value[0] == CHAP_TYPE_IN;
		request->has_type = true;
		return 0;
	case ISCSI_CHAP_PARAM_USERNAME:
		request->name = (const char *)info->value;
		request->name_length = strnlen(request->name, info->len);
		return 0;
	case ISCSI_CHAP_PARAM_PASSWORD:
		request->secret = info->value;
		request->secret_length = strnlen((const char *)request->secret, info->len);
		return 0;
	}
	/* The length of the password is known already. */
	return 0;
}

static int request_read(struct chap_request *request, const void *data, int bytes)
{
	const struct nlattr *attribute;
	int rest, result;

	nla_for_each_attr(attribute, data, bytes, rest) {
		const struct iscsi_param_info *info = nla_data(attribute);

		if (nla_len(attribute) < (int)sizeof(*info) || info->len > nla_len(attribute) - sizeof(*info))
			return -EINVAL;
		result = request_one(request, info);
		if (result)
			return result;
	}
	if (!request->has_index || !request->has_type || request->index >= ISP_FLASH_CHAPS || !request->name || !request->secret)
		return -EINVAL;
	return 0;
}

static int request_entry(const struct chap_request *request, u8 *entry)
{
	char name[257] = "";

	if (request->name_length >= sizeof(name))
		return -EINVAL;
	memcpy(name, request->name, request->name_length);
	return entry_make(entry, name, request->secret, request->secret_length, request->peer);
}

/* The kind of an entry stays: logins name entries by their index alone. */
static int replace(struct qla_host *host, u16 index, u8 *entry)
{
	u8 old[ISP_CHAP_SIZE];
	int result = load_once(host);
	bool is_there;

	if (result)
		return result;
	is_there = !entry_get(host, index, old);
	if (is_there && entry_is_peer(old) != entry_is_peer(entry))
		result = -EINVAL;
	else if (is_there && is_in_use(host, index))
		result = -EBUSY;
	memzero_explicit(old, sizeof(old));
	return result ?: entry_write(host, index, entry);
}

int chap_set(struct Scsi_Host *shost, void *data, int bytes)
{
	struct qla_host *host = host_of(shost);
	struct chap_request request = { 0 };
	u8 entry[ISP_CHAP_SIZE];
	int result = request_read(&request, data, bytes);

	if (!result)
		result = request_entry(&request, entry);
	if (result)
		return result;
	mutex_lock(&host->config_mutex);
	result = replace(host, request.index, entry);
	mutex_unlock(&host->config_mutex);
	memzero_explicit(entry, sizeof(entry));
	return result;
}

static int erase(struct qla_host *host, u16 index)
{
	u8 entry[ISP_CHAP_SIZE];
	int result = load_once(host);

	if (!result)
		result = entry_get(host, index, entry);
	if (result)
		return result;
	if (is_in_use(host, index))
		return -EBUSY;
	memset(entry, 0, sizeof(entry));
	field_set(ISP_CHAP_ROW_COOKIE, entry, ISP_CHAP_COOKIE_FREE);
	return entry_write(host, index, entry);
}

int chap_delete(struct Scsi_Host *shost, u16 index)
{
	struct qla_host *host = host_of(shost);
	int result;

	mutex_lock(&host->config_mutex);
	result = erase(host, index);
	mutex_unlock(&host->config_mutex);
	return result;
}
