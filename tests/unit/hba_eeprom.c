/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The serial EEPROM of the emulated chip, bit by bit through its register as drivers do it. */
#include "tests/unit/hba_world.h"

static void lines(uint16_t bits)
{
	uint32_t offset = is_4010() ? ISP_REG_4010_NVRAM : ISP_REG_NVRAM;

	wr(offset, 0x000f0000U | bits);
	rd(offset);
}

static void clock_bit(bool bit)
{
	uint16_t data = bit ? ISP_EEPROM_DATA_IN : 0;

	lines(ISP_EEPROM_SELECT | data);
	lines(ISP_EEPROM_SELECT | data | ISP_EEPROM_CLOCK);
	lines(ISP_EEPROM_SELECT | data);
}

static unsigned int address_bits(void)
{
	return is_4010() ? 8 : 10;
}

/* Selects, and sends start bit, opcode and address. */
static void begin(unsigned int opcode, unsigned int address)
{
	lines(ISP_EEPROM_SELECT);
	clock_bit(1);
	clock_bit(opcode & 2);
	clock_bit(opcode & 1);
	for (unsigned int i = address_bits(); i--;)
		clock_bit(address >> i & 1);
}

static uint16_t take_word(void)
{
	uint16_t word = 0;

	for (unsigned int i = 0; i < 16; i++) {
		lines(ISP_EEPROM_SELECT | ISP_EEPROM_CLOCK);
		lines(ISP_EEPROM_SELECT);
		word = word << 1 | !!(rd16(is_4010() ? ISP_REG_4010_NVRAM : ISP_REG_NVRAM) & ISP_EEPROM_DATA_OUT);
	}
	return word;
}

static uint16_t read_word(unsigned int address)
{
	uint16_t word;

	begin(ISP_EEPROM_READ, address);
	word = take_word();
	lines(0);
	return word;
}

static void write_word(unsigned int opcode, unsigned int address, uint16_t word)
{
	begin(opcode, address);
	for (unsigned int i = 16; i--;)
		clock_bit(word >> i & 1);
	lines(0);
}

static void extended(unsigned int which)
{
	begin(ISP_EEPROM_EXTENDED, which << (address_bits() - 2));
	lines(0);
}

static void reads_all(uint32_t model, unsigned int words)
{
	uint8_t bytes[2];
	uint16_t sum = 0, next;

	make_world(model, 1);
	for (unsigned int i = 0; i < words; i++) {
		uint16_t word = read_word(i);

		assert_true(isp4xxx_image_read_nvram(world.shared.image, 2 * i, bytes, 2) >= 0);
		assert_int_equal(word, bytes[0] | bytes[1] << 8);
		sum += word;
	}
	assert_int_equal(sum, 0);
	/* Without a new address the next words follow. */
	begin(ISP_EEPROM_READ, words - 1);
	take_word();
	next = take_word();
	lines(0);
	assert_int_equal(next, read_word(0));
	end_world();
}

static void reads(void **state)
{
	reads_all(ISP_DEVICE_4010, ISP_EEPROM_4010_WORDS);
	reads_all(ISP_DEVICE_4032, ISP_EEPROM_4022_WORDS);
}

static void semaphores_stay(void **state)
{
	make_world(ISP_DEVICE_4010, 1);
	wr(ISP_REG_4010_NVRAM, 0x30003000);
	read_word(3);
	assert_int_equal(rd16(ISP_REG_4010_NVRAM) & 0xfff0, 0x3000);
	end_world();
}

static void writes_when_enabled(void **state)
{
	uint16_t before;

	make_world(ISP_DEVICE_4022, 1);
	before = read_word(0x100);
	write_word(ISP_EEPROM_WRITE, 0x100, before ^ 0xffff);
	assert_int_equal(read_word(0x100), before);
	extended(3);
	write_word(ISP_EEPROM_WRITE, 0x100, 0x1234);
	assert_int_equal(read_word(0x100), 0x1234);
	begin(ISP_EEPROM_ERASE, 0x100);
	lines(0);
	assert_int_equal(read_word(0x100), 0xffff);
	write_word(ISP_EEPROM_EXTENDED, 1 << 8, 0xa5a5);
	assert_int_equal(read_word(0x3ff), 0xa5a5);
	extended(2);
	assert_int_equal(read_word(0), 0xffff);
	extended(0);
	write_word(ISP_EEPROM_WRITE, 0x100, 0x1234);
	assert_int_equal(read_word(0x100), 0xffff);
	end_world();
}

static void functions_do_not_disturb_each_other(void **state)
{
	uint16_t word;

	make_world(ISP_DEVICE_4032, 2);
	word = read_word(4);
	begin(ISP_EEPROM_READ, 4);
	world.port = 1;
	assert_int_equal(read_word(4), word);
	world.port = 0;
	assert_int_equal(take_word(), word);
	end_world();
}

static void the_sum_can_be_wrong(void **state)
{
	uint16_t last;

	make_world(ISP_DEVICE_4010, 1);
	last = read_word(255);
	faults_arm(world.faults[0], FAULT_EEPROM_SUM, 0, 1, 0);
	assert_int_not_equal(read_word(255), last);
	assert_int_equal(read_word(255), last);
	end_world();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(semaphores_stay),
		cmocka_unit_test(writes_when_enabled),
		cmocka_unit_test(functions_do_not_disturb_each_other),
		cmocka_unit_test(the_sum_can_be_wrong),
	};

	return cmocka_run_group_tests_name("hba_eeprom", tests, NULL, NULL);
}
