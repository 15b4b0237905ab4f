/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replay: which counters of a session were seen. A ring of words, as RFC 6479
 * describes it: advancing clears whole words, nothing is ever shifted.
 *
 * Locks: wg_replay.lock (spinlock, BH), taken by wg_replay_ok(); `next` may be
 * read without it, with READ_ONCE().
 */
#ifndef WG_REPLAY_H
#define WG_REPLAY_H

#include <linux/spinlock.h>

#include "messages.h"

#define WG_REPLAY_WORDS (WG_REPLAY_WINDOW / BITS_PER_LONG)

/*
 * How far a counter may be behind the highest one: one word less than the ring
 * has, since the word of the highest is cleared before all of it is used.
 */
#define WG_REPLAY_REACH (WG_REPLAY_WINDOW - BITS_PER_LONG)

struct wg_replay {
	spinlock_t lock;
	u64 next; /* one more than the highest counter seen */
	unsigned long seen[WG_REPLAY_WORDS];
};

void wg_replay_init(struct wg_replay *replay);
/**
 * Note @counter of a packet that was authenticated. False: seen before, older
 * than the window, or WG_REJECT_AFTER_MESSAGES and beyond.
 */
bool wg_replay_ok(struct wg_replay *replay, u64 counter);

#endif
