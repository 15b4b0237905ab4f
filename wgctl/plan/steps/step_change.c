// SPDX-License-Identifier: GPL-2.0
/*
 * Steps on a tunnel that is up and stays up. `down` has nothing to do for most
 * of them, the link takes them along; what fails half-way is taken back by
 * `revert`, from what was seen in the kernel before, which the process has in
 * memory: keys of peers are among it, so the journal has not.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

/* ---- the device --------------------------------------------------------------------- */

static int device_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_delta *d = &x->plan->reload->delta;
	int r = 0;

	/* Whom the device is about to call, the kill switch must know. */
	if (x->plan->profile->kill_switch)
		r = wgc_plan_admit(x->sys, d->message.ifname, x->plan->endpoints, x->plan->n_endpoints, err);
	return r < 0 ? r : wgc_wg_set(x->sys->nl, &d->message, err);
}

/* What the step changed as it was, again by the difference: so what did not change, or is others' doing, is not touched. */
static int device_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_reload *rl = x->plan->reload;
	const struct wgc_applied all = { .all = true };
	struct wgc_foreigns none = { .v = NULL };
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_device want = { .flags = 0 }, *now;
	struct wgc_delta delta = { .n_peers = 0 };
	int r;

	if (!a)
		return wgc_err_nomem(err);
	r = wgc_wg_get(x->sys->nl, rl->live.device->ifname, a, &now, err);
	if (r == 0) {
		r = wgc_delta_back(&rl->delta, rl->live.device, now, a, &want);
		r = r ?: wgc_delta_device(&(struct wgc_delta_sides){ .want = &want, .applied = &all, .have = now }, a, &delta, &none);
		if (r < 0)
			r = wgc_err_nomem(err);
		else if (!wgc_delta_is_empty(&delta))
			r = wgc_wg_set(x->sys->nl, &delta.message, err);
		wgc_wipe(&delta.message, sizeof(delta.message));
		wgc_wipe(&want, sizeof(want));
	}
	wgc_arena_free(a);
	return r;
}

static void count(struct wgc_str *text, size_t n, const char *what, bool *any)
{
	if (!n)
		return;
	wgc_str_addf(text, "%s%zu peer%s %s", *any ? ", " : " ", n, n == 1 ? "" : "s", what);
	*any = true;
}

static void device_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_delta *d = &p->reload->delta;
	size_t added = 0, removed = 0;
	bool any = false;

	for (size_t i = 0; i < d->n_peers; i++) {
		added += d->peers[i].what & WGC_CHANGE_ADD;
		removed += d->peers[i].what == WGC_CHANGE_REMOVE;
	}
	wgc_str_add(text, d->message.ifname);
	if (d->private_key) {
		wgc_str_add(text, " key (hidden)");
		any = true;
	}
	if (d->port) {
		wgc_str_addf(text, "%s port %u", any ? "," : "", d->message.listen_port);
		any = true;
	}
	count(text, added, "added", &any);
	count(text, d->n_peers - added - removed, "changed", &any);
	count(text, removed, "removed", &any);
	wgc_str_addf(equivalent, "wg set %s ...", d->message.ifname);
}

const struct wgc_step_def wgc_step_device_change = {
	.word = "device.change",
	.sign = '~',
	.apply = device_apply,
	.describe = device_describe,
	.revert = device_revert,
	.undo_text = "restore",
};

/* The mark by itself, at its own time: packets that bear it, or do not, must find
 * the rules that know them. */
static int set_mark(struct wgc_exec *x, uint32_t mark, struct wgc_err *err)
{
	struct wgc_device d = { .flags = WGC_DEVICE_HAS_FWMARK, .fwmark = mark };

	memcpy(d.ifname, x->plan->reload->live.device->ifname, sizeof(d.ifname));
	return wgc_wg_set(x->sys->nl, &d, err);
}

static int mark_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return set_mark(x, x->plan->reload->delta.fwmark, err);
}

static int mark_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	return set_mark(x, x->plan->reload->live.device->fwmark, err);
}

static void mark_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_reload *rl = p->reload;

	wgc_str_addf(text, "%s mark 0x%x, was 0x%x", p->profile->ifname, rl->delta.fwmark, rl->live.device->fwmark);
	wgc_str_addf(equivalent, "wg set %s fwmark 0x%x", p->profile->ifname, rl->delta.fwmark);
}

const struct wgc_step_def wgc_step_device_mark = {
	.word = "device.mark",
	.sign = '~',
	.apply = mark_apply,
	.describe = mark_describe,
	.revert = mark_revert,
	.undo_text = "restore",
};

/* ---- addresses ------------------------------------------------------------------------ */

static int add_addresses(struct wgc_exec *x, const struct wgc_ifaddr *v, size_t n, struct wgc_err *err)
{
	return n ? wgc_nl_addrs_add(x->sys->nl, v, n, -EEXIST, NULL, err) : 0;
}

/*
 * From some addresses to @all, of which @add are new. The new ones first: with
 * its last IPv4 address a link loses its IPv4 routes. After each that goes all
 * once more: with the first address of a network the kernel may take away the
 * others of it. When those were the last ones, the routes come back too.
 */
static int move_addresses(struct wgc_exec *x, const struct wgc_ifaddr *all, size_t n, const struct wgc_ifaddr *add, size_t n_add,
			  const struct wgc_ifaddr *delete, size_t n_delete, struct wgc_err *err)
{
	const struct wgc_live *live = &x->plan->reload->live;
	int r = add_addresses(x, add, n_add, err);

	for (size_t i = 0; r == 0 && i < n_delete; i++) {
		r = wgc_nl_addrs_delete(x->sys->nl, &delete[i], 1, -EADDRNOTAVAIL, NULL, err);
		r = r ?: add_addresses(x, all, n, err);
	}
	if (r == 0 && n_delete && live->n_routes)
		r = wgc_nl_routes_add(x->sys->nl, live->routes, live->n_routes, -EEXIST, NULL, err);
	return r;
}

static int addr_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	const struct wgc_reload *rl = x->plan->reload;
	const struct wgc_routes_desired *d = &x->plan->want;
	struct wgc_ifaddr *all = wgc_arena_alloc(x->plan->arena, (d->n_addresses + 1) * sizeof(*all));

	if (!all)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < d->n_addresses; i++)
		all[i] = (struct wgc_ifaddr){ .prefix = d->addresses[i].prefix, .ifindex = x->ifindex, .at = d->addresses[i].at };
	return move_addresses(x, all, d->n_addresses, rl->addrs, rl->n_add, rl->addrs + rl->n_add, rl->n_delete, err);
}

static int addr_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_reload *rl = x->plan->reload;

	return move_addresses(x, rl->live.addrs, rl->live.n_addrs, rl->addrs + rl->n_add, rl->n_delete, rl->addrs, rl->n_add, err);
}

static void addr_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_reload *rl = p->reload;
	char one[WGC_PREFIX_TEXT];

	for (size_t i = 0; i < rl->n_add + rl->n_delete; i++) {
		wgc_prefix_print(&rl->addrs[i].prefix, one);
		wgc_str_addf(text, "%s%c%s", i ? ", " : "", i < rl->n_add ? '+' : '-', one);
		if (i == 0)
			wgc_str_addf(equivalent, "ip address %s %s dev %s", rl->n_add ? "add" : "delete", one, p->profile->ifname);
	}
	wgc_str_addf(text, " dev %s", p->profile->ifname);
}

const struct wgc_step_def wgc_step_addr_change = {
	.word = "addr.change",
	.sign = '~',
	.apply = addr_apply,
	.describe = addr_describe,
	.revert = addr_revert,
	.undo_text = "restore",
};

/* ---- the link --------------------------------------------------------------------------- */

static int link_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_nl_link_set(x->sys->nl, x->ifindex, s->n ? wgc_mtu_choose(x) : 0, NULL, true, err);

	/* Other kill switches know by it what may go into this tunnel. */
	if (r == 0 && s->first)
		r = wgc_nl_link_group(x->sys->nl, x->ifindex, x->plan->profile->kill_switch ? WGC_KILL_GROUP : 0, err);
	return r;
}

static int link_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_link *was = &x->plan->reload->live.link;

	int r = wgc_nl_link_set(x->sys->nl, x->ifindex, was->mtu, NULL, was->flags & IFF_UP, err);

	if (r == 0 && s->first)
		r = wgc_nl_link_group(x->sys->nl, x->ifindex, x->plan->profile->kill_switch ? 0 : WGC_KILL_GROUP, err);
	return r;
}

static void link_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_link *was = &p->reload->live.link;

	wgc_str_add(text, p->profile->ifname);
	wgc_str_addf(equivalent, "ip link set %s", p->profile->ifname);
	if (!(was->flags & IFF_UP)) {
		wgc_str_add(text, " up");
		wgc_str_add(equivalent, " up");
	}
	if (s->first) {
		wgc_str_addf(text, " group %u", p->profile->kill_switch ? WGC_KILL_GROUP : 0);
		wgc_str_addf(equivalent, " group %u", p->profile->kill_switch ? WGC_KILL_GROUP : 0);
	}
	if (s->n && p->profile->mtu) {
		wgc_str_addf(text, " mtu %u, was %u", p->profile->mtu, was->mtu);
		wgc_str_addf(equivalent, " mtu %u", p->profile->mtu);
	} else if (s->n) {
		wgc_str_addf(text, " mtu by the paths to the peers, was %u", was->mtu);
	}
}

const struct wgc_step_def wgc_step_link_change = {
	.word = "link.change",
	.sign = '~',
	.apply = link_apply,
	.describe = link_describe,
	.revert = link_revert,
	.undo_text = "restore",
};

/* ---- routes through the link --------------------------------------------------------------- */

static int route_go(struct wgc_exec *x, const struct wgc_step *s, bool takes_away, struct wgc_err *err)
{
	const struct wgc_route *v = &x->plan->reload->routes[s->first];

	return takes_away ? wgc_nl_routes_delete(x->sys->nl, v, s->n, -ESRCH, NULL, err) :
			    wgc_nl_routes_add(x->sys->nl, v, s->n, -EEXIST, NULL, err);
}

static int route_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	const struct wgc_route *v = &x->plan->reload->routes[s->first];

	/* Those of no link stand in a record of their own, which says what they are. */
	if (v->type != RTN_UNICAST)
		return wgc_routes_record(v, s->n, s->takes_away ? "gone_shared" : "back_shared", j, err);
	return wgc_routes_record(v, s->n, s->takes_away ? "gone" : "via", j, err);
}

static int route_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return route_go(x, s, s->takes_away, err);
}

static int route_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	return route_go(x, s, !s->takes_away, err);
}

static const char *kind_of(const struct wgc_route *r)
{
	return r->type == RTN_UNICAST ? "" : r->type == RTN_THROW ? "throw " : "unreachable ";
}

static void route_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	const struct wgc_route *v = &p->reload->routes[s->first];
	char dst[WGC_PREFIX_TEXT];

	for (size_t i = 0; i < s->n && i < 4; i++) {
		wgc_prefix_print(&v[i].dst, dst);
		wgc_str_addf(text, "%s%c%s%s", i ? ", " : "", s->takes_away ? '-' : '+', kind_of(v), dst);
		if (i == 0)
			wgc_str_addf(equivalent, v->type == RTN_UNICAST ? "ip %sroute %s %s%s dev %s" : "ip %sroute %s %s%s", v->dst.ip.family == AF_INET6 ? "-6 " : "",
				     s->takes_away ? "delete" : "add", kind_of(v), dst, p->profile->ifname);
	}
	if (s->n > 4)
		wgc_str_addf(text, " and %zu more", s->n - 4);
	if (v->type == RTN_UNICAST)
		wgc_str_addf(text, " dev %s", p->profile->ifname);
	if (v->table != RT_TABLE_MAIN) {
		wgc_str_addf(text, " table %u", v->table);
		wgc_str_addf(equivalent, " table %u", v->table);
	}
}

const struct wgc_step_def wgc_step_route_change = {
	.word = "route.change",
	.sign = '~',
	.capture = route_capture,
	.apply = route_apply,
	.describe = route_describe,
	.revert = route_revert,
	.undo_text = "restore",
};

/* ---- what has a record --------------------------------------------------------------------- */

static const struct wgc_step_def *def_of(const struct wgc_past *p)
{
	return wgc_step_def_find(wgc_record_str(p, "kind"));
}

static void past_describe(const struct wgc_step *s, const char *verb, struct wgc_str *text)
{
	wgc_str_addf(text, "%s ", verb);
	wgc_record_text(s->past, text);
}

/* Somebody took away what we had made; its record is still good. */
static int put_back_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return def_of(s->past)->redo(x, s->past, err);
}

static int put_back_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	return def_of(s->past)->undo(x->plan->reload->undo, s->past, err);
}

static void put_back_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	past_describe(s, def_of(s->past)->word, text);
}

const struct wgc_step_def wgc_step_put_back = {
	.word = "put.back",
	.sign = '+',
	.apply = put_back_apply,
	.describe = put_back_describe,
	.revert = put_back_revert,
	.undo_text = "take away again",
};

static int take_back_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = def_of(s->past)->undo(x->plan->reload->undo, s->past, err);

	return r < 0 ? r : wgc_journal_appendf(x->journal, err, "{\"undone\":%zu}", s->past->index);
}

/* A record that says that it is undone, though what it tells of is there again: once more, with a new number. */
static int announce_again(struct wgc_exec *x, const struct wgc_past *past, struct wgc_err *err)
{
	json_int_t number = (json_int_t)(x->plan->reload->base + x->plan->n + past->index);
	json_t *again = json_copy(past->begun);
	WGC_AUTO_FREE char *line = NULL;

	if (again && json_object_set_new(again, "step", json_integer(number)) == 0)
		line = json_dumps(again, JSON_COMPACT);
	json_decref(again);
	return line ? wgc_journal_append(x->journal, line, err) : wgc_err_nomem(err);
}

static int take_back_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_step_def *def = def_of(s->past);
	int r = announce_again(x, s->past, err);

	/* Whether or not the journal says so yet: one record for one thing. */
	r = r ?: wgc_journal_appendf(x->journal, err, "{\"undone\":%zu}", s->past->index);
	if (r < 0 || def->present(x->plan->reload->undo, s->past))
		return r;
	return def->redo(x, s->past, err);
}

static void take_back_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	past_describe(s, def_of(s->past)->word, text);
}

const struct wgc_step_def wgc_step_take_back = {
	.word = "take.back",
	.sign = '-',
	.apply = take_back_apply,
	.describe = take_back_describe,
	.revert = take_back_revert,
	.undo_text = "put back",
};

/* ---- DNS and nft: something takes the place of what was there -------------------------------- */

static int dns_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_step_dns.apply(x, s, done, err);

	/* 1: it was left out, and a warning has said so. */
	return r < 0 ? r : 0;
}

static int dns_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	return def_of(s->past)->redo(x, s->past, err);
}

static void dns_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_step_dns.describe(p, s, text, equivalent);
}

const struct wgc_step_def wgc_step_dns_change = {
	.word = "dns.change",
	.sign = '~',
	.apply = dns_apply,
	.describe = dns_describe,
	.revert = dns_revert,
	.undo_text = "restore",
};

/* The old record has had its day, and any other one of this table that an `up`
 * or a kill has left: that of this step undoes whatever is there. */
static int retire(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	const struct wgc_history *h = x->plan->reload->history;
	int r = 0;

	for (size_t i = 0; r == 0 && i < h->n; i++)
		if (!h->steps[i].undone && !strcmp(wgc_record_str(&h->steps[i], "nft"), wgc_record_str(s->past, "nft")))
			r = wgc_journal_appendf(x->journal, err, "{\"undone\":%zu}", h->steps[i].index);
	return r;
}

/* And comes back: again one record for one table. */
static int retire_back(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	int r = announce_again(x, s->past, err);

	r = r ?: retire(x, s, err);
	return r ?: wgc_journal_appendf(x->journal, err, "{\"undone\":%zu}", wgc_step_number(x, (size_t)(s - x->plan->steps)));
}

static int nft_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	return wgc_step_nft.capture(x, s, j, err);
}

static int nft_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_nft_swap(x->sys, s->past, x->plan->want.nft_load, err);

	return r < 0 ? r : retire(x, s, err);
}

static int nft_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	int r = wgc_nft_swap(x->sys, s->past, wgc_record_str(s->past, "load"), err);

	return r < 0 ? r : retire_back(x, s, err);
}

static void nft_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_step_nft.describe(p, s, text, equivalent);
}

/* For `down` its record is like any other table's. */
const struct wgc_step_def wgc_step_nft_replace = {
	.word = "nft.load",
	.sign = '~',
	.capture = nft_capture,
	.apply = nft_apply,
	.describe = nft_describe,
	.revert = nft_revert,
	.undo_text = "restore",
};

static int kill_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	return wgc_step_kill_switch.precheck(x, s, err);
}

static int kill_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	return wgc_step_kill_switch.capture(x, s, j, err);
}

/* Its text takes the place of an older one's by itself. */
static int kill_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = wgc_step_kill_switch.apply(x, s, done, err);

	return r < 0 ? r : retire(x, s, err);
}

static int kill_revert(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	int r = x->sys->nft(x->sys, wgc_record_str(s->past, "load"), err);

	return r < 0 ? r : retire_back(x, s, err);
}

static void kill_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_step_kill_switch.describe(p, s, text, equivalent);
}

const struct wgc_step_def wgc_step_kill_replace = {
	.word = "killswitch.load",
	.sign = '~',
	.precheck = kill_precheck,
	.capture = kill_capture,
	.apply = kill_apply,
	.describe = kill_describe,
	.revert = kill_revert,
	.undo_text = "restore",
};
