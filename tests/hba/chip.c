/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware's life, the interrupt line, and what the parts of a port tell the driver through the chip. */
#include "tests/hba/chip.h"

#include <stdlib.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "lib/loop.h"
#include "lib/text.h"
#include "tests/hba/acb.h"
#include "tests/hba/aen.h"
#include "tests/hba/eeprom.h"
#include "tests/hba/faults.h"
#include "tests/hba/firmware.h"
#include "tests/hba/isns_client.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/network.h"
#include "tests/hba/registers.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"
#include "tests/hba/trace.h"

#define CHIP_SUBSYSTEM 0x0158
#define CHIP_CLASS 0x010000

static void heartbeat(void *data);

void chip_identity(const struct card_shared *shared, struct pci_identity *ret_identity)
{
	*ret_identity = (struct pci_identity){
		.vendor = ISP_VENDOR,
		.device = shared->model,
		.subsystem_vendor = ISP_VENDOR,
		.subsystem = CHIP_SUBSYSTEM,
		.class_code = CHIP_CLASS,
		.revision = 2,
	};
}

struct chip *chip_new(const struct chip_settings *settings)
{
	struct chip *chip = calloc(1, sizeof(*chip));

	if (!chip)
		return NULL;
	chip->on = *settings;
	chip->eeprom = eeprom_new(settings->shared, settings->faults);
	chip->aens = aen_new(chip);
	chip->mailbox = mailbox_new(chip);
	if (!chip->eeprom || !chip->aens || !chip->mailbox || loop_timer_new(settings->loop, heartbeat, chip, &chip->heartbeat) < 0) {
		chip_free(chip);
		return NULL;
	}
	settings->shared->chips[settings->port] = chip;
	return chip;
}

void chip_free(struct chip *chip)
{
	if (!chip)
		return;
	if (chip->on.shared->chips[chip->on.port] == chip)
		chip->on.shared->chips[chip->on.port] = NULL;
	if (chip->on.shared->resetter == chip)
		chip->on.shared->resetter = NULL;
	loop_timer_free(chip->heartbeat);
	mailbox_free(chip->mailbox);
	aen_free(chip->aens);
	eeprom_free(chip->eeprom);
	free(chip);
}

void chip_attach(struct chip *chip, struct network *network, struct sessions *sessions, struct rings *rings, struct isns_client *isns)
{
	chip->network = network;
	chip->sessions = sessions;
	chip->rings = rings;
	chip->isns = isns;
}

bool chip_is_4010(const struct chip *chip)
{
	return chip->on.shared->model == ISP_DEVICE_4010;
}

unsigned int chip_function(const struct chip *chip)
{
	return chip->on.port ? 3 : 1;
}

bool chip_interrupts_enabled(const struct chip *chip)
{
	return chip_is_4010(chip) ? chip->control & ISP_CONTROL_4010_ENABLE : chip->interrupt_mask & ISP_INTERRUPT_ENABLE;
}

bool chip_is_used(const struct chip *chip)
{
	return chip->life != CHIP_RESET || chip_interrupts_enabled(chip);
}

/* Interrupts that are enabled, and the fatal error whatever is. */
static void move_line(struct chip *chip)
{
	uint16_t pending = chip->control & ISP_CONTROL_PENDING & ~chip->interrupt_mask;
	bool is_wanted = pending || (chip->mailbox && mailbox_is_asking(chip->mailbox));
	bool level = (is_wanted && chip_interrupts_enabled(chip)) || chip->control & ISP_CONTROL_FATAL;

	if (level == chip->line)
		return;
	chip->line = level;
	chip->on.interrupt(chip->on.data, level);
}

void chip_raise(struct chip *chip, uint16_t bits)
{
	chip->control |= bits;
	move_line(chip);
}

void chip_lower(struct chip *chip, uint16_t bits)
{
	chip->control &= ~bits;
	move_line(chip);
}

void chip_raise_completion(struct chip *chip)
{
	if (chip->is_hung)
		chip->has_completion = true;
	else if (chip->life == CHIP_RUNNING)
		chip_raise(chip, ISP_CONTROL_COMPLETION);
}

void chip_post_aen(struct chip *chip, const uint32_t words[ISP_MAILBOXES])
{
	if (chip->life == CHIP_RUNNING && !chip->is_hung)
		aen_post(chip->aens, AEN_EVENT, words);
}

static void post(struct chip *chip, enum isp_event event)
{
	const uint32_t words[ISP_MAILBOXES] = { event };

	chip_post_aen(chip, words);
}

void chip_claim_link(struct chip *chip, bool is_up)
{
	chip->is_link_down = !is_up;
	post(chip, is_up ? ISP_AEN_LINK_UP : ISP_AEN_LINK_DOWN);
}

/* What works for the driver stops: nothing reaches its memory any more. */
static void stop_work(struct chip *chip)
{
	loop_timer_stop(chip->heartbeat);
	if (chip->rings)
		rings_stop(chip->rings);
	if (chip->sessions)
		sessions_stop(chip->sessions);
	if (chip->isns)
		isns_client_end(chip->isns);
	if (chip->network)
		network_reset(chip->network);
	mailbox_reset(chip->mailbox);
	chip->is_hung = chip->has_doorbell = chip->has_request = chip->has_response = chip->has_completion = false;
	chip->is_configured = false;
}

void chip_stop(struct chip *chip)
{
	stop_work(chip);
	aen_reset(chip->aens);
	chip->life = CHIP_RESET;
	chip->port_error = 0;
	chip->request_in = chip->response_out = 0;
	memset(chip->out, 0, sizeof(chip->out));
	chip_lower(chip, ISP_CONTROL_COMPLETION | ISP_CONTROL_PROCESSOR | ISP_CONTROL_FATAL);
}

void chip_power(struct chip *chip)
{
	chip_stop(chip);
	chip->interrupt_mask = chip->nvram_enable = 0;
	memset(chip->in, 0, sizeof(chip->in));
	chip->has_crashed = false;
	eeprom_reset(chip->eeprom);
	chip_lower(chip, 0xffff);
	reset_power(chip);
}

void chip_boot(struct chip *chip)
{
	uint32_t status = ISP_STATUS_COMPLETE;

	if (chip->on.shared->is_resetting)
		return;
	chip_stop(chip);
	chip->counters.boots++;
	if (!fault_hit(chip->on.faults, FAULT_BOOT_FAIL, 0, &status)) {
		trace_note(chip->on.trace, "boot");
		chip->life = CHIP_BOOTED;
		chip->booted_ms = loop_now_ms();
		chip->on.shared->port_control |= ISP_PORT_CONTROL_INITIALISED;
		acb_load(chip);
		if (chip->sessions)
			sessions_start(chip->sessions);
	}
	chip->out[0] = status & 0xffff;
	chip_raise(chip, ISP_CONTROL_PROCESSOR);
}

/*
 * The first is told as soon as the firmware runs: a driver that counts the seconds since the last one over its own reset (the stock one
 * does) would find itself too late, and reset again, for ever.
 */
static void heartbeat(void *data)
{
	struct chip *chip = data;
	uint64_t interval_sec = isp4xxx_get(ISP4XXX_ACB_HEARTBEAT_INTERVAL, chip->acb);

	if (!isp4xxx_get(ISP4XXX_ACB_HEARTBEAT, chip->acb) || !interval_sec)
		return;
	if (!chip->is_silent && !chip->is_hung) {
		chip->counters.heartbeats++;
		post(chip, ISP_AEN_HEARTBEAT);
	}
	loop_timer_set(chip->heartbeat, interval_sec * 1000);
}

void chip_beat(struct chip *chip, bool is_beating)
{
	chip->is_silent = !is_beating;
}

int chip_init_firmware(struct chip *chip)
{
	struct rings_layout layout;
	int err = 0;

	acb_rings(chip->acb, &layout);
	if (chip->rings) {
		rings_stop(chip->rings);
		err = rings_start(chip->rings, &layout);
	}
	if (err < 0)
		return err;
	trace_note(chip->on.trace, "running");
	chip->life = CHIP_RUNNING;
	acb_configure(chip);
	if (!chip->network)
		post(chip, ISP_AEN_LINK_UP);
	loop_timer_stop(chip->heartbeat);
	heartbeat(chip);
	return 0;
}

void chip_die(struct chip *chip, bool is_fatal)
{
	if (chip->life != CHIP_BOOTED && chip->life != CHIP_RUNNING)
		return;
	trace_note(chip->on.trace, is_fatal ? "fatal" : "dead");
	chip->counters.deaths++;
	firmware_record_crash(chip);
	stop_work(chip);
	aen_reset(chip->aens);
	if (is_fatal) {
		chip->life = CHIP_DEAD;
		chip->port_error = 1;
		chip_raise(chip, ISP_CONTROL_FATAL);
		return;
	}
	aen_post(chip->aens, AEN_EVENT, (const uint32_t[ISP_MAILBOXES]){ ISP_AEN_SYSTEM_ERROR });
	chip->life = CHIP_DEAD;
}

static void resume(struct chip *chip)
{
	if (chip->has_completion)
		chip_raise_completion(chip);
	if (chip->has_response && chip->rings)
		rings_consumed(chip->rings, chip->response_out);
	if (chip->has_request && chip->rings)
		rings_doorbell(chip->rings, chip->request_in);
	if (chip->has_doorbell)
		mailbox_doorbell(chip->mailbox);
	chip->has_completion = chip->has_response = chip->has_request = chip->has_doorbell = false;
	aen_acknowledged(chip->aens);
}

void chip_hang(struct chip *chip, bool is_hung)
{
	if (chip->is_hung == is_hung)
		return;
	trace_note(chip->on.trace, is_hung ? "hung" : "awake");
	chip->is_hung = is_hung;
	if (!is_hung)
		resume(chip);
}

void chip_show(const struct chip *chip, struct text *text)
{
	static const char *const lives[] = { "reset", "booted", "running", "dead" };
	const struct mailbox_counters *mailbox = mailbox_counters(chip->mailbox);
	const struct aen_counters *aens = aen_counters(chip->aens);

	text_addf(text, " life=%s%s boots=%llu resets=%llu deaths=%llu heartbeats=%llu bad-accesses=%llu", lives[chip->life],
		 chip->is_hung ? ",hung" : "", (unsigned long long)chip->counters.boots, (unsigned long long)chip->counters.resets,
		 (unsigned long long)chip->counters.deaths, (unsigned long long)chip->counters.heartbeats,
		 (unsigned long long)chip->counters.bad_accesses);
	text_addf(text, " commands=%llu refused=%llu repeated=%llu events=%llu events-lost=%llu events-dropped=%llu",
		 (unsigned long long)mailbox->commands, (unsigned long long)mailbox->refused, (unsigned long long)mailbox->repeated,
		 (unsigned long long)aens->events, (unsigned long long)aens->lost, (unsigned long long)aens->dropped);
}
