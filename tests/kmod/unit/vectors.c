// SPDX-License-Identifier: GPL-2.0
/* The ground that the other tests stand on: published vectors for what the shim
 * offers; and whole handshakes to the byte as a second implementation has them. */
#include <sodium.h>

#include "kmod/world.h"
#include "unit/tap.h"

#include "handshake-vectors.h"

#define HEX(name, text)                                                                      \
	u8 name[sizeof(text) / 2];                                                           \
	if (sodium_hex2bin(name, sizeof(name), text, sizeof(text) - 1, NULL, NULL, NULL))    \
		abort()
#define is_bytes(got, want) ok(!memcmp(got, want, sizeof(want)))

/* RFC 7693, appendix E: the hash of the hashes of all kinds of inputs, with and without a key. */
static void blake2s_of_everything(void)
{
	static const size_t out_lens[] = { 16, 20, 28, 32 }, in_lens[] = { 0, 3, 64, 65, 255, 1024 };
	HEX(want, "6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe");
	u8 in[1024], key[32], out[32];
	struct blake2s_state all;

	blake2s_init(&all, 32);
	for (size_t i = 0; i < ARRAY_SIZE(out_lens); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(in_lens); j++) {
			u8 *fill[] = { in, key };
			size_t len[] = { in_lens[j], out_lens[i] };

			for (int f = 0; f < 2; f++) {
				u32 a = 0xdead4bad * (u32)len[f], b = 1;

				for (size_t k = 0; k < len[f]; k++) {
					u32 t = a + b;

					a = b;
					b = t;
					fill[f][k] = t >> 24;
				}
			}
			blake2s(out, in, NULL, len[1], len[0], 0);
			blake2s_update(&all, out, len[1]);
			blake2s(out, in, key, len[1], len[0], len[1]);
			blake2s_update(&all, out, len[1]);
		}
	}
	blake2s_final(&all, out);
	is_bytes(out, want);
}

static void hashes(void)
{
	HEX(abc, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
	u8 out[32];

	blake2s(out, (const u8 *)"abc", NULL, 32, 3, 0); /* RFC 7693, appendix B */
	is_bytes(out, abc);
	blake2s_of_everything();
}

/* RFC 7748, section 5.2. */
static void curve(void)
{
	HEX(scalar, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
	HEX(point, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
	HEX(product, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	HEX(iterated, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
	u8 k[32] = { 9 }, u[32] = { 9 }, next[32], base[32] = { 9 }, zero[32] = { 0 };

	ok(curve25519(next, scalar, point));
	is_bytes(next, product);
	for (int i = 0; i < 1000; i++) {
		if (!curve25519(next, k, u))
			abort();
		memcpy(u, k, 32);
		memcpy(k, next, 32);
	}
	is_bytes(k, iterated);
	ok(curve25519_generate_public(u, scalar) && curve25519(next, scalar, base));
	is_bytes(u, next);
	ok(!curve25519_generate_public(u, zero));
	ok(!curve25519(next, scalar, zero)); /* a point of low order */
	is_bytes(next, zero);
}

/* RFC 8439, appendix A.5, whose nonce begins with zeros as ours do. */
static void aead(void)
{
	static const char text[] =
		"Internet-Drafts are draft documents valid for a maximum of six months and may be updated, replaced, or "
		"obsoleted by other documents at any time. It is inappropriate to use Internet-Drafts as reference "
		"material or to cite them other than as /\xe2\x80\x9cwork in progress./\xe2\x80\x9d";
	HEX(key, "1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
	HEX(ad, "f33388860000000000004e91");
	HEX(sealed, "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0"
		    "bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855"
		    "9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9"
		    "9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a"
		    "0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130"
		    "305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709beead9d67890cbb22392336fea1851f38");
	u8 out[sizeof(sealed)];
	u64 nonce = 0x0807060504030201;
	size_t len = sizeof(text) - 1;

	is_int(len + 16, sizeof(sealed));
	chacha20poly1305_encrypt(out, (const u8 *)text, len, ad, sizeof(ad), nonce, key);
	is_bytes(out, sealed);
	ok(chacha20poly1305_decrypt(out, sealed, sizeof(sealed), ad, sizeof(ad), nonce, key));
	ok(!memcmp(out, text, len));
	ok(!chacha20poly1305_decrypt(out, sealed, sizeof(sealed), ad, sizeof(ad), nonce + 1, key));
	ok(!chacha20poly1305_decrypt(out, sealed, sizeof(sealed), ad, sizeof(ad) - 1, nonce, key));
	sealed[3] ^= 1;
	ok(!chacha20poly1305_decrypt(out, sealed, sizeof(sealed), ad, sizeof(ad), nonce, key));
}

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
static void xaead(void)
{
	static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
				   "future, sunscreen would be it.";
	HEX(key, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
	HEX(nonce, "404142434445464748494a4b4c4d4e4f5051525354555657");
	HEX(ad, "50515253c0c1c2c3c4c5c6c7");
	HEX(sealed, "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
		    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
		    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
	u8 out[sizeof(sealed)];
	size_t len = sizeof(text) - 1;

	xchacha20poly1305_encrypt(out, (const u8 *)text, len, ad, sizeof(ad), nonce, key);
	is_bytes(out, sealed);
	ok(xchacha20poly1305_decrypt(out, sealed, sizeof(sealed), ad, sizeof(ad), nonce, key));
	ok(!memcmp(out, text, len));
	sealed[len] ^= 0x80;
	ok(!xchacha20poly1305_decrypt(out, sealed, sizeof(sealed), ad, sizeof(ad), nonce, key));
}

struct vector {
	const u8 *psk, *initiation, *initiation_mac2, *cookie, *response, *to_responder, *to_initiator, *keepalive;
};

/* What the second implementation recorded, made anew and taken in. */
static void whole_handshake(const struct vector *v)
{
	struct wg_device a, b;
	struct wg_peer *ab, *ba;
	struct wg_msg_initiation initiation;
	struct wg_msg_response response;
	struct wg_msg_cookie cookie;
	struct wg_keypair *session;
	u8 random[WG_HASH_LEN + WG_COOKIE_NONCE_LEN];

	shim_now = 1000 * NSEC_PER_SEC;
	shim_wall_clock.tv_sec = VEC_SECONDS;
	shim_wall_clock.tv_nsec = VEC_NANOSECONDS;
	world_device(&a, vec_i_private);
	world_device(&b, vec_r_private);
	is_bytes(a.identity.public, vec_i_public);
	is_bytes(b.identity.public, vec_r_public);
	ab = world_peer(&a, b.identity.public, v->psk);
	ba = world_peer(&b, a.identity.public, v->psk);

	shim_random = vec_i_ephemeral;
	shim_random_left = sizeof(vec_i_ephemeral);
	world_next_index = VEC_SENDER;
	ok(wg_handshake_create_initiation(ab, &initiation));
	wg_cookie_add_macs(&ab->cookie, &initiation, sizeof(initiation));
	ok(!memcmp(&initiation, v->initiation, sizeof(initiation)));

	memcpy(random, vec_secret, WG_HASH_LEN);
	memcpy(random + WG_HASH_LEN, vec_nonce, WG_COOKIE_NONCE_LEN);
	shim_random = random;
	shim_random_left = sizeof(random);
	ok(wg_cookie_check_mac1(&b.checker, &initiation, sizeof(initiation)));
	wg_cookie_create_reply(&b.checker, &cookie, initiation.sender, &initiation.macs, vec_from, sizeof(vec_from));
	ok(!memcmp(&cookie, v->cookie, sizeof(cookie)));
	ok(wg_cookie_consume_reply(&ab->cookie, &cookie));
	wg_cookie_add_macs(&ab->cookie, &initiation, sizeof(initiation));
	ok(!memcmp(&initiation, v->initiation_mac2, sizeof(initiation)));
	is_int(wg_cookie_check(&b.checker, &initiation, sizeof(initiation), vec_from, sizeof(vec_from), true),
	       WG_MAC2_VALID);

	ok(wg_handshake_consume_initiation(&b, &b.identity, &initiation) == ba);
	wg_peer_put(ba);
	shim_random = vec_r_ephemeral;
	shim_random_left = sizeof(vec_r_ephemeral);
	world_next_index = VEC_RECEIVER;
	ok(wg_handshake_create_response(ba, &response));
	wg_cookie_add_macs(&ba->cookie, &response, sizeof(response));
	ok(!memcmp(&response, v->response, sizeof(response)));
	ok(wg_handshake_begin_session(ba));
	ok(wg_handshake_consume_response(ab, &response));
	ok(wg_handshake_begin_session(ab));

	session = world_current(ab);
	ok(session->initiator);
	is_int(session->index.value, VEC_SENDER);
	is_int(session->remote_index, VEC_RECEIVER);
	ok(!memcmp(session->sending.key, v->to_responder, WG_KEY_LEN));
	ok(!memcmp(session->receiving.key, v->to_initiator, WG_KEY_LEN));
	session = rcu_access_pointer(ba->keypairs.next);
	ok(!session->initiator);
	is_int(session->index.value, VEC_RECEIVER);
	is_int(session->remote_index, VEC_SENDER);
	ok(!memcmp(session->sending.key, v->to_initiator, WG_KEY_LEN));
	ok(!memcmp(session->receiving.key, v->to_responder, WG_KEY_LEN));
	ok(chacha20poly1305_decrypt(NULL, v->keepalive + sizeof(struct wg_msg_data), WG_TAG_LEN, NULL, 0, 0,
				    session->receiving.key));
	world_end(&a);
	world_end(&b);
}

/* Forged, but with all the right hashes; and nothing that follows from it. */
static void null_peer(void)
{
	static const u8 zeros[WG_KEY_LEN];
	struct wg_msg_initiation initiation;
	struct wg_device b;
	struct wg_peer *null, before;

	world_device(&b, vec_r_private);
	null = world_peer(&b, zeros, NULL);
	memcpy(&initiation, vec_null_initiation, sizeof(initiation));
	ok(wg_cookie_check_mac1(&b.checker, &initiation, sizeof(initiation)));
	ok(!wg_handshake_consume_initiation(&b, &b.identity, &initiation));
	before = *null;
	ok(!wg_handshake_consume_initiation(&b, &b.identity, &initiation)); /* nor when that is known already */
	ok(!memcmp(&before, null, sizeof(before)));
	is_int(null->handshake.state, WG_HS_NONE);
	world_end(&b);
}

int main(void)
{
	static const struct vector plain = { NULL, vec_plain_initiation, vec_plain_initiation_mac2, vec_plain_cookie,
					     vec_plain_response, vec_plain_to_responder, vec_plain_to_initiator,
					     vec_plain_keepalive };
	static const struct vector shared = { vec_psk, vec_shared_initiation, vec_shared_initiation_mac2,
					      vec_shared_cookie, vec_shared_response, vec_shared_to_responder,
					      vec_shared_to_initiator, vec_shared_keepalive };

	hashes();
	curve();
	aead();
	xaead();
	wg_noise_init();
	whole_handshake(&plain);
	whole_handshake(&shared);
	null_peer();
	ok(memcmp(vec_plain_to_responder, vec_shared_to_responder, WG_KEY_LEN));
	return tap_done();
}
