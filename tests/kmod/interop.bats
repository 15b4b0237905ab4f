#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Our module with others, in a guest whose clock counts instructions: what would be
# minutes of waiting passes at once. On the left always ours, with a kind of its own; on
# the right
#
#   intree  the kernel's module, in the same kernel
#   go      wireguard-go
#   ours    itself
#
# Each tunnel carries IPv4 and IPv6, over one of them; who begins has the only
# endpoint, the other side learns it.
#
# Guest: --count

bats_require_minimum_version 1.5.0

setup_file() {
	source "$BATS_TEST_DIRNAME/guest"
	export DIR=$BATS_FILE_TMPDIR side
	export PATH=$DIR:$PATH
	ln -s "$(realpath "$O/kmod-tools/traffic")" "$DIR/traffic"
	load_intree
	load_flavour
	flavour_wg "$DIR/wg-ours"
	ln -s "$(command -v wg)" "$DIR/wg-intree"
	ln -s "$(command -v wg)" "$DIR/wg-go"
	for side in left right; do
		wg genkey >"$DIR/$side.key"
		wg pubkey <"$DIR/$side.key" >"$DIR/$side.pub"
	done
	wg genpsk >"$DIR/psk"
}

teardown_file() {
	source "$BATS_TEST_DIRNAME/guest"
	unload wgflavour
	unload
}

# ---- two sides ------------------------------------------------------------------------

declare -gA kind=() other=([left]=right [right]=left) number=([left]=1 [right]=2)

# The inside of a link, which comes and goes with it.
link_new() {
	local side=$1 n=${number[$1]} type=wireguard
	case ${kind[$side]} in
	ours) type=wgflavour ;;
	go)
		ip netns exec "$side" wireguard-go -f wg0 >"$BATS_TEST_TMPDIR/go.log" 2>&1 3>&- &
		go=$!
		until [ -S /run/wireguard/wg0.sock ]; do sleep 0.1; done
		type=
		;;
	esac
	ip -n "$side" -batch - <<-END
		${type:+link add wg0 type $type}
		link set wg0 mtu 1420
		addr add 10.0.0.$n/24 dev wg0
		addr add fd00::$n/64 dev wg0 nodad
		link set wg0 up
	END
}

link_del() {
	if [ "${kind[$1]}" = go ]; then
		kill "$go" && wait "$go" || true
	else
		ip -n "$1" link del wg0
	fi
}

# wg_on SIDE ARG...: that side's wg(8).
wg_on() { ip netns exec "$1" "wg-${kind[$1]}" "${@:2}"; }

# configure SIDE [OPTION...]: keys, port, the other side as its peer.
configure() {
	wg_on "$1" set wg0 private-key "$DIR/$1.key" listen-port 5182"${number[$1]}" \
		peer "$(<"$DIR/${other[$1]}.pub")" allowed-ips 10.0.0."${number[${other[$1]}]}",fd00::"${number[${other[$1]}]}" \
		"${@:2}"
}

# Where a side is, outside.
endpoint() { # 4|6 SIDE
	if [ "$1" = 4 ]; then echo "192.0.2.${number[$2]}:5182${number[$2]}"; else echo "[2001:db8::${number[$2]}]:5182${number[$2]}"; fi
}

# tunnel KIND 4|6 BEGINNER [OPTION...]: both sides of it, and a wire.
tunnel() {
	local each
	kind=([left]=ours [right]=$1)
	outer=$2 beginner=$3
	ip -batch - <<-'END'
		netns add left
		netns add right
		link add wire netns left type veth peer name wire netns right
	END
	for each in left right; do
		ip -n $each -batch - <<-END
			link set lo up
			addr add 192.0.2.${number[$each]}/24 dev wire
			addr add 2001:db8::${number[$each]}/64 dev wire nodad
			link set wire up
		END
		link_new $each
	done
	configure "$beginner" endpoint "$(endpoint "$outer" "${other[$beginner]}")" "${@:4}"
	configure "${other[$beginner]}" "${@:4}"
	coproc traffic { exec traffic left right 3>&-; }
}

end() {
	# shellcheck disable=SC1083
	[ -z "${traffic_PID-}" ] || { exec {traffic[1]}>&- && wait "$traffic_PID"; } || true
	[ -z "${go-}" ] || { kill "$go" && wait "$go"; } 2>/dev/null || true
	go=
	ip -batch - <<<$'netns del left\nnetns del right' || true
}
teardown() { end; }

# try COMMAND...: of traffic; it must work.
try() {
	local answer
	echo "$*" >&"${traffic[1]}"
	read -r answer <&"${traffic[0]}"
	echo "$*: $answer"
	[[ $answer = ok* ]]
}
# fails COMMAND...: not one packet comes through.
fails() {
	local answer
	echo "$*" >&"${traffic[1]}"
	read -r answer <&"${traffic[0]}"
	echo "$*: $answer"
	[[ $answer = 'no 0 of'* || $answer = 'no connection' ]]
}

# ---- what a side knows of the other ------------------------------------------------------

# peer SIDE FIELD: of the one line that wg show dump has for it.
peer() {
	local line
	line=$(wg_on "$1" show wg0 dump | tail -n 1) || return
	# shellcheck disable=SC2086
	set -- "$2" $line
	case $1 in
	endpoint) echo "$4" ;;
	handshake) echo "$6" ;;
	received) echo "$7" ;;
	sent) echo "$8" ;;
	esac
}

# What one side has sent the other has received, by both sides' own count, when it
# has been quiet for so long that no keepalive is due.
counters_agree() {
	local l r
	try sleep 30
	l=$(peer left sent)/$(peer left received)
	r=$(peer right received)/$(peer right sent)
	echo "left sent and received $l, right received and sent $r"
	[ "$l" = "$r" ] && [ "$l" != 0/0 ]
}

# ---- the matrix --------------------------------------------------------------------------

carries() { # KIND 4|6 BEGINNER [psk]
	local v
	tunnel "$1" "$2" "$3" ${4:+preshared-key "$DIR/psk"}
	# Whoever knows no endpoint cannot begin.
	fails send 4 "${other[$3]}" 1 100 0
	try udp 4 "$3" 5 100 0
	for v in 4 6; do
		try udp $v left 3 1 0
		try udp $v right 3 1392 0
		try udp $v left 2 4000 0
		try open $v left
		try tcp 60000
		try open $v right
		try tcp 60000
		try close
	done
	counters_agree
	[ "$(peer "${other[$3]}" endpoint)" = "$(endpoint "$2" "$3")" ]
}

@test "in-tree: over IPv4, ours begins" { carries intree 4 left; }
@test "in-tree: over IPv4, the other begins" { carries intree 4 right; }
@test "in-tree: over IPv4, ours begins, preshared key" { carries intree 4 left psk; }
@test "in-tree: over IPv4, the other begins, preshared key" { carries intree 4 right psk; }
@test "in-tree: over IPv6, ours begins" { carries intree 6 left; }
@test "in-tree: over IPv6, the other begins" { carries intree 6 right; }
@test "in-tree: over IPv6, ours begins, preshared key" { carries intree 6 left psk; }
@test "in-tree: over IPv6, the other begins, preshared key" { carries intree 6 right psk; }

@test "wireguard-go: over IPv4, ours begins" { carries go 4 left; }
@test "wireguard-go: over IPv4, the other begins" { carries go 4 right; }
@test "wireguard-go: over IPv4, ours begins, preshared key" { carries go 4 left psk; }
@test "wireguard-go: over IPv4, the other begins, preshared key" { carries go 4 right psk; }
@test "wireguard-go: over IPv6, ours begins" { carries go 6 left; }
@test "wireguard-go: over IPv6, the other begins" { carries go 6 right; }
@test "wireguard-go: over IPv6, ours begins, preshared key" { carries go 6 left psk; }
@test "wireguard-go: over IPv6, the other begins, preshared key" { carries go 6 right psk; }

@test "ours: over IPv4" { carries ours 4 left; }
@test "ours: over IPv4, preshared key" { carries ours 4 right psk; }
@test "ours: over IPv6" { carries ours 6 left; }
@test "ours: over IPv6, preshared key" { carries ours 6 right psk; }

# ---- a long time ---------------------------------------------------------------------------

# A session is renewed after 120 s of traffic and ends after 180 s: nothing of that is
# seen inside. 350 s are three sessions.
lasts() { # KIND BEGINNER
	local side before=()
	tunnel "$1" 4 "$2"
	try open 6 "$2"
	try tcp 20000
	for side in left right; do before+=("$(peer $side handshake)"); done
	try udp 4 "$2" 350 100 1000
	try tcp 20000
	for side in left right; do
		echo "$side: handshake at $(peer $side handshake), the first one at ${before[0]}"
		[ "$(peer $side handshake)" -ge $((before[0] + 240)) ]
		before=("${before[@]:1}")
	done
	echo "the one that did not begin speaks, the other only listens"
	before=("$(peer left handshake)")
	try send 4 "${other[$2]}" 200 100 1000
	[ "$(peer left handshake)" -ge $((before[0] + 80)) ]
	echo "nobody speaks until the session has ended"
	try sleep 30
	before=("$(peer left handshake)")
	try sleep 700
	[ "$(peer left handshake)" = "${before[0]}" ]
	try tcp 20000
	[ "$(peer left handshake)" -ge $((before[0] + 700)) ]
}

@test "in-tree: 1,200 seconds and seven sessions, ours begins" { lasts intree left; }
@test "in-tree: 1,200 seconds and seven sessions, the other begins" { lasts intree right; }
@test "wireguard-go: 1,200 seconds and seven sessions, ours begins" { lasts go left; }
@test "wireguard-go: 1,200 seconds and seven sessions, the other begins" { lasts go right; }
@test "ours: 1,200 seconds and seven sessions" { lasts ours left; }

keeps_alive() { # KIND
	local side to started before n got
	for side in left right; do
		to=${other[$side]}
		# A session that gets old would be renewed in between.
		tunnel "$1" 4 $side
		try udp 4 $side 1 100 0
		try sleep 15
		echo "$side speaks once: the other answers with an empty packet, once, after 10 s"
		before=$(peer $side received)
		try send 4 $side 1 100 0
		try sleep 15
		[ "$(($(peer $side received) - before))" = 32 ]
		echo "$side keeps the way open: a packet every 5 s, which nobody answers"
		started=${EPOCHREALTIME%.*}
		before=$(peer "$to" received) got=$(peer $side received)
		wg_on $side set wg0 peer "$(<"$DIR/$to.pub")" persistent-keepalive 5
		try sleep 30
		n=$((($(peer "$to" received) - before) / 32))
		wg_on $side set wg0 peer "$(<"$DIR/$to.pub")" persistent-keepalive off
		echo "$n packets in $((${EPOCHREALTIME%.*} - started)) s"
		((n >= 6 && n <= (${EPOCHREALTIME%.*} - started) / 5 + 1))
		[ "$(peer $side received)" = "$got" ]
		[ $side = right ] || end
	done
}

@test "in-tree: keepalives" { keeps_alive intree; }
@test "wireguard-go: keepalives" { keeps_alive go; }
@test "ours: keepalives" { keeps_alive ours; }

# ---- what changes --------------------------------------------------------------------------

roams() { # KIND
	local side n
	tunnel "$1" 4 left
	try open 6 left
	for side in left right; do
		n=${number[$side]}
		echo "$side gets another address"
		ip -n $side -batch - <<-END
			addr del 192.0.2.$n/24 dev wire
			addr add 192.0.2.${n}0/24 dev wire
		END
		# wireguard-go goes on with the address that it had until a handshake fails.
		[ "${kind[$side]}" != go ] || try udp 4 $side 12 100 1000 || true
		try udp 4 $side 2 100 0
		[ "$(peer "${other[$side]}" endpoint)" = "192.0.2.${n}0:5182$n" ]
		try udp 4 "${other[$side]}" 2 100 0
		try tcp 20000
		echo "and another port"
		wg_on $side set wg0 listen-port 4000$n
		try udp 6 $side 2 100 0
		[ "$(peer "${other[$side]}" endpoint)" = "192.0.2.${n}0:4000$n" ]
		try udp 6 "${other[$side]}" 2 100 0
		try tcp 20000
	done
	echo "the left one goes over to IPv6, the right one follows, and back"
	wg_on left set wg0 peer "$(<"$DIR/right.pub")" endpoint '[2001:db8::2]:40002'
	try udp 4 left 2 100 0
	[ "$(peer right endpoint)" = '[2001:db8::1]:40001' ]
	try tcp 20000
	wg_on right set wg0 peer "$(<"$DIR/left.pub")" endpoint 192.0.2.10:40001
	try udp 4 right 2 100 0
	[ "$(peer left endpoint)" = 192.0.2.20:40002 ]
	try tcp 20000
}

@test "in-tree: either side moves: address, port, family" { roams intree; }
@test "wireguard-go: either side moves: address, port, family" { roams go; }
@test "ours: either side moves: address, port, family" { roams ours; }

restarts() { # KIND
	local side to
	for side in left right; do
		to=${other[$side]}
		tunnel "$1" 4 $side
		try udp 4 $side 3 100 0
		echo "$side starts again, and speaks first"
		link_del $side
		link_new $side
		configure $side endpoint "$(endpoint 4 "$to")"
		try udp 4 $side 3 100 0
		echo "it starts again, and the other speaks first: into a session that is not there any more"
		link_del $side
		link_new $side
		configure $side
		fails udp 4 "$to" 5 100 0
		try sleep 12
		try udp 4 "$to" 3 100 0
		[ "$(peer $side endpoint)" = "$(endpoint 4 "$to")" ]
		[ $side = right ] || end
	done
}

@test "in-tree: either side starts again" { restarts intree; }
@test "wireguard-go: either side starts again" { restarts go; }
@test "ours: either side starts again" { restarts ours; }

# A preshared key that only one of them has: no session. Then none, and there is one.
differs() { # KIND BEGINNER
	tunnel "$1" 6 "$2"
	wg_on left set wg0 peer "$(<"$DIR/right.pub")" preshared-key "$DIR/psk"
	fails udp 4 "$2" 10 100 0
	[ "$(peer "$2" handshake)" = 0 ]
	# It was asked, and its answer not understood.
	[ "$(peer "${other[$2]}" sent)" -ge 184 ]
	wg_on left set wg0 peer "$(<"$DIR/right.pub")" preshared-key /dev/null
	try sleep 10
	try udp 4 "$2" 3 100 0
}

@test "in-tree: another preshared key is no session, ours begins" { differs intree left; }
@test "in-tree: another preshared key is no session, the other begins" { differs intree right; }
@test "wireguard-go: another preshared key is no session, ours begins" { differs go left; }
@test "wireguard-go: another preshared key is no session, the other begins" { differs go right; }
@test "ours: another preshared key is no session" { differs ours left; }
