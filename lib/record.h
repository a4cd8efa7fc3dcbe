/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records: node, iface, SendTargets and iSNS discovery, and what iscsid.conf says to the iface manager. A record is an array of
 * values, one per row of settings.def / iface.def, and everything (parsing, printing, limits, defaults, the store, the IPC) loops
 * over the rows. Each value knows where it came from: built-in default < iscsid.conf < stored record < command line.
 */
#ifndef OPENHBA_LIB_RECORD_H
#define OPENHBA_LIB_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

enum record_kind { RECORD_NODE, RECORD_IFACE, RECORD_SENDTARGETS, RECORD_ISNS, RECORD_POLICY, RECORD_KIND_COUNT };

enum origin { ORIGIN_DEFAULT, ORIGIN_CONF, ORIGIN_RECORD, ORIGIN_COMMAND };

/* F_NODE_NAME, F_IFACE_TRANSPORT_NAME, ... one per row, in the order of the .def files */
enum field {
#include "lib/record_fields.h"
	FIELD_COUNT,
	FIELD_NONE = FIELD_COUNT,
};

enum field_type { FIELD_NUM, FIELD_TEXT, FIELD_WORD, FIELD_LIST };

enum field_flag {
	FIELD_FIXED = 1 << 0,	/* identity of the record: refused by record_update() */
	FIELD_SECRET = 1 << 1,	/* masked when shown, zeroed when freed */
	FIELD_HIDDEN = 1 << 2,	/* only read: neither shown nor written */
	FIELD_ALIAS = 1 << 3,	/* second name of another field, reads and writes go there */
	FIELD_V4 = 1 << 4,	/* iface row that only records of the IPv4 family show */
	FIELD_V6 = 1 << 5,	/* the same for IPv6 */
	FIELD_QUIET = 1 << 6,	/* openhba's own: shown and written only where it differs from its default, so that others' records stay */
};

struct field_row {
	const char *name;		/* as in iscsid.conf */
	const char *default_text;	/* built-in value */
	const char *sentence;		/* for man pages */
	const char *const *choices;	/* NULL-terminated, or NULL */
	int64_t min, max;		/* NUM: the number; TEXT: max is the length in bytes */
	enum field_type type;
	unsigned int flags;		/* enum field_flag */
	unsigned int kinds;		/* bit 1 << enum record_kind: records that have it */
	enum field of;			/* the field that holds the value: itself, or what an alias stands for */
	const char *shown;		/* the line that shows the built-in value, with its newline; NULL for an alias */
	unsigned int name_len, shown_len;
};

extern const struct field_row field_rows[FIELD_COUNT];

/*
 * Not given: the built-in default of the row. Given: NUM: number; WORD: number is the index into choices; TEXT, LIST: text,
 * NULL is empty; heap, owned by the record. Read by record_number() and record_text(), never directly.
 */
struct value {
	char *text;
	int64_t number;
	enum origin origin;
	bool given;
};

struct record {
	enum record_kind kind;
	struct value values[FIELD_COUNT];
	char *unknown;	/* lines of a stored record whose names no row has, as they were; heap, NULL for none */
};

#define RECORD_UNKNOWN_MAX 65536	/* bytes of unknown lines a record keeps */

#define FIELD_NUMBER_TEXT_MAX 24	/* bytes that hold any NUM as text */

/* The field called name in records of this kind (aliases resolve to the field they stand for), or FIELD_NONE. */
enum field field_find(enum record_kind kind, const char *name);

void record_init(struct record *record, enum record_kind kind);		/* every value is its built-in default */
void record_done(struct record *record);				/* zeroes secrets; an all-zero record is fine */
int record_copy(struct record *to, const struct record *from);		/* to is uninitialised; -ENOMEM */

/*
 * What a value is. Asking the number of a TEXT or the text of a NUM is a bug (asserted), and so is a field that records of
 * this kind do not have. Rows of one name are one setting, whichever of them is asked for: F_NODE_SESSION_AUTH_CHAP_ALGS of
 * a SendTargets record is its own list, F_DISCOVERY_SENDTARGETS_PORT of an iSNS record its port. The same holds for setting.
 */
int64_t record_number(const struct record *record, enum field field);
const char *record_text(const struct record *record, enum field field);	/* TEXT and LIST: "" when empty; WORD: the word */
bool record_is(const struct record *record, enum field field, const char *word);	/* WORD or TEXT equals */
bool record_yes(const struct record *record, enum field field);		/* a NO_YES word is Yes */

/* The value as it is written in files: number into buffer, text as it is. Never NULL. */
const char *record_format_value(const struct record *record, enum field field, char buffer[FIELD_NUMBER_TEXT_MAX]);

/*
 * Sets a value from text; for a TEXT "<empty>" is the same as "". -EINVAL: not a number, not one of the choices, a control
 * character, a blank at an end; -ERANGE: number out of range or text too long; -ENOMEM. The old value stays on failure.
 * TEXT with choices (the enable/disable of ifaces) takes only these or nothing from ORIGIN_COMMAND, any word from elsewhere; a
 * FIELD_QUIET one, which no other tool writes, only these from everywhere.
 * Setting a password also keeps its hidden length field.
 */
int record_set(struct record *record, enum field field, const char *text, enum origin origin);
int record_set_number(struct record *record, enum field field, int64_t number, enum origin origin);

/* Why record_set() refused, as a sentence naming the limits or choices, for the administrator. */
void record_explain(enum field field, const char *text, struct text *ret_sentence);

/*
 * What to do with a line whose name is unknown (error -ENOENT), whose value is refused (as by record_set()), or that is no
 * setting at all (as by text_next(), name and value ""). Return nonzero to stop (becomes the result).
 */
typedef int record_complaint_fn(const char *name, const char *value, unsigned int line, int error, void *data);

/*
 * Takes settings from a text (a stored record, a file) into an initialised record; the value of a refused line stays what it
 * was. complain may be NULL: such lines are passed over. data goes to complain. -ENOMEM, or what complain stopped with.
 * From ORIGIN_RECORD, lines with unknown names are kept (up to RECORD_UNKNOWN_MAX bytes, after complain let them pass), so that
 * writing a record which a newer version made loses nothing.
 */
int record_parse(struct record *record, const char *text, size_t len, enum origin origin, record_complaint_fn *complain, void *data);

enum record_form {
	RECORD_STORED,	/* only values that differ from the built-in default, and unknown lines: what the store keeps */
	RECORD_FILE,	/* all but what is empty by default, between BEGIN and END lines, secrets in clear: iface files, export */
	RECORD_SHOWN,	/* all shown rows, <empty> for empty, secrets masked: `-o show` */
	RECORD_SHOWN_SECRETS,	/* the same with secrets: `-S` */
	RECORD_SHOWN_ORIGINS,	/* as SHOWN, each line ends with where the value came from: " (iscsid.conf)" */
	RECORD_SHOWN_ORIGINS_SECRETS,
};

/* Is it a setting to show of this record, whatever its address family? Not HIDDEN; QUIET only where it differs from its default. */
bool record_has(const struct record *record, enum field field);

/* Appends the record. Rows and order as the reference of iscsiadm(8) `-o show`; the iface subset V4/V6 as in iface.def. */
void record_format(const struct record *record, enum record_form form, struct text *text);

/* Where the value came from: "built-in", "iscsid.conf", "record", "command line". */
const char *record_origin_text(const struct record *record, enum field field);

/*
 * Values of a stored record that iscsid.conf (what conf holds, a record of the same kind) sets and gives alike get ORIGIN_CONF: the
 * store keeps what a value is, not who said it first.
 */
void record_mark_conf(struct record *record, const struct record *conf);

/* Copies the iface settings of one record (NODE or IFACE kind) into another. -ENOMEM. */
int record_copy_iface(struct record *to, const struct record *from);

#endif
