#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# Real browsers in a tunnel of their own, as an ordinary user. The site is where
# only the tunnel leads; its name is known to the tunnel's name server only.

load lib
load net
load resolved

setup() {
	client_and_server
	profile c office.conf <<-END
		[Interface]
		PrivateKey = ${client_private:?}
		Address = 10.8.0.2/24
		DNS = 10.8.0.1
		[Peer]
		PublicKey = ${server_public:?}
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
	on s "$WGCTL" -q up hub
	server_new s lan 10.9.0.2 10.9.0.2
	server_new s tunnel 10.8.0.1 10.8.0.1
	on c sh -c 'echo "nameserver 10.9.0.2" >/etc/resolv.conf; echo guest:x:4242:4242::/home/guest:/bin/sh >>/etc/passwd
		sed -i "s/^hosts:.*/hosts: files dns/" /etc/nsswitch.conf
		mount -t tmpfs -o mode=755 tmpfs /home; mkdir /home/guest; chown 4242:4242 /home/guest'
	SITE=$BATS_TEST_TMPDIR/site
	# Appended to, so that it can be emptied.
	# shellcheck disable=SC2016
	background s "$SITE.log" sh -c 'exec "$@" >>"$0"' "$SITE" "$WGCTL_ROOT/tests/helpers/website" 10.8.0.1 80 10.9.0.2
	disown
	waits_for on s sh -c 'ss -Hltn sport = :80 | grep -q 10.8.0.1'
}

teardown() {
	hosts_gone
	# A browser that is killed leaves its directories.
	find /tmp -mindepth 1 -maxdepth 1 -uid 4242 -exec rm -rf {} +
}

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

# As the user, in a session of its own so that all of it can be ended.
visit() { # visit FILE CMD...
	local file=$1
	shift
	background c "$BATS_TEST_TMPDIR/$file" env SUDO_UID=4242 "$WGCTL" run --cwd / office -- "$@"
	BROWSER=$!
}
seen() { waits_long grep -q "$1" "$SITE"; }
waits_long() {
	local _
	for _ in {1..600}; do
		"$@" && return 0
		sleep 0.1
	done
	echo "in vain: $*; the browser said:" >&2
	tail -n 20 "$BATS_TEST_TMPDIR"/{chromium,firefox}.err "$SITE" >&2
	return 1
}
is_down() { not on c ip netns pids office >/dev/null 2>&1; }

# Every process of the browser is in the tunnel's namespace, or in one that its
# sandbox has made and that has nothing in it.
all_inside() {
	local pid inode home count=0
	home=$(on c stat -Lc %i /run/netns/office)
	for pid in $(ps -e -o pid=,ppid= | awk -v root="$BROWSER" '{ parent[$1] = $2 } END { for (p in parent) { for (q = parent[p]; q > 1 && q != root;) q = parent[q]; if (q == root) print p } }'); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != wireguard-go ] || continue
		inode=$(stat -Lc %i "/proc/$pid/ns/net" 2>/dev/null) || continue
		count=$((count + 1))
		[ "$inode" != "$home" ] || continue
		[ "$(nsenter --target "$pid" --net ip -o link show 2>/dev/null | grep -cv ' lo: ')" = 0 ] || {
			echo "elsewhere: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
			return 1
		}
	done
	[ $count -ge 2 ] || { echo "$count processes" >&2; return 1; }
}

chromium_args=(--headless --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update
	--disable-sync --disable-dev-shm-usage)

# Only the tunnel's address, or names that say nothing.
candidates_are_good() {
	grep -q '^candidate' "$SITE" || { cat "$SITE"; return 1; }
	is "$(grep '^candidate' "$SITE" | grep -vE ' (10\.8\.0\.2|[0-9a-f-]{36}\.local) [0-9]+ typ host')" ''
	echo "# $(grep -c '^candidate' "$SITE") candidates"
}

# The same name leads to another site outside: nobody may come there.
listen_site_outside() {
	OUTSIDE_SITE=$BATS_TEST_TMPDIR/outside-site
	background s "$OUTSIDE_SITE" "$WGCTL_ROOT/tests/helpers/website" 10.9.0.2 80 10.9.0.2
	disown
}

# outside CMD...: the same browser, the same user, not in the tunnel.
outside() {
	background c "$BATS_TEST_TMPDIR/outside" setpriv --reuid 4242 --regid 4242 --clear-groups env -i HOME=/home/guest PATH=/usr/bin:/bin "$@"
	OUTSIDE=$!
}
ended() { # ended PID
	kill -TERM "$1"
	wait "$1" || true
}

# As people see it: one visit while the other one runs. Then one alone, so that
# all that is on the wire is this one's.
two_visits() { # two_visits NAME CMD...
	visit "$@"
	seen '^page 10.8.0.2'
	all_inside
	server_asked tunnel site.example
	not server_asked lan site.example
	not grep -q '^page' "$OUTSIDE_SITE"
	ended $BROWSER
	waits_for is_down
	kill -0 $OUTSIDE
	ended $OUTSIDE
	: >"$SITE"
	waits_for quiet_wire
	listen
	visit "$@"
	seen '^gathered'
	candidates_are_good
	all_inside
	not grep -v ' 10.8.0.2' "$SITE"
	ended $BROWSER
	is "$(heard)" ''
	waits_for is_down
	is "$(on c stat -c '%u %a' "/home/guest/.local/share/wgctl/office/${2##*/}")" '4242 700'
}
# What the other one has left open is over.
quiet_wire() { [ "$(on c ss -Htan | grep -cvE '^(TIME-WAIT|LISTEN)')" = 0 ]; }

@test "leaks 8 and 21: Chromium, while another one runs outside, and alone" {
	listen_site_outside
	outside chromium "${chromium_args[@]}" --remote-debugging-port=0 about:blank
	waits_long grep -q 'DevTools listening' "$BATS_TEST_TMPDIR/outside.err"
	# Without the names that usually stand for addresses, so that all of them are seen.
	two_visits chromium chromium "${chromium_args[@]}" --disable-features=WebRtcHideLocalIpsWithMdns --remote-debugging-port=0 http://site.example/
}

@test "Chromium prints a page and ends, and the tunnel with it" {
	run_split on c env SUDO_UID=4242 "$WGCTL" run --cwd / office -- chromium "${chromium_args[@]}" --dump-dom http://site.example/
	is "$status" 0
	has "$output" 'you are 10.8.0.2'
	waits_for is_down
}

firefox_runs() { [ -n "$(on c find /home/guest -name lock -path '*firefox*')" ]; }

@test "leaks 8 and 21: Firefox, while another one runs outside, and alone" {
	listen_site_outside
	outside firefox-esr --headless about:blank
	waits_long firefox_runs
	two_visits firefox firefox-esr --headless http://site.example/
}
