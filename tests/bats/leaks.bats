#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# Ways by which a program in a tunnel's namespace could reach the clear wire, by
# the numbers of the list of known ones. Each test first shows that the way is
# there for a program that is only moved into the namespace.
#
#   c   the machine: its resolver is `lan`, in clear; namespace app has the tunnel
#   s   the other end, with name servers `lan` on the wire and `tunnel` in the tunnel

load lib
load net
load resolved

setup() {
	client_and_server
	profile c office.conf <<-END
		[Interface]
		PrivateKey = ${client_private:?}
		Address = 10.8.0.2/24
		InterfaceNamespace = app
		DNS = 10.8.0.1
		[Peer]
		PublicKey = ${server_public:?}
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
	on s "$WGCTL" -q up hub
	server_new s lan 10.9.0.2 192.0.2.1
	server_new s tunnel 10.8.0.1 192.0.2.99
	on c sh -c 'echo "nameserver 10.9.0.2" >/etc/resolv.conf; echo "search lan.example" >>/etc/resolv.conf
		echo guest:x:4242:4242::/home/guest:/bin/sh >>/etc/passwd
		sed -i "s/^hosts:.*/hosts: files dns/" /etc/nsswitch.conf'
	on c "$WGCTL" -q up office
	# What is shared with the machine by these paths is not, here.
	on c sh -c 'mount -t tmpfs -o mode=1777 tmpfs /var/tmp; mount -t tmpfs -o mode=755 tmpfs /home; mkdir /home/guest; chown 4242:4242 /home/guest
		chmod 755 /home/guest'
}

teardown() {
	hosts_gone
}

# inside CMD...: as an ordinary user, by what is tested; moved CMD...: only moved.
inside() { on c env SUDO_UID=4242 "$WGCTL" exec --cwd / office -- "$@"; }
moved() { on c nsenter --net=/run/netns/app "$@"; }

# listen: what is on the wire and no WireGuard; heard: stop, and print it.
listen() {
	background s "$BATS_TEST_TMPDIR/wire" tcpdump -lnni j-s-c "$beside_the_tunnel"
	LISTENER=$!
	waits_for grep -q 'listening on' "$BATS_TEST_TMPDIR/wire.err"
}
heard() {
	sleep 0.3
	kill "$LISTENER"
	wait "$LISTENER" || true
	cat "$BATS_TEST_TMPDIR/wire"
}

# A server at a path: answers who it is to whoever connects.
server='
import os, socket, sys
kind = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET}[sys.argv[1]]
s = socket.socket(socket.AF_UNIX, kind)
s.bind(sys.argv[2])
os.chmod(sys.argv[2], 0o777)
s.listen()
while True:
    c = s.accept()[0]
    c.send(b"outside")
    c.close()
'
client='
import socket, sys
kind = {"stream": socket.SOCK_STREAM, "seqpacket": socket.SOCK_SEQPACKET}[sys.argv[1]]
s = socket.socket(socket.AF_UNIX, kind)
try:
    s.connect(sys.argv[2])
    print(s.recv(100).decode())
except OSError as e:
    print(e.strerror)
'
serve() { # serve KIND PATH
	background c "$BATS_TEST_TMPDIR/server" /usr/bin/python3 -Sc "$server" "$1" "$2"
	disown
	waits_for on c test -S "$2"
}
answers() { # answers inside|moved KIND PATH
	[ "$("$1" /usr/bin/python3 -Sc "$client" "$2" "$3")" = outside ]
}

@test "leak 1: nscd of the machine is not asked" {
	local nscd
	nscd=$("$WGCTL_ROOT/tests/helpers/unpack" nscd)
	on c sh -c "mkdir -p /run/nscd /var/cache/nscd; sed 's/server-user/#&/; s/\(persistent[[:space:]]*[a-z]*[[:space:]]*\)yes/\1no/' $nscd/etc/nscd.conf >/etc/nscd.conf"
	background c "$BATS_TEST_TMPDIR/nscd" "$nscd/usr/sbin/nscd" -d -f /etc/nscd.conf
	disown
	waits_for on c test -S /run/nscd/socket
	moved getent ahostsv4 moved.example
	server_asked lan moved.example
	listen
	is "$(inside getent ahostsv4 inside.example | awk 'NR == 1 { print $1 }')" 192.0.2.99
	is "$(heard)" ''
	not server_asked lan inside.example
	server_asked tunnel inside.example
	# And none that is started later.
	inside sh -c 'while ! [ -e /var/tmp/go ]; do sleep 0.1; done; getent ahostsv4 later.example; ls /run/nscd' >/dev/null 2>&1 &
	on c rm -rf /run/nscd
	sleep 0.5
	on c mkdir /run/nscd
	background c "$BATS_TEST_TMPDIR/nscd" "$nscd/usr/sbin/nscd" -d -f /etc/nscd.conf
	disown
	waits_for on c test -S /run/nscd/socket
	on c touch /var/tmp/go
	waits_for server_asked tunnel later.example
	not server_asked lan later.example
}

@test "leaks 2 and 3: resolved and the system's bus are not there" {
	resolved_new c
	resolvectl_on c dns j-c-s 10.9.0.2
	moved busctl call org.freedesktop.resolve1 /org/freedesktop/resolve1 org.freedesktop.resolve1.Manager ResolveHostname isit 0 moved.example 2 0
	server_asked lan moved.example
	answered=$(moved /usr/bin/python3 -Sc 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("/run/systemd/resolve/io.systemd.Resolve"); print("there")')
	is "$answered" there
	listen
	run inside busctl call org.freedesktop.resolve1 /org/freedesktop/resolve1 org.freedesktop.resolve1.Manager ResolveHostname isit 0 bus.example 2 0
	[ "$status" -ne 0 ]
	run inside /usr/bin/python3 -Sc 'import socket; s = socket.socket(socket.AF_UNIX); s.connect("/run/systemd/resolve/io.systemd.Resolve"); print("there")'
	[ "$status" -ne 0 ]
	lacks "$output" there
	# Its NSS module is in the machine's nsswitch.conf, and the stub in its resolv.conf.
	is "$(inside getent ahostsv4 inside.example | awk 'NR == 1 { print $1 }')" 192.0.2.99
	not server_asked lan bus.example
	not server_asked lan inside.example
	is "$(heard)" ''
}

@test "leak 4: names are looked up in hosts and by the tunnel's servers; no search list, no aliases, no other server" {
	on c sh -c 'echo "hosts: files mdns4_minimal [NOTFOUND=return] resolve mymachines sss wins dns" >/etc/nsswitch.conf; echo "alias moved.example" >/home/guest/aliases
		echo "192.0.2.7 printer" >>/etc/hosts'
	on c env SUDO_UID=4242 HOSTALIASES=/home/guest/aliases LOCALDOMAIN=local.example RES_OPTIONS=ndots:5 "$WGCTL" exec --cwd / office -- \
		strace -f -e trace=connect,sendto,sendmmsg -o /home/guest/trace getent ahostsv4 plain
	on c grep -q 'sin_addr=inet_addr("10.8.0.1")' /home/guest/trace
	not on c grep -E 'connect\(.*AF_UNIX.*= 0' /home/guest/trace
	server_asked tunnel plain
	not grep -E 'lan.example|local.example' "$BATS_TEST_TMPDIR/asked-tunnel"
	not server_asked lan plain
	run on c env SUDO_UID=4242 HOSTALIASES=/home/guest/aliases "$WGCTL" exec --cwd / office -- getent ahostsv4 alias
	not server_asked tunnel moved.example
	is "$(inside getent ahostsv4 printer | awk 'NR == 1 { print $1 }')" 192.0.2.7
}

@test "leaks 5 and 6: whatever resolv.conf outside is and becomes" {
	local kind
	for kind in file link dangling absent readonly chain; do
		on c rm -f /etc/resolv.conf
		case $kind in
		file) on c sh -c 'echo "nameserver 10.9.0.2" >/etc/resolv.conf' ;;
		link) on c sh -c 'echo "nameserver 10.9.0.2" >/run/theirs; ln -s /run/theirs /etc/resolv.conf' ;;
		dangling) on c ln -s /run/nothing/resolv.conf /etc/resolv.conf ;;
		readonly) on c sh -c 'echo "nameserver 10.9.0.2" >/etc/resolv.conf; chmod 444 /etc/resolv.conf' ;;
		chain) on c sh -c 'ln -s ../etc/other /etc/resolv.conf; ln -sf /run/theirs /etc/other' ;;
		esac
		is "$(inside sh -c 'stat -c %F /etc/resolv.conf; grep -c "^nameserver 10.8.0.1" /etc/resolv.conf; grep -c 10.9 /etc/resolv.conf')" $'regular file\n1\n0'
	done
	# All that can happen to it while somebody reads.
	on c sh -c 'rm -f /etc/resolv.conf; echo "nameserver 10.9.0.2" >/etc/resolv.conf'
	inside sh -c 'touch /home/guest/ready; while ! [ -e /home/guest/stop ]; do cat /etc/resolv.conf || echo missing; done' >"$BATS_TEST_TMPDIR/seen" 2>&1 &
	local reader=$!
	waits_for on c test -e /home/guest/ready
	on c sh -c 'for i in 1 2 3; do
		echo "nameserver 10.9.0.2" >/etc/new; mv /etc/new /etc/resolv.conf; sleep 0.1
		echo "nameserver 10.9.0.3" >/etc/resolv.conf; sleep 0.1
		ln -sf /run/theirs /etc/resolv.conf; sleep 0.1
		rm /etc/resolv.conf; sleep 0.1
	done; touch /home/guest/stop'
	wait $reader
	grep -q 'nameserver 10.8.0.1' "$BATS_TEST_TMPDIR/seen"
	not grep -E '10\.9|missing|No such' "$BATS_TEST_TMPDIR/seen"
	# Nobody writes there and believes it.
	run on c "$WGCTL" exec --root --cwd / office -- sh -c 'echo x >/etc/new'
	[ "$status" -ne 0 ]
	has "$output" 'Read-only'
}

@test "leak 8: browsers have a profile of their own, and Firefox none of its kind to hand a page to" {
	local name
	for name in firefox chromium; do
		on c sh -c 'printf "#!/bin/sh\necho \"\$*|\$MOZ_NO_REMOTE\"\n" >/var/tmp/'$name'; chmod 755 /var/tmp/'$name
	done
	is "$(inside /var/tmp/firefox http://x/)" '--no-remote --profile /home/guest/.local/share/wgctl/office/firefox http://x/|1'
	is "$(inside /var/tmp/firefox --profile /home/guest/mine http://x/)" '--no-remote --profile /home/guest/mine http://x/|1'
	is "$(inside /var/tmp/firefox -P mine -no-remote)" '-P mine -no-remote|1'
	# By another name, as those that desktops choose.
	is "$(inside sh -c 'exec /var/tmp/firefox')" '|1'
	is "$(inside /var/tmp/chromium http://x/)" '--user-data-dir=/home/guest/.local/share/wgctl/office/chromium http://x/|1'
}

# A session bus as user 4242 has it, whose services leave a file when they are started.
session_bus() {
	local name
	service() {
		printf '[D-BUS Service]\nName=%s\nExec=/usr/bin/touch /var/tmp/started.%s\n' "$1" "$2" >"$BATS_TEST_TMPDIR/services/$2.service"
	}
	on c sh -c 'mkdir -p /run/user/4242/systemd; chown -R 4242:4242 /run/user/4242; chmod 700 /run/user/4242; rm -f /var/tmp/started.*'
	mkdir "$BATS_TEST_TMPDIR/services"
	for name in systemd1 portal.Desktop Notifications; do service org.freedesktop.$name $name; done
	service org.mpris.MediaPlayer2.vlc vlc
	cat >"$BATS_TEST_TMPDIR/bus.conf" <<-END
		<busconfig>
			<type>session</type>
			<listen>unix:path=/run/user/4242/bus</listen>
			<servicedir>$BATS_TEST_TMPDIR/services</servicedir>
			<policy context="default">
				<allow send_destination="*" eavesdrop="true"/>
				<allow receive_sender="*"/>
				<allow own="*"/>
			</policy>
		</busconfig>
	END
	chmod -R a+rX "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR/.." "$BATS_RUN_TMPDIR"
	background c "$BATS_TEST_TMPDIR/bus" setpriv --reuid 4242 --regid 4242 --clear-groups dbus-daemon "--config-file=$BATS_TEST_TMPDIR/bus.conf" --nofork --nopidfile
	disown
	waits_for on c test -S /run/user/4242/bus
}
ask_for='
for name; do
	dbus-send --session --print-reply --reply-timeout=2000 --dest=org.freedesktop.$name /org/freedesktop/portal/desktop \
		org.freedesktop.portal.OpenURI.OpenURI string: string:http://192.0.2.80/
done
ls /var/tmp | grep started'
ask_player='dbus-send --session --print-reply --reply-timeout=2000 --dest=org.mpris.MediaPlayer2.vlc /org/mpris/MediaPlayer2 \
	org.mpris.MediaPlayer2.Player.OpenUri string:http://192.0.2.80/
ls /var/tmp | grep started'
ask_notice='dbus-send --session --print-reply --reply-timeout=2000 --dest=org.freedesktop.Notifications /org/freedesktop/Notifications \
	org.freedesktop.Notifications.GetCapabilities
ls /var/tmp | grep started'

@test "leak 9: the session's bus goes through a filter, systemd --user is not there" {
	local of_user=(on c env DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/4242/bus)
	session_bus
	serve stream /run/user/4242/systemd/private
	serve stream /run/user/4242/gcr-ssh
	run "${of_user[@]}" nsenter --net=/run/netns/app setpriv --reuid 4242 --regid 4242 --clear-groups sh -c "$ask_for" - systemd1 portal.Desktop
	has "$output" started.systemd1
	has "$output" started.portal.Desktop
	on c sh -c 'rm /var/tmp/started.*'
	run "${of_user[@]}" SUDO_UID=4242 "$WGCTL" exec --cwd / office -- sh -c \
		'echo "$DBUS_SESSION_BUS_ADDRESS"; dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListActivatableNames; systemd-run --user readlink /proc/self/ns/net; ls -A /run/user/4242'
	has "${lines[0]}" unix:path=/run/user/4242/wgctl/bus-
	has "$output" org.freedesktop.DBus
	has "$output" org.freedesktop.Notifications
	lacks "$output" org.freedesktop.systemd1
	lacks "$output" 'net:['
	lacks "$output" gcr-ssh
	# Not by a name whose other methods are allowed either: one connection may have many names.
	run "${of_user[@]}" SUDO_UID=4242 "$WGCTL" exec --cwd / office -- sh -c "$ask_for" - systemd1 portal.Desktop Notifications
	lacks "$output" started.
	run "${of_user[@]}" SUDO_UID=4242 "$WGCTL" exec --cwd / office -- sh -c "$ask_player; $ask_notice"
	has "$output" started.Notifications
	lacks "$output" started.vlc
	run "${of_user[@]}" nsenter --net=/run/netns/app setpriv --reuid 4242 --regid 4242 --clear-groups sh -c "$ask_player"
	has "$output" started.vlc
	# The filter, which is the user's, has nothing of root's environment.
	# shellcheck disable=SC2016
	run "${of_user[@]}" SUDO_UID=4242 OF_ROOT=alone "$WGCTL" exec --cwd / office -- sh -c 'tr "\0" "\n" <"/proc/$(pgrep -nx xdg-dbus-proxy)/environ"'
	has "$output" PATH=
	lacks "$output" OF_ROOT
	# It goes with the program.
	waits_for not on c test -e /run/user/4242/wgctl
	not pgrep -x xdg-dbus-proxy
	# Where there is no filter, there is no bus.
	on c mount --bind /dev/null /usr/bin/xdg-dbus-proxy
	run "${of_user[@]}" SUDO_UID=4242 "$WGCTL" exec --cwd / office -- sh -c 'echo "$DBUS_SESSION_BUS_ADDRESS"; busctl --address=unix:path=/run/user/4242/bus list'
	is "${lines[0]}" disabled:
	lacks "$output" org.freedesktop.DBus
	# Screen and sound pass, by their paths.
	on c mkdir -p /run/user/4242/pulse
	serve stream /run/user/4242/wayland-0
	serve stream /run/user/4242/pulse/native
	serve stream /run/user/4242/pipewire-0
	on c chown 4242 /run/user/4242/{wayland-0,pulse/native,pipewire-0}
	for path in wayland-0 pulse/native pipewire-0; do answers inside stream /run/user/4242/$path; done
	is "$(inside sh -c 'echo $WAYLAND_DISPLAY $PULSE_SERVER $XDG_RUNTIME_DIR; stat -c "%u %a" $XDG_RUNTIME_DIR $XDG_RUNTIME_DIR/pulse; touch $XDG_RUNTIME_DIR/mine $XDG_RUNTIME_DIR/pulse/mine')" \
		$'wayland-0 unix:/run/user/4242/pulse/native /run/user/4242\n4242 700\n4242 755'
}

@test "what is another user's is not brought in, whatever leads there" {
	on c sh -c 'mkdir -p /run/user/4242 /run/user/5000/pulse /run/secret; echo "of root" >/run/secret/note; chown 4242 /run/user/4242
		chown -R 5000 /run/user/5000; chmod 700 /run/user/* /run/secret; ln -s /run/user/5000/pulse /run/user/4242/pulse'
	on c sh -c '[ -d /tmp/.X11-unix ] || { mkdir /tmp/.X11-unix && touch /run/made; }; mount -t tmpfs -o mode=1777 tmpfs /tmp/.X11-unix'
	serve stream /tmp/.X11-unix/X77
	serve stream /run/user/5000/pulse/native
	on c chown 5000 /run/user/5000/pulse/native
	is "$(moved setpriv --reuid 4242 --regid 4242 --clear-groups /usr/bin/python3 -Sc "$client" stream /run/user/4242/pulse/native)" 'Permission denied'
	not answers inside stream /run/user/4242/pulse/native
	for path in /run/secret/note /run/secret /run/user/5000/pulse/native /run/user/5000; do
		# shellcheck disable=SC2016
		is "$(on c env SUDO_UID=4242 XAUTHORITY=$path DISPLAY=:77 "$WGCTL" exec --cwd / office -- sh -c 'echo $XAUTHORITY; ls -d "$1"' - $path 2>&-)" $path
	done
	on c umount -l /tmp/.X11-unix
	on c sh -c '[ ! -e /run/made ] || rmdir /tmp/.X11-unix'
}

@test "leak 10: servers that listen at a path, wherever it is, before and after" {
	on c sh -c 'mkdir -p /run/lock /run/docker /home/guest/.ssh /var/lib/sss/pipes; chmod 755 /home/guest/.ssh'
	local paths=(/run/lock/x.sock /run/docker.sock /run/docker/x.sock /home/guest/.ssh/cm-host /var/tmp/tmux-4242)
	serve seqpacket /home/guest/seq
	for path in "${paths[@]}"; do serve stream "$path"; done
	answers moved seqpacket /home/guest/seq
	for path in "${paths[@]}"; do answers moved stream "$path"; done
	not answers inside seqpacket /home/guest/seq
	for path in "${paths[@]}"; do not answers inside stream "$path"; done
	# Everything that the kernel says listens here.
	mapfile -t sockets < <(on c awk '$8 ~ /^\// { print $8 }' /proc/net/unix | sort -u)
	inside /usr/bin/python3 -Sc '
import socket, sys
reached = []
for path in sys.argv[1:]:
    for kind in socket.SOCK_STREAM, socket.SOCK_SEQPACKET, socket.SOCK_DGRAM:
        s = socket.socket(socket.AF_UNIX, kind)
        try:
            s.connect(path)
            reached.append(path)
        except OSError:
            pass
sys.exit(f"reached: {reached}" if reached else 0)' "${sockets[@]}"
	# A real one; and one of a later time, in /run.
	on c env -u TMUX tmux -f /dev/null -S /home/guest/tmux new-session -d 'sleep 1000'
	on c chmod 777 /home/guest/tmux
	run on c "$WGCTL" exec --cwd / office -- tmux -S /home/guest/tmux run-shell 'readlink /proc/self/ns/net'
	[ "$status" -ne 0 ]
	lacks "$output" 'net:['
	on c tmux -S /home/guest/tmux kill-server
	inside sh -c 'touch /home/guest/ready; while ! [ -e /home/guest/go ]; do sleep 0.1; done; exec /usr/bin/python3 -Sc "$1" stream /run/later.sock' - "$client" >"$BATS_TEST_TMPDIR/later" &
	local one=$!
	waits_for on c test -e /home/guest/ready
	serve stream /run/later.sock
	on c touch /home/guest/go
	wait $one
	is "$(<"$BATS_TEST_TMPDIR/later")" 'No such file or directory'
	not answers inside stream /run/later.sock
	# One that named its socket by where it stood; one of another namespace that is as much outside, and one that is inside.
	on c ip netns add other
	background c "$BATS_TEST_TMPDIR/server" sh -c 'cd /home/guest && exec /usr/bin/python3 -Sc "$@"' - "$server" stream ./by-place
	disown
	background c "$BATS_TEST_TMPDIR/server" ip netns exec other /usr/bin/python3 -Sc "$server" stream /home/guest/other
	disown
	background c "$BATS_TEST_TMPDIR/server" nsenter --net=/run/netns/app /usr/bin/python3 -Sc "$server" stream /home/guest/beside
	disown
	for path in by-place other beside; do waits_for answers moved stream /home/guest/$path; done
	not answers inside stream /home/guest/by-place
	not answers inside stream /home/guest/other
	answers inside stream /home/guest/beside
	# Directories of resolvers, before anybody listens there.
	is "$(inside ls -A /var/lib/sss/pipes)" ''
	on c rm -rf /var/lib/sss
}

@test "leaks 11 and 13: the screen by its path; of the environment only what is on the list" {
	on c sh -c '[ -d /tmp/.X11-unix ] || { mkdir /tmp/.X11-unix && touch /run/made; }; mount -t tmpfs -o mode=1777 tmpfs /tmp/.X11-unix'
	serve stream /tmp/.X11-unix/X77
	answers moved stream /tmp/.X11-unix/X77
	is "$(on c env SUDO_UID=4242 DISPLAY=:77 "$WGCTL" exec --cwd / office -- sh -c 'echo $DISPLAY; exec /usr/bin/python3 -Sc "$1" stream /tmp/.X11-unix/X77' - "$client")" $':77\noutside'
	# One that nobody asked for, one that is not there, one elsewhere.
	not answers inside stream /tmp/.X11-unix/X77
	for display in :78 10.9.0.2:0 localhost:10.0; do
		is "$(on c env SUDO_UID=4242 DISPLAY=$display "$WGCTL" exec --cwd / office -- sh -c 'echo "<$DISPLAY>"')" '<>'
	done
	on c umount -l /tmp/.X11-unix
	on c sh -c '[ ! -e /run/made ] || rmdir /tmp/.X11-unix'
	output=$(on c env -i PATH="$PATH" SUDO_UID=4242 SUDO_USER=root TERM=vt100 LC_ALL=C LANG=C http_proxy=http://10.9.0.2 https_proxy=x ALL_PROXY=x no_proxy=x \
		SSH_AUTH_SOCK=/run/x SSH_CONNECTION=x DBUS_SYSTEM_BUS_ADDRESS=unix:path=/x BROWSER=x SESSION_MANAGER=x LD_PRELOAD= GIO_USE_VFS=x TMUX=/x,1,0 \
		DOCKER_HOST=x KEPT=yes ALSO=too HOSTALIASES=x LOCALDOMAIN=x RES_OPTIONS=x PYTHONPATH=/x XDG_DATA_HOME=/root/x HOME=/root \
		"$WGCTL" exec --cwd / --keep-env KEPT --keep-env ALSO,NONE office -- env | cut -d= -f1 | sort | tr '\n' ' ')
	is "$output" 'ALSO DBUS_SESSION_BUS_ADDRESS HOME KEPT LANG LC_ALL LOGNAME MOZ_NO_REMOTE PATH SHELL TERM USER WGCTL_NAMESPACE '
	is "$(inside sh -c 'echo $HOME $USER $SHELL')" '/home/guest guest /bin/sh'
}

@test "leak 12: no descriptor comes along, and no network socket as a standard one" {
	exec 17</etc/passwd 18<>/dev/null
	is "$(inside sh -c 'ls /proc/$$/fd' | tr '\n' ' ')" '0 1 2 '
	exec 17<&- 18<&-
	run on c /usr/bin/python3 -Sc '
import os, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
os.dup2(s.fileno(), 0)
os.execv(sys.argv[1], sys.argv[1:])' "$WGCTL" exec office -- true
	is "$status" 125
	has "$output" 'standard input is a network socket'
}

@test "leak 14: nothing gives rights back" {
	is "$(inside sh -c 'grep -E "^(Cap|NoNewPrivs|Groups|Uid)" /proc/self/status | tr -s "\t " " "' )" \
		$'Uid: 4242 4242 4242 4242\nGroups: 4242 \nCapInh: 0000000000000000\nCapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 1'
	on c sh -c 'cp /usr/bin/id /var/tmp/id; chmod 4755 /var/tmp/id'
	is "$(moved setpriv --reuid 4242 --regid 4242 --clear-groups /var/tmp/id -u)" 0
	is "$(inside /var/tmp/id -u)" 4242
	for command in "nsenter --net=/proc/1/ns/net true" "nsenter --target ${HOST_PID[c]} --net true" "unshare --net true" "su -c true" "ip link set lo down" "$WGCTL showconf office" "mount -t tmpfs none /mnt"; do
		# shellcheck disable=SC2086
		run inside $command
		[ "$status" -ne 0 ] || { echo "worked: $command"; false; }
	done
	# root stays one without rights unless that is asked for, and then it has them all.
	is "$(on c "$WGCTL" exec office -- sh -c 'id -u; grep CapEff /proc/self/status')" $'0\nCapEff:\t0000000000000000'
	on c "$WGCTL" exec --root office -- ip link set lo up
	on c "$WGCTL" exec --root office -- sh -c "'$WGCTL' show office | grep -q peer"
	on c env SUDO_UID=4242 "$WGCTL" exec --user nobody --cwd / office -- sh -c '[ "$(id -un)" = nobody ]'
}

@test "leak 15: a process of another user can be neither looked into nor traced" {
	on c sh -c 'echo other:x:4243:4243::/:/bin/sh >>/etc/passwd; mkdir -m 755 /run/of-other'
	serve stream /run/of-other/socket
	background c "$BATS_TEST_TMPDIR/sleeper" setpriv --reuid 4243 --regid 4243 --clear-groups sleep 1000
	local pid=$!
	disown
	for _ in $(seq 50); do [ "$(stat -c %u "/proc/$pid" 2>/dev/null)" != 4243 ] || break; sleep 0.1; done
	# As that user the way is there, which the manual says.
	answers as_other stream "/proc/$pid/root/run/of-other/socket"
	not answers inside stream "/proc/$pid/root/run/of-other/socket"
	run inside timeout 5 strace -qq -p "$pid"
	is "$status" 1
	has "$output" 'Operation not permitted'
}
as_other() { on c "$WGCTL" exec --user other --cwd / office -- "$@"; }

@test "leak 17: a tunnel without IPv6 leaves none in its namespace" {
	on c "$WGCTL" -q down office
	sed -i 's|, ::/0||' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	on s ip addr add fd09::2/64 dev j-s-c nodad
	on c sh -c 'ip addr add fd09::1/64 dev j-c-s nodad; ip -6 route add default via fd09::2'
	on c "$WGCTL" -q up office
	is "$(on c ip -n app -6 route show default)" ''
	is "$(on c ip -n app -o link show type veth)" ''
	listen
	on c /usr/bin/python3 -Sc 'import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"x", ("2001:db8::1", 9))'
	for to in 2001:db8::1 fd09::2; do
		run inside /usr/bin/python3 -Sc 'import socket, sys; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"y", (sys.argv[1], 10))' $to
		[ "$status" -ne 0 ]
		has "$output" 'unreachable'
	done
	# The first one is heard, and nothing else.
	run heard
	has "$output" '2001:db8::1.9'
	lacks "$output" '.10:'
}

@test "leak 22: with --pin-dns browsers find a policy" {
	on c sh -c 'mkdir -p /etc/chromium/policies/managed /etc/firefox; echo "{}" >/etc/chromium/policies/managed/owner.json; echo theirs >/etc/firefox/other'
	on c env SUDO_UID=4242 "$WGCTL" exec --pin-dns --cwd / office -- sh -c '
		jq -e ".DnsOverHttpsMode == \"off\"" /etc/chromium/policies/managed/wgctl.json /etc/opt/chrome/policies/managed/wgctl.json &&
		jq -e ".policies.DNSOverHTTPS.Enabled == false" /etc/firefox/policies/policies.json && cat /etc/chromium/policies/managed/owner.json /etc/firefox/other'
	not on c test -e /etc/chromium/policies/managed/wgctl.json
	not inside test -e /etc/chromium/policies/managed/wgctl.json
}

@test "leak 25: /sys shows the namespace, and the control groups" {
	on c mount -t cgroup2 none /sys/fs/cgroup
	on c mount -t bpf bpf /sys/fs/bpf
	has "$(moved ls /sys/class/net | tr '\n' ' ')" j-c-s
	is "$(inside ls /sys/class/net | sort | tr '\n' ' ')" 'lo office '
	is "$(inside stat -f -c %T /sys/fs/cgroup /sys/fs/bpf | tr '\n' ' ')" 'cgroup2fs bpf_fs '
}

@test "leak 27: no LLMNR and no mDNS, and nothing for addresses that the tunnel does not have" {
	background c "$BATS_TEST_TMPDIR/tun" nsenter --net=/run/netns/app tcpdump -lnni office 'port 5353 or port 5355'
	local tun=$!
	waits_for grep -q 'listening on' "$BATS_TEST_TMPDIR/tun.err"
	listen
	inside getent ahostsv4 single || true
	inside getent ahostsv4 printer.local || true
	run inside /usr/bin/python3 -Sc 'import socket; socket.create_connection(("10.9.0.2", 53), 2)'
	run inside ping -c 1 -W 1 10.9.0.2
	# An address of the other family, of which the tunnel has none.
	run inside /usr/bin/python3 -Sc 'import socket; socket.create_connection(("2001:db8::1", 80), 1)'
	[ "$status" -ne 0 ]
	is "$(heard)" ''
	kill $tun
	wait $tun || true
	is "$(cat "$BATS_TEST_TMPDIR/tun")" ''
}
