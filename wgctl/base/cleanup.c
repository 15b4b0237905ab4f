// SPDX-License-Identifier: GPL-2.0
/* Giving things back: the functions behind the cleanup attributes, and wiping. */
#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

void wgc_free_ptr(void *p)
{
	void *block;

	/* p points to a variable of some pointer type: read it without aliasing it. */
	memcpy(&block, p, sizeof(block));
	free(block);
}

int wgc_close(int fd)
{
	int saved = errno;

	/* No retry on EINTR: Linux has released the descriptor by then, and
	 * another thread may already own the number. */
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

void wgc_close_fd(int *fd)
{
	*fd = wgc_close(*fd);
}

void wgc_wipe(void *p, size_t len)
{
	if (len)
		sodium_memzero(p, len);
}

void wgc_wipe_free(void *p)
{
	if (p)
		wgc_wipe(p, malloc_usable_size(p));
	free(p);
}
