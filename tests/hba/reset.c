/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The soft reset of the whole card, asked for by one function. Its end waits for each function whose driver listens (has interrupts on) and
 * has not acknowledged; a driver that resets without clearing its own reset interrupt waits for itself, as on the chip.
 */
#include "tests/hba/chip.h"
#include "tests/hba/faults.h"
#include "tests/hba/registers.h"
#include "tests/hba/trace.h"

void reset_acknowledged(struct card_shared *shared)
{
	if (!shared->is_resetting || shared->is_stuck)
		return;
	for (unsigned int i = 0; i < ISP4XXX_PORTS_MAX; i++) {
		const struct chip *chip = shared->chips[i];

		if (!chip || !(chip->control & ISP_CONTROL_RESET_INTERRUPT))
			continue;
		if (chip_interrupts_enabled(chip) || chip == shared->resetter)
			return;
	}
	shared->is_resetting = false;
}

void reset_begin(struct chip *chip)
{
	struct card_shared *shared = chip->on.shared;

	trace_note(chip->on.trace, "soft reset");
	chip->counters.resets++;
	shared->is_resetting = true;
	shared->is_stuck = fault_hit(chip->on.faults, FAULT_RESET_STUCK, 0, NULL);
	shared->resetter = chip;
	shared->semaphores = 0;
	for (unsigned int i = 0; i < ISP4XXX_PORTS_MAX; i++) {
		struct chip *other = shared->chips[i];

		if (!other || other == chip || !chip_is_used(other))
			continue;
		chip_stop(other);
		chip_raise(other, ISP_CONTROL_RESET_INTERRUPT);
	}
	chip_stop(chip);
	reset_acknowledged(shared);
}

void reset_force(struct chip *chip)
{
	chip->on.shared->is_resetting = chip->on.shared->is_stuck = false;
	chip->on.shared->semaphores = 0;
}

void reset_by_fault(struct chip *chip)
{
	if (!fault_hit(chip->on.faults, FAULT_RESET_RAISED, 0, NULL))
		return;
	chip_stop(chip);
	chip_raise(chip, ISP_CONTROL_RESET_INTERRUPT);
}

static void release_semaphores(struct chip *chip)
{
	uint16_t *semaphores = &chip->on.shared->semaphores, own = 4 | chip_function(chip);

	for (unsigned int lowest = ISP_SEMAPHORE_DRIVER; !chip_is_4010(chip) && lowest <= ISP_SEMAPHORE_FLASH; lowest += 3)
		if ((*semaphores >> lowest & 7) == own)
			*semaphores &= ~(7 << lowest);
}

void reset_power(struct chip *chip)
{
	struct card_shared *shared = chip->on.shared;
	bool is_used = false;

	for (unsigned int i = 0; i < ISP4XXX_PORTS_MAX; i++)
		is_used |= shared->chips[i] && shared->chips[i] != chip && chip_is_used(shared->chips[i]);
	release_semaphores(chip);
	if (shared->resetter == chip)
		shared->resetter = NULL;
	if (!is_used) {
		shared->semaphores = 0;
		shared->port_control = 0;
		shared->ext_hw_config = 0;
		shared->is_resetting = shared->is_stuck = false;
	}
	reset_acknowledged(shared);
}
