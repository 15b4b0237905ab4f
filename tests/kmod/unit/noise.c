// SPDX-License-Identifier: GPL-2.0
/* Handshakes and sessions between two devices in this process. */
#include "kmod/world.h"
#include "unit/tap.h"

/* Coarser than the rule for initiations; no test gets near the age of a secret with it. */
#define A_WHILE NSEC_PER_SEC

static const u8 a_private[WG_KEY_LEN] = { 1, 2, 3 }, b_private[WG_KEY_LEN] = { 4, 5, 6 }, c_private[WG_KEY_LEN] = { 7 };
static const u8 from[] = { 10, 0, 0, 1, 0xca, 0x6c };
static const u8 a_psk[WG_KEY_LEN] = { 8 }, another_psk[WG_KEY_LEN] = { 9 };

static struct wg_device a, b;
static struct wg_peer *ab, *ba; /* b as a knows it, a as b knows it */

static void start(const u8 *psk_of_a, const u8 *psk_of_b)
{
	shim_now = 1000 * NSEC_PER_SEC;
	shim_wall_clock.tv_sec = 1700000000;
	shim_wall_clock.tv_nsec = 0;
	world_device(&a, a_private);
	world_device(&b, b_private);
	ab = world_peer(&a, b.identity.public, psk_of_a);
	ba = world_peer(&b, a.identity.public, psk_of_b);
}

static void finish(void)
{
	world_end(&a);
	world_end(&b);
}

/* The way of a message: made, with its macs; and judged, as the receiving side does it. */
static bool send_initiation(struct wg_peer *peer, struct wg_msg_initiation *msg)
{
	if (!wg_handshake_create_initiation(peer, msg))
		return false;
	wg_cookie_add_macs(&peer->cookie, msg, sizeof(*msg));
	return true;
}

static struct wg_peer *take_initiation(struct wg_device *wg, const struct wg_msg_initiation *msg)
{
	struct wg_peer *peer = NULL;

	if (wg_cookie_check(&wg->checker, msg, sizeof(*msg), from, sizeof(from), false) != WG_MAC_INVALID)
		peer = wg_handshake_consume_initiation(wg, &wg->identity, msg);
	wg_peer_put(peer);
	return peer;
}

static bool send_response(struct wg_peer *peer, struct wg_msg_response *msg)
{
	if (!wg_handshake_create_response(peer, msg))
		return false;
	wg_cookie_add_macs(&peer->cookie, msg, sizeof(*msg));
	return true;
}

static bool take_response(struct wg_peer *peer, const struct wg_msg_response *msg)
{
	return wg_cookie_check(&peer->wg->checker, msg, sizeof(*msg), from, sizeof(from), false) != WG_MAC_INVALID &&
	       world_find(peer, msg->receiver) == &peer->handshake.index && wg_handshake_consume_response(peer, msg);
}

/* A whole exchange, after which both have a new keypair; @i has the initiative. */
static bool exchange(struct wg_peer *i, struct wg_peer *r)
{
	struct wg_msg_initiation initiation;
	struct wg_msg_response response;

	world_pass(A_WHILE);
	return send_initiation(i, &initiation) && take_initiation(r->wg, &initiation) == r &&
	       send_response(r, &response) && wg_handshake_begin_session(r) && take_response(i, &response) &&
	       wg_handshake_begin_session(i);
}

/* One data message, by hand; true when it arrives and is fresh. */
static bool transport(struct wg_peer *sender, struct wg_peer *receiver)
{
	static const u8 text[] = "through the tunnel";
	struct wg_keypair *with = world_current(sender), *found;
	u8 sealed[sizeof(text) + WG_TAG_LEN], plain[sizeof(text)];
	struct wg_index *index;
	u64 counter;

	if (!with || !with->sending.valid)
		return false;
	counter = atomic64_inc_return(&with->sending_counter) - 1;
	chacha20poly1305_encrypt(sealed, text, sizeof(text), NULL, 0, counter, with->sending.key);
	index = world_find(receiver, cpu_to_le32(with->remote_index));
	if (!index || !index->is_keypair)
		return false;
	found = wg_keypair_get(container_of(index, struct wg_keypair, index));
	if (!chacha20poly1305_decrypt(plain, sealed, sizeof(sealed), NULL, 0, counter, found->receiving.key) ||
	    memcmp(plain, text, sizeof(text)) || !wg_replay_ok(&found->replay, counter)) {
		wg_keypair_put(found);
		return false;
	}
	wg_keypairs_confirm(&receiver->keypairs, found);
	wg_keypair_put(found);
	return true;
}

/* ---- what must work -------------------------------------------------------------- */

static void two_ways(const u8 *psk)
{
	struct wg_keypair *at_a, *at_b;

	start(psk, psk);
	ok(exchange(ab, ba));
	at_a = world_current(ab);
	at_b = rcu_access_pointer(ba->keypairs.next);
	ok(at_a && at_b);
	ok(!memcmp(at_a->sending.key, at_b->receiving.key, WG_KEY_LEN));
	ok(!memcmp(at_a->receiving.key, at_b->sending.key, WG_KEY_LEN));
	ok(memcmp(at_a->sending.key, at_a->receiving.key, WG_KEY_LEN));
	ok(at_a->sending.valid && at_a->receiving.valid && at_b->sending.valid && at_b->receiving.valid);
	ok(at_a->sending.birth == shim_now && at_b->receiving.birth == shim_now);
	ok(at_a->initiator && !at_b->initiator);
	ok(at_a->index.value == at_b->remote_index && at_b->index.value == at_a->remote_index);
	ok(at_a->peer == ab && at_b->peer == ba);
	ok(!transport(ba, ab)); /* not before it is confirmed */
	ok(transport(ab, ba));
	ok(world_current(ba) == at_b);
	ok(transport(ba, ab));
	/* The other way round. */
	ok(exchange(ba, ab));
	ok(transport(ba, ab) && transport(ab, ba));
	/* Nothing of the exchange is left behind in the handshake. */
	for (int side = 0; side < 2; side++) {
		static const u8 zeros[WG_KEY_LEN];
		struct wg_handshake *hs = &(side ? ab : ba)->handshake;

		is_int(hs->state, WG_HS_NONE);
		is_int(hs->index.value, 0);
		ok(!memcmp(hs->ephemeral_private, zeros, WG_KEY_LEN) && !memcmp(hs->hash, zeros, WG_HASH_LEN) &&
		   !memcmp(hs->chaining_key, zeros, WG_HASH_LEN) && !memcmp(hs->remote_ephemeral, zeros, WG_KEY_LEN));
	}
	finish();
}

/* Both at once: each answers the other's initiation, which takes the place of its own. */
static void both_at_once(void)
{
	struct wg_msg_initiation from_a, from_b;
	struct wg_msg_response to_a, to_b;

	start(NULL, NULL);
	ok(send_initiation(ab, &from_a) && send_initiation(ba, &from_b));
	ok(take_initiation(&b, &from_a) == ba && take_initiation(&a, &from_b) == ab);
	ok(send_response(ba, &to_a) && wg_handshake_begin_session(ba));
	ok(send_response(ab, &to_b) && wg_handshake_begin_session(ab));
	ok(!take_response(ab, &to_a) && !take_response(ba, &to_b));
	ok(exchange(ab, ba) && transport(ab, ba) && transport(ba, ab));
	finish();
}

/* ---- what must not --------------------------------------------------------------- */

static void refused_secrets(void)
{
	struct wg_msg_initiation initiation;
	struct wg_msg_response response;
	struct wg_handshake before;
	static struct wg_device c;
	struct wg_peer *cb, *ac;

	/* A preshared key that differs shows in the response. */
	start(a_psk, another_psk);
	ok(send_initiation(ab, &initiation) && take_initiation(&b, &initiation) == ba && send_response(ba, &response));
	before = ab->handshake;
	ok(!take_response(ab, &response));
	ok(!memcmp(&before, &ab->handshake, sizeof(before)));
	/* Set right while it runs, it is right. */
	wg_handshake_set_preshared(&ab->handshake, another_psk);
	ok(take_response(ab, &response));
	finish();

	/* None is zeros. */
	start(NULL, (const u8[WG_KEY_LEN]){ 0 });
	ok(exchange(ab, ba));
	wg_handshake_set_preshared(&ab->handshake, a_psk);
	ok(!exchange(ab, ba));
	wg_handshake_set_preshared(&ab->handshake, (const u8[WG_KEY_LEN]){ 0 });
	ok(exchange(ab, ba));
	finish();

	/* Whom b does not know, and what is meant for somebody else. */
	start(NULL, NULL);
	world_device(&c, c_private);
	cb = world_peer(&c, b.identity.public, NULL);
	ac = world_peer(&a, c.identity.public, NULL);
	ok(send_initiation(cb, &initiation) && !take_initiation(&b, &initiation));
	ok(send_initiation(ac, &initiation));
	ok(!take_initiation(&b, &initiation));
	ok(!wg_handshake_consume_initiation(&b, &b.identity, &initiation)); /* nor beside mac1 */
	world_end(&c);
	finish();
}

static void refused_identities(void)
{
	static const u8 zeros[WG_KEY_LEN], one[WG_KEY_LEN] = { 1 };
	struct wg_msg_initiation initiation;
	struct wg_msg_response response;
	struct wg_handshake before;
	struct wg_peer *low;
	unsigned long calls;
	u64 generation;

	start(NULL, NULL);
	/* Keys with which the result is the same for everybody. */
	for (int i = 0; i < 2; i++) {
		a.n_peers = 1;
		low = world_peer(&a, i ? one : zeros, NULL);
		before = low->handshake;
		ok(!wg_handshake_create_initiation(low, &initiation));
		ok(!memcmp(&before, &low->handshake, sizeof(before)));
		ok(send_initiation(ab, &initiation));
		memcpy(initiation.ephemeral, i ? one : zeros, WG_KEY_LEN);
		ok(!wg_handshake_consume_initiation(&b, &b.identity, &initiation));
		world_pass(A_WHILE);
		ok(send_initiation(ab, &initiation) && take_initiation(&b, &initiation) == ba &&
		   send_response(ba, &response));
		memcpy(response.ephemeral, i ? one : zeros, WG_KEY_LEN);
		ok(!wg_handshake_consume_response(ab, &response));
	}

	/* No identity: neither made nor taken. */
	world_pass(A_WHILE);
	ok(send_initiation(ab, &initiation));
	generation = b.identity.generation;
	wg_identity_clear(&b.identity);
	ok(b.identity.generation != generation && !b.identity.valid);
	ok(!memcmp(b.identity.private, zeros, WG_KEY_LEN));
	calls = shim_curve25519_calls;
	ok(!wg_handshake_consume_initiation(&b, &b.identity, &initiation));
	ok(!wg_handshake_create_initiation(ba, &initiation));
	is_int(shim_curve25519_calls - calls, 0);
	/* It comes back. */
	ok(wg_identity_set(&b.identity, b_private));
	ok(exchange(ab, ba));
	/* With another private key nobody's old shared secret is used. */
	ok(wg_identity_set(&b.identity, c_private));
	ok(!exchange(ab, ba));
	a.n_peers = 1;
	wg_cookie_checker_set_public(&b.checker, b.identity.public);
	ab = world_peer(&a, b.identity.public, NULL);
	ok(exchange(ba, ab) && transport(ba, ab) && transport(ab, ba));
	finish();
}

/* Every bit of every byte, and what is not changed by it. */
static void refused_bits(void)
{
	struct wg_msg_initiation initiation, bad_initiation;
	struct wg_msg_response response, bad_response;
	struct wg_peer before;
	int accepted = 0, changed = 0, beside_mac = 0;

	start(a_psk, a_psk);
	ok(exchange(ab, ba)); /* so that what can be computed ahead has been */
	world_pass(A_WHILE);
	ok(send_initiation(ab, &initiation));
	before = *ba;
	for (size_t bit = 0; bit < 8 * offsetof(struct wg_msg_initiation, macs.mac2); bit++) {
		bad_initiation = initiation;
		((u8 *)&bad_initiation)[bit / 8] ^= 1 << bit % 8;
		accepted += take_initiation(&b, &bad_initiation) != NULL;
		changed += memcmp(&before, ba, sizeof(before)) != 0;
		/* Even with a right mac1, which everybody can compute. Type and index are what mac1 is for. */
		if (bit % 8 || bit / 8 < offsetof(struct wg_msg_initiation, ephemeral) ||
		    bit / 8 >= offsetof(struct wg_msg_initiation, macs))
			continue;
		beside_mac += wg_handshake_consume_initiation(&b, &b.identity, &bad_initiation) != NULL;
		changed += memcmp(&before, ba, sizeof(before)) != 0;
	}
	is_int(accepted, 0);
	is_int(beside_mac, 0);
	is_int(changed, 0);
	ok(take_initiation(&b, &initiation) == ba);

	ok(send_response(ba, &response));
	before = *ab;
	for (size_t bit = 0; bit < 8 * offsetof(struct wg_msg_response, macs.mac2); bit++) {
		bad_response = response;
		((u8 *)&bad_response)[bit / 8] ^= 1 << bit % 8;
		accepted += take_response(ab, &bad_response);
		changed += memcmp(&before, ab, sizeof(before)) != 0;
		if (bit % 8 || bit / 8 < offsetof(struct wg_msg_response, receiver) ||
		    bit / 8 >= offsetof(struct wg_msg_response, macs))
			continue;
		beside_mac += wg_handshake_consume_response(ab, &bad_response);
		changed += memcmp(&before, ab, sizeof(before)) != 0;
	}
	is_int(accepted, 0);
	is_int(beside_mac, 0);
	is_int(changed, 0);
	ok(take_response(ab, &response));
	finish();
}

/* ---- time ------------------------------------------------------------------------ */

static void replays(void)
{
	struct wg_msg_initiation first, second, third;
	struct wg_handshake before;

	start(NULL, NULL);
	ok(send_initiation(ab, &first));
	world_pass(A_WHILE);
	ok(send_initiation(ab, &second));
	world_pass(A_WHILE);
	ok(send_initiation(ab, &third));
	world_pass(A_WHILE);
	ok(take_initiation(&b, &second) == ba);
	before = ba->handshake;
	world_pass(A_WHILE);
	ok(!take_initiation(&b, &second)); /* the same */
	ok(!take_initiation(&b, &first));  /* an older one */
	ok(!memcmp(&before, &ba->handshake, sizeof(before)));
	ok(take_initiation(&b, &third) == ba);
	/* What was forgotten of the exchange does not bring the replay back. */
	wg_handshake_clear(ba);
	world_pass(A_WHILE);
	ok(!take_initiation(&b, &third));
	finish();
}

/* 50 a second: at 20 ms they get through, faster they do not; and our timestamps keep up. */
static void flood(void)
{
	struct wg_msg_initiation msg;
	u64 interval = NSEC_PER_SEC / WG_INITIATIONS_PER_SECOND;
	int taken = 0;

	start(NULL, NULL);
	for (int i = 0; i < 200; i++) {
		world_pass(interval);
		taken += send_initiation(ab, &msg) && take_initiation(&b, &msg) == ba;
	}
	is_int(taken, 200);
	world_pass(interval - 1);
	shim_wall_clock.tv_sec++; /* fresh beyond doubt, but too early */
	ok(send_initiation(ab, &msg));
	ok(!take_initiation(&b, &msg));
	world_pass(1);
	ok(take_initiation(&b, &msg) == ba);
	finish();
}

/* How exactly our clock can be read from outside: not below 1/64 s or so. */
static void coarse_timestamps(void)
{
	struct wg_msg_initiation msg;
	int taken = 0;

	start(NULL, NULL);
	for (int i = 0; i < 1000; i++) {
		shim_wall_clock.tv_nsec += NSEC_PER_SEC / 1000; /* a millisecond of the sender */
		shim_now += NSEC_PER_SEC;			/* long for the receiver */
		if (i == 999)
			break; /* the next second */
		taken += send_initiation(ab, &msg) && take_initiation(&b, &msg) == ba;
	}
	is_int(taken, 60); /* 10^9 / 2^24, and one for the first */
	finish();
}

/* ---- races ----------------------------------------------------------------------- */

static struct wg_msg_initiation during;

static void initiate_again(void)
{
	send_initiation(ab, &during);
}

static void begin_anew(void)
{
	wg_handshake_clear(ab);
	send_initiation(ab, &during);
}

/* An initiation that takes the place of another one, before and in the middle of the answer to that. */
static void stale_response(void)
{
	void (*const hooks[])(void) = { initiate_again, begin_anew };
	struct wg_msg_initiation initiation;
	struct wg_msg_response response;
	struct wg_handshake before;

	start(NULL, NULL);
	ok(send_initiation(ab, &initiation) && take_initiation(&b, &initiation) == ba && send_response(ba, &response));
	ok(send_initiation(ab, &initiation));
	before = ab->handshake;
	ok(!take_response(ab, &response));
	response.receiver = initiation.sender; /* even if it knows the way */
	ok(!wg_handshake_consume_response(ab, &response));
	ok(!memcmp(&before, &ab->handshake, sizeof(before)));

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		world_pass(A_WHILE);
		ok(send_initiation(ab, &initiation) && take_initiation(&b, &initiation) == ba &&
		   send_response(ba, &response));
		world_pass(A_WHILE);
		shim_on_curve25519 = hooks[i];
		ok(!take_response(ab, &response));
		ok(!shim_on_curve25519); /* it was in the middle */
		is_int(ab->handshake.state, WG_HS_SENT_INITIATION);
		ok(!wg_handshake_begin_session(ab));
		/* The new one is what counts. */
		ok(take_initiation(&b, &during) == ba && send_response(ba, &response));
		ok(wg_handshake_begin_session(ba) && take_response(ab, &response) && wg_handshake_begin_session(ab));
		ok(transport(ab, ba) && transport(ba, ab));
	}
	finish();
}

/* Steps out of their order do nothing, and cost nothing. */
static void order(void)
{
	struct wg_msg_initiation initiation;
	struct wg_msg_response response;
	struct wg_handshake before;
	unsigned long calls;

	start(NULL, NULL);
	before = ab->handshake;
	calls = shim_curve25519_calls;
	ok(!wg_handshake_create_response(ab, &response));
	ok(!wg_handshake_begin_session(ab));
	memset(&response, 0, sizeof(response));
	ok(!wg_handshake_consume_response(ab, &response));
	ok(!memcmp(&before, &ab->handshake, sizeof(before)));
	is_int(shim_curve25519_calls - calls, 0);
	ok(send_initiation(ab, &initiation));
	ok(!wg_handshake_begin_session(ab) && !wg_handshake_create_response(ab, &response));
	ok(take_initiation(&b, &initiation) == ba);
	ok(!wg_handshake_begin_session(ba));
	ok(send_response(ba, &response));
	ok(!wg_handshake_create_response(ba, &(struct wg_msg_response){}));
	shim_alloc_until_failure = 0;
	ok(!wg_handshake_begin_session(ba));
	shim_alloc_until_failure = -1;
	ok(wg_handshake_begin_session(ba)); /* nothing was lost */
	ok(!wg_handshake_begin_session(ba));
	ok(take_response(ab, &response) && !take_response(ab, &response));
	ok(wg_handshake_begin_session(ab) && !wg_handshake_begin_session(ab));
	shim_random_error = -1;
	ok(!wg_handshake_create_initiation(ab, &initiation) && !wg_handshake_create_response(ab, &response));
	shim_random_error = 0;
	finish();
}

/* ---- sessions -------------------------------------------------------------------- */

static struct wg_keypair *slot(struct wg_peer *peer, char which)
{
	return which == 'n' ? rcu_access_pointer(peer->keypairs.next) :
	       which == 'c' ? rcu_access_pointer(peer->keypairs.current_one) :
			      rcu_access_pointer(peer->keypairs.previous);
}

static bool slots(struct wg_peer *peer, const struct wg_keypair *next, const struct wg_keypair *current_one,
		  const struct wg_keypair *previous)
{
	int held = 0;

	for (int way = 0; way < WG_INDEX_WAYS; way++)
		held += peer->index[way] != NULL;
	return slot(peer, 'n') == next && slot(peer, 'c') == current_one && slot(peer, 'p') == previous &&
	       held == !!next + !!current_one + !!previous;
}

static void rotation(void)
{
	struct wg_keypair *a1, *a2, *a3, *b1, *b2, *b3, *b4;

	start(NULL, NULL);
	/* The responder's waits to be confirmed; the initiator's is used at once. */
	ok(exchange(ab, ba));
	a1 = slot(ab, 'c'), b1 = slot(ba, 'n');
	ok(slots(ab, NULL, a1, NULL) && slots(ba, b1, NULL, NULL));
	ok(!wg_keypairs_confirm(&ab->keypairs, a1)); /* not a next */
	ok(wg_keypairs_confirm(&ba->keypairs, b1));
	ok(!wg_keypairs_confirm(&ba->keypairs, b1)); /* once */
	ok(slots(ba, NULL, b1, NULL));

	/* The second one: what was current is kept for packets on the way. */
	ok(exchange(ab, ba));
	a2 = slot(ab, 'c'), b2 = slot(ba, 'n');
	ok(slots(ab, NULL, a2, a1) && slots(ba, b2, b1, NULL));
	ok(wg_keypairs_confirm(&ba->keypairs, b2));
	ok(slots(ba, NULL, b2, b1));
	ok(transport(ab, ba) && transport(ba, ab));

	/* A responder that makes another one drops the previous one, and what was not confirmed. */
	ok(exchange(ab, ba));
	a3 = slot(ab, 'c'), b3 = slot(ba, 'n');
	ok(slots(ab, NULL, a3, a2) && slots(ba, b3, b2, NULL));
	ok(exchange(ab, ba));
	b4 = slot(ba, 'n');
	ok(b4 != b3 && slots(ba, b4, b2, NULL));
	ok(!wg_keypairs_confirm(&ba->keypairs, b3));

	/* An initiator that has an unconfirmed one keeps that, not the older current one. */
	ok(exchange(ba, ab));
	ok(slots(ba, NULL, slot(ba, 'c'), b4));
	ok(transport(ba, ab) && transport(ab, ba));
	finish();
}

/* What was dropped cannot be found, lives while it is held, and is wiped when it is not. */
static void references(void)
{
	struct wg_keypair *held, *keypair;
	u32 index;

	start(NULL, NULL);
	ok(exchange(ab, ba));
	keypair = world_current(ab);
	held = wg_keypair_get(keypair);
	ok(held == keypair && !wg_keypair_get(NULL));
	wg_keypair_put(NULL);
	index = keypair->index.value;
	ok(world_find(ab, cpu_to_le32(index)) == &keypair->index);
	wg_keypairs_clear(&ab->keypairs);
	ok(slots(ab, NULL, NULL, NULL));
	ok(!world_find(ab, cpu_to_le32(index)));
	rcu_barrier();
	is_int(held->refs.refs, 1); /* still there: the sanitizer would tell */
	wg_keypair_put(held);
	ok(!wg_keypair_get(keypair)); /* on its way out, but a reader may still look at it */
	finish();
}

static void expiry(void)
{
	start(NULL, NULL);
	wg_keypairs_expire(&ab->keypairs); /* nothing there */
	ok(exchange(ab, ba) && transport(ab, ba) && transport(ba, ab));
	ok(exchange(ab, ba));
	wg_keypairs_expire(&ba->keypairs);
	ok(!transport(ba, ab));
	ok(transport(ab, ba));	/* they still arrive; and this confirms the next one, */
	ok(!transport(ba, ab)); /* which is not to be used either */
	ok(slot(ba, 'n') == NULL && !slot(ba, 'c')->sending.valid && slot(ba, 'c')->receiving.valid);
	ok(exchange(ba, ab) && transport(ba, ab));
	finish();
}

/* What a configuration costs, and an exchange. */
static void costs(void)
{
	struct wg_msg_initiation initiation;
	unsigned long before;

	start(NULL, NULL);
	before = shim_curve25519_calls;
	wg_handshake_init(&a.peer[1].handshake, &a.identity, b.identity.public, NULL);
	is_int(shim_curve25519_calls - before, 0);
	ok(exchange(ab, ba));
	world_pass(A_WHILE);
	before = shim_curve25519_calls;
	ok(send_initiation(ab, &initiation));
	is_int(shim_curve25519_calls - before, 1); /* that of both static keys is known by now */
	ok(take_initiation(&b, &initiation) == ba);
	is_int(shim_curve25519_calls - before, 2);
	finish();
}

int main(void)
{
	wg_noise_init();
	two_ways(NULL);
	two_ways(a_psk);
	both_at_once();
	refused_secrets();
	refused_identities();
	refused_bits();
	replays();
	flood();
	coarse_timestamps();
	stale_response();
	order();
	rotation();
	references();
	expiry();
	costs();
	return tap_done();
}
