// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's device database: which indices are ours, and the mailbox commands on them. What the chip answers is checked here. Where a
 * session stands is not this file's business; events are handed on to it.
 */
#include <linux/in.h>
#include <linux/in6.h>

#include "drivers/qla4xxx/field.h"
#include "drivers/qla4xxx/session.h"

#define GET_ADDRESS	2	/* registers that hold the buffer's address */

/* --- commands --- */

static int ask(struct qla_host *host, enum isp_mailbox opcode, u16 ddb)
{
	u32 regs[ISP_MAILBOXES] = { 0, ddb };

	return mailbox_ask(host, opcode, regs);
}

static void answer_check(u16 ddb, const u32 regs[ISP_MAILBOXES], struct ddb_answer *answer)
{
	answer->count = min_t(u32, regs[2], ISP_DDBS);
	answer->next = regs[3] > ddb && regs[3] < ISP_DDBS ? regs[3] : 0;
	answer->state = regs[4] <= ISP_DDB_LOGIN ? regs[4] : ISP_DDB_UNASSIGNED;
	answer->error = regs[5];
	answer->local_port = regs[6] >> 16;
}

int ddb_get(struct qla_host *host, u16 ddb, void *entry, struct ddb_answer *answer)
{
	u32 regs[ISP_MAILBOXES] = { 0, ddb, 0, 0, ISP_DDB_SIZE };
	int result;

	if (entry)
		result = mailbox_transfer(host, ISP_MBOX_GET_DDB, regs, GET_ADDRESS, entry, ISP_DDB_SIZE, DMA_FROM_DEVICE);
	else
		result = mailbox_ask(host, ISP_MBOX_GET_DDB, regs);
	if (!result && regs[1] != ddb)
		result = -EPROTO;
	if (!result)
		answer_check(ddb, regs, answer);
	return result;
}

int ddb_set(struct qla_host *host, u16 ddb, const void *entry)
{
	u32 regs[ISP_MAILBOXES] = { 0, ddb, 0, 0, ISP_DDB_SIZE };

	return mailbox_transfer(host, ISP_MBOX_SET_DDB, regs, GET_ADDRESS, (void *)entry, ISP_DDB_SIZE, DMA_TO_DEVICE);
}

int ddb_open(struct qla_host *host, u16 ddb)
{
	return ask(host, ISP_MBOX_CONN_OPEN, ddb);
}

int ddb_logout(struct qla_host *host, u16 ddb)
{
	u32 regs[ISP_MAILBOXES] = { 0, ddb, 0, ISP_LOGOUT_CLOSE };
	int result = mailbox_ask(host, ISP_MBOX_LOGOUT, regs);

	return result == -EIO && regs[1] == ISP_DETAIL_NOT_LOGGED_IN ? -ENOTCONN : result;
}

int ddb_clear(struct qla_host *host, u16 ddb)
{
	return ask(host, ISP_MBOX_CLEAR_DDB, ddb);
}

int ddb_defaults(struct qla_host *host, bool ipv6, void *entry)
{
	u32 regs[ISP_MAILBOXES] = { 0, ipv6 };

	return mailbox_transfer(host, ISP_MBOX_GET_DDB_DEFAULTS, regs, GET_ADDRESS, entry, ISP_DDB_SIZE, DMA_FROM_DEVICE);
}

/* --- indices --- */

/* What an earlier session could not clear, it can now. */
int ddb_request_again(struct qla_host *host, u16 ddb)
{
	int result = ask(host, ISP_MBOX_REQUEST_DDB, ddb);

	if (result != -EIO || !test_bit(ddb, host->sessions->stale) || ddb_clear(host, ddb))
		return result;
	clear_bit(ddb, host->sessions->stale);
	return ask(host, ISP_MBOX_REQUEST_DDB, ddb);
}

static int index_take(struct sessions *sessions, const unsigned long *refused, u16 *ret_ddb)
{
	DECLARE_BITMAP(taken, ISP_DDBS);
	unsigned long ddb;

	spin_lock_irq(&sessions->lock);
	bitmap_or(taken, sessions->used, refused, ISP_DDBS);
	ddb = find_first_zero_bit(taken, ISP_DDBS);
	if (ddb < ISP_DDBS)
		__set_bit(ddb, sessions->used);
	spin_unlock_irq(&sessions->lock);
	*ret_ddb = ddb;
	return ddb < ISP_DDBS ? 0 : -ENOSPC;
}

static void index_give(struct sessions *sessions, u16 ddb)
{
	spin_lock_irq(&sessions->lock);
	__clear_bit(ddb, sessions->used);
	spin_unlock_irq(&sessions->lock);
}

int ddb_request(struct qla_host *host, u16 *ret_ddb)
{
	DECLARE_BITMAP(refused, ISP_DDBS);
	int result;

	bitmap_zero(refused, ISP_DDBS);
	for (;;) {
		result = index_take(host->sessions, refused, ret_ddb);
		if (result)
			return result;
		result = ddb_request_again(host, *ret_ddb);
		if (!result)
			return 0;
		index_give(host->sessions, *ret_ddb);
		if (result != -EIO)
			return result;
		/* The firmware uses it itself. */
		__set_bit(*ret_ddb, refused);
	}
}

void ddb_release(struct qla_host *host, u16 ddb, bool is_held)
{
	int result = is_held ? ddb_clear(host, ddb) : 0;

	if (result == -EIO) {
		host_warn(host, "the firmware does not free entry %u: it is asked again when one is needed\n", ddb);
		set_bit(ddb, host->sessions->stale);
	}
	index_give(host->sessions, ddb);
}

/* --- events --- */

static void tell_world(struct qla_host *host, u16 ddb, const struct qla_session *session, unsigned int state)
{
	char index[24], text[40], sid[32];
	char *words[4] = { index, text, sid };

	snprintf(index, sizeof(index), "ISCSI_DDB=%u", ddb);
	snprintf(text, sizeof(text), "ISCSI_DDB_STATE=%s", ddb_state_name(state));
	if (session)
		snprintf(sid, sizeof(sid), "ISCSI_SESSION=%u", session->cls->sid);
	else
		words[2] = NULL;
	kobject_uevent_env(&host->shost->shost_gendev.kobj, KOBJ_CHANGE, words);
}

void ddb_changed(struct qla_host *host, const u32 regs[ISP_MAILBOXES])
{
	struct qla_session *session;

	if (regs[1] != ISP_DDB_ONE || regs[2] >= ISP_DDBS)
		return;
	session = session_get(host, regs[2]);
	tell_world(host, regs[2], session, regs[3]);
	if (!session)
		return;
	session_told(session, regs[3]);
	session_put(session);
}

/* --- entries --- */

static bool same_bytes(enum isp_row row, const void *one, const void *other)
{
	return !memcmp(field_at(row, (void *)one), field_at(row, (void *)other), isp_fields[row].width);
}

static bool same_name(const char *one, const char *other)
{
	return !strncmp(one, other, isp_fields[ISP_DDB_ROW_NAME].width);
}

/* Of an IPv4 address the rest of the field says nothing. */
static bool same_address(const void *one, const void *other)
{
	bool ipv6 = field_get(ISP_DDB_ROW_IS_IPV6, one);

	if (ipv6 != (bool)field_get(ISP_DDB_ROW_IS_IPV6, other))
		return false;
	return !memcmp(field_at(ISP_DDB_ROW_ADDRESS, (void *)one), field_at(ISP_DDB_ROW_ADDRESS, (void *)other),
		       ipv6 ? sizeof(struct in6_addr) : sizeof(struct in_addr));
}

bool ddb_same_target(const void *one, const void *other, bool with_isid)
{
	return same_name(field_at(ISP_DDB_ROW_NAME, (void *)one), field_at(ISP_DDB_ROW_NAME, (void *)other)) && same_address(one, other) &&
	       same_bytes(ISP_DDB_ROW_PORT, one, other) && (!with_isid || same_bytes(ISP_DDB_ROW_ISID, one, other));
}

void ddb_set_portal(void *entry, const struct sockaddr_storage *portal)
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)portal;
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)portal;
	void *address = field_at(ISP_DDB_ROW_ADDRESS, entry);

	memset(address, 0, isp_fields[ISP_DDB_ROW_ADDRESS].width);
	field_set(ISP_DDB_ROW_IS_IPV6, entry, portal->ss_family == AF_INET6);
	/* The port is at the same place in both families. */
	field_set(ISP_DDB_ROW_PORT, entry, be16_to_cpu(ipv4->sin_port));
	if (portal->ss_family == AF_INET6)
		memcpy(address, &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
	else
		memcpy(address, &ipv4->sin_addr, sizeof(ipv4->sin_addr));
}

void ddb_get_portal(const void *entry, struct sockaddr_storage *portal)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)portal;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)portal;
	const void *address = field_at(ISP_DDB_ROW_ADDRESS, (void *)entry);

	memset(portal, 0, sizeof(*portal));
	portal->ss_family = field_get(ISP_DDB_ROW_IS_IPV6, entry) ? AF_INET6 : AF_INET;
	ipv4->sin_port = cpu_to_be16(field_get(ISP_DDB_ROW_PORT, entry));
	if (portal->ss_family == AF_INET6)
		memcpy(&ipv6->sin6_addr, address, sizeof(ipv6->sin6_addr));
	else
		memcpy(&ipv4->sin_addr, address, sizeof(ipv4->sin_addr));
}
