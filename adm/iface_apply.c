/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `iscsiadm -m iface -o apply` and applyall: gives the settings of iface records to the adapter they belong to, in one request, so
 * that its driver takes or refuses all of them. iface/hba.c says what of a record is sent. Writes no file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "adm/adapter.h"
#include "adm/emit.h"
#include "adm/objects.h"
#include "adm/print.h"
#include "iface/hba.h"

static void tell(const char *operation, const char *name, enum iscsi_err err)
{
	const struct object_subject subject = { .kind = "iface", .iface = name };

	object_emit_outcome(operation, &subject, err, NULL);
}

/* Not a problem: the settings of these ifaces are used by software, or they have none. */
static void nothing(void)
{
	if (!emit_wanted())
		print_problem("Nothing to configure.");
}

/* Adds what the record asks of its card. */
static enum iscsi_err collect(const struct record *iface, struct attributes *attributes)
{
	enum field bad;
	int error = hba_encode(iface, attributes, &bad);

	if (!error)
		return ISCSI_ERR_SUCCESS;
	if (bad != FIELD_NONE)
		print_problem("iface %s: %s = %s is not an address of its kind", record_text(iface, F_IFACE_ISCSI_IFACENAME),
			    field_rows[bad].name, print_or(record_text(iface, bad), "<empty>"));
	return iscsi_err_from_errno(error);
}

static enum iscsi_err give(struct adm *adm, const struct sysfs_host *host, const struct attributes *attributes)
{
	struct adapter adapter;
	enum iscsi_err err = adapter_open(adm, host, &adapter);
	int error;

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	error = request_set_iface_params(adapter.nl, adapter.handle, host->host_no, attributes);
	if (error)
		err = adapter_refused(&adapter, "apply settings of ifaces", error);
	adapter_close(&adapter);
	return err;
}

static enum iscsi_err find_host(struct adm *adm, const struct record *iface, struct sysfs_host *ret_host)
{
	int error = hba_find_host(adm->sysfs, iface, ret_host);

	if (!error)
		return ISCSI_ERR_SUCCESS;
	print_problem(error == -EINVAL ? "iface %s has no iface.hwaddress: it does not say which adapter it is of" :
					 "the adapter of iface %s is not there", record_text(iface, F_IFACE_ISCSI_IFACENAME));
	return error == -EINVAL ? ISCSI_ERR_INVAL : ISCSI_ERR_TRANS_NOT_FOUND;
}

static enum iscsi_err apply(struct adm *adm, const struct record *iface, struct attributes *attributes)
{
	struct sysfs_host host;
	enum iscsi_err err = collect(iface, attributes);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	if (!attributes->count) {
		nothing();
		return ISCSI_ERR_SUCCESS;
	}
	err = find_host(adm, iface, &host);
	return err == ISCSI_ERR_SUCCESS ? give(adm, &host, attributes) : err;
}

enum iscsi_err iface_apply(struct adm *adm, const struct record *iface)
{
	const char *name = record_text(iface, F_IFACE_ISCSI_IFACENAME);
	struct attributes attributes = { 0 };
	enum iscsi_err err = apply(adm, iface, &attributes);

	attributes_done(&attributes);
	if (err == ISCSI_ERR_SUCCESS)
		print_line("%s applied.", name);
	else
		print_problem("Could not apply net config for iface %s: %s", name, iscsi_err_text(err));
	tell("apply", name, err);
	return err;
}

/* All stored ifaces of a host, while they are gone through. */
struct gathering {
	const struct sysfs_host *host;
	struct attributes attributes;
	enum iscsi_err err;
};

static bool is_of(const struct record *iface, const struct sysfs_host *host)
{
	return *host->hwaddress && !strcasecmp(record_text(iface, F_IFACE_HWADDRESS), host->hwaddress) &&
	       !strcmp(record_text(iface, F_IFACE_TRANSPORT_NAME), host->transport);
}

static int gather_one(const struct record *iface, void *data)
{
	struct gathering *gathering = data;

	if (is_of(iface, gathering->host))
		gathering->err = collect(iface, &gathering->attributes);
	return gathering->err != ISCSI_ERR_SUCCESS;
}

static int tell_one(const struct record *iface, void *data)
{
	struct gathering *gathering = data;

	if (is_of(iface, gathering->host))
		tell("applyall", record_text(iface, F_IFACE_ISCSI_IFACENAME), gathering->err);
	return 0;
}

static enum iscsi_err apply_host(struct adm *adm, const struct sysfs_host *host, iface_complaint_fn *complain)
{
	struct gathering gathering = { .host = host, .err = ISCSI_ERR_SUCCESS };
	int error = iface_each(adm->iface_dir, gather_one, complain, &gathering);

	if (error < 0)
		gathering.err = iscsi_err_from_errno(error);
	if (gathering.err == ISCSI_ERR_SUCCESS && !gathering.attributes.count)
		nothing();
	else if (gathering.err == ISCSI_ERR_SUCCESS)
		gathering.err = give(adm, host, &gathering.attributes);
	attributes_done(&gathering.attributes);
	if (emit_wanted())
		iface_each(adm->iface_dir, tell_one, NULL, &gathering);
	return gathering.err;
}

enum iscsi_err iface_apply_all(struct adm *adm, iface_complaint_fn *complain)
{
	struct sysfs_host host = { 0 };
	enum iscsi_err err = adm_host(adm, &host.host_no);

	if (err != ISCSI_ERR_SUCCESS)
		return err;
	/* a host that is not there has no ifaces */
	(void)sysfs_host_read(adm->sysfs, host.host_no, &host);
	err = apply_host(adm, &host, complain);
	if (err == ISCSI_ERR_SUCCESS)
		print_line("Applied settings to ifaces attached to host%u.", host.host_no);
	else
		print_problem("Could not apply settings to ifaces attached to host%u: %s", host.host_no, iscsi_err_text(err));
	return err;
}
