// SPDX-License-Identifier: GPL-2.0
/* doctor: what is found about each tunnel, a row a check, and what to do. */
#include "cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/live.h"

static const char *const words[] = { "ok", "note", "problem", "unknown" };

struct report {
	struct wgc_ui *ui;
	struct wgc_str *out;
	struct wgc_json *j;
};

static void tell_json(struct wgc_json *j, const struct wgc_finding *f)
{
	wgc_json_object(j);
	wgc_json_key(j, "check");
	wgc_json_str(j, f->check);
	wgc_json_key(j, "result");
	wgc_json_str(j, words[f->level]);
	wgc_json_key(j, "text");
	wgc_json_str(j, f->text);
	wgc_json_key(j, "hint");
	wgc_json_str(j, f->hint && *f->hint ? f->hint : NULL);
	wgc_json_object_end(j);
}

static void tell(void *ctx, const struct wgc_finding *f)
{
	static const enum wgc_paint paint[] = { WGC_GREEN, WGC_BLUE, WGC_RED, WGC_YELLOW };
	struct report *r = ctx;

	if (r->j) {
		tell_json(r->j, f);
		return;
	}
	wgc_str_addf(r->out, "  %s%-7s%s  %-10s  ", wgc_paint(r->ui->color_out, paint[f->level]), words[f->level],
		     wgc_paint(r->ui->color_out, WGC_PLAIN), f->check);
	wgc_add_plain(r->out, f->text, strlen(f->text));
	wgc_str_addc(r->out, '\n');
	if (f->hint && *f->hint) {
		wgc_str_addf(r->out, "%23s", "");
		wgc_add_plain(r->out, f->hint, strlen(f->hint));
		wgc_str_addc(r->out, '\n');
	}
}

static int examine(struct report *r, struct wgc_sys *sys, const char *name, const struct wgc_up_info *info,
		   const struct wgc_profile *profile, size_t *problems)
{
	struct wgc_doctor_ask ask = { .info = info, .profile = profile, .tell = tell, .ctx = r };
	struct wgc_err err = WGC_ERR_INIT;
	size_t n = 0;

	if (r->j) {
		wgc_json_object(r->j);
		wgc_json_key(r->j, "name");
		wgc_json_str(r->j, name);
		wgc_json_key(r->j, "interface");
		wgc_json_str(r->j, info ? info->ifname : profile ? profile->ifname : NULL);
		wgc_json_key(r->j, "up");
		wgc_json_bool(r->j, info);
		wgc_json_key(r->j, "checks");
		wgc_json_array(r->j);
	} else {
		wgc_str_addf(r->out, "%s%s", r->out->len ? "\n" : "", wgc_paint(r->ui->color_out, WGC_BOLD));
		wgc_add_plain(r->out, name ? name : "this machine", strlen(name ? name : "this machine"));
		wgc_str_addf(r->out, "%s\n", wgc_paint(r->ui->color_out, WGC_PLAIN));
	}
	wgc_plan_doctor(sys, &ask, &n, &err);
	if (r->j) {
		wgc_json_array_end(r->j);
		wgc_json_object_end(r->j);
	}
	*problems += n;
	return err.code ? wgc_show_err(r->ui, NULL, &err, NULL) : 0;
}

static int examine_up(struct report *r, struct wgc_sys *sys, const struct wgc_up_info *info, size_t *problems)
{
	struct wgc_names names;
	struct wgc_err err = WGC_ERR_INIT;
	int code;

	if (wgc_plan_enter(sys, info, &err) < 0) {
		wgc_err_wrap(&err, "%s", info->name);
		return wgc_show_err(r->ui, NULL, &err, NULL);
	}
	wgc_names_read(&names, info->path);
	code = examine(r, sys, info->name, info, names.profile, problems);
	wgc_names_done(&names);
	wgc_plan_leave(sys);
	return code;
}

/* A profile that is not up: what can be said beforehand. */
static int examine_down(struct report *r, struct wgc_sys *sys, const char *arg, size_t *problems)
{
	struct wgc_loaded l;
	int code = wgc_load(r->ui, arg, WGC_STRICT, true, &l);

	wgc_show_diags(r->ui, &l.src, &l.diags, false);
	if (!code)
		code = examine(r, sys, l.profile->name, NULL, l.profile, problems);
	wgc_loaded_done(&l);
	return code;
}

static int examine_all(struct report *r, struct wgc_sys *sys, const char *arg, const char *want, struct wgc_arena *a, size_t *problems)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_up_info *up = NULL;
	size_t n = 0, hits = 0;
	int code = 0;

	/* Journals are root's: without them a profile counts as not up. */
	if (wgc_plan_list(sys, a, &up, &n, &err) && err.code != WGC_E_PERM)
		return wgc_show_err(r->ui, NULL, &err, NULL);
	for (size_t i = 0; i < n && !code; i++)
		if (!want || !strcmp(want, up[i].name) || !strcmp(want, up[i].ifname)) {
			hits++;
			code = examine_up(r, sys, &up[i], problems);
		}
	if (!hits && !code)
		code = want ? examine_down(r, sys, arg, problems) : examine(r, sys, NULL, NULL, NULL, problems);
	return code;
}

int wgc_run_doctor(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	WGC_AUTO_FREE char *want = c->argc ? wgc_name_of(c->argv[0]) : NULL;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_json j;
	struct report r = { .ui = ui, .out = &out, .j = ui->json ? &j : NULL };
	struct wgc_sys sys;
	size_t problems = 0;
	int code;

	if (!a || (c->argc && !want)) {
		wgc_arena_free(a);
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	if (ui->json) {
		wgc_ui_json_begin(&j, &out);
		wgc_json_key(&j, "tunnels");
		wgc_json_array(&j);
	}
	if (wgc_sys_open(&sys, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		code = examine_all(&r, &sys, c->argc ? c->argv[0] : NULL, want, a, &problems);
		wgc_sys_close(&sys);
	}
	if (ui->json) {
		wgc_json_array_end(&j);
		wgc_json_key(&j, "problems");
		wgc_json_uint(&j, problems);
		wgc_ui_json_end(&j);
	} else {
		wgc_ui_answer(&out);
	}
	wgc_arena_free(a);
	return code ? code : problems ? WGC_EXIT_FAILED : WGC_EXIT_OK;
}
