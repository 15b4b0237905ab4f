// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper: a device that is plugged in while the others are in their
 * namespace appears where none should be. Nothing gets out through it, the guard
 * sees to that; the keeper takes it to the others, or, if it may not leave, sets
 * it down. And a guard that somebody removes, with `nft flush ruleset` for one, is
 * put back.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "plan/physical/physical.h"

static void ignore(void *ctx, const struct wgc_event *what)
{
	bool *link = ctx;

	*link |= what->kind == WGC_EVENT_LINK || what->kind == WGC_EVENT_LOST;
}

/* Those that are new stay as they were judged, all others are none of our business. True when there are any. */
static bool pick(struct wgc_sys *sys, struct wgc_physical *p)
{
	bool any = false;
	char name[16];

	for (size_t i = 0; i < p->n; i++) {
		struct wgc_physical_nic *v = &p->v[i];

		/* One with a mark has come back because the namespace died: that is for `recover`. */
		if (wgc_physical_marked(v->nic->link.alias, name))
			v->verdict.fate = WGC_FATE_STAYS;
		if (v->verdict.fate == WGC_FATE_REFUSED) {
			if (v->nic->link.flags & IFF_UP && wgc_nl_link_set(sys->nl, v->nic->link.ifindex, 0, NULL, false, NULL) == 0)
				syslog(LOG_WARNING, "physical: '%s' has appeared and is set down: %s", v->nic->link.ifname, v->verdict.why);
			v->verdict.fate = WGC_FATE_STAYS;
		}
		any |= wgc_physical_goes(v);
	}
	return any;
}

/*
 * The kernel has named it as if the others did not exist: two of one name could
 * neither be in one namespace, nor be told apart by their marks.
 */
static int name_apart(struct wgc_sys *sys, struct wgc_physical *p, struct wgc_physical_nic *v, struct wgc_err *err)
{
	struct wgc_nic *renamed = wgc_arena_alloc(p->arena, sizeof(*renamed));
	char base[11], name[IFNAMSIZ];
	struct wgc_link other;
	int r = 0;

	if (!renamed)
		return wgc_err_nomem(err);
	if (wgc_nl_link_get(p->nl, v->nic->link.ifname, &other, NULL) < 0)
		return 0;
	*renamed = *v->nic;
	snprintf(base, sizeof(base), "%.9s", v->nic->link.ifname);
	base[strcspn(base, "0123456789")] = 0;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "%s%u", base[0] ? base : "dev", i);
		if (wgc_nl_link_get(p->nl, name, &other, NULL) < 0 && wgc_nl_link_get(sys->nl, name, &other, NULL) < 0)
			break;
	}
	if (renamed->link.flags & IFF_UP)
		r = wgc_nl_link_set(sys->nl, renamed->link.ifindex, 0, NULL, false, err);
	r = r ?: wgc_nl_link_rename(sys->nl, renamed->link.ifindex, name, err);
	if (r == 0) {
		snprintf(renamed->link.ifname, sizeof(renamed->link.ifname), "%s", name);
		v->nic = renamed;
	}
	return r;
}

static int move_new(struct wgc_sys *sys, struct wgc_physical *p, struct wgc_journal *journal, size_t base, struct wgc_err *err)
{
	struct wgc_profile profile = { .name = NULL };
	struct wgc_plan plan = { .arena = p->arena, .profile = &profile, .physical = p };
	struct wgc_run run = { .dry_run = false };
	struct wgc_exec x = { .sys = sys, .plan = &plan, .run = &run, .journal = journal };
	int r = wgc_physical_facts(sys, p, err);

	/* Nothing new, or only what may not leave. */
	if (r < 0 && r != -EBUSY && r != -ENODEV)
		return r;
	if (!pick(sys, p))
		return 0;
	/* Where one may not leave, the others were not looked at. */
	for (size_t i = 0; i < p->n; i++) {
		if (wgc_physical_goes(&p->v[i]) && !p->v[i].addrs)
			r = wgc_physical_look_at(sys, p, &p->v[i], err);
		if (wgc_physical_goes(&p->v[i]) && !p->v[i].addrs)
			return r;
		if (wgc_physical_goes(&p->v[i])) {
			r = name_apart(sys, p, &p->v[i], err);
			if (r < 0)
				return r;
		}
	}
	p->base = base;
	p->routes = p->routes ?: "";
	p->rules = p->rules ?: "";
	if (wgc_physical_steps(&plan, false) < 0)
		return wgc_err_nomem(err);
	r = wgc_execute(&x, err);
	for (size_t i = 0; i < p->n && r == 0; i++)
		if (wgc_physical_goes(&p->v[i])) {
			struct wgc_link link;

			if (wgc_nl_link_get(p->nl, p->v[i].nic->link.ifname, &link, NULL) == 0)
				wgc_nl_link_set(p->nl, link.ifindex, 0, NULL, true, NULL);
			syslog(LOG_NOTICE, "physical: '%s' has appeared and was moved", p->v[i].nic->link.ifname);
		}
	return r;
}

struct keeper {
	struct wgc_sys sys;
	struct wgc_events *links;
	int nft; /* tells when a table of ours goes; -1: it does not. None for the namespace: to hear of it would keep it alive */
	int64_t said; /* when */
	char what[128];
};

/* Somebody who removes it all the time does not fill the log. */
static void say(void *ctx, const char *text)
{
	struct keeper *k = ctx;

	if (!strcmp(k->what, text) && wgc_now_ms() - k->said < 10000)
		return;
	syslog(LOG_WARNING, "%s", text);
	k->said = wgc_now_ms();
	snprintf(k->what, sizeof(k->what), "%s", text);
}

/* 1 when there was something to put back, -errno when there is and it cannot be. */
static int put_back(struct keeper *k, const struct wgc_history *h, const struct wgc_physical *p, struct wgc_arena *a)
{
	unsigned missing = wgc_physical_missing(&k->sys, h, p, a) & ~(unsigned)WGC_MISSING_KEEPER;
	struct wgc_run run = { .on_warning = say, .ctx = k };
	struct wgc_err err = WGC_ERR_INIT;
	char text[128];
	int r;

	if (!missing)
		return 0;
	r = wgc_physical_put_back(&k->sys, h, p, missing, a, &run, &err);
	if (r == 0)
		return 1;
	snprintf(text, sizeof(text), "physical: what keeps packets in cannot be put back: %.70s", err.msg);
	say(k, text);
	return r;
}

/* One look; *@ret_put_back as put_back() has it. False: there is nothing to keep any more. */
static bool look(struct keeper *k, struct wgc_journal *journal, struct wgc_arena *a, int *ret_put_back)
{
	struct wgc_physical_ask ask = { .force = true };
	struct wgc_physical p = { .arena = a, .ask = &ask, .home = wgc_ns_own(), .inside = -1 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_history h;
	json_t *records = NULL;
	size_t base = 0;
	bool goes_on = false;

	if (wgc_journal_read(journal, &records, NULL) == 0 && records && wgc_history_read(records, a, &h, NULL) == 0)
		goes_on = !h.down;
	if (goes_on && h.up && wgc_physical_asked(&h, a, &ask) == 0) {
		wgc_physical_open(&p, wgc_physical_made(&h), NULL);
		/* Also where the namespace is gone: what was in it is here again. */
		*ret_put_back = put_back(k, &h, &p, a);
	}
	if (p.inside >= 0) {
		for (size_t i = 0; i < h.n; i++)
			base = h.steps[i].index > base ? h.steps[i].index : base;
		/* What was taken is gone from here: it is not to be missed. */
		ask.take = NULL;
		if (move_new(&k->sys, &p, journal, base, &err) < 0)
			syslog(LOG_ERR, "physical: a device has appeared and could not be moved: %s", err.msg);
	}
	json_decref(records);
	wgc_physical_close(&p);
	wgc_close(p.home);
	return goes_on;
}

static void wait_for(struct keeper *k)
{
	bool happened = false;

	while (!happened) {
		struct pollfd fds[] = { { .fd = wgc_events_fd(k->links), .events = POLLIN },
					{ .fd = k->nft, .events = POLLIN } };

		poll(fds, WGC_ARRAY_SIZE(fds), -1);
		if (wgc_events_read(k->links, ignore, &happened, NULL) < 0)
			happened = true;
		happened |= wgc_nft_events_read(k->nft, WGC_PHYSICAL_TABLE);
	}
}

void wgc_physical_keep(const char *run_dir)
{
	static const struct timespec pause = { .tv_nsec = 200 * 1000 * 1000 };
	struct keeper k = { .nft = -1 };
	bool goes_on = true;

	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	openlog("wgctl", LOG_PID, LOG_DAEMON);
	if (wgc_sys_open(&k.sys, NULL) < 0)
		return;
	k.sys.run_dir = run_dir;
	if (wgc_events_open(&k.links, NULL) < 0)
		goes_on = false;
	k.nft = wgc_nft_events_open();
	while (goes_on) {
		struct wgc_journal journal;
		struct wgc_arena *a = wgc_arena_new();
		int back = 0;
		int r = a ? wgc_physical_lock(&k.sys, &journal, NULL) : -ENOMEM;

		if (r == 0) {
			goes_on = look(&k, &journal, a, &back);
			wgc_physical_unlock(&k.sys, &journal);
		}
		wgc_arena_free(a);
		/* Not in a tight loop with who removes it again. */
		if (r < 0 || back)
			nanosleep(&pause, NULL);
		/* With the door open nothing is waited for. */
		if (r == 0 && goes_on && back >= 0)
			wait_for(&k);
	}
	wgc_close(k.nft);
	wgc_events_close(k.links);
	wgc_sys_close(&k.sys);
}
