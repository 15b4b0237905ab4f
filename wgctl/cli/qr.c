// SPDX-License-Identifier: GPL-2.0
/*
 * qr: a profile as a QR code on the terminal, for the WireGuard applications of
 * telephones. They refuse keys that they do not know, so only those that they do
 * are put in: what is left out is said.
 */
#include "cli/commands.h"

#include <errno.h>
#include <string.h>

#ifdef WGC_HAVE_LIBQRENCODE
#include <qrencode.h>

/* A code is found by its quiet zone: four modules of light all around it. */
#define QUIET 4

static bool dark(const QRcode *code, int x, int y)
{
	return x >= 0 && y >= 0 && x < code->width && y < code->width && (code->data[y * code->width + x] & 1);
}

/* Two modules to a character, one above the other. Light is drawn: the terminal is
 * taken to be dark, and colours, where there are any, make sure of it. */
static void draw(const QRcode *code, bool color, struct wgc_str *out)
{
	static const char *const blocks[2][2] = { { "\u2588", "\u2580" }, { "\u2584", " " } };

	for (int y = -QUIET; y < code->width + QUIET; y += 2) {
		wgc_str_add(out, color ? "\033[40;97m" : "");
		for (int x = -QUIET; x < code->width + QUIET; x++) {
			/* Behind the last row there is none, not a light one. */
			bool below = y + 1 >= code->width + QUIET || dark(code, x, y + 1);

			wgc_str_add(out, blocks[dark(code, x, y)][below]);
		}
		wgc_str_add(out, color ? "\033[0m\n" : "\n");
	}
}

static int encode(const char *text, bool color, struct wgc_str *out, struct wgc_err *err)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	int e = errno;

	if (!code && e == ERANGE) {
		wgc_err_set(err, WGC_E_UNSUPPORTED, ERANGE, "the profile is too large for a QR code: %zu bytes, 2953 are the most", strlen(text));
		wgc_err_hint(err, "fewer peers or allowed IPs make it smaller");
		return -ERANGE;
	}
	if (!code)
		return wgc_err_nomem(err);
	draw(code, color, out);
	wgc_wipe(code->data, (size_t)code->width * (size_t)code->width);
	QRcode_free(code);
	return out->oom ? wgc_err_nomem(err) : 0;
}
#else
static int encode(const char *text, bool color, struct wgc_str *out, struct wgc_err *err)
{
	return wgc_err_set(err, WGC_E_UNSUPPORTED, EOPNOTSUPP, "this wgctl was built without libqrencode: it cannot make QR codes");
}
#endif

/* Keep what telephones know. @left: keys that are not handed on. */
static void reduce(struct wgc_profile *p, struct wgc_str *left)
{
	struct wgc_profile q = { .arena = p->arena,
				 .name = p->name,
				 .device = p->device,
				 .addresses = p->addresses,
				 .n_addresses = p->n_addresses,
				 .dns_servers = p->dns_servers,
				 .n_dns_servers = p->n_dns_servers,
				 .dns_search = p->dns_search,
				 .n_dns_search = p->n_dns_search,
				 .mtu = p->mtu,
				 .peers = p->peers,
				 .n_peers = p->n_peers };
	char usual[IFNAMSIZ];

	wgc_ifname_for(p->name, usual);
	const struct {
		const char *key;
		bool there;
	} v[] = {
		{ "Name", strcmp(usual, p->ifname) },
		{ "FwMark", p->device.flags & WGC_DEVICE_HAS_FWMARK },
		{ "Table", p->table_mode != WGC_TABLE_AUTO },
		{ "PreUp", p->hooks[WGC_PRE_UP].n },
		{ "PostUp", p->hooks[WGC_POST_UP].n },
		{ "PreDown", p->hooks[WGC_PRE_DOWN].n },
		{ "PostDown", p->hooks[WGC_POST_DOWN].n },
		{ "SaveConfig", p->save_config },
		{ "Backend", p->backend },
		{ "SocketNamespace", p->socket_namespace.s },
		{ "InterfaceNamespace", p->interface_namespace.s },
		{ "KillSwitch", p->kill_switch },
		{ "AllowLAN", p->allow_lan_at.line },
		{ "DNSMode", p->dns_mode },
		{ "IPv6", p->ipv6 != WGC_IPV6_AUTO },
		{ "ExcludeIPs", p->n_exclude_ips },
		{ "RefreshEndpoints", p->refresh_endpoints },
	};

	/* Which names go to which resolver is for systemd-resolved to know. */
	q.n_dns_search = 0;
	for (size_t i = 0; i < p->n_dns_search; i++)
		if (p->dns_search[i].s[0] != '~')
			q.dns_search[q.n_dns_search++] = p->dns_search[i];
	if (q.n_dns_search != p->n_dns_search)
		wgc_str_add(left, "~domains of DNS");
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++)
		if (v[i].there)
			wgc_str_addf(left, "%s%s", left->len ? ", " : "", v[i].key);
	q.device.flags &= ~WGC_DEVICE_HAS_FWMARK;
	for (size_t i = 0; i < q.n_peers; i++) {
		struct wgc_profile_peer *peer = &q.peers[i];

		if (peer->routes_mode != WGC_ROUTES_AUTO)
			wgc_str_addf(left, "%sRoutes", left->len ? ", " : "");
		if (peer->n_endpoints > 1)
			wgc_str_addf(left, "%sall but the first Endpoint", left->len ? ", " : "");
		peer->routes_mode = WGC_ROUTES_AUTO;
		peer->n_endpoints = peer->n_endpoints ? 1 : 0;
	}
	*p = q;
}

static int show(struct wgc_ui *ui, struct wgc_profile *p)
{
	WGC_AUTO_STR struct wgc_str text = { .secret = true }, out = { .secret = true }, left = { 0 };
	struct wgc_err err = WGC_ERR_INIT;

	if (!(p->device.flags & WGC_DEVICE_HAS_PRIVATE_KEY)) {
		wgc_err_set(&err, WGC_E_CONFIG, 0, "the profile does not hold its private key");
		wgc_err_hint(&err, "a telephone needs it: write PrivateKey= instead of PrivateKeyFile= or PrivateKeyCommand=");
		return wgc_show_err(ui, &p->source, &err, NULL);
	}
	for (size_t i = 0; i < p->n_peers; i++)
		if (p->peers[i].preshared_key_file.s) {
			wgc_err_set(&err, WGC_E_CONFIG, 0, "a preshared key is in a file of its own");
			wgc_err_hint(&err, "a telephone needs it: write PresharedKey= instead of PresharedKeyFile=");
			err.at = p->peers[i].preshared_key_file.at;
			return wgc_show_err(ui, &p->source, &err, NULL);
		}
	reduce(p, &left);
	if (wgc_config_write_ini(p, &text) < 0)
		wgc_err_nomem(&err);
	else
		encode(wgc_str_get(&text), ui->color_out, &out, &err);
	if (err.code)
		return wgc_show_err(ui, NULL, &err, NULL);
	if (left.len)
		wgc_ui_warn(ui, "left out, since telephones do not know it: %s", wgc_str_get(&left));
	wgc_ui_answer(&out);
	return WGC_EXIT_OK;
}

int wgc_run_qr(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	struct wgc_loaded l;
	int code = wgc_load(ui, c->argv[0], WGC_STRICT, true, &l);

	wgc_show_diags(ui, &l.src, &l.diags, false);
	if (!code)
		code = show(ui, l.profile);
	wgc_loaded_done(&l);
	return code;
}
