// SPDX-License-Identifier: GPL-2.0
/*
 * The text of a resolv.conf that is ours. The file carries its own undo: what
 * was there before the first tunnel, and the lines of every tunnel that is up,
 * stand in it as comments. So tunnels can go in any order without losing
 * anything, whoever bind-mounts the file into whatever namespace takes its
 * history along, and after a crash and a restart, when all journals are void,
 * the file still knows what it was.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dns/internal.h"

#define MARK "#wgctl "

bool wgc_dns_has_marks(const char *text)
{
	return strstr(text, MARK);
}

/* ---- one line of ASCII for any text ---------------------------------------- */

static void add_escaped(struct wgc_str *out, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\n')
			wgc_str_add(out, "\\n");
		else if (*c == '\\')
			wgc_str_add(out, "\\\\");
		else if (*c >= ' ' && *c < 0x7f)
			wgc_str_addc(out, *c);
		else
			wgc_str_addf(out, "\\x%02x", (unsigned char)*c);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* @n bytes of escaped text; the caller frees *ret. */
static int unescape(const char *s, size_t n, char **ret)
{
	char *out = malloc(n + 1), *to = out;
	const char *end = s + n;

	if (!out)
		return -ENOMEM;
	while (s < end) {
		int high, low;

		if (*s != '\\') {
			*to++ = *s++;
			continue;
		}
		if (end - s >= 2 && (s[1] == 'n' || s[1] == '\\')) {
			*to++ = s[1] == 'n' ? '\n' : '\\';
			s += 2;
			continue;
		}
		if (end - s < 4 || s[1] != 'x')
			goto bad;
		high = hex_digit(s[2]);
		low = hex_digit(s[3]);
		if (high < 0 || low < 0 || !(high | low))
			goto bad;
		*to++ = (char)(high << 4 | low);
		s += 4;
	}
	*to = '\0';
	*ret = out;
	return 0;
bad:
	free(out);
	return -EBADMSG;
}

/* ---- what was there before ---------------------------------------------------- */

void wgc_dns_base_done(struct wgc_dns_base *b)
{
	free(b->text);
	b->text = NULL;
}

void wgc_dns_base_write(const struct wgc_dns_base *b, struct wgc_str *out)
{
	if (b->kind == WGC_DNS_KIND_ABSENT) {
		wgc_str_add(out, "absent");
		return;
	}
	if (b->kind == WGC_DNS_KIND_LINK)
		wgc_str_add(out, "link ");
	else
		wgc_str_addf(out, "file %o %u %u ", (unsigned)b->mode & 07777, (unsigned)b->uid, (unsigned)b->gid);
	add_escaped(out, b->text);
}

static int base_read(const char *s, size_t n, struct wgc_dns_base *ret)
{
	struct wgc_dns_base b = { 0 };
	unsigned mode, uid, gid;
	int used = 0, r;

	if (n == 6 && !memcmp(s, "absent", 6)) {
		*ret = b;
		return 0;
	}
	if (n > 5 && !memcmp(s, "link ", 5)) {
		b.kind = WGC_DNS_KIND_LINK;
		used = 5;
	} else {
		char head[48];
		size_t len = n < sizeof(head) - 1 ? n : sizeof(head) - 1;

		memcpy(head, s, len);
		head[len] = '\0';
		/* One space and no more in front of the content. */
		if (sscanf(head, "file %o %u %u%n", &mode, &uid, &gid, &used) != 3 || head[used] != ' ' || mode > 07777)
			return -EBADMSG;
		used++;
		b.kind = WGC_DNS_KIND_FILE;
		b.mode = mode;
		b.uid = uid;
		b.gid = gid;
	}
	r = unescape(s + used, n - (size_t)used, &b.text);
	if (r < 0)
		return r;
	*ret = b;
	return 0;
}

int wgc_dns_base_read(const char *text, struct wgc_dns_base *ret)
{
	return base_read(text, strlen(text), ret);
}

/* ---- the stack ------------------------------------------------------------------ */

void wgc_dns_layers_done(struct wgc_dns_layers *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].lines);
	free(l->v);
	free(l->extra);
	wgc_dns_base_done(&l->base);
	*l = (struct wgc_dns_layers){ 0 };
}

bool wgc_dns_layers_drop(struct wgc_dns_layers *l, const char *ifname)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i].ifname, ifname))
			continue;
		free(l->v[i].lines);
		l->n--;
		memmove(&l->v[i], &l->v[i + 1], (l->n - i) * sizeof(*l->v));
		return true;
	}
	return false;
}

/* Takes @lines over, also on failure. */
static int push(struct wgc_dns_layers *l, const char *ifname, size_t len, char *lines)
{
	struct wgc_dns_layer *v = realloc(l->v, (l->n + 1) * sizeof(*v));

	if (!v) {
		free(lines);
		return -ENOMEM;
	}
	l->v = v;
	memcpy(v[l->n].ifname, ifname, len);
	v[l->n].ifname[len] = '\0';
	v[l->n].lines = lines;
	l->n++;
	return 0;
}

int wgc_dns_layers_push(struct wgc_dns_layers *l, const char *ifname, const char *lines)
{
	size_t len = strlen(ifname);
	char *copy;

	if (!len || len >= IFNAMSIZ)
		return -EINVAL;
	copy = strdup(lines);
	if (!copy)
		return -ENOMEM;
	wgc_dns_layers_drop(l, ifname);
	return push(l, ifname, len, copy);
}

/* "layer IFNAME LINES", without the first word. */
static int read_layer(struct wgc_dns_layers *l, const char *s, size_t n)
{
	const char *space = memchr(s, ' ', n);
	size_t len = space ? (size_t)(space - s) : 0;
	char *lines;
	int r;

	if (!len || len >= IFNAMSIZ)
		return -EBADMSG;
	r = unescape(space + 1, n - len - 1, &lines);
	return r < 0 ? r : push(l, s, len, lines);
}

static bool starts(const char **s, size_t *n, const char *word)
{
	size_t len = strlen(word);

	if (*n < len || memcmp(*s, word, len))
		return false;
	*s += len;
	*n -= len;
	return true;
}

/* The line of @from that begins with the @n bytes of @line and ends with them; NULL: none. */
static const char *find_line(const char *from, const char *line, size_t n)
{
	while (*from) {
		size_t m = strcspn(from, "\n");

		if (m == n && !memcmp(from, line, n))
			return from;
		from += m + (from[m] == '\n');
	}
	return NULL;
}

/* True when there is a line between that a resolver reads. */
static bool has_setting(const char *from, const char *end)
{
	for (; from < end && *from; from += strcspn(from, "\n"), from += *from == '\n')
		if (*from != '#' && *from != '\n')
			return true;
	return false;
}

/*
 * What others did to a file of ours, found by writing it again: a line that we
 * would not write is theirs and kept; where a setting of ours is missing,
 * somebody meant to change what we had set.
 */
static int compare(struct wgc_dns_layers *l, const char *text, const char *boot)
{
	WGC_AUTO_STR struct wgc_str ours = { 0 };
	WGC_AUTO_STR struct wgc_str extra = { 0 };
	const char *want;

	if (!l->n)
		return 0;
	wgc_dns_layers_write(l, boot, &ours);
	want = wgc_str_get(&ours);
	for (const char *line = text, *found; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "\n");

		found = find_line(want, line, n);
		if (found) {
			l->changed |= has_setting(want, found);
			want = found + n + (found[n] == '\n');
		} else if (strncmp(line, MARK, strlen(MARK))) {
			wgc_str_addn(&extra, line, n);
			wgc_str_addc(&extra, '\n');
		}
	}
	l->changed |= has_setting(want, want + strlen(want));
	if (ours.oom || extra.oom)
		return -ENOMEM;
	l->extra = extra.len ? wgc_str_steal(&extra) : NULL;
	return 0;
}

static void drop_all(struct wgc_dns_layers *l)
{
	while (l->n)
		free(l->v[--l->n].lines);
}

int wgc_dns_layers_read(const char *text, const char *boot, struct wgc_dns_layers *ret)
{
	WGC_AUTO_FREE char *its_boot = NULL;
	struct wgc_dns_layers l = { 0 };
	int r = 0;

	for (const char *line = text, *next; *line && r != -ENOMEM; line = next) {
		const char *end = strchrnul(line, '\n'), *s = line;
		size_t n = (size_t)(end - line);

		next = *end ? end + 1 : end;
		if (!starts(&s, &n, MARK))
			continue;
		if (starts(&s, &n, "boot ")) {
			free(its_boot);
			its_boot = strndup(s, n);
			r = its_boot ? 0 : -ENOMEM;
			l.ours = true;
		} else if (l.ours && starts(&s, &n, "layer ")) {
			r = read_layer(&l, s, n);
		} else if (l.ours && !l.has_base && starts(&s, &n, "base ")) {
			r = base_read(s, n, &l.base);
			l.has_base = r == 0;
		}
	}
	if (r != -ENOMEM && l.ours)
		r = compare(&l, text, its_boot);
	if (r == -ENOMEM) {
		wgc_dns_layers_done(&l);
		return r;
	}
	/* No tunnel outlives the machine's uptime. */
	if (l.ours && *boot && *its_boot && strcmp(boot, its_boot))
		drop_all(&l);
	*ret = l;
	return 0;
}

void wgc_dns_layers_write(const struct wgc_dns_layers *l, const char *boot, struct wgc_str *out)
{
	const struct wgc_dns_layer *top = &l->v[l->n - 1];

	wgc_str_addf(out,
		     "# Written by wgctl for %s. The comments below keep what was here before;\n"
		     "# taking the tunnel down puts it back.\n",
		     top->ifname);
	wgc_str_add(out, top->lines);
	wgc_str_addf(out, MARK "boot %s\n", boot);
	for (size_t i = 0; i < l->n; i++) {
		wgc_str_addf(out, MARK "layer %s ", l->v[i].ifname);
		add_escaped(out, l->v[i].lines);
		wgc_str_addc(out, '\n');
	}
	if (l->has_base) {
		wgc_str_add(out, MARK "base ");
		wgc_dns_base_write(&l->base, out);
		wgc_str_addc(out, '\n');
	}
	wgc_str_add(out, l->extra ?: "");
}

void wgc_dns_without_marks(const char *text, struct wgc_str *out)
{
	static const char *const ours[] = { MARK, "# Written by wgctl for ", "# taking the tunnel down puts it back." };

	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");
		bool mark = false;

		n += line[n] == '\n';
		for (size_t i = 0; i < WGC_ARRAY_SIZE(ours); i++)
			mark |= !strncmp(line, ours[i], strlen(ours[i]));
		if (!mark)
			wgc_str_addn(out, line, n);
		line += n;
	}
}
