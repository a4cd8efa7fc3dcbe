/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One conversation with an iSNS server as one object: connect, ask, answer, close. It never blocks and never retries; the owner polls
 * the descriptor and the deadline as with lib/discover. Used by iscsiadm (query) and iscsid (query, registration).
 *
 *	for (;;)  poll isns_call_fd() for isns_call_want() until isns_call_deadline_ms()
 *		  isns_call_ready() or isns_call_expired() -> isns_call_state()
 */
#ifndef OPENHBA_LIB_ISNS_CALL_H
#define OPENHBA_LIB_ISNS_CALL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/err.h"
#include "lib/sendtargets.h"

#define ISNS_TARGETS_MAX 10000		      /* an answer with more of them is refused */
#define ISNS_PORTALS_MAX 65536		      /* of all targets of an answer */
#define ISNS_ANSWER_MAX (16u * 1024 * 1024)   /* bytes of one answer */
#define ISNS_TIMEOUT_MS 10000
#define ISNS_PERIOD_SEC 600 /* the registration period asked for; the server may choose another one */

enum isns_call_kind {
	/* All targets the server lets us see, each with its portals. A server that answers only nodes it knows is told about us first,
	 * and made to forget us afterwards. */
	ISNS_CALL_QUERY,
	ISNS_CALL_REGISTER,   /* entity, portal and initiator, in place of what the server had of us; then state change notices */
	ISNS_CALL_REFRESH,    /* the registration stays valid for another period */
	ISNS_CALL_DEREGISTER,
};

/* Strings are borrowed until isns_call_free(). The entity is called like the initiator: that name is unique, a host's is not. */
struct isns_call_settings {
	enum isns_call_kind kind;
	struct sockaddr_storage peer;
	socklen_t peer_length;
	const char *initiator_name;
	const char *initiator_alias; /* NULL or "": none */
	uint16_t scn_port;	     /* where state change notices are listened for; 0: nowhere */
	unsigned int timeout_ms;     /* for the connect and for each answer */
};

enum isns_call_state { ISNS_CALL_RUNNING, ISNS_CALL_DONE, ISNS_CALL_FAILED };

struct isns_call;

/* NULL: ENOMEM. What fails at once (no libisns, no route) shows as ISNS_CALL_FAILED. */
struct isns_call *isns_call_new(const struct isns_call_settings *settings);
void isns_call_free(struct isns_call *call); /* NULL is fine; closes what is open */

enum isns_call_state isns_call_state(const struct isns_call *call);
int isns_call_fd(const struct isns_call *call); /* the same until isns_call_free(); -1: nothing to poll */
short isns_call_want(const struct isns_call *call);
uint64_t isns_call_deadline_ms(const struct isns_call *call); /* CLOCK_MONOTONIC */

void isns_call_ready(struct isns_call *call, short revents);
void isns_call_expired(struct isns_call *call); /* the deadline has passed */

/*
 * ISNS_UNAVAILABLE: no libisns; ISNS_QUERY: no connection, or no usable answer to a query; ISNS_REG_FAILED: the same for a
 * registration; TRANS_TIMEOUT: no connection or answer in time; NOMEM.
 */
enum iscsi_err isns_call_error(const struct isns_call *call);
const char *isns_call_error_text(const struct isns_call *call); /* lives with the object */

/*
 * After a query: targets with their portals, sorted by name, each once; the caller calls sendtargets_list_done(). What had no valid
 * name or address is counted in refused.
 */
void isns_call_take(struct isns_call *call, struct sendtargets_list *ret_list);

/* After a registration: seconds it is valid. */
unsigned int isns_call_period_sec(const struct isns_call *call);

#endif
