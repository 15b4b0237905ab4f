// SPDX-License-Identifier: GPL-2.0
/*
 * flow: traffic between two network namespaces in one process, every byte checked,
 * because starting a process costs a guest a tenth of a second.
 *
 *   flow tcp FROM TO [WORD=VALUE...]   bytes= each way at once over streams= connections
 *   flow udp FROM TO [WORD=VALUE...]   count= datagrams of size=; each comes back unless oneway=1
 *   flow feature NAMESPACE LINK 0|1 NAME...    what ethtool -K calls so, off or on
 *
 * FROM and TO are NAMESPACE,ADDRESS. Words: port=, dev= (the client's SO_BINDTODEVICE),
 * mark=, tos=, rate= (bytes a second), window= (datagrams under way), wait= (ms without anything new that end
 * it), every= (ms from datagram to datagram), for= (ms: as much as fits, instead of bytes
 * and count), bundle= (datagrams that are given to the kernel in one piece, to be cut by
 * it, and taken from it in such pieces).
 *
 * Prints one line. Status: 0 all of it arrived, unharmed and once; 1 not; 2 could not begin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct place {
	char space[64];
	union address address;
};

static const char *words[32];

static void die(const char *what)
{
	fprintf(stderr, "flow: %s: %s\n", what, strerror(errno));
	exit(2);
}

static const char *word(const char *name)
{
	size_t len = strlen(name);

	for (int i = 0; words[i]; i++)
		if (!strncmp(words[i], name, len) && words[i][len] == '=')
			return words[i] + len + 1;
	return NULL;
}

static long number(const char *name, long otherwise)
{
	const char *value = word(name);

	return value ? strtol(value, NULL, 0) : otherwise;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* "": where we were started. */
static void enter(const char *space)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", space);
	fd = open(*space ? path : "/proc/1/ns/net", O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static struct place parse(const char *text)
{
	struct place place = { 0 };
	const char *comma = strchr(text, ',');

	errno = EINVAL;
	if (!comma || comma - text >= (long)sizeof(place.space))
		die(text);
	memcpy(place.space, text, (size_t)(comma - text));
	if (strchr(comma, ':')) {
		place.address.v6.sin6_family = AF_INET6;
		if (inet_pton(AF_INET6, comma + 1, &place.address.v6.sin6_addr) != 1)
			die(text);
	} else {
		place.address.v4.sin_family = AF_INET;
		if (inet_pton(AF_INET, comma + 1, &place.address.v4.sin_addr) != 1)
			die(text);
	}
	return place;
}

static socklen_t size_of(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

static void set_port(union address *address, int port)
{
	address->v4.sin_port = htons((uint16_t)port); /* the same place in both */
}

static int new_socket(const struct place *place, int type, bool client)
{
	bool v6 = place->address.any.sa_family == AF_INET6;
	int mark = (int)number("mark", 0), tos = (int)number("tos", -1), rate = (int)number("rate", 0);
	int one = 1, room = 4 << 20, fd;
	const char *dev = word("dev");

	enter(place->space);
	fd = socket(place->address.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (type == SOCK_DGRAM) {
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
		setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVTCLASS : IP_RECVTOS, &one, sizeof(one));
	}
	if (client && mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)))
		die("mark");
	if (client && tos >= 0 && setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos)))
		die("tos");
	if (client && rate && setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)))
		die("rate");
	if (client && dev && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, dev, (socklen_t)strlen(dev)))
		die(dev);
	if (bind(fd, &place->address.any, size_of(&place->address)))
		die("bind");
	return fd;
}

/* The kernel cuts what is sent into such pieces, and may put together what it hands over. */
static void in_bundles(int fd, long size)
{
	int piece = (int)size, one = 1;

	if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &piece, sizeof(piece)) || setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof(one)))
		die("bundle");
}

/* ---- tcp --------------------------------------------------------------------------- */

#define STREAMS 16

struct end {
	long sent, received;
	bool wrong, closed;
};

static uint8_t byte_at(long offset, int seed)
{
	return (uint8_t)(offset * 31 + (offset >> 8) * 7 + (offset >> 16) + seed);
}

static void tcp_send(int fd, struct end *end, int seed, long until)
{
	uint8_t buffer[65536];
	long n = until - end->sent;
	ssize_t done;

	if (n > (long)sizeof(buffer))
		n = sizeof(buffer);
	for (long i = 0; i < n; i++)
		buffer[i] = byte_at(end->sent + i, seed);
	done = send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
	if (done > 0)
		end->sent += done;
	else if (errno != EAGAIN)
		end->closed = true;
}

static void tcp_receive(int fd, struct end *end, int seed)
{
	uint8_t buffer[65536];
	ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

	if (n <= 0) {
		end->closed |= n == 0 || errno != EAGAIN;
		return;
	}
	for (long i = 0; i < n; i++)
		end->wrong |= buffer[i] != byte_at(end->received + i, seed);
	end->received += n;
}

static int tcp(struct place from, struct place to)
{
	long bytes = number("bytes", 500000), wait = number("wait", 5000), span = number("for", 0);
	long began = now(), last = began, sent = 0, received = 0;
	int streams = (int)number("streams", 1), open = 0, listener, fds[2 * STREAMS];
	struct end ends[2 * STREAMS] = { 0 };
	struct pollfd polls[2 * STREAMS];
	bool wrong = false, complete = true;

	if (span)
		bytes = INT64_MAX / 2;
	set_port(&to.address, (int)number("port", 5000));
	listener = new_socket(&to, SOCK_STREAM, false);
	listen(listener, STREAMS);
	while (open < streams && open < STREAMS && now() - began < wait) {
		struct pollfd arrives = { .fd = listener, .events = POLLIN };

		fds[2 * open] = new_socket(&from, SOCK_STREAM, true);
		if (connect(fds[2 * open], &to.address.any, size_of(&to.address)) && errno != EINPROGRESS)
			break;
		if (poll(&arrives, 1, (int)wait) != 1)
			break;
		fds[2 * open + 1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		open++;
	}
	if (open < streams) {
		printf("no connection\n");
		return 1;
	}
	began = last = now();
	while (now() - last < wait && (!span || now() - began < span)) {
		bool busy = false;

		for (int i = 0; i < 2 * open; i++) {
			polls[i] = (struct pollfd){ .fd = ends[i].closed ? -1 : fds[i] };
			if (ends[i].sent < bytes)
				polls[i].events |= POLLOUT;
			if (ends[i].received < bytes)
				polls[i].events |= POLLIN;
			busy |= polls[i].events && !ends[i].closed;
		}
		if (!busy)
			break;
		poll(polls, (nfds_t)(2 * open), 100);
		for (int i = 0; i < 2 * open; i++) {
			if (polls[i].fd < 0)
				continue;
			if (polls[i].revents & (POLLIN | POLLHUP | POLLERR)) {
				tcp_receive(fds[i], &ends[i], i ^ 1);
				last = now();
			}
			if (polls[i].revents & POLLOUT && ends[i].sent < bytes)
				tcp_send(fds[i], &ends[i], i, bytes);
		}
	}
	for (int i = 0; i < 2 * open; i++) {
		sent += ends[i].sent;
		received += ends[i].received;
		wrong |= ends[i].wrong;
		complete &= span ? ends[i].received > 0 && !ends[i].closed : ends[i].received == bytes;
	}
	printf("sent %ld received %ld ms %ld%s\n", sent, received, now() - began, wrong ? " WRONG" : "");
	return wrong || !complete;
}

/* ---- udp --------------------------------------------------------------------------- */

#define MOST 200000

static uint8_t seen[2][MOST]; /* at the server, at the client */
static uint8_t buffer[1 << 16];

struct count {
	long arrived, twice, late, wrong, first, highest, together;
	int tos;
};

static void judge(const uint8_t *data, long len, int which, long size, struct count *count)
{
	uint32_t id = MOST;

	if (len >= (long)sizeof(id))
		memcpy(&id, data, sizeof(id));
	if (len != size || id >= MOST) {
		count->wrong++;
		return;
	}
	for (long i = sizeof(id); i < len; i++)
		if (data[i] != byte_at(i, (int)id)) {
			count->wrong++;
			return;
		}
	if (!count->arrived || (long)id < count->first)
		count->first = (long)id;
	if (seen[which][id]++)
		count->twice++;
	else
		count->arrived++;
	if ((long)id < count->highest)
		count->late++;
	else
		count->highest = (long)id;
}

/* One datagram, or several that the kernel has put together: how many bytes, or -1. */
static long take(int fd, int which, long size, struct count *count, union address *sender)
{
	uint8_t control[64];
	struct iovec data = { buffer, sizeof(buffer) };
	struct msghdr msg = { .msg_name = sender, .msg_namelen = sizeof(*sender), .msg_iov = &data, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, 0);
	long piece = n;

	if (n < 0)
		return -1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
			piece = *(int *)CMSG_DATA(c);
		else if (c->cmsg_type == IP_TOS || c->cmsg_type == IPV6_TCLASS)
			count->tos = *CMSG_DATA(c);
	}
	if (piece && (n + piece - 1) / piece > count->together)
		count->together = (n + piece - 1) / piece;
	for (long at = 0; at < n; at += piece)
		judge(buffer + at, n - at < piece ? n - at : piece, which, size, count);
	return n;
}

static int udp(struct place from, struct place to)
{
	long count = number("count", 100), size = number("size", 1000), wait = number("wait", 1000);
	long window = number("window", 16), span = number("for", 0), began = now(), last = began, sent = 0, refused = 0;
	long every = number("every", 0), next_at = 0, bundle = number("bundle", 1);
	bool oneway = number("oneway", 0);
	struct count there = { .highest = -1, .tos = -1 }, back = { .highest = -1, .tos = -1 };
	int server, client, error = 0;

	if (span || count > MOST)
		count = MOST;
	if (bundle * size > (long)sizeof(buffer))
		die("bundle");
	set_port(&to.address, (int)number("port", 5001));
	server = new_socket(&to, SOCK_DGRAM, false);
	client = new_socket(&from, SOCK_DGRAM, true);
	if (connect(client, &to.address.any, size_of(&to.address)))
		die("connect");
	if (bundle > 1) {
		in_bundles(server, size);
		in_bundles(client, size);
	}
	while (now() - last < wait && (!span || now() - began < span)) {
		struct pollfd polls[2] = { { .fd = server, .events = POLLIN }, { .fd = client, .events = POLLIN } };
		long home = oneway ? there.arrived : back.arrived, n;
		union address sender;
		int some;

		if (home >= count)
			break;
		/* What is lost fills the window only for so long. A few at a time, for there
		 * may be more room in the window than in the time. */
		for (some = 0; some < 64 && sent < count && now() >= next_at; some++) {
			long pieces = count - sent < bundle ? count - sent : bundle;

			if (sent - home >= window && now() - last <= wait / 2)
				break;
			next_at = now() + every;
			for (long i = 0; i < pieces; i++) {
				uint32_t id = (uint32_t)(sent + i);
				uint8_t *data = buffer + i * size;

				memcpy(data, &id, sizeof(id));
				for (long at = sizeof(id); at < size; at++)
					data[at] = byte_at(at, (int)id);
			}
			if (send(client, buffer, (size_t)(pieces * size), 0) < 0 && errno != ECONNREFUSED) {
				if (errno == EAGAIN)
					break;
				refused += pieces;
				error = errno;
			}
			sent += pieces;
			last = now();
		}
		poll(polls, 2, some == 64 ? 0 : 20);
		while ((n = take(server, 0, size, &there, &sender)) >= 0) {
			last = now();
			if (!oneway)
				sendto(server, buffer, (size_t)n, 0, &sender.any, size_of(&sender));
		}
		while (take(client, 1, size, &back, &sender) >= 0)
			last = now();
	}
	printf("sent %ld arrived %ld back %ld twice %ld late %ld tos %d ms %ld first %ld together %ld%s", sent, there.arrived,
	       back.arrived, there.twice + back.twice, there.late + back.late, there.tos, now() - began, there.first, there.together,
	       there.wrong + back.wrong ? " WRONG" : "");
	printf(refused ? " refused %ld: %s\n" : "\n", refused, strerror(error));
	if (there.wrong + back.wrong + there.twice + back.twice)
		return 1;
	return span ? !there.arrived : there.arrived != sent || (!oneway && back.arrived != sent);
}

/* ---- links ------------------------------------------------------------------------- */

static int feature(const char *space, const char *link, const char *how, char **names)
{
	struct {
		struct ethtool_sset_info info;
		uint32_t n;
	} set = { .info = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	struct ethtool_gstrings *strings;
	struct ethtool_sfeatures *change;
	struct ifreq request = { .ifr_data = (char *)&set };
	int fd, r;

	enter(space);
	strncpy(request.ifr_name, link, sizeof(request.ifr_name) - 1);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(fd, SIOCETHTOOL, &request))
		die(link);
	strings = calloc(1, sizeof(*strings) + set.n * ETH_GSTRING_LEN);
	change = calloc(1, sizeof(*change) + (set.n + 31) / 32 * sizeof(*change->features));
	if (!strings || !change)
		die("memory");
	*strings = (struct ethtool_gstrings){ .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = set.n };
	request.ifr_data = (char *)strings;
	if (ioctl(fd, SIOCETHTOOL, &request))
		die(link);
	*change = (struct ethtool_sfeatures){ .cmd = ETHTOOL_SFEATURES, .size = (set.n + 31) / 32 };
	for (errno = ENOENT; *names; names++) {
		uint32_t i = 0;

		while (i < set.n && strncmp((char *)strings->data + i * ETH_GSTRING_LEN, *names, ETH_GSTRING_LEN))
			i++;
		if (i == set.n)
			die(*names);
		change->features[i / 32].valid |= 1U << i % 32;
		if (atoi(how))
			change->features[i / 32].requested |= 1U << i % 32;
	}
	request.ifr_data = (char *)change;
	r = ioctl(fd, SIOCETHTOOL, &request);
	if (r) /* some of it cannot be changed */
		die(link);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 4; i < argc && i - 4 < 31; i++)
		words[i - 4] = argv[i];
	if (argc > 5 && !strcmp(argv[1], "feature"))
		return feature(argv[2], argv[3], argv[4], argv + 5);
	if (argc >= 4 && !strcmp(argv[1], "tcp"))
		return tcp(parse(argv[2]), parse(argv[3]));
	if (argc >= 4 && !strcmp(argv[1], "udp"))
		return udp(parse(argv[2]), parse(argv[3]));
	fprintf(stderr, "usage: flow tcp|udp FROM TO [WORD=VALUE...] | flow feature NAMESPACE LINK 0|1 NAME...\n");
	return 2;
}
