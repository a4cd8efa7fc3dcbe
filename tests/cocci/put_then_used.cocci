// SPDX-License-Identifier: GPL-3.0-or-later
// What was given back is looked into once more.
@ rule exists @
expression x, y;
identifier f, g;
position p;
@@
(
 kfree(x);
|
 kfree_skb(x);
|
 put_device(&x->f);
|
 put_device(x);
)
 ... when != x = y
     when != &x
 x@p->g

@ script:python @
p << rule.p;
@@
print("%s:%s: used after it was given back" % (p[0].file, p[0].line))
