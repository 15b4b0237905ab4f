// SPDX-License-Identifier: GPL-2.0
/*
 * The kill switch: an nft table of its own, output and forward, both families,
 * that drops what is not named here. It stands by itself: neither the link nor
 * a route or a process has to be there for it to hold.
 *
 *   loopback, the tunnel      and the tunnels of other kill switches, by group
 *   the device's own packets  by mark, and by address where all peers have one;
 *                             those of the other tunnels by mark
 *   DHCP, IPv6 neighbours, routers, multicast listeners
 *   names of endpoints        asked by wgctl itself: nobody else has its group
 *   ExcludeIPs                the profile sends them around
 *   the local network         unless AllowLAN = no: private and link-local
 *                             addresses, less what the tunnel has of them, and
 *                             no questions for names if the profile has servers
 *
 * Answers to connections from outside go nowhere else: what they say would
 * leave beside the tunnel all the same. Each kill switch has a table of its
 * own, and what one drops is dropped: several hold all of their promises.
 *
 * Each chain ends with a rule that drops, beside its policy: when one table takes the
 * place of another in one transaction, the rules of the new one are in force at once,
 * but its policy only after the old chains are gone (nf_tables_commit() of
 * net/netfilter/nf_tables_api.c sets it with the new chain's own entry, which comes
 * behind those of what is deleted). By the policy alone a packet slips through there.
 */
#include <linux/rtnetlink.h>
#include <string.h>

#include "routes/internal.h"

#define LINE(s, ...) wgc_str_addf(s, "\t\t" __VA_ARGS__)

static const char *const lan[2][8] = {
	{ "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "224.0.0.0/24", "239.0.0.0/8", "255.255.255.255/32", NULL },
	{ "fe80::/10", "fc00::/7", "ff01::/16", "ff02::/16", "ff05::/16", NULL },
};

void wgc_routes_kill_table(const char *ifname, char ret[static 56])
{
	char guard[48];

	wgc_routes_nft_table(ifname, guard);
	/* No link's own table can have this name: see there. */
	snprintf(ret, 56, "%s/kill", guard);
}

char *wgc_routes_kill_delete(const char *ifname, struct wgc_arena *a)
{
	char table[56];

	wgc_routes_kill_table(ifname, table);
	return wgc_arena_printf(a, "add table inet %s\ndelete table inet %s\n", table, table);
}

/* ---- sets of prefixes ------------------------------------------------------- */

struct prefixes {
	struct wgc_prefix *v;
	size_t n, cap;
};

/* Of the private and link-local addresses: with nothing besides, or with @some of them. */
static bool is_lan(const struct wgc_prefix *p, bool some)
{
	bool v6 = p->ip.family == AF_INET6;
	struct wgc_prefix q;

	for (size_t i = 0; lan[v6][i]; i++)
		if (wgc_prefix_parse(lan[v6][i], &q) == 0 && (wgc_prefix_covers(&q, p) || (some && wgc_prefix_covers(p, &q))))
			return true;
	return false;
}

static bool push(struct wgc_arena *a, struct prefixes *set, const struct wgc_prefix *p)
{
	struct wgc_prefix *slot = wgc_arena_push(a, &set->v, &set->n, &set->cap, sizeof(*slot));

	if (slot)
		*slot = wgc_prefix_masked(p);
	return slot;
}

/* Which local networks the tunnel has: prefixes that it carries and could be
 * mistaken for the local one, but for /0. */
static bool tunnel_prefixes(const struct wgc_profile *p, struct wgc_arena *a, struct prefixes *set)
{
	bool good = true;

	for (size_t i = 0; i < p->n_peers; i++)
		for (uint32_t k = 0; k < p->peers[i].peer.n_allowed_ips; k++) {
			const struct wgc_allowed_ip *x = &p->peers[i].peer.allowed_ips[k];

			if (x->prefix.len && !x->remove && is_lan(&x->prefix, true))
				good &= push(a, set, &x->prefix);
		}
	for (size_t i = 0; i < p->n_addresses; i++)
		if (p->addresses[i].prefix.len && is_lan(&p->addresses[i].prefix, true))
			good &= push(a, set, &p->addresses[i].prefix);
	return good;
}

/* Networks that this machine is in now, and the tunnel is not. Not its own addresses, nor
 * multicast, which the kernel has in the table local; nor half of all, by a tunnel of others'. */
static bool connected_prefixes(const struct wgc_routes_facts *f, const struct prefixes *tunnel, struct wgc_arena *a,
			       struct prefixes *set)
{
	bool good = true;

	for (size_t i = 0; i < f->n_routes; i++) {
		const struct wgc_route *r = &f->routes[i];
		bool taken = false;

		if (r->gateway || !r->oif || r->table == RT_TABLE_LOCAL || r->type != RTN_UNICAST || !is_lan(&r->dst, false) || r->oif == f->ifindex)
			continue;
		/* A wider network of the tunnel has a hole where this one is. */
		for (size_t k = 0; k < tunnel->n && !taken; k++)
			taken = wgc_prefix_covers(&r->dst, &tunnel->v[k]);
		if (!taken)
			good &= push(a, set, &r->dst);
	}
	return good;
}

static bool covered(const struct prefixes *set, const struct wgc_prefix *p)
{
	for (size_t i = 0; i < set->n; i++)
		if (wgc_prefix_covers(&set->v[i], p))
			return true;
	return false;
}

static void add_set(struct wgc_str *s, const char *name, bool v6, const struct prefixes *set)
{
	char text[WGC_PREFIX_TEXT];
	size_t n = 0;

	wgc_str_addf(s, "\tset %s%d {\n\t\ttype %s\n\t\tflags interval\n\t\tauto-merge\n", name, v6 ? 6 : 4,
		     v6 ? "ipv6_addr" : "ipv4_addr");
	for (size_t i = 0; i < set->n; i++) {
		if ((set->v[i].ip.family == AF_INET6) != v6)
			continue;
		wgc_prefix_print(&set->v[i], text);
		wgc_str_addf(s, "%s %s", n++ ? "," : "\t\telements = {", text);
	}
	wgc_str_add(s, n ? " }\n\t}\n" : "\t}\n");
}

static void add_sets(struct wgc_str *s, const char *name, const struct prefixes *set)
{
	add_set(s, name, false, set);
	add_set(s, name, true, set);
}

/* ---- the parts -------------------------------------------------------------- */

/* Those of one family, as elements of a set; the number of them. */
static size_t add_endpoints(struct wgc_str *s, const union wgc_sockaddr *v, size_t n, uint8_t family)
{
	char text[WGC_IP_TEXT];
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		struct wgc_ip ip = { .family = family };

		if (v[i].sa.sa_family != family)
			continue;
		if (family == AF_INET6)
			memcpy(ip.b, &v[i].in6.sin6_addr, 16);
		else
			memcpy(ip.b, &v[i].in.sin_addr, 4);
		wgc_ip_print(&ip, text);
		wgc_str_addf(s, "%s %s . %u", count++ ? "," : "", text,
			     ntohs(family == AF_INET6 ? v[i].in6.sin6_port : v[i].in.sin_port));
	}
	return count;
}

static void add_peers(struct wgc_str *s, const union wgc_sockaddr *v, size_t n)
{
	for (int v6 = 0; v6 < 2; v6++) {
		WGC_AUTO_STR struct wgc_str elements = { 0 };

		wgc_str_addf(s, "\tset peers%d {\n\t\ttype %s . inet_service\n", v6 ? 6 : 4, v6 ? "ipv6_addr" : "ipv4_addr");
		if (add_endpoints(&elements, v, n, v6 ? AF_INET6 : AF_INET))
			wgc_str_addf(s, "\t\telements = {%s }\n", wgc_str_get(&elements));
		wgc_str_add(s, "\t}\n");
		s->oom |= elements.oom;
	}
}

/* The device may have to answer from wherever a peer without an endpoint calls. */
static bool everywhere(const struct wgc_profile *p)
{
	for (size_t i = 0; i < p->n_peers; i++)
		if (!p->peers[i].n_endpoints)
			return true;
	return false;
}

static void add_own(struct wgc_str *s, const struct wgc_profile *p, const struct wgc_routes_desired *d)
{
	char own[48];

	if (d->mask == UINT32_MAX)
		snprintf(own, sizeof(own), "meta mark 0x%x", d->mark);
	else
		snprintf(own, sizeof(own), "meta mark & 0x%x == 0x%x", d->mask, d->mark);
	if (everywhere(p)) {
		LINE(s, "%s meta l4proto udp accept\n", own);
	} else {
		LINE(s, "%s ip daddr . udp dport @peers4 accept\n", own);
		LINE(s, "%s ip6 daddr . udp dport @peers6 accept\n", own);
	}
	LINE(s, "%s drop\n", own);
	LINE(s, "meta mark & 0x%x == 0x%x meta mark & 0x%x != 0x%x meta l4proto udp accept\n", d->around, d->around,
	     WGC_MARK_MASK, d->around);
}

static void add_beside(struct wgc_str *s, const struct wgc_profile *p, bool local)
{
	wgc_str_add(s, "\tchain beside {\n");
	LINE(s, "ip daddr @excluded4 accept\n");
	LINE(s, "ip6 daddr @excluded6 accept\n");
	if (local) {
		if (p->n_dns_servers) {
			LINE(s, "ip daddr @resolvers4 meta l4proto { tcp, udp } th dport { 53, 853 } accept\n");
			LINE(s, "ip6 daddr @resolvers6 meta l4proto { tcp, udp } th dport { 53, 853 } accept\n");
			LINE(s, "meta l4proto { tcp, udp } th dport { 53, 853 } drop\n");
		}
		LINE(s, "ip daddr @connected4 accept\n");
		LINE(s, "ip6 daddr @connected6 accept\n");
		LINE(s, "ip daddr @tunnel4 drop\n");
		LINE(s, "ip6 daddr @tunnel6 drop\n");
		LINE(s, "ip daddr @lan4 accept\n");
		LINE(s, "ip6 daddr @lan6 accept\n");
	}
	wgc_str_add(s, "\t}\n");
}

static void add_chains(struct wgc_str *s, const struct wgc_profile *p, const struct wgc_routes_desired *d)
{
	/* Behind whatever others do to a packet's address and mark. */
	wgc_str_add(s, "\tchain output {\n\t\ttype filter hook output priority 10; policy drop;\n");
	LINE(s, "oifname { \"lo\", \"%s\" } accept\n", p->ifname);
	LINE(s, "oifgroup %u accept\n", WGC_KILL_GROUP);
	/* With the mark, too: beside a tunnel that is dead they bear it. */
	LINE(s, "meta skgid %u meta l4proto { tcp, udp } th dport 53 accept\n", WGC_LOOKUP_GID);
	add_own(s, p, d);
	LINE(s, "udp sport 68 udp dport 67 accept\n");
	LINE(s, "udp sport 546 udp dport 547 ip6 daddr { fe80::/10, ff02::1:2 } accept\n");
	LINE(s, "icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept\n");
	LINE(s, "icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report } ip6 hoplimit 1 accept\n");
	LINE(s, "jump beside\n");
	LINE(s, "drop\n");
	wgc_str_add(s, "\t}\n\tchain forward {\n\t\ttype filter hook forward priority 10; policy drop;\n");
	LINE(s, "oifname \"%s\" accept\n", p->ifname);
	LINE(s, "oifgroup %u accept\n", WGC_KILL_GROUP);
	LINE(s, "iifname \"%s\" ct state established,related accept\n", p->ifname);
	LINE(s, "iifgroup %u ct state established,related accept\n", WGC_KILL_GROUP);
	LINE(s, "jump beside\n");
	LINE(s, "drop\n");
	wgc_str_add(s, "\t}\n");
}

static bool add_local(struct wgc_str *s, const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_arena *a)
{
	struct prefixes tunnel = { 0 }, connected = { 0 }, resolvers = { 0 }, all = { 0 };
	struct wgc_prefix q;
	bool good = tunnel_prefixes(p, a, &tunnel) && connected_prefixes(f, &tunnel, a, &connected);

	for (size_t i = 0; i < p->n_dns_servers; i++)
		if (wgc_prefix_parse(p->dns_servers[i].s, &q) == 0 && covered(&connected, &q) && !covered(&tunnel, &q))
			good &= push(a, &resolvers, &q);
	for (int v6 = 0; v6 < 2; v6++)
		for (size_t i = 0; lan[v6][i]; i++)
			good &= wgc_prefix_parse(lan[v6][i], &q) == 0 && push(a, &all, &q);
	add_sets(s, "tunnel", &tunnel);
	add_sets(s, "connected", &connected);
	add_sets(s, "resolvers", &resolvers);
	add_sets(s, "lan", &all);
	return good;
}

char *wgc_routes_kill_switch(const struct wgc_profile *p, const struct wgc_routes_facts *f, const struct wgc_routes_desired *d,
			     const union wgc_sockaddr *endpoints, size_t n, struct wgc_arena *a)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	struct prefixes excluded = { 0 };
	bool local = !p->allow_lan_at.line || p->allow_lan, good = true;
	char table[56];

	wgc_routes_kill_table(p->ifname, table);
	wgc_str_addf(&s,
		     "add table inet %s\ndelete table inet %s\n"
		     "create table inet %s { comment \"kill switch of wgctl for %s\"; }\ntable inet %s {\n",
		     table, table, table, p->ifname, table);
	add_peers(&s, endpoints, n);
	for (size_t i = 0; i < p->n_exclude_ips; i++)
		good &= push(a, &excluded, &p->exclude_ips[i].prefix);
	add_sets(&s, "excluded", &excluded);
	if (local)
		good &= add_local(&s, p, f, a);
	add_beside(&s, p, local);
	add_chains(&s, p, d);
	wgc_str_add(&s, "}\n");
	return s.oom || !good ? NULL : wgc_arena_strdup(a, wgc_str_get(&s));
}

char *wgc_routes_kill_admit(const char *ifname, const union wgc_sockaddr *endpoints, size_t n, struct wgc_arena *a)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	char table[56];

	wgc_routes_kill_table(ifname, table);
	for (int v6 = 0; v6 < 2; v6++) {
		WGC_AUTO_STR struct wgc_str elements = { 0 };

		if (add_endpoints(&elements, endpoints, n, v6 ? AF_INET6 : AF_INET))
			wgc_str_addf(&s, "add element inet %s peers%d {%s }\n", table, v6 ? 6 : 4, wgc_str_get(&elements));
		s.oom |= elements.oom;
	}
	return s.oom ? NULL : wgc_arena_strdup(a, wgc_str_get(&s));
}
