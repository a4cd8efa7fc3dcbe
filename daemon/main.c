/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsid: opens what the daemon needs, in an order in which a failure says why and leaves nothing
 * behind, then runs the loop. The sessions outlive it: whatever way it ends, the kernel keeps them
 * and the next iscsid takes them over.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/adopt.h"
#include "daemon/background.h"
#include "daemon/boot.h"
#include "daemon/daemon.h"
#include "daemon/discovery.h"
#include "daemon/drain.h"
#include "daemon/engine.h"
#include "daemon/first_start.h"
#include "daemon/hotplug.h"
#include "daemon/reload.h"
#include "daemon/verbs.h"
#include "lib/ipc.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/memory_lock.h"
#include "lib/notify.h"
#include "lib/standard_fds.h"
#include "lib/text.h"

#define NICE -10

/* What only main() holds. */
struct program {
	struct daemon daemon;
	struct loop_signal *term, *interrupt, *hangup;
	int pid_fd;    /* -1: no pid file */
	int ready_fd;  /* -1: in the foreground */
	int listen_fd; /* from the service manager; negative: none */
};

/* ---- signals ---- */

static void signal_stop(int number, void *data)
{
	struct daemon *daemon = data;

	log_info("stopped by signal %d; sessions stay", number);
	hotplug_stop(daemon);
	discovery_stop(daemon, drain_start);
}

static void reloaded(struct daemon *daemon)
{
	log_info("configuration read again");
	discovery_reload(daemon);
	hotplug_reload(daemon);
	(void)notify_ready(NULL);
}

static void signal_reload(int number, void *data)
{
	(void)notify_reloading(NULL);
	reload_start(data, reloaded);
}

static int signals_open(struct program *program)
{
	struct daemon *daemon = &program->daemon;
	int r;

	signal(SIGPIPE, SIG_IGN);
	if (!daemon->options.foreground)
		signal(SIGINT, SIG_IGN);
	r = loop_signal_new(daemon->loop, SIGTERM, signal_stop, daemon, &program->term);
	if (r == 0 && daemon->options.foreground)
		r = loop_signal_new(daemon->loop, SIGINT, signal_stop, daemon, &program->interrupt);
	if (r == 0)
		r = loop_signal_new(daemon->loop, SIGHUP, signal_reload, daemon, &program->hangup);
	return r;
}

/* ---- start ---- */

static bool complain(const char *what, const char *detail, int error)
{
	log_error("%s%s: %s", what, detail, strerror(-error));
	return false;
}

static bool pid_file_open(struct program *program)
{
	const char *path = program->daemon.options.pid_path;

	if (!program->daemon.options.has_pid_file)
		return true;
	program->pid_fd = background_lock_pid_file(path);
	if (program->pid_fd == -EWOULDBLOCK) {
		log_error("another iscsid is running: it holds %s", path);
		return false;
	}
	return program->pid_fd >= 0 || complain("cannot write ", path, program->pid_fd);
}

static bool netlink_start(struct daemon *daemon)
{
	int r = engine_connect(daemon);

	return r == 0 ||
	       complain("cannot open NETLINK_ISCSI", ", is scsi_transport_iscsi loaded?", r);
}

/* RUNDIR is looked into by others (the socket is in it); the files in it are not for them. */
static bool run_folder_make(const char *path)
{
	char *copy = strdup(path), *folder;
	bool is_fine;

	if (!copy)
		return complain("cannot make ", path, -ENOMEM);
	folder = dirname(copy);
	is_fine = (mkdir(folder, 0755) == 0 && chmod(folder, 0755) == 0) || errno == EEXIST;
	if (!is_fine)
		complain("cannot make ", folder, -errno);
	free(copy);
	return is_fine;
}

static bool ipc_start(struct daemon *daemon, int listen_fd)
{
	int r;

	if (!run_folder_make(IPC_SOCKET_DEFAULT) || !run_folder_make(daemon->options.socket_path))
		return false;
	r = verbs_open(daemon, listen_fd >= 0 ? listen_fd : -1);
	return r == 0 || complain("cannot listen on ", daemon->options.socket_path, r);
}

static bool program_open(struct program *program)
{
	struct daemon *daemon = &program->daemon;
	int r = engine_open(daemon);

	if (r < 0)
		return complain("cannot start", "", r);
	if (!pid_file_open(program))
		return false;
	r = signals_open(program);
	if (r < 0)
		return complain("cannot catch signals", "", r);
	if (!netlink_start(daemon) || !ipc_start(daemon, program->listen_fd))
		return false;
	r = background_drop(daemon->options.uid, daemon->options.gid);
	return r == 0 || complain("cannot change user or group", "", r);
}

/* Recovery has to work while the root disk is the one that is lost. In a container some of this is
 * not permitted. */
static void memory_protect(void)
{
	struct {
		const char *what;
		int error;
	} steps[] = {
		{"lock memory", memory_lock()},
		{"be spared by the OOM killer", memory_lock_oom()},
		{"raise priority", memory_lock_nice(NICE)},
		{"be an I/O flusher", memory_lock_io_flusher()},
	};
	struct text text = {0};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].error < 0)
			text_addf(&text, "%s%s (%s)", text.len ? ", " : "", steps[i].what,
				  strerror(-steps[i].error));
	if (text.len && !text.failed)
		log_warning("not permitted to %s: a lost root disk may not be recovered",
			    text.data);
	text_done(&text);
}

static void program_run(struct program *program)
{
	struct daemon *daemon = &program->daemon;
	enum log_level level = daemon->options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
	int r;

	if (program->ready_fd >= 0) {
		log_open("iscsid", LOG_TO_SYSLOG, level);
		(void)notify_main_pid(getpid());
	} else if (log_writer_start() < 0)
		log_warning("no thread for the log: a disk that hangs under it will hold us up");
	reload_now(daemon);
	first_start();
	boot_load(daemon);
	/* Before the sessions that are there, so that no port is lost unseen; acted on after them. */
	if (hotplug_open(daemon, CONFDIR) < 0)
		complain("cannot watch ports", "", -ENOMEM);
	adopt_all(daemon);
	if (discovery_open(daemon, CONFDIR) < 0)
		complain("cannot poll discovery records", "", -ENOMEM);
	if (program->ready_fd >= 0)
		background_ready(program->ready_fd);
	(void)notify_ready(NULL);
	log_info("version %s started", OPENHBA_VERSION);
	r = loop_run(daemon->loop);
	if (r < 0)
		log_error("the event loop failed: %s", strerror(-r));
}

/* ---- end ---- */

static void program_close(struct program *program)
{
	struct daemon *daemon = &program->daemon;

	(void)notify_stopping(NULL);
	ask_close(daemon);
	ipc_server_free(daemon->ipc);
	if (program->pid_fd >= 0)
		unlink(daemon->options.pid_path);
	/* A scan may hang on a lost connection for minutes; it has nothing left to tell. */
	if (engine_is_busy(daemon)) {
		log_writer_stop();
		_exit(EXIT_SUCCESS);
	}
	drain_done(daemon);
	hotplug_close(daemon);
	discovery_close(daemon);
	loop_signal_free(program->term);
	loop_signal_free(program->interrupt);
	loop_signal_free(program->hangup);
	engine_close(daemon);
	boot_done(daemon);
	initiator_done(&daemon->initiator);
	if (program->pid_fd >= 0)
		close(program->pid_fd);
	log_writer_stop();
}

int main(int argc, char **argv)
{
	struct program program = {.pid_fd = -1, .ready_fd = -1};
	struct options *options = &program.daemon.options;
	int r;

	standard_fds_fill();
	switch (options_parse(argc, argv, options, stdout, stderr)) {
	case OPTIONS_EXIT_OK:
		return EXIT_SUCCESS;
	case OPTIONS_EXIT_FAILURE:
		return EXIT_FAILURE;
	case OPTIONS_RUN:
		break;
	}
	r = options_make_absolute(options);
	log_open("iscsid", LOG_TO_STDERR, options->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if (r < 0) {
		complain("cannot tell what the paths mean", "", r);
		return EXIT_FAILURE;
	}
	umask(077);
	/* An arena per thread would be 64 MiB of locked address space each. */
	mallopt(M_ARENA_MAX, 1);
	/* Meant for this very process: asked before a child takes over. */
	program.listen_fd = notify_listen_fd("iscsid.socket");
	if (!options->foreground) {
		program.ready_fd = background_start();
		if (program.ready_fd < 0) {
			complain("cannot go to the background", "", program.ready_fd);
			return EXIT_FAILURE;
		}
	}
	if (!program_open(&program)) {
		program_close(&program);
		return EXIT_FAILURE;
	}
	memory_protect();
	program_run(&program);
	program_close(&program);
	return EXIT_SUCCESS;
}
