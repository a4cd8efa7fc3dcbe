/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Times what listing a database costs apart from the store: reading COUNT (5000 if not given) records in their stored form
 * and printing them as `-o show` does. Prints CPU milliseconds for each half and the sizes. Build: make build/tests/bench/record
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/record.h"

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A record as discovery leaves it, with the settings of the shipped iscsid.conf. */
static void store_one(int number, struct text *text)
{
	struct record record;
	char name[64];

	record_init(&record, RECORD_NODE);
	snprintf(name, sizeof(name), "iqn.2024-01.example:disk%d", number);
	if (record_set(&record, F_NODE_NAME, name, ORIGIN_RECORD) ||
	    record_set(&record, F_NODE_TPGT, "1", ORIGIN_RECORD) ||
	    record_set(&record, F_IFACE_ISCSI_IFACENAME, "default", ORIGIN_RECORD) ||
	    record_set(&record, F_NODE_CONN_ADDRESS, "192.0.2.10", ORIGIN_RECORD) ||
	    record_set(&record, F_NODE_DISCOVERY_ADDRESS, "192.0.2.10", ORIGIN_RECORD) ||
	    record_set(&record, F_NODE_DISCOVERY_PORT, "3260", ORIGIN_RECORD) ||
	    record_set(&record, F_NODE_DISCOVERY_TYPE, "send_targets", ORIGIN_RECORD) ||
	    record_set(&record, F_NODE_SESSION_INITIAL_LOGIN_RETRY_MAX, "8", ORIGIN_RECORD) ||
	    record_set(&record, F_NODE_CONN_TIMEO_LOGIN_TIMEOUT, "15", ORIGIN_RECORD))
		abort();
	record_format(&record, RECORD_STORED, text);
	record_done(&record);
}

/* Reads each text and, if shown is not NULL, prints the record into it. Returns the bytes printed. */
static size_t read_all(const struct text *stored, int count, struct text *shown)
{
	struct record record;
	size_t bytes = 0;

	for (int i = 0; i < count; i++) {
		record_init(&record, RECORD_NODE);
		if (record_parse(&record, stored[i].data, stored[i].len, ORIGIN_RECORD, NULL, NULL))
			abort();
		if (shown) {
			shown->len = 0;
			record_format(&record, RECORD_SHOWN, shown);
			bytes += shown->len;
		}
		record_done(&record);
	}
	return bytes;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 5000;
	struct text *stored = count > 0 ? calloc((size_t)count, sizeof(*stored)) : NULL;
	size_t stored_bytes = 0, shown_bytes;
	struct text shown = { 0 };
	double start, parsed, both;

	if (!stored)
		return 1;
	for (int i = 0; i < count; i++) {
		store_one(i, &stored[i]);
		stored_bytes += stored[i].len;
	}
	start = cpu_ms();
	read_all(stored, count, NULL);
	parsed = cpu_ms() - start;
	start = cpu_ms();
	shown_bytes = read_all(stored, count, &shown);
	both = cpu_ms() - start;
	printf("%d records: parse %.1f ms, parse and show %.1f ms, stored %zu bytes each, shown %zu bytes each\n", count,
	       parsed, both, stored_bytes / (size_t)count, shown_bytes / (size_t)count);
	for (int i = 0; i < count; i++)
		text_done(&stored[i]);
	free(stored);
	text_done(&shown);
	return 0;
}
