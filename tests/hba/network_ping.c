/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pings of an HBA port: one echo request over a raw socket of its own, one answer or none in time, and the chip's code for what became of
 * it. The answer is told from the loop, also when it was clear at once.
 */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>

#include "tests/hba/network_parts.h"

#define ECHO_BYTES 8
#define IPV6_HEAD_BYTES 40
#define MESSAGE_MAX 65536
#define SEQUENCE 1

struct echo_head {
	uint8_t type, code;
	uint16_t checksum, id, sequence;
};

_Static_assert(sizeof(struct echo_head) == ECHO_BYTES, "as RFC 792 and RFC 4443 have it");

/* ---- one ping's end ---- */

static void release(struct network_echo *echo)
{
	loop_fd_free(echo->watch);
	loop_timer_free(echo->timer);
	if (echo->fd >= 0)
		close(echo->fd);
	*echo = (struct network_echo){.fd = -1};
}

static void finish(struct network_echo *echo, enum network_ping_result result)
{
	network_ping_fn *done = echo->done;
	void *data = echo->data;

	release(echo);
	done(data, result);
}

static void time_is_up(void *data)
{
	struct network_echo *echo = data;

	finish(echo, echo->result);
}

/* ---- what comes back ---- */

bool network_ping_is_answer(int family, const uint8_t *message, size_t length, uint16_t id)
{
	struct echo_head head;
	size_t skip = 0;

	if (family == AF_INET) {
		if (length < sizeof(struct iphdr))
			return false;
		skip = 4 * (size_t)(message[0] & 0xf);
	}
	if (length < skip + sizeof(head))
		return false;
	memcpy(&head, message + skip, sizeof(head));
	return head.type == (family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY) && !head.code && head.id == id &&
	       head.sequence == htons(SEQUENCE);
}

static const struct sock_extended_err *error_of(struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part))
		if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
		    (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR))
			return (const struct sock_extended_err *)(const void *)CMSG_DATA(part);
	return NULL;
}

/* "Host unreachable" from ourselves is the kernel's word for nobody having answered ARP or neighbour discovery. */
static bool is_from_us(const struct network_echo *echo, const struct sock_extended_err *error)
{
	const struct sockaddr *from = SO_EE_OFFENDER(error);
	const struct network *network = echo->network;

	if (error->ee_errno != EHOSTUNREACH)
		return false;
	if (from->sa_family == AF_INET)
		return !memcmp(&((const struct sockaddr_in *)(const void *)from)->sin_addr, network->address[NETWORK_IPV4].bytes, 4);
	for (unsigned int i = NETWORK_LINK_LOCAL; from->sa_family == AF_INET6 && i < NETWORK_ADDRESSES; i++)
		if (!memcmp(&((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, network->address[i].bytes, 16))
			return true;
	return error->ee_origin == SO_EE_ORIGIN_LOCAL;
}

static bool take_error(struct network_echo *echo)
{
	char control[512], byte;
	struct iovec place = {&byte, sizeof(byte)};
	struct msghdr message = {.msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	const struct sock_extended_err *error;

	if (recvmsg(echo->fd, &message, MSG_ERRQUEUE) < 0)
		return false;
	error = error_of(&message);
	if (!error)
		return false;
	if (error->ee_errno == EMSGSIZE)
		finish(echo, NETWORK_PING_OVERSIZE);
	else
		finish(echo, is_from_us(echo, error) ? NETWORK_PING_NO_ARP_REPLY : NETWORK_PING_ICMP_ERROR);
	return true;
}

static void message_ready(int fd, short revents, void *data)
{
	static uint8_t message[MESSAGE_MAX];
	struct network_echo *echo = data;
	ssize_t n;

	if (take_error(echo))
		return;
	for (;;) {
		n = recv(fd, message, sizeof(message), MSG_DONTWAIT);
		if (n < 0)
			return;
		if (network_ping_is_answer(echo->family, message, (size_t)n, echo->id)) {
			finish(echo, NETWORK_PING_OK);
			return;
		}
	}
}

/* ---- sending ---- */

static uint16_t checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* An IPv6 checksum is the kernel's to make. */
static size_t make_message(const struct network_echo *echo, uint32_t size, uint8_t *message)
{
	struct echo_head head = {
		.type = echo->family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST, .id = echo->id, .sequence = htons(SEQUENCE)};

	memcpy(message, &head, sizeof(head));
	for (uint32_t i = 0; i < size; i++)
		message[sizeof(head) + i] = (uint8_t)i;
	if (echo->family == AF_INET) {
		head.checksum = checksum(message, sizeof(head) + size);
		memcpy(message, &head, sizeof(head));
	}
	return sizeof(head) + size;
}

static int code_of(int error)
{
	switch (error) {
	case EMSGSIZE:
		return NETWORK_PING_OVERSIZE;
	case EADDRNOTAVAIL:
		return NETWORK_PING_ADDRESS_INVALID;
	case EHOSTUNREACH:
		return NETWORK_PING_NO_ARP_REPLY;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
		return NETWORK_PING_TOO_MANY;
	case ENETDOWN:
		return NETWORK_PING_DISABLED;
	default:
		return NETWORK_PING_BAD_DESTINATION;
	}
}

static bool is_destination(int family, const uint8_t *destination)
{
	if (network_is_zero(destination, network_bytes(family)))
		return false;
	return family == AF_INET ? destination[0] != 0 && destination[0] < 224 : destination[0] != 0xff;
}

/* What can be said without sending. */
static enum network_ping_result check(const struct network *network, int family, const uint8_t *destination, uint32_t size,
				      enum network_index from)
{
	const struct network_address *address = &network->address[from < NETWORK_ADDRESSES ? from : 0];
	bool is_usable = address->state == NETWORK_PREFERRED || address->state == NETWORK_DEPRECATED;
	size_t head = family == AF_INET6 ? IPV6_HEAD_BYTES : sizeof(struct iphdr);

	if (!network->is_active || !(family == AF_INET6 ? network->settings.ipv6.is_enabled : network->settings.ipv4.is_enabled))
		return NETWORK_PING_DISABLED;
	if (!is_destination(family, destination))
		return NETWORK_PING_BAD_DESTINATION;
	if (from != NETWORK_ANY && (!is_usable || address->family != family))
		return from == NETWORK_LINK_LOCAL ? NETWORK_PING_LINK_LOCAL_INVALID : NETWORK_PING_ADDRESS_INVALID;
	if (size + head + ECHO_BYTES > network->link.mtu)
		return NETWORK_PING_OVERSIZE;
	return NETWORK_PING_OK;
}

static int connect_to(const struct network_echo *echo, const uint8_t *destination)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	int fd = echo->fd;

	if (echo->family == AF_INET) {
		memcpy(&four.sin_addr, destination, 4);
		return connect(fd, (const struct sockaddr *)&four, sizeof(four)) < 0 ? -errno : 0;
	}
	memcpy(&six.sin6_addr, destination, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&six.sin6_addr))
		six.sin6_scope_id = echo->network->nic.ifindex;
	return connect(fd, (const struct sockaddr *)&six, sizeof(six)) < 0 ? -errno : 0;
}

static int open_socket(struct network_echo *echo, const uint8_t *destination, enum network_index from)
{
	struct sockaddr_storage source;
	socklen_t length;
	int on = 1, error = 0;

	echo->fd = network_socket(echo->network, echo->family, SOCK_RAW, echo->family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (echo->fd < 0)
		return echo->fd;
	setsockopt(echo->fd, echo->family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP, echo->family == AF_INET6 ? IPV6_RECVERR : IP_RECVERR, &on,
		   sizeof(on));
	if (from != NETWORK_ANY) {
		error = network_source(echo->network, from, &source, &length);
		if (!error && bind(echo->fd, (const struct sockaddr *)&source, length) < 0)
			error = -errno;
	}
	return error ? error : connect_to(echo, destination);
}

static enum network_ping_result start(struct network_echo *echo, const uint8_t *destination, uint32_t size, enum network_index from)
{
	static uint8_t message[MESSAGE_MAX];
	enum network_ping_result result = check(echo->network, echo->family, destination, size, from);
	int error;

	if (result != NETWORK_PING_OK)
		return result;
	error = open_socket(echo, destination, from);
	if (!error && send(echo->fd, message, make_message(echo, size, message), 0) < 0)
		error = -errno;
	if (!error)
		error = loop_fd_new(echo->network->loop, echo->fd, POLLIN, message_ready, echo, &echo->watch);
	return error ? code_of(-error) : NETWORK_PING_OK;
}

static struct network_echo *find_free(struct network *network)
{
	for (unsigned int i = 0; i < NETWORK_PINGS_MAX; i++)
		if (!network->echoes[i].network)
			return &network->echoes[i];
	return NULL;
}

/* The answer to a ping that has no place of its own. */
static void refuse(struct network *network, network_ping_fn *done, void *data)
{
	network_tell(network, (struct network_event){.kind = NETWORK_EVENT_PING, .done = done, .data = data});
}

void network_ping(struct network *network, int family, const uint8_t *destination, uint32_t size, enum network_index from,
		  network_ping_fn *done, void *data)
{
	static uint16_t last_id;
	struct network_echo *echo = find_free(network);

	if (!echo) {
		refuse(network, done, data);
		return;
	}
	*echo = (struct network_echo){.network = network, .fd = -1, .family = family, .id = ++last_id, .done = done, .data = data};
	if (loop_timer_new(network->loop, time_is_up, echo, &echo->timer) < 0) {
		release(echo);
		refuse(network, done, data);
		return;
	}
	echo->result = start(echo, destination, size, from);
	loop_timer_set(echo->timer, echo->result == NETWORK_PING_OK ? NETWORK_PING_TIMEOUT_MS : 0);
	if (echo->result == NETWORK_PING_OK)
		echo->result = NETWORK_PING_TIMEOUT;
}

void network_ping_init(struct network *network)
{
	for (unsigned int i = 0; i < NETWORK_PINGS_MAX; i++)
		network->echoes[i].fd = -1;
}

void network_ping_end(struct network *network, bool is_told)
{
	for (unsigned int i = 0; i < NETWORK_PINGS_MAX; i++) {
		struct network_echo *echo = &network->echoes[i];

		if (!echo->network)
			continue;
		if (!is_told) {
			release(echo);
			continue;
		}
		loop_fd_free(echo->watch);
		echo->watch = NULL;
		echo->result = NETWORK_PING_DISABLED;
		loop_timer_set(echo->timer, 0);
	}
}
