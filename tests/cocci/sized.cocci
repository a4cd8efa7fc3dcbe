// SPDX-License-Identifier: GPL-3.0-or-later
// As many bytes as a pointer has, asked for or cleared in place of what it points to.
@ rule @
type T;
T *x;
position p;
@@
(
 x = \( kmalloc \| kzalloc \| kvzalloc \)(sizeof@p(x), ...)
|
 memset(x, ..., sizeof@p(x))
|
 memcpy(x, ..., sizeof@p(x))
)

@ script:python @
p << rule.p;
@@
print("%s:%s: size of a pointer" % (p[0].file, p[0].line))
