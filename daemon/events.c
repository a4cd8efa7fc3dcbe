/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dispatches the kernel's events by row to the session they name. An event of a session we do not
 * keep (somebody else's, or one we have undone) is dropped and counted. Lost events are made up for
 * by looking at sysfs (adopt.c).
 */
#include "daemon/events.h"

#include <poll.h>
#include <string.h>

#include "daemon/adopt.h"
#include "daemon/daemon.h"
#include "daemon/logout.h"
#include "daemon/message.h"
#include "lib/loop.h"
#include "transport/user/names.h"
#include "transport/user/netlink.h"

typedef void event_fn(struct session *session, const struct netlink_event *event);

static void event_pdu(struct session *session, const struct netlink_event *event)
{
	message_receive(session, event->bhs, event->data, event->data_bytes);
}

static void event_conn_error(struct session *session, const struct netlink_event *event)
{
	bool is_news = session->conn.state == CONN_LOGGED_IN ||
		       session->conn.state == CONN_LOGOUT_REQUESTED;

	/* The host adapter is gone: nothing can be recovered through it. */
	if (event->code == ISCSI_CONN_ERROR_INVALID_HOST && is_news) {
		session_log(session, LOG_LEVEL_ERROR, "its host is gone");
		logout_destroy(session);
		return;
	}
	if (is_news && !session->is_leaving)
		session_log(session, LOG_LEVEL_WARNING, "connection lost (%s): logging in again",
			    conn_error_text(event->code));
	conn_event(&session->conn, CONN_EVENT_LOST);
}

/* We have made it ourselves, the event only confirms it. */
static void event_created(struct session *session, const struct netlink_event *event)
{
}

static void event_unbound(struct session *session, const struct netlink_event *event)
{
	logout_unbound(session);
}

static void event_destroyed(struct session *session, const struct netlink_event *event)
{
	logout_destroyed(session);
}

static const struct {
	enum iscsi_event type;
	event_fn *take;
} event_rows[] = {
	{ISCSI_KEVENT_RECV_PDU, event_pdu},
	{ISCSI_KEVENT_CONN_ERROR, event_conn_error},
	{ISCSI_KEVENT_CREATE_SESSION, event_created},
	{ISCSI_KEVENT_UNBIND_SESSION, event_unbound},
	{ISCSI_KEVENT_DESTROY_SESSION, event_destroyed},
};

static void events_take(const struct netlink_event *event, void *data)
{
	struct daemon *daemon = data;
	struct session *session = session_find(daemon, (int)event->sid);

	for (size_t i = 0; session && i < sizeof(event_rows) / sizeof(event_rows[0]); i++) {
		if (event_rows[i].type != event->type)
			continue;
		session_ref(session);
		event_rows[i].take(session, event);
		session_unref(session);
		return;
	}
	if (!session)
		daemon->dropped_messages++;
	log_debug("event %s of session %u: nothing to do", event_name(event->type), event->sid);
}

static void events_lost(void *data)
{
	log_warning("the kernel's events came faster than they were read: comparing with sysfs");
	adopt_compare(data);
}

static void events_ready(int fd, short revents, void *data)
{
	struct daemon *daemon = data;
	int r = netlink_dispatch(daemon->netlink);

	if (r < 0) {
		log_error("netlink failed: %s", strerror(-r));
		loop_stop(daemon->loop);
	}
}

int events_open(struct daemon *daemon, int fd)
{
	int r = fd < 0 ? netlink_open(events_take, events_lost, daemon, &daemon->netlink)
		       : netlink_open_fd(fd, events_take, events_lost, daemon, &daemon->netlink);

	if (r < 0)
		return r;
	r = loop_fd_new(daemon->loop, netlink_fd(daemon->netlink), POLLIN, events_ready, daemon,
			&daemon->netlink_watch);
	if (r < 0)
		events_close(daemon);
	return r;
}

void events_close(struct daemon *daemon)
{
	loop_fd_free(daemon->netlink_watch);
	daemon->netlink_watch = NULL;
	netlink_close(daemon->netlink);
	daemon->netlink = NULL;
}
