// SPDX-License-Identifier: GPL-2.0
/* `wg setconf`, `addconf`, `syncconf`: a file to a change of one device. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/wg.h"

/* A million peers with room to spare. */
#define FILE_MAX ((size_t)1 << 30)

enum how { SET, ADD, SYNC };

/* ---- file to device ----------------------------------------------------------------- */

static int set_endpoint(const struct wgc_host_port *e, struct wgc_peer *to, struct wgc_err *err)
{
	int r = wgc_wg_check_retries(err);

	if (r)
		return r;
	if (!e->numeric.sa.sa_family || (!e->port_number && strspn(e->port, "0") != strlen(e->port)))
		return wgc_wg_resolve(e->host, e->port, &to->endpoint, err);
	to->endpoint = e->numeric;
	/* In the same place for both families. */
	to->endpoint.in.sin_port = htons(e->port_number);
	return 0;
}

/* The device that @p describes, in its arena. */
static int make_device(struct wgc_profile *p, const char *ifname, enum how how, struct wgc_device **ret, struct wgc_err *err)
{
	struct wgc_device *d = &p->device;
	int r = 0;

	snprintf(d->ifname, sizeof(d->ifname), "%s", ifname);
	/* What the file does not say is cleared, but for addconf. */
	if (how != ADD)
		d->flags |= WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_LISTEN_PORT | WGC_DEVICE_HAS_FWMARK |
			    WGC_DEVICE_REPLACE_PEERS;
	d->peers = wgc_arena_alloc(p->arena, (p->n_peers ? p->n_peers : 1) * sizeof(*d->peers));
	if (!d->peers)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < p->n_peers; i++) {
		d->peers[i] = p->peers[i].peer;
		/* For wg(8) the last one counts. */
		if (p->peers[i].n_endpoints)
			r = set_endpoint(&p->peers[i].endpoints[p->peers[i].n_endpoints - 1], &d->peers[i], err);
		if (r)
			return r;
	}
	d->n_peers = d->cap_peers = p->n_peers;
	*ret = d;
	return 0;
}

/* ---- syncconf --------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct wgc_peer *x = *(const struct wgc_peer *const *)a, *y = *(const struct wgc_peer *const *)b;

	return memcmp(&x->public_key, &y->public_key, sizeof(x->public_key));
}

static struct wgc_peer **sorted(const struct wgc_device *d)
{
	struct wgc_peer **v = calloc(d->n_peers + 1, sizeof(*v));

	if (!v)
		return NULL;
	for (size_t i = 0; i < d->n_peers; i++)
		v[i] = &d->peers[i];
	qsort(v, d->n_peers, sizeof(*v), by_key);
	return v;
}

/* What a peer had and the file no longer gives it has to be cleared by hand,
 * since the peer itself stays. */
static void clear_dropped(struct wgc_peer *want, const struct wgc_peer *have)
{
	if (have->flags & WGC_PEER_HAS_PRESHARED_KEY)
		want->flags |= WGC_PEER_HAS_PRESHARED_KEY;
	if (have->keepalive)
		want->flags |= WGC_PEER_HAS_KEEPALIVE;
}

/* Turn "exactly these peers" into removals and changes, so that the peers that
 * stay keep their sessions. */
static int spare_sessions(struct wgc_profile *p, struct wgc_device *want, const struct wgc_device *have, struct wgc_err *err)
{
	WGC_AUTO_FREE struct wgc_peer **wanted = NULL;
	WGC_AUTO_FREE struct wgc_peer **there = NULL;
	struct wgc_peer *all;
	size_t i = 0, n = 0;

	if (!want->n_peers || !have->n_peers)
		return 0;
	wanted = sorted(want);
	there = sorted(have);
	all = wgc_arena_alloc(p->arena, (want->n_peers + have->n_peers) * sizeof(*all));
	if (!wanted || !there || !all)
		return wgc_err_nomem(err);
	for (size_t j = 0; j < have->n_peers; j++) {
		while (i < want->n_peers && by_key(&wanted[i], &there[j]) < 0)
			i++;
		if (i == want->n_peers || by_key(&wanted[i], &there[j])) {
			all[n].public_key = there[j]->public_key;
			all[n++].flags = WGC_PEER_REMOVE;
			continue;
		}
		/* The file may name a peer more than once. */
		for (size_t k = i; k < want->n_peers && !by_key(&wanted[k], &there[j]); k++)
			clear_dropped(wanted[k], there[j]);
	}
	memcpy(&all[n], want->peers, want->n_peers * sizeof(*all));
	want->peers = all;
	want->n_peers = want->cap_peers = n + want->n_peers;
	want->flags &= ~(uint32_t)WGC_DEVICE_REPLACE_PEERS;
	return 0;
}

/* ---- the commands ------------------------------------------------------------------------ */

static int apply(struct wgc_profile *p, const char *ifname, enum how how)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_nl *nl = NULL;
	struct wgc_device *want = NULL, *have = NULL;
	int code = 0;

	if (!a) {
		wgc_err_nomem(&err);
		return wgc_wg_failed("Unable to modify interface", &err);
	}
	if (make_device(p, ifname, how, &want, &err)) {
		fprintf(stderr, "%s\nConfiguration parsing error\n", err.msg);
		code = 1;
	} else if (wgc_nl_open(NULL, &nl, &err)) {
		code = wgc_wg_failed("Unable to modify interface", &err);
	} else if (how == SYNC && want->n_peers && wgc_wg_get(nl, ifname, a, &have, &err)) {
		code = wgc_wg_failed("Unable to retrieve current interface configuration", &err);
	} else if ((have && spare_sessions(p, want, have, &err)) || wgc_wg_set(nl, want, &err)) {
		code = wgc_wg_failed("Unable to modify interface", &err);
	}
	wgc_nl_close(nl);
	wgc_arena_free(a);
	return code;
}

static void warn_host_bits(const struct wgc_peer *p)
{
	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		char text[WGC_PREFIX_TEXT];

		wgc_prefix_print(&p->allowed_ips[i].prefix, text);
		wgc_wg_warn_host_bits(&p->allowed_ips[i].prefix, text);
	}
}

static int run(int argc, char **argv, enum how how)
{
	struct wgc_ui ui = { .program = wgc_wg_program() };
	struct wgc_diags diags = { 0 };
	struct wgc_source src = { 0 };
	struct wgc_profile *p = NULL;
	char *text, args[64];
	int code = 1, r;

	if (argc != 3) {
		snprintf(args, sizeof(args), "%s <interface> <configuration filename>", argv[0]);
		return wgc_wg_usage(args);
	}
	if (!argv[1][0] || strlen(argv[1]) >= IFNAMSIZ) {
		fprintf(stderr, "Unable to modify interface: %s\n", strerror(ENODEV));
		return 1;
	}
	r = wgc_read_file(argv[2], FILE_MAX, &text, &src.len);
	if (r) {
		fprintf(stderr, "fopen: %s\n", strerror(-r));
		return 1;
	}
	src.path = argv[2];
	src.text = text;
	wgc_ui_color(&ui, WGC_COLOR_AUTO);
	r = wgc_config_parse(text, src.len, argv[2], argv[1], WGC_FORMAT_INI, WGC_WG_ONLY, &diags, &p);
	wgc_show_diags(&ui, &src, &diags, false);
	for (size_t i = 0; !r && i < p->n_peers; i++)
		warn_host_bits(&p->peers[i].peer);
	if (r)
		fprintf(stderr, "Configuration parsing error\n");
	else
		code = apply(p, argv[1], how);
	wgc_profile_free(p);
	wgc_diags_done(&diags);
	wgc_wipe(text, src.len);
	free(text);
	return code;
}

int wgc_cmd_setconf(int argc, char **argv)
{
	return run(argc, argv, SET);
}

int wgc_cmd_addconf(int argc, char **argv)
{
	return run(argc, argv, ADD);
}

int wgc_cmd_syncconf(int argc, char **argv)
{
	return run(argc, argv, SYNC);
}
