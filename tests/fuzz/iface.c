/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of iface files: the input is a file in the folder. What loads must be written and loaded again as the same; what does not
 * load must be complained about once when listing; a port it stands for must be of its kind; nothing may crash or leave a file behind.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface/auto.h"

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
	struct text why = { 0 };

	iface_explain_complaint(path, error, &why);
	check(why.data && *why.data && !why.failed, "a complaint without words");
	text_done(&why);
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

static void check_port(const struct record *iface)
{
	static struct port list[] = {
		{ .ifindex = 2, .netdev = "eth0", .hwaddress = "52:54:00:00:00:01", .permanent = "52:54:00:00:00:01", .path = "0000:03:00.0" },
		{ .ifindex = 3, .netdev = "eth1", .hwaddress = "52:54:00:00:00:01", .path = "0000:04:00.0", .master = "bond0" },
		{ .ifindex = 4, .netdev = "bond0", .hwaddress = "52:54:00:00:00:01", .nic_kind = "bond" },
		{ .kind = PORT_HBA, .transport = "qla4xxx", .hwaddress = "52:54:00:00:00:01", .has_entity = true },
	};
	const struct ports ports = { .list = list, .count = sizeof(list) / sizeof(list[0]) };
	const struct port *port = iface_port(iface, &ports);

	if (port && port->kind == PORT_HBA)
		check(record_is(iface, F_IFACE_TRANSPORT_NAME, port->transport), "another transport");
	else if (port)
		check(*record_text(iface, F_IFACE_PATH) == 0 || *port->path || *record_text(iface, F_IFACE_NET_IFACENAME),
		      "a record of a place stands for a virtual NIC");
	check(*iface_shown_state(iface, port) || !iface_is_auto(iface), "no state");
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
		check_port(&iface);
		check_again(&iface);
		record_done(&iface);
	}
	return 0;
}
