/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CHAP as the initiator. One turn at a time: send our algorithms, answer the target's challenge
 * and (mutual) put one of our own, check the target's answer. A digest is a row. Called by
 * lib/login through the vtable at the end; never sends anything itself and keeps no secret beyond
 * the borrowed ones.
 */
#include "lib/chap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/keys.h"
#include "lib/secret.h"
#include "lib/text.h"

struct algorithm {
	int number;
	const char *name;   /* in records */
	const char *digest; /* in libcrypto */
	size_t length;	    /* bytes of a response, and of our challenges */
};

static const struct algorithm algorithms[] = {
	{CHAP_ALGORITHM_MD5, "MD5", "MD5", 16},
	{CHAP_ALGORITHM_SHA1, "SHA1", "SHA1", 20},
	{CHAP_ALGORITHM_SHA256, "SHA256", "SHA2-256", 32},
	{CHAP_ALGORITHM_SHA3_256, "SHA3-256", "SHA3-256", 32},
};
#define ALGORITHM_COUNT (sizeof(algorithms) / sizeof(algorithms[0]))

enum chap_state {
	CHAP_START,
	CHAP_WAIT_CHALLENGE,
	CHAP_WAIT_PROOF, /* mutual: the target's answer to our challenge */
	CHAP_FINISHED,
	CHAP_FAILED,
};

struct chap {
	const struct login_auth *auth;
	enum chap_state state;
	enum auth_error error;
	uint8_t offered[CHAP_ALGORITHMS_MAX];
	unsigned int offered_count;
	const struct algorithm *algorithm;
	uint8_t our_identifier;
	unsigned char our_challenge[CHAP_DIGEST_MAX];
	unsigned char our_response[CHAP_DIGEST_MAX];
};

/* The CHAP keys of one text, by name; value NULL: absent. */
struct chap_keys {
	struct key_pair algorithm, identifier, challenge, name, response;
};

static const struct algorithm *algorithm_find(int number)
{
	unsigned int i;

	for (i = 0; i < ALGORITHM_COUNT; i++)
		if (algorithms[i].number == number)
			return &algorithms[i];
	return NULL;
}

int chap_algorithm_parse(const char *name)
{
	unsigned int i;

	for (i = 0; i < ALGORITHM_COUNT; i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return algorithms[i].number;
	return 0;
}

const char *chap_algorithm_text(int number)
{
	const struct algorithm *algorithm = algorithm_find(number);

	return algorithm ? algorithm->name : NULL;
}

bool chap_algorithm_is_usable(int number)
{
	const struct algorithm *algorithm = algorithm_find(number);

	return algorithm && crypto_has_digest(algorithm->digest);
}

void chap_prepare(void)
{
	unsigned char byte;
	unsigned int i;

	for (i = 0; i < ALGORITHM_COUNT; i++)
		(void)chap_algorithm_is_usable(algorithms[i].number);
	(void)crypto_random(&byte, 1);
}

/* One word of the list: its number, or 0. */
static int word_parse(const char *word, size_t length)
{
	char name[16];

	if (length >= sizeof(name))
		return 0;
	memcpy(name, word, length);
	name[length] = 0;
	return chap_algorithm_parse(name);
}

int chap_algorithms_parse(const char *list, uint8_t numbers[CHAP_ALGORITHMS_MAX])
{
	int number, count = 0;
	size_t length;

	for (;;) {
		list += strspn(list, " \t");
		length = strcspn(list, ", \t");
		number = word_parse(list, length);
		if (!number || count == CHAP_ALGORITHMS_MAX)
			return -EINVAL;
		if (count && memchr(numbers, number, (size_t)count))
			return -EINVAL;
		numbers[count++] = (uint8_t)number;
		list += length;
		list += strspn(list, " \t");
		if (!*list)
			return count;
		if (*list++ != ',')
			return -EINVAL;
	}
}

const char *auth_error_text(enum auth_error error)
{
	static const char *const sentences[] = {
		[AUTH_ERROR_NONE] = "authentication succeeded",
		[AUTH_ERROR_METHOD] = "the target does not agree to the authentication method",
		[AUTH_ERROR_MISSING] = "an authentication key is missing or out of order",
		[AUTH_ERROR_VALUE] = "an authentication key has an impossible value",
		[AUTH_ERROR_ALGORITHM] = "the target picked a CHAP algorithm that was not offered",
		[AUTH_ERROR_NAME] = "the target's CHAP name is not the configured username_in",
		[AUTH_ERROR_RESPONSE] = "the target does not know the configured password_in",
		[AUTH_ERROR_REFLECTION] = "the target sent our own CHAP values back",
		[AUTH_ERROR_SAME_SECRET] = "password and password_in must not be the same",
		[AUTH_ERROR_DUPLICATE] = "the target sent the same authentication key twice",
		[AUTH_ERROR_INTERNAL] = "a digest or random bytes could not be had",
	};

	return sentences[error];
}

int chap_digest(int number, uint8_t identifier, const struct secret *secret,
		const unsigned char *challenge, size_t challenge_length,
		unsigned char out[CHAP_DIGEST_MAX])
{
	const struct algorithm *algorithm = algorithm_find(number);
	const struct crypto_part parts[] = {
		{&identifier, 1},
		{secret_bytes(secret), secret_length(secret)},
		{challenge, challenge_length},
	};
	unsigned char digest[CRYPTO_DIGEST_MAX];
	int length;

	if (!algorithm)
		return -EINVAL;
	length = crypto_digest(algorithm->digest, parts, sizeof(parts) / sizeof(parts[0]), digest);
	if (length < 0 || (size_t)length != algorithm->length)
		return -EIO;
	memcpy(out, digest, algorithm->length);
	explicit_bzero(digest, sizeof(digest));
	return length;
}

static enum auth_step chap_fail(struct chap *chap, enum auth_error error)
{
	chap->state = CHAP_FAILED;
	chap->error = error;
	return AUTH_STEP_FAILED;
}

static void *chap_create(const struct login_auth *auth)
{
	struct chap *chap;

	if (!auth->username || !auth->password)
		return NULL;
	chap = calloc(1, sizeof(*chap));
	if (chap)
		chap->auth = auth;
	return chap;
}

static void chap_destroy(void *state)
{
	if (state)
		explicit_bzero(state, sizeof(struct chap));
	free(state);
}

/* What is configured and what libcrypto can do; MD5 where nothing is configured. */
static void choose_offer(struct chap *chap)
{
	static const uint8_t fallback[] = {CHAP_ALGORITHM_MD5};
	const struct login_auth *auth = chap->auth;
	const uint8_t *from = auth->algorithm_count ? auth->algorithms : fallback;
	unsigned int i, count = auth->algorithm_count ? auth->algorithm_count : 1;

	for (i = 0; i < count && i < CHAP_ALGORITHMS_MAX; i++)
		if (chap_algorithm_is_usable(from[i]))
			chap->offered[chap->offered_count++] = from[i];
}

static enum auth_step chap_start(void *state, struct text *out)
{
	struct chap *chap = state;
	unsigned int i;

	/* RFC 7143 12.1.3: with one secret for both directions the target could let us answer
	 * our own challenge. */
	if (secret_equal(chap->auth->password, chap->auth->password_in))
		return chap_fail(chap, AUTH_ERROR_SAME_SECRET);
	choose_offer(chap);
	if (!chap->offered_count)
		return chap_fail(chap, AUTH_ERROR_INTERNAL);
	text_add(out, "CHAP_A=");
	for (i = 0; i < chap->offered_count; i++)
		text_addf(out, "%s%u", i ? "," : "", chap->offered[i]);
	text_add_bytes(out, "", 1);
	chap->state = CHAP_WAIT_CHALLENGE;
	return AUTH_STEP_MORE;
}

static struct key_pair *key_slot(struct chap_keys *keys, const struct key_pair *pair)
{
	if (key_pair_is(pair, "CHAP_A"))
		return &keys->algorithm;
	if (key_pair_is(pair, "CHAP_I"))
		return &keys->identifier;
	if (key_pair_is(pair, "CHAP_C"))
		return &keys->challenge;
	if (key_pair_is(pair, "CHAP_N"))
		return &keys->name;
	if (key_pair_is(pair, "CHAP_R"))
		return &keys->response;
	return NULL;
}

static enum auth_error collect_keys(const void *bytes, size_t length, struct chap_keys *ret_keys)
{
	struct keys_reader reader;
	struct key_pair pair, *slot;
	int more;

	memset(ret_keys, 0, sizeof(*ret_keys));
	keys_reader_init(&reader, bytes, length);
	while ((more = keys_next(&reader, &pair)) > 0) {
		slot = key_slot(ret_keys, &pair);
		if (!slot)
			continue;
		if (slot->value)
			return AUTH_ERROR_DUPLICATE;
		*slot = pair;
	}
	return more ? AUTH_ERROR_VALUE : AUTH_ERROR_NONE;
}

static enum auth_error take_algorithm(struct chap *chap, const struct key_pair *pair)
{
	uint32_t number;

	if (key_value_u32(pair, &number) || number > UINT8_MAX ||
	    !memchr(chap->offered, (int)number, chap->offered_count))
		return AUTH_ERROR_ALGORITHM;
	chap->algorithm = algorithm_find((int)number);
	return AUTH_ERROR_NONE;
}

/* Our answer to the target's challenge, into chap->our_response. */
static enum auth_error answer_challenge(struct chap *chap, const struct chap_keys *keys)
{
	unsigned char challenge[CHAP_CHALLENGE_MAX];
	uint32_t identifier;
	size_t length;

	if (key_value_u32(&keys->identifier, &identifier) || identifier > UINT8_MAX)
		return AUTH_ERROR_VALUE;
	if (key_value_binary(&keys->challenge, challenge, sizeof(challenge), &length) || !length)
		return AUTH_ERROR_VALUE;
	if (chap_digest(chap->algorithm->number, (uint8_t)identifier, chap->auth->password,
			challenge, length, chap->our_response) < 0)
		return AUTH_ERROR_INTERNAL;
	if (!chap->auth->password_in)
		return AUTH_ERROR_NONE;
	if (crypto_random(chap->our_challenge, chap->algorithm->length) ||
	    crypto_random(&chap->our_identifier, 1))
		return AUTH_ERROR_INTERNAL;
	/* RFC 7143 12.1.3: the challenge of one direction must not serve for the other. */
	if (length == chap->algorithm->length && !memcmp(challenge, chap->our_challenge, length))
		return AUTH_ERROR_REFLECTION;
	return AUTH_ERROR_NONE;
}

static enum auth_step receive_challenge(struct chap *chap, const struct chap_keys *keys,
					struct text *out)
{
	enum auth_error error;

	if (!keys->algorithm.value || !keys->identifier.value || !keys->challenge.value ||
	    keys->name.value || keys->response.value)
		return chap_fail(chap, AUTH_ERROR_MISSING);
	error = take_algorithm(chap, &keys->algorithm);
	if (!error)
		error = answer_challenge(chap, keys);
	if (error)
		return chap_fail(chap, error);
	keys_add(out, "CHAP_N", chap->auth->username);
	keys_add_binary(out, "CHAP_R", chap->our_response, chap->algorithm->length);
	chap->state = CHAP_FINISHED;
	if (chap->auth->password_in) {
		keys_add_u32(out, "CHAP_I", chap->our_identifier);
		keys_add_binary(out, "CHAP_C", chap->our_challenge, chap->algorithm->length);
		chap->state = CHAP_WAIT_PROOF;
	}
	return AUTH_STEP_LAST;
}

static enum auth_error check_name(const struct chap *chap, const struct key_pair *name)
{
	if (!chap->auth->username_in || !*chap->auth->username_in)
		return AUTH_ERROR_NONE;
	return key_value_is(name, chap->auth->username_in) ? AUTH_ERROR_NONE : AUTH_ERROR_NAME;
}

static enum auth_error check_proof(const struct chap *chap, const struct key_pair *response)
{
	unsigned char expected[CHAP_DIGEST_MAX], given[CHAP_DIGEST_MAX];
	size_t length, want = chap->algorithm->length;

	if (key_value_binary(response, given, sizeof(given), &length) || length != want)
		return AUTH_ERROR_VALUE;
	if (crypto_equal(given, chap->our_response, want))
		return AUTH_ERROR_REFLECTION;
	if (chap_digest(chap->algorithm->number, chap->our_identifier, chap->auth->password_in,
			chap->our_challenge, want, expected) < 0)
		return AUTH_ERROR_INTERNAL;
	return crypto_equal(given, expected, want) ? AUTH_ERROR_NONE : AUTH_ERROR_RESPONSE;
}

static enum auth_step receive_proof(struct chap *chap, const struct chap_keys *keys)
{
	enum auth_error error;

	if (!keys->name.value || !keys->response.value || keys->algorithm.value ||
	    keys->identifier.value || keys->challenge.value)
		return chap_fail(chap, AUTH_ERROR_MISSING);
	error = check_name(chap, &keys->name);
	if (!error)
		error = check_proof(chap, &keys->response);
	if (error)
		return chap_fail(chap, error);
	chap->state = CHAP_FINISHED;
	return AUTH_STEP_FINISHED;
}

static enum auth_step chap_receive(void *state, const void *bytes, size_t length, struct text *out)
{
	struct chap *chap = state;
	struct chap_keys keys;
	enum auth_error error = collect_keys(bytes, length, &keys);

	if (error)
		return chap_fail(chap, error);
	switch (chap->state) {
	case CHAP_WAIT_CHALLENGE:
		return receive_challenge(chap, &keys, out);
	case CHAP_WAIT_PROOF:
		return receive_proof(chap, &keys);
	case CHAP_FINISHED:
		if (!keys.algorithm.value && !keys.identifier.value && !keys.challenge.value &&
		    !keys.name.value && !keys.response.value)
			return AUTH_STEP_FINISHED;
		break;
	case CHAP_START:
	case CHAP_FAILED:
		break;
	}
	return chap_fail(chap, AUTH_ERROR_MISSING);
}

static bool chap_is_finished(const void *state)
{
	return ((const struct chap *)state)->state == CHAP_FINISHED;
}

static enum auth_error chap_error(const void *state)
{
	return ((const struct chap *)state)->error;
}

static int chap_algorithm(const void *state)
{
	const struct chap *chap = state;

	return chap->algorithm ? chap->algorithm->number : 0;
}

const struct auth_method chap_method = {
	.name = "CHAP",
	.create = chap_create,
	.destroy = chap_destroy,
	.start = chap_start,
	.receive = chap_receive,
	.is_finished = chap_is_finished,
	.error = chap_error,
	.algorithm = chap_algorithm,
};
