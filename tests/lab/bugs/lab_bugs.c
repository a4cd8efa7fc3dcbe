// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes made on purpose, one for each load: what= names it. The lab's
 * self-test loads this on the debug kernel and expects a complaint for each;
 * a kind of mistake without a row here is one nobody may rely on being seen.
 * The load itself fails, so that the module is gone afterwards.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "the mistake to make");

static DEFINE_SPINLOCK(spin);
static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

/* The compiler must see neither the size nor the end of what is behind it. */
static void *hidden(void *memory)
{
	OPTIMIZER_HIDE_VAR(memory);
	return memory;
}

static void use_after_free(void)
{
	char *memory = kzalloc(100, GFP_KERNEL);

	kfree(memory);
	WRITE_ONCE(*(char *)hidden(memory), 1);
}

static void double_free(void)
{
	char *memory = kzalloc(100, GFP_KERNEL);

	kfree(memory);
	kfree(hidden(memory));
}

static void slab_overflow(void)
{
	char *memory = kzalloc(100, GFP_KERNEL);

	if (memory)
		WRITE_ONCE(((char *)hidden(memory))[104], 1);
	kfree(memory);
}

static void lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void take_spin(struct timer_list *unused)
{
	spin_lock(&spin);
	spin_unlock(&spin);
}

/* The timer may come while the lock is held, on the same processor. */
static void lock_in_timer(void)
{
	struct timer_list timer;

	take_spin(NULL);
	timer_setup_on_stack(&timer, take_spin, 0);
	mod_timer(&timer, jiffies + 1);
	msleep(50);
	del_timer_sync(&timer);
	destroy_timer_on_stack(&timer);
}

static void cpu_may_change(void)
{
	pr_info("on processor %u\n", smp_processor_id());
}

static void sleep_in_atomic(void)
{
	spin_lock(&spin);
	msleep(20);
	spin_unlock(&spin);
}

static void allocate_in_atomic(void)
{
	spin_lock(&spin);
	kfree(kmalloc(100, GFP_KERNEL));
	spin_unlock(&spin);
}

static void list_del_twice(void)
{
	struct list_head entry;
	LIST_HEAD(list);

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
}

static void array_bounds(void)
{
	static struct {
		int row[4];
		int guard[4];
	} table;
	int at = 5;

	OPTIMIZER_HIDE_VAR(at);
	WRITE_ONCE(table.row[at], 1);
}

static void free_with_work_queued(void)
{
	struct delayed_work *work = kzalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return;
	INIT_DELAYED_WORK(work, NULL);
	schedule_delayed_work(work, 10 * HZ);
	kfree(work);
}

static void leak(void)
{
	int i;

	for (i = 0; i < 16; i++)
		hidden(kzalloc(3000, GFP_KERNEL));
}

static const struct {
	const char *name;
	void (*make)(void);
} bugs[] = {
	{ "use_after_free", use_after_free },
	{ "double_free", double_free },
	{ "slab_overflow", slab_overflow },
	{ "lock_order", lock_order },
	{ "lock_in_timer", lock_in_timer },
	{ "cpu_may_change", cpu_may_change },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "allocate_in_atomic", allocate_in_atomic },
	{ "list_del_twice", list_del_twice },
	{ "array_bounds", array_bounds },
	{ "free_with_work_queued", free_with_work_queued },
	{ "leak", leak },
};

static int __init lab_bugs_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (!strcmp(bugs[i].name, what)) {
			pr_info("%s\n", what);
			bugs[i].make();
			return -ECANCELED;
		}
	}
	return -EINVAL;
}
module_init(lab_bugs_init);

MODULE_DESCRIPTION("Mistakes for the lab's debug kernel to find");
MODULE_LICENSE("GPL");
