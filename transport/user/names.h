/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of transport/abi/params.def and events.def as constant tables: what a number is called, and what a parameter is like.
 * Numbers without a row are answered with "?" or NULL. All strings are static.
 */
#ifndef OPENHBA_TRANSPORT_USER_NAMES_H
#define OPENHBA_TRANSPORT_USER_NAMES_H

#include "transport/abi/iscsi_if.h"
#include "transport/abi/params.h"

enum param_object {
	PARAM_HIDDEN,
	PARAM_SESSION,
	PARAM_CONN,
};

enum param_type {
	PARAM_NUM,
	PARAM_BOOL,
	PARAM_TEXT,
};

enum param_flag {
	PARAM_NEEDED = 1,
	PARAM_ROOT = 2,
	PARAM_CLASS = 4,
};

struct param_row {
	const char *id;		/* "HDRDGST_EN" */
	const char *attribute;	/* "header_digest"; "" if sysfs does not have it */
	const char *sentence;
	enum param_object object;
	enum param_type type;
	unsigned int flags;	/* enum param_flag */
};

enum request_answer {
	ANSWER_UNICAST,
	ANSWER_RETCODE,
	ANSWER_MULTICAST,
};

struct request_row {
	const char *id;		/* "BIND_CONN" */
	const char *sentence;
	enum request_answer answer;
};

const struct param_row *param_row(uint32_t param);		/* NULL if there is none */
const struct request_row *request_row(uint32_t request);	/* NULL if there is none */
const char *request_name(uint32_t request);			/* "BIND_CONN" */
const char *event_name(uint32_t event);				/* "RECV_PDU" */
const char *conn_error_name(uint32_t error);			/* "NOP_TIMEDOUT" */
const char *conn_error_text(uint32_t error);			/* "no answer to a ping" */

#endif
