/* SPDX-License-Identifier: GPL-2.0 */
/* live: what the commands share that look at, or after, tunnels that are up. */
#ifndef WGC_CLI_LIVE_H
#define WGC_CLI_LIVE_H

#include "cli/cli.h"

/* The names that a profile gives its peers. Keys point into the profile. */
struct wgc_names {
	struct wgc_diags diags;
	struct wgc_source src;
	struct wgc_profile *profile; /* NULL when it cannot be read */
	const struct wgc_profile_peer **v; /* sorted by key */
	size_t n;
};
/** Read them from the file @path (may be NULL); whatever fails leaves none. */
void wgc_names_read(struct wgc_names *t, const char *path);
/** The name of the peer with @key, or NULL. */
const char *wgc_names_find(const struct wgc_names *t, const struct wgc_key *key);
void wgc_names_done(struct wgc_names *t);
/** Does it live in the caller's network namespace, as far as can be known? */
bool wgc_lives_here(const struct wgc_up_info *info);

/* Signals for a command that runs until it is told to end. They are taken only
 * while it waits: hand `waiting` to ppoll(2), then look at the flags. */
struct wgc_signals {
	sigset_t waiting;
};
extern volatile int wgc_signal_end;    /* SIGINT or SIGTERM came, or SIGHUP where it does not mean "reload" */
extern volatile int wgc_signal_reload; /* SIGHUP came, where it means that */
void wgc_signals_take(struct wgc_signals *s, bool reload);

#endif
