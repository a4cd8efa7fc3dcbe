/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one home of libcrypto. Called by lib/chap and lib/secret; knows digests by libcrypto's own names and nothing of CHAP.
 */
#include "lib/crypto.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdint.h>

#include "lib/library.h"

#define STRING(number) #number
#define SONAME(major) "libcrypto.so." STRING(major)

/* The functions used, each by its own type. */
#define FUNCTIONS(each)           \
	each(CRYPTO_memcmp)       \
	each(EVP_DigestFinal_ex)  \
	each(EVP_DigestInit_ex2)  \
	each(EVP_DigestUpdate)    \
	each(EVP_MD_CTX_free)     \
	each(EVP_MD_CTX_new)      \
	each(EVP_MD_fetch)        \
	each(EVP_MD_free)         \
	each(EVP_MD_get_size)     \
	each(RAND_bytes)

struct functions {
#define POINTER(name) __typeof__(name) *name;
	FUNCTIONS(POINTER)
#undef POINTER
};

static const struct library_symbol symbols[] = {
#define SYMBOL(name) { #name, offsetof(struct functions, name) },
	FUNCTIONS(SYMBOL)
#undef SYMBOL
};

static struct functions crypto; /* filled once by crypto_open() */

int crypto_open(void)
{
	if (crypto.EVP_MD_fetch)
		return 0;
	return library_open(SONAME(OPENSSL_VERSION_MAJOR), symbols, sizeof(symbols) / sizeof(symbols[0]), &crypto);
}

bool crypto_has_digest(const char *digest)
{
	EVP_MD *method;

	if (crypto_open())
		return false;
	method = crypto.EVP_MD_fetch(NULL, digest, NULL);
	crypto.EVP_MD_free(method);
	return method != NULL;
}

static int digest_parts(EVP_MD_CTX *context, const EVP_MD *method, const struct crypto_part *parts, size_t count,
			unsigned char out[CRYPTO_DIGEST_MAX])
{
	unsigned int length = 0;
	size_t i;

	if (!crypto.EVP_DigestInit_ex2(context, method, NULL))
		return -EIO;
	for (i = 0; i < count; i++)
		if (!crypto.EVP_DigestUpdate(context, parts[i].bytes, parts[i].length))
			return -EIO;
	return crypto.EVP_DigestFinal_ex(context, out, &length) ? (int)length : -EIO;
}

int crypto_digest(const char *digest, const struct crypto_part *parts, size_t count,
		  unsigned char out[CRYPTO_DIGEST_MAX])
{
	int length = crypto_open();
	EVP_MD_CTX *context;
	EVP_MD *method;

	if (length)
		return length;
	method = crypto.EVP_MD_fetch(NULL, digest, NULL);
	context = crypto.EVP_MD_CTX_new();
	length = -EIO;
	if (method && context && crypto.EVP_MD_get_size(method) <= CRYPTO_DIGEST_MAX)
		length = digest_parts(context, method, parts, count, out);
	crypto.EVP_MD_CTX_free(context);
	crypto.EVP_MD_free(method);
	return length;
}

int crypto_random(void *bytes, size_t length)
{
	int error = crypto_open();

	if (error)
		return error;
	return length <= INT32_MAX && crypto.RAND_bytes(bytes, (int)length) == 1 ? 0 : -EIO;
}

bool crypto_equal(const void *a, const void *b, size_t length)
{
	return crypto_open() == 0 && crypto.CRYPTO_memcmp(a, b, length) == 0;
}
