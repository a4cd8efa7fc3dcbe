/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole card with all its parts and no bus: made, driven a little, commanded by its control, and gone without a rest. */
#include "tests/hba/card.h"

#include <stdio.h>

#include "lib/text.h"
#include "tests/hba/control.h"
#include "tests/hba/port.h"
#include "tests/unit/hba_world.h"

static struct card *card;

static void make_card(unsigned int model, unsigned int ports)
{
	const struct card_settings settings = { .identity = { .model = model, .ports = ports, .serial = "CARD1" } };

	memset(&world, 0, sizeof(world));
	assert_int_equal(loop_new(&world.loop), 0);
	assert_int_equal(card_new(world.loop, &settings, &card), 0);
	assert_int_equal(card_ports(card), ports);
	for (unsigned int i = 0; i < ports; i++)
		world.chips[i] = card_chip(card, i);
	world.shared.model = model;
}

static void end_card(void)
{
	card_free(card);
	loop_free(world.loop);
}

static void ask(const char *words)
{
	struct text answer = { 0 };
	char line[200];

	snprintf(line, sizeof(line), "%s", words);
	control_command(card_control_ports(card), card_ports(card), line, &answer);
	if (strncmp(answer.data, "ok", 2))
		fail_msg("'%s': %s", words, answer.data);
	text_done(&answer);
}

static void is_made_and_gone(void **state)
{
	static const unsigned int models[] = { ISP_DEVICE_4010, ISP_DEVICE_4022, ISP_DEVICE_4032 };

	for (unsigned int i = 0; i < 3; i++)
		for (unsigned int ports = 1; ports <= 2; ports++) {
			make_card(models[i], ports);
			assert_null(card_chip(card, ports));
			assert_null(card_port(card, 2));
			end_card();
		}
}

static void refuses_what_is_no_card(void **state)
{
	struct card_settings settings = { .identity = { .model = 0x8022, .ports = 1, .serial = "X" } };

	assert_int_equal(loop_new(&world.loop), 0);
	assert_int_equal(card_new(world.loop, &settings, &card), -EINVAL);
	settings.identity.model = ISP_DEVICE_4032;
	settings.identity.ports = 3;
	assert_int_equal(card_new(world.loop, &settings, &card), -EINVAL);
	settings.image = "/nonexistent/image";
	assert_int_equal(card_new(world.loop, &settings, &card), -ENOENT);
	loop_free(world.loop);
}

static void boots_and_obeys(void **state)
{
	make_card(ISP_DEVICE_4032, 2);
	world.port = 1;
	boot();
	assert_int_equal(command(ISP_MBOX_GET_DDB, 0, 0, 0, ISP_DDB_SIZE, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[4], ISP_DDB_UNASSIGNED);
	assert_int_equal(command(ISP_MBOX_LOGOUT, 0, 0, ISP_LOGOUT_CLOSE, 0, 0), ISP_STATUS_COMMAND_ERROR);
	assert_int_equal(out[1], ISP_DETAIL_NOT_LOGGED_IN);
	/* Without a guest no rings: the firmware stays unconfigured. */
	assert_int_equal(command(ISP_MBOX_INIT_FW, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_HOST_INTERFACE_ERROR);
	ask("state");
	ask("port1 state");
	ask("port1 hang on");
	assert_true(chip()->is_hung);
	ask("port1 die");
	assert_int_equal(chip()->life, CHIP_DEAD);
	ask("port1 reset");
	assert_int_equal(chip()->life, CHIP_RESET);
	boot();
	ask("port1 fatal");
	assert_true(rd(ISP_REG_CONTROL) & ISP_CONTROL_FATAL);
	end_card();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_made_and_gone),
		cmocka_unit_test(refuses_what_is_no_card),
		cmocka_unit_test(boots_and_obeys),
	};

	return cmocka_run_group_tests_name("hba_card", tests, NULL, NULL);
}
