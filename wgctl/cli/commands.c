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
#define PROGRAM (7u << 7) /* 125 to 127 */
#define INTERRUPTED (1u << 10)

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
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE | WGC_TAKES_NAMES | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
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
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE | WGC_TAKES_NAMES | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
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
	.takes = WGC_TAKES_PAGER | WGC_TAKES_JSON | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
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
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE | WGC_TAKES_NAMES,
	.run = wgc_run_recover,
};

static const struct wgc_opt lockdown_opts[] = {
	{ "all", 'a', NULL, WGC_OPT_FLAG, offsetof(struct wgc_lockdown_args, all), .text = "every profile that says KillSwitch = lockdown" },
	{ 0 },
};
static const struct wgc_cmd cmd_lockdown = {
	.name = "lockdown",
	.args = "PROFILE...",
	.summary = "let nothing out before the tunnel is up",
	.text = "The kill switch of profiles with KillSwitch = lockdown is put in force, as it stays in force after down; up takes it "
		"over, and `wgctl down --unlock` ends it. Nothing else is done, and neither network nor resolver need be there: the unit "
		"wgctl-lockdown does this at boot, before the first device is configured.",
	.examples = (const char *const[]){ "wgctl lockdown office", "locked until up, and while up, and after", "wgctl lockdown --all",
					   "what wgctl-lockdown.service runs", "wgctl down --unlock office", "the end of it", NULL },
	.opts = lockdown_opts,
	.args_size = sizeof(struct wgc_lockdown_args),
	.min = 1,
	.max = UINT_MAX,
	.instead = "all",
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID | INCOMPLETE | INTERRUPTED,
	.complete = WGC_COMPLETE_PROFILE,
	.takes = WGC_TAKES_JSON | WGC_TAKES_CHANGE | WGC_TAKES_SECRETS,
	.run = wgc_run_lockdown,
};

static const struct wgc_cmd cmd_check = {
	.name = "check",
	.args = "FILE...",
	.summary = "find everything that is wrong or doubtful in profiles",
	.text = "A FILE may also be the name of a profile, or - for standard input. Lines that hold keys are not shown.",
	.examples = (const char *const[]){ "wgctl check office ./hub.json", "a profile and a file", "wgctl check --json office | jq .files",
					   "for programs", NULL },
	.args_size = sizeof(struct wgc_common),
	.min = 1,
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID,
	.complete = WGC_COMPLETE_FILE,
	.takes = WGC_TAKES_PAGER | WGC_TAKES_JSON | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
	.run = wgc_run_check,
};

static const char *const formats[] = { "ini", "json", NULL };
static const struct wgc_opt convert_opts[] = {
	{ "to", 't', "FORMAT", WGC_OPT_CHOICE, offsetof(struct wgc_convert_args, to), .text = "ini or json", .choices = formats },
	{ "output", 'o', "FILE", WGC_OPT_TEXT, offsetof(struct wgc_convert_args, output),
	  .text = "write FILE, readable by its owner only; its ending stands in for --to", .complete = WGC_COMPLETE_FILE },
	{ 0 },
};
/* An answer on standard output has one form. */
static const char *const format_conflicts[][2] = { { "to", "json" }, { NULL } };
static const struct wgc_cmd cmd_convert = {
	.name = "convert",
	.args = "FILE",
	.summary = "write a profile in the other format, losing nothing",
	.text = "Keys are written too: the output is as secret as the profile. FILE may be - for standard input.",
	.examples = (const char *const[]){ "wgctl convert a.conf --to json", "to standard output", "wgctl convert a.json -o a.conf",
					   "to a file of mode 0600", NULL },
	.opts = convert_opts,
	.conflicts = format_conflicts,
	.args_size = sizeof(struct wgc_convert_args),
	.min = 1,
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID,
	.complete = WGC_COMPLETE_FILE,
	.takes = WGC_TAKES_JSON,
	.run = wgc_run_convert,
};

static const struct wgc_opt import_opts[] = {
	{ "to", 't', "FORMAT", WGC_OPT_CHOICE, offsetof(struct wgc_import_args, to), .text = "ini or json; else ini", .choices = formats },
	{ "output", 'o', "FILE|DIR", WGC_OPT_TEXT, offsetof(struct wgc_import_args, output),
	  .text = "write FILE, readable by its owner only, or a file for each interface in DIR", .complete = WGC_COMPLETE_FILE },
	{ "interface", 'i', "NAME", WGC_OPT_TEXT, offsetof(struct wgc_import_args, interface), .text = "this interface only, of several" },
	{ "force", 'f', NULL, WGC_OPT_FLAG, offsetof(struct wgc_import_args, force), .text = "write over files that are there" },
	{ 0 },
};
static const struct wgc_cmd cmd_import = {
	.name = "import",
	.args = "FILE",
	.summary = "make profiles of those of wg-netns and NetworkManager",
	.text = "FILE is a profile of wg-netns as JSON, or a keyfile of NetworkManager; - is standard input. What a profile cannot say is "
		"said as a warning, with its line; what would make it another tunnel is an error, and nothing is written. "
		"The output is as secret as FILE.",
	.examples = (const char *const[]){ "wgctl import ns.json -o /etc/wgctl/", "a profile for each of its interfaces",
					   "wgctl import office.nmconnection -o ./office.conf", "a file of mode 0600",
					   "yq -o json ns.yaml | wgctl import -", "YAML, to standard output", NULL },
	.opts = import_opts,
	.conflicts = format_conflicts,
	.args_size = sizeof(struct wgc_import_args),
	.min = 1,
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID,
	.complete = WGC_COMPLETE_FILE,
	.takes = WGC_TAKES_JSON | WGC_TAKES_SECRETS,
	.run = wgc_run_import,
};

static const char *const status_formats[] = { "text", "json", "prometheus", NULL };
static const struct wgc_opt status_opts[] = {
	{ "format", 0, "FORMAT", WGC_OPT_CHOICE, offsetof(struct wgc_status_args, format),
	  .text = "text, json or prometheus: metrics for a file that node_exporter reads", .choices = status_formats },
	{ 0 },
};
static const char *const status_conflicts[][2] = { { "format", "json" }, { NULL } };
static const struct wgc_cmd cmd_status = {
	.name = "status",
	.args = "[PROFILE]",
	.summary = "what is up, how its peers do, what is wrong",
	.text = "A peer is ok when its last handshake is at most 180 seconds old, stale when it is older, and never when there was none. "
		"Secret keys are shown with --json only, and there with --show-secrets.",
	.examples = (const char *const[]){ "wgctl status", "all tunnels, in short", "wgctl status office", "one screen",
					   "wgctl status --format prometheus", "metrics", NULL },
	.opts = status_opts,
	.conflicts = status_conflicts,
	.args_size = sizeof(struct wgc_status_args),
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED,
	.complete = WGC_COMPLETE_UP,
	.takes = WGC_TAKES_PAGER | WGC_TAKES_JSON | WGC_TAKES_SECRETS,
	.run = wgc_run_status,
};

static const struct wgc_cmd cmd_list = {
	.name = "list",
	.args = "",
	.summary = "the profiles found, and which are up",
	.examples = (const char *const[]){ "wgctl list", "a table", "wgctl list --json", "for programs", NULL },
	.args_size = sizeof(struct wgc_common),
	.exits = OK | FAILED | USAGE | NOT_PERMITTED,
	.takes = WGC_TAKES_PAGER | WGC_TAKES_JSON,
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
	.takes = WGC_TAKES_PAGER | WGC_TAKES_JSON,
	.run = wgc_run_doctor,
};

static const struct wgc_opt watch_opts[] = {
	{ "up", 0, NULL, WGC_OPT_FLAG, offsetof(struct wgc_watch_args, up), .text = "bring the PROFILEs up first" },
	{ 0 },
};
static const struct wgc_cmd cmd_watch = {
	.name = "watch",
	.args = "[PROFILE...]",
	.summary = "look after tunnels: endpoints, rules, routes, firewall, DNS, MTU",
	.text = "Endpoint names are looked up again when a peer no longer answers, when the network changes, and as often as "
		"RefreshEndpoints says; every address and every Endpoint line is tried in turn. When nobody answers, the name servers that "
		"were there before the tunnel are asked as well, beside it. Rules, routes, nft tables, addresses and resolvers of ours, and "
		"guard and keeper of `wgctl physical`, are put back when others removed them (a resolv.conf that somebody wrote since is his; "
		"`wgctl reload` takes it back), and the MTU follows the way to the peers. It ends when it is told to, leaving the tunnels up, or "
		"when none of the PROFILEs is up any more; SIGHUP makes it reload the profiles.",
	.examples = (const char *const[]){ "wgctl watch", "all that are up, now and later", "wgctl watch --up office",
					   "what the service unit runs", NULL },
	.opts = watch_opts,
	.args_size = sizeof(struct wgc_watch_args),
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED | INVALID | INCOMPLETE,
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
	.complete = WGC_COMPLETE_LINK,
	.takes = WGC_TAKES_JSON,
	.run = wgc_run_monitor,
};

static const char *const netns_verbs[] = { "list", "delete", NULL };
static const struct wgc_cmd cmd_netns = {
	.name = "netns",
	.args = "[list | delete NAME]",
	.summary = "the network namespaces that have names",
	.text = "Which there are, which profile is up in each and who runs there; and taking a name away. `up` makes the namespace that a profile "
		"names and `down` removes it, unless somebody is inside or it was there before; delete is for what was left then.",
	.examples = (const char *const[]){ "wgctl netns", "what there is", "wgctl netns delete blue", "whoever is inside goes on, without a name", NULL },
	.args_size = sizeof(struct wgc_common),
	.max = 2,
	.verbs = netns_verbs,
	.behind = (const enum wgc_complete[][2]){ { WGC_COMPLETE_NONE }, { WGC_COMPLETE_NETNS } },
	.exits = OK | FAILED | USAGE | NOT_PERMITTED,
	.complete = WGC_COMPLETE_NETNS,
	.takes = WGC_TAKES_PAGER | WGC_TAKES_JSON,
	.run = wgc_run_netns,
};

static const char *const attach_modes[] = { "only", "additional", NULL };
static const struct wgc_opt container_opts[] = {
	{ "interface", 'i', "NAME", WGC_OPT_TEXT, offsetof(struct wgc_container_args, interface), .text = "its name in the container; else as in the profile" },
	{ "mode", 'm', "MODE", WGC_OPT_CHOICE, offsetof(struct wgc_container_args, mode),
	  .text = "only: refuse a container that has another interface; additional: be one more", .choices = attach_modes },
	{ 0 },
};
static const char *const container_verbs[] = { "attach", "detach", "unit", NULL };
static const struct wgc_cmd cmd_container = {
	.name = "container",
	.args = "attach|detach|unit [PROFILE] [CONTAINER]",
	.summary = "a tunnel for a container that runs, or for a service",
	.text = "A CONTAINER is one of podman, docker or systemd-nspawn by name or id, pid:N, or the path of a network namespace. The link is made in there; "
		"encrypted packets leave from the caller's namespace. Start the container without a network (--network none) and with --dns: nothing leaves it "
		"until the tunnel is there. unit prints a drop-in that puts a service of systemd into the namespace that the profile names. "
		"See wgctl-cni(8) for tunnels that engines attach by themselves.",
	.examples = (const char *const[]){ "wgctl container attach office web", "a container named web", "wgctl container attach -m only office pid:4711",
					   "whatever runs as that process", "wgctl container detach web", "all tunnels that were attached to it",
					   "wgctl container unit office >/run/systemd/system/web.service.d/tunnel.conf", "a service in the namespace", NULL },
	.opts = container_opts,
	.args_size = sizeof(struct wgc_container_args),
	.min = 2,
	.max = 3,
	.verbs = container_verbs,
	.behind = (const enum wgc_complete[][2]){ { WGC_COMPLETE_PROFILE, WGC_COMPLETE_CONTAINER }, { WGC_COMPLETE_ATTACHED }, { WGC_COMPLETE_PROFILE } },
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED | INVALID | INCOMPLETE,
	.complete = WGC_COMPLETE_PROFILE,
	.takes = WGC_TAKES_JSON | WGC_TAKES_HOOKS,
	.run = wgc_run_container,
};

static const struct wgc_opt oci_opts[] = {
	{ "profiles", 0, "DIR", WGC_OPT_TEXT, offsetof(struct wgc_oci_args, profiles),
	  .text = "where the profiles are that containers may name; else /etc/wgctl", .complete = WGC_COMPLETE_FILE },
	{ "strict", 0, NULL, WGC_OPT_FLAG, offsetof(struct wgc_oci_args, strict), .text = "refuse containers that keep CAP_NET_ADMIN" },
	{ 0 },
};
static const struct wgc_cmd cmd_oci_hook = {
	.name = "oci-hook",
	.args = "[PROFILE]",
	.summary = "what container runtimes call at createRuntime and poststop",
	.text = "The container's state comes on standard input. Without a PROFILE the annotation org.wgctl.profile names it.",
	.opts = oci_opts,
	.args_size = sizeof(struct wgc_oci_args),
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID | INCOMPLETE,
	.complete = WGC_COMPLETE_PROFILE,
	.run = wgc_run_oci_hook,
};

/* The commands of wg(8) parse their own arguments: they must do so as it does. */
#define WG_EXAMPLES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define WG_COMMAND(id, more, operands, line, ...)                                                                                 \
	static int run_##id(int argc, char **argv)                                                                                \
	{                                                                                                                         \
		return wgc_there(argc, argv, wgc_cmd_##id);                                                                       \
	}                                                                                                                         \
	static const struct wgc_cmd cmd_##id = {                                                                                  \
		.name = #id,                                                                                                      \
		.args = operands,                                                                                                 \
		.summary = line,                                                                                                  \
		.examples = WG_EXAMPLES(__VA_ARGS__),                                                                             \
		.exits = OK | FAILED,                                                                                             \
		.takes = WGC_TAKES_RAW | (more),                                                                                  \
		.raw = run_##id,                                                                                                  \
	}
WG_COMMAND(show, WGC_TAKES_PAGER | WGC_TAKES_JSON, "[INTERFACE|all|interfaces] [FIELD]", "devices and peers, as wg(8) shows them", "wgctl show wg0",
	   "one device", "wgctl show all dump", "for scripts", "wgctl show wg0 --json", "as status has it");
WG_COMMAND(showconf, 0, "INTERFACE", "the running configuration of a device, keys included", "wgctl showconf wg0", "as setconf reads it");
WG_COMMAND(set, 0, "INTERFACE [SETTING VALUE]...", "change a running device, as wg(8) does", "wgctl set wg0 listen-port 51820",
	   "keys are given as files");
WG_COMMAND(setconf, 0, "INTERFACE FILE", "give a device exactly the configuration in a file", "wgctl setconf wg0 wg0.conf",
	   "no wg-quick keys");
WG_COMMAND(addconf, 0, "INTERFACE FILE", "add the configuration in a file to a device", "wgctl addconf wg0 more.conf",
	   "other peers stay");
WG_COMMAND(syncconf, 0, "INTERFACE FILE", "make a device match a file, sessions kept", "wgctl syncconf wg0 wg0.conf",
	   "unchanged peers stay up");
WG_COMMAND(genkey, 0, "", "a new private key on standard output", "wgctl genkey > private", "umask 077 first");
WG_COMMAND(genpsk, 0, "", "a new preshared key on standard output", "wgctl genpsk > psk", "umask 077 first");
WG_COMMAND(pubkey, 0, "", "the public key of the private key on standard input", "wgctl pubkey < private", "prints it");

static const struct wgc_cmd cmd_qr = {
	.name = "qr",
	.args = "PROFILE",
	.summary = "a profile as a QR code, for the application of a telephone",
	.text = "The code holds the private key: who sees it has the tunnel. Keys that telephones do not know are left out, and that is said.",
	.examples = (const char *const[]){ "wgctl qr phone", "on a terminal of 80 columns", NULL },
	.args_size = sizeof(struct wgc_common),
	.min = 1,
	.max = 1,
	.exits = OK | FAILED | USAGE | NOT_PERMITTED | INVALID,
	.complete = WGC_COMPLETE_PROFILE,
	.run = wgc_run_qr,
};

static const struct wgc_cmd cmd_completion = {
	.name = "completion",
	.args = "SHELL",
	.summary = "a script that completes wgctl's arguments in a shell",
	.text = "SHELL is bash, zsh or fish.",
	.examples = (const char *const[]){ "source <(wgctl completion bash)", "for this shell; so in zsh", "wgctl completion fish | source", "the same in fish", NULL },
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

	/* Of those that are not for people there is nothing to tell. */
	if (c->argc && (!cmd || cmd->takes & WGC_HIDDEN))
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
	.takes = WGC_TAKES_PAGER,
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

/* ---- programs in a tunnel's namespace --------------------------------------------- */

#define PROGRAM_OPTS(type)                                                                                                          \
	{ "user", 'u', "USER", WGC_OPT_TEXT, offsetof(struct type, user), .text = "run as USER, not as who called sudo" },          \
	{ "root", 0, NULL, WGC_OPT_FLAG, offsetof(struct type, root), .text = "run as root, with all that root may do" },           \
	{ "keep-env", 0, "NAMES", WGC_OPT_LIST, offsetof(struct type, keep_env),                                                    \
	  .text = "hand on these variables, too; commas between them" },                                                          \
	{ "cwd", 0, "DIR", WGC_OPT_TEXT, offsetof(struct type, cwd), .text = "start there, not in the caller's directory",          \
	  .complete = WGC_COMPLETE_FILE },                                                                                          \
	{ "pin-dns", 0, NULL, WGC_OPT_FLAG, offsetof(struct type, pin_dns),                                                         \
	  .text = "browsers are told by a policy to use the tunnel's resolver" },                                                   \
	{ "dns", 0, "ADDRESSES", WGC_OPT_LIST, offsetof(struct type, dns),                                                          \
	  .text = "ask these name servers; commas between them" },                                                                \
	{ "no-dns", 0, NULL, WGC_OPT_FLAG, offsetof(struct type, no_dns), .text = "no name server at all" }

static const struct wgc_opt exec_opts[] = { PROGRAM_OPTS(wgc_exec_args), { 0 } };
static const char *const exec_conflicts[][2] = { { "user", "root" }, { "dns", "no-dns" }, { NULL } };
static const struct wgc_cmd cmd_exec = {
	.name = "exec",
	.args = "NAME [--] [PROGRAM [ARGUMENT]...]",
	.summary = "run a program inside a tunnel's namespace",
	.text = "NAME is a profile that is up in a network namespace, or a namespace: its name, a path, pid:N or container:NAME. The "
		"program sees the tunnel's resolvers and no server outside, has no capabilities and can get none, and runs as the user "
		"who called sudo; without a PROGRAM it is that user's shell. If any of this cannot be had nothing is run. The exit "
		"code is the program's.",
	.examples = (const char *const[]){ "sudo wgctl exec office -- firefox", "with a profile directory of its own",
					   "sudo wgctl exec office", "a shell", NULL },
	.opts = exec_opts,
	.args_size = sizeof(struct wgc_exec_args),
	.min = 1,
	.max = UINT_MAX,
	.conflicts = exec_conflicts,
	.exits = PROGRAM,
	.complete = WGC_COMPLETE_ROOM,
	.takes = WGC_TAKES_PROGRAM,
	.run = wgc_run_exec,
};

static const struct wgc_opt run_opts[] = {
	PROGRAM_OPTS(wgc_run_args),
	{ "rootless", 0, NULL, WGC_OPT_FLAG, offsetof(struct wgc_run_args, rootless),
	  .text = "without any rights, by pasta(1); an ordinary user gets no other" },
	{ 0 },
};
static const char *const run_conflicts[][2] = { { "user", "root" },	 { "dns", "no-dns" }, { "rootless", "root" },
						{ "rootless", "user" }, { "rootless", "dry-run" }, { NULL } };
static const struct wgc_cmd cmd_run = {
	.name = "run",
	.args = "PROFILE [--] [PROGRAM [ARGUMENT]...]",
	.summary = "bring a tunnel up for one program, in a namespace of its own",
	.text = "The namespace is the profile's InterfaceNamespace, or one that is named as the profile. The program runs as with "
		"exec. When the last process inside has ended the tunnel is taken down; further runs of the same PROFILE share it, and "
		"one that was up before stays up. The exit code is the program's. An ordinary user's tunnel is this user's own: it needs "
		"pasta and no rights, nobody else sees it, and it ends with wgctl.",
	.examples = (const char *const[]){ "sudo wgctl run office -- firefox", "only this browser is in the tunnel",
					   "wgctl run ./office.conf -- firefox", "the same without root",
					   "sudo wgctl run office -- curl https://example.org", "one command", NULL },
	.opts = run_opts,
	.args_size = sizeof(struct wgc_run_args),
	.min = 1,
	.max = UINT_MAX,
	.conflicts = run_conflicts,
	.exits = PROGRAM,
	.complete = WGC_COMPLETE_PROFILE,
	.takes = WGC_TAKES_PROGRAM | WGC_TAKES_CHANGE | WGC_TAKES_NAMES | WGC_TAKES_HOOKS,
	.run = wgc_run_run,
};

/* ---- the devices in a namespace of their own ------------------------------------------ */

static const struct wgc_opt physical_opts[] = {
	{ "take", 0, "LINKS", WGC_OPT_LIST, offsetof(struct wgc_physical_args, take),
	  .text = "move these, too, though they are no devices; commas between them", .complete = WGC_COMPLETE_LINKS },
	{ "leave", 0, "LINKS", WGC_OPT_LIST, offsetof(struct wgc_physical_args, leave),
	  .text = "leave these here, and let packets out through them; commas between them", .complete = WGC_COMPLETE_LINKS },
	{ "confirm", 0, "SECS", WGC_OPT_SECONDS, offsetof(struct wgc_physical_args, confirm),
	  .text = "undo everything after SECS, unless `wgctl physical confirm` is run by then" },
	{ "force", 0, NULL, WGC_OPT_FLAG, offsetof(struct wgc_physical_args, force),
	  .text = "up: although an SSH session hangs by that; down: although somebody is inside" },
	{ "kill", 0, NULL, WGC_OPT_FLAG, offsetof(struct wgc_physical_args, kill), .text = "down: end who is inside" },
	{ 0 },
};
static const char *const physical_conflicts[][2] = { { "confirm", "dry-run" }, { "force", "kill" }, { NULL } };
static const char *const physical_verbs[] = { "up", "down", "status", "exec", "recover", "confirm", NULL };
static const struct wgc_cmd cmd_physical = {
	.name = "physical",
	.args = "up PROFILE|down|status|exec|recover|confirm",
	.summary = "network devices locked away, a tunnel as the only network",
	.text = "up moves every network device, Ethernet and Wi-Fi, and what stands on it to the network namespace 'physical', with its "
		"addresses and routes, and brings PROFILE up: its packets leave from there. Nothing else gets out: a firewall table sees to "
		"that first and last. down brings everything home. exec -- PROGRAM runs a program on the bare network, for a hotel's "
		"log-in page. recover puts right what a crash has left.",
	.examples = (const char *const[]){ "wgctl physical up -n home", "what would be moved", "wgctl physical up --confirm 60 home",
					   "from afar: back in a minute unless confirmed", "wgctl physical exec -- firefox",
					   "a browser beside the tunnel", "wgctl physical down", "everything home again", NULL },
	.opts = physical_opts,
	.conflicts = physical_conflicts,
	.verbs = physical_verbs,
	.behind = (const enum wgc_complete[][2]){ { WGC_COMPLETE_PROFILE }, { 0 }, { 0 }, { WGC_COMPLETE_PROGRAM, WGC_COMPLETE_FILE }, { 0 }, { 0 } },
	.args_size = sizeof(struct wgc_physical_args),
	.min = 1,
	.max = UINT_MAX,
	.exits = OK | FAILED | USAGE | NOT_UP | NOT_PERMITTED | INVALID | INCOMPLETE | INTERRUPTED,
	.complete = WGC_COMPLETE_PROFILE,
	.takes = WGC_TAKES_PAGER | WGC_TAKES_JSON | WGC_TAKES_CHANGE | WGC_TAKES_NAMES | WGC_TAKES_HOOKS | WGC_TAKES_SECRETS,
	.run = wgc_run_physical,
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

	if (argc < 2 || argc > 3 || wgc_mdoc(argv[1], argv[2], &out))
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

/* Netavark's plugins are called with these words. */
#define NETAVARK(id) \
	static const struct wgc_cmd cmd_netavark_##id = { .name = #id, .args = "", .summary = "", .takes = WGC_TAKES_RAW | WGC_HIDDEN, .raw = wgc_netavark_main }
NETAVARK(info);
NETAVARK(create);
NETAVARK(setup);
NETAVARK(teardown);

const struct wgc_cmd *const wgc_commands[] = {
	&cmd_up,      &cmd_down,    &cmd_reload, &cmd_diff, &cmd_confirm, &cmd_recover,  &cmd_lockdown, &cmd_check,	&cmd_convert, &cmd_import, &cmd_status, &cmd_list,
	&cmd_doctor, &cmd_watch, &cmd_monitor, &cmd_netns, &cmd_run, &cmd_exec, &cmd_physical, &cmd_container, &cmd_oci_hook, &cmd_show,
	&cmd_showconf, &cmd_set,    &cmd_setconf,  &cmd_addconf, &cmd_syncconf, &cmd_genkey, &cmd_genpsk, &cmd_pubkey, &cmd_qr,
	&cmd_completion, &cmd_help, &cmd_version,  &cmd_complete, &cmd_mdoc,  &cmd_wg,	   &cmd_quick,	  &cmd_netavark_info, &cmd_netavark_create,
	&cmd_netavark_setup, &cmd_netavark_teardown, NULL,
};

const struct wgc_cmd *wgc_cmd_find(const char *name)
{
	for (size_t i = 0; wgc_commands[i]; i++)
		if (!strcmp(wgc_commands[i]->name, name))
			return wgc_commands[i];
	return NULL;
}
