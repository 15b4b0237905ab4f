#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# netavark's plugin protocol as podman 4.5 and newer speak it; services of systemd;
# and the ways out of a container by their numbers (leak 7 is in podman.bats, too).

load lib
load net
load engines

setup() {
	engines_setup
}

teardown() { hosts_gone; }

netavark() { # WORD ARGUMENT INPUT
	run_split on c "$WGCTL" "$1" ${2:+"$2"} <<<"$3"
}

call() { # [jq]
	jq -nc '{container_id:"0123456789abcdef0123456789abcdef", container_name:"web", port_mappings:null,
		network:{name:"net",id:"2f259bab93",driver:"wgctl",network_interface:"",options:{config:"office"},subnets:null,ipam_options:{driver:"none"}},
		network_options:{interface_name:"eth0",static_ips:null,static_mac:null,aliases:null,options:null}} | '"${1:-.}"
}

@test "netavark: info, create, setup, teardown" {
	before=$(snapshot c)
	netavark info "" ""
	is "$(jq -r .api_version <<<"$output")" 1.0.0
	network=$(jq -nc '{name:"net",id:"2f259bab93",driver:"wgctl",options:{config:"office"},dns_enabled:true,subnets:[],labels:{a:"b"}}')
	netavark create "" "$network"
	is "$status" 0
	is "$(jq -c '[.name,.id,.driver,.dns_enabled,.ipam_options.driver,.labels.a]' <<<"$output")" '["net","2f259bab93","wgctl",false,"none","b"]'
	for wrong in '.options.config="nobody"' '.options={}' '.options.mtu="1400"' 'del(.name)' '.options.config="../office"'; do
		netavark create "" "$(jq -c "$wrong" <<<"$network")"
		is "$status" 1
		[ "$(jq -r .error <<<"$output")" != null ]
	done
	container web
	netavark setup /run/netns/web "$(call)"
	echo "$output$errors"
	is "$status" 0
	is "$(jq -c . <<<"$output")" '{"dns_search_domains":["vpn.example"],"dns_server_ips":["10.8.0.1"],"interfaces":{"eth0":{"mac_address":"00:00:00:00:00:00","subnets":[{"ipnet":"10.8.0.2/24"},{"ipnet":"fd08::2/64"}]}}}'
	inside web ping -q -c 1 -W 5 10.8.0.1
	netavark setup /run/netns/web "$(call)"
	is "$status" 1
	has "$(jq -r .error <<<"$output")" "has an interface 'eth0' already"
	# Also when the namespace is gone, and again.
	on c ip netns del web
	for _ in 1 2; do
		netavark teardown /run/netns/web "$(call)"
		is "$status$output" 0
	done
	same "$before" "$(snapshot c)"
	# Addresses that podman chose; and a container that must have nothing else.
	container web
	netavark setup /run/netns/web "$(call '.network_options.static_ips=["10.8.0.9"] | .network.subnets=[{subnet:"10.8.0.0/24"}] | .network.options.mode="only"')"
	is "$status" 0
	has "$output" '"10.8.0.9/24"'
	netavark teardown /run/netns/web "$(call)"
	is "$status" 0
	for wrong in '.port_mappings=[{"host_port":80}]' '.network_options.static_mac="02:00:00:00:00:01"' '.network_options.interface_name="a/b"'; do
		netavark setup /run/netns/web "$(call "$wrong")"
		is "$status" 1
		[ "$(jq -r .error <<<"$output")" != null ]
	done
	netavark setup /run/netns/nobody "$(call)"
	has "$(jq -r .error <<<"$output")" "there is no network namespace"
	netavark setup "" "$(call)"
	is "$status" 1
	on c ip netns del web
	same "$before" "$(snapshot c)"
}

@test "a drop-in puts a service into the namespace of a profile that names one" {
	run_split on c "$WGCTL" container unit office
	is "$status" 5
	has "$errors" "InterfaceNamespace = NAME"
	office "InterfaceNamespace = blue"
	run_split on c "$WGCTL" container unit office
	is "$status" 0
	has "$output" "NetworkNamespacePath=/run/netns/blue"
	# systemd itself reads it without a complaint.
	units=$BATS_TEST_TMPDIR/units
	mkdir -p "$units/web.service.d"
	printf '[Service]\nExecStart=/bin/true\n' >"$units/web.service"
	echo "$output" >"$units/web.service.d/tunnel.conf"
	cp "$WGCTL_ROOT/packaging/systemd/wgctl@.service" "$units/"
	sed -i 's,/usr/local/bin/wgctl,/bin/true,' "$units/wgctl@.service"
	run_split env SYSTEMD_UNIT_PATH="$units:/lib/systemd/system" systemd-analyze verify --recursive-errors=no --man=no "$units/web.service"
	echo "$errors"
	is "$status$output" 0
	lacks "$errors" tunnel.conf
}

@test "attach by name asks the engine once; a container that was started anew is another one" {
	local first
	contained
	first=$pid
	on c mkdir -p /run/bin
	# An engine that counts how often it is asked.
	on c sh -c 'printf "#!/bin/sh\necho >>/run/asked\ncat /run/web\n" >/run/bin/podman; chmod 755 /run/bin/podman'
	attach() { on c env PATH="/run/bin:$PATH" "$WGCTL" -q container "$@"; }
	on c sh -c "echo $first >/run/web"
	attach attach office web
	is "$(on c wc -l /run/asked)" "1 /run/asked"
	on c nsenter --target "$first" --net ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q container detach web
	kill "$first"
	contained
	on c sh -c "echo $pid >/run/web"
	attach attach office web
	on c nsenter --target "$pid" --net ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q container detach web
	kill "$pid"
}

# lan: the container box has a second way out, eth0 to c, with a default route.
lan() {
	container box
	on c ip link add v0 type veth peer name eth0 netns box
	on c ip addr add 172.30.0.1/24 dev v0
	on c ip link set v0 up
	inside box ip addr add 172.30.0.2/24 dev eth0
	inside box ip link set eth0 up
	inside box ip route add default via 172.30.0.1
	settled c v0
}

@test "exec by the name of a link, unless containers have two of them" {
	container one
	container two
	cni ADD one wg0 "$(conf 1.0.0 office)"
	is "$status" 0
	run_split on c "$WGCTL" exec --no-dns wg0 -- readlink /proc/self/ns/net
	is "$output" "net:[$(on c stat -Lc %i /run/netns/one)]"
	cni ADD two wg0 "$(conf 1.0.0 office)"
	is "$status" 0
	run_split on c "$WGCTL" exec --no-dns wg0 -- true
	is "$status" 125
	has "$errors" "'wg0' is the link of more than one tunnel"
	for each in one two; do
		run_split on c "$WGCTL" exec --no-dns "cni:net:$each:wg0" -- readlink /proc/self/ns/net
		is "$output" "net:[$(on c stat -Lc %i /run/netns/$each)]"
		cni DEL $each wg0 "$(conf 1.0.0 office)"
	done
}

@test "leak 16: a second interface takes nothing that the tunnel was to take, also when the tunnel is gone" {
	lan
	office "KillSwitch = on"
	cni ADD box wg0 "$(conf 1.0.0 office)"
	echo "$output$errors"
	is "$status" 0
	background c "$BATS_TEST_TMPDIR/wire" tcpdump -lnni v0 'host 10.8.0.1 or host 198.51.100.7 or host fd08::1'
	dump=$!
	for _ in $(seq 100); do grep -q listening "$BATS_TEST_TMPDIR/wire.err" && break; sleep 0.1; done
	inside box ping -q -c 1 -W 5 10.8.0.1
	inside box ip link del wg0
	for to in 10.8.0.1 198.51.100.7 fd08::1; do not inside box ping -q -c 1 -W 1 "$to"; done
	# The capture would have seen it.
	is "$(cat "$BATS_TEST_TMPDIR/wire")" ""
	cni DEL box wg0 "$(conf 1.0.0 office)"
	not inside box ping -q -c 1 -W 1 198.51.100.7
	for _ in $(seq 50); do [ -s "$BATS_TEST_TMPDIR/wire" ] && break; sleep 0.1; done
	has "$(cat "$BATS_TEST_TMPDIR/wire")" 198.51.100.7
	kill "$dump"
}

@test "leak 23: who comes in by one interface is answered by the same" {
	lan
	cni ADD box wg0 "$(conf 1.0.0 office)"
	is "$status" 0
	background c "$BATS_TEST_TMPDIR/inner" ip netns exec box busybox httpd -f -p 80 -h "$BATS_TEST_TMPDIR/www"
	server=$!
	for _ in $(seq 50); do on c wget -q -T 1 -t 1 -O - http://172.30.0.2/data >/dev/null 2>&1 && break; sleep 0.1; done
	# From the neighbourhood, from further away, and through the tunnel.
	on c ip addr add 192.0.2.77/32 dev lo
	on c python3 -c '
import socket
s = socket.socket()
s.settimeout(5)
s.bind(("192.0.2.77", 0))
s.connect(("172.30.0.2", 80))'
	is "$(on c wget -q -T 5 -t 1 -O - http://172.30.0.2/data | sha256sum | cut -c1-64)" "$DATA"
	# The server calls back whoever called it.
	inside box ping -q -c 1 -W 5 10.8.0.1
	is "$(on s wget -q -T 5 -t 1 -O - http://10.8.0.2/data | sha256sum | cut -c1-64)" "$DATA"
	kill "$server"
}

@test "leak 24: a container without CAP_NET_ADMIN cannot read the key" {
	container box
	cni ADD box wg0 "$(conf 1.0.0 office)"
	is "$status" 0
	if [ "$(data_plane c)" = kernel ]; then
		is "$(inside box wg show wg0 private-key)" "$client_private"
		run_split inside box setpriv --bounding-set=-all --inh-caps=-all wg show wg0 private-key
		[ "$status" != 0 ]
		lacks "$output$errors" "$client_private"
	else
		# Who asks the program needs its socket, which is among the host's files and root's.
		is "$(on c stat -c '%a %u' /var/run/wireguard)" "700 0"
	fi
	cni DEL box wg0 "$(conf 1.0.0 office)"
	# The hook says it, and with --strict keeps the container from starting.
	bundle office '.process.capabilities.bounding += ["CAP_NET_ADMIN"]'
	background c "$BATS_TEST_TMPDIR/sleeper" ip netns exec box sleep 1000
	pid=$!
	for _ in $(seq 50); do [ "$(readlink "/proc/$pid/ns/net")" = "$(readlink "/proc/${HOST_PID[c]}/ns/net")" ] || break; sleep 0.1; done
	state='{"ociVersion":"1.0.2","id":"box","status":"%s","pid":%s,"bundle":"%s","annotations":{"org.wgctl.profile":"office"}}'
	# shellcheck disable=SC2059
	run_split on c "$WGCTL" oci-hook --strict <<<"$(printf "$state" created $pid "$BUNDLE")"
	is "$status" 4
	not inside box ip link show office
	# shellcheck disable=SC2059
	run_split on c "$WGCTL" oci-hook <<<"$(printf "$state" created $pid "$BUNDLE")"
	echo "$errors"
	is "$status" 0
	has "$errors" "keeps CAP_NET_ADMIN: it can read the tunnel's private key"
	inside box ip link show office
	for _ in 1 2; do
		# shellcheck disable=SC2059
		run_split on c "$WGCTL" oci-hook <<<"$(printf "$state" stopped 0 /nowhere)"
		is "$status$errors" 0
	done
	not inside box ip link show office
	kill "$pid"
}
