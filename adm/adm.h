/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The context of one run of iscsiadm and what the modes share: folders, iscsid.conf, the connection to the daemon, the
 * sessions present, and how errors below become exit statuses.
 */
#ifndef OPENHBA_ADM_ADM_H
#define OPENHBA_ADM_ADM_H

#include <limits.h>
#include <stdbool.h>

#include "adm/args.h"
#include "lib/records.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/ipc.h"
#include "transport/user/netlink.h"
#include "transport/user/sysfs.h"

#define ADM_CONFDIR_ENV "ISCSI_CONFDIR"	/* overrides CONFDIR: iscsid.conf, ifaces/ and the database are below it */

#define ADM_SYSFS_ENV "ISCSI_SYSFS"	/* overrides /sys, for tests */

struct adm {
	const struct args *args;	/* borrowed */
	char dir[PATH_MAX - 64];	/* database and iscsid.conf */
	char iface_dir[PATH_MAX];
	struct conf *conf;		/* NULL until adm_conf() */
	struct ipc_client *daemon;	/* NULL until adm_daemon() */
	bool daemon_tried;
	const char *sysfs;		/* root of sysfs */
	struct sysfs_session *sessions;	/* by sid; NULL until adm_read_sessions() */
	bool *session_marked;		/* which of them the command is about */
	size_t session_count;
	enum sysfs_level session_level;
	bool sessions_read;
	struct json_object *far;	/* sessions as the daemon sees them, where our sysfs has none (far.h) */
	struct json_object *states;	/* what the daemon says of its sessions; NULL: not asked, or not there */
	bool states_asked;
	bool counters_refused;		/* the daemon went away while it was asked for counters: it is not asked again */
	struct disk_paths *disk_paths;	/* NULL: not read */
	/* netlink_open(), or a test's end of a made-up kernel */
	int (*open_netlink)(netlink_event_fn *event, netlink_overflow_fn *overflow, void *data, struct netlink **ret);
};

void adm_init(struct adm *adm, const struct args *args);
void adm_done(struct adm *adm);

/* iscsid.conf: the one the daemon uses if it tells, else the one in our folder. Never NULL; unusable lines are complained of once. */
const struct conf *adm_conf(struct adm *adm);

/*
 * Connects to the daemon. start: if it is not there, runs the command of iscsid.startup once and waits up to 5 s. quiet: no
 * message. ISCSID_NOTCONN (20). Never waits for a daemon that nothing starts.
 */
enum iscsi_err adm_daemon(struct adm *adm, bool start, bool quiet);

/* Where the daemon listens. */
const char *adm_socket_path(void);

/* Keeps the status line (progress.h) moving while the connected daemon is waited for, if there is one. */
void adm_daemon_ticks(struct adm *adm);

#define DAEMON_QUERY_MS 10000	/* silence allowed for a question the daemon answers from memory */
#define DAEMON_CONF_MS 1000	/* the same where an answer is welcome but not needed: at boot its socket may listen long before it */

struct daemon_info {
	char *initiator_name, *initiator_alias, *config_file, *network_namespace;	/* NULL: not told */
};

/* Asks the connected daemon. */
enum iscsi_err daemon_info(struct adm *adm, int timeout_ms, struct daemon_info *ret_info);
void daemon_info_done(struct daemon_info *info);

/* What the daemon says of its sessions, an array of Session; NULL if it is not there. The caller puts it. */
struct json_object *daemon_sessions(struct adm *adm);

/*
 * The counters of a session, the answer of Statistics; NULL where the daemon is not there, does not know or takes too long. Prints
 * nothing. The caller puts it.
 */
struct json_object *daemon_counters(struct adm *adm, uint32_t sid);

/* Ends the daemon; sessions stay. Refusals are printed. */
enum iscsi_err daemon_stop(struct adm *adm);

/* Reads the sessions present, once per command: later calls keep what is there. Failures are printed. */
enum iscsi_err adm_read_sessions(struct adm *adm, enum sysfs_level level);

/* The iface of a session; "default" where the kernel does not tell and it is not read closely enough to find a card's. Lives with it. */
const char *adm_session_iface(struct adm *adm, struct sysfs_session *session);

/* The key its record has: target, portal it was configured with, iface. */
void adm_session_key(struct adm *adm, struct sysfs_session *session, struct node_key *ret_key);

/* Does the session belong to this record? The tpgt is not compared. */
bool adm_session_is(struct adm *adm, struct sysfs_session *session, const struct node_key *key);

/* How many sessions run that were made from this record. Sessions that cannot be read (printed) count as none. */
size_t adm_session_count(struct adm *adm, const struct node_key *key);
bool adm_in_use(struct adm *adm, const struct node_key *key);

/* How many sessions the firmware of the iface's adapter has with this target and portal: it refuses another one. */
size_t adm_firmware_count(struct adm *adm, const struct node_key *key);

/* Opens the store; a refusal is printed. */
enum iscsi_err adm_store_begin(struct adm *adm, enum store_mode mode, struct store **ret_store);
/* Imports the records of an open-iscsi that was here before, if there is no store yet; the system's log is told. */
void adm_first_import(struct adm *adm);
/* Ends a transaction: commits if err is SUCCESS, else drops. Gives err, or why committing failed (printed). */
enum iscsi_err adm_store_end(struct store *store, enum iscsi_err err);
/* What an error of the store or of a record in it means; prints it. error 0 is SUCCESS. */
enum iscsi_err adm_store_error(int error);

/* The filter -T, -p and -I ask for. INVAL (printed) for a portal that is none. */
enum iscsi_err adm_filter(struct adm *adm, struct node_filter *ret_filter);

/* -p as a portal. INVAL is printed, also when it is missing. */
enum iscsi_err adm_portal(const struct args *args, int default_port, struct portal *ret_portal);

/* Node mode leaves the iface to iface mode, but for its transport. INVAL is printed. */
enum iscsi_err adm_refuse_iface_pairs(const struct args *args);

/* The host -H names by number or MAC address; 0 if it is not given. INVAL (printed): no host has this address. ret_host may be NULL. */
enum iscsi_err adm_host(struct adm *adm, uint32_t *ret_host);

/*
 * Are the -n/-v pairs good for records of this kind? Refusals are printed: unknown or fixed name, bad value. allow_iface: iface.*
 * may be set in a node record.
 */
enum iscsi_err adm_check_pairs(const struct args *args, enum record_kind kind, bool allow_iface);
/* Sets the checked pairs in a record. -ENOMEM. */
int adm_apply_pairs(const struct args *args, struct record *record);

/* A new node record: built-in values, then iscsid.conf, then the identity and the iface's settings. */
int adm_node_init(struct adm *adm, struct record *ret_node, const char *target, const struct portal *portal,
		  const struct record *iface);

/*
 * Where the values of a stored node or discovery record come from: those iscsid.conf gives alike are marked as its own. Without
 * memory they stay the record's.
 */
void adm_find_origins(struct adm *adm, struct record *record);

/* `-o show` of a record as text, with what -S and --origins ask for. */
void adm_print_record(struct adm *adm, struct record *record);

/* The first error stays. */
static inline void adm_keep_first(enum iscsi_err *first, enum iscsi_err err)
{
	if (*first == ISCSI_ERR_SUCCESS)
		*first = err;
}

/* The modes. Each gives the exit status. */
enum iscsi_err discovery_mode(struct adm *adm);
enum iscsi_err discoverydb_mode(struct adm *adm);
enum iscsi_err node_mode(struct adm *adm);
enum iscsi_err session_mode(struct adm *adm);
enum iscsi_err iface_mode(struct adm *adm);
enum iscsi_err host_mode(struct adm *adm);
enum iscsi_err fw_mode(struct adm *adm);
enum iscsi_err store_mode(struct adm *adm);	/* -m store */
enum iscsi_err topology_mode(struct adm *adm);

#endif
