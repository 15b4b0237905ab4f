// SPDX-License-Identifier: GPL-2.0
/* The names under which the tunnels of containers are in the journal, and the words that all engines share. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "containers/internal.h"

#define PART_MAX 24   /* longer ones are cut */
#define PART_KEEP 12  /* podman and docker show that much of an id */
#define PART_HASH 6   /* bytes */

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_.+@=-", c));
}

static size_t plain_len(const char *s)
{
	size_t n = 0;

	while (plain(s[n]))
		n++;
	return n;
}

static void add_part(char *out, size_t size, const char *part)
{
	unsigned char h[crypto_generichash_BYTES_MIN];
	char hex[2 * PART_HASH + 1];
	size_t len = strlen(out), ok = plain_len(part);

	if (ok && ok <= PART_MAX && !part[ok]) {
		snprintf(out + len, size - len, "%s", part);
		return;
	}
	crypto_generichash(h, sizeof(h), (const unsigned char *)part, strlen(part), NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), h, PART_HASH);
	snprintf(out + len, size - len, "%.*s~%s", (int)(ok < PART_KEEP ? ok : PART_KEEP), part, hex);
}

void wgc_attachment_name(const struct wgc_attachment *a, char out[static WGC_ATTACHMENT_MAX])
{
	const char *const parts[] = { a->network, a->id, a->ifname };

	snprintf(out, WGC_ATTACHMENT_MAX, "%s", a->engine);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(parts); i++) {
		size_t len = strlen(out);

		if (!parts[i] && i == 0)
			continue;
		snprintf(out + len, WGC_ATTACHMENT_MAX - len, ":");
		if (!parts[i])
			return;
		add_part(out, WGC_ATTACHMENT_MAX, parts[i]);
	}
}

bool wgc_profile_name_safe(const char *name)
{
	size_t n = strlen(name);

	return n && n <= 128 && plain_len(name) == n && name[0] != '.' && name[0] != '-';
}

int wgc_attach_mode_parse(const char *text, enum wgc_attach_mode *ret)
{
	if (!strcmp(text, "only"))
		*ret = WGC_ATTACH_ONLY;
	else if (!strcmp(text, "additional"))
		*ret = WGC_ATTACH_ADDITIONAL;
	else
		return -EINVAL;
	return 0;
}

bool wgc_containers_ifname(const char *s)
{
	size_t n = strlen(s);

	if (!n || n >= IFNAMSIZ || !strcmp(s, ".") || !strcmp(s, ".."))
		return false;
	for (; *s; s++)
		if (*s == '/' || *s == ':' || (unsigned char)*s <= ' ' || (unsigned char)*s >= 127)
			return false;
	return true;
}

json_t *wgc_containers_object(const char *text, size_t len, char why[static 200])
{
	json_error_t at;
	json_t *doc = json_loadb(text, len, 0, &at);

	if (!doc) {
		/* Not jansson's own words: they quote the input, which may hold a key. */
		if (!len)
			snprintf(why, 200, "standard input is empty");
		else
			snprintf(why, 200, "standard input is not JSON: line %d, column %d", at.line, at.column);
		return NULL;
	}
	if (!json_is_object(doc)) {
		snprintf(why, 200, "standard input is no JSON object");
		json_decref(doc);
		return NULL;
	}
	return doc;
}

const char *wgc_containers_text(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s && *s ? s : NULL;
}

void wgc_resolv_conf(const struct wgc_text *servers, size_t n_servers, const struct wgc_text *search, size_t n_search,
		     struct wgc_str *out)
{
	wgc_str_add(out, "# The tunnel's name servers, by wgctl\n");
	for (size_t i = 0; i < n_servers; i++)
		wgc_str_addf(out, "nameserver %s\n", servers[i].s);
	for (size_t i = 0; i < n_search; i++)
		wgc_str_addf(out, "%s%s%s", i ? " " : "search ", search[i].s, i + 1 < n_search ? "" : "\n");
}
