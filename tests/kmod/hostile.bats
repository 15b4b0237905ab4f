#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Our module on a wire where others send what they like: who knows nothing, who knows
# its public key, and who is a peer of it and does not keep to the rules. Nothing of that
# changes anything, is answered, or stops the tunnel of a peer that is the kernel's own
# module. tests/kmod/hostile.c has it all; here is where it happens.
#
# Guest: --count
#
# WGCTL_KMOD=intree: the kernel's module is attacked instead.

load net

setup_file() {
	export DIR=$BATS_FILE_TMPDIR kind=wgflavour byte
	export PATH=$DIR:$PATH
	ln -s "$(realpath "$O/kmod-tools/hostile")" "$DIR/hostile"
	# A kernel that finds mistakes has no module of its own.
	if [ "$WGCTL_VM" = smp ]; then load_ours; else load_intree; fi
	load_flavour
	if [ "${WGCTL_KMOD-}" = intree ]; then
		kind=wireguard
		ln -s "$(command -v wg)" "$DIR/wg-target"
	else
		flavour_wg "$DIR/wg-target"
	fi
	# Who sends a burst is alone (hostile.c) for as long as that takes, but for the interrupts
	# in which packets are received, whoever works for those.
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	chrt -f -p 2 "$(pgrep -x ksoftirqd/0)"
	# Private keys of 32 equal bytes: target, friend, mallory, eve.
	for byte in 11 22 33 44; do
		printf "$byte%.0s" {1..32} | xxd -r -p | base64 >"$DIR/$byte.key"
		wg pubkey <"$DIR/$byte.key" >"$DIR/$byte.pub"
	done
}

setup() {
	dmesg -C
	ip -batch - <<-'END'
		netns add target
		netns add others
		link add wire netns target address 02:00:00:00:00:01 type veth peer name wire netns others address 02:00:00:00:00:02
	END
	# Every neighbour is known: whatever is answered comes out of the wire at once.
	ip -n target -batch - <<-END
		link set lo up
		addr add 192.0.2.1/24 dev wire
		addr add 2001:db8::1/64 dev wire nodad
		link set wire up
		neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev wire nud permanent
		neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev wire nud permanent
		route add 198.51.100.0/24 via 192.0.2.2
		route add 2001:db8:bad::/48 via 2001:db8::2
		link add wg0 type $kind
		addr add 10.0.0.1/24 dev wg0
		addr add fd00::1/64 dev wg0 nodad
	END
	ip -n others -batch - <<-'END'
		link set lo up
		addr add 192.0.2.2/24 dev wire
		addr add 2001:db8::2/64 dev wire nodad
		link set wire up
		neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev wire nud permanent
		neigh add 2001:db8::1 lladdr 02:00:00:00:00:01 dev wire nud permanent
		link add wg0 type wireguard
		addr add 10.0.0.2/24 dev wg0
		addr add fd00::2/64 dev wg0 nodad
	END
	ip netns exec target wg-target set wg0 private-key "$DIR/11.key" listen-port 51821 \
		peer "$(<"$DIR/22.pub")" allowed-ips 10.0.0.2,fd00::2 endpoint 192.0.2.2:51822 \
		peer "$(<"$DIR/33.pub")" allowed-ips 10.0.0.66,fd00::66 endpoint 198.51.100.66:6666 \
		peer "$(<"$DIR/44.pub")" allowed-ips 10.0.0.77,fd00::77 endpoint 198.51.100.77:7777
	ip netns exec others wg set wg0 private-key "$DIR/22.key" listen-port 51822 \
		peer "$(<"$DIR/11.pub")" allowed-ips 10.0.0.1,fd00::1 endpoint 192.0.2.1:51821
	ip -n target link set wg0 up
	ip -n others link set wg0 up
}

teardown() {
	ip -batch - <<<$'netns del target\nnetns del others'
	kernel_is_quiet
}

send() { ip netns exec others hostile target "$1"; }
# The kernel's own module does not pass; this is how.
ours() { [ "${WGCTL_KMOD-}" != intree ] || skip "elsewhere: with ours; with the kernel's own $1"; }

# ---- without a key --------------------------------------------------------------------------

@test "every type, every length from 0 to 200" { send malformed; }
@test "right but for the length, or the reserved bytes" { send resized; }
@test "all that two sides said, again: at once, after the session, in the next one" { send replayed; }
@test "strangers, ourselves, weak points, garbage with a valid mac1" { send strangers; }
@test "data for indices that lead nowhere" { send indices; }
@test "one bit of an initiation, a response, a packet" { send corrupted; }
@test "pieces: huge, tiny, missing, overlapping" { send fragments; }
@test "cookies: random, of others, for others, for the message before" { send cookies; }

# ---- with a key ---------------------------------------------------------------------------

@test "counters: twice, in any order, far ahead, too old, the last ones, of an old session" {
	ours "a session ends when its peer says a number that is too large"
	send counters
}
@test "a peer that sends what it may not, or what is no packet" { send insiders; }

# ---- many ------------------------------------------------------------------------------------

@test "floods of those who do not know the key make nobody prove anything" {
	ours "everybody has to prove something when somebody floods it with garbage"
	send flood-without-key
}
@test "floods of those who do: cookies, and whoever has one comes through" {
	ours "who has a cookie may have to show it twice"
	send flood-with-key
}
@test "under load 20 initiations a second for a source that has proven itself, without load all" { send rates; }
@test "1,000 handshakes of one peer leave nothing behind" { send handshakes; }
@test "the link goes down, and is deleted, while hundreds of messages wait" { send deleted; }

@test "nothing holds the modules, and they go" {
	is "$(cat /sys/module/{wgflavour,wireguard}/refcnt)" $'0\n0'
	unload wgflavour
	module_goes
}
