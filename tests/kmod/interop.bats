#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --count
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

load net

setup_file() {
	export DIR=$BATS_FILE_TMPDIR side
	load_intree
	load_flavour
	flavour_wg "$DIR/wg-ours"
	ln -s "$(command -v wg)" "$DIR/wg-intree"
	ln -s "$(command -v wg)" "$DIR/wg-go"
	echo "${private[1]}" >"$DIR/left.key"
	echo "${private[2]}" >"$DIR/right.key"
	echo "${private[3]}" >"$DIR/psk"
	dmesg -C
}

teardown_file() {
	unload wgflavour
	unload
}

# ---- two sides ------------------------------------------------------------------------

declare -gA kind=() other=([left]=right [right]=left) number=([left]=1 [right]=2)

# link_new SIDE [COMMAND OF IP...]: its link, and the inside of it, which comes and goes with it.
link_new() {
	local side=$1 n=${number[$1]} type=wireguard
	case ${kind[$side]} in
	ours) type=wgflavour ;;
	go)
		EXEC='exec' at "$side" wireguard-go -f wg0 >"$BATS_TEST_TMPDIR/go.log" 2>&1 3>&- &
		go=$!
		until [ -S /run/wireguard/wg0.sock ]; do sleep 0.1; done
		type=
		;;
	esac
	ips "$side" <<-END
		$(printf '%s\n' "${@:2}")
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
wg_on() { at "$1" "$DIR/wg-${kind[$1]}" "${@:2}"; }

# change SIDE OPTION...: of its only peer.
change() { wg_on "$1" set wg0 peer "${public[${number[${other[$1]}]}]}" "${@:2}"; }

# configure SIDE [OPTION...]: keys, port, the other side as its peer, of which nothing
# is known yet.
configure() {
	local n=${number[$1]} o=${number[${other[$1]}]}
	wg_on "$1" set wg0 private-key "$DIR/$1.key" listen-port 5182"$n" \
		peer "${public[$o]}" remove peer "${public[$o]}" allowed-ips "10.0.0.$o,fd00::$o" "${@:2}"
}

# Where a side is, outside.
place() { # 4|6 SIDE
	if [ "$1" = 4 ]; then echo "192.0.2.${number[$2]}:5182${number[$2]}"; else echo "[2001:db8::${number[$2]}]:5182${number[$2]}"; fi
}

# sides KIND: two machines, a wire, links on both; and what sends packets.
sides() {
	local each n
	kind=([left]=ours [right]=$1)
	ip -batch - <<-'END'
		netns add left
		netns add right
		link add wire netns left type veth peer name wire netns right
	END
	for each in left right; do
		n=${number[$each]}
		link_new $each 'link set lo up' 'link set wire up' "addr add 192.0.2.$n/24 dev wire" "addr add 2001:db8::$n/64 dev wire nodad"
	done
	coproc traffic { exec "$O/kmod-tools/traffic" left right 3>&-; }
}

# begins BEGINNER 4|6 [OPTION...]: a tunnel without a past. Who begins comes last: with the
# other side as it was it would have a session that the other side then forgets.
begins() {
	configure "${other[$1]}" "${@:3}"
	configure "$1" endpoint "$(place "$2" "${other[$1]}")" "${@:3}"
}

end() {
	# shellcheck disable=SC1083
	[ -z "${traffic_PID-}" ] || { exec {traffic[1]}>&- && wait "$traffic_PID"; } || true
	[ -z "${go-}" ] || { kill "$go" && wait "$go"; } 2>/dev/null || true
	go=
	clean_up
}
# What the two say to each other is the same on either kernel, and Go is slow in emulation: with
# 6.1 it is that kernel's own module that ours has to do with.
setup() {
	case $(uname -r)/$BATS_TEST_DESCRIPTION in
	6.1.*/wireguard-go:* | 6.1.*/ours:*) skip "elsewhere: in the guest with 6.12" ;;
	esac
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

# about SIDE: what it knows of the other one, in variables.
about() {
	local _
	{ read -r _ && read -r _ _ endpoint _ handshake received sent _; } < <(wg_on "$1" show wg0 dump)
}

# ---- the matrix --------------------------------------------------------------------------

carries() { # KIND BEGINNER
	local outer psk v to=${other[$2]} counted
	sides "$1"
	for outer in 4 6; do
		for psk in /dev/null "$DIR/psk"; do
			echo "over IPv$outer, preshared key $psk"
			begins "$2" $outer preshared-key "$psk"
			# Whoever knows no endpoint cannot begin.
			fails send 4 "$to" 1 100 0
			try udp 4 "$2" 5 100 0
			for v in 4 6; do
				try udp $v left 3 1 0
				try udp $v right 3 1392 0
				try udp $v left 2 4000 0
				try open $v left
				try tcp 20000
				try open $v right
				try tcp 20000
				try close
			done
			# When it has been quiet for so long that no keepalive is due, what one side
			# has sent the other has received.
			try sleep 30
			about "$2"
			counted=$sent/$received
			about "$to"
			is "$received/$sent" "$counted"
			is "$endpoint" "$(place $outer "$2")"
		done
	done
}

@test "in-tree: over IPv4 and IPv6, with a preshared key and without, ours begins" { carries intree left; }
@test "in-tree: over IPv4 and IPv6, with a preshared key and without, the other begins" { carries intree right; }
@test "wireguard-go: over IPv4 and IPv6, with a preshared key and without, ours begins" { carries go left; }
@test "wireguard-go: over IPv4 and IPv6, with a preshared key and without, the other begins" { carries go right; }
@test "ours: over IPv4 and IPv6, with a preshared key and without" { carries ours left; }

# ---- a long time ---------------------------------------------------------------------------

# A session is renewed after 120 s of traffic and ends after 180 s: nothing of that is
# seen inside. 350 s are three sessions.
lasts() { # KIND BEGINNER...
	local beginner first
	sides "$1"
	for beginner in "${@:2}"; do
		echo "$beginner begins"
		begins "$beginner" 4
		try open 6 "$beginner"
		try tcp 20000
		about right
		first=$handshake
		try udp 4 "$beginner" 350 100 1000
		try tcp 20000
		about left
		echo "handshake at $handshake, the first one at $first"
		((handshake >= first + 240))
		about right
		((handshake >= first + 240))
		echo "the one that did not begin speaks, the other only listens"
		first=$handshake
		try send 4 "${other[$beginner]}" 200 100 1000
		about right
		((handshake >= first + 80))
		echo "nobody speaks until the session has ended"
		try sleep 30
		about left
		first=$handshake
		try sleep 700
		about left
		is "$handshake" "$first"
		# One of them: where both begin at the same moment each forgets its own initiation over
		# the other's, nobody has a session, and both try again after 5 s. In one kernel that is
		# the same moment again, as often as not (its timers are 64 ticks apart so far ahead):
		# 5, 10, 15, 20 s were seen, also between two of the kernel's own modules.
		try udp 4 "$beginner" 1 100 0
		try tcp 20000
		about left
		((handshake >= first + 700))
		try close
	done
}

@test "in-tree: 1,200 seconds and seven sessions, of either side" { lasts intree left right; }
@test "wireguard-go: 1,200 seconds and seven sessions, of either side" { lasts go left right; }
@test "ours: 1,200 seconds and seven sessions" { lasts ours left; }

keeps_alive() { # KIND
	local side to started before n got
	sides "$1"
	for side in left right; do
		to=${other[$side]}
		# A session that gets old would be renewed in between.
		begins $side 4
		try udp 4 $side 1 100 0
		try sleep 15
		echo "$side speaks once: the other answers with an empty packet, once, after 10 s"
		about $side
		before=$received
		try send 4 $side 1 100 0
		try sleep 15
		about $side
		is $((received - before)) 32
		echo "$side keeps the way open: a packet every 5 s, which nobody answers"
		got=$received
		about "$to"
		before=$received
		started=${EPOCHREALTIME%.*}
		change $side persistent-keepalive 5
		try sleep 30
		about "$to"
		n=$(((received - before) / 32))
		change $side persistent-keepalive off
		echo "$n packets in $((${EPOCHREALTIME%.*} - started)) s"
		((n >= 6 && n <= (${EPOCHREALTIME%.*} - started) / 5 + 1))
		about $side
		is "$received" "$got"
	done
}

@test "in-tree: keepalives" { keeps_alive intree; }
@test "wireguard-go: keepalives" { keeps_alive go; }
@test "ours: keepalives" { keeps_alive ours; }

# ---- what changes --------------------------------------------------------------------------

roams() { # KIND
	local side n
	sides "$1"
	begins left 4
	try open 6 left
	for side in left right; do
		n=${number[$side]}
		echo "$side gets another address"
		ips $side <<-END
			addr del 192.0.2.$n/24 dev wire
			addr add 192.0.2.${n}0/24 dev wire
		END
		# wireguard-go goes on with the address that it had until a handshake fails.
		[ "${kind[$side]}" != go ] || try udp 4 $side 12 100 1000 || true
		try udp 4 $side 2 100 0
		about "${other[$side]}"
		is "$endpoint" "192.0.2.${n}0:5182$n"
		try udp 4 "${other[$side]}" 2 100 0
		try tcp 20000
		echo "and another port"
		wg_on $side set wg0 listen-port 4000$n
		try udp 6 $side 2 100 0
		about "${other[$side]}"
		is "$endpoint" "192.0.2.${n}0:4000$n"
		try udp 6 "${other[$side]}" 2 100 0
		try tcp 20000
	done
	echo "the left one goes over to IPv6, the right one follows, and back"
	# The next packet that is on its way, or a keepalive, would be from the place before.
	sleep 12
	change left endpoint '[2001:db8::2]:40002'
	try udp 4 left 2 100 0
	about right
	is "$endpoint" '[2001:db8::1]:40001'
	try tcp 20000
	sleep 12
	change right endpoint 192.0.2.10:40001
	try udp 4 right 2 100 0
	about left
	is "$endpoint" 192.0.2.20:40002
	try tcp 20000
}

@test "in-tree: either side moves: address, port, family" { roams intree; }
@test "wireguard-go: either side moves: address, port, family" { roams go; }
@test "ours: either side moves: address, port, family" { roams ours; }

restarts() { # KIND
	local side to
	sides "$1"
	for side in left right; do
		to=${other[$side]}
		begins $side 4
		try udp 4 $side 3 100 0
		echo "$side starts again, and speaks first"
		link_del $side
		link_new $side
		configure $side endpoint "$(place 4 "$to")"
		try udp 4 $side 3 100 0
		echo "it starts again, and the other speaks first: into a session that is not there any more"
		link_del $side
		link_new $side
		configure $side
		fails udp 4 "$to" 5 100 0
		try sleep 12
		try udp 4 "$to" 3 100 0
		about $side
		is "$endpoint" "$(place 4 "$to")"
	done
}

@test "in-tree: either side starts again" { restarts intree; }
@test "wireguard-go: either side starts again" { restarts go; }
@test "ours: either side starts again" { restarts ours; }

# A preshared key that only one of them has: no session. Then none, and there is one.
differs() { # KIND
	local side
	sides "$1"
	for side in left right; do
		begins $side 6
		change left preshared-key "$DIR/psk"
		fails udp 4 $side 10 100 0
		about $side
		is "$handshake" 0
		# It was asked, and its answer not understood.
		about "${other[$side]}"
		((sent >= 184))
		change left preshared-key /dev/null
		try sleep 10
		try udp 4 $side 3 100 0
	done
}

@test "in-tree: another preshared key is no session" { differs intree; }
@test "wireguard-go: another preshared key is no session" { differs go; }
@test "ours: another preshared key is no session" { differs ours; }

@test "nothing holds either module, and both go" {
	unload wgflavour
	module_goes
}
