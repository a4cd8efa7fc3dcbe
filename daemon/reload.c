/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the daemon's two files. Of iscsid.conf it keeps iscsid.safe_logout and iscsid.log_level and
 * checks the rest:
 * sessions come with whole records, which iscsiadm has filled from it. The thread sees the paths
 * and writes down what it found; nothing is logged or changed before the loop's thread takes it.
 */
#include "daemon/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/daemon.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/text.h"

/* What the files said. */
struct reading {
	struct daemon *daemon;
	const char *config_path, *initiator_path;
	struct initiator initiator;
	struct text complaints; /* lines, each with its newline */
	int config_error, initiator_error;
	bool safe_logout;
	int log_level; /* -1: not said */
	void (*done)(struct daemon *daemon);
};

static int reading_complain(const char *name, const char *value, unsigned int line, int error,
			    void *data)
{
	struct reading *reading = data;

	/* Without the value: it may be a secret. */
	if (error != -ENOENT)
		text_addf(&reading->complaints, "%s:%u: %s: not a possible value\n",
			  reading->config_path, line, name);
	return 0;
}

static bool is_yes(const char *value)
{
	return value && !strcasecmp(value, "yes");
}

static int level_of(struct reading *reading, const char *word)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	for (int level = 0; word && level < (int)(sizeof(words) / sizeof(words[0])); level++)
		if (!strcasecmp(word, words[level]))
			return level;
	if (word)
		text_addf(&reading->complaints,
			  "%s: iscsid.log_level: not error, warning, info or debug\n",
			  reading->config_path);
	return -1;
}

static void reading_run(void *data)
{
	struct reading *reading = data;
	struct conf *conf = NULL;

	text_done(&reading->complaints);
	initiator_done(&reading->initiator);
	reading->initiator = (struct initiator){0};
	reading->config_error = conf_load(reading->config_path, reading_complain, reading, &conf);
	if (reading->config_error == 0) {
		reading->safe_logout = is_yes(conf_value(conf, "iscsid.safe_logout"));
		reading->log_level = level_of(reading, conf_value(conf, "iscsid.log_level"));
		conf_free(conf);
	}
	reading->initiator_error = initiator_load(reading->initiator_path, &reading->initiator);
}

static void reading_log(struct reading *reading)
{
	char *rest = NULL, *line = NULL;

	if (reading->config_error < 0)
		log_warning("cannot read %s: %s", reading->config_path,
			    strerror(-reading->config_error));
	if (reading->complaints.len && !reading->complaints.failed)
		line = strtok_r(reading->complaints.data, "\n", &rest);
	for (; line; line = strtok_r(NULL, "\n", &rest))
		log_warning("%s", line);
	if (reading->initiator_error < 0)
		log_warning("no initiator name in %s (%s): logins will fail until there is one and "
			    "iscsid gets SIGHUP",
			    reading->initiator_path,
			    reading->initiator_error == -EINVAL
				    ? "it is not a valid iSCSI name"
				    : strerror(-reading->initiator_error));
}

/* -d of the command line goes before the file. */
static void reading_take_level(const struct reading *reading)
{
	if (reading->daemon->options.debug)
		return;
	log_set_level(reading->log_level < 0 ? LOG_LEVEL_INFO : (enum log_level)reading->log_level);
}

/* What cannot be read stays as it was. */
static void reading_take(struct reading *reading)
{
	struct initiator *initiator = &reading->daemon->initiator;

	reading_log(reading);
	if (reading->config_error == 0) {
		reading->daemon->safe_logout = reading->safe_logout;
		reading_take_level(reading);
	}
	if (reading->initiator_error < 0)
		return;
	initiator_done(initiator);
	*initiator = reading->initiator;
	reading->initiator = (struct initiator){0};
}

static void reading_done(struct reading *reading)
{
	text_done(&reading->complaints);
	initiator_done(&reading->initiator);
}

static struct reading reading_of(struct daemon *daemon)
{
	return (struct reading){
		.daemon = daemon,
		.config_path = daemon->options.config_path,
		.initiator_path = daemon->options.initiator_path,
	};
}

void reload_now(struct daemon *daemon)
{
	struct reading reading = reading_of(daemon);

	reading_run(&reading);
	reading_take(&reading);
	reading_done(&reading);
}

static void reload_read(void *data, bool cancelled)
{
	struct reading *reading = data;
	struct daemon *daemon = reading->daemon;
	void (*done)(struct daemon * daemon) = reading->done;

	daemon->works--;
	if (!cancelled)
		reading_take(reading);
	if (!cancelled && daemon->wants_reload &&
	    loop_work(daemon->loop, reading_run, reload_read, reading, NULL) == 0) {
		daemon->wants_reload = false;
		daemon->works++;
		return;
	}
	daemon->is_reloading = daemon->wants_reload = false;
	reading_done(reading);
	free(reading);
	if (!cancelled)
		done(daemon);
}

void reload_start(struct daemon *daemon, void (*done)(struct daemon *daemon))
{
	struct reading *reading;
	int r = -ENOMEM;

	if (daemon->is_reloading) {
		daemon->wants_reload = true;
		return;
	}
	reading = calloc(1, sizeof(*reading));
	if (reading) {
		*reading = reading_of(daemon);
		reading->done = done;
		r = loop_work(daemon->loop, reading_run, reload_read, reading, NULL);
	}
	if (r < 0) {
		log_error("cannot read the configuration again: %s", strerror(-r));
		free(reading);
		done(daemon);
		return;
	}
	daemon->is_reloading = true;
	daemon->works++;
}
