// SPDX-License-Identifier: GPL-2.0
/*
 * All or nothing, tried at every point: whatever change of `up` or `down`
 * fails, and wherever the process is killed, the machine ends as it began, and
 * what is said about it is true. On the model of a machine in tests/fake.
 */
#include <errno.h>

#include "fake/kernel.c"
#include "unit/plan/compare.h"
#include "unit/plan/make.h"

/* Starting a child is very slow under the sanitizers, and what is looked for by
 * them does not need every one. */
#if defined(__SANITIZE_ADDRESS__)
#define KILL_STRIDE 12
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KILL_STRIDE 12
#endif
#endif
#ifndef KILL_STRIDE
#define KILL_STRIDE 1
#endif

#define SIX "Address = 10.7.0.2/24, fd07::2/64\n"
#define PEER "[Peer]\nEndpoint = 198.51.100.1:51820\n"

struct scenario {
	const char *name, *text;
	/* what else is up: since before, and after the profile */
	const char *before, *after;
	void (*arrange)(struct fake *f);
	void (*adjust)(struct wgc_profile *p);
};

static void sysctl_is_set(struct fake *f)
{
	fake_file(f, "proc/net/ipv4/conf/all/src_valid_mark", "1\n");
}

static void resolv_conf_is_a_link(struct fake *f)
{
	fake_file(f, "etc/stub.conf", "nameserver 127.0.0.53\n");
	unlink(f->sys.dns.resolv_conf);
	if (symlink("stub.conf", f->sys.dns.resolv_conf) < 0)
		abort();
}

static void no_ipv6(struct fake *f)
{
	fake_file(f, "proc/net/ipv6/conf/default/disable_ipv6", "1\n");
}

static void interrupted_dumps(struct fake *f)
{
	f->s->interrupts = 5;
}

static void block_ipv6(struct wgc_profile *p)
{
	p->ipv6 = WGC_IPV6_BLOCK;
}

#define KILL "KillSwitch = on\n"
#define FULL SIX PEER "AllowedIPs = 0.0.0.0/0, ::/0\n"
#define DNS "DNS = 10.7.0.53, fd07::53, corp.example\nDNSMode = file\n"

static const struct scenario scenarios[] = {
	{ .name = "split",
	  .text = SIX "ListenPort = 51820\nMTU = 1400\n" PEER "AllowedIPs = 10.1.0.0/16, 10.2.0.0/16, fd01::/64\n"
		  "PersistentKeepalive = 25\n[Peer]\nAllowedIPs = 10.3.0.0/16\n" },
	{ .name = "full", .text = FULL },
	{ .name = "hooks",
	  .text = "Address = 10.7.0.2/24\nPreUp = one %i\nPreUp = two %i\nPostUp = three %i\nPostUp = four\n"
		  "PreDown = five %i\nPreDown = six\nPostDown = seven %i\nPostDown = eight\n" PEER
		  "AllowedIPs = 10.1.0.0/16\n" },
	{ .name = "dns", .text = SIX DNS PEER "AllowedIPs = 10.1.0.0/16, fd01::/64\n" },
	{ .name = "dns-link", .text = DNS FULL, .arrange = resolv_conf_is_a_link },
	{ .name = "adopted-route",
	  .text = SIX "Table = 1234\nExcludeIPs = 203.0.113.0/24, 198.18.0.0/15, 198.51.100.0/24\n" PEER
		  "AllowedIPs = 10.0.0.0/8, 0.0.0.0/0\n" },
	{ .name = "adopted-sysctl",
	  .text = SIX "ExcludeIPs = 203.0.113.0/24, 192.0.2.0/24, 2001:db8::/32\n" PEER "AllowedIPs = 0.0.0.0/0, ::/0\n",
	  .arrange = sysctl_is_set },
	{ .name = "names",
	  .text = SIX "[Peer]\nEndpoint = hub.example.net:51820\nAllowedIPs = 10.1.0.0/16\n"
		  "[Peer]\nEndpoint = six.example.net:1\nAllowedIPs = 10.2.0.0/16\n"
		  "[Peer]\nEndpoint = gone.example.net:1\nAllowedIPs = 10.3.0.0/16\n" },
	{ .name = "a name that is too long for a link", .text = FULL },
	{ .name = "block-ipv6",
	  .text = "Address = 10.7.0.2/24\n" PEER "AllowedIPs = 0.0.0.0/0, ::/0\n",
	  .adjust = block_ipv6 },
	{ .name = "without-ipv6", .text = FULL, .arrange = no_ipv6 },
	{ .name = "kill-switch", .text = KILL "DNS = 10.7.0.53\nDNSMode = file\n" FULL },
	{ .name = "kill-switch-names", .text = KILL SIX "[Peer]\nEndpoint = hub.example.net:51820\nAllowedIPs = 10.1.0.0/16\n" },
	{ .name = "kill-two", .text = KILL FULL, .before = KILL "Address = 10.8.0.2/24\n" PEER "AllowedIPs = 0.0.0.0/0\n" },
	{ .name = "two-newer", .text = FULL, .before = "Address = 10.8.0.2/24\n" DNS PEER "AllowedIPs = 0.0.0.0/0\n" },
	{ .name = "two-older", .text = DNS FULL, .after = "Address = 10.8.0.2/24\n" DNS PEER "AllowedIPs = 0.0.0.0/0\n" },
};

/* ---- one scenario -------------------------------------------------------------- */

struct test {
	struct fake *f;
	const struct scenario *sc;
	struct wgc_profile *p, *before, *after;
	char *initial, *is_up; /* snapshots; the second without the journals */
	struct log log;
	struct wgc_run run;
	struct wgc_err err;
	unsigned bad, tried, turn;
};

static int up(struct test *t, const struct wgc_profile *p)
{
	log_done(&t->log);
	t->run = logged(&t->log);
	t->err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_up(&t->f->sys, p, &t->run, &t->err);
}

static int down(struct test *t, const struct wgc_profile *p)
{
	log_done(&t->log);
	t->run = logged(&t->log);
	t->err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_down(&t->f->sys, p->name, &t->run, &t->err);
}

/* A complaint; the first few in full. */
static void bad(struct test *t, const char *fmt, ...) WGC_PRINTF(2, 3);
static void bad(struct test *t, const char *fmt, ...)
{
	va_list ap;

	if (++t->bad > 5)
		return;
	printf("# %s: ", t->sc->name);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n#   fault: %s\n#   error: %s: %s\n#   remains: %s\n", t->f->s->hit, t->err.ctx, t->err.msg, t->run.remains);
}

static void verdict_of(struct test *t, const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "%s: %s (%u points)", t->sc->name, what, t->tried);
	tap_ok(t->bad == 0 && t->tried, __FILE__, __LINE__, text);
	t->bad = t->tried = t->turn = 0;
}

static bool now_is(struct test *t, const char *want)
{
	char *now = fake_snapshot(t->f);
	bool good = same(now, want);

	free(now);
	return good;
}

static bool now_is_up(struct test *t)
{
	char *now = without_journals(t->f);
	bool good = same(now, t->is_up);

	free(now);
	return good;
}

/* The machine before the profile is brought up. */
static void prepare(struct test *t)
{
	fake_back(t->f);
	if (t->sc->arrange)
		t->sc->arrange(t->f);
	if (t->before && up(t, t->before) < 0)
		abort();
	free(t->initial);
	t->initial = fake_snapshot(t->f);
	fake_arm(t->f, FAKE_NEVER, 0, 0);
}

/* ... and with it up. */
static void prepare_up(struct test *t)
{
	prepare(t);
	if (up(t, t->p) < 0 || (t->after && up(t, t->after) < 0))
		abort();
	fake_arm(t->f, FAKE_NEVER, 0, 0);
}

/* Everything down: is it as it was? */
static bool back_to_initial(struct test *t)
{
	if (t->after && down(t, t->after) < 0)
		return false;
	return now_is(t, t->initial);
}

/* Run in a child that is killed on the way. True when it was. */
static bool killed(struct test *t, int (*fn)(struct test *, const struct wgc_profile *))
{
	pid_t pid = fake_fork();

	if (pid == 0) {
		fn(t, t->p);
		_exit(0);
	}
	return fake_was_killed(t->f, pid, NULL);
}

/* ---- up ------------------------------------------------------------------------- */

static unsigned ops_of_up(struct test *t)
{
	prepare(t);
	if (up(t, t->p) < 0)
		abort();
	return t->f->s->ops;
}

/* The error of a failure in step N says so. */
static bool names_step(struct test *t)
{
	char want[64];

	/* The head of the journal comes before the first step, its last line after the last. */
	if (!t->log.at || strstr(t->f->s->hit, "{\"up\":true}") || strstr(t->f->s->hit, "/applied:") || (strstr(t->f->s->hit, "fdatasync") && !t->err.ctx[0]))
		return true;
	snprintf(want, sizeof(want), "step %zu of %zu", t->log.at, t->log.total);
	return strstr(t->err.ctx, want);
}

static void fail_up(struct test *t, enum fake_when when, int error)
{
	unsigned n = ops_of_up(t);

	for (unsigned k = 1; k <= n; k++) {
		int r;

		prepare(t);
		fake_arm(t->f, when, k, error);
		r = up(t, t->p);
		t->tried++;
		/* An address that is there already may be a hook's. */
		if (r == 0 && (error != EEXIST || !strstr(t->f->s->hit, "netlink request 20 ")))
			bad(t, "up succeeded though operation %u failed", k);
		else if (r == 0)
			continue;
		else if (!now_is(t, t->initial))
			bad(t, "up failed at operation %u and left something", k);
		else if (!names_step(t))
			bad(t, "the error of operation %u does not name step %zu", k, t->log.at);
		else if (t->run.undo_failed || t->run.remains[0])
			bad(t, "all was undone after operation %u, but that is not what was said", k);
		else if (t->run.undone != t->run.steps)
			bad(t, "%zu of %zu steps undone, after operation %u", t->run.undone, t->run.steps, k);
		else if (t->err.code == WGC_E_NONE || !t->err.msg[0])
			bad(t, "no words for the failure of operation %u", k);
	}
}

static void fail_reads(struct test *t)
{
	unsigned n;

	prepare(t);
	up(t, t->p);
	n = t->f->s->reads;
	for (unsigned k = 1; k <= n; k++) {
		prepare(t);
		fake_arm_read(t->f, k, EIO);
		t->tried++;
		/* Some questions need no answer. */
		if (up(t, t->p) == 0) {
			fake_arm(t->f, FAKE_NEVER, 0, 0);
			if (down(t, t->p) < 0 || !now_is(t, t->initial))
				bad(t, "up in spite of question %u does not come down", k);
		} else if (!now_is(t, t->initial)) {
			bad(t, "up failed at question %u and left something", k);
		}
	}
}

/* A signal while step K runs. */
static void stop_up(struct test *t)
{
	size_t total;

	ops_of_up(t);
	total = t->log.total;
	for (size_t k = 1; k <= total; k++) {
		int r;

		prepare(t);
		log_done(&t->log);
		t->run = logged(&t->log);
		t->log.stop_at = k;
		t->err = (struct wgc_err)WGC_ERR_INIT;
		r = wgc_plan_up(&t->f->sys, t->p, &t->run, &t->err);
		t->tried++;
		if (r != -EINTR || t->err.code != WGC_E_CANCELLED)
			bad(t, "asked to stop in step %zu: %d", k, r);
		else if (!now_is(t, t->initial))
			bad(t, "stopped in step %zu, and something is left", k);
	}
}

/* One failure, and another one while the first is undone. */
static void fail_twice(struct test *t, bool then_up)
{
	unsigned n = ops_of_up(t);

	for (unsigned j = 1, more = 1; more && j < 400; j++) {
		int r;

		prepare(t);
		fake_arm(t->f, FAKE_FAIL, n, EIO);
		fake_arm_next(t->f, FAKE_FAIL, j, EIO);
		r = up(t, t->p);
		more = t->f->s->ops >= n + j;
		fake_arm(t->f, FAKE_NEVER, 0, 0);
		t->tried++;
		if (r == 0) {
			bad(t, "up succeeded, %u", j);
		} else if (t->run.undone + t->run.undo_failed != t->run.steps) {
			bad(t, "undo gave up at its operation %u", j);
		} else if (!t->run.undo_failed) {
			char *now = without_journals(t->f), *cut = strstr(t->initial, "\nfile run ");

			/* A journal may stay; nothing else. */
			if (strncmp(now, t->initial, (size_t)(cut - t->initial + 1)))
				bad(t, "undo failed at its operation %u, and nothing was said of it", j);
			free(now);
		} else if (!t->run.remains[0]) {
			bad(t, "what remains?");
		}
		if (then_up && (up(t, t->p) < 0 || !now_is_up(t)))
			bad(t, "up after up and its undo failed, %u", j);
		r = down(t, t->p);
		if ((r < 0 && r != -ENOENT) || !now_is(t, t->initial))
			bad(t, "down after up and its undo failed, %u", j);
	}
}

/* Is operation @k of the last run worth being killed at? Nothing that can be
 * seen changes with a sync, and only a write can be done by half. */
static bool worth(struct test *t, const char *kinds, unsigned k, enum fake_when when)
{
	if (t->turn++ % KILL_STRIDE)
		return false;
	return when == FAKE_KILL_TORN ? kinds[k] == 'w' : kinds[k] != 's';
}

static void kill_up(struct test *t, enum fake_when when, bool then_up)
{
	unsigned n = ops_of_up(t);
	char kinds[sizeof(t->f->s->kind)];

	memcpy(kinds, t->f->s->kind, sizeof(kinds));
	for (unsigned k = 1; k <= n; k++) {
		int r;

		if (!worth(t, kinds, k, when))
			continue;
		prepare(t);
		fake_arm(t->f, when, k, 0);
		if (!killed(t, up))
			abort();
		t->tried++;
		if (then_up) {
			r = up(t, t->p);
			if (r < 0)
				bad(t, "up after a kill at %u", k);
			else if (!now_is_up(t))
				bad(t, "up after a kill at %u is not up", k);
		}
		r = down(t, t->p);
		if (r < 0 && (then_up || r != -ENOENT))
			bad(t, "down after a kill at %u", k);
		else if (!now_is(t, t->initial))
			bad(t, "killed at %u: something is left after down", k);
	}
}

/* Killed; and killed again while that is repaired. */
static void kill_twice(struct test *t, int (*again)(struct test *, const struct wgc_profile *))
{
	unsigned n = ops_of_up(t);

	for (unsigned j = 1;; j += KILL_STRIDE) {
		int r;

		prepare(t);
		/* The last step is done, and not yet said to be. */
		fake_arm(t->f, FAKE_KILL, n - 3, 0);
		if (!killed(t, up))
			abort();
		fake_arm(t->f, FAKE_KILL, j, 0);
		if (!killed(t, again))
			break;
		t->tried++;
		r = down(t, t->p);
		if ((r < 0 && r != -ENOENT) || !now_is(t, t->initial))
			bad(t, "killed again at %u of the repair", j);
	}
}

/* ---- down ------------------------------------------------------------------------- */

static void fail_down(struct test *t, enum fake_when when)
{
	unsigned n;

	prepare_up(t);
	if (down(t, t->p) < 0)
		abort();
	n = t->f->s->ops;
	for (unsigned k = 1; k <= n; k++) {
		char *was_up, *now;
		bool untouched;
		int r;

		prepare_up(t);
		was_up = without_journals(t->f);
		fake_arm(t->f, when, k, EIO);
		r = down(t, t->p);
		fake_arm(t->f, FAKE_NEVER, 0, 0);
		t->tried++;
		now = without_journals(t->f);
		untouched = !strcmp(now, was_up);
		if (r == 0 && t->run.undo_failed)
			bad(t, "down failed at %u and says that it did not", k);
		if (r < 0 && !t->run.undo_failed && !untouched && !t->after) {
			char *cut = strstr(t->initial, "\nfile run ");

			/* A failing hook, or a journal that could not be taken away. */
			if (strncmp(now, t->initial, (size_t)(cut - t->initial + 1)))
				bad(t, "down failed at %u, and nothing was said of what remains", k);
		}
		free(was_up);
		free(now);
		r = down(t, t->p);
		if (r < 0 && r != -ENOENT)
			bad(t, "second down after a failure at %u", k);
		else if (!back_to_initial(t))
			bad(t, "something is left by the second down after a failure at %u", k);
	}
}

static bool no_hook_twice(const struct fake_state *s)
{
	for (unsigned i = 0; i < s->n_hooks; i++)
		for (unsigned k = 0; k < i; k++)
			if (!strcmp(s->hooks[i], s->hooks[k]))
				return false;
	return true;
}

static void kill_down(struct test *t, enum fake_when when, bool then_up)
{
	char kinds[sizeof(t->f->s->kind)];
	unsigned n;

	prepare_up(t);
	if (down(t, t->p) < 0)
		abort();
	n = t->f->s->ops;
	memcpy(kinds, t->f->s->kind, sizeof(kinds));
	for (unsigned k = 1; k <= n; k++) {
		int r;

		if (!worth(t, kinds, k, when))
			continue;
		prepare_up(t);
		fake_arm(t->f, when, k, 0);
		if (!killed(t, down))
			abort();
		t->tried++;
		if (then_up && !t->after && (up(t, t->p) < 0 || !now_is_up(t)))
			bad(t, "up after down was killed at %u", k);
		r = down(t, t->p);
		if (r < 0 && ((then_up && !t->after) || r != -ENOENT))
			bad(t, "down after down was killed at %u", k);
		else if (!then_up && !no_hook_twice(t->f->s))
			bad(t, "a hook has run twice, as down was killed at %u", k);
		else if (!back_to_initial(t))
			bad(t, "something is left after down was killed at %u", k);
	}
}

/* ---- what is said ---------------------------------------------------------------------- */

static void dry_run(struct test *t)
{
	uint64_t changes;
	char *dry, *now;
	int r;

	prepare(t);
	changes = wgc_nl_changes(t->f->sys.nl);
	log_done(&t->log);
	t->run = logged(&t->log);
	t->run.dry_run = true;
	r = wgc_plan_up(&t->f->sys, t->p, &t->run, &t->err);
	is_int(r, 0);
	is_int(wgc_nl_changes(t->f->sys.nl) - changes, 0);
	is_int(t->f->s->ops, 0);
	now = fake_snapshot(t->f);
	ok(same(now, t->initial));
	free(now);
	dry = wgc_str_steal(&t->log.steps);
	is_int(up(t, t->p), 0);
	is_str(t->log.steps.s, dry);
	is_int(t->run.steps, t->log.total);
	free(dry);
}

static bool all_lines_in(const char *lines, const char *text)
{
	for (const char *end; *lines; lines = end + 1) {
		char line[256];

		end = strchr(lines, '\n');
		if (!end || !strncmp(lines, "file ", 5))
			break;
		snprintf(line, sizeof(line), "%.*s\n", (int)(end - lines), lines);
		if (!strstr(text, line)) {
			printf("#   gone: %s", line);
			return false;
		}
	}
	return true;
}

static void up_and_up_again(struct test *t)
{
	uint64_t changes;

	prepare(t);
	is_int(up(t, t->p), 0);
	is_int(t->err.code, WGC_E_NONE);
	free(t->is_up);
	t->is_up = without_journals(t->f);
	ok(strcmp(t->is_up, t->initial));
	/* Nothing of others is gone. */
	ok(all_lines_in(t->initial, t->is_up));
	fake_arm(t->f, FAKE_NEVER, 0, 0);
	changes = wgc_nl_changes(t->f->sys.nl);
	is_int(up(t, t->p), 0);
	ok(t->run.already_up);
	is_int(wgc_nl_changes(t->f->sys.nl) - changes, 0);
	is_int(t->f->s->ops, 0);
	is_int(down(t, t->p), 0);
	ok(now_is(t, t->initial));
	is_int(down(t, t->p), -ENOENT);
	is_int(t->err.code, WGC_E_NOT_UP);
	ok(now_is(t, t->initial));
}

static void sweep(struct fake *f, const struct scenario *sc)
{
	struct test t = { .f = f, .sc = sc };
	bool few;

	t.p = profile(sc->name, sc->text);
	if (sc->adjust)
		sc->adjust(t.p);
	t.before = sc->before ? profile("wgfake-before", sc->before) : NULL;
	t.after = sc->after ? profile("wgfake-after", sc->after) : NULL;
	dry_run(&t);
	up_and_up_again(&t);
	few = t.f->s->ops < 1000 && t.p->n_peers < 50;
	fail_up(&t, FAKE_FAIL, EIO);
	verdict_of(&t, "every change of up refused");
	fail_up(&t, FAKE_FAIL_LATE, EIO);
	verdict_of(&t, "every change of up done, but called failed");
	fail_up(&t, FAKE_FAIL, EEXIST);
	verdict_of(&t, "every change of up refused, as if done by others before");
	fail_reads(&t);
	verdict_of(&t, "every question of up unanswered");
	stop_up(&t);
	verdict_of(&t, "asked to stop in every step");
	fail_twice(&t, false);
	verdict_of(&t, "every change of undo refused, then down");
	fail_twice(&t, true);
	verdict_of(&t, "every change of undo refused, then up");
	kill_up(&t, FAKE_KILL, false);
	verdict_of(&t, "up killed, then down");
	kill_up(&t, FAKE_KILL, true);
	verdict_of(&t, "up killed, then up");
	if (few) {
		kill_up(&t, FAKE_KILL_TORN, false);
		verdict_of(&t, "up killed in the middle of writes, then down");
		kill_twice(&t, down);
		verdict_of(&t, "up killed, down killed, then down");
		kill_twice(&t, up);
		verdict_of(&t, "up killed, up killed, then down");
	}
	fail_down(&t, FAKE_FAIL);
	verdict_of(&t, "every change of down refused");
	fail_down(&t, FAKE_FAIL_LATE);
	verdict_of(&t, "every change of down done, but called failed");
	kill_down(&t, FAKE_KILL, false);
	verdict_of(&t, "down killed, then down");
	kill_down(&t, FAKE_KILL_TORN, true);
	verdict_of(&t, "down killed in the middle of writes, then up, then down");
	log_done(&t.log);
	free(t.initial);
	free(t.is_up);
	wgc_profile_free(t.p);
	wgc_profile_free(t.before);
	wgc_profile_free(t.after);
}

/* A hundred peers with a route each; the kernel's answers come in many parts. */
static void hundred(struct fake *f)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };
	struct scenario sc = { .name = "hundred", .arrange = interrupted_dumps };

	wgc_str_add(&text, SIX);
	for (int i = 0; i < 100; i++)
		wgc_str_addf(&text, "[Peer]\nAllowedIPs = 10.%d.0.0/16\n%s", i + 100, i % 7 ? "" : "Endpoint = 198.51.100.9:1\n");
	sc.text = text.s;
	sweep(f, &sc);
}

int main(int argc, char **argv)
{
	struct fake *f = fake_new();

	for (size_t i = 0; i < WGC_ARRAY_SIZE(scenarios); i++)
		if (argc < 2 || !strcmp(argv[1], scenarios[i].name))
			sweep(f, &scenarios[i]);
	if (argc < 2 || !strcmp(argv[1], "hundred"))
		hundred(f);
	fake_free(f);
	return tap_done();
}
