#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --count --append ipv6.disable=1
# A kernel that was told to have no IPv6. The module is ours, or with WGCTL_KMOD=intree
# the kernel's.

load net

setup_file() { load_module; }
teardown() { clean_up; }

@test "a tunnel over IPv4; endpoints that cannot be reached, allowed IPs that nobody has" {
	[ ! -e /proc/sys/net/ipv6 ]
	spaces a b
	wire a eth0 b eth0
	for n in 1 2; do
		space=$([ $n = 1 ] && echo a || echo b) o=$((3 - n))
		ips $space <<-END
			link set eth0 up
			addr add 192.0.2.$n/24 dev eth0
			link add wg0 type wireguard
			addr add 10.0.0.$n/24 dev wg0
			link set wg0 up
		END
		{ me $n ${n}0000 && peer $o "10.0.0.$o/32,fd00::$o/128" 192.0.2.$o:${o}0000; } | conf $space
	done
	flow tcp a,10.0.0.1 b,10.0.0.2
	flow udp a,10.0.0.1 b,10.0.0.2
	# No keepalive on its way that would tell where the other one is.
	sleep 12
	at a wg set wg0 peer "${public[2]}" endpoint '[2001:db8::2]:20000'
	WAIT=1 not reaches a 10.0.0.2
	at a wg set wg0 peer "${public[2]}" endpoint 192.0.2.2:20000
	WAIT=7 reaches a 10.0.0.2
	at a wg set wg0 listen-port 10001
	reaches a 10.0.0.2
	endpoint b
	is "$endpoint" 192.0.2.1:10001
}

@test "nothing holds the module, and it goes" { module_goes; }
