/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Watches ports: uevents by libudev (iscsi_host, iscsi_iface, net, pci) and the kernel's notices of links, addresses, routes and rules
 * by rtnetlink. An event is only a hint to take a new picture (iface/port.h) and compare: events that were lost, doubled, out of
 * order, or came in thousands cost one more picture, no more. Pictures are taken by the loop's worker threads.
 * Works before udevd has started, after it, and without it: then the kernel's own uevents are the hint.
 */
#ifndef OPENHBA_IFACE_WATCH_H
#define OPENHBA_IFACE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "iface/port.h"

struct loop;
struct watch;

#define WATCH_QUIET_MS 20	/* events this close together are one */
#define WATCH_DELAY_MS 100	/* but no picture is later than this behind the first of them */

struct watch_change {
	const struct ports *before, *now;	/* valid during the call; equal ones at a change of routes alone */
	uint64_t since_ms;			/* loop_now_ms() of the first event that led to it */
	bool routes_changed;			/* routes or rules: what was known of reachability is void */
	bool is_first;				/* the picture of the start: before is empty */
	bool was_lost;				/* events were lost (ENOBUFS) */
};

/* On the loop's thread. */
typedef void watch_fn(const struct watch_change *change, void *data);

/* Begins to listen before the first picture, so that nothing falls in between; the first call of fn comes from the loop. root as
 * of ports_read(). Where udev or rtnetlink are not to be had the other one is enough (logged by nobody: see watch_has()). -ENOMEM,
 * or a negative errno if neither works. */
int watch_open(struct loop *loop, const char *root, watch_fn *fn, void *data, struct watch **ret_watch);

/* No call of fn follows. A picture under way is waited for by the loop, not here. NULL is fine. */
void watch_close(struct watch *watch);

const struct ports *watch_ports(const struct watch *watch);	/* the last picture; empty before the first */
void watch_look(struct watch *watch);				/* as if there had been an event */
bool watch_has_udev(const struct watch *watch);
bool watch_has_rtnetlink(const struct watch *watch);

#endif
