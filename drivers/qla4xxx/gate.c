// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is inside a host when it is taken apart: counted. Called at the doors, transport.c and errors.c, and by removal; never by commands.
 */
#include <linux/errno.h>

#include "drivers/qla4xxx/gate.h"

static struct lock_class_key gate_key;

void gate_open(struct gate *gate)
{
	refcount_set(&gate->users, 1);
	gate->is_closed = false;
	init_completion(&gate->empty);
	lockdep_init_map(&gate->map, "qla4xxx_gate", &gate_key, 0);
}

int gate_enter(struct gate *gate)
{
	/* Who has looked before it was closed is counted before the last one leaves, or finds that he has. */
	if (READ_ONCE(gate->is_closed) || !refcount_inc_not_zero(&gate->users))
		return -ENODEV;
	lock_map_acquire_read(&gate->map);
	return 0;
}

static void put(struct gate *gate)
{
	if (refcount_dec_and_test(&gate->users))
		complete(&gate->empty);
}

void gate_leave(struct gate *gate)
{
	lock_map_release(&gate->map);
	put(gate);
}

void gate_close(struct gate *gate)
{
	might_sleep();
	lock_map_acquire(&gate->map);
	lock_map_release(&gate->map);
	WRITE_ONCE(gate->is_closed, true);
	put(gate);
	wait_for_completion(&gate->empty);
}
