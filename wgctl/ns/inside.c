// SPDX-License-Identifier: GPL-2.0
/* Entering a namespace; who lives in one; and finding one that has lost its name by who does. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ns/internal.h"

int wgc_ns_enter(int fd, struct wgc_err *err)
{
	if (setns(fd, CLONE_NEWNET) == 0)
		return 0;
	return wgc_err_set(err, errno == EPERM ? WGC_E_PERM : WGC_E_KERNEL, errno, "cannot enter the network namespace: %s", strerror(errno));
}

void wgc_ns_return(int fd)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	while (setns(fd, CLONE_NEWNET) < 0)
		nanosleep(&pause, NULL);
}

int wgc_ns_enter_new(struct wgc_err *err)
{
	if (unshare(CLONE_NEWNET) == 0)
		return 0;
	return wgc_err_set(err, errno == EPERM ? WGC_E_PERM : WGC_E_KERNEL, errno, "cannot make a network namespace: %s", strerror(errno));
}

/* Next process in /proc: its pid, 0 behind the last. */
static pid_t next_process(DIR *proc)
{
	struct dirent *e;
	uint64_t pid;

	while ((e = readdir(proc)))
		if (wgc_parse_u64(e->d_name, INT32_MAX, &pid) == 0)
			return (pid_t)pid;
	return 0;
}

int wgc_ns_ino_of(int proc, pid_t pid, uint64_t *ret)
{
	char path[32], text[40];
	unsigned long long ino;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/ns/net", (int)pid);
	n = readlinkat(proc, path, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = 0;
	if (sscanf(text, "net:[%llu]", &ino) != 1)
		return -EIO;
	*ret = ino;
	return 0;
}

bool wgc_ns_lives_in(pid_t pid, const struct wgc_ns_id *id)
{
	WGC_AUTO_FD int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t ino;

	return proc >= 0 && wgc_ns_ino_of(proc, pid, &ino) == 0 && ino == id->ino;
}

/* The process' name: anything that it likes, so only what can be shown. */
static void read_comm(pid_t pid, char out[static 20])
{
	WGC_AUTO_FREE char *text = NULL;
	char path[40];
	size_t len;

	out[0] = 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (wgc_read_file(path, 256, &text, &len) < 0)
		return;
	text[strcspn(text, "\n")] = 0;
	snprintf(out, 20, "%.19s", text);
	for (char *c = out; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

int wgc_ns_users(const struct wgc_ns_id *id, struct wgc_arena *a, struct wgc_ns_user **ret, size_t *ret_n)
{
	struct wgc_ns_user *v = NULL;
	size_t n = 0, cap = 0;
	DIR *proc = opendir("/proc");
	pid_t pid;

	if (!proc)
		return -errno;
	while ((pid = next_process(proc))) {
		struct wgc_ns_user *u;
		char path[24];
		struct stat st;
		uint64_t ino;

		snprintf(path, sizeof(path), "/proc/%d", (int)pid);
		if (wgc_ns_ino_of(dirfd(proc), pid, &ino) < 0 || ino != id->ino || stat(path, &st) < 0)
			continue;
		u = wgc_arena_push(a, &v, &n, &cap, sizeof(*u));
		if (!u) {
			closedir(proc);
			return -ENOMEM;
		}
		u->pid = pid;
		u->uid = st.st_uid;
		read_comm(pid, u->comm);
	}
	closedir(proc);
	*ret = v;
	*ret_n = n;
	return 0;
}

void wgc_ns_signal(const struct wgc_ns_id *id, pid_t pid, int sig)
{
	WGC_AUTO_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0 && wgc_ns_lives_in(pid, id))
		syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

/* Close and forget what is not the wanted one. */
static int only(int fd, const struct wgc_ns_id *id)
{
	struct wgc_ns_id got;

	if (fd >= 0 && (id->cookie ? wgc_ns_id_whole(fd, &got) : wgc_ns_id(fd, &got)) == 0 && wgc_ns_id_equal(&got, id))
		return fd;
	wgc_close(fd < 0 ? -1 : fd);
	return -ENOENT;
}

static int open_if(const char *path, const struct wgc_ns_id *id)
{
	return only(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), id);
}

/* Mounts of it, wherever they are: "... / net:[INO] MOUNTPOINT ..." in mountinfo. */
static int find_mounted(const struct wgc_ns_id *id)
{
	WGC_AUTO_FREE char *text = NULL;
	char needle[40], *save = NULL;
	int fd = -ENOENT;
	size_t len;

	if (wgc_read_file("/proc/thread-self/mountinfo", 64u << 20, &text, &len) < 0)
		return -ENOENT;
	snprintf(needle, sizeof(needle), " net:[%llu] ", (unsigned long long)id->ino);
	for (char *line = strtok_r(text, "\n", &save); line && fd < 0; line = strtok_r(NULL, "\n", &save)) {
		char *hit = strstr(line, needle);

		if (!hit)
			continue;
		hit += strlen(needle);
		hit[strcspn(hit, " ")] = 0;
		/* A name with a blank is written otherwise there; a process may have it. */
		fd = open_if(hit, id);
	}
	return fd;
}

int wgc_ns_find(const struct wgc_ns_id *id, const char *hint)
{
	int fd = open_if("/proc/thread-self/ns/net", id);
	DIR *proc;
	pid_t pid;

	if (fd < 0 && hint)
		fd = open_if(hint, id);
	if (fd < 0)
		fd = find_mounted(id);
	if (fd >= 0)
		return fd;
	proc = opendir("/proc");
	while (proc && fd < 0 && (pid = next_process(proc)))
		if (wgc_ns_lives_in(pid, id))
			fd = only(wgc_ns_open_pid(pid), id);
	if (proc)
		closedir(proc);
	return fd < 0 ? -ENOENT : fd;
}
