#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# `wgctl physical` with links that are taken for devices because they are named:
# what does not need hardware. Real network cards and radios are in vm/physical.bats.

load lib
load net

setup() {
	client_and_server
	on s "$WGCTL" -q up hub
	# The first name that anybody gives makes /run/netns a mount, for good.
	on c ip netns add first
	on c ip netns del first
	# A network as people have it: a gateway, a route beside it, a rule, a metric.
	on c ip route add default via 10.9.0.2 dev j-c-s metric 100
	on c ip route add 198.51.100.0/24 via 10.9.0.2 dev j-c-s table 77
	on c ip rule add from 10.9.0.1 lookup 77 priority 900
	on c ip addr add 10.9.0.50/24 dev j-c-s
	on c ip -6 addr add fd09::1/64 dev j-c-s nodad
	on c ip -6 route add default via fd09::2 dev j-c-s
	on c ip link set j-c-s alias 'to the wall' mtu 1400
	on c sysctl -qw net.ipv4.conf.j-c-s.rp_filter=2
	profile c home.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

teardown() {
	on c "$WGCTL" -q physical down --kill 2>/dev/null || true
	hosts_gone
}

physical() { on c "$WGCTL" physical "$@" --take j-c-s; }
inside() { on c ip netns exec physical "$@"; }

@test "physical up moves the device with all that it has, down brings it home as it was" {
	before=$(snapshot c)
	physical up home
	# Here: loopback and the tunnel.
	is "$(on c ip -o link show | cut -d: -f2 | tr -d ' ' | cut -d@ -f1 | grep -v -E '^(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$' | xargs)" "lo home"
	has "$(on c ip route show default)" "default dev home"
	on c ping -q -c 2 -W 5 -i 0.2 10.8.0.1
	on c ping -q -c 1 -W 5 fd08::1
	# There: the device, its addresses, its ways.
	has "$(inside ip -o addr show dev j-c-s)" "10.9.0.1/24"
	has "$(inside ip -o addr show dev j-c-s)" "10.9.0.50/24"
	has "$(inside ip -o addr show dev j-c-s)" "fd09::1/64"
	has "$(inside ip route show default)" "via 10.9.0.2 dev j-c-s metric 100"
	has "$(inside ip -6 route show default)" "via fd09::2"
	has "$(inside ip route show table 77)" "198.51.100.0/24 via 10.9.0.2"
	has "$(inside ip rule show)" "900:	from 10.9.0.1 lookup 77"
	has "$(inside ip link show j-c-s)" "mtu 1400"
	inside grep -qx 2 /proc/sys/net/ipv4/conf/j-c-s/rp_filter
	inside ping -q -c 1 -W 5 10.9.0.2
	run_split on c "$WGCTL" physical status
	is "$status" 0
	has "$output" "physical: up, tunnel home, guard in force"
	physical up home
	on c "$WGCTL" physical down
	settled c j-c-s
	same "$before" "$(snapshot c)"
	run_split on c "$WGCTL" physical status
	is "$status" 3
}
