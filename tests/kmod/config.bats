#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --cpus 1
# What keys, allowed IPs, endpoints, marks and routes do to what is carried.
# In a guest; the module is ours, or with WGCTL_KMOD=intree the kernel's.

load net

setup_file() { load_module; }
teardown() { clean_up; }

# A link that was down does not wait five seconds for its next handshake.
anew() { ips "$1" <<<$'link set wg0 down\nlink set wg0 up'; }

@test "only a peer's own addresses come from it; what is nobody's is refused" {
	pair
	echo "addr add 10.0.0.77/24 dev wg0" | ips a
	reaches a 10.0.0.2
	not flow udp a,10.0.0.77 b,10.0.0.2 count=10 wait=300 oneway=1
	count b wg0 rx errors
	is "$count" 10
	at b wg set wg0 peer "${public[1]}" allowed-ips 10.0.0.1/32,10.0.0.77/32
	flow udp a,10.0.0.77 b,10.0.0.2 count=10
	# Here nobody is told by ICMP, but by the call itself.
	run at a ping -n -c 1 -W 1 10.0.0.99
	has "$output" "Required key not available"
	run at a ping -n -c 1 -W 1 fd00::99
	has "$output" "Required key not available"
	at a wg set wg0 peer "${public[4]}" allowed-ips 10.0.0.98/32,fd00::98/128
	run at a ping -n -c 1 -W 1 10.0.0.98
	has "$output" "Destination address required"
	run at a ping -n -c 1 -W 1 fd00::98
	has "$output" "Destination address required"
	count a wg0 tx errors
	((count >= 4))
}

@test "machines behind are told that there is no way, through NAT as well" {
	pair
	spaces c
	wire a eth1 c eth0
	ips a <<-END
		link set eth1 up
		addr add 172.16.0.1/24 dev eth1
		addr add fd16::1/64 dev eth1 nodad
	END
	ips c <<-END
		link set eth0 up
		addr add 172.16.0.2/24 dev eth0
		addr add fd16::2/64 dev eth0 nodad
		route add default via 172.16.0.1
		route add default via fd16::1
	END
	at a bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	at a wg set wg0 peer "${public[4]}" allowed-ips 10.0.0.98/32
	for nat in no yes; do
		for to in 10.0.0.98 10.0.0.99; do
			run at c ping -n -c 1 -W 2 $to
			has "$output" "From 172.16.0.1 icmp_seq=1 Destination Host Unreachable"
		done
		run at c ping -n -c 1 -W 2 fd00::99
		has "$output" "From fd16::1 icmp_seq=1 Destination unreachable: Address unreachable"
		[ $nat = yes ] || rules a <<-END
			table inet t { chain out { type nat hook postrouting priority 100; oif wg0 masquerade; }; }
		END
	done
	# The way itself works.
	reaches c 10.0.0.2
}

@test "a peer roams, from address to address, port to port, IPv4 to IPv6" {
	pair
	reaches a 10.0.0.2
	ips a <<-END
		addr add 192.0.2.7/24 dev eth0
		addr del 192.0.2.1/24 dev eth0
		addr add 192.0.2.7/24 dev eth0
	END
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 192.0.2.7:10000
	reaches b fd00::1
	at a wg set wg0 listen-port 10009
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 192.0.2.7:10009
	reaches b fd00::1
	at a wg set wg0 peer "${public[2]}" endpoint '[2001:db8::2]:20000'
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" '[2001:db8::1]:10009'
	reaches b fd00::1
	# Both at once: who is heard last is where the other is.
	at b wg set wg0 listen-port 20009
	reaches b 10.0.0.1
	endpoint a
	is "$endpoint" '[2001:db8::2]:20009'
	reaches a 10.0.0.2
}

@test "another private key: the old session ends, a new one begins at once" {
	pair
	reaches a 10.0.0.2
	at a wg set wg0 private-key <(echo "${private[3]}")
	WAIT=1 not reaches a 10.0.0.2
	at b wg set wg0 peer "${public[1]}" remove peer "${public[3]}" allowed-ips 10.0.0.1/32,fd00::1/128
	# Not after the five seconds of a retry: by the change itself.
	at a wg set wg0 private-key <(echo "${private[1]}")
	at b wg set wg0 peer "${public[3]}" remove peer "${public[1]}" allowed-ips 10.0.0.1/32,fd00::1/128 endpoint 192.0.2.1:10000
	WAIT=4 reaches b 10.0.0.1
	at b wg set wg0 private-key <(echo "${private[5]}")
	at a wg set wg0 peer "${public[2]}" remove peer "${public[5]}" allowed-ips 10.0.0.2/32,fd00::2/128 endpoint 192.0.2.2:20000
	WAIT=4 reaches a 10.0.0.2
	WAIT=4 reaches b fd00::1
	# A session that is there stays what it is when the same key is set again.
	handshake a
	before=$handshake
	sleep 1.1
	at a wg set wg0 private-key <(echo "${private[1]}")
	WAIT=4 reaches a 10.0.0.2
	handshake a
	is "$handshake" "$before"
}

@test "a preshared key is part of it: the wrong one, another one, none" {
	pair
	echo "${private[6]}" >"$BATS_TEST_TMPDIR/psk"
	at a wg set wg0 peer "${public[2]}" preshared-key "$BATS_TEST_TMPDIR/psk"
	WAIT=1 not reaches a 10.0.0.2
	at b wg set wg0 peer "${public[1]}" preshared-key "$BATS_TEST_TMPDIR/psk"
	anew a
	reaches a 10.0.0.2
	reaches b 10.0.0.1
	# It counts from the next handshake on.
	at a wg set wg0 peer "${public[2]}" preshared-key /dev/null
	reaches a 10.0.0.2
	anew a
	WAIT=1 not reaches a 10.0.0.2
	at b wg set wg0 peer "${public[1]}" preshared-key /dev/null
	anew a
	reaches a 10.0.0.2
}

@test "a keepalive goes out when the link comes up, and when its key comes late" {
	pair
	at a wg set wg0 peer "${public[2]}" persistent-keepalive 7
	until_ 3 shaken b
	sleep 1.1
	ip -n a link set wg0 down
	ip -n a link set wg0 up
	until_ 3 shaken_again b "$handshake"
	ip -n a link del wg0
	ip -n b link set wg0 down
	ips a <<-END
		link add wg0 type wireguard
		link set wg0 up
	END
	ip -n b link set wg0 up
	handshake b
	before=$handshake
	at a wg set wg0 listen-port 10000 peer "${public[2]}" allowed-ips 10.0.0.2/32 endpoint 192.0.2.2:20000 persistent-keepalive 7
	sleep 1.2
	at a wg set wg0 private-key <(echo "${private[1]}")
	until_ 3 shaken_again b "$before"
}
shaken() { handshake "$1" && ((handshake > 0)); }
shaken_again() { handshake "$1" && ((handshake > $2)); }

# Five datagrams have been sent there, which leads into the link.
waits() { [[ $(at "$1" cat /proc/net/snmp) =~ Udp:\ [0-9]+\ [0-9]+\ [0-9]+\ ([0-9]+) ]] && ((BASH_REMATCH[1] >= 5)); }

@test "packets that wait for a private key leave when it comes" {
	pair
	ip -n a link del wg0
	ips a <<-END
		link add wg0 type wireguard
		addr add 10.0.0.1/24 dev wg0
		link set wg0 up
	END
	at a wg set wg0 peer "${public[2]}" allowed-ips 10.0.0.2/32 endpoint 192.0.2.2:20000
	echo "${private[1]}" >"$BATS_TEST_TMPDIR/key"
	background flow udp a,10.0.0.1 b,10.0.0.2 count=5 oneway=1 wait=9000
	until_ 3 waits a
	at a wg set wg0 private-key "$BATS_TEST_TMPDIR/key"
	began=${EPOCHREALTIME/./}
	wait $!
	# Not after the five seconds of a retry.
	took=$(((${EPOCHREALTIME/./} - began) / 1000))
	echo "after $took ms"
	((took < 2500))
}

@test "an allowed IP moves from peer to peer, and the traffic with it" {
	pair
	spaces c
	wire a eth1 c eth0
	ips a <<-END
		link set eth1 up
		addr add 198.51.100.1/24 dev eth1
	END
	ips c <<-END
		link set eth0 up
		addr add 198.51.100.3/24 dev eth0
		link add wg0 type wireguard
		addr add 10.0.0.3/32 dev wg0
		addr add 10.0.9.9/32 dev wg0
		link set wg0 up
		route add 10.0.0.1/32 dev wg0
	END
	echo "addr add 10.0.9.9/32 dev wg0" | ips b
	echo "route add 10.0.9.9/32 dev wg0" | ips a
	{ me 3 30000 && peer 1 10.0.0.1/32 198.51.100.1:10000; } | conf c
	at a wg set wg0 peer "${public[3]}" allowed-ips 10.0.0.3/32 endpoint 198.51.100.3:30000
	for key in 2 3 2 3; do
		at a wg set wg0 peer "${public[$key]}" allowed-ips 10.0.9.9/32,10.0.0.$key/32
		flow udp a,10.0.0.1 "$([ $key = 2 ] && echo b || echo c),10.0.9.9" count=5
	done
	# The longest prefix wins, whoever has the shorter one.
	at a wg set wg0 peer "${public[2]}" allowed-ips 10.0.0.2/32,10.0.9.0/24
	flow udp a,10.0.0.1 c,10.0.9.9 count=5
	at a wg set wg0 peer "${public[3]}" allowed-ips ''
	flow udp a,10.0.0.1 b,10.0.9.9 count=5
	# While it is carried, in both directions.
	background flow udp a,10.0.0.1 b,10.0.9.9 for=2000 window=64
	for key in 3 2 3 2 3 2; do
		at a wg set wg0 peer "${public[$key]}" allowed-ips 10.0.9.9/32
	done
	wait $!
}

@test "a mark chooses another way, at once, and no mark the first again" {
	pair
	wire a eth1 b eth1
	ips a <<-END
		link set eth1 up
		addr add 198.51.100.1/24 dev eth1
		route add 192.0.2.2/32 via 198.51.100.2 dev eth1 table 77
		rule add fwmark 0x5 table 77
		rule add fwmark 0x6 unreachable
	END
	ips b <<-END
		link set eth1 up
		addr add 198.51.100.2/24 dev eth1
	END
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 192.0.2.1:10000
	at a wg set wg0 fwmark 5
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 198.51.100.1:10000
	at a wg set wg0 fwmark 6
	WAIT=1 not reaches a 10.0.0.2
	at a wg set wg0 fwmark 0
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 192.0.2.1:10000
	# Another rule for the same mark, too.
	at a wg set wg0 fwmark 7
	reaches a 10.0.0.2
	ip -n a rule add fwmark 7 table 77
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 198.51.100.1:10000
}

@test "everything through the tunnel by marks, as wg-quick does it, under a flood" {
	pair
	# The other one is not a neighbour: only the mark keeps the way to it out of the tunnel.
	echo "addr add 198.51.100.9/32 dev lo" | ips b
	at a bash -c 'echo 1 | tee /proc/sys/net/ipv4/conf/{all,default,eth0,wg0}/{rp_filter,src_valid_mark} >/dev/null'
	rules a <<-END
		table inet t {
			chain out { type filter hook postrouting priority -150; meta l4proto udp mark 51820 ct mark set mark; }
			chain in { type filter hook prerouting priority -150; meta l4proto udp meta mark set ct mark; }
		}
	END
	at a wg set wg0 fwmark 51820 peer "${public[2]}" endpoint 198.51.100.9:20000 allowed-ips 0.0.0.0/0,::/0
	ips a <<-END
		route add default via 192.0.2.2
		route add default dev wg0 table 51820
		rule add not fwmark 51820 table 51820
		rule add table main suppress_prefixlength 0
	END
	ip -n a -6 -batch - <<-END
		route add default dev wg0 table 51820
		rule add not fwmark 51820 table 51820
		rule add table main suppress_prefixlength 0
	END
	ips b <<-END
		addr add 203.0.113.5/32 dev wg0
		addr add 2001:db8:5::5/128 dev wg0 nodad
	END
	at a ping -n -q -c 500 -f -W 1 203.0.113.5 >"$BATS_TEST_TMPDIR/ping"
	has "$(<"$BATS_TEST_TMPDIR/ping")" " 0% packet loss"
	at b ping -n -q -c 500 -f -W 1 10.0.0.1 >"$BATS_TEST_TMPDIR/ping"
	has "$(<"$BATS_TEST_TMPDIR/ping")" " 0% packet loss"
	flow tcp a,10.0.0.1 b,203.0.113.5 bytes=300000
	flow tcp a,fd00::1 b,2001:db8:5::5 bytes=300000
	endpoint b
	is "$endpoint" 192.0.2.1:10000
}

@test "bound to the link, even the peer's own address is inside" {
	pair
	at a wg set wg0 peer "${public[2]}" allowed-ips 10.0.0.2/32,192.0.2.2/32
	count a wg0 tx packets
	before=$count
	flow udp a,0.0.0.0 b,192.0.2.2 count=10 dev=wg0
	count a wg0 tx packets
	((count - before >= 10))
	# Outside it is not bound: nothing turned back into the link.
	count a wg0 tx errors
	is "$count" 0
	count=0
	flow udp a,192.0.2.1 b,192.0.2.2 count=10
}

@test "answers come from the address that was asked, until that is gone" {
	pair
	ips b <<-END
		addr add 192.0.2.9/24 dev eth0
		addr add 2001:db8::9/64 dev eth0 nodad
	END
	at a wg set wg0 peer "${public[2]}" endpoint 192.0.2.9:20000
	reaches a 10.0.0.2
	reaches b 10.0.0.1
	endpoint a
	is "$endpoint" 192.0.2.9:20000
	# Gone: another one of ours, at once.
	ip -n b addr del 192.0.2.9/24 dev eth0
	reaches b 10.0.0.1
	endpoint a
	is "$endpoint" 192.0.2.2:20000
	at a wg set wg0 peer "${public[2]}" endpoint '[2001:db8::9]:20000'
	reaches a 10.0.0.2
	reaches b 10.0.0.1
	endpoint a
	is "$endpoint" '[2001:db8::9]:20000'
	ip -n b addr del 2001:db8::9/64 dev eth0
	reaches b 10.0.0.1
	endpoint a
	is "$endpoint" '[2001:db8::2]:20000'
	reaches a 10.0.0.2
}

@test "another link, another source: the way back follows the routes" {
	pair
	wire a eth1 b eth1
	ips a <<-END
		link set eth1 up
		addr add 198.51.100.1/24 dev eth1
	END
	ips b <<-END
		link set eth1 up
		addr add 198.51.100.2/24 dev eth1
	END
	for space in a b; do
		at $space bash -c 'echo 0 | tee /proc/sys/net/ipv4/conf/{all,default,eth0,eth1}/rp_filter >/dev/null'
	done
	reaches a 10.0.0.2
	# b's way to a moves to the other wire; its source goes with it.
	ip -n b route add 192.0.2.1/32 via 198.51.100.1 dev eth1
	reaches b 10.0.0.1
	endpoint a
	is "$endpoint" 198.51.100.2:20000
	# The wire itself goes away.
	ip -n b link del eth1
	reaches b 10.0.0.1
	at a wg set wg0 peer "${public[2]}" endpoint 192.0.2.2:20000
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 192.0.2.1:10000
	reaches b 10.0.0.1
}

@test "behind NAT, a persistent keepalive keeps the way in open" {
	spaces a r b
	wire a eth0 r eth0
	wire r eth1 b eth0
	ips r <<-END
		link set eth0 up
		link set eth1 up
		addr add 192.168.1.1/24 dev eth0
		addr add 192.0.2.1/24 dev eth1
	END
	ips a <<-END
		link set eth0 up
		addr add 192.168.1.2/24 dev eth0
		route add default via 192.168.1.1
		link add wg0 type wireguard
		addr add 10.0.0.1/24 dev wg0
		link set wg0 up
	END
	ips b <<-END
		link set eth0 up
		addr add 192.0.2.2/24 dev eth0
		link add wg0 type wireguard
		addr add 10.0.0.2/24 dev wg0
		link set wg0 up
	END
	rules r <<-END
		table inet t {
			chain out { type nat hook postrouting priority 100; oif eth1 masquerade fully-random; }
			chain forward { type filter hook forward priority 0; ct state new iif eth1 drop; }
		}
	END
	at r bash -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 2 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout
		echo 2 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream'
	{ me 1 10000 && peer 2 10.0.0.2/32 192.0.2.2:20000; } | conf a
	{ me 2 20000 && peer 1 10.0.0.1/32; } | conf b
	reaches a 10.0.0.2
	endpoint b
	[[ $endpoint == 192.0.2.1:* ]] && not is "$endpoint" 192.0.2.1:10000 >/dev/null
	sleep 3
	WAIT=1 not reaches b 10.0.0.1
	at a wg set wg0 peer "${public[2]}" persistent-keepalive 1
	sleep 4
	reaches b 10.0.0.1
}

@test "a tunnel in a tunnel in a tunnel" {
	pair
	for n in 1 2; do
		space=$([ $n = 1 ] && echo a || echo b) o=$((3 - n))
		ips $space <<-END
			link add wg1 type wireguard
			addr add 10.1.0.$n/24 dev wg1
			link set wg1 mtu 1340 up
			link add wg2 type wireguard
			addr add 10.2.0.$n/24 dev wg2
			link set wg2 mtu 1260 up
		END
		{ me $((n + 2)) 3000$n && peer $((o + 2)) 10.1.0.$o/32 10.0.0.$o:3000$o; } | conf $space wg1
		{ me $((n + 4)) 4000$n && peer $((o + 4)) 10.2.0.$o/32 10.1.0.$o:4000$o; } | conf $space wg2
	done
	flow tcp a,10.2.0.1 b,10.2.0.2 bytes=200000
	flow udp a,10.2.0.1 b,10.2.0.2 count=200 size=1200 window=64
}

@test "the way to one peer leads through another one of the same link" {
	pair
	echo "addr add 10.9.0.1/24 dev wg0" | ips a
	ips b <<-END
		link add wg1 type wireguard
		addr add 10.9.0.2/24 dev wg1
		link set wg1 up
	END
	{ me 3 30000 && peer 1 10.9.0.1/32; } | conf b wg1
	at a wg set wg0 peer "${public[3]}" allowed-ips 10.9.0.2/32 endpoint 10.0.0.2:30000
	flow tcp a,10.9.0.1 b,10.9.0.2 bytes=200000
	endpoint b wg1
	is "$endpoint" 10.0.0.1:10000
}

# A packet that is led back into its link grows with each turn, is cut in pieces when it
# is too long, and they go on; what gets out is unwrapped again by the other side, which
# learns that we are inside the tunnel. There is no end to it while the links are up, but
# there is none of anything else either.
@test "a way that leads into itself: the machine lives, and so does the link" {
	pair
	reaches a 10.0.0.2
	at a wg set wg0 peer "${public[2]}" endpoint 10.0.0.2:20000
	WAIT=1 not reaches a 10.0.0.2
	not flow udp a,10.0.0.1 b,10.0.0.2 count=1000 window=1000 oneway=1 wait=500
	out_of_it
	# Two that lead into each other.
	ips a <<-END
		link add wg1 type wireguard
		addr add 10.1.0.1/24 dev wg1
		link set wg1 up
	END
	{ me 3 30000 && peer 4 10.1.0.2/32 10.0.0.2:1; } | conf a wg1
	at a wg set wg0 peer "${public[2]}" endpoint 10.1.0.2:1
	WAIT=1 not reaches a 10.1.0.2
	WAIT=1 not reaches a 10.0.0.2
	ip -n a link del wg1
	out_of_it
}

out_of_it() {
	ip -n b link set wg0 down
	anew a
	at a wg set wg0 peer "${public[2]}" endpoint 192.0.2.2:20000
	ip -n b link set wg0 up
	reaches a 10.0.0.2
	reaches b 10.0.0.1
}

@test "IPv6 switched off" {
	pair
	for space in a b; do
		at $space bash -c 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
	done
	flow udp a,10.0.0.1 b,10.0.0.2 count=10
	at a wg set wg0 peer "${public[2]}" endpoint '[2001:db8::2]:20000'
	WAIT=1 not reaches a 10.0.0.2
	at a wg set wg0 peer "${public[2]}" endpoint 192.0.2.2:20000
	anew a
	reaches a 10.0.0.2
}

@test "nothing holds the module, and it goes" { module_goes; }
