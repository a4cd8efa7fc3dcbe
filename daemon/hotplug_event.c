/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the log and monitors (`iscsiadm -m iface --monitor`) are told of what the daemon sees and
 * does by itself: the same sentence to both. A monitor that does not read is cut off by the IPC.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/daemon.h"
#include "daemon/hotplug.h"
#include "daemon/hotplug_set.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"

/* Owned by the set until its client goes. */
struct hotplug_monitor {
	TAILQ_ENTRY(hotplug_monitor) entry;
	struct hotplug *set;
	struct ipc_call *call;
};

static int64_t real_time_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return 1000 * (int64_t)now.tv_sec + now.tv_nsec / 1000000;
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	if (text && *text)
		json_object_object_add(object, name, json_object_new_string(text));
}

static struct json_object *portal_describe(const struct node_key *key)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "target", json_object_new_string(key->target));
	json_object_object_add(object, "address", json_object_new_string(key->portal.address));
	json_object_object_add(object, "port", json_object_new_int(key->portal.port));
	json_object_object_add(object, "tpgt", json_object_new_int(key->portal.tpgt));
	return object;
}

static struct json_object *event_describe(const struct hotplug_event *event, const char *text)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "event", json_object_new_string(event->event));
	json_object_object_add(object, "time", json_object_new_int64(real_time_ms()));
	json_object_object_add(object, "text", json_object_new_string(text));
	add_text(object, "cause", event->cause);
	add_text(object, "iface",
		 event->iface ? event->iface
		 : event->key ? event->key->iface
			      : NULL);
	add_text(object, "port", event->port);
	if (event->key)
		json_object_object_add(object, "portal", portal_describe(event->key));
	if (event->sid > 0)
		json_object_object_add(object, "sid", json_object_new_int(event->sid));
	return object;
}

void hotplug_tell(struct hotplug *set, const struct hotplug_event *event, const char *format, ...)
{
	bool is_logged = event->level >= 0 && event->level <= (int)log_level();
	struct hotplug_monitor *monitor;
	char text[1024];
	va_list args;

	if (TAILQ_EMPTY(&set->monitors) && !is_logged)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (is_logged)
		log_line((enum log_level)event->level, "%s", text);
	TAILQ_FOREACH(monitor, &set->monitors, entry)
	ipc_reply(monitor->call, event_describe(event, text), true);
}

static void monitor_gone(void *data)
{
	struct hotplug_monitor *monitor = data;

	TAILQ_REMOVE(&monitor->set->monitors, monitor, entry);
	free(monitor);
}

void hotplug_verb_monitor(struct ipc_call *call, struct json_object *parameters, void *data)
{
	struct daemon *daemon = data;
	struct hotplug *set = daemon->hotplug;
	struct hotplug_event begin = {.event = "begin"};
	struct hotplug_monitor *monitor;
	char text[96];

	if (!set || !ipc_call_wants_more(call)) {
		ipc_error(call, ISCSI_ERR_INVAL,
			  set ? "Monitor has many answers: ask with \"more\": true"
			      : "this daemon watches no ports");
		return;
	}
	monitor = calloc(1, sizeof(*monitor));
	if (!monitor) {
		ipc_error(call, ISCSI_ERR_NOMEM, NULL);
		return;
	}
	*monitor = (struct hotplug_monitor){.set = set, .call = call};
	TAILQ_INSERT_TAIL(&set->monitors, monitor, entry);
	ipc_call_on_close(call, monitor_gone, monitor);
	snprintf(text, sizeof(text), "iscsid %s watches %zu ports", OPENHBA_VERSION,
		 set->ports.count);
	ipc_reply(call, event_describe(&begin, text), true);
}

/* The IPC has ended before: each monitor was told, and has taken itself out. */
void hotplug_event_done(struct hotplug *set)
{
	struct hotplug_monitor *monitor;

	while ((monitor = TAILQ_FIRST(&set->monitors))) {
		ipc_call_on_close(monitor->call, NULL, NULL);
		monitor_gone(monitor);
	}
}
