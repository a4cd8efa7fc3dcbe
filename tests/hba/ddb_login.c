/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Device database entries by the rows of isp4xxx_fields.def: which field means which key of a login, and back. Called by the sessions.
 */
#include "tests/hba/ddb_login.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "transport/abi/isp4xxx.h"

#define UNIT 512 /* of lengths */

static const uint8_t *bytes_at(enum isp4xxx_row field, const uint8_t *ddb)
{
	return isp4xxx_at(field, (uint8_t *)ddb);
}

bool ddb_is_valid(const uint8_t *ddb)
{
	return isp4xxx_get(ISP4XXX_DDB_COOKIE, ddb) == ISP_DDB_COOKIE;
}

bool ddb_is_ipv6(const uint8_t *ddb)
{
	return isp4xxx_get(ISP4XXX_DDB_IS_IPV6, ddb);
}

void ddb_name(const uint8_t *ddb, char ret_name[DDB_NAME_MAX + 1])
{
	const uint8_t *name = bytes_at(ISP4XXX_DDB_NAME, ddb);
	size_t length = strnlen((const char *)name, DDB_NAME_MAX);

	memcpy(ret_name, name, length);
	ret_name[length] = 0;
}

void ddb_isid(const uint8_t *ddb, uint8_t ret_isid[6])
{
	const uint8_t *isid = bytes_at(ISP4XXX_DDB_ISID, ddb);
	unsigned int i;

	for (i = 0; i < 6; i++)
		ret_isid[i] = isid[5 - i];
}

bool ddb_local_address(const uint8_t *ddb, uint8_t ret_address[16])
{
	static const uint8_t none[16];

	memcpy(ret_address, bytes_at(ISP4XXX_DDB_LOCAL_ADDRESS, ddb), 16);
	return ddb_is_ipv6(ddb) && memcmp(ret_address, none, 16) != 0;
}

bool ddb_finds_targets(const uint8_t *ddb)
{
	return !*bytes_at(ISP4XXX_DDB_NAME, ddb) && !isp4xxx_get(ISP4XXX_DDB_NO_SENDTARGETS, ddb);
}

static int ipv4_peer(const uint8_t *ddb, struct sockaddr_storage *ret_peer, socklen_t *ret_length)
{
	struct sockaddr_in *peer = (struct sockaddr_in *)ret_peer;

	peer->sin_family = AF_INET;
	peer->sin_port = htons(isp4xxx_get(ISP4XXX_DDB_PORT, ddb));
	memcpy(&peer->sin_addr, bytes_at(ISP4XXX_DDB_ADDRESS, ddb), sizeof(peer->sin_addr));
	*ret_length = sizeof(*peer);
	return peer->sin_port && peer->sin_addr.s_addr ? 0 : -EINVAL;
}

static int ipv6_peer(const uint8_t *ddb, struct sockaddr_storage *ret_peer, socklen_t *ret_length)
{
	struct sockaddr_in6 *peer = (struct sockaddr_in6 *)ret_peer;

	peer->sin6_family = AF_INET6;
	peer->sin6_port = htons(isp4xxx_get(ISP4XXX_DDB_PORT, ddb));
	memcpy(&peer->sin6_addr, bytes_at(ISP4XXX_DDB_ADDRESS, ddb), sizeof(peer->sin6_addr));
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
	ret_portal->port = isp4xxx_get(ISP4XXX_DDB_PORT, ddb);
	ret_portal->tpgt = PORTAL_TPGT_NONE;
	inet_ntop(family, bytes_at(ISP4XXX_DDB_ADDRESS, ddb), ret_portal->address, sizeof(ret_portal->address));
	return ret_portal->port ? 0 : -EINVAL;
}

/* A number of the entry, in the login's units, replaces the default unless it is 0. */
static void offer_number(const uint8_t *ddb, enum isp4xxx_row field, unsigned int unit, uint32_t *number)
{
	uint64_t value = isp4xxx_get(field, ddb);

	if (value)
		*number = value * unit;
}

void ddb_offer(const uint8_t *ddb, struct login_offer *offer)
{
	if (isp4xxx_get(ISP4XXX_DDB_HEADER_DIGEST, ddb))
		offer->header_digest = DIGEST_OFFER_CRC32C_NONE;
	if (isp4xxx_get(ISP4XXX_DDB_DATA_DIGEST, ddb))
		offer->data_digest = DIGEST_OFFER_CRC32C_NONE;
	offer->initial_r2t = isp4xxx_get(ISP4XXX_DDB_INITIAL_R2T, ddb);
	offer->immediate_data = isp4xxx_get(ISP4XXX_DDB_IMMEDIATE_DATA, ddb);
	offer_number(ddb, ISP4XXX_DDB_MAX_RECV_SEGMENT, UNIT, &offer->max_recv_data_segment_length);
	offer_number(ddb, ISP4XXX_DDB_FIRST_BURST, UNIT, &offer->first_burst_length);
	offer_number(ddb, ISP4XXX_DDB_MAX_BURST, UNIT, &offer->max_burst_length);
	offer_number(ddb, ISP4XXX_DDB_MAX_R2T, 1, &offer->max_outstanding_r2t);
	offer->default_time2wait = isp4xxx_get(ISP4XXX_DDB_TIME2WAIT, ddb);
	offer->default_time2retain = isp4xxx_get(ISP4XXX_DDB_TIME2RETAIN, ddb);
	offer->error_recovery_level = 0;
}

unsigned int ddb_task_timeout_ms(const uint8_t *ddb)
{
	return 1000u * isp4xxx_get(ISP4XXX_DDB_DEFAULT_TIMEOUT, ddb);
}

static void set_length(uint8_t *ddb, enum isp4xxx_row field, uint32_t bytes)
{
	isp4xxx_set(field, ddb, bytes / UNIT > UINT16_MAX ? UINT16_MAX : bytes / UNIT);
}

static void set_local(uint8_t *ddb, const struct sockaddr_storage *local)
{
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)local;
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)local;

	if (local->ss_family == AF_INET6) {
		memcpy(isp4xxx_at(ISP4XXX_DDB_LOCAL_ADDRESS, ddb), &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
		isp4xxx_set(ISP4XXX_DDB_LINK_LOCAL, ddb, 0); /* from here on: there is none */
		isp4xxx_set(ISP4XXX_DDB_LOCAL_PORT, ddb, ntohs(ipv6->sin6_port));
	} else {
		isp4xxx_set(ISP4XXX_DDB_LOCAL_PORT, ddb, ntohs(ipv4->sin_port));
	}
}

void ddb_negotiated(uint8_t *ddb, const struct login_outcome *login, const struct sockaddr_storage *local)
{
	const struct negotiated *agreed = &login->negotiated;

	isp4xxx_set(ISP4XXX_DDB_HEADER_DIGEST, ddb, agreed->header_digest);
	isp4xxx_set(ISP4XXX_DDB_DATA_DIGEST, ddb, agreed->data_digest);
	isp4xxx_set(ISP4XXX_DDB_INITIAL_R2T, ddb, agreed->initial_r2t);
	isp4xxx_set(ISP4XXX_DDB_IMMEDIATE_DATA, ddb, agreed->immediate_data);
	set_length(ddb, ISP4XXX_DDB_MAX_SEND_SEGMENT, agreed->max_xmit_data_segment_length);
	set_length(ddb, ISP4XXX_DDB_FIRST_BURST, agreed->first_burst_length);
	set_length(ddb, ISP4XXX_DDB_MAX_BURST, agreed->max_burst_length);
	isp4xxx_set(ISP4XXX_DDB_MAX_R2T, ddb, agreed->max_outstanding_r2t);
	isp4xxx_set(ISP4XXX_DDB_TIME2WAIT, ddb, agreed->default_time2wait);
	isp4xxx_set(ISP4XXX_DDB_TIME2RETAIN, ddb, agreed->default_time2retain);
	isp4xxx_set(ISP4XXX_DDB_TSIH, ddb, login->tsih);
	if (agreed->target_portal_group_tag >= 0)
		isp4xxx_set(ISP4XXX_DDB_PORTAL_GROUP, ddb, agreed->target_portal_group_tag);
	isp4xxx_set(ISP4XXX_DDB_STATSN, ddb, login->statsn);
	isp4xxx_set(ISP4XXX_DDB_EXP_STATSN, ddb, login->statsn + 1);
	set_local(ddb, local);
}

static int set_portal(uint8_t *ddb, const struct portal *portal)
{
	struct sockaddr_storage address;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address;
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
	uint8_t *place = isp4xxx_at(ISP4XXX_DDB_ADDRESS, ddb);
	socklen_t length;

	if (portal_sockaddr(portal, &address, &length) < 0)
		return -EINVAL;
	memset(place, 0, isp4xxx_rows[ISP4XXX_DDB_ADDRESS].width);
	isp4xxx_set(ISP4XXX_DDB_IS_IPV6, ddb, address.ss_family == AF_INET6);
	if (address.ss_family == AF_INET6)
		memcpy(place, &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
	else
		memcpy(place, &ipv4->sin_addr, sizeof(ipv4->sin_addr));
	isp4xxx_set(ISP4XXX_DDB_PORT, ddb, portal->port);
	if (portal->tpgt != PORTAL_TPGT_NONE)
		isp4xxx_set(ISP4XXX_DDB_PORTAL_GROUP, ddb, portal->tpgt);
	return 0;
}

int ddb_found(uint8_t *ddb, const uint8_t *parent, unsigned int link, const char *name, const struct portal *portal)
{
	size_t length = strlen(name);

	if (!length || length >= DDB_NAME_MAX)
		return -EINVAL;
	memcpy(ddb, parent, ISP_DDB_SIZE);
	memset(isp4xxx_at(ISP4XXX_DDB_NAME, ddb), 0, isp4xxx_rows[ISP4XXX_DDB_NAME].width);
	memcpy(isp4xxx_at(ISP4XXX_DDB_NAME, ddb), name, length);
	isp4xxx_set(ISP4XXX_DDB_IS_DISCOVERY, ddb, 0);
	isp4xxx_set(ISP4XXX_DDB_LINK, ddb, link);
	isp4xxx_set(ISP4XXX_DDB_TSIH, ddb, 0);
	isp4xxx_set(ISP4XXX_DDB_LOCAL_PORT, ddb, 0);
	return set_portal(ddb, portal);
}
