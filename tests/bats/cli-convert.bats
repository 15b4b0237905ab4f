#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Profiles from INI to JSON and back, against the schema that is shipped.

load lib

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	umask 077
	cat >full.conf <<-END
		# everything
		[Interface]
		Name = wg7
		PrivateKey = $("$WGCTL" genkey)
		ListenPort = 51820
		FwMark = 0xca6c
		Address = 10.8.0.2/24, fd00::2/64
		DNS = 10.8.0.1, corp.example
		MTU = 1400
		Table = off
		PreUp = echo 1
		PostUp = echo "#" # not a comment
		PreDown = echo 3
		PostDown = echo 4
		SaveConfig = true
		Backend = userspace
		DNSMode = file
		IPv6 = require
		ExcludeIPs = 192.168.0.0/16

		# Client: alice (1)
		[Peer]
		PublicKey = $("$WGCTL" genkey | "$WGCTL" pubkey)
		PresharedKey = $("$WGCTL" genpsk)
		AllowedIPs = 10.8.0.0/24, fd00::/64
		Endpoint = vpn.example.org:51820
		Endpoint = [2001:db8::1]:443
		PersistentKeepalive = 25
		Routes = 10.8.0.0/24

		[Peer]
		PublicKey = $("$WGCTL" genkey | "$WGCTL" pubkey)
		PresharedKeyFile = /etc/wgctl/psk
		Routes = off
	END
	chmod 600 full.conf
}

validate() {
	python3 - "$WGCTL_ROOT/wgctl/config/profile.schema.json" "$1" <<-'END'
		import json, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		jsonschema.Draft202012Validator.check_schema(schema)
		jsonschema.Draft202012Validator(schema).validate(json.load(open(sys.argv[2])))
	END
}

@test "JSON of every key is what the schema says" {
	"$WGCTL" convert full.conf --to json >full.json
	validate full.json
	is "$(jq -r '.interface.post_up[0]' full.json)" 'echo "#" # not a comment'
	is "$(jq -r '.peers[0].name' full.json)" alice
	is "$(jq -c '[.interface.listen_port, .interface.mtu, .peers[0].persistent_keepalive]' full.json)" '[51820,1400,25]'
}

@test "the schema refuses what the parser refuses" {
	"$WGCTL" convert full.conf --to json >full.json
	for change in '.interface.listen_port=70000' '.interface.mtu="1400"' '.interface.adress=[]' '.peers[0].public_key="x"' \
		'.peers[0].allowed_ips=["10.0.0.0/33"]' '.interface.backend="fast"' '.peers[1].routes=[]' 'del(.peers[0].public_key)' \
		'.interface.private_key_file="relative"' '.peers[0].endpoint=["::1:5"]' '.interface.dns="1.1.1.1"'; do
		jq "$change" full.json >changed.json
		! validate changed.json 2>/dev/null || { echo "the schema takes $change" && return 1; }
		chmod 600 changed.json
		run_split "$WGCTL" check ./changed.json
		[ "$status" -eq 5 ] || { echo "the parser takes $change" && return 1; }
	done
}

@test "INI, JSON, INI, JSON: all values survive" {
	"$WGCTL" convert full.conf --to json >one.json
	"$WGCTL" convert ./one.json --to ini >two.conf
	"$WGCTL" convert ./two.conf --to json >three.json
	cmp one.json three.json
}

@test "INI to INI keeps every line" {
	"$WGCTL" convert full.conf --to ini >again.conf
	diff full.conf again.conf
}
