/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iface records: the places a session can leave from. Small text files in a folder (/etc/iscsi/ifaces), one per iface, in the
 * form administrators edit, plus two that are built in and never stored: "default" (tcp) and "iser".
 */
#ifndef OPENHBA_IFACE_IFACE_H
#define OPENHBA_IFACE_IFACE_H

#include <stdbool.h>
#include <net/if.h>

#include "lib/record.h"

#define IFACE_DEFAULT "default"
#define IFACE_ISER "iser"

bool iface_is_builtin(const char *name);

/* Whether an iface may be stored by this name: see name_is_iface(), and no built-in, hidden file or iface.example. */
bool iface_name_is_storable(const char *name);

/* Fills an uninitialised record of kind RECORD_IFACE. -ENOENT; -EINVAL: bad name or file. Built-ins are found too. */
int iface_load(const char *dir, const char *name, struct record *ret_iface);

/* Writes the file atomically, making the folder (0700) if needed. -EINVAL for built-ins and bad names. */
int iface_save(const char *dir, const struct record *iface);
int iface_save_new(const char *dir, const struct record *iface);	/* -EEXIST: there is such a file, be it usable or not */

int iface_delete(const char *dir, const char *name);	/* -ENOENT, -EINVAL for built-ins */

/* Is the text no address: empty, "default", 0.0.0.0 or :: in any form? A card's record has them as its card shows them. */
bool iface_address_is_none(const char *text);

/* Calls fn for each stored iface in strcmp order of names (iface.example is passed over), then for "default" and "iser". */
typedef int iface_each_fn(const struct record *iface, void *data);
typedef void iface_complaint_fn(const char *path, int error, void *data);
int iface_each(const char *dir, iface_each_fn *fn, iface_complaint_fn *complain, void *data);

/* What a complaint is about, for the administrator: "line 3: iface.bind: "maybe" is not one of ...", or the words of the error. */
void iface_explain_complaint(const char *path, int error, struct text *ret_sentence);

/*
 * What a software (tcp) session of this iface binds to. netdev empty: let the network choose.
 * By net_ifacename, or by hwaddress looked up among the NICs present, by the rule of iface/candidate.h (addresses compare without case).
 */
struct iface_binding {
	char netdev[IFNAMSIZ];
	char hwaddress[18];
};

/* node or iface record. -ENODEV: the NIC is not there (sentence names it); -ENETDOWN: down, or no address of family (AF_UNSPEC: any). */
int iface_bind(const struct record *record, int family, struct iface_binding *ret_binding);

#endif
