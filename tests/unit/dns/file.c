// SPDX-License-Identifier: GPL-2.0
/* The file backend on real files: what is written, and that all of it comes back. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "unit/dns/make.h"

#define ORIGINAL "# lan\nnameserver 192.168.1.1\noptions edns0\\x \t\xc3\xa9\n#wgctl layer fake nothing\nno newline at the end"

static struct wgc_dns_paths paths;
static struct wgc_err err;

static char *capture(const char *ifname)
{
	char *inverse = NULL;

	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_capture(WGC_DNS_BACKEND_FILE, ifname, &paths, &inverse, &err), 0);
	return inverse;
}

static int apply(const char *ifname, const char *server)
{
	struct wgc_profile p = servers(server, NULL);

	memset(&err, 0, sizeof(err));
	return wgc_dns_apply(WGC_DNS_BACKEND_FILE, ifname, &p, &paths, NULL, &err);
}

static struct wgc_str note;

static int restore(const char *ifname, const char *inverse)
{
	memset(&err, 0, sizeof(err));
	wgc_str_done(&note);
	return wgc_dns_restore(WGC_DNS_BACKEND_FILE, ifname, inverse, &paths, &note, &err);
}

/* Does a resolver see @server and no other one? */
static bool resolver_sees(const char *server)
{
	const char *text = read_text("resolv.conf");
	char line[128];
	int lines = 0;
	bool found = false;

	for (const char *s = text; s && *s;) {
		size_t n = strcspn(s, "\n");

		if (!strncmp(s, "nameserver ", 11)) {
			snprintf(line, sizeof(line), "%.*s", (int)(n - 11), s + 11);
			lines++;
			found = !strcmp(line, server);
		}
		s += n + (s[n] == '\n');
	}
	return found && lines == 1;
}

static void regular(void)
{
	WGC_AUTO_FREE char *inverse = NULL;
	struct wgc_profile p = servers("10.0.0.1", "fd00::1");
	const char *text;
	struct stat st;

	write_text("resolv.conf", ORIGINAL, 0640);
	ok(chown(in_dir("resolv.conf"), 12, 34) == 0 || geteuid() != 0);
	inverse = capture("wg0");
	is_str(read_text("resolv.conf"), ORIGINAL);
	ok(inverse && !strchr(inverse, '\n'));
	for (const char *c = inverse; c && *c; c++)
		if (*c < ' ' || *c > '~')
			ok(!"the inverse is printable ASCII");
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, NULL, &err), 0);
	text = read_text("resolv.conf");
	ok(strstr(text, "\nnameserver 10.0.0.1\nnameserver fd00::1\nsearch corp.example\n"));
	ok(!strncmp(text, "# Written by wgctl for wg0.", 27));
	is_int(stat(in_dir("resolv.conf"), &st), 0);
	is_int(st.st_mode & 07777, 0640);
	is_int(restore("wg0", inverse), 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	is_int(stat(in_dir("resolv.conf"), &st), 0);
	is_int(st.st_mode & 07777, 0640);
	ok(geteuid() != 0 || (st.st_uid == 12 && st.st_gid == 34));
	/* Already gone. */
	is_int(restore("wg0", inverse), 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	is_int(entries(), 2);

	/* An empty file is a file; and what a killed process left goes. */
	write_text("resolv.conf", "", 0644);
	write_text("resolv.conf.wgctl-new", "half of", 0600);
	is_int(apply("wg0", "10.0.0.1"), 0);
	is_int(access(in_dir("resolv.conf.wgctl-new"), F_OK), -1);
	is_int(restore("wg0", NULL), 0);
	is_str(read_text("resolv.conf"), "");
	unlink(in_dir("resolv.conf"));
}

static void absent_and_link(void)
{
	WGC_AUTO_FREE char *absent = NULL, *link_inverse = NULL;
	char target[256];
	struct stat st;
	ssize_t n;

	absent = capture("wg0");
	is_str(absent, "absent");
	is_int(apply("wg0", "10.0.0.1"), 0);
	ok(resolver_sees("10.0.0.1"));
	is_int(stat(in_dir("resolv.conf"), &st), 0);
	is_int(st.st_mode & 07777, 0644);
	is_int(restore("wg0", absent), 0);
	is_int(lstat(in_dir("resolv.conf"), &st), -1);
	is_int(restore("wg0", absent), 0);

	write_text("stub", "nameserver 127.0.0.53\n", 0644);
	ok(symlink("stub", in_dir("resolv.conf")) == 0);
	link_inverse = capture("wg0");
	is_str(link_inverse, "link stub");
	is_int(apply("wg0", "10.0.0.1"), 0);
	ok(lstat(in_dir("resolv.conf"), &st) == 0 && S_ISREG(st.st_mode));
	is_str(read_text("stub"), "nameserver 127.0.0.53\n");
	is_int(restore("wg0", link_inverse), 0);
	n = readlink(in_dir("resolv.conf"), target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	is_str(target, "stub");
	unlink(in_dir("stub"));
	/* A link to nowhere is a link too. */
	is_int(apply("wg0", "10.0.0.1"), 0);
	is_int(restore("wg0", link_inverse), 0);
	ok(lstat(in_dir("resolv.conf"), &st) == 0 && S_ISLNK(st.st_mode));
	unlink(in_dir("resolv.conf"));
	is_int(entries(), 1);
}

/* Three tunnels up in order, then down in every order. */
static void stacked(void)
{
	static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	static const char *const names[3] = { "wg0", "wg1", "wg2" }, *const at[3] = { "10.0.0.1", "10.0.0.2", "10.0.0.3" };

	for (size_t o = 0; o < 6; o++) {
		char *inverse[3];
		bool up[3] = { true, true, true };

		write_text("resolv.conf", ORIGINAL, 0644);
		for (int i = 0; i < 3; i++) {
			inverse[i] = capture(names[i]);
			is_int(apply(names[i], at[i]), 0);
			ok(resolver_sees(at[i]));
		}
		/* What undo knows is what was there before the first. */
		is_str(inverse[2], inverse[0]);
		for (int k = 0; k < 3; k++) {
			int down = orders[o][k], newest = -1;

			is_int(restore(names[down], inverse[down]), 0);
			up[down] = false;
			for (int i = 0; i < 3; i++)
				if (up[i])
					newest = i;
			if (newest >= 0)
				ok(resolver_sees(at[newest]));
			else
				is_str(read_text("resolv.conf"), ORIGINAL);
		}
		for (int i = 0; i < 3; i++)
			free(inverse[i]);
	}
	/* Again for the same tunnel: replaced and on top, not twice. */
	is_int(apply("wg0", "10.0.0.1"), 0);
	is_int(apply("wg1", "10.0.0.2"), 0);
	is_int(apply("wg0", "10.0.0.9"), 0);
	ok(resolver_sees("10.0.0.9"));
	is_int(restore("wg0", NULL), 0);
	ok(resolver_sees("10.0.0.2"));
	is_int(restore("wg1", NULL), 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	unlink(in_dir("resolv.conf"));
}

static void foreign(void)
{
	WGC_AUTO_FREE char *inverse = NULL;
	WGC_AUTO_FREE char *cut = NULL;
	char *base;

	write_text("resolv.conf", "nameserver 192.168.1.1\n", 0644);
	inverse = capture("wg0");
	is_int(apply("wg0", "10.0.0.1"), 0);
	/* Somebody wrote it anew: theirs. */
	write_text("resolv.conf", "# Generated by NetworkManager\nnameserver 9.9.9.9\n", 0644);
	is_int(restore("wg0", inverse), 0);
	is_str(read_text("resolv.conf"), "# Generated by NetworkManager\nnameserver 9.9.9.9\n");
	ok(strstr(wgc_str_get(&note), "/resolv.conf was replaced by NetworkManager while the tunnel was up; it is left as it is"));
	/* As it was, whoever did it: nothing to say. */
	write_text("resolv.conf", "nameserver 192.168.1.1\n", 0644);
	is_int(restore("wg0", inverse), 0);
	is_str(wgc_str_get(&note), "");
	/* Another tunnel's is not ours. */
	is_int(apply("wg1", "10.0.0.2"), 0);
	is_int(restore("wg0", inverse), 0);
	ok(resolver_sees("10.0.0.2"));
	/* Replaced by a link meanwhile. */
	unlink(in_dir("resolv.conf"));
	ok(symlink("stub", in_dir("resolv.conf")) == 0);
	is_int(restore("wg1", inverse), 0);
	ok(access(in_dir("resolv.conf"), F_OK) < 0);
	ok(strstr(wgc_str_get(&note), "was replaced while"));
	unlink(in_dir("resolv.conf"));
	is_int(restore("wg1", inverse), 0);
	ok(strstr(wgc_str_get(&note), "was removed while"));

	/* The line that remembers is gone: the journal remembers too, and
	 * without it nothing is guessed. */
	write_text("resolv.conf", "nameserver 192.168.1.1\n", 0644);
	is_int(apply("wg0", "10.0.0.1"), 0);
	cut = strdup(read_text("resolv.conf"));
	base = strstr(cut, "#wgctl base");
	ok(base != NULL);
	*base = '\0';
	write_text("resolv.conf", cut, 0644);
	is_int(apply("wg1", "10.0.0.2"), -EEXIST);
	ok(strstr(err.hint, "#wgctl"));
	is_int(restore("wg0", "file 644 nonsense"), -EEXIST);
	is_str(read_text("resolv.conf"), cut);
	is_int(restore("wg0", inverse), 0);
	is_str(read_text("resolv.conf"), "nameserver 192.168.1.1\n");
	unlink(in_dir("resolv.conf"));
}

/* Adds to, or takes from, the file as it is. */
static void edit(const char *from, const char *to, const char *added)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	const char *text = read_text("resolv.conf"), *at = strstr(text, from);

	if (!at)
		abort();
	wgc_str_addn(&s, text, (size_t)(at - text));
	wgc_str_addf(&s, "%s%s%s", to, at + strlen(from), added);
	write_text("resolv.conf", wgc_str_get(&s), 0644);
}

/* Edited while it is ours. */
static void edited(void)
{
	WGC_AUTO_FREE char *inverse = NULL;
	char why[256];
	struct wgc_profile p = servers("10.0.0.1", NULL);

	/* Added lines survive everything that we write, and go over to the original. */
	write_text("resolv.conf", "nameserver 192.168.1.1", 0644);
	inverse = capture("wg0");
	is_int(apply("wg0", "10.0.0.1"), 0);
	edit("search", "options timeout:1\nsearch", "# a note");
	is_int(apply("wg1", "10.0.0.2"), 0);
	ok(strstr(read_text("resolv.conf"), "\noptions timeout:1\n# a note\n"));
	ok(resolver_sees("10.0.0.2"));
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, why), WGC_DNS_EFFECT_YES);
	ok(strstr(why, "below those of wg1"));
	is_int(restore("wg1", inverse), 0);
	is_str(wgc_str_get(&note), "");
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, why), WGC_DNS_EFFECT_YES);
	is_int(restore("wg0", inverse), 0);
	is_str(read_text("resolv.conf"), "nameserver 192.168.1.1\noptions timeout:1\n# a note\n");
	ok(strstr(wgc_str_get(&note), "was edited while the tunnel was up; what was there before is put back, with the lines"));
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, why), WGC_DNS_EFFECT_NO);
	ok(strstr(why, "says nothing of wg0"));

	/* Our own lines changed: somebody means it. */
	write_text("resolv.conf", "nameserver 192.168.1.1\n", 0600);
	is_int(apply("wg0", "10.0.0.1"), 0);
	edit("nameserver 10.0.0.1", "nameserver 9.9.9.9", "");
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, why), WGC_DNS_EFFECT_NO);
	ok(strstr(why, "was edited"));
	is_int(restore("wg0", inverse), 0);
	is_str(read_text("resolv.conf"), "nameserver 9.9.9.9\nsearch corp.example\n");
	ok(strstr(wgc_str_get(&note), "was edited while the tunnel was up; it is left as it is"));

	/* A link has no room for what was added. */
	unlink(in_dir("resolv.conf"));
	ok(symlink("stub", in_dir("resolv.conf")) == 0);
	is_int(apply("wg0", "10.0.0.1"), 0);
	edit("search", "search", "options rotate\n");
	is_int(restore("wg0", "link stub"), 0);
	ok(access(in_dir("resolv.conf"), F_OK) < 0);
	ok(strstr(wgc_str_get(&note), "without the lines that were added: options rotate"));
	unlink(in_dir("resolv.conf"));
}

/* The machine went down with tunnels up, and the file is on a disk. */
static void after_a_restart(void)
{
	WGC_AUTO_FREE char *first = NULL, *second = NULL;

	write_text("resolv.conf", ORIGINAL, 0644);
	first = capture("wg0");
	is_int(apply("wg0", "10.0.0.1"), 0);
	is_int(apply("wg1", "10.0.0.2"), 0);
	write_text("boot", "another-boot\n", 0644);
	second = capture("wg5");
	is_str(second, first);
	is_int(apply("wg5", "10.0.0.5"), 0);
	ok(resolver_sees("10.0.0.5"));
	ok(!strstr(read_text("resolv.conf"), "wg1"));
	is_int(restore("wg5", second), 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	/* Undoing a tunnel that no boot of now made puts the file right too. */
	is_int(apply("wg5", "10.0.0.5"), 0);
	write_text("boot", "third-boot\n", 0644);
	is_int(restore("wg7", NULL), 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	/* And so does who looks for leftovers, but for tunnels that are up, and files of others. */
	is_int(wgc_dns_leftover(&paths, &note, NULL), 0);
	is_int(apply("wg5", "10.0.0.5"), 0);
	note.len = 0;
	is_int(wgc_dns_leftover(&paths, &note, NULL), 0);
	ok(resolver_sees("10.0.0.5") && !note.len);
	write_text("boot", "fourth-boot\n", 0644);
	is_int(wgc_dns_leftover(&paths, &note, NULL), 0);
	ok(strstr(wgc_str_get(&note), "from before the last start of the machine"));
	is_str(read_text("resolv.conf"), ORIGINAL);
	unlink(in_dir("resolv.conf"));
	is_int(wgc_dns_leftover(&paths, &note, NULL), 0);
	write_text("boot", "this-boot\n", 0644);
}

static void errors(void)
{
	struct wgc_dns_paths nowhere = { .resolv_conf = in_dir("none/resolv.conf"), .boot_id = paths.boot_id };
	struct wgc_profile p = servers("10.0.0.1\nnameserver 6.6.6.6", NULL);
	char *inverse = NULL;
	char zero[] = "nameserver 1.1.1.1\n\0x";
	int fd;

	write_text("resolv.conf", ORIGINAL, 0644);
	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, NULL, &err), -EINVAL);
	is_int(err.code, WGC_E_CONFIG);
	is_int(err.at.line, 3);
	is_str(read_text("resolv.conf"), ORIGINAL);
	p = servers("10.0.0.1", "");
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, NULL, &err), -EINVAL);
	is_int(err.at.line, 4);
	/* Search domains alone are nothing. */
	p = servers(NULL, NULL);
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_FILE, "wg0", &p, &paths, NULL, &err), 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	unlink(in_dir("resolv.conf"));

	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_capture(WGC_DNS_BACKEND_FILE, "wg0", &nowhere, &inverse, &err), -ENOENT);
	ok(strstr(err.msg, "/none") && !inverse);
	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_restore(WGC_DNS_BACKEND_FILE, "wg0", "absent", &nowhere, NULL, &err), 0);
	is_int(err.code, WGC_E_NONE);

	ok(mkdir(in_dir("resolv.conf"), 0755) == 0);
	is_int(apply("wg0", "10.0.0.1"), -EINVAL);
	ok(strstr(err.msg, "regular"));
	rmdir(in_dir("resolv.conf"));
	fd = open(in_dir("resolv.conf"), O_WRONLY | O_CREAT, 0644);
	ok(write(fd, zero, sizeof(zero)) == sizeof(zero));
	close(fd);
	is_int(apply("wg0", "10.0.0.1"), -EINVAL);
	unlink(in_dir("resolv.conf"));
	is_int(entries(), 1);
}

/* Mounts, in a mount namespace of our own. */
static void mounts(void)
{
	struct wgc_dns_paths host = paths;
	WGC_AUTO_FREE char *inverse = NULL;
	char target[64];
	struct stat before, after;

	if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		const char *strict = getenv("WGCTL_TEST_STRICT");

		tap_ok(!strict || strcmp(strict, "1"), __FILE__, __LINE__, "mounts # SKIP no mount namespace");
		return;
	}
	/* As in a container: the file is a mount and cannot be replaced. */
	write_text("outside", ORIGINAL, 0644);
	write_text("resolv.conf", "", 0644);
	ok(mount(in_dir("outside"), in_dir("resolv.conf"), NULL, MS_BIND, NULL) == 0);
	ok(stat(in_dir("resolv.conf"), &before) == 0);
	inverse = capture("wg0");
	is_int(apply("wg0", "10.0.0.1"), 0);
	is_int(apply("wg1", "10.0.0.2"), 0);
	ok(resolver_sees("10.0.0.2"));
	ok(stat(in_dir("resolv.conf"), &after) == 0 && before.st_ino == after.st_ino);
	is_int(restore("wg0", inverse), 0);
	is_int(restore("wg1", inverse), 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	is_str(read_text("outside"), ORIGINAL);
	ok(umount(in_dir("resolv.conf")) == 0);
	is_str(read_text("resolv.conf"), "");
	unlink(in_dir("resolv.conf"));

	/* As `ip netns exec` does where resolv.conf is a link: the mount is on
	 * the link's target, and the link is everybody's. */
	write_text("stub", "nameserver 127.0.0.53\n", 0644);
	ok(symlink("stub", in_dir("resolv.conf")) == 0);
	ok(mount(in_dir("outside"), in_dir("resolv.conf"), NULL, MS_BIND, NULL) == 0);
	is_int(apply("wg0", "10.0.0.1"), 0);
	ok(resolver_sees("10.0.0.1"));
	ok(readlink(in_dir("resolv.conf"), target, sizeof(target)) == 4);
	is_int(restore("wg0", inverse), 0);
	is_str(read_text("outside"), ORIGINAL);
	ok(readlink(in_dir("resolv.conf"), target, sizeof(target)) == 4);
	ok(umount(in_dir("stub")) == 0);
	is_str(read_text("stub"), "nameserver 127.0.0.53\n");
	unlink(in_dir("resolv.conf"));
	unlink(in_dir("stub"));

	/* A read-only mount: said, and nothing left behind. */
	write_text("resolv.conf", ORIGINAL, 0644);
	ok(mount(dir, dir, NULL, MS_BIND, NULL) == 0 && mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) == 0);
	is_int(apply("wg0", "10.0.0.1"), -EROFS);
	is_int(err.code, WGC_E_IO);
	ok(strstr(err.msg, "resolv.conf") && strstr(err.hint, "read-only"));
	is_str(read_text("resolv.conf"), ORIGINAL);
	host.resolv_conf = in_dir("new.conf");
	{
		struct wgc_profile p = servers("10.0.0.1", NULL);

		is_int(wgc_dns_apply(WGC_DNS_BACKEND_FILE, "wg0", &p, &host, NULL, &err), -EROFS);
	}
	ok(umount(dir) == 0);
	unlink(in_dir("outside"));
	unlink(in_dir("resolv.conf"));
	is_int(entries(), 1);
}

/* Many processes at once: none of them loses another one's layer. */
static void together(void)
{
	enum { N = 8, ROUNDS = 10 };
	pid_t pids[N];
	int failed = 0;

	write_text("resolv.conf", ORIGINAL, 0644);
	fflush(stdout);
	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char ifname[16], server[16];
			int bad = 0;

			snprintf(ifname, sizeof(ifname), "wg%d", i);
			snprintf(server, sizeof(server), "10.0.0.%u", (unsigned)i % 250);
			for (int k = 0; k < ROUNDS; k++) {
				bad |= apply(ifname, server) < 0;
				bad |= !strstr(read_text("resolv.conf"), ifname);
				bad |= restore(ifname, NULL) < 0;
			}
			_exit(bad);
		}
	}
	for (int i = 0; i < N; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		failed += status != 0;
	}
	is_int(failed, 0);
	is_str(read_text("resolv.conf"), ORIGINAL);
	unlink(in_dir("resolv.conf"));
	is_int(entries(), 1);
}

int main(void)
{
	make_dir();
	write_text("boot", "this-boot\n", 0644);
	paths.resolv_conf = strdup(in_dir("resolv.conf"));
	paths.boot_id = strdup(in_dir("boot"));
	regular();
	absent_and_link();
	stacked();
	foreign();
	edited();
	after_a_restart();
	errors();
	together();
	mounts();
	remove_dir();
	wgc_str_done(&note);
	free((void *)paths.resolv_conf);
	free((void *)paths.boot_id);
	return tap_done();
}
