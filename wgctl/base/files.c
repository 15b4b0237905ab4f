// SPDX-License-Identifier: GPL-2.0
/* Whole files. Any of them may hold a key, so buffers given up are wiped. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

mode_t wgc_caller_umask = 022;

int wgc_read_fd(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	struct stat st;
	size_t cap = 4096, len = 0;
	char *buf, *grown;
	int ret;

	/* A hint only: proc files say 0, and a file may grow while we read. */
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uintmax_t)st.st_size > max)
			return -EFBIG;
		cap = (size_t)st.st_size + 2;
	}
	buf = malloc(cap);
	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, buf + len, cap - len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ret = -errno;
			goto fail;
		}
		if (!n)
			break;
		len += (size_t)n;
		if (len > max) {
			ret = -EFBIG;
			goto fail;
		}
		if (len + 1 < cap)
			continue;
		grown = malloc(2 * cap);
		if (!grown) {
			ret = -ENOMEM;
			goto fail;
		}
		memcpy(grown, buf, len);
		wgc_wipe(buf, len);
		free(buf);
		buf = grown;
		cap *= 2;
	}
	buf[len] = '\0';
	*ret_text = buf;
	*ret_len = len;
	return 0;
fail:
	wgc_wipe(buf, len);
	free(buf);
	return ret;
}

int wgc_read_file(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	WGC_AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return wgc_read_fd(fd, max, ret_text, ret_len);
}

int wgc_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A rename is on the disk only once its directory is. @dir_len 0: the current one. */
static int sync_dir(const char *path, size_t dir_len)
{
	WGC_AUTO_FREE char *dir = dir_len ? strndup(path, dir_len) : strdup(".");
	WGC_AUTO_FD int fd = -1;

	if (!dir)
		return -ENOMEM;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems cannot: then there is nothing to wait for. */
	if (fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		return -errno;
	return 0;
}

static int write_beside(const char *path, const void *data, size_t len, mode_t mode, unsigned flags)
{
	const char *slash = strrchr(path, '/');
	size_t dir_len = slash ? (size_t)(slash - path) + 1 : 0;
	WGC_AUTO_FREE char *tmp = NULL;
	WGC_AUTO_FD int fd = -1;
	int ret;

	/* A short name of its own: the file's may already have the longest length allowed. */
	if (asprintf(&tmp, "%.*s.wgctl.XXXXXX", (int)dir_len, path) < 0) {
		tmp = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = wgc_write_all(fd, data, len);
	/* The mode last: until the data is there, nobody else can open it. */
	if (!ret && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		ret = -errno;
	if (!ret && renameat2(AT_FDCWD, tmp, AT_FDCWD, path, flags) < 0)
		ret = -errno;
	/* Some file systems cannot rename without replacing; a second name fails where there is one. */
	if (ret == -EINVAL && flags)
		ret = link(tmp, path) < 0 ? -errno : unlink(tmp) < 0 ? -errno : 0;
	if (ret) {
		unlink(tmp);
		return ret;
	}
	return sync_dir(path, dir_len);
}

int wgc_write_file_atomic(const char *path, const void *data, size_t len, mode_t mode)
{
	return write_beside(path, data, len, mode, 0);
}

int wgc_write_file_new(const char *path, const void *data, size_t len, mode_t mode)
{
	return write_beside(path, data, len, mode, RENAME_NOREPLACE);
}

static int make_dir(const char *path, mode_t mode)
{
	struct stat st;
	int ret;

	if (!mkdir(path, mode))
		return 0;
	ret = -errno;
	/* Not only EEXIST: on a read-only or foreign parent the kernel may say
	 * EROFS or EACCES although the directory is there. */
	if (stat(path, &st) < 0)
		return ret;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int wgc_mkdir_p(const char *path, mode_t mode)
{
	WGC_AUTO_FREE char *copy = strdup(path);
	char *p = copy;

	if (!copy)
		return -ENOMEM;
	if (!*copy)
		return -ENOENT;
	while (*p) {
		char end;
		int ret;

		p += strspn(p, "/");
		p += strcspn(p, "/");
		end = *p;
		*p = '\0';
		ret = make_dir(copy, mode);
		if (ret)
			return ret;
		*p = end;
		/* A trailing slash names nothing more. */
		if (!p[strspn(p, "/")])
			break;
	}
	return 0;
}
