/* SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later */
/*
 * The numbers of params.def, host_params.def, net_params.def, iface_params.def and flashnode.def as enums.
 * In the kernel the enums are those of <scsi/iscsi_if.h>, and this file only proves that the rows agree with them.
 */
#ifndef OPENHBA_TRANSPORT_ABI_PARAMS_H
#define OPENHBA_TRANSPORT_ABI_PARAMS_H

#include "iscsi_if.h"

#ifdef __KERNEL__

#define PARAM(number, id, ...)	     ISCSI_ABI_PROVE(ISCSI_PARAM_##id == (number));
#define HOST_PARAM(number, id, ...)  ISCSI_ABI_PROVE(ISCSI_HOST_PARAM_##id == (number));
#define NET_PARAM(number, id, ...)   ISCSI_ABI_PROVE(ISCSI_NET_PARAM_##id == (number));
#define IFACE_PARAM(number, id, ...) ISCSI_ABI_PROVE(ISCSI_IFACE_PARAM_##id == (number));
#define FLASHNODE(number, id, ...)   ISCSI_ABI_PROVE(ISCSI_FLASHNODE_##id == (number));
#include "params.def"
#include "host_params.def"
#include "net_params.def"
#include "iface_params.def"
#include "flashnode.def"
#undef PARAM
#undef HOST_PARAM
#undef NET_PARAM
#undef IFACE_PARAM
#undef FLASHNODE

#else

enum iscsi_param {
#define PARAM(number, id, ...) ISCSI_PARAM_##id = (number),
#include "params.def"
#undef PARAM
	ISCSI_PARAM_COUNT,
};

enum iscsi_host_param {
#define HOST_PARAM(number, id, ...) ISCSI_HOST_PARAM_##id = (number),
#include "host_params.def"
#undef HOST_PARAM
	ISCSI_HOST_PARAM_COUNT,
};

enum iscsi_net_param {
#define NET_PARAM(number, id, ...) ISCSI_NET_PARAM_##id = (number),
#include "net_params.def"
#undef NET_PARAM
	ISCSI_NET_PARAM_COUNT,
};

enum iscsi_iface_param {
#define IFACE_PARAM(number, id, ...) ISCSI_IFACE_PARAM_##id = (number),
#include "iface_params.def"
#undef IFACE_PARAM
	ISCSI_IFACE_PARAM_COUNT,
};

enum iscsi_flashnode_param {
#define FLASHNODE(number, id, ...) ISCSI_FLASHNODE_##id = (number),
#include "flashnode.def"
#undef FLASHNODE
	ISCSI_FLASHNODE_COUNT,
};

#endif /* __KERNEL__ */
#endif
