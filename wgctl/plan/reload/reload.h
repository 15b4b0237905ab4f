/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What `reload` and `diff` are made of: three sides are compared, the profile
 * (what is wanted), what was last applied, and what the kernel has now.
 * What is wanted and missing or different is set. What is there and not wanted
 * goes if it was applied once; else it is somebody else's, and is only told of.
 */
#ifndef WGC_PLAN_RELOAD_H
#define WGC_PLAN_RELOAD_H

#include "plan/internal.h"

/* ---- peers by their key --------------------------------------------------------- */

struct wgc_key_map {
	uint32_t *slots; /* index + 1; 0: free */
	const struct wgc_key **keys;
	size_t mask;
	struct wgc_hash_seed seed;
};
/** For up to @n keys. 0 or -ENOMEM. */
int wgc_key_map_init(struct wgc_key_map *m, size_t n);
void wgc_key_map_done(struct wgc_key_map *m);
/** @key stays the caller's; one that is there already is replaced. */
void wgc_key_map_put(struct wgc_key_map *m, const struct wgc_key *key, size_t index);
bool wgc_key_map_find(const struct wgc_key_map *m, const struct wgc_key *key, size_t *ret);

/* ---- what was last applied -------------------------------------------------------- */

struct wgc_applied_peer {
	struct wgc_key key;
	uint32_t flags;	    /* WGC_PEER_HAS_PRESHARED_KEY, WGC_PEER_HAS_KEEPALIVE */
	uint64_t endpoints; /* hash of what was written; 0: nothing was */
	size_t first_ip, n_ips;
	const struct wgc_applied_peer *older; /* the same key once more */
};

struct wgc_applied {
	uint32_t mtu;  /* 0: it was automatic */
	uint32_t mark; /* of the device; 0: none */
	struct wgc_prefix *addresses;
	size_t n_addresses, cap_addresses;
	struct wgc_texts dns, search;
	struct wgc_applied_peer *peers;
	size_t n_peers, cap_peers;
	struct wgc_prefix *ips; /* of all peers, masked */
	size_t n_ips, cap_ips;
	struct wgc_key_map map;
	bool all;  /* everything was: for going back to what was found */
	bool same; /* just what the profile says now: nothing is listed here */
};

/** A hash of a peer's endpoints as written: has the profile changed them? */
uint64_t wgc_applied_endpoints(const struct wgc_profile_peer *p);
void wgc_applied_done(struct wgc_applied *l);
/** NULL: no such peer was applied. */
const struct wgc_applied_peer *wgc_applied_peer(const struct wgc_applied *l, const struct wgc_key *key);
/** @p may be NULL; @ip is masked. */
bool wgc_applied_has_ip(const struct wgc_applied *l, const struct wgc_applied_peer *p, const struct wgc_prefix *ip);
bool wgc_applied_has_address(const struct wgc_applied *l, const struct wgc_prefix *address);
/** Write what @plan asks for to the file @name (WGC_APPLIED or WGC_APPLIED_NEXT) beside the journal. */
int wgc_applied_write(struct wgc_journal *j, const char *name, const struct wgc_plan *plan, struct wgc_err *err);
/** Read both files, as far as they are there. */
int wgc_applied_read(struct wgc_journal *j, struct wgc_arena *a, struct wgc_applied *ret, struct wgc_err *err);

/* ---- the device --------------------------------------------------------------------- */

enum wgc_peer_change {
	WGC_CHANGE_ADD = 1 << 0,
	WGC_CHANGE_REMOVE = 1 << 1,
	WGC_CHANGE_PRESHARED_KEY = 1 << 2,
	WGC_CHANGE_KEEPALIVE = 1 << 3,
	WGC_CHANGE_ENDPOINT = 1 << 4,
	WGC_CHANGE_RESOLVE = 1 << 5, /* the endpoint, when it is known */
	WGC_CHANGE_ALLOWED_IPS = 1 << 6,
};

struct wgc_changed_peer {
	unsigned what;
	const struct wgc_peer *want, *have; /* one of them may be NULL */
	size_t index;	   /* of @want among the profile's peers */
	size_t slot;	   /* in the message; SIZE_MAX: nothing is sent for it */
	uint32_t added;	   /* allowed IPs */
	uint32_t first_removed, n_removed; /* in wgc_delta.removed */
};

/* Something in the kernel that the profile does not speak of. */
struct wgc_foreign {
	const char *word; /* "peer", "address", ... */
	const char *text;
};

struct wgc_delta {
	struct wgc_device message; /* what to send; keys in it: the arena is wiped when it is freed */
	bool private_key, port; /* in it */
	bool mark; /* changes, to this, in a message of its own */
	uint32_t fwmark;
	struct wgc_changed_peer *peers;
	size_t n_peers, cap_peers;
	struct wgc_prefix *removed; /* allowed IPs that leave a peer and go to no other */
	size_t n_removed, cap_removed;
	size_t n_resolve; /* peers whose endpoint is still to be found */
};

struct wgc_delta_sides {
	const struct wgc_device *want;
	const struct wgc_profile_peer *profile; /* of the same peers, in the same order; NULL: endpoints are as in @want */
	const struct wgc_applied *applied;
	const struct wgc_device *have;
};

struct wgc_foreigns {
	struct wgc_foreign *v;
	size_t n, cap;
};
/** Note something that is nobody's business but should be seen. 0 or -ENOMEM. */
int wgc_foreign_add(struct wgc_foreigns *f, struct wgc_arena *a, const char *word, const char *fmt, ...) WGC_PRINTF(4, 5);

/**
 * The one message that makes the device what is wanted, and what changes in
 * it. Allowed IPs that go from one peer to another move in one step, with no
 * moment in which they are nobody's. Pure; all of it lives in @a. 0 or -ENOMEM.
 */
int wgc_delta_device(const struct wgc_delta_sides *sides, struct wgc_arena *a, struct wgc_delta *ret, struct wgc_foreigns *foreign);
/**
 * What the device is to be so that @d is taken back, which was made from @was: as it is @now, but for what @d changed.
 * Pure; what is not in @was or @now lives in @a. 0 or -ENOMEM.
 */
int wgc_delta_back(const struct wgc_delta *d, const struct wgc_device *was, const struct wgc_device *now, struct wgc_arena *a,
		   struct wgc_device *ret);
static inline bool wgc_delta_is_empty(const struct wgc_delta *d)
{
	return !d->n_peers && !d->private_key && !d->port;
}
/** Say what changes at one peer: "+peer", "laptop (AbCd...): endpoint, 2 allowed IPs". */
void wgc_delta_peer_text(const struct wgc_delta *d, const struct wgc_changed_peer *c, const struct wgc_profile *p,
			 struct wgc_str *out);

/* ---- the rest ------------------------------------------------------------------------- */

/* What the kernel has of the tunnel. */
struct wgc_live {
	struct wgc_link link;
	struct wgc_device *device;
	struct wgc_ifaddr *addrs;
	size_t n_addrs;
	struct wgc_route *routes; /* through the link, whoever made them; those by a gateway are not among them */
	size_t n_routes;
};

/* What a plan of `reload` has beside its steps. */
/* A route of no link that is ours: its record's place in the history. In lists sorted by the first member. */
struct wgc_owned {
	struct wgc_route route;
	size_t record;
};

struct wgc_reload {
	const struct wgc_history *history;
	struct wgc_owned *owned; /* what the history says */
	size_t n_owned;
	struct wgc_undo *undo; /* for what looks at records */
	struct wgc_applied applied;
	struct wgc_live live;
	struct wgc_delta delta;
	struct wgc_foreigns foreign;
	struct wgc_ifaddr *addrs; /* first those to add, then those to delete */
	size_t n_add, n_delete;
	struct wgc_route *routes; /* those that steps add or delete */
	size_t n_routes, cap_routes;
	size_t base; /* number of the last step in the journal */
};

/**
 * From a plan of `up` for a tunnel that is up to the steps that are missing:
 * what is there already drops out, what differs becomes a change, what is not
 * wanted any more is taken back, last. @routes is all that the kernel has.
 */
int wgc_reload_build(const struct wgc_plan *up, struct wgc_reload *r, const struct wgc_route *routes, size_t n_routes,
		     struct wgc_plan *ret, struct wgc_err *err);
/** Read from the history which routes of no link are ours. 0 or -ENOMEM. */
int wgc_reload_read_owned(struct wgc_reload *r, struct wgc_arena *a);
/** The one of them that is @route, or NULL. */
const struct wgc_owned *wgc_reload_owned(const struct wgc_reload *r, const struct wgc_route *route);
/** Look up the endpoints that changed, and put what is found into the message. */
int wgc_reload_resolve(struct wgc_exec *x, struct wgc_err *err);
/** As it was before the reload, as far as that goes; what does not is told. */
void wgc_reload_back(struct wgc_exec *x, struct wgc_arena *a);
/** Have it taken back after run->confirm_seconds; see wgc_confirm_arm. Before the first step. */
int wgc_reload_arm(struct wgc_exec *x, struct wgc_arena *a, int *ret_hold, struct wgc_err *err);
/** 0, or -EBUSY while an earlier reload, or another one before this that is to be confirmed, still waits for that. */
int wgc_reload_unconfirmed(struct wgc_journal *j, const struct wgc_profile *p, const struct wgc_run *run, struct wgc_err *err);
/** `reload` of a profile whose journal is locked and read: @h. */
int wgc_reload_locked(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_run *run, struct wgc_journal *journal,
		      const struct wgc_history *h, struct wgc_arena *a, struct wgc_err *err);
/** The members of a journal's first record that a profile decides; they follow it when it changes. */
void wgc_head_numbers(const struct wgc_plan *plan, struct wgc_json *j); /* mark, table, priorities only */
void wgc_head_members(const struct wgc_plan *plan, struct wgc_json *j);

#endif
