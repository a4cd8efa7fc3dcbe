// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of an iface in the control block: which field each is, and how its value looks to user space, in a request and in sysfs.
 * Called by iface.c, which has the control block.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <scsi/iscsi_if.h>
#include <scsi/scsi_transport_iscsi.h>

#include "drivers/qla4xxx/iface_rows.h"
#include "transport/abi/isp4xxx.h"

enum how {
	HOW_NUMBER,
	HOW_BLOCKS,		/* units of 512 bytes */
	HOW_SWITCH,		/* 2 is on, 1 is off */
	HOW_LACK,		/* the same, of what the field says is off */
	HOW_DHCP,		/* 2 is on, 1 is off, and both have names of their own */
	HOW_DISCOVERY,		/* so here; 3 would be DHCPv6 */
	HOW_AUTOMATIC,		/* here 1 is on, 2 is off */
	HOW_IPV4,
	HOW_IPV6,
	HOW_IPV6_OF_NUMBER,	/* of iface 1, the next field */
	HOW_LINK_LOCAL,		/* the field is its lower half */
	HOW_ROUTER_AUTOMATIC,	/* 1 forgets the router */
	HOW_VLAN_TAG,		/* identifier and priority */
	HOW_VLAN_ID,
	HOW_VLAN_PRIORITY,
	HOW_COUNTED,		/* text, its length in the field before */
	HOW_NAME,		/* text nobody sets here */
	HOW_STATE,		/* of an address; nobody sets it */
	HOW_STATE_OF_NUMBER,
	HOW_ROUTER_STATE,
	HOW_CACHE,		/* a number nobody sets */
};

struct iface_row {
	u8 type;
	u8 param;
	u8 how;
	u16 v4, v6;		/* enum isp_row; ISP_ROWS: not of this family */
};

#define ISP_ACB_ROW_NONE	ISP_ROWS
#define NET(param, how, v4, v6)		{ ISCSI_NET_PARAM, ISCSI_NET_PARAM_##param, HOW_##how, ISP_ACB_ROW_##v4, ISP_ACB_ROW_##v6 }
#define ISCSI(param, how, row)		{ ISCSI_IFACE_PARAM, ISCSI_IFACE_PARAM_##param, HOW_##how, ISP_ACB_ROW_##row, ISP_ACB_ROW_##row }

static const struct iface_row iface_rows[] = {
	NET(IPV4_ADDR, IPV4, IPV4_ADDRESS, NONE),
	NET(IPV4_SUBNET, IPV4, IPV4_MASK, NONE),
	NET(IPV4_GW, IPV4, IPV4_GATEWAY, NONE),
	NET(IPV4_BOOTPROTO, DHCP, DHCP, NONE),
	NET(IPV6_LINKLOCAL, LINK_LOCAL, NONE, INTERFACE_ID),
	NET(IPV6_ADDR, IPV6_OF_NUMBER, NONE, IPV6_ADDRESS0),
	NET(IPV6_ROUTER, IPV6, NONE, ROUTER),
	NET(IPV6_ADDR_AUTOCFG, DISCOVERY, NONE, IPV6_AUTOCONFIG),
	NET(IPV6_LINKLOCAL_AUTOCFG, AUTOMATIC, NONE, LINK_LOCAL_AUTOCONFIG),
	NET(IPV6_ROUTER_AUTOCFG, ROUTER_AUTOMATIC, NONE, ROUTER),
	NET(IFACE_ENABLE, SWITCH, IPV4_ENABLE, IPV6_ENABLE),
	NET(VLAN_ID, VLAN_ID, IPV4_VLAN, IPV6_VLAN),
	NET(VLAN_PRIORITY, VLAN_PRIORITY, IPV4_VLAN, IPV6_VLAN),
	NET(VLAN_ENABLED, SWITCH, IPV4_VLAN_ENABLE, IPV6_VLAN_ENABLE),
	NET(VLAN_TAG, VLAN_TAG, IPV4_VLAN, IPV6_VLAN),
	NET(MTU, NUMBER, MTU, MTU),
	NET(PORT, NUMBER, IPV4_PORT, IPV6_PORT),
	NET(IPADDR_STATE, STATE_OF_NUMBER, IPV4_STATE, IPV6_STATE0),
	NET(IPV6_LINKLOCAL_STATE, STATE, NONE, LINK_LOCAL_STATE),
	NET(IPV6_ROUTER_STATE, ROUTER_STATE, NONE, ROUTER_STATE),
	NET(DELAYED_ACK_EN, LACK, IPV4_NO_DELAYED_ACK, IPV6_NO_DELAYED_ACK),
	NET(TCP_NAGLE_DISABLE, LACK, IPV4_NO_NAGLE, IPV6_NO_NAGLE),
	NET(TCP_WSF_DISABLE, LACK, IPV4_NO_WINDOW_SCALE, IPV6_NO_WINDOW_SCALE),
	NET(TCP_WSF, NUMBER, IPV4_WINDOW_SCALE, IPV6_WINDOW_SCALE),
	NET(TCP_TIMER_SCALE, NUMBER, IPV4_TIMER_SCALE, IPV6_TIMER_SCALE),
	NET(TCP_TIMESTAMP_EN, SWITCH, IPV4_TIMESTAMPS, IPV6_TIMESTAMPS),
	NET(CACHE_ID, CACHE, IPV4_CACHE, IPV6_CACHE),
	NET(IPV4_DHCP_DNS_ADDR_EN, SWITCH, DNS_DHCP, NONE),
	NET(IPV4_DHCP_SLP_DA_EN, SWITCH, SLP_DHCP, NONE),
	NET(IPV4_TOS_EN, SWITCH, TOS_ENABLE, NONE),
	NET(IPV4_TOS, NUMBER, TOS, NONE),
	NET(IPV4_GRAT_ARP_EN, SWITCH, GRATUITOUS_ARP, NONE),
	NET(IPV4_DHCP_ALT_CLIENT_ID_EN, SWITCH, DHCP_CLIENT_ID_ENABLE, NONE),
	NET(IPV4_DHCP_ALT_CLIENT_ID, COUNTED, DHCP_CLIENT, NONE),
	NET(IPV4_DHCP_REQ_VENDOR_ID_EN, SWITCH, DHCP_REQUIRE_VENDOR, NONE),
	NET(IPV4_DHCP_USE_VENDOR_ID_EN, SWITCH, DHCP_USE_VENDOR, NONE),
	NET(IPV4_DHCP_VENDOR_ID, COUNTED, DHCP_VENDOR, NONE),
	NET(IPV4_DHCP_LEARN_IQN_EN, SWITCH, DHCP_LEARN_IQN, NONE),
	NET(IPV4_FRAGMENT_DISABLE, LACK, IPV4_NO_FRAGMENTS, NONE),
	NET(IPV4_IN_FORWARD_EN, SWITCH, IPV4_FORWARD, NONE),
	NET(IPV4_TTL, NUMBER, TTL, NONE),
	NET(IPV6_GRAT_NEIGHBOR_ADV_EN, SWITCH, NONE, GRATUITOUS_ND),
	NET(IPV6_MLD_EN, SWITCH, NONE, MLD),
	NET(IPV6_FLOW_LABEL, NUMBER, NONE, FLOW_LABEL),
	NET(IPV6_TRAFFIC_CLASS, NUMBER, NONE, TRAFFIC_CLASS),
	NET(IPV6_HOP_LIMIT, NUMBER, NONE, HOP_LIMIT),
	NET(IPV6_ND_REACHABLE_TMO, NUMBER, NONE, ND_REACHABLE),
	NET(IPV6_ND_REXMIT_TIME, NUMBER, NONE, ND_RETRANSMIT),
	NET(IPV6_ND_STALE_TMO, NUMBER, NONE, ND_STALE),
	NET(IPV6_DUP_ADDR_DETECT_CNT, NUMBER, NONE, DAD_COUNT),
	NET(IPV6_RTR_ADV_LINK_MTU, NUMBER, NONE, ROUTER_MTU),
	NET(REDIRECT_EN, SWITCH, ARP_REDIRECT, IPV6_REDIRECT),
	ISCSI(DEF_TASKMGMT_TMO, NUMBER, DEFAULT_TIMEOUT),
	ISCSI(HDRDGST_EN, SWITCH, HEADER_DIGEST),
	ISCSI(DATADGST_EN, SWITCH, DATA_DIGEST),
	ISCSI(IMM_DATA_EN, SWITCH, IMMEDIATE_DATA),
	ISCSI(INITIAL_R2T_EN, SWITCH, INITIAL_R2T),
	ISCSI(DATASEQ_INORDER_EN, SWITCH, DATA_SEQUENCE_IN_ORDER),
	ISCSI(PDU_INORDER_EN, SWITCH, DATA_PDU_IN_ORDER),
	ISCSI(ERL, NUMBER, ERL),
	ISCSI(MAX_RECV_DLENGTH, BLOCKS, MAX_SEGMENT),
	ISCSI(FIRST_BURST, BLOCKS, FIRST_BURST),
	ISCSI(MAX_R2T, NUMBER, MAX_R2T),
	ISCSI(MAX_BURST, BLOCKS, MAX_BURST),
	ISCSI(CHAP_AUTH_EN, SWITCH, CHAP),
	ISCSI(BIDI_CHAP_EN, SWITCH, BIDI_CHAP),
	ISCSI(DISCOVERY_AUTH_OPTIONAL, SWITCH, DISCOVERY_AUTH_OPTIONAL),
	ISCSI(DISCOVERY_LOGOUT_EN, SWITCH, DISCOVERY_LOGOUT),
	ISCSI(STRICT_LOGIN_COMP_EN, SWITCH, STRICT_LOGIN),
	ISCSI(INITIATOR_NAME, NAME, NAME),
};

#define BLOCK		512
#define VLAN_ID		0x0fff
#define VLAN_PRIORITY	13		/* its lowest bit */
#define IPV6_BYTES	16
#define HALF		8

static const struct iface_row *row_find(unsigned int type, unsigned int param)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(iface_rows); i++)
		if (iface_rows[i].type == type && iface_rows[i].param == param)
			return &iface_rows[i];
	return NULL;
}

/* The field of this iface, ISP_ROWS if it has none. */
static enum isp_row field_of(const struct iface_row *row, const struct iface_place *place)
{
	bool is_second = place->family == ISCSI_IFACE_TYPE_IPV6 && place->number & 1;
	enum isp_row field = place->family == ISCSI_IFACE_TYPE_IPV4 ? row->v4 : row->v6;

	if (is_second && (row->how == HOW_IPV6_OF_NUMBER || row->how == HOW_STATE_OF_NUMBER))
		return field + 1;
	return field;
}

/* --- into the control block --- */

static u64 most(enum isp_row field)
{
	return isp_fields[field].bits < 64 ? (1ull << isp_fields[field].bits) - 1 : ~0ull;
}

static int number_set(void *acb, enum isp_row field, u64 number)
{
	if (number > most(field))
		return -EINVAL;
	field_set(field, acb, number);
	return 0;
}

/* on, off: the numbers that mean so. */
static int switch_set(void *acb, enum isp_row field, u32 number, u32 on, u32 off)
{
	if (number != on && number != off)
		return -EINVAL;
	field_set(field, acb, number == on);
	return 0;
}

static int vlan_set(void *acb, enum isp_row field, u8 how, u32 number)
{
	u32 tag = field_get(field, acb);

	if (how == HOW_VLAN_ID)
		return number > VLAN_ID ? -EINVAL : number_set(acb, field, (tag & ~VLAN_ID) | number);
	if (how == HOW_VLAN_PRIORITY)
		return number > ISCSI_MAX_VLAN_PRIORITY ? -EINVAL : number_set(acb, field, (tag & VLAN_ID) | number << VLAN_PRIORITY);
	return number_set(acb, field, number);
}

static int as_number_set(void *acb, enum isp_row field, u8 how, const u8 *value, u32 len)
{
	u32 number;

	if (param_number(value, len, &number))
		return -EINVAL;
	switch (how) {
	case HOW_NUMBER:
		return number_set(acb, field, number);
	case HOW_BLOCKS:
		return number_set(acb, field, number / BLOCK);
	case HOW_SWITCH:
	case HOW_DHCP:
	case HOW_DISCOVERY:
		return switch_set(acb, field, number, ISCSI_NET_PARAM_ENABLE, ISCSI_NET_PARAM_DISABLE);
	case HOW_LACK:
		return switch_set(acb, field, number, ISCSI_NET_PARAM_DISABLE, ISCSI_NET_PARAM_ENABLE);
	case HOW_AUTOMATIC:
		return switch_set(acb, field, number, ISCSI_IPV6_LINKLOCAL_AUTOCFG_ENABLE, ISCSI_IPV6_LINKLOCAL_AUTOCFG_DISABLE);
	case HOW_ROUTER_AUTOMATIC:
		if (number == ISCSI_IPV6_ROUTER_AUTOCFG_ENABLE)
			memset(field_at(field, acb), 0, isp_fields[field].width);
		return 0;
	default:
		return vlan_set(acb, field, how, number);
	}
}

static int bytes_set(void *acb, enum isp_row field, const u8 *value, u32 len)
{
	if (len != isp_fields[field].width)
		return -EINVAL;
	memcpy(field_at(field, acb), value, len);
	return 0;
}

static int counted_set(void *acb, enum isp_row field, const u8 *value, u32 len)
{
	u32 length = strnlen((const char *)value, len);

	if (length >= isp_fields[field].width)
		return -EINVAL;
	memset(field_at(field, acb), 0, isp_fields[field].width);
	memcpy(field_at(field, acb), value, length);
	field_set(field - 1, acb, length);
	return 0;
}

int iface_row_set(void *acb, const struct iface_place *place, unsigned int type, unsigned int param, const u8 *value, u32 len)
{
	const struct iface_row *row = row_find(type, param);
	enum isp_row field = row ? field_of(row, place) : ISP_ROWS;

	if (field == ISP_ROWS || (place->number & 1 && row->how != HOW_IPV6_OF_NUMBER))
		return -ENODATA;
	switch (row->how) {
	case HOW_NAME:
	case HOW_STATE:
	case HOW_STATE_OF_NUMBER:
	case HOW_ROUTER_STATE:
	case HOW_CACHE:
		return -ENODATA;
	case HOW_IPV4:
	case HOW_IPV6:
	case HOW_IPV6_OF_NUMBER:
		return bytes_set(acb, field, value, len);
	case HOW_LINK_LOCAL:
		return len == IPV6_BYTES ? bytes_set(acb, field, value + HALF, HALF) : -EINVAL;
	case HOW_COUNTED:
		return counted_set(acb, field, value, len);
	default:
		return as_number_set(acb, field, row->how, value, len);
	}
}

/* --- out of it --- */

int ipv4_show(const u8 *address, char *page)
{
	return sysfs_emit(page, "%u.%u.%u.%u\n", address[0], address[1], address[2], address[3]);
}

int ipv6_show(const u8 *address, char *page)
{
	unsigned int i, length = 0;

	for (i = 0; i < IPV6_BYTES; i += 2)
		length += sysfs_emit_at(page, length, "%s%02x%02x", i ? ":" : "", address[i], address[i + 1]);
	return length + sysfs_emit_at(page, length, "\n");
}

static int link_local_show(const u8 *half, char *page)
{
	u8 address[IPV6_BYTES] = { 0xfe, 0x80 };

	memcpy(address + HALF, half, HALF);
	return ipv6_show(address, page);
}

static int state_show(u32 state, char *page)
{
	static const u8 states[] = {
		[ISP_IP_UNCONFIGURED] = ISCSI_IPDDRESS_STATE_UNCONFIGURED, [ISP_IP_INVALID] = ISCSI_IPDDRESS_STATE_INVALID,
		[ISP_IP_ACQUIRING] = ISCSI_IPDDRESS_STATE_ACQUIRING, [ISP_IP_TENTATIVE] = ISCSI_IPDDRESS_STATE_TENTATIVE,
		[ISP_IP_DEPRECATED] = ISCSI_IPDDRESS_STATE_DEPRECATED, [ISP_IP_PREFERRED] = ISCSI_IPDDRESS_STATE_VALID,
		[ISP_IP_DISABLING] = ISCSI_IPDDRESS_STATE_DISABLING,
	};

	return sysfs_emit(page, "%s\n", iscsi_get_ipaddress_state_name(state < ARRAY_SIZE(states) ? states[state] :
									ISCSI_IPDDRESS_STATE_UNCONFIGURED));
}

static int router_state_show(u32 state, char *page)
{
	static const u8 states[] = {
		[ISP_ROUTER_MANUAL] = ISCSI_ROUTER_STATE_MANUAL, [ISP_ROUTER_ADVERTISED] = ISCSI_ROUTER_STATE_ADVERTISED,
		[ISP_ROUTER_STALE] = ISCSI_ROUTER_STATE_STALE,
	};

	return sysfs_emit(page, "%s\n", iscsi_get_router_state_name(state < ARRAY_SIZE(states) ? states[state] :
								    ISCSI_ROUTER_STATE_UNKNOWN));
}

/* What is switched, and where it has words of its own. */
static int switch_show(u8 how, bool set, char *page)
{
	static const char *const words[][2] = {
		[HOW_SWITCH] = { "disable", "enable" }, [HOW_LACK] = { "enable", "disable" }, [HOW_DHCP] = { "static", "dhcp" },
		[HOW_DISCOVERY] = { "static", "nd" }, [HOW_AUTOMATIC] = { "static", "auto" },
	};

	return sysfs_emit(page, "%s\n", words[how][set]);
}

static int number_show(u8 how, u32 number, char *page)
{
	if (how == HOW_BLOCKS)
		number *= BLOCK;
	else if (how == HOW_VLAN_ID)
		number &= VLAN_ID;
	else if (how == HOW_VLAN_PRIORITY)
		number >>= VLAN_PRIORITY;
	return sysfs_emit(page, "%u\n", number);
}

static int text_show(enum isp_row field, const u8 *text, char *page)
{
	return sysfs_emit(page, "%.*s\n", (int)isp_fields[field].width, (const char *)text);
}

int iface_row_show(const void *acb, const struct iface_place *place, unsigned int type, unsigned int param, char *page)
{
	const struct iface_row *row = row_find(type, param);
	enum isp_row field = row ? field_of(row, place) : ISP_ROWS;
	const u8 *bytes;

	if (field == ISP_ROWS)
		return -ENODATA;
	bytes = (const u8 *)acb + isp_fields[field].offset;
	switch (row->how) {
	case HOW_SWITCH:
	case HOW_LACK:
	case HOW_DHCP:
	case HOW_DISCOVERY:
	case HOW_AUTOMATIC:
		return switch_show(row->how, field_get(field, acb), page);
	case HOW_IPV4:
		return ipv4_show(bytes, page);
	case HOW_IPV6:
	case HOW_IPV6_OF_NUMBER:
		return ipv6_show(bytes, page);
	case HOW_LINK_LOCAL:
		return link_local_show(bytes, page);
	case HOW_COUNTED:
	case HOW_NAME:
		return text_show(field, bytes, page);
	case HOW_STATE:
	case HOW_STATE_OF_NUMBER:
		return state_show(field_get(field, acb), page);
	case HOW_ROUTER_STATE:
		return router_state_show(field_get(field, acb), page);
	default:
		return number_show(row->how, field_get(field, acb), page);
	}
}

bool iface_row_is_shown(unsigned int type, unsigned int param)
{
	const struct iface_row *row = row_find(type, param);

	return row && row->how != HOW_ROUTER_AUTOMATIC && row->how != HOW_VLAN_TAG;
}
