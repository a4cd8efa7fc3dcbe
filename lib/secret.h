/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes nobody else should see: CHAP secrets. Each lives in pages of its own that are kept out of
 * swap and core dumps where the system permits it, and are zeroed before they are given back.
 */
#ifndef OPENHBA_LIB_SECRET_H
#define OPENHBA_LIB_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_BYTES_MAX 255

struct secret;

/* A copy of length bytes (1..SECRET_BYTES_MAX). NULL with errno EINVAL or ENOMEM. The caller owns
 * it, and still owns (and should zero) the original. */
struct secret *secret_new(const void *bytes, size_t length);
struct secret *secret_copy(const struct secret *secret); /* NULL in, NULL out */
void secret_free(struct secret *secret);		 /* NULL is fine */

const unsigned char *secret_bytes(const struct secret *secret);
size_t secret_length(const struct secret *secret);

/* False where mlock(2) was refused (RLIMIT_MEMLOCK, containers): the secret works, unlocked. */
bool secret_is_locked(const struct secret *secret);

/* Same length and bytes; the time taken does not depend on where they differ. NULL equals nothing. */
bool secret_equal(const struct secret *a, const struct secret *b);

#endif
