// SPDX-License-Identifier: GPL-2.0
/*
 * What we added and somebody else took away is added again: rules and routes
 * that the journal names and the kernel has no more (put_back.c has the rest).
 * Without its rule a full tunnel leaks everything, and systemd-networkd, for one,
 * removes what it did not make whenever it starts.
 *
 * Nothing is written to the journal: what is added is in it already.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/steps/steps.h"

struct again {
	struct wgc_sys *sys;
	struct wgc_arena *arena;
	const struct wgc_history *history;
	struct wgc_plan plan;	/* of what is missing */
	struct wgc_profile who; /* its link's name, for the words of the steps */
	uint32_t ifindex;
	struct wgc_rule *rules;
	size_t n_rules;
	size_t cap_want;
};

static struct wgc_step *add_step(struct again *g, enum wgc_step_kind kind)
{
	struct wgc_step *s = wgc_arena_push(g->arena, &g->plan.steps, &g->plan.n, &g->plan.cap, sizeof(*s));

	if (s)
		s->kind = kind;
	return s;
}

static bool has_rule(const struct again *g, const struct wgc_rule *r)
{
	for (size_t i = 0; i < g->n_rules; i++) {
		const struct wgc_rule *have = &g->rules[i];

		if (!have->other && have->family == r->family && have->priority == r->priority && have->table == r->table &&
		    have->invert == r->invert && have->action == r->action && have->fwmark == r->fwmark && have->fwmask == r->fwmask &&
		    have->suppress_prefixlen == r->suppress_prefixlen)
			return true;
	}
	return false;
}

static int want_rule(struct again *g, const struct wgc_past *p)
{
	struct wgc_rule *r = wgc_arena_alloc(g->arena, sizeof(*r));
	struct wgc_step *s;

	if (!r)
		return -ENOMEM;
	*r = wgc_rule_of_record(p);
	if (has_rule(g, r))
		return 0;
	s = add_step(g, WGC_STEP_RULE_ADD);
	if (!s)
		return -ENOMEM;
	s->rule = r;
	return 0;
}

/* The routes of one table, put in order once: thousands are looked for in it. */
struct table {
	struct again *g;
	uint32_t id;
	struct wgc_route *v;
	size_t n;
};

static int by_prefix(const void *a, const void *b)
{
	return wgc_prefix_cmp(&((const struct wgc_route *)a)->dst, &((const struct wgc_route *)b)->dst);
}

static bool has_route(const struct table *t, const struct wgc_route *r)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (wgc_prefix_cmp(&t->v[mid].dst, &r->dst) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < t->n && wgc_prefix_equal(&t->v[low].dst, &r->dst); low++)
		if (t->v[low].type == r->type && (r->type != RTN_UNICAST || t->v[low].oif == t->g->ifindex))
			return true;
	return false;
}

static int want_route(struct table *t, const struct wgc_route *r)
{
	struct again *g = t->g;
	struct wgc_route *slot;
	struct wgc_step *s;
	int e;

	if (t->id != r->table) {
		t->id = r->table;
		e = wgc_nl_route_list(g->sys->nl, 0, t->id, g->arena, &t->v, &t->n, NULL);
		if (e < 0) {
			t->id = 0;
			return e;
		}
		if (t->n)
			qsort(t->v, t->n, sizeof(*t->v), by_prefix);
	}
	if (has_route(t, r))
		return 0;
	slot = wgc_arena_push(g->arena, &g->plan.want.routes, &g->plan.want.n_routes, &g->cap_want, sizeof(*slot));
	s = add_step(g, WGC_STEP_ROUTE_ADD);
	if (!slot || !s)
		return -ENOMEM;
	*slot = *r;
	s->first = g->plan.want.n_routes - 1;
	s->n = 1;
	s->covered = r->type == RTN_UNICAST;
	return 0;
}

static int want_recorded(void *ctx, const struct wgc_route *r)
{
	return want_route(ctx, r);
}

static int collect(struct again *g)
{
	struct table table = { .g = g };
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->history->n; i++) {
		const struct wgc_past *p = &g->history->steps[i];
		const char *kind = json_string_value(json_object_get(p->begun, "kind")) ?: "";
		json_t *routes, *o;
		size_t k;

		if (p->adopted || p->failed || p->undone)
			continue;
		if (!strcmp(kind, "rule.add"))
			r = want_rule(g, p);
		if (strcmp(kind, "route.add") && strcmp(kind, "route.change"))
			continue;
		routes = json_object_get(p->begun, "routes");
		json_array_foreach(routes, k, o) {
			struct wgc_route route;

			if (r == 0 && wgc_route_of_record(o, &route) == 0 && !wgc_shared_is_gone(g->history, i, &route))
				r = want_route(&table, &route);
		}
		if (r == 0)
			r = wgc_recorded_routes(g->history, i, want_recorded, &table);
	}
	return r;
}

/* Those that can be added are; the first that cannot is told. */
static int add_all(struct again *g, struct wgc_run *run, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	WGC_AUTO_STR struct wgc_str equivalent = { 0 };
	struct wgc_exec x = { .sys = g->sys, .plan = &g->plan, .run = run, .ifindex = g->ifindex };
	int added = 0, first = 0;

	for (size_t i = 0; i < g->plan.n; i++) {
		struct wgc_err mine = WGC_ERR_INIT;
		struct wgc_step_view view;
		WGC_AUTO_STR struct wgc_str none = { 0 };
		struct wgc_json j = { .out = &none, .compact = true };
		int r;

		wgc_step_view(&g->plan, i, &text, &equivalent, &view);
		r = run->dry_run ? 0 : wgc_step_defs[g->plan.steps[i].kind]->apply(&x, &g->plan.steps[i], &j, &mine);
		/* Somebody, whoever took it away perhaps, was quicker. */
		if (r == -EEXIST)
			continue;
		if (r < 0) {
			wgc_err_wrap(&mine, "%s %s", view.word, view.text);
			if (!first && err)
				*err = mine;
			first = first ?: r;
			continue;
		}
		if (run->on_step)
			run->on_step(run->ctx, &view);
		added++;
	}
	return first ?: added;
}

static bool is_here(struct again *g)
{
	const struct wgc_history *h = g->history;
	char boot[64], netns[48];
	struct wgc_link link;
	uint32_t made = 0;

	wgc_boot_id(g->sys, boot);
	wgc_netns_id(netns);
	if (!h->up || h->down || strcmp(wgc_history_str(h, "boot"), boot) || strcmp(wgc_history_str(h, "netns"), netns))
		return false;
	for (size_t i = 0; i < h->n; i++)
		if (h->steps[i].done && json_object_get(h->steps[i].done, "ifindex"))
			made = wgc_record_int(h->steps[i].done, "ifindex");
	/* Through another link of that name, or one that is down, nothing is to be routed. */
	if (wgc_nl_link_get(g->sys->nl, wgc_history_str(h, "ifname"), &link, NULL) || link.ifindex != made || !(link.flags & IFF_UP))
		return false;
	g->ifindex = made;
	snprintf(g->who.ifname, sizeof(g->who.ifname), "%s", link.ifname);
	return true;
}

static int routing(struct again *g, struct wgc_run *run, struct wgc_err *err)
{
	int r = wgc_nl_rule_list(g->sys->nl, 0, g->arena, &g->rules, &g->n_rules, err);

	if (r < 0)
		return r;
	r = collect(g);
	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot compare with the journal: %s", strerror(-r)) : add_all(g, run, err);
}

/* What is asked for; without its journal's lock in a dry run only. */
struct asked {
	struct wgc_sys *sys;
	const char *name;
	const struct wgc_profile *profile;
	unsigned what;
	struct wgc_arena *arena;
	struct wgc_run *run;
	struct wgc_err *err;
	int result;
};

static int reassert(const struct asked *q, json_t *records)
{
	struct again g = { .sys = q->sys, .arena = q->arena };
	struct wgc_history h;
	struct wgc_again rest = { .sys = q->sys, .history = &h, .profile = q->profile, .what = q->what, .arena = q->arena, .run = q->run };
	int r, n;

	g.history = &h;
	g.plan.arena = q->arena;
	g.plan.profile = &g.who;
	if (wgc_history_read(records, q->arena, &h, NULL) < 0 || !is_here(&g))
		return 0;
	rest.ifindex = g.ifindex;
	n = wgc_put_back(&rest, q->err);
	r = q->what & WGC_AGAIN_NETWORK ? routing(&g, q->run, n < 0 ? NULL : q->err) : 0;
	return n < 0 ? n : r < 0 ? r : n + r;
}

/* Looking needs no lock: who only looks is not to be in the way of an `up`. */
static int look(void *ctx, const char *dir, json_t *records)
{
	struct asked *q = ctx;
	const char *name = json_string_value(json_object_get(json_array_get(records, 0), "profile"));

	if (!name || strcmp(name, q->name))
		return 0;
	q->result = reassert(q, records);
	return 1;
}

int wgc_plan_reassert(struct wgc_sys *sys, const char *name, const struct wgc_profile *profile, unsigned what, struct wgc_run *run,
		      struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct asked q = { .sys = sys, .name = name, .profile = profile, .what = what, .arena = a, .run = run, .err = err };
	struct wgc_journal journal;
	json_t *records = NULL;
	int r;

	if (!a)
		return wgc_err_nomem(err);
	if (run->dry_run) {
		r = wgc_journal_each(sys, look, &q, err);
		wgc_arena_free(a);
		return r < 0 ? r : q.result;
	}
	/* The lock: `down` must not take away at the same time. */
	r = wgc_journal_lock(sys, name, &journal, err);
	if (r == 0) {
		r = wgc_journal_read(&journal, &records, err);
		if (r == 0 && records)
			r = reassert(&q, records);
		json_decref(records);
		wgc_journal_unlock(&journal);
	}
	wgc_arena_free(a);
	return r;
}
