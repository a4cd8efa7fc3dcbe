/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of iface mode share: the ports of this machine beside its iface records, how an iface is shown, and why it is or
 * is not bound to a portal. Decisions are those of iface/; here they are asked for and told.
 */
#ifndef OPENHBA_ADM_IFACE_H
#define OPENHBA_ADM_IFACE_H

#include <json-c/json.h>

#include "adm/adm.h"
#include "iface/verdict.h"

/* What this machine has, read for one command. All-zero: not read. */
struct machine {
	struct rtnetlink *route;	/* NULL: the kernel is not asked */
	struct ports ports;
	struct ifaces ifaces;
	int error;		/* why ports could not be read: then there are none; 0 if they could */
	int ifaces_error;	/* the same for iface records */
};

void machine_read(struct adm *adm, struct machine *ret_machine);
void machine_done(struct machine *machine);

/* Does the record stand for one NIC or HBA port? "default" and "iser" do not. */
bool iface_names_port(const struct record *iface);

/* Members of an object about it: "origin", "bind", "fast_fail", "presence" (known only if ports_were_read) and "port". */
void iface_emit_port(struct json_object *object, const struct record *iface, const struct port *port, bool ports_were_read);

/*
 * As iface_load(), of an iface that a command names: if there is none, ports of HBAs get their files first, so that one can be used
 * without having been listed.
 */
int iface_find(struct adm *adm, const char *name, struct record *ret_iface);

/* An iface file that is passed over; an iface_complaint_fn. */
void iface_complain_file(const char *path, int error, void *data);

/* `-m iface`, `-P 1`, `-o show`. */
enum iscsi_err iface_list(struct adm *adm);
enum iscsi_err iface_show(struct adm *adm, const char *name);

/* `-o explain`. The answer "not bound" is a success. */
enum iscsi_err iface_explain(struct adm *adm, const char *name);

/* `--monitor`: prints what iscsid tells, until a signal or the daemon ends it. */
enum iscsi_err iface_monitor(struct adm *adm);

enum answer { ANSWER_NOT_KNOWN, ANSWER_NO, ANSWER_YES };

/* A portal, and how the iface stands to it. */
struct explained_portal {
	struct node_key key;		/* target "": none is known there; iface: the explained one */
	struct verdict verdict;
	bool is_discovered;		/* a discovery has reported it: only such portals are bound by themselves */
	bool is_declined;		/* its record was removed by hand */
	bool has_record;
	char startup[16];		/* of the record */
	bool is_held;			/* logged out by hand: iscsid does not log in to it */
	uint32_t sid;			/* 0: no session */
	char session_state[32];
	bool has_way;			/* way_error and way are filled: asked where the verdict does not say it */
	int way_error;
	struct rtway way;
};

#define EXPLANATION_UNREADABLE_MAX 4

/* All that is known. Strings are borrowed from what was read, but for arrays. */
struct explanation {
	const struct record *iface;
	const struct port *port;	/* NULL: absent, or the iface names none */
	bool ports_were_read, store_was_read;
	const struct policy *policy;
	bool is_selected;		/* of a NIC: by iface.nics */
	const char *pattern;		/* the one that decided, NULL: none matched */
	struct verdict verdict;		/* of the iface alone */
	bool has_portal;		/* -p: portals holds what is known of this one, at least one element */
	struct explained_portal *portals;
	size_t portal_count;
	enum answer is_flapping;	/* the port is held back */
	int64_t hold_sec;		/* for how long it must be steady yet */
	const char *last_event;		/* what iscsid saw of the port last; NULL: it does not tell */
	const char *last_cause;
	int64_t last_sec;		/* so long ago */
	char unreadable[EXPLANATION_UNREADABLE_MAX][PATH_MAX + 64];
	size_t unreadable_count;
};

void explanation_text(const struct explanation *explanation);
void explanation_json(const struct explanation *explanation);

#endif
