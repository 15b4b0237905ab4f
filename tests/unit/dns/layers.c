// SPDX-License-Identifier: GPL-2.0
/* The text of our resolv.conf: what is written is read back, what is damaged is survived. */
#include "dns/internal.h"
#include "unit/dns/make.h"

static void bases(void)
{
	static const char *const bad[] = { "",		   "absent ",	       "link",	      "link ",	     "file",
					   "file 644 0 0", "file 644 0 0\nx", "file 99999 0 0 ", "file 644 0 0 \\", "file 644 0 0 \\x0",
					   "file 644 0 0 \\x00", "file 644 0 0 \\q", "file 644 0 0 \\xg0" };
	struct wgc_dns_base b = { .kind = WGC_DNS_KIND_FILE, .mode = 0640, .uid = 4294967295u, .gid = 7 }, c;
	char every[256];

	for (int i = 1; i < 256; i++)
		every[i - 1] = (char)i;
	every[255] = '\0';
	b.text = every;
	{
		WGC_AUTO_STR struct wgc_str s = { 0 };

		wgc_dns_base_write(&b, &s);
		ok(!strncmp(wgc_str_get(&s), "file 640 4294967295 7 \\x01\\x02", 30));
		is_int(wgc_dns_base_read(wgc_str_get(&s), &c), 0);
		is_str(c.text, every);
		ok(c.kind == b.kind && c.mode == b.mode && c.uid == b.uid && c.gid == b.gid);
		wgc_dns_base_done(&c);
	}
	/* A space at the beginning of the content is content. */
	is_int(wgc_dns_base_read("file 644 0 0  x", &c), 0);
	is_str(c.text, " x");
	wgc_dns_base_done(&c);
	is_int(wgc_dns_base_read("file 644 0 0 ", &c), 0);
	is_str(c.text, "");
	wgc_dns_base_done(&c);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(bad); i++)
		is_int(wgc_dns_base_read(bad[i], &c), -EBADMSG);
}

static void stack(void)
{
	struct wgc_dns_layers l = { .has_base = true }, m;
	WGC_AUTO_STR struct wgc_str s = { 0 };
	char *text;

	l.base.kind = WGC_DNS_KIND_LINK;
	l.base.text = strdup("../run/x \\ y");
	is_int(wgc_dns_layers_push(&l, "wg0", "nameserver 10.0.0.1\n"), 0);
	is_int(wgc_dns_layers_push(&l, "wg1", "nameserver 10.0.0.2\nsearch a\n"), 0);
	is_int(wgc_dns_layers_push(&l, "an-overlong-name", "x"), -EINVAL);
	is_int(wgc_dns_layers_push(&l, "", "x"), -EINVAL);
	wgc_dns_layers_write(&l, "boot-1", &s);
	is_str(wgc_str_get(&s), "# Written by wgctl for wg1. The comments below keep what was here before;\n"
				"# taking the tunnel down puts it back.\n"
				"nameserver 10.0.0.2\nsearch a\n"
				"#wgctl boot boot-1\n"
				"#wgctl layer wg0 nameserver 10.0.0.1\\n\n"
				"#wgctl layer wg1 nameserver 10.0.0.2\\nsearch a\\n\n"
				"#wgctl base link ../run/x \\\\ y\n");
	wgc_dns_layers_done(&l);

	is_int(wgc_dns_layers_read(wgc_str_get(&s), "boot-1", &m), 0);
	ok(m.ours && m.has_base && m.n == 2);
	is_str(m.v[0].ifname, "wg0");
	is_str(m.v[1].lines, "nameserver 10.0.0.2\nsearch a\n");
	is_str(m.base.text, "../run/x \\ y");
	ok(!wgc_dns_layers_drop(&m, "wg2") && m.n == 2);
	ok(wgc_dns_layers_drop(&m, "wg0") && m.n == 1);
	is_str(m.v[0].ifname, "wg1");
	wgc_dns_layers_done(&m);
	is_int(wgc_dns_layers_read(wgc_str_get(&s), "boot-2", &m), 0);
	ok(m.ours && m.has_base && m.n == 0);
	wgc_dns_layers_done(&m);
	/* Where the boot cannot be told, all count. */
	is_int(wgc_dns_layers_read(wgc_str_get(&s), "", &m), 0);
	is_int(m.n, 2);
	wgc_dns_layers_done(&m);

	/* Cut off anywhere, changed anywhere. */
	text = strdup(wgc_str_get(&s));
	for (size_t i = strlen(text); i-- > 0;) {
		char kept = text[i];

		text[i] = '\0';
		if (wgc_dns_layers_read(text, "boot-1", &m) < 0 || m.n > 2)
			ok(!"a cut text is read");
		wgc_dns_layers_done(&m);
		for (int c = 1; c < 256; c += 5) {
			text[i] = (char)c;
			if (wgc_dns_layers_read(text, "boot-1", &m) < 0 || m.n > 4)
				ok(!"a changed text is read");
			wgc_dns_layers_done(&m);
		}
		text[i] = kept;
	}
	is_str(text, wgc_str_get(&s));
	free(text);
	is_int(wgc_dns_layers_read("#wgctl layer wg0 x\n#wgctl base absent\n", "b", &m), 0);
	ok(!m.ours && !m.has_base && !m.n);
	wgc_dns_layers_done(&m);
}

int main(void)
{
	bases();
	stack();
	return tap_done();
}
