// SPDX-License-Identifier: GPL-2.0
/*
 * monitor: what happens, a line each: links, addresses, routes and rules as the
 * kernel tells them; peers by looking again and again, since nobody tells.
 */
#include "cli/monitor.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/live.h"

/* A hub whose peers take long to list must not be listed all the time. */
#define REST 10

struct seen_device {
	char ifname[IFNAMSIZ];
	struct wgc_wg_watch *watch;
	struct wgc_names names;
	bool there; /* in this round */
};

struct monitor {
	struct wgc_ui *ui;
	char **names; /* of links and profiles that are wanted; none: all */
	size_t n_names;
	struct wgc_sys sys;
	struct wgc_links_seen links;
	struct seen_device *devices;
	size_t n_devices;
	const struct seen_device *device; /* whose changes are being told */
	uint64_t poll_ms;
	int64_t next_ms;
	bool denied; /* and said so */
	int failed;  /* positive errno of standard output */
};

/* ---- which ones are wanted -------------------------------------------------- */

/* By the link's name, or by the profile's. */
static bool wanted_name(const struct monitor *m, const char *ifname, const char *profile)
{
	for (size_t i = 0; i < m->n_names; i++)
		if (!strcmp(m->names[i], ifname) || (profile && !strcmp(m->names[i], profile)))
			return true;
	return !m->n_names;
}

static bool take_names(struct monitor *m, const struct wgc_common *c)
{
	m->names = calloc((size_t)c->argc + 1, sizeof(*m->names));
	for (int i = 0; m->names && i < c->argc; i++) {
		m->names[i] = wgc_name_of(c->argv[i]);
		if (!m->names[i])
			return false;
		m->n_names++;
	}
	return m->names;
}

static bool wanted(const struct monitor *m, const char *ifname, uint32_t table)
{
	struct wgc_arena *a;
	struct wgc_up_info *up;
	bool yes = ifname && wanted_name(m, ifname, NULL);
	size_t n;

	if (yes || !m->n_names)
		return true;
	a = wgc_arena_new();
	if (a && wgc_plan_list((struct wgc_sys *)&m->sys, a, &up, &n, NULL) == 0)
		for (size_t i = 0; i < n && !yes; i++)
			yes = wanted_name(m, up[i].ifname, up[i].name) &&
			      ((ifname && !strcmp(up[i].ifname, ifname)) || (table && up[i].table == table));
	wgc_arena_free(a);
	return yes;
}

/* ---- telling ------------------------------------------------------------------ */

static void say(struct monitor *m, const struct wgc_happening *h)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct timespec now;
	int r;

	clock_gettime(CLOCK_REALTIME, &now);
	if (m->ui->json)
		wgc_happening_json(h, &now, &out);
	else
		wgc_happening_text(h, &now, m->ui->color_out, &out);
	/* At once, and past stdio: a reader that goes away is no failure. */
	r = out.oom ? -ENOMEM : wgc_write_all(STDOUT_FILENO, out.s, out.len);
	if (r < 0)
		m->failed = -r;
}

static void on_event(void *ctx, const struct wgc_event *e)
{
	struct monitor *m = ctx;
	struct wgc_happening h = { .event = e };

	switch (e->kind) {
	case WGC_EVENT_LINK:
		h.change = wgc_links_note(&m->links, e);
		h.ifname = e->link.ifname;
		if (!h.change || !wanted(m, h.ifname, 0))
			return;
		break;
	case WGC_EVENT_ADDR:
		h.ifname = wgc_links_name(&m->links, e->addr.ifindex);
		if (!wanted(m, h.ifname, 0))
			return;
		break;
	case WGC_EVENT_ROUTE:
		/* The local table repeats what the addresses say. */
		if (e->route.table == 255)
			return;
		h.ifname = wgc_links_name(&m->links, e->route.oif);
		if (!wanted(m, h.ifname, e->route.table))
			return;
		break;
	case WGC_EVENT_RULE:
		if (!wanted(m, NULL, e->rule.table))
			return;
		break;
	case WGC_EVENT_LOST:
		break;
	}
	if (!h.change)
		h.change = e->gone ? "removed" : "added";
	say(m, &h);
}

static void on_change(void *ctx, enum wgc_wg_change what, const struct wgc_peer *was, const struct wgc_peer *is)
{
	struct monitor *m = ctx;
	const struct wgc_peer *peer = is ? is : was;
	struct wgc_happening h = { .what = what, .was = was, .is = is, .ifname = m->device->ifname };

	if (peer)
		h.name = wgc_names_find(&m->device->names, &peer->public_key);
	say(m, &h);
}

/* ---- peers ---------------------------------------------------------------------- */

static struct seen_device *device_of(struct monitor *m, struct wgc_arena *a, const char *ifname)
{
	struct wgc_up_info *up;
	struct seen_device *v, *d;
	size_t n;

	for (size_t i = 0; i < m->n_devices; i++)
		if (!strcmp(m->devices[i].ifname, ifname))
			return &m->devices[i];
	v = realloc(m->devices, (m->n_devices + 1) * sizeof(*v));
	if (!v)
		return NULL;
	m->devices = v;
	d = &v[m->n_devices];
	*d = (struct seen_device){ .watch = wgc_wg_watch_new() };
	if (!d->watch)
		return NULL;
	snprintf(d->ifname, sizeof(d->ifname), "%s", ifname);
	if (wgc_plan_list(&m->sys, a, &up, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (!strcmp(up[i].ifname, ifname))
				wgc_names_read(&d->names, up[i].path);
	m->n_devices++;
	return d;
}

static void drop_device(struct monitor *m, size_t i)
{
	wgc_wg_watch_free(m->devices[i].watch);
	wgc_names_done(&m->devices[i].names);
	m->devices[i] = m->devices[--m->n_devices];
}

static void look(struct monitor *m, const char *ifname, struct wgc_arena *a)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct seen_device *seen;
	struct wgc_device *d;

	if (!wanted(m, ifname, 0))
		return;
	if (wgc_wg_get(m->sys.nl, ifname, a, &d, &err)) {
		if (err.code == WGC_E_PERM && !m->denied)
			wgc_ui_warn(m->ui, "peers are not shown: only root may look at them");
		m->denied |= err.code == WGC_E_PERM;
		return;
	}
	seen = device_of(m, a, ifname);
	if (!seen)
		return;
	seen->there = true;
	m->device = seen;
	wgc_wg_watch_look(seen->watch, d, wgc_now_ms(), on_change, m);
}

static void look_at_all(struct monitor *m)
{
	int64_t began = wgc_now_ms(), took;
	struct wgc_arena *a = wgc_arena_new();
	char **names;
	size_t n = 0;

	for (size_t i = 0; i < m->n_devices; i++)
		m->devices[i].there = false;
	if (a && wgc_wg_list(m->sys.nl, a, &names, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			look(m, names[i], a);
	for (size_t i = m->n_devices; i--;)
		if (!m->devices[i].there)
			drop_device(m, i);
	wgc_arena_free(a);
	took = wgc_now_ms() - began;
	m->next_ms = began + ((int64_t)m->poll_ms > took * REST ? (int64_t)m->poll_ms : took * REST);
}

/* ---- the command ------------------------------------------------------------------ */

static int watch_all(struct monitor *m, struct wgc_events *events, const struct wgc_signals *signals)
{
	struct wgc_err err = WGC_ERR_INIT;

	look_at_all(m);
	while (!wgc_signal_end && !m->failed) {
		/* Also to hear that the reader of our output has gone. */
		struct pollfd fds[] = { { .fd = wgc_events_fd(events), .events = POLLIN }, { .fd = STDOUT_FILENO } };
		int64_t left = m->next_ms - wgc_now_ms();
		struct timespec t = { .tv_sec = left > 0 ? left / 1000 : 0, .tv_nsec = left > 0 ? left % 1000 * 1000000 : 0 };

		if (ppoll(fds, 2, &t, &signals->waiting) < 0 && errno != EINTR) {
			wgc_err_set(&err, WGC_E_IO, errno, "cannot wait for events: %s", strerror(errno));
			return wgc_show_err(m->ui, NULL, &err, NULL);
		}
		if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
			break;
		if (wgc_events_read(events, on_event, m, &err))
			return wgc_show_err(m->ui, NULL, &err, NULL);
		if (wgc_now_ms() >= m->next_ms)
			look_at_all(m);
	}
	if (m->failed && m->failed != EPIPE) {
		wgc_err_set(&err, WGC_E_IO, m->failed, "cannot write the output: %s", strerror(m->failed));
		return wgc_show_err(m->ui, NULL, &err, NULL);
	}
	return WGC_EXIT_OK;
}

/* One tunnel that lives in a namespace of its own is listened to in there: of several, each may be elsewhere. */
static int go_there(struct monitor *m, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *up;
	size_t n = 0;
	int r = 0;

	/* Journals are root's: others listen where they are. */
	if (m->n_names && a && wgc_plan_list(&m->sys, a, &up, &n, NULL) == 0)
		for (size_t i = 0; i < n && !r; i++) {
			if (!*up[i].home || !wanted_name(m, up[i].ifname, up[i].name))
				continue;
			if (m->n_names == 1)
				r = wgc_plan_enter(&m->sys, &up[i], err);
			else if (!wgc_lives_here(&up[i]))
				wgc_ui_warn(m->ui, "'%s' lives in a network namespace of its own and is not shown beside others; "
					    "`wgctl monitor %s` shows it", up[i].name, up[i].name);
		}
	wgc_arena_free(a);
	return r;
}

/* A link may come later, so that an unknown one is no error; but it may be a slip of the pen. */
static void hint_unknown(struct monitor *m)
{
	for (size_t i = 0; i < m->n_names; i++) {
		const char *name = m->names[i];
		WGC_AUTO_FREE char *near = NULL;
		struct wgc_link link;

		if (wgc_nl_link_get(m->sys.nl, name, &link, NULL) == 0)
			continue;
		near = wgc_nearest_name(&m->sys, name);
		if (near)
			wgc_ui_note(m->ui, "there is no '%s' yet; did you mean '%s'?", name, near);
	}
}

static int monitor(struct monitor *m, const struct wgc_signals *signals)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_events *events = NULL;
	int code;

	hint_unknown(m);
	/* Listening begins before the first look: nothing falls between. */
	if (wgc_events_open(&events, &err) || wgc_links_list(&m->links, m->sys.nl, &err))
		code = wgc_show_err(m->ui, NULL, &err, NULL);
	else
		code = watch_all(m, events, signals);
	while (m->n_devices)
		drop_device(m, m->n_devices - 1);
	free(m->devices);
	free(m->links.v);
	wgc_events_close(events);
	wgc_plan_leave(&m->sys);
	return code;
}

int wgc_run_monitor(struct wgc_ui *ui, const void *args)
{
	const struct wgc_monitor_args *c = args;
	struct monitor m = { .ui = ui, .poll_ms = (c->poll ? c->poll : 1) * 1000 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_signals signals;
	int code = WGC_EXIT_OK;

	wgc_signals_take(&signals, false);
	if (!take_names(&m, &c->c)) {
		wgc_err_nomem(&err);
	} else if (wgc_sys_open(&m.sys, &err) == 0) {
		if (go_there(&m, &err) == 0)
			code = monitor(&m, &signals);
		wgc_sys_close(&m.sys);
	}
	for (size_t i = 0; i < m.n_names; i++)
		free(m.names[i]);
	free(m.names);
	return err.code ? wgc_show_err(ui, NULL, &err, NULL) : code;
}
