// SPDX-License-Identifier: GPL-2.0
/* Steps that change nothing of their own: hooks, keys from elsewhere, names. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "plan/reload/reload.h"
#include "plan/steps/steps.h"

static const char *const hook_words[WGC_N_HOOKS] = { "PreUp", "PostUp", "PreDown", "PostDown" };

static int hook_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "hook");
	wgc_json_str(j, hook_words[s->hook]);
	return 0;
}

static int hook_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	int r = x->sys->hook(x->sys, s->command, x->plan->profile->ifname, err);

	if (r < 0 && err) {
		err->at = s->at;
		wgc_err_wrap(err, "%s", hook_words[s->hook]);
	}
	return r;
}

static void hook_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	WGC_AUTO_FREE char *command = wgc_hook_expand(s->command, p->profile->ifname);

	wgc_str_addf(text, "%s '%s'", hook_words[s->hook], s->command);
	if (command)
		wgc_str_add(equivalent, command);
}

const struct wgc_step_def wgc_step_hook = {
	.word = "hook.run",
	.sign = '!',
	.capture = hook_capture,
	.apply = hook_apply,
	.describe = hook_describe,
	.undo_text = "none",
};

static int keys_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	return wgc_keys_check(x->plan, err);
}

static int keys_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_key printed;
	int r = wgc_keys_command(x->sys, x->plan->profile, &printed, err);

	r = r ?: wgc_keys_read(x->plan, &printed, err);
	wgc_wipe(&printed, sizeof(printed));
	return r;
}

static void keys_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	size_t n = wgc_keys_count(p->profile);

	wgc_str_addf(text, "%zu key%s from files or commands", n, n == 1 ? "" : "s");
}

static int resolve_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	return x->plan->reload ? wgc_reload_resolve(x, err) : wgc_endpoints_resolve(x, NULL, err);
}

static void resolve_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text,
			     struct wgc_str *equivalent)
{
	size_t n = p->reload ? p->reload->delta.n_resolve : wgc_endpoints_count(p->profile);

	wgc_str_addf(text, "%zu endpoint name%s", n, n == 1 ? "" : "s");
}

const struct wgc_step_def wgc_step_keys_read = {
	.word = "keys.read",
	.sign = ' ',
	.precheck = keys_precheck,
	.apply = keys_apply,
	.describe = keys_describe,
	.undo_text = "not needed",
};

const struct wgc_step_def wgc_step_resolve = {
	.word = "endpoint.resolve",
	.sign = ' ',
	.apply = resolve_apply,
	.describe = resolve_describe,
	.undo_text = "not needed",
};
