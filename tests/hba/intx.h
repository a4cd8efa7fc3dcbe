/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interrupt line of one function over eventfds, as VFIO means it: the line is a level, the eventfd an edge. Telling a rise masks the
 * line until the client unmasks it (by a message, or by its resample eventfd), and a line that is still high then is told again.
 */
#ifndef OPENHBA_TESTS_HBA_INTX_H
#define OPENHBA_TESTS_HBA_INTX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/loop.h"

/* Embedded in struct vfio_user. */
struct intx {
	struct loop *loop;
	struct loop_fd *resample_watch;
	uint64_t told;
	int trigger, resample;				/* eventfds, ours; -1: none */
	bool is_high, is_masked;
};

void intx_init(struct intx *line, struct loop *loop);
/* Without a client: no eventfds, not masked. The level stays. */
void intx_disconnect(struct intx *line);
void intx_set(struct intx *line, bool is_high);
void intx_mask(struct intx *line);
void intx_unmask(struct intx *line);
/* The client's own try of the way: told, whatever the level. */
void intx_tell(struct intx *line);

/* Take event over (-1: none), also on errors. -EINVAL: it is no eventfd. A new trigger starts unmasked. */
int intx_set_trigger(struct intx *line, int event);
int intx_set_resample(struct intx *line, int event);

#endif
