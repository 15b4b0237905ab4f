// SPDX-License-Identifier: GPL-2.0
/* The journal: its lock, its names, what a crash does to it, and whose it is. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fake/kernel.c"
#include "unit/plan/make.h"

static struct fake *f;

static char *run_path(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", f->sys.run_dir, name);
	return path;
}

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	if (d)
		closedir(d);
	return n;
}

/* ---- the lock ------------------------------------------------------------------ */

static void lock(void)
{
	struct wgc_journal a = WGC_JOURNAL_INIT, b = WGC_JOURNAL_INIT;
	struct wgc_err err = WGC_ERR_INIT;
	struct stat st;

	fake_back(f);
	is_int(wgc_journal_lock(&f->sys, "office", &a, &err), 0);
	is_int(stat(run_path("office"), &st), 0);
	is_int(st.st_mode & 07777, 0700);
	is_int(wgc_journal_lock(&f->sys, "office", &b, &err), -EBUSY);
	is_int(err.code, WGC_E_EXISTS);
	ok(err.hint[0]);
	/* Losing does not take the winner's directory away. */
	is_int(stat(run_path("office"), &st), 0);
	is_int(wgc_journal_lock(&f->sys, "other", &b, &err), 0);
	wgc_journal_unlock(&b);
	wgc_journal_unlock(&a);
	is_int(entries(f->sys.run_dir), 0);

	is_int(wgc_journal_lock(&f->sys, "office", &a, &err), 0);
	is_int(wgc_journal_create(&a, &err), 0);
	is_int(wgc_journal_create(&a, &err), -EEXIST);
	is_int(stat(run_path("office/journal"), &st), 0);
	is_int(st.st_mode & 07777, 0600);
	wgc_journal_unlock(&a);
	is_int(entries(f->sys.run_dir), 1);
	is_int(wgc_journal_lock(&f->sys, "office", &a, &err), 0);
	is_int(wgc_journal_remove(&a, &err), 0);
	is_int(wgc_journal_remove(&a, &err), 0);
	wgc_journal_unlock(&a);
	is_int(entries(f->sys.run_dir), 0);
}

/* Another process has it; it dies; it is free. */
static void lock_of_others(void)
{
	struct wgc_profile *p = profile("office", "[Peer]\n");
	struct wgc_journal j = WGC_JOURNAL_INIT;
	struct wgc_err err = WGC_ERR_INIT;
	struct log log = { .at = 0 };
	struct wgc_run run = logged(&log);
	int fds[2];
	char c;
	pid_t pid;

	fake_back(f);
	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		abort();
	if (!pid) {
		if (wgc_journal_lock(&f->sys, "office", &j, NULL) == 0 && write(fds[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	is_int(read(fds[0], &c, 1), 1);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), -EBUSY);
	is_int(err.code, WGC_E_EXISTS);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), -EBUSY);
	is_int(f->s->ops, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), 0);
	wgc_profile_free(p);
	log_done(&log);
}

/* ---- names ------------------------------------------------------------------------ */

static void names_of_profiles(void)
{
	static const char *const v[] = {
		"office",  ".",	 "..",	       "../../etc", "a/b", "a%2fb", ".hidden", "%",   "a b", "a\nb", "\xc3\xa9t\xc3\xa9",
		"-rf",	   "=+", "a/../../b", "journal",   "/",	 "a\"b",  "a\\b",	 "a.b", ".b",  "%2eb",	"$(id)",
	};
	struct wgc_journal j[WGC_ARRAY_SIZE(v)], more = WGC_JOURNAL_INIT;
	struct wgc_err err = WGC_ERR_INIT;
	char longer[400], *before, *after;
	unsigned good = 0;

	fake_back(f);
	before = fake_snapshot(f);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		j[i] = (struct wgc_journal)WGC_JOURNAL_INIT;
		good += wgc_journal_lock(&f->sys, v[i], &j[i], &err) == 0 && j[i].dir[0] != '.' && !strchr(j[i].dir, '/');
	}
	is_int(good, WGC_ARRAY_SIZE(v));
	/* Each its own, and all of them in there. */
	is_int(entries(f->sys.run_dir), WGC_ARRAY_SIZE(v));
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++)
		wgc_journal_unlock(&j[i]);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	is_int(wgc_journal_lock(&f->sys, longer, &more, &err), -ENAMETOOLONG);
	is_int(wgc_journal_lock(&f->sys, "", &more, &err), -ENOENT);
	after = fake_snapshot(f);
	is_str(after, before);
	free(before);
	free(after);
}

/* Somebody put a link or a file where the directory should be. */
static void planted(void)
{
	struct wgc_journal j = WGC_JOURNAL_INIT;
	struct wgc_err err = WGC_ERR_INIT;

	fake_back(f);
	fake_file(f, "elsewhere/journal", "{\"wgctl\":1}\n");
	ok(symlink("../elsewhere", run_path("office")) == 0);
	ok(wgc_journal_lock(&f->sys, "office", &j, &err) < 0);
	is_int(err.code, WGC_E_IO);
	fake_file(f, "run/file", "");
	ok(wgc_journal_lock(&f->sys, "file", &j, &err) < 0);
	is_int(wgc_journal_lock(&f->sys, "linked", &j, &err), 0);
	ok(symlink("../../elsewhere/journal", run_path("linked/journal")) == 0);
	ok(wgc_journal_create(&j, &err) < 0);
	wgc_journal_unlock(&j);
}

/* ---- crashes ------------------------------------------------------------------------- */

static size_t records_in(const char *text, json_t **ret)
{
	struct wgc_journal j = WGC_JOURNAL_INIT;
	json_t *v = NULL;
	size_t n;

	fake_file(f, "run/office/journal", text);
	if (wgc_journal_lock(&f->sys, "office", &j, NULL) < 0 || wgc_journal_read(&j, &v, NULL) < 0)
		abort();
	wgc_journal_unlock(&j);
	n = json_array_size(v);
	if (ret)
		*ret = v;
	else
		json_decref(v);
	return n;
}

/* Cut off at every byte: only whole lines count, and the next line written is whole. */
static void torn(void)
{
	static const char text[] = "{\"wgctl\":1,\"profile\":\"office\"}\n{\"step\":1,\"kind\":\"link.create\"}\n{\"done\":1}\n";
	unsigned good = 0, whole = 0;

	fake_back(f);
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct wgc_journal j = WGC_JOURNAL_INIT;
		char part[sizeof(text)], *now;
		size_t lines = 0;
		json_t *v;

		memcpy(part, text, cut);
		part[cut] = 0;
		for (size_t i = 0; i < cut; i++)
			lines += text[i] == '\n';
		good += records_in(part, NULL) == lines;
		if (wgc_journal_lock(&f->sys, "office", &j, NULL) < 0 || wgc_journal_append(&j, "{\"undone\":1}", NULL) < 0)
			abort();
		wgc_journal_unlock(&j);
		now = fake_file_read(f, "run/office/journal");
		records_in(now, &v);
		whole += json_integer_value(json_object_get(json_array_get(v, json_array_size(v) - 1), "undone")) == 1;
		json_decref(v);
		free(now);
	}
	is_int(good, sizeof(text));
	is_int(whole, sizeof(text));
	/* Half a line that is whole JSON all the same was not ended: not begun. */
	is_int(records_in("{\"wgctl\":1}", NULL), 0);
	is_int(records_in("{\"wgctl\":1}\n\n\n[1]\nrubbish\n{\"done\":\n{\"up\":true}\n", NULL), 3);
	is_int(records_in("", NULL), 0);
}

static void history(void)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_history h;
	json_t *v;

	records_in("{\"wgctl\":1,\"profile\":\"office\",\"mark\":7}\n"
		   "{\"step\":1,\"kind\":\"link.create\"}\n{\"done\":1,\"ifindex\":9}\n"
		   "{\"step\":2,\"kind\":\"route.add\",\"adopted\":true}\n"
		   "{\"step\":3,\"kind\":\"nft.load\"}\n{\"failed\":3}\n"
		   "{\"step\":4,\"kind\":\"rule.add\"}\n{\"done\":4}\n{\"undone\":4}\n"
		   "{\"step\":5,\"kind\":\"rule.add\"}\n"
		   "{\"up\":true}\n{\"down\":true}\n{\"ran\":\"PreDown\",\"n\":2}\n{\"ran\":\"PostDown\",\"n\":1}\n"
		   "{\"done\":77}\n[]\n17\n",
		   &v);
	is_int(wgc_history_read(v, a, &h, NULL), 0);
	is_str(wgc_history_str(&h, "profile"), "office");
	is_str(wgc_history_str(&h, "mark"), "");
	is_str(wgc_history_str(&h, "nothing"), "");
	is_int(h.n, 5);
	is_int(json_integer_value(json_object_get(h.steps[0].done, "ifindex")), 9);
	ok(!h.steps[0].adopted && !h.steps[0].failed && !h.steps[0].undone);
	ok(h.steps[1].adopted && !h.steps[1].done);
	ok(h.steps[2].failed);
	ok(h.steps[3].undone && h.steps[3].done);
	ok(!h.steps[4].done && !h.steps[4].undone);
	ok(h.up && h.down);
	is_int(h.pre_down_run, 2);
	is_int(h.post_down_run, 1);
	json_decref(v);
	records_in("{\"step\":1,\"kind\":\"link.create\"}\n", &v);
	is_int(wgc_history_read(v, a, &h, NULL), -EBADMSG);
	json_decref(v);
	wgc_arena_free(a);
}

/* ---- whose ----------------------------------------------------------------------------- */

static const char with_dns[] = "Address = 10.7.0.2/24\nDNS = 10.7.0.53\nDNSMode = file\nPreDown = a\nPostDown = b\n"
			       "[Peer]\nAllowedIPs = 0.0.0.0/0\n";

static size_t listed(struct wgc_arena *a, struct wgc_up_info **ret)
{
	size_t n;

	if (wgc_plan_list(&f->sys, a, ret, &n, NULL) < 0)
		abort();
	return n;
}

static void other_boot(void)
{
	struct wgc_profile *p = profile("office", with_dns);
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_err err = WGC_ERR_INIT;
	struct log log = { .at = 0 };
	struct wgc_run run = logged(&log);
	struct wgc_up_info *info;
	unsigned ops;

	fake_back(f);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	is_int(listed(a, &info), 1);
	is_str(info->name, "office");
	is_str(info->ifname, "office");
	is_str(info->backend, "kernel");
	ok(info->finished && info->mark && info->table && info->since);
	/* The kernel forgets; run_dir and resolv.conf do not, here. */
	*f->s = *f->base;
	fake_file(f, "etc/boot_id", "b007b007-0000-4000-8000-000000000002\n");
	is_int(listed(a, &info), 0);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), -ENOENT);
	is_int(err.code, WGC_E_NOT_UP);
	is_int(entries(f->sys.run_dir), 0);

	fake_file(f, "etc/boot_id", "b007b007-0000-4000-8000-000000000001\n");
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	*f->s = *f->base;
	fake_file(f, "etc/boot_id", "b007b007-0000-4000-8000-000000000003\n");
	ops = f->s->ops;
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	ok(!run.already_up && f->s->ops > ops);
	is_int(listed(a, &info), 1);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), 0);
	is_int(entries(f->sys.run_dir), 0);

	/* What has our names and numbers now is somebody else's. */
	fake_back(f);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	*f->s = *f->base;
	fake_file(f, "etc/boot_id", "b007b007-0000-4000-8000-000000000004\n");
	fake_link(f, "office", "wireguard", 1420);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), -EEXIST);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), -ENOENT);
	ok(fake_ifindex(f, "office"));
	log_done(&log);
	wgc_arena_free(a);
	wgc_profile_free(p);
}

/* Make the journal speak of another namespace. */
static void set_netns(const char *id)
{
	char *text = fake_file_read(f, "run/office/journal"), *hit = strstr(text, "\"netns\":\"");
	WGC_AUTO_STR struct wgc_str s = { 0 };

	hit += 9;
	wgc_str_addn(&s, text, (size_t)(hit - text));
	wgc_str_addf(&s, "%s%s", id, strchr(hit, '"'));
	fake_file(f, "run/office/journal", s.s);
	free(text);
}

/* The namespace died with all that was in it: resolv.conf did not. */
static void dead_netns(void)
{
	struct wgc_profile *p = profile("office", with_dns);
	struct wgc_err err = WGC_ERR_INIT;
	struct log log = { .at = 0 };
	struct wgc_run run = logged(&log);
	char *before, *now;
	uint64_t changes;

	fake_back(f);
	before = fake_snapshot(f);
	ok(!wgc_netns_alive("1:1"));
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	set_netns("1:1");
	*f->s = *f->base;
	fake_file(f, "proc/net/ipv4/conf/all/src_valid_mark", "0\n");
	changes = wgc_nl_changes(f->sys.nl);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), 0);
	is_int(wgc_nl_changes(f->sys.nl) - changes, 0);
	/* Its hooks were written for a tunnel that is there. */
	is_int(f->s->n_hooks, 0);
	now = fake_snapshot(f);
	is_str(now, before);
	free(now);

	fake_back(f);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	set_netns("1:1");
	*f->s = *f->base;
	fake_file(f, "proc/net/ipv4/conf/all/src_valid_mark", "0\n");
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	ok(run.repaired && !run.already_up);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), 0);
	now = fake_snapshot(f);
	is_str(now, before);
	free(now);
	free(before);
	log_done(&log);
	wgc_profile_free(p);
}

/* A child in a namespace of its own, until it is killed. */
static pid_t child_elsewhere(char id[static 48])
{
	int fds[2];
	pid_t pid;
	ssize_t n;

	if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		abort();
	if (!pid) {
		bool away = unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;

		wgc_netns_id(id);
		if (away && write(fds[1], id, 48) == 48)
			for (;;)
				pause();
		_exit(0);
	}
	close(fds[1]);
	n = read(fds[0], id, 48);
	close(fds[0]);
	if (n == 48)
		return pid;
	waitpid(pid, NULL, 0);
	return -1;
}

static void live_netns(void)
{
	struct wgc_profile *p = profile("office", with_dns);
	struct wgc_err err = WGC_ERR_INIT;
	struct log log = { .at = 0 };
	struct wgc_run run = logged(&log);
	char id[48], own[48], *before, *now;
	pid_t pid = child_elsewhere(id);

	if (pid < 0) {
		printf("ok %d - another namespace # skip no network namespaces here\n", ++tap_n);
		wgc_profile_free(p);
		return;
	}
	wgc_netns_id(own);
	ok(strcmp(own, id));
	ok(wgc_netns_alive(own) && wgc_netns_alive(id));
	fake_back(f);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	set_netns(id);
	before = fake_snapshot(f);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), -EBUSY);
	is_int(err.code, WGC_E_EXISTS);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), -EBUSY);
	now = fake_snapshot(f);
	is_str(now, before);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(!wgc_netns_alive(id));
	free(before);
	free(now);
	log_done(&log);
	wgc_profile_free(p);
}

/* ---- secrets, others ------------------------------------------------------------------------ */

static void secrets(void)
{
	WGC_AUTO_STR struct wgc_str ini = { 0 };
	struct wgc_err err = WGC_ERR_INIT;
	struct log log = { .at = 0 };
	struct wgc_run run = logged(&log);
	char hex[WGC_KEY_HEX], *text;
	struct wgc_profile *p;

	fake_back(f);
	wgc_str_addf(&ini, "Address = 10.7.0.2/24\n[Peer]\nPresharedKey = %s\nAllowedIPs = 0.0.0.0/0\n", key(77));
	p = profile("office", ini.s);
	is_int(wgc_plan_up(&f->sys, p, &run, &err), 0);
	text = fake_file_read(f, "run/office/journal");
	ok(text && strstr(text, "device.configure"));
	ok(!strstr(text, key(200)) && !strstr(text, key(77)));
	ok(!strstr(log.steps.s, key(200)) && !strstr(log.steps.s, key(77)));
	wgc_key_print_hex(&p->device.private_key, hex);
	ok(!strstr(text, hex));
	free(text);
	is_int(wgc_plan_down(&f->sys, "office", &run, &err), 0);
	log_done(&log);
	wgc_profile_free(p);
}

static int count_one(void *ctx, const char *dir, json_t *records)
{
	(*(unsigned *)ctx)++;
	return 0;
}

/* One journal that cannot be read does not hide the others. */
static void others(void)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_up_info *info;
	unsigned n = 0;
	char *text;

	fake_back(f);
	fake_file(f, "run/.hidden/journal", "{\"wgctl\":1}\n");
	fake_file(f, "run/plain", "{\"wgctl\":1}\n");
	fake_file(f, "run/empty/other", "");
	fake_file(f, "run/rubbish/journal", "rubbish\n\xff\xff\n");
	fake_file(f, "run/dir/journal/x", "");
	fake_file(f, "run/good/journal", "{\"wgctl\":1,\"boot\":\"b007b007-0000-4000-8000-000000000001\",\"profile\":\"good\"}\n{\"up\":true}\n");
	is_int(wgc_journal_each(&f->sys, count_one, &n, NULL), 0);
	is_int(n, 2);
	is_int(listed(a, &info), 1);
	is_str(info->name, "good");
	ok(info->finished);
	is_int(wgc_journal_append_other(&f->sys, "good", "{\"step\":9}", NULL), 0);
	text = fake_file_read(f, "run/good/journal");
	ok(text && strstr(text, "\n{\"step\":9}\n"));
	free(text);
	/* None is made where there is none. */
	ok(wgc_journal_append_other(&f->sys, "empty", "{\"step\":9}", NULL) < 0);
	ok(wgc_journal_append_other(&f->sys, "nobody", "{\"step\":9}", NULL) < 0);
	wgc_arena_free(a);
}

int main(void)
{
	f = fake_new();
	lock();
	lock_of_others();
	names_of_profiles();
	planted();
	torn();
	history();
	other_boot();
	dead_netns();
	live_netns();
	secrets();
	others();
	fake_free(f);
	return tap_done();
}
