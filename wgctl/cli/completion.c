// SPDX-License-Identifier: GPL-2.0
/* completion: the scripts that ask `wgctl __complete` from each shell. They are files of completions/, part of the program. */
#include <string.h>

#include "cli/commands.h"

/* The file as it is, with a NUL behind it. */
#define SCRIPT(symbol, file)                                                                                                      \
	extern const char symbol[] __attribute__((visibility("hidden")));                                                         \
	__asm__(".section .rodata\n\t.global " #symbol "\n\t.hidden " #symbol "\n" #symbol ":\n\t.incbin \"completions/" file         \
		"\"\n\t.byte 0\n\t.previous\n")

SCRIPT(wgc_script_bash, "wgctl.bash");
SCRIPT(wgc_script_zsh, "_wgctl");
SCRIPT(wgc_script_fish, "wgctl.fish");

const char *const wgc_shells[] = { "bash", "zsh", "fish", NULL };

int wgc_run_completion(struct wgc_ui *ui, const void *args)
{
	static const char *const scripts[] = { wgc_script_bash, wgc_script_zsh, wgc_script_fish };
	const struct wgc_common *c = args;
	WGC_AUTO_STR struct wgc_str out = { 0 };

	for (size_t i = 0; wgc_shells[i]; i++)
		if (!strcmp(c->argv[0], wgc_shells[i])) {
			wgc_str_add(&out, scripts[i]);
			wgc_ui_answer(&out);
			return WGC_EXIT_OK;
		}
	if (wgc_nearest(c->argv[0], wgc_shells))
		return wgc_usage(ui, "there is no shell '%s'; did you mean '%s'?", c->argv[0], wgc_nearest(c->argv[0], wgc_shells));
	return wgc_usage(ui, "completion is there for bash, zsh and fish, not for '%s'", c->argv[0]);
}
