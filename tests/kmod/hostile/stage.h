/* SPDX-License-Identifier: GPL-2.0 */
/* Who there is, what the target shows, what a peer says. */
#ifndef TESTS_KMOD_HOSTILE_STAGE_H
#define TESTS_KMOD_HOSTILE_STAGE_H

#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>

#include "kmod/wire.h"
#include "kmod/world.h"
#include "unit/tap.h"

#define INSIDE_PORT 7100

struct player {
	struct wg_device dev;
	struct wg_peer *target;
	struct place at, to;
};

static int target_ns, our_ns;
static int friend_fd, target_fd; /* UDP inside, of either */
static int inside = -1;		 /* every packet that wg0 of the target delivers */
static struct wg_device target;	 /* only for its public key, which everybody knows */
static struct player mallory, mallory6, eve;

static u32 word_at(const void *p, size_t at)
{
	u32 v;

	memcpy(&v, (const u8 *)p + at, sizeof(v));
	return v;
}

/* The protocol's clocks follow the guest's. */
static void tick(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	shim_now = t.tv_sec * 1000000000ULL + t.tv_nsec;
	clock_gettime(CLOCK_REALTIME, &t);
	shim_wall_clock = (struct timespec64){ t.tv_sec, t.tv_nsec };
}

/* ---- who there is ------------------------------------------------------------------- */

static void player_init(struct player *p, u8 key, const char *at, u16 port, const char *to)
{
	u8 private[WG_KEY_LEN];

	memset(private, key, sizeof(private));
	world_device(&p->dev, private);
	p->target = world_peer(&p->dev, target.identity.public, NULL);
	p->at = place(at, port);
	p->to = place(to, 51821);
}

static void enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		err(2, "setns");
}

static int udp_at(const char *ip)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(INSIDE_PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, ip, &a.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		err(2, "%s", ip);
	return fd;
}

static void begin(const char *ns)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	u8 private[WG_KEY_LEN];
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	target_ns = open(path, O_RDONLY | O_CLOEXEC);
	our_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	wg_noise_init();
	tick();
	memset(private, 0x11, sizeof(private));
	world_device(&target, private);
	player_init(&mallory, 0x33, "198.51.100.66", 6666, "192.0.2.1");
	player_init(&mallory6, 0x33, "2001:db8:bad::66", 6666, "2001:db8::1");
	player_init(&eve, 0x44, "198.51.100.77", 7777, "192.0.2.1");
	wire_open();
	friend_fd = udp_at("10.0.0.2");
	enter(target_ns);
	/* Its own; only ours is there, and this mount is for us alone (ip netns exec). */
	if (mount("sysfs", "/sys", "sysfs", 0, NULL))
		err(2, "sysfs");
	target_fd = udp_at("10.0.0.1");
	inside = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
	at.sll_ifindex = if_nametoindex("wg0");
	if (inside < 0 || bind(inside, (struct sockaddr *)&at, sizeof(at)))
		err(2, "wg0");
	enter(our_ns);
}

/* ---- what the target shows ------------------------------------------------------------- */

static char *output_of(int ns, const char *command)
{
	static char text[4][4096];
	static int n;
	char *p = text[n++ % 4];
	FILE *f;

	enter(ns);
	f = popen(command, "r");
	if (!f)
		err(2, "%s", command);
	p[fread(p, 1, sizeof(text[0]) - 1, f)] = 0;
	pclose(f);
	enter(our_ns);
	return p;
}

static char *dump(void)
{
	return output_of(target_ns, "wg-target show wg0 dump");
}

/* A link that goes down forgets its sessions, and nothing else. What is heard from here on
 * was sent after it: seconds may have passed, and a keepalive have been due. */
static void restart(int ns)
{
	u8 f[64];

	output_of(ns, "ip link set wg0 down; ip link set wg0 up");
	while (recv(wire, f, sizeof(f), MSG_DONTWAIT) >= 0)
		;
}

/* Packets that came out of the tunnel since this was asked last. */
static int arrived(void)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	u8 p[4];
	int n = 0;

	for (; recvfrom(inside, p, sizeof(p), MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &len) >= 0;
	     len = sizeof(from))
		n += from.sll_pkttype != PACKET_OUTGOING;
	return n;
}

static bool comes(int fd, u32 value, struct sockaddr_in *from)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	socklen_t len = sizeof(*from);
	u32 got;

	while (poll(&p, 1, 1000) == 1) {
		len = sizeof(*from);
		if (recvfrom(fd, &got, sizeof(got), 0, (struct sockaddr *)from, &len) == sizeof(got) && got == value)
			return true;
	}
	return false;
}

static void say(int fd, const char *ip, u32 value)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(INSIDE_PORT) };

	inet_pton(AF_INET, ip, &to.sin_addr);
	sendto(fd, &value, sizeof(value), 0, (struct sockaddr *)&to, sizeof(to));
}

/* The tunnel between friend and target, both ways. */
static bool works(void)
{
	static u32 n;
	struct sockaddr_in from;
	bool good;

	say(friend_fd, "10.0.0.1", ++n);
	good = comes(target_fd, n, &from);
	if (good) {
		say(target_fd, "10.0.0.2", n);
		good = comes(friend_fd, n, &from);
	}
	arrived();
	return good;
}

/* A session that is fresh, and long enough without a packet that nothing is due. */
static char *quiet(void)
{
	ok(works());
	hear(15000);
	forget();
	arrived();
	return dump();
}

/* No answer to anybody, nothing noted, nothing delivered; nor a little later. */
static void nothing_happened(const char *before)
{
	hear(20000);
	for (int type = 0; type < 5; type++) {
		is_int(to_us[type], 0);
		is_int(to_friend[type], 0);
	}
	is_int(arrived(), 0);
	is_str(dump(), before);
	ok(works());
}

/* ---- what a peer says --------------------------------------------------------------------- */

static void initiation(struct player *p, struct wg_msg_initiation *msg)
{
	tick();
	if (!wg_handshake_create_initiation(p->target, msg))
		errx(2, "no initiation");
	wg_cookie_add_macs(&p->target->cookie, msg, sizeof(*msg));
}

/* Is there an answer to the last initiation? Then there is a session. */
static bool answered(struct player *p)
{
	const struct heard *h = last(WG_MSG_RESPONSE, &p->at);

	tick();
	return h && h->len == sizeof(struct wg_msg_response) &&
	       wg_handshake_consume_response(p->target, (const void *)h->message) && wg_handshake_begin_session(p->target);
}

/* Whatever goes in; its length. */
static size_t data(struct player *p, u64 counter, const void *plain, size_t len, u8 *out)
{
	struct wg_keypair *with = world_current(p->target);
	struct wg_msg_data *msg = (void *)out;

	msg->type = cpu_to_le32(WG_MSG_DATA);
	msg->receiver = cpu_to_le32(with->remote_index);
	msg->counter = cpu_to_le64(counter);
	chacha20poly1305_encrypt(msg->encrypted, plain, len, NULL, 0, counter, with->sending.key);
	return WG_DATA_LEN(len);
}

static void throw_data(struct player *p, u64 counter, const void *plain, size_t len)
{
	static u8 out[WG_DATA_LEN(65536)];

	throw(&p->at, &p->to, out, data(p, counter, plain, len, out));
}

/* A datagram from mallory's place inside to the target's. */
static size_t letter(u8 *out)
{
	struct place from = place("10.0.0.66", INSIDE_PORT), to = place("10.0.0.1", INSIDE_PORT);

	return packet(out, &from, &to, "letter", 6);
}

static void throw_letter(struct player *p, u64 counter)
{
	u8 plain[64];

	throw_data(p, counter, plain, letter(plain));
}

/* A session, as it should be; the counter 0 is used up. */
static bool shake(struct player *p)
{
	struct wg_msg_initiation msg;

	hear(50); /* the target does not take two at the same time */
	forget();
	initiation(p, &msg);
	throw(&p->at, &p->to, &msg, sizeof(msg));
	hear(200);
	if (!answered(p))
		return false;
	throw_data(p, 0, NULL, 0);
	hear(50);
	forget();
	return true;
}

/* The receiver index that the friend uses. */
static u32 index_of_friend(void)
{
	forget();
	ok(works());
	hear(10);
	for (size_t i = n_heard; i--;)
		if (!heard[i].from_target && heard[i].message[0] == WG_MSG_DATA)
			return word_at(heard[i].message, 4);
	errx(2, "the friend is silent");
}

static void random_message(u8 *m, size_t len, unsigned int type)
{
	get_random_bytes(m, len);
	if (len >= 4)
		memcpy(m, (u8[]){ type, 0, 0, 0 }, 4);
}

/* mac1 for the target, which everybody can make; mac2 is what there is. */
static void add_macs(void *m, size_t len)
{
	tick();
	wg_cookie_add_macs(&mallory.target->cookie, m, len);
}

#endif
