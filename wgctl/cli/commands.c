// SPDX-License-Identifier: GPL-2.0
/* commands: the table. Everything that is said about a command is said here. */
#include "cli/commands.h"

#include <limits.h>
#include <string.h>

#include "cli/wg.h"

/* Bits of wgc_exit_texts' rows. */
#define OK (1u << 0)
#define FAILED (1u << 1)
#define USAGE (1u << 2)
#define NOT_UP (1u << 3)
#define NOT_PERMITTED (1u << 4)
#define INVALID (1u << 5)
#define INCOMPLETE (1u << 6)
#define INTERRUPTED (1u << 7)

static const struct wgc_opt up_opts[] = {
	{ "confirm", 0, "SECS", WGC_OPT_SECONDS, offsetof(struct wgc_up_args, confirm),
	  .text = "undo everything after SECS, unless `wgctl confirm` is run by then" },
	{ 0 },
};
static const char *const up_conflicts[][2] = { { "confirm", "dry-run" }, { NULL } };
static const struct wgc_cmd cmd_up = {
	.name = "up",
	.args = "PROFILE...",
	.summary = "bring tunnels up; a failure undoes everything",
	.text = "A PROFILE is a name, looked for as /etc/wgctl/NAME.conf, /etc/wgctl/NAME.json and /etc/wireguard/NAME.conf, or, "
		"with a slash in it, a file. All profiles are checked before the first one is touched. One that is up already is left as it is.",
	.examples = (const char *const[]){ "wgctl up office", "by name", "wgctl up ./office.conf", "a file", "wgctl up -n office",
					   "what would be done, and its undo",
					   "wgctl up --confirm 60 office", "over SSH: back in a minute if that cuts you off", NULL },
	.opts = up_opts,
	.conflicts = up_conflicts,
	.args_size = sizeof(struct wgc_up_args),
	.min = 1,
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID | INCOMPLETE | INTERRUPTED,
	.complete = WGC_COMPLETE_PROFILE,
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
	.run = wgc_run_up,
};

static const struct wgc_opt down_opts[] = {
	{ "all", 'a', NULL, WGC_OPT_FLAG, offsetof(struct wgc_down_args, all), .text = "everything that is up" },
	{ "unlock", 0, NULL, WGC_OPT_FLAG, offsetof(struct wgc_down_args, unlock),
	  .text = "end a lockdown, too, also where the tunnel is down already" },
	{ 0 },
};
static const struct wgc_cmd cmd_down = {
	.name = "down",
	.args = "PROFILE...",
	.summary = "take tunnels down by undoing what up did",
	.text = "What is undone stands in the journal that up wrote, not in the profile: the file may have changed or be gone. "
		"A kill switch is taken back last; that of KillSwitch = lockdown stays until --unlock.",
	.examples = (const char *const[]){ "wgctl down office", "by name", "wgctl down --all", "everything that is up",
					   "wgctl down --unlock office", "and let traffic out again, after a lockdown", NULL },
	.opts = down_opts,
	.args_size = sizeof(struct wgc_down_args),
	.min = 1,
	.max = UINT_MAX,
	.instead = "all",
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED | INCOMPLETE,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE,
	.run = wgc_run_down,
};

static const struct wgc_opt reload_opts[] = {
	{ "confirm", 0, "SECS", WGC_OPT_SECONDS, offsetof(struct wgc_up_args, confirm),
	  .text = "take everything back after SECS, unless `wgctl confirm` is run by then" },
	{ 0 },
};
static const struct wgc_cmd cmd_reload = {
	.name = "reload",
	.args = "PROFILE...",
	.summary = "make live tunnels what their profiles say now",
	.text = "Only what differs is changed: peers that stay keep their session, endpoint and counters, and an unchanged profile changes nothing. "
		"What others have added by hand stays; what they took away is put back. A failure takes everything back.",
	.examples = (const char *const[]){ "wgctl reload office", "by name", "wgctl reload -n office", "what would be done",
					   "wgctl reload --confirm 60 office", "over SSH: back in a minute if that cuts you off", NULL },
	.opts = reload_opts,
	.conflicts = up_conflicts,
	.args_size = sizeof(struct wgc_up_args),
	.min = 1,
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED | INVALID | INCOMPLETE | INTERRUPTED,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
	.run = wgc_run_reload,
};

static const struct wgc_cmd cmd_diff = {
	.name = "diff",
	.args = "PROFILE",
	.summary = "show what reload would change",
	.text = "Lines that begin with '+', '-' and '~' are what reload would add, take away and change; '=' is what others have added to the tunnel, "
		"and what stays. Exit status 0: nothing would change; 1: something would; 2 and more: an error.",
	.examples = (const char *const[]){ "wgctl diff office", "by name", NULL },
	.args_size = sizeof(struct wgc_common),
	.min = 1,
	.max = 1,
	.exits = OK | USAGE | NOT_UP | NOT_PERMITTED | INVALID,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_JSON | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
	.run = wgc_run_diff,
};

static const struct wgc_cmd cmd_confirm = {
	.name = "confirm",
	.args = "[PROFILE]",
	.summary = "keep what `up --confirm` or `reload --confirm` has done",
	.text = "Without a PROFILE everything that waits to be confirmed is.",
	.examples = (const char *const[]){ "wgctl confirm", "I am still here", NULL },
	.args_size = sizeof(struct wgc_common),
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_JSON,
	.run = wgc_run_confirm,
};

static const struct wgc_cmd cmd_recover = {
	.name = "recover",
	.args = "PROFILE",
	.summary = "undo what an interrupted up or down left behind",
	.text = "up and down do this by themselves; recover is for cleaning up without bringing anything up.",
	.examples = (const char *const[]){ "wgctl recover office", "after a crash in the middle of up", NULL },
	.args_size = sizeof(struct wgc_common),
	.min = 1,
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INCOMPLETE,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE,
	.run = wgc_run_recover,
};

static const struct wgc_cmd cmd_check = {
	.name = "check",
	.args = "FILE...",
	.summary = "find everything that is wrong or doubtful in profiles",
	.text = "A FILE may also be the name of a profile, or - for standard input. Lines that hold keys are not shown.",
	.examples = (const char *const[]){ "wgctl check office.conf ./hub.json", "two files", "wgctl check --json office | jq .files",
					   "for programs", NULL },
	.args_size = sizeof(struct wgc_common),
	.min = 1,
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID,
	.complete = WGC_COMPLETE_FILE,
	.takes = WGC_TAKES_JSON | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
	.run = wgc_run_check,
};

static const char *const formats[] = { "ini", "json", NULL };
static const struct wgc_opt convert_opts[] = {
	{ "to", 't', "FORMAT", WGC_OPT_CHOICE, offsetof(struct wgc_convert_args, to), .text = "ini or json", .choices = formats },
	{ "output", 'o', "FILE", WGC_OPT_TEXT, offsetof(struct wgc_convert_args, output),
	  .text = "write FILE, readable by its owner only; its ending stands in for --to", .complete = WGC_COMPLETE_FILE },
	{ 0 },
};
static const struct wgc_cmd cmd_convert = {
	.name = "convert",
	.args = "FILE",
	.summary = "write a profile in the other format, losing nothing",
	.text = "Keys are written too: the output is as secret as the profile. FILE may be - for standard input.",
	.examples = (const char *const[]){ "wgctl convert a.conf --to json", "to standard output", "wgctl convert a.json -o a.conf",
					   "to a file of mode 0600", NULL },
	.opts = convert_opts,
	.args_size = sizeof(struct wgc_convert_args),
	.min = 1,
	.max = 1,
	.exits = OK | FAILED | USAGE | INVALID,
	.complete = WGC_COMPLETE_FILE,
	.run = wgc_run_convert,
};

static const struct wgc_cmd cmd_status = {
	.name = "status",
	.args = "[PROFILE]",
	.summary = "what is up, how its peers do, what is wrong",
	.text = "A peer is ok when its last handshake is at most 180 seconds old, stale when it is older, and never when there was none.",
	.examples = (const char *const[]){ "wgctl status", "all tunnels, in short", "wgctl status office", "one screen", NULL },
	.args_size = sizeof(struct wgc_common),
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_JSON | WGC_TAKES_SECRETS,
	.run = wgc_run_status,
};

static const struct wgc_cmd cmd_list = {
	.name = "list",
	.args = "",
	.summary = "the profiles found, and which are up",
	.examples = (const char *const[]){ "wgctl list", "a table", "wgctl list --json", "for programs", NULL },
	.args_size = sizeof(struct wgc_common),
	.exits = OK | FAILED | USAGE | NOT_PERMITTED,
	.takes = WGC_TAKES_JSON,
	.run = wgc_run_list,
};

static const struct wgc_cmd cmd_doctor = {
	.name = "doctor",
	.args = "[PROFILE]",
	.summary = "why it does not work, a line a check, and what to do",
	.text = "Without a PROFILE every tunnel that is up is looked at. One that is not up is looked at as far as that goes; without "
		"root some things cannot be seen, and are said to be unknown. Nothing is changed. Exit code 1: something is wrong.",
	.examples = (const char *const[]){ "wgctl doctor office", "one tunnel", "wgctl doctor --json | jq .problems", "for programs", NULL },
	.args_size = sizeof(struct wgc_common),
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID,
	.complete = WGC_COMPLETE_PROFILE,
	.takes = WGC_TAKES_JSON,
	.run = wgc_run_doctor,
};

static const struct wgc_opt watch_opts[] = {
	{ "up", 0, NULL, WGC_OPT_FLAG, offsetof(struct wgc_watch_args, up), .text = "bring the PROFILEs up first" },
	{ 0 },
};
static const struct wgc_cmd cmd_watch = {
	.name = "watch",
	.args = "[PROFILE...]",
	.summary = "look after tunnels that are up: endpoints, routes, nft, DNS, MTU",
	.text = "Endpoint names are looked up again when a peer no longer answers, when the network changes, and as often as "
		"RefreshEndpoints says; every address and every Endpoint line is tried in turn. When nobody answers, the name servers that "
		"were there before the tunnel are asked as well, beside it. Rules, routes, nft tables, addresses and resolvers of ours that others "
		"removed are added again (a resolv.conf that somebody wrote since is his; `wgctl reload` takes it back), and the MTU "
		"follows the way to the peers. It ends when it is told to, leaving the tunnels up, or "
		"when none of the PROFILEs is up any more; SIGHUP makes it reload the profiles.",
	.examples = (const char *const[]){ "wgctl watch", "all that are up, now and later", "wgctl watch --up office",
					   "what the service unit runs", NULL },
	.opts = watch_opts,
	.args_size = sizeof(struct wgc_watch_args),
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID | INCOMPLETE,
	.complete = WGC_COMPLETE_PROFILE,
	.takes = WGC_TAKES_HOOKS,
	.run = wgc_run_watch,
};

static const struct wgc_opt monitor_opts[] = {
	{ "poll", 0, "SECS", WGC_OPT_SECONDS, offsetof(struct wgc_monitor_args, poll),
	  .text = "look at the peers this often, not every second" },
	{ 0 },
};
static const struct wgc_cmd cmd_monitor = {
	.name = "monitor",
	.args = "[LINK...]",
	.summary = "links, peers, routes and rules, as they change",
	.text = "A line for each event until it is interrupted; with --json an object a line. A LINK is an interface or a profile; "
		"without one all are shown. The kernel tells of links, addresses, routes and rules; peers are looked at once a second.",
	.examples = (const char *const[]){ "wgctl monitor", "everything", "wgctl monitor --json office | jq .event", "one tunnel, for programs",
					   NULL },
	.opts = monitor_opts,
	.args_size = sizeof(struct wgc_monitor_args),
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_JSON,
	.run = wgc_run_monitor,
};

/* The commands of wg(8) parse their own arguments: they must do so as it does. */
#define WG_EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define WG_COMMAND(id, operands, line, ...)                                                                                       \
	static const struct wgc_cmd cmd_##id = {                                                                                  \
		.name = #id,                                                                                                      \
		.args = operands,                                                                                                 \
		.summary = line,                                                                                                  \
		.examples = WG_EXAMPLES(__VA_ARGS__),                                                                             \
		.exits = OK | FAILED,                                                                                             \
		.takes = WGC_TAKES_RAW,                                                                                           \
		.raw = wgc_cmd_##id,                                                                                              \
	}
WG_COMMAND(show, "[INTERFACE|all|interfaces] [FIELD]", "devices and peers, as wg(8) shows them", "wgctl show wg0", "one device",
	   "wgctl show all dump", "for scripts");
WG_COMMAND(showconf, "INTERFACE", "the running configuration of a device, keys included", "wgctl showconf wg0", "as setconf reads it");
WG_COMMAND(set, "INTERFACE [SETTING VALUE]...", "change a running device, as wg(8) does", "wgctl set wg0 listen-port 51820",
	   "keys are given as files");
WG_COMMAND(setconf, "INTERFACE FILE", "give a device exactly the configuration in a file", "wgctl setconf wg0 wg0.conf",
	   "no wg-quick keys");
WG_COMMAND(addconf, "INTERFACE FILE", "add the configuration in a file to a device", "wgctl addconf wg0 more.conf",
	   "other peers stay");
WG_COMMAND(syncconf, "INTERFACE FILE", "make a device match a file, sessions kept", "wgctl syncconf wg0 wg0.conf",
	   "unchanged peers stay up");
WG_COMMAND(genkey, "", "a new private key on standard output", "wgctl genkey > private", "umask 077 first");
WG_COMMAND(genpsk, "", "a new preshared key on standard output", "wgctl genpsk > psk", "umask 077 first");
WG_COMMAND(pubkey, "", "the public key of the private key on standard input", "wgctl pubkey < private", "prints it");

static const struct wgc_cmd cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.summary = "a script that completes wgctl's arguments in a shell",
	.text = "SHELL is bash.",
	.examples = (const char *const[]){ "source <(wgctl completion bash)", "for this shell", NULL },
	.args_size = sizeof(struct wgc_common),
	.min = 1,
	.max = 1,
	.exits = OK | USAGE,
	.complete = WGC_COMPLETE_SHELL,
	.run = wgc_run_completion,
};

static int run_help(struct wgc_ui *ui, const void *args)
{
	const struct wgc_common *c = args;
	const struct wgc_cmd *cmd = c->argc ? wgc_cmd_find(c->argv[0]) : NULL;
	WGC_AUTO_STR struct wgc_str out = { 0 };

	if (c->argc && !cmd)
		return wgc_unknown_command(ui, c->argv[0]);
	wgc_help(cmd, &out);
	wgc_ui_answer(&out);
	return WGC_EXIT_OK;
}

static const struct wgc_cmd cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.summary = "this overview, or all about one command",
	.examples = (const char *const[]){ "wgctl help up", "the same as wgctl up --help", NULL },
	.args_size = sizeof(struct wgc_common),
	.max = 1,
	.exits = OK | USAGE,
	.complete = WGC_COMPLETE_COMMAND,
	.run = run_help,
};

static int run_version(struct wgc_ui *ui, const void *args)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };
	struct wgc_json j;

	if (!ui->json) {
		wgc_str_add(&out, "wgctl " WGC_VERSION "\n");
		wgc_ui_answer(&out);
		return WGC_EXIT_OK;
	}
	wgc_ui_json_begin(&j, &out);
	wgc_json_key(&j, "version");
	wgc_json_str(&j, WGC_VERSION);
	wgc_ui_json_end(&j);
	return WGC_EXIT_OK;
}

static const struct wgc_cmd cmd_version = {
	.name = "version",
	.args = "",
	.summary = "the version of this program",
	.args_size = sizeof(struct wgc_common),
	.exits = OK | USAGE,
	.takes = WGC_TAKES_JSON,
	.run = run_version,
};

/* ---- hidden: what scripts call, and the other two names of this program ------- */

static int raw_complete(int argc, char **argv)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	wgc_complete(argc - 1, argv + 1, &out);
	wgc_ui_answer(&out);
	return WGC_EXIT_OK;
}

static int raw_mdoc(int argc, char **argv)
{
	WGC_AUTO_STR struct wgc_str out = { 0 };

	if (argc != 2 || wgc_mdoc(argv[1], &out))
		return WGC_EXIT_USAGE;
	wgc_ui_answer(&out);
	return WGC_EXIT_OK;
}

static int raw_quick(int argc, char **argv)
{
	struct wgc_ui ui = { .program = "wg-quick", .quick = true };

	wgc_ui_color(&ui, WGC_COLOR_AUTO);
	return wgc_quick_main(&ui, argc, argv);
}

static const struct wgc_cmd cmd_complete = {
	.name = "__complete", .args = "", .summary = "", .takes = WGC_TAKES_RAW | WGC_HIDDEN, .raw = raw_complete
};
static const struct wgc_cmd cmd_mdoc = { .name = "__mdoc", .args = "", .summary = "", .takes = WGC_TAKES_RAW | WGC_HIDDEN, .raw = raw_mdoc };
static const struct wgc_cmd cmd_wg = { .name = "wg", .args = "", .summary = "", .takes = WGC_TAKES_RAW | WGC_HIDDEN, .raw = wgc_wg_main };
static const struct wgc_cmd cmd_quick = {
	.name = "wg-quick", .args = "", .summary = "", .takes = WGC_TAKES_RAW | WGC_HIDDEN, .raw = raw_quick
};

const struct wgc_cmd *const wgc_commands[] = {
	&cmd_up,      &cmd_down,    &cmd_reload, &cmd_diff, &cmd_confirm, &cmd_recover,  &cmd_check,	&cmd_convert, &cmd_status, &cmd_list,
	&cmd_doctor, &cmd_watch, &cmd_monitor, &cmd_show,
	&cmd_showconf, &cmd_set,    &cmd_setconf,  &cmd_addconf, &cmd_syncconf, &cmd_genkey, &cmd_genpsk, &cmd_pubkey,
	&cmd_completion, &cmd_help, &cmd_version,  &cmd_complete, &cmd_mdoc,  &cmd_wg,	   &cmd_quick,	  NULL,
};

const struct wgc_cmd *wgc_cmd_find(const char *name)
{
	for (size_t i = 0; wgc_commands[i]; i++)
		if (!strcmp(wgc_commands[i]->name, name))
			return wgc_commands[i];
	return NULL;
}

bool wgc_cmd_is_later(const char *name)
{
	static const char *const later[] = { "run", "exec", "netns", "container", "physical", "qr" };

	for (size_t i = 0; i < WGC_ARRAY_SIZE(later); i++)
		if (!strcmp(later[i], name))
			return true;
	return false;
}
