// SPDX-License-Identifier: GPL-2.0
/* signals: for commands that run until they are told to end. */
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

void wgc_signals_take(struct wgc_signals *s, bool reload)
{
	const struct sigaction end = { .sa_handler = on_end }, again = { .sa_handler = on_reload };
	static const int sigs[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(sigs); i++) {
		bool hup = sigs[i] == SIGHUP;

		/* What nohup or a shell's & made us ignore stays ignored. */
		if (!(hup && reload) && !sigaction(sigs[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		sigaction(sigs[i], hup && reload ? &again : &end, NULL);
		sigaddset(&blocked, sigs[i]);
	}
	/* Between a look at the flag and the wait a signal would be lost. */
	sigprocmask(SIG_BLOCK, &blocked, &s->waiting);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(sigs); i++)
		sigdelset(&s->waiting, sigs[i]);
}
