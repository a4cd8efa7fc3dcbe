# SPDX-License-Identifier: GPL-3.0-or-later
firmware-tools-src := firmware-tools/start_options.c firmware-tools/start_login.c
firmware-tools-src += firmware-tools/hbafw_command.c firmware-tools/hbafw_area.c firmware-tools/hbafw_card.c firmware-tools/hbafw_edit.c firmware-tools/hbafw_list.c
