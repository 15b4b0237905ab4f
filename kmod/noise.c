// SPDX-License-Identifier: GPL-2.0
/*
 * noise: the handshake of the whitepaper's section 5.4, and the sessions that it
 * leaves behind (section 6).
 *
 * Locks: as noise.h says. A message is worked out on the stack, in a transcript,
 * and taken over into the handshake when all of it is good: whatever fails on
 * the way has changed nothing.
 */
#include <crypto/algapi.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <asm/byteorder.h>

#ifdef __KERNEL__
#include "compat.h" /* all of the network's too, which userspace has no use for */
#endif
#include "noise.h"

/* Initiations of one peer that come faster than this are not accepted. */
#define MIN_INTERVAL (NSEC_PER_SEC / WG_INITIATIONS_PER_SECOND)
/*
 * Timestamps tell the world no more of our clock than they must: they move in
 * steps, each no longer than what the other side wants between two initiations.
 */
#define TIMESTAMP_STEP rounddown_pow_of_two(MIN_INTERVAL)
#define TAI64_EPOCH (0x4000000000000000ULL + 10) /* label of 1970, when TAI was 10 s ahead */

static const char construction[] = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
static const char identifier[] = "WireGuard v1 zx2c4 Jason@zx2c4.com";
static u8 first_chaining_key[WG_HASH_LEN] __ro_after_init;
static u8 first_hash[WG_HASH_LEN] __ro_after_init;

/* ---- key derivation ---------------------------------------------------------- */

/* Everything said so far, and the key that follows from it. */
struct transcript {
	u8 hash[WG_HASH_LEN];
	u8 chaining_key[WG_HASH_LEN];
	u8 key[WG_KEY_LEN];
};

static void hash_two(u8 out[WG_HASH_LEN], const void *a, size_t a_len, const void *b, size_t b_len)
{
	struct blake2s_state state; /* wiped by its end */

	blake2s_init(&state, WG_HASH_LEN);
	blake2s_update(&state, a, a_len);
	blake2s_update(&state, b, b_len);
	blake2s_final(&state, out);
}

static void hmac(u8 out[WG_HASH_LEN], const u8 key[WG_HASH_LEN], const void *in, size_t len)
{
	u8 pad[BLAKE2S_BLOCK_SIZE], inner[WG_HASH_LEN];

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < WG_HASH_LEN; i++)
		pad[i] ^= key[i];
	hash_two(inner, pad, sizeof(pad), in, len);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_two(out, pad, sizeof(pad), inner, sizeof(inner));
	memzero_explicit(pad, sizeof(pad));
	memzero_explicit(inner, sizeof(inner));
}

/* KDF1 to KDF3 of the paper: the key in @first is replaced by the first result; NULL is not wanted. */
static void kdf(u8 first[WG_HASH_LEN], const void *in, size_t len, u8 *second, u8 *third)
{
	u8 *const out[] = { first, second, third };
	u8 secret[WG_HASH_LEN], block[WG_HASH_LEN + 1];
	size_t used = 0;

	hmac(secret, first, in, len);
	for (size_t i = 0; i < ARRAY_SIZE(out) && out[i]; i++) {
		block[used] = i + 1;
		hmac(block, secret, block, used + 1);
		memcpy(out[i], block, WG_HASH_LEN);
		used = WG_HASH_LEN;
	}
	memzero_explicit(secret, sizeof(secret));
	memzero_explicit(block, sizeof(block));
}

static void mix_hash(struct transcript *t, const void *data, size_t len)
{
	hash_two(t->hash, t->hash, WG_HASH_LEN, data, len);
}

/* KDF1, or KDF2 for a @key. */
static void mix_key(struct transcript *t, const u8 data[WG_KEY_LEN], u8 *key)
{
	kdf(t->chaining_key, data, WG_KEY_LEN, key, NULL);
}

static void mix_ephemeral(struct transcript *t, const u8 public[WG_KEY_LEN])
{
	mix_hash(t, public, WG_KEY_LEN);
	mix_key(t, public, NULL);
}

/* False for the null point, which everybody can compute: such a key adds no secret. */
static bool mix_dh(struct transcript *t, const u8 private[WG_KEY_LEN], const u8 public[WG_KEY_LEN], u8 *key)
{
	u8 shared[WG_KEY_LEN];
	bool good = curve25519(shared, private, public);

	if (good)
		mix_key(t, shared, key);
	memzero_explicit(shared, sizeof(shared));
	return good;
}

/*
 * The identity's lock and the handshake's (for writing) are held. The result is
 * kept even if the message turns out to be forged: it follows from the two keys
 * alone, and not keeping it would make forgers cost twice as much.
 */
static bool mix_static_static(struct transcript *t, struct wg_handshake *hs)
{
	static const u8 null_point[WG_KEY_LEN];

	if (hs->static_generation != hs->identity->generation) {
		if (!curve25519(hs->static_static, hs->identity->private, hs->remote_static))
			memset(hs->static_static, 0, WG_KEY_LEN);
		hs->static_generation = hs->identity->generation;
	}
	if (!crypto_memneq(hs->static_static, null_point, WG_KEY_LEN))
		return false;
	mix_key(t, hs->static_static, t->key);
	return true;
}

static void mix_preshared(struct transcript *t, const u8 preshared[WG_KEY_LEN])
{
	u8 mixed[WG_HASH_LEN];

	kdf(t->chaining_key, preshared, WG_KEY_LEN, mixed, t->key);
	mix_hash(t, mixed, sizeof(mixed));
	memzero_explicit(mixed, sizeof(mixed));
}

static void begin(struct transcript *t, const u8 responder_public[WG_KEY_LEN])
{
	memcpy(t->chaining_key, first_chaining_key, WG_HASH_LEN);
	memcpy(t->hash, first_hash, WG_HASH_LEN);
	mix_hash(t, responder_public, WG_KEY_LEN);
}

static void seal(struct transcript *t, u8 *out, const u8 *in, size_t len)
{
	chacha20poly1305_encrypt(out, in, len, t->hash, WG_HASH_LEN, 0, t->key);
	mix_hash(t, out, len + WG_TAG_LEN);
}

/* @len as it comes, with the tag. */
static bool unseal(struct transcript *t, u8 *out, const u8 *in, size_t len)
{
	if (!chacha20poly1305_decrypt(out, in, len, t->hash, WG_HASH_LEN, 0, t->key))
		return false;
	mix_hash(t, in, len);
	return true;
}

static void timestamp_now(u8 out[WG_TIMESTAMP_LEN])
{
	struct timespec64 now;
	__be64 seconds;
	__be32 nanoseconds;

	ktime_get_real_ts64(&now);
	seconds = cpu_to_be64(TAI64_EPOCH + now.tv_sec);
	nanoseconds = cpu_to_be32(now.tv_nsec & ~(TIMESTAMP_STEP - 1));
	memcpy(out, &seconds, sizeof(seconds));
	memcpy(out + sizeof(seconds), &nanoseconds, sizeof(nanoseconds));
}

/* ---- who we are -------------------------------------------------------------- */

void __init wg_noise_init(void)
{
	hash_two(first_chaining_key, construction, strlen(construction), NULL, 0);
	hash_two(first_hash, first_chaining_key, WG_HASH_LEN, identifier, strlen(identifier));
}

void wg_identity_init(struct wg_identity *id)
{
	memset(id, 0, sizeof(*id));
	init_rwsem(&id->lock);
}

bool wg_identity_set(struct wg_identity *id, const u8 private[WG_KEY_LEN])
{
	u8 clamped[WG_KEY_LEN], public[WG_KEY_LEN];
	bool good;

	memcpy(clamped, private, WG_KEY_LEN);
	curve25519_clamp_secret(clamped);
	good = curve25519_generate_public(public, clamped);
	if (good) {
		down_write(&id->lock);
		memcpy(id->private, clamped, WG_KEY_LEN);
		memcpy(id->public, public, WG_KEY_LEN);
		id->generation++;
		id->valid = true;
		up_write(&id->lock);
	}
	memzero_explicit(clamped, sizeof(clamped));
	return good;
}

void wg_identity_clear(struct wg_identity *id)
{
	down_write(&id->lock);
	memzero_explicit(id->private, WG_KEY_LEN);
	memzero_explicit(id->public, WG_KEY_LEN);
	id->generation++;
	id->valid = false;
	up_write(&id->lock);
}

/* ---- keypairs ---------------------------------------------------------------- */

void wg_keypairs_init(struct wg_keypairs *keypairs)
{
	memset(keypairs, 0, sizeof(*keypairs));
	spin_lock_init(&keypairs->lock);
}

struct wg_keypair *wg_keypair_get(struct wg_keypair *keypair)
{
	return keypair && kref_get_unless_zero(&keypair->refs) ? keypair : NULL;
}

static void keypair_free(struct rcu_head *rcu)
{
	kfree_sensitive(container_of(rcu, struct wg_keypair, rcu));
}

static void keypair_release(struct kref *refs)
{
	call_rcu(&container_of(refs, struct wg_keypair, refs)->rcu, keypair_free);
}

void wg_keypair_put(struct wg_keypair *keypair)
{
	if (keypair)
		kref_put(&keypair->refs, keypair_release);
}

/* Put @keypair (or NULL) into a slot; what was there is the result. The lock is held. */
#define put_in_slot(keypairs, slot, keypair) \
	rcu_replace_pointer((keypairs)->slot, keypair, lockdep_is_held(&(keypairs)->lock))

/* For what was taken out of its slot: nobody must find it by its index when its memory goes. */
static void drop(struct wg_keypair *keypair)
{
	if (!keypair)
		return;
	wg_index_forget(keypair->peer, &keypair->index);
	wg_keypair_put(keypair);
}

void wg_keypairs_clear(struct wg_keypairs *keypairs)
{
	spin_lock_bh(&keypairs->lock);
	drop(put_in_slot(keypairs, next, NULL));
	drop(put_in_slot(keypairs, current_one, NULL));
	drop(put_in_slot(keypairs, previous, NULL));
	spin_unlock_bh(&keypairs->lock);
}

static void expire(struct wg_keypair *keypair)
{
	if (keypair)
		WRITE_ONCE(keypair->sending.valid, false);
}

void wg_keypairs_expire(struct wg_keypairs *keypairs)
{
	spin_lock_bh(&keypairs->lock);
	expire(rcu_dereference_protected(keypairs->next, lockdep_is_held(&keypairs->lock)));
	expire(rcu_dereference_protected(keypairs->current_one, lockdep_is_held(&keypairs->lock)));
	spin_unlock_bh(&keypairs->lock);
}

bool wg_keypairs_confirm(struct wg_keypairs *keypairs, struct wg_keypair *keypair)
{
	bool is_next;

	if (likely(rcu_access_pointer(keypairs->next) != keypair))
		return false;
	spin_lock_bh(&keypairs->lock);
	is_next = rcu_access_pointer(keypairs->next) == keypair;
	if (is_next) {
		put_in_slot(keypairs, next, NULL);
		drop(put_in_slot(keypairs, previous, put_in_slot(keypairs, current_one, keypair)));
	}
	spin_unlock_bh(&keypairs->lock);
	return is_next;
}

/*
 * The handshake's lock is held. Of the four indices of a peer one belongs to the
 * handshake and moves to the new keypair, so that after this at most two are
 * taken, and the next handshake finds one.
 */
static void take_keypair(struct wg_keypairs *keypairs, struct wg_keypair *keypair, struct wg_index *index)
{
	struct wg_keypair *next, *current_one, *previous;

	spin_lock_bh(&keypairs->lock);
	if (keypair->initiator) {
		/*
		 * The peer has this one already and waits for our first packet. An
		 * unconfirmed `next` is newer than `current`, so the peer may be
		 * sending with that.
		 */
		next = put_in_slot(keypairs, next, NULL);
		current_one = put_in_slot(keypairs, current_one, keypair);
		previous = put_in_slot(keypairs, previous, next ?: current_one);
		if (next)
			drop(current_one);
	} else {
		/* Until the peer shows that it has this one, we go on sending with `current`. */
		next = put_in_slot(keypairs, next, keypair);
		previous = put_in_slot(keypairs, previous, NULL);
		drop(next);
	}
	drop(previous);
	/* Last: who finds it by its index must see that it is `next`. */
	wg_index_move(keypair->peer, index, &keypair->index);
	spin_unlock_bh(&keypairs->lock);
}

/* ---- handshakes -------------------------------------------------------------- */

void wg_handshake_init(struct wg_handshake *hs, struct wg_identity *id, const u8 remote_static[WG_KEY_LEN],
		       const u8 *preshared)
{
	memset(hs, 0, sizeof(*hs));
	init_rwsem(&hs->lock);
	hs->identity = id;
	memcpy(hs->remote_static, remote_static, WG_KEY_LEN);
	if (preshared)
		memcpy(hs->preshared, preshared, WG_KEY_LEN);
}

void wg_handshake_set_preshared(struct wg_handshake *hs, const u8 preshared[WG_KEY_LEN])
{
	down_write(&hs->lock);
	memcpy(hs->preshared, preshared, WG_KEY_LEN);
	up_write(&hs->lock);
}

/* The lock is held. */
static void forget_exchange(struct wg_handshake *hs)
{
	memzero_explicit(hs->ephemeral_private, WG_KEY_LEN);
	memzero_explicit(hs->remote_ephemeral, WG_KEY_LEN);
	memzero_explicit(hs->hash, WG_HASH_LEN);
	memzero_explicit(hs->chaining_key, WG_HASH_LEN);
	hs->remote_index = 0;
	hs->state = WG_HS_NONE;
	hs->generation++;
}

void wg_handshake_clear(struct wg_peer *peer)
{
	struct wg_handshake *hs = wg_peer_handshake(peer);

	down_write(&hs->lock);
	wg_index_forget(peer, &hs->index);
	forget_exchange(hs);
	/* Of a key that is gone, perhaps: who has this can speak as either side. */
	memzero_explicit(hs->static_static, WG_KEY_LEN);
	hs->static_generation = 0;
	up_write(&hs->lock);
}

/* A message is good: go on from here. The lock is held. */
static void commit(struct wg_handshake *hs, enum wg_handshake_state state, const struct transcript *t,
		   const u8 *ephemeral_private, const u8 *remote_ephemeral, u32 remote_index)
{
	forget_exchange(hs);
	memcpy(hs->hash, t->hash, WG_HASH_LEN);
	memcpy(hs->chaining_key, t->chaining_key, WG_HASH_LEN);
	if (ephemeral_private)
		memcpy(hs->ephemeral_private, ephemeral_private, WG_KEY_LEN);
	if (remote_ephemeral)
		memcpy(hs->remote_ephemeral, remote_ephemeral, WG_KEY_LEN);
	hs->remote_index = remote_index;
	hs->state = state;
}

bool wg_handshake_create_initiation(struct wg_peer *peer, struct wg_msg_initiation *msg)
{
	struct wg_handshake *hs = wg_peer_handshake(peer);
	struct wg_identity *id = hs->identity;
	u8 ephemeral[WG_KEY_LEN], timestamp[WG_TIMESTAMP_LEN];
	struct transcript t;
	bool good = false;

	/* Early after boot this can last; nobody shall wait for a lock meanwhile. */
	if (wait_for_random_bytes())
		return false;
	curve25519_generate_secret(ephemeral);

	down_read(&id->lock);
	down_write(&hs->lock);
	if (!id->valid || !curve25519_generate_public(msg->ephemeral, ephemeral))
		goto out;
	begin(&t, hs->remote_static);
	mix_ephemeral(&t, msg->ephemeral);
	if (!mix_dh(&t, ephemeral, hs->remote_static, t.key))
		goto out;
	seal(&t, msg->encrypted_static, id->public, WG_KEY_LEN);
	if (!mix_static_static(&t, hs))
		goto out;
	timestamp_now(timestamp);
	seal(&t, msg->encrypted_timestamp, timestamp, WG_TIMESTAMP_LEN);

	commit(hs, WG_HS_SENT_INITIATION, &t, ephemeral, NULL, 0);
	wg_index_new(peer, &hs->index);
	msg->type = cpu_to_le32(WG_MSG_INITIATION);
	msg->sender = cpu_to_le32(hs->index.value);
	good = true;
out:
	up_write(&hs->lock);
	up_read(&id->lock);
	memzero_explicit(ephemeral, sizeof(ephemeral));
	memzero_explicit(&t, sizeof(t));
	return good;
}

struct wg_peer *wg_handshake_consume_initiation(struct wg_device *wg, struct wg_identity *id,
						const struct wg_msg_initiation *msg)
{
	u8 remote_static[WG_KEY_LEN], timestamp[WG_TIMESTAMP_LEN];
	struct wg_peer *peer = NULL;
	struct wg_handshake *hs;
	struct transcript t;
	bool good = false;
	u64 now;

	down_read(&id->lock);
	if (!id->valid)
		goto out;
	begin(&t, id->public);
	mix_ephemeral(&t, msg->ephemeral);
	if (!mix_dh(&t, id->private, msg->ephemeral, t.key))
		goto out;
	if (!unseal(&t, remote_static, msg->encrypted_static, sizeof(msg->encrypted_static)))
		goto out;
	peer = wg_peer_by_public_key(wg, remote_static);
	if (!peer)
		goto out;

	/* Judged and taken over in one piece, so that of two copies of a message one is late. */
	hs = wg_peer_handshake(peer);
	down_write(&hs->lock);
	now = ktime_get_coarse_boottime_ns();
	/*
	 * Whoever once sent a timestamp of the future is heard again when that has
	 * come (CVE-2021-46873): the protocol has no other way to tell a replay.
	 */
	good = now - hs->last_consumed >= MIN_INTERVAL && mix_static_static(&t, hs) &&
	       unseal(&t, timestamp, msg->encrypted_timestamp, sizeof(msg->encrypted_timestamp)) &&
	       memcmp(timestamp, hs->latest_timestamp, WG_TIMESTAMP_LEN) > 0;
	if (good) {
		commit(hs, WG_HS_GOT_INITIATION, &t, NULL, msg->ephemeral, le32_to_cpu(msg->sender));
		memcpy(hs->latest_timestamp, timestamp, WG_TIMESTAMP_LEN);
		hs->last_consumed = now;
	}
	up_write(&hs->lock);
out:
	up_read(&id->lock);
	memzero_explicit(&t, sizeof(t));
	memzero_explicit(remote_static, sizeof(remote_static));
	if (good)
		return peer;
	wg_peer_put(peer); /* only now: it may be the last, and the locks are in there */
	return NULL;
}

bool wg_handshake_create_response(struct wg_peer *peer, struct wg_msg_response *msg)
{
	struct wg_handshake *hs = wg_peer_handshake(peer);
	u8 ephemeral[WG_KEY_LEN];
	struct transcript t;
	bool good = false;

	if (wait_for_random_bytes())
		return false;
	curve25519_generate_secret(ephemeral);

	down_write(&hs->lock);
	if (hs->state != WG_HS_GOT_INITIATION || !curve25519_generate_public(msg->ephemeral, ephemeral))
		goto out;
	memcpy(t.hash, hs->hash, WG_HASH_LEN);
	memcpy(t.chaining_key, hs->chaining_key, WG_HASH_LEN);
	mix_ephemeral(&t, msg->ephemeral);
	if (!mix_dh(&t, ephemeral, hs->remote_ephemeral, NULL) || !mix_dh(&t, ephemeral, hs->remote_static, NULL))
		goto out;
	mix_preshared(&t, hs->preshared);
	seal(&t, msg->encrypted_nothing, NULL, 0);

	msg->type = cpu_to_le32(WG_MSG_RESPONSE);
	msg->receiver = cpu_to_le32(hs->remote_index);
	commit(hs, WG_HS_SENT_RESPONSE, &t, NULL, NULL, hs->remote_index);
	wg_index_new(peer, &hs->index);
	msg->sender = cpu_to_le32(hs->index.value);
	good = true;
out:
	up_write(&hs->lock);
	memzero_explicit(ephemeral, sizeof(ephemeral));
	memzero_explicit(&t, sizeof(t));
	return good;
}

bool wg_handshake_consume_response(struct wg_peer *peer, const struct wg_msg_response *msg)
{
	struct wg_handshake *hs = wg_peer_handshake(peer);
	struct wg_identity *id = hs->identity;
	u8 ephemeral[WG_KEY_LEN], preshared[WG_KEY_LEN];
	struct transcript t;
	u64 generation;
	bool good;

	down_read(&id->lock);

	/*
	 * Anybody who saw our initiation can make us do two Diffie-Hellmans here, so
	 * that is done beside the lock, with copies that belong together.
	 */
	down_read(&hs->lock);
	good = id->valid && hs->state == WG_HS_SENT_INITIATION && le32_to_cpu(msg->receiver) == hs->index.value;
	generation = hs->generation;
	memcpy(t.hash, hs->hash, WG_HASH_LEN);
	memcpy(t.chaining_key, hs->chaining_key, WG_HASH_LEN);
	memcpy(ephemeral, hs->ephemeral_private, WG_KEY_LEN);
	memcpy(preshared, hs->preshared, WG_KEY_LEN);
	up_read(&hs->lock);
	if (!good)
		goto out;

	mix_ephemeral(&t, msg->ephemeral);
	good = mix_dh(&t, ephemeral, msg->ephemeral, NULL) && mix_dh(&t, id->private, msg->ephemeral, NULL);
	if (!good)
		goto out;
	mix_preshared(&t, preshared);
	good = unseal(&t, NULL, msg->encrypted_nothing, sizeof(msg->encrypted_nothing));
	if (!good)
		goto out;

	/* The state alone does not tell: a new initiation may have taken the place of the old one (CVE-2026-99059). */
	down_write(&hs->lock);
	good = hs->generation == generation;
	if (good)
		commit(hs, WG_HS_GOT_RESPONSE, &t, NULL, NULL, le32_to_cpu(msg->sender));
	up_write(&hs->lock);
out:
	up_read(&id->lock);
	memzero_explicit(ephemeral, sizeof(ephemeral));
	memzero_explicit(preshared, sizeof(preshared));
	memzero_explicit(&t, sizeof(t));
	return good;
}

bool wg_handshake_begin_session(struct wg_peer *peer)
{
	struct wg_handshake *hs = wg_peer_handshake(peer);
	struct wg_keypair *keypair = kzalloc(sizeof(*keypair), GFP_KERNEL);
	u8 *to_responder, *to_initiator;

	if (!keypair)
		return false;
	down_write(&hs->lock);
	if (hs->state != WG_HS_GOT_RESPONSE && hs->state != WG_HS_SENT_RESPONSE) {
		up_write(&hs->lock);
		kfree(keypair);
		return false;
	}
	keypair->initiator = hs->state == WG_HS_GOT_RESPONSE;
	to_responder = keypair->initiator ? keypair->sending.key : keypair->receiving.key;
	to_initiator = keypair->initiator ? keypair->receiving.key : keypair->sending.key;
	memcpy(to_responder, hs->chaining_key, WG_KEY_LEN);
	kdf(to_responder, NULL, 0, to_initiator, NULL);
	keypair->sending.birth = keypair->receiving.birth = ktime_get_coarse_boottime_ns();
	keypair->sending.valid = keypair->receiving.valid = true;
	keypair->remote_index = hs->remote_index;
	keypair->peer = peer;
	keypair->index.is_keypair = true;
	atomic64_set(&keypair->sending_counter, 0);
	wg_replay_init(&keypair->replay);
	kref_init(&keypair->refs);
	take_keypair(wg_peer_keypairs(peer), keypair, &hs->index);
	forget_exchange(hs);
	up_write(&hs->lock);
	return true;
}
