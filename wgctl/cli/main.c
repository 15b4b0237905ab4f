// SPDX-License-Identifier: GPL-2.0
/*
 * main: where wgctl begins and ends.
 *
 * A map of the tree. A folder uses itself and what stands above it here; those
 * of one rank do not know each other.
 *
 *   base/     0  errors, spans, strings, arenas, files, JSON text
 *   model/    1  keys, addresses, devices, routes, profiles: plain data
 *   config/   2  profiles as text: INI and JSON, validator, writers
 *   netlink/  2  the kernel's tongue, and the UAPI of userspace implementations
 *   routes/   2  pure: what a profile means for routes, rules, marks, firewall
 *   dns/      2  whose resolver it is, and how to give it back
 *   containers/ 2  what container engines say and want to hear: CNI, OCI, netavark
 *   plan/     3  desired and actual to steps; executor, journal, undo
 *   cli/      4  this folder: the only one that prints and exits
 *     main.c       process hygiene, the names of this program
 *     commands.c   the table of commands; args.c, help.c and complete*.c read it
 *     ui.c pager.c errors.c steps.c   how answers, failures and plans look
 *     updown.c lockdown.c check.c import.c list.c status*.c doctor.c   the commands
 *     confirm.c            what is undone unless it is confirmed
 *     watch.c monitor.c    what runs until it is told to end
 *     inside/      exec, run: programs in a tunnel's namespace
 *     containers/  tunnels in containers: cni.c, oci.c, netavark.c, container.c
 *     quick.c      wg-quick(8)
 *     wg.h         wg(8): show, showconf, set and friends, keys
 *
 * `wgctl up office`, from top to bottom: wgc_dispatch (args.c) finds cmd_up;
 * wgc_run_up (updown.c) loads the profile (config) and hands it to wgc_plan_up
 * (plan), which reads the machine (netlink), asks routes what is wanted, and
 * takes one journaled step after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/containers/attach.h"
#include "cli/cli.h"
#include "cli/wg.h"

static void nothing(int sig)
{
}

/* A file opened onto a closed descriptor 1 or 2 would get our output. Read-only,
 * so that writing an answer to nowhere still is a failure. */
static bool open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd < 3);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* False when the process must not go on. */
static bool be_clean(void)
{
	/* Not SIG_IGN, which hooks would inherit; a reader that goes away must
	 * not end us in the middle of a plan. */
	struct sigaction pipe = { .sa_handler = nothing };

	if (!open_standard_fds())
		return false;
	if (getuid() != geteuid() || getgid() != getegid()) {
		fputs("wgctl: error: refuses to run set-user-ID or set-group-ID\n", stderr);
		return false;
	}
	/* File capabilities: the caller's PATH does not choose our programs. */
	if (getauxval(AT_SECURE))
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	wgc_caller_umask = umask(077);
	sigaction(SIGPIPE, &pipe, NULL);
	/* No core dump and no debugger of the same user: memory holds keys. The
	 * leak checker is such a debugger. */
#ifndef __SANITIZE_ADDRESS__
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
	return true;
}

/* What the scripts of completions/ ask; neither wg nor wg-quick has a command of that name. */
static bool completes(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[1], "__complete");
}

int main(int argc, char **argv)
{
	struct wgc_ui ui = { .program = "wgctl" };
	const char *name = argc > 0 ? argv[0] : "wgctl";
	int code;

	if (!be_clean())
		return WGC_EXIT_NOT_PERMITTED;
	if (strrchr(name, '/'))
		name = strrchr(name, '/') + 1;
	wgc_ui_color(&ui, WGC_COLOR_AUTO);
	if (!strcmp(name, "wg")) {
		ui.program = "wg";
		code = completes(argc, argv) ? wgc_complete_as("wg", argc - 2, argv + 2) : wgc_wg_main(argc, argv);
	} else if (!strcmp(name, "wg-quick")) {
		ui.program = "wg-quick";
		ui.quick = true;
		code = completes(argc, argv) ? wgc_complete_as("wg-quick", argc - 2, argv + 2) : wgc_quick_main(&ui, argc, argv);
	} else if (!strcmp(name, "wgctl-cni") || (argc == 1 && getenv("CNI_COMMAND"))) {
		/* By whatever name a configuration calls it. With arguments it is a person, or a hook of ours, in an engine's environment. */
		ui.program = "wgctl-cni";
		code = wgc_cni_main(&ui);
	} else {
		code = wgc_dispatch(&ui, argc, argv);
	}
	return wgc_ui_finish(&ui, code);
}
