/* SPDX-License-Identifier: GPL-2.0 */
/* commands: argument structs and entry points that the command table joins. */
#ifndef WGC_CLI_COMMANDS_H
#define WGC_CLI_COMMANDS_H

#include "cli/cli.h"

struct wgc_down_args {
	struct wgc_common c;
	bool all;
	bool unlock;
};

struct wgc_convert_args {
	struct wgc_common c;
	int to; /* 0 not given, else 1 + enum wgc_format */
	const char *output;
};

int wgc_run_up(struct wgc_ui *ui, const void *args);
int wgc_run_down(struct wgc_ui *ui, const void *args);
int wgc_run_reload(struct wgc_ui *ui, const void *args);
int wgc_run_diff(struct wgc_ui *ui, const void *args);
int wgc_run_recover(struct wgc_ui *ui, const void *args);
int wgc_run_check(struct wgc_ui *ui, const void *args);
int wgc_run_convert(struct wgc_ui *ui, const void *args);
int wgc_run_list(struct wgc_ui *ui, const void *args);
int wgc_run_status(struct wgc_ui *ui, const void *args);
int wgc_run_completion(struct wgc_ui *ui, const void *args);

#endif
