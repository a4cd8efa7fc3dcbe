/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts of what iscsid does by itself, and what they share.
 *
 *	hotplug.c	when there is a pass, and what its result leads to
 *	hotplug_pass.c	the pass: all that is read and written, by a worker thread; never two at
 *once hotplug_ports.c	ports from one picture to the next: what changed, what is lost, what returns
 *	hotplug_flap.c	ports that are lost too often
 *	hotplug_login.c	automatic logins, side by side, with back-off
 *	hotplug_hold.c	records an administrator logged out of
 *	hotplug_event.c	what the log and monitors are told
 *
 * With iface.nics = none and no iface that binds itself there is one pass at the start and none
 *after.
 */
#ifndef OPENHBA_DAEMON_HOTPLUG_SET_H
#define OPENHBA_DAEMON_HOTPLUG_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/session.h"
#include "iface/policy.h"
#include "iface/port.h"
#include "lib/records.h"

struct daemon;
struct ipc_call;
struct loop_fd;
struct loop_timer;
struct reach;
struct watch;
struct watch_change;

#define HOTPLUG_LOGINS_MAX 64 /* automatic logins under way */
#define HOTPLUG_KEY_MAX 160
#define HOTPLUG_CAUSE_MAX 256
#define HOTPLUG_HOLDS_MAX 100000 /* records held back */
#define HOTPLUG_FLAPS_MAX 64	 /* losses of a port that are remembered */

/* ---- hotplug_flap.c ---- */

/* How often a port was lost. All zero: never. */
struct flap {
	uint64_t losses[HOTPLUG_FLAPS_MAX]; /* when; a ring, at: the next place */
	unsigned int count, at;
	unsigned int level;   /* how often it was held back, closely one after the other */
	bool is_held;	      /* not used until it has been steady */
	uint64_t steady_ms;   /* while it is held and ready: when it will be released; else 0 */
	uint64_t released_ms; /* last; 0: never */
};

/* It was lost now. True: held back from now on, which it was not before. */
bool flap_lost(struct flap *flap, const struct policy *policy, uint64_t now_ms);

/* It is ready again. True: it may be used at once; false: not before flap->steady_ms. */
bool flap_returned(struct flap *flap, const struct policy *policy, uint64_t now_ms);

/* True, once: it has been steady for long enough. */
bool flap_release(struct flap *flap, uint64_t now_ms);

/* Losses within flap_window. */
unsigned int flap_losses(const struct flap *flap, const struct policy *policy, uint64_t now_ms);
uint64_t flap_hold_sec(const struct flap *flap, const struct policy *policy);

/* ---- what is shared ---- */

/* Why there is a pass. */
enum hotplug_reason {
	REASON_START = 1 << 0,
	REASON_POLICY = 1 << 1, /* iscsid.conf was read again */
	REASON_PORTS = 1 << 2,
	REASON_ROUTES = 1 << 3,
	REASON_IFACES = 1 << 4, /* the folder of ifaces */
	REASON_STORE = 1 << 5,
	REASON_AGAIN = 1 << 6, /* the last one could not write */
};

/* A port as it goes on from one picture to the next, and while it is gone. Owned by the set. */
struct hotplug_port {
	TAILQ_ENTRY(hotplug_port) entry;
	char key[HOTPLUG_KEY_MAX];	/* what it is known by; not its name, which may change */
	char text[HOTPLUG_CAUSE_MAX];	/* port_describe(), last */
	char iface[NODE_IFACE_MAX + 1]; /* the record that stands for it; "": none */
	bool is_managed;
	bool is_present, is_ready, is_lost;
	bool is_new, is_changed; /* for the next pass */
	struct flap flap;
	const char *change; /* the name of the last event; NULL: none yet */
	char cause[HOTPLUG_CAUSE_MAX];
	uint64_t since_ms;
};

TAILQ_HEAD(hotplug_port_list, hotplug_port);

/* A record that is to be logged in to. Sorted by name. Owned by the set. */
struct hotplug_record {
	char *name; /* its key without a tag: hotplug_name() */
	int tpgt;
	unsigned int nr_sessions;
	bool is_leading;
	bool is_listed;		/* the pass just taken has it */
	unsigned int under_way; /* logins of it */
	unsigned int failures;	/* in a row */
	uint64_t next_ms;	/* not before; 0: at once */
	char *cause;		/* why it is logged in to; may be NULL */
};

/* An iface that the last pass saw. */
struct hotplug_iface {
	char name[NODE_IFACE_MAX + 1];
	uint64_t hash; /* of the record */
	bool is_managed;
	char port[HOTPLUG_KEY_MAX]; /* key of its port; "": absent */
};

struct hotplug_login; /* a login under way: hotplug_login.c */
struct hotplug_batch;
struct hotplug_monitor;
struct hotplug_pass;
TAILQ_HEAD(hotplug_login_list, hotplug_login);
TAILQ_HEAD(hotplug_monitor_list, hotplug_monitor);

/* Owned by the daemon. */
struct hotplug {
	struct daemon *daemon;
	const char *dir;
	char iface_dir[256], hold_path[288];
	struct watch *watch; /* NULL: none */
	bool is_stopping;

	/* the pass */
	unsigned int reasons; /* for the next one: enum hotplug_reason */
	struct hotplug_pass *pass;
	struct loop_timer *pass_timer, *again_timer;
	uint64_t pass_ms;     /* what the last one took */
	struct reach *reach;  /* the pass's own while there is one */
	struct policy policy; /* read by the pass, replaced by its end only */
	bool has_policy, has_managed;
	struct hotplug_iface *ifaces; /* sorted by name */
	size_t iface_count;
	int inotify_fd, store_wd, iface_wd;
	struct loop_fd *inotify_watch;

	/* ports */
	struct ports ports; /* the last picture */
	struct hotplug_port_list port_list;
	void *port_tree; /* the same by key: tsearch(3) */
	struct loop_timer *flap_timer;

	/* logins */
	struct hotplug_record **records;
	size_t record_count;
	struct hotplug_record **queue; /* to be begun; borrowed from records */
	size_t queue_count, queue_at;
	unsigned int logins; /* under way or being prepared */
	bool is_preparing;
	struct hotplug_batch *batch;
	struct hotplug_login_list login_list;
	struct loop_timer *login_timer;

	/* holds */
	char **holds; /* names, sorted */
	size_t hold_count;
	bool has_holds; /* the file was read */
	bool is_writing_holds, wants_holds;

	struct hotplug_monitor_list monitors;
};

/* ---- hotplug.c ---- */

void hotplug_want(struct hotplug *set, unsigned int reasons);
void hotplug_changed(const struct watch_change *change, void *data); /* a watch_fn */
int hotplug_new(struct daemon *daemon, const char *dir); /* hotplug_open() but for the watch */

/* A key as a name: "target\taddress,port,-1\tiface", the tag left out. */
void hotplug_name(const struct node_key *key, char name[NODE_KEY_TEXT_MAX]);

/* ---- hotplug_pass.c: all but pass_free() blocks and sees nothing of the set ---- */

/* Something the pass did or could not do, told by the loop. */
struct pass_news {
	const char *event;
	int level;
	char iface[NODE_IFACE_MAX + 1], port[HOTPLUG_CAUSE_MAX];
	struct node_key *key; /* owned; NULL: about no record */
	char cause[HOTPLUG_CAUSE_MAX + 64], text[1024];
};

enum pass_flag { PASS_PORT_NEW = 1 << 0, PASS_PORT_CHANGED = 1 << 1, PASS_PORT_HELD = 1 << 2 };

struct hotplug_pass {
	struct hotplug *set; /* for the loop's thread only */
	uint64_t began_ms;

	/* what it is given; all its own but dir, config_path, reach and policy */
	const char *dir, *iface_dir, *config_path, *hold_path;
	unsigned int reasons;
	struct reach **reach;
	const struct policy *policy; /* NULL: to be read */
	struct ports ports;
	unsigned char *flags; /* of ports: enum pass_flag */
	char (*keys)[HOTPLUG_KEY_MAX];
	struct hotplug_iface *known; /* ifaces of the last pass */
	size_t known_count;
	char **holds; /* to be looked for in the store */
	size_t hold_count;
	bool reads_holds; /* from their file */
	int inotify_fd;

	/* what it found */
	struct policy new_policy;
	bool has_new_policy;
	struct hotplug_iface *ifaces;
	size_t iface_count;
	struct hotplug_record **records;
	size_t record_count;
	bool *holds_seen; /* of holds; NULL: the store was not read */
	int store_wd, iface_wd;
	struct pass_news *news;
	size_t news_count;
	bool has_unwritten; /* an iface record */
	int error;	    /* what has to be done again */
};

void pass_run(void *data);
void pass_free(struct hotplug_pass *pass); /* NULL is fine */
void hotplug_record_free(struct hotplug_record *record);

/* ---- hotplug_ports.c ---- */

int ports_copy(const struct ports *from, struct ports *ret_ports); /* -ENOMEM */
void hotplug_port_key(const struct port *port, char key[HOTPLUG_KEY_MAX]);
struct hotplug_port *hotplug_port_find(const struct hotplug *set, const char *key);

/* A new picture: everything but a pass. True: something has changed that a pass should know. */
bool hotplug_ports_take(struct hotplug *set, const struct watch_change *change);

/* Which ifaces stand for which ports is known anew. */
void hotplug_ports_name(struct hotplug *set);
void hotplug_ports_done(struct hotplug *set);
void hotplug_flap_timer(void *data);

/* ---- hotplug_login.c ---- */

/* The records a pass has found, which are taken; those whose port has changed are tried at once. */
void hotplug_login_take(struct hotplug *set, struct hotplug_pass *pass);
void hotplug_login_plan(void *data); /* which ones lack a session now, and begins them */
void hotplug_login_lost(struct hotplug *set, const char *iface, const char *cause); /* its port */
void hotplug_login_done(struct hotplug *set);

/* ---- hotplug_hold.c ---- */

bool hotplug_is_held(const struct hotplug *set, const char *name);
void hotplug_hold_take(struct hotplug *set, const struct hotplug_pass *pass);
void hotplug_hold_read(const char *path, char ***ret_names, size_t *ret_count); /* blocks */
void hotplug_hold_done(struct hotplug *set);

/* ---- hotplug_event.c ---- */

#define EVENT_UNLOGGED (-1) /* for monitors only */

/* What is told beside the text; all but the event may be left out. */
struct hotplug_event {
	const char *event;
	int level; /* enum log_level, or EVENT_UNLOGGED */
	const char *cause, *iface, *port;
	const struct node_key *key;
	int sid; /* 0: none */
};

void hotplug_tell(struct hotplug *set, const struct hotplug_event *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void hotplug_event_done(struct hotplug *set);

#endif
