// SPDX-License-Identifier: GPL-2.0
/*
 * The connections that others have opened to this machine, from the kernel's
 * own table: sockets in the state "established" whose port somebody listens on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/internal.h"

#define ESTABLISHED 0x01
#define LISTEN 0x0a
#define TABLE_MAX (16u << 20)

/* "0100007F:0016": words of the address in the machine's own byte order. An
 * IPv4 address in IPv6 clothes is an IPv4 address. */
static bool parse_address(const char *s, struct wgc_ip *ip, uint16_t *port)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t digits = strcspn(s, ":");
	uint32_t words[4];

	if ((digits != 8 && digits != 32) || s[digits] != ':')
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		char one[9] = { 0 };

		memcpy(one, s + 8 * i, 8);
		words[i] = (uint32_t)strtoul(one, NULL, 16);
	}
	*port = (uint16_t)strtoul(s + digits + 1, NULL, 16);
	*ip = (struct wgc_ip){ .family = digits == 8 ? AF_INET : AF_INET6 };
	memcpy(ip->b, words, digits / 2);
	if (digits == 32 && !memcmp(ip->b, mapped, sizeof(mapped))) {
		memcpy(ip->b, words + 3, 4);
		memset(ip->b + 4, 0, 12);
		ip->family = AF_INET;
	}
	return true;
}

static bool is_loopback(const struct wgc_ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };

	return ip->family == AF_INET ? ip->b[0] == 127 : !memcmp(ip->b, one, sizeof(one));
}

struct table {
	struct wgc_arena *a;
	struct wgc_session *v;
	size_t n, cap;
	bool listens[65536];
};

static int one_line(struct table *t, const char *line)
{
	char local[48], remote[48];
	struct wgc_session s, *slot;
	unsigned state;

	if (sscanf(line, " %*u: %47s %47s %x", local, remote, &state) != 3 || !parse_address(local, &s.local, &s.local_port) ||
	    !parse_address(remote, &s.remote, &s.remote_port))
		return 0;
	if (state == LISTEN)
		t->listens[s.local_port] = true;
	if (state != ESTABLISHED || is_loopback(&s.remote))
		return 0;
	slot = wgc_arena_push(t->a, &t->v, &t->n, &t->cap, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = s;
	return 0;
}

static int each_line(const struct wgc_sys *sys, struct table *t, const char *name)
{
	WGC_AUTO_FREE char *path = NULL, *text = NULL;
	char *save = NULL;
	size_t len;
	int r = 0;

	if (asprintf(&path, "%s/%s", sys->proc_net, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	/* Not there, or more of them than a set should hold: then those that
	 * speak first are not recognised, and all others are. */
	if (wgc_read_file(path, TABLE_MAX, &text, &len) < 0)
		return 0;
	for (char *line = strtok_r(text, "\n", &save); line && r == 0; line = strtok_r(NULL, "\n", &save))
		r = one_line(t, line);
	return r;
}

/* Each table is read once: the kernel walks all of its buckets for it, milliseconds on a large
 * machine. So who listens is known only behind it. */
int wgc_sessions_read(const struct wgc_sys *sys, struct wgc_arena *a, size_t max, struct wgc_session **ret, size_t *ret_n)
{
	struct table *t = calloc(1, sizeof(*t));
	size_t kept = 0;
	int r;

	if (!t)
		return -ENOMEM;
	t->a = a;
	r = each_line(sys, t, "tcp");
	r = r ?: each_line(sys, t, "tcp6");
	for (size_t i = 0; i < t->n && kept < max; i++)
		if (t->listens[t->v[i].local_port])
			t->v[kept++] = t->v[i];
	*ret = t->v;
	*ret_n = kept;
	free(t);
	return r;
}
