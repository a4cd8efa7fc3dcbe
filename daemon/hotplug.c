/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When there is a pass, and what its result leads to. A pass follows the first picture of the
 * ports, changes of ports and routes, of iface records, of the store, and SIGHUP; what happens
 * while there is one leads to one more. Where nothing binds itself and no NIC is to have an iface
 * only new adapters, iface records and SIGHUP count. Called by main(), the watch, and the loop.
 */
#include "daemon/hotplug.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/hotplug_set.h"
#include "iface/reach.h"
#include "iface/watch.h"
#include "lib/log.h"
#include "lib/loop.h"

#define PASS_SHARE                                                                                 \
	4 /* after a pass for routes or records, a pause of so many times what it took             \
	   */
#define PASS_PAUSE_MS 2000 /* at most */
#define AGAIN_MS 30000	   /* until what could not be read or written is tried again */

void hotplug_name(const struct node_key *key, char name[NODE_KEY_TEXT_MAX])
{
	struct node_key untagged = *key;

	untagged.portal.tpgt = PORTAL_TPGT_NONE;
	node_key_format(&untagged, name);
}

/* ---- beginning a pass ---- */

static int give_ports(struct hotplug *set, struct hotplug_pass *pass)
{
	int r = ports_copy(&set->ports, &pass->ports);

	if (r < 0)
		return r;
	pass->flags = calloc(pass->ports.count + 1, sizeof(*pass->flags));
	pass->keys = calloc(pass->ports.count + 1, sizeof(*pass->keys));
	if (!pass->flags || !pass->keys)
		return -ENOMEM;
	for (size_t i = 0; i < pass->ports.count; i++) {
		struct hotplug_port *port;

		hotplug_port_key(&pass->ports.list[i], pass->keys[i]);
		port = hotplug_port_find(set, pass->keys[i]);
		if (!port)
			continue;
		pass->flags[i] = (unsigned char)((port->is_new ? PASS_PORT_NEW : 0) |
						 (port->is_changed ? PASS_PORT_CHANGED : 0) |
						 (port->flap.is_held ? PASS_PORT_HELD : 0));
	}
	return 0;
}

static int give_lists(struct hotplug *set, struct hotplug_pass *pass)
{
	pass->known = calloc(set->iface_count + 1, sizeof(*pass->known));
	if (!pass->known)
		return -ENOMEM;
	if (set->iface_count)
		memcpy(pass->known, set->ifaces, set->iface_count * sizeof(*pass->known));
	pass->known_count = set->iface_count;
	pass->reads_holds = !set->has_holds;
	pass->holds = pass->reads_holds ? NULL : calloc(set->hold_count + 1, sizeof(*pass->holds));
	if (!pass->reads_holds && !pass->holds)
		return -ENOMEM;
	for (size_t i = 0; !pass->reads_holds && i < set->hold_count; i++) {
		pass->holds[i] = strdup(set->holds[i]);
		if (!pass->holds[i])
			return -ENOMEM;
		pass->hold_count++;
	}
	return 0;
}

static struct hotplug_pass *pass_new(struct hotplug *set)
{
	struct hotplug_pass *pass = calloc(1, sizeof(*pass));

	if (!pass)
		return NULL;
	pass->set = set;
	pass->began_ms = loop_now_ms();
	pass->dir = set->dir;
	pass->iface_dir = set->iface_dir;
	pass->hold_path = set->hold_path;
	pass->config_path = set->daemon->options.config_path;
	pass->reasons = set->reasons;
	pass->reach = &set->reach;
	pass->policy = set->has_policy && !(set->reasons & REASON_POLICY) ? &set->policy : NULL;
	pass->inotify_fd = set->inotify_fd;
	if (give_ports(set, pass) == 0 && give_lists(set, pass) == 0)
		return pass;
	pass_free(pass);
	return NULL;
}

static void pass_taken(void *data, bool cancelled);

static void pass_begin(void *data)
{
	struct hotplug *set = data;
	struct hotplug_port *port;

	if (set->pass || set->is_stopping || !set->reasons)
		return;
	loop_timer_stop(set->pass_timer);
	set->pass = pass_new(set);
	if (!set->pass || loop_work(set->daemon->loop, pass_run, pass_taken, set->pass, NULL) < 0) {
		pass_free(set->pass);
		set->pass = NULL;
		loop_timer_set(set->pass_timer, AGAIN_MS);
		return;
	}
	set->daemon->works++;
	set->reasons = 0;
	TAILQ_FOREACH(port, &set->port_list, entry)
	{
		port->is_new = port->is_changed = false;
	}
}

/* Has a port of an adapter come since the last pass? Those get ifaces whatever iface.nics says. */
static bool has_new_adapter(const struct hotplug *set)
{
	char key[HOTPLUG_KEY_MAX];

	for (size_t i = 0; i < set->ports.count; i++) {
		const struct hotplug_port *port;

		if (set->ports.list[i].kind != PORT_HBA)
			continue;
		hotplug_port_key(&set->ports.list[i], key);
		port = hotplug_port_find(set, key);
		if (port && port->is_new)
			return true;
	}
	return false;
}

/* Is there anything that this could change? */
static unsigned int matter(const struct hotplug *set, unsigned int reasons)
{
	unsigned int always = REASON_START | REASON_POLICY | REASON_IFACES | REASON_AGAIN;

	if (!set->has_policy || set->has_managed)
		return reasons;
	if (!nics_is_none(set->policy.nics) || has_new_adapter(set))
		always |= REASON_PORTS;
	return reasons & always;
}

void hotplug_want(struct hotplug *set, unsigned int reasons)
{
	reasons = matter(set, reasons);
	if (!reasons || set->is_stopping)
		return;
	set->reasons |= reasons;
	if (set->pass)
		return;
	/* Routes and records may change a thousand times a second; ports are damped where they are
	 * watched. */
	if (reasons & ~(unsigned int)(REASON_ROUTES | REASON_STORE))
		pass_begin(set);
	else if (!loop_timer_is_set(set->pass_timer))
		loop_timer_set(set->pass_timer, 0);
}

/* ---- its result ---- */

static void tell_news(struct hotplug *set, const struct pass_news *news)
{
	const struct hotplug_event told = {.event = news->event,
					   .level = news->level,
					   .cause = news->cause,
					   .iface = *news->iface ? news->iface : NULL,
					   .port = news->port,
					   .key = news->key};

	if (news->event)
		hotplug_tell(set, &told, "%s", news->text);
	else
		log_line((enum log_level)news->level, "%s", news->text);
}

static void take_ifaces(struct hotplug *set, struct hotplug_pass *pass)
{
	free(set->ifaces);
	set->ifaces = pass->ifaces;
	set->iface_count = pass->iface_count;
	pass->ifaces = NULL;
	set->has_managed = false;
	for (size_t i = 0; i < set->iface_count; i++)
		set->has_managed |= set->ifaces[i].is_managed;
	hotplug_ports_name(set);
}

static void take_result(struct hotplug *set, struct hotplug_pass *pass)
{
	if (pass->has_new_policy) {
		policy_done(&set->policy);
		set->policy = pass->new_policy;
		pass->new_policy = (struct policy){0};
		set->has_policy = true;
	}
	set->store_wd = pass->store_wd;
	set->iface_wd = pass->iface_wd;
	if (pass->ifaces)
		take_ifaces(set, pass);
	for (size_t i = 0; i < pass->news_count; i++)
		tell_news(set, &pass->news[i]);
	hotplug_hold_take(set, pass);
	if (!pass->error)
		hotplug_login_take(set, pass);
}

static void pass_taken(void *data, bool cancelled)
{
	struct hotplug_pass *pass = data;
	struct hotplug *set = pass->set;
	bool is_incomplete =
		pass->error || pass->has_unwritten || (set->inotify_fd >= 0 && pass->store_wd < 0);
	uint64_t pause_ms;

	set->daemon->works--;
	set->pass = NULL;
	if (!cancelled)
		take_result(set, pass);
	pause_ms = PASS_SHARE * (loop_now_ms() - pass->began_ms);
	pass_free(pass);
	if (cancelled || set->is_stopping)
		return;
	if (set->reasons & ~(unsigned int)(REASON_ROUTES | REASON_STORE))
		pass_begin(set);
	else if (set->reasons)
		loop_timer_set(set->pass_timer,
			       pause_ms < PASS_PAUSE_MS ? pause_ms : PASS_PAUSE_MS);
	else if (is_incomplete)
		loop_timer_set(set->again_timer, AGAIN_MS);
}

static void pass_again(void *data)
{
	hotplug_want(data, REASON_AGAIN);
}

/* ---- what happens ---- */

void hotplug_changed(const struct watch_change *change, void *data)
{
	struct hotplug *set = data;
	unsigned int reasons = change->is_first ? REASON_START : 0;

	if (set->is_stopping)
		return;
	if (change->was_lost)
		log_debug("events of ports were lost: looked at all of them");
	if (hotplug_ports_take(set, change))
		reasons |= REASON_PORTS;
	if (change->routes_changed)
		reasons |= REASON_ROUTES;
	hotplug_want(set, reasons);
}

/* Temporary files come and go in both folders: only what is renamed into the store's counts. */
static unsigned int reason_of(const struct hotplug *set, const struct inotify_event *event)
{
	bool is_ifaces = event->len && !strcmp(event->name, "ifaces");

	/* Before the first pass is over nobody knows which folder is which. */
	if (event->mask & IN_Q_OVERFLOW || set->store_wd < 0)
		return REASON_IFACES | REASON_STORE;
	if (event->wd == set->iface_wd)
		return event->len && event->name[0] == '.' ? 0 : REASON_IFACES;
	if (event->wd == set->store_wd && is_ifaces)
		return REASON_IFACES;
	return event->mask & IN_MOVED_TO ? REASON_STORE : 0;
}

static void inotify_ready(int fd, short revents, void *data)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct hotplug *set = data;
	unsigned int reasons = 0;
	ssize_t n;

	while ((n = read(fd, events, sizeof(events))) > 0) {
		const char *at = events, *end = events + n;

		while (at < end) {
			const struct inotify_event *event = (const void *)at;

			reasons |= reason_of(set, event);
			at += sizeof(*event) + event->len;
		}
	}
	hotplug_want(set, reasons);
}

void hotplug_reload(struct daemon *daemon)
{
	if (daemon->hotplug)
		hotplug_want(daemon->hotplug, REASON_POLICY);
}

/* ---- life ---- */

static int timers_open(struct hotplug *set)
{
	struct loop *loop = set->daemon->loop;
	int r = loop_timer_new(loop, pass_begin, set, &set->pass_timer);

	if (r == 0)
		r = loop_timer_new(loop, pass_again, set, &set->again_timer);
	if (r == 0)
		r = loop_timer_new(loop, hotplug_flap_timer, set, &set->flap_timer);
	if (r == 0)
		r = loop_timer_new(loop, hotplug_login_plan, set, &set->login_timer);
	return r;
}

/* Without inotify, SIGHUP and ports are what tells. */
static void inotify_open(struct hotplug *set)
{
	set->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (set->inotify_fd < 0 || loop_fd_new(set->daemon->loop, set->inotify_fd, POLLIN,
					       inotify_ready, set, &set->inotify_watch) < 0)
		log_warning("changes of records are not seen at once: %s", strerror(errno));
}

int hotplug_new(struct daemon *daemon, const char *dir)
{
	struct hotplug *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->daemon = daemon;
	set->dir = dir;
	set->inotify_fd = set->store_wd = set->iface_wd = -1;
	snprintf(set->iface_dir, sizeof(set->iface_dir), "%s/ifaces", dir);
	snprintf(set->hold_path, sizeof(set->hold_path), "%s/holds", daemon->state_dir);
	TAILQ_INIT(&set->port_list);
	TAILQ_INIT(&set->login_list);
	TAILQ_INIT(&set->monitors);
	daemon->hotplug = set;
	if (timers_open(set) < 0) {
		hotplug_close(daemon);
		return -ENOMEM;
	}
	inotify_open(set);
	return 0;
}

int hotplug_open(struct daemon *daemon, const char *dir)
{
	int r = hotplug_new(daemon, dir);

	if (r < 0)
		return r;
	r = watch_open(daemon->loop, daemon->sysfs, hotplug_changed, daemon->hotplug,
		       &daemon->hotplug->watch);
	if (r < 0)
		log_warning("ports cannot be watched, so that nothing is done about them: %s",
			    strerror(-r));
	else if (!watch_has_udev(daemon->hotplug->watch) ||
		 !watch_has_rtnetlink(daemon->hotplug->watch))
		log_debug("changes of ports are seen by %s alone",
			  watch_has_udev(daemon->hotplug->watch) ? "udev" : "rtnetlink");
	return 0;
}

void hotplug_stop(struct daemon *daemon)
{
	struct hotplug *set = daemon->hotplug;

	if (!set)
		return;
	set->is_stopping = true;
	watch_close(set->watch);
	set->watch = NULL;
}

void hotplug_close(struct daemon *daemon)
{
	struct hotplug *set = daemon->hotplug;

	if (!set)
		return;
	daemon->hotplug = NULL;
	set->is_stopping = true;
	watch_close(set->watch);
	hotplug_event_done(set);
	hotplug_login_done(set);
	hotplug_hold_done(set);
	hotplug_ports_done(set);
	loop_fd_free(set->inotify_watch);
	if (set->inotify_fd >= 0)
		close(set->inotify_fd);
	loop_timer_free(set->pass_timer);
	loop_timer_free(set->again_timer);
	loop_timer_free(set->flap_timer);
	loop_timer_free(set->login_timer);
	reach_free(set->reach);
	policy_done(&set->policy);
	free(set->ifaces);
	free(set);
}
