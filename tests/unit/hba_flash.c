/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Flash and EEPROM by mailbox command: segments, bounds, what lasts over boots, and credentials out of the CHAP table. */
#include "tests/hba/flash.h"

#include "tests/hba/sessions.h"
#include "tests/unit/hba_world.h"

static void start(void)
{
	make_world(ISP_DEVICE_4032, 1);
	boot();
}

static uint32_t read_flash(uint32_t address, uint32_t size)
{
	return command(ISP_MBOX_READ_FLASH, LOW(BUFFER), HIGH(BUFFER), address, size, 0);
}

static uint32_t write_flash(uint32_t address, const void *bytes, uint32_t size)
{
	guest_write(world.guest, BUFFER, bytes, size);
	return command(ISP_MBOX_WRITE_FLASH, LOW(BUFFER), HIGH(BUFFER), address, size, ISP_WRITE_FLASH_NOW);
}

static void system_information_is_there(void **state)
{
	uint8_t system[ISP_SYSTEM_SIZE];

	start();
	assert_int_equal(read_flash(ISP_FLASH_SYSTEM, sizeof(system)), ISP_STATUS_COMPLETE);
	guest_read(world.guest, BUFFER, system, sizeof(system));
	assert_memory_equal(isp4xxx_at(ISP4XXX_SYSINFO_MAC0, system), "\2\0\0\0\0\1", 6);
	assert_string_equal(isp4xxx_at(ISP4XXX_SYSINFO_SERIAL, system), "TEST1");
	end_world();
}

static void segments_have_ends(void **state)
{
	start();
	assert_int_equal(read_flash(ISP_FLASH_DDB, 0x8000), ISP_STATUS_COMPLETE);
	assert_int_equal(read_flash(ISP_FLASH_DDB + 0x8000 - 1, 2), ISP_STATUS_COMMAND_ERROR);
	assert_int_equal(read_flash(ISP_FLASH_CHAP, 0xb600), ISP_STATUS_COMPLETE);
	assert_int_equal(read_flash(ISP_FLASH_CHAP, 0xb601), ISP_STATUS_COMMAND_ERROR);
	assert_int_equal(read_flash(ISP_FLASH_CHAP + 0xffffff, 2), ISP_STATUS_COMMAND_ERROR);
	assert_int_equal(read_flash(0xff000000, 4), ISP_STATUS_COMMAND_ERROR);
	assert_int_equal(command(ISP_MBOX_WRITE_FLASH, LOW(BUFFER), HIGH(BUFFER), ISP_FLASH_DDB, 16, 4), ISP_STATUS_PARAMETER_ERROR);
	assert_int_equal(command(ISP_MBOX_WRITE_FLASH, LOW(BUFFER), HIGH(BUFFER), 0xff000000, 16, 3), ISP_STATUS_COMMAND_ERROR);
	end_world();
}

static void written_is_read(void **state)
{
	uint8_t ddb[ISP_DDB_SIZE] = { 1, 2, 3 }, read[ISP_DDB_SIZE];

	start();
	assert_false(flash_ddb(chip(), 63, read));
	isp4xxx_set(ISP4XXX_DDB_COOKIE, ddb, ISP_DDB_COOKIE);
	assert_int_equal(write_flash(ISP_FLASH_DDB + 63 * ISP_DDB_SIZE, ddb, sizeof(ddb)), ISP_STATUS_COMPLETE);
	assert_true(flash_ddb(chip(), 63, read));
	assert_memory_equal(ddb, read, sizeof(ddb));
	assert_false(flash_ddb(chip(), 64, read));
	assert_false(flash_ddb(chip(), UINT32_MAX, read));
	set(ISP_REG_CONTROL, ISP_CONTROL_SOFT_RESET);
	boot();
	assert_true(flash_ddb(chip(), 63, read));
	isp4xxx_set(ISP4XXX_DDB_COOKIE, ddb, ISP_DDB_COOKIE_DELETED);
	assert_int_equal(write_flash(ISP_FLASH_DDB + 63 * ISP_DDB_SIZE, ddb, sizeof(ddb)), ISP_STATUS_COMPLETE);
	assert_false(flash_ddb(chip(), 63, read));
	end_world();
}

static void the_block_of_flash_is_used_at_boot(void **state)
{
	uint8_t acb[ISP_ACB_SIZE];

	start();
	assert_int_equal(read_flash(ISP_FLASH_ACB, sizeof(acb)), ISP_STATUS_COMPLETE);
	guest_read(world.guest, BUFFER, acb, sizeof(acb));
	isp4xxx_set(ISP4XXX_ACB_MTU, acb, 4000);
	assert_int_equal(write_flash(ISP_FLASH_ACB, acb, sizeof(acb)), ISP_STATUS_COMPLETE);
	assert_int_not_equal(isp4xxx_get(ISP4XXX_ACB_MTU, chip()->acb), 4000);
	boot();
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_MTU, chip()->acb), 4000);
	isp4xxx_set(ISP4XXX_ACB_COOKIE, acb, 0);
	assert_int_equal(write_flash(ISP_FLASH_ACB, acb, sizeof(acb)), ISP_STATUS_COMPLETE);
	boot();
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_MTU, chip()->acb), 1500);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_COOKIE, chip()->acb), ISP_ACB_COOKIE);
	end_world();
}

static void put_chap(unsigned int index, unsigned int flags, unsigned int length, const char *name, unsigned int cookie)
{
	uint8_t entry[ISP_CHAP_SIZE] = { 0 };

	isp4xxx_set(ISP4XXX_CHAP_FLAGS, entry, flags);
	isp4xxx_set(ISP4XXX_CHAP_SECRET_LENGTH, entry, length);
	memset(isp4xxx_at(ISP4XXX_CHAP_SECRET, entry), 's', length < 100 ? length : 100);
	memcpy(isp4xxx_at(ISP4XXX_CHAP_NAME, entry), name, strlen(name));
	isp4xxx_set(ISP4XXX_CHAP_COOKIE, entry, cookie);
	assert_int_equal(write_flash(ISP_FLASH_CHAP + index * ISP_CHAP_SIZE, entry, sizeof(entry)), ISP_STATUS_COMPLETE);
}

static void credentials(void **state)
{
	struct session_chap chap;

	start();
	assert_false(chap_local(chip(), 0, &chap));
	assert_false(chap_peer(chip(), &chap));
	put_chap(4, ISP_CHAP_LOCAL, 12, "alice", ISP_CHAP_COOKIE);
	put_chap(5, ISP_CHAP_PEER, 100, "bob", ISP_CHAP_COOKIE);
	put_chap(6, ISP_CHAP_LOCAL, 101, "long", ISP_CHAP_COOKIE);
	put_chap(7, ISP_CHAP_LOCAL, 0, "short", ISP_CHAP_COOKIE);
	put_chap(8, ISP_CHAP_LOCAL, 12, "", ISP_CHAP_COOKIE);
	put_chap(9, ISP_CHAP_LOCAL, 12, "free", ISP_CHAP_COOKIE_FREE);
	assert_true(chap_local(chip(), 4, &chap));
	assert_string_equal(chap.name, "alice");
	assert_int_equal(chap.secret_length, 12);
	assert_false(chap_local(chip(), 5, &chap));
	for (unsigned int index = 6; index < 10; index++)
		assert_false(chap_local(chip(), index, &chap));
	assert_false(chap_local(chip(), 128, &chap));
	assert_false(chap_local(chip(), 0xffff, &chap));
	assert_true(chap_peer(chip(), &chap));
	assert_string_equal(chap.name, "bob");
	assert_int_equal(chap.secret_length, 100);
	end_world();
}

static void nvram(void **state)
{
	uint8_t byte = 0;

	start();
	assert_int_equal(command(ISP_MBOX_GET_NVRAM, LOW(BUFFER), HIGH(BUFFER), 8, 16, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_GET_NVRAM, LOW(BUFFER), HIGH(BUFFER), ISP_NVRAM_4022_SIZE - 4, 8, 0), ISP_STATUS_COMMAND_ERROR);
	guest_write(world.guest, BUFFER, "\x9c", 1);
	assert_int_equal(command(ISP_MBOX_SET_NVRAM, LOW(BUFFER), HIGH(BUFFER), 0x210, 1, 0), ISP_STATUS_COMPLETE);
	assert_true(isp4xxx_image_read_nvram(world.shared.image, 0x210, &byte, 1) >= 0);
	assert_int_equal(byte, 0x9c);
	end_world();
}

static void defaults_come_back(void **state)
{
	uint8_t ddb[ISP_DDB_SIZE] = { 0 }, acb[ISP_ACB_SIZE] = { 0 };

	start();
	isp4xxx_set(ISP4XXX_DDB_COOKIE, ddb, ISP_DDB_COOKIE);
	write_flash(ISP_FLASH_DDB, ddb, sizeof(ddb));
	write_flash(ISP_FLASH_ACB, acb, sizeof(acb));
	assert_int_equal(command(ISP_MBOX_RESTORE_DEFAULTS, 0, 0, ISP_FLASH_DDB >> 24, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_RESTORE_DEFAULTS, 0, 0, ISP_FLASH_ACB >> 24, 0, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_RESTORE_DEFAULTS, 0, 0, 0x77, 0, 0), ISP_STATUS_PARAMETER_ERROR);
	assert_false(flash_ddb(chip(), 0, ddb));
	assert_true(isp4xxx_image_read(world.shared.image, 0, ISP_FLASH_ACB, acb, sizeof(acb)) >= 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_COOKIE, acb), ISP_ACB_COOKIE);
	assert_non_null(strstr(isp4xxx_at(ISP4XXX_ACB_NAME, acb), "iqn."));
	end_world();
	make_world(ISP_DEVICE_4010, 1);
	boot();
	assert_int_equal(command(ISP_MBOX_RESTORE_DEFAULTS, 0, 0, 5, 0, 0), ISP_STATUS_INVALID_COMMAND);
	end_world();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_information_is_there),
		cmocka_unit_test(segments_have_ends),
		cmocka_unit_test(written_is_read),
		cmocka_unit_test(the_block_of_flash_is_used_at_boot),
		cmocka_unit_test(credentials),
		cmocka_unit_test(nvram),
		cmocka_unit_test(defaults_come_back),
	};

	return cmocka_run_group_tests_name("hba_flash", tests, NULL, NULL);
}
