/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A hostile driver: register accesses of any kind, mailbox commands whose buffers lie anywhere, with the card's real parts behind the chip
 * (rings, sessions, flash), and guest memory that holds the input. Each record of the input is one deed. The card is made once for each
 * model; for each input its flash is new, the guest's memory empty, and its power just came.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/isp4xxx.h"
#include "lib/loop.h"
#include "tests/hba/aen.h"
#include "tests/hba/chip.h"
#include "tests/hba/faults.h"
#include "tests/hba/flash.h"
#include "tests/hba/guest.h"
#include "tests/hba/isns_client.h"
#include "tests/hba/mailbox.h"
#include "tests/hba/rings.h"
#include "tests/hba/sessions.h"

#define GUEST_BASE 0x10000
#define GUEST_SIZE 0x40000

struct fuzz_port {
	struct chip *chip;
	struct faults *faults;
	struct sessions *sessions;
	struct rings *rings;
	struct isns_client *isns;
};

static struct loop *loop;
static struct guest *guest;
static struct card_shared shared;
static struct fuzz_port ports[2];

static void on_line(void *data, bool level)
{
}

static void on_event(void *data, const uint32_t words[ISP_MAILBOXES])
{
	struct fuzz_port *port = data;

	chip_post_aen(port->chip, words);
}

static void on_completion(void *data)
{
	struct fuzz_port *port = data;

	chip_raise_completion(port->chip);
}

static void on_mailbox(void *data, uint32_t ticket, const uint32_t in[ISP_MAILBOXES])
{
	struct fuzz_port *port = data;

	mailbox_iocb(port->chip, ticket, in);
}

static bool on_flash_ddb(void *data, unsigned int index, uint8_t ddb[ISP_DDB_SIZE])
{
	struct fuzz_port *port = data;

	return flash_ddb(port->chip, index, ddb);
}

static bool on_local_chap(void *data, unsigned int index, struct session_chap *ret_chap)
{
	struct fuzz_port *port = data;

	return chap_local(port->chip, index, ret_chap);
}

static bool on_peer_chap(void *data, struct session_chap *ret_chap)
{
	struct fuzz_port *port = data;

	return chap_peer(port->chip, ret_chap);
}

static const char *on_name(void *data)
{
	return "iqn.2026-01.org.openhba:fuzz";
}

static const char *on_alias(void *data)
{
	return "";
}

static bool on_usable(void *data, int family)
{
	return true;
}

/* Nobody is reached. */
static int on_connect(void *data, const struct sockaddr_storage *address, socklen_t length, enum isp_address from)
{
	return -101;
}

static enum isp_address on_own(void *data, const uint8_t ipv6[16])
{
	return ISP_ADDRESSES;
}

static int on_inside(void *data, void (*fn)(void *client), void *client)
{
	return -101;
}

static void on_found(void *data, const char *name, const struct portal *portal)
{
}

static void make_port(unsigned int index)
{
	struct fuzz_port *port = &ports[index];
	const struct sessions_settings sessions = {
		.loop = loop, .data = port, .aen = on_event, .flash_ddb = on_flash_ddb, .local_chap = on_local_chap, .peer_chap = on_peer_chap,
		.initiator_name = on_name, .initiator_alias = on_alias, .is_usable = on_usable, .connect = on_connect, .own = on_own,
	};
	struct rings_settings rings = {
		.loop = loop, .guest = guest, .data = port, .completion = on_completion, .aen = on_event, .mailbox = on_mailbox,
	};
	const struct isns_client_settings isns = {
		.loop = loop, .data = port, .aen = on_event, .initiator_name = on_name, .initiator_alias = on_alias, .inside = on_inside,
		.found = on_found,
	};
	struct chip_settings chip = { .loop = loop, .shared = &shared, .port = index, .guest = guest, .interrupt = on_line };

	port->faults = chip.faults = faults_new();
	port->sessions = rings.sessions = sessions_new(&sessions);
	port->rings = rings_new(&rings);
	port->isns = isns_client_new(&isns);
	port->chip = chip_new(&chip);
	if (!port->chip || !port->sessions || !port->rings || !port->isns)
		abort();
	chip_attach(port->chip, NULL, port->sessions, port->rings, port->isns);
}

static void free_ports(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (ports[i].chip)
			chip_stop(ports[i].chip);
		chip_free(ports[i].chip);
		isns_client_free(ports[i].isns);
		rings_free(ports[i].rings);
		sessions_free(ports[i].sessions);
		faults_free(ports[i].faults);
	}
}

static void make_guest(void)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);

	if (loop_new(&loop) || guest_new(&guest) || fd < 0 || ftruncate(fd, GUEST_SIZE) || guest_map(guest, GUEST_BASE, GUEST_SIZE, fd, 0, true))
		abort();
	close(fd);
}

/* The parts of a port are the model's; the loop and the guest are for ever. */
static void make_card(unsigned int model)
{
	static const uint8_t blank[GUEST_SIZE];
	struct isp4xxx_identity identity = { .model = model, .ports = 2, .serial = "FUZZ" };

	if (!loop)
		make_guest();
	guest_write(guest, GUEST_BASE, blank, sizeof(blank));
	isp4xxx_image_free(shared.image);
	if (isp4xxx_image_new(&identity, &shared.image))
		abort();
	if (shared.model != model) {
		free_ports();
		shared.model = model;
		for (unsigned int i = 0; i < 2; i++)
			make_port(i);
	}
	for (unsigned int i = 0; i < 2; i++) {
		faults_clear(ports[i].faults);
		chip_beat(ports[i].chip, true);
		chip_ops.reset(ports[i].chip);
	}
}

static void stop_turn(void *data)
{
	loop_stop(loop);
}

/* What is due now happens. */
static void turn(void)
{
	struct loop_timer *timer;

	if (loop_timer_new(loop, stop_turn, NULL, &timer))
		abort();
	loop_timer_set(timer, 0);
	loop_run(loop);
	loop_timer_free(timer);
}

#define RING_AT (GUEST_BASE + 0x20000) /* requests, then responses, then the shadow registers */
#define RING_REQUESTS 64
#define RING_RESPONSES 16

/* What a driver does: the rings are sound, the rest of the control block is what the firmware gave. */
static void init_firmware(struct fuzz_port *port)
{
	const uint32_t in[ISP_MAILBOXES] = { ISP_MBOX_INIT_FW, 0, GUEST_BASE, 0, ISP_ACB_SIZE };
	uint8_t acb[ISP_ACB_SIZE];

	memcpy(acb, port->chip->acb, sizeof(acb));
	isp4xxx_set(ISP4XXX_ACB_REQUESTS, acb, RING_REQUESTS);
	isp4xxx_set(ISP4XXX_ACB_RESPONSES, acb, RING_RESPONSES);
	isp4xxx_set(ISP4XXX_ACB_REQUEST_OUT, acb, 0);
	isp4xxx_set(ISP4XXX_ACB_RESPONSE_IN, acb, 0);
	isp4xxx_set(ISP4XXX_ACB_REQUEST_RING, acb, RING_AT);
	isp4xxx_set(ISP4XXX_ACB_RESPONSE_RING, acb, RING_AT + 0x1000);
	isp4xxx_set(ISP4XXX_ACB_SHADOW, acb, RING_AT + 0x2000);
	guest_write(guest, GUEST_BASE, acb, sizeof(acb));
	for (unsigned int i = ISP_MAILBOXES; i--;)
		chip_ops.write(port->chip, 4 * i, 4, in[i]);
	chip_ops.write(port->chip, ISP_REG_CONTROL, 4, ISP_CONTROL_DOORBELL * 0x10001U);
	chip_ops.write(port->chip, ISP_REG_CONTROL, 4, ISP_CONTROL_PROCESSOR * 0x10001U);
}

/* An entry in the ring, and the bell. */
static size_t queue_entry(struct fuzz_port *port, const uint8_t *rest, size_t size)
{
	uint32_t index = chip_ops.read(port->chip, ISP_REG_REQUEST_IN, 4) % RING_REQUESTS;
	size_t length = size < ISP_IOCB_SIZE ? size : ISP_IOCB_SIZE;

	guest_write(guest, RING_AT + index * ISP_IOCB_SIZE, rest, length);
	chip_ops.write(port->chip, ISP_REG_REQUEST_IN, 4, (index + 1) % RING_REQUESTS);
	return length;
}

/* One deed of 8 bytes: what, where, value. Returns how many bytes of what follows were used. */
static size_t deed(const uint8_t *bytes, const uint8_t *rest, size_t size)
{
	struct fuzz_port *port = &ports[bytes[0] >> 7];
	uint32_t offset = bytes[1] & ~3U, value = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | (uint32_t)bytes[7] << 24;

	switch (bytes[0] & 15) {
	case 0:
		chip_ops.read(port->chip, offset, 4);
		return 0;
	case 1:
		chip_ops.write(port->chip, bytes[1] & ~1U, 2, value & 0xffff);
		return 0;
	case 2:
		chip_ops.reset(port->chip);
		return 0;
	case 3:
		turn();
		return 0;
	case 4: /* the rest is memory */
		if (size > GUEST_SIZE - 0x20000)
			size = GUEST_SIZE - 0x20000;
		guest_write(guest, GUEST_BASE + (value & 0x1fff0), rest, size);
		return 0;
	case 5:
		chip_ops.write(port->chip, ISP_REG_CONTROL, 4, (bytes[4] & 1 ? ISP_CONTROL_BOOT : ISP_CONTROL_PROCESSOR) * 0x10001U);
		return 0;
	case 6: /* a whole command */
		for (unsigned int i = 0; i < ISP_MAILBOXES && size >= 4 * (i + 1); i++)
			chip_ops.write(port->chip, 4 * i, 4, rest[4 * i] | rest[4 * i + 1] << 8 | rest[4 * i + 2] << 16 | (uint32_t)rest[4 * i + 3] << 24);
		chip_ops.write(port->chip, ISP_REG_CONTROL, 4, ISP_CONTROL_DOORBELL * 0x10001U);
		return size < 32 ? size : 32;
	case 7:
		chip_hang(port->chip, bytes[1] & 1);
		return 0;
	case 8:
		chip_die(port->chip, bytes[1] & 1);
		return 0;
	case 9:
		faults_arm(port->faults, bytes[1] % FAULT_POINTS, FAULTS_ANY, 1 + bytes[2] % 4, value & 0x3f);
		return 0;
	case 10:
		init_firmware(port);
		return 0;
	case 11:
		return queue_entry(port, rest, size);
	default:
		chip_ops.write(port->chip, offset, 4, value);
		return 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int models[] = { ISP_DEVICE_4010, ISP_DEVICE_4022, ISP_DEVICE_4032, ISP_DEVICE_4032 };
	size_t at = 1;

	if (!size)
		return 0;
	make_card(models[data[0] & 3]);
	while (size - at >= 8) {
		const uint8_t *bytes = data + at;

		at += 8;
		at += deed(bytes, data + at, size - at);
	}
	turn();
	return 0;
}
