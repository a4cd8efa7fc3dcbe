/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The trace: what a line looks like, what is named instead of printed, that polling and EEPROM loops become one line however long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"
#include "tests/hba/trace.h"
#include "transport/abi/isp4xxx.h"

static char path[] = "/tmp/openhba-trace-XXXXXX";

static struct trace *begin(unsigned int parts, bool is_4010)
{
	struct trace *trace = trace_new(0, is_4010);

	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(trace_open(trace, path, parts), 0);
	return trace;
}

static void wrote(struct trace *trace, const char *expected)
{
	struct text text = {0};

	trace_free(trace);
	assert_int_equal(text_read_file(path, 1 << 20, &text), 0);
	assert_string_equal(text.data ? text.data : "", expected);
	text_done(&text);
}

static void commands_show_what_they_mean(void **state)
{
	struct trace *trace = begin(TRACE_ALL, false);

	trace_mailbox(trace, (uint32_t[8]){ISP_MBOX_GET_DDB, 3, 0x12345000, 1, 0x200, 0x5a5a, 0x5a5a, 0x5a5a});
	trace_mailbox_done(trace, ISP_MBOX_GET_DDB, (uint32_t[8]){0x4000, 3, 1, 0, 4, 0, 0xabcd0001, 9});
	trace_mailbox(trace, (uint32_t[8]){ISP_MBOX_GET_DDB, 3, 0, 0, 0x200});
	trace_mailbox(trace, (uint32_t[8]){ISP_MBOX_GET_IFCB, 7, 0, 1, 0x300});
	trace_mailbox(trace, (uint32_t[8]){ISP_MBOX_ABORT_TASK, 3, 77, 5, 5, 1, 5, 5});
	trace_mailbox(trace, (uint32_t[8]){0x7f, 1, 2, 3, 4, 5, 6, 7});
	trace_event(trace, (uint32_t[8]){ISP_AEN_DDB_CHANGED, 1, 3, 4});
	trace_note(trace, "life %s", "running");
	wrote(trace, "port0 command GET_DDB 1=3 2=address 4=200\n"
		     "port0 answer GET_DDB 4000 1=3 2=1 3=0 4=4 5=0 6=port+1\n"
		     "port0 command GET_DDB 1=3 2=0 4=200\n"
		     "port0 command GET_IFCB 2=address 4=300\n"
		     "port0 command ABORT_TASK 1=3 2=handle 5=1\n"
		     "port0 command 007f 1=1 2=2 3=3 4=4 5=5 6=6 7=7\n"
		     "port0 event 8014 DDB_CHANGED 1=1 2=3 3=4\n"
		     "port0 note life running\n");
}

static void entries_show_what_they_mean(void **state)
{
	struct trace *trace = begin(TRACE_IOCBS, false);
	struct isp_command command = {.header = {ISP_IOCB_COMMAND, 0, 0, 1}, .handle = htole32(0x1234), .control = 0x41};
	struct isp_status status = {.header = {ISP_IOCB_STATUS, 0, 0, 1}, .handle = htole32(0x1234), .scsi_status = 2};
	uint8_t unknown[64] = {0x77, 4};

	command.ddb = htole16(2);
	command.length = htole32(4096);
	command.dsds = htole16(1);
	command.cdb[0] = 0x28;
	command.lun[1] = 1;
	status.sense_length = htole16(18);
	trace_request(trace, (uint8_t *)&command);
	trace_response(trace, (uint8_t *)&status);
	trace_response(trace, unknown);
	trace_mailbox(trace, (uint32_t[8]){ISP_MBOX_GET_DDB});
	wrote(trace, "port0 request command ddb=2 control=41 length=4096 pieces=1 entries=1 lun=0001000000000000 "
		     "cdb=28000000000000000000000000000000\n"
		     "port0 response status completion=00 scsi=02 flags=00 response=00 residual=0 sense=18\n"
		     "port0 response 7704000000000000000000000000000000000000000000000000000000000000"
		     "0000000000000000000000000000000000000000000000000000000000000000 entry-status=04\n");
}

static void poll_boot(struct trace *trace, unsigned int times)
{
	trace_write(trace, ISP_REG_CONTROL, 4, 0x00800080);
	for (unsigned int i = 0; i < times; i++) {
		trace_read(trace, ISP_REG_CONTROL, 2, 0x0500);
		trace_read(trace, ISP_REG_MAILBOX, 2, 0);
	}
	trace_read(trace, ISP_REG_CONTROL, 2, 0x0520);
	trace_read(trace, ISP_REG_MAILBOX, 2, 0x4000);
	trace_write(trace, ISP_REG_MAILBOX + 8, 4, 0xdeadbeef);
	trace_write(trace, ISP_REG_REQUEST_IN, 4, 17);
	trace_write(trace, 0x60, 4, 1);
}

static const char booted[] = "port0 write control 00800080\n"
			     "port0 read control 00000500\n"
			     "port0 read mailbox0 00000000\n"
			     "port0 read control 00000520\n"
			     "port0 read mailbox0 00004000\n"
			     "port0 write mailbox2\n"
			     "port0 write request-in\n"
			     "port0 write register60 00000001\n";

static void polling_is_the_same_however_long(void **state)
{
	static const unsigned int times[] = {1, 2, 3, 100};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct trace *trace = begin(TRACE_REGISTERS, false);

		poll_boot(trace, times[i]);
		wrote(trace, booted);
	}
}

static void commands_are_never_taken_for_polling(void **state)
{
	struct trace *trace = begin(TRACE_ALL, false);

	for (unsigned int i = 0; i < 3; i++) {
		trace_read(trace, ISP_REG_CONTROL, 4, 0x0520);
		trace_mailbox(trace, (uint32_t[8]){ISP_MBOX_GET_FW_STATE});
	}
	wrote(trace, "port0 read control 00000520\nport0 command GET_FW_STATE\n"
		     "port0 read control 00000520\nport0 command GET_FW_STATE\n"
		     "port0 read control 00000520\nport0 command GET_FW_STATE\n");
}

static void read_word(struct trace *trace, uint32_t offset)
{
	for (unsigned int i = 0; i < 30; i++) {
		trace_write(trace, offset, 4, 0x000f0002 | (i & 1));
		trace_read(trace, offset, 4, 0x000a);
	}
	trace_write(trace, offset, 4, 0x000f0000);
}

static void the_eeprom_is_counted_in_words(void **state)
{
	struct trace *trace = begin(TRACE_REGISTERS, false);

	trace_write(trace, ISP_REG_NVRAM, 4, 0x00100010);
	for (unsigned int i = 0; i < 1024; i++)
		read_word(trace, ISP_REG_NVRAM);
	trace_write(trace, ISP_REG_SEMAPHORE, 4, 0x1c000000);
	wrote(trace, "port0 write nvram 00100010\nport0 eeprom 1024 words\nport0 write semaphore 1c000000\n");
}

/* On a 4010 the semaphores are in the EEPROM's register. */
static void a_4010_shares_its_register(void **state)
{
	struct trace *trace = begin(TRACE_REGISTERS, true);

	trace_write(trace, ISP_REG_4010_NVRAM, 4, 0x30003000);
	trace_read(trace, ISP_REG_4010_NVRAM, 2, 0x3000);
	read_word(trace, ISP_REG_4010_NVRAM);
	read_word(trace, ISP_REG_4010_NVRAM);
	trace_write(trace, ISP_REG_4010_NVRAM, 4, 0x30000000);
	wrote(trace, "port0 write nvram+semaphore 30003000\nport0 read nvram+semaphore 00003000\nport0 eeprom 2 words\n"
		     "port0 write nvram+semaphore 30000000\n");
}

static void raw_hides_nothing(void **state)
{
	struct trace *trace = begin(TRACE_REGISTERS | TRACE_MAILBOXES | TRACE_RAW, false);
	struct text text = {0};
	unsigned int lines = 0;

	for (unsigned int i = 0; i < 5; i++)
		trace_write(trace, ISP_REG_NVRAM, 4, 0x000f0002);
	trace_write(trace, ISP_REG_REQUEST_IN, 4, 17);
	trace_mailbox(trace, (uint32_t[8]){ISP_MBOX_GET_DDB, 3, 0x12345000, 1, 0x200});
	trace_free(trace);
	assert_int_equal(text_read_file(path, 1 << 20, &text), 0);
	for (const char *at = text.data; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 7);
	assert_non_null(strstr(text.data, "write request-in 00000011"));
	assert_non_null(strstr(text.data, "2=12345000"));
	text_done(&text);
}

static void nothing_is_traced_without_a_file(void **state)
{
	struct trace *trace = trace_new(1, false);

	poll_boot(trace, 3);
	poll_boot(NULL, 3);
	trace_flush(NULL);
	trace_note(NULL, "nothing");
	assert_int_equal(trace_open(NULL, "-", TRACE_ALL), -22);
	assert_int_equal(trace_open(trace, "/nowhere/at/all", TRACE_ALL), -2);
	trace_mailbox(trace, (uint32_t[8]){0});
	trace_free(trace);
	trace_free(NULL);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_show_what_they_mean),
		cmocka_unit_test(entries_show_what_they_mean),
		cmocka_unit_test(polling_is_the_same_however_long),
		cmocka_unit_test(commands_are_never_taken_for_polling),
		cmocka_unit_test(the_eeprom_is_counted_in_words),
		cmocka_unit_test(a_4010_shares_its_register),
		cmocka_unit_test(raw_hides_nothing),
		cmocka_unit_test(nothing_is_traced_without_a_file),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
