// SPDX-License-Identifier: GPL-2.0
/*
 * Handshake messages from anybody: nothing that is not exactly what the other
 * side has sent is taken, and nothing changes because of it.
 *
 * The first byte says what the rest is: bits 0 and 1 the message, bit 2 whether
 * the rest is laid (xor) over a good message, bit 3 whether mac1 is put right,
 * which everybody who knows the public key can do; bit 4: under load.
 */
#include "kmod/world.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const u8 a_private[WG_KEY_LEN] = { 1, 2, 3 }, b_private[WG_KEY_LEN] = { 4, 5, 6 };
static const u8 from[] = { 10, 0, 0, 1, 0xca, 0x6c };

static struct wg_device a, b;
static struct wg_peer *ab, *ba;
/* All good: to b, to a, to b; not delivered. */
static struct wg_msg_initiation initiation;
static struct wg_msg_response response;
static struct wg_msg_cookie cookie;

#define MUST(cond) ((cond) ? (void)0 : abort())

static void create_initiation(void)
{
	shim_now += NSEC_PER_SEC;
	shim_wall_clock.tv_sec++;
	MUST(wg_handshake_create_initiation(ab, &initiation));
	wg_cookie_add_macs(&ab->cookie, &initiation, sizeof(initiation));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	shim_now = 1000 * NSEC_PER_SEC;
	wg_noise_init();
	world_device(&a, a_private);
	world_device(&b, b_private);
	ab = world_peer(&a, b.identity.public, NULL);
	ba = world_peer(&b, a.identity.public, NULL);
	/* A session, so that there is something to lose; then an initiation that a waits for the answer of. */
	for (int i = 0; i < 2; i++) {
		create_initiation();
		MUST(wg_handshake_consume_initiation(&b, &b.identity, &initiation) == ba);
		wg_peer_put(ba);
		MUST(wg_handshake_create_response(ba, &response));
		wg_cookie_add_macs(&ba->cookie, &response, sizeof(response));
		if (i)
			break;
		MUST(wg_handshake_consume_response(ab, &response));
		MUST(wg_handshake_begin_session(ab) && wg_handshake_begin_session(ba));
	}
	wg_cookie_create_reply(&b.checker, &cookie, initiation.sender, &initiation.macs, from, sizeof(from));
	/*
	 * A later initiation, of the same keys on another device: b may take it at
	 * any time, whereas a still waits with the one before.
	 */
	static struct wg_device twin;
	struct wg_peer *tb;

	shim_now += NSEC_PER_SEC;
	shim_wall_clock.tv_sec++;
	world_device(&twin, a_private);
	tb = world_peer(&twin, b.identity.public, NULL);
	MUST(wg_handshake_create_initiation(tb, &initiation));
	wg_cookie_add_macs(&tb->cookie, &initiation, sizeof(initiation));
	return 0;
}

static void fill(void *msg, const void *good, size_t len, const u8 *data, size_t size, bool over)
{
	u8 *out = msg;

	memset(out, 0, len);
	if (over)
		memcpy(out, good, len);
	for (size_t i = 0; i < len && i < size; i++)
		out[i] ^= data[i];
}

static bool same(const void *x, const void *y, size_t from_byte, size_t to_byte)
{
	return !memcmp((const u8 *)x + from_byte, (const u8 *)y + from_byte, to_byte - from_byte);
}

static void judge(struct wg_device *wg, const void *msg, size_t len, bool under_load)
{
	wg_cookie_check(&wg->checker, msg, len, from, sizeof(from), under_load);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct wg_device a_before, b_before;
	struct wg_cookie with;
	struct wg_msg_initiation i;
	struct wg_msg_response r;
	struct wg_msg_cookie c;
	bool over, right_mac, under_load;
	int what;

	if (!size)
		return 0;
	what = data[0] & 3;
	over = data[0] & 4;
	right_mac = data[0] & 8;
	under_load = data[0] & 16;
	data++;
	size--;
	a_before = a;
	b_before = b;
	switch (what) {
	case 0:
		fill(&i, &initiation, sizeof(i), data, size, over);
		wg_cookie_init(&with, b.identity.public);
		if (right_mac)
			wg_cookie_add_macs(&with, &i, sizeof(i));
		judge(&b, &i, sizeof(i), under_load);
		if (!same(&i, &initiation, offsetof(typeof(i), ephemeral), offsetof(typeof(i), macs)))
			MUST(!wg_handshake_consume_initiation(&b, &b.identity, &i));
		break;
	case 1:
		fill(&r, &response, sizeof(r), data, size, over);
		wg_cookie_init(&with, a.identity.public);
		if (right_mac)
			wg_cookie_add_macs(&with, &r, sizeof(r));
		judge(&a, &r, sizeof(r), under_load);
		if (!same(&r, &response, offsetof(typeof(r), receiver), offsetof(typeof(r), macs)))
			MUST(!wg_handshake_consume_response(ab, &r));
		MUST(!wg_handshake_consume_response(ba, &r));
		break;
	case 2:
		fill(&c, &cookie, sizeof(c), data, size, over);
		if (!same(&c, &cookie, offsetof(typeof(c), nonce), sizeof(c)))
			MUST(!wg_cookie_consume_reply(&ab->cookie, &c));
		MUST(!wg_cookie_consume_reply(&ba->cookie, &c));
		break;
	default:
		judge(&b, data, size, under_load);
		MUST(size < sizeof(struct wg_msg_macs) || wg_cookie_check_mac1(&b.checker, data, size) ==
							     (wg_cookie_check(&b.checker, data, size, from, sizeof(from),
									      under_load) != WG_MAC_INVALID));
	}
	MUST(!memcmp(&a_before, &a, sizeof(a)) && !memcmp(&b_before, &b, sizeof(b)));
	return 0;
}
