#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# `wgctl doctor`: each row is silent on a tunnel that works, and says what is
# wrong when that is brought about.

load lib
load net

setup() {
	client_and_server
	on c ip route add default via 10.9.0.2
}

teardown() {
	hosts_gone
}

full() { # full [INTERFACE LINES] [ENDPOINT]
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		$1
		[Peer]
		Name = gate
		PublicKey = $server_public
		PersistentKeepalive = 5
		Endpoint = ${2:-10.9.0.2:51820}
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

split() { # split [INTERFACE LINES] [ALLOWED IPS]
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		$1
		[Peer]
		Name = gate
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.8.0.0/24${2:+, $2}
	END
}

examine() { # examine [ARGS]: $output, $status
	run_split on c "$WGCTL" doctor --json "${@:-office}"
}

row() { # row CHECK RESULT TEXT: among the rows of the last examination
	jq -e --arg c "$1" --arg r "$2" --arg t "$3" 'any(.tunnels[].checks[]; .check == $c and .result == $r and (.text | contains($t)))' <<<"$output" >/dev/null || {
		echo "no row $1 $2 '$3' in:"
		jq -r '.tunnels[].checks[] | "\(.check) \(.result) \(.text)"' <<<"$output"
		return 1
	}
}

fine() { # fine CHECK...: nothing but ok
	local check
	for check in "$@"; do
		jq -e --arg c "$check" '[.tunnels[].checks[] | select(.check == $c)] | length > 0 and all(.result == "ok")' <<<"$output" >/dev/null || {
			jq -r --arg c "$check" '.tunnels[].checks[] | select(.check == $c) | "\(.check) \(.result) \(.text)"' <<<"$output"
			return 1
		}
	done
}

finds() { # finds CHECK TEXT: a problem, exit code 1, with a hint
	is "$status" 1
	row "$1" problem "$2"
	jq -e --arg c "$1" 'any(.tunnels[].checks[]; .check == $c and .result == "problem" and .hint != null)' <<<"$output" >/dev/null
}

@test "a tunnel that works: every row is fine, exit code 0; a table for people" {
	on s "$WGCTL" up hub
	full $'DNS = 10.8.0.1\nDNSMode = file'
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	examine
	is "$status" 0
	fine state clock names endpoint handshake firewall mtu rp_filter ours rules overlap forwarding ipv6 dns managers
	is "$(jq .problems <<<"$output")" 0
	run_split on c "$WGCTL" doctor
	is "$status" 0
	has "$output" "ok       handshake   nobody who should have answered is silent"
	lacks "$output" "problem"
	before=$(snapshot c)
	examine
	same "$before" "$(snapshot c)"
}

@test "handshake: a peer that never answered, and one that stopped" {
	full
	on c "$WGCTL" up office
	sleep 1
	examine
	finds handshake "gate has never answered, though"
	has "$output" "$client_public"
	# A minute is three here: the clock that doctor reads is put forward.
	on s "$WGCTL" up hub
	on c ping -c 8 -W 1 10.8.0.1 >/dev/null
	examine
	fine handshake clock
	later 4000
	examine
	finds handshake "gate last shook hands"
}

# later SECONDS: doctor's clock, by a library in front of the C library's.
later() {
	printf '#include <time.h>\ntime_t time(time_t *t)\n{\n\tstruct timespec now;\n\n\tclock_gettime(CLOCK_REALTIME, &now);\n\tnow.tv_sec += (%s);\n\tif (t)\n\t\t*t = now.tv_sec;\n\treturn now.tv_sec;\n}\n' "$1" >"$BATS_TEST_TMPDIR/later.c"
	gcc -shared -fPIC -o "$BATS_TEST_TMPDIR/later.so" "$BATS_TEST_TMPDIR/later.c"
	export LD_PRELOAD=$BATS_TEST_TMPDIR/later.so
}

@test "clock: before 2022, and behind the last handshake" {
	on s "$WGCTL" up hub
	full
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	later -3600
	examine
	finds clock "in the future: the clock was set back"
	later -1000000000
	examine
	finds clock "before 2022"
}

@test "names: an endpoint that cannot be resolved; the peer without one" {
	full "" nowhere.invalid:51820
	cat >>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf" <<-END
		[Peer]
		PublicKey = $client_public
		Endpoint = 10.9.0.2:7
	END
	keys other
	sed -i "s#^PublicKey = $client_public#PublicKey = $other_public#" "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c bash -c ': >/etc/resolv.conf'
	on c "$WGCTL" up office
	examine
	finds names "'nowhere.invalid' cannot be resolved"
	finds handshake "gate has no endpoint"
}

@test "endpoint: no way to it; into the tunnel itself, for want of the mark" {
	on s ip addr add 10.7.7.7/32 dev lo
	on s "$WGCTL" up hub
	full "" 10.7.7.7:51820
	on c "$WGCTL" up office
	mark=$(on c "$WGCTL" show office fwmark)
	on c "$WGCTL" set office fwmark 0
	examine
	finds endpoint "go into the tunnel itself"
	finds state "the mark is 0x0"
	on c "$WGCTL" set office fwmark "$mark"
	on c ip link set j-c-s down
	examine
	finds endpoint "there is no way to 10.7.7.7:51820 of gate"
	on c ip link set j-c-s up
	settled c j-c-s
	on c ip route add default via 10.9.0.2
	examine
	fine endpoint state
}

@test "state: link down, link gone, unfinished" {
	full
	on c "$WGCTL" up office
	on c ip link set office down
	examine
	finds state "set down"
	on c ip link del office
	examine
	finds state "the interface office is gone"
	on c "$WGCTL" down office
	run on c strace -o /dev/null -e trace=sendto -e inject=sendto:signal=KILL:when=25 "$WGCTL" up office
	examine
	finds state "an earlier run stopped half-way"
}

@test "firewall: a rule that drops the port, a policy that drops, our own table gone" {
	full
	on c "$WGCTL" up office
	on c nft 'add table inet mine; add chain inet mine out { type filter hook output priority 0; policy accept; }; add rule inet mine out udp dport 51820 drop'
	sleep 1
	examine
	finds firewall "chain 'out' of table inet mine drops udp port 51820"
	on c nft 'flush ruleset; add table ip strict; add chain ip strict in { type filter hook input priority 0; policy drop; }'
	examine
	finds firewall "our own table inet wgctl-office is not there"
	row firewall note "drops what it does not let in, and a peer is silent"
}

@test "pain 8: mtu: more than the way carries" {
	on s "$WGCTL" up hub
	full "MTU = 1420"
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	on c ip link set j-c-s mtu 1400
	examine
	finds mtu "MTU 1420 makes packets of 1480 bytes, and the way to gate carries 1400"
	has "$output" "MTU = 1340"
	on c ip link set j-c-s mtu 1480
	examine
	fine mtu
}

@test "pain 20: rp_filter: strict on the uplink, and the mark does not count" {
	full "" 10.7.7.7:51820
	on c sysctl -qw net.ipv4.conf.j-c-s.rp_filter=1
	on c "$WGCTL" up office
	examine
	fine rp_filter
	on c sysctl -qw net.ipv4.conf.all.src_valid_mark=0
	examine
	finds rp_filter "the strict reverse path filter of j-c-s drops"
	# The larger number of the two counts, and 2 is loose.
	on c sysctl -qw net.ipv4.conf.all.rp_filter=2
	examine
	fine rp_filter
}

@test "pain 13: ours and rules: what somebody removed, and what stands in front" {
	full
	on c "$WGCTL" up office
	on c ip rule add table 77 priority 100
	examine
	row rules note "an IPv4 rule of somebody else's, priority 100 to table 77"
	on c ip rule del priority 100
	examine
	fine rules ours
	table=$(tunnel_table c)
	on c ip rule del table "$table"
	on c ip -6 route del default table "$table"
	examine
	finds ours "missing: rule.add not fwmark"
	finds ours "missing: route.add ::/0 dev office table $table"
	# Looking puts nothing back.
	not grep -q "$table" <<<"$(on c ip rule show)"
}

@test "overlap: a network that is here too, and one of another tunnel" {
	split "" "10.9.0.0/25, 192.168.50.0/24"
	examine
	finds overlap "10.9.0.0/25 is to go through the tunnel, and is also part of the local network 10.9.0.0/24 on j-c-s"
	# The wider one does no harm: the local network is more specific.
	split "" "10.0.0.0/8"
	examine
	fine overlap
	split "" "192.168.50.0/24"
	on c "$WGCTL" up office
	keys client
	sed "s/10.8.0./10.7.0./; s#^PrivateKey.*#PrivateKey = $client_private#" "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf" >"$BATS_TEST_TMPDIR/other"
	profile c other.conf <"$BATS_TEST_TMPDIR/other"
	sed -i 's#^AllowedIPs.*#AllowedIPs = 192.168.50.0/24#' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/other.conf"
	examine other
	finds overlap "192.168.50.0/24 is among the allowed IPs of office too"
	examine office
	fine overlap
}

@test "forwarding: several peers call here, and it is off" {
	keys other
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $server_private
		ListenPort = 51820
		Address = 10.8.0.1/24
		[Peer]
		PublicKey = $client_public
		AllowedIPs = 10.8.0.2/32
		[Peer]
		PublicKey = $other_public
		AllowedIPs = 10.8.0.3/32
	END
	on c "$WGCTL" up office
	on c sysctl -qw net.ipv4.ip_forward=0
	examine
	is "$status" 0
	row forwarding note "2 peers call here, and IPv4 forwarding is off"
	on c sysctl -qw net.ipv4.ip_forward=1
	examine
	fine forwarding
}

@test "pain 12: ipv6: disabled while the profile wants it" {
	full
	on c "$WGCTL" up office
	on c sysctl -qw net.ipv6.conf.office.disable_ipv6=1
	examine
	finds ipv6 "IPv6 is disabled on office"
	on c "$WGCTL" down office
	on c sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	examine
	finds ipv6 "IPv6 is disabled"
	split
	examine
	fine ipv6
}

@test "dns: somebody wrote resolv.conf since; a way that is missing" {
	full $'DNS = 10.8.0.1\nDNSMode = file'
	on c "$WGCTL" up office
	examine
	fine dns
	on c bash -c 'echo nameserver 9.9.9.9 >/etc/resolv.conf'
	examine
	finds dns "not in effect"
	on c "$WGCTL" down office
	full $'DNS = 10.8.0.1\nDNSMode = resolvconf'
	run_split on c env PATH=/nowhere "$WGCTL" doctor --json office
	finds dns "cannot be set"
}

@test "managers: networkd that removes routes, NetworkManager that manages the link" {
	full
	on c "$WGCTL" up office
	on c mkdir -p /run/systemd/netif/links /run/NetworkManager/devices /etc/systemd/networkd.conf.d
	examine
	row managers note "systemd-networkd runs"
	on c bash -c 'printf "[Network]\nManageForeignRoutes=no\n" >/etc/systemd/networkd.conf.d/wgctl.conf'
	index=$(on c cat /sys/class/net/office/ifindex)
	on c bash -c "printf '[device]\nmanaged=false\n' >/run/NetworkManager/devices/$index"
	examine
	fine managers
	on c bash -c "printf '[device]\nmanaged=true\n' >/run/NetworkManager/devices/$index"
	examine
	row managers note "NetworkManager manages office"
}

@test "wireguard: neither in the kernel nor a program" {
	split "Backend = userspace"
	if [ "$(data_plane c)" = kernel ]; then
		run_split on c "$WGCTL" doctor --json office
		fine wireguard
	else
		run_split on c env PATH=/nowhere "$WGCTL" doctor --json office
		finds wireguard "neither this kernel nor a userspace implementation"
		examine
		row wireguard note "would carry the packets"
	fi
}

@test "without root: what cannot be seen is said to be unknown; what is not up is looked at as far as that goes" {
	full "" 10.9.0.2:51820
	on c "$WGCTL" up office
	chmod 644 "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run_split on c setpriv --reuid 65534 --regid 65534 --clear-groups "$WGCTL" doctor --json
	is "$status" 0
	row state unknown "tunnels that are up cannot be seen"
	row clock ok plausible
	chmod 600 "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" down office
	examine
	is "$status" 0
	row state note "it is not up"
	fine endpoint names
}

@test "pain 15: status: health of each peer by name, what is wrong, the command that helps" {
	on s "$WGCTL" up hub
	full
	on c "$WGCTL" up office
	run_split on c "$WGCTL" status --json office
	is "$(jq -c '.tunnels[0] | [.problems, .next]' <<<"$output")" '[[],"wgctl down office"]'
	on c ping -c 1 -W 5 10.8.0.1
	run_split on c "$WGCTL" status office
	has "$output" "gate"
	has "$output" "1 ok, 0 stale, 0 never"
	on c ip rule del table "$(tunnel_table c)"
	run_split on c "$WGCTL" status office
	has "$output" "problem    missing: rule.add not fwmark"
	has "$output" "next       wgctl doctor office"
	later 4000
	run_split on c "$WGCTL" status office
	has "$output" "0 ok, 1 stale, 0 never"
	has "$output" "problem    gate last shook hands"
}

@test "pain 27: doctor of a profile that is wrong says where, and ends with its code" {
	full
	printf 'Endpiont = 10.9.0.2:1\n' >>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run_split on c "$WGCTL" doctor office
	is "$status" 5
	has "$errors" "office.conf:11:1: error"
	has "$errors" "Endpoint"
}
