/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The last step of the error handler against the end of the connection: who says that a command is over has waited until nothing of the
 * connection looks at it any more. stop() and the error handler are the real ones, in two threads; sockets and tasks are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

/* --- what the two files need of the kernel besides */

static struct mutex *guard_lock(struct mutex *mutex)
{
	mutex_lock(mutex);
	return mutex;
}

static void guard_unlock(struct mutex **mutex)
{
	mutex_unlock(*mutex);
}

/* guard(mutex)(&m): locked until the end of the block. */
#define guard(kind)	struct mutex *guarded __attribute__((cleanup(guard_unlock), unused)) = guard_lock

#define U64_MAX		(~0ull)
#define KERN_INFO	""
#define KERN_ERR	""
#define time_after(a, b) time_before(b, a)
#define time_after_eq(a, b) (!time_before(a, b))
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define kzalloc(size, gfp) calloc(1, size)
#define spin_lock_init(l) ((void)(l))
#define INIT_WORK(work, fn) ((void)(work), (void)(fn))
#define cancel_work_sync(work) ((void)(work))
#define DECLARE_COMPLETION_ONSTACK(c) struct completion c = { 0 }
#define completion_done(c) (!!(c)->done)
#define wait_for_completion(c) ((void)(c))
#define wait_for_completion_timeout(c, time) ((void)(time), (c)->done)
#define wait_event_timeout(queue, condition, time) ({ bool true_now = (condition); usleep(1000); true_now; })
#define wait_event_idle(queue, condition) ({ while (!(condition)) usleep(1000); })
#define msleep(ms)	usleep((ms) * 1000)
#define dev_dbg(...)	((void)0)
#define dev_info_ratelimited(dev, format, ...) ((void)0)
#define shost_printk(...) ((void)0)
#define iscsi_cls_conn_printk(...) ((void)0)

enum { SUCCESS = 0x2002, FAILED, FAST_IO_FAIL = 0x2008 };
enum { COMPAT_TIMEOUT_RECOVER, COMPAT_TIMEOUT_LATER };
enum { SUBMITTED_BY_SCSI_RESET_IOCTL = 2 };
enum { DID_NO_CONNECT = 1, DID_ABORT = 5, DID_RESET = 8, DID_TRANSPORT_DISRUPTED = 14 };
enum { STOP_CONN_TERM = 1, STOP_CONN_RECOVER = 3 };

enum { ISCSI_SESSION_LOGGED_IN = 1 };
enum iscsi_param { PARAM_NONE };
enum iscsi_host_param { HOST_PARAM_NONE };
typedef unsigned short umode_t;

struct rcu_work {
	int unused;
};

struct iscsi_cls_conn {
	void *dd_data;
};

struct scsi_lun;
struct iscsi_endpoint;
struct iscsi_stats;
struct iscsi_hdr;

#include "drivers/iscsi_tcp/ops.h"

/* Of which the session is the private part, as the task is the command's. */
struct command {
	struct scsi_cmnd cmd;
	struct tcp_task task;
};

static struct {
	struct Scsi_Host shost;
	struct scsi_device device;
	struct tcp_session session;
	struct iscsi_cls_session cls_session;
	struct tcp_conn conn;
	struct iscsi_cls_conn cls;
	struct command command;
	bool detached, emptied;
} world;

#define scsi_cmd_priv(c) ((void *)&((struct command *)(c))->task)
#define shost_priv(shost) ((void *)&world.session)

static void int_to_scsilun(u64 lun, struct scsi_lun *to)
{
}

/* --- the class */

static struct iscsi_cls_conn *iscsi_alloc_conn(struct iscsi_cls_session *cls, int bytes, u32 cid)
{
	return NULL;
}

static int iscsi_add_conn(struct iscsi_cls_conn *cls)
{
	return 0;
}

static void iscsi_remove_conn(struct iscsi_cls_conn *cls)
{
}

static void iscsi_put_conn(struct iscsi_cls_conn *cls)
{
}

static void iscsi_block_session(struct iscsi_cls_session *cls)
{
}

static void iscsi_unblock_session(struct iscsi_cls_session *cls)
{
}

static void iscsi_conn_error_event(struct iscsi_cls_conn *cls, enum iscsi_err error)
{
}

static int iscsi_recv_pdu(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 bytes)
{
	return 0;
}

#include "drivers/iscsi_tcp/conn.c"
#include "drivers/iscsi_tcp/eh.c"

/* --- the rest of the driver */

unsigned long jiffies = 1000;
bool kernel_out_of_memory;

struct tcp_session *session_of(const struct iscsi_cls_session *cls)
{
	return &world.session;
}

int param_check(const struct tcp_conn *conn)
{
	return 0;
}

void param_defaults_conn(struct tcp_conn *conn)
{
}

void param_free_conn(struct tcp_conn *conn)
{
}

void complete_init(struct tcp_conn *conn)
{
}

void complete_exit(struct tcp_conn *conn)
{
}

void complete_flush(struct tcp_conn *conn)
{
}

void nop_init(struct tcp_conn *conn)
{
}

void nop_start(struct tcp_conn *conn)
{
}

void nop_stop(struct tcp_conn *conn)
{
}

int rx_init(struct tcp_conn *conn)
{
	return 0;
}

void rx_reset(struct tcp_conn *conn)
{
}

void rx_exit(struct tcp_conn *conn)
{
}

int tasks_init(struct tcp_conn *conn)
{
	return 0;
}

void tasks_exit(struct tcp_conn *conn)
{
}

void task_collect(struct tcp_conn *conn)
{
}

void task_quiet(struct tcp_task *task)
{
}

int task_drop(struct tcp_task *task, int scsi_result)
{
	atomic_set(&task->state, 0);
	return 0;
}

void tx_work(struct work_struct *work)
{
}

void tx_kick(struct tcp_conn *conn)
{
}

void tx_forget(struct tcp_conn *conn)
{
}

void tx_mgmt(struct tcp_conn *conn, struct tcp_mgmt *mgmt)
{
}

struct tcp_mgmt *mgmt_get(struct tcp_conn *conn, enum iscsi_pdu_opcode opcode)
{
	return NULL;
}

void mgmt_put(struct tcp_mgmt *mgmt)
{
}

void window_begin(struct tcp_window *window)
{
}

int socket_attach(struct tcp_conn *conn, u64 fd)
{
	return 0;
}

void socket_read(struct tcp_conn *conn, struct sock *sk)
{
}

struct sock *conn_lock(struct tcp_conn *conn)
{
	return NULL;
}

void conn_unlock(struct sock *sk)
{
}

/* From here on the error handler finds no socket. */
void socket_detach(struct tcp_conn *conn)
{
	WRITE_ONCE(world.detached, true);
	usleep(100000);
}

/* The end of stop(): what the connection held goes back. */
void tasks_fail(struct tcp_conn *conn, int scsi_result)
{
	atomic_set(&world.command.task.state, 0);
	WRITE_ONCE(world.emptied, true);
}

/* --- the two of them */

static void *stop(void *data)
{
	conn_stop(&world.cls, STOP_CONN_TERM);
	return NULL;
}

static void test_reset_while_stopping(void **state)
{
	static struct tcp_conn *conn = &world.conn;
	pthread_t thread;

	memset(&world, 0, sizeof(world));
	world.cls.dd_data = &conn;
	world.device.host = &world.shost;
	world.command.cmd.device = &world.device;
	atomic_set(&world.command.task.state, TASK_ACTIVE);
	world.session.cls = &world.cls_session;
	world.session.conns[0] = conn;
	world.session.running = true;
	conn->session = &world.session;
	conn->cls = &world.cls;
	conn->state = TCP_CONN_UP;
	mutex_init(&conn->empty_mutex);
	mutex_init(&world.session.eh_mutex);
	INIT_LIST_HEAD(&conn->active);
	assert_int_equal(pthread_create(&thread, NULL, stop, NULL), 0);
	while (!READ_ONCE(world.detached))
		usleep(1000);
	assert_int_equal(eh_host_reset(&world.command.cmd), FAST_IO_FAIL);
	assert_true(READ_ONCE(world.emptied));
	assert_false(task_is(&world.command.task, TASK_FLAGS));
	pthread_join(thread, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset_while_stopping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
