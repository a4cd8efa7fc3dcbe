/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session of another program is logged in with again: what its record says, under what is in force in the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/adopt_record.h"

static void adopt(const struct sysfs_session *found, struct record *ret_node)
{
	char dir[] = "/tmp/openhba-adopt.XXXXXX";

	assert_non_null(mkdtemp(dir));
	adopt_record(dir, found, ret_node);
	assert_int_equal(rmdir(dir), 0); /* looking leaves nothing */
}

static struct sysfs_session session(int64_t header_digest, int64_t data_digest)
{
	return (struct sysfs_session){ .target_name = "iqn.t", .persistent_address = "10.0.0.1", .persistent_port = 3260,
				       .recovery_tmo = SYSFS_NONE, .abort_tmo = SYSFS_NONE, .header_digest = header_digest,
				       .data_digest = data_digest };
}

static void digests_in_force_are_offered_again(void **state)
{
	struct sysfs_session found = session(1, 0);
	struct record node;

	adopt(&found, &node);
	assert_string_equal(record_text(&node, F_NODE_CONN_ISCSI_HEADER_DIGEST), "CRC32C,None");
	assert_string_equal(record_text(&node, F_NODE_CONN_ISCSI_DATA_DIGEST), "None");
	record_done(&node);
	found = session(SYSFS_NONE, 1);
	adopt(&found, &node);
	assert_string_equal(record_text(&node, F_NODE_CONN_ISCSI_HEADER_DIGEST), "None");
	assert_string_equal(record_text(&node, F_NODE_CONN_ISCSI_DATA_DIGEST), "CRC32C,None");
	record_done(&node);
}

static void secrets_in_force_mean_chap(void **state)
{
	struct sysfs_session found = session(0, 0);
	struct record node;

	snprintf(found.username, sizeof(found.username), "alice");
	snprintf(found.password, sizeof(found.password), "wonderland123");
	adopt(&found, &node);
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_AUTHMETHOD), "CHAP");
	assert_string_equal(record_text(&node, F_NODE_SESSION_AUTH_PASSWORD), "wonderland123");
	assert_string_equal(record_text(&node, F_NODE_CONN_ADDRESS), "10.0.0.1");
	record_done(&node);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests_in_force_are_offered_again),
		cmocka_unit_test(secrets_in_force_mean_chap),
	};
	return cmocka_run_group_tests_name("daemon/adopt_record", tests, NULL, NULL);
}
