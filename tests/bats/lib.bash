# SPDX-License-Identifier: GPL-2.0
# What every suite needs: the program, and a run with its streams kept apart.

WGCTL_ROOT=${WGCTL_ROOT:-$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)}
WGCTL=${WGCTL:-$WGCTL_ROOT/build/wgctl}
[[ $WGCTL == /* ]] || WGCTL=$(realpath -m "$WGCTL")

# run_split CMD...: $status, $output (stdout) and $errors (stderr).
run_split() {
	local err=$BATS_TEST_TMPDIR/stderr
	status=0
	output=$("$@" 2>"$err") || status=$?
	errors=$(<"$err")
}

# is GOT WANT: equal, or show both.
is() {
	[ "$1" = "$2" ] || {
		printf 'got:  %s\nwant: %s\n' "$1" "$2"
		return 1
	}
}

# has TEXT PART, lacks TEXT PART
has() {
	[[ $1 == *"$2"* ]] || {
		printf 'not in it: %s\nit is: %s\n' "$2" "$1"
		return 1
	}
}
lacks() {
	[[ $1 != *"$2"* ]] || {
		printf 'in it: %s\nit is: %s\n' "$2" "$1"
		return 1
	}
}

# alone CMD...: with an empty network and empty profile and journal directories
# of its own, as root of a user namespace where the caller is not root.
alone() {
	local user=()
	[ "$(id -u)" = 0 ] || user=(-r)
	# shellcheck disable=SC2016
	unshare "${user[@]}" --mount --net --propagation private bash -c '
		mkdir -p /run/wgctl /etc/wgctl /etc/wireguard 2>/dev/null
		for d in /run/wgctl /etc/wgctl /etc/wireguard; do
			[ ! -d $d ] || mount -t tmpfs -o mode=755 tmpfs $d
		done
		[ ! -d "${PROFILES-}" ] || mount --bind "$PROFILES" /etc/wgctl
		exec "$@"' alone "$@"
}
