// SPDX-License-Identifier: GPL-2.0
/*
 * The kill switch as a step. It is put in force before anything points at the
 * tunnel and taken back after everything else; a lockdown is not taken back by
 * `down` at all. What was in force before stays so until the new text takes
 * its place in the same transaction.
 */
#include <errno.h>
#include <string.h>

#include "plan/steps/steps.h"

/* What the profile asks for, wherever the peers are. */
static char *base_of(const struct wgc_plan *p)
{
	return wgc_routes_kill_switch(p->profile, &p->facts->routing, &p->want, NULL, 0, p->arena);
}

static char *text_of(const struct wgc_plan *p)
{
	return wgc_routes_kill_switch(p->profile, &p->facts->routing, &p->want, p->endpoints, p->n_endpoints, p->arena);
}

static int refuse(const struct wgc_plan *p, const struct wgc_err *why, struct wgc_err *err)
{
	int r = why->sys ? -why->sys : -EPROTONOSUPPORT;

	if (!err)
		return r;
	/* "Unsupported" at a place in a profile says that it is the profile that
	 * is wrong; here it is the machine that lacks something. */
	wgc_err_set(err, why->code == WGC_E_UNSUPPORTED ? WGC_E_KERNEL : why->code, why->sys, "the kill switch cannot be put in force: %s", why->msg);
	wgc_err_hint(err, "it is a promise, so nothing is done without it: is the kernel's nf_tables there? "
			  "KillSwitch = off does without");
	err->at = p->profile->kill_switch_at;
	return r;
}

static int kill_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	const char *text = text_of(x->plan);

	if (!text)
		return wgc_err_nomem(err);
	if (x->sys->nft_check(x->sys, text, &mine) == 0)
		return 0;
	/* A dry run may be for somebody who could not do the real one. */
	if (mine.code == WGC_E_PERM && x->run->dry_run)
		return 0;
	return refuse(x->plan, &mine, err);
}

static int kill_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	char table[56];
	char *delete = wgc_routes_kill_delete(p->ifname, x->plan->arena);
	char *load = text_of(x->plan), *base = base_of(x->plan);

	if (!delete || !load || !base)
		return wgc_err_nomem(err);
	wgc_routes_kill_table(p->ifname, table);
	wgc_json_key(j, "nft");
	wgc_json_str(j, table);
	wgc_json_key(j, "delete");
	wgc_json_str(j, delete);
	wgc_json_key(j, "load");
	wgc_json_str(j, load);
	wgc_json_key(j, "base");
	wgc_json_str(j, base);
	wgc_json_key(j, "lockdown");
	wgc_json_bool(j, p->kill_switch == WGC_KILL_SWITCH_LOCKDOWN || x->lockdown);
	return 0;
}

static int kill_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	const char *text = text_of(x->plan);

	if (!text)
		return wgc_err_nomem(err);
	if (x->sys->nft(x->sys, text, &mine) == 0)
		return 0;
	return refuse(x->plan, &mine, err);
}

static void kill_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	bool lan = !p->profile->allow_lan_at.line || p->profile->allow_lan;
	char table[56];

	wgc_routes_kill_table(p->profile->ifname, table);
	wgc_str_addf(text, "table inet %s: nothing leaves beside the tunnel%s%s", table,
		     lan ? " but to the local network" : "",
		     p->profile->kill_switch == WGC_KILL_SWITCH_LOCKDOWN ? ", also when it is down" : "");
	wgc_str_add(equivalent, "nft -f -");
}

static int kill_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	int r = u->sys->nft(u->sys, wgc_record_str(p, "delete"), &mine);

	if (r < 0 && mine.code == WGC_E_UNSUPPORTED)
		return 0; /* then it was never in force either */
	if (r < 0 && err)
		*err = mine;
	return r;
}

static bool kill_same(const struct wgc_plan *plan, const struct wgc_step *s, const struct wgc_past *p)
{
	const char *base = base_of(plan);

	return base && !strcmp(wgc_record_str(p, "base"), base) &&
	       json_is_true(json_object_get(p->begun, "lockdown")) == (plan->profile->kill_switch == WGC_KILL_SWITCH_LOCKDOWN);
}

static int kill_redo(struct wgc_exec *x, const struct wgc_past *p, struct wgc_err *err)
{
	return kill_apply(x, NULL, NULL, err);
}

const struct wgc_step_def wgc_step_kill_switch = {
	.word = "killswitch.load",
	.sign = '+',
	.precheck = kill_precheck,
	.capture = kill_capture,
	.apply = kill_apply,
	.describe = kill_describe,
	.undo = kill_undo,
	.same = kill_same,
	.present = wgc_nft_present,
	.redo = kill_redo,
	.undo_text = "delete, last",
	.undo_last = true,
};

int wgc_plan_admit(struct wgc_sys *sys, const char *ifname, const union wgc_sockaddr *v, size_t n, struct wgc_err *err)
{
	struct wgc_arena *a = n ? wgc_arena_new() : NULL;
	struct wgc_err mine = WGC_ERR_INIT;
	const char *text;
	int r = 0;

	if (!n)
		return 0;
	text = a ? wgc_routes_kill_admit(ifname, v, n, a) : NULL;
	if (!text)
		r = wgc_err_nomem(err);
	else if (*text)
		r = sys->nft(sys, text, &mine);
	/* No such table: nothing to open. */
	if (r == -ENOENT || (r < 0 && mine.code == WGC_E_UNSUPPORTED)) {
		r = 0;
	} else if (r < 0 && err && mine.code) {
		*err = mine;
	}
	wgc_arena_free(a);
	return r;
}
