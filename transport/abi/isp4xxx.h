/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The QLogic ISP4010, ISP4022 and ISP4032 as their host sees them: registers, mailbox commands, events, entries of the rings, maps of
 * flash and NVRAM. Read by user space and by kernel modules. The fields of the structures in memory and flash (control block, device
 * database, CHAP table, statistics, NVRAM) are the rows of isp4xxx_fields.def. All of it is little endian unless it says otherwise.
 * No code lives here.
 */
#ifndef OPENHBA_TRANSPORT_ABI_ISP4XXX_H
#define OPENHBA_TRANSPORT_ABI_ISP4XXX_H

#include <linux/types.h>

#define ISP_VENDOR		0x1077
enum isp_device { ISP_DEVICE_4010 = 0x4010, ISP_DEVICE_4022 = 0x4022, ISP_DEVICE_4032 = 0x4032 };

/*
 * Registers: 32 bits each, in the first 256 bytes of BAR 1. "Masked": bits 31:16 of what is written say which of bits 15:0 are taken;
 * the others keep their value.
 */
enum isp_register {
	ISP_REG_MAILBOX = 0x00,			/* eight of them; writes go to the firmware, reads come from it */
	ISP_REG_FLASH_ADDRESS = 0x20,
	ISP_REG_FLASH_DATA = 0x24,
	ISP_REG_CONTROL = 0x28,			/* masked */
	ISP_REG_4010_NVRAM = 0x2c,		/* masked; 4010: EEPROM in bits 3:0, semaphores above */
	ISP_REG_INTERRUPT_MASK = 0x2c,		/* masked; 4022, 4032 */
	ISP_REG_NVRAM = 0x30,			/* masked; 4022, 4032 */
	ISP_REG_SEMAPHORE = 0x34,		/* masked; 4022, 4032 */
	ISP_REG_REQUEST_IN = 0x38,		/* producer of the request ring: the doorbell */
	ISP_REG_RESPONSE_OUT = 0x3c,		/* consumer of the response ring; writing it clears the completion interrupt */
	ISP_REG_EXT_HW_CONFIG = 0x50,		/* masked */
	ISP_REG_PORT_CONTROL = 0x58,		/* masked */
	ISP_REG_PORT_STATUS = 0x5c,
	ISP_REG_4010_REQUEST_OUT = 0x80,	/* 4010: consumer of the request ring */
	ISP_REG_GP_OUT = 0xe0,
	ISP_REG_GP_IN = 0xe4,
	ISP_REG_PORT_ERROR = 0xfc,
};
#define ISP_REGISTERS_SIZE	0x100
#define ISP_MAILBOXES		8

enum isp_control {				/* ISP_REG_CONTROL */
	ISP_CONTROL_PAGE = 0x0003,
	ISP_CONTROL_4010_ENABLE = 0x0004,	/* interrupts; 4010 only */
	ISP_CONTROL_RESET_INTERRUPT = 0x0008,	/* some function reset the chip; write 1 to clear, and so the next three */
	ISP_CONTROL_COMPLETION = 0x0010,	/* the response ring has entries */
	ISP_CONTROL_PROCESSOR = 0x0020,		/* an answer or an event is in the mailboxes */
	ISP_CONTROL_FATAL = 0x4000,		/* interrupts whatever is enabled */
	ISP_CONTROL_DOORBELL = 0x0040,		/* write 1: a mailbox command is there */
	ISP_CONTROL_BOOT = 0x0080,		/* write 1: start the firmware */
	ISP_CONTROL_FUNCTION = 0x0700,		/* 4022, 4032: read-only, 5 is PCI function 1 and 7 is 3 */
	ISP_CONTROL_FUNCTION_SHIFT = 8,
	ISP_CONTROL_NET_RESET = 0x0800,		/* 4010: reset interrupt of the network; 4022, 4032: link down, port 0 */
	ISP_CONTROL_FORCE_RESET = 0x2000,	/* write 1; reads 1 until done */
	ISP_CONTROL_SOFT_RESET = 0x8000,	/* write 1; reads 1 until done */
	ISP_CONTROL_PENDING = 0x0038,
};

enum isp_interrupt_mask { ISP_INTERRUPT_ENABLE = 0x0004 };	/* ISP_REG_INTERRUPT_MASK */
enum isp_port_control { ISP_PORT_CONTROL_INITIALISED = 0x8000 };
enum isp_port_status {
	ISP_PORT_STATUS_INITIALISED = 0x0200,
	ISP_PORT_STATUS_LINK0 = 0x10000,
	ISP_PORT_STATUS_LINK1 = 0x100000,
};

/* Serial EEPROM (microwire): bits of ISP_REG_NVRAM, or of ISP_REG_4010_NVRAM. */
enum isp_eeprom {
	ISP_EEPROM_CLOCK = 0x1,
	ISP_EEPROM_SELECT = 0x2,
	ISP_EEPROM_DATA_IN = 0x4,		/* to the EEPROM */
	ISP_EEPROM_DATA_OUT = 0x8,		/* from it */
	ISP_EEPROM_WRITE_ENABLE = 0x10,		/* 4022, 4032 */
};
#define ISP_EEPROM_4010_WORDS	256		/* 8 address bits */
#define ISP_EEPROM_4022_WORDS	1024		/* 10 address bits */
enum isp_eeprom_opcode { ISP_EEPROM_EXTENDED = 0, ISP_EEPROM_WRITE = 1, ISP_EEPROM_READ = 2, ISP_EEPROM_ERASE = 3 };

/* Semaphores: the lowest bit of each field. 4010: two bits, code 3. 4022, 4032: three bits, code 4 | PCI function. */
enum isp_semaphore_4010 {
	ISP_SEMAPHORE_4010_DRIVER = 4, ISP_SEMAPHORE_4010_GPIO = 6, ISP_SEMAPHORE_4010_RAM = 8,
	ISP_SEMAPHORE_4010_PHY = 10, ISP_SEMAPHORE_4010_NVRAM = 12, ISP_SEMAPHORE_4010_FLASH = 14,
};
enum isp_semaphore {
	ISP_SEMAPHORE_DRIVER = 1, ISP_SEMAPHORE_RAM = 4, ISP_SEMAPHORE_PHY = 7, ISP_SEMAPHORE_NVRAM = 10, ISP_SEMAPHORE_FLASH = 13,
};

/* Mailbox commands: opcode in register 0, ISP_MBOX_name; the numbers of registers are in isp4xxx_mailbox.def. */
enum isp_mailbox {
#define ISP_MAILBOX(opcode, name, in, out, sentence) ISP_MBOX_##name = opcode,
#include "transport/abi/isp4xxx_mailbox.def"
#undef ISP_MAILBOX
};

enum isp_mailbox_status {			/* register 0 of the answer */
	ISP_STATUS_BUSY = 0x0007,
	ISP_STATUS_INTERMEDIATE = 0x1000,	/* taken for complete */
	ISP_STATUS_COMPLETE = 0x4000,
	ISP_STATUS_INVALID_COMMAND = 0x4001,
	ISP_STATUS_HOST_INTERFACE_ERROR = 0x4002,
	ISP_STATUS_TEST_FAILED = 0x4003,
	ISP_STATUS_COMMAND_ERROR = 0x4005,	/* register 1: detail */
	ISP_STATUS_PARAMETER_ERROR = 0x4006,
};
enum isp_mailbox_detail { ISP_DETAIL_NOT_LOGGED_IN = 0x09 };

/* Events, ISP_AEN_name. */
enum isp_event {
#define ISP_EVENT(code, name, sentence) ISP_AEN_##name = code,
#include "transport/abi/isp4xxx_events.def"
#undef ISP_EVENT
};

enum isp_fw_state {				/* GET_FW_STATE, register 1; 0 is ready */
	ISP_FW_CONFIG_WAIT = 0x01,
	ISP_FW_AUTOCONNECT_WAIT = 0x02,
	ISP_FW_ERROR = 0x04,
	ISP_FW_CONFIGURING_IP = 0x08,
};
enum isp_fw_more_state {			/* GET_FW_STATE, register 3 */
	ISP_FW_OPTICAL = 0x0001,
	ISP_FW_DHCP_ENABLED = 0x0002,
	ISP_FW_DHCP_LEASE = 0x0004,
	ISP_FW_DHCP_EXPIRED = 0x0008,
	ISP_FW_LINK_UP = 0x0010,
	ISP_FW_ISNS = 0x0020,
	ISP_FW_SPEED_10M = 0x0100,
	ISP_FW_SPEED_100M = 0x0200,
	ISP_FW_SPEED_1G = 0x0400,
	ISP_FW_SPEED_10G = 0x0800,
	ISP_FW_HALF_DUPLEX = 0x1000,
	ISP_FW_FULL_DUPLEX = 0x2000,
	ISP_FW_IPV4_PRIMARY = 0x80000,
	ISP_FW_IPV6_PRIMARY = 0x200000,
};

enum isp_write_flash {				/* WRITE_FLASH, register 5 */
	ISP_WRITE_FLASH_HOLD = 0,		/* in RAM */
	ISP_WRITE_FLASH_START = 1,
	ISP_WRITE_FLASH_COMMIT = 2,
	ISP_WRITE_FLASH_NOW = 3,		/* read, modify, write, commit */
};
enum isp_logout {				/* LOGOUT, register 3; generations disagree: either closes the session */
	ISP_LOGOUT_CLOSE_OLD = 1, ISP_LOGOUT_CLOSE = 2, ISP_LOGOUT_RELOGIN = 4, ISP_LOGOUT_FREE_DDB = 8,
};
enum isp_isns {					/* SET_ISNS, register 1; 2: address of the server if IPv4; 3: its port */
	ISP_ISNS_OFF = 0, ISP_ISNS_IPV4 = 1, ISP_ISNS_STATUS = 2, ISP_ISNS_IPV6 = 3,
};
enum isp_diag {					/* DIAG_TEST, register 1 */
	ISP_DIAG_RAM_SIZE = 0x2, ISP_DIAG_RAM = 0x3, ISP_DIAG_ON_CHIP = 0x4, ISP_DIAG_NVRAM = 0x5, ISP_DIAG_FLASH = 0x6,
	ISP_DIAG_INTERNAL_LOOPBACK = 0x7, ISP_DIAG_EXTERNAL_LOOPBACK = 0x8, ISP_DIAG_DMA = 0x9,
	ISP_DIAG_SELF_TEST = 0xc, ISP_DIAG_SELF_TEST2 = 0xd,
};
enum isp_ping_option {				/* PING, register 1 */
	ISP_PING_IPV6 = 0x1, ISP_PING_SECONDARY_ACB = 0x2,
	ISP_PING_FROM_LINK_LOCAL = 0x4, ISP_PING_FROM_ADDRESS0 = 0x8, ISP_PING_FROM_ADDRESS1 = 0xc,
};
enum isp_ping_status {
	ISP_PING_OK, ISP_PING_FW_DISABLED, ISP_PING_ADDRESS_INVALID, ISP_PING_LINK_LOCAL_INVALID, ISP_PING_TIMEOUT,
	ISP_PING_BAD_DESTINATION, ISP_PING_OVERSIZE, ISP_PING_ICMP_ERROR, ISP_PING_TOO_MANY, ISP_PING_NO_ARP,
};

enum isp_ip_state {				/* of an address; GET_IP_STATE: bits 27:24 of register 1 */
	ISP_IP_UNCONFIGURED, ISP_IP_INVALID, ISP_IP_ACQUIRING, ISP_IP_TENTATIVE, ISP_IP_DEPRECATED, ISP_IP_PREFERRED, ISP_IP_DISABLING,
};
#define ISP_IP_STATE_SHIFT	24
enum isp_address { ISP_ADDRESS_IPV4, ISP_ADDRESS_LINK_LOCAL, ISP_ADDRESS_IPV6_0, ISP_ADDRESS_IPV6_1, ISP_ADDRESSES };
enum isp_router_state { ISP_ROUTER_UNKNOWN = 0, ISP_ROUTER_MANUAL = 1, ISP_ROUTER_ADVERTISED = 3, ISP_ROUTER_STALE = 4 };
enum isp_ip_origin { ISP_ORIGIN_NONE, ISP_ORIGIN_STATIC, ISP_ORIGIN_DHCP };	/* IP_STATE_CHANGED, register 4 */

enum isp_ddb_state {				/* GET_DDB, register 4; DDB_CHANGED, register 3 */
	ISP_DDB_UNASSIGNED = 0,
	ISP_DDB_NO_CONNECTION = 1,
	ISP_DDB_DISCOVERY = 2,
	ISP_DDB_NO_SESSION = 3,
	ISP_DDB_ACTIVE = 4,
	ISP_DDB_LOGGING_OUT = 5,
	ISP_DDB_FAILED = 6,
	ISP_DDB_LOGIN = 7,
};
#define ISP_DDBS		256
#define ISP_DDB_ONE		1		/* DDB_CHANGED, register 1: one entry changed */

/* Sizes, cookies and "none" of the structures in isp4xxx_fields.def. */
#define ISP_ACB_SIZE		0x300
#define ISP_ACB_COOKIE		0x11bead5a
#define ISP_ACB_VERSION2	2		/* its IPv6 fields hold */
#define ISP_DDB_SIZE		0x200
#define ISP_DDB_COOKIE		0x9034
#define ISP_DDB_COOKIE_DELETED	0xffee
#define ISP_DDB_LINK_NONE	0xffff
#define ISP_DDB_LINK_ISNS	0xfffd
#define ISP_DDB_NO_CHAP		0xffff
#define ISP_CHAP_SIZE		0x16c
#define ISP_CHAP_COOKIE		0x4092
#define ISP_CHAP_COOKIE_FREE	0xffff
#define ISP_SYSTEM_SIZE		0x200
#define ISP_ABOUT_SIZE		0x100
#define ISP_STATS_SIZE		0x410
#define ISP_CRASH_SIZE		0x280		/* without the stack dump */
#define ISP_NVRAM_4010_SIZE	0x200
#define ISP_NVRAM_4022_SIZE	0x800

enum isp_acb_fw_option {			/* control block, firmware_options */
	ISP_ACB_HEARTBEAT = 0x1000, ISP_ACB_SESSION_MODE = 0x0040, ISP_ACB_INITIATOR = 0x0020, ISP_ACB_TARGET = 0x0010,
};
enum isp_acb_more_option { ISP_ACB_SERIALISE_TASK_MANAGEMENT = 0x0400, ISP_ACB_NO_AUTOCONNECT = 0x0002 };
enum isp_iscsi_option {				/* iscsi_options of control block and device database */
	ISP_ISCSI_HEADER_DIGEST = 0x2000, ISP_ISCSI_DATA_DIGEST = 0x1000, ISP_ISCSI_IMMEDIATE_DATA = 0x0800,
	ISP_ISCSI_INITIAL_R2T = 0x0400, ISP_ISCSI_SEQUENCE_IN_ORDER = 0x0200, ISP_ISCSI_PDU_IN_ORDER = 0x0100, ISP_ISCSI_CHAP = 0x0080,
	ISP_ISCSI_SNACK = 0x0040, ISP_ISCSI_DISCOVERY_LOGOUT = 0x0020, ISP_ISCSI_BIDI_CHAP = 0x0010,
	ISP_ISCSI_DISCOVERY_AUTH_OPTIONAL = 0x0008, ISP_ISCSI_STRICT_LOGIN = 0x0004, ISP_ISCSI_ERL = 0x0003,
};
enum isp_tcp_option {				/* ipv4_tcp_options, ipv6_tcp_options */
	ISP_TCP_NO_DELAYED_ACK = 0x8000, ISP_TCP_ISNS = 0x4000, ISP_TCP_DHCP = 0x0200, ISP_TCP_DNS_DHCP = 0x0100,
	ISP_TCP_SLP_DHCP = 0x0080, ISP_TCP_NO_NAGLE = 0x0020, ISP_TCP_NO_WINDOW_SCALE = 0x0010, ISP_TCP_TIMER_SCALE = 0x000e,
	ISP_TCP_TIMESTAMPS = 0x0001,
};
enum isp_ip_option {				/* ipv4_options; ENABLE, VLAN, REDIRECT of ipv6_options, too */
	ISP_IP_ENABLE = 0x8000, ISP_IP_TOS = 0x4000, ISP_IP_VLAN = 0x2000, ISP_IP_GRATUITOUS = 0x1000, ISP_IP_DHCP_CLIENT_ID = 0x0800,
	ISP_IP_DHCP_REQUIRE_VENDOR = 0x0400, ISP_IP_DHCP_USE_VENDOR = 0x0200, ISP_IP_DHCP_LEARN_IQN = 0x0100,
	ISP_IP_NO_FRAGMENTS = 0x0010, ISP_IP_FORWARD = 0x0008, ISP_IP_REDIRECT = 0x0004,
};
enum isp_ipv6_more_option {			/* ipv6_more_options */
	ISP_IPV6_IGNORE_ECHO = 0x0040, ISP_IPV6_MLD = 0x0004, ISP_IPV6_AUTOCONFIG = 0x0002, ISP_IPV6_LINK_LOCAL_AUTO = 0x0001,
};
enum isp_ddb_option {				/* device database, options */
	ISP_DDB_TARGET = 0x0002, ISP_DDB_DISABLED = 0x0008, ISP_DDB_IS_DISCOVERY = 0x0010, ISP_DDB_NO_SENDTARGETS = 0x0040,
	ISP_DDB_IPV6 = 0x0100, ISP_DDB_LINK_LOCAL = 0x0800,
};
enum isp_chap_flag { ISP_CHAP_LOCAL = 0x80, ISP_CHAP_PEER = 0x40 };

/* Flash, as READ_FLASH and WRITE_FLASH address it: bits 31:24 name a segment. */
enum isp_flash {
	ISP_FLASH_FIRMWARE = 0x00000000,
	ISP_FLASH_FIRMWARE2 = 0x01000000,
	ISP_FLASH_SYSTEM = 0x02000000,
	ISP_FLASH_DRIVER = 0x03000000,
	ISP_FLASH_ACB = 0x04000000,
	ISP_FLASH_DDB = 0x05000000,
	ISP_FLASH_CHAP = 0x06000000,
	ISP_FLASH_FIRMWARE_PRIMARY = 0x07000000,
	ISP_FLASH_BIOS = 0x0d000000,
};
#define ISP_FLASH_SEGMENT(address)	((address) & 0xff000000)
#define ISP_FLASH_OFFSET(address)	((address) & 0x00ffffff)
#define ISP_FLASH_DDBS		64
#define ISP_FLASH_CHAPS		128
#define ISP_FLASH_SECTOR	0x20000
#define ISP_CHAP_RESERVED	4		/* the entries below are not filled without being asked for */

/* Rings: entries of 64 bytes; the last 32 bits of a response that the host has taken are the mark. */
#define ISP_IOCB_SIZE		64
#define ISP_REQUESTS		1024
#define ISP_RESPONSES		64
#define ISP_RESPONSE_TAKEN	0xdeaddead

struct isp_shadow {				/* in the host's memory, written by the firmware */
	__le32 request_out;
	__le32 response_in;
};

enum isp_iocb_type {
	ISP_IOCB_STATUS = 0x03,
	ISP_IOCB_MARKER = 0x04,
	ISP_IOCB_CONTINUE = 0x0a,
	ISP_IOCB_STATUS_CONTINUE = 0x10,
	ISP_IOCB_COMMAND = 0x19,
	ISP_IOCB_MAILBOX = 0x38,
	ISP_IOCB_MAILBOX_STATUS = 0x39,
	ISP_IOCB_PASSTHROUGH = 0x3a,
	ISP_IOCB_PASSTHROUGH_STATUS = 0x3c,
};

enum isp_entry_status {				/* of an entry the firmware gives back */
	ISP_ENTRY_BUSY = 0x02, ISP_ENTRY_INVALID_TYPE = 0x04, ISP_ENTRY_INVALID_PARAMETER = 0x08,
	ISP_ENTRY_INVALID_COUNT = 0x10, ISP_ENTRY_INVALID_ORDER = 0x20,
};

struct isp_header {
	__u8 type;
	__u8 status;
	__u8 system;
	__u8 count;
};

struct isp_dsd {				/* a piece of the host's memory; not aligned to 8 bytes */
	__le32 address_low;
	__le32 address_high;
	__le32 length;
};

enum isp_command_control {
	ISP_COMMAND_READ = 0x40, ISP_COMMAND_WRITE = 0x20, ISP_COMMAND_ATTRIBUTE = 0x07,
	ISP_COMMAND_SIMPLE = 1, ISP_COMMAND_ORDERED = 2, ISP_COMMAND_HEAD = 3, ISP_COMMAND_ACA = 4,
};

struct isp_command {
	struct isp_header header;		/* count: 1 + continuations */
	__le32 handle;
	__le16 ddb;
	__le16 connection;
	__u8 control;
	__u8 state;
	__u8 reference;
	__u8 reserved;
	__u8 cdb[16];
	__u8 lun[8];				/* as in SAM, big endian */
	__le32 cmdsn;
	__le16 timeout;
	__le16 dsds;
	__le32 length;
	struct isp_dsd dsd;
};

#define ISP_CONTINUE_DSDS	5
struct isp_continue {
	struct isp_header header;
	struct isp_dsd dsd[ISP_CONTINUE_DSDS];	/* those above the command's count are stale */
};

enum isp_marker_modifier { ISP_MARKER_LUN_RESET = 0, ISP_MARKER_TARGET_RESET = 1 };
struct isp_marker {
	struct isp_header header;
	__le32 reserved4;
	__le16 ddb;
	__le16 modifier;
	__le16 flags;
	__le16 reserved14;
	__u8 lun[8];
	__u8 reserved24[40];
};

enum isp_status_flag { ISP_STATUS_UNDERFLOW = 0x02, ISP_STATUS_OVERFLOW = 0x04 };	/* as in the PDU */
enum isp_completion {
	ISP_COMPLETION_OK = 0x00, ISP_COMPLETION_INCOMPLETE = 0x01, ISP_COMPLETION_DMA_ERROR = 0x02,
	ISP_COMPLETION_TRANSPORT_ERROR = 0x03, ISP_COMPLETION_RESET = 0x04, ISP_COMPLETION_ABORTED = 0x05,
	ISP_COMPLETION_TIMEOUT = 0x06, ISP_COMPLETION_OVERRUN = 0x07, ISP_COMPLETION_DIRECTION = 0x08,
	ISP_COMPLETION_UNDERRUN = 0x15, ISP_COMPLETION_QUEUE_FULL = 0x1c, ISP_COMPLETION_UNAVAILABLE = 0x28,
	ISP_COMPLETION_LOGGED_OUT = 0x29,
};

#define ISP_STATUS_SENSE	32
struct isp_status {
	struct isp_header header;
	__le32 handle;
	__u8 scsi_status;
	__u8 flags;
	__u8 response;				/* of the iSCSI response PDU */
	__u8 completion;
	__u8 reserved12;
	__u8 state;
	__le16 sense_length;			/* all of it; what does not fit here continues */
	__le32 residual;
	__le32 residual_bidi;
	__le32 exp_cmdsn;
	__le32 max_cmdsn;
	__u8 sense[ISP_STATUS_SENSE];
};

#define ISP_STATUS_CONTINUE_SENSE	60
struct isp_status_continue {
	struct isp_header header;
	__u8 sense[ISP_STATUS_CONTINUE_SENSE];
};

#define ISP_PASSTHROUGH_PDU	0x01		/* header.system */
enum isp_passthrough_flag {
	ISP_PASSTHROUGH_ISCSI = 0x1000, ISP_PASSTHROUGH_SEND = 0x0200, ISP_PASSTHROUGH_WAIT = 0x0100,
};
enum isp_passthrough_completion {
	ISP_PASSTHROUGH_OK = 0x01, ISP_PASSTHROUGH_ERROR = 0x04, ISP_PASSTHROUGH_INVALID = 0x06, ISP_PASSTHROUGH_TIMEOUT = 0x0b,
	ISP_PASSTHROUGH_NO_CONNECTION = 0x28,
};

struct isp_passthrough {
	struct isp_header header;
	__le32 handle;				/* the initiator task tag, bytes as they came */
	__le16 ddb;
	__le16 connection;
	__le16 flags;
	__le16 timeout;				/* seconds */
	struct isp_dsd out;			/* header segment of 48 bytes, then data */
	__le32 reserved28;
	struct isp_dsd in;
	__u8 reserved44[20];
};

struct isp_passthrough_status {
	struct isp_header header;
	__le32 handle;
	__le16 ddb;
	__le16 connection;
	__u8 completion;
	__u8 residual_flags;
	__le16 timeout;
	__le16 port;
	__u8 reserved18[10];
	__le32 out_residual;
	__u8 reserved32[12];
	__le32 in_residual;
	__u8 reserved48[16];
};

struct isp_mailbox_iocb {			/* ISP_IOCB_MAILBOX and ISP_IOCB_MAILBOX_STATUS */
	struct isp_header header;
	__le32 handle;
	__le32 mailbox[ISP_MAILBOXES];
	__u8 reserved40[24];
};

#define ISP_AT(type, member, offset) \
	_Static_assert(__builtin_offsetof(struct type, member) == (offset), #member " of " #type " is not at " #offset)
#define ISP_SIZE(type)	_Static_assert(sizeof(struct type) == ISP_IOCB_SIZE, #type " is not as long as an entry")
ISP_SIZE(isp_command);
ISP_AT(isp_command, ddb, 0x08);
ISP_AT(isp_command, control, 0x0c);
ISP_AT(isp_command, cdb, 0x10);
ISP_AT(isp_command, lun, 0x20);
ISP_AT(isp_command, dsds, 0x2e);
ISP_AT(isp_command, length, 0x30);
ISP_AT(isp_command, dsd, 0x34);
ISP_SIZE(isp_continue);
ISP_AT(isp_continue, dsd, 0x04);
ISP_SIZE(isp_marker);
ISP_AT(isp_marker, ddb, 0x08);
ISP_AT(isp_marker, lun, 0x10);
ISP_SIZE(isp_status);
ISP_AT(isp_status, completion, 0x0b);
ISP_AT(isp_status, sense_length, 0x0e);
ISP_AT(isp_status, residual, 0x10);
ISP_AT(isp_status, sense, 0x20);
ISP_SIZE(isp_status_continue);
ISP_SIZE(isp_passthrough);
ISP_AT(isp_passthrough, flags, 0x0c);
ISP_AT(isp_passthrough, out, 0x10);
ISP_AT(isp_passthrough, in, 0x20);
ISP_SIZE(isp_passthrough_status);
ISP_AT(isp_passthrough_status, completion, 0x0c);
ISP_AT(isp_passthrough_status, port, 0x10);
ISP_AT(isp_passthrough_status, out_residual, 0x1c);
ISP_AT(isp_passthrough_status, in_residual, 0x2c);
ISP_SIZE(isp_mailbox_iocb);
ISP_AT(isp_mailbox_iocb, mailbox, 0x08);

#endif
