/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registers of the emulated chip, driven in the order in which a driver brings a card up, resets it and shares it. */
#include "tests/unit/hba_world.h"

static uint32_t semaphore_register(void)
{
	return is_4010() ? ISP_REG_4010_NVRAM : ISP_REG_SEMAPHORE;
}

/* Write and look. */
static bool take_semaphore(unsigned int lowest)
{
	uint16_t mask = (is_4010() ? 3 : 7) << lowest, code = (is_4010() ? 3 : 4 | (world.port ? 3 : 1)) << lowest;

	wr(semaphore_register(), (uint32_t)mask << 16 | code);
	return (rd16(semaphore_register()) & mask) == code;
}

static void bring_up(uint32_t model)
{
	unsigned int driver = model == ISP_DEVICE_4010 ? ISP_SEMAPHORE_4010_DRIVER : ISP_SEMAPHORE_DRIVER;

	make_world(model, 1);
	enable_interrupts(false);
	assert_true(take_semaphore(driver));
	assert_int_equal(rd16(ISP_REG_PORT_CONTROL) & ISP_PORT_CONTROL_INITIALISED, 0);
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	assert_int_equal(rd(ISP_REG_CONTROL) & (ISP_CONTROL_SOFT_RESET | ISP_CONTROL_FORCE_RESET | ISP_CONTROL_NET_RESET), 0);
	assert_int_not_equal(rd16(ISP_REG_MAILBOX), ISP_STATUS_COMPLETE);
	assert_int_equal(rd16(semaphore_register()) & ~0xf, 0);
	assert_true(take_semaphore(driver));
	wr(ISP_REG_EXT_HW_CONFIG, 0xffff1912);
	assert_int_equal(rd(ISP_REG_EXT_HW_CONFIG), 0x1912);
	wr(ISP_REG_MAILBOX + 4 * 7, 12345);
	wr(ISP_REG_MAILBOX + 4 * 6, 2);
	boot();
	assert_int_equal(rd16(ISP_REG_PORT_CONTROL), ISP_PORT_CONTROL_INITIALISED);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATE, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[1], ISP_FW_CONFIG_WAIT);
	init_firmware();
	assert_int_equal(take_answer(), ISP_AEN_LINK_UP);
	assert_int_equal(command(ISP_MBOX_GET_FW_STATE, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[1], 0);
	assert_true(out[3] & ISP_FW_LINK_UP);
	end_world();
}

static void bring_up_4010(void **state)
{
	bring_up(ISP_DEVICE_4010);
}

static void bring_up_4022(void **state)
{
	bring_up(ISP_DEVICE_4022);
}

static void bring_up_4032(void **state)
{
	bring_up(ISP_DEVICE_4032);
}

static void says_its_function(void **state)
{
	make_world(ISP_DEVICE_4032, 2);
	assert_int_equal(rd(ISP_REG_CONTROL) & ISP_CONTROL_FUNCTION, 0x500);
	world.port = 1;
	wr(ISP_REG_CONTROL, 0x07000000);
	assert_int_equal(rd(ISP_REG_CONTROL) & ISP_CONTROL_FUNCTION, 0x700);
	end_world();
	make_world(ISP_DEVICE_4010, 1);
	assert_int_equal(rd(ISP_REG_CONTROL) & ISP_CONTROL_FUNCTION, 0);
	end_world();
}

static void semaphores_are_given_once(void **state)
{
	make_world(ISP_DEVICE_4032, 2);
	wr(ISP_REG_SEMAPHORE, 0x000e000a);
	assert_int_equal(rd16(ISP_REG_SEMAPHORE), 0x000a);
	wr(ISP_REG_SEMAPHORE, 0xe000a000);
	assert_int_equal(rd16(ISP_REG_SEMAPHORE), 0xa00a);
	wr(ISP_REG_SEMAPHORE, 0x1c001400);
	assert_int_equal(rd16(ISP_REG_SEMAPHORE), 0xb40a);
	world.port = 1;
	assert_false(take_semaphore(ISP_SEMAPHORE_DRIVER));
	clear(ISP_REG_SEMAPHORE, 0x000e);
	assert_int_equal(rd16(ISP_REG_SEMAPHORE), 0xb40a);
	world.port = 0;
	assert_true(take_semaphore(ISP_SEMAPHORE_DRIVER));
	clear(ISP_REG_SEMAPHORE, 0x000e);
	world.port = 1;
	assert_true(take_semaphore(ISP_SEMAPHORE_DRIVER));
	assert_int_equal(rd16(ISP_REG_SEMAPHORE), 0xb40e);
	end_world();
}

static void a_semaphore_can_be_held(void **state)
{
	make_world(ISP_DEVICE_4010, 1);
	faults_arm(world.faults[0], FAULT_SEMAPHORE_HELD, ISP_SEMAPHORE_4010_DRIVER, 1, 0);
	assert_false(take_semaphore(ISP_SEMAPHORE_4010_DRIVER));
	assert_true(take_semaphore(ISP_SEMAPHORE_4010_NVRAM));
	assert_true(take_semaphore(ISP_SEMAPHORE_4010_DRIVER));
	end_world();
}

static void line_follows_causes(uint32_t model)
{
	make_world(model, 1);
	chip_raise(chip(), ISP_CONTROL_COMPLETION);
	assert_false(line());
	enable_interrupts(true);
	assert_true(line());
	chip_raise(chip(), ISP_CONTROL_PROCESSOR);
	set(ISP_REG_CONTROL, ISP_CONTROL_PROCESSOR);
	assert_true(line());
	wr(ISP_REG_RESPONSE_OUT, 0);
	assert_false(line());
	chip_raise(chip(), ISP_CONTROL_COMPLETION);
	assert_true(line());
	wr(ISP_REG_CONTROL, ISP_CONTROL_COMPLETION); /* its mask bit is not set */
	assert_true(line());
	set(ISP_REG_CONTROL, ISP_CONTROL_COMPLETION);
	assert_false(line());
	enable_interrupts(false);
	chip_raise(chip(), ISP_CONTROL_RESET_INTERRUPT);
	assert_false(line());
	chip_raise(chip(), ISP_CONTROL_FATAL);
	assert_true(line());
	set(ISP_REG_CONTROL, ISP_CONTROL_FATAL);
	assert_false(line());
	end_world();
}

static void interrupts(void **state)
{
	line_follows_causes(ISP_DEVICE_4010);
	line_follows_causes(ISP_DEVICE_4032);
}

static void start_both(void)
{
	make_world(ISP_DEVICE_4032, 2);
	for (world.port = 0; world.port < 2; world.port++) {
		boot();
		init_firmware();
		assert_int_equal(take_answer(), ISP_AEN_LINK_UP);
		enable_interrupts(true);
	}
	world.port = 0;
}

static void reset_waits_for_the_other_function(void **state)
{
	start_both();
	enable_interrupts(false);
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	assert_true(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	assert_int_equal(chip()->life, CHIP_RESET);
	world.port = 1;
	assert_int_equal(chip()->life, CHIP_RESET);
	assert_true(line());
	assert_true(rd(ISP_REG_CONTROL) & ISP_CONTROL_RESET_INTERRUPT);
	set(ISP_REG_CONTROL, ISP_CONTROL_RESET_INTERRUPT);
	assert_false(line());
	world.port = 0;
	assert_false(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	/* The card is still configured: the next start needs no reset of its own. */
	assert_true(rd(ISP_REG_PORT_CONTROL) & ISP_PORT_CONTROL_INITIALISED);
	assert_int_equal(rd(ISP_REG_MAILBOX), 0);
	boot();
	end_world();
}

static void reset_does_not_wait_for_nobody(void **state)
{
	make_world(ISP_DEVICE_4032, 2);
	boot();
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	assert_false(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	world.port = 1;
	assert_false(rd(ISP_REG_CONTROL) & ISP_CONTROL_RESET_INTERRUPT);
	end_world();
}

static void reset_can_be_forced(void **state)
{
	start_both();
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	assert_true(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	set(ISP_REG_CONTROL, ISP_CONTROL_FORCE_RESET);
	assert_int_equal(rd(ISP_REG_CONTROL) & (ISP_CONTROL_SOFT_RESET | ISP_CONTROL_FORCE_RESET), 0);
	end_world();
	make_world(ISP_DEVICE_4010, 1);
	faults_arm(world.faults[0], FAULT_RESET_STUCK, 0, 1, 0);
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	assert_true(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	set(ISP_REG_CONTROL, ISP_CONTROL_FORCE_RESET);
	assert_false(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	end_world();
}

static void a_foreign_reset_can_be_faked(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	boot();
	init_firmware();
	take_answer();
	enable_interrupts(true);
	faults_arm(world.faults[0], FAULT_RESET_RAISED, 0, 1, 0);
	wr(ISP_REG_REQUEST_IN, 0);
	assert_true(line());
	assert_int_equal(rd(ISP_REG_CONTROL) & ISP_CONTROL_PENDING, ISP_CONTROL_RESET_INTERRUPT);
	assert_int_equal(chip()->life, CHIP_RESET);
	set(ISP_REG_CONTROL, ISP_CONTROL_RESET_INTERRUPT);
	assert_false(line());
	end_world();
}

static void an_own_reset_interrupt_holds_the_reset(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	chip_raise(chip(), ISP_CONTROL_RESET_INTERRUPT);
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	assert_true(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	set(ISP_REG_CONTROL, ISP_CONTROL_BOOT); /* not before it is over */
	assert_int_equal(chip()->life, CHIP_RESET);
	set(ISP_REG_CONTROL, ISP_CONTROL_RESET_INTERRUPT);
	assert_false(rd(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET);
	boot();
	end_world();
}

static void power_frees_what_was_held(void **state)
{
	make_world(ISP_DEVICE_4032, 2);
	assert_true(take_semaphore(ISP_SEMAPHORE_DRIVER));
	boot();
	world.port = 1;
	boot();
	world.port = 0;
	chip_ops.reset(chip());
	assert_int_equal(rd(ISP_REG_SEMAPHORE), 0);
	assert_true(rd(ISP_REG_PORT_CONTROL) & ISP_PORT_CONTROL_INITIALISED);
	world.port = 1;
	chip_ops.reset(chip());
	assert_false(rd(ISP_REG_PORT_CONTROL) & ISP_PORT_CONTROL_INITIALISED);
	end_world();
}

static void a_boot_can_fail(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	faults_arm(world.faults[0], FAULT_BOOT_FAIL, 0, 1, 0x4002);
	set(ISP_REG_CONTROL, ISP_CONTROL_BOOT);
	assert_int_equal(take_answer(), 0x4002);
	assert_int_equal(chip()->life, CHIP_RESET);
	boot();
	end_world();
}

static void death_is_told_and_silent(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	boot();
	init_firmware();
	take_answer();
	enable_interrupts(true);
	chip_die(chip(), false);
	assert_true(line());
	assert_int_equal(take_answer(), ISP_AEN_SYSTEM_ERROR);
	set(ISP_REG_CONTROL, ISP_CONTROL_DOORBELL);
	pass_ms(100);
	assert_false(line());
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	enable_interrupts(false);
	boot();
	assert_int_equal(command(ISP_MBOX_GET_CRASH_RECORD, 0, 0, 0, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(out[4], ISP_CRASH_SIZE);
	assert_int_equal(command(ISP_MBOX_GET_CRASH_RECORD, 0, LOW(BUFFER), HIGH(BUFFER), out[4], 0), ISP_STATUS_COMPLETE);
	end_world();
}

static void fatal_needs_no_enable(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	boot();
	chip_die(chip(), true);
	assert_true(line());
	assert_int_not_equal(rd(ISP_REG_PORT_ERROR), 0);
	assert_int_equal(rd(ISP_REG_PORT_ERROR), 0);
	set(ISP_REG_CONTROL, ISP_CONTROL_FATAL);
	assert_false(line());
	end_world();
}

static void hung_it_answers_later(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	boot();
	chip_hang(chip(), true);
	ring((const uint32_t[]){ ISP_MBOX_GET_FW_STATE }, 1);
	pass_ms(50);
	assert_false(rd(ISP_REG_CONTROL) & ISP_CONTROL_PROCESSOR);
	chip_hang(chip(), false);
	assert_int_equal(take_answer(), ISP_STATUS_COMPLETE);
	end_world();
}

static void beats_if_asked(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	boot();
	assert_int_equal(command(ISP_MBOX_GET_IFCB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
	guest_read(world.guest, BUFFER, chip()->acb, ISP_ACB_SIZE);
	isp4xxx_set(ISP4XXX_ACB_HEARTBEAT, chip()->acb, 1);
	isp4xxx_set(ISP4XXX_ACB_HEARTBEAT_INTERVAL, chip()->acb, 1);
	guest_write(world.guest, BUFFER, chip()->acb, ISP_ACB_SIZE);
	assert_int_equal(command(ISP_MBOX_INIT_FW, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(take_answer(), ISP_AEN_LINK_UP);
	assert_int_equal(take_answer(), ISP_AEN_HEARTBEAT);
	pass_ms(1200);
	assert_int_equal(take_answer(), ISP_AEN_HEARTBEAT);
	chip_beat(chip(), false);
	pass_ms(1200);
	assert_false(rd(ISP_REG_CONTROL) & ISP_CONTROL_PROCESSOR);
	end_world();
}

static void odd_accesses_do_nothing(void **state)
{
	make_world(ISP_DEVICE_4032, 1);
	chip_ops.write(chip(), ISP_REG_CONTROL, 2, 0xffff);
	chip_ops.write(chip(), ISP_REG_CONTROL + 3, 1, 0xff);
	wr(0xf0, 0xffffffff);
	wr(ISP_REG_PORT_STATUS, 0xffffffff);
	assert_int_equal(chip()->counters.bad_accesses, 4);
	assert_int_equal(rd(0xf0), 0);
	assert_int_equal(chip_ops.read(chip(), ISP_REG_CONTROL + 1, 1), 0x05);
	set(ISP_REG_CONTROL, 1); /* page 1 */
	assert_int_equal(rd(ISP_REG_PORT_STATUS), 0);
	clear(ISP_REG_CONTROL, 1);
	assert_true(rd(ISP_REG_PORT_STATUS) & ISP_PORT_STATUS_LINK0);
	end_world();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bring_up_4010),
		cmocka_unit_test(bring_up_4022),
		cmocka_unit_test(bring_up_4032),
		cmocka_unit_test(says_its_function),
		cmocka_unit_test(semaphores_are_given_once),
		cmocka_unit_test(a_semaphore_can_be_held),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(reset_waits_for_the_other_function),
		cmocka_unit_test(reset_does_not_wait_for_nobody),
		cmocka_unit_test(reset_can_be_forced),
		cmocka_unit_test(a_foreign_reset_can_be_faked),
		cmocka_unit_test(an_own_reset_interrupt_holds_the_reset),
		cmocka_unit_test(power_frees_what_was_held),
		cmocka_unit_test(a_boot_can_fail),
		cmocka_unit_test(death_is_told_and_silent),
		cmocka_unit_test(fatal_needs_no_enable),
		cmocka_unit_test(hung_it_answers_later),
		cmocka_unit_test(beats_if_asked),
		cmocka_unit_test(odd_accesses_do_nothing),
	};

	return cmocka_run_group_tests_name("hba_chip", tests, NULL, NULL);
}
