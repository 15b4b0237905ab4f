// SPDX-License-Identifier: GPL-2.0
/* The backends behind one set of functions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/internal.h"

static const char *const names[] = {
	[WGC_DNS_BACKEND_NONE] = "none",
	[WGC_DNS_BACKEND_RESOLVED] = "resolved",
	[WGC_DNS_BACKEND_RESOLVCONF] = "resolvconf",
	[WGC_DNS_BACKEND_FILE] = "file",
};

const char *wgc_dns_backend_name(enum wgc_dns_backend b)
{
	return (size_t)b < WGC_ARRAY_SIZE(names) ? names[b] : "none";
}

bool wgc_dns_backend_parse(const char *s, enum wgc_dns_backend *ret)
{
	for (size_t i = 0; s && i < WGC_ARRAY_SIZE(names); i++)
		if (!strcmp(s, names[i])) {
			*ret = (enum wgc_dns_backend)i;
			return true;
		}
	return false;
}

static void add_texts(struct wgc_str *out, const char *first, const struct wgc_text *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		wgc_str_addf(out, "%s%s", i ? ", " : first, v[i].s);
}

static void resolvectl_commands(const char *ifname, const struct wgc_dns_want *w, struct wgc_str *out)
{
	const struct wgc_profile *p = w->profile;

	wgc_str_addf(out, "resolvectl domain %s", ifname);
	for (size_t i = 0; i < p->n_dns_search; i++) {
		wgc_str_addc(out, ' ');
		wgc_str_add_shell(out, p->dns_search[i].s);
	}
	if (w->added)
		wgc_str_add(out, " '~.'");
	wgc_str_addf(out, "; resolvectl default-route %s %s; resolvectl dns %s", ifname, w->all ? "yes" : "no", ifname);
	for (size_t i = 0; i < p->n_dns_servers; i++)
		wgc_str_addf(out, " %s", p->dns_servers[i].s);
}

void wgc_dns_describe(enum wgc_dns_backend b, const char *ifname, const struct wgc_profile *p, struct wgc_str *text,
		      struct wgc_str *equivalent)
{
	struct wgc_dns_want w;

	add_texts(text, "", p->dns_servers, p->n_dns_servers);
	add_texts(text, " search ", p->dns_search, p->n_dns_search);
	if (wgc_dns_want(p, &w, NULL) < 0)
		return;
	if (b == WGC_DNS_BACKEND_RESOLVED) {
		wgc_str_add(text, w.all ? " for all names" : " for these domains only");
		resolvectl_commands(ifname, &w, equivalent);
	} else if (b == WGC_DNS_BACKEND_RESOLVCONF) {
		wgc_str_addf(equivalent, "resolvconf -a %s -m 0 -x", ifname);
	}
	wgc_str_addf(text, " through %s", wgc_dns_backend_name(b));
}

int wgc_dns_capture(enum wgc_dns_backend b, const char *ifname, const struct wgc_dns_paths *paths, char **ret_inverse,
		    struct wgc_err *err)
{
	char *none;

	if (b == WGC_DNS_BACKEND_RESOLVED)
		return wgc_dns_resolved_capture(ifname, ret_inverse, err);
	if (b == WGC_DNS_BACKEND_RESOLVCONF)
		return wgc_dns_resolvconf_capture(ifname, paths, ret_inverse, err);
	if (b == WGC_DNS_BACKEND_FILE)
		return wgc_dns_file_capture(paths, ret_inverse, err);
	none = strdup("");
	if (!none)
		return wgc_err_nomem(err);
	*ret_inverse = none;
	return 0;
}

int wgc_dns_apply(enum wgc_dns_backend b, const char *ifname, const struct wgc_profile *p, const struct wgc_dns_paths *paths,
		  struct wgc_str *note, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str lines = { 0 };
	struct wgc_dns_want w;
	int r;

	if (b == WGC_DNS_BACKEND_NONE || !p->n_dns_servers)
		return 0;
	r = wgc_dns_want(p, &w, err);
	if (r < 0)
		return r;
	if (b == WGC_DNS_BACKEND_RESOLVED)
		return wgc_dns_resolved_apply(ifname, &w, paths, err);
	if (b == WGC_DNS_BACKEND_RESOLVCONF)
		return wgc_dns_resolvconf_apply(ifname, &w, paths, note, err);
	r = wgc_dns_lines(&w, false, &lines, err);
	if (r == 0)
		r = wgc_dns_file_apply(ifname, wgc_str_get(&lines), paths, err);
	if (r == 0)
		wgc_dns_warn_routed(&w, wgc_dns_resolv_conf(paths), note);
	return r;
}

int wgc_dns_restore(enum wgc_dns_backend b, const char *ifname, const char *inverse, const struct wgc_dns_paths *paths,
		    struct wgc_str *note, struct wgc_err *err)
{
	if (b == WGC_DNS_BACKEND_RESOLVED)
		return wgc_dns_resolved_restore(ifname, inverse, paths, err);
	if (b == WGC_DNS_BACKEND_RESOLVCONF)
		return wgc_dns_resolvconf_restore(ifname, inverse, paths, err);
	if (b == WGC_DNS_BACKEND_FILE)
		return wgc_dns_file_restore(ifname, inverse, paths, note, err);
	return 0;
}

enum wgc_dns_effect wgc_dns_in_effect(enum wgc_dns_backend b, const char *ifname, const struct wgc_profile *p,
				      const struct wgc_dns_paths *paths, char ret_why[static 256])
{
	WGC_AUTO_STR struct wgc_str lines = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct wgc_dns_want w;

	snprintf(ret_why, 256, "the profile sets no resolvers");
	if (b == WGC_DNS_BACKEND_NONE || !p->n_dns_servers)
		return WGC_DNS_EFFECT_YES;
	if (wgc_dns_want(p, &w, &err) < 0 || wgc_dns_lines(&w, false, &lines, &err) < 0) {
		snprintf(ret_why, 256, "%s", err.msg);
		return WGC_DNS_EFFECT_UNKNOWN;
	}
	if (b == WGC_DNS_BACKEND_RESOLVED)
		return wgc_dns_resolved_effect(ifname, &w, paths, ret_why);
	if (b == WGC_DNS_BACKEND_RESOLVCONF)
		return wgc_dns_resolvconf_effect(&w, paths, ret_why);
	return wgc_dns_file_effect(ifname, wgc_str_get(&lines), paths, ret_why);
}
