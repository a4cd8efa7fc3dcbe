/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CHAP as the initiator (RFC 7143 12.1.3, RFC 1994): one way (the target checks us) and mutual (we
 * check the target too). A method of login authentication behind a vtable, so that another method
 * is another file. Text keys in, text keys out; no PDUs, no I/O. Digests come from libcrypto.
 */
#ifndef OPENHBA_LIB_CHAP_H
#define OPENHBA_LIB_CHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct secret;
struct text;

/* Numbers of CHAP_A (IANA PPP authentication algorithms). */
enum chap_algorithm {
	CHAP_ALGORITHM_MD5 = 5,
	CHAP_ALGORITHM_SHA1 = 6,
	CHAP_ALGORITHM_SHA256 = 7,
	CHAP_ALGORITHM_SHA3_256 = 8,
};

#define CHAP_ALGORITHMS_MAX  4
#define CHAP_DIGEST_MAX	     32
#define CHAP_CHALLENGE_MAX   1024
#define CHAP_NAME_MAX	     255

/* "MD5", "SHA1", "SHA256", "SHA3-256" <-> number. Parse: 0 for other text; text: NULL. */
int chap_algorithm_parse(const char *name);
const char *chap_algorithm_text(int algorithm);
bool chap_algorithm_is_usable(int algorithm); /* false where libcrypto refuses it (FIPS) */

/* Lets libcrypto read its configuration file and fill its caches now; no CHAP login opens a file
 * afterwards. For a daemon's start: in recovery the disk may be the one that is lost. */
void chap_prepare(void);

/* A comma separated list of names, preference order, to numbers. Returns how many (1..4), -EINVAL:
 * an unknown or doubled name, or more than four. */
int chap_algorithms_parse(const char *list, uint8_t algorithms[CHAP_ALGORITHMS_MAX]);

/* How to authenticate. All pointers are borrowed until login_free(). */
struct login_auth {
	const char *username; /* NULL or "": no authentication, no security stage */
	const struct secret *password;
	const char *username_in; /* NULL or "": any name of the target is taken */
	const struct secret *password_in; /* NULL: one way */
	uint8_t algorithms[CHAP_ALGORITHMS_MAX]; /* preference order */
	unsigned int algorithm_count;		 /* 0: MD5 alone */
};

enum auth_step {
	AUTH_STEP_MORE,	    /* keys were added; another answer is needed */
	AUTH_STEP_LAST,	    /* keys were added; the target may end the stage with its answer */
	AUTH_STEP_FINISHED, /* nothing more to say; the peer is who it claims, as far as asked */
	AUTH_STEP_FAILED,
};

enum auth_error {
	AUTH_ERROR_NONE,
	AUTH_ERROR_METHOD,	/* the target does not agree to the method we need */
	AUTH_ERROR_MISSING,	/* a key is missing or out of order */
	AUTH_ERROR_VALUE,	/* a key has an impossible value */
	AUTH_ERROR_ALGORITHM,	/* the target picked an algorithm we did not offer */
	AUTH_ERROR_NAME,	/* mutual: the target's CHAP_N is not the configured one */
	AUTH_ERROR_RESPONSE,	/* mutual: the target does not know the secret */
	AUTH_ERROR_REFLECTION,	/* the target's challenge equals our own */
	AUTH_ERROR_SAME_SECRET, /* the secret of both directions is the same, RFC 7143 12.1.3 */
	AUTH_ERROR_DUPLICATE,	/* the same key twice */
	AUTH_ERROR_INTERNAL,	/* memory, libcrypto or the random source failed */
};

const char *auth_error_text(enum auth_error error); /* one sentence, static */

/* A method. start() adds its first keys; receive() takes the target's whole text of one turn
 * (security keys only are looked at), adds the answer to out. */
struct auth_method {
	const char *name; /* as in AuthMethod */
	void *(*create)(const struct login_auth *auth);
	void (*destroy)(void *state);
	enum auth_step (*start)(void *state, struct text *out);
	enum auth_step (*receive)(void *state, const void *keys, size_t length, struct text *out);
	bool (*is_finished)(const void *state); /* may the stage end now? */
	enum auth_error (*error)(const void *state);
	int (*algorithm)(const void *state); /* number in use, 0: none yet */
};

extern const struct auth_method chap_method;

/* The digest of RFC 1994: H(identifier, secret, challenge). Returns its length, or -EINVAL/-EIO. */
int chap_digest(int algorithm, uint8_t identifier, const struct secret *secret,
		const unsigned char *challenge, size_t challenge_length,
		unsigned char out[CHAP_DIGEST_MAX]);

#endif
