# SPDX-License-Identifier: GPL-2.0
# TAP for scripts: expect WHAT COMMAND... is one test; what the command said if it fails.
n=0 status=0

expect() {
	local what=$1 output
	shift
	n=$((n + 1))
	if output=$("$@" 2>&1 </dev/null); then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		status=1
		while IFS= read -r line; do echo "# $line"; done <<<"$output"
		return 1
	fi
}

# Of a function that expect runs: the first thing that is not so ends it. (`set -e` does
# nothing in there.)
so() {
	"$@" || {
		echo "not so: $*"
		exit 1
	}
}
not_so() {
	if "$@"; then
		echo "should not be so: $*"
		exit 1
	fi
}

finished() {
	echo "1..$n"
	exit $status
}
