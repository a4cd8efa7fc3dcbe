/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drivers_iscsi_tcp_send.c for kernels that take pages by sendmsg (6.5 and later). */
#define SPLICE
#include "tests/unit/drivers_iscsi_tcp_send.c"
