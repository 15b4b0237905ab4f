#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The kill switch, judged by what leaves the machine: a client that never stops
# talking, in both families, and a listener on the uplink. What it hears must be
# WireGuard to the endpoint, or what the profile allows.

load lib
load net
load outside

ANYWHERE=(203.0.113.9 2001:db8:9::9 192.0.2.53)
IN_FORCE="table inet wgctl-ftun/kill"

setup() {
	world
}

teardown() {
	world_gone
}

in_force() {
	on c nft list tables | grep -qxF "$IN_FORCE"
}

# killed_at N up|down: at the N-th line of the journal; true when it was killed.
killed_at() {
	local status=0
	on c strace -o "$BATS_TEST_TMPDIR/strace" -e trace=fdatasync -e inject="fdatasync:signal=KILL:when=$1" \
		"$WGCTL" "$2" ftun >"$BATS_TEST_TMPDIR/killed" 2>&1 || status=$?
	[ "$status" = 137 ] || { [ "$status" = 0 ] || cat "$BATS_TEST_TMPDIR/killed"; return 1; }
}

from=1 by=1
share 9

@test "on: nothing but WireGuard leaves, through loss of the server, of the link, and an up that repairs" {
	full ftun "KillSwitch = on"
	before=$(snapshot c)
	# The listener hears, and the talker talks.
	listen
	chatter "${ANYWHERE[@]}"
	sleep 0.5
	leaks=$(heard)
	echo "${leaks:0:2000}"
	for what in '> 203.0.113.9.9: UDP' '> 203.0.113.9.80: Flags' '> 203.0.113.9: ICMP' '> 2001:db8:9::9.9: UDP' \
		'> 2001:db8:9::9.80: Flags' '> 2001:db8:9::9: ICMP6' '> 192.0.2.53.53: '; do
		grep -qF "$what" <<<"$leaks"
	done

	on c "$WGCTL" up ftun
	listen
	sleep 0.3
	on c nft list table inet wgctl-ftun/kill >"$BATS_TEST_TMPDIR/table"
	# The server is gone, and comes.
	on s ip link set j-s-c down
	sleep 0.3
	on s ip link set j-s-c up
	on s "$WGCTL" up hub
	reach 10.8.0.1
	# The link is deleted by hand.
	on c ip link del ftun
	sleep 0.3
	in_force
	# up repairs, and there is no moment between.
	on c "$WGCTL" up ftun
	reach 10.8.0.1
	# Changed while it is up: the tunnel, and the kill switch itself.
	profile=$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf
	sed -i 's/^Address.*/&\nMTU = 1400/' "$profile"
	on c "$WGCTL" reload ftun
	sed -i 's/^KillSwitch.*/&\nAllowLAN = no/' "$profile"
	on c "$WGCTL" reload ftun
	on c "$WGCTL" diff ftun
	reach 10.8.0.1
	no_leak "while it was up"
	quiet
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "on: while one kill switch takes the place of another, the door is shut" {
	full ftun "KillSwitch = lockdown"
	on c "$WGCTL" lockdown ftun
	listen
	# Faster than chatter: the moment is short. Its packets could go, so they need no answer first.
	on c ip neigh replace 198.51.100.2 lladdr 02:00:00:00:00:01 dev j-c-s
	in_background c python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setblocking(False)
while True:
    try: s.sendto(b"leak", ("203.0.113.9", 9))
    except OSError: pass' >/dev/null 2>&1
	# shellcheck disable=SC2034 # quiet ends it
	CHATTER=$!
	sleep 0.2
	handle() { on c nft -a list table inet wgctl-ftun/kill | sed -n '1s/.*# handle //p'; }
	first=$(handle)
	# In emulation each takes a second, and one processor shows less of it.
	for ((n = from; n <= 40; n += by)); do on c "$WGCTL" lockdown ftun 2>/dev/null; done
	[ "$(handle)" -gt "$first" ]
	no_leak "in a change"
	# And they do go where nothing holds them.
	listen
	on c "$WGCTL" down --unlock ftun
	sleep 0.2
	leaks=$(heard)
	quiet
	has "$leaks" "203.0.113.9.9: UDP"
}

@test "on: up and down killed at every step" {
	full ftun "KillSwitch = on"
	before=$(snapshot c)
	chatter "${ANYWHERE[@]}"
	loaded=0
	for ((n = from; ; n += by)); do
		killed_at $n up || break
		if in_force; then
			loaded=$((loaded + 1))
			listen
			sleep 0.05
			# Every other time the repair is left to down.
			if ((n % 2)); then on c "$WGCTL" up ftun; fi
			no_leak "up killed at $n"
		fi
		on c "$WGCTL" down ftun >/dev/null 2>&1 || [ $? = 3 ]
		same "$before" "$(snapshot c)"
	done
	[ $loaded -gt 1 ]
	# The last one was not killed: it is up. What down takes back last is this.
	for ((n = from; ; n += by)); do
		listen
		if ! killed_at $n down; then
			heard >/dev/null
			break
		fi
		if in_force; then
			no_leak "down killed at $n"
		else
			heard >/dev/null
			on c ip link show ftun >"$BATS_TEST_TMPDIR/link" 2>&1 && { echo "down, killed at $n: open, and the link is there"; return 1; }
		fi
		on c "$WGCTL" up ftun
	done
	quiet
	same "$before" "$(snapshot c)"
}

# Two profiles that differ in nearly everything that a reload can change.
one() { full ftun "KillSwitch = on"; }
other() {
	full ftun "KillSwitch = on
		AllowLAN = no
		FwMark = 0x1234
		MTU = 1400
		DNSMode = file
		DNS = 10.8.0.1" 198.51.100.3:51820 "0.0.0.0/0, ::/0" "10.8.0.3/24, fd08::3/64"
	printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.55.0.0/16\n' "$("$WGCTL" genkey | "$WGCTL" pubkey)" \
		>>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf"
}

@test "on: a reload of nearly everything, killed at every step" {
	on s ip addr add 198.51.100.3/24 dev j-s-c
	on s "$WGCTL" up hub
	one
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	# Some of it goes by the uplink whatever the routes say: against that there is the kill switch alone.
	chatter "${ANYWHERE[@]}" 203.0.113.9%j-c-s 2001:db8:9::9%j-c-s
	listen '(198.51.100.2 or 198.51.100.3)'
	sleep 0.3
	for ((n = from; ; n += by)); do
		other
		killed_at $n reload || break
		in_force
		# Every other time on to the end first; else back from where it was.
		if ((n % 2)); then on c "$WGCTL" reload ftun; fi
		one
		on c "$WGCTL" reload ftun
		in_force
	done
	on c "$WGCTL" diff ftun
	[ "$n" -gt 20 ]
	one
	on c "$WGCTL" reload ftun
	on c "$WGCTL" diff ftun
	reach 10.8.0.1
	no_leak "a reload killed at one of $n places"
	quiet
	# Whatever is half done then, down takes back.
	for n in 3 9 16; do
		other
		killed_at $n reload
		on c "$WGCTL" down ftun
		same "$before" "$(snapshot c)"
		one
		on c "$WGCTL" up ftun
	done
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "lockdown: stays through down, up, kills and loss, until it is told otherwise" {
	full ftun "KillSwitch = lockdown"
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	listen
	chatter "${ANYWHERE[@]}"
	run on c "$WGCTL" down ftun
	[ "$status" = 0 ]
	[[ $output == *"down --unlock ftun"* ]]
	in_force
	not on c ip link show ftun
	run on c "$WGCTL" down ftun
	[ "$status" = 3 ]
	[[ $output == *"--unlock"* ]]
	on c "$WGCTL" list | grep -q 'ftun *locked'
	on c "$WGCTL" status ftun | grep -q 'lockdown'
	run on c "$WGCTL" down --all
	[ "$status" = 0 ]
	in_force
	# An up that fails leaves it locked, as it was.
	sed -i 's/^KillSwitch/PostUp = false\nKillSwitch/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf"
	run on c "$WGCTL" up ftun
	[ "$status" = 1 ]
	in_force
	on c "$WGCTL" list | grep -q 'ftun *locked'
	sed -i '/^PostUp/d' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf"
	for ((n = from; ; n += by + 2)); do
		killed_at $n up || break
		in_force
	done
	for ((n = from; ; n += by + 2)); do
		killed_at $n down || break
		in_force
		on c "$WGCTL" up ftun
	done
	on c "$WGCTL" up ftun
	on s "$WGCTL" up hub
	reach 10.8.0.1
	on c ip link del ftun
	on c "$WGCTL" down ftun
	no_leak "in a lockdown"
	quiet
	on c "$WGCTL" down --unlock ftun
	same "$before" "$(snapshot c)"
	# From up to the end in one.
	on c "$WGCTL" up ftun
	on c "$WGCTL" down --unlock ftun
	same "$before" "$(snapshot c)"
	run on c "$WGCTL" down --unlock ftun
	[ "$status" = 3 ]
}

@test "recover: a lockdown is nothing to recover, and what ends it is said" {
	not_for_guests
	full ftun "KillSwitch = lockdown"
	on c "$WGCTL" lockdown ftun
	run on c "$WGCTL" recover ftun
	[ "$status" = 0 ]
	[[ $output == *"'ftun' has nothing to recover: it is down"*"\`wgctl down --unlock ftun\`"* ]]
	in_force
	on c "$WGCTL" down --unlock ftun
}

@test "lockdown before up: nothing leaves until the tunnel is there; up takes it over, down keeps it" {
	full ftun "KillSwitch = lockdown" hub.example.test:51820
	# As at boot: no way to anywhere, nobody who knows names, nothing to make a tunnel of.
	on c sh -c 'ip link set j-c-s down; : >/etc/resolv.conf'
	before=$(snapshot c)
	run on c "$WGCTL" lockdown -n ftun
	is "$status" 0
	has "$output" killswitch.load
	lacks "$output" link.create
	same "$before" "$(snapshot c)"
	on c env WG_QUICK_USERSPACE_IMPLEMENTATION=/nonexistent "$WGCTL" lockdown ftun
	in_force
	on c sh -c 'ip link set j-c-s up; ip route add default via 198.51.100.2; ip -6 addr replace 2001:db8:1::1/64 dev j-c-s nodad
		ip -6 route add default via 2001:db8:1::2; echo nameserver 198.51.100.2 >/etc/resolv.conf'
	settled c j-c-s
	listen
	chatter "${ANYWHERE[@]}"
	on c "$WGCTL" list | grep -q 'ftun *locked'
	run on c "$WGCTL" down ftun
	is "$status" 3
	has "$output" "--unlock"
	# Again, and killed at every line of the journal: it never ends.
	run on c "$WGCTL" lockdown ftun
	is "$status" 0
	for ((n = 1; ; n++)); do
		killed_at $n lockdown || break
		in_force
		on c "$WGCTL" list | grep -q 'ftun *locked'
	done
	[ "$n" -gt 2 ]
	# Up: the name of the server is looked up under it.
	printf 'hosts: dns\n' >"$BATS_TEST_TMPDIR/nsswitch"
	on c mount --bind "$BATS_TEST_TMPDIR/nsswitch" /etc/nsswitch.conf
	in_background s dnsmasq --no-daemon --no-hosts --no-resolv --listen-address=198.51.100.2 --bind-interfaces --pid-file= \
		--address=/hub.example.test/198.51.100.2 >"$BATS_TEST_TMPDIR/dnsmasq" 2>&1
	on s "$WGCTL" up hub
	run on c "$WGCTL" up --wait 20 ftun
	is "$status" 0
	lacks "$output" "half-way"
	reach 10.8.0.1
	run on c "$WGCTL" lockdown ftun
	is "$status" 0
	has "$output" "is up"
	on c "$WGCTL" down ftun
	in_force
	sleep 0.3
	# All that was heard is wgctl's own question for the server's name.
	leaks=$(heard)
	has "$leaks" hub.example.test
	lacks "$(grep -v 'hub.example.test' <<<"$leaks")" ' IP'
	quiet
	on c "$WGCTL" down --unlock ftun
	not in_force
	on c sh -c 'ip link set j-c-s down; : >/etc/resolv.conf; umount /etc/nsswitch.conf'
	same "$before" "$(snapshot c)"
}

@test "lockdown --all: the profiles that ask for it, and whatever is wrong with one keeps no other open" {
	not_for_guests
	full ftun "KillSwitch = lockdown
		PostUp = true"
	full second "KillSwitch = on" 198.51.100.2:51820 10.8.0.1/32 10.8.0.3/32
	full apart "KillSwitch = lockdown
		InterfaceNamespace = apart"
	before=$(snapshot c)
	run on c "$WGCTL" lockdown --all
	is "$status" 0
	is "$(on c nft list tables)" "$IN_FORCE"
	run on c "$WGCTL" --json lockdown --all
	is "$(jq -r '.profiles[] | "\(.name) \(.result) \(.locked)"' <<<"$output")" "ftun locked true"
	on c "$WGCTL" down --unlock ftun
	same "$before" "$(snapshot c)"
	echo "Nonsense = 1" >>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/apart.conf"
	run on c "$WGCTL" lockdown --all
	is "$status" 5
	has "$output" "Nonsense"
	in_force
	on c "$WGCTL" down --unlock ftun
	# One that does not ask for it is told so, and where.
	run on c "$WGCTL" lockdown second
	is "$status" 5
	has "$output" "second.conf:4:"
	has "$output" "KillSwitch = lockdown"
	# Up with a kill switch that ends with it: that is another profile than the file has now.
	on c "$WGCTL" up second
	sed -i 's/KillSwitch = on/KillSwitch = lockdown/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/second.conf"
	run on c "$WGCTL" lockdown second
	is "$status" 1
	has "$output" "wgctl reload second"
	on c "$WGCTL" reload second
	on c "$WGCTL" lockdown second
	on c "$WGCTL" down --unlock second
	same "$before" "$(snapshot c)"
}

@test "the local network: reached by default, but not what the tunnel has of it, nor for names; AllowLAN = no" {
	on c sh -c 'ip addr add 192.168.7.2/24 dev j-c-s; ip addr add fd77::2/64 dev j-c-s nodad'
	on s sh -c 'ip addr add 192.168.7.1/24 dev j-s-c; ip addr add fd77::1/64 dev j-s-c nodad'
	full ftun "KillSwitch = on
		ExcludeIPs = 203.0.113.128/25
		DNS = 10.8.0.1
		DNSMode = file"
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	on c ping -c 1 -W 5 192.168.7.1
	on c ping -c 1 -W 5 fd77::1
	# A server in the tunnel's own network, when there is no tunnel; names asked
	# of the router; and what is not allowed, beside what is.
	on c ip link del ftun
	listen
	chatter 10.8.0.1 fd08::1 203.0.113.9
	sleep 0.3
	quiet
	no_leak "to the tunnel's network without a tunnel"
	listen
	on c python3 -c '
import socket
for to in (("192.168.7.1", 53), ("192.168.7.1", 5000), ("203.0.113.200", 5000)):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", to)
    except OSError:
        pass'
	leaks=$(heard)
	echo "$leaks"
	lacks_line "$leaks" '192.168.7.1.53'
	grep -qF '192.168.7.1.5000: UDP' <<<"$leaks"
	grep -qF '203.0.113.200.5000: UDP' <<<"$leaks"
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"

	full ftun "KillSwitch = on
		AllowLAN = no"
	on c "$WGCTL" up ftun
	listen
	not on c ping -c 1 -W 1 192.168.7.1
	not on c ping -c 1 -W 1 fd77::1
	no_leak "to the local network"
	# A lease is renewed all the same.
	listen
	on c python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 68))
s.sendto(b"x", ("192.168.7.1", 67))'
	heard | grep -qF '192.168.7.1.67: BOOTP'
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

lacks_line() {
	not grep -qF "$2" <<<"$1"
}

@test "two kill switches: neither cuts the other off; forwarded packets are held back, too" {
	host_new box
	join c 10.66.0.1/24 box 10.66.0.2/24
	on c sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	on box ip route add default via 10.66.0.1
	full ftun "KillSwitch = on"
	keys client
	cat >>"$BATS_TEST_TMPDIR/host-s/etc-wgctl/hub.conf" <<-END
		[Peer]
		PublicKey = $client_public
		AllowedIPs = 10.8.0.3/32
	END
	on s "$WGCTL" up hub
	full second "KillSwitch = on" 198.51.100.2:51820 10.8.0.1/32 10.8.0.3/32
	before=$(snapshot c)
	on c "$WGCTL" up ftun
	one=$(snapshot c)
	listen
	# From a container, as it were: there is no way around for it either.
	not on box ping -c 1 -W 1 203.0.113.9
	reach 10.8.0.1
	on c "$WGCTL" up second
	reach -I ftun 10.8.0.1
	reach -I second 10.8.0.1
	on c "$WGCTL" down second
	same "$one" "$(snapshot c)"
	on c "$WGCTL" up second
	on c "$WGCTL" down ftun
	reach -I second 10.8.0.1
	not on box ping -c 1 -W 1 203.0.113.9
	no_leak "with two"
	on c "$WGCTL" down second
	same "$before" "$(snapshot c)"
}

@test "names: looked up without it, and again under it, by wgctl and nobody else" {
	full ftun "KillSwitch = lockdown" hub.example.test:51820
	printf 'hosts: dns\n' >"$BATS_TEST_TMPDIR/nsswitch"
	on c mount --bind "$BATS_TEST_TMPDIR/nsswitch" /etc/nsswitch.conf
	echo "nameserver 198.51.100.2" >"$BATS_TEST_TMPDIR/resolv"
	on c mount --bind "$BATS_TEST_TMPDIR/resolv" /etc/resolv.conf
	in_background s dnsmasq --no-daemon --no-hosts --no-resolv --listen-address=198.51.100.2 --bind-interfaces --pid-file= \
		--address=/hub.example.test/198.51.100.2 >"$BATS_TEST_TMPDIR/dnsmasq" 2>&1
	on s "$WGCTL" up hub
	before=$(snapshot c)
	on c "$WGCTL" up --wait 20 ftun
	reach 10.8.0.1
	on c "$WGCTL" down ftun
	not on c timeout 2 getent hosts hub.example.test
	on c "$WGCTL" up --wait 20 ftun
	reach 10.8.0.1
	on c "$WGCTL" down ftun
	# systemd-resolved cannot ask for us; it says whom it would ask.
	echo "nameserver 127.0.0.53" >"$BATS_TEST_TMPDIR/resolv"
	not on c "$WGCTL" up --wait 1 ftun
	on c sh -c 'mkdir -p /run/systemd/resolve; echo nameserver 198.51.100.2 >/run/systemd/resolve/resolv.conf'
	on c "$WGCTL" up --wait 20 ftun
	reach 10.8.0.1
	on c sh -c 'rm -r /run/systemd'
	on c "$WGCTL" down --unlock ftun
	echo "nameserver 198.51.100.2" >"$BATS_TEST_TMPDIR/resolv"
	same "$before" "$(snapshot c)"
}

@test "a machine without nftables: refused before anything is changed" {
	full ftun "KillSwitch = on"
	[ -n "${WGCTL_VM-}" ] || skip "elsewhere: in guests, whose modules can be kept out"
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
	rm /run/modprobe.d/no-nft.conf
	echo "$output"
	[ "$status" = 1 ]
	[[ $output == *"the kill switch cannot be put in force"* ]]
	[[ $output == *"ftun.conf:4:"* ]]
	same "$before" "$(snapshot c 2>/dev/null)"
}

@test "the dry run shows it, and where it stands" {
	not_for_guests
	full ftun "KillSwitch = on"
	before=$(snapshot c)
	run on c "$WGCTL" up -n -v ftun
	[ "$status" = 0 ]
	[[ $output == *killswitch.load*"$IN_FORCE"* ]]
	[[ ${output%%device.configure*} == *killswitch.load* ]]
	same "$before" "$(snapshot c)"
}
