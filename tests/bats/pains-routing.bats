#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: 6.12
# What people complain of, by its number in the list of complaints: first that
# wg-quick's way has it, where that can be shown, then that ours has not. Marks,
# rules, routes and the kill switch; see the other files for the rest.

load net
load outside

setup() {
	world
}

teardown() {
	world_gone
}

# In a guest each process that a script starts costs a tenth of a second, and
# wg-quick is a script of hundreds: its half is shown on the machine itself.
shown() {
	[ -z "${WGCTL_VM-}" ]
}

# quick up|down NAME: wg-quick's own way, with the profile NAME of c.
quick() {
	on c env WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go LOG_LEVEL=error wg-quick "$@"
}
theirs() { # the same profile for wg-quick, less the lines that it does not know
	grep -v '^[[:space:]]*\(KillSwitch\|AllowLAN\|IPv6\|ExcludeIPs\)' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/$1.conf" \
		>"$BATS_TEST_TMPDIR/host-c/etc-wireguard/$1q.conf"
	chmod 600 "$BATS_TEST_TMPDIR/host-c/etc-wireguard/$1q.conf"
}

read_only_sysctls() {
	on c mount -t proc proc /proc
	on c mount --bind /proc/sys /proc/sys
	on c mount -o remount,bind,ro /proc/sys
}

@test "pain 1: a container: sysctls are read-only, and an interface is left over from a crash" {
	full ftun "" "" 0.0.0.0/0 10.8.0.2/24
	theirs ftun
	read_only_sysctls
	if shown; then
		not quick up ftunq
	fi
	on c "$WGCTL" up ftun
	on c ip route get 192.0.2.9 | grep -q 'dev ftun'
	# Killed, all but its link: up repairs that itself.
	on c "$WGCTL" down ftun
	on c strace -o /dev/null -e trace=fdatasync -e inject=fdatasync:signal=KILL:when=9 "$WGCTL" up ftun || true
	on c ip link show ftun
	on c "$WGCTL" up ftun
	on c "$WGCTL" down ftun
}

@test "pain 5: what is excluded stays outside, by routes; also what another table has a way to" {
	full ftun "ExcludeIPs = 203.0.113.0/24, 2001:db8:9::/48, 100.64.0.0/10"
	if shown; then
		cp "$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf" "$BATS_TEST_TMPDIR/host-c/etc-wireguard/ftunq.conf"
		not quick up ftunq
	fi
	on c ip rule add lookup 52 priority 5270
	on c ip route add 100.64.0.0/10 dev lo table 52
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	on c ip route get 203.0.113.9 | grep -q 'via 198.51.100.2 dev j-c-s'
	on c ip -6 route get 2001:db8:9::9 | grep -q 'via 2001:db8:1::2 dev j-c-s'
	on c ip route get 100.64.1.1 | grep -q 'dev lo'
	on c ip route get 192.0.2.9 | grep -q 'dev ftun'
	on c ip -6 route get 2001:db8:a::9 | grep -q 'dev ftun'
	[ "$(on c ip route show table all dev ftun proto 119 | wc -l)" -le 2 ]
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "pain 10: a full tunnel does not cut off who came in over SSH" {
	far_away
	full ftun
	theirs ftun
	on s "$WGCTL" up hub
	session o c 198.51.100.1 22
	if shown; then
		quick up ftunq
		not says 22 to 10
		quick down ftunq
		says 22 to 100
	fi
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	says 22 to
	says 22 from
	# And who comes now, and the local network.
	session o c 198.51.100.1 23
	says 23 to
	on c ping -c 1 -W 5 198.51.100.2
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

# The recipe of wg-quick's manual, in nft's words.
recipe() {
	cat <<-'END'
		PostUp = nft "add table ip ks; add chain ip ks o { type filter hook output priority 0; }; add rule ip ks o oifname != %i meta mark != $(wg show %i fwmark) fib daddr type != local reject"
		PreDown = nft delete table ip ks
	END
}

@test "pain 11: a kill switch holds in both families, without its link, and to the end of down" {
	if shown; then
		full ftun "$(recipe)"
		theirs ftun
		quick up ftunq
		chatter 203.0.113.9 2001:db8:9::9
		listen
		on c ip link del ftunq
		sleep 0.3
		leaks=$(heard)
		grep -q 'IP6.*2001:db8:9::9' <<<"$leaks"
		# Nor can it be undone now.
		not quick down ftunq
		on c nft delete table ip ks
		for family in -4 -6; do
			while on c ip $family rule show | grep -q 0xca6c; do on c ip $family rule del lookup 51820; done
			on c ip $family rule del lookup main suppress_prefixlength 0
		done
		for table in ip ip6; do on c nft delete table $table wg-quick-ftunq; done
		on c sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/src_valid_mark'
	fi

	full ftun "KillSwitch = on"
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	chatter 203.0.113.9 2001:db8:9::9
	listen
	on c ip link del ftun
	sleep 0.3
	no_leak "without the link"
	quiet
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "pain 12: IPv6 is disabled: the rest works, and nothing is silently missing" {
	full ftun
	theirs ftun
	on c sh -c 'for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done'
	not shown || not quick up ftunq
	on s "$WGCTL" up hub
	before=$(snapshot c)
	run on c "$WGCTL" up ftun
	[ "$status" = 0 ]
	[[ $output == *"IPv6 is disabled here"* ]]
	reach 10.8.0.1
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
	# A kill switch is one all the same.
	full ftun "KillSwitch = on"
	on c "$WGCTL" up ftun
	reach 10.8.0.1
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "pain 17: marks of Kubernetes and Tailscale are not ours, nor are ours theirs" {
	full ftun "" 203.0.113.1:51820
	theirs ftun
	on s ip addr add 203.0.113.1/32 dev lo
	on s "$WGCTL" up hub
	# A rule for a bit that 0xca6c has: wg-quick's own packets end in it.
	on c ip rule add fwmark 0x4000/0x4000 lookup 100 priority 100
	on c ip route add blackhole default table 100
	on c ip rule add fwmark 0x80000/0xff0000 lookup main priority 5210
	on c nft 'table inet k8s {
		chain pre { type filter hook prerouting priority -190; udp sport 53 ct mark set 0; }
		chain out { type filter hook output priority 0; meta mark & 0x8000 == 0x8000 counter; }
	}'
	if shown; then
		quick up ftunq
		not on c ping -c 1 -W 2 10.8.0.1
		quick down ftunq
		on c sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/src_valid_mark'
	fi
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	mark=$(on c "$WGCTL" show ftun fwmark)
	((!(mark & 0xffffef81)))
	reach 10.8.0.1
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
	# Every one of ours taken by somebody: said, and nothing done.
	on c ip rule add fwmark 0x1000/0x1000 lookup 100 priority 101
	taken=$(snapshot c)
	run on c "$WGCTL" up ftun
	[ "$status" = 1 ]
	[[ $output == *"FwMark ="* ]]
	same "$taken" "$(snapshot c)"
}

@test "pain 20: reverse path filters: the kernel's strict one, and firewalld's for IPv6; nothing is changed for nothing" {
	full ftun "" "" "" "10.8.0.2/24, fd08::2/64"
	theirs ftun
	before=$(snapshot c)
	if shown; then
		quick up ftunq
		quick down ftunq
		# It leaves a sysctl changed that nobody needed.
		not same "$before" "$(snapshot c)"
		on c sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/src_valid_mark'
	fi
	on s "$WGCTL" up hub
	on c "$WGCTL" up ftun
	[ "$(on c cat /proc/sys/net/ipv4/conf/all/src_valid_mark)" = 0 ]
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
	# Strict on one link only, and IPv6 as firewalld has it; the endpoint is IPv6.
	full ftun "" "[2001:db8:1::2]:51820"
	on c sh -c 'echo 1 >/proc/sys/net/ipv4/conf/j-c-s/rp_filter'
	on c nft 'table inet firewalld { chain pre { type filter hook prerouting priority -140;
		icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
		meta nfproto ipv6 fib saddr . mark . iif oif missing drop
	}
	}'
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	[ "$(on c cat /proc/sys/net/ipv4/conf/all/src_valid_mark)" = 1 ]
	reach 10.8.0.1
	reach fd08::1
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "pain 22: a tunnel for 0.0.0.0/0 alone: check says what to do, and IPv6 = block does it" {
	full ftun "" "" 0.0.0.0/0 10.8.0.2/24
	theirs ftun
	run on c "$WGCTL" check ftun
	[ "$status" = 0 ]
	[[ $output == *"IPv6 goes around it"* && $output == *"IPv6 = block"* ]]
	if shown; then
		quick up ftunq
		chatter 203.0.113.9 2001:db8:9::9
		listen
		sleep 0.3
		leaks=$(heard)
		grep -q 'IP6.*2001:db8:9::9' <<<"$leaks"
		quiet
		quick down ftunq
		on c sh -c 'echo 0 >/proc/sys/net/ipv4/conf/all/src_valid_mark'
	fi

	full ftun "IPv6 = block" "" 0.0.0.0/0 10.8.0.2/24
	run on c "$WGCTL" check ftun
	[[ $output != *"IPv6 goes around it"* ]]
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	chatter 203.0.113.9 2001:db8:9::9
	listen
	sleep 0.3
	no_leak "IPv6"
	quiet
	# The neighbourhood is no way out.
	on c ping -6 -c 1 -W 5 2001:db8:1::2
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}
