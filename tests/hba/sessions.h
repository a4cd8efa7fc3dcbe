/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The firmware's table of device database entries (DDBs): one remote target (or discovery address) each, with a state, and with an
 * initiator while it is logged in. Decides what each mailbox command may do in which state and tells each result by AEN 8014. Called
 * by the mailbox handlers and by the rings; never touches guest memory, never waits.
 *
 *	entry in flash -> 1 no connection		REQUEST -> 1		CLEAR -> 0 unassigned
 *	CONN_OPEN: 1 or 6 -> 7 login -> 4 active (2 discovery) or 6 failed	LOGOUT: 4, 2, 7 -> 5 -> 1	connection lost: 4, 2 -> 6
 */
#ifndef OPENHBA_TESTS_HBA_SESSIONS_H
#define OPENHBA_TESTS_HBA_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "transport/abi/isp4xxx.h"

struct faults;
struct initiator;
struct loop;
struct sessions;

/* Credentials out of the CHAP table. */
struct session_chap {
	char name[257]; /* with its zero */
	unsigned char secret[100];
	size_t secret_length;
};

/* What the sessions stand on; all called on the loop. Borrowed until sessions_free(). */
struct sessions_settings {
	struct loop *loop;
	struct faults *faults; /* NULL: none */
	void *data; /* of the calls below */

	void (*aen)(void *data, const uint32_t words[8]);

	/* Entry of flash segment 05; false: none that is valid (cookie 9034). */
	bool (*flash_ddb)(void *data, unsigned int index, uint8_t ddb[ISP_DDB_SIZE]);

	/* The CHAP entry a DDB names (flag 80), and the first valid one of peer type (flag 40). false: there is none. */
	bool (*local_chap)(void *data, unsigned int index, struct session_chap *ret_chap);
	bool (*peer_chap)(void *data, struct session_chap *ret_chap);

	/* Out of the control block; valid until the next call. */
	const char *(*initiator_name)(void *data);
	const char *(*initiator_alias)(void *data); /* NULL or "": none */

	/* May a connection of this family be made now (address configured, link up)? Else CONN_OPEN is refused. */
	bool (*is_usable)(void *data, int family);

	/*
	 * A non-blocking socket in the port's network, connecting to address from one of the port's addresses (ISP_ADDRESSES: whichever
	 * fits): descriptor or -errno. As network_connect().
	 */
	int (*connect)(void *data, const struct sockaddr_storage *address, socklen_t length, enum isp_address from);

	/* Which of the port's addresses the sixteen bytes are; ISP_ADDRESSES: none. */
	enum isp_address (*own)(void *data, const uint8_t ipv6[16]);
};

struct sessions *sessions_new(const struct sessions_settings *settings); /* copied; NULL: no memory */
void sessions_free(struct sessions *sessions);				 /* NULL is fine */

/* Boot of the firmware: the table is what the flash holds, each entry in state 1. */
void sessions_start(struct sessions *sessions);

/* Reset: every connection is cut, nothing is told, the table is empty. rings_stop() comes before. */
void sessions_stop(struct sessions *sessions);

/* What a mailbox command is answered: 0 or -errno (4005), detail for MB1 where the command has one. */
int sessions_request(struct sessions *sessions, uint32_t index);	/* 62; -EBUSY: in use; -EINVAL: no such index */
int sessions_clear(struct sessions *sessions, uint32_t index);		/* 31; -EBUSY: connected; -EINVAL */
int sessions_open(struct sessions *sessions, uint32_t index);		/* 74; -ENOENT, -EISCONN, -EADDRNOTAVAIL, -EINVAL (not an address) */

/*
 * 56; options is enum isp_logout. The session is logged out whichever bits are set; when it is, FREE_DDB gives the entry back, else RELOGIN
 * opens it again. -ENOTCONN: detail 9.
 */
int sessions_logout(struct sessions *sessions, uint32_t index, uint32_t options);

/*
 * A target that an iSNS server named, with default settings: an entry whose link says so, in state 1. -EEXIST: it is known already;
 * -ENOSPC; -EINVAL: no name or portal of an entry.
 */
struct portal;
int sessions_add_named(struct sessions *sessions, const char *name, const struct portal *portal);

/* 63. -EISCONN: connected or on the way; -EAGAIN: its time2wait (and a second) is not over. An unassigned index becomes state 1. */
int sessions_set(struct sessions *sessions, uint32_t index, const uint8_t ddb[ISP_DDB_SIZE]);

/* What GET_DDB (64) tells. An unassigned index is answered, too: state 0, zeroes, and the next one in use. */
struct session_view {
	uint32_t count; /* entries in use */
	uint32_t next;	/* the next index in use above this one; 0: none */
	enum isp_ddb_state state;
	uint32_t error; /* why it failed: enum session_error */
	uint16_t local_port, cid;
	const uint8_t *ddb; /* 512 bytes, the negotiated values in them; valid until the loop is re-entered */
};
int sessions_get(const struct sessions *sessions, uint32_t index, struct session_view *ret_view); /* -EINVAL: index >= 256 */
void sessions_defaults(bool is_ipv6, uint8_t ret_ddb[ISP_DDB_SIZE]);			  /* 6B */

/* GET_DDB MB5 and AEN 8014 MB4. The chip's own numbers are not known; these are ours. */
enum session_error {
	SESSION_ERROR_NONE = 0,
	SESSION_ERROR_LOGIN = 1,	/* refused, or no agreement */
	SESSION_ERROR_CONNECTION = 2,	/* no TCP connection, or it was lost */
	SESSION_ERROR_AUTHENTICATION = 3,
	SESSION_ERROR_DISCOVERY = 4,	/* SendTargets failed */
	SESSION_ERROR_TIMEOUT = 5,
};

/* The initiator of an entry in state 4 or 2, else NULL. */
struct initiator *sessions_initiator(const struct sessions *sessions, uint32_t index);

/* A connection that is of no more use (a task management request without answer, the control socket): as if it was lost. */
void sessions_drop(struct sessions *sessions, uint32_t index);
void sessions_drop_all(struct sessions *sessions); /* the link went down for long, the address was taken away */

/* Management data (1E), the iSCSI part of 0x410 bytes little-endian: port totals 240..28F, the entry's own counters 290..307. The MAC
 * and IP fields are left as they are. Clear: the entry begins at zero again; totals stay.
 * size: ISP_STATS_SIZE, else nothing is filled in. */
void sessions_statistics(const struct sessions *sessions, uint32_t index, uint8_t *data, size_t size);
void sessions_statistics_clear(struct sessions *sessions, uint32_t index);

#endif
