/* SPDX-License-Identifier: GPL-2.0 */
/*
 * care: what is decided about a peer whose endpoint may move. Pure: numbers in,
 * a verdict out; watch.c does the looking and the setting.
 */
#ifndef WGC_PLAN_CARE_H
#define WGC_PLAN_CARE_H

#include "model/model.h"

/* How long things take, in milliseconds. */
struct wgc_times {
	unsigned poll;	    /* between two looks at the peers */
	unsigned stale;	    /* a handshake older than this, */
	unsigned quiet;	    /* and nothing received for this long though we send: the endpoint is in doubt */
	unsigned dead;	    /* no session outlives a handshake of this age */
	unsigned attempt;   /* what an endpoint gets to answer before the next one is tried */
	unsigned names;	    /* between two looks at the resolvers */
	unsigned settle;    /* after the last of a burst of events */
	unsigned retry_min, retry_max; /* between attempts, doubling */
};
extern const struct wgc_times wgc_times_usual;
/** "stale=3000,poll=200": for tests. 0 or -EINVAL. */
int wgc_times_parse(const char *text, struct wgc_times *t);

/* What is remembered of a peer. Zero-initialise. Times are wgc_now_ms. */
struct wgc_care {
	bool seen;
	uint64_t rx, tx;
	int64_t rx_at; /* when something last came */
	int64_t tx_at; /* when something last went out */
	int64_t since; /* when its endpoint was last set, or it was first seen */
	unsigned tries; /* in a row, in vain */
	int64_t next;  /* no attempt before this */
};

enum wgc_care_state {
	WGC_CARE_GOOD,	  /* there is a session, or nobody wants one */
	WGC_CARE_WAITING, /* no answer yet, and none is overdue */
	WGC_CARE_STALE,	  /* it should have answered: its name may lead elsewhere by now */
	WGC_CARE_DEAD,	  /* there is no session and it does not make one: another address may be better */
	WGC_CARE_LOST,	  /* it has no endpoint */
};

/** Take in how the peer is now. */
void wgc_care_note(struct wgc_care *c, const struct wgc_peer *p, int64_t now_ms);
/** @wall: seconds since the epoch. */
enum wgc_care_state wgc_care_judge(const struct wgc_care *c, const struct wgc_peer *p, const struct wgc_times *t, int64_t wall,
				   int64_t now_ms);
/**
 * Milliseconds to wait after @tries attempts in vain: doubling from retry_min
 * to retry_max, then @refresh_ms where that is longer; up to a quarter less, by
 * @random, so that a thousand clients do not ask in step.
 */
int64_t wgc_care_delay(const struct wgc_times *t, unsigned tries, int64_t refresh_ms, uint32_t random);
/**
 * Which of the @n addresses in order of preference to try now, when @current is
 * the one in doubt: the next one behind it, or the first when it is none of them;
 * unreachable ones only when all are. @n when there is none but @current.
 */
size_t wgc_care_choose(const union wgc_sockaddr *v, size_t n, const bool *reachable, const union wgc_sockaddr *current);
/** Equal in family, address, port and scope. */
bool wgc_sockaddr_same(const union wgc_sockaddr *a, const union wgc_sockaddr *b);

#endif
