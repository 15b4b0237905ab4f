// SPDX-License-Identifier: GPL-2.0

#include <wchar.h>

#include "base/base.h"
#include "unit/tap.h"

static void collect(void)
{
	struct wgc_diags d = { 0 };
	struct wgc_diag *one;
	char hint[] = "did you mean Address?";

	one = wgc_diag_add(&d, false, (struct wgc_span){ 2, 1, 6 }, hint, "unknown key %s", "Adress");
	if (!ok(one != NULL))
		return;
	one->also.line = 9;
	one->secret = true;
	hint[0] = 'X'; /* the list has its own copy */
	ok(wgc_diag_add(&d, true, (struct wgc_span){ 3, 1, 1 }, NULL, "odd") != NULL);
	is_int(d.n, 2);
	is_int(d.errors, 1);
	is_int(d.warnings, 1);
	is_str(d.v[0].msg, "unknown key Adress");
	is_str(d.v[0].hint, "did you mean Address?");
	is_int(d.v[0].at.line, 2);
	is_int(d.v[0].at.len, 6);
	is_int(d.v[0].also.line, 9);
	ok(d.v[0].secret);
	ok(!d.v[0].warning);
	ok(d.v[1].warning);
	is_str(d.v[1].hint, NULL);
	is_int(d.v[1].also.line, 0);

	for (int i = 0; i < 1000; i++)
		wgc_diag_add(&d, false, (struct wgc_span){ 0 }, NULL, "n%d", i);
	is_int(d.n, 1002);
	is_str(d.v[1001].msg, "n999");
	is_str(d.v[0].msg, "unknown key Adress");
	wgc_diags_done(&d);
	is_int(d.n, 0);
	is_int(d.errors, 0);
	ok(!d.v);
	wgc_diags_done(&d);
}

static void lost_but_counted(void)
{
	struct wgc_diags d = { 0 };

	/* No character has that number: it cannot be formatted, as if memory had run out. */
	ok(!wgc_diag_add(&d, false, (struct wgc_span){ 0 }, NULL, "%lc", (wint_t)0x7fffffff));
	is_int(d.errors, 1);
	is_int(d.n, 0);
	wgc_diags_done(&d);
}

int main(void)
{
	collect();
	lost_but_counted();
	return tap_done();
}
