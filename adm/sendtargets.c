/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SendTargets from the command line: which ifaces it goes through, with what name and secrets, and when it is tried again. All
 * ifaces ask at the same time, polled in one loop, or the daemon asks: where we do not see its network, and for ifaces of drivers that
 * connect by themselves. Called by discovery.c; never opens the store.
 */
#include "adm/iface.h"
#include "adm/sendtargets.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "adm/ask.h"
#include "adm/print.h"
#include "adm/progress.h"
#include "adm/server.h"
#include "iface/iface.h"
#include "lib/discover_record.h"
#include "lib/log.h"

/* What all attempts share. */
struct question {
	struct adm *adm;
	const struct record *record;
	struct server server;
	struct discovery_secrets secrets;
};

/* One iface's way to the answer. */
struct attempt {
	const struct question *question;
	struct sendtargets_run *run;
	struct discovery_settings settings;
	struct discovery *discovery;	/* NULL while waiting for the next try, and at the end */
	struct iface_binding binding;
	unsigned int failures;
	uint64_t next_ms;		/* of the next try */
	bool over;
};

static bool is_software(const struct record *iface)
{
	return !strcmp(record_text(iface, F_IFACE_TRANSPORT_NAME), "tcp");
}

struct sendtargets_run *sendtargets_runs_add(struct sendtargets_runs *runs, const struct record *iface)
{
	struct sendtargets_run *grown = reallocarray(runs->runs, runs->count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	runs->runs = grown;
	grown[runs->count] = (struct sendtargets_run){ .err = ISCSI_ERR_INTERNAL };
	return record_copy(&grown[runs->count].iface, iface) ? NULL : &grown[runs->count++];
}

static int add_named(struct adm *adm, struct sendtargets_runs *runs, const char *name)
{
	struct sendtargets_run *run;
	struct record iface;

	if (iface_find(adm, name, &iface)) {
		print_problem("Could not read iface info for %s. Make sure an iface config with the file name and "
			      "iface.iscsi_ifacename %s is in %s.", name, name, adm->iface_dir);
		return 0;
	}
	run = sendtargets_runs_add(runs, &iface);
	record_done(&iface);
	return run ? 0 : -ENOMEM;
}

/* All software ifaces there are, `default` where there is none. */
static int add_stored(struct adm *adm, struct sendtargets_runs *runs)
{
	struct ifaces ifaces;
	int error = ifaces_read(adm->iface_dir, iface_complain_file, NULL, &ifaces);

	if (!error)
		error = bindings_open(&runs->bindings, &ifaces, adm->sysfs);
	for (size_t i = 0; !error && i < runs->bindings.ifaces.count; i++) {
		const struct record *iface = &runs->bindings.ifaces.list[i];
		struct sendtargets_run *run = is_software(iface) ? sendtargets_runs_add(runs, iface) : NULL;

		if (is_software(iface) && !run)
			error = -ENOMEM;
		else if (run)
			run->is_managed = runs->bindings.binder && policy_is_managed(iface);
	}
	return error || runs->count ? error : add_named(adm, runs, IFACE_DEFAULT);
}

enum iscsi_err sendtargets_prepare(struct adm *adm, struct sendtargets_runs *ret_runs)
{
	int error = 0;

	*ret_runs = (struct sendtargets_runs){ 0 };
	for (size_t i = 0; !error && i < adm->args->iface_count; i++)
		error = add_named(adm, ret_runs, adm->args->ifaces[i]);
	if (!adm->args->iface_count)
		error = add_stored(adm, ret_runs);
	if (error) {
		print_problem("ifaces cannot be read from %s: %s", adm->iface_dir, strerror(-error));
		return iscsi_err_from_errno(error);
	}
	if (ret_runs->count)
		return ISCSI_ERR_SUCCESS;
	print_problem("No iface is left to discover through");
	return ISCSI_ERR_NO_OBJS_FOUND;
}

void sendtargets_run_done(struct sendtargets_run *run)
{
	record_done(&run->iface);
	sendtargets_list_done(&run->list);
	free(run->sorted);
	free(run->stored);
	*run = (struct sendtargets_run){ 0 };
}

void sendtargets_runs_done(struct sendtargets_runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		sendtargets_run_done(&runs->runs[i]);
	free(runs->runs);
	bindings_done(&runs->bindings);
	sendtargets_list_done(&runs->reported);
	sendtargets_list_done(&runs->unbound);
	*runs = (struct sendtargets_runs){ 0 };
}

/* Managed ifaces that cannot talk to the server are left out without a word; the question still has to go some way. */
static int choose_ways(struct adm *adm, const struct server *server, struct sendtargets_runs *runs)
{
	size_t kept = 0;
	int error;

	if (!runs->bindings.binder)
		return 0;
	for (size_t i = 0; i < runs->count; i++) {
		if (bindings_may_ask(&runs->bindings, &runs->runs[i].iface, server))
			runs->runs[kept++] = runs->runs[i];
		else
			sendtargets_run_done(&runs->runs[i]);
	}
	runs->count = kept;
	error = kept ? 0 : add_named(adm, runs, IFACE_DEFAULT);
	if (!kept && runs->count)
		runs->runs[0].only_asks = true;
	return error;
}

static enum iscsi_err prepare(struct question *question)
{
	if (discovery_secrets_take(&question->secrets, question->record))
		return ISCSI_ERR_NOMEM;
	return server_prepare(question->adm, question->record, &question->server);
}

static void set_settings(struct attempt *attempt)
{
	const struct question *question = attempt->question;
	struct discovery_settings *settings = &attempt->settings;
	const char *name = record_text(&attempt->run->iface, F_IFACE_INITIATORNAME);

	discovery_settings_from_record(settings, question->record, &question->secrets);
	settings->login.initiator_name = *name ? name : question->server.info.initiator_name;
	settings->login.initiator_alias = question->server.info.initiator_alias;
	settings->channel.netdev = attempt->binding.netdev;
}

/*
 * A NIC that is down is tried like any other: the kernel's answer is the sentence people know. One that is not there is not worth a
 * try; scripts know the status of a discovery that got no answer.
 */
static enum iscsi_err bind_iface(struct attempt *attempt)
{
	const struct record *iface = &attempt->run->iface;
	const char *netdev = record_text(iface, F_IFACE_NET_IFACENAME);
	int error = iface_bind(iface, attempt->question->server.addresses[0].ss_family, &attempt->binding);

	if (error == -ENETDOWN && *netdev) {
		snprintf(attempt->binding.netdev, sizeof(attempt->binding.netdev), "%s", netdev);
		return ISCSI_ERR_SUCCESS;
	}
	if (!error)
		return ISCSI_ERR_SUCCESS;
	print_problem("iface %s: its NIC %s %s", record_text(iface, F_IFACE_ISCSI_IFACENAME),
		    *netdev ? netdev : record_text(iface, F_IFACE_HWADDRESS),
		    error == -ENETDOWN ? "is down or has no address" : "is not there");
	return ISCSI_ERR_PDU_TIMEOUT;
}

static void finish(struct attempt *attempt, enum iscsi_err err)
{
	attempt->run->err = err;
	attempt->over = true;
	progress_count(err == ISCSI_ERR_SUCCESS);
	discovery_free(attempt->discovery);
	attempt->discovery = NULL;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Each try takes the next address of the name. */
static void start(struct attempt *attempt)
{
	const struct question *question = attempt->question;
	size_t address = attempt->failures % question->server.address_count;

	attempt->settings.channel.peer = question->server.addresses[address];
	attempt->settings.channel.peer_length = question->server.lengths[address];
	log_debug("asking %s port %d through iface %s, try %u", question->server.portal.address, question->server.portal.port,
		  record_text(&attempt->run->iface, F_IFACE_ISCSI_IFACENAME), attempt->failures + 1);
	attempt->discovery = discovery_new(&attempt->settings);
	if (!attempt->discovery)
		finish(attempt, ISCSI_ERR_NOMEM);
}

/* The pause before the next try: none after the first failure, then a second ten times, then longer. */
static uint64_t pause_ms(unsigned int failures)
{
	static const unsigned int late[] = { 2, 5, 15, 60 };

	if (failures <= 1)
		return 0;
	if (failures <= 11)
		return 1000;
	return 1000ull * late[failures - 12 < 4 ? failures - 12 : 3];
}

static bool may_retry(enum iscsi_err err)
{
	return err == ISCSI_ERR_TRANS || err == ISCSI_ERR_TRANS_TIMEOUT || err == ISCSI_ERR_PDU_TIMEOUT || err == ISCSI_ERR_LOGIN;
}

static void say_failure(const struct attempt *attempt, const char *address, const char *text)
{
	static const char connecting[] = "cannot connect: ";
	const char *reason = strstr(text, connecting);

	if (reason)
		print_problem("cannot make connection to %s: %s", *address ? address : attempt->question->server.portal.address,
			    reason + strlen(connecting));
	else
		print_problem("%s", text);
}

/* A try failed at this address. */
static void on_failure(struct attempt *attempt, enum iscsi_err err, const char *address, const char *text)
{
	int64_t most = record_number(attempt->question->record, F_DISCOVERY_SENDTARGETS_REOPEN_MAX);

	say_failure(attempt, address, text);
	if (!may_retry(err)) {
		finish(attempt, err);
		return;
	}
	if (attempt->failures++ >= (unsigned int)most) {
		print_problem("connection login retries (reopen_max) %lld exceeded", (long long)most);
		finish(attempt, err == ISCSI_ERR_LOGIN ? err : ISCSI_ERR_PDU_TIMEOUT);
		return;
	}
	discovery_free(attempt->discovery);
	attempt->discovery = NULL;
	attempt->next_ms = now_ms() + pause_ms(attempt->failures);
}

static void on_answer(struct attempt *attempt)
{
	if (attempt->run->list.refused)
		print_problem("%zu target names or addresses from %s are not valid and are left out", attempt->run->list.refused,
			    attempt->question->server.portal.address);
	finish(attempt, ISCSI_ERR_SUCCESS);
}

/* Looks up the host name of a redirect. */
static void on_redirect(struct attempt *attempt)
{
	const struct portal *portal = discovery_portal(attempt->discovery);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	struct sockaddr_storage address = { 0 };
	socklen_t length = 0;
	char port[16];

	snprintf(port, sizeof(port), "%d", portal->port);
	if (!getaddrinfo(portal->address, port, &hints, &list)) {
		length = list->ai_addrlen;
		memcpy(&address, list->ai_addr, length);
		freeaddrinfo(list);
	}
	discovery_resolved(attempt->discovery, &address, length);
}

/* Moves an attempt on until it has to wait. */
static void advance(struct attempt *attempt)
{
	while (!attempt->over) {
		if (!attempt->discovery && now_ms() < attempt->next_ms)
			return;
		if (!attempt->discovery) {
			start(attempt);
			continue;
		}
		switch (discovery_state(attempt->discovery)) {
		case DISCOVERY_RUNNING:
			return;
		case DISCOVERY_RESOLVE:
			on_redirect(attempt);
			break;
		case DISCOVERY_DONE:
			discovery_take(attempt->discovery, &attempt->run->list);
			on_answer(attempt);
			break;
		case DISCOVERY_FAILED:
			on_failure(attempt, discovery_error(attempt->discovery), discovery_portal(attempt->discovery)->address,
				   discovery_error_text(attempt->discovery));
			break;
		}
	}
}

static uint64_t deadline_of(const struct attempt *attempt)
{
	return attempt->discovery ? discovery_deadline_ms(attempt->discovery) : attempt->next_ms;
}

/* Waits until one of the attempts can go on, and tells it. */
static void wait_for_one(struct attempt *attempts, struct pollfd *polls, size_t count)
{
	uint64_t now = now_ms(), deadline = progress_wanted() ? now + PROGRESS_TICK_MS : UINT64_MAX;

	for (size_t i = 0; i < count; i++) {
		struct attempt *attempt = &attempts[i];

		polls[i] = (struct pollfd){ .fd = -1 };
		if (attempt->over)
			continue;
		if (deadline_of(attempt) < deadline)
			deadline = deadline_of(attempt);
		if (attempt->discovery)
			polls[i] = (struct pollfd){ discovery_fd(attempt->discovery), discovery_want(attempt->discovery), 0 };
	}
	if (poll(polls, count, deadline <= now ? 0 : deadline - now > 1000000 ? 1000000 : (int)(deadline - now)) < 0)
		return;
	now = now_ms();
	for (size_t i = 0; i < count; i++) {
		if (!attempts[i].discovery)
			continue;
		if (polls[i].revents)
			discovery_ready(attempts[i].discovery, polls[i].revents);
		else if (now >= deadline_of(&attempts[i]))
			discovery_expired(attempts[i].discovery);
	}
}

static bool advance_all(struct attempt *attempts, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		advance(&attempts[i]);
		any |= !attempts[i].over;
	}
	return any;
}

struct attempts {
	const struct attempt *list;
	size_t count;
};

/* The first iface without an answer. */
static bool describe_wait(char *text, size_t room, void *data)
{
	const struct attempts *attempts = data;

	for (size_t i = 0; i < attempts->count; i++) {
		const struct attempt *attempt = &attempts->list[i];

		if (!attempt->question || attempt->over)
			continue;
		snprintf(text, room, "%s:%d through %s, try %u,", attempt->question->server.portal.address,
			 attempt->question->server.portal.port, record_text(&attempt->run->iface, F_IFACE_ISCSI_IFACENAME),
			 attempt->failures + 1);
		return true;
	}
	return false;
}

static void run_attempts(const struct question *question, struct sendtargets_runs *runs, struct attempt *attempts,
			 struct pollfd *polls)
{
	for (size_t i = 0; i < runs->count; i++) {
		enum iscsi_err err;

		attempts[i] = (struct attempt){ .question = question, .run = &runs->runs[i] };
		err = bind_iface(&attempts[i]);
		if (err != ISCSI_ERR_SUCCESS)
			finish(&attempts[i], err);
		else
			set_settings(&attempts[i]);
	}
	while (advance_all(attempts, runs->count)) {
		wait_for_one(attempts, polls, runs->count);
		progress_tick();
	}
}

/* ---- by way of the daemon, which sees another network ---- */

/* The attempts of one call, in its order. */
struct round {
	struct attempt **attempts;
	const struct record **ifaces;
	size_t count;
};

static void on_far_answer(size_t index, enum iscsi_err err, const char *address, const char *message, struct sendtargets_list *list,
			  void *data)
{
	struct round *round = data;
	struct attempt *attempt = round->attempts[index];

	round->attempts[index] = NULL;
	if (err == ISCSI_ERR_NO_OBJS_FOUND) {
		if (!attempt->run->is_managed)
			print_problem("iface %s: %s", record_text(&attempt->run->iface, F_IFACE_ISCSI_IFACENAME), message);
		finish(attempt, ISCSI_ERR_PDU_TIMEOUT);
		return;
	}
	if (err != ISCSI_ERR_SUCCESS) {
		on_failure(attempt, err, address, *message ? message : iscsi_err_text(err));
		return;
	}
	attempt->run->list = *list;
	*list = (struct sendtargets_list){ 0 };
	on_answer(attempt);
}

static void call_round(struct round *round, struct attempt *attempts, size_t count)
{
	struct adm *adm = attempts->question->adm;
	char *message = NULL;
	enum iscsi_err err;

	round->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (attempts[i].over || attempts[i].next_ms > now_ms())
			continue;
		round->ifaces[round->count] = &attempts[i].run->iface;
		round->attempts[round->count++] = &attempts[i];
	}
	if (!round->count)
		return;
	err = ask_daemon(adm, attempts->question->record, round->ifaces, round->count, round->attempts[0]->failures, on_far_answer, round,
			 &message);
	if (err == ISCSI_ERR_SUCCESS)
		err = ISCSI_ERR_ISCSID_COMM;
	for (size_t i = 0; i < round->count; i++) {
		if (!round->attempts[i])
			continue;
		print_problem("iscsid does not ask: %s", message ? message : iscsi_err_text(err));
		finish(round->attempts[i], err);
	}
	free(message);
}

/* The time of the next try, 0 if there is none to come. */
static uint64_t next_round_ms(const struct attempt *attempts, size_t count)
{
	uint64_t next = 0;

	for (size_t i = 0; i < count; i++)
		if (!attempts[i].over && (!next || attempts[i].next_ms < next))
			next = attempts[i].next_ms ? attempts[i].next_ms : 1;
	return next;
}

static void run_far(const struct question *question, struct sendtargets_runs *runs, struct attempt *attempts)
{
	struct round round = { calloc(runs->count, sizeof(*round.attempts)), calloc(runs->count, sizeof(*round.ifaces)), 0 };
	uint64_t next;

	for (size_t i = 0; i < runs->count; i++) {
		attempts[i] = (struct attempt){ .question = question, .run = &runs->runs[i] };
		if (!round.attempts || !round.ifaces)
			finish(&attempts[i], ISCSI_ERR_NOMEM);
	}
	while ((next = next_round_ms(attempts, runs->count))) {
		if (next > now_ms())
			poll(NULL, 0, next - now_ms() < PROGRESS_TICK_MS ? (int)(next - now_ms()) : PROGRESS_TICK_MS);
		else
			call_round(&round, attempts, runs->count);
		progress_tick();
	}
	free(round.attempts);
	free(round.ifaces);
}

/* One iface that cannot reach the portal does not spoil the others; every other failure does. */
static enum iscsi_err judge(const struct sendtargets_runs *runs)
{
	enum iscsi_err unreachable = ISCSI_ERR_SUCCESS;
	bool any = false;

	for (size_t i = 0; i < runs->count; i++) {
		enum iscsi_err err = runs->runs[i].err;

		if (err == ISCSI_ERR_SUCCESS)
			any = true;
		else if (err == ISCSI_ERR_TRANS || err == ISCSI_ERR_TRANS_TIMEOUT || err == ISCSI_ERR_PDU_TIMEOUT)
			adm_keep_first(&unreachable, err);
		else
			return err;
	}
	return any ? ISCSI_ERR_SUCCESS : unreachable;
}

/* Where a driver connects, the PDUs go through netlink, and that is the daemon's. */
static bool needs_driver(const struct sendtargets_runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		if (!is_software(&runs->runs[i].iface))
			return true;
	return false;
}

static enum iscsi_err ask(struct question *question, struct sendtargets_runs *runs)
{
	struct attempt *attempts = calloc(runs->count + 1, sizeof(*attempts));
	struct pollfd *polls = calloc(runs->count + 1, sizeof(*polls));
	struct attempts all = { attempts, runs->count };
	enum iscsi_err err = ISCSI_ERR_NOMEM;

	if (attempts && polls) {
		progress_start(runs->count == 1 ? "answered" : "ifaces answered", runs->count, describe_wait, &all);
		if (question->server.is_far || needs_driver(runs))
			run_far(question, runs, attempts);
		else
			run_attempts(question, runs, attempts, polls);
		progress_end();
		err = judge(runs);
	}
	free(attempts);
	free(polls);
	return err;
}

enum iscsi_err sendtargets_ask(struct adm *adm, const struct record *discovery, struct sendtargets_runs *runs)
{
	struct question question = { .adm = adm, .record = discovery };
	enum iscsi_err err = prepare(&question);

	if (question.server.is_far)
		bindings_give_up(&runs->bindings);
	if (err == ISCSI_ERR_SUCCESS)
		err = iscsi_err_from_errno(choose_ways(adm, &question.server, runs));
	if (err == ISCSI_ERR_SUCCESS)
		err = ask(&question, runs);
	server_done(&question.server);
	discovery_secrets_done(&question.secrets);
	return err;
}
