/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Discover: a real client asks, a made-up target on loopback answers; what is refused, what fails, and a client that leaves. */
#include "tests/unit/daemon_world.h"

#include "daemon/ask.h"
#include "daemon/verbs.h"
#include "lib/ipc.h"
#include "lib/json.h"

#define TARGETS "TargetName=iqn.x:a\0TargetAddress=10.0.0.1:3260,1\0TargetName=bad name\0TargetName=iqn.x:b\0"

/* Listens, says TARGETS to whoever logs in, or nothing at all. */
static struct {
	int listener, port;
	bool is_silent;
	pthread_t thread;
} server;

static bool take(int fd, void *bytes, size_t len)
{
	return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

static void respond(int fd, const unsigned char *request, unsigned char opcode, unsigned char flags, const char *data, size_t len)
{
	unsigned char bhs[48] = {opcode, flags}, zero[4] = {0};

	bhs[6] = (unsigned char)(len >> 8);
	bhs[7] = (unsigned char)len;
	memcpy(bhs + 16, request + 16, 4); /* ITT */
	memcpy(bhs + 28, request + 24, 4); /* ExpCmdSN: what the initiator has */
	memcpy(bhs + 32, request + 24, 4);
	memcpy(bhs + 24, request + 28, 4); /* StatSN: what it expects */
	if (opcode == 0x23) {
		memcpy(bhs + 8, request + 8, 6); /* ISID */
		bhs[15] = 1;
	} else {
		memset(bhs + 20, 0xff, 4); /* TTT */
	}
	(void)!write(fd, bhs, sizeof(bhs));
	(void)!write(fd, data, len);
	(void)!write(fd, zero, -len & 3);
}

static void serve(int fd)
{
	unsigned char bhs[48];
	char data[8192];

	while (take(fd, bhs, sizeof(bhs))) {
		size_t len = ((size_t)bhs[6] << 8 | bhs[7]) + 3;

		if (!take(fd, data, len & ~(size_t)3) || server.is_silent)
			continue;
		if ((bhs[0] & 0x3f) == 0x03 && !(bhs[1] & 1))
			respond(fd, bhs, 0x23, (unsigned char)(0x80 | (bhs[1] & 0x0f)), "", 0); /* security: on to the next stage */
		else if ((bhs[0] & 0x3f) == 0x03)
			respond(fd, bhs, 0x23, bhs[1], "", 0);
		else if ((bhs[0] & 0x3f) == 0x04)
			respond(fd, bhs, 0x24, 0x80, TARGETS, sizeof(TARGETS) - 1);
		else
			break;
	}
	close(fd);
}

static void *server_run(void *data)
{
	int fd;

	while ((fd = accept(server.listener, NULL, NULL)) >= 0)
		serve(fd);
	return NULL;
}

static void server_open(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(address);

	server.is_silent = false;
	server.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.listener, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server.listener, 16), 0);
	assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &len), 0);
	server.port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&server.thread, NULL, server_run, NULL), 0);
}

static void server_close(void)
{
	shutdown(server.listener, SHUT_RDWR);
	pthread_join(server.thread, NULL);
	close(server.listener);
}

/* ---- the client's side, beside the loop ---- */

static struct {
	char path[96], parameters[2048];
	struct json_object *replies[8];
	size_t count;
	enum iscsi_err err;
	char *message;
	int timeout_ms;
	_Atomic bool is_done;
} client;

static int keep_reply(struct json_object *parameters, bool continues, void *data)
{
	assert_true(client.count < 8);
	client.replies[client.count++] = json_object_get(parameters);
	return 0;
}

static void *client_run(void *data)
{
	struct ipc_client *ipc;

	assert_int_equal(ipc_connect(client.path, &ipc), 0);
	client.err = ipc_client_call(ipc, IPC_INTERFACE ".Discover", json_tokener_parse(client.parameters), true, client.timeout_ms,
				     keep_reply, NULL, &client.message);
	ipc_client_free(ipc);
	client.is_done = true;
	return NULL;
}

static bool is_done(struct world *world)
{
	return client.is_done && !world->daemon.asking;
}

/* @ in the parameters is the server's port. */
static void ask(struct world *world, const char *format)
{
	char port[8];
	pthread_t thread;
	size_t n = 0;

	snprintf(port, sizeof(port), "%d", server.port);
	for (const char *at = format; *at; at++)
		n += (size_t)snprintf(client.parameters + n, sizeof(client.parameters) - n, "%.*s", *at == '@' ? 8 : 1,
				      *at == '@' ? port : at);
	client.count = 0;
	client.message = NULL;
	client.is_done = false;
	assert_int_equal(pthread_create(&thread, NULL, client_run, NULL), 0);
	world_run(world, is_done);
	pthread_join(thread, NULL);
}

static void forget(void)
{
	while (client.count)
		json_object_put(client.replies[--client.count]);
	free(client.message);
}

static int setup(void **state)
{
	struct world *world;

	world_setup(state);
	world = *state;
	snprintf(client.path, sizeof(client.path), "%s/sock", world->dir);
	client.timeout_ms = 8000;
	world->daemon.options.socket_path = client.path;
	assert_int_equal(verbs_open(&world->daemon, -1), 0);
	server_open();
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	ask_close(&world->daemon);
	ipc_server_free(world->daemon.ipc);
	server_close();
	return world_teardown(state);
}

#define SETTINGS(address, port) \
	"\"type\":\"sendtargets\",\"settings\":{\"discovery.sendtargets.address\":\"" address "\",\"discovery.sendtargets.port\":\"" port "\"}"

static int64_t number(const char *name)
{
	int64_t value = -1;

	json_get_number(client.replies[0], name, 0, INT32_MAX, &value);
	return value;
}

static void test_found(void **state)
{
	struct json_object *targets;
	const char *name;

	ask(*state, "{" SETTINGS("127.0.0.1", "@") ",\"ifaces\":[{},{\"iface.of_tomorrow\":\"x\"}]}");
	assert_int_equal(client.err, ISCSI_ERR_SUCCESS);
	assert_int_equal(client.count, 2);
	assert_int_equal(number("error"), 0);
	assert_int_equal(number("refused"), 1);
	assert_int_equal(json_get_array(client.replies[0], "targets", &targets), 0);
	assert_int_equal(json_object_array_length(targets), 2);
	assert_int_equal(json_get_text(json_object_array_get_idx(targets, 1), "target", &name), 0);
	assert_string_equal(name, "iqn.x:b");
	forget();
}

static void test_nobody_listens(void **state)
{
	const char *text;

	ask(*state, "{" SETTINGS("127.0.0.1", "1") ",\"ifaces\":[{}]}");
	assert_int_equal(client.count, 1);
	assert_int_not_equal(number("error"), 0);
	assert_int_equal(json_get_text(client.replies[0], "message", &text), 0);
	assert_non_null(strstr(text, "cannot connect: Connection refused"));
	assert_int_equal(json_get_text(client.replies[0], "address", &text), 0);
	assert_string_equal(text, "127.0.0.1");
	forget();
}

static void test_no_such_nic(void **state)
{
	const char *text;

	ask(*state, "{" SETTINGS("127.0.0.1", "@") ",\"ifaces\":[{\"iface.net_ifacename\":\"none9\"}]}");
	assert_int_equal(number("error"), ISCSI_ERR_NO_OBJS_FOUND);
	assert_int_equal(json_get_text(client.replies[0], "message", &text), 0);
	assert_string_equal(text, "its NIC none9 is not there");
	forget();
}

static void test_refused(void **state)
{
	static const struct {
		const char *parameters;
		enum iscsi_err err;
	} rows[] = {
		{"{}", ISCSI_ERR_UNKNOWN_DISCOVERY_TYPE},
		{"{\"type\":\"crystal ball\"}", ISCSI_ERR_UNKNOWN_DISCOVERY_TYPE},
		{"{\"type\":\"sendtargets\",\"settings\":{}}", ISCSI_ERR_INVAL},
		{"{" SETTINGS("127.0.0.1", "1") ",\"ifaces\":[]}", ISCSI_ERR_INVAL},
		{"{" SETTINGS("127.0.0.1", "1") ",\"ifaces\":[1]}", ISCSI_ERR_INVAL},
		{"{" SETTINGS("127.0.0.1", "many") ",\"ifaces\":[{}]}", ISCSI_ERR_INVAL},
		{"{\"type\":\"sendtargets\",\"settings\":{},\"ifaces\":[{}]}", ISCSI_ERR_INVAL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(*state, rows[i].parameters);
		assert_int_equal(client.err, rows[i].err);
		forget();
	}
}

static void test_isns(void **state)
{
	ask(*state, "{\"type\":\"isns\",\"settings\":{\"discovery.sendtargets.address\":\"127.0.0.1\",\"discovery.sendtargets.port\":\"1\"},\"ifaces\":[{}]}");
	assert_int_equal(client.err, ISCSI_ERR_SUCCESS);
	assert_int_equal(client.count, 1);
	assert_true(number("error") == ISCSI_ERR_ISNS_QUERY || number("error") == ISCSI_ERR_ISNS_UNAVAILABLE);
	forget();
}

/* A silent target holds up nobody, and ends with the client. */
static void test_client_leaves(void **state)
{
	server.is_silent = true;
	client.timeout_ms = 100;
	ask(*state, "{" SETTINGS("127.0.0.1", "@") ",\"ifaces\":[{},{}]}");
	assert_int_equal(client.err, ISCSI_ERR_REQ_TIMEDOUT);
	assert_int_equal(client.count, 0);
	forget();
}

static bool is_asking(struct world *world)
{
	return world->daemon.asking == 1;
}

static void test_daemon_ends(void **state)
{
	struct world *world = *state;
	pthread_t thread;

	server.is_silent = true;
	snprintf(client.parameters, sizeof(client.parameters),
		 "{\"type\":\"sendtargets\",\"settings\":{\"discovery.sendtargets.address\":\"127.0.0.1\","
		 "\"discovery.sendtargets.port\":\"%d\"},\"ifaces\":[{}]}", server.port);
	assert_int_equal(pthread_create(&thread, NULL, client_run, NULL), 0);
	world_run(world, is_asking);
	ask_close(&world->daemon);
	assert_int_equal(world->daemon.asking, 0);
	ipc_server_free(world->daemon.ipc);
	world->daemon.ipc = NULL;
	pthread_join(thread, NULL);
	assert_int_equal(client.err, ISCSI_ERR_ISCSID_COMM);
	forget();
}

#define ASK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(test_found),	      ASK_TEST(test_nobody_listens), ASK_TEST(test_no_such_nic),
		ASK_TEST(test_isns),
		ASK_TEST(test_refused),	      ASK_TEST(test_client_leaves),  ASK_TEST(test_daemon_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
