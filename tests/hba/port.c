/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of a port, made in the order in which they need each other, and the calls between them. */
#include "tests/hba/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/isp4xxx.h"
#include "lib/text.h"
#include "tests/hba/acb.h"
#include "tests/hba/chip.h"
#include "tests/hba/control.h"
#include "tests/hba/faults.h"
#include "tests/hba/flash.h"
#include "tests/hba/isns_client.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/network.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"
#include "tests/hba/trace.h"
#include "tests/hba/vfio_user.h"

struct port {
	struct card_shared *shared;
	struct pci_identity identity;
	struct vfio_user *bus;
	struct faults *faults;
	struct trace *trace;
	struct chip *chip;
	struct network *network;
	struct sessions *sessions;
	struct rings *rings;
	struct isns_client *isns;
	struct control_port control;
	char name[224 + 1], alias[32 + 1];
};

static void line(void *data, bool level)
{
	struct port *port = data;

	vfio_user_interrupt(port->bus, level);
}

static void completion(void *data)
{
	struct port *port = data;

	chip_raise_completion(port->chip);
}

static void event(void *data, const uint32_t words[ISP_MAILBOXES])
{
	struct port *port = data;

	chip_post_aen(port->chip, words);
}

static void mailbox_entry(void *data, uint32_t ticket, const uint32_t in[ISP_MAILBOXES])
{
	struct port *port = data;

	mailbox_iocb(port->chip, ticket, in);
}

static bool get_flash_ddb(void *data, unsigned int index, uint8_t ddb[ISP_DDB_SIZE])
{
	struct port *port = data;

	return flash_ddb(port->chip, index, ddb);
}

static bool get_local_chap(void *data, unsigned int index, struct session_chap *ret_chap)
{
	struct port *port = data;

	return chap_local(port->chip, index, ret_chap);
}

static bool get_peer_chap(void *data, struct session_chap *ret_chap)
{
	struct port *port = data;

	return chap_peer(port->chip, ret_chap);
}

static const char *initiator_name(void *data)
{
	struct port *port = data;

	memcpy(port->name, isp4xxx_at(ISP4XXX_ACB_NAME, port->chip->acb), sizeof(port->name) - 1);
	return port->name;
}

static const char *initiator_alias(void *data)
{
	struct port *port = data;

	memcpy(port->alias, isp4xxx_at(ISP4XXX_ACB_ALIAS, port->chip->acb), sizeof(port->alias) - 1);
	return port->alias;
}

static bool is_usable(void *data, int family)
{
	struct port *port = data;
	struct network_address address;
	struct network_link link;

	network_link(port->network, &link);
	if (!link.is_up || port->chip->is_link_down)
		return false;
	for (enum network_index index = 0; index < NETWORK_ADDRESSES; index++) {
		network_address(port->network, index, &address);
		if (address.family == family && (address.state == NETWORK_PREFERRED || address.state == NETWORK_DEPRECATED))
			return true;
	}
	return false;
}

static int make_connection(void *data, const struct sockaddr_storage *address, socklen_t length, enum isp_address from)
{
	struct port *port = data;

	return network_connect(port->network, (const struct sockaddr *)address, length, (enum network_index)from);
}

static enum isp_address own_address(void *data, const uint8_t ipv6[16])
{
	struct port *port = data;
	struct network_address address;
	enum network_index index;

	for (index = NETWORK_LINK_LOCAL; index < NETWORK_ADDRESSES; index++) {
		network_address(port->network, index, &address);
		if (memcmp(address.bytes, ipv6, sizeof(address.bytes)) == 0)
			break;
	}
	return (enum isp_address)index;
}

static int go_inside(void *data, void (*fn)(void *client), void *client)
{
	struct port *port = data;

	return network_inside(port->network, fn, client);
}

static void target_found(void *data, const char *name, const struct portal *portal)
{
	struct port *port = data;

	(void)sessions_add_named(port->sessions, name, portal);
}

/* ---- what the network tells ---- */

static void link_changed(void *data, bool is_up)
{
	const uint32_t words[ISP_MAILBOXES] = { is_up ? ISP_AEN_LINK_UP : ISP_AEN_LINK_DOWN };

	event(data, words);
}

static void address_changed(void *data, enum network_index index, enum network_state from, enum network_state to)
{
	struct port *port = data;
	struct network_address address;

	network_address(port->network, index, &address);
	event(data, (const uint32_t[ISP_MAILBOXES]){ ISP_AEN_IP_STATE_CHANGED, 0, from, to, address.origin, index });
	if (to == NETWORK_PREFERRED)
		acb_ask_isns(port->chip, (enum isp_address)index);
}

static void lease_changed(void *data, bool is_acquired)
{
	const uint32_t words[ISP_MAILBOXES] = { is_acquired ? ISP_AEN_DHCP_ACQUIRED : ISP_AEN_DHCP_EXPIRED };

	event(data, words);
}

static void duplicate_seen(void *data, enum network_index index)
{
	const uint32_t words[ISP_MAILBOXES] = { ISP_AEN_DUPLICATE_IP };

	event(data, words);
}

/* The router's sixteen bytes in registers 2 to 5, as they lie in memory. */
static void router_changed(void *data)
{
	struct port *port = data;
	uint32_t words[ISP_MAILBOXES] = { ISP_AEN_ROUTER_CHANGED };
	struct network_router router;

	network_router(port->network, &router);
	for (unsigned int i = 0; i < sizeof(router.bytes); i++)
		words[2 + i / 4] |= (uint32_t)router.bytes[i] << 8 * (i % 4);
	event(data, words);
}

static const struct network_events network_events = { link_changed, address_changed, lease_changed, duplicate_seen, router_changed };

/* ---- what the control socket asks ---- */

static void control_link(void *data, bool is_up)
{
	struct port *port = data;

	chip_claim_link(port->chip, is_up);
}

static void control_plug(void *data, bool is_plugged)
{
	struct port *port = data;

	network_plug(port->network, is_plugged);
}

static void control_hang(void *data, bool is_hung)
{
	struct port *port = data;

	chip_hang(port->chip, is_hung);
}

static void control_die(void *data)
{
	struct port *port = data;

	chip_die(port->chip, false);
}

static void control_fatal(void *data)
{
	struct port *port = data;

	chip_die(port->chip, true);
}

static void control_pull(void *data)
{
	struct port *port = data;

	chip_power(port->chip);
	vfio_user_pull(port->bus);
}

static void control_heartbeat(void *data, bool is_beating)
{
	struct port *port = data;

	chip_beat(port->chip, is_beating);
}

static void control_delay(void *data, unsigned int delay_ms)
{
	struct port *port = data;

	mailbox_set_delay(port->chip->mailbox, delay_ms);
}

static void control_reset(void *data)
{
	struct port *port = data;

	chip_power(port->chip);
}

static int control_drop(void *data, uint32_t ddb)
{
	struct port *port = data;

	if (ddb == UINT32_MAX)
		sessions_drop_all(port->sessions);
	else if (sessions_initiator(port->sessions, ddb))
		sessions_drop(port->sessions, ddb);
	else
		return -ENOENT;
	return 0;
}

static void show_sessions(const struct port *port, struct text *text)
{
	struct session_view view;

	for (uint32_t index = 0; !sessions_get(port->sessions, index, &view); index++)
		if (view.state != ISP_DDB_UNASSIGNED)
			text_addf(text, " session=%u:%u:%.224s", index, view.state,
				  (const char *)view.ddb + isp4xxx_rows[ISP4XXX_DDB_NAME].offset);
}

static void control_state(void *data, struct text *text)
{
	struct port *port = data;
	const struct rings_counters *rings = rings_counters(port->rings);
	const struct vfio_user_counters *bus = vfio_user_counters(port->bus);

	chip_show(port->chip, text);
	text_addf(text, " scsi=%llu outstanding=%u returned=%llu dma-errors=%llu", (unsigned long long)rings->commands,
		  rings->outstanding, (unsigned long long)rings->returned, (unsigned long long)rings->dma_errors);
	text_addf(text, " reads=%llu writes=%llu interrupts=%llu", (unsigned long long)bus->reads, (unsigned long long)bus->writes,
		  (unsigned long long)bus->interrupts);
	show_sessions(port, text);
}

static const struct control_port_ops control_ops = {
	.link = control_link,
	.plug = control_plug,
	.hang = control_hang,
	.die = control_die,
	.fatal = control_fatal,
	.pull = control_pull,
	.heartbeat = control_heartbeat,
	.delay = control_delay,
	.event = event,
	.reset = control_reset,
	.drop = control_drop,
	.state = control_state,
};

/* ---- life ---- */

static struct chip *make_chip(struct port *port, struct loop *loop, unsigned int index)
{
	const struct chip_settings settings = {
		.loop = loop,
		.shared = port->shared,
		.port = index,
		.guest = vfio_user_guest(port->bus),
		.faults = port->faults,
		.trace = port->trace,
		.interrupt = line,
		.data = port,
	};

	return chip_new(&settings);
}

static struct sessions *make_sessions(struct port *port, struct loop *loop)
{
	const struct sessions_settings settings = {
		.loop = loop,
		.faults = port->faults,
		.data = port,
		.aen = event,
		.flash_ddb = get_flash_ddb,
		.local_chap = get_local_chap,
		.peer_chap = get_peer_chap,
		.initiator_name = initiator_name,
		.initiator_alias = initiator_alias,
		.is_usable = is_usable,
		.connect = make_connection,
		.own = own_address,
	};

	return sessions_new(&settings);
}

static struct rings *make_rings(struct port *port, struct loop *loop)
{
	const struct rings_settings settings = {
		.loop = loop,
		.guest = vfio_user_guest(port->bus),
		.sessions = port->sessions,
		.faults = port->faults,
		.trace = port->trace,
		.data = port,
		.completion = completion,
		.aen = event,
		.mailbox = mailbox_entry,
	};

	return rings_new(&settings);
}

static struct isns_client *make_isns(struct port *port, struct loop *loop)
{
	const struct isns_client_settings settings = {
		.loop = loop,
		.data = port,
		.aen = event,
		.initiator_name = initiator_name,
		.initiator_alias = initiator_alias,
		.inside = go_inside,
		.found = target_found,
	};

	return isns_client_new(&settings);
}

static int make_parts(struct port *port, struct loop *loop, unsigned int index, const struct card_port_settings *settings)
{
	int err = vfio_user_new(loop, &port->bus);

	if (err < 0)
		return err;
	port->faults = faults_new();
	port->trace = trace_new(index, port->shared->model == ISP_DEVICE_4010);
	if (!port->faults || !port->trace)
		return -ENOMEM;
	port->chip = make_chip(port, loop, index);
	port->sessions = make_sessions(port, loop);
	if (!port->chip || !port->sessions)
		return -ENOMEM;
	port->rings = make_rings(port, loop);
	port->isns = make_isns(port, loop);
	if (!port->rings || !port->isns)
		return -ENOMEM;
	err = network_new(loop, settings->netns, settings->nic, &network_events, port, &port->network);
	if (err < 0)
		return err;
	chip_attach(port->chip, port->network, port->sessions, port->rings, port->isns);
	port->control = (struct control_port){ &control_ops, port, port->faults, port->trace };
	return vfio_user_start(port->bus, settings->socket, &port->identity, &chip_ops, port->chip);
}

int port_new(struct loop *loop, struct card_shared *shared, unsigned int index, const struct card_port_settings *settings,
	     struct port **ret_port)
{
	struct port *port = calloc(1, sizeof(*port));
	int err;

	if (!port)
		return -ENOMEM;
	port->shared = shared;
	chip_identity(shared, &port->identity);
	err = make_parts(port, loop, index, settings);
	if (err < 0) {
		port_free(port);
		return err;
	}
	*ret_port = port;
	return 0;
}

void port_free(struct port *port)
{
	if (!port)
		return;
	if (port->chip)
		chip_stop(port->chip);
	vfio_user_free(port->bus);
	chip_free(port->chip);
	isns_client_free(port->isns);
	rings_free(port->rings);
	sessions_free(port->sessions);
	network_free(port->network);
	trace_free(port->trace);
	faults_free(port->faults);
	free(port);
}

struct chip *port_chip(const struct port *port)
{
	return port->chip;
}

struct vfio_user *port_bus(const struct port *port)
{
	return port->bus;
}

const struct control_port *port_control(const struct port *port)
{
	return &port->control;
}
