// SPDX-License-Identifier: GPL-2.0
/*
 * /etc as a program inside sees it: the machine's, with some files of our own.
 *
 * A file that is bound over one of the machine's goes when somebody outside
 * renames a new one over that, as every writer of resolv.conf does. So /etc as a
 * whole becomes another: an overlay, where the kernel makes one; else a directory
 * in which every entry of the machine's is bound under its name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ns/internal.h"

#define ETC "/etc"

/* Directories on the way to @path, below @root; they look as those of the machine do. */
static int make_parents(const char *root, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		char to[PATH_MAX], from[PATH_MAX];
		struct stat st = { .st_mode = 0755 };

		snprintf(to, sizeof(to), "%s/%.*s", root, (int)(slash - path), path);
		snprintf(from, sizeof(from), ETC "/%.*s", (int)(slash - path), path);
		if (stat(from, &st) < 0 && errno != ENOENT)
			return -errno;
		if (mkdir(to, st.st_mode & 07777) < 0) {
			if (errno != EEXIST)
				return -errno;
			continue;
		}
		if (lchown(to, st.st_uid, st.st_gid) < 0 && errno != EPERM && errno != EINVAL)
			return -errno;
	}
	return 0;
}

static int write_file(const char *root, const struct wgc_ns_file *f)
{
	char path[PATH_MAX];
	int r = make_parents(root, f->path), fd;

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/%s", root, f->path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = wgc_write_all(fd, f->text, strlen(f->text));
	close(fd);
	return r;
}

static int write_files(const struct wgc_ns_inside *x, const char *root, struct wgc_err *err)
{
	for (size_t i = 0; i < x->n_files; i++) {
		int r = write_file(root, &x->files[i]);

		if (r < 0) {
			errno = -r;
			return wgc_ns_failed(err, "write a new /etc/", x->files[i].path);
		}
	}
	return 0;
}

/* ---- one by one, where there is no overlay ------------------------------------------ */

/* Is @path ours (1), or a directory on the way to something of ours (2)? */
static int ours(const struct wgc_ns_inside *x, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < x->n_files; i++) {
		if (!strcmp(x->files[i].path, path))
			return 1;
		if (!strncmp(x->files[i].path, path, n) && x->files[i].path[n] == '/')
			return 2;
	}
	return 0;
}

static int bind_directory(const struct wgc_ns_inside *x, const char *below, const char *stage, struct wgc_err *err)
{
	WGC_AUTO_FREE char *dir = NULL;
	struct dirent *e;
	DIR *d;
	int r = 0;

	if (asprintf(&dir, ETC "%s%s", *below ? "/" : "", below) < 0) {
		dir = NULL;
		return wgc_err_nomem(err);
	}
	d = opendir(dir);
	if (!d)
		return wgc_ns_failed(err, "read", dir);
	while (r == 0 && (e = readdir(d))) {
		char path[PATH_MAX], to[2 * PATH_MAX];
		const char *name = path + strlen(ETC) + 1;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		snprintf(to, sizeof(to), "%s/%s", stage, name);
		switch (ours(x, name)) {
		case 0:
			r = wgc_ns_bind(path, to, err);
			break;
		case 2:
			r = bind_directory(x, name, stage, err);
			break;
		}
	}
	closedir(d);
	return r;
}

/* Made at the stage, while the machine's is still there; one at a time, since a process
 * may have fewer descriptors than /etc has entries. */
static int bind_one_by_one(const struct wgc_ns_inside *x, const char *stage, struct wgc_err *err)
{
	int r = 0;

	if (mount("tmpfs", stage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
		r = wgc_ns_failed(err, "mount a new", ETC);
	if (r == 0)
		r = write_files(x, stage, err);
	if (r == 0)
		r = bind_directory(x, "", stage, err);
	if (r == 0 && mount(stage, ETC, NULL, MS_BIND | MS_REC, NULL) < 0)
		r = wgc_ns_failed(err, "mount a new", ETC);
	return r;
}

/* ---- overlay ---------------------------------------------------------------------- */

/* Mounts below /etc, which an overlay does not take along: files of containers. */
static int take_mounts(const struct wgc_ns_inside *x, struct wgc_ns_kept **list, struct wgc_err *err)
{
	WGC_AUTO_FREE char *text = NULL;
	char *save = NULL, last[PATH_MAX] = "";
	size_t len;
	int r = wgc_read_file("/proc/thread-self/mountinfo", 64u << 20, &text, &len);

	if (r < 0) {
		errno = -r;
		return wgc_ns_failed(err, "read", "/proc/self/mountinfo");
	}
	for (char *line = strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save)) {
		char path[PATH_MAX];
		size_t n = strlen(last);

		/* Names with blanks are escaped there; nobody mounts such a thing below /etc. */
		if (sscanf(line, "%*u %*u %*s %*s %4095s", path) != 1 || strncmp(path, ETC "/", 5) || ours(x, path + 5))
			continue;
		/* One that hangs below another comes with it. */
		if (n && !strncmp(path, last, n) && (path[n] == '/' || !path[n]))
			continue;
		snprintf(last, sizeof(last), "%s", path);
		r = wgc_ns_take(path, list, err);
	}
	return r;
}

static int overlay(const struct wgc_ns_inside *x, const char *stage, bool *ret_none, struct wgc_err *err)
{
	struct wgc_ns_kept *kept = NULL;
	char upper[PATH_MAX], work[PATH_MAX], options[3 * PATH_MAX];
	int r;

	snprintf(upper, sizeof(upper), "%s/upper", stage);
	snprintf(work, sizeof(work), "%s/work", stage);
	snprintf(options, sizeof(options), "lowerdir=" ETC ",upperdir=%s,workdir=%s", upper, work);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0755) < 0)
		return wgc_ns_failed(err, "make", upper);
	r = write_files(x, upper, err);
	if (r == 0)
		r = take_mounts(x, &kept, err);
	if (r == 0 && mount("overlay", ETC, "overlay", MS_NOSUID | MS_NODEV, options) < 0)
		*ret_none = true;
	else if (r == 0)
		r = wgc_ns_put(kept, err);
	wgc_ns_kept_free(kept);
	return r;
}

int wgc_ns_etc(const struct wgc_ns_inside *x, const char *stage, struct wgc_err *err)
{
	bool none = false;
	int r = overlay(x, stage, &none, err);

	if (r == 0 && none)
		r = bind_one_by_one(x, stage, err);
	/* What is written there would be gone at the end: it had better fail. */
	if (r == 0 && mount(NULL, ETC, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
		r = wgc_ns_failed(err, "make read-only", ETC);
	return r;
}
