/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a real client hears of Ports and Monitor while ports come, flap and go. */
#include "tests/unit/daemon_world_ports.h"

#include "daemon/verbs.h"
#include "lib/ipc.h"
#include "lib/json.h"

#define EVENTS_MAX 128

/* A client in a thread of its own. */
struct client {
	pthread_t thread;
	char path[96];
	const char *method;
	bool more;
	enum iscsi_err err;
	struct json_object *replies[EVENTS_MAX];
	_Atomic size_t count;
	size_t stop_at; /* hangs up after so many */
	_Atomic bool is_done;
};

static struct client client;

static int keep(struct json_object *parameters, bool continues, void *data)
{
	if (client.count == EVENTS_MAX)
		return 1;
	client.replies[client.count] = json_object_get(parameters);
	client.count++;
	return client.stop_at && client.count >= client.stop_at;
}

static void *client_run(void *data)
{
	struct ipc_client *connection;

	assert_int_equal(ipc_connect(client.path, &connection), 0);
	client.err = ipc_client_call(connection, client.method, NULL, client.more, 8000, keep, NULL, NULL);
	ipc_client_free(connection);
	client.is_done = true;
	return NULL;
}

static void client_start(struct world *world, const char *method, bool more, size_t stop_at)
{
	client = (struct client){.method = method, .more = more, .stop_at = stop_at};
	snprintf(client.path, sizeof(client.path), "%s/sock", world->dir);
	assert_int_equal(pthread_create(&client.thread, NULL, client_run, NULL), 0);
}

static bool is_done(struct world *world)
{
	return client.is_done;
}

static bool is_listening(struct world *world)
{
	return client.count >= 1;
}

static void client_end(void)
{
	pthread_join(client.thread, NULL);
	for (size_t i = 0; i < client.count; i++)
		json_object_put(client.replies[i]);
}

static const char *word(struct json_object *object, const char *name)
{
	const char *text;

	return json_get_text(object, name, &text) < 0 ? "" : text;
}

/* The first event of this name; NULL: none. */
static struct json_object *event(const char *name)
{
	for (size_t i = 0; i < client.count; i++)
		if (!strcmp(word(client.replies[i], "event"), name))
			return client.replies[i];
	return NULL;
}

static bool has_lost(struct world *world)
{
	return event("port-lost") && event("login");
}

static char path[96];

static int setup(void **state)
{
	struct world *world;

	assert_int_equal(world_ports_setup(state), 0);
	world = *state;
	snprintf(path, sizeof(path), "%s/sock", world->dir);
	world->daemon.options.socket_path = path;
	assert_int_equal(verbs_open(&world->daemon, -1), 0);
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	ipc_server_free(world->daemon.ipc);
	return world_ports_teardown(state);
}

static void test_monitor(void **state)
{
	struct world *world = *state;
	struct json_object *portal;
	int64_t number;

	world_store(world, 1, world->target.port, NULL, "automatic");
	client_start(world, IPC_INTERFACE ".Monitor", true, 0);
	world_run(world, is_listening);
	assert_non_null(event("begin"));
	world_picture(world, 0, false);
	world_run(world, world_is_idle);
	world_picture(world, 1, false);
	world_run(world, world_has_one);
	world_run(world, world_is_idle);
	world_nic(false);
	world_picture(world, 1, false);
	world_run(world, has_lost);
	assert_string_equal(word(event("port-added"), "port"), "NIC lo");
	assert_string_equal(word(event("iface-made"), "iface"), WORLD_IFACE);
	assert_non_null(strstr(word(event("iface-made"), "cause"), "lo"));
	assert_string_equal(word(event("bound"), "iface"), WORLD_IFACE);
	assert_true(*word(event("bound"), "cause"));
	assert_int_equal(json_get_object(event("login"), "portal", &portal), 0);
	assert_string_equal(word(portal, "target"), WORLD_TARGET "1");
	assert_int_equal(json_get_number(event("login"), "sid", 1, 9, &number), 0);
	assert_string_equal(word(event("port-lost"), "cause"), "no carrier");
	assert_int_equal(json_get_number(event("port-lost"), "time", 1500000000000, INT64_MAX, &number), 0);
	/* The daemon goes first. */
	ipc_server_free(world->daemon.ipc);
	world->daemon.ipc = NULL;
	assert_true(TAILQ_EMPTY(&world->daemon.hotplug->monitors));
	client_end();
}

static bool has_no_monitor(struct world *world)
{
	return client.is_done && TAILQ_EMPTY(&world->daemon.hotplug->monitors);
}

static void test_client_leaves(void **state)
{
	struct world *world = *state;

	client_start(world, IPC_INTERFACE ".Monitor", true, 1);
	world_run(world, has_no_monitor);
	world_picture(world, 1, false);
	world_run(world, world_is_idle);
	client_end();
}

static void test_needs_more(void **state)
{
	client_start(*state, IPC_INTERFACE ".Monitor", false, 0);
	world_run(*state, is_done);
	assert_int_equal(client.err, ISCSI_ERR_INVAL);
	client_end();
}

/* The one port that Ports tells of. */
static struct json_object *ask_port(struct world *world)
{
	struct json_object *list;

	client_start(world, IPC_INTERFACE ".Ports", false, 0);
	world_run(world, is_done);
	assert_int_equal(client.err, ISCSI_ERR_SUCCESS);
	assert_int_equal(json_get_array(client.replies[0], "ports", &list), 0);
	assert_int_equal(json_object_array_length(list), 1);
	return json_object_array_get_idx(list, 0);
}

static bool says(struct json_object *port, const char *name)
{
	bool value;

	assert_int_equal(json_get_bool(port, name, &value), 0);
	return value;
}

static bool is_named(struct world *world)
{
	return world->daemon.hotplug->has_managed && world_is_idle(world);
}

static void test_ports(void **state)
{
	struct world *world = *state;
	struct json_object *port, *list;

	world_picture(world, 1, false);
	world_run(world, is_named);
	port = ask_port(world);
	assert_string_equal(word(port, "kind"), "nic");
	assert_string_equal(word(port, "name"), "lo");
	assert_string_equal(word(port, "text"), "NIC lo");
	assert_string_equal(word(port, "iface"), WORLD_IFACE);
	assert_true(says(port, "managed") && says(port, "present") && says(port, "ready") && says(port, "link"));
	assert_false(says(port, "lost"));
	assert_string_equal(word(port, "change"), "port-added");
	assert_int_equal(json_get_array(port, "addresses", &list), 0);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(list, 0)), "127.0.0.1/8");
	client_end();
	world_picture(world, 0, false);
	world_run(world, world_is_idle);
	port = ask_port(world);
	assert_string_equal(word(port, "iface"), WORLD_IFACE);
	assert_string_equal(word(port, "name"), "");
	assert_true(says(port, "managed") && says(port, "lost"));
	assert_false(says(port, "present") || says(port, "ready"));
	assert_string_equal(word(port, "change"), "port-lost");
	client_end();
}

static void lose_and_return(struct world *world)
{
	world_nic(false);
	world_picture(world, 1, false);
	world_nic(true);
	world_picture(world, 1, false);
}

/* The one session is another one only if it was logged out: it recovers, held back or not, when the port is used again. */
static void test_flapping(void **state)
{
	struct world *world = *state;
	struct json_object *port;
	int64_t number;

	world_config(world, "iface.nics = lo\niface.flap_max = 3\niface.flap_window = 60\niface.flap_hold = 1\n");
	world_picture(world, 1, false);
	world_run(world, is_named);
	lose_and_return(world);
	lose_and_return(world);
	port = ask_port(world);
	assert_int_equal(json_get_number(port, "losses", 2, 2, &number), 0);
	assert_int_equal(json_get_number(port, "held_back", 0, 100, &number), -ENOENT);
	client_end();
	lose_and_return(world);
	port = ask_port(world);
	assert_true(says(port, "lost") && says(port, "ready"));
	assert_int_equal(json_get_number(port, "held_back", 1, 1, &number), 0);
	client_end();
	/* A record that comes now waits until the port has been steady for a second. */
	world_store(world, 1, world->target.port, WORLD_IFACE, "automatic");
	world_pass(world, 300);
	assert_true(TAILQ_EMPTY(&world->daemon.sessions));
	world_run(world, world_has_one);
	port = ask_port(world);
	assert_false(says(port, "lost"));
	client_end();
}

#define EVENT_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EVENT_TEST(test_monitor), EVENT_TEST(test_client_leaves), EVENT_TEST(test_needs_more),
		EVENT_TEST(test_ports),	  EVENT_TEST(test_flapping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
