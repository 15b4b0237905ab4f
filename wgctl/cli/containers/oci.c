// SPDX-License-Identifier: GPL-2.0
/*
 * oci: the hook of container runtimes. At createRuntime the container's namespaces
 * are there and its program does not run yet: whatever fails now keeps it from
 * ever running. At poststop the container is gone, and what it was is known by id.
 */
#include "cli/containers/attach.h"
#include "cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "ns/ns.h"

#define STATE_MAX (1u << 20)
#define CONFIG_MAX (16u << 20)

static int read_config(const struct wgc_oci_state *s, struct wgc_arena *a, struct wgc_oci_config *ret, struct wgc_err *err)
{
	WGC_AUTO_FREE char *path = NULL, *text = NULL;
	size_t len;
	int r;

	if (asprintf(&path, "%s/config.json", s->bundle) < 0)
		return wgc_err_nomem(err);
	r = wgc_read_file(path, CONFIG_MAX, &text, &len);
	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot read '%s': %s", path, strerror(-r));
	r = wgc_oci_config_parse(text, len, a, ret, err);
	if (r == 0 && ret->root && ret->root[0] != '/')
		ret->root = wgc_arena_printf(a, "%s/%s", s->bundle, ret->root);
	return r;
}

/* The engine has written that of the machine, or of another network. */
static int set_resolver(const struct wgc_sys *sys, const struct wgc_oci_state *s, const struct wgc_oci_config *c,
			const struct wgc_attached *got, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str text = { 0 };

	if (!got->n_servers)
		return 0;
	if (!c->root)
		return wgc_err_set(err, WGC_E_CONFIG, EINVAL, "config.json of the bundle names no root file system");
	wgc_resolv_conf(got->servers, got->n_servers, got->search, got->n_search, &text);
	if (text.oom)
		return wgc_err_nomem(err);
	return wgc_ns_put_file(s->pid, c->root, "etc/resolv.conf", text.s, sys->run_dir, err);
}

/* Runtimes drop what a hook says, most of them. */
static void warn_of_caps(struct wgc_ui *ui, const struct wgc_oci_state *s, const struct wgc_oci_config *c)
{
	static const char text[] = "it can read the tunnel's private key, and change its peers";

	if (!c->net_admin)
		return;
	wgc_ui_warn(ui, "the container keeps CAP_NET_ADMIN: %s", text);
	syslog(LOG_DAEMON | LOG_WARNING, "the container %.80s keeps CAP_NET_ADMIN: %s", s->id, text);
}

static int tell(struct wgc_ui *ui, const struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str said = { 0 };

	wgc_attach_say(err, &said);
	syslog(LOG_DAEMON | LOG_ERR, "oci-hook: %s", wgc_str_get(&said));
	return wgc_show_err(ui, NULL, err, NULL);
}

static int begin(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_oci_args *args, const struct wgc_oci_state *s,
		 struct wgc_arena *a, struct wgc_err *err)
{
	const char *name = args->c.argc ? args->c.argv[0] : s->profile;
	char netns[40];
	struct wgc_attach how = { .key = { "oci", NULL, s->id, s->ifname }, .netns = netns, .mode = s->mode };
	struct wgc_oci_config config;
	struct wgc_attached got;
	struct wgc_loaded l = { 0 };
	int r;

	if (!name) {
		wgc_err_set(err, WGC_E_CONFIG, EINVAL, "no profile: the container has no annotation " WGC_OCI_PROFILE);
		wgc_err_hint(err, "podman run --annotation " WGC_OCI_PROFILE "=NAME, or the hook's argument");
		return -EINVAL;
	}
	snprintf(netns, sizeof(netns), "/proc/%d/ns/net", (int)s->pid);
	r = read_config(s, a, &config, err);
	if (r == 0 && config.net_admin && args->strict) {
		r = wgc_err_set(err, WGC_E_PERM, EPERM, "the container keeps CAP_NET_ADMIN: it could read the tunnel's private key");
		wgc_err_hint(err, "start it with --cap-drop NET_ADMIN");
	}
	r = r ?: wgc_attach_load(ui, name, args->profiles, &l, err);
	r = r ?: wgc_attach_check(&how, &l, err);
	r = r ?: wgc_attach_up(ui, sys, &how, &l, a, &got, err);
	if (r == 0) {
		warn_of_caps(ui, s, &config);
		r = set_resolver(sys, s, &config, &got, err);
		if (r < 0)
			wgc_attach_down(ui, sys, l.profile->name, NULL);
	}
	wgc_loaded_done(&l);
	return r;
}

static int end(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_oci_state *s, struct wgc_err *err)
{
	struct wgc_attachment key = { "oci", NULL, s->id, NULL };
	char prefix[WGC_ATTACHMENT_MAX];

	/* Of a hook that was killed. */
	wgc_ns_sweep_files(sys->run_dir);
	wgc_attachment_name(&key, prefix);
	return wgc_attach_down_all(ui, sys, prefix, NULL, NULL, err);
}

int wgc_run_oci_hook(struct wgc_ui *ui, const void *args)
{
	struct wgc_arena *a = wgc_arena_new();
	WGC_AUTO_FREE char *text = NULL;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_oci_state s;
	struct wgc_sys sys;
	size_t len = 0;
	int r, code = WGC_EXIT_OK;

	r = a ? wgc_read_fd(STDIN_FILENO, STATE_MAX, &text, &len) : -ENOMEM;
	if (r < 0)
		wgc_err_set(&err, WGC_E_IO, -r, "cannot read the container's state from standard input: %s", strerror(-r));
	r = r ?: wgc_oci_state_parse(text, len, a, &s, &err);
	r = r ?: wgc_sys_open(&sys, &err);
	if (r == 0) {
		r = s.begins ? begin(ui, &sys, args, &s, a, &err) : end(ui, &sys, &s, &err);
		wgc_sys_close(&sys);
	}
	if (r < 0)
		code = tell(ui, &err);
	wgc_arena_free(a);
	return code;
}
