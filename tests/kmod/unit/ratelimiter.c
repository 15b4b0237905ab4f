// SPDX-License-Identifier: GPL-2.0
/* 20 a second, 5 in a burst; who counts as one source; bounds of the table. */
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "ratelimiter.h"
#include "unit/tap.h"

#define MS 1000000ULL

static const struct net *const net1 = (void *)0x1000, *const net2 = (void *)0x2000;
static const u8 v4[] = { 192, 0, 2, 1 };
static const u8 v6[] = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1 };

static int burst(const struct net *net, const u8 *from, size_t len)
{
	int n = 0;

	while (wg_ratelimiter_allow(net, from, len))
		n++;
	return n;
}

static void rate(void)
{
	int n = 0;

	is_int(burst(net1, v4, 4), 5);
	shim_now += 49 * MS;
	ok(!wg_ratelimiter_allow(net1, v4, 4));
	shim_now += 1 * MS;
	ok(wg_ratelimiter_allow(net1, v4, 4));
	ok(!wg_ratelimiter_allow(net1, v4, 4));

	/* What is refused costs nothing. */
	shim_now += 150 * MS;
	is_int(burst(net1, v4, 4), 3);
	shim_now += 3600 * 1000 * MS;
	is_int(burst(net1, v4, 4), 5);

	/* Ten seconds of asking every millisecond. */
	for (int i = 0; i < 10000; i++) {
		shim_now += MS;
		n += wg_ratelimiter_allow(net1, v4, 4);
	}
	is_int(n, 200);
}

static void sources(void)
{
	u8 other4[] = { 192, 0, 2, 2 }, other6[8], like4[8] = { 192, 0, 2, 3 };

	is_int(burst(net1, v6, 8), 5);
	is_int(burst(net2, v6, 8), 5);
	is_int(burst(net2, v4, 4), 5);
	is_int(burst(net1, other4, 4), 5);
	memcpy(other6, v6, 8);
	other6[7]++;
	is_int(burst(net1, other6, 8), 5);
	/* An IPv6 prefix that begins like an IPv4 address, with zeros after it. */
	is_int(burst(net1, like4, 4), 5);
	is_int(burst(net1, like4, 8), 5);
	ok(!wg_ratelimiter_allow(net1, other6, 8));
}

/* Also when they share a chain, as some of so many do. */
static void neighbours(void)
{
	int n = 0;

	for (unsigned int i = 0; i < 3000; i++) {
		u8 from[8] = { i, i >> 8 };

		if (i % 300 == 0) { /* make room */
			shim_now += 1000 * MS;
			shim_run_delayed_works();
		}
		n += burst((void *)(0x3000UL + i), v4, 4);
		n += burst(net1, from, 4);
		n += burst(net1, from, 8);
	}
	is_int(n, 3 * 3000 * 5);
}

/* The table takes 1024 sources here; full ones are forgotten and make room. */
static void bounds(void)
{
	int n = 0;

	shim_now += 1000 * MS;
	ok(shim_run_delayed_works() == 1);
	is_int(shim_run_delayed_works(), 0);
	for (int i = 0; i < 5000; i++) {
		u8 from[4] = { 10, 0, i >> 8, i };

		n += wg_ratelimiter_allow(net1, from, 4);
	}
	is_int(n, 1024);
	/* Whoever is in it is served still. */
	is_int(burst(net1, (u8[]){ 10, 0, 0, 0 }, 4), 4);
	ok(!wg_ratelimiter_allow(net1, v4, 4));

	/* All but the one that took four more have a full bucket just now; it has to wait. */
	shim_now += 50 * MS;
	is_int(shim_run_delayed_works(), 1);
	ok(wg_ratelimiter_allow(net1, v4, 4));
	is_int(shim_run_delayed_works(), 1);
	ok(wg_ratelimiter_allow(net1, (u8[]){ 10, 0, 0, 0 }, 4));
	ok(!wg_ratelimiter_allow(net1, (u8[]){ 10, 0, 0, 0 }, 4));
	rcu_barrier();
}

static void no_memory(void)
{
	u8 from[4] = { 172, 16, 0, 1 };

	shim_alloc_until_failure = 0;
	ok(!wg_ratelimiter_allow(net1, from, 4));
	shim_alloc_until_failure = -1;
	is_int(burst(net1, from, 4), 5);
}

int main(void)
{
	shim_ram_pages = 1000;
	shim_now = 1;
	shim_alloc_until_failure = 0;
	is_int(wg_ratelimiter_init(), -ENOMEM);
	shim_alloc_until_failure = -1;
	is_int(wg_ratelimiter_init(), 0);
	is_int(wg_ratelimiter_init(), 0);
	rate();
	sources();
	neighbours();
	wg_ratelimiter_exit();
	bounds();
	no_memory();
	wg_ratelimiter_exit();
	is_int(shim_run_delayed_works(), 0);

	/* A new life knows nothing of the old one. */
	is_int(wg_ratelimiter_init(), 0);
	is_int(burst(net1, v4, 4), 5);
	is_int(shim_run_delayed_works(), 1);
	wg_ratelimiter_exit();
	rcu_barrier();
	return tap_done();
}
