/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ifaces of HBA ports: what of an iface record goes to the card, and iface records made from what the card says of itself.
 * root is that of sysfs ("/sys", or a test's tree).
 */
#ifndef OPENHBA_IFACE_HBA_H
#define OPENHBA_IFACE_HBA_H

#include <stdbool.h>

#include "iface/iface.h"
#include "iface/policy.h"
#include "transport/user/adapter.h"
#include "transport/user/kernel_iface.h"
#include "transport/user/sysfs.h"

/* Is the transport one of cards that have network settings of their own? */
bool hba_is_transport(const char *transport);

/* The record's family, as its card has it: by its address or its name. */
enum iscsi_iface_type hba_family(const struct record *iface);

/*
 * Adds the parameters of SET_IFACE_PARAMS that the record asks for; none, and 0, if it asks for nothing: an iface without an address
 * or a way to get one. What is empty or 0 is left to the card; an iface that is to be off is only switched off.
 * -EINVAL: *ret_field is not usable.
 */
int hba_encode(const struct record *iface, struct attributes *attributes, enum field *ret_field);

/*
 * The host of an iface: transport and MAC address agree. -ENODEV: there is none; -EINVAL: the record has no MAC address.
 */
int hba_find_host(const char *root, const struct record *iface, struct sysfs_host *ret_host);

/*
 * The name of the iface that sessions of this family leave the port by: that of the port's first network entity of the family, or of
 * another if there is none; transport.mac of a port without entities. Writes at most room bytes with the NUL. As kernel_iface_list().
 */
int hba_name(const char *root, const struct sysfs_host *host, bool is_v6, char *name, size_t room);

/* A record from a kernel iface of the port, or from the port alone (kernel_iface NULL). ret_iface is uninitialised; -ENOMEM. */
int hba_read(const char *root, const struct sysfs_host *host, const struct kernel_iface *kernel_iface, struct record *ret_iface);

/*
 * The same, with iface.origin and what iscsid.conf says of iface.bind and iface.fast_fail (policy; NULL: nothing), as a new file in
 * dir. ret_iface is initialised only on 0. -EEXIST: there is one of that name; as iface_save().
 */
int hba_make(const char *root, const char *dir, const struct sysfs_host *host, const struct kernel_iface *kernel_iface,
	     const struct policy *policy, struct record *ret_iface);

/*
 * Writes an iface file for every network entity of every HBA port that has none: transport.mac.ipv4.N or .ipv6.N, transport.mac for
 * ports that show no entities. Files that are there are never touched. Where this user may not write nothing happens; other
 * failures are complained of. 0, or a negative errno if the hosts cannot be read.
 */
int hba_make_ifaces(const char *root, const char *dir, const struct policy *policy, iface_complaint_fn *complain, void *data);

/*
 * Loads the transports of NICs whose card could carry sessions by itself (cxgb4 for cxgb4i, ...); those that need iscsiuio only while
 * it runs. Failures are nobody's business: a port that does not come up is not there.
 */
void hba_load_transports(const char *root);

#endif
