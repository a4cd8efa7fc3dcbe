/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware's iSNS client: what a server names, what the host is told, and how it is switched on. */
#include "tests/hba/isns_client.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "lib/portal.h"
#include "tests/hba/acb.h"
#include "tests/unit/hba_world.h"
#include "tests/unit/isns_server.h"

static char found[512];
static unsigned int told, what;
static bool has_space = true;
static struct isns_client *client;

static void on_told(void *data, const uint32_t words[8])
{
	assert_int_equal(words[0], ISP_AEN_ISNS_PDU);
	told++;
	what = words[1];
	loop_stop(world.loop);
}

static const char *on_name(void *data)
{
	return "iqn.2026-11.org.openhba:card";
}

static const char *on_alias(void *data)
{
	return NULL;
}

static int on_inside(void *data, void (*fn)(void *client), void *of)
{
	if (!has_space)
		return -EPERM;
	fn(of);
	return 0;
}

static void on_found(void *data, const char *name, const struct portal *portal)
{
	size_t used = strlen(found);

	snprintf(found + used, sizeof(found) - used, "%s %s %u; ", name, portal->address, portal->port);
}

static void begin_world(void)
{
	struct isns_client_settings settings = {
		.aen = on_told, .initiator_name = on_name, .initiator_alias = on_alias, .inside = on_inside, .found = on_found,
	};

	make_world(ISP_DEVICE_4032, 1);
	settings.loop = world.loop;
	client = isns_client_new(&settings);
	assert_non_null(client);
	chip_attach(chip(), NULL, NULL, NULL, client);
	boot();
	init_firmware();
	take_answer();
	found[0] = 0;
	told = what = 0;
}

static void finish(void)
{
	isns_client_free(client);
	chip()->isns = NULL;
	end_world();
}

static uint32_t set_isns(uint32_t mode, uint16_t port)
{
	const uint32_t loopback = 127 | 1 << 24;

	return command(ISP_MBOX_SET_ISNS, mode, loopback, port, 0, 0);
}

static bool is_claimed(void)
{
	assert_int_equal(command(ISP_MBOX_GET_FW_STATE, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	return out[3] & ISP_FW_ISNS;
}

static void targets_are_found(void **state)
{
	static const enum act acts[] = {ACT_TARGETS, ACT_END};
	struct server server;

	server_open(&server, acts);
	begin_world();
	assert_false(is_claimed());
	assert_int_equal(set_isns(ISP_ISNS_IPV4, server.port), ISP_STATUS_COMPLETE);
	assert_int_equal(out[1], 1);
	assert_true(is_claimed());
	assert_int_equal(told, 0);
	loop_run(world.loop);
	assert_string_equal(found, SERVER_A " 127.0.0.1 3260; " SERVER_B " ::1 3261; ");
	assert_int_equal(told, 1);
	assert_int_equal(what, 1);
	assert_int_equal(set_isns(ISP_ISNS_STATUS, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[1], 1);
	assert_int_equal(set_isns(ISP_ISNS_OFF, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[1], 0);
	assert_false(is_claimed());
	finish();
	server_close(&server);
}

/* Nobody listens; no network; a server that hangs up. */
static void failures_are_told(void **state)
{
	static const enum act acts[] = {ACT_CLOSE, ACT_END};
	struct server server;

	server_open(&server, acts);
	begin_world();
	set_isns(ISP_ISNS_IPV4, server.port);
	loop_run(world.loop);
	assert_int_equal(what, 2);
	has_space = false;
	set_isns(ISP_ISNS_IPV4, server.port);
	assert_int_equal(told, 1);
	loop_run(world.loop);
	assert_int_equal(told, 2);
	assert_int_equal(what, 2);
	has_space = true;
	server_close(&server);
	set_isns(ISP_ISNS_IPV4, server.port);
	loop_run(world.loop);
	assert_int_equal(told, 3);
	assert_int_equal(what, 2);
	assert_string_equal(found, "");
	finish();
}

static void an_end_is_silent(void **state)
{
	static const enum act acts[] = {ACT_SILENT, ACT_END};
	struct server server;

	server_open(&server, acts);
	begin_world();
	set_isns(ISP_ISNS_IPV4, server.port);
	pass_ms(50);
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	assert_false(isns_client_is_on(client));
	pass_ms(50);
	assert_int_equal(told, 0);
	finish();
	server_close(&server);
}

/* As the control block says, once until it is configured anew. */
static void the_block_says_where(void **state)
{
	static const enum act acts[] = {ACT_TARGETS, ACT_TARGETS, ACT_END};
	struct server server;

	server_open(&server, acts);
	begin_world();
	acb_ask_isns(chip(), ISP_ADDRESS_IPV4);
	assert_false(isns_client_is_on(client));
	isp4xxx_set(ISP4XXX_ACB_IPV4_ISNS, chip()->acb, 1);
	acb_ask_isns(chip(), ISP_ADDRESS_IPV4);
	assert_false(isns_client_is_on(client));
	inet_pton(AF_INET, "127.0.0.1", isp4xxx_at(ISP4XXX_ACB_ISNS_ADDRESS, chip()->acb));
	isp4xxx_set(ISP4XXX_ACB_ISNS_PORT, chip()->acb, server.port);
	acb_ask_isns(chip(), ISP_ADDRESS_LINK_LOCAL);
	acb_ask_isns(chip(), ISP_ADDRESS_IPV6_0);
	assert_false(isns_client_is_on(client));
	acb_ask_isns(chip(), ISP_ADDRESS_IPV4);
	loop_run(world.loop);
	assert_int_equal(what, 1);
	acb_ask_isns(chip(), ISP_ADDRESS_IPV4);
	pass_ms(50);
	assert_int_equal(told, 1);
	assert_int_equal(command(ISP_MBOX_DISABLE_ACB, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_false(isns_client_is_on(client));
	acb_ask_isns(chip(), ISP_ADDRESS_IPV4);
	loop_run(world.loop);
	assert_int_equal(told, 2);
	finish();
	server_close(&server);
}

static void what_means_nothing(void **state)
{
	begin_world();
	assert_int_equal(set_isns(4, 0), ISP_STATUS_PARAMETER_ERROR);
	assert_int_equal(set_isns(ISP_ISNS_IPV6, 0), ISP_STATUS_PARAMETER_ERROR);
	assert_int_equal(command(ISP_MBOX_SET_ISNS, ISP_ISNS_IPV4, 0, 3205, 0, 0), ISP_STATUS_PARAMETER_ERROR);
	assert_int_equal(command(ISP_MBOX_SET_ISNS, ISP_ISNS_IPV4, 1, 0x10000, 0, 0), ISP_STATUS_PARAMETER_ERROR);
	assert_false(isns_client_is_on(client));
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_found), cmocka_unit_test(failures_are_told), cmocka_unit_test(an_end_is_silent),
		cmocka_unit_test(the_block_says_where), cmocka_unit_test(what_means_nothing),
	};

	return cmocka_run_group_tests_name("hba_isns_client", tests, NULL, NULL);
}
