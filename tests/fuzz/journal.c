// SPDX-License-Identifier: GPL-2.0
/*
 * Undo from any journal, on a machine that answers as it likes. The input is
 * the journal's text; behind a zero byte there is one byte for each thing that
 * the machine is asked: small ones let it happen, large ones refuse it.
 * "@NET@" stands for the network namespace of the process.
 */
#include <errno.h>

#include "fake/kernel.c"
#include "plan/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake *f;

struct whims {
	const uint8_t *v;
	size_t n;
};

static int whim(void *ctx)
{
	static const uint8_t errors[] = { EPERM, ENOENT, ESRCH, EIO, EAGAIN, ENOMEM, EBUSY, EEXIST, ENODEV, EINVAL, EOPNOTSUPP, EAFNOSUPPORT };
	struct whims *w = ctx;
	uint8_t b;

	if (!w->n)
		return 0;
	b = *w->v++;
	w->n--;
	return b < 200 ? 0 : errors[(b - 200) % sizeof(errors)];
}

static char *expand(const char *text, size_t len)
{
	struct wgc_str s = { 0 };
	const char *hit;
	char id[48];

	wgc_netns_id(id);
	for (; (hit = memmem(text, len, "@NET@", 5)); len -= (size_t)(hit + 5 - text), text = hit + 5) {
		wgc_str_addn(&s, text, (size_t)(hit - text));
		wgc_str_add(&s, id);
	}
	wgc_str_addn(&s, text, len);
	wgc_str_add(&s, "");
	return wgc_str_steal(&s);
}

/* A journal is the word of root. These would reach out of the model: programs
 * that it names, profiles that it has written, files by any path. */
static bool leaves_the_model(const json_t *records)
{
	json_t *rec;
	size_t i;

	json_array_foreach(records, i, rec) {
		const char *backend = json_string_value(json_object_get(rec, "backend"));
		const char *path = json_string_value(json_object_get(rec, "path"));

		if ((backend && !strcmp(backend, "resolvconf")) || json_is_true(json_object_get(rec, "userspace")) ||
		    json_is_true(json_object_get(rec, "save")) || (path && strstr(path, "..")))
			return true;
	}
	return false;
}

static void undo(struct wgc_journal *j, json_t *records, bool netns_gone)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_run run = { .steps = 0 };
	struct wgc_history h;

	if (wgc_history_read(records, a, &h, &err) == 0) {
		struct wgc_undo u = { .sys = &f->sys, .run = &run, .history = &h, .journal = j, .netns_gone = netns_gone };
		int r = wgc_undo_all(&u, &err);

		if ((r < 0) != (run.undo_failed > 0) || strlen(run.remains) >= sizeof(run.remains))
			abort();
	}
	wgc_arena_free(a);
}

static void each_way(struct whims *w, uint8_t how)
{
	struct wgc_journal j = WGC_JOURNAL_INIT;
	struct wgc_run run = { .dry_run = how & 2 };
	struct wgc_up_info *info;
	struct wgc_arena *a = wgc_arena_new();
	char id[48], boot[64];
	json_t *records = NULL;
	struct wgc_history h;
	bool here = false;
	size_t n;

	if (wgc_journal_lock(&f->sys, "office", &j, NULL) < 0)
		abort();
	wgc_netns_id(id);
	wgc_boot_id(&f->sys, boot);
	if (wgc_journal_read(&j, &records, NULL) == 0 && records && !leaves_the_model(records)) {
		f->decide = whim;
		f->decide_ctx = w;
		wgc_plan_list(&f->sys, a, &info, &n, NULL);
		here = wgc_history_read(records, a, &h, NULL) == 0 && !strcmp(wgc_history_str(&h, "netns"), id) &&
		       !strcmp(wgc_history_str(&h, "boot"), boot);
		/* Elsewhere, `down` would look through all of /proc. */
		if (!here)
			undo(&j, records, how & 1);
	}
	wgc_journal_unlock(&j);
	if (here)
		wgc_plan_down(&f->sys, "office", &run, NULL);
	f->decide = NULL;
	/* What could not be undone then can be when the machine agrees; and that is the end of it. */
	if (here) {
		run.dry_run = false;
		wgc_plan_down(&f->sys, "office", &run, NULL);
	}
	json_decref(records);
	wgc_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t len = zero ? (size_t)(zero - data) : size;
	struct whims w = { 0 };
	char *text;

	if (zero)
		w = (struct whims){ zero + 1, size - len - 1 };
	if (!f) {
		f = fake_new();
		fake_route(f, "10.66.0.0/16", 51820, 9, 0, 0);
		f->s->routes[f->s->n_routes - 1].protocol = WGC_RTPROT;
		fake_rule(f, AF_INET, 32764, 51820, 51820);
		fake_link(f, "office", "wireguard", 1420);
		fake_keep(f);
	}
	text = expand((const char *)data, len);
	if (!text)
		return 0;
	fake_back(f);
	fake_file(f, "run/office/journal", text);
	each_way(&w, size ? data[size - 1] : 0);
	free(text);
	return 0;
}
