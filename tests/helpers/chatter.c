// SPDX-License-Identifier: GPL-2.0
/*
 * chatter ADDRESS...: send something to each, all the time, in all ways that programs
 * do: UDP, TCP, ICMP, questions for names over UDP and TCP. What cannot be sent is tried
 * again: this is a client that does not give up. ADDRESS%LINK goes out by that link,
 * whatever the routes say. It prints a line when it has said everything once.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CALLS 40 /* that are left open */

/* A for leak.example., of number 0x1234. */
static const char query[] = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04leak\x07" "example\x00\x00\x01\x00\x01";

struct target {
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to;
	socklen_t len;
	const char *link;
	int udp, icmp;
	char ping[16]; /* an echo request of identifier 7, number 1 */
};

static int made(const struct target *t, int type, int protocol)
{
	int fd = socket(t->to.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0 || (t->link && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, t->link, (socklen_t)strlen(t->link)) < 0)) {
		perror("chatter: socket");
		exit(1);
	}
	return fd;
}

/* RFC 1071, of the echo request for IPv4; that of ICMPv6 the kernel fills in. */
static unsigned short checksum(const void *data, size_t len)
{
	const unsigned short *v = data;
	unsigned sum = 0;

	for (size_t i = 0; i < len / 2; i++)
		sum += v[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (unsigned short)~(sum + (sum >> 16));
}

static void prepare(struct target *t, char *arg)
{
	bool v6 = strchr(arg, ':');
	struct icmphdr head = { .type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO, .un.echo = { htons(7), htons(1) } };

	t->link = strchr(arg, '%');
	if (t->link)
		*(char *)t->link++ = '\0';
	t->to.sa.sa_family = v6 ? AF_INET6 : AF_INET;
	t->len = v6 ? sizeof(t->to.in6) : sizeof(t->to.in);
	if (inet_pton(t->to.sa.sa_family, arg, v6 ? (void *)&t->to.in6.sin6_addr : &t->to.in.sin_addr) != 1) {
		fprintf(stderr, "chatter: '%s' is no address\n", arg);
		exit(2);
	}
	memcpy(t->ping, &head, sizeof(head));
	memcpy(t->ping + sizeof(head), "leakleak", 8);
	if (!v6) {
		head.checksum = checksum(t->ping, sizeof(t->ping));
		memcpy(t->ping, &head, sizeof(head));
	}
	t->udp = made(t, SOCK_DGRAM, 0);
	t->icmp = made(t, SOCK_RAW, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static void say(struct target *t, int fd, unsigned short port, const void *what, size_t len)
{
	/* Port is at the same place in both. */
	t->to.in.sin_port = htons(port);
	sendto(fd, what, len, 0, &t->to.sa, t->len);
}

static void call(struct target *t, unsigned short port)
{
	static int calls[CALLS];
	static size_t n;
	int fd = made(t, SOCK_STREAM, 0);

	t->to.in.sin_port = htons(port);
	if (connect(fd, &t->to.sa, t->len) < 0 && errno != EINPROGRESS) {
		close(fd);
		return;
	}
	if (calls[n % CALLS] > 0)
		close(calls[n % CALLS]);
	calls[n++ % CALLS] = fd;
}

int main(int argc, char **argv)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	struct target *v = calloc((size_t)argc, sizeof(*v));
	bool said = false;

	for (int i = 1; i < argc; i++)
		prepare(&v[i], argv[i]);
	for (;;) {
		for (int i = 1; i < argc; i++) {
			say(&v[i], v[i].udp, 9, "leak", 4);
			say(&v[i], v[i].udp, 53, query, sizeof(query) - 1);
			say(&v[i], v[i].icmp, 0, v[i].ping, sizeof(v[i].ping));
			call(&v[i], 80);
			call(&v[i], 53);
		}
		if (!said && (puts("talks") < 0 || fflush(stdout)))
			return 1;
		said = true;
		nanosleep(&pause, NULL);
	}
}
