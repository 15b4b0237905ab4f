// SPDX-License-Identifier: GPL-2.0
/* `reload` and, as its dry run, `diff`: look at all three sides, plan, execute; on failure, back. */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/place.h"
#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

/* ---- the three sides -------------------------------------------------------------------- */

static bool equal_rules(const struct wgc_rule *a, const struct wgc_rule *b)
{
	return a->family == b->family && a->priority == b->priority && a->table == b->table && a->fwmark == b->fwmark &&
	       a->suppress_prefixlen == b->suppress_prefixlen;
}

/* The rules that the journal says are the tunnel's. */
static int own_rules(const struct wgc_history *h, struct wgc_arena *a, struct wgc_routes_keep *keep)
{
	struct wgc_rule *v = wgc_arena_alloc(a, (h->n + 1) * sizeof(*v));

	keep->rules = v;
	for (size_t i = 0; v && i < h->n; i++)
		if (!h->steps[i].failed && !h->steps[i].undone && !strcmp(wgc_record_str(&h->steps[i], "kind"), wgc_step_rule.word))
			v[keep->n_rules++] = wgc_rule_of_record(&h->steps[i]);
	return v ? 0 : -ENOMEM;
}

static bool is_own_rule(const struct wgc_routes_keep *keep, const struct wgc_rule *r)
{
	for (size_t i = 0; i < keep->n_rules; i++)
		if (equal_rules(&keep->rules[i], r))
			return true;
	return false;
}

/* A plan is made as if the tunnel were not there: what it wants must not be in
 * the way of itself. What was chosen for it once stays chosen. */
static int leave_out_own(const struct wgc_profile *p, const struct wgc_reload *r, struct wgc_arena *a, struct wgc_routes_facts *f)
{
	const struct wgc_history *h = r->history;
	const struct wgc_live *live = &r->live;
	uint32_t mark = wgc_record_int(h->head, "mark"), table = wgc_record_int(h->head, "table");
	uint32_t ifindex = live->link.ifindex;
	struct wgc_routes_keep *keep = &f->keep;
	struct wgc_route *routes = wgc_arena_alloc(a, (f->n_routes + 1) * sizeof(*routes));
	struct wgc_rule *rules = wgc_arena_alloc(a, (f->n_rules + 1) * sizeof(*rules));
	struct wgc_mark_use *marks = wgc_arena_alloc(a, (f->n_marks + 1) * sizeof(*marks));
	size_t n = 0;

	*keep = (struct wgc_routes_keep){ .mark = 0 };
	/* A mark that the profile gave, and does not any more, goes. */
	if (p->device.flags & WGC_DEVICE_HAS_FWMARK || !json_is_true(json_object_get(h->head, "mark_given"))) {
		keep->mark = mark;
		keep->table = table;
		keep->around = wgc_record_int(h->head, "around");
	}
	f->ifindex = ifindex;
	if (!routes || !rules || !marks || own_rules(h, a, keep) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < f->n_routes; i++)
		if (f->routes[i].oif != ifindex && !(f->routes[i].protocol == WGC_RTPROT &&
						     (f->routes[i].table == table || wgc_reload_owned(r, &f->routes[i]))))
			routes[n++] = f->routes[i];
	f->routes = routes;
	f->n_routes = n;
	n = 0;
	for (size_t i = 0; i < f->n_rules; i++)
		if (!is_own_rule(keep, &f->rules[i]))
			rules[n++] = f->rules[i];
	f->rules = rules;
	f->n_rules = n;
	n = 0;
	for (size_t i = 0; i < f->n_marks; i++)
		if (f->marks[i].value != mark && f->marks[i].value != live->device->fwmark)
			marks[n++] = f->marks[i];
	f->marks = marks;
	f->n_marks = n;
	return 0;
}

static int read_live(struct wgc_sys *sys, const struct wgc_history *h, struct wgc_arena *a, struct wgc_live *ret, struct wgc_err *err)
{
	const char *ifname = wgc_history_str(h, "ifname");
	int r = wgc_nl_link_get(sys->nl, ifname, &ret->link, err);

	r = r ?: wgc_wg_get(sys->nl, ifname, a, &ret->device, err);
	return r ?: wgc_nl_addr_list(sys->nl, ret->link.ifindex, a, &ret->addrs, &ret->n_addrs, err);
}

/* What cannot change without another link. */
static const char *place_word(const struct wgc_history *h, const char *key)
{
	return json_string_value(json_object_get(json_object_get(h->head, "place"), key)) ?: "";
}

static int check_identity(const struct wgc_profile *p, const struct wgc_history *h, const struct wgc_facts *f, struct wgc_err *err)
{
	const char *ifname = wgc_history_str(h, "ifname"), *backend = wgc_history_str(h, "backend");

	if (strcmp(ifname, p->ifname))
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' is up as link '%s', and the profile calls it '%s' now", p->name, ifname,
			    p->ifname);
	else if (p->backend != WGC_BACKEND_AUTO && strcmp(backend, f->userspace ? "userspace" : "kernel"))
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' is up with the %s backend, and the profile wants the other one now", p->name,
			    backend);
	else if (strcmp(place_word(h, "home"), p->interface_namespace.s ?: "") || strcmp(place_word(h, "socket"), p->socket_namespace.s ?: ""))
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' is up in other network namespaces than the profile names now", p->name);
	else
		return 0;
	wgc_err_hint(err, "that needs a new link: `wgctl down %s`, then `wgctl up %s`", p->name, p->name);
	return -EBUSY;
}

/* The mark of a tunnel that needs none any more, and that it did not bring itself. */
static void forget_mark(struct wgc_plan *up, const struct wgc_reload *r)
{
	uint32_t mark = r->live.device->fwmark;

	if (up->device.flags & WGC_DEVICE_HAS_FWMARK || r->applied.same || !mark ||
	    (mark != r->applied.mark && mark != wgc_record_int(r->history->head, "mark")))
		return;
	up->device.fwmark = 0;
	up->device.flags |= WGC_DEVICE_HAS_FWMARK;
}

/* Does the journal say something of the profile that is not so any more: a hook of `down`, say? */
static bool head_changes(const struct wgc_plan *up, const struct wgc_history *h)
{
	return h->reloading || strcmp(wgc_history_str(h, "fingerprint"), up->fingerprint);
}

static int look(struct wgc_exec *x, struct wgc_reload *r, struct wgc_plan *up, const struct wgc_key *printed, struct wgc_facts *facts,
		struct wgc_arena *a, struct wgc_err *err)
{
	const struct wgc_profile *p = up->profile;
	struct wgc_delta_sides sides;
	int rc;

	rc = read_live(x->sys, r->history, a, &r->live, err);
	rc = rc ?: wgc_facts_read(x->sys, p, a, facts, err);
	rc = rc ?: check_identity(p, r->history, facts, err);
	if (rc < 0)
		return rc;
	wgc_step_dns_keep(r->history, p, facts);
	wgc_step_dns_tell(facts, x->run);
	if (wgc_reload_read_owned(r, a) < 0 || leave_out_own(p, r, a, &facts->routing) < 0)
		return wgc_err_nomem(err);
	rc = wgc_plan_build(p, facts, a, up, err);
	if (rc == 0) {
		r->applied.same = !head_changes(up, r->history);
		rc = r->applied.same ? 0 : wgc_applied_read(x->journal, a, &r->applied, err);
	}
	/* What a peer is called at now, it may be called at. */
	for (size_t i = 0; rc == 0 && p->kill_switch && i < r->live.device->n_peers; i++)
		if (r->live.device->peers[i].endpoint.sa.sa_family &&
		    wgc_plan_add_endpoint(up, &r->live.device->peers[i].endpoint) < 0)
			return wgc_err_nomem(err);
	rc = rc ?: wgc_keys_read(up, printed, err);
	if (rc < 0)
		return rc;
	forget_mark(up, r);
	sides = (struct wgc_delta_sides){
		.want = &up->device, .profile = p->peers, .applied = &r->applied, .have = r->live.device
	};
	return wgc_delta_device(&sides, a, &r->delta, &r->foreign) < 0 ? wgc_err_nomem(err) : 0;
}

int wgc_reload_resolve(struct wgc_exec *x, struct wgc_err *err)
{
	struct wgc_delta *d = &x->plan->reload->delta;
	bool *wanted = calloc(x->plan->profile->n_peers + 1, sizeof(*wanted));
	int r;

	if (!wanted)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < d->n_peers; i++)
		if (d->peers[i].what & WGC_CHANGE_RESOLVE)
			wanted[d->peers[i].index] = true;
	r = wgc_endpoints_resolve(x, wanted, err);
	for (size_t i = 0; r == 0 && i < d->n_peers; i++)
		if (d->peers[i].what & WGC_CHANGE_RESOLVE)
			d->message.peers[d->peers[i].slot].endpoint = x->plan->device.peers[d->peers[i].index].endpoint;
	free(wanted);
	return r;
}

/* ---- telling ------------------------------------------------------------------------------ */

static void tell_details(const struct wgc_run *run, const struct wgc_plan *plan)
{
	const struct wgc_delta *d = &plan->reload->delta;
	WGC_AUTO_STR struct wgc_str text = { 0 };

	for (size_t i = 0; run->on_detail && i < d->n_peers; i++) {
		const struct wgc_changed_peer *c = &d->peers[i];

		text.len = 0;
		wgc_delta_peer_text(d, c, plan->profile, &text);
		run->on_detail(run->ctx, c->what & WGC_CHANGE_ADD ? '+' : c->what & WGC_CHANGE_REMOVE ? '-' : '~', "peer",
			       wgc_str_get(&text));
	}
}

static void tell_foreign(const struct wgc_run *run, const struct wgc_foreigns *f)
{
	for (size_t i = 0; run->on_detail && i < f->n; i++)
		run->on_detail(run->ctx, '=', f->v[i].word, f->v[i].text);
}

/* ---- forward ---------------------------------------------------------------------------------- */

static int end(struct wgc_exec *x, const struct wgc_plan *up, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str line = { 0 };
	struct wgc_json j = { .out = &line, .compact = true };
	int fd = x->journal->dir_fd, r;

	wgc_json_object(&j);
	wgc_json_key(&j, "amend");
	wgc_json_object(&j);
	wgc_head_members(up, &j);
	wgc_json_object_end(&j);
	wgc_json_object_end(&j);
	r = line.oom ? wgc_err_nomem(err) : wgc_journal_append(x->journal, line.s, err);
	/* It is done now. With both files there, both are looked at. */
	if (r == 0)
		renameat(fd, WGC_APPLIED_NEXT, fd, WGC_APPLIED);
	return r;
}

/* The numbers that were chosen come first: killed on the way, the next one keeps them. */
static int announce(struct wgc_exec *x, const struct wgc_plan *up, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str line = { 0 };
	struct wgc_json j = { .out = &line, .compact = true };

	wgc_json_object(&j);
	wgc_json_key(&j, "reload");
	wgc_json_object(&j);
	/* Those of a policy that ends are good until it has. */
	if (up->want.mark)
		wgc_head_numbers(up, &j);
	wgc_json_object_end(&j);
	wgc_json_object_end(&j);
	return line.oom ? wgc_err_nomem(err) : wgc_journal_append(x->journal, line.s, err);
}

static bool changes_anything(const struct wgc_exec *x, const struct wgc_plan *up)
{
	return x->plan->n || head_changes(up, x->plan->reload->history);
}

static int forward(struct wgc_exec *x, const struct wgc_plan *up, struct wgc_arena *a, struct wgc_err *err)
{
	/* Closed, it is done: then the time for the confirmation begins. */
	WGC_AUTO_FD int hold = -1;
	int r;

	if (!changes_anything(x, up))
		return 0;
	r = wgc_applied_write(x->journal, WGC_APPLIED_NEXT, up, err);
	if (r == 0 && x->run->confirm_seconds)
		r = wgc_reload_arm(x, a, &hold, err);
	r = r ?: wgc_execute(x, err);
	r = r ?: end(x, up, err);
	if (r < 0) {
		wgc_reload_back(x, a);
		if (hold >= 0)
			wgc_confirm_drop(x->journal);
	}
	return r;
}

int wgc_reload_locked(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_journal *journal,
		      const struct wgc_history *h, struct wgc_arena *a, struct wgc_err *err)
{
	struct wgc_reload reload = { .history = h };
	struct wgc_undo undo = { .sys = sys, .run = run, .journal = journal, .history = h, .profile = p, .reload = &reload };
	struct wgc_plan up = { .profile = p }, plan = { .n = 0 };
	struct wgc_exec x = { .sys = sys, .plan = &plan, .run = run, .journal = journal };
	struct wgc_route *routes = NULL;
	struct wgc_facts facts;
	struct wgc_key printed;
	size_t n_routes = 0;
	int all, r;

	reload.undo = &undo;
	for (size_t i = 0; i < h->n; i++)
		if (h->steps[i].index > reload.base)
			reload.base = h->steps[i].index;
	r = run->dry_run ? 0 : wgc_reload_unconfirmed(journal, p, run, err);
	if (r == 0 && !run->dry_run)
		r = wgc_keys_command(sys, p, &printed, err);
	if (r < 0)
		return r;
	/* A profile that becomes a full tunnel chooses a mark, as `up` does. */
	all = wgc_journal_lock_all(sys, err);
	if (all < 0) {
		wgc_wipe(&printed, sizeof(printed));
		return all;
	}
	up.reload = &reload;
	r = look(&x, &reload, &up, run->dry_run ? NULL : &printed, &facts, a, err);
	wgc_wipe(&printed, sizeof(printed));
	up.reload = &reload;
	x.ifindex = reload.live.link.ifindex;
	r = r ?: wgc_nl_route_list(sys->nl, 0, 0, a, &routes, &n_routes, err);
	r = r ?: wgc_reload_build(&up, &reload, routes, n_routes, &plan, err);
	/* Claimed before others may look. */
	if (r == 0 && !run->dry_run && changes_anything(&x, &up))
		r = announce(&x, &up, err);
	wgc_close(all);
	if (r == 0)
		wgc_ssh_warn(&up, run, sys->nl, reload.live.link.ifindex);
	if (r == 0 && run->dry_run) {
		r = wgc_execute_dry(&x, err);
		tell_details(run, &plan);
		tell_foreign(run, &reload.foreign);
	} else if (r == 0) {
		r = forward(&x, &up, a, err);
	}
	wgc_applied_done(&reload.applied);
	wgc_wipe(&up.device, sizeof(up.device));
	wgc_wipe(&plan.device, sizeof(plan.device));
	wgc_wipe(&reload.delta.message, sizeof(reload.delta.message));
	return r;
}

/* ---- the door ----------------------------------------------------------------------------------- */

static int not_up(const char *name, struct wgc_err *err)
{
	wgc_err_set(err, WGC_E_NOT_UP, ENOENT, "'%s' is not up", name);
	wgc_err_hint(err, "`wgctl up %s` brings it up", name);
	return -ENOENT;
}

static int reload_there(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_journal *journal,
			const struct wgc_history *h, struct wgc_arena *a, struct wgc_err *err)
{
	bool orphaned = wgc_place_orphaned(h);
	char netns[48];

	wgc_netns_id(netns);
	if (strcmp(wgc_history_str(h, "netns"), netns) && wgc_place_alive(h)) {
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' is up in another network namespace", p->name);
		wgc_err_hint(err, "run `wgctl reload %s` in there", p->name);
		return -EBUSY;
	}
	if (strcmp(wgc_history_str(h, "netns"), netns) || !h->up || h->down || orphaned || !wgc_history_link(h, sys->nl)) {
		wgc_err_set(err, WGC_E_NOT_UP, ENOENT, "'%s' is not whole: %s", p->name,
			    strcmp(wgc_history_str(h, "netns"), netns) ? "its network namespace is gone" :
			    h->down					? "a `down` of it was cut short" :
			    !h->up					? "an `up` of it was cut short" :
			    orphaned ? "the network namespace that its packets left from is gone" :
				       "its link is gone");
		wgc_err_hint(err, "`wgctl up %s` repairs it", p->name);
		return -ENOENT;
	}
	return wgc_reload_locked(sys, p, run, journal, h, a, err);
}

static int reload_journal(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_journal *journal,
			  struct wgc_arena *a, struct wgc_err *err)
{
	struct wgc_place place = WGC_PLACE_INIT;
	char boot[64];
	struct wgc_history h;
	json_t *records;
	int r = wgc_journal_read(journal, &records, err);

	if (r < 0)
		return r;
	wgc_boot_id(sys, boot);
	if (!records || wgc_history_read(records, a, &h, NULL) < 0 || strcmp(wgc_history_str(&h, "boot"), boot)) {
		r = not_up(p->name, err);
	} else {
		r = wgc_place_of_history(sys, &h, &place, err);
		if (r == 0 || r == -ENOENT)
			r = reload_there(sys, p, run, journal, &h, a, err);
		wgc_place_leave(sys, &place);
	}
	json_decref(records);
	return r;
}

int wgc_plan_reload(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_journal journal;
	struct wgc_arena *a = wgc_arena_new();
	int r;

	if (!a)
		return wgc_err_nomem(err);
	r = wgc_journal_lock(sys, p->name, &journal, err);
	if (r == 0) {
		r = reload_journal(sys, p, run, &journal, a, err);
		wgc_journal_unlock(&journal);
	}
	wgc_arena_free(a);
	return r;
}
