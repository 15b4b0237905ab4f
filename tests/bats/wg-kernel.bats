#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# wg-identical.bats with devices of the kernel, so over netlink: called as wg, this
# program and Debian's wg(8) say the same about one, and make the same of one.

load net
load as-wg

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/bin"
	ln -s "$WGCTL" "$BATS_FILE_TMPDIR/bin/wg"
}

setup() {
	theirs=$(PATH=/usr/bin:/bin:/usr/local/bin type -P wg) || skip "there is no wg(8) to compare with"
	ours=$BATS_FILE_TMPDIR/bin/wg
	cd "$BATS_TEST_TMPDIR" || return
	umask 077
	host_new a
	[ "$(data_plane a)" = kernel ] || skip "elsewhere: in guests, whose kernels have WireGuard"
	on a ip -batch - <<<$'link add wg0 type wireguard\nlink add wg1 type wireguard'
	for n in 1 2 3; do keys k$n; done
	echo "$k1_private" >one
	echo "$k2_private" >two
	on a "$ours" genpsk >psk
}

teardown() {
	hosts_gone
}

@test "a device of the kernel: new, with everything, and after a handshake" {
	both show wg0
	both showconf wg0
	on a "$theirs" set wg0 private-key one listen-port 4001 fwmark 0xca6c \
		peer "$k2_public" preshared-key psk endpoint 127.0.0.1:4002 allowed-ips 10.77.0.2/32,fd77::2/128,10.78.0.0/16 \
		peer "$k3_public" endpoint '[fe80::1%lo]:9' persistent-keepalive 65535 allowed-ips 0.0.0.0/0,::/0
	on a "$theirs" set wg1 private-key two listen-port 4002 peer "$k1_public" preshared-key psk allowed-ips 10.77.0.1/32
	on a ip -batch - <<<$'addr add 10.77.0.1/32 dev wg0\nlink set wg1 up\nlink set wg0 up\nroute add 10.77.0.2/32 dev wg0'
	on a bash -c 'echo >/dev/udp/10.77.0.2/9'
	for _ in $(seq 100); do
		[[ $(on a "$ours" show wg1 latest-handshakes) == *$'\t'0 ]] || break
		sleep 0.1
	done
	both show wg0
	[[ $output == *"latest handshake"* ]]
	for f in "${fields[@]}"; do both show wg0 "$f"; done
	WG_COLOR_MODE=always WG_HIDE_KEYS=never both show
	both show interfaces
	[ "$(wc -w <<<"$output")" = 2 ]
	both show all dump
	both showconf wg0
	# What one prints the other reads: nothing changes on the way.
	on a "$ours" showconf wg0 >before
	on a "$ours" syncconf wg0 before
	on a "$theirs" showconf wg0 | diff before -
	on a "$theirs" setconf wg0 before
	on a "$ours" showconf wg0 | diff before -
}

@test "no such device, and one that is not of WireGuard" {
	both show nodev
	[ "$status" = 1 ]
	both_err showconf lo
	[ "$status" = 1 ]
	both show nodev peers
	both set nodev listen-port 1
	both set lo listen-port 1
	both set wg0 listen-port 5 peer "$k1_public" endpoint nowhere
	[ "$status" = 1 ]
}

# each ARGS...: theirs on wg0, ours on wg1, which then are alike.
each() {
	local before status=0 ours_status=0
	before=$dump
	on a "$theirs" "$1" wg0 "${@:2}" 2>theirs.err || status=$?
	on a "$ours" "$1" wg1 "${@:2}" 2>ours.err || ours_status=$?
	[ "$status" = "$ours_status" ]
	dump=$(on a "$theirs" show wg0 dump)
	same "$dump" "$(on a "$theirs" show wg1 dump)"
	[ -z "${nothing-}" ] || before=$([ "$dump" = "$before" ] && echo)
	[ "$dump" != "$before" ]
}

@test "set, addconf, syncconf and setconf make the same of it" {
	dump=
	each set private-key one fwmark 0x10 peer "$k2_public" preshared-key psk endpoint 127.0.0.1:5 persistent-keepalive 25 \
		allowed-ips 10.0.0.0/8,fd00::/8
	each set peer "$k3_public" allowed-ips 10.0.0.0/8,::/0 endpoint '[::1]:5'
	each set fwmark off peer "$k2_public" preshared-key /dev/null persistent-keepalive off allowed-ips ''
	# One's own key is no peer.
	nothing=1 each set peer "$k1_public" allowed-ips 10.9.0.0/16
	each set private-key two
	each set peer "$k3_public" remove
	printf '[Interface]\nFwMark = 5\n[Peer]\nPublicKey = %s\nAllowedIPs = 10.1.0.0/16, fd01::/16\n' "$k3_public" >conf
	each addconf conf
	printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.2.0.0/16\nPersistentKeepalive = 7\n' "$k1_public" >>conf
	each syncconf conf
	printf '[Interface]\nPrivateKey = %s\n[Peer]\nPublicKey = %s\n' "$k1_private" "$k2_public" >conf
	each setconf conf
}
