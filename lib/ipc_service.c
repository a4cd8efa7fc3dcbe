/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interface org.varlink.service and errors, as messages. Decides how an enum iscsi_err looks on the wire and what a caller of
 * something unknown hears. Called by lib/ipc_server.c; never touches a connection.
 */
#include "lib/ipc_service.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/ipc.h"
#include "lib/ipc_frame.h"
#include "lib/json.h"

#define SERVICE "org.varlink.service"

static const char service_description[] =
	"# What every varlink service answers.\n"
	"interface " SERVICE "\n"
	"\n"
	"method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

/* Takes value; object stays the caller's. False: no memory. */
static bool add(struct json_object *object, const char *name, struct json_object *value)
{
	if (object && value && json_object_object_add(object, name, value) == 0)
		return true;
	json_object_put(value);
	return false;
}

static bool add_text(struct json_object *object, const char *name, const char *text)
{
	return add(object, name, json_object_new_string(text));
}

/* Gives parameters up if it is not whole, otherwise makes it a message. */
static struct json_object *finish(bool whole, const char *error, struct json_object *parameters)
{
	if (!whole) {
		json_object_put(parameters);
		return NULL;
	}
	return ipc_frame_message(error ? "error" : NULL, error, parameters);
}

struct json_object *ipc_service_failed(enum iscsi_err err, const char *message)
{
	struct json_object *parameters = json_object_new_object();
	bool whole = add(parameters, "code", json_object_new_int((int)err)) &&
		     add_text(parameters, "name", iscsi_err_name(err)) &&
		     add_text(parameters, "message", message ? message : iscsi_err_text(err));

	return finish(whole, IPC_INTERFACE ".Failed", parameters);
}

static struct json_object *error_about(const char *error, const char *name, const char *value)
{
	struct json_object *parameters = json_object_new_object();

	return finish(add_text(parameters, name, value), error, parameters);
}

struct json_object *ipc_service_invalid_parameter(const char *name)
{
	return error_about(SERVICE ".InvalidParameter", "parameter", name);
}

static struct json_object *get_info(void)
{
	struct json_object *parameters = json_object_new_object(), *interfaces = json_object_new_array();
	bool whole = interfaces && json_object_array_add(interfaces, json_object_new_string(SERVICE)) == 0 &&
		     json_object_array_add(interfaces, json_object_new_string(IPC_INTERFACE)) == 0;

	whole = add(parameters, "interfaces", interfaces) && whole && add_text(parameters, "vendor", "openhba") &&
		add_text(parameters, "product", "iscsid") && add_text(parameters, "version", OPENHBA_VERSION) &&
		add_text(parameters, "url", "man:iscsid(8)");
	return finish(whole, NULL, parameters);
}

static struct json_object *get_description(struct json_object *parameters, const char *description)
{
	struct json_object *answer;
	const char *interface;

	if (json_get_text(parameters, "interface", &interface) < 0)
		return ipc_service_invalid_parameter("interface");
	if (strcmp(interface, SERVICE) == 0)
		description = service_description;
	else if (strcmp(interface, IPC_INTERFACE) != 0)
		return error_about(SERVICE ".InterfaceNotFound", "interface", interface);
	answer = json_object_new_object();
	return finish(add_text(answer, "description", description), NULL, answer);
}

/* The method is unknown if its interface is ours, otherwise the interface is. */
static struct json_object *not_found(const char *method)
{
	const char *dot = strrchr(method, '.');
	size_t len = dot ? (size_t)(dot - method) : 0;
	struct json_object *parameters;

	if (!dot || (len == strlen(SERVICE) && strncmp(method, SERVICE, len) == 0) ||
	    (len == strlen(IPC_INTERFACE) && strncmp(method, IPC_INTERFACE, len) == 0))
		return error_about(SERVICE ".MethodNotFound", "method", method);
	parameters = json_object_new_object();
	return finish(add(parameters, "interface", json_object_new_string_len(method, (int)len)), SERVICE ".InterfaceNotFound",
		      parameters);
}

struct json_object *ipc_service_answer(const char *method, struct json_object *parameters, const char *description)
{
	if (strcmp(method, SERVICE ".GetInfo") == 0)
		return get_info();
	if (strcmp(method, SERVICE ".GetInterfaceDescription") == 0)
		return get_description(parameters, description);
	return not_found(method);
}
