#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# `wgctl run`: a tunnel for one program, up before it and down behind it.

load lib
load net

setup() {
	client_and_server
	on s "$WGCTL" -q up hub
	office ''
	on c ip netns add first
	on c ip netns del first
	on c sh -c 'grep -q ^guest: /etc/passwd || echo guest:x:4242:4242::/tmp:/bin/sh >>/etc/passwd'
	before=$(snapshot c)
}

teardown() {
	touch "$BATS_TEST_TMPDIR/go"
	hosts_gone
}

office() {
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		$1
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

run_c() { run_split on c env SUDO_UID=4242 "$WGCTL" run "$@"; }

# A process that ends when the file go is there; its number is in the file $1.
waits='echo $$ >"$1"; while ! [ -e "${1%/*}/go" ]; do sleep 0.1; done'

waits_until() { # waits_until SECONDS CMD...
	local _ end=$((SECONDS + $1))
	shift
	while [ $SECONDS -le $end ]; do
		"$@" && return 0
		sleep 0.1
	done
	echo "in vain: $*" >&2
	return 1
}
is_down() { [ "$(on c "$WGCTL" list --json | jq -r '.profiles[] | select(.name == "office") | .state')" = down ]; }
is_up() { [ "$(on c "$WGCTL" list --json | jq -r '.profiles[] | select(.name == "office") | .state')" = up ]; }

@test "a program in a tunnel of its own, with its exit code; nothing is left" {
	run_c office -- sh -c 'ls /sys/class/net; id -u; cat /etc/resolv.conf; ip -o route get 10.8.0.1; exit 7'
	is "$status" 7
	has "$output" lo
	has "$output" office
	has "$output" 4242
	has "$output" 'nameserver 10.8.0.1'
	has "$output" 'dev office'
	is "$errors" ''
	run_c office -- sh -c 'exec python3 -c "import socket; socket.create_connection((\"10.8.0.1\", 1), 10)"'
	has "$errors" 'refused'
	is "$status" 1
	run_c office -- sh -c 'kill -9 $$'
	is "$status" 137
	run_c office -- /nowhere
	is "$status" 127
	run_c office -- /etc
	is "$status" 126
	# A directory of PATH that the user may not enter is no reason to say that the program cannot be run.
	run_split on c env SUDO_UID=4242 PATH="/root/bin:$PATH" "$WGCTL" run office --cwd / -- nowhere-to-be-found
	is "$status" 127
	run_c office --cwd /nowhere -- true
	is "$status" 125
	run_c nowhere -- true
	is "$status" 125
	run_c office -u nobody-of-that-name -- true
	is "$status" 125
	settles "$before" c
	is_down
	run_split on c "$WGCTL" run -n office
	is "$status" 0
	has "$output" netns.create
	settles "$before" c
}

@test "a profile without resolvers: said, and undone, unless somebody says what to do" {
	office ''
	sed -i '/DNS/d' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	run_c office -- true
	is "$status" 125
	has "$errors" 'no name servers of its own'
	run_c office --no-dns -- grep -c nameserver /etc/resolv.conf
	is "$output" 0
	run_c office --dns 10.8.0.1,10.8.0.3 -- grep -c '^nameserver 10.8.0' /etc/resolv.conf
	is "$output" 2
	for wrong in 10.8.0.300 , ''; do
		run_c office --dns "$wrong" -- true
		is "$status" 125
		has "$errors" 'name server'
	done
	settles "$before" c
}

@test "two runs share the tunnel; the last one takes it down" {
	on c "$WGCTL" run office -- sh -c "$waits" - "$BATS_TEST_TMPDIR/one" 3>&- &
	local one=$!
	waits_until 30 test -s "$BATS_TEST_TMPDIR/one"
	# At the same moment, and one after the other.
	for i in 2 3 4; do on c "$WGCTL" run office -- ip -o link show office >"$BATS_TEST_TMPDIR/$i" 3>&- & done
	run_c office -- cat /sys/class/net/office/ifindex
	is "$status" 0
	for i in 2 3 4; do waits_until 30 test -s "$BATS_TEST_TMPDIR/$i"; done
	sleep 1.5
	is_up
	# Who ends beside another one has nothing to wait for, and nothing to say.
	run_c office -- true
	is "$status$errors" 0
	touch "$BATS_TEST_TMPDIR/go"
	wait $one
	is_down
	settles "$before" c
}

@test "what the program leaves behind keeps the tunnel up, and then it goes by itself" {
	run_split on c "$WGCTL" run office -- sh -c "(setsid sh -c '$waits' - $BATS_TEST_TMPDIR/one </dev/null >/dev/null 2>&1 &); exit 3"
	is "$status" 3
	has "$errors" 'taken down when the last one ends'
	is_up
	# Somebody else comes, and stays longer.
	on c "$WGCTL" exec office -- sleep 3 3>&- &
	local other=$!
	sleep 0.5
	touch "$BATS_TEST_TMPDIR/go"
	sleep 1
	is_up
	wait $other
	waits_until 30 is_down
	settles "$before" c
}

@test "more processes inside than descriptors are allowed: it waits for them all the same" {
	# shellcheck disable=SC2016
	run_split on c sh -c 'ulimit -n 32; exec "$@"' - "$WGCTL" run --cwd / office -- \
		sh -c 'for i in $(seq 60); do sh -c "$1" - "$2/$i" </dev/null >/dev/null 2>&1 & done; sleep 1' - "$waits" "$BATS_TEST_TMPDIR"
	is "$status" 0
	has "$errors" "'office' is taken down when the last one ends"
	is_up
	touch "$BATS_TEST_TMPDIR/go"
	waits_until 30 is_down
	settles "$before" c
}

@test "one that was up before stays up; one that is up outside of a namespace is refused" {
	office 'InterfaceNamespace = mine'
	on c "$WGCTL" -q up office
	run_c office -- ip -o link show office
	is "$status" 0
	is_up
	on c "$WGCTL" -q down office
	office 'Table = off'
	on c "$WGCTL" -q up office
	run_c office -- true
	is "$status" 125
	has "$errors" 'is up in another network namespace'
	is_up
	on c "$WGCTL" -q down office
	settles "$before" c
}

@test "SIGKILL of wgctl: the tunnel goes with the last process all the same" {
	background c "$BATS_TEST_TMPDIR/out" "$WGCTL" run office -- sh -c "$waits" - "$BATS_TEST_TMPDIR/one"
	local pid=$!
	waits_until 30 test -s "$BATS_TEST_TMPDIR/one"
	kill -9 $pid
	sleep 0.3
	is_up
	[ -e "/proc/$(cat "$BATS_TEST_TMPDIR/one")" ]
	touch "$BATS_TEST_TMPDIR/go"
	waits_until 30 is_down
	settles "$before" c
}

@test "SIGKILL of wgctl between the tunnel and the program: the tunnel goes" {
	# The pipe is for what it starts next.
	run on c strace -qq -o /dev/null -e trace=pipe2 -e inject=pipe2:signal=SIGKILL:when=1 "$WGCTL" run --verbose --cwd / office -- true
	has "$output" "'office' is up"
	waits_until 30 is_down
	settles "$before" c
}

@test "SIGKILL of wgctl and of the one that it left behind: the next run takes over" {
	background c "$BATS_TEST_TMPDIR/out" "$WGCTL" run office -- sh -c "$waits" - "$BATS_TEST_TMPDIR/one"
	waits_until 30 test -s "$BATS_TEST_TMPDIR/one"
	for pid in $(inhabitants c); do
		[ "$(readlink "/proc/$pid/exe")" != "$WGCTL" ] || kill -9 "$pid"
	done
	touch "$BATS_TEST_TMPDIR/go"
	sleep 1
	is_up
	run_c office -- true
	is "$status" 0
	is_down
	settles "$before" c
}

@test "a signal to wgctl reaches the program" {
	background c "$BATS_TEST_TMPDIR/out" "$WGCTL" run office -- sh -c "trap 'exit 5' TERM; $waits" - "$BATS_TEST_TMPDIR/one"
	local pid=$! status=0
	waits_until 30 test -s "$BATS_TEST_TMPDIR/one"
	kill -TERM $pid
	wait $pid || status=$?
	is "$status" 5
	is_down
	settles "$before" c
}

@test "a signal that comes while the program is only about to start ends it" {
	# Who reads it waits, and the program's process has its signals by then.
	on c sh -c 'rm /etc/hosts && mkfifo /etc/hosts'
	background c "$BATS_TEST_TMPDIR/out" "$WGCTL" run office -- touch "$BATS_TEST_TMPDIR/ran"
	local pid=$! status=0
	waits_until 30 is_up
	waits_until 30 pgrep -P $pid -x wgctl
	kill -TERM $pid
	wait $pid || status=$?
	is "$status" 143
	not test -e "$BATS_TEST_TMPDIR/ran"
	is_down
	settles "$before" c
}

@test "from inside there is no second way in" {
	for command in run exec; do
		run_split on c "$WGCTL" run --root office -- "$WGCTL" $command office -- true
		is "$status" 125
		has "$errors" 'nothing would be apart'
		settles "$before" c
	done
}
