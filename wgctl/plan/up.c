// SPDX-License-Identifier: GPL-2.0
/* `up`: repair what an earlier run left, look, plan, execute; on failure, undo. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plan/place.h"
#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

void wgc_profile_fingerprint(const struct wgc_profile *p, char out[static 33])
{
	unsigned char h[16];

	/* A profile may have megabytes: worth the choice of the code for this
	 * processor, and no harm when there is none. */
	(void)!sodium_init();
	crypto_generichash(h, sizeof(h), (const unsigned char *)(p->source.text ?: ""), p->source.len, NULL, 0);
	sodium_bin2hex(out, 33, h, sizeof(h));
}

static void members(struct wgc_json *j, const char *const v[][2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		wgc_json_key(j, v[i][0]);
		wgc_json_str(j, v[i][1]);
	}
}

void wgc_head_numbers(const struct wgc_plan *plan, struct wgc_json *j)
{
	const struct wgc_routes_desired *want = &plan->want;
	uint32_t priority[2] = { 0 }, rules[2] = { 0 };

	/* The others' rules go elsewhere, also before ours are there. */
	for (size_t i = 0; i < want->n_rules; i++) {
		bool v6 = want->rules[i].family == AF_INET6;

		if (!rules[v6]++)
			priority[v6] = want->rules[i].priority;
	}
	const struct {
		const char *key;
		uint32_t value;
	} v[] = { { "mark", want->mark },	  { "table", want->table },  { "around", want->around },
		  { "priority4", priority[0] }, { "priority6", priority[1] }, { "rules4", rules[0] }, { "rules6", rules[1] } };

	wgc_json_key(j, "mark_given");
	wgc_json_bool(j, plan->profile->device.flags & WGC_DEVICE_HAS_FWMARK);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		wgc_json_key(j, v[i].key);
		wgc_json_uint(j, v[i].value);
	}
}

/* Where it is, wherever the caller was; but under the name that it was found by, which is the
 * tunnel's. Behind a symbolic link is a file of another name perhaps, and another one tomorrow:
 * an editor puts a file in the place of a link. */
static char *whole_path(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	WGC_AUTO_FREE char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	WGC_AUTO_FREE char *real = path && dir ? realpath(dir, NULL) : NULL;
	char *whole;

	if (!real || asprintf(&whole, "%s/%s", strcmp(real, "/") ? real : "", slash ? slash + 1 : path) < 0)
		return NULL;
	return whole;
}

void wgc_head_hooks(const struct wgc_profile *p, struct wgc_json *j)
{
	for (enum wgc_hook h = WGC_PRE_DOWN; h <= WGC_POST_DOWN; h++) {
		wgc_json_key(j, h == WGC_PRE_DOWN ? "pre_down" : "post_down");
		wgc_json_array(j);
		for (size_t i = 0; i < p->hooks[h].n; i++)
			wgc_json_bytes(j, p->hooks[h].v[i].s);
		wgc_json_array_end(j);
	}
}

void wgc_head_members(const struct wgc_plan *plan, struct wgc_json *j)
{
	const struct wgc_profile *p = plan->profile;
	WGC_AUTO_FREE char *path = whole_path(p->source.path);

	members(j, (const char *const[][2]){ { "path", path ?: p->source.path }, { "fingerprint", plan->fingerprint } }, 2);
	wgc_head_numbers(plan, j);
	wgc_json_key(j, "save");
	wgc_json_bool(j, p->save_config);
	wgc_head_hooks(p, j);
}

static int write_head(struct wgc_exec *x, struct wgc_err *err)
{
	const struct wgc_profile *p = x->plan->profile;
	WGC_AUTO_STR struct wgc_str line = { 0 };
	struct wgc_json j = { .out = &line, .compact = true };
	char boot[64], netns[48];

	wgc_boot_id(x->sys, boot);
	wgc_netns_id(netns);
	const char *const strings[][2] = {
		{ "profile", p->name }, { "ifname", p->ifname },
		{ "boot", boot },	{ "netns", netns },
		{ "backend", x->plan->facts->userspace ? "userspace" : "kernel" },
	};

	wgc_json_object(&j);
	wgc_json_key(&j, "wgctl");
	wgc_json_int(&j, 1);
	members(&j, strings, WGC_ARRAY_SIZE(strings));
	wgc_json_key(&j, "since");
	wgc_json_int(&j, time(NULL));
	wgc_head_members(x->plan, &j);
	wgc_place_members(x->sys, p, &j);
	wgc_json_object_end(&j);
	if (line.oom)
		return wgc_err_nomem(err);
	return wgc_journal_append(x->journal, line.s, err);
}

static bool gave_a_name(const struct wgc_history *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(json_string_value(json_object_get(h->steps[i].begun, "kind")) ?: "", wgc_step_netns.word) && !h->steps[i].adopted)
			return true;
	return false;
}

/* A repair takes back the name that the namespace had. What we are in is held by us alone
 * then, and would end with the link or with us: it is to get its name again. */
static void look_at_name_again(struct wgc_sys *sys, bool gone)
{
	struct wgc_place *place = sys->place;
	const struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = place ? place->name : NULL };
	int fd;

	if (!place || !place->name[0] || place->made)
		return;
	if (!gone && wgc_ns_open(&ref, &fd, NULL) == 0)
		close(fd);
	else
		place->made = true;
}

/* What an earlier run of this profile left. 1: it is up and the same; 0: the
 * way is free; negative: it is not. A kill switch in force stays so, and the
 * journal with it: *@ret_in_force. */
static int look_back(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_journal *journal, struct wgc_run *run,
		     struct wgc_arena *a, enum wgc_kill_switch *ret_in_force, struct wgc_err *err)
{
	struct wgc_undo undo = { .sys = sys, .run = run, .journal = journal, .keep_kill_switch = true };
	char boot[64], netns[48], print[33];
	struct wgc_history h;
	json_t *records;
	int r;

	r = wgc_journal_read(journal, &records, err);
	if (r < 0 || !records)
		return r;
	wgc_boot_id(sys, boot);
	wgc_netns_id(netns);
	r = wgc_history_read(records, a, &h, NULL);
	if (r < 0 || strcmp(wgc_history_str(&h, "boot"), boot)) {
		/* Killed before the first record was whole, or another boot:
		 * nothing of it is in this kernel. */
		json_decref(records);
		return run->dry_run ? 0 : wgc_journal_remove(journal, err);
	}
	undo.history = &h;
	undo.netns_gone = strcmp(wgc_history_str(&h, "netns"), netns);
	if (undo.netns_gone && wgc_place_alive(&h)) {
		r = wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' is up in another network namespace", p->name);
		wgc_err_hint(err, json_object_get(h.head, "place") ?
			     "`wgctl down %s` takes it down there" :
			     "take it down there first, or use a copy of the profile with another name than %s", p->name);
	} else if (!undo.netns_gone && h.up && !h.down && wgc_history_link(&h, sys->nl) && !wgc_place_orphaned(&h)) {
		wgc_profile_fingerprint(p, print);
		r = 1;
		if (run->lockdown && wgc_history_kill_switch(&h, h.n, true)) {
			; /* whatever else the profile may say by now: that is for reload */
		} else if (h.reloading) {
			/* Killed half-way between two profiles: on to this one. */
			if (run->on_warning)
				run->on_warning(run->ctx, "a reload had been cut short; it goes on to what the profile says now");
			r = wgc_reload_locked(sys, p, run, journal, &h, a, err) ?: 1;
		} else if (strcmp(wgc_history_str(&h, "fingerprint"), print)) {
			r = wgc_err_set(err, WGC_E_EXISTS, EEXIST, "'%s' is up with other settings than the profile has now", p->name);
			wgc_err_hint(err, "`wgctl diff %s` shows what is different, `wgctl reload %s` changes it and keeps sessions",
				     p->name, p->name);
		}
	} else if (run->dry_run) {
		if (!undo.netns_gone && wgc_history_kill_switch(&h, h.n, true))
			*ret_in_force = WGC_KILL_SWITCH_LOCKDOWN;
		look_at_name_again(sys, !undo.netns_gone && gave_a_name(&h));
		r = 0;
	} else {
		struct wgc_run repair = { .ctx = run->ctx, .on_undo = run->on_undo, .on_warning = run->on_warning };
		const struct wgc_dns_paths dns = sys->dns;

		/* Unfinished, or its link is gone; or it is down, locked. */
		undo.run = &repair;
		run->repaired = !wgc_history_locked(&h);
		run->remade = h.up && !h.down;
		/* The profile may name another namespace by now, with a file of its own. */
		wgc_place_use_resolv_conf(sys, &h);
		r = wgc_undo_all(&undo, err);
		sys->dns = dns;
		look_at_name_again(sys, false);
		run->undo_failed = repair.undo_failed;
		memcpy(run->remains, repair.remains, sizeof(run->remains));
		if (r == 0 && undo.kept)
			*ret_in_force = wgc_history_kill_switch(&h, h.n, true) ? WGC_KILL_SWITCH_LOCKDOWN : WGC_KILL_SWITCH_ON;
		if (r == 0 && !undo.kept)
			r = wgc_journal_remove(journal, err);
		else if (r < 0)
			wgc_err_wrap(err, "repairing what an earlier run left");
	}
	json_decref(records);
	return r;
}

static int roll_back(struct wgc_exec *x, struct wgc_arena *a)
{
	struct wgc_undo undo = { .sys = x->sys, .run = x->run, .journal = x->journal };
	struct wgc_history h;
	json_t *records = NULL;
	int r;

	r = wgc_journal_read(x->journal, &records, NULL);
	if (r == 0 && records) {
		r = wgc_history_read(records, a, &h, NULL);
		if (r == 0) {
			undo.history = &h;
			/* A step whose announcement failed was not begun. */
			x->run->steps = h.n - h.n_inherited;
			x->run->undone -= h.n_inherited;
			/* As before: what was in force then is in force now. */
			undo.keep_kill_switch = wgc_history_kill_switch(&h, h.n_inherited, false);
			r = wgc_undo_all(&undo, NULL);
			x->run->locked = undo.kept;
		} else {
			r = 0; /* not even the first record: nothing was done */
		}
	}
	if (r == 0 && !undo.kept)
		wgc_journal_remove(x->journal, NULL);
	json_decref(records);
	return r;
}

/* A lockdown ends only by being told so, not by an edited profile. */
static void tell_of_lockdown(const struct wgc_profile *p, struct wgc_run *run)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };

	wgc_str_addf(&s, "the lockdown of '%s' stays in force as it is, though the profile does not ask for one any more; once it is up "
			 "`wgctl reload %s` ends it, before that `wgctl down --unlock %s`", p->name, p->name, p->name);
	if (run->on_warning)
		run->on_warning(run->ctx, wgc_str_get(&s));
}

/* The kill switch that was in force has a successor of the same table, or the profile wants none any
 * more. Only now that this `up` has come to its end: until then whatever fails or dies leaves that of
 * before. Should it not be written, `down` undoes both. */
static void retire_kill_switch(struct wgc_exec *x, struct wgc_arena *a)
{
	const struct wgc_step_def *kill = wgc_step_defs[WGC_STEP_KILL_SWITCH];
	struct wgc_undo undo = { .sys = x->sys, .run = x->run, .journal = x->journal };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_history h = { 0 };
	json_t *records;

	if (wgc_journal_read(x->journal, &records, NULL) < 0 || !records)
		return;
	if (wgc_history_read(records, a, &h, NULL) < 0)
		h.n_inherited = 0;
	for (size_t i = 0; i < h.n_inherited; i++) {
		if (h.steps[i].undone || wgc_step_def_find(wgc_record_str(&h.steps[i], "kind")) != kill)
			continue;
		if (wgc_record_replaced(&h, i) || (!x->lockdown && kill->undo(&undo, &h.steps[i], &err) == 0))
			wgc_journal_appendf(x->journal, NULL, "{\"undone\":%zu}", h.steps[i].index);
	}
	if (err.code && x->run->on_warning)
		x->run->on_warning(x->run->ctx, err.msg);
	json_decref(records);
}

static int up_here(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_journal *journal,
		     struct wgc_arena *a, struct wgc_err *err)
{
	struct wgc_plan plan = { .n = 0 };
	struct wgc_facts facts = { 0 };
	struct wgc_exec x = { .sys = sys, .plan = &plan, .run = run, .journal = journal };
	enum wgc_kill_switch in_force = WGC_KILL_SWITCH_OFF;
	int all, r;

	r = look_back(sys, p, journal, run, a, &in_force, err);
	if (r == 1)
		run->already_up = true;
	if (r)
		return r < 0 ? r : 0;
	x.lockdown = in_force == WGC_KILL_SWITCH_LOCKDOWN;
	if (x.lockdown && p->kill_switch != WGC_KILL_SWITCH_LOCKDOWN)
		tell_of_lockdown(p, run);
	/* Two `up`s at once must not choose the same mark, table or priorities:
	 * one looks, plans and claims them in its journal before the other may
	 * look. */
	all = wgc_journal_lock_all(sys, err);
	if (all < 0)
		return all;
	r = (run->lockdown ? wgc_facts_routing : wgc_facts_read)(sys, p, a, &facts, err);
	if (r == 0)
		r = (run->lockdown ? wgc_plan_build_lockdown : wgc_plan_build)(p, &facts, a, &plan, err);
	if (r == 0 && !run->dry_run) {
		/* The journal goes on, without what a reload that was cut short was about to do. */
		if (in_force)
			unlinkat(journal->dir_fd, WGC_APPLIED_NEXT, 0);
		else
			r = wgc_journal_create(journal, err);
		if (r == 0)
			r = write_head(&x, err);
	}
	wgc_close(all);
	if (r == 0)
		wgc_ssh_warn(&plan, run, sys->nl, 0);
	if (r < 0) {
		/* A journal without its first record says nothing. */
		if (journal->fd >= 0 && !in_force)
			wgc_journal_remove(journal, NULL);
		wgc_wipe(&plan.device, sizeof(plan.device));
		return r;
	}
	wgc_step_dns_tell(&facts, run);
	if (run->dry_run) {
		r = wgc_execute_dry(&x, err);
	} else {
		if (plan.want.skipped_ipv6 && run->on_warning && !run->lockdown)
			run->on_warning(run->ctx, "IPv6 is disabled here: the profile's IPv6 addresses and routes are left out");
		r = wgc_execute(&x, err);
		/* A lockdown is a journal that never says "up". */
		if (!run->lockdown) {
			r = r ?: wgc_applied_write(journal, WGC_APPLIED, &plan, err);
			r = r ?: wgc_journal_append(journal, "{\"up\":true}", err);
		}
		if (r < 0)
			roll_back(&x, a);
		else if (in_force)
			retire_kill_switch(&x, a);
	}
	for (size_t i = 0; i < plan.device.n_peers; i++)
		wgc_wipe(&plan.device.peers[i].preshared_key, sizeof(struct wgc_key));
	wgc_wipe(&plan.device, sizeof(plan.device));
	return r;
}

static int up_locked(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_journal *journal,
		     struct wgc_arena *a, struct wgc_err *err)
{
	struct wgc_place place = WGC_PLACE_INIT;
	int r = wgc_place_of_profile(sys, p, &place, err);

	r = r ?: up_here(sys, p, run, journal, a, err);
	wgc_place_leave(sys, &place);
	return r;
}

void wgc_mend_resolver(struct wgc_sys *sys, struct wgc_run *run)
{
	WGC_AUTO_STR struct wgc_str note = { 0 };
	struct wgc_err err = WGC_ERR_INIT;

	if (run->dry_run)
		return;
	if (wgc_dns_leftover(&sys->dns, &note, &err) < 0 && run->on_warning)
		run->on_warning(run->ctx, err.msg);
	else if (note.len && !note.oom && run->on_warning)
		run->on_warning(run->ctx, note.s);
}

int wgc_plan_up(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_journal journal;
	struct wgc_arena *a = wgc_arena_new();
	int r;

	if (!a)
		return wgc_err_nomem(err);
	r = wgc_journal_lock(sys, p->name, &journal, err);
	if (r == 0) {
		wgc_mend_resolver(sys, run);
		r = up_locked(sys, p, run, &journal, a, err);
		wgc_journal_unlock(&journal);
	}
	wgc_arena_free(a);
	return r;
}

int wgc_plan_lockdown(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_err *err)
{
	const char *why = NULL, *hint = "";
	struct wgc_span at = { 0 };

	if (p->kill_switch != WGC_KILL_SWITCH_LOCKDOWN) {
		why = "has no lockdown";
		hint = "write KillSwitch = lockdown into the profile";
		at = p->kill_switch_at;
	} else if (p->interface_namespace.s || p->socket_namespace.s) {
		why = "cannot be locked before it is up: it has a namespace of its own";
		hint = "programs in there have no other way out; what is outside is not its business";
		at = p->interface_namespace.s ? p->interface_namespace.at : p->socket_namespace.at;
	}
	if (why) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "'%s' %s", p->name, why);
		wgc_err_hint(err, "%s", hint);
		if (err)
			err->at = at;
		return -EINVAL;
	}
	run->lockdown = true;
	return wgc_plan_up(sys, p, run, err);
}
