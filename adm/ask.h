/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records and questions on the way to the daemon: settings as an IPC object, and Discover (docs/org.openhba.iscsid.varlink). */
#ifndef OPENHBA_ADM_ASK_H
#define OPENHBA_ADM_ASK_H

#include "adm/adm.h"
#include "lib/sendtargets.h"

/* What the daemon needs of a record: every value that is not built in, by name. */
struct json_object *ask_settings(const struct record *record);

/* What came back through the iface of this index. address is where it failed, "" if that is not known; message is not NULL. The list is
 * the callee's to take or to leave empty. */
typedef void ask_fn(size_t index, enum iscsi_err err, const char *address, const char *message, struct sendtargets_list *list, void *data);

/*
 * Has the daemon ask the server of a RECORD_SENDTARGETS or RECORD_ISNS through each of the ifaces, once; fn is called as
 * answers come, at most once per iface. attempt counts the tries. ret_message (the caller frees) goes with an error of the call as a whole.
 */
enum iscsi_err ask_daemon(struct adm *adm, const struct record *discovery, const struct record *const *ifaces, size_t count,
			  unsigned int attempt, ask_fn *fn, void *data, char **ret_message);

#endif
