/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The IPC, asked by a real client from a thread of its own: each method, what is refused, and
 * replies of many items. */
#include "tests/unit/daemon_world.h"

#include "daemon/verbs.h"
#include "lib/ipc.h"
#include "lib/json.h"

/* One call; the client's side of it runs beside the loop. */
struct ask {
	struct world *world;
	const char *method;
	const char *parameters; /* JSON */
	bool more;
	char path[96];
	enum iscsi_err err;
	char *message;
	struct json_object *replies[WORLD_MAX];
	size_t count;
	_Atomic bool is_done;
};

static struct ask *asking;

static int keep_reply(struct json_object *parameters, bool continues, void *data)
{
	struct ask *ask = data;

	assert_true(ask->count < WORLD_MAX);
	ask->replies[ask->count++] = json_object_get(parameters);
	return 0;
}

static void *ask_run(void *data)
{
	struct ask *ask = data;
	struct ipc_client *client;

	assert_int_equal(ipc_connect(ask->path, &client), 0);
	ask->err = ipc_client_call(client, ask->method, json_tokener_parse(ask->parameters),
				   ask->more, 8000, keep_reply, ask, &ask->message);
	ipc_client_free(client);
	ask->is_done = true;
	return NULL;
}

static bool is_asked(struct world *world)
{
	return asking->is_done;
}

static void ask(struct world *world, struct ask *ask, const char *method, const char *parameters,
		bool more)
{
	pthread_t thread;

	*ask = (struct ask){
		.world = world, .method = method, .parameters = parameters, .more = more};
	snprintf(ask->path, sizeof(ask->path), "%s/sock", world->dir);
	asking = ask;
	assert_int_equal(pthread_create(&thread, NULL, ask_run, ask), 0);
	world_run(world, is_asked);
	pthread_join(thread, NULL);
}

static void ask_done(struct ask *ask)
{
	for (size_t i = 0; i < ask->count; i++)
		json_object_put(ask->replies[i]);
	free(ask->message);
}

static int64_t number(struct json_object *object, const char *name)
{
	int64_t value;

	assert_int_equal(json_get_number(object, name, INT64_MIN, INT64_MAX, &value), 0);
	return value;
}

static const char *text_of(struct json_object *object, const char *name)
{
	const char *value;

	assert_int_equal(json_get_text(object, name, &value), 0);
	return value;
}

static int setup(void **state)
{
	struct world *world;
	static char path[96];

	world_setup(state);
	world = *state;
	snprintf(path, sizeof(path), "%s/sock", world->dir);
	world->daemon.options.socket_path = path;
	world->daemon.options.config_path = "/etc/iscsi/iscsid.conf";
	assert_int_equal(verbs_open(&world->daemon, -1), 0);
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	ipc_server_free(world->daemon.ipc);
	return world_teardown(state);
}

#define NODE(name, port, rest)                                                                     \
	"{\"settings\":{\"node.name\":\"" name                                                     \
	"\",\"node.conn[0].address\":\"127.0.0.1\",\"node.conn[0].port\":\"" port                  \
	"\",\"node.session.scan\":\"manual\",\"node.conn[0].timeo.logout_timeout\":\"1\"" rest     \
	"}}"

/* The node of the world's target; static storage. */
static const char *nodes(struct world *world, const char *format)
{
	static char text[4096];
	char port[8];
	size_t n = 0;

	snprintf(port, sizeof(port), "%d", world->target.port);
	for (const char *at = format; *at; at++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%.*s", *at == '@' ? 8 : 1,
				      *at == '@' ? port : at);
	return text;
}

static void test_info(void **state)
{
	struct ask a;

	ask(*state, &a, "org.openhba.iscsid.Info", "{}", false);
	assert_int_equal(a.err, ISCSI_ERR_SUCCESS);
	assert_int_equal(number(a.replies[0], "interface_version"), IPC_VERSION);
	assert_int_equal(number(a.replies[0], "pid"), getpid());
	assert_string_equal(text_of(a.replies[0], "initiator_name"), "iqn.2016-04.com.openhba:lab");
	assert_string_equal(text_of(a.replies[0], "config_file"), "/etc/iscsi/iscsid.conf");
	ask_done(&a);
}

static void test_login_sessions_logout(void **state)
{
	struct world *world = *state;
	struct json_object *list, *one;
	struct ask a;

	ask(world, &a, "org.openhba.iscsid.Login",
	    nodes(world, "{\"nodes\":[" NODE("iqn.x:y", "@", "") "]}"), true);
	assert_int_equal(a.err, ISCSI_ERR_SUCCESS);
	assert_int_equal(a.count, 1);
	assert_int_equal(number(a.replies[0], "error"), 0);
	assert_int_equal(number(a.replies[0], "sid"), 1);
	ask_done(&a);
	ask(world, &a, "org.openhba.iscsid.Sessions", "{}", false);
	assert_int_equal(json_get_array(a.replies[0], "sessions", &list), 0);
	assert_int_equal(json_object_array_length(list), 1);
	one = json_object_array_get_idx(list, 0);
	assert_string_equal(text_of(one, "target"), "iqn.x:y");
	assert_string_equal(text_of(one, "iface"), "default");
	assert_string_equal(text_of(one, "connection_state"), "LOGGED_IN");
	assert_string_equal(text_of(one, "session_state"), "NO_CHANGE");
	assert_int_equal(number(one, "host"), 101);
	assert_int_equal(number(one, "tpgt"), 1);
	ask_done(&a);
	/* Minus 2^32 plus 1 is no way to say 1. */
	ask(world, &a, "org.openhba.iscsid.Logout", "{\"sids\":[-4294967295,4294967297]}", true);
	assert_int_equal(a.count, 2);
	assert_int_equal(number(a.replies[0], "error"), ISCSI_ERR_SESS_NOT_FOUND);
	assert_int_equal(number(a.replies[1], "error"), ISCSI_ERR_SESS_NOT_FOUND);
	ask_done(&a);
	ask(world, &a, "org.openhba.iscsid.Logout", "{\"sids\":[1,99]}", true);
	assert_int_equal(a.count, 2);
	assert_int_equal(number(a.replies[0], "error"), ISCSI_ERR_SESS_NOT_FOUND);
	assert_int_equal(number(a.replies[0], "index"), 1);
	assert_int_equal(number(a.replies[1], "error"), 0);
	ask_done(&a);
	ask(world, &a, "org.openhba.iscsid.Sessions", "{\"sid\":1}", false);
	assert_int_equal(a.err, ISCSI_ERR_SESS_NOT_FOUND);
	ask_done(&a);
}

/* Bad nodes are refused one by one, good ones go on; a second session to the same place only if
 * asked for. */
static void test_login_many(void **state)
{
	struct world *world = *state;
	static const int64_t expected[] = {0,
					   ISCSI_ERR_SESS_EXISTS,
					   ISCSI_ERR_INVAL,
					   ISCSI_ERR_INVAL,
					   ISCSI_ERR_TRANS_NOT_FOUND,
					   ISCSI_ERR_INVAL,
					   0};
	struct ask a;

	ask(
		world, &a, "org.openhba.iscsid.Login",
		nodes(world, "{\"nodes\":[" NODE("iqn.x:y", "@", "") "," NODE(
				     "iqn.x:y", "@",
				     "") "," NODE("iqn x", "@",
						  "") "," NODE("iqn.x:z", "@",
							       ",\"node.session.cmds_max\":"
							       "\"many\"") "," NODE("iqn.x:z", "@",
										    ",\"iface."
										    "transport_"
										    "name\":"
										    "\"warp\"") ",{"
												"}"
												"," NODE("iqn.x:w",
													 "@",
													 ",\"node.of_tomorrow\":\"1\"") "]}"),
		true);
	assert_int_equal(a.err, ISCSI_ERR_SUCCESS);
	assert_int_equal(a.count, 7);
	for (size_t i = 0; i < a.count; i++) {
		assert_int_equal(number(a.replies[i], "error"),
				 expected[number(a.replies[i], "index")]);
		if (number(a.replies[i], "index") == 3)
			assert_string_equal(text_of(a.replies[i], "message"),
					    "node.session.cmds_max: \"many\" is not a number from "
					    "2 to 2048");
	}
	ask_done(&a);
	ask(world, &a, "org.openhba.iscsid.Login",
	    nodes(world, "{\"multiple\":true,\"nodes\":[" NODE("iqn.x:y", "@", "") "]}"), false);
	assert_int_equal(a.count, 1);
	assert_int_equal(number(a.replies[0], "error"), 0);
	ask_done(&a);
}

/* Without `more` one reply tells the first failure. */
static void test_verdict(void **state)
{
	struct world *world = *state;
	struct ask a;

	ask(world, &a, "org.openhba.iscsid.Login",
	    nodes(world, "{\"nodes\":[" NODE("iqn.x:y", "@", "") "," NODE("iqn.x:y", "@", "") "]}"),
	    false);
	assert_int_equal(a.count, 1);
	assert_int_equal(number(a.replies[0], "error"), ISCSI_ERR_SESS_EXISTS);
	ask_done(&a);
}

static bool is_logged_in(struct world *world)
{
	struct session *session = TAILQ_FIRST(&world->daemon.sessions);

	return session && session->state == SESSION_LOGGED_IN && !session->is_scanning;
}

static void test_login_without_waiting(void **state)
{
	struct world *world = *state;
	struct ask a;

	world->target.slow_ms = 30;
	ask(world, &a, "org.openhba.iscsid.Login",
	    nodes(world, "{\"wait\":false,\"nodes\":[" NODE("iqn.x:y", "@", "") "]}"), true);
	assert_int_equal(a.count, 1);
	assert_int_equal(number(a.replies[0], "error"), 0);
	assert_int_equal(number(a.replies[0], "sid"), -1);
	ask_done(&a);
	world_run(world, is_logged_in);
}

static void test_statistics(void **state)
{
	struct world *world = *state;
	struct json_object *counters;
	struct ask a;

	world->kernel.scsi_commands = 188;
	world_logged_in(world);
	ask(world, &a, "org.openhba.iscsid.Statistics", "{\"sid\":1}", false);
	assert_int_equal(a.err, ISCSI_ERR_SUCCESS);
	assert_int_equal(json_get_object(a.replies[0], "counters", &counters), 0);
	assert_int_equal(number(counters, "scsicmd_pdus"), 188);
	assert_int_equal(json_object_object_length(counters), 21);
	ask_done(&a);
	ask(world, &a, "org.openhba.iscsid.Statistics", "{\"sid\":5}", false);
	assert_int_equal(a.err, ISCSI_ERR_SESS_NOT_FOUND);
	ask_done(&a);
}

static void test_refused_parameters(void **state)
{
	static const char *const rows[][2] = {
		{"Login", "{}"},  {"Login", "{\"nodes\":[]}"}, {"Login", "{\"nodes\":1}"},
		{"Logout", "{}"}, {"Logout", "{\"sids\":[]}"}, {"Logout", "{\"sids\":\"1\"}"},
	};
	char method[64];
	struct ask a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(method, sizeof(method), IPC_INTERFACE ".%s", rows[i][0]);
		ask(*state, &a, method, rows[i][1], true);
		assert_int_equal(a.err, ISCSI_ERR_INVAL);
		ask_done(&a);
	}
	ask(*state, &a, IPC_INTERFACE ".Logout", "{\"sids\":[\"x\",-5,99999999999]}", true);
	assert_int_equal(a.count, 3);
	ask_done(&a);
}

static void test_no_initiator_name(void **state)
{
	struct world *world = *state;
	struct ask a;

	free(world->daemon.initiator.name);
	world->daemon.initiator.name = NULL;
	ask(world, &a, IPC_INTERFACE ".Login",
	    nodes(world, "{\"nodes\":[" NODE("iqn.x:y", "@", "") "]}"), true);
	assert_int_equal(number(a.replies[0], "error"), ISCSI_ERR_INVAL);
	assert_non_null(strstr(text_of(a.replies[0], "message"), "InitiatorName"));
	ask_done(&a);
}

#define VERB_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VERB_TEST(test_info),
		VERB_TEST(test_login_sessions_logout),
		VERB_TEST(test_login_many),
		VERB_TEST(test_verdict),
		VERB_TEST(test_login_without_waiting),
		VERB_TEST(test_statistics),
		VERB_TEST(test_refused_parameters),
		VERB_TEST(test_no_initiator_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
