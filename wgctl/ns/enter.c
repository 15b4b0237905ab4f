// SPDX-License-Identifier: GPL-2.0
/*
 * The way inside: from a process that may do everything to one that lives in the
 * namespace, sees only what belongs there, and may do nothing more than its user.
 *
 * Every step must succeed. A program that ran with one of them missing would look
 * as if it were inside, and would not be.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <sched.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ns/internal.h"

int wgc_ns_failed(struct wgc_err *err, const char *what, const char *path)
{
	int e = errno;

	wgc_err_set(err, e == EPERM || e == EACCES ? WGC_E_PERM : WGC_E_IO, e, "cannot %s%s%s: %s", what, path ? " " : "", path ?: "", strerror(e));
	wgc_err_hint(err, "nothing was run: a program would not have been wholly inside");
	return -e;
}

/* A socket keeps the namespace that it was made in, and the three standard
 * descriptors are handed on. */
static int check_streams(struct wgc_err *err)
{
	for (int fd = 0; fd < 3; fd++) {
		int domain;
		socklen_t len = sizeof(domain);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 || domain == AF_UNIX)
			continue;
		wgc_err_set(err, WGC_E_EXISTS, EEXIST, "standard %s is a network socket, which would stay outside the namespace",
			    fd == 0 ? "input" : fd == 1 ? "output" : "error");
		wgc_err_hint(err, "give it a pipe instead: cat | wgctl ... | cat");
		return -EEXIST;
	}
	return 0;
}

static int enter(const struct wgc_ns_inside *x, struct wgc_err *err)
{
	struct wgc_ns_id want, got;
	int r, own;

	r = wgc_ns_enter(x->net, err);
	if (r < 0)
		return r;
	own = wgc_ns_own();
	r = own < 0 ? own : wgc_ns_id(own, &got);
	wgc_close(own);
	if (r == 0)
		r = wgc_ns_id(x->net, &want);
	if (r < 0 || !wgc_ns_id_equal(&want, &got))
		return wgc_err_set(err, WGC_E_INTERNAL, r < 0 ? -r : EXDEV, "this process did not arrive in the network namespace");
	if (unshare(CLONE_NEWNS) < 0)
		return wgc_ns_failed(err, "make a mount namespace", NULL);
	/* What is mounted outside later is seen, but nothing of ours goes out. */
	if (mount("", "/", "none", MS_REC | MS_SLAVE, NULL) < 0)
		return wgc_ns_failed(err, "keep mounts apart", NULL);
	return 0;
}

/* While it still may: a program that root's user id or a file's capabilities
 * would give rights to gets none. */
static int drop_bounding_set(struct wgc_err *err)
{
	unsigned long cap = 0;

	while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
		cap++;
	/* Behind the last one that the kernel knows. */
	if (errno != EINVAL || !cap)
		return wgc_ns_failed(err, "drop the capability bounding set", NULL);
	return 0;
}

static int drop_capabilities(struct wgc_err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || syscall(SYS_capset, &head, data) < 0)
		return wgc_ns_failed(err, "drop capabilities", NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return wgc_ns_failed(err, "set no_new_privs", NULL);
	return 0;
}

static int become(const struct wgc_ns_inside *x, struct wgc_err *err)
{
	uid_t r, e, s;
	int rc;

	if (x->keep_root)
		return 0;
	rc = drop_bounding_set(err);
	if (rc < 0)
		return rc;
	if (!x->keep_groups && setgroups(x->n_groups, x->groups) < 0)
		return wgc_ns_failed(err, "set the groups of the user", NULL);
	if (setresgid(x->gid, x->gid, x->gid) < 0 || setresuid(x->uid, x->uid, x->uid) < 0)
		return wgc_ns_failed(err, "become the user", NULL);
	if (getresuid(&r, &e, &s) < 0 || r != x->uid || e != x->uid || s != x->uid)
		return wgc_err_set(err, WGC_E_INTERNAL, EPERM, "this process did not become the user");
	rc = drop_capabilities(err);
	return rc ?: wgc_ns_keep_from_terminal(err);
}

int wgc_ns_inside(const struct wgc_ns_inside *x, struct wgc_err *err)
{
	WGC_AUTO_FREE char *listeners = NULL;
	int r = check_streams(err);

	/* Where we come from is where servers must not be reached. */
	if (r == 0 && !x->listeners)
		r = wgc_ns_listeners(x->net, &listeners, err);
	if (r == 0)
		r = enter(x, err);
	if (r == 0)
		r = wgc_ns_view(x, x->listeners ?: listeners, err);
	if (r == 0)
		r = become(x, err);
	if (r < 0)
		return r;
	/* By its path, and with the user's rights: the old one may lie in what is hidden. */
	if (chdir(x->cwd) < 0) {
		r = wgc_ns_failed(err, "work in the directory", x->cwd);
		wgc_err_hint(err, "--cwd DIR names another one");
		return r;
	}
	if (close_range(3, ~0U, 0) < 0)
		return wgc_ns_failed(err, "close what is open", NULL);
	umask(x->umask);
	return 0;
}
