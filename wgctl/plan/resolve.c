// SPDX-License-Identifier: GPL-2.0
/*
 * Looking names up: many at once, with a limit in time, and interruptible.
 * getaddrinfo(3) is none of that, so each runs in a thread; one that hangs is
 * left behind, with memory of its own that the last user frees.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "plan/place.h"

#define THREADS 16
/* A resolver that is well has answered by then; also one that asks another one when the first is silent. */
#define OUTSIDE_AFTER 3 /* seconds */
#define DEFAULT_WAIT 15 /* seconds; what the C library's own resolver takes for two tries of two servers, and some */

struct job {
	char *host, *port;
	union wgc_sockaddr *addrs;
	size_t n;
	int error;
	bool done;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *jobs;
	size_t n, next, done;
	unsigned users;
	int birth; /* the network namespace to ask in; -1: the caller's */
	bool own;  /* that has a resolv.conf of its own, whose servers are those of `outside` */
	bool over; /* nobody waits any more */
	struct wgc_outside outside; /* asked when the machine's own resolver gives up */
	bool beside; /* ... and already while it has not: its servers may be in a tunnel that is dead */
};

static void pool_put(struct pool *p)
{
	bool last;

	pthread_mutex_lock(&p->lock);
	last = --p->users == 0;
	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	for (size_t i = 0; i < p->n; i++) {
		free(p->jobs[i].host);
		free(p->jobs[i].port);
		free(p->jobs[i].addrs);
	}
	free(p->jobs);
	wgc_close(p->birth);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p);
}

static int look_up(const char *host, const char *port, union wgc_sockaddr **ret, size_t *ret_n)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP };
	struct addrinfo *list, *ai;
	union wgc_sockaddr *v;
	size_t n = 0;
	int e;

	e = getaddrinfo(host, port, &hints, &list);
	if (e)
		return e;
	for (ai = list; ai; ai = ai->ai_next)
		n++;
	v = calloc(n ?: 1, sizeof(*v));
	if (!v) {
		freeaddrinfo(list);
		return EAI_MEMORY;
	}
	n = 0;
	for (ai = list; ai; ai = ai->ai_next)
		if ((ai->ai_family == AF_INET || ai->ai_family == AF_INET6) && ai->ai_addrlen <= sizeof(*v))
			memcpy(&v[n++], ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(list);
	*ret = v;
	*ret_n = n;
	return 0;
}

static bool worth_another_try(int e)
{
	return e == EAI_AGAIN || e == EAI_SYSTEM || e == EAI_MEMORY;
}

/* With the lock held. The first answer counts. */
static void settle(struct pool *p, struct job *j, int error, union wgc_sockaddr *addrs, size_t n)
{
	if (j->done) {
		free(addrs);
		return;
	}
	j->error = error;
	j->addrs = addrs;
	j->n = n;
	j->done = true;
	p->done++;
	pthread_cond_signal(&p->changed);
}

/* Of this thread alone: by it a kill switch that is in force, that of a lockdown
 * or of an earlier run, knows who asks. */
static void be_known(void)
{
	syscall(SYS_setfsgid, WGC_LOOKUP_GID);
}

/* Names of endpoints mean what they mean where the packets leave. */
static bool settle_in(const struct pool *p)
{
	be_known();
	return p->birth < 0 || wgc_ns_enter(p->birth, NULL) == 0;
}

static void *worker(void *arg)
{
	struct pool *p = arg;

	if (!settle_in(p)) {
		pool_put(p);
		return NULL;
	}
	pthread_mutex_lock(&p->lock);
	while (!p->over && p->next < p->n) {
		struct job *j = &p->jobs[p->next++];

		for (;;) {
			const struct timespec pause = { .tv_nsec = 300 * 1000 * 1000 };
			union wgc_sockaddr *addrs = NULL;
			size_t n = 0;
			bool again;
			int e;

			pthread_mutex_unlock(&p->lock);
			e = p->own ? EAI_AGAIN : look_up(j->host, j->port, &addrs, &n);
			if (worth_another_try(e) && !p->beside) {
				n = wgc_resolve_direct(j->host, j->port, &p->outside, &addrs);
				e = n ? 0 : e;
			}
			pthread_mutex_lock(&p->lock);
			again = worth_another_try(e) && !p->over && !j->done;
			if (!again) {
				settle(p, j, e, addrs, n);
				break;
			}
			j->error = e;
			pthread_mutex_unlock(&p->lock);
			nanosleep(&pause, NULL);
			pthread_mutex_lock(&p->lock);
		}
	}
	pthread_mutex_unlock(&p->lock);
	pool_put(p);
	return NULL;
}

/* What the resolver of the machine has not answered yet, once, of servers beside the tunnel. */
static void *beside(void *arg)
{
	struct pool *p = arg;

	if (!settle_in(p)) {
		pool_put(p);
		return NULL;
	}
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->n && !p->over; i++) {
		struct job *j = &p->jobs[i];
		union wgc_sockaddr *addrs = NULL;
		size_t n;

		if (j->done)
			continue;
		pthread_mutex_unlock(&p->lock);
		n = wgc_resolve_direct(j->host, j->port, &p->outside, &addrs);
		pthread_mutex_lock(&p->lock);
		if (n)
			settle(p, j, 0, addrs, n);
	}
	pthread_mutex_unlock(&p->lock);
	pool_put(p);
	return NULL;
}

/* With the lock held. */
static bool start(struct pool *p, void *(*what)(void *))
{
	pthread_t t;

	p->users++;
	if (pthread_create(&t, NULL, what, p)) {
		p->users--;
		return false;
	}
	pthread_detach(t);
	return true;
}

static struct pool *pool_new(const struct wgc_lookup *v, size_t n)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->users = 1;
	p->beside = n && v[0].outside && v[0].outside->n;
	if (p->beside)
		p->outside = *v[0].outside;
	else
		wgc_outside_resolved(&p->outside);
	p->birth = -1;
	p->jobs = calloc(n ?: 1, sizeof(*p->jobs));
	p->n = p->jobs ? n : 0;
	for (size_t i = 0; i < p->n; i++) {
		p->jobs[i].host = strdup(v[i].host);
		p->jobs[i].port = strdup(v[i].port);
		if (!p->jobs[i].host || !p->jobs[i].port) {
			pool_put(p);
			return NULL;
		}
	}
	if (!p->jobs) {
		pool_put(p);
		return NULL;
	}
	return p;
}

/* The servers of the namespace that packets leave from, where ip-netns(8) looks for
 * them; the caller's own namespace has the usual ones. */
static bool use_own_servers(struct pool *p, const struct wgc_place *place)
{
	struct wgc_ns_id birth, back;
	char name[256], path[300];

	if (!place || place->birth < 0 || wgc_ns_id(place->birth, &birth) < 0 || wgc_ns_id(place->back, &back) < 0 ||
	    wgc_ns_id_equal(&birth, &back) || !wgc_ns_name_of(&birth, name))
		return false;
	snprintf(path, sizeof(path), "/etc/netns/%s/resolv.conf", name);
	if (access(path, R_OK) < 0)
		return false;
	wgc_outside_file(path, true, &p->outside);
	p->beside = false;
	return true;
}

static bool is_past(const struct timespec *now, const struct timespec *t)
{
	return now->tv_sec > t->tv_sec || (now->tv_sec == t->tv_sec && now->tv_nsec >= t->tv_nsec);
}

int wgc_real_resolve(struct wgc_sys *sys, struct wgc_lookup *v, size_t n, unsigned wait_seconds, const volatile int *stop)
{
	struct pool *p = pool_new(v, n);
	struct timespec end, now, outside;
	bool asked = false;
	int r = 0;

	if (!p)
		return -ENOMEM;
	/* A copy: a thread that hangs outlives the place. */
	if (sys->place && sys->place->birth >= 0)
		p->birth = fcntl(sys->place->birth, F_DUPFD_CLOEXEC, 3);
	p->own = use_own_servers(p, sys->place);
	clock_gettime(CLOCK_MONOTONIC, &end);
	outside = end;
	outside.tv_sec += OUTSIDE_AFTER;
	end.tv_sec += wait_seconds ?: DEFAULT_WAIT;
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < n && i < THREADS && start(p, worker); i++)
		;
	while (p->done < p->n) {
		/* Short turns, so that a signal is seen soon. */
		struct timespec turn;

		clock_gettime(CLOCK_MONOTONIC, &now);
		if (is_past(&now, &end) || p->users == 1)
			break;
		if (p->beside && !asked && is_past(&now, &outside))
			asked = start(p, beside);
		if (stop && *stop) {
			r = -EINTR;
			break;
		}
		clock_gettime(CLOCK_REALTIME, &turn);
		turn.tv_nsec += 50 * 1000 * 1000;
		if (turn.tv_nsec >= 1000000000) {
			turn.tv_sec++;
			turn.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&p->changed, &p->lock, &turn);
	}
	p->over = true;
	for (size_t i = 0; i < n; i++) {
		struct job *j = &p->jobs[i];

		if (j->done && !j->error) {
			v[i].addrs = WGC_TAKE(j->addrs);
			v[i].n_addrs = j->n;
		}
		if (!v[i].n_addrs)
			snprintf(v[i].reason, sizeof(v[i].reason), "%s",
				 j->error ? gai_strerror(j->error) : j->done ? "no address" : "no answer in time");
	}
	pthread_mutex_unlock(&p->lock);
	pool_put(p);
	return r;
}
