#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --count
# The seconds of the protocol, as a tap on the wire sees them. In a guest whose clock
# stands still while nothing happens: minutes pass at once, and to the millisecond.
# The module is ours, or with WGCTL_KMOD=intree the kernel's.

load net

setup_file() { load_module; }
teardown() { clean_up; }

# Every message between a and b from here on is in a file.
tap() {
	background at b tcpdump -n -tt -l --immediate-mode -i eth0 udp port 20000
	mv "$BATS_TEST_TMPDIR/background" "$BATS_TEST_TMPDIR/wire"
	until grep -q '^listening' "$BATS_TEST_TMPDIR/wire"; do sleep 0.1; done
}

# seen a|b LENGTH: when such messages of its were on the wire, in ms, in `times`;
# `last` is the last of them. 148: initiation, 32: keepalive, 160: what say() says.
seen() {
	local at from length n=1
	[ "$1" = a ] || n=2
	times=() last=
	while read -r at _ from _ _ _ _ length; do
		[[ $from = 192.0.2.$n.* && $length = "$2" ]] || continue
		at=${at/./}
		times+=("${at%???}")
		last=${times[-1]}
	done <"$BATS_TEST_TMPDIR/wire"
}
within() { (($2 <= $1 && $1 <= $3)) || { echo "$1 is not within $2 and $3"; return 1; }; }
# say a|b [WORDS]: one datagram to the other one.
say() {
	if [ "$1" = a ]; then
		flow udp a,10.0.0.1 b,10.0.0.2 oneway=1 size=100 count=1 "${@:2}"
	else
		flow udp b,10.0.0.2 a,10.0.0.1 oneway=1 size=100 count=1 "${@:2}"
	fi
}
# b is deaf, or dumb, to what the nft expression says.
deaf() { rules b <<<"table inet t { chain in { type filter hook input priority 0; $1 drop; }; }"; }
dumb() { rules b <<<"table inet t { chain out { type filter hook output priority 0; $1 drop; }; }"; }
hears() { at b nft flush ruleset; }

@test "nobody answers: an initiation every 5 s for 90 s, then silence" {
	pair
	tap
	deaf 'udp dport 20000'
	WAIT=1 not reaches a 10.0.0.2
	sleep 200
	seen a 148
	is ${#times[@]} 20
	for n in {1..19}; do
		within $((times[n] - times[n - 1])) 5000 5360
	done
	# What waited is not sent to whoever answers hours later.
	count a wg0 tx dropped
	is "$count" 1
	# The next packet begins anew, at once.
	hears
	reaches a 10.0.0.2
	is "$(grep -c 'length 148' "$BATS_TEST_TMPDIR/wire")" 21
}

@test "10 s after it heard something, who said nothing says so; who hears nothing asks after 15" {
	pair
	tap
	reaches a 10.0.0.2
	sleep 30
	say a
	sleep 20
	seen a 160
	before=$last
	seen b 32
	within $((last - before)) 10000 10050
	# More came meanwhile: once more, 10 s after that keepalive, not for each.
	is "$(keepalives)" 1
	say a count=5 every=1000
	sleep 30
	is "$(keepalives)" 3
	dumb 'udp sport 20000'
	say a
	sleep 14
	seen a 148
	is ${#times[@]} 1
	sleep 2
	seen a 160
	before=$last
	seen a 148
	is ${#times[@]} 2
	within $((last - before)) 15000 15360
}
keepalives() { grep -c '192.0.2.2.20000 > .* length 32$' "$BATS_TEST_TMPDIR/wire"; }

@test "whoever began asks for a new session: after 120 s if it sends, after 165 s if it hears" {
	pair
	tap
	out=$(say a count=125 every=1000)
	has "$out" "sent 125 arrived 125 "
	seen a 148
	is ${#times[@]} 2
	within $((times[1] - times[0])) 120000 121050
	seen b 148
	is ${#times[@]} 0
	# Counted from the second session.
	sleep 155
	say b
	seen a 148
	is ${#times[@]} 2
	sleep 12
	seen a 148
	say b
	sleep 1
	is ${#times[@]} 3
	seen b 148
	is ${#times[@]} 0
}

@test "without a successor a session ends after 180 s" {
	pair
	tap
	reaches a 10.0.0.2
	deaf 'udp length 156'
	dumb 'udp length 156'
	# Many more than wait for the next session: they are too old then.
	out=$(say a count=200 every=1000 window=300) || true
	has "$out" "back 0 twice 0 late 0 "
	seen a 148
	began=${times[0]}
	seen a 160
	within $((last - began)) 178900 180050
	hears
	WAIT=7 reaches a 10.0.0.2
}

@test "keys are forgotten after 540 s" {
	pair
	function=wg_keypairs_clear
	[ "${WGCTL_KMOD-}" != intree ] || function=wg_noise_keypairs_clear
	mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null || true
	cd /sys/kernel/tracing
	reaches a 10.0.0.2
	echo "p:forgotten wireguard:$function" >kprobe_events
	echo 1 >events/kprobes/forgotten/enable
	echo >trace
	sleep 525
	early=$(grep -c forgotten: trace) || true
	sleep 20
	late=$(grep -c forgotten: trace) || true
	echo 0 >events/kprobes/forgotten/enable
	echo >kprobe_events
	is "$early and $late" "0 and 2"
	WAIT=7 reaches b 10.0.0.1
}

@test "a persistent keepalive: every 25 s, and the session never ends" {
	pair
	tap
	at a wg set wg0 peer "${public[2]}" persistent-keepalive 25
	sleep 600
	seen a 32
	((${#times[@]} >= 24))
	for ((n = 1; n < ${#times[@]}; n++)); do
		# An answer's confirmation is a keepalive too.
		within $((times[n] - times[n - 1])) 0 25050
	done
	seen a 148
	((${#times[@]} == 5 || ${#times[@]} == 6))
	for ((n = 1; n < ${#times[@]}; n++)); do
		within $((times[n] - times[n - 1])) 120000 150100
	done
	# Nothing but answers to initiations: an empty packet is not answered.
	seen b 32
	is ${#times[@]} 0
}

@test "two seconds of way: nothing is lost while sessions follow each other" {
	pair
	at a tc qdisc add dev eth0 root netem delay 2s limit 10000
	at b tc qdisc add dev eth0 root netem delay 2s limit 10000
	out=$(flow udp a,10.0.0.1 b,10.0.0.2 count=1300 every=200 window=100 wait=12000)
	has "$out" "sent 1300 arrived 1300 back 1300 twice 0 late 0 "
}

@test "a thousand peers, each is reached" {
	pair
	echo "route add local 10.64.0.0/16 dev lo" | ips b
	echo "route add 10.64.0.0/16 dev wg0" | ips a
	out=$("$(realpath -m "${O:-$WGCTL_ROOT/build}")/kmod-tools/crowd" 1000)
	is "$out" 1000
	is "$(at a wg show wg0 latest-handshakes | grep -vc '	0$')" 1000
	# The kernel's own waits twelve seconds for the end of a thousand peers.
	began=${EPOCHREALTIME/./}
	ip -n a link del wg0
	took=$(((${EPOCHREALTIME/./} - began) / 1000))
	echo "deleted in $took ms"
	[ "${WGCTL_KMOD-}" = intree ] || ((took < 2000))
}

@test "nothing holds the module, and it goes" { module_goes; }
