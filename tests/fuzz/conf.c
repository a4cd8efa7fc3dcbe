/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of the configuration files: the input is iscsid.conf, and then initiatorname.iscsi. What was loaded is applied to a
 * record of every kind, which must print afterwards, and to the policy of the iface manager, which must be within its limits and able
 * to select; the input alone is a list of NICs, too. A name that was taken must be valid.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "iface/policy.h"
#include "lib/conf.h"
#include "lib/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	if ((!line && strcmp(name, "iface.nics") != 0) || error >= 0 || strlen(name) > TEXT_NAME_MAX || strlen(value) > TEXT_VALUE_MAX)
		abort();
	return 0;
}

/* A list says no of what it says yes to when a "!" for all stands behind it, and what was refused selects nothing. */
static void check_select(const struct nics *nics)
{
	static const struct port ports[] = {
		{ .netdev = "eth0", .driver = "bnx2x", .hwaddress = "52:54:00:00:00:01", .permanent = "00:0e:1e:00:00:01",
		  .path = "0000:03:00.0" },
		{ .netdev = "bond0", .driver = "bonding", .hwaddress = "52:54:00:00:00:01", .nic_kind = "bond" },
		{ .netdev = "lo", .is_loopback = true },
		{ .kind = PORT_HBA, .netdev = "eth0", .transport = "bnx2i" },
	};
	const char *pattern;

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		bool is_selected = nics_select(nics, &ports[i], &pattern);

		if (is_selected && (!pattern || *pattern == '!' || nics_is_none(nics) || i > 1))
			abort();
	}
}

static void check_nics(const char *text)
{
	struct text problem = { 0 };
	struct nics *nics = NULL;
	int error = nics_parse(text, &nics, &problem);

	if (!error != !problem.data || (error && error != -EINVAL))
		abort();
	check_select(nics);
	nics_free(nics);
	text_done(&problem);
}

static void check_policy(const struct conf *conf)
{
	struct policy policy;

	if (policy_read(conf, complain, NULL, &policy))
		abort();
	if (policy.bind == BIND_UNSET || policy.fast_fail < FAST_FAIL_OFF || !policy.flap_window_sec || policy.flap_hold_sec > 3600)
		abort();
	check_select(policy.nics);
	policy_done(&policy);
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
	check_policy(conf);
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
	char path[64], list[1025];

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (len < 1 << 20) {
		check_conf(path);
		check_initiator(path);
	}
	close(fd);
	snprintf(list, sizeof(list), "%.*s", (int)(len < sizeof(list) ? len : sizeof(list) - 1), (const char *)bytes);
	check_nics(list);
	return 0;
}
