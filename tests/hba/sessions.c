/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of device database entries: what each mailbox command may do to an entry in which state, as rows, and what the host is told
 * (AEN 8014). Called by the mailbox handlers, the rings and the control socket; connections are session_login.c's.
 */
#include "tests/hba/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "lib/loop.h"
#include "tests/hba/session.h"

#define BIT(state) (1u << (state))
#define UNASSIGNED BIT(ISP_DDB_UNASSIGNED)
#define NO_CONNECTION BIT(ISP_DDB_NO_CONNECTION)
#define DISCOVERY BIT(ISP_DDB_DISCOVERY)
#define ACTIVE BIT(ISP_DDB_ACTIVE)
#define LOGGING_OUT BIT(ISP_DDB_LOGGING_OUT)
#define FAILED BIT(ISP_DDB_FAILED)
#define LOGIN BIT(ISP_DDB_LOGIN)

/* AEN 8014, register 5: family of the address, and which of the port's it is. */
enum { FLAG_IPV4 = 0x01, FLAG_LINK_LOCAL = 0x02, FLAG_IPV6_0 = 0x04, FLAG_IPV6_1 = 0x08, FLAG_IPV6 = 0x10 };
static const uint32_t from_flags[ISP_ADDRESSES + 1] = {
	[ISP_ADDRESS_LINK_LOCAL] = FLAG_LINK_LOCAL, [ISP_ADDRESS_IPV6_0] = FLAG_IPV6_0, [ISP_ADDRESS_IPV6_1] = FLAG_IPV6_1,
};

/* Only the end of something is told: the host waits for no other change, and takes one it does not expect for a loss. */
static const struct {
	enum session_event event;
	unsigned int from;
	enum isp_ddb_state to;
	bool is_told;
} rows[] = {
	{SESSION_EVENT_LOADED, UNASSIGNED, ISP_DDB_NO_CONNECTION, false},
	{SESSION_EVENT_REQUESTED, UNASSIGNED, ISP_DDB_NO_CONNECTION, false},
	{SESSION_EVENT_SET, UNASSIGNED | NO_CONNECTION | FAILED, ISP_DDB_NO_CONNECTION, false},
	{SESSION_EVENT_OPENED, NO_CONNECTION | FAILED, ISP_DDB_LOGIN, false},
	{SESSION_EVENT_LOGGED_IN, LOGIN, ISP_DDB_ACTIVE, true},
	{SESSION_EVENT_LOGGED_IN_DISCOVERY, LOGIN, ISP_DDB_DISCOVERY, true},
	{SESSION_EVENT_FAILED, LOGIN, ISP_DDB_FAILED, true},
	{SESSION_EVENT_LOST, ACTIVE | DISCOVERY, ISP_DDB_FAILED, true},
	{SESSION_EVENT_LOGOUT, ACTIVE | DISCOVERY | LOGIN, ISP_DDB_LOGGING_OUT, false},
	{SESSION_EVENT_LOGGED_OUT, LOGGING_OUT | DISCOVERY, ISP_DDB_NO_CONNECTION, true},
	{SESSION_EVENT_CLEARED, UNASSIGNED | NO_CONNECTION | FAILED, ISP_DDB_UNASSIGNED, false},
};

static void tell(const struct session *session)
{
	const struct sessions_settings *settings = &session->sessions->settings;
	const uint32_t words[ISP_MAILBOXES] = {
		ISP_AEN_DDB_CHANGED, ISP_DDB_ONE, session->index, session->state, session->error,
		ddb_is_ipv6(session->ddb) ? FLAG_IPV6 | from_flags[session->from] : FLAG_IPV4,
	};

	settings->aen(settings->data, words);
}

int session_event(struct session *session, enum session_event event, enum session_error error)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].event == event && rows[i].from & BIT(session->state))
			break;
	if (i == sizeof(rows) / sizeof(rows[0]))
		return -EPROTO;
	session->state = rows[i].to;
	session->error = error;
	if (rows[i].is_told)
		tell(session);
	return 0;
}

static struct session *session_at(const struct sessions *sessions, uint32_t index)
{
	return index < ISP_DDBS ? (struct session *)&sessions->table[index] : NULL;
}

struct sessions *sessions_new(const struct sessions_settings *settings)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));
	unsigned int i;

	if (!sessions)
		return NULL;
	sessions->settings = *settings;
	for (i = 0; i < ISP_DDBS; i++) {
		sessions->table[i].sessions = sessions;
		sessions->table[i].index = i;
		sessions->table[i].from = ISP_ADDRESSES;
	}
	return sessions;
}

void sessions_free(struct sessions *sessions)
{
	if (!sessions)
		return;
	sessions_stop(sessions);
	free(sessions);
}

void sessions_start(struct sessions *sessions)
{
	struct session *session;
	unsigned int i;

	sessions_stop(sessions);
	for (i = 0; i < ISP_FLASH_DDBS; i++) {
		session = &sessions->table[i];
		if (sessions->settings.flash_ddb(sessions->settings.data, i, session->ddb))
			(void)session_event(session, SESSION_EVENT_LOADED, SESSION_ERROR_NONE);
	}
}

/* Power is cut: not a change of state that anybody is told, so not through the door. */
static void forget(struct session *session)
{
	session_close(session);
	session->state = ISP_DDB_UNASSIGNED;
	session->error = SESSION_ERROR_NONE;
	session->not_before_ms = 0;
	session->from = ISP_ADDRESSES;
	memset(session->ddb, 0, sizeof(session->ddb));
}

void sessions_stop(struct sessions *sessions)
{
	unsigned int i;

	for (i = 0; i < ISP_DDBS; i++)
		forget(&sessions->table[i]);
}

int sessions_request(struct sessions *sessions, uint32_t index)
{
	struct session *session = session_at(sessions, index);

	if (!session)
		return -EINVAL;
	return session_event(session, SESSION_EVENT_REQUESTED, SESSION_ERROR_NONE) < 0 ? -EBUSY : 0;
}

int sessions_clear(struct sessions *sessions, uint32_t index)
{
	struct session *session = session_at(sessions, index);

	if (!session)
		return -EINVAL;
	if (session_event(session, SESSION_EVENT_CLEARED, SESSION_ERROR_NONE) < 0)
		return -EBUSY;
	forget(session);
	return 0;
}

int sessions_set(struct sessions *sessions, uint32_t index, const uint8_t ddb[ISP_DDB_SIZE])
{
	struct session *session = session_at(sessions, index);

	if (!session)
		return -EINVAL;
	if (session->not_before_ms > loop_now_ms())
		return -EAGAIN;
	if (session_event(session, SESSION_EVENT_SET, SESSION_ERROR_NONE) < 0)
		return -EISCONN;
	memcpy(session->ddb, ddb, sizeof(session->ddb));
	return 0;
}

int sessions_open(struct sessions *sessions, uint32_t index)
{
	struct session *session = session_at(sessions, index);
	const struct sessions_settings *settings = &sessions->settings;
	struct sockaddr_storage peer;
	socklen_t length;

	if (!session)
		return -EINVAL;
	if (session->state == ISP_DDB_UNASSIGNED)
		return -ENOENT;
	if (ddb_peer(session->ddb, &peer, &length) < 0)
		return -EINVAL;
	if (!settings->is_usable(settings->data, peer.ss_family))
		return -EADDRNOTAVAIL;
	if (session_event(session, SESSION_EVENT_OPENED, SESSION_ERROR_NONE) < 0)
		return -EISCONN;
	if (session_login(session) < 0)
		session_fail(session, SESSION_ERROR_LOGIN);
	return 0;
}

int sessions_logout(struct sessions *sessions, uint32_t index, uint32_t options)
{
	struct session *session = session_at(sessions, index);

	if (!session)
		return -EINVAL;
	if (session_event(session, SESSION_EVENT_LOGOUT, SESSION_ERROR_NONE) < 0)
		return -ENOTCONN;
	session->logout_options = options;
	initiator_logout(session->initiator);
	return 0;
}

static bool is_used(const struct session *session)
{
	return session->state != ISP_DDB_UNASSIGNED;
}

int sessions_get(const struct sessions *sessions, uint32_t index, struct session_view *ret_view)
{
	const struct session *session = session_at(sessions, index);
	unsigned int i;

	memset(ret_view, 0, sizeof(*ret_view));
	if (!session)
		return -EINVAL;
	for (i = 0; i < ISP_DDBS; i++)
		ret_view->count += is_used(&sessions->table[i]);
	for (i = index + 1; i < ISP_DDBS && !ret_view->next; i++)
		ret_view->next = is_used(&sessions->table[i]) ? i : 0;
	ret_view->state = session->state;
	ret_view->error = session->error;
	ret_view->local_port = session->local_port;
	ret_view->ddb = session->ddb;
	return 0;
}

void sessions_defaults(bool is_ipv6, uint8_t ret_ddb[ISP_DDB_SIZE])
{
	isp4xxx_default_ddb(is_ipv6, ret_ddb);
}

struct initiator *sessions_initiator(const struct sessions *sessions, uint32_t index)
{
	const struct session *session = session_at(sessions, index);

	if (!session || (session->state != ISP_DDB_ACTIVE && session->state != ISP_DDB_DISCOVERY))
		return NULL;
	return session->initiator;
}

void sessions_drop(struct sessions *sessions, uint32_t index)
{
	struct session *session = session_at(sessions, index);

	if (session && session->initiator)
		session_fail(session, SESSION_ERROR_CONNECTION);
}

void sessions_drop_all(struct sessions *sessions)
{
	unsigned int i;

	for (i = 0; i < ISP_DDBS; i++)
		sessions_drop(sessions, i);
}

/* The same target at the same portal, from the same discovery entry. */
static bool is_known(const struct sessions *sessions, const uint8_t *ddb)
{
	static const enum isp4xxx_row fields[] = {ISP4XXX_DDB_NAME, ISP4XXX_DDB_ADDRESS, ISP4XXX_DDB_PORT, ISP4XXX_DDB_LINK};
	unsigned int i, j;
	uint8_t *known;

	for (i = 0; i < ISP_DDBS; i++) {
		known = (uint8_t *)sessions->table[i].ddb;
		for (j = 0; j < 4 && is_used(&sessions->table[i]); j++)
			if (memcmp(isp4xxx_at(fields[j], known), isp4xxx_at(fields[j], (uint8_t *)ddb), isp4xxx_rows[fields[j]].width) != 0)
				break;
		if (j == 4)
			return true;
	}
	return false;
}

static int add(struct sessions *sessions, const uint8_t *parent, unsigned int link, const char *name, const struct portal *portal)
{
	uint8_t ddb[ISP_DDB_SIZE];
	unsigned int i;

	if (ddb_found(ddb, parent, link, name, portal) < 0)
		return -EINVAL;
	if (is_known(sessions, ddb))
		return -EEXIST;
	for (i = ISP_FLASH_DDBS; i < ISP_DDBS; i++)
		if (!is_used(&sessions->table[i]))
			break;
	if (i == ISP_DDBS)
		return -ENOSPC;
	memcpy(sessions->table[i].ddb, ddb, sizeof(ddb));
	return session_event(&sessions->table[i], SESSION_EVENT_LOADED, SESSION_ERROR_NONE);
}

int sessions_add_found(struct sessions *sessions, const struct session *parent, const char *name, const struct portal *portal)
{
	return add(sessions, parent->ddb, parent->index, name, portal);
}

int sessions_add_named(struct sessions *sessions, const char *name, const struct portal *portal)
{
	uint8_t defaults[ISP_DDB_SIZE];

	sessions_defaults(false, defaults);
	return add(sessions, defaults, ISP_DDB_LINK_ISNS, name, portal);
}
