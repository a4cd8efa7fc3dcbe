/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iscsid.conf and initiatorname.iscsi as they are read, and where their values end up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf.h"

static char folder[] = "/tmp/openhba-conf.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	unlink(path);
	return rmdir(folder);
}

static void write_file(const char *content)
{
	assert_int_equal(text_write_file(path, content, strlen(content), 0600), 0);
}

struct complaints {
	struct text text;
	int stop;
};

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	struct complaints *complaints = data;

	text_addf(&complaints->text, "%u %s %d\n", line, name, error);
	return complaints->stop;
}

static struct conf *load(const char *content)
{
	struct conf *conf = NULL;

	write_file(content);
	assert_int_equal(conf_load(path, NULL, NULL, &conf), 0);
	return conf;
}

static void test_missing(void **state)
{
	struct record record;
	struct conf *conf;

	unlink(path);
	assert_int_equal(conf_load(path, complain, NULL, &conf), 0);
	record_init(&record, RECORD_NODE);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_int_equal(record_number(&record, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT), 30);
	assert_null(conf_value(conf, "iscsid.startup"));
	record_done(&record);
	conf_free(conf);
	conf_free(NULL);
	assert_int_equal(conf_load(folder, NULL, NULL, &conf), -EISDIR);
}

static void test_apply(void **state)
{
	struct conf *conf = load("# comment\nnode.startup = automatic\nnode.conn[0].timeo.login_timeout=15\n"
				 "node.conn[0].timeo.login_timeout = 20\nnode.session.auth.password = secret123456\n"
				 "node.session.queue_depth = 64\nnode.session.queue_depth = many\n"
				 "discovery.sendtargets.use_discoveryd = Yes\n");
	struct record record;

	record_init(&record, RECORD_NODE);
	assert_int_equal(record_set(&record, F_NODE_SESSION_QUEUE_DEPTH, "7", ORIGIN_RECORD), 0);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_string_equal(record_text(&record, F_NODE_STARTUP), "automatic");
	assert_int_equal(record.values[F_NODE_STARTUP].origin, ORIGIN_CONF);
	assert_int_equal(record_number(&record, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT), 20);
	assert_string_equal(record_text(&record, F_NODE_SESSION_AUTH_PASSWORD), "secret123456");
	assert_int_equal(record_number(&record, F_NODE_SESSION_AUTH_PASSWORD_LENGTH), 12);
	assert_int_equal(record_number(&record, F_NODE_SESSION_QUEUE_DEPTH), 7);
	assert_int_equal(record.values[F_NODE_SESSION_QUEUE_DEPTH].origin, ORIGIN_RECORD);
	assert_int_equal(record.values[F_NODE_SESSION_CMDS_MAX].origin, ORIGIN_DEFAULT);
	record_done(&record);

	record_init(&record, RECORD_NODE);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_int_equal(record_number(&record, F_NODE_SESSION_QUEUE_DEPTH), 64);
	record_done(&record);
	record_init(&record, RECORD_SENDTARGETS);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_true(record_yes(&record, F_DISCOVERY_SENDTARGETS_USE_DISCOVERYD));
	record_done(&record);
	conf_free(conf);
}

static void test_digests_of_discovery(void **state)
{
	struct conf *conf = load("node.session.auth.chap_algs = SHA256\n");
	struct record record;

	record_init(&record, RECORD_SENDTARGETS);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_string_equal(record_text(&record, F_DISCOVERY_SENDTARGETS_AUTH_CHAP_ALGS), "MD5");
	conf_free(conf);
	conf = load("discovery.sendtargets.auth.chap_algs = SHA1,MD5\n");
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_string_equal(record_text(&record, F_DISCOVERY_SENDTARGETS_AUTH_CHAP_ALGS), "SHA1,MD5");
	record_done(&record);
	record_init(&record, RECORD_NODE);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_string_equal(record_text(&record, F_NODE_SESSION_AUTH_CHAP_ALGS), "MD5");
	record_done(&record);
	conf_free(conf);
}

static void test_ifaces_are_left_alone(void **state)
{
	struct conf *conf = load("iface.net_ifacename = eth7\niface.mtu = many\n");
	struct record record;

	record_init(&record, RECORD_NODE);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_string_equal(record_text(&record, F_IFACE_NET_IFACENAME), "");
	record_done(&record);
	record_init(&record, RECORD_IFACE);
	assert_int_equal(conf_apply(conf, &record), 0);
	assert_string_equal(record_text(&record, F_IFACE_NET_IFACENAME), "");
	assert_string_equal(conf_value(conf, "iface.net_ifacename"), "eth7");
	record_done(&record);
	conf_free(conf);
}

static void test_complaints(void **state)
{
	struct complaints complaints = { 0 };
	struct conf *conf = NULL;

	write_file("node.bogus = 1\niscsid.startup = /bin/true\nnode.session.queue_depth = many\nrubbish\n"
		   "node.name = iqn.x\nnode.session.queue_depth = 5000\niface.any = 1\nother = 2\nnode.transport_name = iser\n");
	assert_int_equal(conf_load(path, complain, &complaints, &conf), 0);
	assert_string_equal(complaints.text.data, "1 node.bogus -2\n3 node.session.queue_depth -22\n4  -22\n"
						  "5 node.name -1\n6 node.session.queue_depth -34\n7 iface.any -2\n8 other -2\n9 node.transport_name -1\n");
	text_done(&complaints.text);
	conf_free(conf);
	complaints.stop = -EBADMSG;
	assert_int_equal(conf_load(path, complain, &complaints, &conf), -EBADMSG);
	assert_string_equal(complaints.text.data, "1 node.bogus -2\n");
	text_done(&complaints.text);
}

static void test_comment_behind_a_number(void **state)
{
	struct complaints complaints = { .stop = 0 };
	struct conf *conf = NULL;
	struct record node;

	write_file("node.session.timeo.replacement_timeout = 15 # seconds\nnode.session.queue_depth = 16\t#many\n"
		   "node.session.cmds_max = 64 or more\nnode.startup = automatic # boot\nnode.session.reopen_max = # none\n"
		   "node.session.auth.password = secret # 1\n");
	assert_int_equal(conf_load(path, complain, &complaints, &conf), 0);
	assert_string_equal(complaints.text.data, "3 node.session.cmds_max -22\n4 node.startup -22\n5 node.session.reopen_max -22\n");
	record_init(&node, RECORD_NODE);
	assert_int_equal(conf_apply(conf, &node), 0);
	assert_int_equal(record_number(&node, F_NODE_SESSION_TIMEO_REPLACEMENT_TIMEOUT), 15);
	assert_int_equal(record_number(&node, F_NODE_SESSION_QUEUE_DEPTH), 16);
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_PASSWORD), "secret # 1");
	record_done(&node);
	conf_free(conf);
	text_done(&complaints.text);
}

static void test_values(void **state)
{
	struct conf *conf = load("iscsid.startup = /bin/false\niscsid.safe_logout=Yes\n#iscsid.ipc_auth_uid = No\n"
				 "iscsid.startup = /bin/systemctl start iscsid.socket\n");

	assert_string_equal(conf_value(conf, "iscsid.startup"), "/bin/systemctl start iscsid.socket");
	assert_string_equal(conf_value(conf, "iscsid.safe_logout"), "Yes");
	assert_null(conf_value(conf, "iscsid.ipc_auth_uid"));
	conf_free(conf);
}

static void test_initiator(void **state)
{
	struct initiator initiator;
	char host[256] = "";

	unlink(path);
	assert_int_equal(initiator_load(path, &initiator), -ENOENT);
	assert_null(initiator.name);

	write_file("## comment\n#InitiatorName=iqn.2024-01.example:no\nInitiatorName=iqn.2024-01.example:host\n"
		   "InitiatorName=iqn.2024-01.example:second\nInitiatorAlias = rack 4\n");
	assert_int_equal(initiator_load(path, &initiator), 0);
	assert_string_equal(initiator.name, "iqn.2024-01.example:host");
	assert_string_equal(initiator.alias, "rack 4");
	initiator_done(&initiator);

	write_file("InitiatorName=iqn.2024-01.example:host\n");
	assert_int_equal(initiator_load(path, &initiator), 0);
	gethostname(host, sizeof(host) - 1);
	assert_string_equal(initiator.alias, host);
	initiator_done(&initiator);
	initiator_done(&initiator);

	write_file("InitiatorAlias=a\n");
	assert_int_equal(initiator_load(path, &initiator), 0);
	assert_null(initiator.name);
	initiator_done(&initiator);

	write_file("InitiatorName=my host\n");
	assert_int_equal(initiator_load(path, &initiator), -EINVAL);
	assert_null(initiator.name);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_digests_of_discovery),
		cmocka_unit_test(test_ifaces_are_left_alone),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_comment_behind_a_number),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_initiator),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
