/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows of transport/abi/isp4xxx_fields.def by number: FIELD_ACB_MTU and so on. For code that knows which field it wants. */
#ifndef OPENHBA_TESTS_HBA_FIELDS_H
#define OPENHBA_TESTS_HBA_FIELDS_H

#include <stdint.h>

enum field {
#define ISP_FIELD(structure, id, ...) FIELD_##structure##_##id,
#include "transport/abi/isp4xxx_fields.def"
#undef ISP_FIELD
	FIELDS,
};

/* bytes is the structure. A number by value, any other by a pointer to its first byte. */
uint64_t field_get(enum field field, const void *bytes);
void field_set(enum field field, void *bytes, uint64_t number); /* what does not fit is cut off */
void *field_at(enum field field, void *bytes);
unsigned int field_width(enum field field); /* in bytes */

#endif
