/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The IPC: calls cut at every byte, varlink rules, order, permissions, lifetime of calls, and clients that misbehave.
 * The server runs in a thread of its own with its loop, as iscsid does; the test speaks to it by hand and with the client.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/loop.h"

static char server_data[] = "data";
static const char description[] = "interface org.openhba.iscsid\nmethod Echo(text: string) -> (text: string)\n";

static struct {
	struct loop *loop;
	struct ipc_server *server;
	pthread_t thread;
	char folder[32], path[64];
	int stop_fd;
	struct ipc_call *held; /* of Hold */
	struct loop_timer *timer;
	atomic_int held_count, closed_count, notes;
	size_t flood;
} f;

/* ---- the methods ---- */

static void echo(struct ipc_call *call, struct json_object *parameters, void *data)
{
	const char *text;

	if (json_get_text(parameters, "text", &text) < 0)
		ipc_error(call, ISCSI_ERR_INVAL, "text is missing");
	else
		ipc_reply(call, json_object_get(parameters), false);
}

static void count_to(struct ipc_call *call, struct json_object *parameters, void *data)
{
	int64_t to = 0;

	json_get_number(parameters, "to", 1, 100000, &to);
	for (int i = 1; i <= to; i++) {
		struct json_object *reply = json_object_new_object();

		json_object_object_add(reply, "n", json_object_new_int(i));
		ipc_reply(call, reply, i < to);
	}
}

static void forget(void *data)
{
	f.closed_count++;
	f.held = NULL;
}

static void hold(struct ipc_call *call, struct json_object *parameters, void *data)
{
	f.held = call;
	ipc_call_on_close(call, forget, NULL);
	f.held_count++;
}

/* Answers the call that Hold keeps, from outside of any dispatch. */
static void let_go(void *data)
{
	if (f.held)
		ipc_reply(f.held, NULL, false);
	f.held = NULL;
}

static void hold_shortly(struct ipc_call *call, struct json_object *parameters, void *data)
{
	hold(call, parameters, data);
	loop_timer_set(f.timer, 20);
}

static void note(struct ipc_call *call, struct json_object *parameters, void *data)
{
	f.notes++;
	ipc_reply(call, NULL, false);
}

/* More than any client may leave unread. */
static void flood(struct ipc_call *call, struct json_object *parameters, void *data)
{
	char *text = malloc(1 << 20);

	memset(text, 'x', (1 << 20) - 1);
	text[(1 << 20) - 1] = '\0';
	ipc_call_on_close(call, forget, NULL);
	for (int i = 0; i < 100; i++) {
		struct json_object *reply = json_object_new_object();

		json_object_object_add(reply, "text", json_object_new_string(text));
		ipc_reply(call, reply, true);
		f.flood++;
	}
	free(text);
}

static void who(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "uid", json_object_new_int64(ipc_call_peer(call).uid));
	json_object_object_add(reply, "pid", json_object_new_int64(ipc_call_peer(call).pid));
	json_object_object_add(reply, "data", json_object_new_string(data));
	ipc_reply(call, reply, false);
}

static const struct ipc_method methods[] = {
	{ "org.openhba.iscsid.Echo", false, echo },	{ "org.openhba.iscsid.Count", false, count_to },
	{ "org.openhba.iscsid.Hold", false, hold },	{ "org.openhba.iscsid.HoldShortly", false, hold_shortly },
	{ "org.openhba.iscsid.Note", false, note },	{ "org.openhba.iscsid.Flood", false, flood },
	{ "org.openhba.iscsid.Who", false, who },	{ "org.openhba.iscsid.Root", true, note },
};

/* ---- the server's thread ---- */

static void stop(int fd, short revents, void *data)
{
	loop_stop(f.loop);
}

static void *serve(void *arg)
{
	struct loop_fd *stopper;

	assert_int_equal(loop_fd_new(f.loop, f.stop_fd, POLLIN, stop, NULL, &stopper), 0);
	loop_run(f.loop);
	loop_fd_free(stopper);
	ipc_server_free(f.server);
	loop_timer_free(f.timer);
	loop_free(f.loop);
	return NULL;
}

static int start(int listen_fd)
{
	int error;

	f.held_count = f.closed_count = f.notes = 0;
	f.held = NULL;
	f.flood = 0;
	f.stop_fd = eventfd(0, EFD_CLOEXEC);
	if (loop_new(&f.loop) < 0 || loop_timer_new(f.loop, let_go, NULL, &f.timer) < 0)
		return -1;
	error = ipc_server_new(f.loop, f.path, listen_fd, methods, sizeof(methods) / sizeof(methods[0]), description, server_data,
			       &f.server);
	return error ? error : pthread_create(&f.thread, NULL, serve, NULL);
}

static void finish(void)
{
	uint64_t one = 1;

	assert_int_equal(write(f.stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(f.thread, NULL);
	close(f.stop_fd);
}

static int setup_folder(void **state)
{
	snprintf(f.folder, sizeof(f.folder), "/tmp/lib_ipc.XXXXXX");
	if (!mkdtemp(f.folder) || chmod(f.folder, 0755) < 0)
		return -1;
	snprintf(f.path, sizeof(f.path), "%s/run/socket", f.folder);
	return 0;
}

static int teardown_folder(void **state)
{
	unlink(f.path);
	*strrchr(f.path, '/') = '\0';
	rmdir(f.path);
	return rmdir(f.folder);
}

static int setup(void **state)
{
	return setup_folder(state) || start(-1);
}

static int teardown(void **state)
{
	finish();
	if (access(f.path, F_OK) == 0)
		return -1; /* the server leaves nothing behind */
	return teardown_folder(state);
}

/* ---- speaking by hand ---- */

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 10};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, f.path, sizeof(f.path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

/* With its NUL. */
static void say(int fd, const char *message)
{
	assert_int_equal(send(fd, message, strlen(message) + 1, MSG_NOSIGNAL), strlen(message) + 1);
}

static void expect(int fd, const char *message)
{
	char answer[4096] = "";
	size_t len = 0;

	while (len < sizeof(answer) && recv(fd, answer + len, 1, 0) == 1 && answer[len])
		len++;
	assert_string_equal(answer, message);
}

static void expect_end(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, 0);

	assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
	close(fd);
}

static void wait_until(atomic_int *number, int value)
{
	for (int i = 0; i < 30000 && *number < value; i++)
		usleep(1000);
	assert_int_equal(*number, value);
}

#define ECHO(text) "{\"method\":\"org.openhba.iscsid.Echo\",\"parameters\":{\"text\":\"" text "\"}}"
#define ECHOED(text) "{\"parameters\":{\"text\":\"" text "\"}}"
#define FAILED(code, name, text) \
	"{\"parameters\":{\"code\":" #code ",\"name\":\"" name "\",\"message\":\"" text "\"}," \
	"\"error\":\"org.openhba.iscsid.Failed\"}"

static void call_is_answered_wherever_it_is_cut(void **state)
{
	static const char call[] = ECHO("h\\u00e9");
	int fd = dial();

	for (size_t cut = 1; cut < sizeof(call); cut++) {
		assert_int_equal(send(fd, call, cut, 0), cut);
		if (cut % 16 == 0)
			usleep(1000); /* let the server see the half */
		assert_int_equal(send(fd, call + cut, sizeof(call) - cut, 0), sizeof(call) - cut);
		expect(fd, ECHOED("h\xc3\xa9"));
	}
	close(fd);
}

static void pipelined_calls_are_served_in_order(void **state)
{
	char call[256], answer[256];
	int fd = dial();

	say(fd, "{\"method\":\"org.openhba.iscsid.HoldShortly\"}");
	for (int i = 0; i < 200; i++) {
		snprintf(call, sizeof(call), ECHO("%d"), i);
		say(fd, call);
	}
	expect(fd, "{\"parameters\":{}}");
	for (int i = 0; i < 200; i++) {
		snprintf(answer, sizeof(answer), ECHOED("%d"), i);
		expect(fd, answer);
	}
	close(fd);
}

static void replies_continue_only_if_wanted(void **state)
{
	int fd = dial();

	say(fd, "{\"method\":\"org.openhba.iscsid.Count\",\"parameters\":{\"to\":3},\"more\":true}");
	expect(fd, "{\"parameters\":{\"n\":1},\"continues\":true}");
	expect(fd, "{\"parameters\":{\"n\":2},\"continues\":true}");
	expect(fd, "{\"parameters\":{\"n\":3}}");
	say(fd, "{\"method\":\"org.openhba.iscsid.Count\",\"parameters\":{\"to\":3}}");
	expect(fd, "{\"parameters\":{\"n\":3}}");
	close(fd);
}

static void oneway_has_no_answer(void **state)
{
	int fd = dial();

	say(fd, "{\"method\":\"org.openhba.iscsid.Note\",\"oneway\":true}");
	say(fd, "{\"method\":\"org.openhba.iscsid.Nothing\",\"oneway\":true}");
	say(fd, "{\"method\":\"org.openhba.iscsid.Count\",\"parameters\":{\"to\":9},\"oneway\":true,\"more\":true}");
	say(fd, ECHO("end"));
	expect(fd, ECHOED("end"));
	assert_int_equal(f.notes, 1);
	close(fd);
	fd = dial(); /* and nobody needs to stay for it */
	say(fd, "{\"method\":\"org.openhba.iscsid.Note\",\"oneway\":true}");
	close(fd);
	wait_until(&f.notes, 2);
}

static void errors_of_varlink(void **state)
{
	int fd = dial();

	say(fd, "{\"method\":\"org.openhba.iscsid.Nothing\"}");
	expect(fd, "{\"parameters\":{\"method\":\"org.openhba.iscsid.Nothing\"},"
		   "\"error\":\"org.varlink.service.MethodNotFound\"}");
	say(fd, "{\"method\":\"org.example.Nothing\",\"parameters\":null}");
	expect(fd, "{\"parameters\":{\"interface\":\"org.example\"},\"error\":\"org.varlink.service.InterfaceNotFound\"}");
	say(fd, "{\"method\":\"org.openhba.iscsid.Echo\",\"upgrade\":true}");
	expect(fd, "{\"parameters\":{\"parameter\":\"upgrade\"},\"error\":\"org.varlink.service.InvalidParameter\"}");
	say(fd, "{\"method\":\"org.openhba.iscsid.Echo\"}");
	expect(fd, FAILED(7, "INVAL", "text is missing"));
	close(fd);
}

static void service_describes_itself(void **state)
{
	int fd = dial();

	say(fd, "{\"method\":\"org.varlink.service.GetInfo\"}");
	expect(fd, "{\"parameters\":{\"interfaces\":[\"org.varlink.service\",\"org.openhba.iscsid\"],\"vendor\":\"openhba\","
		   "\"product\":\"iscsid\",\"version\":\"" OPENHBA_VERSION "\",\"url\":\"man:iscsid(8)\"}}");
	say(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"org.openhba.iscsid\"}}");
	expect(fd, "{\"parameters\":{\"description\":\"interface org.openhba.iscsid\\nmethod Echo(text: string) -> (text: string)\\n\"}}");
	say(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"a.b\"}}");
	expect(fd, "{\"parameters\":{\"interface\":\"a.b\"},\"error\":\"org.varlink.service.InterfaceNotFound\"}");
	say(fd, "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}");
	expect(fd, "{\"parameters\":{\"parameter\":\"interface\"},\"error\":\"org.varlink.service.InvalidParameter\"}");
	close(fd);
}

static void what_is_no_call_ends_the_connection(void **state)
{
	static const char *const bad[] = {
		"", "{}", "x", "[]", "{\"method\":1}", "{\"method\":null}", "{\"method\":\"a.B\",\"parameters\":[]}",
		"{\"method\":\"a.B\",\"more\":1}", "{\"method\":\"a.B\\u0000\"}", "{\"method\":\"a.B\",\"oneway\":\"\"}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = dial();

		say(fd, bad[i]);
		expect_end(fd);
	}
}

static void half_closed_client_is_answered(void **state)
{
	int fd = dial();

	say(fd, "{\"method\":\"org.openhba.iscsid.HoldShortly\"}");
	say(fd, ECHO("later"));
	shutdown(fd, SHUT_WR);
	expect(fd, "{\"parameters\":{}}");
	expect(fd, ECHOED("later"));
	expect_end(fd);
	fd = dial();
	assert_int_equal(send(fd, "{\"me", 4, 0), 4); /* half a call is none */
	shutdown(fd, SHUT_WR);
	expect_end(fd);
}

static void closing_is_told_once(void **state)
{
	int fd = dial(), other = dial();

	say(fd, "{\"method\":\"org.openhba.iscsid.Hold\"}");
	wait_until(&f.held_count, 1);
	close(fd);
	wait_until(&f.closed_count, 1);
	/* with a second call waiting nobody reads the socket; it is found all the same */
	say(other, "{\"method\":\"org.openhba.iscsid.Hold\"}");
	say(other, ECHO("never"));
	wait_until(&f.held_count, 2);
	close(other);
	wait_until(&f.closed_count, 2);
	fd = dial();
	say(fd, "{\"method\":\"org.openhba.iscsid.HoldShortly\"}");
	expect(fd, "{\"parameters\":{}}"); /* answered: nothing is told */
	close(fd);
	fd = dial();
	say(fd, ECHO("x"));
	expect(fd, ECHOED("x"));
	close(fd);
	assert_int_equal(f.closed_count, 2);
}

static void open_call_is_closed_with_the_server(void **state)
{
	int fd;

	assert_int_equal(setup(state), 0);
	fd = dial();
	say(fd, "{\"method\":\"org.openhba.iscsid.Hold\"}");
	wait_until(&f.held_count, 1);
	finish();
	assert_int_equal(f.closed_count, 1);
	expect_end(fd);
	assert_int_equal(teardown_folder(state), 0);
}

static void client_that_does_not_read_is_dropped(void **state)
{
	int fd = dial(), other;

	say(fd, "{\"method\":\"org.openhba.iscsid.Flood\",\"more\":true}");
	wait_until(&f.closed_count, 1);
	assert_int_equal(f.flood, 100); /* the method is not troubled while it goes on answering */
	other = dial();
	say(other, ECHO("alive"));
	expect(other, ECHOED("alive"));
	close(other);
	close(fd);
}

static void many_clients_at_once(void **state)
{
	enum { COUNT = 400 };
	int fds[COUNT];

	for (int i = 0; i < COUNT; i++)
		fds[i] = dial();
	for (int i = 0; i < COUNT; i++)
		say(fds[i], ECHO("x"));
	for (int i = 0; i < COUNT; i++) {
		expect(fds[i], ECHOED("x"));
		close(fds[i]);
	}
}

static void greedy_client_takes_turns(void **state)
{
	static char calls[1000 * sizeof(ECHO("x"))];
	int fd = dial(), other = dial();

	for (int i = 0; i < 1000; i++)
		memcpy(calls + (size_t)i * sizeof(ECHO("x")), ECHO("x"), sizeof(ECHO("x")));
	assert_int_equal(send(fd, calls, sizeof(calls), 0), sizeof(calls));
	say(other, ECHO("y"));
	expect(other, ECHOED("y"));
	for (int i = 0; i < 1000; i++)
		expect(fd, ECHOED("x"));
	close(fd);
	close(other);
}

/* Runs fn as uid 65534 in a child. */
static void as_stranger(void (*fn)(void))
{
	int status = -1;
	pid_t child;

	if (geteuid() != 0) {
		print_message("not root: cannot be another user\n");
		skip();
	}
	child = fork();
	if (child == 0) {
		if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		fn();
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

static void call_as_stranger(void)
{
	static char big[(64 << 10) + 100];
	char answer[512] = "";
	int fd = dial();
	ssize_t got;

	say(fd, "{\"method\":\"org.openhba.iscsid.Root\"}");
	got = recv(fd, answer, sizeof(answer) - 1, 0);
	if (got < 0 || strcmp(answer, FAILED(13, "ACCESS", "daemon access denied")))
		_exit(2);
	say(fd, ECHO("open to all"));
	memset(answer, 0, sizeof(answer));
	got = recv(fd, answer, sizeof(answer) - 1, 0);
	if (got < 0 || strcmp(answer, ECHOED("open to all")))
		_exit(3);
	memset(big, ' ', sizeof(big) - 1);
	if (send(fd, big, sizeof(big) - 1, MSG_NOSIGNAL) > 0 && recv(fd, answer, 1, 0) > 0)
		_exit(4); /* a stranger's message is small */
}

static void strangers_may_not_call_for_root(void **state)
{
	as_stranger(call_as_stranger);
	assert_int_equal(f.notes, 0);
}

/* ---- the client ---- */

static int take_text(struct json_object *parameters, bool continues, void *data)
{
	const char *text;

	assert_false(continues);
	assert_int_equal(json_get_text(parameters, "text", &text), 0);
	snprintf(data, 32, "%s", text);
	return 0;
}

static struct json_object *text_parameter(const char *text)
{
	struct json_object *parameters = json_object_new_object();

	json_object_object_add(parameters, "text", json_object_new_string(text));
	return parameters;
}

static void client_calls(void **state)
{
	struct ipc_client *client;
	char text[32], *message;

	assert_int_equal(ipc_connect(f.path, &client), 0);
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Echo", text_parameter("hello"), false, 5000, take_text, text,
					 &message), ISCSI_ERR_SUCCESS);
	assert_string_equal(text, "hello");
	assert_null(message);
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Note", NULL, false, -1, NULL, NULL, NULL), ISCSI_ERR_SUCCESS);
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Echo", NULL, false, 5000, take_text, text, &message),
			 ISCSI_ERR_INVAL);
	assert_string_equal(message, "text is missing");
	free(message);
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Future", NULL, false, 5000, NULL, NULL, NULL),
			 ISCSI_ERR_INVALID_MGMT_REQ);
	assert_int_equal(ipc_client_call(client, "org.example.Future", NULL, false, 5000, NULL, NULL, NULL),
			 ISCSI_ERR_INVALID_MGMT_REQ);
	ipc_client_free(client);
}

static int check_who(struct json_object *parameters, bool continues, void *data)
{
	int64_t number;
	const char *text;

	assert_int_equal(json_get_number(parameters, "uid", geteuid(), geteuid(), &number), 0);
	assert_int_equal(json_get_number(parameters, "pid", getpid(), getpid(), &number), 0);
	assert_int_equal(json_get_text(parameters, "data", &text), 0);
	assert_string_equal(text, "data");
	return 0;
}

static void method_knows_its_peer(void **state)
{
	struct ipc_client *client;

	assert_int_equal(ipc_connect(f.path, &client), 0);
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Who", NULL, false, 5000, check_who, NULL, NULL), 0);
	ipc_client_free(client);
}

struct counting {
	int seen, stop_at;
};

static int count(struct json_object *parameters, bool continues, void *data)
{
	struct counting *counting = data;
	int64_t n;

	assert_int_equal(json_get_number(parameters, "n", 1, 100000, &n), 0);
	assert_int_equal(n, ++counting->seen);
	return counting->seen == counting->stop_at ? ISCSI_ERR_BUSY : 0;
}

static void client_streams(void **state)
{
	struct counting counting = {.seen = 0};
	struct json_object *parameters = json_object_new_object();
	struct ipc_client *client;

	assert_int_equal(ipc_connect(f.path, &client), 0);
	json_object_object_add(parameters, "to", json_object_new_int(5000));
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Count", json_object_get(parameters), true, 5000, count,
					 &counting, NULL), 0);
	assert_int_equal(counting.seen, 5000);
	counting = (struct counting){.stop_at = 10};
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Count", parameters, true, 5000, count, &counting, NULL),
			 ISCSI_ERR_BUSY);
	/* what is still on its way belongs to nobody */
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Note", NULL, false, 5000, NULL, NULL, NULL),
			 ISCSI_ERR_ISCSID_COMM);
	ipc_client_free(client);
}

static void silence_has_a_limit(void **state)
{
	struct ipc_client *client;
	uint64_t start = loop_now_ms();

	assert_int_equal(ipc_connect(f.path, &client), 0);
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Hold", NULL, false, 50, NULL, NULL, NULL),
			 ISCSI_ERR_REQ_TIMEDOUT);
	assert_in_range(loop_now_ms() - start, 50, 2000);
	ipc_client_free(client);
}

static void count_tick(void *data)
{
	(*(int *)data)++;
}

/* Ticks come while nothing else does; they lengthen no wait. */
static void waits_tick(void **state)
{
	struct ipc_client *client;
	uint64_t start = loop_now_ms();
	int ticks = 0;

	assert_int_equal(ipc_connect(f.path, &client), 0);
	ipc_client_on_tick(client, 20, count_tick, &ticks);
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Hold", NULL, false, 1000, NULL, NULL, NULL),
			 ISCSI_ERR_REQ_TIMEDOUT);
	assert_in_range(loop_now_ms() - start, 1000, 10000);
	assert_in_range(ticks, 2, 50);
	ipc_client_free(client);
	assert_int_equal(ipc_connect(f.path, &client), 0);
	ipc_client_on_tick(client, 5, count_tick, &ticks);
	ticks = 0;
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.HoldShortly", NULL, false, -1, NULL, NULL, NULL), 0);
	assert_in_range(ticks, 1, 100);
	ipc_client_on_tick(client, 5, NULL, NULL);
	ticks = 0;
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.HoldShortly", NULL, false, -1, NULL, NULL, NULL), 0);
	assert_int_equal(ticks, 0);
	ipc_client_free(client);
}

static void lost_daemon_is_told(void **state)
{
	struct ipc_client *client;

	assert_int_equal(setup(state), 0);
	assert_int_equal(ipc_connect(f.path, &client), 0);
	finish();
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Note", NULL, false, 5000, NULL, NULL, NULL),
			 ISCSI_ERR_ISCSID_COMM);
	ipc_client_free(client);
	assert_int_equal(ipc_connect(f.path, &client), -ENOENT);
	assert_int_equal(teardown_folder(state), 0);
}

static int take_big(struct json_object *parameters, bool continues, void *data)
{
	struct json_object *nodes;

	assert_int_equal(json_get_array(parameters, "nodes", &nodes), 0);
	*(size_t *)data = json_object_array_length(nodes);
	return 0;
}

/* 5,000 whole node records in one call, and back. */
static void big_call_is_quick(void **state)
{
	struct json_object *parameters = text_parameter("x"), *nodes = json_object_new_array();
	struct ipc_client *client;
	uint64_t start;
	size_t count = 0;

	for (int i = 0; i < 5000; i++) {
		struct json_object *settings = json_object_new_object();

		for (int row = 0; row < 12; row++) {
			char name[64];

			snprintf(name, sizeof(name), "node.conn[0].timeo.setting_%d", row);
			json_object_object_add(settings, name, json_object_new_string("iqn.2026-01.example:value"));
		}
		json_object_array_add(nodes, settings);
	}
	json_object_object_add(parameters, "nodes", nodes);
	assert_int_equal(ipc_connect(f.path, &client), 0);
	start = loop_now_ms();
	assert_int_equal(ipc_client_call(client, "org.openhba.iscsid.Echo", parameters, false, 20000, take_big, &count, NULL), 0);
	print_message("5000 nodes there and back in %d ms\n", (int)(loop_now_ms() - start));
	assert_int_equal(count, 5000);
	ipc_client_free(client);
}

/* The client believes nobody but root and itself. */
static void connect_as_stranger(void)
{
	struct ipc_client *client;
	char path[96];

	if (ipc_connect(f.path, &client) != 0)
		_exit(2); /* root's daemon is fine */
	ipc_client_free(client);
	snprintf(path, sizeof(path), "%s2", f.path);
	if (ipc_connect(path, &client) != -ENOENT)
		_exit(3);
}

static void client_checks_the_daemon(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ipc_client *client = NULL;
	int fds[2], fd;
	pid_t child;
	char byte;

	as_stranger(connect_as_stranger);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s3", f.path);
	assert_int_equal(pipe(fds), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	child = fork();
	if (child == 0) { /* credentials are taken at listen(2) */
		if (setresuid(1234, 1234, 1234) < 0 || listen(fd, 1) < 0 || write(fds[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(fds[0], &byte, 1), 1);
	assert_int_equal(ipc_connect(address.sun_path, &client), -EACCES);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink(address.sun_path);
	close(fd);
	close(fds[0]);
	close(fds[1]);
}

/* ---- the socket ---- */

static void socket_is_open_to_all(void **state)
{
	struct stat status;

	assert_int_equal(stat(f.path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0666);
}

static void second_server_is_refused(void **state)
{
	struct ipc_server *second = NULL;
	struct loop *loop;

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(ipc_server_new(loop, f.path, -1, methods, 1, description, NULL, &second), -EADDRINUSE);
	loop_free(loop);
	assert_int_equal(access(f.path, F_OK), 0);
}

static void stale_socket_is_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(setup_folder(state), 0);
	snprintf(f.path, sizeof(f.path), "%s/run", f.folder);
	assert_int_equal(mkdir(f.path, 0755), 0);
	snprintf(f.path, sizeof(f.path), "%s/run/socket", f.folder);
	memcpy(address.sun_path, f.path, sizeof(f.path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(start(-1), 0);
	fd = dial();
	say(fd, ECHO("x"));
	expect(fd, ECHOED("x"));
	close(fd);
	assert_int_equal(teardown(state), 0);
}

static void file_in_the_way_is_kept(void **state)
{
	struct ipc_server *server = NULL;
	struct loop *loop;
	char path[64];
	int fd;

	assert_int_equal(setup_folder(state), 0);
	assert_int_equal(loop_new(&loop), 0);
	snprintf(path, sizeof(path), "%s/file", f.folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	assert_int_equal(ipc_server_new(loop, path, -1, methods, 1, description, NULL, &server), -EEXIST);
	assert_int_equal(unlink(path), 0);
	memset(path, 'x', sizeof(path));
	loop_free(loop);
	assert_int_equal(teardown_folder(state), 0);
}

static void handed_over_socket_is_used(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	struct ipc_server *server;

	assert_int_equal(setup_folder(state), 0);
	assert_int_equal(ipc_server_new(NULL, f.path, fd, methods, 1, description, NULL, &server), -EINVAL); /* does not listen */
	snprintf(f.path, sizeof(f.path), "%s/activated", f.folder);
	memcpy(address.sun_path, f.path, sizeof(f.path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	client = dial();
	say(client, ECHO("first")); /* before the daemon runs */
	assert_int_equal(start(fd), 0);
	expect(client, ECHOED("first"));
	close(client);
	finish();
	assert_int_equal(unlink(f.path), 0); /* not ours: it stays */
	assert_int_equal(rmdir(f.folder), 0);
}

int main(void)
{
#define SERVED(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		SERVED(call_is_answered_wherever_it_is_cut),
		SERVED(pipelined_calls_are_served_in_order),
		SERVED(replies_continue_only_if_wanted),
		SERVED(oneway_has_no_answer),
		SERVED(errors_of_varlink),
		SERVED(service_describes_itself),
		SERVED(what_is_no_call_ends_the_connection),
		SERVED(half_closed_client_is_answered),
		SERVED(closing_is_told_once),
		cmocka_unit_test(open_call_is_closed_with_the_server),
		SERVED(client_that_does_not_read_is_dropped),
		SERVED(many_clients_at_once),
		SERVED(greedy_client_takes_turns),
		SERVED(strangers_may_not_call_for_root),
		SERVED(client_calls),
		SERVED(method_knows_its_peer),
		SERVED(client_streams),
		SERVED(silence_has_a_limit),
		SERVED(waits_tick),
		cmocka_unit_test(lost_daemon_is_told),
		SERVED(big_call_is_quick),
		SERVED(client_checks_the_daemon),
		SERVED(socket_is_open_to_all),
		SERVED(second_server_is_refused),
		cmocka_unit_test(stale_socket_is_replaced),
		cmocka_unit_test(file_in_the_way_is_kept),
		cmocka_unit_test(handed_over_socket_is_used),
	};
	return cmocka_run_group_tests_name("lib/ipc", tests, NULL, NULL);
}
