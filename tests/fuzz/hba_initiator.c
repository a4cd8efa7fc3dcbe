/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fuzzer of the emulated card's initiator: after a login that the first byte picks, the rest is what the target sends. With bit 3 it is cut
 * into PDUs (two bytes: opcode and which request's tag, then 46 bytes of header and the data it tells of) whose digests and lengths are put
 * right, so that what is behind the gate is reached. Commands, task management and texts are under way. Whatever comes: each of them ends
 * once, and no byte behind a command's memory is touched.
 */
#define TURN_MS 0
#include "tests/unit/hba_initiator_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define MODE_DIGESTS	0x01
#define MODE_CLOSED	0x02
#define MODE_DISCOVERY	0x04
#define MODE_PUT_RIGHT	0x08
#define MODE_HOLE	0x10
#define MODE_LOGIN	0x20 /* the bytes begin with the login */
#define COMMANDS	6
#define PDU_DATA_MAX	8192

static struct command commands[COMMANDS];
static struct initiator_tmf tmfs[3];
static struct initiator_passthrough texts[2];
static int tmf_dones[3], text_dones[2], tmf_issued[3], text_issued[2], issued[COMMANDS];

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void tmf_done(struct initiator_tmf *tmf)
{
	require(++tmf_dones[tmf - tmfs] == 1);
}

static void text_done(struct initiator_passthrough *passthrough, int error, const struct iscsi_bhs *response, const void *data, size_t length)
{
	require(++text_dones[passthrough - texts] == 1);
	require(!error == !!response);
}

/* Kinds of commands, in turn. */
static enum initiator_direction direction_of(int i)
{
	static const enum initiator_direction directions[] = {INITIATOR_WRITE, INITIATOR_READ, INITIATOR_NO_DATA};

	return directions[i % 3];
}

static void issue_all(uint8_t mode)
{
	static const enum iscsi_task_function functions[] = {ISCSI_TASK_ABORT_TASK, ISCSI_TASK_LU_RESET, ISCSI_TASK_TARGET_WARM_RESET};

	for (int i = 0; i < COMMANDS; i++) {
		command_init(&commands[i], direction_of(i), 700u * (unsigned int)i);
		commands[i].hole = mode & MODE_HOLE && i == 3 ? 1200 : 0;
		issued[i] = initiator_task(world.initiator, &commands[i].task) == 0;
	}
	for (int i = 0; i < 2; i++) {
		texts[i] = (struct initiator_passthrough){.done = text_done, .bytes = "a=b", .length = 4};
		texts[i].request.opcode = i ? ISCSI_PDU_NOP_OUT | ISCSI_PDU_IMMEDIATE : ISCSI_PDU_TEXT_REQUEST | ISCSI_PDU_IMMEDIATE;
		text_issued[i] = initiator_passthrough(world.initiator, &texts[i]) == 0;
	}
	for (int i = 0; i < 3; i++) {
		tmfs[i] = (struct initiator_tmf){.function = functions[i], .task = &commands[4].task, .done = tmf_done};
		tmf_issued[i] = !i || mode & MODE_HOLE ? initiator_tmf(world.initiator, &tmfs[i]) == 0 : 0;
	}
}

static uint32_t tag(uint8_t which)
{
	const struct initiator_tags *tags = &world.initiator->tags;
	unsigned int index = which & 15;

	if (which & 0x80 || index >= tags->count || !tags->slots[index].link)
		return ISCSI_TAG_NONE;
	return tags->slots[index].link->itt;
}

/* The next PDU out of what is left; returns the bytes used. */
static size_t send_right(const uint8_t *bytes, size_t len)
{
	static const uint8_t opcodes[] = {ISCSI_PDU_NOP_IN,	     ISCSI_PDU_SCSI_RESPONSE, ISCSI_PDU_TASK_RESPONSE, ISCSI_PDU_TEXT_RESPONSE,
					  ISCSI_PDU_DATA_IN,	     ISCSI_PDU_LOGOUT_RESPONSE, ISCSI_PDU_R2T,	       ISCSI_PDU_ASYNC_MESSAGE,
					  ISCSI_PDU_REJECT};
	union initiator_bhs bhs = {0};
	size_t used = len < 48 ? len : 48, data = 0, length;
	unsigned char *wire;

	memcpy(&bhs, bytes, used);
	bhs.bhs.opcode = opcodes[bytes[0] % sizeof(opcodes)];
	bhs.bhs.itt = htonl(tag(bhs.bhs.specific1[0]));
	bhs.bhs.ahs_words = 0;
	bhs.text_response.statsn = htonl(world.initiator->exp_statsn);
	if (bhs.bhs.opcode != ISCSI_PDU_R2T)
		data = (size_t)(bhs.bhs.data_length[1] << 8 | bhs.bhs.data_length[2]) % PDU_DATA_MAX;
	data = data < len - used ? data : len - used;
	wire = target_encode(&bhs, bytes + used, data, &length);
	(void)send(world.peer, wire, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(wire);
	return used + data;
}

static void drain(void)
{
	static unsigned char sink[65536];

	while (recv(world.peer, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
}

static void run(uint8_t mode, const uint8_t *bytes, size_t len)
{
	while (len && !world.closes) {
		size_t used = len < 4096 ? len : 4096;

		if (mode & MODE_PUT_RIGHT)
			used = send_right(bytes, len);
		else
			(void)send(world.peer, bytes, used, MSG_NOSIGNAL | MSG_DONTWAIT);
		bytes += used;
		len -= used;
		turn_for(0);
		drain();
	}
	turn_for(0);
}

static void check_end(void)
{
	for (int i = 0; i < COMMANDS; i++) {
		require(commands[i].dones == issued[i]);
		command_free(&commands[i]);
	}
	for (int i = 0; i < 3; i++)
		require(tmf_dones[i] == tmf_issued[i]);
	for (int i = 0; i < 2; i++)
		require(text_dones[i] == text_issued[i]);
}

static const char *keys_of(uint8_t mode)
{
	static const char *const keys[] = {
		"TargetPortalGroupTag=1 InitialR2T=No ImmediateData=Yes FirstBurstLength=512 MaxOutstandingR2T=4 ",
		"TargetPortalGroupTag=1 InitialR2T=No ImmediateData=Yes FirstBurstLength=512 HeaderDigest=CRC32C DataDigest=CRC32C ",
		"TargetPortalGroupTag=1 InitialR2T=Yes ImmediateData=No MaxBurstLength=512 FirstBurstLength=512 MaxRecvDataSegmentLength=512 ",
		"TargetPortalGroupTag=1 InitialR2T=Yes ImmediateData=No HeaderDigest=CRC32C DataDigest=CRC32C ",
	};

	return mode & MODE_DISCOVERY ? "TargetPortalGroupTag=1 " : keys[mode & (MODE_DIGESTS | MODE_CLOSED)];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct initiator_settings settings;
	uint8_t mode = len ? bytes[0] : 0;

	if (!len)
		return 0;
	memset(commands, 0, sizeof(commands));
	memset(tmf_dones, 0, sizeof(tmf_dones));
	memset(text_dones, 0, sizeof(text_dones));
	memset(issued, 0, sizeof(issued));
	memset(tmf_issued, 0, sizeof(tmf_issued));
	memset(text_issued, 0, sizeof(text_issued));
	world_settings(&settings);
	if (mode & MODE_DISCOVERY)
		settings.login.target_name = NULL;
	require(!world_start(&settings));
	if (mode & MODE_LOGIN) {
		turn_for(0);
		turn_for(0);
	} else {
		target_login(keys_of(mode));
		require(world.ready == 1);
		issue_all(mode);
		turn_for(0);
		drain();
	}
	run(mode, bytes + 1, len - 1);
	initiator_close(world.initiator);
	require(initiator_outstanding(world.initiator) == 0);
	check_end();
	world_end();
	return 0;
}
