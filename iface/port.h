/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ports: what this machine has that a session can leave from, as a picture of one moment: the NICs of this network namespace with
 * their addresses (from the kernel by rtnetlink), and the network entities of HBA ports (from sysfs). Two pictures can be compared,
 * which is how changes are found: an event that is lost costs nothing but time.
 */
#ifndef OPENHBA_IFACE_PORT_H
#define OPENHBA_IFACE_PORT_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct rtnetlink;

enum port_kind { PORT_NIC, PORT_HBA };

/* An address of a NIC. */
struct port_address {
	sa_family_t family;	/* AF_INET, AF_INET6 */
	uint8_t bytes[16];	/* network order; 4 of them for AF_INET */
	uint8_t prefix_len;
	bool is_link_local;	/* fe80::/10, 169.254.0.0/16 */
	bool is_usable;		/* not tentative, not a duplicate */
};

struct port {
	enum port_kind kind;
	char driver[32];	/* "virtio_net", "bnx2x"; "": none */
	char hwaddress[18];	/* now; "" without an Ethernet address */
	/* PORT_NIC */
	char netdev[IFNAMSIZ];
	unsigned int ifindex;
	char permanent[18];	/* the address it was made with; "": it has none, or does not say */
	char path[64];		/* its place on a bus, "0000:01:00.0", as ethtool tells it; "": virtual */
	char nic_kind[16];	/* "vlan", "bond", "bridge", "veth", ...; "" for hardware */
	char master[IFNAMSIZ];	/* the bond, team or bridge it is a port of; "": none. A VRF is no such master */
	char vrf[IFNAMSIZ];	/* "" */
	unsigned int master_index;	/* ifindex of the one or the other; 0: none */
	bool is_loopback, is_up, has_carrier;
	struct port_address *addresses;	/* sorted; owned */
	size_t address_count;
	/* PORT_HBA */
	char transport[16];
	uint32_t host_no;
	bool has_entity;	/* false: the driver shows no network entities; the port as a whole */
	bool is_v6;
	uint32_t entity;	/* number in its family */
	char port_state[32];	/* as the driver says it, "LINK UP" */
	char state[32];		/* of the entity: "enable", "disable", "" */
	char ipaddress[64];	/* "": none */
};

/* Sorted: NICs by ifindex, then HBA ports by host, family and entity. */
struct ports {
	struct port *list;
	size_t count;
	const char *root;	/* the sysfs it was taken of; NULL: SYSFS_ROOT */
};

/* The order above; 0 for what is the same port in two pictures. */
int port_order(const struct port *a, const struct port *b);

/*
 * Takes the picture. root is that of sysfs ("/sys", or a test's tree). Blocks no longer than the kernel and drivers take to answer
 * (a card may take seconds): not for the loop's thread where HBAs are. -ENOMEM, or as rtnetlink says; on failure *ret_ports is empty.
 */
int ports_read(const char *root, struct rtnetlink *route, struct ports *ret_ports);
void ports_done(struct ports *ports);	/* an all-zero one is fine */

/*
 * The same, with what cannot have changed since an earlier picture taken over from it: what drivers say of NICs (asking some takes
 * milliseconds), and, unless reads_hbas, all of the HBA ports. route NULL: no NICs.
 */
int ports_update(const char *root, struct rtnetlink *route, const struct ports *last, bool reads_hbas, struct ports *ret_ports);

const struct port *ports_find_netdev(const struct ports *ports, const char *netdev);	/* NULL */
const struct port *ports_find_index(const struct ports *ports, unsigned int ifindex);

/* What became of a port between two pictures. A NIC is the same if its ifindex is, an HBA entity if host and name are. */
enum port_change {
	PORT_ADDED,
	PORT_REMOVED,
	PORT_RENAMED,
	PORT_HWADDRESS,		/* the address in use is another */
	PORT_MASTER,		/* joined or left a bond, team, bridge or VRF */
	PORT_UP,		/* up and with carrier; HBA: link up */
	PORT_DOWN,		/* one of the two is gone */
	PORT_ADDRESSES,		/* usable addresses came or went */
	PORT_SETTINGS,		/* of an HBA entity: state or address */
	PORT_CHANGE_COUNT,
};

const char *port_change_name(enum port_change change);	/* "added", "removed", "renamed", ... */

/* Calls fn for each change, several for one port where they are; before is NULL for PORT_ADDED, now for PORT_REMOVED. */
typedef void port_change_fn(enum port_change change, const struct port *before, const struct port *now, void *data);
void ports_compare(const struct ports *before, const struct ports *now, port_change_fn *fn, void *data);

/* "NIC eth3 (virtio_net, 0000:03:00.0)", "qla4xxx port 00:0e:1e:01:02:03 (host 4), ipv4.0": for logs. */
void port_describe(const struct port *port, char *text, size_t room);

/* Can sessions leave from it now: NIC up, with carrier and a usable address, in nobody's bond; HBA link not down, entity not disabled. */
bool port_is_ready(const struct port *port);

/* Is there link, whatever else is missing: NIC up and with carrier; HBA link not down. */
bool port_has_link(const struct port *port);

/* Does the NIC have this address, or any of the family, link-local ones included, usable? bytes in network order. */
bool port_has_address(const struct port *port, int family, const void *bytes);
bool port_has_family(const struct port *port, int family);

#endif
