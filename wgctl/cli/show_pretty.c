// SPDX-License-Identifier: GPL-2.0
/* `wg show` for people: the newest handshake first, units in another colour. */
#include <stdlib.h>

#include "cli/wg.h"

#define RESET "\x1b[0m"
#define BOLD "\x1b[1m"
#define RED "\x1b[31m"
#define GREEN "\x1b[32m"
#define YELLOW "\x1b[33m"
#define CYAN "\x1b[36m"

struct page {
	FILE *out;
	bool color, hide_keys;
};

static const char *paint(const struct page *pg, const char *code)
{
	return pg->color ? code : "";
}

/* "  label: ", up to where the value begins */
static void label(const struct page *pg, const char *text)
{
	fprintf(pg->out, "  %s%s%s: ", paint(pg, BOLD), text, paint(pg, RESET));
}

static void unit(const struct page *pg, const char *text)
{
	fprintf(pg->out, "%s%s%s", paint(pg, CYAN), text, paint(pg, RESET));
}

static void print_key(const struct page *pg, const struct wgc_key *k, bool secret)
{
	char text[WGC_KEY_BASE64];

	if (secret && pg->hide_keys) {
		fputs("(hidden)\n", pg->out);
		return;
	}
	if (secret)
		wgc_key_print_secret(k, text);
	else
		wgc_key_print(k, text);
	fprintf(pg->out, "%s\n", text);
	wgc_wipe(text, sizeof(text));
}

/* "1 hour, 2 seconds": units that are zero are left out */
static void print_time(const struct page *pg, uint64_t left)
{
	static const struct {
		uint64_t seconds;
		const char *one, *many;
	} units[] = {
		{ 365 * 24 * 60 * 60, "year", "years" },
		{ 24 * 60 * 60, "day", "days" },
		{ 60 * 60, "hour", "hours" },
		{ 60, "minute", "minutes" },
		{ 1, "second", "seconds" },
	};
	const char *between = "";

	for (size_t i = 0; i < WGC_ARRAY_SIZE(units); i++) {
		uint64_t n = left / units[i].seconds;

		left %= units[i].seconds;
		if (!n)
			continue;
		fprintf(pg->out, "%s%llu ", between, (unsigned long long)n);
		unit(pg, n == 1 ? units[i].one : units[i].many);
		between = ", ";
	}
}

static void print_ago(const struct page *pg, int64_t then, int64_t now)
{
	if (then == now) {
		fputs("Now\n", pg->out);
	} else if (then > now) {
		fprintf(pg->out, "(%sSystem clock wound backward; connection problems may ensue.%s)\n", paint(pg, RED),
			paint(pg, RESET));
	} else {
		print_time(pg, (uint64_t)(now - then));
		fputs(" ago\n", pg->out);
	}
}

static void print_bytes(const struct page *pg, uint64_t n)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double v = (double)n / 1024;
	size_t i = 0;

	if (n < 1024) {
		fprintf(pg->out, "%u ", (unsigned)n);
		unit(pg, "B");
		return;
	}
	/* By whole numbers, not by v: 1048575 bytes are 1024.00 KiB. */
	for (n /= 1024; n >= 1024 && i + 1 < WGC_ARRAY_SIZE(units); n /= 1024) {
		v /= 1024;
		i++;
	}
	fprintf(pg->out, "%.2f ", v);
	unit(pg, units[i]);
}

static void print_allowed_ips(const struct page *pg, const struct wgc_peer *p)
{
	char text[WGC_IP_TEXT];

	if (!p->n_allowed_ips)
		fputs("(none)", pg->out);
	for (uint32_t i = 0; i < p->n_allowed_ips; i++) {
		wgc_ip_print(&p->allowed_ips[i].prefix.ip, text);
		fprintf(pg->out, "%s%s%s/%s%u", i ? ", " : "", text, paint(pg, CYAN), paint(pg, RESET),
			p->allowed_ips[i].prefix.len);
	}
	fputc('\n', pg->out);
}

static void print_peer(const struct page *pg, const struct wgc_peer *p, int64_t now)
{
	char text[WGC_ENDPOINT_TEXT > WGC_KEY_BASE64 ? WGC_ENDPOINT_TEXT : WGC_KEY_BASE64];

	wgc_key_print(&p->public_key, text);
	fprintf(pg->out, "%s%speer%s: %s%s%s\n", paint(pg, YELLOW), paint(pg, BOLD), paint(pg, RESET), paint(pg, YELLOW), text,
		paint(pg, RESET));
	if (p->flags & WGC_PEER_HAS_PRESHARED_KEY) {
		label(pg, "preshared key");
		print_key(pg, &p->preshared_key, true);
	}
	if (p->endpoint.sa.sa_family) {
		wgc_sockaddr_print(&p->endpoint, text);
		label(pg, "endpoint");
		fprintf(pg->out, "%s\n", text);
	}
	label(pg, "allowed ips");
	print_allowed_ips(pg, p);
	if (p->last_handshake.tv_sec) {
		label(pg, "latest handshake");
		print_ago(pg, p->last_handshake.tv_sec, now);
	}
	if (p->rx_bytes || p->tx_bytes) {
		label(pg, "transfer");
		print_bytes(pg, p->rx_bytes);
		fputs(" received, ", pg->out);
		print_bytes(pg, p->tx_bytes);
		fputs(" sent\n", pg->out);
	}
	if (p->keepalive) {
		label(pg, "persistent keepalive");
		fputs("every ", pg->out);
		print_time(pg, p->keepalive);
		fputc('\n', pg->out);
	}
}

/* Newest first, never last; else in the order in which they came. */
static int by_handshake(const void *a, const void *b)
{
	const struct wgc_peer *x = *(const struct wgc_peer *const *)a, *y = *(const struct wgc_peer *const *)b;

	if (x->last_handshake.tv_sec != y->last_handshake.tv_sec)
		return x->last_handshake.tv_sec > y->last_handshake.tv_sec ? -1 : 1;
	if (x->last_handshake.tv_nsec != y->last_handshake.tv_nsec)
		return x->last_handshake.tv_nsec > y->last_handshake.tv_nsec ? -1 : 1;
	return (x > y) - (x < y);
}

void wgc_show_pretty(const struct wgc_device *d, bool color, bool hide_keys, int64_t now, FILE *out)
{
	struct page pg = { .out = out, .color = color, .hide_keys = hide_keys };
	WGC_AUTO_FREE const struct wgc_peer **order = calloc(d->n_peers + 1, sizeof(struct wgc_peer *));

	fprintf(out, "%s%s%sinterface%s: %s%s%s\n", paint(&pg, RESET), paint(&pg, GREEN), paint(&pg, BOLD), paint(&pg, RESET),
		paint(&pg, GREEN), d->ifname, paint(&pg, RESET));
	if (d->flags & WGC_DEVICE_HAS_PUBLIC_KEY) {
		label(&pg, "public key");
		print_key(&pg, &d->public_key, false);
	}
	if (d->flags & WGC_DEVICE_HAS_PRIVATE_KEY) {
		label(&pg, "private key");
		print_key(&pg, &d->private_key, true);
	}
	if (d->listen_port) {
		label(&pg, "listening port");
		fprintf(out, "%u\n", d->listen_port);
	}
	if (d->fwmark) {
		label(&pg, "fwmark");
		fprintf(out, "0x%x\n", d->fwmark);
	}
	for (size_t i = 0; order && i < d->n_peers; i++)
		order[i] = &d->peers[i];
	if (order)
		qsort(order, d->n_peers, sizeof(struct wgc_peer *), by_handshake);
	/* Without memory for the order, in any order. */
	for (size_t i = 0; i < d->n_peers; i++) {
		fputc('\n', out);
		print_peer(&pg, order ? order[i] : &d->peers[i], now);
	}
}
