/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Credentials out of the CHAP table in flash, for logins. */
#include <string.h>

#include "lib/isp4xxx.h"
#include "tests/hba/chip.h"
#include "tests/hba/flash.h"
#include "tests/hba/sessions.h"

/* RFC 7143 leaves the length open; a secret of no bytes is none. */
static bool read_entry(const struct chip *chip, unsigned int index, uint8_t entry[ISP_CHAP_SIZE])
{
	uint32_t offset = ISP_FLASH_CHAP + index * ISP_CHAP_SIZE;

	if (index >= ISP_FLASH_CHAPS || isp4xxx_image_read(chip->on.shared->image, chip->on.port, offset, entry, ISP_CHAP_SIZE) < 0)
		return false;
	return isp4xxx_get(ISP4XXX_CHAP_COOKIE, entry) == ISP_CHAP_COOKIE;
}

static bool take(uint8_t entry[ISP_CHAP_SIZE], struct session_chap *ret_chap)
{
	size_t length = isp4xxx_get(ISP4XXX_CHAP_SECRET_LENGTH, entry);

	memset(ret_chap, 0, sizeof(*ret_chap));
	if (!length || length > sizeof(ret_chap->secret))
		return false;
	memcpy(ret_chap->secret, isp4xxx_at(ISP4XXX_CHAP_SECRET, entry), length);
	ret_chap->secret_length = length;
	memcpy(ret_chap->name, isp4xxx_at(ISP4XXX_CHAP_NAME, entry), sizeof(ret_chap->name) - 1);
	return ret_chap->name[0];
}

bool chap_local(const struct chip *chip, unsigned int index, struct session_chap *ret_chap)
{
	uint8_t entry[ISP_CHAP_SIZE];

	return read_entry(chip, index, entry) && isp4xxx_get(ISP4XXX_CHAP_FLAGS, entry) & ISP_CHAP_LOCAL && take(entry, ret_chap);
}

bool chap_peer(const struct chip *chip, struct session_chap *ret_chap)
{
	uint8_t entry[ISP_CHAP_SIZE];

	for (unsigned int index = 0; index < ISP_FLASH_CHAPS; index++) {
		if (!read_entry(chip, index, entry))
			continue;
		if ((isp4xxx_get(ISP4XXX_CHAP_FLAGS, entry) & (ISP_CHAP_LOCAL | ISP_CHAP_PEER)) == ISP_CHAP_PEER)
			return take(entry, ret_chap);
	}
	return false;
}
