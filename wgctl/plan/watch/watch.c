// SPDX-License-Identifier: GPL-2.0
/*
 * watch: one loop over all tunnels that are looked after: peers are looked at
 * now and then, names are resolved beside it, and what happens on the network
 * is waited out until it is over, then looked at once.
 */
#include "plan/watch/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A network that never comes to rest is looked at all the same. */
#define BURST_MAX 5

void wgc_watch_log(const struct wgc_watch *w, const struct wgc_tended *t, const char *fmt, ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (w->run->log)
		w->run->log(w->run->ctx, t ? t->name : NULL, text);
}

/* ---- which tunnels ------------------------------------------------------------------ */

static bool wanted(const struct wgc_watch_run *run, const struct wgc_up_info *up)
{
	for (size_t i = 0; i < run->n_names; i++)
		if (!strcmp(run->names[i], up->name) || !strcmp(run->names[i], up->ifname))
			return true;
	return !run->n_names;
}

static struct wgc_tended *find(struct wgc_watch *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->v[i].name, name))
			return &w->v[i];
	return NULL;
}

static void drop(struct wgc_watch *w, size_t i)
{
	wgc_tended_done(&w->v[i]);
	w->v[i] = w->v[--w->n];
}

static int remember_place(struct wgc_tended *t, const struct wgc_up_info *up)
{
	t->placed = *up->home || *up->socket;
	t->arena = t->placed ? wgc_arena_new() : NULL;
	if (!t->placed)
		return 0;
	return t->arena && wgc_plan_copy_place(t->arena, up, &t->where) == 0 ? 0 : -ENOMEM;
}

/* One without namespaces of its own that is up in another one than ours is not ours to see. */
static bool is_there(struct wgc_watch *w, const struct wgc_up_info *up)
{
	struct wgc_link link;
	bool there;

	if (*up->home || *up->socket) {
		there = wgc_plan_enter(w->sys, up, NULL) == 0;
		wgc_plan_leave(w->sys);
		return there;
	}
	return wgc_nl_link_get(w->sys->nl, up->ifname, &link, NULL) == 0;
}

static int take(struct wgc_watch *w, const struct wgc_up_info *up)
{
	struct wgc_tended *t = find(w, up->name), *v;

	if (t && t->since == up->since) {
		t->there = true;
		if (strcmp(t->fingerprint, up->fingerprint)) {
			char *path = strdup(up->path);

			if (!path)
				return -ENOMEM;
			/* It may have been reloaded from another file. */
			free(t->path);
			t->path = path;
			snprintf(t->fingerprint, sizeof(t->fingerprint), "%s", up->fingerprint);
			wgc_tended_load(t);
		}
		return 0;
	}
	if (t)
		drop(w, (size_t)(t - w->v));
	v = realloc(w->v, (w->n + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	w->v = v;
	t = &v[w->n];
	*t = (struct wgc_tended){ .w = w, .since = up->since, .there = true };
	t->name = strdup(up->name);
	t->ifname = strdup(up->ifname);
	t->path = strdup(up->path);
	t->servers = strdup(up->servers);
	if (!t->name || !t->ifname || !t->path || !t->servers || remember_place(t, up) < 0) {
		wgc_tended_done(t);
		return -ENOMEM;
	}
	snprintf(t->fingerprint, sizeof(t->fingerprint), "%s", up->fingerprint);
	w->n++;
	wgc_watch_log(w, t, "looking after it");
	wgc_tended_load(t);
	return 0;
}

static int find_tunnels(struct wgc_watch *w, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *up;
	size_t n;
	int r;

	if (!a)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < w->n; i++)
		w->v[i].there = false;
	r = wgc_plan_list(w->sys, a, &up, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if ((up[i].finished || up[i].reloading) && wanted(w->run, &up[i]) && is_there(w, &up[i]) && take(w, &up[i]) < 0)
			r = wgc_err_nomem(err);
	for (size_t i = w->n; r == 0 && i--;)
		if (!w->v[i].there) {
			wgc_watch_log(w, &w->v[i], "it is not up any more");
			drop(w, i);
		}
	wgc_arena_free(a);
	return r;
}

/* ---- the loop -------------------------------------------------------------------------- */

static void unsettle(struct wgc_watch *w)
{
	int64_t now = wgc_now_ms();

	if (!w->settled)
		w->first = now;
	w->settled = now + w->times.settle;
	if (w->settled > w->first + BURST_MAX * (int64_t)w->times.settle)
		w->settled = w->first + BURST_MAX * (int64_t)w->times.settle;
}

static void on_event(void *ctx, const struct wgc_event *e)
{
	/* The local table repeats what addresses say. */
	if (e->kind != WGC_EVENT_ROUTE || e->route.table != 255)
		unsettle(ctx);
}

static void log_mended(void *ctx, const char *text)
{
	wgc_watch_log(ctx, NULL, "%s", text);
}

/* Where the devices are in a namespace of their own: that they stay there alone. */
static void look_at_physical(struct wgc_watch *w)
{
	struct wgc_run run = { .on_warning = log_mended, .ctx = w };
	struct wgc_err err = WGC_ERR_INIT;
	int r = wgc_physical_mend(w->sys, w->run->names, w->run->n_names, &run, &err);

	if (r == -EBUSY)
		return;
	if (r < 0 && strcmp(err.msg, w->trouble))
		wgc_watch_log(w, NULL, "physical: what others removed cannot be put back: %s", err.msg);
	snprintf(w->trouble, sizeof(w->trouble), "%s", r < 0 ? err.msg : "");
}

static int64_t look(struct wgc_watch *w, bool network)
{
	int64_t again = 0, now = wgc_now_ms();
	unsigned what = (network ? WGC_AGAIN_NETWORK : 0) | (network || now >= w->next_names ? WGC_AGAIN_DNS : 0);

	if (what & WGC_AGAIN_DNS)
		w->next_names = now + w->times.names;
	look_at_physical(w);
	for (size_t i = 0; i < w->n; i++) {
		struct wgc_tended *t = &w->v[i];
		int64_t at;

		if (t->placed && wgc_plan_orphaned(&t->where)) {
			wgc_tended_heal(t);
			continue;
		}
		if (!wgc_tended_enter(t))
			continue;
		/* What happens in other namespaces is not heard of: they are looked at each time. */
		at = what || t->placed ? wgc_tended_reassert(t, what | (t->placed ? WGC_AGAIN_NETWORK : 0)) : 0;
		if (at && (!again || at < again))
			again = at;
		wgc_tended_look(t, network);
		wgc_tended_leave(t);
	}
	return again;
}

static int turn(struct wgc_watch *w, struct wgc_err *err)
{
	int64_t now = wgc_now_ms();
	bool network = w->settled && now >= w->settled;
	int r = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->v[i].lookups && wgc_tended_enter(&w->v[i])) {
			wgc_tended_answers(&w->v[i]);
			wgc_tended_leave(&w->v[i]);
		} else {
			/* Gone with its namespace; the answers would be there for ever. */
			w->v[i].lookups = wgc_lookups_end(w->v[i].lookups);
		}
	if (!network && now < w->next_look)
		return 0;
	r = find_tunnels(w, err);
	if (r < 0)
		return r;
	if (network)
		w->settled = 0;
	now = look(w, network);
	if (now && !w->settled)
		w->settled = w->first = now;
	w->next_look = wgc_now_ms() + w->times.poll;
	return 0;
}

static int pause_(struct wgc_watch *w, struct wgc_err *err)
{
	WGC_AUTO_FREE struct pollfd *fds = calloc(w->n + 2, sizeof(*fds));
	int64_t until = w->settled && w->settled < w->next_look ? w->settled : w->next_look;
	int64_t left = until - wgc_now_ms();
	struct timespec t = { .tv_sec = left > 0 ? left / 1000 : 0, .tv_nsec = left > 0 ? left % 1000 * 1000000 : 0 };

	if (!fds)
		return wgc_err_nomem(err);
	fds[0] = (struct pollfd){ .fd = wgc_events_fd(w->events), .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = w->nft, .events = POLLIN };
	for (size_t i = 0; i < w->n; i++)
		fds[i + 2] = (struct pollfd){ .fd = w->v[i].lookups ? wgc_lookups_fd(w->v[i].lookups) : -1, .events = POLLIN };
	if (ppoll(fds, w->n + 2, &t, w->run->waiting) < 0 && errno != EINTR)
		return wgc_err_set(err, WGC_E_IO, errno, "cannot wait for events: %s", strerror(errno));
	/* Those of tunnels have a '-' behind that, the guard of `physical` has not. */
	if (wgc_nft_events_read(w->nft, "wgctl"))
		unsettle(w);
	return wgc_events_read(w->events, on_event, w, err);
}

static int run(struct wgc_watch *w, struct wgc_err *err)
{
	int r = 0;

	/* The first look is one after everything may have changed. */
	w->settled = w->first = wgc_now_ms();
	while (!*w->run->end) {
		if (*w->run->reload) {
			*w->run->reload = 0;
			for (size_t i = 0; i < w->n; i++) {
				wgc_tended_reload(&w->v[i]);
				wgc_tended_load(&w->v[i]);
			}
			w->next_look = 0;
		}
		r = turn(w, err);
		if (r < 0)
			break;
		if (w->run->beat)
			w->run->beat(w->run->ctx, w->n);
		/* What was asked for is down: there is nothing left to do. */
		if (!w->n && w->run->n_names)
			break;
		r = pause_(w, err);
		if (r < 0)
			break;
	}
	return r;
}

int wgc_plan_watch(struct wgc_sys *sys, const struct wgc_watch_run *how, struct wgc_err *err)
{
	struct wgc_watch w = { .sys = sys, .run = how, .times = wgc_times_usual, .nft = -1 };
	int r;

	if (how->times && wgc_times_parse(how->times, &w.times) < 0)
		return wgc_err_set(err, WGC_E_USAGE, EINVAL, "'%s' are no intervals", how->times);
	r = wgc_events_open(&w.events, err);
	w.nft = r < 0 ? -1 : wgc_nft_events_open();
	if (r == 0)
		r = run(&w, err);
	wgc_close(w.nft);
	while (w.n)
		drop(&w, w.n - 1);
	free(w.v);
	wgc_events_close(w.events);
	return r;
}
