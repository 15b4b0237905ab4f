// SPDX-License-Identifier: GPL-2.0
/* Keys that are not in the profile: PrivateKeyFile, PrivateKeyCommand, PresharedKeyFile. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/place.h"

#define KEY_TEXT_MAX 4096

/* 44 characters, then only white space: as `wg set ... private-key FILE` reads it. */
static int key_of_text(const char *text, size_t len, struct wgc_key *ret)
{
	for (size_t i = 44; i < len; i++)
		if (!wgc_isspace(text[i]) && text[i])
			return -EINVAL;
	return len < 44 ? -EINVAL : wgc_key_parse(text, 44, ret);
}

static int read_key_file(const struct wgc_text *file, const char *what, struct wgc_key *ret, struct wgc_err *err)
{
	char *text = NULL;
	size_t len = 0;
	struct stat st;
	int r;

	r = wgc_read_file(file->s, KEY_TEXT_MAX, &text, &len);
	if (r < 0) {
		wgc_err_set(err, r == -EACCES ? WGC_E_PERM : WGC_E_NOT_FOUND, -r, "cannot read %s '%s': %s", what, file->s, strerror(-r));
	} else {
		r = key_of_text(text, len, ret);
		if (r < 0) {
			wgc_err_set(err, WGC_E_CONFIG, EINVAL, "%s '%s' holds no key", what, file->s);
			wgc_err_hint(err, "it must hold 44 characters of base64, as `wgctl genkey` writes them, and nothing else");
		} else if (stat(file->s, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IRWXO)) {
			r = wgc_err_set(err, WGC_E_CONFIG, EACCES, "%s '%s' can be read by everybody", what, file->s);
			wgc_err_hint(err, "chmod 600 %s", file->s);
		}
		wgc_wipe(text, len);
		free(text);
	}
	if (r < 0 && err)
		err->at = file->at;
	return r;
}

/* The key goes from the child's stdout through a pipe to us: not through argv, environment or a file. */
static int read_key_command(const struct wgc_sys *sys, const struct wgc_texts *command, struct wgc_key *ret, struct wgc_err *err)
{
	char **argv = calloc(command->n + 1, sizeof(*argv));
	char *text = NULL;
	int fds[2] = { -1, -1 };
	size_t len = 0;
	int status, r;
	pid_t pid;

	if (!argv)
		return wgc_err_nomem(err);
	for (size_t i = 0; i < command->n; i++)
		argv[i] = (char *)command->v[i].s;
	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		r = wgc_err_set(err, WGC_E_IO, errno, "cannot run '%s': %s", argv[0], strerror(errno));
		wgc_close(fds[0]);
		wgc_close(fds[1]);
		free(argv);
		return r;
	}
	if (!pid) {
		dup2(fds[1], STDOUT_FILENO);
		signal(SIGPIPE, SIG_DFL);
		umask(wgc_caller_umask);
		/* A tunnel's own namespace has no way to a key server yet. */
		if (wgc_place_step_back(sys) < 0)
			_exit(126);
		execvp(argv[0], argv);
		_exit(127);
	}
	wgc_close(fds[1]);
	r = wgc_read_fd(fds[0], KEY_TEXT_MAX, &text, &len);
	wgc_close(fds[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		r = wgc_err_set(err, WGC_E_HOOK, ECHILD, "PrivateKeyCommand '%s' failed with status %d", argv[0],
				WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	else if (r < 0 || key_of_text(text, len, ret) < 0)
		r = wgc_err_set(err, WGC_E_HOOK, EINVAL, "PrivateKeyCommand '%s' did not print a key", argv[0]);
	if (r < 0 && err)
		err->at = command->v[0].at;
	if (text)
		wgc_wipe(text, len);
	free(text);
	free(argv);
	return r;
}

size_t wgc_keys_count(const struct wgc_profile *p)
{
	size_t n = (p->private_key_file.s != NULL) + (p->private_key_command.n != 0);

	for (size_t i = 0; i < p->n_peers; i++)
		n += p->peers[i].preshared_key_file.s != NULL;
	return n;
}

int wgc_keys_command(const struct wgc_sys *sys, const struct wgc_profile *p, struct wgc_key *ret, struct wgc_err *err)
{
	return p->private_key_command.n ? read_key_command(sys, &p->private_key_command, ret, err) : 0;
}

static int each_file(const struct wgc_profile *p, struct wgc_device *d, struct wgc_err *err)
{
	struct wgc_key key;
	int r = 0;

	if (p->private_key_file.s)
		r = read_key_file(&p->private_key_file, "PrivateKeyFile", &key, err);
	if (r == 0 && d && p->private_key_file.s) {
		d->private_key = key;
		d->flags |= WGC_DEVICE_HAS_PRIVATE_KEY;
	}
	for (size_t i = 0; r == 0 && i < p->n_peers; i++) {
		if (!p->peers[i].preshared_key_file.s)
			continue;
		r = read_key_file(&p->peers[i].preshared_key_file, "PresharedKeyFile", &key, err);
		if (r == 0 && d) {
			d->peers[i].preshared_key = key;
			d->peers[i].flags |= WGC_PEER_HAS_PRESHARED_KEY;
		}
	}
	wgc_wipe(&key, sizeof(key));
	return r;
}

int wgc_keys_check(const struct wgc_plan *p, struct wgc_err *err)
{
	return each_file(p->profile, NULL, err);
}

int wgc_keys_read(struct wgc_plan *p, const struct wgc_key *printed, struct wgc_err *err)
{
	if (p->profile->private_key_command.n && printed) {
		p->device.private_key = *printed;
		p->device.flags |= WGC_DEVICE_HAS_PRIVATE_KEY;
	}
	return each_file(p->profile, &p->device, err);
}
