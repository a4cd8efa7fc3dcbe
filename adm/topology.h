/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What hangs on what: ports -> portals -> sessions -> disks, gathered once from sysfs and the iface files, and then drawn as
 * a tree of text, as JSON or as SVG. Works without the daemon; where it is there, its word on lost sessions is added.
 *
 *   port      where a session leaves: a NIC, a port of an adapter (a SCSI host), or "default" where only the network knows
 *   portal    a target's address that is used through this port
 *   session   one login
 *   disk      a SCSI device of the session that has a block or tape device; and the device made of several paths on top of it
 */
#ifndef OPENHBA_ADM_TOPOLOGY_H
#define OPENHBA_ADM_TOPOLOGY_H

#include "adm/adm.h"
#include "adm/iface.h"
#include "lib/text.h"

enum topology_kind { TOPOLOGY_NIC, TOPOLOGY_ADAPTER, TOPOLOGY_DEFAULT };

/* How well a part is; of a port or portal: of all that hangs on it. */
enum health { HEALTH_IDLE, HEALTH_GOOD, HEALTH_WARNING, HEALTH_BAD };

struct topology_port {
	enum topology_kind kind;
	char name[32];			/* "eth0", "host3", "default"; of a NIC that is not there its name or MAC address */
	char transport[16];		/* "tcp"; of several the first */
	char hwaddress[32];
	char address[64];		/* the first one seen */
	char state[32];			/* up, down, absent; adapters have words of their own; "" if not known */
	char speed[32];			/* "10 Gb/s"; "" if not known */
	char **ifaces;			/* names of iface records bound to it */
	size_t iface_count;
	enum health health;
	size_t sessions;
};

struct ifaddrs;

struct topology_portal {
	size_t port;			/* index of the port */
	char address[256];		/* as the record has it */
	int64_t number, tpgt;		/* TCP port and tag */
	enum health health;
	size_t sessions;
};

struct topology_session {
	size_t portal;
	struct sysfs_session *session;	/* adm's */
	const char *iface;
	char daemon_state[32];		/* what iscsid is doing about it: REOPEN, ...; "" if nothing, or not known */
	int64_t since_sec;		/* in this state; -1: not known */
	enum health health;
	size_t disks;
};

struct topology_disk {
	size_t session;
	struct sysfs_device device;
	uint64_t size_bytes;		/* 0: not known */
	char model[64];			/* "LIO-ORG disk0" */
	char holder[64];		/* "mpatha", or another device made of it; "" if there is none */
	bool is_multipath;
	enum health health;
};

/* Owned; children of one parent lie side by side, in the order of their parents. */
struct topology {
	struct topology_port *ports;
	struct topology_portal *portals;
	struct topology_session *sessions;
	struct topology_disk *disks;
	size_t port_count, portal_count, session_count, disk_count;
	struct ifaddrs *addresses;	/* of this machine's NICs */
	struct machine machine;
};

/* Fills it; failures are printed. An empty one is no failure. */
enum iscsi_err topology_gather(struct adm *adm, struct topology *ret_topology);
void topology_done(struct topology *topology);

/* Adds adapters, and the NICs that ifaces are bound to. -ENOMEM, or why sysfs could not be read. */
int topology_add_ports(struct adm *adm, struct topology *topology);

/* The port a session leaves by; made if there is none yet. -ENOMEM. */
int topology_port_of(struct adm *adm, struct topology *topology, const struct sysfs_session *session, size_t *ret_port);

/* Orders the ports; their numbers are others afterwards. */
void topology_sort_ports(struct topology *topology);

/* Makes room for one element more in a list that is grown by this alone. NULL: no memory, list is as it was. */
void *topology_grow(void *list, size_t count, size_t size);

/* The drawings. */
void topology_text(const struct topology *topology, bool utf8, struct text *text);
void topology_svg(const struct topology *topology, struct text *text);
void topology_json(const struct topology *topology);

/* Words all drawings use; each appends. */
void topology_port_words(const struct topology_port *port, const char *separator, struct text *text);	/* "NIC, 10.0.0.5, up" */
void topology_portal_words(const struct topology_portal *portal, struct text *text);	/* "10.0.0.1:3260,1" */
void topology_session_words(const struct topology_session *session, struct text *text);	/* "logged in" */
void topology_disk_words(const struct topology_disk *disk, const char *separator, struct text *text);	/* "LUN 0, LIO-ORG a, running" */
void topology_disk_size(const struct topology_disk *disk, struct text *text);		/* "20 GiB"; nothing if it is not known */

#endif
