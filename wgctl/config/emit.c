// SPDX-License-Identifier: GPL-2.0
/* The values of each key of a profile, for both writers. */
#include <string.h>

#include "config/internal.h"

static bool list(const struct wgc_emit *e)
{
	return e->key->rule->shape != WGC_SHAPE_ONE;
}

/* In front of each value; lists of INI are either one line or one line each. */
static void lead(struct wgc_emit *e)
{
	enum wgc_shape shape = e->key->rule->shape;

	if (e->json) {
		if (!e->n)
			wgc_json_key(e->json, e->key->json);
		if (!e->n && list(e))
			wgc_json_array(e->json);
	} else if (!e->n || shape == WGC_SHAPE_EACH || shape == WGC_SHAPE_HOOK) {
		wgc_str_addf(e->ini, "%s%s = ", e->n ? "\n" : "", e->key->ini);
	} else {
		wgc_str_add(e->ini, shape == WGC_SHAPE_ARGV ? " " : ", ");
	}
	e->n++;
}

void wgc_emit_key(struct wgc_emit *e, const struct wgc_key_info *k)
{
	e->key = k;
	e->n = 0;
	k->rule->get(e);
	if (!e->n)
		return;
	if (e->ini)
		wgc_str_addc(e->ini, '\n');
	else if (list(e) && e->n != SIZE_MAX)
		wgc_json_array_end(e->json);
}

void wgc_emit_text(struct wgc_emit *e, const char *s)
{
	lead(e);
	if (e->json)
		wgc_json_str(e->json, s);
	else if (e->key->rule->shape == WGC_SHAPE_ARGV)
		wgc_argv_add(e->ini, s);
	else
		wgc_str_add(e->ini, s);
}

void wgc_emit_number(struct wgc_emit *e, uint64_t v)
{
	char text[24];

	if (e->json) {
		lead(e);
		wgc_json_uint(e->json, v);
		return;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	wgc_emit_text(e, text);
}

void wgc_emit_single(struct wgc_emit *e, const char *s)
{
	if (e->json) {
		wgc_json_key(e->json, e->key->json);
		wgc_json_str(e->json, s);
	} else {
		wgc_str_addf(e->ini, "%s = %s", e->key->ini, s);
	}
	e->n = SIZE_MAX;
}

/* ---- [Interface] ----------------------------------------------------------- */

static void text(struct wgc_emit *e, const struct wgc_text *t)
{
	if (t->s)
		wgc_emit_text(e, t->s);
}

static void texts(struct wgc_emit *e, const struct wgc_text *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wgc_emit_text(e, v[i].s);
}

/* A word that is not the default. */
static void choice(struct wgc_emit *e, int i)
{
	if (i)
		wgc_emit_text(e, e->key->rule->words[i]);
}

static void boolean(struct wgc_emit *e, bool v)
{
	if (e->json) {
		lead(e);
		wgc_json_bool(e->json, v);
	} else {
		wgc_emit_text(e, e->key->rule->words[v]);
	}
}

static void key(struct wgc_emit *e, const struct wgc_key *k)
{
	char base64[WGC_KEY_BASE64];

	wgc_key_print_secret(k, base64);
	wgc_emit_text(e, base64);
	wgc_wipe(base64, sizeof(base64));
}

static void prefixes(struct wgc_emit *e, const struct wgc_address *v, size_t n)
{
	char t[WGC_PREFIX_TEXT];

	for (size_t i = 0; i < n; i++) {
		wgc_prefix_print(&v[i].prefix, t);
		wgc_emit_text(e, t);
	}
}

/* What comes from the kernel has zeros where nothing was set; what was parsed has them only where they were written. */
static bool zero_counts(const struct wgc_emit *e)
{
	return e->p->trivia != NULL;
}

WGC_GETTER(ifname)
{
	char usual[IFNAMSIZ];

	wgc_ifname_for(e->p->name ? e->p->name : "", usual);
	if (e->p->ifname[0] && strcmp(usual, e->p->ifname) != 0)
		wgc_emit_text(e, e->p->ifname);
}

WGC_GETTER(private_key)
{
	if (e->p->device.flags & WGC_DEVICE_HAS_PRIVATE_KEY)
		key(e, &e->p->device.private_key);
}

WGC_GETTER(private_key_file)
{
	text(e, &e->p->private_key_file);
}

WGC_GETTER(private_key_command)
{
	texts(e, e->p->private_key_command.v, e->p->private_key_command.n);
}

WGC_GETTER(listen_port)
{
	if (e->p->device.flags & WGC_DEVICE_HAS_LISTEN_PORT && (e->p->device.listen_port || zero_counts(e)))
		wgc_emit_number(e, e->p->device.listen_port);
}

WGC_GETTER(fwmark)
{
	uint32_t mark = e->p->device.fwmark;
	char hex[16];

	if (!(e->p->device.flags & WGC_DEVICE_HAS_FWMARK) || (!mark && !zero_counts(e)))
		return;
	if (e->json) {
		wgc_emit_number(e, mark);
		return;
	}
	snprintf(hex, sizeof(hex), "0x%x", mark);
	wgc_emit_text(e, mark ? hex : "off");
}

WGC_GETTER(address)
{
	prefixes(e, e->p->addresses, e->p->n_addresses);
}

WGC_GETTER(dns)
{
	texts(e, e->p->dns_servers, e->p->n_dns_servers);
	texts(e, e->p->dns_search, e->p->n_dns_search);
}

WGC_GETTER(mtu)
{
	if (e->p->mtu)
		wgc_emit_number(e, e->p->mtu);
}

WGC_GETTER(table)
{
	if (e->p->table_mode == WGC_TABLE_OFF)
		wgc_emit_text(e, "off");
	else if (e->p->table_mode == WGC_TABLE_NUMBER && e->p->table_name)
		wgc_emit_text(e, e->p->table_name);
	else if (e->p->table_mode == WGC_TABLE_NUMBER)
		wgc_emit_number(e, e->p->table);
}

static void hooks(struct wgc_emit *e, enum wgc_hook which)
{
	texts(e, e->p->hooks[which].v, e->p->hooks[which].n);
}

WGC_GETTER(pre_up)
{
	hooks(e, WGC_PRE_UP);
}

WGC_GETTER(post_up)
{
	hooks(e, WGC_POST_UP);
}

WGC_GETTER(pre_down)
{
	hooks(e, WGC_PRE_DOWN);
}

WGC_GETTER(post_down)
{
	hooks(e, WGC_POST_DOWN);
}

WGC_GETTER(save_config)
{
	if (e->p->save_config)
		boolean(e, true);
}

WGC_GETTER(backend)
{
	choice(e, (int)e->p->backend);
}

WGC_GETTER(socket_namespace)
{
	text(e, &e->p->socket_namespace);
}

WGC_GETTER(interface_namespace)
{
	text(e, &e->p->interface_namespace);
}

WGC_GETTER(kill_switch)
{
	choice(e, (int)e->p->kill_switch);
}

WGC_GETTER(allow_lan)
{
	if (e->p->allow_lan_at.line)
		boolean(e, e->p->allow_lan);
}

WGC_GETTER(dns_mode)
{
	choice(e, (int)e->p->dns_mode);
}

WGC_GETTER(ipv6)
{
	choice(e, (int)e->p->ipv6);
}

WGC_GETTER(exclude_ips)
{
	prefixes(e, e->p->exclude_ips, e->p->n_exclude_ips);
}

WGC_GETTER(refresh_endpoints)
{
	if (e->p->refresh_endpoints)
		wgc_emit_number(e, e->p->refresh_endpoints);
}

/* ---- [Peer] ------------------------------------------------------------------ */

/* For INI the writer makes it a comment: see write_ini.c. */
WGC_GETTER(peer_name)
{
	if (e->json)
		text(e, &e->peer->name);
}

WGC_GETTER(public_key)
{
	key(e, &e->peer->peer.public_key);
}

WGC_GETTER(preshared_key)
{
	if (e->peer->peer.flags & WGC_PEER_HAS_PRESHARED_KEY)
		key(e, &e->peer->peer.preshared_key);
}

WGC_GETTER(preshared_key_file)
{
	text(e, &e->peer->preshared_key_file);
}

WGC_GETTER(allowed_ips)
{
	const struct wgc_peer *peer = &e->peer->peer;
	char t[WGC_PREFIX_TEXT + 1];

	for (uint32_t i = 0; i < peer->n_allowed_ips; i++) {
		t[0] = '-';
		wgc_prefix_print(&peer->allowed_ips[i].prefix, t + 1);
		wgc_emit_text(e, peer->allowed_ips[i].remove ? t : t + 1);
	}
}

WGC_GETTER(endpoint)
{
	for (size_t i = 0; i < e->peer->n_endpoints; i++) {
		const struct wgc_host_port *h = &e->peer->endpoints[i];
		WGC_AUTO_STR struct wgc_str s = { 0 };

		wgc_str_addf(&s, strchr(h->host, ':') ? "[%s]:%s" : "%s:%s", h->host, h->port);
		if (s.oom)
			(e->ini ? e->ini : e->json->out)->oom = true;
		wgc_emit_text(e, wgc_str_get(&s));
	}
}

WGC_GETTER(keepalive)
{
	const struct wgc_peer *peer = &e->peer->peer;

	if (peer->flags & WGC_PEER_HAS_KEEPALIVE && (peer->keepalive || zero_counts(e)))
		wgc_emit_number(e, peer->keepalive);
}

WGC_GETTER(routes)
{
	char t[WGC_PREFIX_TEXT];

	if (e->peer->routes_mode == WGC_ROUTES_OFF)
		wgc_emit_single(e, "off");
	for (size_t i = 0; e->peer->routes_mode == WGC_ROUTES_LIST && i < e->peer->n_routes; i++) {
		wgc_prefix_print(&e->peer->routes[i].prefix, t);
		wgc_emit_text(e, t);
	}
}
