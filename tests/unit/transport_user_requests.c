/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests as the kernel reads them: what is sent is compared byte by byte with the kernel's offsets, what comes back is made up
 * here. Covers every request that has a builder, errors in both places, tolerated parameters and the rows behind the names.
 */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "transport/user/names.h"
#include "transport/user/adapter.h"
#include "transport/user/requests.h"
#include "tests/unit/kernel_end.h"

static void create_session(void **state)
{
	struct fixture *f = *state;
	uint32_t u[6] = { 0xfffffffe, 128 | 32 << 16 }, sid = 0, host_no = 0;

	from_kernel(f, reply_to(11, u, 7, 3, 0));
	assert_int_equal(request_create_session(f->nl, HANDLE, 0xfffffffe, 128, 32, &sid, &host_no), 0);
	assert_true(sid == 7 && host_no == 3);
	assert_sent(f, 11, u, 0);
	from_kernel(f, reply_to(11, u, 0, 0, -ENOMEM));
	assert_int_equal(request_create_session(f->nl, HANDLE, 0xfffffffe, 128, 32, &sid, &host_no), -ENOMEM);
	assert_int_equal(sid, 7);
}

static void create_bound_session(void **state)
{
	struct fixture *f = *state;
	uint32_t u[6] = { 5, 0, 1, 64 | 16 << 16 }, sid = 0, host_no = 0;

	from_kernel(f, reply_to(28, u, 8, 4, 0));
	assert_int_equal(request_create_bound_session(f->nl, HANDLE, 5, 1, 64, 16, &sid, &host_no), 0);
	assert_true(sid == 8 && host_no == 4);
	assert_sent(f, 28, u, 0);
}

static void simple_requests(void **state)
{
	struct fixture *f = *state;
	uint32_t conn[6] = { 7, 1 }, session[6] = { 7 }, stop[6] = { 7, 1, 0, 0, 3 };

	from_kernel(f, reply_to(17, conn, 0, 0, 0));
	assert_int_equal(request_start_conn(f->nl, HANDLE, 7, 1), 0);
	assert_sent(f, 17, conn, 0);
	from_kernel(f, reply_to(18, stop, 0, 0, 0));
	assert_int_equal(request_stop_conn(f->nl, HANDLE, 7, 1, ISCSI_STOP_RECOVER), 0);
	assert_sent(f, 18, stop, 0);
	from_kernel(f, reply_to(14, conn, 0, 0, 0));
	assert_int_equal(request_destroy_conn(f->nl, HANDLE, 7, 1), 0);
	assert_sent(f, 14, conn, 0);
	from_kernel(f, reply_to(27, session, 0, 0, 0));
	assert_int_equal(request_unbind_session(f->nl, HANDLE, 7), 0);
	assert_sent(f, 27, session, 0);
	from_kernel(f, reply_to(17, conn, (uint32_t)-ENOTCONN, 0, 0));
	assert_int_equal(request_start_conn(f->nl, HANDLE, 7, 1), -ENOTCONN);
}

static void destroy_falls_back(void **state)
{
	struct fixture *f = *state;
	uint32_t u[6] = { 7 };

	from_kernel(f, reply_to(43, u, 0, 0, 0));
	assert_int_equal(request_destroy_session(f->nl, HANDLE, 7), 0);
	assert_sent(f, 43, u, 0);
	from_kernel(f, reply_to(43, u, 0, 0, -ENOSYS));
	from_kernel(f, reply_to(12, u, 0, 0, 0));
	assert_int_equal(request_destroy_session(f->nl, HANDLE, 7), 0);
	assert_sent(f, 43, u, 0);
	assert_sent(f, 12, u, 0);
	from_kernel(f, reply_to(43, u, 0, 0, -EBUSY));
	assert_int_equal(request_destroy_session(f->nl, HANDLE, 7), -EBUSY);
	assert_sent(f, 43, u, 0);
}

static void send_pdu(void **state)
{
	struct fixture *f = *state;
	uint32_t u[6] = { 7, 0, 48, 5 };
	uint8_t bhs[48] = { 0x43, 0x87 };

	from_kernel(f, reply_to(19, u, 0, 0, 0));
	assert_int_equal(request_send_pdu(f->nl, HANDLE, 7, 0, bhs, "abcd", 5), 0);
	assert_sent(f, 19, u, 53);
	assert_memory_equal(f->sent.at + AT_TRAILER, bhs, 48);
	assert_memory_equal(f->sent.at + AT_TRAILER + 48, "abcd", 5);
}

static void get_stats(void **state)
{
	struct fixture *f = *state;
	uint32_t u[6] = { 7, 0 };
	struct bytes b = reply_to(20, u, 0, 0, 0);
	struct iscsi_stats stats;
	struct iscsi_stats_custom custom[2];
	unsigned int count = 9;

	b.at[4] = 0;
	b.length = AT_TRAILER + 96 + 72;
	put32(&b, 0, b.length);
	put32(&b, AT_TRAILER + 20, 4711);
	put32(&b, AT_TRAILER + 92, 1000000); /* a lie: one item is there */
	memcpy(b.at + AT_TRAILER + 96, "eh_abort_cnt", 13);
	put32(&b, AT_TRAILER + 96 + 64, 3);
	from_kernel(f, b);
	assert_int_equal(request_get_stats(f->nl, HANDLE, 7, 0, &stats, custom, 2, &count), 0);
	assert_int_equal(stats.scsicmd_pdus, 4711);
	assert_int_equal(count, 1);
	assert_string_equal(custom[0].name, "eh_abort_cnt");
	assert_int_equal(custom[0].value, 3);
	assert_sent(f, 20, u, 0);
	b.length = AT_TRAILER + 95;
	put32(&b, 0, b.length);
	from_kernel(f, b);
	assert_int_equal(request_get_stats(f->nl, HANDLE, 7, 0, &stats, NULL, 0, NULL), -EPROTO);
	assert_sent(f, 20, u, 0);
	from_kernel(f, reply_to(20, u, 0, 0, -ENOTCONN));
	assert_int_equal(request_get_stats(f->nl, HANDLE, 7, 0, &stats, NULL, 0, NULL), -ENOTCONN);
}

static void host_requests(void **state)
{
	struct fixture *f = *state;
	uint32_t param[6] = { 3, 1, 6 }, ping[6] = { 3, 1, 2, 32, 99 };
	struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

	from_kernel(f, reply_to(26, param, 0, 0, 0));
	assert_int_equal(request_set_host_param(f->nl, HANDLE, 3, ISCSI_HOST_PARAM_INITIATOR_NAME, "iqn.x"), 0);
	assert_sent(f, 26, param, 6);
	assert_string_equal((char *)f->sent.at + AT_TRAILER, "iqn.x");
	from_kernel(f, reply_to(32, ping, 0, 0, -ENOSYS));
	assert_int_equal(request_ping(f->nl, HANDLE, 3, 1, 2, 32, 99, (struct sockaddr *)&address, sizeof(address)),
			 -ENOSYS);
	assert_sent(f, 32, ping, sizeof(address));
	assert_memory_equal(f->sent.at + AT_TRAILER, &address, sizeof(address));
}

static void endpoints(void **state)
{
	struct fixture *f = *state;
	uint32_t connect_u[6] = { 1 }, through[6] = { 3, 1 }, poll_u[6] = { 5, 0, 250 }, ep_u[6] = { 5 };
	struct sockaddr_in address = { .sin_family = AF_INET };
	const struct sockaddr *to = (const struct sockaddr *)&address;
	uint64_t ep = 0;

	from_kernel(f, reply_to(22, connect_u, 5, 1, 0));
	assert_int_equal(request_ep_connect(f->nl, HANDLE, to, sizeof(address), true, &ep), 0);
	assert_true(ep == 0x100000005ull);
	assert_sent(f, 22, connect_u, sizeof(address));
	from_kernel(f, reply_to(29, through, 6, 0, 0));
	assert_int_equal(request_ep_connect_through_host(f->nl, HANDLE, 3, to, sizeof(address), true, &ep), 0);
	assert_true(ep == 6);
	assert_sent(f, 29, through, sizeof(address));
	from_kernel(f, reply_to(23, poll_u, 1, 0, 0));
	assert_int_equal(request_ep_poll(f->nl, HANDLE, 5, 250), 1);
	assert_sent(f, 23, poll_u, 0);
	from_kernel(f, reply_to(23, poll_u, (uint32_t)-ETIMEDOUT, 0, 0));
	assert_int_equal(request_ep_poll(f->nl, HANDLE, 5, 250), -ETIMEDOUT);
	assert_sent(f, 23, poll_u, 0);
	from_kernel(f, reply_to(24, ep_u, 0, 0, 0));
	assert_int_equal(request_ep_disconnect(f->nl, HANDLE, 5), 0);
	assert_sent(f, 24, ep_u, 0);
}

/* The batch of a login: one datagram, the replies in order, one parameter unknown to the driver. */
static void a_login_batch(void **state)
{
	struct fixture *f = *state;
	struct request_batch batch;
	struct request_result results[5];
	uint32_t create[6] = { 7, 0 }, bind_u[6] = { 7, 0, 12, 0, 1 }, digest[6] = { 7, 0, 2, 2 };
	uint32_t statsn[6] = { 7, 0, 14, 11 }, ping[6] = { 7, 0, 30, 2 };
	ssize_t bytes;

	batch_init(&batch, HANDLE);
	batch_create_conn(&batch, 7, 0);
	batch_bind_conn(&batch, 7, 0, 12, true);
	batch_set_number(&batch, 7, 0, ISCSI_PARAM_HDRDGST_EN, 1);
	batch_set_number(&batch, 7, 0, ISCSI_PARAM_EXP_STATSN, 4294967295);
	batch_set_param(&batch, 7, 0, ISCSI_PARAM_PING_TMO, "5");
	from_kernel(f, reply_to(13, create, 7, 0, 0));
	from_kernel(f, reply_to(15, bind_u, 0, 0, 0));
	from_kernel(f, reply_to(16, digest, 0, 0, 0));
	from_kernel(f, reply_to(16, statsn, 0, 0, 0));
	from_kernel(f, reply_to(16, ping, 0, 0, -ENOSYS));
	assert_int_equal(batch_send(f->nl, &batch, results, 5), 0);
	bytes = recv(f->kernel, f->sent.at, sizeof(f->sent.at), MSG_DONTWAIT);
	assert_int_equal(bytes, 72 + 72 + 76 + 84 + 76);
	assert_memory_equal(f->sent.at + 72 + AT_U, bind_u, 24);
	assert_memory_equal(f->sent.at + 144 + AT_U, digest, 24);
	assert_memory_equal(f->sent.at + 220 + AT_U, statsn, 24);
	assert_string_equal((char *)f->sent.at + 220 + AT_TRAILER, "4294967295");
	assert_true(results[1].request == ISCSI_UEVENT_BIND_CONN && !results[1].error);
	assert_true(results[4].param == ISCSI_PARAM_PING_TMO && results[4].error == -ENOSYS && results[4].tolerated);
	assert_int_equal(batch.count, 0);
	batch_done(&batch);
	batch_done(&batch);
}

/* The first error of several is the answer, wherever the kernel put it; a needed parameter must be known. */
static void a_batch_fails(void **state)
{
	struct fixture *f = *state;
	struct request_batch batch;
	struct request_result results[2];
	uint32_t bind_u[6] = { 7, 0, 12, 0, 1 }, digest[6] = { 7, 0, 2, 2 };

	batch_init(&batch, HANDLE);
	batch_bind_conn(&batch, 7, 0, 12, true);
	batch_set_number(&batch, 7, 0, ISCSI_PARAM_HDRDGST_EN, 1);
	from_kernel(f, reply_to(15, bind_u, (uint32_t)-EEXIST, 0, 0));
	from_kernel(f, reply_to(16, digest, 0, 0, -ENOTCONN));
	assert_int_equal(batch_send(f->nl, &batch, results, 2), -EEXIST);
	assert_true(results[0].error == -EEXIST && results[1].error == -ENOTCONN);
	batch_set_number(&batch, 7, 0, ISCSI_PARAM_HDRDGST_EN, 1);
	from_kernel(f, reply_to(16, digest, 0, 0, -ENOSYS));
	assert_int_equal(batch_send(f->nl, &batch, NULL, 0), -ENOSYS);
	batch_done(&batch);
}

static void too_much_is_refused(void **state)
{
	struct fixture *f = *state;
	struct request_batch batch;
	char text[4097];
	int i;

	memset(text, 'x', sizeof(text));
	text[4096] = '\0';
	batch_init(&batch, HANDLE);
	batch_set_param(&batch, 7, 0, ISCSI_PARAM_TARGET_NAME, text);
	assert_int_equal(batch_send(f->nl, &batch, NULL, 0), -EMSGSIZE);
	text[4095] = '\0';
	for (i = 0; i < 40; i++)
		batch_set_param(&batch, 7, 0, ISCSI_PARAM_TARGET_NAME, text);
	assert_int_equal(batch_send(f->nl, &batch, NULL, 0), -EMSGSIZE);
	assert_int_equal(batch_send(f->nl, &batch, NULL, 0), 0); /* empty again */
	batch_send_pdu(&batch, 7, 0, text, text, SIZE_MAX / 2);
	assert_int_equal(batch_send(f->nl, &batch, NULL, 0), -EMSGSIZE);
	batch_done(&batch);
	assert_int_equal(recv(f->kernel, text, sizeof(text), MSG_DONTWAIT), -1);
}

/* Every row of params.def goes out with its number and text, and is tolerated or not as it says. */
static void every_parameter(void **state)
{
	struct fixture *f = *state;
	uint32_t param;

	for (param = 0; param < ISCSI_PARAM_COUNT; param++) {
		const struct param_row *row = param_row(param);
		uint32_t u[6] = { 1, 0, param, 2 };
		struct request_result result;
		struct request_batch batch;
		int error;

		assert_non_null(row);
		assert_true(strlen(row->sentence) > 5);
		assert_int_equal(row->object == PARAM_HIDDEN, !row->attribute[0]);
		batch_init(&batch, HANDLE);
		batch_set_param(&batch, 1, 0, (enum iscsi_param)param, "1");
		from_kernel(f, reply_to(16, u, 0, 0, -ENOSYS));
		error = batch_send(f->nl, &batch, &result, 1);
		assert_sent(f, 16, u, 2);
		assert_int_equal(result.tolerated, !(row->flags & PARAM_NEEDED));
		assert_int_equal(error, row->flags & PARAM_NEEDED ? -ENOSYS : 0);
		batch_done(&batch);
	}
	assert_null(param_row(ISCSI_PARAM_COUNT));
}

static void attributes_are_unique(void **state)
{
	uint32_t a, b;

	for (a = 0; a < ISCSI_PARAM_COUNT; a++)
		for (b = a + 1; b < ISCSI_PARAM_COUNT; b++)
			assert_false(param_row(a)->object != PARAM_HIDDEN &&
				     param_row(a)->object == param_row(b)->object &&
				     !strcmp(param_row(a)->attribute, param_row(b)->attribute));
}

static void every_number_has_a_name(void **state)
{
	uint32_t number;

	for (number = 11; number <= 43; number++)
		assert_true(request_row(number) && strlen(request_row(number)->sentence) > 5);
	for (number = 101; number <= 111; number++)
		assert_string_not_equal(event_name(number), "?");
	for (number = 1001; number <= 1022; number++) {
		assert_string_not_equal(conn_error_name(number), "?");
		assert_true(strlen(conn_error_text(number)) > 5);
	}
	assert_string_equal(request_name(15), "BIND_CONN");
	assert_string_equal(event_name(109), "CONN_LOGIN_STATE");
	assert_string_equal(conn_error_name(1020), "TCP_CONN_CLOSE");
	assert_int_equal(request_row(15)->answer, ANSWER_RETCODE);
	assert_int_equal(request_row(20)->answer, ANSWER_MULTICAST);
	assert_true(!request_row(10) && !request_row(44) && !request_row(0));
	assert_string_equal(request_name(0), "?");
	assert_string_equal(event_name(100), "?");
	assert_string_equal(event_name(112), "?");
	assert_string_equal(conn_error_name(1000), "?");
	assert_string_equal(conn_error_text(1023), "?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(create_session),
		TEST(create_bound_session),
		TEST(simple_requests),
		TEST(destroy_falls_back),
		TEST(send_pdu),
		TEST(get_stats),
		TEST(host_requests),
		TEST(endpoints),
		TEST(a_login_batch),
		TEST(a_batch_fails),
		TEST(too_much_is_refused),
		TEST(every_parameter),
		cmocka_unit_test(attributes_are_unique),
		cmocka_unit_test(every_number_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
