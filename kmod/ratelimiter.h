/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ratelimiter: 20 handshake messages a second and 5 in a burst for one source,
 * asked only under load and only after mac2 has proven the source. A source is
 * an IPv4 address or an IPv6 /64, in one network namespace. Shared by all devices.
 *
 * Locks: none. What a message changes is one atomic word.
 */
#ifndef WG_RATELIMITER_H
#define WG_RATELIMITER_H

#include <linux/types.h>

struct net;

int wg_ratelimiter_module_init(void);
void wg_ratelimiter_module_exit(void); /* after the last device */
/**
 * May @from send another one? @from is 4 bytes of IPv4 or the first 8 of an IPv6
 * address; @net is only compared.
 */
bool wg_ratelimiter_allow(const struct net *net, const u8 *from, size_t len);

#endif
