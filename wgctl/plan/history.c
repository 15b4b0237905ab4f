// SPDX-License-Identifier: GPL-2.0
/*
 * What a journal says happened, put in order; and which machine, boot and
 * network namespace it speaks of. The records:
 *
 *   {"wgctl":1,"profile":...,"path":...,"ifname":...,"boot":...,"netns":...}
 *                       first; and again when an `up` begins where an earlier
 *                       run has left nothing but its kill switch
 *   {"step":N,"kind":"rule.add",...}       about to do; the rest is for undo
 *   {"step":N,...,"adopted":true}          there already, and not ours
 *   {"done":N,...}  {"failed":N}  {"undone":N}
 *   {"up":true}  {"down":true}  {"ran":"PreDown","n":1}
 *   {"reload":{...}}                       a reload begins, and has chosen these numbers
 *   {"amend":{...}}                        it has ended, or is taken back: so the first record reads now
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "plan/internal.h"

static struct wgc_past *find(struct wgc_history *h, size_t index)
{
	/* Records come in order, so the wanted one is nearly always the last. */
	for (size_t i = h->n; i--;)
		if (h->steps[i].index == index)
			return &h->steps[i];
	return NULL;
}

static const struct wgc_step_def *def_of(const struct wgc_past *p)
{
	return wgc_step_def_find(json_string_value(json_object_get(p->begun, "kind")) ?: "");
}

/* Is there anything of this step to be undone? */
static bool live(const struct wgc_past *p)
{
	const struct wgc_step_def *def = def_of(p);

	return !p->undone && !p->adopted && !p->failed && def && def->undo && !json_is_true(json_object_get(p->begun, "covered"));
}

/* The numbers of a further `up` begin at 1 again: those of what it inherits move
 * out of their way, the same way at each reading. */
#define GENERATION 1000000

static void inherit(struct wgc_history *h)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++)
		if (live(&h->steps[i])) {
			h->steps[kept] = h->steps[i];
			h->steps[kept++].index += GENERATION;
		}
	h->n = h->n_inherited = kept;
	h->up = h->down = h->reloading = false;
	h->pre_down_run = h->post_down_run = 0;
}

bool wgc_history_kill_switch(const struct wgc_history *h, size_t n, bool lockdown)
{
	for (size_t i = 0; i < h->n && i < n; i++)
		if (live(&h->steps[i]) && def_of(&h->steps[i]) == wgc_step_defs[WGC_STEP_KILL_SWITCH] &&
		    (!lockdown || json_is_true(json_object_get(h->steps[i].begun, "lockdown"))))
			return true;
	return false;
}

bool wgc_history_locked(const struct wgc_history *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (live(&h->steps[i]) && def_of(&h->steps[i]) != wgc_step_defs[WGC_STEP_KILL_SWITCH] &&
		    def_of(&h->steps[i]) != wgc_step_defs[WGC_STEP_NETNS_CREATE])
			return false;
	return h->n && (!h->up || h->down) && wgc_history_kill_switch(h, h->n, true);
}

int wgc_history_read(json_t *records, struct wgc_arena *a, struct wgc_history *ret, struct wgc_err *err)
{
	struct wgc_history h = { 0 };
	size_t cap = 0, i;
	bool reloaded = false;
	json_t *rec, *v;

	json_array_foreach(records, i, rec) {
		static const char *const marks[] = { "done", "failed", "undone" };

		if (!json_is_object(rec))
			continue;
		if (json_object_get(rec, "wgctl")) {
			/* A further `up`, which began with a kill switch in force. */
			if (h.head)
				inherit(&h);
			reloaded = false;
			h.head = rec;
		} else if ((v = json_object_get(rec, "step"))) {
			struct wgc_past *p = wgc_arena_push(a, &h.steps, &h.n, &cap, sizeof(*p));

			if (!p)
				return wgc_err_nomem(err);
			p->index = (size_t)json_integer_value(v);
			p->begun = rec;
			p->adopted = json_is_true(json_object_get(rec, "adopted"));
		} else if (json_object_get(rec, "up")) {
			h.up = true;
		} else if (json_object_get(rec, "down")) {
			h.down = true;
		} else if ((v = json_object_get(rec, "reload"))) {
			h.reloading = reloaded = true;
			if (h.head && json_object_update(h.head, v) < 0)
				return wgc_err_nomem(err);
		} else if ((v = json_object_get(rec, "amend"))) {
			h.reloading = false;
			if (h.head && json_object_update(h.head, v) < 0)
				return wgc_err_nomem(err);
		} else if ((v = json_object_get(rec, "ran"))) {
			size_t n = (size_t)json_integer_value(json_object_get(rec, "n"));

			if (!strcmp(json_string_value(v) ?: "", "PreDown"))
				h.pre_down_run = n;
			else
				h.post_down_run = n;
		}
		for (size_t m = 0; m < WGC_ARRAY_SIZE(marks); m++) {
			struct wgc_past *p;

			v = json_object_get(rec, marks[m]);
			p = v ? find(&h, (size_t)json_integer_value(v)) : NULL;
			if (!p)
				continue;
			if (m == 0)
				p->done = rec;
			else if (m == 1)
				p->failed = true;
			else {
				p->undone = true;
				/* Neither by `down` nor by a reload, nor what stood there before:
				 * `up` got to its end, and could not write that down for good. */
				h.up &= h.down || reloaded || p < h.steps + h.n_inherited;
			}
		}
	}
	if (!h.head)
		return wgc_err_set(err, WGC_E_IO, EBADMSG, "the journal has no first record");
	*ret = h;
	return 0;
}

uint32_t wgc_history_ifindex(const struct wgc_history *h)
{
	uint32_t made = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->steps[i].done && json_object_get(h->steps[i].done, "ifindex"))
			made = (uint32_t)json_integer_value(json_object_get(h->steps[i].done, "ifindex"));
	return made;
}

bool wgc_history_link(const struct wgc_history *h, struct wgc_nl *nl)
{
	struct wgc_link link;

	return wgc_nl_link_get(nl, wgc_history_str(h, "ifname"), &link, NULL) == 0 && link.ifindex == wgc_history_ifindex(h);
}

const char *wgc_history_str(const struct wgc_history *h, const char *key)
{
	return json_string_value(json_object_get(h->head, key)) ?: "";
}

void wgc_netns_id(char out[static 48])
{
	struct stat st;

	out[0] = 0;
	if (stat("/proc/self/ns/net", &st) == 0)
		snprintf(out, 48, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
}

static bool same_netns(const char *path, const char *id)
{
	char got[48];
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	snprintf(got, sizeof(got), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return !strcmp(got, id);
}

bool wgc_netns_alive(const char *id)
{
	WGC_AUTO_FREE char *mounts = NULL;
	const char *inode = strchr(id, ':');
	struct dirent *e;
	char needle[64];
	size_t len;
	bool alive = false;
	DIR *proc;

	if (!inode)
		return true;
	/* Pinned by a bind mount, as `ip netns add` does: "net:[INODE]" is the mount's root. */
	snprintf(needle, sizeof(needle), " net:[%s] ", inode + 1);
	if (wgc_read_file("/proc/self/mountinfo", 64u << 20, &mounts, &len) < 0 || strstr(mounts, needle))
		return true;
	proc = opendir("/proc");
	if (!proc)
		return true;
	while (!alive && (e = readdir(proc))) {
		char path[300];

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", e->d_name);
		alive = same_netns(path, id);
	}
	closedir(proc);
	return alive;
}

void wgc_boot_id(const struct wgc_sys *sys, char out[static 64])
{
	WGC_AUTO_FREE char *text = NULL;
	size_t len;

	out[0] = 0;
	if (wgc_read_file(sys->boot_id, 4096, &text, &len) < 0)
		return;
	text[strcspn(text, "\n")] = 0;
	snprintf(out, 64, "%s", text);
}
