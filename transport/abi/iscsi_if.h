/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The messages between user space and the iSCSI transport class, as Linux has them on NETLINK_ISCSI (protocol 8).
 *
 *   nlmsghdr (16 bytes, nlmsg_type = request number)  |  struct iscsi_uevent (56 bytes)  |  trailing data
 *
 * Rules of the kernel: the sender needs CAP_SYS_ADMIN in the first user namespace; transport_handle is the number in
 * /sys/class/iscsi_transport/NAME/handle; a request is executed inside sendmsg(); several requests may share one datagram and are
 * executed in turn, errors do not stop the following ones; the reply repeats the request and fills r. All numbers are in host order.
 *
 * In the kernel the structures are those of <scsi/iscsi_if.h>, and this file only proves that the rows agree with them.
 */
#ifndef OPENHBA_TRANSPORT_ABI_ISCSI_IF_H
#define OPENHBA_TRANSPORT_ABI_ISCSI_IF_H

#ifdef __KERNEL__
#include <scsi/iscsi_if.h>
#define ISCSI_ABI_PROVE(what) _Static_assert(what, #what)

#define REQUEST(number, id, answer, sentence) ISCSI_ABI_PROVE(ISCSI_UEVENT_##id == (number));
#define EVENT(number, id, group, sentence)    ISCSI_ABI_PROVE(ISCSI_KEVENT_##id == (number));
#define CONN_ERROR(number, id, sentence)      ISCSI_ABI_PROVE(ISCSI_ERR_##id == (number));
#include "events.def"
#undef REQUEST
#undef EVENT
#undef CONN_ERROR

#else
#include <stddef.h>
#include <stdint.h>

#define ISCSI_ABI_PROVE(what) _Static_assert(what, #what)

#ifndef NETLINK_ISCSI
#define NETLINK_ISCSI 8
#endif
#define ISCSI_NL_GRP_DAEMON 1
#define ISCSI_NL_GRP_NIC    2

enum iscsi_request {
#define REQUEST(number, id, answer, sentence) ISCSI_UEVENT_##id = (number),
#include "events.def"
#undef REQUEST
};

enum iscsi_event {
#define EVENT(number, id, group, sentence) ISCSI_KEVENT_##id = (number),
#include "events.def"
#undef EVENT
};

enum iscsi_conn_error {
#define CONN_ERROR(number, id, sentence) ISCSI_CONN_ERROR_##id = (number),
#include "events.def"
#undef CONN_ERROR
};

/* STOP_CONN: end of the session; nothing known uses 2; the connection is lost and comes back. */
enum iscsi_stop {
	ISCSI_STOP_TERM = 1,
	ISCSI_STOP_SUSPEND = 2,
	ISCSI_STOP_RECOVER = 3,
};

/* Event CONN_LOGIN_STATE. */
enum iscsi_conn_state {
	ISCSI_CONN_STATE_FREE = 0,
	ISCSI_CONN_STATE_XPT_WAIT = 1,
	ISCSI_CONN_STATE_IN_LOGIN = 2,
	ISCSI_CONN_STATE_LOGGED_IN = 3,
	ISCSI_CONN_STATE_IN_LOGOUT = 4,
	ISCSI_CONN_STATE_LOGOUT_REQUESTED = 5,
	ISCSI_CONN_STATE_CLEANUP_WAIT = 6,
};

/* Event HOST_EVENT. */
enum iscsi_host_event {
	ISCSI_HOST_EVENT_LINK_UP = 1,
	ISCSI_HOST_EVENT_LINK_DOWN = 2,
};

/* Event PING_COMP. */
enum iscsi_ping_status {
	ISCSI_PING_OK = 0,
	ISCSI_PING_FW_DISABLED = 1,
	ISCSI_PING_BAD_ADDRESS = 2,
	ISCSI_PING_BAD_LINK_LOCAL = 3,
	ISCSI_PING_TIMEOUT = 4,
	ISCSI_PING_BAD_DESTINATION = 5,
	ISCSI_PING_OVERSIZE = 6,
	ISCSI_PING_ICMP_ERROR = 7,
	ISCSI_PING_MAX_REQUESTS = 8,
	ISCSI_PING_NO_ARP = 9,
};

/* Capabilities in /sys/class/iscsi_transport/NAME/caps. */
enum iscsi_caps {
	ISCSI_CAP_RECOVERY_L0 = 0x1,
	ISCSI_CAP_RECOVERY_L1 = 0x2,
	ISCSI_CAP_RECOVERY_L2 = 0x4,
	ISCSI_CAP_MULTI_R2T = 0x8,
	ISCSI_CAP_HDRDGST = 0x10,
	ISCSI_CAP_DATADGST = 0x20,
	ISCSI_CAP_MULTI_CONN = 0x40,
	ISCSI_CAP_TEXT_NEGO = 0x80,
	ISCSI_CAP_MARKERS = 0x100,
	ISCSI_CAP_FW_DB = 0x200,
	ISCSI_CAP_SENDTARGETS_OFFLOAD = 0x400,
	ISCSI_CAP_DATA_PATH_OFFLOAD = 0x800,
	ISCSI_CAP_DIGEST_OFFLOAD = 0x1000,
	ISCSI_CAP_PADDING_OFFLOAD = 0x2000,
	ISCSI_CAP_LOGIN_OFFLOAD = 0x4000,
};

/* A message. 32 and 64 bit kernels agree in all but the place of r on i386, where 64-bit numbers are aligned to 4. */
struct iscsi_uevent {
	uint32_t type;
	int32_t iferror;
	uint64_t transport_handle;
	union {
		struct { uint32_t initial_cmdsn; uint16_t cmds_max; uint16_t queue_depth; } create_session;
		struct { uint64_t ep_handle; uint32_t initial_cmdsn; uint16_t cmds_max; uint16_t queue_depth; } create_bound_session;
		/* DESTROY_SESSION, DESTROY_SESSION_ASYNC, UNBIND_SESSION */
		struct { uint32_t sid; } session;
		/* CREATE_CONN, DESTROY_CONN, START_CONN, GET_STATS */
		struct { uint32_t sid; uint32_t cid; } conn;
		struct { uint32_t sid; uint32_t cid; uint64_t transport_eph; uint32_t is_leading; } bind_conn;
		struct { uint32_t sid; uint32_t cid; uint32_t hdr_size; uint32_t data_size; } send_pdu;
		struct { uint32_t sid; uint32_t cid; uint32_t param; uint32_t len; } set_param;
		struct { uint32_t sid; uint32_t cid; uint64_t conn_handle; uint32_t flag; } stop_conn;
		struct { uint32_t non_blocking; } ep_connect;
		struct { uint32_t host_no; uint32_t non_blocking; } ep_connect_through_host;
		struct { uint64_t ep_handle; uint32_t timeout_ms; } ep_poll;
		struct { uint64_t ep_handle; } ep_disconnect;
		struct { uint32_t type; uint32_t host_no; uint32_t enable; } tgt_dscvr;
		struct { uint32_t host_no; uint32_t param; uint32_t len; } set_host_param;
		/* PATH_UPDATE, GET_HOST_STATS */
		struct { uint32_t host_no; } host;
		struct { uint32_t host_no; uint32_t count; } set_iface_params;
		struct { uint32_t host_no; uint32_t iface_num; uint32_t iface_type; uint32_t payload_size; uint32_t pid; } ping;
		struct { uint32_t host_no; uint32_t num_entries; uint16_t chap_tbl_idx; } get_chap;
		struct { uint32_t host_no; uint16_t chap_tbl_idx; } delete_chap;
		struct { uint32_t host_no; uint32_t flashnode_idx; uint32_t count; } set_flashnode;
		struct { uint32_t host_no; uint32_t len; } new_flashnode;
		/* DEL_FLASHNODE, LOGIN_FLASHNODE, LOGOUT_FLASHNODE */
		struct { uint32_t host_no; uint32_t flashnode_idx; } flashnode;
		struct { uint32_t host_no; uint32_t sid; } logout_flashnode_sid;
	} u;
	union {
		int32_t retcode;
		/* reply to CREATE_SESSION and CREATE_BOUND_SESSION, events CREATE_SESSION and UNBIND_SESSION */
		struct { uint32_t sid; uint32_t host_no; } session;
		struct { uint32_t host_no; uint32_t sid; } destroy_session;	/* the other way round */
		struct { uint32_t sid; uint32_t cid; } conn;
		struct { uint32_t sid; uint32_t cid; uint64_t recv_handle; } recv_pdu;
		struct { uint32_t sid; uint32_t cid; uint32_t state; } conn_login;
		struct { uint32_t sid; uint32_t cid; uint32_t error; } conn_error;
		struct { uint64_t handle; } ep_connect;
		struct { uint32_t host_no; } host;		/* PATH_REQ, IF_DOWN */
		struct { uint32_t host_no; uint32_t data_size; uint32_t code; } host_event;
		struct { uint32_t host_no; uint32_t status; uint32_t pid; uint32_t data_size; } ping_comp;
		struct { uint32_t flashnode_idx; } new_flashnode;
		uint32_t word[4];
	} r;
} __attribute__((aligned(8)));

#define ISCSI_UEVENT_BYTES 56
/* 8 everywhere but on i386 and m68k, where it is 4 */
struct iscsi_abi_align { char c; uint64_t q; };
#define ISCSI_UEVENT_R_OFFSET (offsetof(struct iscsi_abi_align, q) == 8 ? 40 : 36)

ISCSI_ABI_PROVE(sizeof(struct iscsi_uevent) == ISCSI_UEVENT_BYTES);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, transport_handle) == 8);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, u) == 16);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, r) == ISCSI_UEVENT_R_OFFSET);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, u.create_session.queue_depth) == 22);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, u.bind_conn.transport_eph) == 24);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, u.bind_conn.is_leading) == 32);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, u.stop_conn.flag) == 32);
ISCSI_ABI_PROVE(offsetof(struct iscsi_uevent, u.set_param.len) == 28);

#define ISCSI_STATS_CUSTOM_MAX	     32
#define ISCSI_STATS_CUSTOM_NAME_BYTES 64

struct iscsi_stats_custom {
	char name[ISCSI_STATS_CUSTOM_NAME_BYTES];	/* may lack the terminating NUL */
	uint64_t value;
};

/* What follows the message of a successful GET_STATS; custom_length items of struct iscsi_stats_custom come behind it. */
struct iscsi_stats {
	uint64_t txdata_octets;
	uint64_t rxdata_octets;
	uint32_t noptx_pdus;
	uint32_t scsicmd_pdus;
	uint32_t tmfcmd_pdus;
	uint32_t login_pdus;
	uint32_t text_pdus;
	uint32_t dataout_pdus;
	uint32_t logout_pdus;
	uint32_t snack_pdus;
	uint32_t noprx_pdus;
	uint32_t scsirsp_pdus;
	uint32_t tmfrsp_pdus;
	uint32_t textrsp_pdus;
	uint32_t datain_pdus;
	uint32_t logoutrsp_pdus;
	uint32_t r2t_pdus;
	uint32_t async_pdus;
	uint32_t rjt_pdus;
	uint32_t digest_err;
	uint32_t timeout_err;
	uint32_t custom_length;
} __attribute__((aligned(8)));

ISCSI_ABI_PROVE(sizeof(struct iscsi_stats) == 96);
ISCSI_ABI_PROVE(offsetof(struct iscsi_stats, scsicmd_pdus) == 20);
ISCSI_ABI_PROVE(sizeof(struct iscsi_stats_custom) == 72);

/* What a request with attributes carries: struct nlattr (its type is the parameter), one of these heads, the value. */
enum iscsi_param_type {
	ISCSI_PARAM_TYPE_PARAM = 0,
	ISCSI_PARAM_TYPE_HOST = 1,
	ISCSI_PARAM_TYPE_NET = 2,
	ISCSI_PARAM_TYPE_FLASHNODE = 3,
	ISCSI_PARAM_TYPE_CHAP = 4,
	ISCSI_PARAM_TYPE_IFACE = 5,
};

enum iscsi_iface_type {
	ISCSI_IFACE_TYPE_IPV4 = 1,
	ISCSI_IFACE_TYPE_IPV6 = 2,
};

/* SET_IFACE_PARAMS */
struct iscsi_iface_attribute {
	uint32_t iface_num;
	uint32_t len;		/* of the value */
	uint16_t param;		/* enum iscsi_net_param or iscsi_iface_param */
	uint8_t iface_type;	/* enum iscsi_iface_type */
	uint8_t param_type;	/* enum iscsi_param_type: NET or IFACE */
};

/* SET_FLASHNODE_PARAMS, SET_CHAP */
struct iscsi_attribute {
	uint32_t len;
	uint16_t param;		/* enum iscsi_flashnode_param or iscsi_chap_param */
} __attribute__((packed));

ISCSI_ABI_PROVE(sizeof(struct iscsi_iface_attribute) == 12);
ISCSI_ABI_PROVE(sizeof(struct iscsi_attribute) == 6);

enum iscsi_chap_param {
	ISCSI_CHAP_PARAM_INDEX = 0,		/* u16 */
	ISCSI_CHAP_PARAM_TYPE = 1,		/* u8, enum iscsi_chap_type */
	ISCSI_CHAP_PARAM_USERNAME = 2,
	ISCSI_CHAP_PARAM_PASSWORD = 3,
	ISCSI_CHAP_PARAM_PASSWORD_LEN = 4,	/* u8 */
};

/* Whose secret an entry of the card's CHAP table is: the initiator's, or the one the target shows. */
enum iscsi_chap_type {
	ISCSI_CHAP_OUT = 0,
	ISCSI_CHAP_IN = 1,
};

#define ISCSI_CHAP_TEXT_BYTES 256

/* What follows the message of a successful GET_CHAP, num_entries of them. */
struct iscsi_chap_entry {
	uint16_t index;
	uint32_t type;		/* enum iscsi_chap_type */
	char username[ISCSI_CHAP_TEXT_BYTES];	/* may lack the terminating NUL, as may the password */
	char password[ISCSI_CHAP_TEXT_BYTES];
	uint8_t password_length;
};

ISCSI_ABI_PROVE(sizeof(struct iscsi_chap_entry) == 524);
ISCSI_ABI_PROVE(offsetof(struct iscsi_chap_entry, username) == 8);
ISCSI_ABI_PROVE(offsetof(struct iscsi_chap_entry, password_length) == 520);

/* What follows the message of a successful GET_HOST_STATS; custom_length items of struct iscsi_stats_custom come behind it. */
struct iscsi_host_stats {
#define HOST_STAT(layer, name) uint64_t name;
#include "host_stats.def"
#undef HOST_STAT
	uint32_t custom_length;
} __attribute__((aligned(8)));

ISCSI_ABI_PROVE(sizeof(struct iscsi_host_stats) == 664);
ISCSI_ABI_PROVE(offsetof(struct iscsi_host_stats, custom_length) == 656);

#endif /* __KERNEL__ */
#endif
