/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hints that devices came, changed or went: uevents of the subsystems ports are of, from the kernel and, once it runs, from udevd.
 * The kernel's come at once and always; a driver may still be filling in its attributes then, so udevd's, which come a little later,
 * are a second look.
 */
#ifndef OPENHBA_IFACE_UEVENTS_H
#define OPENHBA_IFACE_UEVENTS_H

#include <stdbool.h>

struct loop;
struct uevents;

/* On the loop's thread; was_lost: some were lost, and may have been anything. */
typedef void uevents_fn(bool was_lost, void *data);

/* -ENOMEM; other negative errnos if neither kernel nor udev can be listened to. */
int uevents_open(struct loop *loop, uevents_fn *fn, void *data, struct uevents **ret_uevents);
void uevents_close(struct uevents *uevents);	/* NULL is fine */

bool uevents_has_kernel(const struct uevents *uevents);
bool uevents_has_udev(const struct uevents *uevents);	/* now: it may come later */

#endif
