// SPDX-License-Identifier: GPL-2.0
/* Machines that lack something, and people who change things while a tunnel is up. */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "fake/kernel.c"
#include "unit/plan/make.h"

#define ADDRESS "Address = 10.7.0.2/24\n"
#define FULL ADDRESS "[Peer]\nEndpoint = 198.51.100.1:51820\nAllowedIPs = 0.0.0.0/0\n"
#define SPLIT ADDRESS "[Peer]\nEndpoint = 198.51.100.1:51820\nAllowedIPs = 10.1.0.0/16\n"

static struct fake *f;
static struct log said;
static struct wgc_run run;
static struct wgc_err err;
static char *before;

static void begin(void)
{
	fake_back(f);
	free(before);
	before = fake_snapshot(f);
}

static int up(const struct wgc_profile *p)
{
	log_done(&said);
	run = logged(&said);
	err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_up(&f->sys, p, &run, &err);
}

static int down(const struct wgc_profile *p)
{
	log_done(&said);
	run = logged(&said);
	err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_down(&f->sys, p->name, &run, &err);
}

static bool as_before(void)
{
	char *now = fake_snapshot(f);
	bool good = !strcmp(now, before);

	if (!good)
		printf("# it is now:\n%s", now);
	free(now);
	return good;
}

static unsigned op_of(const struct wgc_profile *p, const char *what)
{
	/* The first operation whose words hold @what. */
	for (unsigned k = 1; k < 200; k++) {
		begin();
		fake_arm(f, FAKE_FAIL, k, EIO);
		up(p);
		if (strstr(f->s->hit, what)) {
			begin();
			return k;
		}
	}
	abort();
}

/* ---- what the machine lacks -------------------------------------------------------- */

static void read_only_sysctl(void)
{
	struct wgc_profile *p = profile("office", FULL);
	unsigned k = op_of(p, "src_valid_mark: 1");

	fake_arm(f, FAKE_FAIL, k, EROFS);
	is_int(up(p), -EROFS);
	ok(err.hint[0] && strstr(err.ctx, "sysctl.set"));
	ok(as_before());
	/* No link has a strict filter, and none will have: nobody looks at it. */
	fake_file(f, "proc/net/ipv4/conf/all/rp_filter", "2\n");
	free(before);
	before = fake_snapshot(f);
	fake_arm(f, FAKE_NEVER, 0, 0);
	is_int(up(p), 0);
	ok(!strstr(wgc_str_get(&said.steps), "sysctl"));
	is_int(down(p), 0);
	ok(as_before());
	wgc_profile_free(p);
}

static void no_nftables(void)
{
	struct wgc_profile *p = profile("office", FULL);

	begin();
	f->s->no_nft = true;
	is_int(up(p), 0);
	ok(strstr(wgc_str_get(&said.warnings), "nftables"));
	is_int(down(p), 0);
	ok(as_before());
	wgc_profile_free(p);
}

static void no_wireguard(void)
{
	struct wgc_profile *p = profile("office", "Backend = kernel\n" SPLIT);

	begin();
	f->s->no_wireguard = true;
	is_int(up(p), -EOPNOTSUPP);
	is_int(err.code, WGC_E_UNSUPPORTED);
	ok(strstr(err.ctx, "step 1 of "));
	ok(as_before());
	wgc_profile_free(p);
}

static void no_ipv6(void)
{
	struct wgc_profile *p = profile("office", "Address = fd07::2/64\n" FULL "AllowedIPs = ::/0, fd01::/64\n");

	begin();
	f->s->no_ipv6 = true;
	fake_file(f, "proc/net/ipv6/conf/default/disable_ipv6", "1\n");
	free(before);
	before = fake_snapshot(f);
	is_int(up(p), 0);
	ok(strstr(wgc_str_get(&said.warnings), "IPv6 is disabled"));
	is_int(down(p), 0);
	ok(as_before());
	/* Switched off while the tunnel is up: its rules are gone with it. */
	f->s->no_ipv6 = false;
	fake_file(f, "proc/net/ipv6/conf/default/disable_ipv6", "0\n");
	is_int(up(p), 0);
	f->s->no_ipv6 = true;
	is_int(down(p), 0);
	is_int(run.undo_failed, 0);
	wgc_profile_free(p);
}

static void dead_names(void)
{
	struct wgc_profile *all = profile("office", ADDRESS "[Peer]\nEndpoint = gone.example.net:1\nAllowedIPs = 10.1.0.0/16\n");
	struct wgc_profile *some = profile("office", ADDRESS "[Peer]\nEndpoint = gone.example.net:1\nAllowedIPs = 10.1.0.0/16\n"
							     "[Peer]\nEndpoint = six.example.net:2\n");
	const struct fake_device *d;

	begin();
	is_int(up(all), -ENOENT);
	is_int(err.code, WGC_E_NOT_FOUND);
	ok(strstr(err.msg, "gone.example.net") && err.at.line && strstr(err.ctx, "endpoint.resolve"));
	ok(as_before());
	is_int(up(some), 0);
	ok(strstr(wgc_str_get(&said.warnings), "gone.example.net"));
	d = fake_device_find(f, fake_ifindex(f, "office"));
	is_int(d->peers[0].endpoint.sa.sa_family, 0);
	/* IPv6 works here, and stands first. */
	is_int(d->peers[1].endpoint.sa.sa_family, AF_INET6);
	is_int(down(some), 0);
	/* Without a way there the second address is taken. */
	for (unsigned i = f->s->n_routes; i--;)
		if (f->s->routes[i].dst.ip.family == AF_INET6 && !f->s->routes[i].dst.len)
			fake_drop(f->s->routes, f->s->n_routes, i);
	is_int(up(some), 0);
	d = fake_device_find(f, fake_ifindex(f, "office"));
	is_int(d->peers[1].endpoint.sa.sa_family, AF_INET);
	is_int(down(some), 0);
	/* --wait: then every name counts. */
	log_done(&said);
	run = logged(&said);
	run.wait_seconds = 1;
	is_int(wgc_plan_up(&f->sys, some, &run, &err), -ENOENT);
	wgc_profile_free(all);
	wgc_profile_free(some);
}

static void narrow_path(void)
{
	struct wgc_profile *p = profile("office", "Address = fd07::2/64\n" SPLIT);

	begin();
	fake_link_find(f, fake_ifindex(f, "eth0"))->mtu = 1300;
	is_int(up(p), 0);
	is_int(fake_link_find(f, fake_ifindex(f, "office"))->mtu, 1280);
	is_int(down(p), 0);
	fake_link_find(f, fake_ifindex(f, "eth0"))->mtu = 9000;
	is_int(up(p), 0);
	is_int(fake_link_find(f, fake_ifindex(f, "office"))->mtu, 8920);
	is_int(down(p), 0);
	wgc_profile_free(p);
}

/* ---- what is in the way ---------------------------------------------------------------- */

static void in_the_way(void)
{
	struct wgc_profile *taken = profile("other-wg", SPLIT);
	struct wgc_profile *route = profile("office", ADDRESS "[Peer]\nAllowedIPs = 10.98.0.0/16\n");
	struct wgc_profile *p = profile("office", SPLIT), *changed = profile("office", FULL);

	begin();
	is_int(up(taken), -EEXIST);
	is_int(err.code, WGC_E_EXISTS);
	ok(as_before());
	is_int(f->s->ops, 5); /* the journal comes and goes, with what may stand beside it; the kernel is not asked for anything */
	is_int(down(taken), -ENOENT);
	is_int(up(route), -EEXIST);
	ok(err.at.line);
	ok(as_before());
	/* Up, and then the file was edited. */
	is_int(up(p), 0);
	is_int(up(changed), -EEXIST);
	ok(err.hint[0] && !run.already_up);
	is_int(down(changed), 0);
	ok(as_before());
	wgc_profile_free(taken);
	wgc_profile_free(route);
	wgc_profile_free(p);
	wgc_profile_free(changed);
}

/* ---- while it is up -------------------------------------------------------------------------- */

static void delete_link_by_hand(const char *ifname)
{
	if (wgc_nl_link_delete(f->sys.nl, fake_ifindex(f, ifname), NULL) < 0)
		abort();
}

static void link_gone(void)
{
	struct wgc_profile *p = profile("office", FULL);

	begin();
	is_int(up(p), 0);
	delete_link_by_hand("office");
	is_int(down(p), 0);
	ok(as_before());

	is_int(up(p), 0);
	delete_link_by_hand("office");
	is_int(up(p), 0);
	ok(run.repaired && !run.already_up);
	is_int(down(p), 0);
	ok(as_before());

	/* Somebody made another one of that name: it is theirs. */
	is_int(up(p), 0);
	delete_link_by_hand("office");
	fake_link(f, "office", "wireguard", 1420);
	is_int(down(p), 0);
	ok(fake_ifindex(f, "office"));
	delete_link_by_hand("office");
	ok(as_before());

	/* Renamed: it is still ours. */
	is_int(up(p), 0);
	strcpy(fake_link_find(f, fake_ifindex(f, "office"))->ifname, "renamed");
	is_int(down(p), 0);
	ok(as_before());
	wgc_profile_free(p);
}

/* Killed before the link was made; then somebody made one of that name. */
static void link_of_others(void)
{
	struct wgc_profile *p = profile("office", FULL);
	WGC_AUTO_STR struct wgc_str text = { 0 };
	char id[48];

	begin();
	wgc_netns_id(id);
	wgc_str_addf(&text,
		     "{\"wgctl\":1,\"profile\":\"office\",\"ifname\":\"office\",\"boot\":\"b007b007-0000-4000-8000-000000000001\","
		     "\"netns\":\"%s\"}\n{\"step\":1,\"kind\":\"link.create\",\"ifname\":\"office\",\"userspace\":false}\n",
		     id);
	fake_file(f, "run/office/journal", text.s);
	fake_link(f, "office", "bridge", 1500);
	is_int(down(p), 0);
	ok(fake_ifindex(f, "office"));
	wgc_profile_free(p);
}

static void changed_by_others(void)
{
	struct wgc_profile *p = profile("office", "DNS = 10.7.0.53\nDNSMode = file\n" FULL);
	char *text;

	begin();
	is_int(up(p), 0);
	/* A rule removed, a sysctl changed, a table flushed, resolv.conf rewritten. */
	for (unsigned i = f->s->n_rules; i--;)
		if (f->s->rules[i].invert)
			fake_drop(f->s->rules, f->s->n_rules, i);
	f->s->n_tables = 0;
	fake_file(f, "proc/net/ipv4/conf/all/src_valid_mark", "2\n");
	fake_file(f, "etc/resolv.conf", "nameserver 9.9.9.9\n");
	is_int(down(p), 0);
	is_int(run.undo_failed, 0);
	text = fake_file_read(f, "etc/resolv.conf");
	is_str(text, "nameserver 9.9.9.9\n");
	free(text);
	text = fake_file_read(f, "proc/net/ipv4/conf/all/src_valid_mark");
	is_str(text, "2\n");
	free(text);
	is_int(fake_ifindex(f, "office"), 0);
	is_int(f->s->n_rules, f->base->n_rules);
	wgc_profile_free(p);
}

/* An equal route appears after the plan was made, in the middle of ours. */
static void clash_in_the_middle(void)
{
	struct wgc_profile *p = profile("office", ADDRESS "Table = 1234\nExcludeIPs = 198.18.0.0/15, 198.51.100.0/24, 203.0.112.0/24\n"
							  "[Peer]\nAllowedIPs = 10.0.0.0/8\n");
	unsigned first = op_of(p, "netlink request 24 ");

	for (unsigned k = first; k < first + 3; k++) {
		begin();
		fake_arm(f, FAKE_FAIL, k, EEXIST);
		is_int(up(p), -EEXIST);
		ok(as_before());
		is_int(run.undo_failed, 0);
	}
	wgc_profile_free(p);
}

/* The error says whose route it is. */
static void somebody_elses_route(void)
{
	struct wgc_profile *p = profile("office", SPLIT);

	begin();
	fake_route(f, "10.1.0.0/16", RT_TABLE_MAIN, RTN_UNICAST, fake_ifindex(f, "eth0"), 0);
	is_int(up(p), -EEXIST);
	is_str(err.msg, "table 254 has a route to 10.1.0.0/16 already, through eth0");
	wgc_profile_free(p);
}

/* ---- what comes between plan and step ------------------------------------------------------------ */

static const char *came_word;
static void (*came)(void);

static void somebody_comes(void *ctx, const struct wgc_step_view *v)
{
	if (came && !strcmp(v->word, came_word)) {
		came();
		came = NULL;
	}
}

static void link_comes(void)
{
	fake_link(f, "office", "wireguard", 1420);
}

static void table_comes(void)
{
	strcpy(f->s->tables[f->s->n_tables++], "inet wgctl-office");
}

/* Another profile's: even the protocol is ours. */
static void route_comes(void)
{
	fake_route(f, "198.18.0.0/15", 1234, RTN_THROW, 0, 0);
	f->s->routes[f->s->n_routes - 1].protocol = WGC_RTPROT;
}

static void rule_comes(void)
{
	fake_rule(f, AF_INET, 998, 0, RT_TABLE_MAIN);
	for (unsigned i = 0; i < f->s->n_rules; i++)
		if (f->s->rules[i].priority == 998)
			f->s->rules[i].suppress_prefixlen = 0;
}

/* It is there first, and it is still there when `up` has failed because of it. */
static void comes_first(const struct wgc_profile *p, const char *word, void (*what)(void))
{
	char *with, *now;

	begin();
	what();
	with = fake_snapshot(f);
	begin();
	came_word = word;
	came = what;
	run = (struct wgc_run){ .on_step = somebody_comes };
	err = (struct wgc_err)WGC_ERR_INIT;
	is_int(wgc_plan_up(&f->sys, p, &run, &err), -EEXIST);
	is_int(err.code, WGC_E_EXISTS);
	ok(strstr(err.ctx, word));
	is_int(run.undo_failed, 0);
	now = fake_snapshot(f);
	is_str(now, with);
	free(now);
	free(with);
}

static void between(void)
{
	struct wgc_profile *full = profile("office", FULL);
	struct wgc_profile *side = profile("office", "Table = 1234\nExcludeIPs = 198.18.0.0/15, 198.51.100.0/24\n" SPLIT);

	comes_first(full, "link.create", link_comes);
	comes_first(full, "nft.load", table_comes);
	comes_first(full, "rule.add", rule_comes);
	comes_first(side, "route.add", route_comes);
	wgc_profile_free(full);
	wgc_profile_free(side);
}

/* ---- two at once ------------------------------------------------------------------------------ */

static const struct wgc_profile *inner;
static size_t inner_at;

/* Another process' `up`, in the middle of ours. */
static void up_inside(void *ctx, const struct wgc_step_view *v)
{
	struct wgc_run mine = { .steps = 0 };

	if (v->index == inner_at && wgc_plan_up(&f->sys, inner, &mine, &err) < 0)
		printf("# inner: %s: %s\n", err.ctx, err.msg);
}

static bool sysctl_is(const char *want)
{
	char *text = fake_file_read(f, "proc/net/ipv4/conf/all/src_valid_mark");
	bool good = text && !strncmp(text, want, 1);

	free(text);
	return good;
}

static void two_at_once(void)
{
	struct wgc_profile *a = profile("one", "DNS = 10.7.0.53\nDNSMode = file\n" FULL);
	struct wgc_profile *b = profile("two", "Address = 10.8.0.2/24\nDNS = 10.8.0.53\nDNSMode = file\n"
					       "[Peer]\nAllowedIPs = 0.0.0.0/0\n");
	unsigned good = 0, tried = 0;

	inner = b;
	for (inner_at = 1; inner_at <= 10; inner_at++)
		for (int order = 0; order < 2; order++) {
			bool fine;

			begin();
			tried++;
			run = (struct wgc_run){ .on_step = up_inside };
			fine = wgc_plan_up(&f->sys, a, &run, &err) == 0;
			fine &= fake_ifindex(f, "one") && fake_ifindex(f, "two") && sysctl_is("1");
			fine &= down(order ? a : b) == 0;
			/* The one that stays needs it. */
			fine &= sysctl_is("1");
			fine &= down(order ? b : a) == 0 && as_before();
			if (!fine)
				printf("# at step %zu, %s first\n", inner_at, order ? "outer" : "inner");
			good += fine;
		}
	is_int(good, tried);
	wgc_profile_free(a);
	wgc_profile_free(b);
}

static int steps_until_down;

/* Another process' `down`, in the middle of what we do. */
static void down_inside(void *ctx, const struct wgc_step_view *v)
{
	struct wgc_run mine = { .steps = 0 };

	if (steps_until_down-- == 0 && wgc_plan_down(&f->sys, inner->name, &mine, &err) < 0)
		printf("# inner: %s: %s\n", err.ctx, err.msg);
}

/* One goes while the other comes; or both go, and each of them was first once. */
static void crossing(void)
{
	struct wgc_profile *a = profile("one", FULL);
	struct wgc_profile *b = profile("two", "Address = 10.8.0.2/24\n[Peer]\nAllowedIPs = 0.0.0.0/0\n");
	unsigned good = 0, tried = 0;

	inner = a;
	for (int at = 0; at < 12; at++) {
		bool comes;

		begin();
		tried++;
		comes = up(a) == 0;
		run = (struct wgc_run){ .on_step = down_inside };
		steps_until_down = at;
		comes &= wgc_plan_up(&f->sys, b, &run, &err) == 0;
		if (fake_ifindex(f, "one"))
			comes &= down(a) == 0;
		comes &= sysctl_is("1") && down(b) == 0 && as_before();
		if (!comes)
			printf("# as step %d of the other began\n", at + 1);
		good += comes;
		for (int order = 0; order < 2; order++) {
			bool fine;

			begin();
			tried++;
			fine = up(order ? a : b) == 0 && up(order ? b : a) == 0;
			run = (struct wgc_run){ .on_undo = down_inside };
			steps_until_down = at;
			fine &= wgc_plan_down(&f->sys, b->name, &run, &err) == 0;
			if (fake_ifindex(f, "one"))
				fine &= sysctl_is("1") && down(a) == 0;
			fine &= as_before();
			if (!fine)
				printf("# at step %d, %s was first\n", at, order ? "one" : "two");
			good += fine;
		}
	}
	is_int(good, tried);
	wgc_profile_free(a);
	wgc_profile_free(b);
}

static bool killed(int (*fn)(const struct wgc_profile *), const struct wgc_profile *p, unsigned k)
{
	pid_t pid;

	fake_arm(f, FAKE_KILL, k, 0);
	pid = fake_fork();
	if (pid == 0) {
		fn(p);
		_exit(0);
	}
	return fake_was_killed(f, pid, NULL);
}

/* One dies on its way up, or down; the other one comes then, and stays when the first is repaired. */
static void dying(void)
{
	struct wgc_profile *a = profile("one", FULL);
	struct wgc_profile *b = profile("two", "Address = 10.8.0.2/24\n[Peer]\nAllowedIPs = 0.0.0.0/0\n");
	unsigned good = 0, tried = 0;

	for (int goes_down = 0; goes_down < 2; goes_down++)
		for (int other_first = 0; other_first < 2; other_first++)
			for (unsigned k = 1;; k++) {
				bool fine;

				begin();
				if (goes_down && up(a) < 0)
					abort();
				if (!killed(goes_down ? down : up, a, k))
					break;
				tried++;
				fine = up(b) == 0 && sysctl_is("1");
				if (other_first) {
					fine &= down(b) == 0;
					down(a);
				} else {
					down(a);
					fine &= sysctl_is("1") && down(b) == 0;
				}
				fine &= as_before();
				if (!fine)
					printf("# %s was killed at %u, %s\n", goes_down ? "down" : "up", k, other_first ? "repaired last" : "repaired first");
				good += fine;
			}
	ok(tried > 40);
	is_int(good, tried);
	wgc_profile_free(a);
	wgc_profile_free(b);
}

static int reload(const struct wgc_profile *p)
{
	log_done(&said);
	run = logged(&said);
	err = (struct wgc_err)WGC_ERR_INIT;
	return wgc_plan_reload(&f->sys, p, &run, &err);
}

/* A full tunnel that becomes a split one beside another full one, and back. */
static void reloaded(void)
{
	struct wgc_profile *a = profile("one", FULL);
	struct wgc_profile *b = profile("two", "Address = 10.8.0.2/24\n[Peer]\nAllowedIPs = 0.0.0.0/0\n");
	struct wgc_profile *split = profile("two", "Address = 10.8.0.2/24\n[Peer]\nAllowedIPs = 10.2.0.0/16\n");
	unsigned failed = 0;

	/* It had found the value as it is, and has inherited it since. */
	begin();
	ok(up(a) == 0 && up(b) == 0 && down(a) == 0 && sysctl_is("1"));
	ok(reload(split) == 0 && sysctl_is("0"));
	ok(reload(b) == 0 && sysctl_is("1"));
	ok(reload(b) == 0 && !run.steps);
	ok(down(b) == 0 && as_before());
	/* The owner's reload fails, wherever: it needs the value as before, and so does who has it from the owner. */
	for (unsigned k = 1;; k++) {
		bool met;

		begin();
		if (up(b) < 0 || up(a) < 0)
			abort();
		fake_arm(f, FAKE_FAIL, k, EIO);
		met = reload(split) < 0;
		fake_arm(f, FAKE_NEVER, 0, 0);
		if (!met && !f->s->hit[0])
			break;
		failed += met && !run.undo_failed;
		if (met && !run.undo_failed)
			ok(down(a) == 0 && sysctl_is("1"));
		down(a);
		ok(down(b) == 0 && as_before());
	}
	ok(failed > 5);
	wgc_profile_free(a);
	wgc_profile_free(b);
	wgc_profile_free(split);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static bool ran(const char *list)
{
	WGC_AUTO_STR struct wgc_str s = { 0 };
	bool good;

	for (unsigned i = 0; i < f->s->n_hooks; i++)
		wgc_str_addf(&s, "%s%s", i ? ", " : "", f->s->hooks[i]);
	good = !strcmp(wgc_str_get(&s), list);
	if (!good)
		printf("# ran: %s\n", wgc_str_get(&s));
	return good;
}

static void hooks(void)
{
	struct wgc_profile *p = profile("office", "PreUp = a %i\nPreUp = b\nPostUp = c\nPreDown = d\nPreDown = e\nPostDown = f\n" SPLIT);
	struct wgc_profile *bytes;

	begin();
	is_int(up(p), 0);
	ok(ran("office a %i, office b, office c"));
	is_int(down(p), 0);
	ok(ran("office a %i, office b, office c, office d, office e, office f"));
	/* What wg-quick would run may have bytes that JSON cannot say, and `down` reads the journal. */
	bytes = profile("office", "PreDown = d\nPostDown = mkdir /caf\xc3\xa9\n" SPLIT);
	bytes->hooks[WGC_PRE_DOWN].v[0].s = "mkdir /caf\xe9";
	begin();
	is_int(up(bytes), 0);
	is_int(down(bytes), 0);
	ok(ran("office mkdir /caf\xe9, office mkdir /caf\xc3\xa9"));
	wgc_profile_free(bytes);
	/* One that fails keeps `up` from going on, not `down`. */
	begin();
	fake_arm(f, FAKE_FAIL, op_of(p, "hook b"), EIO);
	is_int(up(p), -ECHILD);
	is_int(err.code, WGC_E_HOOK);
	ok(err.at.line);
	ok(ran("office a %i"));
	ok(as_before());
	/* {"down":true} and its sync, {"ran":...} and its sync, then the first hook. */
	begin();
	is_int(up(p), 0);
	f->s->n_hooks = 0;
	fake_arm(f, FAKE_FAIL, 5, EIO);
	is_int(down(p), -ECHILD);
	is_str(f->s->hit, "hook d");
	is_int(err.code, WGC_E_HOOK);
	ok(strstr(err.ctx, "PreDown"));
	ok(ran("office e, office f"));
	is_int(run.undo_failed, 0);
	ok(as_before());
	wgc_profile_free(p);
}

int main(void)
{
	f = fake_new();
	read_only_sysctl();
	no_nftables();
	no_wireguard();
	no_ipv6();
	dead_names();
	narrow_path();
	in_the_way();
	link_gone();
	link_of_others();
	changed_by_others();
	clash_in_the_middle();
	somebody_elses_route();
	between();
	two_at_once();
	crossing();
	dying();
	reloaded();
	hooks();
	log_done(&said);
	free(before);
	fake_free(f);
	return tap_done();
}
