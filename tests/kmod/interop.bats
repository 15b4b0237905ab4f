#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Our module with others, in a guest whose clock counts instructions (--count: what
# would be minutes of waiting passes at once). On the left always ours, with a kind of
# its own; on the right
#
#   intree  the kernel's module, in the same kernel
#   go      wireguard-go
#   ours    itself
#
# Each tunnel carries IPv4 and IPv6, over one of them; who begins has the only
# endpoint, the other side learns it.

bats_require_minimum_version 1.5.0

setup_file() {
	source "$BATS_TEST_DIRNAME/guest"
	export DIR=$BATS_FILE_TMPDIR side
	export PATH=$DIR:$PATH
	"${CC:-cc}" -D_GNU_SOURCE -O1 -Wall -Wextra -o "$DIR/traffic" "$BATS_TEST_DIRNAME/traffic.c"
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
	kind=([left]=ours [right]=$1)
	outer=$2 beginner=$3
	ip -batch - <<-'END'
		netns add left
		netns add right
		link add wire netns left type veth peer name wire netns right
	END
	for side in left right; do
		ip -n $side -batch - <<-END
			link set lo up
			addr add 192.0.2.${number[$side]}/24 dev wire
			addr add 2001:db8::${number[$side]}/64 dev wire nodad
			link set wire up
		END
		link_new $side
	done
	configure "$beginner" endpoint "$(endpoint "$outer" "${other[$beginner]}")" "${@:4}"
	configure "${other[$beginner]}" "${@:4}"
	coproc traffic { exec traffic left right 3>&-; }
}

teardown() {
	[ -z "${traffic_PID-}" ] || { exec {traffic[1]}>&- && wait "$traffic_PID"; } || true
	[ -z "${go-}" ] || { kill "$go" && wait "$go"; } 2>/dev/null || true
	ip -batch - <<<$'netns del left\nnetns del right' || true
}

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

# What one side has sent the other has received, by both sides' own count.
counters_agree() {
	local l r
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
	fails send 4 "${other[$3]}" 1 100
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
	try sleep 1
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
