/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SendTargets (RFC 7143 appendix C): the text request a logged-in discovery session sends, and the
 * list of targets and portals that comes back, over as many text responses as the target likes.
 * A pure machine like lib/login: PDUs in, PDUs out.
 */
#ifndef OPENHBA_LIB_SENDTARGETS_H
#define OPENHBA_LIB_SENDTARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/pdu.h"
#include "lib/portal.h"

#define SENDTARGETS_BYTES_MAX	(16u * 1024 * 1024) /* of all responses together */
#define SENDTARGETS_ENTRIES_MAX (256u * 1024)
#define SENDTARGETS_RESPONSES_MAX 65536
#define SENDTARGETS_EMPTY_MAX	16 /* empty responses in a row */

/* One target at one portal. */
struct sendtargets_entry {
	const char *target_name; /* into the list's memory; the same pointer for the same target */
	struct portal portal;	 /* tpgt is PORTAL_TPGT_NONE where the target gave no address */
};

struct sendtargets_name;
struct sendtargets_list {
	struct sendtargets_entry *entries; /* in the order the target gave them */
	size_t count, size;
	size_t refused; /* names and addresses that were not acceptable, left out */
	struct sendtargets_name *names; /* owned */
};

/* By target, address, port and tag, as strcmp(). */
int sendtargets_entry_compare(const struct sendtargets_entry *a, const struct sendtargets_entry *b);

void sendtargets_list_done(struct sendtargets_list *list);

/* Appends an entry that came another way (iSNS); name is copied, unless the last entry has the same one. name_is_valid() and
 * duplicates are the caller's business. -ENOMEM, -E2BIG. */
int sendtargets_list_add(struct sendtargets_list *list, const char *name, const struct portal *portal);
int sendtargets_list_distinct(struct sendtargets_list *list); /* keeps each entry where it came first. -ENOMEM */
int sendtargets_list_copy(const struct sendtargets_list *from, struct sendtargets_list *ret_list); /* -ENOMEM */

enum sendtargets_result {
	SENDTARGETS_SEND, /* sendtargets_pdu() is to be sent */
	SENDTARGETS_WAIT, /* nothing to send, the answer is still to come */
	SENDTARGETS_DONE,
	SENDTARGETS_FAILED,
};

struct sendtargets_settings {
	struct portal portal;	/* the portal connected to: address of targets that give none */
	const char *what;	/* NULL: "All"; or a target name; "": the session's own target */
	uint32_t cmdsn;		/* the session's next CmdSN */
	uint32_t exp_statsn;	/* last StatSN + 1 */
	uint32_t itt;
};

struct sendtargets;

struct sendtargets *sendtargets_new(const struct sendtargets_settings *settings); /* NULL: ENOMEM */
void sendtargets_free(struct sendtargets *sendtargets);				  /* NULL is fine */

/* The PDU that is due, right after _new() and after each SENDTARGETS_SEND. */
int sendtargets_pdu(struct sendtargets *sendtargets, struct pdu *out);

/* Takes a PDU. A NOP-In that asks for an answer gives SENDTARGETS_SEND (its NOP-Out), another one
 * SENDTARGETS_WAIT; anything else than a Text Response fails. */
enum sendtargets_result sendtargets_receive(struct sendtargets *sendtargets, const struct pdu *in);

const char *sendtargets_failure_text(const struct sendtargets *sendtargets); /* static */

/* After DONE: moves the list out; the caller calls sendtargets_list_done(). */
void sendtargets_take(struct sendtargets *sendtargets, struct sendtargets_list *ret_list);

/* The parser alone: TargetName and TargetAddress pairs; other keys are passed over. Names that
 * name_is_valid() refuses are left out with their addresses. The list is whole also after an error.
 * -EPROTO: not key=value text, or an address before any name; -ENOMEM; -E2BIG: too many. */
int sendtargets_parse(const void *text, size_t length, const struct portal *portal,
		      struct sendtargets_list *ret_list);

#endif
