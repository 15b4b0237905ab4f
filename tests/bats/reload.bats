#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# `wgctl reload` and `diff` on live tunnels: what did not change is not touched, what
# changed is changed in the smallest way, what others did stays and is told of.

load lib
load net

setup() {
	keys other
	client_and_server
}

teardown() {
	hosts_gone
}

# office ALLOWED-IPS [lines of Interface] [lines of the peer]
office() {
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		$2
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = $1
		$3
	END
}

both_up() {
	on s "$WGCTL" up hub
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
}

# state HOST LINK: all that a reload could disturb: keys, port, mark, peers with their handshakes
state() { on "$1" wg show "$2" dump | cut -f 1-5; }
reload() { on c "$WGCTL" reload office; }
differs() {
	run_split on c "$WGCTL" diff office
	is "$status" 1
}
equal() {
	run_split on c "$WGCTL" diff office
	is "$status" 0
	lacks "$output" "~"
}

@test "unchanged: nothing is sent, no handshake, port or endpoint is disturbed" {
	office 10.8.0.0/24,fd08::/64,192.168.77.0/24 "Address = 10.8.0.2/24, fd08::2/64"
	both_up
	before=$(snapshot c)
	was=$(state c office)
	equal
	run_split reload
	is "$status" 0
	has "$errors" "is as its profile says"
	is "$(on c "$WGCTL" reload --json office | jq -r '.profiles[0] | .result, .steps')" $'unchanged\n0'
	is "$(state c office)" "$was"
	same "$before" "$(snapshot c)"
	# It says the same of a hub whose peer has roamed.
	run_split on s "$WGCTL" reload hub
	has "$errors" "is as its profile says"
}

@test "one peer more, one route more, one address more: only these; and back" {
	office 10.8.0.0/24 "Address = 10.8.0.2/24"
	both_up
	before=$(snapshot c)
	was=$(state c office)
	office 10.8.0.0/24,192.168.77.0/24 "Address = 10.8.0.2/24, 10.8.0.22/24" "
		[Peer]
		PublicKey = $other_public
		AllowedIPs = 10.8.7.0/24"
	differs
	has "$output" "+ peer $other_public"
	has "$output" "192.168.77.0/24"
	same "$before" "$(snapshot c)"
	reload
	equal
	is "$(state c office | grep -v "^$other_public" | cut -f 1-3,5)" "$(echo "$was" | cut -f 1-3,5)"
	has "$(on c ip route show dev office)" "192.168.77.0/24 proto 119"
	has "$(on c ip route show dev office)" "10.8.7.0/24"
	has "$(on c ip addr show dev office)" "10.8.0.22/24"
	on c ping -c 1 -W 5 10.8.0.1
	office 10.8.0.0/24 "Address = 10.8.0.2/24"
	reload
	equal
	same "$before" "$(snapshot c)"
	on c "$WGCTL" down office
	is "$(on c ip link show type wireguard; on c ip link show type tun)" ""
}

@test "the only address is another one: routes stay" {
	office 10.8.0.0/24,192.168.77.0/24 "Address = 10.8.0.2/32"
	both_up
	office 10.8.0.0/24,192.168.77.0/24 "Address = 10.8.0.3/32"
	reload
	has "$(on c ip addr show dev office)" "10.8.0.3/32"
	lacks "$(on c ip addr show dev office)" "10.8.0.2/32"
	has "$(on c ip route show dev office)" "192.168.77.0/24"
	has "$(on c ip route show dev office)" "10.8.0.0/24"
	equal
}

@test "an allowed IP goes to another peer: there is no moment in which it is nobody's" {
	office 10.8.0.0/24,192.168.77.0/24 "Address = 10.8.0.2/24" "
		[Peer]
		PublicKey = $other_public
		AllowedIPs = 10.8.7.0/24, 10.8.6.0/24"
	both_up
	office 10.8.0.0/24 "Address = 10.8.0.2/24" "
		[Peer]
		PublicKey = $other_public
		AllowedIPs = 10.8.7.0/24, 192.168.77.0/24"
	# Somebody asks all the time whose it is.
	on c bash -c 'while wg show office allowed-ips | grep -q 192.168.77.0/24; do :; done' &
	watcher=$!
	sleep 0.3
	reload
	kill -0 $watcher
	kill $watcher
	wait $watcher || true
	has "$(on c wg show office allowed-ips | grep "$other_public")" "192.168.77.0/24"
	lacks "$(on c wg show office allowed-ips)" "10.8.6.0/24"
	is "$(on c wg show office peers | wc -l)" 2
	equal
}

@test "what others added by hand is shown and stays; what they took away is put back" {
	office 10.8.0.0/24,192.168.77.0/24 "Address = 10.8.0.2/24"
	both_up
	on c wg set office peer "$other_public" allowed-ips 10.99.0.0/24
	on c ip addr add 10.8.0.99/24 dev office
	on c ip route add 172.20.0.0/16 dev office
	run_split on c "$WGCTL" diff office
	is "$status" 0
	has "$output" "= peer $other_public"
	has "$output" "= address 10.8.0.99/24"
	has "$output" "= route 172.20.0.0/16"
	before=$(snapshot c)
	reload
	same "$before" "$(snapshot c)"
	on c ip route del 192.168.77.0/24 dev office
	on c wg set office peer "$server_public" allowed-ips 10.8.0.0/24
	differs
	reload
	same "$before" "$(snapshot c)"
	on c ip link set office down
	differs
	reload
	on c ip route add 172.20.0.0/16 dev office # went with the link
	same "$before" "$(snapshot c)"
	is "$(on c "$WGCTL" diff --json office | jq -c '[.equal, (.foreign | length)]')" '[true,3]'
}

@test "full tunnel: mark, port, rules and the roamed endpoint survive; rules that others removed are put back" {
	office 0.0.0.0/0,::/0 "Address = 10.8.0.2/24, fd08::2/64"
	both_up
	was=$(state c office)
	before=$(snapshot c)
	reload
	is "$(state c office)" "$was"
	same "$before" "$(snapshot c)"
	# One peer more: the mark stays, which the file does not name.
	office 0.0.0.0/0,::/0 "Address = 10.8.0.2/24, fd08::2/64" "
		[Peer]
		PublicKey = $other_public
		AllowedIPs = 10.8.7.0/24"
	reload
	is "$(state c office | grep -v "^$other_public" | cut -f 1-3,5)" "$(echo "$was" | cut -f 1-3,5)"
	is "$(on c wg show office fwmark)" "$(echo "$was" | head -n 1 | cut -f 4)"
	office 0.0.0.0/0,::/0 "Address = 10.8.0.2/24, fd08::2/64"
	reload
	same "$before" "$(snapshot c)"
	on c ip rule show | grep -v -e 'lookup local' -e 'lookup default' -e '^32766' | cut -d: -f1 | while read -r priority; do
		on c ip rule del priority "$priority"
	done
	on c nft delete table inet wgctl-office
	differs
	is "$(grep -c '^+ put.back' <<<"$output")" 3
	reload
	same "$before" "$(snapshot c)"
	on c "$WGCTL" down office
	lacks "$(on c ip rule show)" "suppress_prefixlength"
}

@test "tables that somebody emptied are missed by diff as by doctor, and reload fills them again" {
	not_for_guests
	office 0.0.0.0/0,::/0 $'Address = 10.8.0.2/24\nKillSwitch = on'
	both_up
	before=$(snapshot c)
	on c nft flush table inet wgctl-office
	differs
	has "$output" "+ put.back nft.load table inet wgctl-office"
	is "$(grep -c put.back <<<"$output")" 1
	reload
	same "$before" "$(snapshot c)"
	equal
	on c nft flush table inet wgctl-office/kill
	differs
	has "$output" "+ put.back killswitch.load table inet wgctl-office/kill"
	reload
	same "$before" "$(snapshot c)"
	# Empty, and its text is another one by now.
	on c nft flush table inet wgctl-office
	office 0.0.0.0/0,::/0 $'Address = 10.8.0.2/24, 10.8.0.3/24\nKillSwitch = on'
	reload
	has "$(on c nft list table inet wgctl-office)" 10.8.0.3
	on c "$WGCTL" down office
	is "$(on c nft list tables)" ""
}

@test "split becomes full and split again; down leaves nothing" {
	office 10.8.0.0/24 "Address = 10.8.0.2/24"
	first=$(snapshot c)
	both_up
	before=$(snapshot c)
	office 0.0.0.0/0 "Address = 10.8.0.2/24"
	reload
	has "$(on c ip rule show)" "suppress_prefixlength 0"
	lacks "$(on c wg show office fwmark)" off
	on c ping -c 1 -W 5 10.8.0.1
	equal
	office 10.8.0.0/24 "Address = 10.8.0.2/24"
	reload
	same "$before" "$(snapshot c)"
	office 0.0.0.0/0 "Address = 10.8.0.2/24"
	reload
	on c "$WGCTL" down office
	same "$first" "$(snapshot c)"
}

@test "DNS, MTU, keepalive, port, preshared key, hooks" {
	office 10.8.0.0/24 $'Address = 10.8.0.2/24\nDNS = 10.8.0.1\nDNSMode = file\nPreDown = touch /run/old'
	both_up
	first=$(snapshot c)
	psk=$(wg genpsk)
	office 10.8.0.0/24 $'Address = 10.8.0.2/24\nDNS = 10.8.0.53\nDNSMode = file\nMTU = 1380\nListenPort = 4242\nPreDown = touch /run/new' \
		$'PersistentKeepalive = 21\nPresharedKey = '"$psk"
	differs
	lacks "$output$errors" "$psk"
	reload
	has "$(on c cat /etc/resolv.conf)" "nameserver 10.8.0.53"
	lacks "$(on c cat /etc/resolv.conf)" "10.8.0.1"
	has "$(on c ip link show office)" "mtu 1380"
	is "$(on c wg show office listen-port)" 4242
	has "$(on c wg show office persistent-keepalive)" 21
	has "$(on c wg show office preshared-keys)" "$psk"
	equal
	on c grep -rq "$psk" /run/wgctl && { echo "a secret in /run"; return 1; }
	office 10.8.0.0/24 $'Address = 10.8.0.2/24\nDNS = 10.8.0.1\nDNSMode = file\nPreDown = touch /run/new'
	reload
	has "$(on c wg show office persistent-keepalive)" off
	has "$(on c wg show office preshared-keys)" "(none)"
	has "$(on c cat /etc/resolv.conf)" "nameserver 10.8.0.1"
	on c "$WGCTL" down office
	on c test -e /run/new
	on c test ! -e /run/old
	is "$(on c cat /etc/resolv.conf)" "nameserver 192.0.2.53"
}

@test "not up, another link, a profile that is wrong: a sentence and no change" {
	not_for_guests
	office 10.8.0.0/24 "Address = 10.8.0.2/24"
	run_split reload
	is "$status" 3
	has "$errors" "is not up"
	both_up
	before=$(snapshot c)
	office 10.8.0.0/24 $'Address = 10.8.0.2/24\nName = other'
	run_split reload
	is "$status" 1
	has "$errors" "wgctl down office"
	office 10.8.0.0/33 "Address = 10.8.0.2/24"
	run_split reload
	is "$status" 5
	run_split on c "$WGCTL" diff office
	is "$status" 5
	same "$before" "$(snapshot c)"
}

@test "a PrivateKeyCommand that takes its time keeps no other profile waiting" {
	not_for_guests
	local dir=$BATS_TEST_TMPDIR/host-c
	cat >"$dir/print" <<-END
		#!/bin/bash
		touch "$dir/asked"
		for _ in {1..100}; do [ ! -e "$dir/wait" ] || sleep 0.1; done
		echo "$client_private"
	END
	chmod 700 "$dir/print"
	profile c office.conf <<-END
		[Interface]
		PrivateKeyCommand = $dir/print
		Address = 10.8.0.2/24
		[Peer]
		PublicKey = $server_public
		AllowedIPs = 10.8.0.0/24
	END
	profile c lab.conf <<-END
		[Interface]
		PrivateKey = $other_private
		Address = 10.6.0.2/24
	END
	on c "$WGCTL" up office
	was=$(state c office)
	touch "$dir/wait"
	rm "$dir/asked"
	background c "$dir/out" "$WGCTL" reload office
	reload=$!
	for _ in {1..100}; do [ ! -e "$dir/asked" ] || break; sleep 0.1; done
	on c timeout 5 "$WGCTL" up lab
	on c timeout 5 "$WGCTL" reload lab
	on c timeout 5 "$WGCTL" down lab
	kill -0 "$reload"
	rm "$dir/wait"
	wait "$reload"
	has "$(<"$dir/out.err")" "is as its profile says"
	is "$(state c office)" "$was"
}
