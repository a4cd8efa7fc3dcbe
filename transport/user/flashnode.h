/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Flashnodes: targets that a card keeps in its flash and logs in to by itself. The rows of transport/abi/flashnode.def as a table,
 * what sysfs shows of them (bus iscsi_flashnode), and how a field's text becomes a value of SET_FLASHNODE_PARAMS.
 */
#ifndef OPENHBA_TRANSPORT_USER_FLASHNODE_H
#define OPENHBA_TRANSPORT_USER_FLASHNODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport/user/adapter.h"

enum flashnode_wire {
	FLASHNODE_U8,
	FLASHNODE_U16,
	FLASHNODE_U32,
	FLASHNODE_TEXT,
	FLASHNODE_ADDR,
	FLASHNODE_ISID,
	FLASHNODE_FIXED,	/* cannot be set */
};

struct flashnode_row {
	const char *field;	/* "flashnode.session.tpgt" */
	const char *attribute;	/* in sysfs */
	const char *sentence;
	int64_t max;		/* the number, or bytes of the text */
	uint16_t param;		/* enum iscsi_flashnode_param */
	enum flashnode_wire wire;
	bool of_conn;		/* shown by the connection's object */
	bool is_number;		/* its text in sysfs is a decimal number */
};

#define FLASHNODE_TEXT_MAX 256	/* bytes of a field's text, with its NUL */

/* By their place in the record, 0 to ISCSI_FLASHNODE_COUNT - 1; NULL behind. */
const struct flashnode_row *flashnode_row(size_t place);
const struct flashnode_row *flashnode_find(const char *field);	/* NULL if there is none */

/* Their numbers on a host, rising; *ret is malloc()ed, NULL if there are none. */
int flashnode_list(const char *root, uint32_t host_no, uint32_t **ret, size_t *ret_count);

/* -ENOENT: no such flashnode on this host. */
int flashnode_exists(const char *root, uint32_t host_no, uint32_t index);

/* A field as sysfs has it, cleaned as by sysfs_read(); what the driver does not show is "". */
void flashnode_read(const char *root, uint32_t host_no, uint32_t index, const struct flashnode_row *row, char *text, size_t room);

/*
 * Adds the field to the request. -EINVAL: the text is none of this kind; -ERANGE: too large or too long; -EROFS: it cannot be set.
 * A number is decimal; an ISID is 12 hexadecimal digits, colons between bytes allowed.
 */
int flashnode_encode(const struct flashnode_row *row, const char *text, struct attributes *attributes);

#endif
