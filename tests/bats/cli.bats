#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# The contract of the command line: arguments, exit codes, streams, documents.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	SECRET=$("$WGCTL" genkey)
	PSK=$("$WGCTL" genpsk)
	PUBLIC=$("$WGCTL" genkey | "$WGCTL" pubkey)
	umask 077
	cat >good.conf <<-END
		# the office
		[Interface]
		PrivateKey = $SECRET
		Address = 10.8.0.2/24
		ListenPort = 51820

		[Peer]
		# Name = gateway
		PublicKey = $PUBLIC
		PresharedKey = $PSK
		AllowedIPs = 10.8.0.0/24
		Endpoint = 192.0.2.1:51820
	END
}

commands() {
	"$WGCTL" --help | awk '/^Commands:/ {on = 1; next} /^$/ {on = 0} on {print $1}'
}

@test "help goes to stdout, is at most 80 columns wide, exits 0" {
	local c n=0
	for c in '' $(commands); do
		# shellcheck disable=SC2086
		run_split "$WGCTL" $c --help
		is "$status" 0
		is "$errors" ""
		has "$output" "Usage: wgctl"
		has "$output" "Exit status:"
		is "$(awk 'length > 80' <<<"$output")" ""
		n=$((n + 1))
	done
	[ "$n" -ge 19 ]
	is "$("$WGCTL" help up)" "$("$WGCTL" up --help)"
	is "$("$WGCTL" help)" "$("$WGCTL" -h)"
}

@test "version, as text and as JSON" {
	run_split "$WGCTL" version
	[[ $output =~ ^wgctl\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	is "$("$WGCTL" --version)" "$output"
	is "wgctl $("$WGCTL" version --json | jq -r .version)" "$output"
}

@test "usage errors: one line, which names what to try; exit 2; stdout empty" {
	local args
	while IFS= read -r args; do
		# shellcheck disable=SC2086
		run_split "$WGCTL" $args
		is "$status" 2
		is "$output" ""
		is "$(wc -l <<<"$errors")" 1
		[[ $errors == "wgctl: "*" (see 'wgctl"*" --help')" ]]
	done <<-'END'
		nonsense
		up
		down
		up --nonsense x
		up -Z x
		up --wait
		up --wait=soon x
		up --wait 0 x
		up --confirm 0 x
		reload --confirm 0 x
		physical up --confirm 0 x
		monitor --poll 0
		down --wait 5 x
		lockdown --wait 5 x
		status --show-secrets
		status --show-secrets --format prometheus
		up --dry-run=yes x
		up -q -v x
		down --all x
		status a b
		list x
		list --dry-run
		status --color sometimes
		convert x
		convert x --to yaml
		completion tcsh
		help nonsense
		--nonsense
		recover a b
		physical up
		physical up a b
		physical up --kill x
		physical down a b
		physical down --take x
		physical down --confirm 60
		physical down --allow-hooks
		physical recover a b
		physical recover --force
		physical confirm a b
		physical confirm --dry-run
		physical status a
		physical status --dry-run
	END
}

@test "did you mean: commands and options" {
	run_split "$WGCTL" chekc x
	has "$errors" "did you mean 'check'?"
	run_split "$WGCTL" staus
	has "$errors" "did you mean 'status'?"
	run_split "$WGCTL" up --dry-rum x
	has "$errors" "did you mean '--dry-run'?"
	run_split "$WGCTL" start office
	has "$errors" "did you mean 'up'?"
	run_split "$WGCTL" zzzzzz
	lacks "$errors" "did you mean"
}

@test "commands that are not for people: no help on them, and at a terminal they are none" {
	local c
	for c in wg wg-quick info create setup teardown __complete __mdoc; do
		run_split "$WGCTL" help $c
		is "$c: $status" "$c: 2"
		is "$output" ""
		has "$errors" "unknown command '$c'"
	done
	run_split "$WGCTL" help info
	has "$errors" "did you mean 'status'?"
	has "$(script -qec "$WGCTL info" /dev/null </dev/null)" "unknown command 'info'; did you mean 'status'?"
	has "$("$WGCTL" info | cat)" api_version
}

@test "options before and after the command, values with and without =, clusters, --" {
	run_split "$WGCTL" --json version
	is "$(jq -r .schema <<<"$output")" 1
	run_split "$WGCTL" --color=never check -- ./good.conf
	is "$status" 0
	run_split "$WGCTL" check ./good.conf --color always
	is "$status" 0
	run_split "$WGCTL" check -- --color
	has "$errors" "--color"
	[ "$status" != 2 ]
	run_split "$WGCTL" convert -tjson good.conf
	is "$status" 0
	run_split "$WGCTL" --dry-run list
	is "$status" 2
	run_split "$WGCTL" -qv up x
	has "$errors" "--quiet and --verbose exclude each other"
	is "$("$WGCTL" -vh)" "$("$WGCTL" --help)"
	run_split "$WGCTL" -vZ list
	is "$status" 2
	has "$errors" "unknown option '-vZ'"
}

@test "check: a good profile, as a file, by name, on stdin" {
	run_split "$WGCTL" check ./good.conf
	is "$errors" ""
	is "$output" "./good.conf: ok"
	is "$status" 0
	run_split "$WGCTL" check - <good.conf
	is "$output" "stdin: ok"
	mkdir etc
	cp good.conf etc/office.conf
	PROFILES=$PWD/etc run_split alone "$WGCTL" check office
	is "$output" "/etc/wgctl/office.conf: ok"
}

@test "check: place, line, caret, hint; exit 5" {
	sed 's/ListenPort = .*/ListenPort = 70000/' good.conf >bad.conf
	run_split "$WGCTL" check ./bad.conf
	is "$status" 5
	is "$errors" ""
	is "$(sed -n 1p <<<"$output" | cut -d' ' -f1-2)" "./bad.conf:5:14: error:"
	is "$(sed -n 2p <<<"$output")" "    5 | ListenPort = 70000"
	is "$(sed -n 3p <<<"$output")" "      |              ^~~~~"
	has "$output" $'\n  hint: '
	is "$(tail -n 1 <<<"$output")" "./bad.conf: 1 error, 0 warnings"
}

@test "check: all problems at once, in all files" {
	sed 's/ListenPort = .*/ListenPort = x/; s/AllowedIPs = .*/AllowedIPs = 10.8.0.0\/99/; s/Address = /Adress = /' good.conf >bad.conf
	cp bad.conf worse.conf
	run_split "$WGCTL" check ./bad.conf ./good.conf ./worse.conf
	is "$status" 5
	is "$(grep -c ': error: ' <<<"$output")" 6
	has "$output" "./good.conf: ok"
	has "$output" "did you mean"
}

@test "check --json: one document; places are numbers" {
	sed 's/ListenPort = .*/ListenPort = 70000/' good.conf >bad.conf
	run_split "$WGCTL" check --json ./bad.conf ./good.conf
	is "$status" 5
	is "$errors" ""
	is "$(jq -c '[.schema, (.files | length), .files[0].valid, .files[1].valid]' <<<"$output")" '[1,2,false,true]'
	is "$(jq -c '.files[0].findings[0] | [.severity, .line, .column]' <<<"$output")" '["error",5,14]'
}

@test "secrets are never echoed" {
	local f
	# Cut short, misspelt, in the wrong section, as the key, and well-formed beside another error.
	sed "s|^PrivateKey = .*|PrivateKey = ${SECRET:0:40}|" good.conf >cut.conf
	sed "s|^PrivateKey|PrivatKey|" good.conf >misspelt.conf
	sed "s|^Endpoint.*|PrivateKey = $SECRET|" good.conf >place.conf
	sed "s|^PrivateKey = ||" good.conf >bare.conf
	sed "s|^PresharedKey = .*|PresharedKey = $PSK x|" good.conf >tail.conf
	sed "s|^Address = .*|Address = $SECRET|" good.conf >address.conf
	printf '{"interface": {"private_key": "%s", "listen_port": 70000}}' "$SECRET" >one.json
	for f in cut.conf misspelt.conf place.conf bare.conf tail.conf address.conf one.json; do
		for option in --color=never --json --verbose; do
			run_split "$WGCTL" check "./$f" $option
			is "$f $status" "$f 5"
			lacks "$output$errors" "${SECRET:0:40}"
			lacks "$output$errors" "${PSK:0:40}"
		done
		run_split "$WGCTL" up --dry-run "./$f"
		is "$status" 5
		lacks "$output$errors" "${SECRET:0:40}"
		lacks "$output$errors" "${PSK:0:40}"
	done
	run_split "$WGCTL" check ./cut.conf
	has "$output" "PrivateKey = (hidden)"
	run_split "$WGCTL" check --show-secrets ./cut.conf
	has "$output" "${SECRET:0:40}"
}

@test "a line cannot steer the terminal" {
	printf '[Interface]\nListenPort = \033[2J\a70000\n' >esc.conf
	run_split "$WGCTL" check --color=never ./esc.conf
	is "$status" 5
	is "$(tr -d '\11\12\40-\176' <<<"$output" | wc -c)" 0
}

@test "convert: INI to JSON and back, nothing lost; a file of mode 0600" {
	run_split "$WGCTL" convert good.conf --to json
	is "$status" 0
	is "$errors" ""
	is "$(jq -r .interface.private_key <<<"$output")" "$SECRET"
	is "$(jq -r '.peers[0].preshared_key' <<<"$output")" "$PSK"
	umask 000
	run_split "$WGCTL" convert good.conf -o good.json
	is "$output" ""
	is "$(stat -c %a good.json)" 600
	"$WGCTL" convert good.conf --to ini | diff good.conf -
	"$WGCTL" convert good.json --to ini >back.conf
	is "$("$WGCTL" convert back.conf --to json)" "$(cat good.json)"
	"$WGCTL" convert --to json - <good.conf | diff good.json -
	is "$("$WGCTL" convert --to json - <good.json)" "$(cat good.json)"
}

@test "convert: a bad profile writes nothing" {
	echo nonsense >bad.conf
	run_split "$WGCTL" convert bad.conf -o out.json
	is "$status" 5
	is "$output" ""
	has "$errors" "bad.conf:1"
	[ ! -e out.json ]
}

@test "exit 1: no such profile, with the places that were looked at" {
	run_split alone "$WGCTL" check nosuch
	is "$status" 1
	is "$output" ""
	has "$errors" "nosuch"
}

@test "exit 3: not up" {
	run_split alone "$WGCTL" status nosuch
	is "$status" 3
	is "$output" ""
	has "$errors" "'nosuch' is not up"
	run_split alone "$WGCTL" down nosuch
	is "$status" 3
}

@test "exit 4: not permitted, said plainly, before anything is done" {
	local c dir user=()
	dir=$(mktemp -d)
	cp "$WGCTL" "$dir/wgctl"
	cp good.conf "$dir/good.conf"
	chmod -R a+rX "$dir"
	[ "$(id -u)" != 0 ] || user=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
	cd "$dir"
	run_split "${user[@]}" ./wgctl up ./good.conf
	is "$status" 4
	has "$errors" "only root"
	run_split "${user[@]}" ./wgctl down --all
	is "$status" 4
	run_split "${user[@]}" ./wgctl up --json ./good.conf
	is "$(jq -r '.errors[0].code' <<<"$errors")" not_permitted
	# A file that he may not read; and their help knows that code.
	chmod 000 good.conf
	for c in check 'convert -tjson' qr; do
		# shellcheck disable=SC2086
		run_split "${user[@]}" ./wgctl $c ./good.conf
		is "$c: $status" "$c: 4"
		has "$("$WGCTL" help "${c%% *}")" "not permitted"
	done
	cd /
	rm -rf "$dir"
}

@test "exit 5: up refuses an invalid profile before anything is done" {
	sed 's/ListenPort = .*/ListenPort = 70000/' good.conf >bad.conf
	run_split alone "$WGCTL" up ./good.conf ./bad.conf
	is "$status" 5
	is "$output" ""
	has "$errors" "./bad.conf:5:14: error:"
	run_split alone "$WGCTL" up --json ./bad.conf
	is "$status" 5
	is "$(jq -c '[.schema, .profiles]' <<<"$output")" '[1,[]]'
	is "$(jq -c '[.errors[0].line, .errors[0].column]' <<<"$errors")" '[5,14]'
}

@test "a JSON document is empty when there is nothing, not missing" {
	run_split alone "$WGCTL" list --json
	is "$(jq -c .profiles <<<"$output")" '[]'
	run_split alone "$WGCTL" status --json
	is "$(jq -c .tunnels <<<"$output")" '[]'
	run_split alone "$WGCTL" down --all --json
	is "$status" 0
	is "$(jq -c .profiles <<<"$output")" '[]'
	run_split alone "$WGCTL" status nosuch --json
	is "$status" 3
	is "$(jq -c .tunnels <<<"$output")" '[]'
	is "$(jq -r '.errors[0].code' <<<"$errors")" not_up
}

@test "errors with --json are one object, wherever they happen" {
	run_split "$WGCTL" --json nonsense
	is "$status" 2
	is "$(jq -c '[.schema, .errors[0].code, .errors[0].exit]' <<<"$errors")" '[1,"usage",2]'
	run_split "$WGCTL" up --json --nonsense
	is "$(jq -r '.errors[0].code' <<<"$errors")" usage
}

@test "list: the profiles of the search path; the first of a name wins" {
	mkdir etc
	cp good.conf etc/a.conf
	"$WGCTL" convert good.conf -o etc/a.json
	cp etc/a.json etc/b.json
	PROFILES=$PWD/etc run_split alone "$WGCTL" list --json
	is "$(jq -c '[.profiles[] | [.name, .file, .state]]' <<<"$output")" \
		'[["a","/etc/wgctl/a.conf","down"],["b","/etc/wgctl/b.json","down"]]'
	PROFILES=$PWD/etc run_split alone "$WGCTL" list
	has "$output" "NAME"
	is "$(wc -l <<<"$output")" 3
}

@test "bare wgctl is status" {
	run_split alone "$WGCTL"
	is "$status" 0
	has "$output" "nothing is up"
}

@test "colour: asked for, forbidden, by environment" {
	sed 's/ListenPort = .*/ListenPort = 70000/' good.conf >bad.conf
	esc=$'\033'
	lacks "$("$WGCTL" check ./bad.conf || :)" "$esc"
	has "$("$WGCTL" check --color=always ./bad.conf || :)" "$esc"
	has "$(NO_COLOR=1 "$WGCTL" check --color=always ./bad.conf || :)" "$esc"
	has "$(CLICOLOR_FORCE=1 "$WGCTL" check ./bad.conf || :)" "$esc"
	lacks "$(CLICOLOR_FORCE=0 "$WGCTL" check ./bad.conf || :)" "$esc"
	lacks "$(CLICOLOR_FORCE=1 NO_COLOR=1 "$WGCTL" check ./bad.conf || :)" "$esc"
	has "$(NO_COLOR='' CLICOLOR_FORCE=1 "$WGCTL" check ./bad.conf || :)" "$esc"
	lacks "$(CLICOLOR_FORCE=1 "$WGCTL" check --color=never ./bad.conf || :)" "$esc"
}

@test "colour: only for a terminal that can" {
	command -v script >/dev/null || skip "no script(1)"
	sed 's/ListenPort = .*/ListenPort = 70000/' good.conf >bad.conf
	on_tty() {
		script -qec "$WGCTL check ./bad.conf" /dev/null </dev/null || :
	}
	has "$(TERM=xterm on_tty)" $'\033'
	lacks "$(TERM=dumb on_tty)" $'\033'
	lacks "$(TERM=xterm NO_COLOR=1 on_tty)" $'\033'
}

@test "a full disk is a failure" {
	local c
	for c in version 'list --json' 'check ./good.conf' 'convert good.conf --to json' 'completion bash' --help genkey; do
		run alone bash -c "exec '$WGCTL' $c >/dev/full"
		is "$c $status" "$c 1"
		has "$output" "No space left on device"
	done
}

@test "closed standard descriptors do not become ours" {
	local code=0
	"$WGCTL" check ./good.conf <&- >&- 2>&- || code=$?
	is "$code" 1
	"$WGCTL" convert good.conf -o out.conf <&- >&- 2>&-
	cmp good.conf out.conf
}

@test "completion: commands, options, values, profiles" {
	is "$("$WGCTL" __complete -- che)" $'check\tfind everything that is wrong or doubtful in profiles'
	has "$("$WGCTL" __complete -- up --dr)" "--dry-run"
	lacks "$("$WGCTL" __complete -- list --dr)" "--dry-run"
	is "$("$WGCTL" __complete -- check --color a)" $'auto\nalways'
	is "$("$WGCTL" __complete -- check --color=n)" "--color=never"
	is "$("$WGCTL" __complete -- convert --to '')" $'ini\njson'
	is "$("$WGCTL" __complete -- help upp)" ""
	# Operands have an end, and verbs have operands of their own.
	is "$("$WGCTL" __complete -- convert a '')" ""
	is "$("$WGCTL" __complete -- physical re)" recover
	is "$("$WGCTL" __complete -- physical exec '')" :commands
	is "$("$WGCTL" __complete -- netns list '')" ""
	is "$("$WGCTL" __complete -- run office -- '')" :commands
	is "$("$WGCTL" __complete -- run office -- ls --col)" :files
	is "$("$WGCTL" __complete -- run office --cw)" $'--cwd\tstart there, not in the caller\'s directory'
	# The settings of wg set: which come next, and what they take.
	is "$("$WGCTL" __complete -- set wg0 p)" $'private-key\npeer'
	is "$("$WGCTL" __complete -- set wg0 peer KEY= p)" $'preshared-key\npersistent-keepalive\npeer'
	is "$("$WGCTL" __complete -- set wg0 peer KEY= preshared-key '')" :files
	is "$("$WGCTL" __complete -- set wg0 listen-port '')" ""
	is "$("$WGCTL" __complete -- syncconf wg0 '')" :files
	has "$("$WGCTL" __complete -- show al)" all
	is "$("$WGCTL" __complete -- genkey '')" ""
	# Containers, of whatever engine answers.
	mkdir engines
	printf '#!/bin/sh\n[ "$1" = ps ] && printf "web\\ndb\\n"\n' >engines/podman
	printf '#!/bin/sh\nprintf "deb container systemd-nspawn debian 12 -\\n"\n' >engines/machinectl
	printf '#!/bin/sh\nexit 1\n' >engines/docker
	chmod 755 engines/*
	is "$(PATH=$PWD/engines:$PATH "$WGCTL" __complete -- container attach office '')" $'web\tpodman\ndb\tpodman\ndeb\tmachinectl'
	is "$(PATH=$PWD/engines:$PATH "$WGCTL" __complete -- container detach d)" $'db\tpodman\ndeb\tmachinectl'
	is "$(PATH=$PWD/engines:$PATH "$WGCTL" __complete -- exec container:w)" $'container:web\tpodman'
	is "$(alone "$WGCTL" __complete -- physical up --take x,l)" $'x,lo\tinterface'
	mkdir etc
	cp good.conf etc/office.conf
	PROFILES=$PWD/etc run_split alone "$WGCTL" __complete -- up off
	is "$output" $'office\t/etc/wgctl/office.conf\n:files'
	is "$("$WGCTL" __complete --)" ""
	is "$("$WGCTL" __complete)" ""
}

@test "completion in bash, with words split at =" {
	PATH=${WGCTL%/*}:$PATH
	source "$WGCTL_ROOT/completions/wgctl.bash"
	complete_at() { # complete_at LINE WORD...
		COMP_LINE=$1
		COMP_POINT=${#1}
		COMP_WORDS=("${@:2}")
		COMP_CWORD=$(($# - 2))
		_wgctl
	}
	complete_at "$WGCTL conv" "$WGCTL" conv
	is "${COMPREPLY[*]}" convert
	complete_at "$WGCTL check --color=n" "$WGCTL" check --color = n
	is "${COMPREPLY[*]}" never
	complete_at "$WGCTL check --color=" "$WGCTL" check --color =
	is "${COMPREPLY[*]}" "auto always never"
	# A key in front of the cursor is one word, and ends in '=' that is none of an option.
	complete_at "$WGCTL set wg0 peer abc= endp" "$WGCTL" set wg0 peer abc = endp
	is "${COMPREPLY[*]}" endpoint
	complete_at "$WGCTL  convert x --to js" "$WGCTL" convert x --to js
	is "${COMPREPLY[*]}" json
	touch 'a file.conf'
	complete_at "$WGCTL check a" "$WGCTL" check a
	is "${COMPREPLY[0]}" "a file.conf"
}

@test "completion in bash, on a terminal; also as wg and wg-quick where these are wgctl" {
	mkdir bin other
	ln -s "$WGCTL" bin/wgctl
	ln -s "$WGCTL" bin/wg
	ln -s "$WGCTL" bin/wg-quick
	tab() { PATH=$PWD/bin:$PATH "$WGCTL_ROOT/tests/helpers/tab" "$WGCTL_ROOT/completions/wgctl.bash" "$1"; }
	is "$(tab $'wgctl conv\t')" "wgctl convert"
	is "$(tab $'wgctl check --color=n\t')" "wgctl check --color=never"
	# What stands behind a colon is left to be written.
	is "$(tab $'wgctl exec contai\t')" "wgctl exec container:"
	is "$(tab $'wgctl exec x -- wgct\t')" "wgctl exec x -- wgctl"
	is "$(tab $'wg showc\t')" "wg showconf"
	is "$(tab $'wg show wg0 latest\t')" "wg show wg0 latest-handshakes"
	is "$(tab $'wg-quick st\t')" "wg-quick strip"
	# Somebody else's wg is left alone.
	rm bin/wg
	printf '#!/bin/sh\n' >bin/wg
	chmod 755 bin/wg
	is "$(tab $'wg showc\t')" "wg showc"
}

# zsh_at LINE [SETUP]: what a TAB at its end finds: in a real line editor on a terminal of its
# own. It is written down before it is shown.
zsh_at() {
	rm -f found
	# shellcheck disable=SC2016
	timeout 20 zsh -f -c '
		zmodload zsh/zpty
		zpty -b z "PS1=ready TERM=dumb zsh -f -i"
		zpty -w z "path=(\$PWD \$path); autoload -Uz compinit; $2"
		zpty -w z "compadd() { builtin compadd -O all \"\$@\"; print -rl -- \$all >>\$PWD/found; builtin compadd \"\$@\"; }; touch \$PWD/loaded"
		until [[ -e loaded ]]; do sleep 0.05; done
		zpty -n -w z "$1"$'"'\t'"'
		for i in {1..100}; do [[ -s found ]] && break; sleep 0.05; done
		sleep 0.1
		zpty -d z' zsh "$1" "${2-compinit -u -d \$PWD/zcompdump; source <(wgctl completion zsh)}" >/dev/null 2>&1 </dev/null || true
	rm -f loaded
	sort -u found 2>/dev/null
}

@test "completion in zsh" {
	cp -p "$WGCTL" wgctl
	touch 'a file.conf'
	has "$(zsh_at "wgctl conv")" convert
	is "$(zsh_at "wgctl check --color=n" | grep color)" "--color=never"
	has "$(zsh_at "wgctl convert --to ")" json
	has "$(zsh_at "wgctl check ./a")" "a file.conf"
	has "$(zsh_at "wgctl exec x -- wgct")" wgctl
	ln wgctl wg
	ln wgctl wg-quick
	has "$(zsh_at "wg show wg0 latest")" latest-handshakes
	has "$(zsh_at "wg-quick st")" strip
}

@test "completion in zsh, from the files where it is installed" {
	# shellcheck disable=SC2016
	local installed='fpath=($PWD/site $fpath); compinit -u -d $PWD/zcompdump'
	cp -p "$WGCTL" wgctl
	ln wgctl wg
	ln wgctl wg-quick
	mkdir site
	touch latest-file
	cp "$WGCTL_ROOT/completions/_wgctl" site
	has "$(zsh_at "wgctl conv" "$installed")" convert
	# The other names belong to whoever has them, until this is installed under them.
	is "$(zsh_at "wg show wg0 latest" "$installed")" latest-file
	cp "$WGCTL_ROOT/completions/_wg" site
	rm zcompdump
	has "$(zsh_at "wg show wg0 latest" "$installed")" latest-handshakes
	has "$(zsh_at "wg-quick st" "$installed")" strip
	has "$(zsh_at "wgctl conv" "$installed")" convert
}

@test "completion in fish" {
	mkdir bin
	ln -s "$WGCTL" bin/wgctl
	touch 'a file.conf'
	fish_at() { PATH=$PWD/bin:$PATH HOME=$PWD fish --no-config -c 'wgctl completion fish | source; complete -C "$argv[1]"' -- "$1"; }
	has "$(fish_at "wgctl conv")" $'convert\t'
	is "$(fish_at "wgctl check --color=n")" "--color=never"
	has "$(fish_at "wgctl convert --to ")" json
	has "$(fish_at "wgctl check a")" "a file.conf"
	has "$(fish_at "wgctl exec x -- wgct")" wgctl
	ln -s "$WGCTL" bin/wg
	ln -s "$WGCTL" bin/wg-quick
	is "$(fish_at "wg show wg0 latest")" latest-handshakes
	is "$(fish_at "wg-quick st")" strip
}

@test "qr: what a telephone reads is the profile, without what it does not know" {
	sed '/^ListenPort/a FwMark = 1\nPostUp = true' good.conf >phone.conf
	chmod 600 phone.conf
	run_split "$WGCTL" qr ./phone.conf
	is "$status" 0
	has "$errors" "left out, since telephones do not know it: FwMark, PostUp"
	# Each key of wgctl's own that says something is named.
	own='Name = wg7;SaveConfig = true;Backend = kernel;SocketNamespace = a;InterfaceNamespace = b;KillSwitch = on;AllowLAN = no;DNSMode = none;IPv6 = block;ExcludeIPs = 192.0.2.0/24;RefreshEndpoints = 60'
	sed -i "/^ListenPort/a ${own//;/\\n}" phone.conf
	run_split "$WGCTL" qr ./phone.conf
	is "$status" 0
	sed 's/ = [^;]*//g; s/;/\n/g' <<<"$own" | while read -r key; do has "$errors" "$key"; done
	python3 - "$output" >code.pgm <<-'END'
		import sys
		rows = []
		for line in sys.argv[1].splitlines():
		    rows.append([c in "\u2588\u2580" for c in line])
		    rows.append([c in "\u2588\u2584" for c in line])
		print("P2", len(rows[0]) * 4, len(rows) * 4, 1)
		for row in rows:
		    for _ in range(4):
		        print(" ".join(str(int(m)) for m in row for _ in range(4)))
	END
	zbarimg --quiet --raw -Sdisable -Sqrcode.enable code.pgm >read.conf
	chmod 600 read.conf
	"$WGCTL" check ./read.conf
	is "$(grep -E '^(Name|FwMark|PostUp|AllowLAN|Backend|DNSMode) *=' read.conf)" ""
	has "$(<read.conf)" "PrivateKey = $SECRET"
	has "$(<read.conf)" "PresharedKey = $PSK"
	has "$(<read.conf)" "Endpoint = 192.0.2.1:51820"
	for i in {1..60}; do printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.9.0.%d/32\n' "$("$WGCTL" genkey | "$WGCTL" pubkey)" "$i"; done >>phone.conf
	run_split "$WGCTL" qr ./phone.conf
	is "$status" 1
	has "$errors" "too large for a QR code"
	lacks "$errors$output" "$SECRET"
}

@test "help names the manual page of each command" {
	local c
	for c in $(commands); do
		has "$("$WGCTL" "$c" --help | tail -n 1)" "See wgctl"
	done
	is "$("$WGCTL" reload --help | tail -n 1)" "See wgctl-up(8)."
}

@test "wg-quick: usage on stderr; 0 for help, 1 otherwise" {
	ln -s "$WGCTL" wg-quick
	local args
	for args in --help -h help; do
		run_split ./wg-quick $args
		is "$status" 0
		is "$output" ""
		has "$errors" "Usage: wg-quick"
	done
	for args in '' up 'up a b' 'sideways a' '--help x'; do
		# shellcheck disable=SC2086
		run_split ./wg-quick $args
		is "$status" 1
		is "$output" ""
		has "$errors" "Usage: wg-quick"
	done
}

@test "wg-quick: what an argument names" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	ln -s "$WGCTL" wg-quick
	run_split alone ./wg-quick up good.conf
	is "$status" 1
	has "$errors" "/etc/wireguard/good.conf.conf"
	cp good.conf name-over-15-characters.conf
	run_split alone ./wg-quick up ./name-over-15-characters.conf
	is "$status" 1
	has "$errors" "interface name"
	run_split alone ./wg-quick down nosuch
	is "$status" 1
}

@test "wg-quick strip: as wg-quick does it, byte for byte" {
	ln -s "$WGCTL" wg-quick
	printf '# c\n [Interface] # x\n\tPrivateKey=%s\nAddress = 10.0.0.1/24\nmtu=1400\n  DNS = 1.1.1.1\n' "$SECRET" >s.conf
	printf 'Table = off\nPostUp = echo a=b # c\nSaveConfig = TRUE\n\n[Peer]\nPublicKey = %s\r\nMTU = 1\n  x  ' "$PUBLIC" >>s.conf
	run_split ./wg-quick strip ./s.conf
	is "$status" 0
	./wg-quick strip ./s.conf >got
	printf '# c\n[Interface] # x\nPrivateKey=%s\n\n[Peer]\nPublicKey = %s\r\nMTU = 1\nx\n\n' "$SECRET" "$PUBLIC" >want
	cmp got want
	if [ "$(id -u)" = 0 ] && [ -x /usr/bin/wg-quick ] && [ ! /usr/bin/wg-quick -ef "$WGCTL" ]; then
		/usr/bin/wg-quick strip ./s.conf 2>/dev/null | cmp - got
	fi
	printf '[Interface]\nSaveConfig = maybe\n' >s.conf
	run_split ./wg-quick strip ./s.conf
	is "$status" 1
	is "$output" ""
}
