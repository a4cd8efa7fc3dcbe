# SPDX-License-Identifier: GPL-3.0-or-later
# hba-chap.sh: CHAP both ways by the firmware of an emulated HBA under the distribution's driver, for entries of the flash (hba.sh has it for
# sessions by iscsid). Port 0 has the credentials; the target's secret that port 1 has is wrong: the target is refused.
# shellcheck shell=dash disable=SC1091,SC2154
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh

# refusals PORT: logins that ended for want of the right credentials
refusals() { traced "$1" 'event 8014 DDB_CHANGED .*3=6 4=3'; } # words of 0 are not shown

ok "the driver loads" hba_start
ok "port 0: an entry of the flash, CHAP both ways" session_ready 0 "$guarded" 1 120
is "$(refusals 0)" 0 "port 0: nothing was refused"
ok "port 1: a target with a wrong secret is refused" wait_for '[ "$(refusals 1)" -gt 0 ]' 120
ok "port 1: there is no session" sh -c '! grep -q LOGGED_IN /sys/class/iscsi_host/host'"$(host_of 1)"'/device/session*/iscsi_session/*/state'
ok "port 0: can be read" dd "if=/dev/$(disks_of "$(port_sids 0)" | head -1)" of=/dev/null bs=4096 count=16 iflag=direct

suite_done
