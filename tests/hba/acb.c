/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands about the control block, and its way to the network and back. */
#include "tests/hba/acb.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "tests/hba/chip.h"
#include "tests/hba/isns_client.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/network.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"
#include "tests/hba/trace.h"

/* What SET_ACB configures: [first, last] bytes. A driver sends zeros for all others. */
static const struct { uint16_t first, last; } acb_settable[] = {
	{ 0x001, 0x001 }, { 0x00d, 0x00d }, { 0x030, 0x039 }, { 0x03c, 0x03f }, { 0x044, 0x045 }, { 0x048, 0x04b },
	{ 0x050, 0x057 }, { 0x060, 0x063 }, { 0x070, 0x073 }, { 0x0c8, 0x0c9 }, { 0x0d4, 0x0df }, { 0x0f4, 0x0ff },
	{ 0x100, 0x1df }, { 0x200, 0x25d }, { 0x270, 0x273 },
};

/* What belongs to the life of the firmware and not to its configuration: options, ring indexes and addresses. */
static const struct { uint16_t first, last; } acb_living[] = { { 0x002, 0x003 }, { 0x00a, 0x00b }, { 0x010, 0x02f } };

static const enum isp4xxx_row state_fields[ISP_ADDRESSES] = {
	ISP4XXX_ACB_IPV4_STATE, ISP4XXX_ACB_LINK_LOCAL_STATE, ISP4XXX_ACB_IPV6_STATE0, ISP4XXX_ACB_IPV6_STATE1,
};

static void port_mac(const struct chip *chip, uint8_t mac[6])
{
	uint8_t system[ISP_SYSTEM_SIZE] = { 0 };

	isp4xxx_image_read(chip->on.shared->image, chip->on.port, ISP_FLASH_SYSTEM, system, sizeof(system));
	memcpy(mac, isp4xxx_at(ISP4XXX_SYSINFO_MAC0, system), 6);
}

static bool read_flash_acb(const struct chip *chip, uint8_t acb[ISP_ACB_SIZE])
{
	return isp4xxx_image_read(chip->on.shared->image, chip->on.port, ISP_FLASH_ACB, acb, ISP_ACB_SIZE) >= 0 &&
	       isp4xxx_get(ISP4XXX_ACB_COOKIE, acb) == ISP_ACB_COOKIE;
}

void acb_load(struct chip *chip)
{
	struct isp4xxx_identity identity = { .model = chip->on.shared->model, .ports = ISP4XXX_PORTS_MAX };

	if (read_flash_acb(chip, chip->acb))
		return;
	port_mac(chip, identity.mac[chip->on.port]);
	isp4xxx_default_acb(&identity, chip->on.port, chip->acb);
}

static void length_text(const uint8_t *acb, enum isp4xxx_row length, enum isp4xxx_row text, char out[12])
{
	size_t bytes = isp4xxx_get(length, acb), max = isp4xxx_rows[text].width;

	memset(out, 0, 12);
	memcpy(out, isp4xxx_at(text, (uint8_t *)acb), bytes < max ? bytes : max);
}

static void ipv4_settings(const uint8_t *acb, struct network_settings *settings)
{
	uint8_t *bytes = (uint8_t *)acb;

	settings->ipv4.is_enabled = isp4xxx_get(ISP4XXX_ACB_IPV4_ENABLE, acb);
	settings->ipv4.has_dhcp = isp4xxx_get(ISP4XXX_ACB_DHCP, acb);
	settings->ipv4.has_vlan = isp4xxx_get(ISP4XXX_ACB_IPV4_VLAN_ENABLE, acb);
	settings->ipv4.has_gratuitous_arp = isp4xxx_get(ISP4XXX_ACB_GRATUITOUS_ARP, acb);
	settings->ipv4.vlan_tag = isp4xxx_get(ISP4XXX_ACB_IPV4_VLAN, acb);
	if (isp4xxx_get(ISP4XXX_ACB_TOS_ENABLE, acb))
		settings->ipv4.tos = isp4xxx_get(ISP4XXX_ACB_TOS, acb);
	settings->ipv4.ttl = isp4xxx_get(ISP4XXX_ACB_TTL, acb);
	memcpy(settings->ipv4.address, isp4xxx_at(ISP4XXX_ACB_IPV4_ADDRESS, bytes), 4);
	memcpy(settings->ipv4.mask, isp4xxx_at(ISP4XXX_ACB_IPV4_MASK, bytes), 4);
	memcpy(settings->ipv4.gateway, isp4xxx_at(ISP4XXX_ACB_IPV4_GATEWAY, bytes), 4);
	if (isp4xxx_get(ISP4XXX_ACB_DHCP_USE_VENDOR, acb))
		length_text(acb, ISP4XXX_ACB_DHCP_VENDOR_LENGTH, ISP4XXX_ACB_DHCP_VENDOR, settings->ipv4.vendor_id);
	if (isp4xxx_get(ISP4XXX_ACB_DHCP_CLIENT_ID_ENABLE, acb))
		length_text(acb, ISP4XXX_ACB_DHCP_CLIENT_LENGTH, ISP4XXX_ACB_DHCP_CLIENT, settings->ipv4.client_id);
}

/*
 * A driver that changes anything writes the whole block back, an advertised router included: that one is not meant. Routers advertise
 * themselves by their link-local address (RFC 4861 6.1.2).
 */
static bool has_own_router(const uint8_t *acb)
{
	const uint8_t *router = isp4xxx_at(ISP4XXX_ACB_ROUTER, (uint8_t *)acb);

	return isp4xxx_get(ISP4XXX_ACB_ROUTER_STATE, acb) != NETWORK_ROUTER_ADVERTISED || router[0] != 0xfe || (router[1] & 0xc0) != 0x80;
}

static void ipv6_settings(const uint8_t *acb, struct network_settings *settings)
{
	uint8_t *bytes = (uint8_t *)acb;

	settings->ipv6.is_enabled = isp4xxx_get(ISP4XXX_ACB_IPV6_ENABLE, acb) && isp4xxx_get(ISP4XXX_ACB_ACB_VERSION, acb) == ISP_ACB_VERSION2;
	settings->ipv6.has_vlan = isp4xxx_get(ISP4XXX_ACB_IPV6_VLAN_ENABLE, acb);
	settings->ipv6.has_auto_link_local = isp4xxx_get(ISP4XXX_ACB_LINK_LOCAL_AUTOCONFIG, acb);
	settings->ipv6.has_auto_addresses = isp4xxx_get(ISP4XXX_ACB_IPV6_AUTOCONFIG, acb);
	settings->ipv6.vlan_tag = isp4xxx_get(ISP4XXX_ACB_IPV6_VLAN, acb);
	settings->ipv6.traffic_class = isp4xxx_get(ISP4XXX_ACB_TRAFFIC_CLASS, acb);
	settings->ipv6.hop_limit = isp4xxx_get(ISP4XXX_ACB_HOP_LIMIT, acb);
	settings->ipv6.dad_count = isp4xxx_get(ISP4XXX_ACB_DAD_COUNT, acb);
	memcpy(settings->ipv6.interface_id, isp4xxx_at(ISP4XXX_ACB_INTERFACE_ID, bytes), 8);
	memcpy(settings->ipv6.address[0], isp4xxx_at(ISP4XXX_ACB_IPV6_ADDRESS0, bytes), 16);
	memcpy(settings->ipv6.address[1], isp4xxx_at(ISP4XXX_ACB_IPV6_ADDRESS1, bytes), 16);
	if (has_own_router(acb))
		memcpy(settings->ipv6.router, isp4xxx_at(ISP4XXX_ACB_ROUTER, bytes), 16);
}

void acb_network(const uint8_t acb[ISP_ACB_SIZE], const uint8_t mac[6], struct network_settings *ret_settings)
{
	memset(ret_settings, 0, sizeof(*ret_settings));
	memcpy(ret_settings->mac, mac, 6);
	ret_settings->mtu = isp4xxx_get(ISP4XXX_ACB_MTU, acb);
	ipv4_settings(acb, ret_settings);
	ipv6_settings(acb, ret_settings);
}

void acb_rings(const uint8_t acb[ISP_ACB_SIZE], struct rings_layout *ret_layout)
{
	*ret_layout = (struct rings_layout){
		.request = isp4xxx_get(ISP4XXX_ACB_REQUEST_RING, acb),
		.response = isp4xxx_get(ISP4XXX_ACB_RESPONSE_RING, acb),
		.shadow = isp4xxx_get(ISP4XXX_ACB_SHADOW, acb),
		.request_length = isp4xxx_get(ISP4XXX_ACB_REQUESTS, acb),
		.response_length = isp4xxx_get(ISP4XXX_ACB_RESPONSES, acb),
		.request_consumer = isp4xxx_get(ISP4XXX_ACB_REQUEST_OUT, acb),
		.response_producer = isp4xxx_get(ISP4XXX_ACB_RESPONSE_IN, acb),
	};
}

void acb_configure(struct chip *chip)
{
	struct network_settings settings;
	uint8_t mac[6];

	chip->is_configured = true;
	if (!chip->network)
		return;
	port_mac(chip, mac);
	acb_network(chip->acb, mac, &settings);
	if (network_configure(chip->network, &settings) < 0) {
		trace_note(chip->on.trace, "network settings refused");
		network_disable(chip->network);
	}
}

/* Without a network, what is enabled is there. */
static enum network_state address_state(const struct chip *chip, enum network_index index, struct network_address *ret_address)
{
	enum isp4xxx_row enable = index == NETWORK_IPV4 ? ISP4XXX_ACB_IPV4_ENABLE : ISP4XXX_ACB_IPV6_ENABLE;

	memset(ret_address, 0, sizeof(*ret_address));
	if (!chip->is_configured && chip->life != CHIP_RUNNING)
		return NETWORK_UNCONFIGURED;
	if (chip->network)
		network_address(chip->network, index, ret_address);
	else if (chip->is_configured && isp4xxx_get(enable, chip->acb) && index < NETWORK_IPV6_0)
		ret_address->state = NETWORK_PREFERRED;
	return ret_address->state;
}

static void refresh_router(struct chip *chip)
{
	struct network_router router;

	network_router(chip->network, &router);
	isp4xxx_set(ISP4XXX_ACB_ROUTER_STATE, chip->acb, router.state);
	if (router.state == NETWORK_ROUTER_ADVERTISED)
		memcpy(isp4xxx_at(ISP4XXX_ACB_ROUTER, chip->acb), router.bytes, 16);
}

static void prefix_mask(unsigned int prefix_len, uint8_t mask[4])
{
	for (unsigned int i = 0; i < 32; i++)
		if (i < prefix_len)
			mask[i / 8] |= 0x80 >> i % 8;
		else
			mask[i / 8] &= ~(0x80 >> i % 8);
}

static void refresh_address(struct chip *chip, enum network_index index, const struct network_address *address)
{
	switch (index) {
	case NETWORK_IPV4:
		if (address->origin != NETWORK_ORIGIN_DHCP)
			break;
		memcpy(isp4xxx_at(ISP4XXX_ACB_IPV4_ADDRESS, chip->acb), address->bytes, 4);
		prefix_mask(address->prefix_len, isp4xxx_at(ISP4XXX_ACB_IPV4_MASK, chip->acb));
		network_gateway(chip->network, isp4xxx_at(ISP4XXX_ACB_IPV4_GATEWAY, chip->acb));
		break;
	case NETWORK_LINK_LOCAL:
		memcpy(isp4xxx_at(ISP4XXX_ACB_INTERFACE_ID, chip->acb), address->bytes + 8, 8);
		break;
	case NETWORK_IPV6_0:
		memcpy(isp4xxx_at(ISP4XXX_ACB_IPV6_ADDRESS0, chip->acb), address->bytes, 16);
		break;
	case NETWORK_IPV6_1:
		memcpy(isp4xxx_at(ISP4XXX_ACB_IPV6_ADDRESS1, chip->acb), address->bytes, 16);
		break;
	case NETWORK_ADDRESSES:
		break;
	}
}

void acb_refresh(struct chip *chip)
{
	struct network_address address;

	for (enum network_index index = 0; index < NETWORK_ADDRESSES; index++) {
		enum network_state state = address_state(chip, index, &address);

		isp4xxx_set(state_fields[index], chip->acb, state);
		if (chip->network && (state == NETWORK_PREFERRED || state == NETWORK_DEPRECATED))
			refresh_address(chip, index, &address);
	}
	if (chip->network && chip->life == CHIP_RUNNING)
		refresh_router(chip);
}

/* A block of twice the size holds a secondary ACB behind; there is none here, and it is not looked at. */
void acb_init_firmware(struct chip *chip, struct mailbox_command *command)
{
	if (command->size < ISP_ACB_SIZE) {
		command->out[0] = ISP_STATUS_PARAMETER_ERROR;
		return;
	}
	memcpy(chip->acb, command->buffer, ISP_ACB_SIZE);
	if (chip_init_firmware(chip) < 0)
		mailbox_fail(command, 0);
}

void acb_get_ifcb(struct chip *chip, struct mailbox_command *command)
{
	acb_refresh(chip);
	memcpy(command->buffer, chip->acb, command->size);
}

void acb_get(struct chip *chip, struct mailbox_command *command)
{
	if (command->in[1])
		mailbox_fail(command, 0);
	else
		acb_get_ifcb(chip, command);
}

/* Where the driver's bytes do not count, those of flash do: it has written them there before. */
static void merge(struct chip *chip, const uint8_t *given)
{
	uint8_t acb[ISP_ACB_SIZE];

	if (!read_flash_acb(chip, acb))
		memcpy(acb, chip->acb, sizeof(acb));
	for (unsigned int i = 0; i < sizeof(acb_settable) / sizeof(acb_settable[0]); i++)
		memcpy(acb + acb_settable[i].first, given + acb_settable[i].first, acb_settable[i].last + 1 - acb_settable[i].first);
	for (unsigned int i = 0; i < sizeof(acb_living) / sizeof(acb_living[0]); i++)
		memcpy(acb + acb_living[i].first, chip->acb + acb_living[i].first, acb_living[i].last + 1 - acb_living[i].first);
	memcpy(chip->acb, acb, sizeof(acb));
}

void acb_set(struct chip *chip, struct mailbox_command *command)
{
	if (command->size != ISP_ACB_SIZE || command->in[1]) {
		command->out[0] = ISP_STATUS_PARAMETER_ERROR;
		return;
	}
	merge(chip, command->buffer);
	acb_configure(chip);
}

/* Without a network there is nobody else to tell what the driver waits for. */
static void tell_disabled(struct chip *chip)
{
	const uint32_t disabling[ISP_MAILBOXES] = { ISP_AEN_IP_STATE_CHANGED, 0, ISP_IP_PREFERRED, ISP_IP_DISABLING };
	const uint32_t gone[ISP_MAILBOXES] = { ISP_AEN_IP_STATE_CHANGED, 0, ISP_IP_DISABLING, ISP_IP_UNCONFIGURED };

	chip_post_aen(chip, disabling);
	chip_post_aen(chip, gone);
}

void acb_disable(struct chip *chip, struct mailbox_command *command)
{
	chip->is_configured = false;
	if (chip->sessions)
		sessions_drop_all(chip->sessions);
	if (chip->isns)
		isns_client_end(chip->isns);
	if (chip->network)
		network_disable(chip->network);
	else
		tell_disabled(chip);
}

void acb_ip_state(struct chip *chip, struct mailbox_command *command)
{
	struct network_address address;

	if (command->in[1] || command->in[2] >= ISP_ADDRESSES) {
		mailbox_fail(command, 0);
		return;
	}
	command->out[1] = (uint32_t)address_state(chip, command->in[2], &address) << ISP_IP_STATE_SHIFT;
}

static void begin_isns(struct chip *chip, int family, const uint8_t *address, unsigned int port)
{
	struct sockaddr_storage server = { .ss_family = family };
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&server;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&server;
	unsigned int kept = isp4xxx_get(ISP4XXX_ACB_ISNS_PORT, chip->acb);

	port = port ? port : kept ? kept : ISNS_CLIENT_PORT;
	if (family == AF_INET6) {
		memcpy(&ipv6->sin6_addr, address, sizeof(ipv6->sin6_addr));
		ipv6->sin6_port = htons(port);
	} else {
		memcpy(&ipv4->sin_addr, address, sizeof(ipv4->sin_addr));
		ipv4->sin_port = htons(port);
	}
	isns_client_begin(chip->isns, &server, family == AF_INET6 ? sizeof(*ipv6) : sizeof(*ipv4));
}

static bool is_set(const uint8_t *bytes, size_t length)
{
	while (length && !*bytes)
		bytes++, length--;
	return length;
}

void acb_ask_isns(struct chip *chip, enum isp_address index)
{
	bool is_ipv6 = index == ISP_ADDRESS_IPV6_0;
	const uint8_t *address = isp4xxx_at(is_ipv6 ? ISP4XXX_ACB_ISNS_IPV6 : ISP4XXX_ACB_ISNS_ADDRESS, chip->acb);

	if (!chip->isns || isns_client_is_on(chip->isns) || (index != ISP_ADDRESS_IPV4 && !is_ipv6))
		return;
	if (isp4xxx_get(is_ipv6 ? ISP4XXX_ACB_IPV6_ISNS : ISP4XXX_ACB_IPV4_ISNS, chip->acb) && is_set(address, is_ipv6 ? 16 : 4))
		begin_isns(chip, is_ipv6 ? AF_INET6 : AF_INET, address, 0);
}

/* The command has no room for an IPv6 address: that one is the control block's. */
void acb_set_isns(struct chip *chip, struct mailbox_command *command)
{
	uint8_t ipv4[4] = { command->in[2], command->in[2] >> 8, command->in[2] >> 16, command->in[2] >> 24 };
	const uint8_t *ipv6 = isp4xxx_at(ISP4XXX_ACB_ISNS_IPV6, chip->acb);

	if (!chip->isns || command->in[1] > ISP_ISNS_IPV6 || command->in[3] > UINT16_MAX) {
		command->out[0] = ISP_STATUS_PARAMETER_ERROR;
		return;
	}
	if (command->in[1] == ISP_ISNS_OFF)
		isns_client_end(chip->isns);
	else if (command->in[1] == ISP_ISNS_IPV4 && is_set(ipv4, sizeof(ipv4)))
		begin_isns(chip, AF_INET, ipv4, command->in[3]);
	else if (command->in[1] == ISP_ISNS_IPV6 && is_set(ipv6, 16))
		begin_isns(chip, AF_INET6, ipv6, command->in[3]);
	else if (command->in[1] != ISP_ISNS_STATUS)
		command->out[0] = ISP_STATUS_PARAMETER_ERROR;
	command->out[1] = isns_client_is_on(chip->isns);
}
