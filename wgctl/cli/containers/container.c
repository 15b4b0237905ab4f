// SPDX-License-Identifier: GPL-2.0
/* container: tunnels for containers that run already, whoever runs them; and for services. */
#include "cli/containers/attach.h"
#include "cli/commands.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ns/ns.h"

#define FILE_MAX (1u << 20)

/* A container's name, unless it says what else it is. */
static char *reference(const char *text)
{
	char *s;

	if (strchr(text, '/') || !strncmp(text, "pid:", 4) || !strncmp(text, "container:", 10))
		return strdup(text);
	return asprintf(&s, "container:%s", text) < 0 ? NULL : s;
}

/* What it is called in the journal: the same for both ways to write it. */
static char *id_of(const char *text)
{
	char *s = strdup(strncmp(text, "container:", 10) ? text : text + 10), *colon = s ? strchr(s, ':') : NULL;

	if (colon)
		*colon = '=';
	return s;
}

static int no_memory(struct wgc_ui *ui)
{
	struct wgc_err err = WGC_ERR_INIT;

	wgc_err_nomem(&err);
	return wgc_show_err(ui, NULL, &err, NULL);
}

/* ---- what is in the way of a tunnel that nothing leaks past ------------------------ */

static bool has_net_admin(pid_t pid)
{
	WGC_AUTO_FREE char *text = NULL;
	unsigned long long set = 0;
	const char *line;
	char path[40];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (wgc_read_file(path, FILE_MAX, &text, &len) < 0)
		return false;
	line = strstr(text, "\nCapBnd:");
	return line && sscanf(line, "\nCapBnd: %llx", &set) == 1 && set & (1ull << CAP_NET_ADMIN);
}

/* Does the container ask the tunnel's servers, and no others? */
static bool asks(const char *text, const struct wgc_attached *a)
{
	const char *p = text;
	bool any = false;

	while ((p = strstr(p, "nameserver"))) {
		char server[WGC_IP_TEXT + 1] = "";
		bool known = false, begins = p == text || p[-1] == '\n';

		p += strlen("nameserver");
		if (!begins || sscanf(p, " %46s", server) != 1)
			continue;
		for (size_t i = 0; i < a->n_servers; i++)
			known = known || !strcmp(a->servers[i].s, server);
		if (!known)
			return false;
		any = true;
	}
	return any;
}

static void warn_of_resolver(struct wgc_ui *ui, pid_t pid, const struct wgc_attached *a)
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len;

	if (a->n_servers && wgc_ns_read_file(pid, "etc/resolv.conf", FILE_MAX, &text, &len) == 0 && !asks(text, a))
		wgc_ui_warn(ui, "the container asks other name servers than the tunnel's %s: start it with --dns, or with a resolv.conf as --volume",
			    a->servers[0].s);
}

static void warn_of_inhabitants(struct wgc_ui *ui, const char *netns, const struct wgc_attached *got, struct wgc_arena *a)
{
	struct wgc_ns_user *users = NULL;
	struct wgc_ns_ref ref;
	struct wgc_ns_id id;
	size_t n = 0;
	int fd;

	if (wgc_ns_parse(netns, &ref, NULL) < 0 || wgc_ns_open(&ref, &fd, NULL) < 0)
		return;
	if (wgc_ns_id(fd, &id) == 0 && wgc_ns_users(&id, a, &users, &n) == 0 && n) {
		warn_of_resolver(ui, users[0].pid, got);
		for (size_t i = 0; i < n; i++)
			if (has_net_admin(users[i].pid)) {
				wgc_ui_warn(ui, "%s (%d) in the container may have CAP_NET_ADMIN: it could read the tunnel's private key",
					    users[i].comm, (int)users[i].pid);
				break;
			}
	}
	close(fd);
}

static void warn_of_others(struct wgc_ui *ui, const char *netns, const char *ifname)
{
	WGC_AUTO_STR struct wgc_str names = { 0 };
	bool dflt = false;

	if (wgc_attach_others(netns, ifname, &names, &dflt, NULL) == 0 && dflt)
		wgc_ui_warn(ui, "the container has %s, and a default route leads there: what the tunnel does not take goes that way",
			    wgc_str_get(&names));
}

/* ---- attach, detach ------------------------------------------------------------------- */

static void answer(struct wgc_ui *ui, const struct wgc_loaded *l, const struct wgc_attached *got, const char *container)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_json j;

	wgc_ui_note(ui, "'%s' is up on %s in %s", l->profile->name, got->ifname, container);
	if (!ui->json)
		return;
	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "name");
	wgc_json_str(&j, l->profile->name);
	wgc_json_key(&j, "interface");
	wgc_json_str(&j, got->ifname);
	wgc_json_key(&j, "addresses");
	wgc_json_array(&j);
	for (size_t i = 0; i < got->n_addresses; i++) {
		char text[WGC_PREFIX_TEXT];

		wgc_prefix_print(&got->addresses[i], text);
		wgc_json_str(&j, text);
	}
	wgc_json_array_end(&j);
	wgc_ui_json_end(&j);
}

static int attach_loaded(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_container_args *args, struct wgc_loaded *l)
{
	const char *container = args->c.argv[2];
	WGC_AUTO_FREE char *netns = reference(container), *id = id_of(container);
	struct wgc_attach how = { .key = { "attach", NULL, id, args->interface }, .netns = netns,
				  .mode = args->mode == 1 ? WGC_ATTACH_ONLY : WGC_ATTACH_ADDITIONAL };
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_attached got;
	int r, code = WGC_EXIT_OK;

	if (!netns || !id || !a) {
		code = no_memory(ui);
	} else {
		r = wgc_attach_check(&how, l, &err);
		r = r ?: wgc_attach_up(ui, sys, &how, l, a, &got, &err);
		if (r < 0) {
			code = wgc_show_err(ui, &l->src, &err, NULL);
		} else {
			warn_of_others(ui, netns, got.ifname);
			warn_of_inhabitants(ui, netns, &got, a);
			answer(ui, l, &got, container);
		}
	}
	wgc_arena_free(a);
	return code;
}

static int attach(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_container_args *args)
{
	struct wgc_common only_profile = args->c;
	struct wgc_loaded l = { 0 };
	int code;

	only_profile.argv++;
	only_profile.argc = 1;
	code = wgc_load_all(ui, &only_profile, &l);
	if (!code && args->interface && !wgc_ifname_valid(args->interface))
		code = wgc_usage(ui, "'%s' cannot be the name of an interface", args->interface);
	code = code ?: attach_loaded(ui, sys, args, &l);
	wgc_loaded_done(&l);
	return code;
}

static int detach_all(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_common *c, const char *prefix, struct wgc_arena *a,
		      struct wgc_json *j)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_up_info *v = NULL;
	size_t n = 0, hits = 0;
	int code = WGC_EXIT_OK;

	if (wgc_plan_list(sys, a, &v, &n, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	/* One that fails does not keep the others up; the worst one counts. */
	for (size_t i = 0; i < n; i++) {
		int one;

		if (strncmp(v[i].name, prefix, strlen(prefix)))
			continue;
		hits++;
		one = wgc_down_one(ui, sys, v[i].name, false, true, c->wait, j);
		code = one > code ? one : code;
	}
	if (hits)
		return code;
	wgc_err_set(&err, WGC_E_NOT_UP, ENOENT, "'%s' has no tunnel of `wgctl container attach`", c->argv[1]);
	wgc_err_hint(&err, "`wgctl list` shows what is up");
	return wgc_show_err(ui, NULL, &err, NULL);
}

static int detach(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_common *c)
{
	WGC_AUTO_FREE char *id = id_of(c->argv[1]);
	struct wgc_attachment key = { "attach", NULL, id, NULL };
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_arena *a = wgc_arena_new();
	char prefix[WGC_ATTACHMENT_MAX];
	struct wgc_json json, *j;
	int code;

	if (!id || !a) {
		wgc_arena_free(a);
		return no_memory(ui);
	}
	wgc_attachment_name(&key, prefix);
	j = wgc_ui_profiles_begin(ui, &json, &out);
	code = detach_all(ui, sys, c, prefix, a, j);
	wgc_ui_profiles_end(j);
	wgc_arena_free(a);
	return code;
}

/* ---- services ---------------------------------------------------------------------------- */

static int unit(struct wgc_ui *ui, const struct wgc_common *c)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_common only_profile = *c;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_loaded l = { 0 };
	struct wgc_ns_ref ref;
	int code;

	only_profile.argv++;
	only_profile.argc = 1;
	code = wgc_load_all(ui, &only_profile, &l);
	if (!code && (wgc_ns_parse(l.profile->interface_namespace.s, &ref, NULL) < 0 || ref.kind != WGC_NS_NAME)) {
		wgc_err_set(&err, WGC_E_CONFIG, EINVAL, "'%s' has no namespace with a name for a service to be in", l.profile->name);
		wgc_err_hint(&err, "InterfaceNamespace = NAME in the profile gives it one");
		code = wgc_show_err(ui, NULL, &err, NULL);
	}
	if (!code) {
		wgc_unit_dropin(l.profile->name, ref.text, &out);
		wgc_ui_answer(&out);
	}
	wgc_loaded_done(&l);
	return code;
}

int wgc_run_container(struct wgc_ui *ui, const void *args)
{
	const struct wgc_container_args *a = args;
	const struct wgc_common *c = &a->c;
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_sys sys;
	int code;

	if (!strcmp(c->argv[0], "unit"))
		return c->argc == 2 ? unit(ui, c) : wgc_usage(ui, "unit takes a PROFILE");
	if (!strcmp(c->argv[0], "attach") ? c->argc != 3 : c->argc != 2)
		return wgc_usage(ui, strcmp(c->argv[0], "attach") ? "detach takes a CONTAINER" : "attach takes a PROFILE and a CONTAINER");
	if (strcmp(c->argv[0], "attach") && strcmp(c->argv[0], "detach"))
		return wgc_usage(ui, "'%s' is none of attach, detach and unit", c->argv[0]);
	code = wgc_need_root(ui, "container");
	if (code)
		return code;
	if (wgc_sys_open(&sys, &err))
		return wgc_show_err(ui, NULL, &err, NULL);
	code = !strcmp(c->argv[0], "attach") ? attach(ui, &sys, a) : detach(ui, &sys, c);
	wgc_sys_close(&sys);
	return code;
}
