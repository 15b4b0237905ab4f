# SPDX-License-Identifier: GPL-2.0
# A host c with containers, a server s behind a wire, and profiles for both. The
# tunnels of containers are full ones: 10.8.0.2 and fd08::2 towards 10.8.0.1.
#
#   container box                     a network namespace as engines make them
#   inside box CMD...
#   conf VERSION PROFILE [MEMBERS]    a CNI configuration
#   cni COMMAND CONTAINER IFNAME CONFIG [VAR=VALUE...]

engines_setup() {
	client_and_server
	# Many containers are behind one client.
	sed -i "s|^AllowedIPs = .*|AllowedIPs = 10.8.0.0/24, fd08::/64|" "$BATS_TEST_TMPDIR/host-s/etc-wgctl/hub.conf"
	on s "$WGCTL" -q up hub
	# What only the tunnel reaches: half a megabyte over HTTP.
	mkdir -p "$BATS_TEST_TMPDIR/www"
	head -c 500000 /dev/urandom >"$BATS_TEST_TMPDIR/www/data"
	DATA=$(sha256sum <"$BATS_TEST_TMPDIR/www/data" | cut -c1-64)
	background s "$BATS_TEST_TMPDIR/httpd.log" busybox httpd -f -p 10.8.0.1:80 -h "$BATS_TEST_TMPDIR/www"
	disown
	office
	# The host's own /sys has no cgroups mounted; runtimes look for them.
	on c sh -c 'mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || true'
	# The first name that anybody gives makes /run/netns a mount, for good.
	on c ip netns add first
	on c ip netns del first
}

# office [LINE...]: the profile of containers, with further lines for [Interface].
office() {
	profile c office.conf <<-END
		[Interface]
		PrivateKey = $client_private
		Address = 10.8.0.2/24, fd08::2/64
		DNS = 10.8.0.1, vpn.example
		$(printf '%s\n' "$@")
		[Peer]
		PublicKey = $server_public
		Endpoint = 10.9.0.2:51820
		AllowedIPs = 0.0.0.0/0, ::/0
	END
}

container() {
	on c ip netns add "$1"
	on c ip -n "$1" link set lo up
}

inside() {
	local name=$1
	shift
	on c ip netns exec "$name" "$@"
}

conf() {
	printf '{"cniVersion":"%s","name":"net","type":"wgctl-cni","config":"%s"%s}' "$1" "$2" "${3:+,$3}"
}

cni() {
	local command=$1 id=$2 ifname=$3 config=$4
	shift 4
	run_split on c env CNI_COMMAND="$command" CNI_CONTAINERID="$id" CNI_NETNS="/run/netns/$id" CNI_IFNAME="$ifname" \
		CNI_PATH="${CNI_DIR:-/usr/lib/cni}" "$@" "$WGCTL" <<<"$config"
}

# rootfs DIR: a root file system of busybox.
rootfs() {
	mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp}
	cp /bin/busybox "$1/bin/busybox"
	local name
	for name in sh ping ip cat ls sleep echo xargs grep true wget nc sha256sum; do ln -sf busybox "$1/bin/$name"; done
	echo "nameserver 192.0.2.53" >"$1/etc/resolv.conf"
}

# bundle PROFILE [JQ]: an OCI bundle in $BUNDLE, its config.json changed by JQ.
bundle() {
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	rm -rf "$BUNDLE"
	mkdir -p "$BUNDLE"
	rootfs "$BUNDLE/rootfs"
	(cd "$BUNDLE" && runc spec)
	# No cgroups: who made this machine may have kept them to himself.
	jq --arg wgctl "$WGCTL" --arg profile "$1" '
		.process.terminal = false | .process.args = ["sh", "-c", $ARGS.named.script]
		| .annotations = {"org.wgctl.profile": $profile, "org.wgctl.interface": "eth0", "run.oci.hooks.stderr": ($ENV.BATS_TEST_TMPDIR + "/hook.err")}
		| .hooks = {createRuntime: [{path: $wgctl, args: ["wgctl", "oci-hook"]}],
			poststop: [{path: $wgctl, args: ["wgctl", "oci-hook"]}]}
		| '"${2:-.}" --arg script '
		echo links $(ls /sys/class/net 2>/dev/null || ip -o link | cut -d: -f2)
		cat /etc/resolv.conf; wget -qO- http://10.8.0.1/data | sha256sum' "$BUNDLE/config.json" >"$BUNDLE/new"
	mv "$BUNDLE/new" "$BUNDLE/config.json"
}

# runtime ARGS...: $runtime in c, its state in the test's directory.
runtime() {
	local args=()
	[ "$runtime" != crun ] || args=(--cgroup-manager=disabled)
	(cd "$BUNDLE" && on c "$runtime" "${args[@]}" --root "$BATS_TEST_TMPDIR/$runtime" "$@" </dev/null)
}

# engine_podman: podman with Debian's CNI backend in c. All it has is below the
# test's directory, and it finds that by its environment, as it does for whoever
# asks it for a container's process.
engine_podman() {
	local dir=$BATS_TEST_TMPDIR/podman
	PODMAN_ENV=(CONTAINERS_CONF="$dir/containers.conf" CONTAINERS_STORAGE_CONF="$dir/storage.conf" TMPDIR="$dir/tmp")
	mkdir -p "$dir"/{cni,net,hooks,tmp}
	ln -sf "$WGCTL" "$dir/cni/wgctl-cni"
	cat >"$dir/storage.conf" <<-END
		[storage]
		driver = "vfs"
		graphroot = "$dir/root"
		runroot = "$dir/run"
	END
	cat >"$dir/containers.conf" <<-END
		[network]
		network_backend = "cni"
		cni_plugin_dirs = ["$dir/cni", "/usr/lib/cni"]
		network_config_dir = "$dir/net"
		[engine]
		cgroup_manager = "cgroupfs"
		runtime = "runc"
		hooks_dir = ["$dir/hooks"]
		events_logger = "none"
		tmp_dir = "$dir/tmp"
		[containers]
		log_driver = "k8s-file"
		pids_limit = 0
		default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
	END
	cp "$WGCTL_ROOT/packaging/cni/wgctl.conflist" "$dir/net/tunnel.conflist"
	jq --arg wgctl "$WGCTL" '.hook.path = $wgctl' "$WGCTL_ROOT/packaging/oci/wgctl.json" >"$dir/hooks/wgctl.json"
	rootfs "$BATS_TEST_TMPDIR/root"
}

podman_c() { on c env "${PODMAN_ENV[@]}" timeout -k 5 90 podman "$@" </dev/null; }

# Containers that a failed test left, and what podman leaves among the machine's cgroups.
podman_gone() {
	[ -z "${PODMAN_ENV-}" ] || podman_c rm -f -t 0 -a >/dev/null 2>&1 || true
	[ -z "${HOST_PID[c]-}" ] || on c find /sys/fs/cgroup -ignore_readdir_race -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
}
