/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What CHAP needs of libcrypto, which is opened at the first use (or by crypto_open(), where no file may be opened later). */
#ifndef OPENHBA_LIB_CRYPTO_H
#define OPENHBA_LIB_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#define CRYPTO_DIGEST_MAX 64 /* bytes of the longest digest */

/* Bytes to be digested, borrowed. */
struct crypto_part {
	const void *bytes;
	size_t length;
};

/* Opens libcrypto. 0, also when it is open; -ELIBACC, -ELIBBAD. Not thread-safe: the loop's thread only, as all here. */
int crypto_open(void);

/* Does libcrypto offer this digest ("MD5", "SHA2-256")? The first question about a digest may open files. */
bool crypto_has_digest(const char *digest);

/* The digest over all parts into out. Its length in bytes, or -EIO (no such digest, or libcrypto failed), -ELIBACC, -ELIBBAD. */
int crypto_digest(const char *digest, const struct crypto_part *parts, size_t count,
		  unsigned char out[CRYPTO_DIGEST_MAX]);

int crypto_random(void *bytes, size_t length); /* 0, -EIO, -ELIBACC, -ELIBBAD */

/* Compares in time that depends on length only. False, too, where libcrypto cannot be opened. */
bool crypto_equal(const void *a, const void *b, size_t length);

#endif
