/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fields of the structures in the chip's memory and flash, one row of transport/abi/isp4xxx_fields.def each, as numbers. The chip
 * writes these structures: what is read here is data, never an index or a length that is used unchecked. Nothing here sleeps or locks.
 */
#ifndef OPENHBA_QLA4XXX_FIELD_H
#define OPENHBA_QLA4XXX_FIELD_H

#include <linux/types.h>

/* The rows by name: ISP_ACB_ROW_MTU, ISP_DDB_ROW_NAME, ... */
enum isp_row {
#define ISP_FIELD(structure, id, offset, width, bit, bits, kind, name, sentence) ISP_##structure##_ROW_##id,
#include "transport/abi/isp4xxx_fields.def"
#undef ISP_FIELD
	ISP_ROWS,
};

enum isp_field_kind {
	ISP_KIND_NUMBER, ISP_KIND_HEX, ISP_KIND_BIG, ISP_KIND_FLAG, ISP_KIND_TEXT, ISP_KIND_SECRET, ISP_KIND_IPV4, ISP_KIND_IPV6,
	ISP_KIND_MAC, ISP_KIND_BYTES, ISP_KIND_ISID, ISP_KIND_ADDRESS,
};

/* Number kinds are the bits [shift, shift + bits) of the width bytes at offset; the others are the width bytes. */
struct isp_field {
	u16 offset;
	u16 width;
	u8 shift;
	u8 bits;
	enum isp_field_kind kind;
};

extern const struct isp_field isp_fields[ISP_ROWS];

/* A number out of and into a whole structure; bits beyond the field's are dropped. A row that is no number gives 0, takes nothing. */
u64 field_get(enum isp_row row, const void *structure);
void field_set(enum isp_row row, void *structure, u64 number);

/* The other way round: a parameter's value as user space sends it, one, two or four bytes in the host's order. -EINVAL: another length. */
int param_number(const u8 *value, u32 len, u32 *ret_number);

/* The bytes of a row, as they lie in the structure: isp_fields[row].width of them. */
static inline void *field_at(enum isp_row row, void *structure)
{
	return (u8 *)structure + isp_fields[row].offset;
}

#endif
