/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A row of the misbehaving target: where in the life of a connection it goes wrong, how, and what
 * the initiator must make of it. The rows themselves are rows.def; README.md says how to add one.
 */
#ifndef OPENHBA_TESTS_TARGET_ROW_H
#define OPENHBA_TESTS_TARGET_ROW_H

#include <stdint.h>
#include <stdio.h>

struct conn;
struct pdu;

/* Where a row acts. The first four have no answer to spoil, AT_LIST has no PDU yet. */
enum place {
	AT_NEVER,
	AT_ACCEPT, /* nothing was read yet */
	AT_FULL,   /* full feature phase was reached, nothing was read in it yet */
	AT_IDLE,   /* full feature phase, the kernel is there, nothing came for a while */
	AT_LOGIN,
	AT_LIST, /* the whole list of targets, however long */
	AT_TEXT, /* one part of it */
	AT_COMMAND, /* the first PDU that answers any SCSI command */
	AT_INQUIRY,
	AT_REPORT_LUNS,
	AT_CAPACITY,
	AT_READY,
	AT_MODE_SENSE,
	AT_READ,
	AT_WRITE, /* its response */
	AT_R2T,
	AT_TRAP, /* the first answer to a read or write of TRAP_BLOCK, which nobody reads by himself */
	AT_NOP,
	AT_LOGOUT,
	PLACE_COUNT,
};

/* What an act leaves to its caller. Where there is no answer to send, ACT_SEND and ACT_DONE are one. */
enum act {
	ACT_SEND,  /* the answer, changed or not, is to be sent */
	ACT_DONE,  /* nothing more is to be sent now */
	ACT_CLOSE, /* the connection is over */
};

/* pdu is the answer that is due; an empty one where none is. */
typedef enum act act_fn(struct conn *conn, struct pdu *pdu);

/* What the initiator is set up with. */
enum settings { PLAIN, CHAP, MUTUAL, DIGEST, SETTINGS_COUNT };

#define NOT_RUN (-1)

/* What a discovery or a login through the row must end with. */
struct verdict {
	int status;	   /* exit status of iscsiadm, or NOT_RUN */
	const char *words; /* in its sentence, or in the daemon's log; "" for a success without any */
};

struct row {
	const char *name;
	enum place place;
	unsigned int nth; /* which of the answers there, from 1, in each connection; 0: every one */
	unsigned int times; /* connections in full feature phase that it happens in; 0: all */
	act_fn *act;
	uint64_t number;  /* for the act */
	const char *text; /* for the act; '|' stands for NUL, '@' for the row's own port */
	enum settings settings;
	struct verdict discovery, login;
	const char *sentence;
};

extern const struct row rows[];
extern const unsigned int row_count;

const struct row *row_find(const char *name); /* NULL: there is none */
const char *place_name(enum place place);

/* One line per row, columns separated by tabs; "-" for what is not run or empty: name, port,
 * settings, place, status and words of a discovery, status and words of a login, sentence. */
void rows_list(FILE *out, unsigned int first_port);

#endif
