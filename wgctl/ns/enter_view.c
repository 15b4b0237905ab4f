// SPDX-License-Identifier: GPL-2.0
/*
 * What a program inside sees of the machine's /run, /sys and sockets.
 *
 * A socket with a path works in any network namespace, so each server outside
 * that listens at one could carry what a program inside does out on the clear
 * wire: resolvers and buses, but also tmux, docker, printers. Those of /run are
 * hidden by having a /run with little in it, so that one which is started later
 * is not seen either; the others by name, from the kernel's own list.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ns/internal.h"

/* Data, not servers; and, for root, what the network's tools work with. */
static const char *const run_data[] = {
	"/run/udev", "/run/lock", "/run/mount", "/run/media", "/run/shm", "/run/log", "/run/utmp", "/run/host",
	"/run/opengl-driver", "/run/opengl-driver-32", "/run/current-system", "/run/booted-system",
	"/run/systemd/users", "/run/systemd/sessions", "/run/systemd/seats", NULL,
};
static const char *const run_of_root[] = { "/run/netns", "/run/wgctl", "/run/wireguard", NULL };

/* Where resolvers listen outside of /run, also while nobody listens there yet. */
static const char *const resolvers[] = { "/var/lib/sss/pipes", "/var/lib/samba/winbindd_privileged", "/tmp/.winbindd", NULL };

/* What hangs below /sys and has nothing to do with networks. */
static const char *const sys_trees[] = { "/sys/fs/cgroup", "/sys/fs/bpf", "/sys/kernel/security", NULL };

static int take_all(const char *const *paths, struct wgc_ns_kept **list, struct wgc_err *err)
{
	for (; *paths; paths++) {
		int r = wgc_ns_take(*paths, list, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int new_tmpfs(const char *where, const char *options, struct wgc_err *err)
{
	if (mount("tmpfs", where, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return wgc_ns_failed(err, "mount a new", where);
	return 0;
}

/* The new directory must be the user's, and so must what is made in it on the way. */
static int new_runtime(const struct wgc_ns_inside *x, struct wgc_err *err)
{
	char options[80];
	int r;

	if (!x->runtime)
		return 0;
	r = wgc_mkdir_p(x->runtime, 0755);
	if (r < 0) {
		errno = -r;
		return wgc_ns_failed(err, "make", x->runtime);
	}
	snprintf(options, sizeof(options), "mode=0700,uid=%u,gid=%u", (unsigned)x->uid, (unsigned)x->gid);
	return new_tmpfs(x->runtime, options, err);
}

static int own_below(const struct wgc_ns_inside *x, const struct wgc_ns_kept *list, struct wgc_err *err)
{
	size_t n = x->runtime ? strlen(x->runtime) : 0;

	for (const struct wgc_ns_kept *k = list; n && k; k = k->next) {
		WGC_AUTO_FREE char *dir = strdup(k->path);
		char *slash = dir ? strrchr(dir, '/') : NULL;

		if (!slash)
			return wgc_err_nomem(err);
		*slash = '\0';
		if (!strncmp(dir, x->runtime, n) && dir[n] == '/' && lchown(dir, x->uid, x->gid) < 0)
			return wgc_ns_failed(err, "give the user", dir);
	}
	return 0;
}

static bool is_mount(const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int new_sys(struct wgc_err *err)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	struct wgc_ns_kept *kept = NULL;
	struct statvfs st;
	int r = 0;

	/* What is no mount of its own is the old /sys. */
	for (const char *const *p = sys_trees; *p && r == 0; p++)
		if (is_mount(*p))
			r = wgc_ns_take(*p, &kept, err);
	if (statvfs("/sys", &st) == 0 && (st.f_flag & ST_RDONLY))
		flags |= MS_RDONLY;
	if (r == 0 && mount("sysfs", "/sys", "sysfs", flags, NULL) < 0)
		r = wgc_ns_failed(err, "mount a new", "/sys");
	if (r == 0)
		r = wgc_ns_put(kept, err);
	wgc_ns_kept_free(kept);
	return r;
}

static bool same_place(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static int hide_directories(struct wgc_err *err)
{
	struct stat st;
	int r = 0;

	for (const char *const *p = resolvers; *p && r == 0; p++)
		if (lstat(*p, &st) == 0 && S_ISDIR(st.st_mode))
			r = new_tmpfs(*p, "mode=0755,size=4k", err);
	return r;
}

/* With a file in the place of each, which has no name of its own for long. */
static int mask(const struct wgc_ns_inside *x, const char *listeners, struct wgc_err *err)
{
	static const char inert[] = "/run/inert";
	int fd = open(inert, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), r;

	if (fd < 0)
		return wgc_ns_failed(err, "make", inert);
	close(fd);
	r = wgc_ns_mask_listeners(x, listeners, inert, err);
	return r == 0 && unlink(inert) < 0 ? wgc_ns_failed(err, "remove", inert) : r;
}

/* On two layers: the lower one, which the upper one hides, has what /etc is made of. */
static int new_run(const struct wgc_ns_inside *x, const char *listeners, const struct wgc_ns_kept *data, const struct wgc_ns_kept *kept,
		   struct wgc_err *err)
{
	bool two = stat("/var/run", &(struct stat){ 0 }) == 0 && !same_place("/var/run", "/run");
	int r = new_tmpfs("/run", "mode=0755", err);

	if (r == 0 && mkdir("/run/stage", 0755) < 0)
		r = wgc_ns_failed(err, "make", "/run/stage");
	if (r == 0)
		r = wgc_ns_etc(x, "/run/stage", err);
	if (r == 0)
		r = new_tmpfs("/run", "mode=0755", err);
	if (r == 0 && two)
		r = new_tmpfs("/var/run", "mode=0755", err);
	/* GNU screen makes its directories there. */
	if (r == 0 && (mkdir("/run/screen", 01777) < 0 || chmod("/run/screen", 01777) < 0))
		r = wgc_ns_failed(err, "make", "/run/screen");
	if (r == 0)
		r = new_runtime(x, err);
	/* Anybody may listen in /run/lock, so that of the machine's /run comes first. */
	if (r == 0)
		r = wgc_ns_put(data, err);
	if (r == 0)
		r = mask(x, listeners, err);
	if (r == 0)
		r = wgc_ns_put(kept, err);
	if (r == 0)
		r = own_below(x, kept, err);
	return r;
}

static bool in_run(const char *path, const char *runtime)
{
	size_t n = runtime ? strlen(runtime) : 0;

	return !strncmp(path, "/run/", 5) || (n && !strncmp(path, runtime, n) && path[n] == '/');
}

int wgc_ns_view(const struct wgc_ns_inside *x, const char *listeners, struct wgc_err *err)
{
	struct wgc_ns_kept *data = NULL, *kept = NULL;
	mode_t old = umask(0);
	int r = take_all(run_data, &data, err);

	if (r == 0 && x->keep_root)
		r = take_all(run_of_root, &kept, err);
	/* The user names them, and it is root who finds them: what he could not reach is not brought to him. */
	for (size_t i = 0; r == 0 && i < x->n_keep; i++)
		if (in_run(x->keep[i], x->runtime))
			r = x->uid ? wgc_ns_take_of(x->uid, x->keep[i], &kept, err) : wgc_ns_take(x->keep[i], &kept, err);
	if (r == 0)
		r = new_run(x, listeners, data, kept, err);
	if (r == 0)
		r = hide_directories(err);
	if (r == 0)
		r = new_sys(err);
	wgc_ns_kept_free(data);
	wgc_ns_kept_free(kept);
	umask(old);
	return r;
}
