// SPDX-License-Identifier: GPL-2.0
/*
 * After a crash: from the journal, and then from the marks alone. A device that
 * bears one is not where it belongs, or has not its name again, whatever else
 * is known; its old addresses are in no mark, and left to who configures it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/physical/physical.h"

/* What is left to do without a journal, in the order of an undo. */
static const enum wgc_step_kind traces[] = { WGC_STEP_KEEP_OFF, WGC_STEP_PHYSICAL_NETNS, WGC_STEP_GUARD };

struct sweep {
	struct wgc_sys *sys;
	struct wgc_run *run;
	struct wgc_physical *p;
	size_t found;
	int first;
	struct wgc_err *err;
};

static void keep(struct sweep *s, int r, const struct wgc_err *why)
{
	if (r >= 0 || s->first)
		return;
	s->first = r;
	if (s->err)
		*s->err = *why;
}

static void one_home(struct sweep *s, const char *name, const char *was)
{
	struct wgc_err why = WGC_ERR_INIT;
	struct wgc_link link;
	int r;

	s->found++;
	if (s->run->dry_run) {
		wgc_physical_warn(s->run, "'%s' bears the mark of a device that was moved", name);
		return;
	}
	r = wgc_physical_bring_home(s->sys, s->p, name, &why);
	if (r == 0 && wgc_physical_find(s->sys->nl, name, &link))
		r = wgc_nl_link_alias(s->sys->nl, link.ifindex, was, &why);
	if (r == 0)
		wgc_physical_warn(s->run, "'%s' is home again; its addresses are left to who configures it", name);
	else
		s->run->undo_failed++;
	keep(s, r, &why);
}

/* @nl: where to look. */
static void marked_home(struct sweep *s, struct wgc_nl *nl)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_link *v = NULL;
	size_t n = 0;

	if (a && wgc_nl_link_list(nl, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++) {
			char name[16];
			const char *was = wgc_physical_marked(v[i].alias, name);

			if (was)
				one_home(s, name, was);
		}
	wgc_arena_free(a);
}

/* True when something of ours stands there: the name of the namespace alone may be anybody's. */
static bool any_trace(struct wgc_sys *sys)
{
	char *text = NULL;
	bool guard = sys->nft_list(sys, "list table inet " WGC_PHYSICAL_TABLE, &text, NULL) == 0;

	free(text);
	return guard || access("/run/NetworkManager/conf.d/90-wgctl-physical.conf", F_OK) == 0;
}

static void traces_away(struct sweep *s)
{
	struct wgc_undo u = { .sys = s->sys, .run = s->run, .physical = s->p };
	const struct wgc_past past = { .begun = NULL };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(traces); i++) {
		struct wgc_err why = WGC_ERR_INIT;
		int r = wgc_step_defs[traces[i]]->undo(&u, &past, &why);

		keep(s, r, &why);
	}
}

static int sweep(struct wgc_sys *sys, struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_physical p = { .home = wgc_ns_own(), .inside = -1 };
	struct sweep s = { .sys = sys, .run = run, .p = &p, .err = err };
	bool found;

	if (p.home < 0)
		return wgc_err_set(err, WGC_E_IO, -p.home, "cannot open the own network namespace: %s", strerror(-p.home));
	wgc_physical_open(&p, NULL, NULL);
	if (p.nl) {
		p.ours = wgc_physical_is_ours(sys, &p);
		marked_home(&s, p.nl);
	}
	marked_home(&s, sys->nl);
	found = s.found || any_trace(sys);
	if (found && !run->dry_run)
		traces_away(&s);
	run->repaired |= found;
	wgc_physical_close(&p);
	wgc_close(p.home);
	return s.first;
}

/* Up, whole, and where it should be: that is no matter for us. */
static bool is_well(const struct wgc_history *h)
{
	struct wgc_physical p = { .home = wgc_ns_own(), .inside = -1 };
	bool well = h->up && !h->down && wgc_physical_open(&p, wgc_physical_made(h), NULL) == 0;

	wgc_physical_close(&p);
	wgc_close(p.home);
	return well;
}

static int recover_locked(struct wgc_sys *sys, struct wgc_run *run, struct wgc_journal *journal, struct wgc_arena *a, struct wgc_err *err)
{
	struct wgc_history h;
	json_t *records;
	char boot[64];
	int r = wgc_journal_read(journal, &records, err);

	if (r < 0)
		return r;
	if (records) {
		wgc_boot_id(sys, boot);
		if (wgc_history_read(records, a, &h, NULL) < 0 || strcmp(wgc_history_str(&h, "boot"), boot)) {
			r = run->dry_run ? 0 : wgc_journal_remove(journal, err);
		} else if (is_well(&h)) {
			run->already_up = true;
		} else {
			run->repaired = true;
			r = run->dry_run ? 0 : wgc_physical_undo(sys, run, journal, &h, err);
		}
		json_decref(records);
	}
	return r || run->already_up ? r : sweep(sys, run, err);
}

int wgc_physical_recover(struct wgc_sys *sys, struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_journal journal;
	int r;

	if (!a)
		return wgc_err_nomem(err);
	r = wgc_physical_lock(sys, &journal, err);
	if (r == 0) {
		r = recover_locked(sys, run, &journal, a, err);
		if (r == 0 && !run->already_up && !run->dry_run)
			wgc_confirm_drop(&journal);
		wgc_physical_unlock(sys, &journal);
	}
	wgc_arena_free(a);
	return r;
}
