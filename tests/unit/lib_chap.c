/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CHAP digests against known values, and the turns of one-way and mutual authentication. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/chap.h"
#include "lib/keys.h"
#include "lib/secret.h"
#include "lib/text.h"

static void bytes_from_hex(const char *hex, unsigned char *out, size_t *ret_length)
{
	struct text text = {0};
	struct key_pair pair;

	text_addf(&text, "0x%s", hex);
	pair = (struct key_pair){"K", 1, text.data, text.len};
	assert_int_equal(key_value_binary(&pair, out, CHAP_DIGEST_MAX, ret_length), 0);
	text_done(&text);
}

/* Computed with another implementation (Python's hashlib). */
static void test_digests(void **state)
{
	static const struct {
		int algorithm;
		const char *small, *large;
	} rows[] = {
		{5, "f89625048b3d40e7d127db6bd91824a4", "5290ab070962216198029b9b00e845c6"},
		{6, "f801b4ce844f78692cd6311099d6e49431aaf3f1",
		 "af6e23771fbe26e8e5006c49aee53cfb23a8bfc7"},
		{7, "8faa1e8fbd0961e8b2ab6675376113333ee37316e7944f71f29e53c698148ae1",
		 "86fb2b7db550c2e4ebe9b2dd96bacadf2d6e0603d37cd48d3befb6897ae15e6c"},
		{8, "22dd41fc423149e45a583fd254a8a700806c1f3a6cedb006bc47badff84b4253",
		 "4955deb5f5ce139f8f869acc767923b15e1e63adeb4412f18c31d3930894c70f"},
	};
	unsigned char challenge[1024], long_secret[255], out[CHAP_DIGEST_MAX];
	unsigned char want[CHAP_DIGEST_MAX];
	struct secret *small = secret_new("correct horse bat", 17), *large;
	size_t i, length;

	memset(long_secret, 's', sizeof(long_secret));
	large = secret_new(long_secret, sizeof(long_secret));
	for (i = 0; i < 4; i++) {
		for (length = 0; length < sizeof(challenge); length++)
			challenge[length] = (unsigned char)length;
		bytes_from_hex(rows[i].small, want, &length);
		assert_int_equal(chap_digest(rows[i].algorithm, 0x5a, small, challenge, 24, out),
				 length);
		assert_memory_equal(out, want, length);
		for (length = 0; length < sizeof(challenge); length++)
			challenge[length] = (unsigned char)(length * 7 + 1);
		bytes_from_hex(rows[i].large, want, &length);
		assert_int_equal(chap_digest(rows[i].algorithm, 0, large, challenge, 1024, out),
				 length);
		assert_memory_equal(out, want, length);
	}
	assert_int_equal(chap_digest(4, 0, small, challenge, 1, out), -EINVAL);
	secret_free(small);
	secret_free(large);
}

static void test_algorithm_names(void **state)
{
	uint8_t numbers[CHAP_ALGORITHMS_MAX];
	int i;

	chap_prepare();
	for (i = 5; i <= 8; i++) {
		assert_int_equal(chap_algorithm_parse(chap_algorithm_text(i)), i);
		assert_true(chap_algorithm_is_usable(i));
	}
	assert_null(chap_algorithm_text(4));
	assert_false(chap_algorithm_is_usable(4));
	assert_int_equal(chap_algorithms_parse("MD5", numbers), 1);
	assert_int_equal(chap_algorithms_parse("SHA3-256, SHA256,SHA1 ,MD5", numbers), 4);
	assert_memory_equal(numbers, "\x08\x07\x06\x05", 4);
	assert_int_equal(chap_algorithms_parse("", numbers), -EINVAL);
	assert_int_equal(chap_algorithms_parse("MD5,", numbers), -EINVAL);
	assert_int_equal(chap_algorithms_parse("MD5,MD5", numbers), -EINVAL);
	assert_int_equal(chap_algorithms_parse("MD5 SHA1", numbers), -EINVAL);
	assert_int_equal(chap_algorithms_parse("MD4", numbers), -EINVAL);
	assert_int_equal(chap_algorithms_parse("SHA3-256-and-a-long-tail", numbers), -EINVAL);
}

/* One side of a conversation. */
struct talk {
	struct login_auth auth;
	struct secret *ours, *theirs;
	void *state;
	struct text out; /* what the initiator said last */
};

static void talk_start(struct talk *talk, bool is_mutual, const char *algorithms)
{
	memset(talk, 0, sizeof(*talk));
	talk->ours = secret_new("initiatorsecret", 15);
	talk->theirs = secret_new("targetsecret1", 13);
	talk->auth.username = "joe";
	talk->auth.password = talk->ours;
	talk->auth.username_in = is_mutual ? "target" : NULL;
	talk->auth.password_in = is_mutual ? talk->theirs : NULL;
	talk->auth.algorithm_count =
		(unsigned int)chap_algorithms_parse(algorithms, talk->auth.algorithms);
	talk->state = chap_method.create(&talk->auth);
	assert_non_null(talk->state);
	assert_int_equal(chap_method.start(talk->state, &talk->out), AUTH_STEP_MORE);
}

static void talk_end(struct talk *talk)
{
	chap_method.destroy(talk->state);
	text_done(&talk->out);
	secret_free(talk->ours);
	secret_free(talk->theirs);
}

/* The target says: pairs separated by blanks. */
static enum auth_step say(struct talk *talk, const char *pairs)
{
	size_t i, length = strlen(pairs) + 1;
	char text[8192];

	assert_true(length <= sizeof(text));
	memcpy(text, pairs, length);
	for (i = 0; i < length; i++)
		if (text[i] == ' ')
			text[i] = 0;
	text_done(&talk->out);
	return chap_method.receive(talk->state, text, length, &talk->out);
}

static bool find(struct talk *talk, const char *name, struct key_pair *ret_pair)
{
	struct keys_reader reader;

	keys_reader_init(&reader, talk->out.data, talk->out.len);
	while (keys_next(&reader, ret_pair) > 0)
		if (key_pair_is(ret_pair, name))
			return true;
	return false;
}

static void check_response(struct talk *talk, int algorithm, uint8_t identifier,
			   const char *challenge, size_t length)
{
	unsigned char want[CHAP_DIGEST_MAX], have[CHAP_DIGEST_MAX];
	struct key_pair pair;
	size_t have_length;
	int want_length = chap_digest(algorithm, identifier, talk->ours,
				      (const unsigned char *)challenge, length, want);

	assert_true(find(talk, "CHAP_N", &pair));
	assert_true(key_value_is(&pair, "joe"));
	assert_true(find(talk, "CHAP_R", &pair));
	assert_int_equal(key_value_binary(&pair, have, sizeof(have), &have_length), 0);
	assert_int_equal(have_length, want_length);
	assert_memory_equal(have, want, have_length);
}

static void test_one_way(void **state)
{
	static const char *const names[] = {"MD5", "SHA1", "SHA256", "SHA3-256"};
	struct key_pair pair;
	struct talk talk;
	char line[64];
	int i;

	for (i = 0; i < 4; i++) {
		talk_start(&talk, false, names[i]);
		snprintf(line, sizeof(line), "CHAP_A=%d CHAP_I=0x7 CHAP_C=0x616263", 5 + i);
		assert_int_equal(say(&talk, line), AUTH_STEP_LAST);
		check_response(&talk, 5 + i, 7, "abc", 3);
		assert_false(find(&talk, "CHAP_C", &pair));
		assert_true(chap_method.is_finished(talk.state));
		assert_int_equal(chap_method.algorithm(talk.state), 5 + i);
		assert_int_equal(say(&talk, "TargetAlias=x"), AUTH_STEP_FINISHED);
		talk_end(&talk);
	}
}

static void test_base64_challenge(void **state)
{
	struct talk talk;

	talk_start(&talk, false, "MD5");
	assert_int_equal(say(&talk, "CHAP_A=5 CHAP_I=255 CHAP_C=0bYWJj"), AUTH_STEP_LAST);
	check_response(&talk, 5, 255, "abc", 3);
	talk_end(&talk);
}

static void test_offer_order(void **state)
{
	struct key_pair pair;
	struct talk talk;

	talk_start(&talk, false, "SHA3-256,SHA256,MD5");
	assert_true(find(&talk, "CHAP_A", &pair));
	assert_true(key_value_is(&pair, "8,7,5"));
	assert_int_equal(say(&talk, "CHAP_A=7 CHAP_I=1 CHAP_C=0x00"), AUTH_STEP_LAST);
	talk_end(&talk);
}

/* What a target may get wrong in its challenge. */
static void test_bad_challenges(void **state)
{
	static const struct {
		const char *text;
		enum auth_error error;
	} rows[] = {
		{"CHAP_A=6 CHAP_I=1 CHAP_C=0x00", AUTH_ERROR_ALGORITHM},
		{"CHAP_A=5,7 CHAP_I=1 CHAP_C=0x00", AUTH_ERROR_ALGORITHM},
		{"CHAP_A=Reject CHAP_I=1 CHAP_C=0x00", AUTH_ERROR_ALGORITHM},
		{"CHAP_A=261 CHAP_I=1 CHAP_C=0x00", AUTH_ERROR_ALGORITHM},
		{"CHAP_A=5 CHAP_I=256 CHAP_C=0x00", AUTH_ERROR_VALUE},
		{"CHAP_A=5 CHAP_I=-1 CHAP_C=0x00", AUTH_ERROR_VALUE},
		{"CHAP_A=5 CHAP_I=x CHAP_C=0x00", AUTH_ERROR_VALUE},
		{"CHAP_A=5 CHAP_I=1 CHAP_C=", AUTH_ERROR_VALUE},
		{"CHAP_A=5 CHAP_I=1 CHAP_C=0x", AUTH_ERROR_VALUE},
		{"CHAP_A=5 CHAP_I=1 CHAP_C=0b", AUTH_ERROR_VALUE},
		{"CHAP_A=5 CHAP_I=1 CHAP_C=12", AUTH_ERROR_VALUE},
		{"CHAP_A=5 CHAP_I=1", AUTH_ERROR_MISSING},
		{"CHAP_A=5 CHAP_C=0x00", AUTH_ERROR_MISSING},
		{"CHAP_I=1 CHAP_C=0x00", AUTH_ERROR_MISSING},
		{"CHAP_A=5 CHAP_I=1 CHAP_C=0x00 CHAP_N=x", AUTH_ERROR_MISSING},
		{"CHAP_A=5 CHAP_A=5 CHAP_I=1 CHAP_C=0x00", AUTH_ERROR_DUPLICATE},
		{"TargetAlias=x", AUTH_ERROR_MISSING},
		{"garbage", AUTH_ERROR_VALUE},
	};
	struct talk talk;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		talk_start(&talk, false, "MD5");
		assert_int_equal(say(&talk, rows[i].text), AUTH_STEP_FAILED);
		assert_int_equal(chap_method.error(talk.state), rows[i].error);
		assert_false(chap_method.is_finished(talk.state));
		assert_int_equal(say(&talk, "CHAP_A=5 CHAP_I=1 CHAP_C=0x00"), AUTH_STEP_FAILED);
		talk_end(&talk);
	}
}

static void test_challenge_length(void **state)
{
	struct text text = {0};
	struct talk talk;
	size_t length;

	for (length = 1023; length <= 1025; length++) {
		unsigned char challenge[1025] = {0};

		text_add(&text, "CHAP_A=5 CHAP_I=1 ");
		keys_add_binary(&text, "CHAP_C", challenge, length);
		talk_start(&talk, false, "MD5");
		assert_int_equal(say(&talk, text.data),
				 length > CHAP_CHALLENGE_MAX ? AUTH_STEP_FAILED : AUTH_STEP_LAST);
		talk_end(&talk);
		text_done(&text);
	}
}

/* Our challenge, answered by a target that knows (or does not know) the secret. */
static void make_proof(struct talk *talk, const struct secret *secret, const char *name,
		       struct text *out)
{
	unsigned char challenge[CHAP_DIGEST_MAX], digest[CHAP_DIGEST_MAX];
	int algorithm = chap_method.algorithm(talk->state), length;
	struct key_pair pair;
	size_t challenge_length;
	uint32_t identifier;

	assert_true(find(talk, "CHAP_I", &pair));
	assert_int_equal(key_value_u32(&pair, &identifier), 0);
	assert_true(find(talk, "CHAP_C", &pair));
	assert_int_equal(
		key_value_binary(&pair, challenge, sizeof(challenge), &challenge_length), 0);
	length = chap_digest(algorithm, (uint8_t)identifier, secret, challenge, challenge_length,
			     digest);
	assert_int_equal(length, challenge_length);
	text_addf(out, "CHAP_N=%s ", name);
	keys_add_binary(out, "CHAP_R", digest, (size_t)length);
}

static void test_mutual(void **state)
{
	static const char *const names[] = {"MD5", "SHA1", "SHA256", "SHA3-256"};
	struct text proof = {0};
	struct talk talk;
	char line[64];
	int i;

	for (i = 0; i < 4; i++) {
		talk_start(&talk, true, names[i]);
		snprintf(line, sizeof(line), "CHAP_A=%d CHAP_I=7 CHAP_C=0x616263", 5 + i);
		assert_int_equal(say(&talk, line), AUTH_STEP_LAST);
		check_response(&talk, 5 + i, 7, "abc", 3);
		assert_false(chap_method.is_finished(talk.state));
		make_proof(&talk, talk.theirs, "target", &proof);
		assert_int_equal(say(&talk, proof.data), AUTH_STEP_FINISHED);
		assert_true(chap_method.is_finished(talk.state));
		text_done(&proof);
		talk_end(&talk);
	}
}

static void check_bad_proof(const char *text, enum auth_error error)
{
	struct talk talk;

	talk_start(&talk, true, "MD5");
	assert_int_equal(say(&talk, "CHAP_A=5 CHAP_I=7 CHAP_C=0x616263"), AUTH_STEP_LAST);
	assert_int_equal(say(&talk, text), AUTH_STEP_FAILED);
	assert_int_equal(chap_method.error(talk.state), error);
	assert_false(chap_method.is_finished(talk.state));
	talk_end(&talk);
}

static void test_bad_proofs(void **state)
{
	check_bad_proof("TargetAlias=x", AUTH_ERROR_MISSING);
	check_bad_proof("CHAP_N=target", AUTH_ERROR_MISSING);
	check_bad_proof("CHAP_R=0x00", AUTH_ERROR_MISSING);
	check_bad_proof("CHAP_N=other CHAP_R=0x00112233445566778899aabbccddeeff",
			AUTH_ERROR_NAME);
	check_bad_proof("CHAP_N=target CHAP_R=0x00112233445566778899aabbccddeeff",
			AUTH_ERROR_RESPONSE);
	check_bad_proof("CHAP_N=target CHAP_R=0x00", AUTH_ERROR_VALUE);
	check_bad_proof("CHAP_N=target CHAP_R=zz", AUTH_ERROR_VALUE);
	check_bad_proof("CHAP_N=target CHAP_R=0x00112233445566778899aabbccddeeff CHAP_C=0x00",
			AUTH_ERROR_MISSING);
}

static void test_wrong_secret_and_reflection(void **state)
{
	struct text proof = {0};
	struct key_pair pair;
	struct talk talk;

	talk_start(&talk, true, "SHA256");
	assert_int_equal(say(&talk, "CHAP_A=7 CHAP_I=7 CHAP_C=0x616263"), AUTH_STEP_LAST);
	make_proof(&talk, talk.ours, "target", &proof);
	assert_int_equal(say(&talk, proof.data), AUTH_STEP_FAILED);
	assert_int_equal(chap_method.error(talk.state), AUTH_ERROR_RESPONSE);
	text_done(&proof);
	talk_end(&talk);

	talk_start(&talk, true, "SHA256");
	assert_int_equal(say(&talk, "CHAP_A=7 CHAP_I=7 CHAP_C=0x616263"), AUTH_STEP_LAST);
	assert_true(find(&talk, "CHAP_R", &pair));
	text_addf(&proof, "CHAP_N=target CHAP_R=%.*s", (int)pair.value_length, pair.value);
	assert_int_equal(say(&talk, proof.data), AUTH_STEP_FAILED);
	assert_int_equal(chap_method.error(talk.state), AUTH_ERROR_REFLECTION);
	text_done(&proof);
	talk_end(&talk);
}

static void test_any_name(void **state)
{
	struct text proof = {0};
	struct talk talk;

	talk_start(&talk, true, "MD5");
	talk.auth.username_in = "";
	assert_int_equal(say(&talk, "CHAP_A=5 CHAP_I=7 CHAP_C=0x616263"), AUTH_STEP_LAST);
	make_proof(&talk, talk.theirs, "whoever", &proof);
	assert_int_equal(say(&talk, proof.data), AUTH_STEP_FINISHED);
	text_done(&proof);
	talk_end(&talk);
}

static void test_same_secret(void **state)
{
	struct secret *secret = secret_new("onlyonesecret", 13);
	struct login_auth auth = {.username = "joe", .password = secret, .password_in = secret};
	struct text out = {0};
	void *chap = chap_method.create(&auth);

	assert_int_equal(chap_method.start(chap, &out), AUTH_STEP_FAILED);
	assert_int_equal(chap_method.error(chap), AUTH_ERROR_SAME_SECRET);
	chap_method.destroy(chap);
	chap_method.destroy(NULL);
	auth.password = NULL;
	assert_null(chap_method.create(&auth));
	text_done(&out);
	secret_free(secret);
}

static void test_sentences(void **state)
{
	enum auth_error error;

	for (error = AUTH_ERROR_NONE; error <= AUTH_ERROR_INTERNAL; error++)
		assert_true(strlen(auth_error_text(error)) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digests),
		cmocka_unit_test(test_algorithm_names),
		cmocka_unit_test(test_one_way),
		cmocka_unit_test(test_base64_challenge),
		cmocka_unit_test(test_offer_order),
		cmocka_unit_test(test_bad_challenges),
		cmocka_unit_test(test_challenge_length),
		cmocka_unit_test(test_mutual),
		cmocka_unit_test(test_bad_proofs),
		cmocka_unit_test(test_wrong_secret_and_reflection),
		cmocka_unit_test(test_any_name),
		cmocka_unit_test(test_same_secret),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
