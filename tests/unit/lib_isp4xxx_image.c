/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image file of an ISP4xxx: made, opened, refused, written, locked, verified; and what a new card holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/isp4xxx.h"
#include "transport/abi/isp4xxx.h"

static const struct isp4xxx_identity two_ports = {
	.model = 0x4032,
	.ports = 2,
	.serial = "EMU0001",
	.mac = {{0, 0xc0, 0xdd, 1, 2, 3}, {0, 0xc0, 0xdd, 1, 2, 4}},
};

static char folder[64], path[96];

static int make_folder(void **state)
{
	snprintf(folder, sizeof(folder), "/tmp/openhba-image-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/card", folder);
	return 0;
}

static int remove_folder(void **state)
{
	unlink(path);
	return rmdir(folder);
}

static struct isp4xxx_image *opened(bool may_write)
{
	struct isp4xxx_image *image;

	assert_int_equal(isp4xxx_image_open(path, may_write, &image), 0);
	return image;
}

static void a_new_image_is_sound(void **state)
{
	static const unsigned int models[] = {0x4010, 0x4022, 0x4032};

	for (size_t i = 0; i < 3; i++) {
		for (unsigned int ports = 1; ports <= 2; ports++) {
			struct isp4xxx_identity identity = two_ports;
			struct isp4xxx_image *image;
			struct text findings = {0};

			identity.model = models[i];
			identity.ports = ports;
			assert_int_equal(isp4xxx_image_new(&identity, &image), 0);
			assert_int_equal(isp4xxx_image_verify(image, &findings), 0);
			assert_int_equal(isp4xxx_image_model(image), models[i]);
			assert_int_equal(isp4xxx_image_ports(image), ports);
			isp4xxx_image_free(image);
			text_done(&findings);
		}
	}
}

static void identities_are_checked(void **state)
{
	struct isp4xxx_identity bad[4] = {two_ports, two_ports, two_ports, two_ports};
	struct isp4xxx_image *image;

	bad[0].model = 0x8022;
	bad[1].ports = 3;
	bad[2].serial[0] = '\0';
	bad[3].serial[2] = '\n';
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(isp4xxx_image_new(&bad[i], &image), -EINVAL);
}

static void a_file_keeps_what_is_written(void **state)
{
	struct isp4xxx_image *image;
	uint8_t bytes[3];
	struct stat status;

	assert_int_equal(isp4xxx_image_create(path, &two_ports), 0);
	assert_int_equal(isp4xxx_image_create(path, &two_ports), -EEXIST);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	image = opened(true);
	assert_int_equal(isp4xxx_image_write(image, 1, ISP4XXX_FLASH_CHAP + 0xb5fd, "xyz", 3), 0);
	assert_int_equal(isp4xxx_image_write_nvram(image, 2045, "abc", 3), 0);
	assert_int_equal(isp4xxx_image_sync(image), 0);
	isp4xxx_image_free(image);
	image = opened(false);
	assert_int_equal(isp4xxx_image_read(image, 1, ISP4XXX_FLASH_CHAP + 0xb5fd, bytes, 3), 0);
	assert_memory_equal(bytes, "xyz", 3);
	assert_int_equal(isp4xxx_image_read_nvram(image, 2045, bytes, 3), 0);
	assert_memory_equal(bytes, "abc", 3);
	assert_int_equal(isp4xxx_image_read(image, 0, ISP4XXX_FLASH_CHAP + 0xb5fd, bytes, 3), 0);
	assert_memory_equal(bytes, "\xff\xff\xff", 3);
	assert_int_equal(isp4xxx_image_write(image, 0, ISP4XXX_FLASH_IFCB, "x", 1), -EROFS);
	isp4xxx_image_free(image);
	unlink(path);
}

static void what_is_beyond_is_refused(void **state)
{
	struct isp4xxx_image *image;
	uint8_t bytes[0xb601];

	assert_int_equal(isp4xxx_image_new(&two_ports, &image), 0);
	assert_int_equal(isp4xxx_image_read(image, 0, ISP4XXX_FLASH_CHAP, bytes, 0xb600), 0);
	assert_int_equal(isp4xxx_image_read(image, 0, ISP4XXX_FLASH_CHAP, bytes, 0xb601), -ERANGE);
	assert_int_equal(isp4xxx_image_read(image, 0, ISP4XXX_FLASH_DDB + 0x8000, bytes, 1), -ERANGE);
	assert_int_equal(isp4xxx_image_read(image, 0, ISP4XXX_FLASH_DDB + 0xffffff, bytes, SIZE_MAX), -ERANGE);
	assert_int_equal(isp4xxx_image_read(image, 0, ISP4XXX_FLASH_DDB + 0x8000, bytes, 0), 0);
	assert_int_equal(isp4xxx_image_read(image, 2, ISP4XXX_FLASH_DDB, bytes, 1), -ENXIO);
	assert_int_equal(isp4xxx_image_read(image, 0, 0x07000000, bytes, 1), -ENXIO);
	assert_int_equal(isp4xxx_image_write(image, 0, 0x8e000000, bytes, 1), -ENXIO);
	assert_int_equal(isp4xxx_image_read_nvram(image, 2048, bytes, 1), -ERANGE);
	assert_int_equal(isp4xxx_image_read_nvram(image, SIZE_MAX, bytes, 2), -ERANGE);
	assert_int_equal(isp4xxx_image_segment_size(image, ISP4XXX_FLASH_DDB + 5), 0x8000);
	assert_int_equal(isp4xxx_image_segment_size(image, 0), 0);
	isp4xxx_image_free(image);
}

/* One writer at a time, any number of readers. */
static void a_running_card_holds_its_image(void **state)
{
	struct isp4xxx_image *card, *other;

	assert_int_equal(isp4xxx_image_create(path, &two_ports), 0);
	card = opened(true);
	assert_int_equal(isp4xxx_image_open(path, true, &other), -EBUSY);
	isp4xxx_image_free(opened(false));
	isp4xxx_image_free(card);
	isp4xxx_image_free(opened(true));
	unlink(path);
}

static void put_head(uint32_t offset, uint32_t word)
{
	int fd = open(path, O_RDWR);

	assert_int_equal(pwrite(fd, &word, sizeof(word), offset), sizeof(word));
	close(fd);
}

static void opens_as(int error)
{
	struct isp4xxx_image *image;

	assert_int_equal(isp4xxx_image_open(path, false, &image), error);
}

static void the_gate_refuses(void **state)
{
	opens_as(-ENOENT);
	assert_int_equal(isp4xxx_image_create(path, &two_ports), 0);
	put_head(0, 0);
	opens_as(-ENOMSG);
	put_head(0, 0x34505349);
	put_head(8, 2);
	opens_as(-EPROTONOSUPPORT);
	put_head(8, 1);
	put_head(12, 0x8022);
	opens_as(-EINVAL);
	put_head(12, 0x4010);
	put_head(16, 1);
	opens_as(-EINVAL);
	put_head(16, 3);
	opens_as(-EINVAL);
	put_head(16, 2);
	isp4xxx_image_free(opened(false));
	assert_int_equal(truncate(path, 0x2fff), 0);
	opens_as(-EINVAL);
	assert_int_equal(truncate(path, 100), 0);
	opens_as(-ENOMSG);
	assert_int_equal(truncate(path, 1 << 30), 0);
	opens_as(-ENOMSG);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	opens_as(-ENOMSG);
	unlink(path);
}

static void verify_says(struct isp4xxx_image *image, const char *sentence)
{
	struct text findings = {0};

	assert_int_equal(isp4xxx_image_verify(image, &findings), 1);
	assert_non_null(strstr(findings.data, sentence));
	text_done(&findings);
}

static void damage_is_found(void **state)
{
	struct isp4xxx_image *image;
	uint8_t ddb[ISP_DDB_SIZE], chap[ISP_CHAP_SIZE] = {0}, byte;

	assert_int_equal(isp4xxx_image_new(&two_ports, &image), 0);
	isp4xxx_image_read_nvram(image, 100, &byte, 1);
	byte++;
	isp4xxx_image_write_nvram(image, 100, &byte, 1);
	verify_says(image, "nvram: the sum of all words is 0x0001");
	byte--;
	isp4xxx_image_write_nvram(image, 100, &byte, 1);
	isp4xxx_default_ddb(false, ddb);
	isp4xxx_image_write(image, 1, ISP4XXX_FLASH_DDB + 512 * 7, ddb, sizeof(ddb));
	verify_says(image, "port 1: ddb 7: there is no address");
	isp4xxx_field_parse(&isp4xxx_rows[ISP4XXX_DDB_ADDRESS], ddb, "192.0.2.1");
	isp4xxx_set(ISP4XXX_DDB_CHAP, ddb, 1);
	isp4xxx_image_write(image, 1, ISP4XXX_FLASH_DDB + 512 * 7, ddb, sizeof(ddb));
	verify_says(image, "port 1: ddb 7: CHAP is on");
	isp4xxx_set(ISP4XXX_DDB_CHAP_INDEX, ddb, 127);
	isp4xxx_image_write(image, 1, ISP4XXX_FLASH_DDB + 512 * 7, ddb, sizeof(ddb));
	isp4xxx_set(ISP4XXX_CHAP_COOKIE, chap, ISP_CHAP_COOKIE);
	isp4xxx_set(ISP4XXX_CHAP_FLAGS, chap, ISP_CHAP_LOCAL);
	isp4xxx_field_parse(&isp4xxx_rows[ISP4XXX_CHAP_NAME], chap, "me");
	isp4xxx_image_write(image, 1, ISP4XXX_FLASH_CHAP + 364 * 127, chap, sizeof(chap));
	verify_says(image, "port 1: chap 127: the length of the secret");
	isp4xxx_image_free(image);
}

static void the_sum_is_made_zero(void **state)
{
	uint8_t nvram[512];

	for (unsigned int i = 0; i < sizeof(nvram); i++)
		nvram[i] = (uint8_t)(i * 7 + 3);
	assert_int_not_equal(isp4xxx_nvram_sum(nvram, sizeof(nvram)), 0);
	isp4xxx_nvram_seal(nvram, sizeof(nvram));
	assert_int_equal(isp4xxx_nvram_sum(nvram, sizeof(nvram)), 0);
	assert_int_equal(nvram[509], (uint8_t)(509 * 7 + 3));
}

/* The words that a driver was seen to need. */
static void a_new_card_speaks_ipv6_unless_it_is_a_4010(void **state)
{
	struct isp4xxx_identity old = two_ports;
	uint8_t acb[ISP_ACB_SIZE];

	isp4xxx_default_acb(&two_ports, 1, acb);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV4_TCP_OPTIONS, acb), 0x0006);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV4_OPTIONS, acb), 0x9000);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_FIRMWARE_OPTIONS, acb), 0x0060);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_ISCSI_OPTIONS, acb), 0x0b00);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV6_OPTIONS, acb), 0x8000);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV6_MORE_OPTIONS, acb), 0x0003);
	assert_int_equal(acb[0x3a], 2);
	assert_memory_equal(acb + 0x228, ((uint8_t[]){2, 0xc0, 0xdd, 0xff, 0xfe, 1, 2, 4}), 8);
	assert_string_equal(acb + 0x100, "iqn.2000-04.com.qlogic:isp4032.emu0001.1");
	old.model = 0x4010;
	isp4xxx_default_acb(&old, 0, acb);
	assert_int_equal(acb[0x3a], 0);
	assert_int_equal(isp4xxx_get(ISP4XXX_ACB_IPV6_OPTIONS, acb), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_image_is_sound),
		cmocka_unit_test(identities_are_checked),
		cmocka_unit_test(a_file_keeps_what_is_written),
		cmocka_unit_test(what_is_beyond_is_refused),
		cmocka_unit_test(a_running_card_holds_its_image),
		cmocka_unit_test(the_gate_refuses),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(the_sum_is_made_zero),
		cmocka_unit_test(a_new_card_speaks_ipv6_unless_it_is_a_4010),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
