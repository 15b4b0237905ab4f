// SPDX-License-Identifier: GPL-2.0
/* netns: the network namespaces that have names, what lives in them, and taking a name away. */
#include "cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ns/ns.h"

static const struct wgc_up_info *tunnel_in(const struct wgc_up_info *up, size_t n, const struct wgc_ns_id *id)
{
	struct wgc_ns_id home;

	for (size_t i = 0; i < n; i++)
		if (wgc_ns_id_parse(up[i].home_id, &home) && wgc_ns_id_equal(&home, id))
			return &up[i];
	return NULL;
}

static void users_text(const struct wgc_ns_user *v, size_t n, struct wgc_str *out)
{
	for (size_t i = 0; i < n && i < 4; i++)
		wgc_str_addf(out, "%s%s (%d)", i ? ", " : "", v[i].comm, (int)v[i].pid);
	if (n > 4)
		wgc_str_addf(out, " and %zu more", n - 4);
	if (!n)
		wgc_str_addc(out, '-');
}

static void users_json(const struct wgc_ns_user *v, size_t n, struct wgc_json *j)
{
	wgc_json_key(j, "processes");
	wgc_json_array(j);
	for (size_t i = 0; i < n; i++) {
		wgc_json_object(j);
		wgc_json_key(j, "pid");
		wgc_json_int(j, v[i].pid);
		wgc_json_key(j, "uid");
		wgc_json_uint(j, v[i].uid);
		wgc_json_key(j, "command");
		wgc_json_str(j, v[i].comm);
		wgc_json_object_end(j);
	}
	wgc_json_array_end(j);
}

struct listing {
	const struct wgc_ns_name *names;
	size_t n;
	const struct wgc_up_info *up;
	size_t n_up;
	struct wgc_arena *arena;
};

static int list_json(const struct listing *l)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_json j;

	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "namespaces");
	wgc_json_array(&j);
	for (size_t i = 0; i < l->n; i++) {
		const struct wgc_up_info *t = tunnel_in(l->up, l->n_up, &l->names[i].id);
		struct wgc_ns_user *users = NULL;
		size_t n = 0;

		if (wgc_ns_users(&l->names[i].id, l->arena, &users, &n) == -ENOMEM)
			return -ENOMEM;
		wgc_json_object(&j);
		wgc_json_key(&j, "name");
		wgc_json_str(&j, l->names[i].name);
		wgc_json_key(&j, "profile");
		wgc_json_str(&j, t ? t->name : NULL);
		users_json(users, n, &j);
		wgc_json_object_end(&j);
	}
	wgc_json_array_end(&j);
	wgc_ui_json_end(&j);
	return 0;
}

static int list_text(const struct listing *l)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	if (l->n)
		wgc_str_addf(&out, "%-20s  %-20s  %s\n", "NAME", "PROFILE", "INSIDE");
	for (size_t i = 0; i < l->n; i++) {
		const struct wgc_up_info *t = tunnel_in(l->up, l->n_up, &l->names[i].id);
		struct wgc_ns_user *users = NULL;
		size_t n = 0;

		if (wgc_ns_users(&l->names[i].id, l->arena, &users, &n) == -ENOMEM)
			return -ENOMEM;
		wgc_str_addf(&out, "%-20s  %-20s  ", l->names[i].name, t ? t->name : "-");
		users_text(users, n, &out);
		wgc_str_addc(&out, '\n');
	}
	wgc_ui_answer(&out);
	return 0;
}

static int list(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a)
{
	struct listing l = { .arena = a };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_ns_name *names = NULL;
	struct wgc_up_info *up = NULL;
	int r = wgc_ns_list(a, &names, &l.n);

	if (r < 0) {
		wgc_err_set(&err, WGC_E_IO, -r, "cannot read the names of network namespaces: %s", strerror(-r));
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	/* Journals are root's: without them no namespace has a profile. */
	if (wgc_plan_list(sys, a, &up, &l.n_up, &err) && err.code != WGC_E_PERM)
		return wgc_show_err(ui, NULL, &err, NULL);
	l.names = names;
	l.up = up;
	r = ui->json ? list_json(&l) : list_text(&l);
	if (r < 0) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	if (!l.n)
		wgc_ui_note(ui, "no network namespace has a name");
	return WGC_EXIT_OK;
}

static void hint_nearest(struct wgc_arena *a, const char *name, struct wgc_err *err)
{
	struct wgc_ns_name *v = NULL;
	const char **names, *near;
	size_t n = 0;

	if (wgc_ns_list(a, &v, &n) < 0)
		return;
	names = wgc_arena_alloc(a, (n + 1) * sizeof(*names));
	for (size_t i = 0; names && i < n; i++)
		names[i] = v[i].name;
	near = names ? wgc_nearest(name, names) : NULL;
	if (near)
		wgc_err_hint(err, "did you mean '%s'? `wgctl netns` lists those that have names", near);
	else
		wgc_err_hint(err, "`wgctl netns` lists those that have names");
}

static int delete(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a, const char *name)
{
	const struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = name };
	const struct wgc_up_info *tunnel;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_ns_user *users = NULL;
	struct wgc_up_info *up = NULL;
	size_t n_up = 0, n = 0;
	struct wgc_ns_id id;
	int fd, r;

	if (!wgc_ns_name_valid(name))
		return wgc_usage(ui, "'%s' cannot be the name of a network namespace", name);
	r = wgc_ns_open(&ref, &fd, &err);
	if (r == 0) {
		r = wgc_ns_id(fd, &id);
		close(fd);
		r = r ?: wgc_plan_list(sys, a, &up, &n_up, &err);
	}
	if (r == 0 && (tunnel = tunnel_in(up, n_up, &id))) {
		r = wgc_err_set(&err, WGC_E_EXISTS, EBUSY, "'%s' is up in '%s'", tunnel->name, name);
		wgc_err_hint(&err, "`wgctl down %s` takes it down, and the namespace with it, if it was made for it", tunnel->name);
	}
	if (r == 0)
		r = wgc_plan_netns_delete(sys, name, &err);
	if (r == -ENOENT && err.code == WGC_E_NOT_FOUND)
		hint_nearest(a, name, &err);
	if (r < 0)
		return wgc_show_err(ui, NULL, &err, NULL);
	/* The name is gone; the namespace goes with the last one inside. */
	if (wgc_ns_users(&id, a, &users, &n) < 0)
		n = 0;
	if (n) {
		WGC_AUTO_STR struct wgc_str who = { 0 };

		users_text(users, n, &who);
		wgc_ui_warn(ui, "the namespace goes on without its name as long as they run: %s", wgc_str_get(&who));
	}
	wgc_ui_note(ui, "'%s' is deleted", name);
	if (ui->json) {
		WGC_AUTO_STR struct wgc_str out = { 0 };
		struct wgc_json j;

		wgc_ui_json_begin(&j, &out);
		wgc_json_key(&j, "name");
		wgc_json_str(&j, name);
		users_json(users, n, &j);
		wgc_ui_json_end(&j);
	}
	return WGC_EXIT_OK;
}

int wgc_run_netns(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	bool deletes = c->argc && !strcmp(c->argv[0], "delete");
	struct wgc_arena *a;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int code;

	if (deletes && c->argc < 2)
		return wgc_usage(ui, "the NAME is missing");
	if (!deletes && c->argc > 1)
		return wgc_usage(ui, "list takes no operand: '%s'", c->argv[1]);
	a = wgc_arena_new();
	if (!a) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	if (wgc_sys_open(&sys, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		code = deletes ? delete(ui, &sys, a, c->argv[1]) : list(ui, &sys, a);
		wgc_sys_close(&sys);
	}
	wgc_arena_free(a);
	return code;
}
