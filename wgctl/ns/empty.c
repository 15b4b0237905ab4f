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

/* Hold one of them. The number may have been another's before it was held. 1 when there
 * is no room for more: whoever is held will do until the next look. */
static int hold(const struct wgc_ns_id *id, pid_t pid, struct watched *w)
{
	int fd = w->n < AT_ONCE ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	if (w->n == AT_ONCE || (fd < 0 && errno == EMFILE && w->n))
		return 1;
	if (fd < 0)
		return errno == ESRCH ? 0 : -errno;
	if (wgc_ns_lives_in(pid, id))
		w->v[w->n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	else
		close(fd);
	return 0;
}

/* Who is there now. */
static int look(const struct wgc_ns_id *id, struct watched *w)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_ns_user *users = NULL;
	size_t n = 0;
	int r = a ? wgc_ns_users(id, a, &users, &n) : -ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = hold(id, users[i].pid, w);
	wgc_arena_free(a);
	return r < 0 ? r : 0;
}

/* Which of our children are there. This thread has them all, and asking for them spares a
 * look at everybody's; where the kernel does not keep that list (CONFIG_PROC_CHILDREN),
 * everybody is asked for his parent. */
static int look_at_children(const struct wgc_ns_id *id, struct watched *w)
{
	WGC_AUTO_FREE char *text = NULL;
	struct wgc_ns_user *users = NULL;
	struct wgc_arena *a;
	size_t n = 0;
	int r = 0;

	if (wgc_read_file("/proc/thread-self/children", 1u << 20, &text, &n) == 0) {
		for (char *at = text, *end; r == 0; at = end) {
			long pid = strtol(at, &end, 10);

			if (end == at)
				break;
			r = hold(id, (pid_t)pid, w);
		}
		return r < 0 ? r : 0;
	}
	a = wgc_arena_new();
	r = a ? wgc_ns_users(id, a, &users, &n) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (wgc_ns_parent(users[i].pid, NULL) == getpid())
			r = hold(id, users[i].pid, w);
	wgc_arena_free(a);
	return r < 0 ? r : 0;
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

static int wait_until_none(const struct wgc_ns_id *id, int (*look_again)(const struct wgc_ns_id *, struct watched *), int timeout_ms)
{
	struct watched *w = calloc(1, sizeof(*w));
	int64_t end = timeout_ms < 0 ? -1 : wgc_now_ms() + timeout_ms;
	int r = w ? look_again(id, w) : -ENOMEM;

	while (r == 0 && w->n) {
		r = wait_for(w, end);
		if (r == 0)
			r = look_again(id, w);
	}
	if (w)
		let_go(w);
	free(w);
	return r;
}

int wgc_ns_wait_empty(const struct wgc_ns_id *id, int timeout_ms)
{
	return wait_until_none(id, look, timeout_ms);
}

int wgc_ns_wait_children(const struct wgc_ns_id *id, int timeout_ms)
{
	return wait_until_none(id, look_at_children, timeout_ms);
}
