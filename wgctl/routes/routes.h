/* SPDX-License-Identifier: GPL-2.0 */
/*
 * routes: what a profile means for routing, as pure functions: profile and
 * facts in, desired routes, rules, mark, table, MTU and firewall text out.
 */
#ifndef WGC_ROUTES_H
#define WGC_ROUTES_H

#include "model/model.h"

/* What a tunnel that is up was given once, and keeps; 0: nothing. */
struct wgc_routes_keep {
	uint32_t mark, table, priority4, priority6;
};

/* What routes needs to know of the machine; lists may be partial when noted. */
struct wgc_routes_facts {
	const struct wgc_rule *rules; /* all, v4 and v6 */
	size_t n_rules;
	const struct wgc_route *routes; /* of all tables but local; needed for full tunnels */
	size_t n_routes;
	const uint32_t *marks; /* fwmarks in use by other WireGuard devices */
	size_t n_marks;
	bool ipv6_disabled; /* for new links: conf/default/disable_ipv6 or no IPv6 at all */
	bool nft_available;
	uint32_t table_number; /* what profile->table_name stands for */
	uint32_t ifindex; /* of our own link where it exists already: its routes are no clash; else 0 */
	struct wgc_routes_keep keep;
};

struct wgc_routes_desired {
	bool policy; /* full tunnel or ExcludeIPs: mark, table, rules */
	bool policy4, policy6; /* families with policy routing */
	bool closed6; /* the policy is to let no IPv6 out: an unreachable default route */
	uint32_t mark, table; /* 0 without policy; mark is also set on the device */
	struct wgc_route *routes; /* longest prefix first; default routes of a policy table last; oif of unicast ones to be filled in */
	size_t n_routes;
	struct wgc_rule *rules; /* in the order of adding */
	size_t n_rules;
	struct wgc_address *addresses; /* those of the profile that can be added */
	size_t n_addresses;
	bool skipped_ipv6; /* addresses or routes were left out: IPv6 is disabled */
	bool src_valid_mark; /* the sysctl must be 1 */
	uint32_t mtu_min; /* less than this makes the link useless: 1280 when it carries IPv6, else 576 */
	char *nft_load;	  /* nft commands that create our table, or NULL */
	char *nft_delete; /* and those that delete it */
};

/**
 * Everything that `up` wants of routing, in @a. wgc_err names a key when it
 * cannot be done (Table= in use, IPv6=require without IPv6, ...).
 */
int wgc_routes_plan(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_arena *a,
		    struct wgc_routes_desired *ret, struct wgc_err *err);

/**
 * MTU of the tunnel when the narrowest path to a peer carries @path_mtu bytes
 * (0 = not known: 1500): less the 80 that IPv6, UDP and WireGuard take, as
 * wg-quick has it for both families, and at least 576. A caller that knows
 * what the link carries raises it to wgc_routes_desired.mtu_min.
 */
uint32_t wgc_routes_mtu(uint32_t path_mtu);

/** Name of our nft table for a link: a word of nft's grammar, different for different links. */
void wgc_routes_nft_table(const char *ifname, char ret[static 48]);

#endif
