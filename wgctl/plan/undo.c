// SPDX-License-Identifier: GPL-2.0
/* Undo: everything of a journal, last step first, whatever fails on the way; then look whether it is true. */
#include <errno.h>
#include <string.h>

#include "plan/steps/steps.h"

static const char *kind_of(const struct wgc_past *p)
{
	return json_string_value(json_object_get(p->begun, "kind")) ?: "";
}

static void note_remains(struct wgc_run *run, const struct wgc_past *p, const char *why)
{
	size_t len = strlen(run->remains);

	run->undo_failed++;
	snprintf(run->remains + len, sizeof(run->remains) - len, "%sstep %zu, %s (%s)", len ? "; " : "", p->index, kind_of(p), why);
}

void wgc_record_text(const struct wgc_past *p, struct wgc_str *out)
{
	json_t *routes = json_object_get(p->begun, "routes");

	if (json_object_get(p->begun, "priority"))
		wgc_str_addf(out, "%stable %u priority %u", wgc_record_int(p->begun, "family") == AF_INET6 ? "inet6 " : "",
			     wgc_record_int(p->begun, "table"), wgc_record_int(p->begun, "priority"));
	else if (json_object_get(p->begun, "netns"))
		wgc_str_add(out, wgc_record_str(p, "netns"));
	else if (json_object_get(p->begun, "path"))
		wgc_str_addf(out, "%s = %s", wgc_record_str(p, "path"), wgc_record_str(p, "old"));
	else if (json_object_get(p->begun, "nft"))
		/* Not every one is ours, see adopt.c. */
		wgc_str_addf(out, "table %s%s", strncmp(wgc_record_str(p, "nft"), "wgctl", 5) ? "" : "inet ", wgc_record_str(p, "nft"));
	else if (routes)
		wgc_str_addf(out, "%zu route%s of table %u", json_array_size(routes), json_array_size(routes) == 1 ? "" : "s",
			     wgc_record_int(json_array_get(routes, 0), "table"));
	else
		wgc_str_add(out, wgc_record_str(p, "ifname"));
}

void wgc_undo_tell(struct wgc_undo *u, const struct wgc_past *p, const struct wgc_step_def *def)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };

	wgc_record_text(p, &text);
	struct wgc_step_view v = {
		.index = p->index,
		.total = u->history->n,
		.word = def->word,
		.sign = '-',
		.text = wgc_str_get(&text),
		.undo = def->undo_text,
	};

	if (u->run->on_undo)
		u->run->on_undo(u->run->ctx, &v);
}

/* One step. What became of it is counted and told; 0, or the failure. */
static int undo_one(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	const struct wgc_step_def *def = wgc_step_def_find(kind_of(p));
	int r;

	/* Nothing of ours is there: as good as undone. */
	if ((p->adopted && !(def && def->shared)) || p->failed || !def || !def->undo || json_is_true(json_object_get(p->begun, "covered")) ||
	    (u->netns_gone && !def->outlives)) {
		u->run->undone++;
		return 0;
	}
	if (def == wgc_step_defs[WGC_STEP_KILL_SWITCH] && u->keep_kill_switch) {
		u->kept = true;
		u->run->undone++;
		return 0;
	}
	/* Where the kill switch is. */
	if (def == wgc_step_defs[WGC_STEP_NETNS_CREATE] && u->kept) {
		u->run->undone++;
		return 0;
	}
	if (!p->adopted)
		wgc_undo_tell(u, p, def);
	r = def->undo(u, p, err);
	if (r == 0 && def->remains && def->remains(u, p))
		r = wgc_err_set(err, WGC_E_KERNEL, EBUSY, "it is still there, though the kernel said that it was removed");
	if (r < 0) {
		wgc_err_wrap(err, "undo of step %zu, %s", p->index, def->word);
		note_remains(u->run, p, err->kernel[0] ? err->kernel : err->msg);
		return r;
	}
	u->run->undone++;
	/* Not fatal: undo is idempotent, so a lost mark costs a repetition. */
	if (!def->shared)
		wgc_journal_appendf(u->journal, NULL, "{\"undone\":%zu}", p->index);
	return 0;
}

int wgc_undo_all(struct wgc_undo *u, struct wgc_err *err)
{
	const struct wgc_history *h = u->history;
	int first = 0;

	for (int last = 0; last < 2; last++)
		for (size_t i = h->n; i--;) {
			const struct wgc_step_def *def = wgc_step_def_find(kind_of(&h->steps[i]));
			struct wgc_err mine = WGC_ERR_INIT;
			int r;

			if (h->steps[i].undone || (def && def->undo_last) != last)
				continue;
			r = undo_one(u, &h->steps[i], &mine);
			if (r < 0 && !first) {
				first = r;
				if (err)
					*err = mine;
			}
		}
	return first;
}
