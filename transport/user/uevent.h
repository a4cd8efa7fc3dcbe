/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The kernel's own uevents, as they are before udev has had them, or where there is no udev. They are hints: of a message only its
 * subsystem counts.
 */
#ifndef OPENHBA_TRANSPORT_USER_UEVENT_H
#define OPENHBA_TRANSPORT_USER_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

enum uevent_result {
	UEVENT_SEEN = 1 << 0,	/* one of a subsystem that was asked for */
	UEVENT_LOST = 1 << 1,	/* ENOBUFS: any may have been */
};

/* A non-blocking socket, the caller's to close. Negative errno. */
int uevent_open(void);

/* Reads what there is, of a storm a part (the descriptor stays readable): bits of enum uevent_result, 0 for nothing of interest, or a
 * negative errno after which nothing comes any more. subsystems ends with NULL. */
int uevent_read(int fd, const char *const *subsystems);

/* The gate: "ACTION@PATH", NUL, "NAME=VALUE", NUL, ... Is it one of these subsystems? A message of another form is none. */
bool uevent_is_of(const char *message, size_t bytes, const char *const *subsystems);

#endif
