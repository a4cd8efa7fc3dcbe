/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session's way out of the table, whoever takes it away: once, and with nothing left that would still come to it, though an event that
 * arms its work may be under way while its removal begins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#define OPENHBA_QLA4XXX_SESSION_H

#define ISP_DDBS 2
#define ISP_DDB_SIZE 1

enum host_flag { HOST_LINK_UP };
enum session_kind { SESSION_USER, SESSION_FLASH };
enum { ISP_DDB_NO_CONNECTION };

struct qla_session;
struct iscsi_cls_conn { int unused; };
struct iscsi_endpoint;

/* The class's object of a session, with what only this file looks at. */
struct class_session { int dev, recovery_tmo; bool online; void *dd_data; };
#define iscsi_cls_session class_session

struct sessions {
	struct qla_host *host;
	int lock, removed;
	struct qla_session *table[ISP_DDBS];
	unsigned long stale[1];
	bool is_closing, must_list;
	struct work_struct list_work;
	void *workqueue;
};

struct qla_host {
	struct Scsi_Host *shost;
	struct sessions *sessions;
	unsigned long flags;
	int gate;
};

struct qla_session {
	struct qla_host *host;
	struct iscsi_cls_session *cls;
	enum session_kind kind;
	u16 ddb;
	bool removing, held, wants_login, has_entry;
	struct mutex disks_mutex, mutex;
	struct iscsi_cls_conn *conn;
	int state, state_changed;
	struct delayed_work work;
	u8 wanted[ISP_DDB_SIZE], entry[ISP_DDB_SIZE];
	void *settings;
};

static struct {
	struct sessions sessions;
	struct qla_host host;
	struct iscsi_cls_session cls;
	struct iscsi_cls_conn conn;
	struct qla_session session;
	bool event;		/* has the session's mutex, has seen no removal, and is about to arm the work */
	bool is_armed;
	char done[16];		/* d: disks taken away, c: connection, o: object, l: logout, r: index, f: memory; E: an error is told */
} world;

static void did(char what)
{
	world.done[strlen(world.done)] = what;
}

/* A lock is a place where others may have been first. */
static void others_first(void)
{
	if (world.event)
		world.is_armed = true;
	world.event = false;
}

#undef mutex_lock
#define mutex_lock(m)		((void)(m), others_first())
#undef mutex_unlock
#define mutex_unlock(m)		((void)(m))
#undef spin_lock_irq
#define spin_lock_irq(l)	((void)(l))
#undef spin_unlock_irq
#define spin_unlock_irq(l)	((void)(l))
#define spin_lock_init(l)	((void)(l))
#define init_waitqueue_head(q)	((void)(q))
#define wait_event_timeout(queue, condition, timeout) ((void)(timeout), (condition))
#define get_device(d)		((void)(d))
#define put_device(d)		((void)(d))
#define kzalloc(size, gfp)	((void)(gfp), calloc(1, size))
#define bitmap_zero(map, bits)	((map)[0] = 0)
#define memchr_inv(p, c, size)	((p)[0] ?: (p)[1])
#define cancel_delayed_work_sync(w) ((void)(w), world.is_armed = false)
#define cancel_work_sync(w)	((void)(w))
#define destroy_workqueue(q)	((void)(q))
#define host_of(s)		((void)(s), &world.host)
#define session_of(c)		((struct qla_session *)(c)->dd_data)
#define host_is_lost(h)		((void)(h), false)
#define host_ready(h)		((void)(h), true)
#define host_warn(h, ...)	((void)(h))
#define host_err(h, ...)	((void)(h))
#define gate_enter(g)		((void)(g), 0)
#define gate_leave(g)		((void)(g))
#define endpoint_host(ep, portal) ((void)(ep), world.host.shost)
#define scsi_host_put(s)	((void)(s))
#define scsi_remove_target(d)	((void)(d), did('d'))
#define conn_remove(session, conn) ((void)(conn), did('c'))
#define iscsi_is_session_online(c) ((c)->online)
#define iscsi_alloc_session(s, t, size) ((void)(s), &world.cls)
#define iscsi_add_session(c, id) ((void)(c), (void)(id), 0)
#define iscsi_remove_session(c)	((void)(c), did('o'))
#define iscsi_free_session(c)	((void)(c), did('f'))
#define iscsi_conn_error_event(c, error) ((void)(c), did('E'))
#define ddb_same_target(one, other, with_isid) (true)
#define ddb_request(h, ret)	((void)(h), *(ret) = 0, 0)
#define ddb_release(h, ddb, held) ((void)(h), (void)(ddb), did('r'))
#define login_init(s)		((void)(s))
#define login_logout(s)		((void)(s), did('l'))
#define login_wait_out(s)	((void)(s))
#define login_link(s, up)	((void)(s))
#define login_kick		others
#define login_reset		others
#define params_free(s)		((void)(s))
#define flash_sessions_init(h)	((void)(h), 0)
#define flash_sessions_list(h)	((void)(h))

static const int ql4xsess_recovery_tmo = 120;

static void others(struct qla_session *session)
{
}

int sessions_init(struct qla_host *host);
void sessions_free(struct qla_host *host);
void sessions_link(struct qla_host *host, bool up);
void sessions_kick(struct qla_host *host);
void sessions_stop(struct qla_host *host);
void sessions_restart(struct qla_host *host);
void sessions_remove(struct qla_host *host, bool gone);
struct qla_session *session_get(struct qla_host *host, u16 ddb);
void session_put(struct qla_session *session);
struct qla_session *session_find(struct qla_host *host, const void *entry, bool with_isid);
struct qla_session *session_new(struct qla_host *host, enum session_kind kind, const void *entry, int *ret_error);
bool session_begin_removal(struct qla_session *session);
void session_remove(struct qla_session *session);
struct iscsi_cls_session *session_create(struct iscsi_endpoint *ep, u16 cmds_max, u16 queue_depth, u32 initial_cmdsn);
void session_destroy(struct iscsi_cls_session *cls);

#include "drivers/qla4xxx/session.c"

/* A session that is logged in. */
static int begin(void **state)
{
	memset(&world, 0, sizeof(world));
	world.host.sessions = &world.sessions;
	world.host.flags = BIT(HOST_LINK_UP);
	world.cls.online = true;
	world.cls.dd_data = &world.session;
	world.session = (struct qla_session){ .host = &world.host, .cls = &world.cls, .conn = &world.conn, .held = true };
	world.sessions.table[0] = &world.session;
	return 0;
}

static void test_removal(void **state)
{
	world.is_armed = true;
	session_destroy(&world.cls);
	assert_string_equal(world.done, "dcolrf");
	assert_false(world.is_armed);
	assert_null(world.sessions.table[0]);
	session_destroy(&world.cls);
	assert_string_equal(world.done, "dcolrf");
}

/* Its timer would run when the session's memory is somebody else's. */
static void test_removal_while_told(void **state)
{
	world.event = true;
	session_destroy(&world.cls);
	assert_string_equal(world.done, "dcolrf");
	assert_false(world.event);
	assert_false(world.is_armed);
}

/* Nobody writes caches back where nobody answers. */
static void test_removal_offline(void **state)
{
	world.cls.online = false;
	session_destroy(&world.cls);
	assert_string_equal(world.done, "colrf");
}

/* User space is told of the end of its own, and has let go of nothing. */
static void test_host_goes(void **state)
{
	sessions_remove(&world.host, false);
	assert_string_equal(world.done, "dEdcolrf");
	assert_null(session_get(&world.host, 0));
}

static void test_host_goes_flash(void **state)
{
	world.session.kind = SESSION_FLASH;
	world.event = true;
	sessions_remove(&world.host, false);
	assert_string_equal(world.done, "dcolrf");
	assert_false(world.is_armed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_removal, begin),	       cmocka_unit_test_setup(test_removal_while_told, begin),
		cmocka_unit_test_setup(test_removal_offline, begin),   cmocka_unit_test_setup(test_host_goes, begin),
		cmocka_unit_test_setup(test_host_goes_flash, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
