/* SPDX-License-Identifier: GPL-2.0 */
/* confirm: around a change that is undone unless it is confirmed. */
#ifndef WGC_CLI_CONFIRM_H
#define WGC_CLI_CONFIRM_H

#include "cli/cli.h"

/**
 * Before the change: have profile @name taken down after @seconds (0: do nothing)
 * unless that is confirmed. A tunnel that is up already is left alone. 0, or an
 * exit code after a message.
 */
int wgc_confirm_begin(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, unsigned seconds, int *ret_hold);
/** After it: from now on the time runs; or, when it was not @done, nobody waits any more. */
void wgc_confirm_end(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, unsigned seconds, int hold, bool done);
/** In the process that took a reload back that nobody confirmed: tell the log, and the terminal if that is still there. */
void wgc_confirm_taken_back(const char *name, const struct wgc_run *back, const struct wgc_err *err);
/** What became of one that was to be confirmed, for --json. */
void wgc_json_confirmed(struct wgc_json *j, const char *name, bool confirmed);

#endif
