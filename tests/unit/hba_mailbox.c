/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mailbox commands of the emulated chip: buffers, lives, when answers and events are shown, and what each command says. */
#include "tests/unit/hba_world.h"
#include "tests/unit/quick_time.h"

static void start(uint32_t model)
{
	make_world(model, 1);
	boot();
	init_firmware();
	assert_int_equal(take_answer(), ISP_AEN_LINK_UP);
}

static bool is_shown(void)
{
	return rd(ISP_REG_CONTROL) & ISP_CONTROL_PROCESSOR;
}

static void post(uint32_t code)
{
	const uint32_t words[ISP_MAILBOXES] = { code };

	chip_post_aen(chip(), words);
}

static void unknown_commands_are_refused(void **state)
{
	start(ISP_DEVICE_4032);
	assert_int_equal(command(0x18, 0, 0, 0, 0, 0), ISP_STATUS_INVALID_COMMAND);
	assert_int_equal(command(0x10009, 0, 0, 0, 0, 0), ISP_STATUS_INVALID_COMMAND);
	assert_int_equal(command(0xffffffff, 0, 0, 0, 0, 0), ISP_STATUS_INVALID_COMMAND);
	assert_int_equal(mailbox_counters(chip()->mailbox)->refused, 3);
	end_world();
}

static void every_row_answers(void **state)
{
	for (uint32_t opcode = 0; opcode < 0x200; opcode++) {
		start(ISP_DEVICE_4032);
		ring((const uint32_t[]){ opcode, 0, 0, 0, 0, 0, 0, 0 }, 8);
		take_answer();
		assert_int_equal(out[0] & ~0x400f, 0);
		assert_true(out[0] & 0x4000);
		end_world();
	}
}

static void buffers_have_a_gate(void **state)
{
	const uint64_t end = GUEST_BASE + GUEST_SIZE;

	start(ISP_DEVICE_4032);
	assert_int_equal(command(ISP_MBOX_GET_IFCB, 0, 0x1000, 0, ISP_ACB_SIZE, 0), ISP_STATUS_HOST_INTERFACE_ERROR);
	assert_int_equal(command(ISP_MBOX_GET_IFCB, 0, 0xffffff00, 0xffffffff, ISP_ACB_SIZE, 0), ISP_STATUS_HOST_INTERFACE_ERROR);
	command(ISP_MBOX_GET_IFCB, 0, LOW(end - ISP_ACB_SIZE + 1), HIGH(end), ISP_ACB_SIZE, 0);
	assert_int_equal(out[0], ISP_STATUS_HOST_INTERFACE_ERROR);
	assert_int_equal(command(ISP_MBOX_GET_IFCB, 0, LOW(end - ISP_ACB_SIZE), HIGH(end), 0xffffffff, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_SET_ACB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE + 1, 0), ISP_STATUS_PARAMETER_ERROR);
	assert_int_equal(command(ISP_MBOX_SET_ACB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE - 1, 0), ISP_STATUS_PARAMETER_ERROR);
	command(ISP_MBOX_WRITE_FLASH, LOW(BUFFER), HIGH(BUFFER), ISP_FLASH_DDB, MAILBOX_BUFFER_MAX + 1, 3);
	assert_int_equal(out[0], ISP_STATUS_PARAMETER_ERROR);
	end_world();
}

static void only_what_is_allowed_is_written(void **state)
{
	uint8_t bytes[ISP_ABOUT_SIZE];

	start(ISP_DEVICE_4032);
	memset(bytes, 0xee, sizeof(bytes));
	guest_write(world.guest, BUFFER, bytes, sizeof(bytes));
	assert_int_equal(command(ISP_MBOX_ABOUT_FW, 0, LOW(BUFFER), HIGH(BUFFER), 8, 0), ISP_STATUS_COMPLETE);
	guest_read(world.guest, BUFFER, bytes, sizeof(bytes));
	assert_int_equal(bytes[0], out[1]);
	assert_int_equal(bytes[8], 0xee);
	assert_int_equal(command(ISP_MBOX_ABOUT_FW, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	end_world();
}

static void needs_its_life(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATE }, 1);
	pass_ms(80);
	assert_false(is_shown());
	boot();
	assert_int_equal(command(ISP_MBOX_CONN_OPEN, 0, 0, 0, 0, 0), ISP_STATUS_COMMAND_ERROR);
	assert_int_equal(command(ISP_MBOX_DISABLE_ACB, 0, 0, 0, 0, 0), ISP_STATUS_COMMAND_ERROR);
	post(ISP_AEN_DNS);
	assert_false(is_shown());
	end_world();
}

static void polled_answers_come_at_once(void **state)
{
	start(ISP_DEVICE_4010);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATUS, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_true(out[2] > 0);
	pass_ms(1300);
	assert_false(is_shown());
	end_world();
}

/* As a driver's interrupt handler; returns how many answers it took, so how often it woke who sleeps. */
static unsigned int take_interrupts(void)
{
	unsigned int answers = 0;

	while (line())
		if (is_shown())
			answers += take_answer() == ISP_STATUS_COMPLETE;
	return answers;
}

/* A card, and a driver that takes interrupts and sleeps until it is answered. */
static void sleep_for_answer(void)
{
	start(ISP_DEVICE_4032);
	enable_interrupts(true);
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATUS }, 1);
	rd(ISP_REG_CONTROL);
}

static void a_sleeping_driver_is_answered_late_and_again(void **state)
{
	start(ISP_DEVICE_4032);
	enable_interrupts(true);
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATUS }, 1);
	assert_false(line());
	rd(ISP_REG_CONTROL);
	assert_false(line());
	pass_ms(CHIP_DELAY_MS + 20);
	assert_true(line());
	assert_int_equal(take_answer(), ISP_STATUS_COMPLETE);
	assert_false(line());
	pass_ms(1100);
	assert_true(line());
	assert_int_equal(take_interrupts(), 0);
	pass_ms(400);
	assert_int_equal(take_interrupts(), 1);
	pass_ms(2100);
	assert_int_equal(take_interrupts(), 0);
	pass_ms(400);
	assert_int_equal(take_interrupts(), 1);
	assert_int_equal(mailbox_counters(chip()->mailbox)->repeated, 2);
	pass_ms(400);
	assert_false(line());
	end_world();
}

/* With its interrupts off for seconds, as while the EEPROM of the other port is read. */
static void two_answers_never_wait_for_a_busy_guest(void **state)
{
	sleep_for_answer();
	pass_ms(1400);
	assert_int_equal(take_interrupts(), 1);
	pass_ms(700);
	assert_int_equal(take_interrupts(), 0);
	end_world();
}

/* Neither does the sleeper of an answer run that was taken just before. */
static void a_repetition_comes_to_a_guest_that_is_awake(void **state)
{
	sleep_for_answer();
	pass_ms(CHIP_DELAY_MS + 20);
	assert_int_equal(take_interrupts(), 1);
	pass_ms(1400);
	assert_true(line());
	assert_int_equal(take_interrupts(), 0);
	pass_ms(250);
	assert_false(line());
	pass_ms(150);
	assert_int_equal(take_interrupts(), 1);
	pass_ms(2100);
	assert_true(line());
	enable_interrupts(false);
	assert_false(line());
	rd(ISP_REG_CONTROL);
	pass_ms(400);
	assert_false(is_shown()); /* who polls needs no repetition */
	end_world();
}

/* Who is to take the answer waits for a processor that reads the EEPROM of any port; another one takes the interrupts. */
static void no_repetition_while_an_eeprom_is_read(void **state)
{
	sleep_for_answer();
	pass_ms(CHIP_DELAY_MS + 20);
	assert_int_equal(take_interrupts(), 1);
	for (unsigned int i = 0; i < 2; i++) {
		wr(ISP_REG_NVRAM, (uint32_t)ISP_EEPROM_SELECT << 16);
		pass_ms(700);
		assert_false(line());
	}
	pass_ms(1100);
	assert_int_equal(take_interrupts(), 0);
	wr(ISP_REG_NVRAM, (uint32_t)ISP_EEPROM_SELECT << 16); /* it begins after the card has asked */
	pass_ms(400);
	assert_int_equal(take_interrupts(), 0);
	pass_ms(1000);
	assert_int_equal(take_interrupts(), 0);
	pass_ms(400);
	assert_int_equal(take_interrupts(), 1);
	end_world();
}

static void a_repetition_goes_with_the_next_command(void **state)
{
	sleep_for_answer();
	pass_ms(CHIP_DELAY_MS + 20);
	take_answer();
	pass_ms(1100);
	assert_true(line()); /* asks whether interrupts are taken */
	wr(ISP_REG_MAILBOX + 4, 0);
	assert_false(line());
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATUS }, 1);
	rd(ISP_REG_CONTROL);
	pass_ms(CHIP_DELAY_MS + 20);
	take_answer();
	pass_ms(1100);
	take_interrupts();
	pass_ms(400);
	assert_true(line());
	wr(ISP_REG_MAILBOX + 4, 0);
	assert_false(line());
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATE }, 1);
	assert_false(line());
	pass_ms(100); /* no flush read: answered all the same */
	assert_true(line());
	take_answer();
	assert_true(out[3] & ISP_FW_LINK_UP);
	end_world();
}

static void without_delay_at_once_and_once(void **state)
{
	start(ISP_DEVICE_4032);
	enable_interrupts(true);
	mailbox_set_delay(chip()->mailbox, 0);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATUS, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	pass_ms(1200);
	assert_false(line());
	end_world();
}

static void events_wait_for_their_turn(void **state)
{
	start(ISP_DEVICE_4032);
	enable_interrupts(true);
	post(ISP_AEN_DNS);
	post(ISP_AEN_ARP_COMPLETE);
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATUS }, 1);
	rd(ISP_REG_CONTROL);
	post(ISP_AEN_SYSTEM_WARNING);
	assert_int_equal(take_answer(), ISP_AEN_DNS); /* was shown before the command */
	assert_false(is_shown());		      /* the second waits for the answer */
	pass_ms(CHIP_DELAY_MS + 20);
	assert_int_equal(take_answer(), ISP_STATUS_COMPLETE);
	assert_int_equal(take_answer(), ISP_AEN_ARP_COMPLETE);
	assert_int_equal(take_answer(), ISP_AEN_SYSTEM_WARNING);
	assert_false(is_shown());
	end_world();
}

static void too_many_events_are_dropped(void **state)
{
	start(ISP_DEVICE_4032);
	for (unsigned int i = 0; i < AEN_QUEUE_MAX + 10; i++)
		post(ISP_AEN_DNS);
	assert_int_equal(aen_counters(chip()->aens)->dropped, 9);
	for (unsigned int i = 0; i < AEN_QUEUE_MAX + 1; i++)
		assert_int_equal(take_answer(), ISP_AEN_DNS);
	assert_false(is_shown());
	end_world();
}

static void disabling_is_told_after_the_answer(void **state)
{
	start(ISP_DEVICE_4032);
	assert_int_equal(command(ISP_MBOX_DISABLE_ACB, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(take_answer(), ISP_AEN_IP_STATE_CHANGED);
	assert_int_equal(out[3], ISP_IP_DISABLING);
	assert_int_equal(take_answer(), ISP_AEN_IP_STATE_CHANGED);
	assert_int_equal(out[3], ISP_IP_UNCONFIGURED);
	assert_int_equal(command(ISP_MBOX_GET_IP_STATE, 0, ISP_ADDRESS_IPV4, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[1] >> ISP_IP_STATE_SHIFT, ISP_IP_UNCONFIGURED);
	assert_int_equal(command(ISP_MBOX_GET_IFCB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_SET_ACB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_GET_IP_STATE, 0, ISP_ADDRESS_IPV4, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[1] >> ISP_IP_STATE_SHIFT, ISP_IP_PREFERRED);
	assert_int_equal(command(ISP_MBOX_GET_IP_STATE, 0, ISP_ADDRESSES, 0, 0, 0), ISP_STATUS_COMMAND_ERROR);
	end_world();
}

/* What is not settable comes from flash: the MTU, that the driver zeroes in SET_ACB, was written there before. */
static void set_acb_takes_what_is_settable(void **state)
{
	uint8_t acb[ISP_ACB_SIZE], zero[ISP_ACB_SIZE] = { 0 };

	start(ISP_DEVICE_4032);
	assert_true(isp4xxx_image_read(world.shared.image, 0, ISP_FLASH_ACB, acb, sizeof(acb)) >= 0);
	isp4xxx_set(ISP4XXX_ACB_MTU, acb, 9000);
	assert_true(isp4xxx_image_write(world.shared.image, 0, ISP_FLASH_ACB, acb, sizeof(acb)) >= 0);
	isp4xxx_set(ISP4XXX_ACB_TTL, zero, 7);
	guest_write(world.guest, BUFFER, zero, sizeof(zero));
	assert_int_equal(command(ISP_MBOX_SET_ACB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_GET_ACB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
	guest_read(world.guest, BUFFER, acb, sizeof(acb));
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_MTU, acb), 9000);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_TTL, acb), 7);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV4_ENABLE, acb), 0);
	assert_int_equal(command(ISP_MBOX_GET_ACB, 1, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMMAND_ERROR);
	end_world();
}

static void faults_strike_once(void **state)
{
	start(ISP_DEVICE_4032);
	faults_arm(world.faults[0], FAULT_MAILBOX_FAIL, ISP_MBOX_GET_FW_STATE, 1, ISP_STATUS_BUSY);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATUS, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATE, 0, 0, 0, 0, 0), ISP_STATUS_BUSY);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATE, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	faults_arm(world.faults[0], FAULT_MAILBOX_LOSE, ISP_MBOX_GET_FW_STATE, 1, 0);
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATE }, 1);
	assert_false(is_shown());
	faults_arm(world.faults[0], FAULT_MAILBOX_DOUBLE, ISP_MBOX_GET_FW_STATE, 1, 0);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATE, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(take_answer(), ISP_STATUS_COMPLETE);
	faults_arm(world.faults[0], FAULT_MAILBOX_DELAY, ISP_MBOX_GET_FW_STATE, 1, 100);
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATE }, 1);
	pass_ms(50);
	assert_false(is_shown());
	pass_ms(70);
	assert_int_equal(take_answer(), ISP_STATUS_COMPLETE);
	faults_arm(world.faults[0], FAULT_STATE_CLAIM, 0, 1, ISP_FW_CONFIGURING_IP);
	command(ISP_MBOX_GET_FW_STATE, 0, 0, 0, 0, 0);
	assert_int_equal(out[1], ISP_FW_CONFIGURING_IP);
	end_world();
}

static void events_have_faults(void **state)
{
	start(ISP_DEVICE_4032);
	faults_arm(world.faults[0], FAULT_AEN_LOSE, ISP_AEN_DNS, 1, 0);
	post(ISP_AEN_DNS);
	assert_false(is_shown());
	faults_arm(world.faults[0], FAULT_AEN_DOUBLE, ISP_AEN_DNS, 1, 0);
	post(ISP_AEN_DNS);
	assert_int_equal(take_answer(), ISP_AEN_DNS);
	assert_int_equal(take_answer(), ISP_AEN_DNS);
	faults_arm(world.faults[0], FAULT_AEN_DELAY, ISP_AEN_DNS, 1, 100);
	post(ISP_AEN_DNS);
	post(ISP_AEN_ARP_COMPLETE);
	assert_int_equal(take_answer(), ISP_AEN_ARP_COMPLETE);
	assert_false(is_shown());
	pass_ms(150);
	assert_int_equal(take_answer(), ISP_AEN_DNS);
	end_world();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_commands_are_refused),
		cmocka_unit_test(every_row_answers),
		cmocka_unit_test(buffers_have_a_gate),
		cmocka_unit_test(only_what_is_allowed_is_written),
		cmocka_unit_test(needs_its_life),
		cmocka_unit_test(polled_answers_come_at_once),
		cmocka_unit_test(a_sleeping_driver_is_answered_late_and_again),
		cmocka_unit_test(two_answers_never_wait_for_a_busy_guest),
		cmocka_unit_test(a_repetition_comes_to_a_guest_that_is_awake),
		cmocka_unit_test(no_repetition_while_an_eeprom_is_read),
		cmocka_unit_test(a_repetition_goes_with_the_next_command),
		cmocka_unit_test(without_delay_at_once_and_once),
		cmocka_unit_test(events_wait_for_their_turn),
		cmocka_unit_test(too_many_events_are_dropped),
		cmocka_unit_test(disabling_is_told_after_the_answer),
		cmocka_unit_test(set_acb_takes_what_is_settable),
		cmocka_unit_test(faults_strike_once),
		cmocka_unit_test(events_have_faults),
	};

	return cmocka_run_group_tests_name("hba_mailbox", tests, NULL, NULL);
}
