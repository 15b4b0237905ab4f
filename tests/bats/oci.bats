#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: 6.12
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
		echo "$runtime: $errors$output"
		cat "$BATS_TEST_TMPDIR/hook.err" 2>/dev/null || true
		is "$status" 0
		has "$output" "nameserver 10.8.0.1"
		lacks "$output" 192.0.2.53
		has "$output" "$DATA"
		has "$output" "links eth0 lo"
		settles "$before" c
	done
}

@test "the tunnel's resolv.conf: over a file, a link, nothing at all; never outside of the container" {
	outside=$BATS_TEST_TMPDIR/outside
	echo "of the machine" >"$outside"
	runtime=crun
	for to in /run/resolv.conf ../tmp/stub "../../../../../../../..$outside" ""; do
		bundle office
		(cd "$BUNDLE/rootfs/etc" && rm resolv.conf && mkdir -p ../run && echo stub >../tmp/stub &&
			mkdir -p "..${outside%/*}" && if [ -n "$to" ]; then ln -s "$to" resolv.conf; fi)
		run_split runtime run box
		echo "$to: $errors"
		is "$status" 0
		has "$output" "nameserver 10.8.0.1"
		has "$output" "$DATA"
	done
	is "$(cat "$outside")" "of the machine"
	not grep -q "$outside" "/proc/${HOST_PID[c]}/mountinfo"
	# Where it cannot be, the container does not start.
	bundle office '.root.readonly = true'
	rm -r "$BUNDLE/rootfs/etc"
	ln -s /nowhere/at/all "$BUNDLE/rootfs/etc"
	before=$(snapshot c)
	run_split runtime run box
	[ "$status" != 0 ]
	lacks "$output" links
	same "$before" "$(snapshot c)"
}

@test "fail closed: no profile, no namespace for the packets, another interface with mode only" {
	before=$(snapshot c)
	for runtime in crun runc; do
		bundle nobody
		run_split runtime run box
		[ "$status" != 0 ]
		lacks "$output" links
		# The profile may be given as the hook's argument; the annotation is its owner's word.
		bundle nobody '.hooks[][].args += ["office"]'
		run_split runtime run box
		is "$status" 0
		has "$output" "$DATA"
		bundle office '.hooks.createRuntime[0].args += ["--profiles", "/etc/wireguard"]'
		run_split runtime run box
		[ "$status" != 0 ]
		lacks "$output" links
		office "SocketNamespace = outside"
		bundle office
		run_split runtime run box
		[ "$status" != 0 ]
		lacks "$output" links
		office
	done
	on c ip netns add shared
	on c ip -n shared link add eth1 type veth peer name eth2
	runtime=crun
	bundle office '.annotations["org.wgctl.mode"] = "only" | (.linux.namespaces[] | select(.type == "network")).path = "/run/netns/shared"'
	run_split runtime run box
	[ "$status" != 0 ]
	lacks "$output" links
	on c ip netns del shared
	same "$before" "$(snapshot c)"
}

@test "a hook that is killed while it mounts the resolver leaves no file, at the latest when the next one comes or at recover" {
	local before killed ends holder
	killed='.hooks.createRuntime[0] = {path: $ENV.STRACE,
		args: ["strace", "-o", "/dev/null", "-e", "trace=open_tree", "-e", "inject=open_tree:signal=KILL", $wgctl, "oci-hook"]}'
	STRACE=$(type -P strace)
	export STRACE
	runtime=runc
	before=$(snapshot c)
	for ends in poststop next recover; do
		bundle office "$killed | if \"$ends\" != \"poststop\" then del(.hooks.poststop) else . end"
		run_split runtime run box
		[ "$status" != 0 ]
		lacks "$output" links
		# One that is in use, which its lock says, stays.
		on c mkdir -p /run/wgctl
		background c "$BATS_TEST_TMPDIR/holder" flock --no-fork /run/wgctl/.file-inuse sleep 1000
		holder=$!
		until [ "$(cat "/proc/$holder/comm")" = sleep ]; do sleep 0.05; done
		if [ $ends != poststop ]; then
			is "$(on c find /run/wgctl -name '.file-*' | wc -l)" 2
			on c "$WGCTL" -q down --all
		fi
		if [ $ends = next ]; then
			bundle office
			run_split runtime run box
			is "$status" 0
		elif [ $ends = recover ]; then
			on c "$WGCTL" -q recover office
		fi
		is "$(on c find /run/wgctl -name '.file-*')" /run/wgctl/.file-inuse
		kill "$holder"
		wait "$holder" || true
		on c rm /run/wgctl/.file-inuse
		settles "$before" c
	done
}
