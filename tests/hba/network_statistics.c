/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The counters of an HBA port's network for GET_MANAGEMENT_DATA: a row each in network_statistics.def, read from the NIC and from three
 * files of /proc/net that were opened inside of the namespace and stay its own wherever they are read.
 */
#include <fcntl.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/hba/network_parts.h"

#define FILE_BYTES 32768

enum counter_source { LINK_COUNTER, SNMP, NETSTAT, SNMP6 };

struct counter_row {
	uint16_t offset;
	enum counter_source source;
	size_t field;			/* of a link's counters */
	const char *group, *name;
};

static const struct counter_row rows[] = {
#define LINK(offset, field) {offset, LINK_COUNTER, offsetof(struct rtnl_link_stats64, field), NULL, NULL},
#define COUNTER(offset, source, group, name) {offset, source, 0, group, name},
#include "tests/hba/network_statistics.def"
#undef LINK
#undef COUNTER
};

void network_statistics_open(struct network *network)
{
	static const char *const paths[NETWORK_COUNTER_FILES] = {
		"/proc/thread-self/net/snmp", "/proc/thread-self/net/netstat", "/proc/thread-self/net/snmp6"};

	for (int i = 0; i < NETWORK_COUNTER_FILES; i++)
		network->counters[i] = open(paths[i], O_RDONLY | O_CLOEXEC);
}

/* ---- texts ---- */

/* The word at place, which ends at a blank or the line's end; its length, 0 at the end. */
static size_t word(const char **place)
{
	*place += strspn(*place, " \t");
	return strcspn(*place, " \t\n");
}

/* A line of names and one of numbers below it, both beginning with their group. */
static bool find_in_pair(const char *names, const char *numbers, const char *name, uint64_t *ret_number)
{
	for (;;) {
		size_t name_bytes = word(&names), number_bytes = word(&numbers);

		if (!name_bytes || !number_bytes)
			return false;
		if (name_bytes == strlen(name) && !memcmp(names, name, name_bytes)) {
			*ret_number = strtoull(numbers, NULL, 10);
			return true;
		}
		names += name_bytes;
		numbers += number_bytes;
	}
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

uint64_t network_counter(const char *text, const char *group, const char *name)
{
	size_t group_bytes = strlen(group);
	uint64_t number = 0;

	for (const char *line = text; *line; line = next_line(line)) {
		if (!group_bytes) {
			size_t name_bytes = word(&line);

			if (name_bytes == strlen(name) && !memcmp(line, name, name_bytes))
				return strtoull(line + name_bytes, NULL, 10);
		} else if (!strncmp(line, group, group_bytes)) {
			const char *numbers = next_line(line);

			if (!strncmp(numbers, group, group_bytes) &&
			    find_in_pair(line + group_bytes, numbers + group_bytes, name, &number))
				return number;
			line = numbers;
		}
	}
	return 0;
}

/* ---- all of them ---- */

static void read_text(int fd, char text[FILE_BYTES])
{
	ssize_t n, used = 0;

	while (fd >= 0 && used < FILE_BYTES - 1 && (n = pread(fd, text + used, (size_t)(FILE_BYTES - 1 - used), used)) > 0)
		used += n;
	text[used] = '\0';
}

static uint64_t read_row(const struct counter_row *row, const struct rtnl_link_stats64 *link, char texts[][FILE_BYTES])
{
	uint64_t number;

	if (row->source != LINK_COUNTER)
		return network_counter(texts[row->source - SNMP], row->group, row->name);
	memcpy(&number, (const char *)link + row->field, sizeof(number));
	return number;
}

void network_statistics(const struct network *network, uint8_t ret_data[NETWORK_STATISTICS_BYTES])
{
	static char texts[NETWORK_COUNTER_FILES][FILE_BYTES];
	struct rtnl_link_stats64 link = {.rx_packets = 0};

	if (network->kernel && network->nic.ifindex)
		network_kernel_counters(network->kernel, network->nic.ifindex, &link);
	for (int i = 0; i < NETWORK_COUNTER_FILES; i++)
		read_text(network->counters[i], texts[i]);
	memset(ret_data, 0, NETWORK_STATISTICS_BYTES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t number = read_row(&rows[i], &link, texts);

		for (int byte = 0; byte < 8; byte++)
			ret_data[rows[i].offset + byte] = (uint8_t)(number >> 8 * byte);
	}
}
