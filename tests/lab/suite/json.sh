# SPDX-License-Identifier: GPL-3.0-or-later
# Every command with --json, against a real target: nothing on stderr, every line as docs/json.md says, the result is the exit status;
# counters, ages and disks of sessions are the kernel's; an interrupt, a full disk and a daemon that is away end the output properly.
# shellcheck shell=dash disable=SC1091
. /lab/env
. /lab/lib.sh
. /in/lib.sh
target=iqn.2026-11.org.openhba.lab:t0 portal=10.9.0.1:3260
mkdir -p /tmp/json
checked='' number=0

# j STATUS ARGUMENT...: runs it; what it printed is in $out.
j() {
	wanted=$1
	shift
	number=$((number + 1))
	out=/tmp/json/$number
	$A --json "$@" >$out 2>/tmp/json.err </dev/null
	status=$?
	checked="$checked $status $out"
	is "$status $(cat /tmp/json.err)" "$wanted " "$*: status $wanted, nothing on stderr"
}
has() { ok "  $1" grep -q "$2" "$out"; }		# has DESCRIPTION PATTERN
value() { sed -n 's/.*"'"$1"'":\([0-9]*\).*/\1/p' "$out"; }	# value NAME: of a number
count() { is "$(grep -c "$2" "$out")" "$1" "  $3"; }	# count NUMBER PATTERN DESCRIPTION

j 20 -m discovery -t st -p $portal
daemon_start
j 0 -V
j 0 -h
j 7 -m node extra
j 21 -m node
j 21 -m session

j 0 -m iface -I if0 -o new
j 0 -m iface -I if0 -o update -n iface.net_ifacename -v "${LAB_NICS%% *}"
j 0 -m iface
j 0 -m iface -P 1
j 0 -m iface -I if0
j 0 -m iface -I if0 -o delete
has "an outcome" '"operation":"delete","kind":"iface"'

j 0 -m discovery -t st -p $portal -o nonpersistent
has "found, not stored" '"type":"found".*"stored":null'
j 21 -m node
j 0 -m discovery -t st -p $portal
has "found and made" '"type":"found".*"stored":"new"'
j 0 -m discovery -t st -p $portal -o update
has "found and rewritten" '"type":"found".*"stored":"update"'
j 0 -m discovery -t st -p $portal -o new
has "found and kept" '"type":"found".*"stored":"kept"'
j 0 -m iface -I if9 -o new -n iface.net_ifacename -v no-such-nic -n iface.bind -v reachable
j 0 -m discovery -t st -p $portal -o nonpersistent
has "found, and nobody reaches it" '"type":"found".*"iface":null,"stored":null'
j 0 -m iface -I if9 -o delete
j 0 -m discoverydb -t st -p 10.9.0.1:3999 -o new
j 0 -m discoverydb -t st -p 10.9.0.1:3999 -o update -n discovery.sendtargets.reopen_max -v 0
j 11 -m discoverydb -t st -p 10.9.0.1:3999 -D
has "why it failed" '"type":"error".*onnection refused'
j 0 -m discovery
j 0 -m discovery -P 1
j 0 -m discoverydb -t st -p $portal --origins
has "an origin" '"origins":{.*"discovery.sendtargets.address":"record"'
j 0 -m discoverydb -t st -p 10.9.0.1:3999 -o delete

j 0 -m node
j 0 -m node -P 0
j 0 -m node -T $target -o show --origins
j 0 -m node -T iqn.x:dead -p 10.9.0.1:3998,1 -o new
j 0 -m node -T iqn.x:dead -o update -n node.session.initial_login_retry_max -v 1
j 8 -m node -T iqn.x:dead --login
has "an outcome with the reason" '"operation":"login".*"code":8.*efused'
j 0 -m node -T iqn.x:dead -o delete
# One portal is enough: the others of the target are dropped.
$A -m node -T $target | awk '$1 == "node.conn[0].address" { print $3 }' | grep -vxF 10.9.0.1 | while read -r other; do
	case $other in *:*) other="[$other]" ;; esac
	$A -m node -T $target -p "$other" -o delete
done
j 0 -m node -T $target --login
has "the session's number" '"operation":"login".*"sid":[0-9]'
j 15 -m node -T $target --login
sid=$(newest_sid)
disk=$(disk_of "$sid")
udevadm settle -t 60
j 15 -m node -T $target -o delete

j 0 -m session -r "$sid" -P 3
before=$(value rxdata_octets)
dd if=/dev/"$disk" of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null
sleep 1
j 0 -m session
after=$(value rxdata_octets)
ok "  bytes are counted ($before, $after)" test $((after - before)) -ge 4194304
ok "  the state has an age" test "$(value state_age)" -ge 1
has "the daemon's states" '"connection_state":"LOGGED_IN","daemon_state":"NO_CHANGE"'
has "the identity of the disk" "\"name\":\"$disk\",\"state\":\"running\",\"wwid\":\"$(cat /sys/block/"$disk"/device/wwid)\""
path=$(grep -o "\"name\":\"$disk\"[^}]*\"by_path\":\"[^\"]*" "$out" | sed 's/.*"by_path":"//')
is "$(readlink -f "$path")" "/dev/$disk" "  the path of the disk leads to it ($path)"
for level in 0 1 2 3; do j 0 -m session -P $level; done
j 7 -m session -P 4
j 0 -m session -r "$sid"
has "its record" '"type":"node".*"settings":{'
j 0 -m session -r "$sid" -P 2 -S
j 0 -m session -s
has "counters" '"type":"statistics".*"txdata_octets":[1-9]'
j 0 -m session -R
has "an outcome" '"operation":"rescan","kind":"session","sid":'"$sid"
j 0 -m session -r "$sid" -o new
count 1 '"operation":"login"' "one more session"
j 0 -m session -P 0
count 2 '"type":"session"' "two sessions"
$A -m session -P 3 >/tmp/text
is "$(grep -c 'Statistics:' /tmp/text)" 2 "text: each session has counters"
is "$(grep -cE '(Seconds In State|Bytes Sent|Bytes Received|SCSI Commands): [0-9]+$' /tmp/text)" 8 "text: they are numbers"

# The daemon is away: no failure, no delay, null.
daemon_kill
start=$(now_ns)
j 0 -m session
ok "  at once" test $((($(now_ns) - start) / 1000000)) -lt 3000
has "nothing is known of counters and ages" '"state_age":null.*"counters":null,"extended":null'
daemon_start
: >/tmp/states
wait_for 'grep -q NO_CHANGE /tmp/states || { $A --json -m session >/tmp/states; false; }' 20
j 0 -m node -U all
count 2 '"operation":"logout".*"code":0' "both are logged out"
j 21 -m node -U all
j 0 -m node -L all
j 0 -m session -u
j 0 -m node -T $target -l -W
has "taken, number unknown" '"operation":"login".*"sid":null.*"code":0'
wait_for '[ "$(sessions)" = 1 ]' 20
j 0 -m node -u

# An interrupt in the middle of a login that takes long.
$A -m node -T iqn.x:silent -p 10.9.0.77:3260,1 -o new >/dev/null
$A --json -m node -T iqn.x:silent --login >/tmp/json/interrupted 2>/tmp/json.err &
pid=$!
sleep 2
kill -INT $pid
wait $pid
is "$? $(cat /tmp/json.err)" "1 " "an interrupted login: status 1, nothing on stderr"
checked="$checked 1 /tmp/json/interrupted"
$A -m node -T iqn.x:silent -o delete

$A --json -m node >/dev/full 2>/tmp/json.err
is "$? $(cat /tmp/json.err)" "1 " "a full disk: status 1, nothing on stderr"
$A -m node >/dev/full 2>/dev/null
is "$?" 1 "a full disk, as text: status 1"
j 0 -m node -o delete
has "an outcome" '"operation":"delete","kind":"node"'

# shellcheck disable=SC2086  # pairs of status and file
/in/json-schema /in/json.md $checked >/tmp/schema
is "$?" 0 "every line is as docs/json.md says: $(tail -n 1 /tmp/schema)"
sed 's/^/# /' /tmp/schema
suite_done
