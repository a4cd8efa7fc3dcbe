/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What differs between the chips is where it is written, and how long it is waited for: interrupts, semaphores, resets that end by
 * themselves, by force, or never, and a card that is pulled meanwhile.
 */
#include "tests/unit/qla4xxx_registers.h"

#include "drivers/qla4xxx/chip.c"

#define ON(bits)	((u32)(bits) << 16 | (bits))
#define OFF(bits)	((u32)(bits) << 16)

static struct {
	struct chip chip;
	unsigned int reset_ms, force_ms;	/* until the bit falls; 0: never */
	unsigned long began, forced;
	bool needs_acknowledge;			/* does not take a reset with an interrupt of the last one pending */
	bool net_reset;				/* a reset raises the network's, too */
	u16 owner;				/* of a semaphore, another function: granted to nobody else until */
	unsigned long released;
	u16 owner_mask;
} world;

static void on_write(enum isp_register reg, u32 value)
{
	u32 *control = registers_at(ISP_REG_CONTROL);

	if (reg == world.chip.model->semaphore_register && world.owner && time_before(jiffies, world.released))
		*registers_at(reg) = (*registers_at(reg) & ~(u32)world.owner_mask) | world.owner;
	if (reg != ISP_REG_CONTROL)
		return;
	/* Written as ones, these are acknowledged. */
	*control &= ~(value & (value >> 16) & (ISP_CONTROL_RESET_INTERRUPT | ISP_CONTROL_NET_RESET));
	if (value & value >> 16 & ISP_CONTROL_SOFT_RESET) {
		assert_true(!world.needs_acknowledge || registers_written(ISP_REG_CONTROL, ON(ISP_CONTROL_RESET_INTERRUPT)));
		world.began = jiffies;
		if (world.net_reset)
			*control |= ISP_CONTROL_NET_RESET;
	}
	if (value & value >> 16 & ISP_CONTROL_FORCE_RESET)
		world.forced = jiffies;
}

static void on_pass(void)
{
	u32 *control = registers_at(ISP_REG_CONTROL);

	if (world.reset_ms && !time_before(jiffies, world.began + world.reset_ms))
		*control &= ~(u32)ISP_CONTROL_SOFT_RESET;
	if (world.force_ms && world.forced && !time_before(jiffies, world.forced + world.force_ms))
		*control &= ~(u32)(ISP_CONTROL_FORCE_RESET | ISP_CONTROL_SOFT_RESET);
}

static void begin(u16 device, unsigned int index)
{
	registers_begin(device == ISP_DEVICE_4010);
	memset(&world, 0, sizeof(world));
	world.chip.regs = registers.space;
	world.chip.model = chip_model_find(device);
	assert_non_null(world.chip.model);
	world.chip.index = index;
	registers.on_write = on_write;
	registers.on_pass = on_pass;
}

static void test_models(void **state)
{
	static const u16 others[] = { 0, 0x3010, 0x4000, 0x8022, 0x8324, 0x8042 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		assert_null(chip_model_find(others[i]));
	assert_string_equal(chip_model_find(ISP_DEVICE_4010)->name, "QLA4010");
	assert_string_equal(chip_model_find(ISP_DEVICE_4022)->name, "QLA4022");
	assert_string_equal(chip_model_find(ISP_DEVICE_4032)->name, "QLA4032");
	assert_false(chip_model_find(ISP_DEVICE_4010)->has_ipv6);
	assert_int_equal(chip_model_find(ISP_DEVICE_4010)->eeprom_words, 256);
	assert_int_equal(chip_model_find(ISP_DEVICE_4032)->eeprom_words, 1024);
}

static void test_interrupts(void **state)
{
	static const struct { u16 device; enum isp_register reg; } rows[] = {
		{ ISP_DEVICE_4010, ISP_REG_CONTROL }, { ISP_DEVICE_4022, ISP_REG_INTERRUPT_MASK }, { ISP_DEVICE_4032, ISP_REG_INTERRUPT_MASK },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(rows[i].device, 1);
		chip_interrupts(&world.chip, true);
		assert_int_equal(registers.writes[0].reg, rows[i].reg);
		assert_int_equal(registers.writes[0].value, 0x00040004);
		chip_interrupts(&world.chip, false);
		assert_int_equal(registers.writes[1].reg, rows[i].reg);
		assert_int_equal(registers.writes[1].value, 0x00040000);
		assert_int_equal(registers.count, 2);
		/* Each has arrived. */
		assert_int_equal(registers.reads, 2);
	}
}

static void test_function(void **state)
{
	begin(ISP_DEVICE_4032, 0);
	*registers_at(ISP_REG_CONTROL) = 0x0500;
	chip_read_function(&world.chip);
	assert_int_equal(world.chip.index, 1);
	*registers_at(ISP_REG_CONTROL) = 0x0700;
	chip_read_function(&world.chip);
	assert_int_equal(world.chip.index, 3);
	begin(ISP_DEVICE_4010, 0);
	*registers_at(ISP_REG_CONTROL) = 0x0700;
	chip_read_function(&world.chip);
	assert_int_equal(world.chip.index, 0);
}

static const struct {
	u16 device, index;
	enum chip_semaphore semaphore;
	u32 reg, take, release;
} semaphores[] = {
	{ ISP_DEVICE_4010, 0, CHIP_DRIVER, 0x2c, 0x00300030, 0x00300000 },
	{ ISP_DEVICE_4010, 0, CHIP_NVRAM, 0x2c, 0x30003000, 0x30000000 },
	{ ISP_DEVICE_4010, 0, CHIP_FLASH, 0x2c, 0xc000c000, 0xc0000000 },
	{ ISP_DEVICE_4022, 1, CHIP_DRIVER, 0x34, 0x000e000a, 0x000e0000 },
	{ ISP_DEVICE_4022, 3, CHIP_NVRAM, 0x34, 0x1c001c00, 0x1c000000 },
	{ ISP_DEVICE_4032, 1, CHIP_FLASH, 0x34, 0xe000a000, 0xe0000000 },
	{ ISP_DEVICE_4032, 3, CHIP_DRIVER, 0x34, 0x000e000e, 0x000e0000 },
};

static void test_semaphores(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(semaphores); i++) {
		begin(semaphores[i].device, semaphores[i].index);
		assert_int_equal(chip_take(&world.chip, semaphores[i].semaphore, 1), 0);
		assert_int_equal(registers.writes[0].reg, semaphores[i].reg);
		assert_int_equal(registers.writes[0].value, semaphores[i].take);
		/* Once more is granted, as it is one's own. */
		assert_int_equal(chip_take(&world.chip, semaphores[i].semaphore, 1), 0);
		chip_release(&world.chip, semaphores[i].semaphore);
		assert_int_equal(registers.writes[2].value, semaphores[i].release);
		assert_int_equal(*registers_at(semaphores[i].reg), 0);
	}
}

static void test_semaphore_held(void **state)
{
	unsigned long before;

	begin(ISP_DEVICE_4022, 1);
	world.owner_mask = 0x000e;
	world.owner = 0x000e;
	world.released = jiffies + 1000000;
	before = jiffies;
	assert_int_equal(chip_take(&world.chip, CHIP_DRIVER, 3), -ETIMEDOUT);
	assert_in_range(jiffies - before, 3000, 3100);
	world.released = jiffies + 500;
	before = jiffies;
	assert_int_equal(chip_take(&world.chip, CHIP_DRIVER, 3), 0);
	assert_in_range(jiffies - before, 500, 600);
}

static void test_gone(void **state)
{
	unsigned long before = jiffies;

	begin(ISP_DEVICE_4032, 1);
	assert_false(chip_gone(&world.chip));
	registers.is_gone = true;
	assert_true(chip_gone(&world.chip));
	assert_int_equal(chip_take(&world.chip, CHIP_DRIVER, 60), -ENODEV);
	assert_int_equal(chip_soft_reset(&world.chip), -ENODEV);
	assert_int_equal(chip_reset_wait(&world.chip, 60), -ENODEV);
	assert_int_equal(jiffies, before);
	/* All ones look like a semaphore whose code is all ones: that of function 3. */
	world.chip.index = 3;
	assert_int_equal(chip_take(&world.chip, CHIP_DRIVER, 60), -ENODEV);
}

static void test_reset(void **state)
{
	begin(ISP_DEVICE_4022, 1);
	*registers_at(ISP_REG_CONTROL) = ISP_CONTROL_RESET_INTERRUPT;
	world.needs_acknowledge = true;
	world.reset_ms = 700;
	assert_int_equal(chip_soft_reset(&world.chip), 0);
	assert_in_range(jiffies - world.began, 700, 720);
	assert_int_equal(registers_written(ISP_REG_CONTROL, ON(ISP_CONTROL_FORCE_RESET)), 0);
	assert_int_equal(*registers_at(ISP_REG_CONTROL), 0);
}

/* The interrupt that the reset itself raises is not left behind. */
static void raise_reset(void)
{
	on_pass();
	if (!(*registers_at(ISP_REG_CONTROL) & ISP_CONTROL_SOFT_RESET))
		*registers_at(ISP_REG_CONTROL) |= ISP_CONTROL_RESET_INTERRUPT;
}

static void test_reset_interrupt(void **state)
{
	begin(ISP_DEVICE_4022, 1);
	world.reset_ms = 100;
	registers.on_pass = raise_reset;
	assert_int_equal(chip_soft_reset(&world.chip), 0);
	assert_int_equal(*registers_at(ISP_REG_CONTROL) & ISP_CONTROL_RESET_INTERRUPT, 0);
}

static void test_reset_forced(void **state)
{
	unsigned long before = jiffies;

	begin(ISP_DEVICE_4032, 1);
	world.force_ms = 100;
	assert_int_equal(chip_soft_reset(&world.chip), 0);
	assert_int_equal(registers_written(ISP_REG_CONTROL, ON(ISP_CONTROL_FORCE_RESET)), 1);
	assert_in_range(jiffies - before, 30100, 30300);
}

static void test_reset_never_ends(void **state)
{
	unsigned long before = jiffies;

	begin(ISP_DEVICE_4032, 1);
	assert_int_equal(chip_soft_reset(&world.chip), -ETIMEDOUT);
	assert_in_range(jiffies - before, 60000, 60300);
}

/* Bit 11 is the network's reset on a 4010, which is waited for and acknowledged; on the others it is a link without a cable. */
static void test_net_reset(void **state)
{
	begin(ISP_DEVICE_4010, 0);
	world.net_reset = true;
	world.reset_ms = 100;
	assert_int_equal(chip_soft_reset(&world.chip), 0);
	assert_in_range(jiffies - world.began, 3000, 3100);
	assert_int_equal(registers_written(ISP_REG_CONTROL, ON(ISP_CONTROL_NET_RESET)), 1);
	begin(ISP_DEVICE_4022, 1);
	world.net_reset = true;
	world.reset_ms = 100;
	assert_int_equal(chip_soft_reset(&world.chip), 0);
	assert_in_range(jiffies - world.began, 100, 120);
	assert_int_equal(registers_written(ISP_REG_CONTROL, ON(ISP_CONTROL_NET_RESET)), 0);
}

static void pull(void)
{
	registers.is_gone = true;
}

static void test_pulled_while_waiting(void **state)
{
	unsigned long before = jiffies;

	begin(ISP_DEVICE_4010, 0);
	registers.on_pass = pull;
	assert_int_equal(chip_soft_reset(&world.chip), -ENODEV);
	assert_in_range(jiffies - before, 1, 100);
}

/* Somebody else's reset: its end is waited for, nothing is written. */
static void test_reset_wait(void **state)
{
	unsigned long before = jiffies;

	begin(ISP_DEVICE_4022, 3);
	*registers_at(ISP_REG_CONTROL) = ISP_CONTROL_SOFT_RESET | ISP_CONTROL_RESET_INTERRUPT;
	world.began = jiffies;
	world.reset_ms = 400;
	assert_int_equal(chip_reset_wait(&world.chip, 3), 0);
	assert_in_range(jiffies - before, 400, 420);
	assert_int_equal(registers.count, 0);
	*registers_at(ISP_REG_CONTROL) = ISP_CONTROL_FORCE_RESET;
	assert_int_equal(chip_reset_wait(&world.chip, 3), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_models), cmocka_unit_test(test_interrupts), cmocka_unit_test(test_function),
		cmocka_unit_test(test_semaphores), cmocka_unit_test(test_semaphore_held), cmocka_unit_test(test_gone),
		cmocka_unit_test(test_reset), cmocka_unit_test(test_reset_interrupt), cmocka_unit_test(test_reset_forced),
		cmocka_unit_test(test_reset_never_ends), cmocka_unit_test(test_net_reset), cmocka_unit_test(test_pulled_while_waiting),
		cmocka_unit_test(test_reset_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
