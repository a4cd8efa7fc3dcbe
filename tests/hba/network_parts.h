/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the network share. network.c owns the object and the queue of events; network_link.c its NIC, network_vlan.c its VLANs,
 * network_address.c the four addresses and the routes, network_dhcp.c the lease, network_arp.c who else has the address, network_ping.c the
 * pings, network_socket.c the namespace, network_route.c the messages that change something in the kernel. Nobody else includes this.
 */
#ifndef OPENHBA_TESTS_HBA_NETWORK_PARTS_H
#define OPENHBA_TESTS_HBA_NETWORK_PARTS_H

#include <net/if.h>
#include <sys/types.h>

#include "lib/loop.h"
#include "tests/hba/network.h"
#include "transport/user/rtnetlink.h"
#include "transport/user/rtwatch.h"

#define NETWORK_EVENTS_MAX 64
#define NETWORK_COUNTER_FILES 3

/* ifindex 0: there is none. */
struct network_device {
	unsigned int ifindex;
	char name[IFNAMSIZ];
};

enum network_event_kind {
	NETWORK_EVENT_LINK,
	NETWORK_EVENT_ADDRESS,
	NETWORK_EVENT_LEASE,
	NETWORK_EVENT_DUPLICATE,
	NETWORK_EVENT_ROUTER,
	NETWORK_EVENT_PING,		/* one too many */
};

struct network_event {
	enum network_event_kind kind;
	bool flag;			/* link: is up; lease: is acquired */
	enum network_index index;
	enum network_state from, to;
	network_ping_fn *done;		/* of a ping, with its data */
	void *data;
};

struct network_queue {
	struct network_event events[NETWORK_EVENTS_MAX];
	unsigned int first, count;
	struct loop_timer *timer;	/* runs while there is one */
	bool is_losing;
};

struct network_lease {
	bool is_held;
	uint8_t address[4], mask[4], gateway[4];
};

struct network_dhcp {
	pid_t pid;			/* 0: no client runs */
	int pipe;			/* its reports; -1 */
	struct loop_fd *watch;
	struct loop_timer *again;	/* after a client that ended by itself */
	struct network_lease lease;
	char line[256];			/* of a report that has not ended */
	size_t line_bytes;
	bool was_warned;
};

struct network_arp {
	int fd;				/* -1: nobody listens */
	struct loop_fd *watch;
	uint64_t silent_until_ms;	/* after a conflict was told; loop_now_ms() */
};

struct network_echo {
	struct network *network;	/* NULL: free */
	int fd, family;
	struct loop_fd *watch;
	struct loop_timer *timer;	/* the timeout, or 0 ms to tell result */
	enum network_ping_result result;
	uint16_t id;
	network_ping_fn *done;
	void *data;
};

/* Asks the kernel for changes; one socket of NETLINK_ROUTE inside of the namespace. */
struct network_kernel;

struct network {
	struct loop *loop;
	struct network_events events;
	void *data;
	int own_space, space;		/* -1: the host's own network */
	char nic_name[IFNAMSIZ];	/* "": the only one there is */
	struct rtnetlink *route;
	struct rtwatch *watch;
	struct loop_fd *watch_fd;
	struct network_kernel *kernel;
	int control;			/* a socket inside, for questions about devices */
	int counters[NETWORK_COUNTER_FILES];
	struct network_settings settings;
	bool is_active;			/* between configure and disable */
	bool is_plugged;
	bool was_link_told, is_up_told;	/* since the last reset; which */
	struct network_device nic;
	struct network_link link;
	struct network_address address[NETWORK_ADDRESSES];
	bool is_refused[NETWORK_ADDRESSES];	/* by the kernel */
	struct network_router router;
	struct loop_timer *router_wait;
	bool has_no_router;		/* none has advertised an address in time */
	uint8_t gateway[2][16];		/* default routes that we have made: IPv4, IPv6; zeros: none */
	struct network_dhcp dhcp;
	struct network_arp arp;
	struct network_echo echoes[NETWORK_PINGS_MAX];
	struct network_queue queue;
};

static inline bool network_is_host(const struct network *network)
{
	return network->space < 0;
}

static inline bool network_is_zero(const uint8_t *bytes, size_t length)
{
	while (length && !*bytes)
		bytes++, length--;
	return !length;
}

static inline size_t network_bytes(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

/* ---- network.c ---- */

void network_tell(struct network *network, struct network_event event);	/* from the loop, in order */
void network_refresh(struct network *network);	/* reads what is; what has changed is told and acted on */
void network_apply(struct network *network);	/* makes the kernel be as the settings say */

/* ---- network_socket.c ---- */

/* Into the namespace and back; nothing may fail to come back. network_enter(): a negative errno, and one has not entered. */
int network_enter(const struct network *network);
void network_leave(const struct network *network);
int network_space_open(const char *netns, int *ret_space);	/* -ENOENT, -EPERM */

/* ---- network_link.c ---- */

int network_link_find(struct network *network);		/* sets nic. -ENODEV */
void network_link_read(struct network *network);	/* sets link */
void network_link_apply(struct network *network);	/* MAC, MTU, VLANs, up */
void network_link_down(struct network *network);

/* ---- network_vlan.c ---- */

int network_vlan_apply(struct network *network);	/* what leaves the NIC is tagged, what arrives is untagged, as the settings say */

/* ---- network_address.c ---- */

void network_address_apply(struct network *network);
void network_address_read(struct network *network);
void network_address_set(struct network *network, enum network_index index, enum network_state state);	/* the only door to a state */
void network_address_clear(struct network *network);	/* takes all away from the kernel; states are not touched */
int network_prefix_of(const uint8_t mask[4]);		/* -EINVAL: it has holes */

/* ---- network_dhcp.c ---- */

void network_dhcp_init(struct network *network);
void network_dhcp_apply(struct network *network);	/* runs the client if it is wanted and the link is up, ends it if not */
void network_dhcp_link_up(struct network *network);	/* makes sure that the lease is still good */
void network_dhcp_stop(struct network *network);	/* silently; the lease is forgotten */

/*
 * The gate for what the client reports: "EVENT|ADDRESS|MASK|GATEWAY" without a newline, where the client had it from a server nobody
 * knows. 1: *ret_lease is a lease (a gateway of zeros: none); 0: the lease is gone; -ENOMSG: a report of something else; -EPROTO.
 */
int network_dhcp_parse(const char *line, struct network_lease *ret_lease);

/* ---- network_arp.c ---- */

void network_arp_init(struct network *network);
void network_arp_listen(struct network *network);	/* anew, and asks at once; for an address that is preferred now */
void network_arp_stop(struct network *network);

/* The gate for ARP messages (without Ethernet header): does it come from another card, and use or want our address? */
bool network_arp_is_conflict(const uint8_t *message, size_t length, const uint8_t mac[6], const uint8_t address[4]);

/* ---- network_ping.c ---- */

void network_ping_init(struct network *network);
void network_ping_end(struct network *network, bool is_told);	/* all of them: DISABLED, or silently */

/*
 * The gate for what arrives at a ping's socket: is it the answer to our echo id? IPv4 messages come with their IP header.
 */
bool network_ping_is_answer(int family, const uint8_t *message, size_t length, uint16_t id);

/* ---- network_route.c ---- */

int network_kernel_open(struct network_kernel **ret_kernel);	/* inside of the namespace */
void network_kernel_close(struct network_kernel *kernel);	/* NULL is fine */

/* All give 0 or what the kernel says. */
int network_kernel_link(struct network_kernel *kernel, unsigned int ifindex, bool is_up);
int network_kernel_mac(struct network_kernel *kernel, unsigned int ifindex, const uint8_t mac[6]);
int network_kernel_mtu(struct network_kernel *kernel, unsigned int ifindex, uint32_t mtu);

/* One program for what arrives and one for what leaves, in place of those before; -1 for both: none. */
int network_kernel_programs(struct network_kernel *kernel, unsigned int ifindex, int in_fd, int out_fd);
int network_kernel_address(struct network_kernel *kernel, unsigned int ifindex, int family, const uint8_t *address, uint8_t prefix_len);
int network_kernel_address_delete(struct network_kernel *kernel, const struct rtaddress *address);
int network_kernel_default(struct network_kernel *kernel, unsigned int ifindex, int family, const uint8_t *gateway);
int network_kernel_default_delete(struct network_kernel *kernel, unsigned int ifindex, int family, const uint8_t *gateway);

struct rtnl_link_stats64;
int network_kernel_counters(struct network_kernel *kernel, unsigned int ifindex, struct rtnl_link_stats64 *ret_counters);

/* ---- network_statistics.c ---- */

void network_statistics_open(struct network *network);	/* inside of the namespace */

/*
 * A counter in the text of /proc/net/snmp or netstat (a line of names and one of numbers, both beginning with group) or of snmp6 (group
 * "": a line each). 0: there is none.
 */
uint64_t network_counter(const char *text, const char *group, const char *name);

#endif
