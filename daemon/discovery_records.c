/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What pollers read from files. Every function here blocks and runs on a worker thread, sees
 * nothing of the daemon but what it was given, and logs nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "daemon/discovery_poller.h"
#include "iface/iface.h"
#include "lib/conf.h"
#include "lib/isns_codec.h"
#include "lib/store.h"

int poller_reading_keep(struct poller_reading *reading, const struct record *record, size_t max)
{
	struct record *grown;

	if (reading->count == max) {
		reading->left_out++;
		return 0;
	}
	grown = reallocarray(reading->records, reading->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	reading->records = grown;
	if (record_copy(&grown[reading->count], record) < 0)
		return -ENOMEM;
	reading->count++;
	return 0;
}

struct walk {
	struct poller_reading *reading;
	enum record_kind kind;
};

static int take_discovery(struct store *store, const struct portal *portal, void *data)
{
	struct walk *walk = data;
	enum field polls = walk->kind == RECORD_ISNS ? F_DISCOVERY_ISNS_USE_DISCOVERYD
						     : F_DISCOVERY_SENDTARGETS_USE_DISCOVERYD;
	struct record record;
	int r = discovery_load(store, walk->kind, portal, &record);

	if (r < 0)
		return r;
	if (record_yes(&record, polls))
		r = poller_reading_keep(walk->reading, &record, POLLERS_MAX);
	record_done(&record);
	return r;
}

void poller_reading_records(struct poller_reading *reading)
{
	static const enum record_kind kinds[] = {RECORD_SENDTARGETS, RECORD_ISNS};
	struct store *store;

	/* The folder may appear later; then it is watched from the next reading on. */
	reading->is_watched =
		reading->inotify_fd < 0 ||
		inotify_add_watch(reading->inotify_fd, reading->dir, IN_MOVED_TO) >= 0;
	reading->error = store_begin(reading->dir, STORE_READ, &store);
	if (reading->error)
		return;
	for (size_t i = 0; reading->error == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		reading->error = discovery_each(store, kinds[i], take_discovery,
						&(struct walk){reading, kinds[i]});
	store_drop(store);
	/* Where iSNS is wanted its library is opened here, not in the loop. */
	for (size_t i = 0; i < reading->count; i++)
		if (reading->records[i].kind == RECORD_ISNS)
			(void)isns_codec_open();
}

void poller_reading_done(struct poller_reading *reading)
{
	for (size_t i = 0; i < reading->count; i++)
		record_done(&reading->records[i]);
	free(reading->records);
	free(reading->only_asks);
	reading->records = NULL;
	reading->only_asks = NULL;
	reading->count = 0;
}

int poller_make_node(const struct conf *conf, struct record *node)
{
	int r;

	record_init(node, RECORD_NODE);
	r = conf_apply(conf, node);
	if (r < 0)
		record_done(node);
	return r;
}

/* A new record of iscsid.conf's values. */
static int make_node(const struct conf *conf, const struct node_key *key, struct record *node)
{
	int r = poller_make_node(conf, node);

	if (r < 0)
		return r;
	r = node_set_target(node, key->target, &key->portal);
	if (r < 0)
		record_done(node);
	return r;
}

static int read_node(const struct poller_batch *batch, struct store *store, const struct conf *conf,
		     const struct node_key *key, struct record *node)
{
	struct record iface;
	int r = store ? node_load(store, key, node) : -ENOENT;

	if (r < 0 && !batch->is_stored_only)
		r = make_node(conf, key, node);
	if (r < 0)
		return r;
	r = iface_load(batch->iface_dir, key->iface, &iface);
	if (r == 0) {
		r = record_copy_iface(node, &iface);
		record_done(&iface);
	}
	if (r == 0 && !batch->is_stored_only)
		r = node_set_source(node, batch->kind, &batch->source);
	if (r < 0)
		record_done(node);
	return r;
}

void poller_batch_read(struct poller_batch *batch)
{
	struct store *store = NULL;
	struct conf *conf;

	if (conf_load(batch->config_path, NULL, NULL, &conf) < 0)
		return;
	if (store_begin(batch->dir, STORE_READ, &store) < 0)
		store = NULL;
	for (size_t i = 0; i < batch->count; i++)
		batch->is_ready[i] =
			read_node(batch, store, conf, &batch->keys[i], &batch->nodes[i]) == 0;
	store_drop(store);
	conf_free(conf);
}

void poller_batch_done(struct poller_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->is_ready[i])
			record_done(&batch->nodes[i]);
}
