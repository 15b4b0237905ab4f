// SPDX-License-Identifier: GPL-2.0
/* From a profile and facts to everything that `up` wants of routing. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "routes/internal.h"

#define TUNNEL_OVERHEAD 80
#define USUAL_MTU 1500
#define IPV6_MIN_MTU 1280
#define IPV4_MIN_MTU 576
#define LAST_METRIC 0x7fffffff

uint32_t wgc_routes_mtu(uint32_t path_mtu)
{
	if (!path_mtu)
		path_mtu = USUAL_MTU;
	return path_mtu < IPV4_MIN_MTU + TUNNEL_OVERHEAD ? IPV4_MIN_MTU : path_mtu - TUNNEL_OVERHEAD;
}

/* What one family of the profile asks for. */
struct family {
	bool policy;	   /* mark, rules, a table of its own */
	bool everything;   /* ... and that table gets all prefixes, not only /0 */
	bool closed;	   /* ... and one unreachable default route instead */
	struct wgc_span at; /* who asked for the policy */
};

/* A plan in the making. */
struct work {
	const struct wgc_profile *p;
	const struct wgc_routes_facts *f;
	struct wgc_arena *a;
	struct wgc_routes_desired d;
	struct wgc_address *wanted; /* prefixes to route, in order, none twice */
	size_t n_wanted;
	struct wgc_prefix_set excluded, connected;
	struct wgc_address *excludes; /* those of `excluded`, with their spans */
	size_t n_excludes;
	struct family v4, v6;
	bool no_ipv6;
};

static struct family *family_of(struct work *w, const struct wgc_prefix *p)
{
	return p->ip.family == AF_INET6 ? &w->v6 : &w->v4;
}

static bool is_default(const struct wgc_prefix *p)
{
	return p->len == 0;
}

static int check_ipv6(struct work *w, struct wgc_err *err)
{
	if (w->p->ipv6 == WGC_IPV6_REQUIRE && w->f->ipv6_disabled) {
		wgc_err_set(err, WGC_E_KERNEL, EAFNOSUPPORT, "the profile requires IPv6, and this machine has it disabled");
		wgc_err_hint(err, "sysctl net.ipv6.conf.default.disable_ipv6=0 enables it; IPv6 = auto does without it");
		if (err)
			err->at = w->p->ipv6_at;
		return -EAFNOSUPPORT;
	}
	w->no_ipv6 = w->f->ipv6_disabled || w->p->ipv6 == WGC_IPV6_BLOCK;
	return 0;
}

/* The addresses that can be added, and the networks that they connect. */
static int take_addresses(struct work *w, struct wgc_err *err)
{
	size_t n = w->p->n_addresses, connected = 0;
	struct wgc_prefix *networks;

	if (!n)
		return 0;
	w->d.addresses = wgc_arena_alloc(w->a, n * sizeof(*w->d.addresses));
	networks = wgc_arena_alloc(w->a, n * sizeof(*networks));
	if (!w->d.addresses || !networks)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const struct wgc_prefix *p = &w->p->addresses[i].prefix;
		bool v6 = p->ip.family == AF_INET6;

		if (v6 && w->no_ipv6) {
			w->d.skipped_ipv6 = true;
			continue;
		}
		w->d.addresses[w->d.n_addresses++] = w->p->addresses[i];
		if (v6)
			w->d.mtu_min = IPV6_MIN_MTU;
		/* The kernel makes no route to the network of an IPv4 address
		 * that is alone in it, nor of one in 0.0.0.0/8. */
		if (v6 || (p->len < 32 && p->len > 0 && p->ip.b[0]))
			networks[connected++] = wgc_prefix_masked(p);
	}
	wgc_prefix_set_make(networks, connected, &w->connected);
	return 0;
}

static int cmp_address(const void *a, const void *b)
{
	const struct wgc_address *x = a, *y = b;

	return wgc_prefix_cmp(&x->prefix, &y->prefix);
}

static uint32_t explicit_table(const struct work *w)
{
	uint32_t table = w->p->table_name ? w->f->table_number : w->p->table;

	/* The kernel reads 0 as main. */
	return table ? table : RT_TABLE_MAIN;
}

/* ExcludeIPs without repetitions. */
static int take_excludes(struct work *w, struct wgc_err *err)
{
	size_t n = w->p->n_exclude_ips, kept = 0;
	struct wgc_prefix *v;

	if (!n || w->p->table_mode == WGC_TABLE_OFF)
		return 0;
	/* It is by going on to the next table that packets leave beside the tunnel. */
	if (w->p->table_mode != WGC_TABLE_AUTO && (explicit_table(w) == RT_TABLE_MAIN || explicit_table(w) == RT_TABLE_DEFAULT)) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "ExcludeIPs with the main table would make those networks unreachable");
		wgc_err_hint(err, "leave Table out, or name a table of your own");
		if (err)
			err->at = w->p->exclude_ips[0].at;
		return -EINVAL;
	}
	w->excludes = wgc_arena_alloc(w->a, n * sizeof(*w->excludes));
	v = wgc_arena_alloc(w->a, n * sizeof(*v));
	if (!w->excludes || !v)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		w->excludes[i].prefix = v[i] = wgc_prefix_masked(&w->p->exclude_ips[i].prefix);
		w->excludes[i].at = w->p->exclude_ips[i].at;
	}
	wgc_prefix_set_make(v, n, &w->excluded);
	qsort(w->excludes, n, sizeof(*w->excludes), cmp_address);
	for (size_t i = 0; i < n; i++)
		if (kept < w->excluded.n && wgc_prefix_equal(&w->excluded.v[kept], &w->excludes[i].prefix))
			w->excludes[kept++] = w->excludes[i];
	w->n_excludes = kept;
	return 0;
}

/* Does IPv6 leave this machine by some other way? */
static bool machine_has_ipv6_default(const struct wgc_routes_facts *f)
{
	for (size_t i = 0; i < f->n_routes; i++)
		if (f->routes[i].dst.ip.family == AF_INET6 && is_default(&f->routes[i].dst) && f->routes[i].type == RTN_UNICAST)
			return true;
	return false;
}

/*
 * Encrypted packets leave elsewhere and cannot run in circles: where there is no
 * other default route, ours is an ordinary one, as on any machine with one way out.
 */
static bool is_only_way(const struct work *w, uint8_t family)
{
	for (size_t i = 0; i < w->f->n_routes; i++)
		if (w->f->routes[i].dst.ip.family == family && is_default(&w->f->routes[i].dst) && w->f->routes[i].table == RT_TABLE_MAIN &&
		    w->f->routes[i].type == RTN_UNICAST && (!w->f->ifindex || w->f->routes[i].oif != w->f->ifindex))
			return false;
	return w->f->apart;
}

/* The prefixes to route, and which families get policy routing. */
static int take_prefixes(struct work *w, struct wgc_err *err)
{
	bool automatic = w->p->table_mode == WGC_TABLE_AUTO;
	size_t kept = 0;
	int r;

	r = wgc_routes_collect(w->p, w->a, &w->wanted, &w->n_wanted, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < w->n_wanted; i++) {
		const struct wgc_address *x = &w->wanted[i];
		struct family *family = family_of(w, &x->prefix);

		if (wgc_prefix_set_covers(&w->excluded, &x->prefix))
			continue;
		if (x->prefix.ip.family == AF_INET6 && w->no_ipv6) {
			w->d.skipped_ipv6 = true;
			/* The profile wants all of IPv6 in a tunnel that cannot
			 * carry it: it must not go elsewhere. */
			if (automatic && is_default(&x->prefix) && machine_has_ipv6_default(w->f)) {
				family->policy = family->closed = true;
				family->at = x->at;
			}
			continue;
		}
		if (x->prefix.ip.family == AF_INET6)
			w->d.mtu_min = IPV6_MIN_MTU;
		if (automatic && is_default(&x->prefix) && !is_only_way(w, x->prefix.ip.family)) {
			family->policy = true;
			family->at = x->at;
		}
		w->wanted[kept++] = *x;
	}
	w->n_wanted = kept;
	if (!automatic)
		return 0;
	for (size_t i = 0; i < w->n_excludes; i++) {
		struct family *family = family_of(w, &w->excludes[i].prefix);
		bool routed = false;

		/* In order, so that a family's prefixes stand together: the
		 * first and the last tell whether it has any. */
		if (kept)
			routed = w->wanted[0].prefix.ip.family == w->excludes[i].prefix.ip.family ||
				 w->wanted[kept - 1].prefix.ip.family == w->excludes[i].prefix.ip.family;
		if (!routed)
			continue;
		family->everything = true;
		if (!family->policy)
			family->at = w->excludes[i].at;
		family->policy = true;
	}
	return 0;
}

static int take_block(struct work *w, struct wgc_err *err)
{
	if (w->p->ipv6 != WGC_IPV6_BLOCK)
		return 0;
	if (w->p->table_mode != WGC_TABLE_AUTO) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "IPv6 = block needs Table = auto");
		wgc_err_hint(err, "with a table of your own, block IPv6 by `ip -6 route add unreachable default table N`");
		if (err)
			err->at = w->p->ipv6_at;
		return -EINVAL;
	}
	if (!w->f->ipv6_disabled || machine_has_ipv6_default(w->f)) {
		w->v6.policy = w->v6.closed = true;
		w->v6.at = w->p->ipv6_at;
	}
	return 0;
}

static struct wgc_route route_to(const struct wgc_prefix *dst, uint8_t type, uint32_t table, struct wgc_span at)
{
	return (struct wgc_route){
		.dst = *dst,
		.type = type,
		.table = table,
		.protocol = WGC_RTPROT,
		.scope = type == RTN_UNICAST && dst->ip.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.at = at,
	};
}

/* Longest prefix first, otherwise in the order of @v. */
static struct wgc_route *by_length(struct wgc_arena *a, const struct wgc_route *v, size_t n)
{
	size_t place[130] = { 0 };
	struct wgc_route *out = wgc_arena_alloc(a, n * sizeof(*out));

	if (!out)
		return NULL;
	for (size_t i = 0; i < n; i++)
		place[128 - v[i].dst.len + 1]++;
	for (size_t i = 1; i < WGC_ARRAY_SIZE(place); i++)
		place[i] += place[i - 1];
	for (size_t i = 0; i < n; i++)
		out[place[128 - v[i].dst.len]++] = v[i];
	return out;
}

static int make_routes(struct work *w, struct wgc_err *err)
{
	static const struct wgc_prefix everywhere4 = { .ip.family = AF_INET }, everywhere6 = { .ip.family = AF_INET6 };
	bool automatic = w->p->table_mode == WGC_TABLE_AUTO;
	WGC_AUTO_FREE struct wgc_route *v = NULL;
	size_t n = 0;

	v = calloc(w->n_wanted + w->n_excludes + 3, sizeof(*v));
	if (!v)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < w->n_excludes; i++) {
		const struct wgc_address *x = &w->excludes[i];
		struct family *family = family_of(w, &x->prefix);

		if (x->prefix.ip.family == AF_INET6 && w->no_ipv6)
			continue;
		if (!automatic)
			v[n++] = route_to(&x->prefix, RTN_THROW, explicit_table(w), x->at);
		else if (family->everything)
			v[n++] = route_to(&x->prefix, RTN_THROW, w->d.table, x->at);
	}
	for (size_t i = 0; i < w->n_wanted; i++) {
		const struct wgc_address *x = &w->wanted[i];
		struct family *family = family_of(w, &x->prefix);

		if (!automatic)
			v[n++] = route_to(&x->prefix, RTN_UNICAST, explicit_table(w), x->at);
		else if (family->policy && (family->everything || is_default(&x->prefix)))
			v[n++] = route_to(&x->prefix, RTN_UNICAST, w->d.table, x->at);
		else if (!wgc_prefix_set_covers(&w->connected, &x->prefix))
			v[n++] = route_to(&x->prefix, RTN_UNICAST, RT_TABLE_MAIN, x->at);
	}
	/* Behind all others: it can come before a way goes, and go after one comes. */
	if (w->v6.closed) {
		v[n] = route_to(&everywhere6, RTN_UNREACHABLE, w->d.table, w->v6.at);
		v[n++].metric = LAST_METRIC;
	}
	/* Behind a kill switch nothing falls back to the other tables when the
	 * link is gone: the local network, which it spares, is what is meant by
	 * them, not what has the same addresses somewhere else. */
	for (int i = 0; w->p->kill_switch && i < 2; i++) {
		if (!(i ? w->v6.policy && !w->v6.closed : w->v4.policy))
			continue;
		v[n] = route_to(i ? &everywhere6 : &everywhere4, RTN_UNREACHABLE, w->d.table, w->p->kill_switch_at);
		v[n++].metric = LAST_METRIC;
	}
	if (!n)
		return 0;
	w->d.routes = by_length(w->a, v, n);
	w->d.n_routes = n;
	return w->d.routes ? 0 : wgc_err_nomem(err);
}

static int make_policy(struct work *w, struct wgc_err *err)
{
	struct wgc_routes_desired *d = &w->d;
	int r;

	d->policy4 = w->v4.policy;
	d->policy6 = w->v6.policy;
	d->closed6 = w->v6.closed;
	d->policy = d->policy4 || d->policy6;
	if (d->policy || w->p->kill_switch) {
		r = wgc_routes_choose_mark(w->p, w->f, d, err);
		if (r < 0)
			return r;
	}
	if (!d->policy)
		return 0;
	r = wgc_routes_choose_table(w->p, w->f, d, err);
	if (r < 0)
		return r;
	d->rules = wgc_arena_alloc(w->a, 2 * WGC_MAX_RULES * sizeof(*d->rules));
	if (!d->rules)
		return wgc_err_nomem(err);
	if (d->policy4) {
		r = wgc_routes_choose_rules(w->p, w->f, AF_INET, w->v4.at, d, err);
		if (r < 0)
			return r;
	}
	if (d->policy6) {
		r = wgc_routes_choose_rules(w->p, w->f, AF_INET6, w->v6.at, d, err);
		if (r < 0)
			return r;
	}
	/* Only a strict filter looks at the marks of what comes in. */
	d->src_valid_mark = d->policy4 && w->f->strict_rp_filter;
	return w->f->nft_available ? wgc_routes_firewall(w->p, w->f, w->a, d, err) : 0;
}

int wgc_routes_plan(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_arena *a,
		    struct wgc_routes_desired *ret, struct wgc_err *err)
{
	struct work w = { .p = p, .f = f, .a = a, .d.mtu_min = IPV4_MIN_MTU };
	int r;

	r = check_ipv6(&w, err);
	if (r == 0)
		r = take_addresses(&w, err);
	if (r == 0)
		r = take_block(&w, err);
	if (r == 0 && p->table_mode != WGC_TABLE_OFF) {
		r = take_excludes(&w, err);
		if (r == 0)
			r = take_prefixes(&w, err);
	}
	if (r == 0)
		r = make_policy(&w, err);
	if (r == 0)
		r = make_routes(&w, err);
	if (r == 0)
		r = wgc_routes_check_clashes(f, &w.d, err);
	if (r < 0)
		return r;
	*ret = w.d;
	return 0;
}
