// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of sessions and connections: one row each says where the value is kept, in the entry that the firmware logs in with or as
 * user space has set it, whether it goes into that entry, and whether sysfs shows it. The gate for what user space sets.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"

#define TEXT_BYTES_MAX	1024
#define UNIT		512	/* of lengths in an entry */

enum param_kind { KIND_NONE, KIND_NUMBER, KIND_TEXT, KIND_OWN };

#define OF_CONN		BIT(0)	/* else of the session */
#define SHOWN		BIT(1)	/* has an attribute */
#define TAKEN		BIT(2)	/* user space may set it */
#define INTO		BIT(3)	/* and then a login asks for it */

typedef int show_fn(struct qla_session *session, char *page);

struct param_row {
	enum param_kind kind;
	u8 flags;
	u16 unit;
	enum isp_row row;	/* KIND_NUMBER with a unit: where it is in the entry */
	show_fn *show;		/* KIND_OWN */
};

/* --- those that are more than a number of the entry or a text of user space. The session's mutex is held --- */

static int name_show(struct qla_session *session, char *page)
{
	if (!session->has_entry)
		return sysfs_emit(page, "%s\n", session->settings->text[ISCSI_PARAM_TARGET_NAME] ?: "(null)");
	return sysfs_emit(page, "%.*s\n", isp_fields[ISP_DDB_ROW_NAME].width, (char *)field_at(ISP_DDB_ROW_NAME, session->wanted));
}

static int alias_show(struct qla_session *session, char *page)
{
	return sysfs_emit(page, "%.*s\n", isp_fields[ISP_DDB_ROW_ALIAS].width, (char *)field_at(ISP_DDB_ROW_ALIAS, session->entry));
}

static int address_show(struct qla_session *session, char *page)
{
	const void *address = field_at(ISP_DDB_ROW_ADDRESS, session->entry);

	if (!session->has_entry)
		return -ENOTCONN;
	if (field_get(ISP_DDB_ROW_IS_IPV6, session->entry))
		return sysfs_emit(page, "%pI6\n", address);
	return sysfs_emit(page, "%pI4\n", address);
}

static int port_show(struct qla_session *session, char *page)
{
	if (!session->has_entry)
		return -ENOTCONN;
	return sysfs_emit(page, "%u\n", (u32)field_get(ISP_DDB_ROW_PORT, session->entry));
}

/* What user space calls the portal, which may be where it was redirected from. */
static int persistent_address_show(struct qla_session *session, char *page)
{
	const char *text = session->settings->text[ISCSI_PARAM_PERSISTENT_ADDRESS];

	return text ? sysfs_emit(page, "%s\n", text) : address_show(session, page);
}

static int persistent_port_show(struct qla_session *session, char *page)
{
	if (!test_bit(ISCSI_PARAM_PERSISTENT_PORT, session->settings->given))
		return port_show(session, page);
	return sysfs_emit(page, "%u\n", session->settings->number[ISCSI_PARAM_PERSISTENT_PORT]);
}

static int local_port_show(struct qla_session *session, char *page)
{
	return sysfs_emit(page, "%u\n", session->local_port);
}

static int local_address_show(struct qla_session *session, char *page)
{
	u8 ipv4[4];

	if (field_get(ISP_DDB_ROW_IS_IPV6, session->entry))
		return sysfs_emit(page, "%pI6\n", field_at(ISP_DDB_ROW_LOCAL_ADDRESS, session->entry));
	acb_bytes(session->host, ISP_ACB_ROW_IPV4_ADDRESS, ipv4);
	return sysfs_emit(page, "%pI4\n", ipv4);
}

static int isid_show(struct qla_session *session, char *page)
{
	const u8 *isid = field_at(ISP_DDB_ROW_ISID, session->entry);

	return sysfs_emit(page, "%02x%02x%02x%02x%02x%02x\n", isid[5], isid[4], isid[3], isid[2], isid[1], isid[0]);
}

static int portal_type_show(struct qla_session *session, char *page)
{
	return sysfs_emit(page, "%s\n", field_get(ISP_DDB_ROW_IS_IPV6, session->entry) ? "ipv6" : "ipv4");
}

static int parent_type_show(struct qla_session *session, char *page)
{
	u16 link = field_get(ISP_DDB_ROW_LINK, session->entry);
	enum iscsi_discovery_parent_type type = ISCSI_DISC_PARENT_UNKNOWN;

	if (link == ISP_DDB_LINK_ISNS)
		type = ISCSI_DISC_PARENT_ISNS;
	else if (link < ISP_DDBS)
		type = ISCSI_DISC_PARENT_SENDTGT;
	return sysfs_emit(page, "%s\n", iscsi_get_discovery_parent_name(type));
}

static int chap_index_show(struct qla_session *session, char *page)
{
	u16 index = field_get(ISP_DDB_ROW_CHAP_INDEX, session->entry);

	if (!field_get(ISP_DDB_ROW_CHAP, session->entry) || index == ISP_DDB_NO_CHAP)
		return sysfs_emit(page, "\n");
	return sysfs_emit(page, "%u\n", index);
}

/* An entry does not say which of the peers' it is. */
static int chap_in_index_show(struct qla_session *session, char *page)
{
	return sysfs_emit(page, "\n");
}

#define NUMBER(_id, _row, _unit, _flags) \
	[ISCSI_PARAM_##_id] = { KIND_NUMBER, _flags, _unit, ISP_DDB_ROW_##_row }
#define KEPT(_id, _flags) \
	[ISCSI_PARAM_##_id] = { KIND_NUMBER, TAKEN | (_flags) }
#define TEXT(_id, _flags) \
	[ISCSI_PARAM_##_id] = { KIND_TEXT, TAKEN | (_flags) }
#define OWN(_id, _show, _flags) \
	[ISCSI_PARAM_##_id] = { KIND_OWN, SHOWN | (_flags), 0, 0, _show }

static const struct param_row param_rows[] = {
	NUMBER(MAX_RECV_DLENGTH, MAX_RECV_SEGMENT, UNIT, OF_CONN | SHOWN | TAKEN | INTO),
	NUMBER(MAX_XMIT_DLENGTH, MAX_SEND_SEGMENT, UNIT, OF_CONN | SHOWN | TAKEN),
	NUMBER(HDRDGST_EN, HEADER_DIGEST, 1, OF_CONN | SHOWN | TAKEN | INTO),
	NUMBER(DATADGST_EN, DATA_DIGEST, 1, OF_CONN | SHOWN | TAKEN | INTO),
	NUMBER(INITIAL_R2T_EN, INITIAL_R2T, 1, SHOWN | TAKEN | INTO),
	NUMBER(MAX_R2T, MAX_R2T, 1, SHOWN | TAKEN | INTO),
	NUMBER(IMM_DATA_EN, IMMEDIATE_DATA, 1, SHOWN | TAKEN | INTO),
	NUMBER(FIRST_BURST, FIRST_BURST, UNIT, SHOWN | TAKEN | INTO),
	NUMBER(MAX_BURST, MAX_BURST, UNIT, SHOWN | TAKEN | INTO),
	NUMBER(PDU_INORDER_EN, DATA_PDU_IN_ORDER, 1, SHOWN | TAKEN),
	NUMBER(DATASEQ_INORDER_EN, DATA_SEQUENCE_IN_ORDER, 1, SHOWN | TAKEN),
	NUMBER(ERL, ERL, 1, SHOWN | TAKEN),
	NUMBER(EXP_STATSN, EXP_STATSN, 1, OF_CONN | SHOWN | TAKEN),
	NUMBER(TPGT, PORTAL_GROUP, 1, SHOWN | TAKEN),
	NUMBER(AUTO_SND_TGT_DISABLE, NO_SENDTARGETS, 1, SHOWN),
	NUMBER(DISCOVERY_SESS, IS_DISCOVERY, 1, SHOWN | TAKEN),
	NUMBER(CHAP_AUTH_EN, CHAP, 1, SHOWN),
	NUMBER(DISCOVERY_LOGOUT_EN, DISCOVERY_LOGOUT, 1, SHOWN),
	NUMBER(BIDI_CHAP_EN, BIDI_CHAP, 1, SHOWN),
	NUMBER(DISCOVERY_AUTH_OPTIONAL, DISCOVERY_AUTH_OPTIONAL, 1, SHOWN),
	NUMBER(DEF_TIME2WAIT, TIME2WAIT, 1, SHOWN),
	NUMBER(DEF_TIME2RETAIN, TIME2RETAIN, 1, SHOWN),
	NUMBER(MAX_SEGMENT_SIZE, SEGMENT_SIZE, 1, OF_CONN | SHOWN),
	NUMBER(STATSN, STATSN, 1, OF_CONN | SHOWN),
	NUMBER(KEEPALIVE_TMO, KEEP_ALIVE, 1, OF_CONN | SHOWN),
	NUMBER(TSID, TSIH, 1, SHOWN),
	NUMBER(DEF_TASKMGMT_TMO, DEFAULT_TIMEOUT, 1, SHOWN),
	NUMBER(TCP_TIMESTAMP_STAT, TIMESTAMP_STATUS, 1, OF_CONN | SHOWN),
	NUMBER(TCP_WSF_DISABLE, NO_WINDOW_SCALE, 1, OF_CONN | SHOWN),
	NUMBER(TCP_NAGLE_DISABLE, NO_NAGLE, 1, OF_CONN | SHOWN),
	NUMBER(TCP_TIMER_SCALE, TIMER_SCALE, 1, OF_CONN | SHOWN),
	NUMBER(TCP_TIMESTAMP_EN, TIMESTAMPS, 1, OF_CONN | SHOWN),
	NUMBER(TCP_XMIT_WSF, SEND_WINDOW_SCALE, 1, OF_CONN | SHOWN),
	NUMBER(TCP_RECV_WSF, RECV_WINDOW_SCALE, 1, OF_CONN | SHOWN),
	NUMBER(IP_FRAGMENT_DISABLE, NO_FRAGMENTS, 1, OF_CONN | SHOWN),
	NUMBER(IPV4_TOS, TOS, 1, OF_CONN | SHOWN),
	NUMBER(IPV6_TC, TOS, 1, OF_CONN | SHOWN),
	NUMBER(IPV6_FLOW_LABEL, FLOW_LABEL, 1, OF_CONN | SHOWN),
	NUMBER(IS_FW_ASSIGNED_IPV6, LINK_LOCAL, 1, OF_CONN | SHOWN),
	NUMBER(DISCOVERY_PARENT_IDX, LINK, 1, SHOWN),
	OWN(TARGET_NAME, name_show, TAKEN),
	OWN(PERSISTENT_ADDRESS, persistent_address_show, OF_CONN | TAKEN),
	OWN(PERSISTENT_PORT, persistent_port_show, OF_CONN | TAKEN),
	OWN(CONN_PORT, port_show, OF_CONN),
	OWN(CONN_ADDRESS, address_show, OF_CONN),
	OWN(LOCAL_PORT, local_port_show, OF_CONN),
	OWN(LOCAL_IPADDR, local_address_show, OF_CONN),
	OWN(ISID, isid_show, 0),
	OWN(TARGET_ALIAS, alias_show, TAKEN),
	OWN(PORTAL_TYPE, portal_type_show, TAKEN),
	OWN(DISCOVERY_PARENT_TYPE, parent_type_show, TAKEN),
	OWN(CHAP_OUT_IDX, chap_index_show, 0),
	OWN(CHAP_IN_IDX, chap_in_index_show, 0),
	TEXT(USERNAME, SHOWN),
	TEXT(USERNAME_IN, SHOWN),
	TEXT(PASSWORD, SHOWN),
	TEXT(PASSWORD_IN, SHOWN),
	TEXT(IFACE_NAME, SHOWN),
	/* The firmware has its own; these are taken because user space tells every driver. */
	TEXT(INITIATOR_NAME, 0),
	TEXT(BOOT_ROOT, 0),
	TEXT(BOOT_NIC, 0),
	TEXT(BOOT_TARGET, 0),
	KEPT(FAST_ABORT, 0),
	KEPT(ABORT_TMO, 0),
	KEPT(LU_RESET_TMO, 0),
	KEPT(TGT_RESET_TMO, 0),
	KEPT(PING_TMO, OF_CONN),
	KEPT(RECV_TMO, OF_CONN),
};

static const struct param_row *row_find(enum iscsi_param param)
{
	return param < ARRAY_SIZE(param_rows) && param_rows[param].kind ? &param_rows[param] : NULL;
}

bool param_is_shown(enum iscsi_param param)
{
	const struct param_row *row = row_find(param);

	return row && row->flags & SHOWN;
}

/* --- setting --- */

static int text_set(char **place, const char *text)
{
	char *copy = kstrdup(text, GFP_NOIO);

	if (!copy)
		return -ENOMEM;
	kfree_sensitive(*place);
	*place = copy;
	return 0;
}

static bool is_text(const struct param_row *row, enum iscsi_param param)
{
	return row->kind == KIND_TEXT || (row->kind == KIND_OWN && param != ISCSI_PARAM_PERSISTENT_PORT);
}

/* Numbers may be negative: a timeout that is off. */
static int number_set(struct session_settings *settings, enum iscsi_param param, const char *text)
{
	long long number;

	if (kstrtoll(text, 10, &number) || number < INT_MIN || number > U32_MAX)
		return -EINVAL;
	settings->number[param] = number;
	__set_bit(param, settings->given);
	return 0;
}

int param_set(struct iscsi_cls_conn *cls, enum iscsi_param param, char *text, int bytes)
{
	struct qla_session *session = session_of(iscsi_conn_to_session(cls));
	const struct param_row *row = row_find(param);
	int result = -EPERM;

	if (!row || !(row->flags & TAKEN))
		return -ENOSYS;
	if (!text || bytes <= 0 || bytes > TEXT_BYTES_MAX || strnlen(text, bytes) == bytes)
		return -EINVAL;
	mutex_lock(&session->mutex);
	if (session->kind == SESSION_USER)
		result = is_text(row, param) ? text_set(&session->settings->text[param], text) : number_set(session->settings, param, text);
	mutex_unlock(&session->mutex);
	return result;
}

static void number_into_entry(const struct session_settings *settings, enum iscsi_param param, void *entry)
{
	const struct param_row *row = &param_rows[param];
	const struct isp_field *field = &isp_fields[row->row];
	u64 most = GENMASK_ULL(field->bits - 1, 0);

	if (row->flags & INTO && test_bit(param, settings->given))
		field_set(row->row, entry, min_t(u64, settings->number[param] / row->unit, most));
}

void params_into_entry(const struct qla_session *session, void *entry)
{
	const char *name = session->settings->text[ISCSI_PARAM_TARGET_NAME];
	size_t room = isp_fields[ISP_DDB_ROW_NAME].width;
	enum iscsi_param param;

	lockdep_assert_held(&session->mutex);
	memset(field_at(ISP_DDB_ROW_NAME, entry), 0, room);
	if (name)
		strscpy(field_at(ISP_DDB_ROW_NAME, entry), name, room);
	for (param = 0; param < ARRAY_SIZE(param_rows); param++)
		number_into_entry(session->settings, param, entry);
}

void params_free(struct qla_session *session)
{
	unsigned int i;

	for (i = 0; i < ISCSI_PARAM_MAX; i++)
		kfree_sensitive(session->settings->text[i]);
	kfree(session->settings);
	session->settings = NULL;
}

/* --- getting --- */

static int number_show(struct qla_session *session, enum iscsi_param param, char *page)
{
	const struct param_row *row = &param_rows[param];
	u64 number = session->settings->number[param];

	if (row->unit && session->has_entry)
		number = field_get(row->row, session->entry) * row->unit;
	return sysfs_emit(page, "%u\n", (u32)number);
}

/* Of a session of the flash, credentials are those of its place in the table. Takes no lock of the session's. */
static int credentials_show(struct qla_session *session, u16 index, bool secret, char *page)
{
	struct { char name[257], secret[101]; } *text = kzalloc(sizeof(*text), GFP_KERNEL);
	bool is_peer;
	int result;

	if (!text)
		return -ENOMEM;
	result = chap_entry(session->host, index, text->name, text->secret, &is_peer);
	result = sysfs_emit(page, "%s\n", result || is_peer ? "(null)" : secret ? text->secret : text->name);
	kfree_sensitive(text);
	return result;
}

static int param_show(struct qla_session *session, enum iscsi_param param, char *page)
{
	const struct param_row *row = row_find(param);

	lockdep_assert_held(&session->mutex);
	switch (row->kind) {
	case KIND_NUMBER:
		return number_show(session, param, page);
	case KIND_TEXT:
		return sysfs_emit(page, "%s\n", session->settings->text[param] ?: "(null)");
	case KIND_OWN:
		return row->show(session, page);
	case KIND_NONE:
		break;
	}
	return -ENOSYS;
}

static int param_get(struct qla_session *session, enum iscsi_param param, bool of_conn, char *page)
{
	const struct param_row *row = row_find(param);
	bool is_secret = param == ISCSI_PARAM_PASSWORD;
	u16 index = ISP_DDB_NO_CHAP;
	int result;

	if (!row || !(row->flags & SHOWN) || !!(row->flags & OF_CONN) != of_conn)
		return -ENOSYS;
	mutex_lock(&session->mutex);
	if (session->kind == SESSION_FLASH && (param == ISCSI_PARAM_USERNAME || is_secret) && field_get(ISP_DDB_ROW_CHAP, session->wanted))
		index = field_get(ISP_DDB_ROW_CHAP_INDEX, session->wanted);
	result = param_show(session, param, page);
	mutex_unlock(&session->mutex);
	return index == ISP_DDB_NO_CHAP ? result : credentials_show(session, index, is_secret, page);
}

int param_get_session(struct iscsi_cls_session *cls, enum iscsi_param param, char *page)
{
	return param_get(session_of(cls), param, false, page);
}

int param_get_conn(struct iscsi_cls_conn *cls, enum iscsi_param param, char *page)
{
	return param_get(session_of(iscsi_conn_to_session(cls)), param, true, page);
}
