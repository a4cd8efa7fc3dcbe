// SPDX-License-Identifier: GPL-2.0-only
/*
 * The gate for netlink attributes that are handed on to a driver: SET_IFACE_PARAMS, SET_FLASHNODE_PARAMS, SET_CHAP. Drivers cast what
 * is in them by parameter number, so each value must be as long as the row of its parameter says. Decides nothing about the values.
 */
#include "transport/class/message.h"

/* What a value is, in the words of the tables. FIXED: it cannot be set. */
enum value_kind { UNKNOWN, U8, U16, U32, ADDR4, ADDR6, ADDR, ISID, TEXT, FIXED };

/* Bytes it has. */
static const struct {
	u16 min, max;
} sizes[] = {
	[U8] = { 1, U16_MAX },
	[U16] = { 2, U16_MAX },
	[U32] = { 4, U16_MAX },
	[ADDR4] = { 4, U16_MAX },
	[ADDR6] = { 16, U16_MAX },
	[ADDR] = { 4, 16 },
	[ISID] = { 6, 6 },
	[TEXT] = { 0, 256 },
};

static const u8 net_kinds[] = {
#define NET_PARAM(number, id, family, attribute, type, sentence) [number] = type,
#include "transport/abi/net_params.def"
#undef NET_PARAM
};

static const u8 iface_kinds[] = {
#define IFACE_PARAM(number, id, family, attribute, type, sentence) [number] = type,
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
};

static const u8 flashnode_kinds[] = {
#define FLASHNODE(number, id, object, attribute, type, wire, ...) [number] = wire,
#include "transport/abi/flashnode.def"
#undef FLASHNODE
};

static_assert(ISCSI_CHAP_AUTH_NAME_MAX_LEN == 256 && ISCSI_CHAP_AUTH_SECRET_MAX_LEN == 256);
static const u8 chap_kinds[] = {
	[ISCSI_CHAP_PARAM_INDEX] = U16,
	[ISCSI_CHAP_PARAM_CHAP_TYPE] = U8,
	[ISCSI_CHAP_PARAM_USERNAME] = TEXT,
	[ISCSI_CHAP_PARAM_PASSWORD] = TEXT,
	[ISCSI_CHAP_PARAM_PASSWORD_LEN] = U8,
};

/* room: what is left of the attribute behind its head, which says that the value has bytes of it. */
static int check_value(const u8 *kinds, u32 count, u32 param, u32 bytes, u32 room)
{
	u8 kind;

	if (param >= count || bytes > room)
		return -EINVAL;
	kind = kinds[array_index_nospec(param, count)];
	if (kind == UNKNOWN || kind == FIXED || bytes < sizes[kind].min || bytes > sizes[kind].max)
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
		return check_value(net_kinds, ARRAY_SIZE(net_kinds), info->param, info->len, room);
	if (info->param_type == ISCSI_IFACE_PARAM)
		return check_value(iface_kinds, ARRAY_SIZE(iface_kinds), info->param, info->len, room);
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
static int check_plain(const struct class_request *req, const u8 *kinds, u32 count)
{
	const struct nlattr *attribute;
	int left, error = -EINVAL;

	BUILD_BUG_ON(sizeof(struct iscsi_flashnode_param_info) != sizeof(struct iscsi_param_info));
	nla_for_each_attr(attribute, req->data, req->data_bytes, left) {
		const struct iscsi_param_info *info = nla_data(attribute);

		error = -EINVAL;
		if (nla_len(attribute) >= (int)sizeof(*info))
			error = check_value(kinds, count, info->param, info->len, nla_len(attribute) - sizeof(*info));
		if (error)
			break;
	}
	return error;
}

int attributes_check_flashnode(const struct class_request *req)
{
	return check_plain(req, flashnode_kinds, ARRAY_SIZE(flashnode_kinds));
}

int attributes_check_chap(const struct class_request *req)
{
	return check_plain(req, chap_kinds, ARRAY_SIZE(chap_kinds));
}
