#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Namespace profiles: the link lives in one network namespace, its socket in another.

load lib
load net

setup() {
	client_and_server
	on s "$WGCTL" -q up hub
	# The first name that anybody gives makes /run/netns a mount, for good.
	on c ip netns add first
	on c ip netns del first
}

teardown() {
	nobody_in
	hosts_gone
}

# A process in a namespace of c: its number in pid.
pid=
somebody_in() {
	on c ip netns exec "$1" sleep 1000 >/dev/null 2>&1 </dev/null 3>&- &
	for _ in $(seq 50); do
		pid=$(on c ip netns pids "$1")
		[ -z "$pid" ] || return 0
		sleep 0.1
	done
	return 1
}
nobody_in() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	while [ -n "$pid" ] && [ -e "/proc/$pid" ]; do sleep 0.05; done
	pid=
}

# inside NAME [extra lines for Interface]: a full tunnel, the only way out of namespace NAME.
inside() {
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		InterfaceNamespace = $1
		DNS = 10.8.0.1, vpn.example
		$2
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

@test "a tunnel is the only way out of its namespace, and down leaves nothing" {
	inside blue
	before=$(snapshot c)
	on c sh -c 'echo 5 77 >/proc/sys/net/ipv4/ping_group_range'
	on c "$WGCTL" up office
	# Who may ping here may ping there.
	is "$(on c ip netns exec blue cat /proc/sys/net/ipv4/ping_group_range)" $'5\t77'
	# The namespace has nothing but the tunnel, and uses it for everything.
	is "$(on c ip -n blue -o link show | cut -d: -f2 | tr -d ' ' | cut -d@ -f1 | grep -v -E '^(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$' | xargs)" "lo office"
	has "$(on c ip -n blue route show default)" "default dev office"
	has "$(on c ip -n blue -6 route show default)" "default dev office"
	is "$(on c ip -n blue rule show | grep -vc -E 'lookup (local|main|default)')" 0
	on c ip netns exec blue ping -q -c 2 -W 5 -i 0.2 10.8.0.1
	on c ip netns exec blue ping -q -c 1 -W 5 fd08::1
	has "$(on c "$WGCTL" show office)" "peer: $server_public"
	is "$(on c "$WGCTL" show office peers)" "$server_public"
	[ "$(data_plane c)" = userspace ] || not on c wg show office
	# The caller's has no link of it, and no route.
	not on c ip link show office
	on c ip netns exec blue grep -q 'nameserver 10.8.0.1' /etc/resolv.conf
	not on c grep -q 10.8.0.1 /etc/resolv.conf
	on c "$WGCTL" up office
	on c "$WGCTL" down office
	same "$before" "$(snapshot c)"
	not on c test -e /run/netns/blue
	not on c test -e /etc/netns
}

@test "the directory of names is everybody's, also if it is wgctl that makes it" {
	inside blue
	on c umount /run/netns
	on c rmdir /run/netns
	on c "$WGCTL" up office
	is "$(on c stat -c %a /run/netns)" 755
	on c "$WGCTL" down office
}

@test "where systemd has made mounts shared each name is bound twice: a link that is made anew, and a down among copied mounts" {
	local before copied
	inside blue
	on c umount /run/netns
	on c rmdir /run/netns
	on c mount --make-rshared /
	on c ip netns add first
	on c ip netns del first
	before=$(snapshot c)
	# As a service has them (PrivateTmp and the like), and as `unshare -m` makes them.
	for copied in "" "unshare --mount --propagation slave" "unshare --mount --propagation private"; do
		on c "$WGCTL" -q up office
		is "$(on c grep -c ' /run/netns/blue ' /proc/self/mountinfo)" 2
		# Its namespace loses its name and gets it again.
		on c ip -n blue link del office
		on c "$WGCTL" -q up office
		on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
		# shellcheck disable=SC2086
		on c $copied "$WGCTL" -q down office
		not on c grep ' /run/netns/blue ' /proc/self/mountinfo
		settles "$before" c
		not on c test -e /run/netns/blue
	done
}

@test "who is inside keeps the namespace; the next up is in the same one, and the last down takes it" {
	inside blue
	on c "$WGCTL" -q up office
	somebody_in blue
	inode=$(on c stat -Lc %i /run/netns/blue)
	run_split on c "$WGCTL" status office
	has "$output" "namespace  blue, socket in the caller's"
	has "$output" "sleep ($pid)"
	has "$(on c "$WGCTL" list)" "office.conf  in blue"
	has "$(on c "$WGCTL" --json status office)" '"interface_namespace": "blue"'
	run_split on c "$WGCTL" down office
	is "$status" 0
	has "$errors" "the namespace 'blue' stays, with sleep ($pid) in it"
	has "$(on c "$WGCTL" netns list)" "blue                  -                     sleep ($pid)"
	not on c ip -n blue link show office
	# Whoever is in there reaches nobody.
	not on c ip netns exec blue ping -q -c 1 -W 1 10.8.0.1
	on c "$WGCTL" -q up office
	is "$(on c stat -Lc %i /run/netns/blue)" "$inode"
	on c nsenter -t "$pid" -n ping -q -c 1 -W 5 10.8.0.1
	nobody_in
	on c "$WGCTL" -q down office
	not on c test -e /run/netns/blue
}

@test "a namespace of somebody else's is used and stays, with what is in it" {
	inside green
	on c ip netns add green
	on c ip -n green link set lo up
	on c ip -n green link add type veth
	before=$(snapshot c)
	links=$(on c ip -n green -o link show)
	on c "$WGCTL" -q up office
	on c ip netns exec green ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q down office
	same "$before" "$(snapshot c)"
	is "$(on c ip -n green -o link show)" "$links"
	on c "$WGCTL" -q up office
	run_split on c "$WGCTL" netns delete green
	is "$status" 1
	has "$errors" "'office' is up in 'green'"
	on c "$WGCTL" -q down office
	on c "$WGCTL" -q netns delete green
	is "$(on c ip netns list)" ""
}

@test "the socket elsewhere, the link here: SocketNamespace" {
	# The wire is in `physical`, the caller has nothing but the tunnel.
	on c ip netns add physical
	on c ip link set j-c-s netns physical
	on c ip -n physical addr add 10.9.0.1/24 dev j-c-s
	on c ip -n physical link set j-c-s up
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		SocketNamespace = physical
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
	before=$(snapshot c)
	on c "$WGCTL" -q up office
	has "$(on c ip route show default)" "default dev office"
	on c ping -q -c 1 -W 5 10.8.0.1
	has "$(on c "$WGCTL" status office)" "namespace  the caller's, socket in physical"
	run_split on c "$WGCTL" diff office
	is "$status" 0
	has "$(on c "$WGCTL" --json netns)" '"name": "physical"'
	# Its birthplace dies, and a kernel's link with it for ever: that is said. A program keeps the one that it was started in.
	on c ip netns del physical
	run_split on c "$WGCTL" status office
	[ "$(data_plane c)" = userspace ] || has "$output" "the network namespace is gone that its packets left from"
	run_split on c "$WGCTL" up office
	is "$status" 1
	has "$errors" "there is no network namespace 'physical'"
	on c "$WGCTL" -q down office
	same "$(grep -v /physical <<<"$before")" "$(snapshot c)"
}

@test "heal: a dead tunnel is replaced inside its namespace, and who runs there goes on" {
	local watch profile=$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf
	inside blue "SocketNamespace = outside"
	on c ip netns add outside
	on c ip link set j-c-s netns outside
	on c ip -n outside addr add 10.9.0.1/24 dev j-c-s
	on c ip -n outside link set j-c-s up
	on c "$WGCTL" -q up office
	somebody_in blue
	inode=$(on c stat -Lc %i /run/netns/blue)
	on c nsenter -t "$pid" -n ping -q -c 1 -W 5 10.8.0.1
	# The wire survives: it is handed on before its namespace dies.
	on c ip -n outside link set j-c-s netns "${HOST_PID[c]}"
	on c ip netns del outside
	on c ip netns add outside
	on c ip link set j-c-s netns outside
	on c ip -n outside addr add 10.9.0.1/24 dev j-c-s
	on c ip -n outside link set j-c-s up
	if [ "$(data_plane c)" = kernel ]; then
		not on c nsenter -t "$pid" -n ping -q -c 1 -W 2 10.8.0.1
		# What an edit says somebody has to ask for.
		sed -i.applied 's/^Address/MTU = 1300\n&/' "$profile"
		background c "$BATS_TEST_TMPDIR/edited" env WGCTL_WATCH_INTERVALS=poll=300,settle=100 "$WGCTL" watch office
		watch=$!
		for _ in $(seq 150); do grep -q "cannot be made anew" "$BATS_TEST_TMPDIR/edited.err" && break; sleep 0.1; done
		kill "$watch"
		has "$(<"$BATS_TEST_TMPDIR/edited.err")" 'its profile was edited since it was brought up; `wgctl up office` does what it says now'
		mv "$profile.applied" "$profile"
		background c "$BATS_TEST_TMPDIR/watch" env WGCTL_WATCH_INTERVALS=poll=300,settle=100 "$WGCTL" watch office
		watch=$!
		for _ in $(seq 150); do grep -q "the link is made anew" "$BATS_TEST_TMPDIR/watch.err" && break; sleep 0.1; done
		kill "$watch"
		has "$(<"$BATS_TEST_TMPDIR/watch.err")" "the link is made anew"
	else
		# A program keeps the namespace that it was started in.
		on c "$WGCTL" -q down office
		on c "$WGCTL" -q up office
	fi
	is "$(on c stat -Lc %i /run/netns/blue)" "$inode"
	on c nsenter -t "$pid" -n ping -q -c 1 -W 5 10.8.0.1
	nobody_in
	on c "$WGCTL" -q down office
	not on c test -e /run/netns/blue
}

@test "heal is not for a container's tunnel: from the profile alone it would be another one, here" {
	local watch box
	[ "$(data_plane c)" = kernel ] || skip "elsewhere: in guests; a program keeps the namespace that it was started in"
	inside ''
	sed -i '/InterfaceNamespace/s/.*/SocketNamespace = outside/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c ip netns add outside
	contained
	box=$pid
	on c "$WGCTL" -q container attach office "pid:$box"
	before=$(on c ip -o link show)
	background c "$BATS_TEST_TMPDIR/watch" env WGCTL_WATCH_INTERVALS=poll=300,settle=100 "$WGCTL" watch
	watch=$!
	# There is one of that name again: the profile could be brought up.
	on c ip netns del outside
	on c ip netns add outside
	for _ in $(seq 150); do grep -q "cannot be made anew" "$BATS_TEST_TMPDIR/watch.err" && break; sleep 0.1; done
	has "$(<"$BATS_TEST_TMPDIR/watch.err")" "that is for whoever made it for a container"
	kill "$watch"
	wait "$watch" || true
	same "$before" "$(on c ip -o link show)"
	on c "$WGCTL" -q container detach "pid:$box"
	on c ip netns del outside
	nobody_in
}

# The names of all tunnels that status speaks of.
tunnels() { on c "$WGCTL" status --json | jq -r '[.tunnels[].name] | join(" ")'; }

@test "a link that is deleted inside: up makes it anew, in the namespace of that name, also with somebody in it" {
	local inode
	inside blue
	before=$(snapshot c)
	on c "$WGCTL" -q up office
	is "$(tunnels)" office
	on c ip -n blue link del office
	has "$(on c "$WGCTL" status office)" "the interface office is gone"
	is "$(on c "$WGCTL" list --json | jq -r '.profiles[0].state')" gone
	has "$(on c "$WGCTL" up -n office)" netns.create
	run_split on c "$WGCTL" up office
	is "$status" 0
	has "$errors" "but not its link any more"
	# Without its name it would have ended with this command.
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	is "$(tunnels)" office
	somebody_in blue
	inode=$(on c stat -Lc %i /run/netns/blue)
	on c ip -n blue link del office
	has "$(on c "$WGCTL" up -n office)" netns.create
	on c "$WGCTL" -q up office
	is "$(on c stat -Lc %i /run/netns/blue)" "$inode"
	on c nsenter -t "$pid" -n ping -q -c 1 -W 5 10.8.0.1
	nobody_in
	on c "$WGCTL" -q down office
	not on c test -e /run/netns/blue
	same "$before" "$(snapshot c)"
}

# dies NAME: the namespace and the tunnel in it. With that goes its wireguard-go, a moment later.
dies() {
	on c ip netns del "$1"
	for _ in $(seq 50); do [ -n "$(on c sh -c 'ls /run/wireguard /var/run/wireguard 2>/dev/null | grep sock')" ] || break; sleep 0.1; done
}

@test "a namespace that dies with the tunnel in it: status says that, and up begins anew" {
	inside blue
	on c "$WGCTL" -q up office
	dies blue
	is "$(on c "$WGCTL" status --json | jq -c '[.tunnels[] | [.name, .state, (.problems | length)]]')" '[["office","gone",1]]'
	has "$(on c "$WGCTL" status office)" "its network namespace is gone"
	is "$(on c "$WGCTL" list --json | jq -r '.profiles[0].state')" gone
	on c "$WGCTL" -q up office
	is "$(on c "$WGCTL" list --json | jq -r '.profiles[0].state')" up
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q down office
	# A name alone: whoever is inside goes on, and so does the tunnel.
	on c "$WGCTL" -q up office
	somebody_in blue
	on c ip netns del blue
	has "$(on c "$WGCTL" status office)" "has lost its name 'blue'"
	on c nsenter -t "$pid" -n ping -q -c 1 -W 5 10.8.0.1
	inode=$(stat -Lc %i "/proc/$pid/ns/net")
	nobody_in
	# The kernel gives its number to the next one, which is another one all the same.
	for n in $(seq 30); do
		on c ip netns add "n$n"
		[ "$(on c stat -Lc %i "/run/netns/n$n")" != "$inode" ] || break
	done
	on c "$WGCTL" -q down office
}

@test "completion knows namespaces, who is up in one, and the words behind the first" {
	not_for_guests
	inside blue
	on c ip netns add green
	on c ip netns add box
	on c "$WGCTL" -q up office
	on c "$WGCTL" -q container attach office /run/netns/box
	offered() { on c "$WGCTL" __complete -- "$@" | cut -f 1 | xargs; }
	has "$(offered exec '')" 'office '
	has "$(offered exec '')" 'blue box green'
	is "$(offered exec g)" green
	is "$(offered exec office '')" :commands
	is "$(offered exec office -- '')" :commands
	is "$(offered run office tar -)" :files
	is "$(offered netns delete b)" 'blue box'
	is "$(offered netns list '')" ''
	is "$(offered physical '')" 'up down status exec recover confirm'
	is "$(offered physical up o)" 'office :files'
	is "$(offered physical down '')" ''
	is "$(offered container detach '')" /run/netns/box
	is "$(offered container attach o)" 'office :files'
	is "$(offered container attach office '')" ''
	on c "$WGCTL" -q down --all
}

@test "seen from inside it is what it is from outside" {
	inside blue
	on c "$WGCTL" -q up office
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	is "$(on c nsenter --net=/run/netns/blue "$WGCTL" status --json | jq -c '[.tunnels[] | [.name, .state, .problems]]')" '[["office","up",[]]]'
	on c "$WGCTL" -q down office
}

@test "the caller's own namespace by its path or a process is the caller's" {
	local before value
	before=$(snapshot c)
	for value in "/proc/${HOST_PID[c]}/ns/net" "pid:${HOST_PID[c]}"; do
		inside "$value"
		run_split on c "$WGCTL" up office
		is "$status" 0
		lacks "$errors" warning
		on c grep -q 'nameserver 10.8.0.1' /etc/resolv.conf
		on c ping -q -c 1 -W 5 10.8.0.1
		on c "$WGCTL" -q down office
		same "$before" "$(snapshot c)"
	done
}

@test "leak 18: killed at every line of its journal, up has never made another way out of the namespace" {
	local before n dev from by
	share 3
	inside blue
	before=$(snapshot c)
	for ((n = from; n <= 40; n += by)); do
		status=0
		on c strace -qq -o "$BATS_TEST_TMPDIR/strace" -P /run/wgctl/office/journal -e trace=write -e inject=write:signal=KILL:when="$n" \
			"$WGCTL" -q up office 2>"$BATS_TEST_TMPDIR/said" || status=$?
		[ "$status" = 137 ] || break
		if on c test -e /run/netns/blue && on c ip -n blue link show lo >/dev/null 2>&1; then
			for dev in $(on c ip -n blue -4 -o route show table all; on c ip -n blue -6 -o route show table all) ; do echo "$dev"; done |
				grep -A 1 -x dev | grep -vx -e dev -e -- -e lo -e office && { echo "killed at line $n"; return 1; }
			is "$(on c ip -n blue -o link show type veth)" ''
		fi
		# 3: it was killed before there was anything.
		status=0
		on c "$WGCTL" down office 2>"$BATS_TEST_TMPDIR/said" || status=$?
		[ "$status" = 0 ] || [ "$status" = 3 ] || { echo "killed at line $n"; cat "$BATS_TEST_TMPDIR/said"; return 1; }
		same "$before" "$(snapshot c)" || { echo "killed at line $n"; cat "$BATS_TEST_TMPDIR/said"; return 1; }
		status=137
	done
	is "$status" 0
	[ "$n" -gt 8 ]
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q down office
	same "$before" "$(snapshot c)"
}

@test "wrong namespaces: a sentence, and nothing has changed" {
	not_for_guests
	local value
	before=$(snapshot c)
	while IFS='|' read -r code value text; do
		inside "$value"
		run_split on c "$WGCTL" up office
		is "$status at $value" "$code at $value"
		has "$errors" "$text"
	done <<-END
		5|pid:|does not name a process
		5|pid:0|does not name a process
		5|pid:-1|does not name a process
		5|pid:99999999999|does not name a process
		5|container:|does not name a container
		1|container:nobody|there is no container 'nobody'
		5|..|cannot be the name of a network namespace
		5|two words|cannot be the name of a network namespace
		1|a/b|there is no network namespace
		5|/dev/null|is not a network namespace
		5|/tmp|is not a network namespace
	END
	inside blue "SocketNamespace = nowhere"
	run_split on c "$WGCTL" up office
	is "$status" 1
	has "$errors" "there is no network namespace 'nowhere'"
	inside /run/nowhere/blue
	run_split on c "$WGCTL" up office
	is "$status" 1
	has "$errors" "there is no network namespace '/run/nowhere/blue'"
	inside /etc/hostname
	run_split on c "$WGCTL" up office
	has "$errors" "'/etc/hostname' is not a network namespace"
	inside pid:999999999
	run_split on c "$WGCTL" up office
	has "$errors" "there is no process 999999999"
	inside blue "DNSMode = resolved"
	run_split on c "$WGCTL" up office
	is "$status" 5
	has "$errors" "reaches the resolver of the machine"
	same "$before" "$(snapshot c)"
}

@test "a dry run shows the namespace, and makes none" {
	not_for_guests
	inside blue
	before=$(snapshot c)
	run_split on c "$WGCTL" up -n office
	is "$status" 0
	has "$output$errors" "netns.create"
	has "$output$errors" "/etc/netns/blue/resolv.conf"
	# A step without a command of its own does not have that of the one before it.
	lacks "$(grep dns.set <<<"$output$errors")" '# ip'
	same "$before" "$(snapshot c)"
	not on c test -e /run/netns/blue
}

@test "a command for the key runs where the caller is, hooks run where the tunnel is" {
	inside blue $'PostUp = readlink /proc/self/ns/net >/run/hook'
	sed -i "s|^PrivateKey = .*|PrivateKeyCommand = sh -c 'readlink /proc/self/ns/net >/run/key; echo $client_private'|" \
		"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" -q up office
	is "$(on c cat /run/key)" "$(on c readlink /proc/self/ns/net)"
	is "$(on c cat /run/hook)" "$(on c ip netns exec blue readlink /proc/self/ns/net)"
	on c "$WGCTL" -q down office
}

@test "reload, diff and a kill switch inside" {
	inside blue "KillSwitch = on"
	before=$(snapshot c)
	on c "$WGCTL" -q up office
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	has "$(on c ip netns exec blue nft list tables)" wgctl
	is "$(on c nft list tables)" ""
	run_split on c "$WGCTL" diff office
	is "$status" 0
	inside blue $'KillSwitch = on\nMTU = 1300'
	run_split on c "$WGCTL" diff office
	is "$status" 1
	on c "$WGCTL" -q reload office
	has "$(on c ip -n blue link show office)" "mtu 1300"
	inside red "KillSwitch = on"
	run_split on c "$WGCTL" reload office
	is "$status" 1
	has "$errors" "other network namespaces than the profile names now"
	on c "$WGCTL" -q down office
	same "$before" "$(snapshot c)"
}

# resolvers: what the host's programs ask, and those in each namespace.
resolvers() {
	on c cat /etc/resolv.conf
	on c sh -c 'for f in /etc/netns/*/resolv.conf; do [ ! -e $f ] || { echo $f; cat $f; }; done'
}

@test "reload --confirm that nobody confirms goes back inside, and the host's resolvers are let be" {
	not_for_guests
	inside blue "SocketNamespace = /proc/self/ns/net"
	before=$(snapshot c)
	on c "$WGCTL" -q up office
	up=$(resolvers)
	inside blue $'SocketNamespace = /proc/self/ns/net\nMTU = 1300'
	sed -i 's/^DNS = .*/DNS = 10.8.0.54/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" -q reload --confirm 1 office
	has "$(resolvers)" 10.8.0.54
	for _ in $(seq 50); do on c test -e /run/wgctl/office/confirm || break; sleep 0.1; done
	same "$up" "$(resolvers)"
	lacks "$(on c ip -n blue link show office)" "mtu 1300"
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q down office
	same "$before" "$(snapshot c)"
}

@test "a namespace that died, and another one in the profile by now: the resolvers of the first go, too" {
	not_for_guests
	inside blue
	before=$(snapshot c)
	on c "$WGCTL" -q up office
	dies blue
	inside green
	on c "$WGCTL" -q up office
	not on c test -e /etc/netns/blue/resolv.conf
	has "$(on c cat /etc/netns/green/resolv.conf)" 10.8.0.1
	dies green
	# And from a namespace to none.
	sed -i '/^InterfaceNamespace/d; s/^DNS .*/&\nDNSMode = file/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" -q up office
	not on c test -e /etc/netns/green/resolv.conf
	has "$(on c cat /etc/resolv.conf)" 10.8.0.1
	on c "$WGCTL" -q down office
	settles "$before" c
}

@test "leak 19: a namespace that is recreated under its name while somebody is in the old one" {
	inside blue
	on c "$WGCTL" -q up office
	somebody_in blue
	on c ip netns del blue
	on c ip netns add blue
	# Whoever is inside is in the tunnel still; that the name is wrong is said.
	on c nsenter -t "$pid" -n ping -q -c 1 -W 5 10.8.0.1
	run_split on c "$WGCTL" status office
	has "$output" "the name 'blue' leads to another network namespace"
	has "$output" "sleep ($pid)"
	# What is undone is undone where it was done; the other namespace is not ours.
	on c "$WGCTL" -q down office
	not on c nsenter -t "$pid" -n ip link show office
	on c ip netns list | grep -qw blue
	nobody_in
	on c "$WGCTL" -q up office
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q down office
	on c ip netns list | grep -qw blue
}

@test "leak 20: an endpoint's name is asked where the packets leave, of the servers of that namespace" {
	inside blue "SocketNamespace = outside"
	sed -i 's/10.9.0.2:51820/hub.example:51820/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c ip netns add outside
	on c ip link set j-c-s netns outside
	on c ip -n outside addr add 10.9.0.1/24 dev j-c-s
	on c ip -n outside link set j-c-s up
	on c mkdir -p /etc/netns/outside
	on c sh -c 'echo nameserver 10.9.0.2 >/etc/netns/outside/resolv.conf'
	# The wrong ones: the caller's, and a file that must not be asked there.
	on c sh -c 'echo "127.0.0.1 hub.example" >>/etc/hosts'
	background s "$BATS_TEST_TMPDIR/dns.log" dnsmasq -k -C /dev/null -R -h -2 -z -a 10.9.0.2 -A /hub.example/10.9.0.2 -q --log-facility=-
	for _ in $(seq 50); do on s ss -Hln 'sport = :53' | grep -q . && break; sleep 0.1; done
	on c "$WGCTL" -q up --wait 10 office
	is "$(on c "$WGCTL" show office endpoints | cut -f2)" 10.9.0.2:51820
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	grep -q 'query\[A\] hub.example from 10.9.0.1' "$BATS_TEST_TMPDIR/dns.log" "$BATS_TEST_TMPDIR/dns.log.err"
	on c "$WGCTL" -q down office
	# Its only server may be a program in there.
	on c sh -c 'echo nameserver 127.0.0.1 >/etc/netns/outside/resolv.conf'
	on c ip -n outside link set lo up
	background c "$BATS_TEST_TMPDIR/dns2.log" ip netns exec outside dnsmasq -k -C /dev/null -R -h -2 -z -a 127.0.0.1 -A /hub.example/10.9.0.2
	for _ in $(seq 50); do on c ip netns exec outside ss -Hln 'sport = :53' | grep -q . && break; sleep 0.1; done
	on c "$WGCTL" -q up --wait 10 office
	is "$(on c "$WGCTL" show office endpoints | cut -f2)" 10.9.0.2:51820
	on c "$WGCTL" -q down office
}

# What these two do to a program's view of the machine is up to the kernel: this much of
# run.bats and exec.bats is seen in guests, too.
@test "run and exec: a program in the tunnel, without rights, with a view of its own; nothing is left" {
	inside blue
	on c sh -c 'grep -q ^guest: /etc/passwd || echo guest:x:4242:4242::/tmp:/bin/sh >>/etc/passwd'
	before=$(snapshot c)
	# shellcheck disable=SC2016
	run_split on c env SUDO_UID=4242 "$WGCTL" run office -- bash -c 'id -u; ls /sys/class/net | xargs; grep ^nameserver /etc/resolv.conf
		grep -E "^(NoNewPrivs|CapBnd):" /proc/self/status | xargs; ls -d /run/wgctl; : </dev/tcp/10.8.0.1/1 || exit 7'
	has "$errors" "Connection refused"
	is "$status" 7
	is "$(sed -n 1p <<<"$output")" 4242
	is "$(sed -n 2p <<<"$output" | xargs -n 1 | grep -v -E '^(tunl0|gre0|gretap0|erspan0|sit0|ip6tnl0|ip6gre0|ip_vti0|ip6_vti0)$' | xargs)" "lo office"
	is "$(sed -n 3p <<<"$output")" "nameserver 10.8.0.1"
	is "$(sed -n '4,$p' <<<"$output")" "CapBnd: 0000000000000000 NoNewPrivs: 1"
	settles "$before" c
	on c "$WGCTL" -q up office
	run_split on c prlimit --nofile=32 "$WGCTL" exec office -- sh -c 'readlink /proc/self/ns/net; grep ^nameserver /etc/resolv.conf; : >/etc/new'
	has "$output" "net:[$(on c stat -Lc %i /run/netns/blue)]"
	has "$output" "nameserver 10.8.0.1"
	has "$errors" "Read-only file system"
	[ "$status" != 0 ]
	on c "$WGCTL" -q down office
	settles "$before" c
}

@test "watch looks after a tunnel in its namespace" {
	inside blue
	on c "$WGCTL" -q up office
	background c "$BATS_TEST_TMPDIR/watch" env WGCTL_WATCH_INTERVALS=poll=300,settle=100 "$WGCTL" watch office
	watch=$!
	for _ in $(seq 100); do grep -q "looking after it" "$BATS_TEST_TMPDIR/watch.err" && break; sleep 0.1; done
	on c ip -n blue route del default
	for _ in $(seq 100); do on c ip -n blue route show default | grep -q office && break; sleep 0.1; done
	has "$(on c ip -n blue route show default)" "dev office"
	has "$(<"$BATS_TEST_TMPDIR/watch.err")" "somebody removed it, added again"
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	on c "$WGCTL" -q down office
	# It has nothing left to do, and ends.
	wait "$watch"
	not on c test -e /run/netns/blue
}
