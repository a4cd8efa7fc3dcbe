// SPDX-License-Identifier: GPL-3.0-or-later
// Memory that was asked for is used before anybody looked whether it came.
@ rule @
expression x;
identifier f;
statement S1, S2;
position p;
@@
 x =@p \( kmalloc(...) \| kzalloc(...) \| kcalloc(...) \| kvmalloc(...) \| kvzalloc(...) \| kmemdup(...) \| kstrdup(...) \| alloc_skb(...) \| nlmsg_new(...) \)
 ... when != (\( x == NULL \| x != NULL \| x \) && ...)
     when != if (\( !x \| x \| x == NULL \| x != NULL \)) S1 else S2
     when != x = ...
 x->f

@ script:python @
p << rule.p;
@@
print("%s:%s: used before it is known whether there is memory" % (p[0].file, p[0].line))
