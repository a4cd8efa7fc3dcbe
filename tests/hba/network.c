/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network of an HBA port as one object: what is asked of it, and when its owner is told what. The kernel's notices only say that
 * something has changed; what it is now is read anew and compared, so none can be missed. Called by the firmware's ACB, mailbox and sessions.
 */
#include "tests/hba/network.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/hba/network_parts.h"

#define VLAN_ID 0xfff
#define VLAN_ID_RESERVED 0xfff
#define ROUTER_WAIT_MS 12000 /* three solicitations, four seconds apart: RFC 4861, 10 */

/* ---- events ---- */

static void tell(struct network *network, const struct network_event *event)
{
	const struct network_events *events = &network->events;

	switch (event->kind) {
	case NETWORK_EVENT_LINK:
		if (events->link)
			events->link(network->data, event->flag);
		break;
	case NETWORK_EVENT_ADDRESS:
		if (events->address)
			events->address(network->data, event->index, event->from, event->to);
		break;
	case NETWORK_EVENT_LEASE:
		if (events->lease)
			events->lease(network->data, event->flag);
		break;
	case NETWORK_EVENT_DUPLICATE:
		if (events->duplicate)
			events->duplicate(network->data, event->index);
		break;
	case NETWORK_EVENT_ROUTER:
		if (events->router)
			events->router(network->data);
		break;
	case NETWORK_EVENT_PING:
		event->done(event->data, NETWORK_PING_TOO_MANY);
		break;
	}
}

/* What an event causes is told after those that are waiting. */
static void tell_all(void *data)
{
	struct network *network = data;
	struct network_queue *queue = &network->queue;

	queue->is_losing = false;
	for (unsigned int count = queue->count; count && queue->count; count--) {
		struct network_event event = queue->events[queue->first];

		queue->first = (queue->first + 1) % NETWORK_EVENTS_MAX;
		queue->count--;
		tell(network, &event);
	}
	if (queue->count)
		loop_timer_set(queue->timer, 0);
}

void network_tell(struct network *network, struct network_event event)
{
	struct network_queue *queue = &network->queue;

	if (queue->count == NETWORK_EVENTS_MAX) {
		if (!queue->is_losing)
			log_warning("network: %d events are waiting; those that come now are lost", NETWORK_EVENTS_MAX);
		queue->is_losing = true;
		return;
	}
	queue->events[(queue->first + queue->count++) % NETWORK_EVENTS_MAX] = event;
	loop_timer_set(queue->timer, 0);
}

/* ---- what is, and what should be ---- */

void network_apply(struct network *network)
{
	if (!network_is_host(network)) {
		if (network_enter(network) < 0)
			return;
		if (network_link_find(network) == 0)
			network_link_apply(network);
		network_link_read(network);
		network_address_apply(network);
		network_leave(network);
	} else {
		network_link_read(network);
		network_address_apply(network);
	}
	network_dhcp_apply(network);
}

static void tell_link(struct network *network)
{
	network->was_link_told = true;
	network->is_up_told = network->link.is_up;
	network_tell(network, (struct network_event){.kind = NETWORK_EVENT_LINK, .flag = network->link.is_up});
}

/* The NIC may have gone, or one come in its place. */
static bool is_other_nic(struct network *network)
{
	unsigned int before = network->nic.ifindex;

	if (network_is_host(network))
		return false;
	network_link_find(network);
	return network->nic.ifindex && network->nic.ifindex != before;
}

/* What a link that came up has lost meanwhile (routes, IPv6 addresses) is made anew. */
void network_refresh(struct network *network)
{
	bool is_other = is_other_nic(network), is_change;

	network_link_read(network);
	is_change = network->was_link_told && network->link.is_up != network->is_up_told;
	if (is_change)
		tell_link(network);
	if (is_other || (is_change && network->link.is_up)) {
		network_apply(network);
		network_dhcp_link_up(network);
	}
	network_address_read(network);
}

static void notice(int fd, short revents, void *data)
{
	struct network *network = data;
	int changes = rtwatch_read(network->watch);

	if (changes > 0)
		network_refresh(network);
	if (changes < 0) {
		log_error("network: the kernel tells nothing about %s any more: %s", network->nic.name, strerror(-changes));
		loop_fd_free(network->watch_fd);
		network->watch_fd = NULL;
	}
}

/* ---- the object ---- */

static int open_inside(struct network *network)
{
	int error = network_enter(network);

	if (error)
		return error;
	error = rtnetlink_open(&network->route);
	if (!error)
		error = rtwatch_open(&network->watch);
	if (!error)
		error = network_kernel_open(&network->kernel);
	network->control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (!error && network->control < 0)
		error = -errno;
	network_statistics_open(network);
	network_leave(network);
	return error;
}

/* An advertisement that comes later still makes an address. */
static void router_wait_over(void *data)
{
	struct network *network = data;

	network->has_no_router = true;
	network_address_read(network);
}

static int open_all(struct network *network, const char *netns)
{
	int error = loop_timer_new(network->loop, tell_all, network, &network->queue.timer);

	if (!error)
		error = loop_timer_new(network->loop, router_wait_over, network, &network->router_wait);
	if (!error)
		error = network_space_open(netns, &network->space);
	if (error)
		return error;
	network->own_space = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (network->own_space < 0)
		return -errno;
	error = open_inside(network);
	if (error || network_is_host(network))
		return error;
	return loop_fd_new(network->loop, rtwatch_fd(network->watch), POLLIN, notice, network, &network->watch_fd);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void release(struct network *network)
{
	loop_fd_free(network->watch_fd);
	rtwatch_close(network->watch);
	rtnetlink_close(network->route);
	network_kernel_close(network->kernel);
	for (int i = 0; i < NETWORK_COUNTER_FILES; i++)
		close_fd(network->counters[i]);
	close_fd(network->control);
	close_fd(network->space);
	close_fd(network->own_space);
	loop_timer_free(network->queue.timer);
	loop_timer_free(network->router_wait);
	free(network);
}

int network_new(struct loop *loop, const char *netns, const char *nic, const struct network_events *events, void *data,
		struct network **ret_network)
{
	struct network *network = calloc(1, sizeof(*network));
	int error;

	if (!network)
		return -ENOMEM;
	network->loop = loop;
	network->events = *events;
	network->data = data;
	network->own_space = network->space = network->control = -1;
	network->is_plugged = true;
	for (int i = 0; i < NETWORK_COUNTER_FILES; i++)
		network->counters[i] = -1;
	snprintf(network->nic_name, sizeof(network->nic_name), "%s", nic ? nic : "");
	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++)
		network->address[i].family = i == NETWORK_IPV4 ? AF_INET : AF_INET6;
	network_dhcp_init(network);
	network_ping_init(network);
	network_arp_init(network);
	error = open_all(network, netns);
	if (error) {
		release(network);
		return error;
	}
	network_apply(network);
	*ret_network = network;
	return 0;
}

void network_free(struct network *network)
{
	if (!network)
		return;
	network_reset(network);
	release(network);
}

/* ---- what the chip asks for ---- */

static bool is_possible(const struct network_settings *settings)
{
	if (settings->ipv4.is_enabled) {
		if (settings->ipv4.has_vlan && (settings->ipv4.vlan_tag & VLAN_ID) == VLAN_ID_RESERVED)
			return false;
		if (!settings->ipv4.has_dhcp && (network_prefix_of(settings->ipv4.mask) < 0 || settings->ipv4.address[0] >= 224))
			return false;
	}
	if (!settings->ipv6.is_enabled)
		return true;
	if (settings->ipv6.has_vlan && (settings->ipv6.vlan_tag & VLAN_ID) == VLAN_ID_RESERVED)
		return false;
	for (int i = 0; !settings->ipv6.has_auto_addresses && i < 2; i++)
		if (settings->ipv6.address[i][0] == 0xff)
			return false;
	return true;
}

int network_configure(struct network *network, const struct network_settings *settings)
{
	if (!is_possible(settings))
		return -EINVAL;
	network_dhcp_stop(network);
	network->settings = *settings;
	network->settings.ipv4.vendor_id[sizeof(settings->ipv4.vendor_id) - 1] = '\0';
	network->settings.ipv4.client_id[sizeof(settings->ipv4.client_id) - 1] = '\0';
	network->is_active = true;
	network->has_no_router = false;
	loop_timer_set(network->router_wait, ROUTER_WAIT_MS);
	if (!network->was_link_told)
		tell_link(network);
	network_apply(network);
	if (network->link.is_up != network->is_up_told)
		tell_link(network);
	network_address_read(network);
	return 0;
}

/* MAC address and MTU stay: they are the NIC's. */
static void forget(struct network *network)
{
	struct network_settings nothing = {.mtu = network->settings.mtu};

	memcpy(nothing.mac, network->settings.mac, sizeof(nothing.mac));
	network->settings = nothing;
	network->is_active = false;
	loop_timer_stop(network->router_wait);
	network_dhcp_stop(network);
	network_arp_stop(network);
}

void network_disable(struct network *network)
{
	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++) {
		if (network->address[i].state == NETWORK_UNCONFIGURED && i != NETWORK_IPV4)
			continue;
		network_address_set(network, i, NETWORK_DISABLING);
		network_address_set(network, i, NETWORK_UNCONFIGURED);
	}
	network_ping_end(network, true);
	forget(network);
	network_apply(network);
	network_address_read(network);
}

void network_reset(struct network *network)
{
	network_ping_end(network, false);
	forget(network);
	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++)
		network->address[i].state = NETWORK_UNCONFIGURED;
	network_apply(network);
	memset(&network->router, 0, sizeof(network->router));
	network->was_link_told = false;
	network->queue.count = 0;
	loop_timer_stop(network->queue.timer);
}

void network_plug(struct network *network, bool is_plugged)
{
	if (network->is_plugged == is_plugged)
		return;
	network->is_plugged = is_plugged;
	if (!network_is_host(network)) {
		if (is_plugged)
			network_apply(network);
		else
			network_link_down(network);
	}
	network_refresh(network);
}

/* ---- what the chip may ask ---- */

void network_link(const struct network *network, struct network_link *ret_link)
{
	*ret_link = network->link;
}

void network_address(const struct network *network, enum network_index index, struct network_address *ret_address)
{
	*ret_address = network->address[index < NETWORK_ADDRESSES ? index : 0];
}

void network_gateway(const struct network *network, uint8_t ret_gateway[4])
{
	const struct network_settings *settings = &network->settings;

	memset(ret_gateway, 0, 4);
	if (network->is_active && settings->ipv4.is_enabled)
		memcpy(ret_gateway, settings->ipv4.has_dhcp ? network->dhcp.lease.gateway : settings->ipv4.gateway, 4);
}

void network_router(const struct network *network, struct network_router *ret_router)
{
	*ret_router = network->router;
}

bool network_has_lease(const struct network *network)
{
	return network->dhcp.lease.is_held;
}

bool network_is_acquiring(const struct network *network)
{
	const struct network_address *address = network->address;

	if (address[NETWORK_IPV4].state == NETWORK_ACQUIRING || address[NETWORK_LINK_LOCAL].state == NETWORK_ACQUIRING)
		return true;
	return address[NETWORK_IPV6_0].state == NETWORK_ACQUIRING && address[NETWORK_LINK_LOCAL].state != NETWORK_PREFERRED;
}
