// SPDX-License-Identifier: GPL-2.0
/*
 * Which names a profile wants to have answered by its servers. Pure; the rule,
 * in this order:
 *
 *   1. `~domain`s: the names below these and below the search domains go to the
 *      tunnel's servers, others do not. `~.` is all names.
 *   2. a full tunnel: all names. A query that goes elsewhere would tell whoever
 *      runs the network outside where this machine goes.
 *   3. search domains: the names below them, no others. Whoever lets a few
 *      networks into the tunnel and names a domain means that domain; its server
 *      often answers for nothing else.
 *   4. no domain: all names. There is no name that could get to these servers
 *      otherwise, and it is what wg-quick does.
 *
 * Only systemd-resolved can send some names here and some there. For the other
 * backends it is always all names.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "dns/internal.h"

/* Half of IPv4 or more, and the part of IPv6 that is given out, 2000::/3:
 * people write a full tunnel as two halves, or as everything but the local
 * networks. */
struct coverage {
	uint64_t v4;
	bool v6;
};

static void cover(struct coverage *c, const struct wgc_prefix *p)
{
	if (p->ip.family == AF_INET)
		c->v4 += 1ull << (32 - p->len);
	else if (p->len <= 3)
		c->v6 |= !((p->ip.b[0] ^ 0x20) & (0xff00 >> p->len) & 0xff);
}

bool wgc_dns_full_tunnel(const struct wgc_profile *p)
{
	struct coverage c = { 0 };

	/* Routes of another table are used by whom its owner sends there. */
	if (p->table_mode == WGC_TABLE_OFF)
		return false;
	if (p->table_mode == WGC_TABLE_NUMBER && p->table != RT_TABLE_MAIN && !(p->table_name && !strcmp(p->table_name, "main")))
		return false;
	for (size_t i = 0; i < p->n_peers; i++) {
		const struct wgc_profile_peer *peer = &p->peers[i];

		for (size_t k = 0; peer->routes_mode == WGC_ROUTES_AUTO && k < peer->peer.n_allowed_ips; k++)
			cover(&c, &peer->peer.allowed_ips[k].prefix);
		for (size_t k = 0; peer->routes_mode == WGC_ROUTES_LIST && k < peer->n_routes; k++)
			cover(&c, &peer->routes[k].prefix);
	}
	return c.v4 >= 1ull << 31 || c.v6;
}

/* A word that stays one word on its line. */
static int check_word(const struct wgc_text *t, struct wgc_err *err)
{
	bool good = t->s && *t->s;

	for (const char *c = t->s; good && *c; c++)
		good = (unsigned char)*c > ' ' && *c != 0x7f && *c != '#';
	if (good)
		return 0;
	wgc_err_set(err, WGC_E_CONFIG, EINVAL, "a name server or search domain must be one word without spaces");
	if (err)
		err->at = t->at;
	return -EINVAL;
}

int wgc_dns_want(const struct wgc_profile *p, struct wgc_dns_want *ret, struct wgc_err *err)
{
	struct wgc_dns_want w = { .profile = p };
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->n_dns_servers; i++)
		r = check_word(&p->dns_servers[i], err);
	for (size_t i = 0; r == 0 && p->n_dns_servers && i < p->n_dns_search; i++) {
		const char *s = p->dns_search[i].s;

		r = check_word(&p->dns_search[i], err);
		if (r < 0)
			break;
		if (*s != '~')
			w.n_search++;
		else if (!strcmp(s, "~.") || !s[1])
			w.all = true;
		else
			w.n_routed++;
	}
	if (r < 0)
		return r;
	if (!w.n_routed && !w.all) {
		w.added = wgc_dns_full_tunnel(p) || !w.n_search;
		w.all = w.added;
	}
	*ret = w;
	return 0;
}

int wgc_dns_lines(const struct wgc_dns_want *w, bool routed, struct wgc_str *out, struct wgc_err *err)
{
	const struct wgc_profile *p = w->profile;

	/* Search domains alone mean nothing to wg-quick. */
	if (!p->n_dns_servers)
		return 0;
	for (size_t i = 0; i < p->n_dns_servers; i++)
		wgc_str_addf(out, "nameserver %s\n", p->dns_servers[i].s);
	if (w->n_search || (routed && p->n_dns_search)) {
		wgc_str_add(out, "search");
		for (size_t i = 0; i < p->n_dns_search; i++)
			if (routed || *p->dns_search[i].s != '~')
				wgc_str_addf(out, " %s", p->dns_search[i].s);
		wgc_str_addc(out, '\n');
	}
	return out->oom ? wgc_err_nomem(err) : 0;
}

void wgc_dns_warn_routed(const struct wgc_dns_want *w, const char *who, struct wgc_str *note)
{
	const struct wgc_profile *p = w->profile;
	size_t n = 0;

	if (!note || !w->n_routed)
		return;
	for (size_t i = 0; i < p->n_dns_search; i++)
		if (*p->dns_search[i].s == '~')
			wgc_str_addf(note, "%s%s", n++ ? ", " : "", p->dns_search[i].s);
	wgc_str_addf(note,
		     ": %s cannot send the names below a domain to servers of their own; all names go to those of the tunnel "
		     "(systemd-resolved can)",
		     who);
}
