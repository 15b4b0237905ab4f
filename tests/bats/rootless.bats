#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# `wgctl run` as an ordinary user, by pasta: no rights, and nothing left.

load lib
load net
load resolved

setup() {
	client_and_server
	on s "$WGCTL" -q up hub
	server_new s lan 10.9.0.2 10.9.0.2
	server_new s tunnel 10.8.0.1 10.8.0.1
	on c sh -c 'ip route add default via 10.9.0.2; echo "nameserver 10.9.0.2" >/etc/resolv.conf
		sed -i "s/^hosts:.*/hosts: files dns/" /etc/nsswitch.conf
		echo guest:x:4242:4242::/home/guest:/bin/sh >>/etc/passwd
		mount -t tmpfs -o mode=755 tmpfs /home; mkdir /home/guest; chown 4242:4242 /home/guest'
	office vpn.example:51820
	before=$(snapshot c)
}

teardown() {
	hosts_gone
	# A browser that is killed leaves its directories.
	find /tmp -mindepth 1 -maxdepth 1 -uid 4242 -exec rm -rf {} +
}

office() { # office ENDPOINT
	on c sh -c 'umask 077; cat >/home/guest/office.conf; chown 4242:4242 /home/guest/office.conf' <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		[Peer]
		PublicKey = $server_public
		Endpoint = $1
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

as_guest=(setpriv --reuid 4242 --regid 4242 --clear-groups env -i HOME=/home/guest "PATH=/usr/bin:/bin:/usr/sbin:/sbin")
run_guest() { run_split on c "${as_guest[@]}" "$WGCTL" run --cwd / /home/guest/office.conf -- "$@"; }
left() { ps -U 4242 -o stat=,args= | grep -v ^Z; }

@test "a tunnel of one's own: a program, its exit code, nothing left" {
	run_guest sh -c 'id -u; ls /sys/class/net | sort; grep ^nameserver /etc/resolv.conf; getent ahostsv4 inside.example; grep -E "CapBnd|CapEff|NoNew" /proc/self/status
		ls /proc | grep -c "^[0-9]"; exit 9'
	is "$status" 9
	is "$errors" ''
	has "$output" $'4242\nlo\noffice\nnameserver 10.8.0.1\n10.8.0.1'
	has "$output" $'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1'
	server_asked tunnel inside.example
	not server_asked lan inside.example
	server_asked lan vpn.example
	same "$before" "$(snapshot c)"
	waits_for not left
}

@test "what the program's children leave is buried" {
	office 10.9.0.2:51820
	# shellcheck disable=SC2016
	run_guest sh -c 'for i in 1 2 3; do (setsid sleep 0.1 &); done; sleep 0.5; grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'
	is "$status $output" "0 0"
}

@test "leaks: Chromium without root; on the wire is WireGuard only, and servers outside are not reached" {
	office 10.9.0.2:51820
	background s "$BATS_TEST_TMPDIR/site" "$WGCTL_ROOT/tests/helpers/website" 10.8.0.1 80 10.9.0.2
	disown
	background c "$BATS_TEST_TMPDIR/server" /usr/bin/python3 -Sc 'import os, socket, time
for path in "/run/there", "/home/guest/there":
    s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(); os.chmod(path, 0o777); globals()[path] = s
time.sleep(1000)'
	disown
	waits_for on c test -S /home/guest/there
	background s "$BATS_TEST_TMPDIR/wire" tcpdump -lnni j-s-c "$beside_the_tunnel"
	local listener=$!
	waits_for grep -q 'listening on' "$BATS_TEST_TMPDIR/wire.err"
	run_guest chromium --headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --disable-dev-shm-usage --dump-dom http://site.example/
	is "$status" 0
	has "$output" 'you are 10.8.0.2'
	run_guest /usr/bin/python3 -Sc 'import socket
for path in "/run/there", "/home/guest/there":
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print("reached", path)
    except OSError as e:
        print(e.strerror)'
	is "$output" $'No such file or directory\nPermission denied'
	run_guest sh -c 'ping -c 1 -W 1 10.9.0.2; getent hosts other.example; true'
	sleep 0.3
	kill $listener
	wait $listener || true
	is "$(cat "$BATS_TEST_TMPDIR/wire")" ''
}

@test "what cannot be done is said, and leaves nothing" {
	run_guest /nowhere
	is "$status" 127
	office nobody.invalid:51820
	on c sh -c 'echo "nameserver 10.9.0.77" >/etc/resolv.conf'
	run_split on c "${as_guest[@]}" "$WGCTL" run --wait 1 --cwd / /home/guest/office.conf -- true
	is "$status" 125
	has "$errors" 'nobody.invalid'
	office 10.9.0.2:51820
	run_split on c "${as_guest[@]}" WG_QUICK_USERSPACE_IMPLEMENTATION=/nowhere "$WGCTL" run --cwd / /home/guest/office.conf -- true
	is "$status" 125
	has "$errors" "there is no program '/nowhere'"
	is "$(grep -c error: <<<"$errors")" 1
	on c ip route del default
	run_guest true
	is "$status" 125
	has "$errors" pasta
	run_split on c "$WGCTL" run --rootless office -- true
	is "$status" 125
	run_split on c "${as_guest[@]}" "$WGCTL" run --user nobody /home/guest/office.conf -- true
	is "$status" 125
	has "$errors" 'only root'
	waits_for not left
}

@test "SIGKILL leaves nothing; SIGTERM reaches the program" {
	office 10.9.0.2:51820
	background c "$BATS_TEST_TMPDIR/out" "${as_guest[@]}" "$WGCTL" run --cwd / /home/guest/office.conf -- sh -c 'touch /home/guest/there; sleep 1000'
	local one=$!
	waits_for on c test -e /home/guest/there
	kill -9 $one
	waits_for not left
	same "$(sed '/there/d' <<<"$before")" "$(snapshot c | sed '/there/d')"
	on c rm /home/guest/there
	background c "$BATS_TEST_TMPDIR/out" "${as_guest[@]}" "$WGCTL" run --cwd / /home/guest/office.conf -- sh -c 'trap "exit 5" TERM; touch /home/guest/there; while :; do sleep 0.1; done'
	one=$!
	waits_for on c test -e /home/guest/there
	kill -TERM $one
	status=0
	wait $one || status=$?
	is "$status" 5
	waits_for not left
}

@test "SIGTERM ends it also before the program begins, and after it has ended" {
	local one
	office 10.9.0.2:51820
	# Nobody joins the namespace to the network.
	on c sh -c 'mkdir /home/guest/bin; printf "#!/bin/sh\nexec sleep 1000\n" >/home/guest/bin/pasta; chmod +x /home/guest/bin/pasta'
	background c "$BATS_TEST_TMPDIR/out" "${as_guest[@]}" PATH=/home/guest/bin:/usr/bin:/bin "$WGCTL" run --cwd / /home/guest/office.conf -- true
	one=$!
	waits_for pgrep -U 4242 -x sleep
	kill -TERM $one
	status=0
	wait $one || status=$?
	is "$status" 143
	is "$(cat "$BATS_TEST_TMPDIR/out.err")" ''
	waits_for not left
	background c "$BATS_TEST_TMPDIR/out" "${as_guest[@]}" "$WGCTL" run --cwd / /home/guest/office.conf -- sh -c 'setsid sleep 1000 </dev/null >/dev/null 2>&1 & exit 4'
	one=$!
	waits_for grep -q 'processes of the program go on' "$BATS_TEST_TMPDIR/out.err"
	kill -TERM $one
	status=0
	wait $one || status=$?
	is "$status" 4
	waits_for not left
}
