/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The connection and session machines: every pair of state and event against tests/golden, and
 * docs/states.md against the rows it is printed from. With OPENHBA_WRITE_GOLDEN set in the
 * environment both files are written instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/conn.h"
#include "daemon/session.h"
#include "lib/text.h"

#define STATES "docs/states.md"
#define MATRIX "tests/golden/conn-states.txt"

static void print_conn_matrix(struct text *text)
{
	for (int state = 0; state < CONN_STATE_COUNT; state++) {
		for (int event = 0; event < CONN_EVENT_COUNT; event++) {
			const struct conn_row *row =
				conn_row_find((enum conn_state)state, (enum conn_event)event);

			text_addf(text, "%-16s %-16s %s%s%s\n",
				  conn_state_name((enum conn_state)state),
				  conn_event_name((enum conn_event)event),
				  row ? row->number : "refused", row ? " -> " : "",
				  row ? conn_state_name(row->to) : "");
		}
	}
}

static void print_session_matrix(struct text *text)
{
	for (int state = 0; state < SESSION_STATE_COUNT; state++) {
		for (int event = 0; event < SESSION_EVENT_COUNT; event++) {
			const struct session_row *row = session_row_find((enum session_state)state,
									 (enum session_event)event);

			text_addf(text, "session %-9s %-9s %s%s%s\n",
				  session_state_name((enum session_state)state),
				  session_event_name((enum session_event)event),
				  row ? row->number : "refused", row ? " -> " : "",
				  row ? session_state_name(row->to) : "");
		}
	}
}

static void print_conn_table(struct text *text)
{
	text_add(text, "```mermaid\nstateDiagram-v2\n    [*] --> FREE\n");
	for (size_t i = 0; i < conn_row_count; i++)
		text_addf(text, "    %s --> %s: %s %s\n", conn_state_name(conn_rows[i].from),
			  conn_state_name(conn_rows[i].to), conn_rows[i].number,
			  conn_event_name(conn_rows[i].event));
	text_add(text, "```\n\n| | from | event | to | |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < conn_row_count; i++)
		text_addf(text, "| %s | %s | %s | %s | %s |\n", conn_rows[i].number,
			  conn_state_name(conn_rows[i].from), conn_event_name(conn_rows[i].event),
			  conn_state_name(conn_rows[i].to), conn_rows[i].sentence);
}

static void print_session_table(struct text *text)
{
	text_add(text, "```mermaid\nstateDiagram-v2\n    [*] --> FREE\n");
	for (size_t i = 0; i < session_row_count; i++)
		text_addf(text, "    %s --> %s: %s %s\n", session_state_name(session_rows[i].from),
			  session_state_name(session_rows[i].to), session_rows[i].number,
			  session_event_name(session_rows[i].event));
	text_add(text, "```\n\n| | from | event | to | |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < session_row_count; i++)
		text_addf(text, "| %s | %s | %s | %s | %s |\n", session_rows[i].number,
			  session_state_name(session_rows[i].from),
			  session_event_name(session_rows[i].event),
			  session_state_name(session_rows[i].to), session_rows[i].sentence);
}

static void print_document(struct text *text)
{
	text_add(text, "# States of sessions and connections in iscsid\n\n"
		       "This page is printed from the tables in `daemon/conn.c` and "
		       "`daemon/session.c` by\n"
		       "`tests/unit/daemon_conn.c`, which fails when they differ. What is not a "
		       "row is refused and counted.\n\n"
		       "## Connection\n\nNumbers T and M are those of RFC 7143 8.1.2 and 8.2.2 "
		       "(initiator side); A are ours.\n"
		       "Where a driver carries the login (docs/architecture.md), T4 also makes and "
		       "binds the kernel's session,\n"
		       "and T7 takes it down again; a card that logs in by itself tells T5 and T7 by "
		       "CONN_LOGIN_STATE.\n\n");
	print_conn_table(text);
	text_add(text, "\n## Session\n\nNumbers N are those of RFC 7143 8.3. A port that is lost takes its sessions through T15 and N5 "
		       "at once, if they are the iface manager's;\nas long as it is lost, FAILED waits for it instead of trying M2.\n\n");
	print_session_table(text);
}

static void compare(const struct text *printed, const char *path)
{
	struct text stored = {0};

	assert_false(printed->failed);
	if (getenv("OPENHBA_WRITE_GOLDEN"))
		assert_int_equal(text_write_file(path, printed->data, printed->len, 0644), 0);
	assert_int_equal(text_read_file(path, 1 << 20, &stored), 0);
	assert_string_equal(stored.data, printed->data);
	text_done(&stored);
}

static void test_matrix(void **state)
{
	struct text text = {0};

	print_conn_matrix(&text);
	print_session_matrix(&text);
	compare(&text, MATRIX);
	text_done(&text);
}

static void test_document(void **state)
{
	struct text text = {0};

	print_document(&text);
	compare(&text, STATES);
	text_done(&text);
}

/* A pair has one row: a second one would never be found. */
static void test_rows_are_unique(void **state)
{
	for (size_t i = 0; i < conn_row_count; i++)
		assert_ptr_equal(conn_row_find(conn_rows[i].from, conn_rows[i].event),
				 &conn_rows[i]);
	for (size_t i = 0; i < session_row_count; i++)
		assert_ptr_equal(session_row_find(session_rows[i].from, session_rows[i].event),
				 &session_rows[i]);
}

/* From every state the daemon can take a connection down, and no state is a dead end. */
static void test_every_state_ends(void **state)
{
	for (int from = CONN_XPT_WAIT; from < CONN_STATE_COUNT; from++) {
		const struct conn_row *row =
			conn_row_find((enum conn_state)from, CONN_EVENT_CLOSED);

		assert_non_null(row);
		assert_int_equal(row->to, CONN_FREE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_rows_are_unique),
		cmocka_unit_test(test_every_state_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
