// SPDX-License-Identifier: GPL-2.0
/* Steps on routing: routes and rules. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/steps/steps.h"

static void route_words(const struct wgc_route *r, const char *ifname, struct wgc_str *s)
{
	char dst[WGC_PREFIX_TEXT];

	wgc_prefix_print(&r->dst, dst);
	if (r->type != RTN_UNICAST)
		wgc_str_addf(s, "%s %s", r->type == RTN_THROW ? "throw" : "unreachable", dst);
	else
		wgc_str_addf(s, "%s dev %s", dst, ifname);
	if (r->table != RT_TABLE_MAIN)
		wgc_str_addf(s, " table %u", r->table);
	if (r->metric)
		wgc_str_addf(s, " metric %u", r->metric);
}

/* Routes that the link takes along need no undo: they are named in one string,
 * for those who look whether they are still there. The others get one object each. */
int wgc_routes_record(const struct wgc_route *v, size_t n, const char *key, struct wgc_json *j, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str all = { 0 };
	char dst[WGC_PREFIX_TEXT];

	for (size_t i = 0; i < n; i++) {
		wgc_prefix_print(&v[i].dst, dst);
		wgc_str_addf(&all, "%s%s@%u", i ? " " : "", dst, v[i].table);
	}
	if (all.oom)
		return wgc_err_nomem(err);
	wgc_json_key(j, key);
	wgc_json_str(j, wgc_str_get(&all));
	return 0;
}

static int route_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	char dst[WGC_PREFIX_TEXT];

	wgc_json_key(j, "n");
	wgc_json_uint(j, s->n);
	if (s->covered)
		return wgc_routes_record(&x->plan->want.routes[s->first], s->n, "via", j, err);
	wgc_json_key(j, "routes");
	wgc_json_array(j);
	for (size_t i = 0; i < s->n; i++) {
		const struct wgc_route *r = &x->plan->want.routes[s->first + i];

		wgc_prefix_print(&r->dst, dst);
		wgc_json_object(j);
		wgc_json_key(j, "dst");
		wgc_json_str(j, dst);
		wgc_json_key(j, "table");
		wgc_json_uint(j, r->table);
		wgc_json_key(j, "type");
		wgc_json_uint(j, r->type);
		wgc_json_key(j, "metric");
		wgc_json_uint(j, r->metric);
		wgc_json_object_end(j);
	}
	wgc_json_array_end(j);
	return 0;
}

/* Routes of no link. When one of them turns out to be there already, undo could
 * not tell it from those that were added: so these go at once, and -EEXIST says
 * that nothing of the step is ours. */
static int add_shared(struct wgc_exec *x, const struct wgc_route *v, size_t n, int *results, struct wgc_err *err)
{
	int r = wgc_nl_routes_add(x->sys->nl, v, n, 0, results, err);
	bool clash = false;

	if (r == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		clash |= results[i] == -EEXIST;
	if (!clash)
		return r;
	for (size_t i = 0; i < n; i++)
		if (results[i] == 0 && wgc_nl_routes_delete(x->sys->nl, &v[i], 1, -ESRCH, NULL, NULL) < 0)
			return r == -EEXIST ? -EBUSY : r;
	return -EEXIST;
}

static int route_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_route *v = &x->plan->want.routes[s->first];
	WGC_AUTO_FREE int *results = NULL;
	int r;

	for (size_t i = 0; i < s->n; i++)
		if (v[i].type == RTN_UNICAST)
			v[i].oif = x->ifindex;
	results = calloc(s->n, sizeof(*results));
	if (!results)
		return wgc_err_nomem(err);
	if (!s->covered)
		return add_shared(x, v, s->n, results, err);
	/* The link is ours, so an equal route through it is of our own making
	 * or of a hook's. A clash with another device is for routes_plan to
	 * refuse; one that came since then is told below. */
	r = wgc_nl_routes_add(x->sys->nl, v, s->n, -EEXIST, results, err);
	for (size_t i = 0; r == 0 && i < s->n; i++) {
		struct wgc_arena *a;
		struct wgc_route *have;
		bool ours = false;
		size_t n;

		if (results[i] != -EEXIST)
			continue;
		a = wgc_arena_new();
		if (!a)
			return wgc_err_nomem(err);
		r = wgc_nl_route_list(x->sys->nl, v[i].dst.ip.family, v[i].table, a, &have, &n, err);
		for (size_t k = 0; r == 0 && k < n; k++)
			if (have[k].oif == x->ifindex && wgc_prefix_equal(&have[k].dst, &v[i].dst))
				ours = true;
		wgc_arena_free(a);
		if (r == 0 && !ours) {
			char dst[WGC_PREFIX_TEXT];

			wgc_prefix_print(&v[i].dst, dst);
			r = wgc_err_set(err, WGC_E_EXISTS, EEXIST, "there is a route to %s through another device", dst);
			wgc_err_hint(err, "see `ip route show %s`; Routes = off on this peer, or Table =, keeps them apart", dst);
			if (err)
				err->at = v[i].at;
		}
	}
	return r;
}

static void route_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_route *r = &p->want.routes[s->first];

	route_words(r, p->profile->ifname, text);
	if (s->n > 1)
		wgc_str_addf(text, " and %zu more", s->n - 1);
	wgc_str_add(equivalent, r->dst.ip.family == AF_INET6 ? "ip -6 route add " : "ip route add ");
	route_words(r, p->profile->ifname, equivalent);
}

int wgc_route_of_record(const json_t *o, struct wgc_route *ret)
{
	struct wgc_route r = { .protocol = WGC_RTPROT };

	if (wgc_prefix_parse(json_string_value(json_object_get(o, "dst")) ?: "", &r.dst) < 0)
		return -EBADMSG;
	r.table = wgc_record_int(o, "table");
	r.type = (uint8_t)wgc_record_int(o, "type");
	r.metric = wgc_record_int(o, "metric");
	*ret = r;
	return 0;
}

static int route_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	json_t *list = json_object_get(p->begun, "routes"), *o;
	int r, first = 0;
	size_t i;

	json_array_foreach(list, i, o) {
		struct wgc_route route;

		r = wgc_route_of_record(o, &route);
		if (r == 0)
			r = wgc_nl_routes_delete(u->sys->nl, &route, 1, -ESRCH, NULL, first ? NULL : err);
		if (r < 0 && !first)
			first = r;
	}
	return first;
}

const struct wgc_step_def wgc_step_route = {
	.word = "route.add",
	.sign = '+',
	.capture = route_capture,
	.apply = route_apply,
	.describe = route_describe,
	.undo = route_undo,
	.undo_text = "delete",
};

void wgc_rule_record(const struct wgc_rule *r, struct wgc_json *j)
{
	const struct {
		const char *key;
		int64_t value;
	} v[] = { { "family", r->family },     { "priority", r->priority }, { "table", r->table },
		  { "fwmark", r->fwmark },     { "fwmask", r->fwmask },	    { "invert", r->invert },
		  { "protocol", r->protocol }, { "action", r->action },	    { "suppress", r->suppress_prefixlen } };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		wgc_json_key(j, v[i].key);
		wgc_json_int(j, v[i].value);
	}
}

static int rule_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_rule_record(s->rule, j);
	return 0;
}

static int rule_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_nl_rule_add(x->sys->nl, s->rule, err);

	if (r < 0 && err && !err->at.line)
		err->at = s->at;
	return r;
}

static void rule_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_rule *r = s->rule;
	struct wgc_str words = { 0 };

	if (r->fwmask)
		wgc_str_addf(&words, "%sfwmark 0x%x", r->invert ? "not " : "", r->fwmark);
	if (r->fwmask && r->fwmask != UINT32_MAX)
		wgc_str_addf(&words, "/0x%x", r->fwmask);
	if (r->fwmask)
		wgc_str_addc(&words, ' ');
	wgc_str_addf(&words, "table %u", r->table);
	if (r->suppress_prefixlen >= 0)
		wgc_str_addf(&words, " suppress_prefixlength %d", r->suppress_prefixlen);
	if (r->has_priority)
		wgc_str_addf(&words, " priority %u", r->priority);
	wgc_str_addf(text, "%s%s", r->family == AF_INET6 ? "inet6 " : "", wgc_str_get(&words));
	wgc_str_addf(equivalent, "ip %srule add %s", r->family == AF_INET6 ? "-6 " : "", wgc_str_get(&words));
	wgc_str_done(&words);
}

struct wgc_rule wgc_rule_of_record(const struct wgc_past *p)
{
	return (struct wgc_rule){
		.family = (uint8_t)wgc_record_int(p->begun, "family"),
		.priority = wgc_record_int(p->begun, "priority"),
		.has_priority = wgc_record_int(p->begun, "priority") != 0,
		.table = wgc_record_int(p->begun, "table"),
		.fwmark = wgc_record_int(p->begun, "fwmark"),
		.fwmask = wgc_record_int(p->begun, "fwmask"),
		.invert = wgc_record_int(p->begun, "invert"),
		.protocol = (uint8_t)wgc_record_int(p->begun, "protocol"),
		.action = (uint8_t)wgc_record_int(p->begun, "action"),
		.suppress_prefixlen = (int32_t)json_integer_value(json_object_get(p->begun, "suppress")),
	};
}

static int rule_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_rule rule = wgc_rule_of_record(p);
	int r = wgc_nl_rule_delete(u->sys->nl, &rule, err);

	/* ENOENT: already gone. EAFNOSUPPORT: IPv6 was switched off since. */
	return r == -ENOENT || r == -ESRCH || r == -EAFNOSUPPORT ? 0 : r;
}

static bool rule_remains(struct wgc_undo *u, const struct wgc_past *p)
{
	struct wgc_rule want = wgc_rule_of_record(p), *v;
	struct wgc_arena *a = wgc_arena_new();
	bool found = false;
	size_t n;

	if (a && wgc_nl_rule_list(u->sys->nl, want.family, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (v[i].family == want.family && v[i].priority == want.priority && v[i].table == want.table &&
			    v[i].fwmark == want.fwmark && v[i].suppress_prefixlen == want.suppress_prefixlen && !v[i].other)
				found = true;
	wgc_arena_free(a);
	return found;
}

static bool rule_same(const struct wgc_plan *plan, const struct wgc_step *s, const struct wgc_past *p)
{
	struct wgc_rule have = wgc_rule_of_record(p);
	const struct wgc_rule *want = s->rule;

	return have.family == want->family && have.priority == want->priority && have.table == want->table &&
	       have.fwmark == want->fwmark && have.fwmask == want->fwmask && have.invert == want->invert &&
	       have.protocol == want->protocol && have.action == want->action &&
	       have.suppress_prefixlen == want->suppress_prefixlen;
}

static int rule_redo(struct wgc_exec *x, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_rule rule = wgc_rule_of_record(p);
	struct wgc_err mine = WGC_ERR_INIT;
	int r = wgc_nl_rule_add(x->sys->nl, &rule, &mine);

	if (r == -EEXIST)
		return 0;
	if (r < 0 && err)
		*err = mine;
	return r;
}

const struct wgc_step_def wgc_step_rule = {
	.word = "rule.add",
	.sign = '+',
	.capture = rule_capture,
	.apply = rule_apply,
	.describe = rule_describe,
	.undo = rule_undo,
	.remains = rule_remains,
	.same = rule_same,
	.present = rule_remains,
	.redo = rule_redo,
	.undo_text = "delete",
};
