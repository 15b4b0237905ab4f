#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Namespace profiles: the link lives in one network namespace, its socket in another.

load lib
load net

setup() {
	keys client
	keys server
	host_new c
	host_new s
	join c 10.9.0.1/24 s 10.9.0.2/24
	profile s hub.conf <<-END
		[Interface]
		PrivateKey = $server_private
		ListenPort = 51820
		Address = 10.8.0.1/24, fd08::1/64
		[Peer]
		PublicKey = $client_public
		AllowedIPs = 10.8.0.2/32, fd08::2/128
	END
	on s "$WGCTL" -q up hub
	# The first name that anybody gives makes /run/netns a mount, for good.
	on c ip netns add first
	on c ip netns del first
}

teardown() { hosts_gone; }

# inside NAME [extra lines for Interface]: a full tunnel, the only way out of namespace NAME.
inside() {
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		InterfaceNamespace = $1
		DNS = 10.8.0.1, vpn.example
		$2
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

@test "a tunnel is the only way out of its namespace, and down leaves nothing" {
	inside blue
	before=$(snapshot c)
	on c "$WGCTL" up office
	# The namespace has nothing but the tunnel, and uses it for everything.
	is "$(on c ip -n blue -o link show | cut -d: -f2 | tr -d ' ' | cut -d@ -f1 | grep -v -E '^(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$' | xargs)" "lo office"
	has "$(on c ip -n blue route show default)" "default dev office"
	has "$(on c ip -n blue -6 route show default)" "default dev office"
	is "$(on c ip -n blue rule show | grep -vc -E 'lookup (local|main|default)')" 0
	on c ip netns exec blue ping -q -c 2 -W 5 -i 0.2 10.8.0.1
	on c ip netns exec blue ping -q -c 1 -W 5 fd08::1
	# The caller's has no link of it, and no route.
	not on c ip link show office
	on c ip netns exec blue grep -q 'nameserver 10.8.0.1' /etc/resolv.conf
	not on c grep -q 10.8.0.1 /etc/resolv.conf
	on c "$WGCTL" up office
	on c "$WGCTL" down office
	same "$before" "$(snapshot c)"
	not on c test -e /run/netns/blue
	not on c test -e /etc/netns
}
