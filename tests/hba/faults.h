/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Faults that tests arm through the control socket, one set per PCI function. The firmware asks at the place where a fault would strike:
 *
 *	if (fault_hit(faults, FAULT_MAILBOX_FAIL, opcode, &status))
 *		return answer(status);
 *
 * What a fault does is written where it is asked; the rows of faults.def say what that has to be.
 */
#ifndef OPENHBA_TESTS_HBA_FAULTS_H
#define OPENHBA_TESTS_HBA_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

enum fault_point {
#define FAULT(point, name, key, value, sentence) FAULT_##point,
#include "tests/hba/faults.def"
#undef FAULT
	FAULT_POINTS,
};

struct fault_row {
	const char *name, *key, *value, *sentence;
};

extern const struct fault_row fault_rows[FAULT_POINTS];

#define FAULTS_ANY UINT32_MAX		/* as a key: whichever comes; as a count: until cleared */
#define FAULTS_ARMED_MAX 64

struct faults;

struct faults *faults_new(void);	/* NULL: no memory */
void faults_free(struct faults *faults);	/* NULL is fine */

/* The next count asks for point and key hit. -ENOSPC: FAULTS_ARMED_MAX are armed. -EINVAL: count 0. */
int faults_arm(struct faults *faults, enum fault_point point, uint32_t key, uint32_t count, uint32_t value);
void faults_clear(struct faults *faults);	/* disarms all; counters stay */

/*
 * Does it strike now? Uses up one count of the oldest that fits. key: 0 where the row has none. ret_value may be NULL. faults NULL:
 * never.
 */
bool fault_hit(struct faults *faults, enum fault_point point, uint32_t key, uint32_t *ret_value);

/* How often the point was hit since the start. */
uint64_t faults_hits(const struct faults *faults, enum fault_point point);

/* FAULT_POINTS: no such name. */
enum fault_point fault_find(const char *name);

/* One word for each that is armed, after a blank: name:key:count:value; and hits as name=count. */
void faults_show(const struct faults *faults, struct text *text);

#endif
