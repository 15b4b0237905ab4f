// SPDX-License-Identifier: GPL-2.0
/*
 * main: the module. Locks: none.
 *
 * Where things are, slow road and fast path apart:
 *
 *   configuration   netlink*.c -> device.c, peer.c -> tables.c, allowedips.c
 *   handshakes      socket.c -> receive.c -> handshake.c -> cookie.c, ratelimiter.c, noise.c
 *   packets out     send.c -> queue.c (encryption) -> send.c -> socket.c
 *   packets in      socket.c -> receive.c -> queue.c (decryption) -> receive.c, replay.c
 *   time            timers.c
 */
#include <linux/init.h>
#include <linux/module.h>

#include "allowedips.h"
#include "device.h"
#include "netlink.h"
#include "noise.h"
#include "peer.h"

static int __init wg_module_init(void)
{
	int r = wg_allowedips_module_init();

	if (r)
		return r;
	wg_noise_init();
	r = wg_peer_module_init();
	if (r)
		goto allowedips;
	r = wg_device_module_init();
	if (r)
		goto peer;
	r = wg_netlink_init();
	if (r)
		goto device;
	return 0;

device:
	wg_device_module_exit();
peer:
	wg_peer_module_exit();
allowedips:
	wg_allowedips_module_exit();
	return r;
}

static void __exit wg_module_exit(void)
{
	wg_netlink_exit();
	wg_device_module_exit();
	wg_peer_module_exit();
	wg_allowedips_module_exit();
}

module_init(wg_module_init);
module_exit(wg_module_exit);
MODULE_LICENSE("GPL v2");
MODULE_DESCRIPTION("WireGuard, the tunnel that wgctl controls");
MODULE_ALIAS_RTNL_LINK(WG_GENL_NAME);
MODULE_ALIAS_GENL_FAMILY(WG_GENL_NAME);
