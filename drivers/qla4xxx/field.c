// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers out of and into the chip's structures, by the rows of transport/abi/isp4xxx_fields.def.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "drivers/qla4xxx/field.h"

const struct isp_field isp_fields[ISP_ROWS] = {
#define ISP_FIELD(structure, id, offset, width, bit, bits, kind, name, sentence) \
	[ISP_##structure##_ROW_##id] = { offset, width, bit, bits, ISP_KIND_##kind },
#include "transport/abi/isp4xxx_fields.def"
#undef ISP_FIELD
};

/* The place of byte number significance (0: lowest) of the word. */
static u8 *byte_of(const struct isp_field *field, void *structure, unsigned int significance)
{
	u8 *word = (u8 *)structure + field->offset;

	return field->kind == ISP_KIND_BIG ? &word[field->width - 1 - significance] : &word[significance];
}

static u64 word_get(const struct isp_field *field, const void *structure)
{
	u64 word = 0;
	unsigned int i;

	for (i = 0; i < field->width; i++)
		word |= (u64)*byte_of(field, (void *)structure, i) << 8 * i;
	return word;
}

u64 field_get(enum isp_row row, const void *structure)
{
	const struct isp_field *field = &isp_fields[row];

	return field->bits ? word_get(field, structure) >> field->shift & GENMASK_ULL(field->bits - 1, 0) : 0;
}

void field_set(enum isp_row row, void *structure, u64 number)
{
	const struct isp_field *field = &isp_fields[row];
	u64 mask, word;
	unsigned int i;

	if (!field->bits)
		return;
	mask = GENMASK_ULL(field->bits - 1, 0) << field->shift;
	word = (word_get(field, structure) & ~mask) | (number << field->shift & mask);
	for (i = 0; i < field->width; i++)
		*byte_of(field, structure, i) = word >> 8 * i;
}

int param_number(const u8 *value, u32 len, u32 *ret_number)
{
	u16 half;

	switch (len) {
	case 1:
		*ret_number = *value;
		return 0;
	case 2:
		memcpy(&half, value, sizeof(half));
		*ret_number = half;
		return 0;
	case 4:
		memcpy(ret_number, value, sizeof(*ret_number));
		return 0;
	}
	return -EINVAL;
}
