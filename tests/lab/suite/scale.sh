# SPDX-License-Identifier: GPL-3.0-or-later
# scale.sh COUNT: what creating, finding and removing a session costs does not grow with their number: the first 16 of COUNT against
# the last 16, within 20%, counted in instructions (--icount).
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
/in/scale 32 >/dev/null
ok "$1 sessions come and go" /in/scale "$1"
cp /tmp/.tap /tmp/scale
is "$(sessions)" 0 "no session is left"
while read -r what first last; do
	case $what in
	create | lookup | remove)
		ok "$what: $first ns each of the first 16, $last of the last" test $((last * 10)) -le $((first * 12)) -a $((first * 10)) -le $((last * 12)) ;;
	esac
done </tmp/scale
is "$(grep -c '^create\|^lookup\|^remove' /tmp/scale)" 3 "all three were measured"
suite_done
