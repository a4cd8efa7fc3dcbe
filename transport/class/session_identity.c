// SPDX-License-Identifier: GPL-2.0-only
/*
 * No two sessions with one identity. RFC 7143 4.4.3: a target that sees a login with the initiator name, ISID and portal group of a session
 * ends that session, so two of ours would take turns in killing each other. A session has an identity from the START of its first
 * connection to its removal. What is not known (a driver that tells no names, a login that the class has not seen) is not compared.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/stringhash.h>

#include "transport/class/class.h"

static DEFINE_HASHTABLE(identities, 10);
static DEFINE_SPINLOCK(identities_lock);

static int param_get(struct iscsi_cls_session *cls, enum iscsi_param param, char *buf)
{
	int length = cls->transport->get_session_param ? cls->transport->get_session_param(cls, param, buf) : 0;

	if (length <= 0 || length >= PAGE_SIZE)
		return -ENODATA;
	buf[length] = 0;
	strim(buf);
	return !*buf || !strcmp(buf, "(null)") ? -ENODATA : 0;
}

static char *identity_of(struct class_session *session)
{
	char *page = (char *)__get_free_page(GFP_NOIO), *identity = NULL, *initiator = NULL, *target = NULL;
	struct iscsi_cls_session *cls = &session->cls;

	if (!page || !session->isid_known)
		goto out;
	if (!param_get(cls, ISCSI_PARAM_INITIATOR_NAME, page))
		initiator = kstrdup(page, GFP_NOIO);
	if (!param_get(cls, ISCSI_PARAM_TARGET_NAME, page))
		target = kstrdup(page, GFP_NOIO);
	if (initiator && target && !param_get(cls, ISCSI_PARAM_TPGT, page))
		identity = kasprintf(GFP_NOIO, "%s,%*phN,%s,%s", initiator, (int)sizeof(session->isid), session->isid, target, page);
out:
	kfree(initiator);
	kfree(target);
	free_page((unsigned long)page);
	return identity;
}

static struct class_session *identity_find(const char *identity, u32 hash)
{
	struct class_session *session;

	lockdep_assert_held(&identities_lock);
	hash_for_each_possible(identities, session, same_identity, hash)
		if (!strcmp(session->identity, identity))
			return session;
	return NULL;
}

/* At each START: a relogin may come with another name, and takes its old place for granted if it does not. */
int session_identity_check(struct class_session *session)
{
	char *identity = identity_of(session);
	u32 hash;

	lockdep_assert_held(&session->mutex);
	session_identity_forget(session);
	if (!identity)
		return 0;
	hash = full_name_hash(NULL, identity, strlen(identity));
	spin_lock(&identities_lock);
	if (identity_find(identity, hash)) {
		spin_unlock(&identities_lock);
		dev_warn(&session->cls.dev, "there is a session %s already\n", identity);
		kfree(identity);
		return -EEXIST;
	}
	session->identity = identity;
	hash_add(identities, &session->same_identity, hash);
	spin_unlock(&identities_lock);
	return 0;
}

void session_identity_forget(struct class_session *session)
{
	char *identity;

	lockdep_assert_held(&session->mutex);
	spin_lock(&identities_lock);
	hash_del(&session->same_identity);
	identity = session->identity;
	session->identity = NULL;
	spin_unlock(&identities_lock);
	kfree(identity);
}
