/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How sessions are printed: one line each, or the trees of -P 1, 2 and 3. Works on the sessions marked in the context. */
#ifndef OPENHBA_ADM_SESSION_TREE_H
#define OPENHBA_ADM_SESSION_TREE_H

#include "adm/adm.h"

enum iscsi_err session_lines(struct adm *adm);

/* level 1 to 3; the sessions must have been read as deep. secrets: show CHAP passwords. */
enum iscsi_err session_tree(struct adm *adm, unsigned int level, bool secrets);

#endif
