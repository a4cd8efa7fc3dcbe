/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The network of an HBA port, as far as it needs no namespace: its gates, and the host's own network. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/hba/network_parts.h"

/* ---- gates ---- */

static void lease_gate(void **state)
{
	static const struct {
		const char *line;
		int result;
	} rows[] = {
		{"bound|10.1.0.50|255.255.255.0|10.1.0.1", 1},
		{"renew|10.1.0.50|255.255.255.0|", 1},
		{"bound|10.1.0.50||", 1},
		{"deconfig|||", 0},
		{"deconfig", 0},
		{"nak|||", -ENOMSG},
		{"leasefail|||", -ENOMSG},
		{"", -ENOMSG},
		{"bound", -EPROTO},
		{"bound|10.1.0.50", 1},
		{"bound||255.255.255.0|10.1.0.1", -EPROTO},
		{"bound|0.0.0.0|255.255.255.0|10.1.0.1", -EPROTO},
		{"bound|127.0.0.1|255.0.0.0|", -EPROTO},
		{"bound|224.0.0.1|255.255.255.0|", -EPROTO},
		{"bound|10.1.0.50|255.0.255.0|", -EPROTO},
		{"bound|10.1.0.50|0.0.0.0|", -EPROTO},
		{"bound|10.1.0.50|255.255.255.0|224.0.0.1", -EPROTO},
		{"bound|10.1.0.50|255.255.255.0|10.1.0.1.", -EPROTO},
		{"bound|10.1.0.500000000000000|255.255.255.0|", -EPROTO},
		{"boundboundboundbound|10.1.0.50|255.255.255.0|", -EPROTO},
	};
	const struct network_lease full = {true, {10, 1, 0, 50}, {255, 255, 255, 0}, {10, 1, 0, 1}};
	struct network_lease lease;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&lease, 0, sizeof(lease));
		if (network_dhcp_parse(rows[i].line, &lease) != rows[i].result)
			fail_msg("\"%s\" is not %d", rows[i].line, rows[i].result);
		if (rows[i].result != 1)
			assert_false(lease.is_held);
	}
	network_dhcp_parse(rows[0].line, &lease);
	assert_memory_equal(&lease, &full, sizeof(lease));
}

static void masks(void **state)
{
	const uint8_t host[4] = {255, 255, 255, 255}, none[4] = {0}, odd[4] = {255, 255, 254, 0}, holes[4] = {255, 0, 255, 0},
		      reverse[4] = {0, 0, 0, 255};

	assert_int_equal(network_prefix_of(host), 32);
	assert_int_equal(network_prefix_of(none), 0);
	assert_int_equal(network_prefix_of(odd), 23);
	assert_int_equal(network_prefix_of(holes), -EINVAL);
	assert_int_equal(network_prefix_of(reverse), -EINVAL);
}

static void echo_gate(void **state)
{
	uint8_t four[28] = {0x45}, six[8] = {129, 0, 0, 0, 0x12, 0x34, 0, 1};
	uint16_t id;

	memcpy(&id, six + 4, sizeof(id));
	memcpy(four + 20, six, sizeof(six));
	four[20] = 0;
	assert_true(network_ping_is_answer(AF_INET, four, sizeof(four), id));
	assert_true(network_ping_is_answer(AF_INET6, six, sizeof(six), id));
	assert_false(network_ping_is_answer(AF_INET, four, sizeof(four), (uint16_t)~id));
	for (size_t length = 0; length < sizeof(four); length++)
		assert_false(network_ping_is_answer(AF_INET, four, length, id));
	for (size_t length = 0; length < sizeof(six); length++)
		assert_false(network_ping_is_answer(AF_INET6, six, length, id));
	four[0] = 0x4f;	/* a header longer than the message */
	assert_false(network_ping_is_answer(AF_INET, four, sizeof(four), id));
	four[0] = 0x45;
	four[20] = 8;	/* our own request, on the loopback */
	assert_false(network_ping_is_answer(AF_INET, four, sizeof(four), id));
	six[1] = 1;
	assert_false(network_ping_is_answer(AF_INET6, six, sizeof(six), id));
}

static void arp_gate(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1}, address[4] = {10, 1, 0, 2};
	static const uint8_t answer[28] = {0, 1, 8, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 7, 10, 1, 0, 2, 2, 0, 0, 0, 0, 1, 10, 1, 0, 9};
	static const struct {
		unsigned int at;
		uint8_t byte;
		bool is_conflict;
	} rows[] = {{6, 0, true}, {7, 1, true}, {1, 6, false}, {2, 0x86, false}, {4, 8, false}, {5, 16, false}, {13, 1, false}, {17, 3, false}};
	uint8_t message[28];

	assert_true(network_arp_is_conflict(answer, sizeof(answer), mac, address));
	for (size_t length = 0; length < sizeof(answer); length++)
		assert_false(network_arp_is_conflict(answer, length, mac, address));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memcpy(message, answer, sizeof(message));
		message[rows[i].at] = rows[i].byte;
		if (network_arp_is_conflict(message, sizeof(message), mac, address) != rows[i].is_conflict)
			fail_msg("with %u at %u", rows[i].byte, rows[i].at);
	}
	/* A probe for it, and one for another. */
	memcpy(message, answer, sizeof(message));
	message[7] = 1;
	memset(message + 14, 0, 4);
	assert_false(network_arp_is_conflict(message, sizeof(message), mac, address));
	memcpy(message + 24, address, 4);
	assert_true(network_arp_is_conflict(message, sizeof(message), mac, address));
	message[7] = 2;
	assert_false(network_arp_is_conflict(message, sizeof(message), mac, address));
}

static void counters(void **state)
{
	const char *pairs = "Ip: Forwarding InReceives OutRequests\nIp: 2 77 18446744073709551615\nTcp: InSegs OutSegs\nTcp: 5 6\nTcp: lonely";
	const char *lines = "Ip6InReceives                   \t42\nIp6InReceivesX 7\nIp6OutRequests";

	assert_int_equal(network_counter(pairs, "Ip:", "InReceives"), 77);
	assert_true(network_counter(pairs, "Ip:", "OutRequests") == UINT64_MAX);
	assert_int_equal(network_counter(pairs, "Tcp:", "OutSegs"), 6);
	assert_int_equal(network_counter(pairs, "Ip:", "OutSegs"), 0);
	assert_int_equal(network_counter(pairs, "Udp:", "OutSegs"), 0);
	assert_int_equal(network_counter(lines, "", "Ip6InReceives"), 42);
	assert_int_equal(network_counter(lines, "", "Ip6InReceivesX"), 7);
	assert_int_equal(network_counter(lines, "", "Ip6OutRequests"), 0);
	assert_int_equal(network_counter("", "Ip:", "InReceives"), 0);
	assert_int_equal(network_counter("Ip:", "Ip:", "InReceives"), 0);
	assert_int_equal(network_counter("Ip: A\nIp:", "Ip:", "A"), 0);
}

/* ---- the host's own network ---- */

struct world {
	struct loop *loop;
	struct network *network;
	struct loop_timer *bell;
	char log[1024];
};

static void note(struct world *world, const char *format, unsigned int one, unsigned int two, unsigned int three)
{
	size_t used = strlen(world->log);
	char text[64];

	if (!strcmp(format, "link"))
		snprintf(text, sizeof(text), "link %u; ", one);
	else
		snprintf(text, sizeof(text), "%u: %u>%u; ", one, two, three);
	snprintf(world->log + used, sizeof(world->log) - used, "%s", text);
}

static void link_changed(void *data, bool is_up)
{
	note(data, "link", is_up, 0, 0);
}

static void address_changed(void *data, enum network_index index, enum network_state from, enum network_state to)
{
	note(data, "address", index, from, to);
}

static void ring(void *data)
{
	loop_stop(((struct world *)data)->loop);
}

static int set_up(void **state)
{
	static const struct network_events events = {.link = link_changed, .address = address_changed};
	static struct world world;

	memset(&world, 0, sizeof(world));
	assert_int_equal(loop_new(&world.loop), 0);
	assert_int_equal(loop_timer_new(world.loop, ring, &world, &world.bell), 0);
	assert_int_equal(network_new(world.loop, NULL, NULL, &events, &world, &world.network), 0);
	*state = &world;
	return 0;
}

static int take_down(void **state)
{
	struct world *world = *state;

	network_free(world->network);
	loop_timer_free(world->bell);
	loop_free(world->loop);
	return 0;
}

/* What is told until nothing more is to come. */
static void expect(struct world *world, const char *log)
{
	loop_timer_set(world->bell, 20);
	loop_run(world->loop);
	assert_string_equal(world->log, log);
	world->log[0] = '\0';
}

static const struct network_settings loopback = {
	.ipv4 = {.is_enabled = true, .address = {127, 0, 0, 1}, .mask = {255, 0, 0, 0}},
	.ipv6 = {.is_enabled = true, .interface_id = {0, 0, 0, 0, 0, 0, 0, 1}, .address = {{0x20, 1, 0xd, 0xb8}}},
};

static void configure_and_disable(void **state)
{
	struct world *world = *state;
	struct network_address address;
	struct network_link link;

	assert_int_equal(network_configure(world->network, &loopback), 0);
	assert_string_equal(world->log, "");
	expect(world, "link 1; 0: 0>2; 1: 0>3; 2: 0>3; 0: 2>5; 1: 3>5; 2: 3>5; ");
	network_link(world->network, &link);
	assert_true(link.is_up);
	network_address(world->network, NETWORK_IPV4, &address);
	assert_int_equal(address.state, NETWORK_PREFERRED);
	assert_int_equal(address.prefix_len, 8);
	network_disable(world->network);
	expect(world, "0: 5>6; 0: 6>0; 1: 5>6; 1: 6>0; 2: 5>6; 2: 6>0; ");
	network_disable(world->network);
	expect(world, "0: 0>6; 0: 6>0; ");
	assert_int_equal(network_configure(world->network, &loopback), 0);
	expect(world, "0: 0>2; 1: 0>3; 2: 0>3; 0: 2>5; 1: 3>5; 2: 3>5; ");
	network_reset(world->network);
	expect(world, "");
	network_plug(world->network, false);
	expect(world, "");
	assert_int_equal(network_configure(world->network, &loopback), 0);
	network_plug(world->network, true);
	expect(world, "link 0; 0: 0>2; 1: 0>3; 2: 0>3; 0: 2>5; 1: 3>5; 2: 3>5; link 1; ");
}

static void what_means_nothing(void **state)
{
	struct world *world = *state;
	struct network_settings settings = loopback;

	settings.ipv4.mask[2] = 255;
	assert_int_equal(network_configure(world->network, &settings), -EINVAL);
	settings.ipv4.has_dhcp = true;
	assert_int_equal(network_configure(world->network, &settings), 0);
	settings.ipv6.address[1][0] = 0xff;
	assert_int_equal(network_configure(world->network, &settings), -EINVAL);
	settings.ipv6.has_auto_addresses = true;
	settings.ipv6.has_vlan = true;
	settings.ipv6.vlan_tag = 0x2fff;
	assert_int_equal(network_configure(world->network, &settings), -EINVAL);
	settings.ipv6.is_enabled = false;
	assert_int_equal(network_configure(world->network, &settings), 0);
	memset(&settings, 0, sizeof(settings));
	settings.ipv4.is_enabled = true;
	assert_int_equal(network_configure(world->network, &settings), 0);
	expect(world, "link 1; 0: 0>2; 1: 0>3; 2: 0>3; 1: 3>5; 2: 3>5; 1: 5>0; 2: 5>0; 0: 2>0; ");
}

/* A storm of commands with no turn of the loop in between loses events, not memory. */
static void storm(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 100; i++) {
		assert_int_equal(network_configure(world->network, &loopback), 0);
		network_disable(world->network);
	}
	loop_timer_set(world->bell, 20);
	loop_run(world->loop);
	world->log[0] = '\0';
	network_disable(world->network);
	expect(world, "0: 0>6; 0: 6>0; ");
}

static void connect_to_listener(void **state)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage source;
	struct world *world = *state;
	socklen_t length = sizeof(peer);
	struct pollfd wait = {.events = POLLOUT};
	int listener = socket(AF_INET, SOCK_STREAM, 0), error = -1;

	assert_int_equal(bind(listener, (const struct sockaddr *)&peer, sizeof(peer)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&peer, &length), 0);
	assert_int_equal(network_connect(world->network, (const struct sockaddr *)&peer, length, NETWORK_ANY), -ENETDOWN);
	assert_int_equal(network_configure(world->network, &loopback), 0);
	wait.fd = network_connect(world->network, (const struct sockaddr *)&peer, length, NETWORK_IPV4);
	assert_true(wait.fd >= 0);
	assert_int_equal(poll(&wait, 1, 5000), 1);
	length = sizeof(error);
	assert_int_equal(getsockopt(wait.fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
	assert_int_equal(error, 0);
	close(wait.fd);
	assert_int_equal(network_connect(world->network, (const struct sockaddr *)&peer, sizeof(peer), NETWORK_IPV6_0), -EADDRNOTAVAIL);
	assert_int_equal(network_connect(world->network, (const struct sockaddr *)&peer, 4, NETWORK_ANY), -EINVAL);
	peer.sin_family = AF_UNIX;
	assert_int_equal(network_connect(world->network, (const struct sockaddr *)&peer, sizeof(peer), NETWORK_ANY), -EAFNOSUPPORT);
	assert_int_equal(network_source(world->network, NETWORK_IPV6_1, &source, &length), -EADDRNOTAVAIL);
	assert_int_equal(network_source(world->network, NETWORK_ANY, &source, &length), -EADDRNOTAVAIL);
	close(listener);
}

static void pinged(void *data, enum network_ping_result result)
{
	struct world *world = data;
	size_t used = strlen(world->log);

	snprintf(world->log + used, sizeof(world->log) - used, "ping %u; ", result);
}

static void ping_refusals(void **state)
{
	const uint8_t nobody[16] = {0}, loop[16] = {127, 0, 0, 1}, many[16] = {224, 0, 0, 1};
	struct world *world = *state;

	network_ping(world->network, AF_INET, loop, 56, NETWORK_ANY, pinged, world);
	assert_string_equal(world->log, "");
	expect(world, "ping 1; ");
	assert_int_equal(network_configure(world->network, &loopback), 0);
	loop_timer_set(world->bell, 20);
	loop_run(world->loop);
	world->log[0] = '\0';
	network_ping(world->network, AF_INET, nobody, 56, NETWORK_ANY, pinged, world);
	network_ping(world->network, AF_INET, many, 56, NETWORK_ANY, pinged, world);
	network_ping(world->network, AF_INET, loop, 1473, NETWORK_ANY, pinged, world);
	network_ping(world->network, AF_INET, loop, 0xffffffff, NETWORK_ANY, pinged, world);
	network_ping(world->network, AF_INET, loop, 56, NETWORK_IPV6_1, pinged, world);
	network_ping(world->network, AF_INET6, loop, 56, NETWORK_IPV4, pinged, world);
	expect(world, "ping 5; ping 5; ping 6; ping 6; ping 2; ping 2; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lease_gate),
		cmocka_unit_test(masks),
		cmocka_unit_test(echo_gate),
		cmocka_unit_test(arp_gate),
		cmocka_unit_test(counters),
		cmocka_unit_test_setup_teardown(configure_and_disable, set_up, take_down),
		cmocka_unit_test_setup_teardown(what_means_nothing, set_up, take_down),
		cmocka_unit_test_setup_teardown(storm, set_up, take_down),
		cmocka_unit_test_setup_teardown(connect_to_listener, set_up, take_down),
		cmocka_unit_test_setup_teardown(ping_refusals, set_up, take_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
