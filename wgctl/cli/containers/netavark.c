// SPDX-License-Identifier: GPL-2.0
/* netavark: the plugin of podman's network stack. One word says what to do; JSON in, JSON out. */
#include "cli/containers/attach.h"
#include "cli/commands.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX (16u << 20)

struct call {
	struct wgc_ui ui;
	struct wgc_sys sys;
	struct wgc_netavark_request r;
	struct wgc_err err;
	struct wgc_str out;
};

static int read_request(struct call *c, enum wgc_netavark_step step)
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len = 0;
	int r = wgc_read_fd(STDIN_FILENO, INPUT_MAX, &text, &len);

	if (r < 0)
		return wgc_err_set(&c->err, WGC_E_IO, -r, "cannot read standard input: %s", strerror(-r));
	return wgc_netavark_parse(text, len, step, &c->r, &c->err);
}

/* A network that no container could ever join is refused now. */
static int create(struct call *c, const char *netns)
{
	struct wgc_loaded l = { 0 };
	int r = read_request(c, WGC_NETAVARK_CREATE);

	r = r ?: wgc_attach_load(&c->ui, c->r.profile, NULL, &l, &c->err);
	wgc_loaded_done(&l);
	if (r == 0 && wgc_netavark_network(&c->r, &c->out) < 0)
		r = wgc_err_nomem(&c->err);
	return r;
}

static struct wgc_attachment key_of(const struct call *c)
{
	return (struct wgc_attachment){ "netavark", c->r.name, c->r.container, c->r.ifname };
}

static int setup(struct call *c, const char *netns)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_loaded l = { 0 };
	char name[WGC_ATTACHMENT_MAX];
	struct wgc_attached got;
	int r = a ? read_request(c, WGC_NETAVARK_SETUP) : wgc_err_nomem(&c->err);
	struct wgc_attach how = { .key = key_of(c), .netns = netns, .mode = c->r.mode, .addresses = c->r.addresses, .n_addresses = c->r.n };

	r = r ?: wgc_attach_load(&c->ui, c->r.profile, NULL, &l, &c->err);
	r = r ?: wgc_attach_check(&how, &l, &c->err);
	r = r ?: wgc_attach_up(&c->ui, &c->sys, &how, &l, a, &got, &c->err);
	if (r == 0) {
		wgc_netavark_status(&got, &c->out);
		/* Who gets no answer takes it for a failure, and for one that left nothing. */
		if (c->out.oom) {
			wgc_attachment_name(&how.key, name);
			wgc_attach_down(&c->ui, &c->sys, name, NULL);
			r = wgc_err_nomem(&c->err);
		}
	}
	wgc_loaded_done(&l);
	wgc_arena_free(a);
	return r;
}

static int teardown(struct call *c, const char *netns)
{
	char name[WGC_ATTACHMENT_MAX];
	int r = read_request(c, WGC_NETAVARK_TEARDOWN);
	struct wgc_attachment key = key_of(c);

	if (r < 0)
		return r;
	wgc_attachment_name(&key, name);
	return wgc_attach_down(&c->ui, &c->sys, name, &c->err);
}

static int info(struct call *c, const char *netns)
{
	wgc_netavark_info(WGC_VERSION, &c->out);
	return 0;
}

int wgc_netavark_main(int argc, char **argv)
{
	static const struct {
		const char *word;
		bool netns; /* a path follows */
		int (*run)(struct call *c, const char *netns);
	} steps[] = { { "info", false, info }, { "create", false, create }, { "setup", true, setup }, { "teardown", true, teardown } };
	struct call c = { .ui = { .program = "wgctl" } };
	int r = -EINVAL;

	for (size_t i = 0; i < WGC_ARRAY_SIZE(steps); i++) {
		if (strcmp(steps[i].word, argv[0]))
			continue;
		if (argc != 1 + steps[i].netns || (steps[i].netns && !strchr(argv[1], '/'))) {
			wgc_err_set(&c.err, WGC_E_USAGE, EINVAL, "netavark calls '%s' %s", argv[0],
				    steps[i].netns ? "with the path of a network namespace" : "without arguments");
			break;
		}
		r = wgc_sys_open(&c.sys, &c.err);
		if (r == 0) {
			r = steps[i].run(&c, argc > 1 ? argv[1] : NULL);
			wgc_sys_close(&c.sys);
		}
	}
	if (r < 0) {
		WGC_AUTO_STR struct wgc_str said = { 0 };

		c.out.len = 0;
		wgc_attach_say(&c.err, &said);
		wgc_netavark_error(wgc_str_get(&said), &c.out);
	}
	if (c.out.len)
		wgc_ui_answer(&c.out);
	wgc_str_done(&c.out);
	wgc_netavark_done(&c.r);
	return wgc_ui_finish(&c.ui, r < 0 ? WGC_EXIT_FAILED : WGC_EXIT_OK);
}
