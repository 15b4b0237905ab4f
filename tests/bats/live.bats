#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The netlink folder against the kernel that runs this: on the machine itself
# whatever it has, in a guest the in-tree WireGuard. The program makes a
# network namespace of its own.

load net

@test "netlink, live" {
	program=$(dirname "$WGCTL")/unit/netlink/live
	[ -x "$program" ] || { echo "build it first: make unit-build"; return 1; }
	run "$program"
	echo "$output" | grep -v '^ok' || true
	[ "$status" = 0 ]
	[ -z "${WGCTL_VM-}" ] || not grep -qi '# SKIP' <<<"$output"
}
