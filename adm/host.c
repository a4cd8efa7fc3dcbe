/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m host`: the SCSI hosts of iSCSI drivers, from level 2 on with their sessions. What an adapter's firmware holds is
 * not shown here.
 */
#include <stdlib.h>
#include <string.h>

#include "adm/adm.h"
#include "adm/print.h"
#include "adm/session_tree.h"

static void print_host_line(const struct sysfs_host *host)
{
	bool v6 = strchr(host->ipaddress, ':');

	print_line("%s: [%u] %s%s%s,[%s],%s %s", host->transport, host->host_no, v6 ? "[" : "", print_or(host->ipaddress, "<empty>"),
		   v6 ? "]" : "", print_or(host->hwaddress, "<empty>"), print_or(host->netdev, "<empty>"),
		   print_or(host->initiator_name, "<empty>"));
}

static void print_host_tree(const struct sysfs_host *host)
{
	bool v6 = strchr(host->ipaddress, ':');

	print_line("Host Number: %u", host->host_no);
	print_line("\tState: %s", print_or(host->state, "Unavailable"));
	print_line("\tTransport: %s", host->transport);
	print_line("\tInitiatorname: %s", print_or(host->initiator_name, "<empty>"));
	print_line("\tIPaddress: %s%s%s", v6 ? "[" : "", print_or(host->ipaddress, "<empty>"), v6 ? "]" : "");
	print_line("\tHWaddress: %s", print_or(host->hwaddress, "<empty>"));
	print_line("\tNetdev: %s", print_or(host->netdev, "<empty>"));
}

static void print_host_sessions(struct adm *adm, const struct sysfs_host *host, long level)
{
	unsigned int parts = (level >= 3 ? TREE_NEGOTIATED : 0) | (level >= 4 ? TREE_DEVICES : 0);
	bool any = false;

	for (size_t i = 0; i < adm->session_count; i++) {
		adm->session_marked[i] = adm->sessions[i].host_no == host->host_no && *adm->sessions[i].target_name;
		any |= adm->session_marked[i];
	}
	if (!any)
		return;
	print_box(1, "Sessions:", 9);
	session_tree(adm, parts, 1);
}

static enum iscsi_err print_hosts(struct adm *adm, const struct sysfs_host *hosts, size_t count, long level)
{
	enum iscsi_err err = level >= 2 ? adm_read_sessions(adm, level > 2 ? SYSFS_FULL : SYSFS_STATE) : ISCSI_ERR_SUCCESS;

	for (size_t i = 0; err == ISCSI_ERR_SUCCESS && i < count; i++) {
		if (level < 1)
			print_host_line(&hosts[i]);
		else
			print_host_tree(&hosts[i]);
		if (level >= 2)
			print_host_sessions(adm, &hosts[i], level);
	}
	return err;
}

/* What needs more than the operation; true: refused. */
static bool is_incomplete(const struct args *args)
{
	const unsigned int by_index = OPERATION_DELETE | OPERATION_UPDATE | OPERATION_LOGIN | OPERATION_LOGOUT;
	bool flashnode = args->submode == SUBMODE_FLASHNODE;

	if (args->submode == SUBMODE_CHAP && !args->operations)
		print_problem("CHAP mode requires host no and valid operation");
	else if (flashnode && args->operations & by_index && !args->has[OPTION_INDEX])
		print_problem("Invalid flashnode index");
	else if (flashnode && args->operations & OPERATION_NEW && !args->has[OPTION_PORTAL_TYPE])
		print_problem("Invalid type. A new flashnode needs --portal_type ipv4 or ipv6");
	else
		return false;
	return true;
}

static enum iscsi_err refuse_submode(const struct args *args)
{
	if (is_incomplete(args))
		return ISCSI_ERR_INVAL;
	print_problem("what adapters hold cannot be shown or changed by this version");
	return ISCSI_ERR_OP_NOT_SUPP;
}

enum iscsi_err host_mode(struct adm *adm)
{
	const struct args *args = adm->args;
	long level = args->number[OPTION_PRINT];
	struct sysfs_host *hosts = NULL;
	size_t count = 0;
	enum iscsi_err err = adm_host(adm, NULL);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	/* An operation is one of a sub-mode; the list takes none. */
	if (args->submode != SUBMODE_NONE)
		return refuse_submode(args);
	if (sysfs_hosts(adm->sysfs, &hosts, &count)) {
		print_problem("hosts cannot be read from %s", adm->sysfs);
		return ISCSI_ERR_SYSFS_LOOKUP;
	}
	if (level == 4)
		session_versions(adm);
	if (!count) {
		print_problem("No iSCSI hosts.");
		return ISCSI_ERR_NO_OBJS_FOUND;
	}
	if (level > 4 || level < -1) {
		print_problem("Invalid info level %ld. Try 0 - 4.", level);
		free(hosts);
		return ISCSI_ERR_INVAL;
	}
	err = print_hosts(adm, hosts, count, level);
	free(hosts);
	return err;
}
