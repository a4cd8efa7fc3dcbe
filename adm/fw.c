/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `iscsiadm -m fw` and `-m discovery -t fw`: no firmware is read by this version, which is said, never guessed. */
#include <unistd.h>

#include "adm/adm.h"
#include "adm/print.h"

enum iscsi_err fw_mode(struct adm *adm)
{
	if (!access("/sys/firmware/ibft", F_OK)) {
		print_problem("targets of the boot firmware cannot be read by this version");
		return ISCSI_ERR_OP_NOT_SUPP;
	}
	print_problem("Could not get list of targets from firmware. (err %d)", ISCSI_ERR_NO_OBJS_FOUND);
	return ISCSI_ERR_NO_OBJS_FOUND;
}
