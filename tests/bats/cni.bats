#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# The CNI plugin as engines call it: every command in every version, with what is
# wrong or missing, and what becomes of the container's network.

load lib
load net
load engines

versions=(0.3.1 0.4.0 1.0.0 1.1.0)

setup() {
	engines_setup
}

teardown() { hosts_gone; }

# fails CODE: the last call failed with one error object on standard output.
fails() {
	[ "$status" != 0 ] || { echo "it did not fail: $output"; return 1; }
	is "$(jq -r .code <<<"$output")" "$1" || { echo "$output $errors"; return 1; }
	[ "$(jq -r .msg <<<"$output")" != "" ]
	has '"0.3.1" "0.4.0" "1.0.0" "1.1.0"' "$(jq .cniVersion <<<"$output")"
}

# works: it succeeded; DEL, CHECK, GC and STATUS say nothing.
works() { is "$status|$output" "0|" || { echo "$errors"; return 1; }; }

@test "a container whose only interface is a tunnel; DEL leaves nothing, however often; in every version" {
	before=$(snapshot c)
	for v in "${versions[@]}"; do
		container box
		cni ADD box eth0 "$(conf "$v" office '"mode": "only"')"
		is "$status" 0
		is "$(jq -r .cniVersion <<<"$output")" "$v"
		is "$(jq -c '[.interfaces[]|[.name,.mac,.sandbox]]' <<<"$output")" '[["eth0","00:00:00:00:00:00","/run/netns/box"]]'
		is "$(jq -c '[.ips[]|[.address,.interface]]' <<<"$output")" '[["10.8.0.2/24",0],["fd08::2/64",0]]'
		is "$(jq -c '[.routes[].dst]|sort' <<<"$output")" '["0.0.0.0/0","::/0"]'
		is "$(jq -c .dns <<<"$output")" '{"nameservers":["10.8.0.1"],"search":["vpn.example"]}'
		case $v in
		0.*) is "$(jq -c '[.ips[].version]' <<<"$output")" '["4","6"]' ;;
		*) is "$(jq -c '[.ips[].version]' <<<"$output")" '[null,null]' ;;
		esac
		case $v in
		1.1.0) [ "$(jq '.interfaces[0].mtu' <<<"$output")" -gt 1000 ] ;;
		*) is "$(jq '.interfaces[0].mtu' <<<"$output")" null ;;
		esac
		result=$output
		inside box ping -q -c 1 -W 5 10.8.0.1
		inside box ping -q -c 1 -W 5 fd08::1
		is "$(inside box ip route show default)" "default dev eth0 proto 119 scope link "
		has "$(on c "$WGCTL" list)" "cni:net:box:eth0"
		# A second ADD fails, and harms nothing.
		cni ADD box eth0 "$(conf "$v" office)"
		fails 101
		inside box ping -q -c 1 -W 5 10.8.0.1
		cni CHECK box eth0 "$(conf "$v" office "\"prevResult\":$result")"
		if [ "$v" = 0.3.1 ]; then fails 1; else works; fi
		for _ in 1 2 3; do
			cni DEL box eth0 "$(conf "$v" office)"
			works
		done
		not inside box ip link show eth0
		on c ip netns del box
		settles "$before" c
	done
}

@test "environment: what is missing or wrong is code 4, and nothing is changed" {
	container box
	before=$(snapshot c)
	# COMMAND, then a change of its environment.
	while read -r command change; do
		cni "$command" box eth0 "$(conf 1.1.0 office)" "$change"
		fails 4 || { echo "at $command $change"; return 1; }
	done <<-END
		ADD CNI_CONTAINERID=
		ADD CNI_CONTAINERID=../box
		ADD CNI_CONTAINERID=-box
		ADD CNI_NETNS=
		ADD CNI_NETNS=box
		ADD CNI_IFNAME=
		ADD CNI_IFNAME=..
		ADD CNI_IFNAME=a/b
		ADD CNI_IFNAME=a:b
		ADD CNI_IFNAME=sixteencharacter
		CHECK CNI_CONTAINERID=
		CHECK CNI_NETNS=
		CHECK CNI_IFNAME=
		DEL CNI_CONTAINERID=
		DEL CNI_IFNAME=
		DEL CNI_IFNAME=a/b
		GC CNI_PATH=
		ADD CNI_COMMAND=add
		ADD CNI_COMMAND=UPDATE
	END
	run_split on c env -u CNI_COMMAND bash -c 'exec -a wgctl-cni "$0"' "$WGCTL" <<<"$(conf 1.0.0 office)"
	fails 4
	# A link to it may have any name.
	run_split on c env CNI_COMMAND=VERSION bash -c 'exec -a tunnel "$0"' "$WGCTL" <<<'{"cniVersion":"1.0.0"}'
	is "$(jq -c .supportedVersions <<<"$output")" '["0.3.1","0.4.0","1.0.0","1.1.0"]'
	# Without it, and by its own name, this is wgctl.
	run_split on c env -u CNI_COMMAND "$WGCTL" list
	is "$status" 0
	# With arguments it is, too: a hook of a profile inherits the environment.
	run_split on c env CNI_COMMAND=ADD "$WGCTL" list
	is "$status" 0
	settles "$before" c
}

@test "configuration: what is wrong has the code that the specification gives it" {
	container box
	before=$(snapshot c)
	while IFS='|' read -r command code config; do
		cni "$command" box eth0 "$config"
		fails "$code" || { echo "at $command $config"; return 1; }
	done <<-END
		ADD|6|
		ADD|6|nonsense
		ADD|6|[]
		ADD|6|{"cniVersion":"1.0.0"
		ADD|1|{"name":"net","config":"office"}
		ADD|1|{"cniVersion":"0.2.0","name":"net","config":"office"}
		ADD|1|{"cniVersion":"2.0.0","name":"net","config":"office"}
		DEL|1|{"cniVersion":"2.0.0","name":"net","config":"office"}
		CHECK|1|{"cniVersion":"0.3.1","name":"net","config":"office","prevResult":{}}
		GC|1|{"cniVersion":"1.0.0","name":"net","config":"office"}
		STATUS|1|{"cniVersion":"1.0.0","name":"net","config":"office"}
		ADD|7|{"cniVersion":"1.0.0","config":"office"}
		ADD|7|{"cniVersion":"1.0.0","name":"a/b","config":"office"}
		ADD|7|{"cniVersion":"1.0.0","name":"net"}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":7}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"../office"}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"/etc/wgctl/office.conf"}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"nobody"}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"office","profile":{}}
		ADD|7|{"cniVersion":"1.0.0","name":"net","profile":{}}
		ADD|7|{"cniVersion":"1.0.0","name":"net","profile":{"interface":{"private_key":"x"}}}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"office","mode":"sole"}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"office","ipam":{"type":"../host-local"}}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"office","ipam":{"type":"nobody"}}
		ADD|7|{"cniVersion":"1.0.0","name":"net","config":"office","prevResult":[]}
		CHECK|7|{"cniVersion":"1.0.0","name":"net","config":"office"}
		CHECK|7|{"cniVersion":"1.0.0","name":"net","config":"office","prevResult":{"interfaces":[{"name":"eth7","sandbox":"x"}]}}
		CHECK|103|{"cniVersion":"1.0.0","name":"net","config":"office","prevResult":{"interfaces":[{"name":"eth0","sandbox":"x"}]}}
		GC|7|{"cniVersion":"1.1.0","name":"net","config":"office"}
		STATUS|50|{"cniVersion":"1.1.0","name":"net","config":"nobody"}
	END
	# A key in the configuration is in no error.
	key=$("$WGCTL" genkey)
	cni ADD box eth0 "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"profile\":{\"interface\":{\"private_key\":\"$key\",\"adress\":[]}}}"
	fails 7
	lacks "$output$errors" "$key"
	# A profile that others can change is not root's word.
	chmod 666 "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	cni ADD box eth0 "$(conf 1.0.0 office)"
	fails 7
	has "$output" "could be changed by others than root"
	chmod 600 "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	chmod 777 "$BATS_TEST_TMPDIR/host-c/etc-wgctl"
	cni ADD box eth0 "$(conf 1.0.0 office)"
	fails 7
	settles "$before" c
}

@test "namespaces: dead, not one, the plugin's own; and DEL does not mind" {
	before=$(snapshot c)
	on c touch /run/file
	for netns in /run/netns/nobody /proc/999999/ns/net /run/file /proc/self/ns/mnt /proc/1/ns; do
		cni ADD box eth0 "$(conf 1.0.0 office)" CNI_NETNS=$netns
		fails 8
		cni DEL box eth0 "$(conf 1.0.0 office)" CNI_NETNS=$netns
		works
	done
	on c rm /run/file
	cni ADD box eth0 "$(conf 1.0.0 office)" CNI_NETNS=/proc/self/ns/net
	fails 8
	cni DEL box eth0 "$(conf 1.0.0 office)" CNI_NETNS=
	works
	# The container's dies with everything in it, and so does its profile.
	container box
	cni ADD box eth0 "$(conf 1.0.0 office)"
	is "$status" 0
	on c ip netns del box
	mv "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf" "$BATS_TEST_TMPDIR/office.conf"
	for _ in 1 2; do
		cni DEL box eth0 '{"cniVersion":"1.0.0","name":"net"}' CNI_NETNS=
		works
	done
	settles "$before" c
}

@test "VERSION and STATUS" {
	for input in '{"cniVersion":"0.4.0"}' '' rubbish; do
		cni VERSION box eth0 "$input" CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME= CNI_PATH=
		is "$status" 0
		is "$(jq -c .supportedVersions <<<"$output")" '["0.3.1","0.4.0","1.0.0","1.1.0"]'
	done
	cni STATUS box eth0 "$(conf 1.1.0 office)" CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=
	works
	on c mount -t tmpfs tmpfs /usr/local/bin
	cni STATUS box eth0 "$(conf 1.1.0 office '"ipam":{"type":"host-local","ranges":[]}')"
	[ "$status" != 0 ]
}

@test "CHECK finds what is missing" {
	container box
	cni ADD box eth0 "$(conf 1.0.0 office)"
	good="$(conf 1.0.0 office "\"prevResult\":$output")"
	cni CHECK box eth0 "$good"
	works
	# What a plugin behind us added is not ours to judge.
	cni CHECK box eth0 "$(jq -c '.prevResult.interfaces += [{"name":"eth1","sandbox":"x"}] | .prevResult.ips += [{"address":"192.0.2.1/24","interface":1}]' <<<"$good")"
	works
	inside box ip addr del 10.8.0.2/24 dev eth0
	cni CHECK box eth0 "$good"
	fails 103
	has "$output" 10.8.0.2/24
	inside box ip addr add 10.8.0.2/24 dev eth0
	inside box ip link set eth0 down
	cni CHECK box eth0 "$good"
	fails 103
	inside box ip link del eth0
	cni CHECK box eth0 "$good"
	fails 103
	cni DEL box eth0 "$good"
	works
}

@test "IPAM: addresses from host-local, given back by DEL, by a failed ADD, and collected by GC" {
	pool='"ipam":{"type":"host-local","dataDir":"'$BATS_TEST_TMPDIR/pool'","ranges":[[{"subnet":"10.8.0.0/24","rangeStart":"10.8.0.20","rangeEnd":"10.8.0.21"}]]}'
	leases() { find "$BATS_TEST_TMPDIR/pool" -name '10.*' | wc -l; }
	before=$(snapshot c)
	container box
	cni ADD box eth0 "$(conf 1.0.0 office "$pool")"
	echo "$output$errors"
	is "$status" 0
	has "$(jq -c '[.ips[].address]' <<<"$output")" '"10.8.0.20/24"'
	has "$(inside box ip -o addr show eth0)" 10.8.0.20
	is "$(leases)" 1
	cni CHECK box eth0 "$(conf 1.0.0 office "$pool,\"prevResult\":$output")"
	works
	cni DEL box eth0 "$(conf 1.0.0 office "$pool")"
	works
	is "$(leases)" 0
	# A failure behind it gives the address back.
	office "SocketNamespace = /run/nowhere/else"
	cni ADD box eth0 "$(conf 1.0.0 office "$pool")"
	[ "$status" != 0 ]
	is "$(leases)" 0
	office "PrivateKeyFile = /nowhere"
	sed -i '/^PrivateKey =/d' "$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
	cni ADD box eth0 "$(conf 1.0.0 office "$pool")"
	fails 100
	is "$(leases)" 0
	on c ip netns del box
	settles "$before" c
}

@test "IPAM: an answer without end is none" {
	container box
	printf '#!/bin/sh\n[ "$CNI_COMMAND" != ADD ] || exec head -c 4000000 /dev/zero\n' >"$BATS_TEST_TMPDIR/endless"
	chmod 755 "$BATS_TEST_TMPDIR/endless"
	CNI_DIR=$BATS_TEST_TMPDIR cni ADD box eth0 "$(conf 1.0.0 office '"ipam":{"type":"endless"}')"
	fails 100
	not inside box ip link show eth0
}

@test "chaining: behind a bridge, in front of tuning; what was there stays, and ours is told beside it" {
	before=$(snapshot c)
	container box
	on c ip link add v0 type veth peer name eth0 netns box
	previous='{"cniVersion":"1.0.0","interfaces":[{"name":"v0"},{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/run/netns/box"}],
		"ips":[{"address":"172.30.0.2/24","interface":1}],"routes":[{"dst":"192.0.2.0/24","gw":"172.30.0.1"}],"dns":{"nameservers":["192.0.2.53"]}}'
	cni ADD box wg0 "$(conf 1.0.0 office "\"mode\":\"only\",\"prevResult\":$previous")"
	fails 102
	has "$output" eth0
	cni ADD box wg0 "$(conf 1.0.0 office "\"prevResult\":$previous")"
	is "$status" 0
	is "$(jq -c '[.interfaces[].name]' <<<"$output")" '["v0","eth0","wg0"]'
	is "$(jq -c '[.ips[]|[.address,.interface]]' <<<"$output")" '[["172.30.0.2/24",1],["10.8.0.2/24",2],["fd08::2/64",2]]'
	is "$(jq -c '.routes[0]' <<<"$output")" '{"dst":"192.0.2.0/24","gw":"172.30.0.1"}'
	# The tunnel's servers in the place of the others: asking both would be a leak.
	is "$(jq -c .dns.nameservers <<<"$output")" '["10.8.0.1"]'
	# tuning works on it, as it stands in Debian.
	run_split on c env CNI_COMMAND=ADD CNI_CONTAINERID=box CNI_NETNS=/run/netns/box CNI_IFNAME=wg0 CNI_PATH=/usr/lib/cni /usr/lib/cni/tuning \
		<<<"$(jq -nc --argjson p "$output" '{cniVersion:"1.0.0",name:"net",type:"tuning",mtu:1300,prevResult:$p}')"
	echo "$output$errors"
	is "$status" 0
	has "$(inside box ip link show wg0)" "mtu 1300"
	cni DEL box wg0 "$(conf 1.0.0 office)"
	works
	has "$(inside box ip -o link show)" eth0
	on c ip netns del box
	settles "$before" c
}

@test "GC: what is not listed goes, of this network only; what is listed stays" {
	before=$(snapshot c)
	for box in one two three; do container $box; done
	cni ADD one a0 "$(conf 1.1.0 office)"
	cni ADD two b0 "$(conf 1.1.0 office)"
	cni ADD three c0 "$(conf 1.1.0 office | sed 's/"net"/"other"/')"
	is "$status" 0
	gc() { cni GC x x "$(conf 1.1.0 office "\"cni.dev/valid-attachments\":$1")" CNI_CONTAINERID= CNI_NETNS= CNI_IFNAME=; }
	gc '[{"containerID":"one","ifname":"a0"},{"containerID":"two","ifname":"other"}]'
	works
	inside one ip link show a0
	not inside two ip link show b0
	inside three ip link show c0
	gc '[]'
	works
	not inside one ip link show a0
	inside three ip link show c0
	cni DEL three c0 "$(conf 1.1.0 office | sed 's/"net"/"other"/')"
	works
	for box in one two three; do on c ip netns del $box; done
	settles "$before" c
}

@test "parallel ADDs and DELs: all succeed, and nothing is left" {
	before=$(snapshot c)
	n=6
	for i in $(seq $n); do container "box$i"; done
	many() { # COMMAND
		local i pids=()
		for i in $(seq $n); do
			on c env CNI_COMMAND="$1" CNI_CONTAINERID="box$i" CNI_NETNS="/run/netns/box$i" CNI_IFNAME=eth0 CNI_PATH=/usr/lib/cni \
				"$WGCTL" <<<"$(conf 1.0.0 office)" >"$BATS_TEST_TMPDIR/out$i" 2>&1 &
			pids+=($!)
		done
		for i in "${pids[@]}"; do wait "$i" || return 1; done
	}
	many ADD || { cat "$BATS_TEST_TMPDIR"/out*; return 1; }
	for i in $(seq $n); do inside "box$i" ip link show eth0; done
	is "$(on c "$WGCTL" list | grep -c '^cni:net:box')" $n
	# Each its own: the end of one is not that of another.
	on c "$WGCTL" -q down cni:net:box1:eth0
	not inside box1 ip link show eth0
	inside box2 ip link show eth0
	has "$(on c "$WGCTL" status cni:net:box2:eth0)" eth0
	many DEL || { cat "$BATS_TEST_TMPDIR"/out*; return 1; }
	for i in $(seq $n); do on c ip netns del "box$i"; done
	settles "$before" c
}

@test "a killed ADD is repaired by DEL" {
	container box
	before=$(snapshot c)
	for delay in 0.01 0.03 0.06 0.1; do
		on c timeout -s KILL $delay env CNI_COMMAND=ADD CNI_CONTAINERID=box CNI_NETNS=/run/netns/box CNI_IFNAME=eth0 "$WGCTL" \
			<<<"$(conf 1.0.0 office)" >/dev/null 2>&1 || true
		cni DEL box eth0 "$(conf 1.0.0 office)"
		works
		settles "$before" c
	done
}

@test "a profile of its own in the configuration; an unreadable one fails before anything is done" {
	container box
	before=$(snapshot c)
	own=$(jq -nc --arg k "$client_private" --arg p "$server_public" '{interface:{private_key:$k,address:["10.8.0.2/24"]},
		peers:[{public_key:$p,endpoint:["10.9.0.2:51820"],allowed_ips:["10.8.0.0/24"]}]}')
	config="{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"type\":\"wgctl-cni\",\"profile\":$own}"
	cni ADD box eth0 "$config"
	echo "$output$errors"
	is "$status" 0
	lacks "$output$errors" "$client_private"
	inside box ping -q -c 1 -W 5 10.8.0.1
	not on c grep -rqF "$client_private" /run/wgctl
	cni DEL box eth0 "$config"
	works
	# It names no command: who may write it need not be root.
	for command in '"post_up":["touch /run/was-run"]' '"private_key_command":["/usr/bin/touch","/run/was-run"]'; do
		cni ADD box eth0 "$(jq -c ".profile.interface += {$command} | if .profile.interface.private_key_command then del(.profile.interface.private_key) else . end" <<<"$config")"
		fails 7
		has "$output" 'commands are run for profiles of /etc/wgctl only'
		not on c test -e /run/was-run
	done
	settles "$before" c
}
