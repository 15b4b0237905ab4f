/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timers: when a peer has to do something although no packet asks for it
 * (whitepaper section 6). Five deadlines in one kernel timer, which is moved
 * only to an earlier time: packets write a word, and the timer, when it fires
 * too early, goes to sleep again. So a packet hardly ever touches the timer.
 *
 * The state machine (struct wg_deadlines) is pure and takes the time as a
 * number; the rest of this file is its use for a peer.
 *
 * Locks: none; words are read and written once each. A deadline lost in a race
 * comes back with the next packet.
 */
#ifndef WG_TIMERS_H
#define WG_TIMERS_H

#include <linux/timer.h>
#include <linux/types.h>

struct wg_peer;

enum wg_deadline {
	WG_DUE_RETRANSMIT,	 /* no answer to our initiation: again, or give up */
	WG_DUE_KEEPALIVE,	 /* data came and nothing went out */
	WG_DUE_NEW_HANDSHAKE,	 /* data went out and nothing came */
	WG_DUE_ZERO_KEYS,	 /* three times the life of a session without a new one */
	WG_DUE_PERSISTENT,	 /* persistent keepalive */
	WG_DEADLINES,
};

/* In jiffies; 0 is "not set", so a time that happens to be 0 becomes 1. */
struct wg_deadlines {
	unsigned long at[WG_DEADLINES];
	unsigned int attempts;	     /* initiations without an answer */
	bool another_keepalive;	     /* data came while a keepalive was due already */
	bool sent_lastminute;	     /* this session asked for its successor because it got old while receiving */
};

/* The machine. */
/** Whether that is news: the timer must fire then, or earlier. */
bool wg_deadline_set(struct wg_deadlines *d, enum wg_deadline which, unsigned long at);
void wg_deadline_clear(struct wg_deadlines *d, enum wg_deadline which);
/** The earliest that is set; false when none is. */
bool wg_deadline_next(const struct wg_deadlines *d, unsigned long *ret_at);
/** Bits (1 << enum wg_deadline) of those that are due at @now, which are cleared. */
unsigned int wg_deadline_take_due(struct wg_deadlines *d, unsigned long now);

struct wg_timers {
	struct timer_list timer;
	struct wg_deadlines due;
};

void wg_timers_init(struct wg_peer *peer);
/** No timer runs after this; for a link that goes down. */
void wg_timers_stop(struct wg_peer *peer);

/* What happened; whitepaper 6.2 to 6.5. */
void wg_timers_data_sent(struct wg_peer *peer);
void wg_timers_data_received(struct wg_peer *peer);
void wg_timers_sent(struct wg_peer *peer);	/* any packet that the peer can authenticate */
void wg_timers_received(struct wg_peer *peer);	/* any that was authenticated */
void wg_timers_initiation_sent(struct wg_peer *peer);
void wg_timers_handshake_complete(struct wg_peer *peer);
void wg_timers_session_derived(struct wg_peer *peer);

/** Is @birth (coarse boot time, ns) more than @seconds ago? */
bool wg_expired(u64 birth, u64 seconds);

#endif
