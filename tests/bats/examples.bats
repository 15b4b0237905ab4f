#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Guests: none
# Every example of every manual page. Commands are run by bash on a host of their own,
# in the state that the table at the end names; one that is not in the table is a
# failure, and so is a row that no page has. Profiles are checked.
#
# Programs that a test cannot have (a browser's window, systemd as the first process,
# images of containers) are stand-ins on PATH, which `stand_ins` describes.

load lib
load net

setup_file() {
	cd "$WGCTL_ROOT" || return
	for page in man/*.[1-8]; do
		tests/helpers/examples "$page" | sed "s|^|${page##*/}\t|"
	done >"$BATS_FILE_TMPDIR/examples"
}

setup() {
	client_and_server
	on s "$WGCTL" -q up hub
	keys spare
	work=$BATS_TEST_TMPDIR/work bin=$BATS_TEST_TMPDIR/bin
	mkdir "$work" "$bin"
	stand_ins
	# The first name that anybody gives makes /run/netns a mount, for good; the others are
	# made where a state needs them.
	on c ip netns add first
	on c ip netns del first
}

teardown() {
	on c "$WGCTL" -q physical down --kill 2>/dev/null || true
	hosts_gone
}

# What is called by the examples, and is not the thing itself.
stand_ins() {
	local name
	for name in wgctl wg wg-quick; do ln -s "$WGCTL" "$bin/$name"; done
	# What it does for us: the same command, as root, who the test is.
	printf '#!/bin/sh\nexec "$@"\n' >"$bin/sudo"
	# A program with a network and no window. It must be where the tunnel is.
	printf '#!/bin/sh\nip -o link show | grep -q "office\\|j-c-s"\n' >"$bin/firefox"
	printf '#!/bin/sh\n[ "$*" = https://example.org ] && ip route get 10.8.0.1 | grep -q "dev office"\n' >"$bin/curl"
	printf '#!/bin/sh\n[ "$*" = "-ni office" ] && ip -o link show office >/dev/null\n' >"$bin/tcpdump"
	# It prints the number of the process that is the container; `run` and `network` are
	# tested with the real one in podman.bats.
	printf '#!/bin/sh\ncase $1 in inspect) cat "%s/web.pid" ;; run) touch "%s/web.started" ;; network) [ "$4" = wgctl ] ;; *) exit 1 ;; esac\n' \
		"$work" "$work" >"$bin/podman"
	# The unit that is named must be there: the booted system of vm-systemd runs it.
	printf '#!/bin/sh\nfor unit; do :; done\n[ -e "%s/packaging/systemd/$(echo "$unit" | sed s/@.*/@/).service" ] || [ "${unit%%@*}" = wg-quick ]\n' "$WGCTL_ROOT" >"$bin/systemctl"
	printf '#!/bin/sh\n[ "$*" = "-p /run/wgctl/.physical/wpa_supplicant -i wlan0 status" ]\n' >"$bin/wpa_cli"
	chmod +x "$bin"/*
}

# tunnel FILE [LINE...]: a tunnel to hub, with further lines for [Interface].
tunnel() {
	(umask 077 && cat >"$1") <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1
		$(printf '%s\n' "${@:2}")
		[Peer]
		# Name = hub
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = ${allowed:-10.8.0.0/24, fd08::/64}
	END
}

# The files that examples name, as they are before each.
files() {
	local etc=$BATS_TEST_TMPDIR/host-c/etc-wgctl
	rm -rf "${work:?}"/* "${etc:?}"/*
	tunnel "$etc/office.conf"
	allowed="0.0.0.0/0, ::/0" tunnel "$etc/home.conf"
	tunnel "$etc/phone.conf"
	tunnel "$etc/wg0.conf" "ListenPort = 51821"
	tunnel "$work/office.conf"
	cp "$work/office.conf" "$work/a.conf"
	"$WGCTL" convert "$work/a.conf" -o "$work/a.json"
	cp "$work/a.json" "$work/hub.json"
	"$bin/wg-quick" strip "$etc/wg0.conf" >"$work/wg0.conf"
	printf '[Peer]\nPublicKey = %s\nAllowedIPs = 10.99.0.0/24\n' "$spare_public" >"$work/more.conf"
	echo "$client_private" >"$work/private"
	on c mkdir -p /run/systemd/system/web.service.d
	SED=
}

# ---- states ------------------------------------------------------------------------

quietly() { on c "$WGCTL" -q "$@"; }
profile_of() { tunnel "$BATS_TEST_TMPDIR/host-c/etc-wgctl/$1.conf" "${@:2}"; }

be_down() { :; }
be_up() { quietly up office; }
be_wg0() { quietly up wg0; }
be_edited() {
	quietly up office
	profile_of office "MTU = 1380"
}
be_waiting() { quietly up --confirm 60 office; }
be_locked() {
	profile_of office "KillSwitch = lockdown"
	quietly up office
}
be_broken() {
	profile_of office "PostUp = kill -9 \$PPID"
	not on c "$WGCTL" -q up office
	profile_of office
}
be_lockable() { profile_of office "KillSwitch = lockdown"; }
be_elsewhere() { # profiles of other programs, and none here
	rm "$work/office.conf"
	jq -n --arg key "$client_private" --arg peer "$server_public" '{name: "ns", interfaces: [{name: "ns0", address: ["10.8.0.2/24"],
		"private-key": $key, peers: [{"public-key": $peer, endpoint: "10.9.0.2:51820", "allowed-ips": ["0.0.0.0/0"]}]}]}' >"$work/ns.json"
	printf '#!/bin/sh\n[ "$*" = "-o json ns.yaml" ] && cat ns.json\n' >"$bin/yq"
	cat >"$work/office.nmconnection" <<-END
		[connection]
		id=office
		type=wireguard
		interface-name=office
		[wireguard]
		private-key=$client_private
		[wireguard-peer.$server_public]
		endpoint=10.9.0.2:51820
		allowed-ips=10.8.0.0/24;
		[ipv4]
		address1=10.8.0.2/24
		method=manual
	END
	chmod 600 "$work"/*
	chmod 755 "$bin/yq"
}
be_namespace() { # for a program, as run makes it and exec finds it
	profile_of office "InterfaceNamespace = office"
	quietly up office
}
be_named() { on c ip netns add blue; }
be_quick() {
	on c cp /etc/wgctl/office.conf /etc/wireguard/
	on c "$bin/wg-quick" up office 2>/dev/null
}
be_service() { profile_of office "InterfaceNamespace = office"; }
be_container() {
	contained
	echo "$pid" >"$work/web.pid"
	SED="s/pid:4711/pid:$pid/"
}
be_attached() {
	be_container
	on c env PATH="$bin:$PATH" "$WGCTL" -q container attach office web
}
# Links of a made-up host are no devices: they are named.
be_cabled() { SED='s/home$/--take j-c-s home/'; }
be_physical() { quietly physical up --take j-c-s home; }

# As it was before: everything down, all names gone.
clean() {
	local pid
	if [ -s "$work/web.pid" ]; then
		pid=$(<"$work/web.pid")
		kill "$pid" 2>/dev/null || true
	fi
	on c "$WGCTL" -q physical down --kill 2>/dev/null || true
	on c "$WGCTL" -q down --all --unlock 2>/dev/null || true
	on c sh -c 'for n in blue office; do [ ! -e /run/netns/$n ] || ip netns del $n; done; rm -f /etc/wireguard/*; rm -rf /run/systemd /etc/netns/office' 2>/dev/null
}

# ---- running -----------------------------------------------------------------------------

# example ROW PAGE NUMBER: run one, a line after the other, and see that they end as the
# row says.
example() {
	local state how text line ended=() program=(bash -o pipefail)
	read -r state how _ <<<"$1"
	files
	"be_$state"
	text=$("$WGCTL_ROOT/tests/helpers/examples" "$WGCTL_ROOT/man/$2" "$3")
	case $how in
	# It has to be told to end, with all that reads from it.
	goes-on) program=(timeout -k 5 2 "${program[@]}") how=124 ;;
	fish) program=(fish) how=0 ;;
	esac
	: >"$work/said"
	while IFS= read -r line; do
		[ -z "$SED" ] || line=$(sed "$SED" <<<"$line")
		run_split on c env -C "$work" PATH="$bin:$PATH" SHELL=/bin/sh "${program[@]}" -c "$line" </dev/null
		ended+=("$status")
		printf '$ %s\n%s%s\n' "$line" "$output" "$errors" >>"$work/said"
	done <<<"$text"
	[ "${ended[*]}" = "${how//,/ }" ] || {
		printf '%s: %s\nended with %s:\n' "$2" "$1" "${ended[*]}"
		cat "$work/said"
		return 1
	}
	clean
}

row_of() { # row_of TEXT: the row of the table whose example that is
	awk -v want="$1" -F ' \\| ' '{ line = $0; sub(/^[^|]* \| /, "", line) } line == want { print; found = 1; exit } END { exit !found }' <<<"$table"
}

page() { # page NAME: all examples in it that are commands
	local number kind text row n=0
	files
	clean
	before=$(snapshot c)
	while IFS=$'\t' read -r _ number kind text; do
		[ "$kind" = sh ] || continue
		row=$(row_of "$text") || {
			echo "$1: '$text' is not in the table of examples.bats"
			return 1
		}
		example "$row" "$1" "$number"
		n=$((n + 1))
	done < <(grep "^$1"$'\t' "$BATS_FILE_TMPDIR/examples")
	[ $n -gt 0 ]
	files
	settles "$before" c
}

@test "every row of the table is an example of some page" {
	is "$(sed 's/^[^|]* | //' <<<"$table" | grep -vxFf <(cut -f4 "$BATS_FILE_TMPDIR/examples"))" ""
}

@test "every page with commands has a test here" {
	local name
	while read -r name; do
		grep -q "^@test \"$name\"" "$BATS_TEST_FILENAME" || { echo "no test for $name" && return 1; }
	done < <(awk -F '\t' '$3 == "sh" { print $1 }' "$BATS_FILE_TMPDIR/examples" | sort -u)
}

@test "wgctl.8" { page wgctl.8; }
@test "wgctl-up.8" { page wgctl-up.8; }
@test "wgctl-status.8" { page wgctl-status.8; }
@test "wgctl-watch.8" { page wgctl-watch.8; }
@test "wgctl-exec.8" { page wgctl-exec.8; }
@test "wgctl-physical.8" { page wgctl-physical.8; }
@test "wgctl-cni.8" { page wgctl-cni.8; }
@test "wgctl-check.8" { page wgctl-check.8; }
@test "wgctl-show.8" { page wgctl-show.8; }
@test "wgctl-json.5" { page wgctl-json.5; }
@test "wgctl-units.8" { page wgctl-units.8; }
@test "wgctl-migrate.7" { page wgctl-migrate.7; }

@test "profiles in the pages are profiles without anything doubtful; those in JSON are what the schema says" {
	local page number kind n=0
	while IFS=$'\t' read -r page number kind _; do
		case $kind in conf | json) ;; *) continue ;; esac
		(umask 077 && "$WGCTL_ROOT/tests/helpers/examples" "$WGCTL_ROOT/man/$page" "$number" >"$work/example.$kind")
		run_split "$WGCTL" check "$work/example.$kind"
		is "$output" "$work/example.$kind: ok"
		if [ "$kind" = json ]; then
			python3 -c 'import json, sys, jsonschema
jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))' "$WGCTL_ROOT/wgctl/config/profile.schema.json" "$work/example.json"
		fi
		n=$((n + 1))
	done <"$BATS_FILE_TMPDIR/examples"
	[ $n -ge 7 ]
}

@test "configurations of CNI in the pages make tunnels" {
	local page number kind n=0 netns
	files
	while IFS=$'\t' read -r page number kind _; do
		[ "$kind" = cni ] || continue
		on c ip netns add blue
		"$WGCTL_ROOT/tests/helpers/examples" "$WGCTL_ROOT/man/$page" "$number" | jq '.plugins[0] + {cniVersion, name}' >"$work/one"
		ln -sf "$WGCTL" "$work/wgctl-cni"
		on c env CNI_COMMAND=ADD CNI_CONTAINERID=box CNI_NETNS=/run/netns/blue CNI_IFNAME=wg0 CNI_PATH=/nowhere "$work/wgctl-cni" <"$work/one" >"$work/answer"
		is "$(jq -r '.interfaces[0].name' "$work/answer")" wg0
		on c env CNI_COMMAND=DEL CNI_CONTAINERID=box CNI_NETNS=/run/netns/blue CNI_IFNAME=wg0 CNI_PATH=/nowhere "$work/wgctl-cni" <"$work/one"
		on c ip netns del blue
		n=$((n + 1))
	done <"$BATS_FILE_TMPDIR/examples"
	[ $n -gt 0 ]
}

# What the pages show as output is what is printed.
shown_office() { # shown_office LINE: as the pages have it
	sed "s|^DNS.*|$1|; s|^AllowedIPs.*|AllowedIPs = 10.8.0.0/24, 10.20.0.0/16|; /^# Name/d; /^$/d; s|, fd08::2/64||" \
		"$work/office.conf" >"$BATS_TEST_TMPDIR/host-c/etc-wgctl/office.conf"
}
printed_clash() {
	shown_office MTU=1400
	on c ip route add 10.20.0.0/16 dev j-c-s
	on c "$WGCTL" up office 2>&1 | sed 's/through j-c-s$/through eth0/' || true
	on c ip route del 10.20.0.0/16
}
printed_hook() {
	shown_office "PostUp = false"
	on c "$WGCTL" up office 2>&1 || true
}
printed_finding() {
	(umask 077 && printf '[Interface]\nPrivateKey = %s\nAddress = 10.8.0.2/24\n\nListenPort = 70000\n' "$client_private" >"$work/bad.conf")
	(cd "$work" && "$WGCTL" check ./bad.conf) || true
}

@test "output in the pages is what is printed" {
	local page number kind n=0
	files
	while IFS=$'\t' read -r page number kind _; do
		[[ $kind == "output of "* ]] || continue
		"$WGCTL_ROOT/tests/helpers/examples" "$WGCTL_ROOT/man/$page" "$number" >"$work/want"
		"printed_${kind#output of }" >"$work/got"
		diff "$work/want" "$work/got"
		n=$((n + 1))
	done <"$BATS_FILE_TMPDIR/examples"
	[ $n -ge 3 ]
}

# STATE HOW | EXAMPLE, its lines joined by " ; ". HOW is the exit status of each line;
# goes-on: it runs until it is told to end; fish: for that shell.
table=$(
	cat <<'END'
down 0,0,0 | wgctl check office ; wgctl up -n office ; wgctl up office
down 0,0 | wgctl up --confirm 60 office ; wgctl confirm office
edited 1,0 | wgctl diff office ; wgctl reload office
service 0 | sudo wgctl run office -- firefox
up 0 | wgctl status --json | jq -r '.tunnels[] | select(.problems != []) | .name'
down 0 | wgctl help up
down 0 | source <(wgctl completion bash)
down fish | wgctl completion fish | source
down 0 | wgctl up office
down 0 | wgctl up ./office.conf
down 0 | wgctl up -n office
down 0 | wgctl up --confirm 60 office
up 0 | wgctl down office
up 0 | wgctl down --all
locked 0 | wgctl down --unlock office
lockable 0 | wgctl lockdown office
lockable 0 | wgctl lockdown --all
elsewhere 0 | wgctl import ns.json -o /etc/wgctl/
elsewhere 0 | wgctl import office.nmconnection -o ./office.conf
elsewhere 0 | yq -o json ns.yaml | wgctl import -
edited 0 | wgctl reload office
edited 0 | wgctl reload -n office
edited 0 | wgctl reload --confirm 60 office
edited 1 | wgctl diff office
waiting 0 | wgctl confirm
broken 0 | wgctl recover office
up 0 | wgctl status
up 0 | wgctl status office
up 0 | wgctl status --format prometheus
up 0 | wgctl list
up 0 | wgctl list --json
up 0 | wgctl doctor office
up 0 | wgctl doctor --json | jq .problems
up goes-on | wgctl monitor
up goes-on | wgctl monitor --json office | jq .event
up 0 | wgctl status --format prometheus >wg.prom.new && mv wg.prom.new wg.prom
up 0 | wgctl status --json | jq -r '.tunnels[].peers[]? | select(.health != "ok") | .name // .public_key'
up goes-on | wgctl watch
down goes-on | wgctl watch --up office
down 0 | systemctl enable --now wgctl@office
service 0 | wgctl run ./office.conf -- firefox
service 0 | sudo wgctl run office -- curl https://example.org
namespace 0 | sudo wgctl exec office -- firefox
namespace 0 | sudo wgctl exec office
named 0 | wgctl netns
named 0 | wgctl netns delete blue
namespace 0 | sudo wgctl exec --root office -- tcpdump -ni office
cabled 0 | wgctl physical up -n home
cabled 0 | wgctl physical up --confirm 60 home
physical 0 | wgctl physical exec -- firefox
physical 0 | wgctl physical down
down 0 | wpa_cli -p /run/wgctl/.physical/wpa_supplicant -i wlan0 status
down 0 | podman run --network none --annotation org.wgctl.profile=office docker.io/library/debian
down 0 | podman network create --driver wgctl -o config=office -o mode=only tunnel
container 0 | wgctl container attach office web
container 0 | wgctl container attach -m only office pid:4711
attached 0 | wgctl container detach web
service 0 | wgctl container unit office >/run/systemd/system/web.service.d/tunnel.conf
container 0,0 | podman run -d --name web --network none --dns 10.8.0.1 docker.io/library/nginx ; wgctl container attach -m only office web
down 0 | wgctl check office ./hub.json
down 0 | wgctl check --json office | jq .files
down 0 | wgctl convert a.conf --to json
down 0 | wgctl convert a.json -o a.conf
down 0 | wgctl qr phone
wg0 0 | wgctl show wg0
wg0 0 | wgctl show all dump
wg0 0 | wgctl show wg0 --json
wg0 0 | wgctl showconf wg0
wg0 0 | wgctl set wg0 listen-port 51820
wg0 0 | wgctl setconf wg0 wg0.conf
wg0 0 | wgctl addconf wg0 more.conf
wg0 0 | wgctl syncconf wg0 wg0.conf
down 0 | wgctl genkey > private
down 0 | wgctl genpsk > psk
down 0 | wgctl pubkey < private
down 0,0 | (umask 077 && wgctl genkey >private) ; wgctl pubkey <private >public
up 0 | wgctl status --json | jq -r '.tunnels[].peers[]? | select(.health == "ok") | .endpoint'
up goes-on | wgctl monitor --json | jq -r 'select(.event == "handshake") | .time + " " + .public_key'
edited 1 | wgctl diff --json office | jq .equal
quick 0,0,0,0 | wg-quick down office ; wgctl check office ; wgctl up -n office ; wgctl up office
down 0,0 | systemctl enable --now wgctl@office ; systemctl enable wgctl-lockdown
down 0,0 | systemctl disable --now wg-quick@office ; systemctl enable --now wgctl@office
END
)
