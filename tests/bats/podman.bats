#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# podman with Debian's CNI backend and runc: the plugin, the hook, and `container`.

load lib
load net
load engines

setup() {
	engines_setup
	engine_podman
	root=$BATS_TEST_TMPDIR/root
	look='echo links $(ls /sys/class/net); cat /etc/resolv.conf; wget -qO- http://10.8.0.1/data | sha256sum'
}

teardown() {
	podman_gone
	hosts_gone
}

@test "CNI: a container with the tunnel as its only interface; its end leaves nothing" {
	before=$(snapshot c)
	run_split podman_c run --rm --network tunnel --dns 10.8.0.1 --name web --rootfs "$root" sh -c "$look"
	echo "$errors"
	is "$status" 0
	has "$output" "links eth0 lo"
	has "$output" "$DATA"
	# Leak 7: --dns is what keeps podman from adding the machine's servers.
	is "$(grep -c nameserver <<<"$output")" 1
	has "$output" "nameserver 10.8.0.1"
	settles "$before" c
	lacks "$(on c "$WGCTL" list)" cni:
	# One that stays is known to podman, and to wgctl.
	podman_c run -d --network tunnel --name web --rootfs "$root" sleep 1000
	is "$(podman_c inspect web | jq -r '.[0].NetworkSettings.Networks.tunnel.IPAddress')" 10.8.0.2
	id=$(podman_c inspect web | jq -r '.[0].Id')
	has "$(on c "$WGCTL" list)" "cni:tunnel:${id:0:12}~"
	podman_c rm -f -t 0 web
	settles "$before" c
}

@test "CNI: a missing profile, or a dead namespace for its packets, keeps the container from starting" {
	before=$(snapshot c)
	mv "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf" "$BATS_TEST_TMPDIR/office.conf"
	run_split podman_c run --rm --network tunnel --rootfs "$root" echo it runs
	[ "$status" != 0 ]
	is "$output" ""
	has "$errors" "there is no profile 'office' in /etc/wgctl"
	office "SocketNamespace = outside"
	run_split podman_c run --rm --network tunnel --rootfs "$root" echo it runs
	[ "$status" != 0 ]
	is "$output" ""
	has "$errors" "there is no network namespace 'outside'"
	settles "$before" c
}

@test "hook: an annotation names the profile; DNS is the tunnel's; whatever is wrong keeps the container from starting" {
	before=$(snapshot c)
	run_split podman_c run --rm --network none --annotation org.wgctl.profile=office --rootfs "$root" sh -c "$look"
	echo "$errors"
	is "$status" 0
	has "$output" "links lo office"
	has "$output" "$DATA"
	is "$(grep -c nameserver <<<"$output")" 1
	has "$output" "nameserver 10.8.0.1"
	settles "$before" c
	for wrong in nobody ../../etc/wgctl/office /etc/wgctl/office.conf; do
		run_split podman_c run --rm --network none --annotation "org.wgctl.profile=$wrong" --rootfs "$root" echo it runs
		[ "$status" != 0 ]
		is "$output" ""
	done
	run_split podman_c run --rm --network host --annotation org.wgctl.profile=office --rootfs "$root" echo it runs
	[ "$status" != 0 ]
	is "$output" ""
	has "$errors" "no network of its own"
	settles "$before" c
}

@test "container attach and detach: a running container gets its tunnel, and loses it" {
	before=$(snapshot c)
	echo "nameserver 10.8.0.1" >"$BATS_TEST_TMPDIR/resolv.conf"
	podman_c run -d --network none -v "$BATS_TEST_TMPDIR/resolv.conf:/etc/resolv.conf" --name web --rootfs "$root" sleep 1000
	not podman_c exec web wget -qO- http://10.8.0.1/data
	run_split on c env "${PODMAN_ENV[@]}" "$WGCTL" container attach office web --interface wg7 -m only
	echo "$errors"
	is "$status" 0
	lacks "$errors" warning
	has "$(podman_c exec web sh -c "$look")" "$DATA"
	run_split on c env "${PODMAN_ENV[@]}" "$WGCTL" container attach office web --interface wg7
	is "$status" 1
	has "$errors" "has an interface 'wg7' already"
	on c "$WGCTL" container detach web
	not podman_c exec web ip link show wg7
	run_split on c "$WGCTL" container detach web
	is "$status" 3
	# It could be killed while the tunnel is up.
	on c env "${PODMAN_ENV[@]}" "$WGCTL" container attach office "pid:$(podman_c inspect --format '{{.State.Pid}}' web)"
	podman_c rm -f -t 0 web
	on c "$WGCTL" -q down --all
	settles "$before" c
}

@test "container attach warns: CAP_NET_ADMIN, another way out, other name servers" {
	podman_c run -d --network none --cap-add NET_ADMIN --name web --rootfs "$root" sleep 1000
	pid=$(podman_c inspect --format '{{.State.Pid}}' web)
	on c ip link add out type veth peer name eth0 netns "$pid"
	on c nsenter -t "$pid" -n sh -c 'ip addr add 172.30.0.2/24 dev eth0; ip link set eth0 up; ip route add default dev eth0'
	run_split on c "$WGCTL" container attach -m only office "pid:$pid"
	is "$status" 1
	has "$errors" "is to be the container's only interface, and it has eth0"
	run_split on c "$WGCTL" container attach office "pid:$pid"
	is "$status" 0
	has "$errors" "CAP_NET_ADMIN"
	has "$errors" "has eth0, and a default route leads there"
	has "$errors" "other name servers than the tunnel's 10.8.0.1"
	on c "$WGCTL" container detach "pid:$pid"
	podman_c rm -f -t 0 web
}

@test "a profile may name a container as the place of its link, or of its packets" {
	podman_c run -d --network none --name web --rootfs "$root" sleep 1000
	wgctl_c() { on c env "${PODMAN_ENV[@]}" "$WGCTL" "$@"; }
	office "InterfaceNamespace = container:web"
	wgctl_c -q up office
	has "$(podman_c exec web sh -c "$look")" "$DATA"
	has "$(wgctl_c status office)" "namespace  container:web, socket in the caller's"
	has "$(wgctl_c exec --no-dns container:web -- ls /sys/class/net)" office
	# It takes all of it along, and that is said.
	podman_c stop -t 0 web
	has "$(wgctl_c status office)" "its network namespace is gone"
	run_split wgctl_c up office
	is "$status" 1
	has "$errors" "the container 'web' of podman is not running"
	wgctl_c -q down office
	podman_c start web
	office "SocketNamespace = container:web"
	wgctl_c -q up office
	has "$(wgctl_c status office)" "socket in container:web"
	wgctl_c -q down office
	podman_c rm -f -t 0 web
	run_split wgctl_c up office
	is "$status" 1
	has "$errors" "there is no container 'web'"
}
