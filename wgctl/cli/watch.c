// SPDX-License-Identifier: GPL-2.0
/* watch: what the service unit runs: bring tunnels up, if asked, and look after them. */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/live.h"
#include "cli/notify.h"

struct watching {
	struct wgc_ui *ui;
	bool ready;
	size_t tunnels;
};

static void on_log(void *ctx, const char *name, const char *text)
{
	const struct watching *w = ctx;

	if (name)
		wgc_ui_note(w->ui, "%s: %s", name, text);
	else
		wgc_ui_note(w->ui, "%s", text);
}

static void on_beat(void *ctx, size_t tunnels)
{
	struct watching *w = ctx;
	char state[96];

	if (!w->ready || w->tunnels != tunnels) {
		snprintf(state, sizeof(state), "%sSTATUS=looking after %zu tunnel%s", w->ready ? "" : "READY=1\n", tunnels,
			 tunnels == 1 ? "" : "s");
		wgc_notify(state);
	}
	w->ready = true;
	w->tunnels = tunnels;
	wgc_notify("WATCHDOG=1");
}

static int bring_up(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_common *c)
{
	int code = 0;

	for (int i = 0; i < c->argc && !code; i++) {
		struct wgc_loaded l;

		code = wgc_load(ui, c->argv[i], WGC_STRICT, c->allow_hooks, &l);
		wgc_show_diags(ui, &l.src, &l.diags, true);
		/* Started again, perhaps after the profile was edited: sessions that there are go on. */
		if (!code)
			code = wgc_is_up(sys, l.profile->name) ? wgc_reload_one(ui, sys, c, 0, &l, NULL) : wgc_up_one(ui, sys, &l, false, 0, NULL);
		wgc_loaded_done(&l);
	}
	return code;
}

static int watch(struct wgc_ui *ui, struct wgc_sys *sys, const char *const *names, size_t n)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct watching w = { .ui = ui };
	struct wgc_signals signals;
	struct wgc_watch_run run = { .names = names,
				     .n_names = n,
				     .times = getenv("WGCTL_WATCH_INTERVALS"),
				     .waiting = &signals.waiting,
				     .end = &wgc_signal_end,
				     .reload = &wgc_signal_reload,
				     .log = on_log,
				     .beat = on_beat,
				     .ctx = &w };

	wgc_signals_take(&signals, true);
	if (wgc_plan_watch(sys, &run, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	wgc_notify("STOPPING=1");
	return WGC_EXIT_OK;
}

/* Nothing to look after is no way to begin, though it is one to end. */
static int some_up(struct wgc_ui *ui, struct wgc_sys *sys, char **names, size_t n)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_up_info *up = NULL;
	size_t n_up = 0, hits = 0;

	if (!a)
		wgc_err_nomem(&err);
	else if (wgc_plan_list(sys, a, &up, &n_up, &err) == 0)
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < n_up; k++)
				hits += names[i] && !strcmp(names[i], up[k].name);
	if (!err.code && n && !hits) {
		wgc_err_set(&err, WGC_E_NOT_UP, ENOENT, n > 1 ? "none of these is up" : "'%s' is not up", names[0]);
		wgc_hint_name(sys, names[0], true, &err);
	}
	wgc_arena_free(a);
	return err.code ? wgc_show_err(ui, NULL, &err, NULL) : 0;
}

int wgc_run_watch(struct wgc_ui *ui, const void *args)
{
	const struct wgc_watch_args *wa = args;
	const struct wgc_common *c = &wa->c;
	WGC_AUTO_FREE char **names = NULL;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int code = wgc_need_root(ui, "watch");

	if (code)
		return code;
	if (wa->up && !c->argc)
		return wgc_usage(ui, "--up needs a PROFILE");
	names = calloc((size_t)c->argc + 1, sizeof(*names));
	for (int i = 0; names && i < c->argc; i++)
		names[i] = wgc_name_of(c->argv[i]);
	if (wgc_sys_open(&sys, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		code = wa->up ? bring_up(ui, &sys, c) : some_up(ui, &sys, names, names ? (size_t)c->argc : 0);
		if (!code)
			code = watch(ui, &sys, (const char *const *)names, (size_t)c->argc);
		wgc_sys_close(&sys);
	}
	for (int i = 0; names && i < c->argc; i++)
		free(names[i]);
	return code;
}
