/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which network we are in: two processes with the same text see the same NICs and routes. */
#ifndef OPENHBA_LIB_NETNS_H
#define OPENHBA_LIB_NETNS_H

#define NETNS_TEXT_MAX 48

/* The number of the network namespace as the kernel tells it, "DEVICE:INODE"; "" where /proc does not say. */
void netns_name(char text[NETNS_TEXT_MAX]);

#endif
