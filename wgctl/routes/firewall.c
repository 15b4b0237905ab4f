// SPDX-License-Identifier: GPL-2.0
/*
 * The nft table of a policy-routed tunnel. It does two things: nobody on
 * another network can reach the tunnel's addresses and so find out which they
 * are, and replies to the device's own packets bear its mark, so that reverse
 * path filters judge them by the route that the packets took.
 */
#include <errno.h>

#include "routes/internal.h"

void wgc_routes_nft_table(const char *ifname, char ret[static 48])
{
	size_t n = 0;

	for (const char *prefix = "wgctl-"; *prefix; prefix++)
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

int wgc_routes_firewall(const struct wgc_profile *p, struct wgc_arena *a, struct wgc_routes_desired *d, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	char table[48], ip[WGC_IP_TEXT];

	wgc_routes_nft_table(p->ifname, table);
	/* `create`, not `add`: a table that is there already is an error and
	 * not a table with every rule twice. And by itself: nft (1.0.6) drops
	 * the chains of a `create table` without a word. */
	wgc_str_addf(&s, "create table inet %s { comment \"made by wgctl for %s\"; }\ntable inet %s {\n", table, p->ifname,
		     table);
	wgc_str_add(&s, "\tchain preraw {\n\t\ttype filter hook prerouting priority -300; policy accept;\n");
	for (size_t i = 0; i < d->n_addresses; i++) {
		if (!protected_address(d, &d->addresses[i].prefix.ip))
			continue;
		wgc_ip_print(&d->addresses[i].prefix.ip, ip);
		wgc_str_addf(&s, "\t\tiifname != \"%s\" %s daddr %s fib saddr type != local drop\n", p->ifname,
			     d->addresses[i].prefix.ip.family == AF_INET6 ? "ip6" : "ip", ip);
	}
	/* Only our own mark is given back: writing any connection mark, zero
	 * above all, would undo what other programs marked. */
	wgc_str_addf(&s,
		     "\t}\n"
		     "\tchain premangle {\n\t\ttype filter hook prerouting priority -150; policy accept;\n"
		     "\t\tmeta l4proto udp ct mark %u meta mark set ct mark\n\t}\n"
		     "\tchain postmangle {\n\t\ttype filter hook postrouting priority -150; policy accept;\n"
		     "\t\tmeta l4proto udp meta mark %u ct mark set meta mark\n\t}\n}\n",
		     d->mark, d->mark);
	if (s.oom)
		return wgc_err_nomem(err);
	d->nft_load = wgc_arena_strdup(a, wgc_str_get(&s));
	/* Deleting what is not there fails; after `add` it is there. */
	d->nft_delete = wgc_arena_printf(a, "add table inet %s\ndelete table inet %s\n", table, table);
	return d->nft_load && d->nft_delete ? 0 : wgc_err_nomem(err);
}
