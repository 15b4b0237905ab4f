// SPDX-License-Identifier: GPL-2.0
/*
 * What a userspace implementation answers to get=1. Keys that we do not know
 * are skipped, since newer programs say more; values that we do know must be
 * right.
 */
#include <errno.h>
#include <string.h>

#include "netlink/uapi.h"

int wgc_uapi_parser_init(struct wgc_uapi_parser *p, struct wgc_arena *a)
{
	memset(p, 0, sizeof(*p));
	p->arena = a;
	p->device = wgc_arena_alloc(a, sizeof(*p->device));
	return p->device ? 0 : -ENOMEM;
}

static bool parse_uint(const char *v, uint64_t max, uint64_t *ret)
{
	return !wgc_parse_u64(v, max, ret);
}

/* "ADDR:PORT" or "[ADDR%SCOPE]:PORT", numbers only: nothing is looked up but
 * the name of a scope, which is how Go prints it. */
static bool parse_endpoint(char *v, union wgc_sockaddr *ret)
{
	union wgc_sockaddr sa = { 0 };
	char *port = strrchr(v, ':'), *scope;
	struct wgc_ip ip;
	uint64_t number, zone = 0;
	bool unknown = false;
	size_t len;

	if (!port)
		return false;
	*port++ = '\0';
	len = strlen(v);
	if (len >= 2 && v[0] == '[' && v[len - 1] == ']') {
		v[len - 1] = '\0';
		v++;
	}
	scope = strchr(v, '%');
	if (scope) {
		*scope++ = '\0';
		if (!parse_uint(scope, UINT32_MAX, &zone)) {
			zone = if_nametoindex(scope);
			unknown = !zone;
		}
	}
	if (!parse_uint(port, UINT16_MAX, &number) || wgc_ip_parse(v, &ip))
		return false;
	if (ip.family == AF_INET) {
		if (scope)
			return false;
		sa.in.sin_family = AF_INET;
		sa.in.sin_port = htons((uint16_t)number);
		memcpy(&sa.in.sin_addr, ip.b, 4);
	} else {
		sa.in6.sin6_family = AF_INET6;
		sa.in6.sin6_port = htons((uint16_t)number);
		sa.in6.sin6_scope_id = (uint32_t)zone;
		memcpy(&sa.in6.sin6_addr, ip.b, 16);
	}
	/* A link that is gone, or is where the program's socket lives: nobody here can be told
	 * where that is, and all else is as true as before. */
	*ret = unknown ? (union wgc_sockaddr){ 0 } : sa;
	return true;
}

/* Device values come before the first peer. 1: not a key of a device. */
static int device_line(struct wgc_device *d, const char *key, char *value)
{
	uint64_t n;

	if (!strcmp(key, "private_key")) {
		if (wgc_key_parse_hex(value, strlen(value), &d->private_key))
			return -EPROTO;
		if (wgc_key_is_zero(&d->private_key)) {
			d->flags &= ~(uint32_t)(WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_PUBLIC_KEY);
			return 0;
		}
		wgc_key_public(&d->private_key, &d->public_key);
		d->flags |= WGC_DEVICE_HAS_PRIVATE_KEY | WGC_DEVICE_HAS_PUBLIC_KEY;
	} else if (!strcmp(key, "listen_port")) {
		if (!parse_uint(value, UINT16_MAX, &n))
			return -EPROTO;
		d->listen_port = (uint16_t)n;
		d->flags |= WGC_DEVICE_HAS_LISTEN_PORT;
	} else if (!strcmp(key, "fwmark")) {
		if (!parse_uint(value, UINT32_MAX, &n))
			return -EPROTO;
		d->fwmark = (uint32_t)n;
		d->flags |= WGC_DEVICE_HAS_FWMARK;
	} else {
		return 1;
	}
	return 0;
}

static int peer_line(struct wgc_uapi_parser *p, const char *key, char *value)
{
	struct wgc_peer *peer = p->peer;
	struct wgc_prefix prefix;
	struct wgc_allowed_ip *aip;
	uint64_t n;

	if (!strcmp(key, "preshared_key")) {
		if (wgc_key_parse_hex(value, strlen(value), &peer->preshared_key))
			return -EPROTO;
		if (!wgc_key_is_zero(&peer->preshared_key))
			peer->flags |= WGC_PEER_HAS_PRESHARED_KEY;
	} else if (!strcmp(key, "endpoint")) {
		if (!parse_endpoint(value, &peer->endpoint))
			return -EPROTO;
	} else if (!strcmp(key, "persistent_keepalive_interval")) {
		if (!parse_uint(value, UINT16_MAX, &n))
			return -EPROTO;
		peer->keepalive = (uint16_t)n;
		peer->flags |= WGC_PEER_HAS_KEEPALIVE;
	} else if (!strcmp(key, "allowed_ip")) {
		if (wgc_prefix_parse(value, &prefix))
			return -EPROTO;
		aip = wgc_peer_add_allowed_ip(p->arena, peer);
		if (!aip)
			return -ENOMEM;
		aip->prefix = prefix;
	} else if (!strcmp(key, "last_handshake_time_sec")) {
		if (!parse_uint(value, INT64_MAX, &n))
			return -EPROTO;
		peer->last_handshake.tv_sec = (time_t)n;
	} else if (!strcmp(key, "last_handshake_time_nsec")) {
		if (!parse_uint(value, 999999999, &n))
			return -EPROTO;
		peer->last_handshake.tv_nsec = (long)n;
	} else if (!strcmp(key, "rx_bytes")) {
		if (!parse_uint(value, UINT64_MAX, &peer->rx_bytes))
			return -EPROTO;
	} else if (!strcmp(key, "tx_bytes")) {
		if (!parse_uint(value, UINT64_MAX, &peer->tx_bytes))
			return -EPROTO;
	}
	return 0;
}

static int take_line(struct wgc_uapi_parser *p)
{
	char *key = p->line, *value;
	struct wgc_device *d = p->device;
	uint64_t n;
	int r;

	if (!p->len) {
		p->done = true;
		return 0;
	}
	key[p->len] = '\0';
	value = strchr(key, '=');
	/* No line of the protocol has a NUL or lacks the '='. */
	if (strlen(key) != p->len || !value)
		return -EPROTO;
	*value++ = '\0';

	if (!strcmp(key, "errno")) {
		if (*value == '-') /* both signs are in use */
			value++;
		if (!parse_uint(value, INT32_MAX, &n))
			return -EPROTO;
		p->reply = (int)n;
		p->got_reply = true;
		return 0;
	}
	if (!strcmp(key, "public_key")) {
		struct wgc_key public_key;

		if (wgc_key_parse_hex(value, strlen(value), &public_key))
			return -EPROTO;
		p->peer = wgc_arena_push(p->arena, &d->peers, &d->n_peers, &d->cap_peers, sizeof(*d->peers));
		if (!p->peer)
			return -ENOMEM;
		p->peer->public_key = public_key;
		return 0;
	}
	if (p->peer)
		return peer_line(p, key, value);
	r = device_line(d, key, value);
	return r > 0 ? 0 : r;
}

bool wgc_uapi_parser_feed(struct wgc_uapi_parser *p, const char *bytes, size_t n)
{
	while (n && !p->done && !p->error) {
		const char *end = memchr(bytes, '\n', n);
		size_t part = end ? (size_t)(end - bytes) : n;

		if (part >= sizeof(p->line) - p->len) {
			p->error = -EPROTO;
			break;
		}
		memcpy(p->line + p->len, bytes, part);
		p->len += part;
		bytes += part;
		n -= part;
		if (end) {
			p->error = take_line(p);
			p->len = 0;
			bytes++;
			n--;
		}
	}
	return !p->done && !p->error;
}

int wgc_uapi_parser_finish(struct wgc_uapi_parser *p, struct wgc_device **ret, struct wgc_err *err)
{
	struct wgc_device *d = p->device;
	int r = p->error, reply = p->reply;
	bool whole = p->done && p->got_reply;

	wgc_wipe(p, sizeof(*p));
	if (r == -ENOMEM)
		return wgc_err_nomem(err);
	if (r)
		return wgc_err_set(err, WGC_E_IO, -r, "the userspace implementation sent a reply that makes no sense");
	if (!whole)
		return wgc_err_set(err, WGC_E_IO, EPROTO, "the userspace implementation broke off its reply");
	if (reply)
		return wgc_err_set(err, WGC_E_KERNEL, reply, "the userspace implementation refused: %s", strerror(reply));
	*ret = d;
	return 0;
}

int wgc_uapi_parse(const char *text, size_t len, struct wgc_arena *a, struct wgc_device **ret, struct wgc_err *err)
{
	struct wgc_uapi_parser p;

	if (wgc_uapi_parser_init(&p, a))
		return wgc_err_nomem(err);
	wgc_uapi_parser_feed(&p, text, len);
	return wgc_uapi_parser_finish(&p, ret, err);
}
