#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Hundreds of invocations of Debian's wg(8) and of this program under that name: the same
# answer, the same status, and the same made of the same devices. What is asked of them is
# in differ-wg.table, where they differ and why in differ-exceptions. Here the devices are
# wireguard-go's, in guests the kernel's; what no kernel hears of is in differ-words.bats.
#
# Guests: 6.12

load differ-wg

@test "devices that are not there, or not WireGuard's" {
	data_plane a # a kernel that has WireGuard now knows it
	section absent
}

@test "show and showconf: fields, names, environment, streams that take nothing, without privileges" {
	devices
	section show
}

@test "set: every option, its values good and bad, in every order" {
	devices
	section set
}

@test "setconf, addconf and syncconf" {
	devices
	section conf
}
