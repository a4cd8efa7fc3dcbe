/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m host -C flashnode`: targets in an adapter's flash. They are shown from sysfs; changes, logins and logouts are asked
 * of the driver. What a field is called and what it takes stands in transport/abi/flashnode.def.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/adapter.h"
#include "adm/emit.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "transport/user/flashnode.h"

struct flashnode {
	struct adm *adm;
	const struct sysfs_host *host;
	uint32_t index;
};

static const struct flashnode_row *row_of(enum iscsi_flashnode_param param)
{
	size_t place = 0;

	while (flashnode_row(place)->param != param)
		place++;
	return flashnode_row(place);
}

static void read_field(const struct flashnode *node, enum iscsi_flashnode_param param, char text[FLASHNODE_TEXT_MAX])
{
	flashnode_read(node->adm->sysfs, node->host->host_no, node->index, row_of(param), text, FLASHNODE_TEXT_MAX);
}

/* ---- showing ---- */

/* open-iscsi shows a number that the card does not tell as the largest there is. */
static const char *shown(const struct flashnode_row *row, char text[FLASHNODE_TEXT_MAX])
{
	if (!*text && row->is_number)
		snprintf(text, FLASHNODE_TEXT_MAX, "%lld", (long long)row->max);
	return print_or(text, "<empty>");
}

struct summary {
	char address[FLASHNODE_TEXT_MAX], port[FLASHNODE_TEXT_MAX], tpgt[FLASHNODE_TEXT_MAX], target[FLASHNODE_TEXT_MAX];
};

static void summarize(const struct flashnode *node, struct summary *ret)
{
	read_field(node, ISCSI_FLASHNODE_IPADDR, ret->address);
	read_field(node, ISCSI_FLASHNODE_PORT, ret->port);
	read_field(node, ISCSI_FLASHNODE_TPGT, ret->tpgt);
	read_field(node, ISCSI_FLASHNODE_NAME, ret->target);
}

static void print_summary(const struct flashnode *node)
{
	char portal[PORTAL_TEXT_MAX];
	struct summary summary;

	summarize(node, &summary);
	shown(row_of(ISCSI_FLASHNODE_PORT), summary.port);
	shown(row_of(ISCSI_FLASHNODE_TPGT), summary.tpgt);
	if (*summary.address)
		print_portal(summary.address, atoi(summary.port), atoi(summary.tpgt), portal);
	else
		snprintf(portal, sizeof(portal), "<empty>:%d,%d", atoi(summary.port), atoi(summary.tpgt));
	print_line("%s: [%u] %s %s", node->host->transport, node->index, portal, print_or(summary.target, "<empty>"));
}

static void print_fields(const struct flashnode *node)
{
	char text[FLASHNODE_TEXT_MAX];
	const struct flashnode_row *row;

	print_line("# BEGIN RECORD %s", COMPAT_VERSION);
	for (size_t place = 0; (row = flashnode_row(place)); place++) {
		flashnode_read(node->adm->sysfs, node->host->host_no, node->index, row, text, sizeof(text));
		print_line("%s = %s", row->field, shown(row, text));
	}
	print_line("# END RECORD");
	explicit_bzero(text, sizeof(text));
}

static struct json_object *settings_of(const struct flashnode *node)
{
	struct json_object *settings = emit_part();
	char text[FLASHNODE_TEXT_MAX], *end;
	const struct flashnode_row *row;

	for (size_t place = 0; (row = flashnode_row(place)); place++) {
		long long number;

		flashnode_read(node->adm->sysfs, node->host->host_no, node->index, row, text, sizeof(text));
		number = strtoll(text, &end, 0);
		if (row->is_number && *text && !*end)
			emit_number(settings, row->field, number);
		else
			emit_text(settings, row->field, text);
	}
	explicit_bzero(text, sizeof(text));
	return settings;
}

static void emit_flashnode(const struct flashnode *node, bool with_settings)
{
	struct json_object *object = emit_new("flashnode");
	struct summary summary;

	summarize(node, &summary);
	emit_number(object, "host", node->host->host_no);
	emit_number(object, "index", node->index);
	emit_text(object, "transport", node->host->transport);
	emit_text(object, "target", summary.target);
	emit_add(object, "portal", object_portal(summary.address, atoi(summary.port), *summary.tpgt ? atoi(summary.tpgt) : -1));
	emit_add(object, "settings", with_settings ? settings_of(node) : NULL);
	emit(object);
}

static enum iscsi_err none(const struct sysfs_host *host)
{
	print_problem("No flashnodes attached to host %u.", host->host_no);
	return ISCSI_ERR_NO_OBJS_FOUND;
}

static enum iscsi_err list(struct adm *adm, const struct sysfs_host *host)
{
	struct flashnode node = { .adm = adm, .host = host };
	uint32_t *indices;
	size_t count;
	int error = flashnode_list(adm->sysfs, host->host_no, &indices, &count);

	if (error) {
		print_problem("flashnodes cannot be read from %s: %s", adm->sysfs, strerror(-error));
		return error == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_SYSFS_LOOKUP;
	}
	for (size_t i = 0; i < count; i++) {
		node.index = indices[i];
		if (emit_wanted())
			emit_flashnode(&node, true);
		else
			print_summary(&node);
	}
	free(indices);
	return count ? ISCSI_ERR_SUCCESS : none(host);
}

static enum iscsi_err show(const struct flashnode *node)
{
	if (emit_wanted())
		emit_flashnode(node, true);
	else
		print_fields(node);
	return ISCSI_ERR_SUCCESS;
}

/* ---- changing ---- */

static void tell(const struct adapter *adapter, const char *operation, uint32_t index, enum iscsi_err err)
{
	const struct object_subject subject = { .kind = "flashnode", .has_index = true, .host = adapter->host.host_no, .index = index };

	object_emit_outcome(operation, &subject, err, NULL);
}

static enum iscsi_err make_new(struct adapter *adapter, uint32_t unused, int *ret_error)
{
	const char *type = adapter->adm->args->text[OPTION_PORTAL_TYPE];
	uint32_t index = 0;

	print_line("Create new flashnode for host %u.", adapter->host.host_no);
	*ret_error = request_new_flashnode(adapter->nl, adapter->handle, adapter->host.host_no, type, &index);
	if (*ret_error)
		return ISCSI_ERR_SUCCESS;
	print_line("New flashnode for host %u added at index %u.", adapter->host.host_no, index);
	tell(adapter, "new", index, ISCSI_ERR_SUCCESS);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err refuse_pair(const struct args_pair *pair, int error)
{
	const struct flashnode_row *row = flashnode_find(pair->name);

	if (!row)
		print_problem("Cannot modify %s. Invalid param name.", pair->name);
	else if (error == -EROFS)
		print_problem("Cannot modify %s: the adapter sets it by itself, from its CHAP table or its boot settings.", pair->name);
	else if (error == -ERANGE && row->wire == FLASHNODE_TEXT)
		print_problem("%s: the value is longer than %lld bytes", pair->name, (long long)row->max);
	else if (row->wire == FLASHNODE_TEXT)
		print_problem("%s: the value has a control character", pair->name);
	else if (row->wire == FLASHNODE_ADDR)
		print_problem("%s: \"%s\" is no IPv4 or IPv6 address", pair->name, pair->value);
	else if (row->wire == FLASHNODE_ISID)
		print_problem("%s: \"%s\" is not 12 hexadecimal digits", pair->name, pair->value);
	else
		print_problem("%s: \"%s\" is not a number from 0 to %lld", pair->name, pair->value, (long long)row->max);
	return ISCSI_ERR_INVAL;
}

/* All pairs or none: the driver writes its flash once. */
static enum iscsi_err encode_pairs(const struct args *args, struct attributes *attributes)
{
	if (!args->pair_count) {
		print_problem("Update requires name and value (-n, -v).");
		return ISCSI_ERR_INVAL;
	}
	for (size_t i = 0; i < args->pair_count; i++) {
		const struct flashnode_row *row = flashnode_find(args->pairs[i].name);
		int error = row ? flashnode_encode(row, args->pairs[i].value, attributes) : -ENOENT;

		if (error)
			return refuse_pair(&args->pairs[i], error);
	}
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err update(struct adapter *adapter, uint32_t index, int *ret_error)
{
	struct attributes attributes = { 0 };
	enum iscsi_err err = encode_pairs(adapter->adm->args, &attributes);

	if (err == ISCSI_ERR_SUCCESS) {
		print_line("Update flashnode %u.", index);
		*ret_error = request_set_flashnode(adapter->nl, adapter->handle, adapter->host.host_no, index, &attributes);
	}
	attributes_done(&attributes);
	return err;
}

static enum iscsi_err delete(struct adapter *adapter, uint32_t index, int *ret_error)
{
	print_line("Delete flashnode %u.", index);
	*ret_error = request_del_flashnode(adapter->nl, adapter->handle, adapter->host.host_no, index);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err login(struct adapter *adapter, uint32_t index, int *ret_error)
{
	print_line("Login to flashnode %u.", index);
	*ret_error = request_login_flashnode(adapter->nl, adapter->handle, adapter->host.host_no, index);
	return ISCSI_ERR_SUCCESS;
}

static enum iscsi_err logout(struct adapter *adapter, uint32_t index, int *ret_error)
{
	print_line("Logout flashnode %u.", index);
	*ret_error = request_logout_flashnode(adapter->nl, adapter->handle, adapter->host.host_no, index);
	return ISCSI_ERR_SUCCESS;
}

/* subject, done: what has become of it, as open-iscsi says it. The special errno is one that means something else here than elsewhere. */
static const struct operation_row {
	enum operation operation;
	enum iscsi_err (*run)(struct adapter *adapter, uint32_t index, int *ret_error);
	const char *subject, *done, *what;
	int special;
	enum iscsi_err special_err;
	const char *special_sentence;
} operations[] = {
	{ OPERATION_NEW, make_new, NULL, NULL, "make a flashnode",
	  EPERM, ISCSI_ERR_INTERNAL, "another new one has not been written yet: update or delete that first" },
	{ OPERATION_UPDATE, update, "Update for flashnode", "successful", "update the flashnode", 0, ISCSI_ERR_SUCCESS, NULL },
	{ OPERATION_DELETE, delete, "Flashnode", "deleted", "delete the flashnode",
	  EPERM, ISCSI_ERR_BUSY, "the adapter boots from it" },
	{ OPERATION_LOGIN, login, "Login to flashnode", "successful", "log in to the flashnode", EPERM, ISCSI_ERR_SESS_EXISTS, NULL },
	{ OPERATION_LOGOUT, logout, "Logout of flashnode", "successful", "log out of the flashnode",
	  EPERM, ISCSI_ERR_LOGOUT, "the adapter boots from it, or it is one for discovery" },
};

static enum iscsi_err failed(const struct adapter *adapter, const struct operation_row *row, uint32_t index, int error)
{
	enum iscsi_err err = row->special_err;
	const char *sentence = row->special_sentence;

	if (error == -ESRCH && row->operation == OPERATION_LOGOUT) {
		err = ISCSI_ERR_SESS_NOT_FOUND;
		sentence = "it is not logged in";
	} else if (!row->special || error != -row->special) {
		return adapter_refused(adapter, row->what, error);
	}
	if (!sentence) {
		print_line("Flashnode %u of host %u already logged in.", index, adapter->host.host_no);
		return err;
	}
	print_problem("Could not %s on host %u (%s): %s", row->what, adapter->host.host_no, adapter->host.transport, sentence);
	return err;
}

static enum iscsi_err change(struct adm *adm, const struct sysfs_host *host, const struct operation_row *row)
{
	uint32_t index = (uint32_t)adm->args->number[OPTION_INDEX];
	struct adapter adapter;
	enum iscsi_err err = adapter_open(adm, host, &adapter);
	int error = 0;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	err = row->run(&adapter, index, &error);
	if (error)
		err = failed(&adapter, row, index, error);
	if (err == ISCSI_ERR_SUCCESS && row->done)
		print_line("%s %u of host %u %s.", row->subject, index, host->host_no, row->done);
	if (row->operation != OPERATION_NEW)
		tell(&adapter, args_operation_word(row->operation), index, err);
	adapter_close(&adapter);
	return err;
}

static const struct operation_row *find_operation(unsigned int wanted)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (operations[i].operation == wanted)
			return &operations[i];
	return NULL;
}

static enum iscsi_err no_such(const struct sysfs_host *host, long index)
{
	print_problem("host %u has no flashnode %ld", host->host_no, index);
	return ISCSI_ERR_SESS_NOT_FOUND;
}

enum iscsi_err flashnode_submode(struct adm *adm, const struct sysfs_host *host)
{
	const struct args *args = adm->args;
	const struct operation_row *row = find_operation(args->operations);
	long index = args->number[OPTION_INDEX];
	struct flashnode node = { .adm = adm, .host = host, .index = (uint32_t)index };

	if (!row && args->operations & ~(unsigned int)OPERATION_SHOW) {
		print_problem("operation is not supported.");
		return ISCSI_ERR_INVAL;
	}
	if (args->operations != OPERATION_NEW && args->has[OPTION_INDEX] &&
	    (index < 0 || flashnode_exists(adm->sysfs, host->host_no, node.index)))
		return no_such(host, index);
	if (row)
		return change(adm, host, row);
	return args->has[OPTION_INDEX] ? show(&node) : list(adm, host);
}
