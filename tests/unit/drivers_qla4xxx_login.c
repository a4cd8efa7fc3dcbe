/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logins of a session of the flash whose end the firmware does not tell: it is asked soon, and what it says counts; a login that takes too
 * long is ended and begun again; whatever fails, the session's work is armed until it is logged in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

/* The driver's own want more of the kernel: what login.c takes from them is below. */
#define OPENHBA_QLA4XXX_FIELD_H
#define OPENHBA_QLA4XXX_SESSION_H

#include "drivers/qla4xxx/ddb_state.c"

enum { ISP_DDB_ROW_TIME2WAIT, ISP_DDB_ROW_DEFAULT_TIMEOUT };
enum session_kind { SESSION_USER, SESSION_FLASH };

struct iscsi_cls_conn { int unused; };
struct ddb_answer { enum isp_ddb_state state; u16 local_port; };

struct qla_session;
struct qla_sessions { int lock; bool must_list; struct qla_session *table[ISP_DDBS]; };
struct qla_host { struct qla_sessions *sessions; void *workqueue; };

struct qla_session {
	struct qla_host *host;
	struct iscsi_cls_session *cls;
	enum session_kind kind;
	u16 ddb, local_port;
	bool removing, held, wants_login, is_suspect, logs_out, has_entry;
	struct mutex mutex;
	struct iscsi_cls_conn *conn;
	enum isp_ddb_state state;
	unsigned long login_until, answer_until;
	int state_changed;
	struct delayed_work work;
	u8 wanted[1], entry[1];
};

static struct {
	struct qla_sessions sessions;
	struct qla_host host;
	struct iscsi_cls_session cls;
	struct iscsi_cls_conn conn;
	struct qla_session session;
	enum isp_ddb_state firmware;	/* where its entry stands */
	int error;			/* of asking for it */
	long armed_ms;			/* -1: not */
	unsigned int opened, logged_out, unblocked;
} world;

unsigned long jiffies;

#undef mutex_lock
#define mutex_lock(m)		((void)(m))
#undef mutex_unlock
#define mutex_unlock(m)		((void)(m))
#define lockdep_assert_held(l)	((void)(l))
#define wake_up_all(q)		((void)(q))
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define clamp_t(t, v, low, high) ((t)(v) < (t)(low) ? (t)(low) : (t)(v) > (t)(high) ? (t)(high) : (t)(v))
#define time_after(a, b)	((long)((b) - (a)) < 0)
#define time_after_eq(a, b)	((long)((a) - (b)) >= 0)
#define mod_delayed_work(queue, w, delay) ((void)(queue), (void)(w), world.armed_ms = 1000 * (delay) / HZ)
#define queue_delayed_work(queue, w, delay) (world.armed_ms < 0 ? mod_delayed_work(queue, w, delay) : 0)
#undef INIT_DELAYED_WORK
#define INIT_DELAYED_WORK(w, fn) ((void)(w), (void)(fn))
#undef spin_lock_irqsave
#define spin_lock_irqsave(l, flags) ((void)(l), (flags) = 0)
#undef spin_unlock_irqrestore
#define spin_unlock_irqrestore(l, flags) ((void)(l), (void)(flags))
#define wait_event_timeout(queue, condition, timeout) (condition)
#define host_ready(h)		((void)(h), true)
#define host_is_lost(h)		((void)(h), false)
#define field_get(row, entry)	((void)(entry), (row) == ISP_DDB_ROW_TIME2WAIT ? 2 : 30)
#define iscsi_block_session(c)	((void)(c))
#define iscsi_unblock_session(c) ((void)(c), world.unblocked++)
#define iscsi_conn_login_event(c, state) ((void)(c))
#define iscsi_conn_error_event(c, error) ((void)(c))
#define ddb_set(h, ddb, entry)	((void)(h), 0)
#define ddb_request_again(h, ddb) ((void)(h), 0)

void login_init(struct qla_session *session);
void login_start(struct qla_session *session, unsigned int delay_ms);
void login_forget(struct qla_session *session);
void login_logout(struct qla_session *session);
void login_wait_out(struct qla_session *session);
void session_told(struct qla_session *session, unsigned int state);
void login_link(struct qla_session *session, bool up);
void login_kick(struct qla_session *session);
void login_reset(struct qla_session *session);
void session_suspect(struct qla_host *host, u16 ddb);

static int ddb_get(struct qla_host *host, u16 ddb, void *entry, struct ddb_answer *answer)
{
	answer->state = world.firmware;
	return world.error;
}

static int ddb_open(struct qla_host *host, u16 ddb)
{
	world.firmware = ISP_DDB_LOGIN;
	world.opened++;
	return 0;
}

static int ddb_logout(struct qla_host *host, u16 ddb)
{
	world.logged_out++;
	if (world.error)
		return world.error;
	world.firmware = ISP_DDB_NO_CONNECTION;
	return 0;
}

#include "drivers/qla4xxx/login.c"

/* A login has been asked for. */
static int begin(void **state)
{
	memset(&world, 0, sizeof(world));
	world.host.sessions = &world.sessions;
	world.session = (struct qla_session){ .host = &world.host, .cls = &world.cls, .kind = SESSION_FLASH, .conn = &world.conn, .held = true,
					      .state = ISP_DDB_NO_CONNECTION };
	world.firmware = ISP_DDB_NO_CONNECTION;
	login_start(&world.session, 0);
	return 0;
}

/* The session's work, when it is time for it; returns the seconds that passed until it was. */
static double work(void)
{
	long ms = world.armed_ms;

	assert_true(ms >= 0);
	world.armed_ms = -1;
	jiffies += msecs_to_jiffies(ms);
	work_run(&world.session.work.work);
	return ms / 1000.0;
}

static void test_told(void **state)
{
	work();
	assert_int_equal(world.opened, 1);
	world.firmware = ISP_DDB_ACTIVE;
	session_told(&world.session, ISP_DDB_ACTIVE);
	assert_int_equal(world.unblocked, 1);
	work();
	assert_int_equal(world.opened, 1);
	assert_int_equal(world.unblocked, 1);
	assert_int_equal(world.armed_ms, -1);
}

/* Its event was lost. */
static void test_not_told(void **state)
{
	work();
	world.firmware = ISP_DDB_ACTIVE;
	assert_true(work() < 3);
	assert_int_equal(world.unblocked, 1);
	assert_int_equal(world.session.state, ISP_DDB_ACTIVE);
	session_told(&world.session, ISP_DDB_ACTIVE);
	assert_int_equal(world.unblocked, 1);
}

/* One that failed is not asked for again before time2wait is over. */
static void test_failure_not_told(void **state)
{
	work();
	world.firmware = ISP_DDB_FAILED;
	work();
	assert_int_equal(world.opened, 1);
	assert_true(work() > 2);
	assert_int_equal(world.opened, 2);
}

static void test_no_end(void **state)
{
	double seconds = 0;

	work();
	while (!world.logged_out && seconds < 100)
		seconds += work();
	assert_true(seconds >= 30 && seconds < 35);
	while (world.opened < 2 && seconds < 100)
		seconds += work();
	assert_true(seconds < 40);
}

/* A firmware that does not answer, or refuses to end it, is asked again. */
static void test_no_answer(void **state)
{
	work();
	world.error = -EIO;
	for (unsigned int i = 0; i < 50; i++)
		work();
	assert_true(world.logged_out > 1);
	world.error = 0;
	world.firmware = ISP_DDB_ACTIVE;
	work();
	assert_int_equal(world.session.state, ISP_DDB_ACTIVE);
	assert_int_equal(world.unblocked, 1);
}

static void up(void)
{
	work();
	world.firmware = ISP_DDB_ACTIVE;
	session_told(&world.session, ISP_DDB_ACTIVE);
	work();
	world.sessions.table[0] = &world.session;
}

/* Commands came back, and nothing tells why. */
static void test_suspect(void **state)
{
	up();
	session_suspect(&world.host, 0);
	assert_true(world.session.is_suspect);
	assert_true(work() < 2);
	assert_false(world.session.is_suspect);
	assert_int_equal(world.unblocked, 2);
	assert_int_equal(world.opened, 1);
}

/* The firmware does not say either, at first. */
static void test_suspect_no_answer(void **state)
{
	up();
	session_suspect(&world.host, 0);
	world.error = -EIO;
	for (unsigned int i = 0; i < 5; i++)
		assert_true(work() < 2);
	assert_true(world.session.is_suspect);
	assert_int_equal(world.unblocked, 1);
	world.error = 0;
	work();
	assert_false(world.session.is_suspect);
	assert_int_equal(world.unblocked, 2);
	assert_int_equal(world.armed_ms, -1);
}

/* Something does, and it is logged in before the firmware was asked. */
static void test_suspect_told(void **state)
{
	up();
	session_suspect(&world.host, 0);
	session_told(&world.session, ISP_DDB_FAILED);
	session_told(&world.session, ISP_DDB_ACTIVE);
	assert_false(world.session.is_suspect);
	assert_int_equal(world.unblocked, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_told, begin), cmocka_unit_test_setup(test_not_told, begin),
		cmocka_unit_test_setup(test_failure_not_told, begin), cmocka_unit_test_setup(test_no_end, begin),
		cmocka_unit_test_setup(test_no_answer, begin), cmocka_unit_test_setup(test_suspect, begin),
		cmocka_unit_test_setup(test_suspect_no_answer, begin), cmocka_unit_test_setup(test_suspect_told, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
