/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the class calls the parameters of a flash node, as fields of its entry (DDB): one table. Nothing here sleeps, locks or asks the
 * card.
 */
#ifndef OPENHBA_QLA4XXX_FLASHNODE_ROWS_H
#define OPENHBA_QLA4XXX_FLASHNODE_ROWS_H

#include "drivers/qla4xxx/field.h"

/*
 * A parameter's value, len bytes as user space sends them, into entry, ISP_DDB_SIZE bytes. -EINVAL: the value is none of this parameter's.
 * -ENODATA: there is no such parameter, or nobody can set it. entry is unchanged then.
 */
int flashnode_row_set(void *entry, unsigned int param, const u8 *value, u32 len);
/* A parameter as the text of its attribute: its length, or -ENODATA where the entry does not have it (boot target, credentials). */
int flashnode_row_show(const void *entry, unsigned int param, char *page);

#endif
