/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pauses that double, with jitter. Pure but for the random number. */
#include "daemon/backoff.h"

#include <sys/random.h>

uint64_t backoff_ms(unsigned int failures)
{
	uint64_t pause_ms =
		failures > 6 ? BACKOFF_MAX_MS : 1000ull << (failures ? failures - 1 : 0);
	uint16_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = UINT16_MAX / 2;
	return pause_ms * 3 / 4 + pause_ms / 2 * random / UINT16_MAX;
}
