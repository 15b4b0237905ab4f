// SPDX-License-Identifier: GPL-2.0
/* Servers outside that listen at a path are put out of reach. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ns/internal.h"

static bool is_kept(const struct wgc_ns_inside *x, const char *path)
{
	for (size_t i = 0; i < x->n_keep; i++)
		if (!strcmp(x->keep[i], path))
			return true;
	return false;
}

/* Over the socket as it is found there and then, whatever its path says later. */
static int mask(const char *path, const char *inert, struct wgc_err *err)
{
	WGC_AUTO_FD int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), tree = -1;
	struct stat st;

	/* A name that is gone, or one of another root directory. */
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 0;
	tree = open_tree(AT_FDCWD, inert, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree >= 0 && move_mount(tree, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	/* Removed between the two. */
	if (tree >= 0 && errno == ENOENT)
		return 0;
	return wgc_ns_failed(err, "put out of reach the socket", path);
}

int wgc_ns_mask_listeners(const struct wgc_ns_inside *x, const char *listeners, const char *inert, struct wgc_err *err)
{
	for (const char *line = listeners, *end; *line; line = end + (*end != '\0')) {
		char path[PATH_MAX];
		int r;

		end = line + strcspn(line, "\n");
		if ((size_t)snprintf(path, sizeof(path), "%.*s", (int)(end - line), line) >= sizeof(path) || is_kept(x, path))
			continue;
		r = mask(path, inert, err);
		if (r < 0)
			return r;
	}
	return 0;
}
