/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the firmware says of itself: version, state, statistics, self tests, and the record of its last crash. */
#include "tests/hba/firmware.h"

#include <stdio.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "lib/loop.h"
#include "tests/hba/chip.h"
#include "tests/hba/faults.h"
#include "tests/hba/isns_client.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/network.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"

#define FIRMWARE_MAJOR 3
#define FIRMWARE_MINOR 0
#define FIRMWARE_PATCH 1
#define FIRMWARE_BUILD 59
#define FIRMWARE_DATE "Jan  1 2026"
#define FIRMWARE_TIME "00:00:00"
#define FIRMWARE_USER "openhba"
#define FIRMWARE_IOCBS 1024 /* without rings */

static void set_text(enum isp4xxx_row field, void *bytes, const char *text)
{
	snprintf(isp4xxx_at(field, bytes), isp4xxx_rows[field].width, "%s", text);
}

void about_firmware(struct chip *chip, struct mailbox_command *command)
{
	uint64_t up_ms = loop_now_ms() - chip->booted_ms;
	uint8_t about[ISP_ABOUT_SIZE] = { 0 };

	isp4xxx_set(ISP4XXX_ABOUT_FIRMWARE_MAJOR, about, FIRMWARE_MAJOR);
	isp4xxx_set(ISP4XXX_ABOUT_FIRMWARE_MINOR, about, FIRMWARE_MINOR);
	isp4xxx_set(ISP4XXX_ABOUT_FIRMWARE_PATCH, about, FIRMWARE_PATCH);
	isp4xxx_set(ISP4XXX_ABOUT_FIRMWARE_BUILD, about, FIRMWARE_BUILD);
	set_text(ISP4XXX_ABOUT_BUILD_DATE, about, FIRMWARE_DATE);
	set_text(ISP4XXX_ABOUT_BUILD_TIME, about, FIRMWARE_TIME);
	set_text(ISP4XXX_ABOUT_BUILD_USER, about, FIRMWARE_USER);
	set_text(ISP4XXX_ABOUT_TIMESTAMP, about, "2026-01-01 00:00:00");
	isp4xxx_set(ISP4XXX_ABOUT_LOAD_SOURCE, about, 1);
	isp4xxx_set(ISP4XXX_ABOUT_ISCSI_MAJOR, about, 1);
	isp4xxx_set(ISP4XXX_ABOUT_LOADER_MAJOR, about, 1);
	if (command->buffer)
		memcpy(command->buffer, about, command->size);
	command->out[1] = FIRMWARE_MAJOR;
	command->out[2] = FIRMWARE_MINOR;
	command->out[3] = FIRMWARE_PATCH;
	command->out[4] = FIRMWARE_BUILD;
	command->out[5] = up_ms / 1000;
	command->out[6] = up_ms % 1000;
}

static uint32_t link_state(const struct chip *chip)
{
	struct network_link link = { .is_up = true, .is_full_duplex = true, .speed_mbps = 1000 };
	uint32_t state = 0;

	if (chip->network)
		network_link(chip->network, &link);
	if (link.is_up && !chip->is_link_down) {
		state = ISP_FW_LINK_UP | (link.is_full_duplex ? ISP_FW_FULL_DUPLEX : ISP_FW_HALF_DUPLEX);
		/* A veth says 10000; the chip has no more than one. */
		state |= link.speed_mbps == 10 ? ISP_FW_SPEED_10M : link.speed_mbps == 100 ? ISP_FW_SPEED_100M : ISP_FW_SPEED_1G;
	}
	return state;
}

static uint32_t more_state(const struct chip *chip)
{
	uint32_t state = link_state(chip);
	bool has_dhcp = isp4xxx_get(ISP4XXX_ACB_DHCP, chip->acb), has_ipv4 = isp4xxx_get(ISP4XXX_ACB_IPV4_ENABLE, chip->acb);

	if (has_ipv4 && has_dhcp) {
		state |= ISP_FW_DHCP_ENABLED;
		if (chip->network && network_has_lease(chip->network))
			state |= ISP_FW_DHCP_LEASE;
	}
	if (chip->isns && isns_client_is_on(chip->isns))
		state |= ISP_FW_ISNS;
	if (has_ipv4)
		state |= ISP_FW_IPV4_PRIMARY;
	if (isp4xxx_get(ISP4XXX_ACB_ACB_VERSION, chip->acb) == ISP_ACB_VERSION2 && isp4xxx_get(ISP4XXX_ACB_IPV6_ENABLE, chip->acb))
		state |= ISP_FW_IPV6_PRIMARY;
	return state;
}

void firmware_state(struct chip *chip, struct mailbox_command *command)
{
	uint8_t board[2] = { 0 };

	if (chip->life != CHIP_RUNNING)
		command->out[1] = ISP_FW_CONFIG_WAIT;
	else if (chip->network && network_is_acquiring(chip->network))
		command->out[1] = ISP_FW_CONFIGURING_IP;
	fault_hit(chip->on.faults, FAULT_STATE_CLAIM, 0, &command->out[1]);
	isp4xxx_image_read_nvram(chip->on.shared->image, 6, board, sizeof(board));
	command->out[2] = board[0] | board[1] << 8;
	command->out[3] = more_state(chip);
}

void firmware_status(struct chip *chip, struct mailbox_command *command)
{
	command->out[2] = chip->rings ? rings_iocbs(chip->rings) : FIRMWARE_IOCBS;
}

/* Nothing can be broken here: each self test there is passes. */
void firmware_diagnose(struct chip *chip, struct mailbox_command *command)
{
	uint32_t test = command->in[1];

	if (test < ISP_DIAG_RAM_SIZE || test > ISP_DIAG_SELF_TEST2 || test == 0xa || test == 0xb)
		command->out[0] = ISP_STATUS_PARAMETER_ERROR;
	else
		memcpy(command->out + 1, command->in + 1, sizeof(command->out) - sizeof(command->out[0]));
}

/* The network's counters since the driver cleared them; the chip keeps what they were then. */
static void network_part(const struct chip *chip, uint8_t *data)
{
	uint8_t now[NETWORK_STATISTICS_BYTES] = { 0 };

	if (chip->network)
		network_statistics(chip->network, now);
	for (enum isp4xxx_row field = ISP4XXX_STATISTICS_MAC_TX_FRAMES; field <= ISP4XXX_STATISTICS_TCP_TX_PERSIST_PROBES; field++)
		isp4xxx_set(field, data, isp4xxx_get(field, now) - isp4xxx_get(field, chip->statistics_base));
}

static void clear_statistics(struct chip *chip, uint32_t index)
{
	memset(chip->statistics_base, 0, sizeof(chip->statistics_base));
	if (chip->network)
		network_statistics(chip->network, chip->statistics_base);
	if (chip->sessions)
		sessions_statistics_clear(chip->sessions, index);
}

void statistics_get(struct chip *chip, struct mailbox_command *command)
{
	uint8_t data[ISP_STATS_SIZE] = { 0 };

	if (!command->buffer) {
		clear_statistics(chip, command->in[1]);
		return;
	}
	network_part(chip, data);
	if (chip->sessions)
		sessions_statistics(chip->sessions, command->in[1], data, sizeof(data));
	memcpy(command->buffer, data, command->size);
}

void firmware_record_crash(struct chip *chip)
{
	uint64_t up_ms = loop_now_ms() - chip->booted_ms;

	memset(chip->crash, 0, sizeof(chip->crash));
	isp4xxx_set(ISP4XXX_CRASH_FIRMWARE_MAJOR, chip->crash, FIRMWARE_MAJOR);
	isp4xxx_set(ISP4XXX_CRASH_FIRMWARE_MINOR, chip->crash, FIRMWARE_MINOR);
	isp4xxx_set(ISP4XXX_CRASH_FIRMWARE_PATCH, chip->crash, FIRMWARE_PATCH);
	isp4xxx_set(ISP4XXX_CRASH_FIRMWARE_BUILD, chip->crash, FIRMWARE_BUILD);
	set_text(ISP4XXX_CRASH_BUILD_DATE, chip->crash, FIRMWARE_DATE);
	set_text(ISP4XXX_CRASH_BUILD_TIME, chip->crash, FIRMWARE_TIME);
	set_text(ISP4XXX_CRASH_BUILD_USER, chip->crash, FIRMWARE_USER);
	isp4xxx_set(ISP4XXX_CRASH_SECONDS, chip->crash, up_ms / 1000);
	isp4xxx_set(ISP4XXX_CRASH_MILLISECONDS, chip->crash, up_ms % 1000);
	chip->has_crashed = true;
}

/* Without a buffer: how long it is. */
void crash_get(struct chip *chip, struct mailbox_command *command)
{
	if (!command->buffer) {
		command->out[4] = chip->has_crashed ? ISP_CRASH_SIZE : 0;
		return;
	}
	if (!chip->has_crashed) {
		mailbox_fail(command, 0);
		return;
	}
	memcpy(command->buffer, chip->crash, command->size);
	command->out[4] = command->size;
}

/* None is kept: its length is 0. */
void crash_event_log(struct chip *chip, struct mailbox_command *command)
{
	command->out[4] = 0;
}
