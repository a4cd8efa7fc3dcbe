/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PDUs the kernel passes up: what a target says in full feature phase that is not SCSI. */
#ifndef OPENHBA_DAEMON_MESSAGE_H
#define OPENHBA_DAEMON_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

/* bhs: 48 bytes, aligned to 4; data: the data segment, bytes of it. Both are the target's word and
 * borrowed for the call. */
void message_receive(struct session *session, const void *bhs, const void *data, size_t bytes);

/* Is this sense data, as an asynchronous SCSI event carries it (2 length bytes first), "reported
 * LUNs data has changed" (3f/0e)? */
bool message_says_luns_changed(const uint8_t *data, size_t bytes);

#endif
