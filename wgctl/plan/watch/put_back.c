// SPDX-License-Identifier: GPL-2.0
/*
 * The other things that are put back when somebody has taken them away: our nft
 * tables, addresses, resolvers (reassert.c has rules and routes). A table is as
 * its record says. Addresses and resolvers are as the profile says, so only one
 * that is still the one that was applied is listened to: what an edited file
 * wants is for `reload`.
 *
 * The file /etc/resolv.conf is let be: it belongs to whoever writes it, a DHCP
 * client perhaps, and two that write it in turn help nobody. `reload` puts it back.
 */
#include <errno.h>
#include <string.h>

#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

static void tell(const struct wgc_again *g, const char *word, const char *text)
{
	if (g->run->on_step)
		g->run->on_step(g->run->ctx, &(struct wgc_step_view){ .index = 1, .total = 1, .word = word, .sign = '+', .text = text, .undo = "" });
}

static bool is_live(const struct wgc_past *p, const struct wgc_step_def *def)
{
	return !strcmp(wgc_record_str(p, "kind"), def->word) && !p->adopted && !p->failed && !p->undone;
}

/* ---- nft ------------------------------------------------------------------------ */

/* The record has the addresses that were known then; a peer may have roamed since. */
static int admit_live(const struct wgc_again *g, struct wgc_err *err)
{
	const char *ifname = wgc_history_str(g->history, "ifname");
	union wgc_sockaddr *v;
	struct wgc_device *d;
	size_t n = 0;
	int r = wgc_wg_get(g->sys->nl, ifname, g->arena, &d, err);

	if (r < 0)
		return r;
	v = wgc_arena_alloc(g->arena, (d->n_peers + 1) * sizeof(*v));
	if (!v)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < d->n_peers; i++)
		if (d->peers[i].endpoint.sa.sa_family)
			v[n++] = d->peers[i].endpoint;
	return wgc_plan_admit(g->sys, ifname, v, n, err);
}

static int tables(const struct wgc_again *g, struct wgc_err *err)
{
	int n = 0, r = 0;

	for (size_t i = 0; r == 0 && i < g->history->n; i++) {
		const struct wgc_past *p = &g->history->steps[i];
		bool kill = is_live(p, &wgc_step_kill_switch);
		WGC_AUTO_STR struct wgc_str text = { 0 };

		if ((!kill && !is_live(p, &wgc_step_nft)) || wgc_record_replaced(g->history, i))
			continue;
		if (wgc_nft_is_whole(g->sys, wgc_record_str(p, "nft"), wgc_record_str(p, "load")))
			continue;
		if (!g->run->dry_run) {
			r = wgc_nft_swap(g->sys, p, wgc_record_str(p, "load"), err);
			if (r == 0 && kill)
				r = admit_live(g, err);
		}
		if (r < 0)
			return r;
		wgc_record_text(p, &text);
		tell(g, wgc_record_str(p, "kind"), wgc_str_get(&text));
		n++;
	}
	return n;
}

/* ---- addresses --------------------------------------------------------------------- */

/* Whoever has switched IPv6 off, for all or for this link, has meant it. */
static bool has_ipv6(const struct wgc_again *g)
{
	char path[64], now[16];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/disable_ipv6", wgc_history_str(g->history, "ifname"));
	return wgc_sysctl_read(g->sys, path, now, sizeof(now)) == 0 && !strcmp(now, "0");
}

static bool is_there(const struct wgc_ifaddr *v, size_t n, const struct wgc_prefix *p)
{
	for (size_t i = 0; i < n; i++)
		if (wgc_prefix_equal(&v[i].prefix, p))
			return true;
	return false;
}

static int addresses(const struct wgc_again *g, struct wgc_err *err)
{
	const struct wgc_profile *p = g->profile;
	struct wgc_ifaddr *have = NULL, *missing = wgc_arena_alloc(g->arena, (p->n_addresses + 1) * sizeof(*missing));
	WGC_AUTO_STR struct wgc_str text = { 0 };
	size_t n_have = 0, n = 0;
	/* Nor are they there where the profile blocks IPv6. */
	bool six = p->ipv6 != WGC_IPV6_BLOCK && has_ipv6(g);
	int r = missing ? wgc_nl_addr_list(g->sys->nl, g->ifindex, g->arena, &have, &n_have, err) : wgc_err_nomem(err);

	for (size_t i = 0; r == 0 && i < p->n_addresses; i++) {
		const struct wgc_prefix *want = &p->addresses[i].prefix;
		char one[WGC_PREFIX_TEXT];

		if (is_there(have, n_have, want) || (want->ip.family == AF_INET6 && !six))
			continue;
		missing[n++] = (struct wgc_ifaddr){ .prefix = *want, .ifindex = g->ifindex, .at = p->addresses[i].at };
		wgc_prefix_print(want, one);
		wgc_str_addf(&text, "%s%s", text.len ? ", " : "", one);
	}
	if (r < 0 || !n)
		return r;
	if (!g->run->dry_run)
		r = wgc_nl_addrs_add(g->sys->nl, missing, n, -EEXIST, NULL, err);
	if (r < 0)
		return r;
	wgc_str_addf(&text, " dev %s", wgc_history_str(g->history, "ifname"));
	tell(g, wgc_step_addr.word, wgc_str_get(&text));
	return 1;
}

/* ---- resolvers ----------------------------------------------------------------------- */

static int resolvers(const struct wgc_again *g, struct wgc_err *err)
{
	struct wgc_reload same = { .applied.same = true };
	struct wgc_undo undo = { .sys = g->sys, .run = g->run, .history = g->history, .profile = g->profile, .reload = &same };
	struct wgc_plan plan = { .arena = g->arena, .profile = g->profile, .reload = &same };
	struct wgc_exec x = { .sys = g->sys, .plan = &plan, .run = g->run, .ifindex = g->ifindex };
	const struct wgc_past *p = NULL;
	enum wgc_dns_backend b;
	int r;

	/* A later record takes the place of an earlier one. */
	for (size_t i = 0; i < g->history->n; i++)
		if (is_live(&g->history->steps[i], &wgc_step_dns))
			p = &g->history->steps[i];
	if (!p || !wgc_dns_backend_parse(wgc_record_str(p, "backend"), &b) || b == WGC_DNS_BACKEND_FILE || b == WGC_DNS_BACKEND_NONE ||
	    wgc_step_dns.present(&undo, p))
		return 0;
	r = g->run->dry_run ? 0 : wgc_step_dns.redo(&x, p, err);
	if (r < 0)
		return r;
	tell(g, wgc_step_dns.word, wgc_record_str(p, "ifname"));
	return 1;
}

/* ---- in turn --------------------------------------------------------------------------- */

static bool is_applied(const struct wgc_again *g)
{
	char print[33];

	if (!g->profile || g->history->reloading)
		return false;
	wgc_profile_fingerprint(g->profile, print);
	return !strcmp(wgc_history_str(g->history, "fingerprint"), print);
}

int wgc_put_back(const struct wgc_again *g, struct wgc_err *err)
{
	bool applied = is_applied(g);
	int n = 0, first = 0;

	/* The kill switch before anything may call anybody. */
	for (int what = 0; what < 3; what++) {
		struct wgc_err mine = WGC_ERR_INIT;
		int r = 0;

		if (what == 0 && g->what & WGC_AGAIN_NETWORK)
			r = tables(g, &mine);
		else if (what == 1 && g->what & WGC_AGAIN_NETWORK && applied)
			r = addresses(g, &mine);
		else if (what == 2 && g->what & WGC_AGAIN_DNS && applied)
			r = resolvers(g, &mine);
		if (r < 0 && !first) {
			first = r;
			if (err)
				*err = mine;
		}
		n += r > 0 ? r : 0;
	}
	return first ? first : n;
}
