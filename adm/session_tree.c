/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The print levels of sessions. The shapes are contract: scripts cut them by column and by label. The kernel tells what it
 * knows, the daemon adds the states of its machines; without a daemon these read "Unknown".
 */
#include "adm/session_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/far.h"
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

struct json_object *session_daemon_state(struct adm *adm, uint32_t sid)
{
	size_t count;

	if (!adm->states_asked)
		adm->states = daemon_sessions(adm);
	adm->states_asked = true;
	count = adm->states ? json_object_array_length(adm->states) : 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *state = json_object_array_get_idx(adm->states, i);
		int64_t number;

		if (!json_get_number(state, "sid", 0, UINT32_MAX, &number) && number == (int64_t)sid)
			return state;
	}
	return NULL;
}

struct json_object *session_counters(struct adm *adm, uint32_t sid)
{
	return session_daemon_state(adm, sid) ? daemon_counters(adm, sid) : NULL;
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

static void print_interface(struct adm *adm, struct sysfs_session *session, struct json_object *state, unsigned int tabs)
{
	bool v6 = strchr(session->ipaddress, ':');
	char word[32];

	print_box(tabs, "Interface:", 10);
	print_at(tabs, "Iface Name: %s", adm_session_iface(adm, session));
	print_at(tabs, "Iface Transport: %s", session->transport);
	print_at(tabs, "Iface Initiatorname: %s", print_or(session->initiator_name, "default"));
	print_at(tabs, "Iface IPaddress: %s%s%s", v6 ? "[" : "", print_or(session->ipaddress, "default"), v6 ? "]" : "");
	print_at(tabs, "Iface HWaddress: %s", print_or(session->hwaddress, "default"));
	print_at(tabs, "Iface Netdev: %s", print_or(session->netdev, "default"));
	print_at(tabs, "SID: %u", session->sid);
	print_at(tabs, "iSCSI Connection State: %s", state_word(state, "connection_state", word));
	print_at(tabs, "iSCSI Session State: %s", print_or(session->state, "Unknown"));
	print_at(tabs, "Internal iscsid Session State: %s", state_word(state, "session_state", word));
}

static void print_timeout(unsigned int tabs, const char *label, int64_t seconds)
{
	if (seconds == SYSFS_NONE)
		print_at(tabs, "%s: <empty>", label);
	else
		print_at(tabs, "%s: %lld", label, (long long)seconds);
}

static void print_timeouts(const struct sysfs_session *session, unsigned int tabs)
{
	print_box(tabs, "Timeouts:", 9);
	print_timeout(tabs, "Recovery Timeout", session->recovery_tmo);
	print_timeout(tabs, "Target Reset Timeout", session->tgt_reset_tmo);
	print_timeout(tabs, "LUN Reset Timeout", session->lu_reset_tmo);
	print_timeout(tabs, "Abort Timeout", session->abort_tmo);
}

/* With secrets the fourth label reads `password`, as scripts have always seen it. */
static void print_chap(const struct sysfs_session *session, bool secrets, unsigned int tabs)
{
	const char *mask = "********";

	print_box(tabs, "CHAP:", 5);
	print_at(tabs, "username: %s", print_or(session->username, "<empty>"));
	print_at(tabs, "password: %s", secrets ? print_or(session->password, "<empty>") : mask);
	print_at(tabs, "username_in: %s", print_or(session->username_in, "<empty>"));
	print_at(tabs, "password%s: %s", secrets ? "" : "_in", secrets ? print_or(session->password_in, "<empty>") : mask);
}

static void print_length(unsigned int tabs, const char *label, int64_t value)
{
	if (value != SYSFS_NONE)
		print_at(tabs, "%s: %lld", label, (long long)value);
}

static void print_negotiated(const struct sysfs_session *session, unsigned int tabs)
{
	print_box(tabs, "Negotiated iSCSI params:", 24);
	print_at(tabs, "HeaderDigest: %s", session->header_digest > 0 ? "CRC32C" : "None");
	print_at(tabs, "DataDigest: %s", session->data_digest > 0 ? "CRC32C" : "None");
	print_length(tabs, "MaxRecvDataSegmentLength", session->max_recv_dlength);
	print_length(tabs, "MaxXmitDataSegmentLength", session->max_xmit_dlength);
	print_length(tabs, "FirstBurstLength", session->first_burst_len);
	print_length(tabs, "MaxBurstLength", session->max_burst_len);
	print_at(tabs, "ImmediateData: %s", session->immediate_data > 0 ? "Yes" : "No");
	print_at(tabs, "InitialR2T: %s", session->initial_r2t > 0 ? "Yes" : "No");
	print_length(tabs, "MaxOutstandingR2T", session->max_outstanding_r2t);
}

static void print_devices(struct adm *adm, const struct sysfs_session *session, bool with_host, unsigned int tabs)
{
	struct sysfs_device *devices = NULL;
	struct sysfs_host host = { 0 };
	size_t count = 0;

	sysfs_host_read(adm->sysfs, session->host_no, &host);
	print_box(tabs, "Attached SCSI devices:", 24);
	if (with_host)
		print_at(tabs, "Host Number: %u\tState: %s", session->host_no, print_or(host.state, "Unavailable"));
	if (far_devices(adm, session->sid, &devices, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct sysfs_device *device = &devices[i];

		print_at(tabs, "scsi%u Channel %02u Id %u Lun: %llu", device->host_no, device->channel, device->target,
			   (unsigned long long)device->lun);
		if (*device->block)
			print_at(tabs + 1, "Attached scsi disk %s\t\tState: %s", device->block, print_or(device->state, "Unavailable"));
	}
	free(devices);
}

static void print_counter(unsigned int tabs, const char *label, struct json_object *from, const char *name)
{
	int64_t value;

	if (from && !json_get_number(from, name, 0, INT64_MAX, &value))
		print_at(tabs, "%s: %lld", label, (long long)value);
	else
		print_at(tabs, "%s: Unknown", label);
}

/* Behind everything else: who cuts the tree of open-iscsi finds it as it was. */
static void print_statistics(struct adm *adm, uint32_t sid, unsigned int tabs)
{
	struct json_object *statistics = session_counters(adm, sid), *counters = NULL;

	if (statistics && json_get_object(statistics, "counters", &counters))
		counters = NULL;
	print_box(tabs, "Statistics:", 11);
	print_counter(tabs, "Seconds In State", session_daemon_state(adm, sid), "since");
	print_counter(tabs, "Bytes Sent", counters, "txdata_octets");
	print_counter(tabs, "Bytes Received", counters, "rxdata_octets");
	print_counter(tabs, "SCSI Commands", counters, "scsicmd_pdus");
	print_counter(tabs, "SCSI Responses", counters, "scsirsp_pdus");
	print_counter(tabs, "Digest Errors", counters, "digest_err");
	print_counter(tabs, "Timeouts", counters, "timeout_err");
	json_object_put(statistics);
}

static bool same_place(const struct sysfs_session *a, const struct sysfs_session *b)
{
	return !strcmp(a->address, b->address) && a->port == b->port && !strcmp(a->persistent_address, b->persistent_address) &&
	       a->persistent_port == b->persistent_port && a->tpgt == b->tpgt;
}

/* Target and portal are printed where they differ from the session before; a further session of a portal follows a blank line. */
static void print_place(const struct sysfs_session *before, const struct sysfs_session *session, unsigned int tabs)
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
		print_at(tabs, "Target: %s (%s)", session->target_name, session->creator == -1 ? "flash" : "non-flash");
	print_at(tabs + 1, "Current Portal: %s", print_portal(address, (int)port, (int)session->tpgt, portal));
	print_at(tabs + 1, "Persistent Portal: %s", print_portal(session->persistent_address, (int)session->persistent_port,
							   (int)session->tpgt, portal));
}

void session_versions(struct adm *adm)
{
	char version[64];

	if (sysfs_read(adm->sysfs, "module/scsi_transport_iscsi/version", version, sizeof(version)) <= 0)
		return;
	print_line("iSCSI Transport Class version %s", version);
	print_line("version %s", COMPAT_VERSION);
}

enum iscsi_err session_tree(struct adm *adm, unsigned int parts, unsigned int tabs)
{
	const struct sysfs_session *before = NULL;

	if (parts & TREE_VERSIONS)
		session_versions(adm);
	for (size_t i = 0; i < adm->session_count; i++) {
		struct sysfs_session *session = &adm->sessions[i];

		if (!adm->session_marked[i])
			continue;
		print_place(before, session, tabs);
		print_interface(adm, session, session_daemon_state(adm, session->sid), tabs + 2);
		if (parts & TREE_TIMEOUTS)
			print_timeouts(session, tabs + 2);
		if (parts & TREE_CHAP)
			print_chap(session, parts & TREE_SECRETS, tabs + 2);
		if (parts & TREE_NEGOTIATED)
			print_negotiated(session, tabs + 2);
		if (parts & TREE_DEVICES)
			print_devices(adm, session, parts & TREE_HOST, tabs + 2);
		if (parts & TREE_COUNTERS)
			print_statistics(adm, session->sid, tabs + 2);
		before = session;
	}
	return ISCSI_ERR_SUCCESS;
}
