/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an ISP4xxx holds when it leaves the factory: rows of numbers, and the few fields that follow from who the card is. Called when
 * an image is made and when a driver asks the emulated card for defaults. Real firmware's defaults are not known; these are enough for
 * every driver that was seen.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "transport/abi/isp4xxx.h"

struct value {
	enum isp4xxx_row row;
	uint64_t number;
};

static const struct value acb_values[] = {
	{ISP4XXX_ACB_VERSION, 1},
	{ISP4XXX_ACB_FIRMWARE_OPTIONS, ISP_ACB_SESSION_MODE | ISP_ACB_INITIATOR},
	{ISP4XXX_ACB_EXECUTION_THROTTLE, 256},
	{ISP4XXX_ACB_MTU, 1500},
	{ISP4XXX_ACB_ISCSI_OPTIONS, ISP_ISCSI_IMMEDIATE_DATA | ISP_ISCSI_SEQUENCE_IN_ORDER | ISP_ISCSI_PDU_IN_ORDER},
	{ISP4XXX_ACB_IPV4_TIMER_SCALE, 3},
	{ISP4XXX_ACB_IPV4_OPTIONS, ISP_IP_ENABLE | ISP_IP_GRATUITOUS},
	{ISP4XXX_ACB_MAX_SEGMENT, 128},
	{ISP4XXX_ACB_TTL, 64},
	{ISP4XXX_ACB_DEFAULT_TIMEOUT, 5},
	{ISP4XXX_ACB_FIRST_BURST, 128},
	{ISP4XXX_ACB_TIME2WAIT, 2},
	{ISP4XXX_ACB_TIME2RETAIN, 20},
	{ISP4XXX_ACB_MAX_R2T, 1},
	{ISP4XXX_ACB_KEEP_ALIVE, 14},
	{ISP4XXX_ACB_IPV4_PORT, 3260},
	{ISP4XXX_ACB_MAX_BURST, 512},
	{ISP4XXX_ACB_PORTAL_GROUP, 1},
	{ISP4XXX_ACB_COOKIE, ISP_ACB_COOKIE},
};

/* Not of a 4010: it knows IPv4 only. */
static const struct value acb_ipv6_values[] = {
	{ISP4XXX_ACB_ACB_VERSION, ISP_ACB_VERSION2},
	{ISP4XXX_ACB_IPV6_PORT, 3260},
	{ISP4XXX_ACB_IPV6_OPTIONS, ISP_IP_ENABLE},
	{ISP4XXX_ACB_IPV6_MORE_OPTIONS, ISP_IPV6_AUTOCONFIG | ISP_IPV6_LINK_LOCAL_AUTO},
	{ISP4XXX_ACB_IPV6_TIMER_SCALE, 3},
	{ISP4XXX_ACB_HOP_LIMIT, 64},
	{ISP4XXX_ACB_DAD_COUNT, 1},
	{ISP4XXX_ACB_ROUTER_MTU, 1500},
};

static const struct value ddb_values[] = {
	{ISP4XXX_DDB_IS_TARGET, 1},
	{ISP4XXX_DDB_EXECUTION_THROTTLE, 8},
	{ISP4XXX_DDB_ISCSI_OPTIONS, ISP_ISCSI_IMMEDIATE_DATA | ISP_ISCSI_SEQUENCE_IN_ORDER | ISP_ISCSI_PDU_IN_ORDER},
	{ISP4XXX_DDB_TIMER_SCALE, 3},
	{ISP4XXX_DDB_MAX_RECV_SEGMENT, 128},
	{ISP4XXX_DDB_MAX_SEND_SEGMENT, 128},
	{ISP4XXX_DDB_FIRST_BURST, 128},
	{ISP4XXX_DDB_TIME2WAIT, 2},
	{ISP4XXX_DDB_TIME2RETAIN, 20},
	{ISP4XXX_DDB_MAX_R2T, 1},
	{ISP4XXX_DDB_KEEP_ALIVE, 14},
	{ISP4XXX_DDB_PORT, 3260},
	{ISP4XXX_DDB_MAX_BURST, 512},
	{ISP4XXX_DDB_DEFAULT_TIMEOUT, 30},
	{ISP4XXX_DDB_LINK, ISP_DDB_LINK_NONE},
	{ISP4XXX_DDB_CHAP_INDEX, ISP_DDB_NO_CHAP},
	{ISP4XXX_DDB_PORTAL_GROUP, 1},
	{ISP4XXX_DDB_COOKIE, ISP_DDB_COOKIE},
	{ISP4XXX_DDB_LENGTH, ISP_DDB_SIZE},
};

static const struct value nvram_4010_values[] = {
	{ISP4XXX_NVRAM_4010_VERSION, 1},
	{ISP4XXX_NVRAM_4010_BOARD, 2},
	{ISP4XXX_NVRAM_4010_EXT_HW_CONFIG, 0x1912},
	{ISP4XXX_NVRAM_4010_MTU, 1500},
	{ISP4XXX_NVRAM_4010_MAC_CONFIG, 3},
	{ISP4XXX_NVRAM_4010_SUBVENDOR0, ISP_VENDOR},
	{ISP4XXX_NVRAM_4010_SUBVENDOR1, ISP_VENDOR},
	{ISP4XXX_NVRAM_4010_SUBDEVICE0, 0x011e},
	{ISP4XXX_NVRAM_4010_SUBDEVICE1, 0x011e},
	{ISP4XXX_NVRAM_4010_SIGNATURE, 0x9366},
};

static const struct value nvram_4022_values[] = {
	{ISP4XXX_NVRAM_4022_VERSION, 1},
	{ISP4XXX_NVRAM_4022_BOARD, 1},
	{ISP4XXX_NVRAM_4022_EXT_HW_CONFIG, 0x0023},
	{ISP4XXX_NVRAM_4022_PORT0_MTU, 1500},
	{ISP4XXX_NVRAM_4022_PORT0_CONFIG, 0xf700},
	{ISP4XXX_NVRAM_4022_PORT1_MTU, 1500},
	{ISP4XXX_NVRAM_4022_PORT1_CONFIG, 0xf700},
};

static void set_values(void *bytes, const struct value *values, size_t count)
{
	for (size_t i = 0; i < count; i++)
		isp4xxx_set(values[i].row, bytes, values[i].number);
}
#define SET_VALUES(bytes, values) set_values(bytes, values, sizeof(values) / sizeof((values)[0]))

static void set_text(enum isp4xxx_row row, void *bytes, const char *text)
{
	isp4xxx_field_parse(&isp4xxx_rows[row], bytes, text);
}

static void set_mac(enum isp4xxx_row row, void *bytes, const uint8_t mac[6])
{
	memcpy((uint8_t *)bytes + isp4xxx_rows[row].offset, mac, 6);
}

size_t isp4xxx_nvram_size(unsigned int model)
{
	return model == ISP_DEVICE_4010 ? ISP_NVRAM_4010_SIZE : ISP_NVRAM_4022_SIZE;
}

uint16_t isp4xxx_nvram_sum(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;
	unsigned int sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += at[i] | (unsigned int)at[i + 1] << 8;
	return (uint16_t)sum;
}

void isp4xxx_nvram_seal(void *bytes, size_t len)
{
	uint8_t *at = bytes;
	unsigned int last = at[len - 2] | (unsigned int)at[len - 1] << 8;

	last -= isp4xxx_nvram_sum(bytes, len);
	at[len - 2] = (uint8_t)last;
	at[len - 1] = (uint8_t)(last >> 8);
}

/* EUI-64: what an address made from a MAC address ends with. */
static void set_interface_id(void *acb, const uint8_t mac[6])
{
	const uint8_t id[8] = {mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5]};

	memcpy((uint8_t *)acb + isp4xxx_rows[ISP4XXX_ACB_INTERFACE_ID].offset, id, sizeof(id));
}

void isp4xxx_default_acb(const struct isp4xxx_identity *identity, unsigned int port, void *acb)
{
	char name[128];

	memset(acb, 0, ISP_ACB_SIZE);
	SET_VALUES(acb, acb_values);
	if (identity->model != ISP_DEVICE_4010) {
		SET_VALUES(acb, acb_ipv6_values);
		set_interface_id(acb, identity->mac[port]);
	}
	snprintf(name, sizeof(name), "iqn.2000-04.com.qlogic:isp%04x.%s.%u", identity->model, identity->serial, port);
	for (char *letter = name; *letter; letter++)
		if (*letter >= 'A' && *letter <= 'Z')
			*letter = (char)(*letter - 'A' + 'a');
	set_text(ISP4XXX_ACB_NAME, acb, name);
}

void isp4xxx_default_ddb(bool is_ipv6, void *ddb)
{
	memset(ddb, 0, ISP_DDB_SIZE);
	SET_VALUES(ddb, ddb_values);
	isp4xxx_set(ISP4XXX_DDB_IS_IPV6, ddb, is_ipv6);
	set_text(ISP4XXX_DDB_ISID, ddb, "000e1e000000");
}

void isp4xxx_default_sysinfo(const struct isp4xxx_identity *identity, unsigned int port, void *sysinfo)
{
	char product[16];

	memset(sysinfo, 0, ISP_SYSTEM_SIZE);
	isp4xxx_set(ISP4XXX_SYSINFO_MACS, sysinfo, 1);
	set_mac(ISP4XXX_SYSINFO_MAC0, sysinfo, identity->mac[port]);
	set_text(ISP4XXX_SYSINFO_VENDOR_NAME, sysinfo, "QLogic");
	snprintf(product, sizeof(product), "ISP%04x", identity->model & 0xffff);
	set_text(ISP4XXX_SYSINFO_PRODUCT, sysinfo, product);
	isp4xxx_set(ISP4XXX_SYSINFO_VENDOR, sysinfo, ISP_VENDOR);
	isp4xxx_set(ISP4XXX_SYSINFO_DEVICE, sysinfo, identity->model);
	isp4xxx_set(ISP4XXX_SYSINFO_SUBVENDOR, sysinfo, ISP_VENDOR);
	isp4xxx_set(ISP4XXX_SYSINFO_MTU, sysinfo, 1500);
	set_text(ISP4XXX_SYSINFO_SERIAL, sysinfo, identity->serial);
}

static void default_nvram_4010(const struct isp4xxx_identity *identity, void *nvram)
{
	SET_VALUES(nvram, nvram_4010_values);
	set_text(ISP4XXX_NVRAM_4010_ASIC, nvram, "34303130");
	set_text(ISP4XXX_NVRAM_4010_SERIAL, nvram, identity->serial);
	set_mac(ISP4XXX_NVRAM_4010_MAC0, nvram, identity->mac[0]);
	set_mac(ISP4XXX_NVRAM_4010_MAC1, nvram, identity->mac[1]);
}

/* The iSCSI functions are 1 and 3. */
static void default_nvram_4022(const struct isp4xxx_identity *identity, void *nvram)
{
	static const char *const models[2][ISP4XXX_PORTS_MAX] = {{"QLA4050C", "QLA4052C"}, {"QLE4060C", "QLE4062C"}};

	SET_VALUES(nvram, nvram_4022_values);
	set_text(ISP4XXX_NVRAM_4022_ASIC, nvram, identity->model == ISP_DEVICE_4022 ? "34303232" : "34303332");
	isp4xxx_set(ISP4XXX_NVRAM_4022_PORTS, nvram, identity->ports);
	set_text(ISP4XXX_NVRAM_4022_MODEL, nvram, models[identity->model == ISP_DEVICE_4032][identity->ports - 1]);
	set_text(ISP4XXX_NVRAM_4022_SERIAL, nvram, identity->serial);
	set_mac(ISP4XXX_NVRAM_4022_MAC1, nvram, identity->mac[0]);
	isp4xxx_set(ISP4XXX_NVRAM_4022_SUBVENDOR1, nvram, ISP_VENDOR);
	isp4xxx_set(ISP4XXX_NVRAM_4022_SUBDEVICE1, nvram, 0x0158);
	if (identity->ports < 2)
		return;
	set_mac(ISP4XXX_NVRAM_4022_MAC3, nvram, identity->mac[1]);
	isp4xxx_set(ISP4XXX_NVRAM_4022_SUBVENDOR3, nvram, ISP_VENDOR);
	isp4xxx_set(ISP4XXX_NVRAM_4022_SUBDEVICE3, nvram, 0x0158);
}

void isp4xxx_default_nvram(const struct isp4xxx_identity *identity, void *nvram)
{
	size_t size = isp4xxx_nvram_size(identity->model);

	memset(nvram, 0, size);
	if (identity->model == ISP_DEVICE_4010)
		default_nvram_4010(identity, nvram);
	else
		default_nvram_4022(identity, nvram);
	isp4xxx_nvram_seal(nvram, size);
}
