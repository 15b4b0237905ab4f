#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guest: --count
# Many peers of one link. The clock counts instructions here, so how long something
# takes is the same on every machine. The module is ours, or with WGCTL_KMOD=intree the
# kernel's, which is not asked for things that take it minutes.

load net

setup_file() { load_module; }
teardown() { clean_up; }

crowd() { "$(realpath -m "${O:-$WGCTL_ROOT/build}")/kmod-tools/crowd" "$@"; }
crowded() {
	pair
	ips a <<<"route add 10.64.0.0/12 dev wg0"
	ips b <<<"route add local 10.64.0.0/12 dev lo"
	is "$(crowd "$@")" "$2"
}
# deleted_in MS: the link of a, and how long that may take.
deleted_in() {
	local took
	took=$(crowd delete a)
	echo "# $BATS_TEST_DESCRIPTION: deleted in $took ms" | tee /dev/fd/3
	((took < $1))
}

@test "500 peers, each is reached" {
	crowded 500 500
	is "$(at a wg show wg0 latest-handshakes | grep -vc '	0$')" 500
	[ "${WGCTL_KMOD-}" = intree ] || deleted_in 2000
}

@test "10,000 peers go with their link in two seconds" {
	[ "${WGCTL_KMOD-}" != intree ] || skip "elsewhere: with ours; the kernel's own takes three minutes"
	crowded 10000 0
	deleted_in 2000
}

@test "100,000 peers: all are there, the last of them is reached, they go" {
	[ "${WGCTL_KMOD-}" != intree ] || skip "elsewhere: with ours; the kernel's own takes half an hour"
	began=${EPOCHREALTIME/./}
	crowded 100000 10
	echo "# 100,000 peers: made in $(((${EPOCHREALTIME/./} - began) / 1000)) ms" >&3
	is "$(at a wg show wg0 peers | wc -l)" 100001
	# The one that b is when it is nobody else.
	at b wg set wg0 private-key <(echo "${private[2]}")
	flow tcp a,10.0.0.1 b,10.0.0.2
	deleted_in 20000
}

@test "nothing holds the module, and it goes" { module_goes; }
