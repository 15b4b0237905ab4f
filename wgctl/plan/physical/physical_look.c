// SPDX-License-Identifier: GPL-2.0
/* What is where: for `physical status`. */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/physical/physical.h"

struct looking {
	struct wgc_arena *a;
	struct wgc_physical_status *st;
	size_t cap;
	const struct wgc_physical_ask *ask;
};

static int add_links(struct looking *l, struct wgc_nl *nl, bool inside, struct wgc_err *err)
{
	const struct wgc_ns_wish wish = { .leave = NULL };
	struct wgc_ns_verdict *verdicts;
	struct wgc_nic *v;
	size_t n;
	int r = wgc_nl_nic_list(nl, l->a, &v, &n, err);

	if (r < 0)
		return r;
	verdicts = wgc_arena_alloc(l->a, n * sizeof(*verdicts) + 1);
	r = verdicts ? wgc_ns_classify(v, n, &wish, verdicts, err) : wgc_err_nomem(err);
	for (size_t i = 0; i < n && !r; i++) {
		struct wgc_physical_place *out;
		char name[16];
		bool left = false, leads = verdicts[i].fate != WGC_FATE_STAYS;

		for (const char *const *at = l->ask->leave; at && *at; at++)
			left |= !strcmp(*at, v[i].link.ifname);
		if (v[i].link.flags & IFF_LOOPBACK || (!leads && !inside && !wgc_physical_marked(v[i].link.alias, name)))
			continue;
		out = wgc_arena_push(l->a, &l->st->links, &l->st->n_links, &l->cap, sizeof(*out));
		if (!out)
			return wgc_err_nomem(err);
		out->ifname = wgc_arena_strdup(l->a, v[i].link.ifname);
		out->what = wgc_arena_strdup(l->a, verdicts[i].fate == WGC_FATE_REFUSED ? v[i].link.kind : verdicts[i].why);
		out->at = inside ? WGC_AT_PHYSICAL : WGC_AT_HOME;
		out->up = v[i].link.flags & IFF_UP;
		out->stray = !inside && l->st->up && !left;
		if (!out->ifname || !out->what)
			return wgc_err_nomem(err);
	}
	return r;
}

static int look_inside(struct looking *l, struct wgc_sys *sys, const struct wgc_history *h, struct wgc_err *err)
{
	struct wgc_physical p = { .home = wgc_ns_own(), .inside = -1 };
	struct wgc_ns_id id;
	int r = wgc_physical_open(&p, h ? wgc_physical_made(h) : NULL, err);

	l->st->alive = r == 0;
	if (h && (r == 0 || r == -ENOENT)) {
		unsigned missing = wgc_physical_missing(sys, h, &p, l->a);

		l->st->guard = !(missing & WGC_MISSING_GUARD);
		l->st->hushed = r == 0 && !(missing & WGC_MISSING_HUSH);
		l->st->keeper = r == 0 && !(missing & WGC_MISSING_KEEPER);
	}
	r = r == -ENOENT ? 0 : r ?: add_links(l, p.nl, true, err);
	wgc_physical_close(&p);
	wgc_close(p.home);
	return r ?: wgc_physical_guests(sys, h, l->a, &l->st->users, &l->st->n_users, &id);
}

static bool tunnel_is_up(struct wgc_sys *sys, struct wgc_arena *a, const char *name)
{
	struct wgc_up_info *v;
	struct wgc_link link;
	size_t n;

	if (wgc_plan_list(sys, a, &v, &n, NULL) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (v[i].finished && !strcmp(v[i].name, name))
			return wgc_nl_link_get(sys->nl, v[i].ifname, &link, NULL) == 0;
	return false;
}

int wgc_physical_look(struct wgc_sys *sys, struct wgc_arena *a, struct wgc_physical_status *ret, struct wgc_err *err)
{
	struct wgc_physical_status st = { .up = false };
	struct wgc_physical_ask ask = { .force = false };
	struct looking l = { .a = a, .st = &st, .ask = &ask };
	WGC_AUTO_FREE char *path = NULL, *text = NULL;
	struct wgc_history h;
	json_t *records = NULL;
	char boot[64];
	int64_t left;
	bool lost, reload;
	int r;

	/* Read without its lock: whoever writes only ever appends. */
	if (asprintf(&path, "%s/." WGC_PHYSICAL "/journal", sys->run_dir) < 0) {
		path = NULL;
		return wgc_err_nomem(err);
	}
	struct wgc_journal journal = { .dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), .fd = -1, .run_fd = -1, .dir = WGC_PHYSICAL };

	if (journal.dir_fd >= 0) {
		r = wgc_journal_read(&journal, &records, err);
		if (r < 0) {
			wgc_close(journal.dir_fd);
			return r;
		}
		wgc_confirm_read(journal.dir_fd, &left, &lost, &reload);
		st.confirm = (unsigned)((left + 999) / 1000);
		wgc_close(journal.dir_fd);
	}
	wgc_boot_id(sys, boot);
	if (records && wgc_history_read(records, a, &h, NULL) == 0 && !strcmp(wgc_history_str(&h, "boot"), boot)) {
		st.up = true;
		st.finished = h.up && !h.down;
		st.profile = wgc_arena_strdup(a, wgc_history_str(&h, "profile"));
		st.since = json_integer_value(json_object_get(h.head, "since"));
		if (wgc_physical_asked(&h, a, &ask) < 0)
			st.profile = NULL;
	}
	r = st.up && !st.profile ? wgc_err_nomem(err) : 0;
	st.tunnel = r == 0 && st.up && tunnel_is_up(sys, a, st.profile);
	st.guard = sys->nft_list(sys, "list table inet " WGC_PHYSICAL_TABLE, &text, NULL) == 0;
	r = r ?: look_inside(&l, sys, st.up ? &h : NULL, err);
	json_decref(records);
	r = r ?: add_links(&l, sys->nl, false, err);
	if (r == 0)
		*ret = st;
	return r;
}
