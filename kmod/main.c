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
#include <linux/module.h>

#include "netlink.h"
#include "ratelimiter.h"

/* In this order; out in the opposite one. */
static const struct {
	int (*in)(void);
	void (*out)(void);
} parts[] = {
	{ wg_ratelimiter_module_init, wg_ratelimiter_module_exit },
	{ wg_peer_module_init, wg_peer_module_exit },
	{ wg_device_module_init, wg_device_module_exit },
	{ wg_netlink_init, wg_netlink_exit },
};

static void leave(size_t n)
{
	while (n--)
		parts[n].out();
}

static int __init wg_enter(void)
{
	int r;

	wg_noise_init();
	for (size_t n = 0; n < ARRAY_SIZE(parts); n++) {
		r = parts[n].in();
		if (r) {
			leave(n);
			return r;
		}
	}
	return 0;
}

static void __exit wg_leave(void)
{
	leave(ARRAY_SIZE(parts));
}

module_init(wg_enter);
module_exit(wg_leave);
MODULE_LICENSE("GPL v2");
MODULE_DESCRIPTION("WireGuard, the tunnel that wgctl controls");
MODULE_ALIAS_RTNL_LINK(KBUILD_MODNAME);
MODULE_ALIAS_GENL_FAMILY(KBUILD_MODNAME);
