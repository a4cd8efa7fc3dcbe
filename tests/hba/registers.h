/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the control register asks of the whole card (reset.c). Between registers.c, chip.c and reset.c only. */
#ifndef OPENHBA_TESTS_HBA_REGISTERS_H
#define OPENHBA_TESTS_HBA_REGISTERS_H

struct card_shared;
struct chip;

/* Soft reset by one function: every function's firmware stops at once. It is over when all that listen have acknowledged. */
void reset_begin(struct chip *chip);
void reset_force(struct chip *chip);			 /* over, whoever has not */
void reset_acknowledged(struct card_shared *shared); /* somebody may have cleared ISP_CONTROL_RESET_INTERRUPT, or listens no more */
void reset_by_fault(struct chip *chip);		 /* FAULT_RESET_RAISED strikes here */
void reset_power(struct chip *chip);		 /* this function lost its power: what it held is free */

#endif
