// SPDX-License-Identifier: GPL-2.0
/* The macs of handshake messages, and proving an address with a cookie. */
#include "kmod/world.h"
#include "unit/tap.h"

static const u8 a_private[WG_KEY_LEN] = { 1, 2, 3 }, b_private[WG_KEY_LEN] = { 4, 5, 6 };
static const u8 from4[] = { 192, 0, 2, 1, 0xca, 0x6c }, other_port[] = { 192, 0, 2, 1, 0xca, 0x6d };
static const u8 other_address[] = { 192, 0, 2, 2, 0xca, 0x6c };
static const u8 from6[] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xca, 0x6c };

static struct wg_device a, b;
static struct wg_cookie *cookie; /* a's, for b */

static void start(void)
{
	shim_now = 1000 * NSEC_PER_SEC;
	world_device(&a, a_private);
	world_device(&b, b_private);
	cookie = &world_peer(&a, b.identity.public, NULL)->cookie;
	world_peer(&b, a.identity.public, NULL);
}

static void finish(void)
{
	world_end(&a);
	world_end(&b);
}

static int check_at(const struct wg_msg_response *msg, const u8 *from, size_t from_len)
{
	return wg_cookie_check(&b.checker, msg, sizeof(*msg), from, from_len, true);
}
#define check(msg, from) check_at(msg, from, sizeof(from))

/* Any message will do. */
static void make(struct wg_msg_response *msg)
{
	get_random_bytes(msg, sizeof(*msg));
	wg_cookie_add_macs(cookie, msg, sizeof(*msg));
}

static void reply_to(const struct wg_msg_response *msg, struct wg_msg_cookie *reply, const u8 *from, size_t from_len)
{
	wg_cookie_create_reply(&b.checker, reply, msg->sender, &msg->macs, from, from_len);
}

/* A message, the reply that it gets, and the message again as it is sent then. */
static bool prove(struct wg_msg_response *msg, const u8 *from, size_t from_len)
{
	struct wg_msg_cookie reply;

	make(msg);
	reply_to(msg, &reply, from, from_len);
	if (!wg_cookie_consume_reply(cookie, &reply))
		return false;
	make(msg);
	return true;
}

static void mac1(void)
{
	static const u8 zeros[WG_COOKIE_LEN];
	struct wg_msg_response msg, bad;
	int accepted = 0;

	start();
	make(&msg);
	ok(wg_cookie_check_mac1(&b.checker, &msg, sizeof(msg)));
	ok(!memcmp(msg.macs.mac2, zeros, sizeof(zeros)));
	is_int(wg_cookie_check(&b.checker, &msg, sizeof(msg), from4, sizeof(from4), false), WG_MAC1_VALID);
	is_int(check(&msg, from4), WG_MAC1_VALID);
	for (size_t bit = 0; bit < 8 * offsetof(struct wg_msg_response, macs.mac2); bit++) {
		bad = msg;
		((u8 *)&bad)[bit / 8] ^= 1 << bit % 8;
		accepted += wg_cookie_check_mac1(&b.checker, &bad, sizeof(bad));
		accepted += check(&bad, from4) != WG_MAC_INVALID;
	}
	for (size_t len = 0; len < sizeof(msg); len++) {
		u8 *exact = malloc(len); /* so that the sanitizer sees a byte too many */

		memcpy(exact, &msg, len);
		accepted += wg_cookie_check_mac1(&b.checker, exact, len);
		accepted += wg_cookie_check(&b.checker, exact, len, from4, sizeof(from4), true) != WG_MAC_INVALID;
		free(exact);
	}
	is_int(accepted, 0);
	/* It is for b, and for nobody else. */
	ok(!wg_cookie_check_mac1(&a.checker, &msg, sizeof(msg)));
	/* Who has no key takes nothing, not even what is made with a key of zeros. */
	wg_cookie_checker_set_public(&b.checker, NULL);
	ok(!wg_cookie_check_mac1(&b.checker, &msg, sizeof(msg)));
	memset(cookie->mac1_key, 0, WG_KEY_LEN);
	make(&msg);
	ok(!wg_cookie_check_mac1(&b.checker, &msg, sizeof(msg)));
	wg_cookie_checker_set_public(&b.checker, b.identity.public);
	ok(!wg_cookie_check_mac1(&b.checker, &msg, sizeof(msg)));
	wg_cookie_init(cookie, b.identity.public);
	make(&msg);
	ok(wg_cookie_check_mac1(&b.checker, &msg, sizeof(msg)));
	finish();
}

static void addresses(void)
{
	struct wg_msg_response msg, bad;

	start();
	ok(prove(&msg, from4, sizeof(from4)));
	is_int(check(&msg, from4), WG_MAC2_VALID);
	is_int(check(&msg, other_port), WG_MAC1_VALID);
	is_int(check(&msg, other_address), WG_MAC1_VALID);
	is_int(check_at(&msg, from4, 4), WG_MAC1_VALID);
	is_int(check(&msg, from6), WG_MAC1_VALID);
	is_int(wg_cookie_check(&b.checker, &msg, sizeof(msg), from4, sizeof(from4), false), WG_MAC1_VALID); /* not asked */
	for (size_t bit = 0; bit < 8 * WG_COOKIE_LEN; bit++) {
		bad = msg;
		bad.macs.mac2[bit / 8] ^= 1 << bit % 8;
		if (check(&bad, from4) != WG_MAC1_VALID)
			ok(!"a wrong mac2 is only as good as mac1");
	}
	/* The cookie of another address is no good here. */
	ok(prove(&msg, from6, sizeof(from6)));
	is_int(check(&msg, from6), WG_MAC2_VALID);
	is_int(check(&msg, from4), WG_MAC1_VALID);
	finish();
}

/* A reply is for one message, from the one that it was sent to, and is taken once. */
static void replies(void)
{
	struct wg_msg_response msg, earlier;
	struct wg_msg_cookie reply, bad;
	struct wg_cookie before;
	int accepted = 0, changed = 0;

	start();
	memset(&msg, 0, sizeof(msg));
	reply_to(&msg, &reply, from4, sizeof(from4));
	before = *cookie;
	ok(!wg_cookie_consume_reply(cookie, &reply)); /* nothing was sent, and last_mac1 is zeros as it is in msg */
	ok(!memcmp(&before, cookie, sizeof(before)));

	make(&earlier);
	make(&msg);
	reply_to(&earlier, &reply, from4, sizeof(from4));
	ok(!wg_cookie_consume_reply(cookie, &reply));
	reply_to(&msg, &reply, from4, sizeof(from4));
	is_int(reply.type, cpu_to_le32(WG_MSG_COOKIE));
	is_int(reply.receiver, msg.sender);
	before = *cookie;
	for (size_t bit = 8 * offsetof(struct wg_msg_cookie, nonce); bit < 8 * sizeof(reply); bit++) {
		bad = reply;
		((u8 *)&bad)[bit / 8] ^= 1 << bit % 8;
		accepted += wg_cookie_consume_reply(cookie, &bad);
		changed += memcmp(&before, cookie, sizeof(before)) != 0;
	}
	is_int(accepted, 0);
	is_int(changed, 0);
	/* Somebody else's reply to our message. */
	wg_cookie_create_reply(&a.checker, &bad, msg.sender, &msg.macs, from4, sizeof(from4));
	ok(!wg_cookie_consume_reply(cookie, &bad));
	ok(wg_cookie_consume_reply(cookie, &reply));
	ok(!wg_cookie_consume_reply(cookie, &reply));
	make(&msg);
	ok(!wg_cookie_consume_reply(cookie, &reply)); /* not for the next one either */
	is_int(check(&msg, from4), WG_MAC2_VALID);
	finish();
}

static void ages(void)
{
	struct wg_msg_response msg, late;
	struct wg_msg_cookie one, two;
	u8 secret[WG_HASH_LEN];

	start();
	ok(prove(&msg, from4, sizeof(from4)));
	memcpy(secret, b.checker.secret, sizeof(secret));

	/* Who sends stops using a cookie before it is too old. */
	shim_now += (WG_COOKIE_LIFETIME - WG_COOKIE_LATENCY) * NSEC_PER_SEC - 1;
	make(&msg);
	is_int(check(&msg, from4), WG_MAC2_VALID);
	shim_now++;
	is_int(check(&msg, from4), WG_MAC2_VALID);
	late = msg;
	make(&msg);
	is_int(check(&msg, from4), WG_MAC1_VALID);

	/* Who receives takes one until its secret is, without making a new one for somebody who asks. */
	shim_now += WG_COOKIE_LATENCY * NSEC_PER_SEC - 1;
	is_int(check(&late, from4), WG_MAC2_VALID);
	shim_now++;
	is_int(check(&late, from4), WG_MAC1_VALID);
	ok(!memcmp(secret, b.checker.secret, sizeof(secret)));

	/* The next reply is from a new secret, and so is the one after it. */
	ok(prove(&msg, from4, sizeof(from4)));
	ok(memcmp(secret, b.checker.secret, sizeof(secret)));
	is_int(check(&msg, from4), WG_MAC2_VALID);
	memcpy(secret, b.checker.secret, sizeof(secret));
	shim_now += WG_COOKIE_LIFETIME * NSEC_PER_SEC - 1;
	reply_to(&msg, &one, from4, sizeof(from4));
	ok(!memcmp(secret, b.checker.secret, sizeof(secret)));
	reply_to(&msg, &two, from4, sizeof(from4));
	ok(memcmp(one.nonce, two.nonce, sizeof(one.nonce)));
	shim_now++;
	reply_to(&msg, &one, from4, sizeof(from4));
	ok(memcmp(secret, b.checker.secret, sizeof(secret)));

	wg_cookie_checker_set_public(&b.checker, NULL);
	memset(secret, 0, sizeof(secret));
	ok(!memcmp(secret, b.checker.mac1_key, WG_KEY_LEN));
	finish();
}

/* A secret of zeros, as it is before the first reply, proves nothing. */
static void before_the_first_reply(void)
{
	struct wg_msg_response msg;

	start();
	shim_now = 10 * NSEC_PER_SEC; /* soon after boot, when 0 is not long ago */
	memset(&msg, 0, sizeof(msg));
	blake2s(cookie->cookie, from4, b.checker.secret, WG_COOKIE_LEN, sizeof(from4), WG_HASH_LEN);
	cookie->birth = shim_now;
	cookie->valid = true;
	make(&msg);
	is_int(check(&msg, from4), WG_MAC1_VALID);
	finish();
}

int main(void)
{
	wg_noise_init();
	mac1();
	addresses();
	replies();
	ages();
	before_the_first_reply();
	return tap_done();
}
