/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether somebody else on the segment has the port's IPv4 address too (RFC 5227): it is asked for when it becomes usable, and whoever
 * uses it later is heard. Told as an event, at most one in ten seconds; the address is kept. Called by network.c and network_address.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/hba/network_parts.h"

#define DEFEND_INTERVAL_MS 10000 /* RFC 5227 1.1 */

bool network_arp_is_conflict(const uint8_t *message, size_t length, const uint8_t mac[6], const uint8_t address[4])
{
	struct ether_arp copy, *arp = &copy;

	if (length < sizeof(copy))
		return false;
	memcpy(&copy, message, sizeof(copy));
	if (arp->arp_hrd != htons(ARPHRD_ETHER) || arp->arp_pro != htons(ETHERTYPE_IP))
		return false;
	if (arp->arp_hln != sizeof(arp->arp_sha) || arp->arp_pln != sizeof(arp->arp_spa) || !memcmp(arp->arp_sha, mac, sizeof(arp->arp_sha)))
		return false;
	if (!memcmp(arp->arp_spa, address, sizeof(arp->arp_spa)))
		return true;
	/* Somebody else's probe. */
	return arp->arp_op == htons(ARPOP_REQUEST) && network_is_zero(arp->arp_spa, sizeof(arp->arp_spa)) &&
	       !memcmp(arp->arp_tpa, address, sizeof(arp->arp_tpa));
}

static void heard(int fd, short revents, void *data)
{
	uint8_t message[128];
	struct network *network = data;
	const struct network_address *address = &network->address[NETWORK_IPV4];
	ssize_t length = recv(fd, message, sizeof(message), MSG_DONTWAIT);

	if (length < 0 || address->state != NETWORK_PREFERRED || loop_now_ms() < network->arp.silent_until_ms)
		return;
	if (!network_arp_is_conflict(message, (size_t)length, network->link.mac, address->bytes))
		return;
	network->arp.silent_until_ms = loop_now_ms() + DEFEND_INTERVAL_MS;
	log_warning("network: somebody else on the segment of %s has its IPv4 address", network->nic.name);
	network_tell(network, (struct network_event){.kind = NETWORK_EVENT_DUPLICATE, .index = NETWORK_IPV4});
}

static int open_socket(const struct network *network)
{
	const struct sockaddr_ll nic = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)network->nic.ifindex};
	int fd, error = network_enter(network);

	if (error)
		return error;
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	error = fd < 0 || bind(fd, (const struct sockaddr *)&nic, sizeof(nic)) < 0 ? -errno : 0;
	network_leave(network);
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	return error;
}

/* The sender's address is zero, so that nobody learns anything from a probe. */
static void probe(const struct network *network)
{
	struct sockaddr_ll everybody = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)network->nic.ifindex, .sll_halen = ETH_ALEN,
	};
	struct ether_arp arp = {
		.ea_hdr = {.ar_hrd = htons(ARPHRD_ETHER), .ar_pro = htons(ETHERTYPE_IP), .ar_hln = 6, .ar_pln = 4, .ar_op = htons(ARPOP_REQUEST)},
	};

	memset(everybody.sll_addr, 0xff, ETH_ALEN);
	memcpy(arp.arp_sha, network->link.mac, sizeof(arp.arp_sha));
	memcpy(arp.arp_tpa, network->address[NETWORK_IPV4].bytes, sizeof(arp.arp_tpa));
	if (sendto(network->arp.fd, &arp, sizeof(arp), 0, (const struct sockaddr *)&everybody, sizeof(everybody)) < 0)
		log_debug("network: no probe from %s: %m", network->nic.name);
}

void network_arp_init(struct network *network)
{
	network->arp.fd = -1;
}

void network_arp_listen(struct network *network)
{
	int error = 0;

	network_arp_stop(network);
	if (network_is_host(network) || !network->nic.ifindex)
		return;
	network->arp.fd = open_socket(network);
	if (network->arp.fd >= 0)
		error = loop_fd_new(network->loop, network->arp.fd, POLLIN, heard, network, &network->arp.watch);
	if (network->arp.fd < 0 || error) {
		log_warning("network: nobody looks whether others have the IPv4 address of %s: %s", network->nic.name,
			    strerror(-(error ? error : network->arp.fd)));
		network_arp_stop(network);
		return;
	}
	probe(network);
}

void network_arp_stop(struct network *network)
{
	loop_fd_free(network->arp.watch);
	network->arp.watch = NULL;
	if (network->arp.fd >= 0)
		close(network->arp.fd);
	network->arp.fd = -1;
	network->arp.silent_until_ms = 0;
}
