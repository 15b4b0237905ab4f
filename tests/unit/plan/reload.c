// SPDX-License-Identifier: GPL-2.0
/*
 * `reload` is all or nothing too: whatever change of it fails, the tunnel is as
 * it was; wherever it is killed, the next `up` goes on to the new profile and
 * `down` leaves nothing. On the model of a machine in tests/fake.
 */
#include <errno.h>

#include "fake/kernel.c"
#include "unit/plan/compare.h"
#include "unit/plan/make.h"

#define SIX "Address = 10.7.0.2/24, fd07::2/64\n"
#define PEER "[Peer]\nEndpoint = 198.51.100.1:51820\n"
#define FULL SIX PEER "AllowedIPs = 0.0.0.0/0, ::/0\n"
#define SPLIT SIX PEER "AllowedIPs = 10.1.0.0/16, fd01::/64\n"
#define DNS "DNSMode = file\nDNS = "

/* From one profile to another. */
static const struct pair {
	const char *name, *from, *to;
} pairs[] = {
	{ "peers", SPLIT "[Peer]\nAllowedIPs = 10.3.0.0/16, 10.4.0.0/16\n[Peer]\nAllowedIPs = 10.5.0.0/16\n",
	  SPLIT "[Peer]\nAllowedIPs = 10.3.0.0/16, 10.5.0.0/16, 10.6.0.0/16\nPersistentKeepalive = 25\n" },
	{ "addresses", SPLIT, "Address = 10.7.0.3/24, fd07::3/64, 10.9.0.1/32\n" PEER "AllowedIPs = 10.1.0.0/16, fd01::/64\n" },
	{ "other-addresses", "Address = 10.7.0.2/32\n" PEER "AllowedIPs = 10.1.0.0/16\n", "Address = 10.8.0.2/32\n" PEER "AllowedIPs = 10.1.0.0/16\n" },
	{ "link", "MTU = 1400\nListenPort = 51820\n" SPLIT, "MTU = 1380\nListenPort = 4242\n" SPLIT },
	{ "split-full", SPLIT, FULL },
	{ "full-split", FULL, SPLIT },
	{ "full-other-mark", FULL, "FwMark = 0x1234\n" FULL },
	{ "exclude", FULL, "ExcludeIPs = 203.0.113.0/24\n" FULL },
	{ "exclude-more", "ExcludeIPs = 203.0.113.0/24, 198.18.0.0/15\n" FULL, "ExcludeIPs = 203.0.113.0/24, 192.0.2.0/24\n" FULL },
	{ "full-address", FULL, "Address = 10.7.0.3/24\n" PEER "AllowedIPs = 0.0.0.0/0, ::/0\n" },
	{ "dns", DNS "10.7.0.53\n" SPLIT, DNS "10.7.0.54, example.org\n" SPLIT },
	{ "dns-comes", SPLIT, DNS "10.7.0.54\n" SPLIT },
	{ "dns-goes", DNS "10.7.0.54\n" SPLIT, SPLIT },
	{ "hooks", "PreDown = one\n" SPLIT, "PreDown = two\nPostDown = three\n" SPLIT },
	{ "kill-comes", FULL, "KillSwitch = on\n" FULL },
	{ "kill-goes", "KillSwitch = on\n" FULL, FULL },
	{ "kill-lan", "KillSwitch = on\nAllowLAN = yes\n" FULL, "KillSwitch = on\nAllowLAN = no\n" FULL },
	{ "kill-endpoint", "KillSwitch = on\n" FULL, "KillSwitch = on\n" SIX "[Peer]\nEndpoint = 198.51.100.2:51820\nAllowedIPs = 0.0.0.0/0, ::/0\n" },
	{ "block-open", "IPv6 = block\n" FULL, FULL },
	{ "open-block", FULL, "IPv6 = block\n" FULL },
	{ "kill-exclude-more", "KillSwitch = on\nExcludeIPs = 203.0.113.0/24\n" FULL,
	  "KillSwitch = on\nExcludeIPs = 203.0.113.0/24, 192.0.2.0/24\n" FULL },
	{ "side-exclude-more", "Table = 1234\nExcludeIPs = 198.18.0.0/15\n" SPLIT,
	  "Table = 1234\nExcludeIPs = 192.0.2.0/24, 198.18.0.0/15\n" SPLIT },
	{ "table-main", "Table = 254\n" SIX PEER "AllowedIPs = 10.7.0.0/24\n",
	  "Table = 254\nMTU = 1400\n" SIX PEER "AllowedIPs = 10.7.0.0/24\n" },
	{ "names", SPLIT, SIX "[Peer]\nEndpoint = hub.example.net:51820\nAllowedIPs = 10.1.0.0/16, fd01::/64\n" },
};

struct test {
	struct fake *f;
	const struct pair *pair;
	struct wgc_profile *from, *to;
	char *initial, *was, *will; /* snapshots: before all; with the one up; with the other, without journals */
	struct log log;
	struct wgc_run run;
	struct wgc_err err;
	unsigned bad, tried;
};

static void begin(struct test *t)
{
	log_done(&t->log);
	t->run = logged(&t->log);
	t->err = (struct wgc_err)WGC_ERR_INIT;
}

static int up(struct test *t, const struct wgc_profile *p)
{
	begin(t);
	return wgc_plan_up(&t->f->sys, p, &t->run, &t->err);
}

static int reload(struct test *t, const struct wgc_profile *p)
{
	begin(t);
	return wgc_plan_reload(&t->f->sys, p, &t->run, &t->err);
}

static int down(struct test *t)
{
	begin(t);
	return wgc_plan_down(&t->f->sys, t->to->name, &t->run, &t->err);
}

static void bad(struct test *t, const char *what, unsigned at)
{
	if (++t->bad <= 5)
		printf("# %s: %s, %u\n#   fault: %s\n#   error: %s: %s\n#   remains: %s\n", t->pair->name, what, at, t->f->s->hit,
		       t->err.ctx, t->err.msg, t->run.remains);
}

static void verdict_of(struct test *t, const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "%s: %s (%u points)", t->pair->name, what, t->tried);
	tap_ok(t->bad == 0 && t->tried, __FILE__, __LINE__, text);
	t->bad = t->tried = 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines in order: what goes and comes again stands at another place. */
static char *in_order(struct test *t)
{
	char *s = without_journals(t->f), *save = NULL, *lines[4096];
	struct wgc_str out = { 0 };
	size_t n = 0;

	for (char *line = strtok_r(s, "\n", &save); line && n < WGC_ARRAY_SIZE(lines); line = strtok_r(NULL, "\n", &save))
		lines[n++] = line;
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		wgc_str_addf(&out, "%s\n", lines[i]);
	free(s);
	return wgc_str_steal(&out);
}

static bool now_is(struct test *t, const char *want)
{
	char *now = in_order(t);
	bool good = same(now, want);

	free(now);
	return good;
}

static bool nothing_left(struct test *t)
{
	char *now = fake_snapshot(t->f);
	bool good = same(now, t->initial);

	free(now);
	return good;
}

static void prepare(struct test *t)
{
	fake_back(t->f);
	if (up(t, t->from) < 0) {
		printf("Bail out! %s: up: %s\n", t->pair->name, t->err.msg);
		exit(99);
	}
	fake_arm(t->f, FAKE_NEVER, 0, 0);
}

static void at_peace(struct test *t)
{
	char *fresh;

	fake_back(t->f);
	t->initial = fake_snapshot(t->f);
	is_int(up(t, t->to), 0);
	fresh = in_order(t);
	prepare(t);
	t->was = in_order(t);
	/* Nothing new: nothing done. */
	is_int(reload(t, t->from), 0);
	is_int(t->run.steps, 0);
	is_int(t->f->s->ops, 0);
	is_int(reload(t, t->to), 0);
	t->will = in_order(t);
	/* Which is what the profile would have been from the beginning. */
	ok(same(t->will, fresh));
	free(fresh);
	fake_arm(t->f, FAKE_NEVER, 0, 0);
	is_int(reload(t, t->to), 0);
	is_int(t->f->s->ops, 0);
	/* And back; and forth again; and down. */
	is_int(reload(t, t->from), 0);
	ok(now_is(t, t->was));
	is_int(reload(t, t->to), 0);
	ok(now_is(t, t->will));
	is_int(up(t, t->to), 0);
	ok(t->run.already_up);
	is_int(down(t), 0);
	ok(nothing_left(t));
}

/* A dry run tells the same steps, and does nothing. */
static void dry_run(struct test *t)
{
	char *steps;

	prepare(t);
	begin(t);
	t->run.dry_run = true;
	is_int(wgc_plan_reload(&t->f->sys, t->to, &t->run, &t->err), 0);
	is_int(t->f->s->ops, 0);
	steps = wgc_str_steal(&t->log.steps);
	is_int(reload(t, t->to), 0);
	is_str(wgc_str_get(&t->log.steps), steps ? steps : "");
	free(steps);
}

static unsigned ops_of_reload(struct test *t)
{
	prepare(t);
	if (reload(t, t->to) < 0) {
		printf("Bail out! %s: reload: %s\n", t->pair->name, t->err.msg);
		exit(99);
	}
	return t->f->s->ops;
}

static void fail(struct test *t, enum fake_when when)
{
	unsigned n = ops_of_reload(t);

	for (unsigned k = 1; k <= n; k++) {
		int r;

		prepare(t);
		fake_arm(t->f, when, k, EIO);
		r = reload(t, t->to);
		fake_arm(t->f, FAKE_NEVER, 0, 0);
		t->tried++;
		if (r == 0 && !now_is(t, t->will))
			bad(t, "said to be done", k);
		else if (r < 0 && !now_is(t, t->was))
			bad(t, "not as before", k);
		else if (r < 0 && (t->run.undo_failed || !t->err.msg[0]))
			bad(t, "said to be half done, or nothing", k);
		if (reload(t, t->to) < 0 || !now_is(t, t->will))
			bad(t, "a second reload does not do it", k);
		if (down(t) < 0 || !nothing_left(t))
			bad(t, "down leaves something", k);
	}
}

static bool killed(struct test *t)
{
	pid_t pid = fake_fork();

	if (pid == 0) {
		reload(t, t->to);
		_exit(0);
	}
	return fake_was_killed(t->f, pid, NULL);
}

enum then { THEN_DOWN, THEN_UP, THEN_RELOAD, THEN_BACK };

static void kill_and(struct test *t, enum fake_when when, enum then then)
{
	unsigned n = ops_of_reload(t);

	for (unsigned k = 1; k <= n; k++) {
		int r = 0;

		prepare(t);
		fake_arm(t->f, when, k, 0);
		if (!killed(t))
			bad(t, "not killed", k);
		t->tried++;
		if (then == THEN_RELOAD)
			r = reload(t, t->to);
		else if (then == THEN_BACK)
			r = reload(t, t->from);
		else if (then == THEN_UP)
			r = up(t, t->to);
		/* Killed before its first record, it has not begun. */
		if (r < 0 && !(then == THEN_UP && r == -EEXIST && now_is(t, t->was)))
			bad(t, "no way on", k);
		else if (r == 0 && then != THEN_DOWN && !now_is(t, then == THEN_BACK ? t->was : t->will))
			bad(t, "not what the profile says", k);
		if (down(t) < 0 || !nothing_left(t))
			bad(t, "down leaves something", k);
	}
}

static void sweep(struct fake *f, const struct pair *pair)
{
	struct test t = { .f = f, .pair = pair };

	t.from = profile("office", pair->from);
	t.to = profile("office", pair->to);
	at_peace(&t);
	dry_run(&t);
	fail(&t, FAKE_FAIL);
	verdict_of(&t, "every change refused");
	fail(&t, FAKE_FAIL_LATE);
	verdict_of(&t, "every change done, but called failed");
	kill_and(&t, FAKE_KILL, THEN_DOWN);
	verdict_of(&t, "killed, then down");
	kill_and(&t, FAKE_KILL_LATE, THEN_UP);
	verdict_of(&t, "killed, then up");
	kill_and(&t, FAKE_KILL_TORN, THEN_RELOAD);
	verdict_of(&t, "killed in the middle of writes, then reload");
	kill_and(&t, FAKE_KILL, THEN_BACK);
	verdict_of(&t, "killed, then the old profile again");
	log_done(&t.log);
	free(t.initial);
	free(t.was);
	free(t.will);
	wgc_profile_free(t.from);
	wgc_profile_free(t.to);
}

int main(int argc, char **argv)
{
	struct fake *f = fake_new();

	for (size_t i = 0; i < WGC_ARRAY_SIZE(pairs); i++)
		if (argc < 2 || !strcmp(argv[1], pairs[i].name))
			sweep(f, &pairs[i]);
	fake_free(f);
	return tap_done();
}
