/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of the configuration files: the input is iscsid.conf, and then initiatorname.iscsi. What was loaded is applied to a
 * record of every kind, which must print afterwards; a name that was taken must be valid.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	if (!line || error >= 0 || strlen(name) > TEXT_NAME_MAX || strlen(value) > TEXT_VALUE_MAX)
		abort();
	return 0;
}

static void check_conf(const char *path)
{
	struct conf *conf;

	if (conf_load(path, complain, NULL, &conf))
		abort();
	for (enum record_kind kind = 0; kind < RECORD_KIND_COUNT; kind++) {
		struct text text = { 0 };
		struct record record;

		record_init(&record, kind);
		if (conf_apply(conf, &record))
			abort();
		record_format(&record, RECORD_SHOWN_ORIGINS, &text);
		record_done(&record);
		text_done(&text);
	}
	conf_value(conf, "iscsid.startup");
	conf_free(conf);
}

static void check_initiator(const char *path)
{
	struct initiator initiator;

	if (!initiator_load(path, &initiator) && initiator.name && !name_is_valid(initiator.name))
		abort();
	initiator_done(&initiator);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (len < 1 << 20) {
		check_conf(path);
		check_initiator(path);
	}
	close(fd);
	return 0;
}
