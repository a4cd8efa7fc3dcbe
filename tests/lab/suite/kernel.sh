# SPDX-License-Identifier: GPL-3.0-or-later
# The user side of the kernel ABI against this kernel: /in/kernel lives one session's life without the daemon.
# shellcheck shell=dash disable=SC1091,SC2086
. /lab/env
. /lab/lib.sh
set -- $LAB_PORTALS
portal=$1
exec /in/kernel $LAB_TARGETS "${portal%:*}" "${portal##*:}"
