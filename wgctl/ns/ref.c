// SPDX-License-Identifier: GPL-2.0
/* What a namespace is, and the file behind the name that somebody gives it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ns/internal.h"

int wgc_ns_id(int fd, struct wgc_ns_id *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct wgc_ns_id){ .dev = st.st_dev, .ino = st.st_ino };
	return 0;
}

/* Of the namespace that the calling thread is in. */
static uint64_t own_cookie(void)
{
	WGC_AUTO_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie;
	socklen_t len = sizeof(cookie);

	return fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

int wgc_ns_id_whole(int fd, struct wgc_ns_id *ret)
{
	WGC_AUTO_FD int own = wgc_ns_own();
	struct wgc_ns_id here = { 0 }, id;
	int r = wgc_ns_id(fd, &id);

	if (r < 0)
		return r;
	if (own < 0 || wgc_ns_id(own, &here) < 0)
		return -EIO;
	if (wgc_ns_id_equal(&here, &id)) {
		id.cookie = own_cookie();
	} else if (setns(fd, CLONE_NEWNET) == 0) {
		id.cookie = own_cookie();
		wgc_ns_return(own);
	}
	*ret = id;
	return 0;
}

bool wgc_ns_id_equal(const struct wgc_ns_id *a, const struct wgc_ns_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && (!a->cookie || !b->cookie || a->cookie == b->cookie);
}

void wgc_ns_id_print(const struct wgc_ns_id *id, char out[static WGC_NS_ID_TEXT])
{
	int n = snprintf(out, WGC_NS_ID_TEXT, "%llu:%llu", (unsigned long long)id->dev, (unsigned long long)id->ino);

	if (id->cookie)
		snprintf(out + n, WGC_NS_ID_TEXT - (size_t)n, ":%llu", (unsigned long long)id->cookie);
}

bool wgc_ns_id_parse(const char *text, struct wgc_ns_id *ret)
{
	unsigned long long dev, ino, cookie = 0;
	char end;
	int n = sscanf(text, "%llu:%llu%c%llu%c", &dev, &ino, &end, &cookie, &end);

	if (n != 2 && (n != 4 || strchr(text, ':') == strrchr(text, ':')))
		return false;
	*ret = (struct wgc_ns_id){ .dev = dev, .ino = ino, .cookie = cookie };
	return true;
}

/* nsfs knows all kinds of namespaces; setns(2) would say no more than EINVAL. */
static bool is_network(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == NSFS_MAGIC && ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET;
}

int wgc_ns_own(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Never blocks: the file may be a FIFO that somebody has put there. */
static int open_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (is_network(fd))
		return fd;
	close(fd);
	return -EINVAL;
}

int wgc_ns_open_pid(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return open_path(path);
}

static int missing(const struct wgc_ns_ref *ref, int r, struct wgc_err *err)
{
	enum wgc_code code = r == -ENOENT ? WGC_E_NOT_FOUND : r == -EACCES || r == -EPERM ? WGC_E_PERM : WGC_E_IO;

	if (r == -EINVAL) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "'%s' is not a network namespace", ref->text);
		wgc_err_hint(err, "`ip netns list` shows those that have names");
	} else if (r == -ENOENT && ref->kind == WGC_NS_PID) {
		wgc_err_set(err, code, ENOENT, "there is no process %d", (int)ref->pid);
	} else if (r == -ENOENT) {
		wgc_err_set(err, code, ENOENT, "there is no network namespace '%s'", ref->text);
		wgc_err_hint(err, ref->kind == WGC_NS_NAME ? "`ip netns list` shows those that have names" : "is the path right?");
	} else {
		wgc_err_set(err, code, -r, "cannot open the network namespace%s%s%s: %s", ref->text ? " '" : " of the caller", ref->text ?: "",
			    ref->text ? "'" : "", strerror(-r));
	}
	return r;
}

int wgc_ns_open(const struct wgc_ns_ref *ref, int *ret_fd, struct wgc_err *err)
{
	char path[WGC_NS_PATH_MAX];
	pid_t pid = ref->pid;
	int fd;

	switch (ref->kind) {
	case WGC_NS_NAME:
		wgc_ns_path(ref->text, path);
		fd = open_path(path);
		break;
	case WGC_NS_PATH:
		fd = open_path(ref->text);
		break;
	case WGC_NS_PID:
		fd = wgc_ns_open_pid(pid);
		break;
	case WGC_NS_CONTAINER:
		fd = wgc_ns_container(ref->text, &pid, err);
		if (fd < 0)
			return fd;
		fd = wgc_ns_open_pid(pid);
		break;
	default:
		fd = wgc_ns_own();
		break;
	}
	if (fd == -ENOTDIR || fd == -ESRCH)
		fd = -ENOENT;
	if (fd < 0)
		return missing(ref, fd, err);
	*ret_fd = fd;
	return 0;
}
