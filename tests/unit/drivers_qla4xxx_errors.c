/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands that do not come back: what the firmware is asked for, by which registers, and what the mid layer is told; never success while
 * the firmware still has a command.
 */
#include "tests/unit/qla4xxx_world.h"

#define SUCCESS		0x2002
#define FAILED		0x2003
#define FAST_IO_FAIL	0x2008
#define KERN_INFO	""
#define ISCSI_SESSION_FREE 2
#define COMPAT_TIMEOUT_RECOVER 0
#define COMPAT_TIMEOUT_LATER 1
#define RECOVER_REQUEST	1
#define host_of(shost)	(&world.host)
#define scsi_target(device) (device)
#define starget_to_session(target) (&mid.cls)
#define session_of(cls)	(&mid.session)
#define scmd_printk(...) ((void)0)
#define sdev_printk(level, sdev, ...) ((void)(sdev))
#define host_is_lost(host) false

struct qla_session {
	u16 ddb;
};

static struct {
	struct iscsi_cls_session cls;
	struct qla_session session;
	struct scsi_device device, other;
	struct scsi_cmnd cmds[3];		/* two of the device, one of another */
	u32 done, asked;
	u32 regs[ISP_MAILBOXES];		/* of the last question */
	enum isp_mailbox opcode;
	int error;
	u32 status;				/* of a refusal */
	bool gives_back, resets;
	int blocked, recovery;
} mid;

void scsi_done(struct scsi_cmnd *cmd)
{
	mid.done++;
}

static int iscsi_block_scsi_eh(struct scsi_cmnd *cmd)
{
	return mid.blocked;
}

static void give_back(u32 tag)
{
	struct command_slot *slot = command_take(world.host.commands, world.host.commands->slots[tag].live);

	if (!slot)
		return;
	command_finish(&world.host, slot);
	scsi_done(command_end(slot));
}

static int mailbox_ask(struct qla_host *host, enum isp_mailbox opcode, u32 regs[ISP_MAILBOXES])
{
	memcpy(mid.regs, regs, sizeof(mid.regs));
	mid.opcode = opcode;
	mid.asked++;
	regs[0] = mid.status;
	if (mid.gives_back) {
		give_back(0);
		if (opcode != ISP_MBOX_ABORT_TASK)
			give_back(1);
		if (opcode == ISP_MBOX_TARGET_WARM_RESET)
			give_back(2);
	}
	return mid.error;
}

static int recover_and_wait(struct qla_host *host, int reason)
{
	if (mid.resets)
		scsi_flush(host, -1, DID_RESET);
	return mid.recovery;
}

#include "drivers/qla4xxx/errors.c"

static int begin(void **state)
{
	unsigned int i;

	world_begin(state);
	memset(&mid, 0, sizeof(mid));
	mid.session.ddb = 9;
	mid.device.lun = 0x102;
	mid.status = ISP_STATUS_COMPLETE;
	for (i = 0; i < ARRAY_SIZE(mid.cmds); i++) {
		mid.cmds[i] = (struct scsi_cmnd){ .device = i < 2 ? &mid.device : &mid.other, .tag = i };
		world_fly(1);
		assert_int_not_equal(command_begin(world.host.commands, &mid.cmds[i], 9, 1), 0);
	}
	return 0;
}

/* The request ring holds nothing but this marker, or nothing. */
static void assert_marker(unsigned int count, enum isp_marker_modifier modifier)
{
	static const u8 lun[8] = { 1, 2 }, none[8];
	const struct isp_marker *marker = &world.host.rings.requests[0].marker;

	assert_int_equal(world_doorbell(), count);
	if (!count)
		return;
	assert_int_equal(marker->header.type, ISP_IOCB_MARKER);
	assert_int_equal(le16toh(marker->ddb), 9);
	assert_int_equal(le16toh(marker->modifier), modifier);
	assert_memory_equal(marker->lun, modifier == ISP_MARKER_LUN_RESET ? lun : none, sizeof(lun));
}

static void test_abort(void **state)
{
	u32 handle = command_handle(world.host.commands, &mid.cmds[0]);

	mid.gives_back = true;
	assert_int_equal(eh_abort(&mid.cmds[0]), SUCCESS);
	assert_int_equal(mid.opcode, ISP_MBOX_ABORT_TASK);
	assert_int_equal(mid.regs[1], 9);
	assert_int_equal(mid.regs[2], handle);
	assert_int_equal(mid.regs[5], 1);
	/* Nothing is left to be asked for. */
	assert_int_equal(eh_abort(&mid.cmds[0]), SUCCESS);
	assert_int_equal(mid.asked, 1);
}

static struct command_slot *being_answered;

static void tell_answer(void)
{
	if (being_answered)
		scsi_done(command_end(being_answered));
	being_answered = NULL;
}

/* Somebody has the answer and has not told it yet: the mid layer does not get the command before. */
static void test_abort_of_answered(void **state)
{
	being_answered = command_take(world.host.commands, command_handle(world.host.commands, &mid.cmds[0]));
	assert_non_null(being_answered);
	world_on_sleep = tell_answer;
	assert_int_equal(eh_abort(&mid.cmds[0]), SUCCESS);
	assert_int_equal(mid.done, 1);
	assert_int_equal(mid.asked, 0);
}

/* The same for a reset, behind which nothing of the device may come. */
static void test_reset_waits_for_answered(void **state)
{
	mid.gives_back = true;
	being_answered = command_take(world.host.commands, command_handle(world.host.commands, &mid.cmds[0]));
	world_on_sleep = tell_answer;
	assert_int_equal(eh_device_reset(&mid.cmds[1]), SUCCESS);
	assert_int_equal(mid.done, 2);
	assert_null(being_answered);
}

static void test_abort_refused(void **state)
{
	mid.error = -EIO;
	mid.status = ISP_STATUS_COMMAND_ERROR;
	assert_int_equal(eh_abort(&mid.cmds[0]), FAILED);
	/* It was answered meanwhile. */
	mid.gives_back = true;
	assert_int_equal(eh_abort(&mid.cmds[0]), SUCCESS);
}

static void test_abort_without_return(void **state)
{
	static const int errors[] = { 0, -ENODEV, -EBUSY, -ETIMEDOUT };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		unsigned long began = jiffies;

		mid.error = errors[i];
		assert_int_equal(eh_abort(&mid.cmds[0]), FAILED);
		assert_in_range(jiffies - began, RETURN_MS, RETURN_MS + 100);
	}
}

static void test_lun_reset(void **state)
{
	mid.gives_back = true;
	assert_int_equal(eh_device_reset(&mid.cmds[0]), SUCCESS);
	assert_int_equal(mid.opcode, ISP_MBOX_LUN_RESET);
	assert_int_equal(mid.regs[1], 9);
	assert_int_equal(mid.regs[2], 0x0201);	/* the first byte of the LUN is the lowest */
	assert_int_equal(mid.regs[3], 0);
	assert_int_equal(mid.regs[5], 1);
	assert_marker(1, ISP_MARKER_LUN_RESET);
	assert_int_equal(mid.done, 2);
	assert_int_equal(world_in_flight(), 1);
}

/* The firmware may say "command error" to a reset that it does. */
static void test_target_reset(void **state)
{
	mid.gives_back = true;
	mid.error = -EIO;
	mid.status = ISP_STATUS_COMMAND_ERROR;
	assert_int_equal(eh_target_reset(&mid.cmds[0]), SUCCESS);
	assert_int_equal(mid.opcode, ISP_MBOX_TARGET_WARM_RESET);
	assert_int_equal(mid.regs[2] | mid.regs[3], 0);
	assert_marker(1, ISP_MARKER_TARGET_RESET);
	assert_int_equal(mid.done, 3);
}

static void test_reset_fails(void **state)
{
	assert_int_equal(eh_device_reset(&mid.cmds[0]), FAILED);
	mid.error = -EIO;
	mid.status = ISP_STATUS_PARAMETER_ERROR;
	assert_int_equal(eh_device_reset(&mid.cmds[0]), FAILED);
	mid.error = 0;
	mid.blocked = FAST_IO_FAIL;
	assert_int_equal(eh_device_reset(&mid.cmds[0]), FAST_IO_FAIL);
	mid.blocked = 0;
	mid.session.ddb = 0xffff;
	assert_int_equal(eh_device_reset(&mid.cmds[0]), FAILED);
	assert_marker(0, 0);
}

/* The chip was reset meanwhile, which gave all back: the device is not to be asked. */
static void test_reset_overtaken(void **state)
{
	mid.error = -ETIMEDOUT;
	mid.gives_back = true;
	assert_int_equal(eh_device_reset(&mid.cmds[0]), FAST_IO_FAIL);
	mid.cmds[0].submitter = SUBMITTED_BY_SCSI_RESET_IOCTL;
	assert_int_equal(eh_device_reset(&mid.cmds[0]), FAILED);
	assert_marker(0, 0);
}

static void test_host_reset(void **state)
{
	assert_int_equal(eh_host_reset(&mid.cmds[0]), FAILED);
	mid.resets = true;
	assert_int_equal(eh_host_reset(&mid.cmds[0]), FAST_IO_FAIL);
	assert_int_equal(mid.done, 3);
	mid.cmds[0].submitter = SUBMITTED_BY_SCSI_RESET_IOCTL;
	assert_int_equal(eh_host_reset(&mid.cmds[0]), SUCCESS);
	mid.recovery = -EIO;
	assert_int_equal(eh_host_reset(&mid.cmds[0]), FAILED);
}

/* An ioctl comes through the gate, which the mid layer's own commands do not need. */
static void test_gate(void **state)
{
	struct gate *gate = &world.host.gate;

	mid.gives_back = true;
	mid.resets = true;
	gate->is_closed = true;
	mid.cmds[0].submitter = SUBMITTED_BY_SCSI_RESET_IOCTL;
	assert_int_equal(eh_device_reset(&mid.cmds[0]), FAILED);
	assert_int_equal(eh_target_reset(&mid.cmds[0]), FAILED);
	assert_int_equal(eh_host_reset(&mid.cmds[0]), FAILED);
	assert_int_equal(mid.asked + mid.done, 0);
	mid.cmds[0].submitter = SUBMITTED_BY_SCSI_ERROR_HANDLER;
	assert_int_equal(eh_target_reset(&mid.cmds[0]), SUCCESS);
	assert_int_equal(gate->entered, 0);
	gate->is_closed = false;
	mid.cmds[0].submitter = SUBMITTED_BY_SCSI_RESET_IOCTL;
	assert_int_equal(eh_target_reset(&mid.cmds[0]), SUCCESS);
	assert_int_equal(eh_host_reset(&mid.cmds[0]), SUCCESS);
	assert_int_equal(gate->entered, 2);
	assert_int_equal(gate->inside, 0);
}

static void test_timed_out(void **state)
{
	assert_int_equal(eh_timed_out(&mid.cmds[0]), COMPAT_TIMEOUT_RECOVER);
	mid.cls.state = ISCSI_SESSION_FAILED;
	assert_int_equal(eh_timed_out(&mid.cmds[0]), COMPAT_TIMEOUT_LATER);
	mid.cls.state = ISCSI_SESSION_FREE;
	assert_int_equal(eh_timed_out(&mid.cmds[0]), COMPAT_TIMEOUT_RECOVER);
	world.host.state = HOST_RECOVERING;
	assert_int_equal(eh_timed_out(&mid.cmds[0]), COMPAT_TIMEOUT_LATER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_abort), TEST(test_abort_of_answered), TEST(test_reset_waits_for_answered), TEST(test_abort_refused),
		TEST(test_abort_without_return), TEST(test_lun_reset), TEST(test_target_reset),
		TEST(test_reset_fails), TEST(test_reset_overtaken), TEST(test_host_reset), TEST(test_gate),
		TEST(test_timed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
