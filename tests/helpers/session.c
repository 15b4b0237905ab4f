// SPDX-License-Identifier: GPL-2.0
/*
 * session serve PORT DIR: wait for one call, and talk.
 * session call HOST PORT DIR: call, and talk.
 *
 * A file DIR/say makes it send a line; what it hears is in DIR/heard, and DIR/there says
 * that both sides have each other.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void failed(const char *what)
{
	perror(what);
	exit(1);
}

static int create(const char *name, int flags)
{
	int fd = open(name, flags | O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0)
		failed(name);
	return fd;
}

static int talk(int peer, const char *dir)
{
	struct pollfd p = { .fd = peer, .events = POLLIN };
	char text[4096];
	int heard;

	if (chdir(dir) < 0)
		failed(dir);
	close(create("there", 0));
	heard = create("heard", O_APPEND);
	for (unsigned said = 0;;) {
		ssize_t n = poll(&p, 1, 50) == 1 ? recv(peer, text, sizeof(text), 0) : -1;

		if (n == 0)
			return 0;
		if (n > 0 && write(heard, text, (size_t)n) != n)
			failed("heard");
		/* Its way may be gone for good, too. */
		if (n < 0 && (p.revents & (POLLERR | POLLHUP)))
			failed("recv");
		if (unlink("say") == 0) {
			int len = snprintf(text, sizeof(text), "line %u\n", ++said);

			if (send(peer, text, (size_t)len, MSG_NOSIGNAL) != len)
				failed("send");
		}
		p.revents = 0;
	}
}

static int serve(const char *port, const char *dir)
{
	struct sockaddr_in6 here = { .sin6_family = AF_INET6, .sin6_port = htons((in_port_t)atoi(port)) };
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, off = 0, peer;
	char name[4096];

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 || listen(listener, 1) < 0)
		failed(port);
	snprintf(name, sizeof(name), "%s/listens", dir);
	close(create(name, 0));
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (peer < 0)
		failed("accept");
	return talk(peer, dir);
}

static int call(const char *host, const char *port, const char *dir)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to = { .in = { .sin_port = htons((in_port_t)atoi(port)) } };
	int v6 = strchr(host, ':') != NULL, fd;

	to.sa.sa_family = v6 ? AF_INET6 : AF_INET;
	if (inet_pton(to.sa.sa_family, host, v6 ? (void *)&to.in6.sin6_addr : &to.in.sin_addr) != 1) {
		fprintf(stderr, "session: '%s' is no address\n", host);
		return 2;
	}
	fd = socket(to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	alarm(10);
	if (fd < 0 || connect(fd, &to.sa, v6 ? sizeof(to.in6) : sizeof(to.in)) < 0)
		failed(host);
	alarm(0);
	return talk(fd, dir);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "serve"))
		return serve(argv[2], argv[3]);
	if (argc == 5 && !strcmp(argv[1], "call"))
		return call(argv[2], argv[3], argv[4]);
	fprintf(stderr, "usage: session serve PORT DIR | session call HOST PORT DIR\n");
	return 2;
}
