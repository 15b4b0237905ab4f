// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "unit/tap.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

int main(void)
{
	int fd, kept;

	{
		WGC_AUTO_FD int scoped = open("/dev/null", O_RDONLY | O_CLOEXEC);

		fd = scoped;
		ok(is_open(fd));
		errno = ENOENT;
	}
	is_int(errno, ENOENT);
	ok(!is_open(fd));
	{
		WGC_AUTO_FD int none = -1;
		WGC_AUTO_FREE char *nothing = NULL;

		ok(none < 0 && !nothing);
	}
	kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = kept;
	kept = wgc_close(kept);
	is_int(kept, -1);
	ok(!is_open(fd));
	errno = 0;
	is_int(wgc_close(-1), -1);
	is_int(errno, 0);
	/* A number that is not open: errno stays what it was. */
	errno = EPIPE;
	wgc_close(fd);
	is_int(errno, EPIPE);

	char *taken;
	{
		WGC_AUTO_FREE char *text = strdup("taken out");

		taken = WGC_TAKE(text);
		ok(!text);
	}
	is_str(taken, "taken out");
	free(taken);

	char buf[] = "secret";

	wgc_wipe(buf, 3);
	ok(!memcmp(buf, "\0\0\0ret", 7));
	wgc_wipe(NULL, 0);
	return tap_done();
}
