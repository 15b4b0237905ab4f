/* SPDX-License-Identifier: GPL-2.0 */
/* Profiles and facts for the tests of routes, written as words. */
#ifndef MAKE_H
#define MAKE_H

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include "routes/routes.h"
#include "unit/tap.h"

static inline struct wgc_prefix prefix(const char *s)
{
	struct wgc_prefix p = { 0 };

	if (wgc_prefix_parse(s, &p) < 0)
		abort();
	return p;
}

static inline struct wgc_profile *profile(void)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_profile *p = wgc_arena_alloc(a, sizeof(*p));

	p->arena = a;
	p->name = "office";
	strcpy(p->ifname, "office");
	return p;
}

static inline struct wgc_profile_peer *peer(struct wgc_profile *p)
{
	return wgc_arena_push(p->arena, &p->peers, &p->n_peers, &p->cap_peers, sizeof(*p->peers));
}

/* "10.0.0.0/8 -10.0.0.0/8 ::/0" as allowed IPs of a new peer; the line number is the peer's, the column the entry's. */
static inline struct wgc_profile_peer *allow(struct wgc_profile *p, const char *list)
{
	struct wgc_profile_peer *q = peer(p);
	char *copy = wgc_arena_strdup(p->arena, list), *save = NULL;
	size_t n = 0, cap = 0;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		struct wgc_allowed_ip *ip =
			wgc_arena_push(p->arena, &q->peer.allowed_ips, &n, &cap, sizeof(*ip));

		ip->remove = *w == '-';
		ip->prefix = prefix(w + ip->remove);
		ip->at.line = (uint32_t)p->n_peers;
		ip->at.col = (uint16_t)n;
	}
	q->peer.n_allowed_ips = (uint32_t)n;
	return q;
}

static inline void list_routes(struct wgc_profile *p, struct wgc_profile_peer *q, const char *dst)
{
	struct wgc_allowed_ip *ip = wgc_arena_push(p->arena, &q->routes, &q->n_routes, &q->cap_routes, sizeof(*ip));

	ip->prefix = prefix(dst);
	q->routes_mode = WGC_ROUTES_LIST;
}

static inline void address(struct wgc_profile *p, const char *s)
{
	struct wgc_address *x = wgc_arena_push(p->arena, &p->addresses, &p->n_addresses, &p->cap_addresses, sizeof(*x));

	x->prefix = prefix(s);
}

static inline void exclude(struct wgc_profile *p, const char *s)
{
	struct wgc_address *x =
		wgc_arena_push(p->arena, &p->exclude_ips, &p->n_exclude_ips, &p->cap_exclude_ips, sizeof(*x));

	x->prefix = prefix(s);
	x->at.line = 100 + (uint32_t)p->n_exclude_ips;
}

static inline struct wgc_rule rule(uint8_t family, uint32_t priority, uint32_t table)
{
	return (struct wgc_rule){ .family = family,
				  .priority = priority,
				  .has_priority = true,
				  .table = table,
				  .action = FR_ACT_TO_TBL,
				  .suppress_prefixlen = -1 };
}

static inline struct wgc_route route(const char *dst, uint32_t table, uint32_t oif)
{
	return (struct wgc_route){ .dst = prefix(dst), .table = table, .oif = oif, .type = RTN_UNICAST };
}

/* The routes as words: "10.0.0.0/8@254 throw:10.1.0.0/16@51820 ..." */
static inline const char *words(const struct wgc_routes_desired *d)
{
	static char out[4096];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < d->n_routes && n < sizeof(out) - 100; i++) {
		const struct wgc_route *r = &d->routes[i];
		char dst[WGC_PREFIX_TEXT];

		wgc_prefix_print(&r->dst, dst);
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%s%s@%u", i ? " " : "",
				      r->type == RTN_THROW	   ? "throw:" :
				      r->type == RTN_UNREACHABLE ? "unreachable:" :
								   "",
				      dst, r->table);
	}
	return out;
}

/* The rules as words: "4 32764 main/0" for suppression, "4 32765 !51820->51820". */
static inline const char *rule_words(const struct wgc_routes_desired *d)
{
	static char out[1024];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < d->n_rules; i++) {
		const struct wgc_rule *r = &d->rules[i];

		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%c %u ", i ? ", " : "", r->family == AF_INET6 ? '6' : '4',
				      r->priority);
		if (r->suppress_prefixlen >= 0)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%u/%d", r->table, r->suppress_prefixlen);
		else
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%u->%u", r->invert ? "!" : "", r->fwmark, r->table);
	}
	return out;
}

#endif
