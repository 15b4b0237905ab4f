/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink: the generic netlink family "wireguard", version 1: what wg(8) and
 * every manager of networks speak. To the byte as the driver in the kernel
 * answers, and with a reason (extack) for every refusal.
 *
 * Locks: takes RTNL and the device's update lock; a dump takes them anew for each
 * part and keeps a reference to the peer where it stopped.
 */
#ifndef WG_NETLINK_H
#define WG_NETLINK_H

int wg_netlink_init(void);
void wg_netlink_exit(void);

#endif
