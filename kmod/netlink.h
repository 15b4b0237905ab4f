/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink: the generic netlink family "wireguard", version 1: what wg(8) and
 * every manager of networks speak. To the byte as the driver in the kernel
 * answers, and with a reason (extack) for every refusal. netlink.c has the
 * family, netlink_get.c the dump, netlink_set.c the changes.
 *
 * Locks: takes RTNL and the device's update lock; a dump takes them anew for each
 * part and keeps a reference to the peer where it stopped. The family's calls are
 * parallel: nobody else's netlink waits for a long change of ours.
 */
#ifndef WG_NETLINK_H
#define WG_NETLINK_H

#include "device.h"

int wg_netlink_init(void);
void wg_netlink_exit(void);

/* ---- between the three files ------------------------------------------------- */

extern struct genl_family wg_netlink_family;

/* The errno of a refusal, its reason, and which attribute is at fault (NULL: none of them). */
#define WG_REFUSE(extack, attr, error, message)             \
	({                                                  \
		NL_SET_ERR_MSG_ATTR(extack, attr, message); \
		(error);                                    \
	})

/** The link that a request is about, RTNL held. ERR_PTR(-EBADR, -ENODEV, -EOPNOTSUPP), the reason in @extack. */
struct wg_device *wg_netlink_device(struct net *net, struct nlattr **attrs, struct netlink_ext_ack *extack);

int wg_netlink_set(struct sk_buff *skb, struct genl_info *info);
int wg_netlink_get_start(struct netlink_callback *cb);
int wg_netlink_get(struct sk_buff *skb, struct netlink_callback *cb);
int wg_netlink_get_done(struct netlink_callback *cb);

#endif
