// SPDX-License-Identifier: GPL-2.0
/* updown: `up`, `down` and `recover`; one profile at a time, shared with wg-quick. */
#include "cli/commands.h"
#include "cli/confirm.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool has_net_admin(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return geteuid() == 0;
	return data[CAP_NET_ADMIN / 32].effective & (1u << (CAP_NET_ADMIN % 32));
}

int wgc_need_root(struct wgc_ui *ui, const char *what)
{
	struct wgc_err err = WGC_ERR_INIT;

	if (geteuid() == 0 || has_net_admin())
		return 0;
	wgc_err_set(&err, WGC_E_PERM, EPERM, "'%s' changes the network, which only root may do", what);
	wgc_err_hint(&err, "run it again with sudo");
	return wgc_show_err(ui, NULL, &err, NULL);
}

static int no_memory(struct wgc_ui *ui)
{
	struct wgc_err err = WGC_ERR_INIT;

	wgc_err_nomem(&err);
	return wgc_show_err(ui, NULL, &err, NULL);
}

void wgc_json_result(struct wgc_json *j, const char *name, const char *ifname, const char *result, const struct wgc_steps *s)
{
	if (!j)
		return;
	wgc_json_object(j);
	wgc_json_key(j, "name");
	wgc_json_str(j, name);
	if (ifname) {
		wgc_json_key(j, "interface");
		wgc_json_str(j, ifname);
	}
	wgc_json_key(j, "result");
	wgc_json_str(j, result);
	wgc_json_key(j, "repaired");
	wgc_json_bool(j, s->run.repaired);
	wgc_json_key(j, "locked");
	wgc_json_bool(j, s->run.locked);
	if (s->run.dry_run) {
		wgc_json_key(j, "plan");
		wgc_steps_json(s, j);
	} else {
		wgc_json_key(j, "steps");
		wgc_json_uint(j, s->run.steps);
		wgc_json_key(j, "undone");
		wgc_json_uint(j, s->run.undone);
		wgc_json_key(j, "undo_failed");
		wgc_json_uint(j, s->run.undo_failed);
	}
	wgc_json_object_end(j);
}

const char *wgc_failure_word(int code)
{
	if (code == WGC_EXIT_NOT_UP)
		return "not_up";
	return code == WGC_EXIT_INCOMPLETE ? "incomplete" : "failed";
}

static void show_plan(struct wgc_ui *ui, const struct wgc_steps *s, const char *name)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	wgc_steps_add_text(s, name, ui->color_out, &out);
	wgc_ui_answer(&out);
}

static void say_locked(struct wgc_ui *ui, const char *name, const struct wgc_run *run)
{
	if (run->locked)
		wgc_ui_note(ui, "nothing leaves this machine beside '%s': its kill switch is still in force; `wgctl down --unlock %s` ends it",
			    name, name);
}

bool wgc_is_up(struct wgc_sys *sys, const char *name)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v;
	struct wgc_link link;
	bool up = false;
	size_t n;

	if (a && wgc_plan_list(sys, a, &v, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			up |= v[i].finished && !strcmp(v[i].name, name) && wgc_nl_link_get(sys->nl, v[i].ifname, &link, NULL) == 0;
	wgc_arena_free(a);
	return up;
}

int wgc_up_one(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_loaded *l, bool dry_run, unsigned wait_seconds,
	       struct wgc_json *j)
{
	const struct wgc_profile *p = l->profile;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_steps s;
	int rc, code = WGC_EXIT_OK;

	if (wgc_steps_init(&s, ui, dry_run, wait_seconds))
		return no_memory(ui);
	rc = wgc_plan_up(sys, p, &s.run, &err);
	wgc_steps_clear(&s);
	if (s.run.repaired)
		wgc_ui_note(ui, s.run.remade ? "'%s' was up, but not its link any more; what was left of it was undone first" :
					       "'%s': an earlier run had stopped half-way; that was undone first", p->name);
	if (rc) {
		code = wgc_show_err(ui, &l->src, &err, &s.run);
		say_locked(ui, p->name, &s.run);
		wgc_json_result(j, p->name, p->ifname, wgc_failure_word(code), &s);
	} else if (s.run.already_up) {
		wgc_ui_note(ui, "'%s' is up already", p->name);
		wgc_json_result(j, p->name, p->ifname, "already_up", &s);
	} else if (dry_run) {
		wgc_json_result(j, p->name, p->ifname, "planned", &s);
		if (!ui->json)
			show_plan(ui, &s, p->name);
	} else {
		if (!ui->quick)
			wgc_ui_note(ui, "'%s' is up on %s", p->name, p->ifname);
		wgc_json_result(j, p->name, p->ifname, "up", &s);
	}
	wgc_steps_done(&s);
	return code;
}

int wgc_load_all(struct wgc_ui *ui, const struct wgc_common *c, struct wgc_loaded *v)
{
	int worst = 0;

	for (int i = 0; i < c->argc; i++) {
		int code = wgc_load(ui, c->argv[i], WGC_STRICT, c->allow_hooks, &v[i]);

		if (!code)
			wgc_config_lint(v[i].profile, &v[i].diags);
		wgc_show_diags(ui, &v[i].src, &v[i].diags, true);
		if (code && !worst)
			worst = code;
	}
	return worst;
}

static int up_loaded(struct wgc_ui *ui, const struct wgc_common *c, unsigned confirm, const struct wgc_loaded *v,
		     struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int code = 0;

	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	for (int i = 0; i < c->argc && !code; i++) {
		const char *name = v[i].profile->name;
		int hold;

		code = wgc_confirm_begin(ui, &sys, name, confirm, &hold);
		if (!code) {
			code = wgc_up_one(ui, &sys, &v[i], c->dry_run, c->wait, j);
			wgc_confirm_end(ui, &sys, name, confirm, hold, !code);
		}
		if (code && i > 0)
			wgc_ui_note(ui, "the %d before '%s' stay up", i, c->argv[i]);
	}
	wgc_sys_close(&sys);
	return code;
}

/* Every profile is checked before the first one touches the system. */
int wgc_run_up(struct wgc_ui *ui, const void *args)
{
	const struct wgc_up_args *u = args;
	const struct wgc_common *c = &u->c;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_loaded *v;
	struct wgc_json json, *j;
	int code = c->dry_run ? 0 : wgc_need_root(ui, "up");

	ui->confirm = u->confirm;
	if (code)
		return code;
	v = calloc((size_t)c->argc, sizeof(*v));
	if (!v)
		return no_memory(ui);
	j = wgc_ui_profiles_begin(ui, &json, &out);
	code = wgc_load_all(ui, c, v);
	if (!code)
		code = up_loaded(ui, c, u->confirm, v, j);
	wgc_ui_profiles_end(j);
	for (int i = 0; i < c->argc; i++)
		wgc_loaded_done(&v[i]);
	free(v);
	return code;
}

/* ---- down ------------------------------------------------------------------- */

static const struct wgc_up_info *find_up(const struct wgc_up_info *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].name && !strcmp(v[i].name, name))
			return &v[i];
	for (size_t i = 0; i < n; i++)
		if (v[i].ifname && !strcmp(v[i].ifname, name))
			return &v[i];
	return NULL;
}

static int down_info(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, const struct wgc_up_info *info, bool dry_run,
		     bool unlock, unsigned wait_seconds, struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_steps s;
	int rc, code = WGC_EXIT_OK;

	if (wgc_steps_init(&s, ui, dry_run, wait_seconds))
		return no_memory(ui);
	s.run.unlock = unlock;
	rc = wgc_plan_down(sys, info ? info->name : name, &s.run, &err);
	wgc_steps_clear(&s);
	if (rc) {
		if (err.code == WGC_E_NOT_UP)
			wgc_hint_name(sys, name, false, &err);
		code = wgc_show_err(ui, NULL, &err, &s.run);
		wgc_json_result(j, name, info ? info->ifname : NULL, wgc_failure_word(code), &s);
	} else if (dry_run) {
		wgc_json_result(j, name, info ? info->ifname : NULL, "planned", &s);
		if (!ui->json)
			show_plan(ui, &s, name);
	} else {
		if (!ui->quick)
			wgc_ui_note(ui, "'%s' is down", name);
		say_locked(ui, name, &s.run);
		wgc_json_result(j, name, info ? info->ifname : NULL, "down", &s);
	}
	wgc_steps_done(&s);
	return code;
}

int wgc_down_one(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, bool dry_run, bool unlock, unsigned wait_seconds,
		 struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v;
	size_t n;
	int code;

	if (!a)
		return no_memory(ui);
	if (wgc_plan_list(sys, a, &v, &n, &err))
		code = wgc_show_err(ui, NULL, &err, NULL);
	else
		code = down_info(ui, sys, name, find_up(v, n, name), dry_run, unlock, wait_seconds, j);
	wgc_arena_free(a);
	return code;
}

static int down_all(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_common *c, bool unlock, struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v;
	size_t n;
	int code = 0;

	if (!a)
		return no_memory(ui);
	if (wgc_plan_list(sys, a, &v, &n, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
		n = 0;
	} else if (!n) {
		wgc_ui_note(ui, "nothing is up");
	}
	/* One that fails does not keep the others up; the worst one counts. */
	for (size_t i = 0; i < n; i++) {
		int one;

		if (v[i].locked && !unlock) {
			wgc_ui_note(ui, "'%s' is down, and its lockdown is on: --unlock ends it", v[i].name);
			continue;
		}
		one = down_info(ui, sys, v[i].name, &v[i], c->dry_run, unlock, c->wait, j);
		if (one > code)
			code = one;
	}
	wgc_arena_free(a);
	return code;
}

int wgc_run_down(struct wgc_ui *ui, const void *args)
{
	const struct wgc_down_args *d = args;
	const struct wgc_common *c = &d->c;
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	struct wgc_json json, *j;
	int code = c->dry_run ? 0 : wgc_need_root(ui, "down");

	if (code)
		return code;
	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	j = wgc_ui_profiles_begin(ui, &json, &out);
	if (d->all)
		code = down_all(ui, &sys, c, d->unlock, j);
	for (int i = 0; i < c->argc; i++) {
		WGC_AUTO_FREE char *name = wgc_name_of(c->argv[i]);
		int one = name ? wgc_down_one(ui, &sys, name, c->dry_run, d->unlock, c->wait, j) : no_memory(ui);

		if (one > code)
			code = one;
	}
	wgc_ui_profiles_end(j);
	wgc_sys_close(&sys);
	return code;
}

/* ---- recover ------------------------------------------------------------------ */

/* Between two profiles there is no way back that is known to be whole: on to the one that the file holds. */
static int finish_reload(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_up_info *info, const struct wgc_common *c,
			 struct wgc_json *j)
{
	struct wgc_loaded l = { 0 };
	int code = wgc_load(ui, info->path, WGC_STRICT, c->allow_hooks, &l);

	wgc_show_diags(ui, &l.src, &l.diags, false);
	if (!code)
		code = wgc_up_one(ui, sys, &l, c->dry_run, c->wait, j);
	wgc_loaded_done(&l);
	return code;
}

/* A name that nobody has is the likeliest reason. */
static void nothing_to_recover(struct wgc_ui *ui, struct wgc_sys *sys, const char *name)
{
	WGC_AUTO_FREE char *near = wgc_nearest_name(sys, name);

	if (near)
		wgc_ui_note(ui, "'%s' has nothing to recover: it is down; did you mean '%s'?", name, near);
	else
		wgc_ui_note(ui, "'%s' has nothing to recover: it is down", name);
}

static int recover_one(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, const struct wgc_common *c, struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a = wgc_arena_new();
	const struct wgc_up_info *info;
	struct wgc_up_info *v;
	size_t n;
	int code = 0;

	if (!a)
		return no_memory(ui);
	if (wgc_plan_list(sys, a, &v, &n, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		info = find_up(v, n, name);
		if (info && info->reloading)
			code = finish_reload(ui, sys, info, c, j);
		else if (info && !info->finished && !info->locked)
			code = down_info(ui, sys, name, info, c->dry_run, false, c->wait, j);
		else if (info && info->locked)
			wgc_ui_note(ui, "'%s' has nothing to recover: it is down, and its lockdown is on; `wgctl down --unlock %s` ends it", name,
				    info->name);
		else if (info)
			wgc_ui_note(ui, "'%s' has nothing to recover: it is up", name);
		else
			nothing_to_recover(ui, sys, name);
	}
	wgc_arena_free(a);
	return code;
}

int wgc_run_recover(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	WGC_AUTO_FREE char *name = wgc_name_of(c->argv[0]);
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	struct wgc_json json, *j;
	int code = c->dry_run ? 0 : wgc_need_root(ui, "recover");

	if (code)
		return code;
	if (!name)
		return no_memory(ui);
	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	if (!c->dry_run)
		wgc_ns_sweep_files(sys.run_dir);
	j = wgc_ui_profiles_begin(ui, &json, &out);
	code = recover_one(ui, &sys, name, c, j);
	wgc_ui_profiles_end(j);
	wgc_sys_close(&sys);
	return code;
}
