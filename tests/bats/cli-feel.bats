#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# How it feels: help, hints, pagers, colour, and documents for programs.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	umask 077
	mkdir etc bin
	printf '[Interface]\nPrivateKey = %s\n' "$("$WGCTL" genkey)" >etc/office.conf
}

# terminal ROWS COMMAND: what a terminal of that height and 80 columns gets.
terminal() {
	script -qec "stty rows $1 cols 80; $2" /dev/null </dev/null | tr -d '\r'
}

commands() {
	"$WGCTL" --help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'
}

# ---- help --------------------------------------------------------------------

@test "help: examples before all else, and every command has one" {
	local c n=0
	for c in $(commands); do
		run_split "$WGCTL" help "$c"
		[[ $c == version || $c == oci-hook ]] || has "$output" $'\n\nExamples:\n  '
		# Nothing but what it is stands in front of them.
		[[ $c == version || $c == oci-hook ]] || is "$(sed -n 5p <<<"$output")" 'Examples:'
		n=$((n + 1))
	done
	[ $n -ge 30 ]
	is "$("$WGCTL" help | sed -n 6p)" 'Examples:'
	is "$("$WGCTL" help | awk 'length > 79')" ""
}

@test "every example of help is a command line that is understood" {
	local c line
	for c in $(commands); do
		while IFS= read -r line; do
			[[ $line =~ (sudo )?wgctl\ ([^|\>\<]*) ]] || continue
			# Only whether the options and operands are right: a dry parse is --help behind them.
			read -ra words <<<"${BASH_REMATCH[2]%%  *}"
			case ${words[0]} in show* | set* | add* | sync* | gen* | pubkey | run | exec) continue ;; esac
			[[ ${words[*]} != *' -- '* ]] || continue
			run_split "$WGCTL" "${words[@]}" --help
			is "$c: ${words[*]}: $status" "$c: ${words[*]}: 0"
		done < <("$WGCTL" help "$c" | sed -n '/^Examples:/,/^$/p')
	done
}

# ---- did you mean ---------------------------------------------------------------

@test "did you mean: values, shells, verbs, profiles, tunnels" {
	while IFS='|' read -r args code hint; do
		# shellcheck disable=SC2086
		PROFILES=$PWD/etc run_split alone "$WGCTL" $args </dev/null
		is "$args: $status" "$args: $code"
		has "$errors" "$hint"
	done <<-'END'
		convert x --to jsn|2|did you mean 'json'?
		status --format promtheus|2|did you mean 'prometheus'?
		--color nver list|2|did you mean 'never'?
		completion bsah|2|did you mean 'bash'?
		netns lst|2|did you mean 'list'?
		container atach a b|2|did you mean 'attach'?
		physical upp|2|did you mean 'up'?
		up ofice|1|did you mean 'office'?
		check ofice|1|did you mean 'office'?
		convert ofice --to json|1|did you mean 'office'?
		qr ofice|1|did you mean 'office'?
		down ofice|3|did you mean 'office'?
		status ofice|3|did you mean 'office'?
		status office|3|wgctl up office
		exec ofice -- true|125|did you mean 'office'?
		watch ofice|3|did you mean 'office'?
		recover ofice|0|did you mean 'office'?
	END
}

@test "what is missing is said by name, in one line" {
	while IFS='|' read -r args what; do
		# shellcheck disable=SC2086
		run_split "$WGCTL" $args
		is "$errors" "wgctl: $what (see 'wgctl ${args%% *} --help')"
	done <<-'END'
		up|PROFILE... is missing
		import|FILE is missing
		exec|NAME is missing
		run|PROFILE is missing
		netns delete|the NAME is missing
		container|container what: attach, detach or unit?
		physical|physical what: up, down, status, exec, recover or confirm?
	END
}

# ---- pagers -----------------------------------------------------------------------

@test "pager: for what is longer than the terminal, and only then" {
	export TERM=xterm PAGER="sed 's/^/paged: /'"
	has "$(terminal 10 "$WGCTL help up")" 'paged: Usage: wgctl up'
	has "$(terminal 10 "$WGCTL up --help")" 'paged: Usage: wgctl up'
	has "$(terminal 10 "$WGCTL --help")" 'paged: Usage: wgctl'
	lacks "$(terminal 100 "$WGCTL help up")" paged
	lacks "$(terminal 10 "$WGCTL help up | cat")" paged
	lacks "$(terminal 10 "$WGCTL --no-pager help up")" paged
	lacks "$(terminal 10 "$WGCTL help up --no-pager")" paged
	lacks "$(terminal 10 "$WGCTL --no-pager --help")" paged
	lacks "$(terminal 10 "PAGER= $WGCTL help up")" paged
	lacks "$(terminal 10 "PAGER=cat $WGCTL help up")" paged
	lacks "$(terminal 10 "TERM=dumb $WGCTL help up")" paged
	# Exactly as high as the terminal, the first line would be gone with the next prompt.
	n=$("$WGCTL" help list | wc -l)
	has "$(terminal "$n" "$WGCTL help list")" paged
	lacks "$(terminal $((n + 1)) "$WGCTL help list")" paged
	# Long lines count as often as they are broken.
	long=$(printf '%0200d' 0)
	mkdir "$long"
	printf '[Interface]\nPrivateKey = %s\nX = 1\n' "$("$WGCTL" genkey)" >"$long/wrong.conf"
	is "$("$WGCTL" check "./$long/wrong.conf" | wc -l)" 4
	has "$(terminal 8 "$WGCTL check ./$long/wrong.conf")" paged
	lacks "$(terminal 8 "$WGCTL check --json ./$long/wrong.conf")" paged
	for c in list status diff doctor netns physical check help; do
		has "$("$WGCTL" "$c" --help)" --no-pager
	done
}

@test "pager: nothing is lost, and the exit code is that of the command" {
	export TERM=xterm
	want=$("$WGCTL" help up)
	is "$(PAGER=/nonexistent/pager terminal 10 "$WGCTL help up" | grep -v 'not found')" "$want"
	is "$(PAGER='exit 126' terminal 10 "$WGCTL help up")" "$want"
	# Somebody who leaves early has seen enough.
	is "$(PAGER='head -n 1' terminal 10 "$WGCTL help up; echo \$?")" "Usage: wgctl up [OPTION]... PROFILE..."$'\n0'
	# One error for each line, and a page of them.
	{
		printf '[Interface]\nPrivateKey = %s\n' "$("$WGCTL" genkey)"
		printf 'Nonsense = 1\n%.0s' {1..20}
	} >wrong.conf
	has "$(PAGER='head -n 1' terminal 10 "$WGCTL check ./wrong.conf; echo code \$?")" 'code 5'
}

@test "pager: less, and what sudo brings along does not choose another" {
	cat >bin/less <<-'END'
		#!/bin/sh
		echo "less: LESS=$LESS secure=$LESSSECURE open=$LESSOPEN arguments=$#"
		cat >/dev/null
	END
	chmod 755 bin bin/less
	chmod 711 .
	export TERM=xterm PATH=$PWD/bin:$PATH
	unset PAGER LESS LESSOPEN SUDO_UID PKEXEC_UID DOAS_USER
	has "$(terminal 10 "$WGCTL help up")" 'less: LESS=FRX '
	has "$(terminal 10 "$WGCTL help up")" 'arguments=0'
	has "$(LESS=-R terminal 10 "$WGCTL help up")" 'LESS=-R '
	[ "$(id -u)" = 0 ] || skip "elsewhere: root's pager is looked at where the tests run as root"
	has "$(terminal 10 "$WGCTL help up")" 'secure=1'
	has "$(PAGER='sed s/^/paged:/' terminal 10 "$WGCTL help up")" 'paged:Usage'
	has "$(SUDO_UID=1000 PAGER='sed s/^/paged:/' LESS=-x LESSOPEN='|rm %s' terminal 10 "$WGCTL help up")" \
		'less: LESS=FRX secure=1 open= arguments=0'
	lacks "$(SUDO_UID=1000 PAGER=cat terminal 10 "$WGCTL help up")" 'less:'
	has "$(SUDO_UID=0 PAGER='sed s/^/paged:/' terminal 10 "$WGCTL help up")" 'paged:Usage'
}

@test "pager: colours go through it" {
	printf '[Interface]\nPrivateKey = %s\nListenPort = 70000\n' "$("$WGCTL" genkey)" >wrong.conf
	has "$(TERM=xterm PAGER='sed -n 1p' terminal 2 "$WGCTL check ./wrong.conf")" $'\033[1;31merror'
	lacks "$(TERM=xterm NO_COLOR=1 PAGER='sed -n 1p' terminal 2 "$WGCTL check ./wrong.conf")" $'\033['
}

# ---- documents ----------------------------------------------------------------------

@test "--json: whatever reads answers with one document, also when there is nothing" {
	local c
	for c in list status doctor netns 'netns list' version 'check office' 'physical status' show 'show all'; do
		# shellcheck disable=SC2086
		PROFILES=$PWD/etc run_split alone "$WGCTL" $c --json
		is "$c: $(jq -cs 'map(.schema)' <<<"$output")" "$c: [1]"
	done
	# Errors are one document, too, and say where to look.
	for c in 'show nowhere' 'show all dump now' 'diff nowhere' 'status nowhere' 'reload nowhere' 'list x' 'status --nonsense'; do
		# shellcheck disable=SC2086
		PROFILES=$PWD/etc run_split alone "$WGCTL" $c --json
		[ "$status" -ge 1 ]
		is "$c: $(jq -cs 'length, (.[0].errors | length)' <<<"$errors")" "$c: 1"$'\n1'
		jq -e '.errors[0].hint' <<<"$errors" >/dev/null
	done
	# Of `show` one word names what; a field is no tunnel's name.
	for c in 'show interfaces' 'show all dump' 'show wg0 all' 'show wg0 peers' 'show all all'; do
		# shellcheck disable=SC2086
		PROFILES=$PWD/etc run_split alone "$WGCTL" $c --json
		is "$c: $status" "$c: 2"
		has "$(jq -r '.errors[0].message' <<<"$errors")" "--json shows all fields"
	done
}
