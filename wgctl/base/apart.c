// SPDX-License-Identifier: GPL-2.0
/* Work that a child does, left behind, because the kernel takes its time over it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

static _Noreturn void in_child(int keep, int end, void (*work)(int keep, int end, void *arg), void *arg)
{
	/* Out of the way of 0 and 1 before these are taken. */
	keep = fcntl(keep, F_DUPFD, 3);
	end = fcntl(end, F_DUPFD, 3);
	if (keep >= 0 && end >= 0 && dup2(keep, 0) == 0 && dup2(end, 1) == 1 && !close_range(2, ~0U, 0))
		work(0, 1, arg);
	_exit(0);
}

int wgc_apart(int keep, void (*work)(int keep, int end, void *arg), void *arg)
{
	int ends[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	pid = fork();
	if (!pid) {
		if (!fork())
			in_child(keep, ends[1], work, arg);
		_exit(0);
	}
	r = pid < 0 ? -errno : ends[0];
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	else
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return r;
}
