/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsid.conf and initiatorname.iscsi. A conf is read once into memory; it gives defaults to new records and the few settings
 * that are not record fields (iscsid.startup, iscsid.safe_logout, iscsid.ipc_auth_uid).
 */
#ifndef OPENHBA_LIB_CONF_H
#define OPENHBA_LIB_CONF_H

#include "lib/record.h"

struct conf;

/*
 * A missing file is an empty conf. complain (may be NULL) gets unknown names, refused values, and with -EPERM what is not set
 * here: the identity of a record. -ENOMEM, -EACCES, ..., or what complain stopped with.
 */
int conf_load(const char *path, record_complaint_fn *complain, void *data, struct conf **ret_conf);
void conf_free(struct conf *conf);

/* Applies all lines that are fields of the record's kind, with ORIGIN_CONF. iface.* lines apply to RECORD_POLICY only. */
int conf_apply(const struct conf *conf, struct record *record);

/* The last value of a line called name, or NULL. Borrowed. */
const char *conf_value(const struct conf *conf, const char *name);

struct initiator {
	char *name;	/* InitiatorName=, NULL if there is none */
	char *alias;	/* InitiatorAlias=, or the host name */
};

int initiator_load(const char *path, struct initiator *ret_initiator);	/* -ENOENT, -EINVAL if the name is not a valid iSCSI name */
void initiator_done(struct initiator *initiator);

#endif
