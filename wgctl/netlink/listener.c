// SPDX-License-Identifier: GPL-2.0
/*
 * The last word to a userspace implementation. wireguard-go can lock itself up when
 * its device goes while it is still beginning (seen with 0.0.20220316 on a busy
 * machine: all its threads wait for each other). Its socket is there then, and
 * nobody behind it. What listens is found as ss(8) finds it, by the socket's number.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netlink/uapi.h"

#define TABLE "/proc/thread-self/net/unix"
#define LISTENS 0x10000 /* its flag for that: __SO_ACCEPTCON, linux/net.h */

unsigned long wgc_uapi_listener(const char *path)
{
	WGC_AUTO_FREE char *text = NULL;
	unsigned long found = 0;
	char *save = NULL;
	size_t len;

	if (wgc_read_file(TABLE, 64u << 20, &text, &len) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long flags, inode;
		int at = 0;

		if (sscanf(line, "%*x: %*x %*x %lx %*x %*x %lu %n", &flags, &inode, &at) == 2 && at && flags & LISTENS &&
		    !strcmp(line + at, path))
			found = inode;
	}
	return found;
}

static bool holds(pid_t pid, const char *socket)
{
	char dir[32], text[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	d = opendir(dir);
	while (d && !found && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, text, sizeof(text) - 1);

		text[n > 0 ? n : 0] = '\0';
		found = !strcmp(text, socket);
	}
	if (d)
		closedir(d);
	return found;
}

int wgc_uapi_end_listener(unsigned long number)
{
	char socket[40];
	struct dirent *e;
	int ended = 0;
	DIR *d = number ? opendir("/proc") : NULL;

	snprintf(socket, sizeof(socket), "socket:[%lu]", number);
	while (d && (e = readdir(d))) {
		WGC_AUTO_FD int fd = -1;
		uint64_t pid;

		if (wgc_parse_u64(e->d_name, INT_MAX, &pid) < 0 || (pid_t)pid == getpid())
			continue;
		/* Held first, then looked at: the number cannot become another's between the two. */
		fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
		if (fd >= 0 && holds((pid_t)pid, socket) && syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0)
			ended++;
	}
	if (d)
		closedir(d);
	return ended;
}
