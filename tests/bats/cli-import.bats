#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# import: profiles of wg-netns and NetworkManager become ours.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	umask 022
	from=$WGCTL_ROOT/tests/fixtures/import
}

# clean FILE: check finds nothing, but perhaps that names are asked outside, as minimal.json has it.
clean() {
	run_split "$WGCTL" check "$1"
	is "$status" 0
	[ "$output" = "$1: ok" ] || [[ $output == *"names may still be asked"*"0 errors, 1 warning" ]]
}

@test "what is imported is valid, and survives on as JSON" {
	for file in minimal.json office.nmconnection; do
		run_split "$WGCTL" import "$from/$file" -o ./one.conf
		is "$status $output" "0 "
		is "$errors" 'wgctl: ./one.conf written'
		is "$(stat -c %a one.conf)" 600
		clean ./one.conf
		"$WGCTL" import "$from/$file" -o ./one.json
		clean ./one.json
		is "$(stat -c %a one.json)" 600
		# Another profile's name, so that the interface's is said in both.
		"$WGCTL" convert one.conf --to json >two.json
		is "$(jq -S . two.json)" "$(jq -S . one.json)"
		python3 - "$WGCTL_ROOT/wgctl/config/profile.schema.json" two.json <<-'END'
			import json, sys, jsonschema
			jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(json.load(open(sys.argv[2])))
		END
		rm one.conf one.json
	done
}

@test "a namespace of wg-netns is the profile's, and its resolvers and hooks" {
	"$WGCTL" import "$from/site.json" -i wg-site-a --to json >a.json 2>/dev/null
	is "$(jq -c '[.interface | .name, .interface_namespace, .dns, .mtu, .fwmark]' a.json)" \
		'["wg-site-a","ns-site",["10.10.10.1","10.10.10.2"],1420,21]'
	is "$(jq -c '.peers[0] | [.name, .endpoint, .routes, .persistent_keepalive]' a.json)" \
		'["site a",["a.example.com:51821"],["10.10.11.0/25"],25]'
	is "$(jq -r '.interface.pre_up[0]' a.json)" 'echo pre-up from inside'
}

@test "several interfaces: one by name, or a file for each" {
	run_split "$WGCTL" import "$from/site.json"
	is "$status $output" "2 "
	has "$errors" '--interface names one (wg-site-a, wg-site-b), --output DIR makes a profile of each'
	run_split "$WGCTL" import "$from/site.json" -i wg-site-c
	is "$status" 2
	has "$errors" "did you mean 'wg-site-"
	mkdir out
	run_split "$WGCTL" import "$from/site.json" -o out
	is "$status" 0
	is "$(ls out)" $'wg-site-a.conf\nwg-site-b.conf'
	is "$(stat -c %a out/*)" $'600\n600'
	# The name is the file's, so that it need not be said.
	lacks "$(cat out/*)" 'Name = wg-site-a'
	clean out/wg-site-a.conf
	clean out/wg-site-b.conf
	# Once with JSON, in a directory that says that it is one.
	run_split "$WGCTL" import "$from/site.json" --to json -o out/
	is "$status" 0
	clean out/wg-site-b.json
}

@test "a directory that was meant is no file, and a profile has an ending" {
	run_split "$WGCTL" import "$from/minimal.json" -o nowhere
	is "$status" 2
	has "$errors" "'nowhere' is no directory, and a profile's name ends in .conf or .json"
	[ ! -e nowhere ]
	# A slash says that it is one, and it is made.
	run_split "$WGCTL" import "$from/minimal.json" -o a/b/
	is "$status" 0
	is "$(stat -c %a a/b a/b/wg-example.conf)" $'700\n600'
	run_split "$WGCTL" import "$from/minimal.json" -o a/b/wg-example.conf/
	is "$status" 1
}

@test "nothing is written over unless that is asked for" {
	mkdir out
	echo mine >out/wg-site-b.conf
	run_split "$WGCTL" import "$from/site.json" -o out
	is "$status" 1
	has "$errors" "'out/wg-site-b.conf' is there already"
	has "$errors" '--force writes over it'
	is "$(ls out)" wg-site-b.conf
	is "$(cat out/wg-site-b.conf)" mine
	ln -s nowhere link.conf
	run_split "$WGCTL" import "$from/minimal.json" -o link.conf
	is "$status" 1
	[ ! -e nowhere ]
	run_split "$WGCTL" import "$from/site.json" -o out --force
	is "$status" 0
	is "$(stat -c %a out/wg-site-b.conf)" 600
	is "$(ls -A out)" $'wg-site-a.conf\nwg-site-b.conf'
}

@test "what cannot be carried over is said, with its line" {
	run_split "$WGCTL" import "$from/branch.nmconnection" -o ./branch.conf
	is "$status" 0
	for line in ':2:2: warning: NetworkManager goes on bringing' ':7:1: warning: permissions is not' ':8:1: warning: zone is not' \
		':12:1: warning: ip4-auto-default-route is not' ":19:13: warning: '10.9.0.7/16' has bits" ':28:22: warning: the gateway' \
		":30:5: warning: the server's name" ":34:8: warning: the route's next hop" ':39:8: warning: ipv6 is left out' \
		':40:8: warning: this route is not'; do
		has "$errors" "branch.nmconnection$line"
	done
	is "$(grep -c warning: <<<"$errors")" 10
	lacks "$errors" YAnz5TF
	clean ./branch.conf
}

@test "a mistake is exit 5 and no file, and no secret is in what is said" {
	sed 's/^private-key=.*/&x/' "$from/office.nmconnection" >bad.nmconnection
	sed 's/"private-key": "Y/"private-key": "?/' "$from/minimal.json" >bad.json
	for file in bad.nmconnection bad.json; do
		run_split "$WGCTL" import $file -o ./out.conf
		is "$status" 5
		has "$errors" 'error: PrivateKey has'
		lacks "$errors" Anz5TF
		[ ! -e out.conf ]
	done
	sed '/^private-key/c private-key-flags=1' "$from/office.nmconnection" >agent.nmconnection
	run_split "$WGCTL" import agent.nmconnection
	is "$status $output" "5 "
	has "$errors" 'an agent of the user has it'
}

@test "what is neither of them, and YAML" {
	printf 'name: ns\ninterfaces: []\n' >x.yaml
	run_split "$WGCTL" import x.yaml
	is "$status" 5
	has "$errors" 'yq -o json'
	run_split "$WGCTL" import - <<<'{"interface": {}, "peers": []}'
	is "$status" 5
	has "$errors" 'stdin:1:1: error: this is a profile of wgctl already'
	run_split "$WGCTL" import nowhere.nmconnection
	is "$status" 1
	has "$errors" /etc/NetworkManager/system-connections
}

@test "--json: the profile or the files that were written; warnings and errors as one object" {
	run_split "$WGCTL" import --json "$from/branch.nmconnection"
	is "$status" 0
	is "$(jq -r .interface.name <<<"$output")" wg-branch
	is "$(jq -cs 'length, (.[0].warnings | length), .[0].warnings[0].line' <<<"$errors")" $'1\n10\n2'
	mkdir out
	run_split "$WGCTL" import --json "$from/site.json" -o out
	is "$(jq -c '[.schema, .files]' <<<"$output")" '[1,["out/wg-site-a.conf","out/wg-site-b.conf"]]'
	run_split "$WGCTL" import --json - <<<'{}'
	is "$status $output" "5 "
	is "$(jq -r '.errors[0].message' <<<"$errors")" "there is no interface"
	run_split "$WGCTL" convert --json out/wg-site-a.conf
	is "$(jq -r .interface.mtu <<<"$output")" 1420
	run_split "$WGCTL" convert --json out/wg-site-a.conf -o x.conf
	is "$(jq -c .files <<<"$output")" '["x.conf"]'
	run_split "$WGCTL" convert --json --to ini out/wg-site-a.conf
	is "$status" 2
}

@test "from standard input to standard output" {
	run_split "$WGCTL" import - <"$from/minimal.json"
	is "$status" 0
	has "$output" $'[Interface]\nName = wg-example\n'
	is "$errors" ""
}
