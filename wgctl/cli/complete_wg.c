// SPDX-License-Identifier: GPL-2.0
/* complete_wg: what could stand at the cursor of wg(8) and wg-quick(8), and of those commands of ours that are wg's. */
#include "cli/complete.h"
#include "cli/live.h"

#include <dirent.h>
#include <string.h>

static const char *const fields[] = { "public-key", "private-key", "listen-port", "fwmark", "peers", "preshared-keys", "endpoints",
				      "allowed-ips", "latest-handshakes", "transfer", "persistent-keepalive", "dump", NULL };
static const char *const of_device[] = { "listen-port", "fwmark", "private-key", "peer", NULL };
static const char *const of_peer[] = { "remove", "preshared-key", "endpoint", "persistent-keepalive", "allowed-ips", "peer", NULL };

static void offer_words(struct wgc_str *out, const char *word, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		wgc_offer(out, word, words[i], NULL);
}

/* Everything that is needed to look at tunnels, or nothing. */
struct look {
	struct wgc_sys sys;
	struct wgc_arena *a;
	struct wgc_up_info *up;
	size_t n_up;
};

static bool look_begin(struct look *l)
{
	*l = (struct look){ .a = wgc_arena_new() };
	if (l->a && !wgc_sys_open(&l->sys, NULL)) {
		/* Journals are root's. */
		if (wgc_plan_list(&l->sys, l->a, &l->up, &l->n_up, NULL))
			l->n_up = 0;
		return true;
	}
	wgc_arena_free(l->a);
	return false;
}

static void look_end(struct look *l)
{
	wgc_sys_close(&l->sys);
	wgc_arena_free(l->a);
}

void wgc_offer_devices(struct wgc_str *out, const char *word)
{
	struct look l;
	char **names;
	size_t n;

	if (!look_begin(&l))
		return;
	if (!wgc_wg_list(l.sys.nl, l.a, &names, &n, NULL))
		for (size_t i = 0; i < n; i++)
			wgc_offer(out, word, names[i], "WireGuard interface");
	for (size_t i = 0; i < l.n_up; i++)
		if (*l.up[i].home)
			wgc_offer(out, word, l.up[i].ifname, l.up[i].home);
	look_end(&l);
}

/* The keys of a device's peers, with the names that its profile has for them. */
static void offer_peers(struct wgc_str *out, const char *word, const char *device)
{
	struct wgc_device *d = NULL;
	struct wgc_names names = { 0 };
	struct look l;

	if (!look_begin(&l))
		return;
	for (size_t i = 0; i < l.n_up; i++)
		if (!strcmp(l.up[i].ifname, device) || !strcmp(l.up[i].name, device)) {
			wgc_names_read(&names, l.up[i].path);
			if (*l.up[i].home && wgc_plan_enter(&l.sys, &l.up[i], NULL) == 0)
				device = l.up[i].ifname;
			break;
		}
	if (!wgc_wg_get(l.sys.nl, device, l.a, &d, NULL))
		for (size_t i = 0; i < d->n_peers; i++) {
			char key[WGC_KEY_BASE64];

			wgc_key_print(&d->peers[i].public_key, key);
			wgc_offer(out, word, key, wgc_names_find(&names, &d->peers[i].public_key));
		}
	wgc_names_done(&names);
	wgc_plan_leave(&l.sys);
	look_end(&l);
}

static void complete_set(char **v, int n, const char *word, struct wgc_str *out)
{
	const char *last = v[n - 1];
	bool peer = false;

	for (int i = 1; i < n; i++)
		peer |= !strcmp(v[i], "peer");
	if (n > 1 && !strcmp(last, "peer"))
		offer_peers(out, word, v[0]);
	else if (n > 1 && (!strcmp(last, "private-key") || !strcmp(last, "preshared-key")))
		wgc_str_add(out, ":files\n");
	else if (n > 1 && !strcmp(last, "fwmark"))
		wgc_offer(out, word, "off", NULL);
	else if (n > 1 && !strcmp(last, "persistent-keepalive"))
		offer_words(out, word, (const char *const[]){ "off", "25", NULL });
	else if (n == 1 || (strcmp(last, "listen-port") && strcmp(last, "endpoint") && strcmp(last, "allowed-ips")))
		offer_words(out, word, peer ? of_peer : of_device);
}

void wgc_complete_wg(const char *name, char **v, int n, const char *word, struct wgc_str *out)
{
	bool file = !strcmp(name, "setconf") || !strcmp(name, "addconf") || !strcmp(name, "syncconf");

	if (!strncmp(name, "gen", 3) || !strcmp(name, "pubkey"))
		return;
	if (!n) {
		wgc_offer_devices(out, word);
		if (!strcmp(name, "show"))
			offer_words(out, word, (const char *const[]){ "all", "interfaces", NULL });
	} else if (!strcmp(name, "show") && n == 1 && strcmp(v[0], "interfaces")) {
		offer_words(out, word, fields);
	} else if (!strcmp(name, "set")) {
		complete_set(v, n, word, out);
	} else if (file && n == 1) {
		wgc_str_add(out, ":files\n");
	}
}

/* ---- under the names wg and wg-quick ------------------------------------------------- */

static void offer_quick_profiles(struct wgc_str *out, const char *word)
{
	DIR *d = opendir("/etc/wireguard");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name);

		if (n <= 5 || strcmp(e->d_name + n - 5, ".conf"))
			continue;
		e->d_name[n - 5] = '\0';
		if (wgc_ifname_valid(e->d_name))
			wgc_offer(out, word, e->d_name, NULL);
	}
	if (d)
		closedir(d);
}

static void complete_quick(int n, char **words, const char *word, struct wgc_str *out)
{
	if (n == 1) {
		offer_words(out, word, (const char *const[]){ "up", "down", "save", "strip", NULL });
	} else if (n == 2) {
		if (!strcmp(words[0], "down") || !strcmp(words[0], "save"))
			wgc_offer_devices(out, word);
		else
			offer_quick_profiles(out, word);
		wgc_str_add(out, ":files\n");
	}
}

int wgc_complete_as(const char *program, int n, char **words)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	const char *word;

	if (n && !strcmp(words[0], "--")) {
		words++;
		n--;
	}
	word = n ? words[n - 1] : "";
	if (!n)
		return 0;
	if (!strcmp(program, "wg-quick"))
		complete_quick(n, words, word, &out);
	else if (n > 1)
		wgc_complete_wg(words[0], words + 1, n - 2, word, &out);
	else
		for (size_t i = 0; wgc_commands[i]; i++)
			if (wgc_commands[i]->takes & WGC_TAKES_RAW && !(wgc_commands[i]->takes & WGC_HIDDEN))
				wgc_offer(&out, word, wgc_commands[i]->name, wgc_commands[i]->summary);
	wgc_ui_answer(&out);
	return 0;
}
