/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames on a veth, written and read as they are: from any address, in any shape,
 * and every answer is seen, wherever it is sent to. For tests/kmod/hostile.c.
 *
 * The link is called wire, 02:00:00:00:00:01 is who is attacked (192.0.2.1 and
 * 2001:db8::1), 02:00:00:00:00:02 is everybody else: 192.0.2.2 and 2001:db8::2 are
 * real, all of 198.51.100.0/24 and 2001:db8:bad::/48 is us.
 */
#ifndef TESTS_KMOD_WIRE_H
#define TESTS_KMOD_WIRE_H

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct place {
	bool v6;
	u8 ip[16];
	u16 port;
};

static struct place place(const char *ip, u16 port)
{
	struct place p = { .v6 = strchr(ip, ':'), .port = port };

	if (inet_pton(p.v6 ? AF_INET6 : AF_INET, ip, p.ip) != 1)
		errx(2, "%s is no address", ip);
	return p;
}

static bool is_ours(const struct place *p)
{
	static const u8 net4[] = { 198, 51, 100 }, net6[] = { 0x20, 1, 0x0d, 0xb8, 0x0b, 0xad };

	return p->v6 ? !memcmp(p->ip, net6, sizeof(net6)) : !memcmp(p->ip, net4, sizeof(net4));
}

/* ---- IP and UDP ------------------------------------------------------------------- */

static u32 sum(u32 so_far, const u8 *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		so_far += p[0] << 8 | p[1];
	return len ? so_far + (p[0] << 8) : so_far;
}

static u16 fold(u32 s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s;
}

static void put16(u8 *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* The IP header for @len bytes of UDP, or a fragment of it; its length. */
static size_t ip_header(u8 *p, const struct place *from, const struct place *to, size_t len, size_t at, bool more)
{
	static u16 id;
	bool cut = at || more;

	if (!at)
		id++;
	if (!from->v6) {
		memset(p, 0, 20);
		p[0] = 0x45;
		put16(p + 2, 20 + len);
		put16(p + 4, id);
		put16(p + 6, at / 8 | (more ? 0x2000 : 0));
		p[8] = 64;
		p[9] = IPPROTO_UDP;
		memcpy(p + 12, from->ip, 4);
		memcpy(p + 16, to->ip, 4);
		put16(p + 10, fold(sum(0, p, 20)));
		return 20;
	}
	memset(p, 0, 48);
	p[0] = 0x60;
	put16(p + 4, len + (cut ? 8 : 0));
	p[6] = cut ? IPPROTO_FRAGMENT : IPPROTO_UDP;
	p[7] = 64;
	memcpy(p + 8, from->ip, 16);
	memcpy(p + 24, to->ip, 16);
	if (!cut)
		return 40;
	p[40] = IPPROTO_UDP;
	put16(p + 42, at | more);
	put16(p + 46, id);
	return 48;
}

/* A UDP header in front of @len bytes that follow it. */
static void udp_header(u8 *udp, const struct place *from, const struct place *to, size_t len)
{
	size_t ip_len = from->v6 ? 16 : 4;
	u16 check;

	put16(udp, from->port);
	put16(udp + 2, to->port);
	put16(udp + 4, 8 + len);
	put16(udp + 6, 0);
	check = fold(sum(sum(sum(IPPROTO_UDP + 8 + len, from->ip, ip_len), to->ip, ip_len), udp, 8 + len));
	put16(udp + 6, check ? check : 0xffff);
}

/* A whole packet, for inside a tunnel; its length. */
static size_t packet(u8 *p, const struct place *from, const struct place *to, const void *payload, size_t len)
{
	size_t header = ip_header(p, from, to, 8 + len, 0, false);

	memcpy(p + header + 8, payload, len);
	udp_header(p + header, from, to, len);
	return header + 8 + len;
}

/* ---- out ---------------------------------------------------------------------------- */

static int wire = -1;
static const u8 target_mac[6] = { 2, 0, 0, 0, 0, 1 }, our_mac[6] = { 2, 0, 0, 0, 0, 2 };

static void wire_open(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int room = 64 << 20;

	at.sll_ifindex = if_nametoindex("wire");
	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (wire < 0 || setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    bind(wire, (struct sockaddr *)&at, sizeof(at)))
		err(2, "wire");
}

/* One frame of @len bytes of UDP (or of a fragment) with @behind more that belong to nothing. */
static void frame(const struct place *from, const struct place *to, const u8 *udp, size_t len, size_t at, bool more,
		  size_t behind)
{
	u8 f[14 + 48 + 1500 + 64] = {};
	size_t header;

	memcpy(f, target_mac, 6);
	memcpy(f + 6, our_mac, 6);
	put16(f + 12, from->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	/* Inside IP, after UDP: what the length of UDP does not cover. */
	header = 14 + ip_header(f + 14, from, to, len + behind, at, more);
	memcpy(f + header, udp, len);
	memset(f + header + len, 0xee, behind);
	if (send(wire, f, header + len + behind, 0) < 0)
		err(2, "send");
}

/* A datagram in pieces of @piece bytes, a multiple of 8; 0: as large as they can be. */
static void throw_in_pieces(const struct place *from, const struct place *to, const void *payload, size_t len, size_t piece)
{
	static u8 udp[8 + 65536];

	memcpy(udp + 8, payload, len);
	udp_header(udp, from, to, len);
	len += 8;
	if (!piece)
		piece = 1440;
	for (size_t at = 0; at < len; at += piece)
		frame(from, to, udp + at, len - at > piece ? piece : len - at, at, len - at > piece, 0);
}

static void throw(const struct place *from, const struct place *to, const void *payload, size_t len)
{
	throw_in_pieces(from, to, payload, len, 0);
}

/* ---- in ----------------------------------------------------------------------------- */

/* What was heard: messages of the target, and others that were sent to it. */
struct heard {
	bool from_target;
	struct place from, to;
	size_t len;
	u8 message[256]; /* as much of it as is wanted */
};
#define HEARD 4096
static struct heard heard[HEARD];
static size_t n_heard;
/* What the target sent, by type; 0: what is no message of ours, ICMP for example. */
static unsigned int to_us[5], to_friend[5];

static void forget(void)
{
	n_heard = 0;
	memset(to_us, 0, sizeof(to_us));
	memset(to_friend, 0, sizeof(to_friend));
}

static void note(const u8 *f, size_t len)
{
	struct heard h = { .from_target = !memcmp(f + 6, target_mac, 6) };
	u16 protocol = f[12] << 8 | f[13];
	const u8 *ip = f + 14, *udp = ip + 20;
	u8 next = ip[9];
	unsigned int type = 0;

	if (protocol == ETHERTYPE_IPV6) {
		h.from.v6 = h.to.v6 = true;
		memcpy(h.from.ip, ip + 8, 16);
		memcpy(h.to.ip, ip + 24, 16);
		udp = ip + 40;
		next = ip[6];
		/* Neighbours and multicast: the link's own. */
		if (next == IPPROTO_ICMPV6 && ip[40] >= 130 && ip[40] <= 143)
			return;
		if (next == IPPROTO_HOPOPTS)
			return;
	} else if (protocol == ETHERTYPE_IP) {
		memcpy(h.from.ip, ip + 12, 4);
		memcpy(h.to.ip, ip + 16, 4);
	} else if (!h.from_target) {
		return;
	}
	if (next == IPPROTO_UDP && protocol != ETHERTYPE_ARP) {
		h.from.port = udp[0] << 8 | udp[1];
		h.to.port = udp[2] << 8 | udp[3];
		h.len = (udp[4] << 8 | udp[5]) - 8;
		memcpy(h.message, udp + 8, h.len < sizeof(h.message) ? h.len : sizeof(h.message));
		if (h.len >= 4 && h.message[0] <= 4)
			type = h.message[0];
	}
	if (h.from_target)
		(is_ours(&h.to) ? to_us : to_friend)[type]++;
	if (n_heard < HEARD)
		heard[n_heard++] = h;
}

static u64 now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* Listen for so long. */
static void hear(int ms)
{
	static u8 f[65536];
	u64 until = now_ms() + ms, now;

	while ((now = now_ms()) <= until) {
		struct pollfd p = { .fd = wire, .events = POLLIN };
		ssize_t len;

		if (poll(&p, 1, until - now) != 1)
			return;
		len = recv(wire, f, sizeof(f), MSG_DONTWAIT);
		if (len >= 14 + 20)
			note(f, len);
	}
}

/* The last message of that type from the target to @to (NULL: anybody). */
static const struct heard *last(unsigned int type, const struct place *to)
{
	for (size_t i = n_heard; i--;)
		if (heard[i].from_target && heard[i].len >= 4 && heard[i].message[0] == type &&
		    (!to || (heard[i].to.v6 == to->v6 && heard[i].to.port == to->port && !memcmp(heard[i].to.ip, to->ip, 16))))
			return &heard[i];
	return NULL;
}

#endif
