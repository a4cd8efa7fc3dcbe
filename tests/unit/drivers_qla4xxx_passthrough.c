/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PDUs of user space on a session of the firmware: what is let through and what the firmware is told, what comes back of an answer, of one
 * that makes no sense, of none, and that memory is kept as long as the firmware may write to it, and no longer.
 */
#include "tests/unit/qla4xxx_asked.h"

/* Of RFC 7143, as the kernel's header has it. */
typedef u32 itt_t;
struct iscsi_hdr {
	u8 opcode, flags, rsvd2[2], hlength, dlength[3], lun[8];
	itt_t itt;
	u32 ttt, statsn, exp_statsn, max_statsn;
	u8 other[12];
};
enum {
	ISCSI_OPCODE_MASK = 0x3f, ISCSI_OP_NOOP_OUT = 0x00, ISCSI_OP_SCSI_CMD = 0x01, ISCSI_OP_LOGIN = 0x03, ISCSI_OP_TEXT = 0x04,
	ISCSI_OP_LOGOUT = 0x06, ISCSI_OP_NOOP_IN = 0x20, ISCSI_OP_TEXT_RSP = 0x24, ISCSI_OP_REJECT = 0x3f,
};
#define RESERVED_ITT	0xffffffffu
#define ntoh24(p)	((u32)(p)[0] << 16 | (u32)(p)[1] << 8 | (p)[2])

struct iscsi_cls_conn {
	struct device { int holders; } dev;
};
#define get_device(dev)	((void)(dev)->holders++)
#define put_device(dev)	((void)(dev)->holders--)

struct qla_session {
	struct qla_host *host;
	u16 ddb;
	enum isp_ddb_state state;
	bool logs_out;
	u8 entry[ISP_DDB_SIZE];
};

static struct qla_session target;
static struct iscsi_cls_conn conn;
#define iscsi_conn_to_session(cls) (cls)
#define session_of(cls)	((void)(cls), &target)

static struct {
	unsigned int pieces, received;
	bool out_of_memory;
	u8 *memory;				/* the last one */
	struct iscsi_hdr header;		/* received */
	char data[64];
	u32 bytes;
} seen;

static void *dma_alloc_coherent(int *dev, size_t size, dma_addr_t *dma, gfp_t gfp)
{
	if (seen.out_of_memory)
		return NULL;
	seen.pieces++;
	seen.memory = calloc(1, size);
	*dma = (uintptr_t)seen.memory;
	return seen.memory;
}

static void dma_free_coherent(int *dev, size_t size, void *memory, dma_addr_t dma)
{
	assert_int_equal(dma, (uintptr_t)memory);
	free(memory);
	seen.pieces--;
}

static void iscsi_recv_pdu(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 bytes)
{
	assert_ptr_equal(cls, &conn);
	seen.header = *header;
	seen.bytes = bytes;
	memcpy(seen.data, data, min(bytes, 64u));
	seen.received++;
}

int passthrough_init(struct qla_host *host);
void passthrough_exit(struct qla_host *host);
int passthrough_send(struct iscsi_cls_conn *cls, struct iscsi_hdr *header, char *data, u32 bytes);
void passthrough_done(struct qla_host *host, const struct isp_passthrough_status *status);
void passthrough_flush(struct qla_host *host, int ddb);
void passthrough_tick(struct qla_host *host);

#include "drivers/qla4xxx/field.c"
#include "drivers/qla4xxx/passthrough.c"

static int begin(void **state)
{
	asked_begin();
	memset(&target, 0, sizeof(target));
	memset(&seen, 0, sizeof(seen));
	memset(&conn, 0, sizeof(conn));
	target.host = &world.host;
	target.ddb = 5;
	target.state = ISP_DDB_ACTIVE;
	field_set(ISP_DDB_ROW_MAX_RECV_SEGMENT, target.entry, 32);
	assert_int_equal(passthrough_init(&world.host), 0);
	return 0;
}

static int end(void **state)
{
	passthrough_exit(&world.host);
	assert_int_equal(asked_in_flight(), 0);
	assert_int_equal(seen.pieces, 0);
	assert_int_equal(conn.dev.holders, 0);
	passthrough_exit(&world.host);
	return 0;
}

static int pass(u8 opcode, u32 length, u32 bytes)
{
	struct iscsi_hdr header = { .opcode = opcode, .itt = 0x11223344, .dlength = { length >> 16, length >> 8, length } };
	char *data = calloc(1, bytes + 1);
	int err;

	snprintf(data, bytes + 1, "%s", bytes >= 15 ? "SendTargets=All" : "");
	err = passthrough_send(&conn, &header, data, bytes);
	free(data);
	return err;
}

static u32 handle(void)
{
	return le32toh(world.entry.passthrough.handle);
}

static void done(u32 of, u8 completion)
{
	const struct isp_passthrough_status status = { .handle = htole32(of), .completion = completion };

	passthrough_done(&world.host, &status);
}

static void work(void)
{
	asked_work(&world.host.passthroughs->work);
}

/* What the firmware writes into the last request's memory. */
static void answers(u8 opcode, const char *text, u32 length)
{
	const struct isp_passthrough *entry = &world.entry.passthrough;
	struct iscsi_hdr *header = (struct iscsi_hdr *)(uintptr_t)((u64)le32toh(entry->in.address_high) << 32 | le32toh(entry->in.address_low));

	header->opcode = opcode;
	header->itt = 0x99999999;
	header->dlength[0] = length >> 16;
	header->dlength[1] = length >> 8;
	header->dlength[2] = length;
	memcpy(header + 1, text, strlen(text));
}

static void wait_seconds(unsigned int seconds)
{
	while (seconds--) {
		jiffies += HZ;
		passthrough_tick(&world.host);
	}
}

static void test_request(void **state)
{
	const struct isp_passthrough *entry = &world.entry.passthrough;

	assert_int_equal(pass(ISCSI_OP_TEXT, 15, 16), 0);
	assert_int_equal(world.told, 1);
	assert_int_equal(entry->header.type, 0x3a);
	assert_int_equal(entry->header.system, 1);
	assert_int_equal(entry->header.count, 1);
	assert_int_equal(le16toh(entry->ddb), 5);
	assert_int_equal(le16toh(entry->flags), 0x1300);
	assert_int_equal(le16toh(entry->timeout), 30);
	assert_int_equal(le32toh(entry->out.length), 48 + 16);
	assert_int_equal(le32toh(entry->in.length), 48 + 32 * 512);
	assert_int_equal((u64)le32toh(entry->out.address_high) << 32 | le32toh(entry->out.address_low), (uintptr_t)seen.memory);
	assert_string_equal((char *)seen.memory + 48, "SendTargets=All");
	answers(ISCSI_OP_TEXT_RSP, "TargetName=x", 12);
	done(handle(), ISP_PASSTHROUGH_OK);
	assert_int_equal(asked_in_flight(), 0);
	work();
	assert_int_equal(seen.received, 1);
	assert_int_equal(seen.bytes, 12);
	assert_string_equal(seen.data, "TargetName=x");
	assert_int_equal(seen.header.itt, 0x11223344);
	assert_int_equal(seen.pieces, 0);
}

static void test_refused(void **state)
{
	assert_int_equal(pass(ISCSI_OP_SCSI_CMD, 0, 0), -EINVAL);
	assert_int_equal(pass(ISCSI_OP_LOGIN, 0, 0), -EINVAL);
	assert_int_equal(pass(ISCSI_OP_TEXT, 16, 15), -EINVAL);
	assert_int_equal(pass(ISCSI_OP_TEXT, 15, 19), -EINVAL);
	assert_int_equal(pass(ISCSI_OP_TEXT, 65537, 65537), -EINVAL);
	target.state = ISP_DDB_LOGIN;
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), -ENOTCONN);
	target.state = ISP_DDB_DISCOVERY;
	target.ddb = 0xffff;
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), -ENOTCONN);
	target.ddb = 5;
	world.is_ready = false;
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), -ENOTCONN);
	world.is_ready = true;
	seen.out_of_memory = true;
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), -ENOMEM);
	seen.out_of_memory = false;
	world.ring_is_full = true;
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), -EBUSY);
	assert_int_equal(world.told, 0);
	assert_int_equal(seen.pieces, 0);
	world.ring_is_full = false;
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
}

static void test_all_taken(void **state)
{
	unsigned int i;

	for (i = 0; i < 64; i++)
		assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), -EBUSY);
	assert_int_equal(seen.pieces, 64);
	done(handle(), ISP_PASSTHROUGH_OK);
	work();
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
}

/* A NOP-Out without a tag has no answer, but the firmware says when it is done with it. */
static void test_quiet(void **state)
{
	struct iscsi_hdr header = { .opcode = ISCSI_OP_NOOP_OUT, .itt = RESERVED_ITT };
	char none[1];

	assert_int_equal(passthrough_send(&conn, &header, none, 0), 0);
	assert_int_equal(le16toh(world.entry.passthrough.flags), 0x1200);
	answers(ISCSI_OP_NOOP_IN, "", 0);
	done(handle(), ISP_PASSTHROUGH_OK);
	work();
	assert_int_equal(seen.received, 0);
	assert_int_equal(seen.pieces, 0);
}

static void test_logout(void **state)
{
	assert_int_equal(pass(ISCSI_OP_LOGOUT, 0, 0), 0);
	assert_true(target.logs_out);
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	assert_false(target.logs_out);
}

/* What the target or the firmware cannot mean is not handed up; its memory goes all the same. */
static void test_nonsense(void **state)
{
	static const struct { u8 opcode, completion; u32 length; } rows[] = {
		{ ISCSI_OP_NOOP_IN, ISP_PASSTHROUGH_OK, 0 }, { ISCSI_OP_TEXT_RSP, ISP_PASSTHROUGH_OK, 32 * 512 + 1 },
		{ ISCSI_OP_TEXT_RSP, ISP_PASSTHROUGH_OK, 0xffffff }, { ISCSI_OP_TEXT_RSP, ISP_PASSTHROUGH_TIMEOUT, 0 },
		{ ISCSI_OP_TEXT_RSP, 0, 0 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
		answers(rows[i].opcode, "", rows[i].length);
		done(handle(), rows[i].completion);
		work();
		assert_int_equal(seen.received, 0);
		assert_int_equal(seen.pieces, 0);
		assert_int_equal(world.warnings, i + 1);
	}
	/* A refusal is an answer. */
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	answers(ISCSI_OP_REJECT, "", 48);
	done(handle(), ISP_PASSTHROUGH_OK);
	work();
	assert_int_equal(seen.received, 1);
}

static void test_answers_of_nobody(void **state)
{
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	done(handle() + 1, ISP_PASSTHROUGH_OK);
	assert_int_equal(world.warnings, 1);
	answers(ISCSI_OP_TEXT_RSP, "", 0);
	done(handle(), ISP_PASSTHROUGH_OK);
	done(handle(), ISP_PASSTHROUGH_OK);
	assert_int_equal(world.warnings, 2);
	work();
	done(handle(), ISP_PASSTHROUGH_OK);
	assert_int_equal(world.warnings, 3);
	assert_int_equal(seen.received, 1);
}

/* Its connection is gone: the answer is nobody's, but the memory is the firmware's until it comes. */
static void test_connection_gone(void **state)
{
	u32 answered;

	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	answers(ISCSI_OP_TEXT_RSP, "", 0);
	done(handle(), ISP_PASSTHROUGH_OK);
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	answers(ISCSI_OP_TEXT_RSP, "", 0);
	answered = handle();
	target.ddb = 6;
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	answers(ISCSI_OP_TEXT_RSP, "", 0);
	passthrough_flush(&world.host, 5);
	work();
	assert_int_equal(seen.received, 0);
	assert_int_equal(seen.pieces, 2);
	done(answered, ISP_PASSTHROUGH_OK);
	done(handle(), ISP_PASSTHROUGH_OK);
	work();
	assert_int_equal(seen.received, 1);
	assert_int_equal(seen.pieces, 0);
}

static void test_lost(void **state)
{
	unsigned int i;

	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	wait_seconds(44);
	assert_int_equal(asked_in_flight(), 1);
	wait_seconds(2);
	assert_int_equal(asked_in_flight(), 0);
	assert_int_equal(world.warnings, 1);
	/* It takes nobody's place, and its memory is still there to be written to. */
	for (i = 0; i < 64; i++)
		assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	assert_int_equal(seen.pieces, 65);
	memset(seen.memory, 0, 48);
	done(1, ISP_PASSTHROUGH_OK);
	work();
	assert_int_equal(seen.received, 0);
	assert_int_equal(seen.pieces, 64);
	assert_int_equal(asked_in_flight(), 64);
	assert_int_equal(world.warnings, 1);
	/* And nobody's place is free for it having come. */
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), -EBUSY);
}

static void test_too_many_lost(void **state)
{
	unsigned int i;

	for (i = 0; i < 7; i++)
		assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	wait_seconds(100);
	assert_int_equal(world.recoveries, 0);
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	wait_seconds(46);
	assert_int_not_equal(world.recoveries, 0);
	assert_int_equal(seen.pieces, 8);
	/* The chip is stopped, which writes to none any more. */
	passthrough_flush(&world.host, -1);
	work();
	assert_int_equal(seen.pieces, 0);
	world.recoveries = 0;
	wait_seconds(100);
	assert_int_equal(world.recoveries, 0);
	for (i = 0; i < 64; i++)
		assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
}

static void test_reset(void **state)
{
	assert_int_equal(pass(ISCSI_OP_TEXT, 0, 0), 0);
	passthrough_flush(&world.host, -1);
	assert_int_equal(asked_in_flight(), 0);
	work();
	assert_int_equal(seen.received, 0);
	assert_int_equal(seen.pieces, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request), TEST(test_refused), TEST(test_all_taken), TEST(test_quiet), TEST(test_logout), TEST(test_nonsense),
		TEST(test_answers_of_nobody), TEST(test_connection_gone), TEST(test_lost), TEST(test_too_many_lost), TEST(test_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
