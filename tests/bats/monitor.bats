#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# `wgctl monitor`: what the kernel tells, and what it does not.

load lib
load net

setup() {
	client_and_server
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		[Peer]
		Name = gate
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.8.0.0/24
	END
	log=$BATS_TEST_TMPDIR/monitor
}

teardown() {
	hosts_gone
}

# watch_events ARGS...: a monitor in the background, its output in $log.
watch_events() {
	background c "$log" "$WGCTL" monitor "$@"
	monitor=$!
	# It listens when it is asleep.
	sleep 0.5
}

seen() { # seen JQ-CONDITION: an event comes for which it holds
	for _ in $(seq 100); do
		if jq -es "any(.[]; $1)" "$log" >/dev/null; then return 0; fi
		sleep 0.1
	done
	echo "no event with $1 in:" && cat "$log" "$log.err" && return 1
}

ends() { # ends SIGNAL: exit code 0
	kill "-$1" "$monitor"
	status=0
	wait "$monitor" || status=$?
	is "$status" 0
}

@test "monitor --json: links, addresses, routes, rules, peers, handshakes, endpoints" {
	on s "$WGCTL" up hub
	watch_events --json
	on c "$WGCTL" up office
	seen '.event == "link" and .change == "added" and .interface == "office"'
	seen '.event == "address" and .change == "added" and .address == "10.8.0.2/24"'
	seen '.event == "route" and .change == "added" and .destination == "10.8.0.0/24" and .interface == "office"'
	sleep 1.5
	on c ping -c 1 -W 5 10.8.0.1
	seen '.event == "handshake" and .interface == "office" and .name == "gate"'
	on c ip rule add table 77 priority 1234
	seen '.event == "rule" and .change == "added" and .table == 77 and .priority == 1234'
	on c ip rule del table 77 priority 1234
	seen '.event == "rule" and .change == "removed" and .table == 77'
	on c "$WGCTL" set office peer "$server_public" endpoint 10.9.0.9:1
	seen '.event == "endpoint" and .previous == "10.9.0.2:51820" and .endpoint == "10.9.0.9:1"'
	keys third
	on c "$WGCTL" set office peer "$third_public"
	seen ".event == \"peer\" and .change == \"added\" and .public_key == \"$third_public\""
	on c "$WGCTL" set office peer "$third_public" remove
	seen ".event == \"peer\" and .change == \"removed\" and .public_key == \"$third_public\""
	on c "$WGCTL" down office
	seen '.event == "link" and .change == "removed" and .interface == "office"'
	ends INT
	# Every line is one object with the fields that all have; no key is in it.
	jq -es 'length > 5 and all(.[]; .schema == 1 and (.time | test("Z$")) and (.time_ms > 0) and has("event") and has("change") and has("interface"))' "$log"
	lacks "$(<"$log")" "$client_private"
}

@test "monitor LINK shows that tunnel only, and its rules" {
	watch_events --json office
	on c ip link add other type veth peer name rehto
	on c ip addr add 192.0.2.1/32 dev other
	on c "$WGCTL" up office
	seen '.event == "route" and .interface == "office"'
	not grep -q '"other"' "$log"
	ends TERM
}

@test "monitor: a profile's file is its tunnel; one that lives elsewhere is not left out without a word" {
	watch_events --json "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" up office
	seen '.event == "link" and .interface == "office"'
	ends TERM
	on c "$WGCTL" -q down office
	sed -i '/^\[Interface\]/a InterfaceNamespace = blue' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on c "$WGCTL" -q up office
	watch_events office j-c-s
	has "$(<"$log.err")" "'office' lives in a network namespace of its own"
	has "$(<"$log.err")" 'wgctl monitor office'
	ends TERM
	watch_events office
	is "$(<"$log.err")" ""
	ends TERM
}

@test "monitor for people: a line each, and no colour into a file" {
	watch_events
	on c ip addr add 192.0.2.7/32 dev lo
	for _ in $(seq 50); do [ ! -s "$log" ] || break; sleep 0.1; done
	run cat "$log"
	[[ ${lines[0]} =~ ^[0-9:]{8}\ \ lo\ +address\ +added\ +192.0.2.7/32$ ]]
	lacks "$output" $'\033'
	ends TERM
}

@test "monitor ends without a word when its reader goes" {
	local err=$BATS_TEST_TMPDIR/err rc=$BATS_TEST_TMPDIR/rc
	{
		status=0
		on c timeout 20 "$WGCTL" monitor 2>"$err" || status=$?
		echo $status >"$rc"
	} | head -n 1 >"$log" &
	sleep 0.5
	on c ip addr add 192.0.2.8/32 dev lo
	for _ in $(seq 50); do [ ! -s "$rc" ] || break; sleep 0.1; done
	is "$(<"$rc")" 0
	is "$(<"$err")" ""
}

@test "monitor tells of a peer that no longer answers, and of its return" {
	on s "$WGCTL" up hub
	on c "$WGCTL" up office
	on c ping -c 1 -W 5 10.8.0.1
	watch_events --json office
	on s ip link set j-s-c down
	background c "$log.ping" ping -c 25 -i 1 -W 1 10.8.0.1
	ping=$!
	for _ in $(seq 12); do if seen '.event == "transfer" and .change == "stalled" and .name == "gate"' >/dev/null; then break; fi; done
	seen '.event == "transfer" and .change == "stalled" and .name == "gate"'
	on s ip link set j-s-c up
	seen '.event == "transfer" and .change == "resumed"'
	kill "$ping" 2>/dev/null || true
	ends TERM
}
