/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From what a discovery reported to what each iface is bound to. Called by sendtargets.c, isns.c and discovery.c; never opens the store.
 */
#include "adm/bindings.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adm/print.h"
#include "adm/sendtargets.h"

static int look(struct bindings *bindings, const char *root)
{
	struct rtnetlink *route;
	int error = rtnetlink_open(&route);

	if (error)
		return error;
	error = ports_read(root, route, &bindings->ports);
	rtnetlink_close(route);
	return error ? error : reach_new(&bindings->reach);
}

int bindings_open(struct bindings *bindings, struct ifaces *ifaces, const char *root)
{
	int error;

	*bindings = (struct bindings){ .ifaces = *ifaces };
	*ifaces = (struct ifaces){ 0 };
	if (!ifaces_are_managed(&bindings->ifaces))
		return 0;
	error = look(bindings, root);
	if (error && error != -ENOMEM) {
		print_problem("ports and routes cannot be read, so ifaces with iface.bind are bound to what is answered through them: %s",
			      strerror(-error));
		return 0;
	}
	return error ? error : binder_new(&bindings->ifaces, &bindings->ports, bindings->reach, NULL, NULL, &bindings->binder);
}

void bindings_give_up(struct bindings *bindings)
{
	binder_free(bindings->binder);
	bindings->binder = NULL;
}

void bindings_done(struct bindings *bindings)
{
	binder_free(bindings->binder);
	reach_free(bindings->reach);
	ports_done(&bindings->ports);
	ifaces_done(&bindings->ifaces);
	*bindings = (struct bindings){ 0 };
}

/* ---- the way of the question ---- */

static bool reaches_server(const struct binder *binder, size_t index, const struct server *server)
{
	for (size_t i = 0; i < server->address_count; i++) {
		struct portal portal = server->portal;

		if (!getnameinfo((const struct sockaddr *)&server->addresses[i], server->lengths[i], portal.address,
				 sizeof(portal.address), NULL, 0, NI_NUMERICHOST) &&
		    binder_reaches(binder, index, &portal))
			return true;
	}
	return false;
}

bool bindings_may_ask(const struct bindings *bindings, const struct record *iface, const struct server *server)
{
	const struct binder *binder = bindings->binder;

	for (size_t i = 0; binder && i < binder_count(binder); i++)
		if (record_is(iface, F_IFACE_ISCSI_IFACENAME, binder_name(binder, i)))
			return reaches_server(binder, i, server);
	return true;
}

/* ---- all that was reported ---- */

static int unite(struct sendtargets_runs *runs)
{
	int error = 0;

	for (size_t r = 0; r < runs->count; r++) {
		const struct sendtargets_list *list = &runs->runs[r].list;

		for (size_t i = 0; !error && i < list->count; i++)
			error = sendtargets_list_add(&runs->reported, list->entries[i].target_name, &list->entries[i].portal);
	}
	return error ? error : sendtargets_list_distinct(&runs->reported);
}

/* ---- who is bound to what ---- */

static int bind_iface(struct sendtargets_runs *runs, size_t index)
{
	struct binder *binder = runs->bindings.binder;
	const struct sendtargets_list *reported = &runs->reported;
	struct sendtargets_run *run = sendtargets_runs_add(runs, binder_iface(binder, index));
	int error = run ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < reported->count; i++) {
		const struct sendtargets_entry *entry = &reported->entries[i];
		const bool *is_bound = binder_decide(binder, &entry->portal);

		if (!is_bound)
			error = -ENOMEM;
		else if (is_bound[index])
			error = sendtargets_list_add(&run->list, entry->target_name, &entry->portal);
	}
	if (error)
		return error;
	run->err = ISCSI_ERR_SUCCESS;
	run->is_managed = true;
	return 0;
}

/* Those bound by the way the question went stay, in their order. */
static void leave_unmanaged(struct sendtargets_runs *runs)
{
	size_t kept = 0;

	for (size_t i = 0; i < runs->count; i++) {
		if (runs->runs[i].is_managed || runs->runs[i].only_asks)
			sendtargets_run_done(&runs->runs[i]);
		else
			runs->runs[kept++] = runs->runs[i];
	}
	runs->count = kept;
}

static int by_entry(const void *left, const void *right)
{
	return sendtargets_entry_compare(*(const struct sendtargets_entry *const *)left,
					 *(const struct sendtargets_entry *const *)right);
}

static size_t collect(const struct sendtargets_runs *runs, const struct sendtargets_entry **entries)
{
	size_t count = 0;

	for (size_t r = 0; r < runs->count; r++)
		for (size_t i = 0; i < runs->runs[r].list.count; i++, count++)
			if (entries)
				entries[count] = &runs->runs[r].list.entries[i];
	return count;
}

static int find_unbound(struct sendtargets_runs *runs)
{
	size_t count = collect(runs, NULL);
	const struct sendtargets_entry **bound = calloc(count + 1, sizeof(*bound));
	int error = bound ? 0 : -ENOMEM;

	if (!error) {
		collect(runs, bound);
		qsort(bound, count, sizeof(*bound), by_entry);
	}
	for (size_t i = 0; !error && i < runs->reported.count; i++) {
		const struct sendtargets_entry *wanted = &runs->reported.entries[i];

		if (!bsearch(&wanted, bound, count, sizeof(*bound), by_entry))
			error = sendtargets_list_add(&runs->unbound, wanted->target_name, &wanted->portal);
	}
	free(bound);
	return error;
}

int bindings_apply(struct sendtargets_runs *runs)
{
	struct binder *binder = runs->bindings.binder;
	int error = unite(runs);

	if (error || !binder)
		return error;
	leave_unmanaged(runs);
	for (size_t i = 0; !error && i < binder_count(binder); i++)
		error = bind_iface(runs, i);
	return error ? error : find_unbound(runs);
}
