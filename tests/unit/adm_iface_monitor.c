/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m iface --monitor` with a made-up daemon: what of its events is printed, as text and as JSON, that each line leaves at
 * once, and how it ends: by a signal, by whoever reads no more, by the daemon; and without a daemon, or with an older one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "adm/iface.h"
#include "tests/unit/fake_daemon.h"

static const char *const events[] = {
	"{\"event\":\"begin\",\"time\":1700000000000,\"text\":\"watching 3 ports\"}",
	"{\"event\":\"port-up\",\"time\":1700000000041,\"text\":\"NIC lab3: link is up\",\"cause\":\"carrier\",\"iface\":\"if3\",\"port\":\"NIC lab3\"}",
	"{\"time\":1,\"text\":\"no name\"}",
	"{\"event\":\"login\",\"time\":1700000060007,\"text\":\"logged in\",\"iface\":\"if4\",\"sid\":7,"
	"\"portal\":{\"target\":\"iqn.x:a\",\"address\":\"fd00::1\",\"port\":3260,\"tpgt\":1}}",
	"{\"event\":\"news-of-tomorrow\",\"time\":\"late\",\"sid\":-4,\"portal\":{\"port\":99999}}",
};

static int start_daemon(bool end)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		fake.events[i] = events[i];
	fake.events_end = end;
	setenv("TZ", "UTC0", 1);
	return fake_start();
}

static int start_dying(void **state)
{
	return start_daemon(true);
}

static int start_lasting(void **state)
{
	return start_daemon(false);
}

static int start_old(void **state)
{
	fake.attributes = "{}";
	return fake_start();
}

static int stop(void **state)
{
	fake.attributes = NULL;
	fake_stop();
	return 0;
}

static int monitor(void *data)
{
	static struct args args;
	struct adm adm;
	int err;

	args = (struct args){ .mode = MODE_IFACE, .iface_count = data ? 1 : 0, .ifaces = { data } };
	adm_init(&adm, &args);
	err = iface_monitor(&adm);
	adm_done(&adm);
	return err;
}

static void test_text(void **state)
{
	assert_int_equal(fake_capture(monitor, NULL), ISCSI_ERR_ISCSID_COMM);
	assert_string_equal(fake_out, "22:13:20.041 port-up: NIC lab3: link is up\n"
				      "22:14:20.007 login: logged in\n"
				      "00:00:00.000 news-of-tomorrow: \n");
	assert_string_equal(fake_err, "iscsiadm: iscsid has ended\n");
}

static void test_one_iface(void **state)
{
	assert_int_equal(fake_capture(monitor, (char *)"if4"), ISCSI_ERR_ISCSID_COMM);
	assert_string_equal(fake_out, "22:14:20.007 login: logged in\n");
}

static int monitor_json(void *data)
{
	return fake_json(monitor, data);
}

static void test_json(void **state)
{
	assert_int_equal(fake_capture(monitor_json, NULL), ISCSI_ERR_ISCSID_COMM);
	assert_string_equal(fake_out,
		"{\"type\":\"event\",\"event\":\"begin\",\"time\":1700000000000,\"message\":\"watching 3 ports\",\"cause\":null,\"iface\":null,"
		"\"port\":null,\"target\":null,\"portal\":null,\"sid\":null}\n"
		"{\"type\":\"event\",\"event\":\"port-up\",\"time\":1700000000041,\"message\":\"NIC lab3: link is up\",\"cause\":\"carrier\","
		"\"iface\":\"if3\",\"port\":\"NIC lab3\",\"target\":null,\"portal\":null,\"sid\":null}\n"
		"{\"type\":\"event\",\"event\":\"login\",\"time\":1700000060007,\"message\":\"logged in\",\"cause\":null,\"iface\":\"if4\","
		"\"port\":null,\"target\":\"iqn.x:a\",\"portal\":{\"address\":\"fd00::1\",\"port\":3260,\"tpgt\":1},\"sid\":7}\n"
		"{\"type\":\"event\",\"event\":\"news-of-tomorrow\",\"time\":0,\"message\":null,\"cause\":null,\"iface\":null,\"port\":null,"
		"\"target\":null,\"portal\":null,\"sid\":null}\n"
		"{\"type\":\"error\",\"message\":\"iscsid has ended\"}\n");
	assert_string_equal(fake_err, "");
}

static void test_old_daemon(void **state)
{
	assert_int_equal(fake_capture(monitor, NULL), ISCSI_ERR_INVALID_MGMT_REQ);
	assert_string_equal(fake_err, "iscsiadm: this iscsid is too old to be watched\n");
}

static void test_no_daemon(void **state)
{
	setenv(IPC_SOCKET_ENV, "/nonexistent/socket", 1);
	assert_int_equal(fake_capture(monitor, NULL), ISCSI_ERR_ISCSID_NOTCONN);
	assert_string_equal(fake_out, "");
	assert_string_equal(fake_err, "iscsiadm: can not connect to iSCSI daemon (111)!\n");
	setenv(IPC_SOCKET_ENV, fake.socket, 1);
}

/* A child that monitors; its output. */
static pid_t watch(bool json, int *ret_output)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (!child) {
		signal(SIGPIPE, SIG_IGN);
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (json)
			emit_start();
		_exit(monitor(NULL));
	}
	close(ends[1]);
	*ret_output = ends[0];
	return child;
}

/* Reads until it has text; what was read is in fake_out. */
static void read_until(int output, const char *text)
{
	struct pollfd wanted = { .fd = output, .events = POLLIN };
	size_t len = 0;
	ssize_t got;

	fake_out[0] = '\0';
	while (!strstr(fake_out, text)) {
		assert_int_equal(poll(&wanted, 1, 5000), 1);
		got = read(output, fake_out + len, sizeof(fake_out) - 1 - len);
		assert_true(got > 0);
		len += (size_t)got;
		fake_out[len] = '\0';
	}
}

static int end_of(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Lines are there before the next event is, and a signal is an end as good as any. */
static void test_signals(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM };

	for (size_t i = 0; i < 2; i++) {
		int output;
		pid_t child = watch(false, &output);

		read_until(output, "news-of-tomorrow: \n");
		kill(child, signals[i]);
		assert_int_equal(end_of(child), ISCSI_ERR_SUCCESS);
		close(output);
		child = watch(true, &output);
		read_until(output, "news-of-tomorrow");
		kill(child, signals[i]);
		read_until(output, "\"result\"");
		assert_string_equal(fake_out, "{\"type\":\"result\",\"code\":0,\"name\":\"SUCCESS\",\"message\":\"success\"}\n");
		assert_int_equal(end_of(child), ISCSI_ERR_SUCCESS);
		close(output);
	}
}

static void test_closed_output(void **state)
{
	int output;
	pid_t child = watch(false, &output);

	read_until(output, "news-of-tomorrow: \n");
	close(output);
	assert_int_equal(end_of(child), ISCSI_ERR_UNKNOWN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_text, start_dying, stop),
		cmocka_unit_test_setup_teardown(test_one_iface, start_dying, stop),
		cmocka_unit_test_setup_teardown(test_json, start_dying, stop),
		cmocka_unit_test_setup_teardown(test_old_daemon, start_old, stop),
		cmocka_unit_test_setup_teardown(test_no_daemon, start_old, stop),
		cmocka_unit_test_setup_teardown(test_signals, start_lasting, stop),
		cmocka_unit_test_setup_teardown(test_closed_output, start_lasting, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
