// SPDX-License-Identifier: GPL-2.0
/*
 * Peers by key and by number. The file itself is included, after as much of a
 * peer and of a device as it needs: the real ones want half of the kernel.
 */
#define WG_DEVICE_H
#define WG_PEER_H
#include "tables.h"

struct wg_device {
	struct wg_tables tables;
};
struct wg_peer {
	u64 before;
	struct wg_device *wg;
	struct {
		u8 remote_static[WG_KEY_LEN];
	} handshake;
	struct rhash_head by_key;
	u32 number;
};

#include "../../../kmod/tables.c"
#include "unit/tap.h"

static struct wg_device wg;
static struct wg_tables *const t = &wg.tables;

static struct wg_peer *peer(u32 id)
{
	struct wg_peer *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->wg = &wg;
	memcpy(p->handshake.remote_static, &id, sizeof(id));
	p->number = U32_MAX;
	return p;
}

static void some(void)
{
	enum { N = 3000 };
	struct wg_peer *peers[N], *twin = peer(1234), *late = peer(N);
	bool known = true, dense = true;

	is_int(wg_tables_init(t), 0);
	rcu_read_lock();
	ok(!wg_tables_by_number(t, 0));
	ok(!wg_tables_by_key(t, twin->handshake.remote_static));
	for (u32 i = 0; i < N; i++) {
		peers[i] = peer(i);
		dense &= !wg_tables_add(t, peers[i]) && peers[i]->number == i;
	}
	ok(dense);
	for (u32 i = 0; i < N; i++)
		known &= wg_tables_by_number(t, i) == peers[i] &&
			 wg_tables_by_key(t, peers[i]->handshake.remote_static) == peers[i];
	ok(known);
	ok(!wg_tables_by_number(t, N));
	ok(!wg_tables_by_number(t, WG_MAX_PEERS - 1));
	ok(!wg_tables_by_number(t, WG_MAX_PEERS));
	ok(!wg_tables_by_number(t, U32_MAX));

	/* A second peer with a key changes nothing, and wastes no number. */
	is_int(wg_tables_add(t, twin), -EEXIST);
	ok(wg_tables_by_key(t, twin->handshake.remote_static) == peers[1234]);
	ok(!wg_tables_by_number(t, N));

	wg_tables_remove(t, peers[1234]);
	ok(!wg_tables_by_number(t, 1234));
	ok(!wg_tables_by_key(t, twin->handshake.remote_static));
	is_int(wg_tables_add(t, twin), 0);
	ok(wg_tables_by_number(t, 1234) == twin);
	ok(wg_tables_by_key(t, twin->handshake.remote_static) == twin);
	is_int(wg_tables_add(t, late), 0);
	is_int(late->number, N);
	rcu_read_unlock();

	wg_tables_remove(t, twin);
	wg_tables_remove(t, late);
	free(twin);
	free(late);
	for (u32 i = 0; i < N; i++) {
		if (i != 1234)
			wg_tables_remove(t, peers[i]);
		free(peers[i]);
	}
	wg_tables_free(t);
}

static void no_memory(void)
{
	struct wg_peer *p = peer(1), *q = peer(2);

	shim_alloc_until_failure = 0;
	is_int(wg_tables_init(t), -ENOMEM);
	shim_alloc_until_failure = -1;
	is_int(wg_tables_init(t), 0);
	shim_alloc_until_failure = 0;
	is_int(wg_tables_add(t, p), -ENOMEM);
	shim_alloc_until_failure = -1;
	rcu_read_lock();
	ok(!wg_tables_by_number(t, 0));
	ok(!wg_tables_by_key(t, p->handshake.remote_static));
	rcu_read_unlock();
	is_int(wg_tables_add(t, q), 0);
	is_int(q->number, 0);
	wg_tables_remove(t, q);
	wg_tables_free(t);
	free(p);
	free(q);
}

/* As many as there may be, and not one more. */
static void full(void)
{
	static struct wg_peer last;
	struct wg_peer *p = peer(7);

	is_int(wg_tables_init(t), 0);
	is_int(wg_tables_add(t, p), 0);
	wg_tables_remove(t, p);
	for (u32 number = 0; number < WG_MAX_PEERS - 1; number++)
		t->by_number.entry[number] = SHIM_RESERVED;
	is_int(wg_tables_add(t, p), 0);
	is_int(p->number, WG_MAX_PEERS - 1);
	rcu_read_lock();
	ok(wg_tables_by_number(t, WG_MAX_PEERS - 1) == p);
	rcu_read_unlock();
	last.wg = &wg;
	is_int(wg_tables_add(t, &last), -EBUSY);
	wg_tables_remove(t, p);
	wg_tables_free(t);
	free(p);
}

/* What is hidden can be revealed, for every word; and it does not show what it was. */
static void indices(void)
{
	u32 same = 0, alike = 0, wrong = 0;

	is_int(wg_tables_init(t), 0);
	for (u64 word = 0; word < 1ULL << 32; word += 4093) {
		u32 hidden = wg_tables_hide(t, word);

		wrong += wg_tables_reveal(t, hidden) != word;
		same += hidden == word;
		alike += (hidden >> 2 & 0xfffff) == (word >> 2 & 0xfffff);
	}
	is_int(wrong, 0);
	ok(same < 10);
	ok(alike < 100); /* of a million words, each with a chance of one in a million */
	wg_tables_free(t);
}

int main(void)
{
	some();
	no_memory();
	full();
	indices();
	return tap_done();
}
