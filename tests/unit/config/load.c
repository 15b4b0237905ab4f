// SPDX-License-Identifier: GPL-2.0
/* Files: who may read and write them, which kinds there are, and finding them by name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/config/profile.h"

static char dir[] = "/tmp/wgctl-load-XXXXXX";

static char *path_of(const char *name)
{
	char *p = NULL;

	if (asprintf(&p, "%s/%s", dir, name) < 0)
		abort();
	return p;
}

static void put(const char *name, const char *text, mode_t mode)
{
	WGC_AUTO_FREE char *path = path_of(name);

	if (wgc_write_file_atomic(path, text, strlen(text), mode))
		abort();
}

struct loaded {
	int r;
	struct wgc_profile *p;
	struct wgc_diags diags;
	struct wgc_source src;
	struct wgc_err err;
};

static struct loaded load(const char *name, enum wgc_mode mode, bool allow_hooks)
{
	WGC_AUTO_FREE char *path = path_of(name);
	struct loaded l = { 0 };

	l.r = wgc_config_load(path, mode, allow_hooks, &l.diags, &l.src, &l.p, &l.err);
	return l;
}

static void done(struct loaded *l)
{
	wgc_profile_free(l->p);
	wgc_diags_done(&l->diags);
	wgc_source_free(&l->src);
}

/* The first finding of loading @name is at @line and says @what; NULL: there is none. */
static void finds(const char *name, enum wgc_mode mode, bool allow_hooks, int want, unsigned line, const char *what)
{
	struct loaded l = load(name, mode, allow_hooks);
	bool good = what ? l.diags.n && strstr(l.diags.v[0].msg, what) && l.diags.v[0].at.line == line : !l.diags.n;

	is_int(l.r, want);
	tap_ok(good, __FILE__, __LINE__, what ? what : "nothing to say");
	if (!good && l.diags.n)
		printf("# %u: %s\n", l.diags.v[0].at.line, l.diags.v[0].msg);
	/* The text is there even when it is refused, to be shown. */
	tap_ok(l.src.text && l.src.path, __FILE__, __LINE__, "the source");
	tap_ok(!l.r == !!l.p, __FILE__, __LINE__, "a profile or none");
	done(&l);
}

#define KEYED "[Interface]\nPrivateKey = " KEY_A "\n"
#define HOOKED KEYED "PostUp = true\n"
#define NO_SECRET "[Interface]\nPrivateKeyFile = /k\n[Peer]\nPublicKey = " KEY_B "\n"

static void permissions(void)
{
	WGC_AUTO_FREE char *hooked = path_of("hooked.conf");

	put("office.conf", KEYED, 0600);
	finds("office.conf", WGC_STRICT, false, 0, 0, NULL);
	put("office.conf", KEYED, 0640);
	finds("office.conf", WGC_STRICT, false, -EINVAL, 2, "the file's group can read this secret (mode 0640)");
	finds("office.conf", WGC_COMPATIBLE, false, 0, 0, NULL);
	put("office.conf", KEYED, 0604);
	finds("office.conf", WGC_STRICT, false, -EINVAL, 2, "everybody can read this secret (mode 0604)");
	finds("office.conf", WGC_WG_ONLY, false, 0, 0, NULL);
	put("office.conf", "[Interface]\nPrivateKeyFile = /k\n[Peer]\nPublicKey = " KEY_B "\nPresharedKey = " KEY_C "\n", 0644);
	finds("office.conf", WGC_STRICT, false, -EINVAL, 3, "everybody can read this secret");
	put("office.conf", NO_SECRET, 0644);
	finds("office.conf", WGC_STRICT, false, 0, 0, NULL);

	/* wg-quick's warning: file and directory are open. */
	put("office.conf", KEYED, 0644);
	chmod(dir, 0755);
	finds("office.conf", WGC_COMPATIBLE, false, 0, 0, "is world accessible");
	chmod(dir, 0700);
	finds("office.conf", WGC_COMPATIBLE, false, 0, 0, NULL);

	if (geteuid()) {
		puts("# not root: no files of other owners");
		return;
	}
	put("hooked.conf", HOOKED, 0600);
	finds("hooked.conf", WGC_STRICT, false, 0, 0, NULL);
	if (chown(hooked, 1234, 0))
		abort();
	finds("hooked.conf", WGC_STRICT, false, -EINVAL, 3, "commands in a file that root does not own");
	finds("hooked.conf", WGC_STRICT, true, 0, 0, NULL);
	finds("hooked.conf", WGC_COMPATIBLE, false, 0, 0, NULL);
	put("hooked.conf", "[Interface]\nPrivateKeyCommand = pass x\n", 0666);
	finds("hooked.conf", WGC_STRICT, false, -EINVAL, 2, "commands in a file that others can write");
	finds("hooked.conf", WGC_STRICT, true, 0, 0, NULL);
}

static void kinds(void)
{
	struct loaded l = load("nothing.conf", WGC_STRICT, false);
	char by_fd[32];
	int fds[2];

	is_int(l.r, -ENOENT);
	is_int(l.err.code, WGC_E_NOT_FOUND);
	ok(!l.diags.n && !l.src.text);
	done(&l);
	l = load("", WGC_STRICT, false);
	is_int(l.r, -EISDIR);
	done(&l);

	/* A pipe has no mode worth looking at. */
	if (pipe(fds) || wgc_write_all(fds[1], KEYED, strlen(KEYED)))
		abort();
	close(fds[1]);
	snprintf(by_fd, sizeof(by_fd), "/dev/fd/%d", fds[0]);
	l = (struct loaded){ 0 };
	l.r = wgc_config_load(by_fd, WGC_STRICT, false, &l.diags, &l.src, &l.p, &l.err);
	is_int(l.r, 0);
	ok(l.p && !(l.p->device.flags & ~(uint32_t)WGC_DEVICE_HAS_PRIVATE_KEY));
	done(&l);
	close(fds[0]);

	put("a-name-that-is-too-long.conf", KEYED, 0600);
	l = load("a-name-that-is-too-long.conf", WGC_STRICT, false);
	is_str(l.p->name, "a-name-that-is-too-long");
	ok(l.p->ifname_derived && wgc_ifname_valid(l.p->ifname));
	is_str(l.p->device.ifname, l.p->ifname);
	done(&l);
	put("office.json", "{\"interface\": {\"private_key\": \"" KEY_A "\"}}", 0600);
	l = load("office.json", WGC_STRICT, false);
	is_str(l.p ? l.p->name : NULL, "office");
	is_str(l.p ? l.p->ifname : NULL, "office");
	done(&l);
}

static void find(void)
{
	WGC_AUTO_FREE char *first = path_of("first"), *second = path_of("second"), *want = path_of("first/office.json");
	const char *dirs[] = { first, second, NULL };
	struct wgc_err err = WGC_ERR_INIT;
	char *got = NULL;

	mkdir(first, 0700);
	mkdir(second, 0700);
	put("first/office.json", "{}", 0600);
	put("second/office.conf", "", 0600);
	put("second/home.conf", "", 0600);
	is_int(wgc_config_find("office", dirs, &got, &err), 0);
	is_str(got, want);
	free(got);
	is_int(wgc_config_find("home", dirs, &got, &err), 0);
	ok(strstr(got, "/second/home.conf") != NULL);
	free(got);
	is_int(wgc_config_find("./x/y", dirs, &got, &err), 0);
	is_str(got, "./x/y");
	free(got);
	is_int(wgc_config_find("ofice", dirs, &got, &err), -ENOENT);
	is_int(err.code, WGC_E_NOT_FOUND);
	ok(strstr(err.msg, "'ofice'") != NULL);
	ok(strstr(err.hint, "did you mean 'office'?") != NULL);
	is_int(wgc_config_find("zzzzzzz", dirs, &got, &err), -ENOENT);
	ok(strstr(err.hint, "did you mean") == NULL);
	is_int(wgc_config_find("", dirs, &got, &err), -EINVAL);
	is_int(wgc_config_find("none", dirs, &got, NULL), -ENOENT);
}

int main(void)
{
	WGC_AUTO_FREE char *command = NULL;

	umask(077);
	if (!mkdtemp(dir) || asprintf(&command, "rm -rf '%s'", dir) < 0)
		return 1;
	permissions();
	kinds();
	find();
	if (system(command))
		return 1;
	return tap_done();
}
