/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of what an HBA port's network hears from others: the first byte chooses between a report of a DHCP lease, the answer to a ping, an
 * ARP message and a text of counters. A lease that was taken must be one that a host can have.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/network_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_lease(const char *line)
{
	struct network_lease lease;

	if (network_dhcp_parse(line, &lease) != 1)
		return;
	if (!lease.is_held || lease.address[0] == 0 || lease.address[0] >= 224 || network_prefix_of(lease.mask) <= 0)
		abort();
}

static void check_counters(const char *text)
{
	network_counter(text, "Ip:", "InReceives");
	network_counter(text, "TcpExt:", "TCPTimeouts");
	network_counter(text, "", "Ip6InReceives");
}

/* Each in memory of its own size, so that a byte too many is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	uint8_t kind = len ? bytes[0] : 0;
	char *text;

	if (!len)
		return 0;
	text = malloc(len);
	if (!text)
		abort();
	memcpy(text, bytes + 1, len - 1);
	text[len - 1] = '\0';
	if (kind & 4)
		network_arp_is_conflict((const uint8_t *)text, len - 1, (const uint8_t *)"\2\0\0\0\0\1", (const uint8_t *)"\12\1\0\2");
	else if (kind % 4 == 0)
		check_lease(text);
	else if (kind % 4 == 1)
		check_counters(text);
	else
		network_ping_is_answer(kind % 4 == 2 ? AF_INET : AF_INET6, (const uint8_t *)text, len - 1, 1);
	free(text);
	return 0;
}
