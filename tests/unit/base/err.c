// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "base/base.h"
#include "unit/tap.h"

static void set_and_return(void)
{
	struct wgc_err err = { .code = WGC_E_IO, .hint = "old", .ctx = "old", .kernel = "old", .secret = true, .at = { 3, 4, 5 } };

	is_int(wgc_err_set(&err, WGC_E_KERNEL, EADDRINUSE, "port %d", 51820), -EADDRINUSE);
	is_int(err.code, WGC_E_KERNEL);
	is_int(err.sys, EADDRINUSE);
	is_str(err.msg, "port 51820");
	is_str(err.hint, "");
	is_str(err.ctx, "");
	is_str(err.kernel, "");
	ok(!err.secret);
	is_int(err.at.line, 0);

	is_int(wgc_err_set(&err, WGC_E_CONFIG, 0, "bad"), -EINVAL);
	is_int(err.sys, 0);

	/* What it held may be part of what it shall hold. */
	wgc_err_set(&err, WGC_E_IO, EIO, "again: %s", err.msg);
	is_str(err.msg, "again: bad");
}

static void nobody_listens(void)
{
	is_int(wgc_err_set(NULL, WGC_E_IO, EIO, "x"), -EIO);
	is_int(wgc_err_set(NULL, WGC_E_USAGE, 0, "x"), -EINVAL);
	is_int(wgc_err_nomem(NULL), -ENOMEM);
	wgc_err_hint(NULL, "x");
	wgc_err_wrap(NULL, "x");
}

static void hint_and_context(void)
{
	struct wgc_err err = WGC_ERR_INIT;

	is_int(wgc_err_nomem(&err), -ENOMEM);
	is_int(err.code, WGC_E_INTERNAL);
	is_int(err.sys, ENOMEM);
	is_str(err.msg, "out of memory");
	wgc_err_hint(&err, "close %s", "something");
	is_str(err.hint, "close something");
	is_str(err.ctx, "");
	wgc_err_wrap(&err, "step %d", 4);
	is_str(err.ctx, "step 4");
	wgc_err_wrap(&err, "profile %s", "office");
	is_str(err.ctx, "profile office: step 4");
	is_str(err.msg, "out of memory");
	is_str(err.hint, "close something");
}

static void too_long(void)
{
	struct wgc_err err = WGC_ERR_INIT;
	char text[600];
	size_t n;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';

	wgc_err_set(&err, WGC_E_IO, 0, "%.*s", (int)sizeof(err.msg) - 1, text);
	is_int(strlen(err.msg), sizeof(err.msg) - 1);
	ok(err.msg[sizeof(err.msg) - 2] == 'x');

	wgc_err_set(&err, WGC_E_IO, 0, "%s", text);
	is_int(strlen(err.msg), sizeof(err.msg) - 1);
	is_str(err.msg + sizeof(err.msg) - 5, "x...");
	wgc_err_hint(&err, "%s", text);
	is_str(err.hint + sizeof(err.hint) - 5, "x...");

	/* The newest context is in front, so it is the oldest that is cut. */
	wgc_err_wrap(&err, "%s", text);
	wgc_err_wrap(&err, "profile office");
	is_int(strncmp(err.ctx, "profile office: xxx", 19), 0);
	is_str(err.ctx + sizeof(err.ctx) - 5, "x...");

	/* Never half a character, wherever the cut falls. */
	for (int shift = 0; shift < 4; shift++) {
		memset(text, 'x', (size_t)shift);
		for (n = (size_t)shift; n + 3 < sizeof(text); n += 3)
			memcpy(text + n, "\xe2\x82\xac", 3);
		text[n] = '\0';
		wgc_err_set(&err, WGC_E_IO, 0, "%s", text);
		n = strlen(err.msg);
		is_str(err.msg + n - 3, "...");
		is_int((n - 3 - (size_t)shift) % 3, 0);
		ok(n > sizeof(err.msg) - 4);
	}
}

int main(void)
{
	set_and_return();
	nobody_listens();
	hint_and_context();
	too_long();
	return tap_done();
}
