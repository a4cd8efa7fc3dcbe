/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The four addresses of an HBA port, its default routes and its router: which of them are wanted, what the kernel has of them, and what
 * state that is. The kernel does the work of RFC 4861 and 4862; what it says is translated here. While the link is down nothing changes.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/log.h"
#include "tests/hba/network_parts.h"

#define IPV6_PREFIX_LEN 64
#define SEEN_MAX 32

enum want {
	WANT_NOTHING,
	WANT_FIXED,	/* bytes are known */
	WANT_LEASE,	/* DHCP has none yet */
	WANT_AUTO,	/* neighbour discovery gives one, or two */
};

/* What is on our NIC. */
struct seen {
	const struct network *network;
	struct rtaddress items[SEEN_MAX];
	unsigned int count;
};

static int see(const struct rtaddress *address, void *data)
{
	struct seen *seen = data;

	if (address->ifindex == seen->network->nic.ifindex && seen->count < SEEN_MAX)
		seen->items[seen->count++] = *address;
	return 0;
}

static int look(const struct network *network, struct seen *seen)
{
	seen->network = network;
	seen->count = 0;
	return rtnetlink_addresses(network->route, see, seen);
}

/* ---- what is wanted ---- */

int network_prefix_of(const uint8_t mask[4])
{
	uint32_t bits = (uint32_t)mask[0] << 24 | (uint32_t)mask[1] << 16 | (uint32_t)mask[2] << 8 | mask[3];
	int prefix = bits ? __builtin_popcount(bits) : 0;

	return bits == (prefix ? UINT32_MAX << (32 - prefix) : 0) ? prefix : -EINVAL;
}

static enum want want_ipv4(const struct network *network, struct network_address *ret_address)
{
	const struct network_settings *settings = &network->settings;
	const uint8_t *mask = settings->ipv4.mask, *bytes = settings->ipv4.address;

	if (!settings->ipv4.is_enabled)
		return WANT_NOTHING;
	ret_address->origin = settings->ipv4.has_dhcp ? NETWORK_ORIGIN_DHCP : NETWORK_ORIGIN_STATIC;
	if (settings->ipv4.has_dhcp) {
		if (!network->dhcp.lease.is_held)
			return WANT_LEASE;
		mask = network->dhcp.lease.mask;
		bytes = network->dhcp.lease.address;
	}
	memcpy(ret_address->bytes, bytes, 4);
	ret_address->prefix_len = (uint8_t)network_prefix_of(mask);
	return network_is_zero(bytes, 4) ? WANT_NOTHING : WANT_FIXED;
}

/* RFC 4291 appendix A: the MAC address around ff:fe, with the universal bit inverted. */
static void link_local_of(const struct network *network, uint8_t bytes[16])
{
	const uint8_t *mac = network->link.mac;
	const uint8_t automatic[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};

	bytes[0] = 0xfe;
	bytes[1] = 0x80;
	memcpy(bytes + 8, network->settings.ipv6.has_auto_link_local ? automatic : network->settings.ipv6.interface_id, 8);
}

static enum want want_ipv6(const struct network *network, enum network_index index, struct network_address *ret_address)
{
	const struct network_settings *settings = &network->settings;

	if (!settings->ipv6.is_enabled)
		return WANT_NOTHING;
	ret_address->prefix_len = IPV6_PREFIX_LEN;
	if (index == NETWORK_LINK_LOCAL) {
		link_local_of(network, ret_address->bytes);
		ret_address->origin = settings->ipv6.has_auto_link_local ? NETWORK_ORIGIN_NONE : NETWORK_ORIGIN_STATIC;
		return network_is_zero(ret_address->bytes + 8, 8) ? WANT_NOTHING : WANT_FIXED;
	}
	if (settings->ipv6.has_auto_addresses)
		return WANT_AUTO;
	memcpy(ret_address->bytes, settings->ipv6.address[index - NETWORK_IPV6_0], 16);
	ret_address->origin = NETWORK_ORIGIN_STATIC;
	return network_is_zero(ret_address->bytes, 16) ? WANT_NOTHING : WANT_FIXED;
}

static enum want want(const struct network *network, enum network_index index, struct network_address *ret_address)
{
	*ret_address = (struct network_address){.family = index == NETWORK_IPV4 ? AF_INET : AF_INET6};
	if (!network->is_active)
		return WANT_NOTHING;
	return index == NETWORK_IPV4 ? want_ipv4(network, ret_address) : want_ipv6(network, index, ret_address);
}

/* ---- the state of one ---- */

void network_address_set(struct network *network, enum network_index index, enum network_state state)
{
	struct network_address *address = &network->address[index];
	enum network_state from = address->state;

	if (from == state)
		return;
	address->state = state;
	network_tell(network, (struct network_event){.kind = NETWORK_EVENT_ADDRESS, .index = index, .from = from, .to = state});
	if (index == NETWORK_IPV4 && state == NETWORK_PREFERRED)
		network_arp_listen(network);
}

static bool is_dynamic(const struct rtaddress *item)
{
	return item->family == AF_INET6 && item->scope == RT_SCOPE_UNIVERSE && !(item->flags & IFA_F_PERMANENT);
}

static const struct rtaddress *find(const struct seen *seen, const struct network_address *address)
{
	for (unsigned int i = 0; i < seen->count; i++)
		if (seen->items[i].family == address->family && !memcmp(seen->items[i].bytes, address->bytes, network_bytes(address->family)))
			return &seen->items[i];
	return NULL;
}

/* The address by neighbour discovery that an index has, or else the first that the other index has not. */
static const struct rtaddress *find_auto(const struct network *network, const struct seen *seen, enum network_index index)
{
	const struct network_address *other = &network->address[index == NETWORK_IPV6_0 ? NETWORK_IPV6_1 : NETWORK_IPV6_0];
	const struct rtaddress *mine = find(seen, &network->address[index]);

	if (mine && is_dynamic(mine))
		return mine;
	for (unsigned int i = 0; i < seen->count; i++)
		if (is_dynamic(&seen->items[i]) && memcmp(seen->items[i].bytes, other->bytes, 16) != 0)
			return &seen->items[i];
	return NULL;
}

static enum network_state state_of(const struct rtaddress *item)
{
	if (item->flags & IFA_F_DADFAILED)
		return NETWORK_INVALID;
	if (item->flags & IFA_F_TENTATIVE)
		return NETWORK_TENTATIVE;
	return item->flags & IFA_F_DEPRECATED ? NETWORK_DEPRECATED : NETWORK_PREFERRED;
}

/*
 * The state of an address that the kernel has not got (yet). Of a second one nobody knows whether it is to come, nor of the first where no
 * router has answered: drivers wait for what is being acquired, before they are ready.
 */
static enum network_state waiting_state(const struct network *network, enum network_index index, enum want want)
{
	if (want == WANT_NOTHING || (want == WANT_AUTO && (index == NETWORK_IPV6_1 || network->has_no_router)))
		return NETWORK_UNCONFIGURED;
	return want == WANT_FIXED && index != NETWORK_IPV4 ? NETWORK_TENTATIVE : NETWORK_ACQUIRING;
}

static void read_one(struct network *network, const struct seen *seen, enum network_index index)
{
	struct network_address wanted, *address = &network->address[index];
	enum want kind = want(network, index, &wanted);
	const struct rtaddress *item = kind == WANT_AUTO ? find_auto(network, seen, index) : find(seen, &wanted);
	enum network_state state = waiting_state(network, index, kind);

	if (kind != WANT_NOTHING && network->is_refused[index])
		state = NETWORK_INVALID;
	else if (item && (kind == WANT_FIXED || kind == WANT_AUTO))
		state = state_of(item);
	if (kind == WANT_AUTO) {
		wanted.prefix_len = item ? item->prefix_len : 0;
		memcpy(wanted.bytes, item ? item->bytes : wanted.bytes, 16);
	}
	wanted.state = address->state;
	*address = wanted;
	if (state == NETWORK_INVALID && address->state != state && item)
		network_tell(network, (struct network_event){.kind = NETWORK_EVENT_DUPLICATE, .index = index});
	network_address_set(network, index, state);
}

static void read_host(struct network *network)
{
	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++) {
		enum network_state state = network->address[i].state;
		enum want kind = want(network, i, &network->address[i]);

		network->address[i].state = state;
		network_address_set(network, i, kind == WANT_FIXED ? NETWORK_PREFERRED : waiting_state(network, i, kind));
	}
}

/* ---- routes ---- */

static const uint8_t *wanted_gateway(const struct network *network, int family)
{
	static const uint8_t none[16];
	const struct network_settings *settings = &network->settings;

	if (!network->is_active)
		return none;
	if (family == AF_INET6)
		return settings->ipv6.is_enabled ? settings->ipv6.router : none;
	if (!settings->ipv4.is_enabled)
		return none;
	if (settings->ipv4.has_dhcp)
		return network->dhcp.lease.is_held ? network->dhcp.lease.gateway : none;
	return settings->ipv4.gateway;
}

/* A gateway behind an address that is not usable yet cannot be had: it is tried again when one becomes usable. */
static void apply_route(struct network *network, int family)
{
	uint8_t *made = network->gateway[family == AF_INET6];
	const uint8_t *wanted = wanted_gateway(network, family);
	size_t bytes = network_bytes(family);
	int error;

	if (!network_is_zero(made, bytes) && memcmp(made, wanted, bytes) != 0) {
		network_kernel_default_delete(network->kernel, network->nic.ifindex, family, made);
		memset(made, 0, bytes);
	}
	if (network_is_zero(wanted, bytes))
		return;
	error = network_kernel_default(network->kernel, network->nic.ifindex, family, wanted);
	if (!error)
		memcpy(made, wanted, bytes);
	else
		log_debug("network: no default route of %s yet: %s", network->nic.name, strerror(-error));
}

static void apply_routes(struct network *network)
{
	if (!network->link.is_up)
		return;
	apply_route(network, AF_INET);
	apply_route(network, AF_INET6);
}

static void read_router(struct network *network)
{
	static const uint8_t anywhere[16] = {0x20};
	struct network_router router = {NETWORK_ROUTER_UNKNOWN, {0}};
	struct rtway way;

	if (!network_is_zero(wanted_gateway(network, AF_INET6), 16)) {
		router.state = NETWORK_ROUTER_MANUAL;
		memcpy(router.bytes, wanted_gateway(network, AF_INET6), 16);
	} else if (network->is_active && network->settings.ipv6.is_enabled && !network_is_host(network) && network->link.is_up &&
		   rtnetlink_way(network->route, network->nic.ifindex, AF_INET6, anywhere, &way) == 0 && way.gateway_family == AF_INET6) {
		router.state = NETWORK_ROUTER_ADVERTISED;
		memcpy(router.bytes, way.gateway, 16);
	}
	if (memcmp(router.bytes, network->router.bytes, 16) != 0)
		network_tell(network, (struct network_event){.kind = NETWORK_EVENT_ROUTER});
	network->router = router;
}

/* ---- all of them ---- */

void network_address_read(struct network *network)
{
	enum network_state before[NETWORK_ADDRESSES];
	bool is_news = false;
	struct seen seen;

	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++)
		before[i] = network->address[i].state;
	if (network_is_host(network)) {
		read_host(network);
	} else if (network->link.is_up && look(network, &seen) == 0) {
		for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++)
			read_one(network, &seen, i);
		for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++)
			is_news |= network->address[i].state != before[i] && network->address[i].state == NETWORK_PREFERRED;
		if (is_news)
			apply_routes(network);
	}
	read_router(network);
}

static bool may_stay(const struct network *network, const struct rtaddress *item)
{
	struct network_address wanted;

	if (item->flags & IFA_F_DADFAILED)
		return false;
	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++) {
		enum want kind = want(network, i, &wanted);

		if (kind == WANT_AUTO && is_dynamic(item))
			return true;
		if (kind == WANT_FIXED && wanted.family == item->family && item->prefix_len == wanted.prefix_len &&
		    !memcmp(wanted.bytes, item->bytes, network_bytes(item->family)))
			return true;
	}
	return false;
}

/* An address becomes another one by way of none; a new one begins with the state in which it is waited for. */
static void begin_one(struct network *network, enum network_index index)
{
	struct network_address wanted, *address = &network->address[index];
	enum want kind = want(network, index, &wanted);

	if (kind != WANT_AUTO && memcmp(address->bytes, wanted.bytes, 16) != 0 && !network_is_zero(address->bytes, 16))
		network_address_set(network, index, kind == WANT_LEASE ? NETWORK_ACQUIRING : NETWORK_UNCONFIGURED);
	wanted.state = address->state;
	if (kind != WANT_AUTO)
		*address = wanted;
	if (address->state == NETWORK_UNCONFIGURED || kind == WANT_NOTHING)
		network_address_set(network, index, waiting_state(network, index, kind));
}

static void apply_one(struct network *network, enum network_index index)
{
	struct network_address wanted;
	int error = 0;

	if (want(network, index, &wanted) == WANT_FIXED)
		error = network_kernel_address(network->kernel, network->nic.ifindex, wanted.family, wanted.bytes, wanted.prefix_len);
	network->is_refused[index] = error != 0;
	if (error)
		log_error("network: address %u of %s is refused: %s", index, network->nic.name, strerror(-error));
}

void network_address_apply(struct network *network)
{
	struct seen seen = {.count = 0};

	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++)
		begin_one(network, i);
	if (network_is_host(network) || !network->nic.ifindex)
		return;
	look(network, &seen);
	for (unsigned int i = 0; i < seen.count; i++)
		if (!may_stay(network, &seen.items[i]))
			network_kernel_address_delete(network->kernel, &seen.items[i]);
	for (unsigned int i = 0; i < NETWORK_ADDRESSES; i++)
		apply_one(network, i);
	apply_routes(network);
}
