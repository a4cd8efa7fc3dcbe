/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds out what a foreign session was logged in with. The store knows the retries and offers an
 * administrator configured, the kernel knows what is in force; where both speak, the kernel is
 * right. Called by adopt.c when the daemon starts.
 */
#include "daemon/adopt_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/portal.h"
#include "lib/store.h"

struct lookup {
	const struct sysfs_session *wanted;
	struct record *node;
};

static bool record_is_of(const struct record *node, const struct sysfs_session *wanted)
{
	struct portal one = {.port = (int)record_number(node, F_NODE_CONN_PORT)};
	struct portal two = {.port = (int)wanted->persistent_port};
	const char *iface = record_text(node, F_IFACE_ISCSI_IFACENAME);

	snprintf(one.address, sizeof(one.address), "%s", record_text(node, F_NODE_CONN_ADDRESS));
	snprintf(two.address, sizeof(two.address), "%s", wanted->persistent_address);
	return !strcmp(record_text(node, F_NODE_NAME), wanted->target_name) &&
	       portal_equal(&one, &two) &&
	       !strcmp(*iface ? iface : "default",
		       wanted->iface_name[0] ? wanted->iface_name : "default");
}

/* 1 ends the walk: found. */
static int lookup_record(struct store *store, const char *key, void *data)
{
	struct lookup *lookup = data;
	struct record node;
	char *text;
	size_t len;

	/* Keys begin with the target's name; the rest of the key is the business of who stored it.
	 */
	if (!strstr(key, lookup->wanted->target_name) ||
	    store_get(store, STORE_NODE, key, &text, &len) < 0)
		return 0;
	record_init(&node, RECORD_NODE);
	if (record_parse(&node, text, len, ORIGIN_RECORD, NULL, NULL) < 0 ||
	    !record_is_of(&node, lookup->wanted)) {
		record_done(&node);
		free(text);
		return 0;
	}
	free(text);
	record_done(lookup->node);
	*lookup->node = node;
	return 1;
}

static void record_from_store(const char *dir, const struct sysfs_session *found,
			      struct record *node)
{
	struct lookup lookup = {.wanted = found, .node = node};
	struct store *store;
	int r = store_begin(dir, STORE_READ, &store);

	if (r == 0) {
		r = store_each(store, STORE_NODE, "", lookup_record, &lookup);
		store_drop(store);
	}
	if (r < 0)
		log_warning("cannot look for the record of %s in %s: %s", found->target_name, dir,
			    strerror(-r));
}

static const struct {
	enum field field;
	size_t offset; /* of an int64_t in struct sysfs_session */
} numbers[] = {
	{F_NODE_CONN_PORT, offsetof(struct sysfs_session, persistent_port)},
	{F_NODE_TPGT, offsetof(struct sysfs_session, tpgt)},
	{F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT, offsetof(struct sysfs_session, recovery_tmo)},
	{F_NODE_SESSION_ERR_TIMEO_ABORT_TIMEOUT, offsetof(struct sysfs_session, abort_tmo)},
	{F_NODE_SESSION_ERR_TIMEO_LU_RESET_TIMEOUT, offsetof(struct sysfs_session, lu_reset_tmo)},
	{F_NODE_SESSION_ERR_TIMEO_TGT_RESET_TIMEOUT, offsetof(struct sysfs_session, tgt_reset_tmo)},
	{F_NODE_CONN_TIMEO_NOOP_OUT_TIMEOUT, offsetof(struct sysfs_session, ping_tmo)},
	{F_NODE_CONN_TIMEO_NOOP_OUT_INTERVAL, offsetof(struct sysfs_session, recv_tmo)},
};

static const struct {
	enum field field;
	size_t offset; /* of a string */
} texts[] = {
	{F_NODE_NAME, offsetof(struct sysfs_session, target_name)},
	{F_NODE_CONN_ADDRESS, offsetof(struct sysfs_session, persistent_address)},
	{F_IFACE_ISCSI_IFACENAME, offsetof(struct sysfs_session, iface_name)},
	{F_IFACE_TRANSPORT_NAME, offsetof(struct sysfs_session, transport)},
	{F_IFACE_NET_IFACENAME, offsetof(struct sysfs_session, netdev)},
	{F_NODE_SESSION_AUTH_USERNAME, offsetof(struct sysfs_session, username)},
	{F_NODE_SESSION_AUTH_PASSWORD, offsetof(struct sysfs_session, password)},
	{F_NODE_SESSION_AUTH_USERNAME_IN, offsetof(struct sysfs_session, username_in)},
	{F_NODE_SESSION_AUTH_PASSWORD_IN, offsetof(struct sysfs_session, password_in)},
};

/* A checksum in force is offered again. Whether the target has to take it, only a record can say. */
static void digest_from_sysfs(struct record *node, enum field field, int64_t in_force)
{
	if (in_force > 0 && !strcmp(record_text(node, field), "None"))
		(void)record_set(node, field, "CRC32C,None", ORIGIN_RECORD);
}

/* What sysfs does not have, or a record would refuse, leaves the value there is. */
static void record_from_sysfs(const struct sysfs_session *found, struct record *node)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int64_t number =
			*(const int64_t *)(const void *)((const char *)found + numbers[i].offset);

		if (number != SYSFS_NONE)
			(void)record_set_number(node, numbers[i].field, number, ORIGIN_RECORD);
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const char *text = (const char *)found + texts[i].offset;

		if (*text)
			(void)record_set(node, texts[i].field, text, ORIGIN_RECORD);
	}
	if (found->username[0] && found->password[0])
		(void)record_set(node, F_NODE_SESSION_AUTH_AUTHMETHOD, "CHAP", ORIGIN_RECORD);
	digest_from_sysfs(node, F_NODE_CONN_ISCSI_HEADER_DIGEST, found->header_digest);
	digest_from_sysfs(node, F_NODE_CONN_ISCSI_DATA_DIGEST, found->data_digest);
}

void adopt_record(const char *dir, const struct sysfs_session *found, struct record *ret_node)
{
	record_init(ret_node, RECORD_NODE);
	if (found->target_name[0])
		record_from_store(dir, found, ret_node);
	record_from_sysfs(found, ret_node);
}

void adopt_address(const struct sysfs_session *found, struct addresses *ret_addresses)
{
	struct portal portal = {.port = (int)found->persistent_port, .tpgt = PORTAL_TPGT_NONE};

	memset(ret_addresses, 0, sizeof(*ret_addresses));
	snprintf(portal.address, sizeof(portal.address), "%s", found->persistent_address);
	if (addresses_from_literal(&portal, ret_addresses) == 0)
		return;
	portal.port = (int)found->port;
	snprintf(portal.address, sizeof(portal.address), "%s", found->address);
	if (found->address[0])
		(void)addresses_from_literal(&portal, ret_addresses);
}
