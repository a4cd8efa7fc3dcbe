/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The software data path: a session is one SCSI host (as Linux has it for the transport "tcp"), with an array of connections of which
 * one is used today. Nothing in here assumes one connection or one hardware queue.
 *
 * THE LOCK of a connection is its socket's. Receiving happens in the socket's callbacks and is therefore under it; sending takes it
 * (inline: the spinlock, if nobody owns the socket, without sleeping; worker: lock_sock()); the error handler takes it (lock_sock())
 * when it has to see tasks that do not move. What a connection sends and receives needs no other lock. Completions are collected under
 * it and delivered outside (complete.c), because a completion may submit the next command.
 *
 *	class: session->mutex -> conn->ep_mutex		(create, bind, start, stop, destroy: never side by side)
 *	  conn->empty_mutex				(stop() empties the connection; never together with eh_mutex)
 *	  session->eh_mutex				(error handler: one at a time)
 *	    socket lock of a connection			(rx, tx, tasks in flight, timers' decisions)
 *	      session->mgmt_lock			(leaf spinlock, short, irq-safe not needed: bh)
 *
 * A TASK is the private part of a SCSI command (or one of a session's few of its own: NOP, TMF, text, logout, login), found by its tag, and
 * owned by whoever the state word says. The state word is atomic because a submission, a timeout and a completion meet without a lock;
 * all else of a task changes under the socket lock of its connection.
 *
 *	state  = generation (14 bits) | flags
 *	tag    = generation | internal | number		what travels as ITT; stale tags do not match and are a protocol error
 *
 *	idle -> SUBMITTED (queuecommand, on conn->submitted) -> ACTIVE (tx took it under the lock) -> DONE -> idle
 *
 *	TASK_TX    tx has it: queued, or part of a PDU of it is still to be sent
 *	TASK_RX    a data segment of it is being received
 *	DONE is delivered when neither is set; a response that overtakes our own Data-Out waits for tx.
 *
 * How a connection dies: stop() sets FREE, puts the socket's callbacks back under lock_sock() (sk_user_data is NULL from then on), waits
 * for timer, worker and completion tasklet, and only then fails what is left, with nobody else alive. Three rules make it safe:
 *
 *	who holds a socket's lock and did not come by its callback checks sk->sk_user_data == conn before it touches the connection
 *	  (conn_lock() does it; the inline sender does it by hand);
 *	who reads conn->sock outside of the callbacks, the timer and the worker does so under rcu_read_lock(): the socket is put a grace
 *	  period after stop();
 *	who pushed to conn->submitted looks at conn->state AFTERWARDS (the push is a full barrier) and, if it is not UP, queues tx_work:
 *	  either stop() saw the push and drains it, or the pusher sees the state, and tx_work() of a connection that is not UP hands the
 *	  commands it finds there to task_refuse(). So nothing ever stays behind, and nobody waits for a grace period.
 *
 * The struct of a connection lives as long as its session (queuecommand may look at it at any time), whatever user
 * space creates and destroys.
 */
#ifndef OPENHBA_TCP_H
#define OPENHBA_TCP_H

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/llist.h>
#include <linux/scatterlist.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <scsi/iscsi_if.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_host.h>
#include <scsi/scsi_transport_iscsi.h>

#include "transport/class/compat.h"
#include "transport/abi/iscsi_proto.h"

#define TCP_CONNS_MAX		1	/* connections a session may have today; 16 is what the layout is made for */
#define TCP_MGMT_TASKS		16	/* own tasks of a session: login, text, logout, NOP, TMF */
#define TCP_USER_DATA_MAX	8192	/* data segment of a PDU of or for user space */

struct tcp_session;
struct tcp_conn;

/* --- where in a command's memory ------------------------------------------------------------------------------------------------- */

/* A place in a scatterlist that only moves forward, so that no PDU walks the list from its begin. cursor.c */
struct tcp_cursor {
	struct scatterlist *sg;
	u32 sg_offset;		/* bytes into sg */
	u32 offset;		/* bytes into the command's data */
};

/* --- tasks (task.c) -------------------------------------------------------------------------------------------------------------- */

#define TASK_SUBMITTED	BIT(0)	/* pushed to conn->submitted, not taken yet */
#define TASK_ACTIVE	BIT(1)	/* has a CmdSN (or is immediate) and a place in the connection */
#define TASK_TX		BIT(2)
#define TASK_RX		BIT(3)
#define TASK_DONE	BIT(4)	/* answered: result is set */
#define TASK_ABORTING	BIT(5)	/* a TMF about it is under way: no more Data-Out; still answered if the target answers first */
#define TASK_FLAGS	0x3ffu
#define TASK_GENERATIONS 0x3fffu
#define TASK_GENERATION_SHIFT 18

#define TAG_INTERNAL	BIT(17)		/* one of session->mgmt */
#define TAG_NUMBER	0x1ffffu	/* the block layer's tag, or the index in session->mgmt */

/* What is sent for a task: its request PDU with immediate data, unsolicited Data-Out, or the answer to one R2T. */
struct tcp_burst {
	u32 offset, end;	/* bytes of the command's data still to be sent: [offset, end) */
	__be32 ttt;		/* ISCSI_TAG_NONE: unsolicited */
	u32 datasn;
	u32 r2tsn;
};

/* One that waits until all before it is sent. r2t.c */
struct tcp_r2t {
	struct list_head entry;		/* task->r2ts */
	struct tcp_burst burst;
};

/*
 * What a number names while the target may answer it. The generation outlives requests, so that no answer finds
 * a later owner of a number.
 */
struct tcp_slot {
	struct tcp_task *task;	/* ACTIVE and not DONE, or NULL. Socket lock */
	u32 generation;		/* of who owns the number */
};

struct tcp_task {
	atomic_t state;		/* written by the submitter up to SUBMITTED, then under the socket lock; read anywhere */
	u32 tag;			/* host order; ITT on the wire is cpu_to_be32(tag) */
	struct tcp_conn *conn;
	struct scsi_cmnd *cmd;		/* NULL: one of ours */
	struct llist_node submit;	/* conn->submitted */
	struct list_head tx;		/* conn->tx_commands or conn->tx_data, empty otherwise */
	struct list_head active;	/* conn->active while ACTIVE */
	struct llist_node done;		/* conn->done while it waits for delivery */
	u32 cmdsn;
	u32 data_bytes;			/* of the command, one direction */
	/* tx */
	struct tcp_cursor out;
	struct tcp_burst burst;		/* being sent */
	struct list_head r2ts;		/* struct tcp_r2t, answered in the order of r2tsn */
	u32 r2t_count;			/* not answered completely, the one of burst included */
	struct tcp_r2t spare;
	bool spare_used;
	/* rx */
	struct tcp_cursor in;
	u32 received, sent;		/* bytes of Data-In; of immediate data and Data-Out that TCP took */
	u32 exp_datasn;			/* next DataSN or R2TSN */
	unsigned long started, moved;	/* jiffies: submitted, or given another timeout; last byte in either direction */
	/* one of ours */
	struct tcp_mgmt *mgmt;
};

/* An own task's extras. */
struct tcp_mgmt {
	struct tcp_task task;
	struct iscsi_bhs header;	/* complete but for ITT, CmdSN, ExpStatSN */
	void *data;			/* kept until sent; mgmt_put() frees it */
	u32 data_bytes;
	bool immediate;
	bool from_user;			/* the answer goes up by iscsi_recv_pdu(), with user_itt in place of ours */
	bool unanswered;		/* ITT is reserved (NOP-Out that answers a NOP-In): done when sent, see mgmt_sent() */
	__be32 user_itt;
	u8 response;			/* TMF */
	struct completion *answered;	/* of who waits and does mgmt_put(); NULL: put when answered or lost */
	bool lost;			/* the connection died before the answer came */
	bool in_use;			/* session->mgmt_lock */
};

/* --- sequence numbers (window.c; pure, also built into a test program of user space) --------------------------------------------- */

struct tcp_window {
	u32 cmdsn;		/* next one to be given away */
	u32 exp_cmdsn, max_cmdsn;
};

/* --- receiving (rx.c: a machine that may be cut at any byte) --------------------------------------------------------------------- */

struct rx_row;

/* How the target sends, as far as it was seen. Numbers are TCP's. acks.c */
struct tcp_acks {
	u32 received;			/* at the last look */
	u32 short_begin;		/* of the last short segment, if short_seen */
	bool short_seen;
	bool target_pushes;		/* short segments do not wait for an acknowledgment */
	bool interactive;		/* at the last look, as acks_may_wait() has it */
	bool expecting;			/* more was to come when all was read */
	u8 pairs;			/* of short segments not acknowledged since `acked` */
	u32 acked;
	unsigned long wait_from;	/* jiffies: before it, acknowledgments are TCP's alone */
};

enum rx_piece { RX_BHS, RX_AHS, RX_HEADER_DIGEST, RX_DATA, RX_PAD, RX_DATA_DIGEST };

struct tcp_rx {
	enum rx_piece piece;
	u32 have, want;			/* bytes of the piece */
	u32 crc;
	u8 digest[ISCSI_CRC32C_BYTES];
	struct iscsi_bhs bhs;
	u32 data_bytes;
	const struct rx_row *row;	/* rx_rows[], by opcode */
	struct tcp_task *task;		/* whom the PDU's ITT names, NULL: nobody */
	bool to_task;			/* data goes to its pages (TASK_RX is set), else to buffer */
	bool discard;			/* the task was taken away meanwhile: the rest of this PDU means nothing */
	u8 *buffer;			/* TCP_USER_DATA_MAX bytes: data of PDUs that are not Data-In */
	struct tcp_acks acks;
};

/* --- sending (tx.c) -------------------------------------------------------------------------------------------------------------- */

#define TX_HEADER_MAX	(ISCSI_BHS_BYTES + 4 + 244 + ISCSI_CRC32C_BYTES)	/* with the longest CDB, 260 bytes */
#define TX_TAIL_MAX	(4 + ISCSI_CRC32C_BYTES)

/* What TCP has not taken yet: copied bytes, then the data segment of one task. */
struct tcp_tx {
	/* End of the PDU before (pad, data digest), PDUs without data, and the header of the one with data. */
	u8 bytes[TX_TAIL_MAX + 5 * TX_HEADER_MAX] __aligned(8);
	u32 sent, have;			/* what is to be sent lies between them */
	struct tcp_task *task;		/* whose data follows, at task->out or in mgmt->data; NULL: none */
	u32 data_bytes;			/* of it, not sent yet */
	u32 pad;
	u32 crc;			/* of data and pad; of what TCP has, if it copies */
	bool copies;			/* the data may still change: it goes through bytes, which are empty meanwhile */
	bool running;			/* somebody is sending: TCP may call back */
	bool promised;			/* TCP was told that more follows */
};

enum tcp_conn_state {
	TCP_CONN_FREE,		/* no socket, or one that stop() takes away */
	TCP_CONN_BOUND,		/* PDUs of user space only (login) */
	TCP_CONN_UP,		/* full feature phase */
	TCP_CONN_LOGOUT,	/* a logout was sent: only what is under way */
	TCP_CONN_FAILED,	/* reported, waits for stop() */
};

/* For GET_STATS: begins as struct iscsi_stats does. Under the socket lock. */
struct tcp_counts {
	u64 txdata_octets, rxdata_octets;
	u32 noptx_pdus, scsicmd_pdus, tmfcmd_pdus, login_pdus, text_pdus, dataout_pdus, logout_pdus, snack_pdus;
	u32 noprx_pdus, scsirsp_pdus, tmfrsp_pdus, textrsp_pdus, datain_pdus, logoutrsp_pdus, r2t_pdus, async_pdus, rjt_pdus;
	u32 digest_err, timeout_err;
	u32 tx_sendpage_failures, rx_discontiguous_hdr, eh_abort_cnt;
};

struct tcp_conn {
	struct iscsi_cls_conn *cls;	/* NULL: user space has none now */
	struct tcp_session *session;
	u32 cid;
	enum tcp_conn_state state;	/* one writer: conn_state(), without a lock; read with READ_ONCE() */
	spinlock_t failure_lock;	/* reporting against destroying: cls */

	struct socket __rcu *sock;	/* written by bind and stop */
	struct tcp_release *release;	/* puts it, made with it so that stop() never fails */
	void (*old_data_ready)(struct sock *sk);
	void (*old_state_change)(struct sock *sk);
	void (*old_write_space)(struct sock *sk);
	/* Under the socket lock. Bytes are read when the kernel logs in itself, or from START on: those of a socket that comes in full
	 * feature phase wait until the digests are known.
	 */
	bool may_read;
	bool logged_out;		/* the target agreed: it may close */
	u32 login_tag;			/* of the first login request of this socket, 0: none yet */

	/* negotiated; constant while UP */
	bool header_digest, data_digest;
	u32 max_recv_bytes, max_xmit_bytes;	/* MaxRecvDataSegmentLength: ours, the target's */
	u32 exp_statsn;

	struct llist_head submitted;	/* queuecommand -> tx; newest first */
	unsigned long tx_flags;		/* bit TX_KICKED: somebody owes the queue a run */
	struct list_head tx_mgmt;	/* own PDUs, first of all */
	struct list_head tx_data;	/* R2Ts to answer, unsolicited data: before new commands */
	struct list_head tx_commands;	/* waiting for the window or the socket */
	struct list_head active;	/* all that the target may answer, in the order of sending; DONE ones too until delivered */
	struct tcp_slot *slots;		/* can_queue commands, then TCP_MGMT_TASKS of ours */
	u32 slot_count;
	struct tcp_tx tx;
	struct tcp_rx rx;
	struct work_struct tx_work;	/* session->workqueue */

	struct llist_head done;		/* complete.c */
	struct tasklet_struct complete;
	struct mutex flush_mutex;	/* complete_flush() ends when others' deliveries do; leaf */
	struct mutex empty_mutex;	/* while stop() empties it */

	/* nop.c */
	struct timer_list timer;
	unsigned long last_recv, last_ping;	/* jiffies */
	struct tcp_mgmt *ping;
	int recv_tmo_sec, ping_tmo_sec;		/* 0: no pings */

	struct tcp_counts stats;
	/* session->names_mutex */
	struct sockaddr_storage peer, local;	/* ss_family 0: no socket */
	char *persistent_address, *local_ipaddr;
	u32 persistent_port;
};

/* What user space set and the kernel only keeps and shows. */
struct tcp_names {
	char *targetname, *targetalias, *initiatorname, *ifacename, *username, *username_in, *password, *password_in,
	     *boot_root, *boot_nic, *boot_target, *portal_type, *discovery_parent_type;
};

/* shost_priv() of its host (lives as long as that); a pointer to it is the dd_data of iscsi_cls_session. */
struct tcp_session {
	struct iscsi_cls_session *cls;
	struct Scsi_Host *shost;
	struct tcp_conn *conns[TCP_CONNS_MAX];	/* the index is a path, not the CID; once set (release), kept until the session ends */
	atomic_t sockets;			/* not put yet */
	/* Written by start and stop, wakes up recovered. */
	bool running;				/* was started, and not stopped since */
	bool terminating;			/* STOP(TERM): nothing comes back, nothing is retried */
	bool recovery_failed;			/* until the next START: the recovery timer ran out */
	struct tcp_window window;
	struct workqueue_struct *workqueue;	/* WQ_MEM_RECLAIM */

	/* negotiated (RFC 7143 13) */
	bool initial_r2t, immediate_data, data_pdu_in_order, data_sequence_in_order;
	u32 max_outstanding_r2t, first_burst_bytes, max_burst_bytes;
	u32 erl, tpgt, discovery_session;
	/* error handler, seconds */
	int abort_tmo_sec, lu_reset_tmo_sec, tgt_reset_tmo_sec;
	bool fast_abort;
	struct mutex eh_mutex;			/* the error handler, one command at a time */
	u32 generation;				/* of recoveries: an error handler sees that the session was made anew meanwhile */
	wait_queue_head_t recovered;		/* state of the session changed */

	spinlock_t mgmt_lock;			/* in_use of mgmt[] */
	struct tcp_mgmt mgmt[TCP_MGMT_TASKS];	/* the first two are kept for login/text and logout, the next two for NOP and TMF */
	struct mutex names_mutex;		/* texts and addresses; leaf */
	struct tcp_names names;
	char *host_initiatorname, *host_hwaddress, *host_netdev;	/* SET_HOST_PARAM */
};

/* --- who calls whom -------------------------------------------------------------------------------------------------------------- */

/* task.c */
static inline bool task_is(const struct tcp_task *task, int flags)	/* any of them */
{
	return atomic_read(&task->state) & flags;
}

int tasks_init(struct tcp_conn *conn);		/* after the host knows can_queue */
void tasks_exit(struct tcp_conn *conn);
/* by tag and generation, ACTIVE and of this connection; NULL: nobody's. Socket lock */
struct tcp_task *task_find(struct tcp_conn *conn, __be32 itt);
/* New generation and tag; SUBMITTED. number: of the block layer, or TAG_INTERNAL | index. */
void task_start(struct tcp_task *task, struct tcp_conn *conn, u32 number);
void task_keep_tag(struct tcp_task *task, u32 tag);	/* started, not submitted yet: takes the tag its number had before */
void task_collect(struct tcp_conn *conn);	/* what was submitted goes to tx_commands, tx_mgmt, oldest first. Socket lock */
/* tx begins its request PDU: ACTIVE and TX, may be found from now on. Socket lock */
void task_activate(struct tcp_task *task, u32 cmdsn);
void task_tx_start(struct tcp_task *task);	/* it has to send once more: TX, and goes to tx_data. Socket lock */
void task_rx_start(struct tcp_task *task);	/* a data segment goes to its pages. Socket lock */
/* Its result is in cmd (or mgmt): DONE, delivered now or when tx and rx let go. The caller does not touch it afterwards. Socket lock. */
void task_answered(struct tcp_task *task);
/* nothing of it is left to send; also instead of its next PDU if it is DONE or ABORTING. Socket lock */
void task_tx_done(struct tcp_task *task);
void task_rx_done(struct tcp_task *task);
/* For the error handler. Quiet: ABORTING, nothing more of it is sent but the rest of a PDU. Drop: out of the connection and delivered
 * with this result; -EBUSY: a PDU of it is half sent. Socket lock.
 */
void task_quiet(struct tcp_task *task);
int task_drop(struct tcp_task *task, int scsi_result);
void tasks_fail(struct tcp_conn *conn, int scsi_result);	/* all that is left, connection dead; delivers them */
/* a command found in conn->submitted of a connection that is not UP: the mid layer tries again */
void task_refuse(struct tcp_task *task);

/* complete.c */
void complete_init(struct tcp_conn *conn);
void complete_exit(struct tcp_conn *conn);	/* sleeps; before conn is freed */
void complete_later(struct tcp_task *task);	/* scsi_done() outside of the socket lock, in a batch */
void complete_flush(struct tcp_conn *conn);	/* sleeps until all that was answered before is delivered; not under the socket lock */

/* window.c */
void window_begin(struct tcp_window *window);	/* a new connection: one command may go until the target tells more. RFC 7143 4.2.2.1 */
bool window_open(const struct tcp_window *window);		/* may a command be sent now? Racy without the lock: a hint */
bool window_take(struct tcp_window *window, u32 *ret_cmdsn);
bool window_update(struct tcp_window *window, u32 exp_cmdsn, u32 max_cmdsn);	/* RFC 7143 4.2.2.1; true: it opened */

/* tx.c */
void tx_submit(struct tcp_conn *conn, struct tcp_task *task, bool kick);	/* any context that may not sleep */
void tx_kick(struct tcp_conn *conn);		/* send inline if the socket is free, else by the worker */
void tx_hold(struct tcp_conn *conn);		/* rx has the socket lock: what is submitted from now on waits for tx_kick_locked() */
void tx_kick_locked(struct tcp_conn *conn);	/* rx has the socket lock: send what became possible (R2T, window) */
void tx_work(struct work_struct *work);
void tx_write_space(struct tcp_conn *conn);
void tx_forget(struct tcp_conn *conn);		/* connection dead: nothing is half sent any more */
/* one of ours, also while BOUND: to conn->tx_mgmt, and sends. Socket lock */
void tx_mgmt(struct tcp_conn *conn, struct tcp_mgmt *mgmt);
void r2t_forget(struct tcp_task *task);		/* r2t.c: all that were not answered. Socket lock */

/* rx.c */
int rx_init(struct tcp_conn *conn);
void rx_reset(struct tcp_conn *conn);		/* a new socket: begins at a BHS */
void rx_exit(struct tcp_conn *conn);
void rx_data_ready(struct tcp_conn *conn);	/* socket lock; takes all there is */

/* mgmt.c: own tasks */
/* A started task with an immediate request header of this opcode, to be filled in and given to tx_mgmt(); NULL: all in use. Socket lock. */
struct tcp_mgmt *mgmt_get(struct tcp_conn *conn, enum iscsi_pdu_opcode opcode);
void mgmt_put(struct tcp_mgmt *mgmt);
void mgmt_sent(struct tcp_mgmt *mgmt);	/* its last byte was handed to TCP, task_tx_done() follows; socket lock */
/* rx found the task by the ITT of this PDU; socket lock. The opcode is checked here. Ends with task_answered(). */
void mgmt_answered(struct tcp_conn *conn, struct tcp_mgmt *mgmt, const struct iscsi_bhs *bhs, const void *data, u32 data_bytes);

/* conn.c */
bool conn_state(struct tcp_conn *conn, enum tcp_conn_state state);	/* the one writer; false: no such transition from here */
struct sock *conn_lock(struct tcp_conn *conn);	/* lock_sock() of its socket, held; NULL: it has none. Sleeps */
void conn_unlock(struct sock *sk);
/* Under rcu_read_lock(), or in the callbacks, the timer, the worker; NULL: no socket. */
static inline struct sock *conn_sk(const struct tcp_conn *conn)
{
	struct socket *sock = rcu_dereference_raw(conn->sock);

	return sock ? sock->sk : NULL;
}

static inline bool conn_is_up(const struct tcp_conn *conn)
{
	return READ_ONCE(conn->state) == TCP_CONN_UP;
}

void conn_failure(struct tcp_conn *conn, enum iscsi_err error);	/* once per socket; any context, also under the socket lock */
/* async, reject, NOP-In, login ... */
void conn_up_to_user(struct tcp_conn *conn, const struct iscsi_bhs *bhs, const void *data, u32 data_bytes);

/* nop.c */
void nop_start(struct tcp_conn *conn);
void nop_stop(struct tcp_conn *conn);		/* sleeps */
/*
 * A NOP-In whose ITT is ISCSI_TAG_NONE: the target asks, or tells its window. Socket lock. An answer to a ping
 * of ours goes to mgmt_answered().
 */
void nop_received(struct tcp_conn *conn, const struct iscsi_bhs_nop_in *bhs, const void *data, u32 data_bytes);

/* scsi.c, eh.c */
extern compat_host_template scsi_template;
bool scsi_data_may_change(const struct scsi_cmnd *cmd);	/* of a write, by its owner, before it is answered */
/* ends with task_answered() */
void scsi_response(struct tcp_task *task, const struct iscsi_bhs_scsi_response *bhs, const void *data, u32 data_bytes);
/* S bit, data received; ends with task_answered() */
void scsi_data_in_status(struct tcp_task *task, const struct iscsi_bhs_data_in *bhs);
compat_timeout_result eh_timed_out(struct scsi_cmnd *cmd);
int eh_abort(struct scsi_cmnd *cmd);
int eh_device_reset(struct scsi_cmnd *cmd);
int eh_target_reset(struct scsi_cmnd *cmd);
int eh_host_reset(struct scsi_cmnd *cmd);

#endif
