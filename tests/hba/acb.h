/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The address control block (ACB, also IFCB): 768 bytes that configure the firmware and the network of its port. Reads it from flash at
 * boot, takes it from INIT_FW and SET_ACB, makes network settings of it, and puts into it what the network has become.
 */
#ifndef OPENHBA_TESTS_HBA_ACB_H
#define OPENHBA_TESTS_HBA_ACB_H

#include <stdint.h>

#include "transport/abi/isp4xxx.h"

struct chip;
struct network_settings;
struct rings_layout;

/* chip->acb as flash has it; factory contents if flash has none that is valid. */
void acb_load(struct chip *chip);

/* What the block says of network and rings. Any bytes are fine. mac: of the port. */
void acb_network(const uint8_t acb[ISP_ACB_SIZE], const uint8_t mac[6], struct network_settings *ret_settings);
void acb_rings(const uint8_t acb[ISP_ACB_SIZE], struct rings_layout *ret_layout);

/* States, and addresses that were acquired, into chip->acb. */
void acb_refresh(struct chip *chip);

/* The network becomes what chip->acb says. What it refuses stays unconfigured and is noted. */
void acb_configure(struct chip *chip);

/* An address has become usable: the iSNS client begins, if the block has a server of its family and it has not begun. */
void acb_ask_isns(struct chip *chip, enum isp_address index);

#endif
