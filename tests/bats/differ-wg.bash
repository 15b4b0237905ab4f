# SPDX-License-Identifier: GPL-2.0
# For differ-wg.bats and differ-words.bats: sections of differ-wg.table, each in a host of its own.

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
