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

struct wgc_lockdown_args {
	struct wgc_common c;
	bool all;
};

struct wgc_convert_args {
	struct wgc_common c;
	int to; /* 0 not given, else 1 + enum wgc_format */
	const char *output;
};

struct wgc_import_args {
	struct wgc_common c;
	int to; /* as above */
	const char *output, *interface;
	bool force;
};

enum { WGC_STATUS_TEXT = 1, WGC_STATUS_JSON, WGC_STATUS_PROMETHEUS };
struct wgc_status_args {
	struct wgc_common c;
	int format; /* 0 not given, else one of these */
};

struct wgc_watch_args {
	struct wgc_common c;
	bool up;
};

struct wgc_monitor_args {
	struct wgc_common c;
	unsigned poll;
};

/** Run a command of wg(8) where the tunnel lives that argv[1] names. */
int wgc_there(int argc, char **argv, int (*run)(int argc, char **argv));

struct wgc_exec_args {
	struct wgc_common c;
	const char *user, *keep_env, *cwd, *dns;
	bool root, no_dns, pin_dns;
};

struct wgc_run_args {
	struct wgc_common c;
	const char *user, *keep_env, *cwd, *dns;
	bool root, no_dns, pin_dns, rootless;
};

struct wgc_container_args {
	struct wgc_common c;
	const char *interface;
	int mode; /* 0 not given, 1 only, 2 additional */
};

struct wgc_oci_args {
	struct wgc_common c;
	const char *profiles;
	bool strict;
};

struct wgc_physical_args {
	struct wgc_common c;
	const char *take, *leave;
	unsigned confirm;
	bool force, kill;
};

int wgc_run_up(struct wgc_ui *ui, const void *args);
int wgc_run_down(struct wgc_ui *ui, const void *args);
int wgc_run_reload(struct wgc_ui *ui, const void *args);
int wgc_run_diff(struct wgc_ui *ui, const void *args);
int wgc_run_lockdown(struct wgc_ui *ui, const void *args);
int wgc_run_recover(struct wgc_ui *ui, const void *args);
int wgc_run_check(struct wgc_ui *ui, const void *args);
int wgc_run_convert(struct wgc_ui *ui, const void *args);
int wgc_run_import(struct wgc_ui *ui, const void *args);
int wgc_run_list(struct wgc_ui *ui, const void *args);
int wgc_run_status(struct wgc_ui *ui, const void *args);
int wgc_run_confirm(struct wgc_ui *ui, const void *args);
int wgc_run_watch(struct wgc_ui *ui, const void *args);
int wgc_run_doctor(struct wgc_ui *ui, const void *args);
int wgc_run_netns(struct wgc_ui *ui, const void *args);
int wgc_run_monitor(struct wgc_ui *ui, const void *args);
int wgc_run_qr(struct wgc_ui *ui, const void *args);
/* The shells that can be completed in, NULL ends them. */
extern const char *const wgc_shells[];
int wgc_run_completion(struct wgc_ui *ui, const void *args);
int wgc_run_run(struct wgc_ui *ui, const void *args);
int wgc_run_exec(struct wgc_ui *ui, const void *args);
int wgc_run_container(struct wgc_ui *ui, const void *args);
int wgc_run_oci_hook(struct wgc_ui *ui, const void *args);
/** netavark's words: info, create, setup, teardown. */
int wgc_netavark_main(int argc, char **argv);
int wgc_run_physical(struct wgc_ui *ui, const void *args);

#endif
