// SPDX-License-Identifier: GPL-2.0
/* lockdown: kill switches in force before their tunnels are up. */
#include "cli/commands.h"

#include <errno.h>

static int lock_one(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_loaded *l, const struct wgc_common *c, struct wgc_json *j)
{
	const struct wgc_profile *p = l->profile;
	struct wgc_err err = WGC_ERR_INIT;
	int code = WGC_EXIT_OK;
	struct wgc_steps s;

	if (wgc_steps_init(&s, ui, c->dry_run, 0)) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	if (wgc_plan_lockdown(sys, p, &s.run, &err)) {
		wgc_steps_clear(&s);
		code = wgc_show_err(ui, &l->src, &err, &s.run);
		wgc_json_result(j, p->name, p->ifname, wgc_failure_word(code), &s);
	} else if (c->dry_run && !s.run.already_up) {
		wgc_json_result(j, p->name, p->ifname, "planned", &s);
		if (!ui->json) {
			WGC_AUTO_STR struct wgc_str out = { 0 };

			wgc_steps_add_text(&s, p->name, ui->color_out, &out);
			wgc_ui_answer(&out);
		}
	} else {
		wgc_steps_clear(&s);
		s.run.locked = true;
		if (s.run.already_up)
			wgc_ui_note(ui, "'%s' is up, and its lockdown is on", p->name);
		else
			wgc_ui_note(ui, "nothing leaves this machine beside '%s': its lockdown is on; `wgctl down --unlock %s` ends it",
				    p->name, p->name);
		wgc_json_result(j, p->name, p->ifname, s.run.already_up ? "already_up" : "locked", &s);
	}
	wgc_steps_done(&s);
	return code;
}

/* @all: of the profiles that there are, those with a lockdown and no namespace. One
 * that cannot be read may be such a profile, so that is a failure; the others are
 * locked all the same. Hooks are not run, so whose they are does not matter. */
static int load_and_lock(struct wgc_ui *ui, struct wgc_sys *sys, const char *arg, const struct wgc_common *c, bool all, struct wgc_json *j)
{
	struct wgc_loaded l = { 0 };
	int code = wgc_load(ui, arg, WGC_STRICT, true, &l);

	wgc_show_diags(ui, &l.src, &l.diags, !all);
	if (!code && !(all && (l.profile->kill_switch != WGC_KILL_SWITCH_LOCKDOWN || l.profile->interface_namespace.s ||
			       l.profile->socket_namespace.s)))
		code = lock_one(ui, sys, &l, c, j);
	wgc_loaded_done(&l);
	return code;
}

static int lock_all(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_common *c, struct wgc_json *j)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	const char *denied = NULL;
	struct wgc_found *v;
	int code = 0;
	size_t n;

	if (!a || wgc_profiles(a, &v, &n, &denied)) {
		wgc_err_nomem(&err);
		code = wgc_show_err(ui, NULL, &err, NULL);
		n = 0;
	} else if (denied) {
		wgc_err_set(&err, WGC_E_PERM, EACCES, "cannot look for profiles in %s", denied);
		code = wgc_show_err(ui, NULL, &err, NULL);
	}
	for (size_t i = 0; i < n; i++) {
		int one = load_and_lock(ui, sys, v[i].path, c, true, j);

		if (one > code)
			code = one;
	}
	wgc_arena_free(a);
	return code;
}

int wgc_run_lockdown(struct wgc_ui *ui, const void *args)
{
	const struct wgc_lockdown_args *a = args;
	const struct wgc_common *c = &a->c;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	struct wgc_json json, *j;
	int code = c->dry_run ? 0 : wgc_need_root(ui, "lockdown");

	if (code)
		return code;
	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	j = wgc_ui_profiles_begin(ui, &json, &out);
	if (a->all)
		code = lock_all(ui, &sys, c, j);
	for (int i = 0; i < c->argc; i++) {
		int one = load_and_lock(ui, &sys, c->argv[i], c, false, j);

		if (one > code)
			code = one;
	}
	wgc_ui_profiles_end(j);
	wgc_sys_close(&sys);
	return code;
}
