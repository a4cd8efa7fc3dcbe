/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One discovery record the daemon acts on. In rounds: read the ifaces, look the server's name up,
 *ask, then log in to what is new and out of what is gone. A round never blocks and hurts nobody
 *when it hangs; after a failed one the next waits longer.
 *
 *	discovery.c		which pollers there are
 *	discovery_poller.c	when a round begins and how it ends
 *	discovery_ask.c		the network part of a round
 *	discovery_sessions.c	from an answer to logins and logouts
 *	discovery_records.c	what is read from files, by worker threads
 *	discovery_bindings.c	where there are managed ifaces (iface.bind): which of them ask, and what
 *				each is bound to, by worker threads
 */
#ifndef OPENHBA_DAEMON_DISCOVERY_POLLER_H
#define OPENHBA_DAEMON_DISCOVERY_POLLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/resolve.h"
#include "daemon/slots.h"
#include "lib/discover_record.h"
#include "lib/record.h"
#include "lib/records.h"
#include "lib/sendtargets.h"

struct conf;
struct daemon;
struct discovery;
struct isns_registration;
struct isns_talk;
struct loop_fd;
struct loop_timer;

#define POLLERS_MAX 256	     /* records that are acted on */
#define POLLER_IFACES_MAX 64 /* ifaces a round goes through */
#define POLLER_ASKING_MAX 64 /* rounds that talk to a server at once */
#define POLLER_LOGINS_MAX 32 /* logins of all pollers at once: half of what the daemon allows */
#define POLLER_BATCH 16	     /* logins prepared by one look into the store */

struct login_work; /* a login under way: discovery_sessions.c */
TAILQ_HEAD(poller_list, poller);
TAILQ_HEAD(login_list, login_work);

/* All of them, and what they share. Owned by the daemon. */
struct pollers {
	struct daemon *daemon;
	const char *dir;
	char iface_dir[256];
	struct poller_list list, leaving; /* leaving: without record, but with work under way */
	struct slots asking;
	unsigned int logins; /* under way or about to be */
	struct login_list logins_begun;
	int inotify_fd;
	struct loop_fd *inotify_watch;
	struct loop_timer *read_timer;
	bool is_reading, wants_reading, is_stopping;
	unsigned int ending; /* iSNS servers that are being told */
	void (*stopped)(struct daemon *daemon);
};

/* A login that failed is not tried again in every round. */
struct poller_failure {
	uint64_t hash; /* of the node's key */
	uint64_t next_ms;
	unsigned int failures;
	bool is_current; /* the last answer had it */
};

struct poller {
	TAILQ_ENTRY(poller) entry;
	struct pollers *set;
	unsigned int refs;	 /* one of the list, one for each work and login under way */
	bool is_gone, is_listed; /* is_listed: the records just read have it */
	struct record record;
	struct portal portal;
	char *text; /* the record as it was read, to see changes */

	struct loop_timer *timer;
	bool is_asking, wants_round; /* wants_round: another one right after this one */
	bool is_down;		     /* and this has been said */
	unsigned int failures;	     /* rounds in a row */
	unsigned int round;	     /* its number: what an earlier one has begun does not count */

	struct slot slot;
	struct record *ifaces;
	bool *only_asks;	/* of ifaces: what comes through it is bound by reachability, at the end */
	size_t iface_count, iface_at;
	bool remembers;		/* what is reported is kept for ifaces that come later */
	struct sendtargets_list reported; /* through whatever iface, if it remembers */
	struct resolve *resolve;
	struct addresses addresses;
	unsigned int address_at;
	bool has_answer;
	char failure[256];
	size_t refused; /* names and addresses of the last answer that were left out, and that was said */

	struct discovery_secrets secrets;
	struct discovery_settings settings;
	char *initiator_name, *initiator_alias;
	char netdev[16];
	struct discovery *discovery;
	struct loop_fd *watch;
	struct loop_timer *deadline;
	struct isns_talk *talk;
	struct isns_registration *registration;

	struct node_key *wanted; /* logins to come; key.portal.tpgt as the server said */
	size_t wanted_count, wanted_at;
	bool is_preparing;
	struct poller_failure *logins_failed; /* sorted by hash */
	size_t logins_failed_count;
	struct loop_timer *login_timer; /* where no poll would try a failed login again */
};

/* ---- discovery_poller.c ---- */

/* record is copied. NULL: no memory. The first round begins at once. */
struct poller *poller_new(struct pollers *set, const struct record *record);
int poller_change(struct poller *poller,
		  const struct record *record); /* new settings, and a round. -ENOMEM */
void poller_leave(struct poller *poller);	/* its record is gone; sessions stay */
struct poller *poller_ref(struct poller *poller);
void poller_unref(struct poller *poller);
void poller_free(struct poller *poller); /* whatever is under way */

bool poller_is_isns(const struct poller *poller);
void poller_round(void *poller); /* begins a round, now or after the one under way */
void poller_log(const struct poller *poller, int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- discovery_ask.c ---- */

/* The round has its ifaces: asks through one after the other (iSNS: once). Ends in
 * poller_answered() and poller_asked(). */
void poller_ask(struct poller *poller);
void poller_ask_stop(struct poller *poller); /* whatever is under way */
int poller_ask_init(struct poller *poller);  /* once, before the first round. -ENOMEM */
void poller_ask_done(struct poller *poller); /* once, at the end */

/* In discovery_poller.c: no more is to be asked in this round. */
void poller_asked(struct poller *poller);

/* In discovery_poller.c: what came through the iface the round is at, or through `at`. */
void poller_heard(struct poller *poller, size_t at, const struct sendtargets_list *list);

/* ---- discovery_sessions.c ---- */

/* Before the answers of a round, each of them, and after all of them. */
void poller_answers_begin(struct poller *poller);
void poller_answered(struct poller *poller, const char *iface, const struct sendtargets_list *list);
/* The same where an iface is bound to less than the server offers; sessions end only if it offers them no more. */
void poller_bound(struct poller *poller, const char *iface, const struct sendtargets_list *list,
		  const struct sendtargets_list *offered);
void poller_answers_end(struct poller *poller);
void poller_refused(struct poller *poller, size_t refused); /* says how many were left out, if they changed */
void pollers_login(
	struct pollers *set); /* begins as many of the logins to come as may be under way */
void poller_sessions_done(struct poller *poller);
void pollers_logins_forget(
	struct pollers *set); /* at the very end: nobody waits for them any more */

/* ---- discovery_records.c: all of it blocks ---- */

struct poller_reading {
	const char *dir, *iface_dir;
	const char *config_path, *sysfs; /* of poller_reading_ways() */
	struct portal server;		 /* the same */
	int inotify_fd;
	struct record *records; /* discovery records, or ifaces */
	size_t count, left_out;
	bool *only_asks; /* of the ifaces, see struct poller */
	bool remembers;
	bool is_watched; /* changes of dir are told from now on */
	int error;
};

void poller_reading_records(
	struct poller_reading
		*reading); /* discovery records with use_discoveryd; also begins to watch dir */
int poller_reading_keep(struct poller_reading *reading, const struct record *record, size_t max);
void poller_reading_done(struct poller_reading *reading);

/* ---- discovery_bindings.c: all of it blocks ---- */

/*
 * The ifaces a round asks through: software ifaces, of the managed ones those that can talk to the
 * server now; `default` where there is none, or none is left.
 */
void poller_reading_ways(struct poller_reading *reading);

/* What a managed iface is bound to of what was reported. */
struct poller_binding {
	char iface[NODE_IFACE_MAX + 1];
	struct sendtargets_list list;
};

/* All of them, and the memory of what was reported. */
struct poller_bindings {
	const char *dir, *iface_dir, *config_path, *sysfs;
	enum record_kind kind; /* of the discovery record, whose server is source */
	struct portal source;
	struct sendtargets_list reported;
	struct poller_binding *list;
	size_t count;
	int error; /* of the ports, the routes, or the store */
};

void poller_bindings_read(struct poller_bindings *bindings);
void poller_bindings_done(struct poller_bindings *bindings);

/* ---- discovery_records.c ---- */

/* A node record of iscsid.conf's values, without target. */
int poller_make_node(const struct conf *conf, struct record *node);

/* Node records to log in with. */
struct poller_batch {
	const char *dir, *iface_dir, *config_path;
	enum record_kind kind; /* of the discovery record, whose server is source */
	struct portal source;
	bool is_stored_only; /* no record is made up, and its source stays what it is */
	struct node_key keys[POLLER_BATCH];
	struct record nodes[POLLER_BATCH];
	bool is_ready[POLLER_BATCH];
	size_t count;
};

/* The stored record of the same target, portal and iface, else one of iscsid.conf's values. */
void poller_batch_read(struct poller_batch *batch);
void poller_batch_done(struct poller_batch *batch);

#endif
