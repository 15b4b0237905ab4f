#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --cpus 2
# What comes and goes while packets are under way: peers, links, namespaces, processors,
# the module. In a guest; the module is ours, or with WGCTL_KMOD=intree the kernel's.

load net

setup_file() { load_module; }
teardown() { clean_up; }

# Namespaces have no name for whoever still uses them; a wire that ends in one vanishes
# with it. watched SPACE: tie such a wire to it; dies SPACE: within ten seconds.
watched() {
	[ -e /run/netns/watch ] || spaces watch
	wire watch "to-$1" "$1" watched
}
dies() { until_ 10 gone "to-$1"; }
gone() { not ip -n watch link show "$1" >/dev/null 2>&1; }
# TCP in one direction of making, UDP in the other.
busy() {
	background flow tcp a,10.0.0.1 b,10.0.0.2 "for=$1" streams=4 wait=20000
	tcp=$!
	background flow udp b,fd00::2 a,fd00::1 "for=$1" window=2000 size=1200 wait=20000
	udp=$!
}

@test "the module goes while it is used: the links vanish, nothing else happens" {
	pair
	# One that waits for an answer, too.
	peer 4 10.0.0.98/32 192.0.2.77:1 >"$BATS_TEST_TMPDIR/nobody"
	at a wg addconf wg0 "$BATS_TEST_TMPDIR/nobody"
	reaches a 10.0.0.2
	busy 600000
	background at a ping -q -i 0.1 10.0.0.98
	sleep 1
	rmmod wireguard
	[ ! -e /sys/module/wireguard ]
	not ip -n a link show wg0 2>/dev/null
	not ip -n b link show wg0 2>/dev/null
	clean_up
	load_module
}

@test "the module goes while it is configured and asked" {
	pair
	# shellcheck disable=SC2016
	background at a bash -c 'while wg show wg0 dump >/dev/null && wg set wg0 peer "$1" allowed-ips 10.9.9.9/32 peer "$1" remove; do :; done' \
		- "${public[4]}"
	reader=$!
	reaches a 10.0.0.2
	sleep 1
	rmmod wireguard
	wait $reader || true
	load_module
}

@test "a dump that was begun keeps the module, until it is read" {
	pair
	for n in {100..199}; do
		printf '[Peer]\nPublicKey=%039d%d0=\nAllowedIPs=10.9.%d.0/24\n' 0 "$n" "$n"
	done >"$BATS_TEST_TMPDIR/many"
	at a wg addconf wg0 "$BATS_TEST_TMPDIR/many"
	export SAID=$BATS_TEST_TMPDIR/said
	# shellcheck disable=SC2016
	at a "$O/kmod-tools/nltool" -q -b 4096 -w '! rmmod wireguard 2>"$SAID"' -d 0 str:2=wg0 >"$BATS_TEST_TMPDIR/parts"
	has "$(<"$SAID")" "in use"
	not grep -q interrupted "$BATS_TEST_TMPDIR/parts"
	reaches a 10.0.0.2
	rmmod wireguard
	load_module
}

@test "links vanish and appear under traffic, on either side" {
	pair
	busy 600000
	for space in a b a; do
		ip -n $space link del wg0
		n=$([ $space = a ] && echo 1 || echo 2) o=$((3 - n))
		ips $space <<-END
			link add wg0 type wireguard
			addr add 10.0.0.$n/24 dev wg0
			addr add fd00::$n/64 dev wg0 nodad
			link set wg0 up
		END
		{ me $n ${n}0000 && peer $o "10.0.0.$o/32,fd00::$o/128" 192.0.2.$o:${o}0000; } | conf $space
	done
	kill $tcp $udp
	comes_through a 10.0.0.2
	flow tcp a,10.0.0.1 b,10.0.0.2 port=5009
}

@test "links go down and up, ports and keys change under traffic" {
	pair
	busy 600000
	for round in 1 2 3; do
		ip -n a link set wg0 down
		ip -n a link set wg0 up
		at b wg set wg0 listen-port 2000$round
		at a wg set wg0 peer "${public[2]}" endpoint 192.0.2.2:2000$round
		at b wg set wg0 private-key <(echo "${private[3]}")
		at b wg set wg0 private-key <(echo "${private[2]}") fwmark $round
	done
	kill $tcp $udp
	comes_through a 10.0.0.2
	flow tcp a,10.0.0.1 b,10.0.0.2 port=5009
}

@test "peers come and go under traffic; connections outlive it" {
	pair
	reaches a 10.0.0.2
	busy 8000
	crowd=()
	for n in {1..40}; do
		crowd+=(peer "$(printf '%042d' "$n")0=" allowed-ips "10.0.1.$n/32" endpoint "192.0.2.2:$n")
	done
	background at a ping -q -b -i 0.05 10.0.1.1
	for _ in 1 2 3; do
		at a wg set wg0 "${crowd[@]}"
		# All but one, and that one too.
		{ me 1 10000 && peer 2 10.0.0.2/32,fd00::2/128 192.0.2.2:20000; } >"$BATS_TEST_TMPDIR/one"
		at a wg syncconf wg0 "$BATS_TEST_TMPDIR/one"
		at a wg set wg0 peer "${public[2]}" remove
		at a wg setconf wg0 "$BATS_TEST_TMPDIR/one"
	done
	wait $tcp
	wait $udp || [ $? = 1 ]
	# The one that was new last begins; the other one does not know yet.
	comes_through a 10.0.0.2
	reaches b 10.0.0.1
}

@test "processors go and come under traffic" {
	pair
	reaches a 10.0.0.2
	busy 8000
	for _ in 1 2 3; do
		echo 0 >/sys/devices/system/cpu/cpu1/online
		sleep 0.5
		echo 1 >/sys/devices/system/cpu/cpu1/online
		sleep 0.5
	done
	wait $tcp
	wait $udp || [ $? = 1 ]
	flow tcp a,10.0.0.1 b,10.0.0.2 port=5009
}

@test "full queues, and nobody to empty them: some is lost, nothing gets stuck" {
	pair
	reaches a 10.0.0.2
	# Where such a process is busy no worker gets the processor, not even one with the
	# oldest packet in its hands.
	# shellcheck disable=SC2016
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	for _ in 1 2 3; do
		rm -f "$BATS_TEST_TMPDIR"/{busy,enough}
		background taskset -c 1 chrt -f 1 bash -c ': >"$1"; until [ -e "$2" ] || ((SECONDS > 15)); do :; done' - \
			"$BATS_TEST_TMPDIR"/{busy,enough}
		hog=$!
		until [ -e "$BATS_TEST_TMPDIR/busy" ]; do sleep 0.05; done
		out=$(chrt -f 1 taskset -c 0 "$O/kmod-tools/flow" udp a,10.0.0.1 b,10.0.0.2 oneway=1 count=4000 window=4000 size=100) || true
		: >"$BATS_TEST_TMPDIR/enough"
		echo "$out"
		# What a peer's queue holds, and what was worked on before it filled. Some may
		# be late: those that have left the queue wait for that processor, too.
		[[ $out =~ arrived\ ([0-9]+)\ back\ 0\ twice\ 0\ .*[^G]$ ]]
		((1000 <= BASH_REMATCH[1] && BASH_REMATCH[1] < 4000))
		wait $hog || true
	done
	echo 950000 >/proc/sys/kernel/sched_rt_runtime_us
	reaches b 10.0.0.1
	flow tcp a,10.0.0.1 b,10.0.0.2
}

@test "processors go and come while queues are full" {
	pair
	reaches a 10.0.0.2
	background flow udp a,10.0.0.1 b,10.0.0.2 for=3000 window=1000 size=1300 oneway=1
	first=$!
	background flow udp b,fd00::2 a,fd00::1 for=3000 window=100 size=30000 oneway=1
	second=$!
	for _ in 1 2; do
		echo 0 >/sys/devices/system/cpu/cpu1/online
		sleep 0.3
		echo 1 >/sys/devices/system/cpu/cpu1/online
		sleep 0.3
	done
	wait $first
	wait $second
	reaches b 10.0.0.1
	flow tcp a,10.0.0.1 b,10.0.0.2
}

@test "a link moves to another namespace, its socket stays" {
	pair
	spaces c
	ip -n a link set wg0 netns c
	ips c <<-END
		addr add 10.0.0.1/24 dev wg0
		addr add fd00::1/64 dev wg0 nodad
		link set wg0 up
	END
	flow tcp c,10.0.0.1 b,10.0.0.2
	flow udp b,fd00::2 c,fd00::1
	endpoint b
	is "$endpoint" 192.0.2.1:10000
	is "$(at a ss -Hlnu 'sport = 10000' | wc -l)" 2
	is "$(at c ss -Hlnu 'sport = 10000' | wc -l)" 0
	# And back, while it is used.
	background flow udp b,10.0.0.2 c,10.0.0.1 for=3000 wait=3000
	ip -n c link set wg0 netns a
	ips a <<-END
		addr add 10.0.0.1/24 dev wg0
		link set wg0 up
	END
	flow tcp a,10.0.0.1 b,10.0.0.2
}

no_wire() { has "$(ip -n "$1" link show wg0)" NO-CARRIER; }

@test "the namespace of the socket dies first: no wire, but a link that can go" {
	pair
	spaces c
	watched a
	ip -n a link set wg0 netns c
	ips c <<-END
		addr add 10.0.0.1/24 dev wg0
		link set wg0 up
	END
	# It is used, so a route is remembered.
	flow tcp c,10.0.0.1 b,10.0.0.2
	ip netns del a
	dies a
	# The kernel tells of a wire that is gone up to a second later.
	until_ 5 no_wire c
	WAIT=1 not reaches c 10.0.0.2
	ip -n c link set wg0 down
	run ip -n c link set wg0 up
	has "$output" "Machine is not on the network"
	at c wg show wg0 >/dev/null
	ip -n c link del wg0
}

@test "a remembered route keeps neither a wire nor a namespace" {
	pair
	spaces c
	watched a
	watched b
	reaches a 10.0.0.2
	began=$SECONDS
	ip -n a link del eth0
	((SECONDS - began < 5))
	WAIT=1 not reaches a 10.0.0.2
	ip netns del b
	dies b
	# Packets that wait for a session hold nothing either.
	background flow udp a,10.0.0.1 watch,127.0.0.1 for=300 oneway=1
	ip -n a link set wg0 netns c
	ip netns del a
	dies a
}

@test "links of each other's namespaces die together" {
	spaces a b
	watched a
	watched b
	ips a <<-END
		link add wg0 type wireguard
		link add wg1 type wireguard
		link set wg0 netns b
		link set wg1 up
	END
	ips b <<-END
		link add wg2 type wireguard
		link set wg2 netns a
		link set wg0 up
	END
	{ me 1 10000 && peer 2 10.0.0.2/32 127.0.0.1:20000 PersistentKeepalive=1; } | conf b wg0
	{ me 2 20000 && peer 1 10.0.0.1/32 127.0.0.1:10000 PersistentKeepalive=1; } | conf a wg2
	{ me 3 30000 && peer 4 10.0.0.3/32 127.0.0.1:10000 PersistentKeepalive=1; } | conf a wg1
	ip -n a link set wg2 up
	ip -batch - <<<$'netns del a\nnetns del b'
	dies a
	dies b
}

@test "sessions do not outlive a suspension" {
	[ -e /sys/power/pm_test ] || skip "this kernel cannot pretend to sleep"
	pair
	reaches a 10.0.0.2
	handshake a
	before=$handshake
	# Freezes all processes, after having told the drivers, and thaws them; it would stay
	# so for the time of a loop that emulated clocks have measured: seconds, or none.
	echo 0 >/sys/module/suspend/parameters/pm_test_delay
	echo freezer >/sys/power/pm_test
	echo freeze >/sys/power/state
	echo none >/sys/power/pm_test
	comes_through a 10.0.0.2
	handshake a
	((handshake > before))
}

@test "nothing holds the module, and it goes" { module_goes; }
