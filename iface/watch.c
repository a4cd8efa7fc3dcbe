/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decides when to take a picture of the ports, and tells what differs from the last one. Called by iscsid; runs on the loop's thread,
 * but for the pictures themselves. Three things are kept apart: hints (how many does not matter, only whether, and since when), the
 * picture under way (never two: a hint meanwhile leads to another one), and the last picture, which the one under way may read.
 */
#include "iface/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "iface/uevents.h"
#include "lib/loop.h"
#include "transport/user/rtnetlink.h"
#include "transport/user/rtwatch.h"

#define RETRY_MS 200	/* after a picture that failed: no memory, or a list that never stood still */

/* What has been heard of since the last picture was begun. */
struct hints {
	bool any, lost, routes, hbas;
	uint64_t since_ms;
};

/* The loop's thread owns it all, but while is_busy `root`, `asked`, `route` and `now` are read by the picture's thread, which alone
 * writes `next` and `error`. A watch that was closed while busy is freed by the picture's end. */
struct watch {
	struct loop *loop;
	watch_fn *fn;
	void *data;
	char *root;
	struct uevents *uevents;
	struct rtwatch *rtwatch;
	struct loop_fd *rtwatch_watch;
	struct rtnetlink *route;
	struct loop_timer *timer;	/* set: hints wait for more */
	struct hints hints, asked;	/* new ones, and those the picture under way is about */
	struct ports now, next;
	int error;
	bool is_busy, is_due, has_first, is_closed;
};

static void watch_free(struct watch *watch)
{
	rtnetlink_close(watch->route);
	ports_done(&watch->now);
	free(watch->root);
	free(watch);
}

/* ---- the picture ---- */

/* On a thread of the loop's pool. */
static void take_picture(void *data)
{
	struct watch *watch = data;

	watch->error = ports_update(watch->root, watch->route, &watch->now, watch->asked.hbas, &watch->next);
}

static void take_note(enum port_change change, const struct port *before, const struct port *now, void *data)
{
	*(bool *)data = true;
}

static bool is_different(const struct ports *before, const struct ports *now)
{
	bool changed = false;

	ports_compare(before, now, take_note, &changed);
	return changed;
}

static void put_back(struct watch *watch)
{
	const struct hints *asked = &watch->asked;

	watch->hints.any = true;
	watch->hints.lost |= asked->lost;
	watch->hints.routes |= asked->routes;
	watch->hints.hbas |= asked->hbas;
	watch->hints.since_ms = asked->since_ms;
	loop_timer_set(watch->timer, RETRY_MS);
}

static void tell(struct watch *watch)
{
	struct ports before = watch->now;
	const struct watch_change change = {
		.before = &before,
		.now = &watch->now,
		.since_ms = watch->asked.since_ms,
		.routes_changed = watch->asked.routes || watch->asked.lost,
		.is_first = !watch->has_first,
		.was_lost = watch->asked.lost,
	};

	watch->now = watch->next;
	watch->has_first = true;
	if (change.is_first || change.routes_changed || is_different(&before, &watch->now))
		watch->fn(&change, watch->data);
	ports_done(&before);
}

static void begin_picture(struct watch *watch);

/* is_busy stays set during the call of fn, so that a watch_close() in it leaves the rest to us. */
static void picture_taken(void *data, bool cancelled)
{
	struct watch *watch = data;

	bool is_over = watch->is_closed || cancelled;

	if (is_over && !watch->error)
		ports_done(&watch->next);
	else if (!is_over && !watch->error)
		tell(watch);
	else if (!is_over)
		put_back(watch);
	watch->is_busy = false;
	if (watch->is_closed)
		watch_free(watch);
	else if (watch->is_due && !cancelled)
		begin_picture(watch);
}

static void begin_picture(struct watch *watch)
{
	watch->is_due = watch->is_busy;
	if (watch->is_busy)
		return;
	watch->asked = watch->hints;
	watch->hints = (struct hints){.any = false};
	watch->error = -ECANCELED;
	watch->is_busy = loop_work(watch->loop, take_picture, picture_taken, watch, NULL) == 0;
	if (!watch->is_busy)
		put_back(watch);
}

/* ---- hints ---- */

static void on_time(void *data)
{
	struct watch *watch = data;

	if (watch->hints.any)
		begin_picture(watch);
}

static void hint(struct watch *watch)
{
	uint64_t now = loop_now_ms(), end;

	if (!watch->hints.any)
		watch->hints.since_ms = now;
	watch->hints.any = true;
	end = watch->hints.since_ms + WATCH_DELAY_MS;
	if (end > now + WATCH_QUIET_MS)
		end = now + WATCH_QUIET_MS;
	loop_timer_set(watch->timer, end > now ? end - now : 0);
}

static void on_uevent(bool was_lost, void *data)
{
	struct watch *watch = data;

	watch->hints.hbas = true;
	watch->hints.lost |= was_lost;
	hint(watch);
}

static void close_rtwatch(struct watch *watch)
{
	loop_fd_free(watch->rtwatch_watch);
	rtwatch_close(watch->rtwatch);
	watch->rtwatch_watch = NULL;
	watch->rtwatch = NULL;
}

static void on_rtnetlink(int fd, short revents, void *data)
{
	struct watch *watch = data;
	int changes = rtwatch_read(watch->rtwatch);

	if (!changes)
		return;
	if (changes < 0) {
		close_rtwatch(watch);
		changes = RTWATCH_LOST;
	}
	watch->hints.routes |= (changes & RTWATCH_ROUTES) != 0;
	watch->hints.lost |= (changes & RTWATCH_LOST) != 0;
	watch->hints.hbas |= (changes & RTWATCH_LOST) != 0;
	hint(watch);
}

void watch_look(struct watch *watch)
{
	on_uevent(false, watch);
}

/* ---- the watch ---- */

static int open_rtnetlink(struct watch *watch)
{
	int error = rtnetlink_open(&watch->route);

	if (!error)
		error = rtwatch_open(&watch->rtwatch);
	if (!error)
		error = loop_fd_new(watch->loop, rtwatch_fd(watch->rtwatch), POLLIN, on_rtnetlink, watch, &watch->rtwatch_watch);
	if (error)
		close_rtwatch(watch);
	return error;
}

static int open_all(struct watch *watch, const char *root)
{
	int error, rtnetlink_error;

	watch->root = strdup(root);
	if (!watch->root)
		return -ENOMEM;
	error = loop_timer_new(watch->loop, on_time, watch, &watch->timer);
	if (error)
		return error;
	rtnetlink_error = open_rtnetlink(watch);
	error = uevents_open(watch->loop, on_uevent, watch, &watch->uevents);
	if (error && rtnetlink_error)
		return rtnetlink_error;
	watch->hints = (struct hints){.any = true, .routes = true, .hbas = true, .since_ms = loop_now_ms()};
	begin_picture(watch);
	return 0;
}

int watch_open(struct loop *loop, const char *root, watch_fn *fn, void *data, struct watch **ret_watch)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int error;

	if (!watch)
		return -ENOMEM;
	watch->loop = loop;
	watch->fn = fn;
	watch->data = data;
	error = open_all(watch, root);
	if (error)
		watch_close(watch);
	else
		*ret_watch = watch;
	return error;
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	uevents_close(watch->uevents);
	close_rtwatch(watch);
	loop_timer_free(watch->timer);
	watch->timer = NULL;
	watch->uevents = NULL;
	watch->is_closed = true;
	if (!watch->is_busy)
		watch_free(watch);
}

const struct ports *watch_ports(const struct watch *watch)
{
	return &watch->now;
}

bool watch_has_udev(const struct watch *watch)
{
	return uevents_has_udev(watch->uevents);
}

bool watch_has_rtnetlink(const struct watch *watch)
{
	return watch->rtwatch_watch;
}
