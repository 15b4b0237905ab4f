#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --cpus 1
# The netlink interface of our module, in a guest. The functions with same_ in
# front run with the kernel's own module first and with ours then, in a network
# namespace of their own each, and have to print the same. The other tests are
# about what ours does better; the kernel's module shows that they can fail.

bats_require_minimum_version 1.5.0

# Numbers that nltool wants: enum wgdevice_attribute and so on.
GET=0 SET=1

# Key N has the digits of N at its end. In the shell: it is called often.
key() {
	local digits i bits key='' letters=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
	printf -v digits '%064d00' "$1"
	for ((i = 0; i < 66; i += 3)); do
		bits=$((16#${digits:i:3}))
		key+=${letters:bits>>6:1}${letters:bits&63:1}
	done
	echo "${key:0:43}="
}

# A request about the link wg0.
get() { nltool "$@" -d $GET str:2=wg0; }
set_() { nltool $SET str:2=wg0 "$@"; }
# A peer of one attribute type each, for errors: peer ATTRIBUTE...
peer() { set_ '[8' '[0' "$@" ']' ']'; }
allowed_ip() { peer key:1=0x11 '[9' '[0' "$@" ']' ']'; }
# shellcheck disable=SC2120
new_link() { ip link add wg0 ${1:+index "$1"} type wireguard; }

# Without the messages, which are our own.
errno() { awk '$1 == "error" || $1 == "done" {print $1, $2; next} $1 == "ack" {print $1; next} {print}'; }

# ---- what is the same ---------------------------------------------------------------

same_commands() {
	local n
	new_link
	wg show all dump
	wg set wg0 listen-port 1234 fwmark 0xca6c private-key <(key 77)
	wg set wg0 peer "$(key 1)" allowed-ips 10.0.0.0/24,fd00::/64,10.0.0.9/32 endpoint 192.0.2.1:51820 \
		persistent-keepalive 25 preshared-key <(key 1111) \
		peer "$(key 2)" allowed-ips 0.0.0.0/0,::/0 endpoint '[2001:db8::1]:443' \
		peer "$(key 3)"
	wg show wg0 dump
	wg showconf wg0
	wg show wg0
	echo "an address moves, a peer goes, values are taken back"
	wg set wg0 peer "$(key 3)" allowed-ips 10.0.0.0/24 peer "$(key 2)" remove fwmark 0
	wg set wg0 peer "$(key 1)" persistent-keepalive off preshared-key /dev/null
	wg show wg0 dump
	echo "twice the same"
	wg set wg0 peer "$(key 1)" allowed-ips 10.9.0.1/16,10.9.0.1/16,10.9.3.3/16
	wg show wg0 allowed-ips
	echo "setconf, addconf, syncconf"
	printf '[Interface]\nPrivateKey=%s\nListenPort=999\n[Peer]\nPublicKey=%s\nAllowedIPs=1.2.3.4/32\n' "$(key 5)" "$(key 6)" >conf
	wg setconf wg0 conf
	wg showconf wg0
	printf '[Peer]\nPublicKey=%s\nAllowedIPs=1.2.3.5/32\n' "$(key 7)" >conf2
	wg addconf wg0 conf2
	wg syncconf wg0 conf
	wg show wg0 dump
	echo "ourselves are not a peer, neither before nor after the key"
	wg set wg0 peer "$(wg show wg0 public-key)" allowed-ips 9.9.9.9/32
	wg set wg0 peer "$(key 88 | wg pubkey)" allowed-ips 9.9.9.8/32
	wg show wg0 allowed-ips
	wg set wg0 private-key <(key 88)
	wg show wg0 dump
	echo "no key"
	wg set wg0 private-key /dev/null
	wg show wg0 dump
	echo "ports: down, up, changed while up, taken, any"
	wg set wg0 listen-port 4444
	ip link set wg0 up
	ss -Hlnu | awk '{print $4}' | sort
	wg set wg0 listen-port 4445
	ss -Hlnu | awk '{print $4}' | sort
	ip link add wg1 type wireguard
	wg set wg1 listen-port 4445
	ip link set wg1 up 2>&1
	ip link set wg1 up 2>/dev/null || echo "not up"
	wg set wg1 listen-port 4446
	ip link set wg1 up && wg set wg1 listen-port 4445 2>&1
	wg show wg1 listen-port
	wg set wg1 listen-port 0
	n=$(wg show wg1 listen-port)
	((n > 0)) && [ "$(ss -Hlnu "sport = $n" | wc -l)" = 2 ] && echo "some port"
	wg set wg1 listen-port 7777
	ip link del wg0
	wg show wg0 2>&1
	wg show all dump
}

# Message for message, byte for byte. The time of a handshake is never there, nobody shakes hands.
same_parts() {
	local size
	new_link
	get
	set_ key:3=0x42 u16:6=7 u32:7=9
	get
	wg set wg0 peer "$(key 1)"
	get
	wg set wg0 peer "$(key 2)" allowed-ips 10.0.0.0/8,fd00::/8 endpoint '[fe80::1%lo]:9' peer "$(key 3)" endpoint 192.0.2.1:9
	get
	nltool -d $GET u32:1="$(ip -o link show wg0 | cut -d: -f1)"
	set_ '[8' '[0' key:1=0x55 '[9' 500* '[0' u16:1=2 hex:2=0a%x u8:3=32 ']' ']' ']' ']' | errno
	set_ '[8' '[0' key:1=0x55 '[9' 2000* '[0' u16:1=2 hex:2=%x u8:3=32 ']' ']' ']' ']'
	set_ '[8' '[0' key:1=0x56 '[9' 1500* '[0' u16:1=10 hex:2=20010db8000000000000000000000000%x u8:3=128 ']' ']' ']' \
		'[0' key:1=0x57 ']' ']' | errno
	set_ '[8' '[0' key:1=0x56 '[9' 1500* '[0' u16:1=10 hex:2=20010db80000000000000000%x u8:3=128 ']' ']' ']' \
		'[0' key:1=0x57 ']' ']'
	for size in 4096 8192 16384 32768 65536; do
		echo "buffer of $size"
		get -b $size >out
		grep -c '^part' out
		grep -v '^ ' out | tail -n 3
		sha256sum <out
	done
	wg show wg0 allowed-ips | sha256sum
}

# More allowed IPs of one peer than fit in one SET, too.
same_giant() {
	local i
	new_link
	for i in 10 11 12 13 14; do
		set_ '[8' '[0' key:1=0x55 '[9' 1000* '[0' u16:1=10 hex:2="20010db8${i}00000000000000%x" u8:3=128 ']' ']' ']' ']'
	done
	{
		echo '[Peer]'
		echo "PublicKey = $(key 1)"
		seq -f 'AllowedIPs = 10.1.%.0f.0/24' 0 255
		for i in {0..19}; do seq -f "AllowedIPs = 10.2.$i.%.0f/32" 0 255; done
	} >conf
	wg addconf wg0 conf
	wg show wg0 allowed-ips | tr ' ' '\n' | wc -l
	wg show wg0 allowed-ips | sha256sum
	get | grep -v '^ '
}

same_many() {
	new_link
	awk 'BEGIN {for (n = 1; n <= 500; n++)
		printf("[Peer]\nPublicKey=%042d0=\nAllowedIPs=10.%d.%d.0/24,fd00:%x::/32\nEndpoint=192.0.2.1:%d\n",
			n, n / 256, n % 256, n, n)}' >conf
	wg setconf wg0 conf
	wg show wg0 peers | wc -l
	get -b 4096 | sha256sum
	get | sha256sum
	wg show wg0 dump | sha256sum
	wg syncconf wg0 conf
	head -n 1000 conf >half
	wg syncconf wg0 half
	wg show wg0 dump | sha256sum
	wg setconf wg0 /dev/null
	wg show wg0 dump
}

# Which errno, and that the core's own refusals are the core's. Messages are our own.
same_errors() { errors_of_all | errno; }
errors_of_all() {
	new_link
	ip link add dummy0 type dummy
	try() { echo "$*" && "$@"; }
	try nltool $GET str:2=wg0
	try nltool -d $GET
	try nltool -d $GET str:2=wg0 u32:1=1
	try nltool -d $GET str:2=nolink
	try nltool -d $GET str:2=
	try nltool -d $GET u32:1=0
	try nltool -d $GET u32:1=4000000000
	try nltool -d $GET str:2=lo
	try nltool -d $GET str:2=dummy0
	try nltool -d $GET str:2=a-name-that-is-too-long
	try nltool -d $SET str:2=wg0
	try nltool $SET
	try nltool $SET str:2=nolink
	try nltool $SET str:2=dummy0
	try nltool $SET str:2=wg0 u32:1=1
	try nltool 7 str:2=wg0
	try set_
	try set_ u32:5=2
	try set_ u32:5=0
	try set_ u8:6=1
	try set_ u32:6=1
	try set_ hex:3=aabb
	try set_ hex:4=aabb
	try set_ u32:99=1
	try set_ hex:8=
	try set_ '[8' ']'
	try set_ '[8' '[0' ']' ']'
	try set_ '[8' hex:0=00000000 ']'
	try set_ '[8' '[0' key:1=1 ']' '[0' ']' ']'
	try peer hex:1=aabb
	try peer key:1=1 hex:2=aabb
	try peer key:1=1 u32:3=8
	try peer key:1=9 u32:3=4
	try peer key:1=9 u32:3=1
	try peer key:1=1 u32:10=2
	try peer key:1=1 u32:10=0
	try peer key:1=1 u32:10=1
	try peer key:1=1 u8:5=1
	try peer key:1=1 hex:6=aa
	try peer key:1=1 u32:98=1
	try peer key:1=1 hex:4=aabb
	try peer key:1=2 hex:4=0200123401020304000000000000000000
	try peer key:1=2 hex:4=0a00123401020304000000000000000000
	try peer key:1=2 hex:4=02001234010203040000000000000000
	try peer key:1=2 hex:4=0a0012340000000020010db80000000000000000000000010000000000
	try peer key:1=2 hex:4=0a0012340000000720010db800000000000000000000000100000000
	try peer key:1=2 hex:4=0700123401020304000000000000000000
	try allowed_ip
	try allowed_ip u16:1=2 4:2=10.0.0.1
	try allowed_ip u16:1=2 u8:3=32
	try allowed_ip 4:2=10.0.0.1 u8:3=32
	try allowed_ip u16:1=2 4:2=10.0.0.1 u8:3=33
	try allowed_ip u16:1=2 4:2=10.0.0.1 u8:3=32
	try allowed_ip u16:1=2 6:2=fd00::1 u8:3=32
	try allowed_ip u16:1=10 4:2=10.0.0.1 u8:3=32
	try allowed_ip u16:1=10 6:2=fd00::1 u8:3=129
	try allowed_ip u16:1=10 6:2=fd00::1 u8:3=128
	try allowed_ip u16:1=0 4:2=10.0.0.1 u8:3=32
	try allowed_ip u16:1=7 4:2=10.0.0.1 u8:3=32
	try allowed_ip u16:1=2 hex:2=aabb u8:3=32
	try allowed_ip u32:1=2 4:2=10.0.0.1 u8:3=32
	# What came before a refusal stays; what comes after it does not happen.
	try set_ u32:7=5 '[8' '[0' key:1=0x21 ']' '[0' key:1=0x22 u32:3=64 ']' '[0' key:1=0x23 ']' ']'
	# A key, and the same one again; zeros.
	try set_ key:3=0x41
	try set_ key:3=0
	# One message: away, and there again; two of one; away twice.
	try set_ '[8' '[0' key:1=0x21 u16:5=7 ']' ']'
	try set_ '[8' '[0' key:1=0x21 u32:3=1 ']' '[0' key:1=0x21 ']' ']'
	try set_ '[8' '[0' key:1=0x24 ']' '[0' key:1=0x24 u16:5=3 ']' ']'
	try set_ '[8' '[0' key:1=0x24 u32:3=1 ']' '[0' key:1=0x24 u32:3=1 ']' '[0' key:1=0x25 ']' ']'
	try set_ '[8' '[0' key:1=0x25 u32:3=1 ']' '[0' key:1=0x25 u32:3=4 u16:5=1 ']' ']'
	get
}

same_permissions() {
	local pid
	new_link
	setpriv --reuid 65534 --clear-groups nltool -d $GET str:2=wg0 | errno
	setpriv --reuid 65534 --clear-groups nltool $SET str:2=wg0 u32:7=1 | errno
	echo "in a namespace of somebody else's"
	unshare --user --map-root-user --net sleep 300 <&- >/dev/null 3>&- &
	pid=$!
	until [ "$(readlink /proc/$pid/ns/user)" != "$(readlink /proc/self/ns/user)" ] &&
		[ "$(tr '\0' ' ' </proc/$pid/cmdline)" = 'sleep 300 ' ]; do sleep 0.1; done
	ip link set wg0 netns $pid
	# shellcheck disable=SC2317
	inside() { nsenter --target $pid --user --net --preserve-credentials "$@"; }
	inside nltool -d $GET str:2=wg0 | tail -n 1
	inside nltool $SET str:2=wg0 u32:7=1 | errno
	inside nltool $SET str:2=wg0 u16:6=1 | errno
	inside nltool $SET str:2=wg0 u16:6=0 key:3=0x33 | errno
	inside nltool $SET str:2=wg0 key:3=0x33 '[8' '[0' key:1=0x34 ']' ']' | errno
	inside wg show wg0 dump
	inside ip link add wg1 type wireguard
	inside nltool $SET str:2=wg1 u32:7=1 u16:6=99 | errno
	inside wg show wg1 dump
	kill $pid
	wait $pid
	echo "the namespace where it was made is gone"
	mkdir -p /run/netns
	ip netns add made-in
	ip -n made-in link add wg2 type wireguard
	ip -n made-in link set wg2 netns $$
	ip netns del made-in
	for _ in {1..50}; do
		nltool $SET str:2=wg2 u32:7=1 | grep -q ack || break
		sleep 0.1
	done
	nltool $SET str:2=wg2 u32:7=1 | errno
	nltool $SET str:2=wg2 u16:6=1 | errno
	wg set wg2 peer "$(key 1)"
	wg show wg2 dump
	ip link set wg2 up 2>&1
	ip link del wg2
}

# What configuration sets off: packets. Two links of one namespace, over loopback.
same_sessions() {
	local one two three
	one=$(key 41 | wg pubkey) two=$(key 42 | wg pubkey) three=$(key 43 | wg pubkey)
	# shook LINK: a handshake, newer than the last that this said, within a second or two
	declare -A last=()
	# shellcheck disable=SC2317
	shook() {
		local _ at
		for _ in {1..5}; do
			while read -r _ at; do
				((at <= ${last[$1]:-0})) || { last[$1]=$at && echo "$1: yes" && return; }
			done < <(wg show "$1" latest-handshakes)
			sleep 0.2
		done
		echo "$1: no"
	}
	ip link add wg0 type wireguard
	ip link add wg1 type wireguard
	wg set wg0 listen-port 1001 peer "$two" endpoint 127.0.0.1:1002
	wg set wg1 listen-port 1002 private-key <(key 42) peer "$one"
	ip link set wg0 up
	ip link set wg1 up
	shook wg0
	echo "a keepalive without a key waits for the key"
	wg set wg0 peer "$two" persistent-keepalive 1000
	shook wg0
	wg set wg0 private-key <(key 41)
	shook wg0
	shook wg1
	sleep 1
	echo "another keepalive is no reason, nor is the same key"
	wg set wg0 private-key <(key 41) peer "$two" persistent-keepalive 500
	shook wg0
	echo "off and on: the session is still good"
	wg set wg0 peer "$two" persistent-keepalive 0
	wg set wg0 peer "$two" persistent-keepalive 500
	shook wg0
	echo "with another key it is not"
	wg set wg1 peer "$three"
	wg set wg0 private-key <(key 43)
	wg set wg0 peer "$two" persistent-keepalive 0
	wg set wg0 peer "$two" persistent-keepalive 500
	shook wg0
	wg show wg1 latest-handshakes | awk -v k="$three" '$1 == k {print ($2 > 0)}'
	sleep 1
	echo "a peer made with a keepalive"
	wg set wg1 peer "$three" remove
	wg set wg1 peer "$three" endpoint 127.0.0.1:1001 persistent-keepalive 9
	shook wg1
}

# ---- with both modules ------------------------------------------------------------------

export -f key get set_ peer allowed_ip new_link errno errors_of_all
export GET SET

# alone FUNCTION [ARG...]: in network and mount namespaces of its own.
alone() {
	export -f "${1?}"
	# shellcheck disable=SC2016
	unshare --net --mount bash -c 'mount -t tmpfs tmpfs /run 2>/dev/null; ip link set lo up; "$@"; true' alone "$@" 2>&1
}

setup_file() {
	local scenario
	source "$BATS_TEST_DIRNAME/guest"
	cd "$BATS_FILE_TMPDIR"
	export PATH=$PWD:$PATH
	ln -s "$O/kmod-tools/nltool" .
	load_intree
	for scenario in $(compgen -A function same_); do
		alone "$scenario" >"intree-$scenario"
	done
	modprobe nlmon
	{ alone wiped_on_errors; alone wiped_on_success; } >intree-secrets
	unload
	load_ours
}

teardown_file() {
	source "$BATS_TEST_DIRNAME/guest"
	unload
}

setup() {
	cd "$BATS_TEST_TMPDIR"
}

as_intree() {
	alone "$1" >"$1"
	[ -s "$1" ]
	diff "$BATS_FILE_TMPDIR/intree-$1" "$1"
}

@test "wg(8): every shape of set, setconf, addconf, syncconf, show" { as_intree same_commands; }
@test "dumps are the same bytes in the same parts, for any buffer" { as_intree same_parts; }
@test "a peer of 6,000 allowed IPs" { as_intree same_giant; }
@test "500 peers" { as_intree same_many; }
@test "errors are the same numbers" { as_intree same_errors; }
@test "what configuration sets off" {
	as_intree same_sessions
	[ "$(grep -oE 'yes|no$|^[01]$' same_sessions | tr '\n' ' ')" = "no no yes yes no no yes 1 yes " ]
}
@test "who may do what: users, namespaces, the namespace of the socket" { as_intree same_permissions; }

# ---- what is better ---------------------------------------------------------------------

wiped_on_errors() {
	new_link
	nltool -e $SET str:2=nolink key:3=0xa5
	nltool -e $SET key:3=0xa5
	nltool -e $SET str:2=lo key:3=0xa5
	nltool -e $SET str:2=wg0 u32:5=2 key:3=0xa5
	nltool -e $SET str:2=wg0 key:3=0xa5 key:3=0xa5 '[8' '[0' ']' ']'
	nltool -e $SET str:2=wg0 u32:5=2 '[8' '[0' key:1=1 key:2=0xa5 key:2=0xa5 ']' ']'
	nltool -e $SET str:2=wg0 '[8' '[0' key:1=1 key:2=0xa5 u32:3=64 ']' ']'
	nltool -e $SET str:2=wg0 '[8' '[0' u32:3=64 key:1=1 ']' '[0' key:1=1 key:2=0xa5 ']' ']'
	nltool -e $SET str:2=wg0 '[8' '[0' key:2=0xa5 ']' ']'
	nltool -e $SET str:2=wg0 '[8' '[0' key:1=1 hex:2=a5a5a5a5a5a5a5a5a5a5a5a5a5 ']' ']'
	nltool -e $SET str:2=wg0 '[8' '[0' key:1=1 hex:2="$(printf 'a5%.0s' {1..40})" ']' ']'
	nltool -e $SET str:2=wg0 '[8' '[0' key:1=1 key:2=0xa5 '[9' '[0' u16:1=2 4:2=1.2.3.4 u8:3=33 ']' ']' ']' ']'
}

wiped_on_success() {
	new_link
	ip link add nlmon0 type nlmon
	ip link set nlmon0 up
	nltool -m nlmon0 $SET str:2=wg0 key:3=0xa5
	nltool -m nlmon0 $SET str:2=wg0 '[8' '[0' key:1=1 key:2=0xa5 ']' '[0' key:1=1 key:2=0xa5 key:2=1 ']' ']'
}

@test "secrets are wiped in every message that was taken or refused" {
	{ alone wiped_on_errors; alone wiped_on_success; } >secrets
	cat secrets
	[ "$(grep -cE '^(quoted|tapped): clean' secrets)" = 14 ]
	echo "the kernel's:"
	cat "$BATS_FILE_TMPDIR/intree-secrets"
	# The kernel's module leaves what it did not come to, and what comes twice.
	[ "$(grep -cE '^(quoted|tapped): secret' "$BATS_FILE_TMPDIR/intree-secrets")" -ge 5 ]
}

reasons() {
	new_link
	ip link add dummy0 type dummy
	nltool $SET
	nltool $SET u32:1=1 str:2=wg0
	nltool $SET str:2=nolink
	nltool $SET str:2=dummy0
	nltool -d $GET
	nltool -d $GET str:2=nolink
	nltool -d $GET str:2=dummy0
	set_ u32:5=2
	peer u16:5=1
	peer key:1=1 hex:2=aabb
	peer hex:1=aabb
	peer key:1=1 u32:3=8
	peer key:1=1 u32:10=2
	peer key:1=1 hex:4=0700123401020304000000000000000000
	allowed_ip u16:1=2
	allowed_ip u16:1=7 4:2=10.0.0.1 u8:3=32
	allowed_ip u16:1=2 6:2=fd00::1 u8:3=32
	allowed_ip u16:1=2 4:2=10.0.0.1 u8:3=33
	allowed_ip u16:1=2 4:2=10.0.0.1 u8:3=32 u32:4=2
	ip link add wg1 type wireguard
	wg set wg1 listen-port 99
	ip link set wg1 up
	ip link set wg0 up
	set_ u16:6=99
}

@test "every refusal says why, and what is at fault" {
	local nothing=
	# 6.1 gives a dump nowhere to put them when it begins.
	[[ $(uname -r) == 6.1.* ]] && nothing=' .*'
	alone reasons >out
	sed -E "5,7s/^(error [A-Z]+)${nothing:-$}/\\1/" >want <<-'END'
		error EBADR the link is missing: give its index or its name
		error EBADR at 2 give the link's index or its name, not both
		error ENODEV at 2 there is no such link
		error EOPNOTSUPP at 2 the link is not a WireGuard one
		error EBADR the link is missing: give its index or its name
		error ENODEV at 2 there is no such link
		error EOPNOTSUPP at 2 the link is not a WireGuard one
		error EOPNOTSUPP at 5 unknown flag of a link
		error EINVAL at 0 the peer has no public key
		error ERANGE at 2 a peer's keys are 32 bytes, its endpoint is a socket address
		error ERANGE at 1 a peer's keys are 32 bytes, its endpoint is a socket address
		error EOPNOTSUPP at 3 unknown flag of a peer
		error EPFNOSUPPORT at 10 no protocol version but 1
		ack endpoint ignored: neither a sockaddr_in nor a sockaddr_in6
		error EINVAL at 0 an allowed IP has a family, an address and a prefix length
		error EINVAL at 1 an allowed IP is IPv4 or IPv6
		error EINVAL at 2 the address is not as long as its family's are
		error EINVAL at 3 the prefix is longer than the address
		error EOPNOTSUPP at 4 unknown flag of an allowed IP
		error EADDRINUSE at 6 the port is in use
	END
	diff want out
}

one_address() {
	new_link
	wg set wg0 peer "$(key 1)" allowed-ips 10.0.0.0/24,10.0.1.0/24,fd00::/64 peer "$(key 2)"
	# Not this peer's; this peer's, without its host bits; another length; this peer's.
	set_ '[8' '[0' hex:1="$(printf %064d 2)" '[9' '[0' u16:1=2 4:2=10.0.0.0 u8:3=24 u32:4=1 ']' ']' ']' ']'
	set_ '[8' '[0' hex:1="$(printf %064d 1)" '[9' '[0' u16:1=2 4:2=10.0.0.7 u8:3=24 u32:4=1 ']' ']' ']' ']'
	set_ '[8' '[0' hex:1="$(printf %064d 1)" '[9' '[0' u16:1=2 4:2=10.0.1.0 u8:3=25 u32:4=1 ']' ']' ']' ']'
	set_ '[8' '[0' hex:1="$(printf %064d 1)" '[9' '[0' u16:1=10 6:2=fd00:: u8:3=64 u32:4=1 ']' ']' ']' ']'
	wg show wg0 allowed-ips
}

@test "one allowed IP is taken away by its flag" {
	alone one_address >out
	diff - out <<-END
		ack
		ack
		ack
		ack
		$(key 1)	10.0.1.0/24
		$(key 2)	(none)
	END
}

# A peer with many allowed IPs in the middle, so that a dump by small parts stops in it.
crowd() {
	new_link ${1:+"$1"}
	set_ '[8' '[0' key:1=0x11 ']' '[0' key:1=0x12 '[9' 1000* '[0' u16:1=2 hex:2=%x u8:3=32 ']' ']' ']' \
		20* '[0' hex:1=00000000000000000000000000000000000000000000000000000000%x ']' ']' >/dev/null
	[ "$(wg show wg0 peers | wc -l)" = 22 ] || echo "no crowd"
}

between() { get -b 4096 -q -w "$1" >parts; sort parts | uniq -c | awk '{$1 = ""} 1' | tr -d '\n'; echo; }

changes() {
	crowd
	echo "nothing"
	between true
	echo "the peer goes"
	between 'set_ "[8" "[0" key:1=0x12 u32:3=1 "]" "]" >/dev/null'
	ip link del wg0 && crowd
	echo "its allowed IPs go"
	between 'set_ "[8" "[0" key:1=0x12 u32:3=2 "]" "]" >/dev/null'
	ip link del wg0 && crowd
	echo "they go to another"
	between 'set_ "[8" "[0" key:1=0x11 "[9" 1000* "[0" u16:1=2 hex:2=%x u8:3=32 "]" "]" "]" "]" >/dev/null'
	ip link del wg0 && crowd
	echo "all peers go"
	between 'set_ u32:5=1 >/dev/null'
	ip link del wg0 && crowd
	ip link del wg0 && crowd 7
	echo "another link of the same number"
	between 'ip link del wg0; crowd 7'
	echo "another peer comes"
	between 'set_ "[8" "[0" key:1=0x70 "]" "]" >/dev/null'
	echo "the link goes"
	between 'ip link del wg0'
}
export -f between crowd

@test "a dump survives whatever happens between two parts of it, and says so" {
	alone changes >out
	diff - out <<-'END'
		nothing
		 done 0 part
		the peer goes
		 done 0 part part interrupted
		its allowed IPs go
		 done 0 part part interrupted
		they go to another
		 done 0 part part interrupted
		all peers go
		 done 0 part part interrupted
		another link of the same number
		 done 0 part part interrupted
		another peer comes
		 done 0 part part interrupted
		the link goes
		 done ENODEV the link went away part
	END
}

asleep() {
	crowd
	mkfifo go
	# A reader that took one part and sleeps.
	get -b 4096 -q -w 'echo >started; read -r <go' >/dev/null &
	until [ -s started ]; do sleep 0.1; done
	timeout 10 ip link del wg0 && echo "gone"
	echo >go
	wait
	echo "and nothing happened"
}

@test "a reader that sleeps in the middle of a dump holds up nobody" {
	alone asleep >out
	diff - out <<-'END'
		gone
		and nothing happened
	END
}

churn() {
	local i pids=()
	crowd
	mkfifo stop
	exec 9<>stop
	for i in 1 2; do
		nltool -R -d -b 4096 $GET str:2=wg0 <stop &
		pids+=($!)
	done
	nltool -R $SET str:2=wg0 u32:5=1 '[8' 30* '[0' hex:1=00000000000000000000000000000000000000000000000000000000%x \
		'[9' 20* '[0' u16:1=2 hex:2=%x u8:3=32 ']' ']' ']' ']' <stop &
	pids+=($!)
	nltool -R $SET str:2=wg0 '[8' 30* '[0' hex:1=00000000000000000000000000000000000000000000000000000000%x u32:3=1 ']' ']' <stop &
	pids+=($!)
	sleep "${WGCTL_CHURN:-3}"
	echo stopppp >&9
	for i in "${pids[@]}"; do wait "$i" || echo "one ended with $?"; done
	wg show wg0 peers | wc -l | grep -qE '^[0-9]+$' && echo "still there"
}

@test "dumps and changes at the same time" {
	dmesg -C
	alone churn >out
	cat out
	[ "$(cat out)" = "still there" ]
	! dmesg | grep -E 'BUG|WARNING|Call Trace|leak'
}

# A part must not cost more because there are more of them.
time_of() {
	new_link
	local n=$1 i
	for ((i = 0; i < n; i += 1000)); do
		set_ '[8' 1000* '[0' hex:1="$(printf %056d $i)%x" ']' ']' >/dev/null
	done
	[ "$(wg show wg0 peers | wc -l)" = "$n" ] || echo "no $n peers"
	local began=${EPOCHREALTIME/./}
	get -q >/dev/null
	echo $((${EPOCHREALTIME/./} - began))
}

@test "the time of a dump grows with the peers and not with their square" {
	few=$(alone time_of 2000)
	many=$(alone time_of 20000)
	echo "2,000 peers: $few us; 20,000 peers: $many us"
	[ "$many" -lt $((few * 30)) ]
}

@test "changing 20,000 peers in messages of a thousand waits for few grace periods" {
	# shellcheck disable=SC2317
	remove_all() {
		local i began
		time_of 20000 >/dev/null
		began=${EPOCHREALTIME/./}
		for ((i = 0; i < 20000; i += 1000)); do
			set_ '[8' 1000* '[0' hex:1="$(printf %056d $i)%x" u32:3=1 ']' ']' >/dev/null
		done
		echo $(((${EPOCHREALTIME/./} - began) / 1000))
		wg show wg0 peers
	}
	export -f time_of
	milliseconds=$(alone remove_all)
	echo "20,000 peers removed in $milliseconds ms"
	# At a grace period of some 5 ms each it would be 100 s.
	[ "$milliseconds" -lt 20000 ]
}
