/* SPDX-License-Identifier: GPL-2.0 */
/* A conversation with systemd-resolved over the system bus, in bounded time. Only where there is libsystemd. */
#ifndef WGC_DNS_BUS_H
#define WGC_DNS_BUS_H

#ifdef WGC_HAVE_LIBSYSTEMD

#include "dns/internal.h"
#include "dns/systemd.h"

#define WGC_DNS_RESOLVE1 "org.freedesktop.resolve1"
#define WGC_DNS_NETWORK1 "org.freedesktop.network1"

/* All calls together have until @deadline. */
struct wgc_dns_talk {
	sd_bus *bus;
	uint64_t deadline; /* monotonic, us */
	bool busy;	   /* networkd manages the link */
};

/** Connect; 5 s for everything from now on. -EOPNOTSUPP without libsystemd. */
int wgc_dns_talk_open(struct wgc_dns_talk *t, const struct wgc_dns_paths *paths, struct wgc_err *err);
void wgc_dns_talk_done(struct wgc_dns_talk *t);
/** As much time again, to clean up after a failure. */
void wgc_dns_talk_again(struct wgc_dns_talk *t);
/** Time until the deadline in us, at least 1. */
uint64_t wgc_dns_talk_left(const struct wgc_dns_talk *t);
/** Monotonic time in us. */
uint64_t wgc_dns_now_us(void);
/** One method call. As sd_bus_call; -ETIMEDOUT at the deadline. */
int wgc_dns_talk_call(struct wgc_dns_talk *t, sd_bus_message *m, sd_bus_error *e, sd_bus_message **ret_reply);
/** Record @e (may be NULL) in its own words, or @r in those of the C library. Returns @r. */
int wgc_dns_talk_error(struct wgc_err *err, int r, const sd_bus_error *e, const char *doing);
/** -EXDEV when resolved lives in another network namespace than we; @ret_peer is its process. */
int wgc_dns_talk_netns(struct wgc_dns_talk *t, pid_t *ret_peer, struct wgc_err *err);

#endif
#endif
