#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --cpus 1
# What people and programs see of a link is the same text for our module and for the
# kernel's: wg(8), wgctl, ip, ethtool's interface, /sys. Each function with show_ in
# front runs with the kernel's module first, then with ours. (netlink.bats compares the
# messages behind it, byte for byte.)

load net

# Two links in one namespace, over loopback, with what a configuration can have.
links() {
	ip -batch - <<-'END'
		link add wg0 type wireguard
		link add wg1 type wireguard
		addr add 10.0.0.1/24 dev wg0
		addr add fd00::1/64 dev wg0 nodad
		addr add 10.1.0.1/24 dev wg1
	END
	wg set wg0 private-key <(echo "$private1") listen-port 51821 fwmark 0xca6c \
		peer "$public2" preshared-key <(echo "$private6") allowed-ips 10.0.0.2,10.9.0.0/16,fd00::2 \
		endpoint 127.0.0.1:51822 persistent-keepalive 25 \
		peer "$public3" allowed-ips 0.0.0.0/0,::/0 endpoint '[2001:db8::3]:443' \
		peer "$public4" endpoint '[fe80::1%lo]:9' \
		peer "$public5"
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
	wg set wg0 peer "$public2" persistent-keepalive off
	wg set wg1 private-key <(echo "$private2") listen-port 51822 peer "$public1" preshared-key <(echo "$private6") allowed-ips 10.0.0.1
	ip -batch - <<<$'link set wg1 up\nlink set wg0 up'
	echo >/dev/udp/10.0.0.2/9
	until_seen '[1-9][0-9]{8}' wg show wg0 latest-handshakes
	# 148 bytes of an initiation and 64 of the packet.
	until_seen '212.92' wg show wg1 transfer
}

try() { echo "$*" && "$@" 2>&1 || echo "status $?"; }

# Moments pass; each becomes a word.
timeless() {
	sed -E 's/[0-9]{10}/TIME/g; s/(handshake:) (Now|[0-9].* ago)/\1 SOME TIME ago/; s/("(last_handshake|since)": *)"[^"]*"/\1TIME/
		s/(up since) [^ ]* \([^)]*\)/\1 TIME/'
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

# What wgctl changes, and what it says about it. (netlink.bats has wg(8)'s commands.)
show_wgctl_set() {
	w() {
		echo "$*"
		"$WGCTL" "$@" 2>&1 || echo "status $?"
		wg show wg0 dump
	}
	links
	echo "$private3" >key
	w set wg0 listen-port 4444 fwmark 0x10 private-key key
	w set wg0 peer "$public2" preshared-key key endpoint 192.0.2.1:5 persistent-keepalive 7 allowed-ips 10.7.0.0/16,fd07::/16
	w set wg0 peer "$public5" allowed-ips 10.7.0.0/16 peer "$public4" remove fwmark off
	w set wg0 peer "$public2" preshared-key /dev/null persistent-keepalive off
	# Itself is not a peer, and a link that is up does not get a port that is taken.
	w set wg0 peer "$public3" allowed-ips 10.8.0.0/16
	ip link set wg1 up
	w set wg1 listen-port 5555
	ip link set wg0 up
	w set wg0 listen-port 5555
	w set nolink listen-port 1
	w set lo listen-port 1
	printf '[Interface]\nPrivateKey=%s\nListenPort=999\nFwMark=3\n[Peer]\nPublicKey=%s\nAllowedIPs=1.2.3.4/32\nEndpoint=[2001:db8::1]:9\n' \
		"$private5" "$public6" >conf
	w setconf wg0 conf
	printf '[Interface]\nListenPort=998\n[Peer]\nPublicKey=%s\nAllowedIPs=1.2.3.4/31,::/1\nPersistentKeepalive=3\n' \
		"$public1" >conf2
	w addconf wg0 conf2
	w syncconf wg0 conf
	w setconf wg0 conf2
	w setconf lo conf
}

# A profile's whole life, twice: all in the tunnel, and a second link for its port.
show_wgctl_up() {
	machine() {
		ip -o addr
		ip route show table all
		ip -6 route show table all
		ip rule
		ip -6 rule
		nft list ruleset
		"$WGCTL" showconf x 2>&1
	}
	cat >x.conf <<-END
		[Interface]
		PrivateKey = $private1
		ListenPort = 51821
		Address = 10.0.0.1/24, fd00::1/64
		MTU = 1380
		[Peer]
		PublicKey = $public2
		PresharedKey = $private6
		Endpoint = 127.0.0.1:51822
		AllowedIPs = 0.0.0.0/0, ::/0
		PersistentKeepalive = 25
	END
	sed s/51822/51821/ x.conf >y.conf
	sed -i 's/^Address.*//; s/0.0.0.0.0, ::.0/10.9.0.0\/16/' y.conf
	chmod 600 x.conf y.conf
	try "$WGCTL" up -n ./x.conf
	try "$WGCTL" up -v ./x.conf | timeless
	machine
	try "$WGCTL" up ./x.conf
	try "$WGCTL" list
	try "$WGCTL" up -v ./y.conf | timeless
	try ip link show y
	# Nobody answers, so it asks, and again.
	{ try "$WGCTL" status; try "$WGCTL" status --json; } | timeless | sed 's/"tx_bytes": [1-9].*/"tx_bytes": SOME/'
	try "$WGCTL" down -v ./x.conf | timeless
	machine
	try "$WGCTL" status
}

show_link() {
	links
	mount -t sysfs sysfs /sys
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

export -f links until_seen session try timeless fields

alone() {
	export -f "${1?}"
	# shellcheck disable=SC2016
	unshare --net --mount bash -c 'mount -t tmpfs tmpfs /run; ip link set lo up; "$@"; true' alone "$@" 2>&1
}

setup_file() {
	local shown n
	export WGCTL=${WGCTL:-$O/wgctl}
	for n in {1..6}; do export "private$n=${private[n]}" "public$n=${public[n]}"; done
	cd "$BATS_FILE_TMPDIR"
	load_intree
	for shown in $(compgen -A function show_); do
		alone "$shown" >"$shown"
	done
	load_ours
	dmesg -C
}

setup() { cd "$BATS_FILE_TMPDIR"; }

the_same() { # FUNCTION WHAT-MUST-BE-IN-IT...
	local text
	alone "$1" >"$BATS_TEST_TMPDIR/ours"
	[ $# -gt 1 ]
	diff "$BATS_FILE_TMPDIR/$1" "$BATS_TEST_TMPDIR/ours"
	for text in "${@:2}"; do grep -q -e "$text" "$BATS_TEST_TMPDIR/ours"; done
}

@test "wg(8): every form of show, with and without a session" { the_same show_wg 'latest handshake: SOME TIME ago' TIME 'fe80::1%lo'; }
@test "wgctl: show, showconf, status, and as JSON" { the_same show_wgctl '"peers"'; }
@test "wgctl: set, setconf, addconf, syncconf" { the_same show_wgctl_set 10.7.0.0/16 'status 1' 2001:db8::1; }
@test "wgctl: up, list, status, down" { the_same show_wgctl_up 51822 'status 1' 'mtu 1380'; }
@test "ip(8), /sys: a link, what can be changed about it" { the_same show_link POINTOPOINT gso_max_size DEVTYPE=wireguard; }
# Ours takes packets in a list of fragments as they are, and puts them together itself.
show_ethtool_but_one() { show_ethtool | grep -v '^tx-scatter-gather-fraglist '; }
export -f show_ethtool
@test "what ethtool -i and -k show" {
	the_same show_ethtool_but_one wireguard 'tx-checksum-ip-generic available requested active never_changed: 1 1 1 0'
	alone show_ethtool | grep -x 'tx-scatter-gather-fraglist available requested active never_changed: 1 1 1 0'
}
@test "nothing holds the module, and it goes" { module_goes; }
