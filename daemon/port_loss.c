/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which sessions are on a port, and what is done with them when it is lost or back. Failing I/O now is recovery.c's loss of a
 * connection with the kernel's recovery timeout shortened before (fast_fail.c); parking and kicking is recovery.c's, too. Called by
 * whoever watches ports and by events.c. Opens nothing on a disk: the root disk may be behind that port.
 */
#include "daemon/port_loss.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/attempt.h"
#include "daemon/daemon.h"
#include "daemon/fast_fail.h"
#include "daemon/recovery.h"
#include "daemon/start.h"
#include "iface/iface.h"
#include "iface/policy.h"
#include "iface/port.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

/* ---- which sessions ---- */

static bool is_value(const char *text)
{
	return *text && strcmp(text, "default") != 0;
}

static bool is_mac_of(const struct port *port, const char *mac)
{
	return is_value(mac) && (!strcasecmp(mac, port->hwaddress) || !strcasecmp(mac, port->permanent));
}

/* By its record alone. */
static bool is_bound_to(const struct session *session, const struct port *port)
{
	const char *netdev = record_text(&session->node, F_IFACE_NET_IFACENAME);

	if (is_value(netdev))
		return !strcmp(netdev, port->netdev);
	return is_mac_of(port, record_text(&session->node, F_IFACE_HWADDRESS));
}

static bool is_on_adapter(const struct session *session, const struct port *port)
{
	sa_family_t family = attempt_address(session)->ss_family;

	if (!session->transport || !transport_is_adapter(session->transport) || session->host_no != (int)port->host_no)
		return false;
	return !port->has_entity || family == AF_UNSPEC || port->is_v6 == (family == AF_INET6);
}

/* VLANs and the ports of a bond share an address: where it was last is known better. Drivers with endpoints that are no adapters
 * (iSER) leave from wherever the network says. */
static bool is_on(const struct session *session, const struct port *port)
{
	if (port->kind == PORT_HBA)
		return is_on_adapter(session, port);
	if (session_has_endpoint(session))
		return false;
	return session->netdev[0] ? !strcmp(session->netdev, port->netdev) : is_bound_to(session, port);
}

/* A link-local address leads to nobody but its neighbours by such addresses. */
static bool is_fit(const struct port_address *address, const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)peer;

	if (!address->is_usable || (peer->ss_family != AF_UNSPEC && address->family != peer->ss_family))
		return false;
	return peer->ss_family != AF_INET6 || !address->is_link_local || IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr);
}

static bool has_fit_address(const struct session *session, const struct port *port)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (is_fit(&port->addresses[i], attempt_address(session)))
			return true;
	return port->kind == PORT_HBA;
}

/* Would its next attempt leave from there? The NIC may have another name than before. */
static bool leads_to(const struct session *session, const struct port *port)
{
	struct iface_binding binding;

	if (port->kind == PORT_HBA)
		return is_on_adapter(session, port);
	return !session_has_endpoint(session) && is_bound_to(session, port) && has_fit_address(session, port) &&
	       iface_bind(&session->node, attempt_address(session)->ss_family, &binding) == 0 &&
	       !strcmp(binding.netdev, port->netdev);
}

bool port_loss_is_lost(const struct daemon *daemon, const struct session *session)
{
	return session->is_port_lost;
}

/* ---- one session ---- */

static bool has_connection(const struct session *session)
{
	return session->conn.state == CONN_LOGGED_IN || session->conn.state == CONN_LOGOUT_REQUESTED ||
	       session->conn.state == CONN_IN_LOGOUT;
}

static void lose_connected(struct session *session)
{
	if (!fast_fail_wanted(session))
		return;
	fast_fail_begin(session);
	if (!session_is_firmware(session))
		conn_event(&session->conn, CONN_EVENT_LOST);
}

static void lose(struct session *session, const char *cause)
{
	session_log(session, LOG_LEVEL_DEBUG, "its port is lost: %s", cause);
	session->is_port_lost = session->sid >= 0;
	if (has_connection(session))
		lose_connected(session);
	else if (session->state == SESSION_FAILED && !session->is_leaving)
		recovery_park(session);
	else if (session->state == SESSION_FREE)
		start_port_lost(session, cause);
}

static void regain(struct session *session, const char *cause)
{
	session_log(session, LOG_LEVEL_DEBUG, "its port is back: %s", cause);
	if (session->state == SESSION_FAILED && !session->is_leaving)
		recovery_kick(session);
	else if (session->state == SESSION_FREE)
		start_kick(session);
	session->is_port_lost = false;
	/* It waits for no NIC any more. */
	session_fail(session, ISCSI_ERR_TRANS, "its port was lost");
	fast_fail_end(session);
}

/* Another address of the NIC may do. */
static void lose_address(struct session *session, const char *cause)
{
	session_log(session, LOG_LEVEL_WARNING, "connection lost (%s, its own address is gone): logging in again", cause);
	conn_event(&session->conn, CONN_EVENT_LOST);
}

/* ---- all of them ---- */

typedef bool choose_fn(const struct session *session, const struct port *port);
typedef void change_fn(struct session *session, const char *cause);

/* Asking may cost system calls: once for each. */
static unsigned int choose_all(const struct daemon *daemon, const struct port *port, choose_fn *choose)
{
	struct session *session;
	unsigned int count = 0;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	{
		session->is_chosen = choose(session, port);
		count += session->is_chosen;
	}
	return count;
}

static void change_chosen(struct daemon *daemon, change_fn *change, const char *cause)
{
	struct session *session = TAILQ_FIRST(&daemon->sessions), *next;

	for (; session; session = next) {
		session_ref(session);
		if (session->is_chosen)
			change(session, cause);
		/* Its own link still tells where a session was that is out of the list. */
		next = TAILQ_NEXT(session, entry);
		session_unref(session);
	}
}

static void change_all(struct daemon *daemon, const struct port *port, choose_fn *choose, change_fn *change, const char *cause,
		       const char *what)
{
	unsigned int count = choose_all(daemon, port, choose);
	char text[160];

	if (!count)
		return;
	port_describe(port, text, sizeof(text));
	log_line(change == lose ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "%s: %s: %u session%s %s", text, cause, count,
		 count == 1 ? "" : "s", what);
	change_chosen(daemon, change, cause);
}

static bool is_to_lose(const struct session *session, const struct port *port)
{
	return !session->is_port_lost && is_on(session, port);
}

static bool is_without_address(const struct session *session, const struct port *port)
{
	return is_to_lose(session, port) && !has_fit_address(session, port);
}

/* It leaves from wherever the network says, which so far says that there is no way. */
static bool is_stranded(const struct session *session, const struct port *port)
{
	return port->kind == PORT_NIC && session->state == SESSION_FAILED && session->is_unreachable &&
	       !session_has_endpoint(session) && !is_value(record_text(&session->node, F_IFACE_NET_IFACENAME)) &&
	       !is_value(record_text(&session->node, F_IFACE_HWADDRESS)) && has_fit_address(session, port);
}

/* Whoever finds no NIC to leave from waits for one, said or not. */
static bool is_to_regain(const struct session *session, const struct port *port)
{
	bool is_waiting = session->state != SESSION_LOGGED_IN && session->failure.err == ISCSI_ERR_AGAIN;

	return ((session->is_port_lost || is_waiting) && leads_to(session, port)) || is_stranded(session, port);
}

void port_loss_lost(struct daemon *daemon, const struct port *port, const char *cause)
{
	change_all(daemon, port, is_to_lose, lose, cause, "lost with it");
}

void port_loss_returned(struct daemon *daemon, const struct port *port, const char *cause)
{
	change_all(daemon, port, is_to_regain, regain, cause, "logging in again");
}

/* ---- addresses ---- */

static bool has_address(const struct port *port, sa_family_t family, const uint8_t *bytes)
{
	for (size_t i = 0; i < port->address_count; i++)
		if (port->addresses[i].is_usable && port->addresses[i].family == family &&
		    !memcmp(port->addresses[i].bytes, bytes, family == AF_INET ? 4 : 16))
			return true;
	return false;
}

/* The host of a software session is its own, and says where its connection leaves from. */
static bool has_lost_address(const struct session *session, const struct port *before, const struct port *now)
{
	sa_family_t family = attempt_address(session)->ss_family;
	char path[64], text[64];
	uint8_t bytes[16];

	if (!is_to_lose(session, now) || !has_connection(session) || session_has_endpoint(session) || !fast_fail_wanted(session))
		return false;
	snprintf(path, sizeof(path), "class/iscsi_host/host%d/ipaddress", session->host_no);
	return sysfs_read(session->daemon->sysfs, path, text, sizeof(text)) > 0 && inet_pton(family, text, bytes) == 1 &&
	       has_address(before, family, bytes) && !has_address(now, family, bytes);
}

static void look_at_addresses(struct daemon *daemon, const struct port *before, const struct port *now, const char *cause)
{
	struct session *session = TAILQ_FIRST(&daemon->sessions), *next;

	for (; session; session = next) {
		session_ref(session);
		if (has_lost_address(session, before, now))
			lose_address(session, cause);
		next = TAILQ_NEXT(session, entry);
		session_unref(session);
	}
}

void port_loss_addresses(struct daemon *daemon, const struct port *before, const struct port *now, const char *cause)
{
	change_all(daemon, now, is_without_address, lose, cause, "lost with the last address for it");
	look_at_addresses(daemon, before, now, cause);
	port_loss_returned(daemon, now, cause);
}

void port_loss_renamed(struct daemon *daemon, const struct port *before, const struct port *now)
{
	struct session *session;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	if (!strcmp(session->netdev, before->netdev) && !session->is_port_lost)
		memcpy(session->netdev, now->netdev, sizeof(session->netdev));
}

/* ---- the first picture ---- */

static const struct port *find_port(const struct session *session, const struct ports *ports)
{
	for (size_t i = 0; i < ports->count; i++)
		if (is_on(session, &ports->list[i]))
			return &ports->list[i];
	/* It may have been renamed while nobody looked. */
	for (size_t i = 0; i < ports->count; i++)
		if (ports->list[i].kind == PORT_NIC && is_bound_to(session, &ports->list[i]))
			return &ports->list[i];
	return NULL;
}

/* What is left of a NIC that is not there. False: its session lets the network choose. */
static bool absent_nic(const struct session *session, struct port *ret_port)
{
	const char *netdev = record_text(&session->node, F_IFACE_NET_IFACENAME);
	const char *mac = record_text(&session->node, F_IFACE_HWADDRESS);

	*ret_port = (struct port){.kind = PORT_NIC};
	if (session_has_endpoint(session) || (!session->netdev[0] && !is_value(netdev) && !is_value(mac)))
		return false;
	snprintf(ret_port->netdev, sizeof(ret_port->netdev), "%s", session->netdev[0] ? session->netdev : netdev);
	snprintf(ret_port->hwaddress, sizeof(ret_port->hwaddress), "%s", is_value(mac) ? mac : "");
	return true;
}

static bool is_ready_for(const struct session *session, const struct port *port)
{
	return port_is_ready(port) && has_fit_address(session, port);
}

static void first_look(struct session *session, const struct ports *ports)
{
	const struct port *port = find_port(session, ports);
	struct port absent;

	if (port && port->kind == PORT_NIC && session->netdev[0])
		memcpy(session->netdev, port->netdev, sizeof(session->netdev));
	if (port && is_ready_for(session, port))
		return;
	if (port)
		port_loss_lost(session->daemon, port, "not ready");
	else if (absent_nic(session, &absent))
		port_loss_lost(session->daemon, &absent, "not there");
}

void port_loss_first(struct daemon *daemon, const struct ports *ports)
{
	struct session *session = TAILQ_FIRST(&daemon->sessions), *next;

	for (; session; session = next) {
		session_ref(session);
		if (session->sid >= 0 && !session->is_port_lost)
			first_look(session, ports);
		next = TAILQ_NEXT(session, entry);
		session_unref(session);
	}
}

/* ---- hosts ---- */

void port_loss_host_link(struct daemon *daemon, uint32_t host_no, bool is_up)
{
	struct port port = {.kind = PORT_HBA, .host_no = host_no};
	const struct session *session;

	TAILQ_FOREACH(session, &daemon->sessions, entry)
	if (is_on_adapter(session, &port))
		snprintf(port.transport, sizeof(port.transport), "%s", session->transport->name);
	if (is_up)
		port_loss_returned(daemon, &port, "link up");
	else
		port_loss_lost(daemon, &port, "link down");
}
