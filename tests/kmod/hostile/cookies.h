/* SPDX-License-Identifier: GPL-2.0 */
/* Cookies for the target: those that it should believe, and others. */
#ifndef TESTS_KMOD_HOSTILE_COOKIES_H
#define TESTS_KMOD_HOSTILE_COOKIES_H

#include "kmod/hostile/stage.h"

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

#endif
