#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Called as wg, this program and Debian's wg(8) say the same about the same
# device, byte for byte, and ask the same of it. Real devices are
# wireguard-go's; a server of fixed replies shows what cannot be arranged.
# The kernel's devices are in wg-kernel.bats.
#
# Guests: none

load net
load as-wg
bats_require_minimum_version 1.5.0

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/bin"
	"${CC:-cc}" -O1 -o "$BATS_FILE_TMPDIR/bin/uapi-server" "$BATS_TEST_DIRNAME/../helpers/uapi-server.c"
	ln -s "$(realpath "${WGCTL:-$BATS_TEST_DIRNAME/../../build/wgctl}")" "$BATS_FILE_TMPDIR/bin/wg"
}

setup() {
	theirs=$(PATH=/usr/bin:/bin:/usr/local/bin type -P wg) || skip "there is no wg(8) to compare with"
	ours=$BATS_FILE_TMPDIR/bin/wg
	cd "$BATS_TEST_TMPDIR" || return
	umask 077
	host_new a
	on a mkdir /run/wireguard
}

teardown() {
	hosts_gone
}

# device NAME <reply: a device that is but this text
device() {
	cat >"$1.reply"
	(on a "$BATS_FILE_TMPDIR/bin/uapi-server" "/run/wireguard/$1.sock" "$PWD/$1.reply" "$PWD/$1.log" 3>&- &)
	for _ in $(seq 200); do
		on a test -S "/run/wireguard/$1.sock" && return
		sleep 0.02
	done
	return 1
}

hex() { # a key made of one byte
	local k=''
	while [ ${#k} -lt 64 ]; do k+=$1; done
	echo "$k"
}

bytes() { # the same, raw
	printf '%b' "$(hex "$1" | sed 's/../\\x&/g')"
}

peer() { # peer BYTE LINES...
	printf 'public_key=%s\n' "$(hex "$1")"
	shift
	printf '%s\n' "$@"
}

many() {
	local now
	now=$(date +%s)
	printf 'private_key=%s\nlisten_port=51820\nfwmark=51820\n' "$(hex a8)"
	peer 01 "preshared_key=$(hex 00)" protocol_version=1 persistent_keepalive_interval=0
	peer 02 "preshared_key=$(hex 77)" endpoint=192.0.2.1:1 allowed_ip=0.0.0.0/0 allowed_ip=::/0 rx_bytes=0 tx_bytes=1
	peer 03 "endpoint=[2001:db8::1]:65535" last_handshake_time_sec=$((now - 1)) last_handshake_time_nsec=0 \
		rx_bytes=1023 tx_bytes=1024 persistent_keepalive_interval=1
	peer 04 "endpoint=[fe80::1%1]:9" last_handshake_time_sec=$((now - 61)) rx_bytes=1048575 tx_bytes=1048576 \
		persistent_keepalive_interval=25 allowed_ip=10.0.0.0/8 allowed_ip=fd00::/8 allowed_ip=192.0.2.7/32
	peer 05 last_handshake_time_sec=$((now - 3600)) rx_bytes=1073741823 tx_bytes=1073741824 persistent_keepalive_interval=60
	peer 06 last_handshake_time_sec=$((now - 86400 - 3661)) rx_bytes=1099511627775 tx_bytes=1099511627776 \
		persistent_keepalive_interval=3661
	peer 07 last_handshake_time_sec=$((now - 400 * 86400)) rx_bytes=18446744073709551615 tx_bytes=123456789012345678 \
		persistent_keepalive_interval=65535
	peer 08 last_handshake_time_sec=$((now + 1000))
	peer 09 last_handshake_time_sec=1 last_handshake_time_nsec=999999999
	peer 0a last_handshake_time_sec=$((now - 3600 * 24 * 365 * 2)) allowed_ip=::ffff:1.2.3.4/128
	printf 'errno=0\n\n'
}

@test "a device with nothing, and one with everything" {
	device bare <<<$'errno=0\n'
	every_view bare
	device many < <(many)
	every_view many
	[[ $(on a "$ours" show many) == *wound* ]]
}

@test "peers with the same handshake keep their order" {
	device same < <(for i in 11 12 13 14 15 16; do peer $i last_handshake_time_sec=1000 last_handshake_time_nsec=5; done; printf 'errno=0\n\n')
	every_view same
}

@test "all devices at once" {
	both
	both show
	both show interfaces
	both show all
	device one < <(many)
	device two <<<$'listen_port=7\nerrno=0\n'
	device three < <(peer 01 errno=0 '' '')
	both
	both show
	both show interfaces
	both show all
	for f in "${fields[@]}"; do both show all "$f"; done
	[ "$(on a "$ours" show interfaces | wc -w)" = 3 ]
	WG_COLOR_MODE=always both show all
	both_err show all bogus
	both_err show one bogus
	both_err show interfaces bogus
}

@test "a device that answers with nonsense or refuses" {
	local text n=0
	for text in '' 'errno=22' 'nonsense' 'listen_port=99999999' 'errno=-1'; do
		device "bad$n" <<<"$text"$'\n'
		both show "bad$n"
		[ "$status" = 1 ]
		both showconf "bad$n"
		[ "$status" = 1 ]
		n=$((n + 1))
	done
	both show all
	[ "$status" = 1 ]
	device good <<<$'listen_port=7\nerrno=0\n'
	both show all listen-port
	[ "$status" = 0 ]
}

@test "a socket that nobody serves is taken away" {
	device dead <<<$'errno=0\n'
	for pid in $(inhabitants a); do
		[ "$pid" = "${HOST_PID[a]}" ] || kill -9 "$pid"
	done
	on a test -S /run/wireguard/dead.sock
	[ -z "$(on a "$ours" show interfaces)" ]
	not on a test -e /run/wireguard/dead.sock
}

@test "usage and status for wrong arguments" {
	both_err show --help
	both_err show -h
	both_err show help
	both_err show a b c
	both_err show interfaces x
	both_err show interfaces --help
	both_err show all dump x
	for c in showconf setconf addconf syncconf set; do both_err "$c"; done
	both_err set wg0
	both_err set --help
	both_err setconf a
	both_err setconf a b c
	both_err addconf --help
	both_err showconf a b
	for c in genkey genpsk pubkey; do both_err $c x; both_err $c --help; done
	both_err setconf nodev /nonexistent
	for c in nosuch "help x" "version x" sho ""; do
		# shellcheck disable=SC2086
		both $c
	done
	both nosuch
	[ "$status" = 1 ] && [ "$(head -1 ours.err)" = "$(head -1 theirs.err)" ]
	for c in show showconf; do
		both $c nodev
		[ "$status" = 1 ]
		both $c sixteencharacter
		[ "$status" = 1 ]
	done
	both show nodev peers
	both set nodev listen-port 1
	[ "$status" = 1 ]
	for c in help --help -h version -v --version; do
		run -0 on a "$ours" "$c"
		[ -n "$output" ]
	done
}

@test "keys" {
	local k
	k=$("$theirs" genkey)
	[ "$("$theirs" pubkey <<<"$k")" = "$("$ours" pubkey <<<"$k")" ]
	[ "$("$ours" genkey | "$theirs" pubkey | wc -c)" = 45 ]
	[ "$("$ours" genpsk | base64 -d | wc -c)" = 32 ]
	[ "$("$ours" genkey)" != "$("$ours" genkey)" ]
	# A private key is clamped: the low three bits and the highest are 0.
	k=$("$ours" genkey | base64 -d | od -An -tu1)
	# shellcheck disable=SC2086
	set -- $k
	[ $(($1 % 8)) = 0 ] && [ $((${32} / 64)) = 1 ]
	"$ours" genkey >private
	for how in 'cat private' 'tr -d "\n" <private' 'cat private; printf " \t\n\v\f\r\0"' 'cat private; echo x' 'head -c 43 private' \
		'echo' 'true' 'cat private private' 'sed s/.=/B=/ private' 'printf " "; cat private' 'tr A-Z - <private'; do
		bash -c "$how" >in
		status=0 mine=0
		output=$(as_wg "$theirs" pubkey <in 2>theirs.err) || status=$?
		got=$(as_wg "$ours" pubkey <in 2>ours.err) || mine=$?
		[ "$output" = "$got" ]
		echo "$how: $status $mine"
		[ "$status" = "$mine" ]
		diff theirs.err ours.err
	done
	(umask 0; "$ours" genkey >open) 2>err
	grep -q Warning err
	(umask 077; "$ours" genkey >closed) 2>err
	[ ! -s err ]
}

# asks ARGS...: both ask the same of the device, or both refuse.
asks() {
	: >dev.log
	# Once each: what is asked is compared, not what is said.
	status=0 ours_status=0
	as_wg "$theirs" "$@" >theirs.out 2>theirs.err || status=$?
	as_wg "$ours" "$@" >ours.out 2>ours.err || ours_status=$?
	[ "$status" = "$ours_status" ] || {
		echo "wg $*: status $status, ours $ours_status"
		cat theirs.err ours.err
		return 1
	}
	cmp theirs.out ours.out
	# The log has what they asked, then what we did.
	local n
	n=$(wc -c <dev.log)
	if [ "$status" = 0 ]; then
		[ "$n" -gt 0 ]
		cmp <(head -c $((n / 2)) dev.log) <(tail -c $((n / 2)) dev.log) || { echo "wg $*:"; cat dev.log; return 1; }
	elif [ "$n" != 0 ]; then
		echo "wg $*: refused, but asked:"; cat dev.log
		return 1
	fi
}

@test "set asks for the same" {
	local k1 k2
	device dev < <(many)
	k1=$("$theirs" genkey | tee key | "$theirs" pubkey) k2=$("$theirs" genpsk | tee psk)
	printf ' %s\n' "$k2" >odd; printf '%sx\n' "$k2" >longer
	asks set dev listen-port 5
	asks set dev listen-port domain
	asks set dev listen-port 0
	asks set dev listen-port 65535 fwmark 0xff private-key key
	for v in 0x50 -1 '' x 65536 70000 5x ' 5' 4294967296 99999999999; do asks set dev listen-port "$v"; done
	for v in off OFF 0 010 0x10 0X10 0xFF 4294967295 4294967296 0x 0xg '' -1 ' 1' 1x 0xffffffff 0x100000000; do asks set dev fwmark "$v"; done
	for v in key psk /dev/null odd longer /nonexistent /; do asks set dev private-key "$v"; done
	# What a program leaves that failed is an empty pipe, and not a word for "none".
	asks set dev private-key /dev/stdin < <(:)
	[ "$status" = 1 ]
	asks set dev peer "$k1"
	asks set dev peer "$k1" remove
	asks set dev peer "$k1" preshared-key psk endpoint 127.0.0.1:5 persistent-keepalive 25 allowed-ips 10.0.0.0/8,::/0
	asks set dev peer "$k1" allowed-ips 10.0.0.0/8 peer "$k2" remove peer "$k1" allowed-ips ''
	for v in off OFF 0 1 65535 65536 -1 x '' 1x; do asks set dev peer "$k1" persistent-keepalive "$v"; done
	for v in 10.0.0.1 10.0.0.1/32 10.1/16 10.0.0.0/33 10.0.0.0/ ::1/129 fd00::1 , 10.0.0.1, ,10.0.0.1 ' 10.0.0.1' 10.0.0.1/0x8 \
		10.0.0.0/-1 '10.0.0.0/8, ::/0' 010.0.0.1 ::ffff:1.2.3.4/128 fe80::1%lo/64; do
		asks set dev peer "$k1" allowed-ips "$v"
	done
	for v in 127.0.0.1:5 '[::1]:5' ::1:5 '[::1%lo]:5' '[fe80::1%lo]:5' 127.0.0.1 127.0.0.1: :5 '' '[::1]' '[::1' '[]:5' 127.1:5 localhost:5 \
		127.0.0.1:domain 127.0.0.1:x 127.0.0.1:70000 127.0.0.1:0; do
		WG_ENDPOINT_RESOLUTION_RETRIES=0 asks set dev peer "$k1" endpoint "$v"
	done
	for v in x -1 '' 1x 0 3 ' 3' +3 infinity 2147483648 99999999999999999999; do WG_ENDPOINT_RESOLUTION_RETRIES=$v asks set dev peer "$k1" endpoint 127.0.0.1:5; done
	for v in "${k1%=}" "${k1}=" x '' "${k1:1}"; do asks set dev peer "$v"; done
	asks set dev peer "$k1" listen-port 5
	asks set dev listen-port
	asks set dev peer
	asks set dev peer "$k1" allowed-ips
	asks set dev bogus
	asks set dev remove
}

conf() { cat >conf; }

@test "setconf, addconf and syncconf ask for the same" {
	local k p1 p2 psk c
	device dev < <(many)
	k=$("$theirs" genkey) p1=$("$theirs" pubkey <<<"$k") p2=$("$theirs" genkey | "$theirs" pubkey) psk=$("$theirs" genpsk)
	files() {
		for c in setconf addconf; do asks $c dev conf; done
	}
	conf </dev/null; files
	conf <<<"[Interface]"; files
	conf <<-END
		[Interface]
		PrivateKey = $k
		ListenPort = 51820
		FwMark = 0x10 # a mark
		[Peer]
		PublicKey = $p1
		PresharedKey = $psk
		AllowedIPs = 10.0.0.0/8, fd00::/8
		AllowedIPs = 192.0.2.0/24
		Endpoint = 127.0.0.1:5
		PersistentKeepalive = 25

		[Peer]
		publickey=$p2
	END
	files
	asks setconf dev /dev/stdin <conf
	conf <<<"[Peer]"; files
	conf <<<"PrivateKey = $k"; files
	conf <<<$'[Interface]\nBogus = 1'; files
	conf <<<$'[Interface]\nAddress = 10.0.0.1/8'; files
	conf <<<"[Peer]"$'\n'"PublicKey = $p1"$'\n'"AllowedIPs ="; files
	# syncconf: a file without peers, one with a peer that is there and a new
	# one. wg sorts what it sends, we do not: the same lines, peer by peer.
	conf <<<"[Interface]"$'\n'"ListenPort = 9"; asks syncconf dev conf
	conf <<<"nonsense"; asks syncconf dev conf
}

@test "syncconf spares the peers that stay" {
	local k2 k3
	device dev < <(
		peer 02 "preshared_key=$(hex 77)" persistent_keepalive_interval=5 allowed_ip=10.0.0.2/32
		peer 04 allowed_ip=10.0.0.4/32
		printf 'errno=0\n\n'
	)
	k2=$(bytes 02 | base64) k3=$(bytes 03 | base64)
	conf <<-END
		[Interface]
		ListenPort = 9
		[Peer]
		PublicKey = $k3
		AllowedIPs = 10.0.0.3/32
		[Peer]
		PublicKey = $k2
		AllowedIPs = 10.0.0.22/32
	END
	on a "$ours" syncconf dev conf
	diff - dev.log <<-END
		set=1
		private_key=$(hex 00)
		listen_port=9
		fwmark=0
		public_key=$(hex 04)
		remove=true
		public_key=$(hex 03)
		replace_allowed_ips=true
		allowed_ip=10.0.0.3/32
		public_key=$(hex 02)
		preshared_key=$(hex 00)
		persistent_keepalive_interval=0
		replace_allowed_ips=true
		allowed_ip=10.0.0.22/32

	END
}

@test "a device of wireguard-go after real handshakes" {
	command -v wireguard-go >/dev/null || skip "there is no wireguard-go"
	local pub1 pub2
	pub1=$("$ours" genkey | tee k1 | "$ours" pubkey) pub2=$("$ours" genkey | tee k2 | "$ours" pubkey)
	"$ours" genpsk >psk
	for i in 1 2; do on a wireguard-go wt$i >/dev/null 2>&1; done
	on a "$ours" set wt1 private-key k1 listen-port 4001 fwmark 7 peer "$pub2" preshared-key psk endpoint 127.0.0.1:4002 \
		allowed-ips 10.77.0.2/32,fd77::2/128 persistent-keepalive 1
	on a "$ours" set wt2 private-key k2 listen-port 4002 peer "$pub1" preshared-key psk allowed-ips 10.77.0.1/32
	# The packets of one carry a mark that no rule knows: they go over lo.
	on a ip link set wt2 up
	on a ip link set wt1 up
	for _ in $(seq 100); do
		[ "$(on a "$ours" show wt1 latest-handshakes | cut -f2)" = 0 ] || break
		sleep 0.1
	done
	[ "$(on a "$ours" show wt1 latest-handshakes | cut -f2)" != 0 ]
	on a "$ours" set wt1 peer "$pub2" persistent-keepalive 0
	sleep 0.2
	every_view wt1
	every_view wt2
	both show all
	both show interfaces
	# What one prints the other reads: nothing changes on the way.
	on a "$ours" showconf wt1 >before
	on a "$ours" setconf wt1 before
	on a "$theirs" showconf wt1 | diff before -
	on a "$theirs" syncconf wt1 before
	on a "$ours" syncconf wt1 before
	on a "$theirs" showconf wt1 | diff before -
	on a ip link del wt1
	on a ip link del wt2
}
