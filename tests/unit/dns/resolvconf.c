// SPDX-License-Identifier: GPL-2.0
/*
 * The resolvconf backend. The program here is
 * a script that notes what it is given: this is about our side of the
 * conversation; real implementations have their own test.
 */
#include <signal.h>

#include "dns/internal.h"
#include "unit/dns/make.h"

static struct wgc_dns_paths paths;
static struct wgc_err err;

/* Notes one line for each call, arguments in <>, and keeps the input. */
#define NOTING                                                                                                                 \
	"#!/bin/sh\n"                                                                                                          \
	"d=$(dirname \"$0\")\n"                                                                                                \
	"for a; do printf '<%s>' \"$a\"; done >>\"$d/calls\"\n"                                                                \
	"echo >>\"$d/calls\"\n"                                                                                                \
	"cat >\"$d/input\"\n"                                                                                                  \
	"echo this is not for stdout\n"

static void conversation(void)
{
	WGC_AUTO_STR struct wgc_str note = { 0 };
	WGC_AUTO_FREE char *inverse = NULL;
	struct wgc_profile p = servers("10.0.0.1", "fd00::1");
	char want[512];

	write_text("resolvconf", NOTING, 0755);
	is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &paths, &inverse, &err), 0);
	snprintf(want, sizeof(want), "wg0 %s", paths.resolvconf_program);
	is_str(inverse, want);
	ok(!read_text("calls"));
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &paths, &note, &err), 0);
	is_str(read_text("calls"), "<-a><wg0><-m><0><-x>\n");
	is_str(read_text("input"), "nameserver 10.0.0.1\nnameserver fd00::1\nsearch corp.example\n");
	ok(!strncmp(wgc_str_get(&note), "~lab.example: ", 14));
	is_int(wgc_dns_restore(WGC_DNS_BACKEND_RESOLVCONF, "wg0", inverse, &paths, NULL, &err), 0);
	is_str(read_text("calls"), "<-a><wg0><-m><0><-x>\n<-d><wg0><-f>\n");
	is_str(read_text("input"), "");
	/* No servers: no call. */
	p = servers(NULL, NULL);
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &paths, NULL, &err), 0);
	is_str(read_text("calls"), "<-a><wg0><-m><0><-x>\n<-d><wg0><-f>\n");
	unlink(in_dir("calls"));
}

/* resolvectl under that name knows what ~ is, and takes -x for all names. */
static void resolvectl(void)
{
	WGC_AUTO_STR struct wgc_str note = { 0 };
	struct wgc_dns_paths its = paths;
	struct wgc_profile p = servers("10.0.0.1", NULL);

	write_text("resolvectl", NOTING, 0755);
	ok(symlink("resolvectl", in_dir("client")) == 0);
	its.resolvconf_program = in_dir("client");
	ok(wgc_dns_is_resolvectl(its.resolvconf_program) && !wgc_dns_is_resolvectl(paths.resolvconf_program));
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &its, &note, &err), 0);
	p.n_dns_search = 0;
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &its, &note, &err), 0);
	is_str(read_text("calls"), "<-a><wg0><-m><0>\n<-a><wg0><-m><0><-x>\n");
	is_str(wgc_str_get(&note), "");
	unlink(in_dir("calls"));
}

static void effects(void)
{
	static const struct {
		const char *text;
		enum wgc_dns_effect effect;
	} v[] = {
		{ "nameserver 10.0.0.1\nnameserver fd00::1\nnameserver 192.168.1.1\n", WGC_DNS_EFFECT_YES },
		{ "nameserver 10.0.0.1\nnameserver 192.168.1.1\n", WGC_DNS_EFFECT_NO },
		{ "nameserver 192.168.1.1\nnameserver 10.0.0.1\nnameserver fd00::1\n", WGC_DNS_EFFECT_NO },
		{ "nameserver 127.0.0.1\n", WGC_DNS_EFFECT_UNKNOWN },
		{ "", WGC_DNS_EFFECT_NO },
	};
	struct wgc_dns_paths its = paths;
	struct wgc_profile p = servers("10.0.0.1", "fd00::1");
	char why[256];

	its.resolv_conf = in_dir("resolv.conf");
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		write_text("resolv.conf", v[i].text, 0644);
		is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &its, why), v[i].effect);
		ok(strstr(why, "resolv.conf") != NULL);
	}
	unlink(in_dir("resolv.conf"));
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &its, why), WGC_DNS_EFFECT_NO);
	is_int(wgc_dns_in_effect(WGC_DNS_BACKEND_NONE, "wg0", &p, &its, why), WGC_DNS_EFFECT_YES);
}

static void prefixes(void)
{
	static const struct {
		const char *file, *record;
	} v[] = {
		{ "lo.inet6\nlo.@(dhclient|named)\nlo.*\n# tun*\ntun*\ntap*\n", "tun.wg0" },
		{ "  hso*  \ntun*\n", "hso.wg0" },
		{ "em+([0-9])?(_+([0-9]))*\nlo*x\n*\n", "wg0" },
		{ "a-B9*", "a-B9.wg0" },
		{ "", "wg0" },
	};

	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		WGC_AUTO_FREE char *inverse = NULL, *record = NULL;

		write_text("interface-order", v[i].file, 0644);
		is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &paths, &inverse, &err), 0);
		record = strndup(inverse, strcspn(inverse, " "));
		is_str(record, v[i].record);
	}
	{
		WGC_AUTO_FREE char *inverse = NULL, *linked = NULL;
		struct wgc_dns_paths other = paths;
		struct wgc_profile p = servers("10.0.0.1", NULL);

		/* The record is dropped by the name that it was given, whatever the order file says by then. */
		write_text("interface-order", "tun*\n", 0644);
		is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &paths, &inverse, &err), 0);
		is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &paths, NULL, &err), 0);
		write_text("interface-order", "tap*\n", 0644);
		is_int(wgc_dns_restore(WGC_DNS_BACKEND_RESOLVCONF, "wg0", inverse, &paths, NULL, &err), 0);
		is_str(read_text("calls"), "<-a><tun.wg0><-m><0><-x>\n<-d><tun.wg0><-f>\n");
		/* A program that is a link is not Debian's. */
		ok(symlink("resolvconf", in_dir("linked")) == 0);
		other.resolvconf_program = in_dir("linked");
		is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &other, &linked, &err), 0);
		ok(!strncmp(linked, "wg0 ", 4));
	}
	unlink(in_dir("interface-order"));
	unlink(in_dir("calls"));
}

static void failures(void)
{
	WGC_AUTO_FREE char *inverse = NULL;
	struct wgc_profile p = servers("10.0.0.1", NULL);

	is_int(wgc_dns_capture(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &paths, &inverse, &err), 0);
	write_text("resolvconf", "#!/bin/sh\necho 'no signature found' >&2\necho more >&2\nexit 3\n", 0755);
	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &paths, NULL, &err), -EIO);
	ok(strstr(err.msg, "status 3: no signature found") && !strstr(err.msg, "more"));
	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_restore(WGC_DNS_BACKEND_RESOLVCONF, "wg0", inverse, &paths, NULL, &err), -EIO);
	/* Input that nobody reads harms nobody. */
	write_text("resolvconf", "#!/bin/sh\nexec <&-\nkill -9 $$\n", 0755);
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &paths, NULL, &err), -EIO);
	ok(strstr(err.msg, "signal 9"));
	/* Gone meanwhile. */
	unlink(in_dir("resolvconf"));
	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_apply(WGC_DNS_BACKEND_RESOLVCONF, "wg0", &p, &paths, NULL, &err), -ENOENT);
	is_int(err.code, WGC_E_NOT_FOUND);
	is_int(wgc_dns_restore(WGC_DNS_BACKEND_RESOLVCONF, "wg0", inverse, &paths, NULL, &err), -ENOENT);
}

static void running(void)
{
	char *const argv[] = { (char *)"prog", (char *)"-x", NULL };
	const char *prog = in_dir("prog");
	WGC_AUTO_STR struct wgc_str big = { 0 };
	pid_t pid = 0;

	/* Killed in time, and what it started with it. */
	write_text("prog", "#!/bin/sh\nsleep 600 & echo $! >\"$(dirname \"$0\")/pid\"\nwait\n", 0755);
	memset(&err, 0, sizeof(err));
	is_int(wgc_dns_run(prog, argv, "", 500, &err), -ETIMEDOUT);
	ok(strstr(err.msg, "within 1 s"));
	ok(read_text("pid") && sscanf(read_text("pid"), "%d", &pid) == 1 && pid > 1);
	for (int i = 0; i < 200 && kill(pid, 0) == 0; i++) {
		char stat[64];
		WGC_AUTO_FREE char *text = NULL;
		size_t len;

		/* Dead and not yet collected by whoever adopts it is dead. */
		snprintf(stat, sizeof(stat), "/proc/%d/stat", (int)pid);
		if (wgc_read_file(stat, 4096, &text, &len) == 0 && strstr(text, ") Z "))
			break;
		usleep(10000);
		ok(i < 199);
	}
	/* A daemon that keeps stderr open does not keep us. */
	write_text("prog", "#!/bin/sh\nsleep 5 &\nexit 0\n", 0755);
	is_int(wgc_dns_run(prog, argv, "", 4000, &err), 0);
	/* More complaints than a pipe holds. */
	write_text("prog", "#!/bin/sh\necho first >&2\nhead -c 300000 /dev/zero | tr '\\0' x >&2\nexit 1\n", 0755);
	is_int(wgc_dns_run(prog, argv, "", 10000, &err), -EIO);
	ok(strstr(err.msg, ": first") != NULL);
	/* More input than a pipe holds. */
	for (int i = 0; i < 20000; i++)
		wgc_str_add(&big, "nameserver 10.0.0.1\n");
	write_text("prog", "#!/bin/sh\ntest \"$(wc -c)\" -eq 400000\n", 0755);
	is_int(wgc_dns_run(prog, argv, wgc_str_get(&big), 10000, &err), 0);
	/* Not a program. */
	write_text("prog", "\1\2\3", 0755);
	ok(wgc_dns_run(prog, argv, "", 1000, &err) < 0);
	unlink(prog);
	is_int(wgc_dns_run(prog, argv, "", 1000, &err), -ENOENT);
	is_int(err.code, WGC_E_NOT_FOUND);
	unlink(in_dir("pid"));
}

/* Signals that we hold back or ignore are ours, not the program's. No shell
 * here: some of them clear the mask by themselves. */
static void signals(void)
{
	char to[256];
	char *const argv[] = { (char *)"cp", (char *)"/proc/self/status", to, NULL };
	unsigned long long blocked = ~0ull, ignored = ~0ull;
	sigset_t block, old;
	const char *text;

	snprintf(to, sizeof(to), "%s", in_dir("status"));
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	signal(SIGPIPE, SIG_IGN);
	is_int(wgc_dns_run("/bin/cp", argv, "", 5000, &err), 0);
	text = read_text("status");
	ok(text && sscanf(strstr(text, "\nSigBlk:"), "\nSigBlk: %llx", &blocked) == 1);
	ok(text && sscanf(strstr(text, "\nSigIgn:"), "\nSigIgn: %llx", &ignored) == 1);
	ok(!(blocked & 1ull << (SIGTERM - 1)));
	ok(!(ignored & 1ull << (SIGPIPE - 1)));
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	unlink(in_dir("status"));
}

int main(void)
{
	make_dir();
	paths.resolvconf_program = strdup(in_dir("resolvconf"));
	paths.interface_order = strdup(in_dir("interface-order"));
	conversation();
	resolvectl();
	effects();
	prefixes();
	failures();
	running();
	signals();
	remove_dir();
	free((void *)paths.resolvconf_program);
	free((void *)paths.interface_order);
	return tap_done();
}
