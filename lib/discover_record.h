/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A SendTargets discovery as its record wants it: timeouts, limits, CHAP. Used by iscsiadm and iscsid alike. */
#ifndef OPENHBA_LIB_DISCOVER_RECORD_H
#define OPENHBA_LIB_DISCOVER_RECORD_H

#include "lib/discover.h"
#include "lib/record.h"

struct secret;

/* What settings borrow besides the record; all zero is empty. */
struct discovery_secrets {
	struct secret *password, *password_in;
};

/* Copies of the record's passwords. -ENOMEM. */
int discovery_secrets_take(struct discovery_secrets *secrets, const struct record *discovery);
void discovery_secrets_done(struct discovery_secrets *secrets);

/*
 * Fills settings from a RECORD_SENDTARGETS, with a random ISID; initiator name and alias, peer and NIC are the caller's to add. The record
 * and the secrets are borrowed as long as the settings are used.
 */
void discovery_settings_from_record(struct discovery_settings *settings, const struct record *discovery,
				    const struct discovery_secrets *secrets);

#endif
