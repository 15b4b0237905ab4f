// SPDX-License-Identifier: GPL-2.0
/*
 * load FROM TO ADDRESS tcp BYTES [BYTES-BACK]
 * load FROM TO ADDRESS udp COUNT SIZE
 *
 * Traffic from network namespace FROM to ADDRESS in namespace TO, in one process, and
 * the nanoseconds that it took: nothing else is in them, neither a process's start nor a
 * connection's. What is sent is not looked at; tests/kmod/flow.c is for that.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 7300, WINDOW = 32, PATIENCE_MS = 20000 };

static char buffer[65536];

static void enter(const char *space)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", space);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
}

static int open_socket(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(2, "socket");
	return fd;
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Move what can be moved of @left bytes; a negative number of bytes would be an error. */
static void step(long long *left, ssize_t (*move)(int fd), int fd)
{
	ssize_t n;

	if (!*left)
		return;
	n = move(fd);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		err(2, "tcp");
	if (n > 0)
		*left -= n > *left ? *left : n;
}

static ssize_t put(int fd)
{
	return send(fd, buffer, sizeof(buffer), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t take(int fd)
{
	return recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
}

/* Each end sends so much, and is sent so much; more may be under way when that is seen. */
static void tcp(const int fd[2], const long long bytes[2])
{
	long long to_send[2] = { bytes[0], bytes[1] }, to_come[2] = { bytes[1], bytes[0] };

	while (to_come[0] || to_come[1]) {
		struct pollfd p[2];

		for (int i = 0; i < 2; i++)
			p[i] = (struct pollfd){ fd[i], (to_send[i] ? POLLOUT : 0) | (to_come[i] ? POLLIN : 0), 0 };
		if (poll(p, 2, PATIENCE_MS) <= 0)
			errx(1, "nothing moves any more");
		for (int i = 0; i < 2; i++) {
			if (p[i].revents & POLLIN)
				step(&to_come[i], take, fd[i]);
			if (p[i].revents & POLLOUT)
				step(&to_send[i], put, fd[i]);
		}
	}
}

static void udp(const int fd[2], long long count, size_t size)
{
	for (long long sent = 0, came = 0; came < count;) {
		struct pollfd p = { fd[1], POLLIN, 0 };

		while (sent < count && sent - came < WINDOW && send(fd[0], buffer, size, 0) == (ssize_t)size)
			sent++;
		while (recv(fd[1], buffer, sizeof(buffer), MSG_DONTWAIT) >= 0)
			came++;
		if (came < sent && poll(&p, 1, PATIENCE_MS) <= 0)
			errx(1, "%lld of %lld are lost", sent - came, count);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd[2], listener, is_tcp, r;
	long long begun;

	if (argc < 6 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
		errx(2, "usage: load FROM TO ADDRESS tcp BYTES [BYTES-BACK] | udp COUNT SIZE");
	is_tcp = !strcmp(argv[4], "tcp");
	enter(argv[2]);
	listener = open_socket(is_tcp ? SOCK_STREAM : SOCK_DGRAM);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(listener, (struct sockaddr *)&to, sizeof(to)) || (is_tcp && listen(listener, 1)))
		err(2, "%s", argv[3]);
	enter(argv[1]);
	fd[0] = open_socket(is_tcp ? SOCK_STREAM : SOCK_DGRAM);
	r = connect(fd[0], (struct sockaddr *)&to, sizeof(to));
	fd[1] = is_tcp ? accept(listener, NULL, NULL) : listener;
	if (r || fd[1] < 0)
		err(2, "%s", argv[3]);
	if (is_tcp) {
		tcp(fd, (const long long[]){ 1000000, 1000000 }); /* past its slow start */
		begun = now();
		tcp(fd, (const long long[]){ atoll(argv[5]), argc > 6 ? atoll(argv[6]) : 0 });
	} else {
		if (argc < 7)
			errx(2, "udp COUNT SIZE");
		udp(fd, 100, 100);
		begun = now();
		udp(fd, atoll(argv[5]), atoi(argv[6]));
	}
	printf("%lld\n", now() - begun);
	return 0;
}
