// SPDX-License-Identifier: GPL-2.0
/*
 * netlink against the kernel of this machine, in a network namespace of its
 * own that ends with the process. Needs root.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netlink/netlink.h"
#include "unit/tap.h"

#define N 10000

static struct wgc_nl *nl;
static struct wgc_arena *arena;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A call that should succeed: says why it did not. */
static bool went(int r, const struct wgc_err *err, const char *file, int line, const char *what)
{
	tap_ok(!r, file, line, what);
	if (r)
		printf("# %d: %s; kernel: %s; hint: %s\n", r, err->msg, err->kernel, err->hint);
	return !r;
}
#define works(call) (err = (struct wgc_err)WGC_ERR_INIT, went((call), &err, __FILE__, __LINE__, #call))
#define fails(call, errno_, code_)                                                     \
	do {                                                                           \
		err = (struct wgc_err)WGC_ERR_INIT;                                    \
		is_int((call), -(errno_));                                             \
		is_int(err.code, (code_));                                             \
		is_int(err.sys, (errno_));                                             \
		printf("# %s; kernel: %s; hint: %s\n", err.msg, err.kernel, err.hint); \
	} while (0)

static struct wgc_prefix prefix(const char *s)
{
	struct wgc_prefix p = { 0 };

	ok(!wgc_prefix_parse(s, &p));
	return p;
}

static uint32_t links(void)
{
	struct wgc_err err;
	struct wgc_link l = { 0 }, *v = NULL;
	uint32_t index = 0;
	uint64_t before;
	size_t n = 0;
	bool seen = false;

	works(wgc_nl_link_create(nl, "bench0", "veth", "profile \"a\"", &index, &err));
	works(wgc_nl_link_get(nl, "bench0", &l, &err));
	is_int(l.ifindex, index);
	is_str(l.ifname, "bench0");
	is_str(l.kind, "veth");
	is_str(l.alias, "profile \"a\"");
	is_int(l.mtu, 1500);
	ok(!(l.flags & IFF_UP));

	works(wgc_nl_link_set(nl, index, 1420, "b", true, &err));
	works(wgc_nl_link_get(nl, "bench0", &l, &err));
	is_int(l.mtu, 1420);
	is_str(l.alias, "b");
	ok(l.flags & IFF_UP);
	works(wgc_nl_link_set(nl, index, 0, NULL, false, &err));
	works(wgc_nl_link_get(nl, "bench0", &l, &err));
	is_int(l.mtu, 1420);
	is_str(l.alias, "b");
	ok(!(l.flags & IFF_UP));

	fails(wgc_nl_link_create(nl, "bench0", "veth", NULL, &index, &err), EEXIST, WGC_E_EXISTS);
	fails(wgc_nl_link_create(nl, "bench1", "no-such-kind", NULL, &index, &err), EOPNOTSUPP, WGC_E_UNSUPPORTED);
	ok(err.kernel[0]); /* "Unknown device type", in the kernel's own words */
	fails(wgc_nl_link_get(nl, "bench1", &l, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_nl_link_get(nl, "a-name-of-31-characters-is-wrong", &l, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_nl_link_set(nl, index, 5, NULL, true, &err), EINVAL, WGC_E_KERNEL);
	fails(wgc_nl_link_delete(nl, 4242, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_nl_link_delete(nl, 0, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_nl_link_delete(nl, UINT32_MAX, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_nl_link_set(nl, UINT32_MAX, 1400, NULL, true, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_nl_link_set(nl, 4242, 1400, NULL, true, &err), ENODEV, WGC_E_NOT_UP);

	before = wgc_nl_changes(nl);
	works(wgc_nl_link_list(nl, arena, &v, &n, &err));
	is_int(wgc_nl_changes(nl), before);
	for (size_t i = 0; i < n; i++)
		seen |= v[i].ifindex == index && !strcmp(v[i].kind, "veth") && v[i].mtu == 1420;
	ok(seen);
	ok(n >= 3); /* lo, the pair */
	return index;
}

static void addresses(uint32_t index)
{
	struct wgc_ifaddr v[] = {
		{ .prefix = prefix("10.8.0.2/24"), .ifindex = index, .at = { .line = 1 } },
		{ .prefix = prefix("fd00::2/64"), .ifindex = index, .at = { .line = 2 } },
		{ .prefix = prefix("10.8.0.2/24"), .ifindex = index, .at = { .line = 3 } },
		{ .prefix = prefix("10.8.1.2/32"), .ifindex = index, .at = { .line = 4 } },
	};
	int results[4] = { 9, 9, 9, 9 };
	struct wgc_ifaddr *got = NULL;
	struct wgc_err err;
	size_t n = 0, found = 0;

	fails(wgc_nl_addrs_add(nl, v, 4, 0, results, &err), EEXIST, WGC_E_EXISTS);
	is_int(err.at.line, 3);
	is_int(results[0], 0);
	is_int(results[1], 0);
	is_int(results[2], -EEXIST);
	is_int(results[3], 0);
	works(wgc_nl_addrs_add(nl, v, 4, -EEXIST, results, &err));
	is_int(results[3], -EEXIST);
	works(wgc_nl_addr_list(nl, index, arena, &got, &n, &err));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < 4; k++)
			found += k != 2 && got[i].ifindex == index && wgc_prefix_equal(&got[i].prefix, &v[k].prefix);
	is_int(found, 3);
	works(wgc_nl_addr_list(nl, 0, arena, &got, &n, &err));
	ok(n >= 3);
	works(wgc_nl_addrs_delete(nl, v + 3, 1, 0, NULL, &err));
	fails(wgc_nl_addrs_delete(nl, v + 3, 1, 0, NULL, &err), EADDRNOTAVAIL, WGC_E_NOT_FOUND);
	works(wgc_nl_addrs_delete(nl, v + 3, 1, -EADDRNOTAVAIL, NULL, &err));
}

static bool same(const struct wgc_route *a, const struct wgc_route *b)
{
	return wgc_prefix_equal(&a->dst, &b->dst) && a->table == b->table && a->oif == b->oif && a->metric == b->metric &&
	       a->mtu == b->mtu && a->type == b->type && a->protocol == b->protocol && a->scope == b->scope;
}

static void one_of_each_route(uint32_t index)
{
	struct wgc_route v[] = {
		{ .dst = prefix("192.168.7.0/24"), .table = RT_TABLE_MAIN, .oif = index, .mtu = 1300, .type = RTN_UNICAST,
		  .protocol = WGC_RTPROT, .scope = RT_SCOPE_LINK },
		{ .dst = prefix("0.0.0.0/0"), .table = 51820, .oif = index, .type = RTN_UNICAST, .protocol = WGC_RTPROT,
		  .scope = RT_SCOPE_LINK, .at = { .line = 7 } },
		{ .dst = prefix("10.99.0.0/16"), .table = 51820, .type = RTN_THROW, .protocol = WGC_RTPROT },
		{ .dst = prefix("::/0"), .table = 51820, .oif = index, .metric = 77, .type = RTN_UNICAST,
		  .protocol = WGC_RTPROT },
		{ .dst = prefix("fd01::/32"), .table = 200, .oif = index, .metric = 1024, .type = RTN_UNICAST,
		  .protocol = WGC_RTPROT },
	};
	struct wgc_route *got = NULL, found;
	struct wgc_err err;
	struct wgc_ip ip;
	int results[5];
	size_t n = 0, equal = 0;

	works(wgc_nl_routes_add(nl, v, 5, 0, results, &err));
	fails(wgc_nl_routes_add(nl, v, 5, 0, results, &err), EEXIST, WGC_E_EXISTS);
	works(wgc_nl_routes_add(nl, v, 5, -EEXIST, NULL, &err));
	works(wgc_nl_route_list(nl, 0, 0, arena, &got, &n, &err));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < 5; k++)
			equal += same(&got[i], &v[k]);
	is_int(equal, 5);
	works(wgc_nl_route_list(nl, 0, 51820, arena, &got, &n, &err));
	is_int(n, 3);
	works(wgc_nl_route_list(nl, AF_INET6, 51820, arena, &got, &n, &err));
	is_int(n, 1);
	works(wgc_nl_route_list(nl, 0, 54321, arena, &got, &n, &err)); /* never used: empty */
	is_int(n, 0);

	ok(!wgc_ip_parse("192.168.7.9", &ip));
	works(wgc_nl_route_lookup(nl, &ip, 0, &found, &err));
	is_int(found.oif, index);
	is_int(found.mtu, 1300);
	ok(!wgc_ip_parse("10.8.0.9", &ip));
	works(wgc_nl_route_lookup(nl, &ip, 0x123, &found, &err));
	is_int(found.oif, index);
	is_int(found.mtu, 1420); /* the link's */
	ok(!wgc_ip_parse("fd00::9", &ip));
	works(wgc_nl_route_lookup(nl, &ip, 0, &found, &err));
	is_int(found.oif, index);
	is_int(found.mtu, 1420);
	ok(!wgc_ip_parse("8.8.8.8", &ip));
	fails(wgc_nl_route_lookup(nl, &ip, 0, &found, &err), ENETUNREACH, WGC_E_NOT_FOUND);

	works(wgc_nl_routes_delete(nl, v, 5, 0, NULL, &err));
	fails(wgc_nl_routes_delete(nl, v, 5, 0, results, &err), ESRCH, WGC_E_NOT_FOUND);
	works(wgc_nl_routes_delete(nl, v, 5, -ESRCH, NULL, &err));

	v[1].oif = 4242;
	fails(wgc_nl_routes_add(nl, v + 1, 1, 0, results, &err), ENODEV, WGC_E_NOT_UP);
	is_int(err.at.line, 7);
	v[1].oif = index;
	v[1].dst = prefix("10.1.2.3/8"); /* host bits */
	fails(wgc_nl_routes_add(nl, v + 1, 1, 0, results, &err), EINVAL, WGC_E_KERNEL);
	ok(err.kernel[0]);
}

static void many_routes(uint32_t index)
{
	struct wgc_route *v = calloc(N, sizeof(*v)), *got = NULL;
	int *results = calloc(N, sizeof(*results));
	double t0, t1, t2, t3, t4;
	struct wgc_err err;
	size_t n = 0;
	int sum = 0;

	for (uint32_t i = 0; i < N; i++) {
		v[i].dst = (struct wgc_prefix){ .ip = { .family = AF_INET, .b = { 20, i >> 8, i & 255, 0 } }, .len = 24 };
		v[i].table = 51820;
		v[i].oif = index;
		v[i].type = RTN_UNICAST;
		v[i].scope = RT_SCOPE_LINK;
		v[i].protocol = WGC_RTPROT;
		v[i].at.line = i + 1;
	}
	t0 = now();
	works(wgc_nl_routes_add(nl, v, N, 0, results, &err));
	t1 = now();
	works(wgc_nl_route_list(nl, AF_INET, 51820, arena, &got, &n, &err));
	t2 = now();
	is_int(n, N);
	is_int(wgc_nl_routes_add(nl, v, N, -EEXIST, results, &err), 0);
	t3 = now();
	for (size_t i = 0; i < N; i++)
		sum += results[i] == -EEXIST;
	is_int(sum, N);
	/* A failure in the middle stops nothing. */
	works(wgc_nl_routes_delete(nl, v + 5000, 1, 0, NULL, &err));
	t4 = now();
	fails(wgc_nl_routes_delete(nl, v, N, 0, results, &err), ESRCH, WGC_E_NOT_FOUND);
	printf("# %d routes: add %.1f ms, list %.1f ms, add again (all EEXIST) %.1f ms, delete %.1f ms\n", N, (t1 - t0) * 1e3,
	       (t2 - t1) * 1e3, (t3 - t2) * 1e3, (now() - t4) * 1e3);
	is_int(err.at.line, 5001);
	works(wgc_nl_route_list(nl, 0, 51820, arena, &got, &n, &err));
	is_int(n, 0);
	free(v);
	free(results);
}

static const struct wgc_rule *find(const struct wgc_rule *v, size_t n, uint32_t priority)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].priority == priority)
			return &v[i];
	return NULL;
}

static void rules(uint8_t family)
{
	struct wgc_rule mark = {
		.family = family, .invert = true, .action = FR_ACT_TO_TBL, .protocol = RTPROT_KERNEL, .priority = 31000,
		.has_priority = true, .table = 51820, .fwmark = 0xca6c, .fwmask = UINT32_MAX, .suppress_prefixlen = -1,
		.at = { .line = 12 },
	};
	struct wgc_rule masked = {
		.family = family, .action = FR_ACT_TO_TBL, .protocol = RTPROT_KERNEL, .priority = 31001, .has_priority = true,
		.table = 200, .fwmark = 0x100, .fwmask = 0xf00, .suppress_prefixlen = -1,
	};
	struct wgc_rule suppress = {
		.family = family, .action = FR_ACT_TO_TBL, .protocol = RTPROT_KERNEL, .table = RT_TABLE_MAIN,
	};
	const struct wgc_rule *r;
	struct wgc_rule *v = NULL;
	struct wgc_err err;
	size_t n = 0, before = 0;

	works(wgc_nl_rule_list(nl, family, arena, &v, &before, &err));
	works(wgc_nl_rule_add(nl, &mark, &err));
	works(wgc_nl_rule_add(nl, &masked, &err));
	works(wgc_nl_rule_add(nl, &suppress, &err));
	fails(wgc_nl_rule_add(nl, &mark, &err), EEXIST, WGC_E_EXISTS);
	is_int(err.at.line, 12);
	works(wgc_nl_rule_list(nl, family, arena, &v, &n, &err));
	is_int(n, before + 3);
	r = find(v, n, 31000);
	ok(r && r->invert && !r->other && r->protocol == RTPROT_KERNEL && r->table == 51820 && r->fwmark == 0xca6c &&
	   r->fwmask == UINT32_MAX && r->suppress_prefixlen == -1 && r->action == FR_ACT_TO_TBL && r->family == family);
	r = find(v, n, 31001);
	ok(r && !r->invert && !r->other && r->table == 200 && r->fwmark == 0x100 && r->fwmask == 0xf00);
	r = find(v, n, 30999); /* the kernel's choice: in front of the lowest */
	ok(r && r->suppress_prefixlen == 0 && r->table == RT_TABLE_MAIN && !r->fwmask && !r->other);
	/* The kernel looks neither at "not" nor at who made a rule when it
	 * looks for one to delete; we must not take another's away. */
	masked.invert = true;
	fails(wgc_nl_rule_delete(nl, &masked, &err), ENOENT, WGC_E_NOT_FOUND);
	masked.invert = false;
	masked.protocol = 77;
	fails(wgc_nl_rule_delete(nl, &masked, &err), ENOENT, WGC_E_NOT_FOUND);
	masked.protocol = RTPROT_KERNEL;
	works(wgc_nl_rule_delete(nl, &mark, &err));
	works(wgc_nl_rule_delete(nl, &masked, &err));
	works(wgc_nl_rule_delete(nl, &suppress, &err));
	fails(wgc_nl_rule_delete(nl, &mark, &err), ENOENT, WGC_E_NOT_FOUND);
	works(wgc_nl_rule_list(nl, family, arena, &v, &n, &err));
	is_int(n, before);
}

static void other_rules(void)
{
	struct wgc_rule *v = NULL;
	const struct wgc_rule *r;
	struct wgc_err err;
	size_t n = 0;

	if (system("ip rule add from 10.0.0.0/8 iif lo lookup 9 priority 500 && "
		   "ip rule add ipproto udp dport 53 lookup 9 priority 501 && "
		   "ip -6 rule add fwmark 5 lookup 9 priority 502")) {
		printf("# ip(8) cannot add rules here\n");
		return;
	}
	works(wgc_nl_rule_list(nl, 0, arena, &v, &n, &err));
	r = find(v, n, 500);
	ok(r && r->other);
	r = find(v, n, 501);
	ok(r && r->other);
	r = find(v, n, 502);
	ok(r && !r->other && r->family == AF_INET6 && r->fwmark == 5 && r->fwmask == UINT32_MAX);
}

static void wireguard(void)
{
	struct wgc_device d = { .ifname = "bench0", .flags = WGC_DEVICE_HAS_FWMARK, .fwmark = 1 }, *got;
	struct wgc_err err;
	char **names = NULL;
	size_t n = 99;

	works(wgc_wg_list(nl, arena, &names, &n, &err));
	for (size_t i = 0; i < n; i++)
		ok(strcmp(names[i], "bench0"));
	/* With the module or without, a veth is not a WireGuard device. */
	fails(wgc_wg_get(nl, "bench0", arena, &got, &err), EOPNOTSUPP, WGC_E_NOT_UP);
	is_int(wgc_wg_set(nl, &d, &err), -EOPNOTSUPP);
	fails(wgc_wg_get(nl, "nothing0", arena, &got, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_wg_get(nl, "a/b", arena, &got, &err), ENODEV, WGC_E_NOT_UP);
	fails(wgc_wg_get(nl, "", arena, &got, &err), ENODEV, WGC_E_NOT_UP);
}

/* ---- real WireGuard devices ------------------------------------------------------------ */

#define PEERS 2000

static struct wgc_key numbered_key(uint32_t n)
{
	struct wgc_key k = { .b = { 0xee } };

	memcpy(k.b + 1, &n, sizeof(n));
	return k;
}

/* The whole device read back: each peer with its allowed IPs, whatever the order. */
static void is_there(const struct wgc_device *want)
{
	struct wgc_device *got = NULL;
	struct wgc_err err;
	size_t equal = 0, ips = 0, want_ips = 0;
	double t = now();

	if (!works(wgc_wg_get(nl, want->ifname, arena, &got, &err)))
		return;
	printf("# %zu peers read in %.1f ms\n", got->n_peers, (now() - t) * 1e3);
	is_int(got->n_peers, want->n_peers);
	is_int(got->fwmark, want->fwmark);
	ok(got->flags & WGC_DEVICE_HAS_PUBLIC_KEY);
	for (size_t i = 0; i < want->n_peers; i++) {
		const struct wgc_peer *w = &want->peers[i];
		/* The kernel lists the newest first; look there, then everywhere. */
		struct wgc_peer *g = i < got->n_peers ? &got->peers[got->n_peers - 1 - i] : NULL;

		if (!g || !wgc_key_equal(&g->public_key, &w->public_key))
			g = i < got->n_peers && wgc_key_equal(&got->peers[i].public_key, &w->public_key) ?
				    &got->peers[i] :
				    wgc_device_find_peer(got, &w->public_key);
		if (!g)
			continue;
		equal += g->keepalive == w->keepalive && g->n_allowed_ips == w->n_allowed_ips &&
			 wgc_key_equal(&g->preshared_key, &w->preshared_key) &&
			 g->endpoint.sa.sa_family == w->endpoint.sa.sa_family;
		want_ips += w->n_allowed_ips;
		for (uint32_t k = 0; k < w->n_allowed_ips; k++)
			for (uint32_t m = 0; m < g->n_allowed_ips; m++)
				ips += wgc_prefix_equal(&g->allowed_ips[m].prefix, &w->allowed_ips[k].prefix);
	}
	is_int(equal, want->n_peers);
	is_int(ips, want_ips);
}

static void real_wireguard(void)
{
	struct wgc_device d = { .ifname = "wglive0", .flags = WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_LISTEN_PORT |
							       WGC_DEVICE_HAS_FWMARK | WGC_DEVICE_REPLACE_PEERS };
	struct wgc_device second = { .ifname = "wglive1", .flags = WGC_DEVICE_HAS_LISTEN_PORT, .listen_port = 51820,
				     .listen_port_at = { .line = 5 } };
	struct wgc_device *got = NULL;
	struct wgc_peer *peers;
	struct wgc_allowed_ip *ips, *big;
	uint32_t index, index1;
	struct wgc_err err = WGC_ERR_INIT;
	char **names;
	size_t n = 0;
	double t;

	if (wgc_nl_link_create(nl, "wglive0", "wireguard", "a profile", &index, &err)) {
		printf("ok %d - WireGuard devices # SKIP elsewhere: in guests, whose kernels have it (%s)\n", ++tap_n, err.msg);
		return;
	}
	works(wgc_nl_link_create(nl, "wglive1", "wireguard", NULL, &index1, &err));
	works(wgc_wg_list(nl, arena, &names, &n, &err));
	is_int(n, 2);
	peers = calloc(PEERS, sizeof(*peers));
	ips = calloc(PEERS * 3, sizeof(*ips));
	for (uint32_t i = 0; i < PEERS; i++) {
		for (int k = 0; k < 3; k++)
			ips[i * 3 + k].prefix = (struct wgc_prefix){
				.ip = { .family = AF_INET6, .b = { 0xfd, (uint8_t)k, i >> 8, i & 255 } }, .len = 40 + 8 * k };
		peers[i] = (struct wgc_peer){ .public_key = numbered_key(i), .flags = WGC_PEER_HAS_KEEPALIVE, .keepalive = i % 99,
					      .allowed_ips = ips + i * 3, .n_allowed_ips = 3 };
		/* /40 would swallow the bits that tell them apart. */
		ips[i * 3].prefix.len = 56;
		if (i % 2) {
			peers[i].flags |= WGC_PEER_HAS_PRESHARED_KEY;
			peers[i].preshared_key = numbered_key(~i);
		} else {
			peers[i].endpoint.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(9),
								      .sin_addr.s_addr = htonl(0x7f000001) };
		}
	}
	ok(!wgc_key_generate(&d.private_key, true));
	d.listen_port = 51820;
	d.fwmark = 0xca6c;
	d.peers = peers;
	d.n_peers = PEERS;
	t = now();
	works(wgc_wg_set(nl, &d, &err));
	printf("# %d peers set in %.1f ms\n", PEERS, (now() - t) * 1e3);
	is_there(&d);
	works(wgc_wg_get(nl, "wglive0", arena, &got, &err));
	ok(got && wgc_key_equal(&got->private_key, &d.private_key));
	is_int(got->listen_port, 51820);
	is_int(got->ifindex, index);

	/* The port is somebody else's. */
	works(wgc_nl_link_set(nl, index, 0, NULL, true, &err));
	works(wgc_nl_link_set(nl, index1, 0, NULL, true, &err));
	fails(wgc_wg_set(nl, &second, &err), EADDRINUSE, WGC_E_KERNEL);
	is_int(err.at.line, 5);

	/* One peer with more allowed IPs than a message holds, twice: replaced, not added to. */
	big = calloc(5000, sizeof(*big));
	for (uint32_t i = 0; i < 5000; i++)
		big[i].prefix = (struct wgc_prefix){ .ip = { .family = AF_INET, .b = { 10, i >> 8, i & 255 } }, .len = 24 };
	peers[0].allowed_ips = big;
	peers[0].n_allowed_ips = 5000;
	peers[0].flags |= WGC_PEER_REPLACE_ALLOWED_IPS;
	d.n_peers = 1;
	works(wgc_wg_set(nl, &d, &err));
	is_there(&d);
	d.flags = WGC_DEVICE_HAS_FWMARK;
	works(wgc_wg_set(nl, &d, &err));
	is_there(&d);

	/* Only an update: a peer that is not there does not come. */
	peers[1].flags |= WGC_PEER_UPDATE_ONLY;
	peers[1].allowed_ips = big;
	peers[1].n_allowed_ips = 5000;
	d.n_peers = 2;
	works(wgc_wg_set(nl, &d, &err));
	d.n_peers = 1;
	is_there(&d);

	/* A single allowed IP goes: new kernels do it, old ones say so. */
	big[0].remove = true;
	peers[0].flags = 0;
	peers[0].n_allowed_ips = 1;
	if (wgc_wg_set(nl, &d, &err)) {
		ok(strstr(err.hint, "6.16"));
		printf("# %s; kernel: %s; hint: %s\n", err.msg, err.kernel, err.hint);
	} else {
		peers[0].allowed_ips = big + 1;
		peers[0].n_allowed_ips = 4999;
		peers[0].keepalive = 0;
		is_there(&d);
	}
	peers[0].flags = WGC_PEER_REMOVE;
	works(wgc_wg_set(nl, &d, &err));
	works(wgc_wg_get(nl, "wglive0", arena, &got, &err));
	is_int(got->n_peers, 0);
	works(wgc_nl_link_delete(nl, index, &err));
	fails(wgc_wg_get(nl, "wglive0", arena, &got, &err), ENODEV, WGC_E_NOT_UP);
	works(wgc_nl_link_delete(nl, index1, &err));
	free(peers);
	free(ips);
	free(big);
}

int main(void)
{
	struct wgc_err err = WGC_ERR_INIT;
	uint32_t index;

	if (geteuid()) {
		printf("1..0 # SKIP needs root\n");
		return 0;
	}
	if (unshare(CLONE_NEWNET)) {
		printf("1..0 # SKIP no network namespaces here\n");
		return 0;
	}
	arena = wgc_arena_new();
	if (!works(wgc_nl_open(NULL, &nl, &err)))
		return tap_done();
	index = links();
	works(wgc_nl_link_set(nl, index, 0, NULL, true, &err));
	/* Routes want a carrier on the other end for look-ups. */
	works(wgc_nl_link_set(nl, index - 1, 0, NULL, true, &err));
	addresses(index);
	one_of_each_route(index);
	many_routes(index);
	rules(AF_INET);
	rules(AF_INET6);
	other_rules();
	wireguard();
	real_wireguard();
	works(wgc_nl_link_delete(nl, index, &err));
	is_int(wgc_nl_link_delete(nl, index, &err), -ENODEV);
	nl = wgc_nl_close(nl);
	arena = wgc_arena_free(arena);
	return tap_done();
}
