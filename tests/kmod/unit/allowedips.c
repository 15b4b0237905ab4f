// SPDX-License-Identifier: GPL-2.0
/* Allowed IPs: whose is what, what is kept for it, and what readers see meanwhile. */
#include <arpa/inet.h>
#include <linux/slab.h>
#include <pthread.h>

#include "allowedips.h"
#include "unit/tap.h"

enum { PEERS = 8 };

static DEFINE_MUTEX(lock);
static struct wg_allowedips ips = { .lock = &lock };
static char is_peer[PEERS];
static struct list_head lists[PEERS];
#define P(n) ((struct wg_peer *)&is_peer[n])

struct prefix {
	bool v6;
	struct in_addr in4;
	struct in6_addr in6;
	u8 len;
};

static struct prefix parse(const char *text)
{
	struct prefix p = { .v6 = strchr(text, ':') };
	char buffer[64], *slash;

	snprintf(buffer, sizeof(buffer), "%s", text);
	slash = strchr(buffer, '/');
	p.len = slash ? (u8)strtoul(slash + 1, NULL, 10) : p.v6 ? 128 : 32;
	if (slash)
		*slash = 0;
	if (inet_pton(p.v6 ? AF_INET6 : AF_INET, buffer, p.v6 ? (void *)&p.in6 : &p.in4) != 1)
		abort();
	return p;
}

static int family_of(const struct prefix *p)
{
	return p->v6 ? AF_INET6 : AF_INET;
}

static const void *address_of(const struct prefix *p)
{
	return p->v6 ? (const void *)&p->in6 : &p->in4;
}

static int insert(const char *text, int peer)
{
	struct prefix p = parse(text);

	return wg_allowedips_insert(&ips, family_of(&p), address_of(&p), p.len, P(peer), &lists[peer]);
}

static void withdraw(const char *text, int peer)
{
	struct prefix p = parse(text);

	wg_allowedips_remove(&ips, family_of(&p), address_of(&p), p.len, P(peer));
}

/* The number of the peer; -1: nobody. */
static int lookup(const char *text)
{
	struct prefix p = parse(text);
	struct wg_peer *peer;

	rcu_read_lock();
	peer = wg_allowedips_lookup(&ips, family_of(&p), address_of(&p));
	rcu_read_unlock();
	return peer ? (int)((char *)peer - is_peer) : -1;
}

static const char *list(int peer)
{
	static char text[4096];
	struct wg_allowedip *node;
	char address[64];
	size_t n = 0;
	u8 ip[16], len;

	text[0] = 0;
	list_for_each_entry(node, &lists[peer], of_peer) {
		int family = wg_allowedip_read(node, ip, &len);

		inet_ntop(family, ip, address, sizeof(address));
		n += snprintf(text + n, sizeof(text) - n, "%s%s/%d", n ? " " : "", address, len);
	}
	return text;
}

static struct wg_allowedips empty_out(void)
{
	struct wg_allowedips old;

	wg_allowedips_clear(&ips, &old);
	for (int i = 0; i < PEERS; i++)
		wg_allowedips_remove_peer(&ips, &lists[i]);
	return old;
}

static void clear(void)
{
	struct wg_allowedips old = empty_out();

	wg_allowedips_free(&old);
}

static long objects(void)
{
	rcu_barrier();
	return shim_objects;
}

static void longest(void)
{
	is_int(lookup("10.0.0.1"), -1);
	is_int(lookup("::1"), -1);
	insert("0.0.0.0/0", 0);
	insert("10.0.0.0/8", 1);
	insert("10.1.0.0/16", 2);
	insert("10.1.2.3/32", 3);
	insert("10.1.2.2/32", 4);
	insert("128.0.0.0/1", 5);
	is_int(lookup("9.255.255.255"), 0);
	is_int(lookup("10.0.0.1"), 1);
	is_int(lookup("10.255.255.255"), 1);
	is_int(lookup("11.0.0.0"), 0);
	is_int(lookup("10.1.0.0"), 2);
	is_int(lookup("10.1.255.255"), 2);
	is_int(lookup("10.1.2.3"), 3);
	is_int(lookup("10.1.2.2"), 4);
	is_int(lookup("10.1.2.1"), 2);
	is_int(lookup("127.255.255.255"), 0);
	is_int(lookup("128.0.0.0"), 5);
	is_int(lookup("255.255.255.255"), 5);
	is_int(lookup("::"), -1);

	insert("::/0", 0);
	insert("2001:db8::/32", 1);
	insert("2001:db8:0:0:8000::/65", 2);
	insert("2001:db8::/64", 3);
	insert("2001:db8::1/128", 4);
	insert("2001:db8::2/127", 5);
	is_int(lookup("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"), 0);
	is_int(lookup("2001:db8:ffff::"), 1);
	is_int(lookup("2001:db8::8000:0:0:0"), 2);
	is_int(lookup("2001:db8::7fff:ffff:ffff:ffff"), 3);
	is_int(lookup("2001:db8:0:1::"), 1);
	is_int(lookup("2001:db8::1"), 4);
	is_int(lookup("2001:db8::"), 3);
	is_int(lookup("2001:db8::3"), 5);
	is_int(lookup("2001:db8::4"), 3);
	is_int(lookup("0.0.0.0"), 0);
	clear();
	is_int(lookup("2001:db8::1"), -1);
	is_int(lookup("10.1.2.3"), -1);
	is_int(objects(), 0);
}

static void lists_of_peers(void)
{
	bool empty = true;

	/* Bits after the prefix are not kept. */
	insert("10.1.2.3/8", 0);
	insert("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/33", 0);
	insert("fe80::1:2:3:4/64", 0);
	insert("1.2.3.4/0", 2);
	insert("::1", 0);
	is_str(list(0), "10.0.0.0/8 2001:db8:8000::/33 fe80::/64 ::1/128");
	is_str(list(2), "0.0.0.0/0");
	/* Setting it again puts it last, so that setting all again gives the same order. */
	insert("10.0.0.0/8", 0);
	is_str(list(0), "2001:db8:8000::/33 fe80::/64 ::1/128 10.0.0.0/8");
	insert("fe80::/64", 1);
	is_str(list(0), "2001:db8:8000::/33 ::1/128 10.0.0.0/8");
	is_str(list(1), "fe80::/64");
	is_int(lookup("fe80::5"), 1);

	/* Only from its owner, and only exactly. */
	withdraw("10.0.0.0/8", 1);
	withdraw("10.0.0.0/9", 0);
	withdraw("10.0.0.0/7", 0);
	is_int(lookup("10.0.0.1"), 0);
	withdraw("10.99.0.0/8", 0);
	is_str(list(0), "2001:db8:8000::/33 ::1/128");
	is_int(lookup("10.0.0.1"), 2);
	withdraw("0.0.0.0/0", 2);
	is_int(lookup("10.0.0.1"), -1);
	ok(!ips.root4);

	clear();
	for (int i = 0; i < PEERS; i++)
		empty &= list_empty(&lists[i]);
	ok(empty);
	is_int(objects(), 0);
}

/* Forks come and go with the prefixes that need them. */
static void forks(void)
{
	insert("10.0.0.1", 0);
	is_int(objects(), 1);
	insert("10.0.0.2", 1);
	is_int(objects(), 3);
	insert("10.0.0.3", 2);
	is_int(objects(), 5);
	is_int(lookup("10.0.0.0"), -1);
	/* A fork becomes a prefix, and a fork again. */
	insert("10.0.0.2/31", 3);
	is_int(objects(), 5);
	withdraw("10.0.0.2", 1);
	is_int(objects(), 4);
	is_int(lookup("10.0.0.2"), 3);
	insert("10.0.0.2", 1);
	withdraw("10.0.0.2/31", 3);
	is_int(objects(), 5);
	is_int(lookup("10.0.0.2"), 1);
	is_int(lookup("10.0.0.3"), 2);
	withdraw("10.0.0.3", 2);
	is_int(objects(), 3);
	withdraw("10.0.0.1", 0);
	is_int(objects(), 1);
	is_int(lookup("10.0.0.2"), 1);
	withdraw("10.0.0.2", 1);
	is_int(objects(), 0);
	ok(!ips.root4);

	/* A prefix with one child goes without a fork taking its place. */
	insert("10.0.0.0/8", 0);
	insert("10.0.0.0/16", 1);
	insert("10.0.0.0/24", 2);
	withdraw("10.0.0.0/16", 1);
	is_int(objects(), 2);
	is_int(lookup("10.0.0.1"), 2);
	is_int(lookup("10.0.1.1"), 0);
	wg_allowedips_remove_peer(&ips, &lists[0]);
	is_int(objects(), 1);
	ok(list_empty(&lists[0]));
	wg_allowedips_remove_peer(&ips, &lists[2]);
	is_int(objects(), 0);
}

/* A shorter prefix of the same bits goes above. */
static void above(void)
{
	insert("10.0.0.0/16", 1);
	insert("10.0.0.0/8", 2);
	insert("2001:db8::/96", 3);
	insert("2001:db8::/32", 4);
	is_int(objects(), 4);
	is_int(lookup("10.0.255.255"), 1);
	is_int(lookup("10.1.0.0"), 2);
	is_int(lookup("2001:db8::ffff"), 3);
	is_int(lookup("2001:db8::1:0:0"), 4);
	clear();
	is_int(objects(), 0);
}

/* Who looks up may still be in what was taken out. */
static void grace(void)
{
	struct wg_allowedips old;

	insert("10.0.0.1", 0);
	insert("10.0.0.2", 1);
	insert("2001:db8::1", 0);
	is_int(objects(), 4);
	withdraw("10.0.0.2", 1);
	is_int(shim_objects, 4);
	is_int(objects(), 2);
	old = empty_out();
	is_int(lookup("10.0.0.1"), -1);
	is_int(objects(), 2);
	wg_allowedips_free(&old);
	is_int(objects(), 0);
}

/* All prefixes of one address: the longest path there can be. */
static void deepest(void)
{
	char text[64];
	bool right = true;

	for (int len = 128; len >= 0; len--) {
		snprintf(text, sizeof(text), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/%d", len);
		right &= !insert(text, len % PEERS);
	}
	for (int len = 0; len <= 32; len++) {
		snprintf(text, sizeof(text), "255.255.255.255/%d", len);
		right &= !insert(text, len % PEERS);
	}
	ok(right);
	is_int(objects(), 129 + 33);
	is_int(lookup("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 128 % PEERS);
	is_int(lookup("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 127 % PEERS);
	is_int(lookup("ffff:ffff:ffff:ffff::"), 64 % PEERS);
	is_int(lookup("ffff:ffff:ffff:ffff:8000::"), 65 % PEERS);
	is_int(lookup("ffff:ffff:ffff:fffe::"), 63 % PEERS);
	is_int(lookup("7fff::"), 0);
	is_int(lookup("255.255.255.254"), 31 % PEERS);
	for (int i = 0; i < PEERS; i += 2)
		wg_allowedips_remove_peer(&ips, &lists[i]);
	is_int(lookup("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 127 % PEERS);
	is_int(objects(), 64 + 16);
	clear();
	is_int(objects(), 0);
}

static void refused(void)
{
	is_int(objects(), 0);

	/* Without memory nothing changes: for the first node, for a node, for its fork. */
	shim_alloc_until_failure = 0;
	is_int(insert("10.0.0.1", 0), -ENOMEM);
	shim_alloc_until_failure = -1;
	ok(!ips.root4);
	insert("10.0.0.1", 0);
	for (int i = 0; i < 2; i++) {
		shim_alloc_until_failure = i;
		is_int(insert("10.0.0.2", 1), -ENOMEM);
		is_int(objects(), 1);
		is_int(lookup("10.0.0.1"), 0);
		is_int(lookup("10.0.0.2"), -1);
		ok(list_empty(&lists[1]));
	}
	/* Taking it over needs none. */
	shim_alloc_until_failure = 0;
	is_int(insert("10.0.0.1", 1), 0);
	shim_alloc_until_failure = -1;
	is_int(lookup("10.0.0.1"), 1);
	clear();
	is_int(objects(), 0);
}

/* ---- readers while it changes -------------------------------------------------- */

static long looks, wrong;

static void look(void)
{
	int four = lookup("10.1.2.3"), six = lookup("2001:db8::1");

	looks++;
	wrong += (four != 0 && four != 1) || (six != 0 && six != 1) || lookup("192.0.2.1") != -1;
}

static void *look_all_the_time(void *arg)
{
	while (!READ_ONCE(*(bool *)arg))
		look();
	return NULL;
}

/* Two prefixes move between two peers, while forks and prefixes come and go above, below and beside them. */
static void change(int times)
{
	static const char *const around[] = { "10.1.2.2",   "10.1.2.0/24", "10.1.3.0/24",     "10.0.0.0/8",
					      "11.0.0.0/8", "128.0.0.0/2", "2001:db8::/127",  "2001:db8::/32",
					      "2001::/16",  "8000::/1",	   "2001:db8:1::/48", "2001:db8::2" };
	u64 state = 7;

	for (int i = 0; i < times; i++) {
		const char *other = around[(state >> 33) % ARRAY_SIZE(around)];

		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		if (state >> 63)
			insert(other, 2);
		else
			withdraw(other, 2);
		insert("10.1.2.3", i % 2);
		insert("2001:db8::1", i / 2 % 2);
	}
}

/* Between any two stores, and from another processor. */
static void readers(void)
{
	bool stop = false;
	pthread_t reader;

	insert("10.1.2.3", 0);
	insert("2001:db8::1", 0);
	shim_after_store = look;
	change(3000);
	shim_after_store = NULL;
	ok(looks > 6000);
	is_int(wrong, 0);

	if (pthread_create(&reader, NULL, look_all_the_time, &stop))
		abort();
	change(30000);
	WRITE_ONCE(stop, true);
	pthread_join(reader, NULL);
	is_int(wrong, 0);
	clear();
	is_int(objects(), 0);
}

int main(void)
{
	for (int i = 0; i < PEERS; i++)
		INIT_LIST_HEAD(&lists[i]);
	longest();
	lists_of_peers();
	forks();
	above();
	grace();
	deepest();
	refused();
	readers();
	return tap_done();
}
