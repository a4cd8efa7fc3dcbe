/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of settings.def and iface.def as data, and the search of a row by name. Nothing here knows a value: what is done
 * with the rows stands in record.c (values) and record_format.c (text). A new setting is a row in a .def file and nothing here,
 * unless it needs a new list of choices.
 */
#include "lib/record.h"

#include <string.h>

#define CHOICES(name, ...) static const char *const choices_##name[] = { __VA_ARGS__, NULL }
CHOICES(no_yes, "No", "Yes");
CHOICES(startup, "manual", "automatic", "onboot");
CHOICES(scan, "manual", "auto");
CHOICES(auth_methods, "None", "CHAP");
CHOICES(chap_algs, "MD5", "SHA1", "SHA256", "SHA3-256");
CHOICES(digests, "None", "CRC32C", "CRC32C,None", "None,CRC32C");
CHOICES(discovery_origins, "send_targets", "isns", "offload_send_targets", "static", "fw");
CHOICES(discovery_startup, "manual", "automatic");
CHOICES(discovery_types, "sendtargets", "isns", "offload_send_targets", "static", "fw");
CHOICES(enable, "enable", "disable");
CHOICES(bootproto, "dhcp", "static");
CHOICES(bind, "never", "reachable", "always");
#define choices_none NULL

/* What the words in the columns of the .def files stand for. */
enum {
	FLAGS_PLAIN = 0,
	FLAGS_FIXED = FIELD_FIXED,
	FLAGS_SECRET = FIELD_SECRET,
	FLAGS_HIDDEN = FIELD_HIDDEN,
	FLAGS_QUIET = FIELD_QUIET,
	FLAGS_FIXED_QUIET = FIELD_FIXED | FIELD_QUIET,
	SUBSET_ALL = 0,
	SUBSET_V4 = FIELD_V4,
	SUBSET_V6 = FIELD_V6,
	KINDS_NODE = 1 << RECORD_NODE,
	KINDS_SENDTARGETS = 1 << RECORD_SENDTARGETS,
	KINDS_ISNS = 1 << RECORD_ISNS,
	KINDS_DISCOVERY = KINDS_SENDTARGETS | KINDS_ISNS,
	KINDS_POLICY = 1 << RECORD_POLICY,
	KINDS_IFACE = 1 << RECORD_NODE | 1 << RECORD_IFACE,
};

#define SHOWN(name, initial) (sizeof(initial) == 1 ? name " = <empty>\n" : name " = " initial "\n")
#define SHOWN_LEN(name, initial) \
	(sizeof(initial) == 1 ? sizeof(name " = <empty>\n") - 1 : sizeof(name " = " initial "\n") - 1)

#define ROW(id, string, kind_of, initial, least, most, bits, records, list, text)                        \
	[F_##id] = {                                                                                      \
		.name = string, .default_text = initial, .sentence = text, .choices = choices_##list,     \
		.min = least, .max = most, .type = FIELD_##kind_of, .flags = bits, .kinds = records,      \
		.of = F_##id, .shown = SHOWN(string, initial), .name_len = sizeof(string) - 1,            \
		.shown_len = SHOWN_LEN(string, initial),                                                  \
	},
#define SETTING(id, name, type, initial, min, max, flags, kinds, choices, sentence) \
	ROW(id, name, type, initial, min, max, FLAGS_##flags, KINDS_##kinds, choices, sentence)
#define IFACE(id, name, type, initial, min, max, flags, choices, subset, net, sentence)                    \
	ROW(id, name, type, initial, min, max, FLAGS_##flags | SUBSET_##subset, KINDS_IFACE, choices, \
	    sentence)
#define ALIAS(id, string, other, bits, records, text)                                                       \
	[F_##id] = {                                                                                       \
		.name = string, .default_text = "", .sentence = text, .flags = FIELD_ALIAS | FLAGS_##bits, \
		.kinds = KINDS_##records, .of = F_##other, .name_len = sizeof(string) - 1,                 \
	},

const struct field_row field_rows[FIELD_COUNT] = {
#include "transport/abi/settings.def"
};

#undef SETTING
#undef IFACE
#undef ALIAS

/* The lengths of the names by themselves: what field_find() looks at first, a few cache lines in all. */
static const unsigned char name_lens[FIELD_COUNT] = {
#define SETTING(id, name, ...) sizeof(name) - 1,
#define IFACE(id, name, ...) sizeof(name) - 1,
#define ALIAS(id, name, ...) sizeof(name) - 1,
#include "transport/abi/settings.def"
};

enum field field_find(enum record_kind kind, const char *name)
{
	const unsigned char *at = name_lens, *end = name_lens + FIELD_COUNT;
	size_t len = strlen(name);

	if (len > TEXT_NAME_MAX)
		return FIELD_NONE;
	while ((at = memchr(at, (int)len, (size_t)(end - at)))) {
		const struct field_row *row = &field_rows[at - name_lens];

		if (row->kinds & 1u << kind && !memcmp(row->name, name, len))
			return row->of;
		at++;
	}
	return FIELD_NONE;
}
