/* SPDX-License-Identifier: GPL-2.0 */
/*
 * device: a network link of kind "wireguard", its life, and the network
 * namespaces that it touches: the one it is in, and the one that it was made in,
 * where its socket stays.
 *
 * Locks, outer to inner: RTNL, update_lock (mutex: configuration), identity.lock,
 * handshake locks; wg_devices is covered by RTNL.
 */
#ifndef WG_DEVICE_H
#define WG_DEVICE_H

#include "allowedips.h"
#include "compat.h"
#include "peer.h"
#include "tables.h"

#define WG_CELL_PACKETS 4096

/* Packets from peers on their way to the stack; a peer's always take the same. */
struct wg_cell {
	struct napi_struct napi;
	struct sk_buff_head packets;
};

struct wg_device {
	struct net_device *dev;
	struct wg_crypt encrypt, decrypt;
	struct sock __rcu *sock4, *sock6;
	struct net __rcu *creating_net; /* no reference: it may die before us */
	struct wg_allowedips allowedips;
	struct wg_tables tables;
	struct wg_cell *cells;
	unsigned int n_cells;
	u32 fwmark;
	u16 port;

	struct wg_identity identity;
	struct wg_cookie_checker checker;
	struct workqueue_struct *crypt_wq;     /* a worker for each processor */
	struct workqueue_struct *handshake_wq; /* may sleep: Diffie-Hellman, locks */
	struct wg_workers handshake_workers;
	struct sk_buff_head handshakes;	/* messages that wait for them */
	unsigned long under_load_until; /* jiffies; 0: we are not */

	struct mutex update_lock; /* peers, allowed IPs, keys, socket */
	struct list_head peers;
	unsigned int n_peers;
	unsigned int generation; /* of the peers: a dump tells whether it changed */
	struct list_head of_module;
};

int wg_device_module_init(void);
void wg_device_module_exit(void);
/** Is this one of ours? */
bool wg_device_is_ours(const struct net_device *dev);

#endif
