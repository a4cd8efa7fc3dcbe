/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One port of a card with all that stands behind its PCI function, wired together: the bus (vfio_user.h), the chip, the rings, the sessions
 * and the network, its faults and its trace. Only carries calls from one part to the other; decides nothing.
 */
#ifndef OPENHBA_TESTS_HBA_PORT_H
#define OPENHBA_TESTS_HBA_PORT_H

#include "tests/hba/card.h"

struct chip;
struct control_port;
struct loop;
struct port;
struct vfio_user;

/* shared and the loop are borrowed, settings are copied. -ENOMEM, or what the socket or the namespace says. */
int port_new(struct loop *loop, struct card_shared *shared, unsigned int index, const struct card_port_settings *settings,
	     struct port **ret_port);
void port_free(struct port *port); /* NULL is fine */

struct chip *port_chip(const struct port *port);
struct vfio_user *port_bus(const struct port *port);
const struct control_port *port_control(const struct port *port);

#endif
