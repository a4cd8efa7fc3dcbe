/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One emulated ISP4xxx card: its flash and EEPROM image, what its PCI functions share (semaphores, the reset, the RAM configuration), and
 * one or two ports. main.c makes one per process. A port is a PCI function with all that stands behind it (port.h).
 */
#ifndef OPENHBA_TESTS_HBA_CARD_H
#define OPENHBA_TESTS_HBA_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/isp4xxx.h"

struct card;
struct chip;
struct control_port;
struct loop;
struct pci_identity;
struct port;

struct card_port_settings {
	const char *socket; /* vfio-user listens there; NULL: nowhere (the test attaches a client) */
	const char *netns;  /* network namespace, as in network_new(); NULL: the host's own network */
	const char *nic;    /* NULL: the only one there */
};

struct card_settings {
	const char *image;		  /* path; NULL: factory contents of identity, in memory */
	struct isp4xxx_identity identity; /* used without an image */
	struct card_port_settings port[ISP4XXX_PORTS_MAX];
};

/*
 * All is copied or opened before it returns; the ports wait for their clients. The loop is borrowed. -ENOMEM; -EINVAL: what the image says
 * of model or ports is not ours; or what opening the image, the sockets or the namespaces says.
 */
int card_new(struct loop *loop, const struct card_settings *settings, struct card **ret_card);
void card_free(struct card *card); /* NULL is fine; the image is synced */

unsigned int card_ports(const struct card *card);
struct port *card_port(const struct card *card, unsigned int index);
struct chip *card_chip(const struct card *card, unsigned int index);

/* For control_new(): card_ports() of them, owned by the card. */
const struct control_port *card_control_ports(const struct card *card);

/*
 * What the functions of one card share. Owned by the card (or by a test); the chips register themselves. Soft reset is the whole chip's: it
 * raises the reset interrupt of each other function whose firmware runs, and lasts until those that listen have acknowledged it.
 */
struct card_shared {
	uint32_t model; /* enum isp_device */
	struct isp4xxx_image *image;
	struct chip *chips[ISP4XXX_PORTS_MAX];
	uint16_t semaphores;   /* as read from the register */
	uint16_t ext_hw_config;
	uint16_t port_control; /* bit 15 from the first boot to the loss of power */
	bool is_resetting, is_stuck; /* stuck: only force ends it */
	const struct chip *resetter;
	uint64_t eeprom_ms; /* when a driver last drove its wires; 0: never */
};

#endif
