// SPDX-License-Identifier: GPL-2.0
/*
 * The guard: an nft table that lets nothing out of this namespace but through
 * the tunnel. It is the first step and the last to be undone: when the
 * namespace of the devices dies, the kernel puts them back here, and whoever
 * configures them then must find the door shut.
 */
#include <errno.h>
#include <string.h>

#include "plan/physical/physical.h"

static void add_names(struct wgc_str *out, const char *ifname, const char *const *leave)
{
	wgc_str_addf(out, "{ \"lo\", \"%s\"", ifname);
	for (; leave && *leave; leave++)
		wgc_str_addf(out, ", \"%s\"", *leave);
	wgc_str_add(out, " }");
}

char *wgc_physical_guard_text(struct wgc_arena *a, const char *ifname, const char *const *leave)
{
	WGC_AUTO_STR struct wgc_str names = { 0 };

	add_names(&names, ifname, leave);
	/* Declared first, so that there is something to delete, whatever was there. The
	 * rule that drops holds while one takes the place of another; its policy alone
	 * would not (see routes/killswitch.c). */
	return wgc_arena_printf(a,
				"add table inet " WGC_PHYSICAL_TABLE "\n"
				"delete table inet " WGC_PHYSICAL_TABLE "\n"
				"table inet " WGC_PHYSICAL_TABLE " {\n"
				"\tchain output {\n"
				"\t\ttype filter hook output priority -350; policy drop;\n"
				"\t\toifname %s accept\n"
				"\t\tcounter drop comment \"kept in\"\n"
				"\t}\n"
				"\tchain forward {\n"
				"\t\ttype filter hook forward priority -350; policy drop;\n"
				"\t\toifname %s accept\n"
				"\t\tcounter drop comment \"kept in\"\n"
				"\t}\n"
				"}\n",
				wgc_str_get(&names), wgc_str_get(&names));
}

static char *text_of(const struct wgc_plan *p)
{
	return wgc_physical_guard_text(p->arena, p->profile->ifname, p->physical->ask->leave);
}

static int refuse(const struct wgc_err *why, struct wgc_err *err)
{
	if (err) {
		*err = *why;
		wgc_err_set(err, why->code == WGC_E_UNSUPPORTED ? WGC_E_KERNEL : why->code, why->sys,
			    "what is to keep packets in cannot be put in force: %s", why->msg);
		wgc_err_hint(err, "nothing is moved without it: is the kernel's nf_tables there?");
	}
	return why->sys ? -why->sys : -EPROTONOSUPPORT;
}

static int guard_precheck(struct wgc_exec *x, const struct wgc_step *s, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	const char *text = text_of(x->plan);

	if (!text)
		return wgc_err_nomem(err);
	if (x->sys->nft_check(x->sys, text, &mine) == 0 || (mine.code == WGC_E_PERM && x->run->dry_run))
		return 0;
	return refuse(&mine, err);
}

static int guard_capture(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *j, struct wgc_err *err)
{
	wgc_json_key(j, "nft");
	wgc_json_str(j, WGC_PHYSICAL_TABLE);
	return 0;
}

static int guard_apply(struct wgc_exec *x, const struct wgc_step *s, struct wgc_json *done, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	const char *text = text_of(x->plan);

	if (!text)
		return wgc_err_nomem(err);
	return x->sys->nft(x->sys, text, &mine) == 0 ? 0 : refuse(&mine, err);
}

static void guard_describe(const struct wgc_plan *p, const struct wgc_step *s, struct wgc_str *text, struct wgc_str *equivalent)
{
	wgc_str_add(text, "table inet " WGC_PHYSICAL_TABLE ": nothing leaves but through ");
	add_names(text, p->profile->ifname, p->physical->ask->leave);
	wgc_str_add(equivalent, "nft -f -");
}

static int guard_undo(struct wgc_undo *u, const struct wgc_past *p, struct wgc_err *err)
{
	struct wgc_err mine = WGC_ERR_INIT;
	int r = u->sys->nft(u->sys, "add table inet " WGC_PHYSICAL_TABLE "\ndelete table inet " WGC_PHYSICAL_TABLE "\n", &mine);

	if (r < 0 && mine.code == WGC_E_UNSUPPORTED)
		return 0;
	if (r < 0 && err)
		*err = mine;
	return r;
}

const struct wgc_step_def wgc_step_guard = {
	.word = "guard.load",
	.sign = '+',
	.precheck = guard_precheck,
	.capture = guard_capture,
	.apply = guard_apply,
	.describe = guard_describe,
	.undo = guard_undo,
	.undo_text = "delete, last",
	.undo_last = true,
};
