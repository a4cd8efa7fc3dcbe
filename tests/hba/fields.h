/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of transport/abi/isp4xxx_fields.def by number, FIELD_ACB_MTU and so on, for code that knows which field it wants. */
#ifndef OPENHBA_TESTS_HBA_FIELDS_H
#define OPENHBA_TESTS_HBA_FIELDS_H

#include <stdint.h>

#include "lib/isp4xxx.h"

/* The same numbers as enum isp4xxx_row. */
enum field {
#define ISP_FIELD(structure, id, ...) FIELD_##structure##_##id,
#include "transport/abi/isp4xxx_fields.def"
#undef ISP_FIELD
	FIELDS,
};

/* bytes is the structure. A number by value, any other by a pointer to its first byte. What does not fit is cut off. */
static inline uint64_t field_get(enum field field, const void *bytes)
{
	return isp4xxx_get((enum isp4xxx_row)field, bytes);
}

static inline void field_set(enum field field, void *bytes, uint64_t number)
{
	isp4xxx_set((enum isp4xxx_row)field, bytes, number);
}

static inline void *field_at(enum field field, void *bytes)
{
	return (uint8_t *)bytes + isp4xxx_rows[field].offset;
}

static inline unsigned int field_width(enum field field)
{
	return isp4xxx_rows[field].width;
}

#endif
