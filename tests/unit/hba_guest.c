/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest memory: what is mapped is reached, also across mappings; nothing else is, whatever the address and length; and a file that is cut
 * under its mapping costs -EFAULT, not the process.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/hba/guest.h"

#define PAGE UINT64_C(4096)
#define FILE_PAGES 8

struct fixture {
	struct guest *guest;
	int fd;
};

static int setup(void **state)
{
	static struct fixture f;

	assert_int_equal(guest_new(&f.guest), 0);
	f.fd = memfd_create("guest", MFD_CLOEXEC);
	assert_true(f.fd >= 0);
	assert_int_equal(ftruncate(f.fd, FILE_PAGES * PAGE), 0);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	guest_free(f->guest);
	close(f->fd);
	return 0;
}

static void test_ranges_are_checked(void **state)
{
	static const struct {
		uint64_t addr, size, offset;
		int result;
	} rows[] = {
		{0, 0, 0, -EINVAL},
		{0, PAGE - 1, 0, -EINVAL},
		{1, PAGE, 0, -EINVAL},
		{0, PAGE, 512, -EINVAL},
		{0, (FILE_PAGES + 1) * PAGE, 0, -EINVAL},
		{0, 2 * PAGE, (FILE_PAGES - 1) * PAGE, -EINVAL},
		{0, PAGE, UINT64_MAX - PAGE + 1, -EINVAL},
		{UINT64_MAX - PAGE + 1, 2 * PAGE, 0, -EINVAL},
		{0, UINT64_MAX - PAGE + 1, 0, -EINVAL},
		{10 * PAGE, 4 * PAGE, 0, 0},
		{10 * PAGE, 4 * PAGE, 0, -EEXIST},
		{9 * PAGE, 2 * PAGE, 0, -EEXIST},
		{13 * PAGE, PAGE, 0, -EEXIST},
		{9 * PAGE, 8 * PAGE, 0, -EEXIST},
		{14 * PAGE, PAGE, 0, 0},
		{9 * PAGE, PAGE, 0, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(guest_map(f->guest, rows[i].addr, rows[i].size, f->fd, rows[i].offset, true), rows[i].result);
}

static void test_only_memory_is_mapped(void **state)
{
	struct fixture *f = *state;
	int zero = open("/dev/zero", O_RDWR | O_CLOEXEC), disk = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(guest_map(f->guest, 0, PAGE, zero, 0, true), -EINVAL);
	assert_int_equal(guest_map(f->guest, 0, PAGE, disk, 0, false), -EINVAL);
	assert_int_equal(guest_map(f->guest, 0, PAGE, ends[0], 0, true), -EINVAL);
	assert_int_equal(guest_map(f->guest, 0, PAGE, -1, 0, true), -EINVAL);
	close(zero);
	close(disk);
	close(ends[0]);
	close(ends[1]);
}

static void test_copies_cross_mappings(void **state)
{
	struct fixture *f = *state;
	char text[] = "over the edge", back[sizeof(text)];
	struct iovec pieces[2];
	char file[2] = "";

	assert_int_equal(guest_map(f->guest, 0, PAGE, f->fd, 4 * PAGE, true), 0);
	assert_int_equal(guest_map(f->guest, PAGE, PAGE, f->fd, 0, true), 0);
	assert_int_equal(guest_write(f->guest, PAGE - 5, text, sizeof(text)), 0);
	assert_int_equal(guest_read(f->guest, PAGE - 5, back, sizeof(back)), 0);
	assert_string_equal(back, text);
	assert_int_equal(pread(f->fd, file, 1, 5 * PAGE - 1), 1);
	assert_string_equal(file, " ");
	assert_int_equal(guest_vector(f->guest, PAGE - 5, sizeof(text), false, pieces, 2), 2);
	assert_memory_equal(pieces[0].iov_base, text, 5);
	assert_memory_equal(pieces[1].iov_base, text + 5, sizeof(text) - 5);
	assert_int_equal(guest_vector(f->guest, PAGE - 5, sizeof(text), false, pieces, 1), -E2BIG);
	assert_int_equal(guest_vector(f->guest, PAGE - 5, 0, false, pieces, 0), 0);
}

static void test_nothing_else_is_reached(void **state)
{
	static const struct {
		uint64_t addr;
		size_t len;
	} rows[] = {
		{0, 1}, {PAGE - 1, 1}, {PAGE - 1, 2}, {2 * PAGE - 1, 2}, {2 * PAGE, 1}, {PAGE, PAGE + 1}, {UINT64_MAX, 1}, {UINT64_MAX, 2},
		{UINT64_MAX - 3, 4}, {PAGE, SIZE_MAX}, {UINT64_MAX - PAGE, SIZE_MAX},
	};
	struct fixture *f = *state;
	char bytes[2 * PAGE];
	struct iovec piece;

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(guest_map(f->guest, PAGE, PAGE, f->fd, 0, true), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(guest_read(f->guest, rows[i].addr, bytes, rows[i].len), -EFAULT);
		assert_int_equal(guest_write(f->guest, rows[i].addr, bytes, rows[i].len), -EFAULT);
		assert_int_equal(guest_vector(f->guest, rows[i].addr, rows[i].len, false, &piece, 1), -EFAULT);
	}
	assert_int_equal(pread(f->fd, bytes, PAGE, 0), PAGE);
	for (size_t i = 0; i < PAGE; i++)
		assert_int_equal(bytes[i], 0);
}

static void test_what_may_not_be_written(void **state)
{
	struct fixture *f = *state;
	struct iovec piece;
	uint32_t word = 7;

	assert_int_equal(guest_map(f->guest, 0, PAGE, f->fd, 0, false), 0);
	assert_int_equal(guest_write(f->guest, 0, &word, sizeof(word)), -EFAULT);
	assert_int_equal(guest_vector(f->guest, 0, 4, true, &piece, 1), -EFAULT);
	assert_int_equal(guest_vector(f->guest, 0, 4, false, &piece, 1), 1);
	assert_int_equal(guest_read(f->guest, 0, &word, sizeof(word)), 0);
	assert_int_equal(word, 0);
}

static void test_unmap(void **state)
{
	struct fixture *f = *state;
	uint32_t word;

	for (uint64_t page = 0; page < 4; page++)
		assert_int_equal(guest_map(f->guest, 2 * page * PAGE, PAGE, f->fd, page * PAGE, true), 0);
	assert_int_equal(guest_map(f->guest, 10 * PAGE, 2 * PAGE, f->fd, 0, true), 0);
	assert_int_equal(guest_unmap(f->guest, PAGE, PAGE), 0);			/* nothing there */
	assert_int_equal(guest_unmap(f->guest, 2 * PAGE, 9 * PAGE), -EINVAL);	/* half of the last */
	assert_int_equal(guest_unmap(f->guest, 11 * PAGE, PAGE), -EINVAL);
	assert_int_equal(guest_unmap(f->guest, 0, 0), -EINVAL);
	assert_int_equal(guest_unmap(f->guest, PAGE, UINT64_MAX), -EINVAL);
	assert_int_equal(guest_read(f->guest, 2 * PAGE, &word, sizeof(word)), 0);
	assert_int_equal(guest_unmap(f->guest, PAGE, 4 * PAGE), 0);
	assert_int_equal(guest_read(f->guest, 2 * PAGE, &word, sizeof(word)), -EFAULT);
	assert_int_equal(guest_read(f->guest, 4 * PAGE, &word, sizeof(word)), -EFAULT);
	assert_int_equal(guest_read(f->guest, 6 * PAGE, &word, sizeof(word)), 0);
	guest_unmap_all(f->guest);
	assert_int_equal(guest_read(f->guest, 6 * PAGE, &word, sizeof(word)), -EFAULT);
	assert_int_equal(guest_map(f->guest, 0, PAGE, f->fd, 0, true), 0);
}

static void test_too_many_mappings(void **state)
{
	struct fixture *f = *state;
	uint64_t i;

	for (i = 0; i < GUEST_MAPS_MAX; i++)
		assert_int_equal(guest_map(f->guest, (GUEST_MAPS_MAX - i) * PAGE, PAGE, f->fd, 0, true), 0);
	assert_int_equal(guest_map(f->guest, 0, PAGE, f->fd, 0, true), -ENOSPC);
}

/*
 * The file is cut after it was mapped: reads, writes and later accesses are -EFAULT, others keep working. The guests are made here, for
 * cmocka takes the signal for itself before each function.
 */
static void test_cut_file(void **state)
{
	struct fixture *f;
	int other = memfd_create("other", MFD_CLOEXEC);
	char bytes[16];
	struct guest *second;
	struct iovec piece;

	setup((void **)&f);
	assert_int_equal(ftruncate(other, PAGE), 0);
	assert_int_equal(guest_new(&second), 0);
	assert_int_equal(guest_map(second, 0, 2 * PAGE, f->fd, 0, true), 0);
	assert_int_equal(guest_map(f->guest, 0, 2 * PAGE, f->fd, 0, true), 0);
	assert_int_equal(guest_map(f->guest, 2 * PAGE, PAGE, other, 0, true), 0);
	assert_int_equal(ftruncate(f->fd, 0), 0);
	assert_int_equal(guest_write(second, PAGE, "lost", 4), -EFAULT);
	assert_int_equal(guest_read(f->guest, 2 * PAGE - 8, bytes, sizeof(bytes)), -EFAULT);
	assert_int_equal(guest_vector(f->guest, 0, 8, false, &piece, 1), -EFAULT);
	assert_int_equal(guest_write(f->guest, 2 * PAGE, "here", 4), 0);
	assert_int_equal(guest_unmap(f->guest, 0, 2 * PAGE), 0);
	guest_free(second);
	close(other);
	teardown((void **)&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ranges_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_memory_is_mapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copies_cross_mappings, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_else_is_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_may_not_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_mappings, setup, teardown),
		cmocka_unit_test(test_cut_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
