// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One mistake for each rule beside this file, marked with the rule's name: `tests/kernel-lint` fails if a rule does not see its own, or sees
 * it in what is right. Is never compiled.
 */
struct thing {
	struct device dev;
	spinlock_t lock;
	int count;
};

void bad_free(struct thing *thing)
{
	if (thing) /* free_null */
		kfree(thing);
}

int bad_alloc(int count)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL); /* unchecked */

	thing->count = count;
	return thing->count;
}

int good_alloc(int count)
{
	struct thing *thing = kzalloc(sizeof(*thing), GFP_KERNEL);

	if (!thing)
		return -ENOMEM;
	thing->count = count;
	return 0;
}

int bad_return(struct thing *thing)
{
	spin_lock(&thing->lock);
	if (thing->count)
		return -EBUSY; /* locked_return */
	spin_unlock(&thing->lock);
	return 0;
}

int good_return(struct thing *thing)
{
	spin_lock(&thing->lock);
	if (thing->count) {
		spin_unlock(&thing->lock);
		return -EBUSY;
	}
	spin_unlock(&thing->lock);
	return 0;
}

void bad_sleep(struct thing *thing)
{
	spin_lock_bh(&thing->lock);
	msleep(thing->count); /* sleeping */
	spin_unlock_bh(&thing->lock);
}

void good_sleep(struct thing *thing)
{
	spin_lock_bh(&thing->lock);
	thing->count++;
	spin_unlock_bh(&thing->lock);
	msleep(20);
}

void bad_size(struct thing *thing)
{
	memset(thing, 0, sizeof(thing)); /* sized */
}

int bad_put(struct thing *thing)
{
	kfree(thing);
	return thing->count; /* put_then_used */
}
