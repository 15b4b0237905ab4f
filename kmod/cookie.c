// SPDX-License-Identifier: GPL-2.0
/*
 * cookie: mac1, mac2 and cookie replies (whitepaper 5.4.4 and 5.4.7).
 *
 * Locks: as cookie.h says. keys_lock is written with bottom halves off, because
 * a softirq that read it on the same processor would wait for ever.
 */
#include <crypto/algapi.h>
#include <linux/random.h>
#include <linux/timekeeping.h>

#ifdef __KERNEL__
#include "compat.h" /* all of the network's too, which userspace has no use for */
#endif
#include "cookie.h"

static void mac(u8 out[WG_COOKIE_LEN], const void *in, size_t len, const u8 *key, size_t key_len)
{
	blake2s(out, in, key, WG_COOKIE_LEN, len, key_len);
}

static void key_from_label(u8 out[WG_KEY_LEN], const char *label, const u8 public[WG_KEY_LEN])
{
	struct blake2s_state state;

	blake2s_init(&state, WG_KEY_LEN);
	blake2s_update(&state, (const u8 *)label, strlen(label));
	blake2s_update(&state, public, WG_KEY_LEN);
	blake2s_final(&state, out);
}

static bool younger_than(u64 birth, u64 seconds)
{
	return birth && ktime_get_coarse_boottime_ns() - birth < seconds * NSEC_PER_SEC;
}

/* ---- a device's -------------------------------------------------------------- */

void wg_cookie_checker_init(struct wg_cookie_checker *checker)
{
	memset(checker, 0, sizeof(*checker));
	init_rwsem(&checker->lock);
	seqlock_init(&checker->keys_lock);
}

void wg_cookie_checker_set_public(struct wg_cookie_checker *checker, const u8 *public)
{
	u8 mac1_key[WG_KEY_LEN] = {}, cookie_key[WG_KEY_LEN] = {};

	if (public) {
		key_from_label(mac1_key, "mac1----", public);
		key_from_label(cookie_key, "cookie--", public);
	}
	write_seqlock_bh(&checker->keys_lock);
	memcpy(checker->mac1_key, mac1_key, WG_KEY_LEN);
	memcpy(checker->cookie_key, cookie_key, WG_KEY_LEN);
	checker->valid = public;
	write_sequnlock_bh(&checker->keys_lock);
}

/* False: we have no keys. */
static bool read_key(struct wg_cookie_checker *checker, const u8 *which, u8 out[WG_KEY_LEN])
{
	unsigned int seq;
	bool valid;

	do {
		seq = read_seqbegin(&checker->keys_lock);
		valid = checker->valid;
		memcpy(out, which, WG_KEY_LEN);
	} while (read_seqretry(&checker->keys_lock, seq));
	return valid;
}

bool wg_cookie_check_mac1(struct wg_cookie_checker *checker, const void *msg, size_t len)
{
	const struct wg_msg_macs *macs;
	u8 key[WG_KEY_LEN], want[WG_COOKIE_LEN];

	if (len < sizeof(*macs) || !read_key(checker, checker->mac1_key, key))
		return false;
	macs = msg + len - sizeof(*macs);
	mac(want, msg, (const u8 *)macs - (const u8 *)msg, key, sizeof(key));
	return !crypto_memneq(want, macs->mac1, WG_COOKIE_LEN);
}

bool wg_cookie_check_mac2(struct wg_cookie_checker *checker, const void *msg, size_t len, const u8 *from,
			  size_t from_len)
{
	const struct wg_msg_macs *macs = msg + len - sizeof(*macs);
	u8 cookie[WG_COOKIE_LEN], want[WG_COOKIE_LEN];
	bool good;

	down_read(&checker->lock);
	good = younger_than(checker->secret_birth, WG_COOKIE_LIFETIME);
	mac(cookie, from, from_len, checker->secret, sizeof(checker->secret));
	up_read(&checker->lock);
	mac(want, msg, macs->mac2 - (const u8 *)msg, cookie, sizeof(cookie));
	good &= !crypto_memneq(want, macs->mac2, WG_COOKIE_LEN);
	memzero_explicit(cookie, sizeof(cookie));
	memzero_explicit(want, sizeof(want));
	return good;
}

void wg_cookie_create_reply(struct wg_cookie_checker *checker, struct wg_msg_cookie *reply, __le32 receiver,
			    const struct wg_msg_macs *macs, const u8 *from, size_t from_len)
{
	u8 key[WG_KEY_LEN], cookie[WG_COOKIE_LEN];

	wait_for_random_bytes();
	down_write(&checker->lock);
	if (!younger_than(checker->secret_birth, WG_COOKIE_LIFETIME)) {
		get_random_bytes(checker->secret, sizeof(checker->secret));
		checker->secret_birth = ktime_get_coarse_boottime_ns();
	}
	mac(cookie, from, from_len, checker->secret, sizeof(checker->secret));
	up_write(&checker->lock);

	reply->type = cpu_to_le32(WG_MSG_COOKIE);
	reply->receiver = receiver;
	get_random_bytes(reply->nonce, sizeof(reply->nonce));
	read_key(checker, checker->cookie_key, key);
	xchacha20poly1305_encrypt(reply->encrypted_cookie, cookie, sizeof(cookie), macs->mac1, sizeof(macs->mac1),
				  reply->nonce, key);
	memzero_explicit(cookie, sizeof(cookie));
	memzero_explicit(key, sizeof(key));
}

/* ---- a peer's ---------------------------------------------------------------- */

void wg_cookie_init(struct wg_cookie *cookie, const u8 remote_public[WG_KEY_LEN])
{
	memset(cookie, 0, sizeof(*cookie));
	init_rwsem(&cookie->lock);
	key_from_label(cookie->mac1_key, "mac1----", remote_public);
	key_from_label(cookie->cookie_key, "cookie--", remote_public);
}

void wg_cookie_add_macs(struct wg_cookie *cookie, void *msg, size_t len)
{
	struct wg_msg_macs *macs = msg + len - sizeof(*macs);

	down_write(&cookie->lock);
	mac(macs->mac1, msg, (u8 *)macs - (u8 *)msg, cookie->mac1_key, sizeof(cookie->mac1_key));
	memcpy(cookie->last_mac1, macs->mac1, WG_COOKIE_LEN);
	cookie->sent_mac1 = true;
	/* It has to be good when the message arrives, not when it leaves. */
	if (cookie->valid && younger_than(cookie->birth, WG_COOKIE_LIFETIME - WG_COOKIE_LATENCY))
		mac(macs->mac2, msg, macs->mac2 - (u8 *)msg, cookie->cookie, sizeof(cookie->cookie));
	else
		memset(macs->mac2, 0, WG_COOKIE_LEN);
	up_write(&cookie->lock);
}

bool wg_cookie_consume_reply(struct wg_cookie *cookie, const struct wg_msg_cookie *reply)
{
	u8 plain[WG_COOKIE_LEN];
	bool good;

	down_write(&cookie->lock);
	good = cookie->sent_mac1 &&
	       xchacha20poly1305_decrypt(plain, reply->encrypted_cookie, sizeof(reply->encrypted_cookie),
					 cookie->last_mac1, WG_COOKIE_LEN, reply->nonce, cookie->cookie_key);
	if (good) {
		memcpy(cookie->cookie, plain, WG_COOKIE_LEN);
		cookie->birth = ktime_get_coarse_boottime_ns();
		cookie->valid = true;
		cookie->sent_mac1 = false; /* one reply for each message: a second one is a replay */
	}
	up_write(&cookie->lock);
	memzero_explicit(plain, sizeof(plain));
	return good;
}
