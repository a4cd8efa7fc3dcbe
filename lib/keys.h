/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of logins and text requests: key=value pairs, each closed by NUL (RFC 7143 6.1), and
 * the table of all known keys (transport/abi/keys.def). Values are read here and nowhere else.
 */
#ifndef OPENHBA_LIB_KEYS_H
#define OPENHBA_LIB_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

#define KEYS_TEXT_MAX (64 * 1024) /* bytes of one logical text of a login, all C-bit parts together */

enum key_type { KEY_TYPE_BOOL, KEY_TYPE_U32, KEY_TYPE_LIST, KEY_TYPE_TEXT };
enum key_use { KEY_USE_IO, KEY_USE_LO, KEY_USE_FFPO, KEY_USE_ALL };
enum key_stage { KEY_STAGE_SECURITY, KEY_STAGE_OPERATIONAL, KEY_STAGE_ANY, KEY_STAGE_NEVER };
enum key_scope { KEY_SCOPE_SW, KEY_SCOPE_CO };
enum key_sender { KEY_SENDER_I = 1, KEY_SENDER_T = 2, KEY_SENDER_IT = 3 };
enum key_result {
	KEY_RESULT_AND,
	KEY_RESULT_OR,
	KEY_RESULT_MIN,
	KEY_RESULT_MAX,
	KEY_RESULT_LIST,
	KEY_RESULT_DECLARED,
	KEY_RESULT_REFUSED,
};
enum key_irrelevant {
	KEY_IRRELEVANT_NEVER,
	KEY_IRRELEVANT_DISCOVERY,
	KEY_IRRELEVANT_RDMA,
	KEY_IRRELEVANT_NOT_RDMA,
};

/* One row of keys.def. */
struct key {
	unsigned int number;
	const char *name;
	enum key_type type;
	enum key_use use;
	enum key_stage stage;
	enum key_scope scope;
	enum key_sender sender;
	enum key_result result;
	enum key_irrelevant irrelevant;
	uint32_t min, max, fallback; /* fallback: the value when nobody speaks */
	const char *sentence;
};

/* The index of a row: KEY_HeaderDigest and so on come from keys_index() at run time. */
#define KEYS_COUNT_MAX 64
extern const struct key keys_table[];
extern const unsigned int keys_count;

/* The row with that name, NULL if unknown. Names are case-sensitive (RFC 7143 6.1). */
const struct key *keys_find(const char *name, size_t length);

/* One pair inside a text, not NUL-terminated by itself; points into the text. */
struct key_pair {
	const char *name;
	size_t name_length;
	const char *value;
	size_t value_length;
};

struct keys_reader {
	const char *at, *end;
};

void keys_reader_init(struct keys_reader *reader, const void *bytes, size_t length);

/* 1: the next pair; 0: end; -EPROTO: no '=', an empty or too long (63) or illegal name, no closing
 * NUL. NUL bytes between pairs are passed over (some targets pad with them). */
int keys_next(struct keys_reader *reader, struct key_pair *ret_pair);

bool key_pair_is(const struct key_pair *pair, const char *name);
bool key_value_is(const struct key_pair *pair, const char *value);

/* Text values of pairs, RFC 7143 6.1. Each: 0, or -EINVAL when it is not one; -ERANGE: too big. */
int key_value_bool(const struct key_pair *pair, bool *ret_value);   /* Yes, No */
int key_value_u32(const struct key_pair *pair, uint32_t *ret_value); /* decimal or 0x hex */

/* Binary value: 0x hex or 0b base64, to at most size bytes. -EMSGSIZE: longer. */
int key_value_binary(const struct key_pair *pair, unsigned char *out, size_t size,
		     size_t *ret_length);

/* The value as a string in out (size bytes with NUL). -EMSGSIZE: does not fit; -EINVAL: NUL. */
int key_value_text(const struct key_pair *pair, char *out, size_t size);

/* Is word one of the comma separated words of list? */
bool key_list_has(const char *list, size_t length, const char *word);

/* "name=value\0" at the end of text. Memory failure sticks in text->failed. */
void keys_add(struct text *text, const char *name, const char *value);
void keys_add_u32(struct text *text, const char *name, uint32_t value);
void keys_add_bool(struct text *text, const char *name, bool value);
void keys_add_binary(struct text *text, const char *name, const unsigned char *bytes, size_t length);

#endif
