/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The names of the store's rows inside GDBM: "TABLE DIGEST KEY", as in "node 5f0c92d1
 * iqn.2024-01.example:disk". DIGEST is a SipHash-2-4 of table and key under the salt of this
 * database, as 8 hex digits. GDBM's own hash is a plain sum of the bytes; targets choose their
 * names, and a few hundred names of equal sum would double its directory until memory and disk are
 * full. The digest makes that a matter of luck, and shows a damaged key when it is read. Called by
 * lib/store.c only; no I/O but getrandom().
 */
#ifndef OPENHBA_LIB_STORE_KEY_H
#define OPENHBA_LIB_STORE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/store.h"

/* The row that makes a file one of ours: "format = 1\nsalt = <32 hex digits>\n". Not in any table.
 */
#define STORE_FORMAT_KEY "format"
#define STORE_FORMAT 1
#define STORE_FORMAT_TEXT 64 /* bytes of its text with NUL, at most */

struct store_salt {
	uint64_t half[2];
};

struct store_key {
	size_t len;
	char name[STORE_KEY_MAX + 64];
};

/* A new random salt. The negative errno of getrandom(). */
int store_salt_make(struct store_salt *ret_salt) __attribute__((warn_unused_result));

/* The text of the format row, with its NUL, into @text; its length. */
size_t store_format_print(const struct store_salt *salt, char text[STORE_FORMAT_TEXT]);

/* Read the format row. -EPROTO a newer format, -EUCLEAN anything else that is not ours. */
int store_format_parse(const char *text, size_t len, struct store_salt *ret_salt)
	__attribute__((warn_unused_result));

/* The row's name of @key. -EINVAL the key is empty or longer than STORE_KEY_MAX. */
int store_key_make(const struct store_salt *salt, enum store_table table, const char *key,
		   struct store_key *ret_key) __attribute__((warn_unused_result));

/*
 * Where in the @len bytes of @name the key starts, if this is a row of @table; 0 a row of another
 * table or the format row; -EUCLEAN the name is none that store_key_make() gives under this salt,
 * whatever the table.
 */
int store_key_parse(const struct store_salt *salt, enum store_table table, const char *name,
		    size_t len) __attribute__((warn_unused_result));

#endif
