# SPDX-License-Identifier: GPL-3.0-or-later
# hba-failover.sh: two emulated HBAs with our qla4xxx, the target t0 in the flash of both, dm-multipath over the two; one HBA is pulled under
# fio with verify, and comes back. Then the same the other way round.
# shellcheck shell=dash disable=SC1091,SC2154,SC2086
. /lab/env
. /lab/lib.sh
. /in/lib.sh
. /in/hba-lib.sh
. /in/ports.sh

# paths_are NUMBER [SECONDS]: so many paths are in use, of all maps
paths_are() { wait_for "sleep 0.2; [ \"\$(paths)\" = $1 ]" "${2:-60}"; }

ok "the driver loads" hba_start
for port in 0 1; do ok "port $port: logs in by itself" session_ready "$port" "$plain" 1; done
ok "multipathd" multipath_start
maps=$(disks_of "$(port_sids 0)" | wc -l)
ok "two paths to each of $maps disks" paths_are $((2 * maps))
for card in 1 0; do
	fio_start "$(mpath)" 25 --rate_iops=50
	sleep 3
	ok "card $card is pulled under I/O" lab-hotplug del hba $card
	ok "one path is left" paths_are "$maps" 20
	ok "card $card is plugged" lab-hotplug add hba $card
	wait $fio_pid
	is $? 0 "card $card: fio with verify saw no error"
	longest=$(fio_longest)
	ok "card $card: the longest I/O took $longest ms, at most 5000" [ "$longest" -le 5000 ]
	echo "RESULT hba-failover 1 ${longest}000000"
	ok "card $card: two paths again" paths_are $((2 * maps))
done
multipath -F
suite_done
