/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of the HBA's image file: the input as a file, and with a head made right so that hostile contents are met. What the gate lets
 * through is read to its ends, verified, and every field of every entry shown and, where it can be, set to what it shows.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "transport/abi/isp4xxx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A text that is shown with a '?' for a byte that was none cannot come back. */
static void check_fields(enum isp4xxx_structure structure, const uint8_t *bytes)
{
	size_t count;
	const struct isp4xxx_field *fields = isp4xxx_fields(structure, &count);
	uint8_t copy[2048];

	memcpy(copy, bytes, isp4xxx_structure_size(structure));
	for (size_t i = 0; i < count; i++) {
		struct text value = {0}, again = {0};

		text_add(&value, "");
		isp4xxx_field_format(&fields[i], copy, true, &value);
		if (isp4xxx_field_parse(&fields[i], copy, value.data) == 0) {
			text_add(&again, "");
			isp4xxx_field_format(&fields[i], copy, true, &again);
			if (strcmp(value.data, again.data) != 0)
				abort();
		}
		text_done(&value);
		text_done(&again);
	}
}

static void check_entries(const struct isp4xxx_image *image, unsigned int port, uint32_t offset, unsigned int count,
			  enum isp4xxx_structure structure)
{
	size_t size = isp4xxx_structure_size(structure);
	uint8_t entry[2048];

	for (unsigned int i = 0; i < count; i++) {
		if (isp4xxx_image_read(image, port, offset + (uint32_t)(i * size), entry, size) < 0)
			abort();
		check_fields(structure, entry);
	}
}

static void check_image(struct isp4xxx_image *image)
{
	size_t nvram_size = isp4xxx_nvram_size(isp4xxx_image_model(image));
	struct text findings = {0};
	uint8_t nvram[2048];

	isp4xxx_image_verify(image, &findings);
	text_done(&findings);
	if (isp4xxx_image_read_nvram(image, 0, nvram, nvram_size) < 0 || isp4xxx_image_read_nvram(image, nvram_size, nvram, 1) == 0)
		abort();
	check_fields(nvram_size == 512 ? ISP4XXX_NVRAM_4010 : ISP4XXX_NVRAM_4022, nvram);
	isp4xxx_nvram_seal(nvram, nvram_size);
	if (isp4xxx_nvram_sum(nvram, nvram_size))
		abort();
	for (unsigned int port = 0; port < isp4xxx_image_ports(image); port++) {
		check_entries(image, port, ISP4XXX_FLASH_SYSINFO, 1, ISP4XXX_SYSINFO);
		check_entries(image, port, ISP4XXX_FLASH_IFCB, 1, ISP4XXX_ACB);
		check_entries(image, port, ISP4XXX_FLASH_DDB, 2, ISP4XXX_DDB);
		check_entries(image, port, ISP4XXX_FLASH_CHAP, 2, ISP4XXX_CHAP);
	}
	isp4xxx_image_free(image);
}

/* The input laid over a sound image from its third byte on: the first choose the model, the second the place. */
static void overlay(const uint8_t *bytes, size_t len)
{
	static const uint32_t offsets[] = {ISP4XXX_FLASH_SYSINFO, ISP4XXX_FLASH_IFCB, ISP4XXX_FLASH_DDB, ISP4XXX_FLASH_CHAP};
	struct isp4xxx_identity identity = {.ports = 1, .serial = "F", .mac = {{0, 1, 2, 3, 4, 5}}};
	struct isp4xxx_image *image;

	identity.model = (unsigned int[]){ISP_DEVICE_4010, ISP_DEVICE_4022, ISP_DEVICE_4032}[bytes[0] % 3];
	if (isp4xxx_image_new(&identity, &image) < 0)
		abort();
	for (unsigned int i = 0; i < 4; i++)
		isp4xxx_image_write(image, 0, offsets[i], bytes + 2, len - 2 < 700 ? len - 2 : 700);
	isp4xxx_image_write_nvram(image, bytes[1], bytes + 2, len - 2 < 200 ? len - 2 : 200);
	check_image(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct isp4xxx_image *image;

	if (isp4xxx_image_parse(bytes, len, &image) == 0)
		check_image(image);
	if (len > 2)
		overlay(bytes, len);
	return 0;
}
