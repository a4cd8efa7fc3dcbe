/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network part of a round. SendTargets goes through each iface in turn, and through the
 * addresses of a name until one answers; an iSNS server is asked once, what it says is true for
 * every iface. lib/discover and lib/isns_call do the talking, the loop the waiting.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/discovery_poller.h"
#include "lib/isns_talk.h"
#include "iface/iface.h"
#include "lib/discover.h"
#include "lib/log.h"
#include "lib/loop.h"

static const struct record *iface_now(const struct poller *poller)
{
	return &poller->ifaces[poller->iface_at];
}

static const char *iface_name(const struct record *iface)
{
	return record_text(iface, F_IFACE_ISCSI_IFACENAME);
}

/* ---- iSNS ---- */

static void isns_over(struct isns_call *call, void *data)
{
	struct poller *poller = data;
	struct sendtargets_list list;

	poller->talk = NULL;
	if (isns_call_state(call) != ISNS_CALL_DONE) {
		snprintf(poller->failure, sizeof(poller->failure), "%s",
			 isns_call_error_text(call));
		poller_asked(poller);
		return;
	}
	isns_call_take(call, &list);
	poller->has_answer = true;
	poller_refused(poller, list.refused);
	for (size_t i = 0; i < poller->iface_count; i++)
		poller_heard(poller, i, &list);
	sendtargets_list_done(&list);
	poller_asked(poller);
}

static void isns_ask(struct poller *poller)
{
	unsigned int at = poller->address_at % poller->addresses.count;
	struct isns_call_settings settings = {
		.kind = ISNS_CALL_QUERY,
		.peer = poller->addresses.list[at],
		.peer_length = poller->addresses.len[at],
		.initiator_name = poller->initiator_name,
		.initiator_alias = poller->initiator_alias,
		.timeout_ms = ISNS_TIMEOUT_MS,
	};

	poller->talk = isns_talk_start(poller->set->daemon->loop, &settings, isns_over, poller);
	if (poller->talk)
		return;
	snprintf(poller->failure, sizeof(poller->failure), "out of memory");
	poller_asked(poller);
}

/* ---- SendTargets ---- */

static void targets_ask(struct poller *poller);

static void targets_drop(struct poller *poller)
{
	loop_fd_free(poller->watch);
	poller->watch = NULL;
	if (poller->deadline)
		loop_timer_stop(poller->deadline);
	discovery_free(poller->discovery);
	poller->discovery = NULL;
}

static void targets_next_iface(struct poller *poller)
{
	targets_drop(poller);
	poller->address_at = 0;
	if (++poller->iface_at < poller->iface_count)
		targets_ask(poller);
	else
		poller_asked(poller);
}

static void targets_answered(struct poller *poller)
{
	struct sendtargets_list list;

	discovery_take(poller->discovery, &list);
	poller->has_answer = true;
	poller_refused(poller, list.refused);
	poller_heard(poller, poller->iface_at, &list);
	sendtargets_list_done(&list);
	targets_next_iface(poller);
}

static void targets_failed(struct poller *poller, const char *why)
{
	snprintf(poller->failure, sizeof(poller->failure), "%s", why);
	poller_log(poller, LOG_LEVEL_DEBUG, "through iface %s: %s", iface_name(iface_now(poller)),
		   why);
	if (++poller->address_at >= poller->addresses.count) {
		targets_next_iface(poller);
		return;
	}
	targets_drop(poller);
	targets_ask(poller);
}

static void targets_ready(int fd, short revents, void *data);

/* The descriptor may be another one after each step, even under the same number. */
static bool targets_watch(struct poller *poller)
{
	uint64_t now = loop_now_ms(), deadline = discovery_deadline_ms(poller->discovery);
	int fd = discovery_fd(poller->discovery);

	loop_fd_free(poller->watch);
	poller->watch = NULL;
	loop_timer_set(poller->deadline, deadline > now ? deadline - now : 0);
	return fd < 0 ||
	       loop_fd_new(poller->set->daemon->loop, fd, discovery_want(poller->discovery),
			   targets_ready, poller, &poller->watch) == 0;
}

static void targets_step(struct poller *poller);

static void targets_resolved(const struct addresses *addresses, int error, const char *sentence,
			     void *data)
{
	struct poller *poller = data;

	poller->resolve = NULL;
	if (error)
		discovery_resolved(poller->discovery, &(struct sockaddr_storage){0}, 0);
	else
		discovery_resolved(poller->discovery, &addresses->list[0], addresses->len[0]);
	targets_step(poller);
}

/* A redirect leads to a name, or to a literal address. */
static void targets_redirect(struct poller *poller)
{
	const struct portal *portal = discovery_portal(poller->discovery);
	struct addresses addresses = {0};

	loop_fd_free(poller->watch);
	poller->watch = NULL;
	loop_timer_stop(poller->deadline);
	if (addresses_from_literal(portal, &addresses) == 0 ||
	    resolve_start(poller->set->daemon, portal, targets_resolved, poller, &poller->resolve) <
		    0) {
		discovery_resolved(poller->discovery, &addresses.list[0], addresses.len[0]);
		targets_step(poller);
	}
}

static void targets_step(struct poller *poller)
{
	switch (discovery_state(poller->discovery)) {
	case DISCOVERY_RUNNING:
		if (!targets_watch(poller))
			targets_failed(poller, "out of memory");
		break;
	case DISCOVERY_RESOLVE:
		targets_redirect(poller);
		break;
	case DISCOVERY_DONE:
		targets_answered(poller);
		break;
	case DISCOVERY_FAILED:
		targets_failed(poller, discovery_error_text(poller->discovery));
		break;
	}
}

static void targets_ready(int fd, short revents, void *data)
{
	struct poller *poller = data;

	discovery_ready(poller->discovery, revents);
	targets_step(poller);
}

static void targets_expired(void *data)
{
	struct poller *poller = data;

	if (!poller->discovery)
		return;
	discovery_expired(poller->discovery);
	targets_step(poller);
}

static void targets_ask(struct poller *poller)
{
	const char *name = record_text(iface_now(poller), F_IFACE_INITIATORNAME);
	struct discovery_settings *settings = &poller->settings;
	unsigned int at = poller->address_at;
	struct iface_binding binding;

	if (iface_bind(iface_now(poller), poller->addresses.list[at].ss_family, &binding) < 0) {
		targets_failed(poller, "the NIC of the iface is not there or down");
		return;
	}
	snprintf(poller->netdev, sizeof(poller->netdev), "%s", binding.netdev);
	discovery_settings_from_record(settings, &poller->record, &poller->secrets);
	settings->login.initiator_name = *name ? name : poller->initiator_name;
	settings->login.initiator_alias = poller->initiator_alias;
	settings->channel.netdev = poller->netdev;
	settings->channel.peer = poller->addresses.list[at];
	settings->channel.peer_length = poller->addresses.len[at];
	poller->discovery = discovery_new(settings);
	if (poller->discovery)
		targets_step(poller);
	else
		targets_failed(poller, "out of memory");
}

/* ---- both ---- */

static void ask_resolved(const struct addresses *addresses, int error, const char *sentence,
			 void *data)
{
	struct poller *poller = data;

	poller->resolve = NULL;
	if (error) {
		snprintf(poller->failure, sizeof(poller->failure), "cannot resolve the name: %s",
			 sentence);
		poller_asked(poller);
		return;
	}
	poller->addresses = *addresses;
	poller->iface_at = 0;
	poller_answers_begin(poller);
	/* An iSNS server is asked at the next of its addresses in the next round. */
	poller->address_at = poller_is_isns(poller) ? poller->failures : 0;
	if (poller_is_isns(poller))
		isns_ask(poller);
	else
		targets_ask(poller);
}

void poller_ask(struct poller *poller)
{
	struct addresses addresses;
	int r = addresses_from_literal(&poller->portal, &addresses);

	if (r == 0) {
		ask_resolved(&addresses, 0, "", poller);
		return;
	}
	if (r == -ENOENT)
		r = resolve_start(poller->set->daemon, &poller->portal, ask_resolved, poller,
				  &poller->resolve);
	if (r == 0)
		return;
	snprintf(poller->failure, sizeof(poller->failure), "cannot use the address: %s",
		 strerror(-r));
	poller_asked(poller);
}

void poller_ask_stop(struct poller *poller)
{
	resolve_cancel(poller->resolve);
	poller->resolve = NULL;
	isns_talk_cancel(poller->talk);
	poller->talk = NULL;
	targets_drop(poller);
}

int poller_ask_init(struct poller *poller)
{
	return loop_timer_new(poller->set->daemon->loop, targets_expired, poller,
			      &poller->deadline);
}

void poller_ask_done(struct poller *poller)
{
	poller_ask_stop(poller);
	loop_timer_free(poller->deadline);
	poller->deadline = NULL;
}
