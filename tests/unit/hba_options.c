/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The emulated HBA's command line: defaults, each option, options of ports in their order, and a sentence for each that cannot be used.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "tests/hba/options.h"
#include "tests/hba/trace.h"

#define WORDS_MAX 12

static struct options options;
static char wrong[256];

static int parse(const char *const words[WORDS_MAX])
{
	char *argv[WORDS_MAX + 2] = {(char *)"hba"};
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	wrong[0] = '\0';
	return options_parse(argc, argv, &options, wrong, sizeof(wrong));
}

static void test_defaults(void **state)
{
	uint8_t other[6];

	assert_int_equal(parse((const char *[WORDS_MAX]){NULL}), 0);
	assert_int_equal(options.card.identity.model, 0x4032);
	assert_int_equal(options.card.identity.ports, 1);
	assert_false(options.has_model || options.has_ports || options.is_debug || options.wants_help);
	assert_null(options.card.image);
	assert_null(options.card.port[0].socket);
	assert_null(options.control_path);
	assert_int_equal(options.trace_parts, TRACE_ALL);
	assert_memory_equal(options.card.identity.mac[0], "\x00\xc0\xdd", 3);
	assert_memory_equal(options.card.identity.mac[0], options.card.identity.mac[1], 5);
	assert_int_not_equal(options.card.identity.mac[0][5], options.card.identity.mac[1][5]);
	memcpy(other, options.card.identity.mac[0], 6);
	assert_int_equal(parse((const char *[WORDS_MAX]){"--serial", "EMU2"}), 0);
	assert_string_equal(options.card.identity.serial, "EMU2");
	assert_memory_not_equal(options.card.identity.mac[0], other, 6);
}

static void test_a_card_of_two_ports(void **state)
{
	assert_int_equal(parse((const char *[WORDS_MAX]){"--ports", "2", "--socket", "/s0", "--netns", "n0", "--socket=/s1", "--netns", "n1",
							 "--mac=02:00:00:00:00:7f", "--model=4022"}), 0);
	assert_int_equal(options.card.identity.model, 0x4022);
	assert_int_equal(options.card.identity.ports, 2);
	assert_true(options.has_model && options.has_ports);
	assert_string_equal(options.card.port[0].socket, "/s0");
	assert_string_equal(options.card.port[1].socket, "/s1");
	assert_string_equal(options.card.port[0].netns, "n0");
	assert_string_equal(options.card.port[1].netns, "n1");
	assert_memory_equal(options.card.identity.mac[0], "\x02\x00\x00\x00\x00\x7f", 6);
	assert_memory_equal(options.card.identity.mac[1], "\x00\xc0\xdd", 3);
}

static void test_what_else_there_is(void **state)
{
	assert_int_equal(parse((const char *[WORDS_MAX]){"--image", "/i", "--control", "/c", "--raw-trace", "/t", "--nic", "eth0", "--debug",
							 "--help"}), 0);
	assert_string_equal(options.card.image, "/i");
	assert_string_equal(options.control_path, "/c");
	assert_string_equal(options.trace_path, "/t");
	assert_int_equal(options.trace_parts, TRACE_ALL | TRACE_RAW);
	assert_string_equal(options.card.port[0].nic, "eth0");
	assert_true(options.is_debug && options.wants_help);
}

static void test_refused(void **state)
{
	static const struct {
		const char *words[WORDS_MAX], *says;
	} rows[] = {
		{{"--model", "4011"}, "--model: '4011'"},
		{{"--ports", "3"}, "--ports: '3'"},
		{{"--ports", "22"}, "--ports: '22'"},
		{{"--serial", ""}, "--serial: ''"},
		{{"--serial", "0123456789abcdef"}, "--serial: '0123456789abcdef'"},
		{{"--mac", "01:00:00:00:00:00"}, "--mac: '01:00:00:00:00:00'"},
		{{"--mac", "00:00:00:00:00:00:00"}, "--mac: "},
		{{"--mac", "host"}, "--mac: 'host'"},
		{{"--socket", "a", "--socket", "b", "--socket", "c"}, "--socket: a card has at most 2 ports"},
		{{"--ports", "1", "--netns", "a", "--netns", "b"}, "--netns is given for 2 ports, the card has 1"},
		{{"--sock"}, "'--sock' is no option"},
		{{"--socket"}, "'--socket' is no option, or its value is missing"},
		{{"--unknown"}, "'--unknown' is no option"},
		{{"word"}, "'word' is no option"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(rows[i].words), -EINVAL);
		if (strncmp(wrong, rows[i].says, strlen(rows[i].says)) != 0)
			fail_msg("'%s' where '%s' was expected", wrong, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_a_card_of_two_ports),
		cmocka_unit_test(test_what_else_there_is),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
