/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m iface --monitor`: prints what iscsid sees of ports and does by itself, a line as each thing happens, until a signal,
 * the reader of the output or the daemon ends it. Asks by the method Monitor; decides nothing.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adm/emit.h"
#include "adm/iface.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "lib/json.h"

#define LOOK_MS 500	/* how long it may take to see that nobody reads the output any more */

/* A line leaves by one write(2), so it is there as a whole or not at all. */
static void on_signal(int number)
{
	if (emit_wanted())
		_exit(emit_interrupted());
	_exit(ISCSI_ERR_SUCCESS);
}

static void take_signals(void)
{
	const struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	emit_until_interrupted();
}

/* Between events nothing is written that could fail. */
static void look_for_reader(void *data)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLNVAL))
		_exit(ISCSI_ERR_UNKNOWN);
}

/* What a reply of Monitor says; texts that are absent are NULL. */
struct event {
	const char *name, *text, *cause, *iface, *port, *target;
	struct portal portal;
	int64_t time_ms, sid;
	bool has_sid;
};

static const char *text_of(struct json_object *object, const char *name)
{
	const char *text;

	return json_get_text(object, name, &text) ? NULL : text;
}

/* The daemon is another program: what has no name is no event. */
static bool read_event(struct json_object *parameters, struct event *ret_event)
{
	struct json_object *portal;
	int64_t port, tpgt;

	*ret_event = (struct event){ .name = text_of(parameters, "event"), .text = text_of(parameters, "text"),
				     .cause = text_of(parameters, "cause"), .iface = text_of(parameters, "iface"),
				     .port = text_of(parameters, "port"), .portal = { .port = -1, .tpgt = PORTAL_TPGT_NONE } };
	if (json_get_number(parameters, "time", 0, INT64_MAX, &ret_event->time_ms))
		ret_event->time_ms = 0;
	ret_event->has_sid = !json_get_number(parameters, "sid", 1, UINT32_MAX, &ret_event->sid);
	if (!json_get_object(parameters, "portal", &portal)) {
		ret_event->target = text_of(portal, "target");
		snprintf(ret_event->portal.address, sizeof(ret_event->portal.address), "%s", print_or(text_of(portal, "address"), ""));
		if (!json_get_number(portal, "port", 1, UINT16_MAX, &port))
			ret_event->portal.port = (int)port;
		if (!json_get_number(portal, "tpgt", -1, UINT16_MAX, &tpgt))
			ret_event->portal.tpgt = (int)tpgt;
	}
	return ret_event->name;
}

/* 14:03:27.041 port-up: NIC eth3 (...): link is up */
static void print_event(const struct event *event)
{
	time_t seconds = event->time_ms / 1000;
	struct tm broken;
	char clock[16];

	if (!strcmp(event->name, "begin") || !localtime_r(&seconds, &broken))
		return;
	strftime(clock, sizeof(clock), "%H:%M:%S", &broken);
	print_line("%s.%03d %s: %s", clock, (int)(event->time_ms % 1000), event->name, print_or(event->text, ""));
}

static void emit_event(const struct event *event)
{
	const struct portal *portal = &event->portal;
	struct json_object *object = emit_new("event");

	emit_text(object, "event", event->name);
	emit_number(object, "time", event->time_ms);
	emit_text(object, "message", event->text);
	emit_text(object, "cause", event->cause);
	emit_text(object, "iface", event->iface);
	emit_text(object, "port", event->port);
	emit_text(object, "target", event->target);
	emit_add(object, "portal", *portal->address ? object_portal(portal->address, portal->port, portal->tpgt) : NULL);
	if (event->has_sid)
		emit_number(object, "sid", event->sid);
	else
		emit_null(object, "sid");
	emit(object);
}

/* With -I only what is about this iface. */
static bool is_wanted(const struct adm *adm, const struct event *event)
{
	return !adm->args->iface_count || !strcmp(event->name, "begin") ||
	       (event->iface && !strcmp(event->iface, adm->args->ifaces[0]));
}

static int take_event(struct json_object *parameters, bool continues, void *data)
{
	const struct adm *adm = data;
	struct event event;

	if (!read_event(parameters, &event) || !is_wanted(adm, &event))
		return ISCSI_ERR_SUCCESS;
	if (emit_wanted())
		emit_event(&event);
	else
		print_event(&event);
	print_flush();
	return emit_wanted() || print_arrived() ? ISCSI_ERR_SUCCESS : ISCSI_ERR_UNKNOWN;
}

enum iscsi_err iface_monitor(struct adm *adm)
{
	enum iscsi_err err = adm_daemon(adm, false, false);
	char *message = NULL;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	take_signals();
	ipc_client_on_tick(adm->daemon, LOOK_MS, look_for_reader, NULL);
	err = ipc_client_call(adm->daemon, IPC_INTERFACE ".Monitor", NULL, true, -1, take_event, adm, &message);
	if (err == ISCSI_ERR_INVALID_MGMT_REQ)
		print_problem("this iscsid is too old to be watched");
	else if (err == ISCSI_ERR_ISCSID_COMM)
		print_problem("iscsid has ended");
	else if (err != ISCSI_ERR_SUCCESS && print_arrived())
		print_problem("iscsid cannot be watched: %s", print_or(message, iscsi_err_text(err)));
	free(message);
	return err;
}
