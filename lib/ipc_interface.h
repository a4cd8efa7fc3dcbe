/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of docs/org.openhba.iscsid.varlink, for ipc_server_new(). */
#ifndef OPENHBA_LIB_IPC_INTERFACE_H
#define OPENHBA_LIB_IPC_INTERFACE_H

extern const char ipc_interface_description[];

#endif
