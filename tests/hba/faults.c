/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The faults that are armed for one port: a short list in the order of arming. Decides whether a fault strikes; what it then does is
 * written where it is asked. Called by the firmware's parts and by control.c.
 */
#include "tests/hba/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct fault_row fault_rows[FAULT_POINTS] = {
#define FAULT(point, name, key, value, sentence) [FAULT_##point] = {name, key, value, sentence},
#include "tests/hba/faults.def"
#undef FAULT
};

struct armed {
	enum fault_point point;
	uint32_t key, count, value;
};

struct faults {
	struct armed armed[FAULTS_ARMED_MAX];
	unsigned int count;
	uint64_t hits[FAULT_POINTS];
};

struct faults *faults_new(void)
{
	return calloc(1, sizeof(struct faults));
}

void faults_free(struct faults *faults)
{
	free(faults);
}

int faults_arm(struct faults *faults, enum fault_point point, uint32_t key, uint32_t count, uint32_t value)
{
	if (!count)
		return -EINVAL;
	if (faults->count == FAULTS_ARMED_MAX)
		return -ENOSPC;
	faults->armed[faults->count++] = (struct armed){point, key, count, value};
	return 0;
}

void faults_clear(struct faults *faults)
{
	faults->count = 0;
}

static void use_up(struct faults *faults, unsigned int i)
{
	struct armed *armed = &faults->armed[i];

	if (armed->count == FAULTS_ANY || --armed->count)
		return;
	faults->count--;
	memmove(armed, armed + 1, (faults->count - i) * sizeof(*armed));
}

bool fault_hit(struct faults *faults, enum fault_point point, uint32_t key, uint32_t *ret_value)
{
	for (unsigned int i = 0; faults && i < faults->count; i++) {
		const struct armed *armed = &faults->armed[i];

		if (armed->point != point || (armed->key != FAULTS_ANY && armed->key != key))
			continue;
		if (ret_value)
			*ret_value = armed->value;
		faults->hits[point]++;
		use_up(faults, i);
		return true;
	}
	return false;
}

uint64_t faults_hits(const struct faults *faults, enum fault_point point)
{
	return faults->hits[point];
}

enum fault_point fault_find(const char *name)
{
	for (unsigned int i = 0; i < FAULT_POINTS; i++)
		if (!strcmp(fault_rows[i].name, name))
			return (enum fault_point)i;
	return FAULT_POINTS;
}

static void show_number(struct text *text, uint32_t number, const char *any)
{
	if (number == FAULTS_ANY)
		text_addf(text, ":%s", any);
	else
		text_addf(text, ":%#x", number);
}

void faults_show(const struct faults *faults, struct text *text)
{
	for (unsigned int i = 0; i < faults->count; i++) {
		const struct armed *armed = &faults->armed[i];

		text_addf(text, " %s", fault_rows[armed->point].name);
		show_number(text, armed->key, "any");
		show_number(text, armed->count, "always");
		text_addf(text, ":%#x", armed->value);
	}
	for (unsigned int i = 0; i < FAULT_POINTS; i++)
		if (faults->hits[i])
			text_addf(text, " %s=%llu", fault_rows[i].name, (unsigned long long)faults->hits[i]);
}
