/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * iscsistart: logs in to the boot targets from the initial RAM disk, sets up their NICs, prints what the firmware says. Needs /sys, /proc
 * and the kernel's modules; no file of /etc. Leaves no process behind, and ends with an exit status of iscsiadm(8).
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware-tools/start_login.h"
#include "firmware-tools/start_options.h"
#include "iface/boot.h"
#include "iface/nic.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/standard_fds.h"
#include "transport/user/sysfs.h"

#define SYSFS_ENV "ISCSI_SYSFS" /* overrides /sys, for tests */

static const char *sysfs_root(void)
{
	const char *root = getenv(SYSFS_ENV);

	return root && *root ? root : SYSFS_ROOT;
}

static enum iscsi_err no_memory(void)
{
	log_error("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
	return ISCSI_ERR_NOMEM;
}

static enum iscsi_err read_targets(struct boot_list *ret_list)
{
	int r = boot_read(sysfs_root(), ret_list);
	enum iscsi_err err = ISCSI_ERR_NO_OBJS_FOUND;

	if (r == 0 && ret_list->count)
		return ISCSI_ERR_SUCCESS;
	if (r < 0) {
		log_error("%s", r == -EINVAL ? "The boot table of the firmware is damaged and was not used." : strerror(-r));
		err = r == -ENOMEM ? ISCSI_ERR_NOMEM : r == -EACCES ? ISCSI_ERR_ACCESS : ISCSI_ERR_SYSFS_LOOKUP;
	}
	log_error("Could not get list of targets from firmware. (err %d)", (int)err);
	return err;
}

static enum iscsi_err print(const struct boot_list *list)
{
	struct text text = {0};
	enum iscsi_err err = ISCSI_ERR_SUCCESS;

	for (size_t i = 0; i < list->count; i++)
		boot_format(&list->targets[i], &text);
	if (text.failed)
		err = no_memory();
	else if (text.data)
		fputs(text.data, stdout);
	text_done(&text);
	return err;
}

/* True for the first target of a NIC: several targets behind one are told of once. */
static bool is_first_of_nic(const struct boot_list *list, size_t index, const char *netdev)
{
	for (size_t i = 0; i < index; i++)
		if (!strcmp(list->targets[i].values[BOOT_NETDEV], netdev))
			return false;
	return true;
}

/* The status of the first NIC that failed, as a negative errno. Others are set up all the same. */
static int set_up_nics(struct boot_list *list)
{
	int first = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct boot_target *target = &list->targets[i];
		char netdev[IFNAMSIZ];
		int r;

		if (!nic_is_software(target))
			continue;
		r = nic_set_up(target, netdev);
		if (r == 0 && is_first_of_nic(list, i, netdev))
			printf("Setting up software interface %s\n", netdev);
		if (r == 0)
			(void)boot_set(target, BOOT_NETDEV, netdev);
		else
			log_error("cannot set up the network interface of %s (%s): %s", target->values[BOOT_TARGET_NAME],
				  *target->values[BOOT_MAC] ? target->values[BOOT_MAC] : "the firmware names none", strerror(-r));
		first = first ? first : r;
	}
	fflush(stdout);
	return first;
}

/* ---- records ---- */

static int complain(const char *name, const char *value, unsigned int line, int error, void *data)
{
	if (error != -ENOENT)
		log_warning("%s line %u: the value of %s is not usable and is passed over", (const char *)data, line, name);
	return 0;
}

/* The file was asked for, so it has to be there. */
static enum iscsi_err load_conf(const struct start_options *options, struct conf **ret_conf)
{
	union {
		const char *path;
		void *data;
	} given = {.path = options->config_path};
	struct stat status;
	int r;

	*ret_conf = NULL;
	if (!given.path)
		return ISCSI_ERR_SUCCESS;
	r = stat(given.path, &status) < 0 ? -errno : conf_load(given.path, complain, given.data, ret_conf);
	if (r == 0)
		return ISCSI_ERR_SUCCESS;
	log_error("%s cannot be read: %s", given.path, strerror(-r));
	return ISCSI_ERR_INVAL;
}

/* The firmware's name, else that of the command line, else that of the system. */
static int set_initiator(const struct start_options *options, struct record *node)
{
	struct initiator initiator = {0};
	int r = 0;

	if (*record_text(node, F_IFACE_INITIATORNAME))
		return 0;
	if (options->initiator_name)
		return record_set(node, F_IFACE_INITIATORNAME, options->initiator_name, ORIGIN_COMMAND);
	if (initiator_load(CONFDIR "/initiatorname.iscsi", &initiator) == 0)
		r = record_set(node, F_IFACE_INITIATORNAME, initiator.name, ORIGIN_CONF);
	initiator_done(&initiator);
	return r;
}

/* target NULL: that of the command line. */
static int fill_node(const struct start_options *options, const struct conf *conf, const struct boot_target *target, struct record *node)
{
	int r = conf ? conf_apply(conf, node) : 0;

	if (r == 0)
		r = boot_login_defaults(node);
	if (r == 0)
		r = target ? boot_to_node(target, node) : record_set(node, F_NODE_STARTUP, "onboot", ORIGIN_RECORD);
	if (r == 0)
		r = start_options_apply(options, node);
	if (r == 0 && *record_text(node, F_NODE_SESSION_AUTH_USERNAME))
		r = record_set(node, F_NODE_SESSION_AUTH_AUTHMETHOD, "CHAP", ORIGIN_RECORD);
	return r < 0 ? r : set_initiator(options, node);
}

static enum iscsi_err add_node(const struct start_options *options, const struct conf *conf, const struct boot_target *target,
			       struct start_list *list)
{
	struct record node;
	int r;

	record_init(&node, RECORD_NODE);
	r = fill_node(options, conf, target, &node);
	if (r == 0)
		return start_list_add(list, &node) < 0 ? no_memory() : ISCSI_ERR_SUCCESS;
	record_done(&node);
	if (r == -ENOMEM)
		return no_memory();
	log_error("a name or value is not usable: %s", strerror(-r));
	return ISCSI_ERR_INVAL;
}

/* ---- actions ---- */

/* A target whose record cannot be made keeps none of the others from being logged in to. */
static enum iscsi_err log_in(const struct start_options *options, const struct boot_list *targets)
{
	struct start_list list = {0};
	struct conf *conf;
	enum iscsi_err err = load_conf(options, &conf), first;

	first = err;
	if (!err && !targets)
		first = add_node(options, conf, NULL, &list);
	for (size_t i = 0; !err && targets && i < targets->count; i++) {
		enum iscsi_err one = add_node(options, conf, &targets->targets[i], &list);

		first = first ? first : one;
	}
	conf_free(conf);
	if (!err && list.count)
		err = start_login_all(&list);
	start_list_done(&list);
	return first ? first : err;
}

static enum iscsi_err act_on_firmware(const struct start_options *options)
{
	struct boot_list list;
	enum iscsi_err err = read_targets(&list);
	int r;

	if (err)
		return options->action == START_NETWORK ? ISCSI_ERR_UNKNOWN : err;
	if (options->action == START_PRINT) {
		err = print(&list);
	} else {
		r = set_up_nics(&list);
		err = r < 0 ? ISCSI_ERR_UNKNOWN : ISCSI_ERR_SUCCESS;
		/* A NIC that could not be set up may be up otherwise: the logins tell. */
		if (options->action == START_BOOT)
			err = log_in(options, &list);
	}
	boot_list_done(&list);
	return err;
}

int main(int argc, char **argv)
{
	struct start_options options = {.action = START_NOTHING};
	enum iscsi_err err;

	standard_fds_fill();
	log_open("iscsistart", LOG_TO_STDERR, LOG_LEVEL_INFO);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	mallopt(M_ARENA_MAX, 1);
	err = start_options_parse(argc, argv, &options, stdout, stderr);
	if (!err && options.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	if (!err && options.action == START_LOGIN)
		err = log_in(&options, NULL);
	else if (!err && options.action != START_NOTHING)
		err = act_on_firmware(&options);
	start_options_done(&options);
	if (fflush(stdout) && !err)
		err = ISCSI_ERR_UNKNOWN;
	return (int)err;
}
