/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rings: each kind of entry as the host queues it and as it is answered, the order in which answers reach the host, and that a host
 * that lies about indexes, counts, addresses and lengths gets a refusal and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/hba/faults.h"
#include "tests/unit/hba_ring_world.h"
#include "tests/unit/quick_time.h"

#define REQUESTS 64
#define MARK 0xdeaddead
#define CONTROL_READ (ISP_COMMAND_READ | ISP_COMMAND_SIMPLE)
#define CONTROL_WRITE (ISP_COMMAND_WRITE | ISP_COMMAND_SIMPLE)

static struct ring_entry *response(struct world *world, unsigned int index)
{
	return (struct ring_entry *)(world->memory + RESPONSE_AT) + index % world->length;
}

static void mark_responses(struct world *world)
{
	for (unsigned int i = 0; i < world->length; i++)
		memcpy(response(world, i)->bytes + 60, &(uint32_t){MARK}, 4);
}

static void begin(struct world *world, unsigned int responses)
{
	const struct rings_layout layout = world_layout(REQUESTS, responses);

	world->length = responses;
	world->producer = world->consumer = 0;
	mark_responses(world);
	assert_int_equal(rings_start(world->rings, &layout), 0);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	assert_int_equal(loop_new(&world->loop), 0);
	world->faults = faults_new();
	assert_true(world_map(world));
	assert_true(world_start(world));
	begin(world, ISP_RESPONSES);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	world_end(world);
	faults_free(world->faults);
	loop_free(world->loop);
	free(world);
	return 0;
}

static uint32_t shadow(struct world *world, unsigned int word)
{
	uint32_t value;

	memcpy(&value, world->memory + SHADOW_AT + 4 * word, sizeof(value));
	return value;
}

/* As the driver does: the entry into memory, then the index. */
static void put(struct world *world, const void *entry)
{
	memcpy(world->memory + world->producer * ISP_IOCB_SIZE, entry, ISP_IOCB_SIZE);
	world->producer = (world->producer + 1) % REQUESTS;
}

static void ring(struct world *world)
{
	rings_doorbell(world->rings, world->producer);
}

/* The next answer, as the driver finds it: by its last bytes. It is taken and marked; NULL: none. */
static const struct ring_entry *next_answer(struct world *world)
{
	static struct ring_entry copy;
	struct ring_entry *entry = response(world, world->consumer);

	if (!memcmp(entry->bytes + 60, &(uint32_t){MARK}, 4))
		return NULL;
	copy = *entry;
	memcpy(entry->bytes + 60, &(uint32_t){MARK}, 4);
	world->consumer = (world->consumer + 1) % world->length;
	return &copy;
}

static const struct ring_entry *answer_of(struct world *world, uint8_t type)
{
	const struct ring_entry *entry = next_answer(world);

	assert_non_null(entry);
	assert_int_equal(entry->header.type, type);
	assert_int_equal(entry->header.count, 1);
	return entry;
}

static void assert_no_answer(struct world *world)
{
	assert_null(next_answer(world));
}

static struct isp_dsd dsd(uint64_t address, uint32_t length)
{
	return (struct isp_dsd){.address_low = address, .address_high = address >> 32, .length = length};
}

static struct isp_command command(uint32_t handle, uint8_t control, uint32_t length)
{
	struct isp_command entry = {
		.header = {.type = ISP_IOCB_COMMAND, .count = 1}, .handle = handle, .ddb = LIVE_DDB, .control = control,
		.cdb = {0x28, 1}, .lun = {0, 3}, .dsds = !!length, .length = length,
	};

	if (length)
		entry.dsd = dsd(MEMORY_AT + BUFFERS_AT, length);
	return entry;
}

static void assert_completion(struct world *world, uint32_t handle, enum isp_completion completion)
{
	const struct ring_entry *entry = answer_of(world, ISP_IOCB_STATUS);

	assert_int_equal(entry->status.handle, handle);
	assert_int_equal(entry->status.completion, completion);
}

/* --- commands ----------------------------------------------------------- */

static void test_command(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(7, CONTROL_READ, 512);
	struct initiator_task *task;
	struct iovec vectors[4];

	put(world, &entry);
	ring(world);
	assert_int_equal(shadow(world, 0), 1);
	assert_int_equal(world->task_count, 1);
	task = world->tasks[0];
	assert_int_equal(task->direction, INITIATOR_READ);
	assert_int_equal(task->attribute, ISP_COMMAND_SIMPLE);
	assert_int_equal(task->length, 512);
	assert_memory_equal(task->cdb, entry.cdb, 16);
	assert_memory_equal(task->lun, entry.lun, 8);
	assert_int_equal(task->vector(task, 100, 412, vectors, 4), 1);
	assert_int_equal(vectors[0].iov_len, 412);
	memset(vectors[0].iov_base, 0x5a, 412);
	assert_int_equal(world->memory[BUFFERS_AT + 100], 0x5a);
	assert_int_equal(world->memory[BUFFERS_AT + 99], 0);
	assert_no_answer(world);
	task->transferred = 512;
	end_task(INITIATOR_RESULT_COMPLETE);
	assert_int_equal(shadow(world, 1), 1);
	assert_int_equal(world->completions, 1);
	assert_completion(world, 7, ISP_COMPLETION_OK);
	assert_int_equal(rings_counters(world->rings)->outstanding, 0);
}

/* What the target said, and what the host reads of it. */
static void test_status(void **state)
{
	static const struct {
		enum initiator_result result;
		uint8_t response, status, flags;
		uint32_t residual, transferred;
		enum isp_completion completion;
		uint32_t told;
	} cases[] = {
		{INITIATOR_RESULT_COMPLETE, 0, 0, 0, 0, 512, ISP_COMPLETION_OK, 0},
		{INITIATOR_RESULT_COMPLETE, 0, 0, 2, 500, 12, ISP_COMPLETION_UNDERRUN, 500},
		{INITIATOR_RESULT_COMPLETE, 0, 0, 4, 20, 512, ISP_COMPLETION_OVERRUN, 20},
		{INITIATOR_RESULT_COMPLETE, 0, 0, 0, 0, 500, ISP_COMPLETION_UNDERRUN, 12},
		{INITIATOR_RESULT_COMPLETE, 0, 2, 0, 0, 0, ISP_COMPLETION_OK, 512},
		{INITIATOR_RESULT_COMPLETE, 0, 0x28, 0, 0, 0, ISP_COMPLETION_QUEUE_FULL, 512},
		{INITIATOR_RESULT_COMPLETE, 1, 0, 0, 0, 0, ISP_COMPLETION_INCOMPLETE, 512},
		{INITIATOR_RESULT_ABORTED, 0, 0, 0, 0, 0, ISP_COMPLETION_ABORTED, 0},
		{INITIATOR_RESULT_RESET, 0, 0, 0, 0, 0, ISP_COMPLETION_RESET, 0},
		{INITIATOR_RESULT_LOST, 0, 0, 0, 0, 0, ISP_COMPLETION_UNAVAILABLE, 0},
		{INITIATOR_RESULT_LOGGED_OUT, 0, 0, 0, 0, 0, ISP_COMPLETION_LOGGED_OUT, 0},
		{INITIATOR_RESULT_REJECTED, 0, 0, 0, 0, 0, ISP_COMPLETION_TRANSPORT_ERROR, 0},
		{INITIATOR_RESULT_FAULT, 0, 0, 0, 0, 0, ISP_COMPLETION_DMA_ERROR, 0},
	};
	struct world *world = *state;
	const struct ring_entry *entry;
	struct isp_command read;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		read = command(i, CONTROL_READ, 512);
		put(world, &read);
		ring(world);
		assert_int_equal(world->task_count, 1);
		world->tasks[0]->response = cases[i].response;
		world->tasks[0]->status = cases[i].status;
		world->tasks[0]->flags = cases[i].flags;
		world->tasks[0]->residual = cases[i].residual;
		world->tasks[0]->transferred = cases[i].transferred;
		end_task(cases[i].result);
		entry = answer_of(world, ISP_IOCB_STATUS);
		assert_int_equal(entry->status.handle, i);
		assert_int_equal(entry->status.completion, cases[i].completion);
		assert_int_equal(entry->status.residual, cases[i].told);
		assert_int_equal(entry->status.flags, cases[i].flags);
		assert_int_equal(entry->status.scsi_status, cases[i].status);
	}
}

/* Eight segments: one in the command, five and two in continuations whose other slots are stale. */
static void test_continuations(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(1, CONTROL_WRITE, 8 * 64);
	struct isp_continue more = {.header = {.type = ISP_IOCB_CONTINUE, .count = 1}};
	struct iovec vectors[16];

	world->producer = REQUESTS - 2; /* around the ring's end */
	rings_doorbell(world->rings, world->producer);
	assert_int_equal(rings_counters(world->rings)->refused, REQUESTS - 2);
	while (next_answer(world))
		;
	rings_consumed(world->rings, world->consumer);
	entry.header.count = 3;
	entry.dsds = 8;
	entry.dsd = dsd(MEMORY_AT + BUFFERS_AT, 64);
	put(world, &entry);
	for (unsigned int i = 0; i < 5; i++)
		more.dsd[i] = dsd(MEMORY_AT + BUFFERS_AT + 0x1000 * (i + 1), 64);
	put(world, &more);
	for (unsigned int i = 0; i < 5; i++)
		more.dsd[i] = i < 2 ? dsd(MEMORY_AT + BUFFERS_AT + 0x1000 * (i + 6), 64) : dsd(0xbad, 0xffffffff);
	put(world, &more);
	ring(world);
	assert_int_equal(world->task_count, 1);
	assert_int_equal(shadow(world, 0), 1);
	assert_int_equal(world->tasks[0]->vector(world->tasks[0], 0, 512, vectors, 16), 8);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(vectors[i].iov_len, 64);
	/* The middle, backwards: the place that is remembered is only a hint. */
	assert_int_equal(world->tasks[0]->vector(world->tasks[0], 130, 100, vectors, 16), 2);
	assert_int_equal(vectors[0].iov_len, 62);
	assert_int_equal(vectors[1].iov_len, 38);
	assert_int_equal(world->tasks[0]->vector(world->tasks[0], 0, 512, vectors, 3), 3);
}

static void test_no_session(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(3, CONTROL_READ, 512);

	world->is_up = false;
	put(world, &entry);
	ring(world);
	assert_completion(world, 3, ISP_COMPLETION_LOGGED_OUT);
	world->is_up = true;
	world->refusal = -ENOTCONN;
	put(world, &entry);
	ring(world);
	assert_completion(world, 3, ISP_COMPLETION_LOGGED_OUT);
	world->refusal = 0;
	entry.ddb = 4000;
	put(world, &entry);
	ring(world);
	assert_completion(world, 3, ISP_COMPLETION_LOGGED_OUT);
}

/* 100 bytes of sense that end entries as the mark does: 96 arrive, in three entries that are none of them taken for empty. */
static void test_sense(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(9, 0, 0);
	const struct ring_entry *found;
	struct initiator_task *task;

	put(world, &entry);
	ring(world);
	task = world->tasks[0];
	task->status = 2;
	task->sense_length = 100;
	for (unsigned int i = 0; i < 100; i++)
		task->sense[i] = i;
	memcpy(task->sense + 28, &(uint32_t){MARK}, 4);
	end_task(INITIATOR_RESULT_COMPLETE);
	found = answer_of(world, ISP_IOCB_STATUS);
	assert_int_equal(found->status.sense_length, 96);
	assert_int_equal(found->status.sense[27], 27);
	assert_int_not_equal(found->status.sense[31], 0xde);
	found = answer_of(world, ISP_IOCB_STATUS_CONTINUE);
	assert_int_equal(found->more_sense.sense[0], 32);
	assert_int_equal(found->more_sense.sense[59], 91);
	found = answer_of(world, ISP_IOCB_STATUS_CONTINUE);
	assert_int_equal(found->more_sense.sense[3], 95);
	assert_int_equal(found->more_sense.sense[4], 0);
	assert_no_answer(world);
	assert_int_equal(shadow(world, 1), 3);
}

/* A response ring of four takes three; what waits comes in order, as the host makes room. */
static void test_full(void **state)
{
	struct world *world = *state;
	struct isp_command entry;

	begin(world, 4);
	for (unsigned int i = 0; i < 10; i++) {
		entry = command(i, 0, 0);
		put(world, &entry);
	}
	ring(world);
	assert_int_equal(world->task_count, 10);
	for (unsigned int i = 0; i < 10; i++)
		end_task(INITIATOR_RESULT_COMPLETE);
	for (unsigned int i = 0, completions; i < 10; i++) {
		if (i % 3 == 0 && i) {
			assert_no_answer(world);
			completions = world->completions;
			rings_consumed(world->rings, world->consumer);
			assert_true(world->completions > completions);
		}
		assert_completion(world, i, ISP_COMPLETION_OK);
	}
	assert_no_answer(world);
	assert_true(rings_counters(world->rings)->full > 0);
	/* All is consumed: the bit stays clear. */
	world->completions = 0;
	rings_consumed(world->rings, world->consumer);
	assert_int_equal(world->completions, 0);
}

/* A host that has not seen the last entry is told again. */
static void test_unseen(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(0, 0, 0);

	for (unsigned int i = 0; i < 2; i++)
		put(world, &entry);
	ring(world);
	end_task(INITIATOR_RESULT_COMPLETE);
	end_task(INITIATOR_RESULT_COMPLETE);
	world->completions = 0;
	rings_consumed(world->rings, 1);
	assert_int_equal(world->completions, 1);
	rings_consumed(world->rings, 2);
	assert_int_equal(world->completions, 1);
}

/* --- refusals ------------------------------------------------------------ */

static void assert_refused(struct world *world, const void *entry, uint8_t status)
{
	const struct ring_entry *back;
	uint64_t refused = rings_counters(world->rings)->refused;

	put(world, entry);
	ring(world);
	back = answer_of(world, ((const struct isp_header *)entry)->type);
	assert_int_equal(back->header.status, status);
	assert_memory_equal(back->bytes + 4, (const uint8_t *)entry + 4, 56);
	assert_int_equal(rings_counters(world->rings)->refused, refused + 1);
	assert_int_equal(world->task_count, 0);
	assert_no_answer(world);
	rings_consumed(world->rings, world->consumer);
}

static void test_refusals(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(1, CONTROL_READ, 512);
	struct ring_entry other = {.header = {.type = 0x77, .count = 1}};

	assert_refused(world, &other, ISP_ENTRY_INVALID_TYPE);
	other.header.type = ISP_IOCB_STATUS;
	assert_refused(world, &other, ISP_ENTRY_INVALID_TYPE);
	other.header.type = ISP_IOCB_CONTINUE;
	assert_refused(world, &other, ISP_ENTRY_INVALID_ORDER);
	other.header = (struct isp_header){.type = ISP_IOCB_PASSTHROUGH, .count = 2};
	assert_refused(world, &other, ISP_ENTRY_INVALID_COUNT);
	other.header = (struct isp_header){.type = ISP_IOCB_MAILBOX};
	assert_refused(world, &other, ISP_ENTRY_INVALID_COUNT);
	entry.header.count = 0;
	assert_refused(world, &entry, ISP_ENTRY_INVALID_COUNT);
	entry.header.count = 2;
	assert_refused(world, &entry, ISP_ENTRY_INVALID_COUNT);
	entry = command(1, CONTROL_READ, 512);
	entry.dsds = 7; /* the continuations are not there */
	assert_refused(world, &entry, ISP_ENTRY_INVALID_COUNT);
	entry.header.count = 3;
	assert_refused(world, &entry, ISP_ENTRY_INVALID_COUNT);
	entry = command(1, CONTROL_READ, 512);
	entry.dsd.length = 511;
	assert_refused(world, &entry, ISP_ENTRY_INVALID_PARAMETER);
	entry.dsds = 0;
	assert_refused(world, &entry, ISP_ENTRY_INVALID_PARAMETER);
	entry = command(1, CONTROL_READ | 7, 512);
	assert_refused(world, &entry, ISP_ENTRY_INVALID_PARAMETER);
}

/* Another command where a continuation should be: the first is refused, the second is done. */
static void test_order(void **state)
{
	struct world *world = *state;
	struct isp_command first = command(1, CONTROL_READ, 512), second = command(2, CONTROL_READ, 512);
	const struct ring_entry *back;

	first.header.count = 2;
	first.dsds = 2;
	put(world, &first);
	put(world, &second);
	ring(world);
	back = answer_of(world, ISP_IOCB_COMMAND);
	assert_int_equal(back->header.status, ISP_ENTRY_INVALID_ORDER);
	assert_int_equal(back->command.handle, 1);
	assert_int_equal(world->task_count, 1);
}

static void test_direction(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(4, CONTROL_READ | CONTROL_WRITE, 512);

	put(world, &entry);
	entry = command(5, ISP_COMMAND_SIMPLE, 512);
	put(world, &entry);
	ring(world);
	assert_completion(world, 4, ISP_COMPLETION_DIRECTION);
	assert_completion(world, 5, ISP_COMPLETION_DIRECTION);
}

/* Segments that are not the guest's memory: found when the data moves. */
static void test_bad_segment(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(1, CONTROL_READ, 512);
	struct iovec vectors[4];

	entry.dsd = dsd(MEMORY_AT + MEMORY_SIZE - 256, 512);
	put(world, &entry);
	ring(world);
	assert_int_equal(world->tasks[0]->vector(world->tasks[0], 0, 512, vectors, 4), -EFAULT);
	end_task(INITIATOR_RESULT_FAULT);
	assert_completion(world, 1, ISP_COMPLETION_DMA_ERROR);
}

static void test_indexes(void **state)
{
	static const uint32_t wrong[] = {REQUESTS, 0xffff, 0x10000, 0xffffffff};
	struct world *world = *state;

	for (unsigned int i = 0; i < 4; i++)
		rings_doorbell(world->rings, wrong[i]);
	assert_int_equal(rings_counters(world->rings)->bad_indexes, 4);
	for (unsigned int i = 0; i < 4; i++)
		rings_consumed(world->rings, wrong[i]);
	rings_consumed(world->rings, 1); /* nothing was written there */
	assert_int_equal(rings_counters(world->rings)->bad_indexes, 9);
	assert_int_equal(world->completions, 0);
	assert_int_equal(world->events, 0);
	assert_true(rings_is_running(world->rings));
}

static void test_layouts(void **state)
{
	struct world *world = *state;
	const struct rings_layout right = world_layout(REQUESTS, ISP_RESPONSES);
	struct rings_layout wrong[9];

	for (unsigned int i = 0; i < 9; i++)
		wrong[i] = right;
	wrong[0].request += 4;
	wrong[1].request = MEMORY_AT + MEMORY_SIZE - 64;
	wrong[2].request_length = 1;
	wrong[3].response_length = 0;
	wrong[4].response = UINT64_MAX - 63;
	wrong[5].shadow += 2;
	wrong[6].shadow = MEMORY_AT + MEMORY_SIZE;
	wrong[7].request_consumer = REQUESTS;
	wrong[8].response_producer = ISP_RESPONSES;
	for (unsigned int i = 0; i < 9; i++) {
		assert_int_equal(rings_start(world->rings, &wrong[i]), -EINVAL);
		assert_false(rings_is_running(world->rings));
	}
	assert_int_equal(rings_start(world->rings, &right), 0);
}

/* Memory that goes away under the rings: an event, and silence until the next start. */
static void test_unmapped(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(1, 0, 0);

	put(world, &entry);
	ring(world);
	guest_unmap_all(world->guest);
	end_task(INITIATOR_RESULT_COMPLETE);
	assert_int_equal(world->event, ISP_AEN_RESPONSE_TRANSFER_ERROR);
	assert_false(rings_is_running(world->rings));
	rings_doorbell(world->rings, 5);
	rings_consumed(world->rings, 0);
	assert_int_equal(world->events, 1);
	assert_int_equal(world->completions, 0);
}

static void test_unreadable(void **state)
{
	struct world *world = *state;

	guest_unmap_all(world->guest);
	rings_doorbell(world->rings, 5);
	assert_int_equal(world->event, ISP_AEN_REQUEST_TRANSFER_ERROR);
	assert_int_equal(rings_counters(world->rings)->dma_errors, 1);
}

/* --- the end of all -------------------------------------------------------- */

/* After a reset not a byte moves, whatever the initiator still does. */
static void test_stop(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(1, CONTROL_READ, 512);
	struct iovec vectors[4];
	uint8_t *before = malloc(MEMORY_SIZE);

	put(world, &entry);
	ring(world);
	assert_int_equal(rings_abort(world->rings, LIVE_DDB, 1), 0);
	memcpy(before, world->memory, MEMORY_SIZE);
	rings_stop(world->rings);
	assert_int_equal(world->tasks[0]->vector(world->tasks[0], 0, 512, vectors, 4), -EFAULT);
	end_all();
	ring(world);
	assert_memory_equal(before, world->memory, MEMORY_SIZE);
	assert_int_equal(world->completions + world->events + world->drops, 0);
	free(before);
}

/* --- task management ------------------------------------------------------- */

static void test_abort(void **state)
{
	struct world *world = *state;
	struct isp_command entry = command(11, CONTROL_READ, 512);

	assert_int_equal(rings_abort(world->rings, LIVE_DDB, 11), -ENOENT);
	put(world, &entry);
	ring(world);
	assert_int_equal(rings_abort(world->rings, LIVE_DDB + 1, 11), -ENOENT);
	assert_int_equal(rings_abort(world->rings, LIVE_DDB, 11), 0);
	assert_int_equal(world->tmfs[0]->function, ISCSI_TASK_ABORT_TASK);
	assert_ptr_equal(world->tmfs[0]->task, world->tasks[0]);
	assert_memory_equal(world->tmfs[0]->lun, entry.lun, 8);
	end_task(INITIATOR_RESULT_ABORTED);
	end_tmf(0, 0);
	assert_completion(world, 11, ISP_COMPLETION_ABORTED);
	assert_no_answer(world);
	assert_int_equal(world->drops, 0);
}

static void stop_loop(void *data)
{
	loop_stop(data);
}

static void pass_ms(struct world *world, unsigned int ms)
{
	struct loop_timer *timer;

	assert_int_equal(loop_timer_new(world->loop, stop_loop, world->loop, &timer), 0);
	loop_timer_set(timer, ms);
	assert_int_equal(loop_run(world->loop), 0);
	loop_timer_free(timer);
}

/* The host blocks the session of a command that timed out until it hears of it: its connection goes. */
static void test_timeout(void **state)
{
	struct world *world = *state;
	struct isp_command late = command(1, CONTROL_READ, 512), other = command(2, CONTROL_READ, 512), forgotten = command(3, CONTROL_READ, 512);

	late.timeout = forgotten.timeout = htole16(1);
	other.timeout = htole16(UINT16_MAX);
	put(world, &late);
	put(world, &other);
	ring(world);
	pass_ms(world, 600);
	assert_int_equal(world->drops, 0);
	pass_ms(world, 600);
	assert_int_equal(world->drops, 1);
	end_task(INITIATOR_RESULT_LOST);
	assert_completion(world, 1, ISP_COMPLETION_TIMEOUT);
	end_task(INITIATOR_RESULT_LOST);
	assert_completion(world, 2, ISP_COMPLETION_UNAVAILABLE);
	put(world, &forgotten);
	ring(world);
	rings_stop(world->rings);
	pass_ms(world, 1200);
	assert_int_equal(world->drops, 1);
}

/* A reset that fails leaves commands in doubt: the connection goes. Where there are none, nothing does. */
static void test_resets(void **state)
{
	static const uint8_t lun[8] = {0, 3};
	struct world *world = *state;
	struct isp_command entry = command(1, CONTROL_READ, 512);

	assert_int_equal(rings_lun_reset(world->rings, LIVE_DDB + 1, lun), -ENOENT);
	assert_int_equal(rings_lun_reset(world->rings, LIVE_DDB, lun), 0);
	assert_int_equal(world->tmfs[0]->function, ISCSI_TASK_LU_RESET);
	assert_memory_equal(world->tmfs[0]->lun, lun, 8);
	end_tmf(0, ISCSI_TASK_ANSWER_COMPLETE);
	assert_int_equal(rings_target_reset(world->rings, LIVE_DDB), 0);
	end_tmf(0, ISCSI_TASK_ANSWER_UNSUPPORTED);
	assert_int_equal(world->drops, 0);
	put(world, &entry);
	ring(world);
	assert_int_equal(rings_target_reset(world->rings, LIVE_DDB), 0);
	end_tmf(0, ISCSI_TASK_ANSWER_UNSUPPORTED);
	assert_int_equal(world->drops, 1);
	assert_int_equal(rings_target_reset(world->rings, LIVE_DDB), 0);
	end_tmf(-ETIMEDOUT, 0);
	assert_int_equal(world->drops, 2);
	assert_int_equal(rings_target_reset(world->rings, LIVE_DDB), 0);
	end_tmf(-ENOTCONN, 0);
	assert_int_equal(world->drops, 2);
}

static void test_marker(void **state)
{
	struct world *world = *state;
	struct isp_marker entry = {.header = {.type = ISP_IOCB_MARKER, .count = 1}, .ddb = LIVE_DDB};

	put(world, &entry);
	entry.ddb = 0xffff;
	put(world, &entry);
	ring(world);
	assert_no_answer(world);
	assert_int_equal(rings_counters(world->rings)->markers, 2);
	assert_int_equal(shadow(world, 0), 2);
}

/* --- passthrough and mailbox ------------------------------------------------- */

static struct isp_passthrough passthrough(uint32_t out, uint32_t in)
{
	return (struct isp_passthrough){
		.header = {.type = ISP_IOCB_PASSTHROUGH, .count = 1, .system = ISP_PASSTHROUGH_PDU}, .handle = 0x55, .ddb = LIVE_DDB,
		.flags = ISP_PASSTHROUGH_ISCSI | ISP_PASSTHROUGH_SEND | ISP_PASSTHROUGH_WAIT, .timeout = 30,
		.out = dsd(MEMORY_AT + BUFFERS_AT, out), .in = dsd(MEMORY_AT + BUFFERS_AT + 0x1000, in),
	};
}

static void assert_passed(struct world *world, uint8_t completion, uint8_t flags, uint32_t residual)
{
	const struct ring_entry *entry = answer_of(world, ISP_IOCB_PASSTHROUGH_STATUS);

	assert_int_equal(entry->header.system, ISP_PASSTHROUGH_PDU);
	assert_int_equal(entry->passthrough_status.handle, 0x55);
	assert_int_equal(entry->passthrough_status.ddb, LIVE_DDB);
	assert_int_equal(entry->passthrough_status.completion, completion);
	assert_int_equal(entry->passthrough_status.residual_flags, flags);
	assert_int_equal(entry->passthrough_status.in_residual, residual);
}

static void test_passthrough(void **state)
{
	static const struct iscsi_bhs response_header = {.opcode = ISCSI_PDU_TEXT_RESPONSE, .itt = 0x99};
	struct world *world = *state;
	struct isp_passthrough entry = passthrough(48 + 16, 48 + 8192);

	world->memory[BUFFERS_AT] = ISCSI_PDU_TEXT_REQUEST;
	memcpy(world->memory + BUFFERS_AT + 48, "SendTargets=All", 16);
	put(world, &entry);
	ring(world);
	assert_int_equal(world->passthrough_count, 1);
	assert_int_equal(world->passthroughs[0]->request.opcode, ISCSI_PDU_TEXT_REQUEST);
	assert_int_equal(world->passthroughs[0]->length, 16);
	assert_string_equal(world->passthroughs[0]->bytes, "SendTargets=All");
	assert_int_equal(world->passthroughs[0]->timeout_ms, 30000);
	assert_no_answer(world);
	end_passthrough(0, &response_header, "TargetName=x", 13);
	assert_passed(world, ISP_PASSTHROUGH_OK, 0x08, 8192 - 13);
	assert_memory_equal(world->memory + BUFFERS_AT + 0x1000, &response_header, 48);
	assert_string_equal(world->memory + BUFFERS_AT + 0x1000 + 48, "TargetName=x");
}

static void test_passthrough_errors(void **state)
{
	static const struct iscsi_bhs header = {.opcode = ISCSI_PDU_TEXT_RESPONSE};
	struct world *world = *state;
	struct isp_passthrough entry = passthrough(48, 50);

	put(world, &entry);
	ring(world);
	end_passthrough(0, &header, "12345678", 8); /* more than there is room for */
	assert_passed(world, ISP_PASSTHROUGH_OK, 0x04, 6);
	assert_int_equal(world->memory[BUFFERS_AT + 0x1000 + 49], '2');
	assert_int_equal(world->memory[BUFFERS_AT + 0x1000 + 50], 0);
	put(world, &entry);
	ring(world);
	end_passthrough(-ETIMEDOUT, NULL, NULL, 0);
	assert_passed(world, ISP_PASSTHROUGH_TIMEOUT, 0x08, 50);
	entry = passthrough(47, 50);
	put(world, &entry);
	ring(world);
	assert_passed(world, ISP_PASSTHROUGH_INVALID, 0x08, 50);
	entry = passthrough(UINT32_MAX, 50);
	put(world, &entry);
	ring(world);
	assert_passed(world, ISP_PASSTHROUGH_INVALID, 0x08, 50);
	entry = passthrough(48, 50);
	entry.out = dsd(0x1000, 48);
	put(world, &entry);
	ring(world);
	assert_passed(world, 0x10, 0x08, 50);
	world->is_up = false;
	entry = passthrough(48, 50);
	put(world, &entry);
	ring(world);
	assert_passed(world, ISP_PASSTHROUGH_NO_CONNECTION, 0x08, 50);
}

static void test_mailbox(void **state)
{
	struct world *world = *state;
	struct isp_mailbox_iocb entry = {.header = {.type = ISP_IOCB_MAILBOX, .count = 1}, .handle = 3, .mailbox = {ISP_MBOX_PING, 1, 2}};
	const uint32_t out[8] = {ISP_STATUS_COMPLETE, 0, 0, 0, 0, 0, 9};
	const struct ring_entry *found;

	put(world, &entry);
	ring(world);
	assert_no_answer(world);
	rings_mailbox_status(world->rings, world->ticket + 1, out);
	assert_no_answer(world);
	rings_mailbox_status(world->rings, world->ticket, out);
	found = answer_of(world, ISP_IOCB_MAILBOX_STATUS);
	assert_int_equal(found->mailbox.handle, 3);
	assert_int_equal(found->mailbox.mailbox[0], ISP_STATUS_COMPLETE);
	assert_int_equal(found->mailbox.mailbox[6], 9);
	rings_mailbox_status(world->rings, world->ticket, out);
	assert_no_answer(world);
	entry.mailbox[0] = ISP_MBOX_GET_DDB;
	put(world, &entry);
	ring(world);
	assert_int_equal(answer_of(world, ISP_IOCB_MAILBOX_STATUS)->mailbox.mailbox[0], ISP_STATUS_INVALID_COMMAND);
}

/* --- faults ------------------------------------------------------------------- */

static void run_one(struct world *world, uint32_t handle)
{
	struct isp_command entry = command(handle, 0, 0);

	put(world, &entry);
	ring(world);
	if (world->task_count)
		end_task(INITIATOR_RESULT_COMPLETE);
}

static void on_timer(void *data)
{
	loop_stop(data);
}

/* A fault refuses every kind of request that has a name. */
static void test_refused(void **state)
{
	static const uint8_t types[] = {ISP_IOCB_COMMAND, ISP_IOCB_PASSTHROUGH, ISP_IOCB_MAILBOX};
	struct world *world = *state;
	struct isp_command first = command(1, 0, 0);
	struct isp_passthrough second = passthrough(48, 50);
	struct isp_mailbox_iocb third = {.header = {.type = ISP_IOCB_MAILBOX, .count = 1}, .mailbox = {ISP_MBOX_PING}};
	const void *entries[] = {&first, &second, &third};

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(faults_arm(world->faults, FAULT_IOCB_REFUSE, types[i], 1, 0), 0);
		put(world, entries[i]);
		ring(world);
		assert_int_equal(answer_of(world, types[i])->header.status, ISP_ENTRY_BUSY);
		assert_int_equal(rings_counters(world->rings)->returned, i + 1);
	}
}

static void test_faults(void **state)
{
	struct world *world = *state;
	struct loop_timer *timer;

	assert_int_equal(faults_arm(world->faults, FAULT_IOCB_REFUSE, ISP_IOCB_COMMAND, 1, 0), 0);
	run_one(world, 1);
	assert_int_equal(answer_of(world, ISP_IOCB_COMMAND)->header.status, ISP_ENTRY_BUSY);
	assert_int_equal(rings_counters(world->rings)->returned, 1);
	assert_int_equal(faults_arm(world->faults, FAULT_IOCB_LOSE, ISP_IOCB_STATUS, 1, 0), 0);
	run_one(world, 2);
	assert_no_answer(world);
	assert_int_equal(faults_arm(world->faults, FAULT_IOCB_DOUBLE, ISP_IOCB_STATUS, 1, 0), 0);
	run_one(world, 3);
	assert_completion(world, 3, ISP_COMPLETION_OK);
	assert_completion(world, 3, ISP_COMPLETION_OK);
	assert_int_equal(faults_arm(world->faults, FAULT_IOCB_COMPLETE, ISP_IOCB_STATUS, 1, 6), 0);
	run_one(world, 4);
	assert_completion(world, 4, ISP_COMPLETION_TIMEOUT);
	assert_int_equal(faults_arm(world->faults, FAULT_IOCB_CORRUPT, ISP_IOCB_STATUS, 1, 4 * 256 + 0x0f), 0);
	run_one(world, 5);
	assert_completion(world, 5 ^ 0x0f, ISP_COMPLETION_OK);
	assert_int_equal(faults_arm(world->faults, FAULT_IOCB_DELAY, ISP_IOCB_STATUS, 1, 20), 0);
	run_one(world, 6);
	assert_no_answer(world);
	assert_int_equal(loop_timer_new(world->loop, on_timer, world->loop, &timer), 0);
	loop_timer_set(timer, 60);
	assert_int_equal(loop_run(world->loop), 0);
	loop_timer_free(timer);
	assert_completion(world, 6, ISP_COMPLETION_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_command, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status, setup, teardown),
		cmocka_unit_test_setup_teardown(test_continuations, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_session, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unseen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_direction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_segment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indexes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_layouts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unmapped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_abort, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_marker, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthrough, setup, teardown),
		cmocka_unit_test_setup_teardown(test_passthrough_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mailbox, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
