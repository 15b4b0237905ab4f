#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What people and programs see of a link is the same text for our module and for the
# kernel's: wg(8), wgctl, ip, ethtool's interface, /sys. Each function with show_ in
# front runs with the kernel's module first, then with ours. (netlink.bats compares the
# messages behind it, byte for byte.)

bats_require_minimum_version 1.5.0

key() { printf "$1%.0s" {1..32} | xxd -r -p | base64; }

# Two links in one namespace, over loopback, with what a configuration can have.
links() {
	ip -batch - <<-'END'
		link add wg0 type wireguard
		link add wg1 type wireguard
		addr add 10.0.0.1/24 dev wg0
		addr add fd00::1/64 dev wg0 nodad
		addr add 10.1.0.1/24 dev wg1
	END
	wg set wg0 private-key <(key 11) listen-port 51821 fwmark 0xca6c \
		peer "$(key 22 | wg pubkey)" preshared-key <(key 77) allowed-ips 10.0.0.2,10.9.0.0/16,fd00::2 \
		endpoint 127.0.0.1:51822 persistent-keepalive 25 \
		peer "$(key 33 | wg pubkey)" allowed-ips 0.0.0.0/0,::/0 endpoint '[2001:db8::3]:443' \
		peer "$(key 44 | wg pubkey)" endpoint '[fe80::1%lo]:9' \
		peer "$(key 55 | wg pubkey)"
}

until_seen() { # PATTERN COMMAND...
	for _ in {1..100}; do
		[[ $("${@:2}") =~ $1 ]] && return
		sleep 0.1
	done
	echo "$* was not seen"
}

# The other end, and a packet to an address that it does not have: nothing answers, but
# there is a session.
session() {
	wg set wg0 peer "$(key 22 | wg pubkey)" persistent-keepalive off
	wg set wg1 private-key <(key 22) listen-port 51822 peer "$(key 11 | wg pubkey)" preshared-key <(key 77) allowed-ips 10.0.0.1
	ip -batch - <<<$'link set wg1 up\nlink set wg0 up'
	echo >/dev/udp/10.0.0.2/9
	until_seen '[1-9][0-9]{8}' wg show wg0 latest-handshakes
	# 148 bytes of an initiation and 64 of the packet.
	until_seen '212.92' wg show wg1 transfer
}

# Moments pass; each becomes a word.
timeless() {
	sed -E 's/[0-9]{10}/TIME/g; s/(handshake:) (Now|[0-9].* ago)/\1 SOME TIME ago/; s/("last_handshake": *)"[^"]*"/\1TIME/'
}

fields() {
	local link field
	for link in wg0 all; do
		for field in public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips \
			latest-handshakes transfer persistent-keepalive dump; do
			echo "wg show $link $field"
			wg show $link $field
		done
		echo "wg show $link"
		wg show $link
	done
	wg show
	WG_HIDE_KEYS=never wg show
	wg show interfaces
	wg showconf wg0
	wg show nolink 2>&1
	wg show lo 2>&1
}

show_wg() {
	echo nothing
	wg show
	wg show interfaces
	wg show all dump
	links
	fields
	echo "with a session"
	session
	fields | timeless
}

show_wgctl() {
	links
	"$WGCTL" show 2>&1
	"$WGCTL" show wg0 dump 2>&1
	"$WGCTL" show --json 2>&1
	"$WGCTL" show --json --show-secrets 2>&1
	"$WGCTL" showconf wg0 2>&1
	session
	{ "$WGCTL" show; "$WGCTL" show --json; "$WGCTL" status; "$WGCTL" status --json; } 2>&1 | timeless
}

show_link() {
	links
	mount -t sysfs sysfs /sys
	try() { echo "$*" && "$@" 2>&1; }
	all() {
		try ip -d link
		try ip -d -j link
		try ip -s link
		try ip addr
		try ip route show table all
		try ip -6 route show table all
		try ip netconf show dev wg0
		try ip -6 netconf show dev wg0
		(cd /sys/class/net/wg0 && grep -r . . 2>&1 | grep -v -e power/ -e /carrier_ | sort)
	}
	all
	echo up
	session
	ip link set wg1 down
	ip link set wg0 down
	all | timeless
	echo "what can be changed, and what cannot"
	try ip link set wg0 mtu 1280
	try ip link set wg0 mtu 65535
	try ip link set wg0 mtu 2147483552
	try ip link set wg0 mtu 2147483553
	try ip link set wg0 mtu 67
	try ip link set wg0 mtu 0
	try ip link set wg0 address 02:00:00:00:00:01
	try ip link set wg0 txqueuelen 5
	try ip link set wg0 multicast on
	try ip link set wg0 arp on
	try ip link set wg0 promisc on
	try ip link set wg0 allmulticast on
	try ip link set wg0 alias name
	try ip link set wg0 name wg9
	try ip link set wg9 up
	try ip link set wg9 type wireguard
	try ip link add wg0 type wireguard anything
	try ip link add wg9 type wireguard
	try ip link add wgq numtxqueues 4 numrxqueues 4 type wireguard
	try ip link add wgm mtu 1300 txqueuelen 77 type wireguard
	try ip link add br0 address 02:00:00:00:00:09 type bridge
	try ip link set wg9 master br0
	try ip link add mv0 link wg9 type macvlan
	try ip link add vl0 link wg9 type vlan id 5
	try ip link help wireguard
	all
}

# The ioctl behind ethtool -i and -k, in numbers; the program itself may not be there.
show_ethtool() {
	links
	python3 - <<-'END'
		import array, fcntl, socket, struct
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		def ask(data):
		    data = array.array("B", data)
		    try:
		        fcntl.ioctl(s, 0x8946, struct.pack("16sP", b"wg0", data.buffer_info()[0]))
		    except OSError as e:
		        return str(e).encode()
		    return data.tobytes()
		print(ask(struct.pack("I", 3).ljust(196, b"\0")))  # driver
		for command in (0x1, 0xa, 0xf, 0x10, 0x11, 0x12, 0x1d, 0x3c, 0x41, 0x4c):  # settings, link, ring, channels...
		    print(hex(command), ask(struct.pack("I", command).ljust(512, b"\0")))
		n = struct.unpack_from("I", ask(struct.pack("IIQI", 0x37, 0, 1 << 4, 0)), 16)[0]
		names = ask(struct.pack("III", 0x1b, 4, n) + bytes(32 * n))[12:]
		bits = ask(struct.pack("II", 0x3a, (n + 31) // 32) + bytes(16 * ((n + 31) // 32)))[8:]
		for i in range(n):
		    words = struct.unpack_from("IIII", bits, i // 32 * 16)
		    state = ["%s" % (w >> i % 32 & 1) for w in words]
		    print(names[32 * i : 32 * i + 32].rstrip(b"\0").decode(), "available requested active never_changed:", *state)
	END
}

# ---- with both modules ------------------------------------------------------------------

export -f key links until_seen session timeless fields

alone() {
	export -f "${1?}"
	# shellcheck disable=SC2016
	unshare --net --mount bash -c 'mount -t tmpfs tmpfs /run; ip link set lo up; "$@"; true' alone "$@" 2>&1
}

setup_file() {
	local shown
	source "$BATS_TEST_DIRNAME/guest"
	export WGCTL=${WGCTL:-$(realpath "${O:-build}/wgctl")}
	cd "$BATS_FILE_TMPDIR"
	load_intree
	for shown in $(compgen -A function show_); do
		alone "$shown" >"$shown"
	done
	unload
	load_ours
}

teardown_file() {
	source "$BATS_TEST_DIRNAME/guest"
	unload
}

the_same() { # FUNCTION WHAT-MUST-BE-IN-IT...
	local text
	alone "$1" >"$BATS_TEST_TMPDIR/ours"
	[ $# -gt 1 ]
	diff "$BATS_FILE_TMPDIR/$1" "$BATS_TEST_TMPDIR/ours"
	for text in "${@:2}"; do grep -q -e "$text" "$BATS_TEST_TMPDIR/ours"; done
}

@test "wg(8): every form of show, with and without a session" { the_same show_wg 'latest handshake: SOME TIME ago' TIME 'fe80::1%lo'; }
@test "wgctl: show, showconf, status, and as JSON" { the_same show_wgctl '"peers"'; }
@test "ip(8), /sys: a link, what can be changed about it" { the_same show_link POINTOPOINT gso_max_size DEVTYPE=wireguard; }
# Ours takes packets in a list of fragments as they are, and puts them together itself.
show_ethtool_but_one() { show_ethtool | grep -v '^tx-scatter-gather-fraglist '; }
export -f show_ethtool
@test "what ethtool -i and -k show" {
	the_same show_ethtool_but_one wireguard 'tx-checksum-ip-generic available requested active never_changed: 1 1 1 0'
	alone show_ethtool | grep -x 'tx-scatter-gather-fraglist available requested active never_changed: 1 1 1 0'
}
