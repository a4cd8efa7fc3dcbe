/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State change notifications (RFC 4171 5.7.5.8): the gate for what a server sends by itself, and the answer to it. Pure. */
#ifndef OPENHBA_LIB_ISNS_NOTICE_H
#define OPENHBA_LIB_ISNS_NOTICE_H

#include "lib/isns_message.h"

#define ISNS_NOTICE_MAX (64u * 1024) /* bytes of a notice */

/*
 * Is message a notice for the node called name? Then reply is appended to the bytes that go back. 1: yes; 0: it is something else or for
 * somebody else, without a reply; -EPROTO, -ENOMEM, or as isns_codec_open().
 */
int isns_notice_read(const struct isns_message *message, const char *name, struct isns_bytes *reply);

#endif
