/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Device database entries by the rows of isp4xxx_fields.def: which field means which key of a login, and back. Called by the sessions.
 */
#include "tests/hba/ddb_login.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "tests/hba/fields.h"
#include "transport/abi/isp4xxx.h"

#define UNIT 512 /* of lengths */

static const uint8_t *bytes_at(enum field field, const uint8_t *ddb)
{
	return field_at(field, (uint8_t *)ddb);
}

bool ddb_is_valid(const uint8_t *ddb)
{
	return field_get(FIELD_DDB_COOKIE, ddb) == ISP_DDB_COOKIE;
}

bool ddb_is_ipv6(const uint8_t *ddb)
{
	return field_get(FIELD_DDB_IS_IPV6, ddb);
}

void ddb_name(const uint8_t *ddb, char ret_name[DDB_NAME_MAX + 1])
{
	const uint8_t *name = bytes_at(FIELD_DDB_NAME, ddb);
	size_t length = strnlen((const char *)name, DDB_NAME_MAX);

	memcpy(ret_name, name, length);
	ret_name[length] = 0;
}

void ddb_isid(const uint8_t *ddb, uint8_t ret_isid[6])
{
	const uint8_t *isid = bytes_at(FIELD_DDB_ISID, ddb);
	unsigned int i;

	for (i = 0; i < 6; i++)
		ret_isid[i] = isid[5 - i];
}

bool ddb_finds_targets(const uint8_t *ddb)
{
	return !*bytes_at(FIELD_DDB_NAME, ddb) && !field_get(FIELD_DDB_NO_SENDTARGETS, ddb);
}

static int ipv4_peer(const uint8_t *ddb, struct sockaddr_storage *ret_peer, socklen_t *ret_length)
{
	struct sockaddr_in *peer = (struct sockaddr_in *)ret_peer;

	peer->sin_family = AF_INET;
	peer->sin_port = htons(field_get(FIELD_DDB_PORT, ddb));
	memcpy(&peer->sin_addr, bytes_at(FIELD_DDB_ADDRESS, ddb), sizeof(peer->sin_addr));
	*ret_length = sizeof(*peer);
	return peer->sin_port && peer->sin_addr.s_addr ? 0 : -EINVAL;
}

static int ipv6_peer(const uint8_t *ddb, struct sockaddr_storage *ret_peer, socklen_t *ret_length)
{
	struct sockaddr_in6 *peer = (struct sockaddr_in6 *)ret_peer;

	peer->sin6_family = AF_INET6;
	peer->sin6_port = htons(field_get(FIELD_DDB_PORT, ddb));
	memcpy(&peer->sin6_addr, bytes_at(FIELD_DDB_ADDRESS, ddb), sizeof(peer->sin6_addr));
	*ret_length = sizeof(*peer);
	return peer->sin6_port && !IN6_IS_ADDR_UNSPECIFIED(&peer->sin6_addr) ? 0 : -EINVAL;
}

int ddb_peer(const uint8_t *ddb, struct sockaddr_storage *ret_peer, socklen_t *ret_length)
{
	memset(ret_peer, 0, sizeof(*ret_peer));
	return ddb_is_ipv6(ddb) ? ipv6_peer(ddb, ret_peer, ret_length) : ipv4_peer(ddb, ret_peer, ret_length);
}

int ddb_portal(const uint8_t *ddb, struct portal *ret_portal)
{
	int family = ddb_is_ipv6(ddb) ? AF_INET6 : AF_INET;

	memset(ret_portal, 0, sizeof(*ret_portal));
	ret_portal->port = field_get(FIELD_DDB_PORT, ddb);
	ret_portal->tpgt = PORTAL_TPGT_NONE;
	inet_ntop(family, bytes_at(FIELD_DDB_ADDRESS, ddb), ret_portal->address, sizeof(ret_portal->address));
	return ret_portal->port ? 0 : -EINVAL;
}

/* A number of the entry, in the login's units, replaces the default unless it is 0. */
static void offer_number(const uint8_t *ddb, enum field field, unsigned int unit, uint32_t *number)
{
	uint64_t value = field_get(field, ddb);

	if (value)
		*number = value * unit;
}

void ddb_offer(const uint8_t *ddb, struct login_offer *offer)
{
	if (field_get(FIELD_DDB_HEADER_DIGEST, ddb))
		offer->header_digest = DIGEST_OFFER_CRC32C_NONE;
	if (field_get(FIELD_DDB_DATA_DIGEST, ddb))
		offer->data_digest = DIGEST_OFFER_CRC32C_NONE;
	offer->initial_r2t = field_get(FIELD_DDB_INITIAL_R2T, ddb);
	offer->immediate_data = field_get(FIELD_DDB_IMMEDIATE_DATA, ddb);
	offer_number(ddb, FIELD_DDB_MAX_RECV_SEGMENT, UNIT, &offer->max_recv_data_segment_length);
	offer_number(ddb, FIELD_DDB_FIRST_BURST, UNIT, &offer->first_burst_length);
	offer_number(ddb, FIELD_DDB_MAX_BURST, UNIT, &offer->max_burst_length);
	offer_number(ddb, FIELD_DDB_MAX_R2T, 1, &offer->max_outstanding_r2t);
	offer->default_time2wait = field_get(FIELD_DDB_TIME2WAIT, ddb);
	offer->default_time2retain = field_get(FIELD_DDB_TIME2RETAIN, ddb);
	offer->error_recovery_level = 0;
}

unsigned int ddb_task_timeout_ms(const uint8_t *ddb)
{
	return 1000u * field_get(FIELD_DDB_DEFAULT_TIMEOUT, ddb);
}

static void set_length(uint8_t *ddb, enum field field, uint32_t bytes)
{
	field_set(field, ddb, bytes / UNIT > UINT16_MAX ? UINT16_MAX : bytes / UNIT);
}

static void set_local(uint8_t *ddb, const struct sockaddr_storage *local)
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)local;
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)local;

	if (local->ss_family == AF_INET6) {
		memcpy(field_at(FIELD_DDB_LOCAL_ADDRESS, ddb), &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
		field_set(FIELD_DDB_LOCAL_PORT, ddb, ntohs(ipv6->sin6_port));
	} else {
		field_set(FIELD_DDB_LOCAL_PORT, ddb, ntohs(ipv4->sin_port));
	}
}

void ddb_negotiated(uint8_t *ddb, const struct login_outcome *login, const struct sockaddr_storage *local)
{
	const struct negotiated *agreed = &login->negotiated;

	field_set(FIELD_DDB_HEADER_DIGEST, ddb, agreed->header_digest);
	field_set(FIELD_DDB_DATA_DIGEST, ddb, agreed->data_digest);
	field_set(FIELD_DDB_INITIAL_R2T, ddb, agreed->initial_r2t);
	field_set(FIELD_DDB_IMMEDIATE_DATA, ddb, agreed->immediate_data);
	set_length(ddb, FIELD_DDB_MAX_SEND_SEGMENT, agreed->max_xmit_data_segment_length);
	set_length(ddb, FIELD_DDB_FIRST_BURST, agreed->first_burst_length);
	set_length(ddb, FIELD_DDB_MAX_BURST, agreed->max_burst_length);
	field_set(FIELD_DDB_MAX_R2T, ddb, agreed->max_outstanding_r2t);
	field_set(FIELD_DDB_TIME2WAIT, ddb, agreed->default_time2wait);
	field_set(FIELD_DDB_TIME2RETAIN, ddb, agreed->default_time2retain);
	field_set(FIELD_DDB_TSIH, ddb, login->tsih);
	if (agreed->target_portal_group_tag >= 0)
		field_set(FIELD_DDB_PORTAL_GROUP, ddb, agreed->target_portal_group_tag);
	field_set(FIELD_DDB_STATSN, ddb, login->statsn);
	field_set(FIELD_DDB_EXP_STATSN, ddb, login->statsn + 1);
	set_local(ddb, local);
}

static int set_portal(uint8_t *ddb, const struct portal *portal)
{
	struct sockaddr_storage address;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
	uint8_t *place = field_at(FIELD_DDB_ADDRESS, ddb);
	socklen_t length;

	if (portal_sockaddr(portal, &address, &length) < 0)
		return -EINVAL;
	memset(place, 0, field_width(FIELD_DDB_ADDRESS));
	field_set(FIELD_DDB_IS_IPV6, ddb, address.ss_family == AF_INET6);
	if (address.ss_family == AF_INET6)
		memcpy(place, &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
	else
		memcpy(place, &ipv4->sin_addr, sizeof(ipv4->sin_addr));
	field_set(FIELD_DDB_PORT, ddb, portal->port);
	if (portal->tpgt != PORTAL_TPGT_NONE)
		field_set(FIELD_DDB_PORTAL_GROUP, ddb, portal->tpgt);
	return 0;
}

int ddb_found(uint8_t *ddb, const uint8_t *parent, unsigned int link, const char *name, const struct portal *portal)
{
	size_t length = strlen(name);

	if (!length || length >= DDB_NAME_MAX)
		return -EINVAL;
	memcpy(ddb, parent, ISP_DDB_SIZE);
	memset(field_at(FIELD_DDB_NAME, ddb), 0, field_width(FIELD_DDB_NAME));
	memcpy(field_at(FIELD_DDB_NAME, ddb), name, length);
	field_set(FIELD_DDB_IS_DISCOVERY, ddb, 0);
	field_set(FIELD_DDB_LINK, ddb, link);
	field_set(FIELD_DDB_TSIH, ddb, 0);
	field_set(FIELD_DDB_LOCAL_PORT, ddb, 0);
	return set_portal(ddb, portal);
}
