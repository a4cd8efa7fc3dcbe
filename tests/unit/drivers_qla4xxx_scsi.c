/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A command on its way down: what stands in the entries of the request ring, byte by byte, over the ring's end, too; and who gets it back
 * when the firmware cannot have it.
 */
#include "tests/unit/qla4xxx_world.h"

/* --- what scsi.c needs besides */

typedef unsigned short umode_t;

struct scsi_host_template {
	void *module;
	const char *name, *proc_name;
	int (*queuecommand)(struct Scsi_Host *shost, struct scsi_cmnd *cmd);
	void (*commit_rqs)(struct Scsi_Host *shost, u16 queue);
	int (*slave_alloc)(struct scsi_device *sdev);
	int (*change_queue_depth)(struct scsi_device *sdev, int depth);
	int (*eh_timed_out)(struct scsi_cmnd *cmd);
	int (*eh_abort_handler)(struct scsi_cmnd *cmd);
	int (*eh_device_reset_handler)(struct scsi_cmnd *cmd);
	int (*eh_target_reset_handler)(struct scsi_cmnd *cmd);
	int (*eh_host_reset_handler)(struct scsi_cmnd *cmd);
	int (*host_reset)(struct Scsi_Host *shost, int what);
	const void *shost_groups;
	int host_tagset, this_id, can_queue, sg_tablesize, max_sectors, cmd_per_lun, track_queue_depth;
	u64 vendor_id;
};

struct qla_session {
	u16 ddb;
	bool is_suspect;
};

int host_reset(struct Scsi_Host *shost, int what);

#define COMPAT_DEVICE_ALLOC slave_alloc
#define host_of(shost)	(&world.host)
#define scsi_target(device) (device)
#define starget_to_session(target) (&mid.cls)
#define session_of(cls)	(&mid.session)

#define qla_host_groups	NULL

extern struct scsi_host_template qla_template;

static int ql4xmaxqdepth = 32, ql4xqfulltracking = 1;

static struct {
	struct iscsi_cls_session cls;
	struct qla_session session;
	struct scsi_device device;
	struct scsi_cmnd cmd;
	struct scatterlist sg[128];
	int refuse;
	u32 done;
} mid;

static int scsi_change_queue_depth(struct scsi_device *sdev, int depth)
{
	return depth;
}

int iscsi_session_chkready(struct iscsi_cls_session *session)
{
	return mid.refuse;
}

void scsi_done(struct scsi_cmnd *cmd)
{
	mid.done++;
}

#include "drivers/qla4xxx/scsi.c"

int eh_timed_out(struct scsi_cmnd *cmd)
{
	return 0;
}

int eh_abort(struct scsi_cmnd *cmd)
{
	return 0;
}

int eh_device_reset(struct scsi_cmnd *cmd)
{
	return 0;
}

int eh_target_reset(struct scsi_cmnd *cmd)
{
	return 0;
}

int host_reset(struct Scsi_Host *shost, int what)
{
	fail();
	return 0;
}

int eh_host_reset(struct scsi_cmnd *cmd)
{
	return 0;
}

/* --- a command of so many segments of 512 bytes */

#define SEGMENT	512
#define ADDRESS	0x1234567800001000ull

static u64 address_of(unsigned int segment)
{
	return ADDRESS + segment * 0x100000000ull;
}

static void make_command(unsigned int segments, enum dma_data_direction direction)
{
	unsigned int i;

	memset(&mid, 0, sizeof(mid));
	mid.session.ddb = 0x1ff % ISP_DDBS;
	mid.device.lun = 5;
	mid.cmd = (struct scsi_cmnd){
		.device = &mid.device, .sc_data_direction = direction, .cmd_len = 10, .sglist = mid.sg, .tag = 1023, .flags = SCMD_LAST,
		.segments = segments, .bytes = segments * SEGMENT,
	};
	for (i = 0; i < mid.cmd.cmd_len; i++)
		mid.cmd.cmnd[i] = 0x20 + i;
	for (i = 0; i < segments; i++)
		mid.sg[i] = (struct scatterlist){ .page = (void *)address_of(i), .length = SEGMENT, .last = i == segments - 1 };
}

static const union ring_entry *entry_at(u32 index)
{
	return &world.host.rings.requests[index % ISP_REQUESTS];
}

static void assert_dsd(const struct isp_dsd *dsd, unsigned int segment)
{
	assert_int_equal(le32toh(dsd->address_low) | (u64)le32toh(dsd->address_high) << 32, address_of(segment));
	assert_int_equal(le32toh(dsd->length), SEGMENT);
}

static void assert_command(u32 index, unsigned int segments, u8 control)
{
	const struct isp_command *command = &entry_at(index)->command;
	static const u8 lun[8] = { 0, 5 };
	unsigned int i;

	assert_int_equal(command->header.type, ISP_IOCB_COMMAND);
	assert_int_equal(command->header.count, entries_for(segments));
	assert_int_equal(le32toh(command->handle) % ISP_REQUESTS, 1023);
	assert_int_equal(le16toh(command->ddb), 0xff);
	assert_int_equal(command->control, control);
	for (i = 0; i < sizeof(command->cdb); i++)
		assert_int_equal(command->cdb[i], i < 10 ? 0x20 + i : 0);
	assert_memory_equal(command->lun, lun, sizeof(lun));
	assert_int_equal(le16toh(command->dsds), segments);
	assert_int_equal(le32toh(command->length), segments * SEGMENT);
	if (segments)
		assert_dsd(&command->dsd, 0);
}

static void assert_continuations(u32 index, unsigned int segments)
{
	unsigned int segment;

	for (segment = 1; segment < segments; segment++) {
		u32 place = index + 1 + (segment - 1) / ISP_CONTINUE_DSDS;
		const struct isp_continue *more = &entry_at(place)->more;

		assert_int_equal(more->header.type, ISP_IOCB_CONTINUE);
		assert_int_equal(more->header.count, 1);
		assert_int_equal(more->header.system, (u8)((place + 1) % ISP_REQUESTS));
		assert_int_equal(more->header.status, 0);
		assert_dsd(&more->dsd[(segment - 1) % ISP_CONTINUE_DSDS], segment);
	}
}

/* The firmware takes and answers what stands in the ring. */
static void answer_all(void)
{
	scsi_flush(&world.host, -1, DID_OK);
	smp_store_release(&world.host.rings.is_open, true);
	world.host.rings.shadow->request_out = cpu_to_le32(world_doorbell());
}

static const struct { unsigned int segments, entries; } sizes[] = {
	{ 0, 1 }, { 1, 1 }, { 2, 2 }, { 6, 2 }, { 7, 3 }, { 11, 3 }, { 127, 27 }, { 128, 27 },
};

static void test_sizes(void **state)
{
	u32 index = 0;
	unsigned int i;

	/* Stale bytes, and over the end several times. */
	memset(world.host.rings.requests, 0xee, ISP_REQUESTS * ISP_IOCB_SIZE);
	for (i = 0; i < 60 * ARRAY_SIZE(sizes); i++) {
		unsigned int segments = sizes[i % ARRAY_SIZE(sizes)].segments;

		make_command(segments, DMA_FROM_DEVICE);
		assert_int_equal(scsi_queue(NULL, &mid.cmd), 0);
		assert_command(index, segments, segments ? ISP_COMMAND_SIMPLE | ISP_COMMAND_READ : ISP_COMMAND_SIMPLE);
		assert_continuations(index, segments);
		index += sizes[i % ARRAY_SIZE(sizes)].entries;
		assert_int_equal(world_doorbell(), index % ISP_REQUESTS);
		answer_all();
		assert_int_equal(mid.done, 1);
	}
	assert_int_equal(world.maps, world.unmaps);
	assert_int_equal(world_in_flight(), 0);
}

static void test_write(void **state)
{
	make_command(1, DMA_TO_DEVICE);
	assert_int_equal(scsi_queue(NULL, &mid.cmd), 0);
	assert_command(0, 1, ISP_COMMAND_SIMPLE | ISP_COMMAND_WRITE);
}

/* The doorbell waits for the last of a dispatch, or for what comes instead of it. */
static void test_batch(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	mid.cmd.flags = 0;
	assert_int_equal(scsi_queue(NULL, &mid.cmd), 0);
	assert_int_equal(world_doorbell(), 0);
	scsi_commit(NULL, 0);
	assert_int_equal(world_doorbell(), 1);
	answer_all();
	mid.cmd.submitter = SUBMITTED_BY_SCSI_ERROR_HANDLER;
	assert_int_equal(scsi_queue(NULL, &mid.cmd), 0);
	assert_int_equal(world_doorbell(), 2);
}

static void assert_not_taken(int result)
{
	assert_int_equal(scsi_queue(NULL, &mid.cmd), result);
	assert_int_equal(world_doorbell(), 0);
	assert_int_equal(world.maps, world.unmaps);
	assert_int_equal(world_in_flight(), 0);
	assert_false(commands_any(world.host.commands, -1, NULL));
	assert_int_equal(mid.done, !result);
}

static void test_session_refuses(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	mid.cls.state = ISCSI_SESSION_FAILED;
	mid.refuse = DID_TRANSPORT_DISRUPTED << 16;
	assert_not_taken(0);
	assert_int_equal(mid.cmd.result, DID_TRANSPORT_DISRUPTED << 16);
}

/* A session that is lost while its host goes does not come back: nobody is to try again. */
static void test_session_refuses_at_removal(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	mid.cls.state = ISCSI_SESSION_FAILED;
	mid.refuse = DID_TRANSPORT_DISRUPTED << 16;
	world.host.state = HOST_REMOVING;
	assert_not_taken(0);
	assert_int_equal(mid.cmd.result, DID_NO_CONNECT << 16);
}

/* Each try of those that the firmware gives back is counted. */
static void test_session_is_suspect(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	mid.session.is_suspect = true;
	assert_not_taken(SCSI_MLQUEUE_TARGET_BUSY);
	world.host.state = HOST_DEAD;
	assert_not_taken(0);
	assert_int_equal(mid.cmd.result, DID_NO_CONNECT << 16);
}

static void test_no_memory(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	world.map_error = -ENOMEM;
	assert_not_taken(SCSI_MLQUEUE_HOST_BUSY);
}

static const struct { enum host_state state; unsigned long flags; bool is_over; } states[] = {
	{ HOST_STARTING, BIT(HOST_LINK_UP), false }, { HOST_ONLINE, 0, false },
	{ HOST_RECOVERING, BIT(HOST_LINK_UP), false }, { HOST_SUSPENDED, BIT(HOST_LINK_UP), false },
	{ HOST_RECOVERING, BIT(HOST_GONE), true }, { HOST_DEAD, BIT(HOST_LINK_UP), true }, { HOST_REMOVING, 0, true },
};

static void test_host_states(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		make_command(1, DMA_FROM_DEVICE);
		world.host.state = states[i].state;
		world.host.flags = states[i].flags;
		assert_not_taken(states[i].is_over ? 0 : SCSI_MLQUEUE_HOST_BUSY);
		if (states[i].is_over)
			assert_int_equal(mid.cmd.result, DID_NO_CONNECT << 16);
	}
}

/* Caches are written back while the host goes. */
static void test_removing(void **state)
{
	make_command(0, DMA_NONE);
	world.host.state = HOST_REMOVING;
	assert_int_equal(scsi_queue(NULL, &mid.cmd), 0);
	assert_int_equal(world_doorbell(), 1);
	assert_int_equal(mid.done, 0);
}

static void test_no_room(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	rings_set_limit(&world.host.rings, 0);
	world_fly(252);
	assert_int_equal(scsi_queue(NULL, &mid.cmd), SCSI_MLQUEUE_HOST_BUSY);
	rings_finished(&world.host.rings, 252);
	assert_int_equal(scsi_queue(NULL, &mid.cmd), 0);
}

static void test_no_ddb(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	mid.session.ddb = 0xffff;
	assert_not_taken(SCSI_MLQUEUE_HOST_BUSY);
}

static void test_closed(void **state)
{
	make_command(1, DMA_FROM_DEVICE);
	rings_close(&world.host);
	assert_not_taken(SCSI_MLQUEUE_HOST_BUSY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sizes), TEST(test_write), TEST(test_batch), TEST(test_session_refuses),
		TEST(test_session_refuses_at_removal), TEST(test_session_is_suspect), TEST(test_no_memory), TEST(test_host_states),
		TEST(test_removing), TEST(test_no_room), TEST(test_no_ddb), TEST(test_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
