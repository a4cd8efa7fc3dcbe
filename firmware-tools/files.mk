# SPDX-License-Identifier: GPL-3.0-or-later
firmware-tools-src := firmware-tools/start_options.c firmware-tools/start_login.c
