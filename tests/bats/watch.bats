#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# `wgctl watch`: endpoints that move, rules and routes that others remove, an MTU
# that changes. wg-quick looks a name up once, in the order the resolver gives,
# and knows nothing of what happens afterwards.

load lib
load net

setup() {
	client_and_server
	names=$BATS_TEST_TMPDIR/names
	log=$BATS_TEST_TMPDIR/watch
	# Minutes as seconds. A handshake is tried every 5 s whatever we do.
	export WGCTL_WATCH_INTERVALS=poll=300,stale=2000,quiet=1500,dead=3000,attempt=6000,settle=200,retry_min=200,retry_max=1000
	on s "$WGCTL" up hub
}

teardown() {
	hosts_gone
}

# dns LINE...: names that the client's own resolver knows.
dns() {
	printf '%s\n' "$@" >"$names"
	[ -z "${nameserver-}" ] || return 0
	background c "$BATS_TEST_TMPDIR/queries" "$WGCTL_ROOT/tests/helpers/nameserver" "$names" 127.0.0.1
	nameserver=$!
	for _ in $(seq 100); do [ ! -s "$BATS_TEST_TMPDIR/queries" ] || break; sleep 0.1; done
	on c bash -c 'echo "nameserver 127.0.0.1" >/etc/resolv.conf'
}

office() { # office [ENDPOINT LINES] [INTERFACE LINES]
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		${2-}
		[Peer]
		Name = gate
		PublicKey = $server_public
		PersistentKeepalive = 1
		${1:-Endpoint = hub.test:51820}
		AllowedIPs = 10.8.0.0/24
	END
}

full() { # full [INTERFACE LINES]
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		${1-}
		[Peer]
		Name = gate
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

watching() {
	background c "$log" "$WGCTL" watch "$@"
	watch=$!
	until_said "looking after it"
}

until_said() { # until_said TEXT [SECONDS [TIMES]]
	for _ in $(seq $((${2:-15} * 10))); do
		if [ "$(grep -cF -- "$1" "$log.err")" -ge "${3:-1}" ]; then return 0; fi
		sleep 0.1
	done
	echo "never said: $1" && cat "$log.err" && return 1
}

answers() { # answers ADDRESS: within 20 s
	for _ in $(seq 20); do
		if on c ping -c 1 -W 1 "$1" >/dev/null; then return 0; fi
	done
	cat "$log.err"
	on c "$WGCTL" show office
	return 1
}

mtu_is() { [[ $(on c ip link show office) == *" mtu $1 "* ]]; }
soon() { # COMMAND...: within ten seconds
	for _ in {1..100}; do
		! "$@" || return 0
		sleep 0.1
	done
	cat "$log.err"
	return 1
}

ends() { # ends SIGNAL: exit code 0, the tunnel stays
	kill "-$1" "$watch"
	status=0
	wait "$watch" || status=$?
	is "$status" 0
	on c "$WGCTL" status office >/dev/null
}

# What watch did is undone by down like all else.
down_leaves_nothing() {
	on c "$WGCTL" down office
	same "$before" "$(snapshot c)"
}

move_server() { # move_server OLD NEW
	on s ip addr del "$1/24" dev j-s-c
	on s ip addr add "$2/24" dev j-s-c
}

# A session older than `stale` that is in use; keepalives alone get no reply.
in_use() {
	background c "$BATS_TEST_TMPDIR/ping" ping -i 0.3 10.8.0.1
}

@test "pain 3: the server's name leads to another address: the peer follows, other peers are left alone" {
	dns "hub.test 10.9.0.2"
	office
	before=$(snapshot c)
	on c "$WGCTL" up office
	answers 10.8.0.1
	keys other
	on c "$WGCTL" set office peer "$other_public" endpoint 10.9.0.77:7 allowed-ips 10.77.0.0/24
	watching office
	move_server 10.9.0.2 10.9.0.3
	# As wg-quick has it, this is the end.
	not on c ping -c 1 -W 1 10.8.0.1
	in_use
	dns "hub.test 10.9.0.3"
	until_said "peer gate: it does not answer, endpoint 10.9.0.2:51820 -> 10.9.0.3:51820"
	answers 10.8.0.1
	has "$(on c "$WGCTL" show office endpoints)" "10.9.0.77:7"
	has "$(on c "$WGCTL" show office allowed-ips)" "10.77.0.0/24"
	ends TERM
	down_leaves_nothing
}

@test "pain 24: what could not be resolved at up is resolved later; until then the others work" {
	dns "other.test 10.9.0.2"
	keys absent
	office
	cat >>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf" <<-END
		[Peer]
		PublicKey = $absent_public
		Endpoint = 10.9.0.99:1
		AllowedIPs = 10.99.0.0/24
	END
	run_split on c "$WGCTL" up office
	is "$status" 0
	has "$errors" "cannot resolve the endpoint 'hub.test'"
	watching
	until_said "peer gate: cannot resolve 'hub.test'"
	dns "hub.test 10.9.0.2"
	until_said "peer gate: it had no endpoint, endpoint (none) -> 10.9.0.2:51820"
	answers 10.8.0.1
	# It is said once, not with every try.
	is "$(grep -c "cannot resolve 'hub.test'" "$log.err")" 1
	ends INT
}

@test "pain 21: several addresses and alternatives: the next one when no handshake comes" {
	# The first leads nowhere at all, the second to a host where nobody
	# listens; a name with both families, then a second Endpoint.
	dns "hub.test 10.9.0.66 fd66::66"
	office $'Endpoint = hub.test:51820\nEndpoint = 10.9.0.2:51820'
	on c ip addr add fd66::1/64 dev j-c-s nodad
	on c "$WGCTL" up office
	watching office
	in_use
	until_said "-> 10.9.0.2:51820" 30
	has "$(<"$log.err")" "[fd66::66]:51820"
	answers 10.8.0.1
	until_said "peer gate: it answers"
	sleep 4
	is "$(grep -c ' -> ' "$log.err")" 1
	# And there it stays.
	has "$(on c "$WGCTL" show office endpoints)" "10.9.0.2:51820"
	ends TERM
}

@test "pain 3: the server moved, and the only resolver is inside the dead tunnel: its name is asked beside it" {
	# Far away, beyond the default route, which the tunnel takes.
	on s ip addr add 203.0.113.53/32 dev lo
	on c ip route add default via 10.9.0.2
	echo "hub.test 10.9.0.2" >"$names"
	background s "$BATS_TEST_TMPDIR/queries" "$WGCTL_ROOT/tests/helpers/nameserver" "$names" 203.0.113.53
	for _ in $(seq 100); do [ ! -s "$BATS_TEST_TMPDIR/queries" ] || break; sleep 0.1; done
	on c bash -c 'echo "nameserver 203.0.113.53" >/etc/resolv.conf; printf "hosts: dns\n" >/etc/nsswitch.conf'
	for switch in off on; do
		full "KillSwitch = $switch
			DNS = 10.8.0.1
			DNSMode = file"
		sed -i 's/^Endpoint.*/Endpoint = hub.test:51820\nPersistentKeepalive = 1/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
		before=$(snapshot c)
		on c "$WGCTL" up office
		answers 10.8.0.1
		has "$(on c cat /etc/resolv.conf)" "nameserver 10.8.0.1"
		watching office
		move_server 10.9.0.2 10.9.0.3
		on s ip route replace 10.9.0.1/32 dev j-s-c src 10.9.0.3
		echo "hub.test 10.9.0.3" >"$names"
		until_said "peer gate: it does not answer, endpoint 10.9.0.2:51820 -> 10.9.0.3:51820" 40
		answers 10.8.0.1
		ends TERM
		# By reload as well: a name that is new in the profile.
		echo "hub2.test 10.9.0.3" >"$names"
		sed -i 's/^Endpoint.*/Endpoint = hub2.test:51820/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
		on c "$WGCTL" set office peer "$server_public" endpoint 10.9.0.66:51820
		on c "$WGCTL" reload office
		is "$(on c wg show office endpoints | cut -f 2)" 10.9.0.3:51820
		on s ip addr del 10.9.0.3/24 dev j-s-c
		on s ip route flush 10.9.0.1/32
		on s ip addr add 10.9.0.2/24 dev j-s-c
		echo "hub.test 10.9.0.2" >"$names"
		down_leaves_nothing
	done
}

@test "a peer that is well is left alone, wherever it roamed to; one change of its name moves it" {
	dns "hub.test 10.9.0.2"
	office "" "RefreshEndpoints = 1"
	on s ip addr add 10.9.0.4/24 dev j-s-c
	on c "$WGCTL" up office
	answers 10.8.0.1
	in_use
	watching office
	sleep 3
	lacks "$(<"$log.err")" "endpoint"
	dns "hub.test 10.9.0.4"
	until_said "its name has another address, endpoint 10.9.0.2:51820 -> 10.9.0.4:51820"
	answers 10.8.0.1
	# Roamed, as the kernel has it when the server speaks from there.
	on c "$WGCTL" set office peer "$server_public" endpoint 10.9.0.2:51820
	sleep 3
	is "$(grep -c ' -> ' "$log.err")" 1
	ends TERM
}

@test "pain 13: rules and routes of ours that somebody removes are added again" {
	full
	before=$(snapshot c)
	on c "$WGCTL" up office
	up=$(snapshot c)
	watching --up office
	# What systemd-networkd does with ManageForeignRoutingPolicyRules and -Routes.
	table=$(tunnel_table c)
	on c bash -c 'for f in -4 -6; do for p in $(ip $f rule show | grep -E "suppress_prefixlength|lookup $1" | cut -d: -f1); do ip $f rule del priority $p; done; done' . "$table"
	on c ip route flush table "$table"
	on c ip -6 route flush table "$table"
	until_said "added again: rule.add not fwmark"
	until_said "added again: rule.add table 254 suppress_prefixlength 0"
	until_said "added again: rule.add inet6 not fwmark"
	until_said "added again: route.add 0.0.0.0/0 dev office table $table"
	until_said "added again: route.add ::/0 dev office table $table"
	same "$up" "$(snapshot c)"
	ends TERM
	down_leaves_nothing
}

@test "nft tables of ours that somebody deletes or empties, and addresses, are put back; others' doings stay" {
	full "KillSwitch = on"
	before=$(snapshot c)
	on c "$WGCTL" up office
	answers 10.8.0.1
	up=$(snapshot c)
	watching office
	# As `systemctl restart nftables` does.
	on c nft flush ruleset
	until_said "added again: killswitch.load table inet wgctl-office/kill"
	until_said "added again: nft.load table inet wgctl-office"
	same "$up" "$(snapshot c)"
	answers 10.8.0.1
	# Emptied; another one's table, and a rule that somebody added, are let be.
	on c nft 'add table inet mine; add chain inet mine c; add rule inet wgctl-office/kill beside ip daddr 192.0.2.9 accept'
	on c nft flush chain inet wgctl-office premangle
	until_said "added again: nft.load table inet wgctl-office" 20 2
	on c nft delete table inet mine
	has "$(on c nft list table inet wgctl-office/kill)" 192.0.2.9
	is "$(grep -c 'killswitch.load' "$log.err")" 1
	on c ip addr del 10.8.0.2/24 dev office
	on c ip -6 addr del fd08::2/64 dev office
	on c ip addr add 10.99.0.1/32 dev office
	until_said "added again: addr.add"
	for _ in $(seq 50); do
		if [[ $(on c ip -o addr show dev office) == *10.8.0.2*fd08::2* ]]; then break; fi
		sleep 0.1
	done
	has "$(on c ip -o addr show dev office)" "10.8.0.2/24"
	has "$(on c ip -o addr show dev office)" "fd08::2/64"
	has "$(on c ip -o addr show dev office)" "10.99.0.1/32"
	answers 10.8.0.1
	# What reload has taken away stays away.
	full
	on c "$WGCTL" reload office
	on c ip link set lo down
	on c ip link set lo up
	sleep 2
	lacks "$(on c nft list tables)" /kill
	has "$(on c ip -o addr show dev office)" "10.8.0.2/24"
	ends TERM
	down_leaves_nothing
}

@test "an IPv6 address is not put back where IPv6 was switched off" {
	full
	on c "$WGCTL" up office
	watching office
	on c sysctl -q net.ipv6.conf.office.disable_ipv6=1
	on c ip addr del 10.8.0.2/24 dev office
	until_said "added again: addr.add 10.8.0.2/24 dev office"
	sleep 1
	lacks "$(<"$log.err")" "fd08::2"
	ends TERM
	# Nor where the profile blocks it.
	on c "$WGCTL" down office
	sed -i '/^\[Interface\]/a IPv6 = block' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" up office
	lacks "$(on c "$WGCTL" status office)" fd08::2
	watching office
	on c ip addr del 10.8.0.2/24 dev office
	until_said "added again: addr.add 10.8.0.2/24 dev office"
	sleep 1
	lacks "$(on c ip -6 addr show dev office)" fd08::2
	ends TERM
}

@test "somebody who removes our rules all the time is not fought in a loop, and is told of" {
	full
	on c "$WGCTL" up office
	watching office
	background c "$BATS_TEST_TMPDIR/foe" timeout 12 bash -c "while :; do ip rule del table $(tunnel_table c) 2>/dev/null; sleep 0.05; done"
	until_said "removed again and again"
	sleep 4
	[ "$(grep -c 'added again' "$log.err")" -le 6 ]
	ends TERM
}

@test "pains 8 and 16: another way to the server, narrower: the MTU follows, the peer hears from us at once" {
	office "Endpoint = 10.9.0.2:51820"
	before=$(snapshot c)
	on c "$WGCTL" up office
	answers 10.8.0.1
	is "$(on c cat /sys/class/net/office/mtu)" 1420
	watching office
	# A second uplink with PPPoE's MTU and another address takes over.
	ip link add up2 netns "${HOST_PID[c]}" type veth peer name up2 netns "${HOST_PID[s]}"
	on c ip link set up2 mtu 1492 up
	on s ip link set up2 mtu 1492 up
	on c ip addr add 10.5.0.1/24 dev up2
	on s ip addr add 10.5.0.2/24 dev up2
	settled c up2
	on c ip route add 10.9.0.2/32 via 10.5.0.2
	until_said "peer gate: the way to it has changed"
	until_said "the way to the peers has changed, MTU 1420 -> 1432"
	is "$(on c cat /sys/class/net/office/mtu)" 1432
	for _ in $(seq 50); do
		if [[ $(on s "$WGCTL" show hub endpoints) == *10.5.0.1:* ]]; then break; fi
		sleep 0.1
	done
	has "$(on s "$WGCTL" show hub endpoints)" "10.5.0.1:"
	on c ip link set up2 mtu 1400
	until_said "MTU 1432 -> 1340"
	ends TERM
	on c ip link del up2
	down_leaves_nothing
}

@test "MTU= in the profile stays" {
	office "Endpoint = 10.9.0.2:51820" "MTU = 1300"
	on c "$WGCTL" up office
	watching office
	on c ip link set j-c-s mtu 1350
	sleep 2
	is "$(on c cat /sys/class/net/office/mtu)" 1300
	ends TERM
}

@test "SIGHUP reloads the profile; down of the last one ends the watch" {
	office "Endpoint = 10.9.0.66:51820"
	on c "$WGCTL" up office
	watching office
	until_said "there is no other address to try" 20
	office "Endpoint = 10.9.0.2:51820"
	kill -HUP "$watch"
	until_said "reloaded: 1 step"
	is "$(on c wg show office endpoints | cut -f 2)" 10.9.0.2:51820
	answers 10.8.0.1
	kill -HUP "$watch"
	until_said "it is as its profile says"
	# What a reload adds is looked after, what it takes away is not put back.
	sed -i 's/^AllowedIPs.*/&, 192.168.99.0\/24/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" reload office
	on c ip route del 192.168.99.0/24 dev office
	until_said "route.add 192.168.99.0/24 dev office"
	sed -i 's/^\(AllowedIPs.*\), 192.168.99.0\/24/\1/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" reload office
	on c ip link set lo down
	on c ip link set lo up
	sleep 1
	is "$(on c ip route show 192.168.99.0/24)" ""
	# Also one that was missing when it stopped being wanted.
	sed -i 's/^AllowedIPs.*/&, 192.168.98.0\/24/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" reload office
	has "$(on c ip route show 192.168.98.0/24)" office
	kill -STOP "$watch"
	on c ip route del 192.168.98.0/24 dev office
	sed -i 's/^\(AllowedIPs.*\), 192.168.98.0\/24/\1/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" reload office
	kill -CONT "$watch"
	on c ip link set lo down
	on c ip link set lo up
	sleep 1
	is "$(on c ip route show 192.168.98.0/24)" ""
	on c "$WGCTL" down office
	until_said "it is not up any more"
	wait "$watch"
}

thrown() { [ -n "$(on c ip route show table 1234 type throw 192.168.97.0/24)" ]; }

@test "a way around the tunnel that one reload takes away and another brings back is guarded again" {
	local file=$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf
	office "Endpoint = 10.9.0.2:51820" "$(printf '%s\n' 'Table = 1234' 'ExcludeIPs = 192.168.97.0/24')"
	on c "$WGCTL" -q up office
	watching office
	on c ip route del throw 192.168.97.0/24 table 1234
	soon thrown
	# Also where somebody had taken it away before.
	kill -STOP "$watch"
	on c ip route del throw 192.168.97.0/24 table 1234
	sed -i 's/^ExcludeIPs/#&/' "$file"
	on c "$WGCTL" -q reload office
	kill -CONT "$watch"
	on c ip link set lo down
	on c ip link set lo up
	sleep 1
	if thrown; then return 1; fi
	sed -i 's/^#ExcludeIPs/ExcludeIPs/' "$file"
	on c "$WGCTL" -q reload office
	thrown
	on c ip route del throw 192.168.97.0/24 table 1234
	soon thrown
	ends TERM
	on c "$WGCTL" -q down office
	if thrown; then return 1; fi
}

@test "SIGHUP reads what is there under the profile's name: a link to a file of another one, a file in its place, another directory" {
	local dir=$BATS_TEST_TMPDIR/host-c/etc-wgctl
	office "Endpoint = 10.9.0.2:51820"
	sed -i 's/^Address/MTU = 1400\n&/' "$dir/office.conf"
	on c mkdir -m 700 /run/elsewhere
	on c sh -c 'mv /etc/wgctl/office.conf /run/elsewhere/berlin.conf; ln -s /run/elsewhere/berlin.conf /etc/wgctl/office.conf'
	on c "$WGCTL" -q up office
	has "$(on c "$WGCTL" list)" /etc/wgctl/office.conf
	watching office
	on c sed -i 's/^MTU.*/MTU = 1390/' /run/elsewhere/berlin.conf
	kill -HUP "$watch"
	soon mtu_is 1390
	# As `sed -i` does it, and other editors.
	on c sh -c 'sed "s/^MTU.*/MTU = 1380/" /etc/wgctl/office.conf >/run/new; mv /run/new /etc/wgctl/office.conf; chmod 600 /etc/wgctl/office.conf'
	kill -HUP "$watch"
	soon mtu_is 1380
	# By hand from another directory: what is looked after is the profile of that.
	on c sh -c 'mv /etc/wgctl/office.conf /etc/wireguard/; sed -i "s/^MTU.*/MTU = 1370/" /etc/wireguard/office.conf'
	on c "$WGCTL" reload office
	mtu_is 1370
	on c sed -i 's/^MTU.*/MTU = 1360/' /etc/wireguard/office.conf
	sleep 1
	kill -HUP "$watch"
	soon mtu_is 1360
	on c "$WGCTL" -q down office
	wait "$watch"
}

@test "a container's tunnel is not made of the profile alone, as another one of its name here" {
	local before box
	office "Endpoint = 10.9.0.2:51820"
	contained
	box=$pid
	before=$(on c ip -o link show)
	on c "$WGCTL" -q container attach office "pid:$box"
	watching
	kill -HUP "$watch"
	until_said "not reloaded: '/etc/wgctl/office.conf' is the profile of 'office'"
	same "$before" "$(on c ip -o link show)"
	on c "$WGCTL" -q container detach "pid:$box"
	kill "$watch" "$box"
}

@test "watch without names finds tunnels that come up later" {
	office "Endpoint = 10.9.0.2:51820"
	background c "$log" "$WGCTL" watch
	watch=$!
	sleep 1
	on c "$WGCTL" up office
	until_said "office: looking after it"
	ends TERM
}

@test "watch --up brings up; a profile that is wrong ends it with that code" {
	office "Endpoint = 10.9.0.2:51820"
	watching --up office
	answers 10.8.0.1
	ends TERM
	on c "$WGCTL" down office
	echo nonsense >>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run on c timeout 10 "$WGCTL" watch --up office
	is "$status" 5
	run on c timeout 10 "$WGCTL" watch --up
	is "$status" 2
}

@test "watch --up of a profile that was edited reloads it: the session goes on" {
	office "Endpoint = 10.9.0.2:51820"
	on c "$WGCTL" up office
	answers 10.8.0.1
	shaken=$(on c wg show office latest-handshakes)
	office "Endpoint = 10.9.0.2:51820" "MTU = 1380"
	watching --up office
	has "$(<"$log.err")" "'office' is reloaded: 1 step"
	is "$(on c cat /sys/class/net/office/mtu)" 1380
	is "$(on c wg show office latest-handshakes)" "$shaken"
	ends TERM
	# Once more, with nothing to do; and when its link is gone it comes up anew.
	watching --up office
	has "$(<"$log.err")" "is as its profile says"
	ends TERM
	on c ip link del office
	watching --up office
	answers 10.8.0.1
	ends TERM
}

@test "the service manager hears that it is ready, alive, and what it does" {
	office "Endpoint = 10.9.0.2:51820"
	background c "$BATS_TEST_TMPDIR/notes" python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/notify")
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)'
	for _ in $(seq 100); do if on c test -e /run/notify; then break; fi; sleep 0.1; done
	NOTIFY_SOCKET=/run/notify background c "$log" "$WGCTL" watch --up office
	watch=$!
	until_said "looking after it"
	sleep 1
	ends TERM
	has "$(<"$BATS_TEST_TMPDIR/notes")" "READY=1 STATUS=looking after 1 tunnel"
	has "$(<"$BATS_TEST_TMPDIR/notes")" "WATCHDOG=1"
	has "$(<"$BATS_TEST_TMPDIR/notes")" "STOPPING=1"
}
