# SPDX-License-Identifier: GPL-2.0
# A host c with containers, a server s behind a wire, and profiles for both. The
# tunnels of containers are full ones: 10.8.0.2 and fd08::2 towards 10.8.0.1.
#
#   container box                     a network namespace as engines make them
#   inside box CMD...
#   conf VERSION PROFILE [MEMBERS]    a CNI configuration
#   cni COMMAND CONTAINER IFNAME CONFIG [VAR=VALUE...]

engines_setup() {
	keys client
	keys server
	host_new c
	host_new s
	join c 10.9.0.1/24 s 10.9.0.2/24
	profile s hub.conf <<-END
		[Interface]
		PrivateKey = $server_private
		ListenPort = 51820
		Address = 10.8.0.1/24, fd08::1/64
		[Peer]
		PublicKey = $client_public
		AllowedIPs = 10.8.0.0/24, fd08::/64
	END
	on s "$WGCTL" -q up hub
	office
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
