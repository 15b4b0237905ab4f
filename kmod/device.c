// SPDX-License-Identifier: GPL-2.0
/*
 * device: the link, see device.h.
 * Locks: update_lock; the list of devices is covered by RTNL.
 */
#include "device.h"

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/suspend.h>
#include <net/addrconf.h>

#include "handshake.h"
#include "receive.h"
#include "send.h"
#include "skb.h"
#include "socket.h"

static LIST_HEAD(wg_devices);

/* ---- up and down ---------------------------------------------------------------------- */

static void wg_cells_start(struct wg_device *wg)
{
	for (unsigned int i = 0; i < wg->n_cells; i++)
		napi_enable(&wg->cells[i].napi);
}

/* Nothing is handed to the stack after this. */
static void wg_cells_stop(struct wg_device *wg)
{
	for (unsigned int i = 0; i < wg->n_cells; i++) {
		napi_disable(&wg->cells[i].napi);
		skb_queue_purge(&wg->cells[i].packets);
	}
}

static int wg_open(struct net_device *dev)
{
	struct in_device *dev4 = __in_dev_get_rtnl(dev);
	struct inet6_dev *dev6 = __in6_dev_get(dev);
	struct wg_device *wg = netdev_priv(dev);
	struct wg_peer *peer;
	int r;

	if (dev4) {
		/* What leaves where it came in is no reason for a redirect: one
		 * peer's way to another leads through here. "all" counts too. */
		IN_DEV_CONF_SET(dev4, SEND_REDIRECTS, false);
		IPV4_DEVCONF_ALL(dev_net(dev), SEND_REDIRECTS) = false;
	}
	if (dev6)
		dev6->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;

	mutex_lock(&wg->update_lock);
	/* A handshake that was under way when the link went down may have left a session;
	 * nothing of it comes in once there is a socket. */
	list_for_each_entry(peer, &wg->peers, of_device)
		wg_keypairs_clear(&peer->keypairs);
	wg_cells_start(wg);
	r = wg_socket_open(wg, wg->port);
	if (r) {
		wg_cells_stop(wg);
	} else {
		list_for_each_entry(peer, &wg->peers, of_device) {
			wg_send_staged(peer);
			if (peer->persistent_keepalive)
				wg_send_keepalive(peer);
		}
	}
	mutex_unlock(&wg->update_lock);
	return r;
}

static int wg_stop(struct net_device *dev)
{
	struct wg_device *wg = netdev_priv(dev);
	struct wg_peer *peer;

	mutex_lock(&wg->update_lock);
	wg_socket_close(wg);
	skb_queue_purge(&wg->handshakes);
	list_for_each_entry(peer, &wg->peers, of_device)
		wg_peer_stop(peer);
	flush_workqueue(wg->crypt_wq);
	wg_cells_stop(wg);
	mutex_unlock(&wg->update_lock);
	return 0;
}

static const struct net_device_ops wg_device_ops = {
	.ndo_open = wg_open,
	.ndo_stop = wg_stop,
	.ndo_start_xmit = wg_xmit,
	.ndo_get_stats64 = dev_get_tstats64,
};

bool wg_device_is_ours(const struct net_device *dev)
{
	return dev->netdev_ops == &wg_device_ops;
}

/* ---- parts ---------------------------------------------------------------------------- */

static int wg_cells_init(struct wg_device *wg)
{
	wg->cells = kvcalloc(num_possible_cpus(), sizeof(*wg->cells), GFP_KERNEL);
	if (!wg->cells)
		return -ENOMEM;
	wg->n_cells = num_possible_cpus();
	for (unsigned int i = 0; i < wg->n_cells; i++) {
		skb_queue_head_init(&wg->cells[i].packets);
		/* Nobody polls a tunnel busily: no entry in the core's hash. */
		set_bit(NAPI_STATE_NO_BUSY_POLL, &wg->cells[i].napi.state);
		netif_napi_add(wg->dev, &wg->cells[i].napi, wg_cell_poll);
	}
	return 0;
}

static void wg_cells_free(struct wg_device *wg)
{
	for (unsigned int i = 0; i < wg->n_cells; i++)
		__netif_napi_del(&wg->cells[i].napi);
	synchronize_net();
	kvfree(wg->cells);
	wg->cells = NULL;
}

/* No socket and no peers (any more); what still runs holds references, and ends here. */
static void wg_parts_free(struct wg_device *wg)
{
	if (wg->handshake_wq)
		destroy_workqueue(wg->handshake_wq);
	if (wg->crypt_wq)
		destroy_workqueue(wg->crypt_wq);
	wg_cells_free(wg);
	skb_queue_purge(&wg->handshakes);
	wg_workers_free(&wg->handshake_workers);
	wg_crypt_free(&wg->decrypt);
	wg_crypt_free(&wg->encrypt);
	wg_tables_free(&wg->tables);
	memzero_explicit(&wg->checker, sizeof(wg->checker));
	memzero_explicit(&wg->identity, sizeof(wg->identity));
}

static int wg_parts_init(struct wg_device *wg)
{
	int r = wg_tables_init(&wg->tables);

	if (r)
		return r;
	/* Whatever is missing below, wg_parts_free() knows it. */
	wg->crypt_wq = alloc_workqueue("wg-crypt-%s", WQ_CPU_INTENSIVE | WQ_MEM_RECLAIM, 0, wg->dev->name);
	wg->handshake_wq = alloc_workqueue("wg-handshake-%s", WQ_CPU_INTENSIVE | WQ_FREEZABLE, 0, wg->dev->name);
	if (!wg->crypt_wq || !wg->handshake_wq)
		r = -ENOMEM;
	wg->encrypt = (struct wg_crypt){
		.work = wg_encrypt_bundle, .leave = wg_send_bundle, .queue = offsetof(struct wg_peer, tx)
	};
	wg->decrypt = (struct wg_crypt){
		.work = wg_decrypt_bundle, .leave = wg_receive_bundle, .queue = offsetof(struct wg_peer, rx)
	};
	r = r ?: wg_crypt_init(&wg->encrypt, wg->crypt_wq);
	r = r ?: wg_crypt_init(&wg->decrypt, wg->crypt_wq);
	r = r ?: wg_workers_init(&wg->handshake_workers, wg->handshake_wq, wg_handshake_step, wg);
	r = r ?: wg_cells_init(wg);
	if (r)
		wg_parts_free(wg);
	return r;
}

/* ---- life ------------------------------------------------------------------------------ */

/* The core calls it when the link is in no list any more, without RTNL. */
static void wg_destruct(struct net_device *dev)
{
	struct wg_device *wg = netdev_priv(dev);

	rtnl_lock();
	list_del(&wg->of_module);
	rtnl_unlock();
	mutex_lock(&wg->update_lock);
	rcu_assign_pointer(wg->creating_net, NULL);
	wg->port = 0;
	wg_socket_close(wg);
	wg_peer_remove_all(wg);
	mutex_unlock(&wg->update_lock);
	wg_parts_free(wg);
	mutex_destroy(&wg->update_lock);
}

static const struct device_type wg_device_type = { .name = KBUILD_MODNAME };

static void wg_setup(struct net_device *dev)
{
	/* IPv6 and UDP outside, our header and the tag. */
	const unsigned int overhead = WG_DATA_LEN(0) + sizeof(struct udphdr) + sizeof(struct ipv6hdr);
	const netdev_features_t features = NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_SG | NETIF_F_FRAGLIST |
					   NETIF_F_GSO | NETIF_F_GSO_SOFTWARE | NETIF_F_HIGHDMA;
	struct wg_device *wg = netdev_priv(dev);

	dev->netdev_ops = &wg_device_ops;
	dev->header_ops = &ip_tunnel_header_ops;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->needed_headroom = WG_HEADROOM;
	dev->needed_tailroom = WG_PADDING + WG_TAG_LEN;
	dev->features |= features;
	dev->hw_features |= features;
	dev->hw_enc_features |= features;
	dev->mtu = ETH_DATA_LEN - overhead;
	dev->max_mtu = round_down(INT_MAX, WG_PADDING) - overhead;
	wg_set_lltx(dev);
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	SET_NETDEV_DEVTYPE(dev, &wg_device_type);
	/* For ICMP errors, which look up who is to get them. */
	netif_keep_dst(dev);

	memset(wg, 0, sizeof(*wg));
	wg->dev = dev;
}

static int wg_link(struct net *net, struct net_device *dev, struct netlink_ext_ack *extack)
{
	struct wg_device *wg = netdev_priv(dev);
	int r;

	mutex_init(&wg->update_lock);
	skb_queue_head_init(&wg->handshakes);
	INIT_LIST_HEAD(&wg->peers);
	wg->allowedips.lock = &wg->update_lock;
	wg_identity_init(&wg->identity);
	wg_cookie_checker_init(&wg->checker);
	r = wg_parts_init(wg);
	if (r) {
		NL_SET_ERR_MSG(extack, "not enough memory for a link");
		return r;
	}
	rcu_assign_pointer(wg->creating_net, net);
	r = register_netdevice(dev);
	if (r) {
		wg_parts_free(wg);
		return r;
	}
	list_add(&wg->of_module, &wg_devices);
	/* Only now: a link that could not be registered is freed by the core alone. */
	dev->priv_destructor = wg_destruct;
	dev->needs_free_netdev = true;
	return 0;
}

WG_NEWLINK(wg_newlink, wg_link)

static struct rtnl_link_ops wg_link_ops __read_mostly = {
	.kind = KBUILD_MODNAME,
	.priv_size = sizeof(struct wg_device),
	.setup = wg_setup,
	.newlink = wg_newlink,
};

/* ---- what happens to the machine ------------------------------------------------------- */

/* The namespace of the socket ends, the link may live on elsewhere: without a wire. */
static void wg_net_leaves(struct net *net)
{
	struct wg_device *wg;
	struct wg_peer *peer;

	list_for_each_entry(wg, &wg_devices, of_module) {
		if (rcu_access_pointer(wg->creating_net) != net)
			continue;
		rcu_assign_pointer(wg->creating_net, NULL);
		/* One that is deleted elsewhere at this moment has no work to be started any more. */
		if (wg->dev->reg_state == NETREG_REGISTERED)
			netif_carrier_off(wg->dev);
		mutex_lock(&wg->update_lock);
		wg_socket_close(wg);
		/* Routes that are kept would keep the namespace. */
		list_for_each_entry(peer, &wg->peers, of_device)
			wg_peer_clear_source(peer);
		mutex_unlock(&wg->update_lock);
	}
}

WG_PERNET_EXIT(wg_net_exit, wg_net_leaves)

static struct pernet_operations wg_net_ops = { .WG_PERNET_EXIT_HOOK = wg_net_exit };

static void wg_for_all_peers(void (*what)(struct wg_peer *peer))
{
	struct wg_device *wg;
	struct wg_peer *peer;

	rtnl_lock();
	list_for_each_entry(wg, &wg_devices, of_module) {
		mutex_lock(&wg->update_lock);
		list_for_each_entry(peer, &wg->peers, of_device)
			what(peer);
		mutex_unlock(&wg->update_lock);
	}
	rtnl_unlock();
}

static void wg_peer_forget(struct wg_peer *peer)
{
	wg_deadline_clear(&peer->timers.due, WG_DUE_ZERO_KEYS);
	wg_handshake_clear(peer);
	wg_keypairs_clear(&peer->keypairs);
}

/* An image of memory on a disk must not hold keys of sessions. */
static int wg_before_sleep(struct notifier_block *nb, unsigned long action, void *data)
{
	/* Systems that sleep between two packets keep their sessions. */
	if (IS_ENABLED(CONFIG_PM_AUTOSLEEP) || IS_ENABLED(CONFIG_PM_USERSPACE_AUTOSLEEP))
		return 0;
	if (action != PM_HIBERNATION_PREPARE && action != PM_SUSPEND_PREPARE)
		return 0;
	wg_for_all_peers(wg_peer_forget);
	rcu_barrier(); /* the last of them are wiped */
	return 0;
}

static struct notifier_block wg_pm_notifier = { .notifier_call = wg_before_sleep };

/* There is another one of us now, which must not use the same nonces. */
static int wg_vm_forked(struct notifier_block *nb, unsigned long action, void *data)
{
	wg_for_all_peers(wg_peer_expire);
	return 0;
}

static struct notifier_block wg_vm_notifier = { .notifier_call = wg_vm_forked };

int wg_device_module_init(void)
{
	int r = register_pm_notifier(&wg_pm_notifier);

	if (r)
		return r;
	r = register_random_vmfork_notifier(&wg_vm_notifier);
	if (r)
		goto pm;
	r = register_pernet_device(&wg_net_ops);
	if (r)
		goto vm;
	r = rtnl_link_register(&wg_link_ops);
	if (r)
		goto net;
	return 0;

net:
	unregister_pernet_device(&wg_net_ops);
vm:
	unregister_random_vmfork_notifier(&wg_vm_notifier);
pm:
	unregister_pm_notifier(&wg_pm_notifier);
	return r;
}

void wg_device_module_exit(void)
{
	rtnl_link_unregister(&wg_link_ops);
	unregister_pernet_device(&wg_net_ops);
	unregister_random_vmfork_notifier(&wg_vm_notifier);
	unregister_pm_notifier(&wg_pm_notifier);
	rcu_barrier();
}
