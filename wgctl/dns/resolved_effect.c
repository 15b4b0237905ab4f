// SPDX-License-Identifier: GPL-2.0
/* Whether systemd-resolved still has what it was told about a link. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "dns/bus.h"

#ifdef WGC_HAVE_LIBSYSTEMD

static int get_link(struct wgc_dns_talk *t, int ifindex, char **ret_path, sd_bus_error *e)
{
	sd_bus_message *m = NULL, *reply = NULL;
	const char *path;
	int r;

	r = wgc_sd.bus_message_new_method_call(t->bus, &m, WGC_DNS_RESOLVE1, "/org/freedesktop/resolve1", WGC_DNS_RESOLVE1 ".Manager", "GetLink");
	if (r >= 0)
		r = wgc_sd.bus_message_append(m, "i", ifindex);
	if (r >= 0)
		r = wgc_dns_talk_call(t, m, e, &reply);
	if (r >= 0)
		r = wgc_sd.bus_message_read(reply, "o", &path);
	if (r >= 0) {
		*ret_path = strdup(path);
		r = *ret_path ? 0 : -ENOMEM;
	}
	wgc_sd.bus_message_unref(reply);
	wgc_sd.bus_message_unref(m);
	return r;
}

/* 1 when the next elements of @reply are the wanted servers, and no more. */
static int same_servers(sd_bus_message *reply, const struct wgc_dns_want *w)
{
	size_t n = 0;
	int r = wgc_sd.bus_message_enter_container(reply, 'a', "(iay)");
	bool same = true;

	while (r >= 0 && (r = wgc_sd.bus_message_enter_container(reply, 'r', "iay")) > 0) {
		const void *bytes = NULL;
		struct wgc_ip ip;
		char text[64];
		size_t len = 0;
		int family;

		r = wgc_sd.bus_message_read(reply, "i", &family);
		if (r >= 0)
			r = wgc_sd.bus_message_read_array(reply, 'y', &bytes, &len);
		if (r >= 0)
			r = wgc_sd.bus_message_exit_container(reply);
		if (r < 0)
			break;
		if (n >= w->profile->n_dns_servers) {
			same = false;
			continue;
		}
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(w->profile->dns_servers[n].s, "%"), w->profile->dns_servers[n].s);
		same &= wgc_ip_parse(text, &ip) == 0 && ip.family == family && len == (family == AF_INET ? 4 : 16) &&
			!memcmp(bytes, ip.b, len);
		n++;
	}
	return r < 0 ? r : same && n == w->profile->n_dns_servers;
}

/* Names are equal whatever their case and with or without a dot at the end. */
static bool same_name(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);

	na -= na > 1 && a[na - 1] == '.';
	nb -= nb > 1 && b[nb - 1] == '.';
	return na == nb && !strncasecmp(a, b, na);
}

static int same_domains(sd_bus_message *reply, const struct wgc_dns_want *w)
{
	size_t n = 0, total = w->profile->n_dns_search + w->added;
	int r = wgc_sd.bus_message_enter_container(reply, 'a', "(sb)"), routed;
	const char *domain;
	bool same = true;

	while (r >= 0 && (r = wgc_sd.bus_message_read(reply, "(sb)", &domain, &routed)) > 0) {
		const char *want = n < w->profile->n_dns_search ? w->profile->dns_search[n].s : n < total ? "~." : NULL;

		n++;
		if (!want) {
			same = false;
			continue;
		}
		same &= routed == (*want == '~');
		want += *want == '~';
		same &= same_name(domain, *want ? want : ".");
	}
	return r < 0 ? r : same && n == total;
}

static int same_default_route(sd_bus_message *reply, const struct wgc_dns_want *w)
{
	int on, r = wgc_sd.bus_message_read(reply, "b", &on);

	return r < 0 ? r : !on == !w->all;
}

static const struct property {
	const char *name, *type, *what;
	int (*same)(sd_bus_message *reply, const struct wgc_dns_want *w);
} properties[] = {
	{ "DNS", "a(iay)", "other servers", same_servers },
	{ "Domains", "a(sb)", "other domains", same_domains },
	{ "DefaultRoute", "b", "another default route", same_default_route },
};

enum wgc_dns_effect wgc_dns_resolved_effect(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
					    char ret_why[static 256])
{
	WGC_CLEANUP(wgc_dns_talk_done) struct wgc_dns_talk t = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	sd_bus_error e = SD_BUS_ERROR_NULL;
	WGC_AUTO_FREE char *path = NULL;
	int ifindex = (int)if_nametoindex(ifname), r;
	enum wgc_dns_effect effect = WGC_DNS_EFFECT_YES;
	pid_t peer;

	if (!ifindex) {
		snprintf(ret_why, 256, "there is no link %s", ifname);
		return WGC_DNS_EFFECT_NO;
	}
	r = wgc_dns_talk_open(&t, paths, &err);
	r = r < 0 ? r : wgc_dns_talk_netns(&t, &peer, &err);
	if (r < 0) {
		snprintf(ret_why, 256, "%s", err.msg);
		return WGC_DNS_EFFECT_UNKNOWN;
	}
	r = get_link(&t, ifindex, &path, &e);
	snprintf(ret_why, 256, "systemd-resolved has the servers and domains of %s", ifname);
	for (size_t i = 0; r >= 0 && effect == WGC_DNS_EFFECT_YES && i < WGC_ARRAY_SIZE(properties); i++) {
		const struct property *p = &properties[i];
		sd_bus_message *reply = NULL;

		wgc_sd.bus_set_method_call_timeout(t.bus, wgc_dns_talk_left(&t));
		r = wgc_sd.bus_get_property(t.bus, WGC_DNS_RESOLVE1, path, WGC_DNS_RESOLVE1 ".Link", p->name, &e, &reply, p->type);
		if (r >= 0)
			r = p->same(reply, w);
		wgc_sd.bus_message_unref(reply);
		if (r == 0) {
			effect = WGC_DNS_EFFECT_NO;
			snprintf(ret_why, 256, "systemd-resolved has %s for %s", p->what, ifname);
		}
	}
	if (r < 0) {
		effect = WGC_DNS_EFFECT_UNKNOWN;
		snprintf(ret_why, 256, "systemd-resolved does not tell: %s", e.message ? e.message : strerror(-r));
	}
	wgc_sd.bus_error_free(&e);
	return effect;
}

#else

#include "dns/internal.h"

enum wgc_dns_effect wgc_dns_resolved_effect(const char *ifname, const struct wgc_dns_want *w, const struct wgc_dns_paths *paths,
					    char ret_why[static 256])
{
	snprintf(ret_why, 256, "this wgctl was built without libsystemd: it cannot ask systemd-resolved");
	return WGC_DNS_EFFECT_UNKNOWN;
}

#endif
