/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole database at once: import, export, check, show (`-m store`). */
#include "adm/adm.h"
#include "adm/print.h"

enum iscsi_err store_mode(struct adm *adm)
{
	print_problem("%s mode is not there yet", args_mode_name(adm->args->mode));
	return ISCSI_ERR_OP_NOT_SUPP;
}
