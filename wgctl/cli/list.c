// SPDX-License-Identifier: GPL-2.0
/* list: the profiles that there are, and which of them are up. */
#include "cli/commands.h"

#include <errno.h>
#include <string.h>

struct row {
	const char *name, *path, *ifname, *state, *home;
	unsigned confirm;
};

static struct row *row_of(struct row *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return &v[i];
	return NULL;
}

/* Has somebody deleted its link, or the namespace that it was in? Who may not look there believes the journal. */
static bool is_gone(struct wgc_sys *sys, const struct wgc_up_info *up)
{
	struct wgc_link link;
	int r = wgc_plan_enter(sys, up, NULL);

	if (r < 0)
		return r == -ENOENT;
	r = wgc_nl_link_get(sys->nl, up->ifname, &link, NULL);
	wgc_plan_leave(sys);
	return r == -ENODEV;
}

static const char *state_of(struct wgc_sys *sys, const struct wgc_up_info *up)
{
	if (!up->finished)
		return up->locked ? "locked" : "unfinished";
	return is_gone(sys, up) ? "gone" : "up";
}

/* Profiles of the search path, then tunnels whose file is elsewhere or gone. */
static struct row *merge(struct wgc_sys *sys, struct wgc_arena *a, const struct wgc_found *found, size_t n_found, const struct wgc_up_info *up,
			 size_t n_up, size_t *ret_n)
{
	struct row *v = wgc_arena_alloc(a, (n_found + n_up + 1) * sizeof(*v));
	size_t n = 0;

	if (!v)
		return NULL;
	for (size_t i = 0; i < n_found; i++)
		v[n++] = (struct row){ .name = found[i].name, .path = found[i].path, .state = "down" };
	for (size_t i = 0; i < n_up; i++) {
		struct row *r = row_of(v, n, up[i].name);

		if (!r) {
			r = &v[n++];
			r->name = up[i].name;
		}
		/* The file that it came from, not a later one of the same name. */
		if (up[i].path && *up[i].path)
			r->path = up[i].path;
		r->ifname = up[i].ifname;
		r->state = state_of(sys, &up[i]);
		r->home = *up[i].home ? up[i].home : NULL;
		r->confirm = up[i].confirm;
	}
	*ret_n = n;
	return v;
}

static void list_json(const struct row *v, size_t n)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_json j;

	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "profiles");
	wgc_json_array(&j);
	for (size_t i = 0; i < n; i++) {
		wgc_json_object(&j);
		wgc_json_key(&j, "name");
		wgc_json_str(&j, v[i].name);
		wgc_json_key(&j, "state");
		wgc_json_str(&j, v[i].state);
		wgc_json_key(&j, "interface");
		wgc_json_str(&j, v[i].ifname);
		wgc_json_key(&j, "interface_namespace");
		wgc_json_str(&j, v[i].home);
		wgc_json_key(&j, "file");
		wgc_json_str(&j, v[i].path);
		wgc_json_key(&j, "confirm_within_seconds");
		if (v[i].confirm)
			wgc_json_uint(&j, v[i].confirm);
		else
			wgc_json_null(&j);
		wgc_json_object_end(&j);
	}
	wgc_json_array_end(&j);
	wgc_ui_json_end(&j);
}

static void list_text(const struct wgc_ui *ui, const struct row *v, size_t n)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	size_t width = 4;

	for (size_t i = 0; i < n; i++)
		if (strlen(v[i].name) > width)
			width = strlen(v[i].name);
	if (n)
		wgc_str_addf(&out, "%-*s  %-10s  %-15s  %s\n", (int)width, "NAME", "STATE", "INTERFACE", "FILE");
	for (size_t i = 0; i < n; i++) {
		enum wgc_paint p = !strcmp(v[i].state, "up") ? WGC_GREEN : !strcmp(v[i].state, "down") ? WGC_DIM : WGC_RED;

		wgc_add_plain(&out, v[i].name, strlen(v[i].name));
		wgc_str_addf(&out, "%*s  %s%-10s%s  %-15s  ", (int)(width - strlen(v[i].name)), "", wgc_paint(ui->color_out, p),
			     v[i].state, wgc_paint(ui->color_out, WGC_PLAIN), v[i].ifname ? v[i].ifname : "-");
		wgc_add_plain(&out, v[i].path ? v[i].path : "-", v[i].path ? strlen(v[i].path) : 1);
		if (v[i].home) {
			wgc_str_add(&out, "  in ");
			wgc_add_plain(&out, v[i].home, strlen(v[i].home));
		}
		if (v[i].confirm)
			wgc_str_addf(&out, "  to be confirmed within %u s", v[i].confirm);
		wgc_str_addc(&out, '\n');
	}
	wgc_ui_answer(&out);
}

static int list_all(struct wgc_ui *ui, struct wgc_arena *a)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_found *found;
	struct wgc_up_info *up = NULL;
	size_t n_found, n_up = 0, n;
	const char *denied;
	struct wgc_sys sys;
	struct row *v;
	int code = 0;

	if (wgc_profiles(a, &found, &n_found, &denied)) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	/* A list without states would be a wrong answer, so it is a failure. */
	if (wgc_plan_list(&sys, a, &up, &n_up, &err))
		code = wgc_show_err(ui, NULL, &err, NULL);
	v = code ? NULL : merge(&sys, a, found, n_found, up, n_up, &n);
	wgc_sys_close(&sys);
	if (code)
		return code;
	if (!v) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	if (denied)
		wgc_ui_warn(ui, "'%s' cannot be read by this user: its profiles are missing here", denied);
	if (ui->json)
		list_json(v, n);
	else
		list_text(ui, v, n);
	if (!n && !denied)
		wgc_ui_note(ui, "no profiles in /etc/wgctl or /etc/wireguard, and nothing is up");
	return 0;
}

int wgc_run_list(struct wgc_ui *ui, const void *args)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	int code;

	if (!a) {
		wgc_err_nomem(&err);
		return wgc_show_err(ui, NULL, &err, NULL);
	}
	code = list_all(ui, a);
	wgc_arena_free(a);
	return code;
}
