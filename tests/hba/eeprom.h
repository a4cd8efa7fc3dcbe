/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The serial EEPROM (93C66, 93C86: microwire) behind four bits of a register, as one PCI function drives it: latches what the host puts on
 * the data line at each rising clock while the chip is selected. The words are the card image's; the lines are the function's own, so two
 * drivers that do not take the semaphore get their own answers.
 */
#ifndef OPENHBA_TESTS_HBA_EEPROM_H
#define OPENHBA_TESTS_HBA_EEPROM_H

#include <stdint.h>

struct card_shared;
struct eeprom;
struct faults;

/* Both are borrowed; faults may be NULL. The number of words is the model's. NULL: no memory. */
struct eeprom *eeprom_new(struct card_shared *shared, struct faults *faults);
void eeprom_free(struct eeprom *eeprom); /* NULL is fine */
void eeprom_reset(struct eeprom *eeprom); /* deselected, writing disabled */

/* The host drives the lines: bits of enum isp_eeprom, DATA_OUT is ignored. */
void eeprom_drive(struct eeprom *eeprom, uint16_t lines);

/* What is on the lines now, DATA_OUT by the EEPROM. */
uint16_t eeprom_lines(const struct eeprom *eeprom);

#endif
