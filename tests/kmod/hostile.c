// SPDX-License-Identifier: GPL-2.0
/*
 * hostile TARGET-NETNS SCENARIO: somebody on the wire who means no good, against the
 * link wg0 in that namespace, whose key is 32 times 0x11. TAP.
 *
 * Runs where the other end of the wire is (see wire.h), beside a real peer of the
 * target: the friend, link wg0 here. Two more of its peers are played here, with the
 * module's own protocol (see world.h): mallory and eve, who have keys, and use them.
 * Their place inside is 10.0.0.66 and 10.0.0.77; the target's is 10.0.0.1, the
 * friend's 10.0.0.2.
 *
 * The guest has one processor, whose clock counts instructions: what was sent is
 * worked on when this process waits, and waiting for long costs nothing.
 */
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

/* ---- scenarios: who has no key -------------------------------------------------------------- */

static void malformed(void)
{
	u32 index = index_of_friend();
	const char *before = quiet();
	u8 m[256];

	for (int v6 = 0; v6 < 2; v6++) {
		const struct player *p = v6 ? &mallory6 : &mallory;

		for (unsigned int type = 0; type < 7; type++) {
			for (size_t len = 0; len <= 200; len++) {
				random_message(m, len, type);
				throw(&p->at, &p->to, m, len);
				if (len >= sizeof(struct wg_msg_macs) + 4) {
					add_macs(m, len);
					throw(&p->at, &p->to, m, len);
				}
				if (type == WG_MSG_DATA && len >= 8) {
					memcpy(m + 4, &index, sizeof(index));
					throw(&p->at, &p->to, m, len);
				}
			}
			hear(20);
		}
	}
	nothing_happened(before);
}

/* Right in everything but the size, or the three bytes that have to be zero. */
static void resized(void)
{
	struct wg_msg_initiation msg;
	const char *before = quiet();
	u8 m[256];

	for (size_t len = sizeof(msg.macs); len < sizeof(m); len++) {
		if (len == sizeof(msg))
			continue;
		initiation(&mallory, &msg);
		get_random_bytes(m, sizeof(m));
		memcpy(m, &msg, sizeof(msg));
		add_macs(m, len);
		throw(&mallory.at, &mallory.to, m, len);
		hear(25);
	}
	for (int byte = 1; byte < 4; byte++) {
		initiation(&mallory, &msg);
		((u8 *)&msg)[byte] = 1;
		add_macs(&msg, sizeof(msg));
		throw(&mallory.at, &mallory.to, &msg, sizeof(msg));
		hear(25);
	}
	nothing_happened(before);
	/* What is behind UDP inside IP is not part of the message. */
	initiation(&mallory, &msg);
	memcpy(m + 8, &msg, sizeof(msg));
	udp_header(m, &mallory.at, &mallory.to, sizeof(msg));
	frame(&mallory.at, &mallory.to, m, 8 + sizeof(msg), 0, false, 20);
	hear(200);
	ok(answered(&mallory));
}

/* All that friend and target said to each other, each of them once the initiator, again. */
static void replayed(void)
{
	static struct heard said[64];
	struct place from[3] = { place("192.0.2.2", 51822), place("192.0.2.2", 7), mallory.at };
	unsigned int n = 0, types[5] = {};
	struct sockaddr_in whom;

	ok(works());
	hear(15000);
	forget();
	restart(our_ns);
	ok(works());
	hear(100);
	restart(target_ns);
	say(target_fd, "10.0.0.2", 0);
	ok(comes(friend_fd, 0, &whom));
	ok(works());
	hear(15000);
	for (size_t i = 0; i < n_heard && n < ARRAY_SIZE(said); i++) {
		if (heard[i].len < 4 || heard[i].len > sizeof(heard[i].message))
			continue;
		said[n++] = heard[i];
		types[heard[i].message[0]]++;
	}
	is_int(types[WG_MSG_INITIATION], 2);
	is_int(types[WG_MSG_RESPONSE], 2);
	ok(types[WG_MSG_DATA] >= 6);

	/* At once, when the session has ended, and when another one has come. */
	for (int round = 0; round < 3; round++) {
		const char *before = round == 1 ? dump() : quiet();

		for (unsigned int i = 0; i < n; i++) {
			for (unsigned int k = 0; k < ARRAY_SIZE(from); k++)
				throw(&from[k], &mallory.to, said[i].message, said[i].len);
			hear(25);
		}
		if (round == 1) {
			hear(5000);
			is_str(dump(), before);
		} else {
			nothing_happened(before);
		}
		if (round == 0) {
			hear(700000);
			forget();
		}
	}
}

static void strangers(void)
{
	/* Points with which everybody computes the same: of order 1, 2, 4 and 8, and others for the same. */
	static const u8 weak[][WG_KEY_LEN] = {
		{ 0 },
		{ 1 },
		{ 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		  0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 },
		{ 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		  0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 },
		{ 0xec, [1 ... 30] = 0xff, 0x7f },
		{ 0xed, [1 ... 30] = 0xff, 0x7f },
	};
	static struct player unknown, itself;
	u32 index = index_of_friend();
	struct wg_msg_initiation msg;
	struct wg_msg_response response;
	const char *before = quiet();

	player_init(&unknown, 0x99, "198.51.100.99", 9999, "192.0.2.1");
	player_init(&itself, 0x11, "198.51.100.98", 9998, "192.0.2.1");
	for (int i = 0; i < 20; i++) {
		struct player *p = i % 2 ? &unknown : &itself;

		initiation(p, &msg);
		throw(&p->at, &p->to, &msg, sizeof(msg));
		hear(25);
	}
	for (size_t i = 0; i < ARRAY_SIZE(weak); i++) {
		initiation(&mallory, &msg);
		memcpy(msg.ephemeral, weak[i], WG_KEY_LEN);
		add_macs(&msg, sizeof(msg));
		throw(&mallory.at, &mallory.to, &msg, sizeof(msg));
		hear(25);
	}
	for (int i = 0; i < 300; i++) {
		random_message((u8 *)&msg, sizeof(msg), WG_MSG_INITIATION);
		add_macs(&msg, sizeof(msg));
		throw(&mallory.at, &mallory.to, &msg, sizeof(msg));
		random_message((u8 *)&response, sizeof(response), WG_MSG_RESPONSE);
		if (i % 2)
			response.receiver = index;
		add_macs(&response, sizeof(response));
		throw(&mallory.at, &mallory.to, &response, sizeof(response));
		hear(5);
	}
	nothing_happened(before);
}

/* Data for indices that there are not, and for one that there is, but with another tag. */
static void indices(void)
{
	u32 index = index_of_friend();
	const char *before = quiet();
	u8 m[64];

	for (u32 i = 0; i < 6000; i++) {
		u32 to;

		random_message(m, sizeof(m), WG_MSG_DATA);
		to = word_at(m, 4);
		if (i < 1024)
			to = (le32_to_cpu(index) & ((1U << 22) - 1)) | i << 22;
		else if (i < 2048)
			to = (i - 1024) | (to << 22);
		to = cpu_to_le32(to);
		memcpy(m + 4, &to, sizeof(to));
		if (i % 8 == 0)
			memset(m + 8, 0xff, 8);
		throw(&mallory.at, &mallory.to, m, sizeof(m));
		if (i % 100 == 0)
			hear(5);
	}
	nothing_happened(before);
}

/* ---- scenarios: good messages that were changed -------------------------------------------------- */

static void throw_flipped(struct player *p, const void *msg, size_t len, size_t byte, bool macs)
{
	u8 m[256];

	memcpy(m, msg, len);
	m[byte] ^= 1 << byte % 8;
	if (macs)
		add_macs(m, len);
	throw(&p->at, &p->to, m, len);
	hear(25);
}

static void corrupted(void)
{
	static const u64 counters[] = { 0, 2, 1000, 1ULL << 32, 1ULL << 60, WG_REJECT_AFTER_MESSAGES - 1,
					WG_REJECT_AFTER_MESSAGES, U64_MAX - 1, U64_MAX };
	const struct heard *h;
	struct wg_msg_initiation msg;
	struct wg_msg_response response;
	const char *before = quiet();
	u8 plain[64], m[128];
	size_t len;

	initiation(&mallory, &msg);
	for (size_t i = 0; i < offsetof(struct wg_msg_initiation, macs.mac2); i++)
		if (i >= offsetof(struct wg_msg_initiation, macs) || i < 4 || i >= 8)
			throw_flipped(&mallory, &msg, sizeof(msg), i, i < offsetof(struct wg_msg_initiation, macs));
	nothing_happened(before);
	throw(&mallory.at, &mallory.to, &msg, sizeof(msg));
	hear(200);
	ok(answered(&mallory));
	throw_data(&mallory, 0, NULL, 0);
	hear(50);

	before = quiet();
	len = data(&mallory, 1, plain, letter(plain), m);
	for (size_t i = 0; i < len; i++)
		throw_flipped(&mallory, m, len, i, false);
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
		u8 other[sizeof(m)];

		memcpy(other, m, len);
		memcpy(other + 8, &counters[i], sizeof(counters[i]));
		throw(&mallory.at, &mallory.to, other, len);
		hear(25);
	}
	for (size_t i = WG_MIN_DATA_LEN; i < len; i++) {
		throw(&mallory.at, &mallory.to, m, i);
		hear(5);
	}
	nothing_happened(before);
	throw(&mallory.at, &mallory.to, m, len);
	hear(50);
	is_int(arrived(), 1);

	/* The target begins, and waits for an answer with something to be sent. */
	restart(target_ns);
	forget();
	say(target_fd, "10.0.0.66", 0);
	hear(50);
	h = last(WG_MSG_INITIATION, &mallory.at);
	tick();
	ok(h && wg_handshake_consume_initiation(&mallory.dev, &mallory.dev.identity, (const void *)h->message) &&
	   wg_handshake_create_response(mallory.target, &response));
	for (size_t i = 0; i < offsetof(struct wg_msg_response, macs); i++)
		if (i < 4 || i >= 8)
			throw_flipped(&mallory, &response, sizeof(response), i, true);
	is_int(to_us[WG_MSG_DATA], 0);
	is_int(to_us[WG_MSG_RESPONSE], 0);
	add_macs(&response, sizeof(response));
	throw(&mallory.at, &mallory.to, &response, sizeof(response));
	hear(50);
	is_int(to_us[WG_MSG_DATA], 1);
	restart(our_ns);
	ok(works());
}

/* ---- scenarios: who has a key ---------------------------------------------------------------------- */

static int letters(int n, ...)
{
	va_list counters;

	arrived();
	va_start(counters, n);
	while (n--) {
		throw_letter(&mallory, va_arg(counters, u64));
		hear(5);
	}
	va_end(counters);
	return arrived();
}

static void counters(void)
{
	const u64 jump = 100000, limit = WG_REJECT_AFTER_MESSAGES;
	u8 plain[64], m[128];
	size_t len;

	ok(works());
	ok(shake(&mallory));
	is_int(letters(3, 1UL, 1UL, 1UL), 1);
	is_int(letters(7, 5UL, 3UL, 4UL, 2UL, 2UL, 3UL, 5UL), 4);
	is_int(letters(1, jump), 1);
	is_int(letters(4, jump, jump - 8000, jump - 8000, jump - 8200), 1);
	is_int(letters(2, jump - 1, jump - 1), 1);
	/* What is not authentic moves no window. */
	len = data(&mallory, 1ULL << 62, plain, letter(plain), m);
	m[len - 1] ^= 1;
	throw(&mallory.at, &mallory.to, m, len);
	is_int(letters(1, jump + 1), 1);
	/* The last counters of all are not used, and to try them ends nothing. */
	is_int(letters(3, limit, limit + 1, (u64)U64_MAX), 0);
	is_int(letters(1, jump + 2), 1);
	is_int(letters(2, limit - 1, limit - 1), 1);
	is_int(letters(1, jump + 3), 0);
	ok(shake(&mallory));
	is_int(letters(2, 1UL, 1UL), 1);
	/* The session before it is still heard, until it is 180 s old. */
	hear(181000);
	is_int(letters(2, 2UL, 3UL), 0);
	ok(shake(&mallory));
	is_int(letters(1, 1UL), 1);
	ok(works());
}

/* Is all but the line of mallory as it was? */
static bool others_are_the_same(const char *before, const char *after)
{
	while (*before && *after) {
		size_t a = strcspn(before, "\n"), b = strcspn(after, "\n");

		if (!memmem(before, a, "10.0.0.66", 9) && (a != b || memcmp(before, after, a)))
			return false;
		before += a + !!before[a];
		after += b + !!after[b];
	}
	return !*before && !*after;
}

/* What the link says about packets that it did not take. */
static int errors(const char *kind)
{
	char path[64];
	int n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/wg0/statistics/rx_%s_errors", kind);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%d", &n) != 1)
		err(2, "%s", path);
	fclose(f);
	return n;
}

static void insiders(void)
{
	static const char *const not_mallory[] = { "10.0.0.1", "10.0.0.2", "10.0.0.77", "127.0.0.1", "192.0.2.1",
						   "0.0.0.0", "255.255.255.255", "fd00::1", "fd00::2", "::1", "fe80::1" };
	struct place to = place("10.0.0.1", INSIDE_PORT), to6 = place("fd00::1", INSIDE_PORT);
	static u8 p[2048];
	const char *before = quiet();
	int frame = 0, length = 0;
	size_t len;
	u64 n = 1;

	ok(shake(&mallory));
	is_int(letters(1, n++), 1);
	is_int(errors("frame") + errors("length"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(not_mallory); i++) {
		struct place from = place(not_mallory[i], INSIDE_PORT);

		len = packet(p, &from, from.v6 ? &to6 : &to, "letter", 6);
		throw_data(&mallory, n++, p, len);
		frame++;
	}
	/* Every length of a good packet but its own; every version; a header that says more or less. */
	len = letter(p);
	for (size_t i = 1; i < len; i++) {
		throw_data(&mallory, n++, p, i);
		*(i < 20 ? &frame : &length) += 1;
	}
	for (int version = 0; version < 16; version++) {
		if (version == 4)
			continue;
		p[0] = version << 4 | 5;
		throw_data(&mallory, n++, p, len);
		frame++;
	}
	p[0] = 0x45;
	for (unsigned int claim = 0; claim < 0x10000; claim += claim < 19 || claim >= len ? 1 + claim / 7 : 70) {
		if (claim >= 20 && claim <= len)
			continue;
		put16(p + 2, claim);
		throw_data(&mallory, n++, p, len);
		length++;
	}
	hear(100);
	is_int(arrived(), 0);
	is_int(errors("frame"), frame);
	is_int(errors("length"), length);
	for (int i = 0; i < 200; i++) {
		u32 random;

		get_random_bytes(p, sizeof(p));
		get_random_bytes(&random, sizeof(random));
		throw_data(&mallory, n++, p, random % 1400);
		hear(2);
	}
	hear(100);
	is_int(arrived(), 0);
	/* A header of 60 bytes that is not there, and options that are nonsense: the stack's to refuse. */
	letter(p);
	p[0] = 0x4f;
	throw_data(&mallory, n++, p, len);
	hear(50);
	is_int(letters(1, n++), 1);
	is_int(to_us[0] + to_friend[0] + to_us[WG_MSG_INITIATION] + to_us[WG_MSG_RESPONSE], 0);
	hear(15000);
	ok(others_are_the_same(before, dump()));
	ok(works());
}

/* ---- scenarios: pieces -------------------------------------------------------------------------------- */

static void fragments(void)
{
	static u8 big[65536];
	static const u8 types[] = { WG_MSG_INITIATION, WG_MSG_RESPONSE, WG_MSG_COOKIE, WG_MSG_DATA };
	u32 index = index_of_friend();
	const char *before = quiet();
	struct place from = place("10.0.0.66", INSIDE_PORT), to = place("10.0.0.1", INSIDE_PORT);
	struct wg_msg_initiation msg;
	u8 udp[8 + sizeof(msg)], plain[20028];
	size_t len;

	for (int v6 = 0; v6 < 2; v6++) {
		struct player *p = v6 ? &mallory6 : &mallory;

		for (size_t i = 0; i < sizeof(types); i++) {
			random_message(big, sizeof(big), types[i]);
			memcpy(big + 4, &index, sizeof(index));
			throw(&p->at, &p->to, big, 65507);
			hear(50);
			throw_in_pieces(&p->at, &p->to, big, 2000, 8);
			hear(50);
		}
		/* The first piece, the last one, and both with another middle. */
		initiation(p, &msg);
		memcpy(udp + 8, &msg, sizeof(msg));
		udp_header(udp, &p->at, &p->to, sizeof(msg));
		frame(&p->at, &p->to, udp, 80, 0, true, 0);
		frame(&p->at, &p->to, udp + 80, sizeof(udp) - 80, 80, false, 0);
		hear(50);
		ok(answered(p));
		for (int wrong = 0; wrong < 3; wrong++) {
			initiation(p, &msg);
			memcpy(udp + 8, &msg, sizeof(msg));
			udp_header(udp, &p->at, &p->to, sizeof(msg));
			forget();
			if (wrong != 1)
				frame(&p->at, &p->to, udp, 80, 0, true, 0);
			if (wrong == 2)
				frame(&p->at, &p->to, big, 80, 40, true, 0);
			if (wrong != 0)
				frame(&p->at, &p->to, udp + 80, sizeof(udp) - 80, 80, false, 0);
			hear(50);
			ok(!last(WG_MSG_RESPONSE, &p->at));
		}
	}
	ok(others_are_the_same(before, dump()));
	ok(works());
	/* And what is good, however small or large. */
	for (size_t piece = 8; piece <= 64; piece *= 2) {
		hear(50);
		forget();
		initiation(&mallory, &msg);
		throw_in_pieces(&mallory.at, &mallory.to, &msg, sizeof(msg), piece);
		hear(100);
		ok(answered(&mallory));
	}
	arrived();
	len = packet(plain, &from, &to, big, sizeof(plain) - 28);
	throw_data(&mallory, 0, plain, len);
	len = data(&mallory, 1, plain, letter(plain), big);
	throw_in_pieces(&mallory.at, &mallory.to, big, len, 16);
	hear(100);
	is_int(arrived(), 2);
}

/* ---- scenarios: many ------------------------------------------------------------------------------------ */

/* More than an eighth of what may wait: with so many the target is under load. */
#define BURST 600

/*
 * While we are at it nobody else is, but the interrupts in which packets are received.
 * Commands that we start inherit it. Was it so before?
 */
static bool alone(bool yes)
{
	struct sched_param param = { .sched_priority = yes ? 1 : 0 };
	bool before = sched_getscheduler(0) == SCHED_FIFO;

	if (sched_setscheduler(0, yes ? SCHED_FIFO : SCHED_OTHER, &param))
		err(2, "sched_setscheduler");
	return before;
}

static struct place random_place(void)
{
	struct place p = mallory.at;
	u8 random;

	get_random_bytes(&random, sizeof(random));
	p.ip[3] = 128 | random;
	return p;
}

enum flood { BAD_MACS, GOOD_MACS, PROVEN };

/* What a source says that has proven itself: nobody answers it again. */
static struct wg_msg_initiation proven;

/* @first, from there, is what waits in front of all of them; NULL: nothing. */
static void burst(unsigned int type, size_t len, enum flood macs, const struct place *from, const struct place *to,
		  const struct wg_msg_initiation *first)
{
	static u8 m[BURST][256];
	struct wg_cookie anybody;
	bool before;

	wg_cookie_init(&anybody, target.identity.public);
	for (int i = 0; i < BURST; i++) {
		random_message(m[i], len, type);
		if (macs == GOOD_MACS)
			wg_cookie_add_macs(&anybody, m[i], len);
		if (macs == PROVEN)
			memcpy(m[i], &proven, sizeof(proven));
	}
	before = alone(true);
	if (first)
		throw(from, to, first, sizeof(*first));
	for (int i = 0; i < BURST; i++) {
		struct place somewhere = random_place();

		throw(macs == PROVEN ? &eve.at : &somewhere, &mallory.to, m[i], len);
	}
	alone(before);
}

static void press(void)
{
	burst(WG_MSG_INITIATION, sizeof(proven), proven.type ? PROVEN : GOOD_MACS, NULL, NULL, NULL);
}

/* What the kernel's caches hold, in KiB, and the ten largest of them for whoever has to look. */
static long memory(void)
{
	char name[64], line[256];
	long objects, size, total = 0;
	FILE *f = fopen("/proc/slabinfo", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %ld %*d %ld", name, &objects, &size) != 3)
			continue;
		/* Files and processes come and go. */
		if (strncmp(name, "kmalloc", 7) && strncmp(name, "skbuff", 6) && !strstr(name, "_peer") &&
		    strncmp(name, "ip", 2))
			continue;
		if (objects * size > 100 * 1024)
			printf("# %s %ld\n", name, objects);
		total += objects * size / 1024;
	}
	if (f)
		fclose(f);
	return total;
}

/* The caches hold what they held, a megabyte more or less. A kernel that finds mistakes
 * keeps what was freed for a while, so that nobody uses it unseen, and finds leaks itself. */
static void no_more_than(long kib)
{
	const char *kernel = getenv("WGCTL_VM");
	long more = memory() - kib;

	printf("# %ld KiB more\n", more);
	ok(more < (kernel && !strcmp(kernel, "smp") ? 65536 : 1024));
}

/* Who does not know the target's key cannot even make it ask for cookies. */
static void flood_without_key(void)
{
	static const struct {
		unsigned int type;
		size_t len;
	} kinds[] = {
		{ WG_MSG_INITIATION, sizeof(struct wg_msg_initiation) },
		{ WG_MSG_RESPONSE, sizeof(struct wg_msg_response) },
		{ WG_MSG_COOKIE, sizeof(struct wg_msg_cookie) },
		{ WG_MSG_DATA, WG_MIN_DATA_LEN + 16 },
		{ WG_MSG_DATA, 3 },
	};
	struct wg_msg_initiation msg;
	long kib;

	ok(works());
	ok(shake(&mallory));
	kib = memory();
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			forget();
			initiation(&mallory, &msg);
			burst(kinds[i].type, kinds[i].len, BAD_MACS, &mallory.at, &mallory.to, &msg);
			hear(100);
			printf("# type %u, %zu bytes\n", kinds[i].type, kinds[i].len);
			is_int(to_us[WG_MSG_COOKIE], 0);
			is_int(to_us[WG_MSG_RESPONSE], 1);
			ok(answered(&mallory));
			is_int(to_us[0] + to_us[WG_MSG_INITIATION] + to_us[WG_MSG_DATA], 0);
			ok(works());
		}
	}
	hear(15000);
	no_more_than(kib);
}

/*
 * An initiation under load: what comes back to @p? 0: nothing. It waits in front of the
 * others: where each of them takes a millisecond or two, the load is over before the last.
 */
static unsigned int under_load(struct player *p, const struct place *from, struct wg_msg_initiation *msg)
{
	hear(3000);
	forget();
	initiation(p, msg);
	burst(WG_MSG_INITIATION, sizeof(*msg), GOOD_MACS, from, &p->to, msg);
	hear(3000);
	for (unsigned int type = WG_MSG_RESPONSE; type <= WG_MSG_COOKIE; type++)
		if (last(type, from))
			return type;
	return 0;
}

/* Get a cookie for where @p is. */
static bool prove(struct player *p)
{
	struct wg_msg_initiation msg;

	return under_load(p, &p->at, &msg) == WG_MSG_COOKIE && wg_cookie_consume_reply(&p->target->cookie,
			(const void *)last(WG_MSG_COOKIE, &p->at)->message);
}

/* From here on a source that has proven itself is what makes the load, by far more than it
 * may: it costs the target less than to answer everybody, so that the load lasts even
 * where the target is slow. */
static bool press_proven(void)
{
	if (!prove(&eve))
		return false;
	initiation(&eve, &proven);
	press();
	hear(3000);
	return last(WG_MSG_RESPONSE, &eve.at);
}

/* Who knows it can: then whoever answers its cookies is heard, and nobody else. */
static void flood_with_key(void)
{
	static const u8 zeros[WG_COOKIE_LEN];
	struct wg_msg_initiation msg;
	struct place elsewhere = mallory.at, other_port = mallory.at;
	unsigned int cookies = 0, with_mac2 = 0, pings = 0;
	bool comes_through = false;
	struct sockaddr_in from;
	u64 started;
	long kib;

	elsewhere.ip[3]++;
	other_port.port++;
	ok(works());
	ok(shake(&mallory));
	kib = memory();
	forget();
	press();
	hear(5000);
	printf("# %u cookies for %d initiations\n", to_us[WG_MSG_COOKIE], BURST);
	ok(to_us[WG_MSG_COOKIE] > BURST / 4 && to_us[WG_MSG_COOKIE] <= BURST);
	is_int(to_us[WG_MSG_RESPONSE] + to_us[0] + to_us[WG_MSG_DATA], 0);

	/* A cookie is for an address and a port. */
	for (int v6 = 0; v6 < 2; v6++) {
		struct player *p = v6 ? &mallory6 : &mallory;

		is_int(under_load(p, &p->at, &msg), WG_MSG_COOKIE);
		ok(prove(p));
		is_int(under_load(p, &p->at, &msg), WG_MSG_RESPONSE);
		ok(answered(p));
		ok(memcmp(msg.macs.mac2, zeros, sizeof(zeros)));
		ok(works());
	}
	is_int(under_load(&mallory, &elsewhere, &msg), WG_MSG_COOKIE);
	is_int(under_load(&mallory, &other_port, &msg), WG_MSG_COOKIE);
	is_int(under_load(&mallory, &mallory.at, &msg), WG_MSG_RESPONSE);
	ok(answered(&mallory));

	/* The friend has to begin anew, among all of them. */
	ok(press_proven());
	restart(our_ns);
	started = now_ms();
	while (!comes_through && now_ms() - started < 15000) {
		forget();
		press();
		say(friend_fd, "10.0.0.1", 4711);
		hear(500);
		comes_through = recv(target_fd, &from, sizeof(from), MSG_DONTWAIT) == sizeof(u32);
		cookies += to_friend[WG_MSG_COOKIE];
		for (size_t i = 0; i < n_heard; i++)
			if (!heard[i].from_target && heard[i].from.port == 51822 && heard[i].message[0] == WG_MSG_INITIATION)
				with_mac2 += !!memcmp(heard[i].message + offsetof(struct wg_msg_initiation, macs.mac2), zeros, 16);
	}
	printf("# the friend comes through after %llu ms, %u cookies, %u with mac2\n",
	       (unsigned long long)(now_ms() - started), cookies, with_mac2);
	ok(comes_through);
	is_int(cookies, 1);
	is_int(with_mac2, 1);
	cookies = 0;
	/* A session does not notice. */
	for (int i = 0; i < 20; i++) {
		forget();
		press();
		pings += works();
		hear(200);
		cookies += to_us[WG_MSG_COOKIE];
	}
	is_int(pings, 20);
	ok(cookies <= 20 * BURST);

	/* It is over: nobody has to prove anything. */
	hear(10000);
	wg_cookie_init(&mallory.target->cookie, target.identity.public);
	forget();
	initiation(&mallory, &msg);
	throw(&mallory.at, &mallory.to, &msg, sizeof(msg));
	hear(200);
	ok(answered(&mallory));
	is_int(to_us[WG_MSG_COOKIE], 0);
	/* After two minutes the secret is another one, and old cookies are nothing. */
	ok(prove(&mallory));
	is_int(under_load(&mallory, &mallory.at, &msg), WG_MSG_RESPONSE);
	hear(130000);
	mallory.target->cookie.birth = shim_now + 130 * (u64)NSEC_PER_SEC;
	is_int(under_load(&mallory, &mallory.at, &msg), WG_MSG_COOKIE);
	hear(20000);
	no_more_than(kib);
	ok(works());
}

/*
 * How many initiations are answered that come 40 a second, from these places in turn,
 * in three seconds? What may be more than that is in *@ret_limit.
 */
static int rate(struct player *const *players, int n, bool loaded, int *ret_limit)
{
	struct wg_msg_initiation msg;
	u64 started = now_ms(), pressed = 0;
	int answers;

	forget();
	for (int i = 0; i < 120; i++) {
		struct player *p = players[i % n];

		if (loaded && now_ms() - pressed > 700) {
			press();
			pressed = now_ms();
		}
		initiation(p, &msg);
		throw(&p->at, &p->to, &msg, sizeof(msg));
		hear(25);
	}
	hear(200);
	answers = to_us[WG_MSG_RESPONSE];
	*ret_limit = 5 + 20 * (now_ms() - started) / 1000 + 1;
	printf("# %d answers to 120 in %llu ms, at most %d\n", answers, (unsigned long long)(now_ms() - started), *ret_limit);
	return answers;
}

static void rates(void)
{
	static struct player sister, neighbour;
	struct player *const one[] = { &mallory }, *const two[] = { &mallory6, &sister }, *const far[] = { &neighbour };
	int limit, n;

	player_init(&sister, 0x33, "2001:db8:bad::67", 1, "2001:db8::1");
	player_init(&neighbour, 0x33, "2001:db8:bad:1::66", 1, "2001:db8::1");
	ok(works());
	n = rate(one, 1, false, &limit);
	ok(n >= 118);
	ok(press_proven());
	ok(prove(&mallory));
	hear(1000);
	n = rate(one, 1, true, &limit);
	ok(n <= limit && n >= min(limit, 120) / 2);
	/* In IPv6 it is a network of 64 bits, and another one is somebody else. */
	ok(prove(&mallory6));
	ok(prove(&sister));
	hear(1000);
	n = rate(two, 2, true, &limit);
	ok(n <= limit && n >= min(limit, 120) / 2);
	ok(prove(&neighbour));
	n = rate(far, 1, true, &limit);
	ok(n <= limit && n >= min(limit, 120) / 2);
	ok(works());
}

/* A peer that does nothing but begin: each session takes the place of another one. */
static void handshakes(void)
{
	struct wg_msg_initiation msg;
	bool answer;
	int good = 0;
	long kib;

	ok(works());
	ok(shake(&mallory));
	kib = memory();
	for (int i = 0; i < 1000; i++) {
		initiation(&mallory, &msg);
		throw(&mallory.at, &mallory.to, &msg, sizeof(msg));
		hear(21);
		answer = answered(&mallory);
		if (!answer) { /* the machine is busy */
			hear(500);
			answer = answered(&mallory);
		}
		good += answer;
		if (i % 3 == 0)
			throw_data(&mallory, 0, NULL, 0);
		forget();
	}
	is_int(good, 1000);
	hear(1000);
	no_more_than(kib);
	ok(works());
}

/* The link is deleted while all of it waits. */
static void deleted(void)
{
	long kib = memory();

	ok(works());
	forget();
	for (int i = 0; i < 5; i++) {
		/* Before anybody gets to work on them. */
		alone(true);
		press();
		output_of(target_ns, i < 4 ? "ip link set wg0 down" : "ip link del wg0");
		alone(false);
		if (i < 4)
			output_of(target_ns, "ip link set wg0 up");
	}
	is_str(dump(), "");
	hear(100);
	printf("# %u of %d got a cookie\n", to_us[WG_MSG_COOKIE], 5 * BURST);
	ok(to_us[WG_MSG_COOKIE] < 5 * BURST / 2);
	forget();
	press();
	hear(1000);
	/* Nobody is at home any more. */
	is_int(to_us[WG_MSG_COOKIE] + to_us[WG_MSG_RESPONSE], 0);
	no_more_than(kib);
}

/* ---- scenarios: cookies for the target -------------------------------------------------------------------- */

static struct wg_msg_initiation from_target(const struct player *p)
{
	const struct heard *h = last(WG_MSG_INITIATION, &p->at);
	struct wg_msg_initiation msg;

	if (!h)
		errx(1, "the target does not begin");
	memcpy(&msg, h->message, sizeof(msg));
	return msg;
}

/* Is mac2 a proof that @p asked for? */
static enum wg_cookie_verdict verdict(struct player *p, const struct wg_msg_initiation *msg)
{
	static const u8 target_at[] = { 192, 0, 2, 1, 51821 >> 8, 51821 & 0xff };

	tick();
	return wg_cookie_check(&p->dev.checker, msg, sizeof(*msg), target_at, sizeof(target_at), true);
}

static void cookie_for(struct player *by, const struct wg_msg_initiation *msg, __le32 receiver, struct wg_msg_cookie *reply)
{
	static const u8 target_at[] = { 192, 0, 2, 1, 51821 >> 8, 51821 & 0xff };

	tick();
	wg_cookie_create_reply(&by->dev.checker, reply, receiver, &msg->macs, target_at, sizeof(target_at));
}

static void cookies(void)
{
	static const u8 zeros[WG_COOKIE_LEN];
	struct wg_msg_initiation first, other, second, third;
	struct wg_msg_cookie reply, right;

	ok(works());
	/* The target looks for both of them, every five seconds. */
	forget();
	say(target_fd, "10.0.0.66", 0);
	say(target_fd, "10.0.0.77", 0);
	hear(100);
	first = from_target(&mallory);
	other = from_target(&eve);
	ok(!memcmp(first.macs.mac2, zeros, sizeof(zeros)));
	for (int i = 0; i < 50; i++) {
		random_message((u8 *)&reply, sizeof(reply), WG_MSG_COOKIE);
		reply.receiver = i % 2 ? first.sender : other.sender;
		throw(&mallory.at, &mallory.to, &reply, sizeof(reply));
	}
	/* Made by the right one for another message; by somebody else; for the wrong peer. */
	cookie_for(&mallory, &other, first.sender, &reply);
	throw(&mallory.at, &mallory.to, &reply, sizeof(reply));
	cookie_for(&eve, &first, first.sender, &reply);
	throw(&eve.at, &eve.to, &reply, sizeof(reply));
	cookie_for(&mallory, &first, other.sender, &reply);
	throw(&mallory.at, &mallory.to, &reply, sizeof(reply));
	cookie_for(&mallory, &first, first.sender, &right);
	for (size_t i = 8; i < sizeof(right); i++) {
		reply = right;
		((u8 *)&reply)[i] ^= 1 << i % 8;
		throw(&mallory.at, &mallory.to, &reply, sizeof(reply));
	}
	forget();
	hear(6000);
	second = from_target(&mallory);
	ok(memcmp(&first, &second, sizeof(first)));
	ok(!memcmp(second.macs.mac2, zeros, sizeof(zeros)));
	is_int(verdict(&mallory, &second), WG_MAC1_VALID);
	/* Right, but for the message before; then right. */
	throw(&mallory.at, &mallory.to, &right, sizeof(right));
	forget();
	hear(6000);
	third = from_target(&mallory);
	ok(!memcmp(third.macs.mac2, zeros, sizeof(zeros)));
	cookie_for(&mallory, &third, third.sender, &right);
	throw(&mallory.at, &mallory.to, &right, sizeof(right));
	forget();
	hear(6000);
	third = from_target(&mallory);
	is_int(verdict(&mallory, &third), WG_MAC2_VALID);
	other = from_target(&eve);
	is_int(verdict(&eve, &other), WG_MAC1_VALID);
	ok(!memcmp(other.macs.mac2, zeros, sizeof(zeros)));
	/* A cookie is no handshake: there is still no session. */
	is_int(to_us[WG_MSG_DATA] + to_us[WG_MSG_RESPONSE], 0);
	ok(shake(&mallory));
	ok(works());
}

/* ---- all of them -------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(void);
} scenarios[] = {
	{ "malformed", malformed },
	{ "resized", resized },
	{ "replayed", replayed },
	{ "strangers", strangers },
	{ "indices", indices },
	{ "corrupted", corrupted },
	{ "counters", counters },
	{ "insiders", insiders },
	{ "fragments", fragments },
	{ "flood-without-key", flood_without_key },
	{ "flood-with-key", flood_with_key },
	{ "rates", rates },
	{ "handshakes", handshakes },
	{ "deleted", deleted },
	{ "cookies", cookies },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc == 3 && i < ARRAY_SIZE(scenarios); i++) {
		if (strcmp(argv[2], scenarios[i].name))
			continue;
		begin(argv[1]);
		scenarios[i].run();
		return tap_done();
	}
	errx(2, "hostile TARGET-NETNS SCENARIO");
}
