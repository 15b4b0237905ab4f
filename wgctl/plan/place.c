// SPDX-License-Identifier: GPL-2.0
/* Entering the namespaces of a tunnel, by its profile or by its journal. */
#include "plan/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Namespaces of ours that are still in use: a file each, holding what they are. */
#define KEPT ".netns"

struct wgc_nl *wgc_sys_outer(const struct wgc_sys *sys)
{
	return sys->place && sys->place->outer ? sys->place->outer : sys->nl;
}

int wgc_place_step_out(const struct wgc_sys *sys)
{
	return sys->place && sys->place->birth >= 0 ? wgc_ns_enter(sys->place->birth, NULL) : 0;
}

int wgc_place_step_back(const struct wgc_sys *sys)
{
	return sys->place ? wgc_ns_enter(sys->place->back, NULL) : 0;
}

void wgc_place_step_in(const struct wgc_sys *sys)
{
	if (sys->place && sys->place->home >= 0)
		wgc_ns_return(sys->place->home);
}

/* What libnftables has open is bound to the namespace where it was opened. */
static void change_rooms(struct wgc_sys *sys)
{
	struct wgc_nl *nl = WGC_TAKE(sys->nl);

	wgc_sys_close(sys);
	sys->nl = nl;
}

void wgc_place_leave(struct wgc_sys *sys, struct wgc_place *place)
{
	if (sys->place == place) {
		change_rooms(sys);
		wgc_ns_return(place->back);
		wgc_nl_close(sys->nl);
		wgc_nl_close(place->outer);
		sys->nl = place->caller_nl;
		sys->dns.resolv_conf = place->caller_resolv_conf;
		sys->dns.own_directory = false;
		sys->place = NULL;
	} else if (place->resolv_conf[0] && sys->dns.resolv_conf == place->resolv_conf) {
		sys->dns.resolv_conf = place->caller_resolv_conf;
		sys->dns.own_directory = false;
	}
	wgc_close(place->back);
	wgc_close(place->home);
	wgc_close(place->birth);
	*place = (struct wgc_place)WGC_PLACE_INIT;
}

static void use_resolv_conf(struct wgc_sys *sys, struct wgc_place *place)
{
	place->caller_resolv_conf = sys->dns.resolv_conf;
	if (!place->resolv_conf[0])
		return;
	sys->dns.resolv_conf = place->resolv_conf;
	sys->dns.own_directory = true;
}

/* home (or -1: one to be made) and birth (or -1: gone) are open. */
static int enter(struct wgc_sys *sys, struct wgc_place *place, struct wgc_err *err)
{
	struct wgc_ns_id home, birth, back;
	struct wgc_nl *nl = NULL;
	int r;

	r = wgc_ns_id(place->back, &back);
	place->apart = true;
	if (r == 0 && place->birth >= 0 && place->home >= 0) {
		r = wgc_ns_id(place->home, &home) ?: wgc_ns_id(place->birth, &birth);
		place->apart = !wgc_ns_id_equal(&home, &birth);
	}
	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot look at a network namespace: %s", strerror(-r));
	if (place->birth >= 0 && place->apart) {
		r = wgc_ns_enter(place->birth, err);
		r = r ?: wgc_nl_open(NULL, &place->outer, err);
	}
	if (r == 0 && place->home >= 0)
		r = wgc_ns_enter(place->home, err);
	else if (r == 0) {
		r = wgc_ns_enter_new(err);
		place->made = place->fresh = r == 0;
		place->home = r ?: wgc_ns_own();
		if (r == 0 && place->home < 0)
			r = wgc_err_set(err, WGC_E_IO, -place->home, "cannot open the new network namespace: %s", strerror(-place->home));
	}
	r = r ?: wgc_nl_open(NULL, &nl, err);
	if (r < 0) {
		wgc_ns_return(place->back);
		place->outer = wgc_nl_close(place->outer);
		return r;
	}
	place->caller_nl = sys->nl;
	change_rooms(sys);
	sys->nl = nl;
	sys->place = place;
	use_resolv_conf(sys, place);
	return 0;
}

void wgc_place_program_name(const char *name, const char *ifname, char out[static IFNAMSIZ])
{
	if (strchr(name, ':'))
		wgc_ifname_for(name, out);
	else
		snprintf(out, IFNAMSIZ, "%s", ifname);
}

static int enter_for(struct wgc_sys *sys, struct wgc_place *place, const char *name, const char *ifname, struct wgc_err *err)
{
	char program[IFNAMSIZ];
	int r = enter(sys, place, err);

	if (r < 0)
		return r;
	wgc_place_program_name(name, ifname, program);
	if (strcmp(program, ifname))
		wgc_nl_know_as(sys->nl, ifname, program);
	return 0;
}

/* A name of its own for a path of /run/netns, so that both ways of writing mean the same. */
static void name_home(const struct wgc_ns_ref *ref, struct wgc_place *place)
{
	struct wgc_ns_id id;

	if (ref->kind == WGC_NS_NAME)
		snprintf(place->name, sizeof(place->name), "%s", ref->text);
	else if (place->home >= 0 && wgc_ns_id(place->home, &id) == 0)
		wgc_ns_name_of(&id, place->name);
}

/* Where ip-netns(8) looks for the files of a namespace; of one without a name, beside our own. */
static int find_resolv_conf(const struct wgc_sys *sys, const char *profile, struct wgc_place *place)
{
	WGC_AUTO_FREE char *dir = NULL;

	if (place->name[0]) {
		snprintf(place->resolv_conf, sizeof(place->resolv_conf), "/etc/netns/%s/resolv.conf", place->name);
		return 0;
	}
	if (wgc_journal_dir_name(profile, &dir) < 0)
		return -ENOMEM;
	snprintf(place->resolv_conf, sizeof(place->resolv_conf), "%s/.etc/%s/resolv.conf", sys->run_dir, dir);
	return 0;
}

static int parse(const struct wgc_text *t, struct wgc_ns_ref *ret, struct wgc_err *err)
{
	int r = wgc_ns_parse(t->s, ret, err);

	if (r < 0 && err)
		err->at = t->at;
	return r;
}

static int open_at(const struct wgc_ns_ref *ref, const struct wgc_text *t, int *ret_fd, struct wgc_err *err)
{
	int r = wgc_ns_open(ref, ret_fd, err);

	if (r < 0 && err)
		err->at = t->at;
	return r;
}

static bool is_same(int a, int b)
{
	struct wgc_ns_id x, y;

	return wgc_ns_id(a, &x) == 0 && wgc_ns_id(b, &y) == 0 && wgc_ns_id_equal(&x, &y);
}

int wgc_place_of_profile(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_place *place, struct wgc_err *err)
{
	struct wgc_ns_ref home, birth;
	int r;

	if (!p->interface_namespace.s && !p->socket_namespace.s)
		return 0;
	r = parse(&p->interface_namespace, &home, err);
	r = r ?: parse(&p->socket_namespace, &birth, err);
	if (r < 0)
		return r;
	place->back = wgc_ns_own();
	if (place->back < 0)
		return wgc_err_set(err, WGC_E_IO, -place->back, "cannot open the caller's network namespace: %s", strerror(-place->back));
	r = open_at(&birth, &p->socket_namespace, &place->birth, err);
	if (r < 0)
		return r;
	r = open_at(&home, &p->interface_namespace, &place->home, home.kind == WGC_NS_NAME ? NULL : err);
	if (r == -ENOENT && home.kind == WGC_NS_NAME)
		r = 0;
	else if (r < 0 && home.kind == WGC_NS_NAME)
		r = open_at(&home, &p->interface_namespace, &place->home, err);
	if (r < 0)
		return r;
	if (home.kind != WGC_NS_CALLER)
		name_home(&home, place);
	/* Without a name, and where the caller is: then it is as if it were not said. */
	if (home.kind != WGC_NS_CALLER && (place->name[0] || !is_same(place->home, place->back))) {
		if (find_resolv_conf(sys, p->name, place) < 0)
			return wgc_err_nomem(err);
	}
	return enter_for(sys, place, p->name, p->ifname, err);
}

static json_t *member(const struct wgc_history *h, const char *key)
{
	return json_object_get(json_object_get(h->head, "place"), key);
}

static const char *word(const struct wgc_history *h, const char *key)
{
	return json_string_value(member(h, key)) ?: "";
}

static int find(const char *id_text, const char *hint)
{
	struct wgc_ns_id id;

	return wgc_ns_id_parse(id_text, &id) ? wgc_ns_find(&id, hint) : -ENOENT;
}

int wgc_place_of_history(struct wgc_sys *sys, const struct wgc_history *h, struct wgc_place *place, struct wgc_err *err)
{
	char path[WGC_NS_PATH_MAX];

	if (!json_object_get(h->head, "place"))
		return 0;
	snprintf(place->name, sizeof(place->name), "%s", word(h, "name"));
	snprintf(place->resolv_conf, sizeof(place->resolv_conf), "%s", word(h, "resolv_conf"));
	wgc_ns_path(place->name, path);
	place->back = wgc_ns_own();
	if (place->back < 0)
		return wgc_err_set(err, WGC_E_IO, -place->back, "cannot open the caller's network namespace: %s", strerror(-place->back));
	place->home = find(word(h, "home_id"), place->name[0] ? path : NULL);
	if (place->home < 0) {
		use_resolv_conf(sys, place);
		return -ENOENT;
	}
	place->birth = find(word(h, "birth"), NULL);
	if (place->birth < 0)
		place->birth = -1;
	return enter_for(sys, place, wgc_history_str(h, "profile"), wgc_history_str(h, "ifname"), err);
}

void wgc_place_use_resolv_conf(struct wgc_sys *sys, const struct wgc_history *h)
{
	const char *theirs = word(h, "resolv_conf");

	sys->dns.own_directory = *theirs;
	if (*theirs)
		sys->dns.resolv_conf = theirs;
	else if (sys->place)
		sys->dns.resolv_conf = sys->place->caller_resolv_conf;
}

int wgc_plan_enter(struct wgc_sys *sys, const struct wgc_up_info *info, struct wgc_err *err)
{
	struct wgc_place *place;
	struct wgc_ns_id home, birth, own;
	char path[WGC_NS_PATH_MAX];
	int r = 0;

	if (!wgc_ns_id_parse(info->home_id, &home))
		return 0;
	place = malloc(sizeof(*place));
	if (!place)
		return wgc_err_nomem(err);
	*place = (struct wgc_place)WGC_PLACE_INIT;
	place->heap = true;
	snprintf(place->name, sizeof(place->name), "%s", info->netns);
	snprintf(place->resolv_conf, sizeof(place->resolv_conf), "%s", info->resolv_conf);
	wgc_ns_path(place->name, path);
	place->back = wgc_ns_own();
	if (place->back < 0 || wgc_ns_id(place->back, &own) < 0)
		r = wgc_err_set(err, WGC_E_IO, EIO, "cannot look at the caller's network namespace");
	/* All of it where the caller is, who may also be inside of it with its socket outside. */
	if (r == 0 && wgc_ns_id_equal(&home, &own) && (!wgc_ns_id_parse(info->birth_id, &birth) || wgc_ns_id_equal(&birth, &own)))
		r = 1;
	if (r == 0) {
		place->home = wgc_ns_find(&home, place->name[0] ? path : NULL);
		place->birth = find(info->birth_id, NULL);
		if (place->birth < 0)
			place->birth = -1;
		if (place->home < 0)
			r = wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "its network namespace is gone, and everything that was in it");
	}
	r = r ?: enter_for(sys, place, info->name, info->ifname, err);
	if (r) {
		wgc_place_leave(sys, place);
		free(place);
	}
	return r < 0 ? r : 0;
}

void wgc_plan_leave(struct wgc_sys *sys)
{
	struct wgc_place *place = sys->place;

	if (!place || !place->heap)
		return;
	wgc_place_leave(sys, place);
	free(place);
}

int wgc_plan_copy_place(struct wgc_arena *a, const struct wgc_up_info *from, struct wgc_up_info *ret)
{
	struct wgc_up_info to = { 0 };
	const struct {
		char **to;
		const char *from;
	} v[] = {
		{ &to.name, from->name },	{ &to.ifname, from->ifname },
		{ &to.home, from->home },	{ &to.socket, from->socket },	  { &to.netns, from->netns },
		{ &to.home_id, from->home_id }, { &to.birth_id, from->birth_id }, { &to.resolv_conf, from->resolv_conf },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		*v[i].to = wgc_arena_strdup(a, v[i].from);
		if (!*v[i].to)
			return -ENOMEM;
	}
	*ret = to;
	return 0;
}

bool wgc_plan_orphaned(const struct wgc_up_info *info)
{
	int fd = *info->home || *info->socket ? find(info->birth_id, NULL) : 0;

	if (fd > 0)
		close(fd);
	return fd < 0;
}

bool wgc_place_orphaned(const struct wgc_history *h)
{
	int fd;

	if (!json_object_get(h->head, "place"))
		return false;
	fd = find(word(h, "birth"), NULL);
	if (fd < 0)
		return true;
	close(fd);
	return false;
}

bool wgc_place_alive(const struct wgc_history *h)
{
	char path[WGC_NS_PATH_MAX];
	int fd;

	if (!json_object_get(h->head, "place"))
		return wgc_netns_alive(wgc_history_str(h, "netns"));
	/* By more than its inode, which the next namespace gets at once. */
	wgc_ns_path(word(h, "name"), path);
	fd = find(word(h, "home_id"), *word(h, "name") ? path : NULL);
	wgc_close(fd < 0 ? -1 : fd);
	return fd >= 0;
}

void wgc_place_members(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_json *j)
{
	const struct wgc_place *place = sys->place;
	char birth[WGC_NS_ID_TEXT] = "", home[WGC_NS_ID_TEXT] = "";
	struct wgc_ns_id id;

	if (!place)
		return;
	if (wgc_ns_id_whole(place->birth, &id) == 0)
		wgc_ns_id_print(&id, birth);
	if (wgc_ns_id_whole(place->home, &id) == 0)
		wgc_ns_id_print(&id, home);
	const char *const v[][2] = {
		{ "home", p->interface_namespace.s }, { "socket", p->socket_namespace.s },	{ "name", place->name },
		{ "birth", birth },		      { "home_id", home },			{ "resolv_conf", place->resolv_conf },
	};

	wgc_json_key(j, "place");
	wgc_json_object(j);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		wgc_json_key(j, v[i][0]);
		wgc_json_str(j, v[i][1] ?: "");
	}
	wgc_json_object_end(j);
}

/* ---- those that had to stay ------------------------------------------------------- */

static char *kept_path(const struct wgc_sys *sys, const char *name)
{
	char *path;

	return asprintf(&path, "%s/" KEPT "/%s", sys->run_dir, name) < 0 ? NULL : path;
}

int wgc_place_remember(const struct wgc_sys *sys, const char *name, const struct wgc_ns_id *id)
{
	WGC_AUTO_FREE char *path = kept_path(sys, name), *dir = path ? strndup(path, (size_t)(strrchr(path, '/') - path)) : NULL;
	char text[WGC_NS_ID_TEXT];
	int r;

	if (!dir)
		return -ENOMEM;
	wgc_ns_id_print(id, text);
	r = wgc_mkdir_p(dir, 0755);
	return r ?: wgc_write_file_atomic(path, text, strlen(text), 0644);
}

bool wgc_place_is_ours(const struct wgc_sys *sys, const char *name, const struct wgc_ns_id *id)
{
	WGC_AUTO_FREE char *path = kept_path(sys, name), *text = NULL;
	struct wgc_ns_id was;
	size_t len;

	return path && wgc_read_file(path, 256, &text, &len) == 0 && wgc_ns_id_parse(text, &was) && wgc_ns_id_equal(&was, id);
}

void wgc_place_forget(const struct wgc_sys *sys, const char *name)
{
	WGC_AUTO_FREE char *path = kept_path(sys, name);

	if (!path || unlink(path) < 0)
		return;
	/* The directory, too, behind the last one. */
	*strrchr(path, '/') = 0;
	rmdir(path);
}

int wgc_plan_netns_delete(struct wgc_sys *sys, const char *name, struct wgc_err *err)
{
	int r = wgc_ns_unpin(name, err);

	if (r == 0)
		wgc_place_forget(sys, name);
	return r;
}
