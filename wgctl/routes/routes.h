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
	uint32_t mark, around, table;
	const struct wgc_rule *rules; /* its own */
	size_t n_rules;
};

/* The bits of marks that are ours to use; see marks.c. */
#define WGC_MARK_MASK 0x107eu

/* Bits that somebody sets, or looks for, in the mark of packets or connections. */
struct wgc_mark_use {
	uint32_t value, mask;
	uint32_t around; /* of a tunnel of ours: its around bits, else 0 */
};

/* A TCP connection of this machine, at one of its own listening ports. */
struct wgc_session {
	struct wgc_ip local, remote; /* of one family */
	uint16_t local_port, remote_port;
};

/* What routes needs to know of the machine; lists may be partial when noted. */
struct wgc_routes_facts {
	const struct wgc_rule *rules; /* all, v4 and v6 */
	size_t n_rules;
	const struct wgc_route *routes; /* of all tables but local; needed for full tunnels */
	size_t n_routes;
	const struct wgc_mark_use *marks; /* in use by other WireGuard devices, profiles and nft */
	size_t n_marks;
	const struct wgc_session *sessions; /* that others have opened */
	size_t n_sessions;
	bool ipv6_disabled; /* for new links: conf/default/disable_ipv6 or no IPv6 at all */
	bool nft_available;
	bool strict_rp_filter; /* IPv4's reverse path filter is strict on some link, or will be on a new one */
	bool apart; /* encrypted packets leave from another namespace than the link's */
	uint32_t table_number; /* what profile->table_name stands for */
	uint32_t ifindex; /* of our own link where it exists already: its routes are no clash; else 0 */
	/* Name of a link, for the words of an error; nothing where it has none any more. May be NULL. */
	void (*link_name)(void *ctx, uint32_t ifindex, char ret[static IFNAMSIZ]);
	void *link_name_ctx;
	struct wgc_routes_keep keep;
};

struct wgc_routes_desired {
	bool policy; /* full tunnel or ExcludeIPs: mark, table, rules */
	bool policy4, policy6; /* families with policy routing */
	bool closed6; /* the policy is to let no IPv6 out: an unreachable default route */
	uint32_t mark, table; /* 0 without policy; a kill switch has a mark all the same; it is also set on the device */
	uint32_t mask;	 /* the bits of mark that are ours: all of them when the profile chose it */
	uint32_t around; /* bits of packets and connections that go around every tunnel of ours */
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
	char *nft_base;	  /* the same without what depends on the moment: connections that are open */
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

/**
 * Marks that the rules of an nft listing set or look for, but for those of our
 * own tables, appended to *@v (in @a). At most @max: a larger ruleset is only
 * looked at in part. -ENOMEM.
 */
int wgc_routes_marks_of_nft(const char *listing, struct wgc_arena *a, struct wgc_mark_use **v, size_t *n, size_t *cap,
			    size_t max);

/* Links of tunnels with a kill switch are in this group ("wgl"): one kill
 * switch lets through what goes into the tunnel of another. */
#define WGC_KILL_GROUP 7825260
/* Look-ups of endpoints by wgctl itself are made with this group id. */
#define WGC_LOOKUP_GID 7825260

/**
 * The nft commands that put the kill switch of @p in force, in the place of an
 * older one of the same link in the same moment. @endpoints are all addresses
 * that the peers may be called at. In @a; NULL without memory.
 */
char *wgc_routes_kill_switch(const struct wgc_profile *p, const struct wgc_routes_facts *f, const struct wgc_routes_desired *d,
			     const union wgc_sockaddr *endpoints, size_t n, struct wgc_arena *a);
/** nft commands that let the tunnel on @ifname call further addresses. In @a; NULL without memory. */
char *wgc_routes_kill_admit(const char *ifname, const union wgc_sockaddr *endpoints, size_t n, struct wgc_arena *a);
/** Name of the kill switch's table, and the commands that delete it (in @a). */
void wgc_routes_kill_table(const char *ifname, char ret[static 56]);
char *wgc_routes_kill_delete(const char *ifname, struct wgc_arena *a);

#define WGC_NFT_PREFIX "wgctl-" /* of the names of our nft tables */
/** Name of our nft table for a link: a word of nft's grammar, different for different links. */
void wgc_routes_nft_table(const char *ifname, char ret[static 48]);

#endif
