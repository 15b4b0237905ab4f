/* SPDX-License-Identifier: GPL-2.0 */
/*
 * messages: what is on the wire, and the protocol's constants. No locks.
 * Source: the WireGuard whitepaper, sections 5.4 (messages) and 6.5 (timers).
 */
#ifndef WG_MESSAGES_H
#define WG_MESSAGES_H

#include <crypto/blake2s.h>
#include <crypto/chacha20poly1305.h>
#include <crypto/curve25519.h>
#include <linux/build_bug.h>
#include <linux/wireguard.h> /* WG_KEY_LEN: public, private, preshared, symmetric */

enum wg_lengths {
	WG_HASH_LEN = BLAKE2S_HASH_SIZE,
	WG_TAG_LEN = CHACHA20POLY1305_AUTHTAG_SIZE,
	WG_TIMESTAMP_LEN = 12, /* TAI64N: be64 seconds, be32 nanoseconds */
	WG_COOKIE_LEN = 16,
	WG_COOKIE_NONCE_LEN = XCHACHA20POLY1305_NONCE_SIZE,
	WG_PADDING = 16,
};

/* Seconds, but for the last three of them. Whitepaper 6.1, table in 6.5. */
enum wg_limits {
	WG_REKEY_AFTER_TIME = 120,
	WG_REJECT_AFTER_TIME = 180,
	WG_REKEY_TIMEOUT = 5,
	WG_REKEY_ATTEMPT_TIME = 90,
	WG_KEEPALIVE_TIMEOUT = 10,
	WG_COOKIE_LIFETIME = 120, /* of the secret that cookies are made of */
	WG_COOKIE_LATENCY = 5,
	WG_INITIATIONS_PER_SECOND = 50, /* accepted from one peer; not in the paper's text */
	WG_REKEY_JITTER_MS = 333,
	WG_MAX_HANDSHAKE_ATTEMPTS = WG_REKEY_ATTEMPT_TIME / WG_REKEY_TIMEOUT,
};
#define WG_REKEY_AFTER_MESSAGES (1ULL << 60)
#define WG_REPLAY_WINDOW 8192 /* bits, of which one word is spare */
#define WG_REJECT_AFTER_MESSAGES (U64_MAX - WG_REPLAY_WINDOW)

/* The first four bytes, little endian: the type and three reserved zeros. */
enum wg_message_type {
	WG_MSG_INITIATION = 1,
	WG_MSG_RESPONSE = 2,
	WG_MSG_COOKIE = 3,
	WG_MSG_DATA = 4,
};

struct wg_msg_macs {
	u8 mac1[WG_COOKIE_LEN];
	u8 mac2[WG_COOKIE_LEN];
};

struct wg_msg_initiation {
	__le32 type;
	__le32 sender;
	u8 ephemeral[WG_KEY_LEN];
	u8 encrypted_static[WG_KEY_LEN + WG_TAG_LEN];
	u8 encrypted_timestamp[WG_TIMESTAMP_LEN + WG_TAG_LEN];
	struct wg_msg_macs macs;
};

struct wg_msg_response {
	__le32 type;
	__le32 sender;
	__le32 receiver;
	u8 ephemeral[WG_KEY_LEN];
	u8 encrypted_nothing[WG_TAG_LEN];
	struct wg_msg_macs macs;
};

struct wg_msg_cookie {
	__le32 type;
	__le32 receiver;
	u8 nonce[WG_COOKIE_NONCE_LEN];
	u8 encrypted_cookie[WG_COOKIE_LEN + WG_TAG_LEN];
};

struct wg_msg_data {
	__le32 type;
	__le32 receiver;
	__le64 counter;
	u8 encrypted[];
};

static_assert(sizeof(struct wg_msg_initiation) == 148);
static_assert(sizeof(struct wg_msg_response) == 92);
static_assert(sizeof(struct wg_msg_cookie) == 64);
static_assert(sizeof(struct wg_msg_data) == 16);

/* A data message around @plain bytes, padded already. */
#define WG_DATA_LEN(plain) (sizeof(struct wg_msg_data) + (plain) + WG_TAG_LEN)
#define WG_MIN_DATA_LEN WG_DATA_LEN(0) /* a keepalive */

#endif
