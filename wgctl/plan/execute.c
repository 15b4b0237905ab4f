// SPDX-License-Identifier: GPL-2.0
/* The one executor: precheck, write what undo needs, change the system, write that it is done. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/physical/physical.h"
#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

size_t wgc_step_number(const struct wgc_exec *x, size_t index)
{
	return index + 1 + (x->plan->reload ? x->plan->reload->base : x->plan->physical ? x->plan->physical->base : 0);
}

static bool stopped(const struct wgc_run *run)
{
	return run->stop && *run->stop;
}

static int cancelled(struct wgc_err *err)
{
	return wgc_err_set(err, WGC_E_CANCELLED, EINTR, "interrupted");
}

static int announce(struct wgc_exec *x, size_t index, struct wgc_err *err)
{
	const struct wgc_step *s = &x->plan->steps[index];
	const struct wgc_step_def *def = wgc_step_defs[s->kind];
	WGC_AUTO_STR struct wgc_str line = { 0 };
	struct wgc_json j = { .out = &line, .compact = true };
	int r;

	wgc_json_object(&j);
	wgc_json_key(&j, "step");
	wgc_json_uint(&j, wgc_step_number(x, index));
	wgc_json_key(&j, "kind");
	wgc_json_str(&j, def->word);
	if (s->covered) {
		wgc_json_key(&j, "covered");
		wgc_json_bool(&j, true);
	}
	/* In the same line: dying between two would leave a record that says
	 * that somebody else's route is ours. */
	if (s->adopted && !def->shared) {
		wgc_json_key(&j, "adopted");
		wgc_json_bool(&j, true);
	}
	if (def->capture) {
		r = def->capture(x, s, &j, err);
		if (r < 0)
			return r;
	}
	wgc_json_object_end(&j);
	return line.oom ? wgc_err_nomem(err) : wgc_journal_append(x->journal, line.s, err);
}

static int run_step(struct wgc_exec *x, size_t index, struct wgc_err *err)
{
	const struct wgc_step *s = &x->plan->steps[index];
	const struct wgc_step_def *def = wgc_step_defs[s->kind];
	WGC_AUTO_FD int all = def->shared ? wgc_journal_lock_all(x->sys, err) : -1;
	WGC_AUTO_STR struct wgc_str done = { 0 };
	struct wgc_json j = { .out = &done, .compact = true };
	int r;

	if (def->shared && all < 0)
		return all;
	r = announce(x, index, err);
	if (r < 0 || (s->adopted && !def->shared))
		return r;
	wgc_json_object(&j);
	wgc_json_key(&j, "done");
	wgc_json_uint(&j, wgc_step_number(x, index));
	r = def->apply(x, s, &j, err);
	if (r == -EEXIST || r == 1) {
		/* Either what is there is somebody else's, or the step was
		 * left out: undo must not touch it. */
		int w = wgc_journal_appendf(x->journal, r == 1 ? err : NULL, "{\"failed\":%zu}", wgc_step_number(x, index));

		return r == 1 ? w : r;
	}
	if (r < 0)
		return r;
	wgc_json_object_end(&j);
	return done.oom ? wgc_err_nomem(err) : wgc_journal_append(x->journal, done.s, err);
}

int wgc_execute(struct wgc_exec *x, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	WGC_AUTO_STR struct wgc_str equivalent = { 0 };
	struct wgc_plan *p = x->plan;
	struct wgc_step_view view;
	int r;

	/* Everything that can be known beforehand is known before the first change. */
	for (size_t i = 0; i < p->n; i++) {
		const struct wgc_step_def *def = wgc_step_defs[p->steps[i].kind];

		r = def->precheck ? def->precheck(x, &p->steps[i], err) : 0;
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < p->n; i++) {
		if (stopped(x->run))
			return cancelled(err);
		wgc_step_view(p, i, &text, &equivalent, &view);
		if (x->run->on_step)
			x->run->on_step(x->run->ctx, &view);
		x->run->steps++; /* begun: undo counts a failed one as well */
		r = run_step(x, i, err);
		if (r < 0) {
			if (stopped(x->run) && r == -EINTR)
				return cancelled(err);
			wgc_err_wrap(err, "step %zu of %zu, %s", i + 1, p->n, view.word);
			return r;
		}
	}
	return stopped(x->run) ? cancelled(err) : 0;
}

int wgc_execute_dry(struct wgc_exec *x, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	WGC_AUTO_STR struct wgc_str equivalent = { 0 };
	struct wgc_plan *p = x->plan;
	struct wgc_step_view view;
	int r;

	for (size_t i = 0; i < p->n; i++) {
		const struct wgc_step_def *def = wgc_step_defs[p->steps[i].kind];

		wgc_step_view(p, i, &text, &equivalent, &view);
		if (x->run->on_step)
			x->run->on_step(x->run->ctx, &view);
		r = def->precheck ? def->precheck(x, &p->steps[i], err) : 0;
		if (r < 0) {
			wgc_err_wrap(err, "step %zu of %zu, %s", i + 1, p->n, view.word);
			return r;
		}
		x->run->steps++;
	}
	return 0;
}
