/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The status line on a pseudo terminal: when it is drawn, that it gives way to other lines and is gone at the end, that it never
 * wraps, and that nobody but a terminal sees it; then a login that takes its time, from the command down to the made-up daemon.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/ioctl.h>

#include "adm/login.h"
#include "adm/print.h"
#include "adm/progress.h"
#include "adm/sendtargets.h"
#include "adm/session.h"
#include "lib/loop.h"
#include "tests/unit/fake_daemon.h"
#include "tests/unit/quick_time.h"

#define ERASE "\r\033[K"

static char screen[16384];	/* what the terminal got */

/* How long something is waited for depends on what else the machine does: "0 s" in front of an erasing is what all of it becomes. */
static void forget_seconds(void)
{
	for (char *end = strstr(screen, " s" ERASE); end; end = strstr(end + 1, " s" ERASE)) {
		char *digits = end;

		while (digits > screen && digits[-1] >= '0' && digits[-1] <= '9')
			digits--;
		if (digits == end)
			continue;
		*digits = '0';
		memmove(digits + 1, end, strlen(end) + 1);
		end = digits + 1;
	}
}

/* Runs fn with stderr on a terminal that is so wide, and stdout there too or put away. */
static void on_terminal(unsigned short columns, bool with_stdout, void (*fn)(void))
{
	struct winsize size = { .ws_row = 25, .ws_col = columns };
	int saved_out = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO), master, slave, away = open("/dev/null", O_WRONLY);
	ssize_t len, at = 0;

	fflush(stdout);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
	dup2(slave, STDERR_FILENO);
	dup2(with_stdout ? slave : away, STDOUT_FILENO);
	fn();
	fflush(stdout);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_err, STDERR_FILENO);
	close(saved_out);
	close(saved_err);
	close(away);
	close(slave);
	while ((len = read(master, screen + at, sizeof(screen) - 1 - (size_t)at)) > 0)
		at += len;
	screen[at] = '\0';
	forget_seconds();
	close(master);
}

static bool describe(char *text, size_t room, void *data)
{
	snprintf(text, room, "%s", (const char *)data);
	return true;
}

static void tick_late(void)
{
	usleep((PROGRESS_TICK_MS + 20) * 1000);
	progress_tick();
}

static void draw_twice(void)
{
	progress_start("logged in", 64, describe, (void *)"10.0.0.3:3260 (iqn.x:a)");
	progress_tick();
	for (int i = 0; i < 11; i++)
		progress_count(true);
	progress_count(false);
	tick_late();
	progress_tick();
	progress_count(true);
	tick_late();
	progress_end();
	progress_tick();
	progress_end();
}

/* Nothing at first, then a line, rewritten in place once the time has come, and erased at the end. */
static void test_drawn_in_place(void **state)
{
	on_terminal(80, false, draw_twice);
	assert_string_equal(screen, ERASE "11/64 logged in, 1 failed, waiting for 10.0.0.3:3260 (iqn.x:a) 0 s"
			    ERASE "12/64 logged in, 1 failed, waiting for 10.0.0.3:3260 (iqn.x:a) 0 s" ERASE);
}

static void draw_and_print(void)
{
	progress_start("logged out", 2, NULL, NULL);
	tick_late();
	print_line("a line");
	print_problem("a problem");
	tick_late();
	progress_end();
	print_line("the end");
}

static void test_makes_room(void **state)
{
	on_terminal(80, true, draw_and_print);
	assert_string_equal(screen, ERASE "0/2 logged out" ERASE "a line\r\niscsiadm: a problem\r\n" ERASE "0/2 logged out" ERASE
			    "the end\r\n");
}

static void draw_long(void)
{
	progress_start("logged in", 1, describe, (void *)"h\xc3\xb6st \033[2Jiqn.x:a-name-that-is-long");
	tick_late();
	progress_end();
}

/* Cut between characters, one column before the edge; what would move the cursor is a question mark. */
static void test_never_wraps(void **state)
{
	on_terminal(40, false, draw_long);
	assert_string_equal(screen, ERASE "0/1 logged in, waiting for h\xc3\xb6st ?[2Jiqn" ERASE);
}

static void test_no_terminal(void **state)
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	dup2(fileno(file), STDERR_FILENO);
	draw_long();
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
	fclose(file);
	setenv("TERM", "dumb", 1);
	on_terminal(80, false, draw_long);
	setenv("TERM", "vt100", 1);
	assert_string_equal(screen, "");
}

static void add(struct login_list *list, const char *target)
{
	struct record node;

	record_init(&node, RECORD_NODE);
	assert_int_equal(record_set(&node, F_NODE_NAME, target, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_CONN_ADDRESS, "10.0.0.3", ORIGIN_RECORD), 0);
	assert_int_equal(login_list_add(list, &node), 0);
}

static void log_in_slowly(void)
{
	struct login_list list = { 0 };
	struct args args = { 0 };
	struct adm adm;

	add(&list, "iqn.x:slow");
	add(&list, "iqn.x:b");
	adm_init(&adm, &args);
	assert_int_equal(login_run(&adm, &list, LOGIN_TO_NR_SESSIONS), ISCSI_ERR_SUCCESS);
	adm_done(&adm);
	login_list_done(&list);
}

static void test_login(void **state)
{
	assert_int_equal(fake_start(), 0);
	on_terminal(100, true, log_in_slowly);
	fake_stop();
	assert_non_null(strstr(screen, "/2 logged in, waiting for 10.0.0.3:3260 (iqn.x:slow) 0 s" ERASE));
	assert_non_null(strstr(screen, ERASE "Login to [iface: "));
	assert_null(strstr(screen, " s\r\n"));
	assert_memory_equal(screen + strlen(screen) - 14, " successful.\r\n", 14);
}

static void make_session(struct adm *adm, uint32_t sid)
{
	struct sysfs_session *session = calloc(1, sizeof(*session));

	*session = (struct sysfs_session){ .sid = sid, .host_no = 1, .tpgt = 1, .persistent_port = 3260, .creator = 7 };
	snprintf(session->target_name, sizeof(session->target_name), "iqn.x:a");
	snprintf(session->persistent_address, sizeof(session->persistent_address), "10.0.0.3");
	adm->sessions = session;
	adm->session_marked = calloc(1, sizeof(*adm->session_marked));
	adm->session_marked[0] = true;
	adm->session_count = 1;
	adm->session_level = SYSFS_FULL;
	adm->sessions_read = true;
}

static void log_out_slowly(void)
{
	struct args args = { 0 };
	struct adm adm;

	adm_init(&adm, &args);
	make_session(&adm, 700);
	assert_int_equal(session_logout_marked(&adm), ISCSI_ERR_SUCCESS);
	adm_done(&adm);
}

static void test_logout(void **state)
{
	assert_int_equal(fake_start(), 0);
	on_terminal(100, true, log_out_slowly);
	fake_stop();
	assert_non_null(strstr(screen, ERASE "0/1 logged out, waiting for 10.0.0.3:3260 (iqn.x:a) 0 s" ERASE));
	assert_memory_equal(screen + strlen(screen) - 14, " successful.\r\n", 14);
}

/* The host's scan file is a pipe that somebody reads late. */
static void rescan_slowly(void)
{
	struct args args = { 0 };
	char command[600];
	struct adm adm;

	snprintf(command, sizeof(command),
		 "cd %s && mkdir -p class/iscsi_session/session1/device class/scsi_host/host1 && echo 0 >class/iscsi_session/session1/target_id &&"
		 "mkfifo class/scsi_host/host1/scan && { (sleep .5; cat class/scsi_host/host1/scan) >/dev/null 2>&1 & }", fake.dir);
	assert_int_equal(system(command), 0);
	adm_init(&adm, &args);
	make_session(&adm, 1);
	assert_int_equal(session_rescan_marked(&adm), ISCSI_ERR_SUCCESS);
	adm_done(&adm);
}

static void test_rescan(void **state)
{
	assert_int_equal(fake_start(), 0);
	on_terminal(100, true, rescan_slowly);
	fake_stop();
	/* The thread is waited for in real time: how many of the quick seconds that is does not matter. */
	assert_non_null(strstr(screen, "\r\n" ERASE "0/1 rescanned, waiting for 10.0.0.3:3260 (iqn.x:a) "));
	assert_memory_equal(screen + strlen(screen) - strlen(ERASE), ERASE, strlen(ERASE));
}

/* A portal that takes the connection, says nothing and goes away. */
static int silent_portal(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	if (!fork()) {
		accept(fd, NULL, NULL);
		usleep(400000);
		_exit(0);
	}
	close(fd);
	return ntohs(address.sin_port);
}

static void discover_slowly(void)
{
	struct sendtargets_runs runs;
	struct args args = { 0 };
	struct record record;
	struct adm adm;

	adm_init(&adm, &args);
	record_init(&record, RECORD_SENDTARGETS);
	assert_int_equal(record_set(&record, F_DISCOVERY_SENDTARGETS_ADDRESS, "127.0.0.1", ORIGIN_RECORD), 0);
	assert_int_equal(record_set_number(&record, F_DISCOVERY_SENDTARGETS_PORT, silent_portal(), ORIGIN_RECORD), 0);
	assert_int_equal(record_set_number(&record, F_DISCOVERY_SENDTARGETS_REOPEN_MAX, 0, ORIGIN_RECORD), 0);
	assert_int_equal(sendtargets_prepare(&adm, &runs), ISCSI_ERR_SUCCESS);
	assert_int_not_equal(sendtargets_ask(&adm, &record, &runs), ISCSI_ERR_SUCCESS);
	sendtargets_runs_done(&runs);
	record_done(&record);
	adm_done(&adm);
}

static void test_discovery(void **state)
{
	assert_int_equal(fake_start(), 0);
	on_terminal(100, true, discover_slowly);
	fake_stop();
	assert_non_null(strstr(screen, "0/1 answered, waiting for 127.0.0.1:"));
	assert_non_null(strstr(screen, " through default, try 1, 0 s" ERASE));
	assert_memory_equal(screen + strlen(screen) - 2, "\r\n", 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drawn_in_place), cmocka_unit_test(test_makes_room), cmocka_unit_test(test_never_wraps),
		cmocka_unit_test(test_no_terminal),    cmocka_unit_test(test_login),	     cmocka_unit_test(test_logout),
		cmocka_unit_test(test_rescan),	       cmocka_unit_test(test_discovery),
	};

	setenv("TERM", "vt100", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
