/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel shows of hosts, sessions, connections and disks under /sys. Reads only, keeps nothing, follows no tree beyond the
 * directories it names; every function takes the root ("/sys", or a test's tree).
 *
 * The text in sysfs is a driver's: it is cut at the field's size, loses its newline and unprintable bytes, and "(null)" or a missing
 * file become "" (numbers: SYSFS_NONE).
 */
#ifndef OPENHBA_TRANSPORT_USER_SYSFS_H
#define OPENHBA_TRANSPORT_USER_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYSFS_ROOT "/sys"
#define SYSFS_NONE INT64_MIN

/* How much to read: each level holds the former. */
enum sysfs_level {
	SYSFS_LINE,	/* a line of `-m session`: 6 files */
	SYSFS_STATE,	/* -P 1, and what adoption decides on */
	SYSFS_FULL,	/* -P 2: timeouts, CHAP (root only), negotiated parameters */
};

struct sysfs_session {
	uint32_t sid;
	uint32_t host_no;
	/* SYSFS_LINE */
	char transport[16];		/* "tcp"; the driver's own name if it is unknown here */
	char target_name[256];
	int64_t tpgt;
	char persistent_address[256];	/* the record's portal; may be a name; IPv6 without brackets;
					 * where the kernel does not say, the connected peer, and the reverse */
	int64_t persistent_port;
	int64_t creator;		/* process that made the session; -1: the driver's firmware ("flash") */
	/* SYSFS_STATE */
	uint32_t cid;			/* the connection that is described, the lowest number there is */
	bool has_conn;
	char state[32];			/* LOGGED_IN, FAILED, FREE */
	char target_state[32];		/* UNBOUND, ALLOCATED, SCANNED, UNBINDING; "" on kernels before 5.15 */
	int64_t target_id;
	char conn_state[32];		/* up, down, failed, bound; "" on old kernels */
	char address[64];		/* the connected peer; IPv6 in full form, as the kernel has it */
	int64_t port;
	char local_address[64];
	int64_t local_port;
	char initiator_name[256];	/* the port's, where the session has none of its own */
	char iface_name[128];		/* "" of what a card's firmware has made */
	char netdev[32];		/* these three are the host's */
	char hwaddress[32];
	char ipaddress[64];
	int64_t recovery_tmo;		/* seconds; -1: never ("off") */
	/* SYSFS_FULL */
	int64_t abort_tmo;
	int64_t lu_reset_tmo;
	int64_t tgt_reset_tmo;
	int64_t ping_tmo;
	int64_t recv_tmo;
	int64_t header_digest;
	int64_t data_digest;
	int64_t max_recv_dlength;
	int64_t max_xmit_dlength;
	int64_t first_burst_len;
	int64_t max_burst_len;
	int64_t immediate_data;
	int64_t initial_r2t;
	int64_t max_outstanding_r2t;
	int64_t erl;
	int64_t fast_abort;
	int64_t data_pdu_in_order;
	int64_t data_seq_in_order;
	int64_t exp_statsn;
	char target_alias[256];
	char isid[32];
	char username[256];
	char password[256];		/* these two: secret, wipe with sysfs_session_wipe() */
	char username_in[256];
	char password_in[256];
};

struct sysfs_host {
	uint32_t host_no;
	char transport[16];
	char state[32];			/* of the SCSI host: running, ... */
	char initiator_name[256];
	char ipaddress[64];
	char hwaddress[32];
	char netdev[32];
	char port_state[32];
	char port_speed[32];
};

struct sysfs_device {
	uint32_t host_no;
	uint32_t channel;
	uint32_t target;
	uint64_t lun;
	int64_t type;			/* SCSI peripheral device type; 0 is a disk */
	char state[32];			/* running, offline, transport-offline, blocked, ... */
	char block[32];			/* "sda", "st0"; "" without a block device or tape */
};

/* Session numbers in rising order; *ret is malloc()ed, NULL if there are none. 0 also if the class does not exist. */
int sysfs_session_ids(const char *root, uint32_t **ret, size_t *ret_count);

/* -ENOENT: no such session (also when it vanishes while it is read). */
int sysfs_session_read(const char *root, uint32_t sid, enum sysfs_level level, struct sysfs_session *ret);

/* All sessions, by rising number; those that vanish while being read are left out. Free with free() after sysfs_session_wipe(). */
int sysfs_sessions(const char *root, enum sysfs_level level, struct sysfs_session **ret, size_t *ret_count);
/*
 * What has been read of a session as names ("session.state", "connection.address") and texts, for who cannot read the files; secrets
 * among them, numbers that are SYSFS_NONE and empty texts not. sysfs_session_put() takes one of them in again: -EINVAL for a name that
 * is none or a text that is no number. sysfs_session_blank() is a session of which nothing is known yet.
 */
typedef void sysfs_attribute_fn(const char *name, const char *text, void *data);
void sysfs_session_each(const struct sysfs_session *session, sysfs_attribute_fn *fn, void *data);
void sysfs_session_blank(struct sysfs_session *ret);
int sysfs_session_put(struct sysfs_session *session, const char *name, const char *text);

void sysfs_session_wipe(struct sysfs_session *sessions, size_t count);

/* "3", "session3" or a path that ends in sessionN, such as /sys/class/iscsi_session/session3. -EINVAL for anything else. */
int sysfs_session_parse(const char *text, uint32_t *ret_sid);

/* The SCSI devices of a session, by channel, target and LUN. *ret is malloc()ed, NULL if there are none. */
int sysfs_session_devices(const char *root, uint32_t sid, struct sysfs_device **ret, size_t *ret_count);

/* A connection's counters' handle is its cid: the connections of a session, rising; at most max are written. Number found, or -errno. */
int sysfs_session_conns(const char *root, uint32_t sid, uint32_t *cids, size_t max);

/* iSCSI hosts, by rising number; *ret is malloc()ed, NULL if there are none. -ENOENT of one host: it is not an iSCSI host. */
int sysfs_hosts(const char *root, struct sysfs_host **ret, size_t *ret_count);
int sysfs_host_read(const char *root, uint32_t host_no, struct sysfs_host *ret);

/* The state of a connection or session alone ("up", "LOGGED_IN"), for polling. */
int sysfs_session_state(const char *root, uint32_t sid, char *state, size_t room);

/*
 * One attribute, for whoever needs something special: path is relative to root, e.g. "class/iscsi_transport/tcp/caps".
 * The text loses trailing white space; "(null)" becomes "". Bytes written without the NUL, or a negative errno.
 */
int sysfs_read(const char *root, const char *path, char *text, size_t room);
int sysfs_write(const char *root, const char *path, const char *text);

#endif
