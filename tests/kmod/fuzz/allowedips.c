// SPDX-License-Identifier: GPL-2.0
/*
 * Any series of changes to the allowed IPs, against a plain list of prefixes that
 * is searched from one end to the other. After each change: the same answers, the
 * same lists, a trie without a node too many.
 */
#include <linux/slab.h>
#include <stdint.h>
#include <sys/socket.h>

#include "allowedips.h"

enum { PEERS = 4, MOST = 512 };

/* In the order in which their owners have them. */
struct prefix {
	u8 ip[16], len;
	bool v6;
	int peer;
};

static DEFINE_MUTEX(lock);
static struct wg_allowedips ips = { .lock = &lock };
static char is_peer[PEERS];
static struct list_head lists[PEERS];
static struct prefix model[MOST];
static size_t n_model;
#define P(n) ((struct wg_peer *)&is_peer[n])

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* ---- the model ----------------------------------------------------------------- */

static bool bit(const u8 *ip, unsigned int at)
{
	return ip[at / 8] >> (7 - at % 8) & 1;
}

static bool covers(const struct prefix *p, const u8 *ip, bool v6)
{
	if (p->v6 != v6)
		return false;
	for (unsigned int i = 0; i < p->len; i++)
		if (bit(p->ip, i) != bit(ip, i))
			return false;
	return true;
}

static struct wg_peer *model_lookup(const u8 *ip, bool v6)
{
	const struct prefix *best = NULL;

	for (size_t i = 0; i < n_model; i++)
		if (covers(&model[i], ip, v6) && (!best || model[i].len > best->len))
			best = &model[i];
	return best ? P(best->peer) : NULL;
}

static void model_forget(size_t i)
{
	memmove(&model[i], &model[i + 1], (--n_model - i) * sizeof(*model));
}

/* @peer -1: whoever has it. */
static void model_withdraw(const struct prefix *p, int peer)
{
	for (size_t i = 0; i < n_model; i++)
		if (model[i].len == p->len && covers(&model[i], p->ip, p->v6)) {
			if (peer < 0 || model[i].peer == peer)
				model_forget(i);
			return;
		}
}

static void model_insert(const struct prefix *p)
{
	struct prefix *added;

	model_withdraw(p, -1);
	added = &model[n_model++];
	*added = *p;
	for (unsigned int i = p->len; i < 128; i++)
		added->ip[i / 8] &= ~(0x80 >> i % 8);
}

static void model_remove_peer(int peer)
{
	for (size_t i = n_model; i-- > 0;)
		if (model[i].peer == peer)
			model_forget(i);
}

/* ---- the trie ------------------------------------------------------------------ */

static struct wg_peer *lookup(const u8 *ip, bool v6)
{
	struct wg_peer *peer;

	rcu_read_lock();
	peer = wg_allowedips_lookup(&ips, v6 ? AF_INET6 : AF_INET, ip);
	rcu_read_unlock();
	return peer;
}

/* Every node is there for a reason, and its relatives know each other. Returns how many there are. */
static long check_nodes(const struct wg_allowedip *node, const struct wg_allowedip *up, bool v6)
{
	if (!node)
		return 0;
	must(node->up == up && node->v6 == v6 && (!up || node->len > up->len) && node->len <= (v6 ? 128 : 32));
	must(node->peer ? !list_empty(&node->of_peer) : node->child[0] && node->child[1]);
	return 1 + check_nodes(node->child[0], node, v6) + check_nodes(node->child[1], node, v6);
}

static void check_lists(void)
{
	for (int peer = 0; peer < PEERS; peer++) {
		struct wg_allowedip *node;
		size_t at = 0;

		list_for_each_entry(node, &lists[peer], of_peer) {
			u8 ip[16] = { 0 }, len;
			int family = wg_allowedip_read(node, ip, &len);

			while (at < n_model && model[at].peer != peer)
				at++;
			must(at < n_model && node->peer == P(peer));
			must(family == (model[at].v6 ? AF_INET6 : AF_INET) && len == model[at].len);
			must(!memcmp(ip, model[at].ip, 16));
			at++;
		}
		while (at < n_model)
			must(model[at++].peer != peer);
	}
}

static void check(const u8 *ip)
{
	u8 near[16] __aligned(8);

	must(lookup(ip, false) == model_lookup(ip, false));
	must(lookup(ip, true) == model_lookup(ip, true));
	/* Around every prefix: itself, and what differs from it in the bit before its end and in the one after. */
	for (size_t i = 0; i < n_model; i++)
		for (int off = -1; off <= 1; off++) {
			unsigned int at = model[i].len + off - (off == 1);

			memcpy(near, model[i].ip, 16);
			if (off && at < (model[i].v6 ? 128 : 32))
				near[at / 8] ^= 0x80 >> at % 8;
			must(lookup(near, model[i].v6) == model_lookup(near, model[i].v6));
		}
	check_lists();
	rcu_barrier();
	must(check_nodes(ips.root4, NULL, false) + check_nodes(ips.root6, NULL, true) == shim_objects);
}

/* ---- during a change ----------------------------------------------------------- */

static struct probe {
	struct prefix of;
	struct wg_peer *before, *other;
	bool changed;
} probes[10];
static size_t n_probes;

static void probe_add(const u8 *ip, bool v6)
{
	struct probe *probe = &probes[n_probes++];

	memset(probe, 0, sizeof(*probe));
	memcpy(probe->of.ip, ip, 16);
	probe->of.v6 = v6;
	probe->before = model_lookup(ip, v6);
}

/* The address of the change, and some of what is there already. */
static void probes_begin(const u8 *ip)
{
	size_t step = n_model / (ARRAY_SIZE(probes) - 2) + 1;

	n_probes = 0;
	probe_add(ip, false);
	probe_add(ip, true);
	for (size_t i = 0; i < n_model; i += step)
		probe_add(model[i].ip, model[i].v6);
}

static void probes_look(void)
{
	for (struct probe *probe = probes; probe < probes + n_probes; probe++) {
		struct wg_peer *peer = lookup(probe->of.ip, probe->of.v6);

		if (!probe->changed) {
			probe->changed = peer != probe->before;
			probe->other = peer;
		}
		/* There is no way back. */
		must(!probe->changed || peer == probe->other);
	}
}

static void probes_end(void)
{
	for (struct probe *probe = probes; probe < probes + n_probes; probe++)
		must(!probe->changed || probe->other == model_lookup(probe->of.ip, probe->of.v6));
}

/* ---- changes ------------------------------------------------------------------- */

static void clear(void)
{
	struct wg_allowedips old;

	wg_allowedips_clear(&ips, &old);
	for (int i = 0; i < PEERS; i++)
		wg_allowedips_remove_peer(&ips, &lists[i]);
	wg_allowedips_free(&old);
	n_model = 0;
}

static void apply(int what, const struct prefix *p)
{
	const int family = p->v6 ? AF_INET6 : AF_INET;
	int ret;

	switch (what) {
	default: /* insert; of these, one fails for want of memory at its second node */
		shim_alloc_until_failure = what == 15 ? 1 : -1;
		ret = wg_allowedips_insert(&ips, family, p->ip, p->len, P(p->peer), &lists[p->peer]);
		if (ret)
			must(ret == -ENOMEM && what == 15);
		else
			model_insert(p);
		shim_alloc_until_failure = -1;
		break;
	case 0 ... 4:
		wg_allowedips_remove(&ips, family, p->ip, p->len, P(p->peer));
		model_withdraw(p, p->peer);
		break;
	case 5:
		wg_allowedips_remove_peer(&ips, &lists[p->peer]);
		model_remove_peer(p->peer);
		break;
	case 6:
		if (p->len % 8)
			break;
		clear();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 ip[16] __aligned(8);

	for (int i = 0; i < PEERS; i++)
		INIT_LIST_HEAD(&lists[i]);
	memset(ip, 0, sizeof(ip));
	/* Four bytes a change: what, whose, which bits of the last address are others now, and the length. */
	for (size_t n = 0; size >= 4 && n < MOST; data += 4, size -= 4, n++) {
		struct prefix p = { .v6 = data[0] & 0x80, .peer = data[0] >> 4 & 3, .len = data[3] };

		p.len %= p.v6 ? 129 : 33;
		ip[data[1] % (p.v6 ? 16 : 4)] = data[1] & 0x80 ? data[2] : ip[data[1] >> 3 & 15] ^ data[2];
		memcpy(p.ip, ip, 16);
		probes_begin(ip);
		shim_after_store = probes_look;
		apply(data[0] & 15, &p);
		shim_after_store = NULL;
		probes_end();
		check(ip);
	}
	clear();
	for (int i = 0; i < PEERS; i++)
		must(list_empty(&lists[i]));
	rcu_barrier();
	must(!shim_objects);
	return 0;
}
