/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Task management for the mailbox commands ABORT_TASK, LUN_RESET and TARGET_WARM_RESET: the request goes to the target, the commands
 * come back by themselves when it is answered. A target that does not answer, or refuses a reset, leaves commands in doubt, which
 * only the end of the connection resolves. Called by the mailbox handlers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/ddb_login.h"
#include "tests/hba/initiator.h"
#include "tests/hba/iocb.h"
#include "tests/hba/sessions.h"

#define OUTSTANDING_MAX 256 /* a host that asks on and on, of a target that is silent */

struct management {
	struct initiator_tmf tmf; /* first: done() finds the rest by it */
	LIST_ENTRY(management) link;
	struct rings *rings; /* NULL: forgotten by a reset */
	unsigned int ddb;
};

/* A request that failed, and commands that the host waits for because of it. */
static bool is_in_doubt(const struct management *management)
{
	const struct initiator_tmf *tmf = &management->tmf;

	if (tmf->error == -ENOTCONN || !command_is_outstanding(management->rings, management->ddb))
		return false;
	return tmf->error || (tmf->function != ISCSI_TASK_ABORT_TASK && tmf->response);
}

static void management_done(struct initiator_tmf *tmf)
{
	struct management *management = (struct management *)tmf;
	struct rings *rings = management->rings;
	unsigned int ddb = management->ddb;
	bool is_lost = rings && is_in_doubt(management);

	if (rings) {
		LIST_REMOVE(management, link);
		rings->management_count--;
	}
	free(management);
	if (is_lost)
		sessions_drop(rings->settings.sessions, ddb);
}

void managements_forget(struct rings *rings)
{
	struct management *management;

	while ((management = LIST_FIRST(&rings->managements))) {
		LIST_REMOVE(management, link);
		management->rings = NULL;
	}
	rings->management_count = 0;
}

static unsigned int timeout_ms(const struct rings *rings, unsigned int ddb)
{
	struct session_view view;

	return sessions_get(rings->settings.sessions, ddb, &view) < 0 ? 0 : ddb_task_timeout_ms(view.ddb);
}

static int manage(struct rings *rings, unsigned int ddb, const struct initiator_tmf *tmf)
{
	struct initiator *initiator = sessions_initiator(rings->settings.sessions, ddb);
	struct management *management;

	if (!initiator || !rings->is_running || rings->management_count >= OUTSTANDING_MAX)
		return -ENOENT;
	management = calloc(1, sizeof(*management));
	if (!management)
		return -ENOMEM;
	management->tmf = *tmf;
	management->tmf.done = management_done;
	management->tmf.timeout_ms = timeout_ms(rings, ddb);
	management->rings = rings;
	management->ddb = ddb;
	if (initiator_tmf(initiator, &management->tmf) < 0) {
		free(management);
		return -ENOENT;
	}
	LIST_INSERT_HEAD(&rings->managements, management, link);
	rings->management_count++;
	return 0;
}

int rings_abort(struct rings *rings, unsigned int ddb, uint32_t handle)
{
	struct initiator_tmf tmf = {.function = ISCSI_TASK_ABORT_TASK, .task = command_find(rings, ddb, handle)};

	if (!tmf.task)
		return -ENOENT;
	memcpy(tmf.lun, tmf.task->lun, sizeof(tmf.lun));
	return manage(rings, ddb, &tmf);
}

int rings_lun_reset(struct rings *rings, unsigned int ddb, const uint8_t lun[8])
{
	struct initiator_tmf tmf = {.function = ISCSI_TASK_LU_RESET};

	memcpy(tmf.lun, lun, sizeof(tmf.lun));
	return manage(rings, ddb, &tmf);
}

int rings_target_reset(struct rings *rings, unsigned int ddb)
{
	const struct initiator_tmf tmf = {.function = ISCSI_TASK_TARGET_WARM_RESET};

	return manage(rings, ddb, &tmf);
}
