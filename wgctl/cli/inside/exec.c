// SPDX-License-Identifier: GPL-2.0
/* exec: a program inside the namespace of a tunnel, or inside any other one. */
#include "cli/inside/inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failed(struct wgc_ui *ui, struct wgc_err *err)
{
	wgc_show_err(ui, NULL, err, NULL);
	return WGC_EXIT_NOT_RUN;
}

/* By its name, or by that of its link, which others may have in other namespaces. -EEXIST with @err. */
static int find_up(const struct wgc_up_info *v, size_t n, const char *name, const struct wgc_up_info **ret, struct wgc_err *err)
{
	*ret = NULL;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i].name, name)) {
			*ret = &v[i];
			return 0;
		}
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].ifname, name))
			continue;
		if (*ret) {
			wgc_err_set(err, WGC_E_EXISTS, EEXIST, "'%s' is the link of more than one tunnel: of '%s', of '%s'", name, (*ret)->name,
				    v[i].name);
			wgc_err_hint(err, "name the tunnel itself; a namespace of that name is /run/netns/%s", name);
			return -EEXIST;
		}
		*ret = &v[i];
	}
	return 0;
}

/* Any namespace, by how people name it. */
static int room_of_ref(struct wgc_arena *a, const char *text, struct wgc_room *room, const char **ret_resolv_conf, struct wgc_err *err)
{
	char name[256] = "";
	struct wgc_ns_ref ref;
	struct wgc_ns_id id;
	int fd, r = wgc_ns_parse(text, &ref, err);

	r = r ?: wgc_ns_open(&ref, &fd, err);
	if (r < 0)
		return r;
	if (ref.kind == WGC_NS_NAME)
		snprintf(name, sizeof(name), "%s", ref.text);
	else if (wgc_ns_id(fd, &id) == 0)
		wgc_ns_name_of(&id, name);
	room->net = fd;
	room->netns = wgc_arena_strdup(a, name);
	room->name = *name ? room->netns : wgc_arena_printf(a, "net-%llu", (unsigned long long)id.ino);
	*ret_resolv_conf = *name ? wgc_arena_printf(a, "/etc/netns/%s/resolv.conf", name) : "";
	return room->netns && room->name && *ret_resolv_conf ? 0 : wgc_err_nomem(err);
}

static int find_room(struct wgc_arena *a, const struct wgc_exec_args *x, struct wgc_room *room, struct wgc_err *err)
{
	const char *name = x->c.argv[0], *resolv_conf;
	const struct wgc_up_info *found = NULL;
	struct wgc_up_info *up = NULL;
	struct wgc_sys sys;
	size_t n = 0;
	int r = wgc_sys_open(&sys, err);

	if (r < 0)
		return r;
	r = wgc_plan_list(&sys, a, &up, &n, err);
	r = r ?: find_up(up, n, name, &found, err);
	if (r < 0) {
		wgc_sys_close(&sys);
		return r;
	}
	r = found ? wgc_room_of_tunnel(found, room, &resolv_conf, err) : room_of_ref(a, name, room, &resolv_conf, err);
	/* More people mean a profile than a namespace. */
	if (r == -ENOENT && !strpbrk(name, "/:"))
		wgc_hint_name(&sys, name, true, err);
	wgc_sys_close(&sys);
	r = r ?: wgc_room_apart(room, err);
	if (r < 0)
		return r;
	return wgc_room_dns(a, name, resolv_conf, x->dns, x->no_dns, room, err);
}

int wgc_run_exec(struct wgc_ui *ui, const void *args)
{
	const struct wgc_exec_args *x = args;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_start s = { .keep_env = x->keep_env, .cwd = x->cwd, .pin_dns = x->pin_dns };
	struct wgc_who who;
	int code;

	if (!a) {
		wgc_err_nomem(&err);
		return failed(ui, &err);
	}
	if (geteuid() != 0) {
		wgc_err_set(&err, WGC_E_PERM, EPERM, "only root can enter a network namespace");
		wgc_err_hint(&err, "run it again with sudo: the program will still run as you");
		code = failed(ui, &err);
	} else if (wgc_who(a, x->user, x->root, &who, &err) < 0 || find_room(a, x, &s.room, &err) < 0) {
		code = failed(ui, &err);
	} else {
		s.who = &who;
		s.argc = x->c.argc - 1;
		s.argv = x->c.argv + 1;
		code = wgc_start(ui, a, &s);
	}
	wgc_arena_free(a);
	return code;
}
