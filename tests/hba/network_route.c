/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages to NETLINK_ROUTE by which a port's network is changed, by libmnl. Decides nothing: what is wanted is said by
 * network_link.c and network_address.c. What there is, is read by transport/user/rtnetlink.
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "tests/hba/network_parts.h"

#define MESSAGE_BYTES 1024
#define ANSWER_BYTES 32768

struct network_kernel {
	struct mnl_socket *socket;
	unsigned int sequence;
	_Alignas(struct nlmsghdr) char message[MESSAGE_BYTES];
	_Alignas(struct nlmsghdr) char answer[ANSWER_BYTES];
};

int network_kernel_open(struct network_kernel **ret_kernel)
{
	struct network_kernel *kernel = calloc(1, sizeof(*kernel));
	int error;

	if (!kernel)
		return -ENOMEM;
	kernel->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!kernel->socket || mnl_socket_bind(kernel->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		error = -errno;
		network_kernel_close(kernel);
		return error;
	}
	*ret_kernel = kernel;
	return 0;
}

void network_kernel_close(struct network_kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->socket)
		mnl_socket_close(kernel->socket);
	free(kernel);
}

static struct nlmsghdr *begin(struct network_kernel *kernel, uint16_t type, uint16_t flags, size_t head, void *ret_head)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(kernel->message);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	message->nlmsg_seq = ++kernel->sequence;
	*(void **)ret_head = mnl_nlmsg_put_extra_header(message, head);
	return message;
}

/* Sends and waits for the acknowledgement; whatever comes before it goes to fn. */
static int execute(struct network_kernel *kernel, const struct nlmsghdr *message, mnl_cb_t fn, void *data)
{
	unsigned int port = mnl_socket_get_portid(kernel->socket);
	int r;

	if (mnl_socket_sendto(kernel->socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t n = mnl_socket_recvfrom(kernel->socket, kernel->answer, sizeof(kernel->answer));

		if (n < 0)
			return -errno;
		r = mnl_cb_run(kernel->answer, (size_t)n, kernel->sequence, port, fn, data);
	} while (r == MNL_CB_OK);
	return r < 0 ? -errno : 0;
}

static struct nlmsghdr *begin_link(struct network_kernel *kernel, unsigned int ifindex, struct ifinfomsg **ret_head)
{
	struct nlmsghdr *message = begin(kernel, RTM_NEWLINK, 0, sizeof(**ret_head), ret_head);

	(*ret_head)->ifi_index = (int)ifindex;
	return message;
}

int network_kernel_link(struct network_kernel *kernel, unsigned int ifindex, bool is_up)
{
	struct ifinfomsg *head;
	struct nlmsghdr *message = begin_link(kernel, ifindex, &head);

	head->ifi_change = IFF_UP;
	head->ifi_flags = is_up ? IFF_UP : 0;
	return execute(kernel, message, NULL, NULL);
}

int network_kernel_mac(struct network_kernel *kernel, unsigned int ifindex, const uint8_t mac[6])
{
	struct ifinfomsg *head;
	struct nlmsghdr *message = begin_link(kernel, ifindex, &head);

	mnl_attr_put(message, IFLA_ADDRESS, 6, mac);
	return execute(kernel, message, NULL, NULL);
}

int network_kernel_mtu(struct network_kernel *kernel, unsigned int ifindex, uint32_t mtu)
{
	struct ifinfomsg *head;
	struct nlmsghdr *message = begin_link(kernel, ifindex, &head);

	mnl_attr_put_u32(message, IFLA_MTU, mtu);
	return execute(kernel, message, NULL, NULL);
}

/* ---- programs ---- */

static int hook(struct network_kernel *kernel, uint16_t type, unsigned int ifindex)
{
	uint16_t flags = type == RTM_NEWQDISC ? NLM_F_CREATE | NLM_F_EXCL : 0;
	struct tcmsg *head;
	struct nlmsghdr *message = begin(kernel, type, flags, sizeof(*head), &head);

	head->tcm_ifindex = (int)ifindex;
	head->tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
	head->tcm_parent = TC_H_CLSACT;
	mnl_attr_put_strz(message, TCA_KIND, "clsact");
	return execute(kernel, message, NULL, NULL);
}

static int program(struct network_kernel *kernel, unsigned int ifindex, uint32_t direction, int fd)
{
	struct tcmsg *head;
	struct nlmsghdr *message = begin(kernel, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, sizeof(*head), &head);
	struct nlattr *options;

	head->tcm_ifindex = (int)ifindex;
	head->tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction);
	head->tcm_info = TC_H_MAKE(1u << 16, __builtin_bswap16(ETH_P_ALL));
	mnl_attr_put_strz(message, TCA_KIND, "bpf");
	options = mnl_attr_nest_start(message, TCA_OPTIONS);
	mnl_attr_put_u32(message, TCA_BPF_FD, (uint32_t)fd);
	mnl_attr_put_strz(message, TCA_BPF_NAME, "vlan");
	mnl_attr_put_u32(message, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
	mnl_attr_nest_end(message, options);
	return execute(kernel, message, NULL, NULL);
}

int network_kernel_programs(struct network_kernel *kernel, unsigned int ifindex, int in_fd, int out_fd)
{
	int error;

	hook(kernel, RTM_DELQDISC, ifindex);
	if (in_fd < 0)
		return 0;
	error = hook(kernel, RTM_NEWQDISC, ifindex);
	if (!error)
		error = program(kernel, ifindex, TC_H_MIN_INGRESS, in_fd);
	return error ? error : program(kernel, ifindex, TC_H_MIN_EGRESS, out_fd);
}

/* ---- addresses and routes ---- */

static void put_broadcast(struct nlmsghdr *message, const uint8_t *address, uint8_t prefix_len)
{
	uint32_t four;

	if (prefix_len > 30)
		return;
	memcpy(&four, address, sizeof(four));
	four |= __builtin_bswap32(prefix_len ? UINT32_MAX >> prefix_len : UINT32_MAX);
	mnl_attr_put(message, IFA_BROADCAST, sizeof(four), &four);
}

int network_kernel_address(struct network_kernel *kernel, unsigned int ifindex, int family, const uint8_t *address, uint8_t prefix_len)
{
	struct ifaddrmsg *head;
	struct nlmsghdr *message = begin(kernel, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*head), &head);

	head->ifa_family = (uint8_t)family;
	head->ifa_prefixlen = prefix_len;
	head->ifa_index = ifindex;
	mnl_attr_put(message, IFA_LOCAL, network_bytes(family), address);
	mnl_attr_put(message, IFA_ADDRESS, network_bytes(family), address);
	if (family == AF_INET)
		put_broadcast(message, address, prefix_len);
	return execute(kernel, message, NULL, NULL);
}

int network_kernel_address_delete(struct network_kernel *kernel, const struct rtaddress *address)
{
	struct ifaddrmsg *head;
	struct nlmsghdr *message = begin(kernel, RTM_DELADDR, 0, sizeof(*head), &head);

	head->ifa_family = (uint8_t)address->family;
	head->ifa_prefixlen = address->prefix_len;
	head->ifa_index = address->ifindex;
	mnl_attr_put(message, IFA_LOCAL, network_bytes(address->family), address->bytes);
	return execute(kernel, message, NULL, NULL);
}

static int default_route(struct network_kernel *kernel, uint16_t type, unsigned int ifindex, int family, const uint8_t *gateway)
{
	uint16_t flags = type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	struct rtmsg *head;
	struct nlmsghdr *message = begin(kernel, type, flags, sizeof(*head), &head);

	head->rtm_family = (uint8_t)family;
	head->rtm_table = RT_TABLE_MAIN;
	head->rtm_protocol = RTPROT_STATIC;
	head->rtm_scope = RT_SCOPE_UNIVERSE;
	head->rtm_type = RTN_UNICAST;
	mnl_attr_put(message, RTA_GATEWAY, network_bytes(family), gateway);
	mnl_attr_put_u32(message, RTA_OIF, ifindex);
	return execute(kernel, message, NULL, NULL);
}

int network_kernel_default(struct network_kernel *kernel, unsigned int ifindex, int family, const uint8_t *gateway)
{
	return default_route(kernel, RTM_NEWROUTE, ifindex, family, gateway);
}

int network_kernel_default_delete(struct network_kernel *kernel, unsigned int ifindex, int family, const uint8_t *gateway)
{
	return default_route(kernel, RTM_DELROUTE, ifindex, family, gateway);
}

static int take_counters(const struct nlmsghdr *message, void *data)
{
	struct nlattr *attribute;

	mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
		if (mnl_attr_get_type(attribute) == IFLA_STATS64) {
			size_t have = mnl_attr_get_payload_len(attribute), want = sizeof(struct rtnl_link_stats64);

			memcpy(data, mnl_attr_get_payload(attribute), have < want ? have : want);
		}
	return MNL_CB_OK;
}

int network_kernel_counters(struct network_kernel *kernel, unsigned int ifindex, struct rtnl_link_stats64 *ret_counters)
{
	struct ifinfomsg *head;
	struct nlmsghdr *message = begin(kernel, RTM_GETLINK, 0, sizeof(*head), &head);

	head->ifi_index = (int)ifindex;
	memset(ret_counters, 0, sizeof(*ret_counters));
	return execute(kernel, message, take_counters, ret_counters);
}
