// SPDX-License-Identifier: GPL-2.0
/*
 * pager: answers that are longer than the screen. The answer is kept back until
 * it is whole, so that a short one needs no pager at all, and one that cannot be
 * started loses nothing. What goes to the pager is what would have been on the
 * screen; nothing of it is in arguments or the environment.
 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct wgc_pager {
	FILE *terminal; /* what stdout was */
	char *text;
	size_t len;
	unsigned rows, columns;
	const char *command; /* for a shell; NULL: less */
	bool others; /* root, called by somebody who is not */
};

/* Root by sudo and the like: what the pager can do, its user would do as root. */
static bool called_by_others(void)
{
	const char *uid = getenv("SUDO_UID") ?: getenv("PKEXEC_UID"), *doas = getenv("DOAS_USER");

	return geteuid() == 0 && ((uid && strcmp(uid, "0") != 0) || (doas && strcmp(doas, "root") != 0));
}

void wgc_pager_begin(struct wgc_ui *ui)
{
	const char *command = getenv("PAGER"), *term = getenv("TERM");
	struct wgc_pager *p;
	struct winsize size;

	if (ui->pager || ui->json || ui->quick || !isatty(STDOUT_FILENO) || !term || !strcmp(term, "dumb"))
		return;
	if (command && (!*command || !strcmp(command, "cat")))
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return;
	p = calloc(1, sizeof(*p));
	if (!p)
		return;
	*p = (struct wgc_pager){ .terminal = stdout, .rows = size.ws_row, .columns = size.ws_col, .others = called_by_others() };
	if (!p->others)
		p->command = command;
	stdout = open_memstream(&p->text, &p->len);
	if (!stdout) {
		stdout = p->terminal;
		free(p);
		return;
	}
	ui->pager = p;
}

/* Lines of the terminal that the text takes; colours take no room. */
static size_t lines_of(const char *s, size_t len, unsigned columns)
{
	size_t lines = 0, at = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n') {
			lines++;
			at = 0;
		} else if (s[i] == '\033') {
			while (i + 1 < len && s[i] != 'm')
				i++;
		} else if (((unsigned char)s[i] & 0xc0) != 0x80) {
			if (at == columns) {
				lines++;
				at = 0;
			}
			at = s[i] == '\t' ? (at / 8 + 1) * 8 : at + 1;
		}
	}
	return lines + (at != 0);
}

static void be_pager(const struct wgc_pager *p, int from)
{
	dup2(from, STDIN_FILENO);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	if (geteuid() == 0)
		setenv("LESSSECURE", "1", 1);
	if (p->others) {
		/* These name programs and files, by the will of somebody else. */
		unsetenv("LESSOPEN");
		unsetenv("LESSCLOSE");
		setenv("LESS", "FRX", 1);
		setenv("LESSHISTFILE", "-", 1);
		setenv("LESSKEYIN", "/dev/null", 1);
		setenv("LESSKEY", "/dev/null", 1);
	}
	if (p->command)
		execl("/bin/sh", "sh", "-c", p->command, (char *)NULL);
	else
		execlp("less", "less", (char *)NULL);
	_exit(127);
}

/* True when a pager has shown it, or its user did not want more. */
static bool page(const struct wgc_pager *p)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old_int, old_quit;
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		be_pager(p, ends[0]);
	close(ends[0]);
	if (pid > 0) {
		/* Those keys are the pager's. */
		sigaction(SIGINT, &ignore, &old_int);
		sigaction(SIGQUIT, &ignore, &old_quit);
		wgc_write_all(ends[1], p->text, p->len);
	}
	close(ends[1]);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGQUIT, &old_quit, NULL);
	return !WIFEXITED(status) || WEXITSTATUS(status) < 126;
}

int wgc_pager_end(struct wgc_ui *ui)
{
	struct wgc_pager *p = ui->pager;
	int err = 0;

	if (!p)
		return 0;
	if (fclose(stdout))
		err = errno ? errno : EIO;
	stdout = p->terminal;
	ui->pager = NULL;
	/* One line is the shell's next prompt. */
	if (!err && (lines_of(p->text, p->len, p->columns) < p->rows || !page(p)))
		err = -wgc_write_all(STDOUT_FILENO, p->text, p->len);
	wgc_wipe(p->text, p->len);
	free(p->text);
	free(p);
	return err;
}
