/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Showing, dumping and verifying what an image holds, area by area: `name = value` lines, JSON lines, or bytes. Where the image is from
 * does not matter here. Entries of a table that are free, and fields that are zero, are left out unless they are asked for.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "firmware-tools/hbafw.h"
#include "transport/abi/isp4xxx.h"

#define ENTRY_MAX 2048

const struct hbafw_area hbafw_areas[HBAFW_AREAS] = {
	{"nvram", ISP4XXX_NVRAM_4022, 0, 1, ISP4XXX_ROWS, 0},
	{"sysinfo", ISP4XXX_SYSINFO, ISP4XXX_FLASH_SYSINFO, 1, ISP4XXX_ROWS, 0},
	{"acb", ISP4XXX_ACB, ISP4XXX_FLASH_IFCB, 1, ISP4XXX_ROWS, 0},
	{"ddb", ISP4XXX_DDB, ISP4XXX_FLASH_DDB, ISP4XXX_DDB_FLASH_COUNT, ISP4XXX_DDB_COOKIE, ISP_DDB_COOKIE},
	{"chap", ISP4XXX_CHAP, ISP4XXX_FLASH_CHAP, ISP4XXX_CHAP_COUNT, ISP4XXX_CHAP_COOKIE, ISP_CHAP_COOKIE},
};

const struct hbafw_area *hbafw_area_find(const char *name)
{
	for (size_t i = 0; i < HBAFW_AREAS; i++)
		if (!strcmp(hbafw_areas[i].name, name))
			return &hbafw_areas[i];
	return NULL;
}

enum isp4xxx_structure hbafw_area_structure(const struct hbafw_area *area, unsigned int model)
{
	return !area->offset && model == ISP_DEVICE_4010 ? ISP4XXX_NVRAM_4010 : area->structure;
}

size_t hbafw_area_size(const struct hbafw_area *area, unsigned int model)
{
	return isp4xxx_structure_size(hbafw_area_structure(area, model));
}

void hbafw_area_read(const struct hbafw_area *area, const struct isp4xxx_image *image, unsigned int port, unsigned int index,
		     uint8_t *bytes)
{
	size_t size = hbafw_area_size(area, isp4xxx_image_model(image));

	if (area->offset)
		isp4xxx_image_read(image, port, area->offset + (uint32_t)(index * size), bytes, size);
	else
		isp4xxx_image_read_nvram(image, 0, bytes, size);
}

static bool is_free(const struct hbafw_area *area, const uint8_t *bytes)
{
	return area->count > 1 && isp4xxx_get(area->row, bytes) != area->cookie;
}

/* A word of the command line as an index of the area. */
static bool take_index(struct hbafw *hbafw, const struct hbafw_area *area, const char *word, unsigned int *ret_index)
{
	char *end;
	unsigned long index = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || index >= area->count) {
		hbafw_fail(hbafw, "%s: '%s' is no index of %s, which has %u", area->name, word, area->name, area->count);
		return false;
	}
	*ret_index = (unsigned int)index;
	return true;
}

/* --- show ---------------------------------------------------------------------------------------------------------------------- */

static void show_text(const struct hbafw *hbafw, const struct isp4xxx_field *fields, size_t count, const uint8_t *bytes)
{
	for (size_t i = 0; i < count; i++) {
		struct text value = {0};

		if (!hbafw->all && isp4xxx_field_is_zero(&fields[i], bytes))
			continue;
		text_add(&value, "");
		isp4xxx_field_format(&fields[i], bytes, hbafw->secrets, &value);
		if (!value.failed)
			fprintf(hbafw->out, "%s = %s\n", fields[i].name, value.data);
		text_done(&value);
	}
}

static struct json_object *json_value(const struct hbafw *hbafw, const struct isp4xxx_field *field, const uint8_t *bytes)
{
	struct text value = {0};
	struct json_object *object;

	if (field->kind == ISP4XXX_FLAG)
		return json_object_new_boolean((json_bool)isp4xxx_field_number(field, bytes));
	if (field->bits)
		return json_object_new_uint64(isp4xxx_field_number(field, bytes));
	text_add(&value, "");
	isp4xxx_field_format(field, bytes, hbafw->secrets, &value);
	object = json_object_new_string(value.failed ? "" : value.data);
	text_done(&value);
	return object;
}

static void put_json(const struct hbafw *hbafw, struct json_object *object)
{
	fprintf(hbafw->out, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

static void show_json(const struct hbafw *hbafw, const struct hbafw_area *area, unsigned int index, const struct isp4xxx_field *fields,
		      size_t count, const uint8_t *bytes)
{
	struct json_object *object = json_object_new_object(), *values = json_object_new_object();

	for (size_t i = 0; i < count; i++)
		if (hbafw->all || !isp4xxx_field_is_zero(&fields[i], bytes))
			json_object_object_add(values, fields[i].name, json_value(hbafw, &fields[i], bytes));
	json_object_object_add(object, "type", json_object_new_string(area->name));
	json_object_object_add(object, "index", area->count > 1 ? json_object_new_int((int)index) : NULL);
	json_object_object_add(object, "fields", values);
	put_json(hbafw, object);
}

static void show_entry(const struct hbafw *hbafw, const struct isp4xxx_image *image, const struct hbafw_area *area, unsigned int index,
		       const uint8_t *bytes)
{
	size_t count;
	const struct isp4xxx_field *fields = isp4xxx_fields(hbafw_area_structure(area, isp4xxx_image_model(image)), &count);

	if (hbafw->json) {
		show_json(hbafw, area, index, fields, count, bytes);
		return;
	}
	fprintf(hbafw->out, "# %s", area->name);
	if (area->count > 1)
		fprintf(hbafw->out, " %u%s", index, is_free(area, bytes) ? ": free" : "");
	fputc('\n', hbafw->out);
	show_text(hbafw, fields, count, bytes);
}

/* index: -1 for all that are not free. */
static void show_area(const struct hbafw *hbafw, const struct isp4xxx_image *image, const struct hbafw_area *area, int index)
{
	uint8_t bytes[ENTRY_MAX];

	for (unsigned int i = 0; i < area->count; i++) {
		if (index >= 0 && i != (unsigned int)index)
			continue;
		hbafw_area_read(area, image, hbafw->port, i, bytes);
		if (index >= 0 || hbafw->all || !is_free(area, bytes))
			show_entry(hbafw, image, area, i, bytes);
	}
	explicit_bzero(bytes, sizeof(bytes));
}

/* "flash": every area of it. */
static int show_flash(struct hbafw *hbafw)
{
	struct isp4xxx_image *image;

	if (hbafw->count > 1)
		return hbafw_fail(hbafw, "flash: an index is of ddb or chap");
	if (hbafw_open(hbafw, NULL, &image) != HBAFW_OK)
		return HBAFW_FAILED;
	for (size_t i = 0; i < HBAFW_AREAS; i++)
		if (hbafw_areas[i].offset)
			show_area(hbafw, image, &hbafw_areas[i], -1);
	isp4xxx_image_free(image);
	return HBAFW_OK;
}

int hbafw_show(struct hbafw *hbafw)
{
	const struct hbafw_area *area = hbafw_area_find(hbafw->words[0]);
	struct isp4xxx_image *image;
	unsigned int index = 0;

	if (!strcmp(hbafw->words[0], "flash"))
		return show_flash(hbafw);
	if (!area)
		return hbafw_fail(hbafw, "no such area: %s. See hbafw --help", hbafw->words[0]);
	if (hbafw->count > 1 && !take_index(hbafw, area, hbafw->words[1], &index))
		return HBAFW_FAILED;
	if (hbafw_open(hbafw, area, &image) != HBAFW_OK)
		return HBAFW_FAILED;
	show_area(hbafw, image, area, hbafw->count > 1 ? (int)index : -1);
	isp4xxx_image_free(image);
	return HBAFW_OK;
}

/* --- dump ---------------------------------------------------------------------------------------------------------------------- */

static int put_bytes(const struct hbafw *hbafw, const uint8_t *bytes, size_t len, uint32_t offset)
{
	int r;

	if (hbafw->output) {
		r = text_write_new_file(hbafw->output, (const char *)bytes, len, 0600);
		return r < 0 ? hbafw_fail(hbafw, "%s: %s", hbafw->output, strerror(-r)) : HBAFW_OK;
	}
	for (size_t i = 0; i < len; i++) {
		if (i % 16 == 0)
			fprintf(hbafw->out, "%08zx:", offset + i);
		fprintf(hbafw->out, " %02x%s", bytes[i], i % 16 == 15 || i + 1 == len ? "\n" : "");
	}
	return HBAFW_OK;
}

static bool take_range(struct hbafw *hbafw, uint32_t *ret_offset, size_t *ret_len)
{
	char *end[2];
	unsigned long offset, len;

	if (hbafw->count != 3) {
		hbafw_fail(hbafw, "usage: hbafw dump flash OFFSET LENGTH");
		return false;
	}
	offset = strtoul(hbafw->words[1], &end[0], 0);
	len = strtoul(hbafw->words[2], &end[1], 0);
	if (*end[0] || *end[1] || offset > UINT32_MAX || !len || len > 0x100000) {
		hbafw_fail(hbafw, "%s %s: an offset of 32 bits and a length of at most 1 MiB are expected", hbafw->words[1],
			   hbafw->words[2]);
		return false;
	}
	*ret_offset = (uint32_t)offset;
	*ret_len = len;
	return true;
}

/* Does every card have it? A driver that has been refused by its firmware must not be trusted to survive that: see hbafw(8). */
static bool is_in_area(uint32_t offset, size_t len)
{
	for (size_t i = 0; i < HBAFW_AREAS; i++) {
		const struct hbafw_area *area = &hbafw_areas[i];
		size_t size = area->count * isp4xxx_structure_size(area->structure);

		if (area->offset && ISP_FLASH_SEGMENT(offset) == area->offset)
			return ISP_FLASH_OFFSET(offset) <= size && len <= size - ISP_FLASH_OFFSET(offset);
	}
	return false;
}

static int read_range(struct hbafw *hbafw, uint32_t offset, uint8_t *bytes, size_t len)
{
	struct isp4xxx_image *image;
	int r;

	if (hbafw->has_host) {
		if (!is_in_area(offset, len))
			return hbafw_fail(hbafw, "%#x: not within sysinfo, acb, ddb or chap", offset);
		r = hbafw_card_read(hbafw, false, offset, bytes, len);
		return r < 0 ? hbafw_fail(hbafw, "host%u: the driver does not read flash %#x: %s", hbafw->host_no, offset, strerror(-r))
			     : HBAFW_OK;
	}
	if (hbafw_open(hbafw, NULL, &image) != HBAFW_OK)
		return HBAFW_FAILED;
	r = isp4xxx_image_read(image, hbafw->port, offset, bytes, len);
	isp4xxx_image_free(image);
	return r < 0 ? hbafw_fail(hbafw, "%#x: %s", offset, r == -ENXIO ? "no such segment in an image" : "beyond the end of the segment")
		     : HBAFW_OK;
}

static int dump_flash(struct hbafw *hbafw)
{
	uint32_t offset;
	uint8_t *bytes;
	size_t len;
	int status;

	if (!take_range(hbafw, &offset, &len))
		return HBAFW_FAILED;
	bytes = calloc(1, len);
	if (!bytes)
		return hbafw_fail(hbafw, "%s", strerror(ENOMEM));
	status = read_range(hbafw, offset, bytes, len);
	if (status == HBAFW_OK)
		status = put_bytes(hbafw, bytes, len, offset);
	explicit_bzero(bytes, len);
	free(bytes);
	return status;
}

static int dump_area(struct hbafw *hbafw, const struct hbafw_area *area, unsigned int first, unsigned int count)
{
	struct isp4xxx_image *image;
	uint8_t *bytes;
	size_t size;
	int status = HBAFW_FAILED;

	if (hbafw_open(hbafw, area, &image) != HBAFW_OK)
		return HBAFW_FAILED;
	size = hbafw_area_size(area, isp4xxx_image_model(image));
	bytes = calloc(count, size);
	if (!bytes) {
		hbafw_fail(hbafw, "%s", strerror(ENOMEM));
	} else {
		for (unsigned int i = 0; i < count; i++)
			hbafw_area_read(area, image, hbafw->port, first + i, bytes + i * size);
		status = put_bytes(hbafw, bytes, count * size, area->offset + (uint32_t)(first * size));
		explicit_bzero(bytes, count * size);
	}
	free(bytes);
	isp4xxx_image_free(image);
	return status;
}

int hbafw_dump(struct hbafw *hbafw)
{
	const struct hbafw_area *area = hbafw_area_find(hbafw->words[0]);
	unsigned int index;

	if (!strcmp(hbafw->words[0], "flash"))
		return dump_flash(hbafw);
	if (!area)
		return hbafw_fail(hbafw, "no such area: %s. See hbafw --help", hbafw->words[0]);
	if (hbafw->count == 1)
		return dump_area(hbafw, area, 0, area->count);
	if (hbafw->count > 2)
		return hbafw_fail(hbafw, "%s: too many arguments", area->name);
	return take_index(hbafw, area, hbafw->words[1], &index) ? dump_area(hbafw, area, index, 1) : HBAFW_FAILED;
}

/* --- verify -------------------------------------------------------------------------------------------------------------------- */

static void put_finding(const struct hbafw *hbafw, const char *line)
{
	struct json_object *object;

	if (!hbafw->json) {
		fprintf(hbafw->out, "%s\n", line);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "type", json_object_new_string("finding"));
	json_object_object_add(object, "message", json_object_new_string(line));
	put_json(hbafw, object);
}

int hbafw_verify(struct hbafw *hbafw)
{
	struct isp4xxx_image *image;
	struct text findings = {0};
	unsigned int count;
	char *rest, *line;

	if (hbafw_open(hbafw, NULL, &image) != HBAFW_OK)
		return HBAFW_FAILED;
	count = isp4xxx_image_verify(image, &findings);
	isp4xxx_image_free(image);
	for (rest = findings.data; rest && (line = strsep(&rest, "\n"));)
		if (*line)
			put_finding(hbafw, line);
	text_done(&findings);
	if (!count && !hbafw->json)
		fputs("nothing is wrong\n", hbafw->out);
	return count ? HBAFW_FINDINGS : HBAFW_OK;
}
