// SPDX-License-Identifier: GPL-2.0
/* Endpoint: HOST:PORT, not looked up. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "config/internal.h"

static const char form[] = "like vpn.example.org:51820, 192.0.2.1:51820 or [2001:db8::1]:51820";

/* @w cut in two. False: reported. */
static bool split(struct wgc_parse *c, const struct wgc_word *w, struct wgc_word *host, struct wgc_word *port)
{
	char *end;

	*host = *port = *w;
	if (w->s[0] == '[') {
		end = strchr(w->s, ']');
		if (!end) {
			wgc_bad(c, wgc_word_at(w, 0, 1), form, "this bracket is not closed");
			return false;
		}
		host->s++;
		host->len = (size_t)(end - w->s) - 1;
		host->at = wgc_word_at(w, 1, host->len);
		*end++ = '\0';
		if (*end != ':') {
			wgc_bad(c, wgc_word_at(w, 0, w->len), form, "Endpoint has no port");
			return false;
		}
	} else {
		/* The last one, as wg takes it. */
		end = strrchr(w->s, ':');
		if (!end) {
			wgc_bad(c, w->at, form, "Endpoint has no port");
			return false;
		}
		host->len = (size_t)(end - w->s);
		host->at = wgc_word_at(w, 0, host->len);
	}
	*end++ = '\0';
	port->s = end;
	port->len = w->len - (size_t)(end - w->s);
	port->at = wgc_word_at(w, (size_t)(end - w->s), port->len);
	if (!port->len) {
		wgc_bad(c, w->at, form, "Endpoint has no port");
		return false;
	}
	if (!host->len) {
		wgc_bad(c, w->at, form, "Endpoint has no host");
		return false;
	}
	return true;
}

/* Letters, digits, '-', '_' and dots with something between them; bytes of UTF-8 for international names. */
static bool name_ok(const char *s, size_t len)
{
	size_t label = 0;

	if (len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		char ch = s[i];

		if (ch == '.') {
			if (!label)
				return false;
			label = 0;
			continue;
		}
		if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' ||
		      (unsigned char)ch >= 0x80) ||
		    (ch == '-' && !label) || ++label > 63)
			return false;
	}
	return true;
}

/* "fe80::1%2": getaddrinfo takes a number for the scope; a name has to be looked up where the socket is. */
static bool scoped(const char *host, union wgc_sockaddr *ret, bool *is_v6)
{
	const char *scope = strchr(host, '%');
	char text[WGC_IP_TEXT];
	struct wgc_ip ip;
	uint64_t id;

	if (!scope || (size_t)(scope - host) >= sizeof(text))
		return false;
	memcpy(text, host, (size_t)(scope - host));
	text[scope - host] = '\0';
	if (wgc_ip_parse(text, &ip) || ip.family != AF_INET6 || !scope[1])
		return false;
	*is_v6 = true;
	if (wgc_parse_u64(scope + 1, UINT32_MAX, &id))
		return false;
	ret->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_scope_id = (uint32_t)id };
	memcpy(&ret->in6.sin6_addr, ip.b, 16);
	return true;
}

/* False: reported. A family of 0 in @ret: a name, or an address with a scope by name. */
static bool parse_host(struct wgc_parse *c, const struct wgc_word *host, bool brackets, union wgc_sockaddr *ret)
{
	bool v6 = strchr(host->s, ':');
	struct in_addr odd;
	struct wgc_ip ip;

	ret->sa.sa_family = AF_UNSPEC;
	if (v6 && !brackets && wgc_strict(c)) {
		wgc_bad(c, host->at, form, "an IPv6 address wants brackets: where it ends and the port begins is not clear");
		return false;
	}
	if (!wgc_ip_parse(host->s, &ip)) {
		if (ip.family == AF_INET) {
			ret->in = (struct sockaddr_in){ .sin_family = AF_INET };
			memcpy(&ret->in.sin_addr, ip.b, 4);
		} else {
			ret->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
			memcpy(&ret->in6.sin6_addr, ip.b, 16);
		}
		return true;
	}
	v6 = false;
	if (scoped(host->s, ret, &v6) || v6)
		return true;
	/* "127.1", "0x7f000001": to getaddrinfo, and so to wg, these are addresses. */
	if (inet_aton(host->s, &odd)) {
		if (wgc_strict(c)) {
			char text[WGC_IP_TEXT], hint[80];

			inet_ntop(AF_INET, &odd, text, sizeof(text));
			snprintf(hint, sizeof(hint), "if it is the address, write %s", text);
			wgc_bad(c, host->at, hint, "this host is neither a full address nor a name");
			return false;
		}
		ret->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = odd };
		return true;
	}
	if (wgc_strict(c) && (!name_ok(host->s, host->len) || strspn(host->s, "0123456789.") == host->len)) {
		wgc_bad_word(c, host, form, "is neither an address nor a host's name");
		return false;
	}
	return true;
}

/* What is looked up later shall be what wg would look up. */
static const char *port_text(struct wgc_parse *c, const struct wgc_word *port, int known, uint16_t number)
{
	char text[8];
	int n;

	if (known)
		return wgc_keep(c, port->s, port->len);
	n = snprintf(text, sizeof(text), "%u", number);
	return wgc_keep(c, text, (size_t)n);
}

WGC_SETTER(endpoint)
{
	struct wgc_profile_peer *peer = c->peer;
	bool brackets = w->s[0] == '[', good;
	struct wgc_word host, port;
	struct wgc_host_port e = { .at = w->at }, *slot;
	int r;

	if (!split(c, w, &host, &port))
		return;
	good = parse_host(c, &host, brackets, &e.numeric);
	r = wgc_parse_port(c, &port, true, &e.port_number);
	if (!r && !e.port_number && wgc_strict(c)) {
		wgc_bad(c, port.at, "from 1 to 65535", "nobody can be reached at port 0");
		return;
	}
	if (!good || r == -EINVAL)
		return;
	if (e.numeric.sa.sa_family == AF_INET)
		e.numeric.in.sin_port = htons(e.port_number);
	else if (e.numeric.sa.sa_family == AF_INET6)
		e.numeric.in6.sin6_port = htons(e.port_number);
	/* The port of a service is known only once it is looked up. */
	if (r == -ENOENT)
		memset(&e.numeric, 0, sizeof(e.numeric));
	e.host = wgc_keep(c, host.s, host.len);
	e.port = port_text(c, &port, r, e.port_number);
	if (c->mode != WGC_STRICT && c->format == WGC_FORMAT_INI)
		peer->n_endpoints = 0; /* wg: the last one counts */
	/* Nearly every peer has one: no room for four. */
	if (!peer->endpoints) {
		peer->endpoints = wgc_arena_alloc(c->arena, sizeof(*peer->endpoints));
		peer->cap_endpoints = peer->endpoints ? 1 : 0;
	}
	slot = wgc_arena_push(c->arena, &peer->endpoints, &peer->n_endpoints, &peer->cap_endpoints, sizeof(*slot));
	if (slot)
		*slot = e;
	else
		c->oom = true;
}
