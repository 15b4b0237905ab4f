// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_set: changes of a link and its peers, in the order of the message's
 * meaning, not of its attributes: mark, port, old peers gone, key, peers. What
 * was done before something is refused stays done. Every secret in the message
 * is zeros when we return, whatever became of it.
 *
 * Locks: RTNL, then the update lock, for the whole message; under the update lock
 * a peer that a look-up found stays, so no reference is taken.
 */
#include <linux/rtnetlink.h>

#include "netlink.h"
#include "send.h"
#include "socket.h"

static const struct nla_policy allowed_ip_policy[WGALLOWEDIP_A_MAX + 1] = {
	[WGALLOWEDIP_A_FAMILY] = {.type = NLA_U16},
	[WGALLOWEDIP_A_IPADDR] = NLA_POLICY_MIN_LEN(sizeof(struct in_addr)),
	[WGALLOWEDIP_A_CIDR_MASK] = {.type = NLA_U8},
	[WGALLOWEDIP_A_FLAGS] = {.type = NLA_U32},
};

static const struct nla_policy peer_policy[WGPEER_A_MAX + 1] = {
	[WGPEER_A_PUBLIC_KEY] = NLA_POLICY_EXACT_LEN(WG_KEY_LEN),
	[WGPEER_A_PRESHARED_KEY] = NLA_POLICY_EXACT_LEN(WG_KEY_LEN),
	[WGPEER_A_FLAGS] = {.type = NLA_U32},
	[WGPEER_A_ENDPOINT] = NLA_POLICY_MIN_LEN(sizeof(struct sockaddr)),
	[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL] = {.type = NLA_U16},
	[WGPEER_A_LAST_HANDSHAKE_TIME] = NLA_POLICY_EXACT_LEN(sizeof(struct __kernel_timespec)),
	[WGPEER_A_RX_BYTES] = {.type = NLA_U64},
	[WGPEER_A_TX_BYTES] = {.type = NLA_U64},
	[WGPEER_A_ALLOWEDIPS] = {.type = NLA_NESTED},
	[WGPEER_A_PROTOCOL_VERSION] = {.type = NLA_U32},
};

/* ---- secrets -------------------------------------------------------------------- */

/*
 * By walking the message and not by what was parsed of it: an attribute that came
 * twice is parsed once. The message is ours to write to: netlink made it for us
 * alone, and an error reply quotes it as we leave it.
 */
static void wipe_secrets(const struct genl_info *info)
{
	struct nlattr *attr, *peer, *part;
	int rest, peers_rest, peer_rest;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) == WGDEVICE_A_PRIVATE_KEY)
			memzero_explicit(nla_data(attr), nla_len(attr));
		if (nla_type(attr) != WGDEVICE_A_PEERS)
			continue;
		nla_for_each_nested(peer, attr, peers_rest) {
			nla_for_each_nested(part, peer, peer_rest) {
				if (nla_type(part) == WGPEER_A_PRESHARED_KEY)
					memzero_explicit(nla_data(part), nla_len(part));
			}
		}
	}
}

static bool is_zero_key(const u8 key[WG_KEY_LEN])
{
	static const u8 zeros[WG_KEY_LEN];

	return !crypto_memneq(key, zeros, WG_KEY_LEN);
}

/* ---- the link ------------------------------------------------------------------- */

/* The socket is in the namespace that the link was made in, so that is where one must be allowed to move it. */
static int may_change_socket(struct wg_device *wg, struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct net *net;
	bool allowed;

	rcu_read_lock();
	net = rcu_dereference(wg->creating_net);
	allowed = net && ns_capable(net->user_ns, CAP_NET_ADMIN);
	rcu_read_unlock();
	if (!net)
		return WG_REFUSE(extack, attr, -EPERM, "the network namespace where the link was created is gone");
	if (!allowed)
		return WG_REFUSE(extack, attr, -EPERM, "port and mark need CAP_NET_ADMIN where the link was created");
	return 0;
}

static void clear_sources(struct wg_device *wg)
{
	struct wg_peer *peer;

	list_for_each_entry(peer, &wg->peers, of_device)
		wg_peer_clear_source(peer);
}

static int set_port(struct wg_device *wg, struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u16 port = nla_get_u16(attr);
	int ret;

	if (port == wg->port)
		return 0;
	clear_sources(wg);
	if (!netif_running(wg->dev)) {
		wg->port = port;
		return 0;
	}
	ret = wg_socket_open(wg, port);
	if (ret == -EADDRINUSE)
		return WG_REFUSE(extack, attr, ret, "the port is in use");
	if (ret)
		return WG_REFUSE(extack, attr, ret, "cannot open a socket on that port");
	return 0;
}

/* Packets may have waited for what was configured now: a key of ours, an endpoint. */
static void send_waiting(struct wg_peer *peer)
{
	if (netif_running(peer->wg->dev) && !skb_queue_empty_lockless(&peer->staged))
		wg_send_staged(peer);
}

/*
 * A grace period is what removal costs, so peers are condemned one by one and
 * removed together. Until then look-ups still find them: they are marked.
 */
static void condemn(struct wg_peer *peer, struct list_head *condemned)
{
	WRITE_ONCE(peer->dead, true);
	list_move_tail(&peer->of_device, condemned);
}

static void set_private_key(struct wg_device *wg, struct nlattr *attr, struct list_head *condemned)
{
	struct wg_identity *id = &wg->identity;
	const bool had_one = id->valid;
	u8 key[WG_KEY_LEN];
	struct wg_peer *peer;
	bool has_one, changes;

	memcpy(key, nla_data(attr), WG_KEY_LEN);
	has_one = !is_zero_key(key);
	curve25519_clamp_secret(key);
	changes = has_one != had_one || (has_one && crypto_memneq(key, id->private, WG_KEY_LEN));
	if (changes && has_one)
		wg_identity_set(id, key);
	else if (changes)
		wg_identity_clear(id);
	memzero_explicit(key, sizeof(key));
	if (!changes)
		return;

	wg_cookie_checker_set_public(&wg->checker, has_one ? id->public : NULL);
	peer = has_one ? wg_tables_by_key(&wg->tables, id->public) : NULL;
	if (peer)
		condemn(peer, condemned);
	list_for_each_entry(peer, &wg->peers, of_device) {
		/* Sessions belong to the identity that they were made with. */
		wg_peer_expire(peer);
		if (!had_one)
			send_waiting(peer);
	}
}

/* ---- a peer ----------------------------------------------------------------------- */

static int set_allowed_ip(struct wg_peer *peer, struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct wg_allowedips *ips = &peer->wg->allowedips;
	struct nlattr *attrs[WGALLOWEDIP_A_MAX + 1], *ip, *len, *flags;
	int ret, family;
	bool v6;

	ret = nla_parse_nested(attrs, WGALLOWEDIP_A_MAX, nest, allowed_ip_policy, extack);
	if (ret)
		return ret;
	ip = attrs[WGALLOWEDIP_A_IPADDR];
	len = attrs[WGALLOWEDIP_A_CIDR_MASK];
	flags = attrs[WGALLOWEDIP_A_FLAGS];
	if (!attrs[WGALLOWEDIP_A_FAMILY] || !ip || !len)
		return WG_REFUSE(extack, nest, -EINVAL, "an allowed IP has a family, an address and a prefix length");
	if (flags && nla_get_u32(flags) & ~__WGALLOWEDIP_F_ALL)
		return WG_REFUSE(extack, flags, -EOPNOTSUPP, "unknown flag of an allowed IP");
	family = nla_get_u16(attrs[WGALLOWEDIP_A_FAMILY]);
	v6 = family == AF_INET6;
	if (!v6 && family != AF_INET)
		return WG_REFUSE(extack, attrs[WGALLOWEDIP_A_FAMILY], -EINVAL, "an allowed IP is IPv4 or IPv6");
	if (nla_len(ip) != (v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr)))
		return WG_REFUSE(extack, ip, -EINVAL, "the address is not as long as its family's are");
	if (nla_get_u8(len) > (v6 ? 128 : 32))
		return WG_REFUSE(extack, len, -EINVAL, "the prefix is longer than the address");
	if (flags && nla_get_u32(flags) & WGALLOWEDIP_F_REMOVE_ME)
		wg_allowedips_remove(ips, family, nla_data(ip), nla_get_u8(len), peer);
	else if (wg_allowedips_insert(ips, family, nla_data(ip), nla_get_u8(len), peer, &peer->allowed_ips))
		return WG_REFUSE(extack, nest, -ENOMEM, "no memory for the allowed IP");
	return 0;
}

/* One that is of no use is passed over, as it always was; the warning is for whoever looks. */
static void set_endpoint(struct wg_peer *peer, struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const struct sockaddr *addr = nla_data(attr);
	struct wg_endpoint endpoint = {};

	if (nla_len(attr) == sizeof(endpoint.addr4) && addr->sa_family == AF_INET)
		memcpy(&endpoint.addr4, addr, sizeof(endpoint.addr4));
	else if (nla_len(attr) == sizeof(endpoint.addr6) && addr->sa_family == AF_INET6)
		memcpy(&endpoint.addr6, addr, sizeof(endpoint.addr6));
	else {
		NL_SET_ERR_MSG_ATTR(extack, attr, "endpoint ignored: neither a sockaddr_in nor a sockaddr_in6");
		return;
	}
	wg_peer_set_endpoint(peer, &endpoint);
}

static void set_keepalive(struct wg_peer *peer, u16 seconds)
{
	const bool begins = !peer->persistent_keepalive && seconds;

	WRITE_ONCE(peer->persistent_keepalive, seconds);
	if (begins && netif_running(peer->wg->dev))
		wg_send_keepalive(peer);
}

static int change_peer(struct wg_peer *peer, struct nlattr **attrs, u32 flags, struct netlink_ext_ack *extack)
{
	struct nlattr *ip;
	int ret, rest;

	if (attrs[WGPEER_A_ENDPOINT])
		set_endpoint(peer, attrs[WGPEER_A_ENDPOINT], extack);
	if (flags & WGPEER_F_REPLACE_ALLOWEDIPS)
		wg_allowedips_remove_peer(&peer->wg->allowedips, &peer->allowed_ips);
	if (attrs[WGPEER_A_ALLOWEDIPS]) {
		nla_for_each_nested(ip, attrs[WGPEER_A_ALLOWEDIPS], rest) {
			ret = set_allowed_ip(peer, ip, extack);
			if (ret)
				return ret;
		}
	}
	if (attrs[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL])
		set_keepalive(peer, nla_get_u16(attrs[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL]));
	send_waiting(peer);
	return 0;
}

static int set_peer(struct wg_device *wg, struct nlattr *nest, struct list_head *condemned,
		    struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[WGPEER_A_MAX + 1];
	const u8 *key, *preshared;
	struct wg_peer *peer;
	u32 flags = 0;
	int ret;

	ret = nla_parse_nested(attrs, WGPEER_A_MAX, nest, peer_policy, extack);
	if (ret == -ERANGE)
		NL_SET_ERR_MSG(extack, "a peer's keys are 32 bytes, its endpoint is a socket address");
	if (ret)
		return ret;
	if (!attrs[WGPEER_A_PUBLIC_KEY])
		return WG_REFUSE(extack, nest, -EINVAL, "the peer has no public key");
	if (attrs[WGPEER_A_FLAGS])
		flags = nla_get_u32(attrs[WGPEER_A_FLAGS]);
	if (flags & ~__WGPEER_F_ALL)
		return WG_REFUSE(extack, attrs[WGPEER_A_FLAGS], -EOPNOTSUPP, "unknown flag of a peer");
	if (attrs[WGPEER_A_PROTOCOL_VERSION] && nla_get_u32(attrs[WGPEER_A_PROTOCOL_VERSION]) != 1)
		return WG_REFUSE(extack, attrs[WGPEER_A_PROTOCOL_VERSION], -EPFNOSUPPORT, "no protocol version but 1");
	key = nla_data(attrs[WGPEER_A_PUBLIC_KEY]);
	preshared = attrs[WGPEER_A_PRESHARED_KEY] ? nla_data(attrs[WGPEER_A_PRESHARED_KEY]) : NULL;

	peer = wg_tables_by_key(&wg->tables, key);
	if (flags & WGPEER_F_REMOVE_ME) {
		if (peer)
			condemn(peer, condemned);
		return 0;
	}
	if (peer && !peer->dead) {
		if (preshared)
			wg_handshake_set_preshared(&peer->handshake, preshared);
		return change_peer(peer, attrs, flags, extack);
	}
	/* Ourselves: one list of peers may serve everybody who is on it. */
	if (flags & WGPEER_F_UPDATE_ONLY || (wg->identity.valid && !memcmp(key, wg->identity.public, WG_KEY_LEN)))
		return 0;
	/* Its place may still be taken: by itself, or because all are. */
	if (peer || wg->n_peers >= WG_MAX_PEERS)
		wg_peer_remove_list(wg, condemned);
	if (wg->n_peers >= WG_MAX_PEERS)
		return WG_REFUSE(extack, nest, -ENOMEM, "the link has as many peers as it can have");
	peer = wg_peer_create(wg, key, preshared);
	if (IS_ERR(peer))
		return WG_REFUSE(extack, nest, PTR_ERR(peer), "no memory for the peer");
	return change_peer(peer, attrs, flags, extack);
}

/* ---- the message ------------------------------------------------------------------ */

static int set_device(struct wg_device *wg, struct nlattr **attrs, struct netlink_ext_ack *extack)
{
	struct nlattr *flags = attrs[WGDEVICE_A_FLAGS], *port = attrs[WGDEVICE_A_LISTEN_PORT],
		      *mark = attrs[WGDEVICE_A_FWMARK], *peer;
	LIST_HEAD(condemned);
	int ret, rest;

	if (flags && nla_get_u32(flags) & ~__WGDEVICE_F_ALL)
		return WG_REFUSE(extack, flags, -EOPNOTSUPP, "unknown flag of a link");
	ret = port || mark ? may_change_socket(wg, port ?: mark, extack) : 0;
	if (ret)
		return ret;

	wg->generation++;
	if (mark) {
		WRITE_ONCE(wg->fwmark, nla_get_u32(mark));
		clear_sources(wg);
	}
	ret = port ? set_port(wg, port, extack) : 0;
	if (ret)
		return ret;
	if (flags && nla_get_u32(flags) & WGDEVICE_F_REPLACE_PEERS)
		wg_peer_remove_all(wg);
	if (attrs[WGDEVICE_A_PRIVATE_KEY])
		set_private_key(wg, attrs[WGDEVICE_A_PRIVATE_KEY], &condemned);
	if (attrs[WGDEVICE_A_PEERS]) {
		nla_for_each_nested(peer, attrs[WGDEVICE_A_PEERS], rest) {
			ret = set_peer(wg, peer, &condemned, extack);
			if (ret)
				break;
		}
	}
	wg_peer_remove_list(wg, &condemned);
	return ret;
}

int wg_netlink_set(struct sk_buff *skb, struct genl_info *info)
{
	struct wg_device *wg;
	int ret;

	rtnl_lock();
	wg = wg_netlink_device(genl_info_net(info), info->attrs, info->extack);
	ret = PTR_ERR_OR_ZERO(wg);
	if (!ret) {
		mutex_lock(&wg->update_lock);
		ret = set_device(wg, info->attrs, info->extack);
		mutex_unlock(&wg->update_lock);
	}
	rtnl_unlock();
	wipe_secrets(info);
	return ret;
}
