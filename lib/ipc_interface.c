/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The interface of iscsid as text. It is written once, in docs/org.openhba.iscsid.varlink; the Makefile makes a string of it.
 * iscsid hands it to the IPC server, which shows it to clients.
 */
#include "lib/ipc_interface.h"

const char ipc_interface_description[] =
#include "ipc_interface.inc"
	;
