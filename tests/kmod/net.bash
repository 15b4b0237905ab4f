# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Networks for the module's tests, in a guest: network namespaces as machines, joined by
# veth, each with a link wg0 of the module in question. Starting a process costs 50 ms
# and more here: commands for ip come in batches, traffic in tests/kmod/flow.c.
#
#   pair              machines a and b: eth0 with 192.0.2.N/24 and 2001:db8::N/64, wg0 with
#                     10.0.0.N/24 and fd00::N/64 (N: 1, 2), each other's peer, port N0000
#   spaces a b c      namespaces alone; gone after the test
#   ips a <<END       commands for ip in a
#   conf a <<END      wg setconf wg0 in a; see me() and peer()
#   at a CMD...       run CMD in a
#
# Key N is ${private[N]}, ${public[N]}.

bats_require_minimum_version 1.5.0

private=('' YDZfGGdUn0x+AN6wAW3bzXqCyQAhA5+OjtoHf+UQ9Fw= uP+bO8ZMAPBQ/UK/k/QGz8mePn7ehS5fWG7tKGNcJmQ=
	MJOHqHJPDniYgCj9NmBfpjoHE9nQWOggWm1PSBZ+Rk0= 8KGx42IAdIFAuvcDLkVKvUgC2ggRvH8mA/+wKHnMm14=
	+MbokaPTFfeLm3TvJztVngbXlNj1b2vWrT6mDi/RnFo= SA5Vpk3d4txSpA/hRib8kfTBseWlpJ7gT52wSmfHHWk=)
public=('' N6oCHUmRyZGL/zrxoPGp3syrbL929eDrYxHfmqj3nGQ= Sh42KBONMj9x43WRxYx+TnUb25HOMp8qxDAlBYfIWEw=
	vpz9E5SinXBZ4WOPMXsTzk3T0Mj456fMQy+eWjMlBQA= hDQ+0b/pslT6vbKi4Ee6Fd1hS6vqHLDv9cPX9vnSqH0=
	3gCak2tKl+Ds928Pn0uSoHulSVjoA/vitvialATF8CQ= HB3ZUZ5mN9+zRazU5x0XqF1j4O+g5FKXi5bAR/DeBz4=)

source "$WGCTL_ROOT/tests/kmod/guest"

# ---- the module, before and after a file ----------------------------------------------

# Emulated processors that run at the same time now and then run into the breakpoint that
# the kernel has put for a moment where it changes its code, when it is there no more. The
# first and the last socket of a tunnel change code, those of ping and tcpdump too: let
# there always be one.
keep_code() {
	local processors fd
	processors=$(nproc)
	[ "$processors" -gt 1 ] && [ ! -e /sys/class/net/keep ] || return 0
	load_flavour
	ip -batch - <<<$'link add keep type wgflavour\nlink set keep up'
	# It outlives bats, which waits for whoever has one of its pipes.
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			((fd < 3)) || exec {fd}>&-
		done
		exec setsid ping -q -i 100000 127.0.0.1 </dev/null >/dev/null 2>&1
	) &
}

load_module() {
	[ -n "${WGCTL_VM-}" ] || { echo "only in a guest: tests/kmod/suite KERNEL" >&2; return 1; }
	case ${WGCTL_KMOD:-ours} in
	ours) load_ours ;;
	intree) load_intree ;;
	*) echo "WGCTL_KMOD is ours or intree" >&2; return 1 ;;
	esac
	keep_code
	dmesg -C
}

# Whatever a kernel says when something is wrong with it.
kernel_is_quiet() {
	local said
	said=$(dmesg)
	[[ ! $said =~ WARNING:|BUG:|BUG\ |Oops|'general protection'|'Call Trace'|'rcu:'.*stall|'soft lockup'|'blocked for more'|'waiting for '.*' to become free'|'Modules linked in' ]] || {
		echo "the kernel said ${#said} bytes, which begin with"
		echo "${said:0:4000}"
		dmesg -C
		return 1
	}
}

# The last test of each file: nothing holds the module any more.
module_goes() {
	local users
	read -r users </sys/module/wireguard/refcnt
	[ "$users" = 0 ] || { echo "$users users of the module are left"; return 1; }
	unload && kernel_is_quiet
}

# ---- machines ---------------------------------------------------------------------------

# A shell of its own, in the background, becomes the program (EXEC), so that its pid is
# the program's: who kills it kills that.
flow() { ${EXEC-} "$O/kmod-tools/flow" "$@"; }
at() { ${EXEC-} nsenter --net="/run/netns/$1" -- "${@:2}"; }
ips() { ip -n "$1" -batch -; }
conf() { at "$1" wg setconf "${2:-wg0}" /dev/stdin; } # SPACE [LINK]

me() { printf '[Interface]\nPrivateKey=%s\nListenPort=%s\n' "${private[$1]}" "$2"; }
peer() { # KEY ALLOWED-IPS [ENDPOINT [LINE...]]
	printf '[Peer]\nPublicKey=%s\nAllowedIPs=%s\n' "${public[$1]}" "$2"
	[ -z "${3-}" ] || echo "Endpoint=$3"
	[ $# -lt 4 ] || printf '%s\n' "${@:4}"
}

spaces() {
	printf 'netns add %s\n' "$@" | ip -batch -
	local name
	for name; do echo "link set lo up" | ips "$name"; done
}

# wire A LINK B LINK [WORDS]
wire() { ip link add "$2" netns "$1" ${5-} type veth peer name "$4" netns "$3" ${5-}; }

pair() { # [WORDS for both ends of the wire]
	local name n=0 o
	ip -batch - <<-END
		netns add a
		netns add b
		link add eth0 netns a $* type veth peer name eth0 netns b $*
	END
	for name in a b; do
		n=$((n + 1))
		ips $name <<-END
			link set lo up
			link set eth0 up
			addr add 192.0.2.$n/24 dev eth0
			addr add 2001:db8::$n/64 dev eth0 nodad
			link add wg0 type wireguard
			addr add 10.0.0.$n/24 dev wg0
			addr add fd00::$n/64 dev wg0 nodad
			link set wg0 up
		END
		o=$((3 - n))
		{ me $n ${n}0000 && peer $o "10.0.0.$o/32,fd00::$o/128" 192.0.2.$o:${o}0000; } | conf $name
	done
}

# background CMD...: until the end of the test; its pid is $!
declare -ga BACKGROUND=()
background() {
	EXEC='exec' "$@" </dev/null >"$BATS_TEST_TMPDIR/background" 2>&1 3>&- &
	BACKGROUND+=($!)
}

clean_up() {
	local pid names=(/run/netns/*)
	for pid in "${BACKGROUND[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
	BACKGROUND=()
	[ ! -e "${names[0]}" ] || printf 'netns del %s\n' "${names[@]##*/}" | ip -batch -
	kernel_is_quiet
}

# ---- what is expected ---------------------------------------------------------------------

not() { if "$@"; then return 1; fi; }
is() { [ "$1" = "$2" ] || { echo "got: $1"; echo "want: $2"; return 1; }; }
has() { [[ $1 == *"$2"* ]] || { echo "not in it: $2"; echo "it is: $1"; return 1; }; }

# reaches SPACE ADDRESS [WORDS of ping]
reaches() { at "$1" ping -n -q -c 1 -W "${WAIT:-3}" "${@:3}" "$2" >/dev/null; }
# until SECONDS CMD...: the command succeeds within that time.
until_() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# comes_through SPACE ADDRESS: in the end. Nobody begins a handshake within five seconds of
# the last one, nor later on behalf of a packet that found that so: the next one begins it.
comes_through() { until_ 60 reaches "$@"; }

# What its only peer knows, in variables, which costs one process less than to print it:
# transfer SPACE [LINK] sets in and out, others the variable of their name.
transfer() { read -r _ in out < <(at "$1" wg show "${2:-wg0}" transfer); }
endpoint() { read -r _ endpoint < <(at "$1" wg show "${2:-wg0}" endpoints); }
handshake() { read -r _ handshake < <(at "$1" wg show "${2:-wg0}" latest-handshakes); }
# count SPACE LINK rx|tx bytes|packets|errors|dropped
count() {
	count=$(ip -n "$1" -s -j link show "$2")
	[[ $count =~ \"$3\":\{[^}]*\"$4\":([0-9]+) ]] && count=${BASH_REMATCH[1]}
}
# rules SPACE <<END: nft's; hits SPACE NAME: a counter of table inet t.
rules() { at "$1" nft -f -; }
hits() {
	hits=$(at "$1" nft list counter inet t "$2")
	[[ $hits =~ packets\ ([0-9]+) ]] && hits=${BASH_REMATCH[1]}
}
