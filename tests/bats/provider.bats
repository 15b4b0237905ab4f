#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A profile as VPN providers hand them out, used as their customers would:
# everything through the tunnel, names asked of the provider's resolver, hooks.
# tcpdump on the cable is the judge.

load net

setup() {
	client_and_server
	# The provider: forwards from the tunnel to a "web" address of its own,
	# and answers DNS inside the tunnel only.
	on s ip addr add 203.0.113.80/32 dev lo
	on s ip addr add 2001:db8:80::80/128 dev lo
	on s "$WGCTL" up hub
	on s dnsmasq --keep-in-foreground --no-resolv --no-hosts --pid-file= --user=root --listen-address=10.8.0.1 --bind-interfaces \
		--address=/web.example/203.0.113.80 --address=/web.example/2001:db8:80::80 >"$BATS_TEST_TMPDIR/dnsmasq" 2>&1 &
	on s python3 -m http.server --bind 203.0.113.80 --directory "$BATS_TEST_TMPDIR/host-s/etc-wireguard" 80 >/dev/null 2>&1 &
	# The customer's network: a default route, and a resolver that must not be asked.
	on c ip route add default via 10.9.0.2
	on c sh -c 'echo "nameserver 10.9.0.2" >/etc/resolv.conf; echo "hosts: files dns" >/etc/nsswitch.conf'
	profile c provider-se-12.conf <<-END
		# Provider AB, Stockholm 12
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/32,fd08::2/128
		DNS = 10.8.0.1
		DNSMode = file
		PostUp = echo "up %i" >>$BATS_TEST_TMPDIR/hooks
		PostDown = echo "down %i" >>$BATS_TEST_TMPDIR/hooks

		[Peer]
		PublicKey = $server_public
		AllowedIPs = 0.0.0.0/0,::/0
		Endpoint = 10.9.0.2:51820
	END
}

teardown() {
	hosts_gone
}

@test "provider's profile: nothing but WireGuard on the cable" {
	before=$(snapshot c)
	on c tcpdump --immediate-mode -i j-c-s -n -U -w "$BATS_TEST_TMPDIR/pcap" 2>"$BATS_TEST_TMPDIR/tcpdump" &
	dumper=$!
	for _ in $(seq 100); do grep -q listening "$BATS_TEST_TMPDIR/tcpdump" && break; sleep 0.1; done
	run on c "$WGCTL" up provider-se-12
	echo "$output"
	[ "$status" = 0 ]
	[ "$(on c getent ahostsv4 web.example | head -1 | cut -d' ' -f1)" = 203.0.113.80 ]
	on c ping -c 2 -W 5 203.0.113.80
	on c ping -c 2 -W 5 2001:db8:80::80
	on c python3 -c 'import urllib.request as u; print(u.urlopen("http://web.example/", timeout=10).status)' | grep -x 200
	sleep 0.5
	kill "$(pgrep -P "$dumper" tcpdump || echo "$dumper")"
	wait "$dumper" || true
	on c "$WGCTL" down provider-se-12
	[ "$(tcpdump -r "$BATS_TEST_TMPDIR/pcap" -n 'udp port 51820' 2>/dev/null | wc -l)" -gt 15 ]
	# ARP and neighbour discovery keep the cable itself going; MLD reports of the kernel's are no traffic of ours.
	other=$(tcpdump -r "$BATS_TEST_TMPDIR/pcap" -n 'not udp port 51820 and not arp and not (icmp6 and (ip6[40] >= 133 or ip6[40] == 143))' 2>/dev/null \
		| grep -v 'HBH ICMP6, multicast listener report' || true)
	echo "$other"
	[ -z "$other" ]
	grep -q '^up provider-se-12' "$BATS_TEST_TMPDIR/hooks"
	grep -q '^down provider-se-12' "$BATS_TEST_TMPDIR/hooks"
	same "$before" "$(snapshot c)"
}

@test "the same under the name wg-quick" {
	ln -s "$WGCTL" "$BATS_TEST_TMPDIR/wg-quick"
	sed -i '/^DNSMode/d; /^DNS/d' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/provider-se-12.conf"
	mv "$BATS_TEST_TMPDIR/host-c/etc-wgctl/provider-se-12.conf" "$BATS_TEST_TMPDIR/host-c/etc-wireguard/se12.conf"
	before=$(snapshot c)
	on c "$BATS_TEST_TMPDIR/wg-quick" up se12
	on c ping -c 1 -W 5 203.0.113.80
	run on c "$BATS_TEST_TMPDIR/wg-quick" up se12
	[ "$status" = 1 ]
	on c "$BATS_TEST_TMPDIR/wg-quick" strip se12 | grep -q "$client_private"
	on c "$BATS_TEST_TMPDIR/wg-quick" strip se12 | not grep -q Address
	on c "$BATS_TEST_TMPDIR/wg-quick" save se12
	on c "$BATS_TEST_TMPDIR/wg-quick" down se12
	same "$before" "$(snapshot c)"
	run on c "$BATS_TEST_TMPDIR/wg-quick" down se12
	[ "$status" = 1 ]
}

@test "DNS through resolvconf(8): openresolv is told, and told again" {
	local dir
	dir=$("$WGCTL_ROOT/tests/helpers/openresolv")
	on c mount -t overlay -o "lowerdir=$dir/lib:/usr/lib" overlay /usr/lib
	on c mount -t overlay -o "lowerdir=$dir/sbin:/usr/sbin" overlay /usr/sbin
	sed -i '/^DNSMode/d' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/provider-se-12.conf"
	on c sh -c 'echo resolv_conf=/etc/resolv.conf >/etc/resolvconf.conf; echo nameserver 10.9.0.2 | resolvconf -a j-c-s'
	before=$(on c cat /etc/resolv.conf)
	run on c "$WGCTL" up -v provider-se-12
	[[ $output == *"through resolvconf"* ]]
	on c grep -q '^nameserver 10.8.0.1' /etc/resolv.conf
	[ "$(on c getent ahostsv4 web.example | head -1 | cut -d' ' -f1)" = 203.0.113.80 ]
	on c "$WGCTL" down provider-se-12
	same "$before" "$(on c cat /etc/resolv.conf)"
}
