/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cookie: the two MACs at the end of handshake messages, and the cookies that
 * make a sender prove its address when we are under load (whitepaper 5.3, 5.4.4,
 * 5.4.7). Pure: an address comes as bytes, no skb.
 *
 * Locks: wg_cookie_checker.lock (rwsem) covers the secret, .keys_lock (seqlock)
 * the keys, which mac1 is checked with in softirq; wg_cookie.lock (rwsem) covers
 * a peer's last cookie. Taken by the functions here.
 */
#ifndef WG_COOKIE_H
#define WG_COOKIE_H

#include <linux/rwsem.h>
#include <linux/seqlock.h>

#include "messages.h"

/* A device's: checks what comes in, makes cookie replies. */
struct wg_cookie_checker {
	u8 secret[WG_HASH_LEN]; /* new every WG_COOKIE_LIFETIME */
	u64 secret_birth;	/* ns, coarse boot time; 0: there is none yet */
	struct rw_semaphore lock;
	bool valid; /* we have a public key, and this is from it: */
	u8 mac1_key[WG_KEY_LEN];
	u8 cookie_key[WG_KEY_LEN];
	seqlock_t keys_lock;
};

/* A peer's: what we put on the messages to it. */
struct wg_cookie {
	u64 birth;
	bool valid;
	u8 cookie[WG_COOKIE_LEN];
	bool sent_mac1; /* last_mac1 is there, a cookie reply may refer to it */
	u8 last_mac1[WG_COOKIE_LEN];
	u8 mac1_key[WG_KEY_LEN]; /* from the peer's public key */
	u8 cookie_key[WG_KEY_LEN];
	struct rw_semaphore lock;
};

void wg_cookie_checker_init(struct wg_cookie_checker *checker);
/** @public: our public key, NULL when we have none (any more): nothing has a valid mac1 then. */
void wg_cookie_checker_set_public(struct wg_cookie_checker *checker, const u8 *public);
void wg_cookie_init(struct wg_cookie *cookie, const u8 remote_public[WG_KEY_LEN]);

/**
 * Is @msg, a handshake message with its macs at the end of @len bytes, from
 * somebody who knows our public key? Any context; waits for nobody.
 */
bool wg_cookie_check_mac1(struct wg_cookie_checker *checker, const void *msg, size_t len);
/**
 * Does the sender of @msg, which is not shorter than its macs, prove with a cookie
 * of ours that it is at @from (@from_len bytes, the same for the same
 * address and port)?
 */
bool wg_cookie_check_mac2(struct wg_cookie_checker *checker, const void *msg, size_t len, const u8 *from,
			  size_t from_len);
/** Put both macs on a message of ours; @len includes them. */
void wg_cookie_add_macs(struct wg_cookie *cookie, void *msg, size_t len);
/**
 * The answer to the handshake message with @macs, which were checked, and sender
 * index @receiver (wire order), that came from @from.
 */
void wg_cookie_create_reply(struct wg_cookie_checker *checker, struct wg_msg_cookie *reply, __le32 receiver,
			    const struct wg_msg_macs *macs, const u8 *from, size_t from_len);
/** Take in a cookie for the last message that we sent with @cookie. False: not authentic, or nothing was sent. */
bool wg_cookie_consume_reply(struct wg_cookie *cookie, const struct wg_msg_cookie *reply);

#endif
