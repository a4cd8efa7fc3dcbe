/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sockets of an HBA port: made inside of its network namespace, used from outside. Which of its addresses a connection leaves from is
 * decided here. Called by the firmware's initiator, its discovery and the pings.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/hba/network_parts.h"

int network_space_open(const char *netns, int *ret_space)
{
	char path[4096];

	*ret_space = -1;
	if (!netns)
		return 0;
	if (snprintf(path, sizeof(path), "%s%s", strchr(netns, '/') ? "" : "/run/netns/", netns) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	*ret_space = open(path, O_RDONLY | O_CLOEXEC);
	return *ret_space < 0 ? -errno : 0;
}

int network_enter(const struct network *network)
{
	if (network_is_host(network))
		return 0;
	return setns(network->space, CLONE_NEWNET) < 0 ? -errno : 0;
}

void network_leave(const struct network *network)
{
	int error = errno;

	if (!network_is_host(network) && setns(network->own_space, CLONE_NEWNET) < 0) {
		log_error("cannot return to the network namespace of the program: %m");
		abort();
	}
	errno = error;
}

/* What a socket cannot be told (a TTL for a packet socket) it does not need. */
static void set_number(int fd, int level, int name, int number)
{
	if (number)
		setsockopt(fd, level, name, &number, sizeof(number));
}

static void set_up(const struct network *network, int fd, int family)
{
	int only = 1;

	if (family == AF_INET6) {
		set_number(fd, IPPROTO_IPV6, IPV6_TCLASS, network->settings.ipv6.traffic_class);
		set_number(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, network->settings.ipv6.hop_limit);
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	} else {
		set_number(fd, IPPROTO_IP, IP_TOS, network->settings.ipv4.tos);
		set_number(fd, IPPROTO_IP, IP_TTL, network->settings.ipv4.ttl);
	}
}

static bool is_enabled(const struct network *network, int family)
{
	if (!network->is_active)
		return false;
	return family == AF_INET6 ? network->settings.ipv6.is_enabled : network->settings.ipv4.is_enabled;
}

int network_socket(const struct network *network, int family, int type, int protocol)
{
	int fd, error;

	if (!is_enabled(network, family))
		return -ENETDOWN;
	error = network_enter(network);
	if (error)
		return error;
	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	error = errno;
	network_leave(network);
	if (fd < 0)
		return -error;
	if (!network_is_host(network))
		set_up(network, fd, family);
	return fd;
}

static bool is_link_local(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LINKLOCAL(address) || IN6_IS_ADDR_MC_LINKLOCAL(address);
}

int network_source(const struct network *network, enum network_index index, struct sockaddr_storage *ret_address, socklen_t *ret_length)
{
	const struct network_address *address = &network->address[index < NETWORK_ADDRESSES ? index : 0];
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
	struct sockaddr_in *four = (struct sockaddr_in *)ret_address;

	if (index >= NETWORK_ADDRESSES || (address->state != NETWORK_PREFERRED && address->state != NETWORK_DEPRECATED))
		return -EADDRNOTAVAIL;
	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->ss_family = (sa_family_t)address->family;
	if (address->family == AF_INET) {
		*ret_length = sizeof(*four);
		if (!network_is_host(network))
			memcpy(&four->sin_addr, address->bytes, 4);
		return 0;
	}
	*ret_length = sizeof(*six);
	if (network_is_host(network))
		return 0;
	memcpy(&six->sin6_addr, address->bytes, 16);
	if (is_link_local(&six->sin6_addr))
		six->sin6_scope_id = network->nic.ifindex;
	return 0;
}

static int bind_source(const struct network *network, int fd, int family, enum network_index from)
{
	struct sockaddr_storage source;
	socklen_t length;
	int error;

	if (from == NETWORK_ANY)
		return 0;
	error = network_source(network, from, &source, &length);
	if (error)
		return error;
	if (source.ss_family != family)
		return -EADDRNOTAVAIL;
	return bind(fd, (const struct sockaddr *)&source, length) < 0 ? -errno : 0;
}

/* A copy of peer with the scope it needs. -EAFNOSUPPORT, -EINVAL: too short for its family. */
static int place_of(const struct network *network, const struct sockaddr *peer, socklen_t length, struct sockaddr_storage *ret_place)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_place;
	size_t need = peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	if (peer->sa_family != AF_INET && peer->sa_family != AF_INET6)
		return -EAFNOSUPPORT;
	if (length < need)
		return -EINVAL;
	memset(ret_place, 0, sizeof(*ret_place));
	memcpy(ret_place, peer, need);
	if (peer->sa_family == AF_INET6 && is_link_local(&six->sin6_addr) && !six->sin6_scope_id)
		six->sin6_scope_id = network->nic.ifindex;
	return 0;
}

int network_connect(const struct network *network, const struct sockaddr *peer, socklen_t length, enum network_index from)
{
	struct sockaddr_storage place;
	int fd, error = place_of(network, peer, length, &place);

	if (error)
		return error;
	fd = network_socket(network, peer->sa_family, SOCK_STREAM, IPPROTO_TCP);
	if (fd < 0)
		return fd;
	error = bind_source(network, fd, peer->sa_family, from);
	length = peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	if (!error && connect(fd, (const struct sockaddr *)&place, length) < 0 && errno != EINPROGRESS)
		error = -errno;
	if (!error)
		return fd;
	close(fd);
	return error;
}

int network_inside(const struct network *network, void (*fn)(void *data), void *data)
{
	int error = network_enter(network);

	if (error)
		return error;
	fn(data);
	network_leave(network);
	return 0;
}
