// SPDX-License-Identifier: GPL-2.0
/*
 * From a profile and the facts to a list of steps. Pure; the order of the
 * steps is argued here and nowhere else:
 *
 *   namespace        a new one gets its name
 *   link, PreUp      hooks find the link, as wg-quick's do since 1.0.20260223
 *   keys, names      read and resolved before anything points at the tunnel
 *   kill switch      before that, too, but names are resolved without it; it is
 *                    undone last of all
 *   device           peers know what they may send before the link is up
 *   addresses, up
 *   DNS              before routes: a failing resolver has cut nobody off
 *   routes           the specific ones; no packet of others changes its way
 *   sysctl, nft      what policy routing needs to be safe
 *   rules            into a table that has no default route yet
 *   default routes   last: from here on traffic goes through the tunnel
 *   PostUp
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "plan/internal.h"

static struct wgc_step *add(struct wgc_plan *p, enum wgc_step_kind kind)
{
	struct wgc_step *s = wgc_arena_push(p->arena, &p->steps, &p->n, &p->cap, sizeof(*s));

	if (s)
		s->kind = kind;
	return s;
}

static struct wgc_step *add_at(struct wgc_plan *p, enum wgc_step_kind kind, struct wgc_span at)
{
	struct wgc_step *s = add(p, kind);

	if (s)
		s->at = at;
	return s;
}

static int add_hooks(struct wgc_plan *p, enum wgc_hook which)
{
	const struct wgc_texts *t = &p->profile->hooks[which];

	for (size_t i = 0; i < t->n; i++) {
		struct wgc_step *s = add(p, WGC_STEP_HOOK);

		if (!s)
			return -ENOMEM;
		s->hook = which;
		s->command = t->v[i].s;
		s->at = t->v[i].at;
	}
	return 0;
}

static bool is_default(const struct wgc_route *r)
{
	return r->dst.len == 0 && r->type != RTN_THROW;
}

static bool route_exists(const struct wgc_plan *p, const struct wgc_route *r)
{
	const struct wgc_routes_facts *f = &p->facts->routing;

	for (size_t i = 0; i < f->n_routes; i++) {
		const struct wgc_route *have = &f->routes[i];

		if (have->type == r->type && have->table == r->table && wgc_prefix_equal(&have->dst, &r->dst) &&
		    (!r->metric || have->metric == r->metric))
			return true;
	}
	return false;
}

/* One step for each run of routes [first, end) that undo treats alike. A
 * unicast route goes with our link, which does not exist yet, so no equal one
 * can be there; a throw route (or an unreachable one) belongs to no link, and somebody else may want
 * the same one. */
static int add_routes(struct wgc_plan *p, size_t first, size_t end)
{
	for (size_t i = first; i < end;) {
		const struct wgc_route *r = &p->want.routes[i];
		bool covered = r->type == RTN_UNICAST;
		bool adopted = !covered && route_exists(p, r);
		struct wgc_step *s = add(p, WGC_STEP_ROUTE_ADD);

		if (!s)
			return -ENOMEM;
		s->first = i;
		s->covered = covered;
		s->adopted = adopted;
		s->at = r->at;
		for (; i < end; i++) {
			r = &p->want.routes[i];
			if ((r->type == RTN_UNICAST) != covered || (!covered && route_exists(p, r) != adopted))
				break;
			s->n++;
		}
	}
	return 0;
}

static bool rule_exists(const struct wgc_plan *p, const struct wgc_rule *r)
{
	const struct wgc_routes_facts *f = &p->facts->routing;

	for (size_t i = 0; i < f->n_rules; i++) {
		const struct wgc_rule *have = &f->rules[i];

		if (!have->other && have->family == r->family && have->invert == r->invert && have->action == r->action &&
		    have->priority == r->priority && have->table == r->table && have->fwmark == r->fwmark &&
		    have->fwmask == r->fwmask && have->suppress_prefixlen == r->suppress_prefixlen)
			return true;
	}
	return false;
}

int wgc_plan_add_endpoint(struct wgc_plan *p, const union wgc_sockaddr *sa)
{
	union wgc_sockaddr *slot;

	slot = wgc_arena_push(p->arena, &p->endpoints, &p->n_endpoints, &p->cap_endpoints, sizeof(*slot));
	if (slot)
		*slot = *sa;
	return slot ? 0 : -ENOMEM;
}

/* What is sent to the device: the profile's settings with its peers, and the
 * mark of policy routing. Endpoints that are names stay empty until resolved. */
static int build_device(struct wgc_plan *p)
{
	const struct wgc_profile *prof = p->profile;
	struct wgc_device *d = &p->device;

	*d = prof->device;
	memcpy(d->ifname, prof->ifname, sizeof(d->ifname));
	if (p->want.mark && !d->fwmark) {
		d->fwmark = p->want.mark;
		d->flags |= WGC_DEVICE_HAS_FWMARK;
	}
	d->n_peers = d->cap_peers = prof->n_peers;
	d->peers = prof->n_peers ? wgc_arena_alloc(p->arena, prof->n_peers * sizeof(*d->peers)) : NULL;
	if (prof->n_peers && !d->peers)
		return -ENOMEM;
	for (size_t i = 0; i < prof->n_peers; i++) {
		const struct wgc_profile_peer *from = &prof->peers[i];

		d->peers[i] = from->peer;
		for (size_t k = 0; k < from->n_endpoints; k++)
			if (from->endpoints[k].numeric.sa.sa_family && wgc_plan_add_endpoint(p, &from->endpoints[k].numeric) < 0)
				return -ENOMEM;
		if (from->n_endpoints && from->endpoints[0].numeric.sa.sa_family) {
			d->peers[i].endpoint = from->endpoints[0].numeric;
			d->peers[i].endpoint_at = from->endpoints[0].at;
		}
	}
	return 0;
}

static int build_steps(struct wgc_plan *p)
{
	const struct wgc_profile *prof = p->profile;
	struct wgc_step *s;
	size_t specific = 0;

	if (p->facts->netns && !add_at(p, WGC_STEP_NETNS_CREATE, prof->interface_namespace.at))
		return -ENOMEM;
	if (!add(p, WGC_STEP_LINK_CREATE) || add_hooks(p, WGC_PRE_UP) < 0)
		return -ENOMEM;
	if (wgc_keys_count(prof) && !add(p, WGC_STEP_KEYS_READ))
		return -ENOMEM;
	if (wgc_endpoints_count(prof) && !add(p, WGC_STEP_RESOLVE))
		return -ENOMEM;
	if (prof->kill_switch && !add_at(p, WGC_STEP_KILL_SWITCH, prof->kill_switch_at))
		return -ENOMEM;
	s = add(p, WGC_STEP_DEVICE_CONFIGURE);
	if (!s)
		return -ENOMEM;
	s->covered = true;
	if (p->want.n_addresses) {
		s = add(p, WGC_STEP_ADDR_ADD);
		if (!s)
			return -ENOMEM;
		s->n = p->want.n_addresses;
		s->covered = true;
		s->at = p->want.addresses[0].at;
	}
	s = add(p, WGC_STEP_LINK_SET);
	if (!s)
		return -ENOMEM;
	s->covered = true;
	s->at = prof->mtu_at;
	if (p->facts->dns != WGC_DNS_BACKEND_NONE && prof->n_dns_servers) {
		s = add(p, WGC_STEP_DNS_SET);
		if (!s)
			return -ENOMEM;
		s->at = prof->dns_servers[0].at;
	}
	while (specific < p->want.n_routes && !(p->want.policy && is_default(&p->want.routes[specific])))
		specific++;
	if (add_routes(p, 0, specific) < 0)
		return -ENOMEM;
	if (p->want.src_valid_mark) {
		s = add(p, WGC_STEP_SYSCTL_SET);
		if (!s)
			return -ENOMEM;
		s->path = "net/ipv4/conf/all/src_valid_mark";
		s->value = "1";
		s->adopted = p->facts->src_valid_mark;
	}
	if (p->want.nft_load && !add(p, WGC_STEP_NFT_LOAD))
		return -ENOMEM;
	for (size_t i = 0; i < p->want.n_rules; i++) {
		s = add(p, WGC_STEP_RULE_ADD);
		if (!s)
			return -ENOMEM;
		s->rule = &p->want.rules[i];
		s->adopted = rule_exists(p, s->rule);
		s->at = s->rule->at;
	}
	if (add_routes(p, specific, p->want.n_routes) < 0)
		return -ENOMEM;
	return add_hooks(p, WGC_POST_UP);
}

static int build_kill_switch(struct wgc_plan *p)
{
	return add_at(p, WGC_STEP_KILL_SWITCH, p->profile->kill_switch_at) ? 0 : -ENOMEM;
}

static int build(const struct wgc_profile *p, const struct wgc_facts *f, struct wgc_arena *a, int (*steps)(struct wgc_plan *p),
		 struct wgc_plan *ret, struct wgc_err *err)
{
	struct wgc_plan plan = { .arena = a, .profile = p, .facts = f };
	int r;

	r = wgc_routes_plan(p, &f->routing, a, &plan.want, err);
	if (r < 0)
		return r;
	if (build_device(&plan) < 0 || steps(&plan) < 0)
		return wgc_err_nomem(err);
	wgc_profile_fingerprint(p, plan.fingerprint);
	*ret = plan;
	return 0;
}

int wgc_plan_build(const struct wgc_profile *p, const struct wgc_facts *f, struct wgc_arena *a, struct wgc_plan *ret,
		   struct wgc_err *err)
{
	return build(p, f, a, build_steps, ret, err);
}

int wgc_plan_build_lockdown(const struct wgc_profile *p, const struct wgc_facts *f, struct wgc_arena *a, struct wgc_plan *ret,
			    struct wgc_err *err)
{
	return build(p, f, a, build_kill_switch, ret, err);
}
