// SPDX-License-Identifier: GPL-2.0
/* Looking names up without waiting for it: in a thread that says by a descriptor that it is through. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "plan/place.h"
#include "plan/watch/watch.h"

struct wgc_lookups {
	pthread_t thread;
	struct wgc_sys sys; /* a copy, of which only what looking up needs is used */
	struct wgc_place place;
	struct wgc_lookup *v;
	size_t n;
	struct wgc_outside outside;
	unsigned wait_seconds;
	volatile int stop;
	int fd;
};

static void *run(void *arg)
{
	struct wgc_lookups *l = arg;
	const uint64_t one = 1;

	l->sys.resolve(&l->sys, l->v, l->n, l->wait_seconds, &l->stop);
	wgc_write_all(l->fd, &one, sizeof(one));
	return NULL;
}

static void done(struct wgc_lookups *l)
{
	for (size_t i = 0; l->v && i < l->n; i++) {
		free((char *)l->v[i].host);
		free((char *)l->v[i].port);
		free(l->v[i].addrs);
	}
	free(l->v);
	wgc_close(l->fd);
	wgc_close(l->place.birth);
	wgc_close(l->place.back);
	free(l);
}

int wgc_lookups_start(struct wgc_sys *sys, const struct wgc_lookup *v, size_t n, const struct wgc_outside *outside, unsigned wait_seconds,
		      struct wgc_lookups **ret)
{
	struct wgc_lookups *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->sys = *sys;
	l->place = (struct wgc_place)WGC_PLACE_INIT;
	/* The namespaces of the tunnel are left while this goes on. */
	if (sys->place) {
		l->place.birth = sys->place->birth < 0 ? -1 : fcntl(sys->place->birth, F_DUPFD_CLOEXEC, 3);
		l->place.back = fcntl(sys->place->back, F_DUPFD_CLOEXEC, 3);
		l->sys.place = &l->place;
	}
	l->n = n;
	l->wait_seconds = wait_seconds;
	l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->v = calloc(n ? n : 1, sizeof(*l->v));
	r = l->fd < 0 ? -errno : l->v ? 0 : -ENOMEM;
	l->outside = *outside;
	if (r == 0)
		l->v[0].outside = &l->outside;
	/* The names belong to a profile that may be read anew while we look. */
	for (size_t i = 0; r == 0 && i < n; i++) {
		l->v[i].host = strdup(v[i].host);
		l->v[i].port = strdup(v[i].port);
		if (!l->v[i].host || !l->v[i].port)
			r = -ENOMEM;
	}
	if (r == 0)
		r = -pthread_create(&l->thread, NULL, run, l);
	if (r < 0) {
		done(l);
		return r;
	}
	*ret = l;
	return 0;
}

int wgc_lookups_fd(const struct wgc_lookups *l)
{
	return l->fd;
}

const struct wgc_lookup *wgc_lookups_results(struct wgc_lookups *l)
{
	uint64_t n;

	/* Read, it stays unset: so a second call says no. */
	return read(l->fd, &n, sizeof(n)) == sizeof(n) ? l->v : NULL;
}

struct wgc_lookups *wgc_lookups_end(struct wgc_lookups *l)
{
	if (!l)
		return NULL;
	l->stop = 1;
	pthread_join(l->thread, NULL);
	done(l);
	return NULL;
}
