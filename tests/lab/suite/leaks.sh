# SPDX-License-Identifier: GPL-3.0-or-later
# What the kernel has of everything a session can leave behind, for scripts that make and remove many. Sourced after /in/lib.sh;
# boot with slub_nomerge, or caches share their counts.
# shellcheck shell=dash disable=SC3043

# entries FOLDER: how many there are
entries() {
	set -- "$1"/*
	[ -e "$1" ] || shift
	echo $#
}

# kernel_threads: but for those of the pool, which come and go
kernel_threads() {
	local dir name count=0
	for dir in /proc/[0-9]*; do
		[ ! -e "$dir/exe" ] && read -r name <"$dir/comm" || continue
		case $name in kworker*) ;; *) count=$((count + 1)) ;; esac
	done 2>/dev/null
	echo $count
}

# resources: "name number" lines; caches are emptied of what is only kept for later use, first.
resources() {
	local cache name
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.2
	for cache in /sys/kernel/slab/*; do
		[ -L "$cache" ] || echo 1 >"$cache/shrink"
	done 2>/dev/null
	awk '
		FILENAME ~ /slabinfo/ && $1 !~ /^(slabinfo|#|vmap_area|tw_sock|tcp_bind|.*inode_cache|dentry|lsm_|filp|pid|buffer_head|debug_objects_cache|kmemleak_)/ { print "slab:" $1, $2, $5 }
		/^(VmallocUsed|Percpu|KernelStack):/ { print "memory:" $1, $2 }
		/^sockets:/ { print "sockets:used", $3 }
		/^TCP:/ { print "sockets:tcp", $3 }
		FILENAME ~ /modules/ && $1 ~ /iscsi/ && $1 !~ /target/ { print "module:" $1, $3 }
	' /proc/slabinfo /proc/meminfo /proc/net/sockstat /proc/modules
	for name in iscsi_session iscsi_connection iscsi_host iscsi_endpoint scsi_host scsi_device scsi_disk bsg block; do
		echo "objects:$name $(entries /sys/class/$name)"
	done
	echo "objects:workqueue $(entries /sys/devices/virtual/workqueue)"
	echo "threads:kernel $(kernel_threads)"
}

# leaked BEFORE AFTER ROUNDS: what grew: caches by an object in three rounds and more than chance, memory likewise, the rest at all.
leaked() {
	awk -v rounds="$3" '
		FNR == NR { before[$1] = $2; next }
		{
			grew = $2 - before[$1]
			limit = 0
			# of a cache a whole slab, whose free objects count as used while a processor holds it
			if ($1 ~ /^slab:/) limit = ($3 > 24 ? $3 : 24) + rounds / 3
			# everybody uses these: what is free in the pages two processors hold counts as used
			if ($1 ~ /^slab:(kmalloc-(cg-)?(8|16|32|64|96)|cred_jar|radix_tree_node)$/) limit = (2 * $3 > 150 ? 2 * $3 : 150) + rounds / 3
			if ($1 ~ /^memory:/) limit = 256 + rounds / 2
			if ($1 ~ /^sockets:/) limit = 4
			if (grew > limit) print $1, before[$1] + 0, "->", $2
		}' "$1" "$2"
}

KMEMLEAK=/sys/kernel/debug/kmemleak
# reachable_from_now, reachable DESCRIPTION: on a kernel with kmemleak=on, all memory that is taken in between is pointed to at the end.
# What is freed by RCU or a work goes first; what is young is not reported. Whose it is, the trace says.
reachable_from_now() {
	mount -t debugfs none /sys/kernel/debug 2>/dev/null
	echo clear >$KMEMLEAK
}
reachable() {
	local _
	for _ in 1 2 3; do
		sleep 6
		echo scan >$KMEMLEAK
	done
	cp $KMEMLEAK /out/kmemleak
	is "$(grep -c '^unreferenced' $KMEMLEAK)" 0 "$1"
	head -n 60 $KMEMLEAK | sed 's/^/# /'
}

# no_leak BEFORE ROUNDS DESCRIPTION: compares with now; what is given back a moment later (RCU, work) is waited for.
no_leak() {
	local n=0
	while resources >/tmp/resources.now && [ -n "$(leaked "$1" /tmp/resources.now "$2")" ] && [ $n -lt 6 ]; do
		n=$((n + 1))
		sleep 1
	done
	is "$(leaked "$1" /tmp/resources.now "$2")" "" "$3"
}
