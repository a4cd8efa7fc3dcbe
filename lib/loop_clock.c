/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop's clock, apart from the loop: command lines tell time too, and would otherwise carry the whole loop and its library.
 */
#include <time.h>

#include "lib/loop.h"

uint64_t loop_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
