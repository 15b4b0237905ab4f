#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# What people complain of, by its number in the list of complaints: first that
# wg-quick's way has it, then that ours has not. Profiles, peers, changes and
# what failures leave; pains-routing, pains-dns, watch and doctor have the rest.

load lib
load net

setup() {
	keys other
	client_and_server
}

teardown() {
	hosts_gone
}

# office NAME [lines of Interface] [lines of the peer] [more]: for us and for wg-quick
office() {
	profile c "$1.conf" <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		$2
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.8.0.0/24
		$3
	END
	cp "$BATS_TEST_TMPDIR/host-c/etc-wgctl/$1.conf" "$BATS_TEST_TMPDIR/host-c/etc-wireguard/"
}

quick() { on c env WG_QUICK_USERSPACE_IMPLEMENTATION=wireguard-go LOG_LEVEL=error wg-quick "$@"; }
not() { if "$@"; then return 1; fi; }
links() { on c ip -o link show | grep -vE ': (lo|j-c-s)[@:]' || true; }

@test "pain 4: a name of more than 15 characters" {
	office provider-frankfurt-wireguard-07
	not quick up provider-frankfurt-wireguard-07
	on s "$WGCTL" up hub
	on c "$WGCTL" up provider-frankfurt-wireguard-07
	on c ping -c 1 -W 5 10.8.0.1
	has "$(on c ip link show)" "alias provider-frankfurt-wireguard-07"
	has "$(on c "$WGCTL" status provider-frankfurt-wireguard-07)" "provider-frankfurt-wireguard-07"
	on c "$WGCTL" down provider-frankfurt-wireguard-07
	is "$(links)" ""
}

@test "pain 6: peers have names: in status, diff and errors; also those that others' comments give them" {
	office office "" "# friendly_name = gateway"
	on c "$WGCTL" up office
	lacks "$(on c wg show office)" gateway
	has "$(on c "$WGCTL" status office)" gateway
	is "$(on c "$WGCTL" status --json office | jq -r '.tunnels[0].peers[0].name')" gateway
	office office "" $'# friendly_name = gateway\nPersistentKeepalive = 20'
	run_split on c "$WGCTL" diff office
	has "$output" "~ peer gateway ($server_public): keepalive 20"
}

@test "pain 7: the same allowed IP on two peers: wg-quick moves it without a word, check names both" {
	office office "" "
		[Peer]
		PublicKey = $other_public
		AllowedIPs = 10.8.0.0/24"
	quick up office
	is "$(on c wg show office allowed-ips | grep "$server_public" | cut -f 2)" "(none)"
	quick down office
	run_split on c "$WGCTL" up office
	is "$status" 5
	has "$errors" "10.8.0.0/24"
	has "$errors" "first"
	is "$(links)" ""
}

@test "pain 9: a reload applies addresses and routes, and takes no mark, port, endpoint or session away" {
	office office
	on s "$WGCTL" up hub
	quick up office
	on c wg set office fwmark 0x1234
	port=$(on c wg show office listen-port)
	office office "Address = 10.8.5.2/24" "AllowedIPs = 192.168.77.0/24"
	on c bash -c 'wg syncconf office <(wg-quick strip office)'
	# The documented way: a mark gone, a port changed, neither address nor route.
	is "$(on c wg show office fwmark)" off
	not is "$(on c wg show office listen-port)" "$port" >/dev/null
	lacks "$(on c ip addr show dev office)" 10.8.5.2
	lacks "$(on c ip route show dev office)" 192.168.77.0
	quick down office
	office office
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	on c wg set office fwmark 0x1234
	port=$(on c wg show office listen-port)
	handshake=$(on c wg show office latest-handshakes)
	office office "Address = 10.8.5.2/24" "AllowedIPs = 192.168.77.0/24"
	on c "$WGCTL" reload office
	is "$(on c wg show office fwmark)" 0x1234
	is "$(on c wg show office listen-port)" "$port"
	is "$(on c wg show office latest-handshakes)" "$handshake"
	has "$(on c ip addr show dev office)" 10.8.5.2
	has "$(on c ip route show dev office)" 192.168.77.0
	on c ping -c 1 -W 5 10.8.0.1
}

@test "pain 18: a failed up, and a down without its file, leave nothing" {
	office office "PostUp = false"
	before=$(snapshot c)
	run_split on c "$WGCTL" up --allow-hooks office
	is "$status" 1
	same "$before" "$(snapshot c)"
	office office
	quick up office
	on c mv /etc/wireguard/office.conf /etc/wireguard/gone
	not quick down office
	has "$(links)" office
	on c mv /etc/wireguard/gone /etc/wireguard/office.conf
	quick down office
	for _ in $(seq 50); do [ -z "$(links)" ] && break; sleep 0.1; done
	on c "$WGCTL" up office
	on c rm /etc/wgctl/office.conf
	on c "$WGCTL" down office
	same "$before" "$(snapshot c)"
}

@test "pain 23: comments, names of peers and host names of a profile survive what is done to it" {
	office office "SaveConfig = true" "# friendly_name = gateway"
	quick up office
	quick down office
	not grep -q gateway "$BATS_TEST_TMPDIR/host-c/etc-wireguard/office.conf"
	office office "" "# friendly_name = gateway"
	text=$(<"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf")
	on c "$WGCTL" up office
	on c "$WGCTL" set office peer "$other_public" allowed-ips 10.8.9.0/24
	on c "$WGCTL" reload office
	on c "$WGCTL" down office
	is "$(<"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf")" "$text"
	has "$(on c "$WGCTL" convert --to ini /etc/wgctl/office.conf)" "# friendly_name = gateway"
}

@test "pain 27: a wrong value: wg-quick names neither line nor peer; here both, a caret and a hint, never the secret" {
	office office "" "PersistentKeepalive = often"
	run quick up office
	not has "$output" "office.conf:" >/dev/null
	run_split on c "$WGCTL" up office
	is "$status" 5
	has "$errors" "/etc/wgctl/office.conf:9:23: error:"
	has "$errors" "^~~~~"
	has "$errors" "hint:"
	# A mistyped private key is not repeated.
	sed -i "s#^PrivateKey = .#PrivateKey = !#" "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run_split on c "$WGCTL" up office
	is "$status" 5
	lacks "$errors" "${client_private:1}"
}
