// SPDX-License-Identifier: GPL-2.0
/*
 * A reload goes back: at once, when a step of it fails; or later, when nobody has
 * confirmed it. For that a copy of the process waits (confirm.c), because what was
 * there before is in its memory: keys of peers are among it, so no file has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/place.h"
#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

/* ---- at once ------------------------------------------------------------------------------ */

static int undo_step(struct wgc_exec *x, struct wgc_undo *u, size_t index, struct wgc_err *err)
{
	const struct wgc_step *s = &x->plan->steps[index];
	const struct wgc_step_def *def = wgc_step_defs[s->kind];

	if (def->revert) {
		int r = def->revert(x, s, err);

		/* Only those that have no record of their own, to be read back. */
		if (r == 0 && s->kind == WGC_STEP_ROUTE_CHANGE)
			wgc_journal_appendf(x->journal, NULL, "{\"undone\":%zu}", wgc_step_number(x, index));
		return r;
	}
	if (!def->undo)
		return 0;
	for (size_t i = u->history->n; i--;) {
		const struct wgc_past *p = &u->history->steps[i];
		int r;

		if (p->index != wgc_step_number(x, index) || (p->adopted && !def->shared) || p->failed || p->undone)
			continue;
		r = def->undo(u, p, err);
		return r < 0 ? r : wgc_journal_appendf(x->journal, NULL, "{\"undone\":%zu}", p->index);
	}
	return 0;
}

/* The first record reads as it did: that it should read otherwise may be written
 * already, by a write that was reported as failed. */
static int amend_back(struct wgc_exec *x)
{
	WGC_AUTO_FREE char *head = json_dumps(x->plan->reload->history->head, JSON_COMPACT), *line = NULL;

	if (!head || asprintf(&line, "{\"amend\":%s}", head) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	return wgc_journal_append(x->journal, line, NULL);
}

void wgc_reload_back(struct wgc_exec *x, struct wgc_arena *a)
{
	struct wgc_undo undo = { .sys = x->sys, .run = x->run, .journal = x->journal, .profile = x->plan->profile, .reload = x->plan->reload };
	struct wgc_run *run = x->run;
	struct wgc_history h;
	json_t *records = NULL;

	if (wgc_journal_read(x->journal, &records, NULL) < 0 || !records || wgc_history_read(records, a, &h, NULL) < 0) {
		/* Steps with records of their own cannot be taken back without them. */
		h = (struct wgc_history){ .n = 0 };
		run->undo_failed++;
		snprintf(run->remains, sizeof(run->remains), "what the journal says, which cannot be read back");
	}
	undo.history = &h;
	for (size_t i = run->steps; i--;) {
		struct wgc_err mine = WGC_ERR_INIT;

		if (undo_step(x, &undo, i, &mine) == 0) {
			run->undone++;
			continue;
		}
		run->undo_failed++;
		snprintf(run->remains + strlen(run->remains), sizeof(run->remains) - strlen(run->remains), "%sstep %zu, %s (%s)",
			 run->remains[0] ? "; " : "", i + 1, wgc_step_defs[x->plan->steps[i].kind]->word,
			 mine.kernel[0] ? mine.kernel : mine.msg);
	}
	json_decref(records);
	/* Not wholly back: the next reload has to look at both sides. */
	if (!run->undo_failed && amend_back(x) == 0)
		unlinkat(x->journal->dir_fd, WGC_APPLIED_NEXT, 0);
}

/* ---- later -------------------------------------------------------------------------------- */

/* What the copy that waits has of the moment before the first step. */
struct waiting {
	struct wgc_exec *x;
	struct wgc_arena *arena;
	char *applied; /* what was last applied, as the file had it; NULL: there was none */
	size_t applied_len;
};

static int read_applied(struct wgc_journal *j, struct waiting *w)
{
	WGC_AUTO_FD int fd = openat(j->dir_fd, WGC_APPLIED, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? 0 : wgc_read_fd(fd, 1u << 30, &w->applied, &w->applied_len);
}

static void put_applied(struct wgc_journal *j, const struct waiting *w)
{
	WGC_AUTO_FD int fd = w->applied ? openat(j->dir_fd, WGC_APPLIED, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;

	if (fd >= 0)
		wgc_write_all(fd, w->applied, w->applied_len);
}

/* Is the tunnel still the one of that reload? How far that came stands in the journal. */
static bool find_end(struct wgc_exec *x, struct wgc_arena *a)
{
	const struct wgc_reload *rl = x->plan->reload;
	json_t *records = NULL;
	struct wgc_history h;
	bool good = wgc_journal_read(x->journal, &records, NULL) == 0 && records && wgc_history_read(records, a, &h, NULL) == 0 &&
		    h.up && !h.down && wgc_history_link(&h, x->sys->nl);

	for (size_t i = 0; good && i < h.n; i++)
		if (h.steps[i].index > rl->base && h.steps[i].index <= rl->base + x->plan->n &&
		    h.steps[i].index - rl->base > x->run->steps)
			x->run->steps = h.steps[i].index - rl->base;
	json_decref(records);
	return good;
}

static void back_locked(struct waiting *w, struct wgc_journal *journal)
{
	struct wgc_exec *x = w->x;

	x->journal = x->plan->reload->undo->journal = journal;
	if (find_end(x, w->arena)) {
		wgc_reload_back(x, w->arena);
		if (!x->run->undo_failed)
			put_applied(journal, w);
	}
	wgc_confirm_drop(journal);
}

/* The copy of the process is where the tunnel's link lives, and knows no more than that: neither
 * where its packets leave from, nor whose resolv.conf is meant. */
static int back_in_place(struct waiting *w, struct wgc_journal *journal, struct wgc_err *err)
{
	struct wgc_place place = WGC_PLACE_INIT;
	int r = wgc_place_of_history(w->x->sys, w->x->plan->reload->history, &place, err);

	/* Gone: then it is another tunnel by now, if any. */
	if (r == 0 || r == -ENOENT) {
		back_locked(w, journal);
		r = 0;
	}
	wgc_place_leave(w->x->sys, &place);
	return r;
}

static int take_back(void *arg)
{
	struct waiting *w = arg;
	struct wgc_exec *x = w->x;
	void (*tell)(const char *name, const struct wgc_run *back, const struct wgc_err *err) = x->run->on_taken_back;
	struct wgc_journal journal = WGC_JOURNAL_INIT;
	struct wgc_run run = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int r = wgc_sys_open(&sys, &err);

	if (r == 0) {
		r = wgc_journal_lock(&sys, x->plan->profile->name, &journal, &err);
		if (r == 0) {
			/* Nothing of what the process had open is open in its copy. */
			x->sys = x->plan->reload->undo->sys = &sys;
			x->run = x->plan->reload->undo->run = &run;
			r = back_in_place(w, &journal, &err);
			wgc_journal_unlock(&journal);
		}
		wgc_sys_close(&sys);
	}
	if (r == -EBUSY)
		return r;
	if (tell)
		tell(x->plan->profile->name, &run, &err);
	return 0;
}

int wgc_reload_arm(struct wgc_exec *x, struct wgc_arena *a, int *ret_hold, struct wgc_err *err)
{
	struct waiting w = { .x = x, .arena = a };
	int r = read_applied(x->journal, &w);

	r = r ?: wgc_confirm_arm_locked(x->journal, x->run->confirm_seconds, true, take_back, &w, ret_hold);
	free(w.applied);
	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot start the process that is to take the reload of '%s' back unless it is confirmed: %s",
				   x->plan->profile->name, strerror(-r));
	return 0;
}

/* The copy that waits knows only the way back from its own reload. */
int wgc_reload_unconfirmed(struct wgc_journal *j, const struct wgc_profile *p, const struct wgc_run *run, struct wgc_err *err)
{
	bool lost, reload;
	int64_t left;

	wgc_confirm_read(j->dir_fd, &left, &lost, &reload);
	if (!left || !(reload || run->confirm_seconds))
		return 0;
	wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' still waits for the confirmation of %s", p->name, reload ? "its last reload" : "its `up`");
	wgc_err_hint(err, "`wgctl confirm %s` keeps that; else it is undone in %lld s", p->name, (long long)(left + 999) / 1000);
	return -EBUSY;
}
