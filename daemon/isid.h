/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The initiator's part of a session's identity (RFC 7143 11.12.5). A target tells sessions of one
 * initiator apart by it, and a relogin with the same one replaces the old session, so it must
 * outlive the daemon: it is derived, not counted.
 */
#ifndef OPENHBA_DAEMON_ISID_H
#define OPENHBA_DAEMON_ISID_H

#include <stdbool.h>
#include <stdint.h>

#define ISID_BYTES 6
#define ISID_TEXT_MAX (2 * ISID_BYTES + 1)

/* What an ISID is derived from. ordinal: 0 for the first session of the four, then 1, ... */
struct isid_source {
	const char *initiator, *target, *address, *iface;
	int port;
	unsigned int ordinal;
};

/* 00 02 3d and 24 bits of a hash of source. probe 0 is the first choice, 1.. the next when one is
 * taken. */
void isid_derive(const struct isid_source *source, unsigned int probe, uint8_t isid[ISID_BYTES]);

/* 00 02 3d and the low 24 bits of the session number, as open-iscsi's iscsid derives it. */
void isid_from_sid(unsigned int sid, uint8_t isid[ISID_BYTES]);

const char *isid_format(const uint8_t isid[ISID_BYTES],
			char text[ISID_TEXT_MAX]); /* "00023dabcdef" */
bool isid_parse(const char *text, uint8_t isid[ISID_BYTES]);

#endif
