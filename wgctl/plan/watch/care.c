// SPDX-License-Identifier: GPL-2.0
/* When an endpoint is in doubt, when to try again, and which address then. */
#include "plan/watch/care.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * stale: an initiator renews a session of 120 s with the next packet, and has
 * 15 s for that. quiet: whoever receives answers within 10 s, be it with a
 * keepalive; 5 s for the way. dead: whoever answered the last handshake may wait
 * for 180 s before he begins one himself. attempt: three handshakes, one every 5 s.
 */
const struct wgc_times wgc_times_usual = {
	.poll = 5000,
	.stale = 135000,
	.quiet = 15000,
	.dead = 180000,
	.attempt = 16000,
	.names = 30000,
	.settle = 1000,
	.retry_min = 200,
	.retry_max = 25000,
};

int wgc_times_parse(const char *text, struct wgc_times *t)
{
	const struct {
		const char *name;
		unsigned *value;
	} keys[] = { { "poll", &t->poll },	     { "stale", &t->stale },   { "quiet", &t->quiet },
		     { "dead", &t->dead },	     { "attempt", &t->attempt },     { "settle", &t->settle }, { "retry_min", &t->retry_min },
		     { "retry_max", &t->retry_max }, { "names", &t->names } };

	for (const char *p = text; *p;) {
		size_t name = strcspn(p, "="), i;
		char *end;

		for (i = 0; i < WGC_ARRAY_SIZE(keys); i++)
			if (strlen(keys[i].name) == name && !strncmp(keys[i].name, p, name))
				break;
		if (i == WGC_ARRAY_SIZE(keys) || p[name] != '=' || p[name + 1] < '1' || p[name + 1] > '9')
			return -EINVAL;
		*keys[i].value = (unsigned)strtoul(p + name + 1, &end, 10);
		if (*end && *end != ',')
			return -EINVAL;
		p = *end ? end + 1 : end;
	}
	return 0;
}

void wgc_care_note(struct wgc_care *c, const struct wgc_peer *p, int64_t now_ms)
{
	if (!c->seen) {
		c->since = c->rx_at = now_ms;
		c->seen = true;
	} else {
		/* Any change: counters begin anew when a peer is replaced. */
		if (p->rx_bytes != c->rx)
			c->rx_at = now_ms;
		if (p->tx_bytes != c->tx)
			c->tx_at = now_ms;
	}
	c->rx = p->rx_bytes;
	c->tx = p->tx_bytes;
}

enum wgc_care_state wgc_care_judge(const struct wgc_care *c, const struct wgc_peer *p, const struct wgc_times *t, int64_t wall,
				   int64_t now_ms)
{
	int64_t shaken = p->last_handshake.tv_sec;
	bool wanted = p->keepalive || c->tx_at >= c->rx_at;
	int64_t heard = c->rx_at > c->since ? c->rx_at : c->since;

	if (!p->endpoint.sa.sa_family)
		return WGC_CARE_LOST;
	if (!shaken) {
		if (!p->keepalive && !c->tx_at && !p->tx_bytes)
			return WGC_CARE_GOOD; /* nobody has anything to say to it */
		return now_ms - c->since > (int64_t)t->attempt ? WGC_CARE_DEAD : WGC_CARE_WAITING;
	}
	/* A clock that was set back makes ages negative: then only silence counts. */
	if (wall >= shaken && (wall - shaken) * 1000 <= (int64_t)t->stale)
		return WGC_CARE_GOOD;
	if (!wanted)
		return WGC_CARE_GOOD;
	if (now_ms - heard <= (int64_t)t->quiet)
		return c->tries ? WGC_CARE_WAITING : WGC_CARE_GOOD;
	return wall >= shaken && (wall - shaken) * 1000 <= (int64_t)t->dead ? WGC_CARE_STALE : WGC_CARE_DEAD;
}

int64_t wgc_care_delay(const struct wgc_times *t, unsigned tries, int64_t refresh_ms, uint32_t random)
{
	int64_t delay = t->retry_min;

	for (unsigned i = 1; i < tries && delay < (int64_t)t->retry_max; i++)
		delay *= 2;
	if (delay >= (int64_t)t->retry_max) {
		delay = t->retry_max;
		if (refresh_ms > delay)
			delay = refresh_ms;
	}
	return delay - delay / 4 * (int64_t)(random % 1024) / 1024;
}

bool wgc_sockaddr_same(const union wgc_sockaddr *a, const union wgc_sockaddr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_port == b->in.sin_port && a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	if (a->sa.sa_family == AF_INET6)
		return a->in6.sin6_port == b->in6.sin6_port && a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
		       !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
	return true;
}

size_t wgc_care_choose(const union wgc_sockaddr *v, size_t n, const bool *reachable, const union wgc_sockaddr *current)
{
	size_t start = 0, any = n;

	for (size_t i = 0; i < n; i++)
		if (wgc_sockaddr_same(&v[i], current))
			start = i + 1;
	for (size_t i = 0; i < n; i++) {
		size_t k = (start + i) % n;

		if (wgc_sockaddr_same(&v[k], current))
			continue;
		if (reachable[k])
			return k;
		if (any == n)
			any = k;
	}
	/* The present one leads somewhere, the others do not: better it. */
	for (size_t i = 0; i < n; i++)
		if (reachable[i])
			return n;
	return any;
}
