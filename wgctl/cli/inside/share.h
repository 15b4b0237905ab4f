/* SPDX-License-Identifier: GPL-2.0 */
/* share: who brought a tunnel up, and who takes it down, among several `run`s of one profile. */
#ifndef WGC_CLI_SHARE_H
#define WGC_CLI_SHARE_H

#include "cli/cli.h"
#include "ns/ns.h"

/* Beside the journals: <run_dir>/.run/PROFILE{,.lock,.watch}. */
struct wgc_share {
	char *base;
	int lock;
	int watcher; /* see wgc_share_watch() */
};
#define WGC_SHARE_INIT { .lock = -1, .watcher = -1 }
/** Alone from now on, among all `run`s of profile @name. -errno with @err. */
int wgc_share_lock(const char *run_dir, const char *name, struct wgc_share *ret, struct wgc_err *err);
void wgc_share_unlock(struct wgc_share *s);
/** Note that a `run` is about to bring the tunnel up; or, with @up, which one it brought up. */
int wgc_share_note(struct wgc_share *s, const struct wgc_up_info *up, struct wgc_err *err);
/** Was @up brought up by a `run`? */
bool wgc_share_is_ours(const struct wgc_share *s, const struct wgc_up_info *up);
void wgc_share_forget(const struct wgc_share *s);

/**
 * Take the tunnel of @name down if a `run` brought it up and nobody is inside
 * any more: 1 when children of the caller are. Exit code of `down`, 0 when there was nothing to do.
 */
int wgc_share_end(struct wgc_ui *ui, const char *name, int *ret_code);
/**
 * Leave a process behind that does so when the last one inside has ended; nothing when
 * there is one already. It begins when s->watcher is closed, with this process at the
 * latest. -errno.
 */
int wgc_share_watch(struct wgc_share *s, const char *name);

#endif
