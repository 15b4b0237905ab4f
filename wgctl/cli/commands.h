/* SPDX-License-Identifier: GPL-2.0 */
/* commands: argument structs and entry points that the command table joins. */
#ifndef WGC_CLI_COMMANDS_H
#define WGC_CLI_COMMANDS_H

#include "cli/cli.h"

struct wgc_up_args { /* and of reload */
	struct wgc_common c;
	unsigned confirm;
};

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

struct wgc_watch_args {
	struct wgc_common c;
	bool up;
};

struct wgc_monitor_args {
	struct wgc_common c;
	unsigned poll;
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
int wgc_run_confirm(struct wgc_ui *ui, const void *args);
int wgc_run_watch(struct wgc_ui *ui, const void *args);
int wgc_run_doctor(struct wgc_ui *ui, const void *args);
int wgc_run_monitor(struct wgc_ui *ui, const void *args);
int wgc_run_completion(struct wgc_ui *ui, const void *args);

#endif
