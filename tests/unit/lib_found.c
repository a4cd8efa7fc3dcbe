/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Found portals through a discovery's life: made, renewed, dropped with their source, and what removals by hand do to them. */
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

#include "lib/found.h"

static char dir[64];
static struct store *store;

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/openhba-found.XXXXXX");
	return mkdtemp(dir) ? store_begin(dir, STORE_WRITE, &store) : -1;
}

static int teardown(void **state)
{
	char command[128];

	store_drop(store);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct portal make_portal(const char *text)
{
	struct portal portal;

	assert_int_equal(portal_parse(text, ISCSI_PORT, &portal), 0);
	return portal;
}

/* A discovery of `source` reports these pairs of target and portal; user marks its settings. */
static void renew(const char *source, const char *user, unsigned int what, const char *const reported[][2])
{
	struct sendtargets_list list = { 0 };
	struct portal at = make_portal(source);
	struct record defaults;

	record_init(&defaults, RECORD_NODE);
	assert_int_equal(node_set_source(&defaults, RECORD_SENDTARGETS, &at), 0);
	assert_int_equal(record_set(&defaults, F_NODE_SESSION_AUTH_USERNAME, user, ORIGIN_CONF), 0);
	for (size_t i = 0; reported[i][0]; i++) {
		struct portal portal = make_portal(reported[i][1]);

		assert_int_equal(sendtargets_list_add(&list, reported[i][0], &portal), 0);
	}
	assert_int_equal(found_renew(store, &defaults, &list, what), 0);
	sendtargets_list_done(&list);
	record_done(&defaults);
}

static int add_text(struct store *in, const struct node_key *key, void *data)
{
	char *text = data;
	struct record node;

	assert_int_equal(found_load(in, key, &node), 0);
	snprintf(text + strlen(text), 512 - strlen(text), "%s %s %s;", key->target, key->portal.address,
		 record_text(&node, F_NODE_SESSION_AUTH_USERNAME));
	record_done(&node);
	return 0;
}

static void expect(const char *text)
{
	static const struct node_filter everything;
	char seen[512] = "";

	assert_int_equal(found_each(store, &everything, add_text, seen), 0);
	assert_string_equal(seen, text);
}

static struct node_key make_key(const char *target, const char *portal, const char *iface)
{
	struct node_key key = { .portal = make_portal(portal) };

	snprintf(key.target, sizeof(key.target), "%s", target);
	snprintf(key.iface, sizeof(key.iface), "%s", iface);
	return key;
}

static void add_node(const char *target, const char *portal, const char *iface)
{
	struct node_key key = make_key(target, portal, iface);
	struct record node;

	record_init(&node, RECORD_NODE);
	assert_int_equal(node_set_key(&node, &key), 0);
	assert_int_equal(node_save(store, &node), 0);
	record_done(&node);
}

#define ALL (FOUND_NEW | FOUND_UPDATE | FOUND_DROP)

static void test_renew(void **state)
{
	static const char *const first[][2] = { { "iqn.a", "10.0.0.1,1" }, { "iqn.a", "10.0.1.1,1" }, { "iqn.b", "10.0.0.1,1" }, { 0 } };
	static const char *const second[][2] = { { "iqn.a", "10.0.1.1,1" }, { "iqn.c", "10.0.0.1,1" }, { 0 } };
	static const char *const other[][2] = { { "iqn.z", "10.0.9.1,1" }, { 0 } }, *const none[][2] = { { 0 } };

	renew("10.0.9.1", "z", ALL, other);
	renew("10.0.0.1", "1", ALL, first);
	expect("iqn.a 10.0.0.1 1;iqn.a 10.0.1.1 1;iqn.b 10.0.0.1 1;iqn.z 10.0.9.1 z;");
	renew("10.0.0.1", "2", FOUND_NEW, second);
	expect("iqn.a 10.0.0.1 1;iqn.a 10.0.1.1 1;iqn.b 10.0.0.1 1;iqn.c 10.0.0.1 2;iqn.z 10.0.9.1 z;");
	renew("10.0.0.1", "3", FOUND_UPDATE, second);
	expect("iqn.a 10.0.0.1 1;iqn.a 10.0.1.1 3;iqn.b 10.0.0.1 1;iqn.c 10.0.0.1 3;iqn.z 10.0.9.1 z;");
	renew("10.0.0.1", "4", FOUND_DROP, second);
	expect("iqn.a 10.0.1.1 3;iqn.c 10.0.0.1 3;iqn.z 10.0.9.1 z;");
	renew("10.0.0.1", "5", ALL, none);
	expect("iqn.a 10.0.1.1 3;iqn.c 10.0.0.1 3;iqn.z 10.0.9.1 z;");
}

static void test_source_goes(void **state)
{
	static const char *const one[][2] = { { "iqn.a", "10.0.0.1,1" }, { 0 } }, *const two[][2] = { { "iqn.b", "10.0.0.1,1" }, { 0 } };
	struct portal source = make_portal("10.0.0.1"), other_port = make_portal("10.0.0.1:3261");
	struct node_key mark = make_key("iqn.a", "10.0.0.1,1", "tcp.1"), kept = make_key("iqn.b", "10.0.0.1,1", "tcp.1");

	renew("10.0.0.1", "1", ALL, one);
	renew("10.0.0.2", "2", ALL, two);
	assert_int_equal(declined_save(store, &mark), 0);
	assert_int_equal(declined_save(store, &kept), 0);
	assert_int_equal(found_forget_source(store, RECORD_ISNS, &source), 0);
	assert_int_equal(found_forget_source(store, RECORD_SENDTARGETS, &other_port), 0);
	expect("iqn.a 10.0.0.1 1;iqn.b 10.0.0.1 2;");
	assert_int_equal(found_forget_source(store, RECORD_SENDTARGETS, &source), 0);
	expect("iqn.b 10.0.0.1 2;");
	assert_false(declined_exists(store, &mark));
	assert_true(declined_exists(store, &kept));
}

static bool is_tcp(const char *iface, void *data)
{
	return !strncmp(iface, "tcp.", 4);
}

/* Removes by hand what matches, as `-m node -o delete` does. */
static void remove_node(const char *target, const char *iface, const char *const portals[])
{
	struct node_filter filter = { .target = target, .iface = iface };
	struct node_key removed[4];
	size_t count = 0;

	for (; portals[count]; count++) {
		removed[count] = make_key(target, portals[count], iface ? iface : "tcp.1");
		assert_int_equal(node_remove(store, &removed[count]), 0);
	}
	assert_int_equal(found_after_removal(store, &filter, removed, count, is_tcp, NULL), 0);
}

/* Without -I the target is gone, with all that was found of it, reached or not. */
static void test_removal_of_target(void **state)
{
	static const char *const found[][2] = { { "iqn.a", "10.0.0.1,1" }, { "iqn.a", "10.0.1.1,1" }, { "iqn.b", "10.0.0.1,1" }, { 0 } };
	static const char *const first[] = { "10.0.0.1,1", NULL };

	renew("10.0.0.1", "1", ALL, found);
	add_node("iqn.a", "10.0.0.1,1", "tcp.1");
	remove_node("iqn.a", NULL, first);
	expect("iqn.b 10.0.0.1 1;");
}

/* With -I: a mark while others are bound to the portal, the portal when it was the last; what nobody reached stays. */
static void test_removal_of_binding(void **state)
{
	static const char *const found[][2] = { { "iqn.a", "10.0.0.1,1" }, { "iqn.a", "10.0.1.1,1" }, { 0 } };
	static const char *const first[] = { "10.0.0.1,1", NULL };
	struct node_key one = make_key("iqn.a", "10.0.0.1,1", "tcp.1"), two = make_key("iqn.a", "10.0.0.1,1", "tcp.2");

	renew("10.0.0.1", "1", ALL, found);
	add_node("iqn.a", "10.0.0.1,1", "tcp.1");
	add_node("iqn.a", "10.0.0.1,1", "tcp.2");
	remove_node("iqn.a", "tcp.1", first);
	assert_true(declined_exists(store, &one));
	expect("iqn.a 10.0.0.1 1;iqn.a 10.0.1.1 1;");
	remove_node("iqn.a", "tcp.2", first);
	assert_false(declined_exists(store, &one));
	assert_false(declined_exists(store, &two));
	expect("iqn.a 10.0.1.1 1;");
}

/* Ifaces that nobody binds by itself need no mark. */
static void test_removal_unmanaged(void **state)
{
	static const char *const first[] = { "10.0.0.1,1", NULL };
	struct node_key one = make_key("iqn.a", "10.0.0.1,1", "default");

	add_node("iqn.a", "10.0.0.1,1", "default");
	add_node("iqn.a", "10.0.0.1,1", "tcp.1");
	remove_node("iqn.a", "default", first);
	assert_false(declined_exists(store, &one));
}

static int set_user(struct record *node, void *data)
{
	return record_set(node, F_NODE_SESSION_AUTH_USERNAME, data, ORIGIN_COMMAND);
}

static void test_change(void **state)
{
	static const char *const found[][2] = { { "iqn.a", "10.0.0.1,1" }, { "iqn.b", "10.0.0.1,1" }, { 0 } };
	struct node_filter filter = { .target = "iqn.b" };
	char user[] = "joe";

	renew("10.0.0.1", "1", ALL, found);
	assert_int_equal(found_change(store, &filter, set_user, user), 0);
	expect("iqn.a 10.0.0.1 1;iqn.b 10.0.0.1 joe;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_renew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removal_of_target, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removal_of_binding, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removal_unmanaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
