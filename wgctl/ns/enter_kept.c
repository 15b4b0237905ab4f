// SPDX-License-Identifier: GPL-2.0
/* What of the old view has a place in the new one: taken before it is covered, put back on top. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ns/internal.h"

struct wgc_ns_kept *wgc_ns_kept_free(struct wgc_ns_kept *list)
{
	while (list) {
		struct wgc_ns_kept *next = list->next;

		free(list->path);
		free(list->link);
		wgc_close(list->tree);
		free(list);
		list = next;
	}
	return NULL;
}

static int fill(struct wgc_ns_kept *k, const char *path)
{
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (lstat(path, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode)) {
		n = readlink(path, target, sizeof(target));
		if (n < 0)
			return -errno;
		k->link = strndup(target, (size_t)n);
		return k->link ? 0 : -ENOMEM;
	}
	k->dir = S_ISDIR(st.st_mode);
	k->tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | (k->dir ? AT_RECURSIVE : 0));
	return k->tree < 0 ? -errno : 0;
}

/* Looked at where it was taken: the way there may lead elsewhere by now. */
static bool is_of(const struct wgc_ns_kept *k, uid_t uid)
{
	struct stat st;

	return k->link || (fstat(k->tree, &st) == 0 && st.st_uid == uid && (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)));
}

static int take(const char *path, const uid_t *owner, struct wgc_ns_kept **list, struct wgc_err *err)
{
	struct wgc_ns_kept *k = calloc(1, sizeof(*k));
	int r;

	if (!k)
		return wgc_err_nomem(err);
	k->tree = -1;
	k->path = strdup(path);
	r = k->path ? fill(k, path) : -ENOMEM;
	if (r == 0 && owner && !is_of(k, *owner))
		r = -ENOENT;
	if (r == 0) {
		/* In the order in which they were taken. */
		while (*list)
			list = &(*list)->next;
		*list = k;
		return 0;
	}
	wgc_ns_kept_free(k);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	errno = -r;
	return r == -ENOMEM ? wgc_err_nomem(err) : wgc_ns_failed(err, "keep", path);
}

int wgc_ns_take(const char *path, struct wgc_ns_kept **list, struct wgc_err *err)
{
	return take(path, NULL, list, err);
}

int wgc_ns_take_of(uid_t uid, const char *path, struct wgc_ns_kept **list, struct wgc_err *err)
{
	return take(path, &uid, list, err);
}

static int make_place(const struct wgc_ns_kept *k, const char *path)
{
	WGC_AUTO_FREE char *parent = strdup(path);
	int r = parent ? 0 : -ENOMEM, fd;

	if (r == 0) {
		*strrchr(parent, '/') = '\0';
		r = *parent ? wgc_mkdir_p(parent, 0755) : 0;
	}
	if (r < 0)
		return r;
	if (k->dir)
		return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : -errno;
	close(fd);
	return 0;
}

static int put(const struct wgc_ns_kept *k, const char *path)
{
	int r;

	if (k->link)
		return symlink(k->link, path) < 0 && errno != EEXIST ? -errno : 0;
	r = make_place(k, path);
	if (r == 0 && move_mount(k->tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = -errno;
	return r;
}

int wgc_ns_put(const struct wgc_ns_kept *list, struct wgc_err *err)
{
	for (const struct wgc_ns_kept *k = list; k; k = k->next) {
		int r = put(k, k->path);

		if (r < 0) {
			errno = -r;
			return wgc_ns_failed(err, "keep", k->path);
		}
	}
	return 0;
}

int wgc_ns_bind(const char *path, const char *to, struct wgc_err *err)
{
	struct wgc_ns_kept *k = NULL;
	int r = wgc_ns_take(path, &k, err);

	if (k)
		r = put(k, to);
	wgc_ns_kept_free(k);
	if (!k || r == 0)
		return r;
	errno = -r;
	return wgc_ns_failed(err, "keep", path);
}
