// SPDX-License-Identifier: GPL-2.0
/* The keys of [Interface] that are about hooks, and about how wgctl works. */
#include <errno.h>
#include <string.h>

#include "config/internal.h"

static void hook(struct wgc_parse *c, enum wgc_hook which, struct wgc_word *w)
{
	struct wgc_texts *t = &c->p->hooks[which];

	/* A line of a file cannot hold one either. */
	if (memchr(w->s, '\n', w->len))
		wgc_bad(c, w->at, "join the commands by ';'", "%s has more than one line", c->key->ini);
	else
		wgc_push_text(c, &t->v, &t->n, &t->cap, w);
}

WGC_SETTER(pre_up)
{
	hook(c, WGC_PRE_UP, w);
}

WGC_SETTER(post_up)
{
	hook(c, WGC_POST_UP, w);
}

WGC_SETTER(pre_down)
{
	hook(c, WGC_PRE_DOWN, w);
}

WGC_SETTER(post_down)
{
	hook(c, WGC_POST_DOWN, w);
}

WGC_SETTER(save_config)
{
	int i = wgc_parse_choice(c, w);

	if (i < 0)
		return;
	c->p->save_config = i == 1;
	c->p->save_config_at = w->at;
}

WGC_SETTER(backend)
{
	int i = wgc_parse_choice(c, w);

	if (i < 0)
		return;
	c->p->backend = (enum wgc_backend)i;
	c->p->backend_at = w->at;
}

static struct wgc_text keep_namespace(struct wgc_parse *c, const struct wgc_word *w)
{
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_ns_ref ref;

	if (wgc_can_be_path(c, w) && wgc_ns_parse(w->s, &ref, &err) < 0)
		wgc_bad(c, w->at, err.hint[0] ? err.hint : NULL, "%s", err.msg);
	return wgc_keep_word(c, w);
}

WGC_SETTER(socket_namespace)
{
	c->p->socket_namespace = keep_namespace(c, w);
}

WGC_SETTER(interface_namespace)
{
	c->p->interface_namespace = keep_namespace(c, w);
}

WGC_SETTER(kill_switch)
{
	int i = wgc_parse_choice(c, w);

	if (i < 0)
		return;
	c->p->kill_switch = (enum wgc_kill_switch)i;
	c->p->kill_switch_at = w->at;
}

WGC_SETTER(allow_lan)
{
	int i = wgc_parse_choice(c, w);

	if (i < 0)
		return;
	c->p->allow_lan = i == 1;
	c->p->allow_lan_at = w->at;
}

WGC_SETTER(dns_mode)
{
	int i = wgc_parse_choice(c, w);

	if (i < 0)
		return;
	c->p->dns_mode = (enum wgc_dns_mode)i;
	c->p->dns_mode_at = w->at;
}

WGC_SETTER(ipv6)
{
	int i = wgc_parse_choice(c, w);

	if (i < 0)
		return;
	c->p->ipv6 = (enum wgc_ipv6_mode)i;
	c->p->ipv6_at = w->at;
}

WGC_SETTER(refresh_endpoints)
{
	uint64_t seconds;

	c->p->refresh_endpoints_at = w->at;
	if (wgc_streq_nocase(w->s, "off") || !strcmp(w->s, "0")) {
		c->p->refresh_endpoints = 0;
		return;
	}
	if (wgc_parse_u64(w->s, UINT32_MAX, &seconds)) {
		wgc_bad(c, w->at, "off, or a number of seconds", "this is no value of RefreshEndpoints");
		return;
	}
	c->p->refresh_endpoints = (uint32_t)seconds;
}
