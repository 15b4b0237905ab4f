/* SPDX-License-Identifier: GPL-2.0 */
/* Who has a key, and what it does not allow; pieces of packets. */
#ifndef TESTS_KMOD_HOSTILE_INSIDERS_H
#define TESTS_KMOD_HOSTILE_INSIDERS_H

#include "kmod/hostile/stage.h"

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

#endif
