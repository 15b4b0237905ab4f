#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# `wgctl physical` with links that are taken for devices because they are named:
# what does not need hardware. Real network cards and radios are in vm/physical.bats.

load lib
load net

setup() {
	client_and_server
	on s "$WGCTL" -q up hub
	# The first name that anybody gives makes /run/netns a mount, for good.
	on c ip netns add first
	on c ip netns del first
	# A network as people have it: a gateway, a route beside it, a rule, a metric.
	on c ip route add default via 10.9.0.2 dev j-c-s metric 100
	on c ip route add 198.51.100.0/24 via 10.9.0.2 dev j-c-s table 77
	on c ip rule add from 10.9.0.1 lookup 77 priority 900
	on c ip addr add 10.9.0.50/24 dev j-c-s
	on c ip -6 addr add fd09::1/64 dev j-c-s nodad
	on c ip -6 route add default via fd09::2 dev j-c-s
	on c ip link set j-c-s alias 'to the wall' mtu 1400
	on c sysctl -qw net.ipv4.conf.j-c-s.rp_filter=2
	profile c home.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

teardown() {
	on c "$WGCTL" -q physical down --kill 2>/dev/null || true
	hosts_gone
}

physical() { on c "$WGCTL" physical "$@" --take j-c-s; }
# What comes of a datagram to a port of $1.
knock='
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.connect((sys.argv[1], 43477))
s.send(b"x")
try:
    s.recv(9)
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silence")
'
inside() { on c ip netns exec physical "$@"; }

@test "physical up moves the device with all that it has, down brings it home as it was" {
	before=$(snapshot c)
	physical up home
	# Here: loopback and the tunnel.
	is "$(on c ip -o link show | cut -d: -f2 | tr -d ' ' | cut -d@ -f1 | grep -v -E '^(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$' | xargs)" "lo home"
	has "$(on c ip route show default)" "default dev home"
	on c ping -q -c 2 -W 5 -i 0.2 10.8.0.1
	on c ping -q -c 1 -W 5 fd08::1
	# systemd-networkd, which is to read that, is not root.
	is "$(on c stat -c %a /run/systemd/network /run/systemd/network/00-wgctl-physical.network /run/NetworkManager/conf.d/90-wgctl-physical.conf | xargs)" "755 644 644"
	is "$(on c stat -Lc %a /etc/netns/physical/resolv.conf)" 644
	# There: the device, its addresses, its ways.
	has "$(inside ip -o addr show dev j-c-s)" "10.9.0.1/24"
	has "$(inside ip -o addr show dev j-c-s)" "10.9.0.50/24"
	has "$(inside ip -o addr show dev j-c-s)" "fd09::1/64"
	has "$(inside ip route show default)" "via 10.9.0.2 dev j-c-s metric 100"
	has "$(inside ip -6 route show default)" "via fd09::2"
	has "$(inside ip route show table 77)" "198.51.100.0/24 via 10.9.0.2"
	has "$(inside ip rule show)" "900:	from 10.9.0.1 lookup 77"
	has "$(inside ip link show j-c-s)" "mtu 1400"
	inside grep -qx 2 /proc/sys/net/ipv4/conf/j-c-s/rp_filter
	inside ping -q -c 1 -W 5 10.9.0.2
	run_split on c "$WGCTL" physical status
	is "$status" 0
	has "$output" "physical: up, tunnel home, guard in force"
	physical up home
	on c "$WGCTL" physical down
	settled c j-c-s
	same "$before" "$(snapshot c)"
	run_split on c "$WGCTL" physical status
	is "$status" 3
}

@test "a route over two devices, one without a carrier, goes with both and comes home" {
	on c ip link add spare type veth peer name socket
	on c ip addr add 10.77.0.1/24 dev spare
	on c ip addr add fd77::1/64 dev spare nodad
	on c ip link set spare up
	on c ip route add 203.0.113.0/24 nexthop via 10.9.0.2 dev j-c-s nexthop via 10.77.0.2 dev spare weight 2
	has "$(on c ip route show 203.0.113.0/24)" "dev spare weight 2 linkdown"
	on c ip -6 route add fd99::/64 nexthop via fd09::2 dev j-c-s nexthop via fd77::2 dev spare weight 2
	is "$(on c ip -6 route show fd99::/64 | grep -c nexthop)" 2
	before=$(snapshot c)
	on c "$WGCTL" -q physical up home --take j-c-s --take=spare
	has "$(inside ip route show 203.0.113.0/24)" "nexthop via 10.9.0.2 dev j-c-s weight 1"
	has "$(inside ip route show 203.0.113.0/24)" "nexthop via 10.77.0.2 dev spare weight 2 linkdown"
	on c "$WGCTL" -q physical down
	settled c j-c-s
	same "$before" "$(snapshot c)"
	# With one of them only: it has no half in there, and comes home all the same.
	run_split on c "$WGCTL" physical up home --take j-c-s
	is "$status" 0
	has "$errors" "2 routes could not be carried over: it goes over another link as well, which is not there"
	is "$(inside ip route show 203.0.113.0/24)" ""
	is "$(on c ip -6 route show fd99::/64)" "fd99::/64 via fd77::2 dev spare metric 1024 linkdown pref medium"
	on c "$WGCTL" -q physical down
	settled c j-c-s
	same "$before" "$(snapshot c)"
	on c ip link del spare
}

@test "[26] a port that nobody has in there, as a tunnel's that went, answers nobody in clear" {
	# It would be heard: here it is answered.
	for to in 10.9.0.1 fd09::1; do
		on s ip addr add fd09::2/64 dev j-s-c nodad 2>/dev/null || true
		is "$(on s python3 -c "$knock" "$to")" refused
	done
	physical up home
	on s ip neigh flush dev j-s-c
	for to in 10.9.0.1 fd09::1; do is "$(on s python3 -c "$knock" "$to")" silence; done
	# From inside to inside it is told.
	is "$(inside python3 -c "$knock" 127.0.0.1)" refused
}

@test "a full /run: down brings the device home all the same" {
	before=$(snapshot c)
	physical up home
	no_room c
	run on c "$WGCTL" physical down
	is "$status" 0
	has "$output" 'No space left on device'
	on c rm /run/fill
	settled c j-c-s
	same "$before" "$(snapshot c)"
}

@test "the plan is shown, and nothing changed; what cannot be is refused with a sentence" {
	before=$(snapshot c)
	run_split physical up -n home
	is "$status" 0
	has "$output" "guard.load"
	has "$output" "table inet wgctl_physical: nothing leaves but through { \"lo\", \"home\" }"
	has "$output" "nic.move         j-c-s (taken as asked) to physical"
	has "$output" "ip link set j-c-s netns physical  | undo: bring home"
	# Nothing to move, a name that is not there.
	run_split on c "$WGCTL" physical up home
	is "$status" 1
	has "$errors" "there is no network device here that could be moved"
	run_split on c "$WGCTL" physical up home --take eth7
	has "$errors" "there is no link 'eth7'"
	# A session that would hang.
	run_split on c env SSH_CONNECTION='10.9.0.2 50000 10.9.0.1 22' "$WGCTL" physical up home --take j-c-s
	is "$status" 1
	has "$errors" "you are here over SSH, through 'j-c-s', which would be moved"
	has "$errors" "--confirm 60"
	# One over a link that stays: nothing gets out by it any more, unless it is left.
	on c ip link add another type veth peer name beyond
	on c ip link property add dev another altname another-tunnel-of-the-machine
	on c ip addr add 10.55.0.1/24 dev another
	on c ip link set another up
	on c ip link set beyond up
	run_split on c env SSH_CONNECTION='10.55.0.2 50000 10.55.0.1 22' "$WGCTL" physical up home --take j-c-s
	is "$status" 1
	has "$errors" "you are here over SSH, through 'another', by which nothing would get out any more"
	# Its other name is one that nft does not know.
	run_split physical up -n home --leave another-tunnel-of-the-machine
	has "$output" "nothing leaves but through { \"lo\", \"home\", \"another\" }"
	run_split on c env SSH_CONNECTION='10.55.0.2 50000 10.55.0.1 22' "$WGCTL" physical up home --take j-c-s --leave another-tunnel-of-the-machine
	is "$status" 0
	on c "$WGCTL" physical status
	# Whoever is at work on the devices is waited for.
	on c flock /run/wgctl/.physical/journal sleep 2 3>&- &
	sleep 0.5
	run_split on c "$WGCTL" physical down
	is "$status" 0
	on c ip link del another
	# Somebody else's namespace of that name.
	on c ip netns add physical
	run_split physical up home
	is "$status" 1
	has "$errors" "there is a network namespace 'physical' already, which wgctl did not make"
	on c ip netns del physical
	# A tunnel that is up sends its packets from here.
	on c "$WGCTL" -q up home
	run_split physical up home
	has "$errors" "'home' is up already, and sends its packets from here"
	on c "$WGCTL" -q down home
	# A port of a bridge.
	on c ip link add br0 type bridge
	on c ip link set j-c-s master br0
	run_split physical up home
	is "$status" 1
	has "$errors" "'j-c-s' cannot be moved: a port of the bridge br0"
	has "$errors" "ip link set j-c-s nomaster"
	on c ip link set j-c-s nomaster
	on c ip link del br0
	run_split on c "$WGCTL" physical up
	is "$status" 2
	run_split on c "$WGCTL" physical upp home
	has "$errors" "did you mean 'up'?"
	run_split on c "$WGCTL" physical down
	is "$status" 3
	settled c j-c-s
	same "$before" "$(snapshot c)"
}

@test "[26] what stands on a device goes with it, a link of another kind on it is refused" {
	on c ip link add mv0 link j-c-s type macvlan mode bridge
	on c ip addr add 10.9.0.77/24 dev mv0
	on c ip link set mv0 up
	settled c mv0
	before=$(snapshot c)
	physical up home
	not on c ip link show mv0
	has "$(inside ip -o addr show dev mv0)" 10.9.0.77
	inside ping -q -c 1 -W 5 -I mv0 10.9.0.2
	on c "$WGCTL" physical down
	settled c j-c-s
	settled c mv0
	same "$before" "$(snapshot c)"
}

@test "who is inside is told of; down waits for him to go, or ends him, or goes on without" {
	physical up home
	on c setsid ip netns exec physical sleep 300 >/dev/null 2>&1 </dev/null 3>&- &
	for _ in $(seq 50); do
		has "$(on c "$WGCTL" physical status)" "inside: sleep" 2>/dev/null >&2 && break
		sleep 0.1
	done
	has "$(on c "$WGCTL" physical status)" "inside: sleep ("
	run_split on c "$WGCTL" physical down
	is "$status" 1
	has "$errors" "somebody is still in the namespace 'physical': sleep ("
	inside ip link show j-c-s >/dev/null
	on c ping -q -c 1 -W 5 10.8.0.1
	sleeper=$(on c ip netns pids physical | while read -r pid; do [ "$(cat "/proc/$pid/comm")" != sleep ] || echo "$pid"; done)
	# The device is out before the name goes: it does not vanish with who is inside.
	run_split on c "$WGCTL" physical down --force
	is "$status" 0
	has "$errors" "in a namespace without any network"
	kill "$sleeper"
	on c ip link show j-c-s
	physical up home
	on c setsid ip netns exec physical sleep 300 >/dev/null 2>&1 </dev/null 3>&- &
	sleep 0.5
	on c "$WGCTL" physical down --kill
	on c ip link show j-c-s
}

@test "what is started in there has nothing of the caller's, and writes files that others may read" {
	on c sh -c 'mkdir /run/sbin /run/work; mount -t overlay -o lowerdir=/usr/sbin,upperdir=/run/sbin,workdir=/run/work overlay /usr/sbin
		printf "#!/bin/sh\necho new >/etc/resolv.conf.new; mv /etc/resolv.conf.new /etc/resolv.conf; { readlink /proc/self/ns/net; stat -c %%a /etc; env; } >/run/seen.new; mv /run/seen.new /run/seen; exec sleep 1000\n" >/usr/sbin/dhcpcd
		chmod 755 /usr/sbin/dhcpcd'
	on c ip addr change 10.9.0.50/24 dev j-c-s valid_lft 600 preferred_lft 600
	on c env OF_ROOT=alone "$WGCTL" -q physical up --take j-c-s home
	for _ in {1..100}; do ! on c test -s /run/seen || break; sleep 0.05; done
	is "$(on c sed -n 1p /run/seen)" "$(inside readlink /proc/self/ns/net)"
	is "$(on c sed -n 2p /run/seen)" 755
	has "$(on c cat /run/seen)" PATH=
	lacks "$(on c cat /run/seen)" OF_ROOT
	is "$(on c stat -Lc %a /etc/netns/physical/resolv.conf)" 644
	on c "$WGCTL" -q physical down
}

@test "two clients in there have one /etc: what one writes the other reads" {
	local one two
	on c sh -c 'mkdir /run/sbin /run/work; mount -t overlay -o lowerdir=/usr/sbin,upperdir=/run/sbin,workdir=/run/work overlay /usr/sbin
		printf "#!/bin/sh\nexec sleep 1000\n" >/usr/sbin/dhcpcd
		chmod 755 /usr/sbin/dhcpcd'
	on c ip link add mv0 link j-c-s type macvlan mode bridge
	on c ip addr add 10.9.0.77/24 dev mv0 valid_lft 600 preferred_lft 600
	on c ip link set mv0 up
	on c ip addr change 10.9.0.50/24 dev j-c-s valid_lft 600 preferred_lft 600
	physical -q up home
	one=$(on c cut -d' ' -f1 /run/wgctl/.physical/dhcpcd.j-c-s.pid)
	two=$(on c cut -d' ' -f1 /run/wgctl/.physical/dhcpcd.mv0.pid)
	nsenter --target "$one" --mount sh -c 'echo nameserver 192.0.2.1 >/etc/resolv.conf'
	is "$(nsenter --target "$two" --mount cat /etc/resolv.conf)" "nameserver 192.0.2.1"
	nsenter --target "$two" --mount sh -c 'echo nameserver 192.0.2.2 >/etc/new; mv /etc/new /etc/resolv.conf'
	is "$(nsenter --target "$one" --mount cat /etc/resolv.conf)" "nameserver 192.0.2.2"
	is "$(on c cat /etc/netns/physical/resolv.conf)" "nameserver 192.0.2.2"
	lacks "$(on c cat /etc/resolv.conf)" 192.0.2.2
	on c "$WGCTL" -q physical down
	not on c test -e /run/wgctl/.physical
}

@test "from the marks alone: the journal is lost, the device comes home with its name" {
	physical up home
	has "$(inside ip link show j-c-s)" "alias wgctl:physical:j-c-s:to the wall"
	on c find /run/wgctl/.physical -name journal -type f -delete
	run_split on c "$WGCTL" physical recover
	is "$status" 0
	has "$errors" "'j-c-s' is home again"
	has "$(on c ip link show j-c-s)" "alias to the wall"
	not on c nft list table inet wgctl_physical
	not on c test -e /run/netns/physical
	not on c test -e /run/NetworkManager/conf.d/90-wgctl-physical.conf
	run_split on c "$WGCTL" physical recover
	has "$errors" "nothing to recover"
}

@test "the guard alone is left: recover removes it and says so, and so does the package that is removed" {
	guard_alone() {
		physical -q up home
		on c nft list table inet wgctl_physical >"$BATS_TEST_TMPDIR/guard"
		on c "$WGCTL" -q physical down
		on c nft -f "$BATS_TEST_TMPDIR/guard"
	}
	guard_alone
	run_split on c "$WGCTL" physical recover --dry-run
	has "$errors" "there is something to recover"
	run_split on c "$WGCTL" physical recover --json
	is "$(jq -r .physical.result <<<"$output")" recovered
	not on c nft list table inet wgctl_physical
	run_split on c "$WGCTL" physical recover
	has "$errors" "nothing to recover"
	guard_alone
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$WGCTL" "$BATS_TEST_TMPDIR/bin/wgctl"
	script() { on c env -u DPKG_ROOT PATH="$BATS_TEST_TMPDIR/bin:$PATH" sh -e "$WGCTL_ROOT/debian/wgctl.$1" "${@:2}"; }
	script prerm remove
	not on c nft list table inet wgctl_physical
	script prerm remove
	# There may be others again when what is left of a package is purged.
	on c "$WGCTL" -q up home
	script postrm purge
	on c "$WGCTL" -q down home
	script postrm remove
	not on c test -e /run/wgctl
}

@test "somebody else's namespace of that name stays, with a journal that knows ours by more than its name and without one" {
	local how inode pid
	for how in recover down without-journal; do
		physical -q up home
		# A veth goes with its namespace, and that when nobody is in it any more.
		for pid in $(living_in "net:[$(on c stat -Lc %i /run/netns/physical)]"); do kill -9 "$pid"; done
		on c ip netns del physical
		for _ in {1..100}; do on s ip link show j-s-c >/dev/null 2>&1 || break; sleep 0.05; done
		[ $how != without-journal ] || {
			on c find /run/wgctl/.physical -name journal -type f -delete
			on c sh -c 'kill "$(cut -d" " -f1 /run/wgctl/.physical/keeper.pid)"'
		}
		on c ip netns add physical
		inode=$(on c stat -Lc %i /run/netns/physical)
		if [ $how = down ]; then on c "$WGCTL" -q physical down; else on c "$WGCTL" -q physical recover; fi
		not on c nft list table inet wgctl_physical
		is "$(on c stat -Lc %i /run/netns/physical)" "$inode"
		on c ip netns del physical
		join c 10.9.0.1/24 s 10.9.0.2/24
	done
}

@test "a device with the mark of another one: refused, until recover has looked at it" {
	on c ip link set j-c-s alias 'wgctl:physical:eth7:to the wall'
	before=$(snapshot c)
	run physical up home
	is "$status" 1
	has "$output" "'j-c-s' bears the mark of 'eth7'"
	has "$output" 'wgctl physical recover'
	same "$before" "$(snapshot c)"
	on c "$WGCTL" physical recover
	has "$(on c ip -o link show dev eth7)" 'alias to the wall'
}

@test "a tunnel that was taken down meanwhile: status says that nothing gets out, up brings it up again in there" {
	before=$(snapshot c)
	physical up home
	has "$(on c "$WGCTL" physical up home 2>&1)" "are in 'physical' already"
	for how in "$WGCTL -q down home" "ip link del home"; do
		# shellcheck disable=SC2086
		on c $how
		run_split on c "$WGCTL" physical status
		is "$status" 1
		has "$output" "the tunnel is down, so nothing gets out"
		not on c ping -q -c 1 -W 1 10.8.0.1
		run_split on c "$WGCTL" physical up home
		is "$status" 0
		has "$errors" "'home' is up again"
		on c ping -q -c 1 -W 5 10.8.0.1
		run_split on c "$WGCTL" physical status
		is "$status" 0
	done
	has "$(on c "$WGCTL" status home)" "socket in physical"
	is "$(on c "$WGCTL" physical exec -- readlink /proc/self/ns/net)" "$(inside readlink /proc/self/ns/net)"
	on c "$WGCTL" -q physical down
	settled c j-c-s
	same "$before" "$(snapshot c)"
	run_split on c "$WGCTL" physical exec -- true
	is "$status" 125
	has "$errors" "the devices are not in 'physical'"
}

# shellcheck disable=SC2016
keeper='kill -0 "$(cut -d" " -f1 /run/wgctl/.physical/keeper.pid)"'
guarded() { on c nft list table inet wgctl_physical 2>/dev/null | grep -q 'kept in'; }
soon() { # COMMAND...: within ten seconds
	for _ in {1..100}; do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	"$@"
}

@test "somebody flushes all firewall rules: the keeper puts the guard in force again, whole" {
	local rules how pid
	physical -q up home
	rules=$(on c nft list table inet wgctl_physical)
	# By its policy alone it would let something out while one takes the place of another.
	is "$(grep -c 'drop comment "kept in"' <<<"$rules")" 2
	for how in "nft flush ruleset" "nft delete table inet wgctl_physical" "nft flush table inet wgctl_physical"; do
		# shellcheck disable=SC2086
		on c $how
		soon guarded
		same "$rules" "$(on c nft list table inet wgctl_physical)"
	done
	on c ping -q -c 1 -W 5 10.8.0.1
	# Somebody who does it all the time is not fought in a tight loop, and loses.
	for _ in {1..50}; do on c nft flush ruleset; done
	soon guarded
	on c "$WGCTL" physical status
	# What comes home by itself meets a shut door: the namespace dies with its device.
	for pid in $(living_in "net:[$(on c stat -Lc %i /run/netns/physical)]"); do kill -9 "$pid"; done
	on c ip netns del physical
	on c nft flush ruleset
	soon guarded
	on c "$WGCTL" -q physical recover
	not guarded
}

@test "no keeper, no guard: status says what is missing and what to do; up once more puts it right, and so does watch" {
	local watch before mends
	before=$(snapshot c)
	physical -q up home
	# The keeper may still be looking at what `up` itself did, and puts that right at once.
	told() { inside nft flush ruleset; run_split on c "$WGCTL" physical status; [ "$status" = 1 ]; }
	soon told
	has "$output" "what is sent to a port that nobody has there is answered in clear"
	for mends in up watch; do
		on c sh -c "${keeper/-0/-9}"
		soon not on c sh -c "$keeper"
		run_split on c "$WGCTL" physical status
		is "$status" 1
		has "$output" "the keeper is gone"
		has "$output" "\`wgctl physical up\` with its profile"
		is "$(on c "$WGCTL" physical status --json | jq -c '.physical | [.guard, .keeper]')" '[true,false]'
		inside nft flush ruleset
		has "$(on c "$WGCTL" physical status)" "the keeper is gone"
		on c nft flush ruleset
		run_split on c "$WGCTL" physical status
		is "$status" 1
		has "$output" "guard GONE"
		has "$output" "\`wgctl physical up\` with its profile puts it in force again"
		if [ $mends = up ]; then
			run_split physical up home
			is "$status" 0
			has "$errors" "the guard, it is in force again"
			has "$errors" "the keeper had ended, it is started again"
		else
			background c "$BATS_TEST_TMPDIR/watch" env WGCTL_WATCH_INTERVALS=poll=300,settle=100 "$WGCTL" watch home
			watch=$!
			soon guarded
			soon on c sh -c "$keeper"
			soon inside nft list table inet wgctl_physical
			soon grep "the keeper had ended, it is started again" "$BATS_TEST_TMPDIR/watch.err"
			# Its child by now: that ends once more, and is not taken for one that lives.
			on c sh -c "${keeper/-0/-9}"
			sleep 0.5
			soon on c sh -c "$keeper"
			is "$(grep -c "the keeper had ended" "$BATS_TEST_TMPDIR/watch.err")" 2
			kill "$watch"
			wait "$watch" || true
		fi
		guarded
		inside nft list table inet wgctl_physical
		on c "$WGCTL" physical status
	done
	on c "$WGCTL" -q physical down
	settled c j-c-s
	same "$before" "$(snapshot c)"
}

@test "unconfirmed, it is undone by itself; confirmed, it stays" {
	before=$(snapshot c)
	on c "$WGCTL" physical up home --take j-c-s --confirm 3 2>"$BATS_TEST_TMPDIR/said"
	has "$(cat "$BATS_TEST_TMPDIR/said")" "undone in 3 s, unless you run \`wgctl physical confirm\`"
	for _ in $(seq 100); do
		on c test -e /run/netns/physical || break
		sleep 0.2
	done
	settled c j-c-s
	for _ in $(seq 50); do
		on c test -e /run/wgctl/.physical || break
		sleep 0.1
	done
	same "$before" "$(snapshot c)"
	on c "$WGCTL" physical up home --take j-c-s --confirm 3
	on c "$WGCTL" physical confirm
	sleep 4
	inside ip link show j-c-s
}

@test "while a confirmation is waited for, up once more and options of other verbs leave it waiting" {
	waits() { on c "$WGCTL" physical status --json | jq -e '.physical.confirm_seconds | . > 0 and . <= 60'; }
	physical -q up home --confirm 60
	run_split physical up home --confirm 600
	is "$status" 0
	has "$errors" "are in 'physical' already"
	lacks "$errors" "undone in"
	waits
	cp "$BATS_TEST_TMPDIR"/host-c/etc-wgctl/{home,other}.conf
	run_split physical up other --confirm 600
	is "$status" 1
	has "$errors" "already, for 'home'"
	waits
	run_split on c "$WGCTL" physical confirm --dry-run
	is "$status" 2
	waits
	run_split on c "$WGCTL" physical exec --dry-run -- touch "$BATS_TEST_TMPDIR/ran"
	is "$status" 125
	not test -e "$BATS_TEST_TMPDIR/ran"
	run_split on c "$WGCTL" physical confirm
	has "$errors" "confirmed: the devices stay"
}

# The same with network cards, at the lines of one journal only, is in vm/physical.bats.
@test "[18] killed in the middle of up and down, recover puts everything back, and meanwhile nothing is in clear on the wire" {
	[ -z "${WGCTL_VM-}" ] || skip "elsewhere: on the machine itself, and with cards in vm/physical.bats"
	local n what status before words wire=$BATS_TEST_TMPDIR/wire
	before=$(snapshot c)
	for what in up down; do
		words=(down)
		[ $what = down ] || words=(up home --take j-c-s)
		# Every second one, from the other end than vm/physical.bats.
		for n in $(seq 2 2 200); do
			[ $what = up ] || physical -q up home
			status=0
			# Both journals, that of the devices and that of the tunnel, and what stands beside them.
			on c strace -o "$BATS_TEST_TMPDIR/strace" -e trace=write -e inject=write:signal=KILL:when="$n" \
				"$WGCTL" -q physical "${words[@]}" 2>/dev/null || status=$?
			[ "$status" = 137 ] || break
			if on c nft list table inet wgctl_physical >/dev/null 2>&1; then
				: >"$wire"
				background s "$wire" tcpdump -lnni j-s-c --immediate-mode 'udp port 9 or port 53 or tcp or icmp'
				tcpdump=$!
				until grep -qs "listening on" "$wire.err"; do sleep 0.02; done
				background c "$BATS_TEST_TMPDIR/chatter" "$HELPERS/chatter" 10.9.0.2 fd09::2 198.51.100.9
				chatter=$!
				until grep -qs talks "$BATS_TEST_TMPDIR/chatter"; do sleep 0.02; done
				sleep 0.1
				kill "$chatter" "$tcpdump"
				wait "$chatter" "$tcpdump" || true
				not grep . "$wire" || { echo "killed at write $n of $what"; return 1; }
			fi
			# Killed before the first line it has changed nothing: then it is up.
			on c "$WGCTL" -q physical recover
			[ $what = up ] || on c "$WGCTL" -q physical down 2>/dev/null || true
			settled c j-c-s
			same "$before" "$(snapshot c)" || { echo "killed at write $n of $what"; return 1; }
		done
		is "$status" 0
		[ "$n" -gt 10 ]
		echo "# killed at every second of $((n - 2)) writes of $what" >&3
		on c "$WGCTL" -q physical down 2>/dev/null || true
	done
}

@test "a name that was taken meanwhile: said, and put right when it is free again" {
	before=$(snapshot c)
	physical -q up home
	on c ip link add j-c-s type bridge
	run_split on c "$WGCTL" physical down
	is "$status" 6
	has "$errors" "'j-c-s' is called 'dev"
	has "$errors" "has taken its name (bridge)"
	on c ip link del j-c-s
	on c "$WGCTL" -q physical recover
	settled c j-c-s
	same "$before" "$(snapshot c)"
}
