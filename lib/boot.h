/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boot targets: what firmware (iBFT, Open Firmware, an adapter's own) logged in to, or would log in to, before the kernel ran.
 * A target is an array of texts, one per row of boot.def. Firmware is not trusted: boot_set() is the one gate for every value,
 * whatever source it comes from. Where the sources are and which NIC is meant is found in iface/boot.h.
 */
#ifndef OPENHBA_LIB_BOOT_H
#define OPENHBA_LIB_BOOT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/record.h"
#include "lib/text.h"

enum boot_field {
#define BOOT(id, object, attribute, name, kind, max, flags) BOOT_##id,
#include "lib/boot.def"
#undef BOOT
	BOOT_COUNT,
};

enum boot_object { BOOT_OF_NOTHING, BOOT_OF_INITIATOR, BOOT_OF_ETHERNET, BOOT_OF_TARGET };

enum boot_kind { BOOT_IS_NAME, BOOT_IS_ADDRESS, BOOT_IS_MAC, BOOT_IS_NUMBER, BOOT_IS_TEXT };

enum boot_flag { BOOT_IS_PLAIN = 0, BOOT_IS_SECRET = 1 };

struct boot_row {
	const char *attribute, *name;
	enum boot_object object;
	enum boot_kind kind;
	unsigned int max;
	unsigned int flags; /* enum boot_flag */
};

extern const struct boot_row boot_rows[BOOT_COUNT];

#define BOOT_VALUE_MAX 223	     /* bytes of a value */
#define BOOT_FLAG_SELECTED 2	     /* in flags: the firmware booted from it */
#define BOOT_ORIGIN_DHCP 3	     /* BOOT_ORIGIN: the firmware's address is a DHCP lease */

/* One target with the NIC it is reached by and the initiator name it is logged in as. */
struct boot_target {
	char values[BOOT_COUNT][BOOT_VALUE_MAX + 1]; /* "": not told */
	char root[32], nic[32], target[32];	     /* "ibft", "ethernet0", "target0": where it stands in sysfs */
	char device[256];			     /* folder in sysfs of the NIC's device, or "" */
	unsigned int flags;
};

/* In the order in which they are printed: the last one of the firmware first. All zero is empty. */
struct boot_list {
	struct boot_target *targets;
	size_t count;
};

void boot_list_done(struct boot_list *list); /* zeroes: it holds secrets */

/* Copies target to the front. A target without a name or an address is passed over (0). -ENOMEM; -E2BIG past 255 targets. */
int boot_list_add(struct boot_list *list, const struct boot_target *target);

/*
 * The gate. Sets a value from text, without surrounding blanks; "", and the address 0.0.0.0 or ::, make it unset. An address is
 * kept in the usual form, a number without leading zeros, a MAC in lower case. -EINVAL: not of the row's kind, too long, out of
 * range; the value is then unset.
 */
int boot_set(struct boot_target *target, enum boot_field field, const char *text);

/* Fills what follows from other values: bootproto, the network mask from the prefix length and the reverse, port 3260. */
void boot_complete(struct boot_target *target);

bool boot_is_dhcp(const struct boot_target *target);

/* Appends the block `# BEGIN RECORD` ... `# END RECORD` with the values that are set, secrets in clear. */
void boot_format(const struct boot_target *target, struct text *text);

/*
 * Sets in an initialised node record what the firmware says: target, portal (group tag 1), authentication, iface, and that
 * it is a boot target (startup onboot, discovery type fw). -ENOMEM, -EINVAL.
 */
int boot_to_node(const struct boot_target *target, struct record *node);

/*
 * What a login to a boot target is done with unless somebody says otherwise: 30 login timeouts of retries, 30 redirects, no pings,
 * a scan. -ENOMEM.
 */
int boot_login_defaults(struct record *node);

#endif
