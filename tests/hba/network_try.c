/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network_try [NETNS [NIC]]: the network of an HBA port by hand. Reads a command a line, answers with one line, and prints each event as
 * a line when it comes. For tests/hba/check-network, and for whoever wants to look. Decides nothing.
 *
 *	set NAME VALUE		of struct network_settings: mac, mtu, ipv4.address 10.0.0.1, ipv6.has_auto_addresses 1, ...
 *	configure, disable, reset, plug 0|1
 *	ping FAMILY ADDRESS SIZE FROM	connect FAMILY ADDRESS PORT FROM	show	statistics OFFSET
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/loop.h"
#include "tests/hba/network.h"

struct try {
	struct loop *loop;
	struct network *network;
	struct network_settings settings;
};

/* ---- events ---- */

static void link_changed(void *data, bool is_up)
{
	printf("link %d\n", is_up);
}

static void address_changed(void *data, enum network_index index, enum network_state from, enum network_state to)
{
	printf("address %u %u %u\n", index, from, to);
}

static void lease_changed(void *data, bool is_acquired)
{
	printf("lease %d\n", is_acquired);
}

static void duplicate_seen(void *data, enum network_index index)
{
	printf("duplicate %u\n", index);
}

static void router_changed(void *data)
{
	const struct try *try = data;
	struct network_router router;
	char text[INET6_ADDRSTRLEN];

	network_router(try->network, &router);
	printf("router %u %s\n", router.state, inet_ntop(AF_INET6, router.bytes, text, sizeof(text)));
}

static const struct network_events events = {link_changed, address_changed, lease_changed, duplicate_seen, router_changed};

/* ---- settings ---- */

enum kind { FLAG, BYTE, WORD, TEXT, FOUR, SIXTEEN, BYTES };

static const struct setting {
	const char *name;
	enum kind kind;
	size_t offset, size;
} settings[] = {
#define SETTING(kind, field) {#field, kind, offsetof(struct network_settings, field), sizeof(((struct network_settings *)NULL)->field)}
	SETTING(BYTES, mac),
	SETTING(WORD, mtu),
	SETTING(FLAG, ipv4.is_enabled),
	SETTING(FLAG, ipv4.has_dhcp),
	SETTING(FLAG, ipv4.has_vlan),
	SETTING(FLAG, ipv4.has_gratuitous_arp),
	SETTING(WORD, ipv4.vlan_tag),
	SETTING(BYTE, ipv4.tos),
	SETTING(BYTE, ipv4.ttl),
	SETTING(FOUR, ipv4.address),
	SETTING(FOUR, ipv4.mask),
	SETTING(FOUR, ipv4.gateway),
	SETTING(TEXT, ipv4.vendor_id),
	SETTING(TEXT, ipv4.client_id),
	SETTING(FLAG, ipv6.is_enabled),
	SETTING(FLAG, ipv6.has_vlan),
	SETTING(FLAG, ipv6.has_auto_link_local),
	SETTING(FLAG, ipv6.has_auto_addresses),
	SETTING(WORD, ipv6.vlan_tag),
	SETTING(BYTE, ipv6.dad_count),
	SETTING(BYTES, ipv6.interface_id),
	SETTING(SIXTEEN, ipv6.address[0]),
	SETTING(SIXTEEN, ipv6.address[1]),
	SETTING(SIXTEEN, ipv6.router),
#undef SETTING
};

static void set_bytes(uint8_t *place, size_t size, const char *hex)
{
	for (size_t i = 0; i < size; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &place[i]) != 1)
			return;
}

static void set_value(void *place, const struct setting *setting, const char *value)
{
	uint16_t word = (uint16_t)strtoul(value, NULL, 0);

	switch (setting->kind) {
	case FLAG:
		*(bool *)place = word != 0;
		break;
	case BYTE:
		*(uint8_t *)place = (uint8_t)word;
		break;
	case WORD:
		memcpy(place, &word, sizeof(word));
		break;
	case TEXT:
		snprintf(place, setting->size, "%s", value);
		break;
	case FOUR:
		inet_pton(AF_INET, value, place);
		break;
	case SIXTEEN:
		inet_pton(AF_INET6, value, place);
		break;
	case BYTES:
		set_bytes(place, setting->size, value);
		break;
	}
}

static const char *set(struct try *try, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(settings[i].name, name)) {
			set_value((char *)&try->settings + settings[i].offset, &settings[i], value);
			return "ok";
		}
	return "no such setting";
}

/* ---- commands ---- */

static void pinged(void *data, enum network_ping_result result)
{
	printf("pinged %u\n", result);
}

static void show(const struct try *try)
{
	struct network_link link;

	network_link(try->network, &link);
	printf("show link=%d speed=%u mtu=%u lease=%d", link.is_up, link.speed_mbps, link.mtu, network_has_lease(try->network));
	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++) {
		struct network_address address;
		char text[INET6_ADDRSTRLEN];

		network_address(try->network, i, &address);
		printf(" %u=%s/%u,%u,%u", i, inet_ntop(address.family, address.bytes, text, sizeof(text)), address.prefix_len, address.state,
		       address.origin);
	}
	printf("\n");
}

static void show_counter(const struct try *try, unsigned int offset)
{
	uint8_t data[NETWORK_STATISTICS_BYTES];
	uint64_t number = 0;

	network_statistics(try->network, data);
	for (int i = 7; i >= 0 && offset + 7 < sizeof(data); i--)
		number = number << 8 | data[offset + (unsigned int)i];
	printf("counter %llu\n", (unsigned long long)number);
}

/* Waits for the connection as long as it takes: nothing else goes on here. */
static void try_connect(const struct try *try, int family, const char *address, unsigned int port, unsigned int from)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	const struct sockaddr *peer = family == AF_INET6 ? (const struct sockaddr *)&six : (const struct sockaddr *)&four;
	struct pollfd wait = {.events = POLLOUT};
	socklen_t length = sizeof(int);
	int error = 0;

	inet_pton(family, address, family == AF_INET6 ? (void *)&six.sin6_addr : (void *)&four.sin_addr);
	wait.fd = network_connect(try->network, peer, family == AF_INET6 ? sizeof(six) : sizeof(four), from);
	if (wait.fd < 0) {
		printf("connected %s\n", strerror(-wait.fd));
		return;
	}
	if (poll(&wait, 1, 5000) != 1)
		error = ETIMEDOUT;
	else
		getsockopt(wait.fd, SOL_SOCKET, SO_ERROR, &error, &length);
	printf("connected %s\n", error ? strerror(error) : "0");
	close(wait.fd);
}

static void obey(struct try *try, char *line)
{
	char verb[32] = "", first[64] = "", second[64] = "", third[64] = "", fourth[64] = "";
	uint8_t bytes[16] = {0};
	int family;

	sscanf(line, "%31s %63s %63s %63s %63s", verb, first, second, third, fourth);
	family = first[0] == '6' ? AF_INET6 : AF_INET;
	if (!strcmp(verb, "set")) {
		printf("%s\n", set(try, first, second));
	} else if (!strcmp(verb, "configure")) {
		printf("configured %d\n", network_configure(try->network, &try->settings));
	} else if (!strcmp(verb, "disable")) {
		network_disable(try->network);
		printf("ok\n");
	} else if (!strcmp(verb, "reset")) {
		network_reset(try->network);
		printf("ok\n");
	} else if (!strcmp(verb, "plug")) {
		network_plug(try->network, first[0] == '1');
		printf("ok\n");
	} else if (!strcmp(verb, "ping")) {
		inet_pton(family, second, bytes);
		network_ping(try->network, family, bytes, (uint32_t)strtoul(third, NULL, 0), (unsigned int)atoi(fourth), pinged, try);
	} else if (!strcmp(verb, "connect")) {
		try_connect(try, family, second, (unsigned int)atoi(third), (unsigned int)atoi(fourth));
	} else if (!strcmp(verb, "show")) {
		show(try);
	} else if (!strcmp(verb, "statistics")) {
		show_counter(try, (unsigned int)strtoul(first, NULL, 0));
	} else {
		printf("no such command\n");
	}
}

static void input(int fd, short revents, void *data)
{
	static char line[512];
	static size_t used;
	struct try *try = data;
	char byte;

	while (read(fd, &byte, 1) == 1) {
		if (byte != '\n') {
			line[used] = byte;
			used += used < sizeof(line) - 1;
			continue;
		}
		line[used] = '\0';
		used = 0;
		obey(try, line);
		return;
	}
	loop_stop(try->loop);
}

int main(int count, char **arguments)
{
	struct try try = {.loop = NULL};
	struct loop_fd *watch = NULL;
	int error;

	setvbuf(stdout, NULL, _IOLBF, 0);
	log_open("network_try", LOG_TO_STDERR, getenv("DEBUG") ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	error = loop_new(&try.loop);
	if (!error)
		error = network_new(try.loop, count > 1 ? arguments[1] : NULL, count > 2 ? arguments[2] : NULL, &events, &try, &try.network);
	if (!error)
		error = loop_fd_new(try.loop, STDIN_FILENO, POLLIN, input, &try, &watch);
	if (error) {
		log_error("cannot begin: %s", strerror(-error));
		return 1;
	}
	printf("ready\n");
	loop_run(try.loop);
	loop_fd_free(watch);
	network_free(try.network);
	loop_free(try.loop);
	return 0;
}
