// SPDX-License-Identifier: GPL-2.0
/* The keys of [Interface] that are about WireGuard, addresses, routes and DNS. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "config/internal.h"

WGC_SETTER(ifname)
{
	if (!wgc_ifname_valid(w->s)) {
		wgc_bad_word(c, w, "1 to 15 letters, digits, and any of _=+.-", "cannot be an interface's name");
		return;
	}
	memcpy(c->p->ifname, w->s, w->len + 1);
}

WGC_SETTER(private_key)
{
	struct wgc_device *d = &c->p->device;

	d->private_key_at = w->at;
	if (wgc_parse_key(c, w, &d->private_key))
		d->flags |= WGC_DEVICE_HAS_PRIVATE_KEY;
}

bool wgc_can_be_path(struct wgc_parse *c, const struct wgc_word *w)
{
	const char *comment = memchr(w->s, '#', w->len);

	if (comment)
		wgc_bad(c, wgc_word_at(w, (size_t)(comment - w->s), 1), "give the file another name",
			"'#' begins a comment in a profile, so that no path can have it");
	return !comment;
}

static bool absolute(struct wgc_parse *c, const struct wgc_word *w)
{
	if (w->s[0] == '/')
		return wgc_can_be_path(c, w);
	wgc_bad(c, w->at, "begin with '/': what it is relative to would depend on who runs wgctl", "%s is no absolute path",
		c->key->ini);
	return false;
}

WGC_SETTER(private_key_file)
{
	if (absolute(c, w))
		c->p->private_key_file = wgc_keep_word(c, w);
}

WGC_SETTER(preshared_key_file)
{
	if (absolute(c, w))
		c->peer->preshared_key_file = wgc_keep_word(c, w);
}

WGC_SETTER(private_key_command)
{
	struct wgc_texts *t = &c->p->private_key_command;

	if (!t->n && !w->len)
		wgc_bad(c, w->at, NULL, "PrivateKeyCommand begins with an empty word");
	else
		wgc_push_text(c, &t->v, &t->n, &t->cap, w);
}

WGC_SETTER(listen_port)
{
	struct wgc_device *d = &c->p->device;

	d->listen_port_at = w->at;
	if (!wgc_parse_port(c, w, false, &d->listen_port))
		d->flags |= WGC_DEVICE_HAS_LISTEN_PORT;
}

/* Decimal, or hexadecimal with a small "0x", as wg(8) has it; 010 is ten. */
static int parse_u32(const char *s, uint32_t *ret)
{
	uint64_t v = 0;
	int r;

	if (s[0] == '0' && s[1] == 'x' && s[2]) {
		for (s += 2; *s; s++) {
			char l = (char)(*s | 0x20);

			if (*s >= '0' && *s <= '9')
				v = v << 4 | (uint64_t)(*s - '0');
			else if (l >= 'a' && l <= 'f')
				v = v << 4 | (uint64_t)(l - 'a' + 10);
			else
				return -EINVAL;
			if (v > UINT32_MAX)
				return -ERANGE;
		}
	} else {
		r = wgc_parse_u64(s, UINT32_MAX, &v);
		if (r)
			return r;
	}
	*ret = (uint32_t)v;
	return 0;
}

WGC_SETTER(fwmark)
{
	struct wgc_device *d = &c->p->device;
	int r = 0;

	d->fwmark_at = w->at;
	if (wgc_streq_nocase(w->s, "off"))
		d->fwmark = 0;
	else
		r = parse_u32(w->s, &d->fwmark);
	if (!r)
		d->flags |= WGC_DEVICE_HAS_FWMARK;
	else
		wgc_bad(c, w->at, "off, a decimal number, or a hexadecimal one with 0x",
			r == -ERANGE ? "FwMark is larger than 0xffffffff" : "this is no mark");
}

/* Two forms that `ip address add`, and so wg-quick, takes besides: "10.1"
 * with the rest zero, and "/255.255.255.0". */
static bool like_iproute2(const char *s, struct wgc_prefix *ret)
{
	char text[WGC_IP_TEXT + 8];
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	struct wgc_prefix p = { 0 };
	uint64_t len = 32;
	unsigned dots = 0;
	struct in_addr mask;

	if (!n || n > 15)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		dots += text[i] == '.';
	while (dots++ < 3)
		strncat(text, ".0", sizeof(text) - strlen(text) - 1);
	if (wgc_ip_parse(text, &p.ip) || p.ip.family != AF_INET)
		return false;
	if (slash && wgc_parse_u64(slash + 1, 32, &len)) {
		uint32_t m;

		if (inet_pton(AF_INET, slash + 1, &mask) != 1)
			return false;
		m = ntohl(mask.s_addr);
		if (~m & (~m + 1))
			return false;
		len = (uint64_t)__builtin_popcount(m);
	}
	p.len = (uint8_t)len;
	*ret = p;
	return true;
}

static void push_address(struct wgc_parse *c, struct wgc_address **v, size_t *n, size_t *cap, const struct wgc_prefix *p,
			 struct wgc_span at)
{
	struct wgc_address *a = wgc_arena_push(c->arena, v, n, cap, sizeof(*a));

	if (a)
		*a = (struct wgc_address){ .prefix = *p, .at = at };
	else
		c->oom = true;
}

WGC_SETTER(address)
{
	struct wgc_prefix p;

	if (wgc_prefix_parse(w->s, &p) && (wgc_strict(c) || !like_iproute2(w->s, &p))) {
		wgc_bad_word(c, w, "like 192.0.2.2/24 or 2001:db8::2/64", "is no address with a prefix length");
		return;
	}
	push_address(c, &c->p->addresses, &c->p->n_addresses, &c->p->cap_addresses, &p, w->at);
}

WGC_SETTER(exclude_ips)
{
	struct wgc_prefix p;

	if (wgc_parse_network(c, w, &p))
		push_address(c, &c->p->exclude_ips, &c->p->n_exclude_ips, &c->p->cap_exclude_ips, &p, w->at);
}

/* A domain, perhaps with the "~" of systemd-resolved in front. */
static bool domain(const struct wgc_word *w)
{
	size_t n = w->len;
	const char *s = w->s;

	if (n && *s == '~') {
		s++;
		n--;
	}
	if (!n || n > 254 || *s == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9') ||
		      s[i] == '-' || s[i] == '_' || (s[i] == '.' && (!i || s[i - 1] != '.' || n == 1)) || (unsigned char)s[i] >= 0x80))
			return false;
	return true;
}

static bool server(const struct wgc_word *w)
{
	char text[WGC_IP_TEXT];
	const char *scope = strchr(w->s, '%');
	size_t n = scope ? (size_t)(scope - w->s) : w->len;
	struct wgc_ip ip;

	if (n >= sizeof(text) || (scope && (!scope[1] || strlen(scope + 1) >= IFNAMSIZ || strchr(scope, '/'))))
		return false;
	memcpy(text, w->s, n);
	text[n] = '\0';
	return !wgc_ip_parse(text, &ip) && (!scope || ip.family == AF_INET6);
}

WGC_SETTER(dns)
{
	struct wgc_profile *p = c->p;

	/* wg-quick's rule for what is a server. */
	if (strchr(w->s, ':') || strspn(w->s, "0123456789.") == w->len) {
		if (!server(w)) {
			/* wg-quick leaves it to resolvconf to find fault with it. */
			if (wgc_strict(c)) {
				wgc_bad_word(c, w, "an IPv4 or IPv6 address, without a port", "is no address of a DNS server");
				return;
			}
		}
		wgc_push_text(c, &p->dns_servers, &p->n_dns_servers, &p->cap_dns_servers, w);
		return;
	}
	if (wgc_strict(c) && !domain(w)) {
		wgc_bad_word(c, w, "addresses of servers, and names of domains to search", "is neither an address nor a domain");
		return;
	}
	wgc_push_text(c, &p->dns_search, &p->n_dns_search, &p->cap_dns_search, w);
}

WGC_SETTER(mtu)
{
	uint32_t mtu = 0;
	int r = 0;

	c->p->mtu_at = w->at;
	c->p->mtu = 0;
	if (!w->len)
		return;
	if (wgc_strict(c) && w->s[1] == 'x')
		r = -EINVAL;
	else
		r = parse_u32(w->s, &mtu);
	/* Below 68 Linux takes IPv4 off an interface; WireGuard itself ends where an int does. */
	if (!r && (mtu < 68 || mtu > (wgc_strict(c) ? UINT16_MAX : (uint32_t)INT32_MAX)))
		r = -ERANGE;
	if (r)
		wgc_bad(c, w->at, "68 to 65535; 1420 suits most, and without the line it is found",
			r == -ERANGE ? "this MTU is out of range" : "this is no MTU");
	else
		c->p->mtu = mtu;
}

WGC_SETTER(table)
{
	struct wgc_profile *p = c->p;
	uint32_t number;
	int r;

	p->table_at = w->at;
	p->table_name = NULL;
	p->table = 0;
	/* wg-quick's words are small letters; anything else it gives to ip. */
	if (!w->len || !strcmp(w->s, "auto") || (wgc_strict(c) && wgc_streq_nocase(w->s, "auto"))) {
		p->table_mode = WGC_TABLE_AUTO;
		return;
	}
	if (!strcmp(w->s, "off") || (wgc_strict(c) && wgc_streq_nocase(w->s, "off"))) {
		p->table_mode = WGC_TABLE_OFF;
		return;
	}
	p->table_mode = WGC_TABLE_NUMBER;
	r = parse_u32(w->s, &number);
	if (!r) {
		/* To the kernel 0 is no table of its own but "main". */
		if (!number && wgc_strict(c))
			wgc_bad(c, w->at, "auto, off, or a table's number or name", "there is no table 0");
		p->table = number ? number : 254;
		return;
	}
	if (r == -ERANGE || (w->s[0] >= '0' && w->s[0] <= '9') || w->s[0] == '-') {
		wgc_bad(c, w->at, "auto, off, or a table's number or name", "this is no routing table");
		return;
	}
	for (size_t i = 0; i < w->len; i++)
		if (wgc_isspace(w->s[i]) || w->s[i] == '#') {
			wgc_bad(c, w->at, "auto, off, or a table's number or name", "a routing table's name has no blanks, and no '#'");
			return;
		}
	p->table_name = wgc_keep(c, w->s, w->len);
}
