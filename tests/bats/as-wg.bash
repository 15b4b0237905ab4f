# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Called as wg on host a: this program ($ours) and Debian's wg(8) ($theirs), and whether
# they say the same.

# as_wg PROGRAM ARGS...: under the same name, which both print.
as_wg() {
	# shellcheck disable=SC2016
	on a bash -c 'exec -a wg "$0" "$@"' "$@"
}

# Where a second passes between two programs, as it always does in a guest, how
# long ago something was is not compared; the machine itself compares it.
without_ages() {
	if [ -n "${WGCTL_VM-}" ]; then sed 's/latest handshake.*/latest handshake/'; else cat; fi
}

# both ARGS...: same stdout and status, in three tries because of the clock.
# $output and $status are theirs.
both() {
	local ours_out ours_status try
	for try in 1 2 3; do
		status=0 ours_status=0
		output=$(as_wg "$theirs" "$@" 2>theirs.err | without_ages && echo ".${PIPESTATUS[0]}") || true
		ours_out=$(as_wg "$ours" "$@" 2>ours.err | without_ages && echo ".${PIPESTATUS[0]}") || true
		status=${output##*.} ours_status=${ours_out##*.}
		output=${output%.*} ours_out=${ours_out%.*}
		[ "$output" != "$ours_out" ] || break
	done
	[ "$status" = "$ours_status" ] || {
		echo "wg $*: status $status, ours $ours_status ($try tries)"
		cat theirs.err ours.err
		return 1
	}
	[ "$output" = "$ours_out" ] || {
		echo "wg $*:"
		diff <(cat -A <<<"$output") <(cat -A <<<"$ours_out")
	}
}

# The same on stderr too.
both_err() {
	both "$@"
	diff theirs.err ours.err
}

fields=(public-key private-key listen-port fwmark peers preshared-keys endpoints allowed-ips latest-handshakes transfer
	persistent-keepalive dump)

every_view() {
	local f mode
	both show "$1"
	both showconf "$1"
	for f in "${fields[@]}"; do both show "$1" "$f"; done
	for mode in always never bogus; do
		export WG_COLOR_MODE=$mode
		both show "$1"
		WG_HIDE_KEYS=never both show "$1"
		WG_HIDE_KEYS=always both show "$1"
	done
	unset WG_COLOR_MODE
}
