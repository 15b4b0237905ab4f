// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "unit/tap.h"

/* Tell through @keep how many descriptors there are, and who the parent is not. */
static void count(int keep, int end, void *arg)
{
	char text[2] = { 0, getppid() == *(pid_t *)arg ? 'p' : 'o' };

	for (int fd = 0; fd < 1024; fd++)
		text[0] += fcntl(fd, F_GETFD) >= 0;
	if (write(keep, text, 2) != 2)
		_exit(1);
}

static void until_released(int keep, int end, void *arg)
{
	char byte;

	if (read(end, &byte, 1) == 0 && write(keep, "r", 1) != 1)
		_exit(1);
}

int main(void)
{
	struct pollfd p = { .events = POLLIN };
	pid_t self = getpid();
	int out[2], end;
	char text[2];

	ok(!pipe(out));

	end = wgc_apart(out[1], count, &self);
	ok(end >= 0);
	is_int(read(out[0], text, 2), 2);
	is_int(text[0], 2); /* what it keeps, and the end */
	is_int(text[1], 'o');
	p.fd = end;
	is_int(poll(&p, 1, 10000), 1);
	ok(p.revents & POLLHUP);
	close(end);
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);

	end = wgc_apart(out[1], until_released, NULL);
	ok(end >= 0);
	p.fd = out[0];
	is_int(poll(&p, 1, 50), 0);
	close(end);
	is_int(read(out[0], text, 2), 1);
	is_int(text[0], 'r');

	end = wgc_apart(-1, count, &self);
	p.fd = end;
	is_int(poll(&p, 1, 10000), 1);
	ok(p.revents & POLLHUP);
	close(end);
	return tap_done();
}
