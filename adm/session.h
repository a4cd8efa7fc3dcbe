/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What iscsiadm does with running sessions. A mode marks the sessions a command is about, then acts on those marked; node and
 * session mode differ only in how they mark.
 */
#ifndef OPENHBA_ADM_SESSION_H
#define OPENHBA_ADM_SESSION_H

#include "adm/adm.h"

/* Marks the sessions that match. Reads them if needed. */
enum iscsi_err session_mark(struct adm *adm, const struct node_filter *filter);

/* Each works on the marked sessions; none is NO_OBJS_FOUND (21) with its sentence. */
enum iscsi_err session_logout_marked(struct adm *adm);
enum iscsi_err session_rescan_marked(struct adm *adm);
enum iscsi_err session_stats_marked(struct adm *adm);

/* `-m node` without anything of sessions: list, show, update, delete, new. Also serves `-m session -r N -o ...`. */
enum iscsi_err node_operation(struct adm *adm);

#endif
