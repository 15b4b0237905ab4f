#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The OCI hook in real runtimes: crun and runc, with bundles made by hand.

load lib
load net
load engines

setup() {
	engines_setup
}

teardown() { hosts_gone; }

@test "crun and runc: a container with the tunnel as its only interface; its end leaves nothing" {
	before=$(snapshot c)
	for runtime in crun runc; do
		bundle office
		run_split runtime run box
		echo "$runtime: $errors$output"; cat $BATS_TEST_TMPDIR/hook.err
		is "$status" 0
		has "$output" "nameserver 10.8.0.1"
		lacks "$output" 192.0.2.53
		has "$output" "$DATA"
		has "$output" "links eth0 lo"
		settles "$before" c
	done
}
