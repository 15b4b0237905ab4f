#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# On a booted system (tests/vm/systemd): networkd runs the uplink and resolved
# resolves, through nss. The guest itself is the client; a namespace is the
# world, with the network's own name server and the tunnel's.

load ../bats/net
load ../bats/lib
load ../bats/resolved

setup_file() {
	# What net.bash keeps in a test's folder, here for all of them.
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	keys client
	keys server
	host_new s
	cat >/run/systemd/network/10-uplink.network <<-END
		[Match]
		Name=up0
		[Network]
		Address=10.9.0.1/24
		Gateway=10.9.0.2
		DNS=10.9.0.2
		LLMNR=no
		IPv6AcceptRA=no
	END
	networkctl reload
	ip link add up0 type veth peer name up1 netns "${HOST_PID[s]}"
	on s ip addr add 10.9.0.2/24 dev up1
	on s ip link set up1 up
	profile s hub.conf <<-END
		[Interface]
		PrivateKey = $server_private
		ListenPort = 51820
		Address = 10.8.0.1/24
		[Peer]
		PublicKey = $client_public
		AllowedIPs = 10.8.0.2/32
	END
	on s "$WGCTL" --quiet up hub
	server_new s lan 10.9.0.2 192.0.2.1
	server_new s tunnel 10.8.0.1 192.0.2.99
	waits_for is_routable
	export client_private server_public WORLD=$BATS_FILE_TMPDIR WORLD_PID=${HOST_PID[s]}
}

is_routable() {
	networkctl status up0 | grep -q 'routable (configured)' && resolvectl dns up0 | grep -q 10.9.0.2
}

setup() {
	HOST_PID[s]=$WORLD_PID
	mkdir -p /etc/wgctl
}

teardown() {
	"$WGCTL" --quiet down --all
}

teardown_file() {
	HOST_PID[s]=$WORLD_PID
	hosts_gone
}

office() { # office ALLOWED-IPS LINES
	(umask 077 && cat >/etc/wgctl/office.conf) <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		$2
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = $1
	END
}

everything() {
	"$WGCTL_ROOT/tests/helpers/snapshot"
	resolvectl status | sed '/Current DNS Server/d; s/^ *//'
	cat /run/systemd/resolve/resolv.conf
}

asked() { # SERVER NAME, within a moment
	grep -qiF "query[A] $2 from" "$WORLD/asked-$1"
}
outside() {
	is "$(getent ahostsv4 "$1" | awk 'NR == 1 { print $1 }')" 192.0.2.1
	asked lan "$1"
	not asked tunnel "$1"
}
inside() {
	is "$(getent ahostsv4 "$1" | awk 'NR == 1 { print $1 }')" 192.0.2.99
	asked tunnel "$1"
	not asked lan "$1"
}

@test "the system: networkd and resolved run, and resolved is chosen" {
	is "$(systemctl is-active systemd-networkd systemd-resolved dbus | sort -u)" active
	outside first.example
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	run_split "$WGCTL" up -n --verbose office
	is "$status" 0
	has "$errors" "nsswitch.conf has resolve before dns: yes"
	has "$errors" "so: resolved, because it answers, and names are asked of it"
}

@test "full tunnel: every name through the tunnel; down restores" {
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	before=$(everything)
	"$WGCTL" up office
	inside full.example
	"$WGCTL" down office
	same "$before" "$(everything)"
	outside full-after.example
}

@test "split domains are honoured; down restores" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	before=$(everything)
	"$WGCTL" up office
	inside a.corp.example
	outside a.example
	"$WGCTL" down office
	same "$before" "$(everything)"
	outside b.corp.example
}

@test "killed after DNS was set: the next command restores" {
	office 0.0.0.0/0 "DNS = 10.8.0.1
		PostUp = kill -KILL \$PPID"
	before=$(everything)
	run "$WGCTL" up office
	is "$status" 137
	inside killed.example
	"$WGCTL" down office
	same "$before" "$(everything)"
	outside killed-after.example
}

@test "resolved is restarted while up: names go where they went, down restores" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	before=$(everything)
	"$WGCTL" up office
	systemctl restart systemd-resolved
	inside restarted.corp.example
	outside restarted.example
	"$WGCTL" down office
	same "$before" "$(everything)"
	systemctl restart systemd-resolved
	outside restarted2.corp.example
}

@test "resolved is killed while up: its settings come back with it" {
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	"$WGCTL" up office
	systemctl kill --signal=KILL systemd-resolved
	waits_for resolvectl status office >/dev/null
	inside killed.corp.example
}

@test "networkd is restarted while up: rules, routes and DNS stay, down restores" {
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	before=$(everything)
	"$WGCTL" up office
	rules=$(ip rule show)
	has "$rules" "suppress_prefixlength 0"
	systemctl restart systemd-networkd
	waits_for is_routable
	is "$(ip rule show)" "$rules"
	inside networkd.example
	"$WGCTL" down office
	same "$before" "$(everything)"
	outside networkd-after.example
}

@test "pain 13: networkd's restart deletes wg-quick's rules, and a full tunnel with them" {
	install -m 600 /dev/stdin /etc/wireguard/quick.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0
	END
	wg-quick up quick
	has "$(ip rule show)" "lookup 51820"
	systemctl restart systemd-networkd
	waits_for is_routable
	rules=$(ip rule show)
	wg-quick down quick
	lacks "$rules" "lookup 51820"
}

@test "networkd takes the link over while up: down resets it through networkd" {
	cat >/run/systemd/network/20-office.network <<-END
		[Match]
		Name=office
		[Network]
		KeepConfiguration=yes
		LinkLocalAddressing=no
		IPv6AcceptRA=no
	END
	networkctl reload
	office 10.8.0.0/24 "DNS = 10.8.0.1, ~corp.example"
	before=$(everything)
	"$WGCTL" up office
	waits_for configured office
	# What resolved was told is void then: the link is networkd's.
	run resolvectl dns office 10.8.0.1
	networkctl status office | grep -q 20-office.network
	"$WGCTL" down office
	rm /run/systemd/network/20-office.network
	networkctl reload
	same "$before" "$(everything)"
}

configured() {
	networkctl status "$1" | grep -q '(configured)'
}

# ---- wgctl@.service -----------------------------------------------------------------

# The unit as it is packaged, with this tree's program; /usr is read-only to it.
unit() {
	sed "s#/usr/local/bin/wgctl#$WGCTL#" "$WGCTL_ROOT/packaging/systemd/wgctl@.service" >/run/systemd/system/wgctl@.service
	systemctl daemon-reload
}

main_pid() { systemctl show --property MainPID --value wgctl@office; }
mtu_is() { [ "$(cat /sys/class/net/office/mtu)" = "$1" ]; }
said() { journalctl --no-pager -q -u wgctl@office | grep -qF -- "$1"; }

@test "wgctl@.service: started it is ready when the tunnel is up; reload, status, a kill, stop" {
	unit
	office 0.0.0.0/0 "DNS = 10.8.0.1"
	before=$(everything)
	systemctl start wgctl@office
	# READY came: with Type=notify `start` waits for it.
	is "$(systemctl is-active wgctl@office)" active
	is "$(systemctl show --property Type --value wgctl@office)" notify
	is "$(systemctl show --property StatusText --value wgctl@office)" "looking after 1 tunnel"
	inside unit.example
	ping -c 1 -W 5 10.8.0.1
	shaken=$(wg show office latest-handshakes)
	has "$(systemctl status --no-pager wgctl@office)" "looking after 1 tunnel"
	"$WGCTL" status office
	# An edited profile, by `systemctl reload`: the session goes on.
	office 0.0.0.0/0 "DNS = 10.8.0.1
		MTU = 1300"
	systemctl reload wgctl@office
	waits_for mtu_is 1300
	waits_for said "reloaded: 1 step"
	is "$(wg show office latest-handshakes)" "$shaken"
	# It has what it needs to put back what somebody takes away, and DNS through the bus.
	table=$(ip rule show | sed -n 's/.*not .*lookup \([0-9]*\).*/\1/p')
	ip rule del table "$table"
	waits_for said "added again: rule.add"
	has "$(ip rule show)" "lookup $table"
	# Killed it is started again; the tunnel was there all the time.
	first=$(main_pid)
	systemctl kill --signal=KILL wgctl@office
	waits_for another_one "$first"
	is "$(systemctl show --property NRestarts --value wgctl@office)" 1
	is "$(wg show office latest-handshakes)" "$shaken"
	inside unit-after.example
	systemctl stop wgctl@office
	is "$(systemctl is-active wgctl@office)" inactive
	same "$before" "$(everything)"
	outside unit-stopped.example
}

another_one() { # another one than PID, and ready
	local now
	now=$(main_pid)
	[ "$now" != 0 ] && [ "$now" != "$1" ] && [ "$(systemctl is-active wgctl@office)" = active ]
}

@test "wgctl@.service: a profile that is wrong does not start, and its exit code says why" {
	unit
	office 0.0.0.0/0 "Nonsense = 1"
	before=$(everything)
	sed -i 's/^Restart=.*/Restart=no/' /run/systemd/system/wgctl@.service
	systemctl daemon-reload
	run systemctl start wgctl@office
	not is "$status" 0
	is "$(systemctl show --property ExecMainStatus --value wgctl@office)" 5
	said "unknown key 'Nonsense'"
	systemctl reset-failed wgctl@office
	same "$before" "$(everything)"
}

@test "wgctl@.service: the private key is a credential" {
	unit
	office 10.8.0.0/24 ""
	sed -i 's#^PrivateKey = .*#PrivateKeyFile = /run/credentials/wgctl@office.service/key#' /etc/wgctl/office.conf
	(umask 077 && echo "$client_private" >/run/office.key)
	mkdir -p /run/systemd/system/wgctl@office.service.d
	printf '[Service]\nLoadCredential=key:/run/office.key\n' >/run/systemd/system/wgctl@office.service.d/credential.conf
	systemctl daemon-reload
	before=$(everything)
	systemctl start wgctl@office
	ping -c 1 -W 5 10.8.0.1
	# Reload by hand reads it, too, while the service is there; afterwards it is gone.
	sed -i 's/^Address/MTU = 1300\nAddress/' /etc/wgctl/office.conf
	"$WGCTL" reload office
	mtu_is 1300
	ping -c 1 -W 5 10.8.0.1
	systemctl stop wgctl@office
	not "$WGCTL" up office
	rm -r /run/systemd/system/wgctl@office.service.d /run/office.key
	systemctl daemon-reload
	same "$before" "$(everything)"
}

@test "wgctl@.service: a tunnel in a namespace, with its drop-in; a service in there, with another" {
	unit
	office 0.0.0.0/0 "InterfaceNamespace = room
		DNS = 10.8.0.1"
	# The first name that anybody gives makes /run/netns a mount, for good.
	ip netns add first
	ip netns del first
	before=$(everything)
	mkdir -p /run/systemd/system/{wgctl@office,inhabitant}.service.d
	cp "$WGCTL_ROOT/packaging/examples/namespace.conf" /run/systemd/system/wgctl@office.service.d
	printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=ping -c 1 -W 5 10.8.0.1\n' >/run/systemd/system/inhabitant.service
	"$WGCTL" container unit office >/run/systemd/system/inhabitant.service.d/tunnel.conf
	systemctl daemon-reload
	# It brings the tunnel along, and ends with it.
	systemctl start inhabitant
	is "$(systemctl is-active wgctl@office inhabitant | sort -u)" active
	is "$(ip netns list | cut -d' ' -f1)" room
	not ip link show office
	shaken=$("$WGCTL" show office latest-handshakes)
	first=$(main_pid)
	systemctl kill --kill-who=main --signal=KILL wgctl@office
	waits_for another_one "$first"
	is "$("$WGCTL" show office latest-handshakes)" "$shaken"
	systemctl stop wgctl@office
	is "$(systemctl is-active inhabitant || :)" inactive
	rm -r /run/systemd/system/{wgctl@office,inhabitant}.service*
	systemctl daemon-reload
	systemctl reset-failed inhabitant 2>/dev/null || true
	same "$before" "$(everything)"
}

@test "wgctl-lockdown.service: before the network; up takes over; neither stop of the units ends it" {
	unit
	sed "s#/usr/local/bin/wgctl#$WGCTL#" "$WGCTL_ROOT/packaging/systemd/wgctl-lockdown.service" >/run/systemd/system/wgctl-lockdown.service
	systemctl daemon-reload
	office 0.0.0.0/0 "KillSwitch = lockdown
		DNS = 10.8.0.1"
	before=$(everything)
	systemctl enable --runtime wgctl-lockdown
	# networkd waits for that target, and the target for the unit.
	has " $(systemctl show --property Before --value wgctl-lockdown) " " network-pre.target "
	has " $(systemctl show --property After --value systemd-networkd) " " network-pre.target "
	has " $(systemctl show --property Wants --value sysinit.target) " " wgctl-lockdown.service "
	systemctl start wgctl-lockdown
	is "$(nft list tables)" "table inet wgctl-office/kill"
	not ping -c 1 -W 2 203.0.113.9
	not timeout 5 getent ahostsv4 locked.example
	has "$("$WGCTL" list)" locked
	systemctl start wgctl@office
	ping -c 1 -W 5 10.8.0.1
	inside unlocked.example
	systemctl stop wgctl@office
	systemctl stop wgctl-lockdown
	is "$(nft list tables)" "table inet wgctl-office/kill"
	systemctl disable --runtime wgctl-lockdown
	"$WGCTL" down --unlock office
	rm /run/systemd/system/wgctl-lockdown.service
	systemctl daemon-reload
	same "$before" "$(everything)"
	outside after-lockdown.example
}

# ---- wg-quick@.service ------------------------------------------------------------------

# What wgctl-compat puts into the place of wireguard-tools. Last here: others compare with
# what was there before.
compat() {
	cp "$WGCTL" /usr/bin/wgctl
	make -s -C "$WGCTL_ROOT" O="$(dirname "$WGCTL")" PREFIX=/usr UNITDIR=/lib/systemd/system install-compat
	systemctl daemon-reload
	is "$(readlink -f "$(command -v wg-quick)")" /usr/bin/wgctl
}

@test "wg-quick@.service: start, reload, stop, and all of them at once, as it always was" {
	compat
	install -m 600 /dev/stdin /etc/wireguard/quick.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24
		DNS = 10.8.0.1
		PostUp = echo up >>/run/quick.hooks
		PostDown = echo down >>/run/quick.hooks
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0
	END
	before=$(everything)
	systemctl start wg-quick@quick
	is "$(systemctl is-active wg-quick@quick)" active
	is "$(cat /run/quick.hooks)" up
	ping -c 1 -W 5 10.8.0.1
	inside quick.example
	shaken=$(wg show quick latest-handshakes)
	# The session goes on.
	sed -i 's/^Endpoint/PersistentKeepalive = 25\n&/' /etc/wireguard/quick.conf
	systemctl reload wg-quick@quick
	has "$(wg show quick persistent-keepalive)" $'\t25'
	is "$(wg show quick latest-handshakes)" "$shaken"
	systemctl stop wg-quick@quick
	is "$(systemctl is-active wg-quick@quick)" inactive
	is "$(cat /run/quick.hooks)" $'up\ndown'
	same "$before" "$(everything)"
	outside quick-stopped.example
	systemctl start wg-quick@quick wg-quick.target
	ping -c 1 -W 5 10.8.0.1
	# The target does not wait for its tunnels.
	systemctl stop wg-quick.target
	stopped() { [ "$(systemctl is-active wg-quick@quick)" = inactive ]; }
	waits_for stopped
	same "$before" "$(everything)"
	# One that is not there fails, and so does the unit.
	run systemctl start wg-quick@nobody
	not is "$status" 0
	has "$(journalctl --no-pager -q -u wg-quick@nobody)" "/etc/wireguard/nobody.conf"
}

@test "wgctl-compat: installed it brings up what the machine brings up at boot; an upgrade starts nothing; removed it takes down" {
	local name
	compat
	# As dpkg calls them.
	script() { env -u DPKG_ROOT sh -e "$WGCTL_ROOT/debian/wgctl-compat.$1" "${@:2}"; }
	for name in boot hand; do
		printf '[Interface]\nPrivateKey = %s\n' "$client_private" | install -m 600 /dev/stdin "/etc/wireguard/$name.conf"
	done
	before=$(everything)
	systemctl enable wg-quick@boot
	script preinst upgrade 1.0
	script postinst configure 1.0
	is "$(systemctl is-active wg-quick@boot || :)" inactive
	script preinst install
	script postinst configure ''
	is "$(systemctl is-active wg-quick@boot wg-quick@hand || :)" $'active\ninactive'
	is "$(wg show interfaces)" boot
	systemctl start wg-quick@hand
	script prerm upgrade 2.0
	is "$(systemctl is-active wg-quick@boot wg-quick@hand)" $'active\nactive'
	script prerm remove
	is "$(systemctl is-active wg-quick@boot wg-quick@hand || :)" $'inactive\ninactive'
	# Removed, not purged, and back again: dpkg remembers the version that was there.
	script preinst install 1.0
	script postinst configure 1.0
	is "$(systemctl is-active wg-quick@boot || :)" active
	script prerm remove
	systemctl disable wg-quick@boot
	same "$before" "$(everything)"
}
