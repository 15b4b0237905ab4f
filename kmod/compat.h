/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat: what differs between the kernels that this module is built for. The
 * rest of it is written as if all were Debian's 6.12; where a kernel has another
 * name or shape, this file gives it that of 6.12, or both one of our own (wg_,
 * WG_). kmod/probe reads the kernel's headers and sets WG_HAVE_...; no version is
 * compared. Locks: none.
 *
 *   use                              6.1              6.12          6.18 and later
 *   skb_gso_segment()                netdevice.h      net/gso.h     -
 *   get_unaligned_le32() ...         asm/             linux/        -
 *   crypto_memneq()                  algapi.h         utils.h       -
 *   genl_info_dump(cb)->attrs        genl_dumpit_info -             -
 *   timer_container_of()             from_timer       from_timer    -
 *   udp_tunnel_xmit_skb()            -                -             one more argument
 *   udp_tunnel6_xmit_skb()           int              void          one more argument
 *   wg_set_lltx()                    a feature        dev->lltx     -
 *   WG_NEWLINK()                     arguments        arguments     struct rtnl_newlink_params
 *   WG_PERNET_EXIT()                 exit_batch_rtnl  exit_rtnl     -
 *   WGALLOWEDIP_A_FLAGS              -                -             in linux/wireguard.h
 */
#ifndef WG_COMPAT_H
#define WG_COMPAT_H

#include <crypto/algapi.h>
#include <crypto/blake2s.h>
#include <linux/wireguard.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>
#include <net/udp_tunnel.h>

#ifdef WG_HAVE_GSO_H
#include <net/gso.h>
#endif

#ifdef WG_HAVE_UNALIGNED_H
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifdef WG_HAVE_CRYPTO_UTILS_H
#include <crypto/utils.h>
#endif

/* What a dump was asked for. Both have ->attrs, and that is all there is in both. */
#ifndef WG_HAVE_GENL_INFO_DUMP
#define genl_info_dump(cb) genl_dumpit_info(cb)
#endif

#ifndef WG_HAVE_TIMER_CONTAINER_OF
#define timer_container_of(var, timer, field) from_timer(var, timer, field)
#endif

/* Programs that know it ask for it; the others do not notice. */
#ifndef WG_HAVE_ALLOWEDIP_FLAGS
#define WGALLOWEDIP_A_FLAGS (WGALLOWEDIP_A_CIDR_MASK + 1) /* u32, these: */
#define WGALLOWEDIP_F_REMOVE_ME 1U /* take it from the peer, if it is the peer's */
#define __WGALLOWEDIP_F_ALL WGALLOWEDIP_F_REMOVE_ME
#undef WGALLOWEDIP_A_MAX
#define WGALLOWEDIP_A_MAX WGALLOWEDIP_A_FLAGS
#endif

/* Function and macro may share a name: a macro is not expanded inside itself. The
 * flags are what the inner header's cb has to say to IP output: nothing here. */
#ifdef WG_HAVE_XMIT_IPCB_FLAGS
#define udp_tunnel_xmit_skb(...) udp_tunnel_xmit_skb(__VA_ARGS__, 0)
#define udp_tunnel6_xmit_skb(...) udp_tunnel6_xmit_skb(__VA_ARGS__, 0)
#endif

/* Without IPv6 nobody calls these, but they have to be known. */
#if !IS_ENABLED(CONFIG_IPV6)
struct dst_entry *dst_cache_get_ip6(struct dst_cache *cache, struct in6_addr *source);
void dst_cache_set_ip6(struct dst_cache *cache, struct dst_entry *route, const struct in6_addr *source);
#endif

/* Our xmit needs no lock of the core's. To be called from the link's setup. */
static inline void wg_set_lltx(struct net_device *dev)
{
#ifdef WG_HAVE_DEV_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/*
 * WG_NEWLINK(name, link) defines rtnl_link_ops.newlink around
 * int link(struct net *net, struct net_device *dev, struct netlink_ext_ack *extack),
 * where @net is the namespace that the link begins in, for its socket.
 */
#ifdef WG_HAVE_NEWLINK_PARAMS
#define WG_NEWLINK(name, link)                                                                                  \
	static int name(struct net_device *dev, struct rtnl_newlink_params *params, struct netlink_ext_ack *extack) \
	{                                                                                                       \
		return link(rtnl_newlink_link_net(params), dev, extack);                                        \
	}
#else
#define WG_NEWLINK(name, link)                                                                                  \
	static int name(struct net *net, struct net_device *dev, struct nlattr *tb[], struct nlattr *data[],    \
			struct netlink_ext_ack *extack)                                                         \
	{                                                                                                       \
		return link(net, dev, extack);                                                                  \
	}
#endif

/*
 * WG_PERNET_EXIT(name, leave) defines the hook around void leave(struct net *net),
 * which is called under RTNL when a namespace ends, before anything in it is
 * freed; `.WG_PERNET_EXIT_HOOK = name` puts it into a struct pernet_operations.
 * Neither hook takes RTNL itself: the core has it for all namespaces at once.
 */
#if defined(WG_HAVE_EXIT_RTNL)
#define WG_PERNET_EXIT_HOOK exit_rtnl
#define WG_PERNET_EXIT(name, leave)                                    \
	static void name(struct net *net, struct list_head *dev_kill_list) \
	{                                                              \
		leave(net);                                            \
	}
#elif defined(WG_HAVE_EXIT_BATCH_RTNL)
#define WG_PERNET_EXIT_HOOK exit_batch_rtnl
#define WG_PERNET_EXIT(name, leave)                                               \
	static void name(struct list_head *exiting, struct list_head *dev_kill_list) \
	{                                                                         \
		struct net *net;                                                  \
		                                                                  \
		list_for_each_entry(net, exiting, exit_list)                      \
			leave(net);                                               \
	}
#else
#error "This kernel has no hook under RTNL for the end of a namespace. Stable 6.1 has one since 6.1.127."
#endif

#endif
