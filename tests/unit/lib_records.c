/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys, filters and records of the store: round trips, what matches, hostile keys, twins with and without a portal group. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/records.h"

static char dir[64];

static int make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/openhba-admstore.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void test_key_round_trip(void **state)
{
	static const char *const keys[] = {
		"iqn.x:a\t10.0.0.1,3260,1\tdefault",
		"eui.02004567A425678D\tfe80::1%eth0,1,-1\teth0.100",
		"naa.52004567BA64678D\tsome.host,65535,65535\tx",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char text[NODE_KEY_TEXT_MAX];
		struct node_key key;

		assert_int_equal(node_key_parse(keys[i], &key), 0);
		node_key_format(&key, text);
		assert_string_equal(text, keys[i]);
	}
}

static void test_hostile_keys(void **state)
{
	static const char *const keys[] = {
		"", "\t", "iqn.x:a", "iqn.x:a\t", "iqn.x:a\t10.0.0.1", "iqn.x:a\t10.0.0.1,3260", "iqn.x:a\t10.0.0.1,3260,1",
		"iqn.x:a\t10.0.0.1,3260,1\t", "\t10.0.0.1,3260,1\tdefault", "iqn.x:a\t,3260,1\tdefault",
		"iqn.x:a\t10.0.0.1,0,1\tdefault", "iqn.x:a\t10.0.0.1,65536,1\tdefault", "iqn.x:a\t10.0.0.1,3260,-2\tdefault",
		"iqn.x:a\t10.0.0.1,3260,x\tdefault", "iqn.x:a\t10.0.0.1,3260,1\ta\tb", "iqn.x:a\t10.0.0.1,99999999999999999999,1\tx",
	};
	char text[2000];
	struct node_key key;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!node_key_parse(keys[i], &key))
			fail_msg("accepted: %s", keys[i]);
	memset(text, 'a', sizeof(text));
	memcpy(text + 300, "\t10.0.0.1,3260,1\tx", 19);
	assert_int_equal(node_key_parse(text, &key), -EINVAL);
	assert_int_equal(node_key_parse(text + 300 - NODE_TARGET_MAX, &key), 0);
	assert_int_equal(node_key_parse(text + 300 - NODE_TARGET_MAX - 1, &key), -EINVAL);
}

static void test_filters(void **state)
{
	struct node_filter none = { 0 }, one = { .target = "iqn.x:a", .has_portal = true, .iface = "default" };
	struct node_key key;

	assert_int_equal(node_key_parse("iqn.x:a\t::1,3260,1\tdefault", &key), 0);
	assert_false(node_filter_is_set(&none));
	assert_true(node_filter_matches(&none, &key));
	assert_int_equal(portal_parse("[0:0:0:0:0:0:0:1]:3260,99", 3260, &one.portal), 0);
	assert_true(node_filter_matches(&one, &key));
	one.exact_tag = true;
	assert_false(node_filter_matches(&one, &key));
	one.portal.tpgt = 1;
	assert_true(node_filter_matches(&one, &key));
	one.portal.tpgt = PORTAL_TPGT_NONE;
	assert_true(node_filter_matches(&one, &key));
	one.portal.tpgt = 99;
	key.portal.tpgt = PORTAL_TPGT_NONE;
	assert_true(node_filter_matches(&one, &key));
	one.iface = "other";
	assert_false(node_filter_matches(&one, &key));
	one.iface = NULL;
	one.target = "iqn.x:ab";
	assert_false(node_filter_matches(&one, &key));
	one.target = NULL;
	one.portal.port = 3261;
	assert_false(node_filter_matches(&one, &key));
}

static int count_key(struct store *store, const struct node_key *key, void *data)
{
	(*(int *)data)++;
	return 0;
}

static int count(const char *target)
{
	struct node_filter filter = { .target = target };
	struct store *store;
	int number = 0;

	assert_int_equal(store_begin(dir, STORE_READ, &store), 0);
	assert_int_equal(node_each(store, &filter, count_key, &number), 0);
	store_drop(store);
	return number;
}

static void put(const char *target, const char *address, int tpgt, const char *iface)
{
	struct record node;
	struct store *store;

	record_init(&node, RECORD_NODE);
	assert_int_equal(record_set(&node, F_NODE_NAME, target, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_CONN_ADDRESS, address, ORIGIN_RECORD), 0);
	assert_int_equal(record_set_number(&node, F_NODE_TPGT, tpgt, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_IFACE_ISCSI_IFACENAME, iface, ORIGIN_RECORD), 0);
	assert_int_equal(record_set(&node, F_NODE_SESSION_AUTH_PASSWORD, "wonderland12", ORIGIN_RECORD), 0);
	assert_int_equal(store_begin(dir, STORE_WRITE, &store), 0);
	assert_int_equal(node_save(store, &node), 0);
	assert_int_equal(store_commit(store), 0);
	record_done(&node);
}

static void test_prefix_is_a_whole_name(void **state)
{
	put("iqn.x:a", "10.0.0.1", 1, "default");
	put("iqn.x:ab", "10.0.0.1", 1, "default");
	put("iqn.x:a", "10.0.0.2", 1, "default");
	assert_int_equal(count("iqn.x:a"), 2);
	assert_int_equal(count("iqn.x"), 0);
	assert_int_equal(count(""), 0);
	assert_int_equal(count(NULL), 3);
}

/* A record made without a tag becomes the one with the tag, and the reverse; two known tags are two portals. */
static void test_twins(void **state)
{
	put("iqn.t:x", "10.0.0.1", -1, "default");
	put("iqn.t:x", "10.0.0.1", -1, "eth0");
	put("iqn.t:x", "10.0.0.1", 1, "default");
	assert_int_equal(count("iqn.t:x"), 2);
	put("iqn.t:x", "10.0.0.1", 2, "default");
	assert_int_equal(count("iqn.t:x"), 3);
	put("iqn.t:x", "10.0.0.1", -1, "default");
	assert_int_equal(count("iqn.t:x"), 2);
}

static void test_node_round_trip(void **state)
{
	struct store *store;
	struct record node;
	struct node_key key;

	put("iqn.r:x", "fe80::1%eth0", 7, "eth0");
	assert_int_equal(node_key_parse("iqn.r:x\tfe80::1%eth0,3260,7\teth0", &key), 0);
	assert_int_equal(store_begin(dir, STORE_READ, &store), 0);
	assert_true(node_exists(store, &key));
	assert_int_equal(node_load(store, &key, &node), 0);
	assert_string_equal(record_text(&node, F_NODE_NAME), "iqn.r:x");
	assert_int_equal(record_number(&node, F_NODE_TPGT), 7);
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_PASSWORD), "wonderland12");
	record_done(&node);
	key.portal.tpgt = 8;
	assert_false(node_exists(store, &key));
	assert_int_equal(node_load(store, &key, &node), -ENOENT);
	store_drop(store);
}

/* A value that claims to be another record does not become it: the key has the word. */
static void test_value_that_lies(void **state)
{
	static const char value[] = "node.name = iqn.other:y\nnode.conn[0].address = 9.9.9.9\nno setting\nnode.startup = automatic\n";
	struct store *store;
	struct record node;
	struct node_key key;

	assert_int_equal(node_key_parse("iqn.l:x\t10.0.0.1,3260,1\tdefault", &key), 0);
	assert_int_equal(store_begin(dir, STORE_WRITE, &store), 0);
	assert_int_equal(store_put(store, STORE_NODE, "iqn.l:x\t10.0.0.1,3260,1\tdefault", value, sizeof(value) - 1), 0);
	assert_int_equal(node_load(store, &key, &node), 0);
	store_drop(store);
	assert_string_equal(record_text(&node, F_NODE_NAME), "iqn.l:x");
	assert_string_equal(record_text(&node, F_NODE_CONN_ADDRESS), "10.0.0.1");
	assert_true(record_is(&node, F_NODE_STARTUP, "automatic"));
	record_done(&node);
}

static int check_portal(struct store *store, const struct portal *portal, void *data)
{
	const char **expected = data;

	assert_string_equal(portal->address, *expected);
	return 1;
}

static void test_discovery_records(void **state)
{
	struct portal portal = { "fe80::1", 3205, PORTAL_TPGT_NONE };
	const char *expected = "fe80::1";
	struct record record;
	struct store *store;

	record_init(&record, RECORD_ISNS);
	assert_int_equal(record_set(&record, F_DISCOVERY_ISNS_ADDRESS, "fe80::1", ORIGIN_RECORD), 0);
	assert_int_equal(store_begin(dir, STORE_WRITE, &store), 0);
	assert_int_equal(discovery_save(store, &record), 0);
	record_done(&record);
	assert_int_equal(discovery_load(store, RECORD_ISNS, &portal, &record), 0);
	record_done(&record);
	assert_int_equal(discovery_load(store, RECORD_SENDTARGETS, &portal, &record), -ENOENT);
	assert_int_equal(discovery_each(store, RECORD_ISNS, check_portal, &expected), 1);
	assert_int_equal(discovery_each(store, RECORD_SENDTARGETS, check_portal, &expected), 0);
	assert_int_equal(discovery_remove(store, RECORD_ISNS, &portal), 0);
	assert_int_equal(discovery_remove(store, RECORD_ISNS, &portal), -ENOENT);
	store_drop(store);
}

static void make_found(struct record *node, const char *target, const char *address, int tpgt, const char *iface)
{
	struct node_key key = { .portal = { .port = 3260, .tpgt = tpgt } };

	snprintf(key.target, sizeof(key.target), "%s", target);
	snprintf(key.portal.address, sizeof(key.portal.address), "%s", address);
	snprintf(key.iface, sizeof(key.iface), "%s", iface);
	record_init(node, RECORD_NODE);
	assert_int_equal(node_set_key(node, &key), 0);
	assert_int_equal(record_set(node, F_NODE_STARTUP, "automatic", ORIGIN_RECORD), 0);
	assert_int_equal(record_set(node, F_IFACE_HWADDRESS, "02:00:00:00:00:01", ORIGIN_RECORD), 0);
}

static int add_found(struct store *store, const struct node_key *key, void *data)
{
	char *seen = data;

	assert_string_equal(key->iface, "");
	snprintf(seen + strlen(seen), 256 - strlen(seen), "%s %s,%d,%d;", key->target, key->portal.address, key->portal.port,
		 key->portal.tpgt);
	return 0;
}

/* A found portal keeps the settings of a record, but no iface, and hides from walks over discovery and node records. */
static void test_found_portals(void **state)
{
	struct node_filter all = { .iface = "default" }, one = { .target = "iqn.f:b" };
	struct node_key key = { .target = "iqn.f:a", .portal = { "10.0.0.1", 3260, 1 } };
	struct record node;
	struct store *store;
	char seen[256] = "";

	assert_int_equal(store_begin(dir, STORE_WRITE, &store), 0);
	make_found(&node, "iqn.f:a", "10.0.0.1", -1, "tcp.eth1");
	assert_int_equal(found_save(store, &node), 0);
	record_done(&node);
	make_found(&node, "iqn.f:a", "10.0.0.1", 1, "tcp.eth1");
	assert_int_equal(found_save(store, &node), 0);
	record_done(&node);
	make_found(&node, "iqn.f:b", "fe80::1%eth0", 2, "default");
	assert_int_equal(found_save(store, &node), 0);
	record_done(&node);
	assert_int_equal(found_each(store, &all, add_found, seen), 0);
	assert_string_equal(seen, "iqn.f:a 10.0.0.1,3260,1;iqn.f:b fe80::1%eth0,3260,2;");
	seen[0] = '\0';
	assert_int_equal(found_each(store, &one, add_found, seen), 0);
	assert_string_equal(seen, "iqn.f:b fe80::1%eth0,3260,2;");
	assert_int_equal(discovery_each(store, RECORD_SENDTARGETS, check_portal, NULL), 0);
	assert_int_equal(discovery_each(store, RECORD_ISNS, check_portal, NULL), 0);
	assert_int_equal(found_load(store, &key, &node), 0);
	assert_true(record_is(&node, F_NODE_STARTUP, "automatic"));
	assert_string_equal(record_text(&node, F_IFACE_HWADDRESS), "");
	assert_string_equal(record_text(&node, F_IFACE_ISCSI_IFACENAME), "");
	assert_string_equal(record_text(&node, F_NODE_NAME), "iqn.f:a");
	record_done(&node);
	assert_int_equal(found_remove(store, &key), 0);
	assert_int_equal(found_remove(store, &key), -ENOENT);
	assert_int_equal(found_load(store, &key, &node), -ENOENT);
	store_drop(store);
}

static void test_hostile_found_keys(void **state)
{
	static const char *const keys[] = {
		"", "found", "found\t", "found\tiqn.x:a", "found\tiqn.x:a\t10.0.0.1,3260", "found\tiqn.x:a\t10.0.0.1,3260,1\t",
		"found\tiqn.x:a\t10.0.0.1,3260,1\tdefault", "found\t\t10.0.0.1,3260,1", "found\tiqn.x:a\t,3260,1",
		"found\tiqn.x:a\t10.0.0.1,0,1", "found\tiqn.x:a\t10.0.0.1,3260,-2", "iqn.x:a\t10.0.0.1,3260,1", "Found\tiqn.x:a\t::1,1,1",
	};
	struct node_key key;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!found_key_parse(keys[i], &key))
			fail_msg("accepted: %s", keys[i]);
	assert_int_equal(found_key_parse("found\tiqn.x:a\t::1,3260,-1", &key), 0);
	assert_string_equal(key.portal.address, "::1");
	assert_int_equal(key.portal.tpgt, -1);
}

/* A host name that a record has is not looked up; one that none has becomes addresses. */
static void test_host_names(void **state)
{
	struct node_filter filter = { .has_portal = true };

	put("iqn.h:x", "my.array", 1, "default");
	assert_int_equal(portal_parse("my.array", 3260, &filter.portal), 0);
	assert_int_equal(node_filter_resolve(&filter, dir), 0);
	assert_int_equal(filter.address_count, 0);
	assert_int_equal(portal_parse("localhost", 3260, &filter.portal), 0);
	assert_int_equal(node_filter_resolve(&filter, dir), 0);
	assert_true(filter.address_count > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key_round_trip),
		cmocka_unit_test(test_hostile_keys),
		cmocka_unit_test(test_filters),
		cmocka_unit_test_setup_teardown(test_prefix_is_a_whole_name, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_twins, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_node_round_trip, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_value_that_lies, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_discovery_records, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_found_portals, make_dir, remove_dir),
		cmocka_unit_test(test_hostile_found_keys),
		cmocka_unit_test_setup_teardown(test_host_names, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
