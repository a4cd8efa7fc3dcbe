# SPDX-License-Identifier: GPL-3.0-or-later
lib-src :=
lib-src += lib/store.c lib/store_gate.c lib/store_key.c
