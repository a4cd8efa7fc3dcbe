/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The writer of numbered blocks that judges a driver is judged itself: it finds an older write that comes again, one that was lost, a torn
 * and a misdirected one, and forgives what a write that ended in an error may have left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

int sequence_main(int argc, char **argv);
#define main sequence_main
#include "tests/hba/sequence.c"
#undef main

#define BYTES 8192

static struct worker worker;

static int begin(void **state)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	worker = (struct worker){ .disk = "disk", .fd = dup(fileno(file)), .offset = 4096, .bytes = BYTES };
	fclose(file);
	worker.block = malloc(BYTES);
	assert_non_null(worker.block);
	return 0;
}

static int end(void **state)
{
	close(worker.fd);
	free(worker.block);
	return 0;
}

static void rounds(unsigned int count)
{
	while (count--)
		worker_round(&worker);
}

/* As if somebody else had written it: to the block of a slot, number as if it was for the place of another. */
static void plant(unsigned int slot, uint64_t offset, uint32_t bytes, unsigned int meant, uint64_t number)
{
	uint64_t block[BYTES / 8];

	block_fill(block, BYTES, place_of(&worker, meant), number);
	assert_int_equal(pwrite(worker.fd, (uint8_t *)block + offset, bytes, (off_t)(place_of(&worker, slot) + offset)), bytes);
}

static void test_good(void **state)
{
	rounds(5 * SLOTS);
	worker_last_look(&worker);
	assert_int_equal(worker.slots[SLOTS - 1].number, 5);
	assert_int_equal(worker.errors + worker.wrong, 0);
}

/* The write before comes once more, behind the one that was acknowledged last. */
static void test_duplicate(void **state)
{
	rounds(3 * SLOTS);
	plant(2, 0, BYTES, 2, 2);
	worker_last_look(&worker);
	assert_int_equal(worker.wrong, 1);
	rounds(SLOTS);
	assert_int_equal(worker.wrong, 2);
	worker_last_look(&worker);
	assert_int_equal(worker.wrong, 2);
}

static void test_torn(void **state)
{
	rounds(3 * SLOTS);
	plant(1, SECTOR, SECTOR, 1, 2);
	plant(3, BYTES - SECTOR, SECTOR, 3, 4);
	plant(4, BYTES - 8, 8, 4, 2);
	worker_last_look(&worker);
	assert_int_equal(worker.wrong, 3);
}

static void test_misdirected(void **state)
{
	rounds(3 * SLOTS);
	plant(5, 0, BYTES, 6, 3);
	worker_last_look(&worker);
	assert_int_equal(worker.wrong, 1);
}

static void test_never_written(void **state)
{
	rounds(2 * SLOTS);
	plant(0, 0, BYTES, 0, 3);
	worker_last_look(&worker);
	assert_int_equal(worker.wrong, 1);
}

/* A write that fails may be there, in part, or not; the next one is there. */
static void test_failed(void **state)
{
	int fd = worker.fd;

	rounds(2 * SLOTS);
	worker.fd = open("/dev/null", O_RDONLY);
	assert_false(slot_write(&worker, 0));
	assert_int_equal(worker.errors, 1);
	close(worker.fd);
	worker.fd = fd;
	worker_last_look(&worker);
	plant(0, SECTOR, SECTOR, 0, 3);
	worker_last_look(&worker);
	plant(0, 0, BYTES, 0, 3);
	worker_last_look(&worker);
	assert_int_equal(worker.wrong, 0);
	assert_true(slot_write(&worker, 0));
	assert_int_equal(worker.slots[0].number, 4);
	plant(0, 0, BYTES, 0, 3);
	worker_last_look(&worker);
	assert_int_equal(worker.wrong, 1);
}

/* The least of the threads tells whether all of them go on. */
static void test_sums(void **state)
{
	struct worker workers[2] = { { .rounds = 7, .errors = 1, .longest_ms = 3 }, { .rounds = 5, .wrong = 2, .longest_ms = 9 } };
	struct sums sums = sum(workers, 2);

	assert_int_equal(sums.least, 5);
	assert_int_equal(sums.rounds, 12);
	assert_int_equal(sums.errors, 1);
	assert_int_equal(sums.wrong, 2);
	assert_int_equal(sums.longest_ms, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, begin, end), cmocka_unit_test_setup_teardown(test_duplicate, begin, end),
		cmocka_unit_test_setup_teardown(test_torn, begin, end), cmocka_unit_test_setup_teardown(test_misdirected, begin, end),
		cmocka_unit_test_setup_teardown(test_never_written, begin, end), cmocka_unit_test_setup_teardown(test_failed, begin, end),
		cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
