/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long to leave a server alone that does not answer. */
#ifndef OPENHBA_DAEMON_BACKOFF_H
#define OPENHBA_DAEMON_BACKOFF_H

#include <stdint.h>

#define BACKOFF_MAX_MS 60000

/* After failures (1..) in a row: 1 s, 2 s, 4 s ... to BACKOFF_MAX_MS, a quarter more or less, so
 * that a thousand hosts do not come back in the same instant. */
uint64_t backoff_ms(unsigned int failures);

#endif
