// SPDX-License-Identifier: GPL-2.0
/*
 * Connections of NetworkManager, from its keyfiles. It routes what a peer may
 * use, as we do, with policy routing for everything; what is different is said.
 */
#include <stdlib.h>
#include <string.h>

#include "config/keyfile.h"

struct connection {
	struct wgc_import *im;
	struct wgc_keyfile f;
	struct wgc_group *ip[2]; /* [ipv4], [ipv6] */
	bool peer_routes;
	bool never_default[2];
	struct wgc_given *search; /* domains, each once */
	size_t n_search, cap_search;
};

static const char *const family_name[] = { "ipv4", "ipv6" };

static void give(struct connection *x, const char *key, const struct wgc_given *g)
{
	wgc_import_give(x->im, WGC_SECTION_INTERFACE, key, g);
}

/* true, false, or -1 for "default" and what is no boolean, which is reported. */
static int boolean(struct connection *x, struct wgc_group *g, const char *key)
{
	struct wgc_entry *e = wgc_keyfile_entry(g, key);

	if (!e || !strcmp(e->value, "-1") || !strcmp(e->value, "default"))
		return -1;
	if (!strcmp(e->value, "1") || wgc_streq_nocase(e->value, "true") || wgc_streq_nocase(e->value, "yes"))
		return 1;
	if (!strcmp(e->value, "0") || wgc_streq_nocase(e->value, "false") || wgc_streq_nocase(e->value, "no"))
		return 0;
	wgc_bad(&x->im->c, e->at, "true or false", "%s is neither true nor false", key);
	return -1;
}

static bool number(struct connection *x, struct wgc_entry *e, int64_t *ret)
{
	bool minus = e && e->value[0] == '-';
	uint64_t n;

	if (!e)
		return false;
	if (wgc_parse_u64(e->value + minus, INT32_MAX, &n)) {
		wgc_bad(&x->im->c, e->at, NULL, "this is no number");
		return false;
	}
	*ret = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

/* Keys that say how, not what: nothing is lost without them. */
static bool needs_nothing(const char *group, const char *key)
{
	static const char *const names[][2] = {
		{ "connection", "id" },	    { "connection", "uuid" },	      { "connection", "timestamp" },
		{ "ipv4", "may-fail" },	    { "ipv6", "may-fail" },	      { "ipv4", "ignore-auto-dns" },
		{ "ipv6", "ignore-auto-dns" }, { "ipv4", "ignore-auto-routes" }, { "ipv6", "ignore-auto-routes" },
		{ "ipv6", "addr-gen-mode" }, { "ipv6", "ip6-privacy" },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(names); i++)
		if (!strcmp(names[i][0], group) && !strcmp(names[i][1], key))
			return true;
	return !strncmp(key, "dhcp-", 5);
}

/* ---- [connection] ------------------------------------------------------------ */

static bool take_connection(struct connection *x, struct wgc_group *wireguard)
{
	struct wgc_parse *c = &x->im->c;
	struct wgc_group *g = wgc_keyfile_group(&x->f, "connection");
	struct wgc_entry *type = wgc_keyfile_entry(g, "type"), *name = wgc_keyfile_entry(g, "interface-name");
	struct wgc_given v = { .s = (char[]){ "" } };

	if (wgc_keyfile_group(&x->f, "Interface")) {
		wgc_bad(c, wgc_keyfile_group(&x->f, "Interface")->at, "wgctl convert makes JSON of it", "this is a profile of wg-quick already");
		return false;
	}
	if (type && strcmp(type->value, "wireguard") != 0) {
		wgc_bad(c, type->at, "type=wireguard", "this connection is not one of WireGuard");
		return false;
	}
	if (!wireguard) {
		wgc_bad(c, g ? g->at : wgc_at(1, 0, 1), "[wireguard]", "there is no WireGuard in this file");
		return false;
	}
	if (name)
		v = wgc_keyfile_value(name);
	if (!wgc_import_begin(x->im, v.s, wireguard->at))
		return false;
	if (name)
		give(x, "name", &v);
	else
		wgc_bad(c, g ? g->at : wireguard->at, "interface-name=wg0, in [connection]", "there is no interface-name");
	if (boolean(x, g, "autoconnect") != 0)
		wgc_warn(c, g ? g->at : wireguard->at, "nmcli connection modify NAME connection.autoconnect no; a service brings it up for wgctl",
			 "NetworkManager goes on bringing this connection up by itself");
	return true;
}

/* ---- [wireguard] --------------------------------------------------------------- */

static bool zero(const struct wgc_entry *e)
{
	return !strcmp(e->value, "0");
}

/* A secret, or an error when it is kept elsewhere. */
static struct wgc_entry *secret(struct connection *x, struct wgc_group *g, const char *key)
{
	struct wgc_entry *e = wgc_keyfile_entry(g, key), *flags;
	char name[64];
	int64_t v = 0;

	snprintf(name, sizeof(name), "%s-flags", key);
	flags = wgc_keyfile_entry(g, name);
	/* 4: nobody needs to have it. */
	if (flags && number(x, flags, &v) && v & 3 && !e)
		wgc_bad(&x->im->c, flags->at, "have NetworkManager keep it in the file, by flags of 0, or add it to the profile by hand",
			"the %s is not in this file: %s", key, v & 2 ? "it is asked for each time" : "an agent of the user has it");
	return e;
}

static void take_number(struct connection *x, struct wgc_group *g, const char *key, const char *ours, enum wgc_section section)
{
	struct wgc_entry *e = wgc_keyfile_entry(g, key);
	struct wgc_given v;

	if (!e || zero(e))
		return;
	v = wgc_keyfile_value(e);
	wgc_import_give(x->im, section, ours, &v);
}

static void take_wireguard(struct connection *x, struct wgc_group *g)
{
	struct wgc_entry *key = secret(x, g, "private-key");

	if (key) {
		struct wgc_given v = wgc_keyfile_value(key);

		give(x, "private_key", &v);
	}
	take_number(x, g, "listen-port", "listen_port", WGC_SECTION_INTERFACE);
	take_number(x, g, "fwmark", "fwmark", WGC_SECTION_INTERFACE);
	take_number(x, g, "mtu", "mtu", WGC_SECTION_INTERFACE);
	x->peer_routes = boolean(x, g, "peer-routes") != 0;
	for (size_t i = 0; i < 2; i++) {
		char name[32];
		struct wgc_entry *e;

		snprintf(name, sizeof(name), "ip%c-auto-default-route", i ? '6' : '4');
		e = wgc_keyfile_entry(g, name);
		if (e && !boolean(x, g, name))
			wgc_import_lost(x->im, e->key_at, "wgctl always keeps a tunnel for everything from carrying itself; Table = off leaves routes to you",
					name);
	}
}

/* ---- peers ------------------------------------------------------------------------ */

#define PEER "wireguard-peer."

static void take_peer(struct connection *x, struct wgc_group *g)
{
	struct wgc_given v = { .s = (char *)g->name + strlen(PEER), .len = strlen(g->name) - strlen(PEER), .key_at = g->at, .exact = true };
	struct wgc_entry *e;
	size_t pos = 0;

	if (!wgc_import_peer(x->im, g->at))
		return;
	v.at = g->at.col ? wgc_at(g->at.line, g->at.col - 1u + strlen(PEER), v.len) : g->at;
	wgc_import_give(x->im, WGC_SECTION_PEER, "public_key", &v);
	e = secret(x, g, "preshared-key");
	if (e) {
		v = wgc_keyfile_value(e);
		wgc_import_give(x->im, WGC_SECTION_PEER, "preshared_key", &v);
	}
	e = wgc_keyfile_entry(g, "endpoint");
	if (e) {
		v = wgc_keyfile_value(e);
		wgc_import_give(x->im, WGC_SECTION_PEER, "endpoint", &v);
	}
	take_number(x, g, "persistent-keepalive", "persistent_keepalive", WGC_SECTION_PEER);
	e = wgc_keyfile_entry(g, "allowed-ips");
	while (e && wgc_keyfile_next(e, &pos, &v))
		wgc_import_give_network(x->im, "allowed_ips", &v);
}

/* ---- [ipv4] and [ipv6] --------------------------------------------------------------- */

/* "address1": @stem and nothing but digits behind it. */
static bool numbered(const char *key, const char *stem)
{
	size_t n = strlen(stem);

	return !strncmp(key, stem, n) && strspn(key + n, "0123456789") == strlen(key + n);
}

static void take_address(struct connection *x, struct wgc_entry *e)
{
	struct wgc_given v = wgc_keyfile_value(e);
	char *comma = strchr(v.s, ',');

	if (strchr(v.s, ';')) {
		wgc_bad(&x->im->c, e->at, "address1=192.0.2.2/24, as NetworkManager has written for years", "this is an old form of address");
		return;
	}
	if (comma) {
		size_t n = (size_t)(comma - v.s);

		wgc_warn(&x->im->c, v.exact ? wgc_at(v.at.line, v.at.col + n, v.len - n - 1) : v.at, "routes go to the interface",
			 "the gateway is not carried over: there is none in a tunnel");
		*comma = '\0';
		v.len = n;
		v.at.len = (uint16_t)n;
	}
	if (!strchr(v.s, '/') && v.len) {
		wgc_bad(&x->im->c, v.at, "like 192.0.2.2/24", "this address has no prefix length");
		return;
	}
	give(x, "address", &v);
}

static void take_servers(struct connection *x, struct wgc_entry *e)
{
	struct wgc_given v;
	size_t pos = 0;

	while (wgc_keyfile_next(e, &pos, &v)) {
		char *name = strchr(v.s, '#');

		if (name) {
			wgc_warn(&x->im->c, v.at, "the server is asked without TLS", "the server's name behind '#' is not carried over");
			*name = '\0';
			v.len = (size_t)(name - v.s);
		}
		give(x, "dns", &v);
	}
}

static void add_search(struct connection *x, const struct wgc_given *g)
{
	struct wgc_given *slot;

	for (size_t i = 0; i < x->n_search; i++)
		if (!strcmp(x->search[i].s, g->s))
			return;
	slot = wgc_arena_push(x->im->arena, &x->search, &x->n_search, &x->cap_search, sizeof(*slot));
	if (slot)
		*slot = *g;
	else
		x->im->c.oom = true;
}

static void take_search(struct connection *x, struct wgc_entry *e)
{
	struct wgc_given v;
	size_t pos = 0;

	while (wgc_keyfile_next(e, &pos, &v)) {
		/* What nmcli writes for a tunnel that shall have all names. */
		if (!strcmp(v.s, "~"))
			v = (struct wgc_given){ .s = (char *)"~.", .len = 2, .key_at = v.key_at, .at = v.at };
		if (*v.s)
			add_search(x, &v);
	}
}

static void take_priority(struct connection *x, struct wgc_group *g, struct wgc_entry *servers)
{
	struct wgc_entry *e = wgc_keyfile_entry(g, "dns-priority");
	int64_t v;

	if (!number(x, e, &v) || !v)
		return;
	/* Below zero: no other server is asked. */
	if (v < 0 && servers)
		add_search(x, &(struct wgc_given){ .s = (char *)"~.", .len = 2, .key_at = e->key_at, .at = e->at });
	else if (v > 0)
		wgc_import_lost(x->im, e->key_at, "which resolver is asked for what follows from the domains", "dns-priority");
}

static void take_method(struct connection *x, struct wgc_group *g, size_t family, bool has_address)
{
	struct wgc_entry *e = wgc_keyfile_entry(g, "method");
	const char *method = e ? e->value : "";

	if (!*method || !strcmp(method, "manual") || (family && !strcmp(method, "auto")))
		return;
	if (strcmp(method, "disabled") && strcmp(method, "ignore")) {
		wgc_warn(&x->im->c, e->at, "a tunnel has the addresses of its profile", "%s: this method is not carried over", family_name[family]);
		return;
	}
	if (has_address)
		wgc_warn(&x->im->c, e->at, NULL, "%s: the method leaves the family out; its addresses are carried over", family_name[family]);
	for (size_t i = 0; i < x->im->c.p->n_peers; i++) {
		const struct wgc_peer *p = &x->im->c.p->peers[i].peer;

		for (uint32_t k = 0; k < p->n_allowed_ips; k++) {
			if ((p->allowed_ips[k].prefix.ip.family == AF_INET6) != (family == 1))
				continue;
			wgc_warn(&x->im->c, e->at, "Routes in the profile says what goes into the tunnel",
				 "%s is left out here, but wgctl sends what allowed-ips has of it into the tunnel", family_name[family]);
			return;
		}
	}
}

/* ---- routes ------------------------------------------------------------------------------ */

/* The peer that WireGuard would give packets to @dst. */
static struct wgc_profile_peer *peer_for(const struct wgc_profile *p, const struct wgc_prefix *dst)
{
	struct wgc_profile_peer *best = NULL;
	int len = -1;

	for (size_t i = 0; i < p->n_peers; i++)
		for (uint32_t k = 0; k < p->peers[i].peer.n_allowed_ips; k++) {
			const struct wgc_prefix *a = &p->peers[i].peer.allowed_ips[k].prefix;

			if (a->len > len && wgc_prefix_covers(a, dst)) {
				best = &p->peers[i];
				len = a->len;
			}
		}
	return best;
}

static void add_route(struct connection *x, struct wgc_profile_peer *peer, const struct wgc_prefix *dst, struct wgc_span at)
{
	struct wgc_allowed_ip *r;

	for (size_t i = 0; i < peer->n_routes; i++)
		if (wgc_prefix_equal(&peer->routes[i].prefix, dst))
			return;
	r = wgc_arena_push(x->im->c.arena, &peer->routes, &peer->n_routes, &peer->cap_routes, sizeof(*r));
	if (!r) {
		x->im->c.oom = true;
		return;
	}
	r->prefix = *dst;
	r->at = at;
}

static void take_route(struct connection *x, struct wgc_entry *e)
{
	struct wgc_given v = wgc_keyfile_value(e);
	char *comma = strchr(v.s, ',');
	struct wgc_profile_peer *peer;
	struct wgc_prefix dst;

	if (comma)
		*comma = '\0';
	if (wgc_prefix_parse(v.s, &dst)) {
		wgc_bad(&x->im->c, v.at, "like 192.0.2.0/24", "this route has no destination");
		return;
	}
	if (comma)
		wgc_warn(&x->im->c, e->at, "it goes to the interface", "the route's next hop and metric are not carried over");
	dst = wgc_prefix_masked(&dst);
	peer = peer_for(x->im->c.p, &dst);
	if (!peer) {
		wgc_warn(&x->im->c, e->at, "add it to the AllowedIPs of the peer that shall get it",
			 "this route is not carried over: no peer may use it, so that WireGuard would drop what goes there");
		return;
	}
	add_route(x, peer, &dst, e->at);
}

/* Peers get a list of their own only where it is another one than that of NetworkManager's and our rule. */
static void settle_routes(struct connection *x)
{
	struct wgc_profile *p = x->im->c.p;

	for (size_t i = 0; i < p->n_peers; i++) {
		struct wgc_profile_peer *peer = &p->peers[i];
		size_t same = 0;

		for (uint32_t k = 0; x->peer_routes && k < peer->peer.n_allowed_ips; k++) {
			const struct wgc_allowed_ip *a = &peer->peer.allowed_ips[k];

			if (!a->prefix.len && x->never_default[a->prefix.ip.family == AF_INET6])
				continue;
			add_route(x, peer, &a->prefix, a->at);
			same++;
		}
		if (same == peer->peer.n_allowed_ips && peer->n_routes == same)
			peer->n_routes = 0;
		else
			peer->routes_mode = peer->n_routes ? WGC_ROUTES_LIST : WGC_ROUTES_OFF;
	}
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void take_family(struct connection *x, size_t family)
{
	struct wgc_group *g = x->ip[family];
	struct wgc_entry *servers = wgc_keyfile_entry(g, "dns"), *search = wgc_keyfile_entry(g, "dns-search");
	bool has_address = false;

	x->never_default[family] = boolean(x, g, "never-default") == 1;
	for (size_t i = 0; g && i < g->n; i++) {
		struct wgc_entry *e = &g->v[i];

		if (numbered(e->key, "address") || numbered(e->key, "addresses")) {
			e->used = has_address = true;
			take_address(x, e);
		} else if (numbered(e->key, "route") || numbered(e->key, "routes")) {
			e->used = true;
			take_route(x, e);
		}
	}
	if (servers)
		take_servers(x, servers);
	if (search)
		take_search(x, search);
	take_priority(x, g, servers);
	take_method(x, g, family, has_address);
}

/* Whatever nobody asked for. */
static void say_the_rest(struct connection *x)
{
	for (size_t i = 0; i < x->f.n; i++) {
		struct wgc_group *g = &x->f.v[i];
		bool known = !strcmp(g->name, "connection") || !strcmp(g->name, "wireguard") || !strncmp(g->name, PEER, strlen(PEER)) ||
			     g == x->ip[0] || g == x->ip[1];
		char name[96];

		if (!known && g->n && wgc_quotable(g->name)) {
			snprintf(name, sizeof(name), "[%.60s]", g->name);
			wgc_import_lost(x->im, g->at, NULL, name);
		} else if (!known && g->n) {
			wgc_import_lost(x->im, g->at, NULL, "");
		}
		for (size_t k = 0; known && k < g->n; k++)
			if (!g->v[k].used && !needs_nothing(g->name, g->v[k].key))
				wgc_import_lost(x->im, g->v[k].key_at, NULL, g->v[k].key);
	}
}

void wgc_import_keyfile(struct wgc_import *im)
{
	struct connection x = { .im = im };
	struct wgc_group *wireguard;

	wgc_keyfile_read(im, &x.f);
	if (im->c.oom)
		return;
	wireguard = wgc_keyfile_group(&x.f, "wireguard");
	if (!take_connection(&x, wireguard))
		return;
	for (size_t i = 0; i < 2; i++)
		x.ip[i] = wgc_keyfile_group(&x.f, family_name[i]);
	take_wireguard(&x, wireguard);
	for (size_t i = 0; i < x.f.n && !im->c.oom; i++)
		if (!strncmp(x.f.v[i].name, PEER, strlen(PEER)))
			take_peer(&x, &x.f.v[i]);
	wgc_parse_peer_done(&im->c);
	for (size_t i = 0; i < 2; i++)
		take_family(&x, i);
	for (size_t i = 0; i < x.n_search; i++)
		give(&x, "dns", &x.search[i]);
	settle_routes(&x);
	say_the_rest(&x);
	wgc_import_end(im);
}
