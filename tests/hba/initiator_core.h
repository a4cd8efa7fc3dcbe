/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the initiator share. Nobody else includes it.
 *
 * A failure anywhere is noted (initiator_fail) and takes effect in one place, initiator_settle(), at the end of each turn of the loop.
 * A callback may close or free the initiator: whoever has called one looks at is_over() before he goes on.
 */
#ifndef OPENHBA_TESTS_HBA_INITIATOR_CORE_H
#define OPENHBA_TESTS_HBA_INITIATOR_CORE_H

#include "lib/loop.h"
#include "lib/pdu.h"
#include "tests/hba/initiator.h"

#define INITIATOR_VECTORS_MAX 64
#define INITIATOR_REPLIES_MAX 64 /* answers to pings of a target that asks, but does not read */

enum initiator_state {
	INITIATOR_STATE_CONNECTING,
	INITIATOR_STATE_LOGIN,
	INITIATOR_STATE_FULL_FEATURE,
	INITIATOR_STATE_LOGOUT, /* the request is on its way; nothing new is sent */
	INITIATOR_STATE_CLOSED,
};

/* Whose a tag is. */
enum initiator_kind {
	INITIATOR_KIND_TASK,
	INITIATOR_KIND_TMF,
	INITIATOR_KIND_PASSTHROUGH,
	INITIATOR_KIND_PING,
	INITIATOR_KIND_LOGOUT,
	INITIATOR_KIND_TEXT, /* of a text that is not over, and of which no request is under way */
};

/* Where a task is. */
enum initiator_place {
	INITIATOR_PLACE_NOWHERE,
	INITIATOR_PLACE_QUEUED, /* waits for the target's window */
	INITIATOR_PLACE_SENT,
	INITIATOR_PLACE_ENDED, /* before it was sent; done() comes from the loop */
};

union initiator_bhs {
	struct iscsi_bhs bhs;
	struct iscsi_bhs_scsi_command scsi_command;
	struct iscsi_bhs_scsi_response scsi_response;
	struct iscsi_bhs_task_request task_request;
	struct iscsi_bhs_task_response task_response;
	struct iscsi_bhs_data_out data_out;
	struct iscsi_bhs_data_in data_in;
	struct iscsi_bhs_r2t r2t;
	struct iscsi_bhs_text_request text_request;
	struct iscsi_bhs_text_response text_response;
	struct iscsi_bhs_logout_request logout_request;
	struct iscsi_bhs_logout_response logout_response;
	struct iscsi_bhs_nop_out nop_out;
	struct iscsi_bhs_nop_in nop_in;
	struct iscsi_bhs_async async;
	struct iscsi_bhs_reject reject;
};

/* A PDU of ours that is not a command nor its data. Owned by the queue it is in. */
struct initiator_out {
	TAILQ_ENTRY(initiator_out) entry;
	union initiator_bhs header;
	uint32_t itt;	   /* whose it is; ISCSI_TAG_NONE: nobody's */
	bool is_immediate; /* else it waits for the window and takes a CmdSN */
	size_t length;
	unsigned char bytes[];
};

TAILQ_HEAD(initiator_links, initiator_link);
TAILQ_HEAD(initiator_tasks, initiator_task);
TAILQ_HEAD(initiator_outs, initiator_out);

struct initiator_slot {
	struct initiator_link *link; /* NULL: free */
	uint16_t generation;
	uint16_t next_free;
};

/* Who a tag names (initiator_tags.c). */
struct initiator_tags {
	struct initiator_slot *slots;
	unsigned int count, free; /* free: index of the first free one, count: none */
};

/* The PDU that is being sent: header (with its digest), data, trailer (padding, digest). */
struct initiator_tx {
	union initiator_bhs header;
	unsigned char header_digest[ISCSI_CRC32C_BYTES];
	unsigned char trailer[3 + ISCSI_CRC32C_BYTES];
	struct initiator_out *out;   /* its bytes are the data; NULL: not */
	struct initiator_task *task; /* its memory is the data, from offset on; NULL: not, or the data was copied */
	uint32_t offset;
	unsigned char *copy; /* owned: data of a task that may not be looked up any more */
	size_t header_length, data_length, trailer_length, sent;
	bool is_active;
};

enum initiator_piece { INITIATOR_PIECE_HEADER, INITIATOR_PIECE_DATA, INITIATOR_PIECE_TRAILER };

struct initiator_row;

#define INITIATOR_AHS_MAX (255 * 4)

/* The PDU that is being received. */
struct initiator_rx {
	enum initiator_piece piece;
	union {
		union initiator_bhs bhs;
		unsigned char bytes[ISCSI_BHS_BYTES + INITIATOR_AHS_MAX + ISCSI_CRC32C_BYTES];
	} header;
	size_t have, want; /* of the piece */
	const struct initiator_row *row;
	struct initiator_task *task; /* data goes to its memory, from offset on; NULL: to buffer */
	uint32_t offset;
	unsigned char *buffer;
	size_t buffer_size;
	uint32_t crc;
	unsigned char trailer[3 + ISCSI_CRC32C_BYTES];
	unsigned char ahead[ISCSI_BHS_BYTES + ISCSI_CRC32C_BYTES]; /* of the next header, read along with data */
	size_t ahead_length;
};

struct initiator {
	struct loop *loop;
	struct initiator_settings settings;
	const struct initiator_events *events;
	void *data;
	enum initiator_state state; /* initiator_enter() alone writes it */
	unsigned int depth;	    /* callbacks of the loop that it is in */
	bool is_freed;		    /* in the last of them */
	bool is_silent;		    /* initiator_close(): no closed() */

	int fd;
	struct loop_fd *watch;
	struct loop_timer *timer; /* the next deadline */
	struct loop_timer *kick;  /* something is to be done from the loop */
	struct initiator_counters own_counters;
	struct initiator_counters *counters;

	/* Connect and login. */
	struct login *login;
	struct channel_socket *channel;
	struct sockaddr_storage peer;
	socklen_t peer_length;
	unsigned int redirects;
	uint64_t login_deadline_ms;
	struct login_outcome outcome;

	/* Full feature phase. */
	struct initiator_tags tags;
	uint32_t cmdsn, exp_statsn, exp_cmdsn, max_cmdsn;
	struct initiator_links controls;	    /* TMFs and passthroughs that are not done */
	struct initiator_links queued, sent, ended; /* tasks */
	unsigned int outstanding;
	struct initiator_outs outs;	  /* to be sent at once */
	struct initiator_outs ordered;	  /* to be sent before the queued tasks, when the window allows */
	unsigned int replies;		  /* answers to pings among outs */
	struct initiator_tasks sending;	  /* sent tasks with data to send */
	struct initiator_tx tx;
	struct initiator_rx rx;

	/* Pings and logout. */
	struct initiator_link ping_link, logout_link, text_link;
	bool is_pinging, is_logout_sent, was_asked, has_text;
	uint64_t last_rx_ms, ping_sent_ms, logout_deadline_ms;

	/* The first failure; the others follow from it. */
	bool has_failed;
	struct initiator_closed closed;
	char text[200];
};

/* The object (initiator.c). */
static inline bool is_over(const struct initiator *initiator)
{
	return initiator->has_failed || initiator->state == INITIATOR_STATE_CLOSED;
}

static inline bool is_up(const struct initiator *initiator)
{
	return !initiator->has_failed &&
	       (initiator->state == INITIATOR_STATE_FULL_FEATURE || initiator->state == INITIATOR_STATE_LOGOUT);
}

void initiator_enter(struct initiator *initiator, enum initiator_state state);
void initiator_fail(struct initiator *initiator, enum initiator_end end, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void initiator_begin(struct initiator *initiator);  /* of a callback of the loop */
void initiator_settle(struct initiator *initiator); /* its end; the initiator may be gone afterwards */
void initiator_kick(struct initiator *initiator);
void initiator_deadlines(struct initiator *initiator); /* one has changed */

/* Connect and login (initiator_login.c). */
void initiator_connect(struct initiator *initiator);
void initiator_login_stop(struct initiator *initiator); /* what it needs is freed; the descriptor is closed */
void initiator_take_over(struct initiator *initiator); /* full feature phase begins on fd (initiator.c) */
int initiator_watch(struct initiator *initiator, short events, loop_fd_fn *fn); /* fd, instead of what is watched; 0 or -errno */

/* Tags (initiator_tags.c). 0 or -ENOMEM. */
int initiator_tag_give(struct initiator *initiator, struct initiator_link *link, enum initiator_kind kind);
void initiator_tag_take_back(struct initiator *initiator, struct initiator_link *link);
struct initiator_link *initiator_tag_find(const struct initiator *initiator, uint32_t itt); /* NULL: nobody's */

/* to gets the tag of from. */
void initiator_tag_pass_on(struct initiator *initiator, const struct initiator_link *from, struct initiator_link *to, unsigned int kind);

/* Sending (initiator_tx.c). */
void initiator_send(struct initiator *initiator); /* as much as goes */
void initiator_out_add(struct initiator *initiator, struct initiator_out *out);
struct initiator_out *initiator_out_new(size_t length); /* NULL: no memory */
void initiator_out_drop(struct initiator *initiator, uint32_t itt); /* what has not begun to be sent for it */
int initiator_tx_let_go(struct initiator *initiator, const struct initiator_task *task); /* its memory is not looked up any more */
void initiator_tx_done(struct initiator *initiator);

/* Receiving (initiator_rx.c). */
void initiator_receive(struct initiator *initiator);
void initiator_rx_done(struct initiator *initiator);

/* A PDU of the target: header (and where its data goes) first, everything afterwards. bytes: length bytes of data. */
typedef void initiator_prepare_fn(struct initiator *initiator, const union initiator_bhs *bhs, size_t length);
typedef void initiator_handle_fn(struct initiator *initiator, const union initiator_bhs *bhs, const unsigned char *bytes, size_t length);

/* Commands (initiator_task.c). */
void initiator_task_end(struct initiator *initiator, struct initiator_task *task, enum initiator_result result);
void initiator_task_end_later(struct initiator *initiator, struct initiator_task *task, enum initiator_result result); /* a queued one */
uint32_t initiator_task_immediate(const struct initiator *initiator, const struct initiator_task *task); /* bytes with the command */
/* It is being sent, with so much immediate data. */
void initiator_task_command(struct initiator *initiator, struct initiator_task *task, struct iscsi_bhs_scsi_command *bhs,
			    uint32_t immediate);
void initiator_task_burst_sent(struct initiator *initiator, struct initiator_task *task);
void initiator_task_stop_sending(struct initiator *initiator, struct initiator_task *task); /* forgets what was asked for */
void initiator_tasks_end_all(struct initiator *initiator, enum initiator_result result);
void initiator_tasks_end_early(struct initiator *initiator); /* those in the list ended */
initiator_prepare_fn initiator_data_in_header;
initiator_handle_fn initiator_data_in, initiator_scsi_response, initiator_r2t;

/* Task management (initiator_tmf.c). */
initiator_handle_fn initiator_task_response;
void initiator_tmf_end(struct initiator *initiator, struct initiator_tmf *tmf, int error);
void initiator_tmf_local(struct initiator *initiator); /* those that need no target */
/* Ends a task at the target, then here with this result. */
void initiator_task_give_up(struct initiator *initiator, struct initiator_task *task, enum initiator_result result);

/* Pings, texts, logout, notices (initiator_host.c, initiator_notice.c). */
initiator_handle_fn initiator_nop_in, initiator_text_response, initiator_logout_response, initiator_async, initiator_rejected;
void initiator_ping_due(struct initiator *initiator, uint64_t now_ms);
uint64_t initiator_ping_deadline(const struct initiator *initiator);
void initiator_passthrough_end(struct initiator *initiator, struct initiator_passthrough *passthrough, int error);
/* An answer to a request of this opcode. */
void initiator_passthrough_answer(struct initiator *initiator, const union initiator_bhs *bhs, enum iscsi_pdu_opcode opcode,
				  const unsigned char *bytes, size_t length);
void initiator_logout_start(struct initiator *initiator);
void initiator_logout_sent(struct initiator *initiator);
void initiator_controls_end_all(struct initiator *initiator, int error);
void initiator_controls_due(struct initiator *initiator, uint64_t now_ms);
uint64_t initiator_controls_deadline(const struct initiator *initiator);

static inline struct initiator_task *task_of(struct initiator_link *link)
{
	return (struct initiator_task *)(void *)((char *)link - offsetof(struct initiator_task, link));
}

static inline struct initiator_tmf *tmf_of(struct initiator_link *link)
{
	return (struct initiator_tmf *)(void *)((char *)link - offsetof(struct initiator_tmf, link));
}

static inline struct initiator_passthrough *passthrough_of(struct initiator_link *link)
{
	return (struct initiator_passthrough *)(void *)((char *)link - offsetof(struct initiator_passthrough, link));
}

static inline bool sn_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

#endif
