/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsiadm where it sees neither the daemon's /sys nor its network: sessions, disks, rescans and discoveries by way of a made-up
 * daemon, with retries; and what is said where the daemon is an older one that knows nothing of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "adm/far.h"
#include "lib/text.h"
#include "tests/unit/fake_daemon.h"

static const char attributes[] =
	"{\"sessions\":["
	"{\"sid\":9,\"host\":2,\"attributes\":{\"session.targetname\":\"iqn.x:b\",\"session.tpgt\":\"many\"},\"devices\":7},"
	"{\"sid\":\"x\",\"host\":0,\"attributes\":{\"session.targetname\":\"iqn.x:c\"}},"
	"{\"sid\":8,\"host\":0,\"attributes\":{}},"
	"{\"sid\":7,\"host\":1,\"attributes\":{\"transport\":\"tcp\",\"session.targetname\":\"iqn.x:a\",\"session.tpgt\":\"1\","
	"\"session.creator\":\"4\",\"connection.persistent_address\":\"10.0.0.1\",\"connection.persistent_port\":\"3260\","
	"\"connection.address\":\"10.0.0.1\",\"connection.port\":\"3260\",\"session.state\":\"LOGGED_IN\",\"session.ifacename\":\"if0\","
	"\"session.max_burst_len\":\"262144\",\"host.netdev\":\"nic0\",\"session.of_tomorrow\":\"1\"},"
	"\"devices\":[{\"host\":1,\"channel\":0,\"id\":0,\"lun\":3,\"type\":0,\"state\":\"running\",\"block\":\"sdq\"},{\"host\":1}]}]}";

static int start(void **state)
{
	char path[128];

	if (fake_start())
		return -1;
	snprintf(path, sizeof(path), "%s/iscsid.conf", fake.dir);
	return text_write_file(path, "discovery.sendtargets.reopen_max = 2\n", 37, 0600);
}

static int start_far(void **state)
{
	fake.netns = "1:2";
	fake.attributes = attributes;
	fake.discover[0] = "{\"index\":0,\"error\":8,\"message\":\"cannot connect: No route to host\",\"address\":\"10.9.9.9\",\"refused\":0,"
			   "\"targets\":[]}";
	fake.discover[1] = "{\"index\":0,\"error\":0,\"message\":null,\"address\":null,\"refused\":0,\"targets\":["
			   "{\"target\":\"iqn.x:a\",\"address\":\"10.0.0.1\",\"port\":3260,\"tpgt\":1},"
			   "{\"target\":\"no name\",\"address\":\"10.0.0.1\",\"port\":3260,\"tpgt\":1},"
			   "{\"target\":\"iqn.x:b\",\"address\":\"fe80::1\",\"port\":99999,\"tpgt\":1}]}";
	fake.discover[2] = "{\"index\":0,\"error\":21,\"message\":\"its NIC nic7 is not there\"}";
	fake.discover[3] = "{\"index\":5,\"error\":0}";
	return start(state);
}

static int start_old(void **state)
{
	fake.attributes = NULL;
	fake.netns = "1:2";
	return start(state);
}

static int stop(void **state)
{
	fake_stop();
	return 0;
}

struct command {
	struct args args;
	int words;
	char *argv[32];
};

static int run(void *data)
{
	struct command *command = data;
	struct adm adm;
	int err = args_parse(command->words, command->argv, &command->args);

	if (err)
		return err;
	adm_init(&adm, &command->args);
	if (command->args.mode == MODE_DISCOVERY)
		err = discovery_mode(&adm);
	else
		err = command->args.mode == MODE_NODE ? node_mode(&adm) : session_mode(&adm);
	adm_done(&adm);
	return err;
}

static int iscsiadm(const char *line)
{
	static char copy[512];
	struct command command = { .words = 1, .argv = { (char *)"iscsiadm" } };

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		command.argv[command.words++] = word;
	return fake_capture(run, &command);
}

static void test_sessions(void **state)
{
	assert_int_equal(iscsiadm("-m session"), ISCSI_ERR_SUCCESS);
	assert_non_null(strstr(fake_out, "tcp: [7] 10.0.0.1:3260,1 iqn.x:a (non-flash)\n"));
	assert_non_null(strstr(fake_out, ": [9] "));
	assert_null(strstr(fake_out, "iqn.x:c"));
	assert_int_equal(iscsiadm("-m session -r 7 -P 3"), ISCSI_ERR_SUCCESS);
	assert_non_null(strstr(fake_out, "MaxBurstLength: 262144\n"));
	assert_non_null(strstr(fake_out, "Iface Name: if0\n"));
	assert_non_null(strstr(fake_out, "scsi1 Channel 00 Id 0 Lun: 3\n"));
	assert_non_null(strstr(fake_out, "Attached scsi disk sdq\t\tState: running\n"));
}

static void test_rescan(void **state)
{
	assert_int_equal(iscsiadm("-m session -r 7 -R"), ISCSI_ERR_SUCCESS);
	assert_int_equal(iscsiadm("-m session -r 9 -R"), iscsi_err_from_errno(-EIO));
}

/* The first try fails and is tried again, as it would be here; then a NIC that is not there, then an answer that makes no sense. */
static void test_discovery(void **state)
{
	assert_int_equal(iscsiadm("-m discovery -t st -p 10.9.9.9 -I default"), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "10.0.0.1:3260,1 iqn.x:a\n");
	assert_string_equal(fake_err, "iscsiadm: cannot make connection to 10.9.9.9: No route to host\n"
				      "iscsiadm: 2 target names or addresses from 10.9.9.9 are not valid and are left out\n");
	assert_int_equal(iscsiadm("-m node"), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "10.0.0.1:3260,1 iqn.x:a\n");
	assert_int_equal(iscsiadm("-m discovery -t st -p 10.9.9.9 -I default"), ISCSI_ERR_PDU_TIMEOUT);
	assert_non_null(strstr(fake_err, "iface default: its NIC nic7 is not there\n"));
	assert_int_equal(iscsiadm("-m discovery -t st -p 10.9.9.9 -I default"), ISCSI_ERR_ISCSID_COMM);
}

/* Routes of another network cannot be asked: a managed iface is bound to what came through it, the rest is the daemon's to add. */
static void test_managed(void **state)
{
	static const char managed[] = "iface.iscsi_ifacename = m0\niface.net_ifacename = no-such-nic\niface.bind = reachable\n";
	char path[128];

	snprintf(path, sizeof(path), "%s/ifaces", fake.dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/ifaces/m0", fake.dir);
	assert_int_equal(text_write_file(path, managed, strlen(managed), 0600), 0);
	assert_int_equal(iscsiadm("-m discovery -t st -p 10.9.9.9"), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "10.0.0.1:3260,1 iqn.x:a\n");
	assert_int_equal(iscsiadm("-m node -P 1"), ISCSI_ERR_SUCCESS);
	assert_non_null(strstr(fake_out, "\t\tIface Name: m0\n"));
	/* Its NIC is not there, which nobody asked about. */
	assert_int_equal(iscsiadm("-m discovery -t st -p 10.9.9.9"), ISCSI_ERR_PDU_TIMEOUT);
	assert_null(strstr(fake_err, "nic7"));
}

static void test_old_daemon(void **state)
{
	assert_int_equal(iscsiadm("-m session"), ISCSI_ERR_NO_OBJS_FOUND);
	assert_string_equal(fake_err, "iscsiadm: No active sessions.\n");
	assert_int_equal(iscsiadm("-m discovery -t st -p 10.9.9.9 -I default"), ISCSI_ERR_INVALID_MGMT_REQ);
	assert_non_null(strstr(fake_err, "iscsid does not ask: "));
}

int main(void)
{
	const struct CMUnitTest far[] = { cmocka_unit_test(test_sessions), cmocka_unit_test(test_rescan), cmocka_unit_test(test_discovery),
					  cmocka_unit_test(test_managed) };
	const struct CMUnitTest old[] = { cmocka_unit_test(test_old_daemon) };
	int failed = cmocka_run_group_tests(far, start_far, stop);

	return failed + cmocka_run_group_tests(old, start_old, stop);
}
