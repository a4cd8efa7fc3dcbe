// SPDX-License-Identifier: GPL-3.0-or-later
// What may sleep, under a spinlock.
@ rule exists @
expression L;
position p;
@@
(
 spin_lock(L);
|
 spin_lock_bh(L);
|
 spin_lock_irq(L);
|
 spin_lock_irqsave(L, ...);
|
 read_lock_bh(L);
)
 ... when != \( spin_unlock(L) \| spin_unlock_bh(L) \| spin_unlock_irq(L) \| spin_unlock_irqrestore(L, ...) \| read_unlock_bh(L) \)
(
 mutex_lock@p(...)
|
 flush_work@p(...)
|
 cancel_work_sync@p(...)
|
 cancel_delayed_work_sync@p(...)
|
 msleep@p(...)
|
 lock_sock@p(...)
|
 wait_event@p(...)
|
 synchronize_rcu@p(...)
|
 synchronize_net@p(...)
|
 kmalloc@p(..., \( GFP_KERNEL \| GFP_NOIO \))
|
 kzalloc@p(..., \( GFP_KERNEL \| GFP_NOIO \))
)

@ script:python @
p << rule.p;
@@
print("%s:%s: may sleep under a spinlock" % (p[0].file, p[0].line))
