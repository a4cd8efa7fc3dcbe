/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The firmware's iSCSI initiator: one session of one connection, from connect to close, on an event loop. Login is lib/login's; the
 * full feature phase is here: commands with their data, task management, pings, text and logout. Data goes between the socket and the
 * memory that a task's vector() names at that moment, without a copy (but for what is sent under a data digest).
 * Called by the sessions of the card; knows nothing of rings or registers, opens no socket by itself (settings.connect does), never
 * retries and never logs in again.
 *
 *	initiator_new -> events.ready -> initiator_task()... -> events.closed -> initiator_free
 *
 * Every function may be called from every callback, initiator_free() too.
 */
#ifndef OPENHBA_TESTS_HBA_INITIATOR_H
#define OPENHBA_TESTS_HBA_INITIATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "lib/login.h"

#define INITIATOR_R2T_MAX   16	/* MaxOutstandingR2T offered at most */
#define INITIATOR_SENSE_MAX 252 /* bytes of sense kept of a response */
#define INITIATOR_XMIT_MAX  (256 * 1024) /* data of one PDU of ours at most, whatever the target takes */
#define INITIATOR_RECV_MAX  (1024 * 1024) /* MaxRecvDataSegmentLength offered at most */

struct initiator;
struct loop;

/* Of all initiators that share it, since somebody zeroed it; the order of isp4xxx management data. Digest errors and the like end a
 * connection, so they are counted once per connection. */
struct initiator_counters {
	uint64_t pdus_tx, pdus_rx;		 /* all kinds */
	uint64_t data_bytes_tx, data_bytes_rx;	 /* of SCSI data: immediate, Data-Out, Data-In */
	uint64_t octets_tx, octets_rx;		 /* everything on the wire in full feature phase */
	uint64_t ios_completed;			 /* commands the target answered */
	uint64_t unexpected_rx;			 /* answers to nothing: unknown tags */
	uint64_t format_errors;			 /* PDUs refused at the gate */
	uint64_t sequence_errors;		 /* StatSN, DataSN, R2TSN, data offsets */
	uint64_t header_digest_errors, data_digest_errors;
	uint64_t connection_timeouts;		 /* pings without an answer */
	uint64_t tx_nop_out, tx_scsi_command, tx_task, tx_login, tx_text, tx_data_out, tx_logout, tx_snack;
	uint64_t rx_nop_in, rx_scsi_response, rx_task, rx_login, rx_text, rx_data_in, rx_logout, rx_r2t, rx_async, rx_reject;
};

struct initiator_settings {
	struct sockaddr_storage peer;
	socklen_t peer_length;
	/* Strings and secrets in it are borrowed until initiator_free(). Offers are clamped to what this file says above;
	 * error recovery level and markers are 0 whatever is asked for; target_name NULL: a discovery session. */
	struct login_request login;
	unsigned int login_timeout_ms;	/* connect and login together, each redirect anew; 0: 15 s */
	unsigned int logout_timeout_ms;	/* until the connection is closed all the same; 0: 10 s */
	unsigned int nop_interval_ms;	/* of silence, then a ping; 0: no pings */
	unsigned int nop_timeout_ms;	/* for its answer; 0: 5 s */
	unsigned int redirect_max;	/* followed, literal addresses only; then the login has failed; 0: none is followed */
	struct initiator_counters *counters; /* borrowed; NULL: counted nowhere */
	/* A non-blocking TCP socket whose connect() has begun (EINPROGRESS is fine), or negative errno. It becomes the initiator's. */
	int (*connect)(void *data, const struct sockaddr_storage *peer, socklen_t length);
};

/* Why a connection is over. */
enum initiator_end {
	INITIATOR_END_CONNECT,	     /* there was no connection: error */
	INITIATOR_END_LOGIN,	     /* refused or failed: login_status, error_code */
	INITIATOR_END_LOGIN_TIMEOUT, /* no end of connect and login in time */
	INITIATOR_END_LOST,	     /* the target closed, or the network failed: error */
	INITIATOR_END_PROTOCOL,	     /* the target broke the protocol: text says how */
	INITIATOR_END_DIGEST,	     /* a header or data digest was wrong */
	INITIATOR_END_NOP_TIMEOUT,   /* no answer to a ping */
	INITIATOR_END_TARGET,	     /* an async message told so: time2wait, time2retain */
	INITIATOR_END_LOGOUT,	     /* logged out, as asked for (or as a target asked: was_asked) */
	INITIATOR_END_MEMORY,	     /* out of memory, or a task's memory went away inside a PDU */
};

struct initiator_closed {
	enum initiator_end end;
	int error;		   /* negative errno, 0: none */
	uint16_t login_status;	   /* class << 8 | detail, with END_LOGIN */
	enum iscsi_err error_code; /* login_failure(), with END_LOGIN */
	bool was_asked;		   /* an async message asked for the logout */
	uint16_t time2wait, time2retain; /* seconds; from the login, a logout response or an async message */
	const char *text;	   /* a sentence; lives for the call */
};

struct initiator_events {
	void (*ready)(void *data); /* full feature phase */
	/* The last one, and once, unless initiator_close() came first. Every task, TMF and passthrough was done() before. */
	void (*closed)(void *data, const struct initiator_closed *closed);
	/* For information, before it is acted upon; NULL: nobody wants to know. bytes: sense or parameters behind it. */
	void (*async)(void *data, const struct iscsi_bhs_async *async, const void *bytes, size_t length);
};

/* How a task ended. */
enum initiator_result {
	INITIATOR_RESULT_COMPLETE, /* the target answered: response, status, flags, residual, sense */
	INITIATOR_RESULT_ABORTED,  /* by ABORT TASK */
	INITIATOR_RESULT_RESET,	   /* by a LUN or target reset, or a task set that was cleared */
	INITIATOR_RESULT_LOST,	   /* the connection ended, for any reason but a logout */
	INITIATOR_RESULT_LOGGED_OUT, /* the session was logged out or closed by us */
	INITIATOR_RESULT_REJECTED, /* the target rejected the command */
	INITIATOR_RESULT_FAULT,	   /* vector() failed: error; the task is ended at the target, too */
};

enum initiator_direction { INITIATOR_NO_DATA, INITIATOR_READ, INITIATOR_WRITE };

/* A member of every request that has a tag; private to initiator_*.c. */
struct initiator_link {
	TAILQ_ENTRY(initiator_link) entry;
	unsigned int kind;
	uint32_t itt;
};

struct initiator_r2t {
	uint32_t ttt, offset, length, sent, datasn;
};

/*
 * A SCSI command. The caller fills in the first part, owns the memory and keeps it until done(), which is called exactly once for each
 * initiator_task() that returned 0, also when the connection ends; never inside of initiator_task().
 */
struct initiator_task {
	uint8_t lun[8];	 /* as on the wire */
	uint8_t cdb[16]; /* zero padded */
	uint8_t attribute; /* enum iscsi_task_attribute */
	enum initiator_direction direction;
	uint32_t length; /* bytes of data */
	/*
	 * Where bytes offset..offset+length-1 of the data are: fills at most max entries with a beginning of this range (all of it where
	 * max allows), returns how many (> 0), or a negative errno. Used at once and not kept. NULL is fine without data.
	 */
	int (*vector)(struct initiator_task *task, uint32_t offset, uint32_t length, struct iovec *vectors, int max);
	void (*done)(struct initiator_task *task);
	void *data; /* the caller's own */

	/* Valid in done(). */
	enum initiator_result result;
	int error;	   /* negative errno with RESULT_FAULT */
	uint8_t response;  /* iSCSI response code, 0: completed at the target */
	uint8_t status;	   /* SCSI status */
	uint8_t flags;	   /* ISCSI_BIT_RESPONSE_* of the answer */
	uint32_t residual; /* as the target says, with the bits OVERFLOW or UNDERFLOW */
	uint32_t transferred; /* bytes of data received, or sent */
	uint16_t sense_length; /* bytes in sense, 0: none */
	uint8_t sense[INITIATOR_SENSE_MAX];
	uint32_t exp_cmdsn, max_cmdsn; /* of the answer */

	/* Private from here. */
	struct initiator_link link;
	TAILQ_ENTRY(initiator_task) sending;
	uint32_t cmdsn, datasn, r2tsn;
	struct initiator_r2t r2ts[INITIATOR_R2T_MAX + 1]; /* the first may be what is sent without being asked for */
	unsigned int r2t_count;
	unsigned int place; /* which list it is in */
	bool is_sending, is_given_up;
	enum initiator_result verdict; /* how it will end, where it was given up or never sent */
};

/*
 * Task management. ABORT TASK names a task; a task that is not answered by then ends (ABORTED, RESET) before done() of the TMF that
 * ended it. A task that was never sent ends at once, without the target.
 */
struct initiator_tmf {
	enum iscsi_task_function function; /* ABORT_TASK, ABORT_TASK_SET, CLEAR_TASK_SET, LU_RESET, TARGET_WARM_RESET, TARGET_COLD_RESET */
	uint8_t lun[8];
	struct initiator_task *task; /* with ABORT_TASK; may end, and be freed, before the TMF does */
	unsigned int timeout_ms;     /* 0: 30 s; then error is -ETIMEDOUT and the tasks stay as they are */
	void (*done)(struct initiator_tmf *tmf); /* exactly once, never inside of initiator_tmf() */
	void *data;

	int error;	  /* 0: answered; -ETIMEDOUT; -ENOTCONN: the connection ended; -EPROTO: rejected */
	uint8_t response; /* enum iscsi_task_answer */

	struct initiator_link link; /* private from here */
	uint32_t referenced_itt, boundary;
	uint64_t deadline_ms;
	bool is_local;
};

/*
 * A request of the host's own making: NOP-Out, Text, Logout. Goes out as it is, but for ITT, CmdSN, ExpStatSN, CID and lengths, which the
 * initiator sets. A Logout that is answered ends the connection (END_LOGOUT) after done().
 */
struct initiator_passthrough {
	struct iscsi_bhs request;
	const void *bytes; /* behind the header; copied */
	size_t length;	   /* -EMSGSIZE above what the target takes */
	unsigned int timeout_ms; /* 0: 30 s */
	/* Exactly once, never inside of initiator_passthrough(). response and bytes live for the call; NULL: error. */
	void (*done)(struct initiator_passthrough *passthrough, int error, const struct iscsi_bhs *response, const void *bytes,
		     size_t length);
	void *data;

	struct initiator_link link; /* private from here */
	uint64_t deadline_ms;
};

/* Starts to connect. Settings are copied (strings are borrowed), events and data are borrowed until initiator_free(). No event comes out
 * of this call. -EINVAL: a login that cannot be; -ENOMEM. What connect() returns is told by closed(). */
int initiator_new(struct loop *loop, const struct initiator_settings *settings, const struct initiator_events *events, void *data,
		  struct initiator **ret_initiator);

/* NULL is fine. Closes first. */
void initiator_free(struct initiator *initiator);

/* Closes at once, without a logout. What is under way is done() with INITIATOR_RESULT_LOGGED_OUT, errors are -ENOTCONN, out of this
 * call; there is no closed() afterwards. Twice is fine. */
void initiator_close(struct initiator *initiator);

/* Logs out (closes the session), then closed(). Commands under way end with LOGGED_OUT unless the target answers them before. Before the
 * full feature phase the connection is just closed, which closed() tells from the loop. Again: nothing more happens. */
void initiator_logout(struct initiator *initiator);

/* 0: queued, sent as the target's CmdSN window allows. -ENOTCONN: not in full feature phase; -EINVAL: no vector for its data, or no
 * done; -EOPNOTSUPP: a discovery session. */
int initiator_task(struct initiator *initiator, struct initiator_task *task);
int initiator_tmf(struct initiator *initiator, struct initiator_tmf *tmf);
/* -EOPNOTSUPP: a request of another kind; -EMSGSIZE; -ENOMEM; -ENOTCONN. */
int initiator_passthrough(struct initiator *initiator, struct initiator_passthrough *passthrough);

bool initiator_is_ready(const struct initiator *initiator);	 /* full feature phase, and no logout under way */
unsigned int initiator_outstanding(const struct initiator *initiator); /* tasks that are not done */

/* What the login came to, counters included; from ready() on, before that all zero. */
const struct login_outcome *initiator_login(const struct initiator *initiator);
uint32_t initiator_exp_statsn(const struct initiator *initiator);
int initiator_fd(const struct initiator *initiator); /* for getsockname() and the like; -1: none */
/* Where it is connected to, after redirects; ret_length 0: nowhere. */
const struct sockaddr_storage *initiator_peer(const struct initiator *initiator, socklen_t *ret_length);

const char *initiator_end_text(enum initiator_end end);		 /* a sentence */

#endif
