// SPDX-License-Identifier: GPL-2.0
/* Steps on the rest of the machine: sysctls, nftables. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/steps/steps.h"

static int sysctl_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	char old[64];
	int r = wgc_sysctl_read(x->sys, s->path, old, sizeof(old));

	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot read sysctl %s: %s", s->path, strerror(-r));
	wgc_json_key(j, "path");
	wgc_json_str(j, s->path);
	wgc_json_key(j, "old");
	wgc_json_str(j, old);
	wgc_json_key(j, "new");
	wgc_json_str(j, s->value);
	/* Another tunnel has set it: it restores the value, or leaves that to us. */
	if (!strcmp(old, s->value)) {
		wgc_json_key(j, "adopted");
		wgc_json_bool(j, true);
	}
	return 0;
}

static int sysctl_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	char now[64];
	int r = wgc_sysctl_read(x->sys, s->path, now, sizeof(now));

	/* Where it may not be written, it may still be right. */
	if (r >= 0 && !strcmp(now, s->value))
		return 0;
	r = wgc_sysctl_write(x->sys, s->path, s->value);
	if (r >= 0)
		return 0;
	wgc_err_set(err, WGC_E_IO, -r, "cannot set sysctl %s to %s: %s", s->path, s->value, strerror(-r));
	wgc_err_hint(err, "a strict reverse path filter (rp_filter = 1) needs it; set it outside of the container, or set rp_filter to 2");
	return r;
}

static void sysctl_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_addf(text, "%s = %s", s->path, s->value);
	wgc_str_addf(equivalent, "sysctl -w %s=%s", s->path, s->value);
}

struct heir {
	struct wgc_undo *u;
	const struct wgc_past *past;
	const char *own_dir;
	bool found;
	struct wgc_err *err;
};

static int leave_to(const struct heir *h, const char *dir, size_t number)
{
	WGC_AUTO_STR struct wgc_str line = { 0 };
	struct wgc_json j = { .out = &line, .compact = true };

	wgc_json_object(&j);
	wgc_json_key(&j, "step");
	wgc_json_uint(&j, number);
	for (const char *const *k = (const char *const[]){ "kind", "path", "old", "new", NULL }; *k; k++) {
		wgc_json_key(&j, *k);
		wgc_json_str(&j, wgc_record_str(h->past, *k));
	}
	wgc_json_object_end(&j);
	return line.oom ? -ENOMEM : wgc_journal_append_other(h->u->sys, dir, line.s, h->err);
}

/* Another tunnel needs the value as much as we did. One that found it as we had set it gets our
 * record, and restores the old value when it goes; one that has set it as well has such a record:
 * two had their turn at once, or one of them died on the way. The last one restores it. */
static int give_to_heir(void *ctx, const char *dir, json_t *records)
{
	struct heir *h = ctx;
	const struct wgc_past *needs = NULL;
	struct wgc_arena *a;
	struct wgc_history theirs;
	size_t number = 1000;
	int r = 0;

	if (!strcmp(dir, h->own_dir))
		return 0;
	a = wgc_arena_new();
	if (!a)
		return -ENOMEM;
	if (wgc_history_read(records, a, &theirs, NULL) == 0 &&
	    !strcmp(wgc_history_str(&theirs, "boot"), wgc_history_str(h->u->history, "boot")) &&
	    !strcmp(wgc_history_str(&theirs, "netns"), wgc_history_str(h->u->history, "netns")))
		for (size_t i = 0; i < theirs.n; i++) {
			const struct wgc_past *p = &theirs.steps[i];

			number = p->index + 1000 > number ? p->index + 1000 : number;
			if (!strcmp(wgc_record_str(p, "path"), wgc_record_str(h->past, "path")) && !p->undone && !p->failed &&
			    !strcmp(wgc_record_str(p, "new"), wgc_record_str(h->past, "new")) && (!needs || needs->adopted))
				needs = p;
		}
	if (needs && needs->adopted)
		r = leave_to(h, dir, number);
	h->found = needs && r == 0;
	wgc_arena_free(a);
	return r < 0 ? r : h->found;
}

static int put_old(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct heir heir = { .u = u, .past = p, .own_dir = u->journal->dir, .err = err };
	const char *path = wgc_record_str(p, "path"), *old = wgc_record_str(p, "old");
	char now[64];
	int r;

	if (wgc_sysctl_read(u->sys, path, now, sizeof(now)) < 0 || strcmp(now, wgc_record_str(p, "new")) || !strcmp(now, old))
		return 0; /* not as we left it: whoever changed it meant it */
	r = wgc_journal_each(u->sys, give_to_heir, &heir, err);
	if (r)
		return r < 0 ? r : 0;
	r = wgc_sysctl_write(u->sys, path, old);
	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot set sysctl %s back to %s: %s", path, old, strerror(-r)) : 0;
}

/* Noted under the same lock: done again, it would be done to another tunnel that has come meanwhile.
 * Where it cannot be written, `down` goes on all the same. */
static int restore(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	int r = p->adopted ? 0 : put_old(u, p, err);

	if (r == 0)
		wgc_journal_appendf(u->journal, NULL, "{\"undone\":%zu}", p->index);
	return r;
}

/* What another tunnel has left to us since we read our journal. */
static int restore_inherited(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	json_t *records = NULL;
	struct wgc_history h;
	int r = a ? wgc_journal_read(u->journal, &records, err) : wgc_err_nomem(err);

	if (r == 0 && records && wgc_history_read(records, a, &h, NULL) == 0)
		for (size_t i = u->history->n; i < h.n && r == 0; i++)
			if (!strcmp(wgc_record_str(&h.steps[i], "path"), wgc_record_str(p, "path")) && !h.steps[i].undone)
				r = restore(u, &h.steps[i], err);
	json_decref(records);
	wgc_arena_free(a);
	return r;
}

static int sysctl_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	WGC_AUTO_FD int lock = wgc_journal_lock_all(u->sys, err);
	int r;

	if (lock < 0)
		return lock;
	r = restore(u, p, err);
	/* From now on nobody leaves us anything. */
	return p->adopted ? r ?: restore_inherited(u, p, err) : r;
}

static bool sysctl_same(const struct wgc_plan *plan, const struct wgc_step *s, const struct wgc_past *p)
{
	return !strcmp(wgc_record_str(p, "path"), s->path) && !strcmp(wgc_record_str(p, "new"), s->value);
}

static bool sysctl_present(struct wgc_undo *u, const struct wgc_past *p)
{
	char now[64];

	return wgc_sysctl_read(u->sys, wgc_record_str(p, "path"), now, sizeof(now)) < 0 || !strcmp(now, wgc_record_str(p, "new"));
}

static int sysctl_redo(struct wgc_exec *x, const struct wgc_past *p, struct wgc_err *err)
{
	const char *path = wgc_record_str(p, "path"), *value = wgc_record_str(p, "new");
	int r = wgc_sysctl_write(x->sys, path, value);

	return r < 0 ? wgc_err_set(err, WGC_E_IO, -r, "cannot set sysctl %s to %s: %s", path, value, strerror(-r)) : 0;
}

const struct wgc_step_def wgc_step_sysctl = {
	.word = "sysctl.set",
	.sign = '~',
	.capture = sysctl_capture,
	.apply = sysctl_apply,
	.describe = sysctl_describe,
	.undo = sysctl_undo,
	.same = sysctl_same,
	.present = sysctl_present,
	.redo = sysctl_redo,
	.undo_text = "restore",
	.shared = true,
};

static int nft_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	char table[48];

	wgc_routes_nft_table(x->plan->profile->ifname, table);
	wgc_json_key(j, "nft");
	wgc_json_str(j, table);
	wgc_json_key(j, "delete");
	wgc_json_str(j, x->plan->want.nft_delete);
	wgc_json_key(j, "load");
	wgc_json_str(j, x->plan->want.nft_load);
	wgc_json_key(j, "base");
	wgc_json_str(j, x->plan->want.nft_base);
	return 0;
}

static int nft_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	int r = x->sys->nft(x->sys, x->plan->want.nft_load, &mine);

	if (r < 0 && mine.code == WGC_E_UNSUPPORTED) {
		if (x->run->on_warning)
			x->run->on_warning(x->run->ctx, "this kernel has no nftables: packets from other networks to the tunnel's "
							"own addresses are not filtered, and connections from outside are "
							"answered through the tunnel, so that they break");
		return 1;
	}
	if (r < 0 && err) {
		*err = mine;
		if (r == -EEXIST)
			wgc_err_hint(err, "a table of an earlier run that left no journal? See `nft list tables`");
	}
	return r;
}

static void nft_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	char table[48];

	wgc_routes_nft_table(p->profile->ifname, table);
	wgc_str_addf(text, "table inet %s: guard the tunnel's addresses, answer calls from outside the way they came", table);
	wgc_str_addf(equivalent, "nft -f -");
}

static int nft_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	int r = u->sys->nft(u->sys, wgc_record_str(p, "delete"), &mine);

	if (r < 0 && mine.code == WGC_E_UNSUPPORTED)
		return 0; /* then it was never loaded either */
	if (r < 0 && err)
		*err = mine;
	return r;
}

static bool nft_same(const struct wgc_plan *plan, const struct wgc_step *s, const struct wgc_past *p)
{
	return !strcmp(wgc_record_str(p, "base"), plan->want.nft_base);
}

bool wgc_nft_present(struct wgc_undo *u, const struct wgc_past *p)
{
	return wgc_nft_is_whole(u->sys, wgc_record_str(p, "nft"), wgc_record_str(p, "load"));
}

int wgc_nft_swap(struct wgc_sys *sys, const struct wgc_past *p, const char *load, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str commands = { 0 };

	wgc_str_addf(&commands, "%s%s", wgc_record_str(p, "delete"), load);
	return commands.oom ? wgc_err_nomem(err) : sys->nft(sys, commands.s, err);
}

/* Somebody may have emptied it, and left it there. */
static int nft_redo(struct wgc_exec *x, const struct wgc_past *p, struct wgc_err *err)
{
	return wgc_nft_swap(x->sys, p, wgc_record_str(p, "load"), err);
}

const struct wgc_step_def wgc_step_nft = {
	.word = "nft.load",
	.sign = '+',
	.capture = nft_capture,
	.apply = nft_apply,
	.describe = nft_describe,
	.undo = nft_undo,
	.same = nft_same,
	.present = wgc_nft_present,
	.redo = nft_redo,
	.undo_text = "delete",
};
