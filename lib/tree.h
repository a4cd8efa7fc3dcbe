/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tree of small files in which open-iscsi keeps its records (2.0.87x to 2.1.13), into a store and out of one:
 *
 *   nodes/TARGET/ADDRESS,PORT,TPGT/IFACE              one record; nodes/TARGET/ADDRESS,PORT is a record whose tpgt is unknown
 *   send_targets/ADDRESS,PORT/st_config               the discovery record (a plain file send_targets/ADDRESS,PORT in old trees)
 *   isns/ADDRESS,PORT/isns_config
 *   send_targets/ADDRESS,PORT/TARGET,ADDRESS,PORT,TPGT,IFACE    symlinks to the nodes it found; likewise in isns/, static/ and fw/
 *   ifaces/NAME                                       iface records
 *
 * Both ways nothing is lost: settings that no row knows travel along as they are, what cannot be read is told and left where it
 * is. The tree that is imported is never changed.
 */
#ifndef OPENHBA_LIB_TREE_H
#define OPENHBA_LIB_TREE_H

#include <stdbool.h>

#include "lib/store.h"

#define TREE_STOCK_DIR "/var/lib/iscsi"	/* where open-iscsi keeps it, unless it is beside iscsid.conf */

struct tree_count {
	unsigned int nodes, discoveries, ifaces;	/* read, or written */
	unsigned int replaced;	/* of these, took the place of another record of that name */
	unsigned int kept;	/* ifaces that were there with other settings and stay */
	unsigned int problems;	/* told */
	unsigned int lost;	/* of these, records and lines that were left out; the others are kept as they are */
};

/* What is wrong: with a file of the tree, or one line of it (0: the whole file). The strings live for the call. */
typedef void tree_say_fn(const char *path, unsigned int line, const char *sentence, void *data);

/* Is there anything in dir that tree_import() would read? */
bool tree_exists(const char *dir);

/*
 * Reads the tree in dir into a STORE_WRITE transaction, and its ifaces into the folder iface_dir (nothing to do if that is the
 * tree's own). The path of a record is the truth about its identity. say must be given. -ENOENT: no tree there; else the errors
 * of the store, whose transaction is then to be dropped.
 */
int tree_import(const char *dir, struct store *store, const char *iface_dir, tree_say_fn *say, void *data,
		struct tree_count *ret_count);

/*
 * Writes all records and ifaces as a tree into dir, which is made if missing (0700; files are 0600). All appears at once or
 * not at all. -EEXIST: dir holds records already.
 */
int tree_export(struct store *store, const char *iface_dir, const char *dir, tree_say_fn *say, void *data,
		struct tree_count *ret_count);

/*
 * The first start on a machine that had open-iscsi: if folder dir has no store yet, and a tree is in dir or in TREE_STOCK_DIR,
 * imports it. ret_from (PATH_MAX) says from where; 0 and "" if there was nothing to do. -EACCES for who may not.
 */
int tree_first_import(const char *dir, const char *iface_dir, tree_say_fn *say, void *data, struct tree_count *ret_count,
		      char *ret_from);

#endif
