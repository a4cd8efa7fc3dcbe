/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of iface files: the input is a file in the folder. What loads must be written and loaded again as the same; what does not
 * load must be complained about once when listing; nothing may crash or leave a file behind.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/iface.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static char dir[32];
static int seen, complaints;

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void path_of(const char *name, char path[64])
{
	snprintf(path, 64, "%s/%s", dir, name);
}

static void clean_up(void)
{
	char path[64];

	path_of("input", path);
	unlink(path);
	path_of("again", path);
	unlink(path);
	rmdir(dir);
}

static void put(const uint8_t *bytes, size_t len)
{
	char path[64];
	FILE *file;

	if (!dir[0]) {
		snprintf(dir, sizeof(dir), "/tmp/fuzz-iface.XXXXXX");
		check(mkdtemp(dir) != NULL, "no folder");
		atexit(clean_up);
	}
	path_of("input", path);
	file = fopen(path, "wb");
	check(file && fwrite(bytes, 1, len, file) == len && fclose(file) == 0, "cannot write");
}

static int see(const struct record *iface, void *data)
{
	seen++;
	return 0;
}

static void complain(const char *path, int error, void *data)
{
	complaints++;
}

static void check_again(struct record *iface)
{
	struct record again;
	char path[64];

	check(strcmp(record_text(iface, F_IFACE_ISCSI_IFACENAME), "input") == 0, "the file named itself");
	check(record_set(iface, F_IFACE_ISCSI_IFACENAME, "again", ORIGIN_COMMAND) == 0, "cannot be named");
	check(iface_save(dir, iface) == 0 && iface_load(dir, "again", &again) == 0, "what was saved does not load");
	for (enum field field = 0; field < FIELD_COUNT; field++) {
		char a[FIELD_NUMBER_TEXT_MAX], b[FIELD_NUMBER_TEXT_MAX];

		if (field_rows[field].kinds & 1u << RECORD_IFACE)
			check(strcmp(record_format_value(iface, field, a), record_format_value(&again, field, b)) == 0,
			      field_rows[field].name);
	}
	record_done(&again);
	path_of("again", path);
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct record iface;
	bool loads;

	put(bytes, len);
	loads = iface_load(dir, "input", &iface) == 0;
	seen = complaints = 0;
	check(iface_each(dir, see, complain, NULL) == 0, "listing failed");
	check(seen == 2 + loads && complaints == !loads, "listed otherwise than loaded");
	if (loads) {
		check_again(&iface);
		record_done(&iface);
	}
	return 0;
}
