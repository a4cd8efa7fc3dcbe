/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How operations end. Below operations functions return 0 or a negative errno; operations and the IPC speak enum iscsi_err,
 * whose numbers are the exit statuses of iscsiadm(8). iscsi_err_from_errno() is the only bridge between the two.
 */
#ifndef OPENHBA_LIB_ERR_H
#define OPENHBA_LIB_ERR_H

enum iscsi_err {
#define ERR(number, id, sentence) ISCSI_ERR_##id = number,
#include "transport/abi/errors.def"
#undef ERR
	ISCSI_ERR_COUNT,
};

/* The sentence of errors.def; "unknown error" for a number that has no row. Static storage. */
const char *iscsi_err_text(enum iscsi_err err);

/* The symbolic name of errors.def ("LOGIN_AUTH_FAILED"), used in JSON. Static storage. */
const char *iscsi_err_name(enum iscsi_err err);

/* Takes a negative (or positive) errno, 0 is SUCCESS. What has no better row becomes INTERNAL. */
enum iscsi_err iscsi_err_from_errno(int error);

#endif
