/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsiadm: parses the command line, runs the mode it names, and gives its enum iscsi_err as exit status. Everything else is
 * in the modes.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adm/adm.h"
#include "adm/emit.h"
#include "adm/print.h"
#include "adm/progress.h"
#include "lib/log.h"
#include "lib/standard_fds.h"

static enum iscsi_err (*const modes[MODE_COUNT])(struct adm *adm) = {
	[MODE_DISCOVERY] = discovery_mode,
	[MODE_DISCOVERYDB] = discoverydb_mode,
	[MODE_NODE] = node_mode,
	[MODE_SESSION] = session_mode,
	[MODE_HOST] = host_mode,
	[MODE_IFACE] = iface_mode,
	[MODE_FW] = fw_mode,
	[MODE_STORE] = store_mode,
	[MODE_TOPOLOGY] = topology_mode,
};

static void on_interrupt(int number)
{
	static const char sentence[] = "iscsiadm: interrupted\n";

	progress_hide();
	if (emit_wanted())
		_exit(emit_interrupted());
	if (write(STDERR_FILENO, sentence, sizeof(sentence) - 1) < 0)
		_exit(ISCSI_ERR_UNKNOWN);
	_exit(ISCSI_ERR_UNKNOWN);
}

static void prepare_process(void)
{
	struct sigaction interrupt = { .sa_handler = on_interrupt };
	struct rlimit files = { 16384, 16384 }, now;

	umask(077);
	sigaction(SIGINT, &interrupt, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_cur < files.rlim_cur) {
		files.rlim_max = now.rlim_max > files.rlim_max ? now.rlim_max : files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static void open_log(const struct args *args)
{
	long debug = args->number[OPTION_DEBUG];

	log_open("iscsiadm", LOG_TO_STDERR, debug >= 8 ? LOG_LEVEL_DEBUG : debug >= 4 ? LOG_LEVEL_INFO :
		 debug >= 2 ? LOG_LEVEL_WARNING : LOG_LEVEL_ERROR);
	if (emit_wanted())
		log_divert(emit_log);
}

static enum iscsi_err run(const struct args *args)
{
	struct adm adm;
	enum iscsi_err err;

	open_log(args);
	adm_init(&adm, args);
	err = args->action == ARGS_STOP_DAEMON ? daemon_stop(&adm) : modes[args->mode](&adm);
	adm_done(&adm);
	return err;
}

static void print_usage(void)
{
	struct text text = { 0 };
	struct json_object *object;

	args_usage(&text);
	if (!text.failed)
		print_text(text.data);
	if (emit_wanted()) {
		object = emit_new("usage");
		emit_text(object, "text", text.data);
		emit(object);
	}
	text_done(&text);
}

static void print_version(void)
{
	struct json_object *object;

	print_line("iscsiadm version %s", COMPAT_VERSION);
	if (!emit_wanted())
		return;
	object = emit_new("version");
	emit_text(object, "version", OPENHBA_VERSION);
	emit_text(object, "compatible", COMPAT_VERSION);
	emit(object);
}

static enum iscsi_err obey(const struct args *args)
{
	switch (args->action) {
	case ARGS_HELP:
		print_usage();
		break;
	case ARGS_VERSION:
		print_version();
		break;
	case ARGS_RUN:
	case ARGS_STOP_DAEMON:
		return run(args);
	}
	return ISCSI_ERR_SUCCESS;
}

int main(int argc, char **argv)
{
	enum iscsi_err err;
	struct args args;

	standard_fds_fill();
	prepare_process();
	if (args_want_json(argc, argv))
		emit_start();
	err = args_parse(argc, argv, &args);
	if (err == ISCSI_ERR_SUCCESS)
		err = obey(&args);
	/* What was written must have arrived: a full disk or a closed pipe is no success. */
	if (!(emit_wanted() ? emit_result(err) : print_arrived()) && err == ISCSI_ERR_SUCCESS)
		err = ISCSI_ERR_UNKNOWN;
	return err;
}
