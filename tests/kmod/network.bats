#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --cpus 2
# What a tunnel carries, and how: the fast path and what is around it on the wire.
# In a guest; the module is ours, or with WGCTL_KMOD=intree the kernel's.

load net

setup_file() { load_module; }
teardown() { clean_up; }

@test "TCP and UDP, both ways, IPv4 and IPv6, in IPv4 and IPv6" {
	pair
	for outside in 192.0.2.N '[2001:db8::N]'; do
		at a wg set wg0 peer "${public[2]}" endpoint "${outside/N/2}:20000"
		for inside in 10.0.0.N fd00::N; do
			flow tcp "a,${inside/N/1}" "b,${inside/N/2}" bytes=300000
			flow udp "a,${inside/N/1}" "b,${inside/N/2}" count=100 size=1200
		done
		endpoint b
		is "$endpoint" "${outside/N/1}:10000"
	done
}

@test "MTU of 65,000, of 1,280, of 100" {
	pair mtu 65535
	for mtu in 65000 1280 100; do
		ip -n a link set wg0 mtu $mtu
		ip -n b link set wg0 mtu $mtu
		flow tcp a,10.0.0.1 b,10.0.0.2 bytes=$((mtu < 1000 ? 50000 : 1000000))
		flow udp a,10.0.0.1 b,10.0.0.2 count=20 size=$((mtu - 28))
	done
	# The address went with an MTU that IPv6 cannot use.
	ip -n a link set wg0 mtu 65000
	ip -n b link set wg0 mtu 65000
	echo "addr add fd00::1/64 dev wg0 nodad" | ips a
	echo "addr add fd00::2/64 dev wg0 nodad" | ips b
	flow tcp a,fd00::1 b,fd00::2 bytes=1000000
	flow udp a,fd00::1 b,fd00::2 count=20 size=64900
}

offload() { flow feature "$1" "$2" "$3" tx-checksum-ip-generic tx-scatter-gather tx-tcp-segmentation tx-generic-segmentation rx-gro; }

@test "segmentation and aggregation off, inside and outside" {
	pair
	for link in wg0 eth0; do
		offload a $link 0
		flow tcp a,10.0.0.1 b,10.0.0.2 bytes=500000
		offload b $link 0
		flow tcp a,10.0.0.1 b,10.0.0.2 bytes=500000 streams=4
	done
	offload a wg0 1
	# Nothing puts together what comes. (Nor could b send a bundle, on 6.1.)
	out=$(flow udp a,10.0.0.1 b,10.0.0.2 count=100 bundle=20 window=40 oneway=1)
	is "${out##* }" 1
	offload b wg0 1
	flow tcp a,fd00::1 b,fd00::2 bytes=500000 streams=4
}

@test "datagrams in bundles, cut by the link, put together on the way out of the tunnel" {
	pair
	reaches a 10.0.0.2
	for inside in 10.0.0.N fd00::N; do
		out=$(flow udp "a,${inside/N/1}" "b,${inside/N/2}" count=400 bundle=40 size=1200 window=80)
		echo "$out"
		((${out##*together } > 1))
	done
	# Some that are as large as a packet can be, and one of a rest.
	flow udp a,10.0.0.1 b,10.0.0.2 count=91 bundle=45 size=1392 window=90
}

@test "outside they arrive as lists of packets" {
	pair
	rules b <<-END
		table inet t {
			counter lists {}
			chain in { type filter hook prerouting priority -300; udp dport 20000 meta length > 2000 counter name lists; }
		}
	END
	reaches a 10.0.0.2
	# A machine that passes them on would do so; here they end. They
	# come in bursts.
	flow feature b eth0 1 rx-gro rx-gro-list
	at a tc qdisc add dev eth0 root netem slot 5ms limit 10000
	flow udp a,10.0.0.1 b,10.0.0.2 count=1000 bundle=40 size=1200 window=160
	flow tcp a,fd00::1 b,fd00::2 bytes=500000 streams=4
	hits b lists
	((hits > 0))
}

@test "a machine in the middle passes on from peer to peer what it has put together" {
	pair
	spaces c
	wire b eth1 c eth0
	ips b <<-END
		link set eth1 up
		addr add 198.51.100.2/24 dev eth1
	END
	ips c <<-END
		link set eth0 up
		addr add 198.51.100.3/24 dev eth0
		link add wg0 type wireguard
		addr add 10.0.0.3/24 dev wg0
		addr add fd00::3/64 dev wg0 nodad
		link set wg0 up
	END
	at b bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	at a wg set wg0 peer "${public[2]}" allowed-ips 10.0.0.0/24,fd00::/64
	at b wg set wg0 peer "${public[3]}" allowed-ips 10.0.0.3/32,fd00::3/128
	{ me 3 30000 && peer 2 10.0.0.0/24,fd00::/64 198.51.100.2:20000; } | conf c
	reaches c 10.0.0.2
	rules b <<-END
		table inet t {
			counter streams {}
			counter datagrams {}
			counter redirects {}
			chain forward {
				type filter hook forward priority 0
				meta length > 2000 meta l4proto tcp counter name streams
				meta length > 2000 meta l4proto udp counter name datagrams
			}
			chain out { type filter hook output priority 0; icmp type redirect counter name redirects; }
		}
	END
	flow tcp a,10.0.0.1 c,10.0.0.3 bytes=300000
	flow tcp a,fd00::1 c,fd00::3 bytes=300000
	flow udp a,10.0.0.1 c,10.0.0.3 count=200 bundle=20 window=80
	hits b streams
	((hits > 0))
	hits b datagrams
	is "$hits" 0
	for how in rx-udp-gro-forwarding rx-gro-list; do
		flow feature b wg0 1 $how
		flow udp a,10.0.0.1 c,10.0.0.3 count=200 bundle=20 window=80
		flow udp a,fd00::1 c,fd00::3 count=200 bundle=20 window=80
		flow tcp a,10.0.0.1 c,10.0.0.3 bytes=300000
		before=$hits
		hits b datagrams
		((hits > before))
	done
	hits b redirects
	is "$hits" 0
}

@test "a fair queue outside keeps the pace that was set inside" {
	pair
	reaches a 10.0.0.2
	at a tc qdisc add dev eth0 root fq
	out=$(flow tcp a,10.0.0.1 b,10.0.0.2 bytes=400000 rate=400000)
	echo "$out"
	[[ $out =~ ms\ ([0-9]+) ]]
	((BASH_REMATCH[1] > 700 && BASH_REMATCH[1] < 4000))
	flow tcp a,fd00::1 b,fd00::2 bytes=500000 streams=4
}

@test "an outer path of small pieces" {
	pair
	ip -n a link set eth0 mtu 700
	ip -n b link set eth0 mtu 700
	flow udp a,10.0.0.1 b,10.0.0.2 count=50 size=1392
	flow tcp a,10.0.0.1 b,10.0.0.2 bytes=200000
	ip -n a link set eth0 mtu 1280
	ip -n b link set eth0 mtu 1280
	echo "addr add 2001:db8::1/64 dev eth0 nodad" | ips a
	echo "addr add 2001:db8::2/64 dev eth0 nodad" | ips b
	at a wg set wg0 peer "${public[2]}" endpoint '[2001:db8::2]:20000'
	flow udp a,fd00::1 b,fd00::2 count=50 size=1372
	flow tcp a,10.0.0.1 b,10.0.0.2 bytes=200000
	endpoint b
	is "$endpoint" '[2001:db8::1]:10000'
}

@test "both ends count the same, peers and links" {
	pair
	reaches a 10.0.0.2
	flow udp a,10.0.0.1 b,10.0.0.2 count=50 size=1000 oneway=1
	transfer b
	b_in=$in b_out=$out
	transfer a
	a_out=$out
	flow udp a,10.0.0.1 b,10.0.0.2 count=100 size=1000 oneway=1
	transfer a
	a_in_now=$in a_out_now=$out
	transfer b
	# 1,028 bytes in 65 blocks of 16, our header and the tag.
	is $((a_out_now - a_out)) $((100 * (1040 + 32)))
	is $((in - b_in)) $((a_out_now - a_out))
	is "$in" "$a_out_now"
	is "$a_in_now" "$out"
	is "$out" "$b_out"
	count a wg0 tx bytes
	is "$count" "$a_out_now"
	count b wg0 rx bytes
	is "$count" "$in"
	# The ping, 150 datagrams, two messages of the handshake, a keepalive if the
	# initiator had nothing to say.
	count b wg0 rx packets
	packets=$count
	count a wg0 tx packets
	is "$count" "$packets"
	((packets == 152 || packets == 153))
}

@test "padding ends at the MTU of the link and of the route" {
	pair
	reaches a 10.0.0.2
	transfer a
	before=$out
	# What is inside, and what it is padded to.
	for sizes in 32:32 33:48 48:48 1408:1408 1409:1420 1420:1420 route 1280:1280 1281:1290 1288:1290 1290:1290; do
		if [ $sizes = route ]; then
			ip -n a route add 10.0.0.2 dev wg0 mtu 1290
			continue
		fi
		flow udp a,10.0.0.1 b,10.0.0.2 count=1 size=$((${sizes%:*} - 28)) oneway=1
		transfer a
		is "${sizes%:*}:$((out - before - 32))" $sizes
		before=$out
	done
}

@test "congestion is told outside and in; the class stays inside" {
	pair
	rules b <<-END
		table inet t {
			counter plain {}
			counter marked {}
			counter classy {}
			counter initiation {}
			chain in {
				type filter hook prerouting priority -300
				udp dport 20000 @th,64,32 0x4000000 ip dscp 0 ip ecn ect0 counter name marked
				udp dport 20000 @th,64,32 0x4000000 ip dscp 0 ip ecn not-ect counter name plain
				udp dport 20000 @th,64,32 0x4000000 ip dscp != 0 counter name classy
				udp dport 20000 @th,64,32 0x1000000 ip dscp af41 counter name initiation
			}
		}
	END
	has "$(flow udp a,10.0.0.1 b,10.0.0.2 count=10 tos=0xba oneway=1)" "tos $((0xba)) "
	has "$(flow udp a,fd00::1 b,fd00::2 count=10 tos=0xba oneway=1)" "tos $((0xba)) "
	has "$(flow udp a,10.0.0.1 b,10.0.0.2 count=10 tos=0xb8 oneway=1)" "tos $((0xb8)) "
	# Neighbours are looked for without these bits, and so are keepalives.
	hits b marked
	is "$hits" 20
	hits b plain
	((hits == 10 || hits == 11))
	hits b classy
	is "$hits" 0
	hits b initiation
	is "$hits" 1
	# What a router says of the way is told inside, as far as RFC 6040 has it.
	at b nft add rule inet t in udp dport 20000 ip ecn ect0 ip ecn set ect1
	has "$(flow udp a,10.0.0.1 b,10.0.0.2 count=10 tos=0xba oneway=1)" "tos $((0xb9)) "
	at b nft add rule inet t in udp dport 20000 ip ecn set ce
	has "$(flow udp a,10.0.0.1 b,10.0.0.2 count=10 tos=0xba oneway=1)" "tos $((0xbb)) "
	has "$(flow udp a,fd00::1 b,fd00::2 count=10 tos=0xba oneway=1)" "tos $((0xbb)) "
	# Who does not take part is not told.
	has "$(flow udp a,10.0.0.1 b,10.0.0.2 count=10 tos=0xb8 oneway=1)" "tos $((0xb8)) "
	has "$(flow udp a,fd00::1 b,fd00::2 count=10 tos=0 oneway=1)" "tos 0 "
	at a wg set wg0 peer "${public[2]}" endpoint '[2001:db8::2]:20000'
	at b nft add rule inet t in udp dport 20000 ip6 ecn ect1 ip6 dscp 0 counter name marked ip6 ecn set ce
	has "$(flow udp a,fd00::1 b,fd00::2 count=10 tos=0xb9 oneway=1)" "tos $((0xbb)) "
	hits b marked
	is "$hits" 60
}

@test "a firewall on the outer port stops it, and a session outlives that" {
	pair
	reaches a 10.0.0.2
	handshake b
	before=$handshake
	rules b <<-END
		table inet t {
			counter dropped {}
			chain in { type filter hook input priority 0; udp dport 20000 counter name dropped drop; }
		}
	END
	not flow udp a,10.0.0.1 b,10.0.0.2 count=20 wait=500 oneway=1
	hits b dropped
	is "$hits" 20
	at b nft delete table inet t
	reaches a 10.0.0.2
	# At the sender it is an error that nobody hears of.
	rules a <<-END
		table inet t { chain out { type filter hook output priority 0; udp dport 20000 drop; }; }
	END
	not flow udp a,10.0.0.1 b,10.0.0.2 count=20 wait=500 oneway=1
	at a nft delete table inet t
	reaches a 10.0.0.2
	handshake b
	is "$handshake" "$before"
}

@test "a wire that doubles, reorders and loses packets" {
	pair
	reaches a 10.0.0.2
	at a tc qdisc add dev eth0 root netem duplicate 100%
	out=$(flow udp a,10.0.0.1 b,10.0.0.2 count=300 window=32)
	has "$out" "arrived 300 back 300 twice 0"
	at a tc qdisc replace dev eth0 root netem delay 20ms reorder 50% 50% limit 10000
	out=$(flow udp a,10.0.0.1 b,10.0.0.2 count=500 window=64 oneway=1)
	has "$out" "arrived 500 back 0 twice 0"
	# This test can fail: they did come in another order.
	not has "$out" "late 0 "
	at a tc qdisc replace dev eth0 root netem loss 5% duplicate 5% delay 2ms 1ms limit 10000
	flow tcp a,10.0.0.1 b,10.0.0.2 bytes=150000 wait=20000
}

@test "128 packets wait for a session, the newest ones" {
	pair
	rules b <<-END
		table inet t { chain in { type filter hook input priority 0; udp dport 20000 drop; }; }
	END
	background flow udp a,10.0.0.1 b,10.0.0.2 count=300 window=300 oneway=1 wait=3000
	flood=$!
	sleep 1
	at b nft delete table inet t
	# Not the next attempt of a's, which takes five seconds: b's own first one.
	reaches b fd00::1
	not wait $flood
	out=$(<"$BATS_TEST_TMPDIR/background")
	# The kernel's own makes room before it adds one.
	n=$([ "${WGCTL_KMOD-}" = intree ] && echo 129 || echo 128)
	has "$out" "sent 300 arrived $n back 0 twice 0 late 0 "
	has "$out" "first $((300 - n)) "
	count a wg0 tx dropped
	is "$count" $((300 - n))
}

@test "more than there is room for: some is lost, nothing is stuck" {
	pair
	ip -n a link set eth0 txqueuelen 100
	background flow udp a,10.0.0.1 b,10.0.0.2 for=3000 window=50000 size=1300 oneway=1
	first=$!
	background flow udp b,fd00::2 a,fd00::1 for=3000 window=50000 size=60000 oneway=1
	wait $first
	wait $!
	flow tcp a,10.0.0.1 b,10.0.0.2 bytes=500000 streams=8
	reaches b fd00::1
}

@test "nothing holds the module, and it goes" { module_goes; }
