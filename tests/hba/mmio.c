/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a register access of an emulated HBA costs its guest: run in the guest while no driver has the card. Prints microseconds of a read,
 * of a posted write, and of a write with the read that flushes it. mmio COUNT [FOLDER OF THE FUNCTION IN /sys]
 */
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MAILBOX 7 /* as a word of the window: mailbox 7 does nothing until a command is rung for */

enum kind { READ = 1, WRITE = 2, BOTH = 3 };

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double access_once(volatile uint32_t *window, enum kind kind)
{
	double begin = now_us();

	if (kind & WRITE)
		window[MAILBOX] = 0x12345678;
	if (kind & READ)
		(void)window[MAILBOX];
	return now_us() - begin;
}

static void measure(volatile uint32_t *window, const char *name, enum kind kind, unsigned int count)
{
	double *each = calloc(count, sizeof(*each)), begin = now_us(), all;

	if (!each)
		exit(1);
	for (unsigned int i = 0; i < count; i++)
		each[i] = access_once(window, kind);
	all = now_us() - begin;
	(void)window[MAILBOX];
	qsort(each, count, sizeof(*each), compare);
	printf("%-12s least %.1f  median %.1f  mean %.1f  99%% %.1f us\n", name, each[0], each[count / 2], all / count, each[count * 99 / 100]);
	free(each);
}

static int open_in(const char *folder, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return open(path, flags | O_CLOEXEC);
}

/* The first function of the maker's that is an iSCSI adapter. */
static const char *find(void)
{
	static glob_t found;
	char id[16] = "";

	glob("/sys/bus/pci/devices/*", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd = open_in(found.gl_pathv[i], "vendor", O_RDONLY);
		ssize_t got = read(fd, id, sizeof(id) - 1);

		close(fd);
		if (got > 0 && strncmp(id, "0x1077", 6) == 0)
			return found.gl_pathv[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;
	const char *folder = argc > 2 ? argv[2] : find();
	volatile uint32_t *window;
	int enable, fd;

	if (!count || !folder) {
		fprintf(stderr, "mmio: %s\n", count ? "no adapter is here" : "say how many accesses");
		return 2;
	}
	enable = open_in(folder, "enable", O_WRONLY);
	fd = open_in(folder, "resource1", O_RDWR | O_SYNC);
	if (write(enable, "1", 1) != 1 || fd < 0) {
		perror(folder);
		return 1;
	}
	window = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (window == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	measure(window, "read", READ, count);
	measure(window, "write", WRITE, count);
	measure(window, "write+read", BOTH, count);
	return 0;
}
