/* SPDX-License-Identifier: GPL-2.0 */
/* Who has no key: what is malformed, replayed, guessed, or was good before it was changed. */
#ifndef TESTS_KMOD_HOSTILE_STRANGERS_H
#define TESTS_KMOD_HOSTILE_STRANGERS_H

#include "kmod/hostile/stage.h"

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

#endif
