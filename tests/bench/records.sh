# SPDX-License-Identifier: GPL-3.0-or-later
# records.sh N: guest time of record commands over N node records. Prints "RESULT NAME COUNT NANOSECONDS".
# The records are made once, in bulk, with the same settings for either tool set.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
n=$1
daemon_start || exit 1
if [ "$LAB_TOOLS" = ours ]; then
	/in/fill /etc/iscsi "$n" || exit 1
else
	$A -m node -T iqn.2026-11.org.openhba.bench:t0 -p 10.0.0.0:3260,1 -o new >/dev/null || exit 1
	root=/etc/iscsi
	[ -d $root/nodes ] || root=/var/lib/iscsi
	cd $root/nodes || exit 1
	awk -v n="$n" 'BEGIN { for (i = 1; i < n; i++) printf "iqn.2026-11.org.openhba.bench:t%d/10.0.%d.%d,3260,1\n", i, i / 256, i % 256 }' | xargs mkdir -p
	awk -v n="$n" '{ line[NR] = $0 }
		END { for (i = 1; i < n; i++) {
			target = "iqn.2026-11.org.openhba.bench:t" i
			address = sprintf("10.0.%d.%d", i / 256, i % 256)
			file = target "/" address ",3260,1/default"
			for (l = 1; l <= NR; l++) {
				text = line[l]
				if (text ~ /^node.name = /) text = "node.name = " target
				if (text ~ /^node.conn\[0\].address = /) text = "node.conn[0].address = " address
				print text >file
			}
			close(file) } }' iqn.2026-11.org.openhba.bench:t0/10.0.0.0,3260,1/default
	cd / || exit 1
fi
[ "$($A -m node | wc -l)" -eq "$n" ] || { echo "not $n records: $($A -m node | wc -l)"; exit 1; }

# measure NAME COMMAND...
measure() {
	name=$1
	shift
	for round in 1 2 3; do
		before=$(now_ns)
		"$@" >/tmp/out 2>&1 || { cat /tmp/out; exit 1; }
		after=$(now_ns)
		echo "RESULT $name $n $((after - before))"
	done
}
one="-T iqn.2026-11.org.openhba.bench:t50 -p 10.0.0.50:3260"
measure list $A -m node
# shellcheck disable=SC2086  # options
measure show-one $A -m node $one -o show
# shellcheck disable=SC2086
measure update-one $A -m node $one -o update -n node.startup -v automatic
measure update-all $A -m node -o update -n node.session.queue_depth -v 64
measure show-all $A -m node -o show
