/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cards that are not there: device trees (tests/unit/trees/NAME.umockdev) in a /sys of umockdev's, with uevents that libudev
 * receives. Trees come and go as a whole, or device by device as a kernel would do it; a card can be made a second one, or the same
 * with other host numbers, by changing words of its text. Beside each tree, NAME.ifaces says which iface records it has to give.
 */
#ifndef OPENHBA_TESTS_UNIT_CARD_TREES_H
#define OPENHBA_TESTS_UNIT_CARD_TREES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <umockdev.h>
#include <unistd.h>

#include "iface/iface.h"
#include "lib/text.h"

#define TREES "tests/unit/trees"

static UMockdevTestbed *bed;
static char ifaces_dir[80];	/* where files are made */
static bool has_left;		/* the machine that runs the test is out of sight */

static inline void *read_tree(const char *card, const char *kind)
{
	struct text text = { .data = NULL };
	char path[128];

	snprintf(path, sizeof(path), TREES "/%s.%s", card, kind);
	assert_int_equal(text_read_file(path, 1 << 20, &text), 0);
	return text.data;
}

/* text with every `from` made `to`; takes text. */
static inline char *replace(char *text, const char *from, const char *to)
{
	struct text result = { .data = NULL };
	const char *at = text, *found;

	while ((found = strstr(at, from))) {
		text_add_bytes(&result, at, (size_t)(found - at));
		text_add(&result, to);
		at = found + strlen(from);
	}
	text_add(&result, at);
	free(text);
	return result.data;
}

/* The tree of a card with words changed: pairs of what and into what, ended by NULL. To be freed. */
static inline __attribute__((sentinel)) char *tree(const char *card, ...)
{
	char *file = read_tree(card, "umockdev"), *text = strdup(strstr(file, "P: ")); /* without the comments in front */
	const char *from, *to;
	va_list words;

	free(file);
	va_start(words, card);
	while ((from = va_arg(words, const char *))) {
		to = va_arg(words, const char *);
		text = replace(text, from, to);
	}
	va_end(words);
	return text;
}

/* Takes text. Where the numbers of hosts stand: in paths, at the end of one, in a name, in the names of entities. */
static inline char *rename_host(char *text, const char *before, const char *now)
{
	static const char *const around[][2] = { { "host", "/" }, { "host", "\n" }, { "host", "\\" }, { "-iface-", "-" } };
	char from[32], to[32];

	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		snprintf(from, sizeof(from), "%s%s%s", around[i][0], before, around[i][1]);
		snprintf(to, sizeof(to), "%s%s%s", around[i][0], now, around[i][1]);
		text = replace(text, from, to);
	}
	return text;
}

/* The hosts of a tree, `count` of them from first on, get the numbers from now on. Takes text. */
static inline char *renumber(char *text, unsigned int first, unsigned int count, unsigned int now)
{
	char before[16], mark[16], number[16];

	for (unsigned int i = 0; i < 2 * count; i++) {
		snprintf(before, sizeof(before), "%u", first + i % count);
		snprintf(mark, sizeof(mark), "#%u", i % count);
		snprintf(number, sizeof(number), "%u", now + i % count);
		text = i < count ? rename_host(text, before, mark) : rename_host(text, mark, number);
	}
	return text;
}

/* Devices appear in the order of the text, each with its "add". */
static inline void plug(const char *text)
{
	GError *error = NULL;

	if (!umockdev_testbed_add_from_string(bed, text, &error))
		fail_msg("%s", error->message);
}

static inline void unplug_device(const char *syspath)
{
	umockdev_testbed_uevent(bed, syspath, "remove");
	umockdev_testbed_remove_device(bed, syspath);
}

/* Devices leave in the other order, each with its "remove": what a driver and the bus do when a card is pulled. */
static inline void unplug(const char *text)
{
	char syspath[300];

	for (const char *at = text + strlen(text); at >= text; at--) {
		if (strncmp(at, "P: ", 3) != 0 || (at > text && at[-1] != '\n'))
			continue;
		snprintf(syspath, sizeof(syspath), "/sys%.*s", (int)strcspn(at + 3, "\n"), at + 3);
		unplug_device(syspath);
	}
}

/* An attribute of a class's object gets another value, and a "change" if somebody tells it. */
static inline void change_attribute(const char *class_path, const char *name, const char *value, bool tell)
{
	char path[128], *syspath;

	snprintf(path, sizeof(path), "/sys/class/%s", class_path);
	syspath = realpath(path, NULL);
	assert_non_null(syspath);
	umockdev_testbed_set_attribute(bed, syspath, name, value);
	if (tell)
		umockdev_testbed_uevent(bed, syspath, "change");
	free(syspath);
}

static inline int remove_path(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	return remove(path);
}

/* umockdev's events are datagrams of a unix socket and end the program where one does not fit in the queue: ten of them. */
static inline void lengthen_queues(void)
{
	int fd = open("/proc/sys/net/unix/max_dgram_qlen", O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, "4096", 4), 4);
	close(fd);
}

/*
 * Once per program: network, /tmp and /run of its own, where it may have them. A tree is a thousand small files, and neither the NICs of
 * the machine that runs the test nor its udevd are of its cards. (umockdev takes what lies in /dev for devices, so /dev/shm will not do.)
 */
static inline int leave_the_machine(void **state)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) || mount("tmpfs", "/run", "tmpfs", 0, NULL))
		print_message("this machine's /run and NICs are seen: %s\n", strerror(errno));
	else
		has_left = true;
	if (has_left)
		lengthen_queues();
	return 0;
}

/* Programs see whether udevd runs by the socket it is controlled by. Only in a /run of our own. */
static inline void start_udevd(void)
{
	mkdir("/run/udev", 0755);
	close(creat("/run/udev/control", 0600));
}

static inline void end_udevd(void)
{
	unlink("/run/udev/control");
}

/* Each test has a machine of its own. */
static inline int start_machine(void **state)
{
	bed = umockdev_testbed_new();
	snprintf(ifaces_dir, sizeof(ifaces_dir), "/tmp/ifaces.XXXXXX");
	return mkdtemp(ifaces_dir) ? 0 : -1;
}

static inline int stop_machine(void **state)
{
	g_clear_object(&bed);
	return nftw(ifaces_dir, remove_path, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- what has to come of it ---- */

static inline int no_complaint(const char *name, const char *value, unsigned int line, int error, void *data)
{
	fail_msg("line %u of what is expected: %s = %s", line, name, value);
	return -EINVAL;
}

static inline void assert_same_settings(const char *name, const char *wanted, size_t bytes)
{
	struct text left = { .data = NULL }, right = { .data = NULL };
	struct record iface, found;

	record_init(&iface, RECORD_IFACE);
	assert_int_equal(record_parse(&iface, wanted, bytes, ORIGIN_RECORD, no_complaint, NULL), 0);
	assert_int_equal(record_set(&iface, F_IFACE_ISCSI_IFACENAME, name, ORIGIN_RECORD), 0);
	if (iface_load(ifaces_dir, name, &found))
		fail_msg("there is no iface %s", name);
	record_format(&iface, RECORD_STORED, &left);
	record_format(&found, RECORD_STORED, &right);
	assert_string_equal(right.data, left.data);
	text_done(&left);
	text_done(&right);
	record_done(&iface);
	record_done(&found);
}

/* The files of the card are there and say what NAME.ifaces says. Returns how many there are. */
static inline unsigned int assert_ifaces_of(const char *card)
{
	char *text = read_tree(card, "ifaces"), name[80];
	unsigned int count = 0;

	for (const char *at = strchr(text, '['), *next; at; at = next, count++) {
		size_t bytes = strcspn(at, "\n");

		next = strstr(at, "\n[");
		next = next ? next + 1 : NULL;
		snprintf(name, sizeof(name), "%.*s", (int)bytes - 2, at + 1);
		assert_same_settings(name, at + bytes, next ? (size_t)(next - at) - bytes : strlen(at) - bytes);
	}
	free(text);
	return count;
}

static inline int count_stored(const struct record *iface, void *data)
{
	if (!iface_is_builtin(record_text(iface, F_IFACE_ISCSI_IFACENAME)))
		++*(unsigned int *)data;
	return 0;
}

static inline unsigned int count_files(void)
{
	unsigned int count = 0;

	assert_int_equal(iface_each(ifaces_dir, count_stored, NULL, &count), 0);
	return count;
}

#endif
