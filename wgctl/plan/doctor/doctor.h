/* SPDX-License-Identifier: GPL-2.0 */
/* doctor: one row per check; what all of them may look at. */
#ifndef WGC_PLAN_DOCTOR_H
#define WGC_PLAN_DOCTOR_H

#include "plan/internal.h"

struct wgc_doctor {
	struct wgc_sys *sys;
	struct wgc_arena *arena;
	const struct wgc_doctor_ask *ask;
	const struct wgc_up_info *info;	    /* NULL: not up */
	const struct wgc_profile *profile;  /* NULL: cannot be read */
	const struct wgc_profile_peer **by_key; /* its peers, sorted */
	const char *ifname;
	struct wgc_link link;		    /* ifindex 0: there is none */
	struct wgc_device *device;	    /* NULL: cannot be read */
	struct wgc_err device_err;	    /* why not */
	struct wgc_route *routes;	    /* all tables; not when brief */
	size_t n_routes;
	struct wgc_rule *rules;
	size_t n_rules;
	struct wgc_link *links;
	size_t n_links;
	int64_t now; /* seconds since the epoch */
	bool silent_peer; /* one that should have answered has not */
	/* the check at work */
	const char *check;
	size_t said;
	size_t problems;
};

struct wgc_doctor_check {
	const char *name;
	void (*look)(struct wgc_doctor *d);
	const char *fine; /* said when there was nothing to say */
	bool brief;	  /* quick: `status` looks at it too */
};

/** Something was found; @hint may be NULL. */
void wgc_doctor_say(struct wgc_doctor *d, enum wgc_finding_level level, const char *hint, const char *fmt, ...) WGC_PRINTF(4, 5);
#define wgc_problem(d, hint, ...) wgc_doctor_say(d, WGC_FINDING_PROBLEM, hint, __VA_ARGS__)
#define wgc_remark(d, hint, ...) wgc_doctor_say(d, WGC_FINDING_NOTE, hint, __VA_ARGS__)
#define wgc_unseen(d, hint, ...) wgc_doctor_say(d, WGC_FINDING_UNKNOWN, hint, __VA_ARGS__)

/** A peer as people know it; valid until the next but one call. */
const char *wgc_doctor_peer(const struct wgc_doctor *d, const struct wgc_key *key);
/** The peer of the profile with @key, or NULL. */
const struct wgc_profile_peer *wgc_doctor_from(const struct wgc_doctor *d, const struct wgc_key *key);
/** The name of a link, "?" when there is none. */
const char *wgc_doctor_link(const struct wgc_doctor *d, uint32_t ifindex);
/** The address of an endpoint. */
struct wgc_ip wgc_doctor_ip(const union wgc_sockaddr *sa);

/* doctor_peers.c */
void wgc_doctor_module(struct wgc_doctor *d);
void wgc_doctor_state(struct wgc_doctor *d);
void wgc_doctor_clock(struct wgc_doctor *d);
void wgc_doctor_handshake(struct wgc_doctor *d);
void wgc_doctor_names(struct wgc_doctor *d);
void wgc_doctor_endpoint(struct wgc_doctor *d);
void wgc_doctor_mtu(struct wgc_doctor *d);
/* doctor_routing.c */
void wgc_doctor_rp_filter(struct wgc_doctor *d);
void wgc_doctor_overlap(struct wgc_doctor *d);
void wgc_doctor_missing(struct wgc_doctor *d);
void wgc_doctor_rules(struct wgc_doctor *d);
void wgc_doctor_forwarding(struct wgc_doctor *d);
void wgc_doctor_ipv6(struct wgc_doctor *d);
/* doctor_others.c */
void wgc_doctor_firewall(struct wgc_doctor *d);
void wgc_doctor_dns(struct wgc_doctor *d);
void wgc_doctor_managers(struct wgc_doctor *d);

#endif
