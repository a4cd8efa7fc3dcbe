/* SPDX-License-Identifier: GPL-3.0-or-later */
/* open-iscsi trees in and out: old and new forms, links that say who found a record, what must not be lost, hostile names. */
#include <errno.h>
#include <limits.h>
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

#include "lib/tree.h"
#include "lib/tree_path.h"

static char dir[64], said[8192];

static int make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/openhba-tree.XXXXXX");
	*said = '\0';
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static const char *at(const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

static void put(const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s", at(name));
	for (char *slash = strchr(path + strlen(dir) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void say(const char *path, unsigned int line, const char *sentence, void *data)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s:%u: %s\n", strncmp(path, dir, strlen(dir)) ? path : path + strlen(dir) + 1, line,
		 sentence);
}

static struct tree_count import(const char *from, const char *to)
{
	struct tree_count count;
	struct store *store;
	char ifaces[PATH_MAX];

	snprintf(ifaces, sizeof(ifaces), "%s/ifaces", to);
	assert_int_equal(store_begin(to, STORE_WRITE, &store), 0);
	assert_int_equal(tree_import(from, store, ifaces, say, NULL, &count), 0);
	assert_int_equal(store_commit(store), 0);
	return count;
}

static struct tree_count export(const char *from, const char *to)
{
	struct tree_count count;
	struct store *store;
	char ifaces[PATH_MAX];

	snprintf(ifaces, sizeof(ifaces), "%s/ifaces", from);
	assert_int_equal(store_begin(from, STORE_READ, &store), 0);
	assert_int_equal(tree_export(store, ifaces, to, say, NULL, &count), 0);
	store_drop(store);
	return count;
}

static void load(const char *from, const char *link, struct record *ret_node)
{
	struct node_key key;
	struct store *store;

	assert_int_equal(tree_link_parse(link, &key), 0);
	assert_int_equal(store_begin(from, STORE_READ, &store), 0);
	assert_int_equal(node_load(store, &key, ret_node), 0);
	store_drop(store);
}

static void assert_field(const char *from, const char *link, enum field field, const char *value)
{
	char buffer[FIELD_NUMBER_TEXT_MAX];
	struct record node;

	load(from, link, &node);
	assert_string_equal(record_format_value(&node, field, buffer), value);
	record_done(&node);
}

#define NEW_NODE "nodes/iqn.2024-01.example:a/192.0.2.1,3260,1/if0"
#define HEAD "# BEGIN RECORD 2.1.8\n"
#define TAIL "# END RECORD\n"

/* One of each form. */
static void make_tree(void)
{
	put(NEW_NODE, HEAD "node.name = iqn.2024-01.example:a\nnode.tpgt = 1\niface.iscsi_ifacename = if0\n"
	    "node.session.auth.password = secret\nnode.session.auth.password_length = 6\nnode.vendor.extra = on\n"
	    "node.discovery_address = 192.0.2.1\nnode.discovery_port = 3260\nnode.discovery_type = send_targets\n" TAIL);
	put("nodes/iqn.2024-01.example:flat/fe80::1%eth0,3261", HEAD "node.transport_name = tcp\nnode.startup = automatic\n" TAIL);
	put("nodes/iqn.2024-01.example:old/192.0.2.1,3260,2/default", HEAD "iface.transport_name = default\n" TAIL);
	put("send_targets/192.0.2.1,3260/st_config", HEAD "discovery.sendtargets.reopen_max = 7\n" TAIL);
	put("send_targets/198.51.100.7,3260", HEAD "discovery.startup = manual\n" TAIL);
	put("isns/192.0.2.9,3205/isns_config", HEAD "discovery.isns.use_discoveryd = Yes\n" TAIL);
	put("ifaces/if0", "iface.net_ifacename = eth0\n");
	put("ifaces/iface.example", "iface.net_ifacename = no\n");
	assert_int_equal(symlink("/nowhere", at("send_targets/192.0.2.1,3260/iqn.2024-01.example:old,192.0.2.1,3260,2,default")), 0);
}

static void test_all_forms(void **state)
{
	struct tree_count count;

	make_tree();
	count = import(dir, at("db"));
	assert_int_equal(count.nodes, 3);
	assert_int_equal(count.discoveries, 3);
	assert_int_equal(count.ifaces, 1);
	assert_int_equal(count.problems, 1);
	assert_int_equal(count.lost, 0);
	assert_string_equal(said, NEW_NODE ":7: node.vendor.extra is not known to this version; it is kept as it is\n");
	assert_field(at("db"), "iqn.2024-01.example:a,192.0.2.1,3260,1,if0", F_NODE_SESSION_AUTH_PASSWORD, "secret");
	assert_field(at("db"), "iqn.2024-01.example:flat,fe80::1%eth0,3261,-1,default", F_NODE_STARTUP, "automatic");
	assert_field(at("db"), "iqn.2024-01.example:old,192.0.2.1,3260,2,default", F_IFACE_TRANSPORT_NAME, "tcp");
	assert_field(at("db"), "iqn.2024-01.example:old,192.0.2.1,3260,2,default", F_NODE_DISCOVERY_TYPE, "send_targets");
	assert_field(at("db"), "iqn.2024-01.example:old,192.0.2.1,3260,2,default", F_NODE_DISCOVERY_ADDRESS, "192.0.2.1");
}

static int count_same(const char *a, const char *b)
{
	char command[2 * PATH_MAX + 64];

	snprintf(command, sizeof(command), "diff -r --no-dereference '%s' '%s'", a, b);
	return system(command);
}

/* What came in goes out, and comes in again as the same: byte for byte from the first export on. */
static void test_there_and_back(void **state)
{
	struct tree_count first, second;
	struct stat status;
	char target[PATH_MAX], wanted[PATH_MAX];
	ssize_t len;

	make_tree();
	import(dir, at("db"));
	first = export(at("db"), at("out"));
	assert_int_equal(first.nodes, 3);
	assert_int_equal(first.discoveries, 3);
	assert_int_equal(first.ifaces, 1);
	assert_int_equal(first.problems, 0);
	assert_int_equal(stat(at("out/nodes/iqn.2024-01.example:flat/fe80::1%eth0,3261"), &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	len = readlink(at("out/send_targets/192.0.2.1,3260/iqn.2024-01.example:a,192.0.2.1,3260,1,if0"), target, sizeof(target) - 1);
	assert_true(len > 0);
	target[len] = '\0';
	snprintf(wanted, sizeof(wanted), "%s", at("out/nodes/iqn.2024-01.example:a/192.0.2.1,3260,1"));
	assert_string_equal(target, wanted);
	second = import(at("out"), at("db2"));
	assert_int_equal(second.nodes, 3);
	assert_int_equal(rename(at("out"), at("out1")), 0);
	export(at("db2"), at("out"));
	assert_int_equal(count_same(at("out1"), at("out")), 0);
}

static void test_the_unknown_survives(void **state)
{
	struct text text = { 0 };

	make_tree();
	import(dir, at("db"));
	export(at("db"), at("out"));
	assert_int_equal(text_read_file(at("out/" NEW_NODE), 65536, &text), 0);
	assert_non_null(strstr(text.data, "node.vendor.extra = on\n"));
	assert_non_null(strstr(text.data, "node.session.auth.password = secret\n"));
	assert_null(strstr(text.data, "login_redirect_max"));
	text_done(&text);
}

/* What no open-iscsi knows is not in a tree that all of them read. */
static void test_export_leaves_own_settings_out(void **state)
{
	struct text text = { 0 };

	make_tree();
	put(NEW_NODE, "iface.bind = always\niface.path = a\niface.mtu = 1400\nnode.conn[0].address = 10.1.2.3\n");
	import(dir, at("db"));
	put("db/ifaces/if0", "iface.origin = auto\n iface.bind=always\niface.mtu = 1400\n# iface.path = a\niface.fast_fail = 3");
	export(at("db"), at("out"));
	assert_int_equal(text_read_file(at("out/" NEW_NODE), 65536, &text), 0);
	assert_non_null(strstr(text.data, "iface.mtu = 1400\n"));
	assert_null(strstr(text.data, "iface.bind"));
	assert_null(strstr(text.data, "iface.path"));
	text_done(&text);
	assert_int_equal(text_read_file(at("out/ifaces/if0"), 4096, &text), 0);
	assert_string_equal(text.data, "iface.mtu = 1400\n# iface.path = a\n");
	text_done(&text);
}

static void test_export_keeps_off(void **state)
{
	struct tree_count count;
	struct store *store;

	make_tree();
	import(dir, at("db"));
	put("out/nodes/x", "");
	assert_int_equal(store_begin(at("db"), STORE_READ, &store), 0);
	assert_int_equal(tree_export(store, at("db/ifaces"), at("out"), say, NULL, &count), -EEXIST);
	store_drop(store);
}

/* What is no iface file, such as a folder of an administrator, does not keep the rest back. */
static void test_export_leaves_out(void **state)
{
	struct tree_count count;

	make_tree();
	import(dir, at("db"));
	put("db/ifaces/old/if1", "iface.net_ifacename = eth1\n");
	*said = '\0';
	count = export(at("db"), at("out"));
	assert_int_equal(count.ifaces, 1);
	assert_int_equal(count.lost, 1);
	assert_non_null(strstr(said, "db/ifaces/old:0: Is a directory\n"));
}

static void test_hostile_names(void **state)
{
	struct tree_count count;

	put("nodes/iqn.2024-01.example:a/192.0.2.1,99999,1/default", TAIL);
	put("nodes/iqn.2024-01.example:a/192.0.2.1/default", TAIL);
	put("nodes/iqn 2024/192.0.2.1,3260,1/default", TAIL);
	put("nodes/iqn.2024-01.example:b/192.0.2.1,3260,1/default", "node.startup = sometimes\nnode.session.cmds_max = x\nnonsense\n");
	put("send_targets/nowhere/st_config", TAIL);
	count = import(dir, at("db"));
	assert_int_equal(count.nodes, 1);
	assert_int_equal(count.discoveries, 0);
	assert_int_equal(count.problems, 7);
	assert_int_equal(count.lost, 7);
	assert_non_null(strstr(said, "iqn.2024-01.example:b/192.0.2.1,3260,1/default:1: the value of node.startup is not accepted"));
	assert_field(at("db"), "iqn.2024-01.example:b,192.0.2.1,3260,1,default", F_NODE_STARTUP, "manual");
}

static void test_first_import_is_once(void **state)
{
	struct tree_count count;
	struct store *store;
	char from[PATH_MAX];

	assert_int_equal(tree_first_import(dir, at("ifaces"), say, NULL, &count, from), 0);
	make_tree();
	assert_int_equal(tree_first_import(dir, at("ifaces"), say, NULL, &count, from), 0);
	assert_string_equal(from, dir);
	assert_int_equal(count.nodes, 3);
	assert_int_equal(count.ifaces, 0);
	assert_int_equal(store_begin(dir, STORE_WRITE, &store), 0);
	assert_int_equal(store_delete(store, STORE_NODE, "iqn.2024-01.example:old\t192.0.2.1,3260,2\tdefault"), 0);
	assert_int_equal(store_commit(store), 0);
	assert_int_equal(tree_first_import(dir, at("ifaces"), say, NULL, &count, from), 0);
	assert_string_equal(from, "");
	assert_int_equal(count.nodes, 0);
}

static void test_ifaces_of_others_stay(void **state)
{
	struct tree_count count;
	struct text text = { 0 };

	make_tree();
	put("db/ifaces/if0", "iface.net_ifacename = eth9\n");
	count = import(dir, at("db"));
	assert_int_equal(count.ifaces, 0);
	assert_int_equal(count.kept, 1);
	assert_int_equal(text_read_file(at("db/ifaces/if0"), 4096, &text), 0);
	assert_string_equal(text.data, "iface.net_ifacename = eth9\n");
	text_done(&text);
}

static void test_links(void **state)
{
	static const char *const bad[] = {
		"", ",", "a,b", "iqn.x:a,192.0.2.1,3260,1", "iqn.x:a,192.0.2.1,3260,1,", "iqn.x:a,192.0.2.1,0,1,if0",
		"iqn.x:a,192.0.2.1,3260,65536,if0", "iqn.x:a,,3260,1,if0", ",192.0.2.1,3260,1,if0", "iqn/x,192.0.2.1,3260,1,if0",
	};
	struct node_key key;
	char buffer[TREE_LINK_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!tree_link_parse(bad[i], &key))
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(tree_link_parse("iqn.x:a,::1,3260,-1,if0", &key), 0);
	assert_string_equal(tree_link_format(&key, buffer), "iqn.x:a,::1,3260,-1,if0");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_forms, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_there_and_back, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_the_unknown_survives, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_export_leaves_own_settings_out, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_export_keeps_off, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_export_leaves_out, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_hostile_names, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_first_import_is_once, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_ifaces_of_others_stay, make_dir, remove_dir),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
