// SPDX-License-Identifier: GPL-2.0
/* The program as wg(8): its table of commands. */
#include <string.h>

#include "cli/cli.h"
#include "cli/wg.h"

static const char *program = "wgctl";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *text;
} commands[] = {
	{ "show", wgc_cmd_show, "Prints devices and their peers" },
	{ "showconf", wgc_cmd_showconf, "Prints a device's configuration in the form that setconf reads" },
	{ "set", wgc_cmd_set, "Changes a device; adds, removes and changes peers" },
	{ "setconf", wgc_cmd_setconf, "Gives a device exactly what is in a file" },
	{ "addconf", wgc_cmd_addconf, "Adds what is in a file to a device" },
	{ "syncconf", wgc_cmd_syncconf, "Makes a device match a file without disturbing its sessions" },
	{ "genkey", wgc_cmd_genkey, "Prints a new private key" },
	{ "genpsk", wgc_cmd_genpsk, "Prints a new preshared key" },
	{ "pubkey", wgc_cmd_pubkey, "Prints the public key of the private key on stdin" },
};

const char *wgc_wg_program(void)
{
	return program;
}

int wgc_wg_usage(const char *arguments)
{
	fprintf(stderr, "Usage: %s %s\n", program, arguments);
	return 1;
}

int wgc_wg_failed(const char *what, const struct wgc_err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->sys ? strerror(err->sys) : err->msg);
	/* wg(8) stops here; where something is known beyond the errno, it helps. */
	if (err->hint[0])
		fprintf(stderr, "hint: %s\n", err->hint);
	return 1;
}

void wgc_wg_warn_host_bits(const struct wgc_prefix *p, const char *text)
{
	struct wgc_prefix masked = wgc_prefix_masked(p);

	if (!wgc_prefix_equal(p, &masked))
		fprintf(stderr, "Warning: AllowedIP has nonzero host part: %s\n", text);
}

static void overview(FILE *out)
{
	fprintf(out, "Usage: %s <cmd> [<args>]\n\nAvailable subcommands:\n", program);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(commands); i++)
		fprintf(out, "  %s: %s\n", commands[i].name, commands[i].text);
	fprintf(out, "Each of them shows its usage when it is given `--help'.\n");
}

static bool is_one_of(const char *s, const char *a, const char *b, const char *c)
{
	return !strcmp(s, a) || !strcmp(s, b) || !strcmp(s, c);
}

int wgc_wg_main(int argc, char **argv)
{
	char *show[] = { (char *)"show", NULL };

	if (argc > 0)
		program = argv[0]; /* as it was called, like wg(8) */
	if (argc <= 1)
		return wgc_cmd_show(1, show);
	if (argc == 2 && is_one_of(argv[1], "-v", "--version", "version")) {
		/* Scripts look for the version of the interface that they know. */
		printf("wireguard-tools v1.0.20260223 (as implemented by wgctl " WGC_VERSION ")\n");
		return 0;
	}
	if (argc == 2 && is_one_of(argv[1], "-h", "--help", "help")) {
		overview(stdout);
		return 0;
	}
	for (size_t i = 0; i < WGC_ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "Invalid subcommand: `%s'\n", argv[1]);
	overview(stderr);
	return 1;
}
