// SPDX-License-Identifier: GPL-2.0
/*
 * From the steps of `up` to those of `reload`. `up` is the one that knows what
 * a profile means and in which order it is safe; so its plan is made, and of
 * each step only stays what is not so already.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

struct list {
	struct wgc_route *v;
	size_t n;
};

/* A plan in the making. */
struct work {
	const struct wgc_plan *up;
	struct wgc_reload *r;
	struct wgc_plan to;
	struct wgc_route *have; /* through our link and of our making, in order */
	size_t n_have;
	struct wgc_route *through; /* all through our link, in order */
	size_t n_through;
	struct list shared, wanted_shared; /* of no link: those of the machine and of the profile, in order */
	bool *kept; /* of the records: still wanted, or dealt with */
};

static struct wgc_step *add(struct work *w, enum wgc_step_kind kind, struct wgc_span at)
{
	struct wgc_step *s = wgc_arena_push(w->to.arena, &w->to.steps, &w->to.n, &w->to.cap, sizeof(*s));

	if (s) {
		s->kind = kind;
		s->at = at;
		s->covered = true; /* what stays of it goes with the link, or has a record already */
	}
	return s;
}

static const struct wgc_step_def *def_of(const struct wgc_past *p)
{
	return wgc_step_def_find(json_string_value(json_object_get(p->begun, "kind")) ?: "");
}

/* Does it stand in the kernel by our doing, and only its record would take it away? */
static bool stands(const struct wgc_past *p)
{
	const struct wgc_step_def *def = def_of(p);

	return def && def->undo && def != wgc_step_defs[WGC_STEP_LINK_CREATE] && !p->failed && !p->undone &&
	       !json_is_true(json_object_get(p->begun, "covered"));
}

/* ---- addresses -------------------------------------------------------------------- */

static bool is_local(const struct wgc_prefix *p)
{
	return p->ip.family == AF_INET6 && p->ip.b[0] == 0xfe && (p->ip.b[1] & 0xc0) == 0x80;
}

static bool has_address(const struct wgc_ifaddr *v, size_t n, const struct wgc_prefix *p)
{
	for (size_t i = 0; i < n; i++)
		if (wgc_prefix_equal(&v[i].prefix, p))
			return true;
	return false;
}

static bool wants_address(const struct wgc_routes_desired *d, const struct wgc_prefix *p)
{
	for (size_t i = 0; i < d->n_addresses; i++)
		if (wgc_prefix_equal(&d->addresses[i].prefix, p))
			return true;
	return false;
}

static int compare_addresses(struct work *w)
{
	const struct wgc_routes_desired *d = &w->up->want;
	struct wgc_live *live = &w->r->live;
	struct wgc_step *s;

	w->r->addrs = wgc_arena_alloc(w->to.arena, (d->n_addresses + live->n_addrs + 1) * sizeof(*w->r->addrs));
	if (!w->r->addrs)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_addresses; i++) {
		if (!has_address(live->addrs, live->n_addrs, &d->addresses[i].prefix))
			w->r->addrs[w->r->n_add++] = (struct wgc_ifaddr){ .prefix = d->addresses[i].prefix,
									  .ifindex = live->link.ifindex,
									  .at = d->addresses[i].at };
	}
	for (size_t i = 0; i < live->n_addrs; i++) {
		const struct wgc_ifaddr *have = &live->addrs[i];
		char text[WGC_PREFIX_TEXT];

		if (wants_address(d, &have->prefix))
			continue;
		if (wgc_applied_has_address(&w->r->applied, &have->prefix)) {
			w->r->addrs[w->r->n_add + w->r->n_delete++] = *have;
			continue;
		}
		wgc_prefix_print(&have->prefix, text);
		if (!is_local(&have->prefix) && wgc_foreign_add(&w->r->foreign, w->to.arena, "address", "%s", text) < 0)
			return -ENOMEM;
	}
	if (!w->r->n_add && !w->r->n_delete)
		return 0;
	s = add(w, WGC_STEP_ADDR_CHANGE, w->r->n_add ? w->r->addrs[0].at : (struct wgc_span){ 0 });
	return s ? 0 : -ENOMEM;
}

/* ---- the link ---------------------------------------------------------------------- */

static bool has_kill_switch(const struct work *w)
{
	const struct wgc_history *h = w->r->history;

	for (size_t i = 0; i < h->n; i++)
		if (def_of(&h->steps[i]) == wgc_step_defs[WGC_STEP_KILL_SWITCH] && stands(&h->steps[i]))
			return true;
	return false;
}

static int compare_link(struct work *w)
{
	const struct wgc_profile *p = w->up->profile;
	const struct wgc_link *have = &w->r->live.link;
	bool mtu = p->mtu ? p->mtu != have->mtu : w->r->applied.mtu != 0;
	bool group = has_kill_switch(w) != (p->kill_switch != WGC_KILL_SWITCH_OFF);
	struct wgc_step *s;

	/* What was found out at `up` is `watch`'s to find out again. */
	if (!mtu && !group && have->flags & IFF_UP)
		return 0;
	s = add(w, WGC_STEP_LINK_CHANGE, p->mtu_at);
	if (!s)
		return -ENOMEM;
	s->n = mtu;
	s->first = group;
	return 0;
}

/* ---- routes through the link --------------------------------------------------------- */

static int cmp_route(const void *a, const void *b)
{
	const struct wgc_route *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	return wgc_prefix_cmp(&x->dst, &y->dst);
}

static int push_route(struct work *w, const struct wgc_route *route)
{
	struct wgc_route *slot =
		wgc_arena_push(w->to.arena, &w->r->routes, &w->r->n_routes, &w->r->cap_routes, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	*slot = *route;
	slot->oif = route->type == RTN_UNICAST ? w->r->live.link.ifindex : 0;
	return 0;
}

static int add_route_step(struct work *w, size_t first, bool takes_away)
{
	struct wgc_step *s;

	if (w->r->n_routes == first)
		return 0;
	s = add(w, WGC_STEP_ROUTE_CHANGE, w->r->routes[first].at);
	if (!s)
		return -ENOMEM;
	s->first = first;
	s->n = w->r->n_routes - first;
	s->takes_away = takes_away;
	return 0;
}

static int missing_routes(struct work *w, const struct wgc_step *s)
{
	size_t first = w->r->n_routes;

	for (size_t i = s->first; i < s->first + s->n; i++) {
		const struct wgc_route *route = &w->up->want.routes[i];

		if (!bsearch(route, w->through, w->n_through, sizeof(*w->through), cmp_route) && push_route(w, route) < 0)
			return -ENOMEM;
	}
	return add_route_step(w, first, false);
}

/* Those that the profile wants, in order. */
struct wanted {
	struct work *w;
	struct wgc_route *v;
	size_t n;
};

static bool wants(const struct wanted *d, const struct wgc_route *r)
{
	return bsearch(r, d->v, d->n, sizeof(*d->v), cmp_route);
}

/* Somebody took it away; that it is not wanted any more must be known to who would put it back. */
static int missing_extra(void *ctx, const struct wgc_route *r)
{
	struct wanted *d = ctx;

	return wants(d, r) || bsearch(r, d->w->have, d->w->n_have, sizeof(*r), cmp_route) ? 0 : push_route(d->w, r);
}

static int extra_routes(struct work *w)
{
	const struct wgc_routes_desired *d = &w->up->want;
	const struct wgc_history *h = w->r->history;
	WGC_AUTO_FREE struct wgc_route *v = calloc(d->n_routes + 1, sizeof(*v));
	struct wanted want = { .w = w, .v = v };
	size_t first = w->r->n_routes;

	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < d->n_routes; i++)
		if (d->routes[i].type == RTN_UNICAST)
			v[want.n++] = d->routes[i];
	qsort(v, want.n, sizeof(*v), cmp_route);
	for (size_t i = 0; i < w->n_have; i++)
		if (!wants(&want, &w->have[i]) && push_route(w, &w->have[i]) < 0)
			return -ENOMEM;
	for (size_t i = 0; !w->r->applied.same && i < h->n; i++)
		if (!h->steps[i].failed && !h->steps[i].undone && wgc_recorded_routes(h, i, missing_extra, &want) == -ENOMEM)
			return -ENOMEM;
	return add_route_step(w, first, true);
}

/* ---- routes of no link ------------------------------------------------------------------ */

static int cmp_shared(const void *a, const void *b)
{
	const struct wgc_route *x = a, *y = b;

	return x->type != y->type ? x->type - y->type : cmp_route(x, y);
}

int wgc_reload_read_owned(struct wgc_reload *r, struct wgc_arena *a)
{
	const struct wgc_history *h = r->history;
	size_t cap = 0;

	for (size_t i = 0; i < h->n; i++) {
		json_t *o;
		size_t k;

		if (!stands(&h->steps[i]) || h->steps[i].adopted)
			continue;
		json_array_foreach(json_object_get(h->steps[i].begun, "routes"), k, o) {
			struct wgc_owned own = { .record = i }, *slot;

			if (wgc_route_of_record(o, &own.route) < 0 || own.route.type == RTN_UNICAST)
				continue;
			slot = wgc_arena_push(a, &r->owned, &r->n_owned, &cap, sizeof(*slot));
			if (!slot)
				return -ENOMEM;
			*slot = own;
		}
	}
	if (r->n_owned)
		qsort(r->owned, r->n_owned, sizeof(*r->owned), cmp_shared);
	return 0;
}

const struct wgc_owned *wgc_reload_owned(const struct wgc_reload *r, const struct wgc_route *route)
{
	return r->n_owned ? bsearch(route, r->owned, r->n_owned, sizeof(*r->owned), cmp_shared) : NULL;
}

/* Those of no link among @v, in order. */
static int pick_shared(struct work *w, const struct wgc_route *v, size_t n, struct list *ret)
{
	ret->v = wgc_arena_alloc(w->to.arena, (n + 1) * sizeof(*v));
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (v[i].type != RTN_UNICAST)
			ret->v[ret->n++] = v[i];
	qsort(ret->v, ret->n, sizeof(*v), cmp_shared);
	return 0;
}

static bool has_shared(const struct list *list, const struct wgc_route *r)
{
	return bsearch(r, list->v, list->n, sizeof(*r), cmp_shared);
}

/* One by one: those that have a record and are gone come back, those that have
 * none and are not there get one, and others' are left to them. */
static int compare_shared(struct work *w, const struct wgc_step *s)
{
	size_t first = w->r->n_routes;
	struct wgc_step *open = NULL;

	for (size_t i = s->first; i < s->first + s->n; i++) {
		const struct wgc_route *r = &w->up->want.routes[i];
		const struct wgc_owned *own = wgc_reload_owned(w->r, r);
		bool there = has_shared(&w->shared, r);

		if (!there && !own) {
			if (!open) {
				open = wgc_arena_push(w->to.arena, &w->to.steps, &w->to.n, &w->to.cap, sizeof(*open));
				if (!open)
					return -ENOMEM;
				*open = (struct wgc_step){ .kind = WGC_STEP_ROUTE_ADD, .at = r->at, .first = i };
			}
			open->n++;
			continue;
		}
		open = NULL;
		/* There, and said to be gone: by a reload that was killed before it was. */
		if (own && (!there || wgc_shared_is_gone(w->r->history, own->record, r)) && push_route(w, r) < 0)
			return -ENOMEM;
	}
	return add_route_step(w, first, false);
}

/* Their records stay: they do no harm, and may be wanted again. Somebody may have taken one away;
 * that it is not wanted any more must be known to who would put it back. And one that is said to be
 * gone may be there, where the reload that said so was killed. */
static int extra_shared(struct work *w)
{
	size_t first = w->r->n_routes;

	for (size_t i = 0; i < w->r->n_owned; i++) {
		const struct wgc_owned *own = &w->r->owned[i];

		if (has_shared(&w->wanted_shared, &own->route))
			continue;
		if ((has_shared(&w->shared, &own->route) || !wgc_shared_is_gone(w->r->history, own->record, &own->route)) &&
		    push_route(w, &own->route) < 0)
			return -ENOMEM;
	}
	return add_route_step(w, first, true);
}

/* ---- all of them ------------------------------------------------------------------------- */

static bool is_wanted(const struct work *w, const struct wgc_route *r)
{
	const struct wgc_routes_desired *d = &w->up->want;

	for (size_t i = 0; i < d->n_routes; i++)
		if (d->routes[i].type == r->type && !cmp_route(&d->routes[i], r))
			return true;
	return false;
}

/* Ours bear our protocol number; the kernel's own belong to the addresses. */
static int sort_routes(struct work *w, const struct wgc_route *v, size_t n)
{
	struct wgc_live *live = &w->r->live;
	char dst[WGC_PREFIX_TEXT];
	size_t through = 0;

	for (size_t i = 0; i < n; i++)
		through += v[i].oif == live->link.ifindex;
	w->have = calloc(through + 1, sizeof(*w->have));
	w->through = calloc(through + 1, sizeof(*w->through));
	live->routes = wgc_arena_alloc(w->to.arena, (through + 1) * sizeof(*live->routes));
	if (!w->have || !w->through || !live->routes)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (v[i].oif != live->link.ifindex || v[i].type != RTN_UNICAST)
			continue;
		w->through[w->n_through++] = v[i];
		if (v[i].protocol == RTPROT_KERNEL)
			continue;
		if (!v[i].gateway)
			live->routes[live->n_routes++] = v[i];
		if (v[i].protocol == WGC_RTPROT) {
			w->have[w->n_have++] = v[i];
			continue;
		}
		wgc_prefix_print(&v[i].dst, dst);
		if (!is_wanted(w, &v[i]) && wgc_foreign_add(&w->r->foreign, w->to.arena, "route", "%s table %u", dst, v[i].table) < 0)
			return -ENOMEM;
	}
	qsort(w->have, w->n_have, sizeof(*w->have), cmp_route);
	qsort(w->through, w->n_through, sizeof(*w->through), cmp_route);
	return 0;
}

/* ---- what has records of its own: rules, shared routes, sysctls, nft, DNS ------------- */

/* The record that says that this step was done, or one that it takes the place
 * of: of DNS only in the same backend, since in another one it is set anew. */
static const struct wgc_past *find_past(struct work *w, const struct wgc_step *s, bool same)
{
	const struct wgc_history *h = w->r->history;
	const struct wgc_step_def *def = wgc_step_defs[s->kind];
	const char *backend = wgc_dns_backend_name(w->up->facts->dns);

	for (size_t i = h->n; i--;)
		if (!w->kept[i] && def_of(&h->steps[i]) == def && stands(&h->steps[i]) &&
		    (same ? def->same(w->up, s, &h->steps[i]) :
			    s->kind != WGC_STEP_DNS_SET || !strcmp(wgc_record_str(&h->steps[i], "backend"), backend))) {
			w->kept[i] = true;
			return &h->steps[i];
		}
	return NULL;
}

static int compare_recorded(struct work *w, const struct wgc_step *s)
{
	const struct wgc_step_def *def = wgc_step_defs[s->kind];
	const struct wgc_past *past = find_past(w, s, true);
	struct wgc_step *slot;

	if (past && ((past->adopted && !def->shared) || def->present(w->r->undo, past)))
		return 0;
	/* What was found once, and is not there any more, was somebody else's: now it will be ours. */
	if (past && past->adopted)
		past = NULL;
	if (past) {
		slot = add(w, WGC_STEP_PUT_BACK, s->at);
	} else if (s->kind == WGC_STEP_DNS_SET && (past = find_past(w, s, false))) {
		/* What was there before the first time stays what is put back at the end. */
		slot = add(w, WGC_STEP_DNS_CHANGE, s->at);
	} else if (s->kind == WGC_STEP_NFT_LOAD && (past = find_past(w, s, false))) {
		slot = add(w, WGC_STEP_NFT_REPLACE, s->at);
	} else if (s->kind == WGC_STEP_KILL_SWITCH && (past = find_past(w, s, false))) {
		slot = add(w, WGC_STEP_KILL_REPLACE, s->at);
	} else {
		slot = wgc_arena_push(w->to.arena, &w->to.steps, &w->to.n, &w->to.cap, sizeof(*slot));
		if (slot)
			*slot = *s;
	}
	if (!slot)
		return -ENOMEM;
	slot->past = past;
	/* These have records of their own, which undo them. */
	if (slot->kind == WGC_STEP_NFT_REPLACE || slot->kind == WGC_STEP_KILL_REPLACE)
		slot->covered = false;
	return 0;
}

/* An `up` that began with a kill switch in force, or a reload that was killed while
 * one table took the place of another, leaves two records of one name. */
static bool has_other_record(const struct work *w, const struct wgc_past *p)
{
	const struct wgc_history *h = w->r->history;
	const char *table = wgc_record_str(p, "nft");

	for (size_t i = 0; *table && i < h->n; i++)
		if (w->kept[i] && &h->steps[i] != p && stands(&h->steps[i]) && !strcmp(wgc_record_str(&h->steps[i], "nft"), table))
			return true;
	return false;
}

/* In the order in which `down` would: the last one first, and what holds all back at the end. */
static int take_back_rest(struct work *w)
{
	const struct wgc_history *h = w->r->history;

	for (int last = 0; last < 2; last++)
		for (size_t i = h->n; i--;) {
			const struct wgc_past *p = &h->steps[i];
			struct wgc_step *s;

			if (w->kept[i] || p->adopted || !stands(p) || def_of(p)->undo_last != last || has_other_record(w, p) ||
			    def_of(p) == wgc_step_defs[WGC_STEP_ROUTE_ADD])
				continue;
			/* A tunnel that is up stays where it is. */
			if (def_of(p) == wgc_step_defs[WGC_STEP_NETNS_CREATE])
				continue;
			s = add(w, WGC_STEP_TAKE_BACK, (struct wgc_span){ 0 });
			if (!s)
				return -ENOMEM;
			s->past = p;
		}
	return 0;
}

static int add_mark(struct work *w)
{
	return w->r->delta.mark && !add(w, WGC_STEP_DEVICE_MARK, w->up->device.fwmark_at) ? -ENOMEM : 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static int one_step(struct work *w, const struct wgc_step *s)
{
	switch (s->kind) {
	case WGC_STEP_RESOLVE:
		return w->r->delta.n_resolve && !add(w, s->kind, s->at) ? -ENOMEM : 0;
	case WGC_STEP_DEVICE_CONFIGURE:
		if (!wgc_delta_is_empty(&w->r->delta) && !add(w, WGC_STEP_DEVICE_CHANGE, s->at))
			return -ENOMEM;
		/* Before there is a rule that looks for it. */
		return !w->r->live.device->fwmark ? add_mark(w) : 0;
	case WGC_STEP_LINK_SET:
		return compare_link(w);
	case WGC_STEP_ROUTE_ADD:
		return s->covered ? missing_routes(w, s) : compare_shared(w, s);
	case WGC_STEP_SYSCTL_SET:
	case WGC_STEP_NFT_LOAD:
	case WGC_STEP_KILL_SWITCH:
	case WGC_STEP_DNS_SET:
	case WGC_STEP_RULE_ADD:
		return compare_recorded(w, s);
	default:
		/* The link is there, hooks have had their turn, keys were read
		 * to be compared; addresses are looked at together. */
		return 0;
	}
}

int wgc_reload_build(const struct wgc_plan *up, struct wgc_reload *r, const struct wgc_route *routes, size_t n_routes,
		     struct wgc_plan *ret, struct wgc_err *err)
{
	struct work w = { .up = up, .r = r, .to = *up };
	int rc;

	w.to.steps = NULL;
	w.to.n = w.to.cap = 0;
	w.to.reload = r;
	w.kept = calloc(r->history->n + 1, sizeof(*w.kept));
	rc = w.kept ? sort_routes(&w, routes, n_routes) : -ENOMEM;
	rc = rc ?: pick_shared(&w, routes, n_routes, &w.shared);
	rc = rc ?: pick_shared(&w, up->want.routes, up->want.n_routes, &w.wanted_shared);
	for (size_t i = 0; rc == 0 && i < up->n; i++) {
		/* Where `up` adds them; there may be none left to be added. */
		if (up->steps[i].kind == WGC_STEP_LINK_SET)
			rc = compare_addresses(&w);
		rc = rc ?: one_step(&w, &up->steps[i]);
	}
	/* A mark that becomes another one: when the rules know it. One that goes:
	 * when none looks for it any more. */
	if (r->live.device->fwmark && r->delta.fwmark)
		rc = rc ?: add_mark(&w);
	rc = rc ?: extra_routes(&w);
	rc = rc ?: extra_shared(&w);
	rc = rc ?: take_back_rest(&w);
	if (r->live.device->fwmark && !r->delta.fwmark)
		rc = rc ?: add_mark(&w);
	free(w.kept);
	free(w.have);
	free(w.through);
	if (rc < 0)
		return wgc_err_nomem(err);
	*ret = w.to;
	return 0;
}
