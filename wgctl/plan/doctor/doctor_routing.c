// SPDX-License-Identifier: GPL-2.0
/* doctor: routes, rules, and the kernel's settings about them. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/doctor/doctor.h"

#define MANY 4
#define LOOKED_MAX 256
#define PEERS_BRIEF 1000

static int sysctl_number(struct wgc_doctor *d, const char *fmt, const char *word)
{
	char path[96], v[16];

	snprintf(path, sizeof(path), fmt, word);
	return wgc_sysctl_read(d->sys, path, v, sizeof(v)) < 0 ? -1 : (int)strtol(v, NULL, 10);
}

/* The kernel takes the stricter of "all" and the link's own: 1 is strict, but 2 (loose) is the larger number. */
static int rp_filter_of(struct wgc_doctor *d, const char *ifname)
{
	int all = sysctl_number(d, "net/ipv4/conf/%s/rp_filter", "all"), own = sysctl_number(d, "net/ipv4/conf/%s/rp_filter", ifname);

	return all > own ? all : own;
}

/* A strict filter asks where a reply to the outer packet would go, without its
 * mark unless src_valid_mark is on: into the tunnel, so the packet is dropped. */
void wgc_doctor_rp_filter(struct wgc_doctor *d)
{
	bool mark_counts = sysctl_number(d, "net/ipv4/conf/%s/src_valid_mark", "all") == 1;
	const char *last = "";

	if (!d->device || !d->device->fwmark)
		return;
	for (size_t i = 0; i < d->device->n_peers && i < LOOKED_MAX && d->said < MANY; i++) {
		const struct wgc_peer *p = &d->device->peers[i];
		struct wgc_ip ip = wgc_doctor_ip(&p->endpoint);
		struct wgc_route out, back;
		const char *name;

		if (ip.family != AF_INET || wgc_nl_route_lookup(d->sys->nl, &ip, d->device->fwmark, &out, NULL) < 0)
			continue;
		name = wgc_doctor_link(d, out.oif);
		if (mark_counts || !strcmp(name, last) || rp_filter_of(d, name) != 1 ||
		    wgc_nl_route_lookup(d->sys->nl, &ip, 0, &back, NULL) < 0 || back.oif == out.oif)
			continue;
		last = name;
		wgc_problem(d, "sysctl -w net.ipv4.conf.all.src_valid_mark=1, or rp_filter=2 on that link",
			    "the strict reverse path filter of %s drops what the peers send: by its own routing their packets should come from %s",
			    name, wgc_doctor_link(d, back.oif));
	}
	if (d->profile && d->profile->table_mode == WGC_TABLE_OFF && rp_filter_of(d, d->ifname) == 1)
		wgc_problem(d, "rp_filter=2 on that link, or routes to the peers' networks",
			    "the strict reverse path filter of %s drops packets from networks without a route through it", d->ifname);
}

/* ---- networks that are elsewhere too --------------------------------------------- */

static bool own_route(const struct wgc_doctor *d, const struct wgc_route *r)
{
	return d->link.ifindex && r->oif == d->link.ifindex;
}

static void clash_with_networks(struct wgc_doctor *d, const struct wgc_prefix *p)
{
	char a[WGC_PREFIX_TEXT], b[WGC_PREFIX_TEXT];

	for (size_t i = 0; i < d->n_routes && d->said < MANY; i++) {
		const struct wgc_route *r = &d->routes[i];

		/* Directly connected; the more specific of the two wins. */
		if (r->table != RT_TABLE_MAIN || r->gateway || r->type != RTN_UNICAST || own_route(d, r) || !r->dst.len ||
		    r->protocol == WGC_RTPROT || !wgc_prefix_covers(&r->dst, p))
			continue;
		/* Every link has these. */
		if (r->dst.ip.family == AF_INET6 && r->dst.ip.b[0] == 0xfe)
			continue;
		wgc_prefix_print(p, a);
		wgc_prefix_print(&r->dst, b);
		wgc_problem(d, "is the remote network numbered like this one? One of them must be renumbered, or ExcludeIPs must keep the local one",
			    "%s is to go through the tunnel, and is also part of the local network %s on %s", a, b, wgc_doctor_link(d, r->oif));
	}
}

static int by_prefix(const void *a, const void *b)
{
	return wgc_prefix_cmp(a, b);
}

static void clash_with_tunnel(struct wgc_doctor *d, const char *other, const struct wgc_device *o)
{
	char text[WGC_PREFIX_TEXT];
	struct wgc_prefix *v;
	size_t n = 0;

	for (size_t i = 0; i < o->n_peers; i++)
		n += o->peers[i].n_allowed_ips;
	v = wgc_arena_alloc(d->arena, (n + 1) * sizeof(*v));
	if (!v)
		return;
	n = 0;
	for (size_t i = 0; i < o->n_peers; i++)
		for (uint32_t k = 0; k < o->peers[i].n_allowed_ips; k++)
			v[n++] = o->peers[i].allowed_ips[k].prefix;
	qsort(v, n, sizeof(*v), by_prefix);
	for (size_t i = 0; i < d->profile->n_peers; i++)
		for (uint32_t k = 0; k < d->profile->peers[i].peer.n_allowed_ips && d->said < MANY; k++) {
			const struct wgc_prefix *p = &d->profile->peers[i].peer.allowed_ips[k].prefix;

			/* Two full tunnels are a way of working: the newer one leads. */
			if (!p->len || !bsearch(p, v, n, sizeof(*v), by_prefix))
				continue;
			wgc_prefix_print(p, text);
			wgc_problem(d, "only one of them can have the route; take it out of AllowedIPs, or use Table =",
				    "%s is among the allowed IPs of %s too", text, other);
		}
}

void wgc_doctor_overlap(struct wgc_doctor *d)
{
	char **names = NULL;
	size_t n = 0;

	if (!d->profile)
		return;
	for (size_t i = 0; i < d->profile->n_peers; i++)
		for (uint32_t k = 0; k < d->profile->peers[i].peer.n_allowed_ips && d->said < MANY; k++)
			clash_with_networks(d, &d->profile->peers[i].peer.allowed_ips[k].prefix);
	if (d->said || wgc_wg_list(d->sys->nl, d->arena, &names, &n, NULL) < 0)
		return;
	for (size_t t = 0; t < n; t++) {
		struct wgc_device *o;

		if (strcmp(names[t], d->ifname) && wgc_wg_get(d->sys->nl, names[t], d->arena, &o, NULL) == 0)
			clash_with_tunnel(d, names[t], o);
	}
}

/* ---- rules ------------------------------------------------------------------------ */

static void missing(void *ctx, const struct wgc_step_view *v)
{
	struct wgc_doctor *d = ctx;

	if (d->said < MANY)
		wgc_problem(d, "somebody removed it; `wgctl watch` adds it again, and `wgctl monitor` shows it happen", "missing: %s %s", v->word,
			    v->text);
}

void wgc_doctor_missing(struct wgc_doctor *d)
{
	struct wgc_run run = { .dry_run = true, .on_step = missing, .ctx = d };
	struct wgc_err err = WGC_ERR_INIT;
	int r;

	if (!d->info || !d->info->finished)
		return;
	/* A hundred thousand routes are not compared just to show a status. */
	if (d->ask->brief && d->device && d->device->n_peers > PEERS_BRIEF)
		return;
	r = wgc_plan_reassert(d->sys, d->info->name, d->ask->profile, WGC_AGAIN_NETWORK, &run, &err);
	if (r < 0)
		wgc_unseen(d, err.code == WGC_E_PERM ? "run it as root" : err.hint, "the journal cannot be compared: %s", err.msg);
}

static bool of_a_tunnel(struct wgc_doctor *d, const struct wgc_rule *r)
{
	struct wgc_up_info *up;
	size_t n;

	if (r->suppress_prefixlen >= 0)
		return true;
	if (wgc_plan_list(d->sys, d->arena, &up, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (up[i].table && up[i].table == r->table)
				return true;
	return false;
}

/* Any rule that is looked at before ours, and leads elsewhere. */
void wgc_doctor_rules(struct wgc_doctor *d)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };

	for (size_t f = 0; d->info && d->info->table && f < WGC_ARRAY_SIZE(families); f++) {
		uint32_t first = UINT32_MAX;

		for (size_t i = 0; i < d->n_rules; i++)
			if (d->rules[i].family == families[f] && d->rules[i].table == d->info->table && d->rules[i].priority < first)
				first = d->rules[i].priority;
		for (size_t i = 0; first != UINT32_MAX && i < d->n_rules && d->said < MANY; i++) {
			const struct wgc_rule *r = &d->rules[i];

			if (r->family != families[f] || !r->priority || r->priority >= first || of_a_tunnel(d, r))
				continue;
			wgc_remark(d, "see `ip rule show`; packets that it matches do not take the tunnel, which may be just what is meant",
				   "an IPv%d rule of somebody else's, priority %u to table %u, stands in front of ours (%u)",
				   r->family == AF_INET6 ? 6 : 4, r->priority, r->table, first);
		}
	}
}

/* ---- settings ------------------------------------------------------------------------ */

/* Several peers that call us: they may want to reach each other through us. */
void wgc_doctor_forwarding(struct wgc_doctor *d)
{
	static const struct {
		uint8_t family;
		const char *path;
	} v[] = { { AF_INET, "net/ipv4/%s" }, { AF_INET6, "net/ipv6/conf/all/%s" } };
	size_t callers = 0;
	bool wanted[2] = { false, false };

	for (size_t i = 0; d->profile && i < d->profile->n_peers; i++) {
		const struct wgc_profile_peer *p = &d->profile->peers[i];

		if (p->n_endpoints)
			continue;
		callers++;
		for (uint32_t k = 0; k < p->peer.n_allowed_ips; k++)
			wanted[p->peer.allowed_ips[k].prefix.ip.family == AF_INET6] = true;
	}
	for (size_t i = 0; callers > 1 && i < 2; i++)
		if (wanted[i] && sysctl_number(d, v[i].path, i ? "forwarding" : "ip_forward") == 0)
			wgc_remark(d, i ? "sysctl -w net.ipv6.conf.all.forwarding=1" : "sysctl -w net.ipv4.ip_forward=1",
				   "%zu peers call here, and IPv%d forwarding is off: they reach this machine, but neither each other nor what is "
				   "behind it", callers, i ? 6 : 4);
}

void wgc_doctor_ipv6(struct wgc_doctor *d)
{
	bool wanted = false;

	for (size_t i = 0; d->profile && i < d->profile->n_addresses; i++)
		wanted |= d->profile->addresses[i].prefix.ip.family == AF_INET6;
	if (!wanted)
		return;
	if (sysctl_number(d, "net/ipv6/conf/%s/disable_ipv6", "all") < 0)
		wgc_problem(d, "the profile's IPv6 is left out; take it out of the profile, or boot with IPv6", "this kernel has no IPv6");
	else if (sysctl_number(d, "net/ipv6/conf/%s/disable_ipv6", d->link.ifindex ? d->ifname : "default") == 1)
		wgc_problem(d, "sysctl -w net.ipv6.conf.default.disable_ipv6=0 before `up`, or take IPv6 out of the profile",
			    "IPv6 is disabled%s%s: the profile's IPv6 addresses and routes are left out", d->link.ifindex ? " on " : "",
			    d->link.ifindex ? d->ifname : "");
}
