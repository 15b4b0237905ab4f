// SPDX-License-Identifier: GPL-2.0
/* `wg show`: which devices, and the fields of each for scripts. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/wg.h"

static const char usage[] = "show { <interface> | all | interfaces } [public-key | private-key | listen-port | fwmark | peers | "
			    "preshared-keys | endpoints | allowed-ips | latest-handshakes | transfer | persistent-keepalive | dump]";

/* ---- fields ----------------------------------------------------------------------- */

static void put_key(const struct wgc_key *k, bool there, FILE *out)
{
	char text[WGC_KEY_BASE64];

	if (!there) {
		fputs("(none)", out);
		return;
	}
	wgc_key_print_secret(k, text);
	fputs(text, out);
	wgc_wipe(text, sizeof(text));
}

static void put_fwmark(uint32_t fwmark, FILE *out)
{
	if (fwmark)
		fprintf(out, "0x%x", fwmark);
	else
		fputs("off", out);
}

static void put_preshared_key(const struct wgc_peer *p, FILE *out)
{
	put_key(&p->preshared_key, p->flags & WGC_PEER_HAS_PRESHARED_KEY, out);
}

static void put_endpoint(const struct wgc_peer *p, FILE *out)
{
	char text[WGC_ENDPOINT_TEXT];

	wgc_sockaddr_print(&p->endpoint, text);
	fputs(text[0] ? text : "(none)", out);
}

static void put_ips(const struct wgc_peer *p, char between, FILE *out)
{
	char text[WGC_PREFIX_TEXT];

	if (!p->n_allowed_ips)
		fputs("(none)", out);
	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		if (i)
			fputc(between, out);
		wgc_prefix_print(&p->allowed_ips[i].prefix, text);
		fputs(text, out);
	}
}

static void put_allowed_ips(const struct wgc_peer *p, FILE *out)
{
	put_ips(p, ' ', out);
}

static void put_handshake(const struct wgc_peer *p, FILE *out)
{
	fprintf(out, "%llu", (unsigned long long)p->last_handshake.tv_sec);
}

static void put_transfer(const struct wgc_peer *p, FILE *out)
{
	fprintf(out, "%llu\t%llu", (unsigned long long)p->rx_bytes, (unsigned long long)p->tx_bytes);
}

static void put_keepalive(const struct wgc_peer *p, FILE *out)
{
	if (p->keepalive)
		fprintf(out, "%u", p->keepalive);
	else
		fputs("off", out);
}

static void put_public_key(const struct wgc_peer *p, FILE *out)
{
	put_key(&p->public_key, true, out);
}

static void put_name(const struct wgc_device *d, bool with_interface, FILE *out)
{
	if (with_interface)
		fprintf(out, "%s\t", d->ifname);
}

static void dump(const struct wgc_device *d, bool with_interface, FILE *out)
{
	put_name(d, with_interface, out);
	put_key(&d->private_key, d->flags & WGC_DEVICE_HAS_PRIVATE_KEY, out);
	fputc('\t', out);
	put_key(&d->public_key, d->flags & WGC_DEVICE_HAS_PUBLIC_KEY, out);
	fprintf(out, "\t%u\t", d->listen_port);
	put_fwmark(d->fwmark, out);
	fputc('\n', out);
	for (size_t i = 0; i < d->n_peers; i++) {
		const struct wgc_peer *p = &d->peers[i];

		put_name(d, with_interface, out);
		put_public_key(p, out);
		fputc('\t', out);
		put_preshared_key(p, out);
		fputc('\t', out);
		put_endpoint(p, out);
		fputc('\t', out);
		put_ips(p, ',', out);
		fputc('\t', out);
		put_handshake(p, out);
		fputc('\t', out);
		put_transfer(p, out);
		fputc('\t', out);
		put_keepalive(p, out);
		fputc('\n', out);
	}
}

/* Fields with one line a peer: its public key, then this. */
static const struct {
	const char *name;
	void (*put)(const struct wgc_peer *p, FILE *out);
} peer_fields[] = {
	{ "preshared-keys", put_preshared_key },
	{ "endpoints", put_endpoint },
	{ "allowed-ips", put_allowed_ips },
	{ "latest-handshakes", put_handshake },
	{ "transfer", put_transfer },
	{ "persistent-keepalive", put_keepalive },
	{ "peers", NULL },
};

static void put_peers(const struct wgc_device *d, size_t field, bool with_interface, FILE *out)
{
	/* wg(8) names the device once only in this one, even when it has no
	 * peers. Scripts have learnt to live with it, so we do the same. */
	bool once = peer_fields[field].put == put_endpoint;

	if (once)
		put_name(d, with_interface, out);
	for (size_t i = 0; i < d->n_peers; i++) {
		if (!once)
			put_name(d, with_interface, out);
		put_public_key(&d->peers[i], out);
		if (peer_fields[field].put) {
			fputc('\t', out);
			peer_fields[field].put(&d->peers[i], out);
		}
		fputc('\n', out);
	}
}

bool wgc_show_field(const struct wgc_device *d, const char *field, bool with_interface, FILE *out)
{
	if (!strcmp(field, "dump")) {
		dump(d, with_interface, out);
		return true;
	}
	for (size_t i = 0; i < WGC_ARRAY_SIZE(peer_fields); i++) {
		if (!strcmp(field, peer_fields[i].name)) {
			put_peers(d, i, with_interface, out);
			return true;
		}
	}
	if (!strcmp(field, "public-key")) {
		put_name(d, with_interface, out);
		put_key(&d->public_key, d->flags & WGC_DEVICE_HAS_PUBLIC_KEY, out);
	} else if (!strcmp(field, "private-key")) {
		put_name(d, with_interface, out);
		put_key(&d->private_key, d->flags & WGC_DEVICE_HAS_PRIVATE_KEY, out);
	} else if (!strcmp(field, "listen-port")) {
		put_name(d, with_interface, out);
		fprintf(out, "%u", d->listen_port);
	} else if (!strcmp(field, "fwmark")) {
		put_name(d, with_interface, out);
		put_fwmark(d->fwmark, out);
	} else {
		return false;
	}
	fputc('\n', out);
	return true;
}

/* ---- the command --------------------------------------------------------------------- */

static bool want_color(void)
{
	const char *mode = getenv("WG_COLOR_MODE");

	if (mode && !strcmp(mode, "always"))
		return true;
	if (mode && !strcmp(mode, "never"))
		return false;
	return isatty(STDOUT_FILENO);
}

static bool hide_keys(void)
{
	const char *mode = getenv("WG_HIDE_KEYS");

	return !mode || strcmp(mode, "never");
}

/* False for a field that there is not. */
static bool show_device(const struct wgc_device *d, const char *field, bool with_interface)
{
	if (!field) {
		wgc_show_pretty(d, want_color(), hide_keys(), time(NULL), stdout);
		return true;
	}
	if (wgc_show_field(d, field, with_interface, stdout))
		return true;
	fprintf(stderr, "Invalid parameter: `%s'\n", field);
	wgc_wg_usage(usage);
	return false;
}

static int show_one(struct wgc_nl *nl, const char *ifname, const char *field)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_device *d;
	int code;

	if (!a || wgc_wg_get(nl, ifname, a, &d, &err))
		code = wgc_wg_failed("Unable to access interface", &err);
	else
		code = show_device(d, field, false) ? 0 : 1;
	wgc_arena_free(a);
	return code;
}

static int show_all(struct wgc_nl *nl, char **names, size_t n, const char *field)
{
	int code = n ? 1 : 0; /* failed only when there are devices and none answers */

	for (size_t i = 0; i < n; i++) {
		struct wgc_arena *a = wgc_arena_new();
		struct wgc_err err = WGC_ERR_INIT;
		struct wgc_device *d;
		bool good = true;

		if (!a || wgc_wg_get(nl, names[i], a, &d, &err)) {
			fprintf(stderr, "Unable to access interface %s: %s\n", names[i], strerror(a ? err.sys : ENOMEM));
			wgc_arena_free(a);
			continue;
		}
		good = show_device(d, field, true);
		wgc_arena_free(a);
		if (!good)
			return 1;
		if (!field && i + 1 < n)
			fputc('\n', stdout);
		code = 0;
	}
	return code;
}

static int show_many(struct wgc_nl *nl, bool names_only, const char *field)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	char **names;
	size_t n;
	int code = 0;

	if (!a || wgc_wg_list(nl, a, &names, &n, &err))
		code = wgc_wg_failed("Unable to list interfaces", &err);
	else if (!names_only)
		code = show_all(nl, names, n, field);
	else
		for (size_t i = 0; i < n; i++)
			printf("%s%c", names[i], i + 1 < n ? ' ' : '\n');
	wgc_arena_free(a);
	return code;
}

static bool is_help(const char *s)
{
	return !strcmp(s, "-h") || !strcmp(s, "--help") || !strcmp(s, "help");
}

int wgc_cmd_show(int argc, char **argv)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_nl *nl = NULL;
	const char *who = argc > 1 ? argv[1] : "all";
	bool names_only = !strcmp(who, "interfaces");
	int code;

	if (argc == 2 && is_help(who)) {
		wgc_wg_usage(usage);
		return 0;
	}
	if (argc > 3 || (names_only && argc > 2))
		return wgc_wg_usage(usage);
	if (wgc_nl_open(NULL, &nl, &err))
		return wgc_wg_failed("Unable to list interfaces", &err);
	if (names_only || !strcmp(who, "all"))
		code = show_many(nl, names_only, argc == 3 ? argv[2] : NULL);
	else
		code = show_one(nl, who, argc == 3 ? argv[2] : NULL);
	wgc_nl_close(nl);
	return code;
}
