/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the firmware reads from the card's image: CHAP entries and DDBs by index, for the sessions (the callbacks of struct
 * sessions_settings). The handlers of READ_FLASH, WRITE_FLASH, GET_NVRAM, SET_NVRAM and RESTORE_DEFAULTS are here, too. Contents are
 * checked at each use: a driver may have written anything.
 */
#ifndef OPENHBA_TESTS_HBA_FLASH_H
#define OPENHBA_TESTS_HBA_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "transport/abi/isp4xxx.h"

struct chip;
struct session_chap;

/* Entry of segment 05 with its cookie; false: none, and ret_ddb is as it was. */
bool flash_ddb(const struct chip *chip, unsigned int index, uint8_t ret_ddb[ISP_DDB_SIZE]);

/* The credentials at index that are ours (flag 80), or the first that are the targets' (flag 40 without 80); false: none that is sound. */
bool chap_local(const struct chip *chip, unsigned int index, struct session_chap *ret_chap);
bool chap_peer(const struct chip *chip, struct session_chap *ret_chap);

#endif
