#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --cpus 2
# What a tunnel carries, and how. In a guest; the module is ours, or with
# WGCTL_KMOD=intree the kernel's.

load net

setup_file() { load_module; }
teardown() { clean_up; }

@test "TCP and UDP, both ways, IPv4 and IPv6, in IPv4 and IPv6" {
	pair
	for outside in 192.0.2.2 '[2001:db8::2]'; do
		at a wg set wg0 peer "${public[2]}" endpoint "$outside:20000"
		for inside in 10.0.0.%d fd00::%d; do
			flow tcp "a,${inside/\%d/1}" "b,${inside/\%d/2}" bytes=400000
			flow udp "a,${inside/\%d/1}" "b,${inside/\%d/2}" count=100 size=1200
		done
		has "$(endpoint b)" "$([ "$outside" = 192.0.2.2 ] && echo 192.0.2.1 || echo 2001:db8::1)"
	done
}

@test "nothing holds the module, and it goes" { module_goes; }
