/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel TARGET ADDRESS PORT: the user side of the kernel ABI against a real kernel and target, without the daemon. One session's
 * life: login on a plain socket, handover with every parameter read back from sysfs, disks, counters, a lost and regained connection,
 * logout; and requests the kernel must refuse. Prints TAP; run as root in the lab by suite/kernel.sh.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/lab/raw.h"
#include "tests/lab/tap.h"
#include "transport/abi/iscsi_proto.h"
#include "transport/user/names.h"
#include "transport/user/adapter.h"
#include "transport/user/requests.h"
#include "transport/user/scsi.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define WAIT_MS	  20000

static bool check_number(int64_t got, int64_t want, const char *what)
{
	return check(got == want, "%s: %lld, want %lld", what, (long long)got, (long long)want);
}

/* ---- events: what came, and waiting for it ---- */

struct session {
	struct netlink *nl;
	uint64_t handle;
	uint32_t caps;
	uint32_t sid;
	uint32_t host_no;
	const char *target;
	const char *address;
	int port;
	int fd;
	uint32_t statsn; /* last one of the login */
	unsigned int seen[16];
	unsigned int conn_error;
	uint8_t pdu_opcode;
	unsigned int overflows;
};

static void on_event(const struct netlink_event *event, void *data)
{
	struct session *s = data;

	printf("# event %s sid %u cid %u host %u code %u\n", event_name(event->type), event->sid, event->cid, event->host_no,
	       event->code);
	s->seen[event->type - ISCSI_KEVENT_RECV_PDU]++;
	if (event->type == ISCSI_KEVENT_RECV_PDU)
		s->pdu_opcode = *(const uint8_t *)event->bhs & ISCSI_PDU_OPCODE_BITS;
	if (event->type == ISCSI_KEVENT_CONN_ERROR)
		s->conn_error = event->code;
}

static void on_overflow(void *data)
{
	((struct session *)data)->overflows++;
}

static unsigned int seen(const struct session *s, enum iscsi_event type)
{
	return s->seen[type - ISCSI_KEVENT_RECV_PDU];
}

static bool wait_event(struct session *s, enum iscsi_event type, unsigned int count)
{
	struct pollfd watch = { .fd = netlink_fd(s->nl), .events = POLLIN };

	while (seen(s, type) < count && poll(&watch, 1, WAIT_MS) == 1)
		if (netlink_dispatch(s->nl) < 0)
			return false;
	return seen(s, type) >= count;
}

static bool login(struct session *s, uint32_t cmdsn)
{
	struct raw_session raw = { .target = s->target, .address = s->address, .port = s->port, .isid = 0x3d010203 };
	bool good = raw_login(&raw, cmdsn);

	s->fd = raw.fd;
	s->statsn = raw.statsn;
	return good;
}

/* ---- the handover ---- */

/* What is set, and thus what sysfs has to show afterwards. */
static const struct {
	enum iscsi_param param;
	const char *text; /* NULL: from the session */
} settings[] = {
	{ ISCSI_PARAM_HDRDGST_EN, "0" },
	{ ISCSI_PARAM_DATADGST_EN, "0" },
	{ ISCSI_PARAM_EXP_STATSN, NULL },
	{ ISCSI_PARAM_MAX_RECV_DLENGTH, "262144" },
	{ ISCSI_PARAM_MAX_XMIT_DLENGTH, "131072" },
	{ ISCSI_PARAM_INITIAL_R2T_EN, "1" },
	{ ISCSI_PARAM_MAX_R2T, "1" },
	{ ISCSI_PARAM_IMM_DATA_EN, "1" },
	{ ISCSI_PARAM_FIRST_BURST, "65536" },
	{ ISCSI_PARAM_MAX_BURST, "262144" },
	{ ISCSI_PARAM_PDU_INORDER_EN, "1" },
	{ ISCSI_PARAM_DATASEQ_INORDER_EN, "1" },
	{ ISCSI_PARAM_ERL, "0" },
	{ ISCSI_PARAM_TARGET_NAME, NULL },
	{ ISCSI_PARAM_TPGT, "1" },
	{ ISCSI_PARAM_PERSISTENT_ADDRESS, "portal.example" },
	{ ISCSI_PARAM_PERSISTENT_PORT, "3333" },
	{ ISCSI_PARAM_SESS_RECOVERY_TMO, "77" },
	{ ISCSI_PARAM_USERNAME, "user" },
	{ ISCSI_PARAM_PASSWORD, "secret" },
	{ ISCSI_PARAM_FAST_ABORT, "1" },
	{ ISCSI_PARAM_ABORT_TMO, "16" },
	{ ISCSI_PARAM_LU_RESET_TMO, "31" },
	{ ISCSI_PARAM_TGT_RESET_TMO, "32" },
	{ ISCSI_PARAM_PING_TMO, "6" },
	{ ISCSI_PARAM_RECV_TMO, "5" },
	{ ISCSI_PARAM_IFACE_NAME, "default" },
	{ ISCSI_PARAM_INITIATOR_NAME, RAW_INITIATOR },
	{ ISCSI_PARAM_DISCOVERY_SESS, "0" },
	{ ISCSI_PARAM_IFMARKER_EN, "0" }, /* no driver knows these two */
	{ ISCSI_PARAM_HOST_RESET_TMO, "60" },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static void setting_text(const struct session *s, size_t i, char text[300])
{
	if (settings[i].param == ISCSI_PARAM_EXP_STATSN)
		snprintf(text, 300, "%u", s->statsn + 1);
	else
		snprintf(text, 300, "%s", settings[i].text ? settings[i].text : s->target);
}

static void put_settings(struct session *s, struct request_batch *batch)
{
	char text[300];
	size_t i;

	for (i = 0; i < SETTINGS; i++) {
		setting_text(s, i, text);
		batch_set_param(batch, s->sid, 0, settings[i].param, text);
	}
}

static bool hand_over(struct session *s, bool first)
{
	struct request_result results[SETTINGS + 2];
	struct request_batch batch;
	unsigned int i, count, tolerated = 0;
	int error;

	batch_init(&batch, s->handle);
	if (first)
		batch_create_conn(&batch, s->sid, 0);
	batch_bind_conn(&batch, s->sid, 0, (uint64_t)s->fd, true);
	put_settings(s, &batch);
	count = batch.count;
	error = batch_send(s->nl, &batch, results, count);
	batch_done(&batch);
	for (i = 0; i < count; i++) {
		if (results[i].error)
			printf("# %s %s: %s\n", request_name(results[i].request), param_row(results[i].param)->id,
			       strerror(-results[i].error));
		tolerated += results[i].tolerated;
	}
	check_number(error, 0, "a batch of bind and every parameter");
	check_number(tolerated, 2, "parameters the driver does not know, and a login can do without");
	error = error ? error : request_start_conn(s->nl, s->handle, s->sid, 0);
	close(s->fd);
	return check_number(error, 0, "start");
}

static void read_back(struct session *s)
{
	char path[200], want[300], got[300];
	unsigned int good = 0, shown = 0;
	size_t i;

	for (i = 0; i < SETTINGS; i++) {
		const struct param_row *row = param_row(settings[i].param);

		snprintf(path, sizeof(path), row->object == PARAM_CONN ? "class/iscsi_connection/connection%u:0/%s" :
									  "class/iscsi_session/session%u/%s",
			 s->sid, row->attribute);
		if (row->object == PARAM_HIDDEN || settings[i].param == ISCSI_PARAM_EXP_STATSN ||
		    sysfs_read(SYSFS_ROOT, path, got, sizeof(got)) < 0)
			continue; /* StatSN moves on; a driver need not show all it takes */
		setting_text(s, i, want);
		shown++;
		good += !strcmp(got, want);
		if (strcmp(got, want) != 0)
			printf("# %s is %s, not %s\n", row->attribute, got, want);
	}
	check(good == shown && shown >= 26, "%u of %u parameters read back as they were set", good, shown);
}

static void look(struct session *s)
{
	struct sysfs_session view;

	check_number(sysfs_session_read(SYSFS_ROOT, s->sid, SYSFS_FULL, &view), 0, "the session in sysfs");
	check(!strcmp(view.transport, "tcp") && view.host_no == s->host_no && view.has_conn, "its transport, host, connection");
	check(!strcmp(view.state, "LOGGED_IN") && !strcmp(view.conn_state, "up"), "states: %s, %s", view.state, view.conn_state);
	check(!strcmp(view.address, s->address) && view.port == s->port, "address: %s:%lld", view.address, (long long)view.port);
	check(!strcmp(view.persistent_address, "portal.example") && view.persistent_port == 3333, "the record's address");
	check(view.creator > 0 && view.recovery_tmo == 77 && view.abort_tmo == 16, "creator and timeouts");
	check(!strcmp(view.username, "user") && !strcmp(view.password, "secret") && !view.username_in[0], "CHAP for root");
}

/* ---- disks ---- */

static void disks(struct session *s)
{
	struct sysfs_device *devices;
	char path[100], text[16];
	size_t count;

	check_number(scsi_scan_session(SYSFS_ROOT, s->sid, s->host_no), 0, "scan");
	check(scsi_wait_block_devices(SYSFS_ROOT, s->sid, WAIT_MS) >= 1, "block devices come");
	check_number(scsi_set_queue_depth(SYSFS_ROOT, s->sid, 17), 0, "queue depth");
	check_number(scsi_rescan_session(SYSFS_ROOT, s->sid, s->host_no), 0, "rescan");
	check_number(sysfs_session_devices(SYSFS_ROOT, s->sid, &devices, &count), 0, "devices");
	if (!check(count > 0 && devices[0].block[0] && !strcmp(devices[0].state, "running"), "a disk runs"))
		return;
	snprintf(path, sizeof(path), "bus/scsi/devices/%u:0:%u:%llu/queue_depth", devices[0].host_no, devices[0].target,
		 (unsigned long long)devices[0].lun);
	check(sysfs_read(SYSFS_ROOT, path, text, sizeof(text)) > 0 && !strcmp(text, "17"), "its queue depth is 17");
	check_number(raw_read_block(devices[0].block), 0, "a block of it");
	free(devices);
}

/* ---- what the kernel refuses ---- */

/* What only adapters have: a software host says so, one way or the other. */
static void adapter_refusals(struct session *s)
{
	struct iscsi_chap_entry entry = { .username = "a", .password = "b", .password_length = 1 };
	struct iscsi_host_stats stats;
	struct attributes attributes = { 0 };
	unsigned int count;
	uint32_t index;

	attributes_add(&attributes, ISCSI_FLASHNODE_TPGT, "\1", 2);
	check_number(request_get_chap(s->nl, s->handle, s->host_no, 0, &entry, 1, &count), -EINVAL, "a CHAP table");
	check_number(request_set_chap(s->nl, s->handle, s->host_no, &entry), -ENOSYS, "an entry of it");
	check_number(request_delete_chap(s->nl, s->handle, s->host_no, 0), -ENOSYS, "its end");
	check_number(request_get_host_stats(s->nl, s->handle, s->host_no, &stats, NULL, 0, &count), -ENOSYS, "counters of a host");
	check_number(request_new_flashnode(s->nl, s->handle, s->host_no, "ipv4", &index), -ENOSYS, "a flashnode");
	check_number(request_set_flashnode(s->nl, s->handle, s->host_no, 0, &attributes), -ENOSYS, "its fields");
	check_number(request_del_flashnode(s->nl, s->handle, s->host_no, 0), -ENOSYS, "its end");
	check_number(request_login_flashnode(s->nl, s->handle, s->host_no, 0), -ENOSYS, "a login by the card");
	check_number(request_logout_flashnode(s->nl, s->handle, s->host_no, 0), -ENOSYS, "a logout by the card");
	check_number(request_logout_flashnode_sid(s->nl, s->handle, s->host_no, s->sid), -ENOSYS, "a logout of a session by the card");
	check_number(request_set_iface_params(s->nl, s->handle, s->host_no, &attributes), -ENOSYS, "settings of an iface");
	attributes_done(&attributes);
}

static void refusals(struct session *s)
{
	struct sockaddr_storage to = { .ss_family = AF_INET };
	struct iscsi_stats stats;
	struct request_batch batch;
	struct request_result result;
	uint32_t sid, host_no;
	unsigned int count = 0;

	check_number(request_create_session(s->nl, s->handle + 8, 0, 32, 32, &sid, &host_no), -EINVAL, "a wrong handle");
	check_number(request_start_conn(s->nl, s->handle, 4000000, 0), -EINVAL, "start of no session");
	check_number(request_get_stats(s->nl, s->handle, 4000000, 0, &stats, NULL, 0, NULL), -EEXIST, "counters of no session");
	check_number(request_unbind_session(s->nl, s->handle, 4000000), -EINVAL, "unbind of no session");
	check_number(request_destroy_session(s->nl, s->handle, 4000000), -EINVAL, "destroy of no session");
	check_number(request_destroy_session(s->nl, s->handle, s->sid), -EBUSY, "destroy with a connection");
	check_number(request_ping(s->nl, s->handle, s->host_no, 0, 1, 32, 1, (struct sockaddr *)&to, sizeof(to)), -ENOSYS,
		     "ping by a driver that cannot");
	adapter_refusals(s);
	check_number(request_create_session(s->nl, s->handle, 0, 32, 32, &sid, &host_no), 0, "a session to fail with");
	batch_init(&batch, s->handle);
	batch_create_conn(&batch, sid, 0);
	batch_send(s->nl, &batch, NULL, 0);
	batch_set_number(&batch, sid, 0, ISCSI_PARAM_HDRDGST_EN, 0);
	check_number(batch_send(s->nl, &batch, &result, 1), -ENOTCONN, "a parameter before bind");
	batch_bind_conn(&batch, sid, 0, 999, true);
	check(batch_send(s->nl, &batch, &result, 1) < 0, "bind of no socket: %s", strerror(-result.error));
	batch_stop_conn(&batch, sid, 0, ISCSI_STOP_TERM);
	batch_destroy_conn(&batch, sid, 0);
	check_number(batch_send(s->nl, &batch, NULL, 0), 0, "stop and destroy of its connection");
	count = seen(s, ISCSI_KEVENT_DESTROY_SESSION);
	batch_destroy_session(&batch, sid);
	check_number(batch_send(s->nl, &batch, NULL, 0), 0, "destroy that waits");
	batch_done(&batch);
	check(wait_event(s, ISCSI_KEVENT_DESTROY_SESSION, count + 1), "event of its end");
}

/* ---- loss and return ---- */

static uint32_t count_commands(struct session *s)
{
	struct iscsi_stats stats = { 0 };
	struct iscsi_stats_custom custom[ISCSI_STATS_CUSTOM_MAX];
	unsigned int count = 0;

	check_number(request_get_stats(s->nl, s->handle, s->sid, 0, &stats, custom, ISCSI_STATS_CUSTOM_MAX, &count), 0, "counters");
	check(stats.scsicmd_pdus > 0 && stats.rxdata_octets > 0 && count == stats.custom_length, "%u commands, %u counters of the driver",
	      stats.scsicmd_pdus, count);
	return stats.scsicmd_pdus;
}

static void lose_and_return(struct session *s)
{
	struct sysfs_device *devices;
	char state[32] = "";
	size_t count;
	uint32_t commands;

	check_number(request_stop_conn(s->nl, s->handle, s->sid, 0, ISCSI_STOP_RECOVER), 0, "stop");
	commands = count_commands(s);
	sysfs_session_state(SYSFS_ROOT, s->sid, state, sizeof(state));
	check(!strcmp(state, "FAILED"), "state in between: %s", state);
	if (!check(login(s, commands), "login again with CmdSN %u", commands) || !hand_over(s, false))
		return;
	sysfs_session_state(SYSFS_ROOT, s->sid, state, sizeof(state));
	check(!strcmp(state, "LOGGED_IN"), "state afterwards: %s", state);
	if (!sysfs_session_devices(SYSFS_ROOT, s->sid, &devices, &count) && count)
		check_number(raw_read_block(devices[0].block), 0, "a block of it");
	free(devices);
}

static void logout(struct session *s)
{
	struct iscsi_bhs_logout_request ask = { .opcode = 0x46, .flags = 0x80, .itt = htonl(1) };
	struct sysfs_session view;
	struct request_batch batch;
	unsigned int gone = seen(s, ISCSI_KEVENT_DESTROY_SESSION), unbound = seen(s, ISCSI_KEVENT_UNBIND_SESSION);

	check_number(request_unbind_session(s->nl, s->handle, s->sid), 0, "unbind");
	check(wait_event(s, ISCSI_KEVENT_UNBIND_SESSION, unbound + 1), "event of the unbind");
	check_number(request_send_pdu(s->nl, s->handle, s->sid, 0, &ask, NULL, 0), 0, "logout PDU");
	check(wait_event(s, ISCSI_KEVENT_RECV_PDU, 1), "event of the answer");
	check_number(s->pdu_opcode, ISCSI_PDU_LOGOUT_RESPONSE, "its opcode");
	batch_init(&batch, s->handle);
	batch_stop_conn(&batch, s->sid, 0, ISCSI_STOP_TERM);
	batch_destroy_conn(&batch, s->sid, 0);
	check_number(batch_send(s->nl, &batch, NULL, 0), 0, "stop and destroy of the connection");
	batch_done(&batch);
	check_number(request_destroy_session(s->nl, s->handle, s->sid), 0, "destroy that does not wait");
	check(wait_event(s, ISCSI_KEVENT_DESTROY_SESSION, gone + 1), "event of the end");
	check_number(sysfs_session_read(SYSFS_ROOT, s->sid, SYSFS_LINE, &view), -ENOENT, "the session is not in sysfs");
}

static bool begin(struct session *s)
{
	check_number(transport_load_class(SYSFS_ROOT), 0, "the class is loaded");
	if (!check_number(transport_load(SYSFS_ROOT, "tcp"), 0, "the transport is loaded") ||
	    !check_number(transport_handle(SYSFS_ROOT, "tcp", &s->handle, &s->caps), 0, "its number") ||
	    !check_number(netlink_open(on_event, on_overflow, s, &s->nl), 0, "netlink"))
		return false;
	check_number(s->caps, 0x39, "its capabilities");
	if (!check(login(s, 0), "login on a plain socket") ||
	    !check_number(request_create_session(s->nl, s->handle, 0, 128, 32, &s->sid, &s->host_no), 0, "create session"))
		return false;
	check(netlink_has_deferred(s->nl) && wait_event(s, ISCSI_KEVENT_CREATE_SESSION, 1), "event of the creation, after the call");
	return hand_over(s, true);
}

int main(int argc, char **argv)
{
	struct session s = { 0 };
	int counter;

	if (argc != 4)
		return 2;
	s.target = argv[1];
	s.address = argv[2];
	s.port = atoi(argv[3]);
	if (begin(&s)) {
		read_back(&s);
		look(&s);
		disks(&s);
		count_commands(&s);
		refusals(&s);
		lose_and_return(&s);
		logout(&s);
	}
	for (counter = 0; s.nl && counter < NETLINK_COUNTER_COUNT; counter++)
		if (counter != NETLINK_STALE)
			check_number((int64_t)netlink_count(s.nl, (enum netlink_counter)counter), 0,
				     netlink_counter_text((enum netlink_counter)counter));
	netlink_close(s.nl);
	return tap_end("kernel");
}
