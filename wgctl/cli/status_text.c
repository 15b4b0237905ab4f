// SPDX-License-Identifier: GPL-2.0
/* status, for people: one screen a tunnel. */
#include "cli/status.h"

#include <string.h>

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

static void peer_text(const struct wgc_ui *ui, const struct wgc_tunnel *t, const struct wgc_peer *p, int64_t now, struct wgc_str *out)
{
	enum wgc_health h = wgc_health_of(p, now);
	static const enum wgc_paint paint[] = { WGC_YELLOW, WGC_YELLOW, WGC_GREEN };
	const char *name = wgc_names_find(&t->names, &p->public_key);
	char key[WGC_KEY_BASE64], endpoint[WGC_ENDPOINT_TEXT];

	wgc_key_print(&p->public_key, key);
	wgc_sockaddr_print(&p->endpoint, endpoint);
	add_label(out, "peer");
	if (name)
		wgc_add_plain(out, name, strlen(name));
	wgc_str_addf(out, "%s%s\n", name ? "  " : "", key);
	wgc_str_addf(out, "    %s%-5s%s  ", wgc_paint(ui->color_out, paint[h]), wgc_health_word[h], wgc_paint(ui->color_out, WGC_PLAIN));
	if (h == WGC_NEVER) {
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

static void head_text(const struct wgc_ui *ui, const struct wgc_tunnel *t, int64_t now, struct wgc_str *out)
{
	bool good = !t->n_problems;
	bool color = ui->color_out;

	wgc_str_addf(out, "%s%s%s ", wgc_paint(color, good ? WGC_GREEN : WGC_YELLOW), good ? "*" : "!", wgc_paint(color, WGC_PLAIN));
	wgc_str_add(out, wgc_paint(color, WGC_BOLD));
	wgc_add_plain(out, t->name, strlen(t->name));
	wgc_str_addf(out, "%s  %s", wgc_paint(color, WGC_PLAIN), wgc_tunnel_state(t));
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

static void device_text(const struct wgc_tunnel *t, struct wgc_str *out)
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

static void place_text(const struct wgc_tunnel *t, bool brief, struct wgc_str *out)
{
	const struct wgc_up_info *info = t->info;

	if (!info || (!*info->home && !*info->socket))
		return;
	add_label(out, "namespace");
	wgc_add_plain(out, *info->home ? info->home : "the caller's", strlen(*info->home ? info->home : "the caller's"));
	wgc_str_add(out, ", socket in ");
	wgc_add_plain(out, *info->socket ? info->socket : "the caller's", strlen(*info->socket ? info->socket : "the caller's"));
	wgc_str_addc(out, '\n');
	if (brief || !*info->home)
		return;
	add_label(out, "inside");
	for (size_t i = 0; i < t->n_users && i < 8; i++)
		wgc_str_addf(out, "%s%s (%d)", i ? ", " : "", t->users[i].comm, (int)t->users[i].pid);
	if (t->n_users > 8)
		wgc_str_addf(out, " and %zu more", t->n_users - 8);
	wgc_str_add(out, t->n_users ? "\n" : "nobody\n");
}

void wgc_tunnel_text(const struct wgc_ui *ui, const struct wgc_tunnel *t, bool brief, int64_t now, struct wgc_str *out)
{
	head_text(ui, t, now, out);
	if (!brief)
		device_text(t, out);
	place_text(t, brief, out);
	if (t->info && t->info->confirm) {
		add_label(out, "confirm");
		wgc_str_addf(out, "%sto be confirmed within %u s, or it is undone\n", t->info->confirm_reload ? "its reload is " : "", t->info->confirm);
	}
	if (t->device && t->device->n_peers) {
		add_label(out, "peers");
		wgc_str_addf(out, "%zu ok, %zu stale, %zu never\n", t->count[WGC_OK], t->count[WGC_STALE], t->count[WGC_NEVER]);
	}
	for (size_t i = 0; !brief && t->device && i < t->device->n_peers; i++)
		peer_text(ui, t, &t->device->peers[i], now, out);
	for (size_t i = 0; i < t->n_problems; i++) {
		add_label(out, "problem");
		wgc_add_plain(out, t->problem[i], strlen(t->problem[i]));
		wgc_str_addc(out, '\n');
	}
	add_label(out, "next");
	if (t->n_problems || !brief || (t->info && t->info->confirm))
		wgc_str_addf(out, "%s\n", t->next);
	else
		wgc_str_addf(out, "wgctl status %s\n", t->name);
}
