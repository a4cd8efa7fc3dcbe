/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which pollers there are. The records are read by a worker thread, as the disk may hang: at the
 * start, on SIGHUP, and when the store's file was replaced, which inotify tells. Pollers whose
 * record did not change are left alone.
 */
#include "daemon/discovery.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/discovery_poller.h"
#include "daemon/isns_registration.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/text.h"

#define READ_DELAY_MS 300   /* changes come in groups */
#define READ_PAUSE_MS 30000 /* until a folder that is not there is looked for again */

struct records_work {
	struct pollers *set;
	struct poller_reading reading;
};

/* ---- reading ---- */

static struct poller *poller_of(const struct pollers *set, const struct record *record)
{
	struct poller *poller;

	TAILQ_FOREACH(poller, &set->list, entry)
	if (poller->record.kind == record->kind &&
	    !strcmp(poller->portal.address, record_text(record, F_DISCOVERY_SENDTARGETS_ADDRESS)) &&
	    poller->portal.port == record_number(record, F_DISCOVERY_SENDTARGETS_PORT))
		return poller;
	return NULL;
}

static bool poller_has(const struct poller *poller, const struct record *record)
{
	struct text text = {0};
	bool is_same;

	record_format(record, RECORD_STORED, &text);
	is_same = !text.failed &&
		  !strcmp(text.data ? text.data : "", poller->text ? poller->text : "");
	text_done(&text);
	return is_same;
}

static void take_record(struct pollers *set, const struct record *record)
{
	struct poller *poller = poller_of(set, record);
	int r = 0;

	if (!poller)
		poller = poller_new(set, record);
	else if (!poller_has(poller, record))
		r = poller_change(poller, record);
	if (!poller || r < 0)
		log_error("a discovery record cannot be polled: out of memory");
	if (poller)
		poller->is_listed = true;
}

static void take_records(struct pollers *set, const struct poller_reading *reading)
{
	struct poller *poller, *next;

	TAILQ_FOREACH(poller, &set->list, entry)
	{
		poller->is_listed = false;
	}
	for (size_t i = 0; i < reading->count; i++)
		take_record(set, &reading->records[i]);
	for (poller = TAILQ_FIRST(&set->list); poller; poller = next) {
		next = TAILQ_NEXT(poller, entry);
		if (!poller->is_listed)
			poller_leave(poller);
	}
	if (reading->left_out)
		log_warning("%zu discovery records with use_discoveryd are left out: %d are polled "
			    "at most",
			    reading->left_out, POLLERS_MAX);
}

static void records_read(void *data)
{
	struct records_work *work = data;

	poller_reading_records(&work->reading);
}

static void set_read(void *data);

/* What cannot be read leaves the pollers as they are. */
static void records_taken(void *data, bool cancelled)
{
	struct records_work *work = data;
	struct pollers *set = work->set;

	set->daemon->works--;
	if (cancelled || set->is_stopping) {
		poller_reading_done(&work->reading);
		free(work);
		return;
	}
	set->is_reading = false;
	if (work->reading.error)
		log_warning("discovery records cannot be read from %s: %s", set->dir,
			    strerror(-work->reading.error));
	else
		take_records(set, &work->reading);
	if (!work->reading.is_watched)
		loop_timer_set(set->read_timer, READ_PAUSE_MS);
	poller_reading_done(&work->reading);
	free(work);
	if (set->wants_reading)
		set_read(set);
}

static void set_read(void *data)
{
	struct pollers *set = data;
	struct records_work *work;

	set->wants_reading = set->is_reading;
	if (set->is_reading || set->is_stopping)
		return;
	work = calloc(1, sizeof(*work));
	if (!work)
		return;
	work->set = set;
	work->reading = (struct poller_reading){
		.dir = set->dir, .iface_dir = set->iface_dir, .inotify_fd = set->inotify_fd};
	if (loop_work(set->daemon->loop, records_read, records_taken, work, NULL) < 0) {
		free(work);
		loop_timer_set(set->read_timer, READ_PAUSE_MS);
		return;
	}
	set->is_reading = true;
	set->daemon->works++;
}

/* ---- changes ---- */

static void inotify_ready(int fd, short revents, void *data)
{
	struct pollers *set = data;
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
	loop_timer_set(set->read_timer, READ_DELAY_MS);
}

/* Without inotify, SIGHUP is what tells. */
static void inotify_open(struct pollers *set)
{
	set->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (set->inotify_fd < 0 || loop_fd_new(set->daemon->loop, set->inotify_fd, POLLIN,
					       inotify_ready, set, &set->inotify_watch) < 0)
		log_warning("changes of discovery records are seen on SIGHUP only: %s",
			    strerror(errno));
}

void discovery_reload(struct daemon *daemon)
{
	if (daemon->pollers)
		set_read(daemon->pollers);
}

/* ---- life ---- */

int discovery_open(struct daemon *daemon, const char *dir)
{
	struct pollers *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->daemon = daemon;
	set->dir = dir;
	set->inotify_fd = -1;
	snprintf(set->iface_dir, sizeof(set->iface_dir), "%s/ifaces", dir);
	TAILQ_INIT(&set->list);
	TAILQ_INIT(&set->leaving);
	TAILQ_INIT(&set->logins_begun);
	if (slots_init(&set->asking, daemon->loop, POLLER_ASKING_MAX) < 0 ||
	    loop_timer_new(daemon->loop, set_read, set, &set->read_timer) < 0) {
		slots_done(&set->asking);
		free(set);
		return -ENOMEM;
	}
	daemon->pollers = set;
	inotify_open(set);
	set_read(set);
	return 0;
}

static void server_told(void *data)
{
	struct pollers *set = data;

	if (--set->ending == 0 && set->stopped)
		set->stopped(set->daemon);
}

void discovery_stop(struct daemon *daemon, void (*done)(struct daemon *daemon))
{
	struct pollers *set = daemon->pollers;
	struct poller *poller;

	if (!set || set->is_stopping) {
		done(daemon);
		return;
	}
	set->is_stopping = true;
	set->ending = 1;
	set->stopped = done;
	for (poller = TAILQ_FIRST(&set->list); poller; poller = TAILQ_NEXT(poller, entry)) {
		poller_ask_stop(poller);
		if (!poller->registration)
			continue;
		set->ending++;
		isns_registration_end(poller->registration, server_told, set);
	}
	server_told(set);
}

void discovery_close(struct daemon *daemon)
{
	struct pollers *set = daemon->pollers;
	struct poller *poller;

	if (!set)
		return;
	daemon->pollers = NULL;
	set->is_stopping = true;
	pollers_logins_forget(set);
	while ((poller = TAILQ_FIRST(&set->list)))
		poller_free(poller);
	while ((poller = TAILQ_FIRST(&set->leaving)))
		poller_free(poller);
	loop_fd_free(set->inotify_watch);
	if (set->inotify_fd >= 0)
		close(set->inotify_fd);
	loop_timer_free(set->read_timer);
	slots_done(&set->asking);
	free(set);
}
