/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket's commands and the faults they arm: what reaches which port, what is refused, how often a fault strikes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/loop.h"
#include "tests/hba/control.h"
#include "tests/hba/faults.h"
#include "tests/hba/trace.h"

/* What the last call to a port was: "1:link 0". */
static char told[128];

static void tell(void *data, const char *what, unsigned int value)
{
	snprintf(told, sizeof(told), "%u:%s %u", *(unsigned int *)data, what, value);
}

static void on_link(void *data, bool is_up)
{
	tell(data, "link", is_up);
}

static void on_plug(void *data, bool is_plugged)
{
	tell(data, "plug", is_plugged);
}

static void on_hang(void *data, bool is_hung)
{
	tell(data, "hang", is_hung);
}

static void on_beat(void *data, bool is_beating)
{
	tell(data, "beat", is_beating);
}

static void on_die(void *data)
{
	tell(data, "die", 0);
}

static void on_fatal(void *data)
{
	tell(data, "fatal", 0);
}

static void on_pull(void *data)
{
	tell(data, "pull", 0);
}

static void on_reset(void *data)
{
	tell(data, "reset", 0);
}

static void on_delay(void *data, unsigned int delay_ms)
{
	tell(data, "delay", delay_ms);
}

static void on_event(void *data, const uint32_t words[8])
{
	snprintf(told, sizeof(told), "%u:event %x %x %x", *(unsigned int *)data, words[0], words[1], words[7]);
}

static int on_drop(void *data, uint32_t ddb)
{
	tell(data, "drop", ddb);
	return ddb == 9 ? -ENOENT : 0;
}

static void on_state(void *data, struct text *text)
{
	text_addf(text, " port=%u", *(unsigned int *)data);
}

static const struct control_port_ops ops = {on_link, on_plug, on_hang, on_die, on_fatal, on_pull, on_beat, on_delay, on_event, on_reset, on_drop, on_state};
static const struct control_port_ops no_ops;
static unsigned int numbers[] = {0, 1};
static struct control_port ports[2];

static int make_ports(void **state)
{
	for (unsigned int i = 0; i < 2; i++)
		ports[i] = (struct control_port){&ops, &numbers[i], faults_new(), trace_new(i, false)};
	return 0;
}

static int free_ports(void **state)
{
	for (unsigned int i = 0; i < 2; i++) {
		faults_free(ports[i].faults);
		trace_free(ports[i].trace);
	}
	return 0;
}

static void answers(const char *command, const char *answer)
{
	struct text text = {0};
	char line[CONTROL_LINE_MAX];

	snprintf(line, sizeof(line), "%s", command);
	*told = '\0';
	control_command(ports, 2, line, &text);
	assert_string_equal(text.data, answer);
	text_done(&text);
}

static void tells(const char *command, const char *what)
{
	answers(command, "ok");
	assert_string_equal(told, what);
}

static void refuses(const char *command)
{
	struct text text = {0};
	char line[CONTROL_LINE_MAX];

	snprintf(line, sizeof(line), "%s", command);
	*told = '\0';
	control_command(ports, 2, line, &text);
	assert_int_equal(strncmp(text.data, "error ", 6), 0);
	assert_string_equal(told, "");
	text_done(&text);
}

static void each_command_reaches_its_port(void **state)
{
	tells("link down", "0:link 0");
	tells("port1 link up", "1:link 1");
	tells("port0  cable\tout", "0:plug 0");
	tells("cable in", "0:plug 1");
	tells("hang on", "0:hang 1");
	tells("heartbeat off", "0:beat 0");
	tells("die", "0:die 0");
	tells("port1 fatal", "1:fatal 0");
	tells("pull", "0:pull 0");
	tells("reset\r", "0:reset 0");
	tells("delay 0", "0:delay 0");
	tells("event 0x8014 1 2 4", "0:event 8014 1 0");
	tells("event 0x8029 1 2 3 4 5 6 7", "0:event 8029 1 7");
	tells("drop 3", "0:drop 3");
	tells("drop all", "0:drop 4294967295");
	answers("port1 state", "ok port=1");
}

static void what_is_no_command_is_refused(void **state)
{
	static const char *const bad[] = {
		"",	      "port2 die", "port", "no-such", "link",	    "link sideways", "delay",	       "delay -1",	   "delay 9999999",
		"event 0x14", "event",	   "drop", "drop x",  "mailbox-fail", "mailbox-fail 1", "mailbox-fail x 1", "mailbox-fail 1 1 0", "trace",
		"trace /nowhere/at/all", "trace - everything", "a b c d e f g h i j k l m",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i]);
	answers("drop 9", "error no such session");
}

static void a_port_without_ops_says_so(void **state)
{
	static const char *const commands[] = {"link up", "cable in", "hang on", "die", "fatal", "reset", "delay 1", "event 0x8010", "drop 1"};

	ports[0].ops = &no_ops;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		refuses(commands[i]);
	answers("state", "ok");
	ports[0].ops = &ops;
}

static void every_fault_can_be_armed(void **state)
{
	for (enum fault_point point = 0; point < FAULT_POINTS; point++) {
		const struct fault_row *row = &fault_rows[point];
		char command[128];
		uint32_t value = 77;

		snprintf(command, sizeof(command), "port1 %s%s%s", row->name, *row->key ? " 0x64" : "", *row->value ? " 0x4005" : "");
		answers(command, "ok");
		assert_false(fault_hit(ports[0].faults, point, 0x64, NULL));
		assert_int_equal(fault_hit(ports[1].faults, point, 0x63, NULL), !*row->key);
		answers("port1 clear", "ok");
		answers(command, "ok");
		assert_true(fault_hit(ports[1].faults, point, 0x64, &value));
		assert_int_equal(value, *row->value ? 0x4005 : 0);
		assert_false(fault_hit(ports[1].faults, point, 0x64, NULL));
		assert_int_equal(faults_hits(ports[1].faults, point), 1 + !*row->key);
	}
	assert_false(fault_hit(NULL, FAULT_AEN_LOSE, 0, NULL));
}

static void faults_strike_as_often_as_told(void **state)
{
	answers("aen-lose 0x8014 3", "ok");
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(fault_hit(ports[0].faults, FAULT_AEN_LOSE, 0x8014, NULL), i < 3);
	answers("iocb-delay any 250 always", "ok");
	for (unsigned int i = 0; i < 1000; i++)
		assert_true(fault_hit(ports[0].faults, FAULT_IOCB_DELAY, i, NULL));
	answers("mailbox-lose 0x26 2", "ok");
	answers("state", "ok port=0 iocb-delay:any:always:0xfa mailbox-lose:0x26:0x2:0 aen-lose=3 iocb-delay=1000");
	answers("clear", "ok");
	assert_false(fault_hit(ports[0].faults, FAULT_IOCB_DELAY, 3, NULL));
}

/* The first that fits is used up first, and there is an end to how many. */
static void faults_stand_in_order(void **state)
{
	uint32_t value;

	answers("mailbox-fail 0x63 0x4001", "ok");
	answers("mailbox-fail any 0x4002", "ok");
	assert_true(fault_hit(ports[0].faults, FAULT_MAILBOX_FAIL, 0x63, &value));
	assert_int_equal(value, 0x4001);
	assert_true(fault_hit(ports[0].faults, FAULT_MAILBOX_FAIL, 0x63, &value));
	assert_int_equal(value, 0x4002);
	for (unsigned int i = 0; i < FAULTS_ARMED_MAX; i++)
		answers("boot-fail 0x4003", "ok");
	refuses("boot-fail 0x4003");
	answers("clear", "ok");
}

/* --- the socket ----------------------------------------------------------------------------------------------------------------- */

static int dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void stop(void *data)
{
	loop_stop(data);
}

static void turn(struct loop *loop)
{
	struct loop_timer *timer;

	assert_int_equal(loop_timer_new(loop, stop, loop, &timer), 0);
	loop_timer_set(timer, 30);
	loop_run(loop);
	loop_timer_free(timer);
}

static void lines_are_answered_one_by_one(void **state)
{
	char folder[] = "/tmp/openhba-control-XXXXXX", path[64], buffer[256] = "", junk[CONTROL_LINE_MAX + 10];
	struct control *control;
	struct loop *loop;
	int first, second;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(control_new(loop, path, ports, 3, &control), -EINVAL);
	assert_int_equal(control_new(loop, path, ports, 2, &control), 0);
	first = dial(path);
	second = dial(path);
	assert_int_equal(send(first, "link up\nnonsense\nport1 st", 25, 0), 25);
	turn(loop);
	assert_int_equal(recv(first, buffer, sizeof(buffer) - 1, MSG_DONTWAIT), strlen("ok\nerror no such command: see help\n"));
	assert_string_equal(buffer, "ok\nerror no such command: see help\n");
	assert_int_equal(send(first, "ate\n", 4, 0), 4);
	memset(junk, 'x', sizeof(junk));
	assert_int_equal(send(second, junk, sizeof(junk), 0), sizeof(junk));
	turn(loop);
	memset(buffer, 0, sizeof(buffer));
	assert_true(recv(first, buffer, sizeof(buffer) - 1, MSG_DONTWAIT) > 0);
	assert_int_equal(strncmp(buffer, "ok port=1", 9), 0);
	assert_true(recv(second, buffer, sizeof(buffer), MSG_DONTWAIT) <= 0);
	control_free(control);
	assert_int_not_equal(access(path, F_OK), 0);
	close(first);
	close(second);
	loop_free(loop);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_reaches_its_port),
		cmocka_unit_test(what_is_no_command_is_refused),
		cmocka_unit_test(a_port_without_ops_says_so),
		cmocka_unit_test(every_fault_can_be_armed),
		cmocka_unit_test(faults_strike_as_often_as_told),
		cmocka_unit_test(faults_stand_in_order),
		cmocka_unit_test(lines_are_answered_one_by_one),
	};

	return cmocka_run_group_tests(tests, make_ports, free_ports);
}
