/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of sessions when the port they leave from goes and returns. A lost port: sessions
 * whose record has iface.fast_fail fail now, so that multipath moves on, and nobody tries to log in
 * through it until it is back (but for a slow attempt in case the picture is wrong). A returned one:
 * those sessions are logged in again at once, the same sessions with the same disks. Who decides that
 * a port is lost or back calls this; nothing is decided here from events.
 *
 * A session is on a NIC if it is bound to it: by its record (iface.net_ifacename, iface.hwaddress) or
 * by what was found for it at its last login; on an adapter if it is a session of its host. One that
 * lets the network choose is on no port: it is lost with none, but tried again when one returns if
 * the network had no way for it.
 */
#ifndef OPENHBA_DAEMON_PORT_LOSS_H
#define OPENHBA_DAEMON_PORT_LOSS_H

#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct port;
struct ports;
struct session;

/*
 * No session can leave from it: it is gone, down, without carrier or address, or somebody's bond has
 * it. port: as it is now, or as it was if it is gone. cause: for the log, "removed", "no carrier".
 * Blocks for some system calls per session. Calling it again changes nothing for those it knows of.
 */
void port_loss_lost(struct daemon *daemon, const struct port *port, const char *cause);

/*
 * Sessions can leave from it again. port: as it is now; sessions of an address family of which it has no
 * usable address (IPv6 while it is tentative) stay where they are until a later call. Sessions
 * that were not lost with their port are left alone.
 */
void port_loss_returned(struct daemon *daemon, const struct port *port, const char *cause);

/*
 * The usable addresses of a port that is otherwise ready are others: sessions that have none to leave
 * from are lost, those that have one again return, and one whose own address is gone takes
 * another. before and now are of one port.
 */
void port_loss_addresses(struct daemon *daemon, const struct port *before, const struct port *now, const char *cause);

/* A NIC that has sessions is called otherwise; nothing else has happened. */
void port_loss_renamed(struct daemon *daemon, const struct port *before, const struct port *now);

/*
 * The first picture: sessions that were taken over and whose port is not there, or not ready, are
 * lost with it. Once, at start-up.
 */
void port_loss_first(struct daemon *daemon, const struct ports *ports);

/* A driver says it of all ports of its adapter. */
void port_loss_host_link(struct daemon *daemon, uint32_t host_no, bool is_up);

/* Is its port lost, as far as somebody has said so: then nothing is tried through it. */
bool port_loss_is_lost(const struct daemon *daemon, const struct session *session);

#endif
