/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The members of enum field: one F_* per row of settings.def and iface.def. Included in the middle of lib/record.h only. */
#define SETTING(id, ...) F_##id,
#define ALIAS(id, ...) F_##id,
#define IFACE(id, ...) F_##id,
#include "transport/abi/settings.def"
#undef SETTING
#undef ALIAS
#undef IFACE
