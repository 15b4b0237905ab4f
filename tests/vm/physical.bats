#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The guest's own network cards and radios in a namespace of their own. eth0 and
# eth1 are the ends of one wire: eth1 is in the namespace `lan`, which is the world,
# with the tunnel's other end and a capture that sees what is on the wire.

load ../bats/lib
load ../bats/net

setup_file() {
	local package part
	for package in hostapd wpasupplicant iw dhcpcd-base; do
		for part in etc lib usr sbin; do
			[ ! -d "$WGCTL_UNPACKED/$package/$part" ] || cp -a "$WGCTL_UNPACKED/$package/$part/." "/$part/"
		done
	done
	modprobe mac80211_hwsim radios=2
	mkdir -p /etc/wgctl /var/lib/dhcpcd
	# As on a machine with containers: new namespaces inherit that.
	sysctl -qw net.ipv4.ip_forward=1
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
	ip netns add lan
	ip link set eth1 netns lan
	ip -n lan link set lo up
	ip -n lan addr add 10.0.0.1/24 dev eth1
	ip -n lan addr add fd00::1/64 dev eth1 nodad
	ip -n lan link set eth1 up
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	keys client
	keys server
	ip -n lan link add wg0 type wireguard
	printf %s "$server_private" >"$BATS_FILE_TMPDIR/key"
	ip netns exec lan wg set wg0 private-key "$BATS_FILE_TMPDIR/key" listen-port 51820 peer "$client_public" \
		allowed-ips 10.8.0.2/32,fd08::2/128
	ip -n lan addr add 10.8.0.1/24 dev wg0
	ip -n lan addr add fd08::1/64 dev wg0 nodad
	ip -n lan link set wg0 up
	export client_private server_public
}

setup() {
	ip link set eth0 down
	ip addr add 10.0.0.2/24 dev eth0
	ip addr add fd00::2/64 dev eth0 nodad
	ip link set eth0 alias 'desk' up
	ip link property add dev eth0 altname uplink0
	ip route add default via 10.0.0.1 dev eth0
	ip -6 route add default via fd00::1 dev eth0
	ip rule add from 10.0.0.2 lookup 77 priority 900
	ip route add 203.0.113.0/24 via 10.0.0.1 dev eth0 table 77
	profile home 10.0.0.1
}

profile() { # NAME ENDPOINT
	(umask 077 && cat >"/etc/wgctl/$1.conf") <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		[Peer]
		PublicKey = $server_public
		Endpoint = $2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

pids=()
teardown() {
	local pid
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	"$WGCTL" -q physical down --kill 2>/dev/null || "$WGCTL" -q physical recover 2>/dev/null || true
	ip rule del priority 900 2>/dev/null || true
	ip link property del dev eth0 altname uplink0 2>/dev/null || true
	ip addr flush dev eth0
	ip link set eth0 alias '' down
	ip link set eth2 down || true
}

# What a person would look at: names, addresses, ways, rules, who is told to keep off.
machine() {
	ip -o link show | grep -v hwsim0 | sed -E 's/ state [A-Z]+//; s/NO-CARRIER,//; s/,LOWER_UP//; s/ mode [A-Z]+//; s/ qdisc [a-z_]+//'
	ip -o addr show | sed -E 's/(valid|preferred)_lft [0-9]+sec//g; s/ tentative//'
	ip route show table all | sed 's/ linkdown//' | grep -v 'table local' | sort
	ip -6 route show table all | sed 's/ linkdown//' | grep -v 'table local' | sort
	ip rule show
	nft list ruleset
	cat /etc/resolv.conf
	cat /proc/sys/net/ipv4/conf/eth0/rp_filter
	find /run/netns /run/wgctl /run/NetworkManager /run/systemd/network /etc/netns -type f 2>/dev/null | grep -v /run/netns/lan || true
}
settle() { # names of links: up, and their addresses there to stay
	local i link
	for link in "$@"; do
		for i in $(seq 100); do
			ip -o link show dev "$link" | grep -q 'state UP' && ! ip -6 -o addr show dev "$link" tentative | grep -q . && break
			sleep 0.05
		done
	done
}

# Everything on the wire that is neither the tunnel nor how neighbours find each other.
# A frame with a length instead of a protocol is what an access point tells switches about a station.
listen() {
	ip netns exec lan tcpdump -lnntt -i "${1:-eth1}" --immediate-mode \
		'not (udp port 51820) and not arp and not (icmp6 and ip6[40] >= 130 and ip6[40] <= 143) and not (ip6[6] = 0) and not (udp port 67 or udp port 68) and not ether proto 0x888e and ether[12:2] >= 0x600' \
		>"$BATS_TEST_TMPDIR/wire" 2>"$BATS_TEST_TMPDIR/wire.err" 3>&- &
	pids+=($!)
	until grep -qs 'listening on' "$BATS_TEST_TMPDIR/wire.err"; do sleep 0.05; done
}
chatter() {
	"$WGCTL_ROOT/build/helpers/chatter" 10.0.0.1 fd00::1 198.51.100.9 >"$BATS_TEST_TMPDIR/chatter" 3>&- &
	chatter=$!
	pids+=($!)
	until grep -qs talks "$BATS_TEST_TMPDIR/chatter"; do sleep 0.05; done
}
# silent FROM TO: nothing on the wire between two moments.
silent() {
	awk -v from="$1" -v to="$2" '$1 > from && $1 < to { print; bad = 1 } END { exit bad }' "$BATS_TEST_TMPDIR/wire" || {
		echo "on the wire in clear between $1 and $2"
		return 1
	}
}
# timed FILE CMD...: what it writes goes into the file, with the time in front: that at which it
# did, for it does not go on before that is known. Whoever reads it from a pipe reads it later.
timed() { strace -qq -ttt -s 300 -e trace=write -o "$@"; }
time_of() { sed -n "s/^\([0-9.]*\) .*$2.*/\1/p" "$1" | head -n 1; }
drops() { nft list table inet wgctl_physical | sed -n 's/.*counter packets \([0-9]*\).*kept in.*/\1/p' | head -n 1; }

@test "[26] a card goes and comes back as it was, and nothing is in clear on the wire from the guard to the guard" {
	settle eth0
	before=$(machine)
	listen
	chatter
	sleep 0.5
	# It can be heard, or the silence would mean nothing.
	grep -q '10.0.0.1.9' "$BATS_TEST_TMPDIR/wire"
	grep -q 'fd00::1.9' "$BATS_TEST_TMPDIR/wire"
	grep -q '198.51.100.9.53' "$BATS_TEST_TMPDIR/wire"
	timed "$BATS_TEST_TMPDIR/up" "$WGCTL" -v physical up home
	ping -q -c 2 -W 10 10.8.0.1
	is "$(ip -o link show | cut -d: -f2 | tr -d ' ' | cut -d@ -f1 | grep -E '^(eth0|lo|home)' | xargs)" "lo home"
	has "$(ip -n physical -o addr show dev eth0)" 10.0.0.2/24
	is "$(ip netns exec physical cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/eth0/forwarding | xargs)" "0 0"
	has "$(ip -n physical -d link show dev eth0)" "altname uplink0"
	has "$(ip -n physical route show table 77)" "203.0.113.0/24 via 10.0.0.1 dev eth0"
	[ "$(drops)" -gt 0 ] || not ip route get 10.0.0.1
	timed "$BATS_TEST_TMPDIR/down" "$WGCTL" -v physical down
	sleep 0.3
	from=$(time_of "$BATS_TEST_TMPDIR/up" managers.tell)
	to=$(time_of "$BATS_TEST_TMPDIR/down" 'undo - guard.load')
	[ -n "$from" ] && [ -n "$to" ]
	silent "$from" "$to"
	# And it is heard again.
	awk -v to="$to" '$1 > to { found = 1 } END { exit !found }' "$BATS_TEST_TMPDIR/wire"
	kill "$chatter"
	settle eth0
	same "$before" "$(machine)"
}

@test "[26] a VLAN goes with its card; a bond keeps it here, and that is said" {
	ip link add link eth0 name eth0.5 type vlan id 5
	ip addr add 10.5.0.2/24 dev eth0.5
	ip link set eth0.5 up
	ip route add 10.55.0.0/16 via 10.5.0.1 dev eth0.5
	settle eth0 eth0.5
	before=$(machine)
	"$WGCTL" -q physical up home
	not ip link show eth0.5
	has "$(ip -n physical -o -d link show dev eth0.5)" "vlan protocol 802.1Q id 5"
	has "$(ip -n physical route)" "10.55.0.0/16 via 10.5.0.1 dev eth0.5"
	"$WGCTL" -q physical down
	settle eth0 eth0.5
	same "$before" "$(machine)"
	ip link del eth0.5
	ip link add bond0 type bond mode active-backup
	ip link set eth2 master bond0
	run_split "$WGCTL" physical up home
	is "$status" 1
	has "$errors" "'eth2' cannot be moved: a port of the bond bond0"
	run_split "$WGCTL" physical up home --take bond0
	has "$errors" "cannot be moved"
	ip link del bond0
}

# At every other line, which is once for each step: one line begins it, the next says that
# it is done, and is not written here.
@test "[18] killed after every step, before it is written down, recover puts everything back, and meanwhile nothing is in clear on the wire" {
	local n killed
	settle eth0
	before=$(machine)
	# The journal of up has a line in front, then two for a step: one before it and one behind.
	# That of down has one for a step.
	for n in $(seq 1 2 60); do
		status=0
		strace -o "$BATS_TEST_TMPDIR/strace" -P /run/wgctl/.physical/journal/journal -e trace=write -e inject=write:signal=KILL:when="$n" \
			"$WGCTL" -q physical up home 2>"$BATS_TEST_TMPDIR/said" || status=$?
		[ "$status" = 137 ] || break
		# Not at each of them: it takes its time.
		if ((n % 3 == 1)) && nft list table inet wgctl_physical >/dev/null 2>&1; then
			listen
			chatter
			sleep 0.3
			kill "$chatter"
			wait "$chatter" || true
			kill "${pids[-2]}"
			not grep . "$BATS_TEST_TMPDIR/wire"
		fi
		"$WGCTL" -q physical recover
		settle eth0
		same "$before" "$(machine)" || { echo "killed at line $n of up"; return 1; }
	done
	is "$status" 0
	[ "$n" -gt 20 ]
	for killed in {1..40}; do
		[ "$killed" = 1 ] || "$WGCTL" -q physical up home
		status=0
		strace -o "$BATS_TEST_TMPDIR/strace" -P /run/wgctl/.physical/journal/journal -e trace=write -e inject=write:signal=KILL:when="$killed" \
			"$WGCTL" -q physical down || status=$?
		[ "$status" = 137 ] || break
		# Killed before the first line it has changed nothing: then it is up.
		"$WGCTL" -q physical recover
		[ "$killed" != 1 ] || "$WGCTL" -q physical down
		settle eth0
		same "$before" "$(machine)" || { echo "killed at line $killed of down"; return 1; }
	done
	is "$status" 0
	[ "$killed" -gt 10 ]
	echo "# killed after $((n / 2)) steps of up and $((killed - 1)) of down" >&3
}

@test "[19] [26] the namespace dies: the card is here again, the guard keeps everything in, recover gives it back what it had" {
	settle eth0
	before=$(machine)
	"$WGCTL" -q physical up home
	ip netns del physical
	for _ in $(seq 50); do
		ip link show eth0 >/dev/null 2>&1 && break
		sleep 0.1
	done
	run_split "$WGCTL" physical status
	is "$status" 1
	has "$output" "physical: broken"
	has "$output" "eth0            here"
	has "$output" "does not belong here"
	# Somebody configures it, as a manager would.
	listen
	ip link set eth0 up
	ip addr add 10.0.0.2/24 dev eth0
	ip addr add fd00::2/64 dev eth0 nodad
	ip route replace default via 10.0.0.1 dev eth0 metric 5
	was=$(drops)
	chatter
	sleep 1
	kill "$chatter"
	[ "$(drops)" -gt "$was" ]
	not grep . "$BATS_TEST_TMPDIR/wire"
	"$WGCTL" -q physical recover
	ip route del default metric 5 2>/dev/null || true
	settle eth0
	same "$before" "$(machine)"
	"$WGCTL" physical recover 2>&1 | grep -q 'nothing to recover'
}

@test "a name that was taken meanwhile: said, and put right when it is free again" {
	settle eth0
	before=$(machine)
	"$WGCTL" -q physical up home
	ip link add eth0 type dummy
	run_split "$WGCTL" physical down
	is "$status" 6
	has "$errors" "'eth0' is called 'dev"
	has "$errors" "has taken its name (dummy)"
	has "$errors" "wgctl physical recover"
	ip link del eth0
	"$WGCTL" physical recover
	settle eth0
	same "$before" "$(machine)"
	# A further name, where the namespace dies.
	"$WGCTL" -q physical up home
	ip link add spare0 type dummy
	ip link property add dev spare0 altname uplink0
	ip netns del physical
	for _ in $(seq 50); do
		ip link show eth0 >/dev/null 2>&1 && break
		sleep 0.1
	done
	ip link del spare0
	"$WGCTL" -q physical recover
	has "$(ip link show eth0)" "altname uplink0"
	settle eth0
	same "$before" "$(machine)"
}

@test "[26] a card that is plugged in later goes where the others are" {
	device=$(basename "$(readlink /sys/class/net/eth2/device)")
	# One that was left here and is gone meanwhile is no reason not to look.
	ip link add gone0 type dummy
	"$WGCTL" -q physical up --leave gone0 home
	ip link del gone0
	# It had moved; pulled out and plugged in, it appears here.
	echo "$device" >/sys/bus/virtio/drivers/virtio_net/unbind
	echo "$device" >/sys/bus/virtio/drivers/virtio_net/bind
	for _ in $(seq 100); do
		has "$(ip -n physical -d -o link show)" "parentdev $device" >/dev/null && break
		sleep 0.1
	done
	has "$(ip -n physical -d -o link show)" "parentdev $device"
	lacks "$(ip -d -o link show)" "parentdev $device"
	run_split "$WGCTL" physical status
	is "$status" 0
	"$WGCTL" -q physical down
	has "$(ip -d -o link show)" "parentdev $device"
	lacks "$(ip -d -o link show)" "wgctl:physical"
	# Here it would have been another eth0.
	name=$(ip -d -o link show | sed -n "s/^[0-9]*: \([^:]*\):.*parentdev $device .*/\1/p")
	[ "$name" != eth0 ]
	[ "$name" = eth2 ] || ip link set dev "$name" name eth2
}

@test "[26] a lease is kept by a client in there, whose name servers stay in there" {
	ip netns exec lan dnsmasq --no-daemon --no-resolv --no-hosts --port=0 --interface=eth1 --bind-interfaces \
		--dhcp-range=10.0.0.2,10.0.0.2,255.255.255.0,10m --dhcp-option=6,10.0.0.99 --no-ping --dhcp-leasefile="$BATS_TEST_TMPDIR/leases" \
		>"$BATS_TEST_TMPDIR/dnsmasq" 2>&1 3>&- &
	pids+=($!)
	ip addr change 10.0.0.2/24 dev eth0 valid_lft 600 preferred_lft 600
	settle eth0
	before=$(cat /etc/resolv.conf)
	"$WGCTL" -q physical up home
	for _ in $(seq 600); do
		grep -q 10.0.0.99 /etc/netns/physical/resolv.conf && break
		sleep 0.2
	done
	grep -q 'nameserver 10.0.0.99' /etc/netns/physical/resolv.conf
	not grep -q 10.0.0.99 /etc/resolv.conf
	grep -q 'nameserver 10.8.0.1' /etc/resolv.conf
	has "$(ip -n physical -o addr show dev eth0)" 10.0.0.2/24
	ping -q -c 1 -W 10 10.8.0.1
	# Nobody is inside but ours.
	lacks "$("$WGCTL" physical status)" "inside:"
	"$WGCTL" -q physical down
	is "$(cat /etc/resolv.conf)" "$before"
	not pgrep -x dhcpcd
}

@test "[20] the endpoint's name is asked of the resolver in there, and the tunnel is found through it" {
	ip netns exec lan dnsmasq --no-daemon --no-resolv --no-hosts --listen-address=10.0.0.1 --bind-interfaces --log-queries \
		--log-facility=- --address=/gate.example/10.0.0.1 >"$BATS_TEST_TMPDIR/dns" 2>&1 3>&- &
	pids+=($!)
	echo 'nameserver 10.0.0.1' >/etc/resolv.conf
	settle eth0
	profile home gate.example
	"$WGCTL" -q physical up home
	ping -q -c 1 -W 10 10.8.0.1
	grep -q 'query\[A\] gate.example from 10.0.0.2' "$BATS_TEST_TMPDIR/dns"
	grep -q 'nameserver 10.0.0.1' /etc/netns/physical/resolv.conf
	"$WGCTL" -q physical down
	echo 'nameserver 192.0.2.53' >/etc/resolv.conf
}

# In guests the station was not seen to find its access point.
@test "[26] a radio goes with its links, is connected in there, and comes back" {
	modprobe -r mac80211_hwsim && modprobe mac80211_hwsim radios=2
	for _ in $(seq 50); do [ -e /sys/class/net/wlan1 ] && break; sleep 0.1; done
	iw phy "$(cat /sys/class/net/wlan1/phy80211/name)" set netns name lan
	cat >"$BATS_TEST_TMPDIR/ap.conf" <<-END
		interface=wlan1
		driver=nl80211
		ssid=wgctl
		channel=1
		wpa=2
		wpa_key_mgmt=WPA-PSK
		rsn_pairwise=CCMP
		wpa_passphrase=a wire of air
	END
	ip netns exec lan hostapd "$BATS_TEST_TMPDIR/ap.conf" >"$BATS_TEST_TMPDIR/ap" 2>&1 3>&- &
	pids+=($!)
	ip -n lan addr add 10.1.0.1/24 dev wlan1
	mkdir -p /etc/wpa_supplicant
	(umask 077 && cat >/etc/wpa_supplicant/wpa_supplicant-wlan0.conf) <<-END
		network={
			ssid="wgctl"
			psk="a wire of air"
		}
	END
	ip addr add 10.1.0.2/24 dev wlan0
	ip link set wlan0 up
	profile home 10.1.0.1
	before=$(machine)
	listen wlan1
	"$WGCTL" -q physical up home
	not ip link show wlan0
	for _ in $(seq 150); do
		ip -n physical -o link show wlan0 | grep -q 'state UP' && break
		sleep 0.2
	done
	has "$(ip netns exec physical iw dev wlan0 link)" "SSID: wgctl" || {
		tail -n 20 "$BATS_TEST_TMPDIR/ap"
		pgrep -a -x wpa_supplicant
		ip netns exec physical iw dev wlan0 scan | grep -E 'BSS|SSID|freq'
		return 1
	}
	has "$(ip -n physical -o addr show dev wlan0)" 10.1.0.2/24
	ping -q -c 2 -W 10 10.8.0.1
	chatter
	sleep 1
	kill "$chatter"
	not grep . "$BATS_TEST_TMPDIR/wire"
	"$WGCTL" -q physical down
	not pgrep -x wpa_supplicant
	settle eth0
	same "$before" "$(machine)"
	# The namespace dies with the client in it: the radio comes home by itself, and recover does the rest.
	"$WGCTL" -q physical up home
	ip netns del physical
	pkill -9 -x wpa_supplicant
	for _ in $(seq 50); do
		ip link show wlan0 >/dev/null 2>&1 && break
		sleep 0.2
	done
	"$WGCTL" -q physical recover
	settle eth0
	same "$before" "$(machine)"
}
