// SPDX-License-Identifier: GPL-2.0
/* `wg genkey`, `genpsk`, `pubkey`. Past stdio, whose buffers nobody wipes. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/wg.h"

static int put_line(const struct wgc_key *k, bool secret)
{
	char text[WGC_KEY_BASE64];
	int r;

	if (secret)
		wgc_key_print_secret(k, text);
	else
		wgc_key_print(k, text);
	text[sizeof(text) - 1] = '\n';
	r = wgc_write_all(STDOUT_FILENO, text, sizeof(text));
	wgc_wipe(text, sizeof(text));
	if (!r)
		return 0;
	fprintf(stderr, "%s: cannot write the key: %s\n", wgc_wg_program(), strerror(-r));
	return 1;
}

static int generate(bool clamp)
{
	struct wgc_key k;
	struct stat st;
	int r;

	if (!fstat(STDOUT_FILENO, &st) && S_ISREG(st.st_mode) && st.st_mode & S_IRWXO)
		fprintf(stderr, "Warning: others may read the file that this key goes to; umask 077 prevents that.\n");
	r = wgc_key_generate(&k, clamp);
	if (r) {
		fprintf(stderr, "%s: no random numbers: %s\n", wgc_wg_program(), strerror(-r));
		return 1;
	}
	r = put_line(&k, true);
	wgc_wipe(&k, sizeof(k));
	return r;
}

int wgc_cmd_genkey(int argc, char **argv)
{
	return argc != 1 ? wgc_wg_usage("genkey") : generate(true);
}

int wgc_cmd_genpsk(int argc, char **argv)
{
	return argc != 1 ? wgc_wg_usage("genpsk") : generate(false);
}

/* One key, then nothing but blanks and NULs to the end. -EINVAL, -EBADMSG for
 * what follows it, or what read(2) says. */
static int read_key(struct wgc_key *ret)
{
	char text[WGC_KEY_BASE64 - 1], buf[512];
	size_t len = 0;
	bool more = false;
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		for (ssize_t i = 0; i < n; i++) {
			if (len < sizeof(text))
				text[len++] = buf[i];
			else if (buf[i] && !wgc_isspace(buf[i]))
				more = true;
		}
	}
	if (n < 0)
		n = -errno;
	else if (more)
		n = -EBADMSG;
	else if (wgc_key_parse(text, len, ret))
		n = -EINVAL;
	wgc_wipe(text, sizeof(text));
	wgc_wipe(buf, sizeof(buf));
	return (int)n;
}

int wgc_cmd_pubkey(int argc, char **argv)
{
	struct wgc_key secret, public_key;
	int r;

	if (argc != 1)
		return wgc_wg_usage("pubkey");
	r = read_key(&secret);
	if (!r)
		wgc_key_public(&secret, &public_key);
	wgc_wipe(&secret, sizeof(secret));
	switch (r) {
	case 0:
		return put_line(&public_key, false);
	case -EINVAL:
		fprintf(stderr, "%s: Key is not the correct length or format\n", wgc_wg_program());
		break;
	case -EBADMSG:
		fprintf(stderr, "%s: Trailing characters found after key\n", wgc_wg_program());
		break;
	default:
		fprintf(stderr, "%s: cannot read the key: %s\n", wgc_wg_program(), strerror(-r));
	}
	return 1;
}
