// SPDX-License-Identifier: GPL-2.0
/*
 * status: one screen a tunnel. What it is, how each peer does, what is wrong,
 * and the command that helps next.
 */
#include "cli/commands.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A session lives 180 s (REJECT_AFTER_TIME); an older handshake carries nothing. */
#define STALE_SECONDS 180

enum health { NEVER, STALE, OK };
static const char *const health_word[] = { "never", "stale", "ok" };

struct tunnel {
	const struct wgc_up_info *info; /* NULL: a device that wgctl did not make */
	const char *name, *ifname;
	struct wgc_device *device; /* NULL when it cannot be read */
	struct wgc_link link;	   /* ifindex 0: gone */
	struct wgc_ifaddr *addrs;
	size_t n_addrs;
	struct wgc_diags diags;
	struct wgc_source src;
	struct wgc_profile *profile; /* for peer names; NULL when it cannot be read */
	const struct wgc_profile_peer **named; /* its peers that have one, sorted by key */
	size_t n_named;
	size_t count[3];
	char problem[4][200];
	size_t n_problems;
	const char *next; /* command to try, in the arena */
};

static enum health health_of(const struct wgc_peer *p, int64_t now)
{
	if (!p->last_handshake.tv_sec)
		return NEVER;
	return now - p->last_handshake.tv_sec > STALE_SECONDS ? STALE : OK;
}

static void WGC_PRINTF(2, 3) problem(struct tunnel *t, const char *fmt, ...)
{
	va_list ap;

	if (t->n_problems == WGC_ARRAY_SIZE(t->problem))
		return;
	va_start(ap, fmt);
	vsnprintf(t->problem[t->n_problems++], sizeof(t->problem[0]), fmt, ap);
	va_end(ap);
}

static void judge(struct tunnel *t, struct wgc_arena *a, const struct wgc_err *device_err, int64_t now)
{
	const struct wgc_up_info *info = t->info;
	const char *next = NULL;

	for (size_t i = 0; t->device && i < t->device->n_peers; i++)
		t->count[health_of(&t->device->peers[i], now)]++;
	if (info && info->locked) {
		problem(t, "it is down, and its lockdown lets nothing leave this machine beside it");
		next = "down --unlock";
	} else if (info && !info->finished) {
		problem(t, "an earlier run stopped half-way");
		next = "recover";
	}
	if (!t->link.ifindex) {
		if (!info || !info->locked)
			problem(t, "the interface %s is gone", t->ifname);
		next = next ? next : "down";
	} else if (!t->device) {
		problem(t, "the device cannot be read: %s", device_err->msg);
	} else {
		if (!(t->link.flags & IFF_UP)) {
			problem(t, "the interface is set down");
			next = next ? next : "down";
		}
		if (info && info->mark && t->device->fwmark != info->mark) {
			problem(t, "the mark is 0x%x, not 0x%x as it was set: traffic may loop", t->device->fwmark, info->mark);
			next = next ? next : "down";
		}
		if (!t->device->n_peers)
			problem(t, "there is no peer");
		else if (t->count[NEVER] == t->device->n_peers)
			problem(t, "no peer has ever answered: check endpoints, keys and the peers' firewalls");
	}
	if (!info)
		t->next = wgc_arena_printf(a, "wgctl show %s", t->ifname);
	else
		t->next = wgc_arena_printf(a, "wgctl %s %s", next ? next : "down", t->name);
}

static int by_key(const void *a, const void *b)
{
	const struct wgc_profile_peer *const *x = a, *const *y = b;

	return memcmp(&(*x)->peer.public_key, &(*y)->peer.public_key, sizeof(struct wgc_key));
}

static const char *peer_name(const struct tunnel *t, const struct wgc_key *key)
{
	struct wgc_profile_peer want = { .peer.public_key = *key };
	const struct wgc_profile_peer *p = &want, **hit;

	if (!t->n_named)
		return NULL;
	hit = bsearch(&p, t->named, t->n_named, sizeof(p), by_key);
	return hit ? (*hit)->name.s : NULL;
}

/* Only for names of peers, so whatever is wrong with the file does not matter. */
static void read_names(struct tunnel *t, struct wgc_arena *a, const char *path)
{
	if (wgc_config_load(path, WGC_STRICT, true, &t->diags, &t->src, &t->profile, NULL))
		return;
	t->named = wgc_arena_alloc(a, (t->profile->n_peers + 1) * sizeof(*t->named));
	for (size_t i = 0; t->named && i < t->profile->n_peers; i++)
		if (t->profile->peers[i].name.s)
			t->named[t->n_named++] = &t->profile->peers[i];
	if (t->n_named)
		qsort(t->named, t->n_named, sizeof(*t->named), by_key);
}

static void gather(struct wgc_sys *sys, struct wgc_arena *a, struct tunnel *t, int64_t now)
{
	struct wgc_err err = WGC_ERR_INIT;

	if (!wgc_nl_link_get(sys->nl, t->ifname, &t->link, NULL)) {
		wgc_nl_addr_list(sys->nl, t->link.ifindex, a, &t->addrs, &t->n_addrs, NULL);
		wgc_wg_get(sys->nl, t->ifname, a, &t->device, &err);
	}
	if (t->info && t->info->path && *t->info->path)
		read_names(t, a, t->info->path);
	judge(t, a, &err, now);
}

static void forget(struct tunnel *t)
{
	wgc_profile_free(t->profile);
	wgc_source_free(&t->src);
	wgc_diags_done(&t->diags);
}

static const char *state_of(const struct tunnel *t)
{
	if (t->info && t->info->locked)
		return "locked";
	if (!t->link.ifindex)
		return "gone";
	if (t->info && !t->info->finished)
		return "unfinished";
	return "up";
}

/* ---- text ------------------------------------------------------------------------ */

static void add_label(struct wgc_str *out, const char *label)
{
	wgc_str_addf(out, "  %-10s ", label);
}

static void add_allowed(struct wgc_str *out, const struct wgc_peer *p)
{
	char text[WGC_PREFIX_TEXT];

	/* A screen, not a dump: the rest is in --json and `wgctl show`. */
	for (uint32_t i = 0; i < p->n_allowed_ips && i < 3; i++) {
		wgc_prefix_print(&p->allowed_ips[i].prefix, text);
		wgc_str_addf(out, "%s%s", i ? ", " : "", text);
	}
	if (p->n_allowed_ips > 3)
		wgc_str_addf(out, " and %u more", p->n_allowed_ips - 3);
	if (!p->n_allowed_ips)
		wgc_str_add(out, "(none)");
}

static void peer_text(const struct wgc_ui *ui, const struct tunnel *t, const struct wgc_peer *p, int64_t now, struct wgc_str *out)
{
	enum health h = health_of(p, now);
	static const enum wgc_paint paint[] = { WGC_YELLOW, WGC_YELLOW, WGC_GREEN };
	const char *name = peer_name(t, &p->public_key);
	char key[WGC_KEY_BASE64], endpoint[WGC_ENDPOINT_TEXT];

	wgc_key_print(&p->public_key, key);
	wgc_sockaddr_print(&p->endpoint, endpoint);
	add_label(out, "peer");
	if (name)
		wgc_add_plain(out, name, strlen(name));
	wgc_str_addf(out, "%s%s\n", name ? "  " : "", key);
	wgc_str_addf(out, "    %s%-5s%s  ", wgc_paint(ui->color_out, paint[h]), health_word[h], wgc_paint(ui->color_out, WGC_PLAIN));
	if (h == NEVER) {
		wgc_str_add(out, "no handshake yet");
	} else {
		wgc_str_add(out, "handshake ");
		wgc_add_duration(out, now - p->last_handshake.tv_sec);
		wgc_str_add(out, " ago");
	}
	wgc_str_add(out, ", received ");
	wgc_add_bytes(out, p->rx_bytes);
	wgc_str_add(out, ", sent ");
	wgc_add_bytes(out, p->tx_bytes);
	wgc_str_addf(out, "\n           %s%sallows ", endpoint, *endpoint ? ", " : "");
	add_allowed(out, p);
	wgc_str_addc(out, '\n');
}

static void head_text(const struct wgc_ui *ui, const struct tunnel *t, int64_t now, struct wgc_str *out)
{
	bool good = !t->n_problems;
	bool color = ui->color_out;

	wgc_str_addf(out, "%s%s%s ", wgc_paint(color, good ? WGC_GREEN : WGC_YELLOW), good ? "*" : "!", wgc_paint(color, WGC_PLAIN));
	wgc_str_add(out, wgc_paint(color, WGC_BOLD));
	wgc_add_plain(out, t->name, strlen(t->name));
	wgc_str_addf(out, "%s  %s", wgc_paint(color, WGC_PLAIN), state_of(t));
	if (t->info) {
		char since[32];

		wgc_time_text(t->info->since, since);
		wgc_str_addf(out, " since %s (", since);
		wgc_add_duration(out, now - t->info->since);
		wgc_str_addf(out, "), %s", t->info->backend ? t->info->backend : "kernel");
	} else {
		wgc_str_add(out, ", not brought up by wgctl");
	}
	wgc_str_addc(out, '\n');
}

static void device_text(const struct tunnel *t, struct wgc_str *out)
{
	char text[WGC_PREFIX_TEXT], key[WGC_KEY_BASE64];

	add_label(out, "interface");
	wgc_str_add(out, t->ifname);
	if (t->link.ifindex)
		wgc_str_addf(out, ", mtu %u", t->link.mtu);
	if (t->device && t->device->listen_port)
		wgc_str_addf(out, ", port %u", t->device->listen_port);
	if (t->device && t->device->fwmark)
		wgc_str_addf(out, ", mark 0x%x", t->device->fwmark);
	if (t->info && t->info->table)
		wgc_str_addf(out, ", table %u", t->info->table);
	wgc_str_addc(out, '\n');
	if (t->n_addrs) {
		add_label(out, "addresses");
		for (size_t i = 0; i < t->n_addrs; i++) {
			wgc_prefix_print(&t->addrs[i].prefix, text);
			wgc_str_addf(out, "%s%s", i ? ", " : "", text);
		}
		wgc_str_addc(out, '\n');
	}
	if (t->device && (t->device->flags & WGC_DEVICE_HAS_PUBLIC_KEY)) {
		wgc_key_print(&t->device->public_key, key);
		add_label(out, "public key");
		wgc_str_addf(out, "%s\n", key);
	}
}

static void tunnel_text(const struct wgc_ui *ui, const struct tunnel *t, bool brief, int64_t now, struct wgc_str *out)
{
	head_text(ui, t, now, out);
	if (!brief)
		device_text(t, out);
	if (t->device && t->device->n_peers) {
		add_label(out, "peers");
		wgc_str_addf(out, "%zu ok, %zu stale, %zu never\n", t->count[OK], t->count[STALE], t->count[NEVER]);
	}
	for (size_t i = 0; !brief && t->device && i < t->device->n_peers; i++)
		peer_text(ui, t, &t->device->peers[i], now, out);
	for (size_t i = 0; i < t->n_problems; i++) {
		add_label(out, "problem");
		wgc_add_plain(out, t->problem[i], strlen(t->problem[i]));
		wgc_str_addc(out, '\n');
	}
	add_label(out, "next");
	if (t->n_problems || !brief)
		wgc_str_addf(out, "%s\n", t->next);
	else
		wgc_str_addf(out, "wgctl status %s\n", t->name);
}

/* ---- json ------------------------------------------------------------------------- */

static void json_key_text(struct wgc_json *j, const char *name, const struct wgc_key *k)
{
	char text[WGC_KEY_BASE64];

	wgc_key_print(k, text);
	wgc_json_key(j, name);
	wgc_json_str(j, text);
}

static void json_secret(struct wgc_json *j, const char *name, const struct wgc_key *k)
{
	char text[WGC_KEY_BASE64];

	wgc_key_print_secret(k, text);
	wgc_json_key(j, name);
	wgc_json_str(j, text);
	wgc_wipe(text, sizeof(text));
}

static void peer_json(const struct wgc_ui *ui, const struct tunnel *t, const struct wgc_peer *p, int64_t now, struct wgc_json *j)
{
	char text[WGC_ENDPOINT_TEXT], when[32];

	wgc_json_object(j);
	json_key_text(j, "public_key", &p->public_key);
	wgc_json_key(j, "name");
	wgc_json_str(j, peer_name(t, &p->public_key));
	if (ui->show_secrets && (p->flags & WGC_PEER_HAS_PRESHARED_KEY))
		json_secret(j, "preshared_key", &p->preshared_key);
	wgc_json_key(j, "health");
	wgc_json_str(j, health_word[health_of(p, now)]);
	wgc_sockaddr_print(&p->endpoint, text);
	wgc_json_key(j, "endpoint");
	wgc_json_str(j, *text ? text : NULL);
	wgc_json_key(j, "allowed_ips");
	wgc_json_array(j);
	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		char prefix[WGC_PREFIX_TEXT];

		wgc_prefix_print(&p->allowed_ips[i].prefix, prefix);
		wgc_json_str(j, prefix);
	}
	wgc_json_array_end(j);
	wgc_time_text(p->last_handshake.tv_sec, when);
	wgc_json_key(j, "last_handshake");
	wgc_json_str(j, p->last_handshake.tv_sec ? when : NULL);
	wgc_json_key(j, "last_handshake_seconds");
	wgc_json_int(j, p->last_handshake.tv_sec);
	wgc_json_key(j, "rx_bytes");
	wgc_json_uint(j, p->rx_bytes);
	wgc_json_key(j, "tx_bytes");
	wgc_json_uint(j, p->tx_bytes);
	wgc_json_key(j, "persistent_keepalive");
	wgc_json_uint(j, p->keepalive);
	wgc_json_object_end(j);
}

static void info_json(const struct wgc_up_info *info, struct wgc_json *j)
{
	char since[32];

	wgc_time_text(info->since, since);
	wgc_json_key(j, "file");
	wgc_json_str(j, info->path);
	wgc_json_key(j, "backend");
	wgc_json_str(j, info->backend);
	wgc_json_key(j, "since");
	wgc_json_str(j, since);
	wgc_json_key(j, "since_seconds");
	wgc_json_int(j, info->since);
	wgc_json_key(j, "mark");
	wgc_json_uint(j, info->mark);
	wgc_json_key(j, "table");
	wgc_json_uint(j, info->table);
}

static void device_json(const struct wgc_ui *ui, const struct tunnel *t, int64_t now, struct wgc_json *j)
{
	const struct wgc_device *d = t->device;

	wgc_json_key(j, "mtu");
	wgc_json_uint(j, t->link.mtu);
	wgc_json_key(j, "addresses");
	wgc_json_array(j);
	for (size_t i = 0; i < t->n_addrs; i++) {
		char prefix[WGC_PREFIX_TEXT];

		wgc_prefix_print(&t->addrs[i].prefix, prefix);
		wgc_json_str(j, prefix);
	}
	wgc_json_array_end(j);
	if (!d)
		return;
	if (ui->show_secrets && (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY))
		json_secret(j, "private_key", &d->private_key);
	if (d->flags & WGC_DEVICE_HAS_PUBLIC_KEY)
		json_key_text(j, "public_key", &d->public_key);
	wgc_json_key(j, "listen_port");
	wgc_json_uint(j, d->listen_port);
	wgc_json_key(j, "fwmark");
	wgc_json_uint(j, d->fwmark);
	wgc_json_key(j, "peers");
	wgc_json_array(j);
	for (size_t i = 0; i < d->n_peers; i++)
		peer_json(ui, t, &d->peers[i], now, j);
	wgc_json_array_end(j);
}

static void tunnel_json(const struct wgc_ui *ui, const struct tunnel *t, int64_t now, struct wgc_json *j)
{
	wgc_json_object(j);
	wgc_json_key(j, "name");
	wgc_json_str(j, t->name);
	wgc_json_key(j, "interface");
	wgc_json_str(j, t->ifname);
	wgc_json_key(j, "state");
	wgc_json_str(j, state_of(t));
	wgc_json_key(j, "managed");
	wgc_json_bool(j, t->info);
	if (t->info)
		info_json(t->info, j);
	if (t->link.ifindex)
		device_json(ui, t, now, j);
	wgc_json_key(j, "problems");
	wgc_json_array(j);
	for (size_t i = 0; i < t->n_problems; i++)
		wgc_json_str(j, t->problem[i]);
	wgc_json_array_end(j);
	wgc_json_key(j, "next");
	wgc_json_str(j, t->next);
	wgc_json_object_end(j);
}

/* ---- the command -------------------------------------------------------------------- */

/* Tunnels from the journals, then WireGuard devices that others made. @want
 * (may be NULL) keeps one of them, by profile or interface name. */
static int find_tunnels(struct wgc_sys *sys, struct wgc_arena *a, const char *want, struct tunnel **ret, size_t *ret_n,
			struct wgc_err *err)
{
	struct wgc_up_info *up;
	char **names;
	size_t n_up, n_names, n = 0;
	struct tunnel *v = NULL;
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
			v[n++] = (struct tunnel){ .info = &up[i], .name = up[i].name, .ifname = up[i].ifname };
	for (size_t i = 0; i < n_names; i++) {
		bool ours = want && strcmp(want, names[i]);

		for (size_t k = 0; k < n_up && !ours; k++)
			ours = !strcmp(up[k].ifname, names[i]);
		if (!ours)
			v[n++] = (struct tunnel){ .name = names[i], .ifname = names[i] };
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static void answer_json(const struct wgc_ui *ui, const struct tunnel *v, size_t n, int64_t now)
{
	WGC_AUTO_STR struct wgc_str out = { .secret = ui->show_secrets };
	struct wgc_json j;

	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "tunnels");
	wgc_json_array(&j);
	for (size_t i = 0; i < n; i++)
		tunnel_json(ui, &v[i], now, &j);
	wgc_json_array_end(&j);
	wgc_ui_json_end(&j);
}

static void answer_text(const struct wgc_ui *ui, const struct tunnel *v, size_t n, bool brief, int64_t now)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	for (size_t i = 0; i < n; i++) {
		wgc_str_add(&out, i ? "\n" : "");
		tunnel_text(ui, &v[i], brief, now, &out);
	}
	if (!n)
		wgc_str_add(&out, "nothing is up\n  next       wgctl list\n");
	wgc_ui_answer(&out);
}

static int status(struct wgc_ui *ui, struct wgc_sys *sys, struct wgc_arena *a, const char *want)
{
	struct wgc_err err = WGC_ERR_INIT;
	int64_t now = (int64_t)time(NULL);
	struct tunnel *v = NULL;
	size_t n = 0;

	if (find_tunnels(sys, a, want, &v, &n, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	if (want && !n) {
		wgc_err_set(&err, WGC_E_NOT_UP, 0, "'%s' is not up", want);
		wgc_err_hint(&err, "bring it up with 'wgctl up %s'", want);
	}
	for (size_t i = 0; i < n; i++)
		gather(sys, a, &v[i], now);
	if (ui->json)
		answer_json(ui, v, n, now);
	else if (!want || n)
		answer_text(ui, v, n, !want, now);
	for (size_t i = 0; i < n; i++)
		forget(&v[i]);
	return err.code ? wgc_show_err(ui, NULL, &err, NULL) : WGC_EXIT_OK;
}

int wgc_run_status(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	WGC_AUTO_FREE char *want = c->argc ? wgc_name_of(c->argv[0]) : NULL;
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int code;

	if (!a || (c->argc && !want)) {
		wgc_err_nomem(&err);
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else if (wgc_sys_open(&sys, &err)) {
		code = wgc_show_err(ui, NULL, &err, NULL);
	} else {
		code = status(ui, &sys, a, want);
		wgc_sys_close(&sys);
	}
	wgc_arena_free(a);
	return code;
}
