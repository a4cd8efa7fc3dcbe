/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of the rings: the input is what a hostile host does, one step after the other: bytes into its memory (rings, shadow registers,
 * buffers alike), doorbells and consumer indexes of any value, starts with any layout, task management; and what the initiator does
 * meanwhile. No step may touch memory outside of the mapping, answer a command twice, or lose one.
 */
#include <stdint.h>

#include "tests/unit/hba_ring_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct input {
	const uint8_t *bytes;
	size_t len;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void take(struct input *input, void *place, size_t length)
{
	size_t have = length < input->len ? length : input->len;

	memset(place, 0, length);
	memcpy(place, input->bytes, have);
	input->bytes += have;
	input->len -= have;
}

static uint32_t number(struct input *input)
{
	uint32_t value;

	take(input, &value, sizeof(value));
	return value;
}

/* An entry of a kind that is known, mostly right, at the place where the next doorbell finds it. */
static void step_entry(struct world *world, struct input *input)
{
	static const uint8_t types[] = {ISP_IOCB_COMMAND, ISP_IOCB_CONTINUE, ISP_IOCB_MARKER, ISP_IOCB_PASSTHROUGH, ISP_IOCB_MAILBOX};
	struct ring_entry entry;
	uint8_t kind;

	take(input, &kind, 1);
	take(input, &entry, sizeof(entry));
	entry.header.type = types[kind % sizeof(types)];
	if (kind & 0x80)
		entry.command.ddb = LIVE_DDB;
	if (kind & 0x40 && entry.header.type == ISP_IOCB_COMMAND) {
		entry.command.dsds &= 0x1f;
		entry.command.header.count = entry.command.dsds <= 1 ? 1 : 1 + (entry.command.dsds + 3) / 5;
		entry.command.dsd.address_low = entry.command.dsd.address_low % MEMORY_SIZE;
		entry.command.dsd.address_high = 1;
	}
	memcpy(world->memory + world->producer * ISP_IOCB_SIZE, &entry, sizeof(entry));
	world->producer = (world->producer + 1) % world->length;
}

static void step_bytes(struct world *world, struct input *input)
{
	uint32_t at = number(input) % (MEMORY_SIZE - 256);
	uint8_t length;

	take(input, &length, 1);
	take(input, world->memory + at, length);
}

static void step_start(struct world *world, struct input *input)
{
	struct rings_layout layout = world_layout(world->length, 8);
	uint8_t how;

	take(input, &how, 1);
	if (how & 1)
		take(input, &layout, sizeof(layout));
	if (how & 2)
		layout.request_length = number(input);
	world->producer = 0;
	(void)rings_start(world->rings, &layout);
}

/* What a task does with the memory it is given: every byte of it is written or read. */
static void step_data(struct world *world, struct input *input)
{
	uint32_t offset = number(input), length = number(input) % 70000, sum = 0;
	static uint8_t taken[70000];
	struct iovec vectors[8];
	struct initiator_task *task;
	int i, count;

	if (!world->task_count)
		return;
	task = world->tasks[0];
	if (!task->length)
		return;
	offset %= task->length;
	if (length > task->length - offset)
		length = task->length - offset;
	count = length ? task->vector(task, offset, length, vectors, 8) : 0;
	for (i = 0; i < count; i++) {
		require(vectors[i].iov_len <= length - sum);
		sum += vectors[i].iov_len;
		if (task->direction == INITIATOR_READ)
			memset(vectors[i].iov_base, 0x77, vectors[i].iov_len);
		else
			memcpy(taken, vectors[i].iov_base, vectors[i].iov_len);
	}
}

static void step_end(struct world *world, struct input *input)
{
	struct initiator_task *task;
	uint8_t how;

	take(input, &how, 1);
	if (!world->task_count)
		return;
	task = world->tasks[0];
	task->status = how & 0x10 ? 2 : 0;
	task->flags = how & 0x60;
	task->sense_length = how & 0x10 ? how : 0;
	take(input, task->sense, sizeof(task->sense) / 4);
	end_task(how % (INITIATOR_RESULT_FAULT + 1));
}

static void step_passthrough(struct world *world, struct input *input)
{
	static const uint8_t text[4096];
	struct iscsi_bhs header;
	uint16_t length;

	take(input, &header, sizeof(header));
	take(input, &length, sizeof(length));
	if (world->passthrough_count)
		end_passthrough(0, length & 1 ? &header : NULL, text, length % sizeof(text));
}

static void step_manage(struct world *world, struct input *input)
{
	uint8_t lun[8], how;

	take(input, &how, 1);
	take(input, lun, sizeof(lun));
	if (how & 1)
		(void)rings_abort(world->rings, how & 2 ? LIVE_DDB : number(input), number(input));
	else if (how & 4)
		(void)rings_lun_reset(world->rings, LIVE_DDB, lun);
	else
		(void)rings_target_reset(world->rings, number(input));
	if (world->tmf_count && how & 8)
		end_tmf(how & 16 ? -ETIMEDOUT : 0, how);
}

static void step_doorbell(struct world *world, struct input *input)
{
	rings_doorbell(world->rings, world->producer);
}

static void step_any_doorbell(struct world *world, struct input *input)
{
	rings_doorbell(world->rings, number(input));
}

static void step_consume(struct world *world, struct input *input)
{
	rings_consumed(world->rings, rings_response_producer(world->rings));
}

static void step_any_consume(struct world *world, struct input *input)
{
	rings_consumed(world->rings, number(input));
}

static void step_mailbox(struct world *world, struct input *input)
{
	const uint32_t out[ISP_MAILBOXES] = {0};

	rings_mailbox_status(world->rings, world->ticket, out);
}

static void (*const steps[])(struct world *world, struct input *input) = {
	step_entry, step_entry, step_doorbell, step_any_doorbell, step_consume,	    step_any_consume, step_bytes,
	step_start, step_data,	step_end,      step_manage,	  step_passthrough, step_mailbox,
};

static void step(struct world *world, struct input *input)
{
	uint8_t what;

	take(input, &what, 1);
	steps[what % (sizeof(steps) / sizeof(steps[0]))](world, input);
}

/* One memory and one loop, whose timers never run out, for all inputs: making them anew costs more than the input. */
static bool prepare(struct world *world)
{
	static struct world kept;
	static bool is_made;

	if (!is_made)
		is_made = world_map(&kept) && loop_new(&kept.loop) == 0;
	*world = (struct world){.loop = kept.loop, .guest = kept.guest, .memory = kept.memory, .length = 32};
	memset(world->memory, 0, MEMORY_SIZE);
	return is_made && world_start(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct input input = {bytes, len};
	static struct world world;
	const struct rings_layout layout = world_layout(32, 8);

	require(prepare(&world));
	require(rings_start(world.rings, &layout) == 0);
	while (input.len) {
		step(&world, &input);
		require(!rings_is_running(world.rings) || rings_counters(world.rings)->outstanding <= world.task_count);
	}
	rings_stop(world.rings);
	end_all();
	rings_free(world.rings);
	return 0;
}
