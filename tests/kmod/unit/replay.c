// SPDX-License-Identifier: GPL-2.0
/* The replay window: its edges, and at random against a list of all counters. */
#include <linux/kernel.h>

#include "replay.h"
#include "unit/tap.h"

#define REACH ((u64)WG_REPLAY_REACH + 1) /* counters that are taken, the highest included */

static struct wg_replay r;

static void start(u64 first)
{
	wg_replay_init(&r);
	if (first)
		ok(wg_replay_ok(&r, first));
}

static void in_order(void)
{
	bool good = true, again = false;

	start(0);
	for (u64 i = 0; i < 5 * WG_REPLAY_WINDOW; i++) {
		good &= wg_replay_ok(&r, i);
		again |= wg_replay_ok(&r, i);
	}
	ok(good);
	ok(!again);
	is_int(r.next, 5 * WG_REPLAY_WINDOW);
}

static void backwards(void)
{
	bool good = true, again = false;

	start(REACH - 1);
	for (u64 i = REACH - 1; i-- > 0;)
		good &= wg_replay_ok(&r, i);
	for (u64 i = 0; i < REACH; i++)
		again |= wg_replay_ok(&r, i);
	ok(good);
	ok(!again);
}

/* The oldest that is taken and the youngest that is too old, for every place of the highest within a word. */
static void lower_edge(void)
{
	bool oldest = true, older = false, twice = false;

	for (u64 top = 3 * WG_REPLAY_WINDOW; top < 3 * WG_REPLAY_WINDOW + 2 * BITS_PER_LONG; top++) {
		wg_replay_init(&r);
		wg_replay_ok(&r, top);
		older |= wg_replay_ok(&r, top - REACH);
		oldest &= wg_replay_ok(&r, top - REACH + 1);
		twice |= wg_replay_ok(&r, top - REACH + 1);
	}
	ok(!older);
	ok(oldest);
	ok(!twice);
}

/* Jumps of every length around a word, the reach and the ring: what lies between is new. */
static void jumps(void)
{
	static const u64 from[] = { 0, 1, 63, 64, 100, 8191, 8192, 123456789 };
	bool landed = true, between = true, old_seen = false;
	u64 to, low;

	for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
		for (u64 by = 1; by < 3 * WG_REPLAY_WINDOW; by += by < 200 || (by > 8000 && by < 8400) ? 1 : 97) {
			wg_replay_init(&r);
			to = from[i] + by;
			for (u64 k = 0; k < 130 && k <= from[i]; k++)
				wg_replay_ok(&r, from[i] - k);
			landed &= wg_replay_ok(&r, to);
			low = to >= REACH ? to - REACH + 1 : 0;
			for (u64 c = max_t(u64, low, from[i] + 1); c < to; c += 31)
				between &= wg_replay_ok(&r, c);
			for (u64 k = 0; k < 130 && k <= from[i]; k++)
				old_seen |= wg_replay_ok(&r, from[i] - k);
		}
	}
	ok(landed);
	ok(between);
	ok(!old_seen);
}

static void upper_edge(void)
{
	u64 last = WG_REJECT_AFTER_MESSAGES - 1;

	start(0);
	ok(!wg_replay_ok(&r, U64_MAX));
	ok(!wg_replay_ok(&r, WG_REJECT_AFTER_MESSAGES));
	is_int(r.next, 0);
	ok(wg_replay_ok(&r, 0));
	ok(wg_replay_ok(&r, last));
	ok(!wg_replay_ok(&r, last));
	ok(!wg_replay_ok(&r, WG_REJECT_AFTER_MESSAGES));
	ok(wg_replay_ok(&r, last - 1));
	ok(wg_replay_ok(&r, last - REACH + 1));
	ok(!wg_replay_ok(&r, last - REACH));
	ok(!wg_replay_ok(&r, 0));
}

/* Against every counter that was ever accepted. */
static void random_walk(void)
{
	enum { COUNTERS = 1 << 20 };
	static bool seen[COUNTERS];
	u64 top = 0, state = 1, counter, wrong = 0, accepted = 0;
	bool any = false;

	start(0);
	for (int i = 0; i < 2000000; i++) {
		state = state * 6364136223846793005ULL + 1442695040888963407ULL;
		counter = top + (state >> 33) % 40 - 20;
		if (!(state >> 60))
			counter = top - (state >> 33) % 9000;
		else if (!(state >> 50 & 0x3ff))
			counter = top + (state >> 33) % 9000;
		if (counter >= COUNTERS)
			continue;

		bool want = (!any || counter + REACH > top) && !seen[counter];

		wrong += wg_replay_ok(&r, counter) != want;
		accepted += want;
		seen[counter] |= want;
		if (want && (!any || counter > top))
			top = counter;
		any |= want;
	}
	is_int(wrong, 0);
	ok(accepted > 100000);
	ok(top > 500000);
}

int main(void)
{
	in_order();
	backwards();
	lower_edge();
	jumps();
	upper_edge();
	random_walk();
	return tap_done();
}
