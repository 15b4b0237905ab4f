/* SPDX-License-Identifier: GPL-2.0 */
/*
 * noise: the handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s as WireGuard uses
 * it, and the keypairs that come out of it. Pure protocol over lib/crypto: no
 * skb, no netlink, no timers; compiles in userspace for tests.
 *
 * Locks: wg_identity.lock (rwsem, outer) covers our static keys;
 * wg_handshake.lock (rwsem, inside it) covers everything in a handshake;
 * wg_keypairs.lock (spinlock) covers the replacing of keypairs, which are read
 * under RCU. All three are taken by the functions here.
 */
#ifndef WG_NOISE_H
#define WG_NOISE_H

#include <linux/kref.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "messages.h"
#include "replay.h"

struct wg_peer;

/* ---- who we are -------------------------------------------------------------- */

struct wg_identity {
	struct rw_semaphore lock;
	bool valid;
	u8 private[WG_KEY_LEN], public[WG_KEY_LEN];
	u64 generation; /* counts changes, so that a peer knows a stale shared secret */
};

/* ---- indices ----------------------------------------------------------------- */

/*
 * A receiver index leads to one of these: to a handshake that waits for its
 * answer, or to a keypair. The 32 bits are ours to choose. Before they are hidden
 * for the wire (tables.h) they are
 *
 *   31        22 21                    2 1   0
 *   | random    | number of the peer    | way |
 *
 * The number leads to the peer in one step, the way to one of its four entries: at
 * most two keypairs and one handshake live at a time, so one is always free, and
 * nothing is allocated for an index, ever.
 */
#define WG_INDEX_WAYS 4

struct wg_index {
	u32 value; /* as on the wire; 0: none */
	u8 way;
	bool is_keypair;
};

/* ---- keypairs ---------------------------------------------------------------- */

struct wg_symmetric_key {
	u8 key[WG_KEY_LEN];
	u64 birth; /* ktime_get_coarse_boottime_ns() */
	bool valid;
};

/*
 * Both directions of a session. Found under RCU; held by a reference, which does
 * not hold the peer: whoever keeps one and wants @peer needs a reference to that.
 */
struct wg_keypair {
	struct wg_index index;
	u32 remote_index;
	struct wg_symmetric_key sending;
	atomic64_t sending_counter;
	struct wg_symmetric_key receiving;
	struct wg_replay replay;
	struct wg_peer *peer;
	bool initiator; /* we were */
	struct kref refs;
	struct rcu_head rcu;
};

struct wg_keypairs {
	struct wg_keypair __rcu *current_one;
	struct wg_keypair __rcu *previous;
	struct wg_keypair __rcu *next;
	spinlock_t lock;
};

void wg_keypairs_init(struct wg_keypairs *keypairs);
/** A reference, under rcu_read_lock_bh or stronger; NULL when it is going away. */
struct wg_keypair *wg_keypair_get(struct wg_keypair *keypair);
/** NULL-safe. The last reference wipes and frees it after a grace period: module exit needs rcu_barrier(). */
void wg_keypair_put(struct wg_keypair *keypair);
/** Drop all keypairs of a peer: no packet finds them afterwards. At its end: when no handshake of it runs any more. */
void wg_keypairs_clear(struct wg_keypairs *keypairs);
/** Mark what is there as not to be sent with any more, so that the next packet asks for a handshake. */
void wg_keypairs_expire(struct wg_keypairs *keypairs);
/**
 * The first packet that authenticates with `next` confirms it: it becomes the
 * current one. True when that happened now. Cheap when @keypair is not `next`.
 */
bool wg_keypairs_confirm(struct wg_keypairs *keypairs, struct wg_keypair *keypair);

/* ---- handshakes -------------------------------------------------------------- */

enum wg_handshake_state {
	WG_HS_NONE,
	WG_HS_SENT_INITIATION,
	WG_HS_GOT_INITIATION,
	WG_HS_SENT_RESPONSE,
	WG_HS_GOT_RESPONSE,
};

struct wg_handshake {
	struct wg_index index;
	enum wg_handshake_state state;
	u64 generation;		/* counts changes of the state below: compared after a lock was let go */
	u64 last_consumed;	/* ns, coarse boot time: when an initiation was last accepted */
	struct wg_identity *identity; /* the device's */
	u8 ephemeral_private[WG_KEY_LEN];
	u8 remote_static[WG_KEY_LEN]; /* never changes */
	u8 remote_ephemeral[WG_KEY_LEN];
	u8 static_static[WG_KEY_LEN]; /* DH of both, computed when first needed for this generation of ours */
	u64 static_generation;
	u8 preshared[WG_KEY_LEN];
	u8 hash[WG_HASH_LEN];
	u8 chaining_key[WG_HASH_LEN];
	u8 latest_timestamp[WG_TIMESTAMP_LEN];
	u32 remote_index;
	struct rw_semaphore lock;
};

/** Once, at module load: the constants that every handshake begins with. */
void wg_noise_init(void);
void wg_identity_init(struct wg_identity *id);
/** Clamp is done here. The public key is derived; false (and no change) when the private key gives the null point. */
bool wg_identity_set(struct wg_identity *id, const u8 private[WG_KEY_LEN]);
/** Forget our keys. After a change of identity each peer needs wg_handshake_clear() and wg_keypairs_expire(). */
void wg_identity_clear(struct wg_identity *id);

/** Prepare a handshake with the owner of @remote_static. @preshared NULL: zeros. */
void wg_handshake_init(struct wg_handshake *hs, struct wg_identity *id, const u8 remote_static[WG_KEY_LEN],
		       const u8 *preshared);
/** From the next message on. Zeros mean none. */
void wg_handshake_set_preshared(struct wg_handshake *hs, const u8 preshared[WG_KEY_LEN]);

/*
 * The four messages. Each takes the locks that it needs; create_* return false
 * when there is nothing to do it with (no identity, a low-order key), consume_*
 * when the message is not for us, does not authenticate or is a replay; nothing
 * has changed then. Secrets on the stack are wiped on every path.
 *
 * They need two things of a peer that noise does not know the shape of; whoever
 * links this file provides them:
 *
 *   wg_peer_by_public_key(): with a reference, or NULL
 *   wg_peer_handshake(), wg_peer_keypairs(): its parts
 *   wg_index_new(): a fresh index value for @entry of that peer, in a way that is
 *     free; it is what lookups find from then on. The previous value of @entry,
 *     if any, is forgotten. Called with the handshake's lock held.
 *   wg_index_move(): let @to have the value (and the way) of @from, which has
 *     none afterwards: a handshake's becomes the keypair's.
 *   wg_index_forget(): no look-up finds @entry from then on. An entry without a
 *     value is let be.
 *
 * move and forget are also called with wg_keypairs.lock held and bottom halves off.
 */
struct wg_device;
struct wg_peer *wg_peer_by_public_key(struct wg_device *wg, const u8 key[WG_KEY_LEN]);
void wg_peer_put(struct wg_peer *peer);
struct wg_handshake *wg_peer_handshake(struct wg_peer *peer);
struct wg_keypairs *wg_peer_keypairs(struct wg_peer *peer);
void wg_index_new(struct wg_peer *peer, struct wg_index *entry);
void wg_index_move(struct wg_peer *peer, struct wg_index *from, struct wg_index *to);
void wg_index_forget(struct wg_peer *peer, struct wg_index *entry);

/**
 * Forget an unfinished exchange, its index, and what follows from both static keys. What
 * protects against replays stays.
 */
void wg_handshake_clear(struct wg_peer *peer);
bool wg_handshake_create_initiation(struct wg_peer *peer, struct wg_msg_initiation *msg);
/** The peer, with a reference, when the message is a valid, fresh initiation of it. */
struct wg_peer *wg_handshake_consume_initiation(struct wg_device *wg, struct wg_identity *id,
						const struct wg_msg_initiation *msg);
bool wg_handshake_create_response(struct wg_peer *peer, struct wg_msg_response *msg);
/** @peer is the one whose handshake the receiver index led to. */
bool wg_handshake_consume_response(struct wg_peer *peer, const struct wg_msg_response *msg);
/**
 * Derive the keypair of a finished exchange and put it in its place: as
 * initiator it is the current one at once, as responder it is `next` until a
 * packet confirms it. False when the exchange is not at that point (any more).
 */
bool wg_handshake_begin_session(struct wg_peer *peer);

#endif
