/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The log of a program: one line is one write to stderr or one datagram to the syslog socket. Decides the form of the line and
 * what happens when nobody takes it (it is dropped and counted). Called by programs only. Never allocates; never waits for
 * syslog or the journal, because the log may be on the lost disk.
 */
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define WRITER_BYTES (256 << 10)
#define WRITER_STACK_BYTES (64u << 10)
#define LINE_MAX_BYTES 2048 /* RFC 5424 6.1: receivers should take this much */

/* The log of the program, set by log_open(). */
static struct {
	const char *program;
	enum log_target target;
	enum log_level level;
	bool journal; /* stderr is a socket of the journal: lines begin with <priority> */
	const char *syslog_path;
	int socket;
	unsigned long dropped;
	log_fn *divert;
	int writer[2]; /* a pipe to the thread that writes to stderr; -1: none */
	pthread_t writer_thread;
} log_state = {.syslog_path = "/dev/log", .program = "openhba", .target = LOG_TO_STDERR, .level = LOG_LEVEL_INFO, .socket = -1,
	       .writer = {-1, -1}};

static const int priorities[] = {
	[LOG_LEVEL_ERROR] = LOG_ERR,
	[LOG_LEVEL_WARNING] = LOG_WARNING,
	[LOG_LEVEL_INFO] = LOG_INFO,
	[LOG_LEVEL_DEBUG] = LOG_DEBUG,
};

/* systemd.exec(5), $JOURNAL_STREAM: device and inode of the socket that stderr was connected to */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0 &&
	       S_ISSOCK(status.st_mode) && status.st_dev == device && status.st_ino == inode;
}

static void socket_close(void)
{
	if (log_state.socket >= 0)
		close(log_state.socket);
	log_state.socket = -1;
}

static bool socket_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strncpy(address.sun_path, log_state.syslog_path, sizeof(address.sun_path) - 1);
	log_state.socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (log_state.socket >= 0 && connect(log_state.socket, (struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	socket_close();
	return false;
}

void log_open(const char *program, enum log_target target, enum log_level level)
{
	log_state.program = program;
	log_state.target = target;
	log_state.level = level;
	log_state.journal = target == LOG_TO_STDERR && stderr_is_journal();
	socket_close();
	if (target == LOG_TO_SYSLOG)
		socket_open();
}

void log_divert(log_fn *fn)
{
	log_state.divert = fn;
}

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

enum log_level log_level(void)
{
	return log_state.level;
}

unsigned long log_dropped(void)
{
	return log_state.dropped;
}

static void writer_close(void)
{
	for (int i = 0; i < 2; i++) {
		if (log_state.writer[i] >= 0)
			close(log_state.writer[i]);
		log_state.writer[i] = -1;
	}
}

static bool socket_send(const char *line, size_t len)
{
	return log_state.socket >= 0 && send(log_state.socket, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* A full socket is left alone; one whose other end went away (syslog was restarted) is connected anew, once per line. */
static bool syslog_send(const char *line, size_t len)
{
	if (socket_send(line, len))
		return true;
	if (log_state.socket >= 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE))
		return false;
	socket_close();
	return socket_open() && socket_send(line, len);
}

static void *writer_run(void *arg)
{
	char bytes[PIPE_BUF];
	ssize_t got, sent;

	while ((got = read(log_state.writer[0], bytes, sizeof(bytes))) > 0 || (got < 0 && errno == EINTR))
		for (ssize_t at = 0; at < got; at += sent) {
			sent = write(STDERR_FILENO, bytes + at, (size_t)(got - at));
			if (sent < 0 && errno != EINTR)
				break;
			sent = sent < 0 ? 0 : sent;
		}
	return NULL;
}

/* The read end waits, the write end never does. */
static int writer_pipe(void)
{
	if (pipe2(log_state.writer, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(log_state.writer[1], F_SETPIPE_SZ, WRITER_BYTES);
	if (fcntl(log_state.writer[1], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	writer_close();
	return -errno;
}

/* Signals stay with the program's own thread. The stack may be locked memory, so it is small. */
static int writer_create(void)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int error = pthread_attr_init(&attr);

	if (error)
		return -error;
	pthread_attr_setstacksize(&attr, WRITER_STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&log_state.writer_thread, &attr, writer_run, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -error;
}

int log_writer_start(void)
{
	int error;

	if (log_state.target != LOG_TO_STDERR || log_state.journal || log_state.writer[0] >= 0)
		return 0;
	error = writer_pipe();
	if (error)
		return error;
	error = writer_create();
	if (error)
		writer_close();
	return error;
}

/* A thread that hangs in its write keeps the read end; the program is about to end. */
void log_writer_stop(void)
{
	struct timespec until;
	int fd = log_state.writer[1];

	if (fd < 0)
		return;
	log_state.writer[1] = -1;
	close(fd);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	if (pthread_timedjoin_np(log_state.writer_thread, NULL, &until) == 0)
		writer_close();
}

static bool stderr_send(const char *line, size_t len)
{
	ssize_t sent;

	if (log_state.writer[1] >= 0)
		return write(log_state.writer[1], line, len) == (ssize_t)len;
	if (log_state.journal)
		return send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
	do
		sent = write(STDERR_FILENO, line, len);
	while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)len;
}

static int format_head(char *line, size_t size, enum log_level level)
{
	if (log_state.divert)
		return 0;
	if (log_state.target == LOG_TO_SYSLOG)
		return snprintf(line, size, "<%d>%s[%d]: ", LOG_DAEMON | priorities[level], log_state.program, (int)getpid());
	if (log_state.journal)
		return snprintf(line, size, "<%d>", priorities[level]);
	return snprintf(line, size, "%s: ", log_state.program);
}

/* What came from a target or a client must not make a line of its own, nor move the cursor of a terminal. */
static void make_printable(char *message, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)message[i] < ' ' && message[i] != '\t') || message[i] == 0x7f)
			message[i] = '?';
}

void log_line(enum log_level level, const char *format, ...)
{
	int saved_errno = errno, head, body;
	char line[LINE_MAX_BYTES + 1];
	va_list args;
	size_t len;

	if (level > log_state.level)
		return;
	head = format_head(line, sizeof(line) / 2, level);
	if (head < 0 || (size_t)head >= sizeof(line) / 2)
		head = 0;
	errno = saved_errno; /* for %m */
	va_start(args, format);
	body = vsnprintf(line + head, sizeof(line) - 1 - (size_t)head, format, args);
	va_end(args);
	if (body < 0)
		body = 0;
	len = (size_t)head + (size_t)body;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	while (len > (size_t)head && line[len - 1] == '\n')
		len--;
	make_printable(line + head, len - (size_t)head);
	if (log_state.divert) {
		line[len] = '\0';
		log_state.divert(level, line);
		errno = saved_errno;
		return;
	}
	if (log_state.target == LOG_TO_STDERR)
		line[len++] = '\n';
	if (!(log_state.target == LOG_TO_SYSLOG ? syslog_send(line, len) : stderr_send(line, len)))
		log_state.dropped++;
	errno = saved_errno;
}
