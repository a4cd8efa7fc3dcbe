/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The network of an HBA port: one NIC, usually alone in a network namespace, which the port's firmware configures as its address
 * control block says (isp4xxx 8.1, 11). Sockets are made inside of the namespace and work from outside of it.
 *
 * Two kinds of network, one interface:
 *  - a namespace (name in /run/netns, or a path with a '/'): all that is on its NIC is ours: addresses, routes, VLANs, link up and down;
 *  - none (NULL): the host's own network is used as it is and never changed; the link is always up, a configured address is
 *    preferred at once, and no socket is bound to any of them. For unit tests over 127.0.0.1 and ::1.
 *
 * Everything runs on the loop's thread and no call blocks longer than the kernel does. No event is told from inside of a call: all come
 * from the loop, in the order in which the chip would report them, so a mailbox command can be completed before them.
 */
#ifndef OPENHBA_TESTS_HBA_NETWORK_H
#define OPENHBA_TESTS_HBA_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;
struct network;

/* The four addresses of an ACB, numbered as in mailbox 91 and event 8029. */
enum network_index {
	NETWORK_IPV4,
	NETWORK_LINK_LOCAL,
	NETWORK_IPV6_0,
	NETWORK_IPV6_1,
	NETWORK_ADDRESSES,
	NETWORK_ANY = NETWORK_ADDRESSES, /* as a source: the kernel chooses */
};

/* The chip's numbers (isp4xxx 8.1). */
enum network_state {
	NETWORK_UNCONFIGURED = 0,
	NETWORK_INVALID = 1,
	NETWORK_ACQUIRING = 2,
	NETWORK_TENTATIVE = 3,
	NETWORK_DEPRECATED = 4,
	NETWORK_PREFERRED = 5,
	NETWORK_DISABLING = 6,
};

enum network_router_state {
	NETWORK_ROUTER_UNKNOWN = 0,
	NETWORK_ROUTER_MANUAL = 1,
	NETWORK_ROUTER_ADVERTISED = 3,
	NETWORK_ROUTER_STALE = 4,
};

/* Where an address is from: the fourth word of event 8029. Neighbour discovery counts as NONE there. */
enum network_origin { NETWORK_ORIGIN_NONE = 0, NETWORK_ORIGIN_STATIC = 1, NETWORK_ORIGIN_DHCP = 2 };

/*
 * What an ACB says about the network. All zero: nothing is enabled. Addresses are in network order. A VLAN tag is in host order, as the
 * chip counts it: identifier in bits 11:0, priority in bits 15:13.
 */
struct network_settings {
	uint8_t mac[6];			/* zeros: the NIC keeps its own */
	uint16_t mtu;			/* 0: the NIC keeps its own */
	struct {
		bool is_enabled, has_dhcp, has_vlan, has_gratuitous_arp;
		uint16_t vlan_tag;
		uint8_t tos, ttl;	/* of sockets; 0: the kernel's */
		uint8_t address[4], mask[4], gateway[4]; /* ignored with DHCP; gateway zeros: none */
		char vendor_id[12];	/* DHCP option 60; "": none is sent */
		char client_id[12];	/* DHCP option 61; "": made of the MAC address */
	} ipv4;
	struct {
		bool is_enabled, has_vlan;
		bool has_auto_link_local; /* made of the MAC address; else fe80:: and interface_id */
		bool has_auto_addresses;  /* by router advertisement; else address[], zeros: none */
		uint16_t vlan_tag;
		uint8_t traffic_class, hop_limit; /* of sockets; 0: the kernel's */
		uint8_t dad_count;	/* duplicate address detections; 0: none, addresses are preferred at once */
		uint8_t interface_id[8];
		uint8_t address[2][16];	/* prefixes are of 64 bits */
		uint8_t router[16];	/* zeros: by router advertisement */
	} ipv6;
};

struct network_link {
	bool is_up;
	bool is_full_duplex;
	unsigned int speed_mbps;	/* 0: unknown */
	unsigned int mtu;
	uint8_t mac[6];
};

struct network_address {
	enum network_state state;
	enum network_origin origin;
	int family;			/* AF_INET or AF_INET6 by its index, whatever the state */
	uint8_t bytes[16];		/* 4 or 16; zeros while there is none */
	uint8_t prefix_len;
};

struct network_router {
	enum network_router_state state;
	uint8_t bytes[16];
};

/* Any may be NULL. None is called after network_free(); all may call anything of this header but network_free(). */
struct network_events {
	void (*link)(void *data, bool is_up);					/* 8010, 8011 */
	void (*address)(void *data, enum network_index index, enum network_state from, enum network_state to); /* 8029 */
	void (*lease)(void *data, bool is_acquired);				/* 801F, 801D: after the address event */
	void (*duplicate)(void *data, enum network_index index);		/* 8025: somebody else has it; if IPv6 it is INVALID */
	void (*router)(void *data);						/* 802A */
};

/*
 * netns: NULL, a name in /run/netns, or a path. nic: its name; NULL: the only Ethernet NIC there. Events begin with the first turn of the
 * loop after network_configure(). A NIC that is not there (yet) is a link that is down. data is handed to the events.
 * -ENOENT: no such namespace; -EPERM: not allowed to enter it; -ENOMEM, -EMFILE.
 */
int network_new(struct loop *loop, const char *netns, const char *nic, const struct network_events *events, void *data,
		struct network **ret_network);
void network_free(struct network *network);	/* NULL is fine; ends DHCP and pings without an event and takes the addresses away */

/*
 * INIT_FW, SET_ACB: makes the network be as the settings say, instead of what it was. Addresses go 0 -> 2 (acquiring: IPv4, neighbour
 * discovery) or 3 (tentative: duplicate address detection) -> 5, told as events. The first time and after network_reset() the link's
 * state is told first, later only its changes. While the link is down addresses stay as they are, new ones in 2 or 3. What the kernel
 * refuses is logged, and that address is INVALID. An enabled address of zeros is UNCONFIGURED.
 * -EINVAL: settings that mean nothing (a netmask with holes, VLAN 4095, an address that is no host's): nothing is changed.
 */
int network_configure(struct network *network, const struct network_settings *settings);

/*
 * DISABLE_ACB: each address that is not unconfigured goes -> 6 (disabling) -> 0, told as events; IPv4 even when it was 0 before, because
 * the driver waits for that event. Sockets stay open but are of no use.
 */
void network_disable(struct network *network);

/* Chip reset: as network_disable() but silent, and the link is not told any more until network_configure(). */
void network_reset(struct network *network);

/* The cable, for tests: pulled, the link is down whatever the NIC says. Told as an event. */
void network_plug(struct network *network, bool is_plugged);

void network_link(const struct network *network, struct network_link *ret_link);
void network_address(const struct network *network, enum network_index index, struct network_address *ret_address);
void network_gateway(const struct network *network, uint8_t ret_gateway[4]);	/* zeros: none */
void network_router(const struct network *network, struct network_router *ret_router);
bool network_has_lease(const struct network *network);		/* IPv4 by DHCP, and there is one */
/* IPv4 is, or IPv6 without so much as its link-local address: GET_FW_STATE "configuring IP". */
bool network_is_acquiring(const struct network *network);

/*
 * A socket inside of the namespace, non-blocking and close-on-exec, with the VLAN, TOS, TTL (traffic class, hop limit) of its family.
 * The descriptor, or -ENETDOWN: not enabled for the family; -EMFILE, -EPERM.
 */
int network_socket(const struct network *network, int family, int type, int protocol);

/* The address to bind to (port 0) so that packets leave from that index. -EADDRNOTAVAIL: it is neither preferred nor deprecated. */
int network_source(const struct network *network, enum network_index index, struct sockaddr_storage *ret_address, socklen_t *ret_length);

/* Calls fn in the port's namespace, for a socket that somebody else makes. -errno: it could not be entered, and fn was not called. */
int network_inside(const struct network *network, void (*fn)(void *data), void *data);

/*
 * Begins a TCP connection to peer from an address of ours (NETWORK_ANY: the kernel chooses). A link-local peer needs no scope. The
 * descriptor, on which connect(2) is under way or done (poll it for POLLOUT, then SO_ERROR), or a negative errno:
 * -ENETDOWN, -EADDRNOTAVAIL, -ENETUNREACH, ...
 */
int network_connect(const struct network *network, const struct sockaddr *peer, socklen_t length, enum network_index from);

/* ---- ping (mailbox 0B) ---- */

/* The chip's result codes, handed to user space unchanged. */
enum network_ping_result {
	NETWORK_PING_OK = 0,
	NETWORK_PING_DISABLED = 1,
	NETWORK_PING_ADDRESS_INVALID = 2,
	NETWORK_PING_LINK_LOCAL_INVALID = 3,
	NETWORK_PING_TIMEOUT = 4,
	NETWORK_PING_BAD_DESTINATION = 5,
	NETWORK_PING_OVERSIZE = 6,
	NETWORK_PING_ICMP_ERROR = 7,
	NETWORK_PING_TOO_MANY = 8,
	NETWORK_PING_NO_ARP_REPLY = 9,
};

#define NETWORK_PINGS_MAX 8		/* at a time; more are TOO_MANY */
#define NETWORK_PING_TIMEOUT_MS 5000

/*
 * Sends one echo request with size bytes of payload to destination (4 or 16 bytes by family) and calls done exactly once, from the
 * loop; not after network_free().
 */
typedef void network_ping_fn(void *data, enum network_ping_result result);
void network_ping(struct network *network, int family, const uint8_t *destination, uint32_t size, enum network_index from,
		  network_ping_fn *done, void *data);

/* ---- statistics (mailbox 1E) ---- */

#define NETWORK_STATISTICS_BYTES 0x238

/*
 * The MAC, IPv4, IPv6 and TCP rows of the management data (isp4xxx 8.8) from the kernel's counters, in the chip's layout and byte
 * order: offsets 000 to 237. What the kernel does not count is 0. They count on over chip resets; the caller keeps what is subtracted.
 */
void network_statistics(const struct network *network, uint8_t ret_data[NETWORK_STATISTICS_BYTES]);

#endif
