/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The login of one connection as a pure state machine: PDUs in, PDUs out, no I/O, no clock, no
 * disk. The same machine is driven by a socket or by the kernel's SEND_PDU/RECV_PDU.
 *
 *	login_new -> SEND: login_pdu() gives the PDU to send, then login_receive() with each answer
 *	until DONE, REDIRECT or FAILED. The caller owns timeouts and retries.
 */
#ifndef OPENHBA_LIB_LOGIN_H
#define OPENHBA_LIB_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/chap.h"
#include "lib/err.h"
#include "lib/negotiate.h"
#include "lib/pdu.h"

#define LOGIN_EXCHANGE_MAX 128 /* requests in one login; no honest target needs as many */
#define LOGIN_EMPTY_MAX	   16  /* answers in a row that say nothing and end no stage */

/* What to log in with. Strings and secrets are borrowed until login_free(). */
struct login_request {
	const char *initiator_name;
	const char *initiator_alias; /* NULL or "": not sent */
	const char *target_name;     /* NULL: a discovery session */
	uint8_t isid[6];
	uint16_t tsih; /* 0: a new session */
	uint16_t cid;
	uint32_t cmdsn; /* of the session's first command */
	uint32_t itt;
	int tpgt;	      /* -1: any; else the target must say the same */
	bool use_security_stage; /* also without a secret: AuthMethod=None. Default: skip the stage */
	struct login_auth auth;
	struct login_offer offer; /* copied; clamped */
	size_t text_limit; /* bytes of text in one request, the C bit beyond; 0: 8192 as the RFC */
};

/* Zeroes, and sets offers and itt to the defaults. */
void login_request_init(struct login_request *request);

enum login_result {
	LOGIN_SEND,	/* login_pdu() is to be sent, then an answer is expected */
	LOGIN_DONE,	/* full feature phase: login_outcome() */
	LOGIN_REDIRECT, /* try login_outcome()->redirect_* */
	LOGIN_FAILED,	/* login_failure() */
};

/* Why a login failed, beside the target's own status. */
enum login_reason {
	LOGIN_REASON_NONE,
	LOGIN_REASON_STATUS,	     /* the target said so: outcome.status */
	LOGIN_REASON_AUTHENTICATION, /* our check of the target, or no method in common */
	LOGIN_REASON_NEGOTIATION,    /* outcome.negotiation */
	LOGIN_REASON_TEXT,	     /* text that is not key=value pairs */
	LOGIN_REASON_OPCODE,	     /* not a Login Response */
	LOGIN_REASON_REJECTED,	     /* a Reject PDU */
	LOGIN_REASON_VERSION,
	LOGIN_REASON_TAG,   /* another initiator task tag */
	LOGIN_REASON_ISID,  /* another ISID */
	LOGIN_REASON_TSIH,  /* no session handle, or another one */
	LOGIN_REASON_STATSN,
	LOGIN_REASON_STAGE, /* stages that do not follow the request */
	LOGIN_REASON_CONTINUE, /* misuse of the C bit */
	LOGIN_REASON_TOO_LONG, /* more text than KEYS_TEXT_MAX */
	LOGIN_REASON_NO_PROGRESS, /* LOGIN_EXCHANGE_MAX or LOGIN_EMPTY_MAX reached */
	LOGIN_REASON_ADDRESS,	  /* a redirect without a usable address */
	LOGIN_REASON_PORTAL_GROUP,
	LOGIN_REASON_MEMORY,
};

struct login_outcome {
	uint16_t status; /* class << 8 | detail of the last response, enum iscsi_login_detail */
	enum login_reason reason;
	enum negotiation_error negotiation; /* with LOGIN_REASON_NEGOTIATION */
	enum auth_error auth;		    /* with LOGIN_REASON_AUTHENTICATION */
	char key[64];			    /* the key a negotiation failed at, or "" */

	/* Counters of the last response: the next PDU's ExpStatSN is statsn + 1. */
	uint32_t statsn, exp_cmdsn, max_cmdsn;
	uint16_t tsih;
	bool is_authenticated;	/* CHAP was done */
	int auth_algorithm;	/* enum chap_algorithm, 0: none */
	struct negotiated negotiated;

	/* LOGIN_REDIRECT: "address[:port][,tpgt]" as the target wrote it (checked by portal_parse). */
	char redirect[512];
	bool redirect_is_permanent;
};

struct login;

/* NULL with errno: EINVAL (no initiator name, names too long), ENOMEM. */
struct login *login_new(const struct login_request *request);
void login_free(struct login *login); /* NULL is fine */

/* Writes the PDU that is due to out (initialised by the caller, its data replaced). Right after
 * login_new() and after each LOGIN_SEND, once each. -EINVAL: nothing is due; -ENOMEM. */
int login_pdu(struct login *login, struct pdu *out);

/* Takes what the target sent. Terminal results stick. */
enum login_result login_receive(struct login *login, const struct pdu *in);

const struct login_outcome *login_outcome(const struct login *login);

/* After LOGIN_FAILED: LOGIN_AUTH_FAILED (24), FATAL_LOGIN (19: trying again is no use) or LOGIN
 * (5: a later attempt may work). SUCCESS otherwise. */
enum iscsi_err login_failure(const struct login *login);

/* One sentence that says what happened, e.g. for the log. Lives with the login. */
const char *login_failure_text(struct login *login);

const char *login_status_text(uint16_t status); /* of enum iscsi_login_detail; static */

#endif
