/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the firmware leaves behind when it dies. Its commands are in mailbox.h. */
#ifndef OPENHBA_TESTS_HBA_FIRMWARE_H
#define OPENHBA_TESTS_HBA_FIRMWARE_H

struct chip;

/* chip->crash becomes the record of this moment; GET_CRASH_RECORD gives it after the next boot. */
void firmware_record_crash(struct chip *chip);

#endif
