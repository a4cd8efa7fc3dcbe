# SPDX-License-Identifier: GPL-3.0-or-later
. /lab/env
. /lab/lib.sh
ok "root" [ "$(id -u)" = 0 ]
cat /proc/uptime
ls /dev; ls /sys/block; df -h /
done_testing
