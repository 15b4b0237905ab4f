#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# What the command line says about tunnels that run: status, list, exit codes
# of an interrupted run, and the name wg-quick.

load net
load lib

setup() {
	client_and_server
	keys other
	office c etc-wgctl/office.conf
}

teardown() {
	hosts_gone
}

office() { # office HOST FILE [lines for Interface]
	(umask 077 && cat >"$BATS_TEST_TMPDIR/host-$1/$2") <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		${3-}
		[Peer]
		# Name = the hub
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.8.0.0/24
		[Peer]
		PublicKey = $other_public
		Endpoint = 10.9.0.2:51999
		AllowedIPs = 10.99.0.0/24
	END
}

wg_quick() {
	[ -e "$BATS_TEST_TMPDIR/wg-quick" ] || ln -s "$WGCTL" "$BATS_TEST_TMPDIR/wg-quick"
	on "$1" "$BATS_TEST_TMPDIR/wg-quick" "${@:2}"
}

@test "up: quiet on stdout, one line on stderr; again: says so, exit 0" {
	run_split on c "$WGCTL" up office
	is "$status" 0
	is "$output" ""
	is "$errors" "wgctl: 'office' is up on office"
	run_split on c "$WGCTL" up office
	is "$status" 0
	is "$errors" "wgctl: 'office' is up already"
	run_split on c "$WGCTL" up --json office
	is "$(jq -r '.profiles[0].result' <<<"$output")" already_up
	is "$errors" ""
	run_split on c "$WGCTL" down -q office
	is "$output$errors" ""
	run_split on c "$WGCTL" up --json office
	is "$(jq -c '.profiles[0] | [.name, .interface, .result]' <<<"$output")" '["office","office","up"]'
	run_split on c "$WGCTL" down --json --all
	is "$(jq -c '.profiles[0] | [.name, .result]' <<<"$output")" '["office","down"]'
}

@test "several profiles: in order; one that fails leaves those before it up" {
	office c etc-wgctl/other.conf "PostUp = false"
	sed -i 's/10\.8\.0\.2/10.8.1.2/; s/10\.8\.0\.0/10.8.1.0/; s/10\.99/10.98/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/other.conf"
	run_split on c "$WGCTL" up office other
	is "$status" 1
	has "$errors" "undone: "
	has "$errors" "the system is as before"
	has "$errors" "the 1 before 'other' stay up"
	is "$(on c "$WGCTL" list --json | jq -c '[.profiles[] | [.name, .state]]')" '[["office","up"],["other","down"]]'
}

@test "diff: 0 the same, 1 different, more when it cannot be said" {
	on c "$WGCTL" -q up office
	run_split on c "$WGCTL" diff office
	is "$status" 0
	sed -i 's/^PublicKey/PersistentKeepalive = 25\n&/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run_split on c "$WGCTL" diff office
	is "$status" 1
	run_split on c "$WGCTL" diff nowhere
	[ "$status" -ge 2 ]
	run_split on c "$WGCTL" diff --json nowhere
	is "$(jq .errors[0].exit <<<"$errors")" "$status"
	[ "$status" -ge 2 ]
}

@test "a hook has the umask of who called" {
	office c etc-wgctl/writes.conf "PostUp = umask >$BATS_TEST_TMPDIR/umask"
	for mask in 0077 0022 0002; do
		on c sh -c 'umask "$1"; exec "$2" -q up writes' - $mask "$WGCTL"
		is "$(cat "$BATS_TEST_TMPDIR/umask")" $mask
		on c "$WGCTL" -q down writes
	done
}

@test "dry run: a table on stdout, a list with --json; nothing is up after it" {
	run_split on c "$WGCTL" up -n office
	is "$status" 0
	has "${output%%$'\n'*}" "wgctl: plan for 'office' ("
	has "$output" "| undo: delete"
	lacks "$output" "$client_private"
	run_split on c "$WGCTL" up --dry-run --json office
	jq -e '.profiles[0].plan | length > 3 and all(.kind and .sign and .text)' <<<"$output"
	run_split on c "$WGCTL" status office
	is "$status" 3
}

@test "status: health, names, problems, the next command" {
	on s "$WGCTL" up hub
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	run_split on c "$WGCTL" status office
	is "$status" 0
	is "$errors" ""
	has "$output" "* office  up since "
	has "$output" "1 ok, 0 stale, 1 never"
	has "$output" "the hub  $server_public"
	has "$output" "next       wgctl down office"
	run_split on c "$WGCTL" status --json office
	is "$(jq -c '.tunnels[0] | [.state, .managed, .problems, (.peers | map([.name, .health]) | sort)]' <<<"$output")" \
		'["up",true,[],[[null,"never"],["the hub","ok"]]]'
	jq -e '.tunnels[0].peers[] | select(.name) | .rx_bytes > 0 and (.last_handshake | fromdate) == .last_handshake_seconds' <<<"$output"
	lacks "$output" "$client_private"
	run_split on c "$WGCTL" status --json --show-secrets office
	is "$(jq -r '.tunnels[0].private_key' <<<"$output")" "$client_private"

	on c ip link del office
	for _ in $(seq 50); do
		on c "$WGCTL" status --json office | jq -e '.tunnels[0].state == "gone"' && break
		sleep 0.1
	done
	run_split on c "$WGCTL" status office
	is "$status" 0
	has "$output" "! office  gone since"
	has "$output" "problem    the interface office is gone"
	on c "$WGCTL" down office
}

@test "status --format prometheus: every sample after the type of its metric, labels escaped" {
	on s "$WGCTL" -q up hub
	sed -i 's/the hub/the "hub"/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" -q up office
	on c ping -q -c 1 -W 5 10.8.0.1
	run_split on c "$WGCTL" status --format prometheus
	is "$status" 0
	has "$output" 'wgctl_tunnel_up{profile="office",interface="office"} 1'
	has "$output" 'wgctl_tunnel_peers{profile="office",interface="office",health="never"} 1'
	labels='profile="office",interface="office",public_key="'$server_public'",name="the \"hub\""'
	grep -qxF "wgctl_peer_last_handshake_seconds{$labels} $(on c wg show office latest-handshakes | awk -v k="$server_public" '$1 == k { print $2 }')" <<<"$output"
	# The grammar: HELP, TYPE, and then the samples of that metric only.
	is "$(awk '/^# HELP/ { name = $3; next } /^# TYPE/ { if ($3 != name) print; next } { split($1, w, "{"); if (w[1] != name) print }' <<<"$output")" ""
	not grep -vqE '^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\{([a-z_]+="([^"\\]|\\.)*",?)+\} [0-9]+)$' <<<"$output"
	# As those read it who made the format; a backslash and a quote in a name come out as they are.
	sed -i 's/the "hub"/the \\ "hub"/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" status --format prometheus >"$BATS_TEST_TMPDIR/metrics"
	/usr/bin/python3 - "$BATS_TEST_TMPDIR/metrics" <<-'END'
		import sys
		from prometheus_client.parser import text_string_to_metric_families as parse
		found = {f.name: f for f in parse(open(sys.argv[1]).read())}
		assert all(f.documentation and f.type in ("gauge", "counter") for f in found.values()), found
		assert found["wgctl_peer_received_bytes"].type == "counter" and len(found) == 7, found.keys()
		names = {s.labels.get("name") for s in found["wgctl_peer_sent_bytes"].samples}
		assert names == {None, 'the \\ "hub"'}, names
		seen = [(s.name, tuple(sorted(s.labels.items()))) for f in found.values() for s in f.samples]
		assert len(seen) == len(set(seen)), "a series is there twice"
	END
	run_split on c "$WGCTL" status --format json office
	is "$(jq -r '.tunnels[0].name' <<<"$output")" office
	run_split on c "$WGCTL" status --format yaml
	is "$status" 2
}

@test "metrics: a tunnel in a namespace and a device of its name here are two series" {
	local kind="veth peer name somebody"
	office c etc-wgctl/office.conf "InterfaceNamespace = blue"
	on c "$WGCTL" -q up office
	# The socket of a program is seen from here, too: with any link of its name it is a device.
	[ "$(data_plane c)" != kernel ] || kind=wireguard
	# shellcheck disable=SC2086
	on c ip link add office type $kind
	run_split on c "$WGCTL" status --format prometheus
	has "$output" 'wgctl_tunnel_up{profile="office",interface="office",namespace="blue"} 1'
	has "$output" 'wgctl_tunnel_up{profile="office",interface="office"} 1'
	has "$output" 'wgctl_peer_sent_bytes_total{profile="office",interface="office",namespace="blue",public_key='
	is "$(sed '/^#/d; s/} .*//' <<<"$output" | sort | uniq -d)" ""
	on c "$WGCTL" -q down office
}

@test "status tells of devices that others made" {
	if [ "$(data_plane c)" = kernel ]; then
		on c ip link add foreign0 type wireguard
	else
		on c wireguard-go foreign0
	fi
	run_split on c "$WGCTL" status foreign0
	is "$status" 0
	has "$output" "not brought up by wgctl"
	is "$(on c "$WGCTL" status --json | jq -c '[.tunnels[] | [.name, .managed]]')" '[["foreign0",false]]'
	run_split on c "$WGCTL" down foreign0
	is "$status" 3
	on c ip link del foreign0
}

@test "completion: devices, and keys of peers with their names" {
	on c "$WGCTL" -q up office
	is "$(on c "$WGCTL" __complete -- show off)" $'office\tWireGuard interface'
	is "$(on c "$WGCTL" __complete -- down off)" $'office\toffice'
	has "$(on c "$WGCTL" __complete -- set office peer '')" "$server_public"$'\tthe hub'
	is "$(on c "$WGCTL" __complete -- set office peer '' | wc -l)" 2
	# In a real shell: '+', '/' and '=' are part of it.
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$WGCTL" "$BATS_TEST_TMPDIR/bin/wgctl"
	is "$(PATH=$BATS_TEST_TMPDIR/bin:$PATH on c "$WGCTL_ROOT/tests/helpers/tab" "$WGCTL_ROOT/completions/wgctl.bash" \
		"wgctl set office peer ${server_public:0:6}"$'\t'"remo"$'\t')" "wgctl set office peer $server_public remove"
	# shellcheck disable=SC2016
	has "$(PATH=$BATS_TEST_TMPDIR/bin:$PATH HOME=$BATS_TEST_TMPDIR on c fish --no-config \
		-c 'wgctl completion fish | source; complete -C "$argv[1]"' -- "wgctl set office peer ${server_public:0:6}")" "$server_public"$'\tthe hub'
}

@test "progress: one line on a terminal, erased at the end; nowhere else" {
	sed -i '0,/Endpoint = .*/s//Endpoint = nobody.invalid:51820/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	up_on_tty() {
		on c script -qec "stty rows 24 cols ${2-80}; $WGCTL up --wait 1 $1 office" /dev/null </dev/null || :
	}
	export TERM=xterm
	seen=$(up_on_tty)
	has "$seen" $'\r\033[Kstep '
	# Whatever was written over it, the last thing that happens to it is that it is erased.
	[[ ! ${seen##*$'\r\033[K'} =~ step\ [0-9]+/ ]]
	has "${seen##*$'\r\033[K'}" "cannot resolve the endpoint 'nobody.invalid'"
	lacks "$(up_on_tty --quiet)" $'\033[K'
	lacks "$(up_on_tty --json)" $'\033[K'
	lacks "$(up_on_tty --verbose)" $'\033[K'
	[[ ! $(TERM=dumb up_on_tty) =~ step\ [0-9]+/ ]]
	# No wider than the terminal, where it could not be erased.
	while IFS= read -r -d $'\r' part; do
		[[ $part != $'\033[Kstep '* ]] || [ "$((${#part} - 3))" -lt 20 ]
		[[ ! $part =~ step\ [0-9]+/ ]] || found=yes
	done < <(up_on_tty '' 20)
	is "$found" yes
	run_split on c "$WGCTL" up --wait 1 office
	is "$status" 1
	lacks "$errors" $'\033'
}

@test "interrupted: exit 130, everything undone" {
	office c etc-wgctl/slow.conf "PostUp = sleep 3; touch $BATS_TEST_TMPDIR/ran"
	before=$(snapshot c)
	for signal in INT TERM; do
		status=0
		on c timeout --foreground -s "$signal" 1 "$WGCTL" up slow 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
		# timeout reports 124 itself, so the program's own word is in the JSON.
		is "$status" 124
		has "$(cat "$BATS_TEST_TMPDIR/stderr")" "the system is as before"
		same "$before" "$(snapshot c)"
	done
	status=0
	# shellcheck disable=SC2016
	on c bash -c 'echo $$ >"$1/pid"; exec "$2" up --json slow' up "$BATS_TEST_TMPDIR" "$WGCTL" \
		>/dev/null 2>"$BATS_TEST_TMPDIR/stderr" &
	job=$!
	sleep 1
	kill -TERM "$(cat "$BATS_TEST_TMPDIR/pid")"
	wait $job || status=$?
	is "$status" 130
	is "$(jq -c '.errors[0] | [.code, .exit]' "$BATS_TEST_TMPDIR/stderr")" '["cancelled",130]'
	same "$before" "$(snapshot c)"
}

@test "recover: nothing to do, and an unfinished run" {
	run_split on c "$WGCTL" recover office
	is "$status" 0
	has "$errors" "nothing to recover"
	office c etc-wgctl/slow.conf "PostUp = kill -9 \$PPID"
	before=$(snapshot c)
	run on c "$WGCTL" up slow
	[ "$status" -gt 128 ]
	is "$(on c "$WGCTL" list --json | jq -r '.profiles[] | select(.name == "slow") | .state')" unfinished
	run_split on c "$WGCTL" status slow
	has "$output" "next       wgctl recover slow"
	run_split on c "$WGCTL" recover slow
	is "$status" 0
	same "$before" "$(snapshot c)"
}

@test "a reader that goes away does not stop a run half-way" {
	on c bash -c "'$WGCTL' up -v office 2> >(exec true); exit 0"
	is "$(on c "$WGCTL" list --json | jq -r '.profiles[0].state')" up
	on c "$WGCTL" down office
}

@test "wg-quick: up, up again, down; steps on stderr as [#] lines; exit 0 and 1" {
	office c etc-wireguard/q0.conf "MTU = 1380"
	before=$(snapshot c)
	run_split wg_quick c up q0
	is "$status" 0
	is "$output" ""
	has "$errors" "[#] ip address add 10.8.0.2/24 dev q0"
	is "$(on c cat /sys/class/net/q0/mtu)" 1380
	run_split wg_quick c up q0
	is "$status" 1
	run_split wg_quick c down q0
	is "$status" 0
	run_split wg_quick c down q0
	is "$status" 1
	same "$before" "$(snapshot c)"
}

@test "wg-quick: a file, a symbolic link, save through it" {
	mkdir "$BATS_TEST_TMPDIR/real"
	office c etc-wireguard/target.conf
	ln -s /etc/wireguard/target.conf "$BATS_TEST_TMPDIR/host-c/etc-wireguard/q1.conf"
	wg_quick c up /etc/wireguard/q1.conf
	is "$(on c "$WGCTL" show interfaces)" q1
	on c ip address add 10.77.0.1/32 dev q1
	wg_quick c save q1
	has "$(on c cat /etc/wireguard/target.conf)" 10.77.0.1/32
	on c test -L /etc/wireguard/q1.conf
	is "$(stat -c %a "$BATS_TEST_TMPDIR/host-c/etc-wireguard/target.conf")" 600
	wg_quick c down /etc/wireguard/q1.conf
	is "$(on c "$WGCTL" show interfaces)" ""
}

@test "import: a profile of wg-netns comes up as it did there: namespace, resolver, hooks, two interfaces" {
	on s "$WGCTL" -q up hub
	# The first name that anybody gives makes /run/netns a mount, for good.
	on c ip netns add first
	on c ip netns del first
	before=$(snapshot c)
	cat >"$BATS_TEST_TMPDIR/site.json" <<-END
		{"name": "blue", "dns-server": ["10.8.0.1"],
		 "pre-up": "ip -o link show lo >$BATS_TEST_TMPDIR/hook",
		 "post-up": "echo \$WG_NETNS_NAME >>$BATS_TEST_TMPDIR/hook; ip -br link >>$BATS_TEST_TMPDIR/hook",
		 "interfaces": [
		  {"name": "one", "address": ["10.8.0.2/24"], "private-key": "$client_private", "mtu": 1400,
		   "peers": [{"public-key": "$server_public", "endpoint": "10.9.0.2:51820", "allowed-ips": ["0.0.0.0/0"]}]},
		  {"name": "two", "address": ["10.7.0.2/24"], "private-key": "$("$WGCTL" genkey)",
		   "peers": [{"public-key": "$other_public", "allowed-ips": ["10.7.0.0/16"], "routes": []}]}
		 ]}
	END
	on c "$WGCTL" -q import "$BATS_TEST_TMPDIR/site.json" -o /etc/wgctl
	on c "$WGCTL" up one two
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	is "$(on c ip -n blue -br link | awk '{ print $1 }' | sort | xargs)" "lo one two"
	is "$(on c ip -n blue -o link show one | grep -o 'mtu 1400')" "mtu 1400"
	is "$(on c ip -n blue -4 route show | grep -c 'dev two')" 1
	has "$(on c ip -n blue route show default)" "dev one"
	has "$(on c cat /etc/netns/blue/resolv.conf)" "nameserver 10.8.0.1"
	# Each hook once, inside, the last one when both were there.
	is "$(head -n 1 "$BATS_TEST_TMPDIR/hook" | grep -c lo:)" 1
	is "$(grep -cx blue "$BATS_TEST_TMPDIR/hook")" 1
	is "$(sed '1,/^blue/d' "$BATS_TEST_TMPDIR/hook" | awk '{ print $1 }' | sort | xargs)" "lo one two"
	on c "$WGCTL" -q down two one
	is "$(snapshot c)" "$before"
}
