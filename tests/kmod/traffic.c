// SPDX-License-Identifier: GPL-2.0
/*
 * traffic LEFT RIGHT: packets between two network namespaces of those names, whose
 * addresses inside the tunnel are 10.0.0.1 and fd00::1 on the left, 10.0.0.2 and
 * fd00::2 on the right. One process for all of a test: it takes a command a line
 * and answers each with "ok" or "no" and a figure.
 *
 *   udp 4|6 left|right N SIZE MS   datagrams from there, one every MS, each answered
 *   send 4|6 left|right N SIZE MS  the same, without answers
 *   open 4|6 left|right            a TCP connection from there, which stays open
 *   tcp BYTES                      so many through it, both ways at a time
 *   close
 *   sleep SECONDS
 *
 * Between commands it wakes up every millisecond. The clock of a guest that counts
 * instructions goes on to the next timer whenever there is nothing to do, also while
 * somebody waits for a file: without this, minutes would pass then.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 7000
#define ANSWER_MS 1500 /* long for a guest, short for a handshake that has to be repeated */
#define TCP_MS 20000

static int namespace[2];
static int connection[2] = { -1, -1 };
static unsigned char out[65536], in[65536];

static int die(const char *what)
{
	perror(what);
	exit(2);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_of(union address *a, bool v6, int side)
{
	*a = (union address){ .v4 = { .sin_family = AF_INET, .sin_port = htons(PORT) } };
	if (!v6) {
		a->v4.sin_addr.s_addr = htonl(0x0a000001 + side);
		return sizeof(a->v4);
	}
	*a = (union address){ .v6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) } };
	a->v6.sin6_addr.s6_addr[0] = 0xfd;
	a->v6.sin6_addr.s6_addr[15] = 1 + side;
	return sizeof(a->v6);
}

/* A socket of a side; @bound: at its address and port. */
static int socket_of(bool v6, int side, int type, bool bound)
{
	union address a;
	socklen_t len = address_of(&a, v6, side);
	int fd, one = 1;

	if (setns(namespace[side], CLONE_NEWNET))
		die("setns");
	fd = socket(v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		die("socket");
	if (bound && bind(fd, &a.any, len))
		die("bind");
	return fd;
}

static bool wait_for(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) == 1;
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static void fill(size_t len, int seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = i * 7 + i / 256 + seed;
}

static bool arrives(int fd, size_t len, union address *from, socklen_t *from_len)
{
	while (wait_for(fd, POLLIN, ANSWER_MS)) {
		ssize_t got;

		*from_len = sizeof(*from);
		got = recvfrom(fd, in, sizeof(in), 0, &from->any, from_len);
		/* One that came too late for its own turn is not this one. */
		if (got == (ssize_t)len && !memcmp(in, out, len))
			return true;
	}
	return false;
}

static void udp(bool v6, int side, int n, size_t len, long ms, bool answered)
{
	int a = socket_of(v6, side, SOCK_DGRAM, true), b = socket_of(v6, !side, SOCK_DGRAM, true), good = 0;
	union address to, from;
	socklen_t to_len = address_of(&to, v6, !side), from_len;

	for (int i = 0; i < n; i++) {
		if (i)
			sleep_ms(ms);
		fill(len, i);
		if (sendto(a, out, len, 0, &to.any, to_len) != (ssize_t)len || !arrives(b, len, &from, &from_len))
			continue;
		if (answered && (sendto(b, in, len, 0, &from.any, from_len) != (ssize_t)len ||
				 !arrives(a, len, &from, &from_len)))
			continue;
		good++;
	}
	close(a);
	close(b);
	printf("%s %d of %d\n", good == n ? "ok" : "no", good, n);
}

/*
 * Returns when the other side has said that it knows. A segment that is on its way when
 * a tunnel is made anew is sent again, and begins a session that nobody asked for.
 */
static void hang_up(void)
{
	struct linger until_known = { .l_onoff = 1, .l_linger = 5 };

	for (int side = 0; side < 2; side++) {
		if (connection[side] >= 0) {
			setsockopt(connection[side], SOL_SOCKET, SO_LINGER, &until_known, sizeof(until_known));
			close(connection[side]);
		}
		connection[side] = -1;
	}
}

static void open_tcp(bool v6, int side)
{
	union address to;
	socklen_t len = address_of(&to, v6, !side);
	int listener = socket_of(v6, !side, SOCK_STREAM, true);

	hang_up();
	if (listen(listener, 1))
		die("listen");
	connection[side] = socket_of(v6, side, SOCK_STREAM, false);
	if ((connect(connection[side], &to.any, len) && errno != EINPROGRESS) || !wait_for(listener, POLLIN, TCP_MS))
		puts("no connection");
	else if ((connection[!side] = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) < 0)
		die("accept");
	else
		puts("ok");
	close(listener);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

static void tcp(size_t len)
{
	long started = now_ms();
	size_t sent[2] = { 0, 0 }, got[2] = { 0, 0 };
	struct pollfd p[2] = { { .fd = connection[0] }, { .fd = connection[1] } };
	bool good = true;

	fill(sizeof(out), 3);
	while (good && (got[0] < len || got[1] < len)) {
		for (int i = 0; i < 2; i++)
			p[i].events = POLLIN | (sent[i] < len ? POLLOUT : 0);
		good = poll(p, 2, TCP_MS) > 0;
		for (int i = 0; i < 2 && good; i++) {
			size_t at = sent[i] % sizeof(out), left = len - sent[i];
			ssize_t n;

			if (p[i].revents & POLLOUT) {
				n = send(p[i].fd, out + at, left < sizeof(out) - at ? left : sizeof(out) - at, MSG_NOSIGNAL);
				sent[i] += n > 0 ? n : 0;
			}
			if (!(p[i].revents & ~POLLOUT))
				continue;
			at = got[i] % sizeof(out);
			n = recv(p[i].fd, in, sizeof(in) - at, 0);
			good = n > 0 && !memcmp(in, out + at, n);
			got[i] += n > 0 ? n : 0;
		}
	}
	printf("%s %zu and %zu of %zu in %ld ms\n", good ? "ok" : "no", got[0], got[1], len, now_ms() - started);
}

static bool next_line(char *line, int size)
{
	while (!wait_for(0, POLLIN, 1))
		;
	return fgets(line, size, stdin);
}

int main(int argc, char **argv)
{
	char line[256], word[16], side[16];
	int n, ms;
	unsigned int len, v;

	if (argc != 3)
		return 2;
	for (int i = 0; i < 2; i++) {
		snprintf(line, sizeof(line), "/run/netns/%s", argv[1 + i]);
		namespace[i] = open(line, O_RDONLY | O_CLOEXEC);
		if (namespace[i] < 0)
			die(line);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	while (next_line(line, sizeof(line))) {
		if (sscanf(line, "udp %u %15s %d %u %d", &v, side, &n, &len, &ms) == 5)
			udp(v == 6, *side == 'r', n, len, ms, true);
		else if (sscanf(line, "send %u %15s %d %u %d", &v, side, &n, &len, &ms) == 5)
			udp(v == 6, *side == 'r', n, len, ms, false);
		else if (sscanf(line, "open %u %15s", &v, side) == 2)
			open_tcp(v == 6, *side == 'r');
		else if (sscanf(line, "tcp %u", &len) == 1)
			tcp(len);
		else if (sscanf(line, "sleep %d", &n) == 1)
			sleep_ms(n * 1000L), puts("ok");
		else if (sscanf(line, "%15s", word) == 1 && !strcmp(word, "close"))
			hang_up(), puts("ok");
		else
			printf("no such command: %s", line);
	}
	return 0;
}
