/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session the daemon keeps: what to log in with, who it is at the target (ISID) and in the kernel
 * (sid), and how it is doing. Everything recovery needs is in here, in locked memory. The session
 * machine is that of RFC 7143 8.3 (initiator side); session_event() is the only writer of
 * session->state.
 */
#ifndef OPENHBA_DAEMON_SESSION_H
#define OPENHBA_DAEMON_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/conn.h"
#include "daemon/isid.h"
#include "daemon/resolve.h"
#include "daemon/slots.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/record.h"

struct daemon;
struct loop_timer;
struct transport_row;

enum session_state { SESSION_FREE, SESSION_LOGGED_IN, SESSION_FAILED, SESSION_STATE_COUNT };

enum session_event {
	SESSION_EVENT_LOGGED_IN, /* its connection reached full feature phase */
	SESSION_EVENT_CLOSED,	 /* closed in order */
	SESSION_EVENT_FAILED,	 /* its connection is lost */
	SESSION_EVENT_CONTINUED, /* reinstated at the target, the kernel goes on with the same
				    session */
	SESSION_EVENT_GIVEN_UP,	 /* taken down while failed */
	SESSION_EVENT_COUNT,
};

/* What the daemon is about with it, as the IPC says it. */
enum session_stage { STAGE_NO_CHANGE, STAGE_CLEANUP, STAGE_REOPEN, STAGE_REDIRECT };

struct session_row {
	const char *number; /* RFC 7143 8.3.4 */
	enum session_state from;
	enum session_event event;
	enum session_state to;
	const char *sentence;
};

extern const struct session_row session_rows[];
extern const size_t session_row_count;

/* How a login or logout ended; sentence is borrowed for the call, "" on success. The session may be
 * gone afterwards. */
typedef void session_done_fn(int sid, enum iscsi_err err, const char *sentence, void *data);

struct session_waiter {
	session_done_fn *fn; /* NULL: nobody waits */
	void *data;
};

/* Why the last attempt ended. */
struct session_failure {
	enum iscsi_err err;
	char sentence[256];
};

#define SESSION_SENTENCE_MAX sizeof(((struct session_failure *)0)->sentence)

TAILQ_HEAD(session_list, session);

/*
 * Owned by the daemon's list, which holds one reference; each piece of work under way holds
 * another. session_kill() makes it unreachable and silent, the last session_unref() frees it.
 */
struct session {
	TAILQ_ENTRY(session) entry;
	struct daemon *daemon;
	unsigned int refs;
	bool is_killed;

	struct record node;
	char *initiator_name, *initiator_alias;
	uint8_t isid[ISID_BYTES];
	unsigned int ordinal;	/* 0.. among sessions of the same target, portal and iface */
	uint32_t initial_cmdsn; /* of the kernel session: its CmdSN is this plus the commands it
				   counted */
	char netdev[16], hwaddress[18]; /* what the iface was bound to last; "" : nothing */

	const struct transport_row *transport; /* NULL until transports.c has looked */
	uint64_t transport_handle;	       /* 0: not known */
	uint32_t transport_caps;
	int through_host; /* the adapter its iface names; -1: the network decides */
	int sid, host_no; /* of the kernel; -1 before the first login is through */
	enum session_state state;
	enum session_stage stage;
	unsigned long refused;
	uint64_t since_ms; /* of the last change of state or stage */
	struct conn conn;

	struct addresses home, away; /* away: where a redirect leads */
	struct portal redirect;	     /* the same as the target wrote it */
	bool is_away, away_is_permanent;
	unsigned int address_index;

	uint64_t began_ms;	/* of the login or the recovery under way */
	unsigned int attempts;	/* since then */
	unsigned int redirects; /* since then */
	uint64_t logged_in_ms;	/* when the last login was through; 0: not in this process's time */
	unsigned int relapses;	/* losses in a row, each right behind a login */
	uint32_t time2wait_sec; /* before a reconnect: negotiated, or told by the target */
	uint32_t negotiated_time2wait_sec;
	uint64_t earliest_ms; /* no reconnect before: the Time2Wait of this recovery */
	bool has_header_digest, has_data_digest;
	uint64_t kicked_ms; /* when its lost port was back; 0: never */
	bool is_unreachable;	     /* the last attempt did not get beyond this machine */
	bool is_port_lost;	     /* port_loss.c: recovery is parked */
	bool is_chosen;		     /* within port_loss.c */
	bool has_former_timeout;     /* fast_fail.c has changed the kernel's recovery timeout */
	int64_t former_timeout_sec;  /* from this, -1: never */
	struct session_failure failure;

	uint64_t said_since_ms; /* message.c: lines of the log that the target caused */
	unsigned int said;
	bool is_pinged_by_us;	       /* its driver does not */
	const struct boot_place *boot; /* the firmware booted from it; NULL: no */

	struct slot slot;
	struct resolve *resolve;
	struct loop_timer *timer;
	void (*on_timer)(struct session *session);

	struct session_waiter login, logout;
	bool is_leaving; /* a logout is under way, or the session is being destroyed */
	bool is_automatic; /* its first login is nobody's wish: one attempt, hotplug_login.c paces */
	bool is_polled,
		is_unwanted; /* discovery_sessions.c: made by a poller; not offered any more */
	bool is_scanning;
	bool wants_rescan, wants_running; /* asked for while a scan was running */
	bool has_moved; /* the state file does not know the address yet, or the NIC's name */
};

/* Takes node (moved, also on failure). A new session, in the list, without ISID. NULL: no memory.
 */
struct session *session_new(struct daemon *daemon, struct record *node, const char *initiator_name);
struct session *session_ref(struct session *session);
void session_unref(struct session *session);
void session_kill(struct session *session);

struct session *session_find(const struct daemon *daemon, int sid); /* NULL */

/* The session with the same target, portal and iface as this one that is not leaving, other than
 * itself, or NULL. */
struct session *session_twin(const struct session *session);

/* Chooses the ordinal and an ISID no other session has. */
void session_choose_isid(struct session *session);

const struct session_row *session_row_find(enum session_state state, enum session_event event);

/* The only door to session->state. False: refused and counted. */
bool session_event(struct session *session, enum session_event event);

void session_set_stage(struct session *session, enum session_stage stage);
void session_touch(struct session *session); /* a change of state: since_ms */

/* fn(session) in delay_ms, instead of what was set before. */
void session_wait(struct session *session, uint64_t delay_ms, void (*fn)(struct session *session));
void session_wait_stop(struct session *session);

/* Remembers why an attempt failed, for the log and the waiter. */
void session_fail(struct session *session, enum iscsi_err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Answers the waiter, if there is one, and forgets it. */
void session_answer(struct session *session, struct session_waiter *waiter, enum iscsi_err err,
		    const char *sentence);

/* One line with the session in front: "session 3 iqn.2024-01.example:disk 192.0.2.10:3260,1
 * [default]: ..." */
void session_log(const struct session *session, enum log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Shorthands for the record. */
const char *session_target(const struct session *session);
const char *session_address(const struct session *session);
int session_port(const struct session *session);
const char *session_iface(const struct session *session);
uint64_t session_login_timeout_ms(const struct session *session);
/* A name and a secret are enough, whatever authmethod says: so it has always been. */
bool session_uses_chap(const struct session *session);
/* Its driver connects (endpoints) and carries the PDUs of the login; otherwise a plain socket is
 * logged in and handed over. */
bool session_has_endpoint(const struct session *session);
/* The card logs in by itself. */
bool session_is_firmware(const struct session *session);
/* Loads what CHAP needs, if it is used: recovery must not open files. */
void session_prepare_chap(struct session *session);

const char *session_state_name(enum session_state state);
const char *session_event_name(enum session_event event);
const char *session_stage_name(enum session_stage stage); /* NO_CHANGE, CLEANUP, REOPEN, REDIRECT */

#endif
