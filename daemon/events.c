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
#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/logout.h"
#include "daemon/message.h"
#include "daemon/orphan.h"
#include "daemon/port_loss.h"
#include "lib/loop.h"
#include "transport/user/names.h"
#include "transport/user/netlink.h"

static void event_pdu(struct session *session, const struct netlink_event *event)
{
	message_receive(session, event->bhs, event->data, event->data_bytes);
}

static void event_lost(struct session *session, const char *reason)
{
	bool is_news = session->conn.state == CONN_LOGGED_IN ||
		       session->conn.state == CONN_LOGOUT_REQUESTED;

	if (is_news && !session->is_leaving)
		session_log(session, LOG_LEVEL_WARNING, "connection lost (%s): logging in again",
			    reason);
	conn_event(&session->conn, CONN_EVENT_LOST);
}

static void event_conn_error(struct session *session, const struct netlink_event *event)
{
	/* The host adapter is gone: nothing can be recovered through it. */
	if (event->code == ISCSI_CONN_ERROR_INVALID_HOST) {
		if (!session->is_leaving || session->conn.state != CONN_FREE) {
			session_log(session, LOG_LEVEL_ERROR, "its host is gone: taken down");
			logout_destroy(session);
		}
		return;
	}
	if (session->conn.state == CONN_IN_LOGIN) {
		attempt_conn_error(&session->conn, conn_error_text(event->code));
		return;
	}
	event_lost(session, conn_error_text(event->code));
}

/* Of cards that log in by themselves: LOGGED_IN ends their login, FREE and the like is a failed
 * login or a lost connection, the rest is their way there. */
static void event_login_state(struct session *session, const struct netlink_event *event)
{
	session_log(session, LOG_LEVEL_DEBUG, "its driver says: %s",
		    event->code < CONN_STATE_COUNT ? conn_state_name((enum conn_state)event->code)
						   : "an unknown login state");
	if (session->conn.state == CONN_IN_LOGIN)
		attempt_card_says(&session->conn, event->code);
	else if (event->code == ISCSI_CONN_STATE_FREE ||
		 event->code == ISCSI_CONN_STATE_CLEANUP_WAIT)
		event_lost(session, "the card has lost it");
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

/* ---- sessions and hosts we do not keep ---- */

/* Made by firmware, by another program, or by us if the reply was lost: sysfs tells which. */
static void foreign_created(struct daemon *daemon, const struct netlink_event *event)
{
	orphan_look(daemon, (int)event->sid);
}

/* Of a discovery that a driver carries, or of somebody else. */
static void foreign_discovery(struct daemon *daemon, const struct netlink_event *event)
{
	if (carrier_take(daemon, event))
		return;
	daemon->dropped_messages++;
	log_debug("event %s of session %u, not one of ours", event_name(event->type), event->sid);
}

static void foreign_destroyed(struct daemon *daemon, const struct netlink_event *event)
{
	log_debug("session %u of host %u, not one of ours, is gone", event->sid, event->host_no);
}

static void host_link(struct daemon *daemon, const struct netlink_event *event)
{
	log_info("host %u: link %s", event->host_no,
		 event->code == ISCSI_HOST_EVENT_LINK_UP     ? "up"
		 : event->code == ISCSI_HOST_EVENT_LINK_DOWN ? "down"
							     : "changed");
	if (event->code == ISCSI_HOST_EVENT_LINK_UP || event->code == ISCSI_HOST_EVENT_LINK_DOWN)
		port_loss_host_link(daemon, event->host_no,
				    event->code == ISCSI_HOST_EVENT_LINK_UP);
}

typedef void event_fn(struct session *session, const struct netlink_event *event);
typedef void foreign_fn(struct daemon *daemon, const struct netlink_event *event);

/* What is done if the session is ours, and if not. HOST_EVENT speaks of no session at all. */
static const struct {
	enum iscsi_event type;
	event_fn *take;
	foreign_fn *take_foreign;
} event_rows[] = {
	{ISCSI_KEVENT_RECV_PDU, event_pdu, foreign_discovery},
	{ISCSI_KEVENT_CONN_ERROR, event_conn_error, foreign_discovery},
	{ISCSI_KEVENT_CONN_LOGIN_STATE, event_login_state, foreign_discovery},
	{ISCSI_KEVENT_CREATE_SESSION, event_created, foreign_created},
	{ISCSI_KEVENT_UNBIND_SESSION, event_unbound, NULL},
	{ISCSI_KEVENT_DESTROY_SESSION, event_destroyed, foreign_destroyed},
	{ISCSI_KEVENT_HOST_EVENT, NULL, host_link},
};

static void events_take(const struct netlink_event *event, void *data)
{
	struct daemon *daemon = data;
	struct session *session;

	for (size_t i = 0; i < sizeof(event_rows) / sizeof(event_rows[0]); i++) {
		if (event_rows[i].type != event->type)
			continue;
		session = event_rows[i].take ? session_find(daemon, (int)event->sid) : NULL;
		if (session) {
			session_ref(session);
			event_rows[i].take(session, event);
			session_unref(session);
			return;
		}
		if (event_rows[i].take_foreign) {
			event_rows[i].take_foreign(daemon, event);
			return;
		}
	}
	daemon->dropped_messages++;
	log_debug("event %s of session %u: nothing to do", event_name(event->type), event->sid);
}

static void events_lost(void *data)
{
	log_warning("the kernel's events came faster than they were read: comparing with sysfs");
	adopt_compare(data);
	orphan_look(data, ORPHAN_ALL);
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
