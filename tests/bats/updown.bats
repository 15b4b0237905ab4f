#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# `wgctl up` and `down` on real links, routes, rules, nft and DNS files. The
# numbers in brackets are the cases of the list of known failures of wg-quick
# that this program is measured by.

load lib
load net

setup() {
	client_and_server
}

teardown() {
	hosts_gone
}

split() { # split [extra lines for Interface]
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		$1
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.8.0.0/24, fd08::/64, 192.168.77.0/24
	END
}

full() { # full NAME [extra lines for Interface] [address]
	profile c "$1.conf" <<-END
		[Interface]
		PrivateKey = $client_private
		Address = ${3:-10.8.0.2/24, fd08::2/64}
		$2
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

@test "split tunnel carries traffic, down leaves nothing" {
	split
	before_c=$(snapshot c)
	before_s=$(snapshot s)
	on s "$WGCTL" up hub
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	on c ping -c 1 -W 5 fd08::1
	on c ip route show 192.168.77.0/24 | grep -q 'dev office proto 119'
	on c "$WGCTL" down office
	on s "$WGCTL" down hub
	same "$before_c" "$(snapshot c)"
	same "$before_s" "$(snapshot s)"
}

@test "full tunnel: mark, table, rules, firewall; down leaves nothing" {
	full ftun
	on s "$WGCTL" up hub
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	# Numbers of the name: the same at every up.
	on c ip rule show | grep -q '^5071:.*not from all fwmark 0x1040/0x1040 lookup 119'
	table=$(on c ip rule show | sed -n 's/.*0x1040 lookup \(119[0-9]*\).*/\1/p')
	mark=$(on c "$WGCTL" show ftun fwmark)
	on c ip -6 rule show | grep -q 'suppress_prefixlength 0'
	on c ip route show table "$table" | grep -q '^default dev ftun'
	on c nft list ruleset | grep -q 'table inet'
	# Everything but the outer packets goes through the tunnel.
	on c ip route get 203.0.113.9 | grep -q 'dev ftun'
	on c ip route get 203.0.113.9 mark "$mark" 2>&1 | not grep -q 'dev ftun'
	on c ping -c 1 -W 5 10.8.0.1
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "up twice says so; up of a changed profile refuses and names the way" {
	not_for_guests
	split
	on c "$WGCTL" up office
	run on c "$WGCTL" up office
	[ "$status" = 0 ]
	[[ $output == *"up already"* ]]
	echo '# changed' >>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run on c "$WGCTL" up office
	[ "$status" = 1 ]
	[[ $output == *reload* ]]
	on c "$WGCTL" down office
}

@test "down of what is not up: exit 3" {
	split
	run on c "$WGCTL" down office
	[ "$status" = 3 ]
}

@test "[6] a full /run: up leaves nothing, and down takes the tunnel down" {
	full ftun
	# A mark that somebody else counts on: there is nothing to be taken back.
	on c sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.all.src_valid_mark=1
	on c "$WGCTL" -q up ftun
	no_room c
	on c "$WGCTL" down ftun
	on c rm /run/fill
	is "$(on c cat /proc/sys/net/ipv4/conf/all/src_valid_mark)" 1
	on c sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.src_valid_mark=0
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	no_room c
	run on c "$WGCTL" down ftun
	[ "$status" -eq 0 ]
	[[ "$output" == *'No space left on device'* ]]
	[ "$(on c ip -o link show | grep -c ftun)" -eq 0 ]
	no_room c
	run on c "$WGCTL" up ftun
	[ "$status" -eq 1 ]
	[[ "$output" == *'No space left on device'* ]]
	on c rm /run/fill
	same "$before" "$(snapshot c)"
}

@test "[3] two full tunnels: taking one down leaves the other whole" {
	full one "" 10.8.0.2/24
	keys client
	full two "" 10.8.0.3/24
	before=$(snapshot c)
	on c "$WGCTL" up one
	first=$(snapshot c)
	on c "$WGCTL" up two
	on c ip route get 203.0.113.9 | grep -q 'dev two'
	on c "$WGCTL" down two
	same "$first" "$(snapshot c)"
	on c "$WGCTL" up two
	on c "$WGCTL" down one
	on c ip route get 203.0.113.9 | grep -q 'dev two'
	[ "$(on c ip rule show | grep -c suppress_prefixlength)" = 1 ]
	on c "$WGCTL" down two
	same "$before" "$(snapshot c)"
}

@test "[3] marks 5182 and 51820 are two marks" {
	full one "FwMark = 5182" 10.8.0.2/24
	keys client
	full two "FwMark = 51820" 10.8.0.3/24
	before=$(snapshot c)
	on c "$WGCTL" up one two
	on c "$WGCTL" down one
	on c ip rule show | grep -q 'lookup 51820'
	on c ip rule show | not grep -qw 'lookup 5182'
	on c "$WGCTL" down two
	same "$before" "$(snapshot c)"
}

@test "[3] link deleted by hand: down removes rules, nft and the rest" {
	full ftun "DNS = 10.8.0.1
		DNSMode = file"
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	on c ip link del ftun
	on c "$WGCTL" down ftun
	# Its program may still be ending.
	settles "$before" c
}

@test "link deleted and made again by somebody else: down leaves theirs" {
	split
	on c "$WGCTL" up office
	on c ip link del office
	for _ in $(seq 50); do on c ip link show office >/dev/null 2>&1 || break; sleep 0.1; done
	on c ip link add office type bridge
	on c "$WGCTL" down office
	on c ip link show office
}

@test "[4] profile deleted or edited before down" {
	full ftun "PostDown = echo gone %i >$BATS_TEST_TMPDIR/hook"
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	rm "$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf"
	on c "$WGCTL" down ftun
	[ "$(cat "$BATS_TEST_TMPDIR/hook")" = "gone ftun" ]
	same "$before" "$(snapshot c)"
	full ftun
	on c "$WGCTL" up ftun
	full ftun "Table = 99"
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "[5] rules, marks and tables of others are neither used nor touched" {
	full ftun
	on c "$WGCTL" up ftun
	table=$(on c ip rule show | sed -n 's/.*0x1040 lookup \(119[0-9]*\).*/\1/p')
	mark=$(on c "$WGCTL" show ftun fwmark)
	on c "$WGCTL" down ftun
	on c nft "table inet other { chain c { type filter hook output priority 0; meta mark $mark counter; }; }"
	on c ip rule add fwmark 0xca6c lookup 100
	on c ip route add blackhole default table "$table"
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	[ "$(on c "$WGCTL" show ftun fwmark)" != "$mark" ]
	on c ip rule show | not grep -q "lookup $table\$"
	on c ip route get 203.0.113.9 | grep -q 'dev ftun'
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "[6] IPv6 disabled: the IPv4 half works, and a warning says so" {
	on c sh -c 'for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done'
	full ftun
	before=$(snapshot c)
	run on c "$WGCTL" up ftun
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *IPv6* ]]
	on c ip route get 203.0.113.9 | grep -q 'dev ftun'
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
	full ftun "IPv6 = require"
	run on c "$WGCTL" up ftun
	[ "$status" != 0 ]
	same "$before" "$(snapshot c)"
}

@test "[6] read-only /proc/sys: up works where the sysctl is not needed" {
	full ftun
	before=$(snapshot c)
	on c mount -t proc proc /proc
	on c mount --bind /proc/sys /proc/sys
	on c mount -o remount,bind,ro /proc/sys
	run on c "$WGCTL" up ftun
	echo "$output"
	[ "$status" = 0 ]
	on c ip route get 203.0.113.9 | grep -q 'dev ftun'
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "[6] the same with a strict reverse path filter: refused, nothing left" {
	full ftun
	on c sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter'
	before=$(snapshot c)
	on c mount -t proc proc /proc
	on c mount --bind /proc/sys /proc/sys
	on c mount -o remount,bind,ro /proc/sys
	run on c "$WGCTL" up ftun
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *rp_filter* ]]
	same "$before" "$(snapshot c)"
}

@test "[6] a kernel without nftables: a warning, and the rules do their part" {
	[ -n "${WGCTL_VM-}" ] || skip "elsewhere: in guests, whose modules can be kept out"
	full ftun
	# What holds it: its own parts, and hosts of earlier tests that still go away.
	for _ in $(seq 20); do
		lsmod | awk '$1 ~ /^nft_|^nf_tables$/ { print $1 }' | xargs -r -n 1 rmmod 2>/dev/null || true
		[ -d /sys/module/nf_tables ] || break
		sleep 0.5
	done
	[ ! -d /sys/module/nf_tables ]
	mkdir -p /run/modprobe.d
	echo "install nf_tables /bin/false" >/run/modprobe.d/no-nft.conf
	before=$(snapshot c 2>/dev/null)
	run on c "$WGCTL" up ftun
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"no nftables"* ]]
	on c ip route get 203.0.113.9 | grep -q 'dev ftun'
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c 2>/dev/null)"
	rm /run/modprobe.d/no-nft.conf
}

@test "[7] one name that resolves, one that does not: the first peer works" {
	keys other
	on s "$WGCTL" up hub
	profile c names.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		[Peer]
		PublicKey = $other_public
		Endpoint = no-such-name.invalid:51820
		AllowedIPs = 10.77.0.0/24
		[Peer]
		PublicKey = $server_public
		Endpoint = localhost.test.example:51820
		AllowedIPs = 10.8.0.0/24
	END
	printf '127.0.0.1 localhost\n10.9.0.2 localhost.test.example\n' >"$BATS_TEST_TMPDIR/hosts"
	on c mount --bind "$BATS_TEST_TMPDIR/hosts" /etc/hosts
	printf 'hosts: files\n' >"$BATS_TEST_TMPDIR/nsswitch"
	on c mount --bind "$BATS_TEST_TMPDIR/nsswitch" /etc/nsswitch.conf
	run on c "$WGCTL" up names
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *no-such-name.invalid* ]]
	on c ping -c 1 -W 5 10.8.0.1
	on c "$WGCTL" down names
	# Who says how long to try wants all of them, as wg-quick does.
	ln -s "$WGCTL" "$BATS_TEST_TMPDIR/wg-quick"
	run on c env WG_ENDPOINT_RESOLUTION_RETRIES=1 "$BATS_TEST_TMPDIR/wg-quick" up /etc/wgctl/names.conf
	[ "$status" = 1 ]
	[[ $output == *no-such-name.invalid* ]]
	run on c "$BATS_TEST_TMPDIR/wg-quick" up /etc/wgctl/names.conf
	[ "$status" = 0 ]
}

@test "[7] no name resolves: refused, nothing left" {
	split
	sed -i 's/10.9.0.2:51820/no-such-name.invalid:51820/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	printf 'hosts: files\n' >"$BATS_TEST_TMPDIR/nsswitch"
	on c mount --bind "$BATS_TEST_TMPDIR/nsswitch" /etc/nsswitch.conf
	before=$(snapshot c)
	run on c "$WGCTL" up office
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"office.conf:"* ]]
	same "$before" "$(snapshot c)"
}

@test "[9] PreDown fails: the tunnel is gone all the same, and the exit code says it" {
	split "PreDown = false"
	before=$(snapshot c)
	on c "$WGCTL" up office
	run on c "$WGCTL" down office
	[ "$status" = 1 ]
	[[ $output == *PreDown* ]]
	same "$before" "$(snapshot c)"
}

@test "[9] hooks in a profile that root does not own are refused, or allowed" {
	not_for_guests
	split "PostUp = touch $BATS_TEST_TMPDIR/ran"
	chown 65534 "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run on c "$WGCTL" up office
	[ "$status" = 5 ]
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	on c "$WGCTL" up --allow-hooks office
	[ -e "$BATS_TEST_TMPDIR/ran" ]
	on c "$WGCTL" down office
}

@test "[10] 10,000 allowed IPs and 5,000 peers" {
	# The in-tree module needs a grace period and more to delete each peer:
	# under emulation minutes for 5,000. The routes are as many there.
	local peers=5000
	[ -z "${WGCTL_VM-}" ] || peers=250
	awk -v key="$client_private" -v peers=$peers 'BEGIN {
		printf "[Interface]\nPrivateKey = %s\nAddress = 10.8.0.2/24\nMTU = 1420\n", key
		b = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
		each = 10000 / peers
		for (i = 0; i < peers; i++) {
			k = ""
			x = i; for (j = 0; j < 4; j++) { k = k substr(b, x % 64 + 1, 1); x = int(x / 64) }
			printf "[Peer]\nPublicKey = %sAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nAllowedIPs = ", k
			for (j = 0; j < each; j++) {
				n = i * each + j
				printf "%s172.%d.%d.%d/27", j ? ", " : "", 16 + int(n / 2048), int(n / 8) % 256, n % 8 * 32
			}
			printf "\n"
		}
	}' | profile c big.conf
	before=$(snapshot c)
	on c "$WGCTL" up big
	[ "$(on c ip route show dev big | wc -l)" = 10001 ]
	[ "$(on c "$WGCTL" show big peers | wc -l)" = $peers ]
	[ "$(on c "$WGCTL" show big allowed-ips | tr ' \t' '\n\n' | grep -c /27)" = 10000 ]
	on c "$WGCTL" down big
	same "$before" "$(snapshot c)"
}

@test "hooks run in order, with the link's name; a failing one undoes everything" {
	not_for_guests
	out=$BATS_TEST_TMPDIR/hooks
	split "PreUp = echo preup %i >>$out; ip link show %i >/dev/null
		PostUp = echo postup %i # not a comment >>$out
		PostUp = echo again >>$out
		PreDown = echo predown >>$out
		PostDown = echo postdown >>$out; ! ip link show %i 2>/dev/null"
	before=$(snapshot c)
	on c "$WGCTL" up office
	on c "$WGCTL" down office
	same "preup office
again
predown
postdown" "$(cat "$out")"
	split "PostUp = exit 7"
	run on c "$WGCTL" up office
	[ "$status" = 1 ]
	[[ $output == *"office.conf:4"* ]]
	[[ $output == *"status 7"* ]]
	same "$before" "$(snapshot c)"
}

@test "Table = off, number; FwMark; MTU; ListenPort; SaveConfig" {
	split "Table = off"
	on c "$WGCTL" up office
	on c ip route show | not grep -q 192.168.77
	on c "$WGCTL" down office
	split "Table = 1234
		MTU = 1312
		ListenPort = 4444
		FwMark = 0x77"
	on c "$WGCTL" up office
	on c ip route show table 1234 | grep -q '192.168.77.0/24 dev office'
	on c ip link show office | grep -q 'mtu 1312'
	[ "$(on c "$WGCTL" show office listen-port)" = 4444 ]
	[ "$(on c "$WGCTL" show office fwmark)" = 0x77 ]
	on c "$WGCTL" down office
	split "SaveConfig = true"
	on c "$WGCTL" up office
	on c ip addr add 10.66.0.1/32 dev office
	on c "$WGCTL" down office
	grep -q '10.66.0.1/32' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	grep -q "$client_private" "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	# wireguard-go's link has one that the kernel makes.
	is "$(grep -ci fe80 "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf")" 0
	[ "$(stat -c %a "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf")" = 600 ]
	on c "$WGCTL" check /etc/wgctl/office.conf
	# Through a symbolic link, to a file of another name, and not over it.
	on c sh -c 'mv /etc/wgctl/office.conf /run/berlin.conf; ln -s /run/berlin.conf /etc/wgctl/office.conf'
	on c "$WGCTL" up office
	on c ip addr add 10.66.0.2/32 dev office
	on c "$WGCTL" down office
	on c grep -q '10.66.0.2/32' /run/berlin.conf
	on c test -L /etc/wgctl/office.conf
}

@test "SaveConfig: another one's link of that name is not what was running" {
	split "SaveConfig = true"
	was=$(on c cat /etc/wgctl/office.conf)
	on c "$WGCTL" up office
	on c ip link del office
	for _ in $(seq 50); do on c ip link show office >/dev/null 2>&1 || break; sleep 0.1; done
	if [ "$(data_plane c)" = kernel ]; then
		on c ip link add office type wireguard
	else
		# As a program that goes into the background by itself.
		on c wireguard-go office >/dev/null 2>&1
	fi
	on c wg set office listen-port 7777
	on c "$WGCTL" down office
	same "$was" "$(on c cat /etc/wgctl/office.conf)"
	is "$(on c wg show office listen-port)" 7777
}

@test "SaveConfig: addresses that the machine or the profile left out are the profile's still" {
	not_for_guests
	split $'SaveConfig = true\nIPv6 = block'
	on c "$WGCTL" up office
	lacks "$(on c ip -6 -o addr show dev office)" fd08::2
	on c ip addr add 10.66.0.1/32 dev office
	on c "$WGCTL" down office
	has "$(on c cat /etc/wgctl/office.conf)" 10.66.0.1/32
	has "$(on c cat /etc/wgctl/office.conf)" fd08::2/64
	split "SaveConfig = true"
	on c sh -c 'for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done'
	on c "$WGCTL" up office
	on c "$WGCTL" down office
	has "$(on c cat /etc/wgctl/office.conf)" fd08::2/64
	# What was there, and was taken away by hand, goes.
	on c sh -c 'for f in all default; do echo 0 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done'
	on c "$WGCTL" up office
	on c ip addr del fd08::2/64 dev office
	on c "$WGCTL" down office
	lacks "$(on c cat /etc/wgctl/office.conf)" fd08::2/64
	has "$(on c cat /etc/wgctl/office.conf)" 10.8.0.2/24
}

@test "a name over 15 characters gets a short link and keeps its name as alias" {
	split
	mv "$BATS_TEST_TMPDIR"/host-c/etc-wgctl/office.conf \
		"$BATS_TEST_TMPDIR/host-c/etc-wgctl/provider-frankfurt-wireguard-07.conf"
	before=$(snapshot c)
	on c "$WGCTL" up provider-frankfurt-wireguard-07
	on c ip link show | grep -q 'alias provider-frankfurt-wireguard-07'
	on c "$WGCTL" status provider-frankfurt-wireguard-07
	on c "$WGCTL" down provider-frankfurt-wireguard-07
	same "$before" "$(snapshot c)"
}

@test "DNS through the file, and back; by two tunnels in any order" {
	split "DNS = 10.8.0.1, corp.example
		DNSMode = file"
	before=$(snapshot c)
	on c "$WGCTL" up office
	on c grep -q '^nameserver 10.8.0.1' /etc/resolv.conf
	on c grep -q '^search corp.example' /etc/resolv.conf
	keys client
	full ftun "DNS = 10.8.0.9
		DNSMode = file" 10.8.0.3/24
	on c "$WGCTL" up ftun
	on c grep -q '^nameserver 10.8.0.9' /etc/resolv.conf
	on c "$WGCTL" down office
	on c grep -q '^nameserver 10.8.0.9' /etc/resolv.conf
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "a link of that name is there already: refused, untouched" {
	split
	on c ip link add office type bridge
	before=$(snapshot c)
	run on c "$WGCTL" up office
	[ "$status" = 1 ]
	[[ $output == *"office"* ]]
	same "$before" "$(snapshot c)"
}

@test "the port is taken: the caret is under it, the kernel's words beside it, nothing left" {
	split "ListenPort = 51999"
	on c python3 -c 'import socket,time
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(("0.0.0.0",51999))
t=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); t.setsockopt(41,26,1); t.bind(("::",51999)); time.sleep(30)' &
	holder=$!
	sleep 1
	before=$(snapshot c)
	run on c "$WGCTL" up office
	kill $holder
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"office.conf:"*51999* ]]
	same "$before" "$(snapshot c)"
}

@test "dry run changes nothing and shows what would be done" {
	not_for_guests
	full ftun
	before=$(snapshot c)
	run on c "$WGCTL" up --dry-run ftun
	[ "$status" = 0 ]
	[[ $output == *"ip rule add not fwmark"* ]]
	[[ $output != *"$client_private"* ]]
	same "$before" "$(snapshot c)"
	on c "$WGCTL" up --dry-run --json ftun 2>/dev/null | jq -e '.profiles[0].plan | length > 5'
}

@test "no key in arguments, environment, journal or messages while up" {
	full ftun
	on c "$WGCTL" up -v ftun >"$BATS_TEST_TMPDIR/out" 2>&1
	not on c grep -rqF "$client_private" /run/wgctl
	not grep -qF "$client_private" "$BATS_TEST_TMPDIR/out"
	for p in $(inhabitants c); do
		tr '\0' '\n' <"/proc/$p/environ" | not grep -qF "$client_private"
		tr '\0' '\n' <"/proc/$p/cmdline" | not grep -qF "$client_private"
	done
	[ "$(on c stat -c %a /run/wgctl/ftun/journal)" = 600 ]
	on c "$WGCTL" down ftun
}

@test "key from a file and from a command" {
	(umask 077; echo "$client_private" >"$BATS_TEST_TMPDIR/key")
	on s "$WGCTL" up hub
	for line in "PrivateKeyFile = $BATS_TEST_TMPDIR/key" "PrivateKeyCommand = cat $BATS_TEST_TMPDIR/key"; do
		split
		sed -i "s#^PrivateKey = .*#$line#" "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
		on c "$WGCTL" up office
		[ "$(on c "$WGCTL" show office public-key)" = "$client_public" ]
		on c ping -c 1 -W 5 10.8.0.1
		on c "$WGCTL" down office
	done
}

@test "a JSON profile does the same as its INI" {
	split
	on c "$WGCTL" convert /etc/wgctl/office.conf --to json >"$BATS_TEST_TMPDIR/o.json"
	on s "$WGCTL" up hub
	profile c j.json <"$BATS_TEST_TMPDIR/o.json"
	on c "$WGCTL" up j
	on c ping -c 1 -W 5 10.8.0.1
	on c "$WGCTL" down j
}
