/* SPDX-License-Identifier: GPL-2.0 */
/*
 * replay: which counters of a session were seen. A ring of words, as RFC 6479
 * describes it: advancing clears whole words, nothing is ever shifted.
 * Locks: the caller's.
 */
#ifndef WG_REPLAY_H
#define WG_REPLAY_H

#include <linux/bits.h>
#include <linux/spinlock.h>

#include "messages.h"

#define WG_REPLAY_WORDS (WG_REPLAY_WINDOW / BITS_PER_LONG)

struct wg_replay {
	spinlock_t lock; /* for callers: wg_replay_ok() takes it */
	u64 next;	 /* one more than the highest counter seen */
	unsigned long seen[WG_REPLAY_WORDS];
};

void wg_replay_init(struct wg_replay *replay);
/**
 * Note @counter of a packet that was authenticated. False: seen before, older
 * than the window, or past WG_REJECT_AFTER_MESSAGES.
 */
bool wg_replay_ok(struct wg_replay *replay, u64 counter);

#endif
