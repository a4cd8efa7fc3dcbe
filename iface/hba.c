/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HBA ports and their ifaces. The net column of transport/abi/iface.def says which parameter of the card a setting is, the rows of
 * net_params.def and iface_params.def how its value looks on the wire and in sysfs; only addresses, VLAN and port have rules of their
 * own. Called by iscsiadm and iscsid. Sends nothing and never changes a file that is there.
 */
#include "iface/hba.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/portal.h"
#include "transport/user/transport.h"

#define ISCSIUIO_PID "/run/iscsiuio.pid"

/* ---- rows ---- */

enum wire { U8, U16, U32, ADDR4, ADDR6, TEXT };

/* What the net column says: the kind of parameter in the upper half, its number in the lower. */
enum {
	NOTHING = 0,
#define NET_PARAM(number, id, ...) NET_PARAM_##id = ISCSI_PARAM_TYPE_NET << 16 | (number),
#include "transport/abi/net_params.def"
#undef NET_PARAM
#define IFACE_PARAM(number, id, ...) IFACE_PARAM_##id = ISCSI_PARAM_TYPE_IFACE << 16 | (number),
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
};

static const int codes[FIELD_COUNT] = {
#define SETTING(...)
#define ALIAS(...)
#define IFACE(id, name, type, initial, min, max, flags, choices, subset, net, sentence) [F_##id] = net,
#include "transport/abi/settings.def"
#undef SETTING
#undef ALIAS
#undef IFACE
};

struct param {
	const char *attribute;
	enum wire wire;
};

static const struct param net_params[] = {
#define NET_PARAM(number, id, family, attribute_text, type, sentence) [number] = { .attribute = attribute_text, .wire = type },
#include "transport/abi/net_params.def"
#undef NET_PARAM
};

static const struct param iface_params[] = {
#define IFACE_PARAM(number, id, family, attribute_text, type, sentence) [number] = { .attribute = attribute_text, .wire = type },
#include "transport/abi/iface_params.def"
#undef IFACE_PARAM
};

static const struct param *param_of(int code)
{
	return code >> 16 == ISCSI_PARAM_TYPE_NET ? &net_params[code & 0xffff] : &iface_params[code & 0xffff];
}

/* Settings whose values depend on each other; the others are sent as they are. */
static const enum field special[] = {
	F_IFACE_STATE, F_IFACE_IPADDRESS, F_IFACE_BOOTPROTO, F_IFACE_SUBNET_MASK, F_IFACE_GATEWAY, F_IFACE_VLAN_ID, F_IFACE_PORT,
	F_IFACE_IPV6_AUTOCFG, F_IFACE_LINKLOCAL_AUTOCFG, F_IFACE_ROUTER_AUTOCFG, F_IFACE_IPV6_LINKLOCAL, F_IFACE_IPV6_ROUTER,
};

static bool is_special(enum field field)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i] == field)
			return true;
	return false;
}

bool hba_is_transport(const char *transport)
{
	const struct transport_row *row = transport_find(transport);

	return row && !(row->flags & (TRANSPORT_SOCKET | TRANSPORT_RDMA));
}

enum iscsi_iface_type hba_family(const struct record *iface)
{
	return strchr(record_text(iface, F_IFACE_IPADDRESS), ':') || strstr(record_text(iface, F_IFACE_ISCSI_IFACENAME), "ipv6") ?
		       ISCSI_IFACE_TYPE_IPV6 : ISCSI_IFACE_TYPE_IPV4;
}

/* Does a record of this family have the setting? */
static bool has_field(enum field field, enum iscsi_iface_type family)
{
	unsigned int other = family == ISCSI_IFACE_TYPE_IPV4 ? FIELD_V6 : FIELD_V4;

	return field_rows[field].kinds & 1u << RECORD_IFACE && !(field_rows[field].flags & other);
}

/* ---- a record to parameters ---- */

struct encoding {
	const struct record *iface;
	struct attributes *attributes;
	enum iscsi_iface_type family;
	enum field bad;		/* the first one that is not usable */
};

static void add(struct encoding *encoding, int code, const void *value, size_t bytes)
{
	struct iscsi_iface_attribute head = {
		.iface_num = (uint32_t)record_number(encoding->iface, F_IFACE_NUM),
		.len = (uint32_t)bytes,
		.param = (uint16_t)code,
		.iface_type = (uint8_t)encoding->family,
		.param_type = (uint8_t)(code >> 16),
	};

	attributes_add_iface(encoding->attributes, &head, value);
}

static void add_number(struct encoding *encoding, int code, uint32_t number)
{
	uint8_t byte = (uint8_t)number;
	uint16_t half = (uint16_t)number;

	if (param_of(code)->wire == U8)
		add(encoding, code, &byte, sizeof(byte));
	else if (param_of(code)->wire == U16)
		add(encoding, code, &half, sizeof(half));
	else
		add(encoding, code, &number, sizeof(number));
}

static void add_address(struct encoding *encoding, int code, enum field field)
{
	uint8_t address[16];
	bool v4 = param_of(code)->wire == ADDR4;

	if (inet_pton(v4 ? AF_INET : AF_INET6, record_text(encoding->iface, field), address) == 1)
		add(encoding, code, address, v4 ? 4 : 16);
	else if (encoding->bad == FIELD_NONE)
		encoding->bad = field;
}

static bool has(const struct record *iface, enum field field, const char *part)
{
	return strstr(record_text(iface, field), part);
}

static bool has_address(const struct record *iface, enum field field)
{
	return !iface_address_is_none(record_text(iface, field));
}

/* enable and disable; other words stand in a record of another tool and are not sent. */
static void add_word(struct encoding *encoding, int code, enum field field)
{
	if (record_is(encoding->iface, field, "enable"))
		add_number(encoding, code, 2);
	else if (record_is(encoding->iface, field, "disable"))
		add_number(encoding, code, 1);
}

static void add_ipv4(struct encoding *encoding)
{
	const struct record *iface = encoding->iface;

	if (has(iface, F_IFACE_BOOTPROTO, "dhcp")) {
		add_number(encoding, NET_PARAM_IPV4_BOOTPROTO, 2);
		return;
	}
	add_number(encoding, NET_PARAM_IPV4_BOOTPROTO, 1);
	add_address(encoding, NET_PARAM_IPV4_ADDR, F_IFACE_IPADDRESS);
	if (has_address(iface, F_IFACE_SUBNET_MASK))
		add_address(encoding, NET_PARAM_IPV4_SUBNET, F_IFACE_SUBNET_MASK);
	if (has_address(iface, F_IFACE_GATEWAY))
		add_address(encoding, NET_PARAM_IPV4_GW, F_IFACE_GATEWAY);
}

/* Link-local address and router: automatic, or by hand. On is 1 and off is 2 here, unlike everywhere else. */
static void add_automatic(struct encoding *encoding, int code, enum field word, int address_code, enum field address)
{
	if (record_is(encoding->iface, word, "auto"))
		add_number(encoding, code, 1);
	else if (*record_text(encoding->iface, word) || has_address(encoding->iface, address))
		add_number(encoding, code, 2);
	if (!record_is(encoding->iface, word, "auto") && has_address(encoding->iface, address))
		add_address(encoding, address_code, address);
}

static bool is_autocfg(const struct record *iface)
{
	return record_is(iface, F_IFACE_IPV6_AUTOCFG, "nd") || record_is(iface, F_IFACE_IPV6_AUTOCFG, "dhcpv6");
}

static void add_ipv6(struct encoding *encoding)
{
	const struct record *iface = encoding->iface;

	if (is_autocfg(iface)) {
		add_number(encoding, NET_PARAM_IPV6_ADDR_AUTOCFG, record_is(iface, F_IFACE_IPV6_AUTOCFG, "nd") ? 2 : 3);
	} else {
		add_number(encoding, NET_PARAM_IPV6_ADDR_AUTOCFG, 1);
		add_address(encoding, NET_PARAM_IPV6_ADDR, F_IFACE_IPADDRESS);
	}
	add_automatic(encoding, NET_PARAM_IPV6_LINKLOCAL_AUTOCFG, F_IFACE_LINKLOCAL_AUTOCFG, NET_PARAM_IPV6_LINKLOCAL,
		      F_IFACE_IPV6_LINKLOCAL);
	add_automatic(encoding, NET_PARAM_IPV6_ROUTER_AUTOCFG, F_IFACE_ROUTER_AUTOCFG, NET_PARAM_IPV6_ROUTER, F_IFACE_IPV6_ROUTER);
}

/* Drivers take number and priority together, as the tag has them, under a parameter of their own. */
static void add_vlan(struct encoding *encoding)
{
	uint32_t tag = (uint32_t)(record_number(encoding->iface, F_IFACE_VLAN_ID) |
				  record_number(encoding->iface, F_IFACE_VLAN_PRIORITY) << 13);

	if (tag)
		add_number(encoding, NET_PARAM_VLAN_TAG, tag);
}

static void add_plain(struct encoding *encoding, enum field field)
{
	const struct record *iface = encoding->iface;
	const char *text;

	if (field_rows[field].type == FIELD_NUM) {
		if (record_number(iface, field))
			add_number(encoding, codes[field], (uint32_t)record_number(iface, field));
		return;
	}
	if (field_rows[field].choices) {
		add_word(encoding, codes[field], field);
		return;
	}
	text = record_text(iface, field);
	if (*text)
		add(encoding, codes[field], text, strlen(text) + 1);
}

/* Is there anything that gives the iface an address? */
static bool is_configured(const struct record *iface, enum iscsi_iface_type family)
{
	if (family == ISCSI_IFACE_TYPE_IPV4)
		return has(iface, F_IFACE_BOOTPROTO, "dhcp") ||
		       (has(iface, F_IFACE_IPADDRESS, ".") && has_address(iface, F_IFACE_IPADDRESS));
	return is_autocfg(iface) || (has(iface, F_IFACE_IPADDRESS, ":") && has_address(iface, F_IFACE_IPADDRESS));
}

static void encode(struct encoding *encoding)
{
	int64_t port = record_number(encoding->iface, F_IFACE_PORT);

	add_word(encoding, NET_PARAM_IFACE_ENABLE, F_IFACE_STATE);
	if (record_is(encoding->iface, F_IFACE_STATE, "disable"))
		return;
	if (encoding->family == ISCSI_IFACE_TYPE_IPV4)
		add_ipv4(encoding);
	else
		add_ipv6(encoding);
	add_vlan(encoding);
	add_number(encoding, NET_PARAM_PORT, port ? (uint32_t)port : ISCSI_PORT);
	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (codes[field] != NOTHING && has_field(field, encoding->family) && !is_special(field))
			add_plain(encoding, field);
}

int hba_encode(const struct record *iface, struct attributes *attributes, enum field *ret_field)
{
	struct encoding encoding = { .iface = iface, .attributes = attributes, .family = hba_family(iface), .bad = FIELD_NONE };

	*ret_field = FIELD_NONE;
	if (!hba_is_transport(record_text(iface, F_IFACE_TRANSPORT_NAME)) ||
	    (!is_configured(iface, encoding.family) && !record_is(iface, F_IFACE_STATE, "disable")))
		return 0;
	encode(&encoding);
	*ret_field = encoding.bad;
	return encoding.bad == FIELD_NONE ? attributes->error : -EINVAL;
}

/* ---- hosts ---- */

int hba_find_host(const char *root, const struct record *iface, struct sysfs_host *ret_host)
{
	const char *hwaddress = record_text(iface, F_IFACE_HWADDRESS);
	struct sysfs_host *hosts;
	size_t count;
	int error;

	if (!*hwaddress)
		return -EINVAL;
	error = sysfs_hosts(root, &hosts, &count);
	if (error)
		return error;
	error = -ENODEV;
	for (size_t i = 0; error && i < count; i++) {
		if (strcasecmp(hosts[i].hwaddress, hwaddress) ||
		    strcmp(hosts[i].transport, record_text(iface, F_IFACE_TRANSPORT_NAME)))
			continue;
		*ret_host = hosts[i];
		error = 0;
	}
	free(hosts);
	return error;
}

/* ---- a record from the card ---- */

/* Drivers write enabled, Enabled or enable, DHCP or dhcp. */
static void normalize_word(const struct field_row *row, char *text)
{
	for (char *at = text; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	for (size_t i = 0; row->choices[i]; i++)
		if (!strncmp(text, row->choices[i], strlen(row->choices[i])))
			text[strlen(row->choices[i])] = '\0';
}

/* What the record cannot take is left out: the card goes on with what it has. */
static void read_field(const char *root, const struct kernel_iface *kernel_iface, enum field field, int code, struct record *iface)
{
	char text[256];

	if (!*param_of(code)->attribute)
		return;
	kernel_iface_read(root, kernel_iface, param_of(code)->attribute, text, sizeof(text));
	if (!*text)
		return;
	if (field_rows[field].choices)
		normalize_word(&field_rows[field], text);
	record_set(iface, field, text, ORIGIN_RECORD);
}

static void read_fields(const char *root, const struct kernel_iface *kernel_iface, struct record *iface)
{
	enum iscsi_iface_type family = kernel_iface->is_v6 ? ISCSI_IFACE_TYPE_IPV6 : ISCSI_IFACE_TYPE_IPV4;

	for (enum field field = 0; field < FIELD_COUNT; field++)
		if (codes[field] != NOTHING && has_field(field, family))
			read_field(root, kernel_iface, field, codes[field], iface);
	read_field(root, kernel_iface, F_IFACE_VLAN_PRIORITY, NET_PARAM_VLAN_PRIORITY, iface);
	record_set_number(iface, F_IFACE_NUM, kernel_iface->number, ORIGIN_RECORD);
}

static void name_of(const struct sysfs_host *host, const struct kernel_iface *kernel_iface, char name[NAME_MAX])
{
	if (kernel_iface)
		snprintf(name, NAME_MAX, "%s.%s.ipv%c.%u", host->transport, host->hwaddress, kernel_iface->is_v6 ? '6' : '4',
			 kernel_iface->number);
	else
		snprintf(name, NAME_MAX, "%s.%s", host->transport, host->hwaddress);
}

int hba_name(const char *root, const struct sysfs_host *host, bool is_v6, char *name, size_t room)
{
	const struct kernel_iface *found = NULL;
	struct kernel_iface *list;
	char text[NAME_MAX];
	size_t count;
	int error = kernel_iface_list(root, host->host_no, &list, &count);

	if (error)
		return error;
	for (size_t i = 0; !found && i < count; i++)
		if (list[i].is_v6 == is_v6)
			found = &list[i];
	if (count && !found)
		found = &list[0];
	name_of(host, found, text);
	free(list);
	snprintf(name, room, "%s", text);
	return 0;
}

/* Ports with entities have a name of their own, and no NIC: "default" is how open-iscsi writes that. */
static int set_port(const struct sysfs_host *host, const struct kernel_iface *kernel_iface, struct record *iface)
{
	char name[NAME_MAX];
	const struct {
		enum field field;
		const char *text;
	} rows[] = {
		{ F_IFACE_ISCSI_IFACENAME, name },
		{ F_IFACE_NET_IFACENAME, kernel_iface && !*host->netdev ? "default" : "" },
		{ F_IFACE_HWADDRESS, host->hwaddress },
		{ F_IFACE_TRANSPORT_NAME, host->transport },
		{ F_IFACE_INITIATORNAME, kernel_iface ? host->initiator_name : "" },
	};
	int error = 0;

	name_of(host, kernel_iface, name);
	for (size_t i = 0; !error && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (*rows[i].text)
			error = record_set(iface, rows[i].field, rows[i].text, ORIGIN_RECORD);
	return error;
}

int hba_read(const char *root, const struct sysfs_host *host, const struct kernel_iface *kernel_iface, struct record *ret_iface)
{
	int error;

	record_init(ret_iface, RECORD_IFACE);
	error = set_port(host, kernel_iface, ret_iface);
	if (!error && kernel_iface)
		read_fields(root, kernel_iface, ret_iface);
	if (error)
		record_done(ret_iface);
	return error;
}

/* ---- files ---- */

struct making {
	const char *root, *dir;
	const struct policy *policy;
	iface_complaint_fn *complain;
	void *data;
};

static int set_policy(const struct policy *policy, struct record *iface)
{
	int error = record_set(iface, F_IFACE_ORIGIN, "auto", ORIGIN_RECORD);

	if (!error && policy && policy->says_bind)
		error = record_set(iface, F_IFACE_BIND, policy_bind_word(policy->bind), ORIGIN_RECORD);
	if (!error && policy && policy->says_fast_fail)
		error = record_set_number(iface, F_IFACE_FAST_FAIL, policy->fast_fail, ORIGIN_RECORD);
	return error;
}

/* Asks first whether there is one: reading a card's settings takes time. */
int hba_make(const char *root, const char *dir, const struct sysfs_host *host, const struct kernel_iface *kernel_iface,
	     const struct policy *policy, struct record *ret_iface)
{
	char name[NAME_MAX], path[PATH_MAX + NAME_MAX];
	int error;

	name_of(host, kernel_iface, name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!access(path, F_OK))
		return -EEXIST;
	error = hba_read(root, host, kernel_iface, ret_iface);
	if (error)
		return error;
	error = set_policy(policy, ret_iface);
	if (!error)
		error = iface_save_new(dir, ret_iface);
	if (error)
		record_done(ret_iface);
	return error;
}

static bool is_worth_telling(int error)
{
	return error != -EEXIST && error != -EACCES && error != -EPERM && error != -EROFS;
}

static int make_one(struct making *making, const struct sysfs_host *host, const struct kernel_iface *kernel_iface)
{
	char name[NAME_MAX], path[PATH_MAX + NAME_MAX];
	struct record iface;
	int error = hba_make(making->root, making->dir, host, kernel_iface, making->policy, &iface);

	if (!error) {
		record_done(&iface);
	} else if (error != -ENOMEM && is_worth_telling(error) && making->complain) {
		name_of(host, kernel_iface, name);
		snprintf(path, sizeof(path), "%s/%s", making->dir, name);
		making->complain(path, error, making->data);
	}
	return error == -ENOMEM ? error : 0;
}

static int make_host(struct making *making, const struct sysfs_host *host)
{
	struct kernel_iface *list;
	size_t count;
	int error;

	if (!hba_is_transport(host->transport) || !*host->hwaddress)
		return 0;
	error = kernel_iface_list(making->root, host->host_no, &list, &count);
	if (!error && !count)
		error = make_one(making, host, NULL);
	for (size_t i = 0; !error && i < count; i++)
		error = make_one(making, host, &list[i]);
	free(list);
	return error;
}

int hba_make_ifaces(const char *root, const char *dir, const struct policy *policy, iface_complaint_fn *complain, void *data)
{
	struct making making = { .root = root, .dir = dir, .policy = policy, .complain = complain, .data = data };
	struct sysfs_host *hosts;
	size_t count;
	int error = sysfs_hosts(root, &hosts, &count);

	for (size_t i = 0; !error && i < count; i++)
		error = make_host(&making, &hosts[i]);
	free(hosts);
	return error;
}

/* ---- modules ---- */

static const struct {
	const char *driver, *transport;
} nic_drivers[] = {
	{ "cxgb3", "cxgb3i" }, { "cxgb4", "cxgb4i" }, { "bnx2", "bnx2i" }, { "bnx2x", "bnx2i" }, { "qede", "qedi" },
};

static void load_for(const char *root, const char *nic)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *driver;
	ssize_t bytes;

	snprintf(path, sizeof(path), "%s/class/net/%s/device/driver", root, nic);
	bytes = readlink(path, target, sizeof(target) - 1);
	if (bytes < 0)
		return;
	target[bytes] = '\0';
	driver = strrchr(target, '/');
	driver = driver ? driver + 1 : target;
	for (size_t i = 0; i < sizeof(nic_drivers) / sizeof(nic_drivers[0]); i++) {
		const struct transport_row *row = transport_find(nic_drivers[i].transport);

		if (!strcmp(nic_drivers[i].driver, driver) && row && (!(row->flags & TRANSPORT_NICD) || !access(ISCSIUIO_PID, F_OK)))
			(void)transport_load(root, row->name);
	}
}

void hba_load_transports(const char *root)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *stream;

	snprintf(path, sizeof(path), "%s/class/net", root);
	stream = opendir(path);
	while (stream && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			load_for(root, entry->d_name);
	if (stream)
		closedir(stream);
}
