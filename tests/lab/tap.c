/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lab/tap.h"

#include <stdarg.h>
#include <stdio.h>

struct tap tap;

bool check(bool good, const char *format, ...)
{
	va_list args;

	printf("%s %u - ", good ? "ok" : "not ok", tap.passed + tap.failed + 1);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	*(good ? &tap.passed : &tap.failed) += 1;
	return good;
}

int tap_end(const char *name)
{
	unsigned int all = tap.passed + tap.failed;

	printf("1..%u\n%s: %u passed, %u failed\n", all, name, tap.passed, tap.failed);
	return tap.failed || !all;
}
