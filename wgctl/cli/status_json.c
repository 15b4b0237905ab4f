// SPDX-License-Identifier: GPL-2.0
/* status, for programs. */
#include "cli/status.h"

#include <string.h>

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

static void peer_json(const struct wgc_ui *ui, const struct wgc_tunnel *t, const struct wgc_peer *p, int64_t now, struct wgc_json *j)
{
	char text[WGC_ENDPOINT_TEXT], when[32];

	wgc_json_object(j);
	json_key_text(j, "public_key", &p->public_key);
	wgc_json_key(j, "name");
	wgc_json_str(j, wgc_names_find(&t->names, &p->public_key));
	if (ui->show_secrets && (p->flags & WGC_PEER_HAS_PRESHARED_KEY))
		json_secret(j, "preshared_key", &p->preshared_key);
	wgc_json_key(j, "health");
	wgc_json_str(j, wgc_health_word[wgc_health_of(p, now)]);
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

static void place_json(const struct wgc_tunnel *t, struct wgc_json *j)
{
	const struct wgc_up_info *info = t->info;

	wgc_json_key(j, "interface_namespace");
	wgc_json_str(j, *info->home ? info->home : NULL);
	wgc_json_key(j, "socket_namespace");
	wgc_json_str(j, *info->socket ? info->socket : NULL);
	wgc_json_key(j, "processes");
	wgc_json_array(j);
	for (size_t i = 0; i < t->n_users; i++) {
		wgc_json_object(j);
		wgc_json_key(j, "pid");
		wgc_json_int(j, t->users[i].pid);
		wgc_json_key(j, "uid");
		wgc_json_uint(j, t->users[i].uid);
		wgc_json_key(j, "command");
		wgc_json_str(j, t->users[i].comm);
		wgc_json_object_end(j);
	}
	wgc_json_array_end(j);
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
	wgc_json_key(j, "confirm_within_seconds");
	if (info->confirm)
		wgc_json_uint(j, info->confirm);
	else
		wgc_json_null(j);
}

static void device_json(const struct wgc_ui *ui, const struct wgc_tunnel *t, int64_t now, struct wgc_json *j)
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

void wgc_tunnel_json(const struct wgc_ui *ui, const struct wgc_tunnel *t, int64_t now, struct wgc_json *j)
{
	wgc_json_object(j);
	wgc_json_key(j, "name");
	wgc_json_str(j, t->name);
	wgc_json_key(j, "interface");
	wgc_json_str(j, t->ifname);
	wgc_json_key(j, "state");
	wgc_json_str(j, wgc_tunnel_state(t));
	wgc_json_key(j, "managed");
	wgc_json_bool(j, t->info);
	if (t->info) {
		info_json(t->info, j);
		place_json(t, j);
	}
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
