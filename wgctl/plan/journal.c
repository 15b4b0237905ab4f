// SPDX-License-Identifier: GPL-2.0
/*
 * The journal's file: <run_dir>/<profile>/journal, one JSON object a line,
 * written before the step that it announces. The directory is the lock: an
 * flock on it goes with the process that holds it, however that one ends.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "plan/internal.h"

#define JOURNAL "journal"
#define JOURNAL_MAX (256u << 20)

/* A directory name for any profile name. It never starts with a dot, so that
 * hidden entries of run_dir stay free, and never holds a slash. */
int wgc_journal_dir_name(const char *name, char **ret)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };

	for (const char *p = name; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
			     strchr("_=+-", *p) || (*p == '.' && p != name);

		if (plain)
			wgc_str_addc(&s, *p);
		else
			wgc_str_addf(&s, "%%%02x", (unsigned char)*p);
	}
	*ret = wgc_str_steal(&s);
	return *ret ? 0 : -ENOMEM;
}

static int open_run_dir(const struct wgc_sys *sys, struct wgc_err *err)
{
	int fd, r;

	r = wgc_mkdir_p(sys->run_dir, 0755);
	fd = r < 0 ? r : open(sys->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		r = r < 0 ? -r : errno;
		wgc_err_set(err, r == EACCES || r == EPERM ? WGC_E_PERM : WGC_E_IO, r, "cannot use the state directory '%s': %s",
			    sys->run_dir, strerror(r));
		return -r;
	}
	return fd;
}

/*
 * A process that was killed a moment ago may have left a child (wgc_apart) that
 * has not come to letting go of its locks yet: that is not "another wgctl".
 */
static int lock_soon(int fd)
{
	static const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	for (int i = 0; i < 50; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		nanosleep(&pause, NULL);
	}
	errno = EWOULDBLOCK;
	return -1;
}

int wgc_journal_lock(const struct wgc_sys *sys, const char *name, struct wgc_journal *ret, struct wgc_err *err)
{
	struct wgc_journal j = WGC_JOURNAL_INIT;
	struct stat held, now;
	int r;

	j.run_fd = open_run_dir(sys, err);
	if (j.run_fd < 0)
		return j.run_fd;
	r = wgc_journal_dir_name(name, &j.dir);
	if (r < 0) {
		wgc_journal_unlock(&j);
		return wgc_err_nomem(err);
	}
	for (;;) {
		if (mkdirat(j.run_fd, j.dir, 0700) < 0 && errno != EEXIST)
			break;
		j.dir_fd = openat(j.run_fd, j.dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (j.dir_fd < 0) {
			if (errno == ENOENT)
				continue;
			break;
		}
		if (lock_soon(j.dir_fd) < 0)
			break;
		/* Another process may have removed the directory between our
		 * open and our lock; then we hold a lock on nothing. */
		if (fstat(j.dir_fd, &held) == 0 && fstatat(j.run_fd, j.dir, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
		    held.st_ino == now.st_ino && held.st_dev == now.st_dev) {
			*ret = j;
			return 0;
		}
		j.dir_fd = wgc_close(j.dir_fd);
	}
	r = errno;
	if (r == EWOULDBLOCK) {
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "another wgctl is working on '%s'", name);
		wgc_err_hint(err, "wait until it has finished; a hook of the profile cannot run wgctl for its own profile");
		r = EBUSY;
	} else {
		wgc_err_set(err, r == EACCES || r == EPERM ? WGC_E_PERM : WGC_E_IO, r, "cannot lock '%s/%s': %s", sys->run_dir, j.dir,
			    strerror(r));
	}
	j.dir_fd = wgc_close(j.dir_fd);
	wgc_journal_unlock(&j);
	return -r;
}

void wgc_journal_unlock(struct wgc_journal *j)
{
	j->fd = wgc_close(j->fd);
	/* Fails, as it should, while there is a journal in it. */
	if (j->run_fd >= 0 && j->dir_fd >= 0)
		unlinkat(j->run_fd, j->dir, AT_REMOVEDIR);
	j->dir_fd = wgc_close(j->dir_fd);
	j->run_fd = wgc_close(j->run_fd);
	free(WGC_TAKE(j->dir));
}

static int io_error(const struct wgc_journal *j, const char *what, struct wgc_err *err)
{
	int r = errno;

	return wgc_err_set(err, WGC_E_IO, r, "cannot %s the journal of '%s': %s", what, j->dir, strerror(r));
}

int wgc_journal_create(struct wgc_journal *j, struct wgc_err *err)
{
	j->fd = openat(j->dir_fd, JOURNAL, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return j->fd < 0 ? io_error(j, "create", err) : 0;
}

int wgc_journal_append(struct wgc_journal *j, const char *line, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	int r;

	if (j->fd < 0) {
		j->fd = openat(j->dir_fd, JOURNAL, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
		if (j->fd < 0)
			return io_error(j, "open", err);
		j->torn = true;
	}
	/* A crash, or a full disk, may have left half a line: end it, so that ours is whole. */
	if (j->torn)
		wgc_str_addc(&s, '\n');
	wgc_str_addf(&s, "%s\n", line);
	if (s.oom)
		return wgc_err_nomem(err);
	r = wgc_write_all(j->fd, s.s, s.len);
	if (r < 0) {
		j->torn = true;
		errno = -r;
		return io_error(j, "write", err);
	}
	j->torn = false;
	return fdatasync(j->fd) < 0 && errno != EINVAL ? io_error(j, "write", err) : 0;
}

int wgc_journal_appendf(struct wgc_journal *j, struct wgc_err *err, const char *fmt, ...)
{
	WGC_AUTO_FREE char *line = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (r < 0) {
		line = NULL;
		return wgc_err_nomem(err);
	}
	return wgc_journal_append(j, line, err);
}

static int read_records(int dir_fd, json_t **ret)
{
	WGC_AUTO_FREE char *text = NULL;
	WGC_AUTO_FD int fd = openat(dir_fd, JOURNAL, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_t *all;
	size_t len;
	int r;

	if (fd < 0) {
		if (errno != ENOENT)
			return -errno;
		*ret = NULL;
		return 0;
	}
	r = wgc_read_fd(fd, JOURNAL_MAX, &text, &len);
	if (r < 0)
		return r;
	all = json_array();
	for (char *line = text, *end; all && line < text + len; line = end + 1) {
		json_t *record;

		end = memchr(line, '\n', (size_t)(text + len - line));
		if (!end)
			break; /* torn: what it announces was not begun */
		record = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
		if (record && json_array_append_new(all, record) < 0) {
			json_decref(all);
			all = NULL;
		}
	}
	if (!all)
		return -ENOMEM;
	*ret = all;
	return 0;
}

bool wgc_journal_exists(const struct wgc_journal *j)
{
	return faccessat(j->dir_fd, JOURNAL, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int wgc_journal_read(struct wgc_journal *j, json_t **ret, struct wgc_err *err)
{
	int r = read_records(j->dir_fd, ret);

	if (r < 0) {
		errno = -r;
		return io_error(j, "read", err);
	}
	return 0;
}

int wgc_journal_remove(struct wgc_journal *j, struct wgc_err *err)
{
	static const char *const beside[] = { WGC_APPLIED_NEXT, WGC_APPLIED };

	j->fd = wgc_close(j->fd);
	/* The journal last: while it is there, somebody comes back for the rest. */
	for (size_t i = 0; i < WGC_ARRAY_SIZE(beside); i++)
		if (unlinkat(j->dir_fd, beside[i], 0) < 0 && errno != ENOENT)
			return io_error(j, "remove what stands beside", err);
	if (unlinkat(j->dir_fd, JOURNAL, 0) < 0 && errno != ENOENT)
		return io_error(j, "remove", err);
	return 0;
}

int wgc_journal_lock_all(const struct wgc_sys *sys, struct wgc_err *err)
{
	int fd = open_run_dir(sys, err);

	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX) < 0) {
		int r = errno;

		if (r == EINTR)
			continue;
		wgc_close(fd);
		return wgc_err_set(err, WGC_E_IO, r, "cannot lock '%s': %s", sys->run_dir, strerror(r));
	}
	return fd;
}

int wgc_journal_each(const struct wgc_sys *sys, int (*fn)(void *ctx, const char *dir, json_t *records), void *ctx,
		     struct wgc_err *err)
{
	DIR *d = opendir(sys->run_dir);
	struct dirent *e;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 :
					 wgc_err_set(err, errno == EACCES ? WGC_E_PERM : WGC_E_IO, errno, "cannot read '%s': %s",
						     sys->run_dir, strerror(errno));
	while (!r && (e = readdir(d))) {
		WGC_AUTO_FD int fd = -1;
		json_t *records = NULL;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			continue;
		/* One unreadable journal must not hide the others. */
		if (read_records(fd, &records) < 0 || !records)
			continue;
		r = fn(ctx, e->d_name, records);
		json_decref(records);
	}
	closedir(d);
	return r;
}

int wgc_journal_append_other(const struct wgc_sys *sys, const char *dir, const char *line, struct wgc_err *err)
{
	struct wgc_journal other = WGC_JOURNAL_INIT;
	int r;

	other.run_fd = open_run_dir(sys, err);
	if (other.run_fd < 0)
		return other.run_fd;
	other.dir = strdup(dir);
	other.dir_fd = openat(other.run_fd, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (!other.dir || other.dir_fd < 0)
		r = wgc_err_set(err, WGC_E_IO, errno, "cannot open the journal of '%s'", dir);
	else
		r = wgc_journal_append(&other, line, err);
	/* It is not ours to unlock, nor is its directory to be taken away. */
	other.fd = wgc_close(other.fd);
	other.dir_fd = wgc_close(other.dir_fd);
	wgc_journal_unlock(&other);
	return r;
}
