/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The registers of an ISP4xxx and nothing behind them, for the files of drivers/qla4xxx that read and write them: memory of 256 bytes in
 * which masked registers keep what their mask leaves out, a hook for each write and one for time that passes, a record of writes. Time
 * passes only by sleeping: a test that ends has waited as long as jiffies say. One thread.
 */
#ifndef OPENHBA_TESTS_UNIT_QLA4XXX_REGISTERS_H
#define OPENHBA_TESTS_UNIT_QLA4XXX_REGISTERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/unit/kernel.h"

#undef HZ
#define HZ		1000
#define GENMASK(h, l)	(~0ul >> (63 - (h)) & ~0ul << (l))
#define GENMASK_ULL(h, l) (~0ull >> (63 - (h)) & ~0ull << (l))
#define time_after(a, b) time_before(b, a)
#define msleep(ms)	registers_pass(ms)

static inline u32 readl(const volatile void *at);
static inline void writel(u32 value, volatile void *at);

#include "drivers/qla4xxx/chip.h"

#define REGISTERS_WRITES 256

static struct {
	u32 space[ISP_REGISTERS_SIZE / sizeof(u32)];
	bool is_gone;				/* reads as all ones */
	bool is_4010;
	struct { enum isp_register reg; u32 value; } writes[REGISTERS_WRITES];	/* the first ones */
	unsigned int count, reads;
	void (*on_write)(enum isp_register reg, u32 value);	/* after it */
	void (*on_pass)(void);			/* time has passed */
} registers;

unsigned long jiffies = 1000;

static inline u32 *registers_at(enum isp_register reg)
{
	return &registers.space[reg / sizeof(u32)];
}

static void registers_pass(unsigned int ms)
{
	jiffies += ms;
	if (registers.on_pass)
		registers.on_pass();
}

static inline bool registers_is_masked(enum isp_register reg)
{
	if (reg == ISP_REG_CONTROL || reg == ISP_REG_4010_NVRAM || reg == ISP_REG_PORT_CONTROL || reg == ISP_REG_EXT_HW_CONFIG)
		return true;
	return !registers.is_4010 && (reg == ISP_REG_NVRAM || reg == ISP_REG_SEMAPHORE);
}

static inline u32 readl(const volatile void *at)
{
	registers.reads++;
	return registers.is_gone ? ~0u : registers.space[((const u8 *)at - (u8 *)registers.space) / sizeof(u32)];
}

static inline void writel(u32 value, volatile void *at)
{
	enum isp_register reg = (volatile u8 *)at - (u8 *)registers.space;
	u32 mask = value >> 16, *place = registers_at(reg);

	if (registers.count < REGISTERS_WRITES) {
		registers.writes[registers.count].reg = reg;
		registers.writes[registers.count].value = value;
	}
	registers.count++;
	*place = registers_is_masked(reg) ? (*place & ~mask) | (value & mask) : value;
	if (registers.on_write)
		registers.on_write(reg, value);
}

/* How often a register was written with this value. */
static inline unsigned int registers_written(enum isp_register reg, u32 value)
{
	unsigned int count = 0, i;

	for (i = 0; i < registers.count && i < REGISTERS_WRITES; i++)
		count += registers.writes[i].reg == reg && registers.writes[i].value == value;
	return count;
}

static inline void registers_begin(bool is_4010)
{
	memset(&registers, 0, sizeof(registers));
	registers.is_4010 = is_4010;
}

#endif
