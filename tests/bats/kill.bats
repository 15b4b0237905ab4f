#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# [4] kill -9 in the middle: wgctl is killed at its N-th system call of a kind,
# for every N, and what is left must be undone by the next `down`. strace does
# the killing, on entry of the call: at a write to the journal (a step is
# announced or done), and at a message to the kernel. A step has two lines in
# the journal; in a guest, where all is slow, one kernel gets the first of each
# and the other the second.

load net

setup() {
	keys client
	keys server
	host_new c
	ip link add up0 netns "${HOST_PID[c]}" type veth peer name up1 netns "${HOST_PID[c]}"
	on c ip addr add 10.9.0.1/24 dev up0
	on c ip link set up1 up
	on c ip link set up0 up
	settled c up0
	# The first name that anybody gives makes /run/netns a mount, for good.
	on c ip netns add first
	on c ip netns del first
	victim=ftun
	profile c ftun.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		DNSMode = file
		PostUp = true
		PreDown = true
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
	profile c inside.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		InterfaceNamespace = blue
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

teardown() {
	hosts_gone
}

# killed_at CALL N up|down: true when it was killed, false when it ended before.
killed_at() {
	local status=0
	on c strace -o "$BATS_TEST_TMPDIR/strace" -e trace="$1" -e inject="$1:signal=KILL:when=$2" \
		"$WGCTL" "$3" "$victim" >"$BATS_TEST_TMPDIR/killed" 2>&1 || status=$?
	[ "$status" = 137 ] || { [ "$status" = 0 ] || cat "$BATS_TEST_TMPDIR/killed"; return 1; }
}

on_machine_only() {
	[ -z "${WGCTL_VM-}" ] || skip "elsewhere: on the machine itself; emulation is too slow for it"
}

kill_up_at_every() {
	local before n from by status
	share 3
	n=$from
	before=$(snapshot c)
	while killed_at "$1" $n up; do
		status=0
		on c "$WGCTL" down "$victim" >"$BATS_TEST_TMPDIR/down" 2>&1 || status=$?
		# 3: it was killed before there was anything.
		[ "$status" = 0 ] || [ "$status" = 3 ] || { echo "$1 $n: down says $status"; cat "$BATS_TEST_TMPDIR/down"; return 1; }
		same "$before" "$(snapshot c)" || { echo "killed at $1 number $n of up"; return 1; }
		n=$((n + by))
	done
	echo "# up was killed at $1 up to number $((n - by))" >&3
	[ $n -gt 5 ]
	on c "$WGCTL" down "$victim"
	same "$before" "$(snapshot c)"
}

kill_down_at_every() {
	local before n from by status
	share 3
	n=$from
	before=$(snapshot c)
	on c "$WGCTL" up "$victim"
	while killed_at "$1" $n down; do
		status=0
		on c "$WGCTL" down "$victim" >"$BATS_TEST_TMPDIR/down" 2>&1 || status=$?
		[ "$status" = 0 ] || [ "$status" = 3 ] || { echo "$1 $n: down says $status"; cat "$BATS_TEST_TMPDIR/down"; return 1; }
		# A program whose device went before the kill may still be ending.
		settles "$before" c || { echo "killed at $1 number $n of down"; return 1; }
		on c "$WGCTL" up "$victim"
		n=$((n + by))
	done
	echo "# down was killed at $1 up to number $((n - by))" >&3
	[ $n -gt "${2:-5}" ]
	same "$before" "$(snapshot c)"
}

@test "[4] up, killed at every line of its journal" {
	kill_up_at_every fdatasync
}

@test "[4] up, killed at every message to the kernel" {
	on_machine_only
	kill_up_at_every sendto,sendmsg
}

@test "[4] up, killed before every write" {
	on_machine_only
	kill_up_at_every write,pwrite64,rename,renameat,renameat2
}

@test "[4] down, killed at every line of its journal" {
	kill_down_at_every fdatasync
}

@test "[4] down, killed at every message to the kernel" {
	on_machine_only
	kill_down_at_every sendto,sendmsg
}

@test "up and down in a namespace, killed at every line of the journal" {
	victim=inside
	kill_up_at_every fdatasync
	kill_down_at_every fdatasync 4
	not on c test -e /etc/netns
}

@test "up and down in a namespace, killed at every message, mount and removal" {
	on_machine_only
	victim=inside
	kill_up_at_every sendto,sendmsg,mount,umount2,unlink,rename,mkdir,rmdir
	kill_down_at_every sendto,sendmsg,mount,umount2,unlink,rename,mkdir,rmdir
	not on c test -e /etc/netns
}

@test "up repairs what a killed up left, and goes on" {
	before=$(snapshot c)
	killed_at fdatasync 12 up
	on c "$WGCTL" up "$victim"
	on c ip rule show | grep -c suppress_prefixlength | grep -qx 1
	on c "$WGCTL" down "$victim"
	same "$before" "$(snapshot c)"
}
