#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The CNI plugin as engines call it: every command in every version, with what is
# wrong or missing, and what becomes of the container's network.

load lib
load net
load engines

setup() {
	engines_setup
}

teardown() { hosts_gone; }

@test "a container whose only interface is a tunnel; DEL leaves nothing, however often" {
	before=$(snapshot c)
	container box
	cni ADD box eth0 "$(conf 1.0.0 office '"mode": "only"')"
	is "$status" 0
	is "$(jq -r .cniVersion <<<"$output")" 1.0.0
	is "$(jq -c '.interfaces' <<<"$output")" '[{"name":"eth0","mac":"00:00:00:00:00:00","sandbox":"/run/netns/box"}]'
	is "$(jq -c '[.ips[]|[.address,.interface]]' <<<"$output")" '[["10.8.0.2/24",0],["fd08::2/64",0]]'
	is "$(jq -c '[.routes[].dst]|sort' <<<"$output")" '["0.0.0.0/0","::/0"]'
	is "$(jq -c .dns <<<"$output")" '{"nameservers":["10.8.0.1"],"search":["vpn.example"]}'
	inside box ping -q -c 2 -i 0.2 -W 5 10.8.0.1
	inside box ping -q -c 1 -W 5 fd08::1
	is "$(inside box ip route show default)" "default dev eth0 proto 119 scope link "
	has "$(on c "$WGCTL" list)" "cni:net:box:eth0"
	for _ in 1 2 3; do
		cni DEL box eth0 "$(conf 1.0.0 office)"
		is "$status$output" 0
	done
	not inside box ip link show eth0
	on c ip netns del box
	same "$before" "$(snapshot c)"
}
