#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# `container attach|detach` on a booted system (tests/vm/systemd) with Docker and
# systemd-machined, both as Debian has them. The guest itself is the client; a
# namespace is the server. podman has its tests in ../bats/podman.bats.

load ../bats/net
load ../bats/lib
load ../bats/engines
load ../bats/resolved

setup_file() {
	# What net.bash keeps in a test's folder, here for all of them.
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	keys client
	keys server
	host_new s
	ip link add out0 type veth peer name out1 netns "${HOST_PID[s]}"
	ip addr add 10.9.0.1/24 dev out0
	ip link set out0 up
	on s ip addr add 10.9.0.2/24 dev out1
	on s ip link set out1 up
	hub
	on s "$WGCTL" --quiet up hub
	mkdir -p "$BATS_FILE_TMPDIR/www" /etc/wgctl
	head -c 200000 /dev/urandom >"$BATS_FILE_TMPDIR/www/data"
	DATA=$(sha256sum <"$BATS_FILE_TMPDIR/www/data" | cut -c1-64)
	background s "$BATS_FILE_TMPDIR/httpd.log" busybox httpd -f -p 10.8.0.1:80 -h "$BATS_FILE_TMPDIR/www"
	disown
	(umask 077 && cat >/etc/wgctl/office.conf) <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
	# No podman here: to ask it first costs seconds in a guest.
	rm -f /usr/bin/podman
	# Without a bridge of its own, which would need iptables.
	mkdir -p /etc/docker
	echo '{ "iptables": false, "bridge": "none", "storage-driver": "vfs" }' >/etc/docker/daemon.json
	systemctl start docker
	ROOT=$BATS_FILE_TMPDIR/root
	rootfs "$ROOT"
	tar -C "$ROOT" -c . | docker import - busy
	docker run -d --network none --dns 10.8.0.1 --name web busy sleep 1000
	# Its resolv.conf is that of its directory; systemd-nspawn wants a /usr to be there.
	mkdir "$ROOT/usr"
	echo "nameserver 10.8.0.1" >"$ROOT/etc/resolv.conf"
	LOOK='echo links $(ls /sys/class/net); cat /etc/resolv.conf; wget -qO- http://10.8.0.1/data | sha256sum'
	export DATA LOOK ROOT WORLD_PID=${HOST_PID[s]}
}

teardown() {
	"$WGCTL" --quiet down --all
}

teardown_file() {
	HOST_PID[s]=$WORLD_PID
	hosts_gone
}

snapshot() { "$WGCTL_ROOT/tests/helpers/snapshot"; }
# All that attach has to say of one that Docker started, which turns IPv6 off in containers.
attached="wgctl: warning: IPv6 is disabled here: the profile's IPv6 addresses and routes are left out
wgctl: 'attach:web:office' is up on office in web"

registered() { machinectl show box >/dev/null 2>&1; }

@test "docker: a container gets the tunnel as its only interface, and loses it" {
	before=$(snapshot)
	not docker exec web wget -qO- http://10.8.0.1/data
	is "$("$WGCTL" __complete container attach office w)" $'web\tdocker'
	run_split "$WGCTL" container attach --mode only office web
	is "$status$errors" "0$attached"
	looked=$(docker exec web sh -c "$LOOK")
	has "$looked" "links lo office"
	has "$looked" "$DATA"
	is "$(grep nameserver <<<"$looked")" "nameserver 10.8.0.1"
	not ip link show office
	has "$("$WGCTL" list)" attach:web:office
	is "$("$WGCTL" __complete container detach '')" $'web\toffice'
	run_split "$WGCTL" container attach office web
	is "$status" 1
	has "$errors" "the container has an interface 'office' already"
	"$WGCTL" container detach web
	is "$(docker exec web ls /sys/class/net)" lo
	same "$before" "$(snapshot)"
	run_split "$WGCTL" container detach web
	is "$status" 3
	has "$errors" "'web' has no tunnel"
}

@test "docker: restarted or killed the tunnel has ended with it; a stopped one is refused" {
	before=$(snapshot)
	"$WGCTL" -q container attach office web
	docker restart -t 0 web
	is "$(docker exec web ls /sys/class/net)" lo
	not docker exec web wget -qO- http://10.8.0.1/data
	has "$("$WGCTL" status attach:web:office)" "its network namespace is gone"
	# Attached anew, in place of what is gone.
	run_split "$WGCTL" container attach office web
	is "$status$errors" "0$attached"
	has "$(docker exec web sh -c "$LOOK")" "$DATA"
	docker kill web
	run_split "$WGCTL" container attach office web
	is "$status" 1
	has "$errors" "the container 'web' of docker is not running"
	"$WGCTL" recover attach:web:office
	has "$("$WGCTL" status attach:web:office)" "its network namespace is gone"
	# It needs no engine and no container.
	"$WGCTL" container detach web
	same "$before" "$(snapshot)"
}

@test "docker: attach warns of CAP_NET_ADMIN, another way out, other name servers; by its id" {
	id=$(docker run -d --network none --cap-add NET_ADMIN --name other busy sleep 1000)
	id=${id:0:12}
	pid=$(docker inspect --format '{{.State.Pid}}' "$id")
	ip link add way type veth peer name eth0 netns "$pid"
	nsenter -t "$pid" -n sh -c 'ip addr add 172.30.0.2/24 dev eth0; ip link set eth0 up; ip route add default dev eth0'
	run_split "$WGCTL" container attach -m only office "$id"
	is "$status" 1
	has "$errors" "is to be the container's only interface, and it has eth0"
	run_split "$WGCTL" container attach office "$id"
	echo "$errors"
	is "$status" 0
	has "$errors" "CAP_NET_ADMIN"
	has "$errors" "has eth0, and a default route leads there"
	has "$errors" "other name servers than the tunnel's 10.8.0.1"
	looked=$(docker exec "$id" sh -c "$LOOK")
	has "$looked" "links eth0 lo office"
	has "$looked" "$DATA"
	"$WGCTL" container detach "$id"
	is "$(docker exec "$id" ip route)" $'default dev eth0 scope link \n172.30.0.0/24 dev eth0 scope link  src 172.30.0.2 '
}

@test "systemd-nspawn: a machine gets the tunnel, and loses it; names are completed" {
	before=$(snapshot)
	systemd-run --quiet --collect --unit=box systemd-nspawn --quiet --machine=box --private-network --directory="$ROOT" sleep 1000
	waits_for registered
	has "$("$WGCTL" __complete container attach office '')" $'box\tmachinectl'
	leader=$(machinectl show --property=Leader --value box)
	box() { nsenter --target "$leader" --all "$@"; }
	not box wget -qO- http://10.8.0.1/data
	run_split "$WGCTL" container attach --mode only office box
	echo "$errors"
	is "$status" 0
	# It keeps what could read the key, and nothing else is to be said.
	is "$(grep -c warning <<<"$errors")" 1
	has "$errors" "CAP_NET_ADMIN: it could read the tunnel's private key"
	looked=$(box sh -c "$LOOK")
	has "$looked" "links lo office"
	has "$looked" "$DATA"
	is "$(grep nameserver <<<"$looked")" "nameserver 10.8.0.1"
	box ping -c 1 fd08::1
	"$WGCTL" container detach box
	is "$(box ls /sys/class/net)" lo
	# It takes the tunnel along.
	"$WGCTL" -q container attach office box
	machinectl terminate box
	waits_for not registered
	has "$("$WGCTL" status attach:box:office)" "its network namespace is gone"
	run_split "$WGCTL" container attach office box
	is "$status" 1
	has "$errors" "there is no container 'box'"
	"$WGCTL" container detach box
	same "$before" "$(snapshot)"
}
