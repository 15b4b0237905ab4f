// SPDX-License-Identifier: GPL-2.0
/*
 * Large profiles on machines with large tables. Times are not asserted as
 * such: the work for ten times as much may be some ten times as long, and a
 * quadratic step would make it a hundred times.
 */
#include <time.h>

#include "unit/routes/make.h"

static uint64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* A permutation of 24 bits, so that nothing comes in order. */
static uint32_t mixed(uint32_t i)
{
	return (i * 0x9e3779u + 0x1234567u) & 0xffffff;
}

static struct wgc_prefix host(uint32_t i, uint8_t first)
{
	return (struct wgc_prefix){ .ip = { .family = AF_INET, .b = { first, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } },
				    .len = 32 };
}

static struct wgc_prefix host6(uint32_t i)
{
	return (struct wgc_prefix){
		.ip = { .family = AF_INET6, .b = { 0xfd, 1, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } },
		.len = 128
	};
}

/* CPU time in microseconds for a profile with @n allowed IPs of each family,
 * half as many exclusions and addresses, on a machine with 2 * @n routes. */
static uint64_t measure(size_t n)
{
	struct wgc_profile *p = profile();
	struct wgc_route *routes = calloc(2 * n, sizeof(*routes));
	struct wgc_routes_facts f = { .routes = routes, .n_routes = 2 * n };
	struct wgc_routes_desired d;
	uint64_t start;
	size_t want = 0;
	bool ordered = true;

	for (size_t i = 0; i < n; i++) {
		struct wgc_profile_peer *q = peer(p);
		struct wgc_allowed_ip *ips = wgc_arena_alloc(p->arena, 2 * sizeof(*ips));
		struct wgc_address *x;

		ips[0].prefix = host(mixed((uint32_t)i), 10);
		ips[1].prefix = host6(mixed((uint32_t)i));
		q->peer.allowed_ips = ips;
		q->peer.n_allowed_ips = 2;
		want += 2;
		if (i % 2)
			continue;
		x = wgc_arena_push(p->arena, &p->exclude_ips, &p->n_exclude_ips, &p->cap_exclude_ips, sizeof(*x));
		/* Every other one is one of the allowed IPs. */
		x->prefix = i % 4 ? host(mixed((uint32_t)i), 11) : host(mixed((uint32_t)i), 10);
		want += i % 4 ? 1 : 0;
		x = wgc_arena_push(p->arena, &p->addresses, &p->n_addresses, &p->cap_addresses, sizeof(*x));
		x->prefix = host6(mixed((uint32_t)i));
		x->prefix.ip.b[1] = 2;
	}
	for (size_t i = 0; i < 2 * n; i++) {
		routes[i].dst = host(mixed((uint32_t)i), (uint8_t)(i % 2 ? 12 : 10));
		routes[i].table = 51820 + (uint32_t)i % 60000;
		routes[i].type = RTN_UNICAST;
		routes[i].oif = 2;
	}
	start = cpu_us();
	is_int(wgc_routes_plan(p, &f, p->arena, &d, NULL), 0);
	start = cpu_us() - start;
	is_int(d.n_routes, want);
	ok(d.table >= 119000 && d.table < 120000);
	for (size_t i = 1; i < d.n_routes; i++)
		ordered = ordered && d.routes[i - 1].dst.len >= d.routes[i].dst.len;
	ok(ordered);
	free(routes);
	wgc_profile_free(p);
	printf("# %zu allowed IPs: %llu us\n", 2 * n, (unsigned long long)start);
	return start;
}

int main(void)
{
	uint64_t small = measure(5000), large = measure(50000);

	ok(large < 40 * small + 100000);
	return tap_done();
}
