/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One connection of the misbehaving target: reads requests, sends answers, and asks the row at
 * every place whether it wants to go wrong. Each connection has a thread of its own, so everything
 * here blocks. The target is right in all that its row does not want wrong.
 */
#ifndef OPENHBA_TESTS_TARGET_CONN_H
#define OPENHBA_TESTS_TARGET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/pdu.h"
#include "tests/target/row.h"

#define DISK_BLOCKS   8192 /* of 512 bytes; also the longest write */
#define BLOCK_BYTES   512
#define TRAP_BLOCK    4096
#define SEGMENT_BYTES 65536 /* the longest data segment we take */
#define BURST_BYTES   65536 /* MaxBurstLength of rows that go wrong; a right one leaves it to the initiator */
#define WINDOW	      32
#define WRITES_MAX    64
#define TAGS	      16 /* of requests that are remembered for chance */
#define SECRET	      "wonderland123" /* of the initiator, alice */
#define SECRET_IN     "lookingglass9" /* ours, queen */
#define TARGET_PREFIX "iqn.2026-11.org.openhba.misbehave:"

/* A write whose data is on its way, in order: what came unasked, then one R2T after the other. */
struct write {
	bool is_used;
	struct iscsi_bhs_scsi_command command;
	unsigned char *data;
	uint32_t bytes, have;
	uint32_t asked;	   /* up to where data was asked for, or may come unasked */
	uint32_t unasked;  /* what has come so */
	uint32_t r2tsn;	   /* of the next R2T */
	uint32_t answered; /* R2TSN of the first one whose data is not all there */
	uint32_t datasn;   /* of the next Data-Out of the burst */
	bool awaits_unasked;
};

/* What was agreed on that this target has to keep to. */
struct agreed {
	uint32_t max_burst, first_burst, max_r2ts;
	bool initial_r2t, immediate_data;
};

/* What the connections of a row share. */
struct home {
	unsigned char *disk;
	uint32_t blocks;     /* of it */
	unsigned int visits; /* normal sessions so far */
	uint64_t seed;	     /* for rows that go by chance */
};

struct conn {
	int fd;
	const struct row *row;
	struct home *home;
	unsigned int first_port; /* of rows[0] */
	unsigned int visit;	 /* the how many'th normal session of the row, from 1; 0: none yet */
	unsigned int counts[PLACE_COUNT];
	uint32_t statsn;     /* of the next response */
	uint32_t exp_cmdsn;
	uint32_t initiator_segment; /* bytes of data it takes in one PDU */
	struct agreed agreed;
	uint16_t tsih;
	bool is_full, is_discovery;
	bool is_in_use; /* a SCSI command has come: the kernel has the connection */
	bool header_digest, data_digest; /* in full feature phase */
	bool spoils_header_digest, spoils_data_digest; /* of the next PDU */
	struct pdu request;
	struct iscsi_bhs_scsi_command command; /* that the answer at hand is for */
	bool holds; /* a command is not answered (acts_task.c) */
	unsigned char hold_answers[3];
	struct iscsi_bhs held;
	struct write writes[WRITES_MAX];
	struct pdu list; /* its data: targets to tell */
	size_t listed;	 /* bytes of it that were told */
	char target_name[256], initiator_name[256];
	uint64_t fuzz; /* state of chance; 0: all goes right (fuzz.c) */
	uint32_t fuzz_one_in, tags[TAGS], tag_count;
};

/* Whether its row does everything right. Such a target leaves all it can to the initiator, and holds it to what was agreed on. */
bool conn_is_right(const struct conn *conn);

/* Tells on stderr what the initiator did wrong. -1 if the target is a right one: the connection is over. Else 0: whatever a row that goes
 * wrong has led to is not the initiator's. */
int conn_accuse(const struct conn *conn, const char *what);

/* The life of a connection; closes fd. */
void conn_run(int fd, const struct row *row, struct home *home, unsigned int first_port);

/* The next request into conn->request. 0, or -1: the connection is over. */
int conn_read(struct conn *conn);

/* The bytes of a PDU on the wire, digests included; the caller frees. */
unsigned char *conn_encode(struct conn *conn, const struct pdu *pdu, size_t *ret_length);

/* Sends as it is, or what chance makes of it. 0 or -1. */
int conn_send(struct conn *conn, const struct pdu *pdu);
int conn_send_right(struct conn *conn, const struct pdu *pdu);
int conn_write(struct conn *conn, const void *bytes, size_t length);

/* Holds back what is sent (200 ms at most), so that it arrives in one piece. */
void conn_hold(struct conn *conn, bool holds);

/* Asks the row; what it says about the answer is the caller's to follow. */
enum act conn_ask(struct conn *conn, enum place place, struct pdu *pdu);

/* Asks the row, then sends. 0 or -1: the connection is over. */
int conn_answer(struct conn *conn, enum place place, struct pdu *pdu);

/* Asks the row where there is nothing to answer. 0 or -1. */
int conn_pause(struct conn *conn, enum place place);

/* An empty response with its counters: takes a StatSN. */
void conn_response(struct conn *conn, struct pdu *pdu, enum iscsi_pdu_opcode opcode, uint32_t itt);

unsigned int conn_port(const struct conn *conn);

/* Copies text with '|' as NUL and '@' as our port number; the caller frees. */
char *conn_text(const struct conn *conn, const char *text, size_t *ret_length);

/* The phases. Each 0 or -1. */
int login_run(struct conn *conn);
int sendtargets_answer(struct conn *conn);
int scsi_command(struct conn *conn);
int scsi_status(struct conn *conn, const struct iscsi_bhs_scsi_command *command, uint32_t sense, uint32_t residual);
unsigned char *scsi_extent(struct conn *conn, const unsigned char *cdb, size_t *ret_length); /* NULL: behind the end */
enum place scsi_place(const struct conn *conn, const unsigned char *cdb);
int write_start(struct conn *conn, const struct iscsi_bhs_scsi_command *command);
int scsi_data_out(struct conn *conn);
int hold_ask(struct conn *conn); /* answers task management of the request */
int fuzz_send(struct conn *conn, const struct pdu *pdu);
void scsi_forget(struct conn *conn); /* all writes under way */

#endif
