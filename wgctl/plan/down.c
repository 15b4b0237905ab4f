// SPDX-License-Identifier: GPL-2.0
/*
 * `down`: undo from the journal, not from the profile. Order as wg-quick has
 * it: PreDown, save, undo, PostDown; but a failing hook does not keep the
 * tunnel up.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "plan/place.h"

static void warn(struct wgc_run *run, const char *fmt, ...) WGC_PRINTF(2, 3);
static void warn(struct wgc_run *run, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (run->on_warning)
		run->on_warning(run->ctx, text);
}

/* As wgc_head_hooks writes it. To be freed; NULL without memory. */
static char *command_of(const json_t *o)
{
	size_t n = json_array_size(o);
	char *bytes;

	if (!json_is_array(o))
		return strdup(json_string_value(o) ?: "");
	bytes = malloc(n + 1);
	for (size_t i = 0; bytes && i < n; i++)
		bytes[i] = (char)json_integer_value(json_array_get(o, i));
	if (bytes)
		bytes[n] = 0;
	return bytes;
}

/* Run the hooks of @key that have not run yet; the first failure is
 * remembered, the rest run all the same. */
static int run_hooks(struct wgc_undo *u, const char *key, const char *word, size_t already, struct wgc_err *err)
{
	json_t *list = json_object_get(u->history->head, key), *command;
	int first = 0;
	size_t i;

	json_array_foreach(list, i, command) {
		const char *ifname = wgc_history_str(u->history, "ifname");
		WGC_AUTO_FREE char *said = command_of(command);
		WGC_AUTO_FREE char *expanded = said ? wgc_hook_expand(said, ifname) : NULL;
		struct wgc_err mine = WGC_ERR_INIT;
		struct wgc_step_view v = { .index = i + 1,
					   .total = json_array_size(list),
					   .word = "hook.run",
					   .sign = '!',
					   .text = said,
					   .equivalent = expanded,
					   .undo = "none" };
		int r;

		if (i < already)
			continue;
		if (!said) {
			first = first ?: wgc_err_nomem(err);
			continue;
		}
		if (u->run->on_undo)
			u->run->on_undo(u->run->ctx, &v);
		if (u->run->dry_run)
			continue;
		/* Written first: a hook that takes the machine with it is not
		 * run a second time. */
		wgc_journal_appendf(u->journal, NULL, "{\"ran\":\"%s\",\"n\":%zu}", word, i + 1);
		r = u->sys->hook(u->sys, said, ifname, &mine);
		if (r < 0 && !first) {
			wgc_err_wrap(&mine, "%s", word);
			first = r;
			if (err)
				*err = mine;
		}
	}
	return first;
}

/* SaveConfig: into the file that the profile came from, as it is now. When
 * that is gone or broken nothing is written; the tunnel goes down anyway. Not
 * where our link is gone: one of its name is somebody else's then, and has neither
 * our keys nor our peers. */
static void save(struct wgc_undo *u)
{
	/* Through a symbolic link, not over it. */
	WGC_AUTO_FREE char *real = realpath(wgc_history_str(u->history, "path"), NULL);
	const char *path = real ?: wgc_history_str(u->history, "path");
	struct wgc_diags diags = { 0 };
	struct wgc_source source = { 0 };
	struct wgc_profile *p = NULL;
	struct wgc_err err = WGC_ERR_INIT;

	int r = wgc_config_load(path, WGC_COMPATIBLE, true, &diags, &source, &p, &err);

	/* The file may be the target of a link of another name. */
	if (r == 0)
		snprintf(p->ifname, sizeof(p->ifname), "%s", wgc_history_str(u->history, "ifname"));
	if (r < 0)
		warn(u->run, "SaveConfig: '%s' is not there any more or not a valid profile; nothing was saved", path);
	else if (wgc_plan_save(u->sys, p, &err) < 0)
		warn(u->run, "SaveConfig: %s", err.msg);
	wgc_diags_done(&diags);
	wgc_source_free(&source);
	wgc_profile_free(p);
}

/* A dry run of `down`: the same list, in the same order, with nothing behind it. */
static void show_undo(struct wgc_undo *u)
{
	bool keep = !u->run->unlock && wgc_history_kill_switch(u->history, u->history->n, true);

	for (int last = 0; last < 2; last++)
		for (size_t i = u->history->n; i--;) {
			const struct wgc_past *p = &u->history->steps[i];
			const struct wgc_step_def *def =
				wgc_step_def_find(json_string_value(json_object_get(p->begun, "kind")) ?: "");

			if (!def || def->undo_last != last || (keep && def->undo_last))
				continue;
			if (!def->undo || p->adopted || p->failed || p->undone || json_is_true(json_object_get(p->begun, "covered")))
				continue;
			wgc_undo_tell(u, p, def);
		}
}

static int down_here(struct wgc_undo *u, struct wgc_err *err)
{
	const struct wgc_history *h = u->history;
	struct wgc_err unwritten = WGC_ERR_INIT;
	struct wgc_run *run = u->run;
	int hooks = 0, r;

	/* An `up` that never finished gets what it would have got itself: its
	 * steps undone, and none of the hooks of `down`. */
	if (h->up && !u->netns_gone) {
		/* A full /run is no reason to stay up. */
		if (!run->dry_run && wgc_journal_append(u->journal, "{\"down\":true}", &unwritten) < 0)
			warn(run, "%s", unwritten.msg);
		hooks = run_hooks(u, "pre_down", "PreDown", h->pre_down_run, err);
		if (json_is_true(json_object_get(h->head, "save")) && !h->down && !run->dry_run &&
		    wgc_history_link(h, u->sys->nl))
			save(u);
	} else if (!h->up) {
		run->repaired = true;
	}
	if (run->dry_run) {
		show_undo(u);
		if (h->up)
			run_hooks(u, "post_down", "PostDown", h->post_down_run, NULL);
		return 0;
	}
	u->keep_kill_switch = !run->unlock && wgc_history_kill_switch(h, h->n, true);
	r = wgc_undo_all(u, hooks ? NULL : err);
	run->locked = u->kept;
	if (h->up && !u->netns_gone) {
		int post = run_hooks(u, "post_down", "PostDown", h->post_down_run, hooks || r ? NULL : err);

		hooks = hooks ?: post;
	}
	if (r == 0 && !u->kept) {
		r = wgc_journal_remove(u->journal, err);
		if (r < 0)
			run->undo_failed++;
	}
	return r ?: hooks;
}

static int not_up(const char *name, struct wgc_err *err)
{
	wgc_err_set(err, WGC_E_NOT_UP, ENOENT, "'%s' is not up", name);
	wgc_err_hint(err, "`wgctl list` shows what is; a link that another tool made is not wgctl's to remove");
	return -ENOENT;
}

static int down_there(struct wgc_sys *sys, const char *name, struct wgc_run *run, struct wgc_journal *journal,
		      const struct wgc_history *h, bool *ret_refused, struct wgc_err *err)
{
	struct wgc_undo undo = { .sys = sys, .run = run, .journal = journal, .history = h };
	char netns[48];

	wgc_netns_id(netns);
	undo.netns_gone = strcmp(wgc_history_str(h, "netns"), netns);
	if (undo.netns_gone && wgc_place_alive(h)) {
		*ret_refused = true;
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "'%s' is up in another network namespace", name);
		wgc_err_hint(err, "run `wgctl down %s` in there", name);
		return -EBUSY;
	}
	if (wgc_history_locked(h) && !run->unlock && !undo.netns_gone) {
		not_up(name, err);
		wgc_err_hint(err, "its lockdown is on: `wgctl down --unlock %s` ends it", name);
		return -ENOENT;
	}
	return down_here(&undo, err);
}

/* Refused: it is up, and stays so. */
static int down_locked(struct wgc_sys *sys, const char *name, struct wgc_run *run, struct wgc_journal *journal,
		       struct wgc_arena *a, bool *ret_refused, struct wgc_err *err)
{
	struct wgc_place place = WGC_PLACE_INIT;
	struct wgc_history h;
	json_t *records;
	char boot[64];
	int r;

	r = wgc_journal_read(journal, &records, err);
	*ret_refused = r < 0;
	if (r < 0)
		return r;
	if (!records)
		return not_up(name, err);
	wgc_boot_id(sys, boot);
	if (wgc_history_read(records, a, &h, NULL) < 0 || strcmp(wgc_history_str(&h, "boot"), boot)) {
		r = wgc_journal_remove(journal, err);
		r = r ?: not_up(name, err);
	} else {
		r = wgc_place_of_history(sys, &h, &place, err);
		/* Gone with all that was in it, but for what is not in it. */
		if (r == 0 || r == -ENOENT)
			r = down_there(sys, name, run, journal, &h, ret_refused, err);
		else
			*ret_refused = true;
		wgc_place_leave(sys, &place);
	}
	json_decref(records);
	return r;
}

int wgc_plan_down(struct wgc_sys *sys, const char *name, struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_journal journal;
	struct wgc_arena *a = wgc_arena_new();
	bool refused;
	int r;

	if (!a)
		return wgc_err_nomem(err);
	r = wgc_journal_lock(sys, name, &journal, err);
	if (r == 0) {
		wgc_mend_resolver(sys, run);
		r = down_locked(sys, name, run, &journal, a, &refused, err);
		/* A tunnel that goes on is still to be confirmed. */
		if (!run->dry_run && !refused)
			wgc_confirm_drop(&journal);
		wgc_journal_unlock(&journal);
	}
	wgc_arena_free(a);
	return r;
}

static void confirm_info(const struct wgc_sys *sys, const char *dir, struct wgc_up_info *info)
{
	WGC_AUTO_FREE char *path = NULL;
	WGC_AUTO_FD int fd = -1;
	int64_t left;

	if (asprintf(&path, "%s/%s", sys->run_dir, dir) < 0) {
		path = NULL;
		return;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	wgc_confirm_read(fd, &left, &info->confirm_lost, &info->confirm_reload);
	info->confirm = (unsigned)((left + 999) / 1000);
}

struct listing {
	const struct wgc_sys *sys;
	struct wgc_arena *arena;
	const char *boot;
	struct wgc_up_info *v;
	size_t n, cap;
};

static int list_place(struct wgc_arena *a, const struct wgc_history *h, struct wgc_up_info *info)
{
	const json_t *place = json_object_get(h->head, "place");
	const struct {
		char **to;
		const char *from;
	} v[] = {
		{ &info->home, json_string_value(json_object_get(place, "home")) },
		{ &info->socket, json_string_value(json_object_get(place, "socket")) },
		{ &info->netns, json_string_value(json_object_get(place, "name")) },
		{ &info->home_id, place ? json_string_value(json_object_get(place, "home_id")) : wgc_history_str(h, "netns") },
		{ &info->birth_id, place ? json_string_value(json_object_get(place, "birth")) : wgc_history_str(h, "netns") },
		{ &info->resolv_conf, json_string_value(json_object_get(place, "resolv_conf")) },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		*v[i].to = wgc_arena_strdup(a, v[i].from ?: "");
		if (!*v[i].to)
			return -ENOMEM;
	}
	return 0;
}

static int list_one(void *ctx, const char *dir, json_t *records)
{
	struct listing *l = ctx;
	struct wgc_up_info *info;
	struct wgc_history h;
	int r;

	if (wgc_history_read(records, l->arena, &h, NULL) < 0 || strcmp(wgc_history_str(&h, "boot"), l->boot))
		return 0;
	info = wgc_arena_push(l->arena, &l->v, &l->n, &l->cap, sizeof(*info));
	if (!info)
		return -ENOMEM;
	info->name = wgc_arena_strdup(l->arena, wgc_history_str(&h, "profile"));
	info->ifname = wgc_arena_strdup(l->arena, wgc_history_str(&h, "ifname"));
	info->path = wgc_arena_strdup(l->arena, wgc_history_str(&h, "path"));
	info->backend = wgc_arena_strdup(l->arena, wgc_history_str(&h, "backend"));
	info->fingerprint = wgc_arena_strdup(l->arena, wgc_history_str(&h, "fingerprint"));
	r = list_place(l->arena, &h, info);
	if (r < 0)
		return r;
	info->servers = wgc_arena_strdup(l->arena, wgc_outside_recorded(&h));
	info->finished = h.up && !h.down && !h.reloading;
	info->reloading = h.up && !h.down && h.reloading;
	info->locked = wgc_history_locked(&h);
	info->lockdown = wgc_history_kill_switch(&h, h.n, true);
	confirm_info(l->sys, dir, info);
	info->since = json_integer_value(json_object_get(h.head, "since"));
	info->mark = (uint32_t)json_integer_value(json_object_get(h.head, "mark"));
	info->table = (uint32_t)json_integer_value(json_object_get(h.head, "table"));
	return info->name && info->ifname && info->path && info->backend && info->fingerprint && info->servers ? 0 : -ENOMEM;
}

int wgc_plan_list(struct wgc_sys *sys, struct wgc_arena *a, struct wgc_up_info **ret, size_t *ret_n, struct wgc_err *err)
{
	char boot[64];
	struct listing l = { .sys = sys, .arena = a, .boot = boot };
	int r;

	wgc_boot_id(sys, boot);
	r = wgc_journal_each(sys, list_one, &l, err);
	if (r == -ENOMEM)
		return wgc_err_nomem(err);
	if (r < 0)
		return r;
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
