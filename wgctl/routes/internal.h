/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of routes share. */
#ifndef WGC_ROUTES_INTERNAL_H
#define WGC_ROUTES_INTERNAL_H

#include "routes/routes.h"

/* Disjoint prefixes in order: one look answers whether any of them covers
 * another prefix, however many there are. */
struct wgc_prefix_set {
	struct wgc_prefix *v;
	size_t n;
};
/** Put @v (masked; reordered in place) in order and drop what others of it cover. */
void wgc_prefix_set_make(struct wgc_prefix *v, size_t n, struct wgc_prefix_set *ret);
bool wgc_prefix_set_covers(const struct wgc_prefix_set *set, const struct wgc_prefix *p);

/**
 * The prefixes that peers are to get routes for, once each and masked, in
 * wgc_prefix_cmp order: allowed IPs as the device will hold them, or what
 * Routes= says instead.
 */
int wgc_routes_collect(const struct wgc_profile *p, struct wgc_arena *a, struct wgc_address **ret, size_t *ret_n,
		       struct wgc_err *err);

/** The mark of the profile, which of its bits are ours, and the bits of what goes around the tunnels. */
int wgc_routes_choose_mark(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_routes_desired *d,
			   struct wgc_err *err);
/** Choose the routing table of a policy-routed profile; its mark is chosen. */
int wgc_routes_choose_table(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_routes_desired *d,
			    struct wgc_err *err);
/** Append the rules of one family to @d, in the order of adding; at most WGC_MAX_RULES. */
int wgc_routes_choose_rules(const struct wgc_profile *p, const struct wgc_routes_facts *f, uint8_t family, struct wgc_span at,
			    struct wgc_routes_desired *d, struct wgc_err *err);
#define WGC_MAX_RULES 12
/** The same number for a name at every time: where the search for free numbers begins. */
uint32_t wgc_routes_hash(const char *name);
/** Fill in nft_load and nft_delete. */
int wgc_routes_firewall(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_arena *a,
			struct wgc_routes_desired *d, struct wgc_err *err);
/** Refuse desired routes whose place another device has. */
int wgc_routes_check_clashes(const struct wgc_routes_facts *f, const struct wgc_routes_desired *d,
			     struct wgc_err *err);

#endif
