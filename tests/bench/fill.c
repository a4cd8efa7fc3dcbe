/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fill DIR N: puts N node records iqn.2026-11.org.openhba.bench:t0.. into the store in DIR in one transaction, as discovery
 * would. For benchmarks and tests of size only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/record.h"
#include "lib/store.h"

static int put_one(struct store *store, const struct conf *conf, int i)
{
	char target[64], address[32], key[160];
	struct record node;
	struct text text = { 0 };
	int result;

	snprintf(target, sizeof(target), "iqn.2026-11.org.openhba.bench:t%d", i);
	snprintf(address, sizeof(address), "10.%d.%d.%d", i >> 16, (i >> 8) & 255, i & 255);
	snprintf(key, sizeof(key), "%s\t%s,3260,1\tdefault", target, address);
	record_init(&node, RECORD_NODE);
	result = conf_apply(conf, &node);
	if (!result)
		result = record_set(&node, F_NODE_NAME, target, ORIGIN_RECORD);
	if (!result)
		result = record_set(&node, F_NODE_CONN_ADDRESS, address, ORIGIN_RECORD);
	if (!result)
		result = record_set_number(&node, F_NODE_TPGT, 1, ORIGIN_RECORD);
	if (!result)
		result = record_set(&node, F_IFACE_ISCSI_IFACENAME, "default", ORIGIN_RECORD);
	record_format(&node, RECORD_STORED, &text);
	if (!result)
		result = text.failed ? -ENOMEM : store_put(store, STORE_NODE, key, text.data, text.len);
	record_done(&node);
	text_done(&text);
	return result;
}

int main(int argc, char **argv)
{
	struct store *store;
	struct conf *conf;
	char path[4096];
	int result;

	if (argc != 3) {
		fprintf(stderr, "usage: fill DIR N\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/iscsid.conf", argv[1]);
	result = conf_load(path, NULL, NULL, &conf);
	if (!result)
		result = store_begin(argv[1], STORE_WRITE, &store);
	if (result) {
		fprintf(stderr, "fill: %s: %s\n", argv[1], strerror(-result));
		return 1;
	}
	for (int i = 0; !result && i < atoi(argv[2]); i++)
		result = put_one(store, conf, i);
	if (result)
		store_drop(store);
	else
		result = store_commit(store);
	conf_free(conf);
	if (result)
		fprintf(stderr, "fill: %s: %s\n", argv[1], strerror(-result));
	return result ? 1 : 0;
}
