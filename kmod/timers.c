// SPDX-License-Identifier: GPL-2.0
/*
 * timers: the deadlines of a peer, see timers.h. The first part is pure.
 * Locks: none.
 */
#include "timers.h"

#include <linux/jiffies.h>

#include "messages.h"

/* ---- the machine ------------------------------------------------------------------ */

bool wg_deadline_set(struct wg_deadlines *d, enum wg_deadline which, unsigned long at)
{
	if (!at)
		at = 1;
	if (READ_ONCE(d->at[which]) == at)
		return false;
	WRITE_ONCE(d->at[which], at);
	return true;
}

void wg_deadline_clear(struct wg_deadlines *d, enum wg_deadline which)
{
	/* Mostly it is clear already: no store, no cache line taken from others. */
	if (READ_ONCE(d->at[which]))
		WRITE_ONCE(d->at[which], 0);
}

bool wg_deadline_next(const struct wg_deadlines *d, unsigned long *ret_at)
{
	bool found = false;

	for (int i = 0; i < WG_DEADLINES; i++) {
		unsigned long at = READ_ONCE(d->at[i]);

		if (at && (!found || time_before(at, *ret_at))) {
			*ret_at = at;
			found = true;
		}
	}
	return found;
}

unsigned int wg_deadline_take_due(struct wg_deadlines *d, unsigned long now)
{
	unsigned int due = 0;

	for (int i = 0; i < WG_DEADLINES; i++) {
		unsigned long at = READ_ONCE(d->at[i]);

		/* A deadline that was moved meanwhile stays. */
		if (at && time_after_eq(now, at) && cmpxchg(&d->at[i], at, 0) == at)
			due |= 1U << i;
	}
	return due;
}

#ifdef __KERNEL__
#include "handshake.h"
#include "send.h"
#include "socket.h"

/* ---- the machine of a peer ---------------------------------------------------------- */

bool wg_expired(u64 birth, u64 seconds)
{
	return (s64)(birth + seconds * NSEC_PER_SEC) <= (s64)ktime_get_coarse_boottime_ns();
}

static void wg_due_in(struct wg_peer *peer, enum wg_deadline which, unsigned long delay)
{
	unsigned long at = jiffies + delay;

	if (!wg_peer_is_on(peer) || !wg_deadline_set(&peer->timers.due, which, at))
		return;
	/* timer_reduce() looks without a lock first, and finds nothing to do
	 * when the timer fires earlier anyway. If it is firing now, either it is
	 * seen not to be pending any more, or it sees the new deadline. */
	smp_mb();
	timer_reduce(&peer->timers.timer, at ?: 1);
}

static unsigned long wg_jitter(void)
{
	return get_random_u32_below(msecs_to_jiffies(WG_REKEY_JITTER_MS));
}

static void wg_retransmit(struct wg_peer *peer)
{
	struct wg_deadlines *d = &peer->timers.due;

	if (READ_ONCE(d->attempts) > WG_MAX_HANDSHAKE_ATTEMPTS) {
		pr_debug("%s: peer %llu does not answer, giving up\n", peer->wg->dev->name, peer->id);
		wg_deadline_clear(d, WG_DUE_KEEPALIVE);
		/* What is queued would be old when a session comes at last. */
		wg_purge_staged(peer);
		if (!READ_ONCE(d->at[WG_DUE_ZERO_KEYS]))
			wg_due_in(peer, WG_DUE_ZERO_KEYS, WG_REJECT_AFTER_TIME * 3 * HZ);
		return;
	}
	WRITE_ONCE(d->attempts, d->attempts + 1);
	/* Perhaps it was our source address that led nowhere. */
	wg_peer_clear_source(peer);
	wg_handshake_initiate(peer, true);
	/* Also if it was held back, because clocks differ by a little. */
	wg_timers_initiation_sent(peer);
}

static void wg_timer_fires(struct timer_list *timer)
{
	struct wg_peer *peer = timer_container_of(peer, timer, timers.timer);
	struct wg_deadlines *d = &peer->timers.due;
	unsigned long next;
	unsigned int due;

	smp_mb(); /* see wg_due_in() */
	due = wg_deadline_take_due(d, jiffies);
	if (due & (1U << WG_DUE_RETRANSMIT))
		wg_retransmit(peer);
	if (due & (1U << WG_DUE_NEW_HANDSHAKE)) {
		wg_peer_clear_source(peer);
		wg_handshake_initiate(peer, false);
	}
	if (due & (1U << WG_DUE_KEEPALIVE)) {
		wg_send_keepalive(peer);
		if (READ_ONCE(d->another_keepalive)) {
			WRITE_ONCE(d->another_keepalive, false);
			wg_due_in(peer, WG_DUE_KEEPALIVE, WG_KEEPALIVE_TIMEOUT * HZ);
		}
	}
	if (due & (1U << WG_DUE_PERSISTENT) && READ_ONCE(peer->persistent_keepalive))
		wg_send_keepalive(peer);
	if (due & (1U << WG_DUE_ZERO_KEYS) && wg_peer_get_maybe(peer) &&
	    !queue_work(peer->wg->handshake_wq, &peer->clear))
		wg_peer_put(peer);

	if (wg_deadline_next(d, &next))
		timer_reduce(timer, next);
}

void wg_timers_init(struct wg_peer *peer)
{
	timer_setup(&peer->timers.timer, wg_timer_fires, 0);
}

void wg_timers_stop(struct wg_peer *peer)
{
	timer_delete_sync(&peer->timers.timer);
	memset(&peer->timers.due, 0, sizeof(peer->timers.due));
}

/* ---- what happens to a peer ---------------------------------------------------------- */

void wg_timers_data_sent(struct wg_peer *peer)
{
	if (!READ_ONCE(peer->timers.due.at[WG_DUE_NEW_HANDSHAKE]))
		wg_due_in(peer, WG_DUE_NEW_HANDSHAKE, (WG_KEEPALIVE_TIMEOUT + WG_REKEY_TIMEOUT) * HZ + wg_jitter());
}

void wg_timers_data_received(struct wg_peer *peer)
{
	struct wg_deadlines *d = &peer->timers.due;

	if (!READ_ONCE(d->at[WG_DUE_KEEPALIVE]))
		wg_due_in(peer, WG_DUE_KEEPALIVE, WG_KEEPALIVE_TIMEOUT * HZ);
	else if (!READ_ONCE(d->another_keepalive))
		WRITE_ONCE(d->another_keepalive, true);
}

static void wg_timers_traversal(struct wg_peer *peer)
{
	u16 seconds = READ_ONCE(peer->persistent_keepalive);

	if (seconds)
		wg_due_in(peer, WG_DUE_PERSISTENT, seconds * HZ);
}

void wg_timers_sent(struct wg_peer *peer)
{
	wg_deadline_clear(&peer->timers.due, WG_DUE_KEEPALIVE);
	wg_timers_traversal(peer);
}

void wg_timers_received(struct wg_peer *peer)
{
	wg_deadline_clear(&peer->timers.due, WG_DUE_NEW_HANDSHAKE);
	wg_timers_traversal(peer);
}

void wg_timers_initiation_sent(struct wg_peer *peer)
{
	wg_due_in(peer, WG_DUE_RETRANSMIT, WG_REKEY_TIMEOUT * HZ + wg_jitter());
}

void wg_timers_handshake_complete(struct wg_peer *peer)
{
	struct wg_deadlines *d = &peer->timers.due;

	wg_deadline_clear(d, WG_DUE_RETRANSMIT);
	WRITE_ONCE(d->attempts, 0);
	WRITE_ONCE(d->sent_lastminute, false);
	WRITE_ONCE(peer->last_handshake, ktime_get_real_ns());
}

void wg_timers_session_derived(struct wg_peer *peer)
{
	wg_due_in(peer, WG_DUE_ZERO_KEYS, WG_REJECT_AFTER_TIME * 3 * HZ);
}
#endif
