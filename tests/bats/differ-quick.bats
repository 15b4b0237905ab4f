#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Debian's wg-quick(8) and this program under that name, each in a host of its own, with the
# same profiles: status, output, the hooks' log, what resolvconf(8) was told, the links,
# addresses, routes and ways that packets take, the device, the file after save; and that
# nothing is left. The profiles are in differ-quick.table, where they differ and why in
# differ-exceptions. Here the interfaces are wireguard-go's, in guests the kernel's.
#
# Guests: 6.12

load net

setup_file() {
	export QUICK=$BATS_FILE_TMPDIR
}

setup() {
	local theirs
	theirs=$(PATH=/usr/bin:/bin:/usr/local/bin type -P wg-quick) || skip "there is no wg-quick(8) to compare with"
	programs=([1]="$theirs" [2]=$(realpath "${WGCTL:-$WGCTL_ROOT/build/wgctl}"))
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	hosts_gone
}

# A host that may have a resolvconf of its own.
quick_host() {
	host_new "$1"
	mkdir -p "$BATS_TEST_TMPDIR/$1"
	on "$1" sh -c 'mkdir -p /run/sbin && mount --bind /run/sbin /usr/local/sbin'
}

key_file() {
	local k
	for k in K:genkey OTHER:genkey PSK:genpsk; do printf '%s=%s\n' "${k%:*}" "$("$WGCTL" "${k#*:}")"; done
	for k in P Q; do printf '%s=%s\n' "$k" "$("$WGCTL" genkey | "$WGCTL" pubkey)"; done
}

# compare BLOCK: nothing, or where they differ and no exception says so.
compare() {
	local name pattern
	diff -a -U 1000 "theirs/$1" "ours/$1" | sed 1,3d >differences
	grep -a '^[-+]' differences >lines || true
	while read -r _ name pattern; do
		grep -q "^$name:" "$BATS_TEST_DIRNAME/differ-exceptions" || echo "there is no exception '$name'"
		grep -qE -e "$pattern" lines || echo "the exception '$name' is stale: no difference matches '$pattern'"
		grep -vE -e "$pattern" lines >left || true
		mv left lines
	done < <(sed -n "/^== $1 /,/^== /p" "$BATS_TEST_DIRNAME/differ-quick.table" | sed '1!{/^== /d}' | grep '^! ')
	[ ! -s lines ] || cat differences
}

@test "profiles, arguments and failures" {
	local host block failed=0 n=0 guest=${WGCTL_VM:+guests}
	key_file >keys
	quick_host a
	quick_host b
	(cd a && on a "$WGCTL_ROOT/tests/helpers/differ-quick" "${programs[1]}" "$BATS_TEST_DIRNAME/differ-quick.table" "$PWD/../keys" "$PWD/../theirs" $guest 3>&-) >a.log 2>&1 &
	(cd b && on b "$WGCTL_ROOT/tests/helpers/differ-quick" "${programs[2]}" "$BATS_TEST_DIRNAME/differ-quick.table" "$PWD/../keys" "$PWD/../ours" $guest 3>&-) >b.log 2>&1
	wait $!
	cat a.log b.log
	for block in $(sed -nE 's/^== ([^ ]+) .*/\1/p' "$BATS_TEST_DIRNAME/differ-quick.table"); do
		[ -e "theirs/$block" ] || [ -e "ours/$block" ] || [ -z "$guest" ] || continue
		n=$((n + 1))
		if [ ! -e "theirs/$block" ] || [ ! -e "ours/$block" ]; then
			echo "=== $block was not run by both"
			failed=$((failed + 1))
			continue
		fi
		compare "$block" >found
		[ -s found ] || continue
		echo "=== $block"
		cat found
		failed=$((failed + 1))
	done
	echo "# $n profiles, $(cat theirs/[a-z]* | grep -c '^## >') invocations of each, $failed differ" >&3
	[ "$n" -gt 0 ] && [ "$failed" = 0 ]
}
