/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parameters given to the kernel: in which order, once each, and which depend on the record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <linux/netlink.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/params.h"
#include "lib/login.h"
#include "lib/loop.h"
#include "transport/user/requests.h"

/* Numbers of SET_PARAM as open-iscsi's iscsid leaves them behind; digests and StatSN first. */
static const int order[] = {2, 3, 14, 0,  1,  4,  6,  7,  8,  15, 16, 17, 18, 34, 32, 30, 31,
			    5, 9, 10, 11, 26, 27, 28, 35, 19, 43, 39, 40, 41, 22, 24, 23, 25, 33};

static void test_order(void **state)
{
	assert_int_equal(params_row_count, sizeof(order) / sizeof(order[0]));
	for (size_t i = 0; i < params_row_count; i++)
		assert_int_equal(params_rows[i].param, order[i]);
}

/* The text of a parameter in a batch, NULL if it is not in it. */
static const char *find_param(const struct request_batch *batch, enum iscsi_param param)
{
	for (size_t at = 0; at < batch->bytes;) {
		struct iscsi_uevent message;
		struct nlmsghdr header;

		memcpy(&header, batch->buffer + at, sizeof(header));
		memcpy(&message, batch->buffer + at + NLMSG_HDRLEN, sizeof(message));
		if (header.nlmsg_type == ISCSI_UEVENT_SET_PARAM && message.u.set_param.param == param)
			return (const char *)batch->buffer + at + NLMSG_HDRLEN + sizeof(message);
		at += NLMSG_ALIGN(header.nlmsg_len);
	}
	return NULL;
}

static void set(struct session *session, enum field field, const char *text)
{
	assert_int_equal(record_set(&session->node, field, text, ORIGIN_COMMAND), 0);
}

static void test_values(void **state)
{
	struct login_outcome outcome = {
		.negotiated = {.header_digest = true, .max_burst_length = 65536, .target_portal_group_tag = 5}};
	struct daemon daemon = {0};
	struct request_batch batch;
	struct session *session;
	struct record node;

	TAILQ_INIT(&daemon.sessions);
	assert_int_equal(loop_new(&daemon.loop), 0);
	record_init(&node, RECORD_NODE);
	session = session_new(&daemon, &node, "iqn.me:x");
	session->sid = 9;
	memcpy(session->isid, "\x00\x02\x3d\x0a\x0b\x0c", sizeof(session->isid));
	set(session, F_NODE_NAME, "iqn.2024-01.example:disk");
	set(session, F_NODE_SESSION_AUTH_USERNAME, "alice");
	batch_init(&batch, 1);
	params_add(&batch, session, &outcome, 77);
	assert_int_equal(batch.error, 0);
	assert_string_equal(find_param(&batch, ISCSI_PARAM_HDRDGST_EN), "1");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_DATADGST_EN), "0");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_MAX_BURST), "65536");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_EXP_STATSN), "77");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_TPGT), "5");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_FAST_ABORT), "1");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_IFACE_NAME), "default");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_INITIATOR_NAME), "iqn.me:x");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_ISID), "00023d0a0b0c");
	/* a name alone is not authentication */
	assert_null(find_param(&batch, ISCSI_PARAM_USERNAME));
	batch_done(&batch);

	set(session, F_NODE_SESSION_AUTH_PASSWORD, "wonderland123");
	outcome.negotiated.target_portal_group_tag = -1;
	batch_init(&batch, 1);
	params_add(&batch, session, &outcome, 77);
	assert_string_equal(find_param(&batch, ISCSI_PARAM_USERNAME), "alice");
	assert_string_equal(find_param(&batch, ISCSI_PARAM_PASSWORD), "wonderland123");
	/* neither the target nor the record knows a portal group */
	assert_null(find_param(&batch, ISCSI_PARAM_TPGT));
	batch_done(&batch);
	session_kill(session);
	loop_free(daemon.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
