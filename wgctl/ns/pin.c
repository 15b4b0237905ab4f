// SPDX-License-Identifier: GPL-2.0
/*
 * Names of namespaces: files of /run/netns to which they are bound.
 *
 * The directory is made a shared mount of its own, as ip-netns(8) does: a name
 * that is bound later is then seen in other mount namespaces, and one that is
 * taken away does not live on in them and keep the namespace from its end.
 *
 * Where /run is shared already, as systemd makes it, both are peers: each name is
 * bound twice to its file, in the directory that is seen and in the one below it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ns/internal.h"

void wgc_ns_path(const char *name, char out[static WGC_NS_PATH_MAX])
{
	snprintf(out, WGC_NS_PATH_MAX, WGC_NS_DIR "/%s", name);
}

static int failed(struct wgc_err *err, const char *what, const char *path)
{
	int e = errno;

	return wgc_err_set(err, e == EPERM || e == EACCES ? WGC_E_PERM : WGC_E_IO, e, "cannot %s %s: %s", what, path, strerror(e));
}

/* Two who find it not yet shared must not both bind it over itself: the lock is
 * the one that ip(8) takes for the same. */
static int share_directory(struct wgc_err *err)
{
	WGC_AUTO_FD int lock = -1;
	/* It is everybody's, whatever files of ours are. */
	mode_t old = umask(022);
	int r = wgc_mkdir_p(WGC_NS_DIR, 0755);

	umask(old);
	if (r < 0)
		return failed(err, "make", WGC_NS_DIR);
	lock = open(WGC_NS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return failed(err, "lock", WGC_NS_DIR);
	if (mount("", WGC_NS_DIR, "none", MS_SHARED | MS_REC, NULL) == 0)
		return 0;
	/* Not a mount. */
	if (errno != EINVAL)
		return failed(err, "share", WGC_NS_DIR);
	if (mount(WGC_NS_DIR, WGC_NS_DIR, "none", MS_BIND | MS_REC, NULL) < 0 ||
	    mount("", WGC_NS_DIR, "none", MS_SHARED | MS_REC, NULL) < 0)
		return failed(err, "share", WGC_NS_DIR);
	return 0;
}

/* The same namespace, not by way of a name that it had. What is bound from a mount
 * that was taken away passes for taken away itself (MNT_UMOUNT is copied), and the
 * copy of it below would stay when this one goes. */
static int open_apart_from_names(int fd, struct wgc_err *err)
{
	WGC_AUTO_FD int back = wgc_ns_own();
	int own, r;

	if (back < 0)
		return wgc_err_set(err, WGC_E_IO, -back, "cannot open the caller's network namespace: %s", strerror(-back));
	r = wgc_ns_enter(fd, err);
	if (r < 0)
		return r;
	own = wgc_ns_own();
	wgc_ns_return(back);
	return own >= 0 ? own : wgc_err_set(err, WGC_E_IO, -own, "cannot open a network namespace: %s", strerror(-own));
}

int wgc_ns_pin(const char *name, int fd, struct wgc_err *err)
{
	char path[WGC_NS_PATH_MAX], from[40];
	WGC_AUTO_FD int file = -1, own = -1;
	int r;

	if (!wgc_ns_name_valid(name))
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "this cannot be the name of a network namespace");
	r = share_directory(err);
	if (r < 0)
		return r;
	own = open_apart_from_names(fd, err);
	if (own < 0)
		return own;
	wgc_ns_path(name, path);
	file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (file < 0 && errno == EEXIST)
		return wgc_err_set(err, WGC_E_EXISTS, EEXIST, "there is a network namespace named '%s' already", name);
	if (file < 0)
		return failed(err, "make", path);
	snprintf(from, sizeof(from), "/proc/thread-self/fd/%d", own);
	if (mount(from, path, "none", MS_BIND, NULL) < 0) {
		r = failed(err, "bind a network namespace to", path);
		unlink(path);
		return r;
	}
	return 0;
}

/*
 * A name that is bound in the directory below, too, where no path leads: in a mount
 * namespace of our own that was copied from others' (a service's), the two are no
 * peers any more. Where the file is no mount it can be deleted, and the kernel takes
 * it from under all mounts there are: that is in a copy of ours, with nothing on it.
 */
static void unlink_apart(const char *name, const char *path)
{
	const char *const above[] = { "/var/run", "/run", WGC_NS_DIR, path };
	WGC_AUTO_FD int dir = open(WGC_NS_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	pid_t pid = dir < 0 ? -1 : fork();

	if (!pid) {
		if (unshare(CLONE_NEWNS) == 0 && mount("", "/", "none", MS_PRIVATE | MS_REC, NULL) == 0) {
			for (size_t i = 0; i < WGC_ARRAY_SIZE(above); i++)
				while (umount2(above[i], MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
					;
			unlinkat(dir, name, 0);
		}
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int wgc_ns_unpin(const char *name, struct wgc_err *err)
{
	char path[WGC_NS_PATH_MAX];

	wgc_ns_path(name, path);
	/* EINVAL: not a mount, as a run that was killed half-way leaves it. */
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
		return failed(err, "take away", path);
	if (unlink(path) == 0)
		return 0;
	if (errno == EBUSY)
		unlink_apart(name, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return failed(err, "take away", path);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct wgc_ns_name *)a)->name, ((const struct wgc_ns_name *)b)->name);
}

int wgc_ns_list(struct wgc_arena *a, struct wgc_ns_name **ret, size_t *ret_n)
{
	DIR *d = opendir(WGC_NS_DIR);
	struct wgc_ns_name *v = NULL;
	size_t n = 0, cap = 0;
	struct dirent *e;
	int r = d || errno == ENOENT ? 0 : -errno;

	while (d && !r && (e = readdir(d))) {
		struct wgc_ns_name *slot;
		struct wgc_ns_ref ref = { .kind = WGC_NS_NAME, .text = e->d_name };
		struct wgc_ns_id id;
		int fd = -1;

		if (e->d_name[0] == '.' || wgc_ns_open(&ref, &fd, NULL) < 0)
			continue;
		r = wgc_ns_id(fd, &id);
		close(fd);
		slot = r ? NULL : wgc_arena_push(a, &v, &n, &cap, sizeof(*slot));
		if (!slot) {
			r = r ?: -ENOMEM;
			break;
		}
		slot->name = wgc_arena_strdup(a, e->d_name);
		slot->id = id;
		r = slot->name ? 0 : -ENOMEM;
	}
	if (d)
		closedir(d);
	if (r)
		return r;
	if (n)
		qsort(v, n, sizeof(*v), by_name);
	*ret = v;
	*ret_n = n;
	return 0;
}

bool wgc_ns_name_of(const struct wgc_ns_id *id, char out[static 256])
{
	DIR *d = opendir(WGC_NS_DIR);
	bool found = false;
	struct dirent *e;

	while (d && !found && (e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		found = st.st_dev == id->dev && st.st_ino == id->ino;
		if (found)
			snprintf(out, 256, "%s", e->d_name);
	}
	if (d)
		closedir(d);
	return found;
}
