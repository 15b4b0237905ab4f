#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# `wgctl exec`: programs in namespaces that anybody has made. What keeps them
# there is in leaks.bats.

load lib
load net

setup() {
	host_new c
	on c sh -c 'ip netns add app; ip -n app link set lo up; mkdir -p /etc/netns/app; echo "nameserver 10.8.0.1" >/etc/netns/app/resolv.conf
		echo guest:x:4242:4242::/home/guest:/bin/sh >>/etc/passwd; echo "readers:x:4300:guest" >>/etc/group'
}

teardown() {
	hosts_gone
}

exec_c() { run_split on c "$WGCTL" exec "$@"; }
net_of() { on c stat -Lc %i "$1"; }

@test "by name, path, process; the program's exit code, or 125 to 127" {
	local inode
	inode=$(net_of /run/netns/app)
	exec_c app readlink /proc/self/ns/net
	is "$output" "net:[$inode]"
	exec_c /run/netns/app -- readlink /proc/self/ns/net
	is "$output" "net:[$inode]"
	on c nsenter --net=/run/netns/app sleep 100 3>&- &
	local nobody=$! pid
	sleep 0.2
	pid=$(on c ip netns pids app)
	exec_c "pid:$pid" -- readlink /proc/self/ns/net
	is "$output" "net:[$inode]"
	kill "$pid"
	wait $nobody || true
	for code in 0 1 77 125; do
		exec_c app -- sh -c "exit $code"
		is "$status $output$errors" "$code "
	done
	# It is the program itself that runs, with the number of wgctl.
	exec_c app -- sh -c 'kill -TERM $$'
	is "$status" 143
	exec_c app -- nowhere-to-be-found
	is "$status" 127
	exec_c app -- /etc/passwd
	is "$status" 126
}

@test "options stand in front of the program, its own behind it" {
	exec_c app --cwd / printf '%s|' --root -x '' --
	is "$output" '--root|-x||--|'
	exec_c --cwd / app -- sh -c 'echo $0 $*' -- -- a
	is "$output" '-- -- a'
	exec_c --cwd /usr app pwd
	is "$output" /usr
	exec_c --cwd /nowhere app pwd
	is "$status" 125
	has "$errors" '--cwd DIR'
	exec_c app --rooot true
	is "$status" 125
	has "$errors" "did you mean '--root'"
	exec_c
	is "$status" 125
	# Without a program it is a shell.
	run_split on c sh -c "echo 'echo \$SHELL' | SUDO_UID=4242 '$WGCTL' exec --cwd / app"
	is "$output" /bin/sh
}

@test "as whom" {
	exec_c app -- id -un
	is "$output" root
	run_split on c env SUDO_UID=4242 SUDO_GID=0 SUDO_USER=root "$WGCTL" exec app --cwd / -- id
	is "$output" 'uid=4242(guest) gid=4242 groups=4242,4300(readers)'
	run_split on c env PKEXEC_UID=4242 "$WGCTL" exec app --cwd / -- id -u
	is "$output" 4242
	run_split on c env SUDO_UID=4242 "$WGCTL" exec app --cwd / --user nobody -- id -un
	is "$output" nobody
	run_split on c env SUDO_UID=4242 "$WGCTL" exec app --root -- id -u
	is "$output" 0
	run_split on c env SUDO_UID=4999 "$WGCTL" exec app --cwd / -- id -u
	is "$status" 125
	has "$errors" "there is no user '4999'"
	# Who is not root gets nothing by claiming to be somebody.
	run_split on c setpriv --reuid 4242 --regid 4242 --clear-groups env SUDO_UID=0 "$WGCTL" exec app -- id
	is "$status" 125
	has "$errors" sudo
}

@test "nothing is typed into the terminal that the shell outside reads" {
	local type='
import fcntl, sys, termios
for call in termios.TIOCSTI, 0x541c:
    try:
        fcntl.ioctl(0, call, b"x")
        print("typed")
    except OSError as e:
        print(e.strerror)'
	echo "$type" >"$BATS_TEST_TMPDIR/type"
	run on c script -qec "$WGCTL exec --cwd / app -- /usr/bin/python3 -S $BATS_TEST_TMPDIR/type" /dev/null
	is "$(tr -d '\r' <<<"$output" | sort | uniq -c | xargs)" '2 Operation not permitted'
	# Other things are done with it as ever.
	run on c script -qec "stty rows 31 cols 97; $WGCTL exec --cwd / app -- stty size" /dev/null
	has "$output" '31 97'
}

@test "a namespace without name servers, none at all, the wrong one" {
	on c rm /etc/netns/app/resolv.conf
	exec_c app -- true
	is "$status" 125
	has "$errors" 'has no name servers of its own'
	has "$errors" '/etc/netns/app/resolv.conf'
	exec_c app --no-dns -- grep -c nameserver /etc/resolv.conf
	is "$output" 0
	exec_c app --dns 10.8.0.1,fd08::1 -- cat /etc/resolv.conf
	is "$output" $'nameserver 10.8.0.1\nnameserver fd08::1'
	exec_c app --dns localhost -- true
	is "$status" 125
	exec_c nowhere -- true
	is "$status" 125
	has "$errors" "no network namespace 'nowhere'"
	exec_c "pid:${HOST_PID[c]}" --no-dns -- true
	is "$status" 125
	has "$errors" 'nothing would be apart'
	exec_c pid:x -- true
	is "$status" 125
	exec_c /etc/passwd -- true
	is "$status" 125
	exec_c /proc/self/ns/mnt -- true
	is "$status" 125
}

@test "other files of the namespace, as ip-netns(8) has them" {
	on c sh -c 'echo "10.8.0.9 only-inside" >/etc/netns/app/hosts; echo marked >/etc/netns/app/motd'
	exec_c app -- sh -c 'getent hosts only-inside; cat /etc/motd'
	has "$output" 10.8.0.9
	has "$output" marked
	not on c grep -q only-inside /etc/hosts
	# As many as there are, with those that browsers are given; and too many.
	on c sh -c 'for i in $(seq 54); do echo $i >/etc/netns/app/file$i; done'
	exec_c --pin-dns app -- cat /etc/file54
	is "$status$output" 054
	on c sh -c 'for i in $(seq 60); do echo $i >/etc/netns/app/file$i; done'
	exec_c --pin-dns app -- true
	is "$status" 125
	has "$errors" 'more files in /etc/netns/app than'
}

@test "any step that fails ends it: nothing is run" {
	local step
	for step in unshare mount open_tree move_mount setresuid setgroups capset prctl close_range chdir; do
		run_split on c env SUDO_UID=4242 strace -f -qq -o /dev/null -e trace=$step -e inject=$step:error=EACCES:when=1+ \
			"$WGCTL" exec app --cwd / -- sh -c 'echo was run'
		is "$step: $output" "$step: "
		is "$status" 125
		has "$errors" error:
	done
}

@test "where the kernel makes no overlay, /etc is bound piece by piece" {
	on c sh -c 'mkdir -p /etc/firefox /etc/chromium/policies; echo theirs >/etc/firefox/other; ln -s passwd /etc/a-link; chmod 750 /etc/chromium
		rm -f /etc/resolv.conf; ln -s /run/nothing /etc/resolv.conf'
	# Fewer descriptors than it has entries.
	[ "$(on c ls /etc | wc -l)" -gt 24 ]
	run_split on c prlimit --nofile=24 strace -f -qq -o /run/trace -P /etc -e trace=mount -e inject=mount:error=EINVAL:when=1 \
		"$WGCTL" exec app --pin-dns -- sh -c 'cat /etc/resolv.conf /etc/firefox/other; readlink /etc/a-link; test -s /etc/firefox/policies/policies.json; stat -c %a /etc/chromium
			touch /etc/new 2>/dev/null || echo fixed; findmnt -no FSTYPE /etc | tail -n 1'
	is "$status" 0
	is "$output" $'nameserver 10.8.0.1\ntheirs\npasswd\n750\nfixed\ntmpfs'
	on c grep -q INJECTED /run/trace
}

@test "what is outside stays as it is" {
	local before after
	before=$(on c sh -c 'cat /proc/self/mountinfo | wc -l; ls /run /tmp/.X11-unix 2>/dev/null; ls /sys/class/net')
	exec_c app -- true
	exec_c app --root -- sh -c 'mount -t tmpfs none /mnt'
	after=$(on c sh -c 'cat /proc/self/mountinfo | wc -l; ls /run /tmp/.X11-unix 2>/dev/null; ls /sys/class/net')
	same "$before" "$after"
	# And what is mounted there later is seen inside.
	on c mount --make-rshared /
	on c mkdir -p /var/tmp/wgctl-later
	on c "$WGCTL" exec app -- sh -c 'for i in $(seq 50); do [ -e /var/tmp/wgctl-later/there ] && exit 0; sleep 0.1; done; exit 1' 3>&- &
	local one=$!
	sleep 0.3
	on c sh -c 'mount -t tmpfs none /var/tmp/wgctl-later; touch /var/tmp/wgctl-later/there'
	wait $one
	on c umount -l /var/tmp/wgctl-later
	on c rmdir /var/tmp/wgctl-later
}
