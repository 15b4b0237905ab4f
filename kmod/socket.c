// SPDX-License-Identifier: GPL-2.0
/*
 * socket: UDP below the tunnel, see socket.h.
 * Locks: peer->endpoint_lock (rwlock, BH).
 */
#include "socket.h"

#include <linux/inetdevice.h>
#include <net/addrconf.h>
#include <net/ipv6_stubs.h>

#include "receive.h"
#include "skb.h"

/* ---- endpoints ------------------------------------------------------------------------ */

int wg_endpoint_from_skb(struct wg_endpoint *endpoint, const struct sk_buff *skb)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (skb->protocol == htons(ETH_P_IP)) {
		endpoint->addr4.sin_family = AF_INET;
		endpoint->addr4.sin_port = udp_hdr(skb)->source;
		endpoint->addr4.sin_addr.s_addr = ip_hdr(skb)->saddr;
		endpoint->src4.s_addr = ip_hdr(skb)->daddr;
		endpoint->src_if4 = skb->skb_iif;
	} else if (IS_ENABLED(CONFIG_IPV6) && skb->protocol == htons(ETH_P_IPV6)) {
		endpoint->addr6.sin6_family = AF_INET6;
		endpoint->addr6.sin6_port = udp_hdr(skb)->source;
		endpoint->addr6.sin6_addr = ipv6_hdr(skb)->saddr;
		endpoint->addr6.sin6_scope_id = ipv6_iface_scope_id(&ipv6_hdr(skb)->saddr, skb->skb_iif);
		endpoint->src6 = ipv6_hdr(skb)->daddr;
	} else {
		return -EINVAL;
	}
	return 0;
}

void wg_peer_set_endpoint(struct wg_peer *peer, const struct wg_endpoint *endpoint)
{
	/* Without the lock: a torn read looks like a difference at worst, or like
	 * a change that somebody else is making right now. What fills one has zeroed
	 * it first. */
	if (likely(data_race(!memcmp(endpoint, &peer->endpoint, sizeof(*endpoint)))))
		return;
	write_lock_bh(&peer->endpoint_lock);
	peer->endpoint = *endpoint;
	peer->endpoint_changes++;
	dst_cache_reset_now(&peer->route);
	write_unlock_bh(&peer->endpoint_lock);
}

void wg_peer_set_endpoint_from_skb(struct wg_peer *peer, const struct sk_buff *skb)
{
	struct wg_endpoint endpoint;

	if (!wg_endpoint_from_skb(&endpoint, skb))
		wg_peer_set_endpoint(peer, &endpoint);
}

void wg_peer_clear_source(struct wg_peer *peer)
{
	write_lock_bh(&peer->endpoint_lock);
	memset(&peer->endpoint.src6, 0, sizeof(peer->endpoint.src6));
	peer->endpoint_changes++;
	dst_cache_reset_now(&peer->route);
	write_unlock_bh(&peer->endpoint_lock);
}

/* ---- out ------------------------------------------------------------------------------ */

/* Where to, and what is known of the way. */
struct wg_way {
	struct wg_device *wg;
	struct wg_peer *peer; /* NULL: an answer to a stranger; then nothing is remembered */
	struct wg_endpoint to;
	unsigned int changes;
	struct dst_entry *route; /* with a reference; NULL: to be found */
};

/* The endpoint and the route to it, as they belong together. */
static void wg_way_to_peer(struct wg_way *way)
{
	struct wg_peer *peer = way->peer;

	read_lock(&peer->endpoint_lock);
	way->to = peer->endpoint;
	way->changes = peer->endpoint_changes;
	if (way->to.addr.sa_family == AF_INET) {
		struct rtable *route = dst_cache_get_ip4(&peer->route, &way->to.src4.s_addr);

		way->route = route ? &route->dst : NULL;
	} else if (IS_ENABLED(CONFIG_IPV6)) {
		way->route = dst_cache_get_ip6(&peer->route, &way->to.src6);
	}
	read_unlock(&peer->endpoint_lock);
}

static void wg_way_remember(struct wg_way *way)
{
	struct wg_peer *peer = way->peer;

	if (!peer)
		return;
	read_lock(&peer->endpoint_lock);
	if (peer->endpoint_changes == way->changes && !READ_ONCE(peer->dead)) {
		if (way->to.addr.sa_family == AF_INET)
			dst_cache_set_ip4(&peer->route, way->route, way->to.src4.s_addr);
		else if (IS_ENABLED(CONFIG_IPV6))
			dst_cache_set_ip6(&peer->route, way->route, &way->to.src6);
	}
	read_unlock(&peer->endpoint_lock);
}

/* The source that the peer saw last does not serve any more. */
static void wg_way_forget_source(struct wg_way *way)
{
	memset(&way->to.src6, 0, sizeof(way->to.src6));
	if (way->peer)
		wg_peer_clear_source(way->peer);
}

static void wg_make_outer(const struct wg_way *way, struct sk_buff *skb)
{
	/* Of the packet inside only these go on: its owner in memory, for back
	 * pressure, and its hash, for fair queues. */
	u32 hash = skb->hash;
	bool l4_hash = skb->l4_hash, sw_hash = skb->sw_hash;

	wg_forget(skb);
	__skb_set_hash(skb, hash, sw_hash, l4_hash);
	skb->dev = way->wg->dev;
	skb->mark = READ_ONCE(way->wg->fwmark);
	skb->ignore_df = 1;
	/* From here on is what the link's counters count. */
	skb_set_inner_network_header(skb, 0);
}

static int wg_find_way4(struct wg_way *way, struct sock *sk)
{
	struct flowi4 flow = {
		.saddr = way->to.src4.s_addr,
		.daddr = way->to.addr4.sin_addr.s_addr,
		.fl4_sport = inet_sk(sk)->inet_sport,
		.fl4_dport = way->to.addr4.sin_port,
		.flowi4_mark = READ_ONCE(way->wg->fwmark),
		.flowi4_proto = IPPROTO_UDP,
	};
	struct rtable *route;

	security_sk_classify_flow(sk, flowi4_to_flowi_common(&flow));
	if (flow.saddr && !inet_confirm_addr(sock_net(sk), NULL, 0, flow.saddr, RT_SCOPE_HOST)) {
		wg_way_forget_source(way);
		flow.saddr = 0;
	}
	route = ip_route_output_flow(sock_net(sk), &flow, sk);
	if (way->to.src_if4 &&
	    (IS_ERR(route) ? PTR_ERR(route) == -EINVAL : route->dst.dev->ifindex != way->to.src_if4)) {
		/* The address is ours, but the way leads through another link now. */
		if (!IS_ERR(route))
			ip_rt_put(route);
		wg_way_forget_source(way);
		flow.saddr = 0;
		route = ip_route_output_flow(sock_net(sk), &flow, sk);
	}
	if (IS_ERR(route))
		return PTR_ERR(route);
	way->route = &route->dst;
	way->to.src4.s_addr = flow.saddr;
	wg_way_remember(way);
	return 0;
}

static int wg_find_way6(struct wg_way *way, struct sock *sk)
{
	struct flowi6 flow = {
		.saddr = way->to.src6,
		.daddr = way->to.addr6.sin6_addr,
		.fl6_sport = inet_sk(sk)->inet_sport,
		.fl6_dport = way->to.addr6.sin6_port,
		.flowi6_mark = READ_ONCE(way->wg->fwmark),
		.flowi6_oif = way->to.addr6.sin6_scope_id,
		.flowi6_proto = IPPROTO_UDP,
	};
	struct dst_entry *route;

	security_sk_classify_flow(sk, flowi6_to_flowi_common(&flow));
	if (!ipv6_addr_any(&flow.saddr) && !ipv6_chk_addr(sock_net(sk), &flow.saddr, NULL, 0)) {
		wg_way_forget_source(way);
		flow.saddr = in6addr_any;
	}
	route = ipv6_stub->ipv6_dst_lookup_flow(sock_net(sk), sk, &flow, NULL);
	if (IS_ERR(route))
		return PTR_ERR(route);
	way->route = route;
	way->to.src6 = flow.saddr;
	wg_way_remember(way);
	return 0;
}

static void wg_send_one(struct wg_way *way, struct sock *sk, struct sk_buff *skb, bool v6)
{
	const __be16 from = inet_sk(sk)->inet_sport, to = way->to.addr4.sin_port; /* and of IPv6, too */
	const u8 tos = wg_cb(skb)->tos;

	wg_make_outer(way, skb);
	dst_hold(way->route);
	if (IS_ENABLED(CONFIG_IPV6) && v6)
		udp_tunnel6_xmit_skb(way->route, sk, skb, skb->dev, &way->to.src6, &way->to.addr6.sin6_addr, tos,
				     ip6_dst_hoplimit(way->route), 0, from, to, false);
	else
		udp_tunnel_xmit_skb(container_of(way->route, struct rtable, dst), sk, skb, way->to.src4.s_addr,
				    way->to.addr4.sin_addr.s_addr, tos, ip4_dst_hoplimit(way->route), 0, from, to,
				    false, false);
}

/* Consumes the chain, sent or not. BH off. */
static int wg_send(struct wg_way *way, struct sk_buff *chain)
{
	const bool v6 = way->to.addr.sa_family == AF_INET6;
	struct sock *sk = v6 ? rcu_dereference_bh(way->wg->sock6) : rcu_dereference_bh(way->wg->sock4);
	struct sk_buff *skb, *next;
	int r = 0;

	if (unlikely(!way->to.addr.sa_family))
		r = -EDESTADDRREQ;
	else if (unlikely(!sk))
		r = -ENONET;
	else if (!way->route)
		r = IS_ENABLED(CONFIG_IPV6) && v6 ? wg_find_way6(way, sk) : wg_find_way4(way, sk);
	if (unlikely(r)) {
		net_dbg_ratelimited("%s: cannot send to %pISpfsc: error %d\n", way->wg->dev->name, &way->to.addr, r);
		kfree_skb_list(chain);
	} else {
		skb_list_walk_safe(chain, skb, next) {
			skb_mark_not_on_list(skb);
			wg_send_one(way, sk, skb, v6);
		}
	}
	dst_release(way->route);
	return r;
}

int wg_socket_send_chain(struct wg_peer *peer, struct sk_buff *chain)
{
	struct wg_way way = { .wg = peer->wg, .peer = peer };
	unsigned int len = 0;
	struct sk_buff *skb;
	int r;

	for (skb = chain; skb; skb = skb->next)
		len += skb->len;
	rcu_read_lock_bh();
	wg_way_to_peer(&way);
	r = wg_send(&way, chain);
	rcu_read_unlock_bh();
	if (likely(!r))
		atomic64_add(len, &peer->tx_bytes);
	return r;
}

static struct sk_buff *wg_message_skb(const void *msg, size_t len, u8 tos)
{
	struct sk_buff *skb = alloc_skb(WG_HEADROOM + len, GFP_ATOMIC);

	if (skb) {
		skb_reserve(skb, WG_HEADROOM);
		skb_put_data(skb, msg, len);
		wg_cb(skb)->tos = tos;
	}
	return skb;
}

int wg_socket_send_to_peer(struct wg_peer *peer, const void *msg, size_t len, u8 tos)
{
	struct sk_buff *skb = wg_message_skb(msg, len, tos);

	return skb ? wg_socket_send_chain(peer, skb) : -ENOMEM;
}

int wg_socket_send_to_stranger(struct wg_device *wg, const struct wg_endpoint *to, const void *msg, size_t len)
{
	struct wg_way way = { .wg = wg, .to = *to };
	struct sk_buff *skb = wg_message_skb(msg, len, 0);
	int r;

	if (!skb)
		return -ENOMEM;
	rcu_read_lock_bh();
	r = wg_send(&way, skb);
	rcu_read_unlock_bh();
	return r;
}

/* ---- the sockets ---------------------------------------------------------------------- */

static void wg_sock_free(struct sock *sk)
{
	if (!sk)
		return;
	sk_clear_memalloc(sk);
	udp_tunnel_sock_release(sk->sk_socket);
}

static void wg_sockets_replace(struct wg_device *wg, struct sock *new4, struct sock *new6)
{
	struct sock *old4 = rcu_dereference_protected(wg->sock4, lockdep_is_held(&wg->update_lock));
	struct sock *old6 = rcu_dereference_protected(wg->sock6, lockdep_is_held(&wg->update_lock));

	rcu_assign_pointer(wg->sock4, new4);
	rcu_assign_pointer(wg->sock6, new6);
	if (old4 || old6)
		synchronize_net();
	wg_sock_free(old4);
	wg_sock_free(old6);
}

static int wg_sock_new(struct wg_device *wg, struct net *net, struct udp_port_cfg *port, struct sock **ret)
{
	struct udp_tunnel_sock_cfg config = {
		.sk_user_data = wg,
		.encap_type = 1, /* any: it only says that encap_rcv is to be asked */
		.encap_rcv = wg_receive,
	};
	struct socket *sock;
	int r = udp_sock_create(net, port, &sock);

	if (r < 0)
		return r;
	sock->sk->sk_allocation = GFP_ATOMIC;
	sock->sk->sk_sndbuf = INT_MAX; /* what a tunnel sends was accepted from others */
	sk_set_memalloc(sock->sk);
	setup_udp_tunnel_sock(net, sock, &config);
	*ret = sock->sk;
	return 0;
}

int wg_socket_open(struct wg_device *wg, u16 port)
{
	struct udp_port_cfg port4 = {
		.family = AF_INET,
		.local_ip.s_addr = htonl(INADDR_ANY),
		.use_udp_checksums = true,
	};
	struct udp_port_cfg port6 = {
		.family = AF_INET6,
		.use_udp6_tx_checksums = true,
		.use_udp6_rx_checksums = true,
		.ipv6_v6only = true,
	};
	struct sock *new4, *new6;
	struct net *net;
	int r, tries = 0;

	lockdep_assert_held(&wg->update_lock);
	rcu_read_lock();
	net = rcu_dereference(wg->creating_net);
	net = net ? maybe_get_net(net) : NULL;
	rcu_read_unlock();
	if (!net)
		return -ENONET;
	do {
		new4 = new6 = NULL;
		port4.local_udp_port = htons(port);
		r = wg_sock_new(wg, net, &port4, &new4);
		if (r < 0 || !IS_ENABLED(CONFIG_IPV6) || !ipv6_mod_enabled())
			break;
		port6.local_udp_port = inet_sk(new4)->inet_sport;
		r = wg_sock_new(wg, net, &port6, &new6);
		if (r < 0)
			wg_sock_free(new4);
		/* A port that is free for one family only; there are others. */
	} while (r == -EADDRINUSE && !port && tries++ < 100);
	if (!r) {
		wg->port = ntohs(inet_sk(new4)->inet_sport);
		wg_sockets_replace(wg, new4, new6);
	} else {
		net_dbg_ratelimited("%s: cannot open a socket: error %d\n", wg->dev->name, r);
	}
	put_net(net);
	return r;
}

void wg_socket_close(struct wg_device *wg)
{
	wg_sockets_replace(wg, NULL, NULL);
}
