// SPDX-License-Identifier: GPL-2.0
/*
 * What others take away while the devices are in there, and what puts it back: the
 * keeper, who hears of it; `watch`, which looks after the keeper as well; and
 * `physical up` once more. Whoever reloads a firewall begins with `flush ruleset`.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/physical/physical.h"

static char *guard_of(const struct wgc_history *h, struct wgc_arena *a)
{
	struct wgc_physical_ask ask = { .force = false };

	return wgc_physical_asked(h, a, &ask) < 0 ? NULL : wgc_physical_guard_text(a, wgc_history_str(h, "ifname"), ask.leave);
}

unsigned wgc_physical_missing(struct wgc_sys *sys, const struct wgc_history *h, const struct wgc_physical *p, struct wgc_arena *a)
{
	const char *guard = guard_of(h, a);
	unsigned missing = 0;

	if (guard && !wgc_nft_is_whole(sys, WGC_PHYSICAL_TABLE, guard))
		missing |= WGC_MISSING_GUARD;
	/* What is for devices in there. */
	if (p->inside >= 0 && !wgc_physical_is_hushed(sys, p))
		missing |= WGC_MISSING_HUSH;
	if (p->inside >= 0 && !wgc_physical_keeper_is_there(sys))
		missing |= WGC_MISSING_KEEPER;
	return missing;
}

int wgc_physical_put_back(struct wgc_sys *sys, const struct wgc_history *h, const struct wgc_physical *p, unsigned missing,
			  struct wgc_arena *a, struct wgc_run *run, struct wgc_err *err)
{
	int r = 0;

	if (missing & WGC_MISSING_GUARD) {
		const char *guard = guard_of(h, a);

		r = guard ? sys->nft(sys, guard, err) : wgc_err_nomem(err);
		if (r == 0)
			wgc_physical_warn(run, "physical: somebody removed the guard, it is in force again");
	}
	if (r == 0 && missing & WGC_MISSING_HUSH) {
		r = wgc_physical_hush(sys, p, err);
		if (r == 0)
			wgc_physical_warn(run, "physical: somebody removed the firewall table in there, it is loaded again");
	}
	if (r == 0 && missing & WGC_MISSING_KEEPER) {
		r = wgc_physical_keeper_start(sys, err);
		if (r == 0)
			wgc_physical_warn(run, "physical: the keeper had ended, it is started again");
	}
	return r;
}

/* Up, in this boot and with its home here. */
static bool is_up_here(const struct wgc_sys *sys, const struct wgc_history *h)
{
	char boot[64], netns[48];

	wgc_boot_id(sys, boot);
	wgc_netns_id(netns);
	return h->up && !h->down && !strcmp(wgc_history_str(h, "boot"), boot) && !strcmp(wgc_history_str(h, "netns"), netns);
}

static int mend_locked(struct wgc_sys *sys, struct wgc_journal *journal, const char *const *names, size_t n_names, struct wgc_arena *a,
		       struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_physical p = { .home = -1, .inside = -1 };
	struct wgc_history h;
	json_t *records;
	bool asked = !n_names;
	int r = wgc_journal_read(journal, &records, err);

	if (r < 0 || !records)
		return r;
	if (wgc_history_read(records, a, &h, NULL) == 0 && is_up_here(sys, &h)) {
		for (size_t i = 0; i < n_names; i++)
			asked |= !strcmp(names[i], wgc_history_str(&h, "profile"));
		p.home = asked ? wgc_ns_own() : -1;
	}
	if (p.home >= 0) {
		r = wgc_physical_open(&p, wgc_physical_made(&h), err);
		/* Gone: then the guard matters most. */
		if (r == 0 || r == -ENOENT)
			r = wgc_physical_put_back(sys, &h, &p, wgc_physical_missing(sys, &h, &p, a), a, run, err);
		wgc_physical_close(&p);
		wgc_close(p.home);
	}
	json_decref(records);
	return r;
}

int wgc_physical_mend(struct wgc_sys *sys, const char *const *names, size_t n_names, struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_journal journal;
	struct wgc_arena *a;
	char path[280];
	int r;

	/* To lock what is not there would make it. */
	wgc_physical_file(sys, "journal/journal", path);
	if (access(path, F_OK) < 0)
		return 0;
	a = wgc_arena_new();
	r = a ? wgc_physical_lock(sys, &journal, err) : wgc_err_nomem(err);
	if (r == 0) {
		r = mend_locked(sys, &journal, names, n_names, a, run, err);
		wgc_physical_unlock(sys, &journal);
	}
	wgc_arena_free(a);
	return r;
}
