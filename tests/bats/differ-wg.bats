#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Hundreds of invocations of Debian's wg(8) and of this program under that name: the same
# answer, the same status, and the same made of the same devices. What is asked of them is
# in differ-wg.table, where they differ and why in differ-exceptions. Here the devices are
# wireguard-go's, in guests the kernel's; what no kernel has a say in is not asked there.
#
# Guests: 6.12

load net

setup() {
	theirs=$(PATH=/usr/bin:/bin:/usr/local/bin type -P wg) || skip "there is no wg(8) to compare with"
	ours=$(realpath "${WGCTL:-$WGCTL_ROOT/build/wgctl}")
	host_new a
	mkdir "$BATS_TEST_TMPDIR/work" && cd "$BATS_TEST_TMPDIR/work"
}

teardown() {
	hosts_gone
}

# devices: wg0 and wg1, the kernel's or wireguard-go's.
devices() {
	local d
	if [ "$(data_plane a)" = kernel ]; then
		on a ip -batch - <<<$'link add wg0 type wireguard\nlink add wg1 type wireguard'
	else
		for d in wg0 wg1; do LOG_LEVEL=error on a wireguard-go "$d" >/dev/null 2>&1; done
	fi
	on a bash -c 'printf "127.0.0.1 localhost\n192.0.2.4 four.example both.example\n2001:db8::6 six.example both.example\n" >/etc/hosts
		echo "hosts: files" >/etc/nsswitch.conf'
}

# section NAME: its lines.
section() {
	on a "$WGCTL_ROOT/tests/helpers/differ-wg" "$theirs" "$ours" "$BATS_TEST_DIRNAME/differ-wg.table" "$1" \
		"$BATS_TEST_DIRNAME/differ-exceptions"
	sed 's/^/# /' summary >&3
}

# no_kernel: for what is answered before a kernel is asked.
no_kernel() { [ -z "${WGCTL_VM-}" ] || skip "elsewhere: on the machine itself; no kernel has a say in it"; }

@test "usage" {
	no_kernel
	section usage
}

@test "devices that are not there, or not WireGuard's" {
	data_plane a # a kernel that has WireGuard now knows it
	section absent
}

@test "keys" {
	no_kernel
	section keys
}

@test "show and showconf: fields, names, environment, streams that take nothing, without privileges" {
	devices
	section show
}

@test "set: every option, its values good and bad, in every order" {
	devices
	section set
}

@test "what a file may look like" {
	no_kernel
	devices
	section parser
}

@test "setconf, addconf and syncconf" {
	devices
	section conf
}

@test "every exception has a reason, and a line that needs it" {
	grep -v '^#' "$BATS_TEST_DIRNAME/differ-exceptions" | grep -vE '^[a-z-]+: .+\.$' && return 1
	diff <(grep -v '^#' "$BATS_TEST_DIRNAME/differ-exceptions" | cut -d: -f1 | sort) \
		<(cat "$BATS_TEST_DIRNAME"/differ-*.table | grep -v '^#' | grep -oE '(^| )! ?(userspace:)?[a-z][a-z-]+' | sed 's/.*[!: ]//' | sort -u)
}
