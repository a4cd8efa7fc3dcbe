# SPDX-License-Identifier: GPL-3.0-or-later
# Emulated HBAs without a driver are pulled and plugged: all their functions go and come.
. /lab/env
. /lab/lib.sh
rm -r "/lib/modules/$(uname -r)/kernel/drivers/scsi/qla4xxx"
for round in 1 2 3; do
	for hba in $LAB_HBAS; do
		ok "round $round: pull $hba" lab-hotplug del hba "${hba#hba}"
		is "$(hba_functions "${hba#hba}")" 0 "round $round: no function is left"
	done
	for hba in $LAB_HBAS; do
		ok "round $round: plug $hba" lab-hotplug add hba "${hba#hba}"
		is "$(hba_functions "${hba#hba}")" "$LAB_HBA_PORTS" "round $round: all its functions are back"
	done
done
ok "one that is not there" test "$(lab-hotplug add hba 9 >/dev/null 2>&1; echo $?)" = 1
done_testing
