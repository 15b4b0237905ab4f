// SPDX-License-Identifier: GPL-2.0
/* Values that several keys have: keys, ports, prefixes, words. */
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "config/internal.h"

bool wgc_parse_key(struct wgc_parse *c, struct wgc_word *w, struct wgc_key *ret)
{
	size_t bad = 0;
	const char *hint = "44 characters of base64, as `wgctl genkey` and `wgctl pubkey` write them";
	struct wgc_diag *d;

	if (!(c->key->secret ? wgc_key_parse : wgc_key_parse_public)(w->s, w->len, ret))
		return true;
	/* The text itself is never repeated: not even of a public key, for that
	 * may be a private one in the wrong line. */
	while (bad < w->len && (w->s[bad] == '+' || w->s[bad] == '/' || (w->s[bad] >= '0' && w->s[bad] <= '9') ||
				((w->s[bad] | 0x20) >= 'a' && (w->s[bad] | 0x20) <= 'z')))
		bad++;
	if (w->len != WGC_KEY_BASE64 - 1)
		d = wgc_bad(c, w->at, hint, "%s has %zu characters where a key has 44", c->key->ini, w->len);
	else if (bad < w->len - 1)
		d = wgc_bad(c, wgc_word_at(w, bad, 1), hint, "%s has a character that is no base64", c->key->ini);
	else if (w->s[w->len - 1] != '=')
		d = wgc_bad(c, wgc_word_at(w, w->len - 1, 1), hint, "%s does not end in '=', as a key does", c->key->ini);
	else
		d = wgc_bad(c, wgc_word_at(w, w->len - 2, 1), "was it copied completely?", "%s is not 256 bits of base64",
			    c->key->ini);
	/* Whatever stands where a key should be may be one, mistyped. */
	if (d && c->key->secret)
		d->secret = true;
	return false;
}

/* In compatible mode wg's way: getaddrinfo knows the services; nothing is looked up beyond that. */
static int service_port(const char *s, uint16_t *ret)
{
	static const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP, .ai_flags = AI_PASSIVE,
	};
	struct addrinfo *found;

	if (getaddrinfo(NULL, s, &hints, &found))
		return -EINVAL;
	/* The port is in the same place for both families. */
	*ret = ntohs(((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_port);
	freeaddrinfo(found);
	return 0;
}

int wgc_parse_port(struct wgc_parse *c, const struct wgc_word *w, bool names, uint16_t *ret)
{
	/* strtoul takes a sign, so getaddrinfo, so wg. */
	const char *digits = w->s + (!wgc_strict(c) && w->s[0] == '+');
	uint64_t port;
	int r = wgc_parse_u64(digits, wgc_strict(c) ? UINT16_MAX : UINT64_MAX, &port);

	/* What getaddrinfo makes of a long: an int, which must not be negative
	 * then, and its low 16 bits. */
	if (!r && (uint32_t)port <= INT32_MAX) {
		*ret = (uint16_t)port;
		return 0;
	}
	if (r == -ERANGE && wgc_strict(c)) {
		wgc_bad(c, w->at, "ports end at 65535", "port %s is too large", w->len <= 20 ? w->s : "number");
		return -EINVAL;
	}
	if (!wgc_strict(c) && r == -EINVAL && w->len && w->s[0] != '-') {
		if (names)
			return -ENOENT;
		if (!service_port(w->s, ret))
			return 0;
	}
	if (w->s[0] == '-' || (w->s[0] >= '0' && w->s[0] <= '9'))
		wgc_bad(c, w->at, "a decimal number from 0 to 65535", "this is no port");
	else
		wgc_bad_word(c, w, "write its number, from 0 to 65535: what a name stands for differs between machines",
			     "is no port number");
	return -EINVAL;
}

bool wgc_parse_network(struct wgc_parse *c, const struct wgc_word *w, struct wgc_prefix *ret)
{
	struct wgc_prefix p, masked;
	char text[WGC_PREFIX_TEXT], hint[160];

	if (wgc_prefix_parse(w->s, &p)) {
		const char *slash = strchr(w->s, '/'), *hint_text = "like 192.0.2.0/24, 2001:db8::/32, or an address alone";
		bool blank = !w->exact && !slash;

		if (slash && slash[1]) {
			char ip[WGC_IP_TEXT];
			struct wgc_ip parsed;
			size_t n = (size_t)(slash - w->s);

			if (n < sizeof(ip)) {
				memcpy(ip, w->s, n);
				ip[n] = '\0';
				if (!wgc_ip_parse(ip, &parsed)) {
					snprintf(hint, sizeof(hint), "a number from 0 to %u", wgc_ip_bits(&parsed));
					wgc_bad(c, wgc_word_at(w, n + 1, w->len - n - 1), hint, "this is no prefix length");
					return false;
				}
			}
		}
		if (blank)
			hint_text = "separate prefixes by commas";
		wgc_bad_word(c, w, hint_text, "is no address or prefix");
		return false;
	}
	masked = wgc_prefix_masked(&p);
	if (!wgc_prefix_equal(&p, &masked)) {
		wgc_prefix_print(&masked, text);
		snprintf(hint, sizeof(hint), "the network is %s; for the host alone write /%u", text, wgc_ip_bits(&p.ip));
		wgc_say(c, !wgc_strict(c), w->at, hint, "'%s' has bits behind its prefix length", w->s);
		if (wgc_strict(c))
			return false;
	}
	*ret = p;
	return true;
}

int wgc_parse_choice(struct wgc_parse *c, struct wgc_word *w)
{
	const char *const *words = c->key->rule->words, *near;
	char hint[160], what[64];

	for (int i = 0; words[i]; i++)
		if (wgc_streq_nocase(w->s, words[i]))
			return i;
	near = wgc_nearest(w->s, words);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	else
		snprintf(hint, sizeof(hint), "it takes %s", c->key->values);
	snprintf(what, sizeof(what), "is no value of %s", c->key->ini);
	wgc_bad_word(c, w, hint, what);
	return -1;
}
