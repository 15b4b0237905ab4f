/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of ns share. */
#ifndef WGC_NS_INTERNAL_H
#define WGC_NS_INTERNAL_H

#include "ns/ns.h"

/* Where names are; the directory is made by whoever needs it first. */
#define WGC_NS_DIR "/run/netns"

/**
 * The inode of the network namespace that a process lives in; they all are of one file
 * system. Read out of its link below @proc, an open /proc: to look at the file itself, when
 * it is done for every process, takes twice as long. 0 or -errno.
 */
int wgc_ns_ino_of(int proc, pid_t pid, uint64_t *ret);
/** The network namespace of a process: an open descriptor or -errno. */
int wgc_ns_open_pid(pid_t pid);
/** The first process of a running container. 0; -ENOENT or -errno with @err. */
int wgc_ns_container(const char *name, pid_t *ret_pid, struct wgc_err *err);

/* ---- inside ---------------------------------------------------------------------- */

/** What failed, and the errno of it: returns -errno. */
int wgc_ns_failed(struct wgc_err *err, const char *what, const char *path);

/* Something of the old view that has its place in the new one. */
struct wgc_ns_kept {
	char *path;
	char *link; /* a symbolic link: where to; else NULL */
	int tree;   /* else a copy of the mount there */
	bool dir;
	struct wgc_ns_kept *next;
};
/** Take what is at @path, when there is something, into @list. -errno with @err. */
int wgc_ns_take(const char *path, struct wgc_ns_kept **list, struct wgc_err *err);
/** The same of a file or socket, if it is the user @uid's: directories on the way there may be whose he likes. */
int wgc_ns_take_of(uid_t uid, const char *path, struct wgc_ns_kept **list, struct wgc_err *err);
/** Put everything of @list where it was; what has no place there gets one. */
int wgc_ns_put(const struct wgc_ns_kept *list, struct wgc_err *err);
struct wgc_ns_kept *wgc_ns_kept_free(struct wgc_ns_kept *list);
/** Have @path, with all that is mounted below it, also at @to; a symbolic link as such. Nothing there is nothing to do. */
int wgc_ns_bind(const char *path, const char *to, struct wgc_err *err);

/** From now on nothing can be put into the input of a terminal; needs no_new_privs. */
int wgc_ns_keep_from_terminal(struct wgc_err *err);

/** The caller's own mount namespace becomes what @x says; @listeners: see wgc_ns_listeners. */
int wgc_ns_view(const struct wgc_ns_inside *x, const char *listeners, struct wgc_err *err);
/** /etc as @x has it, with work space in the empty directory @stage. */
int wgc_ns_etc(const struct wgc_ns_inside *x, const char *stage, struct wgc_err *err);
/** Put an inert file over every socket of @listeners that @x does not keep. */
int wgc_ns_mask_listeners(const struct wgc_ns_inside *x, const char *listeners, const char *inert, struct wgc_err *err);

#endif
