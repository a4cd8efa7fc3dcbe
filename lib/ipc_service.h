/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The varlink part every service has: interface org.varlink.service and the shapes of errors. Builds messages, knows no sockets.
 * Each function returns a whole message that belongs to the caller, NULL when memory ran out.
 */
#ifndef OPENHBA_LIB_IPC_SERVICE_H
#define OPENHBA_LIB_IPC_SERVICE_H

#include <json-c/json.h>

#include "lib/err.h"

struct json_object *ipc_service_failed(enum iscsi_err err, const char *message);	/* message NULL: the sentence of err */
struct json_object *ipc_service_invalid_parameter(const char *name);

/*
 * Answers a call of a method that is not in the server's table: GetInfo, GetInterfaceDescription (description: what IPC_INTERFACE
 * is), or the error that says what is not there.
 */
struct json_object *ipc_service_answer(const char *method, struct json_object *parameters, const char *description);

#endif
