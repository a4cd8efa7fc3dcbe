/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What raw.h says. The login offers what LIO takes at once, so that it has one exchange: operational stage, no authentication. */
#include "tests/lab/raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/abi/iscsi_proto.h"
#include "transport/user/requests.h"
#include "transport/user/sysfs.h"

static const char login_text[] = "InitiatorName=" RAW_INITIATOR "\0SessionType=Normal\0HeaderDigest=None\0DataDigest=None\0"
				 "InitialR2T=No\0ImmediateData=Yes\0MaxBurstLength=262144\0FirstBurstLength=65536\0"
				 "MaxOutstandingR2T=1\0MaxConnections=1\0DataPDUInOrder=Yes\0DataSequenceInOrder=Yes\0"
				 "ErrorRecoveryLevel=0\0DefaultTime2Wait=2\0DefaultTime2Retain=0\0MaxRecvDataSegmentLength=262144";

/* What LIO agrees to of it, and the timers as iscsid sets them. */
static const struct {
	enum iscsi_param param;
	const char *text;
} settings[] = {
	{ISCSI_PARAM_HDRDGST_EN, "0"},	     {ISCSI_PARAM_DATADGST_EN, "0"},
	{ISCSI_PARAM_EXP_STATSN, NULL},	     {ISCSI_PARAM_MAX_RECV_DLENGTH, "262144"},
	{ISCSI_PARAM_MAX_XMIT_DLENGTH, "8192"}, {ISCSI_PARAM_INITIAL_R2T_EN, "1"},
	{ISCSI_PARAM_MAX_R2T, "1"},	     {ISCSI_PARAM_IMM_DATA_EN, "1"},
	{ISCSI_PARAM_FIRST_BURST, "65536"},  {ISCSI_PARAM_MAX_BURST, "262144"},
	{ISCSI_PARAM_PDU_INORDER_EN, "1"},   {ISCSI_PARAM_DATASEQ_INORDER_EN, "1"},
	{ISCSI_PARAM_ERL, "0"},		     {ISCSI_PARAM_TARGET_NAME, NULL},
	{ISCSI_PARAM_TPGT, "1"},	     {ISCSI_PARAM_PERSISTENT_ADDRESS, NULL},
	{ISCSI_PARAM_PERSISTENT_PORT, NULL}, {ISCSI_PARAM_SESS_RECOVERY_TMO, "20"},
	{ISCSI_PARAM_FAST_ABORT, "1"},	     {ISCSI_PARAM_ABORT_TMO, "15"},
	{ISCSI_PARAM_LU_RESET_TMO, "30"},    {ISCSI_PARAM_TGT_RESET_TMO, "30"},
	{ISCSI_PARAM_PING_TMO, "0"},	     {ISCSI_PARAM_RECV_TMO, "0"},
	{ISCSI_PARAM_IFACE_NAME, "default"}, {ISCSI_PARAM_INITIATOR_NAME, RAW_INITIATOR},
};

int raw_connect(const char *address, int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (inet_pton(AF_INET, address, &to.sin_addr) == 1 && !connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	close(fd);
	return -1;
}

static bool receive(int fd, void *to, size_t bytes)
{
	return recv(fd, to, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

static bool answered(struct raw_session *s)
{
	struct iscsi_bhs_login_response answer;
	char data[1024];
	size_t bytes;

	if (!receive(s->fd, &answer, sizeof(answer)))
		return false;
	bytes = (((size_t)answer.data_length[1] << 8 | answer.data_length[2]) + 3) & ~3ul;
	s->statsn = ntohl(answer.statsn);
	return bytes <= sizeof(data) && (!bytes || receive(s->fd, data, bytes)) && !answer.status_class && (answer.flags & 0x83) == 0x83;
}

bool raw_login(struct raw_session *s, uint32_t cmdsn)
{
	struct iscsi_bhs_login_request ask = {.opcode = 0x43, .flags = 0x87, .isid = {0x00, 0x02}, .cmdsn = htonl(cmdsn)};
	uint32_t isid = htonl(s->isid);
	char data[1024] = "";
	size_t bytes = sizeof(login_text);

	memcpy(ask.isid + 2, &isid, 4);
	memcpy(data, login_text, bytes);
	bytes += (size_t)snprintf(data + bytes, 300, "TargetName=%s", s->target) + 1;
	ask.data_length[1] = (uint8_t)(bytes >> 8);
	ask.data_length[2] = (uint8_t)bytes;
	bytes = (bytes + 3) & ~3ul;
	s->fd = raw_connect(s->address, s->port);
	if (s->fd >= 0 && send(s->fd, &ask, sizeof(ask), MSG_MORE) == sizeof(ask) && send(s->fd, data, bytes, 0) == (ssize_t)bytes &&
	    answered(s))
		return true;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	return false;
}

static void put_settings(const struct raw_session *s, struct request_batch *batch)
{
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(text, sizeof(text), "%s", settings[i].text ? settings[i].text : "");
		if (settings[i].param == ISCSI_PARAM_EXP_STATSN)
			snprintf(text, sizeof(text), "%u", s->statsn + 1);
		else if (settings[i].param == ISCSI_PARAM_TARGET_NAME)
			snprintf(text, sizeof(text), "%s", s->target);
		else if (settings[i].param == ISCSI_PARAM_PERSISTENT_ADDRESS)
			snprintf(text, sizeof(text), "%s", s->address);
		else if (settings[i].param == ISCSI_PARAM_PERSISTENT_PORT)
			snprintf(text, sizeof(text), "%d", s->port);
		batch_set_param(batch, s->sid, 0, settings[i].param, text);
	}
}

int raw_hand_over(struct raw_session *s, bool is_new)
{
	struct request_batch batch;
	int error;

	batch_init(&batch, s->handle);
	if (is_new)
		batch_create_conn(&batch, s->sid, 0);
	batch_bind_conn(&batch, s->sid, 0, (uint64_t)s->fd, true);
	put_settings(s, &batch);
	error = batch_send(s->nl, &batch, NULL, 0);
	batch_done(&batch);
	if (!error)
		error = request_start_conn(s->nl, s->handle, s->sid, 0);
	close(s->fd);
	s->fd = -1;
	return error;
}

int raw_remove(struct raw_session *s)
{
	struct request_batch batch;
	int error;

	batch_init(&batch, s->handle);
	batch_stop_conn(&batch, s->sid, 0, ISCSI_STOP_TERM);
	batch_destroy_conn(&batch, s->sid, 0);
	batch_destroy_session(&batch, s->sid);
	error = batch_send(s->nl, &batch, NULL, 0);
	batch_done(&batch);
	return error;
}

unsigned int raw_remove_all(struct netlink *nl, uint64_t handle)
{
	uint32_t *sids, cids[16];
	struct request_batch batch;
	size_t count, i;
	int conns;

	if (sysfs_session_ids(SYSFS_ROOT, &sids, &count))
		return 0;
	for (i = 0; i < count; i++) {
		batch_init(&batch, handle);
		conns = sysfs_session_conns(SYSFS_ROOT, sids[i], cids, 16);
		for (conns = conns > 16 ? 16 : conns; conns-- > 0;) {
			batch_stop_conn(&batch, sids[i], cids[conns], ISCSI_STOP_TERM);
			batch_destroy_conn(&batch, sids[i], cids[conns]);
		}
		batch_destroy_session(&batch, sids[i]);
		batch_send(nl, &batch, NULL, 0);
		batch_done(&batch);
	}
	free(sids);
	return (unsigned int)count;
}

/* sysfs has a disk a moment before /dev has it, and that a moment before it can be opened. */
static int open_disk(const char *name)
{
	char path[64];
	int fd = -1, tries;

	snprintf(path, sizeof(path), "/dev/%s", name);
	for (tries = 0; tries < 500; tries++) {
		fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
		if (fd >= 0 || (errno != ENXIO && errno != ENOENT))
			break;
		usleep(10000);
	}
	return fd;
}

int raw_read_block(const char *name)
{
	char block[4096] __attribute__((aligned(4096)));
	int fd = open_disk(name), error = 0;
	ssize_t bytes;

	if (fd < 0)
		return errno;
	bytes = pread(fd, block, sizeof(block), 0);
	if (bytes != sizeof(block))
		error = bytes < 0 ? errno : EIO;
	close(fd);
	return error;
}
