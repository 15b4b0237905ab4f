// SPDX-License-Identifier: GPL-2.0
/*
 * A kill switch is in force from the moment that it is loaded: whatever fails,
 * and wherever the process is killed, until `down`; and a lockdown until it is
 * told otherwise. Looked at before each operation on the model of a machine.
 */
#include <errno.h>

#include "fake/kernel.c"
#include "unit/plan/make.h"

#define PEER "[Peer]\nEndpoint = 198.51.100.1:51820\nAllowedIPs = 0.0.0.0/0, ::/0\n"
#define ON "KillSwitch = on\nAddress = 10.7.0.2/24, fd07::2/64\n" PEER
#define LOCKDOWN "KillSwitch = lockdown\nAddress = 10.7.0.2/24, fd07::2/64\n" PEER

static struct fake *f;
static struct log said;
static struct wgc_run run;
static struct wgc_err err;
static char *before;
static unsigned gaps; /* operations that began without a kill switch in force */

static bool in_force(void)
{
	for (unsigned i = 0; i < f->s->n_tables; i++)
		if (strstr(f->s->tables[i], "/kill"))
			return true;
	return false;
}

static int look(void *ctx)
{
	gaps += !in_force();
	return 0;
}

static void watch(bool on)
{
	f->decide = on ? look : NULL;
	gaps = 0;
}

static void begin(void)
{
	watch(false);
	fake_back(f);
	free(before);
	before = fake_snapshot(f);
}

static int up(const struct wgc_profile *p)
{
	log_done(&said);
	run = logged(&said);
	err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_up(&f->sys, p, &run, &err);
}

static int down_with(const struct wgc_profile *p, bool unlock)
{
	log_done(&said);
	run = logged(&said);
	run.unlock = unlock;
	err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_down(&f->sys, p->name, &run, &err);
}

static int down(const struct wgc_profile *p)
{
	return down_with(p, false);
}

static bool as_before(void)
{
	char *now = fake_snapshot(f);
	bool good = !strcmp(now, before);

	if (!good)
		printf("# it is now:\n%s", now);
	free(now);
	return good;
}

static bool killed(int (*fn)(const struct wgc_profile *), const struct wgc_profile *p)
{
	pid_t pid = fake_fork();
	int saw_gaps;
	bool was;

	if (pid == 0) {
		fn(p);
		_exit(gaps != 0);
	}
	was = fake_was_killed(f, pid, &saw_gaps);
	gaps += saw_gaps;
	return was;
}

/* ---- what is refused, what is told ------------------------------------------- */

static void without_nft(void)
{
	struct wgc_profile *p = profile("office", ON);

	begin();
	f->s->no_nft = true;
	free(before);
	before = fake_snapshot(f);
	is_int(up(p), -EPROTONOSUPPORT);
	is_int(err.code, WGC_E_KERNEL);
	ok(strstr(err.msg, "kill switch") && strstr(err.hint, "nf_tables"));
	is_int(err.at.line, 3);
	/* Before the first step. */
	is_int(said.at, 0);
	ok(as_before());
	wgc_profile_free(p);
}

static void order(void)
{
	struct wgc_profile *p = profile("office", ON);
	const char *loaded, *device, *last;

	begin();
	is_int(up(p), 0);
	loaded = strstr(said.steps.s, "killswitch.load");
	device = strstr(said.steps.s, "device.configure");
	ok(loaded && device && loaded < device);
	ok(strstr(said.steps.s, "unreachable 0.0.0.0/0 table"));
	is_int(down(p), 0);
	last = strstr(said.undos.s, "killswitch.load");
	ok(last && !strchr(strchr(last, '\n') + 1, '\n'));
	ok(as_before() && !run.locked);
	wgc_profile_free(p);
}

static void admit(void)
{
	union wgc_sockaddr v[2] = { { .in = { .sin_family = AF_INET, .sin_port = 7 } },
				    { .in6 = { .sin6_family = AF_INET6, .sin6_port = 7 } } };

	begin();
	is_int(wgc_plan_admit(&f->sys, "office", v, 2, &err), 0);
	is_int(wgc_plan_admit(&f->sys, "office", v, 0, &err), 0);
	f->s->no_nft = true;
	is_int(wgc_plan_admit(&f->sys, "office", v, 2, &err), 0);
}

/* ---- always in force ------------------------------------------------------------ */

/* The link is deleted by hand, or not; then `up`, killed at every operation. */
static void on_through_repair(bool gone)
{
	struct wgc_profile *p = profile("office", ON);
	unsigned tried = 0, bad = 0;

	for (unsigned k = 1;; k++) {
		begin();
		if (up(p) < 0)
			abort();
		if (gone && wgc_nl_link_delete(f->sys.nl, fake_ifindex(f, "office"), NULL) < 0)
			abort();
		fake_arm(f, FAKE_KILL_LATE, k, 0);
		watch(true);
		if (!killed(up, p))
			break;
		tried++;
		bad += gaps || !in_force();
		/* Again, to the end: still no gap. */
		bad += up(p) < 0 || gaps || !in_force();
		watch(false);
		bad += down(p) < 0 || !as_before();
	}
	is_int(bad, 0);
	ok(gone ? tried > 10 : tried == 0);
	wgc_profile_free(p);
}

static void on_through_failing_repair(void)
{
	struct wgc_profile *p = profile("office", ON);
	unsigned tried = 0, bad = 0, n;

	begin();
	if (up(p) < 0)
		abort();
	n = f->s->ops;
	for (unsigned k = 1; k < n; k++) {
		begin();
		fake_arm(f, FAKE_KILL, n - 2, 0);
		if (!killed(up, p))
			abort();
		fake_arm(f, FAKE_FAIL, k, EIO);
		watch(true);
		/* It failed; what was in force is so still. */
		if (up(p) < 0) {
			tried++;
			bad += !in_force() || gaps;
			bad += !run.undo_failed && !run.locked && run.steps;
		}
		watch(false);
		fake_arm(f, FAKE_NEVER, 0, 0);
		bad += down(p) < 0 || !as_before();
	}
	is_int(bad, 0);
	ok(tried > 10);
	wgc_profile_free(p);
}

static void lock(const struct wgc_profile *p)
{
	begin();
	if (up(p) < 0 || down(p) < 0)
		abort();
}

static void lockdown_through(int (*fn)(const struct wgc_profile *), bool first_up, enum fake_when when)
{
	struct wgc_profile *p = profile("office", LOCKDOWN);
	unsigned tried = 0, bad = 0;

	for (unsigned k = 1;; k++) {
		bool met;

		lock(p);
		if (first_up && up(p) < 0)
			abort();
		fake_arm(f, when, k, EIO);
		watch(true);
		if (when == FAKE_FAIL) {
			fn(p);
			met = f->s->hit[0];
			fake_arm(f, FAKE_NEVER, 0, 0);
		} else {
			met = killed(fn, p);
		}
		if (!met)
			break;
		tried++;
		bad += gaps || !in_force();
		watch(false);
		bad += down_with(p, true) < 0 || !as_before();
	}
	is_int(bad, 0);
	ok(tried > 5);
	wgc_profile_free(p);
}

static int locks(const struct wgc_profile *p)
{
	log_done(&said);
	run = logged(&said);
	err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_lockdown(&f->sys, p, &run, &err);
}

/* On a machine where nothing is up; killed or failing anywhere: then it is in force or as
 * before, and the next one puts it in force for good. */
static void lockdown_before_up(enum fake_when when)
{
	struct wgc_profile *p = profile("office", LOCKDOWN);
	unsigned tried = 0, bad = 0;

	for (unsigned k = 1;; k++) {
		bool met;

		begin();
		fake_arm(f, when, k, EIO);
		if (when == FAKE_FAIL) {
			bad += locks(p) < 0 && !run.undo_failed && !as_before();
			met = f->s->hit[0];
			fake_arm(f, FAKE_NEVER, 0, 0);
		} else {
			met = killed(locks, p);
		}
		if (!met)
			break;
		tried++;
		bad += locks(p) < 0 || !in_force() || run.already_up;
		watch(true);
		bad += up(p) < 0 || run.repaired || gaps;
		bad += locks(p) < 0 || !run.already_up || gaps;
		bad += down(p) < 0 || !run.locked || gaps || !in_force();
		watch(false);
		bad += down_with(p, true) < 0 || !as_before();
	}
	is_int(bad, 0);
	ok(tried > 0);
	wgc_profile_free(p);
}

static void lockdown_refused(void)
{
	struct wgc_profile *p = profile("office", ON);

	begin();
	is_int(locks(p), -EINVAL);
	is_int(err.code, WGC_E_CONFIG);
	is_int(err.at.line, 3);
	ok(as_before());
	wgc_profile_free(p);
	p = profile("office", "InterfaceNamespace = room\n" LOCKDOWN);
	is_int(locks(p), -EINVAL);
	is_int(err.at.line, 3);
	ok(as_before());
	wgc_profile_free(p);
}

static void lockdown_is_told(void)
{
	struct wgc_profile *p = profile("office", LOCKDOWN);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v;
	size_t n;

	begin();
	is_int(up(p), 0);
	is_int(down(p), 0);
	ok(run.locked && in_force());
	is_int(down(p), -ENOENT);
	is_int(err.code, WGC_E_NOT_UP);
	ok(strstr(err.hint, "--unlock"));
	is_int(wgc_plan_list(&f->sys, a, &v, &n, NULL), 0);
	is_int(n, 1);
	ok(v[0].locked && v[0].lockdown && !v[0].finished);
	/* Up again, from there: nothing is told of repairs, for nothing was broken. */
	is_int(up(p), 0);
	ok(!run.repaired && !run.already_up);
	is_int(wgc_plan_list(&f->sys, a, &v, &n, NULL), 0);
	ok(!v[0].locked && v[0].lockdown && v[0].finished);
	is_int(up(p), 0);
	ok(run.already_up);
	is_int(down_with(p, true), 0);
	ok(!run.locked && as_before());
	wgc_arena_free(a);
	wgc_profile_free(p);
}

/* Edited while it is down. */
static void lockdown_given_up(const char *text)
{
	struct wgc_profile *p = profile("office", LOCKDOWN), *edited = profile("office", text);

	begin();
	is_int(up(p), 0);
	is_int(down(p), 0);
	/* Also where it is only asked what it would do. */
	log_done(&said);
	run = logged(&said);
	run.dry_run = true;
	is_int(wgc_plan_up(&f->sys, edited, &run, &err), 0);
	ok(said.warnings.s && strstr(said.warnings.s, "`wgctl down --unlock office`"));
	is_int(up(edited), 0);
	ok(in_force() && said.warnings.s && strstr(said.warnings.s, "`wgctl reload office` ends it"));
	is_int(down(edited), 0);
	ok(run.locked && in_force());
	is_int(up(edited), 0);
	log_done(&said);
	run = logged(&said);
	is_int(wgc_plan_reload(&f->sys, edited, &run, &err), 0);
	is_int(in_force(), edited->kill_switch == WGC_KILL_SWITCH_ON);
	is_int(down(edited), 0);
	ok(!run.locked && as_before());
	wgc_profile_free(edited);
	wgc_profile_free(p);
}

static int reload_edited(const struct wgc_profile *p)
{
	run = (struct wgc_run){ .steps = 0 };
	return wgc_plan_reload(&f->sys, p, &run, &err);
}

/* A reload that is killed anywhere is over when the tunnel is down, and up again. */
static void reload_is_over(void)
{
	struct wgc_profile *p = profile("office", LOCKDOWN), *edited = profile("office", "MTU = 1300\nListenPort = 4444\n" LOCKDOWN);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *v;
	size_t n;

	for (unsigned k = 1;; k++) {
		begin();
		if (up(p) < 0)
			abort();
		fake_arm(f, FAKE_KILL, k, 0);
		if (!killed(reload_edited, edited))
			break;
		is_int(down(p), 0);
		is_int(up(edited), 0);
		ok(wgc_plan_list(&f->sys, a, &v, &n, NULL) == 0 && n == 1 && v[0].finished);
		is_int(down_with(p, true), 0);
		ok(as_before());
	}
	wgc_arena_free(a);
	wgc_profile_free(edited);
	wgc_profile_free(p);
}

/* Edited after it was killed half way. */
static void kill_switch_given_up(void)
{
	struct wgc_profile *p = profile("office", ON), *edited = profile("office", "Address = 10.7.0.2/24, fd07::2/64\n" PEER);
	unsigned found = 0;

	for (unsigned k = 1;; k++) {
		begin();
		fake_arm(f, FAKE_KILL, k, 0);
		if (!killed(up, p))
			break;
		found += in_force();
		/* It had come to its end, and is up. */
		if (up(edited) == -EEXIST)
			break;
		is_int(err.code, 0);
		ok(!in_force() && !said.warnings.len);
		is_int(down(edited), 0);
		ok(as_before());
	}
	ok(found > 5);
	wgc_profile_free(edited);
	wgc_profile_free(p);
}

int main(void)
{
	f = fake_new();
	kill_switch_given_up();
	reload_is_over();
	lockdown_given_up(ON);
	lockdown_given_up("Address = 10.7.0.2/24, fd07::2/64\n" PEER);
	without_nft();
	order();
	admit();
	on_through_repair(false);
	on_through_repair(true);
	on_through_failing_repair();
	lockdown_is_told();
	lockdown_refused();
	lockdown_before_up(FAKE_FAIL);
	lockdown_before_up(FAKE_KILL);
	lockdown_before_up(FAKE_KILL_LATE);
	for (int first_up = 0; first_up < 2; first_up++) {
		lockdown_through(first_up ? down : up, first_up, FAKE_FAIL);
		lockdown_through(first_up ? down : up, first_up, FAKE_KILL);
		lockdown_through(first_up ? down : up, first_up, FAKE_KILL_LATE);
	}
	log_done(&said);
	free(before);
	fake_free(f);
	return tap_done();
}
