# SPDX-License-Identifier: GPL-2.0
# A machine with an uplink, a VPN server that is its router, and somebody far
# away. Addresses on the way are public ones, so that nothing is local by chance:
#
#   c  198.51.100.1  ---  198.51.100.2  s  203.0.113.1  ---  203.0.113.9  o
#      2001:db8:1::1      2001:db8:1::2     2001:db8:9::1    2001:db8:9::9

world() {
	keys client
	keys server
	host_new c
	host_new s
	join c 198.51.100.1/24 s 198.51.100.2/24
	on c sh -c 'ip addr add 2001:db8:1::1/64 dev j-c-s nodad; ip route add default via 198.51.100.2; ip -6 route add default via 2001:db8:1::2'
	on s sh -c 'ip addr add 2001:db8:1::2/64 dev j-s-c nodad; echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	hub
}

far_away() {
	host_new o
	join s 203.0.113.1/24 o 203.0.113.9/24
	on s ip addr add 2001:db8:9::1/64 dev j-s-o nodad
	on o sh -c 'ip addr add 2001:db8:9::9/64 dev j-o-s nodad; ip route add default via 203.0.113.1; ip -6 route add default via 2001:db8:9::1'
}

# full NAME [lines for Interface] [Endpoint] [AllowedIPs] [Address]: a profile of c.
full() {
	profile c "$1.conf" <<-END
		[Interface]
		PrivateKey = $client_private
		Address = ${5:-10.8.0.2/24, fd08::2/64}
		${2-}
		[Peer]
		PublicKey = $server_public
		Endpoint = ${3:-198.51.100.2:51820}
		AllowedIPs = ${4:-0.0.0.0/0, ::/0}
	END
}

# ---- somebody who talks all the time, and somebody who listens --------------------

# in_background HOST CMD...: as `on`, but it is the command itself that $! names.
in_background() {
	local name=$1
	shift
	"$HOST_HELPER" in "${HOST_PID[$name]}" "$@" 3>&- &
}

chatter() { # chatter ADDRESS...: in c, until quiet; it talks when this returns
	rm -f "$BATS_TEST_TMPDIR/chatter"
	in_background c "$HELPERS/chatter" "$@" >"$BATS_TEST_TMPDIR/chatter" 2>&1
	CHATTER=$!
	for _ in $(seq 200); do
		[ ! -s "$BATS_TEST_TMPDIR/chatter" ] || return 0
		sleep 0.1
	done
	echo "nobody talks" >&2
	return 1
}
quiet() {
	kill "$CHATTER" 2>/dev/null || true
	wait "$CHATTER" 2>/dev/null || true
}

# What leaves c on its uplink and is neither WireGuard to the server's address
# nor the neighbourhood's talk.
listen() {
	PCAP=$BATS_TEST_TMPDIR/out.pcap
	rm -f "$PCAP"
	in_background c tcpdump -i j-c-s -p -Q out -n -U --immediate-mode -w "$PCAP" \
		"not (udp port 51820 and host ${1:-198.51.100.2}) and not arp and not (icmp6 and (ip6[40] >= 130 and ip6[40] <= 136 or ip6[40] == 143)) and not (ip6[6] == 0 and ip6[40] == 58)" \
		>"$BATS_TEST_TMPDIR/tcpdump" 2>&1
	LISTENER=$!
	for _ in $(seq 100); do
		grep -q 'listening on' "$BATS_TEST_TMPDIR/tcpdump" && return
		sleep 0.05
	done
	cat "$BATS_TEST_TMPDIR/tcpdump"
	return 1
}
heard() { # stops listening; prints what was heard
	sleep 0.1
	kill "$LISTENER"
	wait "$LISTENER" 2>/dev/null || true
	tcpdump -r "$PCAP" -n 2>/dev/null
}
no_leak() { # no_leak WHAT
	local leaks
	leaks=$(heard)
	[ -z "$leaks" ] || { echo "leaked, $1:"; head -5 <<<"$leaks"; return 1; }
}

# reach ADDRESS...: c gets an answer from it. Who talks all the time fills the
# queue of a tunnel that comes up, so one question is not enough.
reach() {
	local n
	for n in $(seq 30); do
		if on c ping -c 1 -W 1 "$@" >/dev/null 2>&1; then return 0; fi
	done
	echo "no answer from $*"
	return 1
}

# ---- sessions ---------------------------------------------------------------------

# session FROM TO HOST PORT: a TCP connection from FROM to HOST:PORT on TO.
session() {
	local dir=$BATS_TEST_TMPDIR/session-$4
	mkdir -p "$dir/from" "$dir/to"
	in_background "$2" "$HELPERS/session" serve "$4" "$dir/to" >/dev/null 2>&1
	SESSIONS+=($!)
	wait_for "$dir/to/listens"
	in_background "$1" "$HELPERS/session" call "$3" "$4" "$dir/from" >"$dir/log" 2>&1
	SESSIONS+=($!)
	wait_for "$dir/from/there" && wait_for "$dir/to/there"
}
SESSIONS=()
wait_for() { # wait_for FILE [TENTHS]
	for _ in $(seq "${2:-100}"); do
		[ ! -e "$1" ] || return 0
		sleep 0.1
	done
	echo "$1 did not appear" >&2
	return 1
}
# says PORT from|to [TENTHS]: one side says a line, and the other hears it.
says() {
	local dir=$BATS_TEST_TMPDIR/session-$1 other=from before
	[ "$2" = to ] || other=to
	before=$(wc -c <"$dir/$other/heard" 2>/dev/null || echo 0)
	touch "$dir/$2/say"
	for _ in $(seq "${3:-50}"); do
		[ "$(wc -c <"$dir/$other/heard")" -le "$before" ] || return 0
		sleep 0.1
	done
	echo "session $1: $other did not hear what $2 said" >&2
	return 1
}

world_gone() {
	local pid
	for pid in ${CHATTER-} ${LISTENER-} "${SESSIONS[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	hosts_gone
}
