// SPDX-License-Identifier: GPL-2.0
/*
 * browser: a browser that finds its own kind running with the same profile hands
 * the page over to it, and that may live outside. So it gets a profile directory
 * of its own, where nobody outside is.
 */
#include <string.h>
#include <sys/stat.h>

#include "cli/inside/inside.h"

enum kind { NONE, CHROMIUM, FIREFOX };

static const struct {
	const char *name;
	enum kind kind;
} browsers[] = {
	{ "chromium", CHROMIUM }, { "chromium-browser", CHROMIUM }, { "google-chrome", CHROMIUM },
	{ "google-chrome-stable", CHROMIUM }, { "google-chrome-beta", CHROMIUM }, { "google-chrome-unstable", CHROMIUM },
	{ "chrome", CHROMIUM }, { "brave", CHROMIUM }, { "brave-browser", CHROMIUM }, { "brave-browser-stable", CHROMIUM },
	{ "microsoft-edge", CHROMIUM }, { "microsoft-edge-stable", CHROMIUM }, { "vivaldi", CHROMIUM }, { "vivaldi-stable", CHROMIUM },
	{ "opera", CHROMIUM }, { "firefox", FIREFOX }, { "firefox-esr", FIREFOX }, { "librewolf", FIREFOX }, { "waterfox", FIREFOX },
};

static bool given(int argc, char **argv, const char *name)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc; i++) {
		const char *w = argv[i];

		/* Firefox takes one dash or two. */
		w += w[0] == '-' && w[1] == '-' ? 2 : w[0] == '-';
		if (w != argv[i] && !strncmp(w, name, n) && (!w[n] || w[n] == '='))
			return true;
	}
	return false;
}

char **wgc_browser_argv(struct wgc_arena *a, const struct wgc_who *who, const struct wgc_around *around, const char *room, int argc,
			char **argv, const char **ret_dir)
{
	char **v = wgc_arena_alloc(a, (size_t)(argc + 4) * sizeof(*v));
	const char *slash = strrchr(argv[0], '/'), *base = slash ? slash + 1 : argv[0];
	const char *data = wgc_around_get(around, "XDG_DATA_HOME");
	enum kind kind = NONE;
	char *dir = NULL;
	int n = 0;

	*ret_dir = NULL;
	for (size_t i = 0; i < WGC_ARRAY_SIZE(browsers); i++)
		if (!strcmp(browsers[i].name, base))
			kind = browsers[i].kind;
	if (!v)
		return NULL;
	v[n++] = argv[0];
	if (kind != NONE) {
		dir = data && data[0] == '/' ? wgc_arena_printf(a, "%s/wgctl/%s/%s", data, room, base) :
					       wgc_arena_printf(a, "%s/.local/share/wgctl/%s/%s", who->home, room, base);
		if (!dir)
			return NULL;
	}
	if (kind == CHROMIUM && !given(argc, argv, "user-data-dir")) {
		v[n++] = wgc_arena_printf(a, "--user-data-dir=%s", dir);
		*ret_dir = dir;
	} else if (kind == FIREFOX) {
		/* Also with a profile that somebody else has open: X11 leads to him. */
		if (!given(argc, argv, "no-remote"))
			v[n++] = (char *)"--no-remote";
		if (!given(argc, argv, "profile") && !given(argc, argv, "P")) {
			v[n++] = (char *)"--profile";
			v[n++] = dir;
			*ret_dir = dir;
		}
	}
	if (*ret_dir && !v[n - 1])
		return NULL;
	for (int i = 1; i < argc; i++)
		v[n++] = argv[i];
	return v;
}

/* What says that names are looked up as the system does it. A policy of the
 * machine's owner for Chromium stays beside it; Firefox knows one file only. */
size_t wgc_browser_policies(struct wgc_arena *a, struct wgc_ns_file *v)
{
	static const char chromium[] = "{ \"DnsOverHttpsMode\": \"off\", \"BuiltInDnsClientEnabled\": false }\n";
	static const char firefox[] = "{ \"policies\": { \"DNSOverHTTPS\": { \"Enabled\": false, \"Locked\": true } } }\n";
	size_t n = 0;

	v[n++] = (struct wgc_ns_file){ "chromium/policies/managed/wgctl.json", chromium };
	v[n++] = (struct wgc_ns_file){ "opt/chrome/policies/managed/wgctl.json", chromium };
	v[n++] = (struct wgc_ns_file){ "opt/edge/policies/managed/wgctl.json", chromium };
	v[n++] = (struct wgc_ns_file){ "brave/policies/managed/wgctl.json", chromium };
	v[n++] = (struct wgc_ns_file){ "firefox/policies/policies.json", firefox };
	return n;
}
