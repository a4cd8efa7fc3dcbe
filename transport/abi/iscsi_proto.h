/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * What travels on an iSCSI connection: the basic header segment (BHS) of every PDU of RFC 7143
 * section 11, byte for byte. Read by user space and by the kernel modules. The names differ from
 * those of the kernel's own <scsi/iscsi_proto.h> on purpose, so that one file may include both.
 * Multi-byte fields are big endian. No code lives here; the numbers are in iscsi_numbers.h.
 */
#ifndef OPENHBA_TRANSPORT_ABI_ISCSI_PROTO_H
#define OPENHBA_TRANSPORT_ABI_ISCSI_PROTO_H

#include <linux/types.h>

#include "transport/abi/iscsi_numbers.h"

/*
 * Every BHS begins alike:
 *
 *   byte 0       1       2       3       4          5       6       7
 *      opcode+I  flags   ...     ...     ahs words  data segment length (24 bits)
 *      8: LUN or fields of the opcode                         16: initiator task tag
 */
struct iscsi_bhs {
	__u8 opcode;
	__u8 flags;
	__u8 specific1[2];
	__u8 ahs_words; /* 4-byte words of additional header segments behind the BHS */
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__u8 specific2[28];
};

struct iscsi_bhs_login_request { /* 11.12 */
	__u8 opcode;
	__u8 flags; /* T, C, CSG, NSG */
	__u8 version_max;
	__u8 version_min;
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 isid[6];
	__be16 tsih;
	__be32 itt;
	__be16 cid;
	__u8 reserved20[2];
	__be32 cmdsn;
	__be32 exp_statsn;
	__u8 reserved32[16];
};

struct iscsi_bhs_login_response { /* 11.13 */
	__u8 opcode;
	__u8 flags;
	__u8 version_max;
	__u8 version_active;
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 isid[6];
	__be16 tsih;
	__be32 itt;
	__u8 reserved20[4];
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__u8 status_class;
	__u8 status_detail;
	__u8 reserved38[10];
};

struct iscsi_bhs_text_request { /* 11.10 */
	__u8 opcode;
	__u8 flags; /* F, C */
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__be32 cmdsn;
	__be32 exp_statsn;
	__u8 reserved32[16];
};

struct iscsi_bhs_text_response { /* 11.11 */
	__u8 opcode;
	__u8 flags;
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__u8 reserved36[12];
};

struct iscsi_bhs_logout_request { /* 11.14 */
	__u8 opcode;
	__u8 flags; /* F and the reason in the low 7 bits */
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 reserved8[8];
	__be32 itt;
	__be16 cid;
	__u8 reserved22[2];
	__be32 cmdsn;
	__be32 exp_statsn;
	__u8 reserved32[16];
};

struct iscsi_bhs_logout_response { /* 11.15 */
	__u8 opcode;
	__u8 flags;
	__u8 response;
	__u8 reserved3;
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 reserved8[8];
	__be32 itt;
	__u8 reserved20[4];
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__u8 reserved36[4];
	__be16 time2wait;   /* seconds */
	__be16 time2retain; /* seconds */
	__u8 reserved44[4];
};

struct iscsi_bhs_scsi_command { /* 11.3 */
	__u8 opcode;
	__u8 flags; /* F, R, W, attribute */
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 expected_bytes;
	__be32 cmdsn;
	__be32 exp_statsn;
	__u8 cdb[16];
};

struct iscsi_bhs_scsi_response { /* 11.4 */
	__u8 opcode;
	__u8 flags;
	__u8 response;
	__u8 status;
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 reserved8[8];
	__be32 itt;
	__be32 snack_tag;
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__be32 exp_datasn;
	__be32 bidi_residual;
	__be32 residual;
};

struct iscsi_bhs_task_request { /* 11.5 */
	__u8 opcode;
	__u8 flags; /* F and the function in the low 7 bits */
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 referenced_tag;
	__be32 cmdsn;
	__be32 exp_statsn;
	__be32 ref_cmdsn;
	__be32 exp_datasn;
	__u8 reserved40[8];
};

struct iscsi_bhs_task_response { /* 11.6 */
	__u8 opcode;
	__u8 flags;
	__u8 response;
	__u8 reserved3;
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 reserved8[8];
	__be32 itt;
	__u8 reserved20[4];
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__u8 reserved36[12];
};

struct iscsi_bhs_data_out { /* 11.7 */
	__u8 opcode;
	__u8 flags;
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__u8 reserved24[4];
	__be32 exp_statsn;
	__u8 reserved32[4];
	__be32 datasn;
	__be32 offset;
	__u8 reserved44[4];
};

struct iscsi_bhs_data_in { /* 11.7 */
	__u8 opcode;
	__u8 flags; /* F, A, O, U, S */
	__u8 reserved2;
	__u8 status;
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__be32 datasn;
	__be32 offset;
	__be32 residual;
};

struct iscsi_bhs_r2t { /* 11.8 */
	__u8 opcode;
	__u8 flags;
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__be32 r2tsn;
	__be32 offset;
	__be32 desired_bytes;
};

struct iscsi_bhs_async { /* 11.9 */
	__u8 opcode;
	__u8 flags;
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 tag; /* ISCSI_TAG_NONE */
	__u8 reserved20[4];
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__u8 event;
	__u8 vendor_code;
	__be16 parameter1;
	__be16 parameter2;
	__be16 parameter3;
	__u8 reserved44[4];
};

struct iscsi_bhs_snack { /* 11.16 */
	__u8 opcode;
	__u8 flags; /* F and the type in the low 4 bits */
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__u8 reserved24[4];
	__be32 exp_statsn;
	__u8 reserved32[8];
	__be32 first; /* BegRun */
	__be32 count; /* RunLength */
};

struct iscsi_bhs_reject { /* 11.17 */
	__u8 opcode;
	__u8 flags;
	__u8 reason;
	__u8 reserved3;
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 reserved8[8];
	__be32 tag; /* ISCSI_TAG_NONE */
	__u8 reserved20[4];
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__be32 datasn;
	__u8 reserved40[8];
};

struct iscsi_bhs_nop_out { /* 11.18 */
	__u8 opcode;
	__u8 flags;
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__be32 cmdsn;
	__be32 exp_statsn;
	__u8 reserved32[16];
};

struct iscsi_bhs_nop_in { /* 11.19 */
	__u8 opcode;
	__u8 flags;
	__u8 reserved2[2];
	__u8 ahs_words;
	__u8 data_length[3];
	__u8 lun[8];
	__be32 itt;
	__be32 ttt;
	__be32 statsn;
	__be32 exp_cmdsn;
	__be32 max_cmdsn;
	__u8 reserved36[12];
};

/* All members are naturally aligned, so no packing is needed; the compiler proves it. */
#define ISCSI_BHS_PROVE(name) \
	_Static_assert(sizeof(struct name) == ISCSI_BHS_BYTES, #name " is not 48 bytes")
ISCSI_BHS_PROVE(iscsi_bhs);
ISCSI_BHS_PROVE(iscsi_bhs_login_request);
ISCSI_BHS_PROVE(iscsi_bhs_login_response);
ISCSI_BHS_PROVE(iscsi_bhs_text_request);
ISCSI_BHS_PROVE(iscsi_bhs_text_response);
ISCSI_BHS_PROVE(iscsi_bhs_logout_request);
ISCSI_BHS_PROVE(iscsi_bhs_logout_response);
ISCSI_BHS_PROVE(iscsi_bhs_scsi_command);
ISCSI_BHS_PROVE(iscsi_bhs_scsi_response);
ISCSI_BHS_PROVE(iscsi_bhs_task_request);
ISCSI_BHS_PROVE(iscsi_bhs_task_response);
ISCSI_BHS_PROVE(iscsi_bhs_data_out);
ISCSI_BHS_PROVE(iscsi_bhs_data_in);
ISCSI_BHS_PROVE(iscsi_bhs_r2t);
ISCSI_BHS_PROVE(iscsi_bhs_async);
ISCSI_BHS_PROVE(iscsi_bhs_snack);
ISCSI_BHS_PROVE(iscsi_bhs_reject);
ISCSI_BHS_PROVE(iscsi_bhs_nop_out);
ISCSI_BHS_PROVE(iscsi_bhs_nop_in);

#endif
