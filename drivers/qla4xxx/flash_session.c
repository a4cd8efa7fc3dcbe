// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's device list: what it has loaded out of the flash, and found by its own SendTargets, becomes sessions that are logged in
 * for as long as there is a host. The list is made in the background when the link first comes up, and after each start of the firmware,
 * which then has forgotten what it was told; sessions that are in it already stay. Flash nodes log in and out one by one.
 *
 * Afterwards the firmware's entries are cleared, so that their indices can be had: sessions ask for theirs again.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "drivers/qla4xxx/config.h"
#include "drivers/qla4xxx/session.h"

#define ADDRESS_SECONDS		30	/* for addresses on their way */
#define DISCOVERY_SECONDS	30	/* for SendTargets of all portals at once */
#define POLL_MS			100
#define ENTRY_TRIES		5
#define QUALIFIER		0xe0	/* bits of a byte of the ISID that tell sessions with one target apart */
#define QUALIFIER_STEP		0x20
#define QUALIFIERS		8

typedef int entry_fn(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *data);

/* The way to those behind it: a firmware that does not show it is asked again. */
static int entry_get(struct qla_host *host, u16 ddb, u8 *entry, struct ddb_answer *answer)
{
	unsigned int tries = ENTRY_TRIES;
	int result = ddb_get(host, ddb, entry, answer);

	while (result == -EIO && --tries && !host_is_lost(host)) {
		msleep(POLL_MS);
		result = ddb_get(host, ddb, entry, answer);
	}
	if (result == -EIO)
		host_warn(host, "the firmware does not show entry %u of its devices, nor those behind it\n", ddb);
	return result;
}

/* Entries in use, in the order of their indices; fn's error ends it. */
static int entries_walk(struct qla_host *host, entry_fn *fn, void *data)
{
	u8 *entry = kzalloc(ISP_DDB_SIZE, GFP_NOIO);
	struct ddb_answer answer;
	unsigned int turns = 0;
	u16 ddb = 0;
	int result;

	if (!entry)
		return -ENOMEM;
	do {
		result = entry_get(host, ddb, entry, &answer);
		if (result)
			break;
		if (answer.state != ISP_DDB_UNASSIGNED)
			result = fn(host, ddb, entry, &answer, data);
		ddb = answer.next;
	} while (!result && ddb && ++turns < ISP_DDBS);
	kfree(entry);
	return result;
}

static bool is_nameless(const u8 *entry)
{
	return !*(const char *)field_at(ISP_DDB_ROW_NAME, (void *)entry);
}

/* --- the firmware's own discovery --- */

static int discovery_begin(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *data)
{
	if (is_nameless(entry) && ddb_is_clearable(answer->state) && ddb_open(host, ddb) == -EIO)
		host_warn(host, "entry %u of the flash: the firmware does not ask its portal for targets\n", ddb);
	return 0;
}

static int discovery_is_over(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *data)
{
	return is_nameless(entry) && !ddb_is_clearable(answer->state) ? -EINPROGRESS : 0;
}

static int discovery_is_needed(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *data)
{
	return is_nameless(entry) && ddb_is_clearable(answer->state) ? -EINPROGRESS : 0;
}

static int discover(struct qla_host *host)
{
	unsigned long end = jiffies + DISCOVERY_SECONDS * HZ;
	int result = entries_walk(host, discovery_is_needed, NULL);

	if (result != -EINPROGRESS)
		return result;
	acb_wait_addresses(host, ADDRESS_SECONDS);
	result = entries_walk(host, discovery_begin, NULL);
	while (!result && time_before(jiffies, end)) {
		result = entries_walk(host, discovery_is_over, NULL);
		if (result != -EINPROGRESS)
			return result;
		msleep(POLL_MS);
		result = 0;
	}
	return result;
}

/* --- entries with a name, kept while the firmware's are cleared --- */

struct found {
	struct list_head list;
	u8 entry[ISP_DDB_SIZE];
};

static int found_add(struct list_head *all, const u8 *entry)
{
	struct found *found = kmalloc(sizeof(*found), GFP_NOIO);

	if (!found)
		return -ENOMEM;
	memcpy(found->entry, entry, ISP_DDB_SIZE);
	list_add_tail(&found->list, all);
	return 0;
}

static void found_free(struct list_head *all)
{
	struct found *found, *next;

	list_for_each_entry_safe(found, next, all, list)
		kfree(found);
	INIT_LIST_HEAD(all);
}

static bool is_boot_target(struct qla_host *host, u16 ddb)
{
	return !ql4xdisablesysfsboot && ddb < ISP_FLASH_DDBS && boot_is_target(host, ddb);
}

static int find_targets(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *all)
{
	if (is_nameless(entry) || is_boot_target(host, ddb) || !ddb_is_clearable(answer->state))
		return 0;
	return found_add(all, entry);
}

struct children { u16 parent; struct list_head *all; };

static int find_children(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *data)
{
	struct children *children = data;

	if (is_nameless(entry) || !ddb_is_clearable(answer->state) || field_get(ISP_DDB_ROW_LINK, entry) != children->parent)
		return 0;
	return found_add(children->all, entry);
}

static int clear(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *data)
{
	int result = ddb_is_clearable(answer->state) ? ddb_clear(host, ddb) : 0;

	return result == -EIO ? 0 : result;
}

static int clear_children(struct qla_host *host, u16 ddb, u8 *entry, const struct ddb_answer *answer, void *data)
{
	const struct children *children = data;

	return field_get(ISP_DDB_ROW_LINK, entry) == children->parent ? clear(host, ddb, entry, answer, NULL) : 0;
}

/* --- their sessions --- */

static bool same_row(enum isp_row row, const u8 *one, const u8 *other)
{
	return !memcmp(one + isp_fields[row].offset, other + isp_fields[row].offset, isp_fields[row].width);
}

/* The ISID's byte with the qualifier, which is ours to vary. */
static u8 *qualifier(u8 *entry)
{
	return (u8 *)field_at(ISP_DDB_ROW_ISID, entry) + 1;
}

static bool is_of_entry(struct qla_session *session, const u8 *entry)
{
	u8 *copy;
	bool is;

	if (session->kind != SESSION_FLASH || !ddb_same_target(session->wanted, entry, false))
		return false;
	copy = kmemdup(entry, ISP_DDB_SIZE, GFP_NOIO);
	if (!copy)
		return true;
	*qualifier(copy) = (*qualifier(copy) & ~QUALIFIER) | (*qualifier(session->wanted) & QUALIFIER);
	is = same_row(ISP_DDB_ROW_ISID, copy, session->wanted);
	kfree(copy);
	return is;
}

/* The target would take one for the other. */
static bool has_same_isid(struct qla_session *session, const u8 *entry)
{
	return session->kind == SESSION_FLASH && same_row(ISP_DDB_ROW_NAME, session->wanted, entry) &&
	       same_row(ISP_DDB_ROW_ISID, session->wanted, entry);
}

static bool any_session(struct qla_host *host, bool (*is)(struct qla_session *session, const u8 *entry), const u8 *entry)
{
	struct qla_session *session;
	bool found = false;
	u16 ddb;

	for (ddb = 0; ddb < ISP_DDBS && !found; ddb++) {
		session = session_get(host, ddb);
		if (!session)
			continue;
		found = is(session, entry);
		session_put(session);
	}
	return found;
}

static void isid_vary(struct qla_host *host, u8 *entry)
{
	unsigned int i;

	for (i = 0; i < QUALIFIERS && any_session(host, has_same_isid, entry); i++)
		*qualifier(entry) += QUALIFIER_STEP;
}

static int session_make(struct qla_host *host, u8 *entry)
{
	struct qla_session *session;
	int error;

	if (any_session(host, is_of_entry, entry))
		return -EEXIST;
	isid_vary(host, entry);
	field_set(ISP_DDB_ROW_TSIH, entry, 0);
	session = session_new(host, SESSION_FLASH, entry, &error);
	if (!session)
		return error;
	if (!conn_create(session->cls, 0)) {
		session_destroy(session->cls);
		return -ENOMEM;
	}
	mutex_lock(&session->mutex);
	login_start(session, 0);
	mutex_unlock(&session->mutex);
	return 0;
}

static void found_done(struct found *found)
{
	list_del(&found->list);
	kfree(found);
}

/* Each is tried; the list is empty afterwards. */
static int sessions_make(struct qla_host *host, struct list_head *all)
{
	struct found *found, *next;
	int result, last = 0;

	list_for_each_entry_safe(found, next, all, list) {
		result = last == -ENODEV || last == -EBUSY ? last : session_make(host, found->entry);
		if (result && result != -EEXIST) {
			host_warn(host, "no session with %.*s: error %d\n", isp_fields[ISP_DDB_ROW_NAME].width,
				  (char *)field_at(ISP_DDB_ROW_NAME, found->entry), result);
			last = result;
		}
		found_done(found);
	}
	return last;
}

/* --- the list --- */

/* A firmware that is lost meanwhile is started again, and then this runs again. */
static bool is_over(int result)
{
	return result == -EBUSY || result == -ENODEV || result == -ETIMEDOUT;
}

static int list_make(struct qla_host *host)
{
	LIST_HEAD(all);
	int result = discover(host);

	if (!is_over(result))
		result = entries_walk(host, find_targets, &all);
	if (!is_over(result))
		result = entries_walk(host, clear, NULL);
	if (!is_over(result)) {
		WRITE_ONCE(host->sessions->must_list, false);
		result = sessions_make(host, &all);
	}
	found_free(&all);
	return result;
}

static void list_run(struct work_struct *work)
{
	struct sessions *sessions = container_of(work, struct sessions, list_work);
	struct qla_host *host = sessions->host;
	int result;

	if (!READ_ONCE(sessions->must_list) || !host_ready(host))
		return;
	result = list_make(host);
	if (is_over(result))
		return;
	set_bit(HOST_LISTED, &host->flags);
	sessions_kick(host);
}

/* Of its own: it waits for events, which the host's workqueue takes; and recovery, which frees memory, waits for it. */
int flash_sessions_init(struct qla_host *host)
{
	struct sessions *sessions = host->sessions;

	INIT_WORK(&sessions->list_work, list_run);
	sessions->workqueue = alloc_workqueue("qla4xxx_list_%u", WQ_UNBOUND | WQ_MEM_RECLAIM, 1, host->shost->host_no);
	return sessions->workqueue ? 0 : -ENOMEM;
}

void flash_sessions_list(struct qla_host *host)
{
	queue_work(host->sessions->workqueue, &host->sessions->list_work);
}

/* --- flash nodes --- */

static int portal_wait(struct qla_host *host, u16 ddb)
{
	unsigned long end = jiffies + DISCOVERY_SECONDS * HZ;
	struct ddb_answer answer;
	int result;

	do {
		msleep(POLL_MS);
		result = ddb_get(host, ddb, NULL, &answer);
		if (result || ddb_is_clearable(answer.state))
			return result;
	} while (time_before(jiffies, end));
	ddb_logout(host, ddb);
	return -ETIMEDOUT;
}

/* The firmware asks the portal for its targets, for an entry that lives as long as that takes. */
static int login_portal(struct qla_host *host, const void *entry)
{
	struct children children;
	LIST_HEAD(all);
	u16 ddb;
	int result = ddb_request(host, &ddb);

	if (result)
		return result;
	children = (struct children){ ddb, &all };
	result = ddb_set(host, ddb, entry);
	if (!result)
		result = ddb_open(host, ddb);
	if (!result)
		result = portal_wait(host, ddb);
	if (!result)
		result = entries_walk(host, find_children, &children);
	if (!result)
		result = entries_walk(host, clear_children, &children);
	ddb_release(host, ddb, true);
	if (!result)
		result = sessions_make(host, &all);
	found_free(&all);
	return result;
}

int flash_session_login(struct qla_host *host, const void *entry)
{
	u8 *copy;
	int result;

	if (!host_ready(host) || READ_ONCE(host->sessions->must_list))
		return -EBUSY;
	if (is_nameless(entry))
		return login_portal(host, entry);
	copy = kmemdup(entry, ISP_DDB_SIZE, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	result = session_make(host, copy);
	kfree(copy);
	/* By this one tools know that it is logged in. */
	return result == -EEXIST ? -EPERM : result;
}

int flash_session_logout(struct qla_host *host, const void *entry)
{
	struct qla_session *session = session_find(host, entry, true);
	int result = 0;

	if (!session)
		return -ENOENT;
	if (session->kind != SESSION_FLASH)
		result = -EPERM;
	else if (!session_begin_removal(session))
		result = -EBUSY;
	else
		session_remove(session);
	session_put(session);
	return result;
}
