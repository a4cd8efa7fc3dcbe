// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate for netlink attributes that are handed on to a driver: SET_IFACE_PARAMS, SET_FLASHNODE_PARAMS, SET_CHAP. Drivers cast what
 * is in them by parameter number, so each value must be as long as the row of its parameter says. Decides nothing about the values.
 */
#include "transport/class/message.h"

#define TEXT_MAX	256

/* Bytes a value has; a text has at most max. known: there is such a parameter, and it can be set. */
struct value_row {
	u16 min, max;
	bool known;
};

#define U8	1, 0
#define U16	2, 0
#define U32	4, 0
#define ADDR4	4, 0
#define ADDR6	16, 0
#define ADDR	4, 16
#define ISID	6, 6
#define TEXT	0, TEXT_MAX
#define FIXED	0, 0

static const struct value_row net_rows[] = {
#define NET_PARAM(number, id, family, attribute, type, sentence) [number] = { type, true },
#include "transport/abi/net_params.def"
#undef NET_PARAM
};

static const struct value_row iface_rows[] = {
#define IFACE_PARAM(number, id, family, attribute, type, sentence) [number] = { type, true },
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
};

#define IS_SET_U8	true
#define IS_SET_U16	true
#define IS_SET_U32	true
#define IS_SET_TEXT	true
#define IS_SET_ADDR	true
#define IS_SET_ISID	true
#define IS_SET_FIXED	false

static const struct value_row flashnode_rows[] = {
#define FLASHNODE(number, id, object, attribute, type, wire, ...) [number] = { wire, IS_SET_##wire },
#include "transport/abi/flashnode.def"
#undef FLASHNODE
};

static const struct value_row chap_rows[] = {
	[ISCSI_CHAP_PARAM_INDEX] = { U16, true },
	[ISCSI_CHAP_PARAM_CHAP_TYPE] = { U8, true },
	[ISCSI_CHAP_PARAM_USERNAME] = { 0, ISCSI_CHAP_AUTH_NAME_MAX_LEN, true },
	[ISCSI_CHAP_PARAM_PASSWORD] = { 0, ISCSI_CHAP_AUTH_SECRET_MAX_LEN, true },
	[ISCSI_CHAP_PARAM_PASSWORD_LEN] = { U8, true },
};

/* room: what is left of the attribute behind its head, which says that the value has bytes of it. */
static int check_value(const struct value_row *rows, u32 count, u32 param, u32 bytes, u32 room)
{
	const struct value_row *row;

	if (param >= count || bytes > room)
		return -EINVAL;
	row = &rows[array_index_nospec(param, count)];
	if (!row->known || bytes < row->min || (row->max && bytes > row->max))
		return -EINVAL;
	return 0;
}

static int check_iface_attribute(const struct nlattr *attribute)
{
	const struct iscsi_iface_param_info *info = nla_data(attribute);
	u32 room;

	if (nla_len(attribute) < (int)sizeof(*info))
		return -EINVAL;
	room = nla_len(attribute) - sizeof(*info);
	if (info->iface_type != ISCSI_IFACE_TYPE_IPV4 && info->iface_type != ISCSI_IFACE_TYPE_IPV6)
		return -EINVAL;
	if (info->param_type == ISCSI_NET_PARAM)
		return check_value(net_rows, ARRAY_SIZE(net_rows), info->param, info->len, room);
	if (info->param_type == ISCSI_IFACE_PARAM)
		return check_value(iface_rows, ARRAY_SIZE(iface_rows), info->param, info->len, room);
	return -EINVAL;
}

int attributes_check_iface(const struct class_request *req)
{
	const struct nlattr *attribute;
	int left, error = -EINVAL;

	nla_for_each_attr(attribute, req->data, req->data_bytes, left) {
		error = check_iface_attribute(attribute);
		if (error)
			break;
	}
	return error;
}

/* SET_FLASHNODE_PARAMS and SET_CHAP have heads of the same form. */
static int check_plain(const struct class_request *req, const struct value_row *rows, u32 count)
{
	const struct nlattr *attribute;
	int left, error = -EINVAL;

	BUILD_BUG_ON(sizeof(struct iscsi_flashnode_param_info) != sizeof(struct iscsi_param_info));
	nla_for_each_attr(attribute, req->data, req->data_bytes, left) {
		const struct iscsi_param_info *info = nla_data(attribute);

		error = -EINVAL;
		if (nla_len(attribute) >= (int)sizeof(*info))
			error = check_value(rows, count, info->param, info->len, nla_len(attribute) - sizeof(*info));
		if (error)
			break;
	}
	return error;
}

int attributes_check_flashnode(const struct class_request *req)
{
	return check_plain(req, flashnode_rows, ARRAY_SIZE(flashnode_rows));
}

int attributes_check_chap(const struct class_request *req)
{
	return check_plain(req, chap_rows, ARRAY_SIZE(chap_rows));
}
