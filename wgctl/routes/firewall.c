// SPDX-License-Identifier: GPL-2.0
/*
 * The nft table of a policy-routed tunnel. It does three things: nobody on
 * another network can reach the tunnel's addresses and so find out which they
 * are; connections that came in from outside are answered the way they came;
 * and replies to the device's own packets bear the mark of those, so that
 * reverse path filters judge them by the route that the packets took.
 *
 * Bits are only ever added to marks, and only ours: other programs keep theirs.
 */
#include <errno.h>

#include "routes/internal.h"

void wgc_routes_nft_table(const char *ifname, char ret[static 48])
{
	size_t n = 0;

	for (const char *prefix = WGC_NFT_PREFIX; *prefix; prefix++)
		ret[n++] = *prefix;
	/* Of the characters of link names nft's words lack '+' and '='. They
	 * have '/', which link names lack. */
	for (; *ifname && n < 45; ifname++) {
		if (*ifname == '+' || *ifname == '=')
			ret[n++] = '/';
		ret[n++] = *ifname == '+' ? 'p' : *ifname == '=' ? 'e' : *ifname;
	}
	ret[n] = '\0';
}

static bool protected_address(const struct wgc_routes_desired *d, const struct wgc_ip *ip)
{
	return ip->family == AF_INET6 ? d->policy6 && !d->closed6 : d->policy4;
}

static void add_guard(struct wgc_str *s, const struct wgc_profile *p, const struct wgc_routes_desired *d)
{
	char ip[WGC_IP_TEXT];

	wgc_str_add(s, "\tchain preraw {\n\t\ttype filter hook prerouting priority -300; policy accept;\n");
	for (size_t i = 0; i < d->n_addresses; i++) {
		if (!protected_address(d, &d->addresses[i].prefix.ip))
			continue;
		wgc_ip_print(&d->addresses[i].prefix.ip, ip);
		wgc_str_addf(s, "\t\tiifname != \"%s\" %s daddr %s fib saddr type != local drop\n", p->ifname,
			     d->addresses[i].prefix.ip.family == AF_INET6 ? "ip6" : "ip", ip);
	}
	wgc_str_add(s, "\t}\n");
}

/* Connections that were there before connection tracking was: it takes who
 * speaks first for who called, and that may be this side. */
static size_t add_sessions(struct wgc_str *s, const struct wgc_routes_facts *f, uint8_t family)
{
	char local[WGC_IP_TEXT], remote[WGC_IP_TEXT];
	size_t n = 0;

	for (size_t i = 0; i < f->n_sessions; i++) {
		const struct wgc_session *x = &f->sessions[i];

		if (x->local.family != family)
			continue;
		if (!n++)
			wgc_str_addf(s, "\tset sessions%d {\n\t\ttype %s . inet_service . %s . inet_service\n\t\telements = {",
				     family == AF_INET6 ? 6 : 4, family == AF_INET6 ? "ipv6_addr" : "ipv4_addr",
				     family == AF_INET6 ? "ipv6_addr" : "ipv4_addr");
		wgc_ip_print(&x->local, local);
		wgc_ip_print(&x->remote, remote);
		wgc_str_addf(s, "%s %s . %u . %s . %u", n > 1 ? "," : "", local, x->local_port, remote, x->remote_port);
	}
	if (n)
		wgc_str_add(s, " }\n\t}\n");
	return n;
}

static void add_return(struct wgc_str *s, const struct wgc_profile *p, const struct wgc_routes_desired *d, bool sessions4,
		       bool sessions6)
{
	char own[48];

	if (d->mask == UINT32_MAX)
		snprintf(own, sizeof(own), "0x%x", d->mark);
	else
		snprintf(own, sizeof(own), "& 0x%x == 0x%x", d->mask, d->mark);
	/* Whatever comes in for this machine itself, at any time: so that a
	 * connection from before is known by its first packet. What comes
	 * through another tunnel has no way back but that one; asked with "!="
	 * a network card, which is of no kind, would match nothing at all. */
	wgc_str_addf(s,
		     "\tchain outside {\n\t\tmeta iifkind { \"tun\", \"wireguard\" } return\n"
		     "\t\tct direction original fib daddr type local ct mark set ct mark | 0x%x\n\t}\n"
		     "\tchain premangle {\n\t\ttype filter hook prerouting priority -150; policy accept;\n"
		     "\t\tiifname != { \"lo\", \"%s\" } jump outside\n"
		     "\t\tiifname != \"%s\" ct mark & 0x%x == 0x%x meta mark set meta mark | 0x%x\n\t}\n",
		     d->around, p->ifname, p->ifname, d->around, d->around, d->around);
	wgc_str_addf(s,
		     "\tchain output {\n\t\ttype route hook output priority -150; policy accept;\n"
		     "\t\tct direction reply ct mark & 0x%x == 0x%x meta mark set meta mark | 0x%x\n",
		     d->around, d->around, d->around);
	for (int v6 = 0; v6 < 2; v6++)
		if (v6 ? sessions6 : sessions4)
			wgc_str_addf(s,
				     "\t\t%s saddr . tcp sport . %s daddr . tcp dport @sessions%d "
				     "ct mark set ct mark | 0x%x meta mark set meta mark | 0x%x\n",
				     v6 ? "ip6" : "ip", v6 ? "ip6" : "ip", v6 ? 6 : 4, d->around, d->around);
	wgc_str_addf(s,
		     "\t}\n\tchain postmangle {\n\t\ttype filter hook postrouting priority -150; policy accept;\n"
		     "\t\tmeta l4proto udp meta mark %s ct mark set ct mark | 0x%x\n\t}\n",
		     own, d->around);
}

static char *whole_table(const struct wgc_profile *p, const struct wgc_routes_facts *f, const char *table, struct wgc_arena *a,
			 const struct wgc_routes_desired *d)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	bool sessions4, sessions6;

	/* `create`, not `add`: a table that is there already is an error and
	 * not a table with every rule twice. And by itself: nft (1.0.6) drops
	 * the chains of a `create table` without a word. */
	wgc_str_addf(&s, "create table inet %s { comment \"made by wgctl for %s\"; }\ntable inet %s {\n", table, p->ifname,
		     table);
	sessions4 = add_sessions(&s, f, AF_INET);
	sessions6 = add_sessions(&s, f, AF_INET6);
	add_guard(&s, p, d);
	add_return(&s, p, d, sessions4, sessions6);
	wgc_str_add(&s, "}\n");
	return s.oom ? NULL : wgc_arena_strdup(a, wgc_str_get(&s));
}

int wgc_routes_firewall(const struct wgc_profile *p, const struct wgc_routes_facts *f, struct wgc_arena *a,
			struct wgc_routes_desired *d, struct wgc_err *err)
{
	const struct wgc_routes_facts nobody = { .n_sessions = 0 };
	char table[48];

	wgc_routes_nft_table(p->ifname, table);
	d->nft_load = whole_table(p, f, table, a, d);
	d->nft_base = whole_table(p, &nobody, table, a, d);
	/* Deleting what is not there fails; after `add` it is there. */
	d->nft_delete = wgc_arena_printf(a, "add table inet %s\ndelete table inet %s\n", table, table);
	return d->nft_load && d->nft_base && d->nft_delete ? 0 : wgc_err_nomem(err);
}
