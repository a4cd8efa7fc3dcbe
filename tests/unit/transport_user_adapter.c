/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests about adapters as the kernel reads them: every byte of their attributes, the tables that come back, and what becomes of
 * tables that are cut off or wrong.
 */
#include <errno.h>

#include "transport/user/adapter.h"
#include "tests/unit/kernel_end.h"

/* An answer that the kernel sends to everybody: number of words of u that it repeats, data behind. */
static struct bytes answer(uint32_t number, const uint32_t u[6], const void *data, size_t bytes)
{
	struct bytes b = reply_to(number, u, 0, 0, 0);

	b.at[4] = 0;
	memcpy(b.at + AT_TRAILER, data, bytes);
	b.length += (uint32_t)bytes;
	put32(&b, 0, b.length);
	return b;
}

static uint16_t get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void iface_params(void **state)
{
	struct fixture *f = *state;
	struct iscsi_iface_attribute vlan = { .iface_num = 3, .len = 2, .param = 16, .iface_type = 1, .param_type = 2 };
	struct iscsi_iface_attribute burst = { .iface_num = 3, .len = 4, .param = 9, .iface_type = 1, .param_type = 5 };
	uint32_t u[6] = { 4, 2 }, first_burst = 65536;
	struct attributes attributes = { 0 };
	uint16_t tag = 0xa064;
	const uint8_t *at = f->sent.at + AT_TRAILER;

	attributes_add_iface(&attributes, &vlan, &tag);
	attributes_add_iface(&attributes, &burst, &first_burst);
	from_kernel(f, reply_to(31, u, 0, 0, 0));
	assert_int_equal(request_set_iface_params(f->nl, HANDLE, 4, &attributes), 0);
	assert_sent(f, 31, u, 64);
	assert_int_equal(get16(at), 32); /* 4 + 12 + 16 */
	assert_int_equal(get16(at + 2), 16);
	assert_memory_equal(at + 4, &vlan, 12);
	assert_int_equal(get16(at + 16), 0xa064);
	assert_int_equal(at[18] | at[31], 0); /* drivers copy 16 bytes */
	assert_int_equal(get16(at + 34), 9);
	assert_memory_equal(at + 36, &burst, 12);
	assert_int_equal(get32(at + 48), 65536);
	from_kernel(f, reply_to(31, u, 0, 0, -EINVAL));
	assert_int_equal(request_set_iface_params(f->nl, HANDLE, 4, &attributes), -EINVAL);
	attributes_done(&attributes);
	attributes_done(&attributes);
}

static void attributes_have_a_limit(void **state)
{
	struct fixture *f = *state;
	struct attributes attributes = { 0 };
	static char text[5000];

	attributes_add(&attributes, 1, text, sizeof(text));
	assert_int_equal(request_set_flashnode(f->nl, HANDLE, 4, 0, &attributes), -EMSGSIZE);
	attributes_done(&attributes);
	for (int i = 0; i < 20; i++)
		attributes_add(&attributes, 1, text, 4000);
	assert_int_equal(attributes.error, -EMSGSIZE);
	attributes_done(&attributes);
}

static void make_entry(struct iscsi_chap_entry *entry, uint16_t index, uint32_t type, const char *name, const char *secret)
{
	*entry = (struct iscsi_chap_entry){ .index = index, .type = type, .password_length = (uint8_t)strlen(secret) };
	memcpy(entry->username, name, strlen(name));
	memcpy(entry->password, secret, strlen(secret));
}

static void get_chap(void **state)
{
	struct fixture *f = *state;
	uint32_t u[6] = { 4, 8, 5 }, answered[6] = { 4, 2, 5 };
	struct iscsi_chap_entry table[2], entries[8];
	unsigned int count;

	make_entry(&table[0], 5, 0, "out", "secret of mine");
	make_entry(&table[1], 7, 1, "in", "secret of theirs");
	memset(table[1].username, 'n', sizeof(table[1].username));
	memset(table[1].password, 'p', sizeof(table[1].password));
	from_kernel(f, answer(33, answered, table, sizeof(table)));
	assert_int_equal(request_get_chap(f->nl, HANDLE, 4, 5, entries, 8, &count), 0);
	assert_sent(f, 33, u, 0);
	assert_int_equal(count, 2);
	assert_int_equal(entries[0].index, 5);
	assert_string_equal(entries[0].username, "out");
	assert_string_equal(entries[0].password, "secret of mine");
	assert_int_equal(entries[1].type, ISCSI_CHAP_IN);
	assert_int_equal(strlen(entries[1].username), 255);
	assert_int_equal(strlen(entries[1].password), 16);
}

static void bad_chap_tables(void **state)
{
	struct fixture *f = *state;
	uint32_t claimed[6] = { 4, 8, 0 }, one[6] = { 4, 1, 0 };
	struct iscsi_chap_entry table[2], entries[8];
	unsigned int count = 9;

	make_entry(&table[0], 0, 0, "a", "b");
	make_entry(&table[1], 1, 7, "a", "b");
	from_kernel(f, answer(33, claimed, table, 600)); /* says 8, brings 1 and a bit */
	assert_int_equal(request_get_chap(f->nl, HANDLE, 4, 0, entries, 8, &count), 0);
	assert_int_equal(count, 1);
	from_kernel(f, answer(33, claimed, table, sizeof(table))); /* a type that is none */
	assert_int_equal(request_get_chap(f->nl, HANDLE, 4, 0, entries, 8, &count), -EPROTO);
	assert_int_equal(count, 0);
	from_kernel(f, answer(33, one, table, sizeof(table))); /* brings 2, says 1 */
	assert_int_equal(request_get_chap(f->nl, HANDLE, 4, 0, entries, 8, &count), 0);
	assert_int_equal(count, 1);
	claimed[1] = 1;
	from_kernel(f, reply_to(33, (uint32_t[6]){ 4, 1, 0 }, 0, 0, -EINVAL));
	assert_int_equal(request_get_chap(f->nl, HANDLE, 4, 0, entries, 1, &count), -EINVAL);
}

static void set_chap(void **state)
{
	static const struct {
		uint16_t param, len;
		const char *value;
	} wanted[] = { { 0, 2, "\3\1" }, { 1, 1, "\1" }, { 2, 5, "name" }, { 3, 14, "secret_secret" }, { 4, 1, "\15" } };
	struct fixture *f = *state;
	struct iscsi_chap_entry entry;
	uint32_t u[6] = { 4 };
	const uint8_t *at = f->sent.at + AT_TRAILER;

	make_entry(&entry, 0x103, ISCSI_CHAP_IN, "name", "secret_secret");
	from_kernel(f, reply_to(41, u, 0, 0, 0));
	assert_int_equal(request_set_chap(f->nl, HANDLE, 4, &entry), 0);
	assert_sent(f, 41, u, 5 * 28);
	for (int i = 0; i < 5; i++, at += 28) {
		assert_int_equal(get16(at), 26);
		assert_int_equal(get16(at + 2), wanted[i].param);
		assert_int_equal(get32(at + 4), wanted[i].len);
		assert_int_equal(get16(at + 8), wanted[i].param);
		assert_memory_equal(at + 10, wanted[i].value, wanted[i].len);
	}
	from_kernel(f, reply_to(41, u, 0, 0, -EBUSY));
	assert_int_equal(request_set_chap(f->nl, HANDLE, 4, &entry), -EBUSY);
}

static void delete_chap(void **state)
{
	struct fixture *f = *state;
	uint32_t u[6] = { 4, 17 };

	from_kernel(f, reply_to(34, u, 0, 0, 0));
	assert_int_equal(request_delete_chap(f->nl, HANDLE, 4, 17), 0);
	assert_sent(f, 34, u, 0);
}

static void flashnodes(void **state)
{
	struct fixture *f = *state;
	uint32_t made[6] = { 4, 5 }, one[6] = { 4, 2 }, set[6] = { 4, 2, 1 }, sid[6] = { 4, 11 }, index = 0;
	struct attributes attributes = { 0 };
	uint16_t port = 3261;

	from_kernel(f, reply_to(36, made, 6, 0, 0));
	assert_int_equal(request_new_flashnode(f->nl, HANDLE, 4, "ipv6", &index), 0);
	assert_sent(f, 36, made, 5);
	assert_string_equal((char *)f->sent.at + AT_TRAILER, "ipv6");
	assert_int_equal(index, 6);
	attributes_add(&attributes, 32, &port, sizeof(port));
	from_kernel(f, reply_to(35, set, 0, 0, 0));
	assert_int_equal(request_set_flashnode(f->nl, HANDLE, 4, 2, &attributes), 0);
	assert_sent(f, 35, set, 28);
	assert_int_equal(get16(f->sent.at + AT_TRAILER + 2), 32);
	assert_int_equal(get32(f->sent.at + AT_TRAILER + 4), 2);
	assert_int_equal(get16(f->sent.at + AT_TRAILER + 10), 3261);
	attributes_done(&attributes);
	from_kernel(f, reply_to(37, one, 0, 0, 0));
	assert_int_equal(request_del_flashnode(f->nl, HANDLE, 4, 2), 0);
	assert_sent(f, 37, one, 0);
	from_kernel(f, reply_to(38, one, 0, 0, -EPERM));
	assert_int_equal(request_login_flashnode(f->nl, HANDLE, 4, 2), -EPERM);
	assert_sent(f, 38, one, 0);
	from_kernel(f, reply_to(39, one, 0, 0, -ESRCH));
	assert_int_equal(request_logout_flashnode(f->nl, HANDLE, 4, 2), -ESRCH);
	assert_sent(f, 39, one, 0);
	from_kernel(f, reply_to(40, sid, 0, 0, 0));
	assert_int_equal(request_logout_flashnode_sid(f->nl, HANDLE, 4, 11), 0);
	assert_sent(f, 40, sid, 0);
}

static void host_stats(void **state)
{
	struct fixture *f = *state;
	struct {
		struct iscsi_host_stats stats;
		struct iscsi_stats_custom custom[2];
	} data = { .stats = { .mactx_frames = 1, .iscsi_sequence_error = 82, .custom_length = 9 }, .custom = { { "first", 5 } } };
	struct iscsi_host_stats stats;
	struct iscsi_stats_custom custom[4];
	unsigned int count;
	uint32_t u[6] = { 4 };

	memset(data.custom[1].name, 'x', sizeof(data.custom[1].name));
	from_kernel(f, answer(42, u, &data, sizeof(data)));
	assert_int_equal(request_get_host_stats(f->nl, HANDLE, 4, &stats, custom, 4, &count), 0);
	assert_sent(f, 42, u, 0);
	assert_true(stats.mactx_frames == 1 && stats.iscsi_sequence_error == 82);
	assert_int_equal(count, 2); /* as many as there are, not as many as it says */
	assert_string_equal(custom[0].name, "first");
	assert_int_equal(strlen(custom[1].name), 63);
	from_kernel(f, answer(42, u, &data, 663));
	assert_int_equal(request_get_host_stats(f->nl, HANDLE, 4, &stats, custom, 4, &count), -EPROTO);
	from_kernel(f, reply_to(42, u, 0, 0, -EINVAL));
	assert_int_equal(request_get_host_stats(f->nl, HANDLE, 4, &stats, NULL, 0, &count), -EINVAL);
	assert_int_equal(count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(iface_params), TEST(attributes_have_a_limit), TEST(get_chap),  TEST(bad_chap_tables),
		TEST(set_chap),	    TEST(delete_chap),		   TEST(flashnodes), TEST(host_stats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
