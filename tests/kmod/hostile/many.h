/* SPDX-License-Identifier: GPL-2.0 */
/* More than a target can work on: floods, rates, handshakes without end. */
#ifndef TESTS_KMOD_HOSTILE_MANY_H
#define TESTS_KMOD_HOSTILE_MANY_H

#include "kmod/hostile/stage.h"

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

#endif
