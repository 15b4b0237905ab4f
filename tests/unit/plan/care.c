// SPDX-License-Identifier: GPL-2.0
/* When an endpoint is in doubt, how long to wait, which address comes next. */
#include <arpa/inet.h>
#include <errno.h>

#include "plan/watch/care.h"
#include "unit/tap.h"

#define SECOND 1000

static union wgc_sockaddr at(const char *ip, uint16_t port)
{
	union wgc_sockaddr sa = { 0 };

	if (inet_pton(AF_INET, ip, &sa.in.sin_addr) == 1) {
		sa.in.sin_family = AF_INET;
		sa.in.sin_port = htons(port);
	} else {
		sa.in6.sin6_family = AF_INET6;
		inet_pton(AF_INET6, ip, &sa.in6.sin6_addr);
		sa.in6.sin6_port = htons(port);
	}
	return sa;
}

/* A peer looked at at second @now of a world that began at 1,000,000. */
static enum wgc_care_state look(struct wgc_care *c, struct wgc_peer *p, int64_t now)
{
	wgc_care_note(c, p, now * SECOND);
	return wgc_care_judge(c, p, &wgc_times_usual, 1000000 + now, now * SECOND);
}

static void never_answered(void)
{
	struct wgc_peer p = { .endpoint = at("192.0.2.1", 1) };
	struct wgc_care c = { 0 };

	is_int(look(&c, &p, 0), WGC_CARE_GOOD); /* nobody sends */
	is_int(look(&c, &p, 600), WGC_CARE_GOOD);
	p.tx_bytes = 148;
	is_int(look(&c, &p, 601), WGC_CARE_DEAD);
	c.since = 601 * SECOND; /* another endpoint was set */
	p.tx_bytes += 148;
	is_int(look(&c, &p, 610), WGC_CARE_WAITING);
	is_int(look(&c, &p, 617), WGC_CARE_WAITING);
	is_int(look(&c, &p, 618), WGC_CARE_DEAD);
	p.endpoint.sa.sa_family = 0;
	is_int(look(&c, &p, 619), WGC_CARE_LOST);
}

static void keepalive_alone(void)
{
	struct wgc_peer p = { .endpoint = at("192.0.2.1", 1), .keepalive = 25 };
	struct wgc_care c = { 0 };

	is_int(look(&c, &p, 0), WGC_CARE_WAITING);
	is_int(look(&c, &p, 17), WGC_CARE_DEAD);
}

static void grows_old(void)
{
	struct wgc_peer p = { .endpoint = at("192.0.2.1", 1), .last_handshake.tv_sec = 1000000 };
	struct wgc_care c = { 0 };

	is_int(look(&c, &p, 0), WGC_CARE_GOOD);
	p.rx_bytes = p.tx_bytes = 100;
	is_int(look(&c, &p, 1), WGC_CARE_GOOD);
	/* Idle: old, but nobody minds. */
	p.rx_bytes++;
	is_int(look(&c, &p, 100), WGC_CARE_GOOD);
	is_int(look(&c, &p, 500), WGC_CARE_GOOD);
	/* Sent, and nothing came for 15 s and long before. */
	p.tx_bytes++;
	is_int(look(&c, &p, 501), WGC_CARE_DEAD);
	/* Something comes: a session that lives, whatever its age. */
	p.rx_bytes++;
	is_int(look(&c, &p, 502), WGC_CARE_GOOD);
	p.tx_bytes++;
	is_int(look(&c, &p, 510), WGC_CARE_GOOD);
	is_int(look(&c, &p, 517), WGC_CARE_GOOD);
	is_int(look(&c, &p, 518), WGC_CARE_DEAD);
	p.last_handshake.tv_sec = 1000518;
	is_int(look(&c, &p, 519), WGC_CARE_GOOD);
	p.tx_bytes++;
	/* 135 s is within, 136 is not; by 181 no session can be left. */
	is_int(look(&c, &p, 518 + 135), WGC_CARE_GOOD);
	is_int(look(&c, &p, 518 + 136), WGC_CARE_STALE);
	is_int(look(&c, &p, 518 + 180), WGC_CARE_STALE);
	is_int(look(&c, &p, 518 + 181), WGC_CARE_DEAD);
	/* The clock was set back behind the handshake: silence still counts. */
	p.last_handshake.tv_sec = 2000000;
	is_int(look(&c, &p, 800), WGC_CARE_DEAD);
}

static void waits(void)
{
	const struct wgc_times *t = &wgc_times_usual;

	is_int(wgc_care_delay(t, 1, 0, 0), 200);
	is_int(wgc_care_delay(t, 2, 0, 0), 400);
	is_int(wgc_care_delay(t, 3, 0, 0), 800);
	is_int(wgc_care_delay(t, 7, 0, 0), 12800);
	is_int(wgc_care_delay(t, 8, 0, 0), 25000);
	is_int(wgc_care_delay(t, 4000000000u, 0, 0), 25000);
	/* RefreshEndpoints takes over when it is longer. */
	is_int(wgc_care_delay(t, 2, 300 * SECOND, 0), 400);
	is_int(wgc_care_delay(t, 8, 300 * SECOND, 0), 300 * SECOND);
	is_int(wgc_care_delay(t, 8, 5 * SECOND, 0), 25000);
	/* Up to a quarter less, by chance. */
	ok(wgc_care_delay(t, 8, 0, 1023) < 19000 && wgc_care_delay(t, 8, 0, 1023) >= 18750);
	ok(wgc_care_delay(t, 1, 0, UINT32_MAX) >= 150);
}

static void which(void)
{
	const union wgc_sockaddr v[] = { at("192.0.2.1", 1), at("2001:db8::1", 1), at("192.0.2.2", 1) };
	const union wgc_sockaddr other = at("192.0.2.9", 1), port = at("192.0.2.1", 2), none = { 0 };
	const bool all[] = { true, true, true }, no6[] = { true, false, true }, nothing[] = { false, false, false },
		   first[] = { true, false, false };

	is_int(wgc_care_choose(v, 3, all, &none), 0);
	is_int(wgc_care_choose(v, 3, all, &other), 0); /* the name has changed, or it roamed */
	is_int(wgc_care_choose(v, 3, all, &port), 0);
	is_int(wgc_care_choose(v, 3, all, &v[0]), 1);
	is_int(wgc_care_choose(v, 3, no6, &v[0]), 2);
	is_int(wgc_care_choose(v, 3, all, &v[2]), 0); /* and round again */
	is_int(wgc_care_choose(v, 3, nothing, &v[1]), 2);
	is_int(wgc_care_choose(v, 3, nothing, &none), 0);
	is_int(wgc_care_choose(v, 3, first, &v[0]), 3); /* the others lead nowhere at all */
	is_int(wgc_care_choose(v, 1, all, &v[0]), 1);
	is_int(wgc_care_choose(v, 0, all, &v[0]), 0);
}

static void intervals(void)
{
	struct wgc_times t = wgc_times_usual;

	is_int(wgc_times_parse("stale=3000,poll=200", &t), 0);
	is_int(t.stale, 3000);
	is_int(t.poll, 200);
	is_int(t.retry_max, 25000);
	is_int(wgc_times_parse("stale=", &t), -EINVAL);
	is_int(wgc_times_parse("stale=0", &t), -EINVAL);
	is_int(wgc_times_parse("stale=5x", &t), -EINVAL);
	is_int(wgc_times_parse("never=5", &t), -EINVAL);
	is_int(wgc_times_parse("stale", &t), -EINVAL);
	is_int(wgc_times_parse("", &t), 0);
}

int main(void)
{
	never_answered();
	keepalive_alone();
	grows_old();
	waits();
	which();
	intervals();
	return tap_done();
}
