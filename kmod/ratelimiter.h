/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ratelimiter: 20 handshake messages a second and 5 in a burst for one source,
 * asked only under load and only after mac2 has proven the source. A source is
 * an IPv4 address or an IPv6 /64, in one network namespace. Shared by all devices.
 *
 * Locks: a spinlock for changes of the table, one in each entry; look-ups under RCU.
 */
#ifndef WG_RATELIMITER_H
#define WG_RATELIMITER_H

#include <linux/types.h>

struct net;

/** Counted: the first device sets it up, the last one takes it down. -ENOMEM. */
int wg_ratelimiter_init(void);
void wg_ratelimiter_exit(void);
/**
 * May @from send another one? @from is 4 bytes of IPv4 or the first 8 of an IPv6
 * address. False also when there is no memory: under load that is the answer.
 */
bool wg_ratelimiter_allow(const struct net *net, const u8 *from, size_t len);

#endif
