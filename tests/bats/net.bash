# SPDX-License-Identifier: GPL-2.0
# Hosts for tests: network namespaces with files of their own, joined by veth.
# Nothing here touches the machine's own namespace; all of it goes with its
# processes.
#
#   host_new a            a host: own network, own /run, own changes to /etc
#   on a CMD...           run CMD there
#   join a 10.9.0.1/24 b 10.9.0.2/24
#   client_and_server     what most tests begin with
#   snapshot a            everything that wgctl may change, as text
#
# On a machine whose kernel has WireGuard that is the data plane, else
# wireguard-go: wgctl decides. Tests that need to know ask `data_plane`.

WGCTL_ROOT=${WGCTL_ROOT:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
WGCTL=${WGCTL:-$WGCTL_ROOT/build/wgctl}
declare -gA HOST_PID=()

# shellcheck source=tests/helpers/programs
. "$WGCTL_ROOT/tests/helpers/programs"
HOST_HELPER=$HELPERS/host

host_new() {
	HOST_PID[$1]=$("$HOST_HELPER" new "$BATS_TEST_TMPDIR/host-$1" 3>&-)
}

on() {
	local name=$1
	shift
	"$HOST_HELPER" in "${HOST_PID[$name]}" "$@" 3>&-
}

# tunnel_table HOST: the routing table of its full tunnel, as its rule has it.
tunnel_table() { on "$1" ip rule show | sed -n 's/.*not .*lookup \([0-9]*\).*/\1/p'; }

join() {
	local a=$1 a4=$2 b=$3 b4=$4
	ip link add "j-$a-$b" netns "${HOST_PID[$a]}" type veth peer name "j-$b-$a" netns "${HOST_PID[$b]}"
	on "$a" ip -batch - <<<"addr add $a4 dev j-$a-$b"$'\n'"link set j-$a-$b up"
	on "$b" ip -batch - <<<"addr add $b4 dev j-$b-$a"$'\n'"link set j-$b-$a up"
	settled "$a" "j-$a-$b"
	settled "$b" "j-$b-$a"
}

# The carrier, and with it routes and a link-local address, come a moment
# after the link is set up: not in the middle of a comparison, please.
settled() {
	for _ in {1..100}; do
		# It has that address when it has a carrier, not before.
		[[ $(on "$1" ip -6 -o addr show dev "$2") != *"scope link"* ]] || return 0
		sleep 0.05
	done
	echo "$2 in $1 did not come up" >&2
	return 1
}

# share EACH: of a loop over every step of something, where to begin and how far to go on,
# in $from and $by. On the machine that is all of them. In emulation, which is slow, each of
# the two kernels takes one in EACH, and not the same ones.
# shellcheck disable=SC2034
share() {
	from=1 by=1
	case ${WGCTL_VM-} in
	6.12*) from=$((1 + ($1 + 1) / 2)) by=$1 ;;
	?*) by=$1 ;;
	esac
}

# At the beginning of a test about what no kernel does differently.
not_for_guests() { [ -z "${WGCTL_VM-}" ] || skip "elsewhere: on the machine itself; it is not the kernel's doing"; }

# inhabitants HOST: every process in its network.
inhabitants() { "$HOST_HELPER" list "${HOST_PID[$1]}"; }

# living_in NET: those in a network namespace, which is as readlink has it.
living_in() {
	local net=$1
	find /proc/[0-9]*/ns/net -maxdepth 0 -lname "${net/\[/\\[}" 2>/dev/null | cut -d/ -f3
}

# What a test forgot ends with its hosts, also what is in a namespace that has a name there.
hosts_gone() {
	[ ${#HOST_PID[@]} -eq 0 ] || "$HOST_HELPER" end "${HOST_PID[@]}"
	HOST_PID=()
}

snapshot() {
	on "$1" "$WGCTL_ROOT/tests/helpers/snapshot"
}

data_plane() { # kernel or userspace
	if ip link add wgprobe0 netns "${HOST_PID[$1]}" type wireguard 2>/dev/null; then
		on "$1" ip link del wgprobe0
		echo kernel
	else
		echo userspace
	fi
}

# no_room HOST: nothing more can be written to its /run, not even at the end of a file.
no_room() {
	# shellcheck disable=SC2016
	on "$1" sh -c 'mount -o remount,size=1m /run
		for f in $(find /run/wgctl -name journal -type f 2>/dev/null); do
			head -c $((4096 - $(stat -c %s "$f") % 4096)) /dev/zero | tr "\0" "\n" >>"$f"
		done
		cat /dev/zero >/run/fill 2>/dev/null || true'
}

# keys NAME: NAME_private, NAME_public as variables: others for each name, but in each test
# the same, made once for all tests of a run.
KEYS_GIVEN=0
keys() {
	local ring=${BATS_RUN_TMPDIR:-$BATS_TEST_TMPDIR}/keys k i pair
	if [ ! -s "$ring" ]; then
		for i in {1..12}; do
			k=$("$WGCTL" genkey)
			echo "$k $("$WGCTL" pubkey <<<"$k")"
		done >"$ring.$$"
		mv "$ring.$$" "$ring"
	fi
	mapfile -t pair <"$ring"
	[ $KEYS_GIVEN -lt ${#pair[@]} ] || { echo "keys: there are only ${#pair[@]}" >&2; return 1; }
	read -r "$1_private" "$1_public" <<<"${pair[KEYS_GIVEN++]}"
}

# profile HOST NAME: the profile from standard input, private to root.
profile() {
	local f=$BATS_TEST_TMPDIR/host-$1/etc-wgctl/$2
	(umask 077 && cat >"$f")
}

# hub: on s the profile of that name (10.8.0.1, fd08::1), with one client.
hub() {
	profile s hub.conf <<-END
		[Interface]
		PrivateKey = $server_private
		ListenPort = 51820
		Address = 10.8.0.1/24, fd08::1/64
		[Peer]
		PublicKey = $client_public
		AllowedIPs = 10.8.0.2/32, fd08::2/128
	END
}

# client_and_server: the hosts c and s with a cable between 10.9.0.1 and 10.9.0.2, keys
# for both, and the profile hub, which is not up yet.
client_and_server() {
	keys client
	keys server
	host_new c
	host_new s
	join c 10.9.0.1/24 s 10.9.0.2/24
	hub
}

same() { # same TEXT TEXT
	[ "$1" = "$2" ] || { diff <(echo "$1") <(echo "$2"); return 1; }
}

# For tcpdump: all but WireGuard and how neighbours find each other. Of WireGuard is the error,
# too, that the machine of a tunnel that has just ended sends when the server's next packet
# comes: it holds nothing else.
# shellcheck disable=SC2034
beside_the_tunnel='not udp port 51820 and not (icmp[0] == 3 and icmp[17] == 17 and icmp[28:2] == 51820)
	and not arp and not icmp6 and not (ip6[6] == 0 and ip6[40] == 58)'

# settles TEXT HOST: its snapshot is TEXT, within ten seconds: what goes when a process or
# a namespace has ended goes a moment later.
settles() {
	local now
	for _ in $(seq 40); do
		now=$(snapshot "$2")
		[ "$1" != "$now" ] || return 0
		sleep 0.25
	done
	same "$1" "$now"
}

# `! cmd` never fails a bats test; this does.
not() {
	if "$@"; then return 1; fi
}

# background HOST FILE CMD...: CMD on HOST in the background, its output in FILE and
# FILE.err; $! is CMD itself, which takes SIGINT as one that a terminal sends.
background() {
	local name=$1 file=$2
	shift 2
	"$HOST_HELPER" in -i "${HOST_PID[$name]}" "$@" >"$file" 2>"$file.err" </dev/null 3>&- &
}

# contained: a process on c in a network namespace without a name, as a container's is;
# its number is $pid. Whatever is done to that is done to the namespace of this process,
# so it is not given out before it has one of its own.
contained() {
	local own
	own=$(readlink /proc/self/ns/net) || return
	background c "$BATS_TEST_TMPDIR/contained" unshare --net sleep 1000
	pid=$!
	disown
	for _ in {1..200}; do
		[ "$(<"/proc/$pid/comm")" != sleep ] || break
		sleep 0.05
	done
	[ "$(<"/proc/$pid/comm")" = sleep ] && [ "$(readlink "/proc/$pid/ns/net")" != "$own" ] &&
		[ "$(readlink "/proc/$pid/ns/net")" != "$(readlink "/proc/${HOST_PID[c]}/ns/net")" ]
}
