/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The view of sysfs against a tree made here: one session over TCP as the kernel shows it, one of a card, one without a connection,
 * one that lies. Attributes are files, class entries are links, as in /sys.
 */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/sysfs.h"

static char root[] = "/tmp/openhba-sysfs.XXXXXX";

static void make_parents(const char *path)
{
	char part[512];
	size_t i;

	snprintf(part, sizeof(part), "%s", path);
	for (i = strlen(root) + 1; part[i]; i++) {
		if (part[i] != '/')
			continue;
		part[i] = '\0';
		mkdir(part, 0755);
		part[i] = '/';
	}
}

static void make_file(const char *folder, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	make_parents(path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_files(const char *folder, const char *const files[][2])
{
	size_t i;

	for (i = 0; files[i][0]; i++)
		make_file(folder, files[i][0], files[i][1]);
}

static void make_link(const char *name, const char *target)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	assert_int_equal(symlink(target, path), 0);
}

/* An object of a class: its directory, the link in the class and, as the kernel has it, the link back to its device. */
static void make_object(const char *class, const char *name, const char *device, const char *const files[][2])
{
	char folder[300], link[400], target[400];

	snprintf(folder, sizeof(folder), "devices/%s/%s/%s", device, class, name);
	make_files(folder, files);
	snprintf(link, sizeof(link), "class/%s/%s", class, name);
	snprintf(target, sizeof(target), "../../%s", folder);
	make_link(link, target);
	snprintf(link, sizeof(link), "%s/device", folder);
	make_link(link, "../..");
}

static void make_device(const char *session, const char *target, const char *hctl, const char *type, const char *block)
{
	char folder[300], deeper[400];

	snprintf(folder, sizeof(folder), "devices/%s/%s/%s", session, target, hctl);
	make_file(folder, "type", type);
	make_file(folder, "state", "running\n");
	if (block) {
		snprintf(deeper, sizeof(deeper), "%s/%s", folder, block);
		make_file(deeper, "dev", "8:0\n");
	}
}

#define FILES (const char *const[][2])
#define END { NULL, NULL }

static void make_tcp_host(const char *host)
{
	char device[64];

	snprintf(device, sizeof(device), "platform/%s", host);
	make_object("scsi_host", host, device, FILES{ { "proc_name", "iscsi_tcp\n" }, { "state", "running\n" }, END });
	make_object("iscsi_host", host, device,
		    FILES{ { "ipaddress", "127.0.0.1\n" },
			   { "hwaddress", "(null)\n" },
			   { "netdev", "eth1\n" },
			   { "initiatorname", "(null)\n" },
			   END });
}

static void make_tcp_session(void)
{
	make_tcp_host("host0");
	make_object("iscsi_session", "session1", "platform/host0/session1",
		    FILES{ { "targetname", "iqn.2026-01.lab:t0\n" },
			   { "tpgt", "1\n" },
			   { "creator", "287\n" },
			   { "state", "LOGGED_IN\n" },
			   { "target_state", "SCANNED\n" },
			   { "target_id", "0\n" },
			   { "initiatorname", "iqn.1993-08.org.debian:01:lab\n" },
			   { "ifacename", "default\n" },
			   { "recovery_tmo", "120\n" },
			   { "abort_tmo", "15\n" },
			   { "lu_reset_tmo", "30\n" },
			   { "tgt_reset_tmo", "30\n" },
			   { "first_burst_len", "65536\n" },
			   { "max_burst_len", "262144\n" },
			   { "immediate_data", "1\n" },
			   { "initial_r2t", "0\n" },
			   { "max_outstanding_r2t", "1\n" },
			   { "username", "user1\n" },
			   { "password", "secret123456\n" },
			   { "username_in", "(null)\n" },
			   { "password_in", "(null)\n" },
			   END });
	make_object("iscsi_connection", "connection1:0", "platform/host0/session1/connection1:0",
		    FILES{ { "persistent_address", "portal.example\n" },
			   { "persistent_port", "3261\n" },
			   { "address", "0000:0000:0000:0000:0000:0000:0000:0001\n" },
			   { "port", "3260\n" },
			   { "local_port", "56482\n" },
			   { "state", "up\n" },
			   { "header_digest", "1\n" },
			   { "data_digest", "0\n" },
			   { "max_recv_dlength", "262144\n" },
			   { "exp_statsn", "4154068614\n" },
			   { "ping_tmo", "5\n" },
			   { "recv_tmo", "6\n" },
			   END });
	make_device("platform/host0/session1", "target0:0:0", "0:0:0:10", "0\n", "block/sdb");
	make_device("platform/host0/session1", "target0:0:0", "0:0:0:2", "0\n", "block/sda");
	make_device("platform/host0/session1", "target0:0:0", "0:0:0:0", "12\n", NULL);
	make_device("platform/host0/session1", "target0:0:0", "0:0:0:16640", "1\n", "scsi_tape/nst0");
	make_device("platform/host0/session1", "target0:0:0", "0:0:0:16640", "1\n", "scsi_tape/st0");
	make_file("devices/platform/host0/session1/target0:0:0/power", "state", "on\n");
	make_file("devices/platform/host0/session1/target0:0:0/0:0:0:02", "type", "0\n");
}

/* A card: made by its firmware, one host with many sessions, portal only as the connected peer, connection number 3. */
static void make_card_session(void)
{
	make_object("scsi_host", "host12", "pci0000:00/0000:00:05.0/host12",
		    FILES{ { "proc_name", "qla4xxx\n" }, { "state", "running\n" }, END });
	make_object("iscsi_host", "host12", "pci0000:00/0000:00:05.0/host12",
		    FILES{ { "hwaddress", "00:c0:dd:00:00:01\n" },
			   { "initiatorname", "iqn.2000-04.com.qlogic:card\n" },
			   { "port_state", "Up\n" },
			   { "port_speed", "10 Gbps\n" },
			   END });
	make_object("iscsi_session", "session10", "pci0000:00/0000:00:05.0/host12/session10",
		    FILES{ { "targetname", "eui.0123456789abcdef\n" },
			   { "tpgt", "0\n" },
			   { "creator", "-1\n" },
			   { "recovery_tmo", "off\n" },
			   END });
	make_object("iscsi_connection", "connection10:3", "pci0000:00/0000:00:05.0/host12/session10/connection10:3",
		    FILES{ { "address", "192.0.2.7\n" }, { "port", "3260\n" }, { "local_ipaddr", "192.0.2.8\n" }, END });
}

/* Values no driver should show. */
static void make_odd_session(void)
{
	char name[601];

	memset(name, 'x', sizeof(name));
	name[600] = '\0';
	make_object("scsi_host", "host3", "platform/host3",
		    FILES{ { "proc_name", "a_driver_with_a_very_long_name\n" }, END });
	make_object("iscsi_session", "session7", "platform/host3/session7",
		    FILES{ { "targetname", name },
			   { "tpgt", "many\n" },
			   { "state", "LOG\033[2J\001GED\nIN\n" },
			   { "creator", "99999999999999999999\n" },
			   { "recovery_tmo", "" },
			   END });
	make_file("class/iscsi_session/session007", "state", "FREE\n");
	make_file("class/iscsi_session/sessionX", "state", "FREE\n");
	make_file("class/iscsi_session/session8", "state", "FREE\n"); /* no link: no host to be found */
	make_link("class/iscsi_session/session9", "../../devices/gone/host1/session9/iscsi_session/session9");
}

static int make_tree(void **state)
{
	if (!mkdtemp(root))
		return -1;
	make_tcp_session();
	make_card_session();
	make_odd_session();
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	return remove(path);
}

static int remove_tree(void **state)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void a_line(void **state)
{
	struct sysfs_session s;

	assert_int_equal(sysfs_session_read(root, 1, SYSFS_LINE, &s), 0);
	assert_true(s.sid == 1 && s.host_no == 0 && s.tpgt == 1 && s.creator == 287 && s.has_conn);
	assert_string_equal(s.transport, "tcp");
	assert_string_equal(s.target_name, "iqn.2026-01.lab:t0");
	assert_string_equal(s.persistent_address, "portal.example");
	assert_int_equal(s.persistent_port, 3261);
	assert_string_equal(s.state, ""); /* not asked for */
	assert_string_equal(s.password, "");
	assert_true(s.recovery_tmo == SYSFS_NONE && s.port == SYSFS_NONE && s.erl == SYSFS_NONE);
}

static void the_state(void **state)
{
	struct sysfs_session s;

	assert_int_equal(sysfs_session_read(root, 1, SYSFS_STATE, &s), 0);
	assert_string_equal(s.state, "LOGGED_IN");
	assert_string_equal(s.target_state, "SCANNED");
	assert_string_equal(s.conn_state, "up");
	assert_string_equal(s.address, "0000:0000:0000:0000:0000:0000:0000:0001");
	assert_string_equal(s.initiator_name, "iqn.1993-08.org.debian:01:lab");
	assert_string_equal(s.iface_name, "default");
	assert_string_equal(s.netdev, "eth1");
	assert_string_equal(s.hwaddress, ""); /* (null) */
	assert_string_equal(s.ipaddress, "127.0.0.1");
	assert_true(s.port == 3260 && s.local_port == 56482 && s.target_id == 0 && s.recovery_tmo == 120);
	assert_string_equal(s.local_address, "");
	assert_string_equal(s.password, "");
	assert_true(s.abort_tmo == SYSFS_NONE);
}

static void everything(void **state)
{
	struct sysfs_session s;

	assert_int_equal(sysfs_session_read(root, 1, SYSFS_FULL, &s), 0);
	assert_true(s.abort_tmo == 15 && s.lu_reset_tmo == 30 && s.tgt_reset_tmo == 30);
	assert_true(s.ping_tmo == 5 && s.recv_tmo == 6 && s.header_digest == 1 && s.data_digest == 0);
	assert_true(s.max_recv_dlength == 262144 && s.max_xmit_dlength == SYSFS_NONE);
	assert_true(s.first_burst_len == 65536 && s.max_burst_len == 262144 && s.exp_statsn == 4154068614);
	assert_true(s.immediate_data == 1 && s.initial_r2t == 0 && s.max_outstanding_r2t == 1);
	assert_string_equal(s.username, "user1");
	assert_string_equal(s.password, "secret123456");
	assert_string_equal(s.username_in, "");
	sysfs_session_wipe(&s, 1);
	assert_string_equal(s.password, "");
	assert_string_equal(s.username, "user1");
}

static void a_card(void **state)
{
	struct sysfs_session s;

	assert_int_equal(sysfs_session_read(root, 10, SYSFS_STATE, &s), 0);
	assert_string_equal(s.transport, "qla4xxx");
	assert_true(s.host_no == 12 && s.cid == 3 && s.has_conn && s.creator == -1);
	assert_string_equal(s.persistent_address, "192.0.2.7");
	assert_true(s.persistent_port == 3260 && s.port == 3260);
	assert_string_equal(s.local_address, "192.0.2.8");
	assert_string_equal(s.hwaddress, "00:c0:dd:00:00:01");
	assert_string_equal(s.initiator_name, "iqn.2000-04.com.qlogic:card"); /* the port's */
	assert_true(s.recovery_tmo == -1); /* off */
}

static void odd_values(void **state)
{
	struct sysfs_session s;

	assert_int_equal(sysfs_session_read(root, 7, SYSFS_FULL, &s), 0);
	assert_int_equal(strlen(s.target_name), 255);
	assert_string_equal(s.transport, "a_driver_with_a");
	assert_true(s.tpgt == SYSFS_NONE && s.creator == SYSFS_NONE && s.recovery_tmo == SYSFS_NONE);
	assert_string_equal(s.state, "LOG[2JGED"); /* one line, nothing a terminal obeys */
	assert_false(s.has_conn);
	assert_string_equal(s.persistent_address, "");
	assert_int_equal(sysfs_session_read(root, 8, SYSFS_LINE, &s), -ENOENT);
}

static void missing_objects(void **state)
{
	struct sysfs_session s;
	struct sysfs_host host;
	struct sysfs_device *devices;
	uint32_t *ids;
	size_t count;

	assert_int_equal(sysfs_session_read(root, 2, SYSFS_LINE, &s), -ENOENT);
	assert_int_equal(sysfs_session_read(root, 9, SYSFS_LINE, &s), -ENOENT);
	assert_int_equal(sysfs_host_read(root, 3, &host), -ENOENT); /* a SCSI host, not an iSCSI host */
	assert_int_equal(sysfs_session_devices(root, 2, &devices, &count), -ENOENT);
	assert_null(devices);
	assert_int_equal(sysfs_session_ids("/nonexistent", &ids, &count), -ENOENT);
	assert_int_equal(sysfs_session_ids("/proc", &ids, &count), 0); /* no class: no sessions */
	assert_true(!ids && !count);
}

static void sessions_by_number(void **state)
{
	struct sysfs_session *sessions;
	uint32_t *ids;
	size_t count;

	assert_int_equal(sysfs_session_ids(root, &ids, &count), 0);
	assert_int_equal(count, 5);
	assert_true(ids[0] == 1 && ids[1] == 7 && ids[2] == 8 && ids[3] == 9 && ids[4] == 10);
	free(ids);
	assert_int_equal(sysfs_sessions(root, SYSFS_LINE, &sessions, &count), 0);
	assert_int_equal(count, 3);
	assert_true(sessions[0].sid == 1 && sessions[1].sid == 7 && sessions[2].sid == 10);
	free(sessions);
}

static void devices_in_order(void **state)
{
	struct sysfs_device *devices;
	size_t count;

	assert_int_equal(sysfs_session_devices(root, 1, &devices, &count), 0);
	assert_int_equal(count, 4);
	assert_true(devices[0].lun == 0 && devices[0].type == 12 && !devices[0].block[0]);
	assert_true(devices[1].lun == 2 && devices[2].lun == 10 && devices[3].lun == 16640);
	assert_string_equal(devices[1].block, "sda");
	assert_string_equal(devices[2].block, "sdb");
	assert_string_equal(devices[3].block, "st0");
	assert_string_equal(devices[1].state, "running");
	free(devices);
	assert_int_equal(sysfs_session_devices(root, 10, &devices, &count), 0);
	assert_true(!devices && !count);
}

static void connections(void **state)
{
	uint32_t cids[2] = { 9, 9 };

	assert_int_equal(sysfs_session_conns(root, 10, cids, 2), 1);
	assert_int_equal(cids[0], 3);
	assert_int_equal(sysfs_session_conns(root, 7, cids, 2), 0);
	assert_int_equal(sysfs_session_conns(root, 2, cids, 2), -ENOENT);
}

static void hosts(void **state)
{
	struct sysfs_host *list;
	size_t count;

	assert_int_equal(sysfs_hosts(root, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_true(list[0].host_no == 0 && list[1].host_no == 12);
	assert_string_equal(list[0].transport, "tcp");
	assert_string_equal(list[0].state, "running");
	assert_string_equal(list[0].netdev, "eth1");
	assert_string_equal(list[0].initiator_name, "");
	assert_string_equal(list[1].port_speed, "10 Gbps");
	free(list);
}

/* The driver of a card that starts must not be asked what it would ask the card. */
static void host_that_starts(void **state)
{
	struct sysfs_host host;

	make_file("class/iscsi_host/host12", "hwaddress", "00:00:00:00:00:00\n");
	assert_int_equal(sysfs_host_read(root, 12, &host), 0);
	assert_string_equal(host.port_speed, "");
	make_file("class/iscsi_host/host12", "hwaddress", "00:c0:dd:00:00:01\n");
	assert_int_equal(sysfs_host_read(root, 12, &host), 0);
	assert_string_equal(host.port_speed, "10 Gbps");
}

static void session_arguments(void **state)
{
	static const struct {
		const char *text;
		int error;
		uint32_t sid;
	} rows[] = {
		{ "3", 0, 3 },
		{ "session12", 0, 12 },
		{ "/sys/class/iscsi_session/session3", 0, 3 },
		{ "/sys/class/iscsi_session/session3/", 0, 3 },
		{ "/sys/devices/platform/host0/session1/iscsi_session/session1", 0, 1 },
		{ "/sys/devices/platform/host0/session4", 0, 4 },
		{ "4294967295", 0, 4294967295 },
		{ "4294967296", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "/", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 },
		{ "/sys/3", -EINVAL, 0 },
		{ "session", -EINVAL, 0 },
		{ "session-1", -EINVAL, 0 },
		{ "session1x", -EINVAL, 0 },
		{ "/sys/class/iscsi_host/host3", -EINVAL, 0 },
		{ "session00000000000000000000000000000000000000000000000000000000000001", -EINVAL, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t sid = 0;

		assert_int_equal(sysfs_session_parse(rows[i].text, &sid), rows[i].error);
		assert_int_equal(sid, rows[i].sid);
	}
}

static void one_attribute(void **state)
{
	char text[8];

	assert_int_equal(sysfs_read(root, "class/iscsi_session/session1/state", text, sizeof(text)), 7);
	assert_string_equal(text, "LOGGED_");
	assert_int_equal(sysfs_read(root, "class/iscsi_session/session1/nothing", text, sizeof(text)), -ENOENT);
	assert_string_equal(text, "");
	assert_int_equal(sysfs_write(root, "class/iscsi_session/session1/recovery_tmo", "7"), 0);
	assert_true(sysfs_read(root, "class/iscsi_session/session1/recovery_tmo", text, sizeof(text)) > 0);
	assert_int_equal(text[0], '7');
	assert_int_equal(sysfs_write(root, "class/iscsi_session/session1/nothing", "7"), -ENOENT);
	assert_int_equal(sysfs_session_state(root, 1, text, sizeof(text)), 0);
	assert_int_equal(sysfs_session_state(root, 2, text, sizeof(text)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line),
		cmocka_unit_test(the_state),
		cmocka_unit_test(everything),
		cmocka_unit_test(a_card),
		cmocka_unit_test(odd_values),
		cmocka_unit_test(missing_objects),
		cmocka_unit_test(sessions_by_number),
		cmocka_unit_test(devices_in_order),
		cmocka_unit_test(connections),
		cmocka_unit_test(hosts),
		cmocka_unit_test(host_that_starts),
		cmocka_unit_test(session_arguments),
		cmocka_unit_test(one_attribute),
	};

	return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
