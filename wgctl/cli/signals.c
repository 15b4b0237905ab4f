// SPDX-License-Identifier: GPL-2.0
/* signals: what a command does when it is told to end. */
#include "cli/live.h"

volatile int wgc_signal_end, wgc_signal_reload;

static void on_end(int sig)
{
	wgc_signal_end = sig;
}

static void on_reload(int sig)
{
	wgc_signal_reload = sig;
}

bool wgc_signal_act(int sig, const struct sigaction *act)
{
	struct sigaction old;

	return sigaction(sig, NULL, &old) == 0 && old.sa_handler != SIG_IGN && sigaction(sig, act, NULL) == 0;
}

void wgc_signals_take(struct wgc_signals *s, bool reload)
{
	const struct sigaction end = { .sa_handler = on_end }, again = { .sa_handler = on_reload };
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(sigs); i++) {
		bool hup = sigs[i] == SIGHUP;

		if (hup && reload ? sigaction(SIGHUP, &again, NULL) == 0 : wgc_signal_act(sigs[i], &end))
			sigaddset(&blocked, sigs[i]);
	}
	/* Between a look at the flag and the wait a signal would be lost. */
	sigprocmask(SIG_BLOCK, &blocked, &s->waiting);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(sigs); i++)
		sigdelset(&s->waiting, sigs[i]);
}
