// SPDX-License-Identifier: GPL-2.0
/* confirm: `up` and `reload` with --confirm SECS, and `confirm`: what is not confirmed in time is undone. */
#include "cli/confirm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/commands.h"

static void tell(int priority, const char *fmt, ...) WGC_PRINTF(2, 3);
static void tell(int priority, const char *fmt, ...)
{
	char text[800];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	syslog(priority, "%s", text);
	fprintf(stderr, "wgctl: %s\n", text);
}

/* In the process that waited: it has no caller to tell, so the log and the
 * terminal, if that is still there, hear of it. */
static int take_down(void *arg)
{
	const char *name = arg;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_run run = { 0 };
	struct wgc_sys sys;
	int r;

	openlog("wgctl", LOG_PID, LOG_DAEMON);
	r = wgc_sys_open(&sys, &err);
	if (r == 0) {
		r = wgc_plan_down(&sys, name, &run, &err);
		wgc_sys_close(&sys);
	}
	if (r == -EBUSY && err.code == WGC_E_EXISTS)
		return r; /* another wgctl is at work on it */
	if (r == 0)
		tell(LOG_NOTICE, "'%s' was not confirmed in time: it is down, everything is undone", name);
	else if (err.code == WGC_E_NOT_UP)
		return 0;
	else
		tell(LOG_ERR, "'%s' was not confirmed in time, and it could not all be undone: %s%s%s", name, err.msg,
		     run.remains[0] ? "; left: " : "", run.remains);
	return 0;
}

void wgc_confirm_taken_back(const char *name, const struct wgc_run *back, const struct wgc_err *err)
{
	openlog("wgctl", LOG_PID, LOG_DAEMON);
	if (err->code || back->undo_failed)
		tell(LOG_ERR, "the reload of '%s' was not confirmed in time, and it could not all be taken back: %s%s%s", name,
		     err->code ? err->msg : "", back->remains[0] ? "left: " : "", back->remains);
	else
		tell(LOG_NOTICE, "the reload of '%s' was not confirmed in time: it is as it was before", name);
}

int wgc_confirm_begin(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, unsigned seconds, int *ret_hold)
{
	struct wgc_err err = WGC_ERR_INIT;
	char *copy;

	*ret_hold = -1;
	/* What is up stays as it is, a confirmation that is waited for included. */
	if (!seconds || wgc_is_up(sys, name))
		return 0;
	copy = strdup(name);
	if (!copy)
		wgc_err_nomem(&err);
	else
		wgc_confirm_arm(sys, name, seconds, take_down, copy, ret_hold, &err);
	free(copy);
	return err.code ? wgc_show_err(ui, NULL, &err, NULL) : 0;
}

void wgc_confirm_end(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, unsigned seconds, int hold, bool done)
{
	if (hold < 0)
		return;
	if (!done)
		wgc_confirm_disarm(sys, name, NULL);
	close(hold);
	if (done)
		wgc_ui_note(ui, "'%s' is taken down again in %u s, unless you run `wgctl confirm %s`", name, seconds, name);
}

/* ---- the command ------------------------------------------------------------------- */

void wgc_json_confirmed(struct wgc_json *j, const char *name, bool confirmed)
{
	wgc_json_object(j);
	wgc_json_key(j, "name");
	wgc_json_str(j, name);
	wgc_json_key(j, "result");
	wgc_json_str(j, confirmed ? "confirmed" : "nothing_to_confirm");
	wgc_json_object_end(j);
}

static int confirm_one(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_up_info *info, struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	int r = wgc_confirm_disarm(sys, info->name, &err);

	if (r < 0)
		return wgc_show_err(ui, NULL, &err, NULL);
	if (r)
		wgc_ui_note(ui, "'%s' is confirmed: it stays %s", info->name, info->confirm_reload ? "as it is" : "up");
	else
		wgc_ui_note(ui, "'%s' needs no confirmation", info->name);
	if (j)
		wgc_json_confirmed(j, info->name, r);
	return 0;
}

static int confirm(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a, const char *want, struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_up_info *v;
	size_t n, hits = 0;
	int code = 0;

	if (wgc_plan_list(sys, a, &v, &n, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	for (size_t i = 0; i < n; i++) {
		int one;

		if (want ? strcmp(want, v[i].name) && strcmp(want, v[i].ifname) : !v[i].confirm)
			continue;
		hits++;
		one = confirm_one(ui, sys, &v[i], j);
		code = one ? one : code;
	}
	if (!hits && want) {
		wgc_err_set(&err, WGC_E_NOT_UP, ENOENT, "'%s' is not up", want);
		wgc_err_hint(&err, "was it undone because nobody confirmed it in time?");
		wgc_hint_name(sys, want, false, &err);
	} else if (!hits) {
		wgc_ui_note(ui, "no tunnel waits to be confirmed");
	}
	return err.code ? wgc_show_err(ui, NULL, &err, NULL) : code;
}

int wgc_run_confirm(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	WGC_AUTO_FREE char *want = c->argc ? wgc_name_of(c->argv[0]) : NULL;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a;
	struct wgc_json json, *j;
	struct wgc_sys sys;
	int code = wgc_need_root(ui, "confirm");

	if (code)
		return code;
	a = wgc_arena_new();
	if (!a || (c->argc && !want)) {
		wgc_arena_free(a);
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	j = wgc_ui_profiles_begin(ui, &json, &out);
	if (wgc_sys_open(&sys, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		code = confirm(ui, &sys, a, want, j);
		wgc_sys_close(&sys);
	}
	wgc_ui_profiles_end(j);
	wgc_arena_free(a);
	return code;
}
