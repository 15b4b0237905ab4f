/* SPDX-License-Identifier: GPL-2.0 */
/*
 * place: the namespaces of a tunnel. Its link lives in one, its home; its
 * encrypted packets leave from another one, where it was born. Usually both are
 * the caller's, and there is nothing to do.
 *
 * While a place is entered, the calling thread is in the home, sys->nl speaks
 * of it, and so does everything that goes by the thread: /proc/sys, /proc/net,
 * nftables, hooks. What concerns the way of encrypted packets asks
 * wgc_sys_outer().
 */
#ifndef WGC_PLAN_PLACE_H
#define WGC_PLAN_PLACE_H

#include "ns/ns.h"
#include "plan/internal.h"

struct wgc_place {
	int back;  /* where the thread came from */
	int home;  /* -1: not entered */
	int birth; /* -1: gone */
	bool apart; /* home and birth are two */
	bool heap; /* made by wgc_plan_enter */
	bool fresh; /* home is new: nobody has anything in there */
	bool made; /* nothing else holds home: the step netns.create gives it its name */
	char name[256]; /* of home, "" when it has none */
	char resolv_conf[320]; /* what resolvers in there are told; "" when home is the caller's */
	struct wgc_nl *caller_nl;
	struct wgc_nl *outer; /* in the birthplace; NULL: the same as sys->nl */
	const char *caller_resolv_conf;
};

/**
 * Enter the place that @p asks for; nothing when it asks for none. A home that
 * is named and does not exist is made, without its name. On failure nothing is
 * entered. *@place must stay until wgc_place_leave, which is to be called in any case.
 */
int wgc_place_of_profile(struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_place *place, struct wgc_err *err);
/**
 * Enter the place that a journal speaks of. -ENOENT without @err when its home
 * is gone: then nothing is entered, but the resolv.conf of that home is the one
 * that sys->dns changes. A birthplace that is gone is no failure.
 */
int wgc_place_of_history(struct wgc_sys *sys, const struct wgc_history *h, struct wgc_place *place, struct wgc_err *err);
/** sys->dns is of the resolv.conf that a journal's tunnel was given, wherever we are; the caller puts it back while @h lives. */
void wgc_place_use_resolv_conf(struct wgc_sys *sys, const struct wgc_history *h);
/** Back to where the thread came from. Does nothing for a place that was not entered. */
void wgc_place_leave(struct wgc_sys *sys, struct wgc_place *place);
#define WGC_PLACE_INIT { .back = -1, .home = -1, .birth = -1 }

/**
 * What a program in the kernel's place is started as, and known by, for the link
 * @ifname of profile @name. Containers, whose profiles have a ':' in their names, call
 * their links as they like; then it is derived from the profile's name.
 */
void wgc_place_program_name(const char *name, const char *ifname, char out[static IFNAMSIZ]);

/** Members of a journal's first record: where the tunnel is. */
void wgc_place_members(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_json *j);
/** True when the journal says that the tunnel was born elsewhere, and that is gone: the link is dead for ever. */
bool wgc_place_orphaned(const struct wgc_history *h);
/** True when the namespace that the journal says the link lives in is still there. */
bool wgc_place_alive(const struct wgc_history *h);
/** The conversation in the namespace that encrypted packets leave from. */
struct wgc_nl *wgc_sys_outer(const struct wgc_sys *sys);
/** The thread goes there, and back: for starting what is to live there. 0 or -errno. */
int wgc_place_step_out(const struct wgc_sys *sys);
void wgc_place_step_in(const struct wgc_sys *sys);

/** The thread goes where the caller is; a child of ours for good. 0 or -errno. */
int wgc_place_step_back(const struct wgc_sys *sys);

/** Namespaces that we made and that had to stay when their tunnel went: remembered, asked for, forgotten. */
int wgc_place_remember(const struct wgc_sys *sys, const char *name, const struct wgc_ns_id *id);
bool wgc_place_is_ours(const struct wgc_sys *sys, const char *name, const struct wgc_ns_id *id);
void wgc_place_forget(const struct wgc_sys *sys, const char *name);

#endif
