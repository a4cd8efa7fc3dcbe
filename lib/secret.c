/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keeps CHAP secrets in mappings of their own: locked, left out of core dumps, wiped at the end.
 * Called by whoever reads a record and by lib/chap. It never prints and never writes to disk.
 */
#include "lib/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/crypto.h"


struct secret {
	size_t mapped;
	size_t length;
	bool is_locked;
	unsigned char bytes[SECRET_BYTES_MAX];
};

struct secret *secret_new(const void *bytes, size_t length)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (sizeof(struct secret) + page - 1) / page * page;
	struct secret *secret;

	if (!length || length > SECRET_BYTES_MAX) {
		errno = EINVAL;
		return NULL;
	}
	secret = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret == MAP_FAILED)
		return NULL;
	/* Both degrade: a container without CAP_IPC_LOCK still gets its login. */
	secret->is_locked = mlock(secret, mapped) == 0;
	(void)madvise(secret, mapped, MADV_DONTDUMP);
	secret->mapped = mapped;
	secret->length = length;
	memcpy(secret->bytes, bytes, length);
	return secret;
}

struct secret *secret_copy(const struct secret *secret)
{
	return secret ? secret_new(secret->bytes, secret->length) : NULL;
}

void secret_free(struct secret *secret)
{
	size_t mapped;

	if (!secret)
		return;
	mapped = secret->mapped;
	explicit_bzero(secret, sizeof(*secret));
	munmap(secret, mapped);
}

const unsigned char *secret_bytes(const struct secret *secret)
{
	return secret->bytes;
}

size_t secret_length(const struct secret *secret)
{
	return secret->length;
}

bool secret_is_locked(const struct secret *secret)
{
	return secret->is_locked;
}

bool secret_equal(const struct secret *a, const struct secret *b)
{
	if (!a || !b)
		return false;
	/* Bytes behind the length are zero in both, so the whole array may be compared. */
	return crypto_equal(a->bytes, b->bytes, sizeof(a->bytes)) & (a->length == b->length);
}
