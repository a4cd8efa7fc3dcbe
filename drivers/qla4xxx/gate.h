/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gate of a host. Most who come from user space removal waits for, as the kernel does when it takes away what they came by: files in
 * sysfs, disks, /dev/bsg. It does not wait for a netlink request that has found the host, its session or its target before, nor for an
 * ioctl on a disk that is open still. What they hold keeps the host's memory; its parts are freed before. So these are counted while they
 * are inside, and removal closes the gate, waits until all have left, and only then takes anything apart.
 *
 * Who waits in gate_close() holds nothing that they may want. They end by themselves: no wait of this driver is without an end, and that of
 * a mailbox command ends at once when the card is gone.
 */
#ifndef OPENHBA_QLA4XXX_GATE_H
#define OPENHBA_QLA4XXX_GATE_H

#include <linux/completion.h>
#include <linux/lockdep.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct gate {
	refcount_t users;		/* and one while it is open */
	bool is_closed;			/* nobody comes in any more, be there others inside */
	struct completion empty;
	struct lockdep_map map;		/* a lock that users share and that gate_close() takes */
};

void gate_open(struct gate *gate);		/* before anybody knows the host; once */
int gate_enter(struct gate *gate);		/* 0, with gate_leave() by the same task; -ENODEV. Never waits */
void gate_leave(struct gate *gate);
void gate_close(struct gate *gate);		/* for ever; nobody is inside afterwards. Once. Sleeps */

#endif
