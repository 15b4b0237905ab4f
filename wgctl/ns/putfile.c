// SPDX-License-Identifier: GPL-2.0
/*
 * Files of a container as it sees them: reading, and putting one over another. That is a mount in
 * the container's mount namespace, so it goes with the container, and nothing of
 * the image or of the machine is written.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ns/internal.h"

#define LEFT ".file-" /* how the names of such files begin */

/* Links in an image lead wherever its maker likes; here they never lead out of @root. */
static int open_in(int root, const char *path, uint64_t flags, uint64_t mode)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* In a child, which enters for good: only who is inside may mount there. @top is the
 * root of the process, which need not be that of its mount namespace. 0, or an errno. */
static int put(int mount_ns, int top, int tree, const char *root, const char *path)
{
	int dir, at, made;

	if (setns(mount_ns, CLONE_NEWNS) < 0)
		return errno;
	dir = open_in(top, root, O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return errno;
	at = open_in(dir, path, O_PATH, 0);
	if (at < 0 && errno == ENOENT) {
		made = open_in(dir, path, O_WRONLY | O_CREAT, 0644);
		if (made < 0)
			return errno;
		close(made);
		at = open_in(dir, path, O_PATH, 0);
	}
	if (at < 0)
		return errno;
	return move_mount(tree, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? errno : 0;
}

static int failed(struct wgc_err *err, int e, const char *path)
{
	return wgc_err_set(err, e == EPERM || e == EACCES ? WGC_E_PERM : WGC_E_IO, e, "cannot put %s into the container: %s", path,
			   strerror(e));
}

static int open_top(pid_t pid)
{
	char of[40];

	snprintf(of, sizeof(of), "/proc/%d/root", (int)pid);
	return open(of, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * The text in a file of ours, made now: its descriptor, and *@ret_path. Locked as long
 * as that is open, so that the file of a process that was killed is told from one that
 * is in use. Whoever sweeps may be quicker than the lock: then another one is made.
 */
static int write_file(const char *dir, const char *text, char **ret_path)
{
	for (;;) {
		WGC_AUTO_FREE char *path = NULL;
		WGC_AUTO_FD int fd = -1;
		struct stat st;
		int r;

		if (asprintf(&path, "%s/" LEFT "XXXXXX", dir) < 0) {
			path = NULL;
			return -ENOMEM;
		}
		fd = mkostemp(path, O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0) {
			r = -errno;
			unlink(path);
			return r;
		}
		if (!st.st_nlink)
			continue;
		r = wgc_write_all(fd, text, strlen(text));
		if (r == 0 && fchmod(fd, 0644) < 0)
			r = -errno;
		if (r < 0) {
			unlink(path);
			return r;
		}
		*ret_path = WGC_TAKE(path);
		r = fd;
		fd = -1;
		return r;
	}
}

void wgc_ns_sweep_files(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		WGC_AUTO_FD int fd = -1;

		if (strncmp(e->d_name, LEFT, strlen(LEFT)))
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
}

/* A file as a mount that is nowhere yet. */
static int make_tree(const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
	int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW), e;

	if (tree >= 0 && mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) == 0)
		return tree;
	e = errno;
	wgc_close(tree);
	return -e;
}

static int put_tree(pid_t pid, const char *root, const char *path, int tree)
{
	WGC_AUTO_FD int mount_ns = -1, top = open_top(pid);
	char of[40];
	int status;
	pid_t child;

	snprintf(of, sizeof(of), "/proc/%d/ns/mnt", (int)pid);
	mount_ns = top < 0 ? -1 : open(of, O_RDONLY | O_CLOEXEC);
	if (mount_ns < 0)
		return -errno;
	child = fork();
	if (child == 0)
		_exit(put(mount_ns, top, tree, root, path));
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

int wgc_ns_put_file(pid_t pid, const char *root, const char *path, const char *text, const char *dir, struct wgc_err *err)
{
	WGC_AUTO_FREE char *file = NULL;
	WGC_AUTO_FD int tree = -1, fd = -1;
	int r = wgc_mkdir_p(dir, 0755);

	if (r == 0)
		wgc_ns_sweep_files(dir);
	fd = r < 0 ? r : write_file(dir, text, &file);
	if (fd == -ENOMEM)
		return wgc_err_nomem(err);
	tree = fd < 0 ? fd : make_tree(file);
	r = tree < 0 ? tree : put_tree(pid, root, path, tree);
	/* Not sooner: what has no name cannot be mounted. */
	if (file)
		unlink(file);
	return r < 0 ? failed(err, -r, path) : 0;
}

int wgc_ns_read_file(pid_t pid, const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	WGC_AUTO_FD int root = open_top(pid), fd = -1;

	if (root < 0)
		return -errno;
	/* Perhaps a FIFO. */
	fd = open_in(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	return fd < 0 ? -errno : wgc_read_fd(fd, max, ret_text, ret_len);
}
