// SPDX-License-Identifier: GPL-2.0
/* Waiting until nobody lives in a namespace. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ns/internal.h"

/* As many at once as descriptors usually allow; the others are seen at the next look. */
#define AT_ONCE 500

struct watched {
	struct pollfd v[AT_ONCE];
	nfds_t n;
};

static void let_go(struct watched *w)
{
	while (w->n)
		close(w->v[--w->n].fd);
}

pid_t wgc_ns_parent(pid_t pid, char *comm)
{
	WGC_AUTO_FREE char *text = NULL;
	char path[40], *open, *close;
	int parent = 0;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (wgc_read_file(path, 4096, &text, &len) < 0)
		return 0;
	/* A name may hold anything, parentheses too. */
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || sscanf(close + 1, " %*c %d", &parent) != 1)
		return 0;
	if (comm)
		snprintf(comm, 32, "%.*s", (int)(close - open - 1), open + 1);
	return parent;
}

/* Who is there now. The number may have been another's before it was held. */
static int look(const struct wgc_ns_id *id, bool children, struct watched *w)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_ns_user *users = NULL;
	size_t n = 0;
	int r = a ? wgc_ns_users(id, a, &users, &n) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n && w->n < AT_ONCE; i++) {
		int fd;

		if (children && wgc_ns_parent(users[i].pid, NULL) != getpid())
			continue;
		fd = (int)syscall(SYS_pidfd_open, users[i].pid, 0);
		/* Whoever is held will do until the next look. */
		if (fd < 0 && errno == EMFILE && w->n)
			break;
		if (fd < 0 && errno != ESRCH) {
			r = -errno;
		} else if (fd >= 0 && wgc_ns_lives_in(users[i].pid, id)) {
			w->v[w->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		} else {
			wgc_close(fd);
		}
	}
	wgc_arena_free(a);
	return r;
}

/* Until all of them have ended: 0; 1 when the time is over. */
static int wait_for(struct watched *w, int64_t end)
{
	while (w->n) {
		int64_t left = end < 0 ? -1 : end - wgc_now_ms();
		int got = end >= 0 && left <= 0 ? 0 : poll(w->v, w->n, (int)left);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			return 1;
		for (nfds_t i = 0; got > 0 && i < w->n;) {
			if (!w->v[i].revents) {
				i++;
				continue;
			}
			close(w->v[i].fd);
			w->v[i] = w->v[--w->n];
		}
	}
	return 0;
}

static int wait_until_none(const struct wgc_ns_id *id, bool children, int timeout_ms)
{
	struct watched *w = calloc(1, sizeof(*w));
	int64_t end = timeout_ms < 0 ? -1 : wgc_now_ms() + timeout_ms;
	int r = w ? look(id, children, w) : -ENOMEM;

	while (r == 0 && w->n) {
		r = wait_for(w, end);
		if (r == 0)
			r = look(id, children, w);
	}
	if (w)
		let_go(w);
	free(w);
	return r;
}

int wgc_ns_wait_empty(const struct wgc_ns_id *id, int timeout_ms)
{
	return wait_until_none(id, false, timeout_ms);
}

int wgc_ns_wait_children(const struct wgc_ns_id *id, int timeout_ms)
{
	return wait_until_none(id, true, timeout_ms);
}
