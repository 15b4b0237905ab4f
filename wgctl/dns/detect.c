// SPDX-License-Identifier: GPL-2.0
/*
 * Which backend: by evidence, every piece of which is kept as a sentence.
 *
 * resolved is asked first, before any file is read: a resolv.conf that is in
 * the middle of being changed, or left over from what was installed before, says
 * less than a resolver that answers. That it answers is not enough, though: names
 * have to be asked of it, through nsswitch or its stub. resolvconf(8) counts
 * where resolv.conf is its own: newer openresolv refuses to write any other, and
 * Debian's would write a file that nobody reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dns/internal.h"

/* Everything that was found. */
struct evidence {
	struct wgc_dns_decision *d;
	const char *path;
	int resolved; /* of the ping */
	struct wgc_err resolved_err;
	pid_t peer; /* resolved's process, 0 when it is not known */
	bool exists, link, stub, nss;
	bool foreign; /* the resolv.conf of another network namespace */
	const char *owner;
	char *text; /* of resolv.conf, through a link */
	char *program;
	bool resolvectl;
};

static void evidence_done(struct evidence *e)
{
	free(e->text);
	free(e->program);
}

static void tell(struct wgc_dns_decision *d, const char *fmt, ...) WGC_PRINTF(2, 3);
static void tell(struct wgc_dns_decision *d, const char *fmt, ...)
{
	va_list ap;

	if (d->n == WGC_ARRAY_SIZE(d->trail))
		return;
	va_start(ap, fmt);
	vsnprintf(d->trail[d->n++], sizeof(d->trail[0]), fmt, ap);
	va_end(ap);
}

static void ask_resolved(struct evidence *e, const struct wgc_dns_paths *paths)
{
	e->resolved = wgc_dns_resolved_ping(paths, &e->peer, &e->resolved_err);
	if (e->resolved == 0)
		tell(e->d, "systemd-resolved answers on the bus: yes");
	else if (e->resolved == -EXDEV)
		tell(e->d, "systemd-resolved answers on the bus: yes, but it serves another network namespace than this one");
	else if (e->resolved == -EOPNOTSUPP)
		tell(e->d, "whether systemd-resolved answers on the bus is not known: %s", e->resolved_err.msg);
	else
		tell(e->d, "systemd-resolved answers on the bus: no (%s)", e->resolved_err.msg);
}

static void read_resolv_conf(struct evidence *e)
{
	char target[4096];
	ssize_t n = readlink(e->path, target, sizeof(target) - 1);
	size_t len;
	int r;

	e->link = n > 0;
	target[e->link ? n : 0] = '\0';
	r = wgc_read_file(e->path, 1u << 20, &e->text, &len);
	e->exists = r == 0;
	e->owner = wgc_dns_owner(e->text, e->link ? target : NULL);
	if (e->link)
		tell(e->d, "%s is a link to %.100s%s%s", e->path, target, e->owner ? ", which belongs to " : "", e->owner ?: "");
	else if (e->owner)
		tell(e->d, "%s was written by %s, says its comment", e->path, e->owner);
	else if (r == 0)
		tell(e->d, "%s is a file that does not say who wrote it", e->path);
	if (r < 0)
		tell(e->d, "%s cannot be read: %s", e->path, strerror(-r));
	e->stub = e->text && wgc_dns_only_stub(e->text);
	if (e->stub)
		tell(e->d, "%s names 127.0.0.53 only, where systemd-resolved listens", e->path);
}

/* True when process @pid lives in another network namespace, and has the same
 * @path there as we have here. Without root it cannot be told, and nothing can
 * be changed either. */
static bool file_of(const char *path, pid_t pid)
{
	struct stat ours, theirs, our_net, their_net;
	char net[48], file[300];

	snprintf(net, sizeof(net), "/proc/%d/ns/net", (int)pid);
	snprintf(file, sizeof(file), "/proc/%d/root%s", (int)pid, path);
	return stat("/proc/self/ns/net", &our_net) == 0 && stat(net, &their_net) == 0 && our_net.st_ino != their_net.st_ino &&
	       lstat(path, &ours) == 0 && lstat(file, &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* A network namespace without files of its own (`ip netns add` and no
 * /etc/netns): whoever writes resolv.conf there takes away the resolver of all
 * others. */
static void look_whose(struct evidence *e)
{
	e->foreign = file_of(e->path, 1) || (e->peer && file_of(e->path, e->peer));
	if (e->foreign)
		tell(e->d, "%s is that of another network namespace, too", e->path);
}

static void read_nsswitch(struct evidence *e, const struct wgc_dns_paths *paths)
{
	const char *path = paths && paths->nsswitch ? paths->nsswitch : "/etc/nsswitch.conf";
	WGC_AUTO_FREE char *text = NULL;
	size_t len;

	e->nss = wgc_read_file(path, 1u << 20, &text, &len) == 0 && wgc_dns_nss_resolve(text);
	tell(e->d, "%s has resolve before dns: %s", path, e->nss ? "yes" : "no");
}

static int find_program(struct evidence *e, const struct wgc_dns_paths *paths)
{
	int r = wgc_dns_resolvconf_find(paths, &e->program, NULL);

	if (r < 0) {
		tell(e->d, "there is no resolvconf program");
		return r == -ENOMEM ? r : 0;
	}
	e->resolvectl = wgc_dns_is_resolvectl(e->program);
	tell(e->d, "%s is there%s", e->program, e->resolvectl ? ", which is systemd-resolved's resolvectl" : "");
	return 0;
}

static int decide(struct evidence *e, enum wgc_dns_backend b, const char *why)
{
	e->d->backend = b;
	tell(e->d, "so: %s, because %s", wgc_dns_backend_name(b), why);
	return 0;
}

/* They write the file again at the next occasion, and our lines are gone. */
static void warn_of_owner(struct evidence *e)
{
	static const char *const writers[] = { "NetworkManager", "dhcpcd", "dhclient", "connman", "netconfig", "WSL", "resolvconf" };

	for (size_t i = 0; e->owner && i < WGC_ARRAY_SIZE(writers); i++)
		if (!strcmp(e->owner, writers[i]))
			snprintf(e->d->warning, sizeof(e->d->warning),
				 "%s belongs to %s, which writes it again when the network changes: the tunnel's DNS is lost then. "
				 "With systemd-resolved or openresolv in use it is not",
				 e->path, e->owner);
}

/* Are names asked of resolved, whether it answers or not? */
static bool is_used(const struct evidence *e)
{
	return (e->owner && !strcmp(e->owner, "systemd-resolved")) || e->stub || e->nss;
}

static int decide_auto(struct evidence *e)
{
	bool used = is_used(e);

	if (e->resolved == 0 && used) {
		if (!e->stub && !e->nss)
			snprintf(e->d->warning, sizeof(e->d->warning),
				 "%s names the servers themselves instead of systemd-resolved's stub: programs that read it ask them for "
				 "every name, whatever domains are set",
				 e->path);
		return decide(e, WGC_DNS_BACKEND_RESOLVED, "it answers, and names are asked of it");
	}
	if (e->foreign) {
		snprintf(e->d->warning, sizeof(e->d->warning),
			 "%s is that of another network namespace and is left alone, so the tunnel's DNS is not set; with a file of its "
			 "own, /etc/netns/NAME/resolv.conf and `ip netns exec NAME`, it would be",
			 e->path);
		return decide(e, WGC_DNS_BACKEND_NONE, "resolv.conf is not this network namespace's");
	}
	/* Without the library the client program is the way there. */
	if (e->resolved == -EOPNOTSUPP && e->resolvectl && used)
		return decide(e, WGC_DNS_BACKEND_RESOLVCONF, "names are asked of systemd-resolved, and its client program is there");
	if (e->program && !e->resolvectl && (!e->exists || (e->owner && !strcmp(e->owner, "resolvconf"))))
		return decide(e, WGC_DNS_BACKEND_RESOLVCONF, "resolv.conf is made by it");
	warn_of_owner(e);
	if (e->resolved == 0)
		return decide(e, WGC_DNS_BACKEND_FILE, "systemd-resolved is there, but names are not asked of it");
	if (e->stub) {
		snprintf(e->d->warning, sizeof(e->d->warning),
			 "names are asked of systemd-resolved here, but it %s: the tunnel's servers are written into %s, and it may go on asking "
			 "them after `down`, until it is restarted",
			 e->resolved == -EOPNOTSUPP ? "can be told of servers by neither libsystemd nor resolvectl" : "does not answer", e->path);
		return decide(e, WGC_DNS_BACKEND_FILE, "systemd-resolved is asked for names, and does not answer");
	}
	return decide(e, WGC_DNS_BACKEND_FILE, "nobody else is in charge");
}

static int missing_resolved(const struct evidence *e, struct wgc_err *err)
{
	if (e->resolved != -EOPNOTSUPP && err) {
		*err = e->resolved_err;
		wgc_err_wrap(err, "DNSMode = resolved");
		if (!err->hint[0])
			wgc_err_hint(err, "`systemctl enable --now systemd-resolved` starts it; DNSMode = auto uses what is there");
	} else if (e->program) {
		wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "%s does not speak to systemd-resolved", e->program);
		wgc_err_hint(err, "systemd-resolved comes with a `resolvconf` that is a link to resolvectl; "
				  "DNSMode = auto uses the one that is there");
	} else {
		wgc_err_set(err, WGC_E_NOT_FOUND, ENOENT, "%s: systemd-resolved is reached through its `resolvconf` then, which is not there",
			    e->resolved_err.msg);
		wgc_err_hint(err, "DNSMode = auto uses what is there");
	}
	return -ENOENT;
}

static int decide_wanted(struct evidence *e, enum wgc_dns_mode mode, const struct wgc_dns_paths *paths, struct wgc_err *err)
{
	WGC_AUTO_FREE char *again = NULL;
	int r;

	if (mode == WGC_DNS_FILE) {
		warn_of_owner(e);
		/* It takes the servers of a file that is not its own for its
		 * own ones, and looks for others only when that file changes. */
		if (e->resolved == 0 && is_used(e))
			snprintf(e->d->warning, sizeof(e->d->warning),
				 "systemd-resolved is in use here, and reads that file, too: it may go on asking the tunnel's servers after "
				 "`down`, until it is restarted; DNSMode = auto or resolved tells it properly");
		if (e->foreign)
			snprintf(e->d->warning, sizeof(e->d->warning),
				 "%s is that of another network namespace, too: names there are asked of the tunnel's servers as well, "
				 "whether these can be reached from there or not",
				 e->path);
		return decide(e, WGC_DNS_BACKEND_FILE, "the profile says DNSMode = file");
	}
	if (mode == WGC_DNS_RESOLVCONF) {
		r = wgc_dns_resolvconf_find(paths, &again, err);
		return r < 0 ? r : decide(e, WGC_DNS_BACKEND_RESOLVCONF, "the profile says DNSMode = resolvconf");
	}
	if (e->resolved == 0) {
		if (!e->stub && !e->nss)
			snprintf(e->d->warning, sizeof(e->d->warning),
				 "systemd-resolved is told of the servers, as DNSMode says, but programs here do not ask it: %s names "
				 "others, and nsswitch.conf does not name it",
				 e->path);
		return decide(e, WGC_DNS_BACKEND_RESOLVED, "the profile says DNSMode = resolved");
	}
	if (e->resolved == -EOPNOTSUPP && e->resolvectl)
		return decide(e, WGC_DNS_BACKEND_RESOLVCONF, "the profile says DNSMode = resolved, and this is its client program");
	return missing_resolved(e, err);
}

int wgc_dns_detect(enum wgc_dns_mode mode, const struct wgc_dns_paths *paths, struct wgc_dns_decision *ret, struct wgc_err *err)
{
	struct wgc_dns_decision d = { .backend = WGC_DNS_BACKEND_NONE };
	WGC_CLEANUP(evidence_done) struct evidence e = { .d = &d, .path = wgc_dns_resolv_conf(paths) };
	int r;

	if (mode == WGC_DNS_NONE) {
		r = decide(&e, WGC_DNS_BACKEND_NONE, "the profile says DNSMode = none");
	} else {
		ask_resolved(&e, paths);
		read_resolv_conf(&e);
		look_whose(&e);
		read_nsswitch(&e, paths);
		r = find_program(&e, paths);
		if (r < 0)
			return wgc_err_nomem(err);
		r = mode == WGC_DNS_AUTO ? decide_auto(&e) : decide_wanted(&e, mode, paths, err);
	}
	if (r == 0)
		*ret = d;
	return r;
}
