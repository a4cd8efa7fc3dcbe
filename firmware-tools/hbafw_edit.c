/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making and changing image files. A changed entry is made whole: the cookie, lengths and sums that a driver looks for follow from what
 * was set. Never touches a card.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "firmware-tools/hbafw.h"
#include "transport/abi/isp4xxx.h"

/* QLogic's prefix and three bytes of chance, the second port's one up: as cards are numbered. */
static int choose_macs(struct isp4xxx_identity *identity, unsigned int given)
{
	static const uint8_t prefix[3] = {0x00, 0xc0, 0xdd};

	if (!given) {
		memcpy(identity->mac[0], prefix, sizeof(prefix));
		if (getrandom(identity->mac[0] + 3, 3, 0) != 3)
			return -errno;
		identity->mac[0][5] &= 0xfe;
	}
	if (given < 2) {
		memcpy(identity->mac[1], identity->mac[0], 6);
		identity->mac[1][5]++;
	}
	return 0;
}

int hbafw_image_create(struct hbafw *hbafw)
{
	struct isp4xxx_identity *identity = &hbafw->identity;
	int r;

	if (!identity->model)
		identity->model = ISP_DEVICE_4032;
	if (!identity->ports)
		identity->ports = hbafw->macs == 2 ? 2 : 1;
	r = choose_macs(identity, hbafw->macs);
	if (r < 0)
		return hbafw_fail(hbafw, "no random numbers: %s", strerror(-r));
	if (!*identity->serial)
		snprintf(identity->serial, sizeof(identity->serial), "EMU%02X%02X%02X", identity->mac[0][3], identity->mac[0][4],
			 identity->mac[0][5]);
	r = isp4xxx_image_create(hbafw->words[0], identity);
	if (r == -EINVAL)
		return hbafw_fail(hbafw, "models are 4010, 4022 and 4032, with 1 or 2 ports; a serial number is 1 to %d letters and digits",
				  ISP4XXX_SERIAL_MAX);
	return r < 0 ? hbafw_fail(hbafw, "%s: %s", hbafw->words[0], strerror(-r)) : HBAFW_OK;
}

/* A free entry begins as a new one. */
static void begin_entry(const struct hbafw_area *area, uint8_t *bytes)
{
	if (area->structure == ISP4XXX_DDB && isp4xxx_get(ISP4XXX_DDB_COOKIE, bytes) != ISP_DDB_COOKIE)
		isp4xxx_default_ddb(false, bytes);
	if (area->structure != ISP4XXX_CHAP || isp4xxx_get(ISP4XXX_CHAP_COOKIE, bytes) == ISP_CHAP_COOKIE)
		return;
	memset(bytes, 0, ISP_CHAP_SIZE);
	isp4xxx_set(ISP4XXX_CHAP_FLAGS, bytes, ISP_CHAP_LOCAL);
	isp4xxx_set(ISP4XXX_CHAP_COOKIE, bytes, ISP_CHAP_COOKIE);
}

/* What follows from a field that was set. */
static void follow(const struct isp4xxx_field *field, uint8_t *bytes)
{
	if (field == &isp4xxx_rows[ISP4XXX_CHAP_SECRET])
		isp4xxx_set(ISP4XXX_CHAP_SECRET_LENGTH, bytes, strnlen((const char *)bytes + field->offset, field->width));
	if (field == &isp4xxx_rows[ISP4XXX_DDB_CHAP_INDEX])
		isp4xxx_set(ISP4XXX_DDB_CHAP, bytes, isp4xxx_get(ISP4XXX_DDB_CHAP_INDEX, bytes) != ISP_DDB_NO_CHAP);
}

static int set_field(struct hbafw *hbafw, enum isp4xxx_structure structure, char *pair, uint8_t *bytes)
{
	char *value = strchr(pair, '=');
	const struct isp4xxx_field *field;
	int r;

	if (!value)
		return hbafw_fail(hbafw, "%s: NAME=VALUE is expected", pair);
	*value++ = '\0';
	field = isp4xxx_field_find(structure, pair);
	if (!field)
		return hbafw_fail(hbafw, "%s has no field %s", isp4xxx_structure_name(structure), pair);
	r = isp4xxx_field_parse(field, bytes, value);
	if (field->kind == ISP4XXX_SECRET)
		explicit_bzero(value, strlen(value));
	if (r < 0)
		return hbafw_fail(hbafw, "%s: this value is %s (%s)", pair, r == -ERANGE ? "too large or too long" : "not of its kind",
				  field->sentence);
	follow(field, bytes);
	return HBAFW_OK;
}

static int set_entry(struct hbafw *hbafw, struct isp4xxx_image *image, const struct hbafw_area *area, unsigned int index,
		     unsigned int first)
{
	unsigned int model = isp4xxx_image_model(image);
	size_t size = hbafw_area_size(area, model);
	uint8_t bytes[2048];
	int r = HBAFW_OK;

	hbafw_area_read(area, image, hbafw->port, index, bytes);
	begin_entry(area, bytes);
	for (unsigned int i = first; i < hbafw->count; i++)
		if (set_field(hbafw, hbafw_area_structure(area, model), hbafw->words[i], bytes) != HBAFW_OK)
			return HBAFW_FAILED;
	if (!area->offset)
		isp4xxx_nvram_seal(bytes, size);
	r = area->offset ? isp4xxx_image_write(image, hbafw->port, area->offset + (uint32_t)(index * size), bytes, size)
			 : isp4xxx_image_write_nvram(image, 0, bytes, size);
	explicit_bzero(bytes, sizeof(bytes));
	if (!r)
		r = isp4xxx_image_sync(image);
	return r < 0 ? hbafw_fail(hbafw, "%s: %s", hbafw->image, strerror(-r)) : HBAFW_OK;
}

/* words: AREA [INDEX] NAME=VALUE... A table wants an index. */
int hbafw_image_set(struct hbafw *hbafw)
{
	const struct hbafw_area *area = hbafw_area_find(hbafw->words[0]);
	struct isp4xxx_image *image;
	unsigned long index = 0;
	unsigned int first = 1;
	char *end = NULL;
	int status;

	if (!area)
		return hbafw_fail(hbafw, "no such area: %s. See hbafw --help", hbafw->words[0]);
	if (area->count > 1) {
		index = strtoul(hbafw->words[first], &end, 10);
		if (*end || end == hbafw->words[first] || index >= area->count || hbafw->count < 3)
			return hbafw_fail(hbafw, "usage: hbafw image set FILE %s INDEX NAME=VALUE..., INDEX below %u", area->name,
				  area->count);
		first++;
	}
	status = hbafw_open_to_write(hbafw, &image);
	if (status != HBAFW_OK)
		return status;
	status = set_entry(hbafw, image, area, (unsigned int)index, first);
	isp4xxx_image_free(image);
	return status;
}
