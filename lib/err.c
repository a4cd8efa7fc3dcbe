/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names and sentences of enum iscsi_err, and the one bridge from errno. All of it is rows; an errno that needs a better
 * answer than INTERNAL gets a row here, and a caller that knows more than the errno says uses its own code instead.
 */
#include "lib/err.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static const struct {
	const char *name, *sentence;
} errors[ISCSI_ERR_COUNT] = {
#define ERR(number, id, text) [number] = { #id, text },
#include "transport/abi/errors.def"
#undef ERR
};

static const struct {
	int error;
	enum iscsi_err err;
} errno_rows[] = {
	{ ENOMEM, ISCSI_ERR_NOMEM },
	{ EINVAL, ISCSI_ERR_INVAL },
	{ ERANGE, ISCSI_ERR_INVAL },
	{ E2BIG, ISCSI_ERR_INVAL },
	{ ENAMETOOLONG, ISCSI_ERR_INVAL },
	{ ENOENT, ISCSI_ERR_NO_OBJS_FOUND },
	{ ENODEV, ISCSI_ERR_HOST_NOT_FOUND },
	{ ENXIO, ISCSI_ERR_HOST_NOT_FOUND },
	{ EACCES, ISCSI_ERR_ACCESS },
	{ EPERM, ISCSI_ERR_ACCESS },
	{ EEXIST, ISCSI_ERR_SESS_EXISTS },
	{ EBUSY, ISCSI_ERR_BUSY },
	{ EAGAIN, ISCSI_ERR_AGAIN },
	{ EINTR, ISCSI_ERR_AGAIN },
	{ EOPNOTSUPP, ISCSI_ERR_OP_NOT_SUPP },
	{ ENOSYS, ISCSI_ERR_OP_NOT_SUPP },
	/* the network */
	{ ETIMEDOUT, ISCSI_ERR_TRANS_TIMEOUT },
	{ ECONNREFUSED, ISCSI_ERR_TRANS },
	{ ECONNRESET, ISCSI_ERR_TRANS },
	{ ECONNABORTED, ISCSI_ERR_TRANS },
	{ EPIPE, ISCSI_ERR_TRANS },
	{ ENETDOWN, ISCSI_ERR_TRANS },
	{ ENETUNREACH, ISCSI_ERR_TRANS },
	{ EHOSTDOWN, ISCSI_ERR_TRANS },
	{ EHOSTUNREACH, ISCSI_ERR_TRANS },
	{ EADDRNOTAVAIL, ISCSI_ERR_TRANS },
	{ EAFNOSUPPORT, ISCSI_ERR_TRANS },
	{ ENOTCONN, ISCSI_ERR_SESSION_NOT_CONNECTED },
	{ EKEYREJECTED, ISCSI_ERR_LOGIN_AUTH_FAILED },
	/* the store */
	{ EUCLEAN, ISCSI_ERR_IDBM },
	{ EPROTO, ISCSI_ERR_IDBM },
	{ ECANCELED, ISCSI_ERR_IDBM },
	{ EIO, ISCSI_ERR_IDBM },
	{ ENOSPC, ISCSI_ERR_IDBM },
	{ EDQUOT, ISCSI_ERR_IDBM },
	{ EROFS, ISCSI_ERR_IDBM },
	{ EFBIG, ISCSI_ERR_IDBM },
};

const char *iscsi_err_text(enum iscsi_err err)
{
	if ((unsigned int)err >= ISCSI_ERR_COUNT || !errors[err].sentence)
		err = ISCSI_ERR_UNKNOWN;
	return errors[err].sentence;
}

const char *iscsi_err_name(enum iscsi_err err)
{
	if ((unsigned int)err >= ISCSI_ERR_COUNT || !errors[err].name)
		err = ISCSI_ERR_UNKNOWN;
	return errors[err].name;
}

enum iscsi_err iscsi_err_from_errno(int error)
{
	if (!error)
		return ISCSI_ERR_SUCCESS;
	if (error < 0)
		error = error == -2147483647 - 1 ? 0 : -error;
	for (size_t i = 0; i < sizeof(errno_rows) / sizeof(errno_rows[0]); i++)
		if (errno_rows[i].error == error)
			return errno_rows[i].err;
	return ISCSI_ERR_INTERNAL;
}
