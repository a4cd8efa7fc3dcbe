/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `iscsiadm -m host` as far as software hosts go: the list and print level 1. What an adapter's firmware holds is not shown here. */
#include <stdlib.h>
#include <string.h>

#include "adm/adm.h"
#include "adm/print.h"

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

enum iscsi_err host_mode(struct adm *adm)
{
	const struct args *args = adm->args;
	long level = args->number[OPTION_PRINT];
	struct sysfs_host *hosts = NULL;
	size_t count = 0;

	if (args->has[OPTION_SUBMODE] || args->operations & ~(unsigned int)OPERATION_SHOW) {
		print_problem("what adapters hold cannot be shown or changed by this version");
		return ISCSI_ERR_OP_NOT_SUPP;
	}
	if (sysfs_hosts(adm->sysfs, &hosts, &count)) {
		print_problem("hosts cannot be read from %s", adm->sysfs);
		return ISCSI_ERR_SYSFS_LOOKUP;
	}
	if (!count) {
		print_problem("No iSCSI hosts.");
		return ISCSI_ERR_NO_OBJS_FOUND;
	}
	if (level > 4 || level < -1) {
		print_problem("Invalid info level %ld. Try 0 - 4.", level);
		free(hosts);
		return ISCSI_ERR_INVAL;
	}
	if (level > 1)
		print_problem("print levels above 1 are not supported by this version, showing level 1");
	for (size_t i = 0; i < count; i++) {
		if (level < 1)
			print_host_line(&hosts[i]);
		else
			print_host_tree(&hosts[i]);
	}
	free(hosts);
	return ISCSI_ERR_SUCCESS;
}
