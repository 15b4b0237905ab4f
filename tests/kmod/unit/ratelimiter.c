// SPDX-License-Identifier: GPL-2.0
/* 20 a second, 5 in a burst; who counts as one source. */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

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

static bool each_has_its_own(void)
{
	u8 other4[] = { 192, 0, 2, 2 }, other6[8], like4[8] = { 192, 0, 2, 3 };

	memcpy(other6, v6, 8);
	other6[7]++;
	/* The last: an IPv6 prefix that begins like an IPv4 address, with zeros after it. */
	return burst(net1, v6, 8) == 5 && burst(net2, v6, 8) == 5 && burst(net1, v4, 4) == 5 && burst(net2, v4, 4) == 5 &&
	       burst(net1, other4, 4) == 5 && burst(net1, other6, 8) == 5 && burst(net1, like4, 4) == 5 &&
	       burst(net1, like4, 8) == 5 && !wg_ratelimiter_allow(net1, other6, 8);
}

/* By chance two of them share a bucket once in forty times; not four times in a row. */
static void sources(void)
{
	bool good = false;

	for (int i = 0; i < 4 && !good; i++) {
		wg_ratelimiter_module_exit();
		is_int(wg_ratelimiter_module_init(), 0);
		good = each_has_its_own();
	}
	ok(good);
}

/* There are 1024 buckets here: some share one, none gets more than its own. */
static void neighbours(void)
{
	int n = 0, most = 0;

	shim_now += 1000 * MS;
	for (unsigned int i = 0; i < 100; i++) {
		u8 from[4] = { 10, 1, 0, i };
		int got = burst(net1, from, 4);

		n += got;
		most = got > most ? got : most;
	}
	is_int(most, 5);
	ok(n > 400);

	shim_now += 1000 * MS;
	n = 0;
	for (int i = 0; i < 50000; i++) {
		u8 from[4] = { 10, 2, i >> 8, i };

		n += wg_ratelimiter_allow(net1, from, 4);
	}
	ok(n > 5 * 1024 * 9 / 10 && n <= 5 * 1024);
}

int main(void)
{
	shim_ram_pages = 1000;
	shim_now = 1;
	shim_alloc_until_failure = 0;
	is_int(wg_ratelimiter_module_init(), -ENOMEM);
	shim_alloc_until_failure = -1;
	is_int(wg_ratelimiter_module_init(), 0);
	rate();
	sources();
	neighbours();
	wg_ratelimiter_module_exit();

	/* A new life knows nothing of the old one. */
	is_int(wg_ratelimiter_module_init(), 0);
	is_int(burst(net1, v4, 4), 5);
	wg_ratelimiter_module_exit();
	return tap_done();
}
