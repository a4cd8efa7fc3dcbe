/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The print levels of sessions. The shapes are contract: scripts cut them by column and by label. The kernel tells what it
 * knows, the daemon adds the states of its machines; without a daemon these read "Unknown".
 */
#include "adm/session_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/print.h"
#include "lib/json.h"

enum iscsi_err session_lines(struct adm *adm)
{
	char portal[PORTAL_TEXT_MAX];

	for (size_t i = 0; i < adm->session_count; i++) {
		const struct sysfs_session *session = &adm->sessions[i];

		if (!adm->session_marked[i])
			continue;
		print_line("%s: [%u] %s %s (%s)", session->transport, session->sid,
			   print_portal(session->persistent_address, (int)session->persistent_port, (int)session->tpgt, portal),
			   session->target_name, session->creator == -1 ? "flash" : "non-flash");
	}
	return ISCSI_ERR_SUCCESS;
}

static int keep_states(struct json_object *parameters, bool continues, void *data)
{
	struct json_object **ret_states = data, *states;

	if (!*ret_states && !json_get_array(parameters, "sessions", &states))
		*ret_states = json_object_get(states);
	return 0;
}

/* What the daemon says of its sessions; NULL if it is not there. */
static struct json_object *ask_states(struct adm *adm)
{
	struct json_object *states = NULL;

	if (adm_daemon(adm, false, true) == ISCSI_ERR_SUCCESS)
		ipc_client_call(adm->daemon, IPC_INTERFACE ".Sessions", NULL, false, DAEMON_QUERY_MS, keep_states, &states, NULL);
	return states;
}

static struct json_object *state_of(struct json_object *states, uint32_t sid)
{
	size_t count = states ? json_object_array_length(states) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *state = json_object_array_get_idx(states, i);
		int64_t number;

		if (!json_get_number(state, "sid", 0, UINT32_MAX, &number) && number == (int64_t)sid)
			return state;
	}
	return NULL;
}

/* The daemon's word as it is printed: IN_LOGIN is "IN LOGIN"; TRANSPORT WAIT has a longer name than the RFC gives it. */
static const char *state_word(struct json_object *state, const char *name, char buffer[32])
{
	const char *word;

	if (!state || json_get_text(state, name, &word))
		return "Unknown";
	if (!strcmp(word, "XPT_WAIT"))
		return "TRANSPORT WAIT";
	snprintf(buffer, 32, "%s", word);
	for (char *at = buffer; *at; at++)
		if (*at == '_')
			*at = ' ';
	return buffer;
}

static void print_interface(struct adm *adm, struct sysfs_session *session, struct json_object *state)
{
	bool v6 = strchr(session->ipaddress, ':');
	char word[32];

	print_box(2, "Interface:", 10);
	print_line("\t\tIface Name: %s", adm_session_iface(adm, session));
	print_line("\t\tIface Transport: %s", session->transport);
	print_line("\t\tIface Initiatorname: %s", print_or(session->initiator_name, "default"));
	print_line("\t\tIface IPaddress: %s%s%s", v6 ? "[" : "", print_or(session->ipaddress, "default"), v6 ? "]" : "");
	print_line("\t\tIface HWaddress: %s", print_or(session->hwaddress, "default"));
	print_line("\t\tIface Netdev: %s", print_or(session->netdev, "default"));
	print_line("\t\tSID: %u", session->sid);
	print_line("\t\tiSCSI Connection State: %s", state_word(state, "connection_state", word));
	print_line("\t\tiSCSI Session State: %s", print_or(session->state, "Unknown"));
	print_line("\t\tInternal iscsid Session State: %s", state_word(state, "session_state", word));
}

static void print_timeout(const char *label, int64_t seconds)
{
	if (seconds == SYSFS_NONE)
		print_line("\t\t%s: <empty>", label);
	else
		print_line("\t\t%s: %lld", label, (long long)seconds);
}

static void print_timeouts(const struct sysfs_session *session)
{
	print_box(2, "Timeouts:", 9);
	print_timeout("Recovery Timeout", session->recovery_tmo);
	print_timeout("Target Reset Timeout", session->tgt_reset_tmo);
	print_timeout("LUN Reset Timeout", session->lu_reset_tmo);
	print_timeout("Abort Timeout", session->abort_tmo);
}

/* With secrets the fourth label reads `password`, as scripts have always seen it. */
static void print_chap(const struct sysfs_session *session, bool secrets)
{
	const char *mask = "********";

	print_box(2, "CHAP:", 5);
	print_line("\t\tusername: %s", print_or(session->username, "<empty>"));
	print_line("\t\tpassword: %s", secrets ? print_or(session->password, "<empty>") : mask);
	print_line("\t\tusername_in: %s", print_or(session->username_in, "<empty>"));
	print_line("\t\tpassword%s: %s", secrets ? "" : "_in", secrets ? print_or(session->password_in, "<empty>") : mask);
}

static void print_length(const char *label, int64_t value)
{
	if (value != SYSFS_NONE)
		print_line("\t\t%s: %lld", label, (long long)value);
}

static void print_negotiated(const struct sysfs_session *session)
{
	print_box(2, "Negotiated iSCSI params:", 24);
	print_line("\t\tHeaderDigest: %s", session->header_digest > 0 ? "CRC32C" : "None");
	print_line("\t\tDataDigest: %s", session->data_digest > 0 ? "CRC32C" : "None");
	print_length("MaxRecvDataSegmentLength", session->max_recv_dlength);
	print_length("MaxXmitDataSegmentLength", session->max_xmit_dlength);
	print_length("FirstBurstLength", session->first_burst_len);
	print_length("MaxBurstLength", session->max_burst_len);
	print_line("\t\tImmediateData: %s", session->immediate_data > 0 ? "Yes" : "No");
	print_line("\t\tInitialR2T: %s", session->initial_r2t > 0 ? "Yes" : "No");
	print_length("MaxOutstandingR2T", session->max_outstanding_r2t);
}

static void print_devices(struct adm *adm, const struct sysfs_session *session)
{
	struct sysfs_device *devices = NULL;
	struct sysfs_host host = { 0 };
	size_t count = 0;

	sysfs_host_read(adm->sysfs, session->host_no, &host);
	print_box(2, "Attached SCSI devices:", 24);
	print_line("\t\tHost Number: %u\tState: %s", session->host_no, print_or(host.state, "Unavailable"));
	if (sysfs_session_devices(adm->sysfs, session->sid, &devices, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct sysfs_device *device = &devices[i];

		print_line("\t\tscsi%u Channel %02u Id %u Lun: %llu", device->host_no, device->channel, device->target,
			   (unsigned long long)device->lun);
		if (*device->block)
			print_line("\t\t\tAttached scsi disk %s\t\tState: %s", device->block, print_or(device->state, "Unavailable"));
	}
	free(devices);
}

static bool same_place(const struct sysfs_session *a, const struct sysfs_session *b)
{
	return !strcmp(a->address, b->address) && a->port == b->port && !strcmp(a->persistent_address, b->persistent_address) &&
	       a->persistent_port == b->persistent_port && a->tpgt == b->tpgt;
}

/* Target and portal are printed where they differ from the session before; a further session of a portal follows a blank line. */
static void print_place(const struct sysfs_session *before, const struct sysfs_session *session)
{
	bool same_target = before && !strcmp(before->target_name, session->target_name);
	const char *address = print_or(session->address, session->persistent_address);
	int64_t port = *session->address ? session->port : session->persistent_port;
	char portal[PORTAL_TEXT_MAX];

	if (same_target && same_place(before, session)) {
		print_line("%s", "");
		return;
	}
	if (!same_target)
		print_line("Target: %s (%s)", session->target_name, session->creator == -1 ? "flash" : "non-flash");
	print_line("\tCurrent Portal: %s", print_portal(address, (int)port, (int)session->tpgt, portal));
	print_line("\tPersistent Portal: %s", print_portal(session->persistent_address, (int)session->persistent_port,
							   (int)session->tpgt, portal));
}

static void print_versions(struct adm *adm)
{
	char version[64];

	if (sysfs_read(adm->sysfs, "module/scsi_transport_iscsi/version", version, sizeof(version)) <= 0)
		return;
	print_line("iSCSI Transport Class version %s", version);
	print_line("version %s", COMPAT_VERSION);
}

enum iscsi_err session_tree(struct adm *adm, unsigned int level, bool secrets)
{
	const struct sysfs_session *before = NULL;
	struct json_object *states = ask_states(adm);

	if (level >= 3)
		print_versions(adm);
	for (size_t i = 0; i < adm->session_count; i++) {
		struct sysfs_session *session = &adm->sessions[i];

		if (!adm->session_marked[i])
			continue;
		print_place(before, session);
		print_interface(adm, session, state_of(states, session->sid));
		if (level >= 2) {
			print_timeouts(session);
			print_chap(session, secrets);
			print_negotiated(session);
		}
		if (level >= 3)
			print_devices(adm, session);
		before = session;
	}
	json_object_put(states);
	return ISCSI_ERR_SUCCESS;
}
