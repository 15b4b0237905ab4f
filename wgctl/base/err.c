// SPDX-License-Identifier: GPL-2.0
/* Recording one failure, in the caller's memory. */
#include <errno.h>
#include <string.h>

#include "base/base.h"

/*
 * Format into @buf. A text that does not fit ends in "...", and never in the
 * middle of a UTF-8 sequence, which a terminal would show as rubbish.
 */
static void WGC_PRINTF(3, 0) format(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);
	size_t end;

	if (n < 0)
		buf[0] = '\0';
	if (n < 0 || (size_t)n < size)
		return;
	end = size - sizeof("...");
	while (end && ((unsigned char)buf[end] & 0xc0) == 0x80)
		end--;
	memcpy(buf + end, "...", sizeof("..."));
}

int wgc_err_set(struct wgc_err *err, enum wgc_code code, int sys, const char *fmt, ...)
{
	int ret = sys ? -sys : -EINVAL;
	char msg[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return ret;
	/* By way of a copy: the arguments may point into the old content. */
	va_start(ap, fmt);
	format(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->sys = sys;
	memcpy(err->msg, msg, strlen(msg) + 1);
	return ret;
}

void wgc_err_hint(struct wgc_err *err, const char *fmt, ...)
{
	char hint[sizeof(err->hint)];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	format(hint, sizeof(hint), fmt, ap);
	va_end(ap);
	memcpy(err->hint, hint, strlen(hint) + 1);
}

static void WGC_PRINTF(3, 4) join(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format(buf, size, fmt, ap);
	va_end(ap);
}

void wgc_err_wrap(struct wgc_err *err, const char *fmt, ...)
{
	char front[sizeof(err->ctx)], all[sizeof(err->ctx)];
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	format(front, sizeof(front), fmt, ap);
	va_end(ap);
	join(all, sizeof(all), "%s%s%s", front, err->ctx[0] ? ": " : "", err->ctx);
	memcpy(err->ctx, all, strlen(all) + 1);
}

int wgc_err_nomem(struct wgc_err *err)
{
	return wgc_err_set(err, WGC_E_INTERNAL, ENOMEM, "out of memory");
}
