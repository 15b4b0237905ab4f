// SPDX-License-Identifier: GPL-2.0
/* What is read out of the records of a journal, and what follows from it. */
#include <errno.h>
#include <time.h>

#include "plan/steps/steps.h"
#include "unit/plan/make.h"

/* ---- routes ------------------------------------------------------------------ */

static int add_route(void *ctx, const struct wgc_route *r)
{
	char dst[WGC_PREFIX_TEXT];

	wgc_prefix_print(&r->dst, dst);
	wgc_str_addf(ctx, "%s in %u\n", dst, r->table);
	return 0;
}

static int count_route(void *ctx, const struct wgc_route *r)
{
	++*(size_t *)ctx;
	return 0;
}

static int routes_of(const char *via, const char *gone, int (*each)(void *ctx, const struct wgc_route *r), void *ctx)
{
	struct wgc_past steps[] = { { .index = 1, .begun = json_pack("{s:s}", "via", via) },
				    { .index = 2, .begun = json_pack("{s:s}", "gone", gone) } };
	struct wgc_history h = { .steps = steps, .n = WGC_ARRAY_SIZE(steps) };
	int r = wgc_recorded_routes(&h, 0, each, ctx);

	json_decref(steps[0].begun);
	json_decref(steps[1].begun);
	return r;
}

static void routes(void)
{
	struct wgc_str s = { 0 };

	is_int(routes_of("10.0.0.0/8@254 fd01::/64@51820", "", add_route, &s), 0);
	is_str(wgc_str_get(&s), "10.0.0.0/8 in 254\nfd01::/64 in 51820\n");
	s.len = 0;
	is_int(routes_of(" 10.0.0.0/8@254  10.0.0.0/16@254 ", "10.0.0.0/8@254", add_route, &s), 0);
	is_str(wgc_str_get(&s), "10.0.0.0/16 in 254\n");
	is_int(routes_of("", "", add_route, &s), 0);
	is_int(routes_of("10.0.0.0/8", "", add_route, &s), -EBADMSG);
	is_int(routes_of("10.0.0.0/8@x", "", add_route, &s), -EBADMSG);
	is_int(routes_of("10.0.0.0/8@000000000000000000000000000000000000000000000000000000000000000000254", "", add_route, &s), -EBADMSG);
	wgc_str_done(&s);
}

/* Four times as many as a large profile has, in one record: a matter of milliseconds, not of the square of them. */
static void many_routes(void)
{
	struct wgc_str via = { 0 };
	size_t n = 0;
	clock_t begun;

	for (unsigned i = 0; i < 400000; i++)
		wgc_str_addf(&via, "%s%u.%u.%u.0/24@51820", i ? " " : "", 10 + (i >> 16), i >> 8 & 255, i & 255);
	begun = clock();
	is_int(routes_of(wgc_str_get(&via), "", count_route, &n), 0);
	printf("# %.3f s\n", (double)(clock() - begun) / CLOCKS_PER_SEC);
	ok(clock() - begun < 3 * CLOCKS_PER_SEC);
	is_int(n, 400000);
	wgc_str_done(&via);
}

/* ---- tables -------------------------------------------------------------------- */

static int no_such_table(struct wgc_sys *sys, const char *command, char **ret_text, struct wgc_err *err)
{
	return -ENOENT;
}

static int an_empty_one(struct wgc_sys *sys, const char *command, char **ret_text, struct wgc_err *err)
{
	*ret_text = strdup("table inet x {\n\tchain c {\n\t}\n}\n");
	return 0;
}

static void tables(void)
{
	const char *load = "table inet x {\n\tchain c {\n\t\taccept\n\t}\n}\n";
	struct wgc_sys sys = { .nft_list = no_such_table };

	ok(!wgc_nft_is_whole(&sys, "x", load));
	/* A table of wg-quick's, which is in another family and whose text nobody has: nothing can be put back. */
	ok(wgc_nft_is_whole(&sys, "wg-quick-office", ""));
	sys.nft_list = an_empty_one;
	ok(!wgc_nft_is_whole(&sys, "x", load));
}

/* ---- name servers ---------------------------------------------------------------- */

static void servers(void)
{
	char path[] = "/tmp/wgctl-records-XXXXXX";
	static const char text[] = "search example.org\nnameserver 127.0.0.1\nnameserver ::1\nnameserver 192.0.2.53\n";
	WGC_AUTO_FD int fd = mkstemp(path);
	struct wgc_outside o;

	is_int(wgc_write_all(fd, text, strlen(text)), 0);
	/* Inside of a namespace its own resolver is one; beside a tunnel this machine's is none. */
	wgc_outside_file(path, true, &o);
	is_int(o.n, 3);
	wgc_outside_file(path, false, &o);
	is_int(o.n, 1);
	is_int(ntohl(o.servers[0].in.sin_addr.s_addr), 0xc0000235);
	remove(path);
}

int main(void)
{
	routes();
	many_routes();
	tables();
	servers();
	return tap_done();
}
