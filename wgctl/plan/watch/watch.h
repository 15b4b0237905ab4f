/* SPDX-License-Identifier: GPL-2.0 */
/* watch: what the files share that look after tunnels that are up. */
#ifndef WGC_PLAN_WATCH_H
#define WGC_PLAN_WATCH_H

#include "config/config.h"
#include "plan/watch/care.h"
#include "plan/internal.h"

/* ---- names (lookups.c) ------------------------------------------------------------ */

struct wgc_lookups;
/** Look the @n names up in the background, also of servers beside the tunnel, for at most @wait_seconds. 0 or -errno. */
int wgc_lookups_start(struct wgc_sys *sys, const struct wgc_lookup *v, size_t n, const struct wgc_outside *outside, unsigned wait_seconds,
		      struct wgc_lookups **ret);
/** Readable when it is through. */
int wgc_lookups_fd(const struct wgc_lookups *l);
/** The answers, in order; NULL while there are none. */
const struct wgc_lookup *wgc_lookups_results(struct wgc_lookups *l);
/** Break off, and free; NULL-safe; returns NULL. */
struct wgc_lookups *wgc_lookups_end(struct wgc_lookups *l);

/* ---- one tunnel (tend.c) ------------------------------------------------------------ */

struct wgc_tended_peer {
	const struct wgc_profile_peer *from;
	struct wgc_care care;
	union wgc_sockaddr *v; /* the last answer: addresses in order of preference; heap */
	size_t n;
	bool named;	 /* a name is among its endpoints */
	bool asked;	 /* the running look-up is for it */
	bool refresh;	 /* look its names up though it is well */
	int64_t looked;	 /* when that was last done */
	bool gone;	 /* not on the device */
	bool routed;	 /* `route` is known */
	struct wgc_route route; /* the way to its endpoint */
	char trouble[128]; /* what was last said of it */
};

struct wgc_tended {
	struct wgc_watch *w;
	char *name, *ifname, *path;
	struct wgc_arena *arena; /* what `where` holds */
	struct wgc_up_info where; /* its namespaces */
	bool placed; /* they are not simply the caller's */
	char *servers;	 /* name servers that were there before it */
	int64_t since;	 /* when it was brought up: another time is another tunnel */
	char fingerprint[33]; /* of the profile that was applied last */
	bool there;	 /* in this round */
	bool unreadable; /* and that was said */
	struct wgc_diags diags;
	struct wgc_source source;
	struct wgc_profile *profile; /* NULL when it cannot be read */
	struct wgc_tended_peer *peers;
	size_t n_peers; /* those with endpoints */
	struct wgc_lookups *lookups;
	uint32_t mtu;	  /* as the paths gave it last; 0 = not known */
	int64_t hold;	  /* nothing is added again before this */
	unsigned fights;  /* how often something had to be added again, of late */
	int64_t fought;
	char trouble[256];
};

/** Go where the tunnel lives, and back. False when that is gone; then there is nothing to go back from. */
bool wgc_tended_enter(struct wgc_tended *t);
void wgc_tended_leave(struct wgc_tended *t);
/** Make the link anew whose packets cannot leave any more, since their namespace is gone. */
void wgc_tended_heal(struct wgc_tended *t);
/** Make the tunnel what its profile says now; what stands in the way of that is logged. */
void wgc_tended_reload(struct wgc_tended *t);
/** Read the profile (again). */
void wgc_tended_load(struct wgc_tended *t);
void wgc_tended_done(struct wgc_tended *t);
/** Look at the peers, and do what is due. @network: it may have changed. */
void wgc_tended_look(struct wgc_tended *t, bool network);
/** The look-up is through. */
void wgc_tended_answers(struct wgc_tended *t);
/** Put back what others removed (WGC_AGAIN_*); when it must be done once more, the time for it, else 0. */
int64_t wgc_tended_reassert(struct wgc_tended *t, unsigned what);

/* ---- all of them (watch.c) ------------------------------------------------------------ */

struct wgc_watch {
	struct wgc_sys *sys;
	const struct wgc_watch_run *run;
	struct wgc_times times;
	struct wgc_events *events;
	struct wgc_tended *v;
	size_t n;
	int64_t next_look;
	int nft; /* tells when a table of ours goes; -1: the kernel has no nftables */
	int64_t next_names; /* are the resolvers still the tunnel's? Nobody tells when they are not */
	int64_t settled; /* when the burst of events is taken to be over; 0 = there was none */
	int64_t first;	 /* of the burst */
	char trouble[256]; /* what was last said of `physical` */
};

/** A line for the log about tunnel @t, or (NULL) all. */
void wgc_watch_log(const struct wgc_watch *w, const struct wgc_tended *t, const char *fmt, ...) WGC_PRINTF(3, 4);

#endif
