/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iSCSI names (RFC 7143 4.2.7, RFC 3722): what may be stored, and what may come from the network. */
#ifndef OPENHBA_LIB_NAME_H
#define OPENHBA_LIB_NAME_H

#include <stdbool.h>

#define ISCSI_NAME_MAX 223	/* bytes, RFC 7143 4.2.7.1 */

/* A name with iqn., eui. or naa. form, right length and only the characters RFC 3722 6.2 leaves: what a target may report. */
bool name_is_valid(const char *name);

/* What an administrator may store: 1..254 bytes without blanks, control characters, '/' or ','. Laxer than name_is_valid(). */
bool name_is_storable(const char *name);

/* An iface record name: 1..64 bytes, no '/', no blank, not "." or "..". */
bool name_is_iface(const char *name);

/* Six bytes of two hexadecimal digits with colons between them, in either case. */
bool name_is_mac(const char *text);

#endif
