/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all modes share: iscsid.conf, opening the store, the filter and the pairs of the command line, new node records.
 * Errors of the layers below are turned into exit statuses here, once.
 */
#include "adm/adm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adm/disk.h"
#include "adm/far.h"
#include "adm/known.h"
#include "adm/print.h"
#include "iface/hba.h"
#include "lib/log.h"
#include "lib/name.h"

void adm_init(struct adm *adm, const struct args *args)
{
	const char *dir = getenv(ADM_CONFDIR_ENV), *sysfs = getenv(ADM_SYSFS_ENV);

	*adm = (struct adm){ .args = args, .sysfs = sysfs && *sysfs ? sysfs : SYSFS_ROOT, .open_netlink = netlink_open };
	snprintf(adm->dir, sizeof(adm->dir), "%s", dir && *dir ? dir : CONFDIR);
	snprintf(adm->iface_dir, sizeof(adm->iface_dir), "%s/ifaces", adm->dir);
}

void adm_done(struct adm *adm)
{
	conf_free(adm->conf);
	ipc_client_free(adm->daemon);
	if (adm->sessions)
		sysfs_session_wipe(adm->sessions, adm->session_count);
	free(adm->sessions);
	free(adm->session_marked);
	json_object_put(adm->states);
	json_object_put(adm->far);
	disk_paths_free(adm->disk_paths);
}

static int complain_conf(const char *name, const char *value, unsigned int line, int error, void *data)
{
	const char *path = data;

	if (error == -ENOENT)
		log_debug("%s line %u: %s is no setting of records", path, line, name);
	else
		print_problem("%s line %u: the value of %s is not usable and is passed over", path, line,
			      name && *name ? name : "a line without a name");
	return 0;
}

/* Where the daemon says its conf is, if we may read it; the folder given by the environment goes first. */
static void conf_path(struct adm *adm, char path[PATH_MAX])
{
	const char *dir = getenv(ADM_CONFDIR_ENV);
	struct daemon_info info = { 0 };

	snprintf(path, PATH_MAX, "%s/iscsid.conf", adm->dir);
	if ((dir && *dir) || adm_daemon(adm, false, true) != ISCSI_ERR_SUCCESS)
		return;
	if (daemon_info(adm, DAEMON_CONF_MS, &info) == ISCSI_ERR_SUCCESS && info.config_file && !access(info.config_file, R_OK))
		snprintf(path, PATH_MAX, "%s", info.config_file);
	daemon_info_done(&info);
}

const struct conf *adm_conf(struct adm *adm)
{
	char path[PATH_MAX];
	int error;

	if (adm->conf)
		return adm->conf;
	conf_path(adm, path);
	log_debug("new records start from %s", path);
	error = conf_load(path, complain_conf, path, &adm->conf);
	if (error) {
		print_problem("%s cannot be read (%s), built-in values are used", path, strerror(-error));
		if (conf_load("", NULL, NULL, &adm->conf))
			adm->conf = NULL;
	}
	return adm->conf;
}

/* Does the command turn to the daemon with its sessions? */
static bool is_for_daemon(const struct args *args)
{
	return args->has[OPTION_LOGIN] || args->has[OPTION_LOGOUT] || args->has[OPTION_LOGINALL] || args->has[OPTION_LOGOUTALL];
}

/* What a card's firmware has made leaves by the card's iface, though nobody has told the kernel so. */
static void name_iface(struct adm *adm, const struct sysfs_session *session, char *name, size_t room)
{
	bool v6 = strchr(*session->address ? session->address : session->persistent_address, ':');
	struct sysfs_host host;

	if (!hba_is_transport(session->transport) || sysfs_host_read(adm->sysfs, session->host_no, &host) || !*host.hwaddress ||
	    hba_name(adm->sysfs, &host, v6, name, room))
		*name = '\0';
}

static void name_ifaces(struct adm *adm)
{
	for (size_t i = 0; i < adm->session_count; i++)
		if (!*adm->sessions[i].iface_name)
			name_iface(adm, &adm->sessions[i], adm->sessions[i].iface_name, sizeof(adm->sessions[i].iface_name));
}

enum iscsi_err adm_read_sessions(struct adm *adm, enum sysfs_level level)
{
	int error;

	if (adm->sessions_read)
		return ISCSI_ERR_SUCCESS;
	if (level == SYSFS_LINE && is_for_daemon(adm->args))
		error = known_sessions(adm, &adm->sessions, &adm->session_count);
	else
		error = sysfs_sessions(adm->sysfs, level, &adm->sessions, &adm->session_count);
	if ((!error && !adm->session_count) || error == -ENOENT) {
		free(adm->sessions);
		error = far_sessions(adm, &adm->sessions, &adm->session_count);
	}
	if (!error && adm->session_count) {
		adm->session_marked = calloc(adm->session_count, sizeof(*adm->session_marked));
		error = adm->session_marked ? 0 : -ENOMEM;
	}
	if (error) {
		print_problem("sessions cannot be read from %s: %s", adm->sysfs, strerror(-error));
		return error == -ENOMEM ? ISCSI_ERR_NOMEM : ISCSI_ERR_SYSFS_LOOKUP;
	}
	if (level >= SYSFS_STATE)
		name_ifaces(adm);
	adm->session_level = level;
	adm->sessions_read = true;
	return ISCSI_ERR_SUCCESS;
}

/* The iface is one file more per session; only sessions that are looked at closely need it. */
const char *adm_session_iface(struct adm *adm, struct sysfs_session *session)
{
	char path[64];

	if (adm->session_level == SYSFS_LINE && !*session->iface_name) {
		snprintf(path, sizeof(path), "class/iscsi_session/session%u/ifacename", session->sid);
		if (sysfs_read(adm->sysfs, path, session->iface_name, sizeof(session->iface_name)) < 0)
			session->iface_name[0] = '\0';
		if (!*session->iface_name)
			snprintf(session->iface_name, sizeof(session->iface_name), "default");
	}
	return print_or(session->iface_name, "default");
}

void adm_session_key(struct adm *adm, struct sysfs_session *session, struct node_key *ret_key)
{
	*ret_key = (struct node_key){ .portal = { .port = (int)session->persistent_port, .tpgt = (int)session->tpgt } };
	snprintf(ret_key->target, sizeof(ret_key->target), "%.*s", NODE_TARGET_MAX, session->target_name);
	snprintf(ret_key->portal.address, sizeof(ret_key->portal.address), "%.*s", PORTAL_ADDRESS_MAX, session->persistent_address);
	snprintf(ret_key->iface, sizeof(ret_key->iface), "%.*s", NODE_IFACE_MAX, adm_session_iface(adm, session));
}

bool adm_session_is(struct adm *adm, struct sysfs_session *session, const struct node_key *key)
{
	struct node_key own;

	if (strcmp(session->target_name, key->target))
		return false;
	adm_session_key(adm, session, &own);
	return !strcmp(own.iface, key->iface) && portal_equal(&own.portal, &key->portal);
}

size_t adm_session_count(struct adm *adm, const struct node_key *key)
{
	size_t count = 0;

	if (adm_read_sessions(adm, SYSFS_LINE) != ISCSI_ERR_SUCCESS)
		return 0;
	for (size_t i = 0; i < adm->session_count; i++)
		count += adm_session_is(adm, &adm->sessions[i], key);
	return count;
}

static bool is_by_firmware(struct adm *adm, const struct sysfs_session *session, const struct node_key *key)
{
	struct sysfs_session named = *session;
	struct node_key own;

	if (session->creator != -1 || strcmp(session->target_name, key->target))
		return false;
	name_iface(adm, session, named.iface_name, sizeof(named.iface_name));
	adm_session_key(adm, &named, &own);
	return !strcmp(own.iface, key->iface) && portal_equal(&own.portal, &key->portal);
}

size_t adm_firmware_count(struct adm *adm, const struct node_key *key)
{
	size_t count = 0;

	if (adm_read_sessions(adm, SYSFS_LINE) != ISCSI_ERR_SUCCESS)
		return 0;
	for (size_t i = 0; i < adm->session_count; i++)
		count += is_by_firmware(adm, &adm->sessions[i], key);
	return count;
}

bool adm_in_use(struct adm *adm, const struct node_key *key)
{
	return adm_session_count(adm, key) > 0;
}

enum iscsi_err adm_store_error(int error)
{
	if (!error)
		return ISCSI_ERR_SUCCESS;
	if (error == -ENOMEM) {
		print_problem("%s", iscsi_err_text(ISCSI_ERR_NOMEM));
		return ISCSI_ERR_NOMEM;
	}
	if (error == -EAGAIN)
		print_problem("the record database is held by another process");
	else if (error == -EUCLEAN)
		print_problem("the record database is damaged, or is none of ours; it was not touched");
	else if (error == -EPROTO)
		print_problem("the record database was written by a newer version");
	else
		print_problem("the record database cannot be used: %s", strerror(-error));
	return error == -EACCES || error == -EPERM ? ISCSI_ERR_ACCESS : ISCSI_ERR_IDBM;
}

enum iscsi_err adm_store_begin(struct adm *adm, enum store_mode mode, struct store **ret_store)
{
	if (adm->args->mode != MODE_STORE)
		adm_first_import(adm);
	return adm_store_error(store_begin(adm->dir, mode, ret_store));
}

enum iscsi_err adm_store_end(struct store *store, enum iscsi_err err)
{
	if (err == ISCSI_ERR_SUCCESS)
		return adm_store_error(store_commit(store));
	store_drop(store);
	return err;
}

static bool find_host(const struct adm *adm, const char *address, uint32_t *ret_host)
{
	struct sysfs_host *hosts = NULL;
	size_t count = 0;
	bool found = false;

	sysfs_hosts(adm->sysfs, &hosts, &count);
	for (size_t i = 0; i < count && !found; i++) {
		found = !strcasecmp(hosts[i].hwaddress, address);
		*ret_host = hosts[i].host_no;
	}
	free(hosts);
	return found;
}

/* The port may be one of a card whose driver is not loaded yet. Only root can change that, and only on the real machine. */
static bool load_adapters(const struct adm *adm)
{
	if (geteuid() || strcmp(adm->sysfs, SYSFS_ROOT))
		return false;
	hba_load_transports(adm->sysfs);
	return true;
}

enum iscsi_err adm_host(struct adm *adm, uint32_t *ret_host)
{
	const char *text = adm->args->text[OPTION_HOST];
	uint32_t host = text ? (uint32_t)strtoul(text, NULL, 10) : 0;

	if (text && strchr(text, ':') && !find_host(adm, text, &host) && (!load_adapters(adm) || !find_host(adm, text, &host))) {
		print_problem("Could not match MAC to host: no iSCSI host has the address %s", text);
		return ISCSI_ERR_INVAL;
	}
	if (ret_host)
		*ret_host = host;
	return ISCSI_ERR_SUCCESS;
}

enum iscsi_err adm_portal(const struct args *args, int default_port, struct portal *ret_portal)
{
	const char *text = args->text[OPTION_PORTAL];

	if (text && !portal_parse(text, default_port, ret_portal))
		return ISCSI_ERR_SUCCESS;
	if (text)
		print_problem("'%s' is not a portal", text);
	print_problem("Please specify portal as <ipaddr>[:<ipport>]");
	return ISCSI_ERR_INVAL;
}

enum iscsi_err adm_filter(struct adm *adm, struct node_filter *ret_filter)
{
	const struct args *args = adm->args;
	enum iscsi_err err;

	*ret_filter = (struct node_filter){ .target = args->text[OPTION_TARGETNAME] };
	if (args->iface_count)
		ret_filter->iface = args->ifaces[0];
	if (args->iface_count > 1)
		print_problem("Only one iface is taken here, using %s", args->ifaces[0]);
	if (!args->text[OPTION_PORTAL])
		return ISCSI_ERR_SUCCESS;
	err = adm_portal(args, ISCSI_PORT, &ret_filter->portal);
	ret_filter->has_portal = err == ISCSI_ERR_SUCCESS;
	return err;
}

/* node.transport_name is an old name that scripts still write. */
static enum field find_field(enum record_kind kind, const char *name)
{
	if (kind == RECORD_NODE && !strcmp(name, "node.transport_name"))
		name = "iface.transport_name";
	return field_find(kind, name);
}

static bool is_iface_field(enum record_kind kind, enum field field)
{
	return kind == RECORD_NODE && field != F_IFACE_TRANSPORT_NAME && !strncmp(field_rows[field].name, "iface.", 6);
}

static bool check_pair(struct record *scratch, const struct args_pair *pair, bool allow_iface)
{
	enum field field = find_field(scratch->kind, pair->name);
	struct text sentence = { 0 };

	if (field == FIELD_NONE) {
		print_problem("Cannot modify %s. Invalid param name.", pair->name);
		return false;
	}
	if (field_rows[field].flags & FIELD_FIXED && field_rows[field].flags & FIELD_QUIET) {
		print_problem("Cannot modify %s. Only the iface manager sets it, when it makes a record.", pair->name);
		return false;
	}
	if (field_rows[field].flags & FIELD_FIXED) {
		print_problem(scratch->kind == RECORD_IFACE ? "Can not update %s. Delete it, and then create a new one." :
			      "Cannot modify %s. It is used to look up the record and cannot be changed.", pair->name);
		return false;
	}
	if (!allow_iface && is_iface_field(scratch->kind, field)) {
		print_problem("Cannot modify %s. Use iface mode to update this value.", pair->name);
		return false;
	}
	if (!record_set(scratch, field, pair->value, ORIGIN_COMMAND))
		return true;
	record_explain(field, pair->value, &sentence);
	print_problem("%s", sentence.data && !sentence.failed ? sentence.data : "the value is refused");
	text_done(&sentence);
	return false;
}

enum iscsi_err adm_refuse_iface_pairs(const struct args *args)
{
	for (size_t i = 0; i < args->pair_count; i++) {
		const char *name = args->pairs[i].name;
		enum field field = find_field(RECORD_NODE, name);

		if (field == FIELD_NONE || field_rows[field].flags & FIELD_FIXED || !is_iface_field(RECORD_NODE, field))
			continue;
		print_problem("Cannot modify %s. Use iface mode to update this value.", name);
		return ISCSI_ERR_INVAL;
	}
	return ISCSI_ERR_SUCCESS;
}

enum iscsi_err adm_check_pairs(const struct args *args, enum record_kind kind, bool allow_iface)
{
	struct record scratch;
	bool good = true;

	record_init(&scratch, kind);
	for (size_t i = 0; good && i < args->pair_count; i++)
		good = check_pair(&scratch, &args->pairs[i], allow_iface);
	record_done(&scratch);
	return good ? ISCSI_ERR_SUCCESS : ISCSI_ERR_INVAL;
}

int adm_apply_pairs(const struct args *args, struct record *record)
{
	int error = 0;

	for (size_t i = 0; !error && i < args->pair_count; i++)
		error = record_set(record, find_field(record->kind, args->pairs[i].name), args->pairs[i].value, ORIGIN_COMMAND);
	return error;
}

static int set_node(struct record *node, const char *target, const struct portal *portal, const struct record *iface)
{
	int error = node_set_target(node, target, portal);

	return error ? error : record_copy_iface(node, iface);
}

int adm_node_init(struct adm *adm, struct record *ret_node, const char *target, const struct portal *portal,
		  const struct record *iface)
{
	const struct conf *conf = adm_conf(adm);
	int error;

	if (!conf)
		return -ENOMEM;
	record_init(ret_node, RECORD_NODE);
	error = conf_apply(conf, ret_node);
	if (!error)
		error = set_node(ret_node, target, portal, iface);
	if (error)
		record_done(ret_node);
	return error;
}

void adm_find_origins(struct adm *adm, struct record *record)
{
	const struct conf *conf = adm_conf(adm);
	struct record given;

	if (!conf)
		return;
	record_init(&given, record->kind);
	if (!conf_apply(conf, &given))
		record_mark_conf(record, &given);
	record_done(&given);
}

void adm_print_record(struct adm *adm, struct record *record)
{
	bool secrets = adm->args->has[OPTION_SHOW];

	if (!adm->args->has[OPTION_ORIGINS]) {
		print_record(record, secrets);
		return;
	}
	adm_find_origins(adm, record);
	print_record_origins(record, secrets);
}
