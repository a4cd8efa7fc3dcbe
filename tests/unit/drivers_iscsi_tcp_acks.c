/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which acknowledgments may wait: only those of a target that was seen not to wait for them, and not after waiting has cost time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/iscsi_tcp_world.h"

/* Looks after segments of so many bytes; those that are negative were acknowledged when the next one came. */
static void test_learn(void **state)
{
	static const struct {
		int segments[4];
		bool pushes;
	} rows[] = {
		{ { 48, 36 }, true },
		{ { -48, 36 }, false },			/* it may have waited for this */
		{ { 48, 4096 }, false },		/* Nagle lets a full segment pass */
		{ { 48, 4096, 48 }, true },
		{ { 48, -4096, 48 }, false },
		{ { -48, 4096, 48, 256 }, true },
		{ { 48, 257, 1448, 1448 }, false },
		{ { 48, 0, 0 }, false },		/* called again for the same one */
		{ { 1448, 1448, 1448, 48 }, false },
	};
	u32 begins[] = { 1000000, 0xffffffe0 };
	u32 i, j, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (j = 0; j < 2; j++) {
			struct tcp_acks acks = { .received = begins[j] };
			u32 received = begins[j], acked = begins[j];

			for (k = 0; k < 4 && !acks.target_pushes; k++) {
				received += abs(rows[i].segments[k]);
				acks_learn(&acks, received, acked);
				if (rows[i].segments[k] < 0)
					acked = received;
			}
			assert_int_equal(acks.target_pushes, rows[i].pushes);
		}
	}
}

static void test_pairs(void **state)
{
	struct tcp_acks acks = { .acked = 7 };
	u32 i;

	assert_false(acks_pair_waits(&acks, 7));
	acks.target_pushes = true;
	for (i = 0; i < 3; i++)
		assert_true(acks_pair_waits(&acks, 7));
	for (i = 0; i < 300; i++)
		assert_false(acks_pair_waits(&acks, 7));
	assert_true(acks_pair_waits(&acks, 8));
}

static void test_wait(void **state)
{
	struct tcp_acks acks = { .wait_from = 1000 };

	assert_false(acks_may_wait(&acks, true, 999));
	assert_true(acks_may_wait(&acks, true, 1000));
	/* Nobody had anything to say for a while; an answer in two segments. */
	assert_false(acks_may_wait(&acks, false, 2000));
	acks.expecting = true;
	assert_false(acks_may_wait(&acks, false, 2000));
	assert_true(acks_may_wait(&acks, true, 2001));
	/* The target had. */
	assert_false(acks_may_wait(&acks, false, 3000));
	assert_false(acks_may_wait(&acks, true, 3000 + HZ - 1));
	assert_true(acks_may_wait(&acks, true, 3000 + HZ));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learn),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
