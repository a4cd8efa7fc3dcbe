/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m host -C stats`: the counters of an adapter by the rows of transport/abi/host_stats.def, and those its driver adds.
 * Never adds numbers up.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "adm/adapter.h"
#include "adm/emit.h"
#include "adm/print.h"

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
#define HOST_STAT(layer, name) { #name, offsetof(struct iscsi_host_stats, name) },
#include "transport/abi/host_stats.def"
#undef HOST_STAT
};

#define COUNTERS (sizeof(counters) / sizeof(counters[0]))

struct host_counters {
	struct iscsi_host_stats stats;
	struct iscsi_stats_custom custom[ISCSI_STATS_CUSTOM_MAX];
	unsigned int custom_count;
};

static uint64_t counter_at(const struct host_counters *read, size_t i)
{
	uint64_t value;

	memcpy(&value, (const char *)&read->stats + counters[i].offset, sizeof(value));
	return value;
}

static void print_counters(const struct host_counters *read)
{
	print_line("Host Statistics:");
	for (size_t i = 0; i < COUNTERS; i++)
		print_line("\t%s: %llu", counters[i].name, (unsigned long long)counter_at(read, i));
	for (unsigned int i = 0; i < read->custom_count; i++)
		print_line("\t%s: %llu", read->custom[i].name, (unsigned long long)read->custom[i].value);
}

static void emit_counters(const struct sysfs_host *host, const struct host_counters *read)
{
	struct json_object *object = emit_new("host_statistics"), *own = emit_part(), *extended = emit_part();

	for (size_t i = 0; i < COUNTERS; i++)
		emit_number(own, counters[i].name, (int64_t)counter_at(read, i));
	for (unsigned int i = 0; i < read->custom_count; i++)
		emit_number(extended, read->custom[i].name, (int64_t)read->custom[i].value);
	emit_number(object, "host", host->host_no);
	emit_text(object, "transport", host->transport);
	emit_add(object, "counters", own);
	emit_add(object, "extended", extended);
	emit(object);
}

enum iscsi_err host_stats_submode(struct adm *adm, const struct sysfs_host *host)
{
	struct host_counters read = { .custom_count = 0 };
	struct adapter adapter;
	enum iscsi_err err = adapter_open(adm, host, &adapter);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = request_get_host_stats(adapter.nl, adapter.handle, host->host_no, &read.stats, read.custom, ISCSI_STATS_CUSTOM_MAX,
				       &read.custom_count);
	if (error)
		err = adapter_refused(&adapter, "read the counters", error == -EINVAL ? -ENOSYS : error);
	else if (emit_wanted())
		emit_counters(host, &read);
	else
		print_counters(&read);
	adapter_close(&adapter);
	return err;
}
