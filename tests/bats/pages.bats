#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# What pages say, against what the program does. wgctl-json(5) says what is printed: each
# member of each document, with its type, and whether it may be missing; and what the page
# has was seen in some document here. wgctl.conf(5) says what holds where a key is left out.

load lib
load net

setup() {
	client_and_server
	keys spare
	psk=$("$WGCTL" genpsk)
	sed -i "s|^AllowedIPs|PresharedKey = $psk\n&|" "$BATS_TEST_TMPDIR/host-s/etc-wgctl/hub.conf"
	on s "$WGCTL" -q up hub
	profiles=$BATS_TEST_TMPDIR/host-c/etc-wgctl
	office
	on c ip netns add first
	on c ip netns del first
	seen=$BATS_FILE_TMPDIR/seen
}

teardown() {
	on c "$WGCTL" -q physical down --kill 2>/dev/null || true
	hosts_gone
}

office() { # office [LINE...]
	(umask 077 && cat >"$profiles/office.conf") <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		$(printf '%s\n' "$@")
		[Peer]
		Name = hub
		PublicKey = $server_public
		PresharedKey = $psk
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.8.0.0/24
		[Peer]
		PublicKey = $spare_public
		AllowedIPs = 10.99.0.0/24
	END
}

json_page() { "$WGCTL_ROOT/tests/helpers/json-page" "$WGCTL_ROOT/man/wgctl-json.5" "$seen" "$@"; }

# says NAME ARGUMENT...: what wgctl prints is the object NAME of the page.
says() {
	local name=$1
	shift
	run_split on c "$WGCTL" "$@"
	json_page "$name" <<<"$output" || { echo "wgctl $*:" "$output" "$errors" && return 1; }
	[ -z "$errors" ] || json_page "answer stderr" <<<"$errors" || { echo "wgctl $*:" "$errors" && return 1; }
}

# fails ARGUMENT...: with an object on standard error.
fails() {
	run_split on c "$WGCTL" "$@"
	[ "$status" != 0 ]
	json_page "answer stderr" <<<"$errors" || { echo "wgctl $*:" "$errors" && return 1; }
}

@test "up, status, list, diff, reload, confirm, down, recover" {
	says "answer results" up -n --json office
	says "answer results" up --json office
	says "answer results" up --json office
	is "$(jq -r '.profiles[0].result' <<<"$output")" already_up
	on c ping -q -c 1 -W 5 10.8.0.1
	says "answer status" status --json office
	says "answer status" status --json --show-secrets
	says "answer status" show --json office
	says "answer list" list --json
	says "answer diff" diff --json office
	on c ip address add 10.66.0.1/32 dev office
	on c wg set office peer "$("$WGCTL" genkey | "$WGCTL" pubkey)" allowed-ips 10.67.0.0/24
	office "MTU = 1380"
	sed -i 's/10.99.0.0/10.98.0.0/' "$profiles/office.conf"
	says "answer diff" diff --json office
	is "$(jq -c '[.equal, (.details | length > 0), (.foreign | length > 0)]' <<<"$output")" '[false,true,true]'
	says "answer results" reload -n --json office
	says "answer results" reload --json --confirm 60 office
	says "answer status" status --json
	says "answer list" list --json
	says "answer confirmed" confirm --json
	is "$(jq -r '.profiles[0].result' <<<"$output")" confirmed
	says "answer confirmed" confirm --json office
	says "answer results" down --json office
	says "answer results" down --json office
	is "$status" 3
	office "KillSwitch = lockdown" "PostUp = kill -9 \$PPID"
	not on c "$WGCTL" up office
	says "answer status" status --json
	says "answer list" list --json
	says "answer results" recover --json office
	office "KillSwitch = lockdown"
	says "answer results" lockdown -n --json office
	says "answer results" lockdown --json office
	is "$(jq -r '.profiles[0].result' <<<"$output")" locked
	says "answer results" up --json office
	says "answer results" down --json --all
	is "$(jq -c '.profiles[0].locked' <<<"$output")" true
	says "answer status" status --json
	says "answer results" down --json --unlock office
	office "InterfaceNamespace = office"
	says "answer results" up --json office
	on c ip netns exec office sleep 50 3>&- &
	until on c ip netns pids office | grep -q .; do sleep 0.05; done
	says "answer status" status --json
	jq -e '.tunnels[0].processes[0].command' <<<"$output"
	says "answer list" list --json
	says "answer netns" netns --json
	jq -e '.namespaces[0].processes[0].command' <<<"$output"
	fails netns delete --json office
	kill %1
	on c ip netns add box
	background c "$BATS_TEST_TMPDIR/inside" ip netns exec box sleep 50
	until on c ip netns pids box | grep -q .; do sleep 0.05; done
	says "answer netns-delete" netns delete --json box
	is "$(jq -r '.name, .processes[0].command' <<<"$output")" $'box\nsleep'
	kill $!
	fails netns delete --json box
}

@test "doctor, check, version, container, devices of others" {
	says "answer doctor" doctor --json
	says "answer doctor" doctor --json office
	on c "$WGCTL" -q up office
	says "answer doctor" doctor --json
	on c "$WGCTL" -q down office
	says "answer version" version --json
	printf '[Interface]\nListenPort = 70000\nAddress = 10.0.0.1/24\nPrivateKey = x\nNonsense = 1\nMTU = 1\nMTU = 2\n' >"$BATS_TEST_TMPDIR/bad.conf"
	says "answer check" check --json "$BATS_TEST_TMPDIR/bad.conf" office
	is "$status" 5
	says "answer files" convert --json "$profiles/office.conf" -o "$BATS_TEST_TMPDIR/office.json"
	cp "$WGCTL_ROOT/tests/fixtures/import/office.nmconnection" "$BATS_TEST_TMPDIR"
	says "answer files" import --json "$BATS_TEST_TMPDIR/office.nmconnection" -o "$BATS_TEST_TMPDIR/imported.conf"
	contained
	says "answer netns" netns --json
	says "answer attach" container attach --json office "pid:$pid"
	says "answer status" status --json
	says "answer results" container detach --json "pid:$pid"
	is "$(jq -r '.profiles[0].result' <<<"$output")" down
	says "answer results" container detach --json "pid:$pid"
	is "$status" 3
	kill "$pid"
	if [ "$(data_plane c)" = kernel ]; then on c ip link add foreign0 type wireguard; else on c wireguard-go foreign0; fi
	says "answer status" status --json
	on c ip link del foreign0
}

@test "physical" {
	sed -i 's|10.8.0.0/24|0.0.0.0/0, ::/0|' "$profiles/office.conf"
	says "answer physical-status" physical status --json
	says "answer physical-change" physical up -n --json --take j-c-s office
	says "answer physical-change" physical up --json --take j-c-s office
	on c ip netns exec physical sleep 50 3>&- &
	until on c ip netns pids physical | xargs -r ps -o comm= -p | grep -q sleep; do sleep 0.05; done
	says "answer physical-status" physical status --json
	jq -e '.physical.processes[0].command' <<<"$output"
	says "answer physical-confirm" physical confirm --json
	is "$(jq -r '.physical.result' <<<"$output")" nothing_to_confirm
	says "answer physical-change" physical recover --json
	says "answer physical-change" physical down --json --kill
	says "answer physical-change" physical recover --json
}

@test "what goes wrong" {
	fails status --json nobody
	fails up --json nobody
	fails up --json
	fails exec --json 2>/dev/null || true
	office "ListenPort = 51999"
	on c python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 51999)); time.sleep(20)' 3>&- &
	until [ -n "$(on c ss -uHln 'sport = :51999')" ]; do sleep 0.05; done
	fails up --json office
	kill %1
	office "PostUp = false"
	fails up --json office
	office "Table = off" "DNS = example.org" "ListenPort = 70000" "MTU = 1400" "MTU = 1500"
	fails up --json office
	office "SaveConfig = true"
	sed -i 's|^Name = hub|&\nRoutes = 10.8.0.0/24|; $ aName = hub' "$profiles/office.conf"
	says "answer results" up --json office
	is "$(jq '.warnings | length > 1' <<<"$errors")" true
	office "DNSMode = resolved" "DNS = 10.8.0.1"
	fails up --json office
	fails physical up --json office
	fails physical down --json
}

@test "monitor" {
	background c "$BATS_TEST_TMPDIR/events" "$WGCTL" monitor --json
	local monitor=$!
	sleep 0.5
	on c "$WGCTL" -q up office
	sleep 1.2
	on c ping -q -c 1 -W 5 10.8.0.1
	sleep 1.2
	on c wg set office listen-port 51999 fwmark 0x77
	on c wg set office peer "$spare_public" remove
	on c wg set office peer "$server_public" endpoint 10.9.0.9:1234
	sleep 1.2
	# Nobody is there any more: that is told after a quarter of a minute.
	background c "$BATS_TEST_TMPDIR/ping" ping -q -i 0.5 -w 20 10.8.0.1
	disown
	local end=$((SECONDS + 30))
	until grep -q stalled "$BATS_TEST_TMPDIR/events"; do
		[ $SECONDS -lt $end ]
		sleep 0.2
	done
	on c wg set office private-key <("$WGCTL" genkey)
	sleep 1.2
	sed -i 's|10.8.0.0/24|0.0.0.0/0|' "$profiles/office.conf"
	on c "$WGCTL" -q down office
	on c "$WGCTL" -q up office
	on c "$WGCTL" -q down office
	sleep 0.3
	kill "$monitor"
	json_page events <"$BATS_TEST_TMPDIR/events"
	for event in link address route rule peer handshake endpoint transfer device; do
		jq -e --slurp "any(.event == \"$event\")" "$BATS_TEST_TMPDIR/events" >/dev/null || { echo "no event '$event'" && return 1; }
	done
}

@test "metrics and their labels" {
	office "InterfaceNamespace = blue"
	on c "$WGCTL" -q up office
	on c ip netns exec blue ping -q -c 1 -W 5 10.8.0.1
	run_split on c "$WGCTL" status --format prometheus
	local name
	while read -r name; do
		grep -q "^\.It Va $name " "$WGCTL_ROOT/man/wgctl-json.5" || { echo "not in the page: $name" && return 1; }
	done < <(grep -o '^wgctl_[a-z_]*' <<<"$output" | sort -u)
	while read -r name; do
		sed -n '/^\.Sh METRICS/,$p' "$WGCTL_ROOT/man/wgctl-json.5" | grep -q "^\.Va $name\b" || { echo "not in the page: $name" && return 1; }
	done < <(grep -o '[{,][a-z_]*="' <<<"$output" | tr -d '{,="' | sort -u)
}

# plan_with SECTION LINE: what would be done with that line in a profile.
plan_with() {
	local other="KillSwitch = on"
	[[ $2 != *KillSwitch* ]] || other=
	printf '%s\n' "[Interface]" "PrivateKey = $client_private" "Address = 10.8.0.2/24, fd08::2/64" "DNS = 10.8.0.1" "$other" \
		"$([ "$1" != Interface ] || echo "$2")" "[Peer]" "PublicKey = $server_public" "Endpoint = 10.9.0.2:51820" \
		"AllowedIPs = 0.0.0.0/0, ::/0" "$([ "$1" != Peer ] || echo "$2")" >"$profiles/defaults.conf"
	chmod 600 "$profiles/defaults.conf"
	# That port 0 was asked for is said, and changes nothing.
	on c "$WGCTL" up -n --json defaults | jq -c '.profiles[0].plan' | sed 's/ port 0,//'
}

@test "a key with its default does what leaving it out does; with another value, something else" {
	declare -A another=([ListenPort]=51999 [Table]=off [KillSwitch]=on [AllowLAN]=no [DNSMode]=none [IPv6]=block
		[Routes]=off)
	local section key usual n=0
	while read -r section key usual; do
		without=$(plan_with "$section" "# $key, which is left out")
		[ "$(jq length <<<"$without")" -gt 5 ]
		is "$(plan_with "$section" "$key = $usual")" "$without"
		n=$((n + 1))
		case $key in
		# Seen after `up` only: `down` writes the file, `watch` looks names up; and here
		# there may be one implementation only.
		SaveConfig | RefreshEndpoints | Backend) continue ;;
		# What a peer is set to stands in no step; the device tells.
		PersistentKeepalive)
			plan_with Peer "$key = 25" >/dev/null
			on c "$WGCTL" -q up defaults
			is "$(on c wg show defaults persistent-keepalive | cut -f2)" 25
			on c "$WGCTL" -q down defaults
			plan_with Peer "# none" >/dev/null
			on c "$WGCTL" -q up defaults
			is "$(on c wg show defaults persistent-keepalive | cut -f2)" off
			on c "$WGCTL" -q down defaults
			continue
			;;
		esac
		[ "$(plan_with "$section" "$key = ${another[$key]}")" != "$without" ] || { echo "$key = ${another[$key]} is no different" && return 1; }
	done < <(awk '/^\.Ss \[/ { section = substr($2, 2, length($2) - 2) } /^\.It Ic/ { key = $3 }
		/^Default: / { sub(/\.$/, "", $2); print section, key, $2 }' "$WGCTL_ROOT/man/wgctl.conf.5")
	[ $n -ge 11 ]
}

@test "every command that takes --json has its document in the page" {
	local command
	for command in $("$WGCTL" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
		"$WGCTL" "$command" --help | grep -q -- ' --json ' || continue
		[ "$command" != monitor ] || continue
		grep -qE "^\.\\\\\" document: (.* )?$command( .*|-.*)?\$" "$WGCTL_ROOT/man/wgctl-json.5" || { echo "not in the page: $command" && return 1; }
	done
}

# The last one: bats runs them in this order, and the file is of all of them.
@test "what the page has was seen" {
	# Not made here: words of the kernel, which a userspace implementation has none of
	# (updown.bats sees them in guests), and an overflow of the kernel's queue.
	is "$(json_page --unseen | grep -vx 'error.kernel' | grep -v '^event lost\.')" ""
}
