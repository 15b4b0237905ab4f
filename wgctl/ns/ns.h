/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ns: network namespaces. Named, found, made, pinned, looked into, entered.
 *
 * A namespace is held by an open descriptor of its nsfs file; it has no name of
 * its own. What people call its name is a file of that name in /run/netns to
 * which it is bound, as ip-netns(8) does. What identifies it, for as long as it
 * lives, is the device and inode of that file. When it is gone the kernel gives
 * the inode to the next one at once; what no other namespace ever gets is its
 * cookie (SO_NETNS_COOKIE, Linux 5.14), which takes a visit to be found out.
 */
#ifndef WGC_NS_H
#define WGC_NS_H

#include "model/model.h"

/* ---- which one ---------------------------------------------------------------- */

/* How people name one is the model's: struct wgc_ns_ref. */

/* What a namespace is. */
struct wgc_ns_id {
	uint64_t dev, ino;
	uint64_t cookie; /* 0: not known */
};
#define WGC_NS_ID_TEXT 72
/** Device and inode of an open descriptor. 0 or -errno. */
int wgc_ns_id(int fd, struct wgc_ns_id *ret);
/** The same with the cookie, if it can be had: the calling thread enters the namespace for a moment, unless it is there. */
int wgc_ns_id_whole(int fd, struct wgc_ns_id *ret);
/** Are they one, as far as is known of both? */
bool wgc_ns_id_equal(const struct wgc_ns_id *a, const struct wgc_ns_id *b);
/** "DEV:INO" or "DEV:INO:COOKIE", as journals have it. */
void wgc_ns_id_print(const struct wgc_ns_id *id, char out[static WGC_NS_ID_TEXT]);
bool wgc_ns_id_parse(const char *text, struct wgc_ns_id *ret);

/** The calling thread's own: an open descriptor, or -errno. */
int wgc_ns_own(void);
/**
 * Open the namespace that @ref names. -ENOENT (WGC_E_NOT_FOUND) when there is
 * none: no such name, no such process, no such container; -EINVAL when the file
 * is no network namespace; -EACCES (WGC_E_PERM). *@ret_fd is close-on-exec.
 */
int wgc_ns_open(const struct wgc_ns_ref *ref, int *ret_fd, struct wgc_err *err);
/**
 * Find a namespace by what it is, wherever it is still held: by @hint (a path,
 * or NULL), by a mount, by a process. An open descriptor, or -ENOENT when it is
 * gone. Reads /proc of all processes when it has to.
 */
int wgc_ns_find(const struct wgc_ns_id *id, const char *hint);

/* ---- pinned names ---------------------------------------------------------------- */

/** /run/netns/NAME in @out. */
#define WGC_NS_PATH_MAX 280
void wgc_ns_path(const char *name, char out[static WGC_NS_PATH_MAX]);
/**
 * Bind the namespace of @fd to /run/netns/NAME, as `ip netns add` does, made so
 * that it is seen in all mount namespaces that share /run. -EEXIST when the name
 * is taken.
 */
int wgc_ns_pin(const char *name, int fd, struct wgc_err *err);
/** Take a name away; the namespace lives on while anything else holds it. "Already gone" is success. */
int wgc_ns_unpin(const char *name, struct wgc_err *err);
/** The name that a namespace is bound to, in @out; false when it has none. */
bool wgc_ns_name_of(const struct wgc_ns_id *id, char out[static 256]);

struct wgc_ns_name {
	const char *name;
	struct wgc_ns_id id;
};
/** All names, sorted; those that lead nowhere are left out. None without the directory. -errno. */
int wgc_ns_list(struct wgc_arena *a, struct wgc_ns_name **ret, size_t *ret_n);

/* ---- inside ---------------------------------------------------------------------- */

/** The calling thread enters. 0 or -errno with @err. */
int wgc_ns_enter(int fd, struct wgc_err *err);
/**
 * The calling thread goes back to where it came from, which it may. While the
 * kernel has no memory for that it waits: all that it did next would happen in the
 * wrong network.
 */
void wgc_ns_return(int fd);
/** The calling thread enters a new one, that nothing else holds. */
int wgc_ns_enter_new(struct wgc_err *err);

/* A process that lives in a namespace. */
struct wgc_ns_user {
	pid_t pid;
	uid_t uid;
	char comm[20]; /* printable */
};
/** True when the network namespace of the process has that device and inode now. */
bool wgc_ns_lives_in(pid_t pid, const struct wgc_ns_id *id);
/** Processes inside, by pid; those that /proc does not let us see are left out. -errno. */
int wgc_ns_users(const struct wgc_ns_id *id, struct wgc_arena *a, struct wgc_ns_user **ret, size_t *ret_n);
/** The parent of @pid; 0 when there is none to see. @comm (may be NULL) gets its own name, as it is, in 32 bytes. */
pid_t wgc_ns_parent(pid_t pid, char *comm);
/** A signal for @pid, if it is still one who lives there. */
void wgc_ns_signal(const struct wgc_ns_id *id, pid_t pid, int sig);

/**
 * Wait until nobody lives there any more. 0 when that is so, 1 when @timeout_ms
 * (-1: no limit) have passed, -errno. Nothing is polled: whoever is there keeps
 * the place used until he ends, and his children are there before.
 */
int wgc_ns_wait_empty(const struct wgc_ns_id *id, int timeout_ms);

/** The same for those of whom the caller is the parent. */
int wgc_ns_wait_children(const struct wgc_ns_id *id, int timeout_ms);

/* ---- a program inside -------------------------------------------------------------- */

/* A file that the program finds below /etc in place of the machine's own. */
struct wgc_ns_file {
	const char *path; /* "resolv.conf" */
	const char *text;
};

/* What a program sees, and as whom it runs. */
struct wgc_ns_inside {
	int net; /* an open descriptor */
	const struct wgc_ns_file *files;
	size_t n_files;
	const char *const *keep; /* paths of sockets and files that stay, where all others of their kind are hidden */
	size_t n_keep;
	const char *runtime; /* XDG_RUNTIME_DIR: a new one, with what @keep has of the old; or NULL */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
	bool keep_groups;   /* they are right already, and may not be set */
	bool keep_root;	    /* capabilities stay, and what root works with */
	const char *cwd;
	mode_t umask;
	const char *listeners; /* see wgc_ns_listeners, of where it comes from; NULL: those of where it is are looked for */
};
/**
 * Paths of the sockets at which somebody listens, a line each, of the caller's network
 * namespace and all others that a process lives in, but not of @but (-1: none). The
 * caller frees it.
 */
int wgc_ns_listeners(int but, char **ret, struct wgc_err *err);
/**
 * Make the calling process, which has one thread, one that only execve(2) is
 * left for: in the namespace, in a mount namespace of its own where /etc has
 * @files, where no socket of a server outside can be reached by its path, and
 * /sys shows the namespace; without descriptors beyond 2, without capabilities
 * and without a way to get any. After a failure, with @err, it is neither here
 * nor there: nothing may be run in it.
 */
int wgc_ns_inside(const struct wgc_ns_inside *x, struct wgc_err *err);

/* ---- which links are physical ------------------------------------------------------ */

enum wgc_ns_fate {
	WGC_FATE_STAYS,	  /* no way to a wire goes through it alone */
	WGC_FATE_MOVES,	  /* a device, or what stands on one */
	WGC_FATE_RADIO,	  /* goes with its radio */
	WGC_FATE_REFUSED, /* it should go and cannot */
};

struct wgc_ns_verdict {
	enum wgc_ns_fate fate;
	bool stacked;	/* it is no device itself: it stands on one, and is gone for good if the namespace dies */
	bool named;	/* because it was asked for */
	char why[160];
};

/* What was asked for: names of links, each list ends with NULL or is NULL. */
struct wgc_ns_wish {
	const char *const *take;  /* these go, whatever they are */
	const char *const *leave; /* these stay, and may go on to send in clear */
	bool some_gone;		  /* a name that is missing is no failure */
};

/**
 * Decide for each of @v, all links of a namespace, whether it is a way to a
 * wire and has to go for the namespace to be without one. Pure. @out has room
 * for @n. -ENODEV (WGC_E_NOT_FOUND) when a name that was asked for is missing.
 */
int wgc_ns_classify(const struct wgc_nic *v, size_t n, const struct wgc_ns_wish *wish, struct wgc_ns_verdict *out, struct wgc_err *err);
/** Names of the containers that run, as podman, docker and machinectl tell whoever asks; each gets two seconds. */
void wgc_ns_container_names(void (*found)(void *ctx, const char *name, const char *engine), void *ctx);

/* ---- files of a container ---------------------------------------------------------- */

/**
 * Mount a read-only file of @text over @path below the directory @root as the process
 * @pid sees it; made if it is not there. Symbolic links do not lead out of @root. @dir,
 * a directory of ours, holds the file for a moment. The mount goes with the container.
 */
int wgc_ns_put_file(pid_t pid, const char *root, const char *path, const char *text, const char *dir, struct wgc_err *err);
/** Take away what a process that was killed meanwhile has left in @dir; the next one to put a file does so by itself. */
void wgc_ns_sweep_files(const char *dir);

/** Read a file as the process @pid sees it, whatever links there are on its way. 0 or -errno. */
int wgc_ns_read_file(pid_t pid, const char *path, size_t max, char **ret_text, size_t *ret_len);

#endif
