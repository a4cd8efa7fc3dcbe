/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands that read and write flash and EEPROM. All options of WRITE_FLASH write at once. */
#include "tests/hba/flash.h"

#include <string.h>

#include "lib/isp4xxx.h"
#include "tests/hba/chip.h"
#include "tests/hba/mailbox.h"

void flash_read(struct chip *chip, struct mailbox_command *command)
{
	if (isp4xxx_image_read(chip->on.shared->image, chip->on.port, command->in[3], command->buffer, command->size) < 0)
		mailbox_fail(command, 0);
}

void flash_write(struct chip *chip, struct mailbox_command *command)
{
	if (command->in[5] > ISP_WRITE_FLASH_NOW) {
		command->out[0] = ISP_STATUS_PARAMETER_ERROR;
		return;
	}
	if (isp4xxx_image_write(chip->on.shared->image, chip->on.port, command->in[3], command->buffer, command->size) < 0)
		mailbox_fail(command, 0);
}

void nvram_get(struct chip *chip, struct mailbox_command *command)
{
	if (isp4xxx_image_read_nvram(chip->on.shared->image, command->in[3], command->buffer, command->size) < 0)
		mailbox_fail(command, 0);
}

void nvram_set(struct chip *chip, struct mailbox_command *command)
{
	if (isp4xxx_image_write_nvram(chip->on.shared->image, command->in[3], command->buffer, command->size) < 0)
		mailbox_fail(command, 0);
}

bool flash_ddb(const struct chip *chip, unsigned int index, uint8_t ret_ddb[ISP_DDB_SIZE])
{
	uint32_t offset = ISP_FLASH_DDB + index * ISP_DDB_SIZE;
	uint8_t ddb[ISP_DDB_SIZE];

	/* An erased entry is all ones: drivers look for the end of its name. */
	if (index >= ISP_FLASH_DDBS || isp4xxx_image_read(chip->on.shared->image, chip->on.port, offset, ddb, sizeof(ddb)) < 0 ||
	    isp4xxx_get(ISP4XXX_DDB_COOKIE, ddb) != ISP_DDB_COOKIE)
		return false;
	memcpy(ret_ddb, ddb, sizeof(ddb));
	return true;
}

/* A segment without entries: none has its cookie. */
static int erase(struct chip *chip, uint32_t segment)
{
	size_t size = isp4xxx_image_segment_size(chip->on.shared->image, segment);
	uint8_t blank[ISP_DDB_SIZE];
	int err = 0;

	memset(blank, 0xff, sizeof(blank));
	for (size_t at = 0; at < size && !err; at += sizeof(blank)) {
		size_t length = size - at < sizeof(blank) ? size - at : sizeof(blank);

		err = isp4xxx_image_write(chip->on.shared->image, chip->on.port, segment + at, blank, length);
	}
	return err;
}

static int restore_acb(struct chip *chip)
{
	struct card_shared *shared = chip->on.shared;
	struct isp4xxx_identity identity = { .model = shared->model, .ports = isp4xxx_image_ports(shared->image) };
	uint8_t system[ISP_SYSTEM_SIZE], acb[ISP_ACB_SIZE];
	int err;

	err = isp4xxx_image_read(shared->image, chip->on.port, ISP_FLASH_SYSTEM, system, sizeof(system));
	if (err < 0)
		return err;
	memcpy(identity.serial, isp4xxx_at(ISP4XXX_SYSINFO_SERIAL, system), sizeof(identity.serial) - 1);
	memcpy(identity.mac[chip->on.port], isp4xxx_at(ISP4XXX_SYSINFO_MAC0, system), 6);
	isp4xxx_default_acb(&identity, chip->on.port, acb);
	return isp4xxx_image_write(shared->image, chip->on.port, ISP_FLASH_ACB, acb, sizeof(acb));
}

/* The chip's regions are not known: here a region is the number of a flash segment, and the masks of fields mean nothing. */
void flash_restore_defaults(struct chip *chip, struct mailbox_command *command)
{
	uint32_t segment = command->in[3] << 24;
	int err;

	if (chip_is_4010(chip)) {
		command->out[0] = ISP_STATUS_INVALID_COMMAND;
		return;
	}
	if (segment == ISP_FLASH_ACB) {
		err = restore_acb(chip);
	} else if (segment == ISP_FLASH_DDB || segment == ISP_FLASH_CHAP) {
		err = erase(chip, segment);
	} else {
		command->out[0] = ISP_STATUS_PARAMETER_ERROR;
		return;
	}
	if (err < 0)
		mailbox_fail(command, 0);
}
