/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is done with a session found in the kernel, for each combination sysfs can show; what a restarted daemon knows of it. */
#include "tests/unit/daemon_world.h"

#include <dlfcn.h>
#include <openssl/opensslv.h>

#include "daemon/adopt.h"

#define TEXT_OF(number) TEXT(number)
#define TEXT(number) #number

static const struct {
	const char *state, *target_state, *conn_state;
	enum adoption adoption;
} rows[] = {
	{"LOGGED_IN", "SCANNED", "up", ADOPT_HEALTHY},
	{"LOGGED_IN", "ALLOCATED", "up", ADOPT_SCAN},
	{"LOGGED_IN", "UNBOUND", "up", ADOPT_LOGOUT},
	{"LOGGED_IN", "UNBINDING", "up", ADOPT_LOGOUT},
	{"LOGGED_IN", "SCANNED", "failed", ADOPT_RELOGIN},
	{"LOGGED_IN", "SCANNED", "down", ADOPT_RELOGIN},
	{"LOGGED_IN", "", "", ADOPT_HEALTHY},
	{"FAILED", "SCANNED", "failed", ADOPT_RELOGIN},
	{"FAILED", "ALLOCATED", "failed", ADOPT_RELOGIN},
	{"FAILED", "SCANNED", "bound", ADOPT_RELOGIN},
	{"FREE", "SCANNED", "failed", ADOPT_RELOGIN},
	{"FREE", "SCANNED", "bound", ADOPT_RELOGIN},
	{"FREE", "ALLOCATED", "failed", ADOPT_RELOGIN},
	{"FREE", "ALLOCATED", "bound", ADOPT_DESTROY},
	{"FREE", "ALLOCATED", "down", ADOPT_DESTROY},
	{"FREE", "UNBOUND", "failed", ADOPT_DESTROY},
	{"FREE", "", "", ADOPT_DESTROY},
};

static struct sysfs_session session_of(size_t i)
{
	struct sysfs_session session = {.sid = 1,
					.has_conn = true,
					.creator = 287,
					.transport = "tcp",
					.target_name = "iqn.x:y"};

	snprintf(session.state, sizeof(session.state), "%s", rows[i].state);
	snprintf(session.target_state, sizeof(session.target_state), "%s", rows[i].target_state);
	snprintf(session.conn_state, sizeof(session.conn_state), "%s", rows[i].conn_state);
	return session;
}

static void test_states(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);

		assert_int_equal(adopt_decide(&session), rows[i].adoption);
	}
}

static void test_not_ours(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);

		session.creator = -1;
		assert_int_equal(adopt_decide(&session), ADOPT_LEAVE);
		session = session_of(i);
		snprintf(session.transport, sizeof(session.transport), "%s", "unheard-of");
		assert_int_equal(adopt_decide(&session), ADOPT_LEAVE);
	}
}

/* Sessions through adapters that a program has made are sessions like others. */
static void test_adapters_are_alike(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);
		enum adoption expected = adopt_decide(&session);

		snprintf(session.transport, sizeof(session.transport), "%s", "be2iscsi");
		session.max_burst_len = 262144;
		assert_int_equal(adopt_decide(&session), expected);
	}
}

/* The daemon was killed while a driver carried its login, and the target dropped it. */
static void test_half_a_login(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);

		snprintf(session.transport, sizeof(session.transport), "%s", "iser");
		session.max_burst_len = 0;
		assert_int_equal(adopt_decide(&session),
				 strcmp(rows[i].state, "LOGGED_IN") ? ADOPT_DESTROY : rows[i].adoption);
	}
}

static void test_half_made(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sysfs_session session = session_of(i);

		session.has_conn = false;
		assert_int_equal(adopt_decide(&session), ADOPT_DESTROY);
		session = session_of(i);
		session.target_name[0] = '\0';
		assert_int_equal(adopt_decide(&session), ADOPT_DESTROY);
	}
}

/* What sysfs would say of the session that world_logged_in() makes. */
static struct sysfs_session found_in(const struct session *session)
{
	struct sysfs_session found = session_of(0);

	found.sid = (uint32_t)session->sid;
	found.host_no = (uint32_t)session->host_no;
	snprintf(found.target_name, sizeof(found.target_name), "%s", session_target(session));
	snprintf(found.persistent_address, sizeof(found.persistent_address), "%s", session_address(session));
	found.persistent_port = session_port(session);
	return found;
}

/* Takes over what another daemon has logged in. */
static struct session *restart(struct world *world, const struct sysfs_session *found)
{
	session_kill(TAILQ_FIRST(&world->daemon.sessions));
	adopt_session(&world->daemon, found);
	assert_non_null(TAILQ_FIRST(&world->daemon.sessions));
	return TAILQ_FIRST(&world->daemon.sessions);
}

static void test_identity_survives(void **state)
{
	struct world *world = *state;
	struct session *session = world_session(world, 0);
	struct sysfs_session found;
	uint8_t isid[ISID_BYTES];
	unsigned int requests;

	session->initial_cmdsn = 0xfffffff0u;
	start_login(session, world_ended, world);
	world_run(world, world_one_ended);
	memcpy(isid, session->isid, ISID_BYTES);
	found = found_in(session);
	requests = world->kernel.count;
	session = restart(world, &found);
	assert_memory_equal(session->isid, isid, ISID_BYTES);
	assert_int_equal(session->initial_cmdsn, 0xfffffff0u);
	assert_int_equal(session->home.count, 1);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
	assert_int_equal(session->conn.state, CONN_LOGGED_IN);
	assert_int_equal(world->kernel.count, requests);
}

static bool is_back(struct world *world)
{
	return world_requests(world, ISCSI_UEVENT_START_CONN) == 2;
}

static void test_broken_is_logged_in_again(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct sysfs_session found = found_in(session);
	uint8_t isid[ISID_BYTES];

	memcpy(isid, session->isid, ISID_BYTES);
	snprintf(found.state, sizeof(found.state), "%s", "FAILED");
	snprintf(found.conn_state, sizeof(found.conn_state), "%s", "failed");
	world->kernel.scsi_commands = 5;
	session = restart(world, &found);
	world_run(world, is_back);
	assert_memory_equal(world->target.isid, isid, ISID_BYTES);
	assert_int_equal(world->target.cmdsn, 5);
	assert_int_equal(session->state, SESSION_LOGGED_IN);
}

static bool has_libcrypto(void)
{
	void *library = dlopen("libcrypto.so." TEXT_OF(OPENSSL_VERSION_MAJOR), RTLD_LAZY | RTLD_NOLOAD);

	if (library)
		dlclose(library);
	return library != NULL;
}

/* Its relogin needs digests, and may not open the library then: the disk may be the one that is lost. */
static void test_chap_is_prepared(void **state)
{
	struct world *world = *state;
	struct session *session = world_logged_in(world);
	struct sysfs_session found;

	found = found_in(session);
	session = restart(world, &found);
	assert_false(has_libcrypto());
	snprintf(found.username, sizeof(found.username), "%s", "alice");
	snprintf(found.password, sizeof(found.password), "%s", "wonderland12");
	snprintf(world->daemon.state_dir, sizeof(world->daemon.state_dir), "/nonexistent");
	session = restart(world, &found);
	assert_true(session_uses_chap(session));
	assert_true(has_libcrypto());
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_adapters_are_alike),
		cmocka_unit_test(test_half_a_login),
		cmocka_unit_test(test_half_made),
		WORLD_TEST(test_identity_survives),
		WORLD_TEST(test_broken_is_logged_in_again),
		WORLD_TEST(test_chap_is_prepared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
