#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# DNS through a real systemd-resolved: which names arrive at which server, and
# that everything is as before afterwards.

load net
load lib
load resolved

setup() {
	client_and_server
	on s "$WGCTL" --quiet up hub
	server_new s lan 10.9.0.2 192.0.2.1
	server_new s tunnel 10.8.0.1 192.0.2.99
	resolved_new c
	# What the network outside hands out.
	resolvectl_on c dns j-c-s 10.9.0.2
}

teardown() {
	hosts_gone
}

office() { # office ALLOWED-IPS LINES
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		$2
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = $1
	END
}

# Everything of resolved that a link of ours can change.
settings() {
	resolvectl_on c status | sed '/Current DNS Server/d; s/^ *//'
	on c find /run/systemd/resolve/netif -type f -exec grep -H . {} +
	on c cat /run/systemd/resolve/resolv.conf
}

outside() { # NAME: goes to the network's server, and to no other
	is "$(ask c "$1")" 192.0.2.1
	server_asked lan "$1"
	not server_asked tunnel "$1"
}
inside() {
	is "$(ask c "$1")" 192.0.2.99
	server_asked tunnel "$1"
	not server_asked lan "$1"
}

@test "full tunnel: every name goes to the tunnel's server; afterwards as before" {
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	outside before.example
	before=$(snapshot c; settings)
	run_split on c "$WGCTL" up --verbose office
	is "$status" 0
	has "$errors" "- systemd-resolved answers on the bus: yes"
	has "$errors" "- /etc/resolv.conf is a link to ../run/systemd/resolve/stub-resolv.conf"
	has "$errors" "- so: resolved, because"
	inside www.example
	on c "$WGCTL" --quiet down office
	same "$before" "$(snapshot c; settings)"
	outside after.example
}

@test "split domains: names below them go to the tunnel's server, others do not" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example, ~8.10.in-addr.arpa"
	before=$(snapshot c; settings)
	on c "$WGCTL" --quiet up office
	inside host.corp.example
	inside corp.example
	outside host.example
	outside notcorp.example
	on c "$WGCTL" --quiet down office
	same "$before" "$(snapshot c; settings)"
	outside later.corp.example
}

@test "split tunnel with a search domain: its names, no others, and it is searched" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, corp.example"
	on c "$WGCTL" --quiet up office
	inside host.corp.example
	outside host.example
	is "$(resolvectl_on c query host2 | awk 'NR == 1 { print $2 }')" 192.0.2.99
	server_asked tunnel host2.corp.example
	not server_asked lan host2.corp.example
	is "$(resolvectl_on c default-route office)" "Link $(on c cat /sys/class/net/office/ifindex) (office): no"
}

@test "split tunnel without a domain: all names, as wg-quick has it" {
	office 10.8.0.0/24 "DNS = 10.8.0.1"
	on c "$WGCTL" --quiet up office
	inside host.example
}

@test "full tunnel with a ~domain: only that one; with ~. all" {
	office 0.0.0.0/0 "DNS = 10.8.0.1, ~corp.example"
	on c "$WGCTL" --quiet up office
	inside host.corp.example
	outside host.example
	on c "$WGCTL" --quiet down office
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example, ~."
	on c "$WGCTL" --quiet up office
	inside host2.example
}

@test "resolved restarts while the tunnel is up, killed or not" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	before=$(snapshot c; settings)
	on c "$WGCTL" --quiet up office
	for signal in TERM KILL; do
		resolved_stop c $signal
		resolved_start c
		inside "$signal.corp.example"
		outside "$signal.example"
	done
	on c "$WGCTL" --quiet down office
	same "$before" "$(snapshot c; settings)"
}

@test "killed after DNS was set: the next down, or up, puts it right" {
	office 0.0.0.0/0 "DNS = 10.8.0.1
		PostUp = kill -KILL \$PPID"
	before=$(snapshot c; settings)
	for command in down recover; do
		run on c "$WGCTL" up office
		[ "$status" = 137 ]
		inside "$command.example"
		on c "$WGCTL" "$command" office
		same "$before" "$(snapshot c; settings)"
	done
	run on c "$WGCTL" up office
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	on c "$WGCTL" up office
	inside again.example
	on c "$WGCTL" down office
	same "$before" "$(snapshot c; settings)"
}

@test "watch sets it again when resolved has lost it, and not when the file was edited since" {
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	log=$BATS_TEST_TMPDIR/watch
	WGCTL_WATCH_INTERVALS=poll=300,names=600 background c "$log" "$WGCTL" watch office
	watch=$!
	inside one.example
	# It comes back without what it had kept, as after a crash of its own.
	resolved_stop c KILL
	on c rm -rf /run/systemd/resolve/netif
	resolved_start c
	waits_for grep -q "added again: dns.set office" "$log.err"
	inside two.example
	resolvectl_on c revert office
	waits_for grep -qz "added again: dns.set office.*added again: dns.set office" "$log.err"
	inside three.example
	# What the file says now nobody has asked to be applied.
	office 0.0.0.0/0 "DNS = 10.8.0.1, ~elsewhere.example"
	kill -TERM "$watch"
	wait "$watch"
	WGCTL_WATCH_INTERVALS=poll=300,names=600 background c "$log" "$WGCTL" watch office
	watch=$!
	resolvectl_on c revert office
	sleep 2
	lacks "$(<"$log.err")" "added again"
	kill -TERM "$watch"
	wait "$watch"
}

@test "the link deleted by hand, resolved gone: down is done all the same" {
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	before=$(snapshot c; settings)
	on c "$WGCTL" --quiet up office
	on c ip link del office
	on c "$WGCTL" down office
	same "$before" "$(snapshot c; settings)"
	on c "$WGCTL" --quiet up office
	resolved_stop c
	on c "$WGCTL" down office
	resolved_start c
	outside after.example
}

@test "DNSMode = resolved without one: refused, nothing changed; auto: warned, and up" {
	office 10.8.0.0/24 "DNS = 10.8.0.1
		DNSMode = resolved"
	resolved_stop c
	before=$(snapshot c)
	run_split on c "$WGCTL" up office
	is "$status" 1
	has "$errors" "systemd-resolved does not answer on the bus: "
	has "$errors" "org.freedesktop.resolve1"
	same "$before" "$(snapshot c)"
	office 10.8.0.0/24 "DNS = 10.8.0.1"
	run_split on c "$WGCTL" up office
	is "$status" 0
	has "$errors" "names are asked of systemd-resolved here, but it does not answer: the tunnel's servers are written into /etc/resolv.conf"
	has "$(on c cat /etc/resolv.conf)" "nameserver 10.8.0.1"
	on c "$WGCTL" --quiet down office
	same "$before" "$(snapshot c)"
}

@test "in another network namespace with the same files: nobody else's resolver is changed" {
	office 10.8.0.0/24 "DNS = 10.8.0.1"
	before=$(settings)
	# The same files and the same bus, another network, as `ip netns exec` has it.
	# shellcheck disable=SC2016
	run_split on c unshare --net bash -c '"$1" up --verbose office && cat /etc/resolv.conf && "$1" --quiet down office' - "$WGCTL"
	is "$status" 0
	has "$errors" "it serves another network namespace than this one"
	has "$errors" "so: none, because"
	has "$errors" "warning: /etc/resolv.conf is that of another network namespace"
	has "$output" "managed by man:systemd-resolved"
	same "$before" "$(settings)"
	# Who insists is told what it means.
	office 10.8.0.0/24 "DNS = 10.8.0.1
		DNSMode = file"
	mv "$BATS_TEST_TMPDIR"/host-c/etc-wgctl/{office,insists}.conf
	run_split on c unshare --net "$WGCTL" up -n insists
	has "$errors" "is that of another network namespace, too"
}

@test "what was set is shown by a dry run with the command for it" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, fd00::1, ~corp.example, lab.example"
	run_split on c "$WGCTL" up -n office
	has "$output" "10.8.0.1, fd00::1 search ~corp.example, lab.example for these domains only through resolved"
	has "$output" "resolvectl domain office '~corp.example' lab.example; resolvectl default-route office no; resolvectl dns office 10.8.0.1 fd00::1"
}

@test "reload: other servers and domains are set, and what was lost or changed comes back" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	before=$(snapshot c; settings)
	on c "$WGCTL" --quiet up office
	up=$(settings)
	run_split on c "$WGCTL" diff office
	is "$status" 0
	# Somebody else's resolvectl.
	resolvectl_on c dns office 10.9.0.2
	run_split on c "$WGCTL" diff office
	is "$status" 1
	has "$output" "dns.set"
	on c "$WGCTL" --quiet reload office
	same "$up" "$(settings)"
	# Other domains; then all names, because the tunnel is a full one now.
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~lab.example"
	on c "$WGCTL" --quiet reload office
	inside host.lab.example
	outside host.corp.example
	office 0.0.0.0/0 "DNS = 10.8.0.1, lab.example"
	on c "$WGCTL" --quiet reload office
	inside host.example
	office 10.8.0.0/24 "DNS = 10.8.0.1, lab.example"
	on c "$WGCTL" --quiet reload office
	outside host2.example
	inside host2.lab.example
	on c "$WGCTL" --quiet down office
	same "$before" "$(snapshot c; settings)"
}

@test "reload: to another backend and back, and without DNS" {
	office 10.8.0.0/24 "DNS = 10.8.0.1"
	before=$(snapshot c; settings)
	on c "$WGCTL" --quiet up office
	office 10.8.0.0/24 "DNS = 10.8.0.1
		DNSMode = file"
	run_split on c "$WGCTL" reload office
	is "$status" 0
	has "$errors" "systemd-resolved is in use here, and reads that file, too"
	has "$(on c cat /etc/resolv.conf)" "nameserver 10.8.0.1"
	is "$(resolvectl_on c dns office | cut -d: -f2)" ""
	inside file.example
	office 10.8.0.0/24 "DNS = 10.8.0.1
		DNSMode = resolved"
	on c "$WGCTL" --quiet reload office
	lacks "$(on c cat /etc/resolv.conf)" "nameserver 10.8.0.1"
	# It has read the file while it was ours, and does not forget that by itself.
	resolved_stop c
	resolved_start c
	inside resolved.example
	office 10.8.0.0/24 ""
	on c "$WGCTL" --quiet reload office
	outside none.example
	on c "$WGCTL" --quiet down office
	same "$before" "$(snapshot c; settings)"
}

@test "built without libsystemd: resolved is reached through its own resolvconf" {
	plain=$(dirname "$WGCTL")/plain/wgctl
	[ -x "$plain" ] || skip "tests/check build makes $plain"
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$UNPACKED/usr/bin/resolvectl" "$BATS_TEST_TMPDIR/bin/resolvconf"
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	before=$(snapshot c; settings)
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run_split on c "$plain" up --verbose office
	is "$status" 0
	has "$errors" "so: resolvconf, because names are asked of systemd-resolved"
	inside host.corp.example
	outside host.example
	on c "$plain" down office
	same "$before" "$(snapshot c; settings)"
}

@test "libsystemd is not installed: resolved is reached through its own resolvconf, too" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$UNPACKED/usr/bin/resolvectl" "$BATS_TEST_TMPDIR/bin/resolvconf"
	library=$(ldconfig -p | sed -n 's/.*libsystemd\.so\.0 .*=> //p' | head -n 1)
	[ -n "$library" ]
	library=$(realpath "$library")
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	before=$(snapshot c; settings)
	on c mount --bind /dev/null "$library"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run_split on c "$WGCTL" up --verbose office
	is "$status" 0
	has "$errors" "so: resolvconf, because names are asked of systemd-resolved"
	inside host.corp.example
	outside host.example
	on c "$WGCTL" down office
	# Whoever insists is told.
	sed -i 's/^DNS = .*/&\nDNSMode = resolved/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run on c "$WGCTL" up office
	[ "$status" != 0 ]
	has "$output" "libsystemd is not installed"
	on c umount "$library"
	same "$before" "$(snapshot c; settings)"
}

@test "killed at every message that goes to the bus" {
	office 0.0.0.0/0 "DNS = 10.8.0.1, corp.example"
	before=$(snapshot c; settings)
	killed=0
	for command in up down; do
		for n in {1..60}; do
			[ $command = up ] || on c "$WGCTL" --quiet up office
			status=0
			on c strace -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=KILL:when="$n" \
				"$WGCTL" --quiet $command office || status=$?
			# What is up, wholly or by half, goes down.
			on c "$WGCTL" --quiet down office 2>/dev/null || true
			same "$before" "$(snapshot c; settings)"
			[ "$status" = 137 ] || break
			killed=$((killed + 1))
		done
		[ "$n" -lt 60 ]
	done
	[ "$killed" -gt 10 ]
}
