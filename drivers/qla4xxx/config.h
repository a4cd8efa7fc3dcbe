/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the card keeps: its control block (addresses, options: the class's ifaces), flash, flash nodes, CHAP table, boot information, and
 * what it says of itself. All of it is under config_mutex, except the copies that attributes read.
 */
#ifndef OPENHBA_QLA4XXX_CONFIG_H
#define OPENHBA_QLA4XXX_CONFIG_H

#include "drivers/qla4xxx/field.h"
#include "drivers/qla4xxx/host.h"

#define CONFIG_BOOT_TARGETS	2
#define CONFIG_NO_TARGET	0xffff

struct config {
	u8 acb[ISP_ACB_SIZE];		/* the control block in use, as read last; acb_lock */
	/* Copies against their refresh, the innermost locks; not in interrupts: acb, chap_table, entries of flash nodes. */
	spinlock_t acb_lock, chap_lock, node_lock;
	u8 about[ISP_ABOUT_SIZE];	/* of the last start */
	u8 mac[6];
	char serial[17], model[17];
	u32 board_id;
	u8 ip_state[ISP_ADDRESSES];	/* enum isp_ip_state, told by events */
	bool disabled;			/* an address was taken down since it was asked for; acb_lock */
	wait_queue_head_t ip_changed;
	/* owned by iface.c, chap.c, boot.c, flashnode.c */
	struct iscsi_iface *ipv4, *ipv6[2];
	struct iscsi_boot_kset *boot;
	u16 boot_targets[CONFIG_BOOT_TARGETS];	/* indices in the flash, or CONFIG_NO_TARGET */
	/* ISP_FLASH_CHAPS entries, kvmalloc'ed; NULL: not read; replaced under config_mutex and chap_lock. */
	void *chap_table;
};

int config_init(struct qla_host *host);
void config_free(struct qla_host *host);		/* fine without config_init() */

/* acb.c: the control block. */
int acb_read(struct qla_host *host);			/* GET_IFCB into config->acb */
u64 acb_get(struct qla_host *host, enum isp_row row);	/* a number of the copy */
void acb_bytes(struct qla_host *host, enum isp_row row, void *bytes);
void acb_ip_state_changed(struct qla_host *host, const u32 regs[ISP_MAILBOXES]);	/* AEN 8029 */
void acb_router_changed(struct qla_host *host, const u32 regs[ISP_MAILBOXES]);		/* AEN 802A */
bool acb_wait_addresses(struct qla_host *host, unsigned int seconds);	/* no address is on its way (GET_IP_STATE) */
int acb_change(struct qla_host *host, void *acb);	/* flash, disable, set, read again: all sessions of the port drop. config_mutex */
int acb_restart(struct qla_host *host, const void *acb);	/* the same without flash */

/* iface.c: one table of fields; rows of struct iscsi_transport. */
void ifaces_create(struct qla_host *host);		/* those the control block enables; after a change or reset: adds and removes */
void ifaces_destroy(struct qla_host *host);
int iface_set_param(struct Scsi_Host *shost, void *data, u32 bytes);
int iface_get_param(struct iscsi_iface *iface, enum iscsi_param_type type, int param, char *page);
int host_get_param(struct Scsi_Host *shost, enum iscsi_host_param param, char *page);
umode_t param_is_visible(int type, int param);

/* flash.c: segments of the flash; config_mutex. */
int flash_read(struct qla_host *host, u32 address, void *bytes, u32 size);
int flash_write(struct qla_host *host, u32 address, const void *bytes, u32 size);

/* chap.c */
int chap_load(struct qla_host *host);			/* config_mutex */
/* The place of these credentials (peer: the target's), which are written where there are none: -ENOSPC, -EINVAL. config_mutex. */
int chap_find_or_add(struct qla_host *host, const char *name, const char *secret, bool peer, u16 *ret_index);
/* An entry of the copy: name has 257 bytes, secret 101, both end in NUL. -ENOENT. Takes no mutex. */
int chap_entry(struct qla_host *host, u16 index, char *name, char *secret, bool *ret_peer);
/* The entry that the firmware takes for what a target has to show: -ENOENT. Takes no mutex. */
int chap_first_peer(struct qla_host *host, u16 *ret_index);
int chap_get(struct Scsi_Host *shost, u16 index, u32 *entries, char *buffer);
int chap_set(struct Scsi_Host *shost, void *data, int bytes);
int chap_delete(struct Scsi_Host *shost, u16 index);

/* flashnode.c */
void flashnodes_export(struct qla_host *host);
void flashnodes_destroy(struct qla_host *host);
bool flashnode_param_is_shown(int param);
int flashnode_get_param(struct iscsi_bus_flash_session *session, int param, char *page);
int flashnode_set_param(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn, void *data, int bytes);
int flashnode_new(struct Scsi_Host *shost, const char *text, int bytes);
int flashnode_del(struct iscsi_bus_flash_session *session);
int flashnode_login(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn);
int flashnode_logout(struct iscsi_bus_flash_session *session, struct iscsi_bus_flash_conn *conn);
int flashnode_logout_sid(struct iscsi_cls_session *cls);

/* boot.c: targets and interface the BIOS boots from, as attributes; which flash entries they are. */
int boot_create(struct qla_host *host);
void boot_destroy(struct qla_host *host);
bool boot_is_target(struct qla_host *host, u16 flash_index);

/* bsg.c: what the vendor's tools ask. */
int bsg_request(struct bsg_job *job);

/* attributes.c */
extern const struct attribute_group *qla_host_groups[];

#endif
