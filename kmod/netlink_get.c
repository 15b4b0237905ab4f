// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_get: a link's configuration and its peers' state, in as many parts as
 * it needs. Between two parts no lock is held and everything may change, so a
 * part believes nothing that it has not checked: the link is looked up again, the
 * peer is held by a reference and asked whether it is still one of that link's,
 * and a place in its allowed IPs counts only as long as nobody changed anything.
 *
 * Locks: RTNL and the update lock for each part; reads identity.lock,
 * handshake.lock and endpoint_lock inside them.
 */
#include <linux/rtnetlink.h>

#include "netlink.h"

/* Where the next part begins; in the callback's scratch space, which starts as zeros. */
struct cursor {
	struct wg_peer *peer;	  /* with a reference; NULL: at the first */
	struct wg_allowedip *ip;  /* NULL: at the beginning of the peer */
	unsigned int generation;  /* of the device when ip was noted */
	int ifindex;
	bool peer_told;		  /* one at least; until then each part has the link's own values */
};

static struct cursor *cursor_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct cursor) > sizeof(cb->ctx));
	return (struct cursor *)cb->ctx;
}

/* From @ip on. What did not fit is noted in the cursor. */
static int put_allowed_ips(struct sk_buff *skb, struct cursor *cursor, struct wg_peer *peer, struct wg_allowedip *ip)
{
	list_for_each_entry_from(ip, &peer->allowed_ips, of_peer) {
		struct nlattr *nest = nla_nest_start(skb, 0);
		u8 bytes[16], len;
		int family = wg_allowedip_read(ip, bytes, &len);

		if (!nest || nla_put_u8(skb, WGALLOWEDIP_A_CIDR_MASK, len) ||
		    nla_put_u16(skb, WGALLOWEDIP_A_FAMILY, family) ||
		    nla_put(skb, WGALLOWEDIP_A_IPADDR, family == AF_INET6 ? 16 : 4, bytes)) {
			nla_nest_cancel(skb, nest); /* nothing, if there is none */
			cursor->ip = ip;
			return -EMSGSIZE;
		}
		nla_nest_end(skb, nest);
	}
	cursor->ip = NULL;
	return 0;
}

static int put_endpoint(struct sk_buff *skb, struct wg_peer *peer)
{
	int ret = 0;

	read_lock_bh(&peer->endpoint_lock);
	if (peer->endpoint.addr.sa_family == AF_INET)
		ret = nla_put(skb, WGPEER_A_ENDPOINT, sizeof(peer->endpoint.addr4), &peer->endpoint.addr4);
	else if (peer->endpoint.addr.sa_family == AF_INET6)
		ret = nla_put(skb, WGPEER_A_ENDPOINT, sizeof(peer->endpoint.addr6), &peer->endpoint.addr6);
	read_unlock_bh(&peer->endpoint_lock);
	return ret;
}

static int put_peer_state(struct sk_buff *skb, struct wg_peer *peer)
{
	const struct timespec64 time = ns_to_timespec64(READ_ONCE(peer->last_handshake));
	const struct __kernel_timespec last_handshake = { time.tv_sec, time.tv_nsec };
	int ret;

	down_read(&peer->handshake.lock);
	ret = nla_put(skb, WGPEER_A_PRESHARED_KEY, WG_KEY_LEN, peer->handshake.preshared);
	up_read(&peer->handshake.lock);
	if (ret || nla_put(skb, WGPEER_A_LAST_HANDSHAKE_TIME, sizeof(last_handshake), &last_handshake) ||
	    nla_put_u16(skb, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, READ_ONCE(peer->persistent_keepalive)) ||
	    nla_put_u64_64bit(skb, WGPEER_A_TX_BYTES, atomic64_read(&peer->tx_bytes), WGPEER_A_UNSPEC) ||
	    nla_put_u64_64bit(skb, WGPEER_A_RX_BYTES, atomic64_read(&peer->rx_bytes), WGPEER_A_UNSPEC) ||
	    nla_put_u32(skb, WGPEER_A_PROTOCOL_VERSION, 1) || put_endpoint(skb, peer))
		return -EMSGSIZE;
	return 0;
}

/* All of it, or what is left of its allowed IPs. -EMSGSIZE: the next part goes on with this peer. */
static int put_peer(struct sk_buff *skb, struct cursor *cursor, struct wg_peer *peer)
{
	struct nlattr *nest = nla_nest_start(skb, 0), *ips;
	struct wg_allowedip *ip = cursor->ip;
	int ret = 0;

	if (!nest)
		return -EMSGSIZE;
	if (nla_put(skb, WGPEER_A_PUBLIC_KEY, WG_KEY_LEN, peer->handshake.remote_static) ||
	    (!ip && put_peer_state(skb, peer)))
		goto cancel;
	if (!ip)
		ip = list_first_entry_or_null(&peer->allowed_ips, struct wg_allowedip, of_peer);
	if (ip) {
		ips = nla_nest_start(skb, WGPEER_A_ALLOWEDIPS);
		if (!ips)
			goto cancel;
		ret = put_allowed_ips(skb, cursor, peer, ip);
		nla_nest_end(skb, ips);
	}
	nla_nest_end(skb, nest);
	return ret;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static int put_link(struct sk_buff *skb, struct wg_device *wg)
{
	struct wg_identity *id = &wg->identity;
	int ret = 0;

	if (nla_put_u16(skb, WGDEVICE_A_LISTEN_PORT, wg->port) || nla_put_u32(skb, WGDEVICE_A_FWMARK, wg->fwmark) ||
	    nla_put_u32(skb, WGDEVICE_A_IFINDEX, wg->dev->ifindex) ||
	    nla_put_string(skb, WGDEVICE_A_IFNAME, wg->dev->name))
		return -EMSGSIZE;
	down_read(&id->lock);
	if (id->valid && (nla_put(skb, WGDEVICE_A_PRIVATE_KEY, WG_KEY_LEN, id->private) ||
			  nla_put(skb, WGDEVICE_A_PUBLIC_KEY, WG_KEY_LEN, id->public)))
		ret = -EMSGSIZE;
	up_read(&id->lock);
	return ret;
}

/* As many peers as fit, from the cursor on. 0: all are told. */
static int put_peers(struct sk_buff *skb, struct cursor *cursor, struct wg_device *wg)
{
	struct wg_peer *peer = cursor->peer, *next = NULL;
	struct nlattr *nest;

	if (!peer)
		peer = list_first_entry(&wg->peers, struct wg_peer, of_device);
	else if (cursor->ip && cursor->generation != wg->generation) {
		/* Where we were may be freed. To begin again with this peer could go on for ever. */
		cursor->ip = NULL;
		peer = list_next_entry(peer, of_device);
	}
	if (!list_entry_is_head(peer, &wg->peers, of_device)) {
		nest = nla_nest_start(skb, WGDEVICE_A_PEERS);
		if (!nest)
			return -EMSGSIZE;
		list_for_each_entry_from(peer, &wg->peers, of_device) {
			if (put_peer(skb, cursor, peer)) {
				next = wg_peer_get(peer);
				break;
			}
			cursor->peer_told = true;
		}
		nla_nest_end(skb, nest);
	}
	wg_peer_put(cursor->peer);
	cursor->peer = next;
	cursor->generation = wg->generation;
	return next ? -EMSGSIZE : 0;
}

static int put_part(struct sk_buff *skb, struct netlink_callback *cb, struct wg_device *wg)
{
	struct cursor *cursor = cursor_of(cb);
	void *header;
	int ret = 0;

	/* Zero would mean that there is nothing to compare with yet. */
	cb->seq = 2 * wg->generation + 1;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &wg_netlink_family, NLM_F_MULTI,
			     WG_CMD_GET_DEVICE);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	if (cursor->peer && (READ_ONCE(cursor->peer->dead) || cursor->peer->wg != wg)) {
		/* It takes with it what came after it: the reader has to ask again. */
		genlmsg_nlhdr(header)->nlmsg_flags |= NLM_F_DUMP_INTR;
	} else if (!cursor->peer_told && put_link(skb, wg)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	} else {
		ret = put_peers(skb, cursor, wg);
	}
	genlmsg_end(skb, header);
	return ret ? skb->len : 0;
}

int wg_netlink_get(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct net_device *dev;
	struct wg_device *wg;
	int ret = -ENODEV;

	rtnl_lock();
	dev = __dev_get_by_index(sock_net(skb->sk), cursor_of(cb)->ifindex);
	if (dev && wg_device_is_ours(dev)) {
		wg = netdev_priv(dev);
		mutex_lock(&wg->update_lock);
		ret = put_part(skb, cb, wg);
		mutex_unlock(&wg->update_lock);
	} else {
		NL_SET_ERR_MSG(cb->extack, "the link went away");
	}
	rtnl_unlock();
	return ret;
}

/* Only the index is kept: a reader that falls asleep must not keep the link from going away. */
int wg_netlink_get_start(struct netlink_callback *cb)
{
	struct wg_device *wg;
	int ret;

	rtnl_lock();
	wg = wg_netlink_device(sock_net(cb->skb->sk), genl_info_dump(cb)->attrs, cb->extack);
	ret = PTR_ERR_OR_ZERO(wg);
	if (!ret)
		cursor_of(cb)->ifindex = wg->dev->ifindex;
	rtnl_unlock();
	return ret;
}

int wg_netlink_get_done(struct netlink_callback *cb)
{
	wg_peer_put(cursor_of(cb)->peer);
	return 0;
}
