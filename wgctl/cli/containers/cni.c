// SPDX-License-Identifier: GPL-2.0
/*
 * cni: the plugin. Engines run it with CNI_COMMAND in the environment and the
 * configuration on standard input; the answer, also a failure, is one JSON object
 * on standard output, and remarks go to standard error.
 */
#include "cli/containers/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (16u << 20)

struct cni {
	struct wgc_ui *ui;
	struct wgc_cni_request r;
	struct wgc_cni_err err;
	struct wgc_sys sys;
	char *input;
	size_t len;
	struct wgc_str out;
};

/* The engine gets code, sentence and, as details, what to do. */
static int tell(struct cni *c, unsigned code, const struct wgc_err *err)
{
	wgc_cni_fail(&c->err, code, "%s%s%.250s", err->ctx[0] ? err->ctx : "", err->ctx[0] ? ": " : "", err->msg);
	snprintf(c->err.details, sizeof(c->err.details), "%s%s%s", err->kernel, err->kernel[0] && err->hint[0] ? "; " : "", err->hint);
	return -EINVAL;
}

static struct wgc_attachment key_of(const struct cni *c)
{
	return (struct wgc_attachment){ "cni", c->r.network, c->r.env.container, c->r.env.ifname };
}

static int load(struct cni *c, struct wgc_loaded *l)
{
	struct wgc_err err = WGC_ERR_INIT;
	char *text;
	int r;

	if (c->r.own) {
		text = json_dumps(c->r.own, JSON_INDENT(2));
		r = text ? wgc_attach_load_text(c->ui, text, c->r.network, l, &err) : wgc_err_nomem(&err);
	} else {
		r = wgc_attach_load(c->ui, c->r.profile, NULL, l, &err);
	}
	return r < 0 ? tell(c, WGC_CNI_BAD_CONFIG, &err) : 0;
}

static unsigned code_of(const struct wgc_err *err, int r)
{
	if (r == -EEXIST)
		return WGC_CNI_LINK_EXISTS;
	if (r == -ENOTUNIQ)
		return WGC_CNI_NOT_ALONE;
	return err->code == WGC_E_EXISTS && r == -EBUSY ? WGC_CNI_TRY_LATER : WGC_CNI_FAILED;
}

/* ---- ADD ------------------------------------------------------------------------ */

static int add_up(struct cni *c, struct wgc_attach *how, struct wgc_loaded *l)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_attached got;
	char name[WGC_ATTACHMENT_MAX];
	int r = a ? wgc_attach_up(c->ui, &c->sys, how, l, a, &got, &err) : wgc_err_nomem(&err);

	if (r < 0) {
		r = tell(c, code_of(&err, r), &err);
	} else if (wgc_cni_result(&c->r, &got, &c->out) < 0) {
		wgc_attachment_name(&how->key, name);
		wgc_attach_down(c->ui, &c->sys, name, NULL);
		r = wgc_cni_fail(&c->err, WGC_CNI_INTERNAL, "out of memory");
	}
	wgc_arena_free(a);
	return r;
}

static int add_with_addresses(struct cni *c, struct wgc_attach *how, struct wgc_loaded *l)
{
	WGC_AUTO_FREE char *answer = NULL;
	struct wgc_cni_ipam ipam = { .n = 0 };
	size_t n = 0;
	int r;

	if (!c->r.ipam)
		return add_up(c, how, l);
	r = wgc_ipam_call(&c->r, c->input, c->len, "ADD", &answer, &n, &c->err);
	if (r < 0)
		return r;
	r = wgc_cni_ipam_parse(answer ?: "", n, &ipam, &c->err);
	if (ipam.routes)
		wgc_ui_warn(c->ui, "routes of the address plugin are left out: AllowedIPs of the peers decide");
	how->addresses = ipam.addresses;
	how->n_addresses = ipam.n;
	r = r ?: add_up(c, how, l);
	if (r < 0) {
		struct wgc_cni_err first = c->err;

		wgc_ipam_call(&c->r, c->input, c->len, "DEL", NULL, NULL, &c->err);
		c->err = first;
	}
	return r;
}

static int do_add(struct cni *c)
{
	struct wgc_attach how = { .key = key_of(c), .netns = c->r.env.netns, .mode = c->r.mode };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_loaded l = { 0 };
	int r = load(c, &l);

	if (r == 0) {
		r = wgc_attach_check(&how, &l, &err);
		if (r == -EEXIST || r == -ENOTUNIQ)
			tell(c, code_of(&err, r), &err);
		else if (r < 0)
			tell(c, WGC_CNI_BAD_NETNS, &err);
	}
	r = r ?: add_with_addresses(c, &how, &l);
	wgc_loaded_done(&l);
	return r;
}

/* ---- the others -------------------------------------------------------------------- */

static int forward(struct cni *c)
{
	return c->r.ipam ? wgc_ipam_call(&c->r, c->input, c->len, c->r.env.command, NULL, NULL, &c->err) : 0;
}

static int do_del(struct cni *c)
{
	struct wgc_attachment key = key_of(c);
	struct wgc_err err = WGC_ERR_INIT;
	char name[WGC_ATTACHMENT_MAX];
	int r, ipam;

	wgc_attachment_name(&key, name);
	r = wgc_attach_down(c->ui, &c->sys, name, &err);
	ipam = forward(c);
	/* Its addresses are free in any case; what is worse is told. */
	return r < 0 ? tell(c, code_of(&err, r), &err) : ipam;
}

static int do_check(struct cni *c)
{
	struct wgc_attachment key = key_of(c);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_up_info *v = NULL;
	struct wgc_prefix *want = NULL;
	char name[WGC_ATTACHMENT_MAX];
	const struct wgc_up_info *up = NULL;
	size_t n = 0, n_want = 0;
	int r;

	if (!a)
		return wgc_cni_fail(&c->err, WGC_CNI_INTERNAL, "out of memory");
	wgc_attachment_name(&key, name);
	r = wgc_cni_expected(&c->r, a, &want, &n_want, &c->err);
	if (r == 0 && wgc_plan_list(&c->sys, a, &v, &n, &err) < 0)
		r = tell(c, WGC_CNI_IO, &err);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (!strcmp(v[i].name, name) && v[i].finished)
			up = &v[i];
	if (r == 0 && !up)
		r = wgc_cni_fail(&c->err, WGC_CNI_CHECK_FAILED, "'%s' is not up", name);
	if (r == 0 && wgc_plan_orphaned(up))
		r = wgc_cni_fail(&c->err, WGC_CNI_CHECK_FAILED, "'%s' is dead: the network namespace is gone that its packets left from", name);
	if (r == 0 && wgc_attach_verify(c->r.env.netns, c->r.env.ifname, want, n_want, &err) < 0)
		r = tell(c, WGC_CNI_CHECK_FAILED, &err);
	wgc_arena_free(a);
	return r ?: forward(c);
}

static bool listed(void *ctx, const char *name)
{
	return wgc_cni_is_valid(ctx, name);
}

static int do_gc(struct cni *c)
{
	struct wgc_attachment key = { "cni", c->r.network, NULL, NULL };
	struct wgc_err err = WGC_ERR_INIT;
	char prefix[WGC_ATTACHMENT_MAX];
	int r, ipam;

	wgc_attachment_name(&key, prefix);
	r = wgc_attach_down_all(c->ui, &c->sys, prefix, listed, &c->r, &err);
	ipam = forward(c);
	return r < 0 ? tell(c, code_of(&err, r), &err) : ipam;
}

/* Could it do an ADD now? */
static int do_status(struct cni *c)
{
	WGC_AUTO_FREE char *program = NULL;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_loaded l = { 0 };
	int r = load(c, &l);

	if (r < 0)
		c->err.code = WGC_CNI_NOT_AVAILABLE;
	if (r == 0 && l.profile->backend != WGC_BACKEND_USERSPACE && wgc_wg_kernel_available(c->sys.nl))
		r = 0;
	else if (r == 0 && (l.profile->backend == WGC_BACKEND_KERNEL || wgc_userspace_find(&program, &err) < 0))
		r = wgc_cni_fail(&c->err, WGC_CNI_NOT_AVAILABLE, "this machine has no WireGuard: no module, and no program in its place");
	wgc_loaded_done(&l);
	return r ?: forward(c);
}

static int run(struct cni *c)
{
	static int (*const work[])(struct cni *) = { [WGC_CNI_ADD] = do_add, [WGC_CNI_DEL] = do_del,	   [WGC_CNI_CHECK] = do_check,
						     [WGC_CNI_GC] = do_gc,   [WGC_CNI_STATUS] = do_status };
	struct wgc_err err = WGC_ERR_INIT;
	int r;

	if (wgc_sys_open(&c->sys, &err) < 0)
		return tell(c, WGC_CNI_IO, &err);
	r = work[c->r.command](c);
	wgc_sys_close(&c->sys);
	return r;
}

static int read_input(struct cni *c, const struct wgc_cni_env *env)
{
	int r = 0;

	/* VERSION needs none, and a terminal would keep us waiting. */
	if (!isatty(STDIN_FILENO))
		r = wgc_read_fd(STDIN_FILENO, INPUT_MAX, &c->input, &c->len);
	if (r < 0 && !(env->command && !strcmp(env->command, "VERSION"))) {
		wgc_cni_fail(&c->err, WGC_CNI_IO, "cannot read the configuration from standard input: %s", strerror(-r));
		return r;
	}
	return 0;
}

int wgc_cni_main(struct wgc_ui *ui)
{
	const struct wgc_cni_env env = { getenv("CNI_COMMAND"), getenv("CNI_CONTAINERID"), getenv("CNI_NETNS"), getenv("CNI_IFNAME"),
					 getenv("CNI_PATH") };
	struct cni c = { .ui = ui, .r.version = "1.1.0" };
	int r;

	/* A network's configuration may have the profile in it, keys and all. */
	json_set_alloc_funcs(malloc, wgc_wipe_free);
	r = read_input(&c, &env);
	r = r ?: wgc_cni_parse(&env, c.input ?: "", c.len, &c.r, &c.err);
	if (r == 0 && c.r.command == WGC_CNI_VERSION)
		wgc_cni_versions(c.r.version, &c.out);
	else if (r == 0)
		r = run(&c);
	if (r < 0) {
		c.out.len = 0;
		wgc_cni_error(c.r.version ?: "1.1.0", &c.err, &c.out);
	}
	if (c.out.len)
		wgc_ui_answer(&c.out);
	wgc_str_done(&c.out);
	wgc_cni_done(&c.r);
	if (c.input)
		wgc_wipe(c.input, c.len);
	free(c.input);
	return r < 0 ? WGC_EXIT_FAILED : WGC_EXIT_OK;
}
