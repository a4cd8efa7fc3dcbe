/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log: its forms on stderr, to the journal and to syslog; what a hostile message may do; a full and a restarted syslog.
 * Includes the source to put a syslog socket of its own in place of the system's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "lib/log.c"

#include <fcntl.h>
#include <poll.h>

struct fixture {
	int saved_stderr;
	int in; /* what went to stderr or syslog is read here */
};

static struct fixture f;
static char syslog_path[64];

static void read_line(char *line, size_t size)
{
	ssize_t got;

	fcntl(f.in, F_SETFL, O_NONBLOCK);
	got = read(f.in, line, size - 1);
	line[got > 0 ? got : 0] = '\0';
}

static int setup_stderr(void **state)
{
	int fds[2];

	f.saved_stderr = dup(STDERR_FILENO);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		return -1;
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	f.in = fds[0];
	return 0;
}

static int teardown_stderr(void **state)
{
	dup2(f.saved_stderr, STDERR_FILENO);
	close(f.saved_stderr);
	close(f.in);
	unsetenv("JOURNAL_STREAM");
	return 0;
}

static void stderr_form(void **state)
{
	char line[4096];

	log_open("iscsiadm", LOG_TO_STDERR, LOG_LEVEL_INFO);
	errno = ENOENT;
	log_error("cannot read %s: %m", "x");
	assert_int_equal(errno, ENOENT);
	read_line(line, sizeof(line));
	assert_string_equal(line, "iscsiadm: cannot read x: No such file or directory\n");
	log_info("with end\n");
	read_line(line, sizeof(line));
	assert_string_equal(line, "iscsiadm: with end\n");
}

static void level_is_a_threshold(void **state)
{
	char line[4096];

	log_open("p", LOG_TO_STDERR, LOG_LEVEL_WARNING);
	log_info("no");
	log_debug("no");
	log_warning("yes");
	read_line(line, sizeof(line));
	assert_string_equal(line, "p: yes\n");
	log_set_level(LOG_LEVEL_DEBUG);
	assert_int_equal(log_level(), LOG_LEVEL_DEBUG);
	log_debug("now");
	read_line(line, sizeof(line));
	assert_string_equal(line, "p: now\n");
}

static void message_stays_one_line(void **state)
{
	char line[4096], big[5000];

	log_open("p", LOG_TO_STDERR, LOG_LEVEL_INFO);
	log_error("target \"%s\"", "a\n<0>p: forged\x1b[2J\x7f\tb");
	read_line(line, sizeof(line));
	assert_string_equal(line, "p: target \"a?<0>p: forged?[2J?\tb\"\n");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_error("%s", big);
	read_line(line, sizeof(line));
	assert_int_equal(strlen(line), LINE_MAX_BYTES);
	assert_int_equal(line[LINE_MAX_BYTES - 1], '\n');
}

static void journal_form(void **state)
{
	struct stat status;
	char line[4096], stream[64];

	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("iscsid", LOG_TO_STDERR, LOG_LEVEL_INFO);
	log_warning("careful");
	read_line(line, sizeof(line));
	assert_string_equal(line, "<4>careful\n");
	setenv("JOURNAL_STREAM", "1:2", 1); /* inherited, but stderr was redirected */
	log_open("iscsid", LOG_TO_STDERR, LOG_LEVEL_INFO);
	log_warning("careful");
	read_line(line, sizeof(line));
	assert_string_equal(line, "iscsid: careful\n");
}

static void stuck_journal_does_not_block(void **state)
{
	unsigned long before = log_dropped();

	log_open("iscsid", LOG_TO_STDERR, LOG_LEVEL_INFO);
	log_state.journal = true;
	for (int i = 0; i < 5000; i++)
		log_error("%0500d", i);
	assert_true(log_dropped() > before);
}

static int listen_syslog(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, syslog_path, sizeof(syslog_path));
	unlink(syslog_path);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

static int setup_syslog(void **state)
{
	char folder[] = "/tmp/lib_log.XXXXXX";

	if (!mkdtemp(folder))
		return -1;
	snprintf(syslog_path, sizeof(syslog_path), "%s/log", folder);
	log_state.syslog_path = syslog_path;
	f.in = listen_syslog();
	return f.in < 0 ? -1 : 0;
}

static int teardown_syslog(void **state)
{
	socket_close();
	close(f.in);
	unlink(syslog_path);
	*strrchr(syslog_path, '/') = '\0';
	return rmdir(syslog_path);
}

static void syslog_form(void **state)
{
	char line[4096], expected[64];

	log_open("iscsid", LOG_TO_SYSLOG, LOG_LEVEL_INFO);
	log_info("session 1: logged in");
	read_line(line, sizeof(line));
	snprintf(expected, sizeof(expected), "<30>iscsid[%d]: session 1: logged in", (int)getpid());
	assert_string_equal(line, expected);
}

static void restarted_syslog_is_found_again(void **state)
{
	unsigned long before;
	char line[4096];

	log_open("iscsid", LOG_TO_SYSLOG, LOG_LEVEL_INFO);
	before = log_dropped();
	close(f.in);
	log_info("nobody listens");
	unlink(syslog_path);
	log_info("nobody is there");
	assert_int_equal(log_dropped(), before + 2);
	f.in = listen_syslog();
	log_info("back");
	read_line(line, sizeof(line));
	assert_non_null(strstr(line, "]: back"));
	assert_int_equal(log_dropped(), before + 2);
}

static void full_syslog_drops_and_counts(void **state)
{
	unsigned long before;
	int sent = 0;

	log_open("iscsid", LOG_TO_SYSLOG, LOG_LEVEL_INFO);
	before = log_dropped();
	for (; sent < 100000 && log_dropped() == before; sent++)
		log_info("line %d", sent);
	assert_true(sent > 1);
	assert_int_equal(log_dropped(), before + 1);
	for (char line[256]; read(f.in, line, sizeof(line)) > 0;)
		;
	log_info("again");
	assert_int_equal(log_dropped(), before + 1);
}

static char diverted[256];

static void divert(enum log_level level, const char *message)
{
	snprintf(diverted, sizeof(diverted), "%d %s", (int)level, message);
}

/* Neither prefix nor newline, and nothing where the lines went before. */
static void lines_can_go_elsewhere(void **state)
{
	char line[4096];

	log_open("p", LOG_TO_STDERR, LOG_LEVEL_INFO);
	log_divert(divert);
	errno = ENOENT;
	log_warning("cannot \n: %m\n");
	assert_int_equal(errno, ENOENT);
	assert_string_equal(diverted, "1 cannot ?: No such file or directory");
	diverted[0] = '\0';
	log_debug("not this one");
	assert_string_equal(diverted, "");
	log_divert(NULL);
	log_info("back");
	read_line(line, sizeof(line));
	assert_string_equal(line, "p: back\n");
}

/* Nobody reads stderr: a writer's lines are dropped and counted, the program goes on, and ends. */
static void stuck_stderr_does_not_block_with_a_writer(void **state)
{
	unsigned long before = log_dropped();
	struct timespec began, ended;

	log_open("iscsid", LOG_TO_STDERR, LOG_LEVEL_INFO);
	assert_int_equal(log_writer_start(), 0);
	for (int i = 0; i < 100000 && log_dropped() == before; i++)
		log_info("line %d of many that are as long as lines of a log usually are", i);
	assert_true(log_dropped() > before);
	clock_gettime(CLOCK_MONOTONIC, &began);
	log_writer_stop();
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_true(ended.tv_sec - began.tv_sec <= 3);
	/* The thread hangs in its write(); an end of stderr lets it go. */
	shutdown(f.in, SHUT_RDWR);
	pthread_join(log_state.writer_thread, NULL);
	writer_close();
}

static void writer_keeps_the_order_to_the_end(void **state)
{
	char line[4096];

	log_open("iscsid", LOG_TO_STDERR, LOG_LEVEL_INFO);
	assert_int_equal(log_writer_start(), 0);
	log_info("one");
	log_info("two");
	log_writer_stop();
	log_info("three");
	read_line(line, sizeof(line));
	assert_string_equal(line, "iscsid: one\niscsid: two\niscsid: three\n");
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
#define STDERR(name) cmocka_unit_test_setup_teardown(name, setup_stderr, teardown_stderr)
#define SYSLOG(name) cmocka_unit_test_setup_teardown(name, setup_syslog, teardown_syslog)
	const struct CMUnitTest tests[] = {
		STDERR(stderr_form),
		STDERR(level_is_a_threshold),
		STDERR(message_stays_one_line),
		STDERR(journal_form),
		STDERR(stuck_journal_does_not_block),
		STDERR(lines_can_go_elsewhere),
		STDERR(writer_keeps_the_order_to_the_end),
		STDERR(stuck_stderr_does_not_block_with_a_writer),
		SYSLOG(syslog_form),
		SYSLOG(restarted_syslog_is_found_again),
		SYSLOG(full_syslog_drops_and_counts),
	};
	return cmocka_run_group_tests_name("lib/log", tests, NULL, NULL);
}
