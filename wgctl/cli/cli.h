/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cli: the only folder that prints and exits. A command is one const struct;
 * the parser, the help, usage errors, did-you-mean, completion and the option
 * lists of the manual pages are all read off it.
 */
#ifndef WGC_CLI_H
#define WGC_CLI_H

#include <signal.h>

#include "config/config.h"
#include "plan/plan.h"

#define WGC_VERSION "0.1.0"

/* ---- exit codes ----------------------------------------------------------- */

enum wgc_exit {
	WGC_EXIT_OK = 0,
	WGC_EXIT_FAILED = 1,	 /* and everything undone */
	WGC_EXIT_USAGE = 2,
	WGC_EXIT_NOT_UP = 3,
	WGC_EXIT_NOT_PERMITTED = 4,
	WGC_EXIT_INVALID = 5,	 /* the profile is */
	WGC_EXIT_INCOMPLETE = 6, /* failed, and undo left something behind */
	WGC_EXIT_NOT_RUN = 125,	   /* exec, run: a failure of ours, not of the program */
	WGC_EXIT_CANNOT_RUN = 126,
	WGC_EXIT_NO_COMMAND = 127,
	WGC_EXIT_INTERRUPTED = 130,
};

/** The exit code that tells of @err; @run (may be NULL) says how the undo went. */
enum wgc_exit wgc_exit_of(const struct wgc_err *err, const struct wgc_run *run);
/** One line of help for each exit code; text NULL at the end. */
struct wgc_exit_text {
	int code;
	const char *text;
};
extern const struct wgc_exit_text wgc_exit_texts[];

/* ---- output ---------------------------------------------------------------- */

/* How answers and remarks leave the process. One per process, made by main. */
struct wgc_ui {
	const char *program; /* in front of messages without a place */
	const char *command; /* for "see '...'"; NULL before it is known */
	bool json, quiet, verbose, show_secrets;
	bool color_out, color_err;
	bool quick; /* speaking as wg-quick */
	struct wgc_pager *pager; /* or NULL: the answer goes straight to stdout */
	int failed; /* exit code in the place of WGC_EXIT_FAILED, for a command whose 1 says something else; 0: none */
	bool confirm; /* what is done is undone unless it is confirmed */
	struct wgc_str errors, warnings; /* with json: objects for the one document on stderr */
};

enum wgc_color { WGC_COLOR_AUTO, WGC_COLOR_ALWAYS, WGC_COLOR_NEVER };
enum wgc_paint { WGC_PLAIN, WGC_BOLD, WGC_RED, WGC_GREEN, WGC_YELLOW, WGC_BLUE, WGC_DIM };

/** Decide on colours: the option, then NO_COLOR, CLICOLOR_FORCE, TERM, and what each stream is. */
void wgc_ui_color(struct wgc_ui *ui, enum wgc_color when);
/** @text in a colour where @on; "" where not. Usage: %s for paint, %s for wgc_paint(on, WGC_PLAIN). */
const char *wgc_paint(bool on, enum wgc_paint p);
/** A remark on stderr, not with --quiet or --json. */
void wgc_ui_note(const struct wgc_ui *ui, const char *fmt, ...) WGC_PRINTF(2, 3);
/** A warning on stderr; with --json it goes into the document there. */
void wgc_ui_warn(struct wgc_ui *ui, const char *fmt, ...) WGC_PRINTF(2, 3);
/**
 * From here on the answer is kept back, and shown by a pager at the end if it is
 * longer than the terminal is high. Does nothing where stdout is no terminal,
 * with --json, or where the environment says so.
 */
void wgc_pager_begin(struct wgc_ui *ui);
/** Show what was kept back; 0 or a positive errno when it could not be written. */
int wgc_pager_end(struct wgc_ui *ui);
/** Print @doc, a JSON document or other answer, on stdout. */
void wgc_ui_answer(const struct wgc_str *doc);
/** Start and end of a JSON document: an object with "schema": 1 first. */
void wgc_ui_json_begin(struct wgc_json *j, struct wgc_str *out);
void wgc_ui_json_end(struct wgc_json *j);
/** The same of a document with a list of profiles; without --json NULL, which stands for no document. */
struct wgc_json *wgc_ui_profiles_begin(const struct wgc_ui *ui, struct wgc_json *j, struct wgc_str *out);
void wgc_ui_profiles_end(struct wgc_json *j);
/** Write what is pending on both streams; a failed stdout turns 0 into 1. Returns the exit code. */
int wgc_ui_finish(struct wgc_ui *ui, int code);
/** With --json, where the answer is in files: a document that names them. */
void wgc_ui_files(const struct wgc_ui *ui, const char *const *paths, size_t n);
/** Replace bytes that could steer a terminal by '?'. */
void wgc_add_plain(struct wgc_str *out, const char *s, size_t n);
/** "1.21 MiB". */
void wgc_add_bytes(struct wgc_str *out, uint64_t n);
/** "3 min 12 s", the two largest units. */
void wgc_add_duration(struct wgc_str *out, int64_t seconds);
/** RFC 3339 in UTC. */
void wgc_time_text(int64_t t, char ret[static 32]);

/* ---- errors ----------------------------------------------------------------- */

/**
 * Show @err in compiler form with the line of @src (may be NULL) and a caret;
 * @run (may be NULL) adds what was undone. Returns wgc_exit_of.
 */
int wgc_show_err(struct wgc_ui *ui, const struct wgc_source *src, const struct wgc_err *err, const struct wgc_run *run);
/** Append one finding in compiler form. */
void wgc_add_diag(const struct wgc_ui *ui, struct wgc_str *out, bool color, const struct wgc_source *src, const struct wgc_diag *d);
/** Show findings on stderr, or collect them with --json. */
void wgc_show_diags(struct wgc_ui *ui, const struct wgc_source *src, const struct wgc_diags *diags, bool warnings_too);
/** One finding as a JSON object; spans that name no line are left out. */
void wgc_json_diag(struct wgc_json *j, const struct wgc_source *src, const struct wgc_diag *d);
/** The word for @code in JSON. */
const char *wgc_code_word(enum wgc_code code);
/** A usage error: one line, which ends in the command to try. Returns WGC_EXIT_USAGE. */
int wgc_usage(struct wgc_ui *ui, const char *fmt, ...) WGC_PRINTF(2, 3);

/* ---- commands ------------------------------------------------------------------ */

enum wgc_opt_type {
	WGC_OPT_FLAG,	/* bool */
	WGC_OPT_TEXT,	/* const char * */
	WGC_OPT_LIST,	/* const char *: words, commas between them; each time that it is given adds to them */
	WGC_OPT_SECONDS, /* unsigned */
	WGC_OPT_CHOICE, /* int: 1 + index into choices; 0 stays when it is not given */
};

enum wgc_complete {
	WGC_COMPLETE_NONE,
	WGC_COMPLETE_PROFILE,
	WGC_COMPLETE_UP, /* profiles that are up */
	WGC_COMPLETE_FILE,
	WGC_COMPLETE_COMMAND,
	WGC_COMPLETE_SHELL,
	WGC_COMPLETE_NETNS, /* names of network namespaces */
	WGC_COMPLETE_ROOM,  /* tunnels that are up in a namespace of their own, namespaces, containers */
	WGC_COMPLETE_CONTAINER,
	WGC_COMPLETE_ATTACHED, /* what has a tunnel of `container attach`, else containers */
	WGC_COMPLETE_LINK,   /* interfaces */
	WGC_COMPLETE_LINKS,  /* the same, with commas between them */
	WGC_COMPLETE_DEVICE, /* WireGuard interfaces */
	WGC_COMPLETE_PROGRAM,
};

/* Which of the common options a command takes. */
enum {
	WGC_TAKES_JSON = 1 << 0,
	WGC_TAKES_CHANGE = 1 << 1, /* --dry-run: it changes the system */
	WGC_TAKES_HOOKS = 1 << 2,  /* --allow-hooks */
	WGC_TAKES_SECRETS = 1 << 3, /* --show-secrets */
	WGC_TAKES_RAW = 1 << 4,	   /* arguments go on unparsed: the commands of wg(8) */
	WGC_HIDDEN = 1 << 5,
	WGC_TAKES_PAGER = 1 << 7,  /* --no-pager: its answer may be longer than a screen */
	WGC_TAKES_NAMES = 1 << 8,  /* --wait: it looks names up */
	WGC_TAKES_PROGRAM = 1 << 6, /* from the second operand on: a program with its own options */
};

struct wgc_opt {
	const char *name; /* NULL ends a list */
	char letter;	  /* 0 = none */
	const char *arg;  /* "SECS"; NULL for flags */
	enum wgc_opt_type type;
	size_t offset; /* in the command's argument struct */
	const char *text;
	const char *const *choices; /* NULL-terminated */
	enum wgc_complete complete;
	unsigned takes; /* common options: only where the command has this bit; 0 = everywhere */
};

/* The first member of every command's argument struct. */
struct wgc_common {
	bool help, json, dry_run, quiet, verbose, show_secrets, allow_hooks, no_pager;
	int color; /* 0, or 1 + enum wgc_color */
	unsigned wait;
	int argc; /* operands */
	char **argv;
};

struct wgc_cmd {
	const char *name;
	const char *args;    /* operands as shown: "PROFILE..." */
	const char *summary; /* one line */
	const char *text;    /* paragraphs for --help and the manual, or NULL */
	const struct wgc_opt *opts; /* its own; NULL = none */
	size_t args_size;    /* of its argument struct */
	unsigned min, max;   /* operands; max 0 = none, UINT_MAX = any number */
	const char *const *verbs; /* the first operand is one of these words, NULL ends them; or NULL */
	const enum wgc_complete (*behind)[2]; /* for each verb: what the two operands behind it are */
	const char *instead; /* name of an own flag that stands in for operands, or NULL */
	const char *const (*conflicts)[2]; /* pairs of option names; { NULL } ends it */
	const char *const *examples; /* pairs: command line, meaning; NULL ends it */
	unsigned exits; /* bit n: row n of wgc_exit_texts */
	enum wgc_complete complete; /* operands */
	unsigned takes;
	int (*run)(struct wgc_ui *ui, const void *args); /* returns the exit code */
	int (*raw)(int argc, char **argv);		 /* WGC_TAKES_RAW: argv[0] is the command */
};

extern const struct wgc_cmd *const wgc_commands[]; /* NULL-terminated, in the order of help */
extern const struct wgc_opt wgc_common_opts[];
/* The usual conflict list: --quiet with --verbose. */
extern const char *const wgc_conflicts_common[][2];

/** The command @name, or NULL. */
const struct wgc_cmd *wgc_cmd_find(const char *name);
/** Does @cmd take the common option @o? */
bool wgc_cmd_takes(const struct wgc_cmd *cmd, const struct wgc_opt *o);
/** The option --@name (@len bytes) or -@letter of @cmd (NULL: the common ones), or NULL. */
const struct wgc_opt *wgc_opt_find(const struct wgc_cmd *cmd, const char *name, size_t len, char letter);

/** Parse @argv (without the command's name) into @args (args_size zeroed bytes). 0, or an exit code after a message. */
int wgc_args_parse(struct wgc_ui *ui, const struct wgc_cmd *cmd, int argc, char **argv, struct wgc_common *args);
/** The usage error for a word that is no command. */
int wgc_unknown_command(struct wgc_ui *ui, const char *word);
/** Find and run the command of @argv, argv[0] being the program. Returns the exit code. */
int wgc_dispatch(struct wgc_ui *ui, int argc, char **argv);

/** Append the help of @cmd, or the overview for NULL, at most 80 columns wide. */
void wgc_help(const struct wgc_cmd *cmd, struct wgc_str *out);
/** Append a generated part of a manual page, see mdoc.c; @page: the page whose commands are meant, NULL: none. 0 or -EINVAL. */
int wgc_mdoc(const char *part, const char *page, struct wgc_str *out);
/** The manual page, of section 8, that tells about @cmd. */
const char *wgc_page_of(const struct wgc_cmd *cmd);
/** The program as @program ("wg", "wg-quick"), asked the same. Returns an exit code. */
int wgc_complete_as(const char *program, int n, char **words);
/** The hidden `__complete`: candidates for the last of @words, "value<TAB>text" lines. */
void wgc_complete(int n, char **words, struct wgc_str *out);

/* ---- profiles ------------------------------------------------------------------- */

struct wgc_loaded {
	char *path;
	struct wgc_source src;
	struct wgc_diags diags;
	struct wgc_profile *profile; /* NULL when it is invalid */
};
/**
 * Find and load the profile @arg. Findings are left in @l, nothing is shown
 * but a file that cannot be read or found. 0, WGC_EXIT_INVALID (silently) or
 * another exit code after a message.
 */
int wgc_load(struct wgc_ui *ui, const char *arg, enum wgc_mode mode, bool allow_hooks, struct wgc_loaded *l);
/** As above for a file that is only looked at: no owner, mode or hook checks; "-" is stdin. */
int wgc_load_text(struct wgc_ui *ui, const char *arg, struct wgc_loaded *l);
void wgc_loaded_done(struct wgc_loaded *l);
/** @hint of an @err that says that there is no tunnel @name: what may have been meant, or, if @offer_up, how it comes up. @sys may be NULL. */
void wgc_hint_name(struct wgc_sys *sys, const char *name, bool offer_up, struct wgc_err *err);
/** The profile or tunnel that @name may have been meant to be, for the caller to free; NULL when that is @name itself or none. */
char *wgc_nearest_name(struct wgc_sys *sys, const char *name);
/** Profile name of an argument: its base name without .conf or .json. The caller frees it. */
char *wgc_name_of(const char *arg);

/* A profile file in the search path. */
struct wgc_found {
	char *name, *path;
};
/** All profiles of the search path in order of name, the first of a name only, in @a; @ret_denied names a directory that could not be read, or NULL. */
int wgc_profiles(struct wgc_arena *a, struct wgc_found **ret, size_t *ret_n, const char **ret_denied);

/* ---- plans ---------------------------------------------------------------------- */

/* One thing of many that a step changes, or that it leaves alone ('='). */
struct wgc_detail {
	char sign;
	const char *word, *text;
};
/* Turns the callbacks of a run into progress, lines with -v, or the dry run's list. */
struct wgc_steps {
	struct wgc_ui *ui;
	struct wgc_run run;
	struct wgc_arena *arena;
	struct wgc_step_view *v; /* of a dry run */
	size_t n, cap;
	struct wgc_detail *details;
	size_t n_details, cap_details;
	int64_t started_ms;
	bool line_shown;
	bool oom;
};
/** Make ready for a run; signals that ask to stop are caught from now on. 0 or -ENOMEM. */
int wgc_steps_init(struct wgc_steps *s, struct wgc_ui *ui, bool dry_run, unsigned wait_seconds);
/** The signal that has asked to stop; 0: none has. It may have come when there was nothing to stop any more. */
int wgc_steps_stop(void);
/** Erase the progress line, if one is shown. */
void wgc_steps_clear(struct wgc_steps *s);
void wgc_steps_done(struct wgc_steps *s);
/** sigaction(2), but what nohup(1) or a shell's & made us ignore stays ignored. Does @act hold now? */
bool wgc_signal_act(int sig, const struct sigaction *act);
/** The collected plan as text ("wgctl: plan for ..."). */
void wgc_steps_add_text(const struct wgc_steps *s, const char *name, bool color, struct wgc_str *out);
/** The collected plan as a JSON array. */
void wgc_steps_json(const struct wgc_steps *s, struct wgc_json *j);

/** 0, or exit code 4 after a sentence, when the caller cannot configure networks. @what: "up" */
int wgc_need_root(struct wgc_ui *ui, const char *what);

/** wg-quick(8). argv[0] is "wg-quick". Returns the exit code. */
int wgc_quick_main(struct wgc_ui *ui, int argc, char **argv);
/** Append @text without the keys that wg(8) does not know, as `wg-quick strip` does. -EINVAL with @err for a bad SaveConfig. */
int wgc_quick_strip(const char *text, size_t len, struct wgc_str *out, struct wgc_err *err);
/** Load the profiles of a command that makes them true, and show what is wrong with them. 0 or an exit code. @v has one for each operand, zeroed. */
int wgc_load_all(struct wgc_ui *ui, const struct wgc_common *c, struct wgc_loaded *v);
/** What became of one profile, for --json. @ifname may be NULL; so may @j. */
void wgc_json_result(struct wgc_json *j, const char *name, const char *ifname, const char *result, const struct wgc_steps *s);
/** The word for it of a run that failed with exit code @code. */
const char *wgc_failure_word(int code);
/** Is profile @name up in this network, whole, with its link? */
bool wgc_is_up(struct wgc_sys *sys, const char *name);
/** Make a live tunnel what its profile says, with all messages; taken back after @confirm seconds (0: it stays) unless
 * confirmed. @j (may be NULL) gets the result object. Exit code. */
int wgc_reload_one(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_common *c, unsigned confirm, const struct wgc_loaded *l,
		   struct wgc_json *j);
/** One profile up, with all messages; shared by `up` and wg-quick. @j (may be NULL) gets the result object. Exit code. */
int wgc_up_one(struct wgc_ui *ui, struct wgc_sys *sys, const struct wgc_loaded *l, bool dry_run, unsigned wait_seconds, struct wgc_json *j);
/** One tunnel down by profile or interface name, with all messages; @unlock ends its lockdown, too. */
int wgc_down_one(struct wgc_ui *ui, struct wgc_sys *sys, const char *name, bool dry_run, bool unlock, unsigned wait_seconds,
		 struct wgc_json *j);

#endif
