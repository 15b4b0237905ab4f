#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --cpus 2
# Everything at once for WGCTL_SOAK seconds (600): traffic both ways, peers that come and go
# by the hundred, dumps, links that go down, ports, keys and marks that change, endpoints
# that roam, links that are made and deleted. For kernels that find mistakes; whether any
# packet arrives is asked in between.

load ../net

setup_file() { load_module; }
teardown() { clean_up; }

@test "peers, links, keys and endpoints change under traffic" {
	local seconds=${WGCTL_SOAK:-600} began round=0 tool=$O/kmod-tools/nltool
	bats_require_minimum_version 1.5.0
	pair
	reaches a 10.0.0.2
	# Until this end of the pipe is closed.
	mkfifo "$BATS_TEST_TMPDIR/stop"
	exec 8<>"$BATS_TEST_TMPDIR/stop"
	background flow tcp a,10.0.0.1 b,10.0.0.2 "for=$((seconds * 1000))" streams=2 wait=60000
	background flow udp b,fd00::2 a,fd00::1 "for=$((seconds * 1000))" window=200 size=1200 wait=60000
	# Twenty peers with two allowed IPs each are made, then removed, over and over.
	nsenter --net=/run/netns/a "$tool" -R 1 str:2=wg0 '[8' 20* '[0' hex:1=00000000000000000000000000000000000000000000000000000000%x \
		'[9' '[0' u16:1=2 4:2=10.77.0.1 u8:3=32 ']' '[0' u16:1=10 6:2=fd77::1 u8:3=64 ']' ']' ']' ']' <&8 >/dev/null 2>&1 &
	BACKGROUND+=($!)
	nsenter --net=/run/netns/a "$tool" -R 1 str:2=wg0 '[8' 20* '[0' hex:1=00000000000000000000000000000000000000000000000000000000%x u32:3=1 ']' ']' <&8 >/dev/null 2>&1 &
	BACKGROUND+=($!)
	nsenter --net=/run/netns/b "$tool" -R -d -b 4096 0 str:2=wg0 <&8 >/dev/null 2>&1 &
	BACKGROUND+=($!)
	began=$SECONDS
	while ((SECONDS - began < seconds)); do
		round=$((round + 1))
		case $((round % 6)) in
		0) ips a <<<"link set wg0 down" && ips a <<<"link set wg0 up" ;;
		1) at b wg set wg0 listen-port $((20000 + round)) ;;
		2) at a wg set wg0 peer "${public[2]}" endpoint "192.0.2.2:$((20000 + round - 1))" persistent-keepalive $((round % 3)) ;;
		3) at b wg set wg0 private-key <(echo "${private[3]}") && at b wg set wg0 private-key <(echo "${private[2]}") ;;
		4) printf '%s\n' "link add wg1 type wireguard" "link set wg1 up" "link del wg1" | ips b ;;
		5)
			at b wg set wg0 fwmark $round listen-port 20000
			at a wg set wg0 fwmark $round peer "${public[2]}" endpoint 192.0.2.2:20000
			until_ 120 reaches a 10.0.0.2
			;;
		esac
	done
	echo "# $round changes by hand in $((SECONDS - began)) s" >&3
	exec 8>&-
	((round > 20))
}

@test "nothing holds the module, and it goes" { module_goes; }
