#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# Not locking oneself out: what is not confirmed is undone, and a warning before
# the route of an SSH session moves. wg-quick has neither (pain 10).

load lib
load net

setup() {
	keys client
	keys server
	host_new c
	host_new s
	join c 10.9.0.1/24 s 10.9.0.2/24
	on c ip route add default via 10.9.0.2
	profile c ftun.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0
	END
	before=$(snapshot c)
}

teardown() {
	hosts_gone
}

is_up() {
	on c "$WGCTL" status ftun >/dev/null 2>&1
}

waits() { # a process does
	pgrep -f "$WGCTL up --confirm" --ns "${HOST_PID[c]}" --nslist net >/dev/null
}

gone_within() { # gone_within SECONDS
	for _ in $(seq $(($1 * 5))); do
		if ! is_up; then return 0; fi
		sleep 0.2
	done
	return 1
}

@test "pain 10: up --confirm, and nobody confirms: everything is undone, though the terminal is gone" {
	# The session that up ran in ends, with everything in it.
	run_split on c timeout 20 setsid -w bash -c '"$1" up --confirm 3 ftun; kill -HUP 0' hang "$WGCTL"
	has "$errors" "unless you run \`wgctl confirm ftun\`"
	is_up
	[ "$(on c "$WGCTL" list --json | jq '.profiles[] | select(.name == "ftun").confirm_within_seconds')" -le 3 ]
	has "$(on c "$WGCTL" list)" "to be confirmed within"
	has "$(on c "$WGCTL" status ftun)" "to be confirmed within"
	has "$(on c "$WGCTL" status ftun)" "wgctl confirm ftun"
	gone_within 10
	same "$before" "$(snapshot c)"
	is "$(on c ls -A /run/wgctl)" ""
}

@test "confirm keeps it; the process that waited is gone; down works as ever" {
	on c "$WGCTL" up --confirm 3 ftun
	waits
	run_split on c "$WGCTL" confirm --json
	is "$(jq -r '.profiles[].result' <<<"$output")" confirmed
	is "$(on c ls /run/wgctl/ftun)" $'applied\njournal'
	not waits
	sleep 4
	is_up
	is "$(on c "$WGCTL" status --json ftun | jq '.tunnels[].confirm_within_seconds')" null
	run on c "$WGCTL" confirm ftun
	is "$status" 0
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
	run on c "$WGCTL" confirm ftun
	is "$status" 3
}

@test "down ends the wait; a failed up starts none; up again leaves it alone" {
	on c "$WGCTL" up --confirm 60 ftun
	run_split on c "$WGCTL" up --confirm 1 ftun
	has "$errors" "up already"
	[ "$(on c "$WGCTL" status --json ftun | jq '.tunnels[].confirm_within_seconds')" -gt 10 ]
	on c "$WGCTL" down ftun
	is "$(on c ls -A /run/wgctl)" ""
	not waits
	same "$before" "$(snapshot c)"
	on c ip link add ftun type veth peer name x
	run on c "$WGCTL" up --confirm 60 ftun
	is "$status" 1
	is "$(on c ls -A /run/wgctl)" ""
	not waits
}

@test "a down that is refused leaves the wait as it is" {
	on c "$WGCTL" up --confirm 60 ftun
	on c ip netns add elsewhere
	run_split on c nsenter --net=/run/netns/elsewhere "$WGCTL" down ftun
	is "$status" 1
	has "$errors" "is up in another network namespace"
	waits
	[ "$(on c "$WGCTL" status --json ftun | jq '.tunnels[].confirm_within_seconds')" -gt 10 ]
	on c "$WGCTL" down ftun
	not waits
	is "$(on c ls -A /run/wgctl)" ""
}

@test "up --confirm that is killed half-way is undone when the time is up" {
	run on c strace -o /dev/null -e trace=sendto -e inject=sendto:signal=KILL:when=20 "$WGCTL" up --confirm 2 ftun
	is "$status" 137
	for _ in $(seq 50); do
		[ -n "$(on c ls -A /run/wgctl)" ] || break
		sleep 0.2
	done
	is "$(on c ls -A /run/wgctl)" ""
	same "$before" "$(snapshot c)"
}

@test "the process that waits was killed: status says that nobody will undo it" {
	on c "$WGCTL" up --confirm 60 ftun
	kill -9 "$(jq .pid <(on c cat /run/wgctl/ftun/confirm))"
	has "$(on c "$WGCTL" status ftun)" "was killed: it stays up"
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "the process that waits keeps no pipe of its caller open" {
	run timeout 2 bash -c "nsenter --target ${HOST_PID[c]} --mount --net '$WGCTL' up --confirm 60 ftun 2>&1 | cat"
	is "$status" 0
	on c "$WGCTL" down ftun
}

warned() { # warned TEXT: of the session, by address, with the way to be safe
	has "$1" "you are here over SSH from 10.7.7.7"
	has "$1" "wgctl up --confirm 60 ftun"
}

@test "pain 10: over SSH, a warning before the route of the session moves" {
	# As sshd sets it; as sudo leaves it: only an ancestor has it.
	run_split on c env SSH_CONNECTION='10.7.7.7 51000 10.9.0.1 22' "$WGCTL" up -n ftun
	warned "$errors"
	# shellcheck disable=SC2016
	run_split on c env SSH_CONNECTION='10.7.7.7 51000 10.9.0.1 22' bash -c 'env -u SSH_CONNECTION "$1" up -n ftun; true' sudo "$WGCTL"
	warned "$errors"
	run_split on c env SSH_CONNECTION='10.7.7.7 51000 10.9.0.1 22' "$WGCTL" up --confirm 60 ftun
	lacks "$errors" SSH
	on c "$WGCTL" down ftun
}

@test "the SSH session is found by sshd's own connection where no environment tells" {
	on s ip addr add 10.7.7.7/32 dev lo
	background s "$BATS_TEST_TMPDIR/listen" python3 -c '
import socket, time
s = socket.create_server(("10.7.7.7", 2222))
print("ready", flush=True)
c = s.accept()
time.sleep(60)'
	for _ in $(seq 100); do [ ! -s "$BATS_TEST_TMPDIR/listen" ] || break; sleep 0.1; done
	cp /bin/bash "$BATS_TEST_TMPDIR/sshd"
	# shellcheck disable=SC2016
	run_split on c "$BATS_TEST_TMPDIR/sshd" -c 'exec 9<>/dev/tcp/10.7.7.7/2222; bash -c "\"$1\" up -n ftun; true" x "$1"; true' sshd "$WGCTL"
	warned "$errors"
}

@test "no warning where the session's route stays: on the same network, on the split tunnel's outside, or without SSH" {
	run_split on c env SSH_CONNECTION='10.9.0.2 51000 10.9.0.1 22' "$WGCTL" up -n ftun
	lacks "$errors" SSH
	run_split on c "$WGCTL" up -n ftun
	lacks "$errors" SSH
	profile c split.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.8.0.0/24, 10.70.0.0/16
	END
	run_split on c env SSH_CONNECTION='10.7.7.7 51000 10.9.0.1 22' "$WGCTL" up -n split
	lacks "$errors" SSH
	run_split on c env SSH_CONNECTION='10.70.7.7 51000 10.9.0.1 22' "$WGCTL" up -n split
	has "$errors" "over SSH from 10.70.7.7"
	run_split on c env SSH_CONNECTION='fd00::1 51000 fd00::2 22' "$WGCTL" up -n split
	lacks "$errors" SSH
}

# ---- reload ---------------------------------------------------------------------

# split [lines of Interface] [ENDPOINT]: only one network goes through it
split() {
	profile c ftun.conf <<-END
		[Interface]
		PrivateKey = ${2-$client_private}
		Address = 10.8.0.2/24
		${1-}
		[Peer]
		PublicKey = $server_public
		PresharedKey = ${psk-$client_private}
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 10.7.0.0/16
	END
}

# another: keys, address, MTU, DNS, kill switch, all traffic
another() {
	profile c ftun.conf <<-END
		[Interface]
		PrivateKey = $server_private
		Address = 10.8.0.3/24, 10.5.0.1/32
		MTU = 1300
		DNS = 10.7.0.53
		DNSMode = file
		KillSwitch = on
		[Peer]
		PublicKey = $client_public
		Endpoint = 10.9.0.77:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

device() { on c wg show ftun dump | cut -f 1-4,8; }

back_within() { # back_within SECONDS
	for _ in $(seq $(($1 * 5))); do
		if on c test ! -e /run/wgctl/ftun/confirm; then return 0; fi
		sleep 0.2
	done
	return 1
}

@test "reload --confirm, and nobody confirms: the tunnel is what it was, keys and all, and its record too" {
	split
	on c "$WGCTL" up ftun
	up=$(snapshot c) device=$(device)
	another
	run_split on c timeout 20 setsid -w bash -c '"$1" reload --confirm 3 ftun; kill -HUP 0' hang "$WGCTL"
	has "$errors" "taken back in 3 s, unless you run \`wgctl confirm ftun\`"
	has "$(on c "$WGCTL" status ftun)" "its reload is to be confirmed within"
	[ "$up" != "$(snapshot c)" ]
	# What is not confirmed yet is not built upon.
	run_split on c "$WGCTL" reload ftun
	is "$status" 1
	has "$errors" "still waits for the confirmation of its last reload"
	back_within 10
	same "$device" "$(device)"
	same "$(grep -v journal <<<"$up")" "$(snapshot c | grep -v journal)"
	# The next reload knows what there is: nothing to do for the old profile, and the new one again.
	split
	run_split on c "$WGCTL" reload ftun
	has "$errors" "is as its profile says"
	another
	on c "$WGCTL" reload ftun
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "reload --confirm goes back, and what others did since stays" {
	keys other
	split
	on c "$WGCTL" up ftun
	split "MTU = 1300"
	echo "PersistentKeepalive = 21" >>"$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf"
	on c "$WGCTL" reload --confirm 2 ftun
	on c wg set ftun peer "$other_public" allowed-ips 10.66.0.0/16
	# As one that has roamed.
	on c wg set ftun peer "$server_public" endpoint 10.9.0.99:7
	back_within 10
	lacks "$(on c ip link show ftun)" "mtu 1300"
	has "$(on c wg show ftun persistent-keepalive)" "$server_public"$'\t'off
	has "$(on c wg show ftun allowed-ips)" "$other_public"$'\t'10.66.0.0/16
	has "$(on c wg show ftun endpoints)" "$server_public"$'\t'10.9.0.99:7
	# An endpoint that it did change goes back.
	split
	sed -i 's/10.9.0.2:51820/10.9.0.77:51820/' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/ftun.conf"
	on c "$WGCTL" reload --confirm 1 ftun
	has "$(on c wg show ftun endpoints)" "$server_public"$'\t'10.9.0.77:51820
	back_within 10
	has "$(on c wg show ftun endpoints)" "$server_public"$'\t'10.9.0.99:7
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "reload --confirm and confirm: it stays, down leaves nothing; a reload with nothing to do waits for nobody" {
	split
	on c "$WGCTL" up ftun
	run_split on c "$WGCTL" reload --confirm 60 ftun
	has "$errors" "is as its profile says"
	on c test ! -e /run/wgctl/ftun/confirm
	another
	on c "$WGCTL" reload --confirm 2 ftun
	now=$(device)
	run_split on c "$WGCTL" confirm ftun
	has "$errors" "it stays as it is"
	sleep 3
	same "$now" "$(device)"
	is "$(on c ls /run/wgctl/ftun)" $'applied\njournal'
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
}

@test "reload --confirm: a failure or down ends the wait; killed half-way, it goes back when the time is up" {
	split
	on c "$WGCTL" up ftun
	up=$(snapshot c) device=$(device)
	another
	run on c strace -o /dev/null -e trace=sendto -e inject=sendto:error=EIO:when=12+ "$WGCTL" reload --confirm 60 ftun
	is "$status" 1
	on c test ! -e /run/wgctl/ftun/confirm
	same "$device" "$(device)"
	run on c strace -o /dev/null -e trace=fdatasync -e inject=fdatasync:signal=KILL:when=9 "$WGCTL" reload --confirm 2 ftun
	is "$status" 137
	back_within 10
	same "$device" "$(device)"
	same "$(grep -v journal <<<"$up")" "$(snapshot c | grep -v journal)"
	on c "$WGCTL" reload --confirm 60 ftun
	on c "$WGCTL" down ftun
	same "$before" "$(snapshot c)"
	is "$(on c ls -A /run/wgctl)" ""
}

@test "over SSH, reload warns when the way of the session moves, either way, and not else" {
	split
	on c "$WGCTL" up ftun
	ssh=SSH_CONNECTION='10.99.7.7 51000 10.9.0.1 22'
	split "MTU = 1300"
	run_split on c env "$ssh" "$WGCTL" reload ftun
	lacks "$errors" SSH
	another
	run_split on c env "$ssh" "$WGCTL" reload -n ftun
	has "$errors" "you are here over SSH from 10.99.7.7, and packets to that address are to take the tunnel from now on"
	has "$errors" "wgctl reload --confirm 60 ftun"
	run_split on c env "$ssh" "$WGCTL" reload --confirm 60 ftun
	lacks "$errors" SSH
	on c "$WGCTL" confirm ftun
	split
	run_split on c env "$ssh" "$WGCTL" reload ftun
	has "$errors" "are to leave beside the tunnel from now on"
}
