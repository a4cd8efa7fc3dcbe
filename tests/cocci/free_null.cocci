// SPDX-License-Identifier: GPL-3.0-or-later
// What frees takes NULL: a test before it says nothing.
@ rule @
expression E;
position p;
@@
 if@p (E)
(
   kfree(E);
|
   kvfree(E);
|
   mempool_destroy(E);
|
   kmem_cache_destroy(E);
|
   kfree_sensitive(E);
|
   kfree_skb(E);
)

@ script:python @
p << rule.p;
@@
print("%s:%s: a test for NULL before freeing" % (p[0].file, p[0].line))
