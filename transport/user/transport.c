/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Transports: the rows of transports.def, their numbers in the kernel, their modules. Called when a session or a discovery needs a
 * data path. Never unloads a module, never takes an unknown name to libkmod (names come from records that anybody may have written).
 */
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/library.h"
#include "transport/user/sysfs.h"
#include "transport/user/transport.h"

#define CLASS_MODULE "scsi_transport_iscsi"
#define CLASS_PATH   "class/iscsi_transport"

/* How long the attributes of a transport may stay behind its directory. They are a few function calls apart. */
#define ATTRIBUTES_WAIT_MS 1000
#define ATTRIBUTES_STEP_MS 5

/* What the words in transports.def mean. */
enum row_flag {
	SOCKET = TRANSPORT_SOCKET,
	ENDPOINT = TRANSPORT_ENDPOINT,
	FIRMWARE = TRANSPORT_FIRMWARE,
	NEEDS_IP = TRANSPORT_NEEDS_IP,
	MAY_IP = TRANSPORT_MAY_IP,
	NICD = TRANSPORT_NICD,
	RDMA = TRANSPORT_RDMA,
	FORCE_R2T = TRANSPORT_FORCE_R2T,
	ONE_VLAN = TRANSPORT_ONE_VLAN,
	PING = TRANSPORT_PING,
	ENTITIES = TRANSPORT_ENTITIES,
};

static const struct transport_row transports[] = {
#define TRANSPORT(name_text, module_text, proc_text, flag_words, recv, xmit, first_burst, max_burst, text) \
	{ .name = name_text,                                                                               \
	  .module = module_text,                                                                           \
	  .proc_name = proc_text,                                                                          \
	  .sentence = text,                                                                                \
	  .flags = flag_words,                                                                             \
	  .recv_max = recv,                                                                                \
	  .xmit_max = xmit,                                                                                \
	  .first_burst_max = first_burst,                                                                  \
	  .max_burst_max = max_burst },
#include "transport/user/transports.def"
#undef TRANSPORT
};

#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))
_Static_assert(TRANSPORTS <= TRANSPORT_ROWS_MAX, "the daemon has room for each");

const struct transport_row *transport_at(size_t place)
{
	return place < TRANSPORTS ? &transports[place] : NULL;
}

size_t transport_place(const struct transport_row *row)
{
	return (size_t)(row - transports);
}

bool transport_is_adapter(const struct transport_row *row)
{
	return row->flags & TRANSPORT_ENDPOINT && !(row->flags & TRANSPORT_RDMA);
}

const struct transport_row *transport_find(const char *name)
{
	size_t i;

	if (!strcmp(name, "rdma"))
		name = "iser";
	for (i = 0; i < TRANSPORTS; i++)
		if (!strcmp(transports[i].name, name))
			return &transports[i];
	return NULL;
}

const struct transport_row *transport_find_proc(const char *proc_name)
{
	size_t i;

	for (i = 0; i < TRANSPORTS; i++)
		if (!strcmp(transports[i].proc_name, proc_name))
			return &transports[i];
	return NULL;
}

/* An unsigned number, all of the text, in base 10 or with 0x. */
static int parse_number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	return end == text || *end || errno || text[0] == '-' ? -EINVAL : 0;
}

static int read_number(const char *root, const char *name, const char *attribute, uint64_t *ret)
{
	char path[128], text[64];
	int bytes;

	snprintf(path, sizeof(path), CLASS_PATH "/%s/%s", name, attribute);
	bytes = sysfs_read(root, path, text, sizeof(text));
	return bytes < 0 ? bytes : parse_number(text, ret);
}

int transport_handle(const char *root, const char *name, uint64_t *ret_handle, uint32_t *ret_caps)
{
	const struct transport_row *row = transport_find(name);
	uint64_t handle, caps;
	int error;

	if (row)
		name = row->name;
	if (!name[0] || strchr(name, '/') || name[0] == '.' || strlen(name) >= TRANSPORT_NAME_BYTES)
		return -EINVAL;
	error = read_number(root, name, "handle", &handle);
	if (!error)
		error = read_number(root, name, "caps", &caps);
	if (error == -ENOENT || error == -ENOTDIR)
		return -ENODEV;
	if (error)
		return error;
	if (!handle || caps > UINT32_MAX)
		return -EINVAL;
	*ret_handle = handle;
	*ret_caps = (uint32_t)caps;
	return 0;
}

/* ---- modules ---- */

static int is_there(const char *root, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	return access(full, F_OK) == 0;
}

/* The functions of libkmod used. It is opened only when a driver really has to be loaded. */
#define KMOD_FUNCTIONS(each)                 \
	each(kmod_list_next)                 \
	each(kmod_module_get_module)         \
	each(kmod_module_new_from_lookup)    \
	each(kmod_module_probe_insert_module) \
	each(kmod_module_unref)              \
	each(kmod_module_unref_list)         \
	each(kmod_new)                       \
	each(kmod_unref)

struct kmod {
#define POINTER(name) __typeof__(name) *name;
	KMOD_FUNCTIONS(POINTER)
#undef POINTER
};

static const struct library_symbol kmod_symbols[] = {
#define SYMBOL(name) { #name, offsetof(struct kmod, name) },
	KMOD_FUNCTIONS(SYMBOL)
#undef SYMBOL
};

/* Loads every module a name stands for (an alias may be several). */
static int load_list(const struct kmod *kmod, const struct kmod_list *list)
{
	const struct kmod_list *item;
	int error = -ENOENT;

	for (item = list; item; item = kmod->kmod_list_next(list, item)) {
		struct kmod_module *module = kmod->kmod_module_get_module(item);

		error = kmod->kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod->kmod_module_unref(module);
		if (error)
			break;
	}
	return error > 0 ? -EPERM : error; /* positive: stopped by modprobe.d */
}

static int load_module(const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_ctx *context;
	struct kmod kmod;
	int error;

	error = library_open("libkmod.so.2", kmod_symbols, sizeof(kmod_symbols) / sizeof(kmod_symbols[0]), &kmod);
	if (error)
		return error;
	context = kmod.kmod_new(NULL, NULL);
	if (!context)
		return -ENOMEM;
	error = kmod.kmod_module_new_from_lookup(context, name, &list);
	if (!error)
		error = load_list(&kmod, list);
	kmod.kmod_module_unref_list(list);
	kmod.kmod_unref(context);
	return error;
}

/*
 * The kernel shows a transport's directory before the attributes in it. Another thread or program may be loading the driver just now:
 * what is half there is waited for. 0, -ENODEV, or what the kernel shows is nonsense.
 */
static int wait_for_attributes(const char *root, const struct transport_row *row)
{
	char path[64];
	uint64_t handle;
	uint32_t caps;
	int error;

	snprintf(path, sizeof(path), CLASS_PATH "/%s", row->name);
	for (int waited = 0;; waited += ATTRIBUTES_STEP_MS) {
		error = transport_handle(root, row->name, &handle, &caps);
		if (error != -ENODEV || waited >= ATTRIBUTES_WAIT_MS || !is_there(root, path))
			return error;
		usleep(ATTRIBUTES_STEP_MS * 1000);
	}
}

int transport_load(const char *root, const char *name)
{
	const struct transport_row *row = transport_find(name);
	int error;

	if (!row)
		return -EPROTONOSUPPORT;
	error = wait_for_attributes(root, row);
	return error == -ENODEV ? load_module(row->module) : error;
}

int transport_load_class(const char *root)
{
	return is_there(root, CLASS_PATH) ? 0 : load_module(CLASS_MODULE);
}
