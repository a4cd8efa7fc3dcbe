/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m iface -C ping`: pings by the firmware of the iface's adapter. The kernel is asked for each, and tells by an event how
 * it ended. Software ifaces have the system's ping(8); cards that iscsiuio does the addresses of are refused, because only it could.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "adm/adapter.h"
#include "adm/emit.h"
#include "adm/print.h"
#include "iface/hba.h"
#include "transport/user/transport.h"

#define PING_WAIT_MS 15000	/* the card's own limit is shorter */

/* How a ping can end, by enum iscsi_ping_status. */
static const struct {
	enum iscsi_err err;
	const char *sentence;
} endings[] = {
	[ISCSI_PING_OK] = { ISCSI_ERR_SUCCESS, "completed" },
	[ISCSI_PING_FW_DISABLED] = { ISCSI_ERR_OP_NOT_SUPP, "the firmware does not ping" },
	[ISCSI_PING_BAD_ADDRESS] = { ISCSI_ERR_INVAL, "invalid IP address" },
	[ISCSI_PING_BAD_LINK_LOCAL] = { ISCSI_ERR_INVAL, "invalid link-local address" },
	[ISCSI_PING_TIMEOUT] = { ISCSI_ERR_TRANS_TIMEOUT, "timed out" },
	[ISCSI_PING_BAD_DESTINATION] = { ISCSI_ERR_TRANS, "invalid destination address" },
	[ISCSI_PING_OVERSIZE] = { ISCSI_ERR_INVAL, "oversized packet" },
	[ISCSI_PING_ICMP_ERROR] = { ISCSI_ERR_TRANS, "ICMP error" },
	[ISCSI_PING_MAX_REQUESTS] = { ISCSI_ERR_AGAIN, "the firmware has too many pings under way" },
	[ISCSI_PING_NO_ARP] = { ISCSI_ERR_TRANS, "no ARP response" },
};

/* One command's pings: to where, through what, and the first failure. */
struct pinging {
	const struct args *args;
	const struct record *iface;
	struct adapter adapter;
	struct sockaddr_storage address;
	socklen_t address_bytes;
	enum iscsi_err first;
};

static void say(struct pinging *pinging, long number, enum iscsi_err err, const char *sentence)
{
	adm_keep_first(&pinging->first, err);
	if (emit_wanted()) {
		struct json_object *object = emit_new("ping");

		emit_number(object, "number", number);
		emit_text(object, "iface", record_text(pinging->iface, F_IFACE_ISCSI_IFACENAME));
		emit_text(object, "address", pinging->args->text[OPTION_IP]);
		emit_error(object, err, err == ISCSI_ERR_SUCCESS ? NULL : sentence);
		emit(object);
		emit_flush();
	} else if (err == ISCSI_ERR_SUCCESS) {
		print_line("Ping %ld completed", number);
	} else {
		print_line("Ping %ld failed: %s", number, sentence);
	}
	print_flush();
}

static void ping_once(struct pinging *pinging, long number)
{
	struct adapter *adapter = &pinging->adapter;
	int error;

	adapter->ping_pid = (uint32_t)getpid() << 8 ^ (uint32_t)number;
	adapter->ping_status = -1;
	error = request_ping(adapter->nl, adapter->handle, adapter->host.host_no, (uint32_t)record_number(pinging->iface, F_IFACE_NUM),
			     hba_family(pinging->iface), (uint32_t)pinging->args->number[OPTION_PACKETSIZE], adapter->ping_pid,
			     (const struct sockaddr *)&pinging->address, pinging->address_bytes);
	if (!error)
		error = adapter_wait_ping(adapter, PING_WAIT_MS);
	if (error == -ENOSYS)
		say(pinging, number, ISCSI_ERR_OP_NOT_SUPP, iscsi_err_text(ISCSI_ERR_OP_NOT_SUPP));
	else if (error == -ETIMEDOUT)
		say(pinging, number, ISCSI_ERR_TRANS_TIMEOUT, "the adapter does not say how it ended");
	else if (error)
		say(pinging, number, iscsi_err_from_errno(error), strerror(-error));
	else if (adapter->ping_status < (int)(sizeof(endings) / sizeof(endings[0])))
		say(pinging, number, endings[adapter->ping_status].err, endings[adapter->ping_status].sentence);
	else
		say(pinging, number, ISCSI_ERR_TRANS, "unknown status");
}

static void ping_all(struct pinging *pinging)
{
	long count = pinging->args->number[OPTION_PINGS];

	for (long number = 1; number <= count; number++) {
		ping_once(pinging, number);
		if (number < count && pinging->args->number[OPTION_INTERVAL])
			sleep((unsigned int)pinging->args->number[OPTION_INTERVAL]);
	}
}

static enum iscsi_err find_address(struct pinging *pinging)
{
	struct addrinfo hints = { .ai_family = hba_family(pinging->iface) == ISCSI_IFACE_TYPE_IPV6 ? AF_INET6 : AF_INET };
	const char *name = pinging->args->text[OPTION_IP];
	struct addrinfo *found;
	int failure = getaddrinfo(name, NULL, &hints, &found);

	if (failure) {
		print_problem("%s is no address that iface %s can ping: %s", name, record_text(pinging->iface, F_IFACE_ISCSI_IFACENAME),
			    gai_strerror(failure));
		return ISCSI_ERR_INVAL;
	}
	memcpy(&pinging->address, found->ai_addr, found->ai_addrlen);
	pinging->address_bytes = found->ai_addrlen;
	freeaddrinfo(found);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err find_host(struct pinging *pinging, struct sysfs_host *ret_host)
{
	const char *name = record_text(pinging->iface, F_IFACE_ISCSI_IFACENAME);
	int error = hba_find_host(pinging->adapter.adm->sysfs, pinging->iface, ret_host);

	if (!error)
		return ISCSI_ERR_SUCCESS;
	if (error == -EINVAL)
		print_problem("iface %s has no iface.hwaddress: it does not say which adapter to ping with", name);
	else
		print_problem("the adapter of iface %s (%s, %s) is not there", name, record_text(pinging->iface, F_IFACE_TRANSPORT_NAME),
			    record_text(pinging->iface, F_IFACE_HWADDRESS));
	return ISCSI_ERR_INVAL;
}

static enum iscsi_err ping_by_card(struct pinging *pinging)
{
	struct adm *adm = pinging->adapter.adm;
	struct sysfs_host host;
	enum iscsi_err err = find_address(pinging);

	if (err == ISCSI_ERR_SUCCESS)
		err = find_host(pinging, &host);
	if (err == ISCSI_ERR_SUCCESS)
		err = adapter_open(adm, &host, &pinging->adapter);
	if (err != ISCSI_ERR_SUCCESS)
		return err;
	ping_all(pinging);
	adapter_close(&pinging->adapter);
	return pinging->first;
}

enum iscsi_err iface_ping_run(struct adm *adm, const struct record *iface)
{
	const struct transport_row *row = transport_find(record_text(iface, F_IFACE_TRANSPORT_NAME));
	struct pinging pinging = { .args = adm->args, .iface = iface, .adapter = { .adm = adm }, .first = ISCSI_ERR_SUCCESS };

	if (row && row->flags & TRANSPORT_NICD)
		print_problem("pings through %s need iscsiuio, which this version does not talk to", row->name);
	else if (row && hba_is_transport(row->name))
		return ping_by_card(&pinging);
	for (long number = 1; number <= adm->args->number[OPTION_PINGS]; number++)
		say(&pinging, number, ISCSI_ERR_OP_NOT_SUPP, iscsi_err_text(ISCSI_ERR_OP_NOT_SUPP));
	return pinging.first;
}
