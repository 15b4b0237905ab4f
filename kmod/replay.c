// SPDX-License-Identifier: GPL-2.0
/*
 * replay: the window of counters that a session has seen, see replay.h. Owns
 * wg_replay.lock.
 */
#include <linux/string.h>

#include "replay.h"

void wg_replay_init(struct wg_replay *replay)
{
	memset(replay, 0, sizeof(*replay));
	spin_lock_init(&replay->lock);
}

/* Words between the old highest counter and the new one still tell of one turn of the ring ago. */
static void advance(struct wg_replay *replay, u64 counter)
{
	u64 first = DIV_ROUND_UP_ULL(replay->next, BITS_PER_LONG), last = counter / BITS_PER_LONG;

	if (last >= first + WG_REPLAY_WORDS)
		first = last - WG_REPLAY_WORDS + 1;
	for (; first <= last; first++)
		replay->seen[first % WG_REPLAY_WORDS] = 0;
	WRITE_ONCE(replay->next, counter + 1);
}

bool wg_replay_ok(struct wg_replay *replay, u64 counter)
{
	unsigned long *word = &replay->seen[counter / BITS_PER_LONG % WG_REPLAY_WORDS];
	unsigned long bit = 1UL << (counter % BITS_PER_LONG);
	bool fresh = false;

	if (counter >= WG_REJECT_AFTER_MESSAGES)
		return false;
	spin_lock_bh(&replay->lock);
	if (counter >= replay->next)
		advance(replay, counter);
	if (replay->next - counter <= WG_REPLAY_REACH + 1) {
		fresh = !(*word & bit);
		*word |= bit;
	}
	spin_unlock_bh(&replay->lock);
	return fresh;
}
