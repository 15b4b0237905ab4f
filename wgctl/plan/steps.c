// SPDX-License-Identifier: GPL-2.0
/*
 * One row per kind of step: what must hold, what undo will need, how it is
 * done, how it is told, how it is taken back. Nothing else changes the system.
 *
 * Undo works from journal records alone: after a crash there is nothing else.
 * A record without "done" is a step that may or may not have happened.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/internal.h"

static const char *const hook_words[WGC_N_HOOKS] = { "PreUp", "PostUp", "PreDown", "PostDown" };

static const char *record_str(const struct wgc_past *p, const char *key)
{
	return json_string_value(json_object_get(p->begun, key)) ?: "";
}

static uint32_t record_int(const json_t *o, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(o, key));
}

/* ---- link.create ------------------------------------------------------------ */

static int link_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	struct wgc_link have;
	int r = wgc_nl_link_get(x->sys->nl, p->ifname, &have, err);

	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	wgc_err_set(err, WGC_E_EXISTS, EEXIST, "there is a link named '%s' already (%s), which wgctl did not bring up", p->ifname,
		    have.kind[0] ? have.kind : "a physical device");
	wgc_err_hint(err, "delete it with `ip link delete %s` if it is a leftover, or give this profile another link with Name=",
		     p->ifname);
	return -EEXIST;
}

static int link_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "ifname");
	wgc_json_str(j, x->plan->profile->ifname);
	wgc_json_key(j, "userspace");
	wgc_json_bool(j, x->plan->facts->userspace);
	return 0;
}

static int link_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	const char *alias = p->ifname_derived ? p->name : NULL;
	struct wgc_link link;
	int r;

	if (x->plan->facts->userspace) {
		r = wgc_userspace_start(x->sys->nl, x->plan->facts->program, p->ifname, NULL, err);
		if (r >= 0)
			r = wgc_nl_link_get(x->sys->nl, p->ifname, &link, err);
		x->ifindex = r < 0 ? 0 : link.ifindex;
	} else {
		r = wgc_nl_link_create(x->sys->nl, p->ifname, "wireguard", alias, &x->ifindex, err);
	}
	if (r < 0)
		return r;
	wgc_json_key(done, "ifindex");
	wgc_json_uint(done, x->ifindex);
	return 0;
}

static void link_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_addf(text, "%s type wireguard", p->profile->ifname);
	if (p->facts->userspace) {
		wgc_str_addf(text, " (%s)", p->facts->program);
		wgc_str_addf(equivalent, "%s %s", p->facts->program, p->profile->ifname);
	} else {
		wgc_str_addf(equivalent, "ip link add %s type wireguard", p->profile->ifname);
	}
	if (p->profile->ifname_derived)
		wgc_str_addf(text, " alias '%s'", p->profile->name);
}

/* The link of a record, if it is still there and still ours. One that bears
 * our name but another index was made by somebody else since. */
static int link_of_record(struct wgc_undo *u, const struct wgc_past *p, struct wgc_link *ret, struct wgc_err *err)
{
	struct wgc_arena *a;
	struct wgc_link *v;
	uint32_t ifindex = p->done ? record_int(p->done, "ifindex") : 0;
	size_t n;
	int r;

	r = wgc_nl_link_get(u->sys->nl, record_str(p, "ifname"), ret, err);
	if (r == 0 && (!ifindex || ret->ifindex == ifindex))
		return 0;
	if (r < 0 && r != -ENODEV)
		return r;
	if (!ifindex)
		return -ENODEV;
	/* Renamed, perhaps. */
	a = wgc_arena_new();
	if (!a)
		return wgc_err_nomem(err);
	r = wgc_nl_link_list(u->sys->nl, a, &v, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (v[i].ifindex == ifindex && (!strcmp(v[i].kind, "wireguard") || !strcmp(v[i].kind, "tun"))) {
			*ret = v[i];
			wgc_arena_free(a);
			return 0;
		}
	wgc_arena_free(a);
	return r < 0 ? r : -ENODEV;
}

static int link_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	bool userspace = json_is_true(json_object_get(p->begun, "userspace"));
	struct wgc_link link;
	int r;

	r = link_of_record(u, p, &link, err);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	if (userspace && !strcmp(link.ifname, record_str(p, "ifname")))
		return wgc_userspace_stop(u->sys->nl, link.ifname, err);
	r = wgc_nl_link_delete(u->sys->nl, link.ifindex, err);
	return r == -ENODEV ? 0 : r;
}

static bool link_remains(struct wgc_undo *u, const struct wgc_past *p)
{
	struct wgc_link link;

	return link_of_record(u, p, &link, NULL) == 0;
}

/* ---- hook.run ----------------------------------------------------------------- */

static int hook_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "hook");
	wgc_json_str(j, hook_words[s->hook]);
	return 0;
}

static int hook_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = x->sys->hook(x->sys, s->command, x->plan->profile->ifname, err);

	if (r < 0 && err) {
		err->at = s->at;
		wgc_err_wrap(err, "%s", hook_words[s->hook]);
	}
	return r;
}

static void hook_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_addf(text, "%s '%s'", hook_words[s->hook], s->command);
}

/* ---- keys.read, endpoint.resolve, device.configure ------------------------------ */

static int keys_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	return wgc_keys_check(x->plan, err);
}

static int keys_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return wgc_keys_read(x->plan, err);
}

static void keys_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	size_t n = wgc_keys_count(p->profile);

	wgc_str_addf(text, "%zu key%s from files or commands", n, n == 1 ? "" : "s");
}

static int resolve_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return wgc_endpoints_resolve(x, err);
}

static void resolve_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text,
			     struct wgc_str *equivalent)
{
	size_t n = wgc_endpoints_count(p->profile);

	wgc_str_addf(text, "%zu endpoint name%s", n, n == 1 ? "" : "s");
}

static int device_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return wgc_wg_set(x->sys->nl, &x->plan->device, err);
}

static void device_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_device *d = &p->device;

	wgc_str_addf(text, "%s", d->ifname);
	if (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY)
		wgc_str_add(text, " key (hidden),");
	if (d->flags & WGC_DEVICE_HAS_LISTEN_PORT)
		wgc_str_addf(text, " port %u,", d->listen_port);
	if (d->flags & WGC_DEVICE_HAS_FWMARK)
		wgc_str_addf(text, " mark 0x%x,", d->fwmark);
	wgc_str_addf(text, " %zu peer%s", d->n_peers, d->n_peers == 1 ? "" : "s");
	wgc_str_addf(equivalent, "wg addconf %s /dev/stdin", d->ifname);
}

/* ---- addr.add, link.set ------------------------------------------------------------ */

static int addr_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_routes_desired *w = &x->plan->want;
	struct wgc_ifaddr *v = wgc_arena_alloc(x->plan->arena, w->n_addresses * sizeof(*v));

	if (!v)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < w->n_addresses; i++) {
		v[i].prefix = w->addresses[i].prefix;
		v[i].at = w->addresses[i].at;
		v[i].ifindex = x->ifindex;
	}
	/* A PreUp hook may have added one of them. */
	return wgc_nl_addrs_add(x->sys->nl, v, w->n_addresses, -EEXIST, NULL, err);
}

static void addr_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_routes_desired *w = &p->want;
	char one[WGC_PREFIX_TEXT];

	for (size_t i = 0; i < w->n_addresses && i < 4; i++) {
		wgc_prefix_print(&w->addresses[i].prefix, one);
		wgc_str_addf(text, "%s%s", i ? ", " : "", one);
		if (i == 0)
			wgc_str_addf(equivalent, "ip address add %s dev %s", one, p->profile->ifname);
	}
	if (w->n_addresses > 4)
		wgc_str_addf(text, " and %zu more", w->n_addresses - 4);
	wgc_str_addf(text, " dev %s", p->profile->ifname);
}

static int set_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	/* A kernel link got its alias when it was created. */
	const char *alias = x->plan->facts->userspace && p->ifname_derived ? p->name : NULL;
	int r = wgc_nl_link_set(x->sys->nl, x->ifindex, wgc_mtu_choose(x), alias, true, err);

	if (r == -EADDRINUSE && err && x->plan->device.listen_port) {
		err->at = p->device.listen_port_at;
		wgc_err_hint(err, "another socket owns udp/%u; see `ss -ulpn 'sport = :%u'`, or set ListenPort = 0",
			     x->plan->device.listen_port, x->plan->device.listen_port);
	}
	return r;
}

static void set_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	if (p->profile->mtu) {
		wgc_str_addf(text, "%s up mtu %u", p->profile->ifname, p->profile->mtu);
		wgc_str_addf(equivalent, "ip link set %s mtu %u up", p->profile->ifname, p->profile->mtu);
	} else {
		wgc_str_addf(text, "%s up, mtu by the paths to the peers", p->profile->ifname);
		wgc_str_addf(equivalent, "ip link set %s up", p->profile->ifname);
	}
}

/* ---- dns.set --------------------------------------------------------------------- */

static int dns_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	WGC_AUTO_FREE char *inverse = NULL;
	int r;

	r = wgc_dns_capture(x->plan->facts->dns, x->plan->profile->ifname, &x->sys->dns, &inverse, err);
	if (r < 0)
		return r;
	wgc_json_key(j, "backend");
	wgc_json_str(j, wgc_dns_backend_name(x->plan->facts->dns));
	wgc_json_key(j, "ifname");
	wgc_json_str(j, x->plan->profile->ifname);
	wgc_json_key(j, "inverse");
	wgc_json_str(j, inverse);
	return 0;
}

static int dns_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_dns_apply(x->plan->facts->dns, x->plan->profile->ifname, x->plan->profile, &x->sys->dns, err);

	if (r < 0 && err && !err->at.line)
		err->at = s->at;
	return r;
}

static void dns_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	for (size_t i = 0; i < p->profile->n_dns_servers; i++)
		wgc_str_addf(text, "%s%s", i ? ", " : "", p->profile->dns_servers[i].s);
	for (size_t i = 0; i < p->profile->n_dns_search; i++)
		wgc_str_addf(text, "%s%s", i ? ", " : " search ", p->profile->dns_search[i].s);
	wgc_str_addf(text, " through %s", wgc_dns_backend_name(p->facts->dns));
	if (p->facts->dns == WGC_DNS_BACKEND_RESOLVCONF)
		wgc_str_addf(equivalent, "resolvconf -a %s -m 0 -x", p->profile->ifname);
}

static int dns_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	enum wgc_dns_backend b;

	if (!wgc_dns_backend_parse(record_str(p, "backend"), &b))
		return wgc_err_set(err, WGC_E_INTERNAL, EBADMSG, "the journal names an unknown DNS backend '%s'",
				   record_str(p, "backend"));
	return wgc_dns_restore(b, record_str(p, "ifname"), record_str(p, "inverse"), &u->sys->dns, err);
}

/* ---- route.add ---------------------------------------------------------------------- */

static void route_words(const struct wgc_route *r, const char *ifname, struct wgc_str *s)
{
	char dst[WGC_PREFIX_TEXT];

	wgc_prefix_print(&r->dst, dst);
	if (r->type == RTN_THROW)
		wgc_str_addf(s, "throw %s", dst);
	else
		wgc_str_addf(s, "%s dev %s", dst, ifname);
	if (r->table != RT_TABLE_MAIN)
		wgc_str_addf(s, " table %u", r->table);
}

/* Routes that the link takes along need no words; the others one object each. */
static int route_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	char dst[WGC_PREFIX_TEXT];

	wgc_json_key(j, "n");
	wgc_json_uint(j, s->n);
	if (s->covered)
		return 0;
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
		wgc_json_object_end(j);
	}
	wgc_json_array_end(j);
	return 0;
}

static int route_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_route *v = &x->plan->want.routes[s->first];
	WGC_AUTO_FREE int *results = NULL;
	int r;

	for (size_t i = 0; i < s->n; i++)
		if (v[i].type == RTN_UNICAST)
			v[i].oif = x->ifindex;
	if (!s->covered)
		return wgc_nl_routes_add(x->sys->nl, v, s->n, 0, NULL, err);
	/* The link is ours, so an equal route through it is of our own making
	 * or of a hook's. A clash with another device is for routes_plan to
	 * refuse; one that came since then is told below. */
	results = calloc(s->n, sizeof(*results));
	if (!results)
		return wgc_err_nomem(err);
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

static int route_of_record(const json_t *o, struct wgc_route *ret)
{
	struct wgc_route r = { .protocol = WGC_RTPROT };

	if (wgc_prefix_parse(json_string_value(json_object_get(o, "dst")) ?: "", &r.dst) < 0)
		return -EBADMSG;
	r.table = record_int(o, "table");
	r.type = (uint8_t)record_int(o, "type");
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

		r = route_of_record(o, &route);
		if (r == 0)
			r = wgc_nl_routes_delete(u->sys->nl, &route, 1, -ESRCH, NULL, first ? NULL : err);
		if (r < 0 && !first)
			first = r;
	}
	return first;
}

/* ---- rule.add ------------------------------------------------------------------------ */

static int rule_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	const struct wgc_rule *r = s->rule;
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
		wgc_str_addf(&words, "%sfwmark 0x%x ", r->invert ? "not " : "", r->fwmark);
	wgc_str_addf(&words, "table %u", r->table);
	if (r->suppress_prefixlen >= 0)
		wgc_str_addf(&words, " suppress_prefixlength %d", r->suppress_prefixlen);
	if (r->has_priority)
		wgc_str_addf(&words, " priority %u", r->priority);
	wgc_str_addf(text, "%s%s", r->family == AF_INET6 ? "inet6 " : "", wgc_str_get(&words));
	wgc_str_addf(equivalent, "ip %srule add %s", r->family == AF_INET6 ? "-6 " : "", wgc_str_get(&words));
	wgc_str_done(&words);
}

static struct wgc_rule rule_of_record(const struct wgc_past *p)
{
	return (struct wgc_rule){
		.family = (uint8_t)record_int(p->begun, "family"),
		.priority = record_int(p->begun, "priority"),
		.has_priority = record_int(p->begun, "priority") != 0,
		.table = record_int(p->begun, "table"),
		.fwmark = record_int(p->begun, "fwmark"),
		.fwmask = record_int(p->begun, "fwmask"),
		.invert = record_int(p->begun, "invert"),
		.protocol = (uint8_t)record_int(p->begun, "protocol"),
		.action = (uint8_t)record_int(p->begun, "action"),
		.suppress_prefixlen = (int32_t)json_integer_value(json_object_get(p->begun, "suppress")),
	};
}

static int rule_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_rule rule = rule_of_record(p);
	int r = wgc_nl_rule_delete(u->sys->nl, &rule, err);

	/* ENOENT: already gone. EAFNOSUPPORT: IPv6 was switched off since. */
	return r == -ENOENT || r == -ESRCH || r == -EAFNOSUPPORT ? 0 : r;
}

static bool rule_remains(struct wgc_undo *u, const struct wgc_past *p)
{
	struct wgc_rule want = rule_of_record(p), *v;
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

/* ---- sysctl.set ---------------------------------------------------------------------- */

static int sysctl_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	char old[64];
	int r = wgc_sysctl_read(x->sys, s->path, old, sizeof(old));

	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot read sysctl %s: %s", s->path, strerror(-r));
	wgc_json_key(j, "path");
	wgc_json_str(j, s->path);
	wgc_json_key(j, "old");
	wgc_json_str(j, old);
	wgc_json_key(j, "new");
	wgc_json_str(j, s->value);
	return 0;
}

static int sysctl_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_sysctl_write(x->sys, s->path, s->value);
	char v[16];

	if (r >= 0)
		return 0;
	/* In containers /proc/sys is read-only. Only a strict reverse path
	 * filter looks at the mark; without one the tunnel works as well. */
	if ((r == -EROFS || r == -EACCES || r == -EPERM || r == -ENOENT) &&
	    (wgc_sysctl_read(x->sys, "net/ipv4/conf/all/rp_filter", v, sizeof(v)) < 0 || strcmp(v, "1"))) {
		if (x->run->on_warning)
			x->run->on_warning(x->run->ctx, "sysctl net.ipv4.conf.all.src_valid_mark cannot be set to 1; it is not "
							"needed here, as no strict reverse path filter is on");
		return 1;
	}
	wgc_err_set(err, WGC_E_IO, -r, "cannot set sysctl %s to %s: %s", s->path, s->value, strerror(-r));
	wgc_err_hint(err, "with rp_filter = 1 it is needed; set it outside of the container, or set rp_filter to 2");
	return r;
}

static void sysctl_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_addf(text, "%s = %s", s->path, s->value);
	wgc_str_addf(equivalent, "sysctl -w %s=%s", s->path, s->value);
}

struct heir {
	struct wgc_undo *u;
	const struct wgc_past *past;
	const char *own_dir;
	bool found;
	struct wgc_err *err;
};

/* Another tunnel that found the value as we had set it needs it as much as we
 * did: it gets our record, and restores the old value when it goes. */
static int give_to_heir(void *ctx, const char *dir, json_t *records)
{
	struct heir *h = ctx;
	struct wgc_arena *a;
	struct wgc_history theirs;
	int r = 0;

	if (!strcmp(dir, h->own_dir))
		return 0;
	a = wgc_arena_new();
	if (!a)
		return -ENOMEM;
	if (wgc_history_read(records, a, &theirs, NULL) == 0 &&
	    !strcmp(wgc_history_str(&theirs, "netns"), wgc_history_str(h->u->history, "netns")))
		for (size_t i = 0; i < theirs.n && !h->found; i++) {
			const struct wgc_past *p = &theirs.steps[i];
			WGC_AUTO_STR struct wgc_str line = { 0 };
			struct wgc_json j = { .out = &line, .compact = true };

			if (strcmp(record_str(p, "path"), record_str(h->past, "path")) || p->undone || p->failed || !p->adopted)
				continue;
			wgc_json_object(&j);
			wgc_json_key(&j, "step");
			wgc_json_uint(&j, theirs.n + 1000);
			for (const char *const *k = (const char *const[]){ "kind", "path", "old", "new", NULL }; *k; k++) {
				wgc_json_key(&j, *k);
				wgc_json_str(&j, record_str(h->past, *k));
			}
			wgc_json_object_end(&j);
			r = line.oom ? -ENOMEM : wgc_journal_append_other(h->u->sys, dir, line.s, h->err);
			h->found = r == 0;
			break;
		}
	wgc_arena_free(a);
	return r < 0 ? r : h->found;
}

static int sysctl_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct heir heir = { .u = u, .past = p, .own_dir = u->journal->dir, .err = err };
	const char *path = record_str(p, "path"), *old = record_str(p, "old");
	WGC_AUTO_FD int lock = -1;
	char now[64];
	int r;

	if (wgc_sysctl_read(u->sys, path, now, sizeof(now)) < 0 || strcmp(now, record_str(p, "new")) || !strcmp(now, old))
		return 0; /* not as we left it: whoever changed it meant it */
	lock = wgc_journal_lock_all(u->sys, err);
	if (lock < 0)
		return lock;
	r = wgc_journal_each(u->sys, give_to_heir, &heir, err);
	if (r)
		return r < 0 ? r : 0;
	r = wgc_sysctl_write(u->sys, path, old);
	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot set sysctl %s back to %s: %s", path, old, strerror(-r)) : 0;
}

/* ---- nft.load ------------------------------------------------------------------------- */

static int nft_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "delete");
	wgc_json_str(j, x->plan->want.nft_delete);
	return 0;
}

static int nft_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	int r = x->sys->nft(x->sys, x->plan->want.nft_load, &mine);

	if (r < 0 && mine.code == WGC_E_UNSUPPORTED) {
		if (x->run->on_warning)
			x->run->on_warning(x->run->ctx, "this kernel has no nftables: packets from other networks to the tunnel's "
							"own addresses are not filtered, and replies rely on the routing rules alone");
		return 1;
	}
	if (r < 0 && err) {
		*err = mine;
		if (r == -EEXIST)
			wgc_err_hint(err, "a table of an earlier run that left no journal? See `nft list tables`");
	}
	return r;
}

static void nft_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	char table[48];

	wgc_routes_nft_table(p->profile->ifname, table);
	wgc_str_addf(text, "table inet %s: guard the tunnel's addresses, carry its mark", table);
	wgc_str_addf(equivalent, "nft -f -");
}

static int nft_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	int r = u->sys->nft(u->sys, record_str(p, "delete"), &mine);

	if (r < 0 && mine.code == WGC_E_UNSUPPORTED)
		return 0; /* then it was never loaded either */
	if (r < 0 && err)
		*err = mine;
	return r;
}

/* ------------------------------------------------------------------------------------------ */

const struct wgc_step_def wgc_step_defs[WGC_N_STEP_KINDS] = {
	[WGC_STEP_LINK_CREATE] = { "link.create", '+', link_precheck, link_capture, link_apply, link_describe, link_undo,
				   link_remains, "delete" },
	[WGC_STEP_HOOK] = { "hook.run", '!', NULL, hook_capture, hook_apply, hook_describe, NULL, NULL, "none" },
	[WGC_STEP_KEYS_READ] = { "keys.read", ' ', keys_precheck, NULL, keys_apply, keys_describe, NULL, NULL, "not needed" },
	[WGC_STEP_RESOLVE] = { "endpoint.resolve", ' ', NULL, NULL, resolve_apply, resolve_describe, NULL, NULL, "not needed" },
	[WGC_STEP_DEVICE_CONFIGURE] = { "device.configure", '~', NULL, NULL, device_apply, device_describe, NULL, NULL, NULL },
	[WGC_STEP_ADDR_ADD] = { "addr.add", '+', NULL, NULL, addr_apply, addr_describe, NULL, NULL, NULL },
	[WGC_STEP_LINK_SET] = { "link.set", '~', NULL, NULL, set_apply, set_describe, NULL, NULL, NULL },
	[WGC_STEP_SYSCTL_SET] = { "sysctl.set", '~', NULL, sysctl_capture, sysctl_apply, sysctl_describe, sysctl_undo, NULL,
				  "restore" },
	[WGC_STEP_NFT_LOAD] = { "nft.load", '+', NULL, nft_capture, nft_apply, nft_describe, nft_undo, NULL, "delete" },
	[WGC_STEP_DNS_SET] = { "dns.set", '~', NULL, dns_capture, dns_apply, dns_describe, dns_undo, NULL, "restore" },
	[WGC_STEP_ROUTE_ADD] = { "route.add", '+', NULL, route_capture, route_apply, route_describe, route_undo, NULL,
				 "delete" },
	[WGC_STEP_RULE_ADD] = { "rule.add", '+', NULL, rule_capture, rule_apply, rule_describe, rule_undo, rule_remains,
				"delete" },
};

const struct wgc_step_def *wgc_step_def_find(const char *word)
{
	for (size_t i = 0; i < WGC_N_STEP_KINDS; i++)
		if (!strcmp(wgc_step_defs[i].word, word))
			return &wgc_step_defs[i];
	return NULL;
}

void wgc_step_view(const struct wgc_plan *p, size_t index, struct wgc_str *text, struct wgc_str *equivalent,
		   struct wgc_step_view *ret)
{
	const struct wgc_step *s = &p->steps[index];
	const struct wgc_step_def *def = &wgc_step_defs[s->kind];

	text->len = equivalent->len = 0;
	def->describe(p, s, text, equivalent);
	*ret = (struct wgc_step_view){
		.index = index + 1,
		.total = p->n,
		.word = def->word,
		.sign = s->adopted ? '=' : def->sign,
		.text = wgc_str_get(text),
		.equivalent = equivalent->len ? equivalent->s : NULL,
		.undo = s->adopted ? "not ours" : s->covered ? "covered by step 1" : def->undo_text,
		.at = s->at,
	};
}
