// SPDX-License-Identifier: GPL-2.0
/*
 * `physical up`, `down` and `recover`. The order of the steps is argued here:
 *
 *   guard          nothing leaves but through the tunnel, which is not there yet
 *   managers       so that nobody configures what comes back after a crash
 *   namespace
 *   record         what the devices have, all of them, before the first one moves
 *   moves          a device before what stands on it
 *   carry          addresses, routes and rules are the same in there
 *   clients        Wi-Fi and leases
 *   keeper         what is plugged in later
 *   tunnel         last: it needs a way to its peers, and names are asked in there
 *
 * Undone in reverse: the tunnel goes, the devices come home and have what they
 * had, and only then the door is opened.
 */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plan/physical/physical.h"

/* As long as the keeper may need to take a device in and have its client started. */
#define LOCK_MS 10000

int wgc_physical_lock(const struct wgc_sys *sys, struct wgc_journal *ret, struct wgc_err *err)
{
	int64_t end = wgc_now_ms() + LOCK_MS;
	WGC_AUTO_FREE char *dir = NULL;
	struct wgc_sys there = *sys;
	struct wgc_err why;
	int r;

	if (asprintf(&dir, "%s/." WGC_PHYSICAL, sys->run_dir) < 0) {
		dir = NULL;
		return wgc_err_nomem(err);
	}
	there.run_dir = dir;
	do {
		why = (struct wgc_err)WGC_ERR_INIT;
		r = wgc_journal_lock(&there, "journal", ret, &why);
	} while (r == -EBUSY && wgc_now_ms() < end);
	if (r == -EBUSY) {
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "another wgctl, or its keeper, is at work on the devices");
		wgc_err_hint(err, "wait until it has finished; a hook of the profile cannot do this");
	} else if (r < 0 && err) {
		*err = why;
	}
	return r;
}

/* A file that we do not know keeps its directory. */
static void tidy(const struct wgc_sys *sys)
{
	static const char *const dirs[] = { "work/work", "work", "etc", "wpa_supplicant", "dhcpcd" };
	char path[280];

	for (size_t i = 0; i < WGC_ARRAY_SIZE(dirs); i++) {
		wgc_physical_file(sys, dirs[i], path);
		rmdir(path);
	}
}

void wgc_physical_unlock(const struct wgc_sys *sys, struct wgc_journal *journal)
{
	char path[280];

	/* An empty directory may be the one in which a client is just about to listen. */
	if (!wgc_journal_exists(journal))
		tidy(sys);
	wgc_journal_unlock(journal);
	wgc_physical_file(sys, "", path);
	rmdir(path);
}

/* ---- the plan ------------------------------------------------------------------------- */

static bool add(struct wgc_plan *p, enum wgc_step_kind kind, size_t first, size_t n)
{
	struct wgc_step *s = wgc_arena_push(p->arena, &p->steps, &p->n, &p->cap, sizeof(*s));

	if (s)
		*s = (struct wgc_step){ .kind = kind, .first = first, .n = n };
	return s;
}

/* How many links it stands on, each on the next. */
static unsigned height(const struct wgc_physical *p, size_t i)
{
	unsigned n = 0;

	for (uint32_t lower = p->v[i].nic->lower; p->v[i].verdict.stacked && lower && n < 16; n++) {
		size_t k = 0;

		while (k < p->n && p->v[k].nic->link.ifindex != lower)
			k++;
		lower = k < p->n && p->v[k].verdict.stacked ? p->v[k].nic->lower : 0;
	}
	return n;
}

static bool first_of_radio(const struct wgc_physical *p, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (p->v[k].verdict.fate == WGC_FATE_RADIO && p->v[k].nic->phy == p->v[i].nic->phy)
			return false;
	return true;
}

static bool add_moves(struct wgc_plan *plan)
{
	const struct wgc_physical *p = plan->physical;
	bool good = true;

	for (unsigned level = 0; level < 16; level++)
		for (size_t i = 0; i < p->n; i++) {
			if (height(p, i) != level)
				continue;
			if (p->v[i].verdict.fate == WGC_FATE_MOVES)
				good &= add(plan, WGC_STEP_NIC_MOVE, i, 1);
			else if (p->v[i].verdict.fate == WGC_FATE_RADIO && first_of_radio(p, i))
				good &= add(plan, WGC_STEP_WIPHY_MOVE, i, 1);
		}
	return good;
}

int wgc_physical_steps(struct wgc_plan *plan, bool first)
{
	const struct wgc_physical *p = plan->physical;
	bool good = true;

	if (first)
		good = add(plan, WGC_STEP_GUARD, 0, 0) && add(plan, WGC_STEP_KEEP_OFF, 0, 0) && add(plan, WGC_STEP_PHYSICAL_NETNS, 0, 0);
	good &= add(plan, WGC_STEP_NETWORK_RECORD, 0, 0) && add_moves(plan) && add(plan, WGC_STEP_NETWORK_CARRY, 0, 0);
	for (size_t i = 0; i < p->n; i++) {
		if (!wgc_physical_goes(&p->v[i]))
			continue;
		if (p->v[i].wpa)
			good &= add(plan, WGC_STEP_CLIENT_START, i, 0);
		if (p->v[i].lease)
			good &= add(plan, WGC_STEP_CLIENT_START, i, 1);
	}
	if (first)
		good &= add(plan, WGC_STEP_KEEPER_START, 0, 0) && add(plan, WGC_STEP_TUNNEL_UP, 0, 0);
	return good ? 0 : -ENOMEM;
}

/* ---- up ----------------------------------------------------------------------------------- */

static void add_list(struct wgc_json *j, const char *key, const char *const *list)
{
	wgc_json_key(j, key);
	wgc_json_array(j);
	for (; list && *list; list++)
		wgc_json_str(j, *list);
	wgc_json_array_end(j);
}

static int read_list(const struct wgc_history *h, const char *key, struct wgc_arena *a, const char *const **ret)
{
	const json_t *list = json_object_get(h->head, key);
	size_t n = json_array_size(list);
	const char **v = wgc_arena_alloc(a, (n + 1) * sizeof(*v));

	for (size_t i = 0; v && i < n; i++)
		v[i] = wgc_arena_strdup(a, json_string_value(json_array_get(list, i)) ?: "");
	*ret = v;
	return v ? 0 : -ENOMEM;
}

int wgc_physical_asked(const struct wgc_history *h, struct wgc_arena *a, struct wgc_physical_ask *ret)
{
	return read_list(h, "take", a, &ret->take) ?: read_list(h, "leave", a, &ret->leave);
}

static int write_head(struct wgc_exec *x, struct wgc_err *err)
{
	WGC_AUTO_STR struct wgc_str line = { 0 };
	struct wgc_json j = { .out = &line, .compact = true };
	char boot[64], netns[48];

	wgc_boot_id(x->sys, boot);
	wgc_netns_id(netns);
	const char *const v[][2] = { { "profile", x->plan->profile->name }, { "ifname", x->plan->profile->ifname }, { "boot", boot },
				     { "netns", netns } };

	wgc_json_object(&j);
	wgc_json_key(&j, "wgctl");
	wgc_json_int(&j, 1);
	for (size_t i = 0; i < WGC_ARRAY_SIZE(v); i++) {
		wgc_json_key(&j, v[i][0]);
		wgc_json_str(&j, v[i][1]);
	}
	wgc_json_key(&j, "since");
	wgc_json_int(&j, time(NULL));
	add_list(&j, "take", x->plan->physical->ask->take);
	add_list(&j, "leave", x->plan->physical->ask->leave);
	wgc_json_object_end(&j);
	return line.oom ? wgc_err_nomem(err) : wgc_journal_append(x->journal, line.s, err);
}

const char *wgc_physical_made(const struct wgc_history *h)
{
	const char *id = NULL;

	for (size_t i = 0; i < h->n; i++)
		if (h->steps[i].done && !id)
			id = json_string_value(json_object_get(h->steps[i].done, "id"));
	return id;
}

int wgc_physical_undo(struct wgc_sys *sys, struct wgc_run *run, struct wgc_journal *journal, const struct wgc_history *h,
		      struct wgc_err *err)
{
	struct wgc_physical p = { .home = wgc_ns_own(), .inside = -1 };
	struct wgc_undo u = { .sys = sys, .run = run, .journal = journal, .history = h, .physical = &p };
	int r = p.home < 0 ? wgc_err_set(err, WGC_E_IO, -p.home, "cannot open the own network namespace: %s", strerror(-p.home)) : 0;

	if (r == 0)
		r = wgc_physical_open(&p, wgc_physical_made(h), err);
	/* Gone: the kernel has brought home what it could. */
	if (r == 0 || r == -ENOENT)
		r = wgc_undo_all(&u, err);
	wgc_physical_close(&p);
	wgc_close(p.home);
	if (r == 0)
		r = wgc_journal_remove(journal, err);
	return r;
}

static int undo_journal(struct wgc_sys *sys, struct wgc_run *run, struct wgc_journal *journal, struct wgc_arena *a, struct wgc_err *err)
{
	struct wgc_history h;
	json_t *records;
	char boot[64];
	int r = wgc_journal_read(journal, &records, err);

	if (r < 0 || !records)
		return r;
	wgc_boot_id(sys, boot);
	if (wgc_history_read(records, a, &h, NULL) < 0 || strcmp(wgc_history_str(&h, "boot"), boot))
		r = wgc_journal_remove(journal, err);
	else
		r = wgc_physical_undo(sys, run, journal, &h, err);
	json_decref(records);
	return r;
}

static int refuse_session(const struct wgc_physical *p, const struct wgc_run *run, struct wgc_err *err)
{
	if (!p->session || p->ask->force || run->confirm || run->dry_run)
		return 0;
	wgc_err_set(err, WGC_E_EXISTS, EBUSY, "you are here over SSH, through '%s', %s: this session would hang", p->session->nic->link.ifname,
		    wgc_physical_goes(p->session) ? "which would be moved" : "by which nothing would get out any more");
	wgc_err_hint(err, "--confirm 60 undoes everything after a minute unless you confirm; --force does it all the same");
	return -EBUSY;
}

static int refuse_profile(const struct wgc_profile *p, struct wgc_err *err)
{
	const struct wgc_text *t = p->interface_namespace.s ? &p->interface_namespace : &p->socket_namespace;

	if (!p->interface_namespace.s && (!p->socket_namespace.s || !strcmp(p->socket_namespace.s, WGC_PHYSICAL)))
		return 0;
	wgc_err_set(err, WGC_E_CONFIG, EINVAL, "this tunnel is to be in another place: `physical` has its packets leave from the namespace "
		    "'" WGC_PHYSICAL "' and its link here");
	wgc_err_hint(err, "leave InterfaceNamespace and SocketNamespace out, or have SocketNamespace = " WGC_PHYSICAL);
	if (err)
		err->at = t->at;
	return -EINVAL;
}

/* What an earlier run left. 1: it is up. */
static int look_back(struct wgc_sys *sys, struct wgc_run *run, const char *profile, struct wgc_journal *journal, struct wgc_arena *a,
		     struct wgc_err *err)
{
	struct wgc_run repair = { .ctx = run->ctx, .on_undo = run->on_undo, .on_warning = run->on_warning };
	struct wgc_physical p = { .home = wgc_ns_own(), .inside = -1 };
	struct wgc_history h;
	json_t *records;
	char boot[64];
	bool up;
	int r = wgc_journal_read(journal, &records, err);

	if (r < 0 || !records) {
		wgc_close(p.home);
		return r;
	}
	wgc_boot_id(sys, boot);
	up = wgc_history_read(records, a, &h, NULL) == 0 && !strcmp(wgc_history_str(&h, "boot"), boot) && h.up && !h.down &&
	     wgc_physical_open(&p, wgc_physical_made(&h), NULL) == 0;
	wgc_physical_close(&p);
	wgc_close(p.home);
	if (up && !strcmp(wgc_history_str(&h, "profile"), profile)) {
		r = 1;
	} else if (up) {
		wgc_err_set(err, WGC_E_EXISTS, EBUSY, "the devices are in '" WGC_PHYSICAL "' already, for '%s'", wgc_history_str(&h, "profile"));
		wgc_err_hint(err, "`wgctl physical down` brings them home");
		r = -EBUSY;
	} else if (!run->dry_run) {
		run->repaired = true;
		r = undo_journal(sys, &repair, journal, a, err);
		run->undo_failed = repair.undo_failed;
		memcpy(run->remains, repair.remains, sizeof(run->remains));
		if (r < 0)
			wgc_err_wrap(err, "repairing what an earlier run left");
	}
	json_decref(records);
	return r;
}

/* It is up. Somebody may have taken the tunnel down, or its link away, or the guard. */
static int up_again(struct wgc_exec *x, struct wgc_err *err)
{
	struct wgc_physical *p = x->plan->physical;
	struct wgc_history h;
	json_t *records;
	bool was_up = true;
	int r = wgc_journal_read(x->journal, &records, err);

	if (r == 0 && records && wgc_history_read(records, p->arena, &h, NULL) == 0) {
		r = wgc_physical_open(p, wgc_physical_made(&h), err);
		r = r ?: wgc_physical_put_back(x->sys, &h, p, wgc_physical_missing(x->sys, &h, p, p->arena), p->arena, x->run, err);
	}
	json_decref(records);
	r = r ?: wgc_physical_tunnel(x, &was_up, err);
	x->run->remade = r == 0 && !was_up;
	return r;
}

static int up_locked(struct wgc_exec *x, struct wgc_err *err)
{
	struct wgc_physical *p = x->plan->physical;
	int r = look_back(x->sys, x->run, p->profile->name, x->journal, p->arena, err);

	if (r == 1) {
		x->run->already_up = true;
		return x->run->dry_run ? 0 : up_again(x, err);
	}
	if (r < 0)
		return r;
	r = wgc_physical_facts(x->sys, p, err);
	r = r ?: refuse_session(p, x->run, err);
	if (r == 0 && wgc_physical_steps(x->plan, true) < 0)
		r = wgc_err_nomem(err);
	if (r < 0 || x->run->dry_run)
		return r ?: wgc_execute_dry(x, err);
	r = wgc_journal_create(x->journal, err);
	if (r < 0)
		return r;
	r = write_head(x, err);
	if (r < 0) {
		wgc_journal_remove(x->journal, NULL);
		return r;
	}
	r = wgc_execute(x, err);
	r = r ?: wgc_journal_append(x->journal, "{\"up\":true}", err);
	if (r < 0) {
		wgc_physical_close(p);
		undo_journal(x->sys, x->run, x->journal, p->arena, NULL);
	}
	return r;
}

int wgc_physical_up(struct wgc_sys *sys, struct wgc_profile *profile, const struct wgc_physical_ask *ask, struct wgc_run *run,
		    struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_physical p = { .arena = a, .profile = profile, .ask = ask, .home = wgc_ns_own(), .inside = -1 };
	struct wgc_plan plan = { .arena = a, .profile = profile, .physical = &p };
	struct wgc_journal journal;
	struct wgc_exec x = { .sys = sys, .plan = &plan, .run = run, .journal = &journal };
	int r = refuse_profile(profile, err);

	if (!a)
		r = wgc_err_nomem(err);
	else if (p.home < 0)
		r = wgc_err_set(err, WGC_E_IO, -p.home, "cannot open the own network namespace: %s", strerror(-p.home));
	r = r ?: wgc_physical_lock(sys, &journal, err);
	if (r == 0) {
		r = up_locked(&x, err);
		wgc_physical_unlock(sys, &journal);
	}
	wgc_physical_close(&p);
	wgc_close(p.home);
	wgc_arena_free(a);
	return r;
}

/* ---- down -------------------------------------------------------------------------------------- */

int wgc_physical_guests(struct wgc_sys *sys, const struct wgc_history *h, struct wgc_arena *a, struct wgc_ns_user **ret, size_t *ret_n,
			struct wgc_ns_id *ret_id)
{
	struct wgc_physical p = { .home = wgc_ns_own(), .inside = -1 };
	struct wgc_ns_id id = { 0 };
	size_t n = 0, kept = 0;
	int r = wgc_physical_open(&p, h ? wgc_physical_made(h) : NULL, NULL);

	*ret = NULL;
	r = r ?: wgc_ns_id(p.inside, &id);
	r = r ?: wgc_ns_users(&id, a, ret, &n);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (!wgc_physical_is_client(sys, (*ret)[i].pid) &&
		    !(h && wgc_physical_is_data_plane((*ret)[i].pid, wgc_history_str(h, "ifname"))))
			(*ret)[kept++] = (*ret)[i];
	*ret_n = kept;
	*ret_id = id;
	wgc_physical_close(&p);
	wgc_close(p.home);
	return r == -ENOENT ? 0 : r;
}

static void list_users(const struct wgc_ns_user *v, size_t n, struct wgc_str *out)
{
	for (size_t i = 0; i < n && i < 4; i++)
		wgc_str_addf(out, "%s%s (%d)", i ? ", " : "", v[i].comm, (int)v[i].pid);
	if (n > 4)
		wgc_str_addf(out, " and %zu more", n - 4);
}

/* They would lose their network, and keep the namespace alive with nothing in it. */
static int see_off(struct wgc_sys *sys, const struct wgc_history *h, const struct wgc_physical_ask *ask, struct wgc_run *run,
		   struct wgc_arena *a, struct wgc_err *err)
{
	static const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	WGC_AUTO_STR struct wgc_str who = { 0 };
	struct wgc_ns_user *v;
	struct wgc_ns_id id;
	size_t n = 0;
	int r = wgc_physical_guests(sys, h, a, &v, &n, &id);

	for (int i = 0; r == 0 && n && ask->end && !run->dry_run && i < 100; i++) {
		for (size_t k = 0; (i == 0 || i == 60) && k < n; k++)
			wgc_ns_signal(&id, v[k].pid, i ? SIGKILL : SIGTERM);
		nanosleep(&pause, NULL);
		r = wgc_physical_guests(sys, h, a, &v, &n, &id);
	}
	if (r < 0)
		return wgc_err_set(err, WGC_E_IO, -r, "cannot look who is in the namespace '" WGC_PHYSICAL "': %s", strerror(-r));
	if (!n)
		return 0;
	list_users(v, n, &who);
	if (ask->force) {
		wgc_physical_warn(run, "%s stay%s in a namespace without any network", wgc_str_get(&who), n == 1 ? "s" : "");
		return 0;
	}
	wgc_err_set(err, WGC_E_EXISTS, EBUSY, "somebody is still in the namespace '" WGC_PHYSICAL "': %s", wgc_str_get(&who));
	wgc_err_hint(err, "end them first; --kill does that, --force goes on without");
	return -EBUSY;
}

static void show_undo(const struct wgc_history *h, struct wgc_run *run)
{
	struct wgc_undo u = { .run = run, .history = h };

	for (int last = 0; last < 2; last++)
		for (size_t i = h->n; i--;) {
			const struct wgc_step_def *def = wgc_step_def_find(wgc_record_str(&h->steps[i], "kind"));

			if (def && def->undo && def->undo_last == last && !h->steps[i].undone && !h->steps[i].failed)
				wgc_undo_tell(&u, &h->steps[i], def);
		}
}

static int not_up(struct wgc_err *err)
{
	wgc_err_set(err, WGC_E_NOT_UP, ENOENT, "the devices are not in '" WGC_PHYSICAL "'");
	wgc_err_hint(err, "`wgctl physical recover` looks for what a crash has left");
	return -ENOENT;
}

/* A full /run is no reason to stay cut off. */
static void begin_down(struct wgc_run *run, struct wgc_journal *journal)
{
	struct wgc_err why = WGC_ERR_INIT;

	if (wgc_journal_append(journal, "{\"down\":true}", &why) < 0)
		wgc_physical_warn(run, "%s", why.msg);
}

static int down_locked(struct wgc_sys *sys, const struct wgc_physical_ask *ask, struct wgc_run *run, struct wgc_journal *journal,
		       struct wgc_arena *a, struct wgc_err *err)
{
	struct wgc_history h;
	json_t *records;
	char boot[64];
	int r = wgc_journal_read(journal, &records, err);

	if (r < 0)
		return r;
	if (!records)
		return not_up(err);
	wgc_boot_id(sys, boot);
	if (wgc_history_read(records, a, &h, NULL) < 0 || strcmp(wgc_history_str(&h, "boot"), boot)) {
		r = wgc_journal_remove(journal, err) ?: not_up(err);
	} else {
		r = see_off(sys, &h, ask, run, a, err);
		if (r == 0 && run->dry_run)
			show_undo(&h, run);
		else if (r == 0) {
			begin_down(run, journal);
			r = wgc_physical_undo(sys, run, journal, &h, err);
		}
	}
	json_decref(records);
	return r;
}

int wgc_physical_down(struct wgc_sys *sys, const struct wgc_physical_ask *ask, struct wgc_run *run, struct wgc_err *err)
{
	struct wgc_arena *a = wgc_arena_new();
	struct wgc_journal journal;
	int r;

	if (!a)
		return wgc_err_nomem(err);
	r = wgc_physical_lock(sys, &journal, err);
	if (r == 0) {
		r = down_locked(sys, ask, run, &journal, a, err);
		if (r == 0 && !run->dry_run)
			wgc_confirm_drop(&journal);
		wgc_physical_unlock(sys, &journal);
	}
	wgc_arena_free(a);
	return r;
}

int wgc_physical_confirm_arm(struct wgc_sys *sys, unsigned seconds, int (*fn)(void *arg), void *arg, int *ret_hold, struct wgc_err *err)
{
	WGC_AUTO_FREE char *dir = NULL;
	struct wgc_sys there = *sys;

	if (asprintf(&dir, "%s/." WGC_PHYSICAL, sys->run_dir) < 0) {
		dir = NULL;
		return wgc_err_nomem(err);
	}
	there.run_dir = dir;
	return wgc_confirm_arm(&there, "journal", seconds, fn, arg, ret_hold, err);
}

int wgc_physical_confirm_disarm(struct wgc_sys *sys, struct wgc_err *err)
{
	struct wgc_journal journal;
	int r = wgc_physical_lock(sys, &journal, err);

	if (r < 0)
		return r;
	r = wgc_confirm_drop(&journal);
	wgc_physical_unlock(sys, &journal);
	return r;
}
