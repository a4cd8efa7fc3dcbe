/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A chip as a driver would drive it, without a bus: registers by the functions that the bus calls, 1 MiB of guest memory at GUEST_BASE, an
 * image in memory, and no network, sessions or rings behind. For tests/unit/hba_*.c.
 */
#ifndef OPENHBA_TESTS_UNIT_HBA_WORLD_H
#define OPENHBA_TESTS_UNIT_HBA_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/isp4xxx.h"
#include "lib/loop.h"
#include "tests/hba/aen.h"
#include "tests/hba/chip.h"
#include "tests/hba/eeprom.h"
#include "tests/hba/faults.h"
#include "tests/hba/guest.h"
#include "tests/hba/mailbox.h"

#define GUEST_BASE 0x100000000ULL /* above 4 GiB: the high halves of addresses count */
#define GUEST_SIZE 0x100000
#define BUFFER (GUEST_BASE + 0x20000)

struct world {
	struct loop *loop;
	struct guest *guest;
	struct card_shared shared;
	struct faults *faults[ISP4XXX_PORTS_MAX];
	struct chip *chips[ISP4XXX_PORTS_MAX];
	bool line[ISP4XXX_PORTS_MAX];
	unsigned int port; /* that the calls below are for */
};

static struct world world;

static inline void on_interrupt(void *data, bool level)
{
	*(bool *)data = level;
}

static inline struct chip *chip(void)
{
	return world.chips[world.port];
}

static inline bool line(void)
{
	return world.line[world.port];
}

static inline uint32_t rd(uint32_t offset)
{
	return chip_ops.read(chip(), offset, 4);
}

static inline uint16_t rd16(uint32_t offset)
{
	return chip_ops.read(chip(), offset, 2);
}

static inline void wr(uint32_t offset, uint32_t value)
{
	chip_ops.write(chip(), offset, 4, value);
}

/* Sets or clears bits of a masked register. */
static inline void set(uint32_t offset, uint16_t bits)
{
	wr(offset, (uint32_t)bits << 16 | bits);
}

static inline void clear(uint32_t offset, uint16_t bits)
{
	wr(offset, (uint32_t)bits << 16);
}

static inline void stop_turn(void *data)
{
	loop_stop(world.loop);
}

/* Lets the loop run for so long. */
static inline void pass_ms(unsigned int ms)
{
	struct loop_timer *timer;

	assert_int_equal(loop_timer_new(world.loop, stop_turn, NULL, &timer), 0);
	loop_timer_set(timer, ms);
	assert_int_equal(loop_run(world.loop), 0);
	loop_timer_free(timer);
}

static inline void make_world(unsigned int model, unsigned int ports)
{
	struct isp4xxx_identity identity = {
		.model = model, .ports = ports, .serial = "TEST1", .mac = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } },
	};
	int fd = memfd_create("guest", MFD_CLOEXEC);

	memset(&world, 0, sizeof(world));
	assert_int_equal(loop_new(&world.loop), 0);
	assert_int_equal(guest_new(&world.guest), 0);
	assert_int_equal(ftruncate(fd, GUEST_SIZE), 0);
	assert_int_equal(guest_map(world.guest, GUEST_BASE, GUEST_SIZE, fd, 0, true), 0);
	close(fd);
	world.shared.model = model;
	assert_int_equal(isp4xxx_image_new(&identity, &world.shared.image), 0);
	for (unsigned int i = 0; i < ports; i++) {
		const struct chip_settings settings = {
			.loop = world.loop, .shared = &world.shared, .port = i, .guest = world.guest,
			.faults = world.faults[i] = faults_new(), .interrupt = on_interrupt, .data = &world.line[i],
		};

		world.chips[i] = chip_new(&settings);
		assert_non_null(world.chips[i]);
		chip_ops.reset(world.chips[i]);
	}
}

static inline void end_world(void)
{
	for (unsigned int i = 0; i < ISP4XXX_PORTS_MAX; i++) {
		chip_free(world.chips[i]);
		faults_free(world.faults[i]);
	}
	isp4xxx_image_free(world.shared.image);
	guest_free(world.guest);
	loop_free(world.loop);
}

static inline bool is_4010(void)
{
	return world.shared.model == ISP_DEVICE_4010;
}

static inline void enable_interrupts(bool is_on)
{
	uint32_t offset = is_4010() ? ISP_REG_CONTROL : ISP_REG_INTERRUPT_MASK;

	(is_on ? set : clear)(offset, ISP_INTERRUPT_ENABLE);
}

static inline void boot(void)
{
	set(ISP_REG_CONTROL, ISP_CONTROL_BOOT);
	assert_int_equal(rd16(ISP_REG_CONTROL) & ISP_CONTROL_PROCESSOR, ISP_CONTROL_PROCESSOR);
	assert_int_equal(rd16(ISP_REG_MAILBOX), ISP_STATUS_COMPLETE);
	set(ISP_REG_CONTROL, ISP_CONTROL_PROCESSOR);
}

/* Writes the command (in[1] to in[count - 1], then in[0]) and rings. */
static inline void ring(const uint32_t *in, unsigned int count)
{
	for (unsigned int i = count - 1; i < count; i--)
		wr(ISP_REG_MAILBOX + 4 * i, in[i]);
	rd(ISP_REG_MAILBOX);
	set(ISP_REG_CONTROL, ISP_CONTROL_DOORBELL);
}

/* A polled command: the status; all registers in world-wide `out`. */
static uint32_t out[ISP_MAILBOXES];

static inline uint32_t take_answer(void)
{
	assert_true(rd(ISP_REG_CONTROL) & ISP_CONTROL_PROCESSOR);
	for (unsigned int i = 0; i < ISP_MAILBOXES; i++)
		out[i] = rd(ISP_REG_MAILBOX + 4 * i);
	set(ISP_REG_CONTROL, ISP_CONTROL_PROCESSOR);
	return out[0];
}

static inline uint32_t command(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t f)
{
	const uint32_t in[] = { a, b, c, d, e, f };

	ring(in, 6);
	return take_answer();
}

#define LOW(address) (uint32_t)(address)
#define HIGH(address) (uint32_t)((address) >> 32)

/* GET_IFCB and INIT_FW, as a driver does it. Without rings any addresses are fine. */
static inline void init_firmware(void)
{
	assert_int_equal(command(ISP_MBOX_GET_IFCB, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
	assert_int_equal(command(ISP_MBOX_INIT_FW, 0, LOW(BUFFER), HIGH(BUFFER), ISP_ACB_SIZE, 0), ISP_STATUS_COMPLETE);
}

#endif
