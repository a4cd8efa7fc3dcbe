/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Discovery from the command line to the store, against a made-up daemon and a made-up target on loopback that says what the
 * file "targets" holds: what is printed, stored, dropped, and that a failure leaves nothing.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "adm/adm.h"
#include "lib/text.h"
#include "tests/unit/fake_daemon.h"

static struct {
	int port;
	pid_t child;
	char targets[96];
} target;

static bool receive(int fd, void *bytes, size_t len)
{
	return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

static void respond(int fd, const unsigned char *request, unsigned char opcode, unsigned char flags, const char *data, size_t len)
{
	unsigned char bhs[48] = { opcode, flags }, zero[4] = { 0 };

	bhs[5] = (unsigned char)(len >> 16);
	bhs[6] = (unsigned char)(len >> 8);
	bhs[7] = (unsigned char)len;
	memcpy(bhs + 16, request + 16, 4);		/* ITT */
	memcpy(bhs + 28, request + 24, 4);		/* ExpCmdSN: what the initiator has */
	memcpy(bhs + 32, request + 24, 4);
	memcpy(bhs + 24, request + 28, 4);		/* StatSN: what it expects */
	if (opcode == 0x23) {
		memcpy(bhs + 8, request + 8, 6);	/* ISID */
		bhs[15] = 1;				/* TSIH */
	} else {
		memset(bhs + 20, 0xff, 4);		/* TTT */
	}
	send(fd, bhs, sizeof(bhs), MSG_NOSIGNAL);
	send(fd, data, len, MSG_NOSIGNAL);
	send(fd, zero, -len & 3, MSG_NOSIGNAL);
}

/* Agrees with everything: the offers come back as answers, without what is declared by the initiator alone. */
static size_t agree(const char *data, size_t len, char *answer)
{
	size_t used = 0;

	for (const char *at = data; at < data + len; at += strlen(at) + 1) {
		if (!*at || !strncmp(at, "Initiator", 9) || !strncmp(at, "SessionType", 11) || !strncmp(at, "AuthMethod", 10))
			continue;
		memcpy(answer + used, at, strlen(at) + 1);
		used += strlen(at) + 1;
	}
	return used;
}

static size_t read_targets(char *answer, size_t size)
{
	FILE *file = fopen(target.targets, "r");
	size_t len = file ? fread(answer, 1, size, file) : 0;

	for (size_t i = 0; i < len; i++)
		if (answer[i] == '\n')
			answer[i] = '\0';
	if (file)
		fclose(file);
	return len;
}

static void serve(int fd)
{
	static char data[65536], answer[65536];
	unsigned char bhs[48];

	while (receive(fd, bhs, sizeof(bhs))) {
		size_t len = (size_t)bhs[5] << 16 | (size_t)bhs[6] << 8 | bhs[7], padded = (len + 3) & ~(size_t)3;

		if (padded >= sizeof(data) || (padded && !receive(fd, data, padded)))
			break;
		data[len] = '\0';
		if ((bhs[0] & 0x3f) == 0x03)
			respond(fd, bhs, 0x23, bhs[1], answer, agree(data, len, answer));
		else if ((bhs[0] & 0x3f) == 0x04)
			respond(fd, bhs, 0x24, 0x80, answer, read_targets(answer, sizeof(answer)));
		else
			break;
	}
	close(fd);
}

static int start_target(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		return -1;
	target.port = ntohs(address.sin_port);
	snprintf(target.targets, sizeof(target.targets), "%s/targets", fake.dir);
	target.child = fork();
	if (!target.child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			serve(accept(fd, NULL, NULL));
	}
	close(fd);
	return target.child < 0 ? -1 : 0;
}

static void write_file(const char *path, const char *text)
{
	assert_int_equal(text_write_file(path, text, strlen(text), 0600), 0);
}

static int start(void **state)
{
	char path[128];

	if (fake_start() || start_target())
		return -1;
	snprintf(path, sizeof(path), "%s/iscsid.conf", fake.dir);
	write_file(path, "discovery.sendtargets.reopen_max = 1\nnode.session.queue_depth = 99\n");
	return 0;
}

static int stop(void **state)
{
	kill(target.child, SIGKILL);
	waitpid(target.child, NULL, 0);
	fake_stop();
	return 0;
}

static int forget(void **state)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s/openhba.db %s/ifaces", fake.dir, fake.dir);
	return system(command);
}

struct command {
	struct args args;
	int words;
	char *argv[32];
	char in_use[64];	/* a target a session uses */
};

static int run(void *data)
{
	struct command *command = data;
	struct adm adm;
	int err = args_parse(command->words, command->argv, &command->args);

	if (err)
		return err;
	adm_init(&adm, &command->args);
	if (*command->in_use) {
		adm.sessions = calloc(1, sizeof(*adm.sessions));
		adm.session_marked = calloc(1, sizeof(*adm.session_marked));
		adm.session_count = 1;
		snprintf(adm.sessions->target_name, sizeof(adm.sessions->target_name), "%s", command->in_use);
		snprintf(adm.sessions->persistent_address, sizeof(adm.sessions->persistent_address), "10.0.0.2");
		snprintf(adm.sessions->iface_name, sizeof(adm.sessions->iface_name), "default");
		adm.sessions->persistent_port = 3260;
		adm.sessions_read = true;
	}
	if (command->args.mode == MODE_DISCOVERY)
		err = discovery_mode(&adm);
	else if (command->args.mode == MODE_DISCOVERYDB)
		err = discoverydb_mode(&adm);
	else
		err = command->args.mode == MODE_NODE ? node_mode(&adm) : iface_mode(&adm);
	adm_done(&adm);
	return err;
}

/* A command line; PORTAL stands for the target's. */
static int iscsiadm(const char *line, const char *in_use)
{
	static char copy[512];
	struct command command = { .words = 1, .argv = { (char *)"iscsiadm" } };
	char portal[64];

	snprintf(portal, sizeof(portal), "127.0.0.1:%d", target.port);
	snprintf(command.in_use, sizeof(command.in_use), "%s", in_use ? in_use : "");
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		command.argv[command.words++] = strcmp(word, "PORTAL") ? word : portal;
	return fake_capture(run, &command);
}

#define TWO "TargetName=iqn.x:a\nTargetAddress=10.0.0.1:3260,1\nTargetAddress=[fe80::1]:3260,2\n" \
	    "TargetName=iqn.x:b\nTargetAddress=10.0.0.2:3260,1\n"
#define TWO_LINES "10.0.0.1:3260,1 iqn.x:a\n[fe80::1]:3260,2 iqn.x:a\n10.0.0.2:3260,1 iqn.x:b\n"

static void expect_nodes(const char *expected)
{
	iscsiadm("-m node", NULL);
	assert_string_equal(fake_out, expected);
}

static void test_found_and_stored(void **state)
{
	char expected[128];

	write_file(target.targets, TWO);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, TWO_LINES);
	assert_string_equal(fake_err, "");
	expect_nodes(TWO_LINES);
	iscsiadm("-m node -T iqn.x:b", NULL);
	assert_non_null(strstr(fake_out, "node.session.queue_depth = 99\n"));
	assert_non_null(strstr(fake_out, "node.discovery_type = send_targets\n"));
	iscsiadm("-m discovery", NULL);
	snprintf(expected, sizeof(expected), "127.0.0.1:%d via sendtargets\n", target.port);
	assert_string_equal(fake_out, expected);
}

static void test_tree(void **state)
{
	write_file(target.targets, TWO);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -P 1", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "Target: iqn.x:a\n\tPortal: 10.0.0.1:3260,1\n\t\tIface Name: default\n"
				      "\tPortal: [fe80::1]:3260,2\n\t\tIface Name: default\n"
				      "Target: iqn.x:b\n\tPortal: 10.0.0.2:3260,1\n\t\tIface Name: default\n");
}

#define ONE "TargetName=iqn.x:a\nTargetAddress=10.0.0.1:3260,1\nTargetName=iqn.x:c\nTargetAddress=10.0.0.3:3260,1\n"

/* What this discovery made and no longer finds goes; what others made stays. */
static void test_stale(void **state)
{
	write_file(target.targets, TWO);
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	iscsiadm("-m node -T iqn.x:manual -p 10.9.9.9,1 -o new", NULL);
	write_file(target.targets, ONE);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_SUCCESS);
	expect_nodes("10.0.0.1:3260,1 iqn.x:a\n10.0.0.3:3260,1 iqn.x:c\n10.9.9.9:3260,1 iqn.x:manual\n");
}

static void test_stale_in_use(void **state)
{
	write_file(target.targets, TWO);
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	write_file(target.targets, ONE);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", "iqn.x:b"), ISCSI_ERR_SUCCESS);
	assert_non_null(strstr(fake_err, "This command will remove the record [iface: default, target: iqn.x:b, portal: 10.0.0.2,3260], "
					 "but a session is using it."));
	expect_nodes("10.0.0.1:3260,1 iqn.x:a\n10.0.0.2:3260,1 iqn.x:b\n10.0.0.3:3260,1 iqn.x:c\n");
}

static void test_operations(void **state)
{
	write_file(target.targets, TWO);
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	iscsiadm("-m node -o update -n node.session.queue_depth -v 5", NULL);
	write_file(target.targets, ONE);
	iscsiadm("-m discovery -t st -p PORTAL -o nonpersistent", NULL);
	assert_string_equal(fake_out, "10.0.0.1:3260,1 iqn.x:a\n10.0.0.3:3260,1 iqn.x:c\n");
	expect_nodes(TWO_LINES);
	iscsiadm("-m discovery -t st -p PORTAL -o update", NULL);
	expect_nodes(TWO_LINES);
	iscsiadm("-m node -T iqn.x:a -p 10.0.0.1", NULL);
	assert_non_null(strstr(fake_out, "node.session.queue_depth = 99\n"));
	iscsiadm("-m node -T iqn.x:b", NULL);
	assert_non_null(strstr(fake_out, "node.session.queue_depth = 5\n"));
	iscsiadm("-m discovery -t st -p PORTAL -o delete", NULL);
	expect_nodes("10.0.0.1:3260,1 iqn.x:a\n");
	write_file(target.targets, TWO);
	iscsiadm("-m discovery -t st -p PORTAL -o new", NULL);
	expect_nodes(TWO_LINES);
	write_file(target.targets, ONE);
	iscsiadm("-m discovery -t st -p PORTAL -o new", NULL);
	expect_nodes("10.0.0.1:3260,1 iqn.x:a\n[fe80::1]:3260,2 iqn.x:a\n10.0.0.2:3260,1 iqn.x:b\n10.0.0.3:3260,1 iqn.x:c\n");
}

static void test_nothing_offered(void **state)
{
	write_file(target.targets, TWO);
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	write_file(target.targets, "");
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_NO_OBJS_FOUND);
	assert_string_equal(fake_err, "iscsiadm: No portals found\n");
	expect_nodes(TWO_LINES);
}

static void test_refused_leaves_nothing(void **state)
{
	assert_int_equal(iscsiadm("-m discovery -t st -p 127.0.0.1:1", NULL), ISCSI_ERR_PDU_TIMEOUT);
	assert_string_equal(fake_err, "iscsiadm: cannot make connection to 127.0.0.1: Connection refused\n"
				      "iscsiadm: cannot make connection to 127.0.0.1: Connection refused\n"
				      "iscsiadm: connection login retries (reopen_max) 1 exceeded\n"
				      "iscsiadm: Could not perform SendTargets discovery: iSCSI PDU timed out\n");
	assert_int_equal(iscsiadm("-m discovery", NULL), ISCSI_ERR_NO_OBJS_FOUND);
	assert_int_equal(iscsiadm("-m discoverydb -t st -p 127.0.0.1:1 -D", NULL), ISCSI_ERR_PDU_TIMEOUT);
	assert_int_equal(iscsiadm("-m discovery", NULL), ISCSI_ERR_NO_OBJS_FOUND);
}

/* discoverydb keeps the settings of its record, discovery starts from iscsid.conf. */
static void test_settings_of_the_record(void **state)
{
	write_file(target.targets, TWO);
	iscsiadm("-m discoverydb -t st -p PORTAL -o new", NULL);
	iscsiadm("-m discoverydb -t st -p PORTAL -o update -n discovery.sendtargets.reopen_max -v 3", NULL);
	assert_int_equal(iscsiadm("-m discoverydb -t st -p PORTAL -D", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, TWO_LINES);
	iscsiadm("-m discoverydb -t st -p PORTAL", NULL);
	assert_non_null(strstr(fake_out, "discovery.sendtargets.reopen_max = 3\n"));
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	iscsiadm("-m discoverydb -t st -p PORTAL", NULL);
	assert_non_null(strstr(fake_out, "discovery.sendtargets.reopen_max = 1\n"));
	assert_int_equal(iscsiadm("-m discoverydb -t st -p PORTAL -o delete", NULL), ISCSI_ERR_SUCCESS);
	expect_nodes("");
}

/* Two ifaces ask; the one whose NIC is not there does not spoil the answer. -I asks through one alone. */
static void test_ifaces(void **state)
{
	write_file(target.targets, "TargetName=iqn.x:a\nTargetAddress=127.0.0.1:3260,1\n");
	iscsiadm("-m iface -I if0 -o new -n iface.net_ifacename -v lo", NULL);
	iscsiadm("-m iface -I if1 -o new", NULL);
	iscsiadm("-m iface -I if2 -o new -n iface.net_ifacename -v no-such-nic", NULL);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -P 1", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "Target: iqn.x:a\n\tPortal: 127.0.0.1:3260,1\n\t\tIface Name: if0\n\t\tIface Name: if1\n");
	assert_string_equal(fake_err, "iscsiadm: iface if2: its NIC no-such-nic is not there\n");
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -I if1", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "127.0.0.1:3260,1 iqn.x:a\n");
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -I if2", NULL), ISCSI_ERR_PDU_TIMEOUT);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -I nope", NULL), ISCSI_ERR_NO_OBJS_FOUND);
	iscsiadm("-m node -P 1", NULL);
	assert_string_equal(fake_out, "Target: iqn.x:a\n\tPortal: 127.0.0.1:3260,1\n\t\tIface Name: if0\n"
				      "\tPortal: 127.0.0.1:3260,1\n\t\tIface Name: if1\n");
}

/* "target address;" of each found portal. */
static int add_found(struct store *store, const struct node_key *key, void *data)
{
	char *text = data;

	snprintf(text + strlen(text), 256 - strlen(text), "%s %s;", key->target, key->portal.address);
	return 0;
}

static void expect_found(const char *expected)
{
	static const struct node_filter everything;
	struct store *store;
	char text[256] = "";

	assert_int_equal(store_begin(fake.dir, STORE_READ, &store), 0);
	assert_int_equal(found_each(store, &everything, add_found, text), 0);
	assert_string_equal(text, expected);
	store_drop(store);
}

static void expect_tree(const char *expected)
{
	iscsiadm("-m node -P 1", NULL);
	assert_string_equal(fake_out, expected);
}

#define NEAR_AND_FAR "TargetName=iqn.x:a\nTargetAddress=127.0.0.1:3260,1\nTargetAddress=[fe80::1%none]:3260,1\n" \
		     "TargetAddress=some.array:3260,1\n"
#define NEAR_AND_FAR_LINES "127.0.0.1:3260,1 iqn.x:a\n[fe80::1%none]:3260,1 iqn.x:a\nsome.array:3260,1 iqn.x:a\n"
#define NEAR_TREE "Target: iqn.x:a\n\tPortal: 127.0.0.1:3260,1\n\t\tIface Name: near\n"

static void make_managed(void)
{
	assert_int_equal(iscsiadm("-m iface -I near -o new -n iface.net_ifacename -v lo -n iface.bind -v reachable", NULL), 0);
	assert_int_equal(iscsiadm("-m iface -I gone -o new -n iface.net_ifacename -v no-such-nic -n iface.bind -v reachable", NULL), 0);
}

/* Managed ifaces are bound to what they reach. One that is absent is no word worth, and what nobody reaches is printed and kept. */
static void test_managed(void **state)
{
	write_file(target.targets, NEAR_AND_FAR);
	make_managed();
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_err, "");
	assert_string_equal(fake_out, NEAR_AND_FAR_LINES);
	expect_tree(NEAR_TREE);
	expect_found("iqn.x:a 127.0.0.1;iqn.x:a fe80::1%none;iqn.x:a some.array;");
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -P 1", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, NEAR_TREE "\tPortal: [fe80::1%none]:3260,1\n\tPortal: some.array:3260,1\n");
	write_file(target.targets, "TargetName=iqn.x:a\nTargetAddress=some.array:3260,1\n");
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, "some.array:3260,1 iqn.x:a\n");
	expect_found("iqn.x:a some.array;");
	expect_tree("");
}

/* Unmanaged ifaces beside them are bound to what came through them. */
static void test_managed_and_not(void **state)
{
	write_file(target.targets, NEAR_AND_FAR);
	make_managed();
	iscsiadm("-m iface -I any -o new", NULL);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_out, NEAR_AND_FAR_LINES "127.0.0.1:3260,1 iqn.x:a\n");
	expect_tree("Target: iqn.x:a\n\tPortal: 127.0.0.1:3260,1\n\t\tIface Name: any\n\tPortal: 127.0.0.1:3260,1\n"
		    "\t\tIface Name: near\n\tPortal: [fe80::1%none]:3260,1\n\t\tIface Name: any\n\tPortal: some.array:3260,1\n"
		    "\t\tIface Name: any\n");
}

/* None of the managed can ask: the question goes the way the network chooses, and nothing is bound to that. */
static void test_managed_but_absent(void **state)
{
	write_file(target.targets, NEAR_AND_FAR);
	iscsiadm("-m iface -I gone -o new -n iface.net_ifacename -v no-such-nic -n iface.bind -v reachable", NULL);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_SUCCESS);
	assert_string_equal(fake_err, "");
	assert_string_equal(fake_out, NEAR_AND_FAR_LINES);
	expect_tree("");
	expect_found("iqn.x:a 127.0.0.1;iqn.x:a fe80::1%none;iqn.x:a some.array;");
	iscsiadm("-m discovery -p PORTAL -o delete", NULL);
	expect_found("");
}

/* -I is the administrator's word: bound as told, and nothing is remembered. */
static void test_managed_by_name(void **state)
{
	write_file(target.targets, NEAR_AND_FAR);
	make_managed();
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -I near", NULL), ISCSI_ERR_SUCCESS);
	expect_found("");
	iscsiadm("-m node -P 1", NULL);
	assert_non_null(strstr(fake_out, "some.array:3260,1\n\t\tIface Name: near\n"));
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -I gone", NULL), ISCSI_ERR_PDU_TIMEOUT);
}

/* Settings of a target reach its found portals, and go with it. */
static void test_found_follow(void **state)
{
	struct node_key key = { .target = "iqn.x:a", .portal = { "some.array", 3260, 1 } };
	struct record node;
	struct store *store;

	write_file(target.targets, NEAR_AND_FAR);
	make_managed();
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	assert_int_equal(iscsiadm("-m node -T iqn.x:a -o update -n node.session.queue_depth -v 7", NULL), ISCSI_ERR_SUCCESS);
	assert_int_equal(store_begin(fake.dir, STORE_READ, &store), 0);
	assert_int_equal(found_load(store, &key, &node), 0);
	assert_int_equal(record_number(&node, F_NODE_SESSION_QUEUE_DEPTH), 7);
	record_done(&node);
	store_drop(store);
	assert_int_equal(iscsiadm("-m node -T iqn.x:a -I near -o delete", NULL), ISCSI_ERR_SUCCESS);
	expect_found("iqn.x:a fe80::1%none;iqn.x:a some.array;");
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	assert_int_equal(iscsiadm("-m node -T iqn.x:a -o delete", NULL), ISCSI_ERR_SUCCESS);
	expect_found("");
}

/* A NIC policy alone: what is bound stays as it was, but is remembered. */
static void test_policy_remembers(void **state)
{
	char path[128], conf[128] = "discovery.sendtargets.reopen_max = 1\nnode.session.queue_depth = 99\n";

	snprintf(path, sizeof(path), "%s/iscsid.conf", fake.dir);
	write_file(target.targets, "TargetName=iqn.x:a\nTargetAddress=127.0.0.1:3260,1\n");
	write_file(path, "discovery.sendtargets.reopen_max = 1\niface.nics = eth*\n");
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL", NULL), ISCSI_ERR_SUCCESS);
	write_file(path, conf);
	expect_found("iqn.x:a 127.0.0.1;");
	expect_tree("Target: iqn.x:a\n\tPortal: 127.0.0.1:3260,1\n\t\tIface Name: default\n");
}

static void test_login(void **state)
{
	write_file(target.targets, TWO);
	assert_int_equal(iscsiadm("-m discovery -t st -p PORTAL -o nonpersistent -l", "iqn.x:b"), ISCSI_ERR_SESS_EXISTS);
	assert_non_null(strstr(fake_out, TWO_LINES "Logging in to [iface: default, target: iqn.x:a, portal: 10.0.0.1,3260]\n"
				      "Logging in to [iface: default, target: iqn.x:a, portal: fe80::1,3260]\n"
				      "Login to [iface: default, target: iqn.x:a, portal: fe80::1,3260] successful.\n"));
	assert_string_equal(fake_err, "iscsiadm: default: 1 session requested, but 1 already present.\n"
				      "iscsiadm: Could not log into all portals\n");
	expect_nodes("");
}

static void test_hostile_names(void **state)
{
	write_file(target.targets, "TargetName=iqn.x:a\nTargetAddress=10.0.0.1:3260,1\nTargetName=iqn.x:../../etc/x y\n"
				   "TargetAddress=10.0.0.2:3260,1\n");
	iscsiadm("-m discovery -t st -p PORTAL", NULL);
	expect_nodes("10.0.0.1:3260,1 iqn.x:a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_found_and_stored, forget),
		cmocka_unit_test_teardown(test_tree, forget),
		cmocka_unit_test_teardown(test_stale, forget),
		cmocka_unit_test_teardown(test_stale_in_use, forget),
		cmocka_unit_test_teardown(test_operations, forget),
		cmocka_unit_test_teardown(test_nothing_offered, forget),
		cmocka_unit_test_teardown(test_refused_leaves_nothing, forget),
		cmocka_unit_test_teardown(test_settings_of_the_record, forget),
		cmocka_unit_test_teardown(test_ifaces, forget),
		cmocka_unit_test_teardown(test_managed, forget),
		cmocka_unit_test_teardown(test_managed_and_not, forget),
		cmocka_unit_test_teardown(test_managed_but_absent, forget),
		cmocka_unit_test_teardown(test_managed_by_name, forget),
		cmocka_unit_test_teardown(test_found_follow, forget),
		cmocka_unit_test_teardown(test_policy_remembers, forget),
		cmocka_unit_test_teardown(test_login, forget),
		cmocka_unit_test_teardown(test_hostile_names, forget),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
