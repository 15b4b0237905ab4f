// SPDX-License-Identifier: GPL-2.0
/* Which backend, and what it is given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/internal.h"

static const char *const names[] = {
	[WGC_DNS_BACKEND_NONE] = "none",
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

static bool is_resolvectl(const char *program)
{
	WGC_AUTO_FREE char *real = realpath(program, NULL);
	const char *base = real ? strrchr(real, '/') : NULL;

	return base && (!strcmp(base, "/resolvectl") || !strcmp(base, "/systemd-resolve"));
}

int wgc_dns_detect(enum wgc_dns_mode mode, const struct wgc_dns_paths *paths, enum wgc_dns_backend *ret, struct wgc_err *err)
{
	WGC_AUTO_FREE char *program = NULL;
	int r;

	if (mode == WGC_DNS_NONE) {
		*ret = WGC_DNS_BACKEND_NONE;
		return 0;
	}
	if (mode == WGC_DNS_FILE) {
		*ret = WGC_DNS_BACKEND_FILE;
		return 0;
	}
	r = wgc_dns_resolvconf_find(paths, &program, mode == WGC_DNS_AUTO ? NULL : err);
	if (r == -ENOENT && mode == WGC_DNS_AUTO) {
		*ret = WGC_DNS_BACKEND_FILE;
		return 0;
	}
	if (r < 0)
		return r == -ENOMEM ? wgc_err_nomem(err) : r;
	if (mode == WGC_DNS_RESOLVED && !is_resolvectl(program)) {
		wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "%s does not speak to systemd-resolved", program);
		wgc_err_hint(err, "systemd-resolved comes with a `resolvconf` that is a link to resolvectl; "
				  "DNSMode = auto uses the one that is there");
		return -ENOENT;
	}
	*ret = WGC_DNS_BACKEND_RESOLVCONF;
	return 0;
}

/* A word that stays one word on its line. */
static int check_word(const struct wgc_text *t, struct wgc_err *err)
{
	bool good = t->s && *t->s;

	for (const char *c = t->s; good && *c; c++)
		good = (unsigned char)*c > ' ' && *c != 0x7f && *c != '#';
	if (good)
		return 0;
	wgc_err_set(err, WGC_E_CONFIG, EINVAL, "a name server or search domain must be one word without spaces");
	if (err)
		err->at = t->at;
	return -EINVAL;
}

int wgc_dns_lines(const struct wgc_profile *p, struct wgc_str *out, struct wgc_err *err)
{
	int r;

	/* Search domains alone mean nothing to wg-quick. */
	if (!p->n_dns_servers)
		return 0;
	for (size_t i = 0; i < p->n_dns_servers; i++) {
		r = check_word(&p->dns_servers[i], err);
		if (r < 0)
			return r;
		wgc_str_addf(out, "nameserver %s\n", p->dns_servers[i].s);
	}
	if (p->n_dns_search)
		wgc_str_add(out, "search");
	for (size_t i = 0; i < p->n_dns_search; i++) {
		r = check_word(&p->dns_search[i], err);
		if (r < 0)
			return r;
		wgc_str_addf(out, " %s", p->dns_search[i].s);
	}
	if (p->n_dns_search)
		wgc_str_addc(out, '\n');
	return out->oom ? wgc_err_nomem(err) : 0;
}

int wgc_dns_capture(enum wgc_dns_backend b, const char *ifname, const struct wgc_dns_paths *paths, char **ret_inverse,
		    struct wgc_err *err)
{
	char *none;

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
		  struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str lines = { 0 };
	int r;

	if (b == WGC_DNS_BACKEND_NONE)
		return 0;
	r = wgc_dns_lines(p, &lines, err);
	if (r < 0 || !lines.len)
		return r;
	if (b == WGC_DNS_BACKEND_RESOLVCONF)
		return wgc_dns_resolvconf_apply(ifname, wgc_str_get(&lines), paths, err);
	return wgc_dns_file_apply(ifname, wgc_str_get(&lines), paths, err);
}

int wgc_dns_restore(enum wgc_dns_backend b, const char *ifname, const char *inverse, const struct wgc_dns_paths *paths,
		    struct wgc_err *err)
{
	if (b == WGC_DNS_BACKEND_RESOLVCONF)
		return wgc_dns_resolvconf_restore(ifname, inverse, paths, err);
	if (b == WGC_DNS_BACKEND_FILE)
		return wgc_dns_file_restore(ifname, inverse, paths, err);
	return 0;
}
