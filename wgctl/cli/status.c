// SPDX-License-Identifier: GPL-2.0
/*
 * status: one screen a tunnel. What it is, how each peer does, what is wrong,
 * and the command that helps next.
 */
#include "cli/status.h"

#include "cli/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A session lives 180 s (REJECT_AFTER_TIME); an older handshake carries nothing. */
#define STALE_SECONDS 180

const char *const wgc_health_word[] = { "never", "stale", "ok" };

enum wgc_health wgc_health_of(const struct wgc_peer *p, int64_t now)
{
	if (!p->last_handshake.tv_sec)
		return WGC_NEVER;
	return now - p->last_handshake.tv_sec > STALE_SECONDS ? WGC_STALE : WGC_OK;
}

static void WGC_PRINTF(2, 3) problem(struct wgc_tunnel *t, const char *fmt, ...)
{
	va_list ap;

	if (t->n_problems == WGC_ARRAY_SIZE(t->problem))
		return;
	va_start(ap, fmt);
	vsnprintf(t->problem[t->n_problems++], sizeof(t->problem[0]), fmt, ap);
	va_end(ap);
}

/* What doctor is quick to see. */
static void found(void *ctx, const struct wgc_finding *f)
{
	if (f->level == WGC_FINDING_PROBLEM)
		problem(ctx, "%s", f->text);
}

static void judge_ours(struct wgc_sys *sys, struct wgc_tunnel *t, struct wgc_arena *a)
{
	const struct wgc_up_info *info = t->info;
	const struct wgc_doctor_ask ask = {
		.info = info, .profile = t->names.profile, .device = t->device, .brief = true, .tell = found, .ctx = t
	};
	struct wgc_err err = WGC_ERR_INIT;
	const char *next = "down";
	size_t n;

	if (info->locked)
		problem(t, "it is down, and its lockdown lets nothing leave this machine beside it");
	else if (wgc_plan_doctor(sys, &ask, &n, &err))
		problem(t, "%s", err.msg);
	if (info->locked)
		next = "down --unlock";
	else if (!info->finished)
		next = "recover";
	else if (info->confirm)
		next = "confirm";
	else if (t->n_problems && t->link.ifindex)
		next = "doctor";
	t->next = wgc_arena_printf(a, "wgctl %s %s", next, t->name);
}

static void judge(struct wgc_sys *sys, struct wgc_tunnel *t, struct wgc_arena *a, const struct wgc_err *device_err, int64_t now)
{
	for (size_t i = 0; t->device && i < t->device->n_peers; i++)
		t->count[wgc_health_of(&t->device->peers[i], now)]++;
	if (t->link.ifindex && !t->device)
		problem(t, "the device cannot be read: %s", device_err->msg);
	if (t->info) {
		judge_ours(sys, t, a);
		return;
	}
	if (t->link.ifindex && !(t->link.flags & IFF_UP))
		problem(t, "the interface is set down");
	if (t->device && !t->device->n_peers)
		problem(t, "there is no peer");
	t->next = wgc_arena_printf(a, "wgctl show %s", t->ifname);
}

/* Who runs in the namespace of a tunnel that has one of its own. */
static void look_inside(struct wgc_tunnel *t, struct wgc_arena *a)
{
	struct wgc_ns_user *v;
	struct wgc_ns_id id;
	size_t n;

	if (!*t->info->home || !wgc_ns_id_parse(t->info->home_id, &id) || wgc_ns_users(&id, a, &v, &n) < 0)
		return;
	t->users = v;
	for (size_t i = 0; i < n; i++)
		/* Ourselves, who look. */
		if (v[i].pid != getpid())
			v[t->n_users++] = v[i];
}

/* Somebody may have deleted the name of its namespace, and perhaps made another one of that name. */
static void check_name(struct wgc_tunnel *t)
{
	const struct wgc_up_info *info = t->info;
	const struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = info->netns };
	struct wgc_ns_id home, named;
	WGC_AUTO_FD int fd = -1;

	if (!*info->netns)
		return;
	if (wgc_ns_open(&ref, &fd, NULL) < 0)
		problem(t, "the namespace has lost its name '%s'; `wgctl down %s` and `up` begin anew", info->netns, t->name);
	else if (!wgc_ns_id_parse(info->home_id, &home) || wgc_ns_id_whole(fd, &named) < 0 || !wgc_ns_id_equal(&home, &named))
		problem(t, "the name '%s' leads to another network namespace than its own by now; `wgctl down %s` and `up` begin anew",
			info->netns, t->name);
}

static void gather(struct wgc_sys *sys, struct wgc_arena *a, struct wgc_tunnel *t, int64_t now)
{
	struct wgc_err err = WGC_ERR_INIT;

	/* Then nothing else is worth to be said. */
	if (t->info && wgc_plan_enter(sys, t->info, &err) < 0) {
		problem(t, "%s", err.msg);
		t->next = wgc_arena_printf(a, "wgctl down %s", t->name);
		return;
	}
	if (t->info && wgc_plan_orphaned(t->info))
		problem(t, "the network namespace is gone that its packets left from: nothing passes until `wgctl up %s` makes the link anew",
			t->name);
	if (t->info)
		check_name(t);
	err = (struct wgc_err)WGC_ERR_INIT;
	if (!wgc_nl_link_get(sys->nl, t->ifname, &t->link, NULL)) {
		wgc_nl_addr_list(sys->nl, t->link.ifindex, a, &t->addrs, &t->n_addrs, NULL);
		wgc_wg_get(sys->nl, t->ifname, a, &t->device, &err);
	}
	if (t->info)
		wgc_names_read(&t->names, t->info->path);
	judge(sys, t, a, &err, now);
	if (t->info) {
		wgc_plan_leave(sys);
		look_inside(t, a);
	}
}

const char *wgc_tunnel_state(const struct wgc_tunnel *t)
{
	if (t->info && t->info->locked)
		return "locked";
	if (!t->link.ifindex)
		return "gone";
	if (t->info && !t->info->finished)
		return "unfinished";
	return "up";
}

/* ---- the command -------------------------------------------------------------------- */

bool wgc_lives_here(const struct wgc_up_info *info)
{
	struct wgc_ns_id home, own;
	int fd = wgc_ns_own();
	bool here = fd < 0 || wgc_ns_id(fd, &own) < 0 || !wgc_ns_id_parse(info->home_id, &home) || wgc_ns_id_equal(&home, &own);

	wgc_close(fd);
	return here;
}

/* Tunnels from the journals, then WireGuard devices that others made. @want
 * (may be NULL) keeps one of them, by profile or interface name. */
static int find_tunnels(struct wgc_sys *sys, struct wgc_arena *a, const char *want, struct wgc_tunnel **ret, size_t *ret_n,
			struct wgc_err *err)
{
	struct wgc_up_info *up;
	char **names;
	size_t n_up, n_names, n = 0;
	struct wgc_tunnel *v = NULL;
	struct wgc_link link;
	int rc;

	rc = wgc_plan_list(sys, a, &up, &n_up, err);
	if (rc)
		return rc;
	/* Without the module there is no kernel device to list: not an error here. */
	if (wgc_wg_list(sys->nl, a, &names, &n_names, NULL))
		n_names = 0;
	v = wgc_arena_alloc(a, (n_up + n_names + 1) * sizeof(*v));
	if (!v)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < n_up; i++)
		if (!want || !strcmp(want, up[i].name) || !strcmp(want, up[i].ifname))
			v[n++] = (struct wgc_tunnel){ .info = &up[i], .name = up[i].name, .ifname = up[i].ifname };
	for (size_t i = 0; i < n_names; i++) {
		bool ours = want && strcmp(want, names[i]);

		/* Of the same name, in another namespace: another one. */
		for (size_t k = 0; k < n_up && !ours; k++)
			ours = !strcmp(up[k].ifname, names[i]) && wgc_lives_here(&up[k]);
		/* A program's socket is seen from each namespace, its link is in one. */
		ours = ours || wgc_nl_link_get(sys->nl, names[i], &link, NULL) < 0;
		if (!ours)
			v[n++] = (struct wgc_tunnel){ .name = names[i], .ifname = names[i] };
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static void answer_json(const struct wgc_ui *ui, const struct wgc_tunnel *v, size_t n, int64_t now)
{
	WGC_AUTO_STR struct wgc_str out = { .secret = ui->show_secrets };
	struct wgc_json j;

	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "tunnels");
	wgc_json_array(&j);
	for (size_t i = 0; i < n; i++)
		wgc_tunnel_json(ui, &v[i], now, &j);
	wgc_json_array_end(&j);
	wgc_ui_json_end(&j);
}

static void answer_text(const struct wgc_ui *ui, const struct wgc_tunnel *v, size_t n, bool brief, int64_t now)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	for (size_t i = 0; i < n; i++) {
		wgc_str_add(&out, i ? "\n" : "");
		wgc_tunnel_text(ui, &v[i], brief, now, &out);
	}
	if (!n)
		wgc_str_add(&out, "nothing is up\n  next       wgctl list\n");
	wgc_ui_answer(&out);
}

static void answer_prometheus(const struct wgc_tunnel *v, size_t n)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	wgc_tunnels_prometheus(v, n, &out);
	wgc_ui_answer(&out);
}

static int status(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a, const char *want, bool prometheus)
{
	struct wgc_err err = WGC_ERR_INIT;
	int64_t now = (int64_t)time(NULL);
	struct wgc_tunnel *v = NULL;
	size_t n = 0;

	if (find_tunnels(sys, a, want, &v, &n, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	if (want && !n) {
		wgc_err_set(&err, WGC_E_NOT_UP, 0, "'%s' is not up", want);
		wgc_hint_name(sys, want, true, &err);
	}
	for (size_t i = 0; i < n; i++)
		gather(sys, a, &v[i], now);
	if (prometheus)
		answer_prometheus(v, n);
	else if (ui->json)
		answer_json(ui, v, n, now);
	else if (!want || n)
		answer_text(ui, v, n, !want, now);
	for (size_t i = 0; i < n; i++)
		wgc_names_done(&v[i].names);
	return err.code ? wgc_show_err(ui, NULL, &err, NULL) : WGC_EXIT_OK;
}

int wgc_run_status(struct wgc_ui *ui, const void *args)
{
	const struct wgc_status_args *s = args;
	const struct wgc_common *c = &s->c;
	WGC_AUTO_FREE char *want = c->argc ? wgc_name_of(c->argv[0]) : NULL;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_arena *a;
	struct wgc_sys sys;
	int code;

	if (s->format == WGC_STATUS_JSON)
		ui->json = true;
	if (c->show_secrets && !ui->json)
		return wgc_usage(ui, "--show-secrets is taken with --json only: what is for people has no keys");
	a = wgc_arena_new();
	if (!a || (c->argc && !want)) {
		wgc_err_nomem(&err);
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else if (wgc_sys_open(&sys, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		code = status(ui, &sys, a, want, s->format == WGC_STATUS_PROMETHEUS);
		wgc_sys_close(&sys);
	}
	wgc_arena_free(a);
	return code;
}
