# SPDX-License-Identifier: GPL-2.0
# For hosts of net.bash: a systemd-resolved of its own with a bus of its own,
# both Debian's, without a systemd around them; and name servers that note what
# they are asked.

# resolved_new HOST: resolved is the resolver there, as Debian's packages set it up.
resolved_new() {
	local name=$1 dir=$BATS_TEST_TMPDIR/host-$1
	UNPACKED=$("$WGCTL_ROOT/tests/helpers/unpack" systemd-resolved)
	on "$name" bash -c '
		set -e
		mkdir -p /run/dbus /run/systemd/resolve /run/systemd/netif/links /etc/dbus-1/system.d
		for user in messagebus systemd-resolve systemd-network; do
			grep -q "^$user:" /etc/passwd || echo "$user:x:$((999 - ${#user})):65534::/:/usr/sbin/nologin" >>/etc/passwd
		done
		chown systemd-resolve:nogroup /run/systemd/resolve
		chown systemd-network:nogroup /run/systemd/netif /run/systemd/netif/links
		cp "$1"/usr/share/dbus-1/system.d/org.freedesktop.resolve1.conf /etc/dbus-1/system.d/
		echo "hosts: files resolve [!UNAVAIL=return] dns" >/etc/nsswitch.conf
		ln -sfn ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf
		printf "[Resolve]\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\n" >/etc/systemd/resolved.conf' - "$UNPACKED"
	on "$name" setsid dbus-daemon --system --nofork --nopidfile </dev/null >"$dir/dbus.log" 2>&1 &
	disown
	waits_for on "$name" test -S /run/dbus/system_bus_socket
	resolved_start "$name"
}

resolved_start() {
	local dir=$BATS_TEST_TMPDIR/host-$1
	on "$1" setsid "$UNPACKED/lib/systemd/systemd-resolved" </dev/null >>"$dir/resolved.log" 2>&1 &
	disown
	waits_for resolved_answers "$1"
}

resolved_answers() {
	on "$1" busctl call org.freedesktop.resolve1 /org/freedesktop/resolve1 org.freedesktop.DBus.Peer Ping >/dev/null 2>&1
}

resolved_stop() { # HOST [SIGNAL]
	local pid
	for pid in $(inhabitants "$1"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != systemd-resolve ] || kill "-${2:-TERM}" "$pid"
	done
	waits_for not resolved_runs "$1"
}

resolved_runs() {
	local pid
	for pid in $(inhabitants "$1"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != systemd-resolve ] || return 0
	done
	return 1
}

resolvectl_on() { # HOST ARGUMENT...
	local name=$1
	shift
	on "$name" "$UNPACKED/usr/bin/resolvectl" --no-pager "$@"
}

waits_for() {
	local _
	for _ in {1..200}; do
		"$@" && return 0
		sleep 0.05
	done
	echo "in vain: $*" >&2
	return 1
}

# server_new HOST NAME ADDRESS ANSWER: a name server on ADDRESS that answers
# every question with ANSWER, and notes it; server_asked NAME DOMAIN.
server_new() {
	local log=$BATS_TEST_TMPDIR/asked-$2
	: >"$log"
	chmod 666 "$log"
	on "$1" dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --no-ping --bind-interfaces --listen-address="$3" \
		--except-interface=lo --address="/#/$4" --log-queries --log-facility="$log" --pid-file= --user=root \
		--port=53 </dev/null >/dev/null 2>&1 &
	disown
	waits_for grep -q started "$log"
}

server_asked() {
	grep -qiF "query[A] $2 from" "$BATS_TEST_TMPDIR/asked-$1"
}

# ask HOST NAME: the address that programs there get for a name, through libc.
ask() {
	on "$1" "$WGCTL_ROOT/tests/helpers/ask" "$2"
}
