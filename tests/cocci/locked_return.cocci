// SPDX-License-Identifier: GPL-3.0-or-later
// A way out of a function that still holds the lock it took.
@ rule exists @
expression L;
expression E;
position p;
@@
(
 spin_lock(L);
|
 spin_lock_bh(L);
|
 spin_lock_irq(L);
|
 mutex_lock(L);
|
 down_read(L);
|
 down_write(L);
)
 ... when != \( spin_unlock(L) \| spin_unlock_bh(L) \| spin_unlock_irq(L) \| mutex_unlock(L) \| up_read(L) \| up_write(L) \)
 return@p E;

@ script:python @
p << rule.p;
@@
print("%s:%s: returns with the lock held" % (p[0].file, p[0].line))
