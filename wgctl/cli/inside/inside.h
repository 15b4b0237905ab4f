/* SPDX-License-Identifier: GPL-2.0 */
/* inside: what `exec` and `run` share: whose program it is, what it gets of the caller's surroundings, and how it starts. */
#ifndef WGC_CLI_INSIDE_H
#define WGC_CLI_INSIDE_H

#include "cli/commands.h"
#include "ns/ns.h"

/* Whose program it is. */
struct wgc_who {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* in the arena */
	size_t n_groups;
	const char *name, *home, *shell;
	bool root; /* with all that root may do */
	bool self; /* the caller, who has no right to be anybody else */
};
/**
 * Who called sudo, doas or pkexec, when we are root by one of them; @user by
 * name or number when it is not NULL; root itself with @root. -errno with @err.
 */
int wgc_who(struct wgc_arena *a, const char *user, bool root, struct wgc_who *ret, struct wgc_err *err);

/* Of the caller's environment and desktop, what the program gets. */
struct wgc_around {
	char **env;
	size_t n, cap;
	const char **keep; /* sockets and files that stay, see struct wgc_ns_inside */
	size_t n_keep, cap_keep;
	const char *runtime; /* or NULL */
	const char *bus; /* address of the session bus outside, or NULL */
};
/** @name: of the namespace; @keep_env: names with commas between them, or NULL. -ENOMEM. */
int wgc_around(struct wgc_arena *a, const struct wgc_who *who, const char *name, const char *keep_env, struct wgc_around *ret);
/** The program gets the socket @path as its session bus. -ENOMEM. */
int wgc_around_bus(struct wgc_arena *a, struct wgc_around *x, const char *path);
/** Of the program's environment: the value, or NULL. */
const char *wgc_around_get(const struct wgc_around *x, const char *name);

/* A namespace, and what is asked there. */
struct wgc_room {
	int net;
	const char *name; /* for people and for the browser's profile directory */
	const char *netns; /* name of the namespace, "" when it has none */
	const char *resolv_conf; /* text */
};
/** The namespace of a tunnel that is up, and the path of its resolv.conf. */
int wgc_room_of_tunnel(const struct wgc_up_info *up, struct wgc_room *room, const char **ret_resolv_conf, struct wgc_err *err);
/** -EEXIST with @err when the caller is in there already. */
int wgc_room_apart(const struct wgc_room *room, struct wgc_err *err);
/** Its resolvers: from the file @path, or @servers, or none with @none. -errno with @err, @name being what was asked for. */
int wgc_room_dns(struct wgc_arena *a, const char *name, const char *path, const char *servers, bool none, struct wgc_room *room,
		 struct wgc_err *err);

struct wgc_start {
	struct wgc_room room;
	const struct wgc_who *who;
	const char *keep_env, *cwd;
	bool pin_dns; /* browsers are told not to look names up elsewhere */
	bool private_users; /* in a user namespace of the caller's own */
	const char *listeners; /* see struct wgc_ns_inside */
	int argc; /* 0: the user's shell */
	char **argv;
};
/** Become the program. Returns only on failure, after a message: 125, 126 or 127. */
int wgc_start(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_start *s);

/** `run` without any rights: everything in namespaces of the caller's own, which end with it. Exit code. */
int wgc_run_rootless(struct wgc_ui *ui, struct wgc_arena *a, const struct wgc_run_args *x, struct wgc_loaded *l, struct wgc_start *s);

/** Address of the session bus of who it is, whose directory @runtime is; NULL when there is none with a path. */
const char *wgc_bus_find(struct wgc_arena *a, const struct wgc_who *who, const char *runtime);
/**
 * A filter before that bus, for as long as this process and what it becomes live;
 * *@ret_socket is where it listens, below @runtime. To be called outside, by who may
 * become the user. -ENOENT when xdg-dbus-proxy is not installed, -errno.
 */
int wgc_bus_start(struct wgc_arena *a, const struct wgc_who *who, const char *address, const char *runtime, const char **ret_socket);

/** The program's arguments, with a profile directory of its own for a browser; *@ret_dir: to be made, or NULL. NULL without memory. */
char **wgc_browser_argv(struct wgc_arena *a, const struct wgc_who *who, const struct wgc_around *around, const char *room, int argc,
			char **argv, const char **ret_dir);
/** Policies for browsers, as files below /etc: added to @v, which has room for WGC_BROWSER_FILES more. */
#define WGC_BROWSER_FILES 5
size_t wgc_browser_policies(struct wgc_arena *a, struct wgc_ns_file *v);

#endif
