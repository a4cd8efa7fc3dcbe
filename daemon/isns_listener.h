/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The port iSNS servers send state change notices to. */
#ifndef OPENHBA_DAEMON_ISNS_LISTENER_H
#define OPENHBA_DAEMON_ISNS_LISTENER_H

#include <stdint.h>

struct loop;
struct isns_listener;

/* A notice for our node has come: time to ask again. Notices that come close together are told
 * once. */
typedef void isns_notice_fn(void *data);

/* Listens on a free port of all addresses, for notices to the node called name (copied). -ENOMEM,
 * or what the socket says. */
int isns_listener_new(struct loop *loop, const char *name, isns_notice_fn *fn, void *data,
		      struct isns_listener **ret_listener);
void isns_listener_free(struct isns_listener *listener); /* NULL is fine */

uint16_t isns_listener_port(const struct isns_listener *listener);

#endif
