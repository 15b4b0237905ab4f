#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --count
# The seconds of the protocol, as a tap on the wire sees them. In a guest whose clock
# stands still while nothing happens: minutes pass at once, and to the millisecond. But
# the kernel's timers are late on purpose, the more the longer they are: at 250 a second
# 256 ms from 2 s on, 2 s from 16 s on, 16 s from 131 s on.
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

# seen a|b LENGTH [AFTER]: when such messages of its were on the wire, in ms, in `times`;
# `last` is the last of them. 148: initiation, 32: keepalive, 160: what say() says.
# The clock goes on while a process is started: what is asked is when something
# happened, not whether it has.
seen() {
	local n=1
	[ "$1" = a ] || n=2
	# shellcheck disable=SC2016
	mapfile -t times < <(awk -v from="^192\\\\.0\\\\.2\\\\.$n\\\\." -v len="$2" -v after="${3-0}" \
		'$3 ~ from && $NF == len {sub(/\./, "", $1); ms = substr($1, 1, 13); if (ms > after) print ms}' "$BATS_TEST_TMPDIR/wire")
	last=
	[ ${#times[@]} = 0 ] || last=${times[-1]}
}
within() { (($2 <= $1 && $1 <= $3)) || { echo "$1 is not within $2 and $3"; return 1; }; }
# say a|b [WORDS]: one datagram to the other one, or as many as words say.
say() {
	if [ "$1" = a ]; then
		flow udp a,10.0.0.1 b,10.0.0.2 "${@:2}" oneway=1 size=100 count=1 wait=3000
	else
		flow udp b,10.0.0.2 a,10.0.0.1 "${@:2}" oneway=1 size=100 count=1 wait=3000
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
		within $((times[n] - times[n - 1])) 5000 5610
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
	sleep 30
	seen a 160
	before=$last
	seen b 32 "$before"
	is ${#times[@]} 1
	within $((last - before)) 10000 10280
	# More came meanwhile: once more, 10 s after that keepalive, not for each.
	say a count=5 every=1000
	sleep 40
	seen a 160 "$before"
	before=${times[0]}
	seen b 32 "$before"
	within $((times[0] - before)) 10000 10280
	# The kernel's own takes back the second one while it sends the first.
	if [ "${WGCTL_KMOD-}" != intree ]; then
		is ${#times[@]} 2
		within $((times[1] - times[0])) 10000 10280
	fi
	dumb 'udp sport 20000'
	say a
	sleep 20
	seen a 160
	before=$last
	seen a 148 "$before"
	within $((times[0] - before)) 15000 15610
}

@test "whoever began asks for a new session: 120 s old if it sends, 165 s old if it hears" {
	pair
	tap
	out=$(say a count=125 every=1000)
	has "$out" "sent 125 arrived 125 "
	seen a 148
	is ${#times[@]} 2
	within $((times[1] - times[0])) 120000 121050
	began=$last
	# What it hears it has to confirm 10 s later: only then, if it heard it before
	# the 165th.
	say b count=2 every=150000 wait=200000
	sleep 13
	seen b 160
	within $((last - began)) 150000 164900
	before=$last
	seen a 148 "$before"
	within $((times[0] - before)) 10000 10280
	began=$last
	say b count=2 every=163500 wait=200000
	sleep 30
	seen b 160
	within $((last - began)) 165100 179000
	before=$last
	seen a 148 "$((before - 1))"
	within $((times[0] - before)) 0 50
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
	say a count=200 every=1000 window=300 || true
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
	echo boot >trace_clock
	echo "p:forgotten wireguard:$function" >kprobe_events
	echo 1 >events/kprobes/forgotten/enable
	echo >trace
	echo >trace_marker
	reaches a 10.0.0.2
	echo >trace_marker
	sleep 600
	echo 0 >events/kprobes/forgotten/enable
	mapfile -t marked < <(sed -nE 's/^.* ([0-9]+)\.([0-9]{3})[0-9]*: tracing_mark_write:.*/\1\2/p' trace)
	mapfile -t times < <(sed -nE 's/^.* ([0-9]+)\.([0-9]{3})[0-9]*: forgotten:.*/\1\2/p' trace)
	echo >kprobe_events
	is "${#marked[@]} ${#times[@]}" "2 2"
	for n in 0 1; do
		within "${times[n]}" $((marked[0] + 540000)) $((marked[1] + 556500))
	done
	WAIT=7 reaches b 10.0.0.1
}

@test "a persistent keepalive: every 25 s, and the session never ends" {
	pair
	tap
	at a wg set wg0 peer "${public[2]}" persistent-keepalive 25
	sleep 600
	seen a 32
	((${#times[@]} >= 22))
	for ((n = 1; n < ${#times[@]}; n++)); do
		# An answer's confirmation is a keepalive too.
		within $((times[n] - times[n - 1])) 0 27060
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

@test "a session of few messages: another one after 200, none of them beyond 400" {
	[ "${WGCTL_KMOD-}" != intree ] || skip "elsewhere: with ours, which can be built with other limits"
	unload
	O=$O/kmod-few/out load_ours
	pair
	tap
	out=$(say a count=900 every=50)
	has "$out" "sent 900 arrived 900 "
	seen a 148
	is ${#times[@]} 5
	# Also the one who did not begin.
	out=$(say b count=300 every=50)
	has "$out" "sent 300 arrived 300 "
	seen b 148
	is ${#times[@]} 1
	# No successor: 400 numbers, of which the first is that of the ping.
	sleep 200
	reaches a 10.0.0.2
	deaf 'udp length 156'
	dumb 'udp length 156'
	seen a 160
	before=${#times[@]}
	out=$(say a count=450 every=50 window=450) || true
	seen a 160
	echo "$out"
	is $((${#times[@]} - before)) 399
	hears
	WAIT=7 reaches a 10.0.0.2
	module_goes
	load_module
}

@test "nothing holds the module, and it goes" { module_goes; }
