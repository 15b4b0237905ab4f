#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Debian's wg(8) and this program under that name, as in differ-wg.bats: what is answered
# before a kernel is asked, or is the same whatever it answers.
#
# Guests: none

load differ-wg

@test "usage" {
	section usage
}

@test "keys" {
	section keys
}

@test "what a file may look like" {
	devices
	section parser
}

@test "every exception has a reason, and a line that needs it" {
	grep -v '^#' "$BATS_TEST_DIRNAME/differ-exceptions" | grep -vE '^[a-z-]+: .+\.$' && return 1
	diff <(grep -v '^#' "$BATS_TEST_DIRNAME/differ-exceptions" | cut -d: -f1 | sort) \
		<(cat "$BATS_TEST_DIRNAME"/differ-*.table | grep -v '^#' | grep -oE '(^| )! ?(userspace:)?[a-z][a-z-]+' | sed 's/.*[!: ]//' | sort -u)
}
