#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Full tunnels: numbers that stay the same, connections from outside that stay
# alive, and other people's marks and rules that stay as they are.

load net
load outside

setup() {
	world
}

teardown() {
	world_gone
}

numbers() { # numbers NAME: mark, table and priorities of a tunnel that is up
	on c "$WGCTL" show "$1" fwmark
	on c ip rule show | grep 'proto kernel' | grep -v 'lookup local\|^0:\|^3276' || true
	on c ip rule show | grep '0x1040'
}

@test "mark, table and priorities are the same at every up, and different for different names" {
	full ftun
	full other
	on c "$WGCTL" up ftun
	first=$(numbers ftun)
	on c "$WGCTL" down ftun
	on c "$WGCTL" up other
	[ "$(numbers other)" != "$first" ]
	on c "$WGCTL" down other
	on c "$WGCTL" up ftun
	same "$first" "$(numbers ftun)"
	on c "$WGCTL" down ftun
}

@test "connections from outside: those from before, whoever speaks first, and new ones; strict filters" {
	far_away
	full ftun
	on s "$WGCTL" up hub
	on c sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'
	before=$(snapshot c)
	session o c 198.51.100.1 2201
	session o c 198.51.100.1 2202
	session o c 2001:db8:1::1 2203
	session o c 2001:db8:1::1 2204
	session c o 203.0.113.9 2205
	on c "$WGCTL" up ftun
	[ "$(on c cat /proc/sys/net/ipv4/conf/all/src_valid_mark)" = 1 ]
	# As sshd does, which prints what `wgctl up` says: this side first.
	says 2201 to
	says 2201 from
	says 2202 from
	says 2202 to
	says 2203 to
	says 2204 from
	says 2204 to
	# New ones.
	session o c 198.51.100.1 2206
	says 2206 from
	says 2206 to
	session o c 2001:db8:1::1 2207
	says 2207 to
	# What this side had opened itself is not outside's: it goes into the tunnel.
	not says 2205 from 10
	# And the tunnel works, with a connection that came in through it.
	session s c 10.8.0.2 2208
	says 2208 to
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "a published port of a container is answered the way the call came; the container's own calls go into the tunnel" {
	far_away
	host_new box
	join c 172.17.0.1/24 box 172.17.0.2/24
	on box ip route add default via 172.17.0.1
	on c sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	on c nft 'table ip docker {
		chain pre { type nat hook prerouting priority -100; tcp dport 8080 dnat to 172.17.0.2; }
		chain post { type nat hook postrouting priority 100; ip saddr 172.17.0.0/24 oifname != "j-c-box" masquerade; }
	}'
	full ftun
	on s "$WGCTL" up hub
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	mkdir -p "$BATS_TEST_TMPDIR/session-8080/from" "$BATS_TEST_TMPDIR/session-8080/to"
	in_background box "$HELPERS/session" serve 8080 "$BATS_TEST_TMPDIR/session-8080/to" >/dev/null 2>&1
	SESSIONS+=($!)
	wait_for "$BATS_TEST_TMPDIR/session-8080/to/listens"
	in_background o "$HELPERS/session" call 198.51.100.1 8080 "$BATS_TEST_TMPDIR/session-8080/from" >/dev/null 2>&1
	SESSIONS+=($!)
	wait_for "$BATS_TEST_TMPDIR/session-8080/from/there"
	says 8080 from
	says 8080 to
	listen
	on box ping -c 1 -W 5 10.8.0.1
	on box ping -c 1 -W 5 203.0.113.9
	leaks=$(heard | grep -v '\.8080' || true)
	[ -z "$leaks" ] || { echo "$leaks"; return 1; }
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

# Marks and rules as Docker, Kubernetes, Tailscale and administrators have them.
foreign() {
	on c nft 'table ip mangle {
		chain pre { type filter hook prerouting priority mangle; tcp dport 7 meta mark set meta mark | 0x4000; }
		chain out { type route hook output priority mangle; meta skuid 4711 meta mark set 0x1; meta mark & 0xff0000 == 0x80000 accept; }
		chain post { type filter hook postrouting priority srcnat; ct mark set ct mark | 0x20000; meta mark & 0x8000 == 0x8000 counter; }
	}'
	on c ip rule add fwmark 0x1 lookup 100
	on c ip rule add fwmark 0x80000/0xff0000 lookup main priority 5210
	on c ip rule add lookup 52 priority 5270
	on c ip -6 rule add fwmark 0x2000/0x2000 lookup 100
	on c ip route add default via 198.51.100.2 table 100
	on c ip route add 100.64.0.0/10 via 198.51.100.2 table 52
}

@test "two full tunnels, in every order, beside other people's marks and rules: all of them as they were" {
	foreign
	full one "" 203.0.113.1:51820
	keys client
	full two "" 203.0.113.2:51820 "" 10.8.0.3/24,fd08::3/64
	before=$(snapshot c)
	for order in "one two one two" "one two two one" "two one two one" "two one one two"; do
		read -r a b x y <<<"$order"
		on c "$WGCTL" up "$a"
		alone=$(snapshot c)
		on c "$WGCTL" up "$b"
		# The newer one carries all; neither carries the other's own packets.
		on c ip route get 192.0.2.9 | grep -q "dev $b"
		on c ip route get 203.0.113.1 mark "$(on c "$WGCTL" show one fwmark)" | grep -q 'dev j-c-s'
		on c ip route get 203.0.113.2 mark "$(on c "$WGCTL" show two fwmark)" | grep -q 'dev j-c-s'
		on c "$WGCTL" down "$x"
		[ "$x" != "$b" ] || same "$alone" "$(snapshot c)"
		on c ip route get 192.0.2.9 | grep -q "dev $y"
		on c "$WGCTL" down "$y"
		same "$before" "$(snapshot c)"
	done
}

@test "beside a full tunnel of wg-quick: its packets do not go into ours" {
	full one "FwMark = 0xca6c" 203.0.113.1:51820
	keys client
	full two "" 203.0.113.2:51820 "" 10.8.0.3/24
	before=$(snapshot c)
	on c "$WGCTL" up one
	on c "$WGCTL" up two
	on c ip route get 192.0.2.9 | grep -q "dev two"
	on c ip route get 203.0.113.1 mark 0xca6c | grep -q 'dev j-c-s'
	on c "$WGCTL" down one
	on c "$WGCTL" down two
	same "$before" "$(snapshot c)"
}

@test "bits of others in the marks of packets and connections stay" {
	far_away
	full ftun
	on s "$WGCTL" up hub
	on c nft 'table inet other {
		chain first { type filter hook prerouting priority -160; ct direction original tcp dport 2210 ct mark set 0x4000 meta mark set 0x20000; }
		chain last { type filter hook input priority 300;
			tcp dport 2210 ct mark & 0x4000 == 0x4000 meta mark & 0x20000 == 0x20000 ct direction original counter comment "kept"
			udp sport 51820 ct mark & 0x4000 == 0x4000 counter comment "own"
		}
		chain post { type filter hook postrouting priority -160; udp dport 51820 ct mark set 0x4000; }
	}'
	on c "$WGCTL" up ftun
	session o c 198.51.100.1 2210
	says 2210 from
	on c ping -c 1 -W 10 10.8.0.1
	on c nft list table inet other >"$BATS_TEST_TMPDIR/counters"
	cat "$BATS_TEST_TMPDIR/counters"
	grep 'comment "kept"' "$BATS_TEST_TMPDIR/counters" | not grep -q 'packets 0 '
	grep 'comment "own"' "$BATS_TEST_TMPDIR/counters" | not grep -q 'packets 0 '
	on c "$WGCTL" down ftun
}
