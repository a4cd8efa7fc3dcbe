// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of a flash node in its entry: which field each is, and how its value looks to user space, in a request and in sysfs. Called by
 * flashnode.c, which has the entries.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <scsi/iscsi_if.h>
#include <scsi/scsi_transport_iscsi.h>

#include "drivers/qla4xxx/flashnode_rows.h"
#include "drivers/qla4xxx/iface_rows.h"
#include "transport/abi/isp4xxx.h"

enum how {
	HOW_NONE,
	HOW_NUMBER,
	HOW_BLOCKS,		/* units of 512 bytes */
	HOW_TEXT,
	HOW_ISID,		/* last byte first */
	HOW_ADDRESS,		/* IPv4 in the first bytes, or IPv6, as the entry is */
	HOW_IPV4_NUMBER,	/* shown as 0, and */
	HOW_IPV6_NUMBER,	/* not shown where the entry is of the other family */
	HOW_IPV6_ADDRESS,
	HOW_FAMILY,
	HOW_PARENT,		/* how it was discovered */
};

struct flashnode_row {
	u8 how;
	u16 field;		/* enum isp_row */
};

#define ROW(param, how, row) \
	[ISCSI_FLASHNODE_##param] = { HOW_##how, ISP_DDB_ROW_##row }

static const struct flashnode_row flashnode_rows[ISCSI_FLASHNODE_MAX] = {
	ROW(IS_FW_ASSIGNED_IPV6, NUMBER, LINK_LOCAL),
	ROW(PORTAL_TYPE, FAMILY, IS_IPV6),
	ROW(AUTO_SND_TGT_DISABLE, NUMBER, NO_SENDTARGETS),
	ROW(DISCOVERY_SESS, NUMBER, IS_DISCOVERY),
	ROW(ENTRY_EN, NUMBER, DISABLED),	/* as every driver of these cards shows it */
	ROW(HDR_DGST_EN, NUMBER, HEADER_DIGEST),
	ROW(DATA_DGST_EN, NUMBER, DATA_DIGEST),
	ROW(IMM_DATA_EN, NUMBER, IMMEDIATE_DATA),
	ROW(INITIAL_R2T_EN, NUMBER, INITIAL_R2T),
	ROW(DATASEQ_INORDER, NUMBER, DATA_SEQUENCE_IN_ORDER),
	ROW(PDU_INORDER, NUMBER, DATA_PDU_IN_ORDER),
	ROW(CHAP_AUTH_EN, NUMBER, CHAP),
	ROW(SNACK_REQ_EN, NUMBER, SNACK),
	ROW(DISCOVERY_LOGOUT_EN, NUMBER, DISCOVERY_LOGOUT),
	ROW(BIDI_CHAP_EN, NUMBER, BIDI_CHAP),
	ROW(DISCOVERY_AUTH_OPTIONAL, NUMBER, DISCOVERY_AUTH_OPTIONAL),
	ROW(ERL, NUMBER, ERL),
	ROW(TCP_TIMESTAMP_STAT, NUMBER, TIMESTAMP_STATUS),
	ROW(TCP_NAGLE_DISABLE, NUMBER, NO_NAGLE),
	ROW(TCP_WSF_DISABLE, NUMBER, NO_WINDOW_SCALE),
	ROW(TCP_TIMER_SCALE, NUMBER, TIMER_SCALE),
	ROW(TCP_TIMESTAMP_EN, NUMBER, TIMESTAMPS),
	ROW(IP_FRAG_DISABLE, NUMBER, NO_FRAGMENTS),
	ROW(MAX_RECV_DLENGTH, BLOCKS, MAX_RECV_SEGMENT),
	ROW(MAX_XMIT_DLENGTH, BLOCKS, MAX_SEND_SEGMENT),
	ROW(FIRST_BURST, BLOCKS, FIRST_BURST),
	ROW(DEF_TIME2WAIT, NUMBER, TIME2WAIT),
	ROW(DEF_TIME2RETAIN, NUMBER, TIME2RETAIN),
	ROW(MAX_R2T, NUMBER, MAX_R2T),
	ROW(KEEPALIVE_TMO, NUMBER, KEEP_ALIVE),
	ROW(ISID, ISID, ISID),
	ROW(TSID, NUMBER, TSIH),
	ROW(PORT, NUMBER, PORT),
	ROW(MAX_BURST, BLOCKS, MAX_BURST),
	ROW(DEF_TASKMGMT_TMO, NUMBER, DEFAULT_TIMEOUT),
	ROW(IPADDR, ADDRESS, ADDRESS),
	ROW(ALIAS, TEXT, ALIAS),
	ROW(REDIRECT_IPADDR, ADDRESS, REDIRECT),
	ROW(MAX_SEGMENT_SIZE, NUMBER, SEGMENT_SIZE),
	ROW(LOCAL_PORT, NUMBER, LOCAL_PORT),
	ROW(IPV4_TOS, IPV4_NUMBER, TOS),
	ROW(IPV6_TC, IPV6_NUMBER, TOS),
	ROW(IPV6_FLOW_LABEL, NUMBER, FLOW_LABEL),
	ROW(NAME, TEXT, NAME),
	ROW(TPGT, NUMBER, PORTAL_GROUP),
	ROW(LINK_LOCAL_IPV6, IPV6_ADDRESS, LOCAL_ADDRESS),
	ROW(DISCOVERY_PARENT_IDX, NUMBER, LINK),
	ROW(DISCOVERY_PARENT_TYPE, PARENT, LINK),
	ROW(TCP_XMIT_WSF, NUMBER, SEND_WINDOW_SCALE),
	ROW(TCP_RECV_WSF, NUMBER, RECV_WINDOW_SCALE),
	ROW(CHAP_OUT_IDX, NUMBER, CHAP_INDEX),
	ROW(STATSN, NUMBER, STATSN),
	ROW(EXP_STATSN, NUMBER, EXP_STATSN),
};

#define BLOCK		512
#define IPV4_BYTES	4
#define IPV6_BYTES	16

static const struct flashnode_row *row_find(unsigned int param)
{
	static const struct flashnode_row none;

	return param < ARRAY_SIZE(flashnode_rows) ? &flashnode_rows[param] : &none;
}

static bool is_ipv6(const void *entry)
{
	return field_get(ISP_DDB_ROW_IS_IPV6, entry);
}

/* --- into the entry --- */

static int number_set(void *entry, enum isp_row field, u32 unit, const u8 *value, u32 len)
{
	u32 number;

	if (param_number(value, len, &number))
		return -EINVAL;
	if (number / unit > (1ull << isp_fields[field].bits) - 1)
		return -EINVAL;
	field_set(field, entry, number / unit);
	return 0;
}

static int bytes_set(void *entry, enum isp_row field, const u8 *value, u32 len)
{
	if (len > isp_fields[field].width)
		return -EINVAL;
	memset(field_at(field, entry), 0, isp_fields[field].width);
	memcpy(field_at(field, entry), value, len);
	return 0;
}

static int text_set(void *entry, enum isp_row field, const u8 *value, u32 len)
{
	u32 length = strnlen((const char *)value, len);

	return length < isp_fields[field].width ? bytes_set(entry, field, value, length) : -EINVAL;
}

static int isid_set(void *entry, const u8 *value, u32 len)
{
	u8 *isid = field_at(ISP_DDB_ROW_ISID, entry);
	unsigned int i;

	if (len != isp_fields[ISP_DDB_ROW_ISID].width)
		return -EINVAL;
	for (i = 0; i < len; i++)
		isid[len - 1 - i] = value[i];
	return 0;
}

static int family_set(void *entry, const u8 *value, u32 len)
{
	u32 length = strnlen((const char *)value, len);

	if (length != 4 || (memcmp(value, "ipv4", 4) && memcmp(value, "ipv6", 4)))
		return -EINVAL;
	field_set(ISP_DDB_ROW_IS_IPV6, entry, value[3] == '6');
	return 0;
}

int flashnode_row_set(void *entry, unsigned int param, const u8 *value, u32 len)
{
	const struct flashnode_row *row = row_find(param);

	switch ((enum how)row->how) {
	case HOW_NONE:
	case HOW_PARENT:
		break;
	case HOW_NUMBER:
		return number_set(entry, row->field, 1, value, len);
	case HOW_BLOCKS:
		return number_set(entry, row->field, BLOCK, value, len);
	case HOW_IPV4_NUMBER:
		return is_ipv6(entry) ? 0 : number_set(entry, row->field, 1, value, len);
	case HOW_IPV6_NUMBER:
		return is_ipv6(entry) ? number_set(entry, row->field, 1, value, len) : 0;
	case HOW_TEXT:
		return text_set(entry, row->field, value, len);
	case HOW_ISID:
		return isid_set(entry, value, len);
	case HOW_ADDRESS:
	case HOW_IPV6_ADDRESS:
		return len == IPV4_BYTES || len == IPV6_BYTES ? bytes_set(entry, row->field, value, len) : -EINVAL;
	case HOW_FAMILY:
		return family_set(entry, value, len);
	}
	return -ENODATA;
}

/* --- out of it --- */

static int isid_show(const u8 *isid, char *page)
{
	return sysfs_emit(page, "%02x%02x%02x%02x%02x%02x\n", isid[5], isid[4], isid[3], isid[2], isid[1], isid[0]);
}

static int address_show(const void *entry, const u8 *address, char *page)
{
	return is_ipv6(entry) ? ipv6_show(address, page) : ipv4_show(address, page);
}

static int parent_show(u32 link, char *page)
{
	int parent = link < ISP_FLASH_DDBS ? ISCSI_DISC_PARENT_SENDTGT : link == ISP_DDB_LINK_ISNS ? ISCSI_DISC_PARENT_ISNS :
		     ISCSI_DISC_PARENT_UNKNOWN;

	return sysfs_emit(page, "%s\n", iscsi_get_discovery_parent_name(parent));
}

static int number_show(u64 number, char *page)
{
	return sysfs_emit(page, "%u\n", (u32)number);
}

int flashnode_row_show(const void *entry, unsigned int param, char *page)
{
	const struct flashnode_row *row = row_find(param);
	const u8 *bytes = (const u8 *)entry + isp_fields[row->field].offset;
	u64 number = field_get(row->field, entry);

	switch ((enum how)row->how) {
	case HOW_NONE:
		break;
	case HOW_NUMBER:
		return number_show(number, page);
	case HOW_BLOCKS:
		return number_show(number * BLOCK, page);
	case HOW_IPV4_NUMBER:
		return number_show(is_ipv6(entry) ? 0 : number, page);
	case HOW_IPV6_NUMBER:
		return is_ipv6(entry) ? number_show(number, page) : sysfs_emit(page, "\n");
	case HOW_TEXT:
		return sysfs_emit(page, "%.*s\n", (int)isp_fields[row->field].width, (const char *)bytes);
	case HOW_ISID:
		return isid_show(bytes, page);
	case HOW_ADDRESS:
		return address_show(entry, bytes, page);
	case HOW_IPV6_ADDRESS:
		return is_ipv6(entry) ? ipv6_show(bytes, page) : sysfs_emit(page, "\n");
	case HOW_FAMILY:
		return sysfs_emit(page, "%s\n", is_ipv6(entry) ? "ipv6" : "ipv4");
	case HOW_PARENT:
		return parent_show(number, page);
	}
	return -ENODATA;
}
